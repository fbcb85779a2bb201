/* sink/ against a real server. The rows come from a list in this file instead of a rollup. */
#include "pgtest.h"

#include "ingest/migrate.h"
#include "ingest/sink.h"

#include <pthread.h>

/* ---- datasets as the tests need them ---- */

static const struct dataset stats = {
    .name = "stats",
    .table = "stats",
    .migrations = "stats",
    .bucket = BUCKET_DAY,
    .keys = { { .name = "name", .kind = COLUMN_TEXT, .chars_max = 512 },
              { .name = "version", .kind = COLUMN_TEXT, .nullable = true, .chars_max = 512 },
              { .name = "dldate", .kind = COLUMN_DAY } },
    .n_keys = 3,
    .sums = { "count", "bytes" },
    .n_sums = 2,
    .uniques = "clients",
};
static const struct dataset dataselect = {
    .name = "dataselect_stats",
    .table = "dataselect_stats",
    .migrations = "eida",
    .has_node = true,
    .bucket = BUCKET_MONTH,
    .keys = { { .name = "date", .kind = COLUMN_DAY },
              { .name = "network", .kind = COLUMN_TEXT, .chars_max = 6 },
              { .name = "station", .kind = COLUMN_TEXT, .chars_max = 5 },
              { .name = "location", .kind = COLUMN_TEXT, .chars_max = 2 },
              { .name = "channel", .kind = COLUMN_TEXT, .chars_max = 3 },
              { .name = "country", .kind = COLUMN_TEXT, .chars_max = 2 } },
    .n_keys = 6,
    .sums = { "bytes", "nb_reqs", "nb_successful_reqs", "nb_failed_reqs" },
    .n_sums = 4,
    .uniques = "clients",
};

/* ---- rows ---- */

struct rows {
    struct {
        uint8_t key[64];
        size_t  n_key;
        int64_t sums[SUMS_MAX];
        uint8_t sketch[HLL_WIRE_MAX];
        size_t  n_sketch;
    }       row[1200];
    size_t  n, at;
    enum st end;                           /* ST_EOF, or a failure */
    void  (*before)(size_t at, void *ctx); /* called before each row is given */
    void   *ctx;
};

enum st
rows_next(struct rows *rows, struct row *row, struct err *err)
{
    if (rows->before != NULL)
        rows->before(rows->at, rows->ctx);
    if (rows->at == rows->n)
        return rows->end == ST_EOF ? ST_EOF : err_set(err, rows->end, "the rows end badly");
    row->key = (struct slice){ (const char *)rows->row[rows->at].key, rows->row[rows->at].n_key };
    memcpy(row->sums, rows->row[rows->at].sums, sizeof row->sums);
    row->sketch =
        (struct slice){ (const char *)rows->row[rows->at].sketch, rows->row[rows->at].n_sketch };
    if (row->sketch.n == 0)
        row->sketch.p = NULL;
    rows->at++;
    return ST_OK;
}

void
rows_free(struct rows *rows)
{
    (void)rows;
}

static struct rows list;

static void
start_rows(void)
{
    memset(&list, 0, sizeof list);
    list.end = ST_EOF;
}

/* A sketch of the hashes of bigints from..to-1, made by the server. */
static void
sketch_of(struct pg *pg, int from, int to, uint8_t *out, size_t *n)
{
    struct err err = { 0 };
    struct pg_result *r = NULL;
    char text[200];

    snprintf(
        text, sizeof text,
        "SELECT hll_send(hll_add_agg(hll_hash_bigint(i), 11, 5)) FROM generate_series(%d, %d) i",
        from, to - 1);
    must(pg_run(pg, "test", text, 0, NULL, &r, &err), &err, text);
    *n = pg_bytea(r, 0, 0, out, HLL_WIRE_MAX);
    assert_true(*n != SIZE_MAX);
    pg_free(r);
}

static void
stats_row(const char *name, const char *version, int32_t day, int64_t count, int64_t bytes)
{
    uint8_t *p = list.row[list.n].key;

    assert_true(list.n < ARRAY_LEN(list.row) &&
                strlen(name) + (version ? strlen(version) : 0) < 50);
    p = key_put_text(p, slice_of(name));
    p = key_put_text(p, version == NULL ? (struct slice){ NULL, 0 } : slice_of(version));
    p = key_put_day(p, day);
    list.row[list.n].n_key = (size_t)(p - list.row[list.n].key);
    list.row[list.n].sums[0] = count;
    list.row[list.n].sums[1] = bytes;
    list.n++;
}

