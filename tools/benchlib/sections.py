"""What is measured: each section makes its logs, alternates its programs and says which targets they meet."""

import json
import os
import re
import subprocess
import sys
import zlib

from . import peers
from .measure import Program, Wrong, alternate, run
from .server import NoServer, Server

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 1 << 20
# How far a sketch may be off: ClickHouse's HLL12 has 4096 registers; DuckDB's has 64 since 1.2.
SIGMA = {"duckdb": 0.13, "chdb": 0.0163}


class Bench:
    def __init__(self, options, shelf, say):
        self.options, self.shelf, self.say = options, shelf, say
        self.home = os.path.join(options.dir, "home")
        self.work = os.path.join(options.dir, "work")
        for folder in (self.home, self.work):
            os.makedirs(folder, exist_ok=True)
        self.ini = os.path.join(self.home, "empty.ini")
        with open(self.ini, "w", encoding="utf-8"):
            pass
        # Nothing that leads ingest to somebody's database or configuration.
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home, "LC_ALL": "C", "TZ": "UTC"}
        self.node = peers.Node(options.dir)
        self.cores = len(os.sched_getaffinity(0))
        self.tables, self.targets = [], []

    # ---- programs ----

    def unpack(self, program, *logs):
        """igzip, zcat or pigz to nowhere; before that, every byte it gives against the generator's."""
        def proof():
            for log in logs:
                check_decoded(program, log)

        return Program("%s -dc" % program if program != "zcat" else "zcat", [[*unpacker(program), *(log.path for log in logs)]],
                       stdout=os.devnull, proof=proof, missing=peers.missing(program))

    def command(self, *args):
        return [self.options.ingest, "-c", self.ini, "--progress", "never", *args]

    def ingest(self, name, logs, *args, stdin=False, prove=True):
        """A dry run: all the work, nothing written. Its summary is checked each time, its rows once."""
        paths = [log.path for log in logs]
        stages = [self.command("-n", "--json", *args, *([] if stdin else paths))]
        if stdin:
            stages = [["cat", *paths], stages[0] + ["-"]]

        def proof():
            jobs = [a for a in args if a.startswith("-j")]
            out = os.path.join(self.work, "rows.jsonl")
            command = self.command("-o", out, "--client-key", "none", *jobs, *([] if stdin else paths))
            run(stages[:-1] + [command + (["-"] if stdin else [])], self.env)
            self.compare("ingest", out, *(log.rows for log in logs))
            os.unlink(out)

        return Program(name, stages, answer=lambda took: self.summary(took, logs), proof=proof if prove else None)

    def summary(self, took, logs, extra_lines=0, check_rows=True):
        """Raises Wrong unless the counts are those of the logs; gives the stages' seconds."""
        try:
            s = json.loads(took.out)
        except ValueError as e:
            raise Wrong("no summary: %s" % e) from e
        want = {"lines": sum(log.lines for log in logs) + extra_lines, "counted": sum(log.counted for log in logs)}
        has = {"lines": s["lines"]["read"], "counted": s["lines"]["counted"]}
        if len(logs) == 1 and "rows" in logs[0].figures and check_rows:
            want["rows"] = logs[0].figures["rows"]
            has["rows"] = sum(t["inserted"] + t["updated"] for t in s["rows"].values())
        if has != want:
            raise Wrong("it says %s, and the truth is %s" % (has, want))
        return {"decode_s": s["seconds"]["decode"], "parse_s": s["seconds"]["parse"], "rollup_s": s["seconds"]["rollup"],
                "load_s": s["seconds"]["load"]}

    def compare(self, *args):
        p = subprocess.run([sys.executable, os.path.join(HERE, "answers.py"), *args], capture_output=True, text=True, check=False)
        if p.returncode != 0:
            raise Wrong((p.stderr.strip().splitlines() or ["cannot compare"])[-1])

    def database(self, name, log, kind):
        """same: all that ingest asks of a line. lean: any text passes for a version."""
        script, out = "ask_%s.mjs" % name, os.path.join(self.work, "rows.tsv")
        absent = self.node.missing(name)
        ask = ["node", self.node.script(script) if absent is None else script, log.path, str(self.cores), kind]

        def proof():
            run([ask + [out]], self.env)
            self.compare("peer", str(SIGMA[name]), out, log.rows)
            os.unlink(out)

        label = {"duckdb": "DuckDB", "chdb": "ClickHouse (chdb)"}[name]
        label += ", %d threads%s" % (self.cores, "" if kind == "same" else ", versions not checked")
        return Program(label, [ask], answer=lambda took: same_totals(took, log), proof=proof,
                       missing=absent)

    def formats(self):
        text = subprocess.run([self.options.ingest, "--help"], capture_output=True, text=True, check=True).stdout
        return re.findall(r"^  (\w+) ", text.split("\nformats\n")[1].split("\n\n")[0], re.M)

    # ---- results ----

    def table(self, title, programs, runs=None, base=None):
        alternate(programs, runs or self.options.runs, self.env, self.say)
        self.tables.append({"title": title, "programs": programs, "base": base or programs[0]})

    def target(self, number, what, value, limit, smaller=True, unit="x"):
        """value None: not measured."""
        self.targets.append({"number": number, "what": what, "value": value, "limit": limit, "unit": unit,
                             "relation": "<=" if smaller else ">=",
                             "met": None if value is None else value <= limit if smaller else value >= limit})


