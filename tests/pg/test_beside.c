/*
 * What sink/ does beside a merge, and with tables of other kinds: statements before, after and
 * instead, the rights they need, variants, numbers and latest values. A small system of lots and
 * their sales, made for this.
 */
#include "pgtest.h"

#include "ingest/sink.h"

/* ---- rows ---- */

struct rows {
    uint8_t keys[40][64];
    struct row row[40];
    size_t n, at;
};

enum st
rows_next(struct rows *rows, struct row *row, struct err *err)
{
    (void)err;
    if (rows->at == rows->n)
        return ST_EOF;
    *row = rows->row[rows->at++];
    return ST_OK;
}

void
rows_free(struct rows *rows)
{
    (void)rows;
}

static struct rows list;

static void
put_row(const uint8_t *end, int64_t n)
{
    struct row *row = &list.row[list.n];

    *row = (struct row){ .sums = { n } };
    row->key =
        (struct slice){ (const char *)list.keys[list.n], (size_t)(end - list.keys[list.n]) };
    assert_true(++list.n < ARRAY_LEN(list.row));
}

static void
sale(int64_t lot, int32_t day, int64_t n)
{
    put_row(key_put_day(key_put_int(list.keys[list.n], lot), day), n);
}

static void
visit(const char *name, int64_t when)
{
    put_row(key_put_text(list.keys[list.n], slice_of(name)), when);
}

/* ---- datasets ---- */

#define DAY0 19738 /* 2024-01-16, which begins at 1705363200 */

static const char *const sales_after[] = {
    "UPDATE {schema}.lots AS l SET sold = l.sold + s.n"
    " FROM (SELECT lot, sum(n) AS n FROM {stage} GROUP BY lot) AS s WHERE l.id = s.lot",
    NULL,
};
static const struct table_right sales_rights[] = {
    { .table = "lots", .right = "SELECT", .column = "id" },
    { .table = "lots", .right = "UPDATE", .column = "sold" },
    { 0 },
};
static const struct dataset sales = {
    .name = "sales",
    .table = "sales",
    .migrations = "shop",
    .schema = "shop",
    .keys = { { .name = "lot", .kind = COLUMN_INT },
              { .name = "date", .kind = COLUMN_DAY, .as_epoch = true } },
    .n_keys = 2,
    .sums = { "n" },
    .n_sums = 1,
    .after = sales_after,
    .rights = sales_rights,
};

static const struct dataset plain_sales = {
    .name = "sales",
    .table = "sales",
    .schema = "shop",
    .keys = { { .name = "lot", .kind = COLUMN_INT },
              { .name = "date", .kind = COLUMN_DAY, .as_epoch = true } },
    .n_keys = 2,
    .sums = { "n" },
    .n_sums = 1,
};

static const char shop[] = "CREATE SCHEMA shop; CREATE TABLE shop.lots (id bigserial PRIMARY KEY,"
                           " sold bigint NOT NULL DEFAULT 0);"
                           "CREATE TABLE shop.sales (lot bigint NOT NULL REFERENCES shop.lots,"
                           " date bigint, n bigint, PRIMARY KEY (lot, date));"
                           "INSERT INTO shop.lots SELECT FROM generate_series(1, 5)";

/* ---- doing it ---- */

static struct target
find(struct pg *pg, const struct dataset *d)
{
    struct target t;
    struct err err = { 0 };

    must(target_find(pg, d, &t, &err), &err, "find");
    return t;
}

static enum st
try_merge(struct pg *pg, const struct target *t, struct merge_result *m, struct err *err)
{
    enum st st = pg_begin(pg, err);
    bool unknown;

    list.at = 0;
    if (st == ST_OK)
        st = sink_lock(pg, t, err);
    if (st == ST_OK)
        st = sink_merge(pg, t, &list, DAY0, DAY0 + 1, m, err);
    if (st == ST_OK)
        return pg_commit(pg, &unknown, err);
    pg_rollback(pg);
    return st;
}

static struct merge_result
merge(struct pg *pg, const struct target *t)
{
    struct merge_result m;
    struct err err = { 0 };

    must(try_merge(pg, t, &m, &err), &err, "merge");
    assert_int_equal(m.sent, list.n);
    return m;
}

