/* w3c: blanks or tabs between values, quotes, the names of columns and times that servers use; what tells it from cloudfront. */
#include "format_test.h"

#define IIS    "#Software: IIS\n#Fields: date time cs-method cs-uri-stem c-ip sc-status sc-bytes cs(User-Agent)\n"
#define TWO    "1! comment - 0\n2! comment - 0\n"
#define KEPT   "! counted 2024-03-01 0 us=1709251201000000 status=200 bytes=42 range=0 decodes=1 ok=0 "
#define GET_A  "method=\"GET\" path=\"/a\" "
#define LEAST  "#Fields: date cs-method cs-uri-stem sc-status"
#define DAY    "! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=1 ok=0 "

static const struct text_case cases[] = {
    { "iis", IIS "2024-03-01 00:00:01 GET /a 192.0.2.7 200 42 Mozilla/5.0+(X11)\r\n2024-03-01 00:00:01 GET /a - 200 42 -\n",
      TWO "3" KEPT GET_A "agent=\"Mozilla/5.0+(X11)\" client=\"192.0.2.7\"\n4" KEPT GET_A "agent=\"-\" client=\"-\"\n" },
    { "tabs_too", IIS "2024-03-01\t00:00:01\tGET\t/a\t192.0.2.7\t200\t42\ttwo words\n",
      TWO "3" KEPT GET_A "agent=\"two words\" client=\"192.0.2.7\"\n" },
    { "quotes", IIS "2024-03-01 00:00:01 GET \"/a\" \"192.0.2.7\" 200 42 \"two words\"\n"
      "2024-03-01 00:00:01 GET /a 192.0.2.7 200 42 \"say \"\"one two\"\"\"\n"
      "2024-03-01 00:00:01 GET /a 192.0.2.7 200 42 \"\"\n2024-03-01 00:00:01 GET /a 192.0.2.7 200 42 \"\n",
      TWO "3" KEPT GET_A "agent=\"two words\" client=\"192.0.2.7\"\n"
      "4" KEPT GET_A "agent=\"say \\\"\\\"one two\\\"\\\"\" client=\"192.0.2.7\"\n"
      "5" KEPT GET_A "agent=\"\" client=\"192.0.2.7\"\n6" KEPT GET_A "agent=\"\\\"\" client=\"192.0.2.7\"\n" },
    { "quotes_that_do_not_close_reach_to_the_end", IIS "2024-03-01 00:00:01 GET /a 192.0.2.7 200 42 x\n"
      "2024-03-01 00:00:01 GET \"/a b 192.0.2.7 200 42 x\n2024-03-01 00:00:01 GET /a 192.0.2.7 200 42 two words\n"
      "2024-03-01 00:00:01 GET /a 192.0.2.7 200 42 \"\"\" words\n",
      TWO "3" KEPT GET_A "agent=\"x\" client=\"192.0.2.7\"\n4! fields - 0\n5! fields - 0\n"
      "6" KEPT GET_A "agent=\"\\\"\\\"\\\" words\" client=\"192.0.2.7\"\n" },
    { "where_quotes_are_not_needed_they_are_bytes", IIS "2024-03-01 00:00:01 GET /a\" 192.0.2.7 200 42 \"x\n",
      TWO "3" KEPT "method=\"GET\" path=\"/a\\\"\" agent=\"\\\"x\" client=\"192.0.2.7\"\n" },
    { "what_separates_is_shown_by_the_first_line_that_fits", LEAST "\nrubbish\n2024-03-01 GET\n2024-03-01 GET /a 200\n"
      "2024-03-01\tGET\t/a\t200\n2024-03-01 GET /b 200",
      "1! comment - 0\n2! fields - 0\n3! fields - 0\n4" DAY "method=\"GET\" path=\"/a\"\n5! fields - 0\n"
      "6" DAY "method=\"GET\" path=\"/b\"\n" },
    { "tabs_hold_once_shown", LEAST "\n2024-03-01\tGET\t/a\t200\n2024-03-01 GET /a 200\n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n3! fields - 0\n" },
    { "each_header_asks_anew", LEAST "\n2024-03-01 GET /a 200\n#x\n\n" LEAST " x\n2024-03-01\tGET\t/b\t200\ty z\n"
      "2024-03-01\tGET\t/c\t200\ty z\n" LEAST "\n2024-03-01 GET /d 200\n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n3! comment - 0\n4! blank - 0\n5! comment - 0\n"
      "6" DAY "method=\"GET\" path=\"/b\"\n7" DAY "method=\"GET\" path=\"/c\"\n8! comment - 0\n"
      "9" DAY "method=\"GET\" path=\"/d\"\n" },
    { "as_many_columns_in_another_order", LEAST " c-ip\n2024-03-01 GET /a 200 192.0.2.7\n#Fields: c-ip sc-status cs-uri-stem cs-method date\n"
      "2024-03-01 GET /a 200 192.0.2.7\n192.0.2.7 200 /b GET 2024-03-01\n",
      "1! comment - 0\n2" DAY GET_A "client=\"192.0.2.7\"\n3! comment - 0\n4! time - 0\n"
      "5" DAY "method=\"GET\" path=\"/b\" client=\"192.0.2.7\"\n" },
    { "only_one_blank_separates", LEAST "\n2024-03-01 GET /a 200\n2024-03-01  GET /a 200\n2024-03-01 GET  200\n2024-03-01 GET /a 200 \n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n3! fields - 0\n4" DAY "method=\"GET\" path=\"\"\n5! fields - 0\n" },
    { "cr_before_cr", LEAST "\n2024-03-01 GET /a 200\r\n2024-03-01 GET /a 200\r\r\n\r\n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n3! number 2024-03-01 0\n4! blank - 0\n" },

    /* names of columns */
    { "akamai", "#Version: 1.0\n#Fields: date time cs-ip cs-method cs-uri sc-status sc-bytes\n2024-03-01\t00:00:01\t192.0.2.7\tGET\t/a\t200\t42\n",
      TWO "3" KEPT GET_A "client=\"192.0.2.7\"\n" },
    { "better_names_hold", "#Fields: date cs-uri cs-uri-stem cs-uri-path cs-ip c-ip cs-method sc-status\n2024-03-01 /x /a /y 9 192.0.2.7 GET 200\n",
      "1! comment - 0\n2" DAY GET_A "client=\"192.0.2.7\"\n" },
    { "of_equal_names_the_last_holds", "#Fields: date cs-uri-stem cs-uri-stem cs-method sc-status\n2024-03-01 /x /a GET 200\n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n" },
    { "forwarded", LEAST " X-Forwarded-For\n2024-03-01 GET /a 200 192.0.2.7,+10.0.0.1\n",
      "1! comment - 0\n2" DAY GET_A "forwarded=\"192.0.2.7,+10.0.0.1\"\n" },
    { "country", LEAST " c-country\n2024-03-01 GET /a 200 DE\n2024-03-01 GET /a 200 -\n",
      "1! comment - 0\n2" DAY GET_A "country=\"DE\"\n3" DAY "method=\"GET\" path=\"/a\"\n" },
    { "edge_locations_decode_twice", LEAST " x-edge-location\n2024-03-01 GET /a 200 FRA\n",
      "1! comment - 0\n2! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=0 decodes=2 ok=0 method=\"GET\" path=\"/a\"\n" },

    /* times */
    { "fraction", "#Fields: date time cs-method cs-uri-stem sc-status\n2024-03-01 00:00:00.25 GET /a 200\n2024-03-01 00:00:00.123456789 GET /a 200\n"
      "2024-03-01 00:00:00. GET /a 200\n2024-03-01 00:00:00.1234567890 GET /a 200\n2024-03-01 24:00:00.5 GET /a 200\n2024-03-01 00:00:00,5 GET /a 200\n",
      "1! comment - 0\n2! counted 2024-03-01 0 us=1709251200250000 status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n"
      "3! counted 2024-03-01 0 us=1709251200123456 status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n"
      "4! time - 0\n5! time - 0\n6! time - 0\n7! time - 0\n" },
    { "seconds", "#Fields: timestamp cs-method cs-uri-stem sc-status\n1709251200 GET /a 200\n1709251200.0 GET /a 200\n2024-03-01T01:00:00+01:00 GET /a 200\n- GET /a 200\n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n3" DAY "method=\"GET\" path=\"/a\"\n4" DAY "method=\"GET\" path=\"/a\"\n5! time - 0\n" },
    { "milliseconds", "#Fields: timestamp(ms) cs-method cs-uri-stem sc-status\n1709251200000 GET /a 200\n9223372036854775807 GET /a 200\n1.5 GET /a 200\n253402300799999 GET /a 200\n253402300800000 GET /a 200\n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n3! time - 0\n4! time - 0\n"
      "5! counted 9999-12-31 23 us=253402300799999000 status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n6! time - 0\n" },
    { "a_date_goes_before_a_timestamp", "#Fields: timestamp date cs-method cs-uri-stem sc-status\nx 2024-03-01 GET /a 200\n",
      "1! comment - 0\n2" DAY "method=\"GET\" path=\"/a\"\n" },
    { "time_without_date_is_no_time", "#Date: 2024-03-01 00:00:00\n", "1! comment - 0\n" },

    /* ranges */
    { "part", LEAST " sc-range-start sc-range-end sc-content-len\n2024-03-01 GET /a 206 0 99 100\n2024-03-01 GET /a 206 100 - 50\n"
      "2024-03-01 GET /a 206 - - 50\n2024-03-01 GET /a 206 9 8 -\n2024-03-01 GET /a 206 9223372036854775807 9223372036854775807 1\n"
      "2024-03-01 GET /a 200 0 99 100\n",
      "1! comment - 0\n2! counted 2024-03-01 0 us=1709251200000000 status=206 bytes=0 range=1 decodes=1 ok=0 method=\"GET\" path=\"/a\" part=0..100\n"
      "3! counted 2024-03-01 0 us=1709251200000000 status=206 bytes=0 range=2 decodes=1 ok=0 method=\"GET\" path=\"/a\" part=100..150\n"
      "4! counted 2024-03-01 0 us=1709251200000000 status=206 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n"
      "5! counted 2024-03-01 0 us=1709251200000000 status=206 bytes=0 range=2 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n"
      "6! counted 2024-03-01 0 us=1709251200000000 status=206 bytes=0 range=2 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n"
      "7! counted 2024-03-01 0 us=1709251200000000 status=200 bytes=0 range=1 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n" },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("w3c"), cases, ARRAY_LEN(cases));
}

