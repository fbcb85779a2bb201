"""
Logs of servers, CDNs and registries in the shapes that have no module of their own: for comparing two programs on them, so
nothing is said here about what a line means.
"""

import datetime

from .clf import BAD_BYTES, BAD_STATUS, BAD_TIMES, REFERERS, USERS, AccessLog, escaped
from .world import World, moments

VHOSTS = [b"example.org:443", b"example.org", b"[2001:db8::1]:80", b"_", b"", b"192.0.2.1:8080", b"a:b:80"]
BAD_IMF = [b"Fri, 30 Feb 2024 00:00:01 GMT", b"Fri, 01 Mar 2024 24:00:00 GMT", b"fri, 01 Mar 2024 00:00:01 GMT",
           b"Fri, 01 Mar 2024 00:00:01 UTC", b"Fri, 1 Mar 2024 00:00:01 GMT", b"Wed, 31 Dec 1969 23:59:59 GMT"]
BAD_ISO = [b"2024-02-30T00:00:01Z", b"2024-03-01T24:00:00Z", b"2024-03-01", b"2024-03-01T00:00:01.Z", b"-"]
TEXTS = [b"-", b"curl/8.5.0", b'a "quoted" word', b"x\\\"y", b"", b'"', b"two  blanks", b"a|b", b"(null)", b'" 200 - 1', b"(null)|",
         b"GET|200|17|bytes=0-|pip/24", b"\xff"]
OPERATIONS = [b"REST.GET.OBJECT"] * 20 + [b"WEBSITE.GET.OBJECT", b"REST.HEAD.OBJECT", b"REST.GET.BUCKET", b"REST.GET.OBJECT_TAGGING",
                                          b"S3.EXPIRE.OBJECT", b"-", b"a.b.c.OBJECT", b".GET.OBJECT"]


def iso(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S").encode()


def imf(when):
    days, months = "Mon Tue Wed Thu Fri Sat Sun".split(), "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return ("%s, %02d %s %s GMT" % (days[when.weekday()], when.day, months[when.month - 1],
                                    when.strftime("%Y %H:%M:%S"))).encode()


def head(rng, when):
    """A head of syslog, or what is nearly one."""
    odd = rng.random() < 0.15
    stamps, tags = [iso(when) + b"Z", iso(when), b"Mar  1 00:00:01", b"Dec 31 00:00:01"], [b"tag[7]:", b"nginx:"]
    data = [b"-", b"[a b=\"]\\\"\"]", b"[a][b]"]
    priorities, counts, versions = [b"<134>", b"<0>"], [b"", b"129 "], [b"1", b"12"]
    if odd:
        stamps, tags = stamps + [b"Mar 1 00:00:01", b"-"], tags + [b"tag", b":", b"x y:"]
        data, versions = data + [b"[a", b"[\"", b"x"], versions + [b"123"]
        priorities, counts = priorities + [b"<1340>", b"<>", b""], counts + [b"0129 ", b"12345678 "]
    old = b"%s %s%s " % (rng.choice(stamps), rng.choice([b"", b"host "]), rng.choice(tags))
    new = b"%s %sZ host app 7 - %s %s" % (rng.choice(versions), iso(when), rng.choice(data), rng.choice([b"", b"", b"\xef\xbb\xbf"]))
    return rng.choice(counts) + rng.choice(priorities) + rng.choice([old, new])


class Writer:
    layers = 1

    def __init__(self, rng, world):
        self.rng, self.world = rng, world
        self.clf = AccessLog(rng, world, True)

    def request(self, when):
        """client, method, path, status, bytes, agent as bytes, before anything is damaged."""
        r, path, agent = self.world.request(when, self.layers)
        return {"client": r.client or b"-", "method": r.method.encode(), "path": path, "range": r.range,
                "status": b"%d" % r.status if r.status else b"-", "bytes": b"%d" % r.bytes,
                "agent": self.rng.choice(TEXTS) if self.rng.random() < 0.1 else agent or b"-"}

    def line(self, when, damaged):
        q = self.request(when)
        bad = self.rng.choice(["time", "status", "bytes", "cut", "word"]) if damaged else ""
        if bad == "status":
            q["status"] = self.rng.choice(BAD_STATUS)
        if bad == "bytes":
            q["bytes"] = self.rng.choice(BAD_BYTES)
        line = self.render(q, when, bad == "time")
        if bad == "cut":
            line = line[:self.rng.randrange(len(line) + 1)]
        if bad == "word":
            words = line.split(b" ")
            words.pop(self.rng.randrange(len(words)))
            line = b" ".join(words)
        return line

    def time(self, when, bad):
        return self.rng.choice(BAD_TIMES) if bad else self.clf.clf_time(when)

    def imf(self, when, bad):
        return self.rng.choice(BAD_IMF) if bad else imf(when)

    def iso(self, when, bad):
        return self.rng.choice(BAD_ISO) if bad else iso(when) + self.rng.choice([b"Z", b".25Z", b"+02:00", b""])


