#!/usr/bin/env bats
# Rejected lines: how many are too many, and where they are written.
load lib

setup_file() {
    make_template
}

# bad N: lines that no format can read.
bad() {
    local i

    for ((i = 0; i < $1; i++)); do echo "192.0.2.$i bad line $i"; done
}

# rejects EXPRESSION: Python, with the objects of rejects.jsonl as r.
rejects() {
    python3 -c 'import json, sys; r = [json.loads(l) for l in open(sys.argv[2], "rb")]; print(eval(sys.argv[1]))' "$1" "${2:-rejects.jsonl}"
}

# ---- --max-reject ----

# share GOOD BAD BLANK STATUS [OPTION...]
share() {
    { lines "$1"; bad "$2"; yes '' | head -n "$3"; } >log
    count --json -n -f combined "${@:5}" log
    status_is "$4"
    if [ "$4" -eq 1 ]; then
        is "$(summary 's["files"]["refused"], s["lines"]["read"]')" "(1, 0)"
    else
        is "$(summary 's["lines"]["counted"], sum(s["lines"]["rejected"].values())')" "($1, $2)"
    fi
}

@test "more than half of the lines" {
    no_database
    share 0 1 0 1
    share 1 1 0 0
    share 1 2 0 1
    share 20 20 0 0
    share 19 20 0 1
    share 19 20 900 1
    share 20 20 5 1 --max-reject 49
    share 60 20 0 0 --max-reject 25
    share 59 20 0 1 --max-reject 25
    share 100 20 0 1 --max-reject 0
    share 100 1 0 1 --max-reject 0
    share 0 30 0 0 --max-reject 100
    share 30 0 0 0 --max-reject 0
}

@test "comments are none of the lines that are asked" {
    no_database
    printf '#Version: 1.0\n#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status\nnonsense\n' >log
    for _ in {1..50}; do echo '#'; done >>log
    count -n log
    status_is 1
    says "1 of 1 lines are rejected" "log:3"
}

@test "the message names the share, the first line, its reason and the way out" {
    no_database
    { lines 7; bad 30; } >log
    count -n -f combined log
    status_is 1
    says "error: log:8: refused to count this input" "30 of 37 lines" "combined" "81.1 %" '`fields`' "ingest explain" "--max-reject 100"
}

@test "a line that counts after all is not the first" {
    no_database
    python3 - <<'PY' >log
good = '{"net":"GE","sta":"EIL","loc":"","cha":"BHZ","status":"OK","bytes":7}'
head = '{"finished":"2024-01-31T23:59:59Z","status":"OK","userID":%d,"trace":[%s]}'
print(head % (1, "{}," + good))
for i in range(30):
    print(head % (i, "{}"))
PY
    count -n -f fdsnws log
    status_is 1
    says "log:2:" "30 of 31 lines"
    count -n -f fdsnws --json --max-reject 100 --rejects rejects.jsonl log
    is "$(rejects 'len(r), r[0]["line"], r[-1]["line"]')" "(30, 2, 31)"
    is "$(summary 's["lines"]["counted"], s["lines"]["rejected"]')" "(1, {'fields': 30})"
}

@test "nothing of a refused input is counted, the others are, in any order" {
    fresh
    { lines 9 wrong; bad 90; } | gzip >wrong.gz
    lines 7 good >good.log
    for order in "wrong.gz good.log" "good.log wrong.gz"; do
        fresh
        # shellcheck disable=SC2086
        count -f combined $order
        status_is 1
        is "$(sql "SELECT string_agg(DISTINCT name, ' ') FROM stats")" good
        is "$(n_rows ingest.payloads)" 1
        books_balance
    done
    # Allowed once, it is known from then on, whatever is allowed later.
    count -f combined --max-reject 100 wrong.gz
    status_is 0
    zcat wrong.gz >again
    count -f combined --json again
    status_is 0
    is "$(summary 's["files"]["known"]')" 1
}

@test "its first download does not decide the ecosystem" {
    no_database
    { line rack 1.0 | sed 's#/crates/rack/rack-1.0.crate#/gems/rack-1.0.gem#'; bad 90; } >gems.log
    lines 3 >crates.log
    count --json -n -f combined -j 1 gems.log crates.log
    status_is 1
    is "$(summary 's["lines"]["counted"], s["lines"]["filtered"]')" "(3, {})"
}

