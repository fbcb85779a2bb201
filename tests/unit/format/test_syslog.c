/* Syslog heads: each of them before each kind of line, what only looks like one, and which lines are looked at. */
#include "format_test.h"
#include "syslog.h"

static void
message_is(const char *line, bool bare, const char *want)
{
    char block[200 + BLOCK_SLACK] = "", text[200];
    struct slice got;

    snprintf(block, sizeof block - BLOCK_SLACK, "%s", line);
    got = syslog_message(slice_of(block), bare);
    snprintf(text, sizeof text, "%.*s", (int)got.n, got.p);
    if (strcmp(text, want) != 0)
        fail_msg("\"%s\"\n  message: \"%s\"\n  want:    \"%s\"", line, text, want);
}

#define BSD   "Mar  1 00:00:01"
#define ISO   "2024-03-01T00:00:01.5+01:00"
#define NEW   "<134>1 2024-03-01T00:00:01Z host app 7 - "

static void
heads_are_cut_off(void **state)
{
    static const char *const heads[] = {
        "<134>" ISO " host tag[7]: ", "<134>" ISO " host tag: ", "<1>" ISO " tag: ", "<190>" BSD " host nginx: ",
        "<190>Dec 31 00:00:01 nginx: ", NEW "- ", NEW "[a b=\"c\"] ", NEW "[a b=\"]\\\"\\]\" c=\"d\"][e] ",
        NEW "- \xef\xbb\xbf", "129 " NEW "- ", "9999999 <134>" ISO " host tag[7]: ",
        "<134>1 - - - - - - ",
    };
    static const char *const bare[] = { BSD " host tag[1]: ", ISO " host tag[1]: ", "2024-03-01T00:00:01Z tag: " };
    static const char *const lines[] = { "x", "{\"a\":1}", "192.0.2.7 - - [", " x", "", "\"", "<", "a: b" };

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(lines); k++) {
        char text[200];

        for (size_t i = 0; i < ARRAY_LEN(heads) + ARRAY_LEN(bare); i++) {
            bool is_bare = i >= ARRAY_LEN(heads);

            snprintf(text, sizeof text, "%s%s", is_bare ? bare[i - ARRAY_LEN(heads)] : heads[i], lines[k]);
            message_is(text, true, lines[k]);
            message_is(text, false, is_bare ? text : lines[k]);
        }
    }
}

static void
what_only_looks_like_a_head_stays(void **state)
{
    static const char *const lines[] = {
        "", "<", "<134", "<134>", "<134> x", "<1340>" ISO " host tag: x", "<>" ISO " host tag: x", "<-1>" ISO " host tag: x",
        "<134>" ISO, "<134>" ISO " ", "<134>" ISO " host", "<134>" ISO " host tag x", "<134>" ISO " host tag:",
        "<134>" ISO " host : x", "<134> " ISO " host tag: x", "<134>2024-03-01 00:00:01 host tag: x",
        "<134>March 1 00:00:01 host tag: x", "<134>Mar 1 00:00:01 host tag: x", "<134>Mar  1 00:00:1  host tag: x",
        "<134>1 a b c", "<134>1 a b c d e - ", "<134>1 a b c d  - x", "<134>1 a b c d e f x", "<134>1 a b c d e [x",
        "<134>1 a b c d e [x \"] x", "<134>1 a b c d e -x", "<134>100 a b c d e - x", NEW "-", NEW "[a]x",
        "129<134>" ISO " host tag: x", "129  <134>" ISO " host tag: x", "0129 <134>" ISO " host tag: x",
        "12345678 <134>" ISO " host tag: x", "129 " BSD " host tag: x", "129 x", "129 ",
        "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET / HTTP/1.1\" 200 1",
        "2015-05-13T23:39:43.9Z lb 192.0.2.7:2817 10.0.0.1:80 0 0 0 200 200 0 29 \"GET http://x:80/ HTTP/1.1\" \"-\" - -",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (strstr(lines[i], " a b c d e - ") == NULL || lines[i][strlen(lines[i]) - 1] != ' ')
            message_is(lines[i], true, lines[i]);
    message_is("<134>1 a b c d e - ", true, "");
}

/* ---- in front of formats ---- */

#define COMMON "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42"
#define KEPT   "! counted 2024-03-01 0 us=1709251201000000 status=200 bytes=42 range=0 decodes=1 ok=0 " \
               "method=\"GET\" path=\"/a\" client=\"192.0.2.7\"\n"

static const struct text_case cases[] = {
    { "each_kind_in_one_log", "<134>" ISO " host tag[7]: " COMMON "\n" NEW "- " COMMON "\n129 " NEW "- " COMMON "\n"
      COMMON "\n" BSD " host nginx: " COMMON, "1" KEPT "2" KEPT "3" KEPT "4" KEPT "5" KEPT },
    { "empty_message", NEW "- \n", "1! blank - 0\n" },
    { "crlf", NEW "- " COMMON "\r\n", "1" KEPT },
    { "found_late", "\n\nx\n" COMMON "\n" NEW "- " COMMON "\n",
      "1! blank - 0\n2! blank - 0\n3! fields - 0\n4" KEPT "5" KEPT },
};

static void
formats_do_not_see_heads(void **state)
{
    (void)state;
    check_cases(the_format("common"), cases, ARRAY_LEN(cases));
}

/* A head that comes first in line 16 is seen, one that comes first in line 17 is not. */
static void
only_the_first_lines_are_looked_at(void **state)
{
    (void)state;
    for (int first = 15; first <= 18; first++) {
        struct buf log = { 0 };
        char *got;

        for (int i = 1; i < first; i++)
            buf_text(&log, i % 2 ? COMMON "\n" : "\n");
        buf_text(&log, "<134>" ISO " host x: " COMMON "\n");
        got = parse_text(the_format("common"), (struct slice){ log.p, log.n });
        if ((strstr(got, "client=\"<134>") == NULL) != (first <= 16))
            fail_msg("head in line %d: %s", first, got);
        free(got);
        buf_release(&log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_cut_off),
        cmocka_unit_test(what_only_looks_like_a_head_stays),
        cmocka_unit_test(formats_do_not_see_heads),
        cmocka_unit_test(only_the_first_lines_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
