"""
The formats of servers, CDNs and registries that are made of words and quotes, as docs/COUNTING.md says; and the heads of
syslog that may stand in front of their lines.
"""

import datetime
import re
import socket

import formats
from formats import Combined, Common, LineFormat, Record, Refused, Reject

LOOK_LINES = 16
DIGITS = rb"[0-9]"
BSD = rb"[A-Za-z]{3} [0-9 ][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} "
ISO = rb"[0-9]...-..-..T..:..:..[^ ]* "
TAGGED = rb"(?:" + BSD + rb"|" + ISO + rb")(?:[^ ]+:|[^ ]* [^ ]+:) "
PRIORITY = rb"(?:[1-9][0-9]{0,6} (?=<))?<[0-9]{1,3}>"
ELEMENT = rb'\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\]'
NEW = rb"[0-9]{1,2} (?:[^ ]+ ){5}(?:-|(?:" + ELEMENT + rb")+) (?:\xef\xbb\xbf)?"
HEAD = re.compile(rb"(?:" + PRIORITY + rb"(?:" + NEW + rb"|" + TAGGED + rb")|" + TAGGED + rb")",
                  re.DOTALL)


def behind_head(line):
    """The line without its head of syslog, or None."""
    m = HEAD.match(line)
    return line[m.end():] if m else None


class Headed:
    """Reads lines with `reader`, which must not see heads."""

    def __init__(self, reader):
        self.reader = reader
        self.dataset = reader.dataset
        self.n, self.there = 0, False

    def skip(self):
        """A line that is not given to records(): an empty one, or one that is too long."""
        self.n += 1

    def records(self, line):
        self.n += 1
        if self.n <= LOOK_LINES or self.there:
            message = behind_head(line)
            if message is not None:
                self.there = True
                if message == b"":
                    return [Record("blank")]
                line = message
        return self.reader.records(line)


# ---- virtual hosts ----

def is_address(text):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text.decode("ascii"))
            return True
        except (OSError, ValueError):
            pass
    return False


def has_vhost(line):
    words = line.split(b" ")
    if len(words) < 2:
        return False
    return is_address(words[1]) or (
        re.fullmatch(rb"[^:]+:[0-9]{1,5}", words[0], re.DOTALL) is not None and words[1] != b"-")


class VhostCombined(Combined):
    def record(self, line):
        if b" " not in line:
            raise Reject("fields")
        return super().record(line.partition(b" ")[2])


class VhostCommon(Common):
    def record(self, line):
        if b" " not in line:
            raise Reject("fields")
        return super().record(line.partition(b" ")[2])


# ---- times ----

def imf_time(text):
    """The day, and milliseconds since 1970."""
    m = re.fullmatch(rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (..) (...) (....) (........) GMT", text,
                     re.DOTALL)
    if not m or m[2] not in formats.MONTHS or not (m[1] + m[3]).isdigit():
        raise Reject("time")
    date = formats.day(int(m[3]), formats.MONTHS.index(m[2]) + 1, int(m[1]))
    return date, formats.ms_of(date, formats.parse_hms(m[4]))


def clf_time(text):
    return formats.clf_utc_day(text), formats.clf_utc_ms(text)


def fraction_ms(text):
    """Of ".123456", or of nothing."""
    return int((text or b".0")[1:].ljust(3, b"0")[:3])


def iso_time(text):
    date = formats.iso_utc_day(text)
    m = re.search(rb"(\.[0-9]+)?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))?\Z", text[19:])
    offset = formats.offset_seconds(m[2], int(m[3]), int(m[4])) if m[2] else 0
    seconds = (formats.parse_hms(text[11:19]) - offset) % 86400
    return date, formats.ms_of(date, seconds) + fraction_ms(m[1])


def epoch_time(ms):
    if ms >= 253402300800000:  # the year 10000
        raise Reject("time")
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=ms // 86400000), ms


# ---- W3C ----

def blank_values(line, n):
    """A line that is cut at blanks; with quotes if it would have too many values without."""
    values = line.split(b" ")
    if len(values) <= n:
        return values
    return quoted_values(line)


