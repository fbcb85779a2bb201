/* JSON logs: those known by their keys, as their writers' manuals show them, and any other by a key map. */
#include "format_test.h"
#include "ingest/json_keys.h"

/* What most cases share: a line of nginx with escape=json. */
#define AT   "2024-01-16 10"
#define US   "us=1705399200000000"
#define TIME "\"time_iso8601\":\"2024-01-16T10:00:00+00:00\","
#define REQ  "\"request\":\"GET /a HTTP/1.1\","
#define OK   "\"status\":200"
#define GOT  "1! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\""
#define WITH(member) "{" TIME REQ member "," OK "}"
#define NOTHING " country=\"\"\n"

static const struct text_case cases[] = {
    { "caddy", "{\"level\":\"info\",\"ts\":1646861401.5241024,\"logger\":\"http.log.access\",\"msg\":\"handled request\",\"request\":{"
      "\"remote_ip\":\"127.0.0.1\",\"remote_port\":\"41342\",\"client_ip\":\"192.0.2.9\",\"proto\":\"HTTP/2.0\",\"method\":\"GET\",\"host\":"
      "\"localhost\",\"uri\":\"/a%20b?c\",\"headers\":{\"User-Agent\":[\"curl/7.82.0\"],\"X-Forwarded-For\":[\"192.0.2.1\",\"192.0.2.2, 192.0.2.3\"],"
      "\"Accept\":[\"*/*\"]},\"tls\":{\"resumed\":false,\"version\":772}},\"bytes_read\":7,\"user_id\":\"\",\"duration\":0.000929675,\"size\":10900,"
      "\"status\":206,\"resp_headers\":{\"Server\":[\"Caddy\"],\"Content-Range\":[\"bytes 0-10899/20000\"]}}",
      "1! counted 2022-03-09 21 us=1646861401524102 status=206 bytes=10900 range=1 decodes=1 ok=0 method=\"GET\" path=\"/a%20b?c\" "
      "agent=\"curl/7.82.0\" client=\"192.0.2.9\" forwarded=\"192.0.2.1, 192.0.2.2, 192.0.2.3\" part=0..10900 country=\"\"\n" },
    { "caddy_of_old", "{\"ts\":\"2022-03-09T21:30:01.524Z\",\"request\":{\"remote_addr\":\"[2001:db8::7]:41342\",\"method\":\"HEAD\",\"uri\":\"/\"},"
      "\"size\":0,\"status\":404}",
      "1! counted 2022-03-09 21 us=1646861401524000 status=404 bytes=0 range=0 decodes=1 ok=0 method=\"HEAD\" path=\"/\" client=\"2001:db8::7\""
      NOTHING },
    { "nginx_strings", "{\"time_local\":\"16/Jan/2024:11:00:00 +0100\",\"remote_addr\":\"192.0.2.7\",\"request\":\"GET /a\\\"b\\u001f HTTP/1.1\","
      "\"status\":\"200\",\"body_bytes_sent\":\"42\",\"bytes_sent\":\"342\",\"http_user_agent\":\"\",\"http_x_forwarded_for\":\"-\"}",
      "1! counted " AT " " US " status=200 bytes=42 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\\\"b\\u001f\" agent=\"\" client=\"192.0.2.7\" "
      "forwarded=\"-\"" NOTHING },
    { "nginx_numbers", "{\"msec\":1705399200.000,\"request_method\":\"GET\",\"request_uri\":\"/a?b\",\"status\":200,\"bytes_sent\":342,"
      "\"sent_http_content_range\":\"bytes 100-199/1000\",\"geoip_country_code\":\"DE\"}",
      "1! counted " AT " " US " status=200 bytes=342 range=2 decodes=1 ok=0 method=\"GET\" path=\"/a?b\" part=100..200 country=\"DE\"\n" },
    { "nginx_msec_string", "{\"msec\":\"1705399200.123\"," REQ OK "}",
      "1! counted " AT " us=1705399200123000 status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"" NOTHING },
    { "nginx_own_path_over_the_request's", WITH("\"request_uri\":\"/b\",\"request_method\":\"PUT\""),
      "1! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"PUT\" path=\"/b\"" NOTHING },
    { "traefik", "{\"ClientAddr\":\"192.0.2.7:4711\",\"ClientHost\":\"192.0.2.7\",\"DownstreamContentSize\":42,\"DownstreamStatus\":200,"
      "\"OriginStatus\":0,\"RequestHost\":\"h\",\"RequestMethod\":\"GET\",\"RequestPath\":\"/a\",\"StartLocal\":\"2024-01-16T11:00:00+01:00\","
      "\"StartUTC\":\"2024-01-16T10:00:00.123456789Z\",\"level\":\"info\",\"msg\":\"\",\"time\":\"2024-01-17T00:00:01Z\",\"request_User-Agent\":\"curl/8\"}",
      "1! counted " AT " us=1705399200123456 status=200 bytes=42 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\" agent=\"curl/8\" client=\"192.0.2.7\""
      NOTHING },
    { "traefik_without_start", "{\"DownstreamStatus\":200,\"RequestMethod\":\"GET\",\"RequestPath\":\"/a\",\"time\":\"2024-01-16T11:00:00+01:00\"}", GOT NOTHING },
    { "cloudfront_v2", "{\"date\":\"2024-01-16\",\"time\":\"10:00:00\",\"x-edge-location\":\"FRA\",\"sc-bytes\":\"42\",\"c-ip\":\"192.0.2.7\",\"cs-method\":\"GET\","
      "\"cs-uri-stem\":\"/a%2520b\",\"sc-status\":\"206\",\"cs(User-Agent)\":\"curl/8\",\"sc-range-start\":\"100\",\"sc-range-end\":\"199\",\"c-country\":\"DE\"}",
      "1! counted " AT " " US " status=206 bytes=42 range=2 decodes=2 ok=0 method=\"GET\" path=\"/a%2520b\" agent=\"curl/8\" client=\"192.0.2.7\" "
      "part=100..200 country=\"DE\"\n" },
    { "cloudfront_v2_date_alone", "{\"date\":\"2024-01-16\",\"cs-method\":\"GET\",\"cs-uri-stem\":\"/a\",\"sc-status\":\"-\",\"sc-bytes\":\"-\"}",
      "1! counted 2024-01-16 0 us=1705363200000000 status=0 bytes=0 range=0 decodes=2 ok=0 method=\"GET\" path=\"/a\"" NOTHING },
    { "cloudfront_v2_milliseconds", "{\"timestamp(ms)\":\"1705399200000\",\"date\":\"x\",\"cs-method\":\"GET\",\"cs-uri-stem\":\"/a\",\"sc-status\":\"200\"}",
      "1! counted " AT " " US " status=200 bytes=0 range=0 decodes=2 ok=0 method=\"GET\" path=\"/a\"" NOTHING },
    { "blanks_everywhere", " { \"time_iso8601\" : \"2024-01-16T10:00:00Z\" , \"request\" : \"GET /a HTTP/1.1\" ,\t\"status\" :200 } \r", GOT NOTHING },
    { "blank_lines", "\n\r\n{" TIME REQ OK "}", "1! blank - 0\n2! blank - 0\n3! counted " AT " " US
      " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"" NOTHING },

    /* a key that comes twice: the last one holds, with all that is in it */
    { "status_twice", "{" TIME REQ "\"status\":404,\"status\":200}", GOT NOTHING },
    { "null_behind", "{" TIME REQ "\"status\":404,\"status\":null}", "1! fields - 0\n" },
    { "request_twice_object_first", "{" TIME "\"request\":{\"uri\":\"/b\",\"method\":\"PUT\",\"remote_ip\":\"192.0.2.1\"}," REQ OK "}", GOT NOTHING },
    { "request_twice_object_last", "{" TIME REQ "\"request\":{\"uri\":\"/a\",\"method\":\"GET\"}," OK "}", GOT NOTHING },
    { "request_object_twice", "{" TIME "\"request\":{\"uri\":\"/b\",\"remote_ip\":\"192.0.2.1\"},\"request\":{\"uri\":\"/a\",\"method\":\"GET\"}," OK "}", GOT NOTHING },
    { "request_object_then_null", "{" TIME "\"request\":{\"uri\":\"/b\",\"method\":\"GET\"},\"request\":null," OK "}", "1! fields - 0\n" },
    { "headers_twice", "{" TIME "\"request\":{\"uri\":\"/a\",\"method\":\"GET\",\"headers\":{\"User-Agent\":[\"x\"]},\"headers\":{}}," OK "}", GOT NOTHING },

    /* the kinds of values */
    { "keys_with_escapes", "{\"t\\u0069me_iso8601\":\"2024-01-16T10:00:00Z\",\"re\\u0071uest\":\"GET \\/a HTTP\\u002f1.1\",\"statu\\u0073\":\"20\\u0030\"}", GOT NOTHING },
    { "nulls_are_absent", WITH("\"bytes_sent\":null,\"remote_addr\":null,\"http_user_agent\":null"), GOT NOTHING },
    { "null_leaves_the_next_best", WITH("\"body_bytes_sent\":null,\"bytes_sent\":7"),
      "1! counted " AT " " US " status=200 bytes=7 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"" NOTHING },
    { "client_is_a_number", WITH("\"remote_addr\":-1.5e3"), GOT " client=\"-1.5e3\"" NOTHING },
    { "client_is_true", WITH("\"remote_addr\":true"), GOT " client=\"true\"" NOTHING },
    { "client_is_an_object", WITH("\"remote_addr\":{}"), "1! fields - 0\n" },
    { "client_is_an_array", WITH("\"remote_addr\":[ \"192.0.2.7\", {} ]"), GOT " client=\"192.0.2.7\"" NOTHING },
    { "client_is_an_empty_array", WITH("\"remote_addr\":[ ]"), GOT NOTHING },
    { "client_is_an_array_of_null", WITH("\"remote_addr\":[null]"), GOT NOTHING },
    { "client_is_an_array_of_arrays", WITH("\"remote_addr\":[[\"192.0.2.7\"]]"), "1! fields - 0\n" },
    { "forwarded_of_everything", WITH("\"http_x_forwarded_for\":[1,\"a\\u0062\",[\"c\"],{\"d\":\"e\"},\"\",\"f\"]"), GOT " forwarded=\"ab, , f\"" NOTHING },
    { "forwarded_of_nothing", WITH("\"http_x_forwarded_for\":[1,2]"), GOT NOTHING },
    { "country_of_three", WITH("\"geoip_country_code\":\"DEU\""), GOT NOTHING },
    { "lone_surrogate_is_left_to_the_keys", "{" TIME "\"request\":\"GET /\\ud800 HTTP/1.1\"," OK "}",
      "1! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" path=\"/\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" NOTHING },
    { "wanted_keys_elsewhere_are_others", "{" TIME REQ OK ",\"x\":{\"status\":500,\"request\":\"PUT /b\"},\"uri\":\"/c\",\"method\":\"PUT\"}", GOT NOTHING },

    /* ranges */
    { "range_of_unknown_size", WITH("\"sent_http_content_range\":\"bytes 5-5/*\""),
      "1! counted " AT " " US " status=200 bytes=0 range=2 decodes=1 ok=0 method=\"GET\" path=\"/a\" part=5..6 country=\"\"\n" },
    { "range_backwards", WITH("\"sent_http_content_range\":\"bytes 5-4/10\""), GOT NOTHING },
    { "range_to_the_end_of_numbers", WITH("\"sent_http_content_range\":\"bytes 0-9223372036854775807/*\""), GOT NOTHING },
    { "range_not_satisfied", WITH("\"sent_http_content_range\":\"bytes */10\""), GOT NOTHING },
    { "range_empty", WITH("\"sent_http_content_range\":\"\""), GOT NOTHING },

    /* missing fields */
    { "no_access_line", "{\"level\":\"info\",\"ts\":1646861401.5,\"msg\":\"server running\"}", "1! fields - 0\n" },
    { "no_time", "{" REQ OK "}", "1! fields - 0\n" },
    { "no_path", "{" TIME "\"request_method\":\"GET\"," OK "}", "1! fields - 0\n" },
    { "no_method", "{" TIME "\"request_uri\":\"/a\"," OK "}", "1! fields - 0\n" },
    { "no_status", "{" TIME "\"request\":\"GET /a HTTP/1.1\"}", "1! fields - 0\n" },
    { "request_without_a_path_is_left_to_the_rules", "{" TIME "\"request\":\"\\u0016\\u0003\"," OK "}",
      "1! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"\\u0016\\u0003\" path=\"\"" NOTHING },
    { "empty", "{}", "1! fields - 0\n" },

    /* times and numbers */
    { "no_such_day", "{\"time_iso8601\":\"2024-02-30T10:00:00Z\"," REQ OK "}", "1! time - 0\n" },
    { "clf_that_is_iso", "{\"time_local\":\"2024-01-16T10:00:00Z\"," REQ OK "}", "1! time - 0\n" },
    { "iso_that_is_a_number", "{\"time_iso8601\":1705399200," REQ OK "}", "1! time - 0\n" },
    { "ts_is_true", "{\"ts\":true," REQ OK "}", "1! time - 0\n" },
    { "ts_is_negative", "{\"ts\":-1," REQ OK "}", "1! time - 0\n" },
    { "ts_is_short", "{\"ts\":\"\"," REQ OK "}", "1! time - 0\n" },
    { "ts_is_clf", "{\"ts\":\"16/Jan/2024:10:00:00 +0000\"," REQ OK "}", GOT NOTHING },
    { "time_of_day_without_date", "{\"time\":\"10:00:00\"," REQ OK "}", "1! time - 0\n" },
    { "hour_that_is_none", "{\"date\":\"2024-01-16\",\"time\":\"24:00:00\"," REQ OK "}", "1! time - 0\n" },
    { "status_of_two_digits", "{" TIME REQ "\"status\":20}", "1! number " AT "\n" },
    { "status_real", "{" TIME REQ "\"status\":200.0}", "1! number " AT "\n" },
    { "bytes_negative", WITH("\"bytes_sent\":-1"), "1! number " AT "\n" },
    { "bytes_minus_zero", WITH("\"bytes_sent\":-0"), GOT NOTHING },
    { "bytes_dash", WITH("\"bytes_sent\":\"-\""), GOT NOTHING },
    { "bytes_empty", WITH("\"bytes_sent\":\"\""), GOT NOTHING },
    { "bytes_real", WITH("\"bytes_sent\":1.0"), "1! number " AT "\n" },
    { "bytes_too_large", WITH("\"bytes_sent\":9223372036854775808"), "1! number " AT "\n" },
    { "bytes_largest", WITH("\"bytes_sent\":\"9223372036854775807\""),
      "1! counted " AT " " US " status=200 bytes=9223372036854775807 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\"" NOTHING },

    /* no JSON */
    { "array", "[{" TIME REQ OK "}]", "1! json - 0\n" },
    { "rubbish_behind", "{" TIME REQ OK "}}", "1! json - 0\n" },
    { "cut", "{" TIME REQ OK, "1! json - 0\n" },
    { "raw_control_byte", "{" TIME "\"request\":\"GET /\x01 HTTP/1.1\"," OK "}", "1! json - 0\n" },
    { "bad_in_a_value_that_nobody_wants", WITH("\"x\":[{\"y\":nul}]"), "1! json - 0\n" },
    { "bad_in_the_request", "{" TIME "\"request\":{\"uri\":\"/a\",}," OK "}", "1! json - 0\n" },
    { "text", "GET /a", "1! json - 0\n" },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("json"), cases, ARRAY_LEN(cases));
}

/* ---- key maps ---- */

static const struct json_keys *
keys_of(struct arena *arena, const char *const (*pairs)[2], size_t n)
{
    struct json_key_text texts[16];
    const struct json_keys *keys = NULL;
    struct err err;

    for (size_t i = 0; i < n; i++)
        texts[i] = (struct json_key_text){ slice_of(pairs[i][0]), slice_of(pairs[i][1]), i + 1 };
    assert_int_equal(json_keys_compile(&keys, texts, n, arena, &err), ST_OK);
    return keys;
}

static void
check_with(const struct format_options *options, const char *log, const char *want)
{
    struct buf got = { 0 };
    struct err err;
    enum st rc;

    parse(the_format("json"), slice_of(log), (struct how){ CUT_NOWHERE, 256, '"', options }, &got, &rc, &err);
    assert_int_equal(rc, ST_OK);
    assert_string_equal(got.p, want);
    buf_release(&got);
}

static void
a_log_of_ones_own(void **state)
{
    static const char *const pairs[][2] = {
        { "time", ".at" }, { "time_format", "unix_ms" }, { "path", ".req.\"the.url\"" }, { "status", ".resp.status" },
        { "bytes", ".resp.body.n" }, { "agent", ".req.h.ua" }, { "method", ".req.m" },
    };
    struct arena arena;
    struct format_options options = { 0 };

    (void)state;
    arena_init(&arena, SIZE_MAX);
    options.json_keys = keys_of(&arena, pairs, ARRAY_LEN(pairs));
    check_with(&options, "{\"req\":{\"h\":{\"ua\":\"x\"},\"the.url\":\"/a\",\"m\":\"GET\"},\"resp\":{\"status\":\"200\",\"body\":{\"n\":7}},\"at\":1705399200000}",
        "1! counted " AT " " US " status=200 bytes=7 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\" agent=\"x\"" NOTHING);
    /* the names of other logs mean nothing here */
    check_with(&options, "{" TIME REQ OK "}", "1! fields - 0\n");
    check_with(&options, "{\"at\":\"2024-01-16T10:00:00Z\",\"req\":{\"the.url\":\"/a\",\"m\":\"GET\"},\"resp\":{\"status\":200}}", "1! time - 0\n");
    check_with(&options, "{\"at\":1,\"req\":{\"the.url\":\"/a\",\"m\":\"GET\"},\"resp\":200}", "1! fields - 0\n");
    check_with(&options, "{\"at\":1,\"req\":{\"the.url\":\"/a\"},\"resp\":{\"status\":200}}", "1! fields - 0\n");
    arena_release(&arena);
}

/* What the map has no place for, every line of the log has: a GET that was answered. */
static void
a_log_of_times_and_paths(void **state)
{
    static const char *const pairs[][2] = { { "time", "t" }, { "path", "p" } };
    struct arena arena;
    struct format_options options = { 0 };

    (void)state;
    arena_init(&arena, SIZE_MAX);
    options.json_keys = keys_of(&arena, pairs, ARRAY_LEN(pairs));
    check_with(&options, "{\"t\":1705399200,\"p\":\"/a\"}", GOT NOTHING);
    check_with(&options, "{\"t\":1705399200}", "1! fields - 0\n");
    arena_release(&arena);
}

static void
names_that_need_no_path(void **state)
{
    static const char *const pairs[][2] = { { "time", "t" }, { "name", ".pkg.name" }, { "version", ".pkg.version" } };
    struct arena arena;
    struct format_options options = { 0 };

    (void)state;
    arena_init(&arena, SIZE_MAX);
    options.json_keys = keys_of(&arena, pairs, ARRAY_LEN(pairs));
    check_with(&options, "{\"t\":1705399200,\"pkg\":{\"name\":\"a\\u0062\",\"version\":\"1.0\"}}",
        "1! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" country=\"\" name=\"ab\" version=\"1.0\"\n");
    check_with(&options, "{\"t\":1705399200,\"pkg\":{\"name\":\"a\",\"version\":null}}",
        "1! counted " AT " " US " status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" country=\"\" name=\"a\"\n");
    check_with(&options, "{\"t\":1705399200,\"pkg\":{\"version\":\"1.0\"}}", "1! fields - 0\n");
    arena_release(&arena);
}

/* drop_if looks at any key, one that is a field already too. */
static void
marks(void **state)
{
    static const struct {
        const char *drop_key, *log, *want;
    } marked[] = {
        { "x", WITH("\"x\":\"y\""), GOT " marked=\"y\"" NOTHING },
        { "x", WITH("\"x\":true"), GOT " marked=\"true\"" NOTHING },
        { "x", WITH("\"y\":1"), GOT NOTHING },
        { ".x.y", WITH("\"x\":{\"y\":5}"), GOT " marked=\"5\"" NOTHING },
        { "status", WITH("\"x\":1"), GOT " marked=\"200\"" NOTHING },
        { ".request.headers.X-Mark", "{" TIME "\"request\":{\"headers\":{\"X-Mark\":[\"a\",\"b\"]},\"uri\":\"/a\",\"method\":\"GET\"}," OK "}",
          GOT " marked=\"a\"" NOTHING },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(marked); i++) {
        struct format_options options = { .drop_key = marked[i].drop_key };

        check_with(&options, marked[i].log, marked[i].want);
    }
}

/* More members than a shape remembers, in changing order. */
static void
many_members_in_any_order(void **state)
{
    (void)state;
    for (int n = 0; n < 60; n++) {
        struct buf log = { 0 };
        char *got;

        for (int round = 0; round < 2; round++) {
            buf_text(&log, "{");
            for (int i = 0; i < 60; i++) {
                if (i == (n + round) % 60)
                    buf_text(&log, TIME);
                if (i == (n * 7 + round) % 60)
                    buf_text(&log, REQ);
                buf_printf(&log, "\"key number %d\":{\"a\":[%d,\"}\"]},", (i + n * round) % 60, i);
            }
            buf_text(&log, OK "}\n");
        }
        got = parse_text(the_format("json"), (struct slice){ log.p, log.n });
        assert_int_equal(strncmp(got, GOT NOTHING "2!", sizeof(GOT NOTHING "2!") - 1), 0);
        free(got);
        buf_release(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(a_log_of_ones_own),
        cmocka_unit_test(a_log_of_times_and_paths),
        cmocka_unit_test(names_that_need_no_path),
        cmocka_unit_test(marks),
        cmocka_unit_test(many_members_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
