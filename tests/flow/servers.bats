#!/usr/bin/env bats
# The logs that real servers write, of requests that are known: every format string gives the rows of what was fetched.
# nginx, apache2 and caddy are Debian packages; what is not installed is skipped.
load lib
load servers

setup_file() {
    # Not in bats' own directory: servers give up being root, and others may not look into that.
    SERVED=$(mktemp -d "${TMPDIR:-/tmp}/ingest-served.XXXXXX")
    export SERVED
    servers_make "$SERVED"
    for name in nginx apache caddy; do
        server_run "$name" "$SERVED" || echo "# $name did not start" >&3
    done
}

teardown_file() {
    for name in nginx apache caddy; do
        server_stop "$SERVED/$name"
        server_stop "$SERVED/$name.rubbish"
    done
    rm -rf "$SERVED"
}

needs() {
    command -v curl >/dev/null || skip "curl is not installed"
    command -v "$(server_program "$1")" >/dev/null || skip "$(server_program "$1") is not installed"
    [ -d "$SERVED/$1.rubbish" ] # it started
}

# ingest_served LOG OPTION...: rows.jsonl, and the summary in $output.
ingest_served() {
    local log=$1

    shift
    count -o rows.jsonl --json --route '/files/{name}-{version}.bin' "$@" "$SERVED/$log"
    status_is 0
    silent
}

# What fetch_all fetched. The part that begins at byte 0 counts where the log tells that it does.
served() {
    local count=4 bytes=280000

    if [ "$1" = ranges ]; then
        count=5 bytes=280100
    fi
    cat <<ROWS
a_b 1.0 1 10 1
back\\slash 1.0 2 80 1
empty 1.0 1 0 1
gr$(printf '\xc3\xbc\xc3\x9f')e 1.0 2 40 1
large 2.0 $count $bytes 1
plain 1.0 4 4000 2
quo"te 1.0 1 30 1
ROWS
}

# are_served ranges|whole: these rows, and no line was rejected.
are_served() {
    python3 "$HERE/served.py" rows.jsonl >got
    served "$1" >want
    diff want got
    is "$(summary 's["lines"]["read"], sum(s["lines"]["rejected"].values())')" "(24, 0)"
}

# The same but for bytes, where the log has them with headers only.
are_served_with_headers() {
    python3 "$HERE/served.py" rows.jsonl --no-bytes >got
    served "$1" | awk '{ print $1, $2, $3, $5 }' >want
    diff want got
    python3 -c 'import json; assert all(100 < r["bytes"] / r["count"] - 1000 * (r["name"] == "plain") < 71000
        for r in map(json.loads, open("rows.jsonl")))'
    is "$(summary 's["lines"]["read"], sum(s["lines"]["rejected"].values())')" "(24, 0)"
}

# ---- nginx ----

@test "nginx: combined, by its looks, by name, and by its own string" {
    needs nginx
    ingest_served nginx/combined.log
    are_served whole
    cp rows.jsonl sniffed
    ingest_served nginx/combined.log -f combined
    same_file rows.jsonl sniffed
    ingest_served nginx/combined.log --log-format "${NGINX_MAIN% *}"
    same_file rows.jsonl sniffed
}

@test "nginx: the main format of its packages, by its looks and by its string" {
    needs nginx
    ingest_served nginx/main.log
    are_served whole
    cp rows.jsonl sniffed
    ingest_served nginx/main.log --log-format "log_format main '$NGINX_MAIN';"
    same_file rows.jsonl sniffed
}

@test "nginx: a format with bars and a URL in pieces" {
    needs nginx
    ingest_served nginx/odd.log --log-format "$NGINX_ODD"
    are_served ranges
}

@test "nginx: a decoded path with blanks in it, and Content-Range" {
    needs nginx
    ingest_served nginx/uri.log --log-format "$NGINX_URI"
    are_served ranges
}

