"""
Lines into records, as docs/COUNTING.md says. A format is a class whose object reads one input: `records(line)` takes a
line without LF and CR and gives the records it holds, one at least.
"""

import datetime
import re

import strictjson

INT64_MAX = (1 << 63) - 1


class Refused(Exception):
    """The whole input cannot be read as this format."""


class Record:
    """`why` is "" for a record that the format has no objection to; else the reason, and nothing else holds."""

    def __init__(self, why="", **fields):
        self.why = why
        self.day = None          # datetime.date
        self.ms = None           # the time, from 1970 on; None: the format's reader does not say
        self.part = None         # (first, end) of the bytes of a 206; None: not known
        self.bytes = 0
        self.client = b""
        self.forwarded = b""     # X-Forwarded-For
        self.method = b""
        self.path = b""          # as logged, but for the escapes of the log format
        self.decodes = 1
        self.status = 0
        self.range = "unknown"   # or "zero", "later"
        self.agent = None        # None: the format has no such field
        self.ok = True           # fdsnws from here
        self.network = self.station = self.location = self.channel = self.country = b""
        self.start = None        # of the data of a trace
        self.__dict__.update(fields)


class Reject(Exception):
    """Carries the reason of the record being read."""


def number(text):
    if text == b"-":
        return 0
    if not re.fullmatch(rb"[0-9]+", text) or len(text.lstrip(b"0")) > 19 or int(text) > INT64_MAX:
        raise Reject("number")
    return int(text)


def status(text):
    if text == b"-":
        return 0
    if not re.fullmatch(rb"[0-9]{3}", text):
        raise Reject("number")
    return int(text)


def day(year, month, dom):
    """Years 1970 to 9999."""
    try:
        date = datetime.date(year, month, dom)
    except ValueError:
        raise Reject("time")
    if date.year < 1970:
        raise Reject("time")
    return date


def seconds(hh, mm, ss):
    """Second 60 belongs to its minute."""
    if hh > 23 or mm > 59 or ss > 60:
        raise Reject("time")
    return hh * 3600 + mm * 60 + min(ss, 59)


def offset_seconds(sign, hh, mm):
    if mm > 59 or hh * 60 + mm > 14 * 60:
        raise Reject("time")
    return (hh * 3600 + mm * 60) * (-1 if sign == b"-" else 1)


def parse_day(text):
    m = re.fullmatch(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})", text)
    if not m:
        raise Reject("time")
    return day(*map(int, m.groups()))


def parse_hms(text):
    m = re.fullmatch(rb"([0-9]{2}):([0-9]{2}):([0-9]{2})", text)
    if not m:
        raise Reject("time")
    return seconds(*map(int, m.groups()))


MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


EPOCH = datetime.date(1970, 1, 1)


def ms_of(date, seconds_of_day):
    return ((date - EPOCH).days * 86400 + seconds_of_day) * 1000


def clf_utc_ms(text):
    """Of a time that clf_utc_day() takes."""
    at = re.search(rb":(..):(..):(..) ([+-])(..)(..)", text)
    local = seconds(*map(int, at.groups()[:3]))
    return ms_of(clf_utc_day(text), (local - offset_seconds(at[4], int(at[5]), int(at[6]))) % 86400)


