#!/usr/bin/env bats
# A change of rules is noted at the day from which on numbers are counted so (docs/CORRECTING.md).
load lib

INGEST_AUDIT=all

setup_file() {
    make_template
}

# on DAY NAME: three downloads of a day of January, one of them by a browser. The file of that name.
on() {
    line "$2" 1.0.0 "$1/Jan/2024" >"$2"
    line "$2" 1.0.1 "$1/Jan/2024" >>"$2"
    line "$2" 1.0.2 "$1/Jan/2024" | sed 's/cargo.1.70.0/Mozilla\/5.0/' >>"$2"
}

annotations() {
    sql "SELECT dataset, scope, day, text FROM ingest.annotations ORDER BY id"
}

@test "rules of another pack, and other rules of the same: once, at the first day that is counted so" {
    fresh
    on 05 a && on 06 b && on 08 c && on 07 d && on 09 e && on 10 f && on 11 g
    count -q a
    is "$(annotations)" ""
    count -q b
    is "$(annotations)" ""
    is "$(sql "SELECT pack, current_since IS NOT NULL, kind = rules_id FROM ingest.rules_used")" "default|t|t"
    count -q --rules crates c
    is "$(annotations)" 'stats|0|2024-01-08|rules changed from "default" to "crates"'
    # A late log, and those that follow: under the same rules.
    count -q --rules crates d
    count -q --rules crates e
    is "$(annotations | wc -l)" 1
    printf '[rules crates2]\nbase = crates\nagents = client\n' >ini
    count -q -c ini --rules crates2 f
    status_is 0
    printf '[rules crates2]\nbase = crates\nagents = client, unknown\n' >ini
    count -q -c ini --rules crates2 g
    is "$(annotations | tail -n +2)" 'stats|0|2024-01-10|rules changed from "crates" to "crates2"
stats|0|2024-01-11|rules of "crates2" changed'
    is "$(sql "SELECT count(*), count(current_since) FROM ingest.rules_used")" "4|1"
    is "$(sql "SELECT count(*) FROM ingest.payload_days d WHERE NOT EXISTS (SELECT FROM ingest.rules_used r WHERE (r.dataset, r.rules_id) = (d.dataset, d.rules_id))")" 0
}

@test "other days, another description of the lines, and what counts nothing, are no change of rules" {
    fresh
    on 05 a && on 06 b && on 07 c && on 08 d
    count -q a
    count -q --since 2024-01-06 --until 2024-01-07 b
    count -q --log-format '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"' c
    status_is 0
    is "$(sql "SELECT count(*), count(DISTINCT kind), count(current_since) FROM ingest.rules_used")" "3|1|1"
    count -q --rules crates --since 2025-01-01 d
    is "$(annotations)" ""
    is "$(n_rows ingest.payloads)" 4
    is "$(n_rows ingest.rules_used)" 3
}

@test "hosts that do not agree: one line a day and direction, whoever is faster" {
    fresh
    on 05 a
    count -q a
    for k in 1 2 3; do
        on 06 "x$k" && on 06 "y$k"
        count -q --rules crates "x$k"
        count -q "y$k"
    done
    is "$(annotations)" 'stats|0|2024-01-06|rules changed from "default" to "crates"
stats|0|2024-01-06|rules changed from "crates" to "default"'
    for i in 1 2 3 4; do
        on 07 "z$i"
        "$INGEST" --client-key none -q --rules crates "z$i" 2>"said$i" &
    done
    wait
    cat said*
    is "$(annotations | tail -n +3)" 'stats|0|2024-01-07|rules changed from "default" to "crates"'
    is "$(sql "SELECT count(*) FROM ingest.payloads")" 11
    # Many files are many batches' worth of nothing: one transaction, one line.
    mkdir many
    for i in $(seq 40); do line "n$i" 1.0.0 "08/Jan/2024" >"many/$i"; done
    count -q many
    is "$(annotations | tail -n +4)" 'stats|0|2024-01-08|rules changed from "crates" to "default"'
}

@test "each source may have rules of its own: what is noted is when one of them changes, and one that is new" {
    fresh
    mkdir one two three
    printf '[ingest]\ndatabase = postgresql:///%s\nclient-key = none\n[source one]\nfiles = one\n[source two]\nfiles = two\nrules = crates\n' "$PGDATABASE" >ini
    for k in 05 06 07; do
        on "$k" "one$k" && on "$k" "two$k"
        mv "one$k" one && mv "two$k" two
        count run -q -c ini
        status_is 0
    done
    is "$(annotations)" 'stats|0|2024-01-05|rules changed from "default" to "crates"'
    is "$(sql "SELECT source, pack FROM ingest.rules_used WHERE current_since IS NOT NULL ORDER BY 1" | tr '\n' ' ')" "one|default two|crates "
    sed -i 's/^\[source one\]/&\nrules = crates/' ini
    on 08 one08 && on 08 two08
    mv one08 one && mv two08 two
    count run -q -c ini
    is "$(annotations | tail -n +2)" 'stats|0|2024-01-08|rules changed from "default" to "crates"'
    printf '[source three]\nfiles = three\nrules = crates\n' >>ini
    on 09 three09 && mv three09 three
    count run -q -c ini
    is "$(annotations | wc -l)" 2
    is "$(n_rows ingest.payloads)" 9
}

