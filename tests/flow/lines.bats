#!/usr/bin/env bats
# Lines that strangers write: counted, filtered or rejected with a reason, and never more than that.
load lib

setup_file() {
    make_template
}

# tally ARGUMENT...: what would be counted, without a database.
tally() {
    run --separate-stderr env -u PGHOST -u PGPORT -u PGDATABASE "$INGEST" -n --json --client-key none "$@"
}

# outcome FORMAT REASON: the log on stdin becomes good downloads and, for each other line, REASON ("counted": all count).
# The last line of the log is a good one.
outcome() {
    cat >log
    tally -f "$1" --max-reject 100 log
    status_is 0
    is "$(summary 's["lines"]["rejected"] or s["lines"]["filtered"]')" "{'$2': $(($(wc -l <log) - 1))}"
    is "$(summary 's["lines"]["counted"]')" 1
}

# combined TIME STATUS BYTES [PATH]
combined() {
    printf '192.0.2.7 - - [%s] "GET %s HTTP/1.1" %s %s "-" "cargo/1.70.0"\n' "$1" "${4:-/crates/a/a-1.0.0.crate}" "$2" "$3"
}

T='05/Jan/2024:12:00:00 +0000'

@test "impossible dates and times are rejected" {
    {
        for t in "31/Feb/2024:12:00:00 +0000" "29/Feb/2023:12:00:00 +0000" "00/Jan/2024:12:00:00 +0000" "32/Jan/2024:12:00:00 +0000" \
            "05/Foo/2024:12:00:00 +0000" "05/Jan/2024:24:00:00 +0000" "05/Jan/2024:12:60:00 +0000" "05/Jan/2024:12:00:61 +0000" \
            "05/Jan/2024:12:00:00 +9900" "05/Jan/1969:12:00:00 +0000" "05/Jan/0000:12:00:00 +0000" "5/Jan/2024:12:00:00  +0000"; do
            combined "$t" 200 1
        done
        combined "$T" 200 1
    } | outcome combined time
}

@test "a year 10000 is no time" {
    { combined "05/Jan/10000:12:00:00 +000" 200 1; combined "01/Jan/9999:12:00:00 -1401" 200 1; combined "31/Dec/9999:23:00:00 -0100" 200 1; combined "$T" 200 1; } | outcome combined time
    {
        printf '#Version: 1.0\n#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status\n'
        for day in 10000-01-01 2024-02-31 24-01-01 2024-1-1 -024-01-01; do
            printf '%s\t12:00:00\t1\t192.0.2.7\tGET\t/crates/a/a-1.0.0.crate\t200\n' $day
        done
    } >log
    tally --max-reject 100 log
    is "$(summary 's["lines"]["rejected"]')" "{'time': 5}"
}

@test "days near the edges of the calendar are counted, and stored as they are" {
    fresh
    { combined "01/Jan/1970:00:00:00 +0000" 200 1; combined "31/Dec/9999:23:59:60 +0000" 200 1; combined "29/Feb/2024:23:30:00 -0100" 200 1; } >log
    count log
    status_is 0
    is "$(sql "SELECT string_agg(dldate::text, ' ' ORDER BY dldate) FROM stats WHERE version IS NULL")" "1970-01-01 2024-03-01 9999-12-31"
    books_balance
}

@test "byte counts that are negative, huge, fractions or words are rejected" {
    {
        for n in -1 9223372036854775808 18446744073709551616 123456789012345678901234567890 1e9 1.5 0x10 +5 "" ten; do
            combined "$T" 200 "$n"
        done
        combined "$T" 200 1
    } | grep -v '200  "' | outcome combined number
}

@test "the largest byte counts are added without wrapping" {
    fresh
    { combined "$T" 200 9223372036854775807; combined "$T" 200 5; combined "$T" 200 -; } >log
    count --json log
    status_is 0
    is "$(summary 's["lines"]["counted"], s["lines"]["rejected"]')" "(2, {'number': 1})"
    is "$(sql "SELECT count, bytes FROM stats WHERE version IS NULL")" "2|9223372036854775807"
    books_balance
}

@test "a sum that would overflow in the table stays at its end, and counts go on" {
    fresh
    combined "$T" 200 9223372036854775807 >log
    count log
    status_is 0
    { combined "$T" 200 1; combined "$T" 200 1; } >log
    count log
    status_is 0
    is "$(sql "SELECT count, bytes FROM stats WHERE version IS NULL")" "3|9223372036854775807"
    is "$(n_rows ingest.payloads)" 2
}

@test "NUL and bad UTF-8 in a key are rejected, elsewhere they do not matter" {
    {
        for bad in '%00' '%ff' '%c3%28' '%ed%a0%80' '%f4%90%80%80' '%c0%80'; do
            combined "$T" 200 1 "/crates/a$bad/1.0.0/download"
        done
        combined "$T" 200 1
    } | outcome combined encoding
    {
        printf '192.0.2.7 - u\0\xff [%s] "GET /crates/a/a-1.0.0.crate HTTP/1.1" 200 1 "\0" "\xff\xfe"\n' "$T"
        printf '192.0.2.7 - - [%s] "GET /crates/a/a-1.0.0.crate HTTP/1.1" 200 1 "-" "-"\n' "$T"
    } >log
    tally -f combined log
    is "$(summary 's["lines"]["counted"]')" 2
}

