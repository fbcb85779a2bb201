#!/usr/bin/env python3
"""A second author's view of the leaderboards, written from docs/COUNTING.md, "Leaderboards".

    leaderboard.py random SEED TODAY            rows of emote_stats, for COPY: emote_id, date, count
    leaderboard.py scores TODAY <rows           what stands in emote_scores then, sorted
    leaderboard.py lists TODAY TOP DIR <rows    the seven lists as JSON, DIR/top_daily.json and its sisters
"""
import datetime
import json
import math
import pathlib
import random
import sys
import uuid

WINDOWS = {"top_daily": 2, "top_weekly": 7, "top_monthly": 30, "top_all_time": None}
TRENDING = {"trending_day": ("top_daily", "top_weekly", 100), "trending_week": ("top_weekly", "top_monthly", 200),
            "trending_month": ("top_monthly", "top_all_time", 500)}
NAMES = [*WINDOWS, *TRENDING]
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def int32(n):
    return (n + 2 ** 31) % 2 ** 32 - 2 ** 31


def ratio(shorter, longer):
    return min(max(math.floor(float(shorter) / float(longer) * 1e6), 0), 2 ** 31 - 1)


def board(rows, today):
    """{emote: {name: figure}} of rows (emote, day, count)."""
    found = {}
    for emote, day, count in rows:
        sums = found.setdefault(emote, dict.fromkeys(WINDOWS, 0))
        for name, back in WINDOWS.items():
            if back is None or day >= today - datetime.timedelta(days=back):
                sums[name] += count
    for figures in found.values():
        for name in WINDOWS:
            figures[name] = int32(figures[name])
        for name, (shorter, longer, above) in TRENDING.items():
            figures[name] = ratio(figures[shorter], figures[longer]) if figures[longer] > above else 0
    return found


def best(found, name, top):
    ranked = sorted(((figures[name], emote.int) for emote, figures in found.items()), reverse=True)
    return [emote for value, emote in ranked if name in WINDOWS or value > 0][:top]


def ulid(number):
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def random_rows(seed, today):
    """Few emotes with many rows and many with few, around every border of a window; ties and sums below zero."""
    pick = random.Random(seed)
    emotes = [uuid.UUID(int=pick.getrandbits(128)) for _ in range(200)]
    rows = {}
    for emote in emotes:
        for _ in range(pick.choice((1, 1, 3, 12))):
            back = pick.choice((-1, 0, 1, 2, 3, 6, 7, 8, 9, 29, 30, 31, 32, 400))
            rows[emote, today - datetime.timedelta(days=back)] = pick.choice(
                (0, 1, 1, -1, 2, -3, 100, 101, 50, 200, 201, -150, 500, 501, 7919, pick.randrange(1, 2000000)))
    return [(emote, day, count) for (emote, day), count in rows.items()]


def read_rows():
    for line in sys.stdin:
        emote, day, count = line.rstrip("\n").split("\t")
        yield uuid.UUID(emote), datetime.date.fromisoformat(day), int(count)


def main():
    what, *words = sys.argv[1:]
    if what == "random":
        for row in random_rows(int(words[0]), datetime.date.fromisoformat(words[1])):
            print(*row, sep="\t")
    elif what == "scores":
        found = board(read_rows(), datetime.date.fromisoformat(words[0]))
        for emote in sorted(found, key=lambda e: e.int):
            print(emote, *(found[emote][name] for name in NAMES), sep="|")
    else:
        found = board(read_rows(), datetime.date.fromisoformat(words[0]))
        for name in NAMES:
            ids = [ulid(emote) for emote in best(found, name, int(words[1]))]
            pathlib.Path(words[2], name + ".json").write_text(json.dumps(ids, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