static void
some_logs_are_refused(void **state)
{
    static const struct {
        const char *log, *cause;
        uint64_t line_no;
    } refused[] = {
        { "#Date: 2024-03-01\n#Fields: time cs-method cs-uri-stem sc-status\n", "\"date\"", 2 },
        { "#Software: x\n2024-03-01 GET /a 200\n", "before any #Fields", 2 },
        { "#Fields: date cs-method cs-uri-query sc-status\n", "\"cs-uri-stem\"", 1 },
        { LEAST "\n2024-03-01 GET /a 200\n#Version: 1.1\n", "#Version is not 1.0", 3 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct buf b = { 0 };
        struct err err = { 0 };
        enum st rc;

        parse(the_format("w3c"), slice_of(refused[i].log), PLAINLY, &b, &rc, &err);
        assert_int_equal(rc, ST_FORMAT);
        assert_int_equal(err.line_no, refused[i].line_no);
        if (strstr(err.cause, refused[i].cause) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.cause, refused[i].cause);
        buf_release(&b);
    }
}

static void
any_column_can_be_marked(void **state)
{
    static const struct {
        const char *format, *key, *log, *want;
    } marks[] = {
        { "w3c", "x-mark", LEAST " x-mark\n2024-03-01 GET /a 200 \"1\"\n", " marked=\"1\"" },
        { "w3c", "cs-method", LEAST "\n2024-03-01 GET /a 200\n", " marked=\"GET\"" },
        { "w3c", "x-mark", LEAST "\n2024-03-01 GET /a 200\n", NULL },
        { "cloudfront", "x-edge-result-type", LEAST " x-edge-result-type\n2024-03-01\tGET\t/a\t200\tHit\n", " marked=\"Hit\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        char *got = parse_marked(the_format(marks[i].format), slice_of(marks[i].log), marks[i].key);

        if (strstr(got, "counted") == NULL || (strstr(got, marks[i].want != NULL ? marks[i].want : "marked") != NULL) != (marks[i].want != NULL))
            fail_msg("%s: %s", marks[i].key, got);
        free(got);
    }
}

static void
what_nobody_asks_for_is_left_out(void **state)
{
    static const char log[] = LEAST " cs(User-Agent) cs-uri-query x-forwarded-for sc-range-start sc-range-end sc-content-len\n"
                                    "2024-03-01\tGET\t/a\t206\tcargo\tq\t192.0.2.7\t7\t9\t3\n";
    static const struct {
        unsigned unasked;
        const char *gone;
    } some[] = {
        { ASKS_AGENT, "agent=" }, { ASKS_FORWARDED, "forwarded=" }, { ASKS_RANGE, "range=2" },
        { ASKS_RANGE, "part=" }, { ASKS_PART, "part=" },
    };
    struct err err;
    enum st rc;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        struct format_options options = { 0 };
        struct buf all = { 0 }, less = { 0 };

        parse(the_format("w3c"), SLICE(log), (struct how){ CUT_NOWHERE, 256, 0, &options }, &all, &rc, &err);
        options.unasked = some[i].unasked;
        parse(the_format("w3c"), SLICE(log), (struct how){ CUT_NOWHERE, 256, 0, &options }, &less, &rc, &err);
        assert_non_null(strstr(all.p, some[i].gone));
        assert_null(strstr(less.p, some[i].gone));
        assert_non_null(strstr(less.p, "status=206"));
        assert_non_null(strstr(less.p, "method=\"GET\" path=\"/a\""));
        buf_release(&all);
        buf_release(&less);
    }
}

/* ---- columns anywhere ---- */

static const char *const asked[] = { "date", "cs-method", "cs-uri-stem", "sc-status", "c-ip" };

/* Of `n` columns, those in `asked` at random places; `at` says which is where. */
static void
add_header(struct buf *log, size_t n, size_t at[ARRAY_LEN(asked)])
{
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        bool taken;

        do {
            at[i] = next_random() % n;
            taken = false;
            for (size_t j = 0; j < i; j++)
                taken |= at[j] == at[i];
        } while (taken);
    }
    buf_text(log, "#Fields:");
    for (size_t column = 0; column < n; column++) {
        const char *name = "x";

        for (size_t i = 0; i < ARRAY_LEN(asked); i++)
            if (at[i] == column)
                name = asked[i];
        buf_printf(log, " %s", name);
    }
    buf_text(log, "\n");
}

