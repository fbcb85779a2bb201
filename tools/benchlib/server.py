"""
A PostgreSQL of its own for the time of the benchmark, as initdb makes it: nothing is set but the socket, so it writes its log to the disk
before it says COMMIT. (tests/pg/server is quicker and promises nothing.)
"""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile


class NoServer(Exception):
    pass


def programs():
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise NoServer("no initdb found: apt-get install postgresql-15 postgresql-15-hll")
    return os.path.dirname(max(found, key=lambda path: int(path.split("/")[4])))


class Server:
    def __enter__(self):
        self.bin = programs()
        self.folder = tempfile.mkdtemp(prefix="ingest-bench-pg.", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        os.chmod(self.folder, 0o711)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        try:
            self.control("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
            self.control("pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w", "-o",
                         "-c listen_addresses='' -c unix_socket_directories='%s'" % self.folder, "start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self.control("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def control(self, program, *args, check=True):
        """As postgres, if we are root: a server refuses to run as root."""
        drop = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        p = subprocess.run([os.path.join(self.bin, program), *args], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, check=False, **drop)
        if check and p.returncode != 0:
            raise NoServer("%s: %s" % (program, p.stdout.decode(errors="replace").strip()[-300:]))

    def uri(self, database):
        return "host=%s user=postgres dbname=%s" % (self.folder, database)

    def psql(self, database):
        return [os.path.join(self.bin, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.uri(database)]

    def ask(self, database, *statements):
        """The cells of the last statement's first row."""
        p = subprocess.run(self.psql(database) + [a for s in statements for a in ("-c", s)], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, check=False)
        if p.returncode != 0:
            raise NoServer(p.stderr.strip())
        lines = p.stdout.strip().splitlines()
        return lines[-1].split("|") if lines else []

    def fresh(self, name, template):
        """A copy of a database, on the disk before anybody looks at a clock."""
        self.ask("postgres", "DROP DATABASE IF EXISTS %s" % name, "CREATE DATABASE %s TEMPLATE %s" % (name, template), "CHECKPOINT")
