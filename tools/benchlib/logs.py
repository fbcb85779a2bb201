"""
The logs: made once into the cache directory by tools/genlogs, held against the figures they were specified with, and decoded once
before any program is timed on them.
"""

import json
import os
import subprocess
import sys
import zlib

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, TOOLS)
from loggen import bench  # noqa: E402

TINY_LINES = 50


class Log:
    def __init__(self, path, figures):
        self.path, self.figures = path, figures
        self.rows = path + ".rows.tsv"

    def __getattr__(self, name):
        return self.figures[name]


class Shelf:
    """The cache directory. scale is what part of the usual lines a log has."""

    def __init__(self, folder, scale, say):
        self.folder, self.scale, self.say = folder, scale, say
        os.makedirs(folder, exist_ok=True)

    def log(self, kind, seed=1, times=1.0, with_rows=True):
        n = int(bench.KINDS[kind].LINES * self.scale * times)
        path = os.path.join(self.folder, "%s-%d-%d.log.gz" % (kind, n, seed))
        wanted = {"kind": kind, "seed": seed, "wanted_lines": n, "recipe": recipe()}
        figures = read_figures(path)
        if figures is None or any(figures.get(k) != v for k, v in wanted.items()):
            self.say("making %s" % os.path.basename(path))
            command = [sys.executable, os.path.join(TOOLS, "genlogs"), "bench-" + kind, "--lines",
                       str(n), "--seed", str(seed), "-o", path]
            subprocess.run(command + ([] if with_rows else ["--no-rows"]), check=True, stdout=subprocess.DEVNULL)
            figures = read_figures(path)
            figures["recipe"] = wanted["recipe"]
            decode(path, figures, self.say)
            with open(path + ".figures.json", "w", encoding="utf-8") as out:
                json.dump(figures, out, indent=1)
        if os.path.getsize(path) != figures["stored_bytes"]:
            raise SystemExit("bench: %s is not the file that was made; remove it" % path)
        # A smaller log packs differently, and the figures are for the whole ones.
        bad = bench.off(kind, n, figures) if self.scale == 1 and times == 1 else []
        if bad:
            raise SystemExit("bench: %s is not the log that the targets are about: %s" % (path, ", ".join(
                "%s %.0f instead of %.0f" % each for each in bad)))
        return Log(path, figures)

    def again(self, log):
        """The same requests in another payload: one comment more, in the third line."""
        path = log.path.replace(".log.gz", "-again.log.gz")
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(log.path):
            self.say("making %s" % os.path.basename(path))
            packer = zlib.compressobj(6, zlib.DEFLATED, 31)
            with open(path + ".part", "wb") as out:
                for at, line in enumerate(chunks(log.path)):
                    if at == 0:
                        end = line.index(b"\n", line.index(b"\n") + 1) + 1
                        line = line[:end] + b"#Remark: again\n" + line[end:]
                    out.write(packer.compress(line))
                out.write(packer.flush())
            os.rename(path + ".part", path)
        return path

    def tiny(self, log):
        """A directory with the lines of a CloudFront log in files of 50, each with the headers; gives it and the number of files."""
        folder = log.path.replace(".log.gz", "-tiny")
        n = -(-(log.lines - 2) // TINY_LINES)
        done = os.path.join(folder, "done")
        if not os.path.exists(done) or os.path.getmtime(done) < os.path.getmtime(log.path):
            self.say("making %d tiny files" % n)
            subprocess.run([sys.executable, os.path.join(TOOLS, "benchlib", "tiny.py"), log.path, folder, str(TINY_LINES)], check=True)
            with open(done, "w", encoding="utf-8"):
                pass
        return os.path.join(folder, "files"), n


def recipe():
    """Changes with the programs that make the logs, so that old logs are not taken for new ones."""
    crc = 0
    folder = os.path.dirname(bench.__file__)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as f:
                crc = zlib.crc32(f.read(), crc)
    return crc


def read_figures(path):
    try:
        with open(path + ".figures.json", encoding="utf-8") as f:
            figures = json.load(f)
        return figures if os.path.exists(path) else None
    except (OSError, ValueError):
        return None


def chunks(path):
    unpack = zlib.decompressobj(31)
    with open(path, "rb") as f:
        while data := f.read(1 << 18):
            if text := unpack.decompress(data):
                yield text
        yield unpack.flush()
    if not unpack.eof or unpack.unused_data:
        raise SystemExit("bench: %s is not one whole gzip member" % path)


def decode(path, figures, say):
    """Lines and bytes are what zlib finds in the file, not what the generator says it wrote."""
    say("decoding %s" % os.path.basename(path))
    size = lines = crc = 0
    for text in chunks(path):
        size, lines, crc = size + len(text), lines + text.count(b"\n"), zlib.crc32(text, crc)
    found = {"bytes": size, "lines": lines, "crc32": crc, "stored_bytes": os.path.getsize(path)}
    for name, value in found.items():
        if figures[name] != value:
            raise SystemExit("bench: %s: %s is %d in the file and %d in its figures" % (path, name, value, figures[name]))
