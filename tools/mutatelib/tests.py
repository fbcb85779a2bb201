"""
The tests as ctest knows them: their commands, and which lines of src/ each of them runs.

The second is learned once, from a build with --coverage: every test runs alone, gcov says what it ran. A mutant is then shown only to
tests that run its line. Lines that run in a process which is killed, or ends by _exit, leave no trace; for them there is NEAR.
"""

import glob
import json
import os
import re
import signal
import subprocess
import time

# Nothing of the program under test runs in these, they take long on purpose, or they are about the machine.
LEFT_OUT = re.compile(r"^(oracle/|fuzz/|prove/|flow/(memory|kill|grants)$)")

# Where a line leaves no trace: tests of the whole program that belong to its room.
NEAR = {
    "backup": ["flow/backup"], "board": ["flow/leaderboard"], "cron": ["pg/cron", "flow/seventv"],
    "catalog": ["pg/catalog", "flow/zeco", "flow/buildsrs"], "db": ["pg/pg", "flow/database"],
    "input": ["flow/inputs", "flow/damage"], "ledger": ["pg/ledger", "flow/known", "flow/refused"],
    "local": ["flow/local"], "migrate": ["pg/migrate", "flow/place"], "queue": ["pg/queue", "flow/queue"],
    "pipeline": ["flow/many", "flow/stop", "flow/rows"], "sink": ["pg/sink", "flow/rows"],
    "cli": ["flow/command", "flow/config", "flow/explain"],
}


class Test:
    def __init__(self, entry):
        self.name = entry["name"]
        self.command = entry["command"]
        self.environment, self.directory, self.limit = {}, None, 120
        for p in entry.get("properties", ()):
            if p["name"] == "ENVIRONMENT":
                self.environment = dict(e.split("=", 1) for e in p["value"])
            elif p["name"] == "WORKING_DIRECTORY":
                self.directory = p["value"]
            elif p["name"] == "TIMEOUT":
                self.limit = p["value"]

    def program(self, build):
        """The program of that build which it is about, by its path in there: ingest, or a test of a room."""
        for word in list(self.command) + list(self.environment.values()):
            if word.startswith(build + os.sep):
                return os.path.relpath(word, build)
        return None

    def run(self, old=None, new=None, limit=None):
        """
        0: it passed, 77: it was left out, else it failed; None: it took longer than `limit` seconds. `old` in its words becomes
        `new`: the program to try. A file of bats is left at its first failure.
        """
        command = [w.replace(old, new) if old and w == old else w for w in self.command]
        environment = dict(os.environ)
        for name, value in self.environment.items():
            environment[name] = new if value == old else value
        begun = time.monotonic()
        limit = limit or self.limit
        p = subprocess.Popen(command, env=environment, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(p.stdout.fileno(), False)
        said, failed = b"", False
        while True:
            said = said[-4000:] + (p.stdout.read() or b"")
            if p.poll() is not None:
                break
            failed = failed or any(word.endswith(".bats") for word in command) and re.search(rb"(?m)^not ok ", said)
            if failed or time.monotonic() - begun > limit:
                stop(p)
                break
            time.sleep(0.02)
        said += p.stdout.read() or b""
        p.stdout.close()
        self.said = said.decode(errors="replace")
        return 1 if failed else None if time.monotonic() - begun > limit else p.returncode


def stop(p):
    """It and what it has started: tests/pg/server takes its server along when it is asked to end."""
    for number, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        try:
            os.killpg(p.pid, number)
        except ProcessLookupError:
            pass
        try:
            p.wait(seconds)
            if number == signal.SIGTERM:
                continue
        except subprocess.TimeoutExpired:
            pass


def of_build(build):
    told = subprocess.run(["ctest", "--show-only=json-v1"], cwd=build, capture_output=True, text=True, check=True)
    tests = [Test(e) for e in json.loads(told.stdout)["tests"] if "command" in e]
    return {t.name: t for t in tests if not LEFT_OUT.match(t.name) and t.program(build)}


def ran(build, tree):
    """{file of src/: [lines]} of what has run since the .gcda files were removed; they are removed."""
    files = glob.glob(build + "/**/*.gcda", recursive=True)
    lines = {}
    if not files:
        return lines
    told = subprocess.run(["gcov", "--json-format", "--stdout", *files], cwd=build, capture_output=True, text=True, check=True)
    for document in told.stdout.splitlines():
        for file in json.loads(document)["files"]:
            name = os.path.relpath(os.path.join(build, file["file"]), tree)
            if name.startswith("src/"):
                lines.setdefault(name, set()).update(n["line_number"] for n in file["lines"] if n["count"])
    for file in files:
        os.unlink(file)
    return {name: sorted(n) for name, n in lines.items() if n}


def learn(build, tree, record, only=".", say=print):
    """Appends {test, seconds, status, lines} of every test that is not in the file yet."""
    known = {m["test"] for m in read_lines(record)}
    for name, test in sorted(of_build(build).items(), key=lambda t: ("flow/" in t[0], "pg/" in t[0], t[0])):
        if name in known or not re.search(only, name):
            continue
        ran_before = glob.glob(build + "/**/*.gcda", recursive=True)
        for file in ran_before:
            os.unlink(file)
        begun = time.monotonic()
        status = test.run()
        seconds = time.monotonic() - begun
        lines = ran(build, tree)
        say(f"{name}: {seconds:.1f} s, status {status}, {sum(map(len, lines.values()))} lines of {len(lines)} files")
        with open(record, "a", encoding="utf-8") as f:
            json.dump({"test": name, "seconds": round(seconds, 2), "status": status, "lines": lines}, f)
            f.write("\n")


def read_lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]
