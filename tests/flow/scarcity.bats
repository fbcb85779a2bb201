#!/usr/bin/env bats
# What a run needs is not to be had, or breaks: the one input that cannot be read is refused and the others count, and what is
# short of is named. tests/prove/scarcity does this everywhere; here stands what must be exact.
load lib

setup_file() {
    make_template
}

three_logs() {
    fresh
    lines 20 one | gzip -n >one.gz
    lines 30 two | gzip -n >two.gz
    lines 40 three | gzip -n >three.gz
}

# breaks WHAT PATH: a run over the three files, whose syscalls on this path end so. LeakSanitizer is a tracer, too.
breaks() {
    command -v strace >/dev/null || skip "without strace"
    run --separate-stderr env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -f -qq -o trace -P "$PWD/$2" -e "trace=${1%%:*}" -e "inject=$1" \
        "$INGEST" --client-key none -j1 one.gz two.gz three.gz
    grep -q INJECTED trace || { cat trace; false; }
}

@test "an input that cannot be read to its end is refused alone, and is counted once it can be" {
    three_logs
    breaks read:error=EIO:when=1 two.gz
    status_is 1
    says two.gz "Input/output error"
    is "$(sql "SELECT name, count FROM stats WHERE version IS NOT NULL AND version = '1.0.7' ORDER BY 1")" "$(printf 'one|1\nthree|1')"
    books_balance
    # Nothing is remembered of it: the disk was at fault, and not the file.
    is "$(sql "SELECT count(*) FROM ingest.refusals")" 0
    count -j1 one.gz two.gz three.gz
    status_is 0
    is "$(sql "SELECT count(*) FROM ingest.payloads")" 3
    books_balance
}

@test "reads that are interrupted are read again" {
    three_logs
    breaks read:error=EINTR:when=1 two.gz
    status_is 0
    is "$(sql "SELECT count(*) FROM ingest.payloads")" 3
    books_balance
}

@test "reads that give a few bytes at a time: a plain log is not taken for one that became shorter" {
    release_only
    cc -O1 -shared -fPIC -o few.so "$ROOT/tests/prove/fail_alloc.c"
    lines 60 >plain.log
    for n in 1 7 4095; do
        fresh "_$n"
        run --separate-stderr env LD_PRELOAD="$PWD/few.so" FAIL_SHORT=$n "$INGEST" --client-key none -v plain.log
        status_is 0
        is "$(sql "SELECT lines_counted FROM ingest.payloads")" 60
    done
}

@test "a database that cannot be waited for: its late answer is not taken for another" {
    three_logs
    command -v strace >/dev/null || skip "without strace"
    for n in 3 5 7 8 9; do
        fresh
        run --separate-stderr env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" strace -f -qq -o /dev/null -e trace=poll -e "inject=poll:error=ENOMEM:when=$n" \
            "$INGEST" --client-key none -j1 one.gz two.gz three.gz
        [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || status_is 0
        count -j1 one.gz two.gz three.gz
        status_is 0
        is "$(sql "SELECT count(*), sum(lines_counted) FROM ingest.payloads")" "3|90"
        books_balance
    done
}

@test "stacks of 64 KiB and 8 descriptors are enough" {
    release_only
    three_logs
    command -v prlimit >/dev/null || skip "without prlimit"
    run --separate-stderr prlimit --stack=65536 --nofile=8 "$INGEST" --client-key none -j2 one.gz two.gz three.gz
    status_is 0
    is "$(sql "SELECT count(*), sum(lines_counted) FROM ingest.payloads")" "3|90"
    prlimit --stack=65536 "$INGEST" known one.gz two.gz three.gz
}

@test "a server with the least memory, and no room for files to sort in: all is counted" {
    fresh
    python3 -c '
for i in range(20000):
    print("10.1.%d.%d - - [05/Jan/2024:12:00:00 +0000] \"GET /crates/a%d/a%d-1.0.%d.crate HTTP/1.1\" 200 7 \"-\" \"cargo/1\"" % (i % 250, i % 251, i, i, i % 9))' >many
    sql "ALTER DATABASE $PGDATABASE SET temp_file_limit = 0"
    PGOPTIONS="-c work_mem=64kB -c temp_buffers=800kB" count many
    if [ "$status" -ne 0 ]; then # where that is too little, it says so, and has done nothing
        status_is 3
        says temp_file_limit
        is "$(sql "SELECT count(*) FROM ingest.payloads")" 0
        sql "ALTER DATABASE $PGDATABASE RESET temp_file_limit"
        PGOPTIONS="-c work_mem=64kB -c temp_buffers=800kB" count many
        status_is 0
    fi
    is "$(sql "SELECT sum(lines_counted) FROM ingest.payloads")" 20000
    books_balance
}

@test "no /proc, no HOME, no directory for temporary files, and a working directory that cannot be written to" {
    release_only # the sanitizers read /proc
    three_logs
    cat >script <<'SCRIPT'
mount --bind "$PWD" /mnt && mount -t tmpfs -o ro none /proc && mount -o remount,bind,ro /mnt || exit 77
cd /mnt && ! touch x 2>/dev/null || exit 77
exec env -u HOME -u PATH TMPDIR=/nonexistent "$INGEST" --client-key none -j2 one.gz
SCRIPT
    [ "$(id -u)" -eq 0 ] && unshare -m mount --bind / /mnt 2>/dev/null || skip "no mounts can be made here"
    run --separate-stderr unshare -m bash ./script
    status_is 0
    is "$(sql "SELECT sum(lines_counted) FROM ingest.payloads")" 20
}
