#!/usr/bin/env python3
"""Logs of somebody who means harm, and what no output may have of them.

    hostile.py logs DIR         a log of each format in DIR, FORMAT.log; what is bad in one of them is in all, in every field
    hostile.py names            what is bad, as words for file names and settings, each with a NUL behind it
    hostile.py text FILE...     fails unless each file is text that a terminal shows as it stands
    hostile.py json FILE...     the same, and every line an object of RFC 8259 (one object over many lines will do)
    hostile.py keys FILE        of `psql -At` with keys in hexadecimal: they are the bytes that stood in the logs

Every line has a client of 198.18.77.0/24 or 2001:db8:5ec7::/48, and a user agent with the word AGENT in it: what is
about clients may stand in no table, no row and no server's log, so these can be searched for.
"""
import json
import os
import re
import sys
import unicodedata
import urllib.parse

AGENT = b"uaMARK77"
KEY = b"keyMARK77"  # in every path: keys are to be found again

# Each by the worry that it is. A line feed ends a line in every format, so it is among the names only.
BAD = {
    "nul": b"a\0b",
    "bad utf-8": b"\xff\xfe\xc3\x28",
    "overlong": b"\xc0\xaf",
    "surrogate": b"\xed\xa0\x80",
    "cut": b"\xf0\x9f\x98",
    "byte order mark": b"\xef\xbb\xbfx",
    "carriage return": b"a\rb",
    "line separators": "\u2028\u2029".encode(),
    "clears the screen": b"\x1b[2J\x1b[H",
    "title, OSC": b"\x1b]0;owned\x07",
    "link, OSC 8": b"\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\",
    "clipboard, OSC 52": b"\x1b]52;c;cm0gLXJmIC8=\x07",
    "C1, raw": b"\x9b31m\x9d0;x\x9c",
    "C1, UTF-8": "\u009b31m\u009d0;x\u009c".encode(),
    "bidi": "\u202egpj.exe\u202c\u2066x\u2069\u200e\u200f\u061c".encode(),
    "not seen": "\u200b\u2060\ufeff\U000e0041".encode(),
    "delete": b"a\x7f\x08\x08b",
    "bell": b"\x07",
    "script": b"<script>alert(1)</script>",
    "end of script": b"</script><img src=x onerror=alert(1)>",
    "javascript": b"javascript:alert(1)//",
    "quotes": b"\"'`\"\"",
    "backslashes": b"\\\\\\",
    "tab": b"a\tb",
    "COPY NULL": b"\\N",
    "COPY end": b"\\.",
    "parameter": b"$1",
    "dollar quote": b"$$;DROP TABLE stats;$$",
    "SQL": b"'; DROP TABLE stats; --",
    "formula =": b"=cmd|' /C calc'!A0",
    "formula +": b"+1+1",
    "formula -": b"-1+1",
    "formula @": b"@SUM(A1)",
    "format": b"%s%n%1$s",
    "template": b"{{7*7}}${jndi:ldap://x/a}$(id)`id`",
    "JSON": b'","admin":true,"x":"',
    "deep": b"[" * 3000,
    "long": b"L" * 3000,
    "percent": b"%1b%5b2J%00%e2%80%ae%0a%0d%09%9b%ff",
    "percent, twice": b"%251b%255b2J",
    "backslash x": b"\\x1b[2J\\x00\\xe2\\x80\\xae",
    "backslash u": b"\\u001b[2J\\u0000\\u202e\\ud800\\u009b",
}
NUMBERS = [str(2**63), str(2**64), str(2**64 - 1), "-1", "1e9", "", "-", "9" * 400, "0x10", "1.5", "NaN", "Infinity", "+7", " 7", "07"]

# K: the key in the path, B: bytes, O: whatever else a stranger writes; the client is C.
LINES = {
    "common": '@C - @O [05/Jan/2024:12:00:00 +0000] "GET /h/@K/1.0.0 HTTP/1.1" 200 @B',
    "combined": '@C - @O [05/Jan/2024:12:00:00 +0000] "GET /h/@K/1.0.0 HTTP/1.1" 200 @B "@O" "@O @A"',
    "vhost_combined": '@O:443 @C - - [05/Jan/2024:12:00:00 +0000] "GET /h/@K/1.0.0 HTTP/1.1" 200 @B "@O" "@A @O"',
    "vhost_common": '@O:443 @C - - [05/Jan/2024:12:00:00 +0000] "GET /h/@K/1.0.0 HTTP/1.1" 200 @B',
    "cloudfront": "2024-01-05\t12:00:00\t@O\t@B\t@C\tGET\t@O\t/h/@K/1.0.0\t200\t-\t@A%20@O",
    "w3c": "2024-01-05 12:00:00 GET /h/@K/1.0.0 @O @C @A@O 200 @B",
    "s3": '79a5 @O [05/Jan/2024:12:00:00 +0000] @C - 3E57 REST.GET.OBJECT h/@K/1.0.0 "GET /h/@K/1.0.0 HTTP/1.1" 200 - @B 742 7 5 "@O" "@A @O" - x SigV4 - - b TLSv1.2 - -',
    "elb": 'https 2024-01-05T12:00:00.186641Z app/lb/50dc @C:2817 10.0.0.1:80 0.0 0.0 0.0 200 200 34 @B "GET https://example.org:443/h/@K/1.0.0 HTTP/1.1" "@A @O" - - arn:x "@O" "-" "-" 0 2024-01-05T12:00:00Z "forward" "-" "-"',
    "fastly": '<134>2024-01-05T12:00:02Z cache s3[257]: {"bytes":@B,"date_time":"2024-01-05T12:00:00Z","http":{"referer":"@O","useragent":"@A @O"},"ip":"@C","method":"GET","status":200,"url":"https://h/h/@K/1.0.0","version":"1"}',
    "json": '{"ts":1704456000.5,"request":{"remote_ip":"@C","client_ip":"@C","method":"GET","host":"@O","uri":"/h/@K/1.0.0","headers":{"User-Agent":["@A @O"]}},"size":@B,"status":200}',
    "linehaul": "download|Fri, 05 Jan 2024 12:00:00 GMT|US|/h/@K/1.0.0|TLSv1.2|@O|@K|1.0|sdist|@A @O",
    "tsv": "1704456000.5\t@C\tGET /h/@K/1.0.0 HTTP/1.1\t200\t@B",
    "csv": '1704456000.5,@C,"GET /h/@K/1.0.0 HTTP/1.1",200,@B',
    "fdsnws": '{"userID":"@C","clientID":"@A @O","userEmail":"@O","userLocation":{"country":"@O"},"service":"fdsnws-dataselect","status":"OK","bytes":@B,"created":"2024-01-05T12:00:00Z","finished":"2024-01-05T12:00:00Z","trace":[{"net":"@O","sta":"S1","loc":"","cha":"@O","status":"OK","bytes":@B}]}',
    "seventv": '{"user":"01F6M3N17G000B5V5G2M2RYJN7","old":["60af9846ebfcf7562edb10c7"],"new":["017da8369c1000000000000000000001"],"x":"@O","time":"2024-01-05T12:00:00Z"}',
}
HEADS = {
    "cloudfront": "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)\n",
    "w3c": "#Software: x\n#Version: 1.0\n#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status sc-bytes\n",
    "tsv": "msec\tremote_addr\trequest\tstatus\tbytes_sent\n",
    "csv": "msec,remote_addr,request,status,bytes_sent\n",
}


