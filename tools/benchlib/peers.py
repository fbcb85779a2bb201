"""Whom ingest is measured beside: where they are, which version, and how to get them. None of them must be there."""

import json
import os
import shutil
import subprocess

DEBIAN = {"igzip": "isal", "pigz": "pigz", "mawk": "mawk", "goaccess": "goaccess", "node": "nodejs", "npm": "npm"}
NPM = {"duckdb": "@duckdb/node-api", "chdb": "chdb"}
HERE = os.path.dirname(os.path.abspath(__file__))


def missing(program):
    """Why a row must stay empty, or None."""
    return None if shutil.which(program) else "not installed (tools/bench --install)"


class Node:
    """The two databases live in the cache directory, and so do the scripts that ask them: node looks for modules beside a script."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "node")

    def missing(self, name):
        if not shutil.which("node") or not os.path.isdir(os.path.join(self.folder, "node_modules", NPM[name])):
            return "not installed (tools/bench --install)"
        return None

    def version(self, name):
        try:
            with open(os.path.join(self.folder, "node_modules", NPM[name], "package.json"), encoding="utf-8") as f:
                return json.load(f)["version"]
        except (OSError, ValueError, KeyError):
            return None

    def script(self, name):
        for each in ("question.mjs", name):
            shutil.copy(os.path.join(HERE, each), self.folder)
        return os.path.join(self.folder, name)


def install(folder, say):
    """What is missing, each on its own: one that cannot be had does not keep the others away."""
    for program, package in DEBIAN.items():
        if shutil.which(program) is None:
            say("installing %s" % package)
            root = [] if os.geteuid() == 0 else ["sudo", "--"]
            attempt(root + ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends",
                            package], package)
    node = Node(folder)
    os.makedirs(node.folder, exist_ok=True)
    for name, package in NPM.items():
        if shutil.which("npm") and node.missing(name):
            say("installing %s" % package)
            attempt(["npm", "install", "--no-audit", "--no-fund", "--prefix", node.folder, package], package)


def attempt(command, what):
    try:
        p = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        trouble = (p.stderr.strip().splitlines() or ["status %d" % p.returncode])[-1] if p.returncode else None
    except OSError as e:
        trouble = str(e)
    if trouble:
        print("bench: cannot install %s: %s" % (what, trouble))


def versions(folder):
    node = Node(folder)
    out = {name: node.version(name) for name in NPM}
    for program, ask in (("igzip", ["igzip", "-V"]), ("pigz", ["pigz", "--version"]), ("mawk", ["mawk", "-W", "version"]),
                         ("goaccess", ["goaccess", "--version"]), ("zcat", ["gzip", "--version"]), ("node", ["node", "--version"])):
        try:
            p = subprocess.run(ask, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            out[program] = (p.stdout or p.stderr).strip().splitlines()[0]
        except (OSError, IndexError):
            out[program] = None
    return out
