#!/usr/bin/env bats
# Times of access of pict-rs: on the tables that its own migrations make, on ours, and on a plan of them; rows are known by who made the logs.
load lib

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
    local kind

    python3 "$HERE/access_rows.py" "$BATS_FILE_TMPDIR"
    for kind in live ours planned; do
        PGDATABASE=postgres sql "CREATE DATABASE access_$kind"
        (
            export PGDATABASE=access_$kind
            case $kind in
            live) "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/pictrs.sql" ;;
            ours) "$INGEST" -q migrate up pictrs ;;
            planned) plan ;;
            esac
            "$INGEST" -q migrate up ledger
            tables_of "$kind"
            fill
        )
    done
}

# The planned tables with the times where the plan's other wording has them: of aliases and not of variants and proxies. Some are not known.
plan() {
    sql "CREATE TABLE hashes (hash bytea PRIMARY KEY, identifier text NOT NULL, motion_identifier text);
         CREATE TABLE variants (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), hash bytea NOT NULL REFERENCES hashes ON DELETE CASCADE, variant text NOT NULL,
             identifier text NOT NULL, UNIQUE (hash, variant));
         CREATE TABLE aliases (alias varchar(60) PRIMARY KEY, hash bytea NOT NULL REFERENCES hashes ON DELETE CASCADE, delete_token varchar(60) NOT NULL, accessed timestamp);
         CREATE TABLE proxies (url text PRIMARY KEY, alias varchar(60) NOT NULL REFERENCES aliases)"
}

# How the tables of a database are called, and how a hash is written there.
tables_of() {
    KIND=$1 S='' HASH="decode(hash, 'hex')" HEX="encode(hash, 'hex')" TOKEN=delete_token
    case $1 in
    live) HASH="encode($HASH, 'base64')" HEX="encode(decode(hash, 'base64'), 'hex')" TOKEN=token ;;
    ours) S=pictrs. ;;
    esac
}

has_time() { # TABLE
    case $KIND-$1 in live-aliases | planned-variants | planned-proxies) return 1 ;; esac
}

# put TABLE COLUMNS VALUES: from the raw rows, with their times where the table has them.
put() {
    local columns=$2 values=$3

    if has_time "$1"; then
        columns+=", accessed" values+=", accessed"
    fi
    sql "INSERT INTO $S$1 ($columns) SELECT $values FROM raw.$1"
}

fill() {
    local table

    sql "CREATE SCHEMA raw; CREATE TABLE raw.hashes (hash text); CREATE TABLE raw.variants (hash text, variant text, accessed timestamp);
         CREATE TABLE raw.aliases (alias text, hash text, accessed timestamp); CREATE TABLE raw.proxies (url text, alias text, accessed timestamp)"
    for table in hashes variants aliases proxies; do
        sql "COPY raw.$table FROM STDIN" <"$BATS_FILE_TMPDIR/$table"
    done
    sql "INSERT INTO ${S}hashes (hash, identifier) SELECT $HASH, hash FROM raw.hashes"
    put aliases "alias, hash, $TOKEN" "alias, $HASH, gen_random_uuid()"
    put variants "hash, variant, identifier" "$HASH, variant, gen_random_uuid()"
    put proxies "url, alias" "url, alias"
    sql "DROP SCHEMA raw CASCADE"
}

# on live|ours|planned [NAME]: a fresh copy, and the logs.
on() {
    tables_of "$1"
    TEMPLATE=access_$1 fresh "_$1${2:-}"
    cp "$BATS_FILE_TMPDIR"/{caddy,nginx}.log .
}

access() {
    run --separate-stderr "$INGEST" --dataset access "$@"
}

times() { # TABLE KEYS
    sql "COPY (SELECT $2, to_char(accessed, 'YYYY-MM-DD HH24:MI:SS.US') FROM $S$1) TO STDOUT" | sort
}

# The rows have the times that who made the logs says, and there are no others.
rows_are_right() {
    local table keys

    for table in variants aliases proxies; do
        case $table in variants) keys="$HEX, variant" ;; aliases) keys="alias" ;; proxies) keys="url" ;; esac
        if has_time $table; then
            times $table "$keys" >shown
            sort "$BATS_FILE_TMPDIR/right_$table" >right
            same_file shown right || return 1
        fi
        is "$(n_rows "$S$table")" "$(wc -l <"$BATS_FILE_TMPDIR/$table")" || return 1
    done
}

# The rows' places tell whether anything was written at all.
places() {
    sql "SELECT ctid, xmin FROM ${S}variants ORDER BY 1"
    sql "SELECT ctid, xmin FROM ${S}aliases ORDER BY 1"
    sql "SELECT ctid, xmin FROM ${S}proxies ORDER BY 1"
}

