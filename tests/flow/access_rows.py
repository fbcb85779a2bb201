#!/usr/bin/env python3
"""
Files of pict-rs with their aliases, variants and proxies; the logs of three days of requests for them, in every spelling that names
one; and the times of access that the rows must have afterwards. Nothing here reads a URL: each is made of what it touches.

    access_rows.py DIRECTORY

Writes hashes, variants, proxies and aliases as they are (hash as 78 hexadecimal digits), the right times (right_*), and two logs:
caddy.log, with fractions of seconds, and nginx.log, in local time.
"""

import datetime
import json
import os
import random
import sys

rng = random.Random(20240116)
DAY = datetime.datetime(2024, 1, 16)
OLD, NEW = datetime.datetime(2024, 1, 1, 0, 0, 0, 500000), datetime.datetime(2030, 1, 1)

# the key, and what asks for it: kind of file and operations; {s} is the source
VARIANTS = [
    ("thumbnail/256/jpeg", ["process.jpg?{s}&thumbnail=256", "process.jpeg?thumbnail=0256&{s}", "process.jpg?thumbnail=%2B256&{s}&utm=x", "process.jpg?%74humbnail=256&{s}"]),
    ("thumbnail/256/blur/3/jpeg", ["process.jpg?{s}&thumbnail=256&blur=3.0", "process.jpeg?thumbnail=256&{s}&blur=3", "process.jpg?{s}&thumbnail=256&identity=&blur=0.3e1"]),
    ("blur/3/thumbnail/256/jpeg", ["process.jpg?{s}&blur=3.0&thumbnail=256"]),
    ("resize/Lanczos2.a200/webp", ["process.webp?{s}&resize=lanczos2.a200", "process.webp?resize=LANCZOS2.a0200&{s}"]),
    ("resize/.a200/webp", ["process.webp?{s}&resize=nosuch.a200", "process.webp?{s}&resize=.a200"]),
    ("resize/300/png", ["process.png?{s}&resize=300", "process.png?{s}&resize=.300", "process.png?{s}&resize=box.300"]),
    ("crop/16x9/avif", ["process.avif?{s}&crop=16x9", "process.avif?crop=016x09&{s}"]),
    ("blur/0.5/gif", ["process.gif?{s}&blur=.5", "process.gif?{s}&blur=+0.50".replace("+", "%2B")]),
    ("png", ["process.png?{s}", "process.png?{s}&identity=1", "process.png?x=y&{s}"]),
    ("apng", ["process.apng?{s}"]),
]
LEMMY = {"thumbnail/256/jpeg": ["format=jpg&thumbnail=256", "thumbnail=0256&format=jpeg"], "png": ["format=png"], "apng": ["format=apng"]}


def uuid():
    return "%08x-%04x-%04x-%04x-%012x" % tuple(rng.getrandbits(n) for n in (32, 16, 16, 16, 48))


def alias_spellings(alias):
    head, _, tail = alias.partition(".")
    if len(head) != 36:
        return [alias]
    return [alias, head.upper() + "." + tail, head.replace("-", "") + "." + tail, "%7B" + head + "%7D." + tail]


# the URL as pict-rs keeps it, and what a client may have said
PROXIED = [
    ("https://images.example/%d.png", ["https://images.example/%d.png", "HTTPS://Images.EXAMPLE:443/%d.png", "https:\\\\images.example\\x\\..\\%d.png"]),
    ("http://images.example:8080/a%%20b/%d?q=1", ["http://images.example:8080/a b/%d?q=1", "http://images.example:08080/./a%%20b/%d?q=1"]),
    ("https://example.org/?n=%d", ["https://example.org?n=%d", "https://EXAMPLE.org/?n=%d"]),
    ("http://127.0.0.1/%d", ["http://0x7f.1/%d", "http://127.0.0.1:80/%d"]),
    ("https://[2001:db8::1]/%d", ["https://[2001:DB8:0:0::1]/%d"]),
    ("https://bucket.example/%d?signature=" + "0f" * 900, ["https://BUCKET.example/%d?signature=" + "0f" * 900]),
    ("https://example.net/%d?just=" + "x" * 970, ["https://example.net/%d?just=" + "x" * 970]),
]


def quote(text):
    return "".join("%%%02X" % b if chr(b) in " %&+#\\" or b > 0x7e else chr(b) for b in text.encode())


class Rows:
    def __init__(self):
        self.hashes, self.aliases, self.variants, self.proxies = [], {}, {}, {}
        for i in range(120):
            digest = bytes(rng.getrandbits(8) for _ in range(39)).hex()
            self.hashes.append(digest)
            names = [uuid() + rng.choice([".png", ".jpg", ".tar.gif"]) for _ in range(rng.randrange(1, 4))] + ([f"old{i}.png"] if i % 5 == 0 else [])
            for name in names:
                self.aliases[name] = [digest, rng.choice([OLD, OLD, NEW])]
            for key, _ in rng.sample(VARIANTS, rng.randrange(1, 6)):
                self.variants[digest, key] = rng.choice([OLD, OLD, NEW])
            if i % 3 == 0:
                url, said = rng.choice(PROXIED)
                self.proxies[url % i] = [names[0], rng.choice([OLD, OLD, NEW]), [s % i for s in said]]
        self.right = {}

    def touch(self, table, key, at):
        if table == "variants" and key not in self.variants:
            return
        self.right[table, key] = max(self.right.get((table, key), OLD), at)

    def time(self, table, key, was):
        return max(was, self.right.get((table, key), was))


