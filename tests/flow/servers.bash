# shellcheck shell=bash
# Real web servers for the tests: each started on a local port of its own in a directory of its own, asked for the same
# things, and stopped. What they logged is read afterwards.
#
#   servers_make DIR           the directory and the files that are served; others may read it, for servers drop root
#   server_run nginx DIR       starts, fetches all, stops; the logs are in DIR/nginx/

servers_make() {
    mkdir -p "$1/root/files"
    chmod 755 "$1" "$1/root" "$1/root/files"
    head -c 1000 /dev/zero >"$1/root/files/plain-1.0.bin"
    head -c 70000 /dev/zero >"$1/root/files/large-2.0.bin"
    head -c 10 /dev/zero >"$1/root/files/a b-1.0.bin"
    head -c 20 /dev/zero >"$1/root/files/gr"$'\xc3\xbc\xc3\x9f'"e-1.0.bin"
    head -c 30 /dev/zero >"$1/root/files/quo\"te-1.0.bin"
    head -c 40 /dev/zero >"$1/root/files/back\\slash-1.0.bin"
    : >"$1/root/files/empty-1.0.bin"
    find "$1/root" -type f -exec chmod 644 {} + -exec touch -d '2024-01-01 00:00:00 UTC' {} +
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# answers PORT: within ten seconds something listens there.
answers() {
    local i

    for ((i = 0; i < 100; i++)); do
        if (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
            return 0
        fi
        sleep 0.1
    done
    echo "nothing answers on port $1" >&2
    return 1
}

# ---- what is asked for ----

# get PORT PATH [CURL OPTION]...
get() {
    local port=$1 path=$2

    shift 2
    curl -s -o /dev/null --path-as-is --globoff --max-time 10 "$@" "http://127.0.0.1:$port$path"
}

# raw PORT TEXT: what no client would send, in one piece; backslashes as in printf.
raw() {
    printf '%b' "$2" | python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
s.sendall(sys.stdin.buffer.read())
while s.recv(65536):
    pass' "$1" 2>/dev/null || true
}

# What the rows must be stands in servers.bats: change both.
fetch_all() {
    local port=$1

    get "$port" /files/plain-1.0.bin
    get "$port" /files/plain-1.0.bin -0
    get "$port" /files/plain-1.0.bin --interface 127.0.0.2
    get "$port" '/files/plain-1.0.bin?download=1&x=/files/no-1.bin'
    get "$port" /files/large-2.0.bin -A 'say "hi" \ [01/Mar/2024:00:00:01 +0000] " 200 5'
    get "$port" /files/large-2.0.bin -A $'tab\there \xff\xfe \xc3\xbc'
    get "$port" /files/large-2.0.bin -H 'User-Agent;' -H 'Referer: "\'
    get "$port" /files/large-2.0.bin -u 'a [b" c:secret'
    get "$port" /files/a%20b-1.0.bin
    get "$port" /files/gr%C3%BC%C3%9fe-1.0.bin
    raw "$port" 'GET /files/gr\xc3\xbc\xc3\x9fe-1.0.bin HTTP/1.0\r\nHost: localhost\r\n\r\n'
    get "$port" /files/quo%22te-1.0.bin
    get "$port" /files/back%5Cslash-1.0.bin
    raw "$port" 'GET /files/back\\slash-1.0.bin HTTP/1.0\r\nHost: localhost\r\n\r\n'
    get "$port" /files/empty-1.0.bin
    # not downloads
    get "$port" /files/plain-1.0.bin -I
    get "$port" /files/missing-1.0.bin
    get "$port" /files/plain-1.0.bin -z '1 Jan 2024 00:00:00 UTC'
    get "$port" /files/plain-1.0.bin -X POST -d x=1
    get "$port" /
    get "$port" /files/plain-1.0.bin -r 5000-6000
    # parts
    get "$port" /files/large-2.0.bin -r 0-99
    get "$port" /files/large-2.0.bin -r 60000-
    get "$port" /files/large-2.0.bin -r -100
}

# Lines that are no requests; servers log them or not.
fetch_rubbish() {
    raw "$1" 'RUBBISH\r\n\r\n'
    raw "$1" '\x16\x03\x01\x02\x00\x01\x00"\\\x7f\r\n\r\n'
    raw "$1" 'GET /files/plain-1.0.bin" 200 1000 "-" "x HTTP/1.1\r\nHost: x\r\n\r\n'
}

# ---- the servers ----

NGINX_MAIN='$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"'
NGINX_ODD='$msec|$server_name:$server_port|$request_method|$host$request_uri|$status|$request_time $upstream_response_time $body_bytes_sent|$remote_addr|$http_range|"$http_user_agent"|$remote_user'
NGINX_URI='$time_iso8601 $remote_addr <$request_method $uri$is_args$args $server_protocol> $status $bytes_sent $body_bytes_sent "$sent_http_content_range" $pipe $connection $gzip_ratio $scheme'
NGINX_JSON='escape=json {"time":"$time_iso8601","client":"$remote_addr","request":"$request","status":$status,"size":$body_bytes_sent,"agent":"$http_user_agent","referer":"$http_referer","user":"$remote_user","range":"$http_range"}'
NGINX_NAMES='escape=json {"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","request":"$request","status":"$status","body_bytes_sent":"$body_bytes_sent","http_user_agent":"$http_user_agent"}'
NGINX_NONE='escape=none $msec\t$remote_addr\t$request_method\t$request_uri\t$status\t$body_bytes_sent\t$http_range'

nginx_start() {
    local dir=$1 port=$2 user=

    [ "$(id -u)" -ne 0 ] || user='user root;'
    cat >"$dir/nginx.conf" <<CONF
$user
daemon off;
pid $dir/pid;
error_log $dir/error.log;
events { }
http {
    client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
    log_format main '$NGINX_MAIN';
    log_format odd '$NGINX_ODD';
    log_format uri '$NGINX_URI';
    log_format json ${NGINX_JSON%% *} '${NGINX_JSON#* }';
    log_format names ${NGINX_NAMES%% *} '${NGINX_NAMES#* }';
    log_format tabs ${NGINX_NONE%% *} '${NGINX_NONE#* }';
    access_log $dir/combined.log;
    access_log $dir/main.log main;
    access_log $dir/odd.log odd;
    access_log $dir/uri.log uri;
    access_log $dir/json.log json;
    access_log $dir/names.log names;
    access_log $dir/tabs.log tabs;
    server { listen 127.0.0.1:$port; root ${dir%/*}/root; }
}
CONF
    nginx -c "$dir/nginx.conf" -e "$dir/error.log" >"$dir/said" 2>&1 3>&- &
    echo $! >"$dir/started"
}

APACHE_COMBINED='%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"'
APACHE_DEBIAN='%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"'
APACHE_VHOST='%v:%p %h %l %u %t \"%r\" %>s %B \"%{Referer}i\" \"%{User-Agent}i\"'
APACHE_ODD='%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t|%a|%m|%V%U%q|%>s|%B|%{Content-Range}o|%D us, %I in|%u|\"%{User-agent}i\"'
APACHE_USEC='%{end:usec}t %{c}a \"%m %U%q %H\" %>s %B \"%{Range}i\" %X%k'

apache_start() {
    local dir=$1 port=$2 user=

    [ "$(id -u)" -ne 0 ] || user=$'User www-data\nGroup www-data'
    cat >"$dir/apache.conf" <<CONF
ServerRoot $dir
ServerName localhost
PidFile $dir/pid
DefaultRuntimeDir $dir
Mutex pthread
$user
Listen 127.0.0.1:$port
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
ErrorLog $dir/error.log
DocumentRoot ${dir%/*}/root
LogFormat "$APACHE_COMBINED" combined
LogFormat "$APACHE_DEBIAN" debian
LogFormat "$APACHE_VHOST" vhost
LogFormat "$APACHE_ODD" odd
LogFormat "$APACHE_USEC" usec
TransferLog $dir/transfer.log
CustomLog $dir/combined.log combined
CustomLog $dir/debian.log debian
CustomLog $dir/vhost.log vhost
CustomLog $dir/odd.log odd
CustomLog $dir/usec.log usec
CONF
    apache2 -D FOREGROUND -f "$dir/apache.conf" >"$dir/said" 2>&1 3>&- &
    echo $! >"$dir/started"
}

caddy_start() {
    local dir=$1 port=$2

    cat >"$dir/Caddyfile" <<CONF
{
    admin off
    auto_https off
}
http://:$port {
    bind 127.0.0.1
    root * ${dir%/*}/root
    file_server
    log {
        output file $dir/json.log
        format json
    }
}
CONF
    XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config HOME=$dir \
        caddy run --config "$dir/Caddyfile" --adapter caddyfile >"$dir/said" 2>&1 3>&- &
    echo $! >"$dir/started"
}

# server_stop DIR: the one that was started there, and no other.
server_stop() {
    local pid i

    [ -f "$1/started" ] || return 0
    pid=$(cat "$1/started")
    kill "$pid" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$1/started"
}

server_program() {
    case $1 in
        apache) echo apache2 ;;
        *) echo "$1" ;;
    esac
}

# server_run NAME DIR: nothing happens where the program is not installed.
server_run() {
    local dir=$2/$1 port

    command -v "$(server_program "$1")" >/dev/null && command -v curl >/dev/null || return 0
    port=$(free_port)
    mkdir -p "$dir"
    chmod 755 "$dir"
    "$1_start" "$dir" "$port"
    if ! answers "$port"; then
        cat "$dir/said" "$dir/error.log" >&2
        server_stop "$dir"
        return 1
    fi
    fetch_all "$port"
    server_stop "$dir" # before the rubbish: a log of its own
    mkdir -p "$dir.rubbish"
    chmod 755 "$dir.rubbish"
    port=$(free_port)
    "$1_start" "$dir.rubbish" "$port"
    answers "$port"
    fetch_rubbish "$port"
    server_stop "$dir.rubbish"
}
