/*
 * Lines by a format string: which byte ends a value, what strangers may write, times of every kind, ranges, escapes; and
 * that the strings of `common` and `combined` give the records of these formats, on lines that are heavily damaged.
 */
#include "format_test.h"

#include "ingest/log_format.h"

#define APACHE_COMBINED "%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\""
#define APACHE_COMMON   "%h %l %u %t \"%r\" %>s %b"

struct reader {
    struct arena          arena;
    struct log_format     format;
    struct format_options options;
};

static void
reader_init(struct reader *r, const char *text, const char *drop_key)
{
    struct err err = { 0 };

    arena_init(&r->arena, SIZE_MAX);
    if (log_format_compile(&r->format, slice_of(text), &r->arena, &err) != ST_OK)
        fail_msg("%s\n%s", text, err.cause);
    r->options = (struct format_options){ .log_format = &r->format, .drop_key = drop_key };
}

/* All records as text, the same for two ways of feeding; freed by the caller. */
static char *
records_of(const struct reader *r, struct slice log)
{
    struct how hows[] = { { CUT_NOWHERE, 256, '"', &r->options }, { CUT_AT_LINES, 1, ' ', &r->options } };
    struct buf got[2] = { { 0 }, { 0 } };
    struct err err;
    enum st rc;

    for (size_t i = 0; i < ARRAY_LEN(hows); i++) {
        parse(the_format("custom"), log, hows[i], &got[i], &rc, &err);
        assert_int_equal(rc, ST_OK);
    }
    assert_string_equal(got[0].p, got[1].p);
    buf_release(&got[1]);
    return got[0].p;
}

struct line_case {
    const char *name, *format, *line;
    const char *want; /* somewhere in the one record's text */
    const char *key;  /* drop_key */
};

static void
check_lines(const struct line_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct reader r;
        char *got;

        reader_init(&r, cases[i].format, cases[i].key);
        got = records_of(&r, slice_of(cases[i].line));
        if (strstr(got, cases[i].want) == NULL)
            fail_msg("%s\n  line: %s\n  want: %s\n  got:  %s", cases[i].name, cases[i].line, cases[i].want, got);
        free(got);
        arena_release(&r.arena);
    }
}

#define M "$msec|"
#define S "1709251201|"

