#!/usr/bin/env bats
# 7TV's leaderboards: the figures of docs/COUNTING.md, the lists, and which of several hosts computes them.
# shellcheck disable=SC2012,SC2030,SC2031,SC2086,SC2094
load lib

ORACLE=$ROOT/tests/oracle/leaderboard.py
NAMES="top_daily top_weekly top_monthly top_all_time trending_day trending_week trending_month"

setup_file() {
    make_template
    PGDATABASE=$TEMPLATE "$INGEST" -q migrate up seventv
}

board() {
    run --separate-stderr "$INGEST" leaderboard "$@"
}

# emote N: a UUID that ends in N, and its ULID.
emote() { printf '00000000-0000-0000-0000-%012x' "$1"; }
ulid() { printf %s%s 0000000000000000000000000 "$1"; } # one digit

# add N DAY COUNT: into whichever emote_stats comes first.
add() {
    sql "INSERT INTO ${TABLE:-seventv.emote_stats} VALUES ('$(emote "$1")', '$2', $3)"
}

scores() {
    sql "SELECT emote_id, top_daily, top_weekly, top_monthly, top_all_time, trending_day, trending_week, trending_month
           FROM seventv.emote_scores ORDER BY 1"
}

# Due now, as when the interval has passed.
due() {
    sql "UPDATE seventv.cron_jobs SET next_run = now() - interval '1 second' WHERE id = 0"
}

@test "windows reach 2, 7 and 30 days back, those days included" {
    fresh
    add 1 2024-03-31 1       # today
    add 1 2024-03-29 10      # the 2nd day before
    add 1 2024-03-28 100
    add 1 2024-03-24 1000    # the 7th
    add 1 2024-03-23 10000
    add 1 2024-03-01 100000  # the 30th
    add 1 2024-02-29 1000000
    add 2 2024-04-01 5       # tomorrow
    board --until 2024-04-01
    status_is 0
    silent
    is "$output" ""
    is "$(scores)" "$(emote 1)|11|1111|111111|1111111|9900|9999|99999"
    board --until 2024-04-02
    is "$(scores | tail -1)" "$(emote 2)|5|5|5|5|0|0|0"
    is "$(scores | head -1 | cut -d'|' -f2-4)" "1|111|11111"
}

@test "without a day: the server's today, and later days count too" {
    fresh
    sql "INSERT INTO seventv.emote_stats SELECT '$(emote 1)', (now() AT TIME ZONE 'UTC')::date + d, 1 FROM unnest('{9,0,-2,-3}'::int[]) d"
    board -v
    status_is 0
    says "board    1 emotes as of $(sql "SELECT (now() AT TIME ZONE 'UTC')::date"), scores written"
    is "$(scores)" "$(emote 1)|3|4|4|4|0|0|0"
}

@test "ratios: more than 100, 200, 500; never below 0; rounded as doubles are" {
    fresh
    n=0
    # EMOTE DAILY WEEKLY MONTHLY ALL: what the windows are to sum up to
    while read -r daily weekly monthly all; do
        n=$((n + 1))
        add $n 2024-03-31 "$daily"
        add $n 2024-03-25 $((weekly - daily))
        add $n 2024-03-05 $((monthly - weekly))
        add $n 2023-01-01 $((all - monthly))
    done <<'END'
100 100 200 500
101 101 201 501
-5 101 201 501
0 101 -201 501
287 560 560 560
2000000000 101 201 501
3000 101 201 501
END
    board --until 2024-04-01
    status_is 0
    is "$(scores | cut -d'|' -f6-)" "0|0|0
1000000|502487|401197
0|502487|401197
0|0|0
512499|1000000|1000000
2147483647|502487|401197
29702970|502487|401197"
}

@test "sums are wider than 32 bits, and cut to them as 7TV's are" {
    fresh
    add 1 2024-03-31 2147483647
    add 2 2024-03-31 2147483648
    add 3 2024-03-31 4294967297
    add 4 2024-03-31 -2147483649
    add 5 2024-03-31 9223372036854775807
    add 5 2024-03-30 9223372036854775807
    board --until 2024-04-01
    status_is 0
    is "$(scores | cut -d'|' -f2)" "2147483647
-2147483648
1
2147483647
-2"
}

