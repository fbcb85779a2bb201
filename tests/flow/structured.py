#!/usr/bin/env python3
"""
`ingest` against the oracle's reading of objects, tables and documents (tests/oracle/structured.py), on random logs of which
many values are odd: rows and tallies. The same seed makes the same log.

    structured.py --ingest build/ingest --seeds 1..50
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import formats  # noqa: E402
import sketch  # noqa: E402
import structured  # noqa: E402

TIMES = ["2024-01-16T10:00:00Z", "2024-01-16T23:30:00.123456789-01:00", "2024-02-30T00:00:00Z", "16/Jan/2024:00:30:00 +0100",
         "x", "", "1705399200", "1705399200.5", "1.7053992e9", "1705399200123", "1705399200123456", "1705399200123456789", "-5", "1e400",
         1705399200, 1705399200.25, 1705399200123, 0, -1, 253402300799, 253402300800, 1e30, True, None, {"a": 1}, ["2024-01-16T10:00:00Z"], []]
PATHS = ["/gems/rails-7.1.2.gem", "/gems/rack-3.0.8.gem?x=1", "/gems/a%20b-1.0.gem", "/index", "", "/gems/\u00e9-1.0.gem", "/gems/x%00-1.0.gem",
         "/gems/%ff-1.0.gem", 5, None, {}, ["/gems/rails-7.1.2.gem"]]
STATUSES = [200, 200, 200, "200", "206", 206, 404, "-", 20, 200.0, "", None, [200], {}]
SIZES = [0, 42, "42", "-", "", -0.0, -1, 1.5, 9223372036854775807, 9223372036854775808, None, [7], "x"]
CLIENTS = ["192.0.2.7", "192.0.2.8:99", "[2001:db8::7]:443", "2001:db8::7", "-", "", 7, None, ["192.0.2.7", 5], [["x"]], True]
METHODS = ["GET", "GET", "GET", "HEAD", "get", "", None, 5]
RANGES = ["bytes 0-9/10", "bytes 5-9/*", "bytes 9-5/10", "x", "", None]
IDS = ["01F6M3N17G000B5V5G2M2RYJN7", "60af9846ebfcf7562edb10c7", "0179a83a-84f0-0000-b2ec-b015058f4aa7", "0179A83A84F00000B2ECB015058F4AA7",
       "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "x", 5, None, {"$oid": "60af9846ebfcf7562edb10c7"}, {"$uuid": "0179a83a-84f0-0000-b2ec-b015058f4aa7"},
       {"$binary": {"base64": "AXmoOoTwAACy7LAVBY9Kpw==", "subType": "04"}}, {"x": 1}, "01f6m3n17goooB5V5G2M2RYJN7"]


def most(rng, values, good=3):
    """One of the first ones, mostly."""
    return rng.choice(values[:good] if rng.random() < 0.7 else values)


def request(rng):
    return "%s %s%s" % (most(rng, ["GET", "HEAD"], 1), most(rng, PATHS[:8]), rng.choice([" HTTP/1.1", " HTTP/2.0", ""]))


def access(rng):
    """An object with keys of all servers, one of them mostly."""
    kind, log = rng.randrange(4), {}
    time, path, size, client = most(rng, TIMES, 2), most(rng, PATHS), most(rng, SIZES), most(rng, CLIENTS)
    if kind == 0:
        log = {"level": "info", "ts": rng.choice([1705399200.5, time]), "request": rng.choice([{
            rng.choice(["client_ip", "remote_ip", "remote_addr"]): client, "method": most(rng, METHODS), "uri": path,
            "headers": rng.choice([{"User-Agent": ["x"], "X-Forwarded-For": ["a", "b"]}, {}, None, 5])}] * 9 + [None, 5, []]),
            "size": size, "status": most(rng, STATUSES), "resp_headers": {"Content-Range": [rng.choice(RANGES)]}}
    elif kind == 1:
        log = {rng.choice(["time_local", "time_iso8601", "msec", "timestamp", "time"]): time, "remote_addr": client,
               "request": request(rng), "status": most(rng, STATUSES), rng.choice(["body_bytes_sent", "bytes_sent"]): size,
               "http_user_agent": "y", "sent_http_content_range": rng.choice(RANGES)}
    elif kind == 2:
        log = {"StartUTC": time, "time": "2024-01-17T00:00:00Z", "ClientHost": client, "RequestMethod": most(rng, METHODS),
               "RequestPath": path, "DownstreamStatus": most(rng, STATUSES), "DownstreamContentSize": size}
    else:
        log = {"date": rng.choice(["2024-01-16", "2024-02-30", "2024-01-16T10:00:00Z", 5]), "time": rng.choice(["10:00:00", "24:00:00", "x"]),
               "cs-method": most(rng, METHODS), "cs-uri-stem": path, "sc-status": most(rng, STATUSES), "sc-bytes": size, "c-ip": client,
               "sc-range-start": rng.choice(["0", "-", "5"])}
    for key in list(log):
        if rng.random() < 0.03:
            del log[key]
    return log


def dumps(rng, value):
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, separators=rng.choice([(", ", ": "), (",", ":")]))
    if rng.random() < 0.05:
        text = text.replace("}", ', "status": 200}' if rng.random() < 0.5 else ",}", 1)
    return text.encode("utf-8", "surrogatepass")


def damaged(rng, line):
    if rng.random() < 0.04 and line:
        at = rng.randrange(len(line))
        line = line[:at] + rng.choice([b"", b'"', b"}", b"\\", b"\0", b",", b"\xff"]) + line[at + 1:]
    return rng.choice([b"", b"\r"]) if rng.random() < 0.02 else line


def json_log(rng, n):
    return b"\n".join(damaged(rng, dumps(rng, access(rng))) for _ in range(n))


def cell(rng, value, separator):
    text = "" if value is None else str(value)
    if separator in text or '"' in text or rng.random() < 0.3:
        text = '"' + text.replace('"', '""') + '"'
    return text


def table(separator):
    def log(rng, n):
        columns = rng.choice([
            {"date": ["2024-01-16", "2024-01-17", "x", "2024-01-16T10:00:00Z"], "time": ["10:00:00", "00:00:00", "x"], "size": [5, 7, "NA", ""],
             "r_version": ["4.3.2", "NA"], "package": ["dplyr", "rlang", "", "a,b\tc", 'q"q'], "version": ["1.0", "1.1", ""],
             "country": ["DE", "NA", "DEU", ""], "ip_id": [1, 2, 3, ""]},
            {"time_iso8601": [TIMES[0], TIMES[1], TIMES[2], ""], "request": [request(rng) for _ in range(5)], "status": ["200", "206", "", "x"],
             "bytes_sent": ["5", "-", "", "x"], "remote_addr": ["192.0.2.7", "", "x\"y"]},
            {"ts": [t for t in TIMES if isinstance(t, str)], "request.uri": [p for p in PATHS if isinstance(p, str)],
             "request.method": ["GET", "HEAD", ""], "note": ["a", "b,c", 'd"e']},
        ])
        names = list(columns)
        rng.shuffle(names)
        rows = [names] + [[most(rng, columns[name]) for name in names] for _ in range(n)]
        lines = [separator.join(cell(rng, v, separator) for v in row).encode() for row in rows]
        for i in range(1, len(lines)):
            lines[i] = lines[0] if rng.random() < 0.02 else damaged(rng, lines[i])
        return b"\n".join(lines)
    return log


def seventv_log(rng, n):
    def one():
        if rng.random() < 0.6:
            log = {"user": "x", "old": [most(rng, IDS, 4) for _ in range(rng.randrange(4))], "new": [most(rng, IDS, 4) for _ in range(rng.randrange(4))],
                   "time": rng.choice(TIMES[:3] + [1705399200123, -1, {"$date": TIMES[0]}, {"$date": {"$numberLong": "1705399200123"}}, {}, None, 1.5])}
            log.pop(rng.choice(["old", "new", "time", "user", "user", "user", "user"]) if rng.random() < 0.2 else "", None)
            return log
        kind = rng.choice(["add_emote", "remove_emote", "rename_emote", "create", None])
        return {"_id": most(rng, IDS), "data": rng.choice([{"kind": rng.choice(["emote_set"] * 4 + ["user", 5]), "target_id": "x", "data":
                rng.choice([{"kind": kind, "data": {"emote_id": most(rng, IDS)}}] * 5 + [None, {"kind": kind}])}] * 9 + [None])}
    return b"\n".join(damaged(rng, dumps(rng, one())) for _ in range(n))


def wire(rng):
    hashes = [rng.choice([rng.getrandbits(64), rng.getrandbits(3)]) for _ in range(rng.choice([0, 1, 2, 2, 160, 161]))]
    data = sketch.hll_bytes(set(hashes)) if len(hashes) < 161 else b"\x12\x8b\x7f" + b"".join(h.to_bytes(8, "big") for h in hashes)
    if rng.random() < 0.1:
        at = rng.randrange(min(3, len(data)))
        data = data[:at] + bytes([rng.choice([0, 0x11, 0x12])]) + data[at + 1:]
    return data


def eida_log(rng, n):
    def element():
        text = rng.choice(["\\x%s", "\\x%s", "\\x%s", "%s"]) % wire(rng).hex()
        e = {"month": most(rng, ["2024-01-01", "2024-02-01", "2024-01-20", "2024-01", "x"], 2), "network": most(rng, ["GE", "", "Z32015", "Z320150"], 2),
             "station": most(rng, ["EIL", "", "ABCDEF", "\ud800", None], 2), "location": rng.choice(["", "00", "--"]), "channel": "BHZ",
             "country": rng.choice(["DE", None, "DEU", 5]), "bytes": most(rng, SIZES, 2), "nb_requests": most(rng, [3, 0, None, -1, 9223372036854775807]),
             "nb_successful_requests": most(rng, [2, 5, 9223372036854775807, None], 2), "nb_unsuccessful_requests": most(rng, [1, 0, None, 1.0]),
             "clients": rng.choice([text.upper().replace("\\X", "\\x"), text, text, None])}
        for key in list(e):
            if rng.random() < 0.02:
                del e[key]
        return rng.choice([e] * 30 + [5, [], None])
    document = {"generated_at": "x", "days_coverage": rng.choice([["2024-01-17", "2024-01-16", 5, "x"], [], "2024-01-16"]),
                "stats": [element() for _ in range(n)]}
    if rng.random() < 0.1:
        document["stats"] = 5
    payload = dumps(rng, document) if rng.random() < 0.5 else json.dumps(document, indent=1).encode()
    payload = payload + b"\n" + payload if rng.random() < 0.1 else payload
    return damaged(rng, payload) if rng.random() < 0.3 else payload


LOGS = {"json": json_log, "csv": table(","), "tsv": table("\t"), "seventv": seventv_log, "eida": eida_log}


def run(ingest, *arguments):
    return subprocess.run([*ingest, "--client-key", "none", "--max-reject", "100", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)


def expected_rows(counter):
    out = {}
    for key, (sums, hashes) in counter.rows.items():
        out[tuple(k.decode() if isinstance(k, bytes) else k for k in key)] = (list(sums), sketch.hll_bytes(hashes).hex())
    return out


def actual_rows(text):
    keys = {"stats": ["name", "version", "dldate"], "dataselect_stats": ["date", "network", "station", "location", "channel", "country"],
            "emote_stats": ["emote_id", "date"]}
    sums = {"stats": ["count", "bytes"], "dataselect_stats": ["bytes", "nb_reqs", "nb_successful_reqs", "nb_failed_reqs"], "emote_stats": ["count"]}
    out = {}
    for line in text.splitlines():
        row = json.loads(line)
        table_name = row["table"]
        out[tuple(row[k] for k in keys[table_name])] = ([row[k] for k in sums[table_name]], row.get("clients", "\\x118b7f")[2:])
    return out


def difference(ingest, format_name, payload, where):
    path = os.path.join(where, "log")
    with open(path, "wb") as f:
        f.write(payload)
    counter, refused = structured.Counter(), False
    try:
        counter.count(format_name, payload)
    except formats.Refused:
        counter, refused = structured.Counter(), True
    got = run(ingest, "-o", "-", "-f", format_name, path)
    if got.returncode != int(refused):
        return "exit status %d: %s" % (got.returncode, got.stderr.decode())
    if refused:
        return ""
    want, rows = expected_rows(counter), actual_rows(got.stdout)
    if want != rows:
        return "rows\n  oracle: %s\n  ingest: %s" % tuple([(k, v) for k, v in a.items() if b.get(k) != v][:5] for a, b in ((want, rows), (rows, want)))
    summary = json.loads(run(ingest, "-n", "--json", "-f", format_name, path).stdout)["records"]
    tally = {"counted": summary["counted"], **summary["filtered"], **summary["rejected"]}
    tally = {k: v for k, v in tally.items() if v}
    return "" if tally == dict(counter.tally) else "tallies\n  oracle: %s\n  ingest: %s" % (dict(counter.tally), tally)


def smaller(ingest, format_name, payload, where):
    """Without lines that the two agree on."""
    lines, size = payload.split(b"\n"), len(payload)
    size = len(lines)
    while size > 0:
        at = 0
        while at < len(lines):
            fewer = lines[:at] + lines[at + size:]
            if fewer and difference(ingest, format_name, b"\n".join(fewer) + b"\n", where):
                lines = fewer
            else:
                at += size
        size //= 2
    return b"\n".join(lines) + b"\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ingest", required=True)
    p.add_argument("--seeds", default="1..20")
    p.add_argument("--format", choices=LOGS, action="append")
    o = p.parse_args()
    first, _, last = o.seeds.partition("..")
    with tempfile.TemporaryDirectory() as where:
        for seed in range(int(first), int(last or first) + 1):
            for format_name in o.format or LOGS:
                rng = random.Random("%d %s" % (seed, format_name))
                payload = LOGS[format_name](rng, rng.choice([1, 20, 200]))
                payload += b"" if format_name == "eida" else b"\n"
                if difference([o.ingest], format_name, payload, where):
                    payload = smaller([o.ingest], format_name, payload, where)
                    print("seed %d, %s: %s\n%r" % (seed, format_name, difference([o.ingest], format_name, payload, where), payload[:3000]))
                    return 1
    print("no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
