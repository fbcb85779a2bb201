/*
 * The hash of a beginning is that which the same bytes have as a payload of their own, wherever it is asked for and
 * however the bytes came.
 */
#include "inputs.h"

/* What input_read says of a file that holds just these bytes. */
static struct digest
as_payload(struct slice text)
{
    char window[IDENTITY_BLOCK];
    struct input_result result;
    struct input *in = NULL;
    struct file f;
    struct err err;
    enum st rc;
    size_t n;

    file_init(&f, text);
    assert_int_equal(input_open(&in, &f.source, &secret, NULL, &err), ST_OK);
    input_take_all(in);
    while ((rc = input_read(in, window, sizeof window, &n, &err)) == ST_OK)
        input_identify(in, window, n);
    assert_int_equal(rc, ST_EOF);
    input_result(in, &result);
    input_close(in);
    file_release(&f);
    return result.identity.hash;
}

static const size_t lengths[] = { 0,     1,     2,     240,   241,   4095,   4096,   4097,   65535,
                                  65536, 65537, 69632, 131071, 131072, 131073, 196608, 200000 };

static void
check(const struct buf *text, size_t step)
{
    struct prefix *p = prefix_new(&secret);
    size_t at = 0;

    assert_non_null(p);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct digest expected = as_payload((struct slice){ text->p, lengths[i] }), hash;

        for (size_t part; at < lengths[i]; at += part) {
            part = lengths[i] - at < step ? lengths[i] - at : step;
            prefix_add(p, text->p + at, part);
        }
        hash = prefix_hash(p);
        assert_memory_equal(hash.b, expected.b, sizeof hash.b);
        hash = prefix_hash(p); /* asking changes nothing */
        assert_memory_equal(hash.b, expected.b, sizeof hash.b);
    }
    prefix_free(p);
}

static void
around_the_edges_of_blocks(void **state)
{
    static const size_t steps[] = { 1, 7, 4096, 65535, 65536, 65537, 131072, SIZE_MAX };
    struct buf text = { 0 };

    (void)state;
    add_log(&text, 200000, 7);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        check(&text, steps[i]);
    buf_release(&text);
}

static void
another_beginning_is_another_hash(void **state)
{
    struct prefix *a = prefix_new(&secret), *b = prefix_new(&secret);
    struct digest x, y;
    struct buf text = { 0 };

    (void)state;
    add_log(&text, 70000, 7);
    prefix_add(a, text.p, text.n);
    text.p[65540] ^= 1;
    prefix_add(b, text.p, text.n);
    x = prefix_hash(a);
    y = prefix_hash(b);
    assert_memory_not_equal(x.b, y.b, sizeof x.b);
    prefix_free(a);
    prefix_free(b);
    prefix_free(NULL);
    buf_release(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(around_the_edges_of_blocks),
        cmocka_unit_test(another_beginning_is_another_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