/* A line of `n` fields, those that count as `at` has them; other fields are of up to 40 bytes. */
static void
add_line(struct buf *log, size_t n, const size_t at[ARRAY_LEN(asked)], size_t line_no)
{
    for (size_t column = 0; column < n; column++) {
        if (column > 0)
            buf_text(log, "\t");
        if (column == at[0])
            buf_text(log, "2024-03-01");
        else if (column == at[1])
            buf_text(log, "GET");
        else if (column == at[2])
            buf_printf(log, "/%zu", line_no);
        else if (column == at[3])
            buf_text(log, "200");
        else if (column == at[4])
            buf_printf(log, "c%zu", line_no);
        else
            for (size_t bytes = next_random() % 4 == 0 ? next_random() % 40 : 1; bytes > 0; bytes--)
                buf_text(log, "y");
    }
    buf_text(log, "\n");
}

static void
columns_are_read_wherever_they_stand(void **state)
{
    static const size_t widths[] = { 5, 6, 33, 62, 63, 64, 65, 66, 130, 1000 };

    (void)state;
    for (size_t round = 0; round < 300; round++) {
        struct buf log = { 0 }, want = { 0 };
        size_t line_no = 0;
        char *got;

        for (size_t headers = 1 + next_random() % 3; headers > 0; headers--) {
            size_t n = widths[next_random() % ARRAY_LEN(widths)], at[ARRAY_LEN(asked)];

            add_header(&log, n, at);
            buf_printf(&want, "%zu! comment - 0\n", ++line_no);
            add_line(&log, n, at, ++line_no); /* shows what separates */
            buf_printf(&want, "%zu" DAY "method=\"GET\" path=\"/%zu\" client=\"c%zu\"\n", line_no, line_no, line_no);
            for (size_t lines = next_random() % 60; lines > 0; lines--) {
                size_t here = next_random() % 8 == 0 ? n - 1 + 2 * (next_random() % 2) : n;

                add_line(&log, here, at, ++line_no);
                if (here == n)
                    buf_printf(&want, "%zu" DAY "method=\"GET\" path=\"/%zu\" client=\"c%zu\"\n", line_no, line_no, line_no);
                else
                    buf_printf(&want, "%zu! fields - 0\n", line_no);
            }
        }
        got = parse_text(the_format("w3c"), (struct slice){ log.p, log.n });
        assert_string_equal(got, want.p);
        free(got);
        buf_release(&log);
        buf_release(&want);
    }
}

