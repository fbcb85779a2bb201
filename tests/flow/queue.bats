#!/usr/bin/env bats
# Files that wait in the database for whoever counts them: none is lost and none counts twice, whoever dies.
load lib

setup_file() {
    make_template
    PGDATABASE=$TEMPLATE "$INGEST" -q migrate up pictrs
    python3 - "$BATS_FILE_TMPDIR/logs" <<'PY'
import gzip, os, random, sys
where = sys.argv[1]
os.mkdir(where)
r = random.Random(5)
for n in range(100):
    text = "".join('10.0.%d.%d - - [%02d/Jan/2024:12:00:%02d +0000] "GET /crates/c%d/c%d-1.%d.0.crate HTTP/1.1" 200 %d "-" "cargo/1.7"\n'
                   % (n, r.randrange(250), 1 + n % 9, k % 60, k % 7, k % 7, k % 3, n * 100 + k) for k in range(40)).encode()
    with open("%s/%02d.log%s" % (where, n, ".gz" if n % 2 else ""), "wb") as f:
        f.write(gzip.compress(text, 1) if n % 2 else text)
PY
    fresh _whole
    "$INGEST" --client-key none "$BATS_FILE_TMPDIR/logs"
    dump_counted >"$BATS_FILE_TMPDIR/whole"
}

enqueue() {
    run --separate-stderr "$INGEST" enqueue "$@"
}

work() {
    run --separate-stderr "$INGEST" work -j 1 --client-key none "$@"
}

# The workers that died did so three minutes ago, and what rests has rested.
later() {
    sql "UPDATE pictrs.queue SET heartbeat = heartbeat - interval '3 minutes', queue_time = queue_time - interval '3 minutes'"
}

# jobs [WHERE]
jobs_left() {
    n_rows pictrs.queue "${1:-}"
}

# wait_for CONDITION: until this SQL is true.
wait_for() {
    local tries=600

    until [ "$(sql "SELECT $1")" = t ]; do
        ((tries-- > 0)) || { echo "never: $1"; return 1; }
        sleep 0.05
    done
}

# Starts a worker; its process is $worker.
begin() {
    "$INGEST" work -j 1 --client-key none "$@" >out 2>err 3>&- &
    worker=$!
}

# Waits for its end as `run` would tell it.
finish() {
    status=0
    wait $worker || status=$?
    output=$(cat out) stderr=$(cat err)
}

# Nobody gets at the table until the holder's session ends.
hold_stats() {
    (PGAPPNAME=holder "$PG_BIN/psql" -Xq -c "BEGIN; LOCK TABLE stats IN ACCESS EXCLUSIVE MODE" -c "SELECT pg_sleep(600)" >/dev/null 2>&1) 3>&- &
    wait_for "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'holder' AND wait_event = 'PgSleep')"
}

@test "eight workers at once, killed again and again: the rows of one undisturbed run" {
    fresh
    enqueue --json "$BATS_FILE_TMPDIR/logs"
    status_is 0
    is "$output" '{"queued":100,"there":0,"skipped":0,"refused":0}'
    killed=0
    RANDOM=11
    declare -A workers
    start() {
        "$INGEST" work -j 1 --client-key none >/dev/null 2>>err 3>&- &
        workers[$1]=$!
    }
    for w in 1 2 3 4 5 6 7 8; do start $w; done
    for ((moment = 0; moment < 12; moment++)); do
        sleep "0.0$((RANDOM % 10))"
        w=$((1 + RANDOM % 8))
        kill -KILL "${workers[$w]}" 2>/dev/null || true
        code=0
        wait "${workers[$w]}" 2>/dev/null || code=$?
        [ $code -ne 137 ] || killed=$((killed + 1))
        # Some that live are taken for dead, too: two count the same file, and one of them finds it known.
        ((moment % 4 != 3)) || later
        [ "$(jobs_left)" -gt 0 ] || "$INGEST" enqueue "$BATS_FILE_TMPDIR/logs" # all known: a race all the same
        start $w
    done
    for w in "${!workers[@]}"; do wait "${workers[$w]}" || { cat err; false; }; done
    later
    work
    status_is 0
    say "$killed workers were killed"
    [ $killed -ge 3 ]
    is "$(grep 'ingest:' err)" "" # a sanitizer that is killed at its last look says so; what it finds is in the exit status
    is "$(jobs_left)" 0
    dump_counted >this
    same_file this "$BATS_FILE_TMPDIR/whole"
    books_balance
}

