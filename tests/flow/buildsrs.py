#!/usr/bin/env python3
"""Logs of builds.rs's artifacts, whose right rows the generator knows, because it makes both.

    buildsrs.py DIR SHAPE [SEED]

SHAPE is `targets` (a job has a target and a version), `head` (a job has a task; targets are triples) or `ours` (as `targets`, in the schema
buildsrs). Writes into DIR: data.sql, the rows of the tables; backend.log and store.log, what the API and the store of files have written, in the
format `combined`; cdn.log, a CloudFront log, in which a path is encoded twice; rows.tsv (artifact, date, downloads); totals.tsv (artifact,
downloads), one for each artifact; unknown.tsv (path, day, count, bytes): files that no job has made yet; late.sql: the jobs that make them.
"""
import calendar
import collections
import os
import random
import sys
import urllib.parse
import uuid

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
CRATES = ["serde", "Serde", "my_crate", "my-crate", "a_1", "x", "tokio-util", "openssl_src_" + "n" * 40]
VERSIONS = ["0.1.0+5.3.0", "1.0.{}", "1.0.{}-beta.1", "0.{}.0-rc.1+build-7", "300.0.{}+3.0.0"]
TARGETS = ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown", "aarch64_be-unknown-linux-gnu", "generic"]
KINDS = [("metadata", "metadata.json"), ("tarball", "tar.gz"), ("trunk", "deb"), ("coverage", "coverage.json")]


def quote(value):
    return "NULL" if value is None else str(value) if isinstance(value, (int, bool)) else "'" + value.replace("'", "''") + "'"


class System:
    """The tables, and which artifact stands behind a name."""

    def __init__(self, rng, shape):
        self.rng, self.shape, self.sql = rng, shape, []
        self.best = {}  # name in the catalog -> (rank, artifact)
        self.n = collections.Counter()  # of versions, tasks, jobs and artifacts
        self.crates, self.tasks, self.artifacts = {}, {}, []
        if shape == "ours":
            self.sql.append("SET search_path = buildsrs;")
        self.insert("pubkeys", id=1, encoded="ssh-ed25519 AAAA")
        self.insert("builders", id=1, uuid=self.uuid(), pubkey=1)
        for name in TARGETS:
            if not (shape == "head" and name == "generic"):  # its migrations make that one
                self.insert("triples" if shape == "head" else "targets", id=self.target_id(name), name=name)

    def uuid(self):
        return str(uuid.UUID(int=self.rng.getrandbits(128)))

    def insert(self, table, **columns):
        values = ", ".join(quote(v) for v in columns.values())
        self.sql.append(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values});")

    def target_id(self, target):
        if self.shape == "head":
            return 1 if target == "generic" else TARGETS.index(target) + 2
        return TARGETS.index(target) + 2

    def version(self, crate, version):
        """Makes a version, and gives its id."""
        if crate not in self.crates:
            self.crates[crate] = len(self.crates) + 1
            self.insert("crates", id=self.crates[crate], name=crate)
        self.n["version"] += 1
        self.insert("crate_versions", id=self.n["version"], crate=self.crates[crate], version=version, checksum="c", yanked=False)
        return self.n["version"]

    def job(self, version_id, crate, version, target, files, success, ended):
        """A job that made these files. Which one counts: success before all else, then the latest end, then the greatest artifact."""
        self.n["job"] += 1
        job = self.n["job"]
        columns = dict(id=job, uuid=self.uuid(), builder=1, stage=4, ended=ended, success=success)
        if self.shape == "head":
            key = (version_id, target)
            if key not in self.tasks:
                self.n["task"] += 1
                self.tasks[key] = self.n["task"]
                self.insert("tasks", id=self.tasks[key], kind=2, crate_version=version_id, triple=self.target_id(target))
            columns["task"] = self.tasks[key]
        else:
            columns.update(target=self.target_id(target), crate_version=version_id)
        self.insert("jobs", **columns)
        for name in files:
            self.n["artifact"] += 1
            artifact = self.n["artifact"]
            self.artifacts.append(artifact)
            self.insert("job_artifacts", id=artifact, job=job, name=name, hash="h", size=1, signature="s")
            rank = (success is True, -1 if ended is None else ended, artifact)
            names = [f"crates/{crate}/{version}/{target}/{name}", name]
            if name.endswith(".tar.gz"):
                names.append(f"crates/{crate}/{version}/binaries/{target}")
            for n in names:
                self.best[n] = max(self.best.get(n, (rank, artifact)), (rank, artifact))


def make_system(rng, shape):
    s = System(rng, shape)
    things, late, n = [], [], 0
    for crate in CRATES:
        for template in rng.sample(VERSIONS, 3):
            n += 1
            version = template.format(n)
            if "{}" not in template and (shape == "targets" or crate == "Serde"):
                version = f"0.{n}.0+5.3.0"  # there a version is unique of all crates
            version_id = s.version(crate, version)
            for target in rng.sample(TARGETS, 2):
                files = [f"{crate}_{version}_{target}.{ext}" for _, ext in KINDS if rng.random() < 0.8] or [f"{crate}_{version}_{target}.deb"]
                for file in files:
                    things.append((crate, version, target, file))
                if rng.random() < 0.15:  # its job has yet to come
                    late.append((version_id, crate, version, target, files))
                    continue
                for _ in range(rng.choice([1, 1, 2, 4])):
                    s.job(version_id, crate, version, target, files, rng.choice([True, True, False, None]),
                          rng.choice([None, 1700000000, 1700000000, 1700000001 + rng.randrange(3)]))
    return s, things, late