static void
logs_are_told_from_those_of_cloudfront(void **state)
{
    static const struct {
        const char *head, *name;
    } cases_told[] = {
        { "#Version: 1.0\n" LEAST "\n2024-03-01\tGET\t/a\t200\n", "cloudfront" },
        { "#Version: 1.0\n" LEAST "\n", "cloudfront" },
        { "#Version: 1.0\n" LEAST " x-edge-location\n2024-03-01 GET /a 200 FRA\n", "cloudfront" },
        { "#Version: 1.0\n" LEAST "\n2024-03-01 GET /a 200\n", "w3c" },
        { "#Version: 1.0\r\n\r\n#Date: x\r\n" LEAST "\r\n2024-03-01 GET /a 200\r\n", "w3c" },
        { "#Software: x\n#Version: 1.0\n" LEAST "\n2024-03-01\tGET\t/a\t200\n", "w3c" },
        { "#Fields: date cs-method cs-uri sc-status\n2024-03-01\tGET\t/a\t200\n", "w3c" },
        { "#Software: x\n", NULL }, { "#Remark: no log\ntext\n", NULL }, { "# " LEAST "\n", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases_told); i++) {
        const struct format *f = NULL;
        struct err err;
        int score;

        format_sniff(slice_of(cases_told[i].head), &f, &score, &err);
        if ((f == NULL) != (cases_told[i].name == NULL) || (f != NULL && strcmp(f->name, cases_told[i].name) != 0))
            fail_msg("%s is %s", cases_told[i].head, f == NULL ? "nothing" : f->name);
    }
}

