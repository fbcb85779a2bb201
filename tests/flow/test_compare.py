#!/usr/bin/env python3
"""compare.py against a stand-in for `ingest` that asks the oracle, honest at first and then with a bug in it."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import compare  # noqa: E402

STAND_IN = '''
import json, os, subprocess, sys
args, tallies = sys.argv[1:], "stand-in.json"
bug = args.pop(0)
summary = "--json" in args
for option, n in (("-o", 2), ("-n", 1), ("--json", 1), ("-j", 2), ("--memory", 2)):
    while option in args:
        at = args.index(option)
        del args[at:at + n]
done = subprocess.run([sys.executable, %r, "--tallies", tallies, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
out = done.stdout
if bug == "sum":
    out = out.replace(b'"bytes":2', b'"bytes":3')
if bug == "crash" and out:
    os.abort()
counts = json.load(open(tallies))
if bug == "tally" and "encoding" in counts["lines"]["rejected"]:
    counts["lines"]["read"] += 1
sys.stdout.buffer.write(json.dumps(counts).encode() if summary else out)
sys.exit(done.returncode)
''' % os.path.join(HERE, "..", "oracle", "oracle.py")


class Compare(unittest.TestCase):
    def compare(self, bug, *more):
        with tempfile.TemporaryDirectory() as d:
            stand_in = os.path.join(d, "ingest.py")
            with open(stand_in, "w", encoding="utf-8") as f:
                f.write(STAND_IN)
            return subprocess.run([sys.executable, os.path.join(HERE, "compare.py"), "--ingest",
                                   "%s %s %s" % (sys.executable, stand_in, bug),
                                   "--keep", os.path.join(d, "kept"), *more], capture_output=True,
                                  text=True, check=False)

    def test_no_difference(self):
        done = self.compare("none", "--seeds", "1..2")
        n = 2 * len(compare.FORMATS)
        self.assertEqual((done.returncode, done.stdout), (0, "%d cases, no difference\n" % n),
                         done.stderr)

    def test_a_wrong_sum_comes_down_to_one_line(self):
        done = self.compare("sum", "--seeds", "1..9", "--format", "combined")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("differs: row 1\n", done.stdout)
        self.assertEqual(done.stdout.count("  b'") + done.stdout.count('  b"'), 1, done.stdout)

    def test_wrong_tallies(self):
        done = self.compare("tally", "--seeds", "1..30", "--format", "fdsnws")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("differs: the tallies\n", done.stdout)

    def test_a_crash(self):
        done = self.compare("crash", "--seeds", "1..9", "--format", "cloudfront")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the exit status with -o -: -6", done.stdout)


if __name__ == "__main__":
    unittest.main()
