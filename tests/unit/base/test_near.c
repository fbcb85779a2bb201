/* The distance between words: the edges of its table, and that it is the same both ways. */
#include "ingest/base.h"
#include "ingest/near.h"

#include <setjmp.h>
#include <cmocka.h>

static void
distances_are_those_of_the_shortest_way(void **state)
{
    static const struct {
        const char *a, *b;
        size_t want;
    } cases[] = {
        { "", "", 0 },          { "", "abc", 3 },           { "a", "a", 0 },
        { "status", "statu", 1 }, { "status", "tatus", 1 }, { "status", "stauts", 1 },
        { "kitten", "sitting", 3 }, { "abc", "xyz", 3 },
        { "ab", "ba", 1 },      { "abcd", "badc", 2 },      { "ca", "abc", 3 }, /* none twice */
        { "format", "fromat", 1 }, { "aab", "baa", 2 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(near_distance(slice_of(cases[i].a), slice_of(cases[i].b)), cases[i].want);
        assert_int_equal(near_distance(slice_of(cases[i].b), slice_of(cases[i].a)), cases[i].want);
    }
}

static void
long_words_are_far_from_all(void **state)
{
    char word[NEAR_BYTES_MAX + 1];

    (void)state;
    memset(word, 'a', sizeof word);
    assert_int_equal(near_distance((struct slice){ word, NEAR_BYTES_MAX }, SLICE("")), NEAR_BYTES_MAX);
    assert_true(near_distance((struct slice){ word, sizeof word }, SLICE("a")) == SIZE_MAX);
    assert_true(near_distance(SLICE("a"), (struct slice){ word, sizeof word }) == SIZE_MAX);
}

static void
the_nearest_word_is_meant_or_none(void **state)
{
    static const char *const words[] = { "run", NULL, "status", "report", "recount", "retract", "to" };
    static const struct {
        const char *word, *want;
    } cases[] = {
        { "stauts", "status" }, { "statsu", "status" }, { "rnu", "run" },    { "reprot", "report" },
        { "recoutn", "recount" }, { "rport", "report" }, { "ot", "to" },     { "xy", NULL },
        { "abc", NULL },        { "", NULL },          { "xtaxxs", NULL },   { "runner", NULL },
        { "run", "run" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *best = near_best(slice_of(cases[i].word), words, ARRAY_LEN(words));

        if (cases[i].want == NULL)
            assert_null(best);
        else
            assert_string_equal(best, cases[i].want);
    }
    assert_null(near_best(SLICE("run"), words, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_the_shortest_way),
        cmocka_unit_test(long_words_are_far_from_all),
        cmocka_unit_test(the_nearest_word_is_meant_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
