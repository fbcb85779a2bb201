/* What those who LISTEN are told: short, whole, and JSON whatever the names are. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "commit.h"

static void
says(const struct touched *tables, size_t n, const char *expected)
{
    struct buf b = { 0 };

    announce_text(&b, tables, n);
    assert_string_equal(buf_str(&b), expected);
    buf_release(&b);
}

static void
days_are_ranges_with_both_ends(void **state)
{
    static const int32_t days[] = { 0, 1, 2, 4, 31 };
    const struct touched one = { "public", "stats", days, 1 }, all = { "public", "stats", days, 5 };

    (void)state;
    says(&one, 1,
         "{\"tables\":[{\"schema\":\"public\",\"table\":\"stats\",\"days\":"
         "[[\"1970-01-01\",\"1970-01-01\"]]}],\"folded\":false}");
    says(&all, 1,
         "{\"tables\":[{\"schema\":\"public\",\"table\":\"stats\",\"days\":"
         "[[\"1970-01-01\",\"1970-01-03\"],[\"1970-01-05\",\"1970-01-05\"],"
         "[\"1970-02-01\",\"1970-02-01\"]]}],\"folded\":false}");
}

static void
several_tables_and_names_that_need_quotes(void **state)
{
    static const int32_t day = DAY_MAX;
    const struct touched tables[] = { { "a\"b\n", "stats", &day, 1 },
                                      { "c", "dataselect_stats", &day, 1 } };

    (void)state;
    says(tables, 2,
         "{\"tables\":[{\"schema\":\"a\\\"b\\u000a\",\"table\":\"stats\",\"days\":"
         "[[\"9999-12-31\",\"9999-12-31\"]]},{\"schema\":\"c\",\"table\":\"dataselect_stats\","
         "\"days\":[[\"9999-12-31\",\"9999-12-31\"]]}],\"folded\":false}");
}

/* As many single days as there may be, `step` days apart; the last ones far away. */
static void
fits(size_t n, int32_t step)
{
    int32_t *days = calloc(n, sizeof *days);
    struct touched tables[8];
    struct buf b = { 0 };

    assert_non_null(days);
    for (size_t i = 0; i < n; i++)
        days[i] = (int32_t)i * step;
    days[n - 1] = DAY_MAX;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        tables[i] = (struct touched){ "public", "dataselect_stats", days, n };
    announce_text(&b, tables, ARRAY_LEN(tables));
    assert_in_range(b.n, 1, 7999);
    assert_non_null(strstr(buf_str(&b), "[\"1970-01-01\","));
    assert_non_null(strstr(b.p, "\"9999-12-31\"]"));
    assert_non_null(strstr(b.p, n < 20 ? "\"folded\":false" : "\"folded\":true"));
    buf_release(&b);
    free(days);
}

static void
whatever_it_is_fits(void **state)
{
    (void)state;
    fits(2, 1);
    fits(19, 2);
    fits(300, 2);
    fits(2000, 1000);
    fits(200000, 2);
}

/* One range more than fits folds the nearest, not all. */
static void
folds_as_little_as_it_can(void **state)
{
    static int32_t days[372];
    const struct touched t = { "public", "stats", days, 372 };
    struct buf b = { 0 };

    (void)state;
    for (int32_t i = 0; i < 372; i++)
        days[i] = i * 10 - (i % 4 == 3 ? 7 : 0); /* every fourth is three days behind the one before */
    announce_text(&b, &t, 1);
    assert_in_range(b.n, 7000, 7999);
    assert_non_null(strstr(buf_str(&b), "\"folded\":true"));
    buf_release(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_ranges_with_both_ends),
        cmocka_unit_test(several_tables_and_names_that_need_quotes),
        cmocka_unit_test(whatever_it_is_fits),
        cmocka_unit_test(folds_as_little_as_it_can),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
