"""
Lines by a format string of nginx or Apache, as docs/COUNTING.md ("custom") and docs/formats/custom.md say. The string
becomes a list of (variable, text behind it); a value is found by a regular expression of its own, made of its kind and of
what follows. Only the variables that the random logs use are known here, and only strings that are well-formed.
"""

import datetime
import json
import re

import formats
import servers
from formats import Record, Reject

WORD, QUOTE_OR_TEXT, LIST = "word", "text", "list"

# name: (what it gives, the lower the better, kind or width)
NGINX = {
    "remote_addr": ("client", 0, WORD), "realip_remote_addr": ("client", 1, WORD),
    "http_x_forwarded_for": ("forwarded", 0, LIST), "upstream_response_time": (None, 0, LIST),
    "msec": ("time", 0, WORD), "time_iso8601": ("time", 1, 25), "time_local": ("time", 2, 26),
    "request": ("path", 0, QUOTE_OR_TEXT), "request_uri": ("path", 1, WORD), "uri": ("path", 2, QUOTE_OR_TEXT),
    "request_method": ("method", 0, WORD), "status": ("status", 0, WORD), "body_bytes_sent": ("bytes", 0, WORD),
    "bytes_sent": ("bytes", 1, WORD), "http_range": ("asked", 0, QUOTE_OR_TEXT),
    "sent_http_content_range": ("given", 0, QUOTE_OR_TEXT), "http_user_agent": ("agent", 0, QUOTE_OR_TEXT),
    "remote_user": (None, 0, QUOTE_OR_TEXT), "http_referer": (None, 0, QUOTE_OR_TEXT),
    "request_time": (None, 0, WORD), "server_protocol": (None, 0, WORD), "host": (None, 0, WORD),
    "server_port": (None, 0, WORD), "scheme": (None, 0, WORD), "pipe": (None, 0, 1),
    "args": (None, 0, QUOTE_OR_TEXT), "is_args": (None, 0, QUOTE_OR_TEXT),
}
APACHE = {
    "a": ("client", 0, WORD), "h": ("client", 1, WORD), "l": (None, 0, WORD), "u": (None, 0, QUOTE_OR_TEXT),
    "r": ("path", 0, QUOTE_OR_TEXT), "U": ("path", 1, QUOTE_OR_TEXT), "q": (None, 0, QUOTE_OR_TEXT),
    "m": ("method", 0, WORD), ">s": ("status", 0, WORD), "s": ("status", 1, WORD), "B": ("bytes", 0, WORD),
    "b": ("bytes", 1, WORD), "O": ("bytes", 2, WORD), "H": (None, 0, WORD), "V": (None, 0, WORD),
    "v": (None, 0, WORD), "p": (None, 0, WORD), "D": (None, 0, WORD), "{Referer}i": (None, 0, QUOTE_OR_TEXT),
    "{User-Agent}i": ("agent", 0, QUOTE_OR_TEXT), "{Content-Range}o": ("given", 0, QUOTE_OR_TEXT),
    "{Range}i": ("asked", 0, QUOTE_OR_TEXT), "{usec}t": ("time", 0, WORD), "{msec}t": ("time", 0, WORD),
    "{sec}t": ("time", 1, WORD), "{msec_frac}t": ("fraction", 0, 3),
}
PIECES = {"Y": ("year", 4), "m": ("month", 2), "b": ("month", 3), "d": ("day", 2), "H": ("hour", 2), "M": ("minute", 2),
          "S": ("second", 2), "z": ("zone", 5)}
SHORT = {"F": "%Y-%m-%d", "T": "%H:%M:%S"}
HOSTS = {"host", "server_port", "v", "V", "p"}
PATHS = {"request_uri", "uri", "U"}
QUERIES = {"args", "is_args", "q"}


class Part:
    def __init__(self, names, gives, rank, kind):
        self.names, self.gives, self.rank, self.kind = names, gives, rank, kind
        self.after = b""


def strftime_items(text):
    """What %{text}t writes: variables and text."""
    for conversion, plain in re.findall(r"%(.)|([^%]+)", text):
        if plain:
            yield plain
        elif conversion in SHORT:
            yield from strftime_items(SHORT[conversion])
        else:
            gives, width = PIECES[conversion]
            yield Part(["%" + conversion], gives, 0, width)


def nginx_items(text):
    for name, plain in re.findall(r"\$\{?(\w+)\}?|([^$]+)", text):
        yield plain or Part([name], *NGINX[name])


