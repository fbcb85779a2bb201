"""CloudFront's standard log: 33 columns, tabs between, headers that may come again and say something else."""

import datetime

from .truth import Skip
from .world import World, moments

COLUMNS = ("date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query "
           "cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol "
           "ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte "
           "x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end").split()
SHORT = "date cs-method x-edge-location cs-uri-stem sc-status".split()
EDGES = ["FRA56-P4", "IAD12-P2", "SEA900-P3", "NRT57-C1", "LHR50-P7", "GRU1-C2", "SIN2-P1"]
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# column, what a damaged file may hold there, the reason it earns; the first two are looked at first, in this order
BAD_VALUES = [("date", ["2024-02-31", "10000-01-01", "2023-02-29", "1969-12-31", "2024-1-16", "-",
                        "", "2024-00-10", "2024-13-01"], "time"),
              ("time", ["24:00:00", "12:60:00", "12:00:61", "1:00:00", "", "-", "12:00:00Z"],
               "time"),
              ("sc-status", ["20", "abc", "2000", "", "+20", "2 0", "0x8"], "number"),
              ("sc-bytes", ["-5", "9" * 30, str(1 << 63), "", "1e3", "0x10", " 42", "42.0",
                            "18446744073709551657"], "number")]


class CloudFront:
    layers = 2

    def __init__(self, rng, world):
        self.rng, self.world = rng, world
        self.columns = COLUMNS
        self.host = "d%s.cloudfront.net" % "".join(rng.choice("0123456789abcdef")
                                                   for _ in range(13))

    def headers(self, columns=None):
        self.columns = columns or self.columns
        return [(b"#Version: 1.0", Skip("comment")),
                (b"#Fields: " + " ".join(self.columns).encode(), Skip("comment"))]

    def values(self, when):
        """A request as {column: bytes} and what it means."""
        rng = self.rng
        r, path, agent = self.world.request(when, self.layers)
        second = 60 if when.second == 59 and rng.random() < 0.3 else when.second
        start = {"zero": "0", "later": str(rng.randint(1, 5000)), "unknown": "-"}[r.range]
        row = dict.fromkeys(COLUMNS, "-")
        row.update({
            "date": r.day, "time": "%02d:%02d:%02d" % (when.hour, when.minute, second),
            "x-edge-location": rng.choice(EDGES),
            "sc-bytes": "-" if r.bytes == 0 and rng.random() < 0.3 else str(r.bytes),
            "cs-method": r.method, "cs(Host)": self.host,
            "sc-status": "-" if r.status == 0 else str(r.status),
            "x-edge-result-type": rng.choice(["Hit", "Hit", "Miss", "RefreshHit"]),
            "x-edge-request-id": "".join(rng.choices(ID_LETTERS, k=22)) + "==",
            "x-host-header": "static.example.org", "cs-protocol": "https",
            "cs-bytes": str(rng.randint(120, 280)), "time-taken": "0.%03d" % rng.randint(0, 90),
            "ssl-protocol": "TLSv1.3",
            "ssl-cipher": "TLS_AES_128_GCM_SHA256", "x-edge-response-result-type": "Hit",
            "cs-protocol-version": "HTTP/2.0",
            "c-port": str(rng.randint(1024, 65535)), 
            "time-to-first-byte": "0.%03d" % rng.randint(0, 90),
            "x-edge-detailed-result-type": "Hit", "sc-content-type": "application/gzip",
            "sc-content-len": str(max(r.bytes - 317, 0)),
            "sc-range-start": start, "sc-range-end": "-" if start == "-" else str(int(start) + 99)})
        row = {column: text.encode() for column, text in row.items()}  # "-" where nothing was said
        row["cs-uri-stem"] = path
        row["c-ip"] = r.client or b"-"
        if agent is not None:
            blank = rng.choice([b"%20", b"%20", b" "])
            row["cs(User-Agent)"] = agent.replace(b" ", blank).replace(b";", b"%3B")
        if rng.random() < 0.03:
            row["cs-uri-query"] = b"x=/crates/rand/0.8.5/download"
        return r, row

    def line(self, when):
        """(bytes, event) of a healthy line under the columns that hold now."""
        r, row = self.values(when)
        return self.render(row), self.seen(r)

    def render(self, row):
        return b"\t".join(row[c] for c in self.columns)

    def seen(self, r):
        """What is left of a request where columns are missing."""
        if "c-ip" not in self.columns:
            r.client = None
        if "sc-bytes" not in self.columns:
            r.bytes = 0
        if "cs(User-Agent)" not in self.columns:
            r.cargo = None
        if "sc-range-start" not in self.columns:
            r.range = "unknown"
        return r

    def damaged(self, when):
        rng = self.rng
        r, row = self.values(when)
        kind = rng.randrange(10)
        if kind < 6:
            column, texts, why = rng.choice(BAD_VALUES)
            if column in self.columns:
                row[column] = rng.choice(texts).encode()
                return self.render(row), Skip(why)
        if kind < 8:
            values = self.render(row).split(b"\t")
            if rng.random() < 0.5:
                values.pop(rng.randrange(len(values)))
            else:
                values.insert(rng.randrange(len(values) + 1), rng.choice([b"", b"-", b"x"]))
            return b"\t".join(values), Skip("fields")
        if kind == 8:
            return rng.choice([(b"", Skip("blank")), (b"\r", Skip("blank")),
                               (b"#Remark: none", Skip("comment")), (b"#", Skip("comment")),
                               (b"\0", Skip("fields")), (b" ", Skip("fields"))])
        return self.render(row) + b"\r", self.seen(r)


def generate(rng, n, damage=0.0, ecosystem="crates", start=datetime.datetime(2024, 1, 29),
             days=(3, 2, 10, 5, 1)):
    """Lines and events; the columns change twice on the way."""
    writer = CloudFront(rng, World(rng, ecosystem))
    shuffled = rng.sample(COLUMNS, len(COLUMNS))
    changes = {0: COLUMNS}
    if n >= 20:
        changes.update({n // 2: shuffled, n * 3 // 4: SHORT, n * 4 // 5: COLUMNS})
    for i, when in enumerate(moments(rng, start, days, n)):
        if i in changes:
            yield from writer.headers(changes[i])
        yield writer.damaged(when) if rng.random() < damage else writer.line(when)