static void
values_end_where_they_must(void **state)
{
    static const struct line_case cases[] = {
        { "text behind a value may be longer", "$msec <> $uri <> $status", "1709251201 <> /a <b> <> 200", "status=200", NULL },
        { "a word holds no blank", "$msec $status $uri", "1709251201 2 00 /a", "1! number", NULL },
        { "the text behind a word must stand there whole", "$msec :: $uri", "1709251201 : /a", "1! fields", NULL },
        { "the last value takes the rest", "$msec $uri", "1709251201 /a b c", "path=\"/a b c\"", NULL },
        { "but a word takes none with a blank", "$uri|$msec", "/a|1709251201 x", "1! fields", NULL },
        { "a word at the end", "$uri|$msec", "/a|1709251201", "path=\"/a\"", NULL },
        { "a blank in front", "$msec $uri", " 1709251201 /a", "1! time", NULL },
        { "a word that is several", M "$uri", "x 1709251201|/a", "1! fields", NULL },
        { "text in front", "at $msec $uri", "at 1709251201 /a", "counted", NULL },
        { "no text in front where it should be", "at $msec $uri", "1709251201 /a", "1! fields", NULL },
        { "text at the end", "$msec ($uri)", "1709251201 (/a)", "path=\"/a\"", NULL },
        { "text at the end is not there", "$msec ($uri)", "1709251201 (/a", "1! fields", NULL },
        { "more behind a blank", "$msec ($uri)", "1709251201 (/a) more", "path=\"/a\"", NULL },
        { "more without a blank", "$msec ($uri)", "1709251201 (/a)more", "1! fields", NULL },
        { "empty values", "$msec|$remote_user|$uri|$status", S "||200", "counted 2024-03-01 0 us=1709251201000000 status=200", NULL },
        { "an empty line of values", "|$msec|$uri|", "|||", "1! time", NULL },
        { "a quote inside quotes", M "\"$uri\"|$status", S "\"/a\\\"|b\"|200", "path=\"/a\\\"|b\"", NULL },
        { "a backslash before the closing quote", M "\"$uri\"|$status", S "\"/a\\\\\"|200", "path=\"/a\\\\\"", NULL },
        { "a backslash at the end of the line", M "\"$uri\"|$status", S "\"/a\\", "1! fields", NULL },
        { "a quote that nothing should follow", M "\"$uri\"|$status", S "\"/a\"b\"|200", "1! fields", NULL },
        { "without escaping the text behind decides", "escape=none " M "\"$uri\"|$status", S "\"/a\"b\\\"|200", "path=\"/a\\\"b\\\\\"", NULL },
        { "a user with what looks like the time's beginning", "$remote_user [$time_local] $uri",
          "a [b] [c [01/Mar/2024:00:00:01 +0000] /a", "path=\"/a\"", NULL },
        { "a time that is too short", "$remote_user [$time_local] $uri", "a [01/Mar/2024:00:00:01 +000] /a", "1! fields", NULL },
        { "fixed widths side by side", "%{%Y%m%d}t%{%H%M%S}t %U", "20240301000001 /a", "us=1709251201000000", NULL },
        { "the line ends in a fixed width", "%U %{%Y%m%d}t", "/a 2024030", "1! fields", NULL },
        { "more behind a fixed width", "%U %{%Y%m%d}t", "/a 202403011", "1! fields", NULL },
        { "a blank in a path, and a word behind it", "$msec \"$request_method $uri $server_protocol\" $status",
          "1709251201 \"GET /a b HTTP/1.1\" 200", "path=\"/a b\"", NULL },
        { "a blank in a path, and a word at the end", "$msec|$uri $status", S "/a b c 200", "path=\"/a b c\"", NULL },
        { "no word behind it", "$msec|$uri $status|x", S "/a b c|200|x", "1! fields", NULL },
        { "a word, but not its text", "$msec|$uri $status|x", S "/a b|y 200|x", "path=\"/a b|y\"", NULL },
        { "lists", "$upstream_response_time $http_x_forwarded_for $msec $uri",
          "0.1, 0.2 : 0.3 192.0.2.1, 192.0.2.2 1709251201 /a", "forwarded=\"192.0.2.1, 192.0.2.2\"", NULL },
        { "a list of nothing", "$upstream_addr $msec $uri", "- 1709251201 /a", "counted", NULL },
        { "tabs", "$msec\t$remote_addr\t$uri", "1709251201\t192.0.2.1\t/a b", "path=\"/a b\" client=\"192.0.2.1\"", NULL },
        { "percent signs", "%{sec}t 100%% %U", "1709251201 100% /a", "path=\"/a\"", NULL },
    };

    (void)state;
    check_lines(cases, ARRAY_LEN(cases));
}

static void
times_of_every_kind(void **state)
{
    static const struct line_case cases[] = {
        { "clf", "[$time_local] $uri", "[01/Mar/2024:01:00:01 +0100] /a", "2024-03-01 0 us=1709251201000000", NULL },
        { "apache's own", "%t %U", "[29/Feb/2024:23:00:01 -0100] /a", "2024-03-01 0 us=1709251201000000", NULL },
        { "iso, the day by UTC", "$time_iso8601 $uri", "2024-03-01T01:00:01+02:00 /a", "2024-02-29 23 us=1709247601000000", NULL },
        { "msec", "$msec $uri", "1709251201.123 /a", "us=1709251201123000", NULL },
        { "msec without point", "%{msec}t %U", "1709251201123 /a", "us=1709251201123000", NULL },
        { "usec", "%{usec}t %U", "1709251201123456 /a", "us=1709251201123456", NULL },
        { "sec", "%{end:sec}t %U", "1709251201 /a", "us=1709251201000000", NULL },
        { "msec that is none", "$msec $uri", "1709251201,5 /a", "1! time", NULL },
        { "msec before 1970", "$msec $uri", "-1 /a", "1! time", NULL },
        { "usec beyond all days", "%{usec}t %U", "253402300800000000 /a", "1! time", NULL },
        { "the last usec", "%{usec}t %U", "253402300799999999 /a", "9999-12-31 23", NULL },
        { "msec beyond all days", "%{msec}t %U", "9223372036854775807 /a", "1! time", NULL },
        { "msec that is no number", "%{msec}t %U", "9223372036854775808 /a", "1! time", NULL },
        { "pieces", "%{%Y-%m-%dT%T}t.%{msec_frac}t%{%z}t %U", "2024-03-01T01:00:01.250+0100 /a", "us=1709251201250000", NULL },
        { "pieces with a name", "%{%d/%b/%Y %T}t.%{usec_frac}t %{%z}t %U", "01/Mar/2024 00:00:01.000250 +0000 /a",
          "us=1709251201000250", NULL },
        { "pieces with blanks", "%{%e %b %Y %k:%M}t %U", " 1 Mar 2024  0:00 /a", "us=1709251200000000", NULL },
        { "without a zone it is UTC", "%{%F %T}t %U", "2024-03-01 00:00:01 /a", "us=1709251201000000", NULL },
        { "a date alone", "%{%F}t %U", "2024-03-01 /a", "2024-03-01 0 us=1709251200000000", NULL },
        { "weekdays are passed over", "%{%a %j %F}t %U", "Fri 061 2024-03-01 /a", "2024-03-01", NULL },
        { "no such month", "%{%d/%b/%Y}t %U", "01/Mrz/2024 /a", "1! time", NULL },
        { "no such day", "%{%F}t %U", "2024-02-30 /a", "1! time", NULL },
        { "no digits", "%{%F}t %U", "2O24-02-01 /a", "1! time", NULL },
        { "bytes of any kind", "%{%Y%m%d%H%M%S}t %U", "\"\\\x80\xff    \x01\t\x7f:T- /a", "1! time", NULL },
    };

    (void)state;
    check_lines(cases, ARRAY_LEN(cases));
}

