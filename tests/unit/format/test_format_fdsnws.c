/* SeisComP's request log: which records a line gives, which value holds, and lines of many traces. */
#include "format_test.h"

/* The day and time of every line, as the rendering of a kept record begins. */
#define AT      "2024-01-16 10"
#define US      "us=1705399200000000 status=0"
#define FIN     "\"finished\":\"2024-01-16T10:00:00Z\""
#define OK      "\"status\":\"OK\"," FIN
#define T(net)  "{\"net\":\"" net "\",\"sta\":\"EIL\",\"loc\":\"\",\"cha\":\"BHZ\",\"status\":\"OK\",\"bytes\":7}"
#define TRACE(s) "{\"trace\":[" s "]," OK "}"
#define KEPT(net, bytes) "counted " AT " " US " bytes=" bytes " range=0 decodes=0 ok=1"
#define CODES(net) " net=\"" net "\" sta=\"EIL\" loc=\"\" cha=\"BHZ\" country=\"\"\n"
#define ONE(net) "1! " KEPT(net, "7") CODES(net)
#define FAILED(client, country) \
    "1! counted " AT " " US " bytes=0 range=0 decodes=0 ok=0" client " net=\"\" sta=\"\" loc=\"--\" cha=\"\" country=\"" country "\"\n"
#define USER(v) "{\"userID\":" v ",\"status\":\"ERROR\"," FIN "}"
#define LOCATION(v) "{\"userLocation\":" v ",\"status\":\"ERROR\"," FIN "}"
#define FINISHED(v) "{\"status\":\"ERROR\",\"finished\":" v "}"
#define BYTES(v) TRACE("{\"net\":\"GE\",\"sta\":\"EIL\",\"loc\":\"\",\"cha\":\"BHZ\",\"status\":\"OK\",\"bytes\":" v "}")
#define SERVICE(v) "{\"service\":" v ",\"status\":\"ERROR\"," FIN "}"