@test "lists: best first, of equals the greater id first, N of them; trending only above 0" {
    fresh
    for n in 1 2 3; do add $n 2024-03-31 7; done
    add 4 2024-03-31 -1
    add 5 2024-01-01 600
    add 6 2024-03-31 200
    board --until 2024-04-01 -o out
    status_is 0
    is "$(ls out | tr '\n' ' ')" "$(printf '%s.json\n' $NAMES | sort | tr '\n' ' ')"
    is "$(cat out/top_daily.json)" "[\"$(ulid 6)\",\"$(ulid 3)\",\"$(ulid 2)\",\"$(ulid 1)\",\"$(ulid 5)\",\"$(ulid 4)\"]"
    is "$(cat out/top_all_time.json)" "[\"$(ulid 5)\",\"$(ulid 6)\",\"$(ulid 3)\",\"$(ulid 2)\",\"$(ulid 1)\",\"$(ulid 4)\"]"
    is "$(cat out/trending_day.json)" "[\"$(ulid 6)\"]"
    is "$(cat out/trending_month.json)" "[]"
    touch out/.top_daily.json.aB3dEf # what a killed one leaves
    board --until 2024-04-01 -o out --top 2
    is "$(cat out/top_daily.json)" "[\"$(ulid 6)\",\"$(ulid 3)\"]"
    is "$(find out -type f | wc -l)" 7 # nothing is left beside them
}

@test "random tables give what a second author's program gives, whole and 32 bits wide" {
    for seed in 1 2; do
        fresh $seed
        python3 "$ORACLE" random $seed 2024-03-31 >rows
        sql "\\copy seventv.emote_stats FROM rows"
        [ $seed -ne 2 ] || sql "ALTER TABLE seventv.emote_stats ALTER count TYPE integer"
        board --until 2100-01-01
        board --until 2024-04-01 -o out --top 40
        status_is 0
        python3 "$ORACLE" scores 2024-03-31 < <(grep -v 2024-04-01 rows) >expected
        # who has rows from tomorrow on alone keeps what the run before wrote
        scores | grep -F -f <(cut -d'|' -f1 expected) >actual
        same_file actual expected
        mkdir -p lists
        python3 "$ORACLE" lists 2024-03-31 40 lists < <(grep -v 2024-04-01 rows)
        diff -r out lists
    done
}

@test "emotes without rows keep their scores; all others get new ones and the time" {
    fresh
    sql "INSERT INTO seventv.emote_scores SELECT e::uuid, 1, 2, 3, 4, 5, 6, 7, '2020-01-01'
           FROM unnest(ARRAY['$(emote 1)', '$(emote 2)']) e"
    add 1 2024-03-31 9
    board --until 2024-04-01
    is "$(scores)" "$(emote 1)|9|9|9|9|0|0|0
$(emote 2)|1|2|3|4|5|6|7"
    is "$(sql "SELECT updated_at > now() - interval '1 hour' FROM seventv.emote_scores ORDER BY emote_id")" "t
f"
    fresh _empty
    board --until 2024-04-01 -o out
    status_is 0
    is "$(cat out/top_daily.json)" "[]"
}

@test "all or nothing: what cannot be written leaves lists and scores as they were" {
    fresh
    add 1 2024-03-31 9
    board --until 2024-04-01 -o out
    cp -r out before
    scores >scores
    add 2 2024-03-31 8
    rm out/trending_week.json
    mkdir out/trending_week.json
    board --until 2024-04-01 -o out
    status_is 4
    says "trending_week.json: cannot write the leaderboards" "there is a directory of that name"
    rmdir out/trending_week.json
    cp before/trending_week.json out
    diff -r before out
    scores >after
    same_file scores after
    touch file
    board --until 2024-04-01 -o file
    status_is 4
    says "file: cannot write the leaderboards" "it is no directory"
    board --until 2024-04-01 -o no/such
    status_is 4
    scores >after
    same_file scores after
    # who serves them can read them
    (umask 022 && "$INGEST" leaderboard --until 2024-04-01 -o fresh)
    is "$(stat -c %a fresh/top_daily.json)" 644
}

