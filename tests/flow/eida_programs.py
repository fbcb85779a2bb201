#!/usr/bin/env python3
"""
`ingest` against EIDA's own programs, as tests/oracle/eida.py tells them, on random request logs that those can read.

  eida_programs.py --ingest build/ingest --seeds 1..40

Of each case: the rows of the logs; the payload of `--to eida`; the rows of the aggregator's own payload; those of several payloads
together. They must be what the web service would have. The same seed makes the same case again.
"""

import argparse
import bz2
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import eida  # noqa: E402

NETWORKS = [{"fdsn_code": code, "start_date": first, "end_date": last, "name": "x", "doi": None} for code, first, last in [
    ("ZO", "2010-01-01", "2012-12-31"), ("ZO", "2018-05-01", "2020-12-31"), ("YP", "2012-01-01", "2013-12-31"),
    ("Z3", "2015-01-01", None), ("Z3", "2017-01-01", "2018-01-01"), ("4P", "2025-01-01", ""), ("FR", "1962-01-01", None),
    ("1A", "2000-02-29", "2000-02-29")]]


def most(rng, values, first=4):
    """One of them, mostly the first one."""
    return values[0] if rng.randrange(first) else rng.choice(values)


def trace(rng):
    return {"net": most(rng, ["GE", "FR", "ZO", "YP", "Z3", "4P", "1A", "zo", "A1", "Ω", ""], 2), "sta": most(rng, ["EIL", "PB11", "é"], 2),
            "loc": rng.choice(["", "", "00", "--"]), "cha": rng.choice(["BHZ", "BHN", ""]),
            "start": most(rng, ["2019-01-04T10:00:00.0000Z", "2012-12-31T23:59:59.999999Z", "2013-01-01T00:00:00Z", "2000-02-29T00:00:00.5Z",
                                "1912-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2014-", "2014-02-30T00:00:00Z", "2016"], 3),
            "end": "2019-01-04T11:00:00Z", "restricted": False, "status": most(rng, ["OK", "NODATA", "DENIED"]),
            "bytes": most(rng, [4096, 0, 512, (1 << 40) + 1])}


def request(rng, users):
    """A userID that is "" or "-" is nobody's here, and the aggregator's is somebody's: none of these."""
    location = most(rng, [{"country": "DE"}, {}, {"country": None}, {"country": ""}, {"country": "FR", "institution": "GFZ"},
                          {"country": "DEU"}, {"country": "éß"}], 3)
    user = rng.choice([rng.randrange(users)] * 12 + [None, True, "x", 2.5, 1e20, -0.0, 1 << 70, "é"])
    day = rng.choice(["2024-01-31", "2024-02-01", "2024-02-29", "2023-12-31"])
    log = {"service": "fdsnws-dataselect", "userID": user, "clientID": "x\" \\ é", "userEmail": None, "auth": False, "userLocation": location,
           "created": day + "T00:00:00Z"}
    status = most(rng, ["OK", "NODATA", "DENIED", "ERROR"])
    if status == "OK" or rng.randrange(2):
        log["trace"] = [trace(rng) for _ in range(rng.choice([0, 1, 1, 2, 5, 40]))]
    log.update(status=status, bytes=0, finished=day + most(rng, ["T10:00:00.758768Z", "T23:59:59Z", "T00:30:00.5+02:00", "T23:30:00-0800",
                                                                 "T25:00:00Z", " x"], 3))
    if rng.random() < 0.1:
        log = dict(sorted(log.items()))
    line = json.dumps(log, ensure_ascii=rng.random() < 0.7)
    return line[:-1] if rng.random() < 0.02 else line


def make_logs(seed):
    rng = random.Random(seed)
    users = rng.choice([2, 300, 100000])
    n = rng.choice([3, 30, 300])
    logs = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        lines = [rng.choice([request(rng, users)] * 40 + ["", "no JSON"]) for _ in range(n)]
        if rng.random() < 0.2:  # sketches in registers, in all of their forms
            busy = {"userLocation": {}, "trace": [dict(trace(rng), net="GE", status="OK", bytes=1)], "status": "OK", "finished": "2024-02-01T10:00:00Z"}
            wanted = rng.choice([159, 160, 161, 500, 600, 700, 1500])
            lines += [json.dumps({"userID": i * 7919, **busy}) for i in range(wanted)]
        logs.append("".join(line + "\n" for line in lines).encode())
    return logs


