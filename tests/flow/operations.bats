#!/usr/bin/env bats
# What an operator says to a run while it goes on, and what it says to him: signals, locks, deadlines.
load lib

setup_file() {
    make_template
}

# until_true COMMAND...: waits until it succeeds.
until_true() {
    local tries=400

    until "$@"; do
        ((tries-- > 0)) || { echo "in vain: $*"; return 1; }
        sleep 0.05
    done
}

asks() {
    [ "$(sql "SELECT ($1)::boolean")" = t ]
}

sessions="FROM pg_stat_activity WHERE datname = current_database() AND application_name"

# begin ARGUMENT...: a run in the background ($run), whose standard input is open until `finish`.
begin() {
    rm -f pipe
    mkfifo pipe
    # Python: bash makes children of the background deaf to SIGINT.
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$INGEST" --client-key none "$@" <pipe >out 2>err 3>&- 7>&- 8>&- &
    run=$!
    exec 7>pipe
}

finish() {
    exec 7>&-
    status=0
    wait "$run" || status=$?
    stderr=$(cat err) output=$(cat out)
}

# hold SQL: another session that has done this in a transaction, until `release`.
hold() {
    mkfifo hold
    PGAPPNAME=holder "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 <hold >/dev/null 2>holder.err 3>&- 7>&- 8>&- &
    holder=$!
    exec 8>hold
    printf 'BEGIN; %s;\n' "$1" >&8
    until_true asks "EXISTS (SELECT $sessions = 'holder' AND state = 'idle in transaction')"
}

release() {
    exec 8>&-
    wait "$holder"
}

waits_for_a_lock() {
    asks "EXISTS (SELECT $sessions = 'ingest' AND wait_event_type = 'Lock')"
}

total() {
    sql "SELECT coalesce(sum(count), 0) FROM stats WHERE version IS NULL"
}

# ---- signals ----

@test "the first signal is answered by a sentence, and -q keeps it back" {
    fresh
    lines 10 sig_a >a
    lines 20 sig_b >b
    begin a - b
    until_true asks "(SELECT count(*) FROM ingest.payloads) = 1"
    kill -TERM $run
    until_true grep -q "a second signal stops at once" err
    finish
    status_is 143
    is "$(grep -c "stopping" err)" 1
    is "$(total)" 10
    begin -q a - b
    sleep 0.2
    kill -TERM $run
    sleep 0.5
    finish
    [[ "$stderr" != *stopping* ]]
}

@test "a second signal is heard while a lock is waited for, and nothing is half done" {
    fresh
    lines 10 lock_a >a
    count a
    hold "LOCK TABLE stats IN ACCESS EXCLUSIVE MODE"
    lines 20 lock_b >b
    begin b
    until_true waits_for_a_lock
    kill -INT $run
    until_true grep -q stopping err
    waits_for_a_lock
    kill -INT $run
    finish
    release
    status_is 130
    says "a second signal came while the database was waited for"
    is "$(total)" 10
    is "$(n_rows ingest.payloads)" 1
    books_balance
    count b
    status_is 0
    is "$(total)" 30
}

@test "SIGUSR1 is answered by a line, also while a lock is waited for; elsewhere it does no harm" {
    fresh
    lines 10 usr_a >a
    lines 20 usr_b >b
    begin a - b
    until_true asks "(SELECT count(*) FROM ingest.payloads) = 1"
    kill -USR1 $run
    until_true grep -q "^ingest: 1/3 files, .* lines/s" err
    kill -USR1 $run
    until_true test "$(grep -c "^ingest: 1/3 files" err)" -ge 1
    finish
    status_is 0
    is "$(total)" 30
    hold "LOCK TABLE stats IN ACCESS EXCLUSIVE MODE"
    lines 40 usr_c >c
    begin c
    until_true waits_for_a_lock
    kill -USR1 $run
    until_true grep -q "^ingest: 1/1 files, .* writing" err
    release
    finish
    status_is 0
    is "$(total)" 70
}

