"""
Objects, tables and documents into rows, as docs/COUNTING.md says of `json`, `csv`, `tsv`, `eida` and `seventv`: the second
opinion that tests/flow/structured.py compares `ingest` with. Rules are those of the pack `default`, and the only route is
that of gems. Nothing here was looked up in src/.
"""

import base64
import collections
import datetime
import decimal
import re
import uuid

import formats
import rules
import sketch
import strictjson
from formats import Record, Reject

EPOCH = datetime.date(1970, 1, 1)
DAY_US = 86400 * 1000000
GEMS = rules.Route("/gems/{name}-{version}.gem", "rubygems")


# ---- times ----

def day_of(us):
    if not 0 <= us < (datetime.date(9999, 12, 31) - EPOCH).days * DAY_US + DAY_US:
        raise Reject("time")
    return EPOCH + datetime.timedelta(days=us // DAY_US)


def number_day(text, scale=None):
    """Seconds are scale 6, milliseconds 3."""
    if not re.fullmatch(rb"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        raise Reject("time")
    with decimal.localcontext() as context:
        context.prec, context.Emax, context.Emin = 5000, 10**9, -10**9
        value = decimal.Decimal(text.decode())
        if scale is None:
            digits = value.adjusted() + 1 if value else 0
            scale = 6 if digits <= 11 else 3 if digits <= 14 else 0 if digits <= 17 else -3
        if value and value.adjusted() > 40:
            raise Reject("time")
        return day_of(int(value.scaleb(scale)))


def auto_day(kind, text):
    if kind == "text" and len(text) > 10 and text[2:3] == b"/":
        return formats.clf_utc_day(text)
    if kind == "text" and len(text) > 10 and text[4:5] == b"-":
        return formats.iso_utc_day(text)
    return number_day(text)


def text_only(parse):
    def read(kind, text):
        if kind != "text":
            raise Reject("time")
        return parse(text)
    return read


ISO, CLF = text_only(formats.iso_utc_day), text_only(formats.clf_utc_day)


def unix(kind, text):
    return number_day(text, 6)


def unix_ms(kind, text):
    return number_day(text, 3)


# ---- named fields: (field, how, path), the better ones first ----

KNOWN = [
    ("time", ISO, "StartUTC"), ("time", auto_day, "ts"), ("time", ISO, "time_iso8601"), ("time", CLF, "time_local"),
    ("time", unix, "msec"), ("time", unix_ms, "timestamp(ms)"), ("time", auto_day, "timestamp"),
    ("date", None, "date"), ("clock", None, "time"),
    ("path", 1, "request/uri"), ("path", 1, "request_uri"), ("path", 1, "RequestPath"), ("path", 2, "cs-uri-stem"),
    ("query", None, "cs-uri-query"),
    ("request", None, "request"),
    ("method", None, "request/method"), ("method", None, "request_method"), ("method", None, "RequestMethod"), ("method", None, "cs-method"),
    ("status", None, "status"), ("status", None, "DownstreamStatus"), ("status", None, "sc-status"),
    ("bytes", None, "size"), ("bytes", None, "body_bytes_sent"), ("bytes", None, "bytes_sent"), ("bytes", None, "DownstreamContentSize"),
    ("bytes", None, "sc-bytes"),
    ("client", None, "request/client_ip"), ("client", None, "request/remote_ip"), ("client", "port", "request/remote_addr"),
    ("client", None, "remote_addr"), ("client", None, "ClientHost"), ("client", None, "c-ip"),
    ("agent", None, "request/headers/User-Agent"), ("agent", None, "http_user_agent"), ("agent", None, "request_User-Agent"),
    ("agent", None, "cs(User-Agent)"), ("country", None, "geoip_country_code"), ("country", None, "c-country"),
    ("forwarded", None, "request/headers/X-Forwarded-For"), ("forwarded", None, "http_x_forwarded_for"),
    ("forwarded", None, "request_X-Forwarded-For"), ("forwarded", None, "x-forwarded-for"),
    ("content_range", None, "resp_headers/Content-Range"), ("content_range", None, "sent_http_content_range"),
    ("content_range", None, "downstream_Content-Range"), ("range_start", None, "sc-range-start"), ("range_end", None, "sc-range-end"),
]
COLUMNS = KNOWN + [("name", None, "package"), ("version", None, "version"), ("client", None, "ip_id"), ("country", None, "country")]


def json_value(value, field):
    """(kind, text), or None where nothing is there."""
    if isinstance(value, list):
        if field == "forwarded":
            joined = b", ".join(v for v in value if isinstance(v, bytes))
            return ("text", joined) if joined else None
        if value and isinstance(value[0], (list, dict)):
            raise Reject("fields")
        value = value[0] if value else None
    if value is None:
        return None
    if isinstance(value, dict):
        raise Reject("fields")
    if isinstance(value, bool):
        return "text", b"true" if value else b"false"
    return ("number", value.text) if isinstance(value, strictjson.Number) else ("text", value)


def json_found(log, path):
    """The value at a path of names. An object on which a longer wanted path goes on is none of its own."""
    for name in path.encode().split(b"/"):
        log = log.get(name) if isinstance(log, dict) else None
    return None if path == "request" and isinstance(log, dict) else log


def to_record(found, mapped):
    """`found`: field -> (kind, text, how)."""
    def text(field):
        return found[field][1] if field in found else None

    if not any(field in found for field in ("time", "date", "clock")):
        raise Reject("fields")
    method, path = formats.split_request(text("request")) if "request" in found else (None, None)
    path = text("path") if "path" in found else path
    method = text("method") if "method" in found else method
    if not mapped & {"method", "request"}:
        method = b"GET"
    if method is None or (path is None and "name" not in found) or ("status" in mapped and "status" not in found):
        raise Reject("fields")
    rec = Record(method=method, path=path or b"", agent=text("agent"), client=text("client") or b"")
    rec.has_path, rec.name, rec.version = path is not None, text("name"), text("version")
    rec.decodes = found["path"][2] if "path" in found else 1
    if "client" in found and found["client"][2] == "port":
        rec.client = without_port(rec.client)
    rec.day = read_day(found)
    rec.status = formats.status(text("status")) if "status" in found else 200
    kind, size = found["bytes"][:2] if "bytes" in found else ("text", b"")
    rec.bytes = 0 if size == b"" or (kind, size) == ("number", b"-0") else formats.number(size)
    start = text("range_start") or b""
    rec.range = {b"0": "zero", b"-": "unknown", b"": "unknown"}.get(start, "later")
    part = re.fullmatch(rb"bytes ([0-9]+)-([0-9]+)/.*", text("content_range") or b"", re.DOTALL)
    if rec.range == "unknown" and part and int(part[1]) <= int(part[2]) < formats.INT64_MAX:
        rec.range = "zero" if int(part[1]) == 0 else "later"
    return rec


def read_day(found):
    if "time" in found:
        kind, text, how = found["time"]
        return how(kind, text)
    if "date" in found and ("clock" in found or len(found["date"][1]) == 10):
        if found["date"][0] != "text":
            raise Reject("time")
        date = formats.parse_day(found["date"][1])
        if "clock" in found:
            formats.parse_hms(found["clock"][1])
        return date
    return auto_day(*found["date" if "date" in found else "clock"][:2])


def without_port(text):
    host, colon, _ = text.rpartition(b":")
    if not colon:
        return text
    if b":" not in host:
        return host
    return host[1:-1] if len(host) >= 2 and host.startswith(b"[") and host.endswith(b"]") else text


class Json:
    table = "stats"

    def records(self, line):
        try:
            log = strictjson.parse_object(line)
        except strictjson.Bad:
            return [Record("json")]
        try:
            found = {}
            for field, how, path in KNOWN:
                value = json_found(log, path)
                if field in found or value is None or value == []:
                    continue
                value = json_value(value, field)
                if value:
                    found[field] = (*value, how)
            return [to_record(found, {field for field, _, _ in KNOWN})]
        except Reject as why:
            return [Record(str(why))]


class Table:
    table = "stats"

    def __init__(self, separator):
        self.separator, self.header = separator, None

    def row(self, line):
        s = re.escape(self.separator)
        if not re.fullmatch(rb'(?:"(?:[^"]|"")*"|[^"%s][^%s]*|)(?:%s(?:"(?:[^"]|"")*"|[^"%s][^%s]*|))*' % (s, s, s, s, s), line, re.DOTALL):
            return None
        values = re.findall(rb'(?:^|%s)("(?:[^"]|"")*"|[^"%s][^%s]*|)' % (s, s, s), line, re.DOTALL)
        return [v[1:-1].replace(b'""', b'"') if v.startswith(b'"') else v for v in values]

    def records(self, line):
        if self.header is None:
            self.header, self.names = line, self.row(line)
            self.map()
            return [Record("comment")]
        if line == self.header:
            return [Record("comment")]
        values = self.row(line)
        if values is None or len(values) != len(self.names):
            return [Record("fields")]
        found = {}
        for field, how, at in self.columns:
            if values[at] and field not in found:
                found[field] = ("text", values[at], how)
        try:
            return [to_record(found, {field for field, _, _ in self.columns})]
        except Reject as why:
            return [Record(str(why))]

    def map(self):
        if self.names is None or len(self.names) > 256:
            raise formats.Refused("header")
        self.columns = []
        for field, how, path in COLUMNS:
            at = [i for i, name in enumerate(self.names) if name == path.replace("/", ".").encode()]
            if len(at) > 1:
                raise formats.Refused("two columns")
            self.columns += [(field, how, i) for i in at]
        mapped = {field for field, _, _ in self.columns}
        if not mapped & {"time", "date", "clock"} or not mapped & {"path", "request", "name"}:
            raise formats.Refused("columns")


# ---- 7TV ----

def first_member(value, key):
    if not isinstance(value, dict) or not value or next(iter(value)) != key:
        return None
    return value[key]


def identifier(value):
    binary = first_member(first_member(value, b"$binary"), b"base64")
    if isinstance(binary, bytes):
        try:
            data = base64.b64decode(binary, validate=True)
        except ValueError:
            data = b""
        if len(data) == 16:
            return data
    if isinstance(value, dict):
        inner = first_member(value, b"$uuid")
        value = inner if inner is not None else first_member(value, b"$oid")
    if not isinstance(value, bytes):
        raise Reject("fields")
    text = value.decode("latin-1")
    if re.fullmatch("[0-9a-fA-F]{24}", text):
        return (int(text[:8], 16) * 1000).to_bytes(6, "big") + bytes(2) + bytes.fromhex(text[8:])
    if re.fullmatch("[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        return bytes.fromhex(text.replace("-", ""))
    if re.fullmatch("[0-7oOiIlL][0-9a-tv-zA-TV-Z]{25}", text):
        digits = text.upper().replace("I", "1").replace("L", "1").replace("O", "0")
        bits = 0
        for c in digits:
            bits = bits * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(c)
        return bits.to_bytes(16, "big")
    raise Reject("fields")


def event_day(value):
    if isinstance(value, dict):
        value = first_member(value, b"$date")
        if isinstance(value, dict):
            value = first_member(value, b"$numberLong")
            return number_day(value if isinstance(value, bytes) else b"", 3)
    if isinstance(value, strictjson.Number) and value.is_integer():
        return number_day(value.text, 3)
    if not isinstance(value, bytes):
        raise Reject("time")
    return formats.iso_utc_day(value)


class Seventv:
    table = "emote_stats"

    def records(self, line):
        try:
            log = strictjson.parse_object(line)
        except strictjson.Bad:
            return [Record("json")]
        try:
            return self.change(log) if b"old" in log or b"new" in log else self.event(log)
        except Reject as why:
            return [Record(str(why))]

    def change(self, log):
        if not isinstance(log.get(b"old"), list) or not isinstance(log.get(b"new"), list) or b"time" not in log:
            raise Reject("fields")
        day = event_day(log[b"time"])
        old, new = ({identifier(v) for v in log[key]} for key in (b"old", b"new"))
        return [Record(day=day, emote=e, by=1 if e in new else -1) for e in sorted(old ^ new)] or [Record("no_change")]

    def event(self, log):
        data = log.get(b"data")
        if not isinstance(data, dict):
            raise Reject("fields")
        day = day_of(int.from_bytes(identifier(log.get(b"_id"))[:6], "big") * 1000)
        inner = data.get(b"data")
        if not isinstance(data.get(b"kind"), bytes):
            raise Reject("fields")
        kind = inner.get(b"kind") if isinstance(inner, dict) else None
        if data[b"kind"] != b"emote_set" or kind not in (b"add_emote", b"remove_emote"):
            raise Reject("needs_state")
        what = inner.get(b"data")
        emote = identifier(what.get(b"emote_id") if isinstance(what, dict) else None)
        return [Record(day=day, emote=emote, by=1 if kind == b"add_emote" else -1)]


# ---- EIDA ----

class Eida:
    """A document; its sketches are explicit ones here, sets of hashes."""
    table = "dataselect_stats"

    def pieces(self, payload):
        reader = strictjson.Reader(payload)
        out = []
        try:
            reader.blanks()
            while reader.at < len(payload):
                out += self.document(reader)
                reader.blanks()
        except strictjson.Bad as e:
            raise formats.Refused(str(e))
        return out

    def document(self, reader):
        begin = reader.at
        strictjson.Reader(reader.data[begin:]).value(0)  # the whole of it is JSON
        out, days, seen = [], {}, False
        for _ in reader.items(b"{", b"}", 1):
            key = reader.string()
            reader.blanks()
            reader.take(b":")
            reader.blanks()
            value = reader.value(1)
            if key == b"stats" and isinstance(value, list):
                seen = True
                out += [self.element(v, days) for v in value]
            elif key == b"days_coverage" and isinstance(value, list):
                for v in value:
                    self.cover(v, days)
                    out.append(Record("comment"))
            else:
                out.append(Record("fields" if key == b"stats" else "comment"))
        if not seen:
            raise formats.Refused("no stats")
        return out

    def cover(self, value, days):
        try:
            day = formats.parse_day(value) if isinstance(value, bytes) else None
        except Reject:
            day = None
        if day:
            month = day.replace(day=1)
            days[month] = min(day, days.get(month, day))

    def element(self, e, days):
        texts = (b"month", b"network", b"station", b"location", b"channel")
        if not isinstance(e, dict) or not all(isinstance(e.get(key), bytes) for key in texts):
            return Record("fields")
        if any(e.get(key) is None for key in (b"bytes", b"nb_successful_requests", b"clients")):
            return Record("fields")
        try:
            month = formats.parse_day(e[b"month"]).replace(day=1)
            size, ok = formats.whole_number(e[b"bytes"]), formats.whole_number(e[b"nb_successful_requests"])
            failed, total = e.get(b"nb_unsuccessful_requests"), e.get(b"nb_requests")
            failed = 0 if failed is None else formats.whole_number(failed)
            total = ok + failed if total is None else formats.whole_number(total)
            if total > formats.INT64_MAX:
                raise Reject("number")
        except Reject as why:
            return Record(str(why))
        text = e[b"clients"]
        if not isinstance(text, bytes) or not re.fullmatch(rb"\\x([0-9a-fA-F]{2})*", text):
            return Record("sketch")
        rec = Record(day=days.get(month, month), sums=(size, total, ok, failed), wire=bytes.fromhex(text[2:].decode()))
        country = e.get(b"country")
        two = isinstance(country, bytes) and formats.is_utf8(country) and len(country.decode()) == 2
        rec.codes = [*(e[key] for key in texts[1:]), country if two else b""]
        return rec


def explicit(wire):
    """The hashes of a sketch that is EMPTY or EXPLICIT."""
    if wire[1:3] != b"\x8b\x7f" or len(wire) > 3 + 160 * 8 or (len(wire) - 3) % 8:
        raise Reject("sketch")
    hashes = [int.from_bytes(wire[i:i + 8], "big") for i in range(3, len(wire), 8)]
    signed = [sketch.signed64(h) for h in hashes]
    if wire[0] != (0x12 if hashes else 0x11) or signed != sorted(set(signed)):
        raise Reject("sketch")
    return set(hashes)


READERS = {"json": Json, "csv": lambda: Table(b","), "tsv": lambda: Table(b"\t"), "seventv": Seventv, "eida": Eida}


# ---- counting ----

def trouble(columns):
    if any(not formats.is_utf8(text) or b"\0" in text for text, _ in columns):
        raise Reject("encoding")
    if any(len(text.decode()) > most for text, most in columns) or sum(len(text) for text, _ in columns) > 1192:
        raise Reject("key_too_long")


class Counter:
    def __init__(self):
        self.tally = collections.Counter()
        self.rows = {}  # key -> [sums, hashes]
        self.sums = [0] * 4

    def count(self, format_name, payload):
        reader = READERS[format_name]()
        if hasattr(reader, "pieces"):
            records = reader.pieces(payload)
        else:
            lines = payload.split(b"\n")
            lines = lines[:-1] if lines[-1] == b"" else lines
            lines = [line[:-1] if line.endswith(b"\r") and i + 1 < len(lines) + payload.endswith(b"\n") else line
                     for i, line in enumerate(lines)]
            records = [r for line in lines for r in (reader.records(line) if line else [Record("blank")])]
        for rec in records:
            why = rec.why
            try:
                if not why:
                    getattr(self, reader.table)(rec)
            except Reject as reason:
                why = str(reason)
            self.tally[why or "counted"] += 1

    def fit(self, sums):
        """The sums of an input stay within what PostgreSQL's bigint holds."""
        more = [a + b for a, b in zip(self.sums, (*sums, 0, 0, 0))]
        if max(more) > formats.INT64_MAX:
            raise Reject("number")
        self.sums = more

    def add(self, key, sums, hashes):
        row = self.rows.setdefault(key, [[0] * len(sums), set()])
        row[0] = [a + b for a, b in zip(row[0], sums)]
        row[1] |= hashes

    def emote_stats(self, rec):
        self.add((str(uuid.UUID(bytes=rec.emote)), rec.day.isoformat()), [rec.by], set())

    def dataselect_stats(self, rec):
        trouble(list(zip(rec.codes, (6, 5, 2, 3, 2))))
        hashes = explicit(rec.wire)
        self.fit(rec.sums)
        self.add((rec.day.replace(day=1).isoformat(), *rec.codes), rec.sums, hashes)

    def stats(self, rec):
        if not rec.has_path and rec.name is None:
            raise Reject("not_a_download")
        if rec.method != b"GET":
            raise Reject("method")
        if rec.status != 200 and rec.status != 206:
            raise Reject("status")
        if rec.status == 206 and rec.range != "zero":
            raise Reject("range")
        name, version = rec.name, rec.version
        if name is None:
            found = GEMS.match(rules.clean(rec.path, 1))
            if not found:
                raise Reject("not_a_download")
            name, version = found
        trouble([(name, 512), (version or b"", 512)])
        self.fit((1, rec.bytes))
        client = set() if rec.client in (b"", b"-") else {sketch.murmur3_x64_128(rec.client)[0]}
        for wanted in {None, version}:
            self.add((name, wanted, rec.day.isoformat()), (1, rec.bytes), client)
