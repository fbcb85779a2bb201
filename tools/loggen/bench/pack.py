"""
Text from several processes, in order, as one gzip member: each piece is deflated where it is written and ends at a byte's border
(a sync flush), so that pieces can be put one after another. A piece loses only what it could have copied from the one before.
"""

import itertools
import multiprocessing
import os
import struct
import zlib

LINES_A_PIECE = 16384
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LAST_BLOCK = b"\x03\x00"


def crc_append(crc, piece_crc, n):
    """The CRC of A + B from those of A and B and the length of B: A's goes through n zero bytes, squaring by squaring (as in zlib's crc32_combine)."""
    def times(matrix, vector):
        out = 0
        for row in matrix:
            if vector & 1:
                out ^= row
            vector >>= 1
        return out

    step = [0xEDB88320] + [1 << bit for bit in range(31)]  # one zero bit
    n *= 8
    while n:
        if n & 1:
            crc = times(step, crc)
        step = [times(step, row) for row in step]
        n >>= 1
    return crc ^ piece_crc


class Piece:
    def __init__(self, text, level):
        data = text.encode()
        packer = zlib.compressobj(level, zlib.DEFLATED, -15)
        self.stored = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
        self.crc, self.size, self.lines = zlib.crc32(data), len(data), data.count(b"\n")


_job = None


def _work(begin):
    render, n, level = _job
    text, extra = render(begin, min(n, begin + LINES_A_PIECE))
    return Piece(text, level), extra


def write(path, head, render, n, level=6):
    """
    head, then render(begin, end) -> (text, anything) for all of n lines. Gives {lines, bytes, stored_bytes, crc32} of the file and what render gave
    beside the text. The file has its name only when it is whole.
    """
    global _job
    _job = (render, n, level)  # the processes are forked, so that the plan is not copied
    crc = size = lines = 0
    extras = []
    with open(path + ".part", "wb") as out, \
            multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        out.write(HEADER)
        pieces = pool.imap(_work, range(0, n, LINES_A_PIECE))
        for piece, extra in itertools.chain([(Piece(head, level), None)], pieces):
            crc = crc_append(crc, piece.crc, piece.size)
            size, lines = size + piece.size, lines + piece.lines
            out.write(piece.stored)
            extras.append(extra)
        out.write(LAST_BLOCK + struct.pack("<II", crc, size & 0xFFFFFFFF))
        stored = out.tell()
    os.rename(path + ".part", path)
    return {"lines": lines, "bytes": size, "stored_bytes": stored, "crc32": crc}, extras
