#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2086
# `ingest key`: client keys begin and end by day, sketches of one day are of one key, a destroyed key is no longer used by anyone; and the
# ledger's own secret, when it is lost or another one (docs/KEYS.md).
load lib

setup_file() {
    make_template
    export ONE=000102030405060708090a0b0c0d0e0f TWO=ff0102030405060708090a0b0c0d0e0f
}

# key_file FILE [DAY KEY]...
key_file() {
    local file=$1

    shift
    printf '%s %s\n' "$@" >"$file"
    chmod 600 "$file"
}

ingest() {
    run --separate-stderr "$INGEST" "$@"
}

# some DAY... : two versions by three clients on these days of January, in turn by day, so that a client's lines of two days stand together.
some() {
    local day i

    for i in 1 2 3; do
        for day in "$@"; do
            line serde "1.0.$((i % 2))" "$day/Jan/2024" "192.0.2.$i"
        done
    done
}

clients_of() {
    sql "SELECT dldate, version, clients FROM stats WHERE dldate = '2024-01-$1' ORDER BY 2"
}

# The key that the database has for a day, and that of the file's line.
key_of() {
    sql "SELECT encode(ingest.key_epoch('public.stats', '2024-01-$1'), 'hex')"
}

# A database that counts under client.key from the beginning, with the 5th and 6th of January.
begun() {
    fresh
    key_file client.key 1970-01-01 $ONE
    some 05 06 >log56
    ingest --client-key client.key log56
    status_is 0
}

@test "a new key: rows of each day are those that its key alone gives, and the database knows which that is" {
    begun
    ingest key add --client-key client.key --from 2024-01-07
    status_is 0
    is "$output" "a new key begins on 2024-01-07, in 1 table"
    says "copy client.key to every other host"
    is "$(stat -c '%a %h' client.key)" "600 1"
    is "$(ls)" "$(printf 'client.key\nlog56')"
    is "$(head -n 1 client.key)" "1970-01-01 $ONE"
    is "$(wc -l <client.key)" 2
    some 06 07 08 >log678
    ingest -j 2 --client-key client.key log678
    status_is 0
    key_file only2 1970-01-01 "$(sed -n 's/^2024-01-07 //p' client.key)"
    for day in 06 07 08; do
        [ $day = 06 ] && file=one || file=only2
        key_file one 1970-01-01 $ONE
        PGDATABASE=nothing "$INGEST" -o rows --client-key $file log678
        is "$(sql "SELECT clients FROM stats WHERE dldate = '2024-01-$day' AND version = '1.0.1'")" \
            "$(python3 -c 'import json, sys; print(*[r["clients"] for r in map(json.loads, open("rows")) if r["dldate"] == "2024-01-" + sys.argv[1] and r["version"] == "1.0.1"])' $day)"
    done
    [ "$(key_of 06)" != "$(key_of 07)" ]
    is "$(key_of 05) $(key_of 08)" "$(key_of 06) $(key_of 07)"
    is "$(sql "SELECT from_day, until FROM ingest.key_spans ORDER BY 1")" "$(printf -- '-infinity|2024-01-07\n2024-01-07|infinity')"
    ingest key list --client-key client.key --json
    is "$output" "$(printf '{"from":null,"key_id":"%s","state":"used","tables":"public.stats"}\n{"from":"2024-01-07","key_id":"%s","state":"used","tables":"public.stats"}' "$(key_of 06)" "$(key_of 07)")"
    [[ "$output$stderr" != *$ONE* ]]
    ingest verify --client-key client.key --since 2024-01-05 --until 2024-01-09 log56 log678
    is "$output" "stats: 12 rows are the same"
    # What a whole year has of both keys is no number.
    is "$(sql "SELECT clients_are FROM clients_between('serde', '2024-01-01', '2025-01-01')")" "two keys"
    is "$(sql "SELECT clients, clients_are FROM clients_between('serde', '2024-01-07', '2025-01-01')")" "3|estimate"
    audit
}

