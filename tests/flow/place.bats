#!/usr/bin/env bats
# Which database, whose node, which rules, which schema; migrations and psql from the command line.
load lib

setup_file() {
    make_template
}

# Nothing of the environment leads to the server; where it is stands in $uri and $conninfo.
elsewhere() {
    uri="postgresql:///$PGDATABASE?host=$PGHOST&user=$PGUSER"
    conninfo="host=$PGHOST dbname=$PGDATABASE user=$PGUSER"
    home_of_server=$PGHOST name=$PGDATABASE user=$PGUSER
    no_database
    unset PGUSER
}

n_counted() {
    "$PG_BIN/psql" -XAtq -d "$uri" -c "SELECT count(*) FROM ingest.payloads"
}

@test "-d takes a URI" {
    fresh
    elsewhere
    lines 2 >log
    count -d "$uri" log
    status_is 0
    is "$(n_counted)" 1
}

@test "-d takes a conninfo" {
    fresh
    elsewhere
    lines 2 >log
    count -d "$conninfo" log
    status_is 0
    is "$(n_counted)" 1
}

@test "\$INGEST_DATABASE names the database" {
    fresh
    elsewhere
    lines 2 >log
    INGEST_DATABASE=$uri count log
    status_is 0
    is "$(n_counted)" 1
}

@test "the configuration names the database: --config and ~/.config/ingest/ingest.ini" {
    fresh
    elsewhere
    lines 2 >log
    printf '; ours\n[ingest]\ndatabase = %s\nclient-key = none\n' "$uri" >my.ini
    run --separate-stderr "$INGEST" -c my.ini log
    status_is 0
    is "$(n_counted)" 1
    mkdir -p "$HOME/.config/ingest"
    cp my.ini "$HOME/.config/ingest/ingest.ini"
    lines 3 >log
    run --separate-stderr "$INGEST" log
    status_is 0
    is "$(n_counted)" 2
}

@test "the command line wins over the environment, the environment over the configuration" {
    fresh
    elsewhere
    lines 2 >log
    printf '[ingest]\ndatabase = postgresql:///wrong1?host=%s\n' "$home_of_server" >my.ini
    INGEST_DATABASE="postgresql:///wrong2?host=$home_of_server&user=$user" count -c my.ini log
    status_is 3
    says wrong2
    INGEST_DATABASE="postgresql:///wrong2?host=$home_of_server" count -c my.ini -d "$uri" log
    status_is 0
    is "$(n_counted)" 1
}

@test "PG* variables name the database" {
    fresh
    lines 2 >log
    count log
    status_is 0
    is "$(n_rows ingest.payloads)" 1
}

@test "no database named: exit 2, and both ways are told" {
    no_database
    lines 2 >log
    count log
    status_is 2
    says "no database is named" "-d postgresql://" "--local"
}

@test "both -d and --local: exit 2" {
    lines 2 >log
    count -d "dbname=x" --local log
    status_is 2
    says "both --database and --local"
}

@test "a password on the command line is refused and not repeated" {
    lines 2 >log
    for uri in "postgresql://me:Geheim7@h/db" "host=h password=Geheim7" "host=h password = 'Geheim7'"; do
        count -d "$uri" log
        status_is 2
        says "password" ".pgpass"
        [[ "$stderr" != *Geheim7* ]]
    done
}

@test "a password in the environment is used and never shown" {
    lines 2 >log
    INGEST_DATABASE="postgresql://me:Geheim7@/db?host=/nonexistent" count log
    status_is 3
    [[ "$stderr" != *Geheim7* ]]
    INGEST_DATABASE="postgresql://me:Geheim7@[/db" count log
    status_is 2
    [[ "$stderr" != *Geheim7* ]]
}

@test "a database without ledger: exit 3 and the command to type" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS bare"
    PGDATABASE=postgres sql "CREATE DATABASE bare"
    lines 2 >log
    PGDATABASE=bare count log
    status_is 3
    says "no ledger" "ingest migrate up"
    is "$(PGDATABASE=bare sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'ingest'")" 0
}

@test "a ledger without the dataset's table: exit 3 if it was asked for, else the input is refused" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS bare"
    PGDATABASE=postgres sql "CREATE DATABASE bare"
    export PGDATABASE=bare
    "$INGEST" -q migrate up ledger
    lines 2 >log
    for asked in --format=combined --dataset=stats --rules=crates '--log-format=%h %l %u %t "%r" %>s %b'; do
        count "$asked" log
        status_is 3
        says '"stats"' "ingest migrate up stats"
    done
    count log
    status_is 1
    says "log: cannot count this input" '"stats"' "ingest migrate up stats"
    is "$(n_rows ingest.payloads)" 0
}

