#!/usr/bin/env python3
"""
The rows that logs become, computed slowly and obviously, from docs/COUNTING.md alone: the second opinion that `ingest -o -`
is compared with. Nothing here was looked up in src/, and nothing there should be looked up here.

Prints the rows as JSON lines. An input that is damaged or of no known format adds nothing; it is named on stderr and
makes the exit status 1.
"""

import argparse
import collections
import ipaddress
import json
import os
import re
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import containers  # noqa: E402
import folding  # noqa: E402
import formats  # noqa: E402
import logformat  # noqa: E402
import networks as networks_module  # noqa: E402
import registries  # noqa: E402
import rules as rules_module  # noqa: E402
import servers  # noqa: E402
import sketch  # noqa: E402

LINE_MAX = 1 << 20
SNIFF_BYTES = 64 << 10
SNIFFED = ("combined common vhost_combined vhost_common fastly fdsnws linehaul s3 elb").split()
FILTERED = ("blank comment not_a_download method status range agent date_range other_ecosystem other_service "
            "no_data_trace repeat size_unknown unknown_network").split()


# ---- inputs ----

def read_input(name):
    """The payload: decoded bytes. A plain file is cut at its last LF; what follows is left for the next run."""
    if name == "-":
        stored = sys.stdin.buffer.read()
    else:
        with open(name, "rb") as f:
            stored = f.read()
    payload = containers.unpack(stored)
    if payload is not None:
        return payload
    if name == "-":
        return stored
    if b"\n" not in stored and re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", stored):
        raise formats.Refused("neither text nor a container")
    return stored[:stored.rfind(b"\n") + 1]


def lines_of(payload):
    """Each line, or None for one that is too long. A byte order mark in front of all belongs to none."""
    pieces = payload.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    last = pieces.pop()
    for piece in pieces:
        yield None if len(piece) > LINE_MAX else piece[:-1] if piece.endswith(b"\r") else piece
    if last:
        yield None if len(last) > LINE_MAX else last


def sniff(payload):
    head = payload[:SNIFF_BYTES].removeprefix(b"\xef\xbb\xbf")
    if len(payload) > SNIFF_BYTES and b"\n" in head:
        head = head[:head.rfind(b"\n") + 1]
    if servers.w3c_kind(head):
        return servers.w3c_kind(head)
    shares = []
    for name in SNIFFED:
        reader, good = servers.reader(name), 0
        for line in lines_of(head):
            if not line and hasattr(reader, "skip"):
                reader.skip()
            elif line:
                why = reader.records(line)[0].why
                good += (why == "" or why in FILTERED) and servers.fits(name, line)
        shares.append((good, name))
    shares.sort(reverse=True)
    if shares[0][0] == 0 or shares[0][0] == shares[1][0]:
        raise formats.Refused("of no known format")
    return shares[0][1]


# ---- clients ----

def read_client_key(name):
    """[(first day, key)], or None: no key, clients are hashed as the server's hll_hash_text would."""
    if name == "none":
        return None
    with open(name) as f:
        epochs = [line.split() for line in f]
    return sorted((formats.parse_day(day.encode()), bytes.fromhex(key)) for day, key in epochs)