@test "no key begins on a day of which clients are counted, before the last one, or in another's file; then nothing changes" {
    begun
    cp -p client.key before
    sql "SELECT * FROM ingest.key_epochs" >epochs
    for day in 2024-01-05 2024-01-06 1970-01-01 2023-12-31; do
        ingest key add --client-key client.key --from $day
        status_is 2
        says "cannot begin a client key"
    done
    ingest key add --client-key client.key --from 2024-01-06
    says "up to 2024-01-06" "2024-01-07"
    for day in 2024-02-30 tomorrow ""; do
        ingest key add --client-key client.key --from "$day"
        status_is 2
    done
    ingest key add --client-key client.key
    status_is 2
    says "--from DAY"
    key_file other 1970-01-01 $TWO
    ingest key add --client-key other --from 2030-01-01
    status_is 2
    says "no table of this database is fed under the key in other"
    ingest key add --client-key none --from 2030-01-01
    status_is 2
    ingest key add --client-key gone --from 2030-01-01
    status_is 2
    says "no client key in gone" "public.stats" "copy the key file"
    [ ! -e gone ]
    ln -s client.key link
    ingest key add --client-key link --from 2030-01-01
    status_is 2
    says "symbolic link"
    ingest key add --from 2030-01-01 -n --client-key client.key
    status_is 2
    for words in "" "bogus" "add more" "list more" "drop" "drop --before 2030-01-01 more"; do
        # shellcheck disable=SC2086
        ingest key $words --client-key client.key
        status_is 2
    done
    same_file client.key before
    is "$(wc -l <other)" 1
    same_file epochs <(sql "SELECT * FROM ingest.key_epochs")
    # Hits that wait for their key have clients as well.
    sql "INSERT INTO ingest.unresolved (payload, dataset, path, day, count, bytes, clients) SELECT id, dataset, 'x', '2024-03-01', 1, 1, '\x118b7f' FROM ingest.payloads"
    ingest key add --client-key client.key --from 2024-02-01
    status_is 2
    says "2024-03-02"
}

@test "each host has the same file: an older one is refused, a newer one is noted, unless its days are counted" {
    begun
    cp -p client.key old
    ingest key add -q --client-key client.key --from 2024-01-08
    status_is 0
    is "$output$stderr" ""
    some 07 >log7
    ingest --client-key old log7
    status_is 2
    says "from 2024-01-08 on" "not in old" "copy the key file"
    is "$(n_rows ingest.payloads)" 1
    ingest key add --client-key old --from 2024-02-01
    status_is 2
    says "old lacks the key that table public.stats has from 2024-01-08 on"
    ingest key list --client-key old
    is "${lines[2]##*public}" ".stats"
    [[ "${lines[2]}" == "2024-01-08"*"not in this file"* ]]
    # Another key from the same day, or the same from another: neither is it.
    key_file odd 1970-01-01 $ONE 2024-01-08 $TWO
    ingest --client-key odd log7
    status_is 2
    says "another client key"
    sed 's/2024-01-08/2024-01-09/' client.key >moved
    chmod 600 moved
    ingest --client-key moved log7
    status_is 2
    # Without a database at hand.
    (no_database; "$INGEST" key add --client-key client.key --from 2024-01-10 >said 2>&1)
    is "$(wc -l <client.key)" 3
    grep -q "no database is named" said
    ingest key list --client-key client.key
    [[ "${lines[3]}" == "2024-01-10"*"not noted by the database"* ]]
    ingest -n --client-key client.key log7
    status_is 0
    is "$(n_rows ingest.key_epochs)" 2
    ingest --client-key client.key log7
    status_is 0
    is "$(n_rows ingest.key_epochs)" 3
    # A file that was changed by hand, for days that are counted.
    { cat client.key; echo "2024-01-11 $TWO"; } >late
    chmod 600 late
    some 12 >log12
    ingest --client-key client.key log12
    status_is 0
    some 13 >log13
    ingest --client-key late log13
    status_is 2
    says "a key begins on 2024-01-11" "up to 2024-01-12"
    is "$(n_rows ingest.key_epochs)" 3
    is "$(n_rows stats "dldate = '2024-01-13'")" 0
}

