#!/usr/bin/env bats
# --salvage: of an input that is cut short the whole lines before the cut are counted, once, and nobody takes them for all
# that there was. Any other damage is refused as ever.
load lib

setup_file() {
    make_template
}

age() {
    sleep 2.1
}

# long N [NAME]: N downloads that hardly compress, 80 kB a thousand.
long() {
    python3 -c '
import random, sys
r = random.Random(int(sys.argv[1]))
for i in range(int(sys.argv[1])):
    print("192.0.2.%d - - [05/Jan/2024:12:00:00 +0000] \"GET /crates/%s/%s-1.0.%d.crate HTTP/1.1\" 200 %d \"-\" \"cargo/1.%d\"" % (i % 250, sys.argv[2], sys.argv[2], i % 90, r.randrange(10**9), r.randrange(99)))' "$1" "${2:-serde}"
}

# cut FROM TO: the first half of a file.
cut_half() {
    head -c "$(($(stat -c %s "$1") / 2))" "$1" >"$2"
}

# files: what became of them, of the last --json.
files() {
    summary '" ".join("%s=%d" % f for f in s["files"].items() if f[1])'
}

counted() {
    sql "SELECT coalesce(sum(count), 0) FROM stats WHERE version IS NULL"
}

@test "every container: refused without it; with it the whole lines before the cut, exit 0, said in the summary" {
    long 4000 >log
    for packer in "gzip -1" "bzip2 -1" "zstd -q -1 --check" "zstd -q --no-check" "xz -0"; do
        fresh
        $packer -c log >whole
        cut_half whole part
        count --json part
        status_is 1
        says "--salvage counts the whole lines"
        is "$(files)" "refused=1"
        is "$(n_rows ingest.payloads)" 0
        count --json --salvage part
        status_is 0
        silent
        is "$(files)" "read=1 partial=1"
        n=$(summary 's["lines"]["read"]')
        [ "$n" -gt 900 ] && [ "$n" -lt 4000 ]
        is "$(summary 's["lines"]["counted"]')" "$n"
        is "$(counted)" "$n"
        is "$(sql "SELECT partial, integrity, length FROM ingest.payloads")" "t|unverifiable|$(head -n "$n" log | wc -c)"
        # What stands there is what the lines alone would give.
        dump_counted | sed 's/|unverifiable//' >salvaged
        fresh _plain
        head -n "$n" log >lines
        count lines
        dump_counted >plain
        same_file salvaged plain
    done
}

@test "members before the cut, a cut inside a header, a cut trailer" {
    long 1000 a >a
    long 900 b >b
    for packer in gzip bzip2 "zstd -q" xz; do
        $packer -c a >a.packed
        $packer -c b >b.packed
        cat a.packed b.packed >whole
        at=$(stat -c %s a.packed)
        end=$(stat -c %s whole)
        for bytes in $((at + 1)) $((at + 3)) $((end - 1)); do
            fresh
            head -c "$bytes" whole >part
            count --json --salvage part
            status_is 0
            is "$(files)" "read=1 partial=1"
            is "$(counted)" "$([ "$bytes" -lt $((at + 9)) ] && echo 1000 || echo 1900)"
        done
    done
}

@test "other damage is refused as ever, and so is a file without one whole line" {
    long 2000 >log
    for packer in gzip bzip2 "zstd -q" xz; do
        fresh
        $packer -c log >whole
        size=$(stat -c %s whole)
        cp whole bad
        printf '\x00\xff\x00\xff\x00\xff' | dd of=bad bs=1 seek=$((size / 2)) conv=notrunc status=none
        { cat whole; echo rubbish; } >worse
        head -c 12 whole >nothing
        count --json --salvage bad worse nothing
        status_is 1
        is "$(files)" "refused=3"
        is "$(n_rows ingest.payloads)" 0
    done
    # Where the cut leaves the sum of the lines, it is looked at.
    gzip -c log >bad
    printf '\xAA\xAA\xAA\xAA' | dd of=bad bs=1 seek=$(($(stat -c %s bad) - 8)) conv=notrunc status=none
    truncate -s -3 bad
    count --salvage bad
    status_is 1
    says "does not match its CRC-32"
}

