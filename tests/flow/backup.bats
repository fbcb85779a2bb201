#!/usr/bin/env bats
# Backups: what is in them, that they can be restored, and that the check sees when they cannot.
# shellcheck disable=SC1083,SC2012,SC2016,SC2030,SC2031,SC2093,SC2154
load lib

setup_file() {
    make_template
    PGDATABASE=$TEMPLATE "$INGEST" -q migrate up seventv
}

backup() {
    run --separate-stderr "$INGEST" backup "$@"
}

# A database with a little of everything; the name of its backup is $dump.
filled() {
    fresh
    lines 40 >log
    count log "$LOGS"/logs/fdsnws*.gz
    sql "INSERT INTO seventv.emote_stats VALUES (gen_random_uuid(), '2024-01-05', 7), (gen_random_uuid(), '2024-01-06', -1)"
}

written() {
    backup "$@"
    status_is 0
    dump=$output
}

# gone WHERE: such sessions have ended
gone() {
    for _ in $(seq 600); do
        [ "$(n_rows pg_stat_activity "$1")" != 0 ] || return 0
        sleep 0.02
    done
    return 1
}

# past DAY: $dump was made then; one second has one name
past() {
    for suffix in dump manifest; do mv "${dump%.dump}.$suffix" "out/ingest-${1}T000000Z.$suffix"; done
    dump=out/ingest-${1}T000000Z.dump
}

# absent GREP-ARGUMENTS: nothing of that is there
absent() {
    if grep "$@"; then
        return 1
    fi
}

no_throwaways() {
    is "$(sql "SELECT count(*) FROM pg_database WHERE datname LIKE 'ingest_check%'")" 0
}