static void
last_sketch(struct pg *pg, int from, int to)
{
    sketch_of(pg, from, to, list.row[list.n - 1].sketch, &list.row[list.n - 1].n_sketch);
}

static void
dataselect_row(int32_t day, const char *network, const char *location, int64_t bytes)
{
    uint8_t *p = list.row[list.n].key;

    p = key_put_day(p, day);
    p = key_put_text(p, slice_of(network));
    p = key_put_text(p, SLICE("EIL"));
    p = key_put_text(p, slice_of(location));
    p = key_put_text(p, SLICE("BHZ"));
    p = key_put_text(p, SLICE(""));
    list.row[list.n].n_key = (size_t)(p - list.row[list.n].key);
    list.row[list.n].sums[0] = bytes;
    list.row[list.n].sums[1] = 1;
    list.row[list.n].sums[2] = 1;
    list.n++;
}

/* ---- doing it ---- */

#define DAY0 19738 /* 2024-01-16 */

static struct pg *
with_tables(const char *name)
{
    struct pg *pg = fresh(name);
    struct err err = { 0 };
    const struct migrate_options quiet = { 0 };

    must(migrate_up(pg, NULL, 0, &quiet, &err), &err, "migrate");
    return pg;
}

static struct target
find(struct pg *pg, const struct dataset *d)
{
    struct target t;
    struct err err = { 0 };

    must(target_find(pg, d, &t, &err), &err, "find");
    return t;
}

static enum st
try_merge(struct pg *pg, const struct target *t, int32_t first, int32_t last,
          struct merge_result *m, struct err *err)
{
    enum st st = pg_begin(pg, err);
    bool unknown;

    list.at = 0;
    if (st == ST_OK)
        st = sink_lock(pg, t, err);
    if (st == ST_OK)
        st = sink_merge(pg, t, &list, first, last, m, err);
    if (st == ST_OK)
        return pg_commit(pg, &unknown, err);
    pg_rollback(pg);
    return st;
}

static struct merge_result
merge(struct pg *pg, const struct target *t, int32_t first, int32_t last)
{
    struct merge_result m;
    struct err err = { 0 };

    must(try_merge(pg, t, first, last, &m, &err), &err, "merge");
    assert_true(m.sent == (int64_t)list.n && m.inserted + m.updated == m.sent);
    return m;
}

static const char all_rows[] = "SELECT string_agg(concat_ws('|', name, coalesce(version, '-'), "
                               "dldate, count, bytes, encode(hll_send(clients), 'hex')), ' '"
                               " ORDER BY name, version NULLS FIRST, dldate) FROM stats";

/* ---- the cases ---- */

static void
copied_rows_read_back_equal(void **state)
{
    struct pg *pg = with_tables("copied");
    struct target t = find(pg, &stats);
    struct merge_result m;

    (void)state;
    assert_true(t.ours && t.has_sketch && t.has_sum[0] && t.has_sum[1]);
    start_rows();
    stats_row("serde", NULL, 0, 3, INT64_MAX);
    stats_row("serde", "", DAY0, 0, 0);
    stats_row("serde", "1.0", DAY_MAX, 2, 7);
    last_sketch(pg, 0, 3);
    m = merge(pg, &t, 0, DAY_MAX);
    assert_true(m.copied && m.inserted == 3);
    assert_string_equal(
        sql_text(pg, all_rows),
        "serde|-|1970-01-01|3|9223372036854775807|118b7f serde||2024-01-16|0|0|118b7f "
        "serde|1.0|9999-12-31|2|7|128b7fde0820a06c76c0a8004403b7fb05c44a28df63b7cc57c3cb");
    pg_close(pg);
}

