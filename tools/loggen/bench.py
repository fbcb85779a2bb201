"""
The log that speed is measured on: CloudFront as a crate registry writes it. At 1,000,000 lines it has 373 MB, 911,000 downloads
of 141,000 (name, version) pairs of 51,000 names, the first of them 11 %, by 262,000 clients; all of that scales with the lines.
"""

import base64
import itertools
import time
import zlib

from .cloudfront import COLUMNS, EDGES

COUNTED, PAIRS, NAMES, TOP, CLIENTS = 0.911, 0.141, 0.051, 0.11, 0.262
WINDOWS = (b"X" * 0, )
AGENTS = ["cargo/1.%d.0%%20(%s)" % (minor, build) for minor in range(60, 77) for build in
          ("Linux%20x86_64", "1d8b05cdd%202023-11-20", "ecb9851af%202023-10-18", "7046d992f%202023-08-24")]


def syllables(i):
    """A name for a number: no two are equal, common ones are short."""
    parts = ["ser", "tok", "ran", "lib", "qu", "syn", "clap", "log", "re", "ma", "bit", "hy", "to", "an", "fut", "pin"]
    out = ""
    while True:
        out += parts[i % 16]
        i = i // 16 - 1
        if i < 0:
            return out
        out += "-" if i % 5 == 0 else ""


def pairs_of_names(n_names, n_pairs):
    """How many versions each name has: one at least, more the more it is used."""
    weights = [1 / (rank + 3) ** 0.55 for rank in range(n_names)]
    scale = (n_pairs - n_names) / sum(weights)
    counts, owed = [], 0.0
    for w in weights:
        owed += w * scale
        extra = int(owed)
        owed -= extra
        counts.append(1 + extra)
    counts[0] += n_pairs - sum(counts)
    return counts


def downloads(rng, n):
    """n names with versions, in random order: every pair comes once, the rest follows Zipf."""
    n_names, n_pairs = max(1, int(n * NAMES / COUNTED)), max(1, int(n * PAIRS / COUNTED))
    versions = pairs_of_names(n_names, n_pairs)
    names = list(dict.fromkeys(syllables(i) for i in range(n_names * 2)))[:n_names]
    weights = [0.0] + [1 / (rank + 20) ** 1.02 for rank in range(1, n_names)]
    spare = n - n_pairs
    top = max(0, min(spare, int(n * TOP) - versions[0]))
    often = list(itertools.accumulate(weights))
    picked = [0] * top + rng.choices(range(n_names), cum_weights=often, k=spare - top) if n_names > 1 else [0] * spare

    out = []
    for i, name in enumerate(names):
        out += [(i, name, version) for version in range(versions[i])]
    for i in picked:
        # The newest versions are asked for most.
        out.append((i, names[i], int(versions[i] * rng.random() ** 3)))
    rng.shuffle(out)
    return out


def clients(rng, n, n_distinct):
    """n addresses, n_distinct of them different: each once, the rest mostly of the first few."""
    seen = set()
    while len(seen) < n_distinct:
        seen.add(rng.getrandbits(24))
    known = sorted(seen)
    rng.shuffle(known)
    known = [("10.%d.%d.%d" % (a >> 16, a >> 8 & 255, a & 255) if i % 12 else "2001:db8:%x:%x::%x" % (a >> 12, a & 4095, a % 9 + 1))
             for i, a in enumerate(known)]
    out = known + [known[int(n_distinct * rng.random() ** 6)] for _ in range(n - n_distinct)]
    rng.shuffle(out)
    return out


def uncounted(rng, request):
    """(method, path, status, agent) of a request that no pack counts."""
    i, name, version = request
    path = "/crates/%s/%s-%s.crate" % (name, name, "1.%d.0" % version)
    kind = rng.random()
    if kind < 0.35:
        return "HEAD", path, "200", None
    if kind < 0.6:
        return "GET", path, "304", None
    if kind < 0.75:
        return "GET", path, "404", None
    if kind < 0.8:
        return "GET", path, "403", None
    if kind < 0.97:
        return "GET", "/index/%s/%s/%s" % (name[:2], name[2:4], name), "200", None
    return "GET", "/", "302", "Mozilla/5.0%20(X11;%20Linux%20x86_64)"


def lines(rng, n):
    """The lines, with LF; the two headers are among the n."""
    yield "#Version: 1.0\n"
    yield "#Fields: %s\n" % " ".join(COLUMNS)
    n_counted = int(n * COUNTED)
    requests = downloads(rng, n_counted)
    peers = clients(rng, n_counted, int(n * CLIENTS))
    wanted = bytearray(b"\1" * n_counted + b"\0" * (n - 2 - n_counted))
    order = list(wanted)
    rng.shuffle(order)
    at = 0
    for number, counts in enumerate(order):
        i, name, version = request = requests[at if counts else rng.randrange(n_counted)]
        peer = peers[at if counts else rng.randrange(n_counted)]
        size = 4000 + (i * 7919 + version * 104729) % 400000
        bits = rng.getrandbits(40)
        agent = AGENTS[(bits & 63) * (bits >> 6 & 63) >> 6]
        if counts:
            at += 1
            text = "1.%d.0" % version if version % 11 else "0.%d.3-rc.1" % version
            path = "/crates/%s/%s-%s.crate" % (name, name, text) if bits & 4096 else "/crates/%s/%s/download" % (name, text)
            method, status = "GET", "200"
        else:
            method, path, status, other = uncounted(rng, request)
            agent = other or agent
        second = number * 86400 // n
        unique = base64.urlsafe_b64encode(rng.randbytes(ID_BYTES)).decode()
        yield (
            "2024-01-16\t%02d:%02d:%02d\t%s\t%d\t%s\t%s\td3k8xjq0v7mwb2.cloudfront.net\t%s\t%s\t-\t%s\t-\t-\t%s\t%s\tstatic.example.org\thttps\t"
            "%d\t0.%03d\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\t%s\tHTTP/2.0\t-\t-\t%d\t0.%03d\t%s\tapplication/gzip\t%d\t-\t-\n"
            % (second // 3600, second // 60 % 60, second % 60, EDGES[bits % 7], size + 317, peer, method, path, status, agent, RESULTS[bits >> 13 & 7],
               unique, 120 + (bits >> 16 & 31), bits >> 21 & 7, RESULTS[bits >> 13 & 7], 1024 + (bits >> 24 & 0x7FFF), bits >> 21 & 7,
               RESULTS[bits >> 13 & 7], size))


ID_BYTES = 39
RESULTS = ["Hit"] * 6 + ["Miss", "RefreshHit"]


def write(path, rng, n, plain):
    began = time.monotonic()
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    decoded = stored = 0
    pending, held = [], 0
    with open(path, "wb") as out:
        for line in itertools.chain(lines(rng, n), [None]):
            if line is not None:
                pending.append(line)
                held += 1
            if line is None or held == 4096:
                data = "".join(pending).encode()
                pending, held = [], 0
                decoded += len(data)
                packed = data if plain else packer.compress(data)
                stored += len(packed)
                out.write(packed)
        rest = b"" if plain else packer.flush()
        stored += len(rest)
        out.write(rest)
    print("%d lines, %.1f MB, stored %.1f MB, %.0f s" % (n, decoded / 1e6, stored / 1e6, time.monotonic() - began))
