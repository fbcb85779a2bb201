/*
 * Queries cut into pairs and decoded, with all that a stranger can put into one; and the layer that CloudFront's log adds.
 */
#include "pictrs.h"

#include <setjmp.h>
#include <cmocka.h>

static void
pairs(void **state)
{
    static const struct {
        const char *query, *want; /* name>value; for each pair */
    } cases[] = {
        { "a=b&c=d", "a>b;c>d;" },
        { "a", "a>;" },
        { "a=", "a>;" },
        { "=a", ">a;" },
        { "=", ">;" },
        { "", "" },
        { "&", "" },
        { "&&a=1&&&b=2&", "a>1;b>2;" },
        { "a=b=c", "a>b=c;" },
        { "a;b=c", "a;b>c;" },
        { "a?b=c/d", "a?b>c/d;" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct slice rest = slice_of(cases[i].query), name, value;
        char text[100] = "";
        size_t n = 0;

        while (pictrs_pair(&rest, &name, &value))
            n += (size_t)snprintf(text + n, sizeof text - n, "%.*s>%.*s;", (int)name.n, name.p,
                                  (int)value.n, value.p);
        assert_string_equal(text, cases[i].want);
    }
}

#define BAD "\xef\xbf\xbd"

static void
decoding(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "a+b%20c%2Bd%2bd", "a b c+d+d" },
        { "%", "%" },
        { "%4", "%4" },
        { "%4g%g4%%41", "%4g%g4%A" },
        { "%2541", "%41" }, /* once */
        { "%C3%A9\xc3\xa9%f0%9f%98%80", "\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80" },
        /* one for each beginning of a character that goes wrong (Encoding standard, 4.2) */
        { "%FF", BAD },
        { "a%C3", "a" BAD },
        { "%C3a", BAD "a" },
        { "%E2%82a", BAD "a" },
        { "%E2%82%E2%82%AC", BAD "\xe2\x82\xac" },
        { "%C0%80", BAD BAD },
        { "%E0%80%80", BAD BAD BAD },
        { "%ED%A0%80", BAD BAD BAD },
        { "%F0%80%80%80", BAD BAD BAD BAD },
        { "%F0%90%80", BAD },
        { "%F4%90%80%80", BAD BAD BAD BAD },
        { "%F4%8F%BF%BF", "\xf4\x8f\xbf\xbf" },
        { "%F5%80", BAD BAD },
        { "%80%BF", BAD BAD },
        { "\x80\xc3", BAD BAD },
        { "", "" },
    };
    struct pictrs_text out;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        pictrs_form_decode(slice_of(cases[i].in), &out);
        if (out.full || !slice_eq(pictrs_slice(&out), slice_of(cases[i].want)))
            fail_msg("%s: %.*s", cases[i].in, (int)out.n, out.p);
    }
    pictrs_form_decode(SLICE("a%00\0%FF"), &out);
    assert_true(slice_eq(pictrs_slice(&out), SLICE("a\0\0" BAD)));
}

static void
long_ones(void **state)
{
    static char in[3 * PICTRS_TEXT_MAX + 3];
    static struct pictrs_text out;

    (void)state;
    for (size_t i = 0; i < sizeof in; i += 3)
        memcpy(in + i, "%41", 3);
    pictrs_form_decode((struct slice){ in, 3 * PICTRS_TEXT_MAX }, &out);
    assert_false(out.full);
    assert_int_equal(out.n, PICTRS_TEXT_MAX);
    pictrs_form_decode((struct slice){ in, sizeof in }, &out);
    assert_true(out.full);
    memset(in, 0xff, sizeof in);
    pictrs_form_decode((struct slice){ in, PICTRS_TEXT_MAX / 3 }, &out);
    assert_false(out.full);
    pictrs_form_decode((struct slice){ in, PICTRS_TEXT_MAX / 3 + 1 }, &out);
    assert_true(out.full);
    pictrs_form_decode(SLICE("a"), &out); /* of use again */
    assert_false(out.full);
}

static void
values_by_name(void **state)
{
    struct pictrs_text out;

    (void)state;
    assert_true(pictrs_value(SLICE("a=1&b=2&b=3"), "b", &out));
    assert_true(slice_eq(pictrs_slice(&out), SLICE("2")));
    assert_true(pictrs_value(SLICE("%62=%32"), "b", &out));
    assert_true(slice_eq(pictrs_slice(&out), SLICE("2")));
    assert_true(pictrs_value(SLICE("b"), "b", &out));
    assert_int_equal(out.n, 0);
    assert_false(pictrs_value(SLICE("B=1&bb=2&=b"), "b", &out));
    assert_false(pictrs_value((struct slice){ NULL, 0 }, "b", &out));
}

static void
cloudfront(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "a=b", "a=b" },
        { "proxy=https%253A%252F%252Fh%252Fa%252520b", "proxy=https%3A%2F%2Fh%2Fa%2520b" },
        { "proxy=https://h/a%2520b", "proxy=https://h/a%20b" },
        { "a=%22%5Bx%5D%7C%E9", "a=\"[x]|\xe9" },
        { "", "" },
        /* without the layer */
        { "proxy=https%3A%2F%2Fh%2Fa%2520b", "proxy=https%3A%2F%2Fh%2Fa%2520b" },
        { "a=%25%41", "a=%25%41" },
        { "a=%2525%", "a=%2525%" },
        { "a=%2525%4", "a=%2525%4" },
        { "a=%2525%zz", "a=%2525%zz" },
        { "a=%2525%2b", "a=%2525%2b" },
    };
    char room[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct slice out = pictrs_unwrap(slice_of(cases[i].in), room);

        if (!slice_eq(out, slice_of(cases[i].want)))
            fail_msg("%s: %.*s", cases[i].in, (int)out.n, out.p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),          cmocka_unit_test(decoding),   cmocka_unit_test(long_ones),
        cmocka_unit_test(values_by_name), cmocka_unit_test(cloudfront),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