@test "a log that feeds a table that is not there is refused alone, and not remembered" {
    fresh
    emote=60ae958e229664e8667aea38
    change='{"user":"%s","old":[],"new":["%s"],"time":"2024-01-16T10:00:00Z"}\n'
    mkdir logs
    lines 3 >logs/a.log
    # shellcheck disable=SC2059
    for i in 1 2 3; do printf "$change" $emote $emote; done >logs/seventv.log
    lines 4 rand >logs/b.log
    sleep 2.1 # times under 2 s old prove nothing, so nothing is remembered
    count --json logs
    status_is 1
    is "$(grep -c error: <<<"$stderr")" 1
    says "logs/seventv.log: cannot count this input" "dataset emote_stats" '"emote_stats" is missing' \
        "ingest migrate up seventv"
    is "$(summary 's["files"]["read"], s["files"]["refused"], s["lines"]["counted"]')" "(2, 1, 7)"
    is "$(n_rows ingest.payloads)" 2
    is "$(n_rows ingest.refusals)" 0
    # In one stream it is left out just so.
    fresh _2
    count --json --window 30s logs
    status_is 1
    is "$(summary 's["files"]["read"], s["files"]["refused"]')" "(2, 1)"
    count -f seventv logs/seventv.log
    status_is 3
    count --dataset emote_stats logs/seventv.log
    status_is 3
    # Rules of packages do not ask for emotes.
    count --rules crates logs/seventv.log
    status_is 1
    "$INGEST" -q migrate up seventv
    count --json logs
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["known_otherwise"]')" "(1, 2)"
    is "$(sql "SELECT count FROM seventv.emote_stats")" 3
}

@test "no server: exit 3, at once" {
    lines 2 >log
    start=$SECONDS
    count -d "host=$BATS_TEST_TMPDIR dbname=x" log
    status_is 3
    says "connect"
    [ $((SECONDS - start)) -lt 15 ]
    count -d "host=127.0.0.1 port=1 dbname=x" log
    status_is 3
}

@test "an unknown database or role: exit 3" {
    lines 2 >log
    PGDATABASE=nowhere count log
    status_is 3
    says nowhere
    PGUSER=nobody_here count log
    status_is 3
    says nobody_here
}

@test "a role that may not write: exit 3, and nothing is there" {
    fresh
    PGDATABASE=postgres sql "DROP ROLE IF EXISTS reader"
    sql "CREATE ROLE reader LOGIN"
    lines 2 >log
    PGUSER=reader count log
    status_is 3
    says "permission denied"
    sql "GRANT USAGE ON SCHEMA ingest TO reader"
    sql "GRANT SELECT ON ALL TABLES IN SCHEMA ingest TO reader"
    sql "GRANT SELECT ON stats TO reader"
    PGUSER=reader count log
    status_is 3
    says "the role reader lacks INSERT on ingest.payloads" 'GRANT INSERT ON ingest.payloads TO "reader"'
    is "$(n_rows ingest.payloads)" 0
    sql "DROP OWNED BY reader"
    sql "DROP ROLE reader"
}

@test "the rights that the documentation names are enough" {
    fresh
    sql "CREATE ROLE writer LOGIN"
    sql "GRANT USAGE ON SCHEMA ingest TO writer"
    sql "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest TO writer"
    sql "GRANT SELECT, INSERT, UPDATE ON stats, dataselect_stats TO writer"
    sql "GRANT SELECT ON nodes TO writer"
    sql "GRANT SELECT, INSERT ON networks, payloads TO writer"
    PGUSER=writer count "$LOGS/logs"
    status_is 0
    PGUSER=writer count "$LOGS/other/rubygems-common.log.gz"
    status_is 0
    [ "$(n_rows stats)" -gt 100 ]
    books_balance
    sql "DROP OWNED BY writer"
    sql "DROP ROLE writer"
}

@test "an unknown node: exit 2" {
    fresh
    count --node Atlantis "$LOGS/logs/fdsnws-2024.log.gz"
    status_is 2
    says 'no node "Atlantis"'
    is "$(n_rows ingest.payloads)" 0
}

@test "nodes: the same payload of two nodes counts for each, once" {
    fresh
    sql "INSERT INTO nodes (name) VALUES ('GFZ'), ('ETH')"
    for node in GFZ ETH GFZ ETH; do
        count --node $node "$LOGS/logs/fdsnws-2024.log.gz"
        status_is 0
    done
    is "$(sql "SELECT string_agg(name || ' ' || n, ', ' ORDER BY name) FROM (SELECT name, sum(nb_reqs) AS n FROM dataselect_stats s
               JOIN nodes ON nodes.id = node_id GROUP BY name) x")" "$(sql "SELECT 'ETH ' || sum(nb_reqs)::bigint / 2 || ', GFZ ' || sum(nb_reqs)::bigint / 2 FROM dataselect_stats")"
    is "$(n_rows ingest.payloads)" 2
    books_balance
}

@test "--rules against the table's ecosystem: exit 2, and nothing is counted" {
    fresh
    lines 2 >log
    count log
    status_is 0
    lines 3 >log
    count --rules rubygems log
    status_is 2
    says "downloads of crates" "rubygems"
    is "$(n_rows ingest.payloads)" 1
    count --rules crates log
    status_is 0
}

