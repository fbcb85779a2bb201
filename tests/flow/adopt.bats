#!/usr/bin/env bats
# `ingest adopt`: what another program has counted into the same table is claimed and never added again (docs/CORRECTING.md).
load lib

INGEST_AUDIT=all

setup_file() {
    make_template
}

adopt() {
    run --separate-stderr "$INGEST" --client-key none adopt "$@"
}

# some NAME DAY... : downloads of three names on these days of January.
some() {
    local name=$1 day i

    shift
    for day in "$@"; do
        for i in 1 2 3 4 5 6; do
            line "$name$((i % 3))" "1.0.$i" "$day/Jan/2024" "192.0.2.$((i + 10#$day))"
        done
    done
}

# old_script UNTIL FILE...: the rows of these days, as another program has written them.
old_script() {
    local until=$1

    shift
    PGDATABASE=nothing "$INGEST" --client-key none --until "$until" -o old.jsonl "$@"
    python3 - >old.sql <<'PYTHON'
import json
for line in open("old.jsonl"):
    r = json.loads(line)
    version = "NULL" if r["version"] is None else f"'{r['version']}'"
    print(f"INSERT INTO stats (name, version, dldate, count, bytes, clients) VALUES ('{r['name']}', {version}, '{r['dldate']}', {r['count']}, {r['bytes']}, '{r['clients']}');")
PYTHON
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -1 -f old.sql
}

rows() {
    sql "SELECT name, version, dldate, count, bytes, encode(hll_send(clients), 'hex') FROM stats ORDER BY 1, 2 NULLS FIRST, 3"
}

# What stands in the table, and what -o would give: the same.
table_is_of() {
    rows >table.rows
    PGDATABASE=nothing "$INGEST" --client-key none -o rows.jsonl "$@"
    python3 - >file.rows <<'PYTHON'
import json
rows = [json.loads(line) for line in open("rows.jsonl")]
for r in sorted(rows, key=lambda r: (r["name"], r["version"] or "", r["dldate"])):
    print(r["name"], r["version"] or "", r["dldate"], r["count"], r["bytes"], r["clients"][2:], sep="|")
PYTHON
    same_file table.rows file.rows
}

states() {
    sql "SELECT string_agg(s, ' ') FROM (SELECT day || ':' || state || ':' || lines || ':' || count AS s FROM ingest.payload_days ORDER BY day, payload) x"
}

openings() {
    sql "SELECT string_agg(s, ' ') FROM (SELECT day || ':' || count || ':' || bytes AS s FROM ingest.openings ORDER BY dataset, scope, day) x"
}

# What `status --audit` finds must hold these words.
audit_finds() {
    run --separate-stderr "$INGEST" -q status --audit
    status_is 1
    [[ "$output" == *"$1"* ]] || { echo "$output"; return 1; }
}

@test "all that the old program has counted: nothing is added, all is known, every day is covered, the books balance" {
    fresh
    some a 05 06 >a
    some b 06 07 >b
    old_script 2024-02-01 a b
    rows >before
    adopt a b
    status_is 0
    silent
    is "$output" "2 files adopted (3 days)"
    rows >after
    same_file before after
    is "$(states)" "2024-01-05:adopted:6:0 2024-01-06:adopted:6:0 2024-01-06:adopted:6:0 2024-01-07:adopted:6:0"
    is "$(openings)" "2024-01-05:6:600 2024-01-06:12:1200 2024-01-07:6:600"
    is "$(sql "SELECT count(DISTINCT day) FROM ingest.covered_days")" 3
    run "$INGEST" status --audit
    [[ "$output" == *"public.stats 2024-01: opening balance of 24 from before, of 3 days"* ]]
    gzip -k a
    mv a c
    count --json c a.gz b
    is "$(summary 's["files"]["known"], s["files"]["known_otherwise"], s["files"]["read"]')" "(3, 0, 0)"
    run --separate-stderr "$INGEST" known -v a.gz c b
    status_is 0
    says "a.gz: adopted, 2 of 2 days" "b: adopted"
    is "$output" ""
    count --json --agents client --recheck b
    is "$(summary 's["files"]["known_otherwise"]')" 1
    run --separate-stderr "$INGEST" --client-key none verify --since 2024-01-01 --until 2024-02-01 c b
    status_is 0
    adopt --json b c
    status_is 0
    is "$(summary 's["files"]["known"], s["files"]["adopted"], s["adopted"]')" "(2, 0, {})"
    rows >after
    same_file before after
}

