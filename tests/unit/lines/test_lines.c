/*
 * Cutting lines, against a splitter that looks at one byte after the other: the same lines with the same numbers, whatever
 * their lengths and wherever the borders of the window fall.
 */
#include "../input/inputs.h"

#include <sys/resource.h>

#include "ingest/lines.h"

static bool ahead; /* with a thread that cuts, or without */

/* ---- the slow model ---- */

struct model {
    struct slice text;
    size_t       at;
    uint64_t     line_no; /* of the line at `at` */
};

/* The next line without its LF. False at the end. */
static bool
model_next(struct model *m, struct slice *line)
{
    size_t start = m->at;

    if (start == m->text.n)
        return false;
    while (m->at < m->text.n && m->text.p[m->at] != '\n')
        m->at++;
    *line = (struct slice){ m->text.p + start, m->at - start };
    m->at += m->at < m->text.n;
    m->line_no++;
    return true;
}

/* ---- the comparison ---- */

static volatile char sink;

static void
compare_block(struct model *m, const struct block *block, uint64_t *next)
{
    struct slice line;

    if (block->n_too_long > 0)
        assert_int_equal(block->too_long_offset, m->at);
    for (uint64_t i = 0; i < block->n_too_long; i++) {
        if (!model_next(m, &line) || line.n <= LINE_BYTES_MAX)
            fail_msg("line %" PRIu64 " is not too long", m->line_no);
    }
    assert_true(block->n > 0 || block->n_too_long > 0);
    assert_int_equal(block->first_line_no, m->line_no + 1);
    if (block->n > 0)
        assert_int_equal(block->offset, m->at);
    *next = block->first_line_no;
    for (size_t at = 0; at < block->n; (*next)++) {
        const char *lf = memchr(block->p + at, '\n', block->n - at);
        struct slice got = { block->p + at, lf == NULL ? block->n - at : (size_t)(lf - block->p) - at };

        if (!model_next(m, &line))
            fail_msg("a line too many");
        if (!slice_eq(got, line))
            fail_msg("line %" PRIu64 ": %zu bytes, not %zu, or others", m->line_no, got.n, line.n);
        assert_true(line.n <= LINE_BYTES_MAX);
        assert_true(lf != NULL || m->at == m->text.n); /* only the last line may lack its LF */
        at += got.n + (lf != NULL);
    }
    for (size_t i = 0; i < BLOCK_SLACK; i++)
        sink = block->p == NULL ? 0 : block->p[block->n + i];
    if (block->n > 0)
        memset(block->p, '#', block->n); /* the parser may write into its block */
}

static void
compare(struct lines *l, struct slice text, int peeks)
{
    struct model m = { .text = text };
    struct block block;
    struct buf gz = { 0 };
    struct input *in = NULL;
    struct slice line, head;
    struct file f;
    struct err err;
    uint64_t next;
    enum st rc;

    add_member(&gz, text, &(struct member){ .level = -9 }); /* gzip, because a plain file is cut at its last LF */
    file_init(&f, content(&gz));
    assert_int_equal(input_open(&in, &f.source, &secret, NULL, &err), ST_OK);
    lines_start(l, in);
    for (int i = 0; i < peeks; i++) {
        assert_int_equal(lines_peek(l, &head, &err), ST_OK);
        assert_true(head.n <= 64 * KIB && head.n <= text.n && (head.n == 0 || memcmp(head.p, text.p, head.n) == 0));
        assert_true(head.n > 0 || text.n == 0);
        if (memchr(text.p, '\n', text.n < 64 * KIB ? text.n : 64 * KIB) != NULL)
            assert_int_equal(head.p[head.n - 1], '\n');
    }
    if (ahead)
        lines_go_ahead(l);
    while ((rc = lines_next(l, &block, &err)) == ST_OK) {
        compare_block(&m, &block, &next);
        if (block.n > 0 || m.line_no % 2 == 0) /* nothing need be said of a block without bytes */
            lines_used(l, next);
    }
    assert_int_equal(rc, ST_EOF);
    assert_int_equal(lines_next(l, &block, &err), ST_EOF);
    if (model_next(&m, &line))
        fail_msg("line %" PRIu64 " of %zu bytes and what follows are missing", m.line_no, line.n);
    lines_stop(l);
    is_payload(in, text);
    input_close(in);
    file_release(&f);
    buf_release(&gz);
}

