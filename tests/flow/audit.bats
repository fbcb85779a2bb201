#!/usr/bin/env bats
# `ingest status --audit`: a good database balances; each way to spoil one gives its own finding, in words that say where.
load lib

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
    PGDATABASE=postgres sql "CREATE DATABASE audit_good"
    export PGDATABASE=audit_good TEMPLATE=audit_good HOME=$BATS_FILE_TMPDIR
    "$INGEST" -q migrate up ALL
    cd "$BATS_FILE_TMPDIR" || return 1
    {
        for client in 1 2 3; do
            line serde 1.0.0 05/Jan/2024 "192.0.2.$client" 100
            line serde 1.0.1 31/Jan/2024 "192.0.2.$client" 10
            line rand 0.8.5 01/Feb/2024 "192.0.2.$client" 1
        done
        echo "no line at all"
    } >crates.log
    for client in a b; do
        for day in 2024-01-05 2024-03-01; do
            printf '{"finished":"%sT00:00:00Z","status":"OK","userID":"%s","trace":[{"net":"GE","sta":"APE","loc":"","cha":"BHZ","bytes":100,"status":"OK"}]}\n' $day $client
            printf '{"finished":"%sT01:00:00Z","status":"ERROR","userID":"%s","trace":[]}\n' $day $client
        done
    done >fdsnws.log
    for change in '"old":[],"new":["01F6MQ33FG000FFJ97ZB8MWV52"]' '"old":["01F6MQ33FG000FFJ97ZB8MWV52"],"new":[]' \
        '"old":[],"new":["01F6MQ33FG000FFJ97ZB8MWV53"]'; do
        echo "{\"time\":\"2024-01-05T00:00:00Z\",$change}"
    done >emotes.log
    sql "INSERT INTO buildsrs.crates (name) VALUES ('ripgrep'); INSERT INTO buildsrs.targets (name) VALUES ('x86');
         INSERT INTO buildsrs.crate_versions (crate, version, checksum, yanked) VALUES (1, '13.0.0', 'x', false);
         INSERT INTO buildsrs.pubkeys (encoded) VALUES ('k'); INSERT INTO buildsrs.builders (uuid, pubkey) VALUES (gen_random_uuid(), 1);
         INSERT INTO buildsrs.jobs (uuid, builder, target, crate_version, stage, ended, success) VALUES (gen_random_uuid(), 1, 1, 1, 1, 5, true);
         INSERT INTO buildsrs.job_artifacts (job, name, hash, size, signature) VALUES (1, 'a.tar.gz', 'h', 1, 's')"
    for path in crates/ripgrep/13.0.0/x86/a.tar.gz crates/ripgrep/13.0.0/x86/a.tar.gz crates/ripgrep/14.0.0/x86/a.tar.gz; do
        printf '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /%s HTTP/1.1" 200 7 "-" "-"\n' $path
    done >artifacts.log
    "$INGEST" -q --client-key none --rules crates crates.log
    "$INGEST" -q -f fdsnws --node local fdsnws.log
    "$INGEST" -q -f seventv emotes.log
    "$INGEST" -q --dataset job_artifact_downloads --client-key none artifacts.log
}

# After `keep`, `spoil` puts the rows back, which takes a tenth of the time of another database. What it does to tables, constraints or
# indexes stays.
KEPT="ingest.payloads ingest.payload_days ingest.sightings ingest.unresolved public.stats public.dataselect_stats seventv.emote_stats
    buildsrs.job_artifacts buildsrs.job_artifact_downloads"

keep() {
    local table sql="CREATE SCHEMA kept"

    fresh
    BACK="SET session_replication_role = replica"
    for table in $KEPT; do
        sql+="; CREATE TABLE kept.${table/./_} AS TABLE $table"
        BACK+="; DELETE FROM $table; INSERT INTO $table OVERRIDING SYSTEM VALUE TABLE kept.${table/./_}"
    done
    BACK+="; SET session_replication_role = origin"
    sql "$sql"
}

