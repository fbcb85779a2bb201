#!/usr/bin/env bats
# Logs that have grown since they were counted, older parts of counted ones, and logs put together from counted ones. What random
# growth makes of it: grown.py.
load lib

setup_file() {
    make_template
}

teardown() {
    [ -z "${holder:-}" ] || kill "$holder" 2>/dev/null || true
}

# log N [FROM]: lines FROM+1 to N of one log: each a version of its own, five a second. 40 of them have a head of 4 KiB.
log() {
    local i

    for ((i = ${2:-0}; i < $1; i++)); do
        printf '198.51.100.%d - - [05/Jan/2024:%02d:%02d:%02d +0000] "GET /crates/serde/serde-1.0.%d.crate HTTP/1.1" 200 100 "-" "cargo/1.70.0"\n' \
            $((i % 250)) $((i / 18000)) $((i / 300 % 60)) $((i / 5 % 60)) "$i"
    done
}

# Each of the lines 1 to N was counted once.
each_once() {
    is "$(sql "SELECT count(*), min(count), max(count) FROM stats WHERE version IS NOT NULL")" "$1|1|1"
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" "$1"
    books_balance
}

# What became of the payload that was counted last.
last_row() {
    sql "SELECT lines_read, lines_counted, extends IS NOT NULL FROM ingest.payloads ORDER BY id DESC LIMIT 1"
}

# ---- growth ----

@test "half-written, then whole; rotated; packed; piped; copied and truncated" {
    fresh
    { log 60; log 61 60 | head -c 30; } >a.log
    count --json a.log
    is "$(summary 's["lines"]["read"], s["files"]["grown"], s["bytes"]["unterminated"]')" "(60, 0, 30)"
    log 90 >a.log
    count --json a.log
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["grown"], s["lines"]')" \
        "(1, 1, {'read': 90, 'counted': 30, 'filtered': {'counted_before': 60}, 'rejected': {}})"
    each_once 90
    log 120 >a.log
    mv a.log a.log.1
    count a.log.1
    each_once 120
    gzip a.log.1
    count a.log.1.gz
    is "$(last_row)" "120|30|t"
    log 150 | gzip >a.log.1.gz
    count a.log.1.gz
    each_once 150
    log 180 >stdin
    count - <stdin
    each_once 180
    log 200 >b.log
    cp b.log b.log.1
    count b.log
    log 230 200 >b.log
    count b.log.1 b.log
    status_is 0
    each_once 230
    is "$(n_rows ingest.payloads "extends IS NOT NULL")" 5
    is "$(sql "SELECT count(*) FROM ingest.payloads p JOIN ingest.payloads e ON e.id = p.extends WHERE e.length >= p.length OR e.head <> p.head")" 0
}

@test "only what is added stands in the days, with its hours" {
    fresh
    log 40 >a.log
    count a.log
    { log 40; log 18050 18000; } >a.log
    count a.log
    each_once 90
    is "$(sql "SELECT lines, count, hours FROM ingest.payload_days ORDER BY payload")" $'40|40|1\n50|50|2'
    is "$(sql "SELECT first_event FROM ingest.payloads ORDER BY id DESC LIMIT 1")" "2024-01-05 00:00:00+00"
}

@test "several windows, with a thread that reads ahead and without" {
    fresh
    log 6000 >all
    head -n 2000 all >a.log
    count -j1 a.log
    head -n 5000 all >a.log
    count -j2 a.log
    gzip -c all | count -j2 -
    gzip -c all >packed
    count -j2 - <packed
    is "$(sql "SELECT lines_read, lines_counted FROM ingest.payloads ORDER BY id")" $'2000|2000\n5000|3000\n6000|1000'
    each_once 6000
    yes "$(log 1)" | head -n 60000 >large # over 4 MiB: compared at once
    count -j2 large
    { cat large; log 7000 6000; } >larger
    count -j2 --json larger
    is "$(summary 's["lines"]["counted"]')" 1000
}

