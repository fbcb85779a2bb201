/* Rows out of a server in one stream: whole, wide, none; and streams that end too early. */
#include "pgtest.h"

struct sum {
    int64_t rows, ints, bytes, nulls;
    int64_t fails_at; /* row; 0: never */
};

static enum st
add(void *ctx, const struct slice *fields, size_t n, struct err *err)
{
    struct sum *s = ctx;

    s->rows++;
    for (size_t i = 0; i < n; i++) {
        s->nulls += fields[i].p == NULL;
        s->bytes += (int64_t)fields[i].n;
    }
    if (n > 0)
        s->ints += pg_field_int(fields[0]);
    if (s->rows == s->fails_at)
        return err_fail(err, ST_MEMORY, "test", "enough");
    return ST_OK;
}

static struct sum
copied(struct pg *pg, const char *select)
{
    struct err err = { 0 };
    struct sum s = { 0 };
    char text[512];

    snprintf(text, sizeof text, "COPY (%s) TO STDOUT (FORMAT binary)", select);
    must(pg_copy_out(pg, "test", text, add, &s, &err), &err, select);
    return s;
}

static void
rows_of_every_kind(void **state)
{
    struct pg *pg = connect_to("dbname=postgres");
    struct sum s;

    (void)state;
    s = copied(pg, "SELECT n::bigint FROM generate_series(1, 100000) n");
    assert_int_equal(s.rows, 100000);
    assert_int_equal(s.ints, INT64_C(5000050000));
    s = copied(pg, "SELECT 1::bigint WHERE false");
    assert_int_equal(s.rows, 0);
    s = copied(pg, "SELECT");
    assert_int_equal(s.rows, 1);
    s = copied(pg, "SELECT 1.5, NULL::text, '', repeat('x', 30000000)");
    assert_int_equal(s.ints, 0); /* that one is numeric */
    assert_int_equal(s.nulls, 1);
    assert_true(s.bytes > 30000000);
    s = copied(pg, "SELECT (-9223372036854775807 - 1)::bigint, NULL::bigint");
    assert_int_equal(s.ints, INT64_MIN);
    s = copied(pg, "SELECT NULL::bigint, true");
    assert_int_equal(s.ints, 0);
    assert_int_equal(s.bytes, 1);
    pg_close(pg);
}

static void
fails(struct pg *pg, const char *text, enum st want, struct sum *s)
{
    struct err err = { 0 };
    enum st rc = pg_copy_out(pg, "test", text, add, s, &err);

    if (rc != want)
        fail_msg("%s: %d: %s", text, rc, err.cause);
}

static void
streams_that_end_early(void **state)
{
    struct pg *pg = connect_to("dbname=postgres");
    struct sum s = { .fails_at = 5 }, none = { 0 };

    (void)state;
    fails(pg,
          "COPY (SELECT n::bigint FROM generate_series(1, 3000000) n) TO STDOUT (FORMAT binary)",
          ST_MEMORY, &s);
    assert_int_equal(s.rows, 5);
    assert_int_equal(sql_int(pg, "SELECT 7"), 7); /* the connection is as before */
    fails(pg,
          "COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 9999) n) TO STDOUT (FORMAT binary)",
          ST_DB, &none);
    assert_int_equal(sql_int(pg, "SELECT 7"), 7);
    fails(pg, "COPY nothing TO STDOUT (FORMAT binary)", ST_DB, &none);
    fails(pg, "SELECT 1", ST_BUG, &none);
    fails(pg, "COPY (SELECT 1) TO STDOUT", ST_BUG, &none); /* in text: that is no row of ours */
    assert_int_equal(sql_int(pg, "SELECT 7"), 7);
    fails(
        pg,
        "COPY (SELECT n::bigint, CASE WHEN n = 5000 THEN pg_terminate_backend(pg_backend_pid()) END"
        " FROM generate_series(1, 9999999) n) TO STDOUT (FORMAT binary)",
        ST_DB_RETRY, &none);
    assert_false(pg_is_alive(pg));
    fails(pg, "COPY (SELECT 1) TO STDOUT (FORMAT binary)", ST_DB_RETRY, &none);
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_kind),
        cmocka_unit_test(streams_that_end_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