# spoil SQL: in a database that was good until then.
spoil() {
    [ -n "${BACK:-}" ] || fresh
    sql "${BACK:-}; $1"
}

# The one finding of what SQL has done holds all WORDS.
finds() {
    local words

    spoil "$1"
    shift
    run "$INGEST" status --audit
    is "$status" 1
    is "$(grep -c '^finding: ' <<<"$output")" 1
    for words in "$@"; do
        [[ "$(grep '^finding: ' <<<"$output")" == *"$words"* ]] || { echo "not said: $words"; echo "$output"; return 1; }
    done
    [[ "$output" == *"1 finding" ]]
}

# Among others this is found.
finds_too() {
    local words

    spoil "$1"
    shift
    run "$INGEST" -q status --audit
    is "$status" 1
    for words in "$@"; do
        grep -F -- "$words" <<<"$output" | grep -q '^finding: ' || { echo "not said: $words"; echo "$output"; return 1; }
    done
}

hands_off="SET session_replication_role = replica" # past foreign keys, as a restore of one table is

@test "what was counted balances, and each part of it was looked at" {
    fresh
    dump >before
    run "$INGEST" status --audit
    is "$status" 0
    for words in "ok: ingest: every line and record has its outcome" "ok: public.stats: balances, 2 months, with its bytes" \
        "ok: public.stats: totals are those of their versions" "ok: public.stats: no negative and no saturated number" \
        "ok: public.stats: 6 sketches are well-formed" "ok: public.dataselect_stats: balances, 2 months of a node, with its bytes" \
        "ok: seventv.emote_stats: balances, 1 month" "ok: buildsrs.job_artifact_downloads: balances, 1 month" "the books balance"; do
        [[ "$output" == *"$words"* ]] || { echo "not said: $words"; echo "$output"; return 1; }
    done
    [[ "$output" != *finding* ]]
    run "$INGEST" -q status --audit
    is "$status" 0
    is "$output" ""
    dump >after
    same_file before after
    run --separate-stderr "$INGEST" --json status --audit
    is "$status" 0
    is "$(summary 's["findings"], {l["word"] for l in s["lines"]}')" "(0, {'ok'})"
}

@test "a database without anything in it balances; one without a ledger says how to make one" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS audit_empty"
    PGDATABASE=postgres sql "CREATE DATABASE audit_empty"
    export PGDATABASE=audit_empty
    run --separate-stderr "$INGEST" status --audit
    status_is 3
    says "cannot audit this database" "it has no ledger" "ingest migrate up"
    run --separate-stderr "$INGEST" status --audit --doctor
    status_is 2
    says "--audit and --doctor are two questions"
    is "$output" ""
    "$INGEST" -q migrate up ledger
    audit
    "$INGEST" -q migrate up ALL
    audit
}