@test "putting in twice, under another spelling, and again once it is counted: once" {
    fresh
    lines 3 a >a.log
    mkdir -p sub/deep
    enqueue a.log ./a.log "$PWD//sub/.././a.log" "$PWD/./a.log"
    status_is 0
    silent
    is "$(jobs_left)" 2 # ".." may be behind a link, so it stays
    enqueue -v a.log
    says "0 queued, 1 were there"
    work --json
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["known"], s["lines"]["counted"]')" "(1, 1, 3)"
    enqueue --json a.log
    is "$output" '{"queued":1,"there":0,"skipped":0,"refused":0}'
    work --json
    status_is 0
    is "$(summary 's["files"]["known"]')" 1
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 3
    is "$(jobs_left)" 0
}

@test "names with line feeds, quotes and bytes that are no UTF-8; from lists, too" {
    fresh
    local name=$'li\nne \'"\\ %41 \xff\xfe\xc3\xa9.log'

    mkdir logs
    lines 2 a >"logs/$name"
    lines 3 b >logs/b.log
    lines 4 c >"logs/c%41.log"
    printf '%s\0' "logs/$name" logs/b.log >list
    enqueue --files-from list --null
    status_is 0
    enqueue --json logs
    is "$output" '{"queued":1,"there":2,"skipped":0,"refused":0}'
    is "$(jobs_left "job->>'file' LIKE 'file:///%li%0Ane%20%27%22%5C%20%2541%20%FF%FE%C3%A9.log'")" 1
    work --json
    status_is 0
    is "$(summary 's["files"]["read"]')" 3
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 9
    printf 'logs/b.log\n' | "$INGEST" enqueue --files-from -
    is "$(jobs_left)" 1
}

@test "a file that is not there: told, its job kept without loss, and counted once it is" {
    fresh
    lines 3 a >a.log
    lines 5 b >b.log
    enqueue a.log b.log
    mv a.log away
    work --json
    status_is 1
    says "$PWD/a.log: cannot find this file" "$(uname -n)" "DELETE FROM pictrs.queue WHERE id = '"
    is "$(summary 's["files"]["refused"], s["files"]["read"]')" "(1, 1)"
    is "$(sql "SELECT status, retry, worker_id IS NULL FROM pictrs.queue")" "new|5|t"
    work # it rests
    status_is 0
    mv away a.log
    later
    work
    status_is 0
    is "$(jobs_left)" 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 8
}

@test "a file that this host cannot open costs its job no try" {
    fresh
    lines 3 a >a.log
    enqueue a.log
    mv a.log away && ln -s a.log a.log
    work
    status_is 1
    says "$PWD/a.log: cannot find this file" "Too many levels of symbolic links"
    rm a.log && mv away a.log && chmod 0 a.log
    later
    if [ "$(id -u)" -ne 0 ]; then
        work
        says "Permission denied"
    fi
    is "$(sql "SELECT status, retry FROM pictrs.queue")" "new|5"
}

@test "a storage that is not mounted does not make a worker go through all jobs" {
    fresh
    enqueue "$BATS_FILE_TMPDIR/logs"
    mv "$BATS_FILE_TMPDIR/logs" "$BATS_FILE_TMPDIR/away"
    work
    mv "$BATS_FILE_TMPDIR/away" "$BATS_FILE_TMPDIR/logs"
    status_is 1
    says "20 files in a row are not on this host" "is the storage mounted?"
    is "$(jobs_left "status = 'new' AND retry = 5")" 100
}

