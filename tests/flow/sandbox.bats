#!/usr/bin/env bats
# --sandbox: the run does what it does without it, and can no longer do what it never needs. What the fence refuses, call by
# call, is in tests/unit/sandbox.
load lib

setup_file() {
    make_template
}

# The leak checker of sanitized builds starts a process that looks into ours, at the end.
without_leak_checker() {
    export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
}

# All below the directory of temporary files is readable, and the tests' own files lie in the usual one.
elsewhere() {
    mkdir -p "$BATS_TEST_TMPDIR/tmp"
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
}

fence() {
    elsewhere
    without_leak_checker
    count --sandbox "$@"
}

fenced_run() {
    elsewhere
    without_leak_checker
    run --separate-stderr "$INGEST" "$@"
}

in_force() {
    says "sandbox: files by Landlock (version " "; system calls by seccomp"
}

kernel_has_landlock() {
    python3 - <<'PYTHON' || skip "this kernel has no Landlock"
import ctypes, sys
sys.exit(0 if ctypes.CDLL(None).syscall(444, None, 0, 1) > 0 else 1)
PYTHON
}

# ---- the same rows ----

@test "every container, a directory, a list, standard input: the same rows" {
    no_database
    lines 300 >plain
    for codec in gzip bzip2 xz zstd; do
        line "$codec" 1.0.0 >"$codec.log"
        "$codec" -q "$codec.log"
    done
    mkdir logs
    mv ./*.log.* logs
    line listed 1.0.0 >listed
    echo listed >list
    line piped 1.0.0 >piped
    "$INGEST" -q --client-key none -j 2 --files-from list -o wanted plain logs - <piped
    fence -j 2 -v --files-from list -o rows plain logs - <piped
    status_is 0
    in_force
    same_file rows wanted
    is "$(wc -l <rows)" 313
}

@test "what does not fit into memory is spilled as before" {
    no_database
    python3 -c 'for i in range(150000): print("192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] \"GET /crates/c%d/c%d-1.0.0.crate HTTP/1.1\" 200 9 \"-\" \"cargo/1.70.0\"" % (i, i))' >many
    "$INGEST" -q --client-key none -j 2 --memory 16M -o wanted many
    fence -q -j 2 --memory 16M -o rows many
    status_is 0
    same_file rows wanted
}

@test "into the database: the same rows, a key that is made, lists and rejected lines" {
    lines 40 >log
    echo "no line of a log" >>log
    fresh a
    "$INGEST" -q --client-key "$PWD/key" log
    dump_counted >wanted
    fresh b
    mkdir out
    cp key kept
    touch -d "1 hour" log # young, however long this takes
    fenced_run --sandbox --json --client-key "$PWD/kept" --done out/done --rejects out/rejects.gz log
    status_is 0
    dump_counted | cmp - wanted
    books_balance
    is "$(tr '\0' '\n' <out/done)" ""   # a file so young may still be written to
    is "$(zcat out/rejects.gz | grep -c 'no line')" 1
    is "$(find out -type f | wc -l)" 2
    fresh c
    fenced_run --sandbox -q log # makes ~/.config/ingest/client.key
    status_is 0
    is "$(stat -c %a "$HOME/.config/ingest/client.key")" 600
    is "$(n_rows stats "version IS NULL")" 1
}

@test "a payload for EIDA" {
    no_database
    cp "$LOGS/logs/fdsnws-2024.log.gz" .
    mkdir a b
    "$INGEST" -q --to eida -o a fdsnws-2024.log.gz
    fenced_run --sandbox -q --to eida -o b fdsnws-2024.log.gz
    status_is 0
    is "$(ls a)" "$(ls b)"
    # but for the moment at which it was made
    is "$(zcat b/* | sed 's/"generated_at": *"[^"]*"//' | sha256sum)" "$(zcat a/* | sed 's/"generated_at": *"[^"]*"//' | sha256sum)"
}

@test "sources, one after the other, by a configuration that says sandbox" {
    lines 5 one >one.log
    lines 6 two >two.log
    printf 'curl\n' >clients
    fresh
    cat >ingest.ini <<INI
[ingest]
sandbox = true
client-key = none
agents = client,unknown
clients-file = $PWD/clients
[source one]
files = $PWD/one.log
[source two]
files = $PWD/two*.log
INI
    fenced_run -v -c ingest.ini run
    status_is 0
    in_force
    is "$(grep -c 'sandbox:' <<<"$stderr")" 1
    is "$(sql "SELECT string_agg(name || count, ' ' ORDER BY name) FROM stats WHERE version IS NULL")" "one5 two6"
}

@test "a worker of the queue" {
    fresh
    "$INGEST" -q migrate up pictrs
    mkdir logs
    for i in 1 2 3; do
        lines "$i" "crate$i" >"logs/$i"
    done
    "$INGEST" -q enqueue logs
    fenced_run work --sandbox -v --client-key none
    status_is 0
    in_force
    is "$(n_rows pictrs.queue)" 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 6
}

# ---- a server that goes away ----

# begin ARG...: a run whose standard input stays open until `finish`.
begin() {
    elsewhere
    without_leak_checker
    mkfifo pipe
    "$INGEST" --json --sandbox --client-key none - "$@" <pipe >out 2>err 3>&- 7>&- &
    run=$!
    exec 7>pipe
}

connected() {
    local tries=400

    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest' AND datname = current_database()")" = 1 ]; do
        ((tries-- > 0)) || return 1
        sleep 0.05
    done
}

finish() {
    exec 7>&-
    status=0
    wait "$run" || status=$?
    stderr=$(cat err) output=$(cat out)
}

end_sessions() {
    sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ingest' AND datname = current_database()"
}

@test "a lost session is made again, over a unix socket" {
    fresh
    begin
    connected
    is "$(end_sessions)" 1
    lines 7 >&7
    finish
    status_is 0
    is "$(n_rows stats "version IS NULL")" 1
    is "$(summary 's["lines"]["counted"]')" 7
}

# A port of its own in front of the server's socket.
relay() {
    python3 - "$1" "$PGHOST/.s.PGSQL.$PGPORT" <<'PYTHON' 3>&- 7>&- &
import os, socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(server.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in a, b:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
while True:
    client, _ = server.accept()
    backend = socket.socket(socket.AF_UNIX)
    try:
        backend.connect(sys.argv[2])
    except OSError:
        client.close()
        continue
    threading.Thread(target=pump, args=(client, backend), daemon=True).start()
    threading.Thread(target=pump, args=(backend, client), daemon=True).start()
PYTHON
    relay=$!
    until [ -s "$1" ]; do
        sleep 0.02
    done
}

teardown() {
    [ -z "${relay:-}" ] || kill "$relay"
}

@test "and over TCP, by a name that is looked up again" {
    fresh
    relay port
    begin -d "host=localhost port=$(cat port) user=$PGUSER dbname=$PGDATABASE sslmode=prefer"
    connected
    is "$(end_sessions)" 1
    lines 7 >&7
    finish
    status_is 0
    is "$(summary 's["lines"]["counted"]')" 7
    is "$(n_rows stats "version IS NULL")" 1
}

# ---- what it can no longer do ----

@test "a file that takes the place of a named one is not read" {
    kernel_has_landlock
    fresh
    lines 3 named >named
    lines 9 other >other
    mkdir logs
    lines 3 walked >logs/a # whose directory is granted
    begin named logs
    connected
    mv other named
    cp logs/a logs/new
    mv logs/new logs/a
    lines 1 piped >&7
    finish
    status_is 1
    says "named: cannot open" "Permission denied"
    is "$(sql "SELECT string_agg(DISTINCT name, ' ' ORDER BY name) FROM stats")" "piped walked"
}

@test "the fences are there before the first byte of a log is read" {
    [ "$(id -u)" -eq 0 ] || skip "strace must look into a process that keeps its secrets"
    kernel_has_landlock
    without_leak_checker
    fresh
    lines 3 >secret.log
    strace -f -o trace -e trace=openat,landlock_restrict_self,seccomp,execve,socket,connect "$INGEST" -q --sandbox --client-key none secret.log
    python3 - <<'PYTHON'
lines = [line.split(None, 1)[1] for line in open("trace")]
def first(*words):
    return next(i for i, line in enumerate(lines) if all(w in line for w in words))
fence, filters, log = first("landlock_restrict_self", "= 0"), first("seccomp(SECCOMP_SET_MODE_FILTER", "= 0"), first("secret.log", "O_NONBLOCK")
assert first("connect(", "AF_UNIX") < fence < filters < log, (fence, filters, log)
assert sum("seccomp(SECCOMP_SET_MODE_FILTER" in line and line.rstrip().endswith("= 0") for line in lines) == 2
PYTHON
    is "$(n_rows stats "version IS NULL")" 1
}

# ---- what cannot be ----

@test "a kernel without them: a sentence, and the run goes on" {
    [ "$(id -u)" -eq 0 ] || skip "strace must look into a process that keeps its secrets"
    without_leak_checker
    no_database
    lines 3 >log
    "$INGEST" -q --client-key none -o wanted log
    run --separate-stderr strace -f -o /dev/null -e inject=landlock_create_ruleset:error=ENOSYS -e inject=seccomp,prctl:error=EINVAL \
        "$INGEST" --sandbox --client-key none -o rows log
    status_is 0
    says "sandbox: this kernel has no Landlock; the kernel takes no filter of system calls (seccomp)"
    same_file rows wanted
    run --separate-stderr strace -f -o /dev/null -e inject=landlock_create_ruleset:error=EOPNOTSUPP "$INGEST" --sandbox --client-key none -o rows log
    status_is 0
    says "sandbox: Landlock is switched off in this kernel; system calls by seccomp"
    run --separate-stderr strace -f -o /dev/null -e inject=landlock_create_ruleset:error=EOPNOTSUPP "$INGEST" -q --sandbox --client-key none -o rows log
    status_is 0
    silent
}

@test "with --local: exit 2, before a server is made" {
    no_database
    lines 1 >log
    fenced_run --sandbox --local log
    status_is 2
    says "--local stops its server" "leave --sandbox out"
    [ ! -e "$HOME/.local" ]
    printf '[ingest]\nlocal = true\n' >ini
    fenced_run -c ini --sandbox log
    status_is 2
    fenced_run -c ini --sandbox --client-key none -o rows log # which needs no database
    status_is 2
}

@test "not asked for: nothing is given up, nothing said" {
    no_database
    lines 1 >log
    count -v -o rows log
    status_is 0
    is "$(grep -c sandbox <<<"$stderr")" 0
}