def ratio(a, b, what="wall"):
    a, b = a.median(what), b.median(what)
    return None if a is None or not b else a / b


def unpacker(program):
    return ["zcat"] if program == "zcat" else [program, "-dc"]


def check_decoded(program, log):
    p = subprocess.Popen([*unpacker(program), log.path], stdout=subprocess.PIPE)
    size = crc = 0
    while data := p.stdout.read(1 << 18):
        size, crc = size + len(data), zlib.crc32(data, crc)
    if p.wait() != 0 or size != log.bytes or crc != log.crc32:
        raise Wrong("other bytes than were packed")


def same_totals(took, log):
    """The totals of a peer: of one that answers for the versions together too, `rows`; else `keys`."""
    try:
        s = json.loads(took.out)
    except ValueError as e:
        raise Wrong("no answer: %s" % e) from e
    n = "rows" if "rows" in s else "keys"
    if (s[n], s["counted"]) != (log.figures[n], log.counted) or s["bytes"] != true_bytes(log):
        raise Wrong("it says %s" % took.out.strip())


def true_bytes(log):
    if "sent" not in log.figures:
        with open(log.rows, encoding="utf-8") as f:
            cells = (line.split("\t") for line in f)
            log.figures["sent"] = sum(int(c[3]) for c in cells if c[1] != "\\N")
    return log.figures["sent"]


# ---- the sections, in the order of the report ----

def cloudfront(b):
    log = b.shelf.log("cloudfront")
    igzip, zcat = b.unpack("igzip", log), b.unpack("zcat", log)
    one = b.ingest("ingest -n -j1", [log], "-j1")
    two = b.ingest("ingest -n -j2, a single file", [log], "-j2")
    piped = b.ingest("ingest -n -j2, stdin (cat |)", [log], "-j2", stdin=True)
    usual = b.ingest("ingest -n, as called by default", [log], prove=False)
    mawk = Program("igzip -dc | mawk (no distinct clients)", [["igzip", "-dc", log.path], ["mawk", "-f", os.path.join(HERE, "count_cloudfront.awk")]],
                   answer=lambda took: same_totals(took, log), missing=peers.missing("igzip") or peers.missing("mawk"))
    duckdb, chdb = b.database("duckdb", log, "same"), b.database("chdb", log, "same")
    lean = [b.database(name, log, "lean") for name in ("duckdb", "chdb")]
    b.table("CloudFront: one log", [zcat, igzip, b.unpack("pigz", log), mawk, one, two, piped, usual, duckdb, chdb, *lean])
    b.target(1, "CloudFront, -n -j1: CPU / igzip -dc", ratio(one, igzip, "cpu"), 1.8)
    b.target(3, "single file, -j2: wall / the same with -j1", ratio(two, one), 0.65)
    b.target(3, "stdin, -j2: wall / the file with -j1", ratio(piped, one), 0.65)
    b.target(5, "DuckDB: wall / ingest, all cores", ratio(duckdb, usual), 8, smaller=False)
    b.target(5, "ClickHouse: wall / ingest, all cores", ratio(chdb, usual), 8, smaller=False)
    rss = usual.median("rss")
    b.target(6, "a usual day: peak memory", rss and rss / MIB, 120, unit="MiB")


def two_files(b):
    logs = [b.shelf.log("cloudfront", seed) for seed in (1, 2)]
    zcat = b.unpack("zcat", *logs)
    two = b.ingest("ingest -n -j2", logs, "-j2")
    b.table("CloudFront: two logs", [zcat, b.ingest("ingest -n -j1", logs, "-j1", prove=False), two])
    b.target(3, "two files, -n -j2: wall / zcat of both", ratio(two, zcat), 0.22)


