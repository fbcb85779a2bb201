/* combined and common: where fields end when strangers write them, and every rule of docs/COUNTING.md. */
#include "format_test.h"

#define T0       "[01/Mar/2024:00:00:01 +0000]"
#define HEAD     "1! counted 2024-03-01 0 us=1709251201000000 status=200 bytes=42 range=0 decodes=1 ok=0 "
#define TAIL     " \"-\" \"ua\""
#define GET_A    "method=\"GET\" path=\"/a\" agent=\"ua\" client=\"192.0.2.7\"\n"
#define REQ(r)   "192.0.2.7 - - " T0 " \"" r "\" 200 42" TAIL
#define TIME(t)  "192.0.2.7 - - [" t "] \"GET /a HTTP/1.1\" 200 42" TAIL
#define NUMS(n)  "192.0.2.7 - - " T0 " \"GET /a HTTP/1.1\" " n TAIL
#define USER(u)  "192.0.2.7 - " u " " T0 " \"GET /a HTTP/1.1\" 200 42" TAIL
#define WHO(m, p) HEAD "method=\"" m "\" path=\"" p "\" agent=\"ua\" client=\"192.0.2.7\"\n"
#define FIELDS   "1! fields - 0\n"
#define BAD_TIME "1! time - 0\n"
#define NUMBER   "1! number 2024-03-01 0\n"
#define OTHER(text, us) "1! counted " text " us=" us " status=200 bytes=42 range=0 decodes=1 ok=0 " GET_A

