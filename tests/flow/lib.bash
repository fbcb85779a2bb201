# shellcheck shell=bash disable=SC2034,SC2154
# What the tests of the whole program share. A file starts with `load lib`.
#
# INGEST is the program. Each test has a HOME, a working directory and, by `fresh`, a database of its own. Files that
# need a server run under tests/pg/server; ctest does that.
bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
LOGS=$ROOT/testdata
EXPECTED=$ROOT/testdata/expected
HERE=$ROOT/tests/flow
: "${INGEST:?the program under test, an absolute path}"

# A status of their own for the sanitizers: 1 is one that `ingest` gives on purpose.
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99}
export LSAN_OPTIONS=${LSAN_OPTIONS:-exitcode=99}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-exitcode=99:print_stacktrace=1}
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C

setup() {
    unset INGEST_DATABASE INGEST_TOKEN INGEST_TOKEN_FILE XDG_DATA_HOME XDG_CONFIG_HOME
    export HOME=$BATS_TEST_TMPDIR/home
    mkdir -p "$HOME" "$BATS_TEST_TMPDIR/work"
    cd "$BATS_TEST_TMPDIR/work" || return 1
}

# Sanitized programs want more address space than a limit can tell.
release_only() {
    [ -z "${INGEST_SANITIZED:-}" ] || skip "in release builds only"
}

no_database() {
    unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGDATA
}

say() {
    echo "# $*" >&3
}

shape() {
    python3 "$HERE/shape.py" "$@"
}

# ---- what a run gave: `run --separate-stderr` or `count` before ----

count() {
    run --separate-stderr "$INGEST" --client-key none "$@"
}

status_is() {
    [ "$status" -eq "$1" ] && return 0
    echo "exit status $status, not $1"
    echo "stdout: $output"
    echo "stderr: $stderr"
    return 1
}

# Each WORDS stands in the messages, as it is.
says() {
    local words

    for words in "$@"; do
        if [[ "$stderr" != *"$words"* ]]; then
            echo "not said: $words"
            echo "stderr: $stderr"
            return 1
        fi
    done
}

silent() {
    [ -z "$stderr" ] && return 0
    echo "stderr: $stderr"
    return 1
}

# summary EXPRESSION: Python, with the summary of --json as s.
summary() {
    python3 -c 'import json, sys; s = json.loads(sys.argv[2]); print(eval(sys.argv[1]))' "$1" "$output"
}

is() {
    [ "$1" = "$2" ] && return 0
    printf 'it is  %s\nnot    %s\n' "$1" "$2"
    return 1
}

same_file() {
    cmp "$1" "$2" && return 0
    diff -a "$1" "$2" | head -c 2000
    return 1
}

# ---- small logs ----

# line NAME VERSION [DAY [CLIENT [BYTES]]]: one counted download.
line() {
    printf '%s - - [%s:12:00:00 +0000] "GET /crates/%s/%s-%s.crate HTTP/1.1" 200 %s "-" "cargo/1.70.0"\n' \
        "${4:-192.0.2.7}" "${3:-05/Jan/2024}" "$1" "$1" "$2" "${5:-100}"
}

# lines N [NAME]: N downloads of versions 1.0.0, 1.0.1, ... by different clients.
lines() {
    local i

    for ((i = 0; i < $1; i++)); do
        line "${2:-serde}" "1.0.$i" 05/Jan/2024 "198.51.100.$((i % 250))"
    done
}

# ---- databases ----

sql() {
    PGOPTIONS="-c client_min_messages=warning" "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -c "$1"
}

# For setup_file: a database to copy, with all sets, and a block secret so that copies give equal hashes.
make_template() {
    : "${PGHOST:?run this under tests/pg/server}"
    export TEMPLATE=ingest_template
    PGDATABASE=postgres sql "CREATE DATABASE $TEMPLATE"
    PGDATABASE=$TEMPLATE "$INGEST" -q migrate up
    PGDATABASE=$TEMPLATE "$INGEST" -q --client-key none /nonexistent 2>/dev/null || [ $? -eq 1 ]
}