@test "a backup is dated, for its owner alone, and restores to the same rows and sketches" {
    filled
    written out/
    silent
    [[ "$dump" =~ ^out//?ingest-20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z\.dump$ ]]
    is "$(stat -c %a out "$dump" "${dump%.dump}.manifest" | tr '\n' ' ')" "700 600 600 "
    is "$(find out -type f | wc -l)" 2
    grep -qP '^table\t41\t' "${dump%.dump}.manifest" # 40 versions and their total
    backup --check "$dump" -v
    status_is 0
    says "same     public.stats: 41 rows" "same     ingest.payloads: " "same     public.dataselect_stats: " \
        "same     seventv.emote_stats: 2 rows" "same     seventv.cron_jobs: 2 rows"
    [[ "$output" == "$dump: "*" rows, restored the same" ]]
    no_throwaways
}

@test "restored by hand it is a database to go on with: what was counted is known" {
    filled
    written out
    sql "SELECT name, version, dldate, count, bytes, hll_send(clients) FROM stats ORDER BY 1, 2, 3" >before
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS again"
    PGDATABASE=postgres sql "CREATE DATABASE again"
    "$PG_BIN/pg_restore" --clean --if-exists --exit-on-error -d again "$dump"
    export PGDATABASE=again
    sql "SELECT name, version, dldate, count, bytes, hll_send(clients) FROM stats ORDER BY 1, 2, 3" >after
    same_file before after
    count --json log
    is "$(summary 's["files"]["known"]')" 1
    lines 50 hyper >later
    count later
    status_is 0
    "$INGEST" -q migrate up ledger stats eida seventv
    is "$("$INGEST" migrate status | grep -c pending)" "$("$INGEST" migrate status | grep pending | grep -vcE '(ledger|stats|eida|seventv)/')"
}

@test "an application's tables are neither read nor in the dump; what ours refer to is" {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS live_backup"
    PGDATABASE=postgres sql "CREATE DATABASE live_backup"
    export PGDATABASE=live_backup
    sql "DROP OWNED BY keeper" 2>/dev/null || true
    sql "DROP ROLE IF EXISTS keeper" && sql "CREATE ROLE keeper LOGIN"
    sql "\\i $ROOT/tests/live/seventv.sql"
    sql 'CREATE TABLE "Emotes ""x"".*" (id uuid PRIMARY KEY, owner int);
         CREATE TABLE sessions (id serial PRIMARY KEY, secret text);
         INSERT INTO sessions (secret) VALUES ($$top-secret$$);
         CREATE VIEW overview AS SELECT * FROM sessions;
         CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
         CREATE TRIGGER touched BEFORE INSERT ON emote_stats FOR EACH ROW EXECUTE FUNCTION touch();
         ALTER TABLE emote_stats ADD FOREIGN KEY (emote_id) REFERENCES "Emotes ""x"".*";
         INSERT INTO "Emotes ""x"".*" SELECT gen_random_uuid(), i FROM generate_series(1, 9) i;
         INSERT INTO emote_stats SELECT id, $$2024-01-05$$, owner FROM "Emotes ""x"".*"'
    "$INGEST" -q migrate up ledger
    # Each right in its turn, and the sentence without it.
    grants=("USAGE ON SCHEMA ingest" "SELECT ON ALL TABLES IN SCHEMA ingest" "SELECT ON emote_stats" 'SELECT ON "Emotes ""x"".*"'
        "SELECT ON ALL SEQUENCES IN SCHEMA ingest")
    for grant in "${grants[@]}"; do
        PGUSER=keeper backup out
        status_is 3
        says "permission denied for "
        is "$(ls -A out 2>/dev/null | wc -l)" 0
        sql "GRANT $grant TO keeper"
    done
    PGUSER=keeper written out
    absent -a "top-secret" "$dump"
    "$PG_BIN/pg_restore" -l "$dump" >list
    absent -E "sessions|overview" list
    grep -q 'TABLE DATA public Emotes "x"' list
    grep -q "TRIGGER public emote_stats touched" list
    backup --check "$dump" -v
    status_is 0
    says "same     public.emote_stats: 9 rows" 'same     public.Emotes "x".*: 9 rows'
    [[ "$stderr" != *error* ]]
    sql "DROP OWNED BY keeper" && sql "DROP ROLE keeper"
    no_throwaways
}

@test "a backup taken while rows come in is of one moment" {
    filled
    (for i in $(seq 60); do echo "INSERT INTO seventv.emote_stats VALUES (gen_random_uuid(), '2024-01-05', $i);
        UPDATE seventv.cron_jobs SET tags = tags || '$i'::text;"; done | "$PG_BIN/psql" -Xq) &
    written out
    wait
    backup --check "$dump"
    status_is 0
}

@test "damage is seen: in the dump, in the manifest, in what is restored" {
    filled
    written out
    manifest=${dump%.dump}.manifest
    cp "$dump" good.dump && cp "$manifest" good.manifest

    python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(-40, 2); b = f.read(1); f.seek(-40, 2); f.write(bytes([b[0] ^ 1]))' "$dump"
    backup --check "$dump"
    status_is 1
    says "its SHA-256 is another"
    head -c 1000 good.dump >"$dump"
    backup --check "$dump"
    status_is 1
    says "here are 1000"
    cp good.dump "$dump"

    for edit in '1s/1$/2/' 's/^table\t41/table\t4x/' 's/^dump\t.*/dump\t1/' '/^dump/d' 's/^\(table\t[^\t]*\)\t.*/\1/'; do
        sed "$edit" good.manifest >"$manifest"
        backup --check "$dump"
        status_is 1
        says "cannot read the manifest"
    done
    rm "$manifest"
    backup --check "$dump"
    status_is 1
    says ".manifest: cannot read the manifest" "No such file"

    sed 's/^table\t41\t/table\t42\t/' good.manifest >"$manifest"
    backup --check "$dump"
    status_is 1
    says "public.stats: had 42 rows, and 41 are restored"
    [[ "$output" == *" tables, "*" rows, 1 tables different" ]]
    sed 's/^\(table\t2\t-\?\)/\19/' good.manifest >"$manifest"
    backup --check "$dump"
    status_is 1
    says "seventv.emote_stats: has 2 rows as before, and not the same"
    { cat good.manifest; printf 'table\t3\t0\t0\tpublic\tgone\n'; printf 'table\t0\t0\t0\tx"; DROP TABLE y; --\tz\n'; } >"$manifest"
    backup --check "$dump"
    status_is 1
    says "public.gone: had 3 rows, and is not restored" 'x"; DROP TABLE y; --.z: had 0 rows, and is not restored'

    # A file that pg_restore cannot read at all, though it is the one that was written.
    head -c 100 good.dump >"$dump"
    sed "s/^dump\t.*/dump\t100\t$(sha256sum <"$dump" | cut -d' ' -f1)/" good.manifest >"$manifest"
    backup --check "$dump"
    status_is 1
    says "pg_restore: error: " "public.stats: had 41 rows, and is not restored"
    no_throwaways
}

@test "one changed value among many is seen" {
    filled
    sql "INSERT INTO seventv.emote_stats SELECT gen_random_uuid(), '2024-02-01', i FROM generate_series(1, 500) i"
    written out
    is "$(grep -cP '^table\t502\t' "${dump%.dump}.manifest")" 1
    sql "UPDATE seventv.emote_stats SET count = count + 1 WHERE date = '2024-02-01' AND count = 77"
    past 2020-01-01
    first=$dump
    written out
    cp "${first%.dump}.manifest" swapped && line=$(grep '^dump' "${dump%.dump}.manifest")
    sed "s/^dump.*/$line/" swapped >"${dump%.dump}.manifest"
    backup --check "$dump"
    status_is 1
    says "seventv.emote_stats: has 502 rows as before, and not the same"
}

@test "kept for ever; --keep N keeps the newest of this database and touches nothing else" {
    filled
    written out
    for day in 2020-01-01 2020-01-02 2020-01-03; do
        for suffix in dump manifest; do cp "${dump%.dump}.$suffix" "out/ingest-${day}T000000Z.$suffix"; done
    done
    touch out/ingest-2019-01-01T000000Z.dump out/notes.txt out/ingest-2018.dump # no manifest, no backup
    sed 's/^database\t.*/database\tother/' "${dump%.dump}.manifest" >out/ingest-2017-01-01T000000Z.manifest
    touch out/ingest-2017-01-01T000000Z.dump
    past 2020-01-04
    written out
    is "$(find out -name '*.dump' | wc -l)" 8
    past 2020-01-05
    written out --keep 3 -v
    says "3 older ones removed"
    is "$(cd out && echo ingest-2* notes.txt | tr ' ' '\n' | grep -c .)" 11
    [ -e out/ingest-2019-01-01T000000Z.dump ] && [ -e out/ingest-2018.dump ] && [ -e out/ingest-2017-01-01T000000Z.dump ]
    [ ! -e out/ingest-2020-01-01T000000Z.dump ] && [ ! -e out/ingest-2020-01-03T000000Z.manifest ]
    backup --check "$dump"
    status_is 0
}

@test "what a killed backup left looks like none, and goes with the next one" {
    filled
    coproc BLOCKER { "$PG_BIN/psql" -XAtq 2>&1; }
    blocker=$BLOCKER_PID # unset as soon as it has ended
    echo "BEGIN; LOCK TABLE stats; SELECT 'locked';" >&"${BLOCKER[1]}"
    read -r -u "${BLOCKER[0]}" line
    is "$line" locked
    "$INGEST" backup out 2>/dev/null &
    victim=$!
    for _ in $(seq 600); do
        [ "$(n_rows pg_stat_activity "datname = '$PGDATABASE' AND wait_event_type = 'Lock'")" = 0 ] || break
        sleep 0.1
    done
    kill -9 $victim
    wait $victim || true
    echo "COMMIT;" >&"${BLOCKER[1]}"
    exec {BLOCKER[1]}>&-
    wait "$blocker" 2>/dev/null || true
    is "$(ls -A out | sed 's/^\(.ingest-\)20[0-9T-]*Z\(.*\)......$/\1\2/' | sort | tr '\n' ' ')" ".ingest-.dump. .ingest-.manifest. "

    cd out || return 1
    touch .ingest-2020-01-01T000000Z.dump.aB3dEf ingest-2020-01-01T000000Z.manifest # killed between its two names
    kept=(ingest-2020-01-02T000000Z.manifest .ingest-2020.dump.aB3dEf .ingest-2020-01-03T000000Z.dump.aB3dEf)
    touch "${kept[@]}" # its dump may have been moved; no name of ours; another one is writing it
    cd .. || return 1
    exec 9<out/.ingest-2020-01-03T000000Z.dump.aB3dEf
    flock 9
    written out
    exec 9<&-
    is "$(ls -A out | sort)" "$(printf '%s\n' "${kept[@]}" "${dump##*/}" "$(basename "$dump" .dump).manifest" | sort)"
}

@test "the database of a killed check goes with the next one; another check's stays" {
    filled
    written out
    "$INGEST" backup --check "$dump" >/dev/null 2>&1 &
    victim=$!
    for _ in $(seq 600); do
        is "$(n_rows pg_database "datname LIKE 'ingest_check%'")" 0 >/dev/null || break
    done
    kill -9 $victim
    wait $victim || true
    gone "application_name <> 'psql' AND backend_type = 'client backend'" # its backend, and its pg_restore
    coproc OTHER { "$PG_BIN/psql" -XAtq 2>&1; }
    other=$OTHER_PID # unset as soon as it has ended
    cat >&"${OTHER[1]}" <<'END'
SELECT 'CREATE DATABASE ingest_check_' || pid || '_' || (extract(epoch FROM backend_start) * 1000000)::bigint
  FROM pg_stat_activity WHERE pid = pg_backend_pid() \gexec
CREATE DATABASE ingest_check_1_1;
CREATE DATABASE ingest_checked;
SELECT 'made';
END
    read -r -u "${OTHER[0]}" line
    is "$line" made
    backup -q --check "$dump"
    status_is 0
    is "$output$stderr" ""
    is "$(n_rows pg_database "datname LIKE 'ingest_check%'")" 2
    is "$(n_rows pg_database "datname = 'ingest_check_1_1'")" 0
    echo 'SELECT format($$DROP DATABASE %I$$, datname) FROM pg_database WHERE datname ~ $$^ingest_check$$ \gexec' >&"${OTHER[1]}"
    exec {OTHER[1]}>&-
    wait "$other" 2>/dev/null || true
}

@test "no password stands on a command line" {
    command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null || skip "no strace here"
    filled
    export INGEST_DATABASE="host=$PGHOST port=$PGPORT user=postgres dbname=$PGDATABASE password=hunter2-secret"
    ASAN_OPTIONS=detect_leaks=0 strace -f -v -s 8192 -e trace=execve -o trace "$INGEST" -q backup out
    grep -q 'execve(".*/pg_dump", \["pg_dump"' trace
    absent -a hunter2 <(sed 's/\], \[.*//' trace)
    grep -aq 'PGPASSWORD=hunter2-secret' trace # its environment, which others cannot read
    absent -a 'INGEST_DATABASE=' <(grep pg_dump trace)
    unset PGDATABASE PGHOST
    ASAN_OPTIONS=detect_leaks=0 strace -f -v -s 8192 -e trace=execve -o trace "$INGEST" -q backup --check out/*.dump
    grep -q 'execve(".*/pg_restore", \["pg_restore"' trace
    absent -a hunter2 <(sed 's/\], \[.*//' trace)
}

@test "from the private server, and checked there, when no database is named" {
    no_database
    lines 40 >log
    cat >script <<'SCRIPT'
./ingest --local log || exit
./ingest --local -q backup kept || exit
./ingest -v backup --check kept/*.dump
SCRIPT
    run --separate-stderr "$ROOT/tests/lib/as-user" --with "$INGEST" --with log --with script bash ./script
    status_is 0
    says "same     public.stats: 41 rows"
    [[ "$output" == "kept/"*", restored the same" ]]
}

@test "what cannot be done is told" {
    fresh
    backup
    status_is 2
    says "a directory is missing"
    backup a b
    status_is 2
    backup out --keep 0
    status_is 2
    says "at least 1"
    backup out --check x
    status_is 2
    touch file
    backup file
    status_is 4
    says "cannot write the backup"
    backup --check nothing.dump
    status_is 1
    says "nothing.manifest: cannot read the manifest"
    backup --check file
    status_is 1
    says 'its name does not end in ".dump"'
    written out
    sql "DROP ROLE IF EXISTS poor" && sql "CREATE ROLE poor LOGIN"
    PGUSER=poor backup --check "$dump"
    status_is 3
    says "permission denied to create database" "CREATEDB"
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS nothing_of_ours"
    PGDATABASE=postgres sql "CREATE DATABASE nothing_of_ours"
    PGDATABASE=nothing_of_ours backup out
    status_is 3
    says "it has no table of ours"
    no_database
    backup out
    status_is 2
    says "no database is named"
}