@test "a dry run says grown, known, new; without a database inputs are compared with each other" {
    fresh
    log 60 >old
    log 90 >grown
    log 160 100 >new
    count old
    dump >before
    count -n -v old grown new
    says "old: known" "grown: grown" "new: new"
    dump >after
    same_file before after
    count -o one grown
    count -o both grown old
    same_file one both
    for jobs in 1 2 4; do
        count -j$jobs -o both old grown new grown
        count -j$jobs -o apart grown new
        same_file both apart
    done
}

@test "one call has a log at several lengths, in any order, on any number of threads" {
    log 60 >a
    log 90 | gzip >b
    log 130 >c
    for order in "a b c" "c b a" "b c a"; do
        for jobs in 1 4; do
            fresh
            # shellcheck disable=SC2086
            count -j$jobs --json $order
            status_is 0
            is "$(summary 's["files"]["read"], s["files"]["grown"]')" "(3, 2)"
            each_once 130
        done
    done
}

@test "rejected lines of what was counted are not rejected again" {
    fresh
    { log 60; echo rubbish; } >a.log
    count --rejects first a.log
    { log 60; echo rubbish; log 90 60; } >a.log
    count --strict --rejects second --json a.log
    status_is 0
    is "$(summary 's["lines"]["rejected"], s["lines"]["filtered"]')" "({}, {'counted_before': 61})"
    [ -s first ]
    [ ! -s second ]
    { log 60; echo rubbish; log 90 60; yes rubbish | head -n 5; } >a.log
    count --rejects third a.log
    status_is 1
    says "5 of 5 lines are rejected"
    each_once 90
}

@test "a header is read where it stands, whether it was counted or not" {
    fresh
    header=$'#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes cs(User-Agent)\n'
    w3c() {
        local i

        for ((i = $1; i < $2; i++)); do
            printf '2024-01-05 12:%02d:%02d 198.51.100.%d GET /crates/serde/serde-1.0.%d.crate 200 100 cargo/1.70.0\n' \
                $((i / 60)) $((i % 60)) $((i % 250)) "$i"
        done
    }
    printf %s "$header" >head.log
    count -f w3c head.log
    { printf %s "$header"; w3c 0 60; } >a.log
    count a.log
    status_is 0
    is "$(last_row)" "62|60|f"
    { printf %s "$header"; w3c 0 100; } >a.log
    count a.log
    is "$(last_row)" "102|40|t"
    { cat a.log; printf %s "$header"; w3c 100 160; } >b.log
    count b.log
    each_once 160
}

@test "what was counted ended with half a line: the longer one is refused by name" {
    fresh
    log 60 | head -c -1 >half
    count - <half
    log 90 >a.log
    count a.log
    status_is 1
    says "a.log: refused to count this log" "in the middle of a line" "ingest recount"
    each_once 60
    is "$(n_rows ingest.refusals)" 0
}

@test "what grew under other rules counts under the new ones from there on" {
    fresh
    log 60 >a.log
    count --until 2024-01-01 a.log
    log 90 >a.log
    count --json a.log
    is "$(summary 's["lines"]["filtered"], s["files"]["grown"]')" "({'counted_before': 60}, 1)"
    each_once 30
}

@test "known wants all of it, and what has grown may go" {
    fresh
    log 60 >a.log
    count a.log
    log 90 >a.log
    run --separate-stderr "$INGEST" known a.log
    status_is 1
    touch -d "1 hour ago" a.log
    sleep 2.1
    count --done list a.log
    is "$(tr '\0' ' ' <list)" "a.log "
    run --separate-stderr "$INGEST" known a.log
    status_is 0
}

@test "a window remembers what was counted before" {
    fresh
    printf '[rules once]\nbase = crates\nwindow = day\n' >rules.ini
    log 60 >a.log
    count -c rules.ini --rules once a.log
    { log 60; log 50; log 90 60; } >a.log
    count -c rules.ini --rules once --json a.log
    status_is 0
    is "$(summary 's["lines"]["filtered"], s["lines"]["counted"]')" "({'repeat': 50, 'counted_before': 60}, 30)"
    each_once 90
    { log 60; log 50; log 120 60; } >piped
    count -c rules.ini --rules once --json - <piped
    is "$(summary 's["lines"]["counted"]')" 30
    each_once 120
    # All inputs are one batch: the longest counts.
    log 300 200 >b
    log 310 200 >c
    count -c rules.ini --rules once b c
    status_is 1
    says "b: refused" "older_part_of" "same call: c"
    each_once 230
}