@test "--until: a log over that midnight is half adopted and half counted, at once" {
    fresh
    some a 05 06 >a
    some b 06 07 08 >b
    some c 08 09 >c
    old_script 2024-01-07 a b c
    adopt --json -n --until 2024-01-07 a b c
    is "$(summary 's["files"]["adopted"], s["adopted"]["stats"], s["records"]["counted"]')" "(2, ['2024-01-05', '2024-01-06'], 24)"
    is "$(n_rows ingest.payloads)" 0
    adopt --json -j 3 --until 2024-01-07 a b c
    status_is 0
    is "$(summary 's["files"]["adopted"], s["adopted"]["stats"], s["records"]["counted"], s["records"]["filtered"]["adopted"], s["days"]["stats"]')" \
        "(2, ['2024-01-05', '2024-01-06'], 24, 18, ['2024-01-07', '2024-01-08', '2024-01-09'])"
    is "$(openings)" "2024-01-05:6:600 2024-01-06:12:1200"
    table_is_of a b c
    some d 09 10 >d
    count -q a b c d
    status_is 0
    table_is_of a b c d
}

@test "a row of an adopted day that changes is found, also where others write; a recount makes the day anew and ends its balance" {
    fresh
    some a 05 06 07 >a
    old_script 2024-01-07 a
    adopt -q --until 2024-01-07 a
    while read -r comment change; do
        sql "COMMENT ON TABLE stats IS '$comment by ingest'; UPDATE stats SET $change WHERE name = 'a1' AND dldate = '2024-01-06'"
        audit_finds "rows of days that were adopted have changed since"
        sql "UPDATE stats SET count = CASE WHEN version IS NULL THEN 2 ELSE 1 END, bytes = CASE WHEN version IS NULL THEN 200 ELSE 100 END WHERE name = 'a1' AND dldate = '2024-01-06'"
    done <<'CHANGES'
made count = count - 1
made bytes = bytes + 1
not count = count + 1
CHANGES
    sql "COMMENT ON TABLE stats IS 'made by ingest: downloads'; DELETE FROM stats WHERE dldate = '2024-01-06'"
    audit_finds "the ledger has 18, the table 12"
    run --separate-stderr "$INGEST" --client-key none recount --since 2024-01-06 --until 2024-01-07 a
    status_is 0
    is "$(openings)" "2024-01-05:6:600"
    is "$(states)" "2024-01-05:adopted:6:0 2024-01-06:counted:6:6 2024-01-07:counted:6:6"
    table_is_of a
    # Who is not given what was adopted would lose it.
    some b 05 >b
    count -q b
    run --separate-stderr "$INGEST" --client-key none recount --since 2024-01-05 --until 2024-01-06 b
    status_is 1
    says "1 other payload of these days is not given: a"
}

@test "what was counted before stays counted; beside it others adopt the same days" {
    fresh
    some a 05 06 >a
    some b 05 06 >b
    count -q a
    old_script 2024-02-01 b
    adopt b a
    status_is 0
    is "$output" "1 file adopted (2 days), 1 file was known already"
    is "$(states)" "2024-01-05:counted:6:6 2024-01-05:adopted:6:0 2024-01-06:counted:6:6 2024-01-06:adopted:6:0"
    is "$(openings)" "2024-01-05:6:600 2024-01-06:6:600"
}

