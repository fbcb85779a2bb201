#!/usr/bin/env bats
# Zeco: tarballs looked up in `dists`, rows by auth, on its own tables and on ours; totals kept though no constraint guards them.
load lib
export INGEST_AUDIT=all

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
    PGDATABASE=postgres sql "CREATE DATABASE zeco_live"
    PGDATABASE=zeco_live "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/zeco.sql"
    PGDATABASE=zeco_live "$INGEST" -q migrate up ledger
    PGDATABASE=postgres sql "CREATE DATABASE zeco_ours"
    PGDATABASE=zeco_ours "$INGEST" -q migrate up ledger zeco
    python3 "$HERE/zeco.py" "$BATS_FILE_TMPDIR"
}

# on live|ours [NAME]: a fresh copy, with the distributions of the generator.
on() {
    MADE=$BATS_FILE_TMPDIR
    STATS=stats DISTS=dists
    [ "$1" = live ] || STATS=zeco.stats DISTS=zeco.dists
    TEMPLATE=zeco_$1 fresh "_$1${2:-}"
    sql "COPY $DISTS FROM STDIN" <"$MADE/dists.tsv"
    cp "$MADE/cdn.log" "$MADE/site.log" .
}

zeco() {
    count --rules zeco "$@"
}

# The table holds the generator's rows, each once, and no others.
rows_are_right() {
    local bytes=",bytes"

    [ "$STATS" != stats ] || bytes=
    sql "COPY (SELECT name, version, dldate, auth, count $bytes FROM $STATS) TO STDOUT" | sort >table.rows
    cut -f "1-5${bytes:+,6}" "$MADE/rows.tsv" | sort >right.rows
    same_file table.rows right.rows
}

totals_are_sums() {
    is "$(sql "SELECT count(*) FROM (SELECT sum(count) FILTER (WHERE version IS NULL) AS total, sum(count) FILTER (WHERE version IS NOT NULL) AS parts,
               count(*) FILTER (WHERE version IS NULL) AS n FROM $STATS GROUP BY name, dldate, auth) AS x
               WHERE total IS DISTINCT FROM parts OR n <> 1")" 0
}

@test "its own tables: what is in dists counts by auth, once, whatever the shape of the path" {
    on live
    zeco --json cdn.log
    status_is 0
    silent
    rows_are_right
    totals_are_sums
    is "$(summary 's["records"]["filtered"]["unknown_dist"]')" "$(awk -F '\t' '{ n += $3 } END { print n }' "$MADE/unknown.tsv")"
    sql "SELECT t::text FROM stats t ORDER BY 1" >before
    zeco --json cdn.log
    status_is 0
    is "$(summary 's["files"]["known"]')" 1
    sql "SELECT t::text FROM stats t ORDER BY 1" >after
    same_file before after
}

@test "our tables: the same rows, with bytes and sketches" {
    on ours
    zeco cdn.log
    status_is 0
    rows_are_right
    totals_are_sums
    sql "CREATE TABLE seen (name text, version text, dldate date, auth text, client text)"
    sql "COPY seen FROM STDIN" <"$MADE/clients.tsv"
    is "$(sql "SELECT count(*) FROM zeco.stats s JOIN (SELECT name, version, dldate, auth, hll_add_agg(hll_hash_text(client), 11, 5) AS clients
               FROM seen GROUP BY 1, 2, 3, 4) t ON (s.name, s.dldate, s.auth) = (t.name, t.dldate, t.auth) AND s.version IS NOT DISTINCT FROM t.version
               WHERE hll_send(s.clients) = hll_send(t.clients)")" "$(n_rows zeco.stats)"
}

@test "in pieces, in any order, by several workers: existing rows are added to" {
    for kind in live ours; do
        on $kind
        split -n l/7 cdn.log piece.
        for piece in e a g; do
            zeco piece.a$piece
            status_is 0
        done
        zeco -j 3 piece.*
        status_is 0
        rows_are_right
        totals_are_sums
    done
}

