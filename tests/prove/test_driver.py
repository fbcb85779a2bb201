#!/usr/bin/env python3
"""tools/prove itself, with chapters that are made up: a proof that hides what did not hold is worse than none."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
ROW = {"what": "cuts", "tried": 1234, "outcome": "all seen", "bad": 0}


class Driver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.chapters, self.keep = os.path.join(folder.name, "chapters"), os.path.join(folder.name, "proof")
        self.page = os.path.join(folder.name, "PROOF.md")
        os.mkdir(self.chapters)

    def chapter(self, name, rows, status=0, raw=None):
        """Writes its rows to the file behind --out (the eighth word) and ends."""
        text = json.dumps({"chapter": name, "rows": rows}) if raw is None else raw
        path = os.path.join(self.chapters, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\ncat >\"$8\" <<'END'\n%s\nEND\nexit %d\n" % (text, status))
        os.chmod(path, 0o755)

    def prove(self, *words):
        done = subprocess.run([os.path.join(ROOT, "tools", "prove"), "--chapters", self.chapters, "--no-server", "--ingest", "/bin/true",
                               "--keep", self.keep, "--page", self.page, *words], capture_output=True, text=True, check=False)
        self.said = done.stdout + done.stderr
        return done.returncode

    def kept(self, name):
        with open(os.path.join(self.keep, name + ".json"), encoding="utf-8") as file:
            return json.load(file)

    def shown(self):
        with open(self.page, encoding="utf-8") as file:
            return file.read()

    def test_all_held(self):
        self.chapter("cuts", [ROW])
        self.assertEqual(self.prove("--long", "--seed", "7"), 0, self.said)
        kept = self.kept("cuts")
        self.assertEqual((kept["form"], kept["seed"], kept["rows"]), ("long", 7, [ROW]))
        self.assertRegex(kept["commit"], r"^([0-9a-f]{10}\+?|unknown)$")
        self.assertRegex(kept["date"], r"^\d{4}-\d\d-\d\d$")
        self.assertIn("| cuts | 1,234 | all seen | 0 |", self.shown())
        self.assertIn("all held", self.shown())

    def test_a_bad_row_is_status_1_and_shown(self):
        self.chapter("cuts", [ROW, dict(ROW, what="flips", bad=2)], status=1)
        self.chapter("fine", [ROW])
        self.assertEqual(self.prove(), 1)
        self.assertIn("**2 did not hold**", self.shown())
        self.assertIn("**2 did not hold**", self.said)

    def test_a_bad_row_counts_though_the_chapter_says_0(self):
        self.chapter("cuts", [dict(ROW, bad=1)])
        self.assertEqual(self.prove(), 1)

    def test_a_failure_without_a_bad_row_is_one(self):
        self.chapter("cuts", [ROW], status=1)
        self.assertEqual(self.prove(), 1)
        self.assertEqual(self.kept("cuts")["rows"][1]["bad"], 1)

    def test_no_result_is_bad_even_with_status_0(self):
        for raw in ("", "[]", '{"rows": []}', '{"rows": [{"what": "x"}]}', '{"rows": [{"what": "x", "outcome": "y", "tried": -1, "bad": 0}]}'):
            self.chapter("cuts", [], raw=raw)
            self.assertEqual(self.prove(), 1, raw)
            self.assertEqual(self.kept("cuts")["rows"][0]["bad"], 1)

    def test_skipped_keeps_what_was_there(self):
        self.chapter("cuts", [ROW])
        self.prove()
        self.chapter("cuts", [dict(ROW, bad=1)], status=77)
        self.assertEqual(self.prove(), 0)
        self.assertIn("skipped: cuts", self.said)
        self.assertEqual(self.kept("cuts")["rows"], [ROW])

    def test_one_chapter_of_two_and_the_page_has_both(self):
        self.chapter("cuts", [ROW])
        self.chapter("flips", [dict(ROW, what="bits")])
        self.prove("cuts")
        self.assertNotIn("bits", self.shown())
        self.prove("flips")
        self.assertIn("bits", self.shown())
        self.assertIn("| cuts |", self.shown())

    def test_unknown_chapter(self):
        self.chapter("cuts", [ROW])
        self.assertEqual(self.prove("kuts"), 2)
        self.assertIn('no chapter "kuts"', self.said)

    def test_no_such_program(self):
        self.chapter("cuts", [ROW])
        self.assertEqual(self.prove("--ingest", "/nonexistent"), 2)

    def test_report_alone_runs_nothing(self):
        self.chapter("cuts", [ROW])
        self.prove()
        os.remove(self.page)
        os.remove(os.path.join(self.chapters, "cuts"))
        self.assertEqual(self.prove("--report"), 0)
        self.assertIn("| cuts |", self.shown())

    def test_report_of_rubbish(self):
        os.mkdir(self.keep)
        with open(os.path.join(self.keep, "cuts.json"), "w", encoding="ascii") as file:
            file.write("rubbish")
        self.assertEqual(self.prove("--report"), 2)

    def test_a_cell_cannot_break_the_table(self):
        self.chapter("cuts", [dict(ROW, outcome="a|b\n<c>\x1b")])
        self.prove()
        self.assertIn("a\\|b\\\\x0a&lt;c>\\\\x1b", self.shown())


if __name__ == "__main__":
    sys.exit(unittest.main())
