/*
 * What may become text in the database, against a slow model that decodes to code points; and the slices' comparisons.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/slice.h"

/* Decodes the bytes to code points, encodes each in its shortest form and compares: slow, and made otherwise than the room. */
static bool
model_is_text(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned c = p[i], cp, len = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
        unsigned shortest;

        if (len == 0 || len > n - i)
            return false;
        cp = len == 1 ? c : c & (0xffu >> (len + 1));
        for (unsigned k = 1; k < len; k++) {
            if (p[i + k] >> 6 != 2)
                return false;
            cp = cp << 6 | (p[i + k] & 0x3fu);
        }
        shortest = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
        if (cp == 0 || shortest != len || (cp >= 0xd800 && cp <= 0xdfff) || cp > 0x10ffff)
            return false;
        i += len;
    }
    return true;
}

static void
check(const unsigned char *p, size_t n)
{
    if (slice_is_text((struct slice){ (const char *)p, n }) != model_is_text(p, n))
        fail_msg("%zu bytes: %02x %02x %02x %02x", n, p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, n > 3 ? p[3] : 0);
}

static void
all_of_one_to_three_bytes(void **state)
{
    unsigned char b[3];

    (void)state;
    for (unsigned v = 0; v < 1u << 24; v++) {
        b[0] = (unsigned char)(v >> 16);
        b[1] = (unsigned char)(v >> 8);
        b[2] = (unsigned char)v;
        if (b[1] == 0 && b[2] == 0)
            check(b, 1);
        if (b[2] == 0)
            check(b, 2);
        check(b, 3);
    }
}

/* Every first byte with every second one, and continuation bytes at the edges of what they may be. */
static void
four_bytes_at_the_edges(void **state)
{
    static const unsigned char edges[] = { 0x00, 0x01, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };

    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t i = 0; i < sizeof edges * sizeof edges; i++) {
                unsigned char b[5] = { (unsigned char)first, (unsigned char)second, edges[i % sizeof edges], edges[i / sizeof edges], 'x' };

                check(b, 4);
                check(b, 5);
            }
}

/* Short texts are looked at all at once. */
static void
any_byte_at_any_place(void **state)
{
    (void)state;
    for (size_t n = 1; n < 18; n++)
        for (size_t at = 0; at < n; at++)
            for (unsigned byte = 0; byte < 256; byte++) {
                unsigned char p[18];

                memset(p, 'a', n);
                p[at] = (unsigned char)byte;
                assert_int_equal(slice_is_text((struct slice){ (const char *)p, n }), model_is_text(p, n));
            }
}

static void
named_edges(void **state)
{
    static const struct {
        struct slice s;
        bool         is_text;
        size_t       chars;
    } cases[] = {
        { { "", 0 }, true, 0 }, { { NULL, 0 }, true, 0 }, { { "a", 1 }, true, 1 }, { { "a\0b", 3 }, false, 0 },
        { { "\0", 1 }, false, 0 }, { { "\xc3\xa9t\xc3\xa9", 5 }, true, 3 }, { { "\xe2\x82\xac", 3 }, true, 1 },
        { { "\xf4\x8f\xbf\xbf", 4 }, true, 1 }, { { "\xf4\x90\x80\x80", 4 }, false, 0 }, /* U+10FFFF and behind it */
        { { "\xf0\x90\x80\x80", 4 }, true, 1 }, { { "\xf0\x8f\xbf\xbf", 4 }, false, 0 }, /* U+10000, and overlong */
        { { "\xed\x9f\xbf", 3 }, true, 1 }, { { "\xed\xa0\x80", 3 }, false, 0 }, { { "\xed\xbf\xbf", 3 }, false, 0 },
        { { "\xee\x80\x80", 3 }, true, 1 }, { { "\xc0\x80", 2 }, false, 0 }, { { "\xc1\xbf", 2 }, false, 0 },
        { { "\xef\xbb\xbf", 3 }, true, 1 }, { { "\xef\xbf\xbf", 3 }, true, 1 }, { { "\xf5\x80\x80\x80", 4 }, false, 0 },
        { { "\xf8\x88\x80\x80\x80", 5 }, false, 0 }, { { "abc\xe2\x82", 5 }, false, 0 }, { { "abc\xf0\x9f\x98", 6 }, false, 0 },
        { { "\xf0\x9f\x98\x80\x7f\x01", 6 }, true, 3 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (slice_is_text(cases[i].s) != cases[i].is_text)
            fail_msg("case %zu", i);
        if (cases[i].is_text)
            assert_int_equal(slice_chars(cases[i].s), cases[i].chars);
    }
}

/* A sequence that is cut ends in memory of its own: the sanitizer sees a byte read too many. */
static void
no_byte_past_the_end(void **state)
{
    static const char text[] = "\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9";

    (void)state;
    for (size_t from = 0; from < sizeof text; from++)
        for (size_t n = 0; from + n < sizeof text; n++) {
            char *copy = malloc(n + (n == 0));

            memcpy(copy, text + from, n);
            assert_int_equal(slice_is_text((struct slice){ copy, n }), model_is_text((unsigned char *)copy, n));
            free(copy);
        }
}

static void
comparisons(void **state)
{
    const struct slice none = { NULL, 0 }, empty = { "", 0 }, abc = SLICE("abc");

    (void)state;
    assert_true(slice_eq(none, empty));
    assert_true(slice_eq(abc, slice_of("abc")));
    assert_false(slice_eq(abc, slice_of("abd")));
    assert_false(slice_eq(abc, slice_of("ab")));
    assert_true(slice_eq((struct slice){ "a\0b", 3 }, (struct slice){ "a\0b", 3 }));
    assert_false(slice_eq((struct slice){ "a\0b", 3 }, (struct slice){ "a\0c", 3 }));
    assert_true(slice_is(abc, "abc"));
    assert_false(slice_is(abc, "abcd"));
    assert_false(slice_is(abc, "ab"));
    assert_true(slice_starts(abc, SLICE("ab")) && slice_starts(abc, empty) && slice_starts(abc, abc) && slice_starts(none, none));
    assert_false(slice_starts(abc, SLICE("abcd")) || slice_starts(abc, SLICE("b")) || slice_starts(empty, abc));
}

static void
parts(void **state)
{
    struct slice path = SLICE("/a/b"), none = { NULL, 0 };

    (void)state;
    assert_true(slice_cut_head(&path, SLICE("/")) && slice_is(path, "a/b"));
    assert_false(slice_cut_head(&path, SLICE("/")) || slice_cut_head(&path, SLICE("a/b/c")) || slice_cut_head(&none, SLICE("/")));
    assert_true(slice_is(path, "a/b"));
    assert_true(slice_is(slice_last_part(path), "b") && slice_is(slice_last_part(SLICE("b")), "b"));
    assert_int_equal(slice_last_part(SLICE("a/")).n, 0);
    assert_null(slice_last_part(none).p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_one_to_three_bytes),
        cmocka_unit_test(four_bytes_at_the_edges),
        cmocka_unit_test(any_byte_at_any_place),
        cmocka_unit_test(named_edges),
        cmocka_unit_test(no_byte_past_the_end),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
