#!/usr/bin/env python3
"""
EIDA's own way from a log to rows: what a node's aggregator makes of its logs, and what the centre's web service makes of what
it is sent. As docs/COUNTING.md tells ("EIDA's own programs"); written for reading, and from that page alone. It is one more opinion
beside formats.Fdsnws, which follows the other rules of that page, those that tell of every line why it does not count.

  eida.py aggregate [--networks FILE] LOG...    the payload, as JSON; logs plain, gzip or bzip2
  eida.py rows PAYLOAD...                       what the service has after each was sent by POST, as `ingest -o -` shows rows
"""

import argparse
import bz2
import datetime
import gzip
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sketch  # noqa: E402

REGISTERS = 2048
KEY = "month network station location channel country".split()
SUMS = "bytes nb_requests nb_successful_requests nb_unsuccessful_requests".split()


# ---- sketches, of both programs ----

class Sketch:
    """A set of hashes, or registers once there are more than 160."""

    def __init__(self):
        self.hashes, self.registers = set(), None

    def add(self, h):
        if self.registers is None:
            self.hashes.add(h)
            if len(self.hashes) <= 160:
                return
            self.registers = [0] * REGISTERS
            for one in self.hashes:
                self.fold(one)
        self.fold(h)

    def fold(self, h):
        rest = h >> 11
        if rest:
            value = min((rest & -rest).bit_length(), 31)
            self.registers[h % REGISTERS] = max(self.registers[h % REGISTERS], value)

    def unite(self, other):
        for h in other.hashes if other.registers is None else ():
            self.add(h)
        if other.registers is not None:
            mine, self.registers = self.registers, list(other.registers)
            for h in self.hashes if mine is None else ():
                self.fold(h)
            if mine is not None:
                self.registers = [max(pair) for pair in zip(mine, self.registers)]

    def wire(self, full_from):
        """postgresql-hll writes FULL from 640 registers that are not 0, python-hll from 513."""
        if self.registers is None:
            return sketch.hll_bytes(self.hashes)
        used = [(i, value) for i, value in enumerate(self.registers) if value]
        if len(used) < full_from:
            return b"\x13\x8b\x7f" + sketch.pack([i << 5 | value for i, value in used], 16)
        return b"\x14\x8b\x7f" + sketch.pack(self.registers, 5)

    @classmethod
    def read(cls, wire):
        out, body = cls(), wire[3:]
        assert wire[1:3] == b"\x8b\x7f"
        if wire[0] == 0x12:
            out.hashes = {int.from_bytes(body[i:i + 8], "big") for i in range(0, len(body), 8)}
        elif wire[0] == 0x13:
            out.registers = [0] * REGISTERS
            for i in range(0, len(body), 2):
                word = int.from_bytes(body[i:i + 2], "big")
                out.registers[word >> 5] = word & 31
        elif wire[0] == 0x14:
            bits = format(int.from_bytes(body, "big"), "0%db" % (8 * len(body)))
            out.registers = [int(bits[5 * i:5 * i + 5], 2) for i in range(REGISTERS)]
        return out


FULL_SERVER, FULL_PYTHON = 640, 513


# ---- networks ----

class Extender:
    """`entries`: (code, first day, last day or None), in the order of the FDSN's list."""

    def __init__(self, entries):
        self.entries = entries

    @classmethod
    def of_json(cls, document):
        if isinstance(document, dict):
            document = document["networks"]
        return cls([(e["fdsn_code"], cls.day(e["start_date"]), cls.day(e["end_date"]) if e.get("end_date") else None)
                    for e in document])

    @staticmethod
    def day(text):
        if re.fullmatch(r"[0-9]{4}", text):
            text += "-01-01"
        return datetime.datetime.strptime(text[:10], "%Y-%m-%d").date()

    def extend(self, code, start):
        """ValueError: there was no such network."""
        if not re.fullmatch(r"[0-9XYZ][0-9A-Z]", code):
            return code
        day = self.day(start)
        for known, first, last in self.entries:
            if known == code and first <= day and (last is None or day <= last):
                return "%s%04d" % (code, first.year)
        raise ValueError("no network %s at %s" % (code, start))


# ---- a node's aggregator ----

def finished_day(text):
    for layout in ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            return datetime.datetime.strptime(text, layout).date()
        except ValueError:
            pass
    return None


