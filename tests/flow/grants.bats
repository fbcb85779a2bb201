#!/usr/bin/env bats
# The rights that the pages of docs/systems/ name are those that a role needs: with them it counts, and without any one of them the
# sentence names it, and nothing is counted.
load lib

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
}

# database NAME [LIVE]: what the test counts into; our ledger, and the tables of a system as it makes them itself.
database() {
    PGDATABASE=postgres sql "DROP DATABASE IF EXISTS $1"
    PGDATABASE=postgres sql "CREATE DATABASE $1"
    export PGDATABASE=$1
    [ -z "${2:-}" ] || "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/$2.sql" >/dev/null
    "$INGEST" -q migrate up ledger
}

# role PAGE FENCE: makes the role of the page with all its rights, and takes from PUBLIC what the page gives it.
role() {
    local grant revoke right object

    python3 "$HERE/grants.py" "$ROOT/docs/systems/$1.md" "$2" "$PGDATABASE" >grants
    [ -s grants ]
    ROLE=$(sed -n 's/^CREATE ROLE \([a-z_]*\).*/\1/p' grants)
    sql "DROP ROLE IF EXISTS $ROLE"
    while IFS=$'\t' read -r grant revoke right object; do
        case $revoke in
        *" ON DATABASE "* | *" ON SCHEMA "*) echo "${revoke% FROM *} FROM PUBLIC;" ;;
        esac
        echo "$grant;"
    done <grants >grants.sql
    sql "$(cat grants.sql)"
}

# exactly COMMAND...: each right is left out once, and the command then ends with 3 and a sentence that has its name and its
# object's; with all of them it ends with 0.
exactly() {
    local grant revoke right object before="" n=0

    while IFS=$'\t' read -r grant revoke right object; do
        [ -n "$right" ] || continue
        sql "$before $revoke"
        before="$grant;"
        PGUSER=$ROLE run --separate-stderr "$@"
        if [ "$status" -ne 3 ] || [[ $stderr != *"$right"* ]] || [[ $stderr != *"$object"* ]] || [[ $output == *rows* ]]; then
            echo "without: $grant"
            echo "exit status $status: $output$stderr"
            return 1
        fi
        n=$((n + 1))
    done <grants
    [ "$n" -ge 4 ]
    sql "$before"
    is "$(sql "SELECT count(*) FROM ingest.payloads")" 0
    PGUSER=$ROLE run --separate-stderr "$@"
    status_is 0
    [ -z "$stderr" ]
}

gone() {
    sql "DROP OWNED BY $ROLE; DROP ROLE $ROLE"
}

# ---- our own tables alone ----

@test "what howto/database.md says of stats and EIDA's tables" {
    database readme
    "$INGEST" -q migrate up
    role ../howto/database grants.sql
    exactly "$INGEST" --client-key none "$LOGS/logs"
    PGUSER=$ROLE count "$LOGS/other/rubygems-common.log.gz"
    status_is 0
    gone
}

# ---- Zeco ----

zeco_log() { # zeco_log DAY...: a download, and one of a tarball that nobody knows
    local day

    for day; do
        printf '192.0.2.7 - - [%s/Jan/2024:12:00:00 +0000] "GET /A/BC/%040d.tar.gz HTTP/1.1" 200 1 "-" "-"\n' "$day" 1 "$day" 2
    done
}

zeco() { # zeco FENCE SCHEMA
    sql "INSERT INTO $2.dists VALUES (gen_random_uuid(), 'x', 'A/BC/$(printf %040d 1).tar.gz', '{\"name\": \"ABC\", \"version\": \"1\", \"auth\": \"zef:a\"}', now())"
    role zeco "$1"
    zeco_log 05 06 >log
    exactly "$INGEST" --client-key none --rules zeco log
    is "$(sql "SELECT sum(count) FROM $2.stats WHERE version IS NULL")" 2
    # Rows that are there are updated, and what has waited counts.
    zeco_log 07 05 06 >log
    sql "INSERT INTO $2.dists VALUES (gen_random_uuid(), 'x', 'A/BC/$(printf %040d 2).tar.gz', '{\"name\": \"ABD\", \"version\": \"1\", \"auth\": \"zef:a\"}', now())"
    PGUSER=$ROLE count --rules zeco log
    status_is 0
    is "$(sql "SELECT sum(count) FROM $2.stats WHERE version IS NULL")" 10
}

