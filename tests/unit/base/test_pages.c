/* Pages of either kind, again and again, so that both answers to how quickly they come are lived through where the machine gives both. */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/pages.h"

static void
pages_are_zero_aligned_and_ours(void **state)
{
    static const enum pages_kind kinds[] = { PAGES_READ_ALL_OVER, PAGES_FILLED_UP };
    unsigned char *held[8] = { NULL };

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        size_t at = i % ARRAY_LEN(held), n = (1 + at % 3) * PAGES_HUGE;
        unsigned char *p;

        pages_free(held[at], n);
        held[at] = p = pages_alloc(n, kinds[i % ARRAY_LEN(kinds)]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % PAGES_HUGE, 0);
        for (size_t b = 0; b < n; b += 509)
            assert_int_equal(p[b], 0);
        assert_int_equal(p[n - 1], 0);
        memset(p, 0xa5, n);
    }
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
    (void)state;
    assert_null(pages_alloc(0, PAGES_FILLED_UP));
    assert_null(pages_alloc(pages_round(SIZE_MAX / 2), PAGES_FILLED_UP));
    assert_null(pages_alloc(0 - PAGES_HUGE, PAGES_READ_ALL_OVER));
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