static const struct text_case cases[] = {
    { "plain", REQ("GET /a HTTP/1.1"), HEAD GET_A },
    { "more_fields_behind", REQ("GET /a HTTP/1.1") " 0.1 \"x", HEAD GET_A },
    { "a_blank_behind", REQ("GET /a HTTP/1.1") " ", HEAD GET_A },
    { "no_blank_behind", REQ("GET /a HTTP/1.1") "x", FIELDS },
    { "blank_line", "\n", "1! blank - 0\n" },
    { "a_line_of_common", "192.0.2.7 - - " T0 " \"GET /a HTTP/1.1\" 200 42", FIELDS },

    /* the user */
    { "user_with_blanks", USER("john q public"), HEAD GET_A },
    { "user_with_brackets", USER("[x] [01/Mar/2024] [01/Mar/2024:00:00:01 +0000]x [["), HEAD GET_A },
    { "user_empty", "192.0.2.7 -  " T0 " \"GET /a HTTP/1.1\" 200 42" TAIL, HEAD GET_A },
    { "user_absent", "192.0.2.7 - " T0 " \"GET /a HTTP/1.1\" 200 42" TAIL, FIELDS },
    { "user_that_ends_in_a_bracket", USER("x["), HEAD GET_A },
    { "bracket_without_a_blank_before", "192.0.2.7 - u" T0 " \"GET /a HTTP/1.1\" 200 42" TAIL, FIELDS },
    { "user_writes_a_time_first_one_holds",
      USER("[01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42 \"-\" \"ua\""), HEAD GET_A },
    { "client_empty", " - - " T0 " \"GET /a HTTP/1.1\" 200 42" TAIL,
      HEAD "method=\"GET\" path=\"/a\" agent=\"ua\" client=\"\"\n" },
    { "client_ipv6", "2001:db8::1 - - " T0 " \"GET /a HTTP/1.1\" 200 42" TAIL,
      HEAD "method=\"GET\" path=\"/a\" agent=\"ua\" client=\"2001:db8::1\"\n" },

    /* the time */
    { "east", TIME("01/Mar/2024:00:30:00 +0200"), OTHER("2024-02-29 22", "1709245800000000") },
    { "west", TIME("29/Feb/2024:23:30:00 -0130"), OTHER("2024-03-01 1", "1709254800000000") },
    { "widest", TIME("01/Mar/2024:00:00:00 -1400"), OTHER("2024-03-01 14", "1709301600000000") },
    { "leap_second", TIME("31/Dec/2016:23:59:60 +0000"), OTHER("2016-12-31 23", "1483228799000000") },
    { "too_wide", TIME("01/Mar/2024:00:00:00 -1401"), BAD_TIME },
    { "no_such_day", TIME("30/Feb/2024:00:00:01 +0000"), BAD_TIME },
    { "no_such_month", TIME("01/Foo/2024:00:00:01 +0000"), BAD_TIME },
    { "midnight_at_the_end", TIME("01/Mar/2024:24:00:00 +0000"), BAD_TIME },
    { "before_1970", TIME("01/Jan/1970:00:00:00 +0100"), BAD_TIME },
    { "first_of_1970_but_later", TIME("01/Jan/1970:01:00:00 +0100"), OTHER("1970-01-01 0", "0") },
    { "time_too_short", TIME("01/Mar/2024:00:00:1 +0000"), FIELDS },
    { "time_of_other_shape", TIME("2024-03-01T00:00:01.00000Z"), BAD_TIME },
    { "time_before_number", "x - - [01/Mar/2024:25:00:00 +0000] \"-\" x y \"-\" \"-\"", BAD_TIME },

    /* the request */
    { "no_protocol", REQ("GET /a"), WHO("GET", "/a") },
    { "no_blank", REQ("GET"), WHO("GET", "") },
    { "dash", REQ("-"), WHO("-", "") },
    { "empty", REQ(""), WHO("", "") },
    { "path_with_blanks", REQ("GET /a b  c HTTP/1.0"), WHO("GET", "/a b  c") },
    { "only_a_protocol", REQ("GET HTTP/1.1"), WHO("GET", "") },
    { "two_blanks", REQ("GET  HTTP/1.1"), WHO("GET", "") },
    { "two_protocols", REQ("GET /a HTTP/1.1 HTTP/1.1"), WHO("GET", "/a HTTP/1.1") },
    { "half_a_protocol", REQ("GET /a HTTP"), WHO("GET", "/a HTTP") },
    { "a_protocol_of_no_version", REQ("GET /a HTTP/"), WHO("GET", "/a") },
    { "blank_at_the_end", REQ("GET /a HTTP/1.1 "), WHO("GET", "/a HTTP/1.1 ") },
    { "tls_in_clear", REQ("\\x16\\x03\\x01\\x02\\x00\\x01"), WHO("\\\\x16\\\\x03\\\\x01\\\\x02\\\\x00\\\\x01", "") },
    { "escaped_quote", REQ("GET /\\\"a\\\" HTTP/1.1"), WHO("GET", "/\\\"a\\\"") },
    { "escapes", REQ("GET /\\x41\\x2f\\xe9\\\\\\t\\q\\x4 HTTP/1.1"), WHO("GET", "/A/\xef\xbf\xbd\\\\\\u0009\\\\q\\\\x4") },
    { "all_letters", REQ("GET /\\n\\r\\t\\b\\f\\v HTTP/1.1"), WHO("GET", "/\\u000a\\u000d\\u0009\\u0008\\u000c\\u000b") },
    { "escaped_blank_does_not_split", REQ("GET\\x20/a HTTP/1.1"), WHO("GET\\\\x20/a", "") },
    { "backslash_at_the_end", REQ("GET /a\\\\"), WHO("GET", "/a\\\\") },
    { "quote_never_closed", "192.0.2.7 - - " T0 " \"GET /a HTTP/1.1\\\" 200 42", FIELDS },
    { "ends_in_a_backslash", "192.0.2.7 - - " T0 " \"GET /a\\", FIELDS },
    { "agent_with_escaped_quote", "192.0.2.7 - - " T0 " \"GET /a HTTP/1.1\" 200 42 \"\\\\\" \"a\\\"b\" x",
      HEAD "method=\"GET\" path=\"/a\" agent=\"a\\\\\\\"b\" client=\"192.0.2.7\"\n" },

    /* status and bytes */
    { "dashes", NUMS("- -"), "1! counted 2024-03-01 0 us=1709251201000000 status=0 bytes=0 range=0 decodes=1 ok=0 " GET_A },
    { "largest", NUMS("200 9223372036854775807"),
      "1! counted 2024-03-01 0 us=1709251201000000 status=200 bytes=9223372036854775807 range=0 decodes=1 ok=0 " GET_A },
    { "too_large", NUMS("200 9223372036854775808"), NUMBER },
    { "leading_zeros", NUMS("200 0000000000000000000000042"), HEAD GET_A },
    { "negative", NUMS("200 -1"), NUMBER },
    { "fraction", NUMS("200 1.5"), NUMBER },
    { "no_bytes", NUMS("200 "), NUMBER },
    { "two_digits", NUMS("20 42"), NUMBER },
    { "four_digits", NUMS("2000 42"), NUMBER },
    { "one_number", NUMS("200"), FIELDS }, /* the referer stands for the bytes, and the agent is missing */
};

static void
combined_lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("combined"), cases, ARRAY_LEN(cases));
}

static const struct text_case common_cases[] = {
    { "plain", "192.0.2.7 - - " T0 " \"GET /a HTTP/1.1\" 200 42", HEAD "method=\"GET\" path=\"/a\" client=\"192.0.2.7\"\n" },
    { "blank_behind", "192.0.2.7 - - " T0 " \"GET /a HTTP/1.1\" 200 42 ", FIELDS },
    { "a_line_of_combined", REQ("GET /a HTTP/1.1"), FIELDS },
    { "nothing_behind_status", "192.0.2.7 - - " T0 " \"GET /a HTTP/1.1\" 200", FIELDS },
};

