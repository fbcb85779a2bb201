#!/usr/bin/env bats
# --local: the private PostgreSQL from nothing to the second run, as a user who is nobody.
load lib

setup_file() {
    no_database
}

@test "made, migrated, counted into, asked, known, and stopped again" {
    cat >script <<'SCRIPT'
umask 022
./ingest -v --local hex-combined.log.gz || exit
stat -c 'key %a' data/ingest/*/client.key data/ingest/client.key 2>/dev/null
stat -c 'data %a' data/ingest/postgres
echo "total $(./ingest psql -- -XAtc 'SELECT sum(count) FROM stats WHERE version IS NULL')"
./ingest --local --json hex-combined.log.gz | grep -o '"known":1'
./ingest migrate status --local
./ingest -n --local --json hex-combined.log.gz | grep -o '"known":1'
sleep 0.3
pgrep -u "$(id -u)" -fa 'postgres.*-D' || echo stopped
SCRIPT
    run "$ROOT/tests/lib/as-user" --with "$INGEST" --with "$LOGS/other/hex-combined.log.gz" --with script bash ./script
    status_is 0
    is "$(grep -o 'total [0-9]*' <<<"$output")" "total $(python3 -c 'import json,sys; print(sum(r["count"] for r in map(json.loads, open(sys.argv[1])) if r["version"] is None))' "$EXPECTED/hex-combined.jsonl")"
    is "$(grep -c '"known":1' <<<"$output")" 2
    is "$(grep -c ' applied ' <<<"$output")" "$(find "$ROOT"/schema/{ledger,stats,eida} -name '*.up.sql' | wc -l)"
    [[ "$output" == *"key 600"* && "$output" == *"data 700"* && "$output" == *stopped* ]]
}

@test "two runs at once share it, and the last one stops it" {
    cat >script <<'SCRIPT'
./ingest --local a.log & one=$!
./ingest --local b.log & two=$!
wait $one || exit
wait $two || exit
echo "total $(./ingest psql -- -XAtc 'SELECT sum(count) FROM stats WHERE version IS NULL')"
sleep 0.3
pgrep -u "$(id -u)" -fa 'postgres.*-D' || echo stopped
SCRIPT
    lines 3 a >a.log
    lines 4 b >b.log
    run "$ROOT/tests/lib/as-user" --with "$INGEST" --with a.log --with b.log --with script bash ./script
    status_is 0
    [[ "$output" == *"total 7"* && "$output" == *stopped* ]]
}

@test "what a failing statement says of a log's bytes is not in the server's log" {
    printf '192.0.2.1 - - [05/Jan/2024:12:00:00 +0000] "GET /h/evil%%1b%%5b2J%%c2%%9b%%e2%%80%%aeMARK77/1.0 HTTP/1.1" 200 1 "-" "cargo/1"\n' >bad.log
    sed 's/evil.*MARK77/good/; s/192/198/' bad.log >good.log
    cat >script <<'SCRIPT'
./ingest -q --local --route '/h/{name}/{version}' good.log || exit
./ingest psql -- -qc "ALTER TABLE stats ADD CHECK (name NOT LIKE '%MARK77')" || exit
./ingest --local --route '/h/{name}/{version}' bad.log 2>messages
echo "status $?"
cat -v messages
log=$(find data -name server.log)
echo "violations $(grep -ac 'violates check constraint' "$log")"
echo "acting bytes $(grep -acP '[\x00-\x08\x0b-\x1f\x7f-\xff]' "$log")"
echo "marks $(grep -ac 'MARK77.*1\.0' "$log")"
SCRIPT
    run "$ROOT/tests/lib/as-user" --with "$INGEST" --with bad.log --with good.log --with script bash ./script
    echo "$output"
    [[ "$output" == *"status 3"* && "$output" == *"violates check constraint"* && "$output" == *"violations 1"* ]]
    [[ "$output" == *"acting bytes 0"* && "$output" == *"marks 0"* ]]
}