def request(rows, at):
    """(method, path, status)"""
    by_url = rng.random() < 0.35
    status = rng.choice([200, 200, 200, 206, 303, 304, 404, 500])
    good = status in (200, 206, 303, 304)
    if by_url:
        url = rng.choice(sorted(rows.proxies))
        alias, _, said = rows.proxies[url]
        source = "proxy=" + quote(rng.choice(said))
    else:
        alias = rng.choice(sorted(rows.aliases))
        name = rng.choice(alias_spellings(alias))
        source = rng.choice(["src=", "alias="]) + name
    digest = rows.aliases[alias][0]
    key, asked = rng.choice(VARIANTS)
    kind = rng.choice(["original", "process", "process", "process", "details", "path", "lemmy", "blurhash", "background", "purge", "identifier"])
    method = rng.choice(["GET", "GET", "GET", "HEAD"]) if kind in ("original", "process", "lemmy", "path") else "POST" if kind == "purge" else "GET"
    asked = rng.choice(asked).replace("{s}", source)
    variant = proxy = False
    if kind == "original":
        path, proxy = "/image/original?" + source, by_url
    elif kind in ("process", "details"):
        path = ("/image/details/" if kind == "details" else "/image/") + asked
        variant, proxy = True, by_url and method == "GET"
    elif kind in ("path", "lemmy"):
        by_url = False
        name = rng.choice(alias_spellings(alias))
        if kind == "path":
            path = rng.choice(["/image/original/", "/image/details/original/"]) + name
        else:
            path = "/pictrs/image/" + name
            if key in LEMMY and rng.random() < 0.7:
                path, variant = path + "?" + rng.choice(LEMMY[key]), True
    elif kind == "background":
        path = "/image/" + asked.replace("process.", "process_backgrounded.", 1)
    else:
        path = {"blurhash": "/image/blurhash?", "purge": "/internal/purge?", "identifier": "/internal/identifier?"}[kind] + source
        proxy = by_url
    if good and variant:
        rows.touch("variants", (digest, key), at)
    if good and proxy:
        rows.touch("proxies", url, at)
    if good and (not by_url or proxy):
        rows.touch("aliases", alias, at)
    return method, path, status


def strangers():
    """Of no row, or of nothing at all."""
    return rng.choice([("GET", "/image/original/" + uuid() + ".png", 200), ("GET", "/image/process.jpg?src=nobody.png&thumbnail=9", 200),
                       ("GET", "/image/process.bmp?src=old0.png", 200), ("GET", "/image/process.jpg?src=old0.png&Thumbnail=256", 200),
                       ("GET", "/image/process.jpg?proxy=https%3A%2F%2Fnowhere.example%2F&thumbnail=256", 200), ("GET", "/healthz", 200),
                       ("POST", "/image", 201), ("GET", "/image/download?url=https://images.example/0.png", 200), ("GET", "/image/process.jpg?src='%3B DROP TABLE variants".replace(" ", "%20"), 200)])


def write(where, name, rows):
    with open(os.path.join(where, name), "w", encoding="utf-8") as f:
        f.writelines("\t".join(v if isinstance(v, str) else v.strftime("%Y-%m-%d %H:%M:%S.%f") for v in row) + "\n" for row in sorted(rows))


def main():
    where = sys.argv[1]
    rows, caddy, nginx = Rows(), [], []
    for _ in range(4000):
        at = DAY + datetime.timedelta(microseconds=rng.randrange(3 * 86400 * 1000000))
        if rng.random() < 0.5:
            method, path, status = request(rows, at) if rng.random() < 0.9 else strangers()
            caddy.append(json.dumps({"ts": at.isoformat() + "Z", "request": {"method": method, "uri": path}, "status": status}))
        else:
            at = at.replace(microsecond=0)
            method, path, status = request(rows, at) if rng.random() < 0.9 else strangers()
            local = at + datetime.timedelta(hours=5, minutes=30)
            nginx.append('192.0.2.7 - - [%s +0530] "%s %s HTTP/1.1" %d 42 "-" "x"' % (local.strftime("%d/%b/%Y:%H:%M:%S"), method, path, status))
    for name, lines in (("caddy.log", caddy), ("nginx.log", nginx)):
        with open(os.path.join(where, name), "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in lines)
    write(where, "hashes", [(digest,) for digest in rows.hashes])
    write(where, "variants", [(digest, key, at) for (digest, key), at in rows.variants.items()])
    write(where, "aliases", [(name, digest, at) for name, (digest, at) in rows.aliases.items()])
    write(where, "proxies", [(url, alias, at) for url, (alias, at, _) in rows.proxies.items()])
    write(where, "right_variants", [(digest, key, rows.time("variants", (digest, key), at)) for (digest, key), at in rows.variants.items()])
    write(where, "right_aliases", [(name, rows.time("aliases", name, at)) for name, (digest, at) in rows.aliases.items()])
    write(where, "right_proxies", [(url, rows.time("proxies", url, at)) for url, (alias, at, _) in rows.proxies.items()])


main()
