#!/usr/bin/env python3
"""The oracle against values that others computed, and against docs/COUNTING.md, case by case."""

import csv
import datetime
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import formats  # noqa: E402
import oracle  # noqa: E402
import rules  # noqa: E402
import sketch  # noqa: E402
import strictjson  # noqa: E402

VECTORS = os.path.join(HERE, "..", "..", "..", "shared", "vectors")


class Fixed(unittest.TestCase):
    """Values that anyone can check, each with where it comes from."""

    def test_murmur3_x86_32(self):
        # "foo" is the documented example of the mmh3 Python module; the others were computed with it.
        for text, signed in ((b"foo", -156908512), (b"1497164453", 1754158144),
                             (b"589198147", -1132361014), (b"", 0)):
            self.assertEqual(sketch.murmur3_x86_32(text), signed & 0xFFFFFFFF)

    def test_murmur3_x64_128(self):
        # SELECT hll_hash_bytea(...) on a server with postgresql-hll, and mmh3 for the second word.
        self.assertEqual(sketch.murmur3_x64_128(b""), (0, 0))
        self.assertEqual(sketch.murmur3_x64_128(b"\x0b"), (0x932FC7CCE617F1E7, 0x7A434B816C4508DC))
        self.assertEqual(sketch.murmur3_x64_128(bytes.fromhex("0b30577ea7")),
                         (0xAC017CB4A3C49A00, 0xA17704C3AC5DF8BD))

    def test_siphash(self):
        # The example of the SipHash paper, appendix A: key 00..0f, message 00..0e.
        self.assertEqual(sketch.siphash_2_4(bytes(range(16)), bytes(range(15))), 0xA129CA6149BE45E5)
        # The first two of the reference's vectors.h: messages of 0 and 1 bytes.
        self.assertEqual(sketch.siphash_2_4(bytes(range(16)), b""), 0x726FDB47DD0E0E31)
        self.assertEqual(sketch.siphash_2_4(bytes(range(16)), b"\0"), 0x74F839C593DC67FD)

    def test_sketches(self):
        # hll_add_agg on a server, hll(11,5): nothing; the bigints 0..2; one user of an EIDA log (589198147).
        self.assertEqual(sketch.hll_bytes(set()).hex(), "118b7f")
        three = {sketch.murmur3_x64_128(i.to_bytes(8, "little"))[0] for i in range(3)}
        self.assertEqual(sketch.hll_bytes(three).hex(),
                         "128b7fde0820a06c76c0a8004403b7fb05c44a28df63b7cc57c3cb")
        self.assertEqual(sketch.hll_bytes({sketch.eida_element(b"589198147")}).hex(),
                         "128b7fffffffffbc818aca")


@unittest.skipUnless(os.path.isdir(VECTORS), "no vectors here")
class FromAServer(unittest.TestCase):
    def rows(self, name):
        csv.field_size_limit(1 << 24)
        with open(os.path.join(VECTORS, name), newline="", encoding="utf-8") as f:
            return list(csv.DictReader(f))

    def test_murmur3(self):
        for row in self.rows("murmur3.csv"):
            data = bytes.fromhex(row["input_hex"])
            self.assertEqual("%016x %016x" % sketch.murmur3_x64_128(data), row["x64_128_h1"] + " " +
                             row["x64_128_h2"])
            self.assertEqual("%08x" % sketch.murmur3_x86_32(data), row["x86_32"])

    def counted(self, first, last):
        first, last = int(first), int(last)
        return range(first, last + 1) if first <= last else range(first, last - 1, -1)

    def elements(self, term, seen):
        """One term of the notation in vectors/README.md."""
        murmur = lambda data: sketch.murmur3_x64_128(data)[0]  # noqa: E731
        if term == "empty":
            return []
        if term in ("empty_text", "empty_id"):
            return [0]
        kind, _, rest = term.partition(" ")
        if m := re.fullmatch(r"union\((\w+),(\w+)\)", term):
            return seen[m[1]] | seen[m[2]]
        if m := re.fullmatch(r"(bigint|integer) (-?\d+)\.\.(-?\d+)", term):
            size = 8 if m[1] == "bigint" else 4
            return [murmur(i.to_bytes(size, "little", signed=True))
                    for i in self.counted(m[2], m[3])]
        if m := re.fullmatch(r"(text|mmh32) '(.*)' (\d+)\.\.(\d+)", term):
            one = murmur if m[1] == "text" else sketch.eida_element
            return [one(m[2].replace("%d", str(i)).encode()) for i in self.counted(m[3], m[4])]
        if kind == "ids":
            return [sketch.eida_element(str(i).encode()) for i in self.counted(*rest.split(".."))]
        if kind in ("texts", "idlist"):
            one = murmur if kind == "texts" else sketch.eida_element
            return [one(text.encode()) for text in rest.split("|")]
        if kind == "hash":
            return [int(h, 0) & sketch.M64 for h in rest.split(",")]
        if kind == "seq":
            base, step, count = rest.split()
            return [int(base, 16) + k * int(step, 16) & sketch.M64 for k in range(int(count))]
        self.fail("unknown notation: " + term)

    def check(self, name, inputs, hll, log2m, regwidth):
        seen = {}
        for row in self.rows(name):
            elements = set()
            for term in row[inputs].split(" + "):
                elements.update(self.elements(term, seen))
            seen[row["case"]] = elements
            self.assertEqual("\\x" + sketch.hll_bytes(elements, log2m, regwidth).hex(), row[hll],
                             row["case"])

    def test_hll_11_5(self):
        self.check("hll_11_5.csv", "inputs", "hll", 11, 5)

    def test_hll_10_4(self):
        self.check("hll_10_4.csv", "inputs", "hll", 10, 4)

    def test_eida(self):
        self.check("eida_11_5.csv", "user_ids", "postgres_hll", 11, 5)


