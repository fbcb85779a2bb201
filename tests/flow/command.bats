#!/usr/bin/env bats
# The command line: options, configuration, standard streams, exit statuses. No database is near.
load lib

setup_file() {
    no_database
}

ingest() {
    run --separate-stderr "$INGEST" "$@"
}

@test "an unknown option: exit 2, with the nearest" {
    ingest --databse x
    status_is 2
    says '"--databse"' "did you mean --database?"
    ingest --outptu=x log
    status_is 2
    says "did you mean --output?"
    ingest -Z
    status_is 2
    says '"-Z"' "--help"
    ingest --completely-unlike-anything
    status_is 2
    says "ingest --help"
    [[ "$stderr" != *"did you mean"* ]]
}

@test "an option without its value, a flag with one: exit 2" {
    ingest --output
    status_is 2
    says '"--output" wants a value'
    ingest -qo
    status_is 2
    says '"-o" wants a value'
    ingest --json=maybe
    status_is 2
    says '"--json" takes no value'
}

@test "an option word that holds an escape is shown harmless" {
    ingest "$(printf -- '--\033[2Jx')"
    status_is 2
    is "$(LC_ALL=C grep -cP '\x1b' <<<"$stderr")" 0
}

@test "bad values: exit 2, and what is good" {
    lines 1 >log
    for bad in "--memory 1M" "--memory x" "--memory -1" "--memory 99999999999999999999" "-j 0" "-j 257" "-j x" "-j -1" "--format nonsense" \
        "--dataset nonsense" "--rules nonsense" "--since 2024-02-30" "--until yesterday" "--since 2024-02-01 --until 2024-01-01" "--progress maybe"; do
        # shellcheck disable=SC2086
        ingest -o - --client-key none $bad log
        status_is 2
        is "$output" ""
        says "error: "
    done
}

@test "contradictions: exit 2" {
    lines 1 >log
    for bad in "-o - -n" "-o x -d dbname=y" "-o x --local" "-o - --json" "--format fdsnws --dataset stats -n"; do
        # shellcheck disable=SC2086
        ingest --client-key none $bad log
        status_is 2
    done
}

@test "a malformed route: exit 2, with a caret under the byte" {
    lines 1 >log
    ingest -o - --client-key none --route '/a/{nam' log
    status_is 2
    says "malformed route" "/a/{nam" "byte "
    # The caret stands under the brace.
    is "$(grep -A1 -F '/a/{nam' <<<"$stderr" | tail -1 | grep -bo '\^' | cut -d: -f1)" \
        "$(grep -F '/a/{nam' <<<"$stderr" | tail -1 | grep -bo '{' | cut -d: -f1)"
    for bad in '' 'no-slash' '/x' '/{what}' '/{name}{name}' '/{name'; do
        ingest -o - --client-key none --route "$bad" log
        status_is 2
    done
}

@test "an unknown key, section or value of the configuration: exit 2, with file and line" {
    lines 1 >log
    printf '[ingest]\nmemory = 64M\n\nmemroy = 64M\n' >bad.ini
    ingest -c bad.ini -o - --client-key none log
    status_is 2
    says "bad.ini:4" '"memroy"' "did you mean memory?"
    printf '[ingest]\nmemory = 64M\n[sauce x]\nfiles = y\n' >bad.ini
    ingest -c bad.ini -o - --client-key none log
    status_is 2
    says "bad.ini:3" "sauce"
    printf '[ingest]\nnothing\n' >bad.ini
    ingest -c bad.ini -o - --client-key none log
    status_is 2
    says "bad.ini:2"
    printf '[ingest]\nstrict = perhaps\n' >bad.ini
    ingest -c bad.ini -o - --client-key none log
    status_is 2
    says "bad.ini:2" perhaps
    ingest -c missing.ini -o - log
    status_is 2
    says missing.ini
    ingest -c . -o - log
    status_is 2
}

@test "the configuration takes long options; the command line wins" {
    lines 1 >log
    printf '[ingest]\nclient-key = none\noutput = from-config\nstrict = yes\n' >my.ini
    ingest -c my.ini log
    status_is 0
    [ -s from-config ]
    ingest -c my.ini -o from-line log
    status_is 0
    same_file from-config from-line
    mkdir -p "$HOME/.config/ingest"
    cp my.ini "$HOME/.config/ingest/ingest.ini"
    rm from-config
    ingest log
    status_is 0
    [ -s from-config ]
}

@test "a route of the configuration is used, one of the command line instead of it" {
    printf '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /x/a HTTP/1.1" 200 1 "-" "-"\n' >log
    printf '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /y/b HTTP/1.1" 200 1 "-" "-"\n' >>log
    printf '[ingest]\nroute = /x/{name}\n' >my.ini
    ingest -c my.ini -o - --client-key none log
    [[ "$output" == *'"name":"a"'* && "$output" != *'"name":"b"'* ]]
    ingest -c my.ini -o - --client-key none --route '/y/{name}' log
    [[ "$output" == *'"name":"b"'* && "$output" != *'"name":"a"'* ]]
}

