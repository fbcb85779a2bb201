#!/usr/bin/env bats
# In which order things are asked of the server: two runs that want the same rows must meet at the first, and wait there.
load lib

setup_file() {
    make_template
}

# twelve NAMES: as many logs, each of its own.
twelve() {
    local name i=0

    for name in "$@"; do
        line "crate$i" 1.0.0 05/Jan/2024 "192.0.2.$i" >"$name.log"
        ((++i))
    done
}

by_id() {
    sql "SELECT encode(hash, 'hex') FROM ingest.payloads ORDER BY id"
}

@test "payloads are claimed by their hash, whatever the order of the names" {
    local round

    twelve a b c d e f g h i j k l
    for round in forth back; do
        fresh "_$round"
        if [ $round = forth ]; then ls -- *.log; else ls -r -- *.log; fi >list
        count -q --files-from list
        status_is 0
        by_id >"ids.$round"
        is "$(wc -l <"ids.$round")" 12
        LC_ALL=C sort -c "ids.$round"
    done
    same_file ids.forth ids.back
}

@test "new rows go in sorted by their key, by way of the stage too" {
    fresh
    line zzz 1.0.0 >before.log
    count -q before.log
    status_is 0
    lines 9 m >m.log
    lines 9 a >a.log
    count -q m.log a.log # the day has a row: no plain COPY
    status_is 0
    sql "SELECT name, coalesce(version, '') FROM stats WHERE name <> 'zzz' AND version IS NOT NULL ORDER BY ctid" >rows
    is "$(wc -l <rows)" 18
    LC_ALL=C sort -c rows
}

# The rival has claimed the payload and not yet committed; we wait for its row, and then have lost.
@test "a payload that a rival commits while we wait for it is not counted" {
    local pid waiting=0

    lines 5 >ours.log
    fresh _rival
    count -q ours.log
    status_is 0
    sql "COPY ingest.payloads TO STDOUT" >payloads
    fresh
    mkfifo commands
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 <commands >said 2>&1 &
    pid=$!
    exec 7>commands
    printf "BEGIN;\n\\\\copy ingest.payloads FROM 'payloads'\nSELECT 'claimed';\n" >&7
    for _ in {1..600}; do
        grep -q claimed said && break
        sleep 0.05
    done
    "$INGEST" --client-key none --json ours.log >ours.json 2>ours.err 7>&- &
    for _ in {1..600}; do
        waiting=$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        [ "$waiting" -gt 0 ] && break
        sleep 0.05
    done
    is "$waiting" 1
    echo "COMMIT;" >&7
    exec 7>&-
    wait $pid
    wait $! || { cat ours.err; false; }
    is "$(n_rows stats)" 0
    is "$(n_rows ingest.payloads)" 1
    output=$(cat ours.json)
    is "$(summary "s['files']['known'], s['files']['read']")" "(1, 0)"
}