@test "several at once, and one that heals meanwhile: no total is doubled, none is lost" {
    on live
    split -n l/6 cdn.log piece.
    for pieces in "a b c" "d e f"; do # of the second three all keys are there, some of them doubled
        for piece in $pieces; do
            "$INGEST" --client-key none --rules zeco "piece.a$piece" 2>>messages &
        done
        "$INGEST" -q migrate up zeco --heal 2>>messages &
        wait
        sql "INSERT INTO stats (name, dldate, count, auth) SELECT name, dldate, 0, auth FROM stats WHERE version IS NULL AND name < 'M'"
    done
    [ ! -s messages ]
    "$INGEST" -q migrate up zeco --heal
    rows_are_right
    totals_are_sums
}

@test "the log of the ecosystem's host, which only redirects, adds nothing" {
    on live
    zeco site.log cdn.log
    status_is 0
    rows_are_right
    is "$(sql "SELECT sum(records_counted) FROM ingest.payloads WHERE records_read = $(wc -l <site.log)")" 0
}

@test "what dists does not know waits, and counts once it does" {
    on live
    zeco cdn.log
    sql "COPY (SELECT path, day, count, bytes FROM ingest.unresolved) TO STDOUT" | sort >waits
    sort "$MADE/unknown.tsv" >right
    same_file waits right
    sql "INSERT INTO dists SELECT gen_random_uuid(), 'Nobody', max(path), jsonb_build_object('name', 'Nobody::Knows', 'version', left(max(path), 9), 'auth', 'zef:x')
           FROM ingest.unresolved GROUP BY right(path, 47)"
    zeco cdn.log
    status_is 0
    is "$(n_rows ingest.unresolved "healed_at IS NULL")" 0
    is "$(sql "SELECT sum(count) FROM stats WHERE name = 'Nobody::Knows' AND version IS NULL")" "$(awk -F '\t' '{ n += $3 } END { print n }' "$MADE/unknown.tsv")"
    totals_are_sums
    is "$(sql "SELECT sum(count) FROM ingest.payload_days")" "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")"
}

@test "one tarball in several rows of dists is one download; whom it belongs to is the same every time" {
    on live
    sql "TRUNCATE dists"
    for auth in zef:old zef:new zef:gone; do
        sql "INSERT INTO dists VALUES (gen_random_uuid(), 'x', 'A/BC/$(printf '%040d' 7).tar.gz', '{\"name\": \"ABC\", \"version\": \"1\", \"auth\": \"$auth\"}',
             CASE '$auth' WHEN 'zef:old' THEN '2020-01-01'::timestamp ELSE '2023-01-01' END, CASE '$auth' WHEN 'zef:gone' THEN '2023-02-01'::timestamp END)"
    done
    for i in 1 2 3; do
        echo "192.0.2.$i - - [05/Jan/2024:12:00:00 +0000] \"GET /A/BC/$(printf '%040d' 7).tar.gz HTTP/1.1\" 200 1 \"-\" \"-\"" >log
        zeco log
        status_is 0
    done
    is "$(sql "SELECT name, coalesce(version, 'all'), auth, count FROM stats ORDER BY 2")" "ABC|1|zef:new|3
ABC|all|zef:new|3"
}

