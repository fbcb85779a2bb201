#!/usr/bin/env bats
# --shadow PACK: what another pack would have counted of the same lines is what a run under it counts, and none of it is written
# (docs/CORRECTING.md).
load lib

INGEST_AUDIT=all

setup_file() {
    make_template
}

log() {
    python3 "$HERE/shadow.py" log "$@"
}

packs() {
    cat >packs.ini <<'INI'
[rules robots]
base = default
agents = client, unknown
[rules people]
base = default
methods = GET, HEAD
statuses = 200, 304
min_bytes = 500
[rules clicks]
base = default
window = 30s
[rules day]
base = crates
window = day
range = union 0.5
[rules parts]
base = default
range = union 0.5
INI
}

# rows FILE PACK INPUT...: what a run under the pack counts, without a database. Asked once.
rows() {
    local to=$1 pack=$2 all

    shift 2
    all=$(tr -c 'a-z0-9' _ <<<"$pack ${OPTIONS[*]} $*").jsonl
    [ -e "$all" ] || no_database_of "$INGEST" -c packs.ini --client-key none -q -o "$all" --rules "$pack" "${OPTIONS[@]}" "$@"
    cp "$all" "$to"
}

no_database_of() {
    env -u PGHOST -u PGHOSTADDR -u PGPORT -u PGUSER -u PGDATABASE -u PGDATA "$@"
}

# exact PACK SHADOW INPUT...: a dry run under PACK tells of SHADOW what two runs have counted. Prints how many rows differ.
exact() {
    local pack=$1 shadow=$2

    shift 2
    rows counted.jsonl "$pack" "$@"
    rows would.jsonl "$shadow" "$@"
    no_database_of "$INGEST" -c packs.ini --client-key none -n --json --rules "$pack" --shadow "$shadow" "${OPTIONS[@]}" "$@" >said 2>err || return 1
    python3 "$HERE/shadow.py" compare said counted.jsonl would.jsonl "$(cat "$@" | wc -l)"
}

OPTIONS=()

@test "of each name and day what a run under either pack counts, and the sums" {
    packs
    for seed in 1 2 3; do
        log "$seed" 700 all >"log$seed"
    done
    [ "$(exact default crates log1)" -gt 5 ]
    for pair in "default hex" "robots people" "people default"; do
        exact $pair log1 log2 log3 >n
        [ "$(cat n)" -gt 5 ]
    done
    # Days; a route of one's own; any number of workers; a ceiling that makes both spill.
    OPTIONS=(--since 2024-01-02 --until 2024-01-04 -j 1)
    exact default people log1 log2 log3 >n
    OPTIONS=(--route '/index/{name}' -j 4 --memory 16M)
    exact default people log1 log2 log3 >n
    OPTIONS=()
}

@test "windows and unions of ranges: of the one, of the other, of both" {
    packs
    for seed in 11 12; do
        log "$seed" 500 >"log$seed"
    done
    for pair in "crates day" "day crates" "parts clicks" "clicks parts"; do
        exact $pair log11 log12 >n
        [ "$(cat n)" -gt 0 ]
    done
    printf '[rules nobody]\nbase = clicks\nclient = none\n' >>packs.ini
    no_database
    count -n -c packs.ini --shadow nobody log11
    status_is 2
    says "tells clients apart"
}

@test "for people: the largest first, so many others, a sentence; -v all; -q the rows" {
    no_database
    for n in $(seq 25); do
        for k in $(seq "$n"); do
            line "n$n" 1.0.0 05/Jan/2024 | sed 's/cargo.1.70.0/curl\/8/'
        done
    done >log
    line same 1.0.0 >>log
    count -n --shadow crates log
    status_is 0
    is "${#lines[@]}" 22
    is "${lines[0]}" 'stats n25/2024-01-05: 25 counted, 0 under "crates" (-25)'
    is "${lines[19]}" 'stats n6/2024-01-05: 6 counted, 0 under "crates" (-6)'
    is "${lines[20]}" "and 5 others: -v"
    is "${lines[21]}" 'under "crates" 1 of 326 records would count, under "default" 326; 25 names differ'
    count -n -v --shadow crates log
    is "${#lines[@]}" 26
    is "${lines[0]}" 'stats n1/2024-01-05: 1 counted, 0 under "crates" (-1)'
    count -n -q --rules crates --shadow default log
    is "${#lines[@]}" 21
    is "${lines[0]}" 'stats n25/2024-01-05: 0 counted, 25 under "default" (+25)'
    line same 1.0.0 >log
    count -n --shadow crates log
    is "$output" 'under "crates" 1 of 1 records would count, under "default" 1; no name differs'
    count -n --json --shadow crates log
    is "${lines[0]}" '{"shadow":"crates","rules":"default","records":1,"counted":1,"would_count":1,"names":0,"rows":0}'
}

@test "names are a stranger's" {
    no_database
    printf '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /gems/a%%1b[31m%%e2%%80%%ae-1.gem HTTP/1.1" 200 1 "-" "x"\n' >log
    count -n --shadow rubygems log
    status_is 0
    printf '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "HEAD /gems/a%%1b[31m%%e2%%80%%ae-1.gem HTTP/1.1" 200 1 "-" "x"\n' >>log
    count -n --shadow rubygems log
    is "${lines[0]}" 'stats a\x1b[31m\xe2\x80\xae/2024-01-05: 1 counted, 2 under "rubygems" (+1)'
    count -n --json --shadow rubygems log
    is "$(python3 -c 'import json, sys; print(ascii(json.loads(sys.argv[1])["name"]))' "${lines[0]}")" "'a\\x1b[31m\\u202e'"
}