class Json(unittest.TestCase):
    GOOD = [b"{}", b' {"a" : [1, -0, 2.5e-3, true, false, null, "\\u00e9\\n"]}\t',
            b"{" + b'"a":{' * 63 + b"}" * 64]
    BAD = [b"", b"[]", b"1", b'{"a":1,}', b"{'a':1}", b'{"a":NaN}', b'{"a":Infinity}',
           b'{"a":-Infinity}', b'{"a":01}',
           b'{"a":.5}', b'{"a":1.}', b'{"a":+1}', b'{"a":1}x', b'{"a":1} {}', b'{"a" 1}', b'{"a":}',
           b'{a:1}', b"{",
           b'{"a":"\n"}', b'{"a":"\\x41"}', b'{"a":"\\u00g0"}', b'{"a":[1 2]}', b'{"a":[1,]}',
           b'{"a":"b}', b"{,}",
           b'\xef\xbb\xbf{}', b'{"a":tru}', b'{"a":1e}', b"{" + b'"a":{' * 64 + b"}" * 65,
           b'{"a":\x0b1}', b"{}\0"]

    def test_good(self):
        for text in self.GOOD:
            strictjson.parse_object(text)

    def test_bad(self):
        for text in self.BAD:
            with self.assertRaises(strictjson.Bad, msg=text):
                strictjson.parse_object(text)

    def test_strings(self):
        for text, value in ((b"\\ud83d\\ude00", "\U0001f600".encode()),
                            (b"\\ud83dx", b"\xed\xa0\xbdx"),
                            (b"\\u0000", b"\0"), (b"\\/", b"/"), (b"\xff", b"\xff"),
                            (b"\\ud83d\\u0041", b"\xed\xa0\xbdA")):
            self.assertEqual(strictjson.parse_object(b'{"a":"%s"}' % text)[b"a"], value)

    def test_last_key_holds(self):
        self.assertEqual(strictjson.parse_object(b'{"a":true,"b":null,"a":false}')[b"a"], False)


class Times(unittest.TestCase):
    CLF = [("10/Oct/2000:13:55:36 -0700", "2000-10-10"), ("31/Jan/2024:23:59:60 +0000",
                                                          "2024-01-31"),
           ("01/Feb/2024:00:30:00 +0100", "2024-01-31"), ("29/Feb/2024:23:30:00 -0100",
                                                          "2024-03-01"),
           ("01/Mar/2024:13:59:59 +1400", "2024-02-29"), ("31/Feb/2024:00:00:01 +0000", None),
           ("29/Feb/2023:00:00:01 +0000", None), ("10/Oct/2000:24:00:00 +0000", None),
           ("10/oct/2000:13:55:36 -0700", None),
           ("10/Oct/2000:13:55:36 +1401", None), ("10/Oct/2000:13:55:36 -0760", None),
           ("10/Oct/1969:13:55:36 +0000", None),
           ("10/Oct/2000:13:60:36 -0700", None), ("10/Oct/2000:13:55:61 -0700", None),
           ("1/Oct/2000:13:55:36 -07000", None)]
    ISO = [("2024-01-16T10:00:00Z", "2024-01-16"), ("2024-01-31T23:30:00.123456-08:00",
                                                    "2024-01-31"),
           ("2024-01-01 00:00:00", "2024-01-01"), ("2024-01-01T00:00:00+0200", "2024-01-01"),
           ("2024-01-01T00:00:00.1234567890Z", None), ("2024-01-01T00:00:00.Z", None),
           ("2024-01-01", None),
           ("2024-1-01T00:00:00Z", None), ("2024-02-30T00:00:00Z", None),
           ("2024-01-01T24:00:00Z", None),
           ("10000-01-01T00:00:00Z", None), ("2024-01-01T00:00:00z", None),
           ("2024-01-01T00:00:00+02", None)]

    def check(self, parse, cases):
        for text, expected in cases:
            if expected is None:
                with self.assertRaises(formats.Reject, msg=text):
                    parse(text.encode())
            else:
                self.assertEqual(parse(text.encode()).isoformat(), expected)

    def test_clf(self):
        self.check(formats.clf_utc_day, self.CLF)

    def test_iso(self):
        self.check(formats.iso_day, self.ISO)


