#!/usr/bin/env python3
"""
`ingest` against the oracle, on random logs that are heavily damaged: rows byte by byte, then tallies and exit status.

  compare.py --ingest build/ingest --seeds 1..200

Stops at the first seed that differs, drops lines while the two still differ, and shows what is left. The same seed makes
the same case again. Needs no database: it runs `ingest -o -` for the rows and `ingest -n --json` for the tallies.
"""

import argparse
import bz2
import json
import lzma
import os
import random
import shlex
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass, field, replace

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))
from loggen import custom, files, logs  # noqa: E402
from loggen.mutate import mutate  # noqa: E402

FORMATS = [*logs.FORMATS, "custom"]
ORACLE = [sys.executable, os.path.join(ROOT, "tests", "oracle", "oracle.py")]
SECONDS_MAX = 120
KEY_FILE = """\
2020-01-01 000102030405060708090a0b0c0d0e0f
2024-01-31 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
2024-03-01 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a
"""
ROUTES = ["/crates/{name}", "/index/{}/{}/{name}", "/gems/{name}-{version}.gemspec",
          "**/{name}/{version}/download", "/repos/**/{name}-{version}.tar"]


PACKERS = {
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: subprocess.run(["zstd", "-qc", "--check"], input=data, stdout=subprocess.PIPE, check=True).stdout,
}


@dataclass
class Input:
    """A file of a case. `cut` bytes are missing at the end of what is stored: a damaged container."""
    lines: list
    container: str = "plain"   # "gzip", "members", "stdin", or a key of PACKERS
    last_lf: bool = True
    cut: int = 0

    def stored(self):
        data = b"\n".join(self.lines) + (b"\n" if self.last_lf and self.lines else b"")
        if self.container == "gzip":
            data = files.gzip_member(data)
        elif self.container == "members":
            # Cut by content, not by chance: the same lines are always the same file.
            data = files.gzip_members(random.Random(zlib.crc32(data)), data, 3)
        elif self.container in PACKERS:
            half = len(data) // 2
            data = PACKERS[self.container](data[:half]) + PACKERS[self.container](data[half:])
        return data[:len(data) - self.cut]


@dataclass
class Case:
    inputs: list
    options: list = field(default_factory=list)  # both programs take them
    tuning: list = field(default_factory=list)   # ingest alone does, and must give the same rows
    key: str = "none"

    def command(self):
        names = ["-" if i.container == "stdin" else "%d.log" % n for n, i in enumerate(self.inputs)]
        return [*self.options, "--client-key", self.key, *names]

    def n_lines(self):
        return sum(len(i.lines) for i in self.inputs)


def make_case(seed, format_name):
    rng = random.Random("%s %s" % (seed, format_name))
    ecosystem = rng.choice(["crates", "crates", "rubygems", "hex"])
    inputs = []
    damage = rng.choice([0.1, 0.5, 0.9])
    string = rng.choice(custom.STRINGS) if format_name == "custom" else ""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        n = rng.choice([1, 5, 40, 150])
        lines = list(custom.generate(rng, n, string, damage, ecosystem) if string else
                     logs.lines(rng, format_name, n, ecosystem, damage))
        if rng.random() < 0.1:
            lines = [mutate(rng, line) if line.startswith(b"#") else line for line in lines]
        one = Input(lines, rng.choice(["plain", "gzip", "members", *PACKERS]), rng.random() < 0.8)
        if one.container != "plain" and rng.random() < 0.1:
            one.cut = rng.randint(1, 12)
        inputs.append(one)
    if rng.random() < 0.1:
        again = rng.choice(inputs)
        inputs.append(replace(again, container="gzip", cut=0))
    if len(inputs) == 1 and not inputs[0].cut and rng.random() < 0.2:
        inputs[0].container = "stdin"
    # What a heavily damaged log looks like is a matter of taste.
    sniffed = damage == 0.1 and min(len(i.lines) for i in inputs) > 5 and rng.random() < 0.6
    options = [] if sniffed else ["--format", format_name.partition("-")[0]]
    if string:
        options = ["--log-format", string]
    if rng.random() < 0.6:
        options += ["--rules", rng.choice(["default", "crates", "hex", "rubygems"])]
    if rng.random() < 0.3:
        options += [o for route in rng.sample(ROUTES, rng.randint(1, 2))
                    for o in ("--route", route)]
    since = rng.choice(["2024-01-31", "2024-02-28", "2024-02-01"]) if rng.random() < 0.2 else ""
    until = rng.choice(["2024-02-01", "2024-03-01", "2024-02-29"]) if rng.random() < 0.2 else ""
    options += ["--since", since] if since else []
    options += ["--until", until] if until > since else []  # an empty window is refused
    most = rng.choice(["", "0", "30", "80", "100", "100", "100"])  # most lines should count, or be rejected, one by one
    options += ["--max-reject", most] if most else []
    tuning = ["-j", str(rng.randint(1, 4))] + rng.choice([[], ["--memory", "16M"]])
    return Case(inputs, options, tuning, rng.choice(["none", "client.key"]))


# ---- running ----

def clean_environment(home):
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "INGEST_", "XDG_"))}
    return {**keep, "HOME": home, "TZ": "America/St_Johns"}


def run(command, where, stdin):
    try:
        return subprocess.run(command, cwd=where, env=clean_environment(where), input=stdin,
                              capture_output=True, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, "no end after %d s" % SECONDS_MAX, b"", b"")


def without_zeros(tally):
    """A reason that did not occur may be there as 0 or not be there."""
    return {"read": tally["read"], "counted": tally["counted"],
            "filtered": {why: n for why, n in tally["filtered"].items() if n},
            "rejected": {why: n for why, n in tally["rejected"].items() if n}}


