#!/usr/bin/env bats
# What SQL says of the tables: views and functions of the set `stats` (docs/SQL.md), and what those who LISTEN are told. Rows are made, and lie
# some days before the server's today: far enough from every boundary that midnight may come meanwhile.
load lib

setup_file() {
    make_template
}

# ago N: the day N days before the server's today.
ago() {
    sql "SELECT (now() AT TIME ZONE 'UTC')::date - $1"
}

# A payload of `stats` that covers the days from so many days ago to so many days ago, and came in time.
covers() {
    sql "WITH p AS (INSERT INTO ingest.payloads (scope, dataset, hash, length, head, integrity, format, source, rules_id, lines_read, lines_counted,
             records_read, records_counted, counted_at)
         SELECT 0, 'stats', decode(md5(random()::text), 'hex'), 1, decode(md5('h'), 'hex'), 'verified', 'combined', nullif('${3:-}', ''), decode(md5('r'), 'hex'),
                10, 9, 10, 9, (now() AT TIME ZONE 'UTC')::date - $2 + interval '1 hour' RETURNING id)
         INSERT INTO ingest.payload_days (payload, dataset, day, rules_id, lines, count, bytes, hours)
         SELECT id, 'stats', (now() AT TIME ZONE 'UTC')::date - n, decode(md5('r'), 'hex'), 10, 9, 90, 16777215 FROM p, generate_series($2, $1) n"
}

# stats rows: row NAME VERSION DAYS_AGO COUNT FIRST_CLIENT LAST_CLIENT
row() {
    sql "INSERT INTO stats SELECT '$1', nullif('$2', ''), (now() AT TIME ZONE 'UTC')::date - $3, $4, $4 * 10, coalesce(hll_add_agg(hll_hash_bigint(c), 11, 5), hll_empty(11, 5))
           FROM generate_series($5, $6) c"
}

# Whoever calls: another time zone, another search path with tables and functions that are not meant.
elsewhere() {
    PGOPTIONS="-c search_path=${2:-pg_catalog} -c TimeZone=Pacific/Apia -c DateStyle=German -c client_min_messages=warning" "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -c "$1"
}

