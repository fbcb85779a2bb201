#!/usr/bin/env bats
# Many files, and many runs at once: each payload once.
load lib
export INGEST_AUDIT=all

setup_file() {
    make_template
    python3 - "$BATS_FILE_TMPDIR" <<'PY'
import gzip, os, sys
def line(n, k):
    return ('192.0.%d.%d - - [%02d/Jan/2024:12:00:00 +0000] "GET /crates/c%d/c%d-1.%d.0.crate HTTP/1.1" 200 %d "-" "cargo/1.7"\n'
            % (n // 250 % 250, n % 250, 1 + n % 20, n % 37, n % 37, k, n * 100 + k))
for name, files, lines in (("fifty", 50, 400), ("many", 10000, 3)):
    where = os.path.join(sys.argv[1], name)
    os.mkdir(where)
    for n in range(files):
        text = "".join(line(n, k) for k in range(lines)).encode()
        with open("%s/%05d.log%s" % (where, n, ".gz" if n % 2 else ""), "wb") as f:
            f.write(gzip.compress(text, 1) if n % 2 else text)
PY
}

# Everything of these files, once, whoever did it.
once() {
    is "$(n_rows ingest.payloads)" "$1"
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" "$2"
    books_balance
}

@test "two runs over the same 50 files at once: each payload once" {
    for round in 1 2 3; do
        fresh _$round
        "$INGEST" --json -j 2 --client-key none "$BATS_FILE_TMPDIR/fifty" >one 2>err1 &
        one=$!
        "$INGEST" --json -j 2 --client-key none "$BATS_FILE_TMPDIR/fifty" >two 2>err2 &
        two=$!
        wait $one || { cat err1; false; }
        wait $two || { cat err2; false; }
        once 50 20000
        python3 - <<'PY'
import json
files = [json.load(open(n))["files"] for n in ("one", "two")]
assert sum(f["read"] for f in files) == 50, files
assert sum(f["read"] + f["known"] for f in files) == 100, files
PY
        [ -z "${whole:-}" ] || { dump_counted >this; same_file this whole; }
        whole=whole
        dump_counted >whole
    done
}

@test "four runs, each file a call of its own, in different orders" {
    fresh
    for seed in 1 2 3 4; do
        (find "$BATS_FILE_TMPDIR/fifty" -type f | sort -R --random-source=<(yes $seed) | head -25 |
            xargs -n 5 "$INGEST" --client-key none -j 1) 2>"err$seed" &
    done
    for job in $(jobs -p); do
        wait "$job" || { cat err?; false; }
    done
    count "$BATS_FILE_TMPDIR/fifty"
    status_is 0
    once 50 20000
}

@test "runs at once on standard input" {
    fresh
    text=$(cat "$BATS_FILE_TMPDIR"/fifty/*0.log)
    for n in 1 2 3 4 5; do
        (echo "$text" | "$INGEST" --json --client-key none - >"out$n" 2>"err$n") &
    done
    for job in $(jobs -p); do
        wait "$job" || { cat err?; false; }
    done
    is "$(grep -l '"read":1,"known":0' out? | wc -l)" 1
    is "$(grep -l '"read":0,"known":1' out? | wc -l)" 4
    is "$(grep -ho '"lines":{"read":[0-9]*' out? | sort | uniq -c | wc -l)" 2
    is "$(n_rows ingest.payloads)" 1
    books_balance
}

@test "10,000 files in one call, and the second run over the directory is quick" {
    fresh
    start=${EPOCHREALTIME/./}
    count --json "$BATS_FILE_TMPDIR/many"
    first=$(((${EPOCHREALTIME/./} - start) / 1000))
    status_is 0
    is "$(summary 's["files"]["read"], s["lines"]["counted"]')" "(10000, 30000)"
    once 10000 30000
    # A new ledger is one without statistics: heads are not looked for among all payloads of a dataset.
    is "$(sql "SELECT sum(idx_tup_read) < 200000 FROM pg_stat_user_indexes WHERE relname = 'payloads'")" t
    start=${EPOCHREALTIME/./}
    count --json "$BATS_FILE_TMPDIR/many"
    second=$(((${EPOCHREALTIME/./} - start) / 1000))
    status_is 0
    is "$(summary 's["files"]["known"], s["files"]["read"], s["bytes"]["stored"]')" "(10000, 0, 0)"
    once 10000 30000
    say "10,000 small files: $first ms; again: $second ms"
    [ "$second" -lt 3000 ]
}

@test "named one by one on the command line" {
    fresh
    find "$BATS_FILE_TMPDIR/many" -name '*0.log' -print0 | xargs -0 "$INGEST" --client-key none
    is "$(n_rows ingest.payloads)" 1000
    books_balance
}
