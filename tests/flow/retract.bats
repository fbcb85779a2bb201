#!/usr/bin/env bats
# `ingest retract`: payloads taken out again, by subtraction or by counting their days without them; they stay out, and come again (docs/CORRECTING.md).
load lib

INGEST_AUDIT=all

setup_file() {
    make_template
}

retract() {
    run --separate-stderr "$INGEST" --client-key none retract "$@"
}

recount() {
    local since=$1 until=$2

    shift 2
    run --separate-stderr "$INGEST" --client-key none recount --since "$since" --until "$until" "$@"
}

# some NAME DAY... : downloads on these days of January, half of them by browsers; names are shared by all whose NAME begins alike.
some() {
    local name=$1 day i

    shift
    for day in "$@"; do
        for i in 1 2 3 4 5 6; do
            if ((i % 2)); then
                line "${name::1}$((i % 3))" "1.0.$i" "$day/Jan/2024" "192.0.2.$i"
            else
                line "$name$((i % 3))" "1.0.$i" "$day/Jan/2024" "198.51.100.$((i + 10#$day))" | sed 's/cargo.1.70.0/Mozilla\/5.0/'
            fi
        done
    done
}

# What stands in the table, and what -o would give of these files: the same. With --sums clients may be more.
table_is_of() {
    local clients="encode(hll_send(clients), 'hex')" python='"|" + r["clients"][2:]'

    if [ "$1" = --sums ]; then
        clients="''" python='"|"'
        shift
    fi
    sql "SELECT name, version, dldate, count, bytes, $clients FROM stats ORDER BY 1, 2 NULLS FIRST, 3" >table.rows
    PGDATABASE=nothing "$INGEST" --client-key none -o rows.jsonl "$@"
    python3 - "$python" >file.rows <<'PYTHON'
import json, sys
rows = [json.loads(line) for line in open("rows.jsonl")]
for r in sorted(rows, key=lambda r: (r["name"], r["version"] or "", r["dldate"])):
    print(r["name"], r["version"] or "", r["dldate"], r["count"], r["bytes"], sep="|", end=eval(sys.argv[1]) + "\n")
PYTHON
    same_file table.rows file.rows
}

states() {
    sql "SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM ingest.payload_days GROUP BY 1) s"
}

hash_of() {
    sql "SELECT encode(hash, 'hex') FROM ingest.payloads p JOIN ingest.sightings s ON s.payload = p.id WHERE encode(s.path, 'escape') = '$1' LIMIT 1"
}

@test "a file is taken out: its rows go, others become less, and their clients are upper bounds until they are counted again" {
    fresh
    some ab 05 06 >a
    some ac 06 07 >b
    count -q a b
    retract b
    status_is 0
    is "$output" "stats: 12 hits of 1 payload are out: 6 rows changed, 18 gone"
    says "upper bounds"
    table_is_of --sums a
    is "$(sql "SELECT string_agg(name || ' ' || day, ', ' ORDER BY name) FROM ingest.upper_bounds WHERE dataset = 'stats' AND scope = 0")" "a0 2024-01-06, a1 2024-01-06, a2 2024-01-06"
    is "$(states)" "counted 2, retracted 2"
    is "$(sql "SELECT count(*) FROM ingest.retractions WHERE NOT exact AND undone_at IS NULL AND payload = named")" 1
    recount 2024-01-06 2024-01-07 a
    status_is 0
    table_is_of a
    is "$(n_rows ingest.upper_bounds)" 0
    is "$(states)" "counted 2, retracted 2"
}