@test "coverage in SQL is what ingest status says, of any ledger: gaps, late, partial, revised, replaced, healed, whatever settles when" {
    fresh
    cat >compare.py <<'PYTHON'
import json, os, subprocess, sys
def psql(text, zone):
    env = dict(os.environ, PGOPTIONS="-c TimeZone=" + zone)
    return json.loads(subprocess.run([os.environ["PG_BIN"] + "/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text], env=env, check=True, capture_output=True, text=True).stdout or "null")
def both(zone):
    days = psql("""SELECT json_agg(d) FROM (SELECT dataset, source, day::text, state, array(SELECT h FROM generate_series(0, 23) h WHERE hours >> h & 1 = 1) AS hours,
        payloads, partial, late, lines, count AS counted, bytes FROM ingest.covered_days ORDER BY source NULLS LAST, dataset, day) d""", zone)
    gaps = psql("""SELECT json_agg(g) FROM (SELECT dataset, source, first_day::text, last_day::text, array(SELECT h FROM generate_series(0, 23) h WHERE hours >> h & 1 = 1) AS hours
        FROM ingest.coverage_gaps ORDER BY source NULLS LAST, dataset, first_day, last_day) g""", zone)
    said = json.loads(subprocess.run([os.environ["INGEST"], "-c", "/dev/null", "status", "--json"], check=True, capture_output=True, text=True).stdout)
    by = lambda what: [dict(x, dataset=s["dataset"], source=s["source"]) for s in said["sources"] for x in s[what]]
    return [days or [], gaps or []], [by("days"), by("gaps")]
zones = ["UTC", "Pacific/Apia", "America/Sao_Paulo", "Asia/Kolkata"]
for seed in range(int(sys.argv[1])):
    psql(open("ledger.sql").read() % {"seed": (seed + 1) / 100}, "UTC")
    for attempt in range(3): # an hour, or a day, may end between the two questions
        sql, status = both(zones[seed % 4])
        if sql == status:
            break
    else:
        print("seed", seed)
        for a, b in zip(sql, status):
            print([x for x in a if x not in b][:3], [x for x in b if x not in a][:3], len(a), len(b))
        sys.exit(1)
    assert len(sql[0]) > 20 and len(sql[1]) > 3, (seed, len(sql[0]), len(sql[1]))
    if seed == 0:
        assert {d["state"] for d in sql[0]} == {"open", "settled", "revised"}
PYTHON
    cat >ledger.sql <<'SQL'
TRUNCATE ingest.payloads, ingest.sources, ingest.recounts CASCADE;
SELECT setseed(%(seed)s) \g /dev/null
INSERT INTO ingest.sources VALUES ('slow', 5 * 86400 + (random() * 100000)::int, NULL), ('quick', 1, 60), ('nobody', NULL, 5);
INSERT INTO ingest.payloads (scope, dataset, hash, length, head, partial, integrity, format, source, rules_id, lines_read, lines_counted, records_read, records_counted, counted_at)
SELECT 0, (ARRAY['stats', 'stats', 'dataselect_stats'])[1 + n %% 3], decode(md5(n::text), 'hex'), 1, decode(md5('h'), 'hex'), random() < 0.1, 'verified',
       (ARRAY['combined', 's3', 'cloudfront'])[1 + (random() * 2)::int], (ARRAY[NULL, 'slow', 'quick', 'nobody', 'other'])[1 + n %% 5],
       decode(md5('r'), 'hex'), 10, 9, 10, 9, now() - random() * random() * interval '40 days'
  FROM generate_series(1, 60) n;
INSERT INTO ingest.payload_days (payload, dataset, day, state, rules_id, lines, count, bytes, hours)
SELECT id, dataset, (now() AT TIME ZONE 'UTC')::date - n, (ARRAY['counted', 'counted', 'counted', 'counted', 'adopted', 'replaced', 'retracted'])[1 + (random() * 6)::int],
       rules_id, n, n + 1, n + 2, CASE WHEN random() < 0.4 THEN 16777215 WHEN random() < 0.1 THEN 0 ELSE (random() * 16777215)::int & (random() * 16777215)::int | (1 << (random() * 23)::int) END
  FROM ingest.payloads, generate_series(0, 30) n WHERE random() < 0.12;
INSERT INTO ingest.unresolved (payload, dataset, path, day, count, bytes, healed_at)
SELECT payload, dataset, 'p', day, 1, 0, CASE WHEN random() < 0.7 THEN now() - random() * interval '20 days' END FROM ingest.payload_days WHERE random() < 0.2;
INSERT INTO ingest.recounts (scope, dataset, since, until, rules_id, partial, rows_before, rows_after, recounted_at)
SELECT 0, 'stats', first, first + 1 + (random() * 5)::int, decode(md5('r'), 'hex'), false, 0, 0, now() - random() * random() * interval '20 days'
  FROM (SELECT (now() AT TIME ZONE 'UTC')::date - (random() * 40)::int AS first FROM generate_series(1, 6)) f;
INSERT INTO ingest.recounted (recount, payload) SELECT r.id, p.id FROM ingest.recounts r, ingest.payloads p WHERE p.dataset = 'stats' AND random() < 0.2;
SQL
    sed -i 's/ \\g \/dev\/null/;/; s/^SELECT setseed(\(.*\));$/DO $$ BEGIN PERFORM setseed(\1); END $$;/' ledger.sql
    python3 compare.py 12
}

@test "what a source's time is, its run writes down: SQL and status without the configuration say the same" {
    fresh
    lines 3 >1.log
    printf '[source one]\nfiles = 1.log\nsettle = 3650d\n[source two]\nfiles = 2.log\nexpected = 5m\n' >my.ini
    line other 1.0.0 >2.log
    run --separate-stderr "$INGEST" --client-key none -c my.ini run
    status_is 0
    is "$(sql "SELECT * FROM ingest.sources ORDER BY 1")" "one|315360000|
two||300"
    is "$(sql "SELECT source, state FROM ingest.covered_days WHERE dataset = 'stats' ORDER BY 1")" "one|open
two|settled"
    run --separate-stderr "$INGEST" -c /dev/null status --json
    is "$(summary '[(s["source"], s["days"][0]["state"]) for s in s["sources"]]')" "[('one', 'open'), ('two', 'settled')]"
    sed -i '/^settle/d' my.ini
    run --separate-stderr "$INGEST" --client-key none -c my.ini run -n one
    is "$(sql "SELECT count(settle_seconds) FROM ingest.sources")" 1 # a dry run writes nothing
    run --separate-stderr "$INGEST" --client-key none -c my.ini run one
    is "$(sql "SELECT count(settle_seconds) FROM ingest.sources")" 0
    # A ledger that is older, and a role that may not: the run goes without.
    sql "DROP TABLE ingest.sources CASCADE"
    lines 4 third >1.log
    run --separate-stderr "$INGEST" --client-key none -c my.ini run
    status_is 0
    silent
    run --separate-stderr "$INGEST" -c /dev/null status
    status_is 0
}

@test "totals and versions are never added; sketches are united, and clients not summed" {
    fresh
    covers 40 1
    for d in 5 4 3; do
        row serde "" $d 30 1 100
        row serde 1.0 $d 20 1 70
        row serde 2.0 $d 10 71 100
        row rand "" $d 7 1 $((d * 100))
    done
    is "$(sql "SELECT name, count, bytes, clients, clients_error, last_day - first_day FROM stats_total ORDER BY 1")" "rand|21|210|$(sql "SELECT round(hll_cardinality(hll_union_agg(clients))) FROM stats WHERE name = 'rand'")|$(sql "SELECT hll_cardinality(hll_union_agg(clients)) * 1.04 / sqrt(2048) FROM stats WHERE name = 'rand'")|2
serde|90|900|100|0|2"
    is "$(sql "SELECT name, version, count, clients FROM stats_versions ORDER BY 1, 2")" "serde|1.0|60|70
serde|2.0|30|30"
    is "$(sql "SELECT sum(count), sum(bytes) FROM stats_month")" "111|1110"
    is "$(sql "SELECT round(hll_cardinality(hll_union_agg(sketch))) FROM stats_month WHERE name = 'serde'")" 100
    is "$(sql "SELECT count(*) FROM stats_month WHERE month <> date_trunc('month', month)")" 0
    is "$(sql "SELECT clients, clients_error, missing_days FROM clients_between('serde', '$(ago 5)', '$(ago 2)')")" "100|0|0"
    is "$(sql "SELECT clients, missing_days FROM clients_between('serde', '$(ago 3)', '$(ago 3)')")" "0|0"
    is "$(sql "SELECT clients, missing_days FROM clients_between('nobody', '$(ago 42)', '$(ago 39)')")" "0|2"
    is "$(sql "SELECT abs(clients - 500) < 3 * clients_error, clients_error BETWEEN 8 AND 15 FROM clients_between('rand', '$(ago 9)', '$(ago 0)')")" "t|t"
    is "$(sql "SELECT place, name, count, clients FROM top_downloads('$(ago 4)', '$(ago 3)') ORDER BY 1")" "1|serde|30|100
2|rand|7|$(sql "SELECT round(hll_cardinality(clients)) FROM stats WHERE name = 'rand' AND dldate = '$(ago 4)'")"
    is "$(sql "SELECT string_agg(name, ',') FROM top_downloads('$(ago 9)', '$(ago 0)', 1)")" serde
    is "$(sql "SELECT string_agg(name, ',') FROM top_downloads('$(ago 9)', '$(ago 0)', 5, 'r%')")" rand
    is "$(sql "SELECT count(*) FROM top_downloads('$(ago 9)', '$(ago 0)', 0)")$(sql "SELECT count(*) FROM top_downloads('$(ago 9)', '$(ago 0)', -1)")" 00
}

@test "a day without logs is NULL, with its reason; a day without downloads is 0" {
    fresh
    covers 20 12 edge
    covers 9 3 edge
    row serde "" 15 5 1 5
    row serde "" 11 6 1 5 # in the table, but of no log that the ledger knows
    sql "INSERT INTO ingest.refusals (size, stored, reading, path, kind, what, cause, hint, mtime_ns)
         SELECT 1, decode(md5('a'), 'hex'), decode(md5('a'), 'hex'), 'x', 'corrupt', '', '', '', extract(epoch FROM (now() AT TIME ZONE 'UTC')::date - 10 + interval '1 hour')::bigint * 1000000000"
    by_day() {
        sql "SELECT (now() AT TIME ZONE 'UTC')::date - day, count, clients, state, missing FROM downloads_by_day('$1', '$(ago "$2")', '$(ago "$3")')"
    }
    is "$(by_day serde 16 14)" "16|0|0|settled|
15|5|5|settled|"
    is "$(by_day nobody 15 14)" "15|0|0|settled|"
    is "$(by_day serde 22 20)" "22||||before the first
21||||before the first"
    is "$(by_day serde 12 8)" "12|0|0|settled|
11|6|5||
10||||refused
9|0|0|settled|"
    is "$(by_day serde -2 -4)" "-2||||future
-3||||future"
    is "$(by_day serde 2 1)" "2||||not covered"
    is "$(by_day serde 0 -1)" "0|||open|not yet"
    sql "UPDATE ingest.refusals SET accepted_at = now()"
    is "$(by_day serde 10 9)" "10||||not covered"
    is "$(sql "SELECT source, (now() AT TIME ZONE 'UTC')::date - first_day, days, array_length(hours, 1) FROM coverage_gaps")" "edge|11|2|24"
    is "$(sql "SELECT count(*), sum(gaps), count(missing) FILTER (WHERE missing = 'not covered') FROM stats_days WHERE day < '$(ago 2)'")" "18|2|2"
    is "$(sql "SELECT count(*) FROM stats_days WHERE count IS NULL AND missing IS NULL OR count = 0 AND missing IS NOT NULL")" 0
    # Nothing at all is known, or asked.
    sql "TRUNCATE ingest.payloads CASCADE"
    is "$(sql "SELECT count(*) FROM stats_days")$(by_day nobody 3 2)" "03||||before the first"
    is "$(sql "SELECT missing_days FROM stats_month WHERE name = 'serde' LIMIT 1")" ""
    is "$(sql "SELECT count(*) FROM days_between(NULL, '2026-01-01')")" 0
}

@test "a source that is waited for keeps a day open; one that is gone does not" {
    fresh
    sql "INSERT INTO ingest.sources VALUES ('slow', 4 * 86400, NULL)"
    covers 20 1 quick
    covers 20 3 slow
    is "$(sql "SELECT (now() AT TIME ZONE 'UTC')::date - day, state, missing, sources FROM stats_days WHERE day IN ('$(ago 7)', '$(ago 3)', '$(ago 2)') ORDER BY 1 DESC")" "7|settled||2
3|open||2
2|open||1"
    sql "UPDATE ingest.payload_days SET day = day - 100 WHERE payload = 2"
    is "$(sql "SELECT (now() AT TIME ZONE 'UTC')::date - day, state, missing, sources FROM stats_days WHERE day IN ('$(ago 7)', '$(ago 3)', '$(ago 2)') ORDER BY 1 DESC")" "7|settled||1
3|settled||1
2|settled||1"
}

@test "a sketch that is full gives no number, and NaN is never shown" {
    fresh
    covers 9 1
    sql "INSERT INTO stats SELECT n, CASE n WHEN 'b' THEN '1' END, (now() AT TIME ZONE 'UTC')::date - 4, 5, 5, ('\\x148b7f' || repeat('ff', 1280))::hll FROM unnest('{a,b}'::text[]) n"
    is "$(sql "SELECT hll_cardinality(clients) FROM stats WHERE name = 'a'")" NaN
    for from in stats_total "stats_month" "stats_versions" "downloads_by_day('a', '$(ago 4)', '$(ago 3)')" "top_downloads('$(ago 4)', '$(ago 3)')" "clients_between('a', '$(ago 4)', '$(ago 3)')"; do
        is "$from: $(sql "SELECT count(*), count(clients), count(clients_error) FROM $from")" "$from: 1|0|0"
    done
}

@test "names are data; what is found does not hang on the caller's search path, time zone or schema" {
    fresh
    covers 9 1
    sql "INSERT INTO stats (name, dldate, count) SELECT n, (now() AT TIME ZONE 'UTC')::date - 4, 5 FROM unnest(ARRAY['a''; DROP TABLE stats; --', '%', 'a\\_b', E'\\x1b[31m', 'ab']) n;
         CREATE SCHEMA evil; CREATE TABLE evil.stats AS SELECT 'evil' AS name, NULL::text AS version, date '2026-01-01' AS dldate, 666::bigint AS count, 6::bigint AS bytes;
         CREATE VIEW evil.stats_days AS SELECT 1 AS day; CREATE FUNCTION evil.sum(bigint) RETURNS numeric LANGUAGE sql AS 'SELECT 666.0'"
    for path in pg_catalog evil,pg_catalog evil,public; do
        is "$(elsewhere "SELECT name, count FROM public.top_downloads(current_date - 30, current_date + 2, 9, 'a%') ORDER BY 1" "$path")" "a'; DROP TABLE stats; --|5
a\\_b|5
ab|5"
        is "$(elsewhere "SELECT string_agg(name, '') FROM public.top_downloads(current_date - 30, current_date + 2, 9, '\\%')" "$path")" "%"
        is "$(elsewhere "SELECT pg_catalog.sum(count) FROM public.downloads_by_day('a''; DROP TABLE stats; --', current_date - 30, current_date + 2)" "$path")" 5
        is "$(elsewhere "SELECT clients FROM public.clients_between('%', current_date - 30, current_date + 2)" "$path")" 0
    done
    is "$(n_rows stats)" 5
}

@test "tables in another schema, where hll is in a third: views and functions stand beside them" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS away"
    PGDATABASE=postgres sql "CREATE DATABASE away"
    export PGDATABASE=away
    sql 'CREATE SCHEMA "My;x"; CREATE SCHEMA ext; CREATE EXTENSION hll SCHEMA ext'
    PGOPTIONS='-c search_path="My;x"' "$INGEST" -q migrate up ledger stats
    is "$(sql "SELECT count(*) FROM pg_class WHERE relname ~ '^(stats|coverage_gaps)' AND relkind IN ('r', 'v') AND relnamespace::regnamespace::text = '\"My;x\"'")" 9
    lines 5 >1.log
    PGOPTIONS='-c search_path="My;x",ext' count 1.log
    status_is 0
    is "$(elsewhere 'SELECT name, count, clients FROM "My;x".top_downloads('"'2024-01-01', '2025-01-01'"')')" "serde|5|5"
    is "$(elsewhere 'SELECT clients, missing_days FROM "My;x".clients_between('"'serde', '2024-01-05', '2024-01-06'"')')" "5|0"
    is "$(elsewhere 'SELECT name, count, clients, state FROM "My;x".stats_month')" "serde|5|5|settled"
    PGOPTIONS='-c search_path="My;x",ext' "$INGEST" -q migrate down stats --drop-data
    is "$(sql "SELECT count(*) FROM pg_proc WHERE proname = 'top_downloads'")" 0
}

@test "tables without sketches, also those of before: the same without clients; a table with them keeps them" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS plain"
    PGDATABASE=postgres sql "CREATE DATABASE plain"
    export PGDATABASE=plain
    "$INGEST" -q migrate up --no-sketches ledger stats
    down=$(cat "$ROOT"/schema/stats/1795{760000-corrections,600000-views}.down.sql | awk '!seen[$0]++' | sed 's/^DROP VIEW/& IF EXISTS/')
    forget="DELETE FROM ingest.migrations WHERE file IN ('1795600000-views', '1795760000-corrections')"
    for again in "" --no-sketches; do
        lines 5 "n$again" >1.log
        count 1.log
        status_is 0
        is "$(sql "SELECT place, name, count FROM top_downloads('2024-01-01', '2025-01-01', 1)")" "1|n|5"
        is "$(sql "SELECT count, state FROM downloads_by_day('n', '2024-01-05', '2024-01-06')")" "5|settled"
        is "$(sql "SELECT name, count, bytes, state FROM stats_month WHERE name = 'n'")" "n|5|500|settled"
        is "$(sql "SELECT count(*) FROM pg_proc WHERE proname = 'clients_between'")" 0
        sql "$down $forget"
        # shellcheck disable=SC2086
        "$INGEST" -q migrate up stats $again
    done
    # Whose table is not on the search path is told so.
    sql "$down $forget; CREATE SCHEMA other"
    PGOPTIONS="-c search_path=other" run --separate-stderr "$INGEST" migrate up stats --no-sketches
    status_is 3
    says 'not on the search path'
    fresh
    sql "$down $forget"
    "$INGEST" -q migrate up --no-sketches stats
    is "$(sql "SELECT count(*) FROM pg_proc WHERE proname = 'clients_between'")" 1
}

@test "a role that reads statistics sees nothing of the ledger" {
    fresh
    covers 9 1 edge
    row serde "" 4 5 1 5
    role=reader_${PGDATABASE//[^a-z0-9]/_}
    # As docs/SQL.md has it.
    sql "CREATE ROLE $role LOGIN; $(sed -n '/^```sql reader.sql$/,/^```$/{/^```/!p}' "$ROOT/docs/SQL.md" | sed "s/ reader/ $role/g")"
    as() {
        PGUSER=$role sql "$1"
    }
    for from in stats stats_total stats_month stats_versions stats_days coverage_gaps stats_annotations stats_upper_bounds stats_keys "days_between('$(ago 4)', '$(ago 3)')" "downloads_by_day('serde', '$(ago 4)', '$(ago 3)')" \
        "top_downloads('$(ago 9)', '$(ago 0)')" "clients_between('serde', '$(ago 9)', '$(ago 0)')"; do
        as "SELECT count(*) FROM $from" >/dev/null
    done
    for table in ingest.sightings ingest.payloads ingest.settings ingest.refusals ingest.covered_days nodes tokens; do
        run as "SELECT 1 FROM $table"
        [ "$status" -ne 0 ]
        [[ "$output" == *"permission denied"* ]]
    done
    run as "INSERT INTO stats (name, dldate, count) VALUES ('x', '2026-01-01', 1)"
    [ "$status" -ne 0 ]
    sql "DROP OWNED BY $role; DROP ROLE $role"
}

@test "clients that are an upper bound say so; sketches of two keys are never united" {
    fresh
    covers 40 1
    for d in 5 4 3; do
        row serde "" $d 30 1 100
        row serde 1.0 $d 30 1 100
        row rand "" $d 7 1 $d
    done
    row late "" 3 1 1 1
    row early "" 5 1 1 1
    are() {
        is "$1: $(sql "SELECT name, clients, clients_error IS NULL, clients_are FROM $1 ORDER BY 1")" "$1: $2"
    }
    all() { # the same of every view and function of a whole range
        are stats_total "$1"
        are "(SELECT name, sum(clients) AS clients, max(clients_error) AS clients_error, min(clients_are) AS clients_are FROM stats_month GROUP BY 1) x" "$1"
        are "top_downloads('$(ago 9)', '$(ago 0)')" "$1"
        are "(SELECT n.name, c.* FROM unnest('{early,late,rand,serde}'::text[]) AS n(name), clients_between(n.name, '$(ago 9)', '$(ago 0)') c) x" "$1"
    }
    # The month may end between these days: then a name has two of them, with clients of its own.
    [ "$(sql "SELECT count(DISTINCT month) FROM stats_month")" -eq 1 ] || skip "a month has just begun"
    all "early|1|f|estimate
late|1|f|estimate
rand|5|f|estimate
serde|100|f|estimate"
    sql "INSERT INTO ingest.upper_bounds VALUES ('stats', 0, '$(ago 4)', 'serde'), ('dataselect_stats', 0, '$(ago 4)', 'rand'), ('stats', 1, '$(ago 4)', 'rand')"
    all "early|1|f|estimate
late|1|f|estimate
rand|5|f|estimate
serde|100|f|upper bound"
    is "$(sql "SELECT string_agg(clients_are, ',' ORDER BY day) FROM downloads_by_day('serde', '$(ago 5)', '$(ago 2)')")" "estimate,upper bound,estimate"
    is "$(sql "SELECT clients_are FROM clients_between('serde', '$(ago 3)', '$(ago 2)')")" estimate
    is "$(sql "SELECT clients_are FROM stats_versions")" "upper bound"
    is "$(sql "SELECT day - '$(ago 4)', name FROM stats_upper_bounds")" "0|serde"
    # Under another key from the day before yesterday's eve on: numbers of days under both are none, and no sketch is given away for one.
    sql "DELETE FROM ingest.key_epochs; INSERT INTO ingest.key_epochs (at_table, from_day, key_id)
         VALUES ('public.stats', '-infinity', '\\x0011223344556677'), ('public.stats', '$(ago 3)', '\\x8811223344556677'), ('other.stats', '$(ago 4)', '\\x0011223344556677')"
    all "early|1|f|estimate
late|1|f|estimate
rand||t|two keys
serde||t|two keys"
    is "$(sql "SELECT count(sketch), count(*) FROM stats_total")$(sql "SELECT count(sketch), count(*) FROM stats_month")$(sql "SELECT count(sketch), count(*) FROM stats_versions")" "2|42|40|1"
    is "$(sql "SELECT clients, clients_are FROM clients_between('rand', '$(ago 5)', '$(ago 3)')")" "5|estimate"
    is "$(sql "SELECT clients, clients_are FROM clients_between('rand', '$(ago 3)', '$(ago 2)')")" "3|estimate"
    is "$(sql "SELECT string_agg(clients_are, ',' ORDER BY day) FROM downloads_by_day('rand', '$(ago 5)', '$(ago 2)')")" "estimate,estimate,estimate"
    # The same key twice is one.
    sql "UPDATE ingest.key_epochs SET key_id = '\\x0011223344556677'; DELETE FROM ingest.upper_bounds; INSERT INTO ingest.upper_bounds VALUES ('stats', 0, '$(ago 3)', '')"
    is "$(sql "SELECT count(*) FROM stats_keys")" 1
    is "$(sql "SELECT string_agg(clients_are, ',' ORDER BY name) FROM top_downloads('$(ago 9)', '$(ago 3)')")" "estimate,estimate,estimate"
    is "$(sql "SELECT min(clients_are) || max(clients_are) FROM stats_month")" "upper boundupper bound"
}

@test "what happened on a day; what stood there before is in the numbers of adopted days" {
    fresh
    covers 9 1
    sql "INSERT INTO ingest.annotations (dataset, day, text) VALUES ('stats', '$(ago 3)', 'pack crates 2'), ('emote_stats', '$(ago 3)', 'no')"
    is "$(sql "SELECT day - '$(ago 3)', text FROM stats_annotations")" "0|pack crates 2"
    sql "UPDATE ingest.payload_days SET state = 'adopted', count = 0, bytes = 0 WHERE day = '$(ago 4)'; INSERT INTO ingest.openings VALUES ('stats', 0, '$(ago 4)', 1000, 4000), ('stats', 0, '$(ago 3)', 1, 2), ('access', 0, '$(ago 5)', 1, 2)"
    is "$(sql "SELECT state, missing, count, bytes, opening_count, opening_bytes FROM stats_days WHERE day BETWEEN '$(ago 5)' AND '$(ago 3)' ORDER BY day")" "settled||9|90||
settled||1000|4000|1000|4000
settled||10|92|1|2"
}

@test "a database that had the views: who could read them reads on; an older ledger is told what to do" {
    fresh
    covers 9 1
    row serde "" 4 5 1 5
    role=former_${PGDATABASE//[^a-z0-9]/_}
    sql "$(cat "$ROOT"/schema/stats/1795{760000-corrections,600000-views}.down.sql | awk '!seen[$0]++'); DELETE FROM ingest.migrations WHERE file = '1795760000-corrections'"
    "$PG_BIN/psql" -Xq1 -v ON_ERROR_STOP=1 -f "$ROOT/schema/stats/1795600000-views.up.sql" >/dev/null
    sql "CREATE ROLE $role LOGIN; GRANT USAGE ON SCHEMA public TO $role; GRANT SELECT ON stats, stats_month, stats_days TO $role; CREATE VIEW mine AS SELECT name, clients FROM stats_month"
    "$INGEST" -q migrate up stats
    for from in stats_month stats_days stats_annotations stats_keys stats_upper_bounds "downloads_by_day('serde', '$(ago 4)', '$(ago 3)')" "clients_between('serde', '$(ago 9)', '$(ago 0)')"; do
        PGUSER=$role sql "SELECT count(*) FROM $from" >/dev/null
    done
    run env PGUSER="$role" "$PG_BIN/psql" -XAtqc "SELECT FROM stats_total"
    [ "$status" -ne 0 ] # it could not before
    is "$(sql "SELECT clients FROM mine")" 5
    sql "DROP VIEW mine; $(cat "$ROOT"/schema/stats/1795{760000-corrections,600000-views}.down.sql | awk '!seen[$0]++'); DELETE FROM ingest.migrations WHERE file = '1795760000-corrections'; DROP TABLE ingest.upper_bounds"
    run --separate-stderr "$INGEST" migrate up stats
    status_is 3
    says "the ledger is older" "migrate up ledger"
    sql "DROP OWNED BY $role; DROP ROLE $role"
}

@test "what docs/SQL.md shows is what psql shows" {
    fresh
    for client in 1 2 3; do
        line serde 1.0.0 01/Jan/2024 192.0.2.$client
        line serde 1.0.1 02/Jan/2024 192.0.2.$client
    done >1.log
    line rand 1.0.0 04/Jan/2024 >>1.log
    for client in 1 2 3 4 5 6; do
        line serde 1.0.1 05/Jan/2024 192.0.2.$client
    done >>1.log
    count 1.log
    status_is 0
    python3 - "$HERE" "$ROOT/docs/SQL.md" <<'PYTHON'
import os, subprocess, sys
sys.path.insert(0, sys.argv[1])
import docs
n = 0
for start, word, name, text in docs.fences(sys.argv[2]):
    for part in text.split("=> ")[1:] if word == "psql" else []:
        question, shown = part.split("\n", 1)
        said = subprocess.run([os.environ["PG_BIN"] + "/psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-P", "footer=off", "-c", question], check=True, capture_output=True, text=True)
        n += 1
        if not docs.fits(shown.splitlines(), said.stdout.rstrip("\n").splitlines()):
            sys.exit("=> %s\n%s" % (question, said.stdout))
sys.exit(0 if n == 5 else "%d questions" % n)
PYTHON
}

# ---- NOTIFY ----

# hear COMMAND: what those who listen are told meanwhile, a payload a line.
hear() {
    PGOPTIONS="-c client_min_messages=warning" "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -c "LISTEN ingest_done" -c "\\! $*" -c "SELECT 1" |
        sed -n 's/^Asynchronous notification "ingest_done" with payload "\(.*\)" received from server process with PID [0-9]*\.$/\1/p'
}

@test "NOTIFY ingest_done: tables and days, once a commit; nothing for what is known, dry or refused" {
    fresh
    { line a 1.0.0 05/Jan/2024; line a 1.0.0 06/Jan/2024; line b 1.0.0 09/Jan/2024; } >1.log
    is "$(hear "\"$INGEST\" -n --client-key none 1.log >out 2>&1")" ""
    is "$(hear "\"$INGEST\" --client-key none 1.log >out 2>&1")" \
        '{"tables":[{"schema":"public","table":"stats","days":[["2024-01-05","2024-01-06"],["2024-01-09","2024-01-09"]]}],"folded":false}'
    is "$(hear "\"$INGEST\" --client-key none 1.log >out 2>&1")" ""
    cp 1.log 2.log
    is "$(hear "\"$INGEST\" --client-key none 2.log >out 2>&1")" "" # known by its bytes: a sighting is written
    gzip -c 1.log | head -c 40 >3.log.gz
    is "$(hear "\"$INGEST\" --client-key none 3.log.gz >out 2>&1")" ""
    printf '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /other HTTP/1.1" 200 1 "-" "x"\n' >4.log # counts nothing
    is "$(hear "\"$INGEST\" --client-key none 4.log >out 2>&1")" ""
    is "$(n_rows ingest.payloads)" 2
    # Several tables, several batches.
    line c 1.0.0 07/Jan/2024 >5.log
    cat "$LOGS"/fdsnws*.log 2>/dev/null | head -40 >6.log || true
    is "$(hear "\"$INGEST\" --client-key none - <5.log >out 2>&1")" \
        '{"tables":[{"schema":"public","table":"stats","days":[["2024-01-07","2024-01-07"]]}],"folded":false}'
}

