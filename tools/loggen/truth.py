"""
What the emitted lines mean. A generator says so for each line while it writes it; nothing here ever reads a log. The
hashes and sketches come from tests/oracle/sketch.py, all else is counted here.
"""

import collections
import os
import sys
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "oracle"))
import sketch  # noqa: E402


@dataclass
class Skip:
    """A line that no rule gets to see."""
    why: str


@dataclass
class Download:
    """What a path means."""
    ecosystem: str
    name: bytes
    version: bytes
    trouble: str = ""        # "encoding", "key_too_long"


@dataclass
class Request:
    """A well-formed line of a web server."""
    day: str
    method: str = "GET"
    status: int = 200
    range: str = "unknown"   # where the answer starts: "zero", "later"
    cargo: object = None     # is the agent cargo? None: the log does not say
    what: object = None      # a Download, or None for another path
    bytes: int = 0
    client: object = None    # bytes, or None


@dataclass
class Trace:
    """One delivered trace, or one failed request."""
    month: str
    codes: tuple = ("", "", "--", "")
    country: str = ""
    ok: bool = False
    bytes: int = 0
    client: object = None    # str(userID), or None


@dataclass
class Traces:
    """A line of an fdsnws log: for each record a Trace, or the reason why there is none."""
    outcomes: list = field(default_factory=list)


FILTERED = {"blank", "comment", "not_a_download", "method", "status", "range", "agent",
            "date_range", "other_ecosystem",
            "other_service", "no_data_trace"}
STATUSES = {"default": {200, 206}, "crates": {200}, "hex": {200, 304}, "rubygems": {200, 304}}


class Truth:
    """The rows and tallies of a list of events under a pack, with --client-key none."""

    def __init__(self, events, pack="default"):
        self.pack = pack
        self.ecosystem = None if pack == "default" else pack
        self.lines, self.records = collections.Counter(), collections.Counter()
        self.downloads = {}
        self.traces = {}
        for event in events:
            whys = self.outcomes(event)
            self.records.update(whys)
            self.lines["" if "" in whys else whys[0]] += 1

    def outcomes(self, event):
        if isinstance(event, Skip):
            return [event.why]
        if isinstance(event, Request):
            return [self.request(event)]
        return [self.trace(outcome) for outcome in event.outcomes]

    def request(self, r):
        if r.method != "GET" and self.pack != "rubygems":
            return "method"
        if r.status not in STATUSES[self.pack]:
            return "status"
        if r.status == 206 and r.range != "zero":
            return "range"
        if self.pack == "crates" and r.cargo is False:
            return "agent"
        if r.what is None or self.pack not in ("default", r.what.ecosystem):
            return "not_a_download"
        if r.what.trouble:
            return r.what.trouble
        self.ecosystem = self.ecosystem or r.what.ecosystem
        if r.what.ecosystem != self.ecosystem:
            return "other_ecosystem"
        for version in (None, r.what.version):
            row = self.downloads.setdefault((r.what.name, version is not None, version or b"",
                                             r.day), [0, 0, set()])
            row[0] += 1
            row[1] += r.bytes
            row[2].update([r.client] if r.client else [])
        return ""

    def trace(self, t):
        if isinstance(t, str):
            return t
        key = (t.month, *(code.encode() for code in t.codes), t.country.encode())
        row = self.traces.setdefault(key, [0, 0, 0, 0, set()])
        for i, more in enumerate((t.bytes, 1, t.ok, not t.ok)):
            row[i] += more
        row[4].update([t.client.encode()] if t.client else [])
        return ""

    def rows(self):
        for (name, known, version, day), (count, size, clients) in sorted(self.downloads.items()):
            hashes = {sketch.murmur3_x64_128(c)[0] for c in clients}
            yield {"table": "stats", "name": name.decode(),
                   "version": version.decode() if known else None, "dldate": day, "count": count,
                   "bytes": size, "clients": "\\x" + sketch.hll_bytes(hashes).hex()}
        for key, (size, n, n_ok, n_failed, clients) in sorted(self.traces.items()):
            names = ("date", "network", "station", "location", "channel", "country")
            texts = (key[0], *(k.decode() for k in key[1:]))
            hashes = {sketch.eida_element(c) for c in clients}
            yield {"table": "dataselect_stats", "node": "local", **dict(zip(names, texts)),
                   "bytes": size, "nb_reqs": n,
                   "nb_successful_reqs": n_ok, "nb_failed_reqs": n_failed,
                   "clients": "\\x" + sketch.hll_bytes(hashes).hex()}

    def tallies(self):
        return {"lines": tally(self.lines), "records": tally(self.records)}


def tally(counts):
    return {"read": sum(counts.values()), "counted": counts[""],
            "filtered": {why: n for why, n in sorted(counts.items()) if why in FILTERED},
            "rejected": {why: n for why, n in sorted(counts.items())
                         if why and why not in FILTERED}}
