#!/usr/bin/env bats
# The configuration file: its syntax, and the rules, formats and sources that it defines. No database is near.
load lib

# refused NAME TEXT WORDS...: a configuration that must be refused, and what is said.
refused() {
    local text=$1
    shift
    printf "$text\n" >bad.ini
    run --separate-stderr "$INGEST" -c bad.ini -o - --client-key none log
    status_is 2
    is "$output" ""
    says "$@"
}

with_log() {
    cat >log <<'END'
192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] "GET /files/tool-1.0.zip HTTP/1.1" 200 4200 "-" "curl/8.0"
192.0.2.8 - - [01/Mar/2024:00:00:02 +0000] "GET /files/tool-1.0.zip HTTP/1.1" 304 0 "-" "curl/8.0"
192.0.2.9 - - [01/Mar/2024:00:00:03 +0000] "GET /files/tool-1.1.zip HTTP/1.1" 200 17 "-" "Mozilla/5.0"
192.0.2.9 - - [01/Mar/2024:00:00:03 +0000] "HEAD /files/tool-1.1.zip HTTP/1.1" 200 17 "-" "Mozilla/5.0"
192.0.2.9 - - [01/Mar/2024:00:00:03 +0000] "GET /gems/rails-7.0.1.gem HTTP/1.1" 200 17 "-" "gem/3"
END
}

rows_of() {
    run --separate-stderr "$INGEST" -o - --client-key none "$@" log
    status_is 0
    printf '%s\n' "${lines[@]}" | python3 -c 'import json, sys
print(" ".join("%s/%s=%d" % (r["name"], r["version"] or "*", r["count"]) for r in map(json.loads, sys.stdin)))'
}

@test "a pack of one's own: each key changes one thing of its base" {
    with_log
    cat >my.ini <<'END'
; an editor's comment
[rules mine]
route = /files/{name}-{version}.zip
ecosystem = tools

[rules cached]
base = mine
statuses = 304 200

[rules curl]
base = mine
agent_prefixes = curl/
[rules any]
base = mine
methods = any
[rules heads]
base = mine
methods = HEAD
[rules large]
base = mine
min_bytes = 4k
[rules anything]
END
    is "$(rows_of -c my.ini --rules mine)" "tool/*=2 tool/1.0=1 tool/1.1=1"
    is "$(rows_of -c my.ini --rules cached)" "tool/*=3 tool/1.0=2 tool/1.1=1"
    is "$(rows_of -c my.ini --rules curl)" "tool/*=1 tool/1.0=1"
    is "$(rows_of -c my.ini --rules any)" "tool/*=3 tool/1.0=1 tool/1.1=2"
    is "$(rows_of -c my.ini --rules heads)" "tool/*=1 tool/1.1=1"
    is "$(rows_of -c my.ini --rules large)" "tool/*=1 tool/1.0=1"
    is "$(rows_of -c my.ini --rules anything)" "rails/*=1 rails/7.0.1=1"
    run --separate-stderr "$INGEST" -c my.ini --rules curk -o - log
    status_is 2
    says 'no rule pack "curk"' "did you mean curl?"
}