@test "a damaged file: named at each try, given up aloud after five, the others counted" {
    fresh
    lines 50 a | gzip | head -c 300 >a.log.gz
    lines 5 b >b.log
    enqueue a.log.gz b.log
    for left in 4 3 2 1; do
        work
        status_is 1
        says "$PWD/a.log.gz: " "ends inside"
        [[ "$stderr" != *"gave this job up"* ]]
        is "$(sql "SELECT retry FROM pictrs.queue")" $left
        work # not at once
        status_is 0
        later
    done
    work
    status_is 1
    says "$PWD/a.log.gz: gave this job up" "ingest enqueue FILE"
    is "$(jobs_left)" 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 5
}

@test "what is no log in a directory is passed over, and refused when it is named" {
    fresh
    mkdir logs
    lines 5 b >logs/b.log
    echo "read me" >logs/README
    enqueue logs
    work
    status_is 0
    is "$(jobs_left)" 0
    enqueue logs/README
    work
    status_is 1
    says "README" "no known format"
}

@test "a job that is none of ours is told and given up like any other" {
    fresh
    sql "INSERT INTO pictrs.queue (queue, job, retry) VALUES ('ingest', '{\"file\": \"../etc\"}', 1)"
    sql "INSERT INTO pictrs.queue (queue, job, retry) VALUES ('ingest', '[1]', 2), ('other', '{}', 5)"
    work
    status_is 1
    says 'no file URI with an absolute path: "../etc"' 'has no text "file"' "gave this job up"
    is "$(grep -cE 'cause: [0-9a-f-]{36}: it was tried' <<<"$stderr")" 1
    is "$(sql "SELECT queue, retry FROM pictrs.queue ORDER BY 1")" "ingest|1
other|5"
}

@test "the first signal lets the file be finished: its job is done, the next one waits" {
    fresh
    lines 3 a >a.log
    lines 5 b >b.log
    enqueue a.log b.log
    hold_stats
    begin
    wait_for "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'ingest' AND wait_event_type = 'Lock')"
    kill -TERM $worker
    sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'" >/dev/null
    finish
    status_is 143
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 3
    is "$(sql "SELECT job->>'file' LIKE '%/b.log', status, retry, worker_id IS NULL FROM pictrs.queue")" "t|new|5|t"
}

@test "--wait: a job wakes the worker, a signal ends it" {
    fresh
    lines 3 a >a.log
    begin --wait
    wait_for "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'ingest' AND query LIKE 'WITH due%'
              AND state = 'idle' AND state_change < clock_timestamp() - interval '300 milliseconds')"
    enqueue a.log
    seconds=$SECONDS
    wait_for "(SELECT count(*) FROM pictrs.queue) = 0"
    [ $((SECONDS - seconds)) -lt 20 ] # it would look by itself after 30 seconds
    kill -0 $worker
    kill -INT $worker 2>/dev/null || true
    kill -TERM $worker
    finish
    [ $status -eq 143 ] || [ $status -eq 130 ]
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 3
}

restart() {
    local as=()

    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid="$PG_OWNER" --regid="$PG_OWNER" --init-groups)
    (cd / && "${as[@]}" "$PG_BIN/pg_ctl" -D "$PGDATA" -m immediate -w -l "$PGDATA/restart.log" restart) >/dev/null 3>&-
}

@test "a server that restarts: the worker goes on, and the rows are those of an undisturbed run" {
    fresh
    enqueue "$BATS_FILE_TMPDIR/logs"
    hold_stats
    begin --wait
    wait_for "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'ingest' AND wait_event_type = 'Lock')"
    restart # in the midst of a transaction, and with a job taken
    wait_for "(SELECT count(*) FROM pictrs.queue WHERE status = 'new') = 0"
    kill -TERM $worker
    finish
    status_is 143
    later
    work # the job whose end the restart has kept from us, if it has
    status_is 0
    is "$(jobs_left)" 0
    dump_counted >this
    same_file this "$BATS_FILE_TMPDIR/whole"
}

