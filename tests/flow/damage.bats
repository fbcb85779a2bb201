#!/usr/bin/env bats
# Inputs that cannot be read: each is refused by name, with the place and the cause, nothing of it is counted, and all
# others of the same call are.
load lib

setup_file() {
    make_template
}

# refused FILE WORDS...: in one call with a good file, FILE is refused with these words, and the good one is counted.
refused() {
    local file=$1

    shift
    fresh
    lines 7 good >good.log
    count --json good.log "$file"
    status_is 1
    says "$@"
    is "$(summary 's["files"]["refused"], s["files"]["read"], s["lines"]["read"]')" "(1, 1, 7)"
    is "$(sql "SELECT string_agg(DISTINCT name, ' ') FROM stats")" good
    is "$(n_rows ingest.payloads)" 1
    books_balance
    # The order does not matter, nor does a database.
    "$INGEST" -o rows --client-key none "$file" good.log 2>stderr && false
    [ $? -eq 1 ]
    is "$(grep -c '"version":null' rows)" 1
}

# A log of several blocks, so that much of it has been counted when its end turns out bad.
big() {
    python3 -c '
import random
r = random.Random(1)
for i in range(20000):
    print("192.0.2.%d - - [05/Jan/2024:12:00:00 +0000] \"GET /crates/bad/bad-1.0.%d.crate HTTP/1.1\" 200 %d \"-\" \"cargo/1.%d\"" % (i % 250, i % 90, r.randrange(10**9), r.randrange(99)))'
}

@test "a gzip file that is cut short" {
    big | gzip >whole.gz
    for bytes in 5 200 100000 "$(($(stat -c %s whole.gz) - 9))" "$(($(stat -c %s whole.gz) - 1))"; do
        head -c "$bytes" whole.gz >bad.gz
        refused bad.gz "bad.gz" "byte $bytes of the file as stored" "ends inside"
    done
}

@test "a gzip file with a wrong checksum or length" {
    big | gzip >whole.gz
    for back in 8 4; do
        cp whole.gz bad.gz
        printf '\xAA' | dd of=bad.gz bs=1 seek=$(($(stat -c %s whole.gz) - back)) conv=notrunc status=none
        refused bad.gz bad.gz "byte "
    done
}

@test "a gzip file with damaged data" {
    big | gzip >whole.gz
    cp whole.gz bad.gz
    printf '\x00\xff\x00\xff\x00\xff' | dd of=bad.gz bs=1 seek=60000 conv=notrunc status=none
    refused bad.gz bad.gz "byte "
}

@test "rubbish behind the end of a gzip file" {
    lines 9 bad | gzip >bad.gz
    at=$(stat -c %s bad.gz)
    echo rubbish >>bad.gz
    refused bad.gz bad.gz "byte $at of the file as stored"
}

@test "a second member that is cut short" {
    { lines 9 bad | gzip; big | gzip | head -c 3000; } >bad.gz
    refused bad.gz bad.gz "ends inside"
}

@test "a cut gzip stream on standard input counts nothing" {
    fresh
    big | gzip | head -c 100000 >bad.gz
    count - <bad.gz
    status_is 1
    says "error: -:" "ends inside"
    is "$(n_rows ingest.payloads)" 0
    is "$(n_rows stats)" 0
}

@test "once it is whole it is counted, once" {
    fresh
    big | gzip >whole.gz
    head -c 100000 whole.gz >log.gz
    count log.gz
    status_is 1
    cp whole.gz log.gz
    count log.gz
    status_is 0
    count log.gz
    status_is 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 20000
}

@test "containers of other kinds are named, with the way round" {
    lines 9 bad >bad
    python3 -m zipfile -c bad.zip bad
    refused bad.zip bad.zip "a zip archive" "| ingest -"
    tar -cf bad.tar bad
    refused bad.tar bad.tar "a tar archive" "| ingest -"
    tar -czf bad.tgz bad
    refused bad.tgz bad.tgz "a tar archive inside gzip"
    gzip -c bad | gzip >bad.gz.gz
    refused bad.gz.gz bad.gz.gz "gzip inside gzip" "| ingest -"
    iconv -f UTF-8 -t UTF-16 bad >bad.txt
    refused bad.txt bad.txt "UTF-16" "iconv"
    xz --format=lzma -c bad >bad.lzma
    refused bad.lzma bad.lzma "lzma" "| ingest -"
}

