/* Lines that are like one before them are read as the general way reads them, and all others are left to it. */
#include "format_test.h"
#include "json_pattern.h"

static struct format quick, general;
static size_t n_quick;

/* Counts what goes the quick way. */
static size_t
counted(struct parser *p, struct record *out, size_t max)
{
    size_t n = general.quick(p, out, max);

    n_quick += n;
    return n;
}

static size_t
same_both_ways(const struct buf *log)
{
    struct slice text = { log->p, log->n };
    struct format slow = general;
    char *want, *got;

    slow.quick = NULL;
    n_quick = 0;
    want = parse_text(&slow, text);
    got = parse_text(&quick, text);
    if (strcmp(got, want) != 0)
        fail_msg("log: %.*s\nwant: %s\ngot:  %s", (int)text.n, text.p, want, got);
    free(want);
    free(got);
    return n_quick;
}

#define ONE_OF(texts) ((texts)[next_random() % ARRAY_LEN(texts)])

/* %s: a string, %d: a number, %v: anything. */
static const char *const shapes[] = {
    "{\"bytes\":%d,\"date_time\":%t,\"http\":{\"protocol\":%s,\"useragent\":%s},\"ip\":%s,\"method\":%s,\"status\":%d,\"url\":%s}",
    "{\"date_time\": %t, \"method\": %s, \"status\": %d, \"url\": %s, \"bytes\": %d }",
    "{\"date_time\":%t,\"method\":%s,\"url\":%s,\"x\":{\"url\":%s,\"y\":{\"status\":%d}},\"status\":%d}",
    "{\"http\":{\"useragent\":%s},\"date_time\":%t,\"method\":%s,\"url\":%s,\"status\":%d,\"http\":{\"a\":%s}}",
    "{\"url\":%s,\"url\":%s,\"date_time\":%t,\"method\":%s,\"status\":%d}",
    "{\"date_time\":%t,\"method\":%s,\"url\":%s,\"status\":%d,\"http\":%v,\"http.useragent\":%s,\"version\":%v}",
    "{\"date_time\":%t,\"ip\":%v,\"method\":%s,\"url\":%s,\"http\":{\"useragent\":%v,\"x\":%s},\"bytes\":%v,\"status\":%d}",
    "{\"date_time\":%t,\"method\":%s,\"url\":%s,\"status\":%d,\"a long key that no literal holds, as it has 40\":%s}",
    "{\"date_time\":%t,\"met\\u0068od\":%s,\"url\":%s,\"status\":%d,\"\\t\":{},\"bytes\":%d}",
    "{\"date_time\":%t,\"method\":%s,\"url\":%s,\"status\":%d,\"bytes\":%d,\"more\":[%d,%s]}",
    "{}",
};
static const char *const strings[] = {
    "\"GET\"", "\"/crates/a/a-1.0.0.crate\"", "\"https://h/a\"", "\"\"", "\"192.0.2.7\"", "\"1\"", "\"cargo/1.75.0 (x; y)\"",
};
static const char *const odd_strings[] = {
    "\"\\u0047ET\"", "\"a\\\\\"", "\"a\\\"b\"", "\"\t\"", "\"a", "null", "1", "\"\xff\"", "\"a\"\"b\"", "\"a\", \"status\":200, \"b\":\"c\"",
};
static const char *const numbers[] = { "200", "206", "42", "9", "1234567" };
static const char *const odd_numbers[] = {
    "0", "-1", "007", "12345678", "9223372036854775807", "9223372036854775808", "1.5", "1e3", "null", "\"200\"", "", "2 0", "2x", "true", "{}",
};
static const char *const times[] = { "\"2024-01-16T10:00:00.123456789Z\"", "\"2024-01-16T10:00:01Z\"", "\"2024-01-17T00:00:00.5Z\"" };
static const char *const odd_times[] = { "\"2024-02-30T10:00:00Z\"", "\"2024-01-16\"", "1", "\"2024\\u002d01-16T10:00:00Z\"" };
static const char *const anything[] = { "null", "true", "[]", "{}", "{\"useragent\":\"x\"}", "\"1\"", "1", "{\"useragent\":[1]}" };