static void
what_was_asked_for_and_by_whom(void **state)
{
    static const struct line_case cases[] = {
        { "request", M "\"$request\"", S "\"GET /a%20b?c HTTP/1.1\"", "decodes=1 ok=0 method=\"GET\" path=\"/a%20b?c\"", NULL },
        { "request without protocol", M "\"$request\"", S "\"GET /a b\"", "method=\"GET\" path=\"/a b\"", NULL },
        { "no request", M "\"$request\"", S "\"-\"", "method=\"-\" path=\"\"", NULL },
        { "method and target", M "$request_method $request_uri $server_protocol", S "PUT /a?b HTTP/2.0", "method=\"PUT\" path=\"/a?b\"", NULL },
        { "a decoded path stays as it is", M "$request_method $uri", S "GET /a%41", "decodes=0 ok=0 method=\"GET\" path=\"/a%41\"", NULL },
        { "path and query", "%{sec}t %m %U%q", "1709251201 GET /a?b=c", "decodes=0 ok=0 method=\"GET\" path=\"/a?b=c\"", NULL },
        { "a URL in pieces", M "$request_method $scheme://$host:$server_port$request_uri x", S "GET https://h:443/a//b x",
          "path=\"/a//b\"", NULL },
        { "a host and no path", M "$host$request_uri x", S "h x", "path=\"\"", NULL },
        { "nginx has a dash for no query", M "$uri$is_args$args", S "/a-", "path=\"/a\"", NULL },
        { "one dash", M "$host$uri$is_args$args", S "h/a--", "path=\"/a-\"", NULL },
        { "no dash for a query", M "$uri$is_args$args", S "/a?b-", "path=\"/a?b-\"", NULL },
        { "no dash but in the default escaping", "escape=json " M "$uri$is_args$args", S "/a-", "path=\"/a-\"", NULL },
        { "no dash at apache", "%{sec}t %U%q", "1709251201 /a-", "path=\"/a-\"", NULL },
        { "no method", M "$uri", S "/a", "ok=0 path=\"/a\"\n", NULL },
        { "client, agent, country", M "$remote_addr|$http_user_agent|$geoip_country_code|$uri", S "192.0.2.1|a \"b\"|DE|/a",
          "agent=\"a \\\"b\\\"\" client=\"192.0.2.1\" country=\"DE\"", NULL },
        { "no country", M "$geoip_country_code|$uri", S "-|/a", "path=\"/a\"\n", NULL },
        { "a country of three letters", M "$geoip_country_code|$uri", S "DEU|/a", "path=\"/a\"\n", NULL },
        { "a country that is none", M "$geoip_country_code|$uri", S "D1|/a", "path=\"/a\"\n", NULL },
        { "status and bytes", M "$status|$bytes_sent|$uri", S "404|12|/a", "status=404 bytes=12 ", NULL },
        { "dashes", M "$status|$bytes_sent|$uri", S "-|-|/a", "status=0 bytes=0 ", NULL },
        { "a status that is none", M "$status|$uri", S "20|/a", "1! number 2024-03-01", NULL },
        { "bytes that are none", M "$bytes_sent|$uri", S "1e3|/a", "1! number", NULL },
        { "bytes beyond all", M "$bytes_sent|$uri", S "9223372036854775808|/a", "1! number", NULL },
        { "no status, no bytes", M "$uri", S "/a", "status=0 bytes=0", NULL },
        { "marked by name", M "$http_x_shield|$uri", S "yes|/a", "marked=\"yes\"", "http_x_shield" },
        { "marked by what is written", M "$http_x_shield|$uri", S "yes|/a", "marked=\"yes\"", "$http_x_shield" },
        { "marked, what is used as well", M "$status|$uri", S "200|/a", "marked=\"200\"", "status" },
        { "marked at apache", "%{X-Shield}i %{sec}t %U", "a b 1709251201 /a", "1! time", "{X-Shield}i" },
        { "marked at apache, too", "%{X-Shield}i|%{sec}t %U", "a b|1709251201 /a", "marked=\"a b\"", "%{X-Shield}i" },
        { "no such mark", M "$http_x_shield|$uri", S "yes|/a", "path=\"/a\"\n", "http_x" },
    };

    (void)state;
    check_lines(cases, ARRAY_LEN(cases));
}

