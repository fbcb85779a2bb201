#!/usr/bin/env python3
"""The oracle of EIDA's programs against figures that others computed."""

import csv
import datetime
import json
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import eida  # noqa: E402
import sketch  # noqa: E402

VECTORS = os.path.join(HERE, "..", "..", "..", "shared", "vectors", "eida_11_5.csv")

# The first line of the aggregator's own test log, as far as it is looked at.
LINE = json.dumps({"clientID": "IRISDMC", "finished": "2020-09-18T00:00:00.758768Z", "userLocation": {"country": "US"}, "bytes": 98304,
                   "service": "fdsnws-dataselect", "trace": [{"cha": "BHZ", "sta": "EIL", "start": "1997-08-09T00:00:00.0000Z", "net": "GE",
                   "restricted": False, "loc": "", "bytes": 98304, "status": "OK"}], "status": "OK", "userID": 1497164453})


def payload_of(*lines):
    aggregator = eida.Aggregator()
    aggregator.take(lines)
    return aggregator.payload()


class Aggregator(unittest.TestCase):
    def test_one_line(self):
        payload = payload_of(LINE)
        self.assertEqual(payload["days_coverage"], ["2020-09-18"])
        self.assertEqual(payload["stats"], [{
            "month": "2020-09-01", "network": "GE", "station": "EIL", "location": "", "channel": "BHZ", "country": "US", "bytes": 98304,
            "nb_requests": 1, "nb_successful_requests": 1, "nb_unsuccessful_requests": 0, "clients": "\\x128B7F00000000688E5440"}])

    def test_hash_of_the_service(self):
        payload = payload_of(LINE)
        self.assertEqual(len(str(payload["stats"])), 245)
        self.assertEqual(eida.payload_hash(payload), 795719325)
        payload["stats"][0]["clients"] = payload["stats"][0]["clients"].lower()
        self.assertEqual(eida.payload_hash(payload), -1027972329)

    def test_elements(self):
        for user, signed in (("1497164453", 1754158144), ("589198147", -1132361014), ("2320080092", 475805006), ("", 0), ("foo", -156908512)):
            self.assertEqual(sketch.signed64(sketch.eida_element(user.encode())), signed)

    def test_days_are_as_written(self):
        for finished, day in (("2024-02-01T00:30:00+02:00", datetime.date(2024, 2, 1)), ("2024-01-31T23:30:00.5-08:00", datetime.date(2024, 1, 31)),
                              ("2024-02-30T00:00:00Z", None), ("2024-02-01", None)):
            self.assertEqual(eida.finished_day(finished), day)

    def test_failures_are_counted_once_and_what_is_not_read_is_an_event(self):
        failed = LINE.replace('"status": "OK", "userID"', '"status": "NODATA", "userID"')
        payload = payload_of(failed, failed, "no JSON", LINE.replace("2020-09-18", "2020-09-31"))
        self.assertEqual([[e[k] for k in eida.KEY + eida.SUMS] for e in payload["stats"]],
                         [["2020-09-01", "", "", "--", "", "US", 0, 2, 0, 2]])
        self.assertEqual(payload["aggregation_score"], 4)
        self.assertIsNone(payload_of("no JSON"))


class Networks(unittest.TestCase):
    entries = eida.Extender.of_json({"networks": [
        {"fdsn_code": code, "start_date": first, "end_date": last} for code, first, last in [
            ("ZO", "2014-01-01", "2016-12-31"), ("ZO", "2018-01-01", None), ("YP", "2012-06-01", "2013-12-31"), ("FR", "1962-01-01", ""),
            ("Z3", "2015-05-01", "2022-12-31"), ("Z3", "2016-01-01", "2016-12-31")]]})

    def test_codes(self):
        for code, start, extended in (("ZO", "2019", "ZO2018"), ("YP", "2013-01-01", "YP2012"), ("FR", "2019-01-01", "FR"), ("FR", "x", "FR"),
                                      ("Z3", "2016-06-01T00:00:00.0000Z", "Z32015"), ("ZO", "2016-12-31", "ZO2014"), ("z3", "2016", "z3")):
            self.assertEqual(self.entries.extend(code, start), extended)
        for code, start in (("YP", "1912"), ("ZO", "2014-"), ("ZO", "2017-01-01"), ("9Z", "2019-01-01")):
            with self.assertRaises(ValueError):
                self.entries.extend(code, start)


class Service(unittest.TestCase):
    def sums(self, service):
        return [values for values, _ in service.rows.values()]

    def test_post_adds_and_put_replaces(self):
        service, other = eida.Service(), payload_of(LINE, LINE.replace("1497164453", "589198147"))
        service.send(payload_of(LINE))
        service.send(other)
        self.assertEqual(self.sums(service), [[3 * 98304, 3, 3, 0]])
        self.assertIn("\\\\x128b7fffffffffbc818aca00000000688e5440", list(service.texts())[0])
        service.hashes.clear()
        service.send(payload_of(LINE), "PUT")
        self.assertEqual(self.sums(service), [[98304, 1, 1, 0]])
        with self.assertRaises(eida.Duplicate):
            service.send(payload_of(LINE))

    def test_countries_are_one_after_normalisation(self):
        payload = payload_of(*(LINE.replace('"US"', country) for country in ('null', '""', '"USA"')))
        self.assertEqual(len(payload["stats"]), 3)
        for e in payload["stats"]:
            del e["nb_requests"], e["nb_unsuccessful_requests"]
        del payload["stats"][0]["country"]
        service = eida.Service()
        service.send(payload, "PUT")
        self.assertEqual(self.sums(service), [[3 * 98304, 3, 3, 0]])


@unittest.skipUnless(os.path.isfile(VECTORS), "no vectors here")
class Vectors(unittest.TestCase):
    def elements(self, term):
        kind, _, rest = term.partition(" ")
        if kind == "ids":
            first, last = map(int, rest.split(".."))
            return map(str, range(first, last + 1))
        return {"empty": [], "empty_id": [""]}.get(term) if kind != "idlist" else rest.split("|")

    def test_both_programs(self):
        csv.field_size_limit(1 << 24)
        seen, n = {}, 0
        with open(VECTORS, newline="", encoding="utf-8") as f:
            for row in csv.DictReader(f):
                made = eida.Sketch()
                for term in row["user_ids"].split(" + "):
                    union = re.fullmatch(r"union\((\w+),(\w+)\)", term)
                    for one in union.groups() if union else ():
                        made.unite(seen[one])
                    for user in self.elements(term) or () if not union else ():
                        made.add(sketch.eida_element(user.encode()))
                seen[row["case"]] = made
                wires = ["\\x" + made.wire(full).hex() for full in (eida.FULL_PYTHON, eida.FULL_SERVER)]
                self.assertEqual(wires, [row["python_hll"], row["postgres_hll"]], row["case"])
                for wire in wires:  # and back
                    self.assertEqual(eida.Sketch.read(bytes.fromhex(wire[2:])).wire(eida.FULL_SERVER).hex(), wires[1][2:])
                n += 1
        self.assertGreater(n, 20)


if __name__ == "__main__":
    unittest.main()
