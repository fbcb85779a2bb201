#!/usr/bin/env bats
# Whatever strangers write into logs, names and settings: no output has a byte that acts, and all JSON is JSON.
load lib

FORMATS="cloudfront combined common csv elb fastly fdsnws json linehaul s3 seventv tsv vhost_combined vhost_common w3c"

setup_file() {
    make_template
    export CORPUS=$BATS_FILE_TMPDIR/corpus
    mkdir "$CORPUS"
    python3 "$HERE/hostile.py" logs "$CORPUS"
}

bad_names() {
    python3 "$HERE/hostile.py" names
}

# text | json WORD...: the command, and its output and messages scanned. A status that is ours, never the sanitizers'.
text() {
    local rc=0

    "$INGEST" "$@" >out 2>messages || rc=$?
    [ $rc -le 4 ] || { echo "exit status $rc: $*"; cat messages; return 1; }
    python3 "$HERE/hostile.py" text out messages
}

json() {
    text "$@" && python3 "$HERE/hostile.py" json out
}

@test "lines of each format: summary, rows, rejected lines, what is explained" {
    no_database
    for format in $FORMATS; do
        common=(--client-key none -f "$format" --max-reject 100 --route '/h/{name}/{version}')
        json "${common[@]}" -v --json --rejects rejects.jsonl -o rows.jsonl "$CORPUS/$format.log"
        python3 -c 'import json; s = json.load(open("out"))["lines"]; assert s["counted"] > 300 and sum(s["rejected"].values()) > 12, s'
        python3 "$HERE/hostile.py" json rejects.jsonl rows.jsonl
        [ -s rows.jsonl ] && [ -s rejects.jsonl ]
        ! grep -qE '198\.18\.77|5ec7:' out messages rows.jsonl rejects.jsonl
        text "${common[@]}" -v --progress --rejects rejects.jsonl --rejects-raw -n "$CORPUS/$format.log" || {
            # The progress line alone moves the cursor: back to its beginning, and clears to its end.
            sed -i 's/\r[^\r]*\x1b\[K//g' messages
            python3 "$HERE/hostile.py" text out messages
        }
        python3 "$HERE/hostile.py" json rejects.jsonl
        text "${common[@]}" -o - "$CORPUS/$format.log"
        text explain -f "$format" --route '/h/{name}/{version}' "$CORPUS/$format.log"
        mapfile -t places < <(seq -f "$CORPUS/$format.log:%.0f" 1 40 500)
        json explain --json -f "$format" --route '/h/{name}/{version}' "${places[@]}"
    done
}

