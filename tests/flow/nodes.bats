#!/usr/bin/env bats
# `ingest node` and `ingest token`, on the tables that ingest made and on EIDA's own.
load lib

setup_file() {
    make_template
}

# ours | live: a fresh database with EIDA's tables.
tables() {
    fresh
    [ "$1" = live ] || return 0
    "$INGEST" -q migrate down eida
    sql "$(cat "$ROOT/tests/live/eida.sql")"
}

node() {
    run --separate-stderr "$INGEST" node "$@"
}

token() {
    run --separate-stderr "$INGEST" token "$@"
}

# rows EXPRESSION: Python, with each JSON line of the output as r.
rows() {
    python3 -c 'import json, sys
for line in sys.argv[2].splitlines():
    r = json.loads(line)
    print(eval(sys.argv[1]))' "$1" "$output"
}

digest() {
    printf %s "$1" | sha256sum | cut -d' ' -f1
}

# refused STATUS WORDS...: the last run was, and names the reason.
refused() {
    status_is "$1"
    says "${@:2}"
    is "$output" ""
}

@test "nodes are added, changed, listed and removed; names are their own, on either kind of tables" {
    for kind in ours live; do
        tables $kind
        node add GFZ --contact "a@b.example"
        status_is 0
        node add ETH
        status_is 0
        node add GFZ
        refused 2 'there is a node "GFZ" already'
        node update ETH --rename GFZ
        refused 2 'there is a node "GFZ" already'
        node update ETH --rename SED --contact sed@x.example
        status_is 0
        node update SED --rename SED
        status_is 0
        node update ETH --contact x
        refused 2 'there is no node "ETH"'
        node update SED
        refused 2 "say what is to change"
        is "$(sql "SELECT name, contact FROM nodes WHERE name <> 'local' ORDER BY 1")" "GFZ|a@b.example
SED|sed@x.example"
        is "$(sql "SELECT count(*) FROM nodes WHERE updated_at > created_at")" 1
        node update GFZ --contact ""
        is "$(sql "SELECT contact IS NULL FROM nodes WHERE name = 'GFZ'")" t
        node list --json
        is "$(rows 'r["name"], r["contact"], r["valid_tokens"]' | grep -v local)" "('GFZ', None, 0)
('SED', 'sed@x.example', 0)"
        node list
        [[ "$output" == *"id"*"name"*"contact"*"GFZ"*"-"*"SED"*"sed@x.example"* ]]
        node remove GFZ
        status_is 0
        node remove GFZ
        refused 2 'there is no node "GFZ"'
        is "$(sql "SELECT count(*) FROM nodes WHERE name <> 'local'")" 1
    done
}

@test "what is no name is refused, and one that is hostile harms no terminal" {
    tables ours
    node add ""
    refused 2 "this is no name"
    node add $'a\nb'
    refused 2 "this is no name"
    node add $'\xff'
    refused 2 "this is no name"
    node add "$(printf 'x%.0s' {1..256})"
    refused 2 "this is no name"
    node add "Robert'); DROP TABLE nodes; --"
    status_is 0
    sql "INSERT INTO nodes (name) VALUES (E'\\x1b[2J')"
    node list
    status_is 0
    [[ "$output" == *'\x1b[2J'* && "$output" == *"DROP TABLE nodes"* ]]
    node list --json
    is "$(rows 'r["name"]' | wc -l)" 3
}

@test "two nodes of one name in EIDA's own table are told, not guessed" {
    tables live
    sql "INSERT INTO nodes (name) VALUES ('GFZ'), ('GFZ')"
    node update GFZ --contact x
    refused 2 '2 nodes have the name "GFZ"'
    token add GFZ
    refused 2 '2 nodes have the name "GFZ"'
    node add GFZ
    refused 2 "already"
    count --node GFZ "$LOGS/logs/fdsnws-2024.log.gz"
    refused 2 'more than one node has the name "GFZ"' "by their id"
    is "$(n_rows ingest.payloads)" 0
}

@test "two who add the same name at once: one of them does" {
    tables live
    for i in 1 2 3 4 5 6; do
        "$INGEST" -q node add GFZ 2>"said.$i" && touch "done.$i" &
    done
    wait
    is "$(find . -name 'done.*' | wc -l)" 1
    is "$(grep -l 'there is a node "GFZ" already' said.* | wc -l)" 5
    is "$(sql "SELECT count(*) FROM nodes WHERE name = 'GFZ'")" 1
}