def apache_items(text):
    text = re.sub(r"%\{(?:begin|end):", "%{", text)
    for percent, name, plain in re.findall(r"%(%)|%(>?(?:\{[^}]*\})?\^?[A-Za-z])|([^%]+)", text):
        if plain or percent:
            yield plain or percent
        elif name == "t":
            yield "["
            yield Part([name], "time", 2, 26)
            yield "]"
        elif name in APACHE:
            yield Part([name], *APACHE[name])
        else:
            yield from strftime_items(re.fullmatch(r"\{(.*)\}t", name)[1])


def joined(parts):
    """Neighbours without text between that are one value."""
    out = []
    for before, part in parts:
        last = out[-1][1] if out else None
        if last and not before and isinstance(last.kind, str):
            if part.names[0] in PATHS and last.names[-1] in HOSTS:
                part.names = last.names + part.names
                out[-1] = (out[-1][0], part)
                continue
            if part.names[0] in QUERIES:
                last.names += part.names
                continue
        out.append((before, part))
    return out


class LogFormat:
    def __init__(self, text):
        self.escape = "default"
        m = re.match(r"escape=(\w+) ", text)
        if m:
            self.escape, text = m[1], text[m.end():]
        text = text.replace('\\"', '"').replace("\\t", "\t")
        self.nginx = re.search(r"[$%][\w{>]", text)[0][0] == "$"
        before, parts = "", []
        for item in nginx_items(text) if self.nginx else apache_items(text):
            if isinstance(item, str):
                before += item
            else:
                parts.append((before, item))
                before = ""
        parts = joined(parts)
        self.before = parts[0][0].encode()
        self.parts = [part for _, part in parts]
        for part, (text, _) in zip(self.parts, parts[1:] + [(before, None)]):
            part.after = text.encode()
        self.choose()
        self.patterns = [self.pattern(i) for i in range(len(self.parts))]

    def choose(self):
        whole = any(p.gives == "time" for p in self.parts)
        best = {}
        for part in self.parts:
            if whole and part.gives in ("year", "month", "day", "hour", "minute", "second", "zone", "fraction"):
                part.gives = None
            if part.gives and (part.gives not in best or part.rank < best[part.gives].rank):
                best[part.gives] = part
        for part in self.parts:
            if part.gives and best[part.gives] is not part:
                part.gives = None

    def quoted(self, i):
        before = self.before if i == 0 else self.parts[i - 1].after
        return self.escape != "none" and before.endswith(b'"') and self.parts[i].after.startswith(b'"')

    def bare_word(self, i):
        return self.parts[i].kind == WORD and not self.quoted(i)

    def pattern(self, i):
        """The value, as group 1, and the text behind it; for match() at the value's beginning."""
        part = self.parts[i]
        after = re.escape(part.after)
        if isinstance(part.kind, int):
            value = rb".{%d}" % part.kind
        elif not part.after:
            value = rb"[^ ]*\Z" if part.kind == WORD else rb".*\Z"
        elif self.quoted(i):
            value = rb'(?:[^"\\]|\\.)*'
            if part.kind == WORD:
                value = rb'(?:[^" \\]|\\[^ ])*'
        elif part.kind == WORD:
            value = rb"[^ %s]*" % re.escape(part.after[:1])
        elif part.kind == LIST:
            value = rb".*?(?<!,)(?<! :)(?! : )" if part.after.startswith(b" ") else rb".*?"
        else:
            value, after = rb".*?", after + self.ahead(i + 1)
        return re.compile(rb"(%s)%s" % (value, after), re.DOTALL)

    def ahead(self, i):
        """What must follow a text, if that can be told."""
        if i == len(self.parts):
            return b""
        part = self.parts[i]
        if isinstance(part.kind, int):
            return rb"(?=.{%d}%s)" % (part.kind, re.escape(part.after))
        if not self.bare_word(i):
            return b""
        if not part.after:
            return rb"(?=[^ ]*\Z)"
        return rb"(?=[^ %s]*%s)" % (re.escape(part.after[:1]), re.escape(part.after))

    def cut(self, line):
        if not line.startswith(self.before):
            raise Reject("fields")
        line = line[len(self.before):]
        values = {}
        for part, pattern in zip(self.parts, self.patterns):
            m = pattern.match(line)
            if not m:
                raise Reject("fields")
            if part.gives:
                name = next((n for n in part.names if n in PATHS), part.names[0])
                values[part.gives] = self.bare(part, m[1]), name
            line = line[m.end():]
        if line and not line.startswith(b" "):
            raise Reject("fields")
        return values

    def bare(self, part, value):
        if part.names[0] in HOSTS and part.gives == "path":
            value = value[value.find(b"/"):] if b"/" in value else b""
        if "args" in part.names[1:] and self.escape == "default" and value.endswith(b"-") and b"?" not in value:
            value = value[:-1]
        return value

    def unescape(self, text):
        if self.escape == "none":
            return text
        if self.escape == "default":
            return formats.unescape(text)
        if not re.fullmatch(rb'(?:[^\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*', text, re.DOTALL):
            return text  # not written by nginx
        return re.sub(rb'(?:\\u....)+|\\.', self.unescape_json, text, flags=re.DOTALL)

    def unescape_json(self, m):
        return json.loads(b'"%s"' % m[0]).encode("utf-8", "surrogatepass")


