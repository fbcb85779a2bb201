#!/usr/bin/env bats
# ingest explain: what is understood of a line, which rule decides, which rows it touches. No database is near.
load lib

setup_file() {
    no_database
}

explain() {
    run --separate-stderr "$INGEST" explain "$@"
}

# json EXPRESSION: Python, with the objects of stdout as `all`, the first as `o` and its first record as `r`.
json() {
    python3 -c '
import json, sys
all = [json.loads(line) for line in sys.argv[2].split("\n") if line]
o = all[0]
r = o["records"][0] if o.get("records") else None
print(eval(sys.argv[1]))' "$1" "$output"
}

shows() {
    local words

    for words in "$@"; do
        if [[ "$output" != *"$words"* ]]; then
            printf 'not shown: %s\n%s\n' "$words" "$output"
            return 1
        fi
    done
}

# No byte that moves a cursor, hides or reorders text; and all of it is UTF-8.
harmless() {
    python3 -c '
import re, sys
text = sys.argv[1].encode("utf-8", "surrogateescape").decode("utf-8")
bad = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]", text)
sys.exit(f"{bad.group()!r} at {bad.start()}" if bad else 0)' "$output$stderr"
}

@test "nothing to explain: exit 2, and the four ways" {
    explain
    status_is 2
    says "FILE:LINE" "--url" "--rules"
}

@test "a counted line: fields, route, client, both rows" {
    line serde 1.0.200 05/Jan/2024 192.0.2.7 4711 >log
    explain log
    status_is 0
    silent
    shows "log: format combined (" "line 1: counted" "time      2024-01-05 12:00:00 UTC" "status    200" "bytes     4711" "client    192.0.2.7" \
        "unique by the IPv4 address" 'route     **/crates/{name}/{name}-{version}.crate' 'name "serde", version "1.0.200"' \
        'stats: name "serde", version "1.0.200", dldate "2024-01-05" += count 1, bytes 4711' 'stats: name "serde", version NULL, dldate "2024-01-05" += count 1'
}

@test "the rule that decided, for each filter of the default pack" {
    {
        line serde 1.0.0 | sed 's/GET/HEAD/'
        line serde 1.0.0 | sed 's/ 200 / 404 /'
        line serde 1.0.0 | sed 's/ 200 / 206 /'
        line serde 1.0.0 | sed 's/serde-1.0.0.crate/index.html/'
        echo
        echo "no line of any log"
    } >log
    explain --json -f combined log
    status_is 0
    is "$(json '[(x["outcome"], x["reason"]) for x in o["records"]]')" \
        "[('filtered', 'method'), ('filtered', 'status'), ('filtered', 'range'), ('filtered', 'not_a_download'), ('filtered', 'blank'), ('rejected', 'fields')]"
    is "$(json '["HEAD" in o["records"][0]["because"], "404" in o["records"][1]["because"], o["records"][4]["fields"], o["records"][5]["rows"]]')" "[True, True, {}, []]"
    explain -f combined log
    shows "line 6: rejected as fields: a field is missing, or there are too many" "no line of any log"
}

@test "the rules of a pack, of --since and of a route decide as in a run" {
    line serde 1.0.0 | sed 's/cargo.1.70.0/curl/' >log
    explain --rules crates --json log
    is "$(json 'r["reason"]')" agent
    explain --since 2024-02-01 --json log
    is "$(json 'r["reason"]')" date_range
    explain --route '/crates/{name}/**' --json log
    is "$(json '(r["route"]["template"], r["route"]["ecosystem"], r["route"]["version"], len(r["rows"]))')" "('/crates/{name}/**', 'custom', None, 1)"
}

@test "the reasons of all lines add up to those of a run" {
    for name in combined-crates-mirror cloudfront-crates-2024-01 fdsnws-2024; do
        zcat "$LOGS/logs/$name.log.gz" | head -400 >log
        "$INGEST" -n --json --rules crates log >summary
        for ((i = 1; i <= 400; i++)); do
            printf 'log:%d\0' $i
        done | xargs -0 "$INGEST" explain --rules crates --json >lines
        python3 - <<'PYTHON'
import collections, json
run = json.load(open("summary"))["lines"]
seen = collections.Counter()
for text in open("lines"):
    reasons = [record["reason"] for record in json.loads(text)["records"]]
    seen["counted" if "counted" in reasons else reasons[0]] += 1
assert seen.pop("counted") == run["counted"] > 100
assert seen == {**run["filtered"], **run["rejected"]}, (seen, run)
PYTHON
    done
}

