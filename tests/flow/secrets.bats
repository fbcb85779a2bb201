#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2094
# Secrets and clients: where they may be, and that they are nowhere else.
load lib

setup_file() {
    make_template
}

# nowhere FILE...: no planted address, agent or secret in any of them; `found` says which word the search is proven by.
nowhere() {
    local n

    n=$(grep -aciE '198\.18\.77\.|5ec7:|uaMARK77|hunter2|mailMARK77' "$@" | awk -F: '{ n += $NF } END { print n + 0 }')
    [ "$n" -eq 0 ] && return 0
    grep -aoiE '.{0,80}(198\.18\.77\.|5ec7:|uaMARK77|hunter2|mailMARK77).{0,20}' "$@" | head -5
    return 1
}

@test "a password in -d is refused, however libpq would have it spelt" {
    lines 2 >log
    while IFS= read -r conninfo; do
        count -d "$conninfo" log
        status_is 2
        says "refused to use a password on the command line"
        [[ "$stderr$output" != *hunter2* ]]
    done <<'CASES'
host=h password=hunter2
host=h password   =   hunter2
host=h password='hunter2 \' x'
host=h sslpassword=hunter2
postgresql://me:hunter2@h/db
postgresql://me:hun?hunter2@h/db
postgresql://h/db?password=hunter2
postgresql://h/db?pass%77ord=hunter2
postgres://h/db?sslpassword=hunter2
CASES
    # None of these has one.
    while IFS= read -r conninfo; do
        count -d "$conninfo" log
        status_is 3
    done <<'CASES'
host=/nowhere dbname=password
host=/nowhere password=''
postgresql://me@/db?host=/nowhere&application_name=a:b@c
postgresql://me:@/db?host=/nowhere
CASES
}

@test "a password in the configuration: only for its owner" {
    lines 2 >log
    printf '[ingest]\nclient-key = none\ndatabase = host=/nowhere password=hunter2\n' >ini
    for mode in 0644 0640 0660 0604; do
        chmod $mode ini
        run --separate-stderr "$INGEST" -c ini log
        status_is 2
        says "ini: cannot use the password of the configuration" "its mode is $mode" "chmod 600 'ini'"
        [[ "$stderr" != *hunter2* ]]
    done
    chmod 600 ini
    run --separate-stderr "$INGEST" -c ini log
    status_is 3
    [[ "$stderr" != *hunter2* ]]
    # What is looked at is the file that a link leads to; without a password anybody may read it.
    chmod 644 ini
    ln -s ini link.ini
    run --separate-stderr "$INGEST" -c link.ini log
    status_is 2
    printf '[ingest]\nclient-key = none\ndatabase = host=/nowhere\n' >ini
    run --separate-stderr "$INGEST" -c ini log
    status_is 3
}

@test "psql gets the password by its environment, and the rest as it was" {
    mkdir bin
    cat >bin/psql <<'SH'
#!/bin/bash
tr '\0' '\n' </proc/$$/cmdline
echo "and $PGPASSWORD"
SH
    chmod +x bin/psql
    PATH=$PWD/bin:$PATH INGEST_DATABASE="host=h dbname='a b\\'c' password=hunter2" run --separate-stderr "$INGEST" psql -- -c 'SELECT 1'
    status_is 0
    is "$(grep -c hunter2 <<<"$output")" 1
    [[ "$output" == *"and hunter2"* && "$output" == *"host='h'"* && "$output" == *"dbname='a b\\'c'"* && "$output" == *"SELECT 1"* ]]
    PATH=$PWD/bin:$PATH run --separate-stderr "$INGEST" psql -d "host=h dbname=x" -- -c 'SELECT 1'
    [[ "$output" == *"host=h dbname=x"* && "$output" == *"and " ]]
}

@test "a key or token file that is a link to another user's is refused" {
    [ "$(id -u)" -eq 0 ] || skip "takes root, to make a file of another user"
    lines 2 >log
    printf '1970-01-01 000102030405060708090a0b0c0d0e0f\n' >theirs.key
    echo abcdefghijklmnopqrst >theirs.token
    chmod 600 theirs.*
    chown nobody theirs.*
    ln -s theirs.key key
    ln -s theirs.token token
    for option in "--client-key key" "--client-key theirs.key" "--client-key none --token-file token"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$INGEST" $option log
        status_is 2
        says "it belongs to another user"
    done
}

