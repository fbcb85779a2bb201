/* CloudFront: every rule of docs/COUNTING.md, header lines wherever they stand, and lines longer than an index. */
#include "format_test.h"

#define FIELDS "#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status cs(User-Agent) sc-range-start\n"
#define US "us=1709251201000000"

static const struct text_case cases[] = {
    { "all_columns", FIELDS "2024-03-01\t00:00:01\t742\t192.0.2.7\tGET\t/a%2520b\t206\tcurl\t0\n",
      "1! comment - 0\n2! counted 2024-03-01 0 " US " status=206 bytes=742 range=1 decodes=2 ok=0 "
      "method=\"GET\" path=\"/a%2520b\" agent=\"curl\" client=\"192.0.2.7\"\n" },
    { "absent_columns", "#Fields: date cs-method cs-uri-stem sc-status\n2024-03-01\tGET\t/a\t200\n",
      "1! comment - 0\n2! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=2 ok=0 "
      "method=\"GET\" path=\"/a\"\n" },
    { "other_order_and_unknown_columns", "#Fields:  x-edge sc-status\tcs-uri-stem  date cs-method fle \n"
      "FRA\t200\t/a\t2024-03-01\tHEAD\t\n",
      "1! comment - 0\n2! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=2 ok=0 "
      "method=\"HEAD\" path=\"/a\"\n" },
    { "dash_status_and_bytes", FIELDS "2024-03-01\t00:00:01\t-\t-\tGET\t/a\t-\t-\t-\n",
      "1! comment - 0\n2! counted 2024-03-01 0 " US " status=0 bytes=0 range=0 decodes=2 ok=0 "
      "method=\"GET\" path=\"/a\" agent=\"-\" client=\"-\"\n" },
    { "range_later_and_empty_values", FIELDS "2024-03-01\t00:00:01\t9223372036854775807\t\t\t\t200\t\t00\n",
      "1! comment - 0\n2! counted 2024-03-01 0 " US " status=200 bytes=9223372036854775807 range=2 decodes=2 ok=0 "
      "method=\"\" path=\"\" agent=\"\" client=\"\"\n" },
    { "hour_and_leap_second", FIELDS "2024-12-31\t23:59:60\t1\tx\tGET\t/\t200\t-\t\n",
      "1! comment - 0\n2! counted 2024-12-31 23 us=1735689599000000 status=200 bytes=1 range=0 decodes=2 ok=0 "
      "method=\"GET\" path=\"/\" agent=\"-\" client=\"x\"\n" },
    { "too_few_and_too_many_fields", FIELDS "2024-03-01\t00:00:01\t1\tx\tGET\t/\t200\t-\n"
      "2024-03-01\t00:00:01\t1\tx\tGET\t/\t200\t-\t0\t\n2024-03-01\n\t\n",
      "1! comment - 0\n2! fields - 0\n3! fields - 0\n4! fields - 0\n5! fields - 0\n" },
    { "short_lines_do_not_make_up_one", "#Fields: date cs-method cs-uri-stem sc-status\n2024-03-01\tGET\n/a\t200\n",
      "1! comment - 0\n2! fields - 0\n3! fields - 0\n" },
    { "fields_before_time_before_number", "#Fields: date time cs-method cs-uri-stem sc-status\n"
      "x\tx\tx\tx\n2024-02-30\t00:00:00\tGET\t/\tx\n2024-02-29\t24:00:00\tGET\t/\tx\n2024-02-29\t23:00:00\tGET\t/\tx\n",
      "1! comment - 0\n2! fields - 0\n3! time - 0\n4! time - 0\n5! number 2024-02-29 23\n" },
    { "numbers", FIELDS "2024-03-01\t00:00:01\t9223372036854775808\tx\tGET\t/\t200\t-\t0\n"
      "2024-03-01\t00:00:01\t\tx\tGET\t/\t200\t-\t0\n2024-03-01\t00:00:01\t+1\tx\tGET\t/\t200\t-\t0\n"
      "2024-03-01\t00:00:01\t1\tx\tGET\t/\t2000\t-\t0\n2024-03-01\t00:00:01\t1\tx\tGET\t/\t\t-\t0\n",
      "1! comment - 0\n2! number 2024-03-01 0\n3! number 2024-03-01 0\n4! number 2024-03-01 0\n"
      "5! number 2024-03-01 0\n6! number 2024-03-01 0\n" },
    { "blank_comment_crlf_and_no_last_feed", "#Version: 1.0\r\n\r\n#\n\n#Fields: date cs-method cs-uri-stem sc-status\r\n"
      "2024-03-01\tGET\t/a\t200\r\n2024-03-01\tGET\t/b\t200",
      "1! comment - 0\n2! blank - 0\n3! comment - 0\n4! blank - 0\n5! comment - 0\n"
      "6! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=2 ok=0 method=\"GET\" path=\"/a\"\n"
      "7! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=2 ok=0 method=\"GET\" path=\"/b\"\n" },
    { "only_one_cr_before_a_feed_is_dropped", "#Fields: date cs-method cs-uri-stem sc-status\n2024-03-01\tGET\t/a\t200\r\r\n"
      "2024-03-01\tGET\t/b\t200\r",
      "1! comment - 0\n2! number 2024-03-01 0\n3! number 2024-03-01 0\n" },
    { "columns_change_in_mid_block", "#Fields: date cs-method cs-uri-stem sc-status\n2024-03-01\tGET\t/a\t200\n"
      "#Fields: sc-status date cs-uri-stem cs-method c-ip\n2024-03-01\tGET\t/a\t200\n404\t2024-03-02\t/b\tPUT\tx\n",
      "1! comment - 0\n"
      "2! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=2 ok=0 method=\"GET\" path=\"/a\"\n"
      "3! comment - 0\n4! fields - 0\n"
      "5! counted 2024-03-02 0 us=1709337600000000 status=404 bytes=0 range=0 decodes=2 ok=0 method=\"PUT\" path=\"/b\" "
      "client=\"x\"\n" },
    { "one_column_is_one_column", "#Version:   1.0  \n#Fields: date cs-method cs-uri-stem sc-status\n#Fields\nx\n",
      "1! comment - 0\n2! comment - 0\n3! comment - 0\n4! fields - 0\n" },
    { "remembered_times_are_compared_whole", "#Fields: date time cs-method cs-uri-stem sc-status\n"
      "2024-03-01\t00:00:01\tGET\t/\t200\n2024-03-0\t00:00:01\tGET\t/\t200\n2024-03-01\t00:00:0\tGET\t/\t200\n"
      "2024-03-011\t00:00:01\tGET\t/\t200\n\t\tGET\t/\t200\n",
      "1! comment - 0\n2! counted 2024-03-01 0 us=1709251201000000 status=200 bytes=0 range=0 decodes=2 ok=0 "
      "method=\"GET\" path=\"/\"\n3! time - 0\n4! time - 0\n5! time - 0\n6! time - 0\n" },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("cloudfront"), cases, ARRAY_LEN(cases));
}