class Routes(unittest.TestCase):
    def found(self, path, templates=(), pack="default", decodes=1):
        return rules.Rules(pack, templates).route(formats.Record(path=path, decodes=decodes))

    def test_crates(self):
        serde = (b"serde", b"1.0.195", "crates")
        for path in (b"/crates/serde/serde-1.0.195.crate", b"/crates/serde/1.0.195/download",
                     b"/api/v1/crates/serde/1.0.195/download",
                     b"https://static.crates.io/crates/serde/serde-1.0.195.crate?x=/y#z",
                     b"/crates/serde/1.0.195/downloa%64"):
            self.assertEqual(self.found(path), serde)
        self.assertEqual(self.found(b"/crates/a-1/a-1-2.0.0-rc.1%252Bb.crate", decodes=2),
                         (b"a-1", b"2.0.0-rc.1+b", "crates"))
        self.assertEqual(self.found(b"/crates/a/a-1.0.0+b.crate"), (b"a", b"1.0.0+b", "crates"))
        for path in (b"/crates/serde/serde-1.0.crate", b"/crates/serde/tokio-1.0.0.crate",
                     b"/crates/serde/01.0.0/download",
                     b"/crates/serde/1.0.0-01/download", b"/crates//1.0.0/download",
                     b"/crates/serde/1.0.0/download/", b""):
            self.assertIsNone(self.found(path))

    def test_gems(self):
        for file, name, version in ((b"rails-7.1.2", b"rails", b"7.1.2"),
                                    (b"foo-1.0.0-2", b"foo", b"1.0.0-2"),
                                    (b"libv8-node-16.10.0.0-x86_64-darwin-19", b"libv8-node",
                                     b"16.10.0.0-x86_64-darwin-19"),
                                    (b"foo-2d-1.0", b"foo-2d", b"1.0"),
                                    (b"json-1.8.3-java", b"json", b"1.8.3-java"),
                                    (b"foo-1", b"foo", b"1"), (b"x-1-2", b"x-1", b"2"),
                                    (b"a-b-3x", b"a-b", b"3x")):
            self.assertEqual(self.found(b"/gems/" + file + b".gem"), (name, version, "rubygems"))
        for file in (b"rails", b"rails-a", b"", b"-1.0"):
            self.assertIsNone(self.found(b"/gems/" + file + b".gem"))

    def test_hex(self):
        self.assertEqual(self.found(b"/tarballs/jason-1.4.1.tar"), (b"jason", b"1.4.1", "hex"))
        self.assertEqual(self.found(b"/repos/acme/tarballs/a-b-1.0.tar"), (b"a", b"b-1.0", "hex"))
        self.assertIsNone(self.found(b"/repos/a/b/tarballs/a-1.0.tar"))

    def test_users_own(self):
        self.assertEqual(self.found(b"/get/x/y/tool", ["/get/{}/**/{name}"]),
                         (b"tool", None, "custom"))
        self.assertEqual(self.found(b"/get/tool", ["/get/**/{name}"]), (b"tool", None, "custom"))
        self.assertEqual(self.found(b"/t/tool/tool-beta.zip", ["/t/{name}/{name}-{version}.zip"]),
                         (b"tool", b"beta", "custom"))
        self.assertEqual(self.found(b"/t/tool-1.2-3.zip", ["/t/{name}-{version}.zip"], "hex"),
                         (b"tool", b"1.2-3", "hex"))
        self.assertIsNone(self.found(b"/gems/a-1.0.gem", (), "crates"))