# ---- locks ----

@test "--lock-wait gives up after that time with 3, says who holds the lock, and counts nothing" {
    local held

    fresh
    lines 10 held_a >a
    for held in "LOCK TABLE stats IN SHARE MODE" "LOCK TABLE ingest.payloads IN EXCLUSIVE MODE" \
        "SELECT pg_advisory_xact_lock(1768843013, 'stats'::regclass::oid::int)"; do
        hold "$held"
        count --lock-wait 0 a
        status_is 3
        says "55P03" "process $(sql "SELECT pid $sessions = 'holder'") of the server holds it: holder, user" \
            "idle in transaction" "--lock-wait" "pg_terminate_backend("
        is "$(n_rows stats)" 0
        is "$(n_rows ingest.payloads)" 0
        release
        rm hold
    done
    count --lock-wait 0 a
    status_is 0
    is "$(total)" 10
    books_balance
}

@test "--lock-wait: what is released in time is waited for, by a second run that counts the same file, too" {
    fresh
    lines 10 wait_a >a
    hold "LOCK TABLE stats IN ACCESS EXCLUSIVE MODE"
    begin --lock-wait 120s a
    until_true waits_for_a_lock
    # It has claimed the payload, and waits; this one waits for the claim.
    count --lock-wait 0 a
    status_is 3
    says "holds it: ingest, user"
    release
    finish
    status_is 0
    count --lock-wait 0 a
    status_is 0
    is "$(total)" 10
    books_balance
}

@test "a time that is none is refused before anything is done" {
    local time

    lines 1 bad >a
    for time in "" soon -1 1.5h 25:00 12:60 9999d 06:00:00; do
        count -n --deadline "$time" a
        status_is 2
        says "bad value for --deadline"
        count -n --lock-wait "$time" a
        status_is 2
        says "bad value for --lock-wait"
    done
    count -o - --deadline 1h a
    status_is 2
    says "--deadline leaves files"
}

# ---- deadlines ----

@test "--deadline: what is being read is finished and committed, the rest is left with 5, and the next run goes on" {
    fresh
    lines 10 dead_a >a
    lines 20 dead_b >b
    lines 40 dead_c >c
    begin --json --deadline 1s a - b c
    until_true asks "(SELECT count(*) FROM ingest.payloads) = 1"
    cat b >&7
    sleep 1.1
    finish
    status_is 5
    says "stopped at the deadline" "2 of 4 files are left" "the next run goes on"
    is "$(summary 's["files"]["left"]')" 2
    is "$(total)" 30
    is "$(sql "SELECT status FROM ingest.runs ORDER BY started_at DESC LIMIT 1")" 5
    books_balance
    count --json --deadline 23h a b c
    status_is 0
    is "$(summary 's["files"].get("left")')" None
    is "$(total)" 70
}

@test "--deadline: a refused file is worse than one that is left, and a deadline that changes nothing is 0" {
    fresh
    lines 10 worse_a >a
    printf '\x1f\x8b\x08 damaged' >broken.gz
    lines 20 worse_b >b
    begin --deadline 1s a broken.gz - b
    until_true asks "(SELECT count(*) FROM ingest.payloads) = 1"
    sleep 1.1
    finish
    status_is 1
    says "1 of 4 files are left" "broken.gz"
    begin --deadline 1s a -
    sleep 1.1
    finish
    status_is 0
    silent
}

@test "--deadline: what must be one transaction is not begun late" {
    fresh
    lines 10 one_a >a
    lines 20 one_b >b
    hold "LOCK TABLE ingest.payloads IN ACCESS EXCLUSIVE MODE"
    begin --deadline 1s --window 1s a b
    until_true waits_for_a_lock
    sleep 1
    release
    finish
    status_is 5
    says "2 of 2 files are left"
    is "$(n_rows ingest.payloads)" 0
    count --deadline 23h --window 1s a b
    status_is 0
    is "$(n_rows ingest.payloads)" 2
}