def quoted_values(line):
    values, at = [], 0
    while True:
        end = line.find(b" ", at)
        if line[at:at + 1] == b'"':
            while end >= 0:
                value = line[at + 1:end]
                if (len(value) - len(value.rstrip(b'"'))) % 2 == 1:
                    break
                end = line.find(b" ", end + 1)
        if end < 0:
            return values + [line[at:]]
        values.append(line[at:end])
        at = end + 1


def unquoted(value):
    if value is not None and len(value) >= 2 and value.startswith(b'"') and value.endswith(b'"'):
        return value[1:-1]
    return value


class W3c(LineFormat):
    PATHS = (b"cs-uri-stem", b"cs-uri-path", b"cs-uri")
    CLIENTS = (b"c-ip", b"cs-ip")
    decodes = 1

    def __init__(self):
        self.columns = None

    def record(self, line):
        if line.startswith(b"#"):
            self.directive(line)
            return Record("comment")
        if self.columns is None:
            raise Refused("a data line before any #Fields:")
        values = self.values(line)
        if len(values) != len(self.columns):
            raise Reject("fields")
        row = dict(zip(self.columns, values))
        date, ms = self.time(row)
        rec = Record(day=date, ms=ms, decodes=self.row_decodes)
        rec.status = formats.status(row[b"sc-status"])
        rec.bytes = formats.number(row.get(b"sc-bytes", b"-"))
        rec.method = self.text(row, b"cs-method")
        rec.path = self.text(row, *self.PATHS)
        rec.client = self.text(row, *self.CLIENTS) or b""
        rec.forwarded = self.text(row, b"x-forwarded-for") or b""
        rec.agent = self.text(row, b"cs(User-Agent)")
        rec.forwarded = self.text(row, b"x-forwarded-for", b"X-Forwarded-For",
                                  b"cs(X-Forwarded-For)") or b""
        start = row.get(b"sc-range-start", b"")
        rec.range = {b"0": "zero", b"-": "unknown", b"": "unknown"}.get(start, "later")
        rec.part = self.part(row, rec.status)
        return rec

    def part(self, row, status):
        numbers = []
        for name in (b"sc-range-start", b"sc-range-end", b"sc-content-len"):
            text = row.get(name, b"")
            known = re.fullmatch(rb"[0-9]+", text) and int(text) <= formats.INT64_MAX
            numbers.append(int(text) if known else None)
        start, last, length = numbers
        if status != 206 or start is None:
            return None
        if last is not None and start <= last < formats.INT64_MAX:
            return (start, last + 1)
        if length and start + length <= formats.INT64_MAX:
            return (start, start + length)
        return None

    def text(self, row, *names):
        for name in names:
            if name in row:
                return unquoted(row[name]) if self.separator == b" " else row[name]
        return None

    def values(self, line):
        """What separates is shown by the first line that fits."""
        n = len(self.columns)
        if self.separator == b"\t" or self.separator is None:
            values = line.split(b"\t")
            if self.separator or len(values) == n:
                self.separator = b"\t"
                return values
        values = blank_values(line, n)
        if self.separator or len(values) == n:
            self.separator = b" "
            return values
        return []

    def time(self, row):
        if b"date" in row:
            date, ms = formats.parse_day(row[b"date"]), 0
            if b"time" in row:
                m = re.fullmatch(rb"(.{8})(\.[0-9]{1,9})?", row[b"time"], re.DOTALL)
                if not m:
                    raise Reject("time")
                ms = formats.parse_hms(m[1]) * 1000 + fraction_ms(m[2])
            return date, formats.ms_of(date, 0) + ms
        if b"timestamp" in row:
            m = re.fullmatch(rb"([0-9]+)(\.[0-9]{1,9})?", row[b"timestamp"])
            return epoch_time(int(m[1]) * 1000 + fraction_ms(m[2])) if m else \
                iso_time(row[b"timestamp"])
        if not re.fullmatch(rb"[0-9]+", row[b"timestamp(ms)"]):
            raise Reject("time")
        return epoch_time(int(row[b"timestamp(ms)"]))

    def directive(self, line):
        if line.startswith(b"#Version:") and line[len(b"#Version:"):].strip(b" \t") != b"1.0":
            raise Refused("not version 1.0")
        if not line.startswith(b"#Fields:"):
            return
        self.columns = re.findall(rb"[^ \t]+", line[len(b"#Fields:"):])
        self.separator = None
        edge = any(name.startswith(b"x-edge-") for name in self.columns)
        self.row_decodes = 2 if edge else self.decodes
        for names in ((b"date", b"timestamp", b"timestamp(ms)"), (b"cs-method",), self.PATHS,
                      (b"sc-status",)):
            if not any(name in self.columns for name in names):
                raise Refused("no column " + names[0].decode())


