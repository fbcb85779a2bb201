/* "06:00": how long until a clock on the wall shows it, through the nights on which clocks are put forward and back. */
#include "ingest/base.h"

#include <time.h>

#include <setjmp.h>
#include <cmocka.h>

#include "cli_priv.h"

/* The rules of Berlin, without the files of a time zone database: forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static const struct {
    const char *zone, *text;
    int64_t     now, want; /* -1: no time of day */
} cases[] = {
    { "UTC0", "06:00", 1772323200, 21600 },            /* 2026-03-01 00:00:00 */
    { "UTC0", "00:00", 1772323200, 86400 },            /* now is tomorrow */
    { "UTC0", "00:00", 1772323201, 86399 },
    { "UTC0", "23:59", 1772323259, 86281 },
    { "UTC0", "00:01", 1772323259, 1 },
    { "<+0530>-5:30", "06:00", 1772323200, 1800 },     /* it is 05:30 there */
    { BERLIN, "06:00", 1774738800, 18000 },            /* 2026-03-29 00:00 CET: the night has 23 hours */
    { BERLIN, "06:00", 1792879200, 25200 },            /* 2026-10-25 00:00 CEST: it has 25 */
    { BERLIN, "12:00", 1774735200, 43200 },            /* 2026-03-28 23:00 CET */
    { "UTC0", "24:00", 1772323200, -1 },
    { "UTC0", "6:00", 1772323200, -1 },
    { "UTC0", "06:60", 1772323200, -1 },
    { "UTC0", "06-00", 1772323200, -1 },
    { "UTC0", "", 1772323200, -1 },
    { "UTC0", "06:000", 1772323200, -1 },
};

static void
the_next_time_that_the_clock_shows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t seconds = -1;

        setenv("TZ", cases[i].zone, 1);
        tzset();
        if (!until_time_of_day(cases[i].text, (time_t)cases[i].now, &seconds))
            seconds = -1;
        if (seconds != cases[i].want)
            print_error("case %zu: %s in %s\n", i, cases[i].text, cases[i].zone);
        assert_int_equal(seconds, cases[i].want);
    }
}

/* Whatever the hour, it comes within a day and an hour, and then it is that time, but where it never is. */
static void
at_that_time_it_is_that_time(void **state)
{
    (void)state;
    setenv("TZ", BERLIN, 1);
    tzset();
    for (time_t now = 1774650000; now < 1774650000 + 3 * 86400; now += 1237)
        for (int hour = 0; hour < 24; hour++) {
            char text[16];
            int64_t seconds;
            time_t then;
            struct tm tm;

            snprintf(text, sizeof text, "%02d:30", hour);
            assert_true(until_time_of_day(text, now, &seconds));
            assert_in_range(seconds, 1, 90000);
            then = now + seconds;
            assert_non_null(localtime_r(&then, &tm));
            assert_int_equal(tm.tm_sec, 0);
            assert_int_equal(tm.tm_min, 30);
            if (hour != 2)
                assert_int_equal(tm.tm_hour, hour);
        }
}

static void
of_two_statuses_the_worse(void **state)
{
    static const int order[] = { 0, 5, 1, 2, 3, 4, 130 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        for (size_t j = 0; j < ARRAY_LEN(order); j++)
            assert_int_equal(status_worse(order[i], order[j]), order[i > j ? i : j]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_time_that_the_clock_shows),
        cmocka_unit_test(at_that_time_it_is_that_time),
        cmocka_unit_test(of_two_statuses_the_worse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
