/* migrate/ against a real server. */
#include "pgtest.h"

#include "ingest/migrate.h"

#include <pthread.h>

static char   lines[64][400];
static size_t n_lines;

static void
keep(void *ctx, const char *line)
{
    (void)ctx;
    if (n_lines < ARRAY_LEN(lines))
        snprintf(lines[n_lines++], sizeof lines[0], "%s", line);
}

static bool
was_said(const char *a, const char *b)
{
    for (size_t i = 0; i < n_lines; i++)
        if (strstr(lines[i], a) != NULL && strstr(lines[i], b) != NULL)
            return true;
    return false;
}

static const struct migrate_options plain = { .say = keep },
                                    dropping = { .say = keep, .drop_data = true },
                                    without = { .say = keep, .no_sketches = true };

typedef enum st migrator(struct pg *, const char *const *, size_t, const struct migrate_options *,
                         struct err *);

static enum st
run(migrator *f, struct pg *pg, const char *set, const char *set2, const struct migrate_options *o,
    struct err *err)
{
    const char *sets[] = { set, set2 };

    n_lines = 0;
    return f(pg, sets, set2 != NULL ? 2 : set != NULL ? 1 : 0, o, err);
}

static void
up(struct pg *pg, const char *set)
{
    struct err err = { 0 };

    must(run(migrate_up, pg, set, NULL, &plain, &err), &err, "up");
}

static int64_t
n_objects(struct pg *pg)
{
    return sql_int(pg, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                       " WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema'");
}

static void
up_down_up(void **state)
{
    struct pg *pg = fresh("updown");
    struct err err = { 0 };
    int64_t n;

    (void)state;
    up(pg, NULL);
    n = n_objects(pg);
    assert_true(was_said("applied", "stats/"));
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM ingest.migrations WHERE status = 'applied' "
                                 "AND length(checksum) = 32"),
                     (int64_t)n_lines - 1); /* of those the first is that the notebook was made */
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM nodes WHERE name = 'local'"), 1);
    assert_int_equal(
        sql_int(pg, "SELECT count(*) FROM coverage WHERE node = 'local' AND stat_day IS NULL"), 1);
    assert_int_equal(sql_int(pg, "SELECT atttypmod FROM pg_attribute WHERE attrelid = "
                                 "'stats'::regclass AND attname = 'clients'"),
                     12031);
    /* every table and view carries the mark, or `down` could not drop it */
    assert_string_equal(
        sql_text(
            pg, "SELECT string_agg(relname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = "
                "relnamespace"
                " WHERE relkind IN ('r', 'v') AND (nspname = 'ingest' OR nspname = 'public')"
                " AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE 'made by ingest%'"),
        "");
    up(pg, NULL);
    assert_int_equal(n_lines, 0);
    must(run(migrate_down, pg, NULL, NULL, &plain, &err), &err, "down");
    assert_int_equal(n_objects(pg), 0);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM pg_namespace WHERE nspname = 'ingest'"), 0);
    must(run(migrate_down, pg, NULL, NULL, &plain, &err), &err, "down again");
    up(pg, "ALL");
    assert_true(n_objects(pg) > n + 3); /* sets with schemas of their own, all of whose tables carry the mark, too */
    assert_string_equal(
        sql_text(pg, "SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c"
                     " JOIN pg_namespace n ON n.oid = relnamespace"
                     " WHERE relkind IN ('r', 'v') AND nspname NOT LIKE 'pg_%'"
                     " AND nspname <> 'information_schema'"
                     " AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE 'made by ingest%'"),
        "");
    must(run(migrate_down, pg, "ALL", NULL, &plain, &err), &err, "down of all");
    assert_int_equal(n_objects(pg), 0);
    pg_close(pg);
}