def client(n):
    return b"198.18.77.%d" % (n % 250) if n % 3 else b"2001:db8:5ec7:%x::1" % n


def fill(line, n, key=b"", other=b"-", number=b"100"):
    out = line.encode()
    if b"@K" not in out:
        other = other if key == b"good" else key or other
    for mark, value in ((b"@C", client(n)), (b"@K", KEY + key), (b"@O", other), (b"@B", number), (b"@A", AGENT)):
        out = out.replace(mark, value)
    return out + b"\n"


def written(bad):
    """A value as it came, and as those who write logs may have written it."""
    yield bad
    yield urllib.parse.quote_from_bytes(bad, safe="").encode()
    text = json.dumps(bad.decode("utf-8", "replace"))[1:-1]
    yield text.encode()


def log(line):
    out, n = [], 0
    for bad in BAD.values():
        for value in dict.fromkeys(written(bad)):
            n += 3
            out += [fill(line, n, key=value), fill(line, n + 1, other=value), fill(line, n + 2)]
    for number in NUMBERS:
        out.append(fill(line, n, number=number.encode()))
    out += [fill(line, i, key=b"good") for i in range(len(out))]  # most of the lines are no stranger's
    return b"".join(out) + b"\0\x1b[2J\xe2\x80\xae 198.18.77.9 rubbish\n"


def logs(directory):
    for name, line in LINES.items():
        with open(os.path.join(directory, name + ".log"), "wb") as f:
            f.write(HEADS.get(name, "").encode() + log(line))


def names():
    for bad in BAD.values():
        word = bad.replace(b"\0", b"").replace(b"/", b"_")[:120]
        sys.stdout.buffer.write(b"n" + word + b"\0")
    sys.stdout.buffer.write(b"n\nx\0")


def check_text(path, data):
    text = data.decode("utf-8")  # strict
    for i, c in enumerate(text):
        kind = unicodedata.category(c)
        if c != "\n" and (kind in ("Cc", "Cf", "Zl", "Zp", "Cs") or c == "\ufeff"):
            raise ValueError("%s: U+%04X at character %d: %r" % (path, ord(c), i, text[max(0, i - 60):i + 20]))
    return text


def no_constant(name):
    raise ValueError("%s is no JSON" % name)


def no_double(pairs):
    keys = [k for k, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key twice: %r" % keys)
    return dict(pairs)


def no_surrogate(value):
    if isinstance(value, str):
        value.encode("utf-8")
    for v in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        no_surrogate(v)


def strict(text):
    value = json.loads(text, parse_constant=no_constant, object_pairs_hook=no_double)
    no_surrogate(value)
    return value


def check_json(path, data):
    text = check_text(path, data)
    try:
        strict(text)
    except ValueError:
        for i, line in enumerate(text.split("\n")[:-1]):
            try:
                strict(line)
            except ValueError as e:
                raise ValueError("%s:%d: %s: %r" % (path, i + 1, e, line[:200]))
        if text and not text.endswith("\n"):
            raise ValueError("%s: no line feed at its end" % path)


def check_keys(path):
    good = {KEY + v for bad in BAD.values() for w in written(bad) for v in (w, urllib.parse.unquote_to_bytes(w))}
    n = 0
    for line in open(path):
        key = bytes.fromhex(line.strip())
        key.decode("utf-8")
        # Formats undo what their writers escaped; what is left is part of something that a line had.
        if KEY in key and not re.fullmatch(rb"keyMARK77good", key):
            n += key in good
    print(n)


def main():
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "logs":
        logs(rest[0])
    elif what == "names":
        names()
    elif what == "keys":
        check_keys(rest[0])
    else:
        for path in rest:
            with open(path, "rb") as f:
                (check_json if what == "json" else check_text)(path, f.read())


if __name__ == "__main__":
    try:
        main()
    except ValueError as e:
        sys.exit("hostile.py: %s" % ascii(str(e)))