static const struct text_case cases[] = {
    { "a_trace", TRACE(T("GE")), ONE("GE") },
    { "two_traces", TRACE(T("GE") ", " T("FR")), ONE("GE") "1 " KEPT("FR", "7") CODES("FR") },
    { "mixed_traces", TRACE(T("GE") ",{\"status\":\"NODATA\"},7,null,[{}],{\"status\":1},{}," T("FR")),
      ONE("GE") "1 no_data_trace " AT "\n1 fields " AT "\n1 fields " AT "\n1 fields " AT "\n1 fields " AT "\n1 fields " AT
      "\n1 " KEPT("FR", "7") CODES("FR") },
    { "status_behind_or_before_the_traces", "{\"status\":\"NODATA\",\"trace\":[" T("GE") "]," FIN "}", FAILED("", "") },
    { "two_lines", TRACE(T("GE")) "\n" TRACE(T("GE")), ONE("GE") "2! " KEPT("GE", "7") CODES("GE") },
    { "a_blank_line", "\n\r\n" TRACE(T("GE")), "1! blank - 0\n2! blank - 0\n3! " KEPT("GE", "7") CODES("GE") },
    { "a_line_of_blanks", "  ", "1! json - 0\n" },
    { "blanks_around", " \t" TRACE(T("GE")) " \r", ONE("GE") },
    { "order_as_seiscomp_writes_it",
      "{\"service\": \"fdsnws-dataselect\", \"userID\": 1497164453, \"clientID\": \"ObsPy\", \"userEmail\": null, \"auth\": false, "
      "\"userLocation\": {\"country\": \"DE\", \"institution\": \"GFZ\"}, \"created\": \"2024-01-16T09:59:58.1Z\", \"trace\": "
      "[{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"00\", \"cha\": \"BHZ\", \"start\": \"2010-01-01T00:00:00.0000Z\", \"end\": "
      "\"2010-01-01T01:00:00.0000Z\", \"restricted\": false, \"status\": \"OK\", \"bytes\": 2048}], \"status\": \"OK\", \"bytes\": 2048, "
      "\"finished\": \"2024-01-16T10:00:00Z\"}",
      "1! " KEPT("GE", "2048") " client=\"1497164453\" net=\"GE\" sta=\"EIL\" loc=\"00\" cha=\"BHZ\" country=\"DE\"\n" },

    /* no trace to count */
    { "ok_without_trace", "{" OK "}", "1! no_data_trace " AT "\n" },
    { "ok_with_no_traces", TRACE(""), "1! no_data_trace " AT "\n" },
    { "ok_with_a_trace_that_is_no_array", "{\"trace\":" T("GE") "," OK "}", "1! no_data_trace " AT "\n" },
    { "failed_without_trace", "{\"status\":\"NODATA\"," FIN "}", FAILED("", "") },
    { "failed_with_bad_traces", "{\"status\":\"ok\",\"trace\":[1,2]," FIN "}", FAILED("", "") },

    /* twice the same key: the last one holds */
    { "trace_twice", "{\"trace\":[" T("XX") "," T("YY") "],\"trace\":[" T("GE") "]," OK "}", ONE("GE") },
    { "trace_twice_second_empty", "{\"trace\":[" T("XX") "],\"trace\":[]," OK "}", "1! no_data_trace " AT "\n" },
    { "trace_twice_second_no_array", "{\"trace\":[" T("XX") "],\"trace\":7," OK "}", "1! no_data_trace " AT "\n" },
    { "trace_twice_first_no_array", "{\"trace\":7,\"trace\":[" T("GE") "]," OK "}", ONE("GE") },
    { "status_twice", "{\"status\":\"ERROR\",\"trace\":[" T("GE") "]," OK "}", ONE("GE") },
    { "status_twice_second_bad", "{\"status\":\"OK\"," FIN ",\"status\":7}", "1! fields - 0\n" },
    { "location_twice", "{\"userLocation\":{\"country\":\"DE\"},\"userLocation\":{},\"status\":\"ERROR\"," FIN "}", FAILED("", "") },
    { "country_twice", LOCATION("{\"country\":\"DE\",\"country\":\"FR\"}"), FAILED("", "FR") },
    { "user_twice", "{\"userID\":1,\"userID\":\"b\",\"status\":\"ERROR\"," FIN "}", FAILED(" client=\"b\"", "") },
    { "net_twice", TRACE("{\"net\":7,\"net\":\"GE\",\"sta\":\"EIL\",\"loc\":\"\",\"cha\":\"BHZ\",\"status\":\"NO\",\"status\":\"OK\",\"bytes\":8,"
      "\"bytes\":7}"), ONE("GE") },

    /* keys and values with escapes */
    { "escaped_keys", "{\"\\u0074race\":[{\"n\\u0065t\":\"GE\",\"sta\":\"EIL\",\"loc\":\"\",\"cha\":\"BHZ\",\"status\":\"\\u004fK\",\"bytes\":7}],"
      "\"statu\\u0073\":\"O\\u004b\",\"finished\":\"2024\\u002d01-16T10:00:00Z\"}", ONE("GE") },
    { "escaped_codes", TRACE(T("\\u0047E")), ONE("GE") },
    { "long_escaped_key_is_another", "{\"\\u0074raceeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\":1,"
      "\"trace\":[" T("GE") "]," OK "}", ONE("GE") },
    { "lone_surrogate_in_a_code_is_left_to_the_keys", TRACE(T("\\ud800")),
      "1! " KEPT("", "7") " net=\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" " sta=\"EIL\" loc=\"\" cha=\"BHZ\" country=\"\"\n" },

    /* the client */
    { "user_number", USER("1497164453"), FAILED(" client=\"1497164453\"", "") },
    { "user_string", USER("\"a b\""), FAILED(" client=\"a b\"", "") },
    { "user_escaped", USER("\"\\u00e9\\ud83d\\ude00\""), FAILED(" client=\"\xc3\xa9\xf0\x9f\x98\x80\"", "") },
    { "user_empty", USER("\"\""), FAILED(" client=\"\"", "") },
    { "user_null", USER("null"), FAILED(" client=\"None\"", "") },
    { "user_true", USER("true"), FAILED(" client=\"True\"", "") },
    { "user_false", USER("false"), FAILED(" client=\"False\"", "") },
    { "user_float", USER("5.0"), FAILED(" client=\"5.0\"", "") },
    { "user_minus_zero", USER("-0"), FAILED(" client=\"0\"", "") },
    { "user_huge", USER("123456789012345678901234567890"), FAILED(" client=\"123456789012345678901234567890\"", "") },
    { "user_too_huge", USER("1e999"), FAILED(" client=\"inf\"", "") },
    { "user_array", USER("[1]"), "1! fields " AT "\n" },
    { "user_object", USER("{}"), "1! fields " AT "\n" },
    { "user_lone_surrogate", USER("\"a\\ud800\""), "1! encoding " AT "\n" },
    { "users_of_two_lines", USER("5.0") "\n" USER("0.5"), FAILED(" client=\"5.0\"", "")
      "2! counted " AT " " US " bytes=0 range=0 decodes=0 ok=0 client=\"0.5\" net=\"\" sta=\"\" loc=\"--\" cha=\"\" country=\"\"\n" },

    /* the country */
    { "country", LOCATION("{\"country\":\"DE\"}"), FAILED("", "DE") },
    { "country_null", LOCATION("{\"country\":null}"), FAILED("", "") },
    { "country_number", LOCATION("{\"country\":49}"), FAILED("", "") },
    { "country_one", LOCATION("{\"country\":\"D\"}"), FAILED("", "") },
    { "country_three", LOCATION("{\"country\":\"DEU\"}"), FAILED("", "") },
    { "country_two_letters_of_more_bytes", LOCATION("{\"country\":\"\xc3\xa9\\u00e9\"}"), FAILED("", "\xc3\xa9\xc3\xa9") },
    { "location_null", LOCATION("null"), FAILED("", "") },
    { "location_array", LOCATION("[{\"country\":\"DE\"}]"), FAILED("", "") },
    { "country_in_a_deeper_object", LOCATION("{\"x\":{\"country\":\"DE\"}}"), FAILED("", "") },

    /* the day as written */
    { "with_offset", FINISHED("\"2024-01-16T00:30:00.123456+02:00\""),
      "1! counted 2024-01-16 0 us=1705357800123456 status=0 bytes=0 range=0 decodes=0 ok=0 net=\"\" sta=\"\" loc=\"--\" cha=\"\" country=\"\"\n" },
    { "with_blank_and_without_zone", FINISHED("\"2024-01-16 23:30:00\""),
      "1! counted 2024-01-16 23 us=1705447800000000 status=0 bytes=0 range=0 decodes=0 ok=0 net=\"\" sta=\"\" loc=\"--\" cha=\"\" country=\"\"\n" },
    { "finished_is_no_time", FINISHED("\"yesterday\""), "1! time - 0\n" },
    { "finished_is_no_day", FINISHED("\"2023-02-29T00:00:00Z\""), "1! time - 0\n" },
    { "finished_is_no_string", FINISHED("1705399200"), "1! fields - 0\n" },
    { "finished_absent", "{\"status\":\"OK\"}", "1! fields - 0\n" },
    { "status_absent", "{" FIN "}", "1! fields - 0\n" },
    { "nothing_there", "{}", "1! fields - 0\n" },

    /* the service */
    { "service", SERVICE("\"fdsnws-dataselect\""), FAILED("", "") },
    { "service_other", SERVICE("\"fdsnws-station\""), "1! other_service " AT "\n" },
    { "service_null", SERVICE("null"), "1! other_service " AT "\n" },
    { "service_before_user", "{\"service\":\"x\",\"userID\":[],\"status\":\"OK\"," FIN "}", "1! other_service " AT "\n" },
    { "time_before_service", "{\"service\":\"x\",\"status\":\"OK\",\"finished\":\"\"}", "1! time - 0\n" },

    /* bytes of a trace */
    { "bytes_minus_zero", BYTES("-0"), "1! " KEPT("GE", "0") CODES("GE") },
    { "bytes_largest", BYTES("9223372036854775807"), "1! " KEPT("GE", "9223372036854775807") CODES("GE") },
    { "bytes_too_large", BYTES("9223372036854775808"), "1! number " AT "\n" },
    { "bytes_negative", BYTES("-1"), "1! number " AT "\n" },
    { "bytes_real", BYTES("7.0"), "1! number " AT "\n" },
    { "bytes_exponent", BYTES("7e0"), "1! number " AT "\n" },
    { "bytes_string", BYTES("\"7\""), "1! number " AT "\n" },
    { "bytes_null", BYTES("null"), "1! number " AT "\n" },
    { "bytes_absent", TRACE("{\"net\":\"GE\",\"sta\":\"EIL\",\"loc\":\"\",\"cha\":\"BHZ\",\"status\":\"OK\"}"), "1! fields " AT "\n" },
    { "loc_null", TRACE("{\"net\":\"GE\",\"sta\":\"EIL\",\"loc\":null,\"cha\":\"BHZ\",\"status\":\"OK\",\"bytes\":1}"), "1! fields " AT "\n" },

    /* no JSON, wherever it is */
    { "array", "[" TRACE(T("GE")) "]", "1! json - 0\n" },
    { "two_objects", TRACE(T("GE")) "{}", "1! json - 0\n" },
    { "bad_behind_the_traces", "{\"trace\":[" T("GE") "]," OK ",\"x\":nan}", "1! json - 0\n" },
    { "bad_in_a_later_trace", TRACE(T("GE") "," T("GE") "," T("GE") ",{\"net\":}"), "1! json - 0\n" },
    { "comma_behind_the_last_trace", TRACE(T("GE") ","), "1! json - 0\n" },
    { "raw_control_byte", TRACE(T("G\tE")), "1! json - 0\n" },
    { "cut", "{\"trace\":[" T("GE") "]," OK, "1! json - 0\n" },
    { "bad_in_a_value_that_nobody_wants", "{\"x\":{\"y\":[1,2,{\"z\":01}]}," OK "}", "1! json - 0\n" },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("fdsnws"), cases, ARRAY_LEN(cases));
}