@test "while it counts: the rows and the ledger are as without; known, grown and refused inputs; batches" {
    fresh
    packs
    for seed in 21 22 23; do
        log "$seed" 300 >"log$seed"
    done
    head -100 log21 >before
    count -q before
    cp log21 log21.whole
    mv before log21.half
    tail -n +101 log21 >rest
    # Of the log that has grown only the rest; of a known one nothing; a damaged one not at all; two alike once.
    gzip -c log23 | head -c 900 >damaged.gz
    cp log22 copy
    count --json -c packs.ini --shadow people log21.whole log22 copy log21.half damaged.gz
    status_is 1
    printf '%s\n' "${lines[@]}" >said
    rows counted.jsonl default rest log22
    rows would.jsonl people rest log22
    python3 "$HERE/shadow.py" compare said counted.jsonl would.jsonl 500
    dump_counted >with
    fresh other
    head -100 log21 >first
    count -q first
    count -q log21.whole log22
    dump_counted >without
    same_file with without
    # Nothing new: nothing to compare.
    count --json -c packs.ini --shadow people log22
    is "${lines[0]}" '{"shadow":"people","rules":"default","records":0,"counted":0,"would_count":0,"names":0,"rows":0}'
    # A window in the shadow, and a log that has grown.
    log 11 300 >log11
    cat log21 log11 >longer
    count --json -c packs.ini --shadow clicks longer
    status_is 0
    is "$(summary 's["files"]["grown"]' 2>/dev/null || python3 -c 'import json, sys; print(json.loads(sys.argv[1].splitlines()[-1])["files"]["grown"])' "$output")" 1
    printf '%s\n' "${lines[@]}" >said
    rows counted.jsonl default log11
    python3 - <<'PYTHON'
import json
said = [json.loads(l) for l in open("said")]
counted = sum(json.loads(l)["count"] for l in open("counted.jsonl") if json.loads(l)["version"] is None)
assert said[-2]["counted"] == counted and said[-2]["records"] == 300 and 0 < said[-2]["would_count"] < counted, said[-2]
PYTHON
}

# waiting N: until so many locks are waited for, a minute at most.
waiting() {
    local try

    for ((try = 0; try < 600; try++)); do
        [ "$(sql "SELECT count(*) FROM pg_locks WHERE NOT granted")" -lt "$1" ] || return 0
        sleep 0.1
    done
    return 1
}

@test "several batches, and a batch that lost a race and is read again, add up once" {
    fresh
    packs
    mkdir logs
    # Standard input is a batch of its own, so are logs that begin alike.
    log 31 200 >logs/a
    cat logs/a >logs/b
    log 32 100 | sed 's/Jan/Feb/' >>logs/b
    count --json -c packs.ini --shadow people logs/a logs/b
    status_is 0
    printf '%s\n' "${lines[@]}" >said
    rows counted.jsonl default logs/b
    rows would.jsonl people logs/b
    python3 "$HERE/shadow.py" compare said counted.jsonl would.jsonl 300
    # Another run holds the lock of the table, and counts one of the inputs meanwhile.
    log 33 150 >logs/c
    log 34 150 | sed 's/Jan/Mar/' >logs/d
    sql "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END'"
    sql "CREATE TRIGGER slow AFTER INSERT ON ingest.payloads EXECUTE FUNCTION slow()"
    coproc HOLD { "$PG_BIN/psql" -XAtq; }
    echo "SELECT pg_advisory_lock(7);" >&"${HOLD[1]}"
    read -r _ <&"${HOLD[0]}"
    "$INGEST" --client-key none -q logs/c &
    first=$!
    waiting 1
    "$INGEST" --client-key none --json -c packs.ini --shadow people logs/c logs/d >said &
    second=$!
    waiting 2
    echo "SELECT pg_advisory_unlock(7);" >&"${HOLD[1]}"
    wait $first
    wait $second
    echo '\q' >&"${HOLD[1]}"
    rows counted.jsonl default logs/d
    rows would.jsonl people logs/d
    python3 "$HERE/shadow.py" compare said counted.jsonl would.jsonl 150
}

@test "the table's ecosystem holds for both; what cannot be compared: exit 2, and nothing is touched" {
    fresh
    packs
    line serde 1.0.0 >a
    line rand 1.0.0 06/Jan/2024 >b
    count -q a
    count -c packs.ini --shadow rubygems b
    status_is 2
    says "holds downloads of crates" "--shadow rubygems counts those of rubygems"
    is "$(n_rows ingest.payloads)" 1
    for wrong in "--shadow default" "--rules crates --shadow crates" "--rules crates --shadow hex" "--shadow zeco" "--shadow nosuch" \
        "--shadow crates --replace" "--shadow crates --dataset dataselect_stats" "--shadow crates --dataset access"; do
        count $wrong b
        status_is 2
        silent && return 1
    done
    no_database
    count --shadow crates -o - b
    status_is 2
    says "both want standard output"
    count --shadow crates --to eida -o . b
    status_is 2
    count verify --shadow crates --since 2024-01-01 --until 2024-02-01 b
    status_is 2
    count recount --shadow crates --since 2024-01-01 --until 2024-02-01 b
    status_is 2
    printf '[rules one]\nbase = default\ndrop_if = a 1\n[rules two]\nbase = default\ndrop_if = b 1\n' >marks.ini
    count -n -c marks.ini --rules one --shadow two b
    status_is 2
    says 'asks for the field "a", that of two for "b"'
    count -q -n -c marks.ini --shadow two b
    status_is 0
    # With -o the rows go to a file, and the comparison to standard output.
    count --shadow rubygems -o rows.jsonl b
    status_is 0
    is "${lines[0]}" 'stats rand/2024-01-06: 1 counted, 0 under "rubygems" (-1)'
    is "$(wc -l <rows.jsonl)" 2
}