static struct lines *
new_lines(void)
{
    struct err err;
    struct lines *l = lines_new(&err);

    assert_non_null(l);
    return l;
}

/* ---- the worries ---- */

static void
small_texts(void **state)
{
    static const char *const texts[] = {
        "", "\n", "\n\n\n", "a", "a\n", "a\nb", "a\nb\n", "\na", "\n\na\n\n", "\r\n", "a\r\nb\r\n", "a\rb\n", "\r", " ", "a\n\n",
    };
    struct lines *l = new_lines();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (int peeks = 0; peeks < 3; peeks++)
            compare(l, slice_of(texts[i]), peeks);
    compare(l, (struct slice){ "\0\n\0\0\n\0", 6 }, 1);
    lines_free(l);
    lines_free(NULL);
}

static void
add_line(struct buf *b, size_t n, uint32_t seed, const char *end)
{
    size_t start = b->n;

    add_fill(b, (char)('a' + seed % 26), n);
    for (size_t i = 0; i < n; i += 997) /* so that a line shifted by some bytes is another one */
        b->p[start + i] = (char)('A' + (i / 997 + seed) % 26);
    buf_text(b, end);
}

static const long around[] = { -2, -1, 0, 1, 2 };

/* One line that ends at, before or behind the end of each window, and others behind it. */
static void
line_ends_at_a_window(void **state)
{
    struct lines *l = new_lines();

    (void)state;
    for (long windows = 1; windows <= 5; windows++)
        for (size_t i = 0; i < ARRAY_LEN(around); i++)
            for (int rest = 0; rest < 4; rest++) {
                struct buf b = { 0 };

                while ((long)b.n < windows * (long)LINES_WINDOW - 70000)
                    add_line(&b, 65000, (uint32_t)b.n, "\n");
                add_line(&b, (size_t)(windows * (long)LINES_WINDOW + around[i] - (long)b.n - 1), 7, "\n");
                buf_text(&b, rest == 0 ? "" : rest == 1 ? "x" : rest == 2 ? "\n" : "last\n");
                compare(l, content(&b), rest % 2);
                buf_release(&b);
            }
    lines_free(l);
}

/* The longest line that is taken, and the shortest that is not, at every place relative to the windows. */
static void
longest_line(void **state)
{
    static const size_t befores[] = { 0, 1, 2, 100, LINES_WINDOW - 2, LINES_WINDOW - 1, LINES_WINDOW, LINES_WINDOW + 1, LINES_WINDOW / 2 };
    static const char *const ends[] = { "\n", "", "\nlast", "\n\n\n" };
    struct lines *l = new_lines();

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(befores); k++)
        for (size_t i = 0; i < ARRAY_LEN(around); i++)
            for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
                struct buf b = { 0 };

                if (befores[k] > 0)
                    add_line(&b, befores[k] - 1, 3, "\n");
                add_line(&b, (size_t)((long)LINE_BYTES_MAX + around[i]), 5, ends[e]);
                compare(l, content(&b), 1);
                buf_release(&b);
            }
    lines_free(l);
}

/* Several too long ones in a row, first, last and only. */
static void
too_long_in_a_row(void **state)
{
    static const char *const between[] = { "\n", "\n\n", "\nshort\n" };
    struct lines *l = new_lines();

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(between); k++)
        for (int last = 0; last < 3; last++) {
            struct buf b = { 0 };

            for (uint32_t i = 0; i < 4; i++)
                add_line(&b, LINE_BYTES_MAX + 1 + 300000 * i, i, between[k]);
            if (last > 0)
                add_line(&b, LINE_BYTES_MAX + (last == 1), 9, "");
            compare(l, content(&b), 0);
            buf_release(&b);
        }
    lines_free(l);
}

