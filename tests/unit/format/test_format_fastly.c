/* fastly: where the object begins, which of its members count and as what, and in which order a line is tested. */
#include "format_test.h"

#define SYSLOG  "<134>2024-03-01T00:00:02Z cache-fra1 s3-request-logs[257]: "
#define TIME    "\"date_time\":\"2024-03-01T00:00:01Z\""
#define REST    "\"method\":\"GET\",\"url\":\"/a\",\"status\":200"
#define OBJ(o)  SYSLOG "{" o "}"
#define WITH(m) OBJ(TIME "," REST "," m)           /* a good line and one member more */
#define URL(u)  OBJ(TIME ",\"method\":\"GET\",\"status\":200,\"url\":" u)
#define AT(t)   OBJ("\"date_time\":" t "," REST)
#define STATUS(s) OBJ(TIME ",\"method\":\"GET\",\"url\":\"/a\",\"status\":" s)

#define GOOD(day, us, bytes) "1! counted " day " us=" us " status=200 bytes=" bytes " range=0 decodes=1 ok=0 method=\"GET\" path="
#define KEPT    GOOD("2024-03-01 0", "1709251201000000", "0")
#define PLAIN   KEPT "\"/a\"\n"
#define FIELDS  "1! fields - 0\n"
#define JSON    "1! json - 0\n"
#define BAD_TIME "1! time - 0\n"
#define NUMBER  "1! number 2024-03-01 0\n"
#define AGENT(a) PLAIN_NO_LF " agent=" a "\n"
#define PLAIN_NO_LF KEPT "\"/a\""

