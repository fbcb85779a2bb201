#!/usr/bin/env python3
"""Events of 7TV whose right rows are known, because the changes were there before the lines that tell of them.

    seventv.py DIRECTORY [SEED]

writes one.log, two.log, three.log: changes of channels and stored events, in every spelling of times and identifiers; rows.tsv, what
emote_stats holds when each was counted once (emote, day, count; days that cancel out with 0); and numbers.tsv, the lines and what
becomes of them.
"""
import base64
import collections
import datetime
import json
import random
import sys
import uuid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DAYS = [datetime.date(2025, 2, 27) + datetime.timedelta(days=n) for n in range(4)] + [datetime.date(2019, 7, 1)]


def ulid(number):
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


class Emote:
    """One that was made under MongoDB (an ObjectId: seconds and 8 bytes), or as a ULID."""

    def __init__(self, pick, old):
        self.object_id = None
        self.number = pick.getrandbits(48) << 80 | pick.getrandbits(80)
        if old:
            seconds, rest = pick.randrange(1577836800, 1672531200), pick.getrandbits(64)
            self.object_id = f"{seconds:08x}{rest:016x}"
            self.number = seconds * 1000 << 80 | rest

    def spelled(self, pick):
        as_uuid = uuid.UUID(int=self.number)
        ways = [ulid(self.number), ulid(self.number).lower(), str(as_uuid), as_uuid.hex.upper(), {"$uuid": str(as_uuid)},
                {"$binary": {"base64": base64.b64encode(as_uuid.bytes).decode(), "subType": "04"}}]
        if self.object_id:
            ways += [self.object_id, {"$oid": self.object_id}]
        return pick.choice(ways)


def moment(pick, day):
    """A time of that UTC day, in milliseconds, often next to midnight."""
    start = (day - datetime.date(1970, 1, 1)).days * 86400000
    return start + pick.choice((0, 1, 86399999, pick.randrange(86400000)))


def day_of(ms):
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=ms // 86400000)


def time_spelled(pick, ms):
    at = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(milliseconds=ms)
    away = at.astimezone(datetime.timezone(datetime.timedelta(hours=pick.choice((-11, -1, 2, 13)))))
    texts = [at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), away.isoformat(timespec="milliseconds")]
    return pick.choice([ms, {"$date": pick.choice(texts)}, {"$date": {"$numberLong": str(ms)}}, *texts])


def change(pick, emotes, rows):
    """A channel's emotes before and after."""
    before = set(pick.sample(range(len(emotes)), pick.randrange(6)))
    after = set(before)
    for n in pick.sample(range(len(emotes)), pick.choice((0, 1, 1, 3))):
        after ^= {n}
    ms = moment(pick, pick.choice(DAYS))
    day = day_of(ms)
    for n in before ^ after:
        rows[emotes[n].number, day] += 1 if n in after else -1

    def spelled(numbers):
        listed = [emotes[n].spelled(pick) for n in numbers]
        listed += [emotes[n].spelled(pick) for n in numbers if pick.random() < 0.2]  # two aliases of one emote
        pick.shuffle(listed)
        return listed
    line = {"user": ulid(pick.getrandbits(127)), "old": spelled(before), "new": spelled(after), "time": time_spelled(pick, ms)}
    return line, "counted" if before ^ after else "no_change"


def stored(pick, emotes, rows):
    ms = moment(pick, pick.choice(DAYS))
    emote = pick.choice(emotes)
    kind = pick.choice(("add_emote", "add_emote", "remove_emote", "rename_emote", "create", "change_active_emote_set"))
    inner = {"kind": kind}
    if kind in ("add_emote", "remove_emote"):
        inner["data"] = {"emote_id": emote.spelled(pick), "alias": "a\"\u00e9"}
        rows[emote.number, day_of(ms)] += 1 if kind == "add_emote" else -1
    line = {"_id": ulid(ms << 80 | pick.getrandbits(80)), "actor_id": None, "session_id": None,
            "data": {"kind": "user" if kind == "change_active_emote_set" else "emote_set", "target_id": ulid(pick.getrandbits(127)), "data": inner}}
    return line, "counted" if "data" in inner else "needs_state"


def main():
    directory, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    pick = random.Random(seed)
    emotes = [Emote(pick, n % 2) for n in range(40)]
    rows, numbers = collections.Counter(), collections.Counter()
    for name in ("one", "two", "three"):
        with open(f"{directory}/{name}.log", "w", encoding="utf-8") as log:
            for _ in range(700):
                line, why = pick.choice((change, stored))(pick, emotes, rows)
                numbers[why] += 1
                print(json.dumps(line, ensure_ascii=pick.random() < 0.5), file=log)
    with open(f"{directory}/rows.tsv", "w", encoding="ascii") as out:
        for (number, day), count in sorted(rows.items()):
            print(uuid.UUID(int=number), day, count, sep="\t", file=out)
    with open(f"{directory}/numbers.tsv", "w", encoding="ascii") as out:
        for why in ("counted", "no_change", "needs_state"):
            print(why, numbers[why], sep="\t", file=out)


if __name__ == "__main__":
    main()
