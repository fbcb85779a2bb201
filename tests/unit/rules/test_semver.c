/*
 * Strict SemVer: the valid and invalid lists go through every rule of the grammar.
 */
#include "ingest/base.h"
#include "rules_priv.h"

#include <setjmp.h>
#include <cmocka.h>

static void
valid(void **state)
{
    static const char *const cases[] = {
        "0.0.0", "0.0.4", "1.2.3", "10.20.30", "1.1.2-prerelease+meta", "1.1.2+meta", "1.0.0-alpha",
        "1.0.0-alpha.1", "1.0.0-alpha0.valid", "1.0.0-0A.is.legal", "1.0.0-0", "1.0.0-0.0.0", "1.0.0--", "1.0.0---.-",
        "1.0.0-01a", "1.0.0+001", "1.0.0+0.00.000", "1.0.0+-", "1.0.0-a+b-c.d", "1.0.0-rc.1+build.123",
        "99999999999999999999999.999999999999999999.99999999999999999", "1.0.0-99999999999999999999999",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (!semver_is_strict(slice_of(cases[i])))
            fail_msg("%s was refused", cases[i]);
}

static void
invalid(void **state)
{
    static const char *const cases[] = {
        "", "1", "1.2", "1.2.", "1.2.3.", "1.2.3.4", ".1.2", "1..2", "01.1.1", "1.01.1", "1.1.01", "00.0.0", "v1.2.3",
        "1.2.3-", "1.2.3+", "1.2.3-+", "1.2.3-+b", "1.2.3-a..b", "1.2.3-a.", "1.2.3-.a", "1.2.3-01", "1.2.3-a.01",
        "1.2.3+a..b", "1.2.3+a.", "1.2.3+a+b", "1.2.3-a_b", "1.2.3+a_b", "1.2.3 ", " 1.2.3", "1.2.3-a b", "-1.2.3",
        "+1.2.3", "1.2.3\n", "1.2.x", "1.2.3-\xc3\xa9", "1,2,3", "1.2.3%2Bb", "a.b.c", "1.2-a", "1.2+b",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (semver_is_strict(slice_of(cases[i])))
            fail_msg("%s was taken", cases[i]);
    assert_false(semver_is_strict((struct slice){ "1.2.3\0", 6 }));
}

static void
prefixes_never_read_on(void **state)
{
    static const char text[] = "1.22.3-a.0.b-c+0.1-x";

    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n + (n == 0));
        bool want = n >= 6 && text[n - 1] != '-' && text[n - 1] != '.' && text[n - 1] != '+';

        assert_non_null(copy);
        memcpy(copy, text, n);
        if (n > 0 && text[n - 1] == '-' && n > 7) /* a '-' in an ID is a letter */
            want = true;
        assert_int_equal(semver_is_strict((struct slice){ copy, n }), want);
        free(copy);
    }
}

/* Machines without the vectors for it tell nothing at a look. */
static bool
looks_at_once(void)
{
#if defined(__SSE2__)
    return true;
#else
    return false;
#endif
}

/* What is told at a look is what is told byte by byte, and no more is left to that than has to be. */
static void
usual_ones_at_a_look(void **state)
{
    static const char bytes[] = "01.-a+Z9/:@[`{\x80\xff";
    char text[24] = "/versions/before";

    (void)state;
    for (unsigned long i = 0; i < 8 * 8 * 8 * 8 * 8 * 8; i++) { /* all of 6 bytes, of the first ones */
        unsigned long left = i;

        for (size_t k = 0; k < 6; k++, left /= 8)
            text[16 + k] = bytes[left % 8];
        for (size_t n = 5; n <= 6; n++) {
            struct slice s = { text + 16, n };
            bool strict = semver_is_strict(s), usual = semver_is_usual(s, text);

            if (usual != strict && (!strict || (looks_at_once() && memchr(s.p, '+', n) == NULL)))
                fail_msg("%.*s: %d, byte by byte %d", (int)n, s.p, usual, strict);
        }
    }
}

static void
usual_ones_of_any_length(void **state)
{
    static const char bytes[] = "0123456789...--aZ";
    uint64_t random = 1;
    size_t n_usual = 0;

    (void)state;
    for (int i = 0; i < 1000000; i++) {
        char text[16 + 20] = "/versions/before";
        size_t n = 5;

        memcpy(text + 16, "1.0.2", 5);
        for (; n < 20; n++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            if (random >> 60 == 0)
                break;
            if (n > 5 || random >> 63)
                text[16 + n] = bytes[(random >> 32) % (sizeof bytes - 1)];
            else
                text[16 + n] = '-';
        }
        if (semver_is_usual((struct slice){ text + 16, n }, text)) {
            n_usual++;
            if (!semver_is_strict((struct slice){ text + 16, n }))
                fail_msg("%.*s was taken", (int)n, text + 16);
        }
    }
    assert_true(!looks_at_once() || (n_usual > 50000 && n_usual < 950000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid),
        cmocka_unit_test(invalid),
        cmocka_unit_test(prefixes_never_read_on),
        cmocka_unit_test(usual_ones_at_a_look),
        cmocka_unit_test(usual_ones_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
