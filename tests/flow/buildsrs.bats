#!/usr/bin/env bats
# builds.rs: artifacts looked up in its tables, a row for each and day, and the number that stands beside the artifact; on both shapes of the real
# system and on our tables.
load lib
export INGEST_AUDIT=all

setup_file() {
    : "${PGHOST:?run this under tests/pg/server}"
    for kind in targets head ours; do
        python3 "$HERE/buildsrs.py" "$BATS_FILE_TMPDIR/$kind" $kind
        PGDATABASE=postgres sql "CREATE DATABASE buildsrs_$kind"
        if [ $kind = ours ]; then
            PGDATABASE=buildsrs_ours "$INGEST" -q migrate up ledger buildsrs
        else
            PGDATABASE=buildsrs_$kind "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$ROOT/tests/live/buildsrs_$kind.sql"
            PGDATABASE=buildsrs_$kind "$INGEST" -q migrate up ledger
        fi
        PGDATABASE=buildsrs_$kind "$PG_BIN/psql" -Xq -o /dev/null -v ON_ERROR_STOP=1 -f "$BATS_FILE_TMPDIR/$kind/data.sql"
    done
}

# on targets|head|ours: a fresh copy with its crates, jobs and artifacts.
on() {
    MADE=$BATS_FILE_TMPDIR/$1 SCHEMA=public
    [ "$1" != ours ] || SCHEMA=buildsrs
    TEMPLATE=buildsrs_$1 fresh "_$1"
    cp "$MADE"/*.log .
}

artifacts() {
    count --dataset job_artifact_downloads "$@"
}

# rows_are FILE: these rows and no others, and each artifact has the sum of its days.
rows_are() {
    sql "COPY (SELECT artifact, date, downloads FROM $SCHEMA.job_artifact_downloads) TO STDOUT" | sort >table.rows
    sort "$MADE/$1" >right.rows
    same_file table.rows right.rows
    totals_are_sums
}

totals_are_sums() {
    is "$(sql "SELECT count(*) FROM $SCHEMA.job_artifacts a WHERE downloads <>
               (SELECT coalesce(sum(downloads), 0) FROM $SCHEMA.job_artifact_downloads d WHERE d.artifact = a.id)")" 0
}

books_of_artifacts_balance() {
    is "$(sql "SELECT sum(count) FROM ingest.payload_days WHERE dataset = 'job_artifact_downloads'")" \
        "$(sql "SELECT sum(downloads) FROM $SCHEMA.job_artifact_downloads")"
    is "$(sql "SELECT count(*) FROM ingest.payloads p WHERE
               lines_read <> lines_counted + (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each_text(lines_why) AS w(k, v))")" 0
}

@test "both real shapes and ours: every path counts for its artifact, once, on its day" {
    for kind in targets head ours; do
        on $kind
        artifacts --json backend.log store.log cdn.log
        status_is 0
        silent
        is "$(summary 's["files"]["read"]')" 3
        is "$(summary 's["records"]["filtered"]["unknown_artifact"]')" "$(awk -F '\t' '{ n += $3 } END { print n }' "$MADE/unknown.tsv")"
        is "$(summary 's["rows"]["job_artifact_downloads"]["inserted"]')" "$(wc -l <"$MADE/rows.tsv")"
        rows_are rows.tsv
        sort "$MADE/totals.tsv" >right.totals
        sql "COPY (SELECT id, downloads FROM $SCHEMA.job_artifacts) TO STDOUT" | sort >totals
        same_file totals right.totals
        books_of_artifacts_balance
        artifacts --json cdn.log backend.log store.log
        status_is 0
        is "$(summary 's["files"]["known"]')" 3
        rows_are rows.tsv
    done
}

@test "in pieces, in any order, by several workers and under a small ceiling: rows are added to" {
    for kind in targets head ours; do
        on $kind
        split -n l/5 backend.log piece.
        for piece in e a; do
            artifacts piece.a$piece
            status_is 0
        done
        artifacts -j 3 --memory 16M store.log cdn.log piece.*
        status_is 0
        rows_are rows.tsv
    done
}

@test "several hosts at once" {
    on head
    split -n l/9 store.log piece.
    for host in 1 2 3; do
        "$INGEST" -q --client-key none --dataset job_artifact_downloads piece.* backend.log cdn.log 2>"said.$host" &
        hosts[$host]=$!
    done
    for host in 1 2 3; do
        wait "${hosts[$host]}"
    done
    rows_are rows.tsv
    is "$(n_rows ingest.payloads)" 11
}

@test "NULL downloads of the past count as nothing, numbers are added to" {
    on targets
    read -r artifact day n <"$MADE/rows.tsv"
    sql "INSERT INTO job_artifact_downloads SELECT DISTINCT id, $day, NULL::bigint FROM job_artifacts"
    sql "UPDATE job_artifact_downloads SET downloads = 1000 WHERE artifact = $artifact; UPDATE job_artifacts SET downloads = 5000 WHERE id = $artifact"
    artifacts backend.log store.log cdn.log
    status_is 0
    is "$(sql "SELECT downloads FROM job_artifact_downloads WHERE artifact = $artifact AND date = $day")" $((n + 1000))
    is "$(sql "SELECT downloads FROM job_artifacts WHERE id = $artifact")" "$(awk -v a="$artifact" '$1 == a { print $2 + 5000 }' "$MADE/totals.tsv")"
    sql "DELETE FROM job_artifact_downloads WHERE downloads IS NULL; UPDATE job_artifact_downloads SET downloads = downloads - 1000 WHERE downloads > 1000"
    sql "UPDATE job_artifacts SET downloads = downloads - 5000 WHERE id = $artifact"
    rows_are rows.tsv
}

@test "doubled rows, where a key was lost: one of them grows, and the artifact by the same" {
    on targets
    read -r artifact day n <"$MADE/rows.tsv"
    sql "ALTER TABLE job_artifact_downloads DROP CONSTRAINT job_artifact_downloads_pkey"
    sql "INSERT INTO job_artifact_downloads VALUES ($artifact, $day, 10), ($artifact, $day, 20), ($artifact, $day, NULL)"
    artifacts backend.log store.log cdn.log
    status_is 0
    is "$(sql "SELECT count(*), sum(downloads) FROM job_artifact_downloads WHERE artifact = $artifact AND date = $day")" "3|$((n + 30))"
    is "$(sql "SELECT sum(downloads) FROM job_artifacts")" "$(awk -F '\t' '{ n += $3 } END { print n }' "$MADE/rows.tsv")"
}

@test "an artifact that is entered after its first download counts in a later run" {
    for kind in targets head ours; do
        on $kind
        artifacts backend.log store.log
        artifacts cdn.log
        sql "COPY (SELECT path, extract(epoch FROM day)::bigint, sum(count), sum(bytes) FROM ingest.unresolved GROUP BY path, day) TO STDOUT" | sort >waits
        sort "$MADE/unknown.tsv" >right
        same_file waits right
        "$PG_BIN/psql" -Xq -v ON_ERROR_STOP=1 -f "$MADE/late.sql"
        rows_are rows.tsv
        artifacts cdn.log
        status_is 0
        is "$(n_rows ingest.unresolved "healed_at IS NULL")" 0
        rows_are rows_late.tsv
        books_of_artifacts_balance
        artifacts cdn.log
        rows_are rows_late.tsv
    done
}

@test "every kind of path, as a second author reads it" {
    on head
    join="FROM job_artifacts a JOIN jobs j ON j.id = a.job JOIN tasks k ON k.id = j.task JOIN triples t ON t.id = k.triple
          JOIN crate_versions v ON v.id = k.crate_version JOIN crates c ON c.id = v.crate"
    sql "COPY (SELECT a.id, c.name, v.version, t.name, a.name, j.success, j.ended $join) TO STDOUT" >artifacts.tsv
    python3 "$ROOT/tests/oracle/artifacts.py" make . artifacts.tsv "${SEED:-1}" "${PATHS:-3000}"
    python3 "$ROOT/tests/oracle/artifacts.py" read . artifacts.tsv
    artifacts --max-reject 100 -f combined log.clf
    status_is 0
    artifacts --max-reject 100 log.cdn
    status_is 0
    sql "COPY (SELECT artifact, downloads FROM job_artifact_downloads) TO STDOUT" | sort >table.rows
    sort rows.tsv | diff - table.rows
    sql "SELECT path || E'\t' || sum(count) FROM ingest.unresolved GROUP BY path" | sort >waiting
    sort waits.tsv | diff - waiting
    is "$(sql "SELECT sum(records_counted), sum((records_why->>'unknown_artifact')::int), sum((records_why->>'not_a_download')::int),
               sum((records_why->>'encoding')::int) FROM ingest.payloads")" \
        "$(for why in counted unknown_artifact not_a_download encoding; do awk -v w=$why '$1 == w { print $2 }' why.tsv; done | paste -sd '|')"
}

@test "only what a store or an API answers with a file counts: one layer of two" {
    on ours
    file=$(sql "SELECT min(name) FROM buildsrs.job_artifacts WHERE name LIKE 'serde\_1.0.%'")
    {
        for status in 302 307 200; do
            echo "192.0.2.1 - - [05/Jan/2024:12:00:00 +0000] \"GET /$file HTTP/1.1\" $status 1 \"-\" \"-\""
            echo "192.0.2.1 - - [05/Jan/2024:12:00:00 +0000] \"HEAD /$file HTTP/1.1\" $status 1 \"-\" \"-\""
        done
    } >log
    artifacts --json log
    status_is 0
    is "$(summary '(s["records"]["counted"], s["records"]["filtered"])')" "(1, {'method': 3, 'status': 2})"
    is "$(sql "SELECT date, downloads FROM buildsrs.job_artifact_downloads")" "1704412800|1"
}

@test "the schema buildsrs comes before the search path" {
    on targets
    "$INGEST" -q migrate up buildsrs
    sed -e '1i SET search_path = buildsrs;' "$MADE/data.sql" >data.sql
    "$PG_BIN/psql" -Xq -o /dev/null -v ON_ERROR_STOP=1 -f data.sql
    artifacts backend.log store.log cdn.log
    status_is 0
    is "$(n_rows public.job_artifact_downloads)" 0
    SCHEMA=buildsrs rows_are rows.tsv
}

@test "no table, no artifacts beside it, no number in them: exit 3, one sentence, nothing counted" {
    on head
    sql "ALTER TABLE job_artifacts RENAME downloads TO n"
    artifacts store.log
    status_is 3
    says 'column "downloads" of table "job_artifacts" is missing'
    sql "ALTER TABLE job_artifacts RENAME TO artifacts"
    artifacts store.log
    status_is 3
    says 'table "job_artifacts" is missing'
    sql "ALTER TABLE job_artifact_downloads RENAME TO downloads"
    artifacts store.log
    status_is 3
    says 'table "job_artifact_downloads" is missing' "ingest migrate up buildsrs"
    is "$(n_rows ingest.payloads)" 0
}

@test "an artifact that goes while its downloads are on their way: exit 3, and the next run counts without it" {
    on ours
    read -r artifact _ <"$MADE/rows.tsv"
    sql "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN DELETE FROM buildsrs.job_artifacts WHERE id = $artifact; RETURN NEW; END \$\$;
         CREATE TRIGGER gone BEFORE INSERT ON ingest.payloads FOR EACH STATEMENT EXECUTE FUNCTION gone()"
    artifacts store.log
    status_is 3
    says "job_artifact_downloads" "not present in table"
    is "$(n_rows ingest.payloads)" 0
    sql "DROP TRIGGER gone ON ingest.payloads; DELETE FROM buildsrs.job_artifacts WHERE id = $artifact"
    artifacts backend.log store.log cdn.log
    status_is 0
    totals_are_sums
    is "$(sql "SELECT sum(count) FROM ingest.payload_days")" "$(sql "SELECT sum(downloads) FROM buildsrs.job_artifact_downloads")"
}

@test "without a database nobody knows an artifact's number: no rows, and the summary says why" {
    on ours
    no_database
    artifacts -o - store.log
    status_is 0
    is "$output" ""
    artifacts -n --json store.log
    status_is 0
    is "$(summary 's["records"]["counted"]')" 0
    is "$(summary 's["records"]["filtered"]["unknown_artifact"] > 500')" True
}

@test "a dry run with a database: the rows that would be, and nothing written" {
    on ours
    artifacts -n --json -d "dbname=$PGDATABASE" backend.log store.log cdn.log
    status_is 0
    is "$(summary 's["rows"]["job_artifact_downloads"]["inserted"]')" "$(wc -l <"$MADE/rows.tsv")"
    is "$(n_rows buildsrs.job_artifact_downloads)" 0
    is "$(n_rows ingest.unresolved)" 0
}
