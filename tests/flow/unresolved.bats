#!/usr/bin/env bats
# Downloads of tarballs that dists does not hold yet: they wait, count once when it does, and nobody loses or doubles one.
load lib
export INGEST_AUDIT=all

# Rows in live tables and in ours; what is told of both is the same but for bytes and clients.
setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
    PGDATABASE=postgres sql "CREATE DATABASE unresolved_live"
    PGDATABASE=unresolved_live "$INGEST" -q migrate up ledger
    PGDATABASE=unresolved_live "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/zeco.sql"
    PGDATABASE=postgres sql "CREATE DATABASE unresolved_ours"
    PGDATABASE=unresolved_ours "$INGEST" -q migrate up ledger zeco
    for db in unresolved_live unresolved_ours; do # a block secret, so that copies give equal hashes
        PGDATABASE=$db "$INGEST" -q --client-key none /nonexistent 2>/dev/null || [ $? -eq 1 ]
    done
}

# live, ours [NAME]: a database of the test's own.
live() {
    TEMPLATE=unresolved_live fresh "_live${1:-}"
}

ours() {
    TEMPLATE=unresolved_ours fresh "_ours${1:-}"
}

zeco() {
    count --rules zeco "$@"
}

# get N [DAY [CLIENT [BYTES]]]: a download of tarball number N.
get() {
    printf '%s - - [%s:12:00:00 +0000] "GET /dist/A/BC/%040x.tar.gz HTTP/1.1" 200 %s "-" "zef"\n' \
        "${3:-192.0.2.7}" "${2:-05/Jan/2024}" "$1" "${4:-100}"
}

# dist N [NAME [VERSION]]: it is entered.
dist() {
    sql "INSERT INTO ${DISTS:-dists} (id, dist, path, meta) VALUES (gen_random_uuid(), 'x', 'A/BC/' || lpad(to_hex($1), 40, '0') || '.tar.gz',
         jsonb_build_object('name', '${2:-ABC}', 'version', '${3:-1.$1}', 'auth', 'zef:a', 'path', '/dist/A/BC/' || lpad(to_hex($1), 40, '0') || '.tar.gz'))"
}

rows() {
    sql "SELECT name, version, dldate, count, auth FROM ${STATS:-stats} ORDER BY 1, 2 NULLS FIRST, 3"
}

# Until the server has noticed that the client is dead.
settled() {
    local tries=200

    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest'")" = 0 ]; do
        ((tries-- > 0)) || return 1
        sleep 0.02
    done
}

# What the ledger says was added is what the rows hold.
zeco_balances() {
    is "$(sql "SELECT coalesce(sum(count), 0) FROM ingest.payload_days")" \
        "$(sql "SELECT coalesce(sum(count), 0) FROM ${STATS:-stats} WHERE version IS NULL")"
    is "$(sql "SELECT coalesce(sum(count), 0) FROM ingest.payload_days")" \
        "$(sql "SELECT (SELECT coalesce(sum(records_counted), 0) FROM ingest.payloads) +
                       (SELECT coalesce(sum(count), 0) FROM ingest.unresolved WHERE healed_at IS NOT NULL)")"
    is "$(sql "SELECT coalesce(sum((records_why->>'unknown_dist')::bigint), 0) FROM ingest.payloads")" \
        "$(sql "SELECT coalesce(sum(count), 0) FROM ingest.unresolved")"
    is "$(sql "SELECT count(*) FROM (SELECT name, auth, dldate, coalesce(sum(count) FILTER (WHERE version IS NOT NULL), 0) v,
               coalesce(sum(count) FILTER (WHERE version IS NULL), 0) t FROM ${STATS:-stats} GROUP BY 1, 2, 3) x WHERE v <> t")" 0
}

# Everything that was counted, without ids and times.
zeco_dump() {
    sql "SELECT name, version, dldate, auth, count, bytes, encode(hll_send(clients), 'hex') FROM zeco.stats ORDER BY 1, 2 NULLS FIRST, 3, 4"
    sql "SELECT p.hash, d.day, d.state, d.rules_id, d.lines, d.count, d.bytes, d.hours
           FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload ORDER BY 1, 2"
}