def clf_utc_day(text):
    m = re.fullmatch(rb"([0-9]{2})/(...)/([0-9]{4}):(........) ([+-])([0-9]{2})([0-9]{2})", text,
                     re.DOTALL)
    if not m or m[2] not in MONTHS:
        raise Reject("time")
    local = day(int(m[3]), MONTHS.index(m[2]) + 1, int(m[1]))
    utc = parse_hms(m[4]) - offset_seconds(m[5], int(m[6]), int(m[7]))
    try:
        local += datetime.timedelta(days=utc // 86400)
    except OverflowError:
        raise Reject("time")
    return day(local.year, local.month, local.day)


def iso_day(text):
    """The day as written."""
    m = re.fullmatch(rb"(.{10})[T ](.{8})(?:\.[0-9]{1,9})?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?",
                     text, re.DOTALL)
    if not m:
        raise Reject("time")
    written = parse_day(m[1])
    parse_hms(m[2])
    if m[3]:
        offset_seconds(m[3], int(m[4]), int(m[5]))
    return written


def iso_utc_day(text):
    """The day of that moment in UTC; one without an offset is UTC."""
    written = iso_day(text)
    offset = re.search(rb"([+-])([0-9]{2}):?([0-9]{2})\Z", text[19:])
    if not offset:
        return written
    utc = parse_hms(text[11:19]) - offset_seconds(offset[1], int(offset[2]), int(offset[3]))
    try:
        moved = written + datetime.timedelta(days=utc // 86400)
    except OverflowError:
        raise Reject("time")
    return day(moved.year, moved.month, moved.day)


class LineFormat:
    """One line, one record."""

    dataset = "stats"

    def records(self, line):
        try:
            return [self.record(line)]
        except Reject as why:
            return [Record(str(why))]


class CloudFront(LineFormat):
    NEEDED = (b"date", b"cs-method", b"cs-uri-stem", b"sc-status")

    def __init__(self):
        self.columns = None

    def record(self, line):
        if line.startswith(b"#"):
            self.directive(line)
            return Record("comment")
        if self.columns is None:
            raise Refused("a data line before any #Fields:")
        values = line.split(b"\t")
        if len(values) != len(self.columns):
            raise Reject("fields")
        row = dict(zip(self.columns, values))
        rec = Record(day=parse_day(row[b"date"]), decodes=2)
        rec.ms = ms_of(rec.day, parse_hms(row[b"time"]) if b"time" in row else 0)
        rec.status = status(row[b"sc-status"])
        rec.bytes = number(row.get(b"sc-bytes", b"-"))
        rec.method, rec.path = row[b"cs-method"], row[b"cs-uri-stem"]
        rec.client = row.get(b"c-ip", b"")
        rec.forwarded = row.get(b"x-forwarded-for", b"")
        rec.agent = row.get(b"cs(User-Agent)")
        start = row.get(b"sc-range-start", b"")
        rec.range = {b"0": "zero", b"-": "unknown", b"": "unknown"}.get(start, "later")
        end = row.get(b"sc-range-end", b"")
        if start.isdigit() and end.isdigit() and int(end) >= int(start):
            rec.part = (int(start), int(end) + 1)
        return rec

    def directive(self, line):
        if line.startswith(b"#Version:") and line[len(b"#Version:"):].strip(b" \t") != b"1.0":
            raise Refused("not version 1.0")
        if line.startswith(b"#Fields:"):
            self.columns = re.findall(rb"[^ \t]+", line[len(b"#Fields:"):])
            for name in self.NEEDED:
                if name not in self.columns:
                    raise Refused("no column " + name.decode())


def quoted_end(line, at):
    """Where the quoted text that begins at `at` ends: the first quote that no backslash escapes."""
    while at < len(line):
        if line[at:at + 1] == b'"':
            return at
        at += 2 if line[at:at + 1] == b"\\" else 1
    raise Reject("fields")


UNESCAPES = {b'"': b'"', b"\\": b"\\", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b",
             b"f": b"\f", b"v": b"\v"}


def unescape(path):
    def one(m):
        what = m[1]
        if what[:1] == b"x" and len(what) == 3:
            return bytes([int(what[1:], 16)])
        return UNESCAPES.get(what, m[0])

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.)", one, path, flags=re.DOTALL)


def split_request(request):
    method, blank, rest = request.partition(b" ")
    if not blank:
        return request, b""
    words = rest.split(b" ")
    if words[-1].startswith(b"HTTP/"):
        words.pop()
    return method, b" ".join(words)


class Combined(LineFormat):
    """client ident user [time] "request" status bytes "referer" "agent", and perhaps more."""

    def record(self, line):
        client, when, request, rest = self.front(line)
        tail = re.fullmatch(rb' ([^ ]*) ([^ ]*) (".*)', rest, re.DOTALL)
        if not tail:
            raise Reject("fields")
        quoted = tail[3]
        referer_end = quoted_end(quoted, 1)
        if not quoted.startswith(b'" "', referer_end):
            raise Reject("fields")
        agent_end = quoted_end(quoted, referer_end + 3)
        if quoted[agent_end + 1:agent_end + 2] not in (b"", b" "):
            raise Reject("fields")
        return self.finish(client, when, request, tail[1], tail[2],
                           quoted[referer_end + 3:agent_end])

    def front(self, line):
        """What combined and common share: the line up to the end of the request, and what follows."""
        client, one, rest = line.partition(b" ")
        _, two, rest = rest.partition(b" ")
        when = re.search(rb' \[(.{26})\] "', rest, re.DOTALL)  # the leftmost one
        if not one or not two or not when:
            raise Reject("fields")
        end = quoted_end(rest, when.end())
        return client, when[1], rest[when.end():end], rest[end + 1:]

    def finish(self, client, when, request, code, size, agent):
        rec = Record(day=clf_utc_day(when), ms=clf_utc_ms(when), client=client, agent=agent)
        rec.status = status(code)
        rec.bytes = number(size)
        rec.method, path = split_request(request)
        rec.path = unescape(path)
        return rec


class Common(Combined):
    """The same, and the line ends behind the bytes."""

    def record(self, line):
        client, when, request, rest = self.front(line)
        tail = re.fullmatch(rb" ([^ ]*) ([^ ]*)", rest, re.DOTALL)
        if not tail:
            raise Reject("fields")
        return self.finish(client, when, request, tail[1], tail[2], None)


def is_utf8(text):
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def python_str(value):
    """A JSON value as Python's str() prints it; the empty text for no client."""
    if isinstance(value, (list, dict)):
        raise Reject("fields")
    if isinstance(value, bytes):
        if not is_utf8(value):
            raise Reject("encoding")
        return value
    if isinstance(value, strictjson.Number):
        if value.is_integer():
            return b"0" if value.text == b"-0" else value.text
        return repr(float(value.text)).encode()
    return str(value).encode()  # True, False, None


class Fdsnws:
    dataset = "dataselect_stats"

    def records(self, line):
        try:
            return self.request(strictjson.parse_object(line))
        except strictjson.Bad:
            return [Record("json")]
        except Reject as why:
            return [Record(str(why))]

    def request(self, log):
        finished, outcome = log.get(b"finished"), log.get(b"status")
        if not isinstance(finished, bytes) or not isinstance(outcome, bytes):
            raise Reject("fields")
        common = {"day": iso_day(finished)}
        if log.get(b"service", b"fdsnws-dataselect") != b"fdsnws-dataselect":
            return [Record("other_service")]
        common["client"] = python_str(log.get(b"userID", b""))
        common["country"] = self.country(log.get(b"userLocation"))
        if outcome != b"OK":
            return [Record(ok=False, location=b"--", **common)]
        traces = log.get(b"trace")
        if not isinstance(traces, list) or not traces:
            return [Record("no_data_trace")]
        return [self.trace(trace, common) for trace in traces]

    def country(self, location):
        country = location.get(b"country") if isinstance(location, dict) else None
        if isinstance(country, bytes) and is_utf8(country) and len(country.decode()) == 2:
            return country
        return b""

    def trace(self, trace, common):
        if not isinstance(trace, dict) or not isinstance(trace.get(b"status"), bytes):
            return Record("fields")
        if trace[b"status"] != b"OK":
            return Record("no_data_trace")
        codes = [trace.get(name) for name in (b"net", b"sta", b"loc", b"cha")]
        if not all(isinstance(code, bytes) for code in codes) or b"bytes" not in trace:
            return Record("fields")
        try:
            size = whole_number(trace[b"bytes"])
        except Reject as why:
            return Record(str(why))
        return Record(bytes=size, start=trace.get(b"start"), **common,
                      **dict(zip(("network", "station", "location", "channel"), codes)))


def whole_number(value):
    """An integer literal that PostgreSQL's bigint holds, not negative."""
    if not isinstance(value, strictjson.Number) or not value.is_integer():
        raise Reject("number")
    if value.text == b"-0":
        return 0
    if value.text.startswith(b"-") or len(value.text) > 19 or int(value.text) > INT64_MAX:
        raise Reject("number")
    return int(value.text)


def optional_text(value):
    """A string, or None where there is null or nothing."""
    if value is not None and not isinstance(value, bytes):
        raise Reject("fields")
    return value


class Fastly(LineFormat):
    """<134>time host tag[n]: {one JSON object}"""

    def record(self, line):
        opening = line.find(b"]: {")
        if not line.startswith(b"<") or opening < 0:
            raise Reject("fields")
        try:
            log = strictjson.parse_object(line[opening + 3:])
        except strictjson.Bad:
            raise Reject("json")
        rec = self.texts(log)
        rec.day = iso_utc_day(log[b"date_time"])
        code = log[b"status"]
        if not isinstance(code, strictjson.Number) or not re.fullmatch(rb"[0-9]{3}", code.text):
            raise Reject("number")
        rec.status = int(code.text)
        size = log.get(b"bytes")
        rec.bytes = 0 if size is None else whole_number(size)
        return rec

    def texts(self, log):
        if log.get(b"version", b"1") != b"1" or b"status" not in log:
            raise Reject("fields")
        if not all(isinstance(log.get(key), bytes) for key in (b"date_time", b"method", b"url")):
            raise Reject("fields")
        http = log.get(b"http")
        agent = http.get(b"useragent") if isinstance(http, dict) else None
        return Record(method=log[b"method"], path=log[b"url"],
                      client=optional_text(log.get(b"ip")) or b"",
                      agent=optional_text(log.get(b"http.useragent", agent)))


FORMATS = {"cloudfront": CloudFront, "combined": Combined, "common": Common, "fastly": Fastly,
           "fdsnws": Fdsnws}
