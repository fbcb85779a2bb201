"""
What rows say, one line a version: `name version count bytes clients`, sorted. For sketches that still hold each client by itself.

  served.py ROWS [--no-bytes]
"""

import json
import sys


def clients(sketch):
    """An explicit sketch: three bytes of header, eight for each client."""
    raw = bytes.fromhex(sketch.removeprefix("\\x"))
    if raw[0] & 15 == 1:
        return 0
    assert raw[0] & 15 == 2, "not an explicit sketch"
    return (len(raw) - 3) // 8


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    for row in sorted((r for r in rows if r["version"] is not None), key=lambda r: r["name"].encode()):
        size = "" if "--no-bytes" in sys.argv else " %d" % row["bytes"]
        print("%s %s %d%s %d" % (row["name"].replace(" ", "_"), row["version"], row["count"], size,
                                 clients(row["clients"])))


main()