class WholeRuns(unittest.TestCase):
    HEAD = b"#Version: 1.0\n#Fields: date cs-method cs-uri-stem sc-status sc-bytes c-ip\n"
    ROW = b"2024-01-16\tGET\t/crates/serde/1.0.0/download\t200\t42\t192.0.2.7\n"

    def run_on(self, *payloads, options=()):
        with tempfile.TemporaryDirectory() as d:
            names = []
            for i, payload in enumerate(payloads):
                names.append(os.path.join(d, str(i)))
                with open(names[-1], "wb") as f:
                    f.write(payload)
            done = subprocess.run([sys.executable, os.path.join(HERE, "oracle.py"), "--tallies",
                                   os.path.join(d, "t"),
                                   *options, *names], capture_output=True, check=False)
            with open(os.path.join(d, "t"), encoding="utf-8") as f:
                return done.returncode, done.stdout.decode(), json.load(f)

    def test_rows_and_tallies(self):
        status, out, tallies = self.run_on(self.HEAD + self.ROW * 2 + b"\nbad\n")
        client = "%016x" % sketch.murmur3_x64_128(b"192.0.2.7")[0]
        self.assertEqual(status, 0)
        self.assertEqual(out, "".join(
            '{"table":"stats","name":"serde","version":%s,"dldate":"2024-01-16","count":2,"bytes":84,'
            '"clients":"\\\\x128b7f%s"}\n' % (version, client) for version in ("null", '"1.0.0"')))
        self.assertEqual(tallies["lines"], {"read": 6, "counted": 2,
                                            "filtered": {"blank": 1, "comment": 2},
                                            "rejected": {"fields": 1}})

    def test_equal_payloads_count_once(self):
        data = self.HEAD + self.ROW
        once = self.run_on(data)
        self.assertEqual(self.run_on(data, gzip.compress(data), data + b"unterminated"), once)

    def test_damage_adds_nothing(self):
        packed = gzip.compress(self.HEAD + self.ROW)
        for damaged in (packed[:-1], packed[:-9], packed + b"x", packed[:20] + b"\0" + packed[21:]):
            status, out, tallies = self.run_on(damaged)
            self.assertEqual((status, out, tallies["lines"]["read"]), (1, "", 0))

    def test_no_text(self):
        self.assertEqual(self.run_on(b"\x7f")[:2], (1, ""))
        self.assertEqual(self.run_on(b"half a line\t\x1b[0m")[:2], (0, ""))

    def test_what_is_more_than_an_inputs_sum_is_rejected(self):
        line = b'192.0.2.1 - - [01/Mar/2024:17:29:24 +0000] "GET /crates/%s/%s-1.0.0.crate HTTP/1.1" 200 %d "-" "c"\n'
        data = line % (b"d", b"d", 2 ** 63 - 31) + line % (b"serde", b"serde", 31)
        status, out, tallies = self.run_on(data + line % (b"d", b"d", 30))
        self.assertEqual((status, out.count('"serde"'), out.count('"bytes":%d,' % (2 ** 63 - 1))), (0, 0, 2))
        self.assertEqual(tallies["lines"]["rejected"], {"number": 1})

    def test_members_and_padding(self):
        packed = gzip.compress(self.HEAD) + bytes(512) + gzip.compress(self.ROW) + bytes(3)
        self.assertEqual(self.run_on(packed), self.run_on(self.HEAD + self.ROW))

    def test_refused_formats(self):
        for data in (b"#Version: 2.0\n" + self.HEAD + self.ROW, b"#Version: 1.0\n" + self.ROW,
                     b"hello\nworld\n",
                     b"#Fields: date time\n" + self.ROW, self.HEAD + self.ROW + b"#Version: 1.1\n"):
            self.assertEqual(self.run_on(data)[:2], (1, ""))

    def test_ecosystem_of_the_first_hit(self):
        gem = self.ROW.replace(b"/crates/serde/1.0.0/download", b"/gems/json-1.8.3-java.gem")
        status, out, tallies = self.run_on(self.HEAD + gem + self.ROW)
        self.assertEqual(out.count('"version":"1.8.3-java"'), 1)
        self.assertEqual(tallies["lines"]["filtered"]["other_ecosystem"], 1)

    def test_client_keys(self):
        self.assertEqual(oracle.address_bytes(b"192.0.2.7"), b"\xc0\0\x02\x07")
        self.assertEqual(oracle.address_bytes(b"::ffff:192.0.2.7"), b"\xc0\0\x02\x07")
        self.assertEqual(oracle.address_bytes(b"2001:DB8::1"), bytes.fromhex("20010db800000000"))
        self.assertEqual(oracle.address_bytes(b"192.0.2.07"), b"\xff192.0.2.07")
        epochs = [(datetime.date(2024, 1, 1), bytes(16)), (datetime.date(2024, 2, 1),
                                                           bytes(range(16)))]
        of = lambda d: oracle.client_element(b"host", epochs, d)  # noqa: E731
        self.assertEqual(of(datetime.date(2023, 1, 1)), of(datetime.date(2024, 1, 31)))
        self.assertEqual(of(datetime.date(2024, 2, 1)),
                         sketch.siphash_2_4(bytes(range(16)), b"\xffhost"))

    def test_fdsnws(self):
        ok = (b'{"finished":"2024-01-31T23:59:59.5-08:00","status":"OK","userID":589198147,"userLocation":{"country":null},"trace":['
              b'{"net":"GE","sta":"EIL","loc":"","cha":"BHZ","status":"OK","bytes":7},{"status":"NODATA"},{"status":"OK"}]}\n')
        bad = b'{"finished":"2024-01-31T23:59:59Z","status":"ERROR"}\n'
        status, out, tallies = self.run_on(ok + bad)
        head = '{"table":"dataselect_stats","node":"local","date":"2024-01-01",'
        self.assertEqual(out.splitlines(), [
            head +
            '"network":"","station":"","location":"--","channel":"","country":"","bytes":0,"nb_reqs":1,'
            '"nb_successful_reqs":0,"nb_failed_reqs":1,"clients":"\\\\x118b7f"}',
            head +
            '"network":"GE","station":"EIL","location":"","channel":"BHZ","country":"","bytes":7,"nb_reqs":1,'
            '"nb_successful_reqs":1,"nb_failed_reqs":0,"clients":"\\\\x128b7fffffffffbc818aca"}'])
        self.assertEqual(tallies, {"lines": {"read": 2, "counted": 2, "filtered": {},
                                             "rejected": {}},
                                   "records": {"read": 4, "counted": 2,
                                               "filtered": {"no_data_trace": 1},
                                               "rejected": {"fields": 1}}})

    def test_combined_lines(self):
        cases = [(b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 200 42 "-" "x"', ""),
                 (b'1.2.3.4 - a [b c] d [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 200 42 "-" "x\\"y" more', ""),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem" 200 - "-" "x"',
                  ""),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "\\x47ET" 200 42 "-" "x"', "method"),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 200 42',
                  "fields"),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 200 42 "-" "x"y', "fields"),
                 (b'1.2.3.4 - - [16/Jan/2024:24:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 200 42 "-" "x"', "time"),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 2000 42 "-" "x"', "number"),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 200 -1 "-" "x"', "number"),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/\\xff-1.0.gem HTTP/1.1" 200 1 "-" "x"', "encoding"),
                 (b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" - 1 "-" "x"', "status")]
        for line, why in cases:
            _, _, tallies = self.run_on(line + b"\n", options=["--format", "combined",
                                                               "--max-reject", "100"])
            tally = tallies["lines"]
            got = "".join([*tally["filtered"], *tally["rejected"]])
            self.assertEqual((got, tally["read"]), (why, 1), line)

    def test_too_many_rejected(self):
        good = b'1.2.3.4 - - [16/Jan/2024:00:00:01 +0000] "GET /gems/a-1.0.gem HTTP/1.1" 200 42 "-" "x"\n'
        for n_good, n_bad, n_blank, most, status in [
                (0, 1, 0, 50, 1), (1, 1, 0, 50, 0), (1, 2, 0, 50, 1), (20, 20, 0, 50, 0), (19, 20, 0, 50, 1),
                (20, 20, 5, 49, 1), (19, 20, 900, 50, 1), (0, 9, 9, 100, 0), (900, 20, 0, 0, 1),
                (900, 1, 0, 0, 1), (0, 0, 9, 0, 0)]:
            text = good * n_good + b"x\n" * n_bad + b"\n" * n_blank
            got, _, tallies = self.run_on(text, options=["--format", "combined",
                                                         "--max-reject", str(most)])
            self.assertEqual(got, status, (n_good, n_bad, n_blank, most))
            self.assertEqual(tallies["lines"]["read"],
                             0 if status else n_good + n_bad + n_blank)


if __name__ == "__main__":
    unittest.main()
