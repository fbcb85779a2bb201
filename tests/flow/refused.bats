#!/usr/bin/env bats
# What was refused is remembered by its stored bytes: named again by every run without being read, until it changes or is
# accepted.
load lib

setup_file() {
    make_template
}

# bad FILE: a gzip file that is cut short, old enough to be remembered.
bad() {
    lines 30 "${2:-bad}" | gzip | head -c 100 >"$1"
}

# Times under 2 s old prove nothing.
age() {
    sleep 2.1
}

# reads FILE: how often the last `traced` run opened it.
traced() {
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=openat -o trace "$INGEST" --client-key none "$@" 2>stderr_file
}

@test "named again with the same words, and not opened" {
    fresh
    bad bad.gz
    lines 7 good >good.log
    age
    count good.log bad.gz
    status_is 1
    first=$(grep -v hint <<<"$stderr")
    is "$(n_rows ingest.refusals)" 1
    is "$(sql "SELECT encode(path, 'escape'), kind, at_byte, accepted_at FROM ingest.refusals")" "bad.gz|corrupt|100|"
    count --json good.log bad.gz
    status_is 1
    is "$(grep -v hint <<<"$stderr")" "$first"
    says "unchanged since it was refused on $(date -u +%F)" "ingest accept" "--recheck"
    is "$(summary 's["files"]["known"], s["files"]["refused"]')" "(1, 1)"
    command -v strace || skip "no strace"
    traced good.log bad.gz && false
    is "$(grep -c 'bad.gz' trace)" 0
    is "$(n_rows ingest.refusals)" 1
}

@test "a copy, a move and a touch are known by their bytes; from then on by their times" {
    fresh
    bad bad.gz
    age
    count bad.gz
    status_is 1
    cp bad.gz copy.gz
    mv bad.gz moved.gz
    age
    count --json copy.gz moved.gz
    status_is 1
    is "$(summary 's["files"]["refused"], s["bytes"]["decoded"]')" "(2, 0)"
    says "error: copy.gz:" "error: moved.gz:" "unchanged since"
    is "$(n_rows ingest.refusals)" 3
    touch copy.gz
    age
    count copy.gz
    says "unchanged since"
    is "$(n_rows ingest.refusals)" 3
    command -v strace || skip "no strace"
    traced copy.gz moved.gz && false
    is "$(grep -c 'copy.gz\|moved.gz' trace)" 0
}

@test "what changes is read again; once whole it counts" {
    fresh
    lines 30 | gzip >whole.gz
    head -c 100 whole.gz >log.gz
    age
    count log.gz
    status_is 1
    head -c 120 whole.gz >log.gz
    age
    count log.gz
    status_is 1
    says "byte 120 of the file"
    cp whole.gz log.gz
    age
    count --json log.gz
    status_is 0
    is "$(summary 's["files"]["read"]')" 1
    # The old state comes back: named again, without having been read.
    head -c 100 whole.gz >log.gz
    age
    count log.gz
    status_is 1
    says "byte 100 of the file" "unchanged since"
}

@test "one that has just been written is not remembered: it may be half a file still" {
    fresh
    bad bad.gz
    count bad.gz
    status_is 1
    is "$(n_rows ingest.refusals)" 0
}

@test "not about content, not remembered: missing, unreadable, a FIFO, standard input" {
    fresh
    mkfifo pipe
    bad bad.gz
    age
    count missing pipe
    status_is 1
    count - <bad.gz
    status_is 1
    is "$(n_rows ingest.refusals)" 0
}

@test "another way to read it is another question" {
    fresh
    { echo '#Version: 1.0'; lines 30; } >log
    age
    count -f cloudfront log
    status_is 1
    is "$(n_rows ingest.refusals)" 1
    count -f cloudfront log
    says "unchanged since"
    count -f combined log
    status_is 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 30
    # Now it is known, whatever was said of it before.
    count -f cloudfront log
    status_is 0
}