@test "rules that fold lines: said, and every line stands for itself" {
    lines 2 >log
    explain --window day log
    status_is 0
    shows "only a run can tell" "line 2: counted"
    explain log
    [[ "$output" != *"only a run"* ]]
}

@test "FILE:LINE behind a header, far into the file, and behind its end" {
    {
        printf '#Version: 1.0\n#Fields: date time cs-method cs-uri-stem sc-status sc-bytes\n'
        for ((i = 3; i < 3000; i++)); do
            printf '2024-01-05\t12:00:00\tGET\t/crates/serde/serde-1.0.%d.crate\t200\t1\n' $i
        done
    } >log
    explain --json log:2999
    status_is 0
    is "$(json '(len(o["records"]), r["line"], r["route"]["version"])')" "(1, 2999, '1.0.2999')"
    explain log:3000
    status_is 1
    says "log:3000" "the input has 2999 lines"
    explain log:0
    status_is 2
}

@test "a file that is named with a colon and a number" {
    line one 1.0.0 >'log:2'
    explain --json log:2
    is "$(json '(o["file"], r["route"]["name"])')" "('log:2', 'one')"
    lines 2 two >log
    explain --json log:2
    is "$(json '(o["file"], r["line"], r["route"]["name"])')" "('log', 2, 'two')"
    explain --json ./log:2
    is "$(json '(o["file"], r["line"], r["route"]["name"])')" "('./log:2', 1, 'one')"
    explain nowhere:3
    status_is 1
    says "nowhere: cannot read input"
}

@test "the first ten lines, and no more" {
    lines 30 >log
    explain --json log
    is "$(json '[x["line"] for x in o["records"]]')" "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
}

@test "gzip, standard input, several files, a directory" {
    mkdir -p dir
    lines 3 | gzip >dir/a.gz
    echo "nothing that anybody knows" >dir/b
    printf '\x89PNG\r\n\x1a\n\0\0\0\rIHDR' >dir/c.png
    explain dir/a.gz:2
    status_is 0
    shows "line 2: counted"
    run --separate-stderr bash -c 'zcat dir/a.gz | "$INGEST" explain --json -'
    is "$(json '(o["file"], len(o["records"]))')" "('-', 3)"
    run --separate-stderr bash -c '"$INGEST" explain --json -- -:3 <dir/a.gz'
    is "$(json 'r["line"]')" 3
    explain --json dir dir/a.gz:1
    status_is 0
    is "$(json '[(x["file"], x["format"], len(x["records"])) for x in all]')" "[('dir/a.gz', 'combined', 0), ('dir/b', None, 0), ('dir/c.png', None, 0), ('dir/a.gz', 'combined', 1)]"
}

@test "inputs that a run refuses: exit 1, and the others are explained" {
    lines 1 | gzip >good.gz
    lines 2000 | gzip | head -c 500 >cut.gz
    echo "nothing that anybody knows" >odd
    : >empty
    explain cut.gz good.gz odd empty missing
    status_is 1
    says "cut.gz" "cannot tell the log format" "missing: cannot read input"
    shows "good.gz: gzip: format combined" "odd: of no known format" "empty: empty"
}

@test "half a line at the end of a plain file is left, and that is said" {
    { lines 1; printf 'half'; } >log
    explain log
    shows "note: 4 bytes behind the last line feed"
    printf 'half' >log
    explain log
    shows "log: empty" "note: 4 bytes"
    mkdir dir
    cp log dir
    explain dir
    shows "dir/log: empty" "note: 4 bytes"
    explain --json log
    is "$(json '(o["unterminated"], o["records"])')" "(4, [])"
    lines 30 >log
    explain log
    [[ "$output" != *note:* ]]
}

@test "a line of many records: the text names the first ten, JSON all" {
    python3 - >log <<'PYTHON'
import json
trace = [{"net": "GE", "sta": "S%d" % i, "loc": "", "cha": "BHZ", "status": "OK", "bytes": i} for i in range(25)]
print(json.dumps({"finished": "2024-01-20T00:00:00Z", "status": "OK", "service": "fdsnws-dataselect", "userID": 1, "trace": trace}))
PYTHON
    explain log
    shows "line 1, record 10: counted" "... and 15 more records of this line" 'dataselect_stats: date "2024-01-01", network "GE"' "hashed as EIDA does"
    [[ "$output" != *"record 11"* ]]
    explain --json log
    is "$(json '(len(o["records"]), sorted(r["rows"][0]["adds"].items()))')" "(25, [('bytes', 0), ('nb_failed_reqs', 0), ('nb_reqs', 1), ('nb_successful_reqs', 1)])"
}

