/* One suite over every format: its examples, the contract of records, and which format an input is of. */
#include "format_test.h"

static const char *
last_line(const char *log)
{
    const char *feed = strrchr(log, '\n');

    return feed == NULL ? log : feed + 1;
}

static void
check_example(const struct format *f, const struct format_example *e)
{
    struct record records[64];
    struct parser p;
    struct err err;
    struct buf b = { 0 };
    size_t n, first = 64;

    buf_text(&b, e->line);
    buf_reserve(&b, BLOCK_SLACK);
    assert_int_equal(parser_init(&p, f, NULL, &err), ST_OK);
    parser_feed(&p, &(struct block){ .p = b.p, .n = b.n, .first_line_no = 1 });
    assert_int_equal(parser_next(&p, records, 64, &n, &err), ST_OK);
    for (size_t i = 0; i < n; i++)
        if (records[i].first)
            first = i;
    assert_true(first < n);
    if (records[first].why != e->why)
        fail_msg("%s: %s: is %s, not %s", f->name, last_line(e->line), reason_name(records[first].why), reason_name(e->why));
    if (e->why == KEEP) {
        assert_int_equal(records[first].status, e->status);
        assert_int_equal(records[first].bytes, e->bytes);
    }
    parser_release(&p);
    buf_release(&b);
}

static void
examples_are_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        assert_true(formats[i]->n_examples > 0);
        for (size_t k = 0; k < formats[i]->n_examples; k++)
            check_example(formats[i], &formats[i]->examples[k]);
    }
}

static void
examples_are_the_same_however_they_are_fed(void **state)
{
    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        struct buf all = { 0 }, crlf = { 0 };
        char *a, *b;

        for (size_t k = 0; k < formats[i]->n_examples; k++) {
            buf_text(&all, formats[i]->examples[k].line);
            buf_text(&all, k % 2 ? "\n" : "\n\n");
        }
        for (size_t k = 0; k < all.n; k++) {
            if (all.p[k] == '\n')
                buf_text(&crlf, "\r");
            buf_add(&crlf, all.p + k, 1);
        }
        a = parse_text(formats[i], (struct slice){ all.p, all.n });
        b = parse_text(formats[i], (struct slice){ crlf.p, crlf.n });
        assert_string_equal(a, b);
        free(a);
        free(b);
        buf_release(&all);
        buf_release(&crlf);
    }
}

static void
a_byte_order_mark_belongs_to_no_line(void **state)
{
    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        for (size_t k = 0; k < formats[i]->n_examples; k++) {
            const struct format *with = NULL, *without = NULL;
            struct buf marked = { 0 };
            struct err err;
            char *a, *b;
            int score;

            buf_text(&marked, "\xef\xbb\xbf");
            buf_text(&marked, formats[i]->examples[k].line);
            buf_text(&marked, "\n");
            a = parse_text(formats[i], (struct slice){ marked.p + 3, marked.n - 3 });
            b = parse_text(formats[i], (struct slice){ marked.p, marked.n });
            assert_string_equal(a, b);
            (void)format_sniff((struct slice){ marked.p + 3, marked.n - 3 }, &without, &score, &err);
            (void)format_sniff((struct slice){ marked.p, marked.n }, &with, &score, &err);
            assert_ptr_equal(with, without);
            free(a);
            free(b);
            buf_release(&marked);
        }
    }
}

static void
every_format_is_complete_and_named_once(void **state)
{
    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        const struct format *f = formats[i];

        assert_ptr_equal(format_by_name(f->name), f);
        assert_non_null(f->about);
        assert_non_null(f->dataset);
        assert_non_null(f->sniff);
        assert_true((f->line != NULL) != (f->block != NULL));
    }
    assert_null(format_by_name("klingon"));
    assert_null(format_by_name(""));
}

/* Rubbish of every kind: each line has its record, and nothing reads where it must not (the sanitizers watch). */
static void
rubbish_has_its_records(void **state)
{
    static const char alphabet[] = "\n\r\t \"\\[]{}:,#-+0129.eEtrufalsn/\x80\xff\x01";
    uint64_t x = 88172645463325252u;
    char log[2000];

    (void)state;
    for (int round = 0; round < 300; round++) {
        for (size_t i = 0; i < sizeof log; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            log[i] = alphabet[(x >> 33) % (sizeof alphabet)];
        }
        for (size_t i = 0; formats[i] != NULL; i++) {
            struct buf b = { 0 };
            struct err err;
            enum st rc;

            parse(formats[i], (struct slice){ log, sizeof log }, PLAINLY, &b, &rc, &err);
            assert_true(rc == ST_OK || rc == ST_FORMAT);
            buf_release(&b);
        }
    }
}

/* ---- sniffing ---- */

#define COMBINED "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42 \"-\" \"curl/8\"\n"
#define COMMON   "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42\n"
#define FASTLY                                                                                    \
    "<134>2024-01-16T10:00:00Z cache-fra1 s3-request-logs[1]: {\"date_time\":\"2024-01-16T10:00:00Z\"," \
    "\"method\":\"GET\",\"url\":\"/a\",\"status\":200,\"version\":\"1\"}\n"
