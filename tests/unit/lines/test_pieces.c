/*
 * Documents: an input in blocks that are cut anywhere, with what stands behind its last LF or without.
 */
#include "../input/inputs.h"

#include "ingest/lines.h"

/* All blocks of an input, put together. `whole`: what is behind the last LF too. */
static void
all_pieces(const struct source *source, bool whole, bool ahead, struct buf *out, struct slice *looked, char look[64 * KIB])
{
    struct err err;
    struct lines *l = lines_new(&err);
    struct input *in = NULL;
    struct block block;
    struct slice head;
    enum st rc;

    assert_non_null(l);
    assert_int_equal(input_open(&in, source, &secret, NULL, &err), ST_OK);
    lines_start(l, in);
    assert_int_equal(lines_look(l, looked, &err), ST_OK);
    memcpy(look, looked->p, looked->n);
    looked->p = look;
    if (whole)
        lines_take_all(l);
    assert_int_equal(lines_peek(l, &head, &err), ST_OK);
    lines_in_pieces(l);
    if (ahead)
        lines_go_ahead(l);
    while ((rc = lines_next(l, &block, &err)) == ST_OK) {
        assert_true(block.n > 0 && block.n_too_long == 0 && block.offset == out->n);
        buf_add(out, block.p, block.n);
    }
    assert_int_equal(rc, ST_EOF);
    lines_stop(l);
    is_payload(in, (struct slice){ out->p, out->n });
    input_close(in);
    lines_free(l);
}

static void
a_tail_is_looked_at_and_taken(void **state)
{
    static const struct {
        size_t n, last_lf; /* bytes, and how many of them are up to the last LF */
    } cases[] = {
        { 0, 0 }, { 1, 0 }, { 1, 1 }, { 5, 3 }, { 5, 5 }, { 64 * KIB, 0 }, { 64 * KIB + 1, 100 }, { 256 * KIB, 0 },
        { 256 * KIB + 1, 256 * KIB }, { 3 * MIB + 7, 0 }, { 3 * MIB + 7, 3 * MIB }, { 3 * MIB, 3 * MIB },
    };
    char *look = malloc(64 * KIB);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int how = 0; how < 4; how++) {
            struct buf text = { 0 }, got = { 0 };
            struct slice looked;
            struct file f;
            size_t want = how & 1 ? cases[i].n : cases[i].last_lf;

            for (size_t k = 0; k < cases[i].n; k++)
                buf_add(&text, k + 1 == cases[i].last_lf ? "\n" : &"abcdefg"[k % 7], 1);
            file_init(&f, (struct slice){ text.p, text.n });
            all_pieces(&f.source, how & 1, how & 2, &got, &looked, look);
            assert_int_equal(got.n, want);
            assert_true(want == 0 || memcmp(got.p, text.p, want) == 0);
            if (cases[i].last_lf == cases[i].n)
                assert_int_equal(looked.n, 0); /* nothing is left out */
            else
                assert_int_equal(looked.n, cases[i].n < 64 * KIB ? cases[i].n : 64 * KIB);
            assert_true(looked.n == 0 || memcmp(looked.p, text.p, looked.n) == 0);
            file_release(&f);
            buf_release(&text);
            buf_release(&got);
        }
    }
    free(look);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tail_is_looked_at_and_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
