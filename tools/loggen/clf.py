"""Apache's and nginx's access logs: `common`, and `combined` with referer and agent."""

import datetime

from .truth import Skip
from .world import World, moments

OFFSETS = [(0, b"+0000")] * 6 + [(60, b"+0100"), (120, b"+0200"), (-480, b"-0800"), (330, b"+0530"),
                                 (840, b"+1400"), (-210, b"-0330")]
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
USERS = [b"-"] * 30 + [b"alice", b"John Doe", b"x [1] y", b"", b"a b [c"]
REFERERS = [b"-"] * 20 + [b"https://example.org/", b'https://example.org/?q=\\"a\\"', b"a\\\\",
                          b"\\x22quoted\\x22"]
QUERIES = [b"?download=1", b"?a=/gems/b-1.0.gem#c", b"#fragment"]
HOSTS = [b"http://static.example.org", b"HTTPS://static.example.org:443"]

BAD_TIMES = [b"31/Feb/2024:00:00:01 +0000", b"10/Oct/2024:24:00:00 +0000",
             b"10/Oct/2024:12:60:00 +0000", b"10/oct/2024:12:00:00 +0000",
             b"10/Oct/2024:12:00:00 +1430", b"29/Feb/2023:12:00:00 +0000",
             b"10/Oct/1969:12:00:00 +0000", b"10-Oct-2024:12:00:00 +0000",
             b"10/Oct/2024:12:00:00  0000", b"10/Oct/2024 12:00:00 +0000",
             b"10/Oct/2024:12:00:62 +0000", b"00/Oct/2024:12:00:00 +0000"]
BAD_STATUS = [b"20", b"abc", b"2000", b"20x", b"+20"]
BAD_BYTES = [b"-5", b"9" * 30, b"9223372036854775808", b"1e3", b"0x10", b"42.5", b"--",
             b"18446744073709551657"]


def escaped(rng, text):
    """As nginx writes it, or now and then as Apache does."""
    apache = rng.random() < 0.3
    out = []
    for byte in text:
        c = bytes([byte])
        if c in b'"\\':
            out.append(b"\\" + c if apache else b"\\x%02X" % byte)
        elif byte < 0x20 or byte > 0x7E:
            out.append((b"\\x%02x" if apache else b"\\x%02X") % byte)
        else:
            out.append(c)
    return b"".join(out)


class AccessLog:
    layers = 1

    def __init__(self, rng, world, agents):
        self.rng, self.world, self.agents = rng, world, agents

    def parts(self, when):
        """The pieces of a line in order, and what it means."""
        rng = self.rng
        r, path, agent = self.world.request(when, self.layers)
        r.range = "unknown"
        r.cargo = r.cargo if self.agents else None
        query = rng.choice(QUERIES) if rng.random() < 0.05 else b""
        host = rng.choice(HOSTS) if rng.random() < 0.02 else b""
        target = host + escaped(rng, path) + query
        protocol = rng.choice([b" HTTP/1.1", b" HTTP/1.1", b" HTTP/2.0", b" HTTP/1.0", b""])
        size = b"-" if r.bytes == 0 and rng.random() < 0.5 else b"%d" % r.bytes
        return r, {"client": r.client or b"-", "user": rng.choice(USERS),
                   "time": self.clf_time(when),
                   "request": r.method.encode() + b" " + target + protocol,
                   "status": b"%d" % r.status if r.status else b"-", "bytes": size,
                   "tail": b' "%s" "%s"' % (rng.choice(REFERERS), b"-" if agent is None else agent)
                   if self.agents else b""}

    def clf_time(self, when):
        minutes, offset = self.rng.choice(OFFSETS)
        local = when + datetime.timedelta(minutes=minutes)
        second = 60 if local.second == 59 and self.rng.random() < 0.3 else local.second
        return b"%02d/%s/%04d:%02d:%02d:%02d %s" % (local.day, MONTHS[local.month - 1].encode(),
                                                    local.year, local.hour, local.minute,
                                                    second, offset)

    def render(self, p):
        return b'%s - %s [%s] "%s" %s %s%s' % (p["client"], p["user"], p["time"], p["request"],
                                               p["status"], p["bytes"], p["tail"])

    def line(self, when):
        r, p = self.parts(when)
        if self.agents and self.rng.random() < 0.05:
            p["tail"] += self.rng.choice([b' "203.0.113.9"', b" 0.004", b" "])
        return self.render(p), r

    def damaged(self, when):
        rng = self.rng
        r, p = self.parts(when)
        kind = rng.randrange(12)
        if kind < 3:
            p["time"] = rng.choice(BAD_TIMES)
            return self.render(p), Skip("time")
        if kind < 5:
            p["status"] = rng.choice(BAD_STATUS)
            return self.render(p), Skip("number")
        if kind < 7:
            p["bytes"] = rng.choice(BAD_BYTES)
            return self.render(p), Skip("number")
        if kind == 7:
            p["request"] = rng.choice([b"\\x16\\x03\\x01\\x02", b"-", b"", b"GET", b"quit"])
            r.method = p["request"].decode()
            r.what = None
            return self.render(p), r
        if kind == 8:
            return rng.choice([(b"", Skip("blank")), (b"\r", Skip("blank")),
                               (b"garbage", Skip("fields")), (b"\0\xff", Skip("fields")),
                               (b"# not a comment here", Skip("fields"))])
        if kind == 9:
            return self.render(p) + b"\r", r
        return self.misfit(p), Skip("fields")

    def misfit(self, p):
        """A line whose pieces do not stand where they should."""
        rng = self.rng
        choice = rng.randrange(5)
        if choice == 0:
            return b'%s [%s] "%s" %s %s%s' % (p["client"], p["time"], p["request"], p["status"],
                                              p["bytes"], p["tail"])
        if choice == 1:
            return self.render(p).split(b'"')[0]
        if choice == 2:
            return self.render(p).replace(b"] ", b"]")
        if choice == 3:
            p["time"] = p["time"][:-1]
            return self.render(p)
        p["tail"] = rng.choice([b' "-', b' "-" "x', b' "-" "x"y', b' "-"', b' - "x"', b"",
                                b' "-" "x\\"'] if self.agents else
                               [b" ", b' "-" "x"', b" 1"])
        return self.render(p)


def generate(rng, n, damage=0.0, ecosystem="crates", agents=True,
             start=datetime.datetime(2024, 2, 27), days=(3, 2, 9, 6, 1), **world):
    writer = AccessLog(rng, World(rng, ecosystem, **world), agents)
    for when in moments(rng, start, days, n):
        yield writer.damaged(when) if rng.random() < damage else writer.line(when)
