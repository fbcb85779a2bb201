/* What is said of a log whose format cannot be told: the two best, and the line that decides. */
#include "format_test.h"

#define COMBINED "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42 \"-\" \"curl/8\"\n"
#define COMMON   "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42\n"
#define HEAD     "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] "

static void
refusal(struct slice head, struct err *err)
{
    const struct format *f = NULL;
    int score = -1;

    memset(err, 0, sizeof *err);
    assert_int_equal(format_sniff(head, &f, &score, err), ST_FORMAT);
    assert_null(f);
    assert_int_equal(score, -1);
}

static void
the_line_that_decides_is_shown(void **state)
{
    static const struct {
        struct slice head;
        uint64_t line_no;
        const char *cause;
    } cases[] = {
        { SLICE(COMMON COMBINED), 1,
          "\"combined\" and \"common\" both fit 50 of 100 lines\nline 1, which only \"common\" reads: <client> - - [01/Mar" },
        { SLICE("\n\n" COMBINED COMBINED COMMON COMMON), 3, "\nline 3, which only \"combined\" reads: <client>" },
        { SLICE("first\n" COMBINED "x\ny\nz\n"), 2, "the best fit is \"combined\", with 20 of 100 lines\nline 2, which only" },
        { SLICE("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n" COMBINED COMBINED COMMON), 11, "are \"combined\", with 15 of 100 lines, and \"common\", with 7" },
        { SLICE("\n\nHello\nyou\n"), 3, "no known format fits its beginning\nline 3: Hello" },
        { SLICE("Hello"), 1, "line 1: Hello" },
        { SLICE("a 2001:db8::1, [::ffff:192.0.2.7]:80 1:2:3:4:5:6:7:8,10.0.0.1:443 2001%3Adb8%3a%3a7!"), 1,
          "line 1: a <client>, [<client>]:80 <client>,<client>:443 <client>!" },
        { SLICE("05/Jan/2024:12:00:00 1.2.3 a-1.0.0.crate 12:00:00.5 1234.1.1.1"), 1,
          "line 1: 05/Jan/2024:12:00:00 1.2.3 a-1.0.0.crate 12:00:00.5 1<client>" },
        { SLICE("\x1b[31m\\\xff\x01\xe2\x80\xae\n"), 1, "line 1: \\x1b[31m\\x5c\\xff\\x01\\xe2\\x80\\xae" },
        { SLICE("1970-01-01 000102030405060708090a0b0c0d0e0f"), 1, "line 1: 1970-01-01 <hidden>" },
        { SLICE("[Xq3vT9bLw2YkP0sNd8RfAz]\n"), 1, "line 1: [<hidden>]" },
        { SLICE("dLADbFfguGOszlpDejgUqq"), 1, "line 1: <hidden>" }, /* a token that happens to have no digit */
        { SLICE("DLADBFFGUGOSZLPDEJGU dladbffgugoszlpdejgu"), 1, "line 1: DLADBFFGUGOSZLPDEJGU dladbffgugoszlpdejgu" },
        { SLICE("X=postgresql://me:p@ss:w@db.example/x?a=b&Password=12345&c=d e"), 1,
          "line 1: X=postgresql://<hidden>@db.example/x?a=b&Password=<hidden>&c=d e" },
        { SLICE("https://example.org/a?b password="), 1, "line 1: https://example.org/a?b password=" },
        { SLICE("aaaaaaaaaaaaaaaaaaaaaaaaa 1111111111111111111111111 a1a1a1a1a1a1a1a1a1a"), 1,
          "line 1: aaaaaaaaaaaaaaaaaaaaaaaaa 1111111111111111111111111 a1a1a1a1a1a1a1a1a1a" },
        { SLICE("\n\r\n\n"), 0, "no known format fits its beginning" },
        { SLICE(""), 0, "no known format fits its beginning" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;

        refusal(cases[i].head, &err);
        if (strstr(err.cause, cases[i].cause) == NULL || err.line_no != cases[i].line_no)
            fail_msg("case %zu: line %d: %s", i, (int)err.line_no, err.cause);
        assert_non_null(strstr(err.hint, "--log-format"));
        assert_non_null(strstr(err.hint, "cloudfront, combined, common"));
    }
}

/* Of a long line the beginning is shown; nothing of it but plain ASCII, whatever it holds. */
static void
a_long_line_is_cut(void **state)
{
    char line[70000];

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct err err;
        const char *shown;

        for (size_t i = 0; i < sizeof line; i++)
            line[i] = round == 0 ? 'x' : round == 1 ? '\xff' : (char)(i % 251 == '\n' ? 7 : i % 251);
        refusal((struct slice){ line, sizeof line }, &err);
        shown = strstr(err.cause, "\nline 1: ");
        assert_non_null(shown);
        assert_true(strlen(shown) <= 9 + 80 + 3);
        assert_string_equal(err.cause + strlen(err.cause) - 3, "...");
        for (shown++; *shown != '\0'; shown++)
            assert_true(*shown >= 0x20 && *shown < 0x7f);
    }
}

