/*
 * The compiler of log formats: what strings of servers become, how they may be pasted, and what is said of those that
 * cannot be read, with the caret where it belongs.
 */
#include "ingest/base.h"

#include "ingest/buf.h"
#include "ingest/log_format.h"

#include <setjmp.h>
#include <cmocka.h>

static const char *const field_names[LOG_FIELDS_N] = {
    [LOG_SKIP] = "skip", [LOG_CLIENT] = "client", [LOG_FORWARDED] = "forwarded", [LOG_CLF] = "clf", [LOG_ISO] = "iso",
    [LOG_SECONDS] = "seconds", [LOG_MILLIS] = "millis", [LOG_MICROS] = "micros", [LOG_YEAR] = "year",
    [LOG_MONTH] = "month", [LOG_MONTH_NAME] = "Month", [LOG_DAY] = "day", [LOG_HOUR] = "hour", [LOG_MINUTE] = "minute",
    [LOG_SECOND] = "second", [LOG_FRACTION] = "fraction", [LOG_ZONE] = "zone", [LOG_REQUEST] = "request",
    [LOG_METHOD] = "method", [LOG_TARGET] = "target", [LOG_URI] = "uri", [LOG_RANGE] = "range", [LOG_STATUS] = "status",
    [LOG_BYTES] = "bytes", [LOG_CONTENT_RANGE] = "content-range", [LOG_AGENT] = "agent", [LOG_COUNTRY] = "country",
};
static const char end_marks[] = { [LOG_END_WIDTH] = '#', [LOG_END_QUOTE] = 'q', [LOG_END_BYTE] = 'b', [LOG_END_TEXT] = 't',
                                  [LOG_END_LIST] = 'l', [LOG_END_LINE] = '$' };

/* Literal text as it is; a variable as <field:end>, and what the format has besides at the end. */
static char *
show(const struct log_format *f)
{
    struct buf b = { 0 };

    buf_add_slice(&b, f->before);
    for (size_t i = 0; i < f->n_parts; i++) {
        const struct log_part *p = &f->parts[i];

        buf_printf(&b, "<%s:%c", field_names[p->field], end_marks[p->end]);
        if (p->end == LOG_END_WIDTH)
            buf_printf(&b, "%d", p->width);
        buf_printf(&b, "%s>", p->is_url ? " url" : "");
        buf_add_slice(&b, p->after);
    }
    buf_printf(&b, "%s%s", f->has_body_bytes ? " body" : "",
        f->escape == LOG_ESCAPE_JSON ? " json" : f->escape == LOG_ESCAPE_NONE ? " none" : "");
    return b.failed || buf_str(&b) == NULL ? NULL : b.p;
}

struct good {
    const char *text, *want;
};

static void
check_good(const struct good *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(cases[i].text);
        char *text = malloc(len); /* of exactly its size: the sanitizer sees what is read behind it */
        struct log_format f;
        struct arena arena;
        struct err err = { 0 };
        char *got;

        memcpy(text, cases[i].text, len);
        arena_init(&arena, SIZE_MAX);
        if (log_format_compile(&f, (struct slice){ text, len }, &arena, &err) != ST_OK)
            fail_msg("%s\n  %s\n  %s", cases[i].text, err.cause, err.hint);
        memset(text, '?', len); /* what is compiled is a copy */
        free(text);
        got = show(&f);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s\n  got:  %s\n  want: %s", cases[i].text, got, cases[i].want);
        free(got);
        arena_release(&arena);
    }
}

#define NGINX_COMBINED \
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\""
#define COMBINED_PARTS                                                                                          \
    "<client:b> - <skip:t> [<clf:#26>] \"<request:q>\" <status:b> <bytes:b> \"<skip:q>\" \"<agent:q>\" body"
#define APACHE_PARTS                                                                                            \
    "<client:b> <skip:b> <skip:t> [<clf:#26>] \"<request:q>\" <status:b> <bytes:b> \"<skip:q>\" \"<agent:q>\""

