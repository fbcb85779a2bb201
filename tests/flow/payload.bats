#!/usr/bin/env bats
# `ingest --to eida`: what EIDA's aggregator would send, without a database, a key or anybody's permission.
load lib

LOG=$LOGS/logs/fdsnws-2024.log.gz
NAME=2024-01-20_2024-03-19.json.gz

payload() {
    python3 "$HERE/payload.py" "$@"
}

# request DAY [STATUS [NETWORK [USER]]]: a line of a request log.
request() {
    local trace='"trace": [{"net": "'${3:-GE}'", "sta": "EIL", "loc": "", "cha": "BHZ", "start": "2015-01-04T10:00:00Z", "status": "OK", "bytes": 4096}], '

    [ "${2:-OK}" = OK ] || trace=
    echo '{"service": "fdsnws-dataselect", "userID": '"${4:-1497164453}"', "userLocation": {"country": "DE"}, '"$trace"'"status": "'"${2:-OK}"'", "bytes": 1, "finished": "'"$1"'T10:00:00.5Z"}'
}

@test "the payload is the aggregator's to the letter, and its rows are those of the log" {
    mkdir out
    run --separate-stderr "$INGEST" --to eida -o out "$LOG"
    status_is 0
    silent
    is "$(ls -A out)" $NAME
    is "$(payload shape out/$NAME)" "823 60 4"
    "$INGEST" -o from-log --client-key none "$LOG"
    "$INGEST" -o from-payload --client-key none out/$NAME
    same_file from-log from-payload
    same_file from-log "$EXPECTED/fdsnws-2024.jsonl"
}

