"""
Classes of user agents, windows, and ranges put together: docs/AGENTS.md and docs/WINDOWS.md a second time, slowly. The
built-in patterns are read from the page itself.
"""

import collections
import json
import os
import re

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "AGENTS.md")
CLASSES = ("mirror", "client", "robot", "browser")  # in the order in which they are asked


def built_in():
    with open(PAGE) as f:
        section = f.read().split("## Built in\n", 1)[1].split("```\n")[1]
    for line in section.splitlines():
        yield line[:8].strip(), re.compile(line[8:].encode(), re.IGNORECASE)


def from_file(name):
    with open(name, "rb") as f:
        text = f.read().removeprefix(b"\xef\xbb\xbf")
    if re.match(rb"\s*\[\s*[{\]]", text):
        return [re.compile(e["pattern"].encode()) for e in json.loads(text)]
    lines = [line.removesuffix(b"\r") for line in text.split(b"\n")]
    return [re.compile(line, re.IGNORECASE) for line in lines if line and line[:1] != b"#"]


class Agents:
    def __init__(self, wanted, files):
        """`wanted`: a set of classes, None for all. `files`: names by class."""
        self.wanted = wanted
        self.patterns = [(name, p) for name in CLASSES if files.get(name)
                         for p in from_file(files[name])]
        own = list(built_in())
        self.patterns += [one for name in CLASSES for one in own if one[0] == name]

    def of(self, agent):
        if agent in (None, b"", b"-"):
            return "unknown"
        # "$" of Python fits before a last line feed too; here it fits the end alone.
        for name, pattern in self.patterns:
            found = pattern.search(agent[:1024])
            if found:
                return name
        return "unknown"

    def count(self, agent):
        return self.wanted is None or self.of(agent) in self.wanted


class Window:
    """`rule`: None, "day", or seconds."""

    def __init__(self, rule):
        self.rule = rule
        self.last = {}  # client and object: the time of the last line; with the day, for the day

    def repeats(self, client, thing, ms, day):
        if self.rule is None or client is None:
            return False
        if self.rule == "day":
            before = self.last.get((client, thing, day))
            self.last[client, thing, day] = ms
            return before is not None
        before = self.last.get((client, thing))
        self.last[client, thing] = ms
        return before is not None and ms - before <= self.rule * 1000


class Parts:
    """Ranges, put together byte by byte. Sizes and parts of tests are small."""

    def __init__(self):
        self.sizes = collections.defaultdict(int)
        self.groups = {}  # (client, object, day): [bytes covered, bytes sent, lines, what to count]
        self.alone = 0

    def whole(self, thing, size):
        self.sizes[thing] = max(self.sizes[thing], size)

    def part(self, client, thing, day, part, size, hits):
        if client is None:
            self.alone += 1
            client = ("alone", self.alone)
        group = self.groups.setdefault((client, thing, day), [set(), 0, 0, hits])
        group[0] |= set(range(*part))
        group[1] += size
        group[2] += 1

    def settle(self, share):
        """(fate, lines, bytes, hits, key) of each group; `share` in millionths."""
        for key, (covered, size, lines, hits) in self.groups.items():
            whole = self.sizes.get(key[1], 0)
            fate = "size_unknown" if whole == 0 else \
                "" if len(covered) * 1000000 >= whole * share else "range"
            yield fate, lines, size, hits, key
