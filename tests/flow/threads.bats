#!/usr/bin/env bats
# Where threads meet: workers beside each other, a thread that decodes ahead, workers that take turns at the ledger.
# Runs in the thread sanitizer's build too.
load lib

setup_file() {
    make_template
}

MIRROR=$LOGS/logs/combined-crates-mirror.log.gz

@test "many inputs, many workers: the rows of one worker" {
    "$INGEST" -o one.jsonl --client-key none -j 1 "$LOGS"/logs/*.gz "$LOGS"/other/*.gz
    "$INGEST" -o many.jsonl --client-key none -j 4 "$LOGS"/logs/*.gz "$LOGS"/other/*.gz "$LOGS"/logs/*.gz
    same_file many.jsonl one.jsonl
}

@test "one large input, decoded ahead: the rows of one thread" {
    for _ in 1 2 3 4 5 6 7 8; do
        shape text "$MIRROR"
    done >large.log
    for input in large.log -; do
        "$INGEST" -o one.jsonl --client-key none -j 1 "$input" <large.log
        "$INGEST" -o two.jsonl --client-key none -j 2 "$input" <large.log
        same_file two.jsonl one.jsonl
    done
}

@test "one large input that is cut short, decoded ahead: refused, and nothing hangs" {
    no_database
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        shape text "$LOGS"/logs/cloudfront-crates-2024-01.log.gz
    done | gzip -1 | head -c -100 >cut.gz
    count -n -j 2 cut.gz
    status_is 1
    says "the input ends inside"
}

@test "workers take turns at the ledger: each payload once" {
    fresh
    shape text "$MIRROR" >all.log
    split -n l/8 --additional-suffix=.log all.log piece
    count -j 4 piece*.log "$LOGS"/logs/fdsnws-2024.log.gz piece*.log
    status_is 0
    is "$(sql 'SELECT count(*) FROM ingest.payloads')" 9
    count -j 4 piece*.log
    status_is 0
    is "$(sql 'SELECT count(*) FROM ingest.payloads')" 9
}
