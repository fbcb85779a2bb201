/*
 * The calendar against one that counts day by day, and the spellings of time with every way to get them wrong.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/clock.h"

static bool
is_leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int
days_in(int y, int m)
{
    switch (m) {
    case 2:
        return is_leap(y) ? 29 : 28;
    case 4: case 6: case 9: case 11:
        return 30;
    default:
        return 31;
    }
}

/* Each day, counted up by one from the first; every conversion must agree. */
static void
calendar_day_by_day(void **state)
{
    int32_t expect = 0, month_start = 0, got;

    (void)state;
    for (int y = 1970; y <= 2100; y++)
        for (int m = 1; m <= 12; m++) {
            month_start = expect;
            for (int d = 1; d <= days_in(y, m); d++, expect++) {
                char text[11], wanted[40];
                int y2, m2, d2;

                assert_true(clock_day(y, m, d, &got));
                assert_int_equal(got, expect);
                clock_civil(expect, &y2, &m2, &d2);
                assert_true(y2 == y && m2 == m && d2 == d);
                assert_int_equal(clock_month(expect), month_start);
                clock_format_day(expect, text);
                snprintf(wanted, sizeof wanted, "%04d-%02d-%02d", y, m, d);
                assert_string_equal(text, wanted);
                assert_true(clock_parse_day(slice_of(text), &got));
                assert_int_equal(got, expect);
            }
            assert_false(clock_day(y, m, days_in(y, m) + 1, &got));
            assert_false(clock_day(y, m, 0, &got));
        }
}

static void
calendar_far_years(void **state)
{
    int32_t day, expect = 0;
    char text[11];
    int y, m, d;

    (void)state;
    for (int year = 1970; year <= 9999; year++) {
        assert_true(clock_day(year, 1, 1, &day));
        assert_int_equal(day, expect);
        assert_int_equal(clock_day(year, 2, 29, &day), is_leap(year));
        expect += is_leap(year) ? 366 : 365;
        assert_true(clock_day(year, 12, 31, &day));
        assert_int_equal(day, expect - 1);
        clock_civil(day, &y, &m, &d);
        assert_true(y == year && m == 12 && d == 31);
    }
    assert_int_equal(expect - 1, DAY_MAX);
    clock_format_day(DAY_MAX, text);
    assert_string_equal(text, "9999-12-31");
}

static void
days_that_do_not_exist(void **state)
{
    static const int bad[][3] = {
        { 1969, 12, 31 }, { 10000, 1, 1 }, { 0, 1, 1 }, { -1, 1, 1 }, { 2024, 0, 1 }, { 2024, 13, 1 },
        { 2024, -1, 1 }, { 2024, 1, 0 }, { 2024, 1, 32 }, { 2024, 1, -1 }, { 2024, 2, 30 }, { 2023, 2, 29 },
        { 2100, 2, 29 }, { 2024, 4, 31 }, { 2024, 1, INT_MAX }, { INT_MAX, 1, 1 }, { INT_MIN, 1, 1 },
        { 2024, INT_MAX, 1 }, { 2024, INT_MIN, 1 }, { 2024, 1, INT_MIN },
    };
    int32_t day = 77;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(clock_day(bad[i][0], bad[i][1], bad[i][2], &day));
    assert_int_equal(day, 77);
    assert_true(clock_day(2000, 2, 29, &day));
    assert_int_equal(day, 11016);
}

static void
day_texts(void **state)
{
    static const char *const bad[] = {
        "", "2024", "2024-01-1", "2024-01-011", "2024-1-01 ", " 024-01-01", "2024/01/01", "2024-01/01", "+024-01-01",
        "2024-00-01", "2024-13-01", "2024-02-30", "2023-02-29", "1969-12-31", "0000-01-01", "2024-01-0a", "202x-01-01",
        "2024-0\xb1-01", "2024--1-01", "2024-01--1", "20240101xx",
    };
    int32_t day = 77;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (clock_parse_day(slice_of(bad[i]), &day))
            fail_msg("taken: %s", bad[i]);
    assert_false(clock_parse_day((struct slice){ "2024-01-0\0", 10 }, &day));
    assert_int_equal(day, 77);
    assert_true(clock_parse_day(SLICE("9999-12-31"), &day));
    assert_int_equal(day, DAY_MAX);
}