static const char all_sales[] =
    "SELECT (SELECT string_agg(concat_ws(':', lot, date, n), ' ' ORDER BY lot, date)"
    " FROM shop.sales) || ' sold ' || (SELECT string_agg(sold::text, ' ' ORDER BY id)"
    " FROM shop.lots)";

/* ---- the cases ---- */

static void
after_is_run_with_the_rows_of_the_batch(void **state)
{
    struct pg *pg = fresh("beside_after");
    struct target t;
    struct merge_result m;

    (void)state;
    sql(pg, shop);
    t = find(pg, &sales);
    assert_int_equal(t.statements, 1);
    list = (struct rows){ 0 };
    sale(1, DAY0, 3);
    sale(1, DAY0 + 1, 4);
    sale(5, DAY0, 1);
    m = merge(pg, &t);
    assert_true(m.inserted == 3 && m.updated == 0 && !m.copied);
    assert_string_equal(sql_text(pg, all_sales),
                        "1:1705363200:3 1:1705449600:4 5:1705363200:1 sold 7 0 0 0 1");
    sql(pg, "UPDATE shop.sales SET n = NULL WHERE lot = 5");
    m = merge(pg, &t);
    assert_true(m.inserted == 0 && m.updated == 3);
    assert_string_equal(sql_text(pg, all_sales),
                        "1:1705363200:6 1:1705449600:8 5:1705363200:1 sold 14 0 0 0 2");
    pg_close(pg);
}

static void
no_rows_no_statements(void **state)
{
    struct pg *pg = fresh("beside_empty");
    struct target t;
    struct merge_result m;

    (void)state;
    sql(pg, shop);
    sql(pg, "CREATE FUNCTION shop.no() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'an update of nothing'; END $$;"
            "CREATE TRIGGER no BEFORE UPDATE ON shop.lots FOR EACH STATEMENT"
            " EXECUTE FUNCTION shop.no()");
    t = find(pg, &sales);
    list = (struct rows){ 0 };
    m = merge(pg, &t);
    assert_true(m.inserted == 0 && m.updated == 0);
    pg_close(pg);
}

static void
a_statement_that_fails_leaves_nothing(void **state)
{
    struct pg *pg = fresh("beside_failing");
    struct target t;
    struct merge_result m;
    struct err err = { 0 };

    (void)state;
    sql(pg, shop);
    sql(pg, "ALTER TABLE shop.lots ADD CHECK (sold < 10)");
    t = find(pg, &sales);
    list = (struct rows){ 0 };
    sale(1, DAY0, 9);
    merge(pg, &t);
    assert_int_equal(try_merge(pg, &t, &m, &err), ST_DB);
    assert_string_equal(err.what, "cannot do what goes with a merge");
    assert_string_equal(sql_text(pg, all_sales), "1:1705363200:9 sold 9 0 0 0 0");
    pg_close(pg);
}

/* Ours and free of these days: straight but for the statements. */
static void
statements_want_the_stage(void **state)
{
    struct pg *pg = fresh("beside_ours");
    struct target t;

    (void)state;
    sql(pg, shop);
    sql(pg, "COMMENT ON TABLE shop.sales IS 'made by ingest'");
    list = (struct rows){ 0 };
    sale(1, DAY0, 3);
    t = find(pg, &plain_sales);
    assert_true(t.ours);
    assert_true(merge(pg, &t).copied);
    assert_string_equal(sql_text(pg, all_sales), "1:1705363200:3 sold 0 0 0 0 0");
    assert_false(merge(pg, &t).copied); /* the day is taken, and found by its seconds */
    list = (struct rows){ 0 };
    sale(2, DAY0 - 400, 1);
    sql(pg, "DELETE FROM shop.sales");
    t = find(pg, &sales);
    assert_false(merge(pg, &t).copied);
    assert_int_equal(sql_int(pg, "SELECT sold FROM shop.lots WHERE id = 2"), 1);
    pg_close(pg);
}