@test "Zeco's own tables" {
    database zeco_live zeco
    zeco grants.sql public
    # Healing needs one more, which the page names.
    PGUSER=$ROLE run "$INGEST" migrate up zeco --heal
    is "$status" 3
    [[ $output == *"GRANT DELETE ON public.stats TO $ROLE;"* ]]
    grep -q 'GRANT DELETE ON stats TO counter;' "$ROOT/docs/systems/zeco.md"
    sql "GRANT DELETE ON stats TO $ROLE"
    PGUSER=$ROLE run "$INGEST" migrate up zeco --heal
    is "$status" 0
    gone
}

@test "Zeco, our tables" {
    database zeco_ours
    "$INGEST" -q migrate up zeco
    zeco grants-ours.sql zeco
    gone
}

# ---- builds.rs ----

artifact_log() { # artifact_log DAY...: a download, and one of a file that no job has made yet
    local day

    for day; do
        printf '192.0.2.7 - - [%s/Jan/2024:12:00:00 +0000] "GET /%s HTTP/1.1" 200 1 "-" "-"\n' "$day" a_1.0_t.deb "$day" b_1.0_t.deb
    done
}

buildsrs() { # buildsrs FENCE SCHEMA SHAPE
    local targets=targets job="target, crate_version" way="9, 1"

    if [ "$3" = head ]; then
        targets=triples job=task way=1
    fi
    sql "SET search_path = $2; INSERT INTO pubkeys VALUES (1, 'k'); INSERT INTO builders (id, uuid, pubkey) VALUES (1, gen_random_uuid(), 1);
         INSERT INTO crates VALUES (1, true, 'a'); INSERT INTO crate_versions VALUES (1, 1, '1.0', 'c', false); INSERT INTO $targets (id, name) VALUES (9, 't')"
    [ "$3" != head ] || sql "INSERT INTO tasks VALUES (1, 2, 1, 9)"
    sql "SET search_path = $2; INSERT INTO jobs (id, uuid, builder, stage, success, $job) VALUES (1, gen_random_uuid(), 1, 4, true, $way);
         INSERT INTO job_artifacts VALUES (1, 1, 'a_1.0_t.deb', 'h', 1, 's')"
    role buildsrs "$1"
    artifact_log 05 06 >log
    exactly "$INGEST" --client-key none --dataset job_artifact_downloads log
    is "$(sql "SELECT downloads FROM $2.job_artifacts WHERE id = 1")" 2
    artifact_log 07 05 06 >log
    sql "INSERT INTO $2.job_artifacts VALUES (2, 1, 'b_1.0_t.deb', 'h', 1, 's')"
    PGUSER=$ROLE count --dataset job_artifact_downloads log
    status_is 0
    is "$(sql "SELECT sum(downloads) FROM $2.job_artifact_downloads")" 10
    is "$(sql "SELECT sum(downloads) FROM $2.job_artifacts")" 10
    gone
}

@test "builds.rs's own tables, in both shapes" {
    database buildsrs_head buildsrs_head
    buildsrs grants.sql public head
    database buildsrs_targets buildsrs_targets
    buildsrs grants-targets.sql public targets
}

@test "builds.rs, our tables" {
    database buildsrs_ours
    "$INGEST" -q migrate up buildsrs
    buildsrs grants-ours.sql buildsrs targets
}

# ---- EIDA ----

fdsnws_log() { # fdsnws_log DAY...: a request of a stream, and one that failed
    local day

    for day; do
        printf '{"service":"fdsnws-dataselect","userID":7,"userLocation":{},"finished":"2024-01-%sT10:00:00Z","status":"OK","trace":[{"net":"GE","sta":"EIL","loc":"","cha":"BHZ","status":"OK","bytes":1}]}\n' "$day"
        printf '{"service":"fdsnws-dataselect","userID":7,"userLocation":{},"finished":"2024-01-%sT10:00:01Z","status":"NODATA"}\n' "$day"
    done
}