def combined(b):
    log = b.shelf.log("combined")
    zcat, one = b.unpack("zcat", log), b.ingest("ingest -n -j1", [log], "-j1")
    usual = b.ingest("ingest -n, as called by default", [log], prove=False)
    out = os.path.join(b.work, "goaccess.json")

    def answer(_):
        with open(out, encoding="utf-8") as f:
            general = json.load(f)["general"]
        if general["total_requests"] != log.lines or general["failed_requests"] != 0:
            raise Wrong("it says %s" % {k: general[k] for k in ("total_requests", "failed_requests")})

    goaccess = Program("zcat | goaccess, once", [["zcat", log.path], ["goaccess", "--no-global-config", "--log-format=COMBINED", "--no-progress",
                                                               "--no-term-resolver", "-o", out, "-"]],
                       answer=answer, once=True, missing=peers.missing("goaccess"))
    b.table("combined", [zcat, b.unpack("igzip", log), one, usual, goaccess])
    b.target(1, "combined, -n -j1: wall / zcat", ratio(one, zcat), 0.60)
    b.target(5, "GoAccess: wall / ingest, all cores", ratio(goaccess, usual), 80, smaller=False)


def fastly(b):
    log = b.shelf.log("fastly")
    zcat, one = b.unpack("zcat", log), b.ingest("ingest -n -j1", [log], "-j1")
    if "fastly" not in b.formats():
        one.trouble = "skipped: this ingest does not know the format fastly yet"
    b.table("Fastly JSON", [zcat, b.unpack("igzip", log), one])
    b.target(1, "Fastly JSON, -n -j1: wall / zcat", ratio(one, zcat), 0.45)


def fdsnws(b):
    log = b.shelf.log("fdsnws")
    zcat, one = b.unpack("zcat", log), b.ingest("ingest -n -j1", [log], "-j1")
    b.table("fdsnws", [zcat, b.unpack("igzip", log), one])
    b.target(2, "fdsnws, -n -j1: wall / zcat", ratio(one, zcat), 0.45)


def postgres(b):
    logs = [b.shelf.log("cloudfront", seed) for seed in (1, 2)]
    again = b.shelf.again(logs[0])
    try:
        with Server() as server:
            prepare_databases(b, server, logs[0])
            fresh_rows(b, server, logs)
            loading(b, server, logs[0], again)
    except NoServer as e:
        absent = Program("ingest into PostgreSQL", [], missing="skipped: %s" % e)
        b.table("PostgreSQL", [absent])
        for what, limit in (("two logs to committed rows: wall / zcat of both", 0.9), ("new rows: load / plain COPY", 1.3),
                            ("existing rows: merge / plain COPY", 2.2)):
            b.target(4, what, None, limit)


def prepare_databases(b, server, log):
    """empty: migrated, no rows; full: one log's rows. Both are copied before each run."""
    server.ask("postgres", "CREATE DATABASE empty")
    into = ["-d", server.uri("empty")]
    try:
        run([[b.options.ingest, "-c", b.ini, *into, "migrate", "up"]], b.env)
        server.fresh("loaded", "empty")
        run([b.command("-d", server.uri("loaded"), log.path)], b.env)
    except Wrong as e:
        raise NoServer(str(e)) from e


def into_database(b, server, name, template, logs, paths, *args, times=1):
    def answer(took):
        values = b.summary(took, logs, extra_lines=times - 1)
        check_database(server, logs, times)
        return values

    return Program(name, [b.command("-d", server.uri("bench"), "--json", *args, *paths)],
                   prepare=lambda: server.fresh("bench", template), answer=answer)


def check_database(server, logs, times):
    """The sums that are in the table, whoever put them there."""
    sums = server.ask("bench", "SELECT count(*), sum(count) FILTER (WHERE version IS NULL), sum(bytes) FILTER (WHERE version IS NULL), "
                      "sum(count) FILTER (WHERE version IS NOT NULL), sum(bytes) FILTER (WHERE version IS NOT NULL) FROM stats")
    counted, sent = times * sum(log.counted for log in logs), times * sum(true_bytes(log) for log in logs)
    has, want = [int(cell or 0) for cell in sums[1:]], [counted, sent] * 2
    if has != want or (len(logs) == 1 and int(sums[0]) != logs[0].figures["rows"]):
        raise Wrong("the table has %s rows with %s, and the truth is %s" % (sums[0], has, want))


def fresh_rows(b, server, logs):
    zcat = b.unpack("zcat", *logs)
    load = into_database(b, server, "ingest -d -j2, fresh database", "empty", logs, [log.path for log in logs], "-j2")
    b.table("CloudFront: two logs to committed rows", [zcat, load])
    b.target(4, "two logs to committed rows: wall / zcat of both", ratio(load, zcat), 0.9)