static void
escapes_are_undone_as_the_server_made_them(void **state)
{
    static const struct line_case cases[] = {
        { "nginx", M "\"$request\"", S "\"GET /\\x22\\xC3\\xA4\\x5C HTTP/1.1\"", "path=\"/\\\"\xc3\xa4\\\\\"", NULL },
        { "apache", "%{sec}t \"%r\"", "1709251201 \"GET /\\\"\\t\\xc3\\xa4\\\\ HTTP/1.1\"", "path=\"/\\\"\\u0009\xc3\xa4\\\\\"", NULL },
        { "an agent stays as logged", M "\"$http_user_agent\" $uri", S "\"a\\x22b\" /a", "agent=\"a\\\\x22b\"", NULL },
        { "json", "escape=json {\"t\":$msec,\"r\":\"$request\",\"a\":\"$http_user_agent\",\"f\":\"$http_x_forwarded_for\"}",
          "{\"t\":1709251201.5,\"r\":\"GET /\\\"\\u0041\\\\x41\xc3\xa4 HTTP/1.1\",\"a\":\"x\\\"y\",\"f\":\"\\\\\"}",
          "path=\"/\\\"A\\\\x41\xc3\xa4\" agent=\"x\\\"y\" forwarded=\"\\\\\"", NULL },
        { "json that is none stays", "escape=json \"$msec\" \"$uri\"", "\"1709251201\" \"/\\q\\u00zz\"", "path=\"/\\\\q\\\\u00zz\"", NULL },
        { "json, cut escape", "escape=json \"$msec\" \"$uri\"", "\"1709251201\" \"/\\u00\"", "path=\"/\\\\u00\"", NULL },
        { "none", "escape=none " M "$uri", S "/\\x41", "path=\"/\\\\x41\"", NULL },
    };

    (void)state;
    check_lines(cases, ARRAY_LEN(cases));
}

static void
show_range(const char *format, const char *line, char out[128])
{
    struct reader r;
    struct record rec;
    struct parser p;
    struct err err;
    struct buf b = { 0 };
    size_t n;

    reader_init(&r, format, NULL);
    buf_text(&b, line);
    buf_reserve(&b, BLOCK_SLACK);
    assert_int_equal(parser_init(&p, the_format("custom"), &r.options, &err), ST_OK);
    parser_feed(&p, &(struct block){ .p = b.p, .n = b.n, .first_line_no = 1 });
    assert_int_equal(parser_next(&p, &rec, 1, &n, &err), ST_OK);
    assert_int_equal(rec.why, KEEP);
    snprintf(out, 128, "%d %" PRId64 "..%" PRId64, (int)rec.range, rec.range_first, rec.range_end);
    parser_release(&p);
    buf_release(&b);
    arena_release(&r.arena);
}