static void
conditions_choose_statements(void **state)
{
    static const char *const before[] = {
        "{has:lots.note}{has:lots.sold}UPDATE {schema}.lots SET note = 'both' WHERE id = 1",
        "{no:lots.note}UPDATE {schema}.lots SET sold = 100 WHERE id = 2",
        "{has:nowhere.id}DELETE FROM {schema}.nowhere",
        NULL,
    };
    struct dataset d = plain_sales;
    struct pg *pg = fresh("beside_if");
    struct target t;

    (void)state;
    d.before = before;
    sql(pg, shop);
    list = (struct rows){ 0 };
    sale(1, DAY0, 3);
    t = find(pg, &d);
    assert_int_equal(t.statements, 2);
    merge(pg, &t);
    assert_int_equal(sql_int(pg, "SELECT sold FROM shop.lots WHERE id = 2"), 100);
    sql(pg, "ALTER TABLE shop.lots ADD note text");
    t = find(pg, &d);
    assert_int_equal(t.statements, 1);
    merge(pg, &t);
    assert_string_equal(sql_text(pg, "SELECT note FROM shop.lots WHERE id = 1"), "both");
    sql(pg, "ALTER TABLE shop.lots DROP note; CREATE TABLE shop.nowhere (id int)");
    assert_int_equal(find(pg, &d).statements, 6);
    pg_close(pg);
}

/* ---- instead ---- */

static const char *const visits_instead[] = {
    "{has:people.seen}UPDATE {schema}.people AS p"
    " SET seen = GREATEST(p.seen, timestamp 'epoch' + s.seen * interval '1 microsecond')"
    " FROM {stage} AS s WHERE p.name = s.name",
    "{has:places.seen}UPDATE {schema}.places AS p SET seen = GREATEST(p.seen, s.seen)"
    " FROM {stage} AS s WHERE p.name = s.name",
    NULL,
};
static const struct table_right visits_rights[] = {
    { .table = "people", .right = "UPDATE", .column = "seen", .if_there = true },
    { .table = "places", .right = "SELECT", .if_there = true },
    { 0 },
};
static const struct dataset visits = {
    .name = "visits",
    .table = "people",
    .keys = { { .name = "name", .kind = COLUMN_TEXT, .chars_max = 90 } },
    .n_keys = 1,
    .sums = { "seen" },
    .n_sums = 1,
    .keeps_latest = true,
    .instead = visits_instead,
    .rights = visits_rights,
};

static void
instead_only_updates(void **state)
{
    struct pg *pg = fresh("beside_instead");
    struct merge_result m;
    struct target t;
    struct err err = { 0 };

    (void)state;
    sql(pg, "CREATE TABLE people (name varchar(5) PRIMARY KEY, seen timestamp, other int NOT NULL);"
            "INSERT INTO people VALUES ('a', NULL, 1), ('b', '2100-01-01', 1), ('c', NULL, 1)");
    t = find(pg, &visits);
    list = (struct rows){ 0 };
    visit("a", INT64_C(1705363200000001));
    visit("b", INT64_C(1705363200000001));
    visit("a name that is in no row", INT64_MAX / 2);
    m = merge(pg, &t);
    assert_true(m.updated == 2 && m.inserted == 0);
    assert_string_equal(
        sql_text(pg, "SELECT string_agg(concat(name, seen), ' ' ORDER BY name) FROM people"),
        "a2024-01-16 00:00:00.000001 b2100-01-01 00:00:00 c");
    sql(pg, "ALTER TABLE people RENAME seen TO unseen");
    assert_int_equal(target_find(pg, &visits, &t, &err), ST_DB);
    assert_non_null(strstr(err.cause, "nothing beside it that dataset visits could update"));
    sql(pg, "CREATE TABLE places (name text, seen bigint)");
    assert_int_equal(find(pg, &visits).statements, 2);
    pg_close(pg);
}

/* ---- latest values in a table ---- */

