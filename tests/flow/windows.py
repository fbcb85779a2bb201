#!/usr/bin/env python3
"""
Rules that look at more than one line, on random logs of few clients and few files, so that nearly everything repeats.

  windows.py --ingest build/ingest --seeds 1..20

Each seed makes lines in the order of their times. They are cut into files in several ways, the files named at random, some of
them compressed, and given in any order: the rows and the tallies are those of the oracle, each time.
"""

import argparse
import datetime
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = [sys.executable, os.path.join(HERE, "..", "oracle", "oracle.py")]
AGENTS = ["curl/7.88.1", "cargo 1.75.0", "-", "Mozilla/5.0 (X11)", "Mozilla/5.0 (compatible; Xbot/2.1)",
          "bandersnatch/6.1", "zap", "Zap/9", "pip/23.0 zap"]
LIST = "# robots\n^zap\n\ncurl/[67]\\.\n"
SIZES = [1000, 2000, 3000]
FIELDS = ("date time c-ip cs-method cs-uri-stem sc-status sc-bytes cs(User-Agent) sc-range-start "
          "sc-range-end")


def requests(rng, n):
    """(time, client, path, status, bytes, agent, range start, range end)"""
    at = datetime.datetime(2024, 2, 28, 23, rng.randrange(60), 0)
    pause = rng.choice([2, 20, 60, 3000])
    for _ in range(n):
        at += datetime.timedelta(seconds=rng.choice([0, 1, rng.randrange(2 * pause), pause]))
        which = rng.randrange(3)
        path = "/gems/%s-1.%d.gem" % ("abc"[which], rng.randrange(2))
        client = rng.choice(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "-"])
        status = rng.choice([200, 200, 206, 206, 404, 304])
        size, first, last = SIZES[which], "-", "-"
        if status == 206:
            first = rng.choice([0, rng.randrange(size)])
            last = rng.choice([size - 1, min(size - 1, first + rng.randrange(size))])
            size = last - first + 1
        if status == 206 and rng.random() < 0.1:
            first = last = "-"
        if status == 200 and which == 2:
            status = 404  # nobody ever gets this one as a whole
        yield at, client, path, status, size, rng.choice(AGENTS), first, last


def w3c(request):
    at, client, path, status, size, agent, first, last = request
    return "\t".join([at.strftime("%Y-%m-%d\t%H:%M:%S"), client, "GET", path, str(status), str(size),
                      agent.replace(" ", "%20"), str(first), str(last)])


def combined(request):
    at, client, path, status, size, agent, _, _ = request
    return '%s - - [%s +0000] "GET %s HTTP/1.1" %d %d "-" "%s"' % (
        client, at.strftime("%d/%b/%Y:%H:%M:%S"), path, status, size, agent)


def cut(rng, lines, header, where):
    """Files that hold the lines, one after another. Their names say nothing of the order."""
    n = rng.choice([1, 2, 5, min(30, len(lines))])
    cuts = sorted(rng.sample(range(1, len(lines)), n - 1)) if n > 1 else []
    names = rng.sample(range(100, 999), n)
    for name, start, end in zip(names, [0, *cuts], [*cuts, len(lines)]):
        text = "".join(line + "\n" for line in header + lines[start:end]).encode()
        path = os.path.join(where, "%d.log" % name)
        if rng.random() < 0.3:
            path, text = path + ".gz", gzip.compress(text, mtime=0)
        with open(path, "wb") as f:
            f.write(text)
        yield path


def run(command):
    done = subprocess.run(command, capture_output=True, timeout=120)
    if done.returncode != 0:
        sys.exit("%s\nstatus %d\n%s" % (" ".join(command), done.returncode, done.stderr.decode()))
    return done.stdout


def options(rng, where):
    chosen = []
    if rng.random() < 0.7:
        chosen += ["--window", rng.choice(["1s", "20s", "30s", "3600s", "day"])]
    if rng.random() < 0.5 or not chosen:
        chosen += ["--range", "union " + rng.choice(["0.1", "0.5", "0.9", "1"])]
    if rng.random() < 0.4:
        chosen += ["--agents", rng.choice(["client", "client,browser", "unknown,robot", "mirror"])]
        if rng.random() < 0.5:
            chosen += ["--robots-file", os.path.join(where, "robots")]
    return chosen


def tallies(text):
    summary = json.loads(text)
    return {k: {"filtered": {r: n for r, n in summary[k]["filtered"].items() if n > 0},
                "read": summary[k]["read"], "counted": summary[k]["counted"]}
            for k in ("lines", "records")}


def one_seed(ingest, seed, where):
    rng = random.Random(seed)
    with open(os.path.join(where, "robots"), "w") as f:
        f.write(LIST)
    plain = rng.random() < 0.4
    lines = [(combined if plain else w3c)(r) for r in requests(rng, rng.choice([5, 60, 400]))]
    header = [] if plain else ["#Version: 1.0", "#Fields: " + FIELDS]
    chosen = options(rng, where)
    want = None
    for cutting in range(3):
        there = os.path.join(where, "%d-%d" % (seed, cutting))
        os.mkdir(there)
        names = list(cut(rng, lines, header, there))
        common = [*chosen, "--client-key", "none"]
        if want is None:  # the oracle reads the first cutting; the rows are those of all
            tally = os.path.join(where, "tallies")
            want = run([*ORACLE, *common, "--tallies", tally, *names])
        rng.shuffle(names)
        got = run([ingest, "-q", "-o", "-", *common, *rng.choice([[], ["-j", "4"]]), *names])
        if got != want:
            sys.exit("seed %d, cutting %d, %s: other rows\n%s\n%s\n%s" % (
                seed, cutting, chosen, " ".join(names), want.decode(), got.decode()))
        if cutting == 0:
            with open(tally) as f:
                counts = tallies(f.read())
            mine = tallies(run([ingest, "-q", "-n", "--json", *common, *names]))
            if mine != counts:
                sys.exit("seed %d, %s: other tallies\n%s\n%s" % (seed, chosen, counts, mine))


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ingest", required=True)
    p.add_argument("--seeds", default="1..20")
    o = p.parse_args()
    first, _, last = o.seeds.partition("..")
    for seed in range(int(first), int(last or first) + 1):
        with tempfile.TemporaryDirectory() as where:
            one_seed(o.ingest, seed, where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