@test "replica lag: parked with the payload, healed by a later run, known inputs or none" {
    live
    dist 1
    { get 1; get 2; get 2 06/Jan/2024; get 2; get 3; } >a.log
    zeco --json a.log
    status_is 0
    silent
    is "$(summary 's["lines"]["filtered"]')" "{'unknown_dist': 4}"
    is "$(summary 's["unresolved"]')" "{'stats': {'parked': 4, 'healed': 0}}"
    is "$(rows)" "ABC||2024-01-05|1|zef:a
ABC|1.1|2024-01-05|1|zef:a"
    is "$(sql "SELECT dataset, right(path, 12), day, count, bytes, clients IS NULL, healed_at IS NULL FROM ingest.unresolved ORDER BY 2, 3")" \
        "stats|00002.tar.gz|2024-01-05|2|200|t|t
stats|00002.tar.gz|2024-01-06|1|100|t|t
stats|00003.tar.gz|2024-01-05|1|100|t|t"
    zeco_balances

    zeco --json a.log # nothing has changed
    status_is 0
    is "$(summary 's["unresolved"]')" "{}"
    is "$(n_rows ingest.unresolved)" 3

    dist 2
    zeco -v --json a.log # everything is known
    status_is 0
    says "healed   stats: 3 that waited for their key are counted now"
    [[ "$stderr" != *"nothing was changed"* ]]
    is "$(summary 's["unresolved"], s["rows"], s["days"]')" \
        "({'stats': {'parked': 0, 'healed': 3}}, {'stats': {'inserted': 3, 'updated': 1}}, {'stats': ['2024-01-05', '2024-01-06']})"
    is "$(rows)" "ABC||2024-01-05|3|zef:a
ABC||2024-01-06|1|zef:a
ABC|1.1|2024-01-05|1|zef:a
ABC|1.2|2024-01-05|2|zef:a
ABC|1.2|2024-01-06|1|zef:a"
    is "$(sql "SELECT day, lines, count, bytes FROM ingest.payload_days ORDER BY 1")" "2024-01-05|4|3|300
2024-01-06|1|1|100"
    zeco_balances

    dist 3
    mkdir empty
    zeco --json empty # no input at all
    status_is 0
    is "$(summary 's["unresolved"]')" "{'stats': {'parked': 0, 'healed': 1}}"
    zeco_balances
    is "$(n_rows ingest.unresolved 'healed_at IS NULL')" 0
    zeco --json a.log
    is "$(summary 's["unresolved"], s["rows"]')" "({}, {})"
    zeco_balances
}

@test "parked and healed by turns: the rows, bytes, clients and days of a run that knew everything" {
    python3 - <<'PY'
import random
r = random.Random(7)
for f in range(6):
    with open("%d.log" % f, "w") as out:
        for _ in range(1500):
            out.write('10.0.%d.%d - - [%02d/Jan/2024:12:00:00 +0000] "GET %sA/BC/%040x.tar.gz HTTP/1.1" %d %d "-" "zef"\n'
                      % (r.randrange(4), r.randrange(250), r.randrange(1, 5), r.choice(["/dist/", "/", "/cdn/x/"]), r.randrange(120),
                         r.choice([200, 200, 200, 404]), r.randrange(10**6)))
PY
    fill() { # fill FROM TO: dists of these numbers
        sql "INSERT INTO zeco.dists (id, dist, path, meta) SELECT gen_random_uuid(), 'x', 'A/BC/' || lpad(to_hex(n), 40, '0') || '.tar.gz',
             jsonb_build_object('name', 'N' || n % 7, 'version', '1.' || n, 'auth', 'zef:' || n % 3) FROM generate_series($1, $2) n"
    }
    ours _all
    fill 0 99
    zeco 0.log 1.log 2.log 3.log 4.log 5.log
    status_is 0
    zeco_dump >all
    STATS=zeco.stats zeco_balances
    ours
    fill 0 29
    zeco 0.log 1.log
    status_is 0
    fill 30 59
    zeco -j 2 1.log 2.log 3.log
    status_is 0
    fill 60 99
    zeco -j 2 --memory 16M 4.log 5.log 0.log
    status_is 0
    STATS=zeco.stats zeco_balances
    zeco_dump >turns
    same_file turns all
    [ "$(n_rows ingest.unresolved 'healed_at IS NULL')" -gt 0 ] # 100 to 119 never come
    is "$(sql "SELECT count(*) FROM ingest.unresolved WHERE clients IS NULL")" 0
}

