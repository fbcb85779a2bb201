"""
Is a program's answer the truth? Counts must be equal; distinct clients may be as far off as the kind of sketch allows.

As a program of its own, so that the one who measures stays small:
  answers.py ingest ROWS.jsonl TRUTH.tsv...      the rows of all logs together
  answers.py peer SIGMA ROWS.tsv TRUTH.tsv       name, version or \\N, count, bytes, distinct clients, in any order
"""

import json
import math
import sys

REGISTERS = 2048
SIGMA = 1.04 / math.sqrt(REGISTERS)
MANY = 300  # from here on estimates are compared as a whole too


def truth(paths):
    """{key: [counters..., least, most distinct]} of the logs together."""
    rows = {}
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for line in f:
                cells = line.rstrip("\n").split("\t")
                n = 2 if len(cells) == 5 else 6
                key = tuple(None if cell == "\\N" else cell for cell in cells[:n])
                *counters, distinct = map(int, cells[n:])
                before = rows.get(key)
                if before is None:
                    rows[key] = [*counters, distinct, distinct]
                else:
                    rows[key] = [*(a + b for a, b in zip(before, counters)),
                                 max(before[-2], distinct), before[-1] + distinct]
    return rows


def estimate(wire):
    """How many clients a sketch of hll(11,5) says; exact for small ones. \\x, 3 bytes of head, then what its kind holds."""
    data = bytes.fromhex(wire[2:])
    kind, data = data[0] & 15, data[3:]
    if kind == 1:
        return 0, True
    if kind == 2:
        return len(data) // 8, True
    registers = [0] * REGISTERS
    if kind == 3:
        for at in range(0, len(data), 2):
            word = data[at] << 8 | data[at + 1]
            registers[word >> 5] = word & 31
    else:
        bits = int.from_bytes(data, "big")
        for at in range(REGISTERS):
            registers[at] = bits >> 5 * (REGISTERS - 1 - at) & 31
    zeros = registers.count(0)
    raw = 0.7213 / (1 + 1.079 / REGISTERS) * REGISTERS ** 2 / sum(2.0 ** -r for r in registers)
    if raw < 2.5 * REGISTERS and zeros:
        return REGISTERS * math.log(REGISTERS / zeros), False
    return raw, False


class Errors:
    """Of the estimates, each and as a whole."""

    def __init__(self, sigma):
        self.sigma, self.seen, self.n = sigma, 0.0, 0

    def check(self, key, has, least, most, exact=False):
        slack = 0 if exact else 6 * self.sigma * most + 2
        if not least - slack <= has <= most + slack:
            fail("%s: %.0f distinct clients, and there are %d" % (name_of(key), has, most))
        if not exact and least == most >= MANY:
            self.seen += has / most - 1
            self.n += 1

    def close(self):
        if self.n and abs(self.seen / self.n) > self.sigma:
            fail("the estimates are %.1f %% off on average" % (100 * self.seen / self.n))


def name_of(key):
    return " ".join("NULL" if part is None else part for part in key)


def fail(why):
    raise SystemExit("the answer is wrong: " + why)


def compare(rows, want, errors):
    seen = 0
    for key, counters, has, exact in rows:
        expected = want.get(key)
        if expected is None:
            fail("%s: no such row should be" % name_of(key))
        if counters != expected[:-2]:
            fail("%s: %s, and the truth is %s" % (name_of(key), counters, expected[:-2]))
        errors.check(key, has, expected[-2], expected[-1], exact)
        seen += 1
    if seen != len(want):
        fail("%d rows, and there should be %d" % (seen, len(want)))
    errors.close()


def rows_of_ingest(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            has, exact = estimate(row["clients"])
            if row["table"] == "stats":
                yield (row["name"], row["version"]), [row["count"], row["bytes"]], has, exact
            else:
                key = tuple(row[k] for k in ("date", "network", "station", "location", "channel", "country"))
                # Two of 131,000 users share a hash of 32 bits now and then.
                yield key, [row["bytes"], row["nb_reqs"], row["nb_successful_reqs"], row["nb_failed_reqs"]], has, False


def rows_of_peer(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, version, n, size, clients = line.rstrip("\n").split("\t")
            yield (name, None if version == "\\N" else version), [int(n), int(size)], int(clients), False


def main():
    if sys.argv[1] == "ingest":
        compare(rows_of_ingest(sys.argv[2]), truth(sys.argv[3:]), Errors(SIGMA))
    else:
        compare(rows_of_peer(sys.argv[3]), truth(sys.argv[4:]), Errors(float(sys.argv[2])))


if __name__ == "__main__":
    main()
