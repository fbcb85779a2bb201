#!/usr/bin/env bats
# What the ledger says of files: known, accepted, done.
load lib

setup_file() {
    make_template
}

age() {
    sleep 2.1
}

known() {
    run --separate-stderr "$INGEST" known "$@"
}

accept() {
    run --separate-stderr "$INGEST" accept "$@"
}

# names FILE: of a NUL-separated list, on one line.
names() {
    tr '\0' ' ' <"$1"
}

# ---- known ----

@test "known: by times, by bytes, by content, on standard input; any rules" {
    fresh
    lines 9 >a.log
    lines 5 other >b.log
    age
    known a.log b.log
    status_is 1
    is "$output" $'a.log\nb.log'
    count a.log
    known a.log
    status_is 0
    silent
    is "$output" ""
    known a.log b.log
    status_is 1
    is "$output" b.log
    known -q a.log b.log
    status_is 1
    is "$output" ""
    cp a.log copy.log
    gzip -c a.log >packed.gz
    known copy.log packed.gz
    status_is 0
    known - <packed.gz
    status_is 0
    known --rules crates --since 2024-01-06 a.log copy.log
    status_is 0
    mkdir dir
    cp copy.log packed.gz dir
    known dir
    status_is 0
    cp b.log dir
    known dir
    status_is 1
    is "$output" dir/b.log
}

@test "known decodes only what it must" {
    command -v strace || skip "no strace"
    fresh
    lines 9 | gzip >a.gz
    age
    count a.gz
    ASAN_OPTIONS=detect_leaks=0 strace -e trace=openat -o trace "$INGEST" known a.gz
    is "$(grep -c a.gz trace)" 0
    known --recheck a.gz
    status_is 0
}

@test "half a line is not known: it is not in the ledger" {
    fresh
    { lines 9; printf 'half a li'; } >a.log
    age
    count --json a.log
    is "$(summary 's["bytes"]["unterminated"]')" 9
    known a.log
    status_is 1
    cp a.log copy.log
    known copy.log
    status_is 1
    known --recheck a.log
    status_is 1
    gzip a.log # all of it is another payload, and nobody has counted that
    known a.log.gz
    status_is 1
    count a.log.gz
    known a.log.gz
    status_is 0
}

@test "damaged, missing, refused, never counted, empty: not known" {
    fresh
    lines 30 | gzip | head -c 90 >cut.gz
    age
    count cut.gz
    known cut.gz
    status_is 1
    says "cut.gz" "ends inside"
    is "$output" cut.gz
    accept cut.gz
    known cut.gz
    status_is 1
    known missing
    status_is 1
    says "missing" "No such file"
    : >empty
    known empty
    status_is 1
    count empty
    known empty
    status_is 0
}

@test "known asks for a file and a database" {
    fresh
    known
    status_is 2
    no_database
    echo >x
    known x
    status_is 2
    says "--local"
    known -d "host=/nowhere" x
    status_is 3
}

@test "names that would harm a terminal" {
    fresh
    name=$(printf 'a\033[2J\nb')
    lines 3 >"$name"
    known "$name"
    status_is 1
    is "$output" 'a\x1b[2J\x0ab'
}

# ---- accept ----

@test "accepted: skipped, exit 0, however it is read, copied or moved" {
    fresh
    lines 30 bad | gzip | head -c 100 >bad.gz
    lines 7 good >good.log
    age
    accept bad.gz
    status_is 1
    says "bad.gz" "not among those that were refused"
    count bad.gz good.log
    status_is 1
    accept bad.gz
    status_is 0
    is "$output" bad.gz
    silent
    count --json bad.gz good.log
    status_is 0
    silent
    is "$(summary 's["files"]["skipped"], s["files"]["known"], s["files"]["refused"]')" "(1, 1, 0)"
    cp bad.gz copy.gz
    mv bad.gz moved.gz
    age
    count --json -f combined --recheck copy.gz moved.gz
    status_is 0
    is "$(summary 's["files"]["skipped"], s["bytes"]["decoded"]')" "(2, 0)"
    accept copy.gz
    status_is 0
    # Another damage is another question.
    head -c 90 copy.gz >moved.gz
    age
    count moved.gz
    status_is 1
    count -n moved.gz
    status_is 1
    is "$(sql "SELECT count(*) FROM ingest.refusals WHERE accepted_at IS NOT NULL AND accepted_by = session_user")" 3
}

@test "accept: a directory, and what cannot be read" {
    fresh
    mkdir dir
    lines 30 a | gzip | head -c 100 >dir/a.gz
    lines 31 b | gzip | head -c 100 >dir/b.gz
    lines 7 good >dir/good.log
    age
    count dir
    status_is 1
    accept dir missing
    status_is 1
    is "$output" $'dir/a.gz\ndir/b.gz'
    says "missing" "No such file"
    is "$(grep -c error: <<<"$stderr")" 1
    count --json dir
    status_is 0
    is "$(summary 's["files"]["skipped"]')" 2
    accept dir/good.log
    status_is 1
    accept - <dir/a.gz
    status_is 1
    accept
    status_is 2
}

@test "a mistaken format is accepted like a damage" {
    fresh
    { lines 1; for _ in {1..40}; do echo nonsense; done; } >log
    age
    count -f combined log
    status_is 1
    count -f combined log
    status_is 1
    says "unchanged since" "40 of 41"
    accept log
    count -f combined log
    status_is 0
}

# ---- --done ----

