"""Fastly's log as crates.io has it written: a syslog head and one JSON object a line."""

import datetime

from .truth import Skip
from .world import World, moments

PLACES = ["FRA", "IAD", "NRT", ""]
QUERIES = [b"?download=1", b"?a=/gems/b-1.0.gem#c", b"#fragment"]
OFFSETS = ["Z"] * 12 + ["", "+00:00"]
ODD_OFFSETS = [(120, "+02:00"), (-480, "-0800"), (330, "+0530"), (840, "+14:00"), (-210, "-03:30")]
LETTERS = {0x22: '\\"', 0x5C: "\\\\", 8: "\\b", 9: "\\t", 12: "\\f", 13: "\\r"}

BAD_TIMES = ['"2024-02-30T00:00:00Z"', '"2024-01-16"', '"2024-01-16T24:00:00Z"', '"16/Jan/2024:00:00:01 +0000"',
             '"2024-01-16T10:00:00.Z"', '"10000-01-01T00:00:00Z"', '"2024-01-16T10:00:00+02"', '""',
             '"2024-01-16T10:00:00.1234567891Z"', '"1969-12-31T23:59:59Z"', '"1970-01-01T00:00:00+00:01"',
             '"9999-12-31T23:59:59-00:01"', '"2024-01-16T10:00:62Z"', '"2024-01-16T10:00:00+14:01"', '"2024-01-16t10:00:00Z"']
BAD_STATUS = ['"200"', "20", "2000", "0", "-20", "2e2", "200.0", "null", "[]", "true"]
BAD_BYTES = ["-1", "1.0", "1e3", '"12"', "9223372036854775808", "9" * 30, "true", "{}",
             "-9223372036854775808"]
BAD_MEMBERS = [("version", '"2"'), ("version", "1"), ("version", "null"), ("method", "null"), ("method", None),
               ("url", None), ("url", "7"), ("url", "[]"), ("date_time", None), ("date_time", "1705399200"),
               ("status", None), ("ip", "1"), ("ip", "{}"), ("http", '{"useragent":7}'), ("http.useragent", "[]")]
BROKEN = ['"a":NaN,', '"a":[1,],', '"a":01,', '"a":"\t",', "'a':1,", '"a":"\\x41",', '"a":tru,', ",", '"a":1 "b":2,',
          '"a":{"b":1,},', '"a":' + "[" * 64 + "]" * 64 + ","]
STRANGE = ['"":"\\u0000\\ud800",', '"n":[-0,1E+5,0.5e-3],', '"x":' + "[" * 63 + "]" * 63 + ",", '"x":"]: {",',
           '"status":null,', '"version":"2",', '"http":{"useragent":7},', '"url":"/crates/rand/0.8.5/download",',
           '"x":{"method":"PUT"},', '"useragent":"cargo/1",']


def text(rng, raw):
    """`raw` as a JSON string that gives the same bytes; some are escaped that need not be."""
    out, at = bytearray(), 0
    while at < len(raw):
        for n in (1, 2, 3, 4):
            try:
                c = raw[at:at + n].decode("utf-8", "surrogatepass")
                break
            except UnicodeDecodeError:
                c = None
        if c is None:
            out += raw[at:at + 1]
            at += 1
            continue
        code = ord(c)
        if code in LETTERS and rng.random() < 0.7:
            out += LETTERS[code].encode()
        elif code < 0x20 or code in (0x22, 0x5C) or rng.random() < (0.2 if code > 0x7E else 0.001):
            units = c.encode("utf-16-be", "surrogatepass")
            out += b"".join(rng.choice([b"\\u%04x", b"\\u%04X"]) % int.from_bytes(units[i:i + 2], "big")
                            for i in range(0, len(units), 2))
        elif c == "/" and rng.random() < 0.01:
            out += b"\\/"
        else:
            out += raw[at:at + n]
        at += n
    return b'"' + bytes(out) + b'"'


