#!/usr/bin/env python3
"""Runs what the documentation shows, and compares.

    docs.py [--ingest PROGRAM] run PAGE...     every command of the ```console fences
    docs.py [--ingest PROGRAM] options PAGE... every option of `ingest --help` is written of somewhere

In a page,

    ```console
    $ ingest explain --url /gems/rails-7.1.0.gem
    path      /gems/rails-7.1.0.gem
    ...
    ```

is a command and what a terminal shows of it, standard output and then standard error. A line `...` stands for any number
of lines, `...` inside a line for any text. A command that ends in a backslash goes on in the next line. A fence of two
words makes the file that the second one names, for the commands behind it:

    ```log access.log
    192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /gems/rails-7.1.0.gem HTTP/1.1" 200 42 "-" "bundler/2.5"
    ```

Each page has a directory of its own, where `logs` are the example logs, and no configuration and no database.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^(```+)\s*([\w-]*)(?:[ \t]+(\S+))?\s*$")


def fences(path):
    """(line number, word, file name or None, text) of each fence of a page."""
    mark = None
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            found = FENCE.match(line)
            if mark is None and found:
                mark, word, name, start, text = found.group(1), found.group(2), found.group(3), number, []
            elif mark is not None and line.rstrip() == mark:
                yield start, word, name, "".join(text)
                mark = None
            elif mark is not None:
                text.append(line)
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
    parts = [re.escape(part) for part in pattern.rstrip().split("...")]
    return re.fullmatch(".*".join(parts), line.rstrip()) is not None


def fits(expected, shown):
    """`...` alone stands for any number of lines; the last place where the rest fits is as good as any."""
    at = {0}  # how many of `shown` may have been used up
    for pattern in expected:
        if pattern.strip() == "...":
            at = set(range(min(at, default=len(shown) + 1), len(shown) + 1))
        else:
            at = {i + 1 for i in at if i < len(shown) and line_fits(pattern, shown[i])}
    return len(shown) in at


def environment(program, home):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "INGEST_", "XDG_"))}
    env.update(HOME=home, LC_ALL="C.UTF-8", PATH=os.path.dirname(os.path.abspath(program)) + ":" + env["PATH"])
    return env


def run_page(program, page, logs):
    wrong = n = 0
    with tempfile.TemporaryDirectory() as home:
        work = os.path.join(home, "work")
        os.mkdir(work)
        os.symlink(logs, os.path.join(work, "logs"))
        for start, word, name, text in fences(page):
            if name is not None:
                path = os.path.join(work, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text)
            if word != "console":
                if re.search(r"^\$ ingest\b", text, re.M):
                    print(f"{page}:{start}: commands that nobody runs: call the fence console")
                    wrong += 1
                continue
            for offset, command, expected in commands(text):
                done = subprocess.run(["bash", "-c", command], cwd=work, env=environment(program, home), text=True,
                                      errors="replace", capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
                shown = (done.stdout + done.stderr).splitlines()
                n += 1
                if done.returncode >= 99 or not fits(expected, shown):
                    print(f"{page}:{start + offset + 1}: $ {command}\n-- exit status {done.returncode}; it shows")
                    print("\n".join(shown))
                    wrong += 1
    print(f"{page}: {n} commands, {wrong} wrong")
    return wrong


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
    parser.add_argument("what", choices=["run", "options"])
    parser.add_argument("pages", nargs="+")
    args = parser.parse_args()
    if args.what == "options":
        return 1 if options(args.ingest, args.pages) else 0
    logs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "logs")
    return 1 if sum([run_page(args.ingest, page, os.path.realpath(logs)) for page in args.pages]) else 0


if __name__ == "__main__":
    sys.exit(main())
