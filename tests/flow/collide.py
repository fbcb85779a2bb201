#!/usr/bin/env python3
"""
collide.py A B: two logs that differ and have the same MurmurHash3_x64_128, seed 0, of all their bytes.

The hash takes 16 bytes at a time: two words are mixed by themselves (a bijection) and stirred into a state of two words.
A difference in the highest bit of a word goes through its additions and multiplications by odd numbers unchanged. So
choose the mixed words of one block to differ such that after it h1 has that difference and h2 has none, and those of
the next block such that it is gone: whatever stands before and behind, the state is the same. What the bytes must be
follows by mixing backwards.
"""
import os
import random
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
from sketch import murmur3_x64_128  # noqa: E402

C1, C2, ALL = 0x87c37b91114253d5, 0x4cf5ad432745937f, (1 << 64) - 1
UNWANTED = b'\n\r"\\'


def turn(x, by):
    return (x << by | x >> (64 - by)) & ALL


def mix(k, first, by, second):
    return turn(k * first & ALL, by) * second & ALL


def unmix(k, first, by, second):
    return turn(k * pow(second, -1, 1 << 64) & ALL, 64 - by) * pow(first, -1, 1 << 64) & ALL


def other(word, bit, first, by, second):
    """The word whose mixture differs from that of `word` in one bit."""
    return unmix(mix(word, first, by, second) ^ 1 << bit, first, by, second)


def twin(block):
    """32 other bytes that do the same to any state. h1 is turned by 27 and h2 by 31 before anything is added."""
    k1, k2, m1, m2 = struct.unpack("<4Q", block)
    return struct.pack("<4Q", other(k1, 63 - 27, C1, 31, C2), other(k2, 63 - 31, C2, 33, C1), other(m1, 63, C1, 31, C2), m2)


def main():
    r = random.Random(1)
    before = b"".join(b'192.0.2.%d - - [05/Jan/2024:12:00:00 +0000] "GET /crates/serde/serde-1.0.%d.crate HTTP/1.1" 200 100 "-" "cargo/1"\n' % (i, i)
                      for i in range(60))
    line = b'198.51.100.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/serde/serde-1.0.0.crate HTTP/1.1" 200 100 "-" "'
    line += b"x" * (-len(before + line) % 16)
    while True:
        one = bytes(r.choice(b"abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(32))
        two = twin(one)
        if not any(c in two for c in UNWANTED):
            break
    logs = [before + line + block + b'"\n' + before for block in (one, two)]
    assert logs[0] != logs[1] and len(logs[0]) == len(logs[1])
    assert murmur3_x64_128(logs[0]) == murmur3_x64_128(logs[1])
    for path, log in zip(sys.argv[1:], logs):
        with open(path, "wb") as file:
            file.write(log)


main()
