#!/usr/bin/env bats
# One log in many disguises is one payload: nothing is counted twice, and each place where it was seen is written down.
# What only looks like a known file, by the numbers that a file system gives, is read.
load lib

setup_file() {
    make_template
}

age() {
    sleep 2.1
}

files() {
    summary '" ".join("%s=%d" % f for f in s["files"].items() if f[1])'
}

counted() {
    sql "SELECT coalesce(sum(count), 0) FROM stats WHERE version IS NULL"
}

# bgzf FILE: as genomics packs its files, in members that say their size, with an empty one at the end.
bgzf() {
    python3 -c '
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
parts = [data[i:i + 7000] for i in range(0, len(data), 7000)] + [b""]
for part in parts:
    raw = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = raw.compress(part) + raw.flush()
    sys.stdout.buffer.write(b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff\x06\x00BC\x02\x00" + struct.pack("<H", len(packed) + 25) +
                            packed + struct.pack("<II", zlib.crc32(part), len(part)))' "$1"
}

# elsewhere COMMAND...: on a host that has another machine-id, if this one lets us play that.
elsewhere() {
    local how=-rm

    [ "$(id -u)" -ne 0 ] || how=-m
    [ -e machine-id ] || echo 0123456789abcdef0123456789abcdef >machine-id
    unshare $how sh -c "mount --bind '$PWD/machine-id' /etc/machine-id && exec \"\$@\"" sh "$@"
}

can_be_elsewhere() {
    [ -e /etc/machine-id ] && elsewhere true 2>/dev/null
}

# disguised FILE [WORDS...]: it is known, with and without a look at times; nothing but sightings is new.
disguised() {
    local file=$1 before

    shift
    before=$(n_rows ingest.sightings)
    count --json "$@" "$file"
    status_is 0
    is "$(files)" "known=1"
    is "$(n_rows ingest.sightings)" $((before + 1))
    count --json --recheck "$@" "$file"
    is "$(files)" "known=1"
    same_as_ever
}

same_as_ever() {
    dump_counted >now
    same_file ever now
}

@test "twelve disguises of one log" {
    fresh
    lines 700 >log
    head -n 300 log >first
    tail -n 400 log >second
    gzip -c first >first.gz
    gzip -c second >second.gz
    cp log copy
    gzip -1 -c log >fast.gz
    gzip -9 -c log >small.gz
    cat first.gz second.gz >members.gz
    bgzf log >blocks.gz
    gzip -t blocks.gz
    zstd -q -c log >log.zst
    bzip2 -c log >log.bz2
    xz -c log >log.xz
    touch -d "2024-01-06" log copy fast.gz small.gz members.gz blocks.gz log.zst log.bz2 log.xz
    age
    count --json log
    is "$(files)" "read=1"
    dump_counted >ever
    mv log renamed
    disguised renamed
    disguised copy
    ln copy linked
    disguised linked
    disguised fast.gz
    disguised small.gz
    disguised members.gz
    disguised blocks.gz
    disguised log.zst
    disguised log.bz2
    disguised log.xz
    touch -d "2024-02-01" renamed
    age
    disguised renamed
    if can_be_elsewhere; then
        cp renamed there
        before=$(n_rows ingest.sightings)
        run --separate-stderr elsewhere "$INGEST" --client-key none --json there
        status_is 0
        is "$(files)" "known=1"
        is "$(n_rows ingest.sightings)" $((before + 1))
        is "$(sql "SELECT count(DISTINCT machine) FROM ingest.sightings")" 2
    fi
    # What comes through a pipe has no place where it was seen.
    for from in renamed small.gz log.zst; do
        count --json - <$from
        is "$(files)" "known=1"
    done
    cat first.gz second.gz | "$INGEST" --client-key none --json >out -
    output=$(cat out)
    is "$(files)" "known=1"
    same_as_ever
    is "$(n_rows ingest.payloads)" 1
    # All of them once more, together: by their times, by their bytes, and on any number of threads.
    for words in "-j 1" "-j 2" "--recheck"; do
        count --json $words renamed copy linked fast.gz small.gz members.gz blocks.gz log.zst log.bz2 log.xz
        status_is 0
        is "$(files)" "known=10"
    done
    same_as_ever
    books_balance
}

@test "all disguises in one call, none of them known: one is read" {
    for jobs in 1 2; do
        fresh _$jobs
        lines 300 >log
        gzip -c log >log.gz
        bzip2 -c log >log.bz2
        zstd -q -f -c log >log.zst
        cp log copy
        ln -f copy linked
        count --json -j $jobs log.zst linked log.gz copy log log.bz2 - <log.gz
        status_is 0
        is "$(files)" "read=1 known=6"
        is "$(counted)" 300
    done
}