/* `odd` of a hundred values are of a kind that is not usual. */
static void
add_object(struct buf *log, const char *shape, unsigned odd)
{
    for (const char *p = shape; *p != '\0'; p++) {
        bool is_odd = next_random() % 100 < odd;

        if (*p != '%') {
            buf_add(log, p, 1);
            continue;
        }
        switch (*++p) {
        case 's': buf_printf(log, "%s", is_odd ? ONE_OF(odd_strings) : ONE_OF(strings)); break;
        case 'd': buf_printf(log, "%s", is_odd ? ONE_OF(odd_numbers) : ONE_OF(numbers)); break;
        case 't': buf_printf(log, "%s", is_odd ? ONE_OF(odd_times) : ONE_OF(times)); break;
        default: buf_printf(log, "%s", is_odd ? ONE_OF(anything) : "\"1\""); break;
        }
    }
}

static void
add_line(struct buf *log, const char *shape, const char *head, unsigned odd)
{
    static const char some[] = "\"\\\n\r\t {}:,0x9\xff";
    size_t from = log->n;

    buf_printf(log, "%s", head);
    add_object(log, shape, odd);
    if (next_random() % 100 < odd)
        log->p[from + next_random() % (log->n - from)] = some[next_random() % (sizeof some - 1)];
    buf_printf(log, "%s\n", next_random() % 200 < odd ? "\r" : "");
}

#define CLASSIC "<134>2024-01-16T00:00:00Z cache-fra1 s3[257]: "

static const char *const heads[] = { "", CLASSIC, "<9>2024-01-16T00:00:00Z h t: ", "<134>1 2024-01-16T00:00:00Z h a 1 - - ",
                                     "<134>2024-01-16T00:00:00Z \"h\" t: ", "<134>2024-01-16T00:00:00Z h: " };

static void
alike_lines_go_the_quick_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            struct buf log = { 0 };

            for (int line = 0; line < 100; line++)
                add_line(&log, shapes[i], heads[k], 0);
            if (same_both_ways(&log) < 80)
                fail_msg("%zu %zu: %zu lines", i, k, n_quick);
            buf_release(&log);
        }
}

/* A key twice, an object with no end of depth, an array, a long key, escapes in keys: such lines have no pattern. */
static void
others_never_do(void **state)
{
    (void)state;
    for (size_t i = 3; i < ARRAY_LEN(shapes); i++) {
        struct buf log = { 0 };

        for (int line = 0; line < 100; line++)
            add_line(&log, shapes[i], "", 0);
        same_both_ways(&log);
        if (n_quick > 0 && strstr(shapes[i], "%v") == NULL)
            fail_msg("%zu: %zu lines", i, n_quick);
        buf_release(&log);
    }
}

/* Whatever stands at one place in all lines, as a program would write that means it. */
static void
any_value_anywhere_reads_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        for (const char *p = strchr(shapes[i], '%'); p != NULL; p = strchr(p + 2, '%'))
            for (size_t k = 0; k < ARRAY_LEN(anything); k++) {
                struct buf log = { 0 }, shape = { 0 };

                buf_printf(&shape, "%.*s%s%s", (int)(p - shapes[i]), shapes[i], anything[k], p + 2);
                for (int line = 0; line < 20; line++)
                    add_line(&log, buf_str(&shape), "", 0);
                same_both_ways(&log);
                buf_release(&log);
                buf_release(&shape);
            }
}

static void
random_logs_read_the_same(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct buf log = { 0 };
        const char *shape = ONE_OF(shapes), *head = ONE_OF(heads);
        unsigned odd = (unsigned)round % 4 * 4;

        for (size_t n = 20 + next_random() % 100; n > 0; n--) {
            if (next_random() % 16 == 0)
                shape = ONE_OF(shapes);
            add_line(&log, shape, next_random() % 16 == 0 ? ONE_OF(heads) : head, odd);
        }
        log.n -= next_random() % 60;
        same_both_ways(&log);
        buf_release(&log);
    }
}

static int
set_up(void **state)
{
    (void)state;
    general = quick = *the_format("fastly");
    quick.quick = counted;
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_lines_go_the_quick_way),
        cmocka_unit_test(others_never_do),
        cmocka_unit_test(any_value_anywhere_reads_the_same),
        cmocka_unit_test(random_logs_read_the_same),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