static void
some_logs_are_refused_and_the_line_is_named(void **state)
{
    static const struct {
        const char *log, *cause;
        uint64_t line_no;
    } refused[] = {
        { "#Version: 2.0\n", "#Version is not 1.0", 1 },
        { "#Software: x\n#Version:\n", "#Version is not 1.0", 2 },
        { "#Version: 1.0 2.0\n", "#Version is not 1.0", 1 },
        { "\n2024-03-01\tGET\t/a\t200\n", "before any #Fields", 2 },
        { "x", "before any #Fields", 1 },
        { "#Version: 1.0\n#Fields: date cs-method sc-status\n", "\"cs-uri-stem\"", 2 },
        { "#Fields:\n", "\"date\"", 1 },
        { "#Fields: Date cs-method cs-uri-stem sc-status\n", "\"date\"", 1 },
        { "#Fields: date cs-method cs-uri-stem sc-status\n2024-03-01\tGET\t/a\t200\n#Fields: date\n", "\"cs-method\"", 3 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct buf b = { 0 };
        struct err err = { 0 };
        enum st rc;

        parse(the_format("cloudfront"), slice_of(refused[i].log), PLAINLY, &b, &rc, &err);
        assert_int_equal(rc, ST_FORMAT);
        assert_int_equal(err.code, ST_FORMAT);
        assert_int_equal(err.line_no, refused[i].line_no);
        assert_true(err.what[0] != '\0' && err.hint[0] != '\0');
        if (strstr(err.cause, refused[i].cause) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.cause, refused[i].cause);
        buf_release(&b);
    }
}

/* Values so long that a line, or many lines, do not fit in one index (16 KiB), at every place around its end. */
static void
lines_longer_than_an_index(void **state)
{
    (void)state;
    for (size_t len = 16200; len < 16400; len += 13) {
        struct buf log = { 0 }, want = { 0 };
        char *got;

        buf_text(&log, "#Fields: date cs-method cs-uri-stem sc-status cs(Referer)\n");
        buf_text(&want, "1! comment - 0\n");
        for (int i = 2; i < 8; i++) {
            buf_printf(&log, "2024-03-01\tGET\t/%d\t200\t", i);
            for (size_t k = 0; k < (i == 3 || i == 6 ? len : 1 + len % 31); k++)
                buf_text(&log, i == 5 ? "\t" : "x");
            buf_text(&log, i % 2 ? "\r\n" : "\n");
            if (i == 5)
                buf_text(&want, "5! fields - 0\n");
            else
                buf_printf(&want, "%d! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=2 "
                    "ok=0 method=\"GET\" path=\"/%d\"\n", i, i);
        }
        got = parse_text(the_format("cloudfront"), (struct slice){ log.p, log.n });
        assert_string_equal(got, buf_str(&want));
        free(got);
        buf_release(&log);
        buf_release(&want);
    }
}

static void
megabytes_of_tabs(void **state)
{
    static const char bytes[] = { '\t', 'x', '#', '\r' };
    char *text = malloc(MIB);
    struct slice head = SLICE("#Fields: date cs-method cs-uri-stem sc-status\n");

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        char *got;

        memset(text, bytes[i], MIB);
        memcpy(text, head.p, head.n);
        got = parse_text(the_format("cloudfront"), (struct slice){ text, MIB });
        assert_string_equal(got, bytes[i] == '#' ? "1! comment - 0\n2! comment - 0\n" : "1! comment - 0\n2! fields - 0\n");
        free(got);
    }
    free(text);
}

