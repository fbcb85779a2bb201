#!/usr/bin/env bats
# The program as it ships: how it was compiled, whose rights it runs with, and what it leaves when it dies. Release builds.
load lib

setup_file() {
    no_database
}

ingest() {
    run --separate-stderr "$INGEST" "$@"
}

elf() {
    readelf -W "$@" "$INGEST"
}

# ---- how it was compiled ----

@test "a position independent program, whose tables are read-only before main" {
    [ "$(elf -h | awk '$1 == "Type:" { print $2 }')" = DYN ]
    elf -d | grep -q 'FLAGS_1.*NOW.*PIE'
    elf -d | grep -q BIND_NOW
    elf -l | grep -q GNU_RELRO
}

@test "no memory that is written and run: neither the stack nor a segment" {
    [ "$(elf -l | awk '$1 == "GNU_STACK" { print $7 }')" = RW ]
    is "$(elf -l | awk '$1 == "LOAD" && /WE|RWE/' | wc -l)" 0
    is "$(elf -d | grep -c TEXTREL)" 0
}

@test "libraries are looked for where the system has them, and nowhere else" {
    is "$(elf -d | grep -cE 'RPATH|RUNPATH')" 0
}

@test "stack protector and checked calls, and none of the unbounded ones" {
    elf --dyn-syms | grep -q __stack_chk_fail
    for name in __memcpy_chk __snprintf_chk __vsnprintf_chk; do
        elf --dyn-syms | grep -q "$name@" || {
            echo "no $name"
            return 1
        }
    done
    is "$(elf --dyn-syms | grep -cE ' (gets|strcpy|strcat|sprintf|vsprintf|strtok|system|popen)@')" 0
}

# The note of the whole program needs the C library's start files to have it, which Debian 12's have not: so each room's own.
@test "indirect calls land on marked functions (x86-64)" {
    [ "$(uname -m)" = x86_64 ] || skip "other machines have other marks"
    objdump -d --no-show-raw-insn --disassemble=cli_main "$INGEST" | grep -A1 '<cli_main>:' | grep -q endbr64
    objdump -d --no-show-raw-insn --disassemble=combined_line "$INGEST" | grep -A1 '<combined_line>:' | grep -q endbr64
}