@test "of several at once who begin a key, one does; a file that the first run notes, is noted once" {
    fresh
    key_file client.key 1970-01-01 $ONE
    for i in 1 2 3 4; do
        "$INGEST" key add --client-key client.key --from 2024-01-0$((i % 2 + 6)) >"out$i" 2>&1 &
    done
    ok=0
    for job in $(jobs -p); do
        wait "$job" && ok=$((ok + 1))
    done
    # 2024-01-07 may come behind 2024-01-06, but not the other way round, and no day twice.
    is "$(wc -l <client.key)" $((ok + 1))
    [ $ok -eq 1 ] || [ $ok -eq 2 ]
    for i in 1 2 3 4; do
        some "0$((i + 4))" >"log$i"
        "$INGEST" --client-key client.key "log$i" 2>"err$i" &
    done
    for job in $(jobs -p); do
        wait "$job" || { cat err?; false; }
    done
    is "$(n_rows ingest.key_epochs)" $((ok + 1))
    is "$(sql "SELECT count(DISTINCT hll_send(clients)) FROM stats WHERE version = '1.0.0'")" $((ok + 1))
}

@test "a key begins while a log of its days is read: nothing of the batch is counted, and then all of it under the new key" {
    fresh
    key_file client.key 1970-01-01 $ONE
    # More than what is looked at before the format is known; then the run has its key, and noted it.
    yes "$(line serde 1.0.0 05/Jan/2024 192.0.2.7)" | head -n 30000 >log
    mkfifo pipe
    "$INGEST" --client-key client.key - <pipe >out 2>&1 &
    exec 7>pipe
    cat log >&7
    for ((i = 0; i < 600; i++)); do
        [ "$(n_rows ingest.key_epochs)" -eq 0 ] || break
        sleep 0.1
    done
    is "$(n_rows ingest.key_epochs)" 1
    "$INGEST" key add -q --client-key client.key --from 2024-01-05
    exec 7>&-
    wait $! && false
    grep -q "a new client key began" out
    is "$(n_rows ingest.payloads) $(n_rows stats)" "0 0"
    ingest --client-key client.key log
    status_is 0
    is "$(sql "SELECT count, hll_cardinality(clients) FROM stats WHERE version IS NULL")" "30000|1"
    is "$(n_rows ingest.key_epochs)" 2
}

@test "killed between the file and the database, or in the middle of the file: said again it is whole, and no key lies about" {
    begun
    printf '1970-01-01 %s\n' $ONE >client.key.unfinished # by whoever was killed before the new file had its name
    (no_database; "$INGEST" key add -q --client-key client.key --from 2024-01-07)
    [ ! -e client.key.unfinished ]
    is "$(key_of 07)" "$(key_of 06)" # of the file alone
    cp client.key before
    ingest key add --client-key client.key --from 2024-01-07
    status_is 0
    is "$output" "a new key begins on 2024-01-07, in 1 table"
    same_file client.key before
    [ "$(key_of 07)" != "$(key_of 06)" ]
    ingest key add --client-key client.key --from 2024-01-07
    status_is 2
    says "begins on 2024-01-07" "behind all others"
    key_file client.key.unfinished 1970-01-01 $ONE
    ingest key drop --client-key client.key --before 2024-01-07 --yes
    status_is 0
    is "$(echo client.key*)" client.key
    # Days that others have counted meanwhile, under the key before it, keep that.
    fresh _again
    key_file client.key 1970-01-01 $ONE
    some 05 06 >log56
    ingest --client-key client.key log56
    key_file client.key 1970-01-01 $ONE 2024-01-06 $TWO
    ingest key add --client-key client.key --from 2024-01-06
    status_is 2
    says "up to 2024-01-06 already" "first day that is possible is 2024-01-07"
}