/* A trigger that leaves rows out, a server that takes fewer than it was sent: nothing may stand. */
static void
fewer_rows_than_were_sent_are_a_failure(void **state)
{
    struct pg *pg = with_tables("fewer");
    struct target t = find(pg, &stats);
    struct merge_result m;
    struct err err = { 0 };

    (void)state;
    sql(pg, "CREATE FUNCTION left_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NEW.version = '2' THEN RETURN NULL; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER left_out BEFORE INSERT ON stats FOR EACH ROW EXECUTE FUNCTION left_out()");
    start_rows();
    stats_row("a", "1", DAY0, 1, 1);
    stats_row("a", "2", DAY0, 1, 1);
    assert_int_not_equal(try_merge(pg, &t, DAY0, DAY0, &m, &err), ST_OK);
    assert_non_null(strstr(err.cause, "2 were sent, the server took 1"));
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM stats"), 0);
    sql(pg, "INSERT INTO stats VALUES ('b', '1', '2024-01-16', 1, 1)"); /* by way of the stage */
    assert_int_not_equal(try_merge(pg, &t, DAY0, DAY0, &m, &err), ST_OK);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM stats"), 1);
    pg_close(pg);
}

/* That nothing could be asked is not that there is no table. */
static void
a_failed_question_is_no_missing_table(void **state)
{
    struct pg *pg = with_tables("unasked");
    struct target t;
    struct err err = { 0 };

    (void)state;
    must(pg_begin(pg, &err), &err, "begin");
    assert_int_not_equal(pg_script(pg, "test", "SELECT 1 / 0", &err), ST_OK);
    assert_int_not_equal(target_find(pg, &stats, &t, &err), ST_OK);
    assert_false(t.missing);
    assert_non_null(strstr(err.cause, "transaction is aborted"));
    pg_rollback(pg);
    sql(pg, "DROP TABLE stats CASCADE");
    assert_int_equal(target_find(pg, &stats, &t, &err), ST_DB);
    assert_true(t.missing);
    pg_close(pg);
}

static void
merge_adds_updates_and_unites(void **state)
{
    struct pg *pg = with_tables("merging");
    struct target t = find(pg, &stats);
    struct merge_result m;

    (void)state;
    start_rows();
    stats_row("a", NULL, DAY0, 1, 10);
    last_sketch(pg, 0, 100);
    stats_row("a", "1", DAY0, 1, 10);
    last_sketch(pg, 0, 100);
    assert_true(merge(pg, &t, DAY0, DAY0).copied);
    start_rows();
    stats_row("a", NULL, DAY0, 2, 20);
    last_sketch(pg, 50, 1500);
    stats_row("a", "1", DAY0, 1, 5);
    stats_row("a", "2", DAY0, 1, 15);
    last_sketch(pg, 0, 1);
    stats_row("b", NULL, DAY0, 7, 70);
    stats_row("b", "1", DAY0, 7, 70);
    m = merge(pg, &t, DAY0, DAY0);
    assert_false(m.copied);
    assert_true(m.updated == 2 && m.inserted == 3);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM stats"), 5);
    assert_int_equal(sql_int(pg, "SELECT count FROM stats WHERE name = 'a' AND version IS NULL"),
                     3);
    assert_int_equal(sql_int(pg, "SELECT bytes FROM stats WHERE name = 'a' AND version = '1'"), 15);
    assert_string_equal(sql_text(pg, "SELECT encode(hll_send(clients), 'hex') = (SELECT "
                                     "encode(hll_send(hll_add_agg(hll_hash_bigint(i),"
                                     " 11, 5)), 'hex') FROM generate_series(0, 1499) i) FROM stats "
                                     "WHERE name = 'a' AND version IS NULL"),
                        "t");
    pg_close(pg);
}