static void
keys_are_unique_and_counts_not_negative(void **state)
{
    static const char *const refused[] = {
        "INSERT INTO stats (name, dldate, count) VALUES ('a', '2024-01-01', 1), ('a', "
        "'2024-01-01', 1)",
        "INSERT INTO stats (name, version, dldate, count) VALUES ('a', '1', '2024-01-01', 1), "
        "('a', '1', '2024-01-01', 1)",
        "INSERT INTO stats (name, version, dldate, count) VALUES ('a', '1', '2024-01-01', -1)",
        "INSERT INTO stats (name, version, dldate, count, bytes) VALUES ('a', '1', '2024-01-01', "
        "1, -1)",
        "INSERT INTO nodes (name) VALUES ('local')",
        "INSERT INTO tokens (node_id, valid_until) VALUES (1, now())",
        "INSERT INTO tokens (node_id, digest, valid_until) VALUES (1, 'short', now())",
        "INSERT INTO dataselect_stats VALUES (1, '2024-01-01', '', '', '', '', '', -1)",
        "INSERT INTO dataselect_stats VALUES (1, '2024-01-01', '', '', '', '', '', 1, -1)",
        "INSERT INTO dataselect_stats (node_id, date, network, station, location, channel) VALUES "
        "(1, '2024-01-01', '', '', '', '')",
        "INSERT INTO payloads (node_id, hash) VALUES (1, 7), (1, 7)",
    };
    struct pg *pg = fresh("checks");
    struct err err = { 0 };

    (void)state;
    up(pg, NULL);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (pg_script(pg, "test", refused[i], &err) != ST_DB ||
            strncmp(pg_sqlstate(pg), "23", 2) != 0)
            fail_msg("not refused: %s", refused[i]);
    }
    pg_close(pg);
}

static void
status_says_what_is_pending(void **state)
{
    struct pg *pg = fresh("status");
    struct err err = { 0 };

    (void)state;
    must(run(migrate_status, pg, NULL, NULL, &plain, &err), &err, "status");
    assert_true(was_said("ledger/", "pending"));
    up(pg, "stats");
    must(run(migrate_status, pg, NULL, NULL, &plain, &err), &err, "status");
    assert_true(was_said("ledger/", "applied"));
    assert_true(was_said("stats/", "applied"));
    assert_true(was_said("eida/", "pending"));
    sql(pg, "UPDATE ingest.migrations SET checksum = 'other' WHERE set = 'stats';"
            "INSERT INTO ingest.migrations (set, file, checksum) VALUES ('stats', "
            "'9999999999-later', 'x')");
    must(run(migrate_status, pg, "stats", NULL, &plain, &err), &err, "status");
    assert_true(was_said("stats/", "differs"));
    assert_true(was_said("9999999999-later", "not known"));
    up(pg, "stats");
    assert_true(was_said("warning", "stats/"));
    assert_int_equal(run(migrate_status, pg, "bogus", NULL, &plain, &err), ST_USAGE);
    assert_non_null(strstr(err.hint, "ledger, stats, eida"));
    pg_close(pg);
}

static void
failed_migration_leaves_nothing(void **state)
{
    struct pg *pg = fresh("failing");
    struct err err = { 0 };

    (void)state;
    up(pg, "ledger");
    sql(pg, "CREATE SEQUENCE stats_dldate"); /* in the way of the index, at the end of the file */
    assert_int_equal(run(migrate_up, pg, "stats", NULL, &plain, &err), ST_DB);
    assert_non_null(strstr(err.what, "stats/"));
    assert_non_null(strstr(err.cause, "stats_dldate"));
    assert_int_equal(sql_int(pg, "SELECT (to_regclass('stats') IS NULL)::int"), 1);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM ingest.migrations WHERE set = 'stats'"), 0);
    sql(pg, "DROP SEQUENCE stats_dldate");
    up(pg, "stats");
    pg_close(pg);
}