static const struct text_case cases[] = {
    { "as_crates_io_has_it",
      SYSLOG "{\"bytes\":36308,\"content_type\":\"application/gzip\",\"date_time\":\"2024-03-01T00:00:01.44007323Z\",\"dd.span_id\":\"1\","
      "\"ddsource\":\"fastly\",\"edge_location\":\"FRA\",\"host\":\"static.example.org\",\"http\":{\"protocol\":\"HTTP/2\",\"referer\":null,"
      "\"useragent\":\"cargo 1.73.0 (9c4383fb5 2023-08-26)\"},\"ip\":\"192.0.2.7\",\"method\":\"GET\",\"service\":\"static.example.org\","
      "\"status\":200,\"url\":\"https://static.example.org/crates/a%2Db/a-b-1.0.0.crate?x\",\"version\":\"1\"}",
      GOOD("2024-03-01 0", "1709251201440073", "36308") "\"https://static.example.org/crates/a%2Db/a-b-1.0.0.crate?x\""
      " agent=\"cargo 1.73.0 (9c4383fb5 2023-08-26)\" client=\"192.0.2.7\"\n" },
    { "least", OBJ(TIME "," REST), PLAIN },

    /* where the object begins */
    { "head_is_not_looked_at", "<]: {" TIME "," REST "}", PLAIN },
    { "brackets_in_the_head", "<134>]: ]:{ ]:  { ]] : {]: {" TIME "," REST "}", PLAIN },
    { "first_opening_holds", "<134> a[1]: {} b[2]: {" TIME "," REST "}", JSON },
    { "opening_in_a_value", OBJ(TIME "," REST ",\"x\":\"]: {\""), PLAIN },
    { "head_without_bracket", "<134>2024-03-01T00:00:02Z cache-fra1 s3-request-logs: {" TIME "," REST "}", PLAIN },
    { "loggly", "<134>1 2024-03-01T00:00:02Z cache-fra1 s3-request-logs 257 - - {" TIME "," REST "}", PLAIN },
    { "logplex", "300 <134>1 2024-03-01T00:00:02Z cache-fra1 s3-request-logs 257 - - {" TIME "," REST "}", PLAIN },
    { "blank_prefix", "{" TIME "," REST "}", PLAIN },
    { "blank_prefix_and_an_opening", "{" TIME "," REST ",\"x\":\"]: {\"}", PLAIN },
    { "head_then_an_opening", "<134>2024-03-01T00:00:02Z cache-fra1 a: x]: {" TIME "," REST "}", FIELDS },
    { "only_the_opening", "<]: {", JSON },
    { "opening_cut", "<]: ", FIELDS },
    { "one_byte", "<", FIELDS },
    { "blank_line", "\n", "1! blank - 0\n" },
    { "a_blank_is_no_blank_line", " ", FIELDS },

    /* strict JSON */
    { "blanks", SYSLOG "{ \t" TIME " , " REST " ,\r\"version\" : \"1\" } \t", PLAIN },
    { "behind_the_object", OBJ(TIME "," REST) "x", JSON },
    { "two_objects", OBJ(TIME "," REST) "{}", JSON },
    { "comma_at_the_end", WITH(""), JSON },
    { "nan_in_what_is_not_wanted", WITH("\"x\":NaN"), JSON },
    { "control_byte_in_what_is_not_wanted", WITH("\"x\":\"a\tb\""), JSON },
    { "control_byte_in_a_key", WITH("\"x\ty\":1"), JSON },
    { "http_broken_within", WITH("\"http\":{\"useragent\":\"x\",}"), JSON },
    { "http_not_closed", SYSLOG "{" TIME "," REST ",\"http\":{\"useragent\":\"x\"", JSON },
    { "json_before_fields", OBJ("\"version\":\"2\",\"x\":tru"), JSON },
    { "json_before_time", OBJ("\"date_time\":\"x\"," REST ",}"), JSON },
    { "raw_bytes_from_128", URL("\"/\xff\""), KEPT "\"/\xef\xbf\xbd\"\n" },

    /* version */
    { "version_one", WITH("\"version\":\"1\""), PLAIN },
    { "version_one_escaped", WITH("\"version\":\"\\u0031\""), PLAIN },
    { "version_two", WITH("\"version\":\"2\""), FIELDS },
    { "version_number", WITH("\"version\":1"), FIELDS },
    { "version_null", WITH("\"version\":null"), FIELDS },
    { "version_empty", WITH("\"version\":\"\""), FIELDS },
    { "version_longer", WITH("\"version\":\"1.0\""), FIELDS },

    /* what must be there */
    { "empty_object", OBJ(""), FIELDS },
    { "no_time", OBJ(REST), FIELDS },
    { "time_null", AT("null"), FIELDS },
    { "time_number", AT("1709251201"), FIELDS },
    { "no_method", OBJ(TIME ",\"url\":\"/a\",\"status\":200"), FIELDS },
    { "method_number", OBJ(TIME ",\"url\":\"/a\",\"status\":200,\"method\":1"), FIELDS },
    { "no_url", OBJ(TIME ",\"method\":\"GET\",\"status\":200"), FIELDS },
    { "url_null", URL("null"), FIELDS },
    { "url_object", URL("{\"url\":\"/a\"}"), FIELDS },
    { "no_status", OBJ(TIME ",\"method\":\"GET\",\"url\":\"/a\""), FIELDS },
    { "fields_before_time", OBJ("\"date_time\":\"x\",\"method\":\"GET\",\"url\":\"/a\""), FIELDS },
    { "fields_before_number", OBJ("\"method\":\"GET\",\"url\":\"/a\",\"status\":\"x\""), FIELDS },
    { "wanted_within_another_object", OBJ(TIME ",\"x\":{" REST "}"), FIELDS },
    { "wanted_within_http", OBJ(TIME ",\"http\":{" REST "}"), FIELDS },
    { "keys_are_exact", OBJ("\"Date_time\":\"2024-03-01T00:00:01Z\"," REST), FIELDS },
    { "keys_escaped", OBJ("\"\\u0064ate\\u005ftime\":\"2024-03-01T00:00:01Z\"," REST), PLAIN },
    { "last_one_holds", OBJ("\"status\":404,\"url\":7,\"date_time\":\"x\",\"method\":\"PUT\"," TIME "," REST), PLAIN },
    { "last_one_holds_even_if_bad", WITH("\"url\":7"), FIELDS },

    /* the user agent */
    { "agent_nested", WITH("\"http\":{\"useragent\":\"cargo/1\"}"), AGENT("\"cargo/1\"") },
    { "agent_dotted", WITH("\"http.useragent\":\"cargo/1\""), AGENT("\"cargo/1\"") },
    { "agent_dotted_before_nested", WITH("\"http.useragent\":\"a\",\"http\":{\"useragent\":\"b\"}"), AGENT("\"a\"") },
    { "agent_nested_before_dotted", WITH("\"http\":{\"useragent\":\"b\"},\"http.useragent\":\"a\""), AGENT("\"a\"") },
    { "agent_dotted_null_is_no_agent", WITH("\"http\":{\"useragent\":\"b\"},\"http.useragent\":null"), PLAIN },
    { "agent_dash", WITH("\"http\":{\"useragent\":\"-\"}"), AGENT("\"-\"") },
    { "agent_empty", WITH("\"http\":{\"useragent\":\"\"}"), AGENT("\"\"") },
    { "agent_null", WITH("\"http\":{\"useragent\":null}"), PLAIN },
    { "agent_absent", WITH("\"http\":{\"protocol\":\"HTTP/2\"}"), PLAIN },
    { "agent_number", WITH("\"http\":{\"useragent\":1}"), FIELDS },
    { "agent_dotted_object", WITH("\"http.useragent\":{}"), FIELDS },
    { "agent_escaped", WITH("\"http\":{\"user\\u0061gent\":\"a\\\"b\\u00e9\"}"), AGENT("\"a\\\"b\xc3\xa9\"") },
    { "agent_deeper_is_none", WITH("\"http\":{\"x\":{\"useragent\":\"x\"}}"), PLAIN },
    { "agent_last_one_holds", WITH("\"http\":{\"useragent\":1,\"useragent\":\"b\"}"), AGENT("\"b\"") },
    { "http_last_one_holds", WITH("\"http\":{\"useragent\":\"a\"},\"http\":{}"), PLAIN },
    { "http_last_one_is_no_object", WITH("\"http\":{\"useragent\":\"a\"},\"http\":null"), PLAIN },
    { "http_no_object", WITH("\"http\":[{\"useragent\":\"a\"}]"), PLAIN },
    { "useragent_alone_is_none", WITH("\"useragent\":\"a\""), PLAIN },

    /* the client */
    { "ip_v6", WITH("\"ip\":\"2001:db8::1\""), PLAIN_NO_LF " client=\"2001:db8::1\"\n" },
    { "ip_null", WITH("\"ip\":null"), PLAIN },
    { "ip_dash", WITH("\"ip\":\"-\""), PLAIN_NO_LF " client=\"-\"\n" },
    { "ip_number", WITH("\"ip\":3232235777"), FIELDS },

    /* the time */
    { "fraction_of_nine", AT("\"2024-03-01T00:00:01.999999999Z\""), GOOD("2024-03-01 0", "1709251201999999", "0") "\"/a\"\n" },
    { "east", AT("\"2024-03-01T00:30:00+02:00\""), GOOD("2024-02-29 22", "1709245800000000", "0") "\"/a\"\n" },
    { "west", AT("\"2024-02-29 23:30:00-0130\""), GOOD("2024-03-01 1", "1709254800000000", "0") "\"/a\"\n" },
    { "no_zone_is_utc", AT("\"2024-03-01T00:00:01\""), PLAIN },
    { "time_escaped", AT("\"2024-03-01\\u0054\\u0030\\u0030:00:01Z\""), PLAIN },
    { "leap_second", AT("\"2016-12-31T23:59:60Z\""), GOOD("2016-12-31 23", "1483228799000000", "0") "\"/a\"\n" },
    { "no_such_day", AT("\"2024-02-30T00:00:01Z\""), BAD_TIME },
    { "midnight_at_the_end", AT("\"2024-03-01T24:00:00Z\""), BAD_TIME },
    { "day_only", AT("\"2024-03-01\""), BAD_TIME },
    { "fraction_of_ten", AT("\"2024-03-01T00:00:01.1234567890Z\""), BAD_TIME },
    { "time_empty", AT("\"\""), BAD_TIME },
    { "time_before_1970", AT("\"1970-01-01T00:30:00+01:00\""), BAD_TIME },
    { "time_behind_9999", AT("\"9999-12-31T23:30:00-01:00\""), BAD_TIME },
    { "time_before_number", OBJ("\"date_time\":\"x\",\"method\":\"\",\"url\":\"\",\"status\":\"x\",\"bytes\":-1"), BAD_TIME },

    /* status and bytes */
    { "status_404", STATUS("404"), "1! counted 2024-03-01 0 us=1709251201000000 status=404 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"\n" },
    { "status_string", STATUS("\"200\""), NUMBER },
    { "status_null", STATUS("null"), NUMBER },
    { "status_two_digits", STATUS("20"), NUMBER },
    { "status_four_digits", STATUS("2000"), NUMBER },
    { "status_zero", STATUS("0"), NUMBER },
    { "status_negative", STATUS("-20"), NUMBER },
    { "status_real", STATUS("2e2"), NUMBER },
    { "status_with_fraction", STATUS("200.0"), NUMBER },
    { "status_with_leading_zero", STATUS("020"), JSON },
    { "bytes_null", WITH("\"bytes\":null"), PLAIN },
    { "bytes_zero", WITH("\"bytes\":0"), PLAIN },
    { "bytes_minus_zero", WITH("\"bytes\":-0"), PLAIN },
    { "bytes_largest", WITH("\"bytes\":9223372036854775807"), GOOD("2024-03-01 0", "1709251201000000", "9223372036854775807") "\"/a\"\n" },
    { "bytes_too_large", WITH("\"bytes\":9223372036854775808"), NUMBER },
    { "bytes_far_too_large", WITH("\"bytes\":100000000000000000000000000000042"), NUMBER },
    { "bytes_negative", WITH("\"bytes\":-1"), NUMBER },
    { "bytes_real", WITH("\"bytes\":4.2e1"), NUMBER },
    { "bytes_string", WITH("\"bytes\":\"42\""), NUMBER },
    { "bytes_dash", WITH("\"bytes\":\"-\""), NUMBER },
    { "bytes_true", WITH("\"bytes\":true"), NUMBER },

    /* the path */
    { "slash_escaped", URL("\"https:\\/\\/h\\/a\""), KEPT "\"https://h/a\"\n" },
    { "url_without_host", URL("\"/a?b#c\""), KEPT "\"/a?b#c\"\n" },
    { "url_empty", URL("\"\""), KEPT "\"\"\n" },
    { "pair", URL("\"/\\ud83e\\udd80\""), KEPT "\"/\xf0\x9f\xa6\x80\"\n" },
    { "lone_surrogate", URL("\"/\\ud83e\""), KEPT "\"/\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n" }, /* no UTF-8: a key with it is refused later */
    { "nul", URL("\"/\\u0000\""), KEPT "\"/\\u0000\"\n" },
};

/* ---- text ---- */

#define GEM(rest) SYSLOG "192.0.2.7 Fri, 01 Mar 2024 00:00:01 GMT " rest
#define HEX(rest) SYSLOG "192.0.2.7 [01/Mar/2024:00:00:01 +0000] " rest
#define TEXT(status) "1! counted 2024-03-01 0 us=1709251201000000 status=" status " bytes=0 range=0 decodes=1 ok=0 "
#define CLIENT " client=\"192.0.2.7\"\n"

static const struct text_case text_cases[] = {
    { "gem", GEM("/gems/a-1.gem 200 Ruby, RubyGems/2.4.8 x86_64-linux \"x\""),
      TEXT("200") "path=\"/gems/a-1.gem\" agent=\"Ruby, RubyGems/2.4.8 x86_64-linux \\\"x\\\"\"" CLIENT },
    { "gem_without_agent", GEM("/gems/a-1.gem 304"), TEXT("304") "path=\"/gems/a-1.gem\"" CLIENT },
    { "gem_with_empty_agent", GEM("/gems/a-1.gem 304 "), TEXT("304") "path=\"/gems/a-1.gem\" agent=\"\"" CLIENT },
    { "gem_no_head", "- Fri, 01 Mar 2024 00:00:01 GMT / -", TEXT("0") "path=\"/\" client=\"-\"\n" },
    { "gem_without_status", GEM("/gems/a-1.gem"), FIELDS },
    { "gem_path_empty", GEM(" 200"), TEXT("200") "path=\"\"" CLIENT },
    { "gem_ends_behind_the_date", SYSLOG "192.0.2.7 Fri, 01 Mar 2024 00:00:01 GMT", FIELDS },
    { "gem_no_blank_behind_the_date", SYSLOG "192.0.2.7 Fri, 01 Mar 2024 00:00:01 GMTx/a 200", FIELDS },
    { "gem_no_such_day", SYSLOG "192.0.2.7 Fri, 30 Feb 2024 00:00:01 GMT /a 20", BAD_TIME },
    { "gem_bad_status", GEM("/a 20"), NUMBER },
    { "hex", HEX("\"GET /tarballs/a-1.tar\" 200 \"Hex/2.0 (\\\"x\\\")\" 0"),
      TEXT("200") "method=\"GET\" path=\"/tarballs/a-1.tar\" agent=\"Hex/2.0 (\\\\\\\"x\\\\\\\")\"" CLIENT },
    { "hex_date_quoted", SYSLOG "192.0.2.7 \"Fri, 01 Mar 2024 00:00:01 GMT\" \"GET /a?b HTTP/1.1\" 304 \"\"",
      TEXT("304") "method=\"GET\" path=\"/a?b\" agent=\"\"" CLIENT },
    { "hex_without_agent", HEX("\"GET /a\" 200"), TEXT("200") "method=\"GET\" path=\"/a\"" CLIENT },
    { "hex_with_something_else", HEX("\"GET /a\" 200 - 0 \"x"), TEXT("200") "method=\"GET\" path=\"/a\"" CLIENT },
    { "hex_escaped", HEX("\"GET /\\x41\" 200 "), TEXT("200") "method=\"GET\" path=\"/A\"" CLIENT },
    { "hex_other_zone", SYSLOG "192.0.2.7 [01/Mar/2024:01:00:01 +0100] \"GET /a\" 200", TEXT("200") "method=\"GET\" path=\"/a\"" CLIENT },
    { "hex_agent_not_closed", HEX("\"GET /a\" 200 \"x"), FIELDS },
    { "hex_agent_closed_early", HEX("\"GET /a\" 200 \"x\"y"), FIELDS },
    { "hex_no_request", HEX("200 \"x\""), FIELDS },
    { "hex_bracket_not_closed", SYSLOG "192.0.2.7 [01/Mar/2024:00:00:01 +0000 \"GET /a\" 200", FIELDS },
    { "hex_dates_of_the_other_kind", SYSLOG "192.0.2.7 [Fri, 01 Mar 2024 00:00:01 GMT] \"GET /a\" 200", BAD_TIME },
    { "hex_bad_status", HEX("\"GET /a\" 2000"), NUMBER },
    { "client_alone", "192.0.2.7 ", FIELDS },
    { "pipes", SYSLOG "download|Fri, 01 Mar 2024 00:00:01 GMT|DE|/packages/a|TLSv1.2|x|a|1|sdist|pip", FIELDS },
};

static void
text_becomes_records(void **state)
{
    (void)state;
    check_cases(the_format("fastly"), text_cases, ARRAY_LEN(text_cases));
}

static void
a_named_field_is_marked(void **state)
{
    static const struct {
        const char *key, *line, *want;
    } marks[] = {
        { "is_shield", WITH("\"is_shield\":true"), " marked=\"true\"" },
        { "is_shield", WITH("\"is_shield\":\"\\u0031\""), " marked=\"1\"" },
        { "is_shield", WITH("\"is_shield\":null"), NULL },
        { "is_shield", WITH("\"shield\":1"), NULL },
        { "is_shield", WITH("\"is_shield\":0,\"is_shield\":1"), " marked=\"1\"" },
        { "status", OBJ(TIME "," REST), " marked=\"200\"" },
        { "url", OBJ(TIME "," REST), " marked=\"/a\"" },
        { "http", WITH("\"http\":{\"useragent\":\"x\"}"), NULL }, /* an object has no text of its own */
        { "request", HEX("\"GET /a\" 200"), " marked=\"GET /a\"" },
        { "path", GEM("/a 200"), " marked=\"/a\"" },
        { "agent", GEM("/a 200"), NULL },
        { "klingon", GEM("/a 200"), NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        char *got = parse_marked(the_format("fastly"), slice_of(marks[i].line), marks[i].key);

        if (strstr(got, "counted") == NULL || strstr(got, marks[i].want != NULL ? marks[i].want : "marked") == NULL ? marks[i].want != NULL : marks[i].want == NULL)
            fail_msg("%s: %s", marks[i].key, got);
        free(got);
    }
}

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("fastly"), cases, ARRAY_LEN(cases));
}