static void
ranges_are_those_of_the_answer(void **state)
{
#define ASKED "$msec $status $body_bytes_sent $uri $http_range"
#define GIVEN "$msec $status $bytes_sent $uri \"$http_range\" \"$sent_http_content_range\""
    static const struct {
        const char *format, *line, *want;
    } cases[] = {
        { ASKED, "1709251201 206 100 /a bytes=0-99", "1 0..100" },
        { ASKED, "1709251201 206 100 /a bytes=0-", "1 0..100" },
        { ASKED, "1709251201 206 50 /a bytes=200-299", "2 200..250" }, /* the client went away */
        { ASKED, "1709251201 206 0 /a bytes=0-99", "1 0..0" },
        { ASKED, "1709251201 200 100 /a bytes=5-99", "0 0..0" }, /* all of it was sent */
        { ASKED, "1709251201 206 100 /a bytes=-100", "0 0..0" },
        { ASKED, "1709251201 206 100 /a bytes=0-1,5-9", "0 0..0" },
        { ASKED, "1709251201 206 100 /a bytes=9-1", "0 0..0" },
        { ASKED, "1709251201 206 100 /a bytes=9223372036854775807-", "2 0..0" },
        { ASKED, "1709251201 206 100 /a items=0-99", "0 0..0" },
        { ASKED, "1709251201 206 100 /a -", "0 0..0" },
        { ASKED, "1709251201 206 100 /a bytes=", "0 0..0" },
        { GIVEN, "1709251201 206 500 /a \"bytes=0-\" \"bytes 10-99/100\"", "2 10..100" },
        { GIVEN, "1709251201 206 500 /a \"bytes=0-\" \"-\"", "1 0..0" }, /* bytes with headers tell no end */
        { GIVEN, "1709251201 206 500 /a \"-\" \"bytes 0-9/*\"", "1 0..10" },
        { GIVEN, "1709251201 200 500 /a \"-\" \"bytes 0-9/10\"", "0 0..0" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[128];

        show_range(cases[i].format, cases[i].line, got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s\n  want: %s\n  got:  %s", cases[i].line, cases[i].want, got);
    }
}

static void
syslog_heads_are_cut_off_where_the_line_does_not_fit_with_them(void **state)
{
    static const struct line_case cases[] = {
        { "nginx by syslog", M "$uri", "<190>Mar  1 00:00:01 host nginx: " S "/a", "path=\"/a\"", NULL },
        { "as rsyslog writes it", M "$uri", "2024-03-01T00:00:01+00:00 host nginx: " S "/a", "path=\"/a\"", NULL },
        { "what looks like a head is none if the format says so", "$time_iso8601 $host tag: $uri",
          "2024-03-01T00:00:01+00:00 host tag: /a", "path=\"/a\"", NULL },
        { "a head and rubbish", M "$uri", "<190>Mar  1 00:00:01 host nginx: x", "1! fields", NULL },
    };

    (void)state;
    check_lines(cases, ARRAY_LEN(cases));
}

/* ---- the same as the built-in formats ---- */

static uint64_t seed;

static size_t
random_below(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed >> 33) % n;
}

/* A line of the right shape, of pieces that are mostly right, and then a byte or two of it changed. */
static void
random_line(struct buf *b)
{
    static const char *const clients[] = { "192.0.2.7", "2001:db8::1", "", "-", "a b" };
    static const char *const users[] = { "-", "", "joe", "a [b", "x [01/Mar/2024:00:00:01 +0000] \"", "a  b" };
    static const char *const times[] = { "01/Mar/2024:00:00:01 +0000", "29/Feb/2024:23:59:60 -0330", "31/Feb/2024:00:00:01 +0000",
        "01/Mar/2024:00:00:01 +000", "" };
    static const char *const requests[] = { "GET /a HTTP/1.1", "-", "", "GET /a\\\"b HTTP/1.0", "GET /\\xc3\\xa4", "a b c d", "x\\" };
    static const char *const codes[] = { "200", "206", "-", "20", "", "2 0", "9999" };
    static const char *const sizes[] = { "42", "0", "-", "", "1 2", "9223372036854775808", "-1" };
    static const char *const quoted[] = { "-", "", "curl/8", "a \\\"b\\\" c", "a\" b", "\\\\", "\\" };
    static const char *const tails[] = { "", "", "", " x", "x", " ", " \"y\"" };
    static const char changes[] = " \"\\[]-x\t0";
    size_t from = b->n;

#define ONE_OF(a) a[random_below(3) > 0 ? 0 : random_below(ARRAY_LEN(a))]
    buf_printf(b, "%s - %s [%s] \"%s\" %s %s", ONE_OF(clients), ONE_OF(users), ONE_OF(times), ONE_OF(requests),
        ONE_OF(codes), ONE_OF(sizes));
    if (random_below(4) > 0)
        buf_printf(b, " \"%s\" \"%s\"%s", ONE_OF(quoted), ONE_OF(quoted), ONE_OF(tails));
    for (size_t i = random_below(3); i-- > 1;)
        b->p[from + random_below(b->n - from)] = changes[random_below(sizeof changes - 1)];
    if (random_below(20) == 0)
        b->n = from + random_below(b->n - from + 1);
    buf_text(b, random_below(9) == 0 ? "\r\n" : "\n");
}

static void
compare(const char *format, const char *name)
{
    size_t counted = 0, rejected = 0;
    struct reader r;

    reader_init(&r, format, NULL);
    for (int round = 0; round < 400; round++) {
        struct buf log = { 0 }, want = { 0 };
        struct err err;
        enum st rc;
        char *got;

        for (int i = 0; i < 50; i++)
            random_line(&log);
        parse(the_format(name), (struct slice){ log.p, log.n }, PLAINLY, &want, &rc, &err);
        assert_int_equal(rc, ST_OK);
        got = records_of(&r, (struct slice){ log.p, log.n });
        for (const char *a = want.p, *b = got; *a != '\0' || *b != '\0';) {
            size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

            if (n != m || memcmp(a, b, n) != 0)
                fail_msg("%s and %s\n  %.*s\n  %.*s", name, format, (int)n, a, (int)m, b);
            counted += memmem(a, n, "! counted", 9) != NULL;
            rejected += memmem(a, n, "! counted", 9) == NULL;
            a += n + (a[n] == '\n');
            b += m + (b[m] == '\n');
        }
        free(got);
        buf_release(&want);
        buf_release(&log);
    }
    assert_true(counted > 1000 && rejected > 1000);
    arena_release(&r.arena);
}

static void
the_string_of_a_built_in_format_gives_its_records(void **state)
{
    (void)state;
    seed = 88172645463325252u;
    compare(APACHE_COMBINED, "combined");
    compare(APACHE_COMMON, "common");
}

/* What stands in for a missing --log-format is what its string compiles to. */
static void
the_default_is_nginx_combined(void **state)
{
    (void)state;
    seed = 362436069362436069u;
    compare("$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"",
        "custom");
}

/* A line of a megabyte that makes every search go to its end, many times over: linear, or this takes minutes. */
static void
long_lines_take_no_longer_than_they_are(void **state)
{
    static const char *const formats_tried[] = {
        "$remote_user [$time_local] \"$request\" $status", "$http_a, $http_b, $http_c, $msec, $uri",
        "$upstream_addr $upstream_status $upstream_cache_status $msec $uri", "\"$http_a\" \"$http_b\" \"$msec\" \"$uri\"",
        "$http_a, $status#, $msec $uri", "$http_a $status#$http_b $status#$msec $uri",
    };
    static const char *const fillers[] = { " [", ", ", " :", "\\\"", "\" \"", "a", "[ [" };
    char *line = malloc(LINE_BYTES_MAX);

    (void)state;
    for (size_t f = 0; f < ARRAY_LEN(formats_tried); f++) {
        for (size_t k = 0; k < ARRAY_LEN(fillers); k++) {
            struct reader r;
            size_t n = strlen(fillers[k]);
            char *got;

            for (size_t i = 0; i < LINE_BYTES_MAX; i++)
                line[i] = fillers[k][i % n];
            reader_init(&r, formats_tried[f], NULL);
            got = records_of(&r, (struct slice){ line, LINE_BYTES_MAX });
            assert_true(strncmp(got, "1! fields", 9) == 0 || strncmp(got, "1! time", 7) == 0);
            free(got);
            arena_release(&r.arena);
        }
    }
    free(line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_end_where_they_must),
        cmocka_unit_test(times_of_every_kind),
        cmocka_unit_test(what_was_asked_for_and_by_whom),
        cmocka_unit_test(escapes_are_undone_as_the_server_made_them),
        cmocka_unit_test(ranges_are_those_of_the_answer),
        cmocka_unit_test(syslog_heads_are_cut_off_where_the_line_does_not_fit_with_them),
        cmocka_unit_test(the_string_of_a_built_in_format_gives_its_records),
        cmocka_unit_test(the_default_is_nginx_combined),
        cmocka_unit_test(long_lines_take_no_longer_than_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