@test "what is rolled back is not noted, and is once it is there" {
    fresh
    on 05 a && on 06 b
    count -q a
    sql "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END'"
    sql "CREATE TRIGGER stop BEFORE INSERT ON ingest.payload_days EXECUTE FUNCTION stop()"
    count -q --rules crates b
    status_is 3
    is "$(annotations)" ""
    is "$(sql "SELECT pack FROM ingest.rules_used WHERE current_since IS NOT NULL")" default
    sql "DROP TRIGGER stop ON ingest.payload_days; DROP FUNCTION stop()"
    count -q --rules crates b
    is "$(annotations)" 'stats|0|2024-01-06|rules changed from "default" to "crates"'
}

@test "days that are counted again under other rules are named, and what comes next is noted by itself" {
    fresh
    on 05 a && on 06 b && on 07 c
    count -q a b
    count recount -q --since 2024-01-05 --until 2024-01-07 a b
    status_is 0
    is "$(annotations)" ""
    count recount -q --rules crates --since 2024-01-05 --until 2024-01-07 a b
    count recount -q --rules crates --since 2024-01-05 --until 2024-01-07 a b
    is "$(annotations)" 'stats|0|2024-01-05|days 2024-01-05 to 2024-01-06 counted again under "crates"'
    is "$(sql "SELECT pack FROM ingest.rules_used WHERE current_since IS NOT NULL")" default
    count -q --rules crates c
    count recount -q --since 2024-01-06 --until 2024-01-07 b
    is "$(annotations | tail -n +2)" 'stats|0|2024-01-07|rules changed from "default" to "crates"
stats|0|2024-01-06|day 2024-01-06 counted again under "default"'
}

@test "each node has rules of its own; status shows what is noted, escaped" {
    fresh
    on 05 a
    count -q a
    gzip -dc "$LOGS"/logs/*fdsnws*.gz >quakes 2>/dev/null || cat "$LOGS"/logs/*fdsnws* >quakes
    count status
    [[ "$output" != *"notes on days"* ]]
    sql "INSERT INTO ingest.annotations (dataset, day, text) SELECT 'stats', date '2024-01-01' + n, E'mirror ' || n || E' is back \\x1b[31m\\u202e\"' FROM generate_series(1, 7) n"
    count status
    status_is 0
    echo "$output"
    [[ "$output" == *'notes on days
  2024-01-08 stats: mirror 7 is back \x1b[31m\xe2\x80\xae"
  2024-01-07 '* ]]
    [[ "$output" == *"and 2 of earlier days: -v"* ]]
    [[ "$output" != *$'\e'* ]]
    count status -v
    [[ "$output" == *"2024-01-02 stats: mirror 1 is back"* ]]
    count status --json
    is "$(summary 'len(s["annotations"]), s["annotations"][0]["day"], s["annotations"][0]["dataset"], s["annotations"][0]["text"]')" "(7, '2024-01-08', 'stats', 'mirror 7 is back \\x1b[31m\\u202e\"')"
}

@test "a ledger that is older, and a role without the right, count as ever" {
    fresh
    on 05 a && on 06 b && on 07 c
    sql "DROP OWNED BY noter" 2>/dev/null || true
    sql "DROP ROLE IF EXISTS noter; CREATE ROLE noter LOGIN; GRANT USAGE ON SCHEMA ingest TO noter; GRANT TEMP ON DATABASE $PGDATABASE TO noter"
    sql "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest, public TO noter; REVOKE ALL ON ingest.annotations, ingest.rules_used FROM noter"
    PGUSER=noter count -q a
    status_is 0
    silent
    is "$(n_rows ingest.rules_used)" 0
    PGUSER=noter run --separate-stderr "$INGEST" status --doctor -v
    [[ "$output$stderr" == *'GRANT INSERT ON ingest.annotations TO "noter"'* ]]
    [[ "$output$stderr" == *'GRANT INSERT, SELECT, UPDATE ON ingest.rules_used TO "noter"'* ]]
    PGUSER=noter count status
    status_is 0
    sql "DROP OWNED BY noter; DROP ROLE noter; DROP TABLE ingest.rules_used, ingest.annotations CASCADE; DELETE FROM ingest.migrations WHERE file = '1795730000-annotations'"
    count -q b
    count -q --rules crates c
    status_is 0
    silent
    count status
    status_is 0
    count recount -q --since 2024-01-06 --until 2024-01-07 --rules crates b
    status_is 0
    "$INGEST" -q migrate up ledger
    on 08 d
    count -q d
    is "$(annotations)" "" # what was last is not known
}