static void
nesting_up_to_sixty_four(void **state)
{
    (void)state;
    for (int deep = 60; deep < 66; deep++) {
        static const struct {
            const char *before, *behind;
            int outside;
        } places[] = {
            { "{\"x\":", "," OK "}", 1 },
            { "{\"userLocation\":{\"x\":", "}," OK "}", 2 },
            { "{\"trace\":[", "]," OK "}", 2 },
            { "{\"trace\":[{\"x\":", "}]," OK "}", 3 },
        };
        for (size_t i = 0; i < ARRAY_LEN(places); i++) {
            struct buf log = { 0 };
            char *got;

            buf_text(&log, places[i].before);
            for (int k = 0; k < deep; k++)
                buf_text(&log, "[");
            for (int k = 0; k < deep; k++)
                buf_text(&log, "]");
            buf_text(&log, places[i].behind);
            got = parse_text(the_format("fdsnws"), (struct slice){ log.p, log.n });
            assert_int_equal(strncmp(got, "1! json", 7) == 0, deep + places[i].outside > 64);
            free(got);
            buf_release(&log);
        }
    }
}

/* A line of `n` traces, every seventh with escapes, with a client and country that are undone in the scratch. */
static void
long_line(struct buf *log, struct buf *want, uint64_t line_no, int n)
{
    buf_text(log, "{\"userID\":\"\\u0041bc\",\"userLocation\":{\"country\":\"\\u0044E\"},\"trace\":[");
    for (int i = 0; i < n; i++) {
        buf_printf(log, "%s{\"net\":\"%s%d\",\"sta\":\"S\",\"loc\":\"\",\"cha\":\"C\",\"status\":\"OK\",\"bytes\":%d}",
            i == 0 ? "" : ",", i % 7 == 0 ? "\\u004e" : "N", i, i);
        buf_printf(want, "%" PRIu64 "%s counted " AT " " US " bytes=%d range=0 decodes=0 ok=1 client=\"Abc\" net=\"N%d\" "
            "sta=\"S\" loc=\"\" cha=\"C\" country=\"DE\"\n", line_no, i == 0 ? "!" : "", i, i);
    }
    buf_text(log, "]," OK "}\n");
}