eida() { # eida FENCE
    sql "INSERT INTO nodes (name) VALUES ('GFZ')"
    role eida "$1"
    fdsnws_log 05 06 >log
    exactly "$INGEST" --node GFZ log
    fdsnws_log 07 >log
    PGUSER=$ROLE count --node GFZ log
    status_is 0
    PGUSER=$ROLE count --node GFZ --replace log
    status_is 0
    is "$(sql "SELECT sum(nb_reqs), sum(nb_failed_reqs) FROM dataselect_stats")" "2|1"
    is "$(n_rows payloads)" 2
    # What the comments of the page say a right is for.
    sql "REVOKE UPDATE ON payloads FROM $ROLE"
    PGUSER=$ROLE count --node GFZ --replace log
    status_is 3
    says UPDATE payloads
    gone
}

@test "EIDA's own tables" {
    database eida_live eida
    eida grants.sql
}

@test "EIDA, our tables" {
    database eida_ours
    "$INGEST" -q migrate up eida
    eida grants-ours.sql
}

# ---- pict-rs ----

pictrs() { # pictrs FENCE SCHEMA HASH
    sql "SET search_path = $2; INSERT INTO hashes (hash, identifier) VALUES ('$3', 'i');
         INSERT INTO variants (hash, variant, identifier, accessed) VALUES ('$3', 'png', 'v', '2020-01-01')"
    if [ "$2" = pictrs ]; then
        sql "INSERT INTO pictrs.aliases VALUES ('a.png', '$3', 't', '2020-01-01')"
    else
        sql "INSERT INTO aliases VALUES ('a.png', '$3', 't')"
    fi
    sql "INSERT INTO $2.proxies VALUES ('https://h/', 'a.png', '2020-01-01')"
    role pictrs "$1"
    echo '192.0.2.7 - - [05/Jan/2024:12:00:00 +0000] "GET /image/process.png?proxy=https%3A%2F%2Fh HTTP/1.1" 200 1 "-" "-"' >log
    exactly "$INGEST" --dataset access log
    is "$(sql "SELECT v.accessed, p.accessed FROM $2.variants v, $2.proxies p")" "2024-01-05 12:00:00|2024-01-05 12:00:00"
    [ "$2" != pictrs ] || is "$(sql "SELECT accessed FROM pictrs.aliases")" "2024-01-05 12:00:00"
    sql "GRANT SELECT ON ALL TABLES IN SCHEMA $2 TO $ROLE"
    PGUSER=$ROLE run --separate-stderr "$INGEST" --dataset access -n log
    status_is 0
    gone
}

@test "pict-rs's own tables" {
    database pictrs_live pictrs
    pictrs grants.sql public h
}

@test "pict-rs, our tables" {
    database pictrs_ours
    "$INGEST" -q migrate up pictrs
    pictrs grants-ours.sql pictrs '\x00'
}

# ---- 7TV ----

seventv_log() { # seventv_log DAY...: a channel that takes up an emote
    local day

    for day; do
        printf '{"user": "x", "old": [], "new": ["60af9846ebfcf7562edb10c7"], "time": "2025-02-%sT10:00:00Z"}\n' "$day"
    done
}

seventv() { # seventv FENCE SCHEMA
    role seventv "$1"
    seventv_log 05 06 >log
    exactly "$INGEST" -f seventv log
    seventv_log 07 05 06 >log
    PGUSER=$ROLE count -f seventv log
    status_is 0
    is "$(sql "SELECT count(*), sum(count) FROM $2.emote_stats")" "3|5"
    PGUSER=$ROLE run "$INGEST" leaderboard -o lists
    is "$status" 0
    is "$(cat lists/top_all_time.json)" '["01F6PYNMBG000EQZ7QARQDP467"]'
    PGUSER=$ROLE run "$INGEST" -q backup backups
    is "$status" 0
    gone
}

@test "7TV's own table" {
    database seventv_live seventv
    seventv grants.sql public
}

@test "7TV, our tables" {
    database seventv_ours
    "$INGEST" -q migrate up seventv
    seventv grants-ours.sql seventv
    is "$(sql "SELECT top_all_time FROM seventv.emote_scores")" 5
}

# ---- all of them ----

@test "every page has its rights, and they are tested here" {
    for page in "$ROOT"/docs/systems/*.md; do
        page=${page##*/}
        grep -qF "role ${page%.md} " "$BATS_TEST_FILENAME" || {
            echo "no test of $page"
            return 1
        }
    done
}