@test "tokens that are wrong get one answer, and nothing of them is repeated" {
    fresh
    "$INGEST" -q node add GFZ
    real=$("$INGEST" token add GFZ 2>/dev/null)
    first=
    end=x start=x # neither may be what is there
    [[ "$real" != *x ]] || end=y
    [[ "$real" != x* ]] || start=y
    for token in "${real%?}$end" "$start${real#?}" "${real}x" "${real%?}" "$(tr 'a-zA-Z' 'A-Za-z' <<<"$real")" wrongwrongwrongwrong1 "1'or'1'='1"; do
        INGEST_TOKEN=$token count "$LOGS/logs/fdsnws-2024.log.gz"
        status_is 3
        : "${first:=$stderr}"
        is "$stderr" "$first"
        [[ "$stderr" != *"$token"* ]]
    done
    is "$(n_rows dataselect_stats)" 0
    INGEST_TOKEN=$real count "$LOGS/logs/fdsnws-2024.log.gz"
    status_is 0
}

@test "a directory of secrets is taken for logs: no message quotes them, and the ledger remembers none" {
    fresh
    mkdir etc
    "$INGEST" -q --client-key etc/client.key /nonexistent 2>/dev/null || true
    lines 1 >log
    "$INGEST" -q --client-key "$PWD/etc/client.key" log
    key=$(grep -oE '[0-9a-f]{32}' etc/client.key)
    "$INGEST" -q node add GFZ
    token=$("$INGEST" token add GFZ 2>/dev/null)
    echo "$token" >etc/token
    echo 'INGEST_DATABASE=postgresql://me:hunter2@db.example/stats' >etc/environment
    printf '[ingest]\ndatabase = host=db password=hunter2\n' >etc/ingest.ini
    sleep 2.1 # what is younger is not remembered
    count -v etc/*
    status_is 1
    is "$(grep -c 'cannot tell the log format' <<<"$stderr")" 4
    is "$(n_rows ingest.refusals)" 4
    printf '%s' "$stderr$output" >said
    "$PG_BIN/pg_dump" >dump.sql
    is "$(cat said dump.sql | grep -aF -e "$key" -e "$token" -e hunter2)" ""
}

@test "after runs over planted addresses, agents, mails and a token none of them is anywhere" {
    fresh
    name=$PGDATABASE
    PGDATABASE=postgres sql "ALTER DATABASE $name SET log_statement = 'all'"
    PGDATABASE=postgres sql "ALTER DATABASE $name SET log_min_duration_statement = 0"
    begin=$(wc -c <"$(dirname "$PGDATA")/server.log")
    "$INGEST" -q node add GFZ
    (umask 077 && "$INGEST" -q token add GFZ >token 2>/dev/null)
    python3 - <<'PY'
import json
def who(n): return "198.18.77.%d" % (n % 250) if n % 2 else "2001:db8:5ec7:%x::1" % (n % 999)
with open("keys.log", "w") as f: # over the least --memory that there is
    for n in range(20000):
        name = "c%05d" % n + "x" * 240
        f.write('%s - mailMARK77@example.org [01/Jan/2024:12:00:00 +0000] "GET /crates/%s/%s-1.0.%d.crate HTTP/1.1" 200 7 "http://198.18.77.3/" "cargo/1.7 uaMARK77"\n'
                % (who(n), name, name, n))
with open("bad.log", "w") as f:
    for n in range(200):
        f.write('%s - - [01/Jan/2024:12:00:00 +0000] "GET /crates/ok/ok-1.0.%d.crate HTTP/1.1" 200 7 "-" "uaMARK77"\n' % (who(n), n))
        f.write('%s - - [99/Jan/2024:12:00:00 +0000] "GET /crates/a/a-1.crate HTTP/1.1" 200 7 "-" "uaMARK77"\nuaMARK77 %s\n' % (who(n), who(n)))
with open("refused.log", "w") as f:
    for n in range(50):
        f.write('%s mailMARK77 uaMARK77 and no more\n' % who(n))
with open("eida.log", "w") as f:
    for n in range(300):
        f.write(json.dumps({"service": "fdsnws-dataselect", "userID": n, "clientID": who(n), "userEmail": "mailMARK77@example.org", "auth": True, "userLocation": {"country": "DE"},
            "status": "OK", "bytes": 9, "created": "2024-01-16T09:59:58.1Z", "finished": "2024-01-16T10:00:00Z", "trace": [{"net": "GE", "sta": "S%d" % (n % 9), "loc": "", "cha": "BHZ", "start": "2010-01-01T00:00:00.0000Z", "restricted": False, "status": "OK", "bytes": 9}]}) + "\n")
PY
    sleep 2.1 # older than that, it is remembered
    # Told, and remembered: which line it is that decides.
    run --separate-stderr "$INGEST" -v bad.log
    status_is 1
    says "cannot tell the log format" 'reads: <client> - - ['
    printf '%s\n' "$output" "$stderr" >told
    [ "$(n_rows ingest.refusals)" = 1 ]
    run --separate-stderr "$INGEST" -v --json --memory 16M --max-reject 90 -f combined keys.log bad.log
    status_is 0
    printf '%s\n' "$output" "$stderr" >said
    run --separate-stderr "$INGEST" -f combined -v refused.log
    status_is 1
    printf '%s\n' "$output" "$stderr" >>said
    run --separate-stderr "$INGEST" -v --token-file token eida.log
    status_is 0
    printf '%s\n' "$output" "$stderr" >>said
    "$INGEST" status -v >>said || true
    "$INGEST" status --audit --json >>said || true
    "$INGEST" -q --rejects rejects.jsonl --max-reject 90 -f combined -o rows bad.log
    is "$(grep -cE '198\.18\.77\.|5ec7:' rejects.jsonl)" 0
    "$PG_BIN/pg_dump" >dump.sql
    tail -c +"$begin" "$(dirname "$PGDATA")/server.log" >server.log
    nowhere told said rows dump.sql server.log
    is "$(grep -caF "$(cat token)" said rows dump.sql server.log | awk -F: '{ n += $NF } END { print n }')" 0
    sql CHECKPOINT
    is "$(grep -rlaE '198\.18\.77\.|uaMARK77|5ec7:|mailMARK77' "$PGDATA/base" "$PGDATA/pg_wal" | wc -l)" 0
    # That the search finds what is there.
    grep -q 'c00007xxx' dump.sql
    grep -q "statement: BEGIN" server.log
}

@test "what leaves the process: spilled runs, the server's connection, messages" {
    command -v strace >/dev/null || skip "no strace"
    fresh
    python3 - <<'PY'
with open("keys.log", "w") as f:
    for n in range(20000):
        name = "c%05d" % n + "x" * 240
        f.write('%s - mailMARK77 [01/Jan/2024:12:00:00 +0000] "GET /crates/%s/%s-1.0.%d.crate HTTP/1.1" 200 7 "-" "cargo/1.7 uaMARK77"\n'
                % ("198.18.77.201" if n % 2 else "2001:db8:5ec7:77::1", name, name, n))
PY
    split -l 10000 keys.log part. # a single input would have all of --memory
    # Every byte that is written to whatever, in hexadecimal: addresses in binary would be seen, too.
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -xx -s 100000000 -o trace \
        -e trace=write,pwrite64,writev,pwritev,sendto,sendmsg "$INGEST" -q -f combined -j 1 --memory 16M part.*
    is "$(n_rows stats)" 40000
    python3 - <<'PY'
import re
text = open("trace").read()
data = b"".join(bytes.fromhex(m.replace("\\x", "")) for m in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', text))
assert len(re.findall(r"pwrite64|pwritev", text)) > 0, "nothing was spilled"
assert data.count(b"c00007xxxx") >= 2  # spilled, and sent
for planted in (b"198.18.77", b"5ec7:77", b"uaMARK77", b"mailMARK77", bytes([198, 18, 77, 201]), bytes([0x20, 1, 0xd, 0xb8, 0x5e, 0xc7, 0, 0x77])):
    assert planted not in data, planted
PY
}