static void
columns_have_a_ceiling_that_long_headers_cannot_pass(void **state)
{
    struct buf log = { 0 }, b = { 0 };
    struct err err;
    enum st rc;

    (void)state;
    buf_text(&log, "#Fields: date cs-method cs-uri-stem sc-status");
    for (int i = 0; i < 4092; i++)
        buf_text(&log, "\tnone");
    buf_text(&log, "\n2024-03-01\tGET\t/a\t200");
    for (int i = 0; i < 4092; i++)
        buf_text(&log, "\tv456789");
    buf_text(&log, "\n2024-03-01\tGET\t/a\t200");
    for (int i = 0; i < 4093; i++) /* one too many */
        buf_text(&log, "\tv456789");
    buf_text(&log, "\n2024-03-01\tGET\t/a\t200\n");
    parse(the_format("cloudfront"), (struct slice){ log.p, log.n }, PLAINLY, &b, &rc, &err);
    assert_int_equal(rc, ST_OK);
    assert_string_equal(b.p, "1! comment - 0\n2! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 "
        "decodes=2 ok=0 method=\"GET\" path=\"/a\"\n3! fields - 0\n4! fields - 0\n");
    buf_reset(&b);
    buf_reset(&log);
    buf_text(&log, "#Fields: date cs-method cs-uri-stem sc-status");
    for (int i = 0; i < 4093; i++)
        buf_text(&log, "\tnone");
    parse(the_format("cloudfront"), (struct slice){ log.p, log.n }, PLAINLY, &b, &rc, &err);
    assert_int_equal(rc, ST_FORMAT);
    assert_non_null(strstr(err.cause, "4096"));
    buf_reset(&log);
    buf_text(&log, "#Version: 1.0"); /* what stands behind more tabs than there can be columns is seen too */
    for (int i = 0; i < 20000; i++)
        buf_text(&log, "\t");
    buf_text(&log, "x\n");
    parse(the_format("cloudfront"), (struct slice){ log.p, log.n }, PLAINLY, &b, &rc, &err);
    assert_int_equal(rc, ST_FORMAT);
    buf_release(&b);
    buf_release(&log);
}

/* Nothing is remembered at first, not even what memory looks like that was never written. */
static void
dates_and_times_of_nul_are_none(void **state)
{
    struct slice log = SLICE("#Fields: date time cs-method cs-uri-stem sc-status\n"
        "\0\0\0\0\0\0\0\0\0\0\t00:00:00\tGET\t/\t200\n2024-03-01\t\0\0\0\0\0\0\0\0\tGET\t/\t200\n");
    char *got = parse_text(the_format("cloudfront"), log);

    (void)state;
    assert_string_equal(got, "1! comment - 0\n2! time - 0\n3! time - 0\n");
    free(got);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(some_logs_are_refused_and_the_line_is_named),
        cmocka_unit_test(dates_and_times_of_nul_are_none),
        cmocka_unit_test(lines_longer_than_an_index),
        cmocka_unit_test(megabytes_of_tabs),
        cmocka_unit_test(columns_have_a_ceiling_that_long_headers_cannot_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