@test "a dry run says it too, and writes nothing; no database, no memory" {
    fresh
    bad bad.gz
    age
    count -n bad.gz
    status_is 1
    is "$(n_rows ingest.refusals)" 0
    count bad.gz
    count -n bad.gz
    status_is 1
    says "unchanged since"
    count -o rows bad.gz
    status_is 1
    [[ "$stderr" != *"unchanged since"* ]]
}

@test "what is no log is refused by its name, and passed over by a walk, remembered or not" {
    fresh
    mkdir dir
    echo "Dear diary," >dir/letter
    age
    count dir
    status_is 0
    count dir/letter
    status_is 1
    is "$(n_rows ingest.refusals)" 1
    count --json dir
    status_is 0
    is "$(summary 's["files"]["skipped"]')" 1
    count dir/letter
    status_is 1
    says "unchanged since"
}

@test "--recheck reads it again" {
    fresh
    bad bad.gz
    age
    count bad.gz
    count --recheck bad.gz
    status_is 1
    [[ "$stderr" != *"unchanged since"* ]]
    is "$(n_rows ingest.refusals)" 1
}

@test "many at once" {
    fresh
    mkdir logs
    for i in {1..60}; do bad "logs/$i.gz" "n$i"; done
    for i in {61..70}; do lines 2 "n$i" >"logs/$i.log"; done
    age
    count --json logs
    is "$(summary 's["files"]["refused"], s["files"]["read"]')" "(60, 10)"
    is "$(n_rows ingest.refusals)" 60
    count --json logs
    status_is 1
    is "$(summary 's["files"]["refused"], s["files"]["known"]')" "(60, 10)"
    is "$(grep -c "unchanged since" <<<"$stderr")" 60
}

@test "file names and messages with anything in them" {
    fresh
    name=$(printf "a'\\\\{},\"\nNULL\033[2J\xff.gz")
    bad "$name"
    age
    count "$name"
    status_is 1
    is "$(sql "SELECT encode(path, 'hex') FROM ingest.refusals")" "$(printf '%s' "$name" | od -An -tx1 | tr -d ' \n')"
    count "$name"
    says "unchanged since"
    [ "$(LC_ALL=C grep -cP '\x1b|\xff' <<<"$stderr")" -eq 0 ]
}

@test "an older ledger, and a role without the right, count all the same" {
    fresh
    bad bad.gz
    lines 3 >good.log
    age
    sql "DROP ROLE IF EXISTS poor"
    sql "CREATE ROLE poor LOGIN"
    sql "GRANT USAGE ON SCHEMA ingest TO poor"
    sql "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest, public TO poor"
    sql "REVOKE INSERT ON ingest.refusals FROM poor"
    PGUSER=poor count good.log bad.gz
    status_is 1
    is "$(n_rows stats)" 4
    is "$(n_rows ingest.refusals)" 0
    sql "REVOKE ALL ON ingest.refusals FROM poor"
    lines 3 more >more.log
    PGUSER=poor count more.log bad.gz
    status_is 1
    is "$(n_rows stats)" 8
    sql "DROP TABLE ingest.refusals CASCADE"
    count bad.gz
    status_is 1
    is "$(grep -c error: <<<"$stderr")" 1
    sql "DROP OWNED BY poor"
    sql "DROP ROLE poor"
}

@test "killed around the memory: what was counted is counted once, and the damage is found again" {
    command -v strace || skip "no strace"
    bad bad.gz
    lines 7 good >good.log
    age
    n=0
    for nth in 6 7 8 9 10 11 12 13 14 15 16; do
        fresh
        code=0
        strace -f -o /dev/null -e trace=sendto -e "inject=sendto:signal=KILL:when=$nth" \
            "$INGEST" -j 1 --client-key none good.log bad.gz 2>/dev/null || code=$?
        [ $code -eq 1 ] || n=$((n + 1))
        until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest'")" = 0 ]; do sleep 0.02; done
        books_balance
        count good.log bad.gz
        status_is 1
        is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 7
        is "$(n_rows ingest.refusals)" 1
    done
    say "$n runs were killed"
    [ $n -ge 4 ]
}
