/* The text of metrics is read again as it was written, and of what is none of it nothing is believed. */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "metrics.h"

static void
drop(struct metrics *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->series[i].labels);
    free(m->series);
    *m = (struct metrics){ .n = 0 };
}

static void
put(struct metrics *m, enum metric_family family, const char *source, double value)
{
    struct buf labels = { 0 };

    if (source != NULL)
        metrics_label(&labels, "source", source);
    metrics_put(m, family, &labels, value);
    buf_release(&labels);
}

static void
what_is_written_is_read_again(void **state)
{
    static const char *const hostile[] = { NULL, "a", "a\\", "\"", "a\nb", "}", "a} 1", ",x=\"", "\\n", "\xff\xfe" };
    struct metrics m = { 0 }, again = { 0 };
    struct buf text = { 0 }, second = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        put(&m, METRIC_LINES, hostile[i], (double)i);
        put(&m, METRIC_LINES, hostile[i], 9007199254740000.0);
        put(&m, METRIC_LAST_SECONDS, hostile[i], 0.25);
        put(&m, METRIC_LAST_SECONDS, hostile[i], 0.125 + (double)i); /* a gauge is set */
    }
    assert_int_equal(m.n, 2 * ARRAY_LEN(hostile));
    metrics_write(&m, &text);
    assert_non_null(buf_str(&text));
    assert_non_null(strstr(text.p, "ingest_lines_total 9007199254740000\n"));
    assert_non_null(strstr(text.p, "ingest_lines_total{source=\"a\\nb\"} 9007199254740004\n"));
    assert_non_null(strstr(text.p, "ingest_last_run_duration_seconds{source=\"\\\"\"} 3.125000\n"));
    assert_true(buf_add(&second, text.p, text.n) && buf_str(&second) != NULL);
    metrics_read(&again, second.p);
    buf_release(&second);
    assert_int_equal(again.n, m.n);
    metrics_write(&again, &second);
    assert_string_equal(buf_str(&second), text.p);
    buf_release(&text);
    buf_release(&second);
    drop(&m);
    drop(&again);
}

static void
what_is_none_of_it_is_left_out(void **state)
{
    static const char *const bad[] = {
        "", "\n\n", "#", "ingest_lines_total", "ingest_lines_total ", "ingest_lines_total x", "ingest_lines_total 1 2",
        "ingest_lines_total{", "ingest_lines_total{}", "ingest_lines_total{} 1", "ingest_lines_total{a} 1",
        "ingest_lines_total{a=} 1", "ingest_lines_total{a=\"} 1", "ingest_lines_total{a=\"\\\"} 1",
        "ingest_lines_total{a=\"b\" } 1", "ingest_lines_total{a=\"b\",} 1", "ingest_lines_total{a=\"b\"}1",
        "ingest_lines_total{a=\"\\x\"} 1", "ingest_lines_total -1", "ingest_lines_total inf", "ingest_lines_total nan",
        "ingest_lines_totals 1", "ingest_lines 1", "other_total 1", "ingest_build_info{version=\"0\"} 1", " ingest_lines_total 1",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct metrics m = { 0 };
        char *text = strdup(bad[i]); /* of just this size: a byte too far is seen */

        metrics_read(&m, text);
        if (m.n != 0)
            print_error("taken: %s\n", bad[i]);
        assert_int_equal(m.n, 0);
        free(text);
        drop(&m);
    }
}

static void
too_many_series_are_told(void **state)
{
    struct metrics m = { 0 };
    char name[32];

    (void)state;
    for (int i = 0; i <= METRIC_SERIES_MAX; i++) {
        snprintf(name, sizeof name, "%d", i);
        put(&m, METRIC_LAST_STATUS, name, i);
        assert_int_equal(m.failed, i == METRIC_SERIES_MAX);
    }
    drop(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(what_is_none_of_it_is_left_out),
        cmocka_unit_test(too_many_series_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