@test "the shared library, where it was built: as hardened, and no name in it but those of ingest.h" {
    local so=${INGEST%/*}/libingest.so

    [ -e "$so" ] || skip "this build has none (INGEST_SHARED)"
    readelf -lW "$so" | grep -qE 'GNU_STACK.* RW '
    readelf -lW "$so" | grep -q GNU_RELRO
    readelf -dW "$so" | grep -q BIND_NOW
    is "$(readelf -dW "$so" | grep -cE 'RPATH|RUNPATH|TEXTREL')" 0
    nm -D --undefined-only "$so" | grep -q __stack_chk_fail
    is "$(nm -D --undefined-only "$so" | grep -cE ' (gets|strcpy|strcat|sprintf|vsprintf|strtok|system|popen)@')" 0
    is "$(nm -D --defined-only "$so" | grep -cvE ' T ingest_|A INGEST_0')" 0
}

# ---- whose rights ----

# copy MODE: the program as `p`, in a directory that others may enter.
copy() {
    local dir=$BATS_TEST_TMPDIR/bin

    mkdir -p "$dir"
    cp "$INGEST" "$dir/p"
    chmod "$1" "$dir/p"
    echo "$dir/p"
}

refused_as() {
    status_is 2
    is "$output" ""
    says "refused to run with rights that its caller does not have" "$1" "chmod ug-s"
    is "$(grep -c 'error:' <<<"$stderr")" 1
}

as_nobody() {
    run --separate-stderr setpriv --reuid=nobody "--regid=$(id -g nobody)" --clear-groups -- "$@"
}

others_may_enter() {
    local dir=$BATS_TEST_TMPDIR

    while [ "$dir" != / ]; do
        chmod o+x "$dir" 2>/dev/null || true
        dir=$(dirname "$dir")
    done
}

@test "setuid, setgid, with file capabilities: exit 2, before anything is read" {
    [ "$(id -u)" -eq 0 ] || skip "only root makes such programs"
    others_may_enter
    p=$(copy 4755)
    as_nobody "$p" --version
    [ "$output" != "ingest 0.1.0" ] || skip "this file system does not honour setuid (nosuid)"
    refused_as "it is setuid"
    as_nobody "$p" -o - /nonexistent
    refused_as "it is setuid"
    p=$(copy 2755)
    as_nobody "$p" --help
    refused_as "it is setgid"
    p=$(copy 0755)
    setcap cap_dac_read_search+ep "$p" || skip "this file system has no capabilities"
    as_nobody "$p" --help
    refused_as "it has file capabilities"
    setcap -r "$p"
    as_nobody "$p" --version
    status_is 0
    is "$output" "ingest 0.1.0"
}

@test "setuid root run by root: nobody gains anything" {
    [ "$(id -u)" -eq 0 ] || skip "only root makes such programs"
    run --separate-stderr "$(copy 4755)" --version
    status_is 0
}

# ---- what it leaves ----

# dies COMMAND...: is killed as it waits for its standard input; "core" if the system took a core of it.
dies() {
    python3 - "$@" <<'PYTHON'
import os, resource, signal, subprocess, sys, time
soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
# It sleeps in read(2) or poll(2) on the pipe once all of it is set up.
end = time.monotonic() + 60
while time.monotonic() < end:
    with open("/proc/%d/stat" % child.pid) as stat:
        if stat.read().rsplit(")", 1)[1].split()[0] == "S":
            break
    time.sleep(0.01)
os.kill(child.pid, signal.SIGABRT)
_, status = os.waitpid(child.pid, 0)
child.returncode = 0
assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
print("core" if os.WCOREDUMP(status) else "none")
PYTHON
}

@test "killed with a core allowed, it leaves none" {
    is "$(dies "$INGEST" -n --client-key none -)" none
    [ "$(dies cat)" = core ] || skip "here no program leaves a core, so that proves nothing"
}

@test "another process of the same user cannot read its memory, its own files it can" {
    [ "$(id -u)" -eq 0 ] || skip "needs a user beside root"
    others_may_enter
    p=$(copy 0755)
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    chmod 666 "$BATS_TEST_TMPDIR/pipe"
    cat >"$BATS_TEST_TMPDIR/look" <<'LOOK'
"$1" -n --client-key none - <"$2" &
exec 9>"$2"
for i in $(seq 200); do # until it has come to its standard input
    grep -q 'S (sleeping)' /proc/$!/status && [ "$(readlink /proc/$!/exe 2>&1)" = "" ] && break
    sleep 0.05
done
head -c 1 /proc/$!/environ 2>&1 | grep -ao 'Permission denied'
head -c 1 /proc/$!/mem 2>&1 | grep -ao 'Permission denied'
exec 9>&-
wait
LOOK
    as_nobody bash "$BATS_TEST_TMPDIR/look" "$p" "$BATS_TEST_TMPDIR/pipe"
    is "$output" "Permission denied
Permission denied"
}

# What /proc/self/fd leads to belongs to root from then on, but for the process itself.
@test "lists from a pipe of the shell, output to /dev/stdout: as before" {
    [ "$(id -u)" -eq 0 ] || skip "needs a user beside root"
    others_may_enter
    p=$(copy 0755)
    lines 2 >"$BATS_TEST_TMPDIR/log"
    as_nobody bash -c '"$1" --client-key none -q --format combined --files-from <(echo "$2") -o /dev/stdout | cat' - "$p" "$BATS_TEST_TMPDIR/log"
    status_is 0
    is "$(grep -c '"stats"' <<<"$output")" 3
}