/* The order of the members is remembered from line to line: each must still be read as if it were the first. */
static void
lines_do_not_learn_from_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(cases); i++) {
        const struct text_case *pair[] = { &cases[i / ARRAY_LEN(cases)], &cases[i % ARRAY_LEN(cases)] };
        struct buf log = { 0 }, want = { 0 }, got = { 0 };
        struct err err;
        enum st rc;

        if (pair[0]->log[0] == '\n' || pair[1]->log[0] == '\n')
            continue;
        buf_printf(&log, "%s\n%s\n%s\n", pair[0]->log, pair[1]->log, pair[0]->log);
        buf_printf(&want, "%s2%s3%s", pair[0]->want, pair[1]->want + 1, pair[0]->want + 1);
        parse(the_format("fastly"), (struct slice){ log.p, log.n }, PLAINLY, &got, &rc, &err);
        assert_int_equal(rc, ST_OK);
        if (strcmp(got.p, buf_str(&want)) != 0)
            fail_msg("%s after %s\n  want: %s\n  got:  %s", pair[1]->name, pair[0]->name, want.p, got.p);
        buf_release(&log);
        buf_release(&want);
        buf_release(&got);
    }
}

static void
a_line_cut_anywhere_is_no_record(void **state)
{
    static const char line[] = WITH("\"bytes\":42,\"http\":{\"useragent\":\"cargo/1\"},\"ip\":\"192.0.2.7\",\"version\":\"1\"");

    (void)state;
    for (size_t n = 1; n < sizeof line - 1; n++) {
        char *got = parse_text(the_format("fastly"), (struct slice){ line, n });

        assert_string_equal(got, n == sizeof SYSLOG - 1 ? "1! blank - 0\n" : n < sizeof SYSLOG ? FIELDS : JSON);
        free(got);
    }
}