@test "a row that keeps the later time: nothing is added to it" {
    echo '192.0.2.7 - - [16/Jan/2024:12:00:00 +0000] "GET /image/original/a.png HTTP/1.1" 200 1 "-" "-"' >log
    explain --dataset access log
    shows 'name "a.png", variant "" >= accessed 1705406400000000'
    [[ "$output" != *"+="* ]]
    explain --json --dataset access log
    is "$(json '(r["rows"][0]["at_least"], "adds" in r["rows"][0])')" "({'accessed': 1705406400000000}, False)"
}

@test "the class of the user agent, and the pattern that decides" {
    line serde 1.0.0 | sed 's/cargo.1.70.0/Examplebot\/2.1 (+http:\/\/bot.example.org)/' >log
    explain log
    shows "class     robot, by"
    printf 'examplebot\n' >mirrors
    cat >own.ini <<'INI'
[rules mine]
base = default
agents = client
mirrors_file = mirrors
INI
    explain -c own.ini --rules mine log
    shows 'class     mirror, by "examplebot" in mirrors:1' "filtered as agent"
    explain -c own.ini --rules mine --json log
    is "$(json '(r["class"], r["class_by"], r["reason"])')" "('mirror', 'examplebot', 'agent')"
}

@test "a document: its elements, ready sums and sketches" {
    explain "$ROOT/tests/fuzz/seeds/format_eida/line.json"
    status_is 0
    shows "format eida" "requests  2" "nb_reqs 2" "the sketch to clients"
    explain --json "$ROOT/tests/fuzz/seeds/format_eida/line.json"
    is "$(json '[x["rows"][0]["sketch_to"] for x in o["records"] if x["rows"]][0]')" clients
}

@test "an emote's id is shown with its bytes in their order" {
    local id=01234567-89ab-cdef-0123-456789abcdef

    printf '{"_id":"01HM8Z0000ABCDEFGHJKMNPQRS","data":{"kind":"emote_set","data":{"kind":"remove_emote","data":{"emote_id":{"$uuid":"%s"}}}}}\n' $id >log
    explain --json log
    is "$(json 'r["fields"]["emote"], r["rows"][0]["key"]["emote_id"]')" "('$id', '$id')"
}

@test "clients: IPv4, mapped, IPv6, text, none" {
    for client in 192.0.2.7 ::ffff:192.0.2.7 2001:db8::1 host.example.org -; do
        line serde 1.0.0 05/Jan/2024 "$client"
    done >log
    explain --json log
    is "$(json '[x.get("unique_by", "-").split(" ")[1:2] for x in o["records"]]')" "[['IPv4'], ['IPv4'], ['/64'], ['text:'], []]"
    run --separate-stderr "$INGEST" explain --client-key none --json log
    is "$(json 'r["unique_by"]')" "its text as logged"
    is "$(json '[x["rows"][0].get("client_to") for x in o["records"]]')" "['clients', 'clients', 'clients', 'clients', None]"
}

@test "behind a trusted proxy: who is counted" {
    printf '{"time_iso8601":"2024-01-05T12:00:00Z","remote_addr":"10.0.0.1","http_x_forwarded_for":"%s","request":"GET /gems/a-1.0.gem HTTP/1.1","status":200}\n' \
        '198.51.100.1, 2001:db8::7, 10.9.9.9' '' >log
    printf '[rules behind]\nbase = default\ntrusted_proxies = 10.0.0.0/8\n' >own.ini
    explain -c own.ini --rules behind --json log
    is "$(json '[(x["fields"]["client"], x["fields"].get("counted_as"), x["unique_by"]) for x in o["records"]]')" \
        "[('10.0.0.1', '2001:db8::7', 'the /64 network of the IPv6 address'), ('10.0.0.1', None, 'the IPv4 address')]"
    explain --json log
    is "$(json '[x["fields"].get("counted_as") for x in o["records"]]')" "[None, None]"
    printf '[rules nobody]\nbase = default\nclient = none\n' >own.ini
    explain -c own.ini --rules nobody --json log
    is "$(json '(r.get("unique_by"), r["rows"][0].get("client_to"))')" "(None, None)"
}

