"""
Mistakes that are kept: as diffs, with a sentence and the test that sees them above. Where a hunk belongs is found by its text, which
must stand in the file once; line numbers say nothing, the breaks between words neither, and a hunk may be a part of a line.
"""

import os
import re


class Patch:
    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as f:
            head, _, diff = f.read().partition("--- ")
        self.about = head.split("\n")[0]
        self.test = re.search(r"^Caught by: (\S+)", head, re.MULTILINE)[1]
        self.file, self.hunks = parse("--- " + diff)

    def apply(self, root):
        """(text before, text after); ValueError says what has moved."""
        with open(os.path.join(root, self.file), encoding="utf-8") as f:
            before = f.read()
        return before, apply_hunks(before, self.hunks, f"{self.name}: {self.file}")


def parse(diff):
    """(file, [(old, new)]) of a diff of one file."""
    file = re.search(r"^\+\+\+ (?:b/)?(\S+)", diff, re.MULTILINE)[1]
    hunks = []
    for body in re.split(r"^@@.*\n", diff, flags=re.MULTILINE)[1:]:
        lines = [line for line in body.split("\n") if line[:1] in ("-", "+", " ")]
        hunks.append(("\n".join(line[1:] for line in lines if line[0] != "+") + "\n",
                      "\n".join(line[1:] for line in lines if line[0] != "-") + "\n"))
    return file, hunks


def apply_hunks(text, hunks, name):
    for old, new in hunks:
        places = list(re.finditer(r"\s+".join(re.escape(word) for word in old.split()), text))
        if len(places) != 1:
            raise ValueError(f"{name} has moved: {len(places)} places have\n{old}")
        text = text[:places[0].start()] + new.strip() + text[places[0].end():]
    return text
