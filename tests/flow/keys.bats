#!/usr/bin/env bats
# Client keys: made once, the same for every host that feeds a table, and no address anywhere.
load lib

setup_file() {
    make_template
}

key() {
    printf '1970-01-01 %s\n' "${2:-000102030405060708090a0b0c0d0e0f}" >"$1"
    chmod 600 "$1"
}

ingest() {
    run --separate-stderr "$INGEST" "$@"
}

nothing_counted() {
    is "$(n_rows ingest.payloads)" "${1:-0}"
}

@test "the first run into a database makes the default key, for its owner alone, and its id is kept" {
    fresh
    lines 2 >log
    umask 000
    ingest log
    status_is 0
    file=$HOME/.config/ingest/client.key
    is "$(stat -c %a "$file")" 600
    is "$(grep -cE '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9a-f]{32}$' "$file")" 1
    is "$(n_rows ingest.settings "key = 'key_id:public.stats' AND length(value) = 8")" 1
    is "$(sql "SELECT convert_from(value, 'UTF8') FROM ingest.settings WHERE key = 'key_made:public.stats'")" "$(hostname):$file"
    # and it is used again
    before=$(cat "$file")
    lines 3 >log
    ingest log
    status_is 0
    is "$(cat "$file")" "$before"
    is "$(sql "SELECT hll_cardinality(clients)::integer FROM stats WHERE version IS NULL")" 3
}

@test "another key than the table's: exit 2, says where it was made, counts nothing" {
    fresh
    key first
    key second ff0102030405060708090a0b0c0d0e0f
    lines 2 >log
    ingest --client-key first log
    status_is 0
    lines 3 >log
    ingest --client-key second log
    status_is 2
    says "another client key" second "made as $(hostname):first"
    nothing_counted 1
    cp -p first third
    ingest --client-key third log
    status_is 0
}

@test "a missing key file where the database has a key: exit 2, and none is made" {
    fresh
    key first
    lines 2 >log
    ingest --client-key first log
    lines 3 >log
    ingest log
    status_is 2
    says "client.key" "made as $(hostname):first"
    [ ! -e "$HOME/.config/ingest/client.key" ]
    ingest --client-key gone log
    status_is 2
    [ ! -e gone ]
    nothing_counted 1
}

@test "a key file that cannot be used: exit 2 before anything is touched, needed or not" {
    fresh
    lines 2 >log
    mkdir dir
    echo nonsense >odd
    key open
    chmod 644 open
    echo "keep me" >rows
    for bad in dir odd open; do
        ingest --client-key $bad log
        status_is 2
        says "$bad" "cannot use the client key"
        printf '[ingest]\nclient-key = %s\n' $bad >my.ini
        ingest -c my.ini log
        status_is 2
        says "$bad" "cannot use the client key"
        ingest --client-key $bad -o rows --rejects rejects log
        status_is 2
        ingest --client-key $bad -f fdsnws "$LOGS/logs/fdsnws-2024.log.gz"
        status_is 2
    done
    nothing_counted 0
    is "$(cat rows)" "keep me"
    [ ! -e rejects ]
}

@test "--client-key none and a key do not mix in a table, either way" {
    fresh
    key first
    lines 2 >log
    ingest --client-key first log
    lines 3 >log
    ingest --client-key none log
    status_is 2
    says "--client-key none"
    nothing_counted 1
    fresh _2
    ingest --client-key none log
    status_is 0
    lines 4 >log
    ingest --client-key first log
    status_is 2
    nothing_counted 1
    ingest log
    status_is 2
    nothing_counted 1
}

@test "fdsnws needs no key and makes none" {
    fresh
    ingest "$LOGS/logs/fdsnws-2024.log.gz"
    status_is 0
    [ ! -e "$HOME/.config/ingest/client.key" ]
    ingest -o - "$LOGS/logs/fdsnws-2024.log.gz"
    status_is 0
}

@test "-o without a key: exit 2, and none is made" {
    lines 2 >log
    ingest -o rows log
    status_is 2
    says "client key" "--client-key none"
    [ ! -e rows ] && [ ! -e "$HOME/.config/ingest/client.key" ]
}

@test "-n without a key counts with a throw-away one and makes none" {
    fresh
    lines 2 >log
    ingest -n log
    status_is 0
    no_database
    ingest -n log
    status_is 0
    [ ! -e "$HOME/.config/ingest/client.key" ]
}

@test "a key that others can read is refused, with the command to type" {
    fresh
    lines 2 >log
    key open
    for mode in 640 604 620 660 644 666; do
        chmod $mode open
        ingest --client-key open log
        status_is 2
        says "chmod 600" open
        ingest -o - --client-key open log
        status_is 2
    done
    nothing_counted
}