@test "an adopted log that grows adds what is new, however small it is and wherever it lies; an archive of adopted ones adds nothing" {
    fresh
    some a 04 05 >a
    some b 06 >b
    old_script 2024-02-01 a b
    adopt -q a b
    cat a b >archive
    count --json archive
    is "$(summary 's["lines"]["counted"], s["files"]["grown"]')" "(0, 1)"
    cp a whole
    some a 07 >>whole
    gzip -k whole
    count --json - <whole.gz
    is "$(summary 's["files"]["grown"], s["lines"]["counted"]')" "(1, 6)"
    some b 08 >>b
    count -q b
    cat whole b >all
    table_is_of all
    # One that was counted grows, and the rest is adopted.
    some z 09 >z
    count -q z
    some z 10 11 >>z
    sed -n '7,$p' z >rest
    old_script 2024-01-11 rest
    adopt --until 2024-01-11 z
    status_is 0
    is "$(sql "SELECT string_agg(state || ':' || count, ' ' ORDER BY day) FROM ingest.payload_days WHERE day BETWEEN '2024-01-09' AND '2024-01-11'")" \
        "counted:6 adopted:0 counted:6"
    table_is_of all z
}

@test "a day that counts and has no row is said; one of which nothing counts is none" {
    fresh
    some a 05 06 07 >a
    line z 1 08/Jan/2024 | sed 's/ 200 / 404 /' >>a
    old_script 2024-01-06 a
    adopt a
    status_is 0
    says "adopted, but table stats has no row of 2024-01-06 and of 1 more days"
    is "$output" "1 file adopted (4 days)"
    adopt -q a
    silent
}