@test "the last day of the calendar is one like the others: no key begins before it, and it is counted again" {
    begun
    { line last 1.0.0 31/Dec/9999 192.0.2.1; line last 1.0.0 05/Jan/2024 192.0.2.1; } >last
    ingest --client-key client.key last
    status_is 0
    ingest key add --client-key client.key --from 2025-01-01
    status_is 2
    says "up to 9999-12-31 already" "ingest retract"
    ingest retract --client-key client.key last log56
    status_is 0
    is "$(n_rows stats "name = 'last'")" 0
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 6
    audit
    ingest key add --client-key client.key --from 2025-01-01
    status_is 0
}

@test "who only looks notes no key, and may look where nothing can be written" {
    local PGOPTIONS

    begun
    key_file more 1970-01-01 $ONE 2024-01-07 $TWO
    ingest retract --diff --client-key more log56
    status_is 1
    is "$(n_rows ingest.key_epochs)" 1
    PGOPTIONS='-c default_transaction_read_only=on' ingest key list --client-key more
    status_is 0
    [[ "${lines[2]}" == "2024-01-07"*"not noted by the database"* ]]
    PGOPTIONS='-c default_transaction_read_only=on' ingest key add --client-key more --from 2024-01-09
    status_is 3
    says "read-only"
    is "$(wc -l <more)" 2
}

@test "a key is destroyed: it leaves the file and every name of it, rows stay, and no host uses it again" {
    begun
    "$INGEST" key add -q --client-key client.key --from 2024-01-07
    some 07 >log7
    ingest --client-key client.key log7
    cp -p client.key elsewhere
    ln client.key hard
    sql "SELECT * FROM stats ORDER BY dldate, version" >rows
    # Not without a word, not the last, not within one.
    ingest key drop --client-key client.key --before 2024-01-07 </dev/null
    status_is 2
    says "--yes"
    ingest key drop --yes --client-key client.key --before 2024-01-06
    status_is 2
    says "keys begin on 2024-01-07"
    ingest key drop --yes --client-key client.key
    status_is 2
    same_file client.key elsewhere
    key_file tomorrow 1970-01-01 $ONE 9999-01-01 $TWO
    (no_database; "$INGEST" key drop --yes --client-key tomorrow --before 9999-01-01 2>&1 || true) | grep -q "yet to come"
    grep -q $ONE tomorrow
    is "$(n_rows ingest.key_epochs "dropped_at IS NOT NULL")" 0
    ingest key drop --yes --client-key client.key --before 2024-01-07
    status_is 0
    [[ "$output" == "1 key is destroyed; of days before 2024-01-07"* ]]
    is "$(grep -c $ONE client.key hard)" "$(printf 'client.key:0\nhard:0')"
    grep -qE '^1970-01-01 dropped [0-9a-f]{16} *$' client.key
    is "$(n_rows ingest.key_epochs "dropped_at IS NOT NULL")" 1
    same_file rows <(sql "SELECT * FROM stats ORDER BY dldate, version")
    is "$(sql "SELECT clients FROM clients_between('serde', '2024-01-01', '2024-01-07')")" 3
    # Once more is no harm.
    cp -p client.key before
    ingest key drop --yes -q --client-key client.key --before 2024-01-07
    status_is 0
    same_file client.key before
    # What is known is known, also when it has to be read for that.
    gzip -c log56 >again.gz
    ingest --client-key client.key log56 again.gz
    status_is 0
    # Late logs of these days, here and on a host that still has the key.
    some 04 08 >late
    for file in client.key elsewhere; do
        ingest --client-key $file --json late
        status_is 1
        says "late: cannot count this input" "the client key of 2024-01-04 is destroyed"
        is "$(summary 's["files"]["refused"]')" 1
    done
    PGDATABASE=nothing run "$INGEST" --client-key client.key -o out late
    is "$status" 1
    is "$(n_rows stats "dldate IN ('2024-01-04', '2024-01-08')")" 0
    for command in verify recount; do
        ingest $command --client-key client.key --since 2024-01-05 --until 2024-01-06 log56
        status_is 1
        says "is destroyed"
    done
    same_file rows <(sql "SELECT * FROM stats ORDER BY dldate, version")
    # The ways out: later days alone; without clients; its counts are taken off again.
    printf '[rules nobody]\nbase = default\nclient = none\n' >nobody.ini
    ingest --client-key client.key -c nobody.ini --rules nobody late
    status_is 0
    is "$(sql "SELECT dldate, count, hll_cardinality(clients) FROM stats WHERE version IS NULL AND dldate IN ('2024-01-04', '2024-01-08') ORDER BY 1")" \
        "$(printf '2024-01-04|3|0\n2024-01-08|3|0')"
    some 03 09 | sed s/serde/rand/g >later
    ingest --client-key client.key --since 2024-01-09 later
    status_is 0
    is "$(sql "SELECT dldate, hll_cardinality(clients) FROM stats WHERE name = 'rand' AND version IS NULL")" "2024-01-09|3"
    ingest --client-key client.key retract log56
    status_is 0
    is "$(n_rows stats "dldate IN ('2024-01-05', '2024-01-06')")" 0
    ingest key list --client-key elsewhere
    [[ "${lines[1]}" == "all before"*"destroyed, still in this file"* ]]
    ingest status --doctor --client-key elsewhere
    [[ "$output" == *"elsewhere still holds the key from the beginning on, which is destroyed"* ]]
    ingest key drop --yes --client-key elsewhere --before 2024-01-07 # also of one that was killed half-way
    status_is 0
    same_file client.key elsewhere
}