# fresh [NAME]: a database of the test's own becomes the one of PGDATABASE.
fresh() {
    local name=t${BATS_TEST_NUMBER}${1:-}

    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS $name"
    PGDATABASE=postgres sql "CREATE DATABASE $name TEMPLATE $TEMPLATE"
    export PGDATABASE=$name
}

# All rows of all tables, in an order of their own.
dump() {
    local table

    for table in stats dataselect_stats ingest.payloads ingest.payload_days ingest.sightings ingest.settings nodes; do
        echo "== $table"
        sql "SELECT t::text FROM $table t ORDER BY 1"
    done
}

# What was counted, without ids and times: the same whatever happened on the way.
dump_counted() {
    sql "SELECT name, version, dldate, count, bytes, encode(hll_send(clients), 'hex') FROM stats ORDER BY 1, 2, 3"
    sql "SELECT date, network, station, location, channel, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs,
                encode(hll_send(clients), 'hex') FROM dataselect_stats ORDER BY 1, 2, 3, 4, 5, 6"
    sql "SELECT scope, dataset, hash, length, head, format, rules_id, lines_read, lines_counted, lines_why, records_read,
                records_counted, records_why, first_event, last_event FROM ingest.payloads ORDER BY 1, 2, 3"
    sql "SELECT p.hash, d.dataset, d.day, d.state, d.rules_id, d.lines, d.count, d.bytes, d.hours
           FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload ORDER BY 1, 2, 3"
}

# No byte unaccounted for, and what the ledger says was added is what the rows hold.
books_balance() {
    is "$(sql "SELECT count(*) FROM ingest.payloads p WHERE
               lines_read <> lines_counted + (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each_text(lines_why) AS w(k, v)) OR
               records_read <> records_counted + (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each_text(records_why) AS w(k, v))")" 0
    is "$(sql "SELECT coalesce(sum(count), 0) FROM ingest.payload_days WHERE dataset = 'stats'")" \
        "$(sql "SELECT coalesce(sum(count), 0) FROM stats WHERE version IS NULL")"
    is "$(sql "SELECT coalesce(sum(bytes), 0) FROM ingest.payload_days WHERE dataset = 'stats'")" \
        "$(sql "SELECT coalesce(sum(bytes), 0) FROM stats WHERE version IS NULL")"
    is "$(sql "SELECT coalesce(sum(count), 0) FROM ingest.payload_days WHERE dataset = 'dataselect_stats'")" \
        "$(sql "SELECT coalesce(sum(nb_successful_reqs + nb_failed_reqs), 0) FROM dataselect_stats")"
    is "$(sql "SELECT coalesce(sum(records_counted), 0) FROM ingest.payloads")" \
        "$(sql "SELECT coalesce(sum(count), 0) FROM ingest.payload_days")"
    # A name's total is its versions' sum; names that come without version have only the total.
    is "$(sql "SELECT count(*) FROM (SELECT name, dldate, sum(count) FILTER (WHERE version IS NOT NULL) v,
               sum(count) FILTER (WHERE version IS NULL) t FROM stats GROUP BY 1, 2) x WHERE v IS NOT NULL AND v > t OR t IS NULL")" 0
}

# What `ingest status --audit` has to say of the database, if the books do not balance.
audit() {
    local said

    said=$("$INGEST" -q status --audit 2>&1) && return 0
    [ $? -ne 3 ] || [[ "$said" != *"it has no ledger"* && "$said" != *"cannot connect"* ]] || return 0
    echo "the audit of ${PGDATABASE:-this database}: $said"
    return 1
}

# INGEST_AUDIT=all: after every test of the file. A test that spoils its database on purpose sets it to nothing.
teardown() {
    if [ "${INGEST_AUDIT:-}" = all ] && [ -n "${PGHOST:-}" ]; then
        audit
    fi
}

# n_rows TABLE [WHERE]
n_rows() {
    sql "SELECT count(*) FROM $1 ${2:+WHERE $2}"
}