@test "hostile names reach the table as they are, or not at all" {
    fresh
    {
        combined "$T" 200 1 "/crates/x%27%3bDROP%20TABLE%20stats%3b--/1.0.0/download"
        combined "$T" 200 1 "/crates/%5c./1.0.0/download"
        combined "$T" 200 1 "/crates/%5cN/1.0.0/download"
        combined "$T" 200 1 "/crates/a%09b%0ac%0d/1.0.0/download"
        combined "$T" 200 1 "/crates/%1b[2J/1.0.0/download"
        combined "$T" 200 1 "/crates/%e2%80%ae%f0%9f%a6%80/1.0.0/download"
    } >log
    count -v log
    status_is 0
    is "$(sql "SELECT encode(convert_to(name, 'UTF8'), 'hex') FROM stats WHERE version IS NULL ORDER BY 1")" \
        "$(printf '%s\n' 1b5b324a 5c2e 5c4e 6109620a630d 78273b44524f50205441424c452073746174733b2d2d e280aef09fa680 | sort)"
    is "$(LC_ALL=C grep -cP '\x1b' <<<"$stderr")" 0
    "$INGEST" -o rows --client-key none log
    is "$(LC_ALL=C grep -cP '[\x00-\x1f\x7f]' rows)" 0
    is "$(python3 -c 'import json; print(len([json.loads(l) for l in open("rows", encoding="utf-8")]))')" 12
}

@test "CR before LF is dropped, everywhere" {
    for log in logs/cloudfront-crates-2024-01 logs/fdsnws-2024 other/rubygems-common; do
        shape text "$LOGS/$log.log.gz" | python3 -c '
import sys
for line in sys.stdin.buffer.read().split(b"\n")[:-1]:
    if not line.endswith(b"\r") and len(line) < 1 << 20:
        sys.stdout.buffer.write(line + b"\n")' >unix
        sed 's/$/\r/' unix >dos
        "$INGEST" -o unix.rows --client-key none unix
        "$INGEST" -o dos.rows --client-key none dos
        same_file dos.rows unix.rows
        [ -s dos.rows ]
    done
}

@test "a line that is too long is rejected, and its neighbours count" {
    python3 - <<'PY' >log
good = '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/a/a-1.0.0.crate HTTP/1.1" 200 1 "-" "%s"'
for n in (1 << 20, (1 << 20) + 1, 3 << 20):
    print(good % "x")
    print(good % ("y" * (n - len(good) + 2)))
print(good % "z")
PY
    tally log
    status_is 0
    is "$(summary 's["lines"]["read"], s["lines"]["counted"], s["lines"]["rejected"]')" "(7, 5, {'line_too_long': 2})"
    gzip log
    tally log.gz
    is "$(summary 's["lines"]["read"], s["lines"]["counted"], s["lines"]["rejected"]')" "(7, 5, {'line_too_long': 2})"
}

@test "a name of 512 characters counts, a longer one is rejected" {
    fresh
    name=$(python3 -c 'print("%c3%a9" * 512)')
    { combined "$T" 200 1 "/crates/$name/1.0.0/download"; combined "$T" 200 1 "/crates/${name}x/1.0.0/download"; } >log
    count --json log
    status_is 0
    is "$(summary 's["lines"]["counted"], s["lines"]["rejected"]')" "(1, {'key_too_long': 1})"
    is "$(sql "SELECT length(name) FROM stats WHERE version IS NULL")" 512
}

@test "100,000 days in one log are no way to fill the memory" {
    python3 - <<'PY' >log
import datetime
for i in range(0, 2900000, 29):
    d = datetime.date.fromordinal(719163 + i)
    print('192.0.2.7 - - [%02d/%s/%04d:12:00:00 +0000] "GET /crates/a/a-1.0.0.crate HTTP/1.1" 200 1 "-" "-"'
          % (d.day, "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[d.month - 1], d.year))
PY
    fresh
    count --json --max-reject 100 log
    status_is 0
    [ "$(summary 's["lines"]["rejected"]["too_many_days"]')" -gt 1000 ]
    books_balance
}

@test "--strict makes rejected lines exit status 1, and counts all the same" {
    fresh
    { combined "$T" 200 1; combined "$T" 200 -1; } >log
    count --strict log
    status_is 1
    is "$(n_rows stats)" 2
    count --strict log
    status_is 0
}

@test "a plain file is read to its last LF" {
    fresh
    { combined "$T" 200 1; combined "$T" 200 1 | tr -d '\n'; } >log
    count --json log
    status_is 0
    is "$(summary 's["lines"]["read"], s["bytes"]["unterminated"] > 90')" "(1, True)"
    is "$(sql "SELECT count FROM stats WHERE version IS NULL")" 1
    # packed or piped the last line counts without LF
    gzip <log >log.gz
    tally log.gz
    is "$(summary 's["lines"]["read"], s["bytes"]["unterminated"]')" "(2, 0)"
    tally - <log
    is "$(summary 's["lines"]["read"]')" 2
}