static void
the_latest_stands(void **state)
{
    static const struct dataset d = {
        .name = "seen",
        .table = "seen",
        .keys = { { .name = "name", .kind = COLUMN_TEXT, .chars_max = 90 },
                  { .name = "day", .kind = COLUMN_DAY } },
        .n_keys = 2,
        .sums = { "first", "last" },
        .n_sums = 2,
        .keeps_latest = true,
    };
    struct pg *pg = fresh("beside_latest");
    struct target t;

    (void)state;
    sql(pg, "CREATE TABLE seen (name text, day date, first bigint, last bigint);"
            "INSERT INTO seen VALUES ('a', '2024-01-16', NULL, 5), ('b', '2024-01-16', 9, 5)");
    t = find(pg, &d);
    list = (struct rows){ 0 };
    for (int i = 0; i < 3; i++) {
        char name[2] = { (char)('a' + i), '\0' };

        put_row(key_put_day(key_put_text(list.keys[i], slice_of(name)), DAY0), INT64_MAX - i);
        list.row[i].sums[1] = 5 - i;
    }
    for (int i = 0; i < 2; i++) {
        merge(pg, &t);
        assert_string_equal(sql_text(pg, "SELECT string_agg(concat_ws(':', name, first, last), ' '"
                                         " ORDER BY name) FROM seen"),
                            "a:9223372036854775807:5 b:9223372036854775806:5"
                            " c:9223372036854775805:3");
    }
    pg_close(pg);
}

/* ---- variants, schemas, narrow columns, rights ---- */

static void
a_column_tells_the_variant(void **state)
{
    static const struct dataset variant = {
        .name = "sales",
        .table = "sales",
        .keys = { { .name = "lot", .kind = COLUMN_INT },
                  { .name = "till", .kind = COLUMN_TEXT, .chars_max = 8 },
                  { .name = "date", .kind = COLUMN_DAY, .as_epoch = true } },
        .n_keys = 3,
        .sums = { "n" },
        .n_sums = 1,
    };
    struct dataset d = plain_sales;
    struct pg *pg = fresh("beside_variant");

    (void)state;
    d.variant_column = "till";
    d.variant = &variant;
    sql(pg, shop);
    assert_ptr_equal(find(pg, &d).dataset, &d);
    sql(pg, "ALTER TABLE shop.sales ADD till text");
    assert_ptr_equal(find(pg, &d).dataset, &variant);
    pg_close(pg);
}

static void
the_named_schema_comes_first(void **state)
{
    struct pg *pg = fresh("beside_schema"), *poor;
    struct target t;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS passer; CREATE ROLE passer LOGIN");
    sql(pg, shop);
    sql(pg, "CREATE TABLE public.sales (LIKE shop.sales);"
            "CREATE SCHEMA \"Fair\"; CREATE TABLE \"Fair\".sales (LIKE shop.sales)");
    assert_string_equal(find(pg, &plain_sales).schema, "shop");
    must(target_find_in(pg, &plain_sales, "Fair", &t, &err), &err, "find");
    assert_string_equal(t.schema, "Fair");
    must(target_find_in(pg, &plain_sales, "no'where", &t, &err), &err, "find");
    assert_string_equal(t.schema, "shop");
    poor = connect_to("dbname=beside_schema user=passer");
    /* Not to be counted into another table for want of a right. */
    assert_int_equal(target_find(poor, &plain_sales, &t, &err), ST_DB);
    assert_non_null(strstr(err.cause, "the role passer lacks USAGE on schema shop"));
    assert_non_null(strstr(err.hint, "GRANT USAGE ON SCHEMA shop TO passer;"));
    pg_close(poor);
    sql(pg, "DROP SCHEMA shop CASCADE");
    assert_string_equal(find(pg, &plain_sales).schema, "public");
    pg_close(pg);
}

static void
narrow_columns_are_named(void **state)
{
    struct pg *pg = fresh("beside_narrow");
    struct merge_result m;
    struct target t;
    struct err err = { 0 };

    (void)state;
    sql(pg, "CREATE SCHEMA shop; CREATE TABLE shop.sales (lot int, date bigint, n bigint)");
    t = find(pg, &plain_sales);
    list = (struct rows){ 0 };
    sale(INT32_MAX, DAY0, 3);
    merge(pg, &t);
    assert_true(merge(pg, &t).updated == 1);
    sale(INT64_C(3000000000), DAY0, 3);
    assert_int_equal(try_merge(pg, &t, &m, &err), ST_DB);
    assert_non_null(strstr(err.cause, "integer out of range"));
    assert_non_null(strstr(err.hint, "ALTER TABLE shop.sales ALTER lot TYPE bigint;"));
    sql(pg, "ALTER TABLE shop.sales ALTER lot TYPE bigint, ALTER n TYPE int");
    t = find(pg, &plain_sales);
    list.n = 1;
    list.row[0].sums[0] = INT64_MAX;
    assert_int_equal(try_merge(pg, &t, &m, &err), ST_DB);
    assert_non_null(strstr(err.hint, "ALTER TABLE shop.sales ALTER n TYPE bigint;"));
    pg_close(pg);
}