@test "a long line before the cut is not counted, however long" {
    release_only
    fresh
    { long 10; head -c 5000000 /dev/zero | tr '\0' x; echo; long 20 more; head -c 5000000 /dev/zero | tr '\0' y; } | gzip >whole
    head -c -100 whole >part
    count --json --salvage part
    status_is 0
    is "$(summary 's["lines"]["read"], s["lines"]["counted"], s["lines"]["rejected"]')" "(31, 30, {'line_too_long': 1})"
    [ "$(summary 's["bytes"]["unterminated"]')" -gt 4000000 ]
    is "$(sql "SELECT length FROM ingest.payloads")" "$({ long 10; long 20 more; } | wc -c | awk '{ print $1 + 5000001 }')"
}

@test "on standard input, -n, -o, any -j" {
    long 4000 >log
    gzip -c log >whole
    cut_half whole part
    fresh
    count --json --salvage - <part
    status_is 0
    is "$(files)" "read=1 partial=1"
    n=$(counted)
    count --json --salvage - <part
    status_is 0
    is "$(files)" "known=1"
    count --json --salvage -j 2 part
    is "$(files)" "known=1"
    count - <part
    status_is 1
    is "$(counted)" "$n"
    count -n --json --salvage part
    is "$(files)" "known=1"
    fresh _2
    count -n --json --salvage part
    status_is 0
    is "$(files)" "read=1 partial=1"
    count -n -v --salvage part
    says "part: cut short, its whole lines count"
    no_database
    count -o rows --salvage part
    status_is 0
    head -n "$n" log >lines
    count -o plain lines
    same_file rows plain
    count -o rows part
    status_is 1
}

@test "a known partial: known with it, refused again without; never on the list of --done, never known" {
    fresh
    long 4000 >log
    gzip -c log >whole.gz
    cut_half whole.gz cut.gz
    age
    count --json --salvage --done list cut.gz
    status_is 0
    is "$(stat -c %s list)" 0
    dump_counted >before
    for again in "" "--recheck"; do
        count --json --salvage $again --done list cut.gz
        status_is 0
        is "$(files)" "known=1"
        is "$(stat -c %s list)" 0
    done
    cp cut.gz copy.gz
    age
    count --json --salvage --done list cut.gz copy.gz
    is "$(files)" "known=2"
    is "$(stat -c %s list)" 0
    is "$(n_rows ingest.sightings)" 2
    for _ in 1 2; do # read; then remembered
        count --json cut.gz copy.gz
        status_is 1
        is "$(files)" "refused=2"
        says "cut.gz" "copy.gz" "ends inside"
    done
    says "unchanged since"
    for name in cut.gz copy.gz; do
        run --separate-stderr "$INGEST" known $name
        status_is 1
    done
    # A refusal that is remembered does not stop --salvage.
    count --json --salvage cut.gz
    status_is 0
    is "$(files)" "known=1"
    dump_counted >after
    same_file before after
    books_balance
}

@test "refused and remembered first, salvaged then" {
    fresh
    long 4000 >log
    gzip -c log | head -c 20000 >cut.gz
    lines 30 | gzip | sed 's/^\(..........\)./\1X/' >bad.gz
    age
    count cut.gz bad.gz
    status_is 1
    is "$(n_rows ingest.refusals)" 2
    count --json --salvage cut.gz bad.gz
    status_is 1
    is "$(files)" "read=1 partial=1 refused=1"
    count --json --salvage cut.gz bad.gz
    is "$(files)" "known=1 refused=1"
    says "bad.gz" "unchanged since"
    # Accepted is accepted: it is skipped.
    "$INGEST" accept bad.gz cut.gz
    count --json --salvage bad.gz
    status_is 0
    is "$(files)" "skipped=1"
}

@test "--require-integrity: the checksum lies behind the cut" {
    fresh
    long 4000 >log
    bzip2 -1 -c log >whole
    cut_half whole part
    age
    count --salvage --require-integrity part
    status_is 1
    [[ "$stderr" != *--salvage* ]]
    says "ends inside"
    count --json --salvage part
    status_is 0
    is "$(files)" "read=1 partial=1"
}