static void
straight_and_stage_make_the_same_table(void **state)
{
    struct pg *pg = with_tables("sameness");
    struct target t = find(pg, &stats);
    char straight[32], staged[32];

    (void)state;
    start_rows();
    for (int i = 0; i < 1200; i++) {
        char name[16], version[16];

        snprintf(name, sizeof name, "n%04d", i / 6);
        snprintf(version, sizeof version, "%d", i % 6);
        stats_row(name, i % 6 == 0 ? NULL : version, DAY0 + i % 3, i, i * 100);
        if (i % 40 == 0)
            last_sketch(pg, i, i * 3 + 1);
    }
    assert_true(merge(pg, &t, DAY0, DAY0 + 2).copied);
    snprintf(
        straight, sizeof straight, "%s",
        sql_text(
            pg,
            "SELECT md5(string_agg(s::text, ' ' ORDER BY name, version, dldate)) FROM stats s"));
    sql(pg, "TRUNCATE stats; INSERT INTO stats VALUES ('x', '1', '2024-01-16', 1, 1)");
    assert_false(merge(pg, &t, DAY0, DAY0 + 2).copied);
    sql(pg, "DELETE FROM stats WHERE name = 'x'");
    snprintf(
        staged, sizeof staged, "%s",
        sql_text(
            pg,
            "SELECT md5(string_agg(s::text, ' ' ORDER BY name, version, dldate)) FROM stats s"));
    assert_string_equal(straight, staged);
    assert_true(merge(pg, &t, DAY0, DAY0 + 2).updated == 1200);
    pg_close(pg);
}

static void
empty_batches_and_two_merges_in_one_transaction(void **state)
{
    struct pg *pg = with_tables("twomerges");
    struct target t = find(pg, &stats);
    struct merge_result m;
    struct err err = { 0 };
    bool unknown;

    (void)state;
    start_rows();
    assert_int_equal(merge(pg, &t, DAY_NONE, DAY_NONE).sent, 0);
    stats_row("a", "1", DAY0, 1, 1);
    sql(pg, "INSERT INTO stats VALUES ('a', '1', '2024-01-16', 1, 1)");
    must(pg_begin(pg, &err), &err, "begin");
    for (int i = 0; i < 2; i++) {
        list.at = 0;
        must(sink_merge(pg, &t, &list, DAY0, DAY0, &m, &err), &err, "merge");
    }
    /* By the day alone two days are joined row by row: see guide_planner. */
    assert_string_equal(sql_text(pg, "SELECT current_setting('enable_mergejoin')"), "off");
    must(pg_commit(pg, &unknown, &err), &err, "commit");
    assert_string_equal(sql_text(pg, "SELECT current_setting('enable_mergejoin')"), "on");
    assert_int_equal(sql_int(pg, "SELECT count FROM stats"), 3);
    pg_close(pg);
}

static void
hostile_keys_are_stored_as_they_are(void **state)
{
    static const char *const names[] = {
        "'; DROP TABLE stats; --", "\\.",       "\\N", "a\tb\nc\rd", "\x1b[31m",
        "\xf0\x9f\xa6\x80",        "{\"a\":1}", "%s%n"
    };
    struct pg *pg = with_tables("hostile");
    struct target t = find(pg, &stats);

    (void)state;
    start_rows();
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        stats_row(names[i], names[i], DAY0, 1, 1);
    merge(pg, &t, DAY0, DAY0);
    merge(pg, &t, DAY0, DAY0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *values[] = { names[i] };
        struct pg_result *r = NULL;
        struct err err = { 0 };

        must(pg_run(pg, "test", "SELECT count FROM stats WHERE name = $1 AND version = $1", 1,
                    values, &r, &err),
             &err, names[i]);
        assert_int_equal(pg_int(r, 0, 0), 2);
        pg_free(r);
    }
    pg_close(pg);
}

static void
nodes_do_not_mix(void **state)
{
    struct pg *pg = with_tables("nodes_apart");
    struct target t = find(pg, &dataselect);

    (void)state;
    assert_true(t.has_updated_at);
    sql(pg, "INSERT INTO nodes (id, name) VALUES (7, 'gfz')");
    start_rows();
    dataselect_row(DAY0, "GE", "", 10);
    dataselect_row(DAY0, "GE", "--", 1);
    t.node_id = 1;
    assert_true(merge(pg, &t, DAY0, DAY0).copied);
    t.node_id = 7;
    assert_true(merge(pg, &t, DAY0, DAY0).copied); /* free for this node */
    assert_true(merge(pg, &t, DAY0, DAY0).updated == 2);
    assert_int_equal(sql_int(pg, "SELECT sum(bytes) FROM dataselect_stats WHERE node_id = 1"), 11);
    assert_int_equal(sql_int(pg, "SELECT sum(bytes) FROM dataselect_stats WHERE node_id = 7"), 22);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM dataselect_stats WHERE (updated_at IS NULL) "
                                 "= (node_id = 1) AND created_at IS NOT NULL"),
                     4);
    pg_close(pg);
}

