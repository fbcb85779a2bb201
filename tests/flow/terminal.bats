#!/usr/bin/env bats
# What stands on a terminal while a run goes on, and what does not where there is none.
load lib
export TERM=xterm

setup_file() {
    no_database
}

# on COLUMNS ARGUMENT...: what a terminal of so many columns gets of a dry run.
on() {
    local columns=$1
    shift
    python3 "$HERE/terminal.py" "$columns" "$INGEST" -n --client-key none "$@" >screen
}

# The lines of progress: what stands between the beginning of the line and the order to clear the rest.
progress() {
    grep -aoP '\r\K[^\r\n\x1b]+(?=\x1b\[K)' screen
}

@test "the line of progress fits any terminal, and is gone when the summary comes" {
    lines 200 >log
    for columns in 7 20 40 80 200; do
        on "$columns" - < <(cat log; sleep 0.5) # it is told five times a second
        [ "$(progress | wc -l)" -ge 1 ]
        is "$(progress | awk -v most="$columns" 'length($0) >= most')" ""
        is "$(LC_ALL=C grep -cP '\x1b(?!\[K)' screen)" 0
        # Behind the last order to clear there is nothing but text.
        is "$(python3 -c 'print(open("screen", newline="").read().split("\r\x1b[K")[-1].count("\x1b"))')" 0
        grep -q "200 read = 200 counted" screen
    done
    on 200 - < <(cat log; sleep 3) # or a busy machine comes to the end first
    progress | grep -q "^0/1 files, 0.0 MB, 0 MB/s, .* lines/s$"
}

@test "a terminal that cannot rewrite gets no line of progress, and a file none either" {
    lines 200 >log
    for term in dumb ""; do
        TERM=$term on 80 log
        is "$(LC_ALL=C grep -c $'\x1b' screen)" 0
        grep -q "200 read = 200 counted" screen
    done
    env -u TERM python3 "$HERE/terminal.py" 80 "$INGEST" -n --client-key none log >screen
    is "$(LC_ALL=C grep -c $'\x1b' screen)" 0
    on 80 --log-style json log
    is "$(LC_ALL=C grep -c $'\x1b' screen)" 0
    count -n --progress always log
    status_is 0
    silent
}

@test "colours: red errors where they are wanted, by no other bytes" {
    on 80 nowhere && false
    grep -q $'\x1b\\[31merror:\x1b\\[0m nowhere' screen
    NO_COLOR=1 on 80 nowhere && false
    is "$(LC_ALL=C grep -cP '\x1b(?!\[K)' screen)" 0
    TERM=dumb on 80 nowhere && false
    is "$(LC_ALL=C grep -c $'\x1b' screen)" 0
    CLICOLOR_FORCE=1 count -n nowhere
    says $'\x1b[31merror:\x1b[0m nowhere'
}

@test "no argument at all: what to do" {
    run --separate-stderr "$INGEST" </dev/null
    status_is 2
    says "standard input is empty" "ingest --local logs/"
    run --separate-stderr python3 -c 'import os, pty, subprocess, sys
master, slave = pty.openpty()
sys.exit(subprocess.run([os.environ["INGEST"]], stdin=slave).returncode)'
    status_is 2
    says "standard input is the terminal"
}

@test "words that were nearly right" {
    for words in "--progress alwys:always" "--log-style jurnal:journal" "migrate pu:up" "node lst:list" "completion bsh:bash" "help formts:formats"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$INGEST" ${words%:*}
        status_is 2
        says "did you mean" "${words#*:}"
    done
    run --separate-stderr "$INGEST" --re
    status_is 2
    says 'several options begin with "--re"'
}