@test "a bad value: exit 2" {
    no_database
    for value in -1 101 x 50% ''; do
        count -n --max-reject "$value" /dev/null
        status_is 2
        says "--max-reject"
    done
}

# ---- --rejects ----

@test "every rejected line, with its file, number, byte, reason and text" {
    no_database
    lines 30 >log
    printf 'first\r\nsecond\n' >>log
    line a 1.0.0 31/Feb/2024 192.0.2.77 >>log
    { lines 2; printf 'last'; } >>log
    gzip log
    count -n --json --rejects rejects.jsonl log.gz
    status_is 0
    is "$(stat -c %a rejects.jsonl)" 600
    is "$(summary 'sum(s["lines"]["rejected"].values())')" 4
    is "$(rejects '[(x["file"], x["line"], x["reason"], x.get("truncated")) for x in r]')" \
        "[('log.gz', 31, 'fields', None), ('log.gz', 32, 'fields', None), ('log.gz', 33, 'time', None), ('log.gz', 36, 'fields', None)]"
    is "$(rejects '[x["text"] for x in r if x["line"] != 33]')" "['first', 'second', 'last']"
    is "$(rejects '"192.0.2" in str(r), r[2]["text"].startswith("<client> - - [31/Feb/2024")')" "(False, True)"
    zcat log.gz >plain
    is "$(rejects '[open("plain", "rb").read()[x["byte"]:][:5] for x in r]')" "[b'first', b'secon', b'192.0', b'last']"
    count -n --rejects rejects.jsonl --rejects-raw log.gz
    is "$(rejects '"192.0.2.77" in r[2]["text"]')" True
}

@test "blocks, threads and spools: the bytes are those of the log" {
    no_database
    python3 - <<'PY'
import random
r = random.Random(5)
with open("log", "wb") as f:
    for i in range(60000):
        if r.random() < 0.4:
            f.write(b"no line %d " % i + bytes(r.choice(b"xyz") for _ in range(r.choice([0, 1, 50, 300]))))
            if r.random() < 0.001:
                f.write(b"q" * r.choice([8000, 9000, 300000, 1200000, 2500000]))
            f.write(b"\n")
        else:
            f.write(b'192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/a/a-1.0.%d.crate HTTP/1.1" 200 7 "-" "-"\n' % (i % 9))
PY
    gzip -1k log
    for options in "-j 1" "-j 4"; do
        # shellcheck disable=SC2086
        count -n --json --rejects rejects.jsonl $options log.gz
        status_is 0
        cp rejects.jsonl "rejects${options/ /}"
        is "$(rejects 'len(r)')" "$(summary 'sum(s["lines"]["rejected"].values())')"
        python3 - <<'PY'
import json
text = open("log", "rb").read()
lines = text.split(b"\n")
starts = [0]
for l in lines:
    starts.append(starts[-1] + len(l) + 1)
for l in open("rejects.jsonl"):
    r = json.loads(l)
    line = lines[r["line"] - 1]
    assert r["byte"] == starts[r["line"] - 1], r
    assert (r["reason"] == "line_too_long") == (len(line) > 1 << 20), r
    if "text" in r:
        assert line[:8192] == r["text"].encode(), r
    assert r.get("truncated", False) == (len(line) > 8192), r
PY
    done
    same_file rejects-j1 rejects-j4
}

@test "of many inputs, in their order, whoever reads them" {
    fresh
    for i in {1..40}; do { lines $((41 - i)) "n$i"; bad 3; } >"$i.log"; done
    count -f combined --max-reject 100 -j 4 --rejects rejects.jsonl {1..40}.log
    status_is 0
    is "$(rejects '[x["file"] for x in r] == ["%d.log" % i for i in range(1, 41) for _ in range(3)]')" True
    # A second run reads nothing, so it rejects nothing.
    count --rejects rejects.jsonl {1..40}.log
    is "$(wc -c <rejects.jsonl)" 0
}

@test "of inputs that count, and of those that are refused for their rejects; not of damaged or known ones" {
    fresh
    { lines 9; bad 2; } >good.log
    { lines 1 x; bad 50; } >mistaken.log
    { lines 900; bad 900; } | gzip | head -c 4000 >cut.gz
    cp good.log double.log
    count -f combined -j 2 --rejects rejects.jsonl good.log mistaken.log cut.gz double.log
    status_is 1
    is "$(rejects 'sorted(collections.Counter(x["file"] for x in r).items()) if (collections := __import__("collections")) else 0' | sed 's/double/good/')" \
        "[('good.log', 2), ('mistaken.log', 50)]"
}

@test "hostile lines: plain ASCII, valid JSON, nothing of a client" {
    no_database
    python3 - <<'PY'
import random
r = random.Random(3)
with open("log", "wb") as f:
    for i in range(3000):
        line = bytes(r.choice([r.randrange(256), 27, 0xe2, 0x80, 0xae, 34, 92, 0]) for _ in range(r.randrange(60)))
        f.write(line.replace(b"\n", b"") + r.choice([b" 198.51.100.23", b" 2001:db8::23 ", b"x"]) + b"\n")
    f.write(b"\xc3\xa9 caf\xc3\xa9 \xf0\x9f\x98\x80\n\xff\xfe\n")
PY
    count -n -f combined --max-reject 100 --rejects rejects.jsonl log
    status_is 0
    is "$(LC_ALL=C grep -c '[^ -~]' rejects.jsonl)" 0
    is "$(rejects 'len(r), any("51.100" in x["text"] or "db8" in x["text"] for x in r)')" "(3002, False)"
    is "$(rejects 'ascii(r[3000]["text"]), ascii(r[3001]["text"]), r[3001]["encoding"]')" \
        "(\"'\\\\xe9 caf\\\\xe9 \\\\U0001f600'\", \"'\\\\xff\\\\xfe'\", 'latin-1')"
    # Raw and read as Latin-1 where it says so, every byte is there.
    count -n -f combined --max-reject 100 --rejects rejects.jsonl --rejects-raw log
    python3 - <<'PY'
import json
for l, line in zip(open("rejects.jsonl"), open("log", "rb").read().split(b"\n")):
    r = json.loads(l)
    line = line[:-1] if line.endswith(b"\r") else line
    assert r["text"].encode(r.get("encoding", "utf-8")) == line, (r, line)
PY
}

@test "gzip when the name says so; replaced as a whole; no rubbish is left" {
    no_database
    { lines 9; bad 3; } >log
    echo '{"file":"old"}' | gzip >rejects.jsonl.gz
    chmod 644 rejects.jsonl.gz
    count -n --rejects rejects.jsonl.gz log
    status_is 0
    is "$(zcat rejects.jsonl.gz | wc -l)" 3
    is "$(stat -c %a rejects.jsonl.gz)" 600
    mkdir sub
    count -n --rejects sub/r log
    is "$(wc -l <sub/r)" 3
    is "$(ls sub)" r
    count -n --rejects none/r log
    status_is 2
    says "none/r"
    count -n --rejects sub log
    status_is 2
    count -n --rejects kept.jsonl --since nonsense log
    status_is 2
    [ ! -e kept.jsonl ]
    is "$(find . -name '.*.??????' | wc -l)" 0
}

@test "a full disk is exit 4, and no half a file" {
    no_database
    { lines 9; bad 30000; } >log
    for n in 9000 30000; do # the file at the end, and what waits for it
        code=0
        head -n $n log >part
        (ulimit -f 300 && exec "$INGEST" --client-key none -n -f combined --max-reject 100 --rejects rejects.jsonl part 2>err) || code=$?
        is "$code" 4
    done
    grep -q "rejected lines" err
    [ ! -e rejects.jsonl ]
    is "$(find . -name '*rejects*' | wc -l)" 0
}

@test "a log in the place of the rejected lines is not lost" {
    no_database
    { lines 3; bad 1; } >a.log
    gzip -c a.log >a.gz
    for taken in a.log a.gz; do
        cp $taken before
        count -n --rejects $taken a.log
        status_is 2
        says "$taken" "no rejected lines"
        cmp before $taken
    done
    for name in rejects.jsonl rejects.gz; do
        for _ in 1 2; do
            count -n --rejects $name a.log
            status_is 0
        done
    done
    is "$(rejects 'len(r)')" 1
}
