#!/usr/bin/env bats
# Whatever is fed, the resident memory stays under the ceiling of --memory and 64 MiB more.
load lib

setup_file() {
    no_database
}

# peak MIB COMMAND...: its resident memory never was above MIB.
peak() {
    python3 "$HERE/peak.py" "$@" >out
    output=$(cat out)
}

@test "a line of 100 MB: plain, packed, piped" {
    release_only
    { lines 2; head -c 100000000 /dev/zero | tr '\0' x; echo; lines 2; } >log
    gzip -1 <log >log.gz
    for file in log log.gz; do
        peak 80 "$INGEST" -n --json --client-key none --memory 16M $file
        is "$(summary 's["lines"]["read"], s["lines"]["counted"], s["lines"]["rejected"]')" "(5, 4, {'line_too_long': 1})"
        peak 80 "$INGEST" -n --json --client-key none --memory 16M - <$file
        is "$(summary 's["lines"]["read"], s["lines"]["counted"]')" "(5, 4)"
    done
}

@test "500 MB of nothing but zeros, or line feeds, in a small gzip file" {
    release_only
    { lines 2; head -c 500000000 /dev/zero; } | gzip -1 >zeros.gz
    peak 80 "$INGEST" -n --json -f combined --client-key none --memory 16M zeros.gz
    is "$(summary 's["lines"]["read"]')" 3
    { lines 2; head -c 50000000 /dev/zero | tr '\0' '\n'; } | gzip -1 >blanks.gz
    peak 80 "$INGEST" -n --json -f combined --client-key none --memory 16M blanks.gz
    is "$(summary 's["lines"]["read"], s["lines"]["filtered"]')" "(50000002, {'blank': 50000000})"
}

@test "decoders with large windows, as many as there are workers" {
    release_only
    mkdir logs
    for i in 1 2 3 4 5 6; do
        { lines 2 "a$i"; head -c 40000000 /dev/zero | tr '\0' '\n'; lines 2 "b$i"; } >log
        zstd -q -19 -c log >"logs/$i.zst"
        xz -6 -c log >"logs/$i.xz"
        bzip2 -9 -c log >"logs/$i.bz2"
    done
    peak 80 "$INGEST" -n --json --client-key none --memory 16M -j 12 logs
    is "$(summary 's["lines"]["counted"], s["files"]["known"], s["files"]["refused"]')" "(24, 12, 0)"
    { lines 2; head -c 140000000 /dev/zero | tr '\0' '\n'; } >log
    zstd -q --long=27 -c log >wide.zst
    peak 830 "$INGEST" -n --json --client-key none --memory 766M wide.zst
    is "$(summary 's["lines"]["counted"]')" 2
}

@test "a million keys: the ceiling holds and changes no row" {
    release_only
    python3 - <<'PY'
for n, at in ((0, 0), (1, 250000)):
    with open("log%d" % n, "w") as f:
        for i in range(at, at + 250000):
            f.write('10.1.%d.%d - - [%02d/Jan/2024:12:00:00 +0000] "GET /crates/a%d/a%d-1.0.%d.crate HTTP/1.1" 200 %d "-" "cargo/1"\n'
                    % (i % 250, i % 251, i % 28 + 1, i * 7919 % 300000, i * 7919 % 300000, i % 9, i))
PY
    peak 600 "$INGEST" -o roomy --client-key none --memory 1G log0 log1
    for jobs in 1 2 4; do
        peak 80 "$INGEST" -o tight --client-key none --memory 16M -j $jobs log0 log1
        same_file tight roomy
    done
}

@test "thousands of full sketches: the ceiling holds and changes no row" {
    release_only
    python3 - <<'PY'
import random
r = random.Random(3)
with open("log", "w") as f:
    for i in range(700000):
        n = r.randrange(700)
        f.write('%d.%d.%d.%d - - [%02d/Jan/2024:12:00:00 +0000] "GET /crates/a%d/a%d-1.0.0.crate HTTP/1.1" 200 1 "-" "cargo/1"\n'
                % (r.randrange(1, 99), r.randrange(250), r.randrange(250), r.randrange(250), n % 3 + 1, n, n))
PY
    peak 600 "$INGEST" -o roomy --client-key none --memory 1G log
    peak 80 "$INGEST" -o tight --client-key none --memory 16M -j 2 log
    same_file tight roomy
}

@test "hostile JSON: deep nesting, long strings, many keys" {
    release_only
    python3 - <<'PY'
with open("log", "w") as f:
    good = '{"service": "fdsnws-dataselect", "status": "NODATA", "finished": "2024-01-05T12:00:00Z"}\n'
    f.write(good)
    f.write("[" * 1000000 + "\n")
    f.write('{"a":' * 100000 + "\n")
    f.write('{"a":"' + "\\u0041" * 170000 + '"}\n')
    f.write("{" + ",".join('"k%d":%d' % (i, i) for i in range(70000)) + "}\n")
    f.write('{"status":"OK","finished":"2024-01-05T12:00:00Z","userID":' + "9" * 900000 + "}\n")
    f.write('{"status":"OK","finished":"2024-01-05T12:00:00Z","trace":[' + ",".join(["{}"] * 300000) + "]}\n")
    f.write(good)
PY
    peak 96 "$INGEST" -n --json -f fdsnws --max-reject 100 --memory 16M log
    is "$(summary 's["lines"]["read"], s["lines"]["counted"]')" "(8, 2)"
}

@test "less address space than it needs: exit 4, or done; never a crash" {
    release_only
    for kib in 20000 30000 40000 60000 80000 120000 200000; do
        run --separate-stderr bash -c "ulimit -v $kib; exec '$INGEST' -j 2 -o rows --client-key none '$LOGS/logs'"
        [ "$status" -eq 0 ] || [ "$status" -eq 4 ] || [ "$status" -eq 127 ]
        [ "$status" -ne 4 ] || says memory
    done
    is "$status" 0
}

@test "no room for temporary files: exit 4" {
    release_only
    lines 3000 many >log
    python3 -c '
for i in range(300000):
    print("10.1.%d.%d - - [05/Jan/2024:12:00:00 +0000] \"GET /crates/a%d/a%d-1.0.%d.crate HTTP/1.1\" 200 %d \"-\" \"cargo/1\"" % (i % 250, i % 251, i, i, i % 9, i))' >log
    run --separate-stderr bash -c 'ulimit -f 2000; exec "$INGEST" -n --json --memory 16M --client-key none log'
    status_is 4
    TMPDIR=/nonexistent run --separate-stderr "$INGEST" -n --memory 16M --client-key none log
    status_is 4
}

@test "more workers than the ceiling has room for" {
    release_only
    mkdir logs
    { lines 400; head -c 900000 /dev/zero | tr '\0' x; echo; } >log
    for ((i = 0; i < 120; i++)); do
        { line "n$i" 1.0.0; cat log; } >logs/$i
    done
    peak 80 "$INGEST" -o few --client-key none --memory 16M -j 1 logs
    peak 80 "$INGEST" -o many --client-key none --memory 16M -j 256 logs
    same_file few many
}

@test "peak_rss_bytes is the program's own, however large who starts it is" {
    line a 1.0.0 >log
    python3 - <<'PYTHON'
import json, os, subprocess
large = bytearray(150 << 20)
for at in range(0, len(large), 4096):
    large[at] = 1
done = subprocess.run([os.environ["INGEST"], "--json", "-n", "--client-key", "none", "log"], capture_output=True, text=True, check=True)
assert json.loads(done.stdout)["peak_rss_bytes"] < 100 << 20, done.stdout
PYTHON
}