static void
random_texts(void **state)
{
    struct lines *l = new_lines();
    uint32_t seed = 42;

    (void)state;
    for (int round = 0; round < 30; round++) {
        struct buf b = { 0 };
        size_t size = random_next(&seed) % (4 * MIB);
        unsigned kind = random_next(&seed) % 4;

        while (b.n < size) {
            uint32_t r = random_next(&seed), most = kind == 0 ? 30 : kind == 1 ? 3000 : kind == 2 ? 700000 : 3 * MIB;
            size_t n = random_next(&seed) % (r % 5 == 0 ? most : most / 10 + 1);

            add_line(&b, n, r, r % 7 == 0 ? "\r\n" : r % 11 == 0 ? "\n\n\n" : "\n");
        }
        if (round % 3 == 0 && b.n > 0)
            b.n -= 1 + b.n / 1000; /* no LF at the end */
        compare(l, content(&b), round % 3);
        buf_release(&b);
    }
    lines_free(l);
}

/* Only LFs: as many lines as bytes, over several windows. */
static void
only_line_feeds(void **state)
{
    struct lines *l = new_lines();
    struct buf b = { 0 };

    (void)state;
    add_fill(&b, '\n', 2 * LINES_WINDOW + 1);
    compare(l, content(&b), 1);
    lines_free(l);
    buf_release(&b);
}

/* 100 MB without LF: read over in a moment, in memory that does not grow. */
static void
endless_line(void **state)
{
    struct rusage before, after;
    struct lines *l = new_lines();
    struct input *in = NULL;
    struct buf gz = { 0 }, text = { 0 };
    struct block block;
    struct file f;
    struct err err;

    (void)state;
    add_fill(&text, 'x', 1000000);
    add_member(&gz, SLICE("first\n"), &(struct member){ 0 });
    for (int i = 0; i < 100; i++)
        add_member(&gz, content(&text), &(struct member){ .level = 1 });
    add_member(&gz, SLICE("\nlast\n"), &(struct member){ 0 });
    buf_release(&text);
    file_init(&f, content(&gz));
    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(input_open(&in, &f.source, &secret, NULL, &err), ST_OK);
    lines_start(l, in);
    assert_int_equal(lines_next(l, &block, &err), ST_OK);
    assert_true(block.n == 6 && block.first_line_no == 1 && block.n_too_long == 0);
    lines_used(l, 2);
    assert_int_equal(lines_next(l, &block, &err), ST_OK);
    assert_true(block.n == 5 && block.first_line_no == 3 && block.n_too_long == 1 && memcmp(block.p, "last\n", 5) == 0);
    lines_used(l, 4);
    assert_int_equal(lines_next(l, &block, &err), ST_EOF);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 * 1024);
    assert_true(after.ru_utime.tv_sec - before.ru_utime.tv_sec < 5);
    lines_stop(l);
    input_close(in);
    lines_free(l);
    file_release(&f);
    buf_release(&gz);
}

/* Damage is told, and nothing of the bytes before it comes afterwards. */
static void
damage_is_passed_on(void **state)
{
    struct lines *l = new_lines();
    struct buf text = { 0 }, gz = { 0 };

    (void)state;
    add_log(&text, 3 * LINES_WINDOW, 3);
    add_member(&gz, content(&text), &(struct member){ 0 });
    for (size_t cut = 1; cut < gz.n; cut += gz.n / 17) {
        struct input *in = NULL;
        struct block block;
        struct slice head;
        struct file f;
        struct err err;
        enum st rc;

        file_init(&f, (struct slice){ gz.p, gz.n - cut });
        assert_int_equal(input_open(&in, &f.source, &secret, NULL, &err), ST_OK);
        lines_start(l, in);
        rc = lines_peek(l, &head, &err);
        if (rc != ST_OK)
            assert_int_equal(head.n, 0);
        if (ahead)
            lines_go_ahead(l);
        while (rc == ST_OK && (rc = lines_next(l, &block, &err)) == ST_OK)
            lines_used(l, block.first_line_no + 1);
        assert_int_equal(rc, ST_CORRUPT);
        assert_int_equal(err.offset, gz.n - cut);
        lines_stop(l);
        input_close(in);
        file_release(&f);
        compare(l, SLICE("the next input\nis not touched by it"), 1);
    }
    lines_free(l);
    buf_release(&text);
    buf_release(&gz);
}