@test "double entry: rows that were changed, deleted or added, in each table" {
    keep
    finds "UPDATE stats SET count = count + 1 WHERE name = 'rand'" "public.stats 2024-02 (2024-02-01): downloads do not balance: the ledger has 3, the table 4" "another program"
    finds "UPDATE stats SET bytes = bytes - 1 WHERE name = 'serde' AND dldate = '2024-01-05'" "public.stats 2024-01 (2024-01-05): bytes do not balance: the ledger has 330, the table 329"
    finds_too "DELETE FROM stats WHERE dldate = '2024-02-01'" "public.stats 2024-02 (2024-02-01): downloads do not balance: the ledger has 3, the table 0" "bytes do not balance: the ledger has 3, the table 0"
    finds_too "INSERT INTO stats (name, dldate, count) VALUES ('stranger', '2031-07-01', 5)" "public.stats 2031-07 (2031-07-01): downloads do not balance: the ledger has 0, the table 5"
    # what stays within the month is seen by the day
    finds_too "UPDATE stats SET dldate = '2024-01-06' WHERE dldate = '2024-01-05'" "public.stats 2024-01 (2024-01-05 and 1 more): downloads do not balance: the ledger has 6, the table 6"
    finds "UPDATE dataselect_stats SET nb_reqs = nb_reqs + 1, nb_failed_reqs = nb_failed_reqs + 1 WHERE date = '2024-03-01' AND network = ''" \
        "public.dataselect_stats 2024-03 of local: requests do not balance: the ledger has 4, the table 5"
    finds "UPDATE dataselect_stats SET bytes = 1 WHERE date = '2024-03-01' AND network = 'GE'" "2024-03 of local: bytes do not balance: the ledger has 200, the table 1"
    finds "UPDATE buildsrs.job_artifact_downloads SET downloads = 3; UPDATE buildsrs.job_artifacts SET downloads = 3" \
        "buildsrs.job_artifact_downloads 2024-01 (2024-01-05): downloads do not balance: the ledger has 2, the table 3"
    # three steps of one are no sum of two, and none of five
    finds "UPDATE seventv.emote_stats SET count = count + 1 WHERE count = 0" "seventv.emote_stats 2024-01 (2024-01-05): changes do not balance: the ledger has 3, the table 2"
    finds "UPDATE seventv.emote_stats SET count = 5 WHERE count = 0" "changes do not balance: the ledger has 3, the table 6"
    finds "DROP TABLE seventv.emote_stats" "emote_stats 2024-01 (2024-01-05): changes do not balance: the ledger has 3, the table 0" "dropped or renamed"
}

@test "days that no log has, which others wrote: found, and no end of the audit" {
    for day in 5874897-12-31 "4713-01-01 BC" infinity -infinity; do
        finds_too "INSERT INTO stats (name, dldate, count, bytes) VALUES ('far', '$day', 1, 1)" "public.stats ($day): downloads do not balance: the ledger has 0, the table 1"
        finds_too "UPDATE dataselect_stats SET date = '$day' WHERE network = 'GE' AND date = '2024-03-01'" "public.dataselect_stats"
    done
}

@test "rows that go with those that they refer to are a note" {
    fresh
    sql "DELETE FROM buildsrs.job_artifacts"
    run "$INGEST" status --audit
    is "$status" 0
    [[ "$output" == *"note: buildsrs.job_artifact_downloads: it holds less than the ledger"* ]]
}

@test "a table that others write, too, may hold more and never less" {
    fresh
    sql "COMMENT ON TABLE stats IS NULL; UPDATE stats SET count = count + 5 WHERE name = 'rand'"
    run "$INGEST" status --audit
    is "$status" 0
    [[ "$output" == *"note: public.stats: others write it, too"* ]]
    sql "UPDATE stats SET count = count - 6 WHERE name = 'rand'"
    run "$INGEST" status --audit
    is "$status" 1
    [[ "$output" == *"finding: public.stats 2024-02 (2024-02-01): downloads do not balance: the ledger has 3, the table 2"* ]]
}

@test "totals are those of their versions" {
    finds "UPDATE stats SET count = 4 WHERE name = 'rand' AND version = '0.8.5'" "public.stats 2024-02 (rand/2024-02-01): a name's total is less than its versions: the ledger has 3, the table 4"
    finds "DELETE FROM stats WHERE version = '1.0.0'; INSERT INTO stats (name, version, dldate, count, bytes) VALUES ('serde', '1.0.0', '2024-01-05', 2, 200)" \
        "(serde/2024-01-05): a name's total is more than its versions: the ledger has 3, the table 2"
    finds_too "DELETE FROM stats WHERE version IS NULL AND name = 'rand'" "(rand/2024-02-01): a name's total is less than its versions: the ledger has 0, the table 3"
    finds_too "DROP INDEX stats_total_once; UPDATE stats SET count = 1, bytes = 1 WHERE name = 'rand' AND version IS NULL;
               INSERT INTO stats (name, dldate, count, bytes) VALUES ('rand', '2024-02-01', 2, 2)" "(rand/2024-02-01): a name has several totals of one day"
    finds "UPDATE buildsrs.job_artifacts SET downloads = 1" "buildsrs.job_artifacts (1): an artifact has fewer downloads than its days: the ledger has 2, the table 1"
}