@test "on a terminal it asks, and only yes is yes" {
    key_file client.key 1970-01-01 $ONE 2024-01-07 $TWO
    no_database
    cat >ask.py <<'PYTHON'
import os, pty, subprocess, sys
master, slave = pty.openpty()
program = subprocess.Popen(sys.argv[2:], stdin=slave, stdout=subprocess.DEVNULL, stderr=slave)
os.close(slave)
said = b""
while b"Type yes: " not in said:
    said += os.read(master, 4096)
os.write(master, sys.argv[1].encode() + b"\n")
try:
    while os.read(master, 4096):
        pass
except OSError:
    pass
sys.exit(program.wait())
PYTHON
    for answer in no y "" yesyesyesyes; do
        run timeout 60 python3 ask.py "$answer" "$INGEST" key drop --client-key client.key --before 2024-01-07
        is "$status" 2
    done
    grep -q $ONE client.key
    printf '[ingest]\nyes = true\n' >always.ini
    ingest key drop -c always.ini --client-key client.key --before 2024-01-07 </dev/null
    status_is 2
    timeout 60 python3 ask.py yes "$INGEST" key drop --client-key client.key --before 2024-01-07
    is "$(grep -c $ONE client.key)" 0
    for ((i = 1970; i < 2034; i++)); do
        echo "$i-01-01 $ONE"
    done >many
    chmod 600 many
    ingest key add --client-key many --from 2040-01-01
    status_is 2
    says "64 keys"
    is "$(wc -l <many)" 64
}

