/* Tables with a header row: quoting, headers that are none, and what cranlogs' rows become. */
#include "format_test.h"
#include "ingest/json_keys.h"

#define AT   "2024-01-16 10"
#define US   "us=1705399200000000"
#define CRAN "\"date\",\"time\",\"size\",\"r_version\",\"r_arch\",\"r_os\",\"package\",\"version\",\"country\",\"ip_id\"\n"
#define HEAD "time_iso8601,request,status,http_user_agent\n"
#define ROW(agent) "2024-01-16T10:00:00Z,GET /a HTTP/1.1,200," agent
#define COUNTED(line) line "! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\""
#define GOT COUNTED("2")

static const struct text_case csv_cases[] = {
    { "cranlogs", CRAN "\"2024-01-16\",\"10:00:00\",4711,\"4.3.2\",\"x86_64\",\"mingw32\",\"dplyr\",\"1.1.4\",\"DE\",7\n",
      "1! comment - 0\n2! counted " AT " " US " status=200 bytes=4711 range=0 decodes=1 ok=0 method=\"GET\" client=\"7\" country=\"DE\" "
      "name=\"dplyr\" version=\"1.1.4\" of=cran\n" },
    { "cranlogs_without_values", CRAN "2024-01-16,10:00:00,,NA,NA,NA,dplyr,,,",
      "1! comment - 0\n2! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" country=\"\" name=\"dplyr\" of=cran\n" },
    { "cranlogs_without_package", CRAN "2024-01-16,10:00:00,1,NA,NA,NA,,1.0,DE,7", "1! comment - 0\n2! fields - 0\n" },
    { "packages_of_others", "date,package\n2024-01-16,\"a\"", "1! comment - 0\n2! counted 2024-01-16 0 us=1705363200000000 status=200 bytes=0 range=0 "
      "decodes=1 ok=0 method=\"GET\" country=\"\" name=\"a\"\n" },
    { "columns_in_any_order", "size,http_user_agent,status,request,msec\n7,x,404,GET /a HTTP/1.1,1705399200.000",
      "1! comment - 0\n2! counted " AT " " US " status=404 bytes=7 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\" agent=\"x\" country=\"\"\n" },
    { "nested_names_have_dots", "ts,request.uri,request.method,request.headers.User-Agent\n1705399200,/a,GET,x", "1! comment - 0\n" GOT " agent=\"x\" country=\"\"\n" },
    { "headers_again", HEAD ROW("x") "\n" HEAD ROW("y"), "1! comment - 0\n" GOT " agent=\"x\" country=\"\"\n3! comment - 0\n" COUNTED("4") " agent=\"y\" country=\"\"\n" },
    { "another_header_is_a_row", HEAD "http_user_agent,status,request,time_iso8601\nx,200,GET /a HTTP/1.1,2024-01-16T10:00:00Z\n" ROW("x") "\nmsec,request\n"
      "1705399200,GET /a\n", "1! comment - 0\n2! time - 0\n3! time - 0\n" COUNTED("4") " agent=\"x\" country=\"\"\n5! fields - 0\n6! fields - 0\n" },
    { "blank_lines_before_the_header", "\n\r\n" HEAD "\n" ROW("x"), "1! blank - 0\n2! blank - 0\n3! comment - 0\n4! blank - 0\n" COUNTED("5") " agent=\"x\" country=\"\"\n" },
    { "byte_order_mark", "\xef\xbb\xbf" HEAD ROW("x"), "1! comment - 0\n" GOT " agent=\"x\" country=\"\"\n" },

    /* quotes */
    { "quoted", HEAD ROW("\"a, b\""), "1! comment - 0\n" GOT " agent=\"a, b\" country=\"\"\n" },
    { "quoted_quotes", HEAD ROW("\"a \"\"b\"\"\""), "1! comment - 0\n" GOT " agent=\"a \\\"b\\\"\" country=\"\"\n" },
    { "quoted_quotes_alone", HEAD ROW("\"\"\"\"\"\""), "1! comment - 0\n" GOT " agent=\"\\\"\\\"\" country=\"\"\n" },
    { "quoted_nothing", HEAD ROW("\"\""), "1! comment - 0\n" GOT " country=\"\"\n" },
    { "nothing", HEAD ROW(""), "1! comment - 0\n" GOT " country=\"\"\n" },
    { "quote_inside", HEAD ROW("a\"b\"\"c"), "1! comment - 0\n" GOT " agent=\"a\\\"b\\\"\\\"c\" country=\"\"\n" },
    { "quote_open", HEAD ROW("\"a"), "1! comment - 0\n2! fields - 0\n" },
    { "quote_open_at_the_end", HEAD ROW("\""), "1! comment - 0\n2! fields - 0\n" },
    { "quote_doubled_at_the_end", HEAD ROW("\"a\"\""), "1! comment - 0\n2! fields - 0\n" },
    { "behind_the_quote", HEAD ROW("\"a\"b"), "1! comment - 0\n2! fields - 0\n" },
    { "line_feed_in_quotes", HEAD ROW("\"a\nb\""), "1! comment - 0\n2! fields - 0\n3! fields - 0\n" },
    { "quoted_header", "\"msec\",\"re\"\"quest\",\"request\"\n1705399200,x,GET /a", "1! comment - 0\n" GOT " country=\"\"\n" },

    /* the number of values */
    { "one_too_few", HEAD "2024-01-16T10:00:00Z,GET /a HTTP/1.1,200", "1! comment - 0\n2! fields - 0\n" },
    { "one_too_many", HEAD ROW("x,"), "1! comment - 0\n2! fields - 0\n" },
    { "empty_status_where_there_is_one", HEAD "2024-01-16T10:00:00Z,GET /a HTTP/1.1,,x", "1! comment - 0\n2! fields - 0\n" },
    { "no_such_time", HEAD "2024-01-16T25:00:00Z,GET /a HTTP/1.1,200,x", "1! comment - 0\n2! time - 0\n" },
    { "no_number", HEAD "2024-01-16T10:00:00Z,GET /a HTTP/1.1,2xx,x", "1! comment - 0\n2! number " AT "\n" },
};