@test "of five hosts that start at once one works, the others say why not" {
    fresh
    add 1 2024-03-31 9
    for i in 1 2 3 4 5; do
        "$INGEST" leaderboard -v -o "out$i" 2>"said$i" &
    done
    wait
    is "$(cat said* | grep -c '^board    1 emotes')" 1
    is "$(cat said* | grep -c '^ingest: leaderboards are left: ')" 4
    is "$(find out* -name '*.json' | wc -l)" 7
    board
    status_is 0
    silent
    board -v
    says "leaderboards are left: it is not due before "
    due
    board -v
    says "board    1 emotes"
    is "$(sql "SELECT last_run > now() - interval '1 min', next_run > now() + interval '23 h', currently_running_by IS NULL
                 FROM seventv.cron_jobs WHERE id = 0")" "t|t|t"
    is "$(sql "SELECT enabled, last_run IS NULL FROM seventv.cron_jobs WHERE id = 1")" "f|t"
    sql "UPDATE seventv.cron_jobs SET enabled = false"
    due
    board -v
    says "leaderboards are left: it is not enabled"
}

# A session that keeps emote_scores from being written until `unblock`.
block() {
    coproc BLOCKER { "$PG_BIN/psql" -XAtq 2>&1; }
    blocker=$BLOCKER_PID # unset as soon as it has ended
    echo "BEGIN; LOCK TABLE seventv.emote_scores IN SHARE MODE; SELECT 'locked';" >&"${BLOCKER[1]}"
    read -r -u "${BLOCKER[0]}" line
    is "$line" locked
}

unblock() {
    echo "COMMIT;" >&"${BLOCKER[1]}"
    # shellcheck disable=SC1083,SC2093
    exec {BLOCKER[1]}>&-
    wait "$blocker" 2>/dev/null || true
}

wait_until_blocked() {
    for _ in $(seq 600); do
        [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ingest'
                    AND wait_event_type = 'Lock'")" = 0 ] || return 0
        sleep 0.1
    done
    return 1
}

@test "a killed host's turn is taken over once it has run out" {
    fresh
    add 1 2024-03-31 9
    block
    "$INGEST" leaderboard &
    victim=$!
    wait_until_blocked
    kill -9 $victim
    wait $victim || true
    unblock
    board -v
    status_is 0
    says "leaderboards are left: another one is at it (held until "
    is "$(n_rows seventv.emote_scores)" 0
    sql "UPDATE seventv.cron_jobs SET held_until = now() - interval '1 second' WHERE id = 0"
    board -v
    says "board    1 emotes"
    is "$(n_rows seventv.emote_scores)" 1
}

@test "whoever was taken over writes nothing" {
    fresh
    add 1 2024-03-31 9
    block
    "$INGEST" leaderboard -o out 2>said &
    slow=$!
    wait_until_blocked
    sql "UPDATE seventv.cron_jobs SET currently_running_by = gen_random_uuid() WHERE id = 0"
    unblock
    wait $slow && status=0 || status=$?
    is "$status" 3
    grep -q "another one has taken it over" said
    is "$(n_rows seventv.emote_scores)" 0
    is "$(find out -name '*.json' | wc -l)" 0
    is "$(sql "SELECT currently_running_by IS NOT NULL, last_run IS NULL FROM seventv.cron_jobs WHERE id = 0")" "t|t"
}

@test "a failure is due again in a minute" {
    fresh
    board -o /dev/null
    status_is 4
    is "$(sql "SELECT next_run BETWEEN now() + interval '30 s' AND now() + interval '1 min', currently_running_by IS NULL,
                      held_until <= now() FROM seventv.cron_jobs WHERE id = 0")" "t|t|t"
}