static void
hours_minutes_seconds(void **state)
{
    static const char *const bad[] = {
        "", "24:00:00", "23:60:00", "23:59:61", "99:00:00", "1:00:00", "001:00:00", "00:00", "00:00:0", "00:00:000",
        "00-00-00", "00:00.00", " 0:00:00", "0x:00:00", "00:0x:00", "00:00:0x", "-1:00:00", "00:-1:00", "00:00:-1",
    };
    int32_t seconds = 77;
    char text[40];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (clock_parse_hms(slice_of(bad[i]), &seconds))
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(seconds, 77);
    for (int s = 0; s < 86400; s++) {
        snprintf(text, sizeof text, "%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
        assert_true(clock_parse_hms(slice_of(text), &seconds));
        assert_int_equal(seconds, s);
    }
    assert_true(clock_parse_hms(SLICE("23:59:60"), &seconds));
    assert_int_equal(seconds, 86399);
    assert_true(clock_parse_hms(SLICE("00:00:60"), &seconds));
    assert_int_equal(seconds, 59);
}

#define SECOND INT64_C(1000000)
#define BAD    INT64_MIN

static int64_t
at(int y, int m, int d, int hh, int mm, int ss)
{
    int32_t day;

    assert_true(clock_day(y, m, d, &day));
    return ((int64_t)day * 86400 + hh * 3600 + mm * 60 + ss) * SECOND;
}

static void
clf_times(void **state)
{
    const struct {
        const char *text;
        int64_t     time_us;
    } cases[] = {
        { "10/Oct/2000:13:55:36 -0700", at(2000, 10, 10, 20, 55, 36) },
        { "01/Jan/1970:00:00:00 +0000", 0 },
        { "01/Jan/1970:00:00:00 +0001", BAD }, /* the offset carries it before 1970 */
        { "01/Jan/1970:14:00:00 +1400", 0 },
        { "31/Dec/9999:23:59:59 +0000", at(9999, 12, 31, 23, 59, 59) },
        { "31/Dec/9999:23:59:59 -0001", BAD },
        { "31/Dec/2023:23:30:00 -0100", at(2024, 1, 1, 0, 30, 0) },
        { "01/Jan/2024:00:30:00 +0100", at(2023, 12, 31, 23, 30, 0) },
        { "28/Feb/2024:23:00:00 -0200", at(2024, 2, 29, 1, 0, 0) },
        { "28/Feb/2023:23:00:00 -0200", at(2023, 3, 1, 1, 0, 0) },
        { "29/Feb/2024:12:00:00 +0545", at(2024, 2, 29, 6, 15, 0) },
        { "30/Jun/2012:23:59:60 +0000", at(2012, 6, 30, 23, 59, 59) },
        { "10/Oct/2000:13:55:36 +1400", at(2000, 10, 9, 23, 55, 36) },
        { "10/Oct/2000:13:55:36 -1400", at(2000, 10, 11, 3, 55, 36) },
        { "10/Oct/2000:13:55:36 +1401", BAD }, { "10/Oct/2000:13:55:36 -1500", BAD },
        { "10/Oct/2000:13:55:36 +0060", BAD }, { "10/Oct/2000:13:55:36 +9999", BAD },
        { "10/Oct/2000:13:55:36 00000", BAD }, { "10/Oct/2000:13:55:36 +00:0", BAD },
        { "10/Oct/2000:13:55:36 +0 00", BAD }, { "10/Oct/2000:13:55:36 +-100", BAD },
        { "10/Oct/2000:13:55:36", BAD }, { "10/Oct/2000:13:55:36 ", BAD }, { "", BAD },
        { "10/Oct/2000:13:55:36 +00000", BAD }, { "1/Oct/2000:13:55:36 +00000", BAD },
        { "31/Feb/2024:00:00:01 +0000", BAD }, { "29/Feb/2023:00:00:01 +0000", BAD },
        { "00/Oct/2000:13:55:36 +0000", BAD }, { "32/Oct/2000:13:55:36 +0000", BAD },
        { "10/oct/2000:13:55:36 +0000", BAD }, { "10/OCT/2000:13:55:36 +0000", BAD },
        { "10/anF/2000:13:55:36 +0000", BAD }, /* stands in the list of names, at no month's place */
        { "10/10//2000:13:55:36 +0000", BAD }, { "10/Oct/1969:13:55:36 +0000", BAD },
        { "10/Oct/0000:13:55:36 +0000", BAD }, { "10-Oct-2000:13:55:36 +0000", BAD },
        { "10/Oct/2000 13:55:36 +0000", BAD }, { "10/Oct/2000:24:00:00 +0000", BAD },
        { "10/Oct/2000:13:60:36 +0000", BAD }, { "10/Oct/2000:13:55:61 +0000", BAD },
        { "10/Oct/2000:13:55:36Z+0000", BAD }, { "x0/Oct/2000:13:55:36 +0000", BAD },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 77;
        bool ok = clock_parse_clf(slice_of(cases[i].text), &got);

        if (ok != (cases[i].time_us != BAD) || got != (ok ? cases[i].time_us : 77))
            fail_msg("%s: %d %" PRId64 ", not %" PRId64, cases[i].text, ok, got, cases[i].time_us);
    }
}

static void
iso_times(void **state)
{
    const int64_t t = at(2024, 1, 16, 10, 0, 0);
    const struct {
        const char *text;
        int64_t     time_us;
    } cases[] = {
        { "2024-01-16T10:00:00", t }, { "2024-01-16 10:00:00", t }, { "2024-01-16T10:00:00Z", t },
        { "2024-01-16T10:00:00.5Z", t + 500000 }, { "2024-01-16T10:00:00.000001", t + 1 },
        { "2024-01-16T10:00:00.1234567Z", t + 123456 }, { "2024-01-16T10:00:00.999999999", t + 999999 },
        { "2024-01-16T10:00:00.000000000+01:00", t - 3600 * SECOND },
        { "2024-01-16T10:00:00+0100", t - 3600 * SECOND }, { "2024-01-16T10:00:00-05:30", t + 19800 * SECOND },
        { "2024-01-16T10:00:00+14:00", t - 14 * 3600 * SECOND }, { "2024-01-16T10:00:00-14:00", t + 14 * 3600 * SECOND },
        { "2016-12-31T23:59:60.25Z", at(2016, 12, 31, 23, 59, 59) + 250000 },
        { "2023-12-31T23:59:59.9-00:01", at(2024, 1, 1, 0, 0, 59) + 900000 },
        { "2024-03-01T00:00:00+00:01", at(2024, 2, 29, 23, 59, 0) },
        { "1970-01-01T00:00:00+00:01", BAD }, { "9999-12-31T23:59:59.999999", at(9999, 12, 31, 23, 59, 59) + 999999 },
        { "9999-12-31T23:59:59-00:01", BAD }, { "1969-12-31T23:59:59Z", BAD },
        { "", BAD }, { "2024-01-16", BAD }, { "2024-01-16T10:00", BAD }, { "2024-01-16T10:00:0", BAD },
        { "2024-01-16t10:00:00", BAD }, { "2024-01-16_10:00:00", BAD }, { "2024-01-16T10:00:00z", BAD },
        { "2024-01-16T10:00:00.", BAD }, { "2024-01-16T10:00:00.Z", BAD }, { "2024-01-16T10:00:00,5", BAD },
        { "2024-01-16T10:00:00.1234567890", BAD }, { "2024-01-16T10:00:00.5x", BAD }, { "2024-01-16T10:00:00ZZ", BAD },
        { "2024-01-16T10:00:00 ", BAD }, { "2024-01-16T10:00:00+", BAD }, { "2024-01-16T10:00:00+01", BAD },
        { "2024-01-16T10:00:00+01:0", BAD }, { "2024-01-16T10:00:00+01:000", BAD }, { "2024-01-16T10:00:00+1:00", BAD },
        { "2024-01-16T10:00:00+14:01", BAD }, { "2024-01-16T10:00:00 01:00", BAD }, { "2024-01-16T10:00:00+01:60", BAD },
        { "2024-01-16T24:00:00", BAD }, { "2024-02-30T10:00:00", BAD }, { "2023-02-29T10:00:00", BAD },
        { "2024-01-16T10:00:61", BAD }, { "2024-01-16T10:00:00Z+01:00", BAD }, { "2024-01-16T10:00:00--1:00", BAD },
        { "2024-01-16T10:00:00+0x:00", BAD }, { " 2024-01-16T10:00:00", BAD },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 77;
        int32_t day = 77, written = 77;
        bool ok = clock_parse_iso(slice_of(cases[i].text), &day, &got);

        if (ok)
            assert_true(clock_parse_day((struct slice){ cases[i].text, 10 }, &written));
        if (ok != (cases[i].time_us != BAD) || got != (ok ? cases[i].time_us : 77) || day != written)
            fail_msg("%s: %d %" PRId64 ", not %" PRId64, cases[i].text, ok, got, cases[i].time_us);
    }
}

/* Every cut of a good text in memory of its own: the sanitizer sees a byte read too many. */
static void
no_byte_past_the_end(void **state)
{
    static const char *const texts[] = { "2024-01-16T10:00:00.123456789+01:00", "10/Oct/2000:13:55:36 -0700" };

    (void)state;
    for (size_t t = 0; t < ARRAY_LEN(texts); t++)
        for (size_t n = 0; n <= strlen(texts[t]); n++) {
            char *copy = malloc(n + (n == 0));
            struct slice s = { copy, n };
            int64_t time_us;
            int32_t day;

            memcpy(copy, texts[t], n);
            clock_parse_iso(s, &day, &time_us);
            clock_parse_clf(s, &time_us);
            clock_parse_day(s, &day);
            clock_parse_hms(s, &day);
            free(copy);
        }
}

static void
no_zone_or_locale_matters(void **state)
{
    int64_t before, after;

    (void)state;
    assert_true(clock_parse_clf(SLICE("31/Mar/2024:02:30:00 +0100"), &before));
    setenv("TZ", "Europe/Berlin", 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    tzset();
    assert_true(clock_parse_clf(SLICE("31/Mar/2024:02:30:00 +0100"), &after));
    assert_int_equal(before, after);
    assert_int_equal(before, at(2024, 3, 31, 1, 30, 0));
}

static void
imf_times(void **state)
{
    const struct {
        const char *text;
        int64_t     time_us;
    } cases[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", at(1994, 11, 6, 8, 49, 37) },
        { "Mon, 06 Nov 1994 08:49:37 GMT", at(1994, 11, 6, 8, 49, 37) }, /* it was not: nobody asks */
        { "Sat, 31 Dec 2016 23:59:60 GMT", at(2016, 12, 31, 23, 59, 59) },
        { "Thu, 29 Feb 2024 00:00:00 GMT", at(2024, 2, 29, 0, 0, 0) },
        { "Thu, 29 Feb 2023 00:00:00 GMT", BAD }, { "Thu, 30 Nov 2015 24:00:00 GMT", BAD },
        { "Wed, 31 Dec 1969 23:59:59 GMT", BAD }, { "sun, 06 Nov 1994 08:49:37 GMT", BAD },
        { "un,S 06 Nov 1994 08:49:37 GMT", BAD }, { "Sun, 06 nov 1994 08:49:37 GMT", BAD },
        { "Sun, 06 Nov 1994 08:49:37 UTC", BAD }, { "Sun, 6 Nov 1994 08:49:37 GMT", BAD },
        { "Sun, 06 Nov 1994 08:49:37 GMT ", BAD }, { "Sun,  6 Nov 1994 08:49:37 GMT", BAD }, { "", BAD },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = BAD;

        if (clock_parse_imf(slice_of(cases[i].text), &got) != (cases[i].time_us != BAD) || got != cases[i].time_us)
            fail_msg("\"%s\" became %" PRId64, cases[i].text, got);
    }
}

static void
unix_times(void **state)
{
    const struct {
        const char *text;
        int64_t     time_us;
    } cases[] = {
        { "0", 0 }, { "1709251201", at(2024, 3, 1, 0, 0, 1) }, { "1709251201.5", at(2024, 3, 1, 0, 0, 1) + 500000 },
        { "1709251201.123456789", at(2024, 3, 1, 0, 0, 1) + 123456 }, { "0.000001", 1 }, { "00001", SECOND },
        { "253402300799.999999999", at(9999, 12, 31, 23, 59, 59) + 999999 }, { "253402300800", BAD },
        { "99999999999999999999999999", BAD }, { "18446744073709551617", BAD }, /* 2^64 + 1 */
        { "1709251201.", BAD }, { "1709251201.1234567890", BAD },
        { ".5", BAD }, { "-1", BAD }, { "+1", BAD }, { "1e9", BAD }, { "1.5 ", BAD }, { " 1", BAD }, { "1,5", BAD },
        { "1.5.5", BAD }, { "", BAD }, { "-", BAD },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = BAD;

        if (clock_parse_unix(slice_of(cases[i].text), &got) != (cases[i].time_us != BAD) || got != cases[i].time_us)
            fail_msg("\"%s\" became %" PRId64, cases[i].text, got);
    }
}

static void
clocks_run_forward(void **state)
{
    int64_t wall = clock_monotonic_us(), cpu = clock_cpu_us();
    volatile unsigned work = 0;

    (void)state;
    while (clock_cpu_us() == cpu)
        work++;
    assert_true(clock_monotonic_us() > wall);
    assert_true(clock_cpu_us() > cpu);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar_day_by_day),
        cmocka_unit_test(calendar_far_years),
        cmocka_unit_test(days_that_do_not_exist),
        cmocka_unit_test(day_texts),
        cmocka_unit_test(hours_minutes_seconds),
        cmocka_unit_test(clf_times),
        cmocka_unit_test(iso_times),
        cmocka_unit_test(imf_times),
        cmocka_unit_test(unix_times),
        cmocka_unit_test(no_byte_past_the_end),
        cmocka_unit_test(no_zone_or_locale_matters),
        cmocka_unit_test(clocks_run_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
