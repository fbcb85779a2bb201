"""One table of medians and ratios, one of targets, for people; the same and every single run as JSON."""

import json


def cell(value, form):
    return "" if value is None else form % value


def rows_of(table):
    base = table["base"]
    for p in table["programs"]:
        if p.trouble is not None or not p.runs:
            yield [p.name, "", "", "", "", "", p.trouble or "not run"]
            continue
        notes = []
        if p.spread() > 0.25:
            notes.append("noisy: %.2f-%.2f s" % (min(r.wall for r in p.runs), max(r.wall for r in p.runs)))
        stages = [(name[:-2], p.median(name)) for name in ("decode_s", "parse_s", "rollup_s", "load_s") if name in p.runs[0].values]
        notes += ["%s %.2f" % stage for stage in stages if stage[1]]
        against = [p.median(w) / base.median(w) if base.median(w) else None for w in ("wall", "cpu")]
        yield [p.name, cell(p.median("wall"), "%.3f"), cell(p.median("cpu"), "%.3f"), cell(p.median("rss") / (1 << 20), "%.0f"),
               cell(against[0], "%.2f"), cell(against[1], "%.2f"), ", ".join(notes)]


def lined_up(head, rows, left):
    rows = [head, *rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = ["| " + " | ".join(text.ljust(w) if at in left else text.rjust(w)
                               for at, (text, w) in enumerate(zip(row, widths))) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join("-" * w for w in widths) + " |")
    return "\n".join(lines)


def table(tables):
    head = ["program", "wall s", "CPU s", "peak MiB", "x wall", "x CPU", "notes"]
    rows = []
    for each in tables:
        base = each["base"].name
        rows.append(["**%s** (x: against %s)" % (each["title"], base), *[""] * 6])
        rows += rows_of(each)
    return lined_up(head, rows, {0, 6})


def figure(value, unit):
    if value is None:
        return "-"
    if unit == "yes":
        return "yes" if value else "NO"
    return "%.0f MiB" % value if unit == "MiB" else "%.2f x" % value


def verdict(target):
    return {None: "not measured", True: "met", False: "MISSED"}[target["met"]]


def targets(all_targets):
    rows = [[str(t["number"]), t["what"], "%s %s" % (t["relation"] if t["unit"] != "yes" else "", figure(t["limit"], t["unit"])),
             figure(t["value"], t["unit"]), verdict(t)] for t in sorted(all_targets, key=lambda t: t["number"])]
    return lined_up(["#", "what", "target", "measured", ""], rows, {0, 1, 4})


def as_json(facts, tables, all_targets):
    programs = [{"section": each["title"], "program": p.name, "trouble": p.trouble,
                 "median": {w: p.median(w) for w in ("wall", "cpu", "rss")}, "values": p.values,
                 "runs": [{"wall": r.wall, "cpu": r.cpu, "rss": r.rss, **r.values} for r in p.runs]}
                for each in tables for p in each["programs"]]
    return json.dumps({**facts, "programs": programs, "targets": all_targets}, indent=1)
