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
    says "2024-01-05: it was counted under other rules" "count 2024-01-05 again without it, by giving the other 1 behind it: b"
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
    sleep 2.1 # what is younger is not listed anyway
    count -q --done list a b b.gz
    is "$(tr '\0' '\n' <list)" a
    run --separate-stderr "$INGEST" --client-key none verify --since 2024-01-06 --until 2024-01-08 a b.gz
    status_is 1 # the clients of a0, a1 and a2
    [[ "$output" == *"6 rows are the same, 6 differ, 0 are of the logs alone, 0 of the table alone" ]]
    recount 2024-01-06 2024-01-08 a b.gz
    status_is 0
    says "1 of the files was retracted, and is left out"
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

@test "an archive comes back beside its first hour, or the others would count twice" {
    fresh
    some ab 05 06 >h1
    some ac 05 06 >h2
    cat h1 h2 >day
    count -q h1 h2
    count -q day
    retract day h2
    status_is 0
    table_is_of h2
    retract --undo day
    status_is 1
    says "h1 is not given" "give it as well"
    table_is_of h2
    retract --undo h1 day
    status_is 0
    table_is_of h1 h2
}

@test "rows that others have changed: all or nothing, and the row is named" {
    fresh
    some ab 05 06 >a
    some ac 05 06 >b
    count -q a b
    sql "UPDATE stats SET count = 0, bytes = 0 WHERE name = 'ac2' AND version = '1.0.2' AND dldate = '2024-01-06'"
    dump >before
    INGEST_AUDIT='' retract b
    status_is 1
    says "table \"stats\" has less than was counted, as in ac2/1.0.2/2024-01-06" "ingest recount"
    dump >after
    same_file before after
    sql "DELETE FROM stats WHERE name = 'ac2' AND version IS NULL AND dldate = '2024-01-06'; UPDATE stats SET count = 1, bytes = 100 WHERE count = 0"
    for diff in "" --diff; do
        # shellcheck disable=SC2086
        retract $diff b
        status_is 1
        says "as in ac2/NULL/2024-01-06"
    done
    sql "INSERT INTO stats VALUES ('ac2', NULL, '2024-01-06', 9223372036854775807, 300)"
    retract b
    status_is 1
    says "as in ac2/NULL/2024-01-06"
    # More than we have counted, in a row that is ours and theirs: ours goes.
    sql "UPDATE stats SET count = 10, bytes = 5000 WHERE count > 100; INSERT INTO stats VALUES ('others', '1', '2024-01-06', 9, 9)"
    retract b
    status_is 0
    is "$(sql "SELECT count, bytes FROM stats WHERE name = 'ac2' AND dldate = '2024-01-06'")" "9|4900"
    sql "DELETE FROM stats WHERE name IN ('ac2', 'others')"
    table_is_of --sums a
}

@test "a table of another system: doubled rows with a NULL, sums that are NULL; of doubled ones the lowest" {
    fresh
    sql "DROP TABLE stats CASCADE; CREATE TABLE stats (id serial PRIMARY KEY, name text NOT NULL, version text, dldate date NOT NULL, count bigint, bytes bigint)"
    sql "INSERT INTO stats (name, version, dldate, count) VALUES ('a', NULL, '2024-01-05', 40), ('a', NULL, '2024-01-05', 50), ('z', '1', '2024-01-05', 7)"
    line a 1.0.0 >a
    line b 1.0.0 >b
    { cat a; line a 2.0.0; } >both
    count -q b both
    is "$(sql "SELECT count, bytes FROM stats WHERE name = 'a' AND version IS NULL ORDER BY id" | tr '\n' ' ')" "42|200 50| "
    retract both
    status_is 0
    silent # there are no clients
    is "$(sql "SELECT name, version, count, bytes FROM stats ORDER BY id" | tr '\n' ' ')" "a||40|0 a||50| z|1|7| b|1.0.0|1|100 b||1|100 "
    is "$(n_rows ingest.upper_bounds)" 0
    retract --undo both
    is "$(sql "SELECT sum(count), sum(bytes), count(*) FROM stats")" "103|600|7"
    sql "UPDATE stats SET count = 1 WHERE id = 1"
    retract both
    status_is 1
    says "has less than was counted"
    retract both b
    status_is 2
    says "another system's"
}