class Vhost(Writer):
    def __init__(self, rng, world, agents):
        super().__init__(rng, world)
        self.tail = agents

    def render(self, q, when, bad):
        rng = self.rng
        line = b'%s - %s [%s] "%s %s HTTP/1.1" %s %s' % (q["client"], rng.choice(USERS), self.time(when, bad), q["method"],
                                                       escaped(rng, q["path"]), q["status"], q["bytes"])
        if self.tail:
            line += b' "%s" "%s"' % (rng.choice(REFERERS), escaped(rng, q["agent"]))
        return rng.choice(VHOSTS) + b" " + line


class Headed(Vhost):
    """`combined` behind heads of syslog, in most lines."""

    def render(self, q, when, bad):
        rng = self.rng
        line = super().render(q, when, bad).partition(b" ")[2]
        return line if rng.random() < 0.05 else head(rng, when) + (b"" if rng.random() < 0.02 else line)


class Text(Writer):
    """Fastly's, of two registries."""

    def render(self, q, when, bad):
        rng = self.rng
        if rng.random() < 0.5:
            line = b"%s %s %s %s" % (q["client"], self.imf(when, bad), q["path"], q["status"])
            line += b" " + q["agent"] if rng.random() < 0.9 else b""
        else:
            date = rng.choice([b"[%s]" % self.time(when, bad), b'"%s"' % self.imf(when, bad)])
            line = b'%s %s "%s %s%s" %s' % (q["client"], date, q["method"], escaped(rng, q["path"]),
                                           rng.choice([b"", b" HTTP/1.1"]), q["status"])
            line += rng.choice([b"", b" ", b' "%s" 0' % escaped(rng, q["agent"]), b' "%s"' % q["agent"], b" - 0"])
        return line if rng.random() < 0.3 else head(rng, when) + line


class Linehaul(Writer):
    def render(self, q, when, bad):
        rng = self.rng
        new = b"%s|%s|%s|%s|" % (q["method"], q["status"], q["bytes"],
                                 rng.choice([b"", b"(null)", b"bytes=0-", b"bytes=0-1,5-", b"bytes=7-"]))
        line = b"%s|%s|%s|%s|TLSv1.2|ECDHE|a|1.0|sdist|%s%s" % (
            rng.choice([b"download"] * 9 + [b"simple", b"upload"]), self.imf(when, bad), rng.choice([b"US", b"", b"USA"]),
            q["path"], rng.choice([b"", new]), q["agent"])
        return line if rng.random() < 0.5 else head(rng, when) + line


class S3(Writer):
    layers = 2

    def render(self, q, when, bad):
        rng = self.rng
        key = rng.choice([q["path"], q["path"][1:]])
        uri = rng.choice([b'"GET /bucket%s HTTP/1.1"' % q["path"]] * 9 + [b"-", b'"GET /"x" HTTP/1.1"', b'"x" 404 y"', b'"'])
        size = rng.choice([q["bytes"], b"-", b"12345678"])
        tail = rng.choice([b'"%s" "%s" - host= SigV4' % (rng.choice(REFERERS), q["agent"])] * 30 + [b'- -', b'- "x', b'"a" b', b'"-"'])
        return b"owner bucket [%s] %s - 3E57 %s %s %s %s - %s %s 7 5 %s" % (
            self.time(when, bad), q["client"], rng.choice(OPERATIONS), key, uri, q["status"], q["bytes"], size, tail)