def encode(path, how, rng):
    """As a client may write a path: '+' as it is or encoded; twice where CloudFront logs it."""
    once = urllib.parse.quote(path, safe=rng.choice(["/_.-+", "/_.-"]))
    return once.replace("%", "%25") if how == "cdn" and rng.random() < 0.5 else once


def main(directory, shape, seed=1):
    rng = random.Random(f"{shape} {seed}")
    s, things, late = make_system(rng, shape)
    os.makedirs(directory, exist_ok=True)
    logs = {"backend": [], "store": [], "cdn": ["#Version: 1.0", "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem"
                                                 " sc-status cs(Referer) cs(User-Agent) cs-uri-query sc-range-start sc-range-end"]}
    rows, unknown, known = collections.Counter(), collections.Counter(), set(s.best)
    size = collections.Counter()

    def request(how, path, method="GET", status=200, counts=True, name=None, part=None):
        day, second, bytes_ = rng.randrange(1, 5), rng.randrange(86400), rng.randrange(5000)
        clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        utc = calendar.timegm((2024, 1, day, 0, 0, 0))
        if how == "cdn":
            start = "-" if part is None else str(part)
            logs[how].append("\t".join([f"2024-01-{day:02}", clock, "FRA2", str(bytes_), "192.0.2.1", method, "h", path, str(status), "-", "cargo/1.70",
                                        "-", start, "-"]))
        else:
            offset = rng.choice(["+0000", "+0200", "-0800"])
            shift = int(offset[:3])
            utc = (utc + second - shift * 3600) // 86400 * 86400
            logs[how].append(f'192.0.2.{rng.randrange(250)} - - [{day:02}/{MONTHS[0]}/2024:{clock} {offset}] "{method} {path} HTTP/1.1" {status} {bytes_}'
                             ' "-" "cargo/1.70.0"')
        if counts and name in known:
            rows[s.best[name][1], utc] += 1
        elif counts and name is not None:
            unknown[name, utc] += 1
            size[name, utc] += bytes_

    for _ in range(3000):
        crate, version, target, file = rng.choice(things)
        how = rng.choice(["backend", "store", "cdn"])
        if how == "store":
            name, path = file, rng.choice(["/", "/bucket/", "/a/b/c/"]) + file
        else:
            name = f"crates/{crate}/{version}/{target}/{file}"
            if file.endswith(".tar.gz") and rng.random() < 0.5:
                name = f"crates/{crate}/{version}/binaries/{target}"
            path = rng.choice(["/api/v1/", "/"]) + name
        path = encode(path, how, rng)
        if how != "cdn" and rng.random() < 0.3:
            path += "?X-Amz-Signature=/a_1_b.deb&x=%2B"
        if how == "backend" and rng.random() < 0.2:
            path = "https://builds.rs" + path
        kind = rng.random()
        if kind < 0.05:
            request(how, path, "HEAD", 200, False)
        elif kind < 0.12:
            request(how, path, "GET", rng.choice([302, 307, 301, 304, 404, 403, 500]), False)
        elif kind < 0.17:
            part = rng.choice([0, 500])
            request(how, path, "GET", 206, how == "cdn" and part == 0, name, part)
        elif kind < 0.22:
            request(how, rng.choice(["/", "/favicon.ico", "/api/v1/crates/serde", "/crates/serde/1.0/", "/static/app_2.js"]), "GET", 200, False)
        else:
            request(how, path, name=name)

    def write(name, lines):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in lines)

    for name, lines in logs.items():
        write(name + ".log", lines)
    write("data.sql", s.sql + [f"SELECT setval(pg_get_serial_sequence('{t}', 'id'), 1000000);" for t in ("jobs", "job_artifacts")])
    write("rows.tsv", (f"{a}\t{day}\t{n}" for (a, day), n in rows.items()))
    totals = collections.Counter()
    for (a, _), n in rows.items():
        totals[a] += n
    write("totals.tsv", (f"{a}\t{totals[a]}" for a in s.artifacts))
    write("unknown.tsv", (f"{name}\t{day}\t{n}\t{size[name, day]}" for (name, day), n in unknown.items()))
    s.sql = s.sql[:1] if shape == "ours" else []
    for version_id, crate, version, target, files in late:
        s.job(version_id, crate, version, target, files, True, 1800000000)
    write("late.sql", s.sql)
    for (name, day), n in unknown.items():
        rows[s.best[name][1], day] += n
    write("rows_late.tsv", (f"{a}\t{day}\t{n}" for (a, day), n in rows.items()))


if __name__ == "__main__":
    main(*sys.argv[1:])
