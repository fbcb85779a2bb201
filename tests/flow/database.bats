#!/usr/bin/env bats
# Into PostgreSQL: the rows of the tables, each payload once whatever its name and wrapping, and books that balance.
load lib

setup_file() {
    make_template
}

# table_is TABLE FILE.jsonl: the table holds the rows of the file and no others.
table_is() {
    local columns

    case $1 in
    stats) columns="name, version, dldate, count, bytes, '\\x' || encode(hll_send(clients), 'hex')" ;;
    *) columns="date, network, station, location, channel, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs,
                '\\x' || encode(hll_send(clients), 'hex')" ;;
    esac
    sql "COPY (SELECT $columns FROM $1) TO STDOUT" | sort >table.rows
    shape rows "$1" "$2" | sort >file.rows
    same_file table.rows file.rows
}

# known LOG-COUNT ARGUMENT...: all of it is known, and no rollup changes.
known() {
    local n=$1

    shift
    sql "SELECT s::text FROM stats s ORDER BY 1" >stats.before
    count --json "$@"
    status_is 0
    is "$(summary 's["files"]["known"], s["files"]["read"], s["lines"]["read"]')" "($n, 0, 0)"
    sql "SELECT s::text FROM stats s ORDER BY 1" >stats.after
    same_file stats.before stats.after
    is "$(n_rows ingest.payloads)" 1
}

@test "rows of the tables are the expected ones" {
    for log in logs/cloudfront-crates-2024-01 logs/combined-crates-mirror logs/fdsnws-2024 other/fastly-crates other/hex-combined other/rubygems-common; do
        table=stats
        [[ $log != *fdsnws* ]] || table=dataselect_stats
        fresh
        count "$LOGS/$log.log.gz"
        status_is 0
        silent
        table_is $table "$EXPECTED/${log##*/}.jsonl"
        books_balance
    done
}