@test "names that came without a version are no finding where names may come so" {
    fresh
    sql "UPDATE ingest.payloads SET format = 'csv' WHERE dataset = 'stats'"
    sql "UPDATE stats SET count = count - 1, clients = hll_empty(11,5) WHERE version = '1.0.0'"
    run "$INGEST" status --audit
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    [[ "$output" == *"note: public.stats 2024-01 (serde/2024-01-05): a name has downloads without a version"* ]]
}

@test "values that cannot be" {
    unchecked="ALTER TABLE stats DROP CONSTRAINT stats_count_check, DROP CONSTRAINT stats_bytes_check"
    finds_too "$unchecked; UPDATE stats SET count = -1 WHERE version = '0.8.5'" "public.stats (rand/0.8.5/2024-02-01): count is negative: it is -1"
    finds_too "$unchecked; UPDATE stats SET bytes = -1 WHERE version = '0.8.5'" "public.stats (rand/0.8.5/2024-02-01): bytes is negative"
    finds_too "UPDATE stats SET bytes = 9223372036854775807 WHERE version = '0.8.5'" "(rand/0.8.5/2024-02-01): bytes is at the end of its range: it is 9223372036854775807"
    finds "UPDATE dataselect_stats SET nb_failed_reqs = 7 WHERE network = 'GE' AND date = '2024-03-01'" "(1/2024-03-01/GE/APE//BHZ/): nb_reqs is not the sum of those that succeeded and failed: it is 2"
}

@test "sketches: malformed, saturated, of more clients than requests" {
    # COPY in binary form looks at none of their bytes
    with() {
        echo "COPY (SELECT name, version, dldate, count, bytes, '\\x$1'::bytea FROM stats WHERE version = '0.8.5') TO '$PGDATA/sketch' (FORMAT binary);
              DELETE FROM stats WHERE version = '0.8.5'; COPY stats FROM '$PGDATA/sketch' (FORMAT binary)"
    }
    finds "$(with 128b7f00000000000000020000000000000001)" "public.stats (rand/0.8.5/2024-02-01): a sketch is not well-formed; the hash at place 1 is not above"
    finds "$(with 138b7f0041ff)" "a sketch is not well-formed; a sparse sketch of 3 bytes"
    finds "$(with 13)" "a sketch is not well-formed; it has 1 bytes"
    finds "$(with 128b7f0000000000000001000000000000000200000000000000030000000000000004)" "a sketch stands for more clients than there are requests: the ledger has 3, the table 4"
    finds "$(with "148b7f$(printf 'ff%.0s' {1..1280})")" "a sketch is saturated"
    finds "UPDATE ingest.unresolved SET clients = '\\x00'" "ingest.unresolved (4/crates/ripgrep/14.0.0/x86/a.tar.gz/2024-01-05): a sketch is not well-formed"
}

@test "sums and sketches that others made are not held against their requests" {
    fresh
    cat >payload.json <<'JSON'
{"version":"1","generated_at":"2024-05-01T00:00:00Z","days_coverage":["2024-04-01"],"stats":[{"month":"2024-04-01","network":"GE","station":"APE","location":"","channel":"BHZ","country":"DE","bytes":5,"nb_requests":1,"nb_successful_requests":7,"nb_unsuccessful_requests":0,"clients":"\\x128b7f00000000000000010000000000000002"}]}
JSON
    "$INGEST" -q --node local -f eida payload.json
    run "$INGEST" status --audit
    is "$status" 0
    [[ "$output" == *"only bounds are known"* ]]
    sql "UPDATE dataselect_stats SET bytes = 4 WHERE date = '2024-04-01'"
    run "$INGEST" status --audit
    [[ "$output" == *"finding: public.dataselect_stats 2024-04 of local: bytes do not balance: the ledger has 5, the table 4"* ]]
}

