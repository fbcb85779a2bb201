#!/usr/bin/env bats
# shellcheck disable=SC2154
# `ingest status --doctor` on servers, roles and hosts that are well and that are not.
load lib

setup_file() {
    make_template
    # What tests/pg/server turns off, because its data may be lost.
    PGDATABASE=postgres sql "ALTER SYSTEM SET fsync = on"
    PGDATABASE=postgres sql "ALTER SYSTEM SET full_page_writes = on"
    PGDATABASE=postgres sql "ALTER SYSTEM SET synchronous_commit = on"
    PGDATABASE=postgres sql "SELECT pg_reload_conf()"
}

doctor() {
    run --separate-stderr "$INGEST" status --doctor "$@"
}

# A line that begins with WORD holds all the others.
tells() {
    local words line found

    for words in "${@:2}"; do
        found=
        while IFS= read -r line; do
            [[ "$line" == "$1: "*"$words"* ]] && found=1
        done <<<"$output"
        [ -n "$found" ] || { echo "not told as $1: $words"; echo "$output"; return 1; }
    done
}

n_findings() {
    grep -c '^finding: ' <<<"$output" || true
}

# As setup_file's settings are taken up by each process in its time.
reloaded() {
    local tries=100

    until [ "$(PGDATABASE=postgres sql "SHOW $1")" = "$2" ]; do
        ((tries-- > 0)) || return 1
        sleep 0.05
    done
}

@test "all is well: no finding, and what was looked at" {
    reloaded fsync on
    fresh
    doctor
    status_is 0
    silent
    is "$(n_findings)" 0
    tells ok "server: PostgreSQL " "encoding UTF8, database t1" "connection: a socket of this host" "clock: host and server agree" \
        "hll: version " "its sketches are ours byte for byte" "migrations: those of the sets that are here are applied" \
        "rights: the role may write the ledger" "rights: the role may count into public.stats" "rights: the role may count into public.dataselect_stats"
    tells note "it is a superuser"
    doctor -q
    is "$output" ""
    doctor --json
    is "$(summary 's["findings"], sorted({l["check"] for l in s["lines"]} & {"server", "hll", "rights", "clock", "disk", "host"})')" \
        "(0, ['clock', 'disk', 'hll', 'host', 'rights', 'server'])"
}

@test "settings that lose data, of the server; and those that a role or a database brings along" {
    fresh
    sql "ALTER SYSTEM SET fsync = off"
    sql "ALTER SYSTEM SET full_page_writes = off"
    sql "SELECT pg_reload_conf()"
    reloaded fsync off
    reloaded full_page_writes off
    doctor
    sql "ALTER SYSTEM SET fsync = on"
    sql "ALTER SYSTEM SET full_page_writes = on"
    sql "SELECT pg_reload_conf()"
    status_is 1
    is "$(n_findings)" 2
    tells finding "server: fsync is off; a crash of the machine may lose" "server: full_page_writes is off"
    [[ "$output" == *"2 findings" ]]
    reloaded fsync on

    sql "ALTER DATABASE $PGDATABASE SET default_transaction_isolation = 'serializable'"
    sql "ALTER DATABASE $PGDATABASE SET statement_timeout = '1s'"
    sql "ALTER DATABASE $PGDATABASE SET idle_in_transaction_session_timeout = '1s'"
    sql "ALTER DATABASE $PGDATABASE SET search_path = 'elsewhere'"
    sql "ALTER DATABASE $PGDATABASE SET work_mem = '64kB'"
    sql "ALTER DATABASE $PGDATABASE SET synchronous_commit = off"
    doctor
    status_is 0
    tells note "default_transaction_isolation is serializable (of the database)" "statement_timeout is 1000; ingest sets none" \
        "search_path is elsewhere (of the database)" "the database sets work_mem=64kB" "synchronous_commit is off (of the database)" \
        "idle_in_transaction_session_timeout is 1000;"
    sql "ALTER DATABASE $PGDATABASE SET session_replication_role = replica"
    sql "ALTER DATABASE $PGDATABASE SET default_transaction_read_only = on"
    doctor
    status_is 1
    tells finding "default_transaction_read_only is on; nothing can be counted" "session_replication_role is replica (of the database)"
}