class CloudFront(W3c):
    decodes = 2


def w3c_kind(head):
    """Of which of the two the beginning of a log is, or None."""
    names, values = set(), b""
    if not re.match(rb"#(Version|Fields|Software|Date|Start-Date|End-Date|Remark):", head):
        return None
    for line in head.split(b"\n"):
        if line.startswith(b"#Fields:"):
            names |= set(re.findall(rb"[^ \t]+", line[len(b"#Fields:"):]))
        elif line.rstrip(b"\r") and not line.startswith(b"#"):
            values = line
            break
    usual = head.startswith((b"#Version:", b"#Fields:"))
    if any(name.startswith(b"x-edge-") for name in names):
        return "cloudfront"
    if usual and (b"cs-uri-stem" in names or not names & {b"cs-uri", b"cs-uri-path"}) and \
            (b"\t" in values or b" " not in values):
        return "cloudfront"
    return "w3c" if usual or names else None


# ---- Fastly and PyPI ----

class Fastly(formats.Fastly):
    def record(self, line):
        if line.startswith(b"{"):
            return super().record(b"<]: " + line)
        if line.startswith(b"<"):
            return super().record(line)
        client, blank, rest = line.partition(b" ")
        if not blank or not rest:
            raise Reject("fields")
        rec = self.hex(rest) if rest[:1] in b'"[' else self.gem(rest)
        rec.client = client
        return rec

    def gem(self, text):
        m = re.fullmatch(rb"(.{29}) ([^ ]*) ([^ ]*)(?: (.*))?", text, re.DOTALL)
        if not m:
            raise Reject("fields")
        date, ms = imf_time(m[1])
        rec = Record(day=date, ms=ms, path=m[2], agent=m[4])
        rec.status = formats.status(m[3])
        return rec

    def hex(self, text):
        if text.startswith(b"["):
            date, bracket, rest = text[1:].partition(b"]")
            if not bracket:
                raise Reject("fields")
            read = clf_time
        else:
            end = formats.quoted_end(text, 1)
            date, rest, read = text[1:end], text[end + 1:], imf_time
        if not rest.startswith(b' "'):
            raise Reject("fields")
        end = formats.quoted_end(rest, 2)
        m = re.fullmatch(rb" ([^ ]*)( .*)?", rest[end + 1:], re.DOTALL)
        if not m:
            raise Reject("fields")
        agent = None
        if (m[2] or b"").startswith(b' "'):
            close = formats.quoted_end(m[2], 2)
            agent = m[2][2:close]
            if m[2][close + 1:close + 2] not in (b"", b" "):
                raise Reject("fields")
        day, ms = read(date)
        rec = Record(day=day, ms=ms, agent=agent)
        rec.status = formats.status(m[1])
        rec.method, path = formats.split_request(rest[2:end])
        rec.path = formats.unescape(path)
        return rec


class Linehaul(LineFormat):
    def record(self, line):
        fields = line.split(b"|", 9)
        if len(fields) < 10 or fields[0] not in (b"download", b"simple"):
            raise Reject("fields")
        date, ms = imf_time(fields[1])
        rec = Record(day=date, ms=ms, path=fields[3], method=b"GET", status=200)
        agent = fields[9]
        new = agent.split(b"|", 4)
        if len(new) == 5 and new[0] and re.fullmatch(rb"[0-9]{3}", new[1]) and \
                re.fullmatch(rb"[0-9]+", new[2]) and int(new[2]) <= formats.INT64_MAX:
            rec.method, rec.status, rec.bytes = new[0], int(new[1]), int(new[2])
            rec.range = "zero" if new[3].startswith(b"bytes=0-") and b"," not in new[3] else "unknown"
            agent = new[4]
        rec.agent = None if agent == b"(null)" else agent
        return rec


