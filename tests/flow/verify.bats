#!/usr/bin/env bats
# `ingest verify`: what the logs say of some days beside what the tables say, whoever wrote them, and nothing written (docs/CORRECTING.md).
load lib

INGEST_AUDIT= # tables are changed by hand here

setup_file() {
    make_template
}

CLOUDFRONT=$LOGS/logs/cloudfront-crates-2024-01.log.gz
FDSNWS=$LOGS/logs/fdsnws-2024.log.gz

# verify SINCE UNTIL ARGUMENT...
verify() {
    local since=$1 until=$2

    shift 2
    run --separate-stderr "$INGEST" --client-key none verify --since "$since" --until "$until" "$@"
}

# Each WORDS is a part of what was printed.
shows() {
    local words

    for words in "$@"; do
        [[ "$output" == *"$words"* ]] && continue
        printf 'not shown: %s\n%s\n' "$words" "$output"
        return 1
    done
}

@test "what was counted is the same, by day and by month, and nothing is written" {
    fresh
    count -q "$LOGS/logs"
    status_is 0
    dump >before
    verify 2000-01-01 2030-01-01 "$LOGS/logs"
    status_is 0
    shows "stats: " "dataselect_stats: " " rows are the same"
    [[ "$output" != *differ* ]]
    verify 2024-01-30 2024-01-31 "$CLOUDFRONT"
    status_is 0
    is "$output" "stats: $(n_rows stats "dldate = '2024-01-30'") rows are the same"
    [ "$(n_rows stats "dldate = '2024-01-30'")" -gt 100 ]
    dump >after
    same_file before after
}

@test "each kind of difference, once, under its key; exit 1" {
    fresh
    { line a 1.0.0 01/Feb/2024; line a 1.0.0 02/Feb/2024; line b 1.0.0 02/Feb/2024 192.0.2.8; line c 2.0.0 03/Feb/2024; } >log
    count -q log
    sql "UPDATE stats SET count = count + 1 WHERE name = 'a' AND version IS NULL AND dldate = '2024-02-01'"
    sql "UPDATE stats SET clients = hll_add(clients, hll_hash_text('x')) WHERE name = 'b' AND version IS NOT NULL"
    sql "DELETE FROM stats WHERE name = 'c' AND version IS NULL"
    sql "INSERT INTO stats VALUES ('d' || chr(27) || '[2J', '1', '2024-02-02', 7, 70)"
    verify 2024-02-01 2024-03-01 log
    status_is 1
    shows "stats a/NULL/2024-02-01: the logs have count 1, bytes 100, clients 1; the table has count 2, bytes 100, clients 1" \
        "stats b/1.0.0/2024-02-02: the logs have count 1, bytes 100, clients 1; the table has count 1, bytes 100, clients 2 (other clients)" \
        "stats c/NULL/2024-02-03: the logs have count 1, bytes 100, clients 1; the table has none" \
        'stats d\x1b[2J/1/2024-02-02: the logs have none; the table has count 7, bytes 70, clients 0' \
        "stats: 5 rows are the same, 2 differ, 1 are of the logs alone, 1 of the table alone"
    is "${#lines[@]}" 5
    # Days are half-open; what lies outside is nobody's.
    verify 2024-02-02 2024-02-03 log
    is "${#lines[@]}" 3
    verify 2024-02-04 2024-03-01 log
    status_is 0
    is "$output" "stats: 0 rows are the same"
    verify 2024-02-01 2024-03-01 -q log
    is "${#lines[@]}" 4
}

@test "as JSON: a line each, then the tables, then the summary" {
    fresh
    line a 1.0.0 01/Feb/2024 >log
    count -q log
    sql "UPDATE stats SET count = 5 WHERE version IS NULL; DELETE FROM stats WHERE version IS NOT NULL"
    verify 2024-02-01 2024-03-01 --json log
    status_is 1
    python3 - "$output" <<'PYTHON'
import json, sys
a, b, table, summary = [json.loads(line) for line in sys.argv[1].splitlines()]
assert a == {"table": "stats", "name": "a", "version": None, "dldate": "2024-02-01", "ours": dict(a["ours"], count=1, bytes=100, clients_estimate=1.0),
             "theirs": dict(a["ours"], count=5)}, a
assert b["version"] == "1.0.0" and b["theirs"] is None, b
assert table == {"table": "stats", "rows": {"same": 0, "differ": 1, "ours_alone": 1, "theirs_alone": 0}}, table
assert summary["files"]["read"] == 1, summary
PYTHON
}

