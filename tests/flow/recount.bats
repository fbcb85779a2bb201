#!/usr/bin/env bats
# `ingest recount`: the rows of some days made anew from the logs, whole or not at all (docs/CORRECTING.md).
load lib

INGEST_AUDIT=all

setup_file() {
    make_template
}

recount() {
    local since=$1 until=$2

    shift 2
    run --separate-stderr "$INGEST" --client-key none recount --since "$since" --until "$until" "$@"
}

# some NAME DAY... : downloads of three names on these days of January, half of them by browsers.
some() {
    local name=$1 day i

    shift
    for day in "$@"; do
        for i in 1 2 3 4 5 6; do
            if ((i % 2)); then
                line "$name$((i % 3))" "1.0.$i" "$day/Jan/2024" "192.0.2.$i"
            else
                line "$name$((i % 3))" "1.0.$i" "$day/Jan/2024" "192.0.2.$((i + 10#$day))" | sed 's/cargo.1.70.0/Mozilla\/5.0/'
            fi
        done
    done
}

# What stands in the table, and what -o would give: the same.
table_is_of() {
    sql "SELECT name, version, dldate, count, bytes, encode(hll_send(clients), 'hex') FROM stats ORDER BY 1, 2 NULLS FIRST, 3" >table.rows
    PGDATABASE=nothing "$INGEST" --client-key none -o rows.jsonl "$@"
    python3 - >file.rows <<'PYTHON'
import json
rows = [json.loads(line) for line in open("rows.jsonl")]
for r in sorted(rows, key=lambda r: (r["name"], r["version"] or "", r["dldate"])):
    print(r["name"], r["version"] or "", r["dldate"], r["count"], r["bytes"], r["clients"][2:], sep="|")
PYTHON
    same_file table.rows file.rows
}

@test "under the same rules nothing changes; a table that was changed by hand is put right" {
    fresh
    some a 05 06 07 >a
    some b 06 07 08 >b
    count -q a b
    dump_counted >before
    recount 2024-01-06 2024-01-08 a b
    status_is 0
    is "$output" "stats: 36 rows took the place of 36, from 2 payloads"
    dump_counted >after
    same_file before after
    sql "UPDATE stats SET count = count * 7 WHERE dldate = '2024-01-06'; DELETE FROM stats WHERE dldate = '2024-01-07'; INSERT INTO stats VALUES ('x', '1', '2024-01-07', 9)"
    recount 2024-01-06 2024-01-08 a b
    is "$output" "stats: 36 rows took the place of 19, from 2 payloads"
    dump_counted >after
    same_file before after
}

@test "other rules for some days: those days alone, and each day's rules stand in the ledger" {
    fresh
    some a 05 06 07 >a
    some b 06 07 08 >b
    count -q a b
    recount 2024-01-06 2024-01-08 --agents client a b
    status_is 0
    is "$(sql "SELECT dldate, sum(count) FROM stats WHERE version IS NULL GROUP BY 1 ORDER BY 1" | tr '\n' ' ')" "2024-01-05|6 2024-01-06|6 2024-01-07|6 2024-01-08|6 "
    is "$(sql "SELECT count(DISTINCT rules_id) FROM ingest.payload_days")" 2
    is "$(sql "SELECT count(*) FROM ingest.recounts r WHERE rows_before = 36 AND rows_after = 24 AND NOT partial AND since = '2024-01-06' AND until = '2024-01-08'")" 1
    # Days of a payload under two rules: known, and under other rules until all of its days are counted by these.
    count --json a
    is "$(summary 's["files"]["known"], s["files"]["known_otherwise"]')" "(1, 0)"
    recount 2024-01-05 2024-01-06 --agents client a
    recount 2024-01-08 2024-01-09 --agents client b
    count --json --agents client a b
    is "$(summary 's["files"]["known"], s["files"]["known_otherwise"]')" "(2, 0)"
    table_is_of --agents client a b
}

@test "payloads of these days that are not given: exit 1, their names, nothing written; --partial takes them out" {
    fresh
    some a 05 06 >a
    some b 06 07 >b
    some c 08 >c
    count -q a b c
    dump >before
    recount 2024-01-06 2024-01-07 a
    status_is 1
    says "1 other payload of these days is not given: b" "--partial"
    dump >after
    same_file before after
    recount 2024-01-06 2024-01-07 --partial a
    status_is 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL AND dldate = '2024-01-06'")" 6
    is "$(sql "SELECT string_agg(state, ' ' ORDER BY day) FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload JOIN ingest.sightings s ON s.payload = p.id
               WHERE encode(s.path, 'escape') = 'b'")" "replaced counted"
    # Given later, it counts again.
    recount 2024-01-06 2024-01-07 a b
    status_is 0
    table_is_of a b c
}