static const struct text_case tsv_cases[] = {
    { "tabs", "msec\trequest\thttp_user_agent\n1705399200\tGET /a HTTP/1.1\ta, b", "1! comment - 0\n" GOT " agent=\"a, b\" country=\"\"\n" },
    { "tabs_in_quotes", "msec\trequest\thttp_user_agent\n1705399200\tGET /a HTTP/1.1\t\"a\tb\"", "1! comment - 0\n" GOT " agent=\"a\\u0009b\" country=\"\"\n" },
    { "commas_do_not_part", "msec\trequest\n1705399200,GET /a", "1! comment - 0\n2! fields - 0\n" },
};

static void
rows_become_records(void **state)
{
    (void)state;
    check_cases(the_format("csv"), csv_cases, ARRAY_LEN(csv_cases));
    check_cases(the_format("tsv"), tsv_cases, ARRAY_LEN(tsv_cases));
}

static void
headers_that_are_none_refuse_the_file(void **state)
{
    static const struct {
        const char *log, *cause;
        uint64_t line_no;
    } cases[] = {
        { "a,b,c\n1,2,3\n", "to give the time", 1 },
        { "\n\nrequest,status\n", "to give the time", 3 },
        { "msec,status\n1,2\n", "what was downloaded", 1 },
        { "msec,request,status,status\n1,GET /,200,200\n", "the same name", 1 },
        { "msec,\"request\n", "not well quoted", 1 },
        { "2024-01-16T10:00:00Z,GET /a HTTP/1.1,200\n", "to give the time", 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };
        struct err err = { 0 };
        enum st rc;

        parse(the_format("csv"), slice_of(cases[i].log), PLAINLY, &b, &rc, &err);
        assert_int_equal(rc, ST_FORMAT);
        assert_int_equal(err.line_no, cases[i].line_no);
        if (strstr(err.cause, cases[i].cause) == NULL)
            fail_msg("%s: %s", cases[i].log, err.cause);
        assert_non_null(strstr(err.hint, "kind = csv"));
        buf_release(&b);
    }
}

static void
rows_of(struct buf *b, size_t n)
{
    buf_text(b, "msec,request");
    for (size_t i = 2; i < n; i++)
        buf_printf(b, ",c%zu", i);
    buf_text(b, "\n1705399200,GET /a");
    for (size_t i = 2; i < n; i++)
        buf_text(b, ",");
}

static void
two_hundred_and_fifty_six_columns_and_no_more(void **state)
{
    (void)state;
    for (size_t n = 254; n <= 258; n++) {
        struct buf log = { 0 }, got = { 0 };
        struct err err;
        enum st rc;

        rows_of(&log, n);
        parse(the_format("csv"), (struct slice){ log.p, log.n }, PLAINLY, &got, &rc, &err);
        assert_int_equal(rc, n <= 256 ? ST_OK : ST_FORMAT);
        if (rc == ST_OK)
            assert_string_equal(got.p, "1! comment - 0\n" GOT " country=\"\"\n");
        buf_release(&log);
        buf_release(&got);
    }
}

static void
columns_of_ones_own(void **state)
{
    static const struct json_key_text pairs[] = {
        { SLICE("kind"), SLICE("csv"), 1 }, { SLICE("time"), SLICE("when"), 2 }, { SLICE("time_format"), SLICE("clf"), 3 },
        { SLICE("path"), SLICE(".\"the url\""), 4 }, { SLICE("mark"), SLICE("cache.hit"), 5 },
    };
    const struct json_keys *keys = NULL;
    struct format_options options = { .drop_key = "mark" };
    struct arena arena;
    struct buf got = { 0 };
    struct err err;
    enum st rc;

    (void)state;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(json_keys_compile(&keys, pairs, ARRAY_LEN(pairs), &arena, &err), ST_OK);
    options.json_keys = keys;
    parse(the_format("csv"), SLICE("cache.hit,the url,when,status\nyes,/a,16/Jan/2024:10:00:00 +0000,x\n"),
          (struct how){ CUT_NOWHERE, 256, '"', &options }, &got, &rc, &err);
    assert_int_equal(rc, ST_OK);
    assert_string_equal(got.p, "1! comment - 0\n" GOT " marked=\"yes\" country=\"\"\n");
    buf_release(&got);
    arena_release(&arena);
}

static void
tables_are_recognised(void **state)
{
    static const struct {
        const char *format, *head;
        int score;
    } cases[] = {
        { "csv", CRAN, 100 },
        { "csv", HEAD ROW("x") "\n", 100 },
        { "csv", HEAD ROW("x") "\nx\n", 50 },
        { "csv", "a,b\n1,2\n", 0 },
        { "csv", "msec\trequest\n1\tGET /\n", 0 },
        { "csv", "", 0 },
        { "csv", "\n", 0 },
        { "tsv", "msec\trequest\n1\tGET /\n", 100 },
        { "tsv", "msec\trequest\n", 100 },
        { "tsv", CRAN, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(the_format(cases[i].format)->sniff(slice_of(cases[i].head)), cases[i].score);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_records),
        cmocka_unit_test(headers_that_are_none_refuse_the_file),
        cmocka_unit_test(two_hundred_and_fifty_six_columns_and_no_more),
        cmocka_unit_test(columns_of_ones_own),
        cmocka_unit_test(tables_are_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