class Fastly:
    def __init__(self, rng, world):
        self.rng, self.world = rng, world

    def values(self, when):
        """The members as JSON, in the order of the real log, and what the line means."""
        rng = self.rng
        r, path, agent = self.world.request(when, 1)
        r.range = "unknown"
        r.status = r.status or 100
        if rng.random() < 0.7:
            path = rng.choice([b"https://static.example.org", b"http://h:80"]) + path
        path += rng.choice(QUERIES) if rng.random() < 0.05 else b""
        values = {"bytes": b"%d" % r.bytes if r.bytes or rng.random() < 0.5 else b"null",
                  "date_time": b'"%s"' % self.moment(when),
                  "edge_location": b'"%s"' % rng.choice(PLACES).encode(), "host": b'"static.example.org"',
                  "http": self.http(r, agent), "ip": text(rng, r.client) if r.client else b"null",
                  "method": b'"%s"' % r.method.encode(), "service": b'"static.example.org"',
                  "status": b"%d" % r.status, "url": text(rng, path), "version": b'"1"'}
        if rng.random() < 0.02:
            del values["version"]
        if rng.random() < 0.02:
            r.client = None
            del values["ip"]
        if rng.random() < 0.05:
            values["http.useragent"] = text(rng, b"-" if agent is None else agent)
            values["http"] = rng.choice([b"{}", b"null", b"[]", b'{"useragent":"cargo/1"}', b'{"useragent":7}'])
        elif rng.random() < 0.02:
            r.cargo = None
            values["http"] = rng.choice([b"{}", b"null", b'{"useragent":null}', b'{"useragent":"x","useragent":null}'])
            if rng.random() < 0.3:
                del values["http"]
        return r, values

    def http(self, r, agent):
        return b'{"protocol":"HTTP/2","referer":null,"useragent":%s}' % text(
            self.rng, b"-" if agent is None else agent)

    def moment(self, when):
        rng = self.rng
        offset = rng.choice(OFFSETS)
        if rng.random() < 0.1:
            minutes, offset = rng.choice(ODD_OFFSETS)
            when += datetime.timedelta(minutes=minutes)
        second = 60 if when.second == 59 and rng.random() < 0.3 else when.second
        fraction = rng.choice(["", ".%09d" % rng.randrange(10 ** 9), ".%06d" % rng.randrange(10 ** 6), ".5"])
        day = when.strftime(rng.choice(["%Y-%m-%dT%H:%M:"] * 20 + ["%Y-%m-%d %H:%M:"]))
        return ("%s%02d%s%s" % (day, second, fraction, offset)).encode()

    def head(self, when):
        return b"<134>%sZ cache-fra-%d s3-request-logs[%d]: " % (
            when.strftime("%Y-%m-%dT%H:%M:%S").encode(), self.rng.randrange(9), self.rng.randrange(1000))

    def render(self, when, values, first=""):
        rng = self.rng
        items = list(values.items())
        if rng.random() < 0.1:
            rng.shuffle(items)
        comma, colon = rng.choice([(b",", b":")] * 9 + [(b", ", b": ")])
        body = comma.join(b'"%s"%s%s' % (key.encode(), colon, value) for key, value in items)
        return self.head(when) + b"{" + first.encode() + body + b"}"

    def line(self, when):
        r, values = self.values(when)
        return self.render(when, values), r

    def damaged(self, when):
        rng = self.rng
        r, values = self.values(when)
        kind = rng.randrange(12)
        if kind < 2:
            values["date_time"] = rng.choice(BAD_TIMES).encode()
            return self.render(when, values), Skip("time")
        if kind < 5:
            key, bad = rng.choice([("status", BAD_STATUS), ("bytes", BAD_BYTES)])
            values[key] = rng.choice(bad).encode()
            return self.render(when, values), Skip("number")
        if kind < 7:
            return self.misfit(when, values), Skip("fields")
        if kind == 7:
            return self.render(when, values, rng.choice(BROKEN)), Skip("json")
        if kind == 8:
            line = self.render(when, values)
            opening = line.index(b"{")
            return rng.choice([line[:rng.randrange(opening + 1, len(line))], line + b"}", line + line,
                               line[:-1] + b",}", line[:-1]]), Skip("json")
        if kind == 9:
            line = self.render(when, values)
            return rng.choice([(b"", Skip("blank")), (b"\r", Skip("blank")), (b" ", Skip("fields")),
                               (line[line.index(b"{"):], Skip("fields")),
                               (line.replace(b"]: {", b"] {", 1), Skip("fields")), (b"<134>]: ", Skip("fields")),
                               (b"<134>]: {}", Skip("fields"))])
        values.setdefault("version", b'"1"')
        values.setdefault("http", b"null")
        if kind == 10:
            first = rng.choice(STRANGE)
            line = self.render(when, dict(values), first)
            return line + rng.choice([b" ", b"\r", b" \t"]), r
        return b"<" + self.render(when, values)[rng.randrange(1, 5):], r

    def misfit(self, when, values):
        key, value = self.rng.choice(BAD_MEMBERS)
        if key == "http":
            values.pop("http.useragent", None)
        if value is None:
            del values[key]
        else:
            values[key] = value.encode()
        return self.render(when, values)


def generate(rng, n, damage=0.0, ecosystem="crates", start=datetime.datetime(2024, 2, 27),
             days=(3, 2, 9, 6, 1), **world):
    writer = Fastly(rng, World(rng, ecosystem, **world))
    for when in moments(rng, start, days, n):
        yield writer.damaged(when) if rng.random() < damage else writer.line(when)
