#!/usr/bin/env bats
# Logs of objects, tables and documents, into PostgreSQL: what they become, whole documents without a last line feed,
# counts that go both ways.
load lib
export INGEST_AUDIT=all

setup_file() {
    make_template
}

EMOTE=0179a83a-84f0-0000-b2ec-b015058f4aa7
CLIENT='\\x128B7F00000000688E5440'
OTHER='\\x128B7FFFFFFFFFBC818ACA'

# element [STATION [CLIENTS]]
element() {
    printf '{"month":"2024-01-01","network":"GE","station":"%s","location":"","channel":"BHZ","country":null,"bytes":7,' "${1:-EIL}"
    printf '"nb_requests":3,"nb_successful_requests":2,"nb_unsuccessful_requests":1,"clients":"%s"}' "${2:-$CLIENT}"
}

# payload ELEMENT...: a document on one line, without a line feed.
payload() {
    local comma=

    printf '{"generated_at":"2024-02-01 03:00:00","version":"1.2.0","days_coverage":["2024-01-16","2024-01-17"],"aggregation_score":4,"stats":['
    for element in "$@"; do
        printf '%s%s' "$comma" "$element"
        comma=,
    done
    printf ']}'
}

eida_rows() {
    sql "SELECT date, network, station, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs, hll_cardinality(clients) FROM dataselect_stats ORDER BY 3"
}

@test "a payload of EIDA: sums are added, sketches united, in any container and with or without a last line feed" {
    payload "$(element)" "$(element KBU)" >one.json
    payload "$(element EIL "$OTHER")" | gzip >two.json.gz
    fresh
    count -v one.json two.json.gz
    status_is 0
    says "one.json: format eida (100 % sure), for dataselect_stats"
    is "$(eida_rows)" "2024-01-01|GE|EIL||14|6|4|2|2
2024-01-01|GE|KBU||7|3|2|1|1"
    is "$(sql "SELECT day, lines, count, bytes FROM ingest.payload_days ORDER BY day, lines")" "2024-01-16|2|1|7
2024-01-16|3|2|14
2024-01-17|1|0|0
2024-01-17|1|0|0"
    cp one.json again.json
    gzip -c one.json >again.json.gz
    count --json again.json again.json.gz
    status_is 0
    is "$(summary 's["files"]["known"]')" 2
}

@test "an element that is damaged costs itself, a document that is none is refused whole" {
    payload "$(element)" "$(element KBU '\\x12')" "$(element KBV '118B7F')" >some.json
    fresh
    count --json --max-reject 100 some.json
    status_is 0
    is "$(summary 's["lines"]["read"], s["lines"]["counted"], s["lines"]["rejected"]["sketch"], s["lines"]["filtered"]["comment"]')" "(8, 1, 2, 5)"
    is "$(n_rows dataselect_stats)" 1
    payload "$(element)" | head -c -1 >cut.json
    payload "$(element)" "$(element)," >comma.json
    count cut.json comma.json
    status_is 1
    says "cut.json" "it ends before its last bracket" "comma.json" "no JSON, up to byte"
    is "$(n_rows ingest.payloads)" 1
}

@test "a document of megabytes in one line needs no more memory than its elements" {
    local elements=()

    for ((i = 0; i < 4000; i++)); do
        elements+=("$(element "S$((i % 50))")")
    done
    payload "${elements[@]}" | gzip >large.json.gz
    fresh
    count --json -n --memory 16M large.json.gz
    status_is 0
    is "$(summary 's["lines"]["counted"], s["rows"]["dataselect_stats"]["inserted"]')" "(4000, 50)"
}

