"""Which change comes next: by seed, over every room of src/, each by its size and none left out."""

import glob
import os
import random

from .operators import OPERATORS
from .source import Source

LEAST = 4  # of each room


class Tree:
    def __init__(self, root):
        self.root, self.rooms = root, {}
        for path in sorted(glob.glob(root + "/src/*/*.c")):
            name = os.path.relpath(path, root)
            with open(path, encoding="utf-8") as f:
                self.rooms.setdefault(name.split("/")[1], []).append(Source(name, f.read()))

    def size(self, room):
        return sum(len(s.tokens) for s in self.rooms[room])


def quotas(tree, count):
    """{room: how many}, by the tokens of each."""
    count = max(count, LEAST * len(tree.rooms))
    left = count - LEAST * len(tree.rooms)
    whole = sum(tree.size(room) for room in tree.rooms)
    shares = {room: left * tree.size(room) / whole for room in tree.rooms}
    taken = {room: LEAST + int(share) for room, share in shares.items()}
    by_rest = sorted(shares, key=lambda room: (int(shares[room]) - shares[room], room))
    for room in by_rest[:count - sum(taken.values())]:
        taken[room] += 1
    return taken


def rooms_in_turn(tree, seed, count):
    """The room of each mutant: a sample of a few has every room's share, too."""
    rooms = [room for room, n in sorted(quotas(tree, count).items()) for _ in range(n)]
    random.Random(f"{seed} rooms").shuffle(rooms)
    return rooms


def draw(tree, room, seed, number, attempt):
    """(source, change): the kind of mistake first, so that rare ones come up; then any place in the room."""
    dice = random.Random(f"{seed} {number} {attempt}")
    kinds = list(OPERATORS)
    dice.shuffle(kinds)
    for kind in kinds:
        places = [(s, change) for s in tree.rooms[room] for change in OPERATORS[kind](s)]
        if places:
            return dice.choice(places)
    raise ValueError(f"nothing to change in {room}")
