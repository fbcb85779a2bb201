#!/usr/bin/env bats
# Stopped and cut off: signals, ended sessions, locks, a server that restarts. What is done stays, what is not is told,
# and the next run makes it whole.
load lib

setup_file() {
    make_template
}

# Waits until SQL gives a true value.
wait_for() {
    local tries=200

    until [ "$(sql "SELECT ($1)::boolean")" = t ]; do
        ((tries-- > 0)) || { echo "in vain: $1"; return 1; }
        sleep 0.05
    done
}

backend="FROM pg_stat_activity WHERE application_name = 'ingest' AND datname = current_database()"

# begin FILE...: a run in the background ($run) whose standard input stays open until `finish`.
begin() {
    rm -f pipe
    mkfifo pipe
    # Python: bash makes children of the background deaf to SIGINT.
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$INGEST" --json --client-key none "$@" <pipe >out 2>err 3>&- 7>&- &
    run=$!
    exec 7>pipe
}

finish() {
    exec 7>&-
    status=0
    wait "$run" || status=$?
    stderr=$(cat err) output=$(cat out)
}

total() {
    sql "SELECT coalesce(sum(count), 0) FROM stats WHERE version IS NULL"
}

@test "SIGINT once: the batch is finished and committed, the rest is left, exit 130" {
    fresh
    lines 10 a >a
    lines 20 b >b
    lines 40 c >c
    lines 80 d >d
    begin a b - d
    cat c >&7
    wait_for "(SELECT count(*) FROM ingest.payloads) = 2"
    kill -INT $run
    sleep 0.3
    finish
    status_is 130
    says "a signal came"
    is "$(total)" 70
    books_balance
    count a b c d
    status_is 0
    is "$(total)" 150
}

@test "SIGTERM once: exit 143" {
    fresh
    lines 10 a >a
    lines 20 b >b
    begin a - b
    wait_for "(SELECT count(*) FROM ingest.payloads) = 1"
    kill -TERM $run
    sleep 0.3
    finish
    status_is 143
    is "$(total)" 10
}

@test "a second signal rolls the batch back" {
    fresh
    lines 10 a >a
    lines 20 b >b
    begin a -
    cat b >&7
    wait_for "(SELECT count(*) FROM ingest.payloads) = 1"
    kill -INT $run
    sleep 0.2
    kill -INT $run
    sleep 0.2
    finish
    status_is 130
    is "$(total)" 10
    books_balance
}

@test "files that vanish or become something else after the run has begun: refused, the others counted" {
    fresh
    lines 10 a >a
    lines 20 b >b
    lines 40 c >c
    lines 80 d >d
    begin a - b c d
    wait_for "(SELECT count(*) FROM ingest.payloads) = 1"
    rm b
    rm c
    mkfifo c
    finish
    status_is 1
    says "b: cannot open input" "No such file" "c: cannot open input" "not a regular file"
    is "$(total)" 90
    books_balance
}

@test "a session that is ended between batches: connected again, exact" {
    fresh
    lines 10 a >a
    lines 20 b >b
    begin a -
    cat b >&7
    wait_for "(SELECT count(*) FROM ingest.payloads) = 1 AND (SELECT count(*) $backend AND state = 'idle') = 1"
    sql "SELECT pg_terminate_backend(pid) $backend" >/dev/null
    finish
    status_is 0
    is "$(total)" 30
    books_balance
}

@test "a session that is ended in the middle of its transaction: tried again, exact" {
    fresh
    lines 10 a >a
    count a
    lines 20 b >b
    (PGAPPNAME=holder "$PG_BIN/psql" -Xq -c "BEGIN; LOCK TABLE stats IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)" >/dev/null 2>&1 || true) 3>&- &
    wait_for "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep')"
    begin b
    wait_for "EXISTS (SELECT $backend AND wait_event_type = 'Lock')"
    sql "SELECT pg_terminate_backend(pid) $backend" >/dev/null
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'" >/dev/null
    finish
    status_is 0
    is "$(total)" 30
    is "$(n_rows ingest.payloads)" 2
    books_balance
}

@test "a lock that is held for a while is waited for" {
    fresh
    lines 10 a >a
    (PGAPPNAME=holder "$PG_BIN/psql" -Xq -c "BEGIN; LOCK TABLE stats IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5)" >/dev/null) 3>&- &
    wait_for "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep')"
    count a
    status_is 0
    is "$(total)" 10
}

@test "a server that restarts during the run: connected again, exact" {
    fresh
    lines 10 a >a
    lines 20 b >b
    begin a -
    cat b >&7
    wait_for "(SELECT count(*) FROM ingest.payloads) = 1 AND (SELECT count(*) $backend AND state = 'idle') = 1"
    restart
    finish
    status_is 0
    is "$(total)" 30
    books_balance
}

restart() {
    local as=()

    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid="$PG_OWNER" --regid="$PG_OWNER" --init-groups)
    (cd / && "${as[@]}" "$PG_BIN/pg_ctl" -D "$PGDATA" -m immediate -w -l "$PGDATA/restart.log" restart) >/dev/null 3>&- 7>&-
}

@test "a server that goes away for good: exit 3, and the committed batch stays" {
    fresh
    lines 10 a >a
    lines 20 b >b
    begin a -
    cat b >&7
    wait_for "(SELECT count(*) FROM ingest.payloads) = 1 AND (SELECT count(*) $backend AND state = 'idle') = 1"
    PGDATABASE=postgres sql "ALTER DATABASE $PGDATABASE ALLOW_CONNECTIONS false"
    PGDATABASE=postgres sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ingest'" >/dev/null
    finish
    PGDATABASE=postgres sql "ALTER DATABASE $PGDATABASE ALLOW_CONNECTIONS true"
    status_is 3
    is "$(total)" 10
    count - <b
    status_is 0
    is "$(total)" 30
    books_balance
}

@test "tables that vanish or change during the run: exit 3, nothing half done" {
    fresh
    lines 10 a >a
    lines 20 b >b
    begin a -
    cat b >&7
    wait_for "(SELECT count(*) FROM ingest.payloads) = 1"
    sql "ALTER TABLE stats DROP COLUMN bytes CASCADE"
    finish
    status_is 3
    is "$(n_rows ingest.payloads)" 1
    is "$(n_rows ingest.payload_days)" 1
}