class Aggregator:
    def __init__(self, extender=None):
        self.extender, self.stats, self.days, self.n_events = extender, {}, set(), 0

    def take(self, lines):
        for line in lines:
            self.n_events += 1
            try:
                request = json.loads(line)
            except ValueError:
                continue
            day = finished_day(request["finished"])
            if day is not None:
                self.request(request, day)

    def request(self, request, day):
        country = request["userLocation"].get("country", "")
        client = sketch.eida_element(str(request["userID"]).encode())
        if request["status"] != "OK":
            self.add(day, ("", "", "--", "", country), (0, 1, 0, 1), client)
            return
        for trace in request["trace"]:
            if trace["status"] != "OK":
                continue
            try:
                network = self.extender.extend(trace["net"], trace["start"][:10]) if self.extender else trace["net"]
            except ValueError:
                continue
            self.add(day, (network, trace["sta"], trace["loc"], trace["cha"], country), (trace["bytes"], 1, 1, 0), client)

    def add(self, day, codes, sums, client):
        self.days.add(day)
        row = self.stats.setdefault((day.replace(day=1), *codes), [[0] * 4, Sketch()])
        row[0] = [a + b for a, b in zip(row[0], sums)]
        row[1].add(client)

    def payload(self):
        """None: the aggregator would divide by zero."""
        if not self.stats:
            return None
        stats = [{**dict(zip(KEY, [str(key[0]), *key[1:]])), **dict(zip(SUMS, sums)),
                  "clients": "\\x" + clients.wire(FULL_PYTHON).hex().upper()}
                 for key, (sums, clients) in self.stats.items()]
        return {"generated_at": "2024-02-01 03:00:00", "version": "0.6.2", "days_coverage": sorted(map(str, self.days)),
                "aggregation_score": round(self.n_events / len(stats)), "stats": stats}


# ---- the centre's web service ----

def payload_hash(document):
    """By which the service refuses what it has: mmh3.hash(str(stats))."""
    h = sketch.murmur3_x86_32(str(document["stats"]).encode())
    return h - (1 << 32) if h >= 1 << 31 else h


class Duplicate(Exception):
    pass


class Service:
    def __init__(self):
        self.rows, self.hashes, self.coverage = {}, set(), []

    def send(self, document, method="POST", node="local"):
        h = payload_hash(document)
        if h in self.hashes:
            raise Duplicate(h)
        self.hashes.add(h)
        self.coverage += document["days_coverage"]
        new = {}
        for e in document["stats"]:
            self.unite(new, *self.normal(e, node))
        for key, (sums, clients) in new.items():
            if method == "PUT":
                self.rows.pop(key, None)
            self.unite(self.rows, key, sums, clients)

    @staticmethod
    def unite(rows, key, sums, clients):
        row = rows.setdefault(key, [[0] * 4, Sketch()])
        row[0] = [a + b for a, b in zip(row[0], sums)]
        row[1].unite(clients)

    @staticmethod
    def normal(e, node):
        country = e.get("country")
        failed, ok = e.get("nb_unsuccessful_requests") or 0, e["nb_successful_requests"]
        total = e.get("nb_requests")
        key = (node, e["month"], *(e[k] for k in KEY[1:5]),
               country if isinstance(country, str) and len(country) == 2 else "")
        return key, (e["bytes"], ok + failed if total is None else total, ok, failed), Sketch.read(bytes.fromhex(e["clients"][2:]))

    def texts(self):
        """As `ingest -o -` shows them: by key, byte by byte."""
        columns = "date network station location channel country".split()
        sums = "bytes nb_reqs nb_successful_reqs nb_failed_reqs".split()
        for key, (values, clients) in sorted(self.rows.items(), key=lambda item: [part.encode() for part in item[0]]):
            row = {"table": "dataselect_stats", "node": key[0], **dict(zip(columns, key[1:])), **dict(zip(sums, values)),
                   "clients": "\\x" + clients.wire(FULL_SERVER).hex()}
            yield json.dumps(row, ensure_ascii=False, separators=(",", ":"))


# ---- command line ----

def read(name):
    with open(name, "rb") as f:
        stored = f.read()
    return gzip.decompress(stored) if stored[:2] == b"\x1f\x8b" else bz2.decompress(stored) if stored[:3] == b"BZh" else stored


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("act", choices=["aggregate", "rows"])
    p.add_argument("--networks", metavar="FILE")
    p.add_argument("files", nargs="+", metavar="FILE")
    o = p.parse_args()
    if o.act == "aggregate":
        aggregator = Aggregator(Extender.of_json(json.loads(read(o.networks))) if o.networks else None)
        for name in o.files:
            aggregator.take(read(name).split(b"\n")[:-1])
        print(json.dumps(aggregator.payload()))
        return
    service = Service()
    for name in o.files:
        service.send(json.loads(read(name)))
    for text in service.texts():
        print(text)


if __name__ == "__main__":
    main()