# gems N: downloads that are none of crates.
gems() {
    lines "$1" rack | sed -E 's#/crates/rack/(rack-[0-9.]+)[.]crate#/gems/\1.gem#'
}

@test "the ecosystem is remembered: hits of another are filtered" {
    fresh
    lines 2 >log
    count log
    gems 40 >gems
    count --json gems
    status_is 0
    is "$(summary 's["lines"]["filtered"], s["lines"]["counted"]')" "({'other_ecosystem': 40}, 0)"
    is "$(n_rows stats)" 3
    books_balance
}

@test "the first input decides the ecosystem, however many workers there are" {
    lines 2 >log
    for i in 1 2 3 4 5; do
        { gems $((100 + i)); lines 3; } >"gems$i"
    done
    for jobs in 1 4; do
        fresh _$jobs
        count -j $jobs log gems?
        status_is 0
        is "$(n_rows stats "name = 'rack'")" 0
        is "$(sql "SELECT count FROM stats WHERE version IS NULL")" 17
        books_balance
        fresh _r$jobs
        count -j $jobs gems? log
        status_is 0
        is "$(n_rows stats "name = 'serde'")" 0
        is "$(sql "SELECT count FROM stats WHERE version IS NULL")" 515
        books_balance
    done
}

@test "migrate up, status, down: what is made is taken down again" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS bare"
    PGDATABASE=postgres sql "CREATE DATABASE bare"
    export PGDATABASE=bare
    run --separate-stderr "$INGEST" migrate up
    status_is 0
    [[ "$output" == *ledger*stats*eida* ]]
    run --separate-stderr "$INGEST" migrate up
    status_is 0
    run --separate-stderr "$INGEST" migrate status
    status_is 0
    is "$(grep -c ' applied ' <<<"$output")" "$(find "$ROOT"/schema/{ledger,stats,eida} -name '*.up.sql' | wc -l)"
    lines 2 >log
    count log
    run --separate-stderr "$INGEST" migrate down
    status_is 3
    says "--drop-data"
    is "$(n_rows stats)" 3
    run --separate-stderr "$INGEST" migrate down --drop-data
    status_is 0
    is "$(sql "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'v')
               AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND relname <> 'migrations'")" 0
    run --separate-stderr "$INGEST" migrate status
    is "$(grep -c " pending " <<<"$output")" "$(find "$ROOT/schema" -name '*.up.sql' | wc -l)"
    "$INGEST" -q migrate up
    count log
    status_is 0
    is "$(n_rows stats)" 3
}

@test "migrate print gives SQL that psql runs, and needs no database" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS bare"
    PGDATABASE=postgres sql "CREATE DATABASE bare"
    (no_database && "$INGEST" migrate print >all.sql)
    export PGDATABASE=bare
    PGOPTIONS="-c client_min_messages=warning" "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f all.sql >/dev/null
    run --separate-stderr "$INGEST" migrate status
    is "$(grep -c ' applied ' <<<"$output")" "$(find "$ROOT"/schema/{ledger,stats,eida} -name '*.up.sql' | wc -l)"
    lines 2 >log
    count log
    status_is 0
}

@test "migrate: an unknown action or set is exit 2" {
    run --separate-stderr "$INGEST" migrate sideways
    status_is 2
    says sideways
    run --separate-stderr "$INGEST" migrate
    status_is 2
    run --separate-stderr "$INGEST" migrate up nonsense
    status_is 2
    says nonsense
    no_database
    run --separate-stderr "$INGEST" migrate up
    status_is 2
    says "no database is named"
}

@test "--no-sketches: tables without hll, counts all the same" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS bare"
    PGDATABASE=postgres sql "CREATE DATABASE bare"
    export PGDATABASE=bare
    "$INGEST" -q migrate up --no-sketches
    is "$(sql "SELECT count(*) FROM pg_extension WHERE extname = 'hll'")" 0
    run --separate-stderr "$INGEST" "$LOGS/logs/cloudfront-crates-2024-01.log.gz" # and no client key is needed
    status_is 0
    [ ! -e "$HOME/.config/ingest/client.key" ]
    sql "COPY (SELECT name, version, dldate, count, bytes FROM stats) TO STDOUT" | sort >table.rows
    shape rows stats "$EXPECTED/cloudfront-crates-2024-01.jsonl" | cut -f1-5 | sort >file.rows
    same_file table.rows file.rows
}

@test "ingest psql -- ... runs psql on the database, with its status" {
    fresh
    elsewhere
    export PATH=$PG_BIN:$PATH
    run --separate-stderr "$INGEST" psql -d "$uri" -- -XAtc "select 41 + 1"
    status_is 0
    is "$output" 42
    run --separate-stderr "$INGEST" psql -d "$uri" -- -XAtc "select nonsense"
    status_is 1
}

@test "a standby, as a session that is read only: exit 3" {
    fresh
    lines 2 >log
    PGOPTIONS="-c default_transaction_read_only=on" count -d "target_session_attrs=any" log
    status_is 3
    says "read"
    is "$(n_rows ingest.payloads)" 0
}
