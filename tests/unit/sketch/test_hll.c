/*
 * Sketches in memory: the steps from one client to registers, and views of what lies elsewhere.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/sketch.h"

static uint64_t
mix(uint64_t x)
{
    x = (x + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static bool
same(struct hll_view a, struct hll_view b)
{
    uint8_t x[HLL_WIRE_MAX], y[HLL_WIRE_MAX];
    size_t n = hll_encode(a, x);

    return n == hll_encode(b, y) && memcmp(x, y, n) == 0;
}

/* After each addition of each count up to past the limit: the number of elements, and the server's form. */
static void
grows_one_by_one(void **state)
{
    uint8_t wire[HLL_WIRE_MAX];
    struct hll h = { 0 };

    (void)state;
    assert_int_equal(hll_encode(hll_view(&h), wire), 3);
    for (size_t n = 1; n <= HLL_EXPLICIT_MAX; n++) {
        hll_add(&h, n == 77 ? 0 : mix(n));
        assert_int_equal(h.n, n);
        for (size_t i = 1; i <= n; i++)
            hll_add(&h, i == 77 ? 0 : mix(i));
        assert_int_equal(h.n, n);
        for (size_t i = 1; i < n; i++)
            assert_true((int64_t)h.u.set[i - 1] < (int64_t)h.u.set[i]);
        assert_int_equal(hll_encode(hll_view(&h), wire), 3 + 8 * n);
        assert_int_equal(wire[0], 0x12);
    }
    hll_add(&h, mix(161));
    assert_int_equal(h.n, HLL_IN_REGISTERS);
    assert_true(hll_encode(hll_view(&h), wire) > 3);
    assert_int_equal(wire[0], 0x13);
    hll_clear(&h);
    assert_int_equal(hll_encode(hll_view(&h), wire), 3);
}

/* The same hashes, in another order and in pieces, are the same sketch; a piece does not change by being read. */
static void
order_and_pieces_do_not_show(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 8, 9, 80, 81, 160, 161, 300, 700, 1500 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t j = 0; j < ARRAY_LEN(sizes); j++)
            for (size_t shared = 0; shared < 2; shared++) {
                struct hll all = { 0 }, a = { 0 }, b = { 0 }, b_before = { 0 };
                size_t start = shared ? sizes[i] / 2 : sizes[i], end = start + sizes[j];

                for (size_t k = end > sizes[i] ? end : sizes[i]; k-- > 0;)
                    hll_add(&all, mix(k));
                for (size_t k = 0; k < sizes[i]; k++)
                    hll_add(&a, mix(k));
                for (size_t k = 0; k < sizes[j]; k++) {
                    hll_add(&b, mix(start + k));
                    hll_add(&b_before, mix(start + k));
                }
                hll_unite(&a, hll_view(&b));
                if (!same(hll_view(&a), hll_view(&all)))
                    fail_msg("%zu and %zu clients, start %zu", sizes[i], sizes[j], start);
                assert_true(same(hll_view(&b), hll_view(&b_before)));
                hll_unite(&a, hll_view(&a));
                assert_true(same(hll_view(&a), hll_view(&all)));
            }
}

/* Sets that lie elsewhere, of any number: sorted, written and united they are what the same hashes are one by one. */
static void
views_are_sketches(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 5, 12, 13, 14, 57, 159, 160, 161, 162, 255, 256, 1000 };
    static uint64_t set[2000];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t repeats = 1; repeats <= 2; repeats++) {
            struct hll one_by_one = { 0 }, united = { 0 };
            struct hll_view view;
            size_t n = 0;

            for (size_t r = 0; r < repeats; r++)
                for (size_t k = sizes[i]; k-- > 0;)
                    set[n++] = k == 3 ? 0 : mix(k);
            for (size_t k = 0; k < n; k++)
                hll_add(&one_by_one, set[k]);
            view = (struct hll_view){ .set = set, .n = hll_sort(set, n) };
            assert_int_equal(view.n, sizes[i]);
            assert_true(same(view, hll_view(&one_by_one)));
            hll_unite(&united, view);
            assert_true(same(hll_view(&united), hll_view(&one_by_one)));
            hll_add(&united, 12345);
            hll_unite(&united, view);
            hll_add(&one_by_one, 12345);
            assert_true(same(hll_view(&united), hll_view(&one_by_one)));
        }
}

/* Whatever order they come in, signed numbers in order and each once. */
static void
sorting(void **state)
{
    static uint64_t a[3000];

    (void)state;
    for (size_t n = 0; n <= ARRAY_LEN(a); n += n < 40 ? 1 : 487)
        for (int pattern = 0; pattern < 5; pattern++) {
            size_t left;

            for (size_t i = 0; i < n; i++)
                a[i] = pattern == 0   ? i
                       : pattern == 1 ? n - i
                       : pattern == 2 ? mix(i)
                       : pattern == 3 ? mix(i % 7)
                                      : (i % 2 ? i : ~i);
            left = hll_sort(a, n);
            for (size_t i = 1; i < left; i++)
                assert_true((int64_t)a[i - 1] < (int64_t)a[i]);
            if (pattern != 3)
                assert_int_equal(left, n);
            else
                assert_int_equal(left, n < 7 ? n : 7);
        }
}

/* Hashes whose upper bits are all zero have no value: in registers they are not seen. */
static void
small_hashes(void **state)
{
    uint8_t wire[HLL_WIRE_MAX];
    struct hll h = { 0 };

    (void)state;
    for (uint64_t i = 0; i < HLL_EXPLICIT_MAX; i++)
        hll_add(&h, i);
    assert_int_equal(hll_encode(hll_view(&h), wire), HLL_WIRE_MAX);
    hll_add(&h, 2047);
    assert_int_equal(hll_encode(hll_view(&h), wire), 3);
    assert_int_equal(wire[0], 0x13);
    hll_add(&h, 2048);
    assert_int_equal(hll_encode(hll_view(&h), wire), 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_one_by_one), cmocka_unit_test(order_and_pieces_do_not_show),
        cmocka_unit_test(views_are_sketches), cmocka_unit_test(sorting),
        cmocka_unit_test(small_hashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
