"""Access logs by a format string of nginx or Apache, written as these servers would."""

import datetime
import re

from .clf import BAD_BYTES, BAD_STATUS, BAD_TIMES, MONTHS, AccessLog
from .mutate import mutate
from .world import World, moments

STRINGS = [
    '%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\"',
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
    '$msec|$host:$server_port|$request_method|$request_uri|$status|$request_time $upstream_response_time $body_bytes_sent|'
    '$remote_addr|$http_range|"$http_user_agent"',
    '$time_iso8601 $remote_addr <$request_method $scheme://$host:$server_port$request_uri $server_protocol> $status $bytes_sent '
    '"$sent_http_content_range" $pipe $http_x_forwarded_for $request_time',
    'escape=json {"t":$msec,"c":"$remote_addr","r":"$request","s":$status,"b":$body_bytes_sent,"a":"$http_user_agent",'
    '"x":"$http_x_forwarded_for","g":"$http_range"}',
    'escape=none $msec\\t$remote_addr\\t$request_method\\t$request_uri\\t$status\\t$bytes_sent\\t$http_range',
    '%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t %a \\"%m %U%q %H\\" %>s %B \\"%{Content-Range}o\\" \\"%{User-Agent}i\\"',
    '%{%Y%m%d%H%M%S}t|%V%U%q|%m|%s|%>s|%O',
    '%{usec}t %h %>s %b \\"%r\\" %D',
    '%{end:msec}t %v:%p %h %u %m %U %>s',
    '$uri$is_args$args $msec $request_method $status $bytes_sent $remote_addr',
]
AGENTS = [b"-", b"curl/8", b"cargo/1.70.0", b'a \\"b\\" c', b"x\\x22y\\\\", b"a b [c] | d"]
RANGES = [b"-", b"bytes=0-", b"bytes=0-99", b"bytes=100-199", b"bytes=-5", b"bytes=0-1,3-4", b"bytes=9-1", b"x"]
GIVEN = [b"-", b"bytes 0-99/1000", b"bytes 100-199/*", b"bytes 5-1/9", b"bytes */9"]
FORWARDED = [b"-", b"192.0.2.1", b"192.0.2.1, 192.0.2.2", b"a,  b", b"a : b"]


def values(rng, log, when):
    """What each variable writes for one request."""
    _, p = log.parts(when)
    method, target, protocol = (p["request"].split(b" ") + [b"", b""])[:3]
    path, mark, query = target.partition(b"?")
    ms = rng.randrange(1000)
    epoch = int((when - datetime.datetime(1970, 1, 1)).total_seconds())
    agent, code, size = rng.choice(AGENTS), p["status"], p["bytes"]
    asked, given, forwarded = rng.choice(RANGES), rng.choice(GIVEN), rng.choice(FORWARDED)
    offset = rng.choice([b"+0000", b"+0100", b"-0330"])
    user, client = p["user"], p["client"]
    nginx = {"remote_addr": client, "remote_user": user, "time_local": p["time"], "request": p["request"], "status": code,
             "body_bytes_sent": size, "bytes_sent": size, "http_referer": b"-", "http_user_agent": agent,
             "msec": b"%d.%03d" % (epoch, ms), "host": b"h.example", "server_port": b"443", "scheme": b"https",
             "request_method": method, "request_uri": target, "server_protocol": protocol or b"HTTP/1.0",
             "request_time": b"0.004", "upstream_response_time": rng.choice([b"-", b"0.1", b"0.1, 0.2", b"0.1 : 0.2"]),
             "http_range": asked, "sent_http_content_range": given, "pipe": rng.choice([b".", b"p"]),
             "http_x_forwarded_for": forwarded, "uri": path, "is_args": mark, "args": query or b"-",
             "time_iso8601": when.strftime("%Y-%m-%dT%H:%M:%S").encode() + offset[:3] + b":" + offset[3:]}
    pieces = {"Y": b"%04d" % when.year, "m": b"%02d" % when.month, "b": MONTHS[when.month - 1].encode(),
              "d": b"%02d" % when.day, "H": b"%02d" % when.hour, "M": b"%02d" % when.minute, "S": b"%02d" % when.second,
              "z": offset, "F": when.strftime("%Y-%m-%d").encode(), "T": when.strftime("%H:%M:%S").encode()}
    apache = {"h": client, "a": client, "l": b"-", "u": user, "t": b"[" + p["time"] + b"]", "r": p["request"], ">s": code,
              "s": b"200", "b": size, "B": b"0" if size == b"-" else size, "O": size, "{Referer}i": b"-",
              "{User-Agent}i": agent, "m": method, "U": path, "q": mark + query, "H": protocol or b"HTTP/1.0",
              "{Content-Range}o": given, "V": b"h.example", "v": b"h.example", "p": b"80", "D": b"7",
              "{usec}t": b"%d%06d" % (epoch, ms), "{end:msec}t": b"%d%03d" % (epoch, ms), "{msec_frac}t": b"%03d" % ms}
    return nginx, apache, pieces