/* ---- a writer who does not take our lock ---- */

static void
stranger_inserts(size_t at, void *other)
{
    if (at == 0)
        sql(other,
            "INSERT INTO stats VALUES ('a', '1', '2024-01-16', 100, 100) ON CONFLICT DO NOTHING");
}

static void
stranger_on_the_straight_way(void **state)
{
    struct pg *pg = with_tables("stranger"), *other = connect_to("dbname=stranger");
    struct target t = find(pg, &stats);
    struct merge_result m;
    struct err err = { 0 };

    (void)state;
    start_rows();
    stats_row("a", NULL, DAY0, 1, 1);
    stats_row("a", "1", DAY0, 1, 1);
    list.before = stranger_inserts;
    list.ctx = other;
    assert_int_equal(try_merge(pg, &t, DAY0, DAY0, &m, &err), ST_DB_RETRY);
    assert_non_null(strstr(err.cause, "23505"));
    m = merge(pg, &t, DAY0, DAY0); /* rolled back and tried again: now it takes the stage */
    assert_true(!m.copied && m.updated == 1 && m.inserted == 1);
    assert_int_equal(sql_int(pg, "SELECT count FROM stats WHERE version = '1'"), 101);
    pg_close(other);
    pg_close(pg);
}

/* Between our UPDATE and our INSERT: a trigger on UPDATE lets another connection insert the key. */
static void
stranger_on_the_stage(void **state)
{
    struct pg *pg = with_tables("stranger2");
    struct target t = find(pg, &stats);

    (void)state;
    sql(pg, "CREATE EXTENSION dblink; CREATE SEQUENCE turn; CREATE FUNCTION stranger() RETURNS "
            "trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF nextval('turn') = 1 THEN PERFORM dblink_exec('dbname=stranger2 user=' || "
            "current_user || ' host=' || "
            "split_part(current_setting('unix_socket_directories'), ',', 1),"
            "  $q$INSERT INTO stats VALUES ('a', '1', '2024-01-16', 100, 100), ('z', '1', "
            "'2024-01-16', 100, 100) ON CONFLICT DO NOTHING$q$);"
            " END IF; RETURN NULL; END $$;"
            "INSERT INTO stats VALUES ('x', '1', '2024-01-16', 1, 1);"
            "CREATE TRIGGER stranger AFTER UPDATE ON stats FOR EACH STATEMENT EXECUTE FUNCTION "
            "stranger()");
    start_rows();
    stats_row("a", "1", DAY0, 1, 1);
    stats_row("b", "1", DAY0, 1, 1);
    merge(pg, &t, DAY0, DAY0);
    assert_int_equal(sql_int(pg, "SELECT count FROM stats WHERE name = 'a'"), 101);
    assert_int_equal(sql_int(pg, "SELECT count FROM stats WHERE name = 'b'"), 1);
    pg_close(pg);
}

/* ---- many at once ---- */

enum { WRITERS = 4, ROUNDS = 8 };

static void *
writer(void *out)
{
    struct err err = { 0 };
    struct pg *pg = pg_connect("dbname=many", PG_READ_WRITE, &err);
    struct target t;
    enum st *st = out;

    *st = pg == NULL ? err.code : target_find(pg, &stats, &t, &err);
    for (int i = 0; i < ROUNDS && *st == ST_OK; i++) {
        struct rows *mine = calloc(1, sizeof *mine);
        struct merge_result m;
        bool unknown;

        assert(mine != NULL);
        memcpy(mine, &list, sizeof *mine);
        *st = pg_begin(pg, &err);
        if (*st == ST_OK)
            *st = sink_lock(pg, &t, &err);
        if (*st == ST_OK)
            *st = sink_merge(pg, &t, mine, DAY0, DAY0, &m, &err);
        if (*st == ST_OK)
            *st = pg_commit(pg, &unknown, &err);
        free(mine);
    }
    if (*st != ST_OK)
        fprintf(stderr, "%s: %s\n", err.what, err.cause);
    pg_close(pg);
    return NULL;
}