@test "a log that grows while its dists are entered: each line waits once, and is healed once" {
    all() {
        for ((i = 0; i < ${1:-60}; i++)); do
            get $((i % 7)) 05/Jan/2024 "192.0.2.$i" "$i"
        done
    }
    ours _all
    for i in 0 1 2 3 4; do DISTS=zeco.dists dist $i; done
    all >whole
    zeco whole
    STATS=zeco.stats rows >right
    ours
    all 40 >a.log
    zeco a.log
    is "$(sql "SELECT sum(count) FROM ingest.unresolved")" 40
    for i in 0 1 2; do DISTS=zeco.dists dist $i; done
    all 50 >a.log
    zeco --json a.log # the 40 are looked up before it is read
    is "$(summary 's["files"]["grown"], s["lines"]["filtered"]["counted_before"], s["unresolved"]["stats"]["parked"]')" "(1, 40, 6)"
    all | gzip >a.gz
    for i in 3 4; do DISTS=zeco.dists dist $i; done
    zeco a.gz
    status_is 0
    STATS=zeco.stats rows >table
    same_file table right
    is "$(sql "SELECT sum(count) FROM ingest.unresolved WHERE healed_at IS NULL")" "$(sql "SELECT sum(lines) - sum(count) FROM ingest.payload_days")"
    STATS=zeco.stats zeco_balances
}

@test "what is refused, known or a second time in a batch is not parked again" {
    live
    { get 1; get 2; } | gzip >a.gz
    head -c 40 a.gz >cut.gz
    cp a.gz twin.gz
    zeco a.gz cut.gz twin.gz
    status_is 1
    is "$(sql "SELECT count(*), sum(count) FROM ingest.unresolved")" "2|2"
    zeco - < <(zcat a.gz)
    status_is 0
    is "$(sql "SELECT count(*), sum(count) FROM ingest.unresolved")" "2|2"
    zeco_balances
}

@test "absurd byte counts: parked up to 2^63 - 1 of an input, and a sum stops there" {
    INGEST_AUDIT= # the books are spoilt on purpose
    ours
    { get 1 05/Jan/2024 192.0.2.1 9223372036854775807; get 1 05/Jan/2024 192.0.2.1 1; } >a.log
    get 1 05/Jan/2024 192.0.2.2 9223372036854775807 >b.log
    zeco --json a.log b.log
    status_is 0
    is "$(summary 's["lines"]["filtered"], s["lines"]["rejected"]')" "({'unknown_dist': 2}, {'number': 1})"
    DISTS=zeco.dists dist 1
    zeco a.log
    status_is 0
    is "$(sql "SELECT version, count, bytes FROM zeco.stats ORDER BY 1")" "1.1|2|9223372036854775807
|2|9223372036854775807"
}

@test "an older ledger, a missing right: exit 3 and what to type; other rules do not ask" {
    live
    get 1 >a.log
    line serde 1.0.0 >b.log
    sql "DROP TABLE ingest.unresolved CASCADE"
    zeco a.log
    status_is 3
    says "the ledger is older and has no table ingest.unresolved" "ingest migrate up ledger"
    is "$(n_rows ingest.payloads)" 0
    live 2
    sql "DROP ROLE IF EXISTS lean; CREATE ROLE lean LOGIN; GRANT USAGE ON SCHEMA ingest TO lean;
         GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest TO lean; REVOKE UPDATE ON ingest.unresolved FROM lean;
         GRANT SELECT, INSERT, UPDATE ON stats TO lean; GRANT USAGE ON SEQUENCE stats_stat_id_seq TO lean"
    PGUSER=lean zeco a.log
    status_is 3
    says "the role lean lacks UPDATE on ingest.unresolved" "GRANT UPDATE ON ingest.unresolved TO"
    sql "GRANT UPDATE ON ingest.unresolved TO lean"
    PGUSER=lean zeco a.log
    status_is 3
    says "the role lean lacks SELECT on public.dists" "GRANT SELECT ON public.dists TO \"lean\""
    sql "GRANT SELECT ON dists TO lean"
    PGUSER=lean zeco a.log
    status_is 0
    dist 1
    PGUSER=lean zeco a.log
    status_is 0
    zeco_balances
    is "$(rows | tail -1)" "ABC|1.1|2024-01-05|1|zef:a"
    sql "ALTER TABLE dists RENAME TO gone"
    PGUSER=lean zeco a.log b.log
    status_is 3
    says 'table "dists" is neither in schema zeco nor along the search path'
}

