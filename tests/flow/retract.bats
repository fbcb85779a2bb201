#!/usr/bin/env bats
# `ingest retract`: payloads taken out again, by subtraction or by counting their days without them; they stay out, and come again (docs/CORRECTING.md).
load lib

INGEST_AUDIT=all

setup_file() {
    make_template
}

retract() {
    run --separate-stderr "$INGEST" --client-key none retract "$@"
}

recount() {
    local since=$1 until=$2

    shift 2
    run --separate-stderr "$INGEST" --client-key none recount --since "$since" --until "$until" "$@"
}

# some NAME DAY... : downloads on these days of January, half of them by browsers; names are shared by all whose NAME begins alike.
some() {
    local name=$1 net day i

    shift
    printf -v net %d "'${name: -1}"
    for day in "$@"; do
        for i in 1 2 3 4 5 6; do
            if ((i % 2)); then
                line "${name::1}$((i % 3))" "1.0.$i" "$day/Jan/2024" "192.0.$net.$i"
            else
                line "$name$((i % 3))" "1.0.$i" "$day/Jan/2024" "198.51.100.$((i + 10#$day))" | sed 's/cargo.1.70.0/Mozilla\/5.0/'
            fi
        done
    done
}

# What stands in the table, and what -o would give of these files: the same. With --sums clients may be more.
table_is_of() {
    local clients="encode(hll_send(clients), 'hex')" python='"|" + r["clients"][2:]'

    if [ "$1" = --sums ]; then
        clients="''" python='"|"'
        shift
    fi
    sql "SELECT name, version, dldate, count, bytes, $clients FROM stats ORDER BY 1, 2 NULLS FIRST, 3" >table.rows
    PGDATABASE=nothing "$INGEST" --client-key none -o rows.jsonl "$@"
    python3 - "$python" >file.rows <<'PYTHON'
import json, sys
rows = [json.loads(line) for line in open("rows.jsonl")]
for r in sorted(rows, key=lambda r: (r["name"], r["version"] or "", r["dldate"])):
    print(r["name"], r["version"] or "", r["dldate"], r["count"], r["bytes"], sep="|", end=eval(sys.argv[1]) + "\n")
PYTHON
    same_file table.rows file.rows
}

states() {
    sql "SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM ingest.payload_days GROUP BY 1) s"
}

hash_of() {
    sql "SELECT encode(hash, 'hex') FROM ingest.payloads p JOIN ingest.sightings s ON s.payload = p.id WHERE encode(s.path, 'escape') = '$1' LIMIT 1"
}

@test "a file is taken out: its rows go, others become less, and their clients are upper bounds until they are counted again" {
    fresh
    some ab 05 06 >a
    some ac 06 07 >b
    count -q a b
    retract b
    status_is 0
    is "$output" "stats: 12 hits of 1 payload are out: 6 rows changed, 18 gone"
    says "upper bounds"
    table_is_of --sums a
    is "$(sql "SELECT string_agg(name || ' ' || day, ', ' ORDER BY name) FROM ingest.upper_bounds WHERE dataset = 'stats' AND scope = 0")" "a0 2024-01-06, a1 2024-01-06, a2 2024-01-06"
    is "$(states)" "counted 2, retracted 2"
    is "$(sql "SELECT count(*) FROM ingest.retractions WHERE NOT exact AND undone_at IS NULL AND payload = named")" 1
    recount 2024-01-06 2024-01-07 a
    status_is 0
    table_is_of a
    is "$(n_rows ingest.upper_bounds)" 0
    is "$(states)" "counted 2, retracted 2"
}

@test "what cannot be taken out: why, and what to do; nothing is changed" {
    fresh
    some ab 05 >a
    some ac 05 06 >b
    some ad 07 >n
    count -q a b
    dump >before
    retract n
    status_is 1
    says "n: cannot retract" "never counted"
    retract 00112233445566778899aabbccddeeff
    status_is 1
    says "never counted"
    retract
    status_is 2
    says "no FILE is named"
    retract /nonexistent
    status_is 1
    retract - <a
    status_is 2
    says "standard input"
    mkdir d
    cp a b d
    retract d
    status_is 2
    says "d is 2 files"
    retract --dry-run a
    status_is 2
    says "--diff"
    retract --since 2024-01-05 a
    status_is 2
    count --undo a
    status_is 2
    says "ingest retract"
    gzip -c a | head -c 60 >cut.gz
    retract cut.gz
    status_is 1
    says "cut.gz"
    retract --agents client a
    status_is 1
    says "other rules" "the other 1 payload of 2024-01-05" "b"
    retract --undo a
    status_is 1
    says "was not retracted"
    dump >after
    same_file before after
}

@test "by its hash: the file is found where it was seen, or is to be named" {
    fresh
    some ab 05 >a
    some ac 05 >b
    count -q a b
    hash=$(hash_of b)
    retract "$hash"
    status_is 0
    table_is_of --sums a
    retract "$hash"
    status_is 1
    says "was retracted on" "already" "--undo"
    retract --undo b
    rm b
    retract "$hash"
    status_is 1
    says "b"
    some ac 05 >b
    table_is_of --sums a b
    rm b
    retract "$hash" a
    status_is 0
    table_is_of a
}

