"""
The logs that speed is measured on. Each kind is a module with LINES (its usual size), FIGURES (what it must have for each line), HEAD, plan(rng, n)
and render(plan, rng, begin, end).

Beside a log stand FILE.figures.json, what the log has, and FILE.rows.tsv, the rows it becomes: sorted by key, \\N for NULL, the last column the
exact number of distinct clients. Both come from the plan, which was there before the lines.
"""

import json
import os
import random

from . import cloudfront, combined, fastly, fdsnws, keys, pack

KINDS = {"cloudfront": cloudfront, "combined": combined, "fastly": fastly, "fdsnws": fdsnws, "keys": keys}
TOLERANCE = 0.05


def off(kind, n, figures):
    """What is over 5 % from what it should be: [(name, has, wanted)]."""
    wanted = {name: n * value for name, value in KINDS[kind].FIGURES.items()}
    return [(name, figures[name], want) for name, want in wanted.items()
            if abs(figures[name] / want - 1) > TOLERANCE]


def write_rows(path, rows):
    """{key: values} as sorted lines; None sorts first, as in every table of ingest."""
    with open(path + ".part", "w", encoding="utf-8") as out:
        for key in sorted(rows, key=lambda key: [(part is not None, part) for part in key]):
            cells = ["\\N" if part is None else str(part) for part in (*key, *rows[key])]
            out.write("\t".join(cells) + "\n")
    os.rename(path + ".part", path)


def write(path, kind, seed, n, with_rows=True):
    """Writes the log and what it means; gives the figures."""
    module = KINDS[kind]
    plan = module.plan(random.Random("%s %s" % (kind, seed)), n)

    def render(begin, end):
        made = module.render(plan, random.Random("%s %s %d" % (kind, seed, begin)), begin, end)
        return made if isinstance(made, tuple) else (made, None)

    figures, tallies = pack.write(path, module.HEAD, render, plan.n_lines)
    figures.update(plan.figures())
    if kind == "fdsnws":
        rows = add_tallies(figures, tallies)
    elif with_rows and kind != "keys":
        rows = plan.truth(module.size)
    else:
        rows = None
    if rows is not None:
        figures["rows"] = len(rows)
        write_rows(path + ".rows.tsv", rows)
    figures.update({"kind": kind, "seed": seed, "wanted_lines": n})
    with open(path + ".figures.json", "w", encoding="utf-8") as out:
        json.dump(figures, out, indent=1)
    return figures


def add_tallies(figures, tallies):
    total = fdsnws.Tally()
    for tally in filter(None, tallies):
        total.join(tally)
    figures.update({"traces": total.traces, "records": total.records, "counted": total.lines,
                    "counted_records": sum(row[1] for row in total.rows.values()), "keys": len(total.rows)})
    return {key: (*row[:4], len(row[4])) for key, row in total.rows.items()}


def show(figures):
    """Prints what the log has and what it should have."""
    n = figures["wanted_lines"]
    bad = {name for name, _, _ in off(figures["kind"], n, figures)}
    for name, value in KINDS[figures["kind"]].FIGURES.items():
        print("%-14s %13.0f  wanted %13.0f  %+5.1f %%%s"
              % (name, figures[name], n * value, (figures[name] / (n * value) - 1) * 100,
                 "  <-- off" if name in bad else ""))