@test "--deadline holds for all sources of a run, and for workers of a queue" {
    fresh
    lines 10 src_a >a
    lines 20 src_b >b
    cat >ingest.ini <<END
[ingest]
deadline = 1s
[source one]
files = $PWD/a
[source two]
files = $PWD/b
END
    hold "LOCK TABLE ingest.payloads IN ACCESS EXCLUSIVE MODE"
    begin -c ingest.ini --json run
    until_true waits_for_a_lock
    sleep 1
    release
    finish
    status_is 5
    says "[source one]: stopped at the deadline" "[source two]: stopped at the deadline"
    is "$(total)" 0
    run --separate-stderr "$INGEST" -c ingest.ini --client-key none --deadline 23h run two
    status_is 0
    is "$(total)" 20
    "$INGEST" -q migrate up pictrs
    "$INGEST" -q enqueue a b
    run --separate-stderr "$INGEST" work --client-key none --deadline 23h
    status_is 0
    is "$(total)" 30
}

# ---- metrics ----

# sample NAME{LABELS}: its value in the file of metrics, which is what Prometheus reads, and nothing else.
sample() {
    python3 "$HERE/prometheus.py" m.prom "$1"
}

well_formed() {
    python3 "$HERE/prometheus.py" m.prom
    ! command -v promtool >/dev/null || promtool check metrics <m.prom
}

@test "--metrics: what runs did, growing from run to run, also of those that fail, and by source" {
    local before

    fresh
    lines 10 met_a >a
    lines 20 met_b >b
    printf '\x1f\x8b\x08 damaged metrics' >broken.gz
    count --metrics m.prom a
    status_is 0
    well_formed
    is "$(stat -c %a m.prom)" 644
    is "$(sample 'ingest_lines_total{result="counted"}')" 10
    is "$(sample ingest_last_run_exit_status)" 0
    is "$(sample 'ingest_rows_total{table="stats",change="inserted"}')" "$(n_rows stats)"
    before=$(sample ingest_last_success_timestamp_seconds)
    count --metrics m.prom a b broken.gz
    status_is 1
    well_formed
    is "$(sample 'ingest_lines_total{result="counted"}')" 30
    is "$(sample 'ingest_files_total{state="read"}')" 2
    is "$(sample 'ingest_files_total{state="known"}')" 1
    is "$(sample 'ingest_files_total{state="refused"}')" 1
    is "$(sample ingest_last_run_exit_status)" 1
    is "$(sample ingest_last_success_timestamp_seconds)" "$before"
    # Nothing is connected to, and the numbers stay.
    count --metrics m.prom -d "postgresql://127.0.0.1:1/x" a
    status_is 3
    count --metrics m.prom --memory 1 a
    status_is 2
    well_formed
    is "$(sample 'ingest_runs_total{exit_status="3"}')" 1
    is "$(sample 'ingest_runs_total{exit_status="2"}')" 1
    is "$(sample 'ingest_runs_total{exit_status="0"}')" 1
    is "$(sample 'ingest_lines_total{result="counted"}')" 30
    lines 40 met_c >c
    printf '[ingest]\nclient-key = none\nmetrics = %s\n[source one]\nfiles = c\n[source two]\nfiles = nowhere\n' "$PWD/m.prom" >ingest.ini
    run --separate-stderr env ASAN_OPTIONS=detect_leaks=0:exitcode=99 "$INGEST" -c ingest.ini --sandbox run
    status_is 1
    well_formed
    is "$(sample 'ingest_lines_total{source="one",result="counted"}')" 40
    is "$(sample 'ingest_last_run_exit_status{source="one"}')" 0
    is "$(sample 'ingest_last_run_exit_status{source="two"}')" 1
    is "$(sample 'ingest_lines_total{result="counted"}')" 30
    run --separate-stderr "$INGEST" -c ingest.ini run one
    status_is 0
    is "$(sample 'ingest_runs_total{source="one",exit_status="0"}')" 2
    is "$(sample 'ingest_runs_total{source="two",exit_status="1"}')" 1
    is "$(find . -name '.*' -type f)" ""
}

