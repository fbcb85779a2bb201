#!/usr/bin/env bats
# `ingest explain --row`: the payloads behind a number, and how much of it is in which file (docs/EXPLAIN.md).
load lib

INGEST_AUDIT= # tables are changed by hand here

setup_file() {
    make_template
}

# row TABLE KEY... [FILE...]
row() {
    run --separate-stderr "$INGEST" --client-key none explain --row "$@"
}

row_json() {
    run --separate-stderr "$INGEST" --client-key none explain --json --row "$@"
}

# Each WORDS is a part of what was printed.
shows() {
    local words

    for words in "$@"; do
        [[ "$output" == *"$words"* ]] && continue
        printf 'not shown: %s\n%s\n' "$words" "$output"
        return 1
    done
}

# answer EXPRESSION: Python, with the object of --json as r.
answer() {
    python3 -c 'import json, sys; r = json.loads(sys.argv[2]); print(eval(sys.argv[1]))' "$1" "$output"
}

@test "the payloads of a day, and of files what each has of the row" {
    fresh
    { line a 1.0.0; line a 1.1.0 05/Jan/2024 192.0.2.8; line b 1.0.0; line a 1.0.0 06/Jan/2024; } >one
    { line b 2.0.0 05/Jan/2024 192.0.2.9 50; line a 1.0.0 05/Jan/2024 192.0.2.9 50; line a 1.0.0 07/Jan/2024; } >two
    line a 1.0.0 09/Jan/2024 >elsewhere
    count -q one elsewhere
    count -q two
    row stats a NULL 2024-01-05
    status_is 0
    silent
    shows "stats a/NULL/2024-01-05: count 3, bytes 250, clients 3" "clients   an estimate" "key       none" ": counted, count 3, bytes 300, from 3 lines of 2024-01-05" \
        ": counted, count 2, bytes 100, from 2 lines of 2024-01-05" "format    combined" ", those of now" "file      one: on this host" \
        "together: count 5, bytes 400 of 2024-01-05, in all rows of stats" "name files"
    [[ "$output" != *elsewhere* ]]
    row stats a NULL 2024-01-05 one two elsewhere
    status_is 0
    shows "file one: count 2, bytes 200, clients 2 of this row, of count 3 of 2024-01-05; payload " \
        "file two: count 1, bytes 50, clients 1 of this row, of count 2 of 2024-01-05; payload " "file elsewhere: nothing of this row, of count 0" \
        "files: count 3, bytes 250 of this row; of others: count 0, bytes 0"
    row stats a 1.0.0 2024-01-05 -- two
    shows "files: count 1, bytes 50 of this row; of others: count 1, bytes 100"
    # Under other rules than those of now: what the ledger has stays, and the file says what it would be.
    row stats a NULL 2024-01-05 one --agents browser
    shows "other than those of now" "file one: nothing of this row, of count 0 of 2024-01-05"
}

@test "every row of logs of many kinds is the sum of what the files have" {
    local expected name version day n=0

    fresh
    count -q "$LOGS/logs"
    sql "SELECT name, coalesce('=' || version, 'NULL'), dldate, count, bytes FROM stats WHERE count > 1 OR version IS NULL ORDER BY md5(name || dldate) LIMIT 4" >rows
    while IFS='|' read -r name version day expected; do
        row_json stats "=$name" "$version" "$day" "$LOGS"/logs/c*.gz
        status_is 0
        is "$(answer '"%d|%d" % (r["of_files"]["count"], r["of_files"]["bytes"])')" "$expected"
        is "$(answer '(r["row"]["count"], r["of_others"], sum(f["adds"] for f in r["files"]) >= 1)')" "(${expected%|*}, {'count': 0, 'bytes': 0}, True)"
        n=$((n + 1))
    done <rows
    is "$n" 4
    # A month, of one node.
    sql "SELECT to_char(date, 'YYYY-MM'), network, station, location, channel, country, nb_reqs FROM dataselect_stats ORDER BY nb_reqs DESC LIMIT 1" >rows
    IFS='|' read -r month network station location channel country expected <rows
    row_json dataselect_stats "$month" "=$network" "=$station" "=$location" "=$channel" "=$country" "$LOGS/logs/fdsnws-2024.log.gz"
    status_is 0
    is "$(answer '(r["date"][:7], r["of_files"]["nb_reqs"], r["of_others"]["nb_reqs"], r["of_others"]["bytes"])')" "('$month', $expected, 0, 0)"
    row dataselect_stats "=$network" "=$station" "=$location" "=$channel" "=$country" "$month-17"
    status_is 0
    shows "dataselect_stats $month-01/" " lines of $month"
    "$INGEST" -q node add other
    row dataselect_stats "$month" "=$network" "=$station" "=$location" "=$channel" "=$country" --node other
    status_is 1
    shows "there is no such row" "no payload of the ledger has anything on $month"
}