static void
common_lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("common"), common_cases, ARRAY_LEN(common_cases));
}

static void
a_line_cut_anywhere_is_no_crash_and_mostly_no_record(void **state)
{
    static const char line[] = USER("[x] y") " 0.1";

    (void)state;
    for (size_t n = 1; n < sizeof line; n++) {
        char *got = parse_text(the_format("combined"), (struct slice){ line, n });

        assert_string_equal(got, n >= sizeof line - 5 ? HEAD GET_A : FIELDS);
        free(got);
    }
}

/* The date is remembered from line to line: each must still be read as if it were the first. */
static void
lines_do_not_learn_from_each_other(void **state)
{
    static const char *const times[] = {
        "01/Mar/2024:00:00:01 +0000", "01/Mar/2024:00:00:01 +0100", "01/Mar/2024:23:59:59 -0100",
        "01/Mar/2024:24:00:00 -0100", "31/Feb/2024:00:00:01 +0000", "01/Mar/2025:00:00:01 +0000",
        "01/Jan/1970:00:30:00 +0100", "01/Jan/1970:01:30:00 +0100", "31/Dec/9999:23:00:00 -0000",
        "31/Dec/9999:23:00:00 -0200", "31/Dec/9999:20:00:00 -0200",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(times) * ARRAY_LEN(times); i++) {
        const char *pair[] = { times[i / ARRAY_LEN(times)], times[i % ARRAY_LEN(times)], times[i / ARRAY_LEN(times)] };
        struct buf both = { 0 }, want = { 0 };
        char *got;

        for (uint64_t k = 0; k < 3; k++) {
            struct buf line = { 0 };
            char *alone;

            buf_printf(&line, "192.0.2.7 - - [%s] \"GET /a HTTP/1.1\" 200 42 \"-\" \"-\"\n", pair[k]);
            buf_add(&both, line.p, line.n);
            alone = parse_text(the_format("combined"), (struct slice){ line.p, line.n });
            buf_printf(&want, "%d%s", (int)k + 1, alone + 1);
            free(alone);
            buf_release(&line);
        }
        got = parse_text(the_format("combined"), (struct slice){ both.p, both.n });
        assert_string_equal(got, buf_str(&want));
        free(got);
        buf_release(&both);
        buf_release(&want);
    }
}

/* Nothing is remembered at first, not even what memory looks like that was never written. */
static void
times_of_nul_are_none(void **state)
{
    struct slice log = SLICE("x - - [\0\0\0\0\0\0\0\0\0\0\0\0" "00:00:00\0\0\0\0\0\0] \"GET /a\" 200 42 \"-\" \"-\"\n"
        "x - - [01/Mar/2024:\0\0\0\0\0\0\0\0 +0000] \"GET /a\" 200 42 \"-\" \"-\"\n"
        "x - - [01/Mar/2024:00:00:00 +0000] \"GET /a\" 200 x \"-\" \"-\"\n"
        "x - - [01/Mar/2024:\0\0\0\0\0\0\0\0 +0000] \"GET /a\" 200 42 \"-\" \"-\"\n");
    char *got = parse_text(the_format("combined"), log);

    (void)state;
    assert_string_equal(got, "1! time - 0\n2! time - 0\n3! number 2024-03-01 0\n4! time - 0\n");
    free(got);
}

/* A megabyte of what a search might stumble over again and again. */
static void
hostile_megabytes_take_linear_time(void **state)
{
    static const char *const parts[] = { " [", "[", "\\", "\\\"", " \"", "] \"", "\\x", " " };
    char *text = malloc(2 * MIB);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        static const char *const heads[] = { "", "a b ", "a b - " T0 " \"GET /" };

        for (size_t h = 0; h < ARRAY_LEN(heads); h++) {
            size_t n = strlen(heads[h]), part = strlen(parts[i]);
            struct buf b = { 0 };
            struct err err;
            enum st rc;

            memcpy(text, heads[h], n);
            for (; n < MIB; n += part)
                memcpy(text + n, parts[i], part);
            parse(the_format("combined"), (struct slice){ text, n }, PLAINLY, &b, &rc, &err);
            assert_int_equal(rc, ST_OK);
            assert_true(strcmp(b.p, FIELDS) == 0 || strcmp(b.p, NUMBER) == 0);
            buf_release(&b);
        }
    }
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combined_lines_become_records),
        cmocka_unit_test(common_lines_become_records),
        cmocka_unit_test(a_line_cut_anywhere_is_no_crash_and_mostly_no_record),
        cmocka_unit_test(lines_do_not_learn_from_each_other),
        cmocka_unit_test(times_of_nul_are_none),
        cmocka_unit_test(hostile_megabytes_take_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