@test "a ledger that is missing: exit 3, and the job is there for the next worker" {
    fresh
    lines 3 a >a.log
    enqueue a.log
    sql "ALTER SCHEMA ingest RENAME TO elsewhere"
    work --wait
    status_is 3
    says "ingest migrate up"
    is "$(sql "SELECT status, retry, worker_id IS NULL FROM pictrs.queue")" "new|5|t"
    sql "ALTER SCHEMA elsewhere RENAME TO ingest"
    work
    status_is 0
    is "$(jobs_left)" 0
}

@test "what a run leaves beside the database is left by all runs of a worker together" {
    fresh
    for n in 1 2 3 4 5 6 7; do
        (lines $n "c$n" && echo "no log line $n") >$n.log
    done
    touch -d '1 hour ago' ./*.log
    sleep 2.1 # a file whose times are younger is not told as done
    enqueue ./*.log
    work --json --strict --max-reject 100 --rejects rejects --done done.list
    status_is 1
    says "7 lines were rejected"
    is "$(jobs_left)" 0
    is "$(summary 's["files"]["read"], s["lines"]["read"], s["lines"]["counted"], s["rows"]["stats"]["inserted"], s["days"]["stats"]')" \
        "(7, 35, 28, 35, ['2024-01-05'])"
    is "$(tr "\\0" "\\n" <done.list | sort)" "$(ls -d "$PWD"/*.log)"
    is "$(grep -c '"text":"no log line' rejects)" 7
}

@test "queues have names, and one worker takes from one of them" {
    fresh
    lines 3 a >a.log
    enqueue --queue night a.log
    work
    is "$(jobs_left)" 1
    enqueue a.log
    is "$(jobs_left)" 2
    work --queue night
    status_is 0
    is "$(sql "SELECT queue FROM pictrs.queue")" ingest
    enqueue --queue 'a b' a.log
    status_is 2
    says "bad name of a queue"
}

@test "pict-rs's own queue serves as it is, and its jobs stay its own" {
    fresh
    sql "DROP SCHEMA pictrs CASCADE"
    lines 3 a >a.log
    enqueue a.log
    status_is 3
    says "ingest migrate up pictrs"
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/pictrs.sql" >/dev/null
    sql "INSERT INTO job_queue (queue, job) VALUES ('cleanup', '{}')"
    enqueue a.log
    status_is 0
    work
    status_is 0
    is "$(sql "SELECT queue, status FROM job_queue")" "cleanup|new"
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 3
}

@test "files wait as they are: what is too young is left, what is no file refused" {
    fresh
    mkdir logs
    lines 3 a >logs/a.log
    lines 3 b >logs/b.log
    touch -d '1 hour ago' logs/b.log
    mkfifo fifo
    enqueue --json --min-age 60 logs fifo nowhere
    status_is 1
    is "$output" '{"queued":1,"there":0,"skipped":1,"refused":2}'
    says "fifo: cannot put this file into the queue" "nowhere: cannot put this file into the queue"
}

@test "wrong usage: exit 2, and nothing is queued or counted" {
    fresh
    lines 3 a >a.log
    for args in "enqueue" "enqueue -" "enqueue --rules crates a.log" "enqueue --dry-run a.log" "work a.log" \
        "work --dry-run" "work --output x" "work --files-from x" "work --url /a" "work --replace" "--queue x a.log" "--wait a.log" "--top 3 a.log" "work --keep 3"; do
        # shellcheck disable=SC2086
        count $args </dev/null
        status_is 2
    done
    count enqueue --rules crates a.log
    says "--rules is no option of" "ingest work --rules"
    is "$(jobs_left)" 0
    is "$(n_rows ingest.payloads)" 0
    no_database
    count work
    status_is 2
    says "no database is named"
}

# rights FENCE COMMAND...: the role of docs/QUEUE.md with all its rights does what COMMAND says; without any one of them that ends with 3
# and a sentence that names it.
rights() {
    local grant revoke right object before="" role n=0

    python3 "$HERE/grants.py" "$ROOT/docs/QUEUE.md" "$1" "$PGDATABASE" >grants
    shift
    role=$(sed -n 's/^CREATE ROLE \([a-z_]*\).*/\1/p' grants)
    sql "DROP ROLE IF EXISTS $role; $(cut -f 1 grants | sed 's/$/;/'); REVOKE CONNECT, TEMP ON DATABASE $PGDATABASE FROM PUBLIC"
    while IFS=$'\t' read -r grant revoke right object; do
        [ -n "$right" ] || continue
        sql "$before $revoke"
        before="$grant;"
        PGUSER=$role run --separate-stderr "$@"
        status_is 3
        says "$right" "$object"
        n=$((n + 1))
    done <grants
    [ $n -ge 3 ]
    sql "$before"
    PGUSER=$role run --separate-stderr "$@"
    status_is 0
    silent
    sql "DROP OWNED BY $role; DROP ROLE $role"
}