@test "hostile bytes reach neither the terminal nor the JSON raw" {
    python3 - >log <<'PYTHON'
import sys
out = sys.stdout.buffer
bad = b"\x1b[2J\x1b]0;x\x07 \xe2\x80\xae \xff\xfe \xc3\x28 \xf3\xa0\x80\x81 \x00 \x9b \\ \t \xed\xa0\x80"
out.write(b'192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/a%1b%5b2J/1.0.0/download?' + bad + b' HTTP/1.1" 200 1 "-" "' + bad + b'"\n')
out.write(b'192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/a%E2%80%AE/1.0.0/download HTTP/1.1" 200 1 "-" "cargo/1"\n')
out.write(b'\x1b]0;x\x07 - - [05/Jan/2024:12:00:00 +0000] "' + bad + b' /x HTTP/1.1" 200 1 "-" "cargo/1"\n')
out.write(bad + b"\n")
PYTHON
    name=$(printf 'log\033[2J\xff')
    cp log "$name"
    for how in "" --json; do
        # shellcheck disable=SC2086
        explain $how -f combined log "$name" "$name:99"
        harmless
    done
    is "$(json '[len(x["records"]) for x in all]')" "[4, 4, 0]"
    explain --json --url "$(printf '/crates/a%%1b\033[2J/1.0.0/download')"
    harmless
    json 'o["path"]'
}

@test "random bytes in every place: the JSON stays JSON" {
    python3 - >log <<'PYTHON'
import random, sys
random.seed(7)
line = b'192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/serde/serde-1.0.0.crate HTTP/1.1" 200 100 "-" "cargo/1.70.0"'
for i in range(1000):
    b = bytearray(line)
    for _ in range(i % 7):
        b[random.randrange(len(b))] = random.choice([c for c in range(256) if c != 10])
    sys.stdout.buffer.write(bytes(b) + b"\n")
PYTHON
    for ((i = 1; i <= 1000; i++)); do
        printf 'log:%d\0' $i
    done | xargs -0 "$INGEST" explain -f combined --json >lines
    is "$(wc -l <lines)" 1000
    python3 -c 'import json; [json.loads(x) for x in open("lines", encoding="utf-8")]'
}

@test "the seeds of the fuzz targets, read as every format: JSON, and no accident" {
    for format in $("$INGEST" --help | sed -n '/^formats$/,/^$/s/^  \([a-z0-9_]\+\) .*/\1/p'); do
        [ "$format" != custom ] || continue
        status=0
        "$INGEST" explain --json -f "$format" "$ROOT"/tests/fuzz/seeds/*/* "$LOGS"/logs/*.gz >lines 2>said || status=$?
        [ "$status" -le 1 ]
        [ -s lines ]
        python3 -c 'import json; [json.loads(line) for line in open("lines", encoding="utf-8")]'
    done
}

@test "lines of 1 MiB and more are cut, and their length is said" {
    python3 - >log <<'PYTHON'
line = '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /%s HTTP/1.1" 200 100 "-" "cargo/1.70.0"'
print(line % "a")
print(line % ("b" * (1048576 - len(line) + 2)))
print(line % ("c" * 1048576))
print(line % "d")
PYTHON
    explain log
    status_is 0
    shows "line 2: filtered as not_a_download" "... (1048576 bytes)" "line 3: rejected as line_too_long" "line 4: filtered"
    [ ${#output} -lt 20000 ]
    explain --json log
    is "$(json '[(x["line"], x["text"] and len(x["text"]), x.get("truncated", {}).get("text")) for x in o["records"]][1:3]')" "[(2, 8192, 1048576), (3, None, None)]"
    explain --json log:3
    is "$(json '(r["line"], r["reason"])')" "(3, 'line_too_long')"
}

@test "--url: the routes that are tried, and the one that takes it" {
    explain --rules crates --url 'https://static.example.org/crates/serde/serde-1.0.200.crate?x=1#y'
    status_is 0
    shows "path      /crates/serde/serde-1.0.200.crate" 'takes it  crates    **/crates/{name}/{name}-{version}.crate' "serde" "1.0.200"
    explain --rules crates --url /crates/serde/1.0/download
    status_is 1
    shows "the path ends otherwise" "not strict SemVer" "no route takes it"
    explain --route '/files/{name}/{version}/**' --url /files/a/b/c --json
    status_is 0
    is "$(json '(o["is_a_download"], o["routes"][0]["name"], o["routes"][0]["version"], o["routes"][0]["ecosystem"])')" "(True, 'a', 'b', 'custom')"
    explain --url ''
    status_is 1
}

@test "--rules: the pack as data, with version and fingerprint" {
    explain --rules crates
    status_is 0
    shows "pack      crates" "version   1" "rules_id"
    explain --rules hex --json
    id=$(json 'o["rules_id"]')
    is ${#id} 32
    is "$(json '(o["pack"], o["counts"]["statuses"], len(o["routes"]))')" "('hex', '200 304', 2)"
    explain --rules nonsense
    status_is 2
}