@test "--metrics: no file is lost for it, and what it cannot write is said" {
    fresh
    lines 10 lost_a >a
    cp a a.log
    count --metrics a.log a
    status_is 2
    says "a.log: cannot write the metrics" "it holds something else"
    same_file a a.log
    count --metrics nowhere/m.prom a
    status_is 2
    says "nowhere/m.prom" "No such file"
    mkdir dir
    count --metrics dir a
    status_is 2
    says "no regular file"
    count -n --metrics m.prom a
    status_is 2
    says "--metrics tells what was counted into a database"
    is "$(n_rows stats)" 0
    # What is damaged in it is left out, what is sound goes on; a file of another, hostile hand ends up well-formed.
    : >m.prom
    count --metrics m.prom a
    status_is 0
    printf '%s\n' 'ingest_lines_total{result="co' 'ingest_lines_total{result="x\q"} 1' 'ingest_lines_total{source="a\\\"b",result="counted"} 7' \
        'ingest_nothing_total 1' 'ingest_runs_total{exit_status="0"} NaN' 'ingest_runs_total{exit_status="9"} -1' \
        'ingest_files_total{} 1' 'ingest_last_run_exit_status' 'ingest_bytes_total{kind="stored"} 1e400' >>m.prom
    count --metrics m.prom a
    status_is 0
    well_formed
    is "$(sample 'ingest_lines_total{source="a\\\"b",result="counted"}')" 7
    is "$(sample 'ingest_runs_total{exit_status="0"}')" 2
    is "$(grep -c nothing m.prom)" 0
}

# ---- how messages look ----

@test "--log-style json: each message is one object on a line, whatever stands in names and logs" {
    local name=$'evil\e[31m\n"name'

    no_database
    lines 10 >good
    printf '\x1f\x8b\x08 damaged' >"$name.gz"
    run --separate-stderr "$INGEST" --log-style json -n -v --client-key none good "$name.gz" nowhere
    status_is 1
    is "$output" ""
    [[ "$stderr" != *$'\e'* ]]
    python3 - "$stderr" "$name.gz" <<'END'
import json, re, sys
told = [json.loads(line) for line in sys.argv[1].split("\n")]
assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", t["time"]) for t in told)
errors = {t["file"]: t for t in told if t["level"] == "error"}
assert set(errors) == {sys.argv[2], "nowhere"}, errors
assert errors["nowhere"]["cause"] == "No such file or directory" and "message" in errors["nowhere"]
assert errors[sys.argv[2]]["byte"] >= 0
last = told[-1]
assert last["level"] == "info" and last["message"] == "summary" and last["summary"]["lines"]["read"] == 10
assert any(t["level"] == "info" and "good" in t["message"] for t in told)
END
    run --separate-stderr "$INGEST" --log-style json --jbos 1
    status_is 2
    is "$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["hint"][:20])' "$stderr")" "did you mean --jobs?"
    printf '[ingest]\nlog_style = json\n' >my.ini
    run --separate-stderr "$INGEST" -c my.ini --rules nosuch -n good
    status_is 2
    [[ "$stderr" == '{"time":"'* ]]
    run --separate-stderr "$INGEST" --log-style xml -n good
    status_is 2
    says "bad value for --log-style" "text, json or journal"
}

@test "the journal gets priorities, on each line, and is known by its stream" {
    no_database
    lines 1 >good
    run --separate-stderr "$INGEST" --log-style journal -n -v --client-key none good nowhere
    status_is 1
    is "$(grep -cv '^<[36]>' <<<"$stderr")" 0
    says "<3>ingest: error: nowhere: " "<3>  cause: No such file" "<6>files    1 read, 1 refused"
    # As systemd says it: device and inode of standard error; of another stream it is not believed.
    # shellcheck disable=SC2016
    run bash -c 'JOURNAL_STREAM=$(stat -Lc %d:%i /dev/fd/2) "$INGEST" -n nowhere 2>&1 >/dev/null' 2>&1
    [[ "$output" == *"<3>ingest: error: nowhere"* ]]
    run --separate-stderr env JOURNAL_STREAM=1:2 "$INGEST" -n nowhere
    [[ "$stderr" == "ingest: error: nowhere"* ]]
}