static void
merges_at_once_add_up(void **state)
{
    struct pg *pg = with_tables("many");
    pthread_t threads[WRITERS];
    enum st st[WRITERS];

    (void)state;
    start_rows();
    for (int i = 0; i < 50; i++) {
        char name[16];

        snprintf(name, sizeof name, "n%02d", i);
        stats_row(name, NULL, DAY0, 1, 2);
        stats_row(name, "1", DAY0, 1, 2);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer, &st[i]), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(st[i], ST_OK);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM stats"), 100);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM stats WHERE count = 32 AND bytes = 64"),
                     100);
    pg_close(pg);
}

/* ---- failures ---- */

struct killing {
    struct pg *admin, *victim;
    size_t     at;
};

static void
kill_at(size_t at, void *ctx)
{
    struct killing *k = ctx;
    char text[80];

    if (at != k->at)
        return;
    snprintf(text, sizeof text, "SELECT pg_terminate_backend(%d, 5000)::int",
             pg_backend_pid(k->victim));
    sql_int(k->admin, text);
}

static void
killed_while_rows_are_sent(void **state)
{
    struct pg *admin = with_tables("dying");
    static const size_t places[] = { 0, 1, 600, 1199, 1200 };

    (void)state;
    start_rows();
    for (int i = 0; i < 1200; i++) {
        char name[16];

        snprintf(name, sizeof name, "n%04d", i);
        stats_row(name, "1", DAY0, 1, 1);
        last_sketch(admin, 0, i % 10 == 0 ? 1000 : 1);
    }
    for (size_t i = 0; i < 2 * ARRAY_LEN(places); i++) {
        struct pg *pg = connect_to("dbname=dying");
        struct target t = find(pg, &stats);
        struct killing k = { admin, pg, places[i / 2] };
        struct merge_result m;
        struct err err = { 0 };

        t.ours = i % 2 == 0; /* straight, and through the stage */
        list.before = kill_at;
        list.ctx = &k;
        assert_int_equal(try_merge(pg, &t, DAY0, DAY0, &m, &err), ST_DB_RETRY);
        assert_int_equal(sql_int(admin, "SELECT count(*) FROM stats"), 0);
        pg_close(pg);
    }
    pg_close(admin);
}

static void
a_sum_stops_at_its_limit(void **state)
{
    struct pg *pg = with_tables("full_sums");
    struct target t = find(pg, &stats);

    (void)state;
    start_rows();
    stats_row("a", "1", DAY0, 1, INT64_MAX);
    merge(pg, &t, DAY0, DAY0);
    merge(pg, &t, DAY0, DAY0);
    list.row[0].sums[1] = 1;
    merge(pg, &t, DAY0, DAY0);
    assert_int_equal(sql_int(pg, "SELECT count FROM stats"), 3);
    assert_true(sql_int(pg, "SELECT bytes FROM stats") == INT64_MAX);
    pg_close(pg);
}

static void
rows_that_fail_leave_nothing(void **state)
{
    struct pg *pg = with_tables("failing_rows");
    struct target t = find(pg, &stats);
    struct merge_result m;
    struct err err = { 0 };

    (void)state;
    start_rows();
    stats_row("a", "1", DAY0, 1, 1);
    list.end = ST_DISK;
    assert_int_equal(try_merge(pg, &t, DAY0, DAY0, &m, &err), ST_DISK);
    assert_string_equal(err.what, "the rows end badly");
    list.end = ST_EOF;
    merge(pg, &t, DAY0, DAY0);
    assert_int_equal(sql_int(pg, "SELECT count FROM stats"), 1);
    pg_close(pg);
}

/* ---- other people's tables ---- */