@test "NOTIFY: ten thousand days fit, folded; many at once are heard once each; who may not say it counts all the same" {
    fresh
    python3 - >days.log <<'PYTHON'
import datetime, random
random.seed(1)
for n in [0] + sorted(random.sample(range(1, 17999), 8998)) + [17999]:
    day = datetime.date(1971, 1, 1) + datetime.timedelta(days=n)
    print('192.0.2.7 - - [%s:12:00:00 +0000] "GET /crates/a/a-1.0.0.crate HTTP/1.1" 200 100 "-" "cargo/1.70.0"' % day.strftime("%d/%b/%Y"))
PYTHON
    said=$(hear "\"$INGEST\" --client-key none days.log >out 2>&1")
    [ "$(n_rows stats "version IS NULL")" -eq 9000 ]
    python3 -c 'import json, sys; t = sys.argv[1]; s = json.loads(t); d = s["tables"][0]["days"]
assert len(t) < 8000 and s["folded"] and d[0][0] == "1971-01-01" and d[-1][1] == "2020-04-12" and 50 < len(d) < 300, (len(t), d[:2], d[-2:], len(d))' "$said"
    role=mute_${PGDATABASE//[^a-z0-9]/_}
    sql "CREATE ROLE $role LOGIN; GRANT USAGE ON SCHEMA ingest TO $role; GRANT ALL ON ALL TABLES IN SCHEMA ingest, public TO $role; GRANT TEMP ON DATABASE $PGDATABASE TO $role;
         REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC"
    line d 1.0.0 08/Jan/2024 >7.log
    is "$(hear "PGUSER=$role \"$INGEST\" --client-key none 7.log >out 2>&1; echo \$? >rc")" ""
    is "$(cat rc)" 0
    is "$(n_rows stats "name = 'd'")" 2
    sql "GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC; DROP OWNED BY $role; DROP ROLE $role"
}