@test "what is written for EIDA's web service" {
    no_database
    mkdir payloads
    text --to eida --client-key none --max-reject 100 -f fdsnws -o payloads "$CORPUS/fdsnws.log"
    for file in payloads/*.json.gz; do
        zcat "$file" >payload.json
        python3 "$HERE/hostile.py" json payload.json
        is "$(LC_ALL=C grep -c '[^ -~]' payload.json)" 0
    done
    [ -s payload.json ]
}

@test "in the database: keys are the bytes that stood in the log, and no statement has a piece of one" {
    fresh
    name=$PGDATABASE
    PGDATABASE=postgres sql "ALTER DATABASE $name SET log_statement = 'all'"
    PGDATABASE=postgres sql "ALTER DATABASE $name SET log_min_duration_statement = 0"
    begin=$(wc -c <"$(dirname "$PGDATA")/server.log")
    for format in combined json cloudfront; do
        json -v --json --max-reject 100 -f $format --client-key none --route '/h/{name}/{version}' "$CORPUS/$format.log"
    done
    is "$(n_rows ingest.payloads)" 3
    tail -c +"$begin" "$(dirname "$PGDATA")/server.log" >server.log
    grep -q 'COPY' server.log
    is "$(grep -acE 'keyMARK77|uaMARK77|198\.18\.77|5ec7:|DROP TABLE stats' server.log)" 0
    sql "SELECT DISTINCT encode(convert_to(name, 'UTF8'), 'hex') FROM stats" >keys
    n=$(python3 "$HERE/hostile.py" keys keys)
    [ "$n" -ge 50 ] || { echo "$n keys came through as they were"; false; }
    # shellcheck disable=SC2016
    for key in "'; DROP TABLE stats; --" '\N' '\.' '$1' '$$;DROP TABLE stats;$$' '@SUM(A1)' '+1+1'; do
        [ "$(sql "SELECT count(*) FROM stats WHERE name = \$zz\$keyMARK77${key}\$zz\$")" -ge 1 ] || { echo "no key $key"; false; }
    done
    books_balance
    # Nothing about clients: not in a table, not where the server keeps them.
    "$PG_BIN/pg_dump" >dump.sql
    is "$(grep -acE 'uaMARK77|198\.18\.77|5ec7:' dump.sql)" 0
    [ "$(grep -ac keyMARK77 dump.sql)" -gt 60 ]
    for how in "status" "status -v" "status --audit" "status --doctor" "status --audit -v"; do
        # shellcheck disable=SC2086
        text $how
        # shellcheck disable=SC2086
        json $how --json
    done
}

@test "names of files: told, remembered, listed, explained, refused, dumped" {
    fresh
    mkdir logs broken
    i=0
    while IFS= read -r -d '' name; do
        line serde "1.0.$i" >"logs/$name.log"
        printf 'rubbish %d\n' $i >"broken/$name.log"
        line serde "1.0.$i" | gzip | head -c 30 >"broken/$name.gz"
        i=$((i + 1))
    done < <(bad_names)
    find broken -exec touch -d '1 hour ago' {} +
    text -v --client-key none logs
    text -v --client-key none -f combined --max-reject 10 broken
    [ "$(grep -c '^ingest: error' messages)" -ge $((2 * i - 2)) ]
    json -v --json --client-key none broken logs
    text known logs broken
    json known --json logs broken || text known logs broken
    for how in "status" "status -v" "status --audit"; do
        # shellcheck disable=SC2086
        text $how
        # shellcheck disable=SC2086
        json $how --json
    done
    json explain --json logs broken
    text explain logs broken
    text accept broken
    text --client-key none --rejects rejects.jsonl --max-reject 100 -f combined --recheck logs broken
    python3 "$HERE/hostile.py" json rejects.jsonl
    text enqueue logs
    text work
    # Names of what is not there, of options, of places that cannot be used.
    while IFS= read -r -d '' name; do
        text "missing/$name" "--$name" || true
        text -f "$name" logs
        text --rules "$name" --dataset "$name" logs
        text -c "missing/$name" logs
        text --rejects "missing/$name/x" logs
        text -d "host=$name dbname=$name" logs
        text --node "$name" "$LOGS/logs/fdsnws-2024.log.gz"
        text "$name"
    done < <(bad_names | head -z -n 12 | tail -z -n 8)
    sql "SELECT 1" >/dev/null
}

@test "names of nodes, their contacts, and what a configuration holds" {
    fresh
    i=0
    while IFS= read -r -d '' name; do
        text node add "N$i" --contact "$name"
        text node add "$name"
        sql "INSERT INTO nodes (name, contact) VALUES (\$zz\$$name\$zz\$, 'x') ON CONFLICT DO NOTHING" 2>/dev/null || true
        i=$((i + 1))
    done < <(bad_names)
    [ "$(n_rows nodes)" -gt 50 ]
    text node list
    json node list --json
    for id in $(sql "SELECT id FROM nodes ORDER BY id LIMIT 60"); do
        sql "INSERT INTO tokens (node_id, digest, valid_from, valid_until) VALUES ($id, sha256('$id'), now(), now() + interval '1 day')"
    done
    text token list
    json token list --json
    while IFS= read -r -d '' name; do
        for line in "[source $name]" "[$name]" "$name = x" "client-key = $name" "[source a]\nfiles = $name"; do
            printf '[ingest]\n%b\n' "$line" >bad.ini
            text -c bad.ini run
        done
    done < <(bad_names | head -z -n 12 | tail -z -n 6)
}

@test "leaderboards and backups: what is written, printed and said" {
    fresh
    "$INGEST" -q migrate up seventv
    text -f seventv --max-reject 100 --client-key none "$CORPUS/seventv.log"
    text --client-key none -f combined --max-reject 100 --route '/h/{name}/{version}' "$CORPUS/combined.log"
    while IFS= read -r -d '' name; do
        mkdir -p "boards $name"
        text leaderboard -v -o "boards $name" --until 2024-02-01
        python3 "$HERE/hostile.py" text "boards $name"/*
        text backup -v "backup $name"
        tr '\t' ' ' <"$(echo "backup $name"/*.manifest)" >manifest
        python3 "$HERE/hostile.py" text manifest
        text backup --check -v "backup $name"/*.dump
        text leaderboard -o "missing/$name"
        text backup --check "missing/$name"
    done < <(bad_names | head -z -n 12 | tail -z -n 3)
    is "$(find . -name '*.dump' | wc -l)" 3
}
