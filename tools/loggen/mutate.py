"""Damage whose meaning nobody knows beforehand: for comparing two programs, not for knowing the truth."""

TOKENS = [b"\t", b" ", b'"', b"\\", b"\\\"", b"\0", b"\xff", b"\r", b"%", b"%00", b"%25", b"%2F",
          b"%252F", b"-", b"+", b"/", b"?", b"#", b"//", b"[", b"] \"",
          b" [", b"{", b"}", b",", b":", b"1", b"0", b".", b"-1", b"99999999999999999999", b"null",
          b"\xc3\xa9", b"\xed\xa0\x80", b"\\ud800", b"\\u0000",
          b"\\x00", b"\\x2", b"HTTP/", b"GET ", b"cargo", b"http://", b"**", b"e5", b"\x7f",
          b"\x1b"]


def mutate(rng, line):
    """1 to 3 random changes; no line feed comes in."""
    line = bytearray(line)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(line) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            line[at:at + 1] = bytes([rng.choice([b for b in range(256) if b != 10])])
        elif kind == 1:
            line[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            del line[at:at + rng.choice([1, 1, 2, 5, 20])]
        elif kind == 3:
            line[at:at] = line[at:at + rng.randint(1, 30)]
        elif kind == 4:
            del line[at:]
        else:
            line[at:at + len(rng.choice(TOKENS))] = rng.choice(TOKENS)
    return bytes(line)