def aggregate(logs, extender):
    aggregator = eida.Aggregator(extender)
    for log in logs:
        aggregator.take(log.split(b"\n")[:-1])
    return aggregator


class Case:
    def __init__(self, ingest, seed, where):
        self.ingest, self.where, self.rng = ingest, where, random.Random("how %s" % seed)
        self.logs = list(dict.fromkeys(make_logs(seed)))  # the same log twice is one
        self.options = ["--client-key", "none", "--max-reject", "100"]
        self.extender = None
        if self.rng.random() < 0.6:
            name = self.file("networks.json", json.dumps(NETWORKS if self.rng.random() < 0.5 else {"networks": NETWORKS}).encode())
            self.extender = eida.Extender.of_json(NETWORKS)
            self.options += ["--fdsn-networks", name]

    def file(self, name, content):
        path = os.path.join(self.where, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def run(self, *arguments):
        done = subprocess.run([self.ingest, *self.options, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 0, (done.returncode, done.stderr.decode())
        return done.stdout.decode().splitlines()

    def check(self):
        packers = [lambda data: data, gzip.compress, bz2.compress]
        names = [self.file("%d.log" % i, self.rng.choice(packers)(log)) for i, log in enumerate(self.logs)]
        aggregator = aggregate(self.logs, self.extender)
        payload = aggregator.payload()
        service = eida.Service()
        if payload:
            service.send(payload)
        expected = list(service.texts())
        self.same("rows of the logs", self.run("-f", "fdsnws", "-o", "-", *names), expected)
        self.check_payload(aggregator, names, expected)
        if payload:
            name = self.file("aggregator.json", json.dumps(payload).encode())
            self.same("rows of the aggregator's payload", self.run("-o", "-", name), expected)
            self.check_each(expected)

    def check_payload(self, aggregator, names, expected):
        out = tempfile.mkdtemp(dir=self.where)
        self.run("-f", "fdsnws", "--to", "eida", "-o", out, *names)
        if not expected:
            assert os.listdir(out) == [], "a payload of nothing"
            return
        days = sorted(map(str, aggregator.days))
        assert os.listdir(out) == ["%s_%s.json.gz" % (days[0], days[-1])], os.listdir(out)
        path = os.path.join(out, os.listdir(out)[0])
        with gzip.open(path) as f:
            document = json.load(f)
        assert document["days_coverage"] == days, document["days_coverage"]
        assert document["aggregation_score"] == round(aggregator.n_events / len(expected)), document["aggregation_score"]
        service = eida.Service()
        service.send(document)
        assert len(document["stats"]) == len(service.rows)
        self.same("what the service makes of --to eida", list(service.texts()), expected)
        # Its codes have been extended; those that stayed as they are do not look like temporary ones any more.
        self.same("rows of --to eida", self.run("-o", "-", path), expected)

    def check_each(self, expected):
        """A payload of each log, sent one after the other."""
        sent = []
        for i, log in enumerate(self.logs):
            payload = aggregate([log], self.extender).payload()
            if payload:
                sent.append(self.file("aggregator-%d.json" % i, json.dumps(payload).encode()))
        self.same("rows of several payloads", self.run("-o", "-", *sent), expected)

    @staticmethod
    def same(what, got, expected):
        for a, b in zip(got + [None] * len(expected), expected + [None] * len(got)):
            assert a == b, "%s:\n  is  %s\n  not %s" % (what, a, b)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ingest", required=True)
    p.add_argument("--seeds", default="1..40")
    o = p.parse_args()
    first, last = map(int, o.seeds.split(".."))
    for seed in range(first, last + 1):
        with tempfile.TemporaryDirectory() as where:
            try:
                Case(os.path.abspath(o.ingest), seed, where).check()
            except AssertionError as e:
                sys.exit("seed %d: %s" % (seed, e))
    print("%d cases are as EIDA has them" % (last - first + 1))


if __name__ == "__main__":
    main()