@test "7TV's own table: lists at once, scores and timetable when there are tables for them" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS live_seventv"
    PGDATABASE=postgres sql "CREATE DATABASE live_seventv"
    export PGDATABASE=live_seventv TABLE=emote_stats
    sql "\\i $ROOT/tests/live/seventv.sql"
    "$INGEST" -q migrate up ledger
    change='{"user": "01F6M3N17G000B5V5G2M2RYJN7", "old": [], "new": ["%s"], "time": "2024-03-31T10:00:00Z"}\n'
    # shellcheck disable=SC2059
    for id in 60af9846ebfcf7562edb10c7 60af9846ebfcf7562edb10c7 01F6MDFCSG0000Z9WQ2E2NV27Z; do printf "$change" $id; done >log
    count -f seventv log
    status_is 0
    is "$(sql "SELECT sum(count) FROM emote_stats")" 3
    board --until 2024-04-01
    status_is 3
    says 'table "emote_scores" is missing' "ingest migrate up seventv"
    board --until 2024-04-01 -v -o out
    status_is 0
    says "board    2 emotes as of 2024-03-31, lists in out"
    is "$(cat out/top_daily.json)" '["01F6PYNMBG000EQZ7QARQDP467","01F6MDFCSG0000Z9WQ2E2NV27Z"]'
    sql "CREATE TABLE cron_jobs (id text, command text)" # an application's, which is none
    for i in 1 2; do
        board -v -o out # no timetable: it is done whenever it is asked for
        says "board    2 emotes"
    done
    sql "DROP TABLE cron_jobs"
    # The second half of the set, in the schema of the table.
    "$INGEST" migrate print seventv | sed -n '/^CREATE TABLE seventv.emote_scores/,/^COMMENT ON TABLE seventv.cron_jobs/p' | sed 's/seventv\.//' >boards.sql
    sql "\\i boards.sql"
    board -v
    says "scores written"
    is "$(sql "SELECT top_all_time FROM emote_scores ORDER BY 1")" "1
2"
    board -v
    says "leaderboards are left: it is not due"
}

@test "the role needs exactly what the page says" {
    fresh
    add 1 2024-03-31 9
    sql "DROP OWNED BY board" 2>/dev/null || true
    sql "DROP ROLE IF EXISTS board" && sql "CREATE ROLE board LOGIN"
    sql "REVOKE TEMP ON DATABASE $PGDATABASE FROM PUBLIC"
    needs() { # needs WORDS GRANT
        PGUSER=board board
        status_is 3
        says "$1"
        sql "GRANT $2 TO board"
    }
    needs "permission denied for schema seventv" "USAGE ON SCHEMA seventv"
    needs "permission denied for table cron_jobs" "SELECT, UPDATE ON seventv.cron_jobs"
    needs "permission denied to create temporary tables" "TEMP ON DATABASE $PGDATABASE"
    due
    needs "permission denied for table emote_stats" "SELECT ON seventv.emote_stats"
    due
    needs "permission denied for table emote_scores" "SELECT, INSERT, UPDATE ON seventv.emote_scores"
    due
    PGUSER=board board -v
    status_is 0
    says "board    1 emotes"
    sql "DROP OWNED BY board" && sql "DROP ROLE board"
}

@test "what is asked wrongly is told and changes nothing" {
    fresh
    for wrong in "--top 0" "--top x" "--top 1000001" "--until 2024-02-30" "--until 1970-01-01" "extra"; do
        # shellcheck disable=SC2086
        board $wrong
        status_is 2
        is "$(n_rows seventv.emote_scores)" 0
    done
    # A configuration for counting says neither the day of the board nor where its lists go.
    printf '[ingest]\nuntil = 2024-01-01\noutput = rows.json\n' >count.ini
    add 1 2024-03-31 9
    board -c count.ini
    status_is 0
    is "$(n_rows seventv.emote_scores)" 1
    [ ! -e rows.json ]
    sql "DELETE FROM seventv.cron_jobs"
    board
    status_is 3
    says "has no job 0"
    fresh _bare
    sql "DROP SCHEMA seventv CASCADE"
    board
    status_is 3
    says 'table "emote_stats" is missing' "ingest migrate up seventv"
}
