#!/usr/bin/env bats
# What the documentation shows is what the program does; and every option is written of.
load lib

setup_file() {
    no_database
}

@test "every command of the pages runs and shows what stands there" {
    # README.md shows a database: tests/flow/local.bats runs what it shows.
    find "$ROOT/docs" -name '*.md' -print0 | sort -z | xargs -0 python3 "$HERE/docs.py" run
}

@test "the worked load of README.md has the numbers that a run gives" {
    cd "$ROOT"
    sed -n '/^files    3 read$/,/^rows /p' README.md | grep -v '^rows ' >"$BATS_TEST_TMPDIR/shown"
    "$INGEST" -n -v testdata/logs/*.gz 2>&1 | sed -n '/^files /,/^rows /p' | grep -v '^rows ' >"$BATS_TEST_TMPDIR/run"
    [ -s "$BATS_TEST_TMPDIR/run" ]
    same_file "$BATS_TEST_TMPDIR/run" "$BATS_TEST_TMPDIR/shown"
}

@test "every option is written of in README.md or docs/" {
    find "$ROOT/README.md" "$ROOT/docs" -name '*.md' -print0 | xargs -0 python3 "$HERE/docs.py" options
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
        '\n$ ingest --help\n```' 'console\n$ true\n'; do
        # shellcheck disable=SC2059
        { cat file.md; printf '```'"$wrong"'\n'; } >bad.md
        run python3 "$HERE/docs.py" run bad.md
        [ "$status" -eq 1 ]
    done
}
