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
        { "status", "statu", 1 }, { "status", "tatus", 1 }, { "status", "stauts", 2 },
        { "kitten", "sitting", 3 }, { "abc", "xyz", 3 },
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_the_shortest_way),
        cmocka_unit_test(long_words_are_far_from_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