@test "whoever wrote the table: doubled totals, NULL for zero, sketches as python-hll keeps them, no bytes, names longer than ours" {
    fresh
    sql "DROP TABLE stats CASCADE; CREATE TABLE stats (id serial PRIMARY KEY, name varchar(2000), version text, dldate date, count integer, clients hll(11,5))"
    lines 600 a >log
    "$INGEST" -q --client-key none -o rows.jsonl log
    python3 - >rows.sql <<'PYTHON'
import json
for line in open("rows.jsonl"):
    r = json.loads(line)
    print("INSERT INTO stats (name, version, dldate, count, clients) VALUES ('%s', %s, '%s', %d, '%s');" % (
        r["name"], "NULL" if r["version"] is None else "'%s'" % r["version"], r["dldate"], r["count"], r["clients"]))
PYTHON
    "$PG_BIN/psql" -Xq -f rows.sql
    verify 2024-01-01 2024-02-01 log
    status_is 0
    is "$output" "stats: 601 rows are the same"
    # The same clients in the other form of a sketch are the same clients.
    sql "SELECT hll_set_max_sparse(0); UPDATE stats SET clients = hll_union(clients, hll_empty(11, 5)) WHERE version IS NULL" >/dev/null
    [ "$(sql "SELECT length(hll_send(clients)) FROM stats WHERE version IS NULL")" -gt 1280 ]
    verify 2024-01-01 2024-02-01 log
    status_is 0
    sql "INSERT INTO stats (name, version, dldate, count) VALUES ('a', NULL, '2024-01-05', 3), (repeat('n', 1500), NULL, '2024-01-06', NULL)"
    verify 2024-01-01 2024-02-01 log
    status_is 1
    shows "stats a/NULL/2024-01-05: the logs have none; the table has count 3" "nnn/NULL/2024-01-06: the logs have none; the table has count 0" \
        "stats: 601 rows are the same, 0 differ, 0 are of the logs alone, 2 of the table alone"
}

@test "months: whole ones, of one node" {
    fresh
    count -q "$FDSNWS"
    verify 2024-01-01 2025-01-01 "$FDSNWS"
    status_is 0
    shows "dataselect_stats: " "rows are the same"
    verify 2024-01-02 2025-01-01 "$FDSNWS"
    status_is 2
    says 'table "dataselect_stats" has a row a month' "the first days of months"
    "$INGEST" -q node add other
    verify 2024-01-01 2025-01-01 --node other "$FDSNWS"
    status_is 1
    shows "dataselect_stats: 0 rows are the same, 0 differ"
}

@test "one payload however often it is given, logs that go on, and what the ledger knows or has never seen" {
    fresh
    lines 40 a >whole
    head -n 25 whole >part
    gzip -k whole
    count -q part
    count -q whole
    rm part
    verify 2024-01-01 2024-02-01 whole
    status_is 0
    head -n 25 whole >part
    verify 2024-01-01 2024-02-01 part whole whole.gz
    status_is 0
    is "$output" "stats: 41 rows are the same"
    lines 3 new >never
    verify 2024-01-01 2024-02-01 whole never
    status_is 1
    shows "4 are of the logs alone"
    verify 2024-01-01 2024-02-01 - <whole
    status_is 0
}

@test "a damaged input: the others are compared, and exit 1 says that it is not all" {
    fresh
    lines 9 a >good
    count -q good
    lines 9 b | gzip | head -c 60 >cut.gz
    verify 2024-01-01 2024-02-01 good cut.gz
    status_is 1
    says "cut.gz"
    is "$output" "stats: 10 rows are the same"
}

@test "what cannot be verified: exit 2 or 3, and what to do" {
    fresh
    lines 3 a >log
    run --separate-stderr "$INGEST" verify log
    status_is 2
    says "which days" "--since DAY --until DAY"
    verify 2024-02-01 2024-01-01 log
    status_is 2
    verify 2024-01-01 2024-02-01 -o rows log
    status_is 2
    verify 2024-01-01 2024-02-01 --done list log
    status_is 2
    verify 2024-01-01 2024-02-01 --dataset access log
    [ "$status" -ge 2 ]
    : >empty
    verify 2024-01-01 2024-02-01 empty
    status_is 2
    says "no input tells which table" "--dataset NAME"
    verify 2024-01-01 2024-02-01 --dataset stats empty
    status_is 0
    sql "DROP TABLE stats CASCADE"
    verify 2024-01-01 2024-02-01 --dataset stats log
    status_is 3
    says "migrate up"
    no_database
    verify 2024-01-01 2024-02-01 log
    status_is 2
    says "no database"
}

@test "a role that may only read is enough" {
    fresh
    lines 9 a >log
    count -q log
    sql "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN"
    sql "GRANT USAGE ON SCHEMA ingest TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA ingest, public TO reader"
    PGUSER=reader verify 2024-01-01 2024-02-01 log
    status_is 0
}