def loading(b, server, log, again):
    rows = os.path.join(b.work, "stats.copy")
    run([server.psql("loaded") + ["-c", "\\copy (SELECT * FROM stats ORDER BY name, version NULLS FIRST, dldate) TO '%s' (FORMAT binary)" % rows]], b.env)

    def copied(took):
        check_database(server, [log], 1)
        return {"load_s": float(re.search(r"Time: ([0-9.]+) ms", took.out).group(1)) / 1000}

    copy = Program("plain COPY of the same sorted rows (psql)",
                   [server.psql("bench") + ["-c", "\\timing on", "-c", "\\copy stats FROM '%s' (FORMAT binary)" % rows]],
                   prepare=lambda: server.fresh("bench", "empty"), answer=copied)
    new = into_database(b, server, "ingest -d -j1: all rows new", "empty", [log], [log.path], "-j1")
    dry = b.ingest("ingest -n -j1", [log], "-j1", prove=False)

    # The second load: the summary is about one log, the table about two.
    def merged(took):
        values = b.summary(took, [log], extra_lines=1)
        check_database(server, [log], 2)
        return values

    merge = Program("ingest -d -j1: all rows exist", [b.command("-d", server.uri("bench"), "--json", "-j1", again)],
                    prepare=lambda: server.fresh("bench", "loaded"), answer=merged)
    b.table("loading %d rows (times of the load alone: load_s)" % log.figures["rows"], [copy, new, merge, dry])
    os.unlink(rows)
    b.target(4, "new rows: load / plain COPY", ratio(new, copy, "load_s"), 1.3)
    b.target(4, "existing rows: merge / plain COPY", ratio(merge, copy, "load_s"), 2.2)
    # The program's own word for its load, against the clock: what the database adds to a dry run.
    walls = [p.median("wall") for p in (new, merge, dry)]
    if None not in walls:
        new.values["load_by_clock_s"], merge.values["load_by_clock_s"] = walls[0] - walls[2], walls[1] - walls[2]


def growth(b):
    small = b.shelf.log("cloudfront", 3, 5 / 16, with_rows=False)
    big = b.shelf.log("cloudfront", 4, 5, with_rows=False)
    a, z = (b.ingest("ingest -n -j1, %s lines" % f"{log.lines:,}", [log], "-j1", prove=False) for log in (small, big))
    folder, n = b.shelf.tiny(big)
    usual = b.ingest("ingest -n, one file", [big], prove=False)
    tiny = Program("ingest -n, the same lines in %s files" % f"{n:,}", [b.command("-n", "--json", folder)],
                   answer=lambda took: b.summary(took, [big], extra_lines=2 * (n - 1)))
    b.table("growth", [a, z, usual, tiny], runs=1 if b.options.quick else min(3, b.options.runs))
    b.target(7, "16 x the lines, -n -j1: wall", ratio(z, a), 17)
    b.target(7, "%s tiny files: wall / one file" % f"{n:,}", ratio(tiny, usual), 3)


def memory(b):
    what = [("256 MB: peak memory", 320, "MiB"), ("256 MB: wall / 8 GB", 2.5, "x"), ("256 MB: the same rows as with 8 GB", 1, "yes")]
    with open("/proc/meminfo", encoding="utf-8") as f:
        free = int(re.search(r"MemAvailable:\s+(\d+)", f.read()).group(1)) * 1024
    if b.options.quick or free < 10 << 30:
        why = "skipped: only in the full run" if b.options.quick else "skipped: less than 10 GiB of memory are free"
        b.table("memory", [Program("ingest --memory 256M, 10 M keys", [], missing=why)])
        for name, limit, unit in what:
            b.target(6, name, None, limit, unit=unit)
        return
    log = b.shelf.log("keys")
    rows = log.keys + log.names

    def answer(took):
        s = json.loads(took.out)
        has = sum(t["inserted"] + t["updated"] for t in s["rows"].values())
        if (s["lines"]["counted"], has) != (log.counted, rows):
            raise Wrong("%d counted in %d rows, and the truth is %d in %d" % (s["lines"]["counted"], has, log.counted, rows))
        return b.summary(took, [log])

    small, large = (Program("ingest -n --memory %s, 10 M keys" % size, [b.command("-n", "--json", "--memory", size, log.path)],
                            answer=answer, once=True) for size in ("256M", "8G"))
    b.table("memory", [large, small], runs=1)
    digests, peak = [], 0
    for size in ("256M", "8G"):
        b.say("the rows under --memory %s" % size)
        try:
            took = run([b.command("-o", "-", "--client-key", "none", "--memory", size, log.path), ["sha256sum"]], b.env)
            digests.append(took.out.split()[0])
            peak = max(peak, took.rss) if size == "256M" else peak
        except Wrong as e:
            small.trouble = "FAILED: rows: %s" % e
    same = None if len(digests) < 2 else digests[0] == digests[1]
    if same is False:
        small.trouble = "FAILED: other rows than under 8G"
    rss = small.median("rss")
    b.target(6, what[0][0], rss and max(rss, peak) / MIB, 320, unit="MiB")
    b.target(6, what[1][0], ratio(small, large), 2.5)
    b.target(6, what[2][0], None if same is None else float(same), 1, smaller=False, unit="yes")


ALL = {f.__name__: f for f in (cloudfront, two_files, combined, fastly, fdsnws, postgres, growth, memory)}
