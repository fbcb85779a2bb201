/*
 * Paths as logged into paths as routes want them.
 */
#include "rules_priv.h"

#include <setjmp.h>
#include <cmocka.h>

struct path_case {
    const char *logged;
    unsigned    decodes;
    const char *want;
};

static void
cleans(void **state)
{
    static const struct path_case cases[] = {
        { "/a/b", 1, "/a/b" },
        { "", 1, "" },
        { "/", 2, "/" },
        { "/a?x=/b", 1, "/a" },
        { "/a#x?y", 1, "/a" },
        { "/a?x#y", 1, "/a" },
        { "?x", 1, "" },
        { "/a%3Fx?y", 1, "/a?x" },     /* cut first, decoded then */
        { "/a%23x", 1, "/a#x" },
        { "/a%253Fx", 2, "/a?x" },     /* nor is what the second decoding brings cut */
        { "/a%2fb", 1, "/a/b" },
        { "/a%2Fb", 0, "/a%2Fb" },
        { "/a+b%2Bc", 1, "/a+b+c" },
        { "/a%252Bb", 1, "/a%2Bb" },
        { "/a%252Bb", 2, "/a+b" },
        { "/a%25252Bb", 2, "/a%2Bb" }, /* no third time */
        { "/a%2Bb", 2, "/a+b" },
        { "/a%252", 2, "/a%2" },
        { "/%", 2, "/%" },
        { "/%a", 2, "/%a" },
        { "/%zz%4", 2, "/%zz%4" },
        { "/%%41", 1, "/%A" },
        { "/%%34%31", 2, "/A" },
        { "/%g0%0g%41", 1, "/%g0%0gA" },
        { "http://h/a", 1, "/a" },
        { "https://h:8080/a?b", 1, "/a" },
        { "https://u:p@[::1]:80/a", 1, "/a" },
        { "https://h", 1, "" },
        { "https://h?x", 1, "" },
        { "https://h#x", 1, "" },
        { "https://", 1, "" },
        { "https:/h/a", 1, "https:/h/a" },
        { "://h/a", 1, "://h/a" },
        { "git+ssh-1.0://h/a", 1, "/a" },
        { "1http://h/a", 1, "1http://h/a" },
        { "/x://h/a", 1, "/x://h/a" },
        { "//h/a", 1, "//h/a" },
        { "a/b", 1, "a/b" },
        { "*", 1, "*" },
        { "/a%00b", 1, "/a" }, /* compared up to its NUL here; lengths are compared below */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n = strlen(cases[i].logged), want = strlen(cases[i].want);
        char *copy = malloc(n + (n == 0)), *scratch = malloc(n + (n == 0));
        struct slice got;

        assert_non_null(copy);
        assert_non_null(scratch);
        memcpy(copy, cases[i].logged, n);
        got = path_clean((struct slice){ copy, n }, cases[i].decodes, scratch);
        if (got.n < want || memcmp(got.p, cases[i].want, want) != 0 ||
            (got.n > want && got.p[want] != '\0'))
            fail_msg("%s: %.*s", cases[i].logged, (int)got.n, got.p);
        free(copy);
        free(scratch);
    }
}

static void
points_into_the_path_when_nothing_is_decoded(void **state)
{
    static const char path[] = "http://h/a/b?c%41";
    struct slice got;

    (void)state;
    got = path_clean(SLICE(path), 2, NULL);
    assert_ptr_equal(got.p, path + 8);
    assert_int_equal(got.n, 4);
}

static void
nul_is_a_byte(void **state)
{
    char scratch[8];
    struct slice got = path_clean(SLICE("/a%00b"), 1, scratch);

    (void)state;
    assert_int_equal(got.n, 4);
    assert_memory_equal(got.p, "/a\0b", 4);
}

/* Each byte at each place of paths of each length up to three vectors: a machine's char may be signed or not. */
static void
plain_are_ascii_and_three_bytes_less(void **state)
{
    char path[2 * 64 + 20];
    struct slashes s, other;

    (void)state;
    for (size_t n = 1; n <= sizeof path; n += n < 70 ? 1 : 13) {
        memset(path, '/', n);
        for (size_t at = 1; at < n; at++) {
            for (int byte = 0; byte < 256; byte++) {
                bool plain = byte > 0 && byte < 0x80 && byte != '%' && byte != '?' && byte != '#';

                path[at] = (char)byte;
                assert_int_equal(path_is_plain((struct slice){ path, n }, &s), plain);
                assert_int_equal(path_is_plain_anywhere((struct slice){ path, n }, &other), plain);
                assert_true(!plain || s.bits == other.bits);
            }
            path[at] = '/';
        }
        assert_true(path_is_plain((struct slice){ path, n }, &s));
        assert_int_equal(s.all, n <= 64);
        assert_int_equal(s.bits, n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1);
    }
}

static void
slashes_of_the_last_64_bytes(void **state)
{
    char path[150];
    struct slashes s;

    (void)state;
    for (size_t n = 2; n <= sizeof path; n++)
        for (size_t at = 1; at < n; at++) {
            memset(path, 'a', n);
            path[0] = path[at] = '/';
            assert_true((at % 2 == 0 ? path_is_plain : path_is_plain_anywhere)((struct slice){ path, n }, &s));
            assert_true(s.base == path + n - (n < 64 ? n : 64));
            for (size_t i = 0; i < (n < 64 ? n : 64); i++)
                assert_int_equal(s.bits >> i & 1, s.base[i] == '/');
        }
}

static void
a_megabyte_of_percent(void **state)
{
    char *path = malloc(MIB), *scratch = malloc(MIB);
    struct slice got;

    (void)state;
    assert_non_null(path);
    assert_non_null(scratch);
    for (size_t i = 0; i < MIB; i++)
        path[i] = "%25"[i % 3];
    got = path_clean((struct slice){ path, MIB }, 2, scratch);
    /* 349,525 times %25 and a '%': then all '%', of which no two hex digits follow. */
    assert_int_equal(got.n, MIB / 3 + 1);
    for (size_t i = 0; i < got.n; i++)
        assert_true(got.p[i] == '%');
    free(path);
    free(scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleans),
        cmocka_unit_test(points_into_the_path_when_nothing_is_decoded),
        cmocka_unit_test(nul_is_a_byte),
        cmocka_unit_test(plain_are_ascii_and_three_bytes_less),
        cmocka_unit_test(slashes_of_the_last_64_bytes),
        cmocka_unit_test(a_megabyte_of_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
