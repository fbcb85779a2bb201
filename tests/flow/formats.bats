#!/usr/bin/env bats
# Which format a log is taken for, what is said of one that could be two, and --log-format on the command line and in the
# configuration.
load lib

NGINX='$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
COMMON='192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /crates/a/a-1.0.0.crate HTTP/1.1" 200 5'

# ---- which format ----

@test "-v says what was chosen, and how sure that is" {
    lines 3 >sure.log
    { lines 3; echo damaged; } >mostly.log
    count -v -o rows sure.log mostly.log
    status_is 0
    says "sure.log: format combined (100 % sure), for stats" "mostly.log: format combined (75 % sure), for stats"
    count -v -o rows -f combined mostly.log
    says "mostly.log: format combined, as told, for stats"
    count -v -o rows --log-format "$NGINX" mostly.log
    says "mostly.log: format custom, as told, for stats"
    count -o rows sure.log
    silent
}

@test "a log that could be two is refused: both are shown, and the line that decides" {
    { echo; line serde 1.0.0; echo "$COMMON"; } >two.log
    count -o rows two.log
    status_is 1
    says "two.log:2: cannot tell the log format" \
        'cause: "combined" and "common" both fit 50 of 100 lines' \
        'line 2, which only "combined" reads: <client> - - [05/Jan/2024' \
        "hint:  name it with --format, or say what its lines hold with --log-format"
    [ ! -s rows ]
    count -o rows -f common two.log
    status_is 0
}

@test "a log that mostly is something else is refused, with the best fits" {
    { echo one; echo "$COMMON"; for i in 2 3 4 5 6; do echo "$i"; done; } >other.log
    count -o rows other.log
    status_is 1
    says "other.log:2: cannot tell the log format" 'the best fit is "common", with 14 of 100 lines' \
        'line 2, which only "common" reads: <client>'
}

@test "a log of no known format is refused, and its first line shown without harm" {
    printf '\n\e[2J\e]0;owned\a \xff\xe2\x80\xae<script>\n' >none.log
    count -o rows none.log
    status_is 1
    says "none.log:2: cannot tell the log format" "no known format fits its beginning" \
        'line 2: \x1b[2J\x1b]0;owned\x07 \xff\xe2\x80\xae<script>'
    [[ "$stderr" != *$'\e'* ]]
}

@test "a log refused for its format does not keep others from being counted" {
    echo what >none.log
    lines 2 >good.log
    count -o rows none.log good.log
    status_is 1
    is "$(wc -l <rows)" 3
}

# ---- --log-format ----

@test "--log-format reads what --format combined reads" {
    lines 5 >a.log
    count -o want -f combined a.log
    status_is 0
    for string in "$NGINX" '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"' \
        "log_format main '${NGINX/\"\$request\"/\' \'\"\$request\"}';" \
        'LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined'; do
        count -o rows --log-format "$string" a.log
        status_is 0
        same_file rows want
    done
    count -o rows --log-format="$NGINX" -f custom a.log
    same_file rows want
    gzip -c a.log | "$INGEST" --client-key none -o rows --log-format "$NGINX" -
    same_file rows want
}

@test "lines that do not fit are rejected, and counted" {
    { lines 2; echo rubbish; echo "$COMMON"; } >a.log
    count -o rows --json --log-format "$NGINX" a.log
    status_is 0
    is "$(summary 's["lines"]["rejected"]["fields"]')" 2
}

@test "a string that cannot be read is pointed at, and nothing is touched" {
    lines 1 >a.log
    count -o rows --log-format '$remote_addr [$tme_local] "$request"' a.log
    status_is 2
    says "malformed log format" "byte 15: nginx has no variable \$tme_local" \
        '$remote_addr [$tme_local] "$request"
                       ^' \
        "did you mean \$time_local?"
    [ ! -e rows ]
    for string in "" "combined" '$msec$request' '$time_local $request $status' '%h "%r"' '%t' \
        $'$msec\n$uri' '%{%d.%m.%y}t %U'; do
        count -o rows --log-format "$string" a.log
        status_is 2
        says "malformed log format"
        [ ! -e rows ]
    done
}

@test "a string and another format contradict; custom wants a string" {
    lines 1 >a.log
    count -o rows -f combined --log-format "$NGINX" a.log
    status_is 2
    says "--format combined is one format, --log-format describes another"
    count -o rows -f custom a.log
    status_is 2
    says "say --log-format STRING"
}

@test "--log-format in the configuration is one for all, and the command line has the last word" {
    lines 3 >a.log
    count -o want -f combined a.log
    printf '[ingest]\nlog_format = %s\n' "$NGINX" >ingest.ini
    sed -i 's/log_format/log-format/' ingest.ini
    count -v -o rows -c ingest.ini a.log
    status_is 0
    says "format custom, as told"
    same_file rows want
    count -v -o rows -c ingest.ini -f combined a.log
    status_is 0
    says "format combined, as told"
    same_file rows want
}

@test "[format NAME] has a log_format, over several lines if need be; --format takes the name" {
    lines 3 >a.log
    count -o want -f combined a.log
    cat >ingest.ini <<INI
[format mine]
log_format = '\$remote_addr - \$remote_user [\$time_local] '
log_format = '"\$request" \$status \$body_bytes_sent '
log_format = '"\$http_referer" "\$http_user_agent"'
INI
    count -v -o rows -c ingest.ini -f mine a.log
    status_is 0
    same_file rows want
    printf '[format mine]\nlog_format = $remote_addr [$tme_local] "$request"\n' >ingest.ini
    count -o rows2 -c ingest.ini -f mine a.log
    status_is 2
    says "ingest.ini:2:" "did you mean \$time_local?"
}

@test "explain reads lines by --log-format too" {
    lines 1 >a.log
    run --separate-stderr "$INGEST" explain --log-format "$NGINX" a.log
    status_is 0
    [[ "$output" == *"line 1: counted"* ]]
}

@test "drop_if takes a variable of the string" {
    printf '1704456000.5 no /crates/a/a-1.0.0.crate GET 200\n1704456000.5 yes /crates/a/a-1.0.0.crate GET 200\n' >a.log
    printf '[rules mine]\nbase = default\ndrop_if = http_x_shield yes\n' >ingest.ini
    count --json -o rows -c ingest.ini --rules mine --log-format '$msec $http_x_shield $request_uri $request_method $status' a.log
    status_is 0
    is "$(summary 's["lines"]["counted"], s["lines"]["filtered"]["drop_if"]')" "(1, 1)"
}

@test "a path that the server decoded is not decoded again" {
    printf '1704456000 /crates/a%%2Fb/1.0.0/download GET 200\n' >a.log
    for string in '$msec $request_uri' '%{sec}t %U'; do
        case $string in
            *U) string="$string %m %>s" ;;
            *) string="$string \$request_method \$status" ;;
        esac
        count -o "rows" --log-format "$string" --route '/crates/{name}/{version}/download' a.log
        status_is 0
        cat rows >>all
    done
    is "$(grep -c '"name":"a%2Fb","version":"1.0.0"' all)" 1
}