@test "nginx: escape=json" {
    needs nginx
    ingest_served nginx/json.log --log-format "$NGINX_JSON"
    are_served ranges
}

@test "nginx: JSON with the names of its variables, by its looks and by its string" {
    needs nginx
    ingest_served nginx/names.log
    are_served whole
    cp rows.jsonl sniffed
    ingest_served nginx/names.log --log-format "$NGINX_NAMES"
    same_file rows.jsonl sniffed
}

@test "nginx: escape=none, and tabs" {
    needs nginx
    ingest_served nginx/tabs.log --log-format "$NGINX_NONE"
    are_served ranges
}

@test "nginx: a format of the configuration file" {
    needs nginx
    printf '[format mine]\nlog_format = %s\n' "$NGINX_JSON" >ingest.ini
    ingest_served nginx/json.log -c ingest.ini -f mine
    are_served ranges
}

# ---- Apache ----

@test "apache: combined, by its looks, by name, and by its own string" {
    needs apache
    ingest_served apache/combined.log
    are_served whole
    cp rows.jsonl sniffed
    ingest_served apache/combined.log -f combined
    same_file rows.jsonl sniffed
    ingest_served apache/combined.log --log-format "$APACHE_COMBINED"
    same_file rows.jsonl sniffed
    ingest_served apache/combined.log --log-format "LogFormat \"$APACHE_COMBINED\" combined"
    same_file rows.jsonl sniffed
}

@test "apache: common, which TransferLog writes" {
    needs apache
    ingest_served apache/transfer.log
    are_served whole
    cp rows.jsonl sniffed
    ingest_served apache/transfer.log --log-format '%h %l %u %t "%r" %>s %b'
    same_file rows.jsonl sniffed
}

@test "apache: Debian's combined has bytes with headers" {
    needs apache
    ingest_served apache/debian.log --log-format "$APACHE_DEBIAN"
    are_served_with_headers whole
}

@test "apache: the virtual host in front" {
    needs apache
    ingest_served apache/vhost.log --log-format "$APACHE_VHOST"
    are_served whole
    cp rows.jsonl told
    ingest_served apache/vhost.log
    same_file rows.jsonl told
}

@test "apache: a time in pieces, host and path and query side by side, Content-Range" {
    needs apache
    ingest_served apache/odd.log --log-format "$APACHE_ODD"
    are_served ranges
}

@test "apache: microseconds, and a decoded path with blanks in it" {
    needs apache
    ingest_served apache/usec.log --log-format "$APACHE_USEC"
    are_served ranges
}

# ---- Caddy ----

@test "caddy: its JSON, by its looks and by name" {
    needs caddy
    ingest_served caddy/json.log
    are_served ranges
    cp rows.jsonl sniffed
    ingest_served caddy/json.log -f json
    same_file rows.jsonl sniffed
}

# ---- what no client sends ----

@test "requests that are none add nothing, and their lines are no damage" {
    local log any=

    for log in nginx/combined nginx/main apache/combined apache/transfer apache/vhost; do
        [ -s "$SERVED/${log%/*}.rubbish/${log#*/}.log" ] || continue
        any=yes
        ingest_served "${log%/*}.rubbish/${log#*/}.log"
        is "$(wc -c <rows.jsonl)" 0
        is "$(summary 's["lines"]["read"], sum(s["lines"]["rejected"].values())')" "(3, 0)"
    done
    for log in odd uri json tabs; do
        [ -s "$SERVED/nginx.rubbish/$log.log" ] || continue
        declare -A formats=([odd]=$NGINX_ODD [uri]=$NGINX_URI [json]=$NGINX_JSON [tabs]=$NGINX_NONE)
        ingest_served "nginx.rubbish/$log.log" --log-format "${formats[$log]}"
        is "$(summary 's["lines"]["read"], sum(s["lines"]["rejected"].values())')" "(3, 0)"
    done
    [ -n "$any" ] || skip "neither nginx nor apache2 is installed"
}
