/*
 * An input that is cut short, with input_options.salvage: what ends with its last LF before the cut is the payload, the
 * same one as if these lines were all that there ever was.
 */
#include "packs.h"

static const struct input_options salvage = { .salvage = true };

/* Reads all of what was cut. `out` gets what input_read gave, the bytes behind the last LF as well. */
static enum st
read_cut(struct slice stored, const struct input_options *options, struct buf *out, struct input_result *result, struct err *why,
         struct err *err)
{
    struct input *in = NULL;
    struct file f;
    enum st rc;
    size_t n;

    file_init(&f, stored);
    buf_reset(out);
    rc = input_open(&in, &f.source, &secret, options, err);
    while (rc == ST_OK) {
        assert_true(buf_reserve(out, 256 * KIB));
        if ((rc = input_read(in, out->p + out->n, 256 * KIB, &n, err)) == ST_OK) {
            input_identify(in, out->p + out->n, n);
            out->n += n;
        }
    }
    if (rc == ST_EOF) {
        assert_int_equal(input_read(in, out->p, 256 * KIB, &n, err), ST_EOF);
        assert_true(input_is_partial(in, why));
        input_result(in, result);
        assert_true(result->partial);
        assert_false(result->verified);
    }
    input_close(in);
    file_release(&f);
    return rc;
}

/* Whole lines of `n` bytes, then `n_half` bytes of a line, in a gzip file that lacks its last bytes. */
static void
check_lines(size_t n, size_t n_half)
{
    struct input_result cut, whole;
    struct buf text = { 0 }, gz = { 0 }, out = { 0 }, plain = { 0 };
    struct err why = { 0 }, err = { 0 };

    add_log(&text, n, 5);
    text.p[n - 1] = '\n';
    add_fill(&text, 'x', n_half);
    add_member(&gz, content(&text), &(struct member){ 0 });
    if (read_cut((struct slice){ gz.p, gz.n - 1 }, &salvage, &out, &cut, &why, &err) != ST_EOF)
        fail_msg("%zu + %zu: %s", n, n_half, err.cause);
    assert_non_null(strstr(why.cause, "ends inside"));
    assert_int_equal(why.offset, gz.n - 1);
    assert_true(slice_eq(content(&out), content(&text)));
    assert_int_equal(cut.unterminated_bytes, n_half);
    assert_int_equal(read_bytes((struct slice){ text.p, n }, 64 * KIB, &plain, &whole, &err), ST_OK);
    assert_int_equal(cut.identity.length, n);
    assert_memory_equal(&cut.identity.hash, &whole.identity.hash, sizeof whole.identity.hash);
    assert_memory_equal(&cut.identity.head, &whole.identity.head, sizeof whole.identity.head);
    buf_release(&text);
    buf_release(&gz);
    buf_release(&out);
    buf_release(&plain);
}

static void
the_lines_before_are_who_it_is(void **state)
{
    static const size_t lengths[] = { 1, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 262143, 262144, 262145, 600000 };
    static const size_t halves[] = { 0, 1, 5000, 65536, 262144, 700000 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        for (size_t k = 0; k < ARRAY_LEN(halves); k++)
            check_lines(lengths[i], halves[k]);
}

/* At every byte: refused without salvage; with it a beginning of the text, longer the later the cut, or refused the same way. */
static void
cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(packers); p++) {
        struct input_result result;
        struct buf text = { 0 }, stored = { 0 }, out = { 0 };
        struct err why, err = { 0 };
        uint64_t before = 0;

        add_log(&text, 3000, 7);
        text.p[text.n - 1] = '\n';
        packers[p].pack(&stored, content(&text));
        for (size_t n = 11; n < stored.n; n++) { /* 10: a gzip header alone is an empty log */
            struct slice cut = { stored.p, n };
            enum st rc = read_cut(cut, &salvage, &out, &result, &why, &err);

            if (rc == ST_EOF) {
                assert_true(result.identity.length > 0 && result.identity.length <= text.n);
                assert_true(result.identity.length >= before);
                assert_memory_equal(out.p, text.p, result.identity.length);
                assert_int_equal(text.p[result.identity.length - 1], '\n');
                before = result.identity.length;
                assert_int_equal(read_cut(cut, &(struct input_options){ 0 }, &out, &result, &why, &err), ST_CORRUPT);
                assert_int_equal(read_cut(cut, &(struct input_options){ .salvage = true, .require_integrity = true }, &out, &result,
                                          &why, &err), ST_CORRUPT);
            } else {
                assert_int_equal(before, 0);
            }
        }
        assert_int_equal(before, text.n); /* all but the checksum */
        buf_release(&text);
        buf_release(&stored);
        buf_release(&out);
    }
}

/* Damage is damage, also where a cut follows it. */
static void
other_damage(void **state)
{
    static const struct member bad[] = { { .bad_crc = true }, { .bad_size = true } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct input_result result;
        struct buf text = { 0 }, gz = { 0 }, out = { 0 };
        struct err why, err = { 0 };

        add_log(&text, 9000, 3);
        add_member(&gz, content(&text), &bad[i]);
        assert_int_equal(read_cut(content(&gz), &salvage, &out, &result, &why, &err), ST_CORRUPT);
        if (bad[i].bad_crc)
            assert_int_equal(read_cut((struct slice){ gz.p, gz.n - 1 }, &salvage, &out, &result, &why, &err), ST_CORRUPT);
        buf_release(&text);
        buf_release(&gz);
        buf_release(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lines_before_are_who_it_is),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(other_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