@test "a log that went on is one number: its beginnings, copies and strangers add nothing" {
    fresh
    lines 40 a >whole
    head -n 25 whole >part
    { line a 1.0.0 05/Jan/2024 203.0.113.1; } >never
    cp part first
    count -q part
    count -q whole
    gzip -k whole
    lines 9 b | gzip | head -c 60 >cut.gz
    row_json stats a NULL 2024-01-05 -j 1 first whole whole.gz never # one worker takes the largest first
    status_is 0
    is "$(answer '[(f["adds"], f["row"] and f["row"]["count"]) for f in r["files"]]')" "[(False, 25), (True, 40), (False, None), (False, 1)]"
    is "$(answer 'sum(p["count"] for p in r["payloads"]), r["payloads"][1]["extends"] == r["payloads"][0]["payload"], r["files"][3]["payload"]')" "(40, True, None)"
    is "$(answer 'r["of_files"]["count"], r["of_others"]["count"]')" "(40, 0)"
    row stats a NULL 2024-01-05 first
    shows "files: count 25, bytes 2500 of this row; of others: count 15, bytes 1500"
    row stats a NULL 2024-01-05 -j 1 first whole never whole.gz
    shows "extends   payload" "which counts for nothing there, or is in another file" "was never counted, or has changed since" \
        "file whole.gz: not read, or the same payload as another one"
    row stats a NULL 2024-01-05 cut.gz whole
    status_is 1
    says "cut.gz"
    shows "file cut.gz: not read" "files: count 40"
}