@test "done: what is committed, counted now or before, and nothing else" {
    fresh
    mkdir dir
    lines 3 a >dir/a.log
    lines 4 b | gzip >dir/b.gz
    { lines 5 half; printf half; } >dir/half.log
    lines 30 bad | gzip | head -c 90 >dir/bad.gz
    cp dir/a.log dir/twin.log
    age
    lines 6 young >dir/young.log
    count --done list dir dir/a.log missing - <dir/b.gz
    status_is 1
    is "$(names list)" "dir/a.log dir/b.gz dir/twin.log "
    is "$(stat -c %a list)" 600
    age
    count --done list dir
    is "$(names list)" "dir/a.log dir/b.gz dir/twin.log dir/young.log "
    cp -r dir copy
    age
    count --done list copy
    is "$(names list)" "copy/a.log copy/b.gz copy/twin.log copy/young.log "
    accept dir/bad.gz
    count --done list dir
    status_is 0
    is "$(names list)" "dir/a.log dir/b.gz dir/twin.log dir/young.log "
    xargs -0 rm -- <list
    is "$(ls dir | tr '\n' ' ')" "bad.gz half.log "
}

@test "done: an old list is gone before anything can fail" {
    fresh
    printf 'old\0' >list
    count --done list -d "host=/nowhere" x
    status_is 3
    is "$(stat -c %s list)" 0
    printf 'old\0' >list
    count --done list --files-from missing
    status_is 2
    [ ! -e list ]
    mkdir sub
    count --done sub x
    status_is 2
    count --done sub/none/list x
    status_is 2
    count --done list /nonexistent
    status_is 1
    is "$(stat -c %s list)" 0
    is "$(find . -name '.list*' | wc -l)" 0
}

@test "done and rejects in the directory that is walked are no inputs" {
    fresh
    mkdir dir
    lines 3 >dir/a.log
    echo bad >>dir/a.log
    age
    count --json --done dir/done.list --rejects dir/rejects.json dir
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["skipped"]')" "(1, 0)"
    is "$(names dir/done.list)" "dir/a.log "
    is "$(ls -A dir | tr '\n' ' ')" "a.log done.list rejects.json "
}

@test "done: the list that is read is not the one that is written" {
    fresh
    lines 2 >x
    printf 'x\0' >list
    ln -s list same
    for taken in list same ./list; do
        count --done "$taken" -0 --files-from list
        status_is 2
        says "$taken" "the list of --files-from"
        is "$(names list)" "x "
    done
    count --done other -0 --files-from list
    status_is 0
}

@test "done: a log in the place of the list is not lost" {
    fresh
    lines 3 >a.log
    lines 4 >b.log
    gzip -c a.log >a.gz
    xz -c a.log >a.xz
    for taken in a.log a.gz a.xz; do
        cp $taken before
        count --done $taken b.log
        status_is 2
        says "$taken" "no such list"
        cmp before $taken
    done
    : >list
    count --done list b.log
    status_is 0
}

@test "done: not without a database" {
    fresh
    lines 3 >a.log
    count --done list -n a.log
    status_is 2
    count --done list -o rows a.log
    status_is 2
    [ ! -e list ]
}

@test "done: names with anything in them" {
    fresh
    name=$(printf -- '-a\n\033\xff b')
    lines 3 >"./$name"
    age
    count --done list -- "$name"
    status_is 0
    xargs -0 rm -- <list
    is "$(ls | grep -vc list)" 0
}

@test "done: a file that was replaced or written to before the end is left out" {
    fresh
    for name in same grown replaced touched gone; do lines 3 $name >$name.log; done
    age
    # The run reads the files first, and then waits for its standard input; meanwhile they change.
    mkfifo pipe
    "$INGEST" --client-key none -j 1 --done list same.log grown.log replaced.log touched.log gone.log - <pipe 2>err &
    run=$!
    exec 9>pipe
    until [ "$(n_rows ingest.payloads)" = 5 ]; do sleep 0.05; done
    line more 1.0.0 >>grown.log
    lines 9 new >new
    mv new replaced.log
    touch touched.log
    rm gone.log
    lines 2 stdin >&9
    exec 9>&-
    wait $run
    is "$(names list)" "same.log "
}

@test "done: what a failed run had committed before stands in it" {
    fresh
    lines 3 a >a.log
    age
    mkfifo pipe
    "$INGEST" --client-key none -j 1 --done list a.log - <pipe 2>err &
    run=$!
    exec 9>pipe
    until [ "$(n_rows ingest.payloads)" = 1 ]; do sleep 0.05; done
    sql "ALTER TABLE stats RENAME TO other"
    lines 2 stdin >&9
    exec 9>&-
    code=0
    wait $run || code=$?
    is "$code" 3
    is "$(names list)" "a.log "
}

@test "logs are read, and nothing else is done to them" {
    command -v strace || skip "no strace"
    fresh
    mkdir logs
    lines 5 one | gzip >logs/a.gz
    lines 6 two >logs/b.log
    lines 7 three | gzip | head -c 60 >logs/cut.gz
    age
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=file,desc,write,ftruncate,fchmod,fchown -e signal=none -yy -o trace "$INGEST" -f combined -j2 logs || [ $? -eq 1 ]
    # What names one of them, by its name or its descriptor: a look at it, or an opening that neither makes nor changes.
    grep -E '/?logs/(a\.gz|b\.log|cut\.gz)' trace >touched
    [ "$(grep -c 'openat(' touched)" -ge 3 ]
    run grep -vE '^[0-9]+ +(newfstatat|fstat|statx|lseek|p?read(64|v)?|fadvise64|mmap|close|fcntl|epoll_ctl|poll|ioctl)|<... [a-z0-9]+ resumed|O_RDONLY' touched
    is "$output" ""
    run grep -E 'O_(CREAT|TRUNC|WRONLY|RDWR|APPEND)' touched
    is "$output" ""
}
