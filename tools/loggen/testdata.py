"""
The logs of testdata/ and the rows they become. Nothing is written unless the oracle, which reads the logs, and the
truth, which was there before them, say the same under every rule pack.
"""

import datetime
import json
import os
import random
import subprocess
import sys
import tempfile

from . import clf, cloudfront, fastly, fdsnws, world
from .files import gzip_member, gzip_members, join
from .truth import Skip, Truth

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ORACLE = os.path.join(ROOT, "tests", "oracle", "oracle.py")
PACKS = ["default", "crates", "hex", "rubygems"]


def cloudfront_crates(rng):
    pairs = list(cloudfront.generate(rng, 3200, 0.08))
    # The longest line that counts, and one byte more: the last column but its end is padding.
    writer = cloudfront.CloudFront(rng, world.World(rng, "crates"))
    for size, event in ((1 << 20, None), ((1 << 20) + 1, Skip("line_too_long"))):
        request, row = writer.values(datetime.datetime(2024, 2, 1, 12))
        row["cs-uri-query"] = b"x" * (size - len(writer.render(row)) + len(row["cs-uri-query"]))
        pairs.append((writer.render(row), event or request))
    data, events = join(pairs)
    return gzip_member(data), events


def combined_crates(rng):
    data, events = join(clf.generate(rng, 3600, 0.08))
    return gzip_members(rng, data, 4), events


def fastly_crates(rng):
    data, events = join(fastly.generate(rng, 900, 0.08, n_names=60, n_clients=200))
    return gzip_member(data), events


def fdsnws_year(rng):
    data, events = join(fdsnws.generate(rng, 3000, 0.08))
    return gzip_member(data), events


def rubygems_common(rng):
    data, events = join(clf.generate(rng, 900, 0.05, "rubygems", agents=False,
                                     start=datetime.datetime(2023, 12, 30), n_names=60,
                                     n_clients=200))
    return gzip_member(data), events


def hex_combined(rng):
    data, events = join(clf.generate(rng, 700, 0.05, "hex", start=datetime.datetime(2024, 6, 29),
                                     n_names=50, n_clients=200))
    # The last line has no LF and counts all the same.
    return gzip_member(data.rstrip(b"\r\n")), trim(data, events)


def trim(data, events):
    """What is left of the events when the blank lines at the end are cut off with the last LF."""
    kept = data.rstrip(b"\r\n").count(b"\n") + 1
    return events[:kept]


LOGS = [("logs", "cloudfront-crates-2024-01", cloudfront_crates),
        ("logs", "combined-crates-mirror", combined_crates),
        ("logs", "fdsnws-2024", fdsnws_year),
        ("other", "fastly-crates", fastly_crates),
        ("other", "rubygems-common", rubygems_common),
        ("other", "hex-combined", hex_combined)]


def ask_oracle(path, pack):
    """(rows as text, tallies)."""
    with tempfile.TemporaryDirectory() as d:
        tallies = os.path.join(d, "tallies")
        rows = subprocess.run([sys.executable, ORACLE, "--rules", pack, "--client-key", "none",
                               "--tallies", tallies, path],
                              stdout=subprocess.PIPE, check=True).stdout
        with open(tallies, encoding="utf-8") as f:
            return rows, json.load(f)


def check(name, path, events):
    """The oracle's rows and tallies under the default pack, after truth and oracle agreed under each."""
    answers = {}
    for pack in PACKS:
        rows, tallies = ask_oracle(path, pack)
        truth = Truth(events, pack)
        if truth.tallies() != tallies:
            raise SystemExit("genlogs: %s, %s: the tallies differ\n  truth:  %s\n  oracle: %s"
                             % (name, pack, truth.tallies(), tallies))
        theirs = [json.loads(line) for line in rows.splitlines()]
        for mine, other in zip(truth.rows(), theirs):
            if list(mine.items()) != list(other.items()):
                raise SystemExit("genlogs: %s, %s: a row differs\n  truth:  %s\n  oracle: %s"
                                 % (name, pack, mine, other))
        if len(theirs) != len(truth.downloads) + len(truth.traces):
            raise SystemExit("genlogs: %s, %s: one has more rows" % (name, pack))
        answers[pack] = rows, tallies
    return answers["default"]




def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def rewrite(seed, out):
    done = []
    with tempfile.TemporaryDirectory() as d:
        for folder, name, make in LOGS:
            log, events = make(random.Random("%s %d" % (name, seed)))
            path = os.path.join(d, name + ".log.gz")
            write(path, log)
            rows, tallies = check(name, path, events)
            done.append((folder, name, log, rows, tallies))
    for folder, name, log, rows, tallies in done:
        write(os.path.join(out, folder, name + ".log.gz"), log)
        write(os.path.join(out, "expected", name + ".jsonl"), rows)
        write(os.path.join(out, "expected", name + ".tallies.json"),
              (json.dumps(tallies, indent=2) + "\n").encode())
        print("%-28s %7d bytes, %5d lines, %5d counted, %5d rows"
              % (name, len(log), tallies["lines"]["read"], tallies["lines"]["counted"],
                 rows.count(b"\n")))
