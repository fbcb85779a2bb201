"""SeisComP's request log of a data centre's month: most requests get a few channels of one station."""

import array
import itertools

LINES = 300_000
FIGURES = {"traces": 674 / 300, "clients": 131 / 300, "bytes": 217e3 / 300, "stored_bytes": 12e3 / 300}
HEAD = ""
NETWORKS = ["GE", "CZ", "FR", "IV", "NL", "CH", "HL", "KO", "RO", "SX", "TH", "UP", "Z3", "YP"]
BANDS = ["HH", "BH", "EH", "LH"]
COUNTRIES = ["DE", "FR", "IT", "US", "JP", "BR", "CL", "ID", "GR", "TR", "CN", "CH"]
AGENTS = ["ObsPy/1.4.0 (Linux-5.15.0-91-generic-x86_64-with-glibc2.35, Python 3.10.12)", "fdsnws_fetch/2023.108 (libgeofon)", "curl/8.5.0",
          "Python-urllib/3.9", "ObsPy/1.3.1 (Windows-10, Python 3.9.7)", "fdsnws"]
# status of the request and of its traces; the third kind is an OK without data
STATUSES = ["OK"] * 17 + ["NODATA", "DENIED", "ERROR"]
EMPTY = 0.02
BURST = 0.55
SAME = 0.86  # who asks again asks for the same; this sets how well the log packs


class Plan:
    def __init__(self, rng, n):
        n_users = int(n * FIGURES["clients"])
        seen = set()
        while len(seen) < n_users:
            seen.add(rng.getrandbits(32))
        self.users = sorted(seen)
        rng.shuffle(self.users)
        self.n_lines = n
        self.empty = bytes(rng.random() < EMPTY for _ in range(n))
        self.streams = [(net, "%s%02d" % (net, i) if i % 3 else "%c%cA%d" % (65 + i % 26, 75 + i % 11, i), loc, band)
                        for i in range(80) for net in NETWORKS for loc in ("", "00")[:1 + i % 2]
                        for band in BANDS[:1 + i % 4]]
        rng.shuffle(self.streams)
        self.of_line = self.draw_users(rng)

    def draw_users(self, rng):
        """Each user once on a line that counts; else the one before again, or one of the first few."""
        lines = [line for line in range(self.n_lines) if not self.empty[line]]
        first = set(rng.sample(lines, len(self.users)))
        fresh, before, out = itertools.count(), 0, array.array("I")
        for line in range(self.n_lines):
            if line in first:
                before = next(fresh)
            elif rng.random() >= BURST:
                before = int(len(self.users) * rng.random() ** 6)
            out.append(before % len(self.users))
        return out

    def figures(self):
        return {"clients": len({user for user, empty in zip(self.of_line, self.empty) if not empty})}


def plan(rng, n):
    return Plan(rng, n)


class Tally:
    """What the lines of a piece mean: key to [bytes, requests, good, failed, users]."""

    def __init__(self):
        self.rows, self.traces, self.records, self.lines = {}, 0, 0, 0

    def add(self, key, size, good, user):
        row = self.rows.setdefault(key, [0, 0, 0, 0, set()])
        row[0] += size
        row[1] += 1
        row[2] += good
        row[3] += not good
        row[4].add(user)

    def join(self, other):
        self.traces += other.traces
        self.records += other.records
        self.lines += other.lines
        for key, row in other.rows.items():
            mine = self.rows.setdefault(key, [0, 0, 0, 0, set()])
            mine[:4] = [a + b for a, b in zip(mine, row[:4])]
            mine[4] |= row[4]


def one_trace(rng, stream, letter, window, status):
    net, sta, loc, band = stream
    size = 512 * (8 + rng.getrandbits(4)) if status == "OK" else 0
    return size, ('{"net": "%s", "sta": "%s", "loc": "%s", "cha": "%s%s", "start": "%s", "end": "%s", "restricted": %s, "status": "%s", "bytes": %d}'
                  % (net, sta, loc, band, letter, window[0], window[1],
                     "true" if status == "DENIED" else "false", status, size))


def render(the_plan, rng, begin, end):
    """The text and its Tally."""
    tally, out = Tally(), []
    window = ("", "")
    for line in range(begin, end):
        user = the_plan.users[the_plan.of_line[line]]
        country = COUNTRIES[user % 12 * (user // 12 % 12) // 12]
        second = line * 28 * 86400 // the_plan.n_lines
        day, clock = second // 86400, "%02d:%02d:%02d" % (second // 3600 % 24, second // 60 % 60, second % 60)
        micro = rng.getrandbits(19)
        status = "OK" if the_plan.empty[line] else STATUSES[rng.randrange(20)]
        if rng.random() >= SAME or line == begin:
            start = "2023-%02d-%02dT%02d" % (rng.randrange(12) + 1, rng.randrange(28) + 1, rng.randrange(24))
            window = (start + ":00:00.0000Z", start + ":59:59.%06dZ" % rng.randrange(0, 10 ** 6, 10 ** 4))
            stream = the_plan.streams[int(len(the_plan.streams) * rng.random() ** 2.5)]
        traces, total = [], 0
        for at in range((1, 1, 3, 3, 3, 3, 3, 1)[rng.randrange(8)]):
            one = status if status != "ERROR" else "OK"
            if one == "OK" and (the_plan.empty[line] or (at > 0 and rng.random() < 0.03)):
                one = "NODATA"
            size, text = one_trace(rng, stream, "ZNE"[at], window, one)
            traces.append(text)
            total += size
            tally.records += status == "OK"
            if status == "OK" and one == "OK":
                tally.add(("2024-02-01", *stream[:3], stream[3] + "ZNE"[at], country), size, True, user)
        tally.traces += len(traces)
        if status != "OK":
            tally.records += 1
            tally.add(("2024-02-01", "", "", "--", "", country), 0, False, user)
        tally.lines += not the_plan.empty[line]
        out.append('{"service": "fdsnws-dataselect", "userID": %d, "clientID": "%s", "userEmail": null, "auth": %s, "userLocation": {"country": "%s"}, '
                   '"created": "2024-02-%02dT%s.%06dZ", "trace": [%s], "status": "%s", "bytes": %d, "finished": "2024-02-%02dT%s.%06dZ"}\n'
                   % (user, AGENTS[user % 6], "true" if user % 16 == 0 else "false", country, day + 1, clock, micro,
                      ", ".join(traces), status, total, day + 1, clock, micro + rng.getrandbits(3) * 1000))
    return "".join(out), tally