@test "twice at once: one takes it out, the other finds that it is; beside counting it comes out as if one had waited" {
    fresh
    some ab 05 06 >a
    some ac 06 07 >b
    count -q a b
    for round in 1 2; do
        "$INGEST" --client-key none -q retract b 2>first &
        other=$!
        retract -q b
        mine=$status
        if wait $other; then theirs=0; else theirs=$?; fi
        is "$((mine + theirs))" 1
        grep -q "already" first || says "already"
        some "n$round" 06 07 >"n$round"
        "$INGEST" --client-key none -q "n$round" &
        counting=$!
        retract --undo -q b
        status_is 0
        wait $counting
    done
    table_is_of --sums a b n1 n2
    # With the others, while another of these days comes: it is asked for, or came later.
    some n3 06 >n3
    "$INGEST" --client-key none -q n3 &
    counting=$!
    retract -q b a n1 n2
    [ "$status" -eq 0 ] || says "n3"
    mine=$status
    wait $counting
    [ "$mine" -eq 0 ] || retract b a n1 n2 n3
    table_is_of a n1 n2 n3
}

@test "killed anywhere it has done nothing or all of it" {
    fresh
    some ab 05 06 >a
    some ac 06 07 >b
    count -q a b
    for i in 1 2 3 4 5; do
        if [ "$(sql "SELECT count(*) FROM ingest.retractions WHERE undone_at IS NULL")" = 0 ]; then what=; else what=--undo; fi
        # shellcheck disable=SC2086
        "$INGEST" --client-key none -q retract $what b $( [ -z "$what" ] && ((i % 4 > 1)) && echo a) 2>/dev/null &
        sleep "0.$(printf '%02d' $((i * 6)))"
        kill -9 $! 2>/dev/null || true
        wait $! || true
        until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest'")" = 0 ]; do :; done
        audit
        if [ "$(sql "SELECT count(*) FROM ingest.retractions WHERE undone_at IS NULL")" = 0 ]; then
            is "$(states)" "counted 4"
            table_is_of --sums a b
        else
            is "$(states)" "counted 2, retracted 2"
            table_is_of --sums a
        fi
    done
}

@test "many rows with little memory" {
    fresh
    seq 1 40000 | awk '{ printf "192.0.2.%d - - [05/Jan/2024:12:00:00 +0000] \"GET /crates/n%d/n%d-1.0.0.crate HTTP/1.1\" 200 100 \"-\" \"cargo/1.70.0\"\n", $1 % 250, $1, $1 }' >many
    some n1 05 >a
    count -q a
    count -q --memory 16M many
    retract --memory 16M many
    status_is 0
    is "$output" "stats: 40,000 hits of 1 payload are out: 5 rows changed, 79,995 gone"
    table_is_of --sums a
}

@test "months of a node; --replace counts what was out" {
    fresh
    fdsnws=$LOGS/logs/fdsnws-2024.log.gz
    zcat "$fdsnws" | head -n 40 >part
    zcat "$fdsnws" | tail -n +41 | shuf --random-source=part >rest
    count -q part rest
    rows="SELECT * FROM dataselect_stats ORDER BY date, network, station, location, channel, country"
    sums="SELECT date, network, station, location, channel, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs FROM dataselect_stats ORDER BY 1, 2, 3, 4, 5, 6"
    sql "$sums" >both
    "$INGEST" -q node add B
    retract --node B part
    status_is 1
    says "counted for another node" "--node NAME"
    retract part
    status_is 0
    sql "$sums" >without
    [ "$(sql "SELECT count(*) FROM ingest.upper_bounds b JOIN dataselect_stats s ON (s.date, s.network, s.node_id) = (b.day, b.name, b.scope)")" -gt 0 ]
    run --separate-stderr "$INGEST" --client-key none recount --since 2023-01-01 --until 2026-01-01 part rest
    status_is 0
    is "$(n_rows ingest.upper_bounds)" 0
    sql "$sums" >again
    same_file without again
    retract --undo part
    sql "$sums" >again
    same_file both again
    retract part rest
    status_is 0
    sql "$sums" >again
    same_file without again
    INGEST_AUDIT=''
    count --replace part rest
    status_is 0
    sql "$sums" >again
    same_file both again
    is "$(sql "SELECT count(*) FROM ingest.retractions WHERE undone_at IS NULL")" 0
    count --json part
    is "$(summary '"retracted" in s["files"]')" False
}

