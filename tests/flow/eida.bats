#!/usr/bin/env bats
# EIDA at the centre: request logs and payloads, added or put in the place of what is there, on the tables of its own web service and
# on ours. What the rows must be is known to the generator (eida.py).
load lib
export INGEST_AUDIT=all

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
    PGDATABASE=postgres sql "CREATE DATABASE eida_live"
    PGDATABASE=eida_live "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/eida.sql"
    PGDATABASE=eida_live "$INGEST" -q migrate up ledger
    PGDATABASE=eida_live sql "INSERT INTO nodes (name) VALUES ('GFZ'), ('RESIF')"
    PGDATABASE=postgres sql "CREATE DATABASE eida_ours"
    PGDATABASE=eida_ours "$INGEST" -q migrate up ledger eida
    PGDATABASE=eida_ours sql "INSERT INTO nodes (name) VALUES ('GFZ'), ('RESIF')"
    python3 "$HERE/eida.py" "$BATS_FILE_TMPDIR"
}

# on live|ours [NAME]: a fresh copy; FIRST and LAST are the columns of a payload's begin and end.
on() {
    local made=$BATS_FILE_TMPDIR

    TEMPLATE=eida_$1 fresh "_$1${2:-}"
    FIRST=starts_at LAST=ends_at
    [ "$1" = ours ] || FIRST=first_stat_at LAST=last_stat_at
    cp "$made"/*.log* "$made"/*.json "$made"/*.txt "$made"/*.tsv .
}

# at NODE ARGUMENT...
at() {
    count --json --fdsn-networks networks.json --node "$@"
}

# rows_are FILE.tsv [NODE]: of that node the table has these rows, each once, and no others.
rows_are() {
    sql "COPY (SELECT date, network, station, location, channel, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs,
                      encode(hll_send(clients), 'hex') FROM dataselect_stats
               WHERE node_id = (SELECT id FROM nodes WHERE name = '${2:-GFZ}')) TO STDOUT" | sort >table.rows
    sort "$1" >right.rows
    same_file table.rows right.rows
}

expected() {
    python3 -c 'import json, sys; print(eval(sys.argv[1], json.load(open("expected.json")), {"e": json.load(open("expected.json"))}))' "$1"
}

# The rows of EIDA's payloads are those of these inputs: coverage, begin and end.
payloads_are() {
    local file

    for file in "$@"; do
        expected "'{' + ','.join(e['$file']['days']) + '}|' + e['$file']['first'] + '|' + e['$file']['last']"
    done | sort >right.payloads
    sql "SET timezone TO 'UTC'; SELECT coverage, to_char($FIRST, 'YYYY-MM-DD HH24:MI:SS.US'), to_char($LAST, 'YYYY-MM-DD HH24:MI:SS.US')
         FROM payloads" | sort >table.payloads
    same_file table.payloads right.payloads
}

each_network_is_there() {
    is "$(sql "SELECT count(*) FROM (SELECT DISTINCT node_id, network FROM dataselect_stats EXCEPT SELECT node_id, name FROM networks) x")" 0
    is "$(sql "SELECT string_agg(DISTINCT name, ',' ORDER BY name) FROM networks")" "$(cut -f 2 "$1" | LC_ALL=C sort -u | paste -sd,)"
    is "$(n_rows networks "inverted_policy IS DISTINCT FROM false")" 0
}

@test "request logs, plain, gzipped and as SeisComP packs them, become the rows; again they are known" {
    for where in live ours; do
        on $where
        at GFZ a.log b.log.gz c.log.bz2
        status_is 0
        silent
        is "$(summary 's["files"]["read"]')" 3
        rows_are rows.tsv
        payloads_are a.log b.log.gz c.log.bz2
        each_network_is_there rows.tsv
        is "$(n_rows dataselect_stats "updated_at IS NOT NULL")" 0
        is "$(sql "SELECT count(*) FROM coverage WHERE node = 'GFZ'")" "$(sql "SELECT sum(cardinality(coverage)) FROM payloads")"
        is "$(sql "SELECT count(*) FROM coverage WHERE node = 'RESIF' AND stat_day IS NULL")" 1
        at GFZ --recheck a.log b.log.gz c.log.bz2
        status_is 0
        is "$(summary 's["files"]["known"], s["files"]["read"]')" "(3, 0)"
        rows_are rows.tsv
        is "$(n_rows payloads)" 3
    done
}

@test "one after another they add up to the same, and say when" {
    for where in live ours; do
        on $where
        for log in a.log b.log.gz c.log.bz2; do
            at GFZ $log
            status_is 0
        done
        rows_are rows.tsv
        is "$(n_rows dataselect_stats "updated_at > created_at")" "$(n_rows dataselect_stats "updated_at IS NOT NULL")"
        [ "$(n_rows dataselect_stats "updated_at IS NOT NULL")" -gt 10 ]
    done
}

@test "a log that grows: the rows of the whole, days of what each length added; --replace puts it in the place of its parts" {
    for where in live ours; do
        on $where
        head -n 40 a.log >grows
        at GFZ grows
        head -n 60 a.log >grows
        at GFZ grows
        is "$(summary 's["files"]["grown"], s["lines"]["filtered"]["counted_before"]')" "(1, 40)"
        gzip -c a.log >whole.gz
        at GFZ whole.gz
        rows_are rows-a.tsv
        sql "SELECT coverage FROM payloads ORDER BY id" >covered
        sql "SELECT array_agg(day ORDER BY day) FROM ingest.payload_days WHERE count > 0 GROUP BY payload ORDER BY payload" >added
        same_file covered added
        at GFZ --replace whole.gz
        status_is 0
        rows_are rows-a.tsv
        is "$(n_rows payloads)" 3
        is "$(sql "SELECT string_agg(lines_read || ' ' || (extends IS NOT NULL), ',' ORDER BY id) FROM ingest.payloads")" "40 false,60 true,121 false"
        is "$(sql "SELECT string_agg(DISTINCT payload || ' ' || state, ',') FROM ingest.payload_days")" "1 replaced,2 replaced,3 counted"
    done
}

@test "the hash in payloads is the first 64 bits of the ledger's, and the figures balance" {
    on ours
    at GFZ a.log c.log.bz2
    status_is 0
    is "$(sql "SELECT count(*) FROM payloads p JOIN ingest.payloads l ON p.hash = ('x' || encode(substr(l.hash, 1, 8), 'hex'))::bit(64)::bigint
               AND l.scope = p.node_id")" 2
    books_balance_here
}

books_balance_here() {
    is "$(sql "SELECT coalesce(sum(count), 0) FROM ingest.payload_days WHERE state = 'counted'")" \
        "$(sql "SELECT coalesce(sum(nb_successful_reqs + nb_failed_reqs), 0) FROM dataselect_stats")"
}

@test "networks as text extend as those in JSON do; without a list codes stand as they are, and it is another rule" {
    on ours
    count --json --fdsn-networks networks.txt --node GFZ a.log b.log.gz c.log.bz2
    status_is 0
    rows_are rows.tsv
    unknown=$(summary 's["records"]["filtered"]["unknown_network"]')
    [ "$unknown" -gt 10 ]
    count --json --node RESIF a.log b.log.gz c.log.bz2
    status_is 0
    rows_are plain.tsv RESIF
    count --json --recheck --node RESIF --fdsn-networks networks.txt a.log
    status_is 0
    is "$(summary 's["files"]["known_otherwise"]')" 1
    count --json --recheck --node GFZ --fdsn-networks networks.json a.log
    status_is 0
    is "$(summary 's["files"]["known"]')" 1
    printf '[ingest]\nfdsn_networks = networks.json\nnode = RESIF\n' >ingest.ini
    count --json --recheck -c ingest.ini a.log
    status_is 0
    is "$(summary 's["files"]["known_otherwise"]')" 1
}

@test "the second opinion agrees about the networks" {
    on ours
    python3 "$ROOT/tests/oracle/oracle.py" --fdsn-networks networks.txt a.log b.log.gz c.log.bz2 >oracle.rows || [ $? -eq 1 ]
    count -o ours.rows --fdsn-networks networks.json a.log b.log.gz c.log.bz2
    status_is 0
    same_file ours.rows oracle.rows
}

@test "a list that is none stops the run before anything is touched" {
    on ours
    echo 'Z3|no date at all|soon||1' >bad.txt
    count --node GFZ --fdsn-networks bad.txt a.log
    status_is 2
    says "bad.txt:1" "start is no date"
    count --node GFZ --fdsn-networks nowhere.txt a.log
    status_is 2
    says "nowhere.txt"
    is "$(n_rows ingest.payloads)" 0
}

@test "a payload of the aggregator becomes its rows, its days and the hash of the web service" {
    for where in live ours; do
        on $where
        at GFZ payload.json
        status_is 0
        rows_are sent.tsv
        is "$(sql "SELECT hash FROM payloads")" "$(expected "e['payload.json']['hash']")"
        is "$(sql "SELECT coverage FROM payloads")" "$(expected "'{' + ','.join(e['payload.json']['days']) + '}'")"
        is "$(sql "SET timezone TO 'UTC'; SELECT version, generated_at FROM payloads")" "0.9.9|2024-03-01 04:00:01.5+00"
        is "$(sql "SELECT $FIRST AT TIME ZONE 'UTC' = coverage[1] AND ($LAST AT TIME ZONE 'UTC')::date = coverage[cardinality(coverage)] FROM payloads")" t
        each_network_is_there sent.tsv
        at GFZ a.log
        status_is 0
        rows_are both.tsv
    done
}

@test "what was sent to the web service is known, and what is another node's there is refused by name" {
    for where in live ours; do
        on $where
        sql "INSERT INTO payloads (node_id, hash, coverage) SELECT id, $(expected "e['payload.json']['hash']"), '{2024-01-25}' FROM nodes WHERE name = 'GFZ'"
        at GFZ payload.json
        status_is 0
        is "$(summary 's["files"]["known"], s["files"]["read"]')" "(1, 0)"
        is "$(n_rows dataselect_stats)" 0
        at RESIF payload.json b.log.gz
        if [ $where = ours ]; then
            status_is 0
            is "$(n_rows payloads)" 3
        else
            status_is 1
            says "payload.json" 'node "GFZ"'
            is "$(summary 's["files"]["refused"], s["files"]["read"]')" "(1, 1)"
            is "$(n_rows payloads)" 2
        fi
    done
}

@test "one payload, printed in two ways, counts once: in one call and in two" {
    for where in live ours; do
        on $where
        at GFZ payload.json reprinted.json
        status_is 0
        is "$(summary 's["files"]["known"], s["files"]["read"]')" "(1, 1)"
        rows_are sent.tsv
        on $where b
        at GFZ reprinted.json
        status_is 0
        at GFZ payload.json
        status_is 0
        is "$(summary 's["files"]["known"]')" 1
        rows_are sent.tsv
        is "$(n_rows payloads)" 1
    done
}

@test "two runs at once: each row of networks, payloads and statistics once" {
    for where in live ours; do
        on $where
        for i in 1 2 3; do
            "$INGEST" -q --client-key none --fdsn-networks networks.json --node GFZ a.log b.log.gz c.log.bz2 payload.json &
            pids[i]=$!
        done
        for i in 1 2 3; do
            wait "${pids[i]}"
        done
        is "$(n_rows payloads)" 4
        cat rows.tsv sent.tsv | cut -f 1-6 | sort -u | wc -l >right.n
        is "$(n_rows dataselect_stats)" "$(cat right.n)"
        is "$(sql "SELECT sum(nb_reqs) FROM dataselect_stats")" "$(cat rows.tsv sent.tsv | awk -F '\t' '{ n += $8 } END { print n }')"
    done
}

@test "a sum that EIDA's integer columns cannot hold is told, with what to do, and counts nothing" {
    on live
    python3 - <<'PY'
import json
p = json.load(open("payload.json"))
p["stats"][0].update(nb_requests=2200000000, nb_successful_requests=2200000000, nb_unsuccessful_requests=0)
json.dump(p, open("huge.json", "w"))
PY
    at GFZ huge.json
    status_is 3
    says "integer out of range" "ALTER TABLE" "TYPE bigint"
    is "$(n_rows payloads)" 0
    is "$(n_rows ingest.payloads)" 0
    is "$(n_rows networks)" 0
    sql "ALTER TABLE dataselect_stats ALTER nb_reqs TYPE bigint, ALTER nb_successful_reqs TYPE bigint"
    at GFZ huge.json
    status_is 0
    is "$(sql "SELECT max(nb_reqs) FROM dataselect_stats")" 2200000000
}

@test "countries that the web service takes for none are one row with those that are" {
    on live
    python3 - <<'PY'
import json
e = {"month": "2024-01-01", "network": "GE", "station": "EIL", "location": "--", "channel": "BHZ", "bytes": 1, "nb_successful_requests": 1,
     "clients": "\\x118B7F"}
stats = [dict(e, country=country) for country in (None, "", "DEU")] + [e]
json.dump({"days_coverage": ["2024-01-16"], "stats": stats}, open("countries.json", "w"))
PY
    at GFZ countries.json
    status_is 0
    is "$(sql "SELECT count(*), min(country), sum(nb_reqs), min(location) FROM dataselect_stats")" "1||4|--"
}

@test "a dry run tells what EIDA knows, and writes nothing" {
    on live
    at GFZ reprinted.json
    sql "SELECT p::text FROM payloads p" >before
    at GFZ -n payload.json a.log
    status_is 0
    is "$(summary 's["files"]["known"], s["files"]["read"]')" "(1, 1)"
    sql "SELECT p::text FROM payloads p" >after
    same_file before after
    is "$(n_rows ingest.payloads)" 1
}

# ---- --replace ----

@test "--replace puts the sum of all inputs in the place of the rows, however often it is said" {
    for where in live ours; do
        on $where
        at GFZ a.log payload.json
        status_is 0
        sql "UPDATE dataselect_stats SET created_at = '2000-01-01', updated_at = '2000-01-02'"
        for _ in 1 2; do
            at GFZ --replace a.log b.log.gz c.log.bz2
            status_is 0
            silent
            is "$(summary 's["files"]["read"], s["files"]["known"]')" "(3, 0)"
            cut -f 1-6 rows.tsv | sort >replaced.keys
            (cat rows.tsv; grep -vF -f <(sed 's/$/\t/' replaced.keys) both.tsv) >now.tsv
            rows_are now.tsv
        done
        is "$(n_rows payloads)" 4
        is "$(n_rows ingest.payloads)" 4
        if [ $where = live ]; then # as the web service does it
            is "$(n_rows dataselect_stats "created_at > '2001-01-01' AND updated_at = '2000-01-02'")" \
                "$(cut -f 1-6 both.tsv | sort | comm -12 - replaced.keys | wc -l)"
        else
            is "$(n_rows dataselect_stats "created_at = '2000-01-01' AND updated_at > '2001-01-01'")" \
                "$(cut -f 1-6 both.tsv | sort | comm -12 - replaced.keys | wc -l)"
        fi
        # The payload stood in the same months: its days leave the books.
        is "$(sql "SELECT string_agg(DISTINCT d.state, ',') FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload WHERE p.format = 'eida'")" replaced
        is "$(sql "SELECT string_agg(DISTINCT d.state, ',') FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload WHERE p.format = 'fdsnws'")" counted
        is "$(sql "SELECT sum(count) FROM ingest.payload_days WHERE state = 'counted'")" "$(awk -F '\t' '{ n += $9 + $10 } END { print n }' rows.tsv)"
        at GFZ --recheck a.log
        is "$(summary 's["files"]["known"]')" 1
    done
}

@test "--replace leaves other nodes and other months alone" {
    on ours
    at RESIF a.log
    at GFZ c.log.bz2
    at GFZ --replace b.log.gz
    status_is 0
    rows_are rows-a.tsv RESIF
    is "$(sql "SELECT count(*) FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload
               JOIN nodes n ON n.id = p.scope WHERE n.name = 'RESIF' AND d.state <> 'counted'")" 0
    is "$(sql "SELECT string_agg(DISTINCT d.state || ' ' || date_trunc('month', d.day)::date, ',') FROM ingest.payload_days d WHERE state = 'replaced'")" ""
    at GFZ --replace payload.json
    status_is 0
    is "$(sql "SELECT string_agg(DISTINCT d.state || ' ' || date_trunc('month', d.day)::date, ',' ORDER BY d.state || ' ' || date_trunc('month', d.day)::date)
               FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload JOIN nodes n ON n.id = p.scope WHERE n.name = 'GFZ' AND p.format = 'fdsnws'")" \
        "counted 2023-12-01,replaced 2024-01-01,replaced 2024-02-01"
}

@test "--replace is whole or not at all: one refused input, and nothing is written" {
    on ours
    at GFZ a.log
    head -c 300 b.log.gz >cut.log.gz
    sql "SELECT s::text FROM dataselect_stats s ORDER BY 1" >before
    at GFZ --replace c.log.bz2 cut.log.gz
    status_is 1
    says "cut.log.gz" "1 of 2 inputs was refused" "nothing was written"
    at GFZ --replace c.log.bz2 nowhere.log
    status_is 1
    says "nowhere.log" "nothing was written"
    sql "SELECT s::text FROM dataselect_stats s ORDER BY 1" >after
    head -n 60 a.log >half.log
    at GFZ --replace half.log a.log
    status_is 1
    says "half.log: refused" "older_part_of" "same call: a.log" "nothing was written"
    sql "SELECT s::text FROM dataselect_stats s ORDER BY 1" >after
    same_file before after
    is "$(n_rows ingest.payloads)" 1
    is "$(n_rows ingest.payload_days "state <> 'counted'")" 0
}

@test "--replace is for tables whose rows belong to a node" {
    on ours
    "$INGEST" -q migrate up stats
    line serde 1.0.0 >crates.log
    count --replace crates.log
    status_is 2
    says '--replace is for tables of which each row is one node'
    is "$(n_rows ingest.payloads)" 0
    run --separate-stderr bash -c '"$INGEST" --client-key none --node GFZ --replace - a.log <b.log.gz'
    status_is 2
    says "standard input is one of several"
    run --separate-stderr bash -c '"$INGEST" --client-key none --fdsn-networks networks.json --node GFZ --replace - <a.log'
    status_is 0
    rows_are rows-a.tsv
}

# ---- who submits ----

# token_of NODE FROM UNTIL: one that is valid in that time.
token_of() {
    if [ "$FIRST" = first_stat_at ]; then
        sql "INSERT INTO tokens (node_id, value, valid_from, valid_until) SELECT id, 'abcdefghij0123456789', $2, $3 FROM nodes WHERE name = '$1'"
    else
        sql "INSERT INTO tokens (node_id, digest, valid_from, valid_until) SELECT id, sha256('abcdefghij0123456789'), $2, $3 FROM nodes WHERE name = '$1'"
    fi
}

by_token() {
    INGEST_TOKEN=${TOKEN:-abcdefghij0123456789} count --json --fdsn-networks networks.json "$@"
}

@test "a token says who submits; one that is not valid counts nothing" {
    for where in live ours; do
        on $where
        token_of RESIF "now() - interval '1 day'" "now() + interval '1 day'"
        by_token a.log
        status_is 0
        rows_are rows-a.tsv RESIF
        by_token --node RESIF b.log.gz
        status_is 0
        by_token --node GFZ c.log.bz2
        status_is 2
        silent_about_token
        TOKEN=0123456789abcdefghij by_token c.log.bz2
        status_is 3
        silent_about_token
        sql "UPDATE tokens SET valid_until = now() - interval '1 second'"
        by_token c.log.bz2
        status_is 3
        silent_about_token
        sql "UPDATE tokens SET valid_until = now() + interval '1 day', valid_from = now() + interval '1 hour'"
        by_token c.log.bz2
        status_is 3
        is "$(n_rows ingest.payloads)" 2
        is "$(n_rows payloads)" 2
    done
}

silent_about_token() {
    [[ "$stderr$output" != *abcdefghij* && "$stderr$output" != *0123456789* ]]
}

@test "a token that is revoked while the logs are read counts nothing" {
    for where in live ours; do
        on $where
        token_of GFZ "now() - interval '1 day'" "now() + interval '1 day'"
        mkfifo pipe
        INGEST_TOKEN=abcdefghij0123456789 "$INGEST" -q --client-key none --fdsn-networks networks.json - <pipe 2>messages &
        pid=$!
        exec 7>pipe
        cat a.log >&7
        # The run has asked for its token before it reads.
        for _ in $(seq 100); do
            [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ingest'")" = 0 ] || break
            sleep 0.1
        done
        sql "UPDATE tokens SET valid_until = now() - interval '1 microsecond'"
        exec 7>&-
        status=0
        wait $pid || status=$?
        output= stderr=$(cat messages)
        status_is 3
        [ "$(grep -c '^ingest: error' messages)" = 1 ]
        is "$(n_rows ingest.payloads)" 0
        is "$(n_rows dataselect_stats)" 0
        is "$(n_rows payloads)" 0
        rm pipe
    done
}

@test "on EIDA's own tables somebody must be named" {
    on live
    count a.log
    status_is 2
    says "--node NAME" "--token-file"
    is "$(n_rows ingest.payloads)" 0
}

# ---- rights ----

@test "a role needs these rights and no others, and is told which one it lacks" {
    for where in live ours; do
        on $where
        role=eida_$where
        PGDATABASE=postgres sql "DROP ROLE IF EXISTS $role; CREATE ROLE $role LOGIN"
        sequence=
        [ $where = ours ] || sequence="GRANT USAGE ON SEQUENCE payloads_id_seq TO $role"
        grants=("GRANT USAGE ON SCHEMA ingest TO $role" "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest TO $role"
            "GRANT SELECT ON nodes, tokens TO $role" "GRANT SELECT, INSERT, UPDATE ON payloads TO $role"
            "GRANT SELECT, INSERT ON networks TO $role" "GRANT SELECT, INSERT, UPDATE ON dataselect_stats TO $role" ${sequence:+"$sequence"})
        for grant in "${grants[@]}"; do
            sql "$grant"
        done
        PGUSER=$role at GFZ --replace a.log payload.json
        status_is 0
        PGUSER=$role at GFZ b.log.gz
        status_is 0
        for lacks in "INSERT ON payloads" "SELECT ON payloads" "UPDATE ON payloads" "INSERT ON networks" "SELECT ON networks" "UPDATE ON dataselect_stats" \
            ${sequence:+"USAGE ON SEQUENCE payloads_id_seq"}; do
            sql "REVOKE $lacks FROM $role"
            PGUSER=$role at GFZ --replace --recheck c.log.bz2
            status_is 3
            says "$role" "${lacks% ON *}" "GRANT" "${lacks##* }"
            sql "GRANT $lacks TO $role"
        done
        PGUSER=$role at GFZ c.log.bz2
        status_is 0
        sql "DROP OWNED BY $role"
    done
}
