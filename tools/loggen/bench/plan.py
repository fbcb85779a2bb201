"""
Who asks for what in the logs that speed is measured on: downloads of packages by clients, counted before any line is
written. Everything is drawn here, at once, into arrays; the processes that write the lines only read them.
"""

import array
import base64
import itertools


def syllables(i):
    """A name for a number: no two are equal, common ones are short."""
    parts = ["ser", "tok", "ran", "lib", "qu", "syn", "clap", "log", "re", "ma", "bit", "hy", "to",
             "an", "fut", "pin"]
    out = ""
    while True:
        out += parts[i % 16]
        i = i // 16 - 1
        if i < 0:
            return out
        out += "-" if i % 5 == 0 else ""


def pairs_of_names(n_names, n_pairs):
    """How many versions each name has: one at least, more the more it is used."""
    weights = [1 / (rank + 3) ** 0.55 for rank in range(n_names)]
    scale = (n_pairs - n_names) / sum(weights)
    counts, owed = [], 0.0
    for w in weights:
        owed += w * scale
        extra = int(owed)
        owed -= extra
        counts.append(1 + extra)
    counts[0] += n_pairs - sum(counts)
    return counts


class Plan:
    """
    n_counted downloads in random order. pairs[i] is (number of the name, name, version); requests and peers hold, for
    each download, its pair and its client; counts[line] is 1 where a line holds the next download.

    burst is the chance that a client comes again at once, as it does who builds a program; the greater skew is, the more
    of the requests come from a few clients.
    """

    def __init__(self, rng, n_lines, n_counted, n_pairs, n_names, n_clients, top, burst=0.0,
                 skew=6):
        self.n_lines = n_lines
        self.versions = pairs_of_names(n_names, n_pairs)
        self.names = list(dict.fromkeys(syllables(i) for i in range(n_names * 2)))[:n_names]
        self.pairs = [(i, name, version) for i, name in enumerate(self.names)
                      for version in range(self.versions[i])]
        self.requests = self.draw_requests(rng, n_counted, top)
        self.clients = addresses(rng, n_clients)
        self.peers = draw_peers(rng, n_counted, n_clients, burst, skew)
        order = [1] * n_counted + [0] * (n_lines - n_counted)
        rng.shuffle(order)
        self.counts = bytes(order)

    def draw_requests(self, rng, n, top):
        """Every pair comes once, the rest follows Zipf but for the first name, which gets its share."""
        first = [0, *itertools.accumulate(self.versions)]
        spare = n - len(self.pairs)
        n_top = max(0, min(spare, int(n * top) - self.versions[0]))
        picked = [0] * n_top
        if len(self.names) > 1:
            weights = [0.0] + [1 / (rank + 20) ** 1.02 for rank in range(1, len(self.names))]
            picked += rng.choices(range(len(self.names)), k=spare - n_top,
                                  cum_weights=list(itertools.accumulate(weights)))
        # The newest versions are asked for most.
        out = list(range(len(self.pairs)))
        out += [first[i] + int(self.versions[i] * rng.random() ** 3) for i in picked]
        rng.shuffle(out)
        return array.array("I", out)

    def truth(self, size):
        """(name, version or None) to (count, bytes, distinct clients); size(i, version) is what one download sends."""
        many = len(self.clients)
        counts = array.array("Q", bytes(8 * len(self.pairs)))
        for pair in self.requests:
            counts[pair] += 1
        of_pair = array.array("I", bytes(4 * len(self.pairs)))
        of_name = array.array("I", bytes(4 * len(self.names)))
        met = {pair * many + peer for pair, peer in zip(self.requests, self.peers)}
        for both in met:
            of_pair[both // many] += 1
        for both in {self.pairs[both // many][0] * many + both % many for both in met}:
            of_name[both // many] += 1
        rows, total = {}, {}
        for at, (i, name, version) in enumerate(self.pairs):
            n, sent = counts[at], counts[at] * size(i, version)
            rows[name, version_text(version)] = (n, sent, of_pair[at])
            before = total.get(name, (0, 0))
            total[name] = (before[0] + n, before[1] + sent, of_name[i])
        rows.update({(name, None): row for name, row in total.items()})
        return rows

    def figures(self):
        at = list(itertools.accumulate(self.versions))[0]
        return {"counted": len(self.requests), "keys": len(set(self.requests)),
                "names": len({self.pairs[pair][0] for pair in set(self.requests)}),
                "top": sum(pair < at for pair in self.requests), "clients": len(set(self.peers))}


def addresses(rng, n):
    """n different ones, one of twelve IPv6."""
    seen = set()
    while len(seen) < n:
        seen.add(rng.getrandbits(24))
    known = sorted(seen)
    rng.shuffle(known)
    return ["10.%d.%d.%d" % (a >> 16, a >> 8 & 255, a & 255) if i % 12 else "2001:db8:%x:%x::%x"
            % (a >> 12, a & 4095, a % 9 + 1)
            for i, a in enumerate(known)]


def draw_peers(rng, n, n_clients, burst, skew):
    """Each client comes once; else the one before comes again, or one of the first few."""
    out = list(range(n_clients)) + [-1] * (n - n_clients)
    rng.shuffle(out)
    before = 0
    for at, client in enumerate(out):
        if client < 0:
            client = before if rng.random() < burst else int(n_clients * rng.random() ** skew)
        out[at] = before = client
    return array.array("I", out)


def version_text(version):
    return "1.%d.0" % version if version % 11 else "0.%d.3-rc.1" % version


def body_size(i, version):
    return 4000 + (i * 7919 + version * 104729) % 400000


def uncounted(rng, name, version):
    """(method, path, status, is it cargo?) of a request that no pack counts."""
    path = "/crates/%s/%s-%s.crate" % (name, name, "1.%d.0" % version)
    kind = rng.random()
    if kind < 0.35:
        return "HEAD", path, "200", True
    if kind < 0.6:
        return "GET", path, "304", True
    if kind < 0.75:
        return "GET", path, "404", True
    if kind < 0.8:
        return "GET", path, "403", True
    if kind < 0.97:
        return "GET", "/index/%s/%s/%s" % (name[:2], name[2:4], name), "200", True
    return "GET", "/", "302", False


def requests(plan, rng, begin, end):
    """For each line from begin to end: its second of the day, 40 random bits, the client's number, size, method, path, status, is it cargo?"""
    at = plan.counts.count(1, 0, begin)
    n_counted = len(plan.requests)
    for line in range(begin, end):
        bits = rng.getrandbits(40)
        counts = plan.counts[line]
        index = at if counts else rng.randrange(n_counted)
        at += counts
        i, name, version = plan.pairs[plan.requests[index]]
        if not counts:
            method, path, status, cargo = uncounted(rng, name, version)
        else:
            form = "/crates/%s/%s-%s.crate" if bits & 4096 else "/crates/%s/%.0s%s/download"
            method, path, status, cargo = "GET", form % (name, name, version_text(version)), "200", True
        yield (line * 86400 // plan.n_lines, bits, plan.peers[index], body_size(i, version), method,
               path, status, cargo)


def random_id(rng, n_random, rest):
    return base64.urlsafe_b64encode(rng.randbytes(n_random)).decode() + rest