@test "a wrong configuration is told with its line and what to write" {
    with_log
    refused '[rules a]\nmethds = GET' "bad.ini:2" '"methds"' "did you mean methods?"
    refused '[rule a]' "bad.ini:1" '"rule"' "did you mean rules?"
    refused '[rules crates]' "bad.ini:1" 'built-in pack "crates"' "base = crates"
    refused '[rules a]\n[rules a]' "bad.ini:2" "in line 1 already"
    refused '[rules a]\nbase = a' "bad.ini:2" "its own base"
    refused '[rules a]\nbase = crats' "bad.ini:2" "did you mean crates?"
    refused '[rules a]\nmethods = GET\nbase = hex' "bad.ini:3" "base comes before"
    refused '[rules a]\nversion = 1\nversion = 2' "bad.ini:3" "version comes twice"
    refused '[rules a]\n\nroute = /x/{nam}' "bad.ini:3" "byte 4: no such placeholder"
    refused '[rules a]\nstatuses = 2xx' "bad.ini:2" "three digits"
    refused '[rules a]\nstatuses = 200 206' "bad.ini:2" "range = from_zero"
    refused '[rules a]\nstatuses =' "bad.ini:2" "at least one word"
    refused '[rules a]\nrange = union 1.5' "bad.ini:2" "union SHARE"
    refused '[rules a]\nrange = union 0' "bad.ini:2" "union SHARE"
    refused '[rules a]\nrange = sometimes' "bad.ini:2" "union SHARE"
    refused '[rules a]\nmin_bytes = -1' "bad.ini:2" "a number of bytes"
    refused '[rules a]\nagents = client roboter' "bad.ini:2" "did you mean robot?"
    refused '[rules a]\nagent_prefixes = "cargo' "bad.ini:2" "a quoted word ends"
    refused '[rules a]\nwindow = 25h' "bad.ini:2" "as 30s"
    refused '[rules a]\nclient = forwarded' "bad.ini:2" "trusted_proxies"
    refused '[rules a]\ntrusted_proxies = 10.0.0.0/8 10.0.0.1/8' "bad.ini:2" '"10.0.0.1/8"'
    refused '[rules a]\ntrusted_proxies = 10.0.0.0/33' "bad.ini:2" '"10.0.0.0/33"'
    refused '[rules a]\ndrop_if = a b c' "bad.ini:2" "the name of a field"
    refused '[rules a]\nnormalise = maybe' "bad.ini:2" "yes or no"
    refused '[rules a]\necosystem = nowhere' "bad.ini:1" "has no route"
    refused '[rules]' "bad.ini:1" "[rules] has no name"
    refused '[rules a b]' "bad.ini:1" "is no name"
    refused '[rules a' "bad.ini:1" "not closed"
    refused '[rules a] b' "bad.ini:1" "text behind a section"
    refused 'a = b' "bad.ini:1" "before the first section"
    refused '[ingest]\n= b' "bad.ini:2" "neither a [section]"
    refused '[source a]' "bad.ini:1" "names no files"
    refused '[source a]\nfiles = x\nrules = crtes' "bad.ini:1" "did you mean crates?"
    refused '[source a]\nfiles = x\nformat = clodfront' "bad.ini:1" "no such format"
    refused '[source a]\nfiles = x\ndataset = stat' "bad.ini:1" "no such dataset"
    refused '[source a]\nfiles = x\nsettle = soon' "bad.ini:3" "30s, 5m"
    refused '[format combined]\nlog_format = x' "bad.ini:1" 'built-in format "combined"'
    refused '[format a]' "bad.ini:1" "says nothing"
}

@test "lists without end and patterns without bottom are refused, or take what they take" {
    lines 1 >log
    refused "[source a]\nfiles = $(printf '/*%.0s' {1..17})" "bad.ini:2:" "wildcards in at most 16 of its parts"
    refused "[source a]\nfiles = a $(printf '*/../%.0s' {1..3000})x" "bad.ini:2:" "in at most 16 of its parts"
    refused "[source a]\nfiles = /$(printf 'x%.0s' {1..4096})" "bad.ini:2:" "a name is shorter than 4096 bytes"
    { echo "[source a]"; printf 'files = /nowhere/%d\n' {1..30000}; } >many.ini
    ulimit -Sv "$([ -n "${INGEST_SANITIZED:-}" ] && echo unlimited || echo 600000)"
    run --separate-stderr "$INGEST" -c many.ini config
    status_is 0
    is "$(grep -o /nowhere/ <<<"$output" | wc -l)" 30000
    printf '[source a]\nfiles = /nowhere/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*\n' >deep.ini
    run --separate-stderr "$INGEST" -c deep.ini config --check
    status_is 0
    says "no file is named so now"
}