@test "all lines there, the checksum cut off: known, and not taken for whole" {
    fresh
    long 1000 >log
    gzip -c log >whole.gz
    head -c -2 whole.gz >cut.gz
    age
    count whole.gz
    for _ in 1 2; do
        count --json --salvage --done list cut.gz
        status_is 0
        is "$(files)" "known=1"
        is "$(stat -c %s list)" 0
    done
    count cut.gz
    status_is 1
    is "$(counted)" 1000
    is "$(n_rows ingest.payloads)" 1
    # The other way round, in one call and in two.
    fresh _2
    count --json --salvage -j 1 cut.gz
    is "$(files)" "read=1 partial=1"
    count --json --done list whole.gz
    status_is 0
    is "$(files)" "known=1"
    is "$(tr '\0' ' ' <list)" "whole.gz "
    count --json whole.gz cut.gz
    is "$(files)" "known=1 refused=1"
    fresh _3
    count --json --salvage --done list -j 1 cut.gz whole.gz
    status_is 0
    is "$(files)" "read=1 known=1 partial=1"
    is "$(tr '\0' ' ' <list)" "whole.gz "
    is "$(counted)" 1000
}

@test "documents are not salvaged: half of one says nothing" {
    fresh
    printf '{"version": "1.0.0", "generated_at": "2024-02-01T00:00:00", "days_covered": ["2024-01-05"], "stats": [\n' >doc
    for _ in {1..200}; do echo '{"month": "2024-01-01"},' >>doc; done
    gzip -c doc | head -c 120 >cut.gz
    count --salvage -f eida cut.gz
    status_is 1
    says "ends inside"
}

@test "a file that is being written is left for later, salvage or not" {
    fresh
    long 20000 >log
    gzip -c log >whole.gz
    cut_half whole.gz log.gz
    (while :; do echo >>log.gz; done) &
    writer=$!
    for _ in 1 2; do
        count --salvage log.gz
        [ "$status" -eq 1 ]
    done
    kill $writer
    wait $writer || true
    is "$(n_rows ingest.payloads)" 0
}

@test "the intact file later adds only the rest; a longer half, too; the other order adds nothing" {
    fresh
    long 6000 >log
    for packer in gzip "bzip2 -1" "zstd -q -1" "xz -0"; do
        sql "TRUNCATE ingest.payloads, stats CASCADE; TRUNCATE ingest.refusals"
        $packer -c log >whole
        head -c "$(($(stat -c %s whole) * 6 / 10))" whole >part
        head -c "$(($(stat -c %s whole) * 8 / 10))" whole >longer
        count --json --salvage part
        n=$(counted)
        [ "$n" -gt 1000 ]
        count --json --salvage longer
        status_is 0
        is "$(files)" "read=1 grown=1 partial=1"
        [ "$(counted)" -gt "$n" ]
        count --json whole
        status_is 0
        is "$(summary 's["files"]["grown"], s["files"]["partial"]')" "(1, 0)"
        is "$(counted)" 6000
        is "$(sql "SELECT max(count) FROM (SELECT count(*) FROM ingest.payloads GROUP BY hash) x(count)")" 1
        books_balance
        # What was salvaged is known still, and adds nothing.
        count --salvage longer part
        status_is 0
        count --salvage - <part
        status_is 0
        is "$(counted)" 6000
        sql "TRUNCATE ingest.payloads, stats CASCADE; TRUNCATE ingest.refusals"
        count whole
        count --json --salvage part
        status_is 1
        says "older"
        is "$(counted)" 6000
    done
}

@test "the rotation of SeisComP: the plain log, half of a .bz2 beside it, then all of it" {
    fresh
    long 4000 >2024-01-05.log
    bzip2 -1 -c 2024-01-05.log >whole.bz2
    age
    count --json 2024-01-05.log
    is "$(files)" "read=1"
    dump_counted >ever
    cut_half whole.bz2 2024-01-05.log.bz2
    age
    count --json 2024-01-05.log 2024-01-05.log.bz2
    status_is 1
    is "$(files)" "known=1 refused=1"
    says "2024-01-05.log.bz2" "ends inside"
    count --json --salvage 2024-01-05.log.bz2
    status_is 1
    says "2024-01-05.log.bz2" "older"
    dump_counted >now
    same_file ever now
    cp whole.bz2 2024-01-05.log.bz2
    rm 2024-01-05.log
    age
    count --json 2024-01-05.log.bz2
    status_is 0
    is "$(files)" "known=1"
    dump_counted >now
    same_file ever now
}