@test "7TV: changes add up to more and less, a day that cancels out keeps its row, a table of 7TV's own is served" {
    change() { printf '{"user":"%s","old":[%s],"new":[%s],"time":"%sT10:00:00Z"}\n' "$EMOTE" "$1" "$2" "$3"; }
    change "" "\"$EMOTE\"" 2024-01-16 >up.log
    { change "\"$EMOTE\"" "" 2024-01-16; change "\"$EMOTE\"" "" 2024-01-17; } >down.log
    fresh
    count up.log
    status_is 1
    says "ingest migrate up seventv"
    count -f seventv up.log
    status_is 3
    "$INGEST" -q migrate up seventv
    count -v up.log
    status_is 0
    says "format seventv"
    is "$(sql "SELECT * FROM seventv.emote_stats")" "$EMOTE|2024-01-16|1"
    count down.log
    status_is 0
    is "$(sql "SELECT * FROM seventv.emote_stats ORDER BY date")" "$EMOTE|2024-01-16|0
$EMOTE|2024-01-17|-1"
    change "\"$EMOTE\"" "" 2024-01-17 >more.log
    count down.log more.log
    status_is 0
    is "$(sql "SELECT count FROM seventv.emote_stats WHERE date = '2024-01-17'")" -2
    run "$INGEST" -q migrate down seventv
    [ "$status" -ne 0 ]
    "$INGEST" -q migrate down seventv --drop-data
    sql 'CREATE TABLE emote_stats (emote_id uuid, date date, count integer)'
    change "\"$EMOTE\"" "" 2024-01-18 >another.log
    count another.log
    status_is 0
    is "$(sql "SELECT * FROM emote_stats")" "$EMOTE|2024-01-18|-1"
}

@test "cranlogs' tables count packages without a route" {
    cat >cran.csv <<'END'
"date","time","size","r_version","r_arch","r_os","package","version","country","ip_id"
"2024-01-05","10:00:00",100,"4.3.2","x86_64","mingw32","dplyr","1.1.4","DE",1
"2024-01-05","10:00:01",50,NA,NA,NA,"dplyr","1.1.3",NA,2
"2024-01-05","10:00:01",50,NA,NA,NA,"dplyr"
END
    fresh
    count --json cran.csv
    status_is 0
    is "$(summary 's["lines"]["filtered"]["comment"], s["lines"]["rejected"]["fields"]')" "(1, 1)"
    is "$(sql "SELECT name, version, dldate, count, bytes, hll_cardinality(clients) FROM stats ORDER BY version NULLS FIRST")" "dplyr||2024-01-05|2|150|2
dplyr|1.1.3|2024-01-05|1|50|1
dplyr|1.1.4|2024-01-05|1|100|1"
    books_balance
    line serde 1.0.0 >crates.log
    count --json crates.log
    status_is 0
    is "$(summary 's["lines"]["filtered"]["other_ecosystem"]')" 1
}

@test "one log as Caddy, nginx and Traefik write it: the same rows" {
    local agent=cargo/1.70.0 path=/crates/serde/serde-1.0.0.crate

    printf '{"ts":1704448800.5,"request":{"remote_ip":"192.0.2.7","method":"GET","uri":"%s","headers":{"User-Agent":["%s"]}},"size":100,"status":200}\n' $path $agent >caddy.log
    printf '{"time_local":"05/Jan/2024:10:00:00 +0000","remote_addr":"192.0.2.7","request":"GET %s HTTP/1.1","status":"200","body_bytes_sent":"100","http_user_agent":"%s"}\n' $path $agent >nginx.log
    printf '{"StartUTC":"2024-01-05T10:00:00.1Z","ClientHost":"192.0.2.7","RequestMethod":"GET","RequestPath":"%s","DownstreamStatus":200,"DownstreamContentSize":100,"request_User-Agent":"%s"}\n' $path $agent >traefik.log
    line serde 1.0.0 | sed 's/:12:00:00/:10:00:00/' >combined.log
    for log in caddy nginx traefik combined; do
        count --rules crates -o $log.rows $log.log
        status_is 0
        silent
        same_file caddy.rows $log.rows
    done
    is "$(wc -l <caddy.rows)" 2
}