static void
rights_beside_are_named(void **state)
{
    static const struct {
        const char *cause, *grant;
    } steps[] = {
        { "lacks USAGE on schema shop", "GRANT USAGE ON SCHEMA shop TO till;" },
        { "lacks SELECT, INSERT, UPDATE on shop.sales",
          "GRANT SELECT, INSERT, UPDATE ON shop.sales TO till;" },
        { "lacks SELECT (id) on shop.lots", "GRANT SELECT (id) ON shop.lots TO till;" },
        { "lacks UPDATE (sold) on shop.lots", "GRANT UPDATE (sold) ON shop.lots TO till;" },
    };
    struct pg *pg = fresh("beside_rights"), *poor;
    struct merge_result m;
    struct target t;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS till; CREATE ROLE till LOGIN");
    sql(pg, shop);
    poor = connect_to("dbname=beside_rights user=till");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        assert_int_equal(target_find(poor, &sales, &t, &err), ST_DB);
        if (strstr(err.cause, steps[i].cause) == NULL || strstr(err.hint, steps[i].grant) == NULL)
            fail_msg("step %zu: %s: %s (%s)", i, err.what, err.cause, err.hint);
        sql(pg, steps[i].grant);
    }
    t = find(poor, &sales);
    list = (struct rows){ 0 };
    sale(1, DAY0, 3);
    assert_int_equal(try_merge(poor, &t, &m, &err), ST_DB); /* "sold" is read, too */
    sql(pg, "GRANT SELECT (sold) ON shop.lots TO till");
    merge(poor, &t);
    pg_close(poor);

    sql(pg, "ALTER TABLE shop.lots RENAME sold TO gone");
    assert_int_equal(target_find(pg, &sales, &t, &err), ST_DB);
    assert_non_null(strstr(err.cause, "column \"sold\" of table \"lots\" is missing"));
    sql(pg, "DROP TABLE shop.lots CASCADE");
    assert_int_equal(target_find(pg, &sales, &t, &err), ST_DB);
    assert_non_null(strstr(err.cause, "\"lots\" is missing"));
    pg_close(pg);
}

/* No right on the table itself, and rights only where there are tables. */
static void
instead_asks_for_its_own_rights_alone(void **state)
{
    struct pg *pg = fresh("beside_rights2"), *poor;
    struct target t;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN;"
            "CREATE TABLE people (name text, seen timestamp)");
    poor = connect_to("dbname=beside_rights2 user=guest");
    assert_int_equal(target_find(poor, &visits, &t, &err), ST_DB);
    assert_non_null(strstr(err.hint, "GRANT UPDATE (seen) ON public.people TO guest;"));
    sql(pg, "GRANT UPDATE (seen) ON people TO guest");
    must(target_find(poor, &visits, &t, &err), &err, "find");
    sql(pg, "CREATE TABLE places (name text, seen bigint)");
    assert_int_equal(target_find(poor, &visits, &t, &err), ST_DB);
    assert_non_null(strstr(err.hint, "GRANT SELECT ON public.places TO guest;"));
    pg_close(poor);
    poor = pg_connect("dbname=beside_rights2 user=guest", PG_READ_ONLY, &err);
    assert_non_null(poor);
    must(target_find(poor, &visits, &t, &err), &err, "a dry run only looks");
    pg_close(poor);
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_is_run_with_the_rows_of_the_batch),
        cmocka_unit_test(no_rows_no_statements),
        cmocka_unit_test(a_statement_that_fails_leaves_nothing),
        cmocka_unit_test(statements_want_the_stage),
        cmocka_unit_test(conditions_choose_statements),
        cmocka_unit_test(instead_only_updates),
        cmocka_unit_test(the_latest_stands),
        cmocka_unit_test(a_column_tells_the_variant),
        cmocka_unit_test(the_named_schema_comes_first),
        cmocka_unit_test(narrow_columns_are_named),
        cmocka_unit_test(rights_beside_are_named),
        cmocka_unit_test(instead_asks_for_its_own_rights_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