@test "a dry run of a command that would write all the same: exit 2" {
    for words in "migrate up eida" "migrate down stats" "accept x" "node add x" "token add x" "backup x" "leaderboard"; do
        # shellcheck disable=SC2086
        ingest $words -n
        status_is 2
        says "cannot run \`ingest ${words%% *}\`" "--dry-run"
    done
}

@test "an option of another command does not count: exit 2" {
    lines 2 >log
    for option in --url=/crates/a/a-1.0.0.crate --no-sketches --drop-data --rejects-raw; do
        count -o - $option log
        status_is 2
        is "$output" ""
        says "cannot count with this option" "${option%%=*}"
    done
    printf '[ingest]\nno-sketches = true\nrejects-raw = true\n' >my.ini
    count -c my.ini -o - log
    status_is 0
}

@test "--help and --version go to stdout, and tell of all there is" {
    ingest --help
    status_is 0
    silent
    for word in --database --local --client-key cloudfront combined common fastly fdsnws stats dataselect_stats crates rubygems hex migrate; do
        [[ "$output" == *"$word"* ]]
    done
    is "$(awk 'length > 100' <<<"$output")" ""
    whole=$output
    ingest help
    is "$output" "$whole"
    ingest -V
    [[ "$output" == "ingest "[0-9]* ]]
}

# ---- standard input ----

@test "no file and an empty standard input: exit 2" {
    ingest -o - --client-key none </dev/null
    status_is 2
    says "no FILE"
    : >empty
    ingest -o - --client-key none <empty
    status_is 2
    run --separate-stderr bash -c ': | "$INGEST" -o - --client-key none'
    status_is 2
    run --separate-stderr bash -c '"$INGEST" -o - --client-key none <&-'
    status_is 2
    lines 2 >log # all of it has been read already
    run --separate-stderr bash -c '{ cat >/dev/null; "$INGEST" -o - --client-key none; } <log'
    status_is 2
}

@test "an explicit standard input may be empty: exit 0" {
    for stdin in /dev/null empty; do
        : >empty
        ingest -o - --client-key none - <$stdin
        status_is 0
        silent
        is "$output" ""
    done
    run --separate-stderr bash -c ': | "$INGEST" -n --json --client-key none -'
    status_is 0
    is "$(summary 's["files"]["read"], s["lines"]["read"]')" "(1, 0)"
}

@test "a closed standard input that is asked for is refused, and no other file is taken for it" {
    lines 2 >log
    run --separate-stderr bash -c '"$INGEST" -n --json --client-key none - log <&-'
    [ "$status" -le 1 ]
    is "$(summary 's["lines"]["read"]')" 2
}

@test "standard input twice is one input" {
    lines 3 >log
    run --separate-stderr bash -c '"$INGEST" -n --json --client-key none - - <log'
    status_is 0
    is "$(summary 's["files"]["read"], s["lines"]["read"]')" "(1, 3)"
}

@test "a slow pipe is waited for" {
    { sleep 0.3; lines 2; sleep 0.3; lines 1; } | "$INGEST" -n --json --client-key none >out
    output=$(cat out)
    is "$(summary 's["lines"]["read"]')" 3
}

# ---- standard output and error ----

@test "a full disk: exit 4 and a message" {
    lines 3 >log
    run --separate-stderr bash -c '"$INGEST" -o - --client-key none log >/dev/full'
    status_is 4
    says "No space left"
    ingest -o /dev/full --client-key none log
    status_is 4
    says /dev/full "No space left"
    run --separate-stderr bash -c '"$INGEST" -n --json --client-key none log >/dev/full'
    status_is 4
    run --separate-stderr bash -c '"$INGEST" --help >/dev/full'
    status_is 4
    run --separate-stderr bash -c '"$INGEST" migrate print stats >/dev/full'
    status_is 4
}

@test "a reader that stops early: no signal, exit 4" {
    run --separate-stderr bash -c '"$INGEST" -o - --client-key none "$1" | head -1; exit "${PIPESTATUS[0]}"' - "$LOGS/logs/cloudfront-crates-2024-01.log.gz"
    status_is 4
    is "${#lines[@]}" 1
    says "Broken pipe"
}

@test "a reader of text that stops early knows it: exit 4, and no message" {
    lines 3 >log
    for words in --help 'explain log' 'help man'; do
        run --separate-stderr python3 -c 'import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.run([os.environ["INGEST"]] + sys.argv[1].split(), stdout=w).returncode)' "$words"
        status_is 4
        silent
    done
}

@test "closed output and error streams: no descriptor of ours takes their place" {
    lines 3 >log
    run bash -c '"$INGEST" -o rows --client-key none log >&- 2>&-'
    status_is 0
    is "$(wc -l <rows)" 4
    run bash -c '"$INGEST" -o - --client-key none missing log >&- 2>&-'
    [ "$status" -ne 0 ]
    run bash -c '"$INGEST" -n -v --client-key none log 2>&-'
    status_is 0
}

