#!/usr/bin/env python3
"""
`ingest --dataset access` against the oracle's reading of pict-rs's URLs (tests/oracle/pictrs.py), on random requests of which
many are odd: rows and tallies. The same seed makes the same log.

    access.py --ingest build/ingest --seeds 1..50
"""

import argparse
import collections
import json
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import pictrs  # noqa: E402

UUIDS = ["7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8f9", "7A1C2B3D-4E5F-6071-8293-A4B5C6D7E8F9", "7a1c2b3d4e5f60718293a4b5c6d7e8f9",
         "{7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8f9}", "urn:uuid:7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8f9", "URN:UUID:7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8f9",
         "{7a1c2b3d4e5f60718293a4b5c6d7e8f9}", "7a1c2b3d-4e5f-6071-8293a-4b5c6d7e8f9", "7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8fg"]
NAMES = UUIDS + ["asdf", "aSdF", "", ".", "a.b.c", "\u00e4\U0001f600", "a b", "x" * 300]
ENDS = [".png", ".jpg", ".JPG", ".tar.gif", ".webp", "", ".", ".jpeg.apng"]
SIZES = ["256", "0", "007", "+5", "-5", "", "18446744073709551615", "18446744073709551616", "1.5", "a5", "2147483648", "٣", "0" * 400 + "7", " 5"]
RESIZES = ["Lanczos.200", "lanczosSHARP.a0200", "lanczos2.1", "Lanczos2Sharp.a1", "mitchell.9", "robidouxsharp.aa12", ".300", ".a300", "foo.300", "foo.a300",
           "a300", "Lanczos.", "Lanczos.a", "..5", "Lanczos.5.5"]
CROPS = ["16x9", "016x9", "20x20", "21x1", "0x1", "1x", "x1", "16", "16x9x7", "16x9x", "+1x+2", "1X2", "1xx2"]
BLURS = ["3.0", "3", "0.1", ".5", "5.", "1e2", "1E-7", "-0", "+2.50", "0", "1e21", "123456789012345678901", "5e-324", "1e308", "1e309", "inf", "NaN", ".", "1e", "0x1p3",
         "1_0", " 1", "0.30000000000000004", "9007199254740993", "2.2250738585072014e-308", "9.5367431640625e-07", "1,5"]
SCHEMES = ["https://", "http://", "HTTPS://", "https:", "http:\\\\", "https:/", "http:////", "ftp://", "//", "httpx://", " https://", "ht\ttps://", ""]
USERS = ["", "", "", "user@", "u:p@", ":p@", "u:@", "@", "a@b:c@", "\u00fc;=:x y@"]
HOSTS = ["example.com", "EXAMPLE.Com", "ex%41mple.com", "127.0.0.1", "0x7f.1", "0177.0.0.01", "127.1", "2130706433", "4294967296", "256.1", "1.2.3.4.5", "1.2.3.09", "1.2.3.4.",
         "a.0x", "a.0xg", "a..b", ".", "", "a b", "a%20b", "a^b", "a_b-c", "[::1]", "[1:0:0:2:0:0:0:3]", "[0:0:1:0:0:2:0:0]", "[::ffff:1.2.3.4]", "[ABCD::00ef]", "[1:2:3:4:5:6:7]",
         "[::1", "::1", "[::1%25eth0]", "[]", "%", "a%2fb", "xn--bcher-kva.example", "1.2.3.4x", "0x1.example", "0x", "1..2", "09", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6::8]"]
PORTS = ["", "", "", ":80", ":443", ":8080", ":0080", ":65535", ":65536", ":", ":x", ":80:80", ":000000000000000000443"]
SEGMENTS = ["a", "b.png", ".", "..", "%2e", "%2E%2e", ".%2e", "...", "c d", "%7e", "~", "\u00e9", "{x}", "^", "|", "'", "\"", "`", "", "%", "%zz", "\\", "\x01", "\x7f", "[", "a;b=c:@", "\x00"]
QUERIES = ["", "", "?", "?a=b&c", "?'\"<>`{}^|", "?%20 \u00e9", "?a?b", "#", "#f `x", "?q#f#g", "?\\a/b"]
PATHS = ["/image/original/{alias}", "/image/original", "/image/process.{ext}", "/image/process.{ext}", "/image/process.{ext}", "/image/process.{ext}", "/image/details/process.{ext}",
         "/image/details/original", "/image/details/original/{alias}", "/image/blurhash", "/image/process_backgrounded.{ext}", "/internal/purge", "/internal/delete", "/internal/aliases",
         "/internal/identifier", "/pictrs/image/{alias}", "/pictrs/image/{alias}", "/image/download", "/image/delete/tok/{alias}", "/healthz", "/image/", "/image/process.", "/"]