@test "NULL and a version of that name; keys and paths that act on a terminal" {
    local name=$'evil \e[2J'

    fresh
    { line v NULL; line v =1 05/Jan/2024 192.0.2.8; line v 1 05/Jan/2024 192.0.2.9; } >$'log \e[31m'
    "$INGEST" -q --client-key none --route '/crates/{name}/{name}-{version}.crate' --rules default $'log \e[31m'
    row stats v NULL 2024-01-05
    shows "count 3, bytes 300"
    for word in =NULL ==1 1 =1; do
        row stats v "$word" 2024-01-05
        status_is 0
        shows ": count 1, bytes 100"
        [[ "$output" != *$'\e'* ]]
    done
    shows 'file      log \x1b[31m: on this host'
    row_json stats v =NULL 2024-01-05
    is "$(answer '(r["version"], r["payloads"][0]["sightings"][0]["path"] == "log \x1b[31m")')" "('NULL', True)"
    sql "INSERT INTO stats VALUES ('evil ' || chr(27) || '[2J', '1''\"; --', '2024-01-05', 7, 70)"
    row stats "$name" "1'\"; --" 2024-01-05
    status_is 0
    shows 'stats evil \x1b[2J/' "count 7, bytes 70" "together: count 3"
    row_json stats "$name" "1'\"; --" 2024-01-05
    is "$(answer 'r["version"]')" "1'\"; --"
    # What verify and retract print is what is typed here.
    "$INGEST" verify --client-key none --agents browser --since 2024-01-05 --until 2024-01-06 log* >lines || [ $? -eq 1 ]
    for word in NULL =NULL ==1 1; do
        grep -q "^stats v/$word/2024-01-05: " lines
    done
}

@test "what became of payloads and of the row: states, recounts, upper bounds, keys, what stood there before" {
    fresh
    line a 1.0.0 >one
    { line a 1.0.0 05/Jan/2024 192.0.2.8; line b 1.0.0; } >two
    line a 1.0.0 05/Jan/2024 192.0.2.9 >three
    count -q one two three
    "$INGEST" -q --client-key none recount --since 2024-01-05 --until 2024-01-06 one two three
    sql "UPDATE ingest.payload_days SET state = 'retracted' WHERE payload = (SELECT payload FROM ingest.sightings WHERE convert_from(path, 'UTF8') = 'one');
         UPDATE ingest.payload_days SET state = 'adopted' WHERE payload = (SELECT payload FROM ingest.sightings WHERE convert_from(path, 'UTF8') = 'three');
         INSERT INTO ingest.retractions (payload, named, exact) SELECT payload, payload, false FROM ingest.payload_days WHERE state = 'retracted';
         INSERT INTO ingest.upper_bounds VALUES ('stats', 0, '2024-01-05', 'a');
         INSERT INTO ingest.openings VALUES ('stats', 0, '2024-01-05', 3, 33)"
    row stats a NULL 2024-01-05 one two three
    status_is 0
    shows ": retracted, count 1" ": adopted, count 1" ": counted, count 2" "retracted 2" "recounted 2" "clients   an upper bound" \
        "opening: count 3, bytes 33 of 2024-01-05" "file one: count 1, bytes 100, clients 1 of this row, of count 1 of 2024-01-05; payload" \
        "files: count 2, bytes 200 of this row; of others: count 1, bytes 100"
    sql "DELETE FROM ingest.key_epochs;
         INSERT INTO ingest.key_epochs VALUES ('public.stats', '-infinity', '\\x0011223344556677', now(), now()), ('public.stats', '2024-01-05', '\\x8899aabbccddeeff', now(), NULL)"
    row stats a 1.0.0 2024-01-05
    shows "key       8899aabb from 2024-01-05 on"
    row_json stats a 1.0.0 2024-01-05
    is "$(answer '(r["clients_are"], r["opening"], [k["key_id"] for k in r["client_keys"]])')" \
        "('upper bound', {'count': 3, 'bytes': 33}, ['8899aabbccddeeff'])"
    is "$(answer 'sorted((p["state"], p["recounts"], p["retracted_at"] is not None) for p in r["payloads"])')" \
        "[('adopted', 1, False), ('counted', 1, False), ('retracted', 1, True)]"
    row stats b 1.0.0 2024-01-05
    shows "clients   an estimate"
}

@test "files that are there, changed, gone; of another host" {
    fresh
    line a 1.0.0 >one
    line a 1.0.1 >two
    line a 1.0.2 >three
    line a 1.0.3 >four
    count -q one two three four
    # Files younger than this are not known by their times: as if all were old.
    python3 -c 'import os; [print("UPDATE ingest.sightings SET device = %d, inode = %d, mtime_ns = %d, ctime_ns = %d WHERE convert_from(path, $$UTF8$$) = $$%s$$;"
        % (s.st_dev, s.st_ino, s.st_mtime_ns, s.st_ctime_ns, name)) for name in ("one", "two", "three", "four") for s in [os.stat(name)]]' >old.sql
    "$PG_BIN/psql" -Xq -f old.sql
    line a 1.0.4 >>two
    rm three
    sql "UPDATE ingest.sightings SET machine = '\\x00' WHERE convert_from(path, 'UTF8') = 'four'"
    row stats a NULL 2024-01-05
    shows "file      one: on this host, unchanged" "file      two: on this host, changed since" "file      three: on this host, not found from here" \
        "file      four: on another host"
    row_json stats a NULL 2024-01-05
    is "$(answer 'sorted((p["sightings"][0]["path"], p["sightings"][0]["state"]) for p in r["payloads"])')" "[('four', 'unknown'), ('one', 'unchanged'), ('three', 'gone'), ('two', 'changed')]"
    row stats a NULL 2024-01-05 --read
    shows "file one: count 1" "files: count 1, bytes 100 of this row; of others: count 3, bytes 300"
    # Of young ones the size alone is known: they are read, and their content tells.
    sql "UPDATE ingest.sightings SET mtime_ns = NULL, ctime_ns = NULL"
    line a 1.0.9 >one
    row stats a NULL 2024-01-05 --read
    shows "file      one: on this host, of the same size" "file one: count 1, bytes 100, clients 1 of this row, of count 1 of 2024-01-05; was never counted, or has changed since" \
        "files: count 0, bytes 0 of this row; of others: count 4"
    line a 1.0.0 >other # while the first is there: it has an inode of its own
    mv other one
    row stats a NULL 2024-01-05
    shows "file      one: on this host, another file has its place"
    mkdir -p elsewhere
    (cd elsewhere && row stats a NULL 2024-01-05 --read && shows "file      one: on this host, not found from here")
    run --separate-stderr "$INGEST" explain --read one
    status_is 2
    says "--read belongs to --row"
    count -q - <<<"$(line z 1.0.0 09/Jan/2024)"
    row stats z 1.0.0 2024-01-09
    shows "file      -: standard input, on this host"
}