@test "the parts of a log, counted one by one; then whole, and in every container" {
    fresh
    lines 700 >log
    head -n 300 log | gzip >1.gz
    tail -n 400 log | gzip >2.gz
    count --json 1.gz 2.gz
    is "$(files)" "read=2"
    dump_counted | head -n 702 >ever
    cat 1.gz 2.gz >day.gz
    bzip2 -c log >day.bz2
    count --json day.gz
    status_is 0
    is "$(counted)" 700
    count --json day.bz2 log
    is "$(files)" "known=2"
    is "$(counted)" 700
}

@test "an inode that is used again is another file" {
    fresh
    lines 60 old >a.log
    touch -d "2024-01-06" a.log
    age
    count --json a.log
    is "$(files)" "read=1"
    inode=$(stat -c %i a.log)
    rm a.log
    # The same name, size and mtime; on many file systems the same inode, too.
    for _ in {1..200}; do
        lines 60 new >a.log
        [ "$(stat -c %i a.log)" != "$inode" ] || break
        mv a.log "kept.$RANDOM$RANDOM"
    done
    [ -e a.log ] || lines 60 new >a.log
    touch -d "2024-01-06" a.log
    age
    # Where the file system had others left, the ledger is told that it was this one.
    sql "UPDATE ingest.sightings SET inode = $(stat -c %i a.log)"
    is "$(sql "SELECT size FROM ingest.sightings")" "$(stat -c %s a.log)"
    count --json a.log
    status_is 0
    is "$(files)" "read=1"
    is "$(n_rows stats "name = 'new' AND version IS NULL")" 1
    is "$(counted)" 120
    count --json a.log
    is "$(files)" "known=1"
}

# claim_seen FILE MACHINE: the ledger has seen its only payload in a file of this number and these times, on that host.
claim_seen() {
    sql "UPDATE ingest.sightings SET machine = $2, $(python3 -c '
import os, sys
s = os.stat(sys.argv[1])
print("device = %d, inode = %d, size = %d, mtime_ns = %d, ctime_ns = %d" % (s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns))' "$1")"
}

@test "two hosts with equal numbers: another machine's file is no proof; --recheck believes no numbers at all" {
    fresh
    lines 60 here >a.log
    lines 60 more >b.log
    age
    count a.log
    claim_seen b.log "sha256('another')"
    count --json -n b.log
    is "$(files)" "read=1"
    # Told that it was this machine, it is taken for known: so the test above can fail.
    # Told that it was this machine, it is taken for known: so this test can fail.
    count --json a.log # writes a sighting with this machine
    sql "DELETE FROM ingest.sightings WHERE machine = sha256('another')"
    claim_seen b.log "machine"
    count --json -n b.log
    is "$(files)" "known=1"
    count --json -n --recheck b.log
    is "$(files)" "read=1"
    claim_seen b.log "sha256('another')"
    count --json b.log
    status_is 0
    is "$(files)" "read=1"
    is "$(counted)" 120
}

@test "two logs that are made to share a MurmurHash3 value are two payloads" {
    fresh
    python3 "$HERE/collide.py" one.log two.log
    run cmp -s one.log two.log
    is "$status" 1
    is "$(stat -c %s one.log)" "$(stat -c %s two.log)"
    count --json one.log
    is "$(files)" "read=1"
    count --json two.log
    status_is 0
    is "$(files)" "read=1"
    is "$(counted)" 242
    is "$(sql "SELECT count(DISTINCT hash) FROM ingest.payloads")" 2
    gzip -c two.log | "$INGEST" --client-key none --json - >out
    output=$(cat out)
    is "$(files)" "known=1"
    # Nobody who does not know the database's secret can say what a payload's hash will be: each has its own.
    sql "SELECT hash FROM ingest.payloads ORDER BY 1" >here
    PGDATABASE=postgres sql "CREATE DATABASE t${BATS_TEST_NUMBER}_other"
    PGDATABASE=t${BATS_TEST_NUMBER}_other "$INGEST" -q migrate up ledger stats
    export PGDATABASE=t${BATS_TEST_NUMBER}_other
    count --json -j 2 one.log two.log
    is "$(files)" "read=2"
    sql "SELECT hash FROM ingest.payloads ORDER BY 1" >there
    is "$(sort here there | uniq | wc -l)" 4
}