EXTS = ["jpg", "jpeg", "png", "webp", "apng", "avif", "gif", "jxl", "JPG", "bmp", "tar.gz", "", "j%70g"]
METHODS = ["GET"] * 6 + ["HEAD", "HEAD", "POST", "PUT", "get"]
STATUSES = [200] * 8 + [206, 303, 304, 404, 400, 202, 302]


def proxied(rng):
    if rng.random() < 0.5:
        return rng.choice(["https://example.com/a.png", "HTTP://Example.com:80/b/../c?x=1", "https://example.com", "https://[::1]:443/x y"])
    segments = "".join(rng.choice("///\\") + rng.choice(SEGMENTS) for _ in range(rng.randrange(5)))
    return rng.choice(SCHEMES[:rng.choice([3, len(SCHEMES)])]) + rng.choice(USERS) + rng.choice(HOSTS[:rng.choice([2, len(HOSTS)])]) + rng.choice(PORTS) + segments + rng.choice(QUERIES)


def quoted(rng, text):
    """Form-urlencoded, with more or fewer bytes encoded than a browser would, and mistakes."""
    style = rng.random()
    out = b""
    for byte in text.encode():
        char = bytes([byte])
        if byte <= 0x20 or byte >= 0x7f or char in b'%&+#="' or (style < 0.5 and not char.isalnum()) or rng.random() < 0.03:
            hexa = b"%%%02x" % byte
            out += b"+" if byte == 0x20 and rng.random() < 0.6 else hexa.upper() if rng.random() < 0.7 else hexa
        else:
            out += char
    if rng.random() < 0.04:
        at = rng.randrange(len(out) + 1)
        out = out[:at] + rng.choice([b"%", b"%f", b"%ff", b"%e2%82", b"%ed%a0%80", b"%00", b"&", b"=", b"%zz", b"%f4%90", b"%c3", b"%0a"]) + out[at:]
    return out


def pair(rng):
    kind = rng.randrange(9)
    name, values = [("src", None), ("alias", None), ("proxy", None), ("thumbnail", SIZES), ("resize", SIZES + RESIZES + RESIZES), ("crop", CROPS), ("blur", BLURS),
                    ("identity", ["", "x"]), ("format", EXTS)][kind]
    if name == "proxy":
        value = proxied(rng)
    elif values is None:
        value = rng.choice(NAMES) + rng.choice(ENDS)
    elif name == "blur" and rng.random() < 0.5:
        value = repr(rng.choice([rng.uniform(-9, 9), rng.uniform(1, 10) * 10.0 ** rng.randrange(-320, 307), 2.0 ** rng.randrange(-1074, 1024), rng.randrange(1000) / 100]))
    else:
        value = rng.choice(values[:rng.choice([2, len(values)])])
    if rng.random() < 0.04:
        name = rng.choice([name.upper(), name.title(), name + " ", "x", "", "utm_source"])
    return quoted(rng, name) + (b"" if value == "" and rng.random() < 0.5 else b"=" + quoted(rng, value))


def request(rng):
    path = rng.choice(PATHS).replace("{ext}", rng.choice(EXTS[:rng.choice([4, len(EXTS)])]))
    if "{alias}" in path:
        name = quoted(rng, rng.choice(NAMES) + rng.choice(ENDS))
        path = path.encode().replace(b"{alias}", name.replace(b"+", b"%20").replace(b"?", b"%3f"))
    else:
        path = path.encode()
    if rng.random() < 0.1:
        path = rng.choice([b"https://img.example", b"/media", b"/a/b", b"//", b"http://h"]) + path
    source = rng.choice([b"src=", b"alias=", b"proxy=", b""])
    queries = [pair(rng) for _ in range(rng.randrange(5))]
    if source:
        queries.insert(rng.randrange(len(queries) + 1), source + quoted(rng, proxied(rng) if source == b"proxy=" else rng.choice(NAMES) + rng.choice(ENDS)))
    query = b"&".join(queries)
    if rng.random() < 0.01:
        query += b"&proxy=https://example.com/" + b"a" * rng.choice([970, 973, 974, 975, 980, 1100, 2000, 4060, 4069, 4070, 4071, 4090, 5000])
    return path, query + (b"#x?y" if rng.random() < 0.02 else b"")


def wrapped(query):
    """As CloudFront writes it."""
    return b"".join(b"%%%02X" % b if b <= 0x20 or b >= 0x7f or bytes([b]) in b"\"#%'<>[\\]^`{|}~" else bytes([b]) for b in query)


