/* EIDA's table of payloads against a server: however it was made, what it knows, what is written, and who is faster. */
#include "pgtest.h"

#include "ingest/clock.h"
#include "ingest/sent.h"

#define BASE "CREATE TABLE nodes (id serial PRIMARY KEY, name text); INSERT INTO nodes (name) VALUES ('one'), ('two');"
#define FULL "id serial PRIMARY KEY, node_id integer, hash bigint, version varchar(32), generated_at timestamptz, coverage date[],"

static const struct {
    const char *name, *table;
    bool        there, hash_alone, has_version, has_starts, has_stats;
} shapes[] = {
    { "live", "CREATE TABLE payloads (" FULL " first_stat_at timestamptz, last_stat_at timestamptz, UNIQUE (hash))", true, true, true, false, true },
    { "ours", "CREATE TABLE payloads (" FULL " starts_at timestamptz, ends_at timestamptz, UNIQUE (node_id, hash))", true, false, true, true, false },
    { "the_documentation's", "CREATE TABLE payloads (node_id integer, hash bigint, starts_at timestamptz, ends_at timestamptz, UNIQUE (node_id, hash))",
      true, false, false, true, false },
    { "no_constraint", "CREATE TABLE payloads (node_id integer, hash bigint)", true, false, false, false, false },
    { "a_partial_index", "CREATE TABLE payloads (node_id integer, hash bigint); CREATE UNIQUE INDEX ON payloads (hash) WHERE node_id > 100", true, false, false, false, false },
    { "an_index_that_is_not_unique", "CREATE TABLE payloads (node_id integer, hash bigint); CREATE INDEX ON payloads (hash)", true, false, false, false, false },
    { "of_another_system", "CREATE TABLE payloads (id serial, body text)", false, false, false, false, false },
    { "a_view", "CREATE TABLE kept (node_id integer, hash bigint); CREATE VIEW payloads AS SELECT * FROM kept", false, false, false, false, false },
    { "none", "SELECT 1", false, false, false, false, false },
};

static struct payload_day days[3] = { { .day = 19738, .lines = 1, .count = 1 },                /* 2024-01-16 */
                                      { .day = 19740, .lines = 5, .count = 0, .listed = true }, /* 2024-01-18 */
                                      { .day = 19742, .lines = 2, .count = 2, .listed = true } };

static struct payload
log_of(uint8_t first_byte)
{
    struct payload p = { .days = days, .n_days = 3, .counted_first_us = INT64_C(1705399200000001), .counted_last_us = INT64_C(1705658400000000) };

    p.key.hash.b[0] = first_byte;
    return p;
}

static struct payload
document_of(int32_t hash)
{
    struct payload p = log_of(1);

    p.document = (struct document){ .is_payload = true, .has_hash = true, .hash = hash, .is_generated = true, .generated_us = 1000000, .version = "1.2" };
    return p;
}

static void
every_shape(void **state)
{
    struct pg *pg = fresh("sent_shapes");
    struct err err = { 0 };

    (void)state;
    sql(pg, BASE);
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        struct payload a = log_of(0x81), b = document_of(-7);
        struct payload *both[] = { &a, &b };
        int64_t hashes[] = { sent_hash(&a), 5, sent_hash(&b) };
        struct sent_table t;
        struct sent found[3];
        bool lost = true;

        sql(pg, shapes[i].table);
        must(sent_look(pg, "public", true, &t, &err), &err, shapes[i].name);
        if (t.there != shapes[i].there || t.hash_alone != shapes[i].hash_alone || t.has_version != shapes[i].has_version ||
            t.has_starts != shapes[i].has_starts || t.has_stats != shapes[i].has_stats)
            fail_msg("%s", shapes[i].name);
        if (t.there) {
            assert_true(hashes[0] == INT64_MIN + (INT64_C(1) << 56) && hashes[2] == -7);
            must(sent_write(pg, &t, 1, both, 2, false, &lost, &err), &err, shapes[i].name);
            assert_false(lost);
            must(sent_ask(pg, &t, 1, hashes, 3, found, &err), &err, shapes[i].name);
            assert_true(found[0].word == SENT_BEFORE && found[1].word == SENT_NEW && found[2].word == SENT_BEFORE);
            must(sent_ask(pg, &t, 2, hashes, 3, found, &err), &err, shapes[i].name);
            assert_int_equal(found[0].word, t.hash_alone ? SENT_BY_OTHER : SENT_NEW);
            if (t.hash_alone)
                assert_string_equal(found[0].node, "one");
            /* Once more: the node's own are there, and that is known; `again` makes them say the same. */
            must(sent_write(pg, &t, 1, both, 2, false, &lost, &err), &err, shapes[i].name);
            assert_true(lost);
            must(sent_write(pg, &t, 1, both, 2, true, &lost, &err), &err, shapes[i].name);
            assert_false(lost);
            must(sent_write(pg, &t, 2, both, 1, true, &lost, &err), &err, shapes[i].name);
            assert_int_equal(lost, t.hash_alone);
            assert_int_equal(sql_int(pg, "SELECT count(*) FROM payloads"), t.hash_alone ? 2 : 3);
        }
        sql(pg, "DROP VIEW IF EXISTS v; DO $$ BEGIN EXECUTE (SELECT format('DROP %s payloads', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END)"
                " FROM pg_class WHERE relname = 'payloads'); EXCEPTION WHEN null_value_not_allowed THEN NULL; END $$; DROP TABLE IF EXISTS kept");
    }
    pg_close(pg);
}