/* What separates changes with every header, or is never shown: that must not cost an index of 16 KiB for each line. */
static void
hostile_megabytes_take_linear_time(void **state)
{
    static const char *const parts[] = {
        LEAST "\n2024-03-01 GET /a 200\n" LEAST "\n2024-03-01\tGET\t/a\t200\n",
        LEAST "\n2024-03-01\tGET\t/a\t200\n" LEAST " c-ip\n2024-03-01\tGET\t/a\t200\t-\n", "x\n", "\" \" \" \" ", "\"\"", " ", "a b c \"\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct buf log = { 0 }, b = { 0 };
        struct err err;
        enum st rc;

        buf_text(&log, LEAST "\n");
        while (log.n < MIB)
            buf_text(&log, parts[i]);
        parse(the_format("w3c"), (struct slice){ log.p, log.n }, PLAINLY, &b, &rc, &err);
        assert_int_equal(rc, ST_OK);
        buf_release(&log);
        buf_release(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(some_logs_are_refused),
        cmocka_unit_test(any_column_can_be_marked),
        cmocka_unit_test(what_nobody_asks_for_is_left_out),
        cmocka_unit_test(columns_are_read_wherever_they_stand),
        cmocka_unit_test(logs_are_told_from_those_of_cloudfront),
        cmocka_unit_test(hostile_megabytes_take_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