@test "it stays out: known, told, and left out by recount and verify; --undo counts it again" {
    fresh
    some ab 05 06 >a
    some ac 06 07 >b
    count -q a b
    cp b copy
    retract b
    status_is 0
    retract b
    status_is 1
    says "was retracted on $(date -u +%F) already"
    for file in b copy; do # by its times, and by its bytes
        count --json "$file"
        status_is 0
        is "$(summary 's["files"]["known"], s["files"]["retracted"], s["files"]["read"]')" "(1, 1, 0)"
        silent
    done
    count -v a b
    says "b: was retracted on $(date -u +%F), and stays out" "note     1 known file was retracted and stays out"
    gzip -c b >b.gz
    count --json b.gz
    is "$(summary 's["files"]["known"], s["files"]["retracted"]')" "(1, 1)"
    "$INGEST" known b
    run --separate-stderr "$INGEST" --client-key none verify --since 2024-01-06 --until 2024-01-08 a b.gz
    status_is 1 # the clients of a0, a1 and a2
    [[ "$output" == *"6 rows are the same, 6 differ, 0 are of the logs alone, 0 of the table alone" ]]
    recount 2024-01-06 2024-01-08 a b.gz
    status_is 0
    is "$output" "stats: 12 rows took the place of 12, from 1 payload"
    table_is_of a
    run --separate-stderr "$INGEST" --client-key none verify --since 2024-01-01 --until 2024-02-01 a b
    status_is 0
    "$INGEST" --client-key none retract --undo b.gz >told
    is "$(cat told)" "stats: 12 hits of 1 payload count again: 6 rows changed, 18 new"
    table_is_of a b
    is "$(states)" "counted 4"
    is "$(sql "SELECT count(*) FROM ingest.retractions WHERE undone_at IS NOT NULL")" 1
    retract --undo b
    status_is 1
    says "was not retracted"
    count --json b
    is "$(summary 's["files"]["known"], "retracted" in s["files"]')" "(1, False)"
    # And once more.
    retract b
    status_is 0
    table_is_of --sums a
    retract --undo --agents client b
    status_is 0
    is "$(sql "SELECT count(DISTINCT rules_id) FROM ingest.payload_days")" 2
    recount 2024-01-06 2024-01-08 a b
    table_is_of a b
}

@test "with all others of its days it is a recount, and exact" {
    fresh
    some ab 05 06 >a
    some ac 06 07 >b
    some ad 07 08 >c
    count -q a b c
    dump >before
    retract b a
    status_is 1
    says "1 other payload of these days is not given: c"
    dump >after
    same_file before after
    retract b a c
    status_is 0
    is "$output" "stats: 1 payload is out: 24 rows took the place of 36, from 2 others"
    table_is_of a c
    is "$(n_rows ingest.upper_bounds)" 0
    is "$(sql "SELECT count(*) FROM ingest.retractions WHERE exact")" 1
    retract b a c
    status_is 1
    says "already"
    # Named among the others, it is left out; so is what was retracted before.
    retract a b c a
    status_is 0
    table_is_of c
    retract --undo a b a
    status_is 0
    is "$output" "stats: 24 hits of 2 payloads count again: 6 rows changed, 36 new"
    table_is_of a b c
}

@test "a log that grew goes with its beginnings; a beginning alone does not" {
    fresh
    some ab 05 06 07 >whole
    head -n 7 whole >part
    count -q part
    head -n 13 whole >part
    count -q part
    count -q whole
    some ac 06 >b
    count -q b
    dump >before
    retract part
    status_is 1
    says "it has grown since: whole goes on from it"
    dump >after
    same_file before after
    retract whole
    status_is 0
    [[ "$output" == "stats: 18 hits of 3 payloads are out:"* ]]
    table_is_of --sums b
    is "$(sql "SELECT count(*), count(DISTINCT named) FROM ingest.retractions")" "3|1"
    # It stays out, at every length, and counts on from there.
    count --json part whole
    is "$(summary 's["files"]["known"], s["files"]["retracted"]')" "(2, 2)"
    some ab 08 >rest
    cat rest >>whole
    count --json whole
    is "$(summary 's["files"]["grown"]')" 1
    table_is_of --sums b rest
    recount 2024-01-05 2024-01-09 b whole
    status_is 0
    table_is_of b rest
    head -n 18 whole >first
    retract --undo first
    status_is 0
    table_is_of b whole
    recount 2024-01-05 2024-01-09 b whole first
    status_is 0
    table_is_of b whole
    is "$(n_rows ingest.upper_bounds)" 0
    # All of it, and back.
    retract whole
    status_is 0
    table_is_of --sums b
    retract --undo whole
    status_is 0
    table_is_of --sums b whole
}

@test "a beginning that another log shares stays; once that is out, it goes" {
    fresh
    some ab 05 06 >shared
    { cat shared; some ac 07; } >b
    { cat shared; some ad 07; } >c
    count -q shared
    count -q b
    count -q --distinct c
    retract b
    status_is 0
    [[ "$output" == "stats: 6 hits of 1 payload are out:"* ]]
    some ad 07 >rest
    table_is_of --sums shared rest
    recount 2024-01-05 2024-01-08 shared c
    status_is 0
    table_is_of --distinct shared c
    retract c
    status_is 0
    [[ "$output" == "stats: 18 hits of 2 payloads are out:"* ]]
    is "$(n_rows stats)" 0
    retract --undo c
    table_is_of c
}

@test "an archive whose hours were counted apart is not what it added" {
    fresh
    some ab 05 06 >h1
    some ac 05 06 >h2
    some ad 05 >h3
    count -q h1 h2
    cat h1 h2 h3 >day
    count -q day
    dump >before
    retract day
    status_is 1
    says "parts of it were counted as payloads of their own" "2024-01-05"
    dump >after
    same_file before after
    # An hour alone can go.
    retract h2
    status_is 0
    table_is_of --sums h1 h3
    recount 2024-01-05 2024-01-07 h1 day
    status_is 0
    table_is_of h1 h3
}
