#!/usr/bin/env bats
# What the documentation shows is what the program does; and every option is written of.
load lib

@test "every command of the pages runs and shows what stands there" {
    find "$ROOT/README.md" "$ROOT/docs" -name '*.md' -print0 | sort -z | xargs -0 python3 "$HERE/docs.py" run
}

@test "no command stands in a page where nothing runs it" {
    find "$ROOT/README.md" "$ROOT/CONTRIBUTING.md" "$ROOT/docs" -name '*.md' -print0 | xargs -0 python3 "$HERE/docs.py" fences
}

@test "the worked load of README.md has the numbers that a run gives" {
    no_database
    cd "$ROOT"
    sed -n '/^files    3 read$/,/^rows /p' README.md | grep -v '^rows ' >"$BATS_TEST_TMPDIR/shown"
    "$INGEST" -n -v testdata/logs/*.gz 2>&1 | sed -n '/^files /,/^rows /p' | grep -v '^rows ' >"$BATS_TEST_TMPDIR/run"
    [ -s "$BATS_TEST_TMPDIR/run" ]
    same_file "$BATS_TEST_TMPDIR/run" "$BATS_TEST_TMPDIR/shown"
}

@test "every option is written of in README.md or docs/" {
    find "$ROOT/README.md" "$ROOT/docs" -name '*.md' -print0 | xargs -0 python3 "$HERE/docs.py" options
}

@test "SCHEMA.md has every table and column that the migrations make, and no other" {
    PGDATABASE=postgres sql "CREATE DATABASE docs_schema"
    export PGDATABASE=docs_schema
    sql "CREATE EXTENSION hll"
    "$INGEST" -q migrate up ALL
    sql "SELECT c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relkind IN ('r', 'v') AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
           AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum" >columns
    python3 - "$ROOT/docs/SCHEMA.md" <<'PYTHON'
import re, sys
page, there = open(sys.argv[1], encoding="utf-8").read(), {}
for line in open("columns"):
    table, column, kind = line.rstrip("\n").split("|")
    there.setdefault(table.replace('"', ""), []).append((column, kind.replace(",-1,1)", ")")))
told = {part.split("`", 1)[0]: re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", part, re.M) for part in re.split(r"^### `", page, flags=re.M)[1:]}
bad = [f"{t}: {set(c) ^ set(there.get(t, []))}" for t, c in told.items() if c != there.get(t)]
bad += [f"{t} is not there" for t in there if f"`{t}`" not in page]
sys.exit("\n".join(bad) or not len(told) > 20)
PYTHON
}

@test "every link between the pages leads somewhere" {
    python3 - "$ROOT" <<'PYTHON'
import glob, os, re, sys
root, bad = sys.argv[1], []
for page in [root + "/README.md", root + "/CONTRIBUTING.md"] + glob.glob(root + "/docs/**/*.md", recursive=True):
    for to in re.findall(r"\]\(([^)#\s]+)[^)]*\)", open(page, encoding="utf-8").read()):
        if "://" not in to and not os.path.exists(os.path.join(os.path.dirname(page), to)):
            bad.append(f"{page}: {to}")
sys.exit("\n".join(bad) or None)
PYTHON
}

@test "the harness itself: what differs is told, dots stand for the rest" {
    printf '```log a.txt\none\ntwo\n```\n' >file.md
    { cat file.md; printf '```console\n$ cat a.txt\none\n...\n$ cat \\\n    a.txt\no...e\ntwo\n$ true\n```\n'; } >good.md
    python3 "$HERE/docs.py" run good.md
    for wrong in 'console\n$ cat a.txt\none\n```' 'console\n$ cat a.txt\none\n...\nthree\n```' 'console\n$ cat b.txt\n```' 'console\none\n```' \
        'console\n$ true\n' 'cron\n0 1 * * *  echo heard\n```' 'cron\n0 1 * * *  false\n```' 'cron\n0 1 * *  true\n```' \
        'cron\n0 1 * * *  date +%%F >/dev/null\n```' 'synopsis\ningest nosuch FILE\n```'; do
        # shellcheck disable=SC2059
        { cat file.md; printf '```'"$wrong"'\n'; } >bad.md
        run python3 "$HERE/docs.py" run bad.md
        [ "$status" -eq 1 ]
    done
    for wrong in '```\ningest --help\n```' '```text\n$ true\n```' '```\n0 1 * * *  /usr/local/bin/ingest logs\n```' '```sh\napt-get install gcc\n```' \
        '```sh\nmake it\n```' '```nosuch\n```' '    ingest --help'; do
        # shellcheck disable=SC2059
        printf "$wrong\n" >bad.md
        run python3 "$HERE/docs.py" fences bad.md
        [ "$status" -eq 1 ]
    done
    printf '```cron\n# m h\nMAILTO=me\n0 1 * * *  date +\\%%F >/dev/null\n@daily  true\n```\n\n    a plain block\n' >good.md
    python3 "$HERE/docs.py" run good.md
    python3 "$HERE/docs.py" fences good.md
}

@test "the harness itself: a page has the databases that it names, and paths of its own" {
    cat >good.md <<'PAGE'
```ini /etc/ingest/ingest.ini
[ingest]
database = postgresql:///one
```
```console
$ ingest config | head -n 4
; the configuration is /etc/ingest/ingest.ini

[ingest]
database = postgresql:///one             ; /etc/ingest/ingest.ini:2
$ psql -XAtc "SELECT extname FROM pg_extension WHERE extname = 'hll'" two
hll
$ echo "time 1.5 s, /var/log/nginx"
time 22 s, /var/log/nginx
```
<!-- tests: database one two
touch /var/log/there
-->
PAGE
    python3 "$HERE/docs.py" run good.md
    is "$(PGDATABASE=postgres sql "SELECT count(*) FROM pg_database WHERE datname IN ('one', 'two')")" 0
    sed 's/^touch/ls -d nothing/' good.md >bad.md
    run python3 "$HERE/docs.py" run bad.md
    [ "$status" -eq 1 ]
}
