#!/usr/bin/env python3
"""JSON of somebody who means harm to its reader: deep, wide, long, and the same key again and again.

    nested.py FORMAT FILE     a log: a good line before and behind each bad one; prints what must become of the bad ones,
                              "reason number" each, sorted
    nested.py eida DIR        documents, DIR/refused/*.json and DIR/counted/*.json
"""
import collections
import os
import sys

MILLION = 1000000
GOOD = {
    "json": '{"ts":1704456000.5,"request":{"remote_ip":"192.0.2.1","method":"GET","host":"h","uri":"/h/@/1.0.0"},"size":7,"status":200%s}',
    "fastly": '<134>2024-01-05T12:00:02Z cache s3[257]: {"bytes":7,"date_time":"2024-01-05T12:00:00Z","ip":"192.0.2.1","method":"GET","status":200,"url":"https://h/h/@/1.0.0"%s}',
    "fdsnws": '{"userID":"192.0.2.1","clientID":"c","userEmail":"","userLocation":{"country":"DE"},"service":"fdsnws-dataselect","status":"OK","bytes":7,"created":"2024-01-05T12:00:00Z",'
              '"finished":"2024-01-05T12:00:00Z","trace":[{"net":"GE","sta":"S1","loc":"","cha":"BHZ","status":"OK","bytes":7}]%s}',
    "seventv": '{"user":"01F6M3N17G000B5V5G2M2RYJN7","old":["60af9846ebfcf7562edb10c7"],"new":["017da8369c1000000000000000000001"],"time":"2024-01-05T12:00:00Z"%s}',
}


def members(n):
    return ",".join('"m%d":1' % i for i in range(n))


# What is read and means nothing is counted; else the reason. A line of over 1 MiB is not even looked at.
BESIDE = [
    ("json", '"x":' + "[" * (MILLION // 2) + "]" * (MILLION // 2)),
    ("json", '"x":' + '{"a":' * 170000 + "1" + "}" * 170000),
    ("json", '"x":[' * 100000),
    ("json", '"x":["' * 100000),
    ("counted", '"%s":1' % ("k" * MILLION)),
    ("counted", '"%s":1' % ("\\u0061" * 170000)),
    ("counted", '"k":"%s"' % ("v" * MILLION)),
    ("counted", '"x":' + "9" * MILLION),
    ("counted", '"x":[' + ",".join(["1"] * 500000) + "]"),
    ("counted", members(80000)),
    ("counted", ",".join(['"x":1'] * 150000)),
    ("line_too_long", members(MILLION)),
]


def log(name, path):
    good = GOOD[name]
    bad = [(reason, good % ("," + text)) for reason, text in BESIDE]
    bad += [("json", '{"a":' * (MILLION // 5)), ("json", '{"a":[' * (MILLION // 6) + '"')]
    if name == "json":  # of equal keys the last one holds, however many there are
        bad += [("counted", good % (',"status":404' * 70000 + ',"status":200'))]
    with open(path, "w", encoding="ascii") as out:
        for n, (_, line) in enumerate(bad):
            out.write((good % "").replace("@", "before%d" % n) + "\n" + line.replace("@", "bad%d" % n) + "\n")
        out.write((good % "").replace("@", "behind") + "\n")
    for reason, n in sorted(collections.Counter(reason for reason, _ in bad).items()):
        print(reason, n + len(bad) + 1 if reason == "counted" else n)


ELEMENT = '{"month":"2024-01-01","network":"GE","station":"S1","location":"","channel":"BHZ","country":"DE","bytes":7,"nb_successful_requests":1,"clients":"\\\\x118b7f"%s}'
DOCUMENT = '{"version":"1.2.0","days_coverage":["2024-01-05"],%s"stats":[%s]}'


def documents(folder):
    refused = [
        DOCUMENT % ('"x":' + "[" * MILLION, ELEMENT % ""),
        DOCUMENT % ('"x":' + "[" * MILLION + "]" * MILLION + ",", ELEMENT % ""),
        DOCUMENT % ('"x":' + '{"a":' * MILLION + "1" + "}" * MILLION + ",", ELEMENT % ""),
        DOCUMENT % ('"x":"%s",' % ("v" * 1100000), ELEMENT % ""),
        DOCUMENT % ("", '[{"a":' * MILLION),
    ]
    counted = [
        DOCUMENT % (members(MILLION) + ",", ELEMENT % ""),
        DOCUMENT % ('"%s":1,' % ("k" * 3000000), ELEMENT % ""),
        DOCUMENT % ('"version":"2",' * 200000, ELEMENT % ""),
        DOCUMENT % ("", ELEMENT % "" + ",1" * 300000),
        DOCUMENT % ("", ELEMENT % "" + "," + ELEMENT % ("," + members(MILLION))),
        DOCUMENT % ("", ELEMENT % (',"x":1' * 100000)),
    ]
    for name, texts in (("refused", refused), ("counted", counted)):
        os.makedirs(os.path.join(folder, name))
        for n, text in enumerate(texts):
            with open(os.path.join(folder, name, "%d.json" % n), "w", encoding="ascii") as out:
                out.write(text + "\n" * (n + 1))


if __name__ == "__main__":
    if sys.argv[1] == "eida":
        documents(sys.argv[2])
    else:
        log(sys.argv[1], sys.argv[2])