#define SYSLOG "<134>2024-01-16T10:00:00Z cache-fra1 s3-request-logs[1]: "
#define FAILED                                                                                    \
    "{\"service\":\"fdsnws-dataselect\",\"userID\":1,\"userLocation\":{},\"status\":\"NODATA\"," \
    "\"finished\":\"2024-01-16T10:00:00Z\"}\n"
#define OLD_FAILED "{\"userID\":1,\"userLocation\":{},\"status\":\"ERROR\",\"finished\":\"2024-01-16T10:00:00Z\"}\n"
#define FOREIGN_JSON "{\"time\":\"2024-01-16T10:00:00Z\",\"status\":200,\"path\":\"/a\"}\n"
#define JOB_JSON "{\"finished\":\"2024-01-16T10:00:00Z\",\"status\":\"OK\",\"job\":7}\n"
#define EVENT_JSON \
    "{\"service\":\"other\",\"userID\":1,\"userLocation\":{},\"status\":\"OK\",\"finished\":\"2024-01-16T10:00:00Z\"}\n"

static void
beginnings_are_recognised(void **state)
{
    static const struct {
        const char *head, *name;
        int score;
    } cases[] = {
        { "#Version: 1.0\n#Fields: date\n", "cloudfront", 100 },
        { "#Fields: date time\n2024", "cloudfront", 100 },
        { COMBINED COMBINED, "combined", 100 },
        { "\n" COMBINED "\n\n", "combined", 100 },
        { COMMON, "common", 100 },
        { COMMON COMMON COMBINED, "common", 66 },
        { FASTLY FASTLY, "fastly", 100 },
        { FASTLY "<134>\n" FASTLY FAILED, "fastly", 50 },
        { FASTLY SYSLOG COMBINED FASTLY, "fastly", 66 },
        { FAILED FAILED, "fdsnws", 100 },
        { OLD_FAILED, "fdsnws", 100 },
        { FAILED "rubbish\n", "fdsnws", 50 },
        { COMBINED COMBINED COMBINED "rubbish\n", "combined", 75 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct format *f = NULL;
        struct err err;
        int score = 0;

        assert_int_equal(format_sniff(slice_of(cases[i].head), &f, &score, &err), ST_OK);
        assert_string_equal(f->name, cases[i].name);
        assert_int_equal(score, cases[i].score);
    }
}

static void
what_is_not_known_is_refused(void **state)
{
    static const struct {
        struct slice head;
        const char *cause;
    } cases[] = {
        { SLICE(""), "no known format fits" },
        { SLICE("\n\n\n"), "no known format fits" },
        { SLICE("\x1f\x8b\x08\x00\x00\xff\n\x80\x81\n"), "no known format fits" },
        { SLICE("Gr\xc3\xbc\xc3\x9f Gott\nund Servus\n"), "no known format fits" },
        { SLICE(FOREIGN_JSON FOREIGN_JSON), "no known format fits" },
        { SLICE(JOB_JSON JOB_JSON), "no known format fits" },
        { SLICE(EVENT_JSON), "no known format fits" },
        { SLICE(SYSLOG FAILED SYSLOG FAILED), "no known format fits" }, /* a syslog head alone makes no Fastly log */
        { SLICE(SYSLOG "GET /a 200\n"), "no known format fits" },
        { SLICE(FASTLY FAILED), "\"fastly\" and \"fdsnws\"" },
        { SLICE("# Version: 1.0\n"), "no known format fits" },
        { SLICE(COMBINED "a\nb\nc\n"), "\"combined\", with 25 of 100" },
        { SLICE(COMBINED COMMON), "\"combined\" and \"common\"" },
        { SLICE(COMMON FAILED), "\"common\" and \"fdsnws\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct format *f = NULL;
        struct err err;
        int score = 0;

        assert_int_equal(format_sniff(cases[i].head, &f, &score, &err), ST_FORMAT);
        assert_null(f);
        assert_int_equal(err.code, ST_FORMAT);
        if (strstr(err.cause, cases[i].cause) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.cause, cases[i].cause);
        assert_non_null(strstr(err.hint, "cloudfront, combined, common, fastly, fdsnws"));
    }
}

static void
share_counts_lines_that_are_not_rejected(void **state)
{
    (void)state;
    assert_int_equal(format_share(the_format("combined"), SLICE(COMBINED COMBINED COMMON)), 66);
    assert_int_equal(format_share(the_format("combined"), SLICE("")), 0);
    assert_int_equal(format_share(the_format("cloudfront"), SLICE("2024-01-01\tGET\n")), 0);
    assert_int_equal(format_share(the_format("cloudfront"),
        SLICE("#Fields: date cs-method cs-uri-stem sc-status\n2024-01-01\tGET\t/\t200\nx\n")), 50);
    assert_int_equal(format_share(the_format("fdsnws"), SLICE(EVENT_JSON)), 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_what_they_say),
        cmocka_unit_test(examples_are_the_same_however_they_are_fed),
        cmocka_unit_test(a_byte_order_mark_belongs_to_no_line),
        cmocka_unit_test(every_format_is_complete_and_named_once),
        cmocka_unit_test(rubbish_has_its_records),
        cmocka_unit_test(beginnings_are_recognised),
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(share_counts_lines_that_are_not_rejected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
