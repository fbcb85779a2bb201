#!/usr/bin/env python3
"""
Chapters and the shrinker with bugs planted on purpose: a program that is asked in between and miscounts now and then must be
found, the case must come down to what it takes, and the command that is shown must show it again.

    test_planted.py INGEST
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import shrink  # noqa: E402

INGEST = os.path.abspath(sys.argv.pop(1))

WRAPPER = """#!/bin/sh
# Runs the real one, then spoils what it wrote.
out=
for word; do
    [ "$last" = -o ] && out=$word
    last=$word
done
%(before)s
"%(ingest)s" "$@" >"$0.said"
status=$?
[ -f "$out" ] && { %(spoil)s <"$out" >"$0.rows"; cat "$0.rows" >"$out"; }
if [ "$out" = - ]; then %(spoil)s <"$0.said"; else cat "$0.said"; fi
exit $status
"""


class Planted(unittest.TestCase):
    def setUp(self):
        self.where = tempfile.TemporaryDirectory()
        self.addCleanup(self.where.cleanup)

    def chapter(self, name, spoil, *words, before=":"):
        """The chapter's words, result and status, with a program that is spoilt."""
        program, out = os.path.join(self.where.name, "ingest"), os.path.join(self.where.name, "out.json")
        with open(program, "w", encoding="ascii") as file:
            file.write(WRAPPER % {"ingest": INGEST, "spoil": spoil, "before": before})
        os.chmod(program, 0o755)
        done = subprocess.run([os.path.join(HERE, name), "--ingest", program, "--out", out, "--seed", "1", *words], env={**{k: v for k, v in os.environ.items() if k != "TZ"}, "PGHOST": "/nonexistent"},
                              capture_output=True, text=True, check=False)
        self.assertTrue(os.path.exists(out), done.stdout + done.stderr)
        with open(out, encoding="utf-8") as file:
            return done.stdout, json.load(file), done.returncode

    def test_what_fails_for_a_byte_comes_down_to_it(self):
        tries = []

        def fails(text):
            tries.append(text)
            return b"x" in text and text.count(b"\n") >= 1

        text = b"".join(b"line %d of many\n" % i for i in range(500)) + b"before x behind\n" + b"more\n" * 300
        self.assertEqual(shrink.text(text, fails), b"x\n")
        self.assertLess(len(tries), 400)

    def test_what_fails_for_two_lines_keeps_both(self):
        text = b"a\n" * 40 + b"first!\n" + b"b\n" * 40 + b"second!\n" + b"c\n"
        self.assertEqual(shrink.text(text, lambda t: b"st!\n" in t and b"nd!" in t), b"st!\nnd!\n")

    def test_what_does_not_fail_any_smaller_stays(self):
        text = b"one\ntwo\n"
        self.assertEqual(shrink.text(text, lambda t: t == text), text)

    def test_the_oracle_finds_a_wrong_sum_and_makes_it_small(self):
        said, result, status = self.chapter("oracle", r"sed s/\"bytes\":42,/\"bytes\":43,/", "--only", "json/3", "--seeds", "4")
        self.assertEqual((status, result["rows"][0]["bad"]), (1, 1), said)
        self.assertIn("WRONG: oracle --form short --seed 1 --only json/3: rows", said)
        size = int(re.search(r"0\.log: (\d+) bytes", said)[1])
        self.assertLess(size, 400, said)
        again = subprocess.run(re.search(r"again: (.*)", said)[1], shell=True, capture_output=True, text=True, check=False)
        self.assertIn('"bytes":43', again.stdout, said + again.stderr)

    def test_an_honest_program_is_found_to_be_one(self):
        said, result, status = self.chapter("oracle", "cat", "--only", "json/3", "--seeds", "4")
        self.assertEqual((status, result["rows"][0]["bad"]), (0, 0), said)

    def test_shape_finds_a_program_that_heeds_the_time_zone(self):
        said, result, status = self.chapter("shape", 'sed "s/\\(count.:\\)/\\1${TZ:+1}/"', "--only", "place/common")
        self.assertEqual(status, 1, said)
        self.assertIn("TZ", said)

    def test_shape_finds_lines_that_are_lost_between_files(self):
        spoil = 'sed "$([ $(printf %s "$*" | grep -o part | wc -l) -gt 1 ] && echo 1d)"'
        said, result, status = self.chapter("shape", spoil, "--only", "split/common")
        self.assertEqual(status, 1, said)
        self.assertIn("split/common/files: 1 rows are missing", said)


if __name__ == "__main__":
    unittest.main()