def address_bytes(text):
    """What the key is applied to: an address without its spelling, IPv6 as its /64."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text.decode("ascii"))
        except (OSError, ValueError):
            continue
        if packed[:12] == bytes(10) + b"\xff\xff":
            return packed[12:]
        return packed[:8]
    return b"\xff" + text


def client_element(client, epochs, day):
    if epochs is None:
        return sketch.murmur3_x64_128(client)[0]
    key = epochs[0][1]
    for first_day, epoch_key in epochs:
        if first_day <= day:
            key = epoch_key
    return sketch.siphash_2_4(key, address_bytes(client))


# ---- counting ----

class Tally:
    def __init__(self):
        self.read = self.counted = 0
        self.reasons = collections.Counter()

    def add(self, why):
        self.read += 1
        if why == "":
            self.counted += 1
        else:
            self.reasons[why] += 1

    def as_json(self):
        def pick(wanted):
            return {why: n for why, n in sorted(self.reasons.items())
                    if (why in FILTERED) == wanted}
        return {"read": self.read, "counted": self.counted, "filtered": pick(True),
                "rejected": pick(False)}


KEY_BYTES = 1192  # of all texts of a key together: what a row of the table's index can hold


def key_trouble(columns):
    """`columns`: (text, most characters) of each; None is NULL."""
    texts = [(text, most) for text, most in columns if text is not None]
    if any(not formats.is_utf8(text) or b"\0" in text for text, _ in texts):
        return "encoding"
    if any(len(text.decode()) > most for text, most in texts):
        return "key_too_long"
    if sum(len(text) for text, _ in texts) > KEY_BYTES:
        return "key_too_long"
    return ""


class Counter:
    """All inputs of one run."""

    def __init__(self, rules, epochs, max_reject=100):
        self.rules = rules
        self.epochs = epochs
        self.max_reject = max_reject
        self.ecosystem = rules.ecosystem
        self.lines, self.records = Tally(), Tally()
        self.networks = None
        self.parts = folding.Parts()
        # table -> key -> [sums..., set of clients]; keys sort as the rows do
        self.rows = {"stats": {}, "dataselect_stats": {}}

    def add_input(self, payload, format_name):
        """All of it or, if Refused is raised, nothing."""
        reader = servers.reader(format_name)
        before = self.ecosystem
        line_reasons, record_reasons, hits = [], [], []
        sums = collections.Counter()
        try:
            for line in lines_of(payload):
                whys = []
                for rec in self.records_of(reader, line):
                    mark = len(hits)
                    why = rec.why or self.pick(reader.dataset, rec, hits)
                    # All keys of a record are given the same; an input's sum must fit into an int64.
                    more = dict(enumerate(hits[mark][2])) if len(hits) > mark else {}
                    if any(sums[i] + n >= 2 ** 63 for i, n in more.items()):
                        why = "number"
                        del hits[mark:]
                    else:
                        sums.update(more)
                    whys.append(why)
                record_reasons += whys
                line_reasons.append("" if "" in whys else whys[0])
            self.judge(line_reasons)
        except formats.Refused:
            self.ecosystem = before
            raise
        for why in line_reasons:
            self.lines.add(why)
        for why in record_reasons:
            self.records.add(why)
        for hit in hits:
            self.add_hit(*hit)

    def judge(self, line_reasons):
        """A larger share of rejected lines than is allowed."""
        judged = [why for why in line_reasons if why not in ("blank", "comment")]
        rejected = [why for why in judged if why and why not in FILTERED]
        if len(rejected) * 100 > len(judged) * self.max_reject:
            raise formats.Refused("%d of %d lines are rejected" % (len(rejected), len(judged)))

    def records_of(self, reader, line):
        if not line and hasattr(reader, "skip"):
            reader.skip()
        if line is None:
            return [formats.Record("line_too_long")]
        return reader.records(line) if line else [formats.Record("blank")]

    def pick(self, dataset, rec, hits):
        pick = self.pick_trace if dataset == "dataselect_stats" else self.pick_download
        return pick(rec, hits)

    def pick_download(self, rec, hits):
        why = self.rules.pick(rec)
        if why:
            return why
        found = self.rules.route(rec)
        if not found:
            return "not_a_download"
        name, version, ecosystem = found
        why = key_trouble([(name, 512), (version, 512)])
        if why:
            return why
        if self.ecosystem is None:
            self.ecosystem = ecosystem
        if ecosystem != self.ecosystem:
            return "other_ecosystem"
        client = None
        peer = rec.client
        if self.rules.proxies:
            peer = registries.client_behind(self.rules.proxies, peer, rec.forwarded)
        if peer not in (b"", b"-"):
            client = client_element(peer, self.epochs, rec.day)
        # A version is a tuple so that NULL, the empty one, sorts before every text.
        keys = [(name, wanted, rec.day) for wanted in {(), () if version is None else (version,)}]
        thing = rules_module.clean(rec.path, rec.decodes)
        if self.rules.share and rec.status == 206:
            if rec.part:
                self.parts.part(client, thing, rec.day, rec.part, rec.bytes, keys)
            return "range"  # for now: settle() says what becomes of it
        if self.rules.share and rec.status == 200:
            self.parts.whole(thing, rec.bytes)
        if self.rules.window.repeats(client, thing, rec.ms, rec.day):
            return "repeat"
        hits += [("stats", key, (1, rec.bytes), client) for key in keys]
        return ""

    def settle(self):
        """What the parts add up to, once everything is read. A line has one record here."""
        for fate, lines, size, keys, (client, thing, day) in self.parts.settle(self.rules.share):
            if isinstance(client, tuple):
                client = None
            if fate == "" and self.rules.window.rule == "day" and \
                    self.rules.window.repeats(client, thing, 0, day):
                fate = "repeat"
            moved = 0 if fate == "range" else lines if fate == "size_unknown" else 1
            for tally in (self.lines, self.records):
                tally.reasons["range"] -= moved
                tally.reasons += collections.Counter()  # drops what is 0
                if fate == "":
                    tally.counted += 1
                else:
                    tally.reasons[fate] += moved
            for key in keys if fate == "" else ():
                self.add_hit("stats", key, (1, size), client)

    def pick_trace(self, rec, hits):
        if self.rules.outside(rec.day):
            return "date_range"
        if self.networks is not None and rec.ok:
            rec.network = networks_module.extend(self.networks, rec.network, rec.start)
            if rec.network is None:
                return "unknown_network"
        why = key_trouble([(rec.network, 6), (rec.station, 5), (rec.location, 2), (rec.channel, 3),
                           (rec.country, 2)])
        if why:
            return why
        key = (rec.day.replace(day=1), rec.network, rec.station, rec.location, rec.channel,
               rec.country)
        client = None if rec.client in (b"", b"-") else sketch.eida_element(rec.client)
        sums = (rec.bytes, 1, 1, 0) if rec.ok else (0, 1, 0, 1)
        hits.append(("dataselect_stats", key, sums, client))
        return ""

    def add_hit(self, table, key, sums, client):
        row = self.rows[table].setdefault(key, [0] * len(sums) + [set()])
        for i, more in enumerate(sums):
            row[i] += more
        if client is not None:
            row[-1].add(client)


# ---- rows ----

# table: columns of the key, sums
COLUMNS = {
    "stats": ("name version dldate".split(), "count bytes".split()),
    "dataselect_stats": ("date network station location channel country".split(),
                         "bytes nb_reqs nb_successful_reqs nb_failed_reqs".split()),
}


# What would act on a terminal, or is not seen: C1, line separators, Bidi_Control, characters without width, tags (docs/SECURITY.md).
UNSEEN = re.compile("[\x80-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")


def quote(text):
    """A JSON string: UTF-8 as it is, and only what must be escaped is, or harms who looks at it."""
    def one(m):
        c = m[0]
        return b"\\" + c if c in b'"\\' else b"\\u%04x" % c[0]

    def unseen(m):
        units = m[0].encode("utf-16-be")
        return "".join("\\u%02x%02x" % (units[i], units[i + 1]) for i in range(0, len(units), 2))
    shown = re.sub(rb'["\\\x00-\x1f\x7f]', one, text).decode("utf-8", "surrogateescape")
    return b'"' + UNSEEN.sub(unseen, shown).encode("utf-8", "surrogateescape") + b'"'


def row_texts(table, rows):
    columns = COLUMNS[table]
    head = b'{"table":"%s"' % table.encode()
    if table == "dataselect_stats":
        head += b',"node":"local"'
    for key, row in sorted(rows.items()):
        texts = [v if isinstance(v, bytes) else v[0] if isinstance(v, tuple) and v else
                 None if isinstance(v, tuple) else v.isoformat().encode() for v in key]
        out = head
        for column, text in zip(columns[0], texts):
            out += b',"%s":' % column.encode() + (b"null" if text is None else quote(text))
        for column, value in zip(columns[1], row):
            out += b',"%s":%d' % (column.encode(), value)
        yield out + b',"clients":"\\\\x%s"}\n' % sketch.hll_bytes(row[-1]).hex().encode()


def options():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--format", default="auto", choices=["auto", *formats.FORMATS])
    p.add_argument("--log-format", help="a format string of nginx or Apache: the format is `custom`")
    p.add_argument("--rules", default="default", choices=rules_module.PACKS)
    p.add_argument("--route", action="append", default=[])
    p.add_argument("--since")
    p.add_argument("--until")
    p.add_argument("--ecosystem", choices=rules_module.ECOSYSTEMS)
    p.add_argument("--normalise", action="store_true")
    p.add_argument("--trusted-proxies", help="networks between commas")
    p.add_argument("--window", help="day, or seconds as 30s")
    p.add_argument("--range", help="union SHARE")
    p.add_argument("--agents", help="classes between commas")
    for name in folding.CLASSES:
        p.add_argument("--%ss-file" % name)
    p.add_argument("--dataset", choices=["stats", "dataselect_stats"])
    p.add_argument("--client-key", default="none")
    p.add_argument("--fdsn-networks")
    p.add_argument("--max-reject", type=int, default=50)
    p.add_argument("--tallies")
    p.add_argument("files", nargs="+", metavar="FILE")
    return p


def folds(o):
    """Keyword arguments of Rules."""
    files = {name: getattr(o, name + "s_file") for name in folding.CLASSES}
    window = o.window if o.window in (None, "day") else int(o.window.removesuffix("s"))
    networks = (o.trusted_proxies or "").split(",")
    return {"ecosystem": o.ecosystem, "normalise": o.normalise,
            "proxies": [ipaddress.ip_network(n) for n in networks if n],
            "agents": folding.Agents(set(o.agents.split(",")), files) if o.agents else None,
            "window": window,
            "share": round(float(o.range.removeprefix("union ")) * 1000000) if o.range else None}


def by_first_event(names, format_name):
    """With a window all lines are one stream."""
    def first(name):
        payload = read_input(name)
        reader = formats.FORMATS[sniff(payload) if format_name == "auto" else format_name]()
        times = [rec.ms for line in lines_of(payload) if line
                 for rec in reader.records(line) if rec.ms is not None]
        return times[0] if times else float("inf")

    return sorted(names, key=lambda name: (first(name), os.fsencode(name)))


def count_files(counter, names, format_name, dataset=None):
    """The inputs that were refused, as (name, why)."""
    refused, seen = [], set()
    for name in names:
        try:
            payload = read_input(name)
            # Only two byte-identical payloads can be equal here: no ledger, no growth.
            if payload in seen or payload == b"":
                continue
            chosen = sniff(payload) if format_name == "auto" else format_name
            if dataset and formats.FORMATS[chosen].dataset != dataset:
                raise formats.Refused("a log of %s, which is not for %s" % (chosen, dataset))
            counter.add_input(payload, chosen)
            seen.add(payload)
        except (formats.Refused, OSError) as e:
            refused.append((name, str(e)))
    return refused


def main():
    parser = options()
    o = parser.parse_args()
    days = {}
    for name in ("since", "until"):
        text = getattr(o, name)
        try:
            days[name] = formats.parse_day(text.encode()) if text else None
        except formats.Reject:
            parser.error("--%s %s: no such day" % (name, text))
    counter = Counter(rules_module.Rules(o.rules, o.route, **days, **folds(o)),
                      read_client_key(o.client_key), o.max_reject)
    if o.fdsn_networks:
        counter.networks = networks_module.read_list(o.fdsn_networks)
    if o.log_format:
        formats.FORMATS["custom"] = logformat.reader_of(o.log_format)
        o.format = "custom"
    names = by_first_event(o.files, o.format) if o.window or o.range else o.files
    refused = count_files(counter, names, o.format, o.dataset)
    counter.settle()
    for table in ("stats", "dataselect_stats"):
        for text in row_texts(table, counter.rows[table]):
            sys.stdout.buffer.write(text)
    if o.tallies:
        with open(o.tallies, "w") as f:
            json.dump({"lines": counter.lines.as_json(), "records": counter.records.as_json()}, f)
            f.write("\n")
    for name, why in refused:
        print("oracle: %s: %s" % (name, why), file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
