#!/usr/bin/env python3
"""
Looks at a payload of EIDA's aggregator: is it one, to the letter? Prints what tests ask for.

  payload.py shape FILE [FROM UNTIL]   everything that must hold whatever was counted; rows, days, score
  payload.py same FILE FILE            equal but for the time they were made
"""

import gzip
import json
import re
import sys

KEYS = ["generated_at", "version", "days_coverage", "aggregation_score", "stats"]
ROW = ["month", "network", "station", "location", "channel", "country", "bytes", "nb_requests",
       "nb_successful_requests", "nb_unsuccessful_requests", "clients"]


def read(name):
    with open(name, "rb") as f:
        stored = f.read()
    assert stored[:3] == b"\x1f\x8b\x08", "no gzip"
    text = gzip.decompress(stored)
    document = json.loads(text)
    assert text == json.dumps(document).encode(), "not as json.dumps writes it"
    return document


def shape(name):
    document = read(name)
    assert list(document) == KEYS, list(document)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", document["generated_at"])
    assert 0 < len(document["version"]) <= 32 and document["version"].startswith("ingest ")
    days = document["days_coverage"]
    assert days == sorted(set(days)) and all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)
    assert isinstance(document["aggregation_score"], int)
    keys = []
    for row in document["stats"]:
        assert list(row) == ROW, list(row)
        assert row["month"].endswith("-01") and row["month"][:7] in {day[:7] for day in days}
        assert re.fullmatch(r"\\x1[1234]8B7F([0-9A-F]{2})*", row["clients"]), row["clients"]
        assert row["nb_requests"] == row["nb_successful_requests"] + row["nb_unsuccessful_requests"]
        if row["nb_unsuccessful_requests"]:
            assert [row[k] for k in ROW[1:5]] == ["", "", "--", ""] and row["bytes"] == 0
        keys.append([row[k] for k in ROW[:6]])
    assert keys == sorted(keys) and len({tuple(k) for k in keys}) == len(keys)
    assert name.endswith("/%s_%s.json.gz" % (days[0], days[-1])), name
    print(len(keys), len(days), document["aggregation_score"])


def same(one, other):
    a, b = read(one), read(other)
    a["generated_at"] = b["generated_at"] = ""
    assert a == b, "they differ"


if __name__ == "__main__":
    {"shape": shape, "same": same}[sys.argv[1]](*sys.argv[2:])