@test "a node to which rows refer stays, and it is said which" {
    for kind in ours live; do
        tables $kind
        node add GFZ
        token add GFZ
        node remove GFZ
        refused 2 'these refer to "GFZ": a valid token'
        "$INGEST" -q token revoke "$(sql "SELECT id FROM tokens")"
        "$INGEST" -q --node GFZ "$LOGS/logs/fdsnws-2024.log.gz"
        node remove GFZ
        refused 2 'these refer to "GFZ": statistics'
        says "the ledger"
        "$INGEST" -q node add ETH
        "$INGEST" -q token revoke "$("$INGEST" token add ETH --json 2>/dev/null | tr -dc '0-9,' | cut -d, -f1)"
        node remove ETH # its token is expired, and goes with it
        status_is 0
        is "$(sql "SELECT count(*) FROM tokens")" 1
    done
}

@test "a token is shown once; ours keep its digest, EIDA's own keeps it, and that is said" {
    for kind in ours live; do
        tables $kind
        "$INGEST" -q node add GFZ
        token add GFZ
        status_is 0
        [[ "$output" =~ ^[A-Za-z0-9]{22}$ ]]
        if [ $kind = ours ]; then
            says "it is shown this once"
            is "$(sql "SELECT encode(digest, 'hex'), value IS NULL FROM tokens")" "$(digest "$output")|t"
        else
            says "it keeps the token itself"
            is "$(sql "SELECT value FROM tokens")" "$output"
        fi
        is "$(sql "SELECT valid_from <= now(), valid_until = '2050-06-06 00:00+00' FROM tokens")" "t|t"
        secret=$output
        token list --json
        is "$(rows 'r["node"], r["valid_until"], r["state"]')" "('GFZ', '2050-06-06T00:00:00Z', 'valid')"
        [[ "$output" != *"$secret"* && "$output" != *"$(digest "$secret")"* ]]
        token list
        [[ "$output" != *"$secret"* && "$output" == *"GFZ"*"valid"* ]]
    done
}

@test "tokens are never the same, and made of letters and digits alike" {
    tables ours
    "$INGEST" -q node add GFZ
    for _ in {1..12}; do "$INGEST" -q token add GFZ; done >tokens
    is "$(sort -u tokens | grep -cE '^[A-Za-z0-9]{22}$')" 12
    for class in A-Z a-z 0-9; do grep -q "[$class]" tokens; done
}

@test "days of a token" {
    tables ours
    "$INGEST" -q node add GFZ
    token add GFZ --valid-from 2030-01-01 --valid-until 2031-01-01
    status_is 0
    is "$(sql "SELECT valid_from = '2030-01-01 00:00+00', valid_until = '2031-01-01 00:00+00' FROM tokens")" "t|t"
    token list GFZ --json
    is "$(rows 'r["state"]')" "not yet"
    token add GFZ --valid-from tomorrow
    refused 2 "a day is written YYYY-MM-DD"
    token add GFZ --valid-until 2020-01-01
    refused 2 "it would never be valid"
    token add GFZ --valid-from 2040-01-01 --valid-until 2040-01-01
    refused 2 "it would never be valid"
    token add Atlantis
    refused 2 'there is no node "Atlantis"'
    token list Atlantis
    refused 2 'there is no node "Atlantis"'
    is "$(sql "SELECT count(*) FROM tokens")" 1
}

@test "a token that is revoked is valid until now, and stays so" {
    for kind in ours live; do
        tables $kind
        "$INGEST" -q node add GFZ
        "$INGEST" -q token add GFZ >/dev/null 2>&1
        id=$(sql "SELECT id FROM tokens")
        token revoke "$id"
        status_is 0
        silent
        is "$(sql "SELECT now() > valid_until, now() - valid_until < interval '1 minute', updated_at IS NOT NULL FROM tokens")" "t|t|t"
        before=$(sql "SELECT valid_until FROM tokens")
        token revoke "$id"
        status_is 0
        is "$(sql "SELECT valid_until FROM tokens")" "$before"
        token list --json
        is "$(rows 'r["state"]')" expired
        for id in 99 x -1 99999999999; do
            token revoke -- $id
            status_is 2
        done
    done
}