@test "all logs of a directory: the rows of -o, one batch or many, and balanced books" {
    "$INGEST" -o rows.jsonl --client-key none "$LOGS/logs"
    fresh
    count "$LOGS/logs"
    status_is 0
    table_is stats rows.jsonl
    table_is dataselect_stats rows.jsonl
    books_balance
    fresh _2
    for log in "$LOGS"/logs/*.gz; do
        count "$log"
        status_is 0
    done
    table_is stats rows.jsonl
    table_is dataselect_stats rows.jsonl
    books_balance
}

@test "pieces one by one in any order: existing rows are updated" {
    fresh
    mkdir pieces
    shape pieces "$LOGS/logs/fdsnws-2024.log.gz" 5 pieces >/dev/null
    for i in 3 1 4 0 2; do
        count --json pieces/piece-00$i.log.gz
        status_is 0
    done
    [ "$(summary 's["rows"]["dataselect_stats"]["updated"]')" -gt 0 ]
    table_is dataselect_stats "$EXPECTED/fdsnws-2024.jsonl"
    books_balance
}

@test "sketches are what the server makes of the clients" {
    fresh
    shape downloads 9000 log csv
    count log
    status_is 0
    sql "CREATE TABLE plain (name text, version text, dldate date, client text, bytes bigint)"
    sql "COPY plain FROM STDIN" <csv
    sql "CREATE TABLE truth AS
         SELECT name, version, dldate, count(*), sum(bytes) AS bytes, hll_add_agg(hll_hash_text(client), 11, 5) AS clients
           FROM plain GROUP BY GROUPING SETS ((name, version, dldate), (name, dldate))"
    is "$(sql "SELECT count(*), count(*) FILTER (WHERE s.count = t.count AND s.bytes = t.bytes),
                      count(*) FILTER (WHERE hll_send(s.clients) = hll_send(t.clients))
                 FROM stats s FULL JOIN truth t ON s.name = t.name AND s.dldate = t.dldate AND s.version IS NOT DISTINCT FROM t.version")" \
        "$(sql "SELECT count(*), count(*), count(*) FROM truth")"
    # All kinds were there: explicit, sparse, full.
    is "$(sql "SELECT string_agg(DISTINCT substr(encode(hll_send(clients), 'hex'), 1, 2), ' ' ORDER BY substr(encode(hll_send(clients), 'hex'), 1, 2)) FROM stats")" "12 13 14"
    # In pieces, existing sketches are united with new ones.
    fresh _2
    for i in 1 2 3; do
        split -n "l/$i/3" log >piece
        count piece
        status_is 0
    done
    sql "CREATE TABLE plain (name text, version text, dldate date, client text, bytes bigint)"
    sql "COPY plain FROM STDIN" <csv
    is "$(sql "SELECT count(*) FROM stats s JOIN (SELECT name, version, dldate, hll_add_agg(hll_hash_text(client), 11, 5) AS clients
                 FROM plain GROUP BY GROUPING SETS ((name, version, dldate), (name, dldate))) t
                 ON s.name = t.name AND s.dldate = t.dldate AND s.version IS NOT DISTINCT FROM t.version
                WHERE hll_send(s.clients) <> hll_send(t.clients)")" 0
}

@test "a second run knows all of it and changes nothing, not even the ledger" {
    fresh
    mkdir logs
    cp "$LOGS"/logs/*.gz logs
    sleep 2.1 # a younger file is not known again by its times
    count logs/*.gz
    status_is 0
    dump >before
    for again in logs logs/cloudfront-crates-2024-01.log.gz "-j 1 logs"; do
        # shellcheck disable=SC2086
        count --json $again
        status_is 0
        silent
        is "$(summary 's["files"]["read"], s["files"]["refused"], s["bytes"]["decoded"]')" "(0, 0, 0)"
        dump >after
        same_file before after
    done
}

@test "a young file is known too, by its bytes" {
    fresh
    lines 5 >young
    count young
    dump >before
    known 1 young
    known 1 young
}

@test "renamed, copied, linked, touched, repacked, unpacked, piped: one payload" {
    fresh
    { shape text "$LOGS/other/hex-combined.log.gz"; echo; } >text # a plain file is read to its last LF
    gzip -6 <text >log.gz
    count log.gz
    status_is 0
    seen=$(n_rows ingest.sightings)
    is "$seen" 1
    cp log.gz copy.gz && known 1 copy.gz
    ln -s log.gz soft && known 1 soft
    ln log.gz hard && known 1 hard
    mv copy.gz renamed && known 1 renamed
    touch -d "2001-01-01" log.gz && known 1 log.gz
    gzip -1 <text >fast.gz && known 1 fast.gz
    known 1 text
    shape gzip 9 5 <text >members.gz && known 1 members.gz
    known 1 - <members.gz
    known 1 - <text
    gzip -c <text | known 1
    [ "$(n_rows ingest.sightings)" -ge 8 ]
    is "$(sql "SELECT count(DISTINCT payload) FROM ingest.sightings")" 1
}

@test "members laid end to end are the payload of their text" {
    fresh
    { shape text "$LOGS/other/rubygems-common.log.gz"; echo; } >text
    split -n l/3 text part-
    gzip part-*
    count text
    status_is 0
    cat part-*.gz >whole.gz
    known 1 whole.gz
    cat part-*.gz | known 1
}

@test "the same file under many names in one call is counted once" {
    fresh
    lines 3 >a
    cp a b
    gzip -c a >c.gz
    ln a d
    count --json a b c.gz d a
    status_is 0
    is "$(summary 's["files"]["read"], s["files"]["known"], s["lines"]["read"]')" "(1, 4, 3)"
    is "$(n_rows ingest.payloads)" 1
    books_balance
}

@test "an empty log is a payload too" {
    fresh
    : >empty
    gzip -c </dev/null >empty.gz
    count --json empty
    status_is 0
    silent
    is "$(summary 's["files"]["read"], s["lines"]["read"]')" "(1, 0)"
    count --json empty.gz
    status_is 0
    is "$(summary 's["files"]["known"]')" 1
    is "$(n_rows stats)" 0
}

@test "other rules: known otherwise, not counted again" {
    fresh
    lines 4 >log
    count log
    dump_counted >before
    count --json --until 2024-02-01 log
    status_is 0
    is "$(summary 's["files"]["known_otherwise"], s["files"]["known"], s["files"]["read"]')" "(1, 0, 0)"
    dump_counted >after
    same_file before after
}

@test "a log format or key map of another text is another rule; the same in other words is not" {
    fresh
    lines 4 >log
    format='%h - - %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
    json() { printf '{"at":17040672%02d,"seen":17040673%02d,"u":"/crates/serde/serde-1.0.0.crate"}\n' "$1" "$1"; }
    { json 1; json 2; json 3; } >rows
    cat >my.ini <<'END'
[format site]
log_format = LogFormat "%h - - %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" site
[format rows]
time = .at
path = .u
[format swapped]
path = .u
time = .at
[format seen]
time = .seen
path = .u
END
    count --log-format "$format" log
    status_is 0
    count --json -c my.ini -f site log
    is "$(summary 's["files"]["known"]')" 1
    count --json --log-format "%{X-Other}i${format#%h}" log
    status_is 0
    is "$(summary 's["files"]["known_otherwise"], s["files"]["known"]')" "(1, 0)"
    count --json log
    is "$(summary 's["files"]["known_otherwise"]')" 1
    count --json -c my.ini -f rows rows
    is "$(summary 's["files"]["read"], s["lines"]["counted"]')" "(1, 3)"
    count --json -c my.ini -f swapped rows
    is "$(summary 's["files"]["known"]')" 1
    count --json -c my.ini -f seen rows
    is "$(summary 's["files"]["known_otherwise"]')" 1
    is "$(n_rows ingest.payloads)" 2
    books_balance
}

@test "-n on a database writes nothing and says what is known and new" {
    fresh
    lines 4 >old
    lines 5 hyper >new
    count old
    dump >before
    count -n --json old new
    status_is 0
    is "$(summary 's["files"]["known"], s["files"]["read"], s["lines"]["counted"], s["rows"]["stats"]["inserted"]')" "(1, 1, 5, 6)"
    dump >after
    same_file before after
}

@test "-v prints a summary to stderr, -q and success print nothing" {
    fresh
    lines 4 >log
    count log
    status_is 0
    silent
    is "$output" ""
    lines 5 hyper >other
    count -v other
    says "lines    5 read = 5 counted" "rows     stats:"
    is "$output" ""
}

@test "rows of one table that a file adds to twice stay one row for each key" {
    fresh
    { lines 3; lines 3; } >log
    count log
    lines 3 >more
    echo >>more
    count more
    status_is 0
    is "$(sql "SELECT count, bytes FROM stats WHERE version IS NULL")" "9|900"
    is "$(sql "SELECT version, count FROM stats WHERE version IS NOT NULL ORDER BY 1")" "$(printf '1.0.0|3\n1.0.1|3\n1.0.2|3')"
    books_balance
}