# ---- older ----

@test "an older part is refused and says when the longer was counted; --distinct counts it; not remembered as damage" {
    fresh
    log 90 >whole
    log 60 >part
    log 60 | gzip >part.gz
    count whole
    count part
    status_is 1
    says "part: refused" "older_part_of" "was counted on $(date -u +%Y-%m-%d)" "--distinct"
    count part.gz
    status_is 1
    count - <part
    status_is 1
    count -n part
    status_is 1
    is "$(n_rows ingest.payloads)" 1
    is "$(n_rows ingest.refusals)" 0
    each_once 90
    count --distinct --json part
    status_is 0
    is "$(summary 's["lines"]["counted"]')" 60
}

@test "the same beginning, and another log: longer it is new, shorter it is refused, --distinct counts it" {
    fresh
    log 90 >a
    count a
    { log 50; log 200 100; } >b
    count --json b
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(0, 150)"
    { log 50; log 310 300; } >c
    count c
    status_is 1
    count --distinct --json c
    is "$(summary 's["lines"]["counted"]')" 60
    books_balance
    { cat b; log 400 350; } >b2 # the longest that is a beginning, of three that begin alike
    count --json b2
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(1, 50)"
}

@test "a document has no beginning" {
    fresh
    doc() {
        printf '{"generated_at": "2024-02-01T00:00:00", "version": "1.0", "days_coverage": ["2024-01-05"], "stats": ['
        for ((i = 0; i < $1; i++)); do
            printf '%s{"month": "2024-01-01", "network": "N%d", "station": "S", "location": "", "channel": "C", "country": "DE", "bytes": 1, "nb_requests": 1, "nb_successful_requests": 1, "nb_unsuccessful_requests": 0, "clients": "\\\\x118b7f"}' \
                "$([ "$i" -gt 0 ] && echo ,)" "$i"
        done
        printf ']}'
    }
    doc 60 >long.json
    doc 40 >short.json
    count -v long.json
    status_is 0
    count short.json
    status_is 0
    is "$(n_rows ingest.payloads)" 2
}

@test "archives that share a counted hour: --distinct counts what each has behind it, in one batch too" {
    fresh
    printf '[rules once]\nbase = crates\nwindow = day\n' >rules.ini
    log 50 >h0
    { cat h0; log 150 50; } >a
    { cat h0; log 200 150; } >b
    { cat h0; log 240 200; } >c
    count h0
    count a
    count b c
    status_is 1
    says "older_part_of" "--distinct counts it, but for what it begins with that was counted as an input of its own"
    is "$(n_rows stats "version IS NULL")|$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" "1|150"
    count -c rules.ini --rules once --distinct --json b c
    status_is 0
    is "$(summary 's["files"]["grown"], s["lines"]["counted"], s["lines"]["filtered"]')" "(2, 90, {'counted_before': 100})"
    each_once 240
}

# ---- put together ----

@test "a daily archive of counted hours adds nothing; with something new behind them that; in its middle what is known is known" {
    fresh
    for hour in 0 1 2 3 4 5; do
        log $((hour * 50 + 50)) $((hour * 50)) >"h$hour"
    done
    count h?
    cat h? >day
    count --json day
    status_is 0
    is "$(summary 's["lines"]["counted"], s["lines"]["filtered"], s["files"]["grown"]')" "(0, {'counted_before': 300}, 1)"
    is "$(sql "SELECT count(*) FROM ingest.payload_days d WHERE payload = (SELECT max(id) FROM ingest.payloads)")" 0
    for hour in h?; do gzip -c "$hour"; done >members
    count --json members
    is "$(summary 's["files"]["known"]')" 1
    { cat day; log 350 300; } | gzip >more.gz
    count - <more.gz
    each_once 350
    { cat h0 h1; log 380 350; } >tail
    count --distinct --json tail
    is "$(summary 's["lines"]["counted"]')" 30
    each_once 380
    # What goes on as a counted one that is longer is an older part of it.
    { cat h3 h4; head -n 45 h5; } >part
    count part
    status_is 1
    says "part: refused" "older_part_of"
    each_once 380
}