@test "zstd, bzip2 and xz that are cut short, damaged, or have rubbish behind them" {
    big >whole
    for packer in zstd bzip2 xz; do
        "$packer" -q -c whole >whole.packed
        size=$(stat -c %s whole.packed)
        for bytes in 3 20 "$((size / 2))" "$((size - 1))"; do
            head -c "$bytes" whole.packed >bad.packed
            refused bad.packed "bad.packed" "byte $bytes of the file as stored" "ends inside"
        done
        cp whole.packed bad.packed
        printf '\x00\xff\x00\xff\x00\xff' | dd of=bad.packed bs=1 seek=$((size / 2)) conv=notrunc status=none
        refused bad.packed bad.packed "cannot decode $packer" "byte "
        { cat whole.packed; echo rubbish; } >bad.packed
        refused bad.packed "byte $size of the file as stored" "rubbish"
    done
}

@test "one payload, whatever it is packed in" {
    fresh
    lines 40 >log
    count log
    status_is 0
    for packer in gzip zstd bzip2 xz; do
        "$packer" -q -c log >"log.$packer"
        { head -20 log | "$packer" -c; tail -20 log | "$packer" -c; } >"log.two.$packer"
    done
    count --json log.gzip log.two.gzip log.zstd log.two.zstd log.bzip2 log.two.bzip2 log.xz log.two.xz
    status_is 0
    is "$(summary 's["files"]["known"], s["files"]["read"]')" "(8, 0)"
    for packer in zstd bzip2 xz; do
        count --json - <"log.$packer"
        is "$(summary 's["files"]["known"]')" 1
    done
    books_balance
}

@test "the ledger knows which containers had no checksum" {
    fresh
    lines 5 a | zstd -q --no-check >a.zst
    lines 5 b | zstd -q --check >b.zst
    lines 5 c | xz --check=none >c.xz
    lines 5 d | xz >d.xz
    lines 5 e | bzip2 >e.bz2
    lines 5 f >f.log
    count a.zst b.zst c.xz d.xz e.bz2 f.log
    status_is 0
    is "$(sql "SELECT string_agg(convert_from(s.path, 'UTF8'), ' ' ORDER BY s.path) FROM ingest.payloads p JOIN ingest.sightings s ON s.payload = p.id
               WHERE p.integrity = 'verified'")" "b.zst d.xz e.bz2"
}

@test "a name says nothing: gzip called .log, text called .gz" {
    fresh
    lines 3 | gzip >text.log
    lines 4 >packed.gz
    count text.log packed.gz
    status_is 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 7
}

@test "a file that is not there" {
    refused missing.log "missing.log" "No such file"
}

@test "a FIFO is not waited for" {
    mkfifo pipe
    refused pipe pipe "not a regular file"
}

@test "a device, a socket" {
    refused /dev/zero /dev/zero "not a regular file"
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
    refused sock sock "not a regular file"
}

@test "a link that leads nowhere, a link to itself" {
    ln -s nowhere link
    refused link link "No such file"
    ln -s circle circle
    refused circle circle "symbolic links"
}

@test "a text of no known format" {
    echo "Dear diary," >letter
    refused letter letter "format" "--format"
    "$INGEST" -n --client-key none letter 2>stderr && false
    grep -q combined stderr
}

@test "binary rubbish" {
    python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(1).randbytes(300000))' >noise
    refused noise noise "format"
    gzip -c noise >noise.gz
    refused noise.gz noise.gz "format"
    # Told what it is, all of its lines are rejected, none is lost.
    fresh _2
    printf '\n' >>noise
    count -f combined noise
    status_is 1
    count --json -f combined --max-reject 100 noise
    status_is 0
    is "$(summary 's["lines"]["read"] == sum(s["lines"]["rejected"].values()) + sum(s["lines"]["filtered"].values()) > 500')" True
    books_balance
}

@test "W3C logs of another version, with columns missing, without header" {
    printf '#Version: 2.0\n#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status\n' >two
    printf '2024-01-05\t01:02:03\t100\t192.0.2.7\tGET\t/crates/bad/bad-1.0.0.crate\t200\n' >>two
    refused two two "#Version is not 1.0"
    sed 's/2[.]0$/1.0/; s/ sc-status//; s/\t200$//' two >few
    refused few few "sc-status"
    sed -n 3p two >none
    for i in 1 2 3; do tail -1 two; done >>none
    fresh
    count -f cloudfront none
    status_is 1
    says none "#Fields"
    is "$(n_rows stats)" 0
}

