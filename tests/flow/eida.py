#!/usr/bin/env python3
"""
eida.py DIR: request logs of fdsnws-dataselect whose rows it knows, because it makes both; a list of networks, as JSON and as text;
and a payload of EIDA's aggregator with rows of its own.

    a.log b.log.gz c.log.bz2  networks.json networks.txt  payload.json reprinted.json
    rows.tsv            of the three logs, as COPY writes the table's columns, sorted; plain.tsv: codes as they stand
    rows-a.tsv          of a.log alone; sent.tsv: of the payload; both.tsv: of a.log and the payload
    expected.json       {file: {"days", "first", "last"}}, {"payload.json": {"hash", "days"}}
"""

import bz2
import datetime
import gzip
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import sketch  # noqa: E402

NETWORKS = [("FR", "1962-01-01", None), ("ZO", "2018-03-01", "2020-12-31"), ("ZO", "2014-01-01", "2015-06-30"),
            ("Z3", "2015-01-01", None), ("Z3", "2016-01-01", "2017-01-01"), ("1A", "1968-05-01", "1969-05-01")]
# code, start of the data, code as counted with the list (None: dropped)
CODES = [("GE", "1997-08-09", "GE"), ("FR", "2019-01-01", "FR"), ("ZO", "2019-05-05", "ZO2018"), ("ZO", "2014-01-01", "ZO2014"),
         ("ZO", "2016-01-01", None), ("Z3", "2016-06-01", "Z32015"), ("1A", "1968-07-01", "1A1968"), ("X9", "2016-06-01", None)]
COUNTRIES = [("DE", "DE"), ("US", "US"), (None, ""), ("", ""), ("DEU", ""), ("é1", "é1")]


class Rows:
    """date, network, station, location, channel, country -> bytes, requests, good ones, failed ones, clients"""

    def __init__(self):
        self.rows = {}

    def add(self, key, size, ok, client):
        row = self.rows.setdefault(key, [0, 0, 0, 0, set()])
        for i, more in enumerate((size, 1, int(ok), int(not ok))):
            row[i] += more
        row[4].add(sketch.eida_element(str(client).encode()))

    def join(self, other):
        for key, row in other.rows.items():
            mine = self.rows.setdefault(key, [0, 0, 0, 0, set()])
            mine[:4] = [a + b for a, b in zip(mine[:4], row[:4])]
            mine[4] |= row[4]

    def write(self, name):
        with open(name, "w") as f:
            for line in sorted("\t".join([*key, *map(str, row[:4]), sketch.hll_bytes(row[4]).hex()]) + "\n"
                               for key, row in self.rows.items()):
                f.write(line)


