/* Large memory, whatever is known of how quickly pages come: zeros, aligned, nobody else's. */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/pages.h"

static void
pages_are_zero_aligned_and_ours(void **state)
{
    enum pages_supply supply[] = { PAGES_UNSEEN, PAGES_QUICK, PAGES_SLOW };
    unsigned char *held[8] = { NULL };

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        size_t at = i % ARRAY_LEN(held), n = (1 + at % 3) * PAGES_HUGE;
        unsigned char *p;

        pages_free(held[at], n);
        held[at] = p = i % 4 == 3 ? pages_alloc(n) : pages_alloc_filled(n, &supply[i % 4]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % PAGES_HUGE, 0);
        for (size_t b = 0; b < n; b += 509)
            assert_int_equal(p[b], 0);
        assert_int_equal(p[n - 1], 0);
        memset(p, 0xa5, n);
    }
    assert_int_equal(supply[2], PAGES_SLOW); /* which stays so */
    for (size_t at = 0; at < ARRAY_LEN(held); at++) {
        size_t n = (1 + at % 3) * PAGES_HUGE;

        for (size_t b = 0; b < n; b += 509)
            assert_int_equal(held[at][b], 0xa5);
        pages_free(held[at], n);
    }
}

static void
nothing_and_too_much_are_none(void **state)
{
    enum pages_supply supply = PAGES_UNSEEN;

    (void)state;
    assert_null(pages_alloc(0));
    assert_null(pages_alloc(pages_round(SIZE_MAX / 2)));
    assert_null(pages_alloc(0 - PAGES_HUGE));
    assert_null(pages_alloc_filled(0, &supply));
    assert_null(pages_alloc_filled(0 - PAGES_HUGE, &supply));
    assert_int_equal(supply, PAGES_UNSEEN);
    pages_free(NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_zero_aligned_and_ours),
        cmocka_unit_test(nothing_and_too_much_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
