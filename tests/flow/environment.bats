#!/usr/bin/env bats
# Nothing around the program changes the rows: no zone, locale, home, mask, directory, encoding or setting of a role.
load lib

setup_file() {
    make_template
}

LOG=$LOGS/logs/combined-crates-mirror.log.gz
NAME=combined-crates-mirror

# same_rows_in ENV...: with this environment -o and the table give the expected rows.
same_rows_in() {
    env "$@" "$INGEST" -o rows --client-key none "$LOG"
    same_file rows "$EXPECTED/$NAME.jsonl"
    fresh
    env "$@" "$INGEST" --client-key none "$LOG"
    table_as_expected
}

table_as_expected() {
    sql "COPY (SELECT name, version, dldate, count, bytes, '\\x' || encode(hll_send(clients), 'hex') FROM stats) TO STDOUT" | sort >table.rows
    shape rows stats "$EXPECTED/$NAME.jsonl" | sort >file.rows
    same_file table.rows file.rows
}

@test "time zones" {
    for zone in America/St_Johns Pacific/Kiritimati; do
        same_rows_in TZ=$zone PGTZ=$zone
    done
    same_rows_in TZ=:nonsense
}

@test "locales" {
    for locale in tr_TR.UTF-8 C.UTF-8 de_DE.UTF-8 nonsense; do
        same_rows_in LC_ALL=$locale LANG=$locale
    done
}

@test "client encodings, date styles and options of libpq" {
    for encoding in SQL_ASCII LATIN1 EUC_JP; do
        same_rows_in PGCLIENTENCODING=$encoding
    done
    same_rows_in PGDATESTYLE="SQL, DMY" PGGEQO=off
    same_rows_in PGOPTIONS="-c bytea_output=escape -c DateStyle=German -c extra_float_digits=-5 -c standard_conforming_strings=off"
    same_rows_in PGOPTIONS="-c default_transaction_isolation=serializable -c intervalstyle=iso_8601 -c timezone=America/St_Johns"
}

@test "odd settings of the role" {
    fresh
    sql "CREATE ROLE odd SUPERUSER LOGIN"
    for setting in "client_encoding = 'SQL_ASCII'" "datestyle = 'German'" "timezone = 'America/St_Johns'" "bytea_output = 'escape'" \
        "default_transaction_isolation = 'serializable'" "standard_conforming_strings = off" "statement_timeout = '1h'" \
        "idle_in_transaction_session_timeout = '1h'" "synchronous_commit = off" "enable_hashjoin = off" "enable_seqscan = off" \
        "work_mem = '64kB'" "default_transaction_deferrable = on" "default_text_search_config = 'simple'" "row_security = off" \
        "session_replication_role = 'replica'" "temp_buffers = '800kB'" "transform_null_equals = on"; do
        sql "ALTER ROLE odd SET $setting"
    done
    PGUSER=odd "$INGEST" --client-key none "$LOG"
    table_as_expected
    # and again, through the stage: the table holds these days already
    shape text "$LOG" | head -c 20000 >more
    PGUSER=odd count --distinct more
    status_is 0
    books_balance
    sql "DROP ROLE odd"
}

@test "no HOME: the home of the user's account is used" {
    same_rows_in -u HOME
    lines 2 >log
    run --separate-stderr env -u HOME "$INGEST" -o - log
    [ "$status" -eq 2 ] || [ "$status" -eq 0 ] # whether that account has a key is not ours to say
}

@test "an empty environment" {
    fresh
    run --separate-stderr env -i "$INGEST" --client-key none -d "host=$PGHOST dbname=$PGDATABASE user=$PGUSER" "$LOG"
    status_is 0
    table_as_expected
}

@test "any umask: the key is for its owner alone" {
    for mask in 000 077 277; do
        fresh
        rm -rf "$HOME/.config"
        lines 2 >log
        (umask $mask && "$INGEST" log)
        is "$(stat -c %a "$HOME/.config/ingest/client.key")" 600
        (umask $mask && "$INGEST" -o "rows$mask" --client-key none log)
    done
}

@test "a working directory that is gone" {
    fresh
    mkdir gone
    cd gone
    rmdir ../gone
    "$INGEST" --client-key none "$LOG"
    cd ..
    table_as_expected
}

@test "few descriptors" {
    fresh
    mkdir logs
    for n in $(seq 100); do
        lines "$n" "n$n" >"logs/$n"
    done
    (ulimit -n 16 && "$INGEST" -j 4 --client-key none logs)
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 5050
}

@test "no threads to be had" {
    release_only
    fresh
    cp "$LOG" log.gz
    lines 3 >more
    # exec: bash could not start it beside itself.
    run --separate-stderr "$ROOT/tests/lib/as-user" --with "$INGEST" --with log.gz --with more \
        bash -c 'ulimit -u 1; exec ./ingest -j 4 -n --json --client-key none log.gz more'
    status_is 0
    is "$(summary 's["files"]["read"], s["lines"]["read"]')" "(2, 3603)"
}

@test "the clock does not matter" {
    command -v faketime || skip "no faketime"
    for when in '1971-01-01 00:00:00' '2099-12-31 23:59:59'; do
        ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 faketime "$when" "$INGEST" -o rows --client-key none "$LOG"
        same_file rows "$EXPECTED/$NAME.jsonl"
    done
}