class Elb(Writer):
    def render(self, q, when, bad):
        rng = self.rng
        kind = rng.choice([b"https ", b"h2 ", b""] * 6 + [b"tls "])
        client = rng.choice([q["client"] + b":2817", b"[%s]:2817" % q["client"], q["client"], b"[:1", b"[]:1"])
        return b'%s%s app/lb/1 %s 10.0.0.1:80 0.1 0.2 0.3 %s - 34 %s "%s https://example.org:443%s HTTP/1.1" "%s"%s' % (
            kind, self.iso(when, bad), client, q["status"], q["bytes"], q["method"], escaped(rng, q["path"]),
            escaped(rng, q["agent"]), rng.choice([b"", b" - -"] * 6 + [b"x"]))


class W3c(Writer):
    """Columns and what separates values change on the way."""

    PATHS, CLIENTS = ["cs-uri-stem", "cs-uri-path", "cs-uri"], ["c-ip", "cs-ip"]

    def headers(self, first):
        rng = self.rng
        self.columns = rng.choice([["date", "time"], ["date"], ["timestamp"], ["timestamp(ms)"], ["time", "timestamp", "date"]])
        self.columns = self.columns + ["cs-method", "sc-status", "sc-bytes", "cs(User-Agent)"] + \
            rng.sample(self.PATHS, rng.choice([1, 1, 1, 2])) + rng.sample(self.CLIENTS, rng.choice([0, 1, 1, 2])) + \
            rng.choice([[], [], ["sc-range-start", "sc-range-end", "sc-content-len"], ["cs-host"]]) + \
            rng.choice([[], [], [], ["x-edge-location"]])
        rng.shuffle(self.columns)
        self.separator = rng.choice([b" ", b" ", b"\t"])
        if first:
            yield rng.choice([b"#Software: IIS", b"#Date: 2024-03-01 00:00:00"])
            yield b"#Version: 1.0"
        yield b"#Fields: " + " ".join(self.columns).encode()

    def value(self, text):
        """As it stands between blanks."""
        if self.separator == b" " and (b" " in text or self.rng.random() < 0.05):
            if self.rng.random() < 0.7:
                return b'"%s"' % text.replace(b'"', b'""')
            return text.replace(b" ", b"+")
        return text

    def render(self, q, when, bad):
        rng = self.rng
        epoch = int((when - datetime.datetime(1970, 1, 1)).total_seconds())
        row = dict.fromkeys(self.columns, b"-")
        row.update({"date": b"2024-02-30" if bad else when.strftime("%Y-%m-%d").encode(),
                    "time": when.strftime("%H:%M:%S").encode() + rng.choice([b"", b"", b".123", b".", b".1234567890"]),
                    "timestamp": rng.choice([b"%d" % epoch, b"%d.5" % epoch, iso(when) + b"+01:00", b"x" if bad else b"1"]),
                    "timestamp(ms)": b"1e3" if bad else b"%d" % (epoch * 1000),
                    "cs-method": q["method"], "sc-status": q["status"], "sc-bytes": q["bytes"],
                    "cs(User-Agent)": self.value(q["agent"]), "sc-range-start": b"0" if q["range"] == "zero" else b"-",
                    "sc-range-end": rng.choice([b"-", b"99"]), "sc-content-len": b"17"})
        for name in self.PATHS + self.CLIENTS:
            row[name] = self.value(q["path"] if name in self.PATHS else q["client"])
        return self.separator.join(row[name] for name in self.columns)


WRITERS = {
    "vhost_combined": lambda rng, world: Vhost(rng, world, True), "vhost_common": lambda rng, world: Vhost(rng, world, False),
    "combined-syslog": lambda rng, world: Headed(rng, world, True), "common-syslog": lambda rng, world: Headed(rng, world, False),
    "fastly-text": Text, "linehaul": Linehaul, "s3": S3, "elb": Elb, "w3c": W3c,
}


def generate(rng, n, format_name, damage, ecosystem, start=datetime.datetime(2024, 2, 27), days=(3, 2, 9, 6, 1)):
    writer = WRITERS[format_name](rng, World(rng, ecosystem))
    for i, when in enumerate(moments(rng, start, days, n)):
        if format_name == "w3c" and i % max(n // 3, 7) == 0:
            yield from ((line, None) for line in writer.headers(i == 0))
        if rng.random() < damage / 3:
            yield rng.choice([b"", b"\r", b"#Remark: none", b"\0", b" ", b"garbage", b"<134>"]), None
        yield writer.line(when, rng.random() < damage), None
