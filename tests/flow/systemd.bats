#!/usr/bin/env bats
# The units of tools/systemd, as systemd reads them (no systemd has to run), and the credentials that they load.
load lib

setup_file() {
    make_template
}

# The program is not installed where the unit has it.
copy_units() {
    sed "s|/usr/bin/ingest|$INGEST|" "$ROOT/tools/systemd/ingest.service" >ingest.service
    cp "$ROOT/tools/systemd/ingest.timer" .
}

@test "the units are ones that systemd takes without a word" {
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    copy_units
    run systemd-analyze verify --man=no "$PWD/ingest.service" "$PWD/ingest.timer"
    status_is 0
    is "$output" ""
}

@test "the service is exposed by 2.0 at most" {
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    copy_units
    run systemd-analyze security --offline=true --no-pager --threshold=20 "$PWD/ingest.service"
    status_is 0
    [[ "$output" == *"Overall exposure level for ingest.service: "[01].* ]]
    # and it can be told: the same without its walls
    grep -vE '^(Protect|Private|Restrict|SystemCall|Capability|NoNew|Memory|Lock|Dynamic)' ingest.service >open.service
    run systemd-analyze security --offline=true --no-pager --threshold=20 "$PWD/open.service"
    [ "$status" -ne 0 ]
}

@test "its command is one of ours" {
    grep -q '^ExecStart=/usr/bin/ingest --sandbox --deadline 50m run$' "$ROOT/tools/systemd/ingest.service"
    fresh
    lines 3 >log
    printf '[ingest]\nclient-key = none\n[source all]\nfiles = %s/log\n' "$PWD" >ini
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run --separate-stderr "$INGEST" -c ini --sandbox --deadline 50m run
    status_is 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 3
}

@test "client.key and token are found among the credentials, above the configuration and below the command line" {
    fresh
    mkdir credentials
    "$INGEST" -q node add GFZ
    "$INGEST" token add GFZ >credentials/token 2>/dev/null
    chmod 440 credentials/token # as a list of rights for the service's user shows
    printf '1970-01-01 000102030405060708090a0b0c0d0e0f\n' >credentials/client.key
    chmod 400 credentials/client.key
    export CREDENTIALS_DIRECTORY=$PWD/credentials
    lines 2 >log
    printf '[ingest]\nclient-key = none\ntoken-file = /nonexistent\n' >ini
    run --separate-stderr "$INGEST" -c ini log "$LOGS/logs/fdsnws-2024.log.gz"
    status_is 0
    [ ! -e "$HOME/.config/ingest/client.key" ]
    is "$(sql "SELECT count(*) FROM ingest.payloads WHERE scope = (SELECT id FROM nodes WHERE name = 'GFZ')")" 1
    run --separate-stderr "$INGEST" --client-key none log -o -
    status_is 0
    run --separate-stderr "$INGEST" --client-key none --recheck log
    status_is 0
    chmod 444 credentials/client.key
    run --separate-stderr "$INGEST" log
    status_is 2
    says "cannot use the client key" "others than its owner can use it"
}

@test "the token of the environment is not in it any more once it is read" {
    fresh
    "$INGEST" -q node add GFZ
    token=$("$INGEST" token add GFZ 2>/dev/null)
    mkfifo pipe
    INGEST_TOKEN=$token "$INGEST" -q --client-key none - <pipe 3>&- 7>&- &
    run=$!
    exec 7>pipe
    tries=400
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest' AND datname = current_database()")" = 1 ]; do
        ((tries-- > 0))
        sleep 0.05
    done
    seen=$(tr '\0' '\n' </proc/$run/environ | grep -c "$token" || true)
    lines 1 >&7
    exec 7>&-
    wait $run
    is "$seen" 0
    is "$(n_rows ingest.payloads)" 1
}