@test "any split of the log, any container, any number of workers, any ceiling: the same payload" {
    mkdir one two three
    "$INGEST" --to eida -o one "$LOG"
    mkdir piece
    shape pieces "$LOG" 7 piece >/dev/null
    gunzip piece/*-00[123]* && bzip2 piece/*-001* && xz piece/*-002* && cp piece/*-003* copy
    "$INGEST" --to eida -o two -j 4 copy piece/*
    payload same one/$NAME two/$NAME
    zcat "$LOG" | "$INGEST" --to eida -o three --memory 16M -
    payload same one/$NAME three/$NAME
}

@test "payloads into a payload: the days that they cover are kept" {
    mkdir a b ab both
    request 2024-01-16 >log-a
    request 2024-01-18 >>log-a
    request 2024-01-17 NODATA >log-b
    request 2024-02-01 OK CX 5 >>log-b
    "$INGEST" --to eida -o a log-a
    "$INGEST" --to eida -o b log-b
    "$INGEST" --to eida -o both log-a log-b
    "$INGEST" --to eida -o ab a/* b/*
    is "$(ls a b both ab | xargs)" "a: 2024-01-16_2024-01-18.json.gz ab: 2024-01-16_2024-02-01.json.gz b: 2024-01-17_2024-02-01.json.gz both: 2024-01-16_2024-02-01.json.gz"
    payload shape ab/*
    python3 -c '
import gzip, json, sys
a, b = (json.load(gzip.open(name)) for name in sys.argv[1:])
assert a["stats"] == b["stats"] and a["days_coverage"] == b["days_coverage"] == ["2024-01-16", "2024-01-17", "2024-01-18", "2024-02-01"], a' ab/* both/*
}

@test "the figures of one line; a day is that of its own offset, and an OK request without data covers nothing" {
    mkdir out
    request 2024-01-16 >log
    sed 's/"status": "OK", "bytes": 4096/"status": "NODATA", "bytes": 0/; s/2024-01-16T/2024-01-20T/' log >>log.2
    sed 's/2024-01-16T10:00:00.5Z/2024-01-14T00:30:00+02:00/' log >>log.2
    echo 'no JSON' >>log.2
    "$INGEST" --to eida -o out --max-reject 100 log log.2
    is "$(ls out)" 2024-01-14_2024-01-16.json.gz
    is "$(zcat out/* | sed 's/.*"days_coverage": //')" '["2024-01-14", "2024-01-16"], "aggregation_score": 4, "stats": [{"month": "2024-01-01", "network": "GE", "station": "EIL", "location": "", "channel": "BHZ", "country": "DE", "bytes": 8192, "nb_requests": 2, "nb_successful_requests": 2, "nb_unsuccessful_requests": 0, "clients": "\\x128B7F00000000688E5440"}]}'
}

@test "it wants no home, no key and no database, and asks none" {
    mkdir out
    run --separate-stderr env -i PATH="$PATH" ASAN_OPTIONS="$ASAN_OPTIONS" PGHOST=/nonexistent INGEST_DATABASE=dbname=none INGEST_TOKEN_FILE=/nonexistent \
        "$INGEST" --to eida -o out "$LOG"
    status_is 0
    is "$(ls -A out)" $NAME
}

@test "a payload of the same days is replaced, as the aggregator does it" {
    mkdir out
    request 2024-01-16 >log
    "$INGEST" --to eida -o out log
    request 2024-01-16 OK CX >>log
    "$INGEST" --to eida -o out log
    is "$(ls -A out)" 2024-01-16_2024-01-16.json.gz
    is "$(payload shape out/*)" "2 1 1"
}

@test "a damaged input is refused and named, the others are in the payload" {
    mkdir out
    request 2024-01-16 | gzip >good.gz
    request 2024-01-17 | gzip | head -c 100 >cut.gz
    line serde 1.0.0 >combined.log
    count --to eida -o out good.gz cut.gz combined.log --json
    status_is 1
    says "cut.gz" "combined.log"
    is "$(summary 's["files"]["read"], s["files"]["refused"], list(s["rows"])')" "(1, 2, ['dataselect_stats'])"
    is "$(ls -A out)" 2024-01-16_2024-01-16.json.gz
}

@test "where nothing counts there is nothing to send" {
    mkdir out
    : >empty
    count --to eida -o out empty
    status_is 0
    silent
    request 2024-01-16 | sed 's/"status": "OK", "bytes": 4096/"status": "DENIED", "bytes": 0/' >log
    count --to eida -o out log
    status_is 0
    is "$(ls -A out)" ""
}

@test "--since and --until choose days" {
    mkdir out
    for day in 16 17 18; do request 2024-01-$day; done >log
    count --to eida -o out --since 2024-01-17 --until 2024-01-18 log
    status_is 0
    is "$(ls out)" 2024-01-17_2024-01-17.json.gz
    "$INGEST" --to eida -o . log
    count --to eida -o out --until 2024-01-18 ./*.json.gz # its statistics are of the month, its days are known
    status_is 0
    is "$(ls out | tail -n +1 | head -1)" 2024-01-16_2024-01-17.json.gz
}

@test "what cannot be is said before anything is read" {
    mkdir out ro
    : >file
    while IFS='|' read -r options words; do
        # shellcheck disable=SC2086
        run --separate-stderr "$INGEST" $options "$LOG"
        status_is 2
        says "$words"
    done <<'CASES'
--to eida|say --to eida -o DIR
--to eida -o -|say --to eida -o DIR
--to eida -o none|"none" is no directory to write to
--to eida -o file|"file" is no directory to write to
--to csv -o out|bad value for --to
--to eida -o out -n|cannot do both
--to eida -o out -d dbname=x|cannot do both
--to eida -o out --dataset stats|--to eida sends dataselect_stats
--to eida -o out -f combined|--to eida sends dataselect_stats
--to eida -o out --done list|cannot do both
--to eida -o out --replace|--replace overwrites rows of a database
--to eida --json|say --to eida -o DIR
-o rows --replace|--replace overwrites rows of a database
CASES
    printf '[ingest]\nreplace = yes\n' >ingest.ini
    count -c ingest.ini --to eida -o out "$LOG"
    status_is 2
    says "--replace overwrites rows of a database" "curl -X"
    is "$(ls -A out)" ""
}

@test "logs beside payloads: what runs before have written is not added to what it was made of" {
    mkdir logs
    request 2024-01-16 >logs/a.log
    "$INGEST" --to eida -o logs logs/a.log
    cp logs/2024-01-16_2024-01-16.json.gz before
    for input in logs logs/2024-01-16_2024-01-16.json.gz ./logs/../logs; do
        count --to eida -o "$PWD/logs" $input
        status_is 2
        says "2024-01-16_2024-01-16.json.gz" "a payload in the same directory"
    done
    cd logs
    count --to eida -o . 2024-01-16_2024-01-16.json.gz
    status_is 2
    same_file ../before 2024-01-16_2024-01-16.json.gz
    mkdir ../out # of another directory it is an input like any other
    count --to eida -o ../out 2024-01-16_2024-01-16.json.gz
    status_is 0
    payload same 2024-01-16_2024-01-16.json.gz ../out/*
}

@test "a disk that is full: exit 4, and neither a payload nor a piece of one" {
    mkdir out
    python3 -c '
import json
for i in range(20000):
    print(json.dumps({"userID": i, "userLocation": {}, "trace": [{"net": "GE", "sta": "%05d" % i, "loc": "", "cha": "BHZ", "status": "OK", "bytes": i}], "status": "OK", "finished": "2024-01-16T10:00:00Z"}))' >log
    (ulimit -f 100 && exec "$INGEST" --to eida -o out -f fdsnws log) 2>said || code=$?
    is "${code:-0}" 4
    grep -q "cannot write the payload" said
    grep -q "File too large" said
    is "$(ls -A out)" ""
}

@test "codes of a hostile log are escaped" {
    mkdir out
    request 2024-01-16 OK '\u001b[2J' >log
    request 2024-01-16 OK '\"é\\' >>log
    count --to eida -o out log
    status_is 0
    payload shape out/*
    ! zcat out/* | grep -q '[^ -~]'
}

@test "the script of the page for nodes sends each day once, and what could not be sent the next time" {
    local day=2024-01-16

    mkdir -p bin log payloads
    printf '#!/bin/sh\necho %s\n' $day >bin/date
    request "$day" | bzip2 >"log/fdsnws-requests.log.$day.bz2"
    echo '[{"fdsn_code": "Z3", "start_date": "2015-01-01", "end_date": null}]' >networks.json
    echo "Authentication: Bearer x" >token.header
    # A service that is away as long as the file `away` is there.
    printf '#!/bin/sh\n[ ! -e "%s/away" ] || exit 22\ncat >>"%s/received"\n' "$PWD" "$PWD" >bin/curl
    ln -s "$INGEST" bin/ingest
    sed -n '/^ *```sh eida-send/,/^ *```$/p' "$ROOT/docs/systems/eida.md" | sed '1d;$d; s/^   //' |
        sed "s,/var/lib/ingest,$PWD,g; s,/var/log/fdsnws,$PWD/log,g" >bin/eida-send
    chmod +x bin/*
    touch away
    run env PATH="$PWD/bin:$PATH" eida-send
    [ "$status" -ne 0 ]
    is "$(ls payloads/*.gz)" "payloads/${day}_$day.json.gz"
    rm away
    PATH="$PWD/bin:$PATH" eida-send
    is "$(ls payloads payloads/sent | xargs)" "payloads: sent payloads/sent: ${day}_$day.json.gz"
    bzip2 </dev/null >"log/fdsnws-requests.log.$day.bz2" # nobody came: nothing is sent
    cp received before
    PATH="$PWD/bin:$PATH" eida-send
    same_file received before
    python3 -c 'import json, sys; assert json.load(open("received"))["days_coverage"] == sys.argv[1:]' "$day"
}