@test "the rights that the page names: each is needed, together they are enough" {
    fresh
    lines 3 a >a.log
    rights grants-enqueue.sql "$INGEST" enqueue "$PWD/a.log"
    is "$(jobs_left)" 1
    rights grants-work.sql "$INGEST" work -j 1 --client-key none
    is "$(jobs_left)" 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 3
}

@test "the set pictrs: what pict-rs writes fits, what belongs together goes together, and each change of status is told" {
    fresh
    local uuid=7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8f9

    sql "INSERT INTO pictrs.hashes (hash, identifier) VALUES ('\\x00', 'files/a');
         INSERT INTO pictrs.aliases (alias, hash, delete_token) VALUES ('$uuid.avifs', '\\x00', '$uuid');
         INSERT INTO pictrs.variants (hash, variant, identifier) VALUES ('\\x00', 'thumbnail/96/png', 'files/b');
         INSERT INTO pictrs.proxies (url, alias) VALUES ('https://images.example/a.png', '$uuid.avifs');
         INSERT INTO pictrs.details VALUES ('files/a', '{}');
         INSERT INTO pictrs.settings VALUES ('k', 'v');
         INSERT INTO pictrs.migrations VALUES ('files/a');
         INSERT INTO pictrs.store_migrations VALUES ('files/a', 'files/c');
         INSERT INTO pictrs.uploads DEFAULT VALUES;
         INSERT INTO pictrs.keyed_notifications VALUES ('k')"
    # A time without zone is that of UTC, wherever the session stands.
    PGTZ=Pacific/Auckland sql "UPDATE pictrs.variants SET accessed = DEFAULT"
    is "$(PGTZ=UTC sql "SELECT abs(extract(epoch FROM accessed - now()::timestamp)) < 60 FROM pictrs.variants")" t
    for twice in "variants (hash, variant, identifier) VALUES ('\\x00', 'thumbnail/96/png', 'x')" "hashes (hash, identifier) VALUES ('\\x01', 'files/a')" \
        "aliases (alias, hash, delete_token) VALUES ('b', '\\x02', 'x')" "proxies (url, alias) VALUES ('u', 'nobody')"; do
        run sql "INSERT INTO pictrs.$twice"
        [ "$status" -ne 0 ]
    done
    sql "DELETE FROM pictrs.proxies; DELETE FROM pictrs.hashes"
    is "$(n_rows pictrs.aliases)$(n_rows pictrs.variants)" 00
    run "$PG_BIN/psql" -XAtq <<SQL
LISTEN queue_status_channel;
INSERT INTO pictrs.queue (id, queue, job) VALUES ('$uuid', 'night', '{}');
UPDATE pictrs.queue SET status = 'running';
UPDATE pictrs.queue SET heartbeat = queue_time;
SQL
    is "$(grep -c "\"queue_status_channel\" with payload \"$uuid night\"" <<<"$output")" 2
}