@test "nothing behind it: another program's row, an older ledger, a row that is not there" {
    fresh
    line a 1.0.0 >one
    count -q one
    sql "INSERT INTO stats VALUES ('old', NULL, '2020-01-01', 7, 70)"
    row stats old NULL 2020-01-01
    status_is 0
    shows "count 7, bytes 70" "nothing that ingest counted stands behind this row"
    row stats nobody NULL 2024-01-05
    status_is 1
    shows "there is no such row" "payload 1: counted"
    row_json stats nobody NULL 2020-01-05
    status_is 1
    is "$(answer '(r["row"], r["rows"], r["payloads"])')" "(None, 0, [])"
    sql "DROP TABLE ingest.recounted, ingest.recounts, ingest.retractions, ingest.upper_bounds, ingest.openings, ingest.key_epochs CASCADE"
    row stats a NULL 2024-01-05 one
    status_is 0
    shows "payload 1: counted" "files: count 1, bytes 100 of this row; of others: count 0, bytes 0"
}

@test "a live table's doubled row; a role that may only read; nothing is written" {
    fresh
    line a 1.0.0 >one
    count -q one
    sql "ALTER TABLE stats DROP CONSTRAINT stats_once"
    sql "$(sql "SELECT format('DROP INDEX %s;', indexrelid::regclass) FROM pg_index WHERE indrelid = 'stats'::regclass AND indisunique")"
    sql "INSERT INTO stats VALUES ('a', NULL, '2024-01-05', 5, 5)"
    sql "DROP ROLE IF EXISTS row_reader; CREATE ROLE row_reader LOGIN"
    sql "GRANT USAGE ON SCHEMA ingest TO row_reader; GRANT SELECT ON ALL TABLES IN SCHEMA ingest, public TO row_reader"
    dump >before
    PGUSER=row_reader row stats a NULL 2024-01-05 one
    status_is 0
    shows "doubled   the table has 2 rows of this key" "file one: count 1"
    dump >after
    same_file before after
}

