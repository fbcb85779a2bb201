#!/usr/bin/env bats
# Logs, names and settings of somebody who means harm: they cost their own lines or their own file, never those beside them.
load lib

setup_file() {
    make_template
}

@test "an absurd byte count refuses no other input, in this run or a later one" {
    fresh
    { line serde 1.0.0 05/Jan/2024 192.0.2.1 9223372036854775807; line serde 1.0.0 05/Jan/2024 192.0.2.1 7; } >absurd.log
    lines 3 >good.log
    lines 4 tokio >other.log
    count -j 1 --json absurd.log good.log other.log
    status_is 0
    silent
    is "$(summary 's["files"]["read"], s["lines"]["counted"], s["lines"]["rejected"]')" "(3, 8, {'number': 1})"
    lines 5 >later.log
    count later.log
    status_is 0
    is "$(sql "SELECT count, bytes FROM stats WHERE name = 'serde' AND version IS NULL")" "9|9223372036854775807"
    is "$(sql "SELECT count, bytes FROM stats WHERE name = 'serde' AND version = '1.0.1'")" "2|200"
    is "$(sql "SELECT count, bytes FROM stats WHERE name = 'tokio' AND version IS NULL")" "4|400"
}

@test "a path that is longer than a row of an index is no trouble" {
    fresh
    lines 3 >good.log
    # In one directory after another: the system takes no such path at once.
    python3 - <<'PY'
import os, random
r = random.Random(1)
log = open("good.log").read().replace("serde", "deep")
for _ in range(14):
    name = bytes(r.choice([c for c in range(1, 256) if c not in b"/."]) for _ in range(240))
    os.mkdir(name)
    os.chdir(name)
open("x.log", "w").write(log)
PY
    count .
    status_is 0
    silent
    is "$(sql "SELECT string_agg(DISTINCT name, ' ') FROM stats")" "deep serde"
    count --recheck --json .
    is "$(summary 's["files"]["known"]')" 2
}

@test "a log with its double decides the ecosystem by the place of the first of the two" {
    seq 0 99999 | awk '{ printf "192.0.2.1 - - [05/Jan/2024:12:00:00 +0000] \"GET /gems/rack-%d.0.gem HTTP/1.1\" 200 1 \"-\" \"-\"\n", $1 % 500 }' >gems.log
    cp gems.log double.log
    line serde 1.0.0 >crates.log
    for _ in 1 2 3 4; do
        "$INGEST" --client-key none -j 2 -o rows gems.log crates.log double.log
        is "$(wc -l <rows)" 501
    done
}

@test "logs of all days that there are keep to the ceiling" {
    release_only
    fresh
    python3 - <<'PY'
import datetime
for n in range(20):
    with open("%02d.log" % n, "w") as f:
        for day in range(719163, 719163 + 36000):
            d = datetime.date.fromordinal(day)
            f.write('192.0.2.%d - - [%s:12:00:00 +0000] "GET /%d HTTP/1.1" 404 1 "-" "-"\n' % (n, d.strftime("%d/%b/%Y"), n))
PY
    count --json --memory 16M -j 2 .
    status_is 0
    is "$(n_rows ingest.payload_days)" 720000
    rss=$(summary 's["peak_rss_bytes"]')
    [ "$rss" -le $((80 << 20)) ] || { echo "$rss bytes"; false; }
}

@test "a configuration: an indented line is a line of its own, a long one is read whole" {
    lines 3 >good.log
    printf '[ingest]\n  client-key = none\n\tjobs = 2\n' >indented.ini
    run --separate-stderr "$INGEST" -c indented.ini -o - good.log
    status_is 0
    is "${#lines[@]}" 4
    printf '[ingest]\ndatabase = application_name=%05000d host=/nowhere\n' 0 >long.ini
    run --separate-stderr "$INGEST" -c long.ini good.log
    status_is 3
    says "/nowhere"
    { printf '[ingest]\n# '; head -c 1048576 /dev/zero | tr '\0' x; } >huge.ini
    run --separate-stderr "$INGEST" -c huge.ini good.log
    status_is 2
    says "huge.ini" "larger than 1048576 bytes"
    printf '[ingest]\nnode = a\0b\n' >nul.ini
    run --separate-stderr "$INGEST" -c nul.ini good.log
    status_is 2
    says "nul.ini:2" "byte 9 of the line is a control byte (0x00)"
    mkdir directory
    run --separate-stderr "$INGEST" -c directory good.log
    status_is 2
}

@test "the name and the comment inside a gzip file are nowhere" {
    fresh
    lines 3 named >good.log
    python3 - <<'PY'
import struct, zlib
data = open("good.log", "rb").read()
def member(text):
    z = zlib.compressobj(6, zlib.DEFLATED, -15)
    return (b"\x1f\x8b\x08\x18" + bytes(6) + b"../../NAME77\x1b[2J" + b"x" * 70000 + b"\0" + b"comment NAME77\x9b\0"
            + z.compress(text) + z.flush() + struct.pack("<II", zlib.crc32(text), len(text)))
open("good.log.gz", "wb").write(member(data))
open("cut.log.gz", "wb").write(member(data + data)[:-4])
PY
    rm good.log
    count -v --json good.log.gz cut.log.gz
    status_is 1
    [[ "$output$stderr" != *NAME77* ]]
    count explain good.log.gz
    [[ "$output$stderr" != *NAME77* ]]
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 3
    "$INGEST" status -v >said || true
    "$PG_BIN/pg_dump" >dump.sql
    is "$(grep -aciE 'NAME77|4e414d453737' said dump.sql | tr '\n' ' ')" "said:0 dump.sql:0 " # names are bytes there
    grep -q "$(printf good.log.gz | od -An -tx1 | tr -d ' \n')" dump.sql
}

@test "an output takes over no rights from a file that somebody else has put there" {
    [ "$(id -u)" -eq 0 ] || skip "takes root, to make a file of another user"
    no_database
    lines 2 >log
    umask 027
    for mode in 666:640 604:600 600:600 777:640; do
        rm -f rows
        touch rows
        chmod "${mode%:*}" rows
        chown nobody rows
        count -q -o rows log
        status_is 0
        is "$(stat -c '%U %a' rows)" "root ${mode#*:}"
        chmod 606 rows # one's own keeps what was chosen for it
        count -q -o rows log
        is "$(stat -c '%U %a' rows)" "root 606"
    done
}

@test "whatever a command says on standard error is in the style that was asked for" {
    fresh
    "$INGEST" -q migrate up pictrs seventv
    lines 3 >log
    mkdir backup
    "$INGEST" -q --client-key none log
    "$INGEST" -q backup backup >dump
    sql "UPDATE ingest.runs SET source = E'\\x1b[31m'"
    for style in json journal; do
        for words in "token add local" "enqueue -v log" "work -v --client-key none" "leaderboard -v -o boards" "report -v -o page.html" \
            "report --csv --since 2020-01-01 --until 2020-01-02" "backup -v backup$style" "backup -v --check $(cat dump)" "status --audit"; do
            # shellcheck disable=SC2086
            "$INGEST" --log-style $style $words >out 2>messages </dev/null || [ $? -le 3 ]
            case $style:$words in
            *:status* | *:work*) ;;
            *) [ -s messages ] || { echo "nothing is said: $words"; false; } ;;
            esac
            if [ $style = json ]; then
                python3 "$HERE/hostile.py" json messages
            else
                ! grep -v '^<[36]>' messages
            fi
        done
    done
}