@test "migrations that are missing, changed, or newer than the program; no ledger at all; no hll" {
    fresh
    sql "DROP TABLE ingest.unresolved CASCADE; DELETE FROM ingest.migrations WHERE file LIKE '%unresolved'"
    sql "UPDATE ingest.migrations SET checksum = 'x' WHERE file LIKE '%-stats'; INSERT INTO ingest.migrations (set, file, checksum) VALUES ('ledger', '9999999999-later', 'y')"
    doctor
    status_is 1
    tells finding "migrations: ledger/1795400050-unresolved is not applied; ingest migrate up" "ledger/9999999999-later is newer than this program" \
        "stats/1763700100-stats was applied as another text"
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS doctor_bare"
    PGDATABASE=postgres sql "CREATE DATABASE doctor_bare TEMPLATE template0"
    PGDATABASE=doctor_bare doctor
    status_is 1
    is "$(n_findings)" 1
    tells finding "rights: there is no ledger (schema ingest); ingest migrate up"
    tells note "hll: the extension is not in this database"
}

@test "a role that may too little: which right, and the GRANT" {
    fresh
    sql "DROP ROLE IF EXISTS counter; CREATE ROLE counter LOGIN; GRANT USAGE ON SCHEMA ingest TO counter;
         GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ingest TO counter; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO counter"
    PGUSER=counter doctor
    status_is 0
    [[ "$output" != *"more than counting takes"* ]]
    sql "REVOKE INSERT ON ingest.payloads FROM counter; REVOKE UPDATE ON stats FROM counter; REVOKE SELECT ON ingest.refusals FROM counter;
         GRANT DELETE ON ingest.payload_days TO counter"
    PGUSER=counter doctor
    status_is 1
    is "$(n_findings)" 2
    tells finding 'rights: the role counter lacks INSERT on ingest.payloads; as the owner: GRANT INSERT ON ingest.payloads TO "counter";' \
        "the role counter lacks UPDATE on public.stats; as the owner: GRANT UPDATE ON public.stats TO counter;"
    tells note "the role counter lacks SELECT on ingest.refusals" "it may delete from the ledger"
    sql "DROP OWNED BY counter; DROP ROLE counter"
}

@test "a schema in which everybody may create: what strangers define there is run" {
    fresh
    doctor
    status_is 0
    tells ok "rights: no schema of the search path is open to every user"
    sql "GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE SCHEMA \"o pen\"; GRANT CREATE ON SCHEMA \"o pen\" TO PUBLIC"
    doctor
    status_is 1
    is "$(n_findings)" 1
    tells finding "rights: every user of the database may create in the schema public"
    [[ "$output" == *"REVOKE CREATE ON SCHEMA public FROM PUBLIC;"* ]]
    # That this is no idle fear: made for just these types, it is taken for the server's own.
    sql "CREATE FUNCTION public.date_trunc(text, date) RETURNS timestamptz LANGUAGE plpgsql AS \$\$ BEGIN RAISE 'trapped'; END \$\$"
    "$INGEST" -q --client-key none "$LOGS/logs/combined-crates-mirror.log.gz"
    run "$INGEST" status --audit
    [[ "$output" == *trapped* ]]
    # Off the search path it is nobody's business; first on it, it is told, and quoted.
    sql "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    doctor
    status_is 0
    PGOPTIONS='-c search_path="o\ pen",public' doctor
    status_is 1
    [[ "$output" == *'REVOKE CREATE ON SCHEMA "o pen" FROM PUBLIC;'* ]]
}

@test "a database that cannot be reached or used: the host is looked at all the same" {
    PGHOST=$PWD doctor
    status_is 3
    tells ok "host: " "disk: "
    tells finding "database: cannot connect to the database"
    PGHOST=$PWD doctor --json
    status_is 3
    is "$(summary 's["findings"], s["lines"][-1]["check"]')" "(1, 'database')"
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS doctor_latin"
    PGDATABASE=postgres sql "CREATE DATABASE doctor_latin TEMPLATE template0 ENCODING LATIN1"
    PGDATABASE=doctor_latin doctor
    status_is 3
    tells finding "database: cannot use this database: its encoding is LATIN1, not UTF8; createdb --encoding UTF8"
    unset PGHOST PGDATABASE PGPORT
    doctor
    status_is 2
    says "no database is named"
}