static void
twenty_thousand_traces_over_many_calls(void **state)
{
    struct buf log = { 0 }, want = { 0 };
    char *got;

    (void)state;
    long_line(&log, &want, 1, 3);
    long_line(&log, &want, 2, 14000);
    long_line(&log, &want, 3, 255);
    long_line(&log, &want, 4, 256);
    long_line(&log, &want, 5, 257);
    got = parse_text(the_format("fdsnws"), (struct slice){ log.p, log.n });
    assert_string_equal(got, buf_str(&want));
    free(got);
    buf_release(&log);
    buf_release(&want);
}

/* Half the line is a client that must be undone, the other half the smallest of traces: undone once, not once a call. */
static void
a_long_client_is_undone_once(void **state)
{
    struct buf log = { 0 };
    struct record *records = calloc(256, sizeof *records);
    struct parser p;
    struct err err;
    size_t n, n_records = 0, made = 0, peak = 0;

    (void)state;
    buf_text(&log, "{\"userID\":\"");
    while (log.n < MIB / 2)
        buf_text(&log, "\\u0041");
    buf_text(&log, "\",\"trace\":[{}");
    for (made = 1; log.n < MIB - 100; made++)
        buf_text(&log, ",{}");
    buf_text(&log, "]," OK "}\n");
    buf_reserve(&log, BLOCK_SLACK);
    assert_int_equal(parser_init(&p, the_format("fdsnws"), NULL, &err), ST_OK);
    for (int round = 0; round < 3; round++) {
        parser_feed(&p, &(struct block){ .p = log.p, .n = log.n, .first_line_no = 1 });
        for (n_records = 0;; n_records += n) {
            assert_int_equal(parser_next(&p, records, 256, &n, &err), ST_OK);
            if (n == 0)
                break;
            assert_int_equal(records[n - 1].client.n, MIB / 2 / 6 - 1);
            peak = p.scratch.used_bytes > peak ? p.scratch.used_bytes : peak;
        }
        assert_int_equal(n_records, made);
    }
    assert_true(peak < 2 * MIB);
    parser_release(&p);
    buf_release(&log);
    free(records);
}