@test "rights of its own, an older ledger: a sentence with what to type" {
    fresh
    some ab 05 >a
    some ac 05 >b
    count -q a b
    sql "DROP OWNED BY taker" 2>/dev/null || true
    sql "DROP ROLE IF EXISTS taker; CREATE ROLE taker LOGIN; GRANT USAGE ON SCHEMA ingest TO taker; GRANT TEMP ON DATABASE $PGDATABASE TO taker"
    sql "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest, public TO taker; REVOKE UPDATE ON ingest.retractions FROM taker"
    for right in "DELETE ON ingest.payload_days" "DELETE ON ingest.unresolved" "UPDATE ON ingest.retractions" "DELETE ON \"public\".\"stats\""; do
        PGUSER=taker retract a
        status_is 3
        says "$right"
        sql "GRANT $right TO taker"
    done
    PGUSER=taker retract a
    status_is 0
    sql "REVOKE SELECT ON ingest.retractions FROM taker"
    PGUSER=taker count --json a # who counts need not know
    is "$(summary 's["files"]["known"]')" 1
    PGUSER=taker recount 2024-01-05 2024-01-06 a b
    status_is 3
    says "GRANT SELECT ON ingest.retractions"
    sql "DROP OWNED BY taker; DROP ROLE taker; DROP TABLE ingest.retractions, ingest.upper_bounds CASCADE; DELETE FROM ingest.migrations WHERE file LIKE '%-retractions'; DROP INDEX ingest.payloads_extends"
    retract b
    status_is 3
    says "ingest migrate up ledger"
    some ad 05 >c
    count --json c a
    is "$(summary 's["files"]["read"], s["files"]["known"]')" "(1, 1)"
    recount 2024-01-05 2024-01-06 a b c
    status_is 0
    table_is_of a b c
}

# base SET: a database of its own with ours of that set.
base() {
    PGDATABASE=postgres sql "CREATE DATABASE retract_$1"
    export PGDATABASE=retract_$1
    "$INGEST" -q migrate up ledger "$1"
}

@test "rules that look at more than one line: not subtracted, but counted again without it" {
    fresh
    some ab 05 >a
    line a1 1.0.7 05/Jan/2024 192.0.2.250 >b
    some ab 05 >>b
    count -q --window day a b
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 7
    retract --window day a
    status_is 2
    says "look at more than one line" "give all other files"
    retract --window day a b
    status_is 0
    table_is_of --window day b
    # It comes back as it would be counted in a run of its own.
    retract --window day --undo a
    status_is 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 13
    recount 2024-01-05 2024-01-06 --window day a b
    status_is 0
    table_is_of --window day a b
}

@test "numbers that go up and down, or stand beside the rows" {
    base seventv
    mkdir made
    python3 "$HERE/seventv.py" made 7
    cp made/one.log made/two.log .
    count -q one.log two.log
    sql "SELECT * FROM seventv.emote_stats ORDER BY 1, 2" >before
    retract one.log
    status_is 2
    says "counts up and down" "give all other files"
    retract one.log two.log
    status_is 0
    retract --undo one.log
    status_is 0
    sql "SELECT * FROM seventv.emote_stats ORDER BY 1, 2" >after
    same_file before after
}

