#!/usr/bin/env bats
# Rules with a window or a union of ranges: one stream, one transaction, and what is damaged or known says nothing to the others.
# That the rows are right is shown by windows.py.
load lib
export INGEST_AUDIT=all

setup_file() {
    make_template
}

# at SECOND CLIENT NAME: a download on a day of January 2024, so many seconds after midnight.
at() {
    printf '192.0.2.%s - - [%s:%02d:%02d:%02d +0000] "GET /gems/%s-1.0.gem HTTP/1.1" 200 100 "-" "-"\n' \
        "$2" "${4:-05/Jan/2024}" $(($1 / 3600)) $(($1 / 60 % 60)) $(($1 % 60)) "$3"
}

# part SECOND CLIENT FIRST LAST: of /gems/a-1.0.gem, in the format of CloudFront.
part() {
    printf '2024-01-05\t00:00:%02d\t192.0.2.%s\tGET\t/gems/a-1.0.gem\t%s\t%s\t%s\t%s\n' \
        "$1" "$2" "${5:-206}" $(($4 - $3 + 1)) "$3" "$4"
}

header() {
    printf '#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes sc-range-start sc-range-end\n'
}

counted() {
    sql "SELECT coalesce(sum(count), 0) FROM stats WHERE version IS NULL"
}

@test "a damaged input says nothing to the others" {
    fresh
    at 10 1 a >1.log
    for ((i = 0; i < 500; i++)); do at 20 $((i % 250)) a; done | gzip >2.gz
    head -c -8 2.gz >damaged.gz # decoded to its last line; the checksum is not there
    at 30 1 a >3.log
    at 35 2 a >>3.log
    sleep 2.1 # a younger file is not remembered by its times
    count -v --window 20s 3.log damaged.gz 1.log
    status_is 1
    is "$(grep -c 'error: damaged.gz' <<<"$stderr")" 1
    is "$(counted)" 2
    is "$(sql "SELECT sum((lines_why->>'repeat')::int) FROM ingest.payloads")" 1
    is "$(sql "SELECT count(*), count(DISTINCT counted_at) FROM ingest.payloads")" "2|1"
    is "$(n_rows ingest.refusals)" 1
    books_balance
}

@test "what the ledger knows by its content says nothing to the others" {
    fresh
    at 20 1 a >1.log
    count --window 30s 1.log
    status_is 0
    gzip <1.log >other-name.gz
    at 10 1 a >2.log
    at 25 1 a >3.log
    count --json --window 30s 3.log other-name.gz 2.log
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["known"], s["lines"]["counted"], s["lines"]["filtered"]')" "(2, 1, 1, {'repeat': 1})"
    is "$(counted)" 2 # at 10, and at 20 of the run before
    count --json --window 30s 3.log other-name.gz 2.log 1.log
    status_is 0
    is "$(summary 's["files"]["known"]')" 4
    books_balance
}

@test "the same content twice is one input" {
    fresh
    at 10 1 a >1.log
    cp 1.log 2.log
    gzip -k 1.log
    count --json --window day 2.log 1.log 1.log.gz
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["known"], s["lines"]["read"]')" "(1, 2, 1)"
    is "$(counted)" 1
    books_balance
}

@test "ranges add up across inputs, and the books balance" {
    fresh
    { header; part 1 1 0 499; part 2 2 0 899; part 3 9 0 999 200; } >1.log
    { header; part 11 1 500 899; part 12 2 0 10; part 13 3 0 898; } >2.log
    count --json --range 'union 0.9' 2.log 1.log
    status_is 0
    is "$(summary 's["lines"]["counted"], s["lines"]["filtered"]["range"]')" "(3, 3)"
    is "$(sql "SELECT count, bytes FROM stats WHERE version IS NOT NULL")" "3|2811"
    is "$(sql "SELECT sum(hours), sum(count), sum(bytes) FROM ingest.payload_days")" "2|3|2811"
    books_balance
}

@test "without a whole answer no size is known" {
    fresh
    { header; part 1 1 0 499; part 2 1 500 999; part 3 2 0 9; } >1.log
    count --json --range 'union 0.5' 1.log
    status_is 0
    is "$(summary 's["lines"]["filtered"]["size_unknown"], s["lines"]["counted"]')" "(3, 0)"
    is "$(sql "SELECT records_why->>'size_unknown' FROM ingest.payloads")" 3
    is "$(n_rows stats)" 0
    books_balance
}

@test "more inputs than a batch holds are one transaction" {
    fresh
    mkdir many
    python3 -c '
for i in range(4200):
    with open("many/%d.log" % (i * 7919 % 4200), "w") as f:
        f.write("192.0.2.1 - - [05/Jan/2024:%02d:%02d:%02d +0000] \"GET /gems/a-1.0.gem HTTP/1.1\" 200 1 \"-\" \"%d\"\n" % (i * 10 // 3600, i * 10 // 60 % 60, i * 10 % 60, i))'
    count --window 30s many
    status_is 0
    is "$(counted)" 1
    is "$(sql "SELECT count(*), count(DISTINCT counted_at) FROM ingest.payloads")" "4200|1"
    books_balance
}

@test "standard input alone, and not beside others" {
    fresh
    { at 1 1 a; at 2 1 a; } >1.log
    run --separate-stderr bash -c '"$INGEST" --client-key none --window day - <1.log'
    status_is 0
    is "$(counted)" 1
    run --separate-stderr bash -c '"$INGEST" --client-key none --window day - 1.log <1.log'
    status_is 2
    says "cannot count standard input beside other inputs"
    is "$(n_rows ingest.payloads)" 1
}

@test "what does not fit into the memory is an error, and nothing is counted" {
    fresh
    python3 -c '
for i in range(260000):
    print("10.%d.%d.%d - - [05/Jan/2024:00:00:00 +0000] \"GET /gems/a-1.0.gem HTTP/1.1\" 200 1 \"-\" \"-\"" % (i >> 16, i >> 8 & 255, i & 255))' | gzip -1 >large.gz
    at 1 1 a 04/Jan/2024 >before.log
    count --memory 16M --window day large.gz before.log
    status_is 4
    says "large.gz" "cannot remember who asked for what" "of 2024-01-05 alone it takes more than 8 MiB" "--memory"
    is "$(n_rows ingest.payloads)" 0
    is "$(n_rows stats)" 0
    count --memory 64M --window day large.gz before.log
    status_is 0
    is "$(counted)" 260001
}

@test "the window is part of the rules" {
    fresh
    at 1 1 a >1.log
    count 1.log
    status_is 0
    count --json --window 30s --recheck 1.log
    status_is 0
    is "$(summary 's["files"]["known_otherwise"]')" 1
    count --json --window 30s --agents any --recheck 1.log
    is "$(summary 's["files"]["known_otherwise"]')" 1
}