static void
tables_that_will_not_do(void **state)
{
    static const struct {
        const char *ddl, *cause;
    } cases[] = {
        { "CREATE VIEW stats AS SELECT 1", "no table" },
        { "CREATE TABLE stats (name text, version text, count bigint, bytes bigint)",
          "\"dldate\" is missing" },
        { "CREATE TABLE stats (name text, version text, dldate text, count bigint)",
          "\"dldate\" is text, not date" },
        { "CREATE TABLE stats (name varchar(20), version text, dldate date, count bigint)",
          "\"name\" is character varying(20), not text" },
        { "CREATE TABLE stats (name char(900), version text, dldate date, count bigint)",
          "\"name\" is character(900)" },
        { "CREATE TABLE stats (name text, version text, dldate date, count numeric)",
          "\"count\" is numeric, not bigint" },
        { "CREATE TABLE stats (name text, version text, dldate date, count bigint GENERATED ALWAYS "
          "AS (1) STORED)",
          "generated" },
        { "CREATE TABLE stats (name text, version text, dldate date, count bigint, clients "
          "hll(14,5))",
          "\"clients\" is hll(14,5" },
        { "CREATE TABLE stats (name text, version text, dldate date, count bigint, clients bytea)",
          "\"clients\" is bytea" },
        { "CREATE TABLE stats (name text, version text, dldate date, count bigint, auth text NOT "
          "NULL)",
          "column \"auth\" must be filled" },
    };
    struct pg *pg = fresh("unfit");
    struct target t;
    struct err err = { 0 };

    (void)state;
    sql(pg, "CREATE EXTENSION hll");
    assert_int_equal(target_find(pg, &stats, &t, &err), ST_DB);
    assert_non_null(strstr(err.hint, "ingest migrate up stats"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sql(pg,
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE EXTENSION IF NOT EXISTS hll");
        sql(pg, cases[i].ddl);
        assert_int_equal(target_find(pg, &stats, &t, &err), ST_DB);
        if (strstr(err.cause, cases[i].cause) == NULL)
            fail_msg("%s: %s: %s", cases[i].ddl, err.what, err.cause);
    }
    sql(pg, "CREATE SCHEMA hidden; ALTER TABLE stats SET SCHEMA hidden");
    assert_int_equal(target_find(pg, &stats, &t, &err), ST_DB);
    assert_non_null(strstr(err.cause, "in the schema \"hidden\""));
    pg_close(pg);
}

/* No bytes, no clients, no unique index, narrow counters, NULLs in them, rows doubled, a key column
 * that hides in a serial. */
static void
living_tables_are_served_as_they_are(void **state)
{
    struct pg *pg = fresh("living");
    struct target t;
    struct merge_result m;
    struct err err = { 0 };

    (void)state;
    sql(pg, "CREATE TABLE stats (stat_id serial PRIMARY KEY, name text, version text, dldate date "
            "NOT NULL, count int, note text);"
            "INSERT INTO stats (name, version, dldate, count) VALUES ('a', NULL, '2024-01-16', 5), "
            "('a', NULL, '2024-01-16', 7),"
            " ('a', '1', '2024-01-16', NULL)");
    t = find(pg, &stats);
    assert_false(t.ours || t.has_sketch || t.has_sum[1]);
    assert_string_equal(t.lowest, "stat_id");
    start_rows();
    stats_row("a", NULL, DAY0, 3, 1);
    stats_row("a", "1", DAY0, 2, 1);
    stats_row("a", "2", DAY0, 1, 1);
    for (int i = 0; i < 2; i++) {
        m = merge(pg, &t, DAY0, DAY0);
        assert_true(!m.copied && m.updated == 2 + i && m.doubled == 1);
    }
    assert_string_equal(sql_text(pg, "SELECT string_agg(concat(stat_id, ':', name, version, '=', "
                                     "count), ' ' ORDER BY stat_id) FROM stats"),
                        "1:a=11 2:a=7 3:a1=4 4:a2=2");
    list.row[0].sums[0] = INT32_MAX;
    assert_int_equal(try_merge(pg, &t, DAY0, DAY0, &m, &err), ST_DB);
    assert_string_equal(pg_sqlstate(pg), "22003");
    pg_close(pg);
}

static void
missing_rights_are_named_before_the_work(void **state)
{
    struct pg *pg = fresh("norights"), *poor;
    struct target t;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; REVOKE TEMP ON DATABASE norights "
            "FROM PUBLIC;"
            "CREATE TABLE stats (stat_id serial, name text, version text, dldate date, count "
            "bigint); GRANT SELECT ON stats TO clerk");
    poor = connect_to("dbname=norights user=clerk");
    for (int i = 0; i < 3; i++) {
        static const char *const grants[] = {
            "GRANT INSERT, UPDATE ON public.stats TO clerk;",
            "GRANT USAGE ON SEQUENCE public.stats_stat_id_seq TO clerk;",
            "GRANT TEMP ON DATABASE norights TO clerk;"
        };

        assert_int_equal(target_find(poor, &stats, &t, &err), ST_DB);
        assert_non_null(strstr(err.hint, grants[i]));
        assert_non_null(strstr(err.cause, "the role clerk lacks"));
        sql(pg, grants[i]);
    }
    must(target_find(poor, &stats, &t, &err), &err, "find");
    start_rows();
    stats_row("a", NULL, DAY0, 3, 1);
    merge(poor, &t, DAY0, DAY0);
    pg_close(poor);
    sql(pg, "REVOKE INSERT ON stats FROM clerk");
    poor = pg_connect("dbname=norights user=clerk", PG_READ_ONLY, &err);
    assert_non_null(poor);
    must(target_find(poor, &stats, &t, &err), &err, "a dry run only looks");
    pg_close(poor);
    pg_close(pg);
}

static void
odd_roles_and_paths_are_harmless(void **state)
{
    struct pg *pg = fresh("oddity"), *odd;
    const struct migrate_options quiet = { 0 };
    struct err err = { 0 };
    struct target t;

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS odd2; CREATE ROLE odd2 SUPERUSER LOGIN; CREATE SCHEMA \"O'Dd\"; "
            "CREATE SCHEMA ext;"
            "CREATE EXTENSION hll SCHEMA ext; ALTER ROLE odd2 SET search_path = 'O''Dd'; ALTER "
            "ROLE odd2 SET DateStyle = 'German';"
            "ALTER ROLE odd2 SET default_transaction_isolation = 'serializable'; ALTER ROLE odd2 "
            "SET statement_timeout = '1min'");
    setenv("PGCLIENTENCODING", "SQL_ASCII", 1);
    odd = connect_to("dbname=oddity user=odd2");
    unsetenv("PGCLIENTENCODING");
    must(migrate_up(odd, NULL, 0, &quiet, &err), &err, "migrate");
    t = find(odd, &stats);
    assert_string_equal(t.schema, "O'Dd");
    assert_string_equal(t.hll_schema, "ext");
    start_rows();
    stats_row("\xc3\xb6", "1", DAY0, 1, 1);
    merge(odd, &t, DAY0, DAY0);
    merge(odd, &t, DAY0, DAY0);
    assert_int_equal(sql_int(odd, "SELECT count FROM stats WHERE name = U&'\\00F6'"), 2);
    pg_close(odd);
    pg_close(pg);
}