@test "--format against what the file holds: refused or all rejected, never counted" {
    fresh
    count -f cloudfront "$LOGS/logs/combined-crates-mirror.log.gz"
    status_is 1
    count -f fdsnws --strict "$LOGS/logs/combined-crates-mirror.log.gz"
    status_is 1
    is "$(n_rows stats)" 0
    is "$(n_rows dataselect_stats)" 0
}

@test "a compressed file that grows while it is read is left for later" {
    fresh
    big | gzip >whole.gz
    mkfifo slow
    cp whole.gz log.gz
    # strace would do; a writer that never rests does too.
    (while :; do echo >>log.gz; done) &
    writer=$!
    for _ in 1 2 3; do
        count log.gz
        [ "$status" -eq 1 ]
    done
    kill $writer
    wait $writer || true
    is "$(n_rows ingest.payloads)" 0
}

@test "an unreadable file and directory, for a user who is not root" {
    lines 7 good >good.log
    lines 9 bad >bad.log
    mkdir shut
    cp bad.log shut
    cat >script <<'SCRIPT'
mkdir shut; cp bad.log shut; chmod 0 shut bad.log
./ingest -o rows --client-key none good.log bad.log shut 2>stderr
echo "status $?"
cat rows stderr
SCRIPT
    run "$ROOT/tests/lib/as-user" --with "$INGEST" --with good.log --with bad.log --with script bash ./script
    [[ "$output" == *"status 1"* ]]
    is "$(grep -c '^{' <<<"$output")" 8
    is "$(grep -c '"bad"' <<<"$output")" 0
    [[ "$output" == *"bad.log: cannot open input"*"Permission denied"* ]]
    [[ "$output" == *"shut: cannot read input"*"Permission denied"* ]]
}

@test "a directory is walked; what is hidden or unfinished is left out" {
    fresh
    mkdir -p logs/a/b logs/.hidden
    lines 1 a >logs/x.log
    lines 2 b >logs/a/y.log
    lines 3 c >logs/a/b/z.log
    lines 4 no >logs/.secret
    lines 5 no >logs/.hidden/log
    lines 6 no >logs/w.tmp
    lines 7 no >logs/w.part
    ln -s . logs/circle
    count --json logs
    status_is 0
    is "$(summary 's["files"]["read"], s["lines"]["counted"]')" "(3, 6)"
    # Said by name, it counts.
    count logs/w.tmp
    is "$(n_rows stats "name = 'no'")" 7
    mkdir nothing
    count nothing
    status_is 0
}

@test "file names with line feed, escape and bad UTF-8 are counted, and shown harmless" {
    fresh
    name=$(printf 'a\nb\033[2Jc\xff\xc2\x9bd\xe2\x80\xaee.log')
    lines 3 >"$name"
    count -v "$name"
    status_is 0
    [ "$(LC_ALL=C grep -cP '\x1b|\xff|\xc2\x9b|\xe2\x80\xae' <<<"$stderr$output")" -eq 0 ]
    says 'a\x0ab\x1b[2Jc\xff\xc2\x9bd\xe2\x80\xaee.log'
    is "$(sql "SELECT encode(path, 'hex') FROM ingest.sightings")" "$(printf '%s' "$name" | od -An -tx1 | tr -d ' \n')"
    echo nonsense >"$name"
    count "$name"
    status_is 1
    [ "$(LC_ALL=C grep -cP '\x1b|\xff|\xc2\x9b|\xe2\x80\xae' <<<"$stderr$output")" -eq 0 ]
    count "$(printf 'gone\033]0;x\a')"
    status_is 1
    [ "$(LC_ALL=C grep -cP '\x1b|\a' <<<"$stderr")" -eq 0 ]
}

@test "a file named like an option or a command" {
    fresh
    lines 3 >retract
    lines 4 >-x
    count ./retract ./-x
    status_is 0
    count --json -- -x
    is "$(summary 's["files"]["known"]')" 1
    count retract
    status_is 2
    says "no FILE is named" # of the command
    is "$(n_rows ingest.payloads)" 2
}
