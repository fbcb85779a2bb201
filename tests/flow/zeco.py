#!/usr/bin/env python3
"""Logs of Zeco's tarballs, whose right rows the generator knows, because it makes both.

    zeco.py DIR [SEED]

writes into DIR: dists.tsv, the rows of `dists` (for COPY: id, dist, path, meta, created, deleted); cdn.log and site.log, what the CDN
and the ecosystem's own host have written, in the format `combined`; rows.tsv (name, version or \\N, day, auth, count, bytes);
clients.tsv (the same four and a client, once a download); unknown.tsv (path, day, count, bytes): what no row of `dists` names.
"""
import collections
import hashlib
import json
import os
import random
import sys
import uuid

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
NAMES = ["A::B", "Polyglot::Regexen", "JSON::Fast", "X", "Zz", "Red", "Übung::Für::Alle", "fez", "C'est", "Long::" + "N" * 200, "α"]


def key_of(name):
    """The directories of a tarball: upper case, '::' as '_', and nothing but A-Z, 0-9 and '_'."""
    return "".join(c for c in name.upper().replace("::", "_") if c.isascii() and (c.isalnum() or c == "_"))


def path_of(name, sha):
    key = key_of(name) or "N"
    return f"{key[0]}/{key[1:3]}/{sha}.tar.gz" if len(key) >= 3 else f"{key[0]}/{sha}.tar.gz"


class Dist:
    def __init__(self, rng, name, version, auth):
        self.name, self.version, self.auth = name, version, auth
        self.sha = hashlib.sha1(f"{name} {version} {auth} {rng.random()}".encode()).hexdigest()
        self.path = path_of(name, self.sha)

    def rows(self, rng):
        """One, or several that say the same of one tarball; some of them, or all, deleted."""
        meta = {"name": self.name, "version": self.version, "auth": self.auth, "path": "/dist/" + self.path, "depends": []}
        if rng.random() < 0.1:
            meta["path"] = self.path  # older ones have no /dist/
        path = self.path if rng.random() < 0.9 else "moved/" + self.sha  # found by its meta, or by the sha
        escaped = f"{self.name}:ver<{self.version}>:auth<{self.auth}>".replace("\\", "\\\\")
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            deleted = rng.choice([None, None, "2024-01-09 00:00:00"])
            yield [str(uuid.UUID(int=rng.getrandbits(128))), escaped, path, json.dumps(meta), "2023-12-01 00:00:00", deleted]


def tsv(value):
    return "\\N" if value is None else str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def write(directory, name, rows):
    with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
        for row in rows:
            out.write("\t".join(tsv(v) for v in row) + "\n")


def line(rng, client, day, request, status, size):
    """Days are of UTC; what an offset makes of them is for the reader to undo."""
    hour, minute, second = rng.randrange(24), rng.randrange(60), rng.randrange(60)
    return (f"{client} - - [{day[8:]}/{MONTHS[int(day[5:7]) - 1]}/{day[:4]}:{hour:02}:{minute:02}:{second:02} +0000] "
            f'"{request}" {status} {size} "-" "fez/1.0"\n')


def shapes(dist):
    key = key_of(dist.name) or "N"
    yield f"/{dist.path}"
    yield f"/dist/{dist.path}"
    yield f"/cdn/{dist.path}?v=2"
    if len(key) >= 3:
        yield f"/{key[0]}/{key[1:3]}/{key}/{dist.sha}.tar.gz"


def main(directory, seed):
    rng = random.Random(seed)
    dists = [Dist(rng, name, f"{'v' * (i % 2)}0.{i}.{rng.randrange(9)}+b*", auth)
             for name in NAMES for i in range(3) for auth in rng.sample(["zef:tony-o", "zef:raku", "cpan:ÄÖ"], rng.choice([1, 2]))]
    strangers = [Dist(rng, "Nobody::Knows", str(i), "zef:x") for i in range(4)]
    malformed = [[str(uuid.uuid4()), "x", "X/" + "0" * 40 + ".tar.gz", meta, "2023-12-01", None]
                 for meta in ('{}', '[]', '"text"', 'null', '{"name": 7}', '{"name": ""}', json.dumps({"name": "n" * 600}))]
    rows = [row for dist in dists for row in dist.rows(rng)] + malformed
    rng.shuffle(rows)
    write(directory, "dists.tsv", rows)

    days = [f"2024-01-{d:02}" for d in range(1, 12)]
    counts, clients, unknown = collections.defaultdict(lambda: [0, 0]), [], collections.defaultdict(lambda: [0, 0])
    cdn, site = [], []
    for _ in range(3000):
        day, client, size = rng.choice(days), f"198.51.{rng.randrange(4)}.{rng.randrange(200)}", rng.randrange(100000)
        dist = rng.choice(dists) if rng.random() < 0.9 else rng.choice(strangers)
        path = rng.choice(list(shapes(dist)))
        what = rng.random()
        if what < 0.1:
            request, status = rng.choice([(f"HEAD {path}", 200), (f"POST {path}", 200), (f"GET {path}", 304), (f"GET {path}", 404),
                                          (f"GET {path}", 206), (f"GET {path}", 301), (f"GET {path}", 503)])
            cdn.append(line(rng, client, day, request + " HTTP/1.1", status, size))
            continue
        if what < 0.15:
            cdn.append(line(rng, client, day, rng.choice(["GET /", "GET /index.json", "GET /?bin=t", "GET /meta.json", "GET /upload",
                                                          f"GET /{dist.path}.asc", f"GET /{dist.path[0]}/index.json"]) + " HTTP/1.1", 200, 9))
            continue
        cdn.append(line(rng, client, day, f"GET {path} HTTP/1.1", 200, size))
        site.append(line(rng, client, day, f"GET /dist/{dist.path} HTTP/1.1", 301, 0))  # the host sends whoever asks on to the CDN
        if dist in strangers:
            # The end of the path, from the directory {A} on.
            tail = path.split("?")[0].removeprefix("/cdn").removeprefix("/dist").lstrip("/")
            unknown[tail, day][0] += 1
            unknown[tail, day][1] += size
            continue
        for version in (dist.version, None):
            counts[dist.name, version, day, dist.auth][0] += 1
            counts[dist.name, version, day, dist.auth][1] += size
            clients.append((dist.name, version, day, dist.auth, client))
    for name, lines in (("cdn.log", cdn), ("site.log", site)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            out.writelines(lines)
    write(directory, "rows.tsv", [(*key, *value) for key, value in counts.items()])
    write(directory, "clients.tsv", clients)
    write(directory, "unknown.tsv", [(*key, *value) for key, value in unknown.items()])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