@test "an older ledger, an older program, a role without the right: counting goes on, and a second key says what to type" {
    fresh
    key_file client.key 1970-01-01 $ONE
    key_file two 1970-01-01 $ONE 2024-01-07 $TWO
    some 05 >log5
    some 06 >log6
    some 08 >log8
    sql "ALTER TABLE ingest.payloads DROP COLUMN witness; DROP FUNCTION ingest.key_epoch; DROP TABLE ingest.key_epochs CASCADE;
         DELETE FROM ingest.migrations WHERE file = '1795740000-epochs'"
    ingest --client-key client.key log5
    status_is 0
    for words in "key add --from 2024-02-01" "key list"; do
        # shellcheck disable=SC2086
        ingest $words --client-key client.key
        status_is 3
        says "ingest migrate up ledger"
    done
    ingest --client-key two log8
    status_is 3
    says "ingest migrate up ledger"
    "$INGEST" -q migrate up ledger
    is "$(sql "SELECT from_day, key_id = (SELECT value FROM ingest.settings WHERE key = 'key_id:public.stats') FROM ingest.key_epochs")" "-infinity|t"
    is "$(n_rows ingest.payloads "length(witness) = 8")" 1
    ingest --client-key client.key log6
    status_is 0
    is "$(sql "SELECT count(DISTINCT witness) FROM ingest.payloads WHERE witness IS NOT NULL")" 1
    # A program that knows no epochs has begun the table.
    sql "DELETE FROM ingest.key_epochs"
    ingest --client-key two log8
    status_is 0
    is "$(n_rows ingest.key_epochs)" 2
    # A file of several keys, when files had them already and the last one's id stood for all.
    sql "UPDATE ingest.settings SET value = decode('$(key_of 08)', 'hex') WHERE key = 'key_id:public.stats'; DELETE FROM ingest.key_epochs"
    some 09 >log9
    ingest --client-key two log9
    status_is 0
    is "$(n_rows ingest.key_epochs)" 2
    [ "$(key_of 06)" != "$(key_of 07)" ]
    sql "CREATE ROLE key_counter LOGIN; GRANT USAGE ON SCHEMA ingest TO key_counter; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest TO key_counter;
         GRANT SELECT, INSERT, UPDATE ON stats TO key_counter; REVOKE ALL ON ingest.key_epochs FROM key_counter; DELETE FROM ingest.key_epochs;
         UPDATE ingest.settings SET value = '\x$(key_file only 1970-01-01 $ONE; no_database; "$INGEST" key list --client-key only --json | sed 's/.*key_id":"//; s/".*//')' WHERE key = 'key_id:public.stats'"
    some 10 >log10
    PGUSER=key_counter ingest --client-key client.key log10
    status_is 0
    PGUSER=key_counter ingest --client-key two log8 log9
    status_is 0
    some 11 >log11
    PGUSER=key_counter ingest --client-key two log11
    status_is 3
    says "GRANT SELECT, INSERT, UPDATE ON ingest.key_epochs"
    sql "DROP OWNED BY key_counter; DROP ROLE key_counter"
}