/* A log covers the days of which something counts, from the first to the last event that does; a payload the days that it names. */
static void
days_and_bounds(void **state)
{
    struct pg *pg = fresh("sent_days");
    struct payload a = log_of(1), b = document_of(9), nothing = { .counted_first_us = INT64_MAX, .counted_last_us = INT64_MIN };
    struct payload *all[] = { &a, &b, &nothing };
    struct sent_table t;
    struct err err = { 0 };
    bool lost;

    (void)state;
    sql(pg, BASE);
    sql(pg, shapes[0].table);
    must(sent_look(pg, "public", false, &t, &err), &err, "look");
    must(sent_write(pg, &t, 2, all, 3, false, &lost, &err), &err, "write");
    assert_string_equal(sql_text(pg, "SELECT coverage::text || ' ' || first_stat_at || ' ' || last_stat_at || ' ' || split_part(version, ' ', 1) || ' ' || (generated_at = now())::text"
                                     " FROM payloads WHERE hash > 9 AND node_id = 2"), "{2024-01-16,2024-01-20} 2024-01-16 10:00:00.000001+00 2024-01-19 10:00:00+00 ingest false");
    assert_string_equal(sql_text(pg, "SELECT coverage::text || ' ' || first_stat_at || ' ' || last_stat_at || ' ' || version || ' ' || generated_at FROM payloads WHERE hash = 9"),
                        "{2024-01-18,2024-01-20} 2024-01-18 00:00:00+00 2024-01-20 23:59:59.999999+00 1.2 1970-01-01 00:00:01+00");
    assert_string_equal(sql_text(pg, "SELECT coverage::text || ' ' || coalesce(first_stat_at::text, 'none') || ' ' || coalesce(last_stat_at::text, 'none') FROM payloads WHERE hash = 0"),
                        "{} none none");
    pg_close(pg);
}

/* Between our question and our row another session writes the same hash: it is told, and the transaction must go. */
static void
another_is_faster(void **state)
{
    struct pg *pg = fresh("sent_race"), *other = connect_to("dbname=sent_race");
    struct payload a = log_of(1);
    struct payload *one[] = { &a };
    struct sent_table t;
    struct err err = { 0 };
    bool lost;

    (void)state;
    sql(pg, BASE);
    sql(pg, shapes[1].table);
    must(sent_look(pg, "public", false, &t, &err), &err, "look");
    sql(other, "BEGIN");
    must(sent_write(other, &t, 1, one, 1, false, &lost, &err), &err, "other");
    assert_false(lost);
    sql(pg, "SET lock_timeout = '200ms'"); /* we wait for whoever holds it */
    assert_int_equal(sent_write(pg, &t, 1, one, 1, false, &lost, &err), ST_DB_RETRY);
    sql(other, "COMMIT");
    must(sent_write(pg, &t, 1, one, 1, false, &lost, &err), &err, "ours");
    assert_true(lost);
    pg_close(other);
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_shape), cmocka_unit_test(days_and_bounds), cmocka_unit_test(another_is_faster) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