def summary_tallies(text):
    try:
        summary = json.loads(text)
        return {unit: without_zeros(summary[unit]) for unit in ("lines", "records")}
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        return "no summary (%r)" % e


def first_difference(mine, theirs):
    for n, (a, b) in enumerate(zip(mine + [b"(no more rows)"], theirs + [b"(no more rows)"]), 1):
        if a != b:
            return "row %d\n  oracle: %s\n  ingest: %s" % (n, show(a), show(b))
    return "rows"


def show(text):
    return text.decode("utf-8", "backslashreplace")


def difference(ingest, case):
    """What the two disagree about, or ""."""
    with tempfile.TemporaryDirectory() as where:
        stdin = write_case(case, where)
        oracle = run([*ORACLE, "--tallies", "tallies.json", *case.command()], where, stdin)
        rows = run([*ingest, "-o", "-", *case.tuning, *case.command()], where, stdin)
        counts = run([*ingest, "-n", "--json", *case.tuning, *case.command()], where, stdin)
        if oracle.returncode not in (0, 1):
            return "the oracle failed: %s" % show(oracle.stderr)
        with open(os.path.join(where, "tallies.json"), encoding="utf-8") as f:
            expected = {unit: without_zeros(tally) for unit, tally in json.load(f).items()}
    for what, other in (("-o -", rows), ("-n --json", counts)):
        if other.returncode != oracle.returncode:
            return "the exit status with %s: %s, of the oracle: %s\n%s%s" % (
                what, other.returncode, oracle.returncode, show(other.stderr), show(oracle.stderr))
    if rows.stdout != oracle.stdout:
        return first_difference(oracle.stdout.split(b"\n"), rows.stdout.split(b"\n"))
    tallies = summary_tallies(counts.stdout)
    if tallies != expected:
        return "the tallies\n  oracle: %s\n  ingest: %s" % (expected, tallies)
    return ""


def write_case(case, where):
    """Writes the files; returns what goes to stdin."""
    stdin = b""
    for n, one in enumerate(case.inputs):
        if one.container == "stdin":
            stdin = one.stored()
            continue
        with open(os.path.join(where, "%d.log" % n), "wb") as f:
            f.write(one.stored())
    key = os.path.join(where, "client.key")
    with open(key, "w", encoding="ascii") as f:
        f.write(KEY_FILE)
    os.chmod(key, 0o600)
    return stdin


# ---- a smaller case ----

def smaller(case, differs):
    """The same disagreement, or another one, with as few lines as dropping can reach."""
    case = drop(case, lambda c: c.inputs, lambda c, kept: replace(c, inputs=kept), differs)
    for n in range(len(case.inputs)):
        def put(c, kept, n=n):
            inputs = list(c.inputs)
            inputs[n] = replace(inputs[n], lines=kept)
            return replace(c, inputs=inputs)
        case = drop(case, lambda c, n=n: c.inputs[n].lines, put, differs)
    simple = replace(case, tuning=["-j", "1"])
    return simple if differs(simple) else case


def drop(case, get, put, differs):
    """Delta debugging: leave out halves, quarters, ... single items, as long as the two still differ."""
    size = max(1, len(get(case)) // 2)
    while True:
        at, dropped = 0, False
        while at < len(get(case)):
            kept = get(case)[:at] + get(case)[at + size:]
            if kept and differs(put(case, kept)):
                case, dropped = put(case, kept), True
            else:
                at += size
        if size == 1 and not dropped:
            return case
        size = max(1, size // 2)


def report(case, what, keep):
    os.makedirs(keep, exist_ok=True)
    stdin = write_case(case, keep)
    if stdin:
        with open(os.path.join(keep, "stdin"), "wb") as f:
            f.write(stdin)
    print("differs: %s" % what)
    command = shlex.join(case.tuning + case.command()) + (" < stdin" if stdin else "")
    print("again:   cd %s && ingest -o - %s" % (shlex.quote(keep), command))
    for n, one in enumerate(case.inputs):
        print("input %d (%s%s%s):" % (n, one.container, "" if one.last_lf else ", no LF at the end",
                                      ", cut by %d" % one.cut if one.cut else ""))
        for line in one.lines[:20]:
            print("  %r" % line)
        if len(one.lines) > 20:
            print("  ... %d lines" % len(one.lines))


def span(text):
    first, dots, last = text.partition("..")
    return range(int(first), int(last if dots else first) + 1)


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ingest", required=True, metavar="PATH",
                   help="the program, and arguments of its own if need be")
    p.add_argument("--seeds", type=span, default=span("1..20"), metavar="A..B")
    p.add_argument("--format", action="append", choices=FORMATS,
                   help="only this one (repeatable)")
    p.add_argument("--keep", default="compare-failed", metavar="DIR",
                   help="where the smallest case is left")
    o = p.parse_args()
    ingest = shlex.split(o.ingest)
    ingest[0] = os.path.abspath(ingest[0]) if os.sep in ingest[0] else ingest[0]

    n = 0
    for seed in o.seeds:
        for format_name in o.format or FORMATS:
            case = make_case(seed, format_name)
            n += 1
            if not difference(ingest, case):
                continue
            print("seed %d, %s: %d lines differ; looking for fewer"
                  % (seed, format_name, case.n_lines()), flush=True)
            case = smaller(case, lambda c: difference(ingest, c) != "")
            report(case, difference(ingest, case), os.path.abspath(o.keep))
            return 1
    print("%d cases, no difference" % n)
    return 0


if __name__ == "__main__":
    sys.exit(main())
