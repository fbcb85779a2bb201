#!/usr/bin/env python3
"""prometheus.py FILE [SERIES]: is FILE what Prometheus' text format allows, read strictly? With SERIES its value.

After "Exposition formats", version 0.0.4, and what `promtool check metrics` asks for: help and type before the samples of a
family, families in one piece, no series twice, counters that end in _total and nothing else that does, base units."""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def read(text):
    """{series: value}; what is wrong is said and ends it."""
    samples, types, helps, order = {}, {}, {}, []
    if text and not text.endswith("\n"):
        sys.exit("the last line has no end")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        def wrong(why):
            sys.exit(f"line {number}: {why}: {line!r}")
        if line.startswith("# "):
            kind, name, rest = line[2:].split(" ", 2)
            seen = {"HELP": helps, "TYPE": types}[kind]
            if name in seen or not re.fullmatch(NAME, name):
                wrong("twice, or no name")
            if kind == "TYPE" and (rest not in ("counter", "gauge") or name not in helps):
                wrong("a type of its own")
            seen[name] = rest
            continue
        match = SAMPLE.fullmatch(line)
        if match is None:
            wrong("no sample")
        name, labels, value = match.groups()
        if name not in types:
            wrong("no type")
        if (types[name] == "counter") != name.endswith("_total"):
            wrong("a counter ends in _total, and nothing else does")
        if not order or order[-1] != name:
            if name in order:
                wrong("its family is in several pieces")
            order.append(name)
        names = re.findall(r'([a-zA-Z0-9_]+)="(?:[^"\\]|\\.)*"', labels or "")
        if len(set(names)) != len(names):
            wrong("a label twice")
        series = name if labels is None else f"{name}{{{labels}}}"
        if series in samples:
            wrong("twice")
        samples[series] = float(value)
    if set(types) != set(order) or set(helps) != set(order):
        sys.exit("a family without a sample")
    return samples


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        samples = read(file.read())
    if len(sys.argv) > 2:
        if sys.argv[2] not in samples:
            sys.exit(f"no such series: {sys.argv[2]}")
        print(f"{samples[sys.argv[2]]:.15g}")


main()