@test "six hosts heal at once: each row once" {
    live
    for n in 1 2 3 4 5; do
        for ((i = 0; i < 400; i++)); do get $((i % 300)) "0$n/Jan/2024"; done >$n.log
    done
    zeco 1.log 2.log 3.log 4.log 5.log
    status_is 0
    is "$(sql "SELECT count(*), sum(count) FROM ingest.unresolved")" "1500|2000"
    sql "INSERT INTO dists (id, dist, path, meta) SELECT gen_random_uuid(), 'x', 'A/BC/' || lpad(to_hex(n), 40, '0') || '.tar.gz',
         jsonb_build_object('name', 'N' || n % 7, 'version', '1.' || n, 'auth', 'zef:a') FROM generate_series(0, 249) n"
    for host in 1 2 3 4 5 6; do
        "$INGEST" --rules zeco --json 1.log >"$host.json" 2>"$host.err" 3>&- &
    done
    for host in 1 2 3 4 5 6; do wait -n || { cat ./*.err; false; }; done
    is "$(python3 -c 'import json; print(sum(json.load(open("%d.json" % h))["unresolved"].get("stats", {}).get("healed", 0) for h in range(1, 7)))')" 1750
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 1750
    zeco_balances
    is "$(sql "SELECT count(*), sum(count) FROM ingest.unresolved WHERE healed_at IS NULL")" "250|250"
}

@test "sessions that are ended while they heal: tried again, once" {
    live
    for ((i = 0; i < 300; i++)); do get $i; done >a.log
    zeco a.log
    status_is 0
    sql "INSERT INTO dists (id, dist, path, meta) SELECT gen_random_uuid(), 'x', 'A/BC/' || lpad(to_hex(n), 40, '0') || '.tar.gz',
         jsonb_build_object('name', 'N' || n % 7, 'version', '1.' || n, 'auth', 'zef:a') FROM generate_series(0, 299) n"
    # The first two sessions that mark rows are ended at their end.
    sql "CREATE SEQUENCE ended;
         CREATE FUNCTION end_me() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
             IF nextval('ended') <= 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END \$\$;
         CREATE TRIGGER t AFTER UPDATE ON ingest.unresolved FOR EACH STATEMENT EXECUTE FUNCTION end_me()"
    zeco --json a.log
    status_is 0
    is "$(summary 's["unresolved"]["stats"]["healed"]')" 300
    is "$(sql "SELECT last_value FROM ended")" 3
    zeco_balances
}

@test "sessions that are ended while the catalog comes: asked for again" {
    live
    get 1 >a.log
    dist 1
    # Those that begin within the next half a second.
    sql "ALTER TABLE dists RENAME TO all_dists; CREATE TABLE until AS SELECT clock_timestamp() + interval '0.5 s' AS t;
         CREATE VIEW dists AS SELECT id, dist, path, meta, created, deleted FROM all_dists WHERE NOT (SELECT
             CASE WHEN backend_start < t THEN pg_terminate_backend(pid) ELSE false END FROM pg_stat_activity, until WHERE pid = pg_backend_pid())"
    zeco a.log
    status_is 0
    is "$(rows | tail -1)" "ABC|1.1|2024-01-05|1|zef:a"
    zeco_balances
}

@test "under --window what is a repeat is not parked; under --range union parts are not" {
    ours
    { get 1; get 1; get 1 05/Jan/2024 192.0.2.8; get 2; get 1; } >a.log
    zeco --json --window 30s a.log
    status_is 0
    is "$(summary 's["lines"]["filtered"]')" "{'repeat': 2, 'unknown_dist': 3}"
    is "$(sql "SELECT right(path, 10), count FROM ingest.unresolved ORDER BY 1")" "001.tar.gz|2
002.tar.gz|1"
    DISTS=zeco.dists dist 1
    zeco --json --window 30s a.log
    status_is 0
    is "$(sql "SELECT version, count, hll_cardinality(clients) FROM zeco.stats ORDER BY 1")" "1.1|2|2
|2|2"
    ours 2
    { get 1; get 2 | sed 's/ 200 / 206 /'; } >b.log
    zeco --json --range "union 0.9" b.log
    status_is 0
    is "$(sql "SELECT right(path, 10), count FROM ingest.unresolved ORDER BY 1")" "001.tar.gz|1"
}

@test "killed at syscalls around the parking: with its payload or not at all" {
    command -v strace || skip "no strace"
    [ -z "${INGEST_SANITIZED:-}" ] || skip "strace and the leak sanitizer exclude each other"
    for ((i = 0; i < 50; i++)); do get $i; done >a.log
    killed=0
    for nth in 4 8 12 14 16 18 20 22 24 28; do
        live
        dist 7
        code=0
        strace -f -o /dev/null -e trace=sendto -e "inject=sendto:signal=KILL:when=$nth" \
            "$INGEST" --rules zeco a.log 2>/dev/null || code=$?
        [ $code -ne 137 ] || killed=$((killed + 1))
        settled
        is "$(n_rows ingest.unresolved)" "$((49 * $(n_rows ingest.payloads)))"
        zeco_balances
        zeco a.log
        status_is 0
        is "$(n_rows ingest.unresolved)" 49
        zeco_balances
    done
    say "$killed runs were killed at a syscall"
    [ $killed -ge 5 ]
}

@test "killed at syscalls around the healing: all of it or nothing, and once" {
    command -v strace || skip "no strace"
    [ -z "${INGEST_SANITIZED:-}" ] || skip "strace and the leak sanitizer exclude each other"
    for ((i = 0; i < 50; i++)); do get $i; done >a.log
    killed=0
    for call in sendto recvfrom; do
        for nth in 2 5 8 11 14 17 20 23 26 29 32 35; do
            live
            zeco a.log
            sql "INSERT INTO dists (id, dist, path, meta) SELECT gen_random_uuid(), 'x', 'A/BC/' || lpad(to_hex(n), 40, '0') || '.tar.gz',
                 jsonb_build_object('name', 'N' || n % 7, 'version', '1.' || n, 'auth', 'zef:a') FROM generate_series(0, 39) n"
            code=0
            strace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$nth" \
                "$INGEST" --rules zeco a.log 2>/dev/null || code=$?
            [ $code -ne 137 ] || killed=$((killed + 1))
            settled
            healed=$(sql "SELECT count(*) FROM ingest.unresolved WHERE healed_at IS NOT NULL")
            [ "$healed" -eq 0 ] || [ "$healed" -eq 40 ]
            zeco_balances
            zeco a.log
            status_is 0
            is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 40
            zeco_balances
        done
    done
    say "$killed runs were killed at a syscall"
    [ $killed -ge 10 ]
}

@test "a hundred thousand unknown paths under --memory 16M" {
    ours
    python3 - <<'PY'
import gzip
for f in range(2):
    with gzip.open("%d.log.gz" % f, "wt", compresslevel=1) as out:
        for i in range(50000):
            out.write('10.%d.%d.%d - - [05/Jan/2024:12:00:00 +0000] "GET /A/BC/%040x.tar.gz HTTP/1.1" 200 10 "-" "zef"\n'
                      % (f, i // 250, i % 250, f * 50000 + i))
PY
    if [ -z "${INGEST_SANITIZED:-}" ]; then
        run --separate-stderr python3 "$HERE/peak.py" 80 "$INGEST" --rules zeco --client-key none -j 2 --memory 16M 0.log.gz 1.log.gz
        say "peak: $stderr"
    else
        zeco -j 2 --memory 16M 0.log.gz 1.log.gz
    fi
    status_is 0
    is "$(sql "SELECT count(*), sum(count), sum(bytes), min(hll_cardinality(clients::hll)) FROM ingest.unresolved")" "100000|100000|1000000|1"
    sql "INSERT INTO zeco.dists (id, dist, path, meta) SELECT gen_random_uuid(), 'x', 'A/BC/' || lpad(to_hex(n), 40, '0') || '.tar.gz',
         jsonb_build_object('name', 'N', 'version', '1.' || n, 'auth', 'zef:a') FROM generate_series(0, 59999) n"
    zeco --memory 16M --json 0.log.gz
    status_is 0
    is "$(summary 's["unresolved"]["stats"]')" "{'parked': 0, 'healed': 60000}"
    STATS=zeco.stats zeco_balances
    is "$(sql "SELECT count, bytes FROM zeco.stats WHERE version IS NULL")" "60000|600000"
}

@test "status: what is counted, refused and waits, for people and as JSON; it writes nothing" {
    INGEST_AUDIT= # the books are spoilt on purpose
    live
    sql "DELETE FROM ingest.runs"
    run --separate-stderr "$INGEST" status
    status_is 0
    is "$output" "counted
  nothing yet
refused
  0 open, 0 accepted
waiting for a key
  nothing
last run
  none yet"
    run --separate-stderr "$INGEST" --json status
    is "$output" '{"counted":{},"sources":[],"expected":[],"refused":{"open":0,"accepted":0},"unresolved":{},"annotations":[],"runs":[]}'

    dist 1
    { get 1; get 2; get 2 07/Jan/2024; get 3 03/Jan/2024; } >a.log
    get 9 | gzip | head -c 40 >cut.gz
    sleep 2.1 # what was written to a moment ago is not remembered as refused
    zeco a.log cut.gz
    status_is 1
    run --separate-stderr "$INGEST" status
    status_is 0
    is "$(sed 's/last counted .* UTC/last counted T UTC/; /^coverage/,/^refused/{/^refused/!d}; /^last run/,$d' <<<"$output")" "counted
  stats: 1 payload, 4 lines, 1 counted
    days 2024-01-03 to 2024-01-07, last counted T UTC
refused
  1 open, 0 accepted
  a run over them names each; \`ingest accept FILE\` closes one for good
waiting for a key
  stats: 3 hits of 2 paths, the oldest of 2024-01-03; 0 found theirs
               2  A/BC/0000000000000000000000000000000000000002.tar.gz
               1  A/BC/0000000000000000000000000000000000000003.tar.gz"
    dist 2
    "$INGEST" accept cut.gz
    zeco a.log
    run --separate-stderr "$INGEST" --json status
    status_is 0
    is "$(summary 's["refused"], s["unresolved"], s["counted"]["stats"]["counted"]')" \
        "({'open': 0, 'accepted': 1}, {'stats': {'count': 1, 'paths': 1, 'oldest_day': '2024-01-03', 'healed': 2, 'examples': [{'path': 'A/BC/0000000000000000000000000000000000000003.tar.gz', 'count': 1, 'first_day': '2024-01-03', 'last_day': '2024-01-03'}]}}, 3)"

    # What a log can bring is shown escaped, and no more than 20 of it.
    sql "INSERT INTO ingest.unresolved (payload, dataset, path, day, count, bytes) SELECT 1, 'stats', E'\\x1b[31m\\u202e\"' || n, '2024-01-05', n, 0
         FROM generate_series(10, 60) n"
    run --separate-stderr "$INGEST" status
    [[ "$output" == *'60  \x1b[31m\xe2\x80\xae"60'* ]]
    [[ "$output" != *$'\x1b'* ]]
    is "$(grep -c '31m' <<<"$output")" 20
    run --separate-stderr "$INGEST" --json status
    is "$(summary 'len(s["unresolved"]["stats"]["examples"]), s["unresolved"]["stats"]["paths"]')" "(20, 52)"
    run --separate-stderr "$INGEST" status now
    status_is 2
    says "it takes no words"
}

@test "status of a role that only reads, of an older ledger, and of none" {
    live
    sql "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA ingest TO reader;
         GRANT SELECT ON ALL TABLES IN SCHEMA ingest TO reader"
    PGUSER=reader run --separate-stderr "$INGEST" status
    status_is 0
    sql "REVOKE SELECT ON ingest.payload_days FROM reader"
    PGUSER=reader run --separate-stderr "$INGEST" status
    status_is 3
    says "permission denied for table payload_days"
    sql "DROP TABLE ingest.unresolved, ingest.refusals, ingest.runs, ingest.annotations CASCADE"
    run --separate-stderr "$INGEST" --json status
    status_is 0
    is "$output" '{"counted":{},"sources":[],"expected":[]}'
    sql "DROP SCHEMA ingest CASCADE"
    run --separate-stderr "$INGEST" status
    status_is 3
    says "this database has none (schema ingest)" "ingest migrate up"
    no_database
    run --separate-stderr "$INGEST" status
    status_is 2
}