@test "a crowd of small files, a list of names, standard input" {
    fresh
    mkdir many
    for i in {100..219}; do line "n$i" 1.0.0 "0$((i % 9 + 1))/Jan/2024" "192.0.2.$((i % 250))" >"many/$i"; done
    cat many/* >all
    old_script 2024-01-05 all
    rows >before
    adopt --until 2024-01-01 --json -n many
    is "$(summary 's["files"]["adopted"], s["files"]["read"]')" "(0, 120)"
    find many -type f >names
    adopt --json --until 2024-01-05 -j 3 --memory 16M --files-from names
    is "$(summary 's["files"]["read"], len(s["adopted"]["stats"])')" "(120, 4)"
    table_is_of all
    some s 05 06 >s
    fresh _stdin
    old_script 2024-01-06 s
    adopt --until 2024-01-06 - <s
    is "$output" "1 file adopted (1 day), 6 records of days from 2024-01-06 on counted"
    table_is_of s
}

@test "tables by month: the balance is that of the month, whichever day --until is; --replace states it anew" {
    fresh
    fdsnws=$LOGS/logs/fdsnws-2024.log.gz
    count -q "$fdsnws"
    "$PG_BIN/pg_dump" --data-only -t dataselect_stats >kept.sql
    fresh _adopts
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f kept.sql >/dev/null
    sql "SELECT d::text FROM dataselect_stats d ORDER BY 1" >before
    adopt "$fdsnws"
    status_is 0
    sql "SELECT d::text FROM dataselect_stats d ORDER BY 1" >after
    same_file before after
    is "$(sql "SELECT sum(count) FROM ingest.openings")" "$(sql "SELECT sum(nb_successful_reqs + nb_failed_reqs) FROM dataselect_stats")"
    audit
    sql "UPDATE dataselect_stats SET nb_reqs = nb_reqs + 1, nb_successful_reqs = nb_successful_reqs + 1 WHERE date = '2024-01-01'"
    audit_finds "requests do not balance"
    run --separate-stderr "$INGEST" --client-key none verify -q --since 2024-01-01 --until 2025-01-01 "$fdsnws"
    status_is 1
    sql "UPDATE dataselect_stats SET nb_reqs = nb_reqs - 1, nb_successful_reqs = nb_successful_reqs - 1 WHERE date = '2024-01-01'"
    count -q --replace "$fdsnws"
    audit
    # In the middle of a month: its rows are of both.
    fresh _middle
    zcat "$fdsnws" >log
    count -q --until 2024-02-16 log
    "$PG_BIN/pg_dump" --data-only -t dataselect_stats >half.sql
    fresh _half
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f half.sql >/dev/null
    adopt --until 2024-02-16 log
    status_is 0
    audit
    run --separate-stderr "$INGEST" --client-key none verify -q --since 2024-01-01 --until 2025-01-01 log
    status_is 0
    is "$(sql "SELECT string_agg(DISTINCT state, ' ' ORDER BY state) FROM ingest.payload_days WHERE day >= '2024-02-01' AND day < '2024-03-01'")" "adopted counted"
    sql "UPDATE dataselect_stats SET nb_reqs = nb_reqs + 1, nb_failed_reqs = nb_failed_reqs + 1 WHERE date = '2024-02-01'"
    audit_finds "requests do not balance"
    sql "UPDATE dataselect_stats SET nb_reqs = nb_reqs - 1, nb_failed_reqs = nb_failed_reqs - 1 WHERE date = '2024-02-01'"
}

@test "windows go over the border: a repeat of what was adopted does not count" {
    fresh
    {
        line a 1.0.0 05/Jan/2024 192.0.2.1 | sed 's/12:00:00/23:59:50/'
        line a 1.0.0 06/Jan/2024 192.0.2.1 | sed 's/12:00:00/00:00:10/'
        line a 1.0.0 06/Jan/2024 192.0.2.2 | sed 's/12:00:00/00:00:11/'
    } >a
    adopt -q --window 30s --until 2024-01-06 a
    is "$(sql "SELECT dldate, count FROM stats WHERE version IS NULL")" "2024-01-06|1"
}

@test "an older ledger, a missing right, options that are not its own: a sentence, and nothing is written" {
    fresh
    some a 05 >a
    for option in "--since 2024-01-01" --replace "-o x" "--to eida"; do
        adopt $option a
        status_is 2
        says "is one of counting"
    done
    adopt
    status_is 2
    says "no FILE is named"
    adopt --until yesterday a
    status_is 2
    sql "DROP OWNED BY adopter" 2>/dev/null || true
    sql "DROP ROLE IF EXISTS adopter; CREATE ROLE adopter LOGIN; GRANT USAGE ON SCHEMA ingest TO adopter; GRANT TEMP ON DATABASE $PGDATABASE TO adopter"
    sql "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest, public TO adopter; REVOKE UPDATE ON ingest.openings FROM adopter"
    PGUSER=adopter adopt a
    status_is 3
    says "lacks UPDATE ON ingest.openings" "GRANT"
    sql "GRANT UPDATE ON ingest.openings TO adopter"
    PGUSER=adopter adopt a
    status_is 0
    sql "DROP OWNED BY adopter; DROP ROLE adopter"
    fresh _older
    sql "DROP TABLE ingest.openings CASCADE; DELETE FROM ingest.migrations WHERE file = '1795720000-openings'"
    adopt a
    status_is 3
    says "ingest migrate up ledger"
    is "$(n_rows ingest.payloads)" 0
    count -q a
    status_is 0
    run --separate-stderr "$INGEST" --client-key none recount --since 2024-01-05 --until 2024-01-06 a
    status_is 0
    table_is_of a
    audit
}

@test "killed anywhere it has done nothing or whole batches; beside counting of the same logs one of the two wins" {
    fresh
    for i in 1 2 3 4 5 6; do some "k$i" 05 06 07 08 >"k$i"; done
    old_script 2024-01-07 k1 k2 k3 k4 k5 k6
    sql "COMMENT ON TABLE stats IS 'not ours alone, until it is adopted'"
    for i in 1 2 3 4 5; do
        "$INGEST" --client-key none -q adopt --until 2024-01-07 k1 k2 k3 k4 k5 k6 &
        sleep "0.0$((i * 2))"
        kill -9 $! 2>/dev/null || true
        wait $! || true
        audit
    done
    adopt -q --until 2024-01-07 k1 k2 k3 k4 k5 k6
    status_is 0
    table_is_of k1 k2 k3 k4 k5 k6
    for i in 1 2 3; do
        some "r$i" 10 >"r$i"
        "$INGEST" --client-key none -q "r$i" &
        "$INGEST" --client-key none -q adopt "r$i" 2>/dev/null &
        wait
        case $(sql "SELECT state FROM ingest.payload_days d JOIN ingest.sightings s ON s.payload = d.payload WHERE encode(s.path, 'escape') = 'r$i' LIMIT 1") in
        counted) is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL AND name LIKE 'r$i%'")" 6 ;;
        adopted) is "$(sql "SELECT count(*) FROM stats WHERE name LIKE 'r$i%'")" 0 ;;
        *) false ;;
        esac
        audit
    done
}

@test "tables as their own systems have them: Zeco's with auth, builds.rs's, 7TV's, pict-rs's" {
    for system in zeco buildsrs_head seventv pictrs; do
        PGDATABASE=postgres sql "CREATE DATABASE live_$system"
        export PGDATABASE=live_$system
        "$PG_BIN/psql" -Xq -o /dev/null -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/$system.sql"
        "$INGEST" -q migrate up ledger
        case $system in
        zeco)
            python3 "$HERE/zeco.py" .
            sql "COPY dists FROM STDIN" <dists.tsv
            arguments="--rules zeco cdn.log site.log" table=stats count=count
            ;;
        buildsrs_head)
            python3 "$HERE/buildsrs.py" builds head
            "$PG_BIN/psql" -Xq -o /dev/null -v ON_ERROR_STOP=1 -f builds/data.sql
            arguments="--dataset job_artifact_downloads builds/backend.log builds/store.log builds/cdn.log" table=job_artifact_downloads count=downloads
            ;;
        seventv)
            mkdir emotes
            python3 "$HERE/seventv.py" emotes 7
            arguments="emotes/one.log emotes/two.log emotes/three.log" table=emote_stats count=count
            ;;
        pictrs)
            echo '192.0.2.1 - - [05/Jan/2024:10:00:00 +0000] "GET /image/original/a.png HTTP/1.1" 200 5 "-" "x"' >images.log
            arguments="--dataset access images.log" table=''
            ;;
        esac
        # The old program's rows are ours, and the ledger forgets that it has counted them.
        count -q $arguments
        status_is 0
        "$PG_BIN/pg_dump" --data-only --table="${table:-variants}" >old.sql
        sql "DROP SCHEMA ingest CASCADE"
        "$INGEST" -q migrate up ledger
        adopt --json $arguments
        status_is 0
        [ "$(summary 's["files"]["adopted"]')" -gt 0 ]
        "$PG_BIN/pg_dump" --data-only --table="${table:-variants}" >new.sql
        diff <(grep -v '^\\' old.sql) <(grep -v '^\\' new.sql)
        is "$(n_rows ingest.unresolved)" 0
        audit
        count --json $arguments
        is "$(summary 's["files"]["read"]')" 0
        [ -n "$table" ] || continue
        is "$(sql "SELECT sum(count) FROM ingest.openings")" "$(sql "SELECT sum($count) FROM $table $([ $table != stats ] || echo WHERE version IS NULL)")"
        sql "UPDATE $table SET $count = $count + 100001 WHERE ctid = (SELECT min(ctid) FROM $table $([ $table != stats ] || echo WHERE version IS NULL))"
        audit_finds "rows of days that were adopted have changed since"
        sql "UPDATE $table SET $count = $count - 100001 WHERE ctid = (SELECT max(ctid) FROM $table $([ $table != stats ] || echo WHERE version IS NULL))" || true
        audit
    done
}

@test "EIDA's nodes and documents: its own table of payloads is not told of what others have sent; the other node is not touched" {
    fresh
    python3 "$HERE/eida.py" .
    sql "INSERT INTO nodes (name) VALUES ('GFZ'), ('RESIF')"
    count -q --node RESIF --fdsn-networks networks.json a.log
    fresh _adopts
    sql "INSERT INTO nodes (name) VALUES ('GFZ'), ('RESIF')"
    PGDATABASE=t$BATS_TEST_NUMBER "$INGEST" --client-key none -q --node GFZ --fdsn-networks networks.json b.log.gz payload.json
    "$PG_BIN/pg_dump" -d "t$BATS_TEST_NUMBER" --data-only -t dataselect_stats | "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 >/dev/null
    adopt --json --node GFZ --fdsn-networks networks.json b.log.gz payload.json
    status_is 0
    silent
    is "$(summary 's["files"]["adopted"]')" 2
    is "$(n_rows payloads)" 0
    is "$(sql "SELECT sum(count) FROM ingest.openings")" "$(sql "SELECT sum(nb_successful_reqs + nb_failed_reqs) FROM dataselect_stats WHERE node_id = (SELECT id FROM nodes WHERE name = 'GFZ')")"
    count --json --node GFZ --fdsn-networks networks.json b.log.gz payload.json
    is "$(summary 's["files"]["known"]')" 2
    # What the other node's log has is that node's, and not in the balance of this one.
    adopt -q --node RESIF --fdsn-networks networks.json a.log
    audit
    sql "UPDATE dataselect_stats SET nb_reqs = nb_reqs + 1, nb_failed_reqs = nb_failed_reqs + 1 WHERE ctid = (SELECT min(ctid) FROM dataselect_stats WHERE node_id = (SELECT id FROM nodes WHERE name = 'RESIF'))"
    audit_finds "of RESIF"
    INGEST_AUDIT=
}

@test "what is adopted decides which ecosystem a table holds; ranges that were put together on an adopted day are adopted" {
    fresh
    some a 05 >a
    old_script 2024-01-06 a
    adopt -q a
    echo '192.0.2.1 - - [05/Jan/2024:10:00:00 +0000] "GET /gems/rails-7.1.0.gem HTTP/1.1" 200 5 "-" "Ruby, RubyGems/3.4"' >gems
    count --json gems
    is "$(summary 's["records"]["filtered"]')" "{'other_ecosystem': 1}"
    fresh _ranges
    {
        printf '#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes sc-range-start sc-range-end\n'
        for day in 05 06; do
            printf "2024-01-$day\t00:00:01\t192.0.2.9\tGET\t/gems/a-1.0.gem\t200\t1000\t-\t-\n"
            printf "2024-01-$day\t00:00:02\t192.0.2.1\tGET\t/gems/a-1.0.gem\t206\t500\t0\t499\n"
            printf "2024-01-$day\t00:00:03\t192.0.2.1\tGET\t/gems/a-1.0.gem\t206\t500\t500\t999\n"
        done
    } >parts
    adopt --json --range "union 0.9" --until 2024-01-06 parts
    is "$(summary 's["records"]["counted"], s["records"]["filtered"]')" "(2, {'comment': 2, 'range': 2, 'adopted': 2})"
    is "$(sql "SELECT dldate, count, bytes FROM stats WHERE version IS NULL")" "2024-01-06|2|2000"
}

@test "a day that is counted again after it was settled is revised; one that is adopted late as a whole is not" {
    fresh
    some a 05 06 >a
    old_script 2024-02-01 a
    adopt -q a
    is "$(sql "SELECT string_agg(state, ' ' ORDER BY day) FROM ingest.covered_days")" "settled settled"
    sql "UPDATE ingest.payloads SET counted_at = counted_at - interval '2 days'"
    run --separate-stderr "$INGEST" --client-key none recount --since 2024-01-06 --until 2024-01-07 a
    is "$(sql "SELECT string_agg(state || late, ' ' ORDER BY day) FROM ingest.covered_days")" "settled1 revised1"
    run --separate-stderr "$INGEST" status -v
    [[ "$output" == *"revised  2024-01-06"* ]] || { echo "$output"; return 1; }
    PGDATABASE=postgres sql "CREATE DATABASE ledger_alone"
    export PGDATABASE=ledger_alone
    "$INGEST" -q migrate up ledger
    "$INGEST" -q migrate down ledger
    is "$(sql "SELECT to_regclass('ingest.covered_days') IS NULL AND to_regclass('ingest.openings') IS NULL")" t
}

@test "openings of many months: ten of them, and how many more; sums without end stop at the end of a number" {
    fresh
    for month in Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec; do line m 1.0.0 "05/$month/2023"; line m 1.0.0 "06/$month/2023"; done >a
    sql "INSERT INTO stats (name, version, dldate, count, bytes) SELECT 'm' || i, NULL, date '2023-03-05' + i % 2, 9223372036854775807, 9223372036854775807 FROM generate_series(1, 4) i"
    adopt -q a
    status_is 0
    is "$(sql "SELECT count, bytes FROM ingest.openings WHERE day = '2023-03-06'")" "9223372036854775807|9223372036854775807"
    run "$INGEST" status --audit
    is "$(grep -c 'opening balance of' <<<"$output")" 10
    [[ "$output" == *"as many more: 2"* ]] || { echo "$output"; return 1; }
    INGEST_AUDIT=
}