/* A megabyte of what a search might stumble over again and again. */
static void
long_lines_cost_no_more_than_their_length(void **state)
{
    static const char *const heads[] = { "<", "<]: {", "<]: {\"http\":", "<]: {\"x\":\"", "<]: {", "<]: {\"url\":\"" };
    static const char *const bodies[] = { "]: ]", "{", "{\"http\":", "]: {", "\"\":\"\",", "\\u0061" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct buf log = { 0 }, got = { 0 };
        struct err err;
        enum st rc;

        buf_text(&log, heads[i]);
        while (log.n < MIB - 16)
            buf_text(&log, bodies[i]);
        parse(the_format("fastly"), (struct slice){ log.p, log.n }, PLAINLY, &got, &rc, &err);
        assert_int_equal(rc, ST_OK);
        assert_string_equal(got.p, i == 0 ? FIELDS : JSON);
        buf_release(&log);
        buf_release(&got);
    }
}

/* Text that is undone must outlive the call that gave it, however many lines a call takes. */
static void
undone_text_of_many_lines(void **state)
{
    struct buf log = { 0 }, line = { 0 };
    char *got, *alone;
    size_t n = 0;

    (void)state;
    buf_text(&line, SYSLOG "{" TIME ",\"method\":\"\\u0047ET\",\"status\":200,\"url\":\"/");
    for (int i = 0; i < 2000; i++)
        buf_text(&line, "\\u0061");
    buf_text(&line, "\",\"http\":{\"useragent\":\"\\t\"}}\n");
    for (int i = 0; i < 600; i++)
        buf_add(&log, line.p, line.n);
    alone = parse_text(the_format("fastly"), (struct slice){ line.p, line.n });
    got = parse_text(the_format("fastly"), (struct slice){ log.p, log.n });
    for (char *p = got, *feed; *p != '\0'; p = feed + 1, n++) {
        feed = strchr(p, '\n');
        assert_memory_equal(strchr(p, '!'), strchr(alone, '!'), strlen(strchr(alone, '!')));
    }
    assert_int_equal(n, 600);
    free(got);
    free(alone);
    buf_release(&log);
    buf_release(&line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(text_becomes_records),
        cmocka_unit_test(a_named_field_is_marked),
        cmocka_unit_test(lines_do_not_learn_from_each_other),
        cmocka_unit_test(a_line_cut_anywhere_is_no_record),
        cmocka_unit_test(long_lines_cost_no_more_than_their_length),
        cmocka_unit_test(undone_text_of_many_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