# ---- AWS ----

class S3(LineFormat):
    LINE = re.compile(
        rb'[^ ]* [^ ]* \[([^\]]*)\] ([^ ]*) [^ ]* [^ ]* ([^ ]*) ([^ ]*) '
        rb'(?:"(?:.*?)" (?=(?:[0-9]{3}|-) )|(?!")[^ ]* )'
        rb'([^ ]*) [^ ]* ([^ ]*) ([^ ]*) [^ ]* [^ ]* (.*)', re.DOTALL)

    def record(self, line):
        m = self.LINE.fullmatch(line)
        if not m:
            raise Reject("fields")
        when, client, operation, key, code, sent, size, rest = m.groups()
        agent = self.agent(rest)
        date, ms = clf_time(when)
        rec = Record(day=date, ms=ms, client=client, agent=agent, decodes=2)
        rec.status = formats.status(code)
        rec.bytes = formats.number(sent)
        words = operation.split(b".", 2)
        if len(words) != 3 or words[2] != b"OBJECT":
            return Record("not_a_download")
        rec.method = words[1]
        rec.path = key if key.startswith(b"/") else b"/" + key
        if rec.status == 206 and re.fullmatch(rb"[0-9]+", size) and \
                int(size) == rec.bytes and rec.bytes > 0:
            rec.range, rec.part = "zero", (0, rec.bytes)
        return rec

    def agent(self, rest):
        m = re.fullmatch(rb'(?:"(?:.*?)"|-) (.*)', rest, re.DOTALL)
        if not m:
            raise Reject("fields")
        m = re.fullmatch(rb'(?:"(.*)"(?: [^"]*)?|-(?: .*)?)', m[1], re.DOTALL)
        if not m:
            raise Reject("fields")
        return b"-" if m[1] is None else m[1]


class Elb(LineFormat):
    TYPES = (b"http", b"https", b"h2", b"grpcs", b"ws", b"wss")

    def record(self, line):
        typed = not re.match(DIGITS, line)
        words = line.split(b" ", 12 if typed else 11)
        if typed and words.pop(0) not in self.TYPES or len(words) < 12:
            raise Reject("fields")
        when, client, code, sent, rest = words[0], words[2], words[7], words[10], words[11]
        if not rest.startswith(b'"'):
            raise Reject("fields")
        end = formats.quoted_end(rest, 1)
        if not rest.startswith(b' "', end + 1):
            raise Reject("fields")
        close = formats.quoted_end(rest, end + 3)
        if rest[close + 1:close + 2] not in (b"", b" "):
            raise Reject("fields")
        date, ms = iso_time(when)
        rec = Record(day=date, ms=ms, agent=rest[end + 3:close])
        rec.status = formats.status(code)
        rec.bytes = formats.number(sent)
        rec.method, path = formats.split_request(rest[1:end])
        rec.path = formats.unescape(path)
        client = client.rpartition(b":")[0] if b":" in client else client
        bracketed = len(client) >= 2 and client.startswith(b"[") and client.endswith(b"]")
        rec.client = client[1:-1] if bracketed else client
        return rec


formats.FORMATS.update({
    "cloudfront": CloudFront, "w3c": W3c, "vhost_combined": VhostCombined,
    "vhost_common": VhostCommon, "fastly": Fastly, "linehaul": Linehaul, "s3": S3, "elb": Elb})

# Those whose lines have no heads: header lines come first, or a document, or many records a line.
HEADLESS = ("cloudfront", "w3c", "fdsnws", "csv", "tsv", "eida", "seventv")


def reader(format_name):
    one = formats.FORMATS[format_name]()
    return one if format_name in HEADLESS else Headed(one)


def fits(format_name, line):
    """Is a line that the format accepts also one of its own?"""
    if format_name not in VHOSTS:
        return True
    message = behind_head(line)
    return has_vhost(line if message is None else message) == VHOSTS[format_name]


VHOSTS = {"combined": False, "common": False, "vhost_combined": True, "vhost_common": True}