@test "an archive beside its hours in one call" {
    for order in "h0 h1 h2 day" "day h2 h1 h0"; do
        fresh
        for hour in 0 1 2; do
            log $((hour * 50 + 50)) $((hour * 50)) >"h$hour"
        done
        cat h? >day
        log 200 150 >>day
        # shellcheck disable=SC2086
        count -j3 $order
        status_is 0
        each_once 200
    done
}

# ---- small ones ----

@test "small logs: the same file has grown; what begins with the same line is another" {
    fresh
    log 3 >a.log
    count a.log
    log 6 3 >>a.log
    count --json a.log
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(1, 3)"
    log 80 6 >>a.log
    count --json a.log
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(1, 74)"
    each_once 80
    { log 1; log 90 80; } >b.log
    count --json b.log
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(0, 11)"
}

@test "small logs: packed after growth, and hours put together, beside each other in one call too" {
    fresh
    log 20 >a.log
    count a.log
    log 30 | gzip >a.gz
    count --json a.gz
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(1, 10)"
    each_once 30
    for hour in 0 1 2; do
        log $((33 + hour * 3)) $((30 + hour * 3)) >"h$hour"
    done
    count h0 h1 h2
    cat h? >day # all of it is known, and nothing else
    count --json day
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(1, 0)"
    each_once 39
    log 52 39 >i0
    log 60 52 >i1
    cat i? >day
    count -j2 --json day i1 i0
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(1, 21)"
    each_once 60
}

# ---- two at a time ----

# hold: others wait before they merge, until `let_go`.
hold() {
    coproc HOLDER { "$PG_BIN/psql" -XAtq 2>&1; }
    holder=$HOLDER_PID
    echo "BEGIN; SELECT pg_advisory_xact_lock(1768843013, 'stats'::regclass::oid::integer); SELECT 'held';" >&"${HOLDER[1]}"
    while read -r line <&"${HOLDER[0]}" && [ "$line" != held ]; do :; done
}

let_go() {
    echo "COMMIT; \\q" >&"${HOLDER[1]}"
    wait "$holder" || true
    holder=
}

# waiting N: until so many sessions of this database wait for an advisory lock.
waiting() {
    local i

    for ((i = 0; i < 600; i++)); do
        [ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")" -ge "$1" ] && return 0
        sleep 0.1
    done
    return 1
}

# race FIRST SECOND: the first has claimed when the second has been read.
race() {
    hold
    "$INGEST" -q --client-key none "$1" 2>first.err &
    first=$!
    waiting 1
    if [ "$2" = - ]; then
        "$INGEST" -q --client-key none - <b.log 2>second.err &
    else
        "$INGEST" -q --client-key none "$2" 2>second.err &
    fi
    second=$!
    waiting 2
    let_go
    wait $first && first=0 || first=$?
    wait $second && second=0 || second=$?
}

@test "two runs have a log at two lengths: the second to commit finds the first" {
    log 60 >a.log
    log 90 >b.log
    fresh
    log 200 150 >other
    count other
    race a.log b.log
    is "$first $second" "0 0"
    is "$(last_row)" "90|30|t"
    each_once 140
    fresh
    count other
    race b.log a.log
    is "$first $second" "0 1"
    grep -q older_part_of second.err
    each_once 140
    fresh
    count other
    race a.log -
    is "$first $second" "0 3"
    grep -q "feed it again" second.err
    count - <b.log
    each_once 140
}

@test "killed between two lengths: each line once" {
    fresh
    log 60 >a.log
    count a.log
    log 90 >b.log
    hold
    "$INGEST" -q --client-key none b.log &
    run_pid=$!
    waiting 1
    kill -9 $run_pid
    wait $run_pid || true
    let_go
    each_once 60
    log 120 >c.log
    count c.log
    count b.log
    status_is 1
    each_once 120
}