@test "--replace: bounds, and no finding" {
    fresh
    head -n 2 "$BATS_FILE_TMPDIR/fdsnws.log" >half.log
    "$INGEST" -q --node local -f fdsnws --replace half.log
    is "$(n_rows ingest.payload_days "state = 'replaced'")" 1
    audit
    sql "UPDATE dataselect_stats SET bytes = 301 WHERE network = 'GE' AND date = '2024-01-01'"
    run "$INGEST" status --audit
    is "$status" 1
    [[ "$output" == *"2024-01 of local: bytes do not balance: the ledger has 100, the table 301"* ]]
    "$INGEST" -q --node local -f fdsnws --replace half.log # known, and counted again: what its rows were is not in the books
    audit
}

@test "the ledger in itself" {
    keep
    finds "UPDATE ingest.payloads SET lines_read = lines_read + 1 WHERE id = 1" "ingest.payloads (payload 1): lines without an outcome: the ledger has 11, the table 10"
    finds "UPDATE ingest.payloads SET records_why = '{}' WHERE id = 1" "ingest.payloads (payload 1): records without an outcome: the ledger has 10, the table 9"
    finds "UPDATE ingest.payloads SET lines_counted = -1, lines_why = jsonb_build_object('fields', lines_read + 1) WHERE id = 1" "(payload 1): a negative number"
    finds "UPDATE ingest.payloads SET first_event = last_event + interval '1 day' WHERE id = 1" "(payload 1): a payload ends before it begins"
    finds "UPDATE ingest.payloads SET extends = id WHERE id = 1" "(payload 1): a payload extends one that is not a shorter one of its kind"
    finds "UPDATE ingest.payloads SET extends = CASE id WHEN 1 THEN 2 ELSE 1 END, dataset = 'none', scope = 0 WHERE id < 0;
           UPDATE ingest.payloads SET extends = 2 WHERE id = 1" "(payload 1): a payload extends one that is not a shorter one of its kind"
    finds_too "UPDATE ingest.payload_days SET count = count + 1 WHERE payload = 1 AND day = '2024-02-01'" \
        "ingest.payload_days (payload 1): the days of a payload have not counted what it has: the ledger has 9, the table 10" "public.stats 2024-02 (2024-02-01): downloads do not balance: the ledger has 4, the table 3"
    finds "UPDATE ingest.payload_days SET lines = lines + 100 WHERE payload = 1 AND day = '2024-02-01'" "(payload 1): the days of a payload have more lines than it has: the ledger has 10, the table 109"
    finds "UPDATE ingest.payload_days SET lines = -1 WHERE payload = 1 AND day = '2024-02-01'" "ingest.payload_days 2024-02 (payload 1, 2024-02-01): a negative number"
    finds_too "UPDATE ingest.payload_days SET bytes = 9223372036854775807 WHERE payload = 1 AND day = '2024-02-01'" "ingest.payload_days 2024-02 (payload 1, 2024-02-01): a number at the end of its range"
    finds "UPDATE ingest.payload_days SET hours = 1 << 24 WHERE payload = 1 AND day = '2024-02-01'" "(payload 1, 2024-02-01): hours that no day has: it is 16777216"
    finds "UPDATE ingest.payload_days SET hours = 0 WHERE payload = 1 AND day = '2024-02-01'" "hours that no day has"
    finds "DELETE FROM ingest.sightings WHERE payload = 1" "ingest.sightings (payload 1): a payload that was seen nowhere"
    finds "UPDATE ingest.unresolved SET count = 2" "ingest.unresolved (payload 4): more hits wait for their key than were unknown: the ledger has 1, the table 2"
    finds "$hands_off; UPDATE ingest.payloads SET scope = 77 WHERE dataset = 'stats'" "ingest.payloads (payload 1): a payload of a node that is not there: it is 77"
    finds_too "$hands_off; UPDATE ingest.payloads SET scope = 77 WHERE dataset = 'dataselect_stats'" "a payload of a node that is not there: it is 77" "of 77: requests do not balance"
    finds_too "$hands_off; DELETE FROM ingest.payloads WHERE id = 1" "ingest.payload_days 2024-01 (payload 1, 2024-01-05): days of a payload that is not there" \
        "ingest.sightings (payload 1): a sighting of a payload that is not there" "public.stats 2024-01"
    finds_too "$hands_off; UPDATE ingest.unresolved SET payload = 1" "ingest.unresolved 2024-01 (payload 1, crates/ripgrep/14.0.0/x86/a.tar.gz): hits wait for a key of a payload that is not there"
}