static void
what_servers_document_is_read(void **state)
{
    static const struct good cases[] = {
        { NGINX_COMBINED, COMBINED_PARTS },
        { "%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\"", APACHE_PARTS " body" },
        { "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"", APACHE_PARTS },
        { "%v:%p %h %l %u %t \\\"%r\\\" %>s %O \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\"",
          "<skip:b>:<skip:b> " APACHE_PARTS },
        { "%h %l %u %t \"%r\" %>s %b",
          "<client:b> <skip:b> <skip:t> [<clf:#26>] \"<request:q>\" <status:b> <bytes:$> body" },
        { NGINX_COMBINED " \"$http_x_forwarded_for\"",
          "<client:b> - <skip:t> [<clf:#26>] \"<request:q>\" <status:b> <bytes:b> \"<skip:q>\" \"<agent:q>\" "
          "\"<forwarded:q>\" body" },
        { "$time_iso8601|$request_method|$scheme://$host$request_uri|$status|$bytes_sent|$http_range",
          "<iso:#25>|<method:b>|<skip:b>://<target:b url>|<status:b>|<bytes:b>|<range:$>" },
        { "%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t %a %m %U%q %s %B %{c}a",
          "<year:#4>-<month:#2>-<day:#2>T<hour:#2>:<minute:#2>:<second:#2>.<fraction:#3><zone:#5> <client:b> <method:b> "
          "<uri:t> <status:b> <bytes:b> <skip:$> body" },
        { "[%{%d/%b/%Y %T %z}t] %r", "[<day:#2>/<Month:#3>/<year:#4> <hour:#2>:<minute:#2>:<second:#2> <zone:#5>] <request:$>" },
        { "%{begin:msec}t %{end:usec}t \"%r\"", "<millis:b> <skip:b> \"<request:q>\"" },
    };

    (void)state;
    check_good(cases, ARRAY_LEN(cases));
}

static void
it_may_be_pasted_with_what_stands_around_it(void **state)
{
#define SHORT       "$msec \"$request\""
#define SHORT_PARTS "<seconds:b> \"<request:q>\""
    static const struct good cases[] = {
        { "'" SHORT "'", SHORT_PARTS },
        { "\"$msec \\\"$request\\\"\"", SHORT_PARTS },
        { "  " SHORT " \r\n", SHORT_PARTS },
        { "log_format main '" SHORT "';", SHORT_PARTS },
        { "log_format  main\n    '$msec '\n    '\"$request\"' ;\n", SHORT_PARTS },
        { "log_format main \"$msec \" '\"$request\"';", SHORT_PARTS },
        { "log_format main $msec|$request_uri;", "<seconds:b>|<target:$>" },
        { "log_format main escape=json '{\"t\":$msec,\"u\":\"$request_uri\"}';",
          "{\"t\":<seconds:b>,\"u\":\"<target:q>\"} json" },
        { "escape=none $msec \"$request\"", "<seconds:b> \"<request:t>\" none" },
        { "escape=default '$msec' ' $uri'", "<seconds:b> <uri:$>" },
        { "escape=json {\"t\":\"${msec}\",\"u\":\"${request_uri}\"}", "{\"t\":\"<seconds:q>\",\"u\":\"<target:q>\"} json" },
        { "LogFormat \"%{sec}t \\\"%r\\\"\" mine", "<seconds:b> \"<request:q>\"" },
        { "logformat '%{sec}t %U' mine", "<seconds:b> <uri:$>" },
        { "LogFormat %{sec}t|%U mine", "<seconds:b>|<uri:$>" },
        { "\"$msec\" \"$uri\"", "\"<seconds:q>\" \"<uri:q>\"" }, /* quotes of the lines, not around the format */
        { "'$msec' - '$uri'", "'<seconds:b>' - '<uri:t>'" },
        { "$msec\\t$uri\t$status", "<seconds:b>\t<uri:t>\t<status:$>" },
        { "%{sec}t 100%% %U", "<seconds:b> 100% <uri:$>" },
        { "%{sec}t $x %U", "<seconds:b> $x <uri:$>" }, /* a '$' means nothing to Apache */
        { "$msec 5% $uri", "<seconds:b> 5% <uri:$>" },
    };

    (void)state;
    check_good(cases, ARRAY_LEN(cases));
}

static void
of_variables_for_the_same_the_best_is_used(void **state)
{
    static const struct good cases[] = {
        { "$time_local|$msec|$time_iso8601|$uri|$request", "<skip:#26>|<seconds:b>|<skip:#25>|<skip:t>|<request:$>" },
        { "$uri|$request_uri|$msec", "<skip:t>|<target:b>|<seconds:$>" },
        { "$bytes_sent $body_bytes_sent $msec $request_uri", "<skip:b> <bytes:b> <seconds:b> <target:$> body" },
        { "%s %>s %{sec}t %U", "<skip:b> <status:b> <seconds:b> <uri:$>" },
        { "%>s %s %{sec}t %U", "<status:b> <skip:b> <seconds:b> <uri:$>" },
        { "%h %a %{c}a %{sec}t %U", "<skip:b> <client:b> <skip:b> <seconds:b> <uri:$>" },
        { "%O %b %{sec}t %U", "<skip:b> <bytes:b> <seconds:b> <uri:$> body" },
        { "%t %{%Y-%m-%d}t %U", "[<clf:#26>] <skip:#4>-<skip:#2>-<skip:#2> <uri:$>" },
        { "%{%Y-%m-%d}t %{%m}t %b %{%b}t %U", "<year:#4>-<month:#2>-<day:#2> <skip:#2> <bytes:b> <skip:#3> <uri:$> body" },
        { "$remote_addr $realip_remote_addr $msec $uri", "<client:b> <skip:b> <seconds:b> <uri:$>" },
        { "$proxy_protocol_addr $realip_remote_addr $msec $uri", "<skip:b> <client:b> <seconds:b> <uri:$>" },
        { "$geoip_country_code $geoip2_data_country_iso_code $geoip_city $msec $uri",
          "<country:b> <skip:b> <skip:t> <seconds:b> <uri:$>" },
        { "%{GEOIP_COUNTRY_CODE}e %{user-agent}i| %{x-forwarded-for}i|%{Content-Range}o|%{range}i|%{sec}t %U",
          "<country:b> <agent:t>| <forwarded:l>|<content-range:t>|<range:t>|<seconds:b> <uri:$>" },
    };

    (void)state;
    check_good(cases, ARRAY_LEN(cases));
}

static void
neighbours_that_are_one_value_may_touch(void **state)
{
    static const struct good cases[] = {
        { "$uri$is_args$args $msec", "<uri:t> <seconds:$>" },
        { "$host$uri $msec", "<uri:t url> <seconds:$>" },
        { "$host:$server_port$request_uri $msec", "<skip:b>:<target:b url> <seconds:$>" },
        { "%v%U%q %{sec}t", "<uri:t url> <seconds:$>" },
        { "$is_args$args $msec $uri", "<skip:t> <seconds:b> <uri:$>" },
        { "$pipe$time_iso8601$request", "<skip:#1><iso:#25><request:$>" },
        { "%{%Y%m%d%H%M%S}t %U", "<year:#4><month:#2><day:#2><hour:#2><minute:#2><second:#2> <uri:$>" },
        { "%400,501{User-agent}i|%!200,304,302{Referer}i|%{X}^ti|%^FB|%{us}T|%{remote}p|%<s %{VERSION}x %{sec}t %U",
          "<agent:t>|<skip:t>|<skip:t>|<skip:b>|<skip:b>|<skip:b>|<status:b> <skip:t> <seconds:b> <uri:$>" },
    };

    (void)state;
    check_good(cases, ARRAY_LEN(cases));
}

struct bad {
    const char *text;
    size_t      at; /* of the caret, from 0 */
    const char *cause, *hint;
};

/* The column of the caret in the last line of the cause, and the text above it. */
static size_t
caret(const char *cause, char shown[128])
{
    const char *line = strchr(cause, '\n'), *last;

    assert_non_null(line);
    last = strchr(line + 1, '\n');
    assert_non_null(last);
    snprintf(shown, 128, "%.*s", (int)(last - line - 1), line + 1);
    assert_int_equal(last[strlen(last) - 1], '^');
    return strlen(last + 1) - 1;
}

static void
what_cannot_be_read_is_pointed_at(void **state)
{
    static const struct bad cases[] = {
        { "$remote_adr $msec $uri", 0, "no variable $remote_adr", "did you mean $remote_addr?" },
        { "$msec $uri $upstrem", 11, "no variable $upstrem", "of your own (set, map, geo) is written $skip" },
        { "$msec $uri ${stats}", 11, "no variable $stats", "did you mean $status?" },
        { "$msec $uri ${status", 11, "brace", "${name}" },
        { "$msec ~~ $nosuch", 9, "$msec ~~ $nosuch", "" }, /* shown as it is */
        { "$msec $uri $", 11, "without a name", "$name" },
        { "$msec $uri $-", 11, "without a name", "$name" },
        { "$http_ $msec $uri", 0, "no variable $http_", "" },
        { "$remote_addr$msec $uri", 12, "where $remote_addr ends", "blank or a quote" },
        { "$msec $args$uri", 11, "where $args ends", "" },
        { "$msec $request_time$pipe $uri", 19, "where $request_time ends", "" },
        { "$msec $request_method$uri", 21, "where $request_method ends", "" },
        { "%{sec}t %m%U", 10, "where %m ends", "" },
        { "%{sec}t%U", 7, "where %{sec}t ends", "" },
        { "$msec $request $status", 6, "nothing but a blank", "in double quotes" },
        { "%{sec}t %U %{User-Agent}i %s", 11, "nothing but a blank", "in double quotes" },
        { "escape=none $msec $request $status", 18, "nothing but a blank", "in double quotes" },
        { "$remote_addr \"$request\"", 23, "no time", "[$time_local]" },
        { "%h \"%r\"", 7, "no time", "%t" },
        { "$remote_addr $msec", 18, "no path", "\"$request\"" },
        { "%h %t %m", 8, "no path", "\\\"%r\\\"" },
        { "%{%H:%M}t %U", 12, "without year, month and day", "" },
        { "%{%Y-%m}t %U", 12, "without year, month and day", "" },
        { "%{msec_frac}t %U", 16, "without year, month and day", "" },
        { "combined", 0, "no variable", "%h %l" },
        { "''", 2, "no variable", "" },
        { "LogFormat", 9, "no time", "%t" },
        { "%h %t %Z %U", 6, "no such directive", "mod_log_config" },
        { "%h %t %M %U", 6, "no such directive", "did you mean %m?" },
        { "%h %t %U %", 9, "without a letter", "%%" },
        { "%h %t %U %>", 9, "without a letter", "%%" },
        { "%h %t %U %{x", 10, "brace", "" },
        { "%h %t %U %^f", 9, "without a letter", "" },
        { "%{%Y-%m-%d %I:%M}t %U", 12, "twelve", "%H" },
        { "%{%d.%m.%y}t %U", 9, "two digits", "%Y" },
        { "%{%Y-%m-%d %Z}t %U", 12, "zone's name", "%z" },
        { "%{%Q}t %U", 3, "conversion of strftime", "%Y %m" },
        { "%{%Y-%}t %U", 5, "without a letter", "%%" },
        { "log_format main '$msec $uri", 16, "quote is not closed", "" },
        { "log_format main '$msec $uri'; log_format b '$msec'", 29, "behind the ';'", "one log_format" },
        { "log_format main escape=yes '$msec $uri'", 23, "no such escaping", "escape=json" },
        { "LogFormat \"%t %U\" common more", 18, "behind the format", "" },
        { "$msec\n$uri", 5, "control byte", "one line" },
        { "$msec\x01$uri", 5, "control byte", "" },
        { "$msec\x7f$uri", 5, "control byte", "" },
        { "$msec\\n$uri", 5, "line feed", "one line" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log_format f;
        struct arena arena;
        struct err err = { 0 };
        char shown[128];
        enum st rc;

        arena_init(&arena, SIZE_MAX);
        rc = log_format_compile(&f, slice_of(cases[i].text), &arena, &err);
        if (rc != ST_USAGE || strstr(err.cause, cases[i].cause) == NULL || strstr(err.hint, cases[i].hint) == NULL)
            fail_msg("%s\n  %d: %s\n  %s", cases[i].text, (int)rc, err.cause, err.hint);
        if (caret(err.cause, shown) != cases[i].at)
            fail_msg("%s\n  %s", cases[i].text, err.cause);
        arena_release(&arena);
    }
}

/* Of a long string a part is shown, and the caret stands under the place in it. */
static void
a_long_string_is_shown_around_the_place(void **state)
{
    char text[LOG_FORMAT_BYTES_MAX + 1], shown[128];
    struct err err = { 0 };
    struct log_format f;
    struct arena arena;

    (void)state;
    arena_init(&arena, SIZE_MAX);
    for (size_t at = 0; at + 16 < sizeof text; at += 97) {
        memset(text, 'x', sizeof text);
        memcpy(text + at, "$nosuch ", 8);
        assert_int_equal(log_format_compile(&f, (struct slice){ text, LOG_FORMAT_BYTES_MAX }, &arena, &err), ST_USAGE);
        assert_true(strlen(err.cause) < sizeof err.cause - 1); /* not cut */
        assert_memory_equal(shown + caret(err.cause, shown), "$nosuch", 7);
    }
    assert_int_equal(log_format_compile(&f, (struct slice){ text, sizeof text }, &arena, &err), ST_USAGE);
    assert_non_null(strstr(err.cause, "4097 bytes"));
    assert_int_equal(log_format_compile(&f, SLICE(""), &arena, &err), ST_USAGE);
    arena_release(&arena);
}

static void
too_many_variables_are_refused(void **state)
{
    struct buf b = { 0 };
    struct err err = { 0 };
    struct log_format f;
    struct arena arena;

    (void)state;
    arena_init(&arena, SIZE_MAX);
    buf_text(&b, "$msec $uri");
    for (int i = 2; i < LOG_FORMAT_PARTS_MAX; i++)
        buf_text(&b, " $skip");
    assert_int_equal(log_format_compile(&f, (struct slice){ b.p, b.n }, &arena, &err), ST_OK);
    assert_int_equal(f.n_parts, LOG_FORMAT_PARTS_MAX);
    buf_text(&b, " $skip");
    assert_int_equal(log_format_compile(&f, (struct slice){ b.p, b.n }, &arena, &err), ST_USAGE);
    assert_non_null(strstr(err.cause, "too many variables"));
    buf_reset(&b);
    for (int i = 0; i < 900; i++)
        buf_text(&b, "%t %T"); /* brackets that the server adds */
    assert_int_equal(log_format_compile(&f, (struct slice){ b.p, LOG_FORMAT_BYTES_MAX }, &arena, &err), ST_USAGE);
    buf_release(&b);
    arena_release(&arena);
}

/* Strings made of pieces of strings: whatever they are, an answer, and a part behind every variable. */
static void
any_string_gives_parts_or_a_reason(void **state)
{
    static const char *const pieces[] = { "$", "%", "{", "}", "msec", "uri", "request", "t", "U", "r", "\"", "'", "\\", " ",
        "[", "]", "%Y", "%T", "sec", "^", "ti", ">", "$http_a", "%{", "}i", "}t", "\t", "log_format ", "LogFormat ",
        "escape=json ", ";", "host", "is_args", "%q", "%%", "\n", "\x80", "$status" };
    uint64_t x = 88172645463325252u;
    size_t good = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[256] = "$msec $uri ";
        size_t n = round % 3 == 0 ? 11 : 0;
        struct log_format f;
        struct arena arena;
        struct err err = { 0 };

        for (int k = 0; k < 12; k++) {
            const char *piece;

            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            piece = pieces[(x >> 33) % ARRAY_LEN(pieces)];
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
        }
        arena_init(&arena, SIZE_MAX);
        if (log_format_compile(&f, (struct slice){ text, n }, &arena, &err) == ST_OK) {
            good++;
            for (size_t i = 0; i < f.n_parts; i++)
                assert_true(f.parts[i].after.n > 0 || f.parts[i].width > 0 || i + 1 == f.n_parts);
        } else {
            assert_int_equal(err.code, ST_USAGE);
            assert_true(err.cause[0] != '\0' && err.hint[0] != '\0');
        }
        arena_release(&arena);
    }
    assert_true(good > 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_servers_document_is_read),
        cmocka_unit_test(it_may_be_pasted_with_what_stands_around_it),
        cmocka_unit_test(of_variables_for_the_same_the_best_is_used),
        cmocka_unit_test(neighbours_that_are_one_value_may_touch),
        cmocka_unit_test(what_cannot_be_read_is_pointed_at),
        cmocka_unit_test(a_long_string_is_shown_around_the_place),
        cmocka_unit_test(too_many_variables_are_refused),
        cmocka_unit_test(any_string_gives_parts_or_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
