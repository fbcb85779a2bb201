"""Logs of every format that are made of a head and of lines that stand alone, and thirty ways to store one text."""
import bz2
import gzip
import importlib.util
import json
import lzma
import os
import random
import struct
import subprocess
import sys
import zlib

from prover import ROOT

sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests", "flow")]
from loggen import logs  # noqa: E402


def by_path(name, *path):
    """There are two files of this name: the generators, and the oracle's reader."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(ROOT, "tests", *path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


structured = by_path("structured_logs", "flow", "structured.py")

NGINX = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'


# ---- logs ----

class Log:
    """`head` stands before the lines of each file; `words` say how it is read."""

    def __init__(self, name, head, lines, words):
        self.name, self.head, self.lines, self.words = name, head, lines, words

    def text(self, lines=None):
        return b"".join(line + b"\n" for line in self.head + (self.lines if lines is None else lines))


def of_access(name):
    def make(dice, n):
        lines = [line for line in logs.lines(dice, name, n, "crates", 0.15) if line and not line.startswith(b"#") and b"\n" not in line]
        head = [line for line in logs.lines(random.Random(1), name, 1, "crates", 0) if line.startswith(b"#")]
        return Log(name, head, lines, ["-f", name.partition("-")[0], "--rules", "crates"] if name != "fdsnws" else ["-f", name])
    return make


def of_custom(dice, n):
    lines = [line for line in logs.lines(dice, "combined", n, "crates", 0.15) if line and b"\n" not in line]
    return Log("custom", [], lines, ["--log-format", NGINX, "--rules", "crates"])


def of_objects(name):
    def make(dice, n):
        lines = [line for line in structured.LOGS[name](dice, n).split(b"\n") if line and line != b"\r"]
        words = ["-f", name] + ([] if name == "seventv" else ["--rules", "rubygems"])
        return Log(name, [], lines, words)
    return make


CSV_COLUMNS = ["time_iso8601", "request", "status", "bytes_sent", "remote_addr"]


def of_table(name, separator):
    def make(dice, n):
        def row():
            return [structured.most(dice, [t for t in structured.TIMES if isinstance(t, str)], 2), structured.request(dice),
                    structured.most(dice, ["200", "206", "", "x"], 1), structured.most(dice, ["5", "42", "-", "x"], 2),
                    dice.choice(["192.0.2.%d" % dice.randrange(9), "", 'x"y'])]
        lines = [separator.join(structured.cell(dice, v, separator) for v in row()).encode() for _ in range(n)]
        return Log(name, [separator.join(CSV_COLUMNS).encode()], lines, ["-f", name, "--rules", "rubygems"])
    return make


MAKERS = {name: of_access(name) for name in logs.FORMATS}
MAKERS.update(custom=of_custom, json=of_objects("json"), seventv=of_objects("seventv"), csv=of_table("csv", ","), tsv=of_table("tsv", "\t"))


def document(dice, n):
    """A document has no lines that stand alone: only how it is stored and read may change."""
    return Log("eida", [], json.dumps(json.loads(sound_document(dice, n)), indent=1).encode().split(b"\n"), ["-f", "eida"])


def sound_document(dice, n):
    while True:
        text = structured.eida_log(dice, n)
        try:
            if isinstance(json.loads(text)["stats"], list):
                return text
        except (ValueError, KeyError, TypeError):
            pass


# ---- thirty ways to store a text ----

def piped(*words):
    return lambda text: subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def gz(level):
    return lambda text: gzip.compress(text, level, mtime=0)


def in_parts(packer, n, empty=False):
    """So many members, cut anywhere; an empty one at the end."""
    def pack(text):
        step = max(1, len(text) // n)
        parts = [text[i:i + step] for i in range(0, len(text), step)] + ([b""] if empty else [])
        return b"".join(packer(part) for part in parts)
    return pack


def raw_gzip(text, extra=b"", name=b""):
    z = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = z.compress(text) + z.flush()
    flags = (4 if extra else 0) | (8 if name else 0)
    head = b"\x1f\x8b\x08" + bytes([flags]) + struct.pack("<I", 1600000000) + b"\x02\x03"
    head += (struct.pack("<H", len(extra)) + extra if extra else b"") + (name + b"\0" if name else b"")
    return head + data + struct.pack("<II", zlib.crc32(text), len(text))


def bgzf(text):
    """Members of at most 64 KiB that say their size, and an empty one at the end."""
    out = b""
    for at in [*range(0, len(text), 60000), len(text)]:
        part = text[at:at + 60000]
        size = len(raw_gzip(part, b"BC\x02\x00\0\0"))
        out += raw_gzip(part, b"BC\x02\x00" + struct.pack("<H", size - 1))
    return out


ENCODINGS = {"gzip-%d" % level: gz(level) for level in range(1, 10)}
ENCODINGS.update({
    "gzip stored": gz(0),
    "gzip, 2 members": in_parts(gz(6), 2),
    "gzip, 50 members": in_parts(gz(1), 50, empty=True),
    "gzip, padded": lambda text: gzip.compress(text, 6, mtime=0) + bytes(512),
    "gzip with a name": lambda text: raw_gzip(text, name=b"access.log"),
    "BGZF": bgzf,
    "bzip2 -1": lambda text: bz2.compress(text, 1),
    "bzip2 -9": lambda text: bz2.compress(text, 9),
    "bzip2, 3 streams": in_parts(bz2.compress, 3),
    "xz -0": piped("xz", "-0", "-c"),
    "xz -9 crc32": piped("xz", "-9", "--check=crc32", "-c"),
    "xz sha256": piped("xz", "--check=sha256", "-c"),
    "xz, blocks": piped("xz", "--block-size=4096", "-c"),
    "xz, 3 streams": in_parts(lzma.compress, 3),
    "zstd -1": piped("zstd", "-1", "-qc", "--check"),
    "zstd -19": piped("zstd", "-19", "-qc", "--check"),
    "zstd --fast=5": piped("zstd", "--fast=5", "-qc", "--check"),
    "zstd --long": piped("zstd", "--long=24", "-qc", "--check"),
    "zstd, no checksum": piped("zstd", "-qc", "--no-check"),
    "zstd, 3 frames": in_parts(piped("zstd", "-qc", "--check"), 3),
    "zstd, no size": piped("zstd", "-qc", "--check", "--no-content-size"),
})