@test "what is no such command, and a database without these tables" {
    tables ours
    node
    refused 2 "say add, list, update or remove"
    node delete GFZ
    refused 2 'not "delete"'
    node add
    refused 2 "a word is missing" "ingest node add NAME"
    node list GFZ
    refused 2 "words too many"
    token revoke 1 2
    refused 2 "words too many"
    count -n --contact x "$LOGS/logs/fdsnws-2024.log.gz"
    refused 2 "--contact is one of \`ingest node\`"
    "$INGEST" -q migrate down eida
    for command in "node list" "node add GFZ" "token list" "token add GFZ"; do
        # shellcheck disable=SC2086
        run --separate-stderr "$INGEST" $command
        refused 3 "ingest migrate up eida"
    done
    no_database
    node list
    refused 2 "no database is named"
}

@test "a token file is read like a key file" {
    tables ours
    while IFS='|' read -r mode content words; do
        # shellcheck disable=SC2059
        rm -f token && printf "$content" >token && chmod "$mode" token
        count --token-file token "$LOGS/logs/fdsnws-2024.log.gz"
        refused 2 "cannot use the token" "$words"
    done <<'CASES'
0644|abcdefghijklmnopqrst\n|chmod 600
0660|abcdefghijklmnopqrst\n|chmod 600
0600||there is none in it
0600|\n|there is none in it
0600|two\nlines\n|it is to be one line
0600|a b\n|it is to be one line
0600|\303\251\n|it is to be one line
CASES
    count --token-file none "$LOGS/logs/fdsnws-2024.log.gz"
    refused 2 "No such file"
    count --token-file . "$LOGS/logs/fdsnws-2024.log.gz"
    refused 2 "it is not a regular file"
    mkfifo -m 600 fifo
    count --token-file fifo "$LOGS/logs/fdsnws-2024.log.gz"
    refused 2 "it is not a regular file"
    printf 'x%.0s' {1..256} >long && chmod 600 long
    count --token-file long "$LOGS/logs/fdsnws-2024.log.gz"
    refused 2 "it is longer than 255 bytes"
    INGEST_TOKEN='a secret word' count "$LOGS/logs/fdsnws-2024.log.gz"
    refused 2 "it is the one of \$INGEST_TOKEN"
    [[ "$stderr" != *secret* ]]
    is "$(n_rows dataselect_stats)" 0
}

@test "no statement holds a token, on its way in or when it is asked for" {
    tables ours
    "$INGEST" -q node add GFZ
    PGOPTIONS="-c log_statement=all -c log_min_duration_statement=0" "$INGEST" -q token add GFZ >token
    chmod 600 token
    PGOPTIONS="-c log_statement=all -c log_min_duration_statement=0" "$INGEST" -q --token-file token "$LOGS/logs/fdsnws-2024.log.gz" || true
    grep -q "INSERT INTO tokens" "$(dirname "$PGDATA")/server.log"
    ! grep -qF "$(cat token)" "$(dirname "$PGDATA")/server.log"
}

@test "where the token comes from: the option, then the environment, then the configuration" {
    tables ours
    for n in option file variable config; do
        "$INGEST" -q node add $n
        (umask 077 && "$INGEST" -q token add $n >$n.token)
    done
    printf '[ingest]\ntoken-file = %s/config.token\n' "$PWD" >ingest.ini
    by() { # WHO OPTION...: the node that the rows belong to
        "$INGEST" -q -c ingest.ini "${@:2}" "$LOGS/logs/fdsnws-2024.log.gz"
        is "$(sql "SELECT DISTINCT name FROM dataselect_stats s JOIN nodes ON nodes.id = node_id")" "$1"
        sql "TRUNCATE dataselect_stats, payloads, ingest.payloads CASCADE"
    }
    by config
    INGEST_TOKEN=$(cat variable.token) by variable
    INGEST_TOKEN=$(cat variable.token) INGEST_TOKEN_FILE=file.token by file
    INGEST_TOKEN=$(cat variable.token) INGEST_TOKEN_FILE=file.token by option --token-file option.token
    INGEST_TOKEN='' INGEST_TOKEN_FILE='' by config
    # Without a database nobody is asked.
    INGEST_TOKEN_FILE=/nonexistent "$INGEST" -o rows "$LOGS/logs/fdsnws-2024.log.gz"
    INGEST_TOKEN_FILE=/nonexistent "$INGEST" --to eida -o . "$LOGS/logs/fdsnws-2024.log.gz"
}