@test "many of a kind are counted, a few of them shown; names of strangers do not reach the terminal" {
    fresh
    sql "ALTER TABLE stats DROP CONSTRAINT stats_count_check;
         INSERT INTO stats (name, version, dldate, count) SELECT E'\\x1b[2J' || n, '1', '2024-01-05', -1 FROM generate_series(1, 25) n"
    run "$INGEST" status --audit
    is "$status" 1
    is "$(grep -c 'count is negative' <<<"$output")" 10
    [[ "$output" == *"as many more: 15"* ]]
    [[ "$output" == *'\x1b[2J'* ]]
    [[ "$output" != *$'\x1b'* ]]
    run --separate-stderr "$INGEST" --json status --audit
    is "$status" 1
    is "$(summary 'sum(1 + l["more"] for l in s["lines"] if l["what"] == "count is negative"), max(l["key"] or "" for l in s["lines"] if l["what"] == "count is negative")[0] == chr(27)')" "(25, True)"
}

@test "a role that may not read says which GRANT it takes" {
    fresh
    sql "DROP ROLE IF EXISTS auditor; CREATE ROLE auditor LOGIN; GRANT USAGE ON SCHEMA ingest TO auditor"
    PGUSER=auditor run --separate-stderr "$INGEST" status --audit
    status_is 3
    says "the role auditor may not read all of the ledger" "GRANT SELECT ON ingest.openings, ingest.payload_days, ingest.payloads, ingest.recounted, ingest.retractions, ingest.settings, ingest.sightings, ingest.unresolved, ingest.upper_bounds TO auditor;"
    sql "GRANT SELECT ON ALL TABLES IN SCHEMA ingest TO auditor"
    PGUSER=auditor run --separate-stderr "$INGEST" status --audit
    status_is 3
    says "GRANT SELECT ON public.stats TO auditor;"
    sql "GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor"
    PGUSER=auditor run --separate-stderr "$INGEST" status --audit
    status_is 3
    says "GRANT USAGE ON SCHEMA"
    for schema in zeco buildsrs pictrs seventv; do
        sql "GRANT USAGE ON SCHEMA $schema TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA $schema TO auditor"
    done
    PGUSER=auditor audit
    # rows that a policy hides would be missing: that is said instead
    sql "ALTER TABLE stats ENABLE ROW LEVEL SECURITY"
    PGUSER=auditor run --separate-stderr "$INGEST" status --audit
    status_is 3
    says "row-level security"
    sql "DROP OWNED BY auditor; DROP ROLE auditor"
}

@test "a ledger of an older version is audited as far as it goes" {
    fresh
    sql "DROP TABLE ingest.unresolved, ingest.refusals, ingest.doubled CASCADE"
    sql "DELETE FROM ingest.payload_days WHERE dataset = 'job_artifact_downloads' AND count = 0"
    audit
}