@test "totals that were doubled before: only the lowest grows, -v says so, --heal unites them and keeps the old ones" {
    on live
    zeco cdn.log
    sql "INSERT INTO stats (name, dldate, count, auth) SELECT name, dldate, 100, auth FROM stats WHERE version IS NULL AND name IN ('Red', 'X')"
    sql "INSERT INTO stats (name, dldate, count, auth) SELECT name, dldate, 1000, auth FROM stats WHERE version IS NULL AND name = 'X' AND count = 100"
    n=$(sql "SELECT count(DISTINCT (name, dldate, auth)) FROM stats WHERE name IN ('Red', 'X')")
    grep -E '/(R/ED|X)/' cdn.log | sed 's/:[0-9][0-9] +0000/:00 +0000/' >again.log
    zeco -v again.log
    status_is 0
    says "doubled" "ingest migrate up zeco --heal"
    # Those that were added keep what they had.
    is "$(sql "SELECT count(*) FROM stats WHERE version IS NULL AND name = 'Red' AND count = 100")" "$(sql "SELECT count(DISTINCT (dldate, auth)) FROM stats WHERE name = 'Red'")"
    sql "SELECT name, dldate, auth, sum(count) FROM stats WHERE version IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3" >before
    sql "SELECT to_jsonb(s) FROM stats s WHERE version IS NULL AND name IN ('Red', 'X') ORDER BY stat_id" >originals
    run "$INGEST" migrate up zeco --heal
    is "$status" 0
    [[ "$output" == *" doubled rows of public.stats into $n;"* ]]
    sql "SELECT name, dldate, auth, count FROM stats WHERE version IS NULL ORDER BY 1, 2, 3" >after
    same_file before after
    sql "SELECT original FROM ingest.doubled WHERE at_table = 'public.stats' ORDER BY (original->>'stat_id')::int" >kept
    same_file originals kept
    is "$(sql "SELECT count(*) FROM stats s JOIN ingest.doubled d ON s.stat_id = (d.original->>'stat_id')::int AND d.kept")" "$n"
    run "$INGEST" migrate up zeco --heal
    is "$output" "no row of public.stats is doubled"
    is "$(n_rows ingest.doubled)" "$(wc -l <originals)"
    is "$(sql "SELECT to_regnamespace('zeco') IS NULL")" t # nothing was made beside what is there
}

@test "healing takes bytes that nobody knew for none" {
    on live
    sql "ALTER TABLE stats ADD bytes bigint"
    sql "INSERT INTO stats (name, dldate, count, auth, bytes) VALUES ('A', '2024-01-01', 1, 'z', NULL), ('A', '2024-01-01', 2, 'z', NULL),
         ('B', '2024-01-01', 3, 'z', NULL), ('B', '2024-01-01', 4, 'z', 5)"
    "$INGEST" -q migrate up zeco --heal
    is "$(sql "SELECT name, count, bytes FROM stats WHERE dldate = '2024-01-01' AND auth = 'z' ORDER BY name")" "A|3|0
B|7|5"
}

@test "healing unites sketches and bytes, too, and gives back what it took when a right is missing" {
    INGEST_AUDIT= # the books are spoilt on purpose
    on ours
    zeco cdn.log
    sql "DROP INDEX zeco.stats_total_once"
    sql "CREATE TABLE right_rows AS SELECT * FROM zeco.stats"
    sql "INSERT INTO zeco.stats (name, dldate, count, auth, bytes, clients) SELECT name, dldate, count, auth, bytes, hll_add(hll_empty(11,5), hll_hash_text('new')) FROM zeco.stats
         WHERE version IS NULL AND dldate < '2024-01-04'"
    sql "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA ingest, zeco TO clerk; GRANT SELECT ON ingest.migrations TO clerk;
         GRANT SELECT, UPDATE ON zeco.stats TO clerk"
    PGUSER=clerk run "$INGEST" migrate up zeco --heal
    is "$status" 3
    [[ "$output" == *'the role "clerk" lacks DELETE on zeco.stats'*"GRANT DELETE ON zeco.stats TO clerk;"* ]]
    sql "GRANT DELETE ON zeco.stats TO clerk"
    PGUSER=clerk run "$INGEST" migrate up zeco --heal
    is "$status" 3
    [[ "$output" == *'doubled'*'GRANT '*'INSERT'*' ON ingest."doubled" TO "clerk";'* ]]
    is "$(sql "SELECT count(*) > 0 FROM (SELECT FROM zeco.stats WHERE version IS NULL GROUP BY name, dldate, auth HAVING count(*) > 1) x")" t
    sql "GRANT INSERT ON ingest.doubled TO clerk"
    PGUSER=clerk run "$INGEST" migrate up zeco --heal
    is "$status" 0
    is "$(sql "SELECT count(*) FROM zeco.stats s JOIN right_rows r USING (stat_id) WHERE s.version IS NULL AND s.dldate < '2024-01-04' AND s.count = 2 * r.count
               AND s.bytes = 2 * r.bytes AND hll_send(s.clients) = hll_send(hll_add(r.clients, hll_hash_text('new')))")" \
        "$(n_rows right_rows "version IS NULL AND dldate < '2024-01-04'")"
    is "$(n_rows zeco.stats)" "$(n_rows right_rows)"
    sql "CREATE UNIQUE INDEX ON zeco.stats (name, dldate, auth) WHERE version IS NULL"
}

