/* Gaps between covered days and hours, told in few words and missing none. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "ingest/clock.h"
#include "ingest/coverage.h"
#include "ingest/slice.h"

#define ALL HOURS_ALL

static int32_t
day(const char *text)
{
    int32_t out = DAY_NONE;

    assert_true(clock_parse_day(slice_of(text), &out));
    return out;
}

/* "2026-03-04 to 2026-03-07; 2026-03-09 04-06" */
static const char *
told(const struct gap *gaps, size_t n)
{
    static char out[4096];
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        char first[11], last[11], hours[HOURS_TEXT];

        clock_format_day(gaps[i].first, first);
        clock_format_day(gaps[i].last, last);
        coverage_hours(gaps[i].hours, hours);
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s%s%s%s%s", i > 0 ? "; " : "", first,
                               gaps[i].last > gaps[i].first ? " to " : "",
                               gaps[i].last > gaps[i].first ? last : "",
                               gaps[i].hours == ALL ? "" : " ", gaps[i].hours == ALL ? "" : hours);
    }
    return out;
}

struct covered {
    const char *day;
    uint32_t    hours;
};

static void
between_the_first_hour_and_the_last(void **state)
{
    static const struct {
        const char    *worry;
        struct covered days[8];
        const char    *gaps;
    } cases[] = {
        { "nothing", { { 0 } }, "" },
        { "one day", { { "2026-03-01", ALL } }, "" },
        { "one hour", { { "2026-03-01", 1u << 23 } }, "" },
        { "a day that begins late and ends early", { { "2026-03-01", 0x00ff00 } }, "" },
        { "a hole in the only day", { { "2026-03-01", 0x00f0f0 } }, "2026-03-01 08-11" },
        { "first and last hour alone", { { "2026-03-01", 0x800001 } }, "2026-03-01 01-22" },
        { "every other hour", { { "2026-03-01", 0x555555 } },
          "2026-03-01 01, 03, 05, 07, 09, 11, 13, 15, 17, 19, 21" },
        { "two whole days", { { "2026-03-01", ALL }, { "2026-03-02", ALL } }, "" },
        { "the end of the first day is missing", { { "2026-03-01", 0x0000f0 }, { "2026-03-02", ALL } },
          "2026-03-01 08-23" },
        { "so is the beginning of the last", { { "2026-03-01", ALL }, { "2026-03-02", 0x0000f0 } },
          "2026-03-02 00-03" },
        { "days between", { { "2026-03-03", ALL }, { "2026-03-08", ALL } }, "2026-03-04 to 2026-03-07" },
        { "one day between", { { "2026-03-03", ALL }, { "2026-03-05", ALL } }, "2026-03-04" },
        { "days and hours",
          { { "2026-03-03", ALL }, { "2026-03-08", ALL }, { "2026-03-09", ALL & ~0x70u }, { "2026-03-10", ALL } },
          "2026-03-04 to 2026-03-07; 2026-03-09 04-06" },
        { "the same hours every night",
          { { "2026-03-01", ALL }, { "2026-03-02", ALL & ~7u }, { "2026-03-03", ALL & ~7u },
            { "2026-03-04", ALL & ~7u }, { "2026-03-05", ALL & ~1u }, { "2026-03-06", ALL } },
          "2026-03-02 to 2026-03-04 00-02; 2026-03-05 00" },
        { "the same hours, and a day between that is whole",
          { { "2026-03-01", ALL }, { "2026-03-02", ALL & ~7u }, { "2026-03-03", ALL },
            { "2026-03-04", ALL & ~7u }, { "2026-03-05", ALL } },
          "2026-03-02 00-02; 2026-03-04 00-02" },
        { "a leap day that is there", { { "2024-02-28", ALL }, { "2024-02-29", ALL }, { "2024-03-01", ALL } }, "" },
        { "and one that is not", { { "2024-02-28", ALL }, { "2024-03-01", ALL } }, "2024-02-29" },
        { "no leap day, no gap", { { "2023-02-28", ALL }, { "2023-03-01", ALL } }, "" },
        { "1900 is long ago, 2100 is no leap year", { { "2100-02-28", ALL }, { "2100-03-01", ALL } }, "" },
        { "months and years", { { "2023-12-31", ALL }, { "2026-01-01", ALL } }, "2024-01-01 to 2025-12-31" },
        { "first and last day of all", { { "1970-01-01", ALL }, { "9999-12-31", ALL } },
          "1970-01-02 to 9999-12-30" },
        { "a day whose hours nobody knows", { { "2026-03-01", ALL }, { "2026-03-02", 0 }, { "2026-03-03", ALL } }, "" },
        { "such days at both ends", { { "2026-03-01", 0 }, { "2026-03-03", 0 } }, "2026-03-02" },
        { "bits above the day's hours are none", { { "2026-03-01", 0xff0000f0 }, { "2026-03-02", 0xff00000f } },
          "2026-03-01 08-23" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct covered_day days[8] = { 0 };
        size_t n = 0, n_gaps;
        struct gap *gaps;

        for (; n < 8 && cases[i].days[n].day != NULL; n++)
            days[n] = (struct covered_day){ .day = day(cases[i].days[n].day), .hours = cases[i].days[n].hours, .due = INT64_MAX };
        gaps = coverage_gaps(days, n, &n_gaps);
        assert_non_null(gaps);
        if (strcmp(told(gaps, n_gaps), cases[i].gaps) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].worry, told(gaps, n_gaps), cases[i].gaps);
        free(gaps);
    }
}