class Log:
    """Lines, the rows they become with and without the list of networks, and when what counts took place."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.lines, self.rows, self.plain, self.times, self.days = [], Rows(), Rows(), [], set()

    def line(self, **members):
        self.lines.append(json.dumps(members))

    def counted(self, when, written):
        self.times.append(when)
        self.days.add(written.date().isoformat())

    def add(self, when):
        """`when` is UTC; some lines are written with an offset, and their day is the day as written."""
        hours = self.dice.choice([0, 0, 0, 2, -9])
        written = when + datetime.timedelta(hours=hours)
        finished = written.isoformat() + ("%+03d:00" % hours if hours else "Z")
        month = written.date().replace(day=1).isoformat()
        sent, country = self.dice.choice(COUNTRIES)
        user = self.dice.choice([1497164453, 589198147, 2320080092, self.dice.randrange(1 << 32)])
        place = {"country": sent} if self.dice.random() < 0.9 else {}
        country = country if place else ""
        members = {"service": "fdsnws-dataselect", "userID": user, "userLocation": place, "finished": finished}
        kind = self.dice.random()
        if kind < 0.15:
            self.line(status=self.dice.choice(["NODATA", "DENIED", "ERROR"]), bytes=0, **members)
            for rows in (self.rows, self.plain):
                rows.add((month, "", "", "--", "", country), 0, False, user)
            self.counted(when, written)
        elif kind < 0.2:
            self.line(status="OK", trace=[{"net": "GE", "sta": "A", "loc": "", "cha": "BHZ", "status": "NODATA", "bytes": 0}], **members)
        elif kind < 0.25:
            self.line(**dict(members, service="fdsnws-station", status="ERROR"))
        else:
            self.traces(members, month, country, user, when, written)

    def traces(self, members, month, country, user, when, written):
        traces, any_counts = [], False
        for _ in range(self.dice.randrange(1, 4)):
            code, start, extended = self.dice.choice(CODES)
            station, channel = self.dice.choice(["EIL", "A12"]), self.dice.choice(["BHZ", "HHE"])
            location, size = self.dice.choice(["", "00", "--"]), self.dice.randrange(1 << 20)
            status = self.dice.choice(["OK", "OK", "OK", "NODATA", "DENIED"])
            traces.append({"net": code, "sta": station, "loc": location, "cha": channel, "start": start + "T00:00:00.0000Z",
                           "end": "2030-01-01T00:00:00", "restricted": False, "status": status, "bytes": size})
            if status != "OK":
                continue
            self.plain.add((month, code, station, location, channel, country), size, True, user)
            if extended is not None:
                self.rows.add((month, extended, station, location, channel, country), size, True, user)
                any_counts = True
        self.line(trace=traces, status="OK", **members)
        if any_counts:
            self.counted(when, written)

    def text(self):
        return "".join(line + "\n" for line in self.lines).encode()

    def expected(self):
        return {"days": sorted(self.days), "first": min(self.times).isoformat(" ", "microseconds"),
                "last": max(self.times).isoformat(" ", "microseconds")}


def make_log(seed, start, days, n):
    log = Log(seed)
    for _ in range(n):
        when = start + datetime.timedelta(seconds=log.dice.randrange(days * 86400))
        log.add(when.replace(microsecond=log.dice.choice([0, 1, 758768])))
    log.lines.insert(len(log.lines) // 2, "no JSON at all")
    return log


def payload_of(rows, days):
    """As the aggregator writes it, with what the web service would mend: a country that is null, counts that are not there."""
    stats = []
    for key, row in rows.rows.items():
        e = dict(zip(("month", "network", "station", "location", "channel", "country"), key))
        e.update(bytes=row[0], nb_requests=row[1], nb_successful_requests=row[2], nb_unsuccessful_requests=row[3],
                 clients="\\x" + sketch.hll_bytes(row[4]).hex().upper())
        if e["country"] == "":
            e["country"] = None
        if len(stats) % 5 == 0:
            del e["nb_requests"]
        stats.append(e)
    return {"generated_at": "2024-03-01 04:00:01.5", "version": "0.9.9", "days_coverage": days, "aggregation_score": 7, "stats": stats}


def web_hash(payload):
    h = sketch.murmur3_x86_32(str(payload["stats"]).encode())
    return h - (1 << 32) if h >> 31 else h


def write_networks():
    entries = [{"fdsn_code": c, "start_date": a, "end_date": b, "name": "n", "doi": None} for c, a, b in NETWORKS]
    with open("networks.json", "w") as f:
        json.dump({"networks": entries}, f)
    with open("networks.txt", "w") as f:
        f.write("#Network|Description|StartTime|EndTime|TotalStations\n")
        for code, first, last in NETWORKS:
            f.write("%s|a | b|%sT00:00:00|%s|3\n" % (code, first, last + "T23:59:59" if last else ""))


def main():
    os.chdir(sys.argv[1])
    write_networks()
    logs = {"a.log": make_log(1, datetime.datetime(2024, 1, 20), 30, 120), "b.log.gz": make_log(2, datetime.datetime(2024, 2, 2), 3, 90),
            "c.log.bz2": make_log(3, datetime.datetime(2023, 12, 30), 5, 60)}
    rows, plain, expected = Rows(), Rows(), {}
    for name, log in logs.items():
        packed = {"gz": gzip.compress, "bz2": bz2.compress}.get(name.rsplit(".", 1)[1], bytes)(log.text())
        with open(name, "wb") as f:
            f.write(packed)
        rows.join(log.rows)
        plain.join(log.plain)
        expected[name] = log.expected()
    rows.write("rows.tsv")
    plain.write("plain.tsv")
    logs["a.log"].rows.write("rows-a.tsv")
    sent = make_log(4, datetime.datetime(2024, 1, 25), 10, 80)
    payload = payload_of(sent.rows, sorted(sent.days, reverse=True))
    sent.rows.write("sent.tsv")
    sent.rows.join(logs["a.log"].rows)
    sent.rows.write("both.tsv")
    with open("payload.json", "w") as f:
        json.dump(payload, f)
    with open("reprinted.json", "w") as f:
        json.dump(payload, f, indent=1, ensure_ascii=False)
    expected["payload.json"] = {"hash": web_hash(payload), "days": sorted(payload["days_coverage"])}
    with open("expected.json", "w") as f:
        json.dump(expected, f)


if __name__ == "__main__":
    main()
