#!/usr/bin/env bats
# All sets side by side in one database, and each of them taken down and made again beside the others; and beside the tables of the
# systems themselves, which no migration of ours touches.
load lib

SETS="stats eida zeco buildsrs pictrs seventv"

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
}

database() {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS $1"
    PGDATABASE=postgres sql "CREATE DATABASE $1"
    export PGDATABASE=$1
}

live() { # live FILE: the tables that the system of tests/live/FILE.sql makes itself
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/$1.sql" >/dev/null
}

# A line for each table: its name, how many rows it has, and the digest of them all. The notebook of migrations is left out.
contents() {
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 <<'SQL'
SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C"), '''')) FROM %s t',
              c.oid::regclass, c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND c.oid <> to_regclass('ingest.migrations')
 ORDER BY c.oid::regclass::text COLLATE "C" \gexec
SQL
}

# Everything that is there, as SQL; without the comments, in which the server's version stands.
whole() {
    "$PG_BIN/pg_dump" "$@" | grep -vE '^(--|\\(un)?restrict)'
}

# One log for each system whose logs are read.
logs() {
    local sha

    lines 5 >crates.log
    sha=$(printf %040d 1)
    sql "INSERT INTO zeco.dists VALUES (gen_random_uuid(), 'x', 'A/BC/$sha.tar.gz', '{\"name\": \"ABC\", \"version\": \"1\", \"auth\": \"zef:a\"}')"
    echo "192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] \"GET /A/BC/$sha.tar.gz HTTP/1.1\" 200 1 \"-\" \"-\"" >zeco.log
    printf '{"user":"u","old":[],"new":["01F6NPQ9P0000AQY4VPBDVHNNG"],"time":"2024-01-16T10:00:00Z"}\n' >seventv.log
}

@test "migrate up ALL: every set, each table with our mark, and none in another's schema" {
    database all_sets
    run "$INGEST" migrate up ALL
    is "$status" 0
    for set in ledger $SETS; do
        [[ "$output" == *"applied $set/"* ]]
        [[ "$("$INGEST" --help)" == *"$set"* ]]
        is "$("$INGEST" migrate status "$set" | grep -c pending)" 0
    done
    is "$(sql "SELECT string_agg(set, ' ' ORDER BY set) FROM (SELECT DISTINCT set FROM ingest.migrations) s")" "buildsrs eida ledger pictrs seventv stats zeco"
    is "$(sql "SELECT string_agg(DISTINCT nspname, ' ' ORDER BY nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
               WHERE relkind IN ('r', 'p', 'v') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'")" "buildsrs ingest pictrs public seventv zeco"
    is "$(sql "SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
               WHERE relkind IN ('r', 'p', 'v') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
                 AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE 'made by ingest%'")" ""
    run "$INGEST" migrate up ALL
    is "$status" 0
    is "$output" ""
}

@test "one database counts for several systems at once, each into its own tables" {
    database several
    "$INGEST" -q migrate up ALL
    logs
    count crates.log
    status_is 0
    count --rules zeco zeco.log
    status_is 0
    count "$LOGS/logs/fdsnws-2024.log.gz"
    status_is 0
    count seventv.log
    status_is 0
    is "$(sql "SELECT (SELECT sum(count) FROM stats WHERE version IS NULL), (SELECT sum(count) FROM zeco.stats WHERE version IS NULL),
                      (SELECT sum(count) FROM seventv.emote_stats), (SELECT count(*) > 0 FROM dataselect_stats)")" "5|1|1|t"

    # Each set goes and comes back; what the others hold stays as it is.
    for set in $SETS; do
        contents >before
        "$INGEST" -q migrate down "$set" --drop-data
        contents >without
        [ "$(wc -l <without)" -lt "$(wc -l <before)" ]
        is "$(grep -vxFf before without)" ""
        "$INGEST" -q migrate up "$set"
        contents >after
        is "$(grep -cvxFf after without)" 0
        same_file <(cut -d '|' -f 1 before) <(cut -d '|' -f 1 after)
    done
    # A set whose tables hold rows does not go by itself.
    sql "INSERT INTO zeco.users (email, username) VALUES ('a@example.org', 'a')"
    run "$INGEST" migrate down zeco
    is "$status" 3
    [[ "$output" == *"zeco.users holds 1 row"* ]]
    is "$(n_rows zeco.users)" 1
    "$INGEST" -q migrate down ALL --drop-data
    is "$(contents)" ""
}

@test "beside the tables of a system: up and down of ledger and of its set leave them as they are, to the letter" {
    for file in "$ROOT"/tests/live/*.sql; do
        file=${file##*/}
        database "live_${file%.sql}"
        live "${file%.sql}"
        sql "CREATE EXTENSION IF NOT EXISTS hll" # sets with sketches make it where it is missing, and leave it
        whole >before
        "$INGEST" migrate down ALL >said
        is "$(cat said)" "nothing is up"
        "$INGEST" -q migrate up ledger
        case $file in # sets with a schema of their own can be made beside the live tables
        zeco* | buildsrs* | pictrs*) "$INGEST" -q migrate up "$(sed 's/[_.].*//' <<<"$file")" ;;
        esac
        whole -N ingest -N zeco -N buildsrs -N pictrs -N seventv >between
        "$INGEST" migrate down ALL --drop-data >said
        [[ "$(cat said)" == *"took down ledger/"* ]]
        whole -N zeco -N buildsrs -N pictrs -N seventv >after
        same_file before between
        same_file before after
    done
}

@test "a set whose tables would stand where a system has its own is refused, and says what to do" {
    database taken
    live zeco
    whole >before
    run "$INGEST" migrate up stats
    is "$status" 3
    [[ "$output" == *'table "stats" exists and is not ours'*"ingest migrate up ledger"* ]]
    whole -N ingest >after
    same_file before after
    # Recorded as applied by a hand that meant well: down still drops nothing that is not marked.
    sql "INSERT INTO ingest.migrations (set, file, checksum) VALUES ('stats', '1763700100-stats', repeat('0', 32))"
    run "$INGEST" migrate down stats --drop-data
    is "$status" 0
    [[ "$output" == *"left alone: stats is not ours"* ]]
    whole -N ingest >after
    same_file before after
}