@test "what waits for its key is forgotten; what has it by now goes" {
    base zeco
    get() {
        printf '%s - - [%s:12:00:00 +0000] "GET /dist/A/BC/%040x.tar.gz HTTP/1.1" 200 100 "-" "zef"\n' "192.0.2.$3" "$2/Jan/2024" "$1"
    }
    dist() {
        sql "INSERT INTO zeco.dists (id, dist, path, meta) VALUES (gen_random_uuid(), 'x', 'A/BC/' || lpad(to_hex($1), 40, '0') || '.tar.gz',
             jsonb_build_object('name', 'ABC', 'version', '1.$1', 'auth', 'zef:a', 'path', '/dist/A/BC/' || lpad(to_hex($1), 40, '0') || '.tar.gz'))"
    }
    dist 1
    { get 1 05 1; get 2 05 2; get 3 06 3; } >a
    { get 1 05 4; get 2 05 5; } >b
    count -q --rules zeco a b
    is "$(n_rows ingest.unresolved)" 3
    dist 2
    retract --rules zeco a
    status_is 0
    is "$output" "stats: 2 hits of 1 payload are out: 3 rows changed, 0 gone"
    is "$(sql "SELECT version, count FROM zeco.stats ORDER BY 1 NULLS FIRST" | tr '\n' ' ')" "|2 1.1|1 1.2|1 "
    is "$(sql "SELECT count(*) FROM ingest.unresolved WHERE healed_at IS NULL")" 0
    dist 3
    retract --rules zeco --undo a
    status_is 0
    is "$(sql "SELECT version, count, dldate FROM zeco.stats ORDER BY 3, 1 NULLS FIRST" | tr '\n' ' ')" "|4|2024-01-05 1.1|2|2024-01-05 1.2|2|2024-01-05 |1|2024-01-06 1.3|1|2024-01-06 "
}

@test "what was adopted is not ours to take" {
    fresh
    some ab 05 06 >a
    count -q adopt a
    retract a
    status_is 1
    says "it was adopted"
    some ac 06 >>a
    count -q a
    retract -v a
    status_is 0
    says "payload $(sql "SELECT encode(hash, 'hex') FROM ingest.payloads ORDER BY id DESC LIMIT 1") of dataset stats, 0 beginnings with it"
    is "$(n_rows stats)" 0
    is "$(states)" "adopted 2, retracted 1"
}

@test "--diff: what would change, and nothing does" {
    fresh
    some ab 05 06 >a
    some ac 06 >b
    count -q a b
    line a1 1.0.1 07/Jan/2024 >c
    count -q c
    dump >before
    retract --diff c
    status_is 1
    is "$output" "stats a1/NULL/2024-01-07: count 1, bytes 100 would go
stats a1/1.0.1/2024-01-07: count 1, bytes 100 would go"
    retract --diff --json b
    status_is 1
    is "$(grep -c '"before":{"count":[0-9]*,"bytes":[0-9]*},"after":null}' <<<"$output")" 6
    is "$(grep '"a1"' <<<"$output" | head -n 1)" '{"table":"stats","name":"a1","version":null,"dldate":"2024-01-06","before":{"count":2,"bytes":200},"after":{"count":1,"bytes":100}}'
    retract --diff b a
    status_is 1
    [[ "$output" == *"stats ac0/NULL/2024-01-06: count 1, bytes 100 would go"* ]]
    [[ "$output" == *"stats a1/1.0.1/2024-01-06: count 2, bytes 200 would be count 1, bytes 100"* ]]
    [[ "$output" != *"ab0"* ]]
    dump >after
    same_file before after
    retract -q c
    dump >before
    retract --diff --undo c
    status_is 1
    [[ "$output" == "stats a1/NULL/2024-01-07: would be new: count 1, bytes 100"* ]]
    dump >after
    same_file before after
    retract --undo c
    table_is_of a b c
}

@test "a log that grew on after it was retracted: how it is taken out, and all of it taken back" {
    fresh
    for i in {1..60}; do line a 1.0.0 05/Jan/2024 "192.0.2.$i"; done >log
    count -q log
    line b 1.0.0 06/Jan/2024 >>log
    retract log
    status_is 1
    says "never counted" "has it grown" "ingest FILE"
    count -q log
    retract log
    status_is 0
    size=$(stat -c %s log)
    line c 1.0.0 07/Jan/2024 >>log
    count -q log
    retract --undo log
    status_is 1
    says "not retracted, or came again" "its first $size bytes were"
    head -c "$size" log >part
    retract --undo part
    status_is 0
    table_is_of log
    retract --undo log
    status_is 1
    says "not retracted, or came again"
    [[ "$stderr" != *bytes* ]]
}

@test "a ledger that was changed by hand so that a payload goes on from itself: it ends" {
    fresh
    line circle 1.0.0 >circle
    "$INGEST" -q --client-key none circle
    sql "UPDATE ingest.payloads SET extends = id"
    run timeout 20 "$INGEST" retract --client-key none circle
    status_is 1
    is "$(n_rows stats)" 2
    sql "UPDATE ingest.payloads SET extends = NULL"
}
