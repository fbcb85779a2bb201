"""
A changed file in a build that stays as it is: the file is compiled beside it, and its object stands first on the command line that
links a program, so that the one in the room's library is not asked for.
"""

import json
import os
import re
import shlex
import subprocess

# Warnings are the compiler's opinion of a mistake; these are its refusal to believe it.
ERRORS = ["-Werror=int-conversion", "-Werror=incompatible-pointer-types", "-Werror=implicit-function-declaration"]


class Build:
    def __init__(self, directory):
        self.directory, self.links = os.path.abspath(directory), {}
        with open(os.path.join(directory, "compile_commands.json"), encoding="utf-8") as f:
            self.commands = {e["file"]: e["command"] for e in json.load(f)}

    def compile(self, path, text, into):
        """`text` as if it were the file at `path`: the object's path, or None if the compiler does not take it."""
        os.makedirs(into, exist_ok=True)
        base = os.path.basename(path)
        with open(os.path.join(into, base), "w", encoding="utf-8") as f:
            f.write(text)
        words = [w for w in shlex.split(self.commands[path]) if not re.match(r"-W(?!l,)", w)]
        words = words[:words.index("-o")] + ERRORS + ["-iquote", os.path.dirname(path), "-o", base + ".o", "-c", base]
        done = subprocess.run(words, cwd=into, capture_output=True, text=True)
        self.said = done.stderr
        return os.path.join(into, base + ".o") if done.returncode == 0 else None

    def link(self, program, object_file, out):
        """The program, with this object instead of its own. False: it does not link, because it has no use for the file."""
        if program not in self.links:
            told = subprocess.run(["ninja", "-t", "commands", "-s", program], cwd=self.directory, capture_output=True, text=True, check=True)
            self.links[program] = told.stdout.strip().splitlines()[-1]
        command, n = re.subn(r" -o \S+", f" -o {shlex.quote(out)} {shlex.quote(object_file)}", self.links[program], count=1)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        done = subprocess.run(command, shell=True, cwd=self.directory, capture_output=True, text=True)
        self.said = done.stderr
        return n == 1 and done.returncode == 0


def same_code(a, b):
    with open(a, "rb") as f, open(b, "rb") as g:
        return f.read() == g.read()