@test "an output that cannot be made: exit 2, before anything is read" {
    lines 3 >log
    ingest -o no/such/dir/rows --client-key none log
    status_is 2
    says no/such/dir/rows
    ingest -o . --client-key none log
    [ "$status" -eq 2 ]
    mkdir shut
    cat >script <<'SCRIPT'
mkdir shut
chmod 555 shut
./ingest -o shut/rows --client-key none log
echo "status $?"
ls -A shut
SCRIPT
    run "$ROOT/tests/lib/as-user" --with "$INGEST" --with log --with script bash ./script
    [[ "$output" == *"Permission denied"*"status 2" ]]
}

@test "an output file is whole or as it was before" {
    lines 3 >log
    echo before >rows
    lines 9 bad | gzip | head -c 40 >bad.gz
    ingest -o rows --client-key none log bad.gz
    status_is 1 # refused inputs do not hold up the rows of the others
    is "$(wc -l <rows)" 4
    echo before >rows
    ingest -o rows --route '/{' --client-key none log
    status_is 2
    is "$(cat rows)" before
    is "$(ls)" "$(printf 'bad.gz\nlog\nrows')"
}

@test "an output file has the mode of other files, and keeps the one it had" {
    lines 3 >log
    (umask 027 && "$INGEST" -o rows --client-key none log)
    is "$(stat -c %a rows)" 640
    chmod 604 rows
    "$INGEST" -o rows --client-key none log
    is "$(stat -c %a rows)" 604
}

@test "a progress line only when asked for or on a terminal" {
    lines 3 >log
    ingest -n --client-key none log
    silent
    is "$output" ""
    ingest -n --progress always --client-key none log
    status_is 0
    run --separate-stderr script -qec "$INGEST -n --client-key none log" typescript
    status_is 0
    [[ "$output" == *"3 read = 3 counted"* ]]
    run --separate-stderr script -qec "$INGEST -q -n --client-key none log" typescript
    [[ "$output" != *counted* ]]
}

# ---- signals ----

@test "SIGINT and SIGTERM while standard input is silent: the third ends it at once" {
    mkfifo pipe
    for signal in INT:130 TERM:143; do
        # exec: bash makes children of the background deaf to SIGINT.
        python3 - "$INGEST" "${signal%:*}" "${signal#*:}" <<'PY'
import os, signal, subprocess, sys, time
number = getattr(signal, "SIG" + sys.argv[2])
p = subprocess.Popen([sys.argv[1], "-n", "--client-key", "none", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
time.sleep(0.7)
for _ in range(3):
    p.send_signal(number)
    time.sleep(0.2)
try:
    code = p.wait(5)
except subprocess.TimeoutExpired:
    p.kill()
    sys.exit("still running")
sys.exit(0 if code in (int(sys.argv[3]), -number) else "exit status %d" % code)
PY
    done
}

@test "files of user agents without a class that does not count are a mistake" {
    lines 2 >a.log
    printf 'serde\n' >robots
    count -o - --robots-file robots a.log
    status_is 2
    says "all classes count" "--agents"
    count -o - --robots-file robots --agents client,unknown a.log
    status_is 0
    count -o - --robots-file missing --agents client a.log
    status_is 2
    says "missing: cannot read the patterns of user agents"
    printf 'fine\nbad[\n' >robots
    count -o - --robots-file robots --agents client a.log
    status_is 2
    says "robots:2:" 'byte 4 of "bad[": this "[" is never closed'
    count -o - --country-file missing a.log
    status_is 2
    says "missing: cannot read the countries of addresses"
}

@test "a file that the rules name and that cannot be read: exit 2 before anything is touched, from the INI too" {
    lines 2 >a.log
    mkdir dir
    echo "keep me" >rows
    for file in missing dir; do
        for key in clients_file browsers_file robots_file mirrors_file country_file; do
            option=--${key//_/-}=$file
            classes=--agents=client,unknown
            printf '[rules own]\nagents = client unknown\n%s = %s\n' $key $file >own.ini
            for arguments in "$option $classes" "-c own.ini --rules own"; do
                # shellcheck disable=SC2086
                count $arguments -o rows --rejects rejects --done done a.log
                status_is 2
                says "$file: cannot read the "
                # shellcheck disable=SC2086
                for what in a.log "--url /crates/serde/serde-1.0.crate" ""; do
                    run --separate-stderr "$INGEST" explain --rules own -c own.ini $arguments $what
                    status_is 2
                    says "$file: cannot read the "
                    is "$output" ""
                done
            done
        done
        run --separate-stderr "$INGEST" explain --robots-file $file a.log
        status_is 2
        says "$file: cannot read the "
    done
    is "$(cat rows)" "keep me"
    [ ! -e rejects ] && [ ! -e done ]
}