@test "what --to eida writes goes into EIDA's own table as its web service puts it there" {
    tables live
    "$INGEST" -q node add GFZ
    # Enough clients of one stream for every form of a sketch; 513 to 639 registers is where the programs differ.
    python3 -c '
import json
for station, n in (("A", 1), ("B", 160), ("C", 161), ("D", 700), ("E", 3000)):
    for i in range(n):
        print(json.dumps({"userID": i * 7919, "userLocation": {"country": "DE"}, "trace": [{"net": "GE", "sta": station, "loc": "", "cha": "BHZ", "status": "OK", "bytes": 1}], "status": "OK", "finished": "2024-01-16T10:00:00Z"}))' >log
    "$INGEST" --to eida -o . -f fdsnws log
    python3 - *.json.gz "$ROOT/tests/oracle" >send.sql <<'PY'
import gzip, json, sys
sys.path.insert(0, sys.argv[2])
import sketch
for e in json.load(gzip.open(sys.argv[1]))["stats"]:
    print("INSERT INTO dataselect_stats (node_id, date, network, station, location, channel, country, bytes, nb_reqs, nb_successful_reqs, nb_failed_reqs, clients)"
          " VALUES ((SELECT id FROM nodes), '%(month)s', '%(network)s', '%(station)s', '%(location)s', '%(channel)s', '%(country)s', %(bytes)s, %(nb_requests)s,"
          " %(nb_successful_requests)s, %(nb_unsuccessful_requests)s, '%(clients)s');" % e)
print("CREATE TABLE users (id bigint, hash integer);")
for i in range(3000):
    h = sketch.murmur3_x86_32(str(i * 7919).encode())
    print("INSERT INTO users VALUES (%d, %d);" % (i, h - (1 << 32) if h >> 31 else h))
PY
    "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f send.sql
    is "$(sql "SELECT station, nb_reqs, hll_type(clients) FROM dataselect_stats ORDER BY 1" | tr '\n' ' ')" "A|1|2 B|160|2 C|161|3 D|700|3 E|3000|4 "
    # The server makes the same bytes of the same hashes.
    is "$(sql "SELECT count(*) FROM dataselect_stats WHERE clients = (SELECT hll_add_agg(hash::hll_hashval, 11, 5) FROM users WHERE id < nb_reqs)")" 5
    is "$(sql "SELECT count(*) FROM dataselect_stats WHERE clients = hll_union(clients, hll_empty(11, 5))")" 5
}

@test "the role that looks after nodes and tokens needs these rights, and is told which one it lacks" {
    local role=keeper grants grant but

    # What comes behind the first failure lacks what that was to make: of all statuses 3 is the one to tell.
    missing() {
        local status=$?

        [ $code -eq 3 ] || code=$status
    }
    for kind in ours live; do
        tables $kind
        "$INGEST" -q node add GFZ
        grants=("SELECT, INSERT, UPDATE, DELETE ON nodes" "SELECT, INSERT, UPDATE, DELETE ON tokens" "SELECT ON dataselect_stats"
            "SELECT ON payloads" "SELECT ON networks" "USAGE ON SCHEMA ingest" "SELECT ON ingest.payloads")
        buts=("${grants[@]}" "DELETE ON nodes" "DELETE ON tokens" none)
        if [ $kind = live ]; then
            grants+=("USAGE ON SEQUENCE nodes_id_seq" "USAGE ON SEQUENCE tokens_id_seq")
            buts=("USAGE ON SEQUENCE nodes_id_seq" "USAGE ON SEQUENCE tokens_id_seq" none)
        fi
        for but in "${buts[@]}"; do
            sql "CREATE ROLE $role LOGIN; $(printf "GRANT %s TO $role;" "${grants[@]}")"
            [ "$but" = none ] || sql "REVOKE $but FROM $role"
            code=0
            : >said
            for command in "node add X" "node update X --contact y" "node list" "token add X" "token list" "token revoke 1" "node remove GFZ"; do
                # shellcheck disable=SC2086
                PGUSER=$role "$INGEST" -q $command >out 2>>said || missing
            done
            if [ "$but" = none ]; then
                cat said
                is $code 0
            else
                is "$but: $code" "$but: 3"
                grep -q "permission denied for .* ${but##*[ .]}" said
                grep -q "hint:  as the owner: GRANT" said
                [[ "$but" != DELETE* ]] || grep -q "GRANT SELECT, INSERT, UPDATE, DELETE ON" said
            fi
            sql "TRUNCATE nodes, tokens RESTART IDENTITY CASCADE; INSERT INTO nodes (name) VALUES ('GFZ'); DROP OWNED BY $role; DROP ROLE $role"
        done
    done
}