@test "what was never counted, has grown since, or is damaged: exit 1, and nothing is written" {
    fresh
    some a 05 06 >a
    count -q a
    dump >before
    some n 05 >new
    recount 2024-01-05 2024-01-06 a new
    status_is 1
    says "new was never counted" "ingest new"
    { cat a; some z 06; } >grown
    recount 2024-01-05 2024-01-06 grown
    status_is 1
    says "grown was never counted, or has changed since"
    some a 05 | gzip | head -c 90 >cut.gz
    recount 2024-01-05 2024-01-06 a cut.gz
    status_is 1
    says "cut.gz" "1 of 2 inputs was refused"
    dump >after
    same_file before after
}

@test "a log that grew: the longest file alone, or all of its lengths" {
    fresh
    some a 05 06 07 >whole
    head -n 7 whole >part
    count -q part
    head -n 13 whole >part
    count -q part
    count -q whole
    is "$(n_rows ingest.payloads)" 3
    recount 2024-01-05 2024-01-08 --agents client whole
    status_is 0
    table_is_of --agents client whole
    is "$(sql "SELECT count(DISTINCT payload) FROM ingest.payload_days")" 1
    # Its beginnings are known, and it goes on.
    count --json --agents client part
    is "$(summary 's["files"]["known"]')" 1
    some a 08 >>whole
    count --json --agents client whole
    is "$(summary 's["files"]["grown"]')" 1
    table_is_of --agents client whole
    # The shorter one alone is not all of these days.
    recount 2024-01-05 2024-01-08 part
    status_is 1
    recount 2024-01-05 2024-01-09 part whole
    status_is 0
    table_is_of whole
}

@test "hours and the archive of them, copies, standard input" {
    fresh
    some a 05 >h1
    some b 05 >h2
    some c 05 >h3
    count -q h1 h2 h3
    cat h1 h2 h3 >day
    count -q day
    recount 2024-01-05 2024-01-06 --agents client h1 h2 h3 day
    status_is 0
    table_is_of --agents client h1 h2 h3
    gzip -c h2 >h2.gz
    recount 2024-01-05 2024-01-06 h3 h2.gz h2 h1
    status_is 0
    table_is_of h1 h2 h3
    fresh _2
    count -q h1
    recount 2024-01-05 2024-01-06 --agents client - <h1
    status_is 0
    table_is_of --agents client h1
}

@test "months of a node" {
    fresh
    fdsnws=$LOGS/logs/fdsnws-2024.log.gz
    count -q "$fdsnws"
    sql "SELECT * FROM dataselect_stats ORDER BY date, network, station, location, channel, country" | cut -d'|' -f2-12 | sort >before
    sql "UPDATE dataselect_stats SET nb_reqs = nb_reqs + 5, nb_successful_reqs = nb_successful_reqs + 5"
    recount 2024-01-02 2024-02-01 "$fdsnws"
    status_is 2
    says "the first days of months"
    "$INGEST" -q node add B
    recount 2024-01-01 2025-01-01 --node B "$fdsnws"
    status_is 1
    says "never counted" "say --node NAME"
    recount 2024-01-01 2025-01-01 "$fdsnws"
    status_is 0
    run --separate-stderr "$INGEST" --client-key none verify --since 2024-01-01 --until 2025-01-01 "$fdsnws"
    status_is 0
}

@test "--diff shows what would change, and changes nothing" {
    fresh
    some a 05 06 >a
    count -q a
    dump >before
    recount 2024-01-05 2024-01-06 --diff --agents client a
    status_is 1
    [[ "$output" == *"the logs have none; the table has"* ]]
    dump >after
    same_file before after
}

@test "rights of its own, an older ledger, a live table: a sentence with what to type" {
    fresh
    some a 05 >a
    count -q a
    sql "DROP OWNED BY counter" 2>/dev/null || true
    sql "DROP ROLE IF EXISTS counter; CREATE ROLE counter LOGIN; GRANT USAGE ON SCHEMA ingest TO counter; GRANT TEMP ON DATABASE $PGDATABASE TO counter"
    sql "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest, public TO counter; REVOKE UPDATE ON ingest.payload_days FROM counter"
    for right in "UPDATE, DELETE ON ingest.payload_days" "DELETE ON ingest.unresolved" "DELETE ON ingest.upper_bounds" "DELETE ON ingest.openings" "DELETE ON \"public\".\"stats\""; do
        PGUSER=counter recount 2024-01-05 2024-01-06 a
        status_is 3
        says "$right"
        sql "GRANT $right TO counter"
    done
    PGUSER=counter recount 2024-01-05 2024-01-06 a
    status_is 0
    sql "DROP OWNED BY counter; DROP ROLE counter; DROP TABLE ingest.recounted, ingest.recounts CASCADE; DELETE FROM ingest.migrations WHERE file = '1795700000-recounts'"
    recount 2024-01-05 2024-01-06 a
    status_is 3
    says "ingest migrate up ledger"
    "$INGEST" -q migrate up ledger
    sql "COMMENT ON TABLE stats IS 'somebody else''s'"
    recount 2024-01-05 2024-01-06 a
    status_is 2
    says "is another system's" "--partial"
    recount 2024-01-05 2024-01-06 --partial a
    status_is 0
}