static uint32_t
some(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Hour by hour, slowly: an hour between the first and the last is covered or in one gap, never both. */
static void
every_hour_is_covered_or_in_one_gap(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int turn = 0; turn < 300; turn++) {
        struct covered_day days[40] = { 0 };
        uint8_t in_gap[400 * 24] = { 0 }, covered[400 * 24] = { 0 };
        size_t n = 1 + some(&seed) % 40, n_gaps;
        int64_t due = turn % 2 == 0 ? INT64_MAX : some(&seed) % (60 * 24);
        int first = -1, last = -1;
        struct gap *gaps;

        for (size_t i = 0, at = 0; i < n; i++, at += 1 + (some(&seed) % 4 == 0 ? some(&seed) % 8 : 0)) {
            uint32_t odd = some(&seed) % 3;

            days[i].day = (int32_t)at;
            days[i].due = due;
            days[i].hours = odd == 0 ? ALL : odd == 1 ? ALL & ~0xf0u : some(&seed) | 1u << some(&seed) % 24;
            for (int hour = 0; hour < 24; hour++)
                if (days[i].hours >> hour & 1) {
                    last = (int)at * 24 + hour;
                    first = first < 0 ? last : first;
                    covered[last] = 1;
                }
        }
        gaps = coverage_gaps(days, n, &n_gaps);
        for (size_t i = 0; i < n_gaps; i++)
            for (int32_t d = gaps[i].first; d <= gaps[i].last; d++)
                for (int hour = 0; hour < 24; hour++)
                    if (gaps[i].hours >> hour & 1)
                        in_gap[d * 24 + hour]++;
        for (int at = 0; at < 400 * 24; at++)
            assert_int_equal(in_gap[at], at >= first && at <= last && at < due && !covered[at]);
        for (size_t i = 1; i < n_gaps; i++)
            assert_true(gaps[i].first > gaps[i - 1].last);
        free(gaps);
    }
}

static void
hours_that_may_still_come_are_no_gap(void **state)
{
    static const struct {
        const char    *worry, *due_day;
        int            due_hour;
        struct covered days[3];
        const char    *gaps;
    } cases[] = {
        { "hours of today", "2026-03-02", 9, { { "2026-03-01", ALL }, { "2026-03-02", 0x80000f } }, "2026-03-02 04-08" },
        { "not one is over", "2026-03-02", 0, { { "2026-03-01", ALL }, { "2026-03-02", 0x800000 } }, "" },
        { "the last one of a day is", "2026-03-03", 0, { { "2026-03-01", ALL }, { "2026-03-02", 0x40000f }, { "2026-03-03", ALL } },
          "2026-03-02 04-21, 23" },
        { "days, and hours of one", "2026-03-05", 7, { { "2026-03-01", ALL }, { "2026-03-08", 0x800000 } },
          "2026-03-02 to 2026-03-04; 2026-03-05 00-06" },
        { "a day whose last hour is not", "2026-03-04", 23, { { "2026-03-03", ALL }, { "2026-03-05", 2 } }, "2026-03-04 00-22" },
        { "lines of days to come", "2026-03-01", 12, { { "2026-03-09", ALL }, { "2026-03-12", 0xff } }, "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t due = (int64_t)day(cases[i].due_day) * 24 + cases[i].due_hour;
        struct covered_day days[3] = { 0 };
        size_t n = 0, n_gaps;
        struct gap *gaps;

        for (; n < 3 && cases[i].days[n].day != NULL; n++)
            days[n] = (struct covered_day){ .day = day(cases[i].days[n].day), .hours = cases[i].days[n].hours, .due = due };
        gaps = coverage_gaps(days, n, &n_gaps);
        assert_non_null(gaps);
        if (strcmp(told(gaps, n_gaps), cases[i].gaps) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].worry, told(gaps, n_gaps), cases[i].gaps);
        free(gaps);
    }
}

static void
hours_in_words(void **state)
{
    static const struct {
        uint32_t    hours;
        const char *text;
    } cases[] = {
        { 0, "" }, { 1, "00" }, { 1u << 23, "23" }, { ALL, "00-23" }, { 3, "00-01" }, { 0x80000f, "00-03, 23" },
        { 0x555555, "00, 02, 04, 06, 08, 10, 12, 14, 16, 18, 20, 22" },
        { 0xaaaaaa, "01, 03, 05, 07, 09, 11, 13, 15, 17, 19, 21, 23" },
        { 0xdb6db6, "01-02, 04-05, 07-08, 10-11, 13-14, 16-17, 19-20, 22-23" }, { 0xff000000, "" },
    };
    char text[HOURS_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        coverage_hours(cases[i].hours, text);
        assert_string_equal(text, cases[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_the_first_hour_and_the_last),
        cmocka_unit_test(every_hour_is_covered_or_in_one_gap),
        cmocka_unit_test(hours_that_may_still_come_are_no_gap),
        cmocka_unit_test(hours_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
