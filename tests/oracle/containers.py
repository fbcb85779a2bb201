"""
What containers hold, from docs/INPUTS.md: containers of one kind may follow one another, zeros between and after them are
padding, anything else behind them is damage. The decoders are Python's own; zstd is left to its tool.
"""

import bz2
import lzma
import subprocess
import zlib

from formats import Refused

GZIP, ZSTD, BZIP2, XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0"


def unpack(stored):
    """The bytes that a container holds; None: it is none. A beginning of a magic number alone is a container, cut short."""
    if stored and any(magic.startswith(stored) for magic in (GZIP, ZSTD, BZIP2, XZ)):
        raise Refused("cut short")
    if len(stored) == 10 and stored[:4] == GZIP + b"\x08\0":
        return b""
    if stored.startswith(GZIP):
        return one_after_another(stored, lambda: zlib.decompressobj(wbits=31))
    if stored.startswith(ZSTD):
        return by_tool(stored)
    if stored.startswith(BZIP2):
        return one_after_another(stored, bz2.BZ2Decompressor)
    if stored.startswith(XZ):
        return one_after_another(stored, lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ))
    return None


def one_after_another(stored, decoder):
    out = []
    while stored:
        one = decoder()
        try:
            out.append(one.decompress(stored))
        except (zlib.error, lzma.LZMAError, OSError, EOFError) as e:
            raise Refused(str(e))
        if not one.eof:
            raise Refused("cut short")
        stored = one.unused_data.lstrip(b"\0")
    return b"".join(out)


def by_tool(stored):
    done = subprocess.run(["zstd", "-dcq"], input=stored, capture_output=True, check=False)
    if done.returncode != 0:
        raise Refused(done.stderr.decode(errors="replace"))
    return done.stdout