@test "files of this host: keys, tokens, configuration; nothing of them is shown" {
    fresh
    mkdir -p "$HOME/.config/ingest"
    echo "1970-01-01 00112233445566778899aabbccddeeff" >"$HOME/.config/ingest/client.key"
    chmod 600 "$HOME/.config/ingest/client.key"
    echo "not-a-token-but-a-secret" >token
    chmod 600 token
    printf '[ingest]\ndatabase = postgresql://%s:hunter2@/%s\n' "$PGUSER" "$PGDATABASE" >"$HOME/.config/ingest/ingest.ini"
    chmod 600 "$HOME/.config/ingest/ingest.ini"
    doctor --token-file token
    status_is 0
    tells ok "client key: $HOME/.config/ingest/client.key can be read by this user alone" "token: there is one" \
        "configuration: $HOME/.config/ingest/ingest.ini can be written by its owner alone"
    chmod 644 "$HOME/.config/ingest/client.key" token "$HOME/.config/ingest/ingest.ini"
    doctor --token-file token
    status_is 1
    is "$(n_findings)" 3
    tells finding "client key: $HOME/.config/ingest/client.key: cannot use the client key" "token: token: cannot use the token: its mode is 0644" \
        "ingest.ini holds a password and can be read by others (mode 0644)"
    for secret in 00112233 not-a-token hunter2; do
        [[ "$output${stderr:-}" != *"$secret"* ]]
    done
    chmod 666 "$HOME/.config/ingest/ingest.ini"
    doctor --client-key none
    tells finding "ingest.ini can be written by others (mode 0666)"
    tells note "client key: none is used"
    doctor --client-key nowhere.key
    status_is 1
    tells finding "client key: nowhere.key: cannot use the client key"
}

@test "this host: no room for temporary files, few files at a time" {
    fresh
    TMPDIR=$PWD/nowhere doctor
    status_is 1
    tells finding "disk: no temporary file can be made in $PWD/nowhere"
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit -n 40; "$INGEST" status --doctor'
    status_is 1
    tells finding "host: a process may open 40 files"
}

@test "a standby: it is named, and looked at as far as it lets" {
    dir=$(mktemp -d /tmp/ingest-standby.XXXXXX)
    as() { "$@"; }
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres "$dir"
        as() { setpriv --reuid=postgres --regid=postgres --init-groups env -u XDG_RUNTIME_DIR HOME=/ "$@"; }
    fi
    stop_it() {
        (cd / && as "$PG_BIN/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1) || true
        rm -rf "$dir"
    }
    cd /
    as "$PG_BIN/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C -N >"$BATS_TEST_TMPDIR/initdb" 2>&1
    as touch "$dir/data/standby.signal"
    as tee "$dir/data/postgresql.auto.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
shared_buffers = 16MB
fsync = off
CONF
    as "$PG_BIN/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start >/dev/null 2>&1 3>&- || { cat "$dir/log"; stop_it; return 1; }
    PGHOST=$dir PGDATABASE=postgres doctor
    stop_it
    status_is 1
    tells finding "server: it is a standby, or recovers: nothing can be counted into it" "server: fsync is off" "there is no ledger"
}

@test "a pooler in between is told apart by how it lends" {
    command -v pgbouncer >/dev/null || PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null || skip "no pgbouncer"
    fresh
    user=$(id -un)
    dir=$(mktemp -d /tmp/ingest-pooler.XXXXXX)
    [ "$user" != root ] || { user=postgres; chown postgres "$dir"; }
    for mode in session transaction one; do
        size=4
        told="a pooler lends servers by the $mode"
        # It lets clients wait for minutes; the visit does not.
        [ "$mode" != one ] || { size=1 told="a pooler had no two more servers to lend"; }
        cat >"$dir/ini" <<INI
[databases]
* = host=$PGHOST port=$PGPORT user=postgres
[pgbouncer]
listen_port = 6432
unix_socket_dir = $dir
auth_type = any
pool_mode = ${mode/one/transaction}
default_pool_size = $size
ignore_startup_parameters = extra_float_digits
INI
        if [ "$(id -un)" = root ]; then
            setpriv --reuid=postgres --regid=postgres --init-groups /usr/sbin/pgbouncer -q "$dir/ini" >/dev/null 2>&1 3>&- &
        else
            pgbouncer -q "$dir/ini" >/dev/null 2>&1 3>&- &
        fi
        pooler=$!
        for ((i = 0; i < 100; i++)); do
            [ -S "$dir/.s.PGSQL.6432" ] && break
            sleep 0.05
        done
        PGHOST=$dir PGPORT=6432 doctor
        kill "$pooler"
        wait "$pooler" || true
        [[ "$status" -eq 0 && "$output" == *"$told"* ]] || { echo "$output"; rm -rf "$dir"; return 1; }
    done
    rm -rf "$dir"
}