/* Of an input that is cut short: its whole lines, and who they are. */
static void
salvaged(struct lines *l, struct slice text, struct slice stored)
{
    const struct input_options options = { .salvage = true };
    struct input_result result;
    struct model m = { 0 };
    struct input *in = NULL;
    struct block block;
    struct slice line;
    struct file f;
    struct err err;
    uint64_t next;
    enum st rc;

    file_init(&f, stored);
    assert_int_equal(input_open(&in, &f.source, &secret, &options, &err), ST_OK);
    lines_start(l, in);
    if (ahead)
        lines_go_ahead(l);
    m.text = text;
    while ((rc = lines_next(l, &block, &err)) == ST_OK) {
        compare_block(&m, &block, &next);
        lines_used(l, next);
    }
    lines_stop(l);
    if (rc == ST_CORRUPT) {
        assert_int_equal(m.at, 0); /* there was not one */
    } else {
        assert_int_equal(rc, ST_EOF);
        input_result(in, &result);
        assert_true(result.partial);
        m.text.n = (size_t)result.identity.length;
        assert_false(model_next(&m, &line));
        assert_int_equal(text.p[m.text.n - 1], '\n');
        is_payload(in, m.text);
    }
    input_close(in);
    file_release(&f);
}

static void
salvaged_anywhere(void **state)
{
    struct lines *l = new_lines();
    struct buf text = { 0 }, gz = { 0 };

    (void)state;
    add_log(&text, LINES_WINDOW, 3);
    add_fill(&text, 'x', LINES_WINDOW); /* lines that go on, too long or not */
    add_log(&text, LINES_WINDOW, 4);
    add_fill(&text, 'y', LINE_BYTES_MAX + 3 * LINES_WINDOW);
    add_log(&text, LINES_WINDOW, 5);
    add_member(&gz, content(&text), &(struct member){ 0 });
    for (size_t cut = 9; cut < gz.n; cut += gz.n / 41)
        salvaged(l, content(&text), (struct slice){ gz.p, gz.n - cut });
    lines_free(l);
    buf_release(&text);
    buf_release(&gz);
}

/* Whoever finds an input bad in its middle goes away while the thread still cuts. */
static void
left_in_the_middle(void **state)
{
    struct lines *l = new_lines();
    struct buf text = { 0 }, gz = { 0 };

    (void)state;
    add_log(&text, 40 * LINES_WINDOW, 3);
    add_member(&gz, content(&text), &(struct member){ 0 });
    for (int blocks = 0; blocks < 8; blocks++) {
        struct input *in = NULL;
        struct block block;
        struct file f;
        struct err err;

        file_init(&f, content(&gz));
        assert_int_equal(input_open(&in, &f.source, &secret, NULL, &err), ST_OK);
        lines_start(l, in);
        lines_go_ahead(l);
        for (int i = 0; i < blocks; i++)
            assert_int_equal(lines_next(l, &block, &err), ST_OK);
        lines_stop(l);
        input_close(in);
        file_release(&f);
    }
    lines_free(l);
    buf_release(&text);
    buf_release(&gz);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_line), /* first: it looks at the most memory ever used */
        cmocka_unit_test(small_texts),
        cmocka_unit_test(line_ends_at_a_window),
        cmocka_unit_test(longest_line),
        cmocka_unit_test(too_long_in_a_row),
        cmocka_unit_test(random_texts),
        cmocka_unit_test(only_line_feeds),
        cmocka_unit_test(damage_is_passed_on),
        cmocka_unit_test(salvaged_anywhere),
        cmocka_unit_test(left_in_the_middle),
    };
    int failed = 0;

#if !defined(__SANITIZE_THREAD__) /* which has nothing to see where there is one thread */
    failed = cmocka_run_group_tests_name("here", tests, NULL, NULL);
#endif
    ahead = true;
    return failed + cmocka_run_group_tests_name("ahead", tests, NULL, NULL);
}