/* A cause with two long names and a long line still fits. */
static void
nothing_of_the_words_is_lost(void **state)
{
    struct buf b = { 0 };
    struct err err;

    (void)state;
    for (int i = 0; i < 300; i++)
        buf_text(&b, "\n");
    for (int i = 0; i < 3; i++) {
        buf_text(&b, HEAD "\"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\" 200 42\n");
        buf_text(&b, COMBINED);
    }
    refusal((struct slice){ b.p, b.n }, &err);
    assert_int_equal(err.line_no, 301);
    assert_string_equal(err.cause + strlen(err.cause) - 3, "...");
    buf_release(&b);
}

/* ---- the short way to the choice ---- */

/* What it must be: all of them asked about all of it. */
static const struct format *
best_of_all(struct slice head, int *high)
{
    const struct format *best = NULL;
    int n_best = 0;

    *high = 0;
    for (size_t i = 0; formats[i] != NULL; i++) {
        int score = formats[i]->sniff(head);

        n_best = score > *high ? 1 : n_best + (score == *high);
        best = score > *high ? formats[i] : best;
        *high = score > *high ? score : *high;
    }
    return *high >= SNIFF_SURE && n_best == 1 ? best : NULL;
}

/* Logs of several KiB out of the examples of one or two formats, the second one sooner or later. */
static void
a_sample_decides_as_all_of_it_would(void **state)
{
    uint64_t x = 88172645463325252u;
    size_t n_formats = 0, chosen = 0, refused = 0;

    (void)state;
    while (formats[n_formats] != NULL)
        n_formats++;
    for (int round = 0; round < 300; round++) {
        struct buf b = { 0 };
        const struct format *two[2], *want, *got = NULL;
        size_t n_lines, change;
        struct err err;
        int high, score = 0;

        x = x * 6364136223846793005u + 1442695040888963407u;
        two[0] = formats[(x >> 40) % n_formats];
        two[1] = formats[(x >> 50) % n_formats];
        n_lines = 1 + (x >> 33) % 90;
        change = round % 3 == 0 ? n_lines : (x >> 23) % n_lines;
        for (size_t i = 0; i < n_lines; i++) {
            const struct format *f = two[i >= change];
            const struct format_example *e = &f->examples[round % 2 == 0 ? 0 : i % f->n_examples];

            buf_text(&b, e->line);
            buf_text(&b, "\n");
        }
        want = best_of_all((struct slice){ b.p, b.n }, &high);
        assert_int_equal(format_sniff((struct slice){ b.p, b.n }, &got, &score, &err), want != NULL ? ST_OK : ST_FORMAT);
        assert_ptr_equal(got, want);
        if (want != NULL)
            assert_int_equal(score, high);
        chosen += want != NULL;
        refused += want == NULL;
        buf_release(&b);
    }
    assert_true(chosen > 50 && refused > 20);
}

/* Formats of JSON objects do not look at a head without a brace: they would read none of its lines. */
static void
without_a_brace_there_is_no_object(void **state)
{
    static const char *const objects[] = { "json", "fdsnws", "seventv" };
    size_t n = 0;

    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++)
        for (size_t k = 0; k < formats[i]->n_examples; k++)
            for (size_t o = 0; o < ARRAY_LEN(objects); o++) {
                struct slice line = slice_of(formats[i]->examples[k].line);

                if (memchr(line.p, '{', line.n) != NULL)
                    continue;
                assert_int_equal(format_share(format_by_name(objects[o]), line), 0);
                assert_int_equal(format_by_name(objects[o])->sniff(line), 0);
                n++;
            }
    assert_true(n > 100);
    assert_int_equal(format_by_name("json")->sniff((struct slice){ NULL, 0 }), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_that_decides_is_shown),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(nothing_of_the_words_is_lost),
        cmocka_unit_test(a_sample_decides_as_all_of_it_would),
        cmocka_unit_test(without_a_brace_there_is_no_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