def case(rng, n):
    """(the format, the operations that are taken, the log, its rows, its tallies) of requests in one of five formats; some have the query in a field of its own."""
    how = rng.choice(["combined", "cloudfront", "json", "v2", "w3c"])
    kind = "json" if how == "v2" else how
    filters = rng.sample(sorted(pictrs.OPERATIONS), rng.choice([1, 2, 3, 5, 5, 5]))
    head = b"#Version: 1.0\n#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status\n" if how in ("cloudfront", "w3c") else b""
    lines, rows, tallies = [], {}, collections.Counter()
    for _ in range(n):
        path, query = request(rng)
        method, status, second = rng.choice(METHODS), rng.choice(STATUSES), rng.randrange(86400)
        micros = rng.randrange(1000000) if how == "json" else 0
        clock = "%02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)
        if how == "combined":
            whole = path + (b"?" + query if query or rng.random() < 0.1 else b"")
            lines.append(b'192.0.2.7 - - [16/Jan/2024:%s +0000] "%s %s HTTP/1.1" %d 42 "-" "x"' % (clock.encode(), method.encode(), whole.replace(b"\\", b"\\\\"), status))
            asked = (method, whole, status)
        elif how == "json":
            whole = path + b"?" + query
            lines.append(json.dumps({"ts": "2024-01-16T%s.%06dZ" % (clock, micros), "request": {"method": method, "uri": whole.decode("latin-1")}, "status": status}).encode())
            asked = (method, whole.decode("latin-1").encode(), status)
        elif how == "v2":
            query = wrapped(query) if rng.random() < 0.6 else query
            fields = ["2024-01-16", clock, method, path.decode("latin-1"), query.decode("latin-1"), str(status)]
            lines.append(json.dumps(dict(zip(("date", "time", "cs-method", "cs-uri-stem", "cs-uri-query", "sc-status"), fields))).encode())
            asked = (method, path.decode("latin-1").encode(), status, query.decode("latin-1").encode(), 2)
        elif how == "w3c":
            lines.append(b"2024-01-16 %s %s %s %s %d" % (clock.encode(), method.encode(), path, query or b"-", status))
            asked = (method, path, status, query or b"-", 1)
        else:
            path, query = path.replace(b"%", b"%25"), wrapped(query) if rng.random() < 0.6 else query
            lines.append(b"2024-01-16\t%s\t%s\t%s\t%s\t%d" % (clock.encode(), method.encode(), path, query or b"-", status))
            asked = (method, path, status, query or b"-", 2)
        try:
            row = pictrs.read(*asked, filters=filters)
            at = (1705363200 + second) * 1000000 + micros
            rows[row] = max(rows.get(row, 0), at)
            tallies["counted"] += 1
        except pictrs.Nothing as why:
            tallies[str(why)] += 1
    return kind, filters, head + b"\n".join(lines) + b"\n", rows, tallies


def run(command, path):
    made = subprocess.run(command + ["--dataset", "access", "--max-reject", "100", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if made.returncode != 0:
        raise SystemExit("%s: status %d: %s" % (path, made.returncode, made.stderr.decode()))
    return made.stdout


def difference(ingest, path, kind, filters, rows, tallies):
    command, shown = [ingest, "-f", kind], {}
    if len(filters) < len(pictrs.OPERATIONS):
        with open(path + ".ini", "w", encoding="ascii") as f:
            f.write("[rules own]\nmedia_filters = %s\n" % " ".join(filters))
        command += ["-c", path + ".ini", "--rules", "own"]
    for line in run(command + ["-o", "-"], path).splitlines():
        row = json.loads(line)
        shown[row["touches"], row["source"], row["name"], row["variant"]] = row["accessed"]
    for row in sorted(set(rows) | set(shown), key=repr):
        if rows.get(row) != shown.get(row):
            return "%r: wanted %r, made %r" % (row, rows.get(row), shown.get(row))
    records = json.loads(run(command + ["-n", "--json"], path))["records"]
    made = {"counted": records["counted"], **records["filtered"], **records["rejected"]}
    made.pop("comment", None)
    made = {why: n for why, n in made.items() if n}
    return None if made == dict(tallies) else "wanted %r, made %r" % (dict(tallies), made)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ingest", required=True)
    p.add_argument("--seeds", default="1..20")
    p.add_argument("--lines", type=int, default=1000)
    o = p.parse_args()
    first, _, last = o.seeds.partition("..")
    counted = 0
    with tempfile.TemporaryDirectory() as where:
        for seed in range(int(first), int(last or first) + 1):
            kind, filters, log, rows, tallies = case(random.Random(seed), o.lines)
            path = os.path.join(where, "log")
            with open(path, "wb") as f:
                f.write(log)
            found = difference(o.ingest, path, kind, filters, rows, tallies)
            if found:
                print("seed %d, %s: %s" % (seed, kind, found))
                return 1
            counted += tallies["counted"]
    print("no difference in %d counted requests" % counted)
    return 0 if counted else 1


if __name__ == "__main__":
    sys.exit(main())