@test "other rules for a table with auth: refused, and the sentence names --rules zeco" {
    on live
    lines 3 >log
    for rules in "" "--rules crates" "--rules default"; do
        # shellcheck disable=SC2086
        count $rules log
        status_is 2
        says '"auth"' "--rules zeco"
    done
    is "$(n_rows ingest.payloads)" 0
    is "$(n_rows stats)" 0
}

@test "rules of one's own that are made from zeco's look tarballs up as well" {
    on live
    printf '[ingest]\nrules = mine\n[rules mine]\nbase = zeco\nstatuses = 200, 304\n' >mine.ini
    count -c mine.ini cdn.log
    status_is 0
    is "$(sql "SELECT count(*) FROM stats WHERE name ~ '^[0-9a-f]{40}\$'")" 0
    [ "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" -gt "$(awk -F '\t' '$2 == "\\N" { n += $5 } END { print n }' "$MADE/rows.tsv")" ]
    totals_are_sums
}

@test "no dists, or one without meta: exit 3, one sentence, nothing counted" {
    on live
    sql "ALTER TABLE dists RENAME meta TO metadata"
    zeco cdn.log
    status_is 3
    says "Zeco's distributions" meta
    sql "DROP TABLE dists"
    zeco cdn.log
    status_is 3
    says dists "ingest migrate up zeco"
    is "$(n_rows ingest.payloads)" 0
}

@test "no dists: a dry run shows what stands in the paths, as it does without a database" {
    on live
    sql "DROP TABLE dists"
    zeco -n cdn.log
    status_is 0
    is "$(n_rows ingest.payloads)" 0
}

@test "a table without auth: rows by name, version and day; the schema zeco comes before the search path" {
    on live
    sql "ALTER TABLE stats DROP COLUMN auth CASCADE"
    zeco cdn.log
    status_is 0
    sql "COPY (SELECT name, version, dldate, count FROM stats) TO STDOUT" | sort >table.rows
    python3 - "$MADE/rows.tsv" <<'PYTHON' | sort >right.rows
import collections, sys
rows = collections.Counter()
for line in open(sys.argv[1], encoding="utf-8"):
    name, version, day, auth, count, _ = line.split("\t")
    rows[name, version, day] += int(count)
for key, count in rows.items():
    print(*key, count, sep="\t")
PYTHON
    same_file table.rows right.rows

    on live _2
    "$INGEST" -q migrate up zeco
    sql "INSERT INTO zeco.dists SELECT * FROM dists"
    zeco cdn.log
    status_is 0
    is "$(n_rows stats)" 0
    STATS=zeco.stats rows_are_right
}

@test "without a database the SHA-1 stands for what it would be looked up as" {
    on live
    no_database
    zeco -o rows.jsonl cdn.log
    status_is 0
    is "$(grep -cE '^\{"table":"stats","name":"[0-9a-f]{40}","version":null,"dldate":"2024-01-' rows.jsonl)" "$(wc -l <rows.jsonl)"
    zeco -n cdn.log
    status_is 0
}

@test "missing auth or version: '' and the total alone; a million bytes of path harm nobody" {
    on live
    sql "TRUNCATE dists"
    sql "INSERT INTO dists VALUES (gen_random_uuid(), 'x', 'A/BC/$(printf '%040d' 1).tar.gz', '{\"name\": \"ABC\"}', now(), NULL)"
    request='[05/Jan/2024:12:00:00 +0000] "GET'
    {
        echo "192.0.2.1 - - $request /A/BC/$(printf '%040d' 1).tar.gz HTTP/1.1\" 200 1 \"-\" \"-\""
        echo "192.0.2.1 - - $request /A/AA/$(printf '%0900000d' 0 | tr 0 A)/$(printf '%040d' 2).tar.gz HTTP/1.1\" 200 1 \"-\" \"-\""
    } >log
    zeco log
    status_is 0
    is "$(sql "SELECT name, version IS NULL, auth, count FROM stats")" "ABC|t||1"
    is "$(sql "SELECT path FROM ingest.unresolved")" "$(printf '%040d' 2).tar.gz"
}
