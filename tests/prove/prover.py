"""What chapters of the proof that need a server share: the program under test, databases, logs, and the dump that must not differ.

A chapter runs under tests/pg/server. It makes *worlds*: a template database, the words of a run, and what the tables hold after a run
that nobody disturbed. Whatever is done to a run in a copy of that database, one clean run later the dump must be the same.
"""
import argparse
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
MISSING = 77


class Chapter:
    """Arguments, what was tried, and the end."""

    def __init__(self, name, about, doc, more=None):
        p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
        p.add_argument("--ingest", required=True, metavar="BINARY")
        p.add_argument("--form", choices=("short", "long"), default="short")
        p.add_argument("--seed", type=int, default=1)
        p.add_argument("--out", required=True, metavar="FILE.json")
        p.add_argument("--only", metavar="CASE", help="only cases whose name begins so")
        if more:
            more(p)
        self.o = p.parse_args()
        self.name, self.about, self.rows, self.tally = name, about, [], {}
        self.long = self.o.form == "long"
        self.ingest = os.path.abspath(self.o.ingest)
        if "PGHOST" not in os.environ:
            sys.exit("%s: run this under tests/pg/server, or as tools/prove %s" % (name, name))
        self.folder = tempfile.mkdtemp(prefix="ingest-prove.")
        os.chmod(self.folder, 0o755)
        self.temporary = os.path.join(self.folder, "tmp")
        home = os.path.join(self.folder, "home")
        os.mkdir(self.temporary)
        os.mkdir(home)
        for variable in ("INGEST_DATABASE", "INGEST_TOKEN", "INGEST_TOKEN_FILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            os.environ.pop(variable, None)
        os.environ.update(HOME=home, TMPDIR=self.temporary, LC_ALL="C", PGCONNECT_TIMEOUT="10")
        os.chdir(self.folder)

    def dice(self, *what):
        """Of one case: what other cases throw does not change it."""
        return random.Random("%d/%s/%s" % (self.o.seed, self.name, "/".join(str(w) for w in what)))

    def wanted(self, case):
        return self.o.only is None or case.startswith(self.o.only)

    def say(self, text):
        print("   " + text, flush=True)

    def wrong(self, case, why):
        print("   WRONG: %s --form %s --seed %d --only %s: %s" % (self.name, self.o.form, self.o.seed, case, why), flush=True)

    def row(self, what, tried, outcome, bad):
        if tried == 0:
            return
        self.rows.append({"what": what, "tried": tried, "outcome": outcome, "bad": bad})
        self.say("%s: %d tried, %s, %d bad" % (what, tried, outcome, bad))

    def end(self):
        os.chdir("/")
        with open(self.o.out, "w", encoding="utf-8") as file:
            json.dump({"chapter": self.name, "about": self.about, "rows": self.rows}, file, indent=1)
        shutil.rmtree(self.folder, ignore_errors=True)
        sys.exit(1 if any(r["bad"] for r in self.rows) or not self.rows else 0)

    def run(self, *words, database, stdin=None, timeout=120, **environment):
        """Runs ingest to its end; the words begin behind --client-key none."""
        env = dict(os.environ, PGDATABASE=database, **environment)
        with open(stdin or os.devnull, "rb") as file:
            return subprocess.run([self.ingest, "--client-key", "none", *words], stdin=file, env=env, capture_output=True,
                                  timeout=timeout, check=False)

    def start(self, *words, database, stdin=None, before=(), **environment):
        env = dict(os.environ, PGDATABASE=database, **environment)
        with open(stdin or os.devnull, "rb") as file:
            return subprocess.Popen([*before, self.ingest, "--client-key", "none", *words], stdin=file, env=env,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def leavings(self):
        """Names of temporary files that runs have left."""
        return os.listdir(self.temporary)


# ---- databases ----

class Sql:
    """A psql that stays: a process for each of ten thousand questions would be most of the time."""

    END = "\x01end"

    def __init__(self, database):
        self.database, self.psql, self.settings = database, None, ""

    def close(self):
        if self.psql is not None:
            try:
                self.psql.stdin.close()
            except OSError:
                pass # its server is gone, and so is it
            self.psql.wait()
            self.psql.stdout.close()
            self.psql = None

    def _open(self):
        # What is set up must outlive a server that is killed: the server of the tests would not wait for its disk.
        env = dict(os.environ, PGDATABASE=self.database, PGAPPNAME="prover",
                   PGOPTIONS="-c client_min_messages=error -c synchronous_commit=on " + self.settings)
        self.psql = subprocess.Popen([os.path.join(os.environ["PG_BIN"], "psql"), "-XAtq"], env=env, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ask(self, text):
        """The answer's lines. Raises Failed with the server's words."""
        if self.psql is None or self.psql.poll() is not None:
            self._open()
        try:
            self.psql.stdin.write(("%s;\n\\echo %s\n" % (text, self.END)).encode())
            self.psql.stdin.flush()
        except OSError:
            pass # the reason stands in what psql has said
        answer = []
        for line in self.psql.stdout:
            line = line.decode(errors="replace").rstrip("\n")
            if line == self.END:
                break
            answer.append(line)
        else:
            self.close()
            raise Failed("\n".join(answer) or "psql has ended")
        for line in answer:
            if line.startswith(("ERROR:", "FATAL:", "server closed", "psql: error")):
                raise Failed("\n".join(answer))
        return answer

    def one(self, text):
        return "\n".join(self.ask(text))


class Failed(Exception):
    pass


# All columns of all tables but numbers that are given and times of the run; what points to a payload becomes its hash. What runs there
# were is no part of what was counted.
COLUMNS = r"""
SELECT c.oid::regclass::text || '|' || string_agg(CASE
    WHEN k.conrelid IS NOT NULL THEN format('(SELECT encode(p.hash, ''hex'') FROM ingest.payloads p WHERE p.id = t.%I)', a.attname)
    WHEN a.atttypid = 'timestamptz'::regtype AND a.attname ~ '_(at|since)$' THEN format('t.%I IS NULL', a.attname)
    WHEN a.atttypid = to_regtype('hll') THEN format('encode(hll_send(t.%I), ''hex'')', a.attname)
    ELSE format('t.%I', a.attname) END, ', ' ORDER BY a.attnum)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid = to_regclass('ingest.payloads') AND k.conkey = ARRAY[a.attnum]
 WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'kept')
   AND c.oid::regclass::text NOT IN ('ingest.migrations', 'ingest.runs') AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
 GROUP BY c.oid ORDER BY c.oid::regclass::text"""


class Server:
    """What tests/pg/server has started, to be killed and started again."""

    def __init__(self):
        self.data, self.bin = os.environ["PGDATA"], os.environ["PG_BIN"]
        owner = os.environ["PG_OWNER"]
        self.be = ["setpriv", "--reuid=" + owner, "--regid=" + owner, "--init-groups"] if os.getuid() == 0 else []

    def pid(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
            return int(file.readline())

    def control(self, *words):
        return subprocess.run([*self.be, os.path.join(self.bin, "pg_ctl"), "-D", self.data, "-w", "-t", "60", "-l", os.path.join(self.data, "again.log"), *words],
                              cwd="/", env=dict(os.environ, HOME="/"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode

    def begin(self):
        """Its former processes may still hold the shared memory."""
        for _ in range(100):
            if self.control("start") == 0:
                return
            time.sleep(0.1)
        raise Failed("the server does not start again")


class World:
    """A template database, the words of a run over it, and what a run that nobody disturbs makes of it."""

    def __init__(self, chapter, name, sets=("ledger", "stats")):
        self.chapter, self.name, self.template = chapter, name, "t_" + name
        self.words, self.stdin, self.status, self.whole, self.bare = (), None, 0, None, None
        self.dump_sql = None
        self.root = Sql("postgres")
        self.root.ask("DROP DATABASE IF EXISTS %s; CREATE DATABASE %s" % (self.template, self.template))
        done = subprocess.run([chapter.ingest, "-q", "migrate", "up", *sets], env=dict(os.environ, PGDATABASE=self.template), capture_output=True, check=False)
        if done.returncode != 0:
            raise Failed(done.stderr.decode())
        chapter.run("-q", "/nonexistent", database=self.template) # the secret, so that all copies have the same
        self.current = None

    def sql(self, database, text):
        q = Sql(database)
        try:
            return q.ask(text)
        finally:
            q.close()

    def before(self, *words, stdin=None, status=0, database=None):
        """A run that belongs to the template."""
        done = self.chapter.run(*words, database=database or self.template, stdin=stdin)
        if done.returncode != status:
            raise Failed("%s: status %d\n%s" % (words, done.returncode, done.stderr.decode(errors="replace")))

    def settle(self, *words, stdin=None, status=0):
        """Makes the run that all others are compared with. Its status is the one that a clean run has."""
        self.words, self.stdin, self.status = words, stdin, status
        self.fresh()
        self.bare = self.dump()
        self.before(*words, stdin=stdin, status=status, database=self.current)
        self.whole = self.dump()
        if self.whole == self.bare:
            raise Failed("%s counts nothing" % self.name)
        if len(self.whole) > 5000:
            self.restore = self.restore.replace("DELETE FROM stats;", "TRUNCATE stats;")

    def fresh(self):
        """The database of the template again. Its rows are put back rather than a copy made: that is ten times as fast."""
        if self.current is None:
            self.current = "c_" + self.name
            self.root.ask("DROP DATABASE IF EXISTS %s; CREATE DATABASE %s TEMPLATE %s" % (self.current, self.current, self.template))
            self.session = Sql(self.current)
            self.keep()
        else:
            self.quiet()
            self.session.ask(self.restore)
        return self.current

    def keep(self):
        """Copies of the tables that hold something, in a schema of their own."""
        tables = self.session.ask("SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND"
                                  " c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1")
        self.session.ask("CREATE SCHEMA kept")
        # As a replica no foreign key is looked at, so the order of the tables does not matter.
        steps = ["BEGIN; SET LOCAL session_replication_role TO replica"]
        for at, table in enumerate(tables):
            steps.append("DELETE FROM %s" % table)
            if self.session.one("SELECT EXISTS (SELECT FROM %s)" % table) == "t":
                self.session.ask("CREATE TABLE kept.k%d AS TABLE %s" % (at, table))
                steps.append("INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT * FROM kept.k%d" % (table, at))
        self.restore = ";".join(steps + ["COMMIT"])

    def quiet(self):
        """Until the server has noticed the end of all clients. What stays, or None."""
        for _ in range(1000):
            stays = self.session.one("SELECT string_agg(pid || ' ' || state, ', ') FROM pg_stat_activity"
                                     " WHERE application_name = 'ingest' AND datname = current_database()")
            if not stays:
                return None
            time.sleep(0.003)
        return "sessions stay: " + stays

    def dump(self):
        """Every row of every table, sorted."""
        if self.dump_sql is None:
            # One question for all tables; arrays would quote, lines need not.
            parts = []
            for line in self.session.ask(COLUMNS):
                table, columns = line.split("|", 1)
                parts.append("SELECT '%s ' || ROW(%s)::text FROM %s t" % (table, columns, table))
            self.dump_sql = "SELECT * FROM (%s) x(line) ORDER BY line COLLATE \"C\"" % " UNION ALL ".join(parts)
        return self.session.ask(self.dump_sql)

    def differs(self, but=None):
        """What is wrong now, in words; None: as undisturbed. `but`: a table that may differ (where other hosts have seen the same)."""
        now, whole = self.dump(), self.whole
        if but:
            now, whole = ([line for line in lines if not line.startswith(but + " ")] for lines in (now, whole))
        if now == whole:
            return None
        missing, more = sorted(set(whole) - set(now)), sorted(set(now) - set(whole))
        return "%d rows are missing and %d too many: %s" % (len(missing), len(more), "; ".join((missing + more)[:2])[:600])

    def clean(self, but=None):
        """One clean run and the comparison. What is wrong, or None."""
        done = self.chapter.run(*self.words, database=self.current, stdin=self.stdin)
        if done.returncode != self.status:
            return "the clean run ends with %d: %s" % (done.returncode, done.stderr.decode(errors="replace")[:400])
        return self.differs(but) or self.leftovers()

    def leftovers(self):
        """Nothing of a run may stay: sessions, stages, temporary files."""
        stays = self.quiet()
        if stays is None:
            stage = self.session.one("SELECT string_agg(relname, ', ') FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'")
            files = self.chapter.leavings()
            stays = "stages stay: " + stage if stage else "temporary files stay: " + ", ".join(files) if files else None
        return stays

    def audit(self):
        """ingest status --audit; None: the books are balanced, or this program has no such option."""
        # It asks once: the idle timeouts that a run must get over are not for it.
        done = self.chapter.run("status", "--audit", database=self.current, PGOPTIONS="-c idle_session_timeout=0")
        return None if done.returncode == 0 else "audit: %d: %s" % (done.returncode, (done.stdout + done.stderr).decode(errors="replace")[:400])

    def until_it_ends(self):
        """A backend was killed: the server ends all sessions once it has seen that. Not, where that one came to its end just before."""
        until = time.monotonic() + 3
        while time.monotonic() < until:
            try:
                self.session.ask("SELECT 1")
            except Failed:
                return
            time.sleep(0.005)

    def reopen(self):
        """After the server was gone: waits until it takes sessions again."""
        self.root.close()
        self.session.close()
        for _ in range(1200):
            try:
                self.root.ask("SELECT 1")
                self.session.ask("SELECT 1")
                return
            except Failed as e:
                last = e
                time.sleep(0.05)
        raise last

    def drop(self):
        if self.current is not None:
            self.session.close()
            self.root.ask("DROP DATABASE %s WITH (FORCE)" % self.current)
        self.root.ask("DROP DATABASE %s" % self.template)
        self.root.close()


# ---- syscalls ----

CALL = re.compile(rb"^(\d+) +([a-z_0-9]+)\(")


def syscalls(c, w):
    """(name, ordinal) of every syscall, in the order of the run, and how many come before main(). strace counts by name, and for each thread."""
    w.fresh()
    trace = os.path.join(c.folder, "trace")
    done = c.start(*w.words, database=w.current, stdin=w.stdin, before=("strace", "-f", "-o", trace))
    done.communicate()
    if done.returncode != w.status:
        raise Failed("under strace the run ends with %d" % done.returncode)
    counts, pairs, ours = {}, [], None
    with open(trace, "rb") as file:
        for line in file:
            call = CALL.match(line)
            if not call:
                continue
            thread, name = call.group(1), call.group(2).decode()
            n = counts[thread, name] = counts.get((thread, name), 0) + 1
            if all(n > counts.get((t, name), 0) for t, other in list(counts) if other == name and t != thread):
                pairs.append((name, n))
            if ours is None and b'"/dev/null", O_RDWR' in line: # main() begins so; what is before loads libraries
                ours = len(pairs)
    os.remove(trace)
    # The call that starts the program is made before strace can stop it.
    return [p for p in pairs if p != ("execve", 1)], max(0, (ours or 0) - 2)


# ---- logs ----

def log(seed, lines, keys=40, days=3, clients=250, first_day=1):
    """Downloads of crates, as a web server logs them."""
    r = random.Random(seed)
    text = []
    for _ in range(lines):
        k = r.randrange(keys)
        text.append('10.%d.%d.%d - - [%02d/Jan/2024:%02d:00:%02d +0000] "GET /crates/c%d/c%d-1.%d.0.crate HTTP/1.1" 200 %d "-" "cargo/1.7"\n' % (
            r.randrange(9), r.randrange(clients), r.randrange(250), first_day + r.randrange(days), r.randrange(24), r.randrange(60), k, k,
            r.randrange(3), r.randrange(10**6)))
    return "".join(text).encode()


def write(path, data, packed=False):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(gzip.compress(data, 6, mtime=0) if packed else data)
    # Times that are two seconds old, so that sightings of all runs are alike (docs/EXACTLY-ONCE.md).
    os.utime(path, (1.7e9, 1.7e9))
    return path


def age(seconds=2.1):
    """ctime cannot be set; until it is old enough a sighting is not what it will be."""
    time.sleep(seconds)
