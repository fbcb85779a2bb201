"""
The log that speed is measured on: CloudFront as a crate registry writes it. At 1,000,000 lines it has 373 MB, 911,000 downloads
of 141,000 (name, version) pairs of 51,000 names, the first of them 11 %, by 262,000 clients; all of that scales with the lines.
"""

import base64
import collections
import itertools
import zlib

from .cloudfront import COLUMNS, EDGES

COUNTED, PAIRS, NAMES, TOP, CLIENTS = 0.911, 0.141, 0.051, 0.11, 0.262
MEGABYTES, STORED = 373e-6, 70e-6  # for each line; stored with gzip -6
# A request id is 56 letters, as CloudFront's are; how many of them are random sets how well the log packs.
ID_RANDOM_BYTES, ID_REST = 24, "Zm9yIHRoZSBsb2cgaWRzIQ=="
RESULTS = ["Hit"] * 6 + ["Miss", "RefreshHit"]
AGENTS = ["cargo/1.%d.0%%20(%s)" % (minor, build) for minor in range(60, 77) for build in
          ("Linux%20x86_64", "1d8b05cdd%202023-11-20", "ecb9851af%202023-10-18",
           "7046d992f%202023-08-24")]


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


def downloads(rng, n):
    """n names with versions, in random order: every pair comes once, the rest follows Zipf."""
    n_names, n_pairs = max(1, int(n * NAMES / COUNTED)), max(1, int(n * PAIRS / COUNTED))
    versions = pairs_of_names(n_names, n_pairs)
    names = list(dict.fromkeys(syllables(i) for i in range(n_names * 2)))[:n_names]
    weights = [0.0] + [1 / (rank + 20) ** 1.02 for rank in range(1, n_names)]
    spare = n - n_pairs
    top = max(0, min(spare, int(n * TOP) - versions[0]))
    often = list(itertools.accumulate(weights))
    picked = [0] * top
    if n_names > 1:
        picked += rng.choices(range(n_names), cum_weights=often, k=spare - top)

    out = []
    for i, name in enumerate(names):
        out += [(i, name, version) for version in range(versions[i])]
    for i in picked:
        # The newest versions are asked for most.
        out.append((i, names[i], int(versions[i] * rng.random() ** 3)))
    rng.shuffle(out)
    return out


def clients(rng, n, n_distinct):
    """n addresses, n_distinct of them different: each once, the rest mostly of the first few."""
    seen = set()
    while len(seen) < n_distinct:
        seen.add(rng.getrandbits(24))
    known = sorted(seen)
    rng.shuffle(known)
    known = [("10.%d.%d.%d" % (a >> 16, a >> 8 & 255, a & 255) if i % 12 else "2001:db8:%x:%x::%x"
              % (a >> 12, a & 4095, a % 9 + 1))
             for i, a in enumerate(known)]
    out = known + [known[int(n_distinct * rng.random() ** 6)] for _ in range(n - n_distinct)]
    rng.shuffle(out)
    return out


def uncounted(rng, request):
    """(method, path, status, agent) of a request that no pack counts."""
    i, name, version = request
    path = "/crates/%s/%s-%s.crate" % (name, name, "1.%d.0" % version)
    kind = rng.random()
    if kind < 0.35:
        return "HEAD", path, "200", None
    if kind < 0.6:
        return "GET", path, "304", None
    if kind < 0.75:
        return "GET", path, "404", None
    if kind < 0.8:
        return "GET", path, "403", None
    if kind < 0.97:
        return "GET", "/index/%s/%s/%s" % (name[:2], name[2:4], name), "200", None
    return "GET", "/", "302", "Mozilla/5.0%20(X11;%20Linux%20x86_64)"


def plan(rng, n):
    """The downloads that count, and their clients."""
    n_counted = int(n * COUNTED)
    return downloads(rng, n_counted), clients(rng, n_counted, int(n * CLIENTS))


def lines(rng, n, requests, peers):
    """The lines, with LF; the two headers are among the n."""
    yield "#Version: 1.0\n"
    yield "#Fields: %s\n" % " ".join(COLUMNS)
    n_counted = len(requests)
    order = [True] * n_counted + [False] * (n - 2 - n_counted)
    rng.shuffle(order)
    at = 0
    for number, counts in enumerate(order):
        i, name, version = request = requests[at if counts else rng.randrange(n_counted)]
        peer = peers[at if counts else rng.randrange(n_counted)]
        size = 4000 + (i * 7919 + version * 104729) % 400000
        bits = rng.getrandbits(40)
        agent = AGENTS[(bits & 63) * (bits >> 6 & 63) >> 6]
        if counts:
            at += 1
            text = "1.%d.0" % version if version % 11 else "0.%d.3-rc.1" % version
            if bits & 4096:
                path = "/crates/%s/%s-%s.crate" % (name, name, text)
            else:
                path = "/crates/%s/%s/download" % (name, text)
            method, status = "GET", "200"
        else:
            method, path, status, other = uncounted(rng, request)
            agent = other or agent
        second = number * 86400 // n
        unique = base64.urlsafe_b64encode(rng.randbytes(ID_RANDOM_BYTES)).decode() + ID_REST
        yield (
            "2024-01-16\t%02d:%02d:%02d\t%s\t%d\t%s\t%s\td3k8xjq0v7mwb2.cloudfront.net\t%s\t%s\t-\t%s\t-\t-\t%s\t%s\tstatic.registry.example.org\thttps\t"
            "%d\t0.%03d\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\t%s\tHTTP/2.0\t-\t-\t%d\t0.%03d\t%s\tapplication/gzip\t%d\t-\t-\n"
            % (second // 3600, second // 60 % 60, second % 60, EDGES[bits % 7], size + 317, peer,
               method, path, status, agent, RESULTS[bits >> 13 & 7],
               unique, 120 + (bits >> 16 & 31), bits >> 21 & 7, RESULTS[bits >> 13 & 7],
               1024 + (bits >> 24 & 0x7FFF), bits >> 21 & 7,
               RESULTS[bits >> 13 & 7], size))


def check(requests, peers, n, decoded, stored):
    """Prints what the log has and what it should have; complains where they are over 5 % apart."""
    of_name = collections.Counter(name for _, name, _ in requests)
    figures = [("counted", len(requests), n * COUNTED), ("pairs", len(set(requests)), n * PAIRS),
               ("names", len(of_name), n * NAMES),
               ("the top name", max(of_name.values()), n * COUNTED * TOP),
               ("clients", len(set(peers)), n * CLIENTS),
               ("MB", decoded / 1e6, n * MEGABYTES)]
    if stored is not None:
        figures.append(("MB stored", stored / 1e6, n * STORED))
    for what, has, wanted in figures:
        off = (has / wanted - 1) * 100
        print("%-14s %12.1f  wanted %12.1f  %+5.1f %%%s"
              % (what, has, wanted, off, "  <-- off" if abs(off) > 5 else ""))


def write(path, rng, n, plain):
    requests, peers = plan(rng, n)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    decoded = stored = 0
    every = lines(rng, n, requests, peers)
    with open(path, "wb") as out:
        while chunk := "".join(itertools.islice(every, 4096)).encode():
            packed = chunk if plain else packer.compress(chunk)
            decoded += len(chunk)
            stored += len(packed)
            out.write(packed)
        rest = b"" if plain else packer.flush()
        stored += len(rest)
        out.write(rest)
    check(requests, peers, n, decoded, None if plain else stored)
