#!/usr/bin/env bats
# tools/tempdb: a migrated database for one command, and none left whatever ends it.
load lib

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
}

tempdb() {
    run --separate-stderr "$ROOT/tools/tempdb" "$@"
}

left() {
    PGDATABASE=postgres sql "SELECT count(*) FROM pg_database WHERE datname LIKE 'test\_%'"
}

# Of a script that could not wait for it.
soon_none_left() {
    local i

    for ((i = 0; i < 200; i++)); do
        [ "$(left)" -ne 0 ] || return 0
        sleep 0.05
    done
    echo "a database is left"
    return 1
}

# A command that says who it is and stays until somebody ends it.
stay() {
    cat >stay <<'SH'
#!/bin/sh
trap 'echo ended; exit 9' TERM
echo $$ >pid.new && mv pid.new pid
while :; do sleep 0.05; done
SH
    chmod +x stay
}

wait_for() {
    local i

    for ((i = 0; i < 400; i++)); do
        [ ! -e "$1" ] || return 0
        sleep 0.05
    done
    return 1
}

@test "a database of its own: named, migrated, led to by every variable, gone, and the status is the command's" {
    tempdb zeco -- sh -c '
        echo "$PGDATABASE $INGEST_DATABASE"
        "$PG_BIN/psql" -Atc "SELECT current_database(), count(*) FROM zeco.stats"
        "$PG_BIN/psql" -Atc "SELECT count(*) FROM ingest.migrations WHERE set IN (\$\$stats\$\$, \$\$eida\$\$)" "$INGEST_DATABASE"
        exit 7'
    status_is 7
    silent
    [[ ${lines[0]} =~ ^(test_[a-z]{15})\ postgresql://postgres@/(test_[a-z]{15})\?host=.*\&port=5432$ ]]
    is "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    is "${lines[1]}" "${BASH_REMATCH[1]}|0"
    is "${lines[2]}" 0
    is "$(left)" 0
}

@test "it counts: ingest finds it without a word, and what \`migrate up\` alone makes is there" {
    lines 3 >log
    tempdb -- sh -c '"$INGEST" --client-key none log && "$PG_BIN/psql" -Atc "SELECT count(*) FROM stats"'
    status_is 0
    is "$output" 4
    is "$(left)" 0
}

@test "the URI is printed for -p, and without a command until standard input ends" {
    tempdb -p -- echo behind
    status_is 0
    [[ ${lines[0]} == postgresql://postgres@/test_* ]]
    is "${lines[1]}" behind
    mkfifo in out
    "$ROOT/tools/tempdb" ledger <in >out &
    exec 4>in
    read -r uri <out
    is "$("$PG_BIN/psql" -XAtqc "SELECT count(*) FROM ingest.payloads" "$uri")" 0
    exec 4>&-
    wait $!
    is "$(left)" 0
}

@test "INGEST_DATABASE names the server: as a URI, with a database in its query, as words" {
    for where in "postgresql://postgres@/postgres?host=$PGHOST" "postgresql:///?dbname=postgres&host=$PGHOST&user=postgres" \
        "postgres://postgres@/template1?host=${PGHOST//\//%2F}&port=5432" "host=$PGHOST user=postgres dbname=postgres"; do
        # shellcheck disable=SC2016
        run --separate-stderr env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE INGEST_DATABASE="$where" "$ROOT/tools/tempdb" ledger -- sh -c '
            "$PG_BIN/psql" -XAtqc "SELECT current_database() = \$\$$PGDATABASE\$\$" "$INGEST_DATABASE"
            env -u INGEST_DATABASE "$PG_BIN/psql" -XAtqc "SELECT current_database() = \$\$$PGDATABASE\$\$"'
        status_is 0
        silent
        is "$output" "t
t"
    done
    is "$(left)" 0
}

@test "the command is killed, or leaves connections behind: the database is dropped all the same" {
    # shellcheck disable=SC2016
    tempdb ledger -- sh -c 'kill -9 $$'
    status_is 137
    is "$(left)" 0
    # shellcheck disable=SC2016
    tempdb ledger -- sh -c '"$PG_BIN/psql" -qXc "SELECT pg_sleep(60)" >/dev/null 2>&1 3>&- &'
    status_is 0
    is "$(left)" 0
}

@test "a signal goes on to the command, and then the database goes" {
    stay
    "$ROOT/tools/tempdb" ledger -- ./stay >said 3>&- &
    pid=$!
    wait_for pid
    is "$(left)" 1
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    is "$status" 9
    is "$(cat said)" ended
    is "$(left)" 0
}

@test "killed without a word, it leaves no database" {
    stay
    "$ROOT/tools/tempdb" ledger -- ./stay 3>&- &
    pid=$!
    wait_for pid
    kill -KILL $pid
    wait $pid || true
    soon_none_left
    kill "$(cat pid)"
}

@test "no server is named: one is made, and nothing of it is left" {
    # shellcheck disable=SC2016
    run --separate-stderr env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE "$ROOT/tools/tempdb" ledger -- sh -c '
        echo "$PGHOST"; "$PG_BIN/psql" -XAtqc "SELECT count(*) FROM ingest.payloads"; exit 3'
    status_is 3
    [ "${lines[0]}" != "$PGHOST" ]
    is "${lines[1]}" 0
    [ ! -e "${lines[0]}" ]
}

@test "mistakes: an unknown set, option or command, a server that is not there" {
    tempdb nosuch -- true
    status_is 2
    says '"nosuch" is no set'
    tempdb --frobnicate -- true
    status_is 2
    run -127 --separate-stderr "$ROOT/tools/tempdb" ledger -- ./nosuch
    says ./nosuch
    is "$(left)" 0
    PGHOST=$PWD tempdb ledger -- true
    status_is 3
    says "$PWD"
}
