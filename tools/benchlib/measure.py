"""
Runs programs and says what they took: wall time of the whole, CPU time and peak memory of every process in it.

A child's peak memory is never less than what its parent had reached when it was forked; so this process stays small, and forgets its
own peak before each run.
"""

import os
import statistics
import subprocess
import tempfile
import threading
import time

LIMIT_S = 900
OUTPUT_MAX = 1 << 20


class Wrong(Exception):
    """A program failed, or its answer is not the truth."""


class Run:
    def __init__(self, wall, cpu, rss, out):
        self.wall, self.cpu, self.rss, self.out = wall, cpu, rss, out


def run(stages, env, stdout=None):
    """
    Runs a pipeline of argument lists. stdout: where the last one writes, a path; None: the Run's out holds its beginning. Raises Wrong
    if a stage fails.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, \
            open(stdout or os.devnull, "wb") as sink:
        processes, source, killed = [], subprocess.DEVNULL, threading.Event()
        forget_peak()
        start = time.monotonic()
        for at, argv in enumerate(stages):
            last = at == len(stages) - 1
            target = subprocess.PIPE if not last else sink if stdout else out
            try:
                p = subprocess.Popen(argv, stdin=source, stdout=target, stderr=err, env=env)
            except OSError as e:
                kill(processes)
                raise Wrong("%s: %s" % (argv[0], e.strerror)) from e
            if source != subprocess.DEVNULL:
                source.close()
            source = p.stdout
            processes.append(p)
        watch = threading.Timer(LIMIT_S, lambda: (killed.set(), kill(processes)))
        watch.start()
        try:
            usages = [reap(p) for p in processes]
            wall = time.monotonic() - start
        except BaseException:
            kill(processes)
            raise
        finally:
            watch.cancel()
        for argv, p in zip(stages, processes):
            if p.returncode != 0:
                err.seek(0)
                words = err.read(OUTPUT_MAX).decode(errors="replace").strip().splitlines()
                raise Wrong("%s: %s" % (os.path.basename(argv[0]), "over %d s" % LIMIT_S if killed.is_set() else
                                        "status %d%s" % (p.returncode, ": " + " | ".join(words[:3]) if words else "")))
        out.seek(0)
        return Run(wall, sum(u.ru_utime + u.ru_stime for u in usages), max(u.ru_maxrss for u in usages) * 1024,
                   out.read(OUTPUT_MAX).decode(errors="replace"))


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as f:
            f.write("5")
    except OSError:
        pass  # then small programs seem larger than they are


def reap(process):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def kill(processes):
    for p in processes:
        if p.returncode is None:
            p.kill()


class Program:
    """
    One row of a table. stages: what runs; prepare(): untimed, before each run; answer(run): raises Wrong unless the run's output is right, after
    each run; proof(): once before any timing, the whole answer against the truth. once: too slow to be repeated.
    """

    def __init__(self, name, stages, *, prepare=None, answer=None, proof=None, stdout=None, once=False, missing=None):
        self.name, self.stages, self.stdout, self.once = name, stages, stdout, once
        self.prepare, self.answer, self.proof = prepare, answer, proof
        self.runs, self.values = [], {}
        self.trouble = missing  # why there is no time, or None

    def measure(self, env):
        if self.prepare:
            self.prepare()
        took = run(self.stages, env, self.stdout)
        self.values = (self.answer(took) if self.answer else None) or {}
        return took

    def attempt(self, work):
        if self.trouble is None:
            try:
                return work()
            except Wrong as e:
                self.trouble = "FAILED: %s" % e
        return None

    @property
    def failed(self):
        return self.trouble is not None and self.trouble.startswith("FAILED")

    def median(self, what):
        """Of wall, cpu, rss, or of something that answer() gave; None without a run."""
        if self.trouble is not None or not self.runs:
            return None
        return statistics.median(getattr(r, what) if hasattr(r, what) else r.values[what] for r in self.runs)

    def spread(self):
        walls = [r.wall for r in self.runs]
        return (max(walls) - min(walls)) / statistics.median(walls) if walls else 0.0


def alternate(programs, n, env, say):
    """A B C A B C ...: whatever else the machine does meets all of them alike. A round that is not timed goes first: it fills the
    caches and proves the answers."""
    for p in programs:
        say("%s: checking" % p.name)
        if p.proof:
            p.attempt(p.proof)
        if not p.once:
            p.attempt(lambda p=p: p.measure(env))
    for turn in range(n):
        for p in programs:
            if p.trouble is None and not (p.once and turn > 0):
                say("%s: run %d of %d" % (p.name, turn + 1, 1 if p.once else n))
                took = p.attempt(lambda p=p: p.measure(env))
                if took is not None:
                    took.values = p.values
                    p.runs.append(took)
    return programs
