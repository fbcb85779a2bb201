#!/usr/bin/env python3
"""builds.rs's paths as docs/COUNTING.md has them, by a second author.

    artifacts.py make DIR ARTIFACTS SEED N   log.clf and log.cdn: N requests each, of odd paths as well as plain ones
    artifacts.py read DIR ARTIFACTS          what becomes of them: rows.tsv, waits.tsv, why.tsv

ARTIFACTS has a line for each artifact: id, crate, version, target, file, success (t, f or \\N), ended, separated by tabs.
"""
import collections
import os
import random
import sys

HEX = "0123456789abcdefABCDEF"


# ---- the rules ----

def decode_once(b):
    out, i = bytearray(), 0
    while i < len(b):
        if b[i:i + 1] == b"%" and len(b) - i > 2 and all(chr(c) in HEX for c in b[i + 1:i + 3]):
            out.append(int(b[i + 1:i + 3], 16))
            i += 3
        else:
            out.append(b[i])
            i += 1
    return bytes(out)


def without_host(b):
    scheme, found, rest = b.partition(b"://")
    letters = scheme[:1].isalpha() and all(chr(c).isascii() and (chr(c).isalnum() or chr(c) in "+-.") for c in scheme)
    if not found or not letters:
        return b
    for i, c in enumerate(rest):
        if chr(c) in "/?#":
            return rest[i:]
    return b""


def name_of(path, decodes):
    """The name, as bytes; None: none."""
    path = path if path.startswith(b"/") else without_host(path)
    path = path.partition(b"?")[0].partition(b"#")[0]
    for _ in range(decodes):
        path = decode_once(path)
    path = path.lstrip(b"/")
    path = path[7:] if path.startswith(b"api/v1/") else path
    parts = path.split(b"/")
    name = path if parts[0] == b"crates" and len(parts) == 5 and all(parts) else parts[-1]
    return name if 0 < len(name) <= 1024 else None


def may_wait(name):
    if "/" in name:
        return True
    for i in range(1, len(name) - 1):
        if name[i] == "_" and name[i + 1] in "0123456789":
            rest = name[i + 1:]
            return "_" in rest and "." in rest[rest.index("_"):]
    return False


class Artifacts:
    def __init__(self, lines):
        self.best = {}
        for line in lines:
            id_, crate, version, target, file, success, ended = line.rstrip("\n").split("\t")
            rank = (success == "t", float("-inf") if ended == "\\N" else int(ended), int(id_))
            names = [f"crates/{crate}/{version}/{target}/{file}", file]
            if file.endswith(".tar.gz") and file != ".tar.gz":
                names.append(f"crates/{crate}/{version}/binaries/{target}")
            for name in names:
                self.best[name] = max(self.best.get(name, rank), rank)

    def outcome(self, path, decodes):
        """(reason, artifact or name)."""
        name = name_of(path, decodes)
        if name is None:
            return "not_a_download", None
        try:
            name = name.decode("utf-8")
        except UnicodeDecodeError:
            return "encoding", None
        if "\0" in name:
            return "encoding", None
        if name in self.best:
            return "counted", self.best[name][2]
        return ("unknown_artifact", name) if may_wait(name) else ("not_a_download", None)


# ---- odd paths ----

PIECES = ["crates", "api", "v1", "api/v1", "binaries", "serde", "1.0.0", "0.1.0+5.3.0", "x86_64-unknown-linux-gnu", "generic",
          "serde_1.0.0_x86_64-unknown-linux-gnu.tar.gz", "serde_1.0.0_generic.deb", "my_crate_0.1.0+5.3.0_generic.metadata.json", "a_1_b.c",
          "_1_2.x", "a_x_9_.", "", "", "..", "é", "%", "%2", "%zz", "%00", "%ff", "%2F", "%252B", "%2B", "+", "?", "#", ":", "_", "9", ".", "x" * 300]


def odd_path(rng, artifacts):
    kind = rng.random()
    if kind < 0.4:
        _, crate, version, target, file, _, _ = rng.choice(artifacts)
        path = rng.choice([f"/crates/{crate}/{version}/{target}/{file}", f"/{file}", f"/crates/{crate}/{version}/binaries/{target}", f"/b/{file}"])
    else:
        path = "/" + rng.choice(["/", "", "_"]).join(rng.choice(PIECES) for _ in range(rng.randrange(1, 7)))
    if rng.random() < 0.3:
        path = rng.choice(["/api/v1", "//", "https://builds.rs", "http://h:80", "1x://h", "/x"]) + path
    if kind < 0.2 or kind > 0.8:  # some bytes changed, encoded, doubly encoded
        for _ in range(rng.randrange(1, 4)):
            i = rng.randrange(len(path))
            code = ord(path[i]) & 127
            path = path[:i] + rng.choice([path[i].upper(), f"%{code:02x}", f"%25{code:02X}", "/", "_", "", path[i] * 2]) + path[i + 1:] or "/"
    return path.replace(" ", "").replace('"', "").replace("\\", "")


def make(directory, seed, n, artifacts):
    rng = random.Random(seed)
    with open(os.path.join(directory, "log.clf"), "w", encoding="utf-8") as clf, open(os.path.join(directory, "log.cdn"), "w", encoding="utf-8") as cdn:
        cdn.write("#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status\n")
        for _ in range(n):
            clf.write(f'192.0.2.1 - - [05/Jan/2024:12:00:00 +0000] "GET {odd_path(rng, artifacts)} HTTP/1.1" 200 3 "-" "-"\n')
            cdn.write("\t".join(["2024-01-05", "12:00:00", "FRA2", "3", "192.0.2.1", "GET", "h", odd_path(rng, artifacts), "200"]) + "\n")


def read(directory, lines):
    known = Artifacts(lines)
    rows, waits, why = collections.Counter(), collections.Counter(), collections.Counter()
    for log, decodes in (("log.clf", 1), ("log.cdn", 2)):
        for line in open(os.path.join(directory, log), "rb"):
            if line.startswith(b"#"):
                continue
            path = line.split(b'"')[1].split(b" ")[1] if decodes == 1 else line.rstrip(b"\n").split(b"\t")[7]
            reason, what = known.outcome(path, decodes)
            why[reason] += 1
            if reason == "counted":
                rows[what] += 1
            elif reason == "unknown_artifact":
                waits[what] += 1
    for name, counts in (("rows.tsv", rows), ("waits.tsv", waits), ("why.tsv", why)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            for key, n in counts.items():
                out.write(f"{key}\t{n}\n")


if __name__ == "__main__":
    with open(sys.argv[3], encoding="utf-8") as table:
        artifact_lines = list(table)
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[4], int(sys.argv[5]), [line.rstrip("\n").split("\t") for line in artifact_lines])
    else:
        read(sys.argv[2], artifact_lines)