@test "colours are for terminals, and for those who ask; NO_COLOR stands above both" {
    local red=$'\e[31m' dim=$'\e[2m'

    no_database
    run --separate-stderr env CLICOLOR_FORCE=1 "$INGEST" --jbos 1
    [[ "$stderr" == "ingest: ${red}error:"* && "$stderr" == *"$dim  hint:"* ]]
    run --separate-stderr env CLICOLOR_FORCE=1 NO_COLOR=1 "$INGEST" --jbos 1
    [[ "$stderr" != *$'\e'* ]]
    run --separate-stderr env CLICOLOR_FORCE=1 "$INGEST" --log-style journal --jbos 1
    [[ "$stderr" != *$'\e'* ]]
    run --separate-stderr "$INGEST" --jbos 1
    [[ "$stderr" != *$'\e'* ]]
    run env TERM=xterm script -qec "$INGEST --jbos 1" /dev/null
    [[ "$output" == *"$red"* ]]
    run env TERM=dumb script -qec "$INGEST --jbos 1" /dev/null
    [[ "$output" != *"$red"* ]]
    run env TERM=xterm NO_COLOR=1 script -qec "$INGEST --jbos 1" /dev/null
    [[ "$output" != *"$red"* ]]
}

# ---- logrotate, and the page ----

# served FIRST LAST: the server writes these lines, each a download of its own, into whatever file it has open (9).
served() {
    local i

    for ((i = $1; i <= $2; i++)); do
        line served "1.0.$i" 05/Jan/2024 "198.51.100.$((i % 250))" >&9
    done
}

@test "the logrotate example: each line is counted once, with create and with copytruncate" {
    local mode i now

    command -v /usr/sbin/logrotate >/dev/null || skip "there is no logrotate"
    for mode in create copytruncate; do
        fresh "$mode"
        mkdir -m 755 "$mode"
        printf '[ingest]\nclient-key = none\n[source nginx]\nfiles = %s/access.log*\n' "$PWD/$mode" >ingest.ini
        sed -e "s|/var/log/nginx|$PWD/$mode|" -e "s|/usr/bin/ingest|'$INGEST' -c '$PWD/ingest.ini'|" -e "s|create .*|$mode|" \
            -e 's|/run/nginx.pid|/nonexistent|' "$ROOT/tools/logrotate/nginx" >rotate.conf
        exec 9>>"$mode/access.log"
        now=0
        for i in 1 2 3 4; do
            served $((now + 1)) $((now + 25))
            now=$((now + 25))
            [ "$i" -eq 3 ] || "$INGEST" -q -c ingest.ini run
            /usr/sbin/logrotate -f -s "$PWD/state.$mode" rotate.conf
            if [ "$mode" = create ]; then
                # Until it hears the signal, the server writes into the file that was turned over.
                served $((now + 1)) $((now + 5))
                now=$((now + 5))
                exec 9>>"$mode/access.log"
            fi
        done
        exec 9>&-
        "$INGEST" -q -c ingest.ini run
        is "$(total)" "$now"
        is "$(n_rows stats "version IS NOT NULL AND count <> 1")" 0
        [ -e "$mode/access.log.2.gz" ]
        books_balance
    done
}

@test "the page lists every metric, and no other" {
    is "$(grep -o '"ingest_[a-z_]*"' "$ROOT/src/cli/metrics_text.c" | tr -d '"' | sort)" \
        "$(grep -o '^| `ingest_[a-z_]*`' "$ROOT/docs/OPERATIONS.md" | tr -d '|` ' | sort)"
}
