#!/usr/bin/env python3
"""Runs what the documentation shows, and compares.

    docs.py [--ingest PROGRAM] run PAGE...     every command of the pages
    docs.py [--ingest PROGRAM] options PAGE... every option of `ingest --help` is written of somewhere
    docs.py fences PAGE...                     no command stands where nothing runs it

In a page,

    ```console
    $ ingest explain --url /gems/rails-7.1.0.gem
    path      /gems/rails-7.1.0.gem
    ...
    ```

is a command and what a terminal shows of it, standard output and then standard error. A line `...` stands for any number
of lines, `...` inside a line for any text; in a line that begins with `time ` any number is as good as another; the
formats of several files stand in any order. A command that ends in a backslash goes on in the next line. Other fences:

    cron          lines of a crontab: each is well formed, and its command ends with 0 and says nothing
    synopsis      forms of commands: those that are named are commands
    sh            what changes the machine, and so is run elsewhere: ELSEWHERE below says where
    WORD FILE     makes that file, for the commands behind it

Each page has a directory of its own, where `logs` are the example logs, and no configuration and no database. A page that
begins with

    <!-- tests: database NAME...
    COMMAND
    -->

has a server (docs.py runs under tests/pg/server) with empty databases of these names and the extension hll, and the shell
commands are run before all others. `tests: server` is one that makes its databases itself, `tests: local` one whose commands
say --local. There /etc/ingest, /srv, /var/lib,
/var/log, /var/backups and the directory of the package's examples are below the page's directory.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
FENCE = re.compile(r"^ *(```+)\s*([\w-]*)(?:[ \t]+(\S+))?\s*$")
MARK = re.compile(r"\A.*?<!-- tests: ([^\n]*?)\s*(?:\n(.*?))?-->", re.S)
COMMAND = re.compile(r"^\s*(\$ |(sudo |\./)?(ingest|tools/\w+|apt|apt-get|cmake|ctest|psql|systemctl|git|make|npm)\s(?!\d)|"
                     r"(@\w+|([\d*/,-]+\s+){5})\s*\S*ingest\s)", re.M)
PLAIN = {"", "text", "log", "json", "ini", "sql", "psql", "python", "c", "cmake", "yaml", "nginx", "service", "html", "diff"}

# Commands that no page can run, and who does.
ELSEWHERE = [
    (r"\./tools/quickstart|tools/quickstart", "tests/flow/quickstart.bats"),
    (r"\./tools/test|tools/test|cmake --preset|ctest --preset", "CI, which is tools/test"),
    (r"tools/package/deb|apt install \./ingest_|ingest .*/usr/share/doc/ingest/examples", "tools/package/deb --try"),
    (r"ingest psql -- -c \"SELECT name, sum\(count\)", "tools/package/deb --try"),
    (r"tools/prove", "the tests prove/..., all chapters in their short form"),
    (r"systemctl ", "nobody: it takes a machine that systemd runs; tests/flow/systemd.bats looks at the units"),
    (r"aws s3 ", "nobody: it takes an account"),
    (r"clickhouse-client ", "nobody: it takes 7TV's own database"),
    (r"apt-get install ", "`fences` compares it with tools/packages"),
    (r"cmake -S \. -B build/release |cmake --build build/release", "tools/quickstart"),
]

CRON = re.compile(r"^(?:@(?:hourly|daily|weekly|monthly)|(?:[\d*/,-]+\s+){5})\s*(\S.*)$")
AWAY = re.compile(r"(?<![\w./-])/(?:etc/ingest|etc/nginx|srv|var/(?:lib|log|backups))(?=[/\s'\"),]|$)|/usr/share/doc/ingest/examples")


def fences(path):
    """(line number, word, file name or None, text) of each fence of a page."""
    mark = None
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            found = FENCE.match(line)
            if mark is None and found:
                mark, word, name, start, text = found.group(1), found.group(2), found.group(3), number, []
                indent = len(line) - len(line.lstrip(" "))
            elif mark is not None and line.strip() == mark:
                yield start, word, name, "".join(text)
                mark = None
            elif mark is not None:
                text.append(line[indent:] if not line[:indent].strip() else line)
    if mark is not None:
        raise SystemExit(f"{path}:{start}: a fence that does not end")


def commands(text):
    """(line in the fence, command, expected lines)."""
    found = []
    for number, line in enumerate(text.splitlines()):
        if found and found[-1][1].endswith("\\") and not found[-1][2]:
            found[-1][1] += "\n" + line
        elif line.startswith("$ "):
            found.append([number, line[2:], []])
        elif found:
            found[-1][2].append(line)
        else:
            raise SystemExit(f"output without a command: {line}")
    return found


def line_fits(pattern, line):
    if AWAY.search(pattern):  # columns have another width where paths have another length
        pattern, line = re.sub("  +", " ", pattern), re.sub("  +", " ", line)
    parts = [re.escape(part) for part in pattern.rstrip().split("...")]
    if pattern.startswith("time "):
        parts = [re.sub(r"\d[\d,]*(\\\.\d+)?", lambda _: r"[\d,.]+", part) for part in parts]
    return re.fullmatch(".*".join(parts), line.rstrip()) is not None


def in_order(lines):
    """What workers say of several files at once, sorted."""
    at = [i for i, line in enumerate(lines) if re.match(r"ingest: .*: format ", line)]
    for i, line in zip(at, sorted(lines[i] for i in at)):
        lines[i] = line
    return lines


def fits(expected, shown):
    """`...` alone stands for any number of lines; the last place where the rest fits is as good as any."""
    at = {0}  # how many of `shown` may have been used up
    for pattern in expected:
        if pattern.strip() == "...":
            at = set(range(min(at, default=len(shown) + 1), len(shown) + 1))
        else:
            at = {i + 1 for i in at if i < len(shown) and line_fits(pattern, shown[i])}
    return len(shown) in at


class Page:
    """A directory in which the commands of one page are run, and the databases that it asks for."""

    def __init__(self, program, path, home):
        self.program, self.path, self.home = os.path.abspath(program), path, home
        self.work = os.path.join(home, "work")
        self.wrong = self.n = 0
        self.user = None
        os.chmod(home, 0o711)  # root's private server is another user's
        os.mkdir(self.work)
        os.symlink(os.path.join(ROOT, "testdata", "logs"), os.path.join(self.work, "logs"))
        os.symlink(os.path.join(ROOT, "testdata"), os.path.join(self.work, "testdata"))
        with open(path, encoding="utf-8") as page:
            mark = MARK.match(page.read())
        self.wants, self.prepare = (mark.group(1).split(), mark.group(2)) if mark else ([], None)
        self.databases = self.wants[1:] if self.wants[:1] == ["database"] else []
        self.server = self.wants[:1] in (["database"], ["server"])
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "INGEST_", "XDG_"))}
        self.env.update(HOME=home, LC_ALL="C.UTF-8", PATH=os.path.dirname(self.program) + ":" + self.env["PATH"])
        if self.wants == ["local"]:
            self.env["XDG_DATA_HOME"] = os.path.join(home, "data")

    def __enter__(self):
        self.there = self.databases_and_roles()
        for name in self.databases:
            self.must(f"createdb {name} && psql -qX -d {name} -c 'CREATE EXTENSION hll'")
        if self.wants:
            sudo = os.path.join(self.home, "sudo")
            with open(sudo, "w", encoding="utf-8") as out:
                out.write('#!/bin/sh\n[ "$1" != -u ] || shift 2\nexec "$@"\n')
            os.chmod(sudo, 0o755)
            self.env["PATH"] = self.home + ":" + self.env["PATH"]
            for directory in ("etc/ingest", "srv", "var/lib/ingest", "var/log", "var/backups", "usr/share/doc/ingest"):
                os.makedirs(os.path.join(self.work, directory))
            os.symlink(os.path.join(ROOT, "testdata", "logs"), os.path.join(self.work, "usr/share/doc/ingest/examples"))
            os.makedirs(os.path.join(self.home, ".config", "ingest"))
            os.symlink(self.here("/etc/ingest/ingest.ini"), os.path.join(self.home, ".config", "ingest", "ingest.ini"))
        if self.prepare:
            self.must(self.prepare)
        if self.wants == ["local"]:  # started and stopped once a page, not once a command
            self.user = subprocess.Popen([self.program, "psql"], cwd=self.work, env=self.env, stdin=subprocess.PIPE,
                                         stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        if self.user:
            self.user.communicate()
        for kind, name in sorted(self.databases_and_roles() - self.there):
            self.must(f'psql -qX -d postgres -c \'DROP {kind} "{name}"\'')

    def databases_and_roles(self):
        if not self.server:
            return set()
        names = self.run("psql -XAt -F ' ' -d postgres -c \"SELECT 'DATABASE', datname FROM pg_database UNION SELECT 'ROLE', rolname FROM pg_roles\"")
        return {tuple(line.split(" ", 1)) for line in names.stdout.splitlines()}

    def here(self, text):
        """Paths of the machine become those of the page."""
        text = text.replace("/usr/local/bin/ingest", self.program) if self.wants else text
        return AWAY.sub(lambda found: self.work + found.group(), text) if self.wants else text

    def environment(self, command):
        """libpq's variables say where the server is, but to `ingest` only if a database is named, as elsewhere."""
        configured = os.path.exists(os.path.join(self.home, ".config", "ingest", "ingest.ini"))
        if not self.server or re.match(r"ingest\b", command) and not configured and not re.search(r"\s-[dc]\b", command):
            return self.env
        return {**self.env, **{k: os.environ[k] for k in ("PGHOST", "PGPORT", "PGUSER")}}

    def run(self, command):
        return subprocess.run(["bash", "-c", self.here(command)], cwd=self.work, env=self.environment(command), text=True,
                              errors="replace", capture_output=True, timeout=120, stdin=subprocess.DEVNULL)

    def must(self, command):
        done = self.run("set -e\n" + command)
        if done.returncode != 0:
            raise SystemExit(f"{self.path}: its preparation fails: {command}\n{done.stdout}{done.stderr}")

    def shows(self, number, command, expected, status=range(99)):
        done = self.run(command)
        shown = done.stdout + done.stderr
        if self.wants:
            shown = shown.replace(os.path.join(self.home, ".config/ingest"), "/etc/ingest").replace(self.work, "")
        shown = shown.splitlines()
        self.n += 1
        if done.returncode not in status or not fits(in_order(expected), in_order(shown)):
            print(f"{self.path}:{number}: $ {command}\n-- exit status {done.returncode}; it shows")
            print("\n".join(shown))
            self.wrong += 1

    def crontab(self, start, text):
        for offset, line in enumerate(text.splitlines(), 1):
            found = CRON.match(line)
            if found and not re.search(r"(?<!\\)%", line):
                self.shows(start + offset, found.group(1).replace("\\%", "%"), [], [0])
            elif line and not re.match(r"#|\w+=", line):
                print(f"{self.path}:{start + offset}: no line of a crontab: {line}")
                self.wrong += 1

    def synopsis(self, start, text):
        for offset, line in enumerate(text.splitlines(), 1):
            for name in re.findall(r"^\s*ingest ([a-z]+)\b", line):
                self.shows(start + offset, f"ingest help {name}", ["..."], [0])

    def fence(self, start, word, name, text):
        if name is not None and word != "text":
            path = os.path.join(self.work, self.here(name)) if self.wants else os.path.join(self.work, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(self.here(text))
        elif word == "cron":
            self.crontab(start, text)
        elif word == "synopsis":
            self.synopsis(start, text)
        elif word == "console":
            for offset, command, expected in commands(text):
                self.shows(start + offset + 1, command, expected)


def run_page(program, path):
    with tempfile.TemporaryDirectory() as home, Page(program, path, home) as page:
        for fence in fences(path):
            page.fence(*fence)
    print(f"{path}: {page.n} commands, {page.wrong} wrong")
    return page.wrong


def is_elsewhere(line):
    return any(re.search(pattern, line) for pattern, _ in ELSEWHERE)


def packages(what):
    """The names of one list of tools/packages."""
    done = subprocess.run(["bash", "-c", f'. "$1/tools/packages" && printf "%s\\n" "${{packages_{what}[@]}}"', "-", ROOT],
                          text=True, capture_output=True, check=True)
    return set(done.stdout.split())


def look_at_fences(path):
    """Are there commands that nobody runs?"""
    said = []
    for start, word, name, text in fences(path):
        if word in PLAIN and name is None and COMMAND.search(text):
            said.append((start, "commands that nobody runs: call the fence console, cron, synopsis or sh"))
        elif word == "sh" and name is None:
            for line in re.sub(r"\\?\n\s+", " ", text).splitlines():
                if COMMAND.match(line) and not is_elsewhere(line):
                    said.append((start, f"docs.py does not know who runs this: {line}"))
                elif re.match(r"apt-get install .*\bgcc\b", line) and set(line.split("#")[0].split()[2:]) != packages("build"):
                    said.append((start, "tools/packages has another list"))
        elif word not in PLAIN | {"console", "cron", "synopsis", "sh"}:
            said.append((start, f"docs.py knows no fence called {word}"))
    with open(path, encoding="utf-8") as page:
        outside = re.sub(r"<!--.*?-->|^( *)(```+).*?^ *\2\s*$", lambda m: "\n" * m.group().count("\n"), page.read(), flags=re.S | re.M)
    said += [(number, "a command in an indented block: make it a fence")
             for number, line in enumerate(outside.splitlines(), 1) if line.startswith("    ") and COMMAND.match(line) and not is_elsewhere(line)]
    for number, words in said:
        print(f"{path}:{number}: {words}")
    return len(said)


def options(program, pages):
    shown = subprocess.run([program, "--help"], text=True, capture_output=True, check=True).stdout
    names = re.findall(r"^  (?:-\w, |    )--([\w-]+)", shown, re.M)
    text = "".join(open(page, encoding="utf-8").read() for page in pages)
    missing = [n for n in names if n not in ("help", "version") and not re.search(rf"--{n}(?![\w-])", text)]
    for name in missing:
        print(f"--{name} is written of nowhere")
    print(f"{len(names)} options")
    return len(missing) if names else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingest", default=os.environ.get("INGEST") or shutil.which("ingest"))
    parser.add_argument("what", choices=["run", "options", "fences"])
    parser.add_argument("pages", nargs="+")
    args = parser.parse_args()
    if args.what == "options":
        wrong = options(args.ingest, args.pages)
    elif args.what == "fences":
        wrong = sum([look_at_fences(page) for page in args.pages])
    else:
        wrong = sum([run_page(args.ingest, page) for page in args.pages])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