@test "killed anywhere it has done nothing or all of it; beside counting it comes out as if one had waited" {
    fresh
    some a 05 06 >a
    some b 06 07 >b
    count -q a b
    for i in 1 2 3 4 5 6 7 8 9 10; do
        dump_counted >before
        "$INGEST" --client-key none -q recount --since 2024-01-06 --until 2024-01-07 $( ((i % 2)) && echo "--agents client") a b &
        sleep "0.$(printf '%02d' $((i * 3)))"
        kill -9 $! 2>/dev/null || true
        wait $! || true
        audit
        run --separate-stderr "$INGEST" --client-key none verify -q --since 2024-01-01 --until 2024-02-01 a b
        plain=$status
        run --separate-stderr "$INGEST" --client-key none verify -q --since 2024-01-06 --until 2024-01-07 --agents client a b
        [ "$plain" -eq 0 ] || [ "$status" -eq 0 ]
    done
    recount 2024-01-06 2024-01-07 a b
    for i in 1 2 3 4 5; do
        some "n$i" 06 >"n$i"
        "$INGEST" --client-key none -q "n$i" &
        counting=$!
        recount 2024-01-06 2024-01-07 $(for ((k = 1; k < i; k++)); do echo "n$k"; done) a b
        [ "$status" -eq 0 ] || [ "$status" -eq 1 ] # the new one came first, and was not given
        wait $counting
    done
    table_is_of a b n1 n2 n3 n4 n5
}

@test "what cannot be: exit 2" {
    fresh
    some a 05 >a
    run --separate-stderr "$INGEST" recount a
    status_is 2
    says "which days is not said"
    recount 2024-01-06 2024-01-05 a
    status_is 2
    recount 2024-01-05 2024-01-06 -n a
    status_is 2
    says "--diff shows"
    recount 2024-01-05 2024-01-06 --dataset job_artifact_downloads a
    [ "$status" -ge 2 ]
    count --partial a
    status_is 2
}

@test "an archive of hours that were counted apart: its first hour has to be there, or the others would count twice" {
    local hour i

    fresh
    for hour in 1 2 3; do # over 4,096 bytes, so that the archive is known by them
        for i in {1..50}; do line "hour$hour" "1.$i.0" "05/Jan/2024" "192.0.2.$i"; done >"h$hour"
    done
    count -q h1
    count -q h2 h3
    cat h1 h2 h3 >archive
    count -q archive
    dump_counted >before
    recount 2024-01-05 2024-01-06 archive h2 h3
    status_is 1
    says "h1 is not given"
    says "give it as well"
    dump_counted >after
    same_file before after
    recount 2024-01-05 2024-01-06 --partial archive h2 h3
    status_is 1
    recount 2024-01-05 2024-01-06 archive h3 h2 h1
    status_is 0
    dump_counted >after
    same_file before after
    { cat archive; line hour4 1.0.0 "05/Jan/2024"; } >longer # of which the archive is the beginning
    count -q longer
    recount 2024-01-05 2024-01-06 longer h3 h2
    status_is 1
    says "h1 is not given"
}

@test "two logs that went on from the same beginning: it has to be there, or it would count twice" {
    local i

    fresh
    for i in {1..50}; do line both "1.$i.0" "05/Jan/2024" "192.0.2.$i"; done >both
    { cat both; line one 1.0.0 "05/Jan/2024"; } >one
    { cat both; line two 1.0.0 "05/Jan/2024"; line two 1.1.0 "05/Jan/2024"; } >two
    { cat two; line three 1.0.0 "05/Jan/2024"; } >three
    count -q both
    count -q one
    count -q two
    dump_counted >before
    recount 2024-01-05 2024-01-06 one two
    status_is 1
    says "both is not given" "give it as well"
    dump_counted >after
    same_file before after
    recount 2024-01-05 2024-01-06 --partial one two
    status_is 1
    recount 2024-01-05 2024-01-06 two one both
    status_is 0
    dump_counted >after
    same_file before after
    count -q three
    recount 2024-01-05 2024-01-06 three one
    status_is 1
    says "both is not given"
}

@test "a source that has rules of its own is named, unless rules are said" {
    fresh
    some a 05 06 >a
    printf '[rules files]\nbase = default\nagents = client\n[source web]\nfiles = %s/a\nrules = files\n' "$PWD" >web.ini
    run --separate-stderr "$INGEST" --client-key none run -c web.ini
    status_is 0
    run --separate-stderr "$INGEST" --client-key none verify -c web.ini --since 2024-01-05 --until 2024-01-06 a
    status_is 1
    says "[source web] under --rules files, and this is done under default"
    run --separate-stderr "$INGEST" --client-key none verify -c web.ini --rules files --since 2024-01-05 --until 2024-01-06 a
    status_is 0
    silent
    recount 2024-01-05 2024-01-06 -c web.ini a
    says "[source web] under --rules files"
}
