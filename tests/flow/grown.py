#!/usr/bin/env python3
"""
Logs that grow, are rotated, packed, piped and put together, read half-written again and again in any order: in the end each line
counts once.

  grown.py --ingest build/ingest --seeds 1..20 [--keep]

Needs a server: run it under tests/pg/server. Every line is a download of a version of its own, so the table itself says which
line was counted how often. Stops at the first seed that differs and says what was fed.
"""

import argparse
import gzip
import os
import random
import subprocess
import sys
import tempfile

HEAD_BYTES = 4096


class Log:
    """Lines, of which more and more have been written."""

    def __init__(self, rng, name, n):
        self.name = name
        self.lines = []
        for i in range(n):
            path = f"/crates/{name}/{name}-1.{i}.0.crate"
            self.lines.append(b'198.51.100.%d - - [05/Jan/2024:%02d:%02d:%02d +0000] "GET %s HTTP/1.1" 200 %d "-" "cargo/1.%d.0"\n' % (
                rng.randrange(250), i // 3600 % 24, i // 60 % 60, i % 60, path.encode(), rng.randrange(1, 5000), rng.randrange(70, 80)))
        self.counted = 0  # lines that the ledger has as a payload

    def text(self, n=None):
        return b"".join(self.lines[:n])

    def least(self):
        """So many lines have a head."""
        n = 0
        while len(self.text(n)) < HEAD_BYTES:
            n += 1
        return n


class World:
    def __init__(self, args, seed, directory):
        self.rng = random.Random(seed)
        self.args, self.directory = args, directory
        self.database = f"grown_{os.getpid()}_{seed}"
        self.story = []
        self.n_files = 0
        self.tails = []  # what came first in an archive
        self.logs = [Log(self.rng, f"log{i}", self.rng.randrange(45, 400)) for i in range(self.rng.randrange(1, 6))]
        if self.rng.random() < 0.2:
            self.logs.append(Log(self.rng, "large", 9000))  # several windows of the reader

    def psql(self, sql, database=None):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], env=os.environ | {"PGDATABASE": database or self.database},
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def ingest(self, *words, **more):
        return subprocess.run([self.args.ingest, "--client-key", "none", *words], env=os.environ | {"PGDATABASE": self.database},
                              cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)

    def write(self, text, name=None):
        """As a file of one kind or another; a name of its own is one that a server appends to."""
        packed = name is None and self.rng.random() < 0.5
        if name is None:
            self.n_files += 1
            name = f"f{self.n_files}" + (".gz" if packed else ".log")
        with open(os.path.join(self.directory, name), "wb") as f:
            f.write(gzip.compress(text, self.rng.randrange(1, 10)) if packed else text)
        return name

    def beginning(self, log):
        """The log as far as it is written: anything from a head to all."""
        n = self.rng.choice([len(log.lines), self.rng.randrange(log.least(), len(log.lines) + 1)])
        half = self.rng.random() < 0.3 and n < len(log.lines)
        if self.rng.random() < 0.3:
            name = self.write(log.text(n) + (log.lines[n][:20] if half else b""), log.name)
        else:
            name = self.write(log.text(n))
        return log, n, name

    def archive(self):
        """Logs that are counted, one behind the other, and perhaps something new behind them."""
        parts = [log for log in self.logs if log.counted > 0]
        self.rng.shuffle(parts)
        parts = parts[: self.rng.randrange(1, len(parts) + 1)]
        text = b"".join(log.text(log.counted) for log in parts)
        told = "+".join(f"{log.name}@{log.counted}" for log in parts)
        if self.rng.random() < 0.5:
            tail = Log(self.rng, f"tail{self.n_files}", self.rng.randrange(1, 120))
            self.tails.append(tail)
            text += tail.text()
            told += "+" + tail.name
        return self.write(text), told

    def feed(self, inputs, *options):
        """Several in one call, or one on standard input."""
        names = [name for name, _ in inputs]
        told = " ".join(told for _, told in inputs)
        jobs = f"-j{self.rng.randrange(1, 4)}"
        if len(names) == 1 and self.rng.random() < 0.3 and names[0].startswith("f"):
            with open(os.path.join(self.directory, names[0]), "rb") as f:
                result = self.ingest(jobs, *options, "-", stdin=f)
            told = "- < " + told
        else:
            result = self.ingest(jobs, *options, *names)
        self.story.append(f"ingest {' '.join([jobs, *options])} {told}: {result.returncode} {result.stdout.decode()[:160]!r}")
        if result.returncode not in (0, 1):
            raise AssertionError("it failed")

    def grow(self, beginnings):
        """
        What is longer than before counts. But an archive may begin like it and be longer, which is told by the head alone: --distinct.
        What is not longer is known, or refused as an older part.
        """
        last = {name: (log, n) for log, n, name in beginnings}  # a file that was written twice is what was written last
        new = {name: (log, n) for name, (log, n) in last.items() if n > log.counted}
        for some, options in ((new, ["--distinct"]), ({name: x for name, x in last.items() if name not in new}, [])):
            if some:
                self.feed([(name, f"{log.name}@{n}") for name, (log, n) in some.items()], *options)
            for log, n in some.values():
                log.counted = max(log.counted, n)

    def live(self):
        for _ in range(self.rng.randrange(2, 6)):
            self.grow([self.beginning(self.rng.choice(self.logs)) for _ in range(self.rng.randrange(1, 4))])
            if self.rng.random() < 0.5:
                self.feed([self.archive()], "--distinct")
        self.rng.shuffle(self.logs)
        self.grow([(log, len(log.lines), self.write(log.text())) for log in self.logs])
        self.feed([self.archive()], "--distinct")

    def check(self):
        expected = {f"{log.name} 1.{i}.0": 1 for log in self.logs + self.tails for i in range(len(log.lines))}
        rows = self.psql("SELECT name || ' ' || version, sum(count) FROM stats WHERE version IS NOT NULL GROUP BY 1")
        found = {key: int(n) for key, n in (row.split("|") for row in rows.split("\n"))}
        wrong = [f"{key}: {found.get(key, 0)}" for key in sorted(expected.keys() | found.keys()) if found.get(key) != expected.get(key)]
        if wrong:
            raise AssertionError(f"{len(wrong)} of {len(expected)} lines are counted wrongly, as {wrong[:3]}")
        books = self.psql("SELECT (SELECT sum(count) FROM ingest.payload_days), (SELECT sum(lines_counted) FROM ingest.payloads), "
                          "(SELECT sum(count) FROM stats WHERE version IS NULL)")
        if books.split("|") != [str(len(expected))] * 3:
            raise AssertionError(f"the books say {books}, and there are {len(expected)} lines")

    def run(self, template):
        self.psql(f"CREATE DATABASE {self.database} TEMPLATE {template}", "postgres")
        try:
            self.live()
            self.check()
        finally:
            if not self.args.keep:
                self.psql(f"DROP DATABASE {self.database}", "postgres")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingest", required=True)
    parser.add_argument("--seeds", default="1..10")
    parser.add_argument("--keep", action="store_true", help="leave the databases behind")
    args = parser.parse_args()
    first, _, last = args.seeds.partition("..")
    args.ingest = os.path.abspath(args.ingest)
    os.environ["PATH"] = os.environ.get("PG_BIN", "") + ":" + os.environ["PATH"]
    template = f"grown_template_{os.getpid()}"
    subprocess.run(["createdb", "-h", os.environ["PGHOST"], template], check=True)
    subprocess.run([args.ingest, "-q", "migrate", "up"], env=os.environ | {"PGDATABASE": template}, check=True)
    for seed in range(int(first), int(last or first) + 1):
        with tempfile.TemporaryDirectory() as directory:
            world = World(args, seed, directory)
            try:
                world.run(template)
            except AssertionError as wrong:
                print(f"seed {seed}: {wrong}", *world.story, sep="\n")
                return 1
    print(f"seeds {args.seeds}: each line once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