static void
tables_without_sketches(void **state)
{
    struct pg *pg = fresh("sketchless");
    const struct migrate_options o = { .no_sketches = true };
    struct err err = { 0 };
    struct target t;

    (void)state;
    must(migrate_up(pg, NULL, 0, &o, &err), &err, "migrate");
    t = find(pg, &stats);
    assert_true(t.ours && !t.has_sketch);
    start_rows();
    stats_row("a", "1", DAY0, 1, 1);
    assert_true(merge(pg, &t, DAY0, DAY0).copied);
    assert_true(merge(pg, &t, DAY0, DAY0).updated == 1);
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copied_rows_read_back_equal),
        cmocka_unit_test(fewer_rows_than_were_sent_are_a_failure),
        cmocka_unit_test(a_failed_question_is_no_missing_table),
        cmocka_unit_test(merge_adds_updates_and_unites),
        cmocka_unit_test(straight_and_stage_make_the_same_table),
        cmocka_unit_test(empty_batches_and_two_merges_in_one_transaction),
        cmocka_unit_test(hostile_keys_are_stored_as_they_are),
        cmocka_unit_test(nodes_do_not_mix),
        cmocka_unit_test(stranger_on_the_straight_way),
        cmocka_unit_test(stranger_on_the_stage),
        cmocka_unit_test(merges_at_once_add_up),
        cmocka_unit_test(killed_while_rows_are_sent),
        cmocka_unit_test(a_sum_stops_at_its_limit),
        cmocka_unit_test(rows_that_fail_leave_nothing),
        cmocka_unit_test(tables_that_will_not_do),
        cmocka_unit_test(living_tables_are_served_as_they_are),
        cmocka_unit_test(missing_rights_are_named_before_the_work),
        cmocka_unit_test(odd_roles_and_paths_are_harmless),
        cmocka_unit_test(tables_without_sketches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
