/*
 * Growing bytes: what is in them after each way to add, JSON strings out of any bytes, and failing without a trace.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/buf.h"

/* Under the address sanitizer: let a request for too much give NULL, as the system does. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void
is(struct buf *b, const char *wanted, size_t n)
{
    assert_false(b->failed);
    assert_int_equal(b->n, n);
    assert_memory_equal(b->p, wanted, n);
}

static void
each_way_to_add(void **state)
{
    struct buf b = { 0 };

    (void)state;
    assert_true(buf_add(&b, NULL, 0));
    assert_true(buf_add_slice(&b, (struct slice){ NULL, 0 }));
    assert_string_equal(buf_str(&b), "");
    assert_true(buf_add(&b, "a\0b", 3));
    assert_true(buf_text(&b, "cd"));
    assert_true(buf_printf(&b, "%s-%d", "e", -7));
    assert_true(buf_hex(&b, "\x00\x9f\xff", 3));
    is(&b, "a\0bcde--7009fff", 15);
    assert_int_equal(buf_str(&b)[15], '\0');
    assert_int_equal(b.n, 15);
    buf_reset(&b);
    assert_true(buf_be16(&b, 0x0102) && buf_be32(&b, 0x03040506) && buf_be64(&b, UINT64_C(0x0708090a0b0c0d0e)));
    is(&b, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16", 14);
    buf_release(&b);
    assert_true(b.p == NULL && b.n == 0 && b.cap == 0);
    buf_release(&b);
}

/* In pieces of every small size up to well over the first capacities. */
static void
grows_and_keeps(void **state)
{
    struct buf b = { 0 };

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        char piece[16];
        size_t n = i % sizeof piece;

        memset(piece, (int)(i % 251), sizeof piece);
        assert_true(buf_add(&b, piece, n));
        assert_true(b.cap >= b.n);
    }
    for (size_t i = 0, at = 0; i < 3000; at += i % 16, i++)
        for (size_t k = 0; k < i % 16; k++)
            assert_int_equal((unsigned char)b.p[at + k], i % 251);
    buf_reset(&b);
    for (size_t n = 0; n < 1500; n += 7) { /* text that does not fit at first try */
        char wide[16];

        snprintf(wide, sizeof wide, "%zu", n);
        assert_true(buf_printf(&b, "%*s|", (int)n, wide));
        assert_int_equal(b.p[b.n - 1], '|');
        assert_int_equal(b.p[b.n - 2], wide[strlen(wide) - 1]);
    }
    buf_release(&b);
}