@test "a ledger without its secret, or with another one, is refused by all who ask it, and nothing is counted" {
    begun
    some 07 >log7
    sql "CREATE TABLE kept AS SELECT * FROM ingest.settings"
    for way in "DELETE FROM ingest.settings WHERE key = 'block_secret'" \
        "UPDATE ingest.settings SET value = (SELECT string_agg(sha256(g::text::bytea), '') FROM generate_series(1, 6) g) WHERE key = 'block_secret'" \
        "DROP TABLE ingest.settings"; do
        sql "$way"
        commands=("log7" "-n log7" "known log56" "verify --since 2024-01-05 --until 2024-01-06 log56" "key list")
        [[ "$way" == DELETE* ]] || commands=("log7")
        for words in "${commands[@]}"; do
            # shellcheck disable=SC2086
            ingest --client-key client.key $words
            status_is 3
            says "secret" "docs/KEYS.md" "from one backup"
        done
        ingest status --doctor
        [[ "$output" == *"finding: ledger: cannot use the ledger: it"*"secret"* || "$way" == DROP* ]]
        is "$(n_rows ingest.payloads)" 1
        is "$(n_rows stats "dldate = '2024-01-07'")" 0
        sql "CREATE TABLE IF NOT EXISTS ingest.settings (LIKE kept); DELETE FROM ingest.settings; INSERT INTO ingest.settings SELECT * FROM kept"
    done
    sql "ALTER TABLE ingest.settings ADD PRIMARY KEY (key)"
    ingest --client-key client.key log56
    status_is 0
    is "$(n_rows ingest.payloads)" 1
    # A dump of all is a ledger like the first; the payloads of another beside it are not.
    "$PG_BIN/pg_dump" -Fc -f all.dump
    before=$PGDATABASE
    fresh _2
    sql "UPDATE ingest.settings SET value = (SELECT string_agg(sha256(g::text::bytea), '') FROM generate_series(2, 7) g) WHERE key = 'block_secret'"
    ingest --client-key client.key log56
    status_is 0
    "$PG_BIN/psql" -Xq -d "$before" -c "COPY (SELECT scope, dataset, hash, length, head, integrity, format, rules_id, lines_read, lines_counted, records_read, records_counted, witness FROM ingest.payloads) TO STDOUT" |
        "$PG_BIN/psql" -Xq -c "COPY ingest.payloads (scope, dataset, hash, length, head, integrity, format, rules_id, lines_read, lines_counted, records_read, records_counted, witness) FROM STDIN"
    ingest --client-key client.key log7
    status_is 3
    says "another secret"
    PGDATABASE=postgres sql "CREATE DATABASE key_restored"
    "$PG_BIN/pg_restore" -d key_restored all.dump
    PGDATABASE=key_restored ingest --json --client-key client.key log56
    status_is 0
    is "$(summary 's["files"]["known"]')" 1
    PGDATABASE=postgres sql "DROP DATABASE key_restored"
}

@test "the secret is lost for ever: the ledger is emptied, the logs are claimed, and nothing is doubled" {
    begun
    sql "SELECT * FROM stats ORDER BY dldate, version" >rows
    sql "DROP TABLE ingest.settings CASCADE; CREATE TABLE ingest.settings (key text PRIMARY KEY, value bytea NOT NULL, set_at timestamptz NOT NULL DEFAULT now());
         TRUNCATE ingest.payloads CASCADE"
    key_file other 1970-01-01 $TWO
    some 07 >log7
    ingest --client-key other log7 # the fingerprints of keys are not lost
    status_is 2
    is "$(n_rows ingest.payloads)" 0
    ingest --client-key client.key adopt log56
    status_is 0
    gzip -c log56 >log56.gz
    ingest --client-key client.key log56.gz log7
    status_is 0
    same_file rows <(sql "SELECT * FROM stats WHERE dldate < '2024-01-07' ORDER BY dldate, version")
    is "$(sql "SELECT sum(count) FROM stats WHERE version IS NULL")" 9
    audit
}

@test "before a switch there is no key file: key add makes it, and nobody unites the old program's sketches with ours" {
    fresh
    rm -f "$HOME/.config/ingest/client.key"
    sql "INSERT INTO stats SELECT 'serde', v, '2024-01-07', 1, 100, hll_add(hll_empty(), hll_hash_text('x')) FROM unnest(ARRAY[NULL, '1.0.0']) v"
    ingest key add --from 2024-01-08
    status_is 0
    is "$output" "a new key begins on 2024-01-08; no table counts clients yet: the first run that does notes it"
    is "$(stat -c %a "$HOME/.config/ingest/client.key")" 600
    is "$(grep -c . "$HOME/.config/ingest/client.key")" 2
    { line serde 1.0.0 07/Jan/2024; line serde 1.0.0 08/Jan/2024; } >log
    ingest adopt --until 2024-01-08 log
    status_is 0
    is "$(sql "SELECT count, clients, clients_are FROM top_downloads('2024-01-01', '2024-02-01', 1)")" "2||two keys"
    # Without a database nothing says whether another host has the key.
    rm "$HOME/.config/ingest/client.key"
    no_database
    ingest key add --from 2024-01-08
    status_is 2
}