def unix_day(text, unit):
    """Seconds since 1970, with up to nine digits behind the point; or whole numbers of a smaller unit."""
    if not re.fullmatch(rb"[0-9]+(\.[0-9]{1,9})?" if unit == 1 else rb"[0-9]+", text):
        raise Reject("time")
    days = int(text.split(b".")[0]) // (unit * 86400)
    if days > 2932896:
        raise Reject("time")
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=days)


def pieces_day(v):
    """Put together as ISO 8601."""
    month = v["month"][0]
    if len(month) == 3:
        if month not in formats.MONTHS:
            raise Reject("time")
        month = b"%02d" % (formats.MONTHS.index(month) + 1)

    def piece(name):
        return v.get(name, (b"00",))[0]
    day, hour = (b"0" + t[1:] if t.startswith(b" ") else t for t in (piece("day"), piece("hour")))
    fraction = b"." + v["fraction"][0] if "fraction" in v else b""
    return formats.iso_utc_day(v["year"][0] + b"-" + month + b"-" + day + b"T" + hour + b":" + piece("minute") + b":" +
                               piece("second") + fraction + v.get("zone", (b"+0000",))[0])


def time_of(v):
    if "time" not in v:
        return pieces_day(v)
    text, name = v["time"]
    if name in ("time_local", "t"):
        return formats.clf_utc_day(text)
    if name == "time_iso8601":
        return formats.iso_utc_day(text)
    return unix_day(text, {"msec": 1, "{sec}t": 1, "{msec}t": 1000, "{usec}t": 1000000}[name])


def range_of(v):
    for name, shape in (("given", rb"bytes ([0-9]+)-([0-9]+)/.*"), ("asked", rb"bytes=([0-9]+)-([0-9]*)")):
        m = re.fullmatch(shape, v.get(name, (b"",))[0], re.DOTALL)
        if m and (not m[2] or int(m[1]) <= int(m[2])) and all(int(n or 0) <= formats.INT64_MAX for n in m.groups()):
            return "later" if int(m[1]) else "zero"
    return "unknown"


class Custom(formats.LineFormat):
    """Made for a string, then once for each input."""

    def __init__(self, log_format):
        self.format = log_format

    def record(self, line):
        try:
            v = self.format.cut(line)
        except Reject:
            message = servers.behind_head(line)
            if message is None:
                raise
            v = self.format.cut(message)
        rec = Record(day=time_of(v), client=v.get("client", (b"",))[0])
        rec.status = formats.status(v["status"][0]) if "status" in v else 0
        rec.bytes = formats.number(v["bytes"][0]) if "bytes" in v else 0
        path, name = v["path"]
        rec.method = v.get("method", (b"",))[0]
        if name in ("request", "r"):
            rec.method, path = formats.split_request(path)
        rec.path = self.format.unescape(path)
        rec.decodes = 0 if name in ("uri", "U") else 1
        rec.agent = v["agent"][0] if "agent" in v else None
        rec.forwarded = v.get("forwarded", (b"",))[0]
        rec.range = range_of(v) if rec.status == 206 else "unknown"
        return rec


def reader_of(string):
    """What formats.FORMATS has for a format: the class of a reader, made without arguments."""
    log_format = LogFormat(string)

    class Reader(Custom):
        def __init__(self):
            super().__init__(log_format)
    return Reader