/* Much text to be undone, in few lines or in many: memory stays small and every record comes. */
static void
undone_text_is_bounded(void **state)
{
    struct buf log = { 0 };
    struct record *records = calloc(256, sizeof *records);
    struct parser p;
    struct err err;
    size_t n, n_records = 0, peak = 0;

    (void)state;
    for (int line = 0; line < 20; line++) {
        size_t from = log.n;

        buf_text(&log, "{\"userID\":\"");
        while (log.n - from < 900 * KIB)
            buf_text(&log, "x\\n");
        buf_text(&log, "\"," OK "}\n");
    }
    buf_reserve(&log, BLOCK_SLACK);
    assert_int_equal(parser_init(&p, the_format("fdsnws"), NULL, &err), ST_OK);
    parser_feed(&p, &(struct block){ .p = log.p, .n = log.n, .first_line_no = 1 });
    do {
        assert_int_equal(parser_next(&p, records, 256, &n, &err), ST_OK);
        n_records += n;
        peak = p.scratch.used_bytes > peak ? p.scratch.used_bytes : peak;
    } while (n > 0);
    assert_int_equal(n_records, 20);
    assert_true(peak < 8 * MIB);
    parser_release(&p);
    buf_release(&log);
    free(records);
}

/* Asked for, the start of a trace is given as it is logged, whatever it is; not asked for, it costs nothing and is not there. */
static void
starts_of_traces(void **state)
{
#define START(v) TRACE("{\"start\":" v ",\"net\":\"GE\",\"sta\":\"EIL\",\"loc\":\"\",\"cha\":\"BHZ\",\"status\":\"OK\",\"bytes\":7}")
#define MARKED(v) "1! " KEPT("GE", "7") " marked=\"" v "\"" CODES("GE")
    static const struct format_options asked = { .trace_starts = true };
    static const struct {
        const char *text, *with;
    } lines[] = {
        { START("\"2015-06-01T00:00:00.0000Z\""), MARKED("2015-06-01T00:00:00.0000Z") },
        { START("\"\\u00320\""), MARKED("20") },
        { START("\"\""), MARKED("") },
        { START("\"a\",\"st\\u0061rt\":\"b\""), MARKED("b") },
        { START("\"a\",\"start\":null"), ONE("GE") },
        { START("2015"), ONE("GE") },
        { TRACE(T("GE")), ONE("GE") },
        { START("[\"a\"]"), ONE("GE") },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        for (int on = 0; on < 2; on++) {
            struct how how = { CUT_AT_LINES, 2, '"', on == 1 ? &asked : NULL };
            struct buf got = { 0 };
            struct err err;
            enum st rc;

            parse(the_format("fdsnws"), slice_of(lines[i].text), how, &got, &rc, &err);
            assert_int_equal(rc, ST_OK);
            assert_string_equal(got.p, on == 1 ? lines[i].with : ONE("GE"));
            buf_release(&got);
        }
}

/* ---- traces that are like the one before ---- */

#define MODEL \
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"start\": \"2010-01-01T00:00:00.0000Z\", " \
    "\"end\": \"2010-01-01T01:00:00Z\", \"restricted\": false, \"status\": \"OK\", \"bytes\": 2048}"

/* What a trace gives when it has a line of its own, without the number of that line: nothing before it could be like it. */
static void
add_alone(struct buf *want, struct slice trace, bool *is_json)
{
    struct buf line = { 0 };
    char *got;

    buf_printf(&line, "{\"trace\":[%.*s]," OK "}", (int)trace.n, trace.p);
    got = parse_text(the_format("fdsnws"), (struct slice){ line.p, line.n });
    *is_json = *is_json && strcmp(got, "1! json - 0\n") != 0;
    buf_printf(want, "%s", strchr(got, ' '));
    free(got);
    buf_release(&line);
}

/* What the log gives, without the numbers of its lines. */
static void
parse_unnumbered(struct buf *got, const struct buf *log)
{
    char *text = parse_text(the_format("fdsnws"), (struct slice){ log->p, log->n }), *next;

    for (char *at = text; *at != '\0'; at = next) {
        next = strchr(at, '\n') + 1;
        buf_add(got, strchr(at, ' '), (size_t)(next - strchr(at, ' ')));
    }
    free(text);
}

/* Traces in one line give what each of them gives alone, and if one is no JSON, the line is none; so they do in lines one behind another. */
static void
together_as_alone(const struct slice *traces, size_t n)
{
    struct buf line = { 0 }, lines = { 0 }, want = { 0 }, got = { 0 };
    bool is_json = true;

    for (size_t i = 0; i < n; i++) {
        buf_printf(&line, i == 0 ? "{\"trace\":[" : ", ");
        buf_add(&line, traces[i].p, traces[i].n);
        buf_printf(&lines, "{\"trace\":[%.*s]," OK "}\n", (int)traces[i].n, traces[i].p);
        add_alone(&want, traces[i], &is_json);
    }
    buf_printf(&line, "]," OK "}");
    parse_unnumbered(&got, &lines);
    if (strcmp(buf_str(&got), buf_str(&want)) != 0)
        fail_msg("%s\nwant: %s\ngot:  %s", buf_str(&lines), buf_str(&want), got.p);
    got.n = 0;
    parse_unnumbered(&got, &line);
    if (strcmp(buf_str(&got), is_json ? buf_str(&want) : " json - 0\n") != 0)
        fail_msg("%s\nwant: %s\ngot:  %s", buf_str(&line), buf_str(&want), got.p);
    buf_release(&line);
    buf_release(&lines);
    buf_release(&want);
    buf_release(&got);
}

static const char *const traces[] = {
    MODEL,
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHN\", \"start\": \"2010-01-01T00:00:00.0000Z\", "
    "\"end\": \"2010-01-01T01:00:00Z\", \"restricted\": false, \"status\": \"NODATA\", \"bytes\": 0}",
    "{\"net\": \"GE\", \"sta\": \"EILA\", \"loc\": \"00\", \"cha\": \"BHN\", \"start\": \"2010-01-01T00:00:00.0001Z\", "
    "\"end\": \"2010-01-01T01:00:01Z\", \"restricted\": true, \"status\": \"OK\", \"bytes\": 20480}",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"\\u0042HZ\", \"start\": null, "
    "\"end\": \"2010-01-01T01:00:00Z\", \"restricted\": false, \"status\": \"\\u004fK\", \"bytes\": 20489999999999999}",
    "{\"cha\": \"BHZ\", \"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHN\", \"status\": \"OK\", \"bytes\": 1, \"bytes\": 2}",
    "{\"cha\": \"BHX\", \"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHN\", \"status\": \"OK\", \"bytes\": 3, \"bytes\": 2}",
    "{\"cha\": \"BHX\", \"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHE\", \"status\": \"OK\", \"bytes\": 3, \"bytes\": 4}",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"status\": \"OK\", \"bytes\": 0, \"more\": {\"cha\": \"BHN\"}}",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"status\": \"OK\", \"bytes\": 0, \"more\": {\"cha\": \"BHE\"}}",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"status\": \"OK\", \"bytes\": 01}",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"status\": \"OK\", \"bytes\": 0.5}",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"status\": \"OK\", \"bytes\": 0}  ",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"status\": \"OK\", \"bytes\": -0}",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"status\": \"OK\", \"bytes\": 0 }",
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": {\"a\": \"BHZ\"}, \"status\": \"OK\", \"bytes\": 0}",
    "{}", "{\"cha\":1}", "[]", "7", "\"OK\"", "null",
};

static void
each_trace_behind_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(traces); i++)
        for (size_t k = 0; k < ARRAY_LEN(traces); k++)
            together_as_alone((struct slice[]){ slice_of(traces[i]), slice_of(traces[k]), slice_of(traces[i]) }, 3);
}