def damage_values(rng, tables):
    """One of the values that are looked at becomes one that must not be."""
    nginx, apache, pieces = tables
    kind = rng.randrange(5)
    if kind == 0:
        nginx["time_local"] = rng.choice(BAD_TIMES)
        apache["t"] = b"[" + nginx["time_local"] + b"]"
        nginx["time_iso8601"] = rng.choice([b"2024-02-30T00:00:00+00:00", b"2024-01-01T24:00:00+00:00", b"2024-01-01"])
        nginx["msec"] = rng.choice([b"-", b"1.", b".5", b"-1.000", b"9" * 30, b"1e9", b"253402300800.000"])
        apache["{usec}t"] = apache["{end:msec}t"] = rng.choice([b"-", b"1.5", b"9" * 19, b"9" * 18, b""])
        pieces.update(rng.choice([{"d": b"32"}, {"m": b"00"}, {"b": b"Foo"}, {"Y": b"1969"}, {"H": b"24"}, {"z": b"+1430"}]))
    elif kind == 1:
        nginx["status"] = apache[">s"] = rng.choice(BAD_STATUS)
    elif kind == 2:
        nginx["body_bytes_sent"] = nginx["bytes_sent"] = rng.choice(BAD_BYTES)
        apache["b"] = apache["B"] = apache["O"] = rng.choice(BAD_BYTES)
    elif kind == 3:
        nginx["request"] = apache["r"] = rng.choice([b"", b"-", b"GET", b"GET /\\", b'GET /" 200', b"\\x16\\x03"])
        nginx["uri"] = apache["U"] = nginx["request_uri"] = rng.choice([b"", b"-", b"a b", b"/\\u00e4\\q", b'/"', b"/ 2 "])
    else:
        nginx["remote_user"] = apache["u"] = rng.choice([b"a [b] [c", b" [", b"x y", b"", b"\xff"])


def render(string, tables):
    nginx, apache, pieces = tables
    text = re.sub(r"^escape=\w+ ", "", string).replace('\\"', '"').replace("\\t", "\t").encode()

    def one(m):
        if m[1]:
            return nginx[m[1].decode()]
        name = m[2].decode()
        if name in apache:
            return apache[name]
        return re.sub(rb"%(.)", lambda c: pieces[c[1].decode()], m[2][1:-2])
    return re.sub(rb"\$(\w+)|%(>?(?:\{[^}]*\})?[A-Za-z])", one, text)


def generate(rng, n, string, damage=0.0, ecosystem="crates"):
    """The lines that a server wrote by that format string."""
    log = AccessLog(rng, World(rng, ecosystem), True)
    for when in moments(rng, datetime.datetime(2024, 2, 27), (3, 2, 9, 6, 1), n):
        tables = values(rng, log, when)
        if rng.random() < damage / 2:
            damage_values(rng, tables)
        line = render(string, tables)
        if rng.random() < 0.03:
            line = b"<190>Mar  1 00:00:01 host nginx: " + line
        yield mutate(rng, line) if rng.random() < damage / 2 else line
