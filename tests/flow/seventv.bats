#!/usr/bin/env bats
# 7TV: changes of channels and stored events into emote_stats, on a table as its own system has it and on ours.
load lib
export INGEST_AUDIT=all

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
    PGDATABASE=postgres sql "CREATE DATABASE seventv_live"
    PGDATABASE=seventv_live "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/seventv.sql"
    PGDATABASE=seventv_live "$INGEST" -q migrate up ledger
    PGDATABASE=postgres sql "CREATE DATABASE seventv_ours"
    PGDATABASE=seventv_ours "$INGEST" -q migrate up ledger seventv
    python3 "$HERE/seventv.py" "$BATS_FILE_TMPDIR" 7
}

# on live|ours: a fresh copy; the table's name is $STATS.
on() {
    STATS=emote_stats
    [ "$1" = live ] || STATS=seventv.emote_stats
    TEMPLATE=seventv_$1 fresh "_$1${2:-}"
    cp "$BATS_FILE_TMPDIR"/*.log .
}

rows_are_right() {
    sql "COPY (SELECT emote_id, date, count FROM $STATS ORDER BY 1, 2) TO STDOUT" >table.rows
    same_file table.rows "$BATS_FILE_TMPDIR/rows.tsv"
}

number() {
    sed -n "s/^$1\t//p" "$BATS_FILE_TMPDIR/numbers.tsv"
}

@test "the generator's rows, in one run, on both kinds of table; again, repacked and renamed, nothing more" {
    for kind in live ours; do
        on $kind
        gzip -kf one.log
        count --json one.log.gz two.log three.log
        status_is 0
        is "$(summary 's["lines"]["counted"], s["lines"]["filtered"]["no_change"], s["lines"]["filtered"]["needs_state"], sum(s["lines"]["rejected"].values())')" \
            "($(number counted), $(number no_change), $(number needs_state), 0)"
        rows_are_right
        mv two.log renamed
        count --json one.log renamed three.log
        is "$(summary 's["files"]["known"], s["files"]["read"]')" "(3, 0)"
        rows_are_right
        is "$(sql "SELECT sum(count) FROM ingest.payload_days")" "$(sql "SELECT sum(records_counted) FROM ingest.payloads")"
    done
}

@test "the generator's rows, file by file and by hosts at once: late events change old rows" {
    for kind in live ours; do
        on $kind _each
        for log in three one two; do
            count -f seventv "$log.log" &
        done
        wait
        rows_are_right
    done
}

@test "a 32-bit count that would not hold a sum is refused whole, and told" {
    INGEST_AUDIT= # the books are spoilt on purpose
    on live
    emote=0179a8d7-b330-0000-0fa7-9713855d88ff
    sql "INSERT INTO emote_stats VALUES ('$emote', '2019-07-01', 2147483647)"
    printf '{"user": "x", "old": [], "new": ["%s"], "time": "2019-07-01T10:00:00Z"}\n' $emote >more.log
    sql "SELECT * FROM emote_stats" >before
    count more.log
    status_is 3
    says "integer"
    sql "SELECT * FROM emote_stats" >after
    same_file before after
    is "$(n_rows ingest.payloads)" 0
}

@test "the board of what was counted is what a second author's program makes of the generator's rows" {
    on ours
    count one.log two.log three.log
    run "$INGEST" leaderboard --until 2025-03-01 -o lists
    is "$status" 0
    awk -F'\t' '$2 < "2025-03-01"' "$BATS_FILE_TMPDIR/rows.tsv" >rows
    mkdir expected
    python3 "$ROOT/tests/oracle/leaderboard.py" lists 2025-02-28 500 expected <rows
    diff -r lists expected
}