/* One byte of the second trace is another, is left out, or comes twice. */
static void
a_trace_of_which_any_byte_is_wrong(void **state)
{
    static const char some[] = "\"\\,}{ :0O\x01";
    static const struct slice model = { MODEL, sizeof MODEL - 1 };

    (void)state;
    for (size_t at = 0; at < model.n; at++) {
        for (size_t c = 0; c < sizeof some - 1 + 2; c++) {
            size_t skip = c != sizeof some - 1; /* of the model's bytes */
            struct buf b = { 0 };

            buf_add(&b, model.p, at);
            if (c < sizeof some - 1)
                buf_add(&b, some + c, 1);
            else if (c == sizeof some - 1)
                buf_add(&b, model.p + at, 1); /* twice */
            buf_add(&b, model.p + at + skip, model.n - at - skip);
            together_as_alone((struct slice[]){ model, { b.p, b.n }, model }, 3);
            buf_release(&b);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(starts_of_traces),
        cmocka_unit_test(each_trace_behind_each_other),
        cmocka_unit_test(a_trace_of_which_any_byte_is_wrong),
        cmocka_unit_test(nesting_up_to_sixty_four),
        cmocka_unit_test(twenty_thousand_traces_over_many_calls),
        cmocka_unit_test(a_long_client_is_undone_once),
        cmocka_unit_test(undone_text_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
