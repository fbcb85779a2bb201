#!/usr/bin/env python3
"""
Built-in routes, names made alike and clients behind proxies: `ingest` and the oracle on one log of made-up paths per
ecosystem. Most are nearly right, because what is decided wrongly is at the edges.

  registries.py --ingest build/ingest [--lines 4000] [--seed 1]
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ORACLE = [sys.executable, "-B", os.path.join(ROOT, "tests", "oracle", "oracle.py")]
HASH = "/packages/ab/1C/0123456789abcdef0123456789abcdef0123456789abcdef0123456789AB/"
SHA = "0123456789abcdef0123456789abcdef01234567"

# ecosystem: paths that are downloads of it
PATHS = {
    "crates": ["/crates/serde/serde-1.0.0.crate", "/api/v1/crates/Serde-JSON/1.0.0-rc.1+x/download"],
    "rubygems": ["/gems/json-1.8.3-java.gem", "/gems/a-1-2.gem"],
    "hex": ["/tarballs/ecto-3.0.0-rc.0.tar", "/repos/acme/tarballs/a-b-1.0.tar"],
    "npm": ["/lodash/-/lodash-4.17.21.tgz", "/m/@babel/core/-/core-7.0.0-rc.1.tgz", "/@a/b/-/@a/b-1.0.0.tgz", "/@a%2fb/-/b-1.0.0.tgz"],
    "pypi": [HASH + "Foo.Bar-2.31.0-py3-none-any.whl", HASH + "foo-1.0-2b-py3-none-any.whl", HASH + "zope.interface-3.0-dev.tar.gz",
             HASH + "python-3-lib-1.0.post2.dev1.zip", "/packages/source/F/Foo.-_Bar/foo_-bar-1.0-1.tar.bz2", HASH + "a-1.0-py2.7-win32.egg",
             "/packages/py3/f/foo_/foo_-1.0rc1+local.1.tgz", HASH + "foo-1.0-final-x1.tar.xz"],
    "cran": ["/src/contrib/ggplot2_3.4.4.tar.gz", "/C/src/contrib/Archive/a.b/a.b_1.0-2.tar.gz", "/src/contrib/4.3/Recommended/M_1.tar.gz",
             "/bin/windows/contrib/4.3/d_1.1.zip", "/bin/macosx/contrib/4/d_1.tgz", "/bin/macosx/x/contrib/4/d_1.tgz"],
    "debian": ["/debian/pool/main/f/foo/foo_1.2-3_amd64.deb", "/pool/g/g++_13~rc1_all.udeb"],
    "maven": ["/maven2/org/apache/c-l/3.12.0/c-l-3.12.0.jar", "/repository/x/a/b/1/b-1.war", "/artifactory/y/a/b/1/b-1.ear",
              "/a/b/1.0-SNAPSHOT/b-1.0-20240131.120000-7.aar", "/a/b/1.0-SNAPSHOT/b-1.0-SNAPSHOT.jar"],
    "zeco": ["/A/_B/%s.tar.gz" % SHA, "/dist/P/OL/%s.tar.gz" % SHA, "/P/OL/POLYGLOT/%s.tar.gz" % SHA, "/A/%s.tar.gz" % SHA],
}
PIECES = ["/", "-", ".", "_", "@", "1", "0", "a", "A", "+", "~", "//", "-1.0", "pool/", "maven2/", "packages/", ".deb", ".tgz", "%2f", "%2D", "SNAPSHOT",
          "!", "rc", "dev", "post1", "-_", "é", "%00", "%ff"]
HOPS = ["10.0.0.1", "10.9.8.7", "192.0.2.7", "2001:db8::1", "2001:db9::1", "::ffff:10.1.1.1", "unknown", "", "192.0.2.7:80", "[2001:db9::2]:443", "1.2.3"]
PEERS = ["10.0.0.1", "10.9.8.7", "2001:db8::1", "192.0.2.7", "2001:db9::1", "::ffff:10.1.1.1", "-"]
NETWORKS = ["10.0.0.0/8", "2001:db8::/32"]


def changed(rnd, path):
    for _ in range(rnd.choice([0, 0, 1, 1, 1, 2, 3])):
        at = rnd.randrange(len(path) + 1)
        what = rnd.random()
        if what < 0.4:
            path = path[:at] + rnd.choice(PIECES) + path[at:]
        elif what < 0.7:
            path = path[:at] + path[at + rnd.choice([1, 1, 1, 2, 5]):]
        elif what < 0.85:
            path = path[:at] + rnd.choice(PIECES) + path[at + 1:]
        else:
            parts = path.split("/")
            i, k = rnd.randrange(len(parts)), rnd.randrange(len(parts))
            parts[i] = parts[k]
            path = "/".join(parts)
    return path or "/"


def write_log(name, rnd, ecosystem, lines):
    paths = PATHS[ecosystem] * 8 + [p for more in PATHS.values() for p in more]
    with open(name, "wb") as f:
        f.write(b"#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes x-forwarded-for\n")
        for i in range(lines):
            hops = rnd.choice([",", ",%20"]).join(rnd.choice(HOPS) for _ in range(rnd.randrange(5))) or "-"
            f.write("\t".join(["2024-03-01", "00:00:00", rnd.choice(PEERS), "GET", changed(rnd, rnd.choice(paths)), "200",
                               str(i), hops]).encode() + b"\n")


def compare(o, directory, ecosystem, normalise):
    rnd = random.Random("%d %s" % (o.seed, ecosystem))
    log, ini = os.path.join(directory, "log"), os.path.join(directory, "ini")
    write_log(log, rnd, ecosystem, o.lines)
    with open(ini, "w") as f:
        f.write("[rules one]\necosystem = %s\nnormalise = %s\ntrusted_proxies = %s\n"
                % (ecosystem, "yes" if normalise else "no", " ".join(NETWORKS)))
    ours = subprocess.run([o.ingest, "-c", ini, "--rules", "one", "--client-key", "none", "-o", "-", log], stdout=subprocess.PIPE,
                          check=True).stdout.splitlines()
    theirs = subprocess.run(ORACLE + ["--ecosystem", ecosystem, "--trusted-proxies", ",".join(NETWORKS), log]
                            + ["--normalise"] * normalise, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    if ours == theirs:
        assert ours, ecosystem
        return True
    print("%s, normalise %s: rows differ" % (ecosystem, normalise))
    for sign, rows in ("-", set(theirs) - set(ours)), ("+", set(ours) - set(theirs)):
        for row in sorted(rows)[:5]:
            print(sign, row[:300].decode())
    return False


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ingest", required=True)
    p.add_argument("--lines", type=int, default=4000)
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as directory:
        for ecosystem in PATHS:
            for normalise in [False] + [True] * (ecosystem in ("crates", "pypi")):
                good = compare(o, directory, ecosystem, normalise) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