static void
foreign_tables_are_not_touched(void **state)
{
    struct pg *pg = fresh("foreign_tables");
    struct err err = { 0 };

    (void)state;
    sql(pg, "CREATE TABLE stats (name text, count bigint); INSERT INTO stats VALUES ('a', 1)");
    assert_int_equal(run(migrate_up, pg, "stats", NULL, &plain, &err), ST_DB);
    assert_non_null(strstr(err.cause, "table \"stats\" exists and is not ours"));
    assert_non_null(strstr(err.hint, "ingest migrate up ledger"));
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM stats"), 1);
    up(pg, "eida");
    /* the name changes hands behind our back */
    sql(pg, "DROP TABLE networks; CREATE TABLE networks (a int)");
    must(run(migrate_down, pg, "eida", "ledger", &plain, &err), &err, "down");
    assert_true(was_said("left alone", "networks"));
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM networks"), 0);
    assert_int_equal(sql_int(pg, "SELECT (to_regclass('nodes') IS NULL AND "
                                 "to_regclass('ingest.payloads') IS NULL)::int"),
                     1);
    pg_close(pg);
}

static void
down_refuses_while_rows_are_there(void **state)
{
    struct pg *pg = fresh("rows_there");
    struct err err = { 0 };

    (void)state;
    up(pg, NULL);
    sql(pg, "INSERT INTO stats (name, dldate, count) VALUES ('a', '2024-01-01', 1), ('b', "
            "'2024-01-01', 1)");
    assert_int_equal(run(migrate_down, pg, NULL, NULL, &plain, &err), ST_DB);
    assert_non_null(strstr(err.cause, "public.stats holds 2 rows"));
    assert_non_null(strstr(err.hint, "--drop-data"));
    assert_int_equal(sql_int(pg, "SELECT (to_regclass('dataselect_stats') IS NOT NULL)::int"),
                     1); /* nothing before it went either */
    assert_int_equal(run(migrate_down, pg, "ledger", NULL, &dropping, &err), ST_DB);
    assert_non_null(strstr(err.cause, "still up"));
    must(run(migrate_down, pg, "eida", NULL, &plain, &err), &err,
         "a node of our own does not count");
    up(pg, "eida");
    sql(pg, "INSERT INTO nodes (name) VALUES ('gfz')");
    assert_int_equal(run(migrate_down, pg, "eida", NULL, &plain, &err), ST_DB);
    assert_non_null(strstr(err.cause, "public.nodes holds 1 row"));
    must(run(migrate_down, pg, NULL, NULL, &dropping, &err), &err, "down");
    assert_int_equal(n_objects(pg), 0);
    pg_close(pg);
}

static void
schema_of_another_path_is_not_forgotten(void **state)
{
    struct pg *pg = fresh("paths");
    struct err err = { 0 };

    (void)state;
    sql(pg, "CREATE SCHEMA elsewhere; SET search_path = elsewhere");
    up(pg, "stats");
    assert_int_equal(sql_int(pg, "SELECT (to_regclass('elsewhere.stats') IS NOT NULL)::int"), 1);
    sql(pg, "RESET search_path");
    assert_int_equal(run(migrate_down, pg, "stats", NULL, &plain, &err), ST_DB);
    assert_non_null(strstr(err.hint, "search_path=elsewhere"));
    sql(pg, "SET search_path = elsewhere");
    must(run(migrate_down, pg, "stats", NULL, &plain, &err), &err, "down");
    sql(pg, "CREATE SCHEMA third; SET search_path = third"); /* hll lives in elsewhere */
    up(pg, "stats");
    pg_close(pg);
}

static void *
one_migrator(void *out)
{
    enum st *st = out;
    struct err err = { 0 };
    struct pg *pg = pg_connect("dbname=twice", PG_READ_WRITE, &err);
    const struct migrate_options quiet = { 0 };

    *st = pg == NULL ? err.code : migrate_up(pg, NULL, 0, &quiet, &err);
    if (*st != ST_OK)
        fprintf(stderr, "%s: %s\n", err.what, err.cause);
    pg_close(pg);
    return NULL;
}

