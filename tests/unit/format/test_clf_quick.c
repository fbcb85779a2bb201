/* Lines of the usual shape are read as the general way reads them, and all others are left to it. */
#include "clf_quick.h"
#include "format_test.h"

#define TIME  "[01/Mar/2024:00:00:01 +0000]"
#define USUAL "192.0.2.7 - - " TIME " \"GET /a HTTP/1.1\" 200 42 \"-\" \"ua\""

/* `combined` without a look for syslog heads, which is what keeps the first lines of a log from the quick way. */
static struct format quick, general;

static void
same_both_ways(struct slice log)
{
    char *want = parse_text(&general, log), *got = parse_text(&quick, log);

    if (strcmp(got, want) != 0)
        fail_msg("log: %.*s\nwant: %s\ngot:  %s", (int)log.n, log.p, want, got);
    free(want);
    free(got);
}

/* How many lines of `log` go the quick way before one does not. */
static size_t
quick_ones(struct slice log)
{
    static struct record records[256];
    char *copy = malloc(log.n + BLOCK_SLACK);
    struct parser p;
    struct err err;
    size_t n;

    memcpy(copy, log.p, log.n);
    memset(copy + log.n, '\n', BLOCK_SLACK);
    memset(records, 0xaa, sizeof records); /* no byte of them is taken for granted */
    assert_int_equal(parser_init(&p, &quick, NULL, &err), ST_OK);
    parser_feed(&p, &(struct block){ .p = copy, .n = log.n, .first_line_no = 1 });
    n = clf_quick(&p, records, ARRAY_LEN(records));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(records[i].why, KEEP);
        assert_int_equal(records[i].line_no, i + 1);
        assert_null(records[i].given);
        assert_null(records[i].marked.p);
    }
    parser_release(&p);
    free(copy);
    return n;
}

static const struct {
    const char *line;
    size_t      quick; /* is it of the usual shape? */
} lines[] = {
    { USUAL, 1 },
    { USUAL "\r", 1 },
    { USUAL " 0.003 \"more\" \\", 1 },
    { USUAL " ", 1 },
    { USUAL " \r", 1 },
    { USUAL "x", 0 },
    { USUAL "\r\r", 0 },
    { USUAL "\rx", 0 },
    { "2001:db8:1234:1234:1234:1234:1234:1234 - - " TIME " \"HEAD /a HTTP/2.0\" 304 0 \"http://a/\" \"\"", 1 },
    { " - - " TIME " \"GET /a\" 999 99999999 \"\" \"\"", 1 },
    { "x - - " TIME " \"\" 200 00000042 \"-\" \"-\"", 1 },
    { "x - - " TIME " \"GET  HTTP/1.1\" 200 1 \"-\" \"-\"", 1 },
    { "x - - " TIME " \"GET /a HTTP/1.1 \" 200 1 \"-\" \"-\"", 1 },
    { "x - - " TIME " \"GET /a b HTTP/10.10\" 200 1 \"-\" \"-\"", 1 },
    { "x - - " TIME " \"GET /a HTTP/2\" 200 1 \"-\" \"-\"", 1 },
    { "x - - " TIME " \"GET /a HTTP/ .1\" 200 1 \"-\" \"-\"", 1 },
    { "x - - " TIME " \"GET /a\" 200 123456789 \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 200 - \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 200  \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 200 4 2 \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 200 4: \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" - 42 \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 20 42 \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 2000 42 \"-\" \"-\"", 0 },
    { "x y - - " TIME " \"GET /a\" 200 42 \"-\" \"-\"", 0 },
    { "x\" - - " TIME " \"GET /a\" 200 42 \"-\" \"-\"", 0 },
    { "x - u " TIME " \"GET /a\" 200 42 \"-\" \"-\"", 0 },
    { "x - - [31/Feb/2024:00:00:01 +0000] \"GET /a\" 200 42 \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /\\\"a\" 200 42 \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /\\\" 200 42 \"-\" \"-\" \"", 0 },
    { "x - - " TIME " \"GET /a\" 200 42 \"\\\" \"-\" \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 200 42 \"-\" \"\\\\\"", 0 },
    { "x - - " TIME " \"GET /a\" 200 42 \"-\"  \"-\"", 0 },
    { "x - - " TIME " \"GET /a\" 200 42 \"-\" \"-", 0 },
    { "x - - " TIME " \"GET /a\" 200 42", 0 },
    { "", 0 },
    { "\r", 0 },
    { "\"\"\"\"\"\"", 0 },
};

static void
each_line_goes_the_way_it_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct buf log = { 0 };

        buf_printf(&log, "%s\n%s\n" USUAL "\n", lines[i].line, lines[i].line);
        if (quick_ones((struct slice){ log.p, log.n }) != 3 * lines[i].quick)
            fail_msg("%s", lines[i].line);
        same_both_ways((struct slice){ log.p, log.n });
        same_both_ways((struct slice){ log.p, log.n - 1 });
        buf_release(&log);
    }
}

/* One of the lines above, mostly a good one, with a byte or two that are not its own. */
static void
add_line(struct buf *log, unsigned mutants)
{
    static const char some[] = "\"\\\n\r -0[]x9\xff";
    size_t from = log->n, n;

    buf_printf(log, "%s", lines[next_random() % 4 == 0 ? next_random() % ARRAY_LEN(lines) : 0].line);
    n = log->n - from;
    for (unsigned i = 0; i < 2 && n > 0; i++)
        if (next_random() % 100 < mutants)
            log->p[from + next_random() % n] = some[next_random() % (sizeof some - 1)];
    buf_add(log, "\n", 1);
}

static void
random_logs_read_the_same(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct buf log = { 0 };
        size_t n_lines = 1 + next_random() % 150;

        for (size_t i = 0; i < n_lines; i++)
            add_line(&log, (unsigned)round % 3 * 40);
        same_both_ways((struct slice){ log.p, log.n - next_random() % 40 % log.n });
        buf_release(&log);
    }
}

/* Lines that no index holds, and such as leave few marks in one: each is found all the same. */
static void
long_lines_and_few_marks(void **state)
{
    static const size_t lengths[] = { 1, 500, QUOTES_BYTES_MAX - 90, QUOTES_BYTES_MAX, 3 * QUOTES_BYTES_MAX };

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        struct buf log = { 0 };

        for (size_t k = 0; k < 30; k++) {
            size_t n = lengths[next_random() % ARRAY_LEN(lengths)];

            if (next_random() % 2 == 0)
                buf_printf(&log, "x - - " TIME " \"GET /%0*d\" 200 42 \"-\" \"-\"\n", (int)n, 0);
            else
                buf_printf(&log, "%0*d\n", (int)n, 0);
        }
        same_both_ways((struct slice){ log.p, log.n });
        buf_release(&log);
    }
}

static void
a_field_to_mark_is_marked(void **state)
{
    char *got = parse_marked(&quick, SLICE(USUAL "\n" USUAL " rest\n"), "rest"), *want;

    (void)state;
    want = parse_marked(&general, SLICE(USUAL "\n" USUAL " rest\n"), "rest");
    assert_string_equal(got, want);
    assert_non_null(strstr(got, "marked=\"rest\""));
    free(got);
    free(want);
}

static int
set_up(void **state)
{
    (void)state;
    quick = general = *the_format("combined");
    quick.own_heads = general.own_heads = true;
    general.quick = NULL;
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_goes_the_way_it_must),
        cmocka_unit_test(random_logs_read_the_same),
        cmocka_unit_test(long_lines_and_few_marks),
        cmocka_unit_test(a_field_to_mark_is_marked),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