@test "a damaged key file is refused with its line, and the key is not shown" {
    fresh
    lines 2 >log
    n=0
    while IFS= read -r text; do
        n=$((n + 1))
        printf '# a comment\n%b' "$text" >"bad$n"
        chmod 600 "bad$n"
        ingest --client-key "bad$n" log
        status_is 2
        says "bad$n"
        [[ "$stderr" != *0102030405* ]]
    done <<'KEYS'
1970-01-01 000102030405060708090a0b0c0d0e
1970-01-01 000102030405060708090a0b0c0d0e0f0
1970-01-01 000102030405060708090a0b0c0d0e0g
000102030405060708090a0b0c0d0e0f
1970-02-30 000102030405060708090a0b0c0d0e0f
1980-01-01 000102030405060708090a0b0c0d0e0f\n1970-01-01 100102030405060708090a0b0c0d0e0f
\x00\x01\x02

KEYS
    is "$n" 8
    mkfifo pipe
    ingest --client-key pipe log
    status_is 2
    ingest --client-key . log
    status_is 2
    nothing_counted
}

@test "two keys by day: each day under its own" {
    printf '1970-01-01 000102030405060708090a0b0c0d0e0f\n2024-01-06 ff0102030405060708090a0b0c0d0e0f\n' >two
    chmod 600 two
    key one
    { line a 1.0.0 05/Jan/2024; line a 1.0.0 06/Jan/2024; } >log
    "$INGEST" -o two.rows --client-key two log
    "$INGEST" -o one.rows --client-key one log
    is "$(grep -F 2024-01-05 two.rows)" "$(grep -F 2024-01-05 one.rows)"
    [ "$(grep -F 2024-01-06 two.rows)" != "$(grep -F 2024-01-06 one.rows)" ]
}

@test "under a key: one IPv4 address however written is one client, a /64 of IPv6 too" {
    key one
    { line a 1.0.0 05/Jan/2024 192.0.2.7; line a 1.0.0 05/Jan/2024 ::ffff:192.0.2.7
      line a 1.0.0 05/Jan/2024 ::ffff:c000:207; line a 1.0.0 05/Jan/2024 192.0.2.7; } >v4
    { line a 1.0.0 05/Jan/2024 2001:db8::1; line a 1.0.0 05/Jan/2024 2001:db8:0:0:ffff::2; line a 1.0.0 05/Jan/2024 2001:0DB8::; } >v6
    fresh
    ingest --client-key one v4
    status_is 0
    is "$(sql "SELECT DISTINCT hll_cardinality(clients) FROM stats")" 1
    fresh _2
    ingest --client-key one v6
    is "$(sql "SELECT DISTINCT hll_cardinality(clients) FROM stats")" 1
    ingest --client-key one v4
    is "$(sql "SELECT DISTINCT hll_cardinality(clients) FROM stats")" 2
}

@test "runs at once that find no key make one, and all count" {
    fresh
    for i in 1 2 3 4 5 6; do
        lines "$i" >"log$i"
    done
    for i in 1 2 3 4 5 6; do
        "$INGEST" "log$i" 2>"err$i" &
    done
    for job in $(jobs -p); do
        wait "$job" || { cat err?; false; }
    done
    nothing_counted 6
    is "$(ls "$HOME/.config/ingest")" client.key
    is "$(sql "SELECT count FROM stats WHERE version IS NULL")" 21
}

@test "no address is in the database, in rows or in messages" {
    fresh
    for i in $(seq 1 60); do
        line "c$((i % 3))" "1.0.$i" 05/Jan/2024 "10.77.88.$i"
        line "c$((i % 3))" "1.0.$i" 05/Jan/2024 "2001:db8:7788:$i::1"
        echo "10.77.88.$i garbage"
    done >log
    ingest -v --json log
    status_is 0
    [[ "$stderr$output" != *10.77.88* ]]
    "$PG_BIN/pg_dump" >dump.sql
    is "$(grep -cE '10\.77\.88|0a4d58|db8:?7788' dump.sql)" 0 # 7788 alone may stand in a sketch
    sql CHECKPOINT
    is "$(grep -rlaE '10\.77\.88\.|2001:db8:7788' "$PGDATA/base" "$PGDATA/pg_wal" | wc -l)" 0
    "$INGEST" -o rows --client-key "$HOME/.config/ingest/client.key" log
    is "$(grep -cE '10\.77\.88|0a4d58|db8:?7788' rows)" 0
    # That the search can find something: a name is there.
    [ "$(grep -c 1.0.33 dump.sql)" -gt 0 ]
}