static void
two_at_once_both_succeed(void **state)
{
    struct pg *pg = fresh("twice");
    pthread_t threads[4];
    enum st st[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, one_migrator, &st[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(st[i], ST_OK);
    assert_int_equal(sql_int(pg, "SELECT count(DISTINCT set) FROM ingest.migrations"), 3);
    assert_int_equal(
        sql_int(pg, "SELECT count(*) - count(DISTINCT (set, file)) FROM ingest.migrations"), 0);
    pg_close(pg);
}

static void
hll_without_the_right(void **state)
{
    struct pg *pg = fresh("no_hll"), *poor;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS plainmaker; CREATE ROLE plainmaker LOGIN; GRANT CREATE ON "
            "DATABASE no_hll TO plainmaker;"
            "GRANT CREATE ON SCHEMA public TO plainmaker");
    poor = connect_to("dbname=no_hll user=plainmaker");
    assert_int_equal(run(migrate_up, poor, NULL, NULL, &plain, &err), ST_DB);
    assert_non_null(strstr(err.hint, "CREATE EXTENSION hll;"));
    assert_non_null(strstr(err.hint, "--no-sketches"));
    assert_string_equal(sql_text(poor, "SELECT string_agg(DISTINCT set, ',') FROM ingest.migrations"),
                        "ledger"); /* which needs none */
    must(run(migrate_up, poor, NULL, NULL, &without, &err), &err, "without sketches");
    assert_int_equal(sql_int(poor, "SELECT count(*) FROM pg_attribute WHERE attrelid = "
                                   "'stats'::regclass AND attname = 'clients'"),
                     0);
    pg_close(poor);
    pg_close(pg);
}

static void
schema_made_by_a_dba_is_used_and_stays(void **state)
{
    struct pg *pg = fresh("by_dba"), *poor;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN; CREATE EXTENSION hll; CREATE "
            "SCHEMA ingest AUTHORIZATION guest");
    poor = connect_to("dbname=by_dba user=guest");
    up(poor, "ledger");
    assert_int_equal(run(migrate_up, poor, "stats", NULL, &plain, &err), ST_DB);
    assert_string_equal(pg_sqlstate(poor), "42501");
    assert_non_null(strstr(err.hint, "GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"guest\""));
    must(run(migrate_down, poor, "ledger", NULL, &plain, &err), &err, "down");
    assert_int_equal(sql_int(poor, "SELECT count(*) FROM pg_namespace WHERE nspname = 'ingest'"),
                     1);
    pg_close(poor);
    pg_close(pg);
}

static void
printed_sql_does_the_same(void **state)
{
    struct pg *pg = fresh("printed");
    struct err err = { 0 };
    char path[] = "/tmp/ingest-print.XXXXXX", *text;
    int fd = mkstemp(path), saved = dup(STDOUT_FILENO);
    off_t n;

    (void)state;
    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    must(migrate_print(NULL, 0, &plain, &err), &err, "print");
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    n = lseek(fd, 0, SEEK_END);
    text = calloc(1, (size_t)n + 1);
    assert_non_null(text);
    assert_true(pread(fd, text, (size_t)n, 0) == n);
    close(fd);
    unlink(path);
    sql(pg, text);
    free(text);
    up(pg, NULL);
    assert_int_equal(n_lines, 0); /* nothing left to do, no checksum differs */
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_down_up),
        cmocka_unit_test(keys_are_unique_and_counts_not_negative),
        cmocka_unit_test(status_says_what_is_pending),
        cmocka_unit_test(failed_migration_leaves_nothing),
        cmocka_unit_test(foreign_tables_are_not_touched),
        cmocka_unit_test(down_refuses_while_rows_are_there),
        cmocka_unit_test(schema_of_another_path_is_not_forgotten),
        cmocka_unit_test(two_at_once_both_succeed),
        cmocka_unit_test(hll_without_the_right),
        cmocka_unit_test(schema_made_by_a_dba_is_used_and_stays),
        cmocka_unit_test(printed_sql_does_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
