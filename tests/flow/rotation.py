#!/usr/bin/env python3
"""
rotation.py INGEST MODE SEED: a server that logs on and on, logrotate, and ingest that runs between and during, in the
current directory. In the end every line that lies in some file is counted, once. MODE is a key of MODES.

The server writes lines that are all different: a line's number is the version that it downloads. It writes to the file
that it has open, and opens the name again when it is told to, as servers do.
"""
import glob
import gzip
import os
import random
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True

MODES = {
    "create": "create\ncompress\npostrotate\n touch reopen\nendscript", # what comes before the server knows is lost: the writer's loss
    "delaycompress": "create\ncompress\ndelaycompress\npostrotate\n touch reopen\nendscript",
    "dateext": "create\ncompress\ndelaycompress\ndateext\ndateformat -%Y%m%d-%s\npostrotate\n touch reopen\nendscript",
    "copytruncate": "copytruncate\ncompress",
    "copytruncate_delay": "copytruncate\ncompress\ndelaycompress",
    "plain": "create\nnocompress\npostrotate\n touch reopen\nendscript",
}
LOSES = re.compile("copytruncate|create$") # lines that lie nowhere, by its own doing
ROUNDS = 7
LINE = '192.0.2.%d - - [05/Jan/2024:%02d:00:00 +0000] "GET /crates/serde/serde-1.0.%d.crate HTTP/1.1" 200 100 "-" "cargo/1"\n'


class Server:
    """Appends lines, also halves of lines, and says how many it has written."""

    def __init__(self, dice):
        self.dice, self.n, self.rest = dice, 0, b""
        self.file = open("log", "ab", buffering=0)

    def write(self, lines, whole=False):
        for _ in range(lines):
            self.n += 1
            self.rest += (LINE % (self.n % 250, self.n % 24, self.n)).encode()
        cut = len(self.rest) if whole else self.dice.choice((len(self.rest), self.dice.randrange(len(self.rest) + 1)))
        self.file.write(self.rest[:cut])
        self.rest = self.rest[cut:]

    def reopen(self):
        """What it had begun goes to the old file."""
        self.file.write(self.rest)
        self.rest = b""
        self.file.close()
        self.file = open("log", "ab", buffering=0)


class Rotation:
    def __init__(self, program, mode, seed):
        self.mode = mode
        self.program, self.dice = program, random.Random("%s/%s" % (mode, seed))
        self.server = Server(self.dice)
        self.running, self.runs, self.refused = None, 0, 0
        with open("rotate.conf", "w", encoding="ascii") as file:
            file.write('"%s" {\nrotate 99\nsize 1\nmissingok\n%s\n}\n' % (os.path.abspath("log"), MODES[mode].replace("reopen", os.path.abspath("reopen"))))
        os.chmod("rotate.conf", 0o644)
        os.chmod(".", 0o755)

    def count(self, wait):
        """A run over all that lies there, as cron starts it. Left alone it goes on while other things happen."""
        self.join()
        files = sorted(glob.glob("log*"))
        self.running = subprocess.Popen([self.program, "--client-key", "none", "-j", str(self.dice.choice((1, 2))), *files],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.runs += 1
        if wait:
            self.join()

    def join(self):
        """Its end. A file that is gone or changed under its hands is refused, and read by the next run."""
        if self.running is None:
            return
        said = self.running.communicate()[1].decode(errors="replace")
        if self.running.returncode not in (0, 1):
            sys.exit("ingest ends with %d: %s" % (self.running.returncode, said))
        self.refused += self.running.returncode
        self.said = said
        self.running = None

    def rotate(self):
        done = subprocess.run(["/usr/sbin/logrotate", "-f", "-s", "state", "rotate.conf"], capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit("logrotate: " + done.stderr.decode())
        if os.path.exists("reopen"):
            if "delay" in self.mode or self.mode in ("plain", "dateext"):
                self.server.write(self.dice.randrange(1, 9)) # it has not heard of it yet: into the file that was turned over
            os.unlink("reopen")
            self.server.reopen()
        # Fewer lines are no evidence that what begins like them is the same log (docs/EXACTLY-ONCE.md).
        self.server.write(self.dice.randrange(14, 30), whole=True)

    def go(self):
        for _ in range(ROUNDS):
            for _ in range(self.dice.randrange(1, 4)):
                self.server.write(self.dice.randrange(100, 400))
                self.count(wait=self.dice.random() < 0.6)
                self.server.write(self.dice.randrange(0, 60))
            self.rotate()
            if os.environ.get("ROTATION_NAMES") == "dateext":
                time.sleep(1.1) # its names have seconds
        self.join()
        self.server.reopen()
        self.server.file.close()
        self.count(wait=True)


def lines_in(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        return [line for line in file.read().split(b"\n") if line]


def version(line):
    return int(line.split(b"serde-1.0.")[1].split(b".crate")[0])


def main():
    program, mode, seed = sys.argv[1:]
    r = Rotation(program, mode, seed)
    if mode == "dateext":
        os.environ["ROTATION_NAMES"] = mode
    r.go()
    if "error:" in r.said:
        sys.exit("the last run: " + r.said)
    # Whatever can be read from some file, each line for itself.
    lying = set()
    for path in glob.glob("log*"):
        lying.update(version(line) for line in lines_in(path) if line.startswith(b"192.0.2.") and line.endswith(b'"cargo/1"'))
    rows = subprocess.run([os.path.join(os.environ["PG_BIN"], "psql"), "-XAtqc",
                           "SELECT split_part(version, '.', 3), count FROM stats WHERE version IS NOT NULL"], capture_output=True, text=True, check=True).stdout
    counted = {int(a): int(b) for a, b in (row.split("|") for row in rows.splitlines())}
    twice = sorted(v for v, n in counted.items() if n != 1)
    missing, unknown = sorted(lying - set(counted)), sorted(set(counted) - lying)
    print("%s %s: %d lines written, %d lie in %d files, %d lost by the rotation; %d runs, %d of them refused something" % (
        mode, seed, r.server.n, len(lying), len(glob.glob("log*")), r.server.n - len(lying), r.runs, r.refused))
    if twice or missing:
        sys.exit("%s: %d lines not once: %s; %d not counted: %s" % (mode, len(twice), twice[:5], len(missing), missing[:5]))
    if unknown and not LOSES.match(mode):
        sys.exit("%s: %d lines are counted and lie nowhere: %s" % (mode, len(unknown), unknown[:5]))
    if r.server.n != len(lying) and not LOSES.match(mode):
        sys.exit("%s: %d lines lie nowhere" % (mode, r.server.n - len(lying)))


main()