@test "sources are kept, and formats and rules of theirs may stand behind them" {
    with_log
    cat >my.ini <<'END'
[source edge]
files = /var/log/edge/*.gz, "/var/log/with blank/*.gz"
files = /more
format = edge
rules = mine
dataset = stats
node = local
settle = 5m
expected = 1d

[rules mine]
[format edge]
log_format = $remote_addr [$time_local] "$request" $status $body_bytes_sent
END
    is "$(rows_of -c my.ini)" "rails/*=1 rails/7.0.1=1"
}

@test "a format by the string that the server writes it with, over several lines" {
    cat >my.ini <<'END'
[format edge]
log_format = '$remote_addr|$time_iso8601|'
log_format = '$request_method|$uri|$status ; not a comment|$body_bytes_sent'
END
    echo '192.0.2.7|2024-03-01T00:00:01+00:00|GET|/gems/rails-7.0.1.gem|200 ; not a comment|17' >log
    is "$(rows_of -c my.ini -f edge)" "rails/*=1 rails/7.0.1=1"
    refused '[format a]\nlog_format = $remote_addr $tine_local' "bad.ini:2" "tine_local"
    refused '[format a]\nlog_format = $remote_addr [$time_local] "$request" $status\npath = .x' "bad.ini:3" "not both"
}

@test "a format by where the fields of an object stand" {
    cat >my.ini <<'END'
[format app]
kind = json
time = .ts
path = .req.url
method = .req.method
status = .resp.status
bytes = .resp.size
END
    echo '{"ts": 1709251201.5, "req": {"method": "GET", "url": "/gems/rails-7.0.1.gem"}, "resp": {"status": 200, "size": 17}}' >log
    is "$(rows_of -c my.ini -f app)" "rails/*=1 rails/7.0.1=1"
    refused '[format a]\ntime = .ts\npth = .x' "bad.ini:3" "pth"
}

@test "drop_if: a line with the mark is dropped, one without the field stays" {
    printf '#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes x-shield\n' >log
    for mark in edge shield - '' Shield; do
        printf '2024-03-01\t00:00:00\t192.0.2.7\tGET\t/gems/rails-7.0.gem\t200\t1\t%s\n' "$mark" >>log
    done
    printf '[rules exact]\ndrop_if = x-shield shield\n[rules any]\ndrop_if = x-shield\n[rules other]\ndrop_if = x-other shield\n' >my.ini
    is "$(rows_of -c my.ini --rules exact)" "rails/*=4 rails/7.0=4"
    is "$(rows_of -c my.ini --rules any)" "rails/*=2 rails/7.0=2"
    is "$(rows_of -c my.ini --rules other)" "rails/*=5 rails/7.0=5"
    is "$("$INGEST" -n --client-key none --json -c my.ini --rules exact log | grep -o '"drop_if":1')" '"drop_if":1
"drop_if":1'
}

@test "values: quotes keep what stands between them, comments and a byte order mark are left out" {
    with_log
    printf '\xef\xbb\xbf[rules mine] ; a comment\r\n  route =   /files/{name}-{version}.zip   ; another\r\n\tdrop_if = "a b"\r\n' >my.ini
    is "$(rows_of -c my.ini --rules mine)" "tool/*=2 tool/1.0=1 tool/1.1=1"
    printf "[rules mine]\nroute = '/files/{name}-{version}.zip'\nagent_prefixes = \"curl/8\" 'x'\n" >my.ini
    is "$(rows_of -c my.ini --rules mine)" "tool/*=1 tool/1.0=1"
}

@test "a name may have letters of both cases, digits, '_', '.' and '-'" {
    local name

    line serde 1.0.0 >log
    for name in Mine my_own a.1-B _x Z; do
        printf '[rules %s]\nmethods = GET\n' "$name" >own.ini
        count -n -c own.ini --rules "$name" log
        status_is 0
    done
    for name in -x 'a/b' 'a$'; do
        printf '[rules %s]\nmethods = GET\n' "$name" >own.ini
        count -n -c own.ini log
        status_is 2
    done
}
