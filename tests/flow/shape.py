#!/usr/bin/env python3
"""
The same log in other shapes: what must not change the rows.

  shape.py text FILE                  its decoded bytes, whatever members and padding it has
  shape.py gzip LEVEL [N] < TEXT      as N gzip members, cut anywhere, with padding
  shape.py pieces FILE N DIR          N gzip files by lines; CloudFront's header stands in each. Prints their names
  shape.py downloads N FILE CSV       a log of N downloads, and the (name, version, day, client) it was made of
  shape.py rows TABLE FILE.jsonl      rows of -o as PostgreSQL's COPY text, to be compared with the table
"""

import datetime
import gzip
import json
import os
import random
import sys

sys.dont_write_bytecode = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
from containers import unpack  # noqa: E402

COLUMNS = {
    "stats": ["name", "version", "dldate", "count", "bytes", "clients"],
    "dataselect_stats": ["date", "network", "station", "location", "channel", "country", "bytes",
                         "nb_reqs", "nb_successful_reqs", "nb_failed_reqs", "clients"],
}


def decoded(path):
    with open(path, "rb") as f:
        stored = f.read()
    payload = unpack(stored)
    return stored if payload is None else payload


def members(data, level, n):
    rng = random.Random(len(data))
    cuts = [0, *sorted(rng.randrange(len(data) + 1) for _ in range(n - 1)), len(data)]
    return b"".join(gzip.compress(data[a:b], level, mtime=0) + bytes(rng.choice([0, 1, 512]) if n > 1 else 0)
                    for a, b in zip(cuts, cuts[1:]))


def pieces(path, n, where):
    lines = decoded(path).split(b"\n")
    last = lines.pop()
    lines = [line + b"\n" for line in lines] + ([last] if last else [])
    header = {}
    for i in range(n):
        piece = lines[len(lines) * i // n:len(lines) * (i + 1) // n]
        name = os.path.join(where, "piece-%03d.log.gz" % i)
        with open(name, "wb") as f:
            f.write(gzip.compress(b"".join([*header.values(), *piece]), 6, mtime=0))
        print(name)
        for line in piece:
            for word in (b"#Version:", b"#Fields:"):
                if line.startswith(word):
                    header[word] = line


def downloads(n, log, csv):
    """Rows of all kinds of sketches: one client, some, many; and clients that are no addresses."""
    rng = random.Random(n)
    day = datetime.date(2024, 2, 27)
    with open(log, "w", encoding="ascii") as out, open(csv, "w", encoding="ascii") as rows:
        for i in range(n):
            name = rng.choice(["many", "many", "many", "some-crate", "c%d" % rng.randrange(200)])
            version = "1.%d.0" % rng.choice([0, 0, 0, 1, rng.randrange(30)])
            when = day + datetime.timedelta(days=rng.choice([0, 0, 0, 1, 2, 3]))
            client = rng.choice(["10.%d.%d.7" % (i // 250, i % 250), "192.0.2.%d" % rng.randrange(256),
                                 "2001:db8::%x" % rng.randrange(1 << 16), "proxy-%d" % rng.randrange(50)])
            print('%s - - [%s:01:02:03 +0000] "GET /crates/%s/%s-%s.crate HTTP/1.1" 200 %d "-" "cargo/1.70.0"'
                  % (client, when.strftime("%d/%b/%Y"), name, name, version, i), file=out)
            print("%s\t%s\t%s\t%s\t%d" % (name, version, when, client, i), file=rows)


def copy_text(value):
    if value is None:
        return "\\N"
    text = str(value)
    for byte, escape in (("\\", "\\\\"), ("\b", "\\b"), ("\f", "\\f"), ("\n", "\\n"), ("\r", "\\r"),
                         ("\t", "\\t"), ("\v", "\\v")):
        text = text.replace(byte, escape)
    return text


def rows(table, path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            if row["table"] == table:
                print("\t".join(copy_text(row[c]) for c in COLUMNS[table]))


def main():
    word, *args = sys.argv[1:]
    if word == "text":
        sys.stdout.buffer.write(decoded(args[0]))
    elif word == "gzip":
        sys.stdout.buffer.write(members(sys.stdin.buffer.read(), int(args[0]), int((args[1:] or ["1"])[0])))
    elif word == "pieces":
        pieces(args[0], int(args[1]), args[2])
    elif word == "downloads":
        downloads(int(args[0]), args[1], args[2])
    elif word == "rows":
        sys.stdout.reconfigure(encoding="utf-8")
        rows(args[0], args[1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