@test "pict-rs's own tables, ours, and planned ones: each time that is there is the latest, to the microsecond; no row comes or goes" {
    for kind in live ours planned; do
        on $kind
        access --json caddy.log nginx.log
        status_is 0
        silent
        rows_are_right
        [ "$(summary 's["rows"]["variants"]["updated"]')" -gt 50 ]
        is "$(summary 's["rows"]["variants"]["inserted"]')" 0
    done
}

@test "a log that is known is not read again; counted again all the same, it writes nothing" {
    on live
    access caddy.log
    access --json nginx.log caddy.log
    is "$(summary 's["files"]["known"]')" 1
    rows_are_right
    places >before
    sql "TRUNCATE ingest.payloads CASCADE"
    access --json caddy.log nginx.log
    status_is 0
    is "$(summary 's["files"]["read"]')" 2
    is "$(summary 's["rows"]["variants"]["updated"]')" 0
    places >after
    same_file before after
}

@test "in pieces, in any order, by several workers and two runs at once: the same times" {
    on ours
    split -n l/5 caddy.log a.
    split -n l/5 nginx.log b.
    "$INGEST" -q --dataset access -j 2 a.ae b.a? &
    access -j 2 b.ac a.a? a.aa
    status_is 0
    wait $!
    access a.a? b.a?
    rows_are_right
}

@test "stats and access each count the same log, once" {
    on live
    "$INGEST" -q migrate up stats
    count nginx.log
    status_is 0
    access nginx.log caddy.log
    status_is 0
    rows_are_right
    is "$(sql "SELECT string_agg(DISTINCT dataset, ' ' ORDER BY dataset) FROM ingest.payloads")" "access stats"
}

# until COMMAND...: it holds, or half a minute is over.
until_holds() {
    local i

    for ((i = 0; i < 300; i++)); do
        "$@" && return 0
        sleep 0.1
    done
    echo "never: $*"
    return 1
}

waits() {
    [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")" -gt 0 ]
}

@test "pict-rs writes the same rows meanwhile: its time stands where it is later, the log's where it is not" {
    on live
    local later earlier

    # Two rows that the logs touch.
    grep -P '\t2024-01-1[678] ' "$BATS_FILE_TMPDIR/right_variants" | cut -f 1-2 >touched
    later=$(sed -n 1p touched) earlier=$(sed -n 2p touched)
    mkfifo steps
    "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 <steps >said &
    exec 4>steps
    echo "BEGIN; UPDATE variants SET accessed = '2031-01-01' WHERE $HEX = '${later%%$'\t'*}' AND variant = '${later##*$'\t'}';
          UPDATE variants SET accessed = '2000-01-01' WHERE $HEX = '${earlier%%$'\t'*}' AND variant = '${earlier##*$'\t'}'; SELECT 'held';" >&4
    until_holds grep -q held said
    "$INGEST" -q --dataset access caddy.log nginx.log 4>&- &
    until_holds waits
    echo "COMMIT;" >&4
    exec 4>&-
    wait
    times variants "$HEX, variant" >shown
    sed "s|^\($later\t\).*|\12031-01-01 00:00:00.000000|" "$BATS_FILE_TMPDIR/right_variants" | sort >right
    same_file shown right
}

@test "without pict-rs's tables: one sentence that says what to type; what a log cannot be fed to" {
    PGDATABASE=postgres sql "CREATE DATABASE t${BATS_TEST_NUMBER}_none"
    export PGDATABASE=t${BATS_TEST_NUMBER}_none
    "$INGEST" -q migrate up ledger
    cp "$BATS_FILE_TMPDIR/caddy.log" .
    access caddy.log
    status_is 3
    says 'table "variants" is missing' "ingest migrate up pictrs"
    access -f fdsnws caddy.log
    status_is 2
    says "format fdsnws feeds dataset dataselect_stats"
}

@test "media_filters: what a server does not take is no part of a key; what nobody takes is told with its line" {
    echo '192.0.2.7 - - [16/Jan/2024:12:00:00 +0000] "GET /image/process.png?src=a.png&blur=3&thumbnail=9 HTTP/1.1" 200 1 "-" "-"' >log
    printf '[ingest]\ndataset = access\nrules = own\n[rules own]\nmedia_filters = thumbnail crop\n' >my.ini
    run --separate-stderr "$INGEST" -c my.ini -o - log
    status_is 0
    [[ $output == *'"variant":"thumbnail/9/png"'* ]]
    printf '[rules own]\nmedia_filters = thumbnail Crop\n' >my.ini
    run --separate-stderr "$INGEST" -c my.ini -o - log
    status_is 2
    says "my.ini:2" "of blur, crop, identity, resize, thumbnail"
}
