#!/usr/bin/env bats
# Logs that a server writes on and logrotate turns over, while ingest reads all there is again and again: every line that
# lies in some file is counted once.
load lib

setup_file() {
    make_template
}

# rotated MODE [SEED]
rotated() {
    [ -x /usr/sbin/logrotate ] || skip "no logrotate"
    fresh
    for seed in ${2:-1 2}; do
        mkdir "$1.$seed"
        cd "$1.$seed" || return 1
        sql "TRUNCATE ingest.payloads, stats CASCADE; TRUNCATE ingest.refusals"
        python3 "$HERE/rotation.py" "$INGEST" "$1" "$seed" >../out || { cat ../out; return 1; }
        say "$(cat ../out)"
        books_balance
        cd .. || return 1
    done
}

@test "create and compress" {
    rotated create
}

@test "delaycompress" {
    rotated delaycompress
}

@test "dateext" {
    rotated dateext 1
}

@test "not compressed" {
    rotated plain
}

@test "copytruncate: what it loses itself lies nowhere, all else is counted" {
    rotated copytruncate
}

@test "copytruncate and delaycompress" {
    rotated copytruncate_delay
}