static void
failing_is_remembered_and_changes_nothing(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_text(&b, "kept");
    assert_false(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    assert_false(buf_text(&b, "x") || buf_add(&b, "", 0) || buf_printf(&b, "x") || buf_hex(&b, "x", 1) ||
                 buf_be64(&b, 1) || buf_json(&b, SLICE("x")));
    assert_null(buf_str(&b));
    assert_int_equal(b.n, 4);
    assert_memory_equal(b.p, "kept", 4);
    buf_reset(&b);
    assert_true(buf_text(&b, "y"));
    is(&b, "y", 1);
    assert_false(buf_hex(&b, "x", SIZE_MAX / 2 + 1));
    assert_true(b.failed);
    buf_reset(&b);
    assert_false(buf_reserve(&b, SIZE_MAX / 2)); /* no overflow, and no memory either */
    assert_true(b.failed);
    buf_release(&b);
}

static void
json_cases(void **state)
{
#define FFFD "\xef\xbf\xbd"
    static const struct {
        struct slice in;
        const char  *out;
    } cases[] = {
        { { "", 0 }, "\"\"" }, { { NULL, 0 }, "\"\"" }, { { "abc", 3 }, "\"abc\"" },
        { { "\"\\/", 3 }, "\"\\\"\\\\/\"" }, { { "a\0b", 3 }, "\"a\\u0000b\"" }, { { "\n\r\t\x1f\x7f", 5 }, "\"\\u000a\\u000d\\u0009\\u001f\\u007f\"" },
        { { "\xc3\xa9", 2 }, "\"\xc3\xa9\"" }, { { "\xf0\x9f\x98\x80", 4 }, "\"\xf0\x9f\x98\x80\"" },
        { { "\xc3", 1 }, "\"" FFFD "\"" }, { { "\xc3(", 2 }, "\"" FFFD "(\"" }, { { "\xe2\x82", 2 }, "\"" FFFD FFFD "\"" },
        { { "\xe2\x82\"", 3 }, "\"" FFFD FFFD "\\\"\"" }, { { "\xf0\x9f\x98", 3 }, "\"" FFFD FFFD FFFD "\"" },
        { { "\xed\xa0\x80", 3 }, "\"" FFFD FFFD FFFD "\"" }, { { "\xc0\x80", 2 }, "\"" FFFD FFFD "\"" },
        { { "\xff\xc3\xa9\xff", 4 }, "\"" FFFD "\xc3\xa9" FFFD "\"" }, { { "\xc3\xc3\xa9", 3 }, "\"" FFFD "\xc3\xa9\"" },
        { { "\xf4\x90\x80\x80", 4 }, "\"" FFFD FFFD FFFD FFFD "\"" }, { { "\xc3\0\xa9", 3 }, "\"" FFFD "\\u0000" FFFD "\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };

        assert_true(buf_json(&b, cases[i].in));
        assert_string_equal(buf_str(&b), cases[i].out);
        buf_release(&b);
    }
}

/* The same text for whoever parses it; for whoever looks at it nothing that acts. */
static void
json_that_is_shown(void **state)
{
    static const struct {
        struct slice in;
        const char  *out;
    } cases[] = {
        { { "abc\xc3\xa9\xf0\x9f\x98\x80", 9 }, "\"abc\xc3\xa9\xf0\x9f\x98\x80\"" },
        { { "\"\\/", 3 }, "\"\\\"\\\\/\"" },
        { { "a\0\x1b\x7f", 4 }, "\"a\\u0000\\u001b\\u007f\"" },
        { { "\xc2\x9b\xc2\xa0", 4 }, "\"\\u009b\xc2\xa0\"" },             /* C1, and the first behind it */
        { { "\xe2\x80\xae\xe2\x80\xa8", 6 }, "\"\\u202e\\u2028\"" },      /* an override, a line separator */
        { { "\xe2\x80\x8a\xe2\x80\x90", 6 }, "\"\xe2\x80\x8a\xe2\x80\x90\"" }, /* their neighbours */
        { { "\xef\xbb\xbf\xd8\x9c\xc2\xad", 7 }, "\"\\ufeff\\u061c\\u00ad\"" },
        { { "\xf3\xa0\x81\x81", 4 }, "\"\\udb40\\udc41\"" },              /* a tag */
        { { "\xff\x9b", 2 }, "\"" FFFD FFFD "\"" },
        { { "\xe2\x80", 2 }, "\"" FFFD FFFD "\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };

        assert_true(buf_json_shown(&b, cases[i].in));
        assert_string_equal(buf_str(&b), cases[i].out);
        buf_release(&b);
    }
}

/* Whatever goes in: text comes out, in quotes, with no raw control byte and no quote that is not escaped. */
static void
json_of_random_bytes_is_text(void **state)
{
    static const unsigned char pool[] = { 0, '"', '\\', 'a', 0x1f, 0x7f, 0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0x8f, 0xff };
    struct buf b = { 0 };
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char raw[12];
        size_t n = (size_t)round % (sizeof raw + 1);

        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            raw[i] = (char)pool[(seed >> 16) % sizeof pool];
        }
        buf_reset(&b);
        assert_true(buf_json(&b, (struct slice){ raw, n }));
        assert_true(slice_is_text((struct slice){ b.p, b.n }));
        assert_true(b.n >= 2 && b.p[0] == '"' && b.p[b.n - 1] == '"');
        for (size_t i = 1; i < b.n - 1; i++) {
            assert_true((unsigned char)b.p[i] >= 0x20 && b.p[i] != '"' && b.p[i] != 0x7f);
            if (b.p[i] == '\\')
                i++;
            assert_true(i < b.n - 1);
        }
    }
    buf_release(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_add),
        cmocka_unit_test(grows_and_keeps),
        cmocka_unit_test(failing_is_remembered_and_changes_nothing),
        cmocka_unit_test(json_cases),
        cmocka_unit_test(json_that_is_shown),
        cmocka_unit_test(json_of_random_bytes_is_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
