"""Logs for shadow.bats, and whether what --shadow said is what two runs have counted.

shadow.py log SEED N [all]    a combined log of N lines, in the order of their times; of crates, or of all ecosystems
shadow.py compare SAID COUNTED WOULD RECORDS
                              the lines of --json, rows of -o under either pack, and how many records there were
"""
import collections
import json
import random
import sys

AGENTS = ["cargo/1.70.0", "Mozilla/5.0 (X11; Linux x86_64)", "Googlebot/2.1", "curl/8.0", "bundler/2.5", "-"]
PATHS = ["/crates/{n}/{n}-1.0.{v}.crate", "/crates/{n}/1.0.{v}/download", "/gems/{n}-2.{v}.gem", "/tarballs/{n}-3.{v}.0.tar",
         "/index/{n}"]


def log(seed, n, paths):
    rng = random.Random(seed)
    names = ["n%d" % i for i in range(rng.choice([1, 5, 60]))] + ["%s-%d" % ("long" * 20, seed)]
    second = 0
    for _ in range(n):
        second = min(second + rng.choice([0, 0, 1, 20, 40, 3000]), 27 * 86400)
        day, left = divmod(second, 86400)
        status = rng.choice([200, 200, 200, 206, 304, 404])
        path = rng.choice(paths).format(n=rng.choice(names), v=rng.randrange(3))
        print('192.0.2.%d - - [%02d/Jan/2024:%02d:%02d:%02d +0000] "%s %s HTTP/1.1" %d %d "-" "%s"' % (
            rng.randrange(6), day + 1, left // 3600, left // 60 % 60, left % 60, rng.choice(["GET", "GET", "GET", "HEAD"]), path,
            status, rng.choice([100, 900]), rng.choice(AGENTS)))


def rows(path):
    counts = collections.Counter()
    for line in open(path):
        row = json.loads(line)
        if row["version"] is None:
            counts[row["name"], row["dldate"]] += row["count"]
    return counts


def compare(said, counted, would, records):
    counted, would = rows(counted), rows(would)
    lines = [json.loads(line) for line in open(said)]
    summary, total, differ = lines[-1], lines[-2], lines[:-2]
    assert "files" in summary and "shadow" in total, lines[-2:]
    expected = [{"name": name, "day": day, "counted": counted[name, day], "shadow": would[name, day],
                 "difference": would[name, day] - counted[name, day]}
                for name, day in sorted(counted.keys() | would.keys()) if counted[name, day] != would[name, day]]
    assert differ == expected, (len(differ), len(expected), [x for x in differ if x not in expected][:3], [x for x in expected if x not in differ][:3])
    figures = (total["records"], total["counted"], total["would_count"], total["names"], total["rows"])
    assert figures == (int(records), sum(counted.values()), sum(would.values()), len({x["name"] for x in expected}), len(expected)), figures
    print(len(expected))


if sys.argv[1] == "log":
    log(int(sys.argv[2]), int(sys.argv[3]), PATHS if "all" in sys.argv else PATHS[:2] + PATHS[4:])
else:
    compare(*sys.argv[2:])