@test "status tells how each queue stands, and its oldest files" {
    fresh
    enqueue "$BATS_FILE_TMPDIR/logs/00.log" "$BATS_FILE_TMPDIR/logs/01.log.gz"
    enqueue --queue night "$BATS_FILE_TMPDIR/logs/02.log" "$BATS_FILE_TMPDIR/logs/03.log.gz" "$BATS_FILE_TMPDIR/logs/04.log"
    sql "UPDATE pictrs.queue SET status = 'running', worker_id = gen_random_uuid(),
             heartbeat = now() AT TIME ZONE 'UTC' - CASE WHEN job->>'file' LIKE '%02.log' THEN interval '1 hour' ELSE interval '1 minute' END
         WHERE job->>'file' LIKE ANY (ARRAY['%02.log', '%03.log.gz']);
         INSERT INTO pictrs.queue (queue, job, retry, queue_time) VALUES ('ingest', '{\"file\": \"file:///\\u001b[31m\\n\"}', 1, 'infinity'),
             ('ingest', '[]', 2, '2001-01-01'), ('cleanup', '{\"Cleanup\": 1}', 5, '2001-01-01')" >/dev/null
    run --separate-stderr "$INGEST" status
    is "$status:$stderr" 0:
    is "$(sed -n '/^queue$/,/^last run/{/^last run/!p}' <<<"$output" | sed 's|file://.*/logs/|.../|')" "queue
  ingest: 3 waiting, 1 resting until another try
    waiting, 2 tries left  (names no file)
    waiting, 5 tries left  .../00.log
    waiting, 5 tries left  .../01.log.gz
    resting, 1 try left  file:///\\x1b[31m\\x0a
  night: 1 waiting, 1 with workers, 1 with workers that died
    dead, 5 tries left  .../02.log
    running, 5 tries left  .../03.log.gz
    waiting, 5 tries left  .../04.log"
    run --separate-stderr "$INGEST" --json status
    is "$(python3 -c 'import json, sys
q = json.load(sys.stdin)["queue"]
i, n = q["ingest"], q["night"]
print(sorted(q), i["waiting"], i["resting"], i["examples"][0]["file"], ascii(i["examples"][3]["file"]), n["running"], n["dead"], n["examples"][2]["tries"])' \
        <<<"$output")" "['ingest', 'night'] 3 1 None 'file:///\\x1b[31m\\n' 1 1 5"
    run --separate-stderr "$INGEST" status --queue night
    is "$(sed -n '/^queue$/,/^last run/p' <<<"$output" | grep -c '^  [a-z]*:')" 1
    run --separate-stderr "$INGEST" --json status --queue night
    is "$(python3 -c 'import json, sys; print(list(json.load(sys.stdin)["queue"]))' <<<"$output")" "['night']"
    run --separate-stderr "$INGEST" status --queue nosuch
    is "$(sed -n '/^queue$/,/^last run/{/^last run/!p}' <<<"$output")" $'queue\n  empty'
}

@test "status of who may not see the queue says nothing of it" {
    fresh
    enqueue "$BATS_FILE_TMPDIR/logs/00.log"
    role=blind_${PGDATABASE//[^a-z0-9]/_}
    sql "CREATE ROLE $role; GRANT USAGE ON SCHEMA ingest TO $role; GRANT SELECT ON ALL TABLES IN SCHEMA ingest TO $role" >/dev/null
    for grant in "" "GRANT USAGE ON SCHEMA pictrs TO $role"; do
        sql "$grant" >/dev/null
        PGOPTIONS="-c role=$role" run --separate-stderr "$INGEST" status
        is "$status:$stderr" 0:
        is "$(grep -c queue <<<"$output")" 0
    done
    sql "GRANT SELECT ON pictrs.queue TO $role" >/dev/null
    PGOPTIONS="-c role=$role" run --separate-stderr "$INGEST" status
    is "$(sed -n '/^queue$/,$p' <<<"$output" | head -2)" "queue
  ingest: 1 waiting"
    sql "DROP OWNED BY $role; DROP ROLE $role" >/dev/null
}