@test "what cannot be asked: exit 2 or 3, and what to say" {
    fresh
    row stats a NULL
    status_is 2
    says "name, version, dldate" "2 are said"
    row stats a NULL someday
    status_is 2
    says '"someday" is no day'
    row stats NULL 1 2024-01-05
    status_is 2
    says "never NULL"
    row stats $'\xff' 1 2024-01-05
    status_is 2
    says "no UTF-8"
    row stats "$(printf 'a%.0s' {1..2000})" 1 2024-01-05
    status_is 2
    says "too long"
    row stat a 1 2024-01-05
    status_is 2
    says 'no table "stat"' stats
    row access a b c 2024-01-05
    status_is 2
    row stats a NULL 2024-01-05 --since 2024-01-01
    status_is 2
    says "--since has nothing to say"
    row dataselect_stats 2024-01 CH A '' H CH --node nobody
    status_is 2
    says 'no node "nobody"'
    sql "DROP TABLE stats CASCADE"
    row stats a NULL 2024-01-05
    status_is 3
    says "migrate up"
    no_database
    row stats a NULL 2024-01-05
    status_is 2
    says "no database"
}

@test "as the commands leave it: counted, adopted, taken out, taken back, counted again" {
    fresh
    sql "INSERT INTO stats VALUES ('a', NULL, '2024-01-05', 5, 500), ('a', '1.0.0', '2024-01-05', 5, 500)" # of an older program, from `old`
    for client in 1 2 3 4 5; do line a 1.0.0 05/Jan/2024 192.0.2.$client; done >old
    { line a 1.0.0 05/Jan/2024 198.51.100.7; line a 2.0.0 05/Jan/2024 198.51.100.8; } >new
    { echo; line a 2.0.0 05/Jan/2024 203.0.113.1; line b 1.0.0; } >test
    run --separate-stderr "$INGEST" --client-key none adopt old
    status_is 0
    count -q new test
    row stats a NULL 2024-01-05 old new test
    status_is 0
    shows ": adopted, count 0" ": counted, count 2" "rules     " " of pack default, those of now" "opening: count 5, bytes 500" "clients   an estimate" \
        "file old: count 5" "file new: count 2" "file test: count 1" "files: count 8, bytes 800 of this row; of others: count 0, bytes 0"
    run --separate-stderr "$INGEST" --client-key none retract test
    status_is 0
    row stats a 2.0.0 2024-01-05 old new test
    status_is 0
    shows "stats a/2.0.0/2024-01-05: count 1, bytes 100, clients 2" ": retracted, count 2" "  retracted 2" "clients   an upper bound" \
        "file test: count 1, bytes 100, clients 1 of this row, of count 2 of 2024-01-05; payload" "files: count 1, bytes 100 of this row; of others: count 0, bytes 0"
    run --separate-stderr "$INGEST" --client-key none retract --undo test
    status_is 0
    row_json stats a NULL 2024-01-05 old new test
    status_is 0
    is "$(answer '(r["row"]["count"], r["of_files"]["count"], r["of_others"]["count"], sorted(p["state"] for p in r["payloads"]), {p["pack"] for p in r["payloads"]})')" \
        "(8, 8, 0, ['adopted', 'counted', 'counted'], {'default'})"
    run --separate-stderr "$INGEST" --client-key none recount --agents client --since 2024-01-05 --until 2024-01-06 old new test
    status_is 0
    row_json stats a NULL 2024-01-05 --agents client old new test
    is "$(answer '(r["row"]["count"], r["of_others"]["count"], {(p["state"], p["recounts"], p["rules_are_of_now"]) for p in r["payloads"]}, r["opening"])')" "(8, 0, {('counted', 1, True)}, None)"
}

@test "two sources that used the same rules: each payload names its pack, once" {
    fresh
    line a 1.0.0 >one
    line b 1.0.0 05/Jan/2024 192.0.2.8 >two
    printf '[source web]\nfiles = %s/two\n' "$PWD" >web.ini
    count -q one
    run --separate-stderr "$INGEST" --client-key none run -c web.ini
    status_is 0
    is "$(n_rows ingest.rules_used)" 2
    row_json stats a NULL 2024-01-05
    status_is 0
    is "$(answer '[(p["source"], p["pack"]) for p in r["payloads"]]')" "[(None, 'default'), ('web', 'default')]"
}
