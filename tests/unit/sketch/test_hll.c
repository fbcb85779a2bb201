/*
 * Sketches in memory: the steps from one client to registers, the pool, and its ceiling.
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
same(const struct hll *a, const struct hll *b)
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
    struct hll_pool pool;
    struct hll h = { 0 };

    (void)state;
    hll_pool_init(&pool, SIZE_MAX);
    assert_int_equal(hll_encode(&h, wire), 3);
    for (size_t n = 1; n <= HLL_EXPLICIT_MAX; n++) {
        assert_int_equal(hll_add(&h, &pool, n == 77 ? 0 : mix(n)), ST_OK);
        assert_int_equal(h.n, n);
        for (size_t i = 1; i <= n; i++)
            assert_int_equal(hll_add(&h, &pool, i == 77 ? 0 : mix(i)), ST_OK);
        assert_int_equal(h.n, n);
        assert_int_equal(hll_encode(&h, wire), 3 + 8 * n);
        assert_int_equal(wire[0], 0x12);
    }
    assert_int_equal(hll_add(&h, &pool, mix(161)), ST_OK);
    assert_int_equal(h.n, HLL_IN_REGISTERS);
    assert_true(hll_encode(&h, wire) > 3);
    assert_int_equal(wire[0], 0x13);
    hll_pool_release(&pool);
}

static void
one_client_takes_no_block(void **state)
{
    struct hll_pool pool;
    struct hll h = { 0 };

    (void)state;
    hll_pool_init(&pool, 0);
    assert_int_equal(hll_add(&h, &pool, 5), ST_OK);
    assert_int_equal(hll_add(&h, &pool, 5), ST_OK);
    assert_int_equal(hll_pool_bytes(&pool), 0);
    assert_int_equal(hll_add(&h, &pool, 6), ST_MEMORY);
    assert_int_equal(h.n, 1);
    assert_true(hll_cardinality(&h) == 1);
    hll_pool_release(&pool);
}

/* The same 300 hashes, in another order and in pieces, are the same sketch; a piece does not change by being read. */
static void
order_and_pieces_do_not_show(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 8, 9, 80, 81, 160, 161, 300, 700, 1500 };
    struct hll_pool pool, other;

    (void)state;
    hll_pool_init(&pool, SIZE_MAX);
    hll_pool_init(&other, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t j = 0; j < ARRAY_LEN(sizes); j++)
            for (size_t shared = 0; shared < 2; shared++) {
                struct hll all = { 0 }, a = { 0 }, b = { 0 }, b_before = { 0 };
                size_t start = shared ? sizes[i] / 2 : sizes[i], end = start + sizes[j];

                for (size_t k = end > sizes[i] ? end : sizes[i]; k-- > 0;)
                    hll_add(&all, &pool, mix(k));
                for (size_t k = 0; k < sizes[i]; k++)
                    hll_add(&a, &pool, mix(k));
                for (size_t k = 0; k < sizes[j]; k++) {
                    hll_add(&b, &other, mix(start + k));
                    hll_add(&b_before, &pool, mix(start + k));
                }
                assert_int_equal(hll_union(&a, &pool, &b), ST_OK);
                if (!same(&a, &all))
                    fail_msg("%zu and %zu clients, start %zu", sizes[i], sizes[j], start);
                assert_true(same(&b, &b_before));
                assert_int_equal(hll_union(&a, &pool, &a), ST_OK);
                assert_true(same(&a, &all));
                hll_clear(&all, &pool);
                hll_clear(&a, &pool);
                hll_clear(&b_before, &pool);
                hll_clear(&b, &other);
            }
    hll_pool_release(&pool);
    hll_pool_release(&other);
}

/* Hashes that all want the same place of a table, zero among them. */
static void
chosen_collisions(void **state)
{
    uint8_t wire[HLL_WIRE_MAX];
    struct hll_pool pool;
    struct hll h = { 0 };

    (void)state;
    hll_pool_init(&pool, SIZE_MAX);
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 0; i < HLL_EXPLICIT_MAX; i++)
            assert_int_equal(hll_add(&h, &pool, i << 32), ST_OK);
    assert_int_equal(h.n, HLL_EXPLICIT_MAX);
    assert_int_equal(hll_encode(&h, wire), HLL_WIRE_MAX);
    hll_pool_release(&pool);
}

static void
blocks_are_used_again(void **state)
{
    struct hll_pool pool;
    struct hll h = { 0 };
    size_t held = 0;

    (void)state;
    hll_pool_init(&pool, SIZE_MAX);
    for (int round = 0; round < 1000; round++) {
        for (uint64_t i = 0; i < 200; i++)
            assert_int_equal(hll_add(&h, &pool, mix(i)), ST_OK);
        hll_clear(&h, &pool);
        assert_int_equal(h.n, 0);
        if (round == 0)
            held = hll_pool_bytes(&pool);
    }
    assert_int_equal(hll_pool_bytes(&pool), held);
    hll_pool_reset(&pool);
    assert_int_equal(hll_add(&h, &pool, 1), ST_OK);
    assert_int_equal(hll_add(&h, &pool, 2), ST_OK);
    hll_pool_release(&pool);
}

/* At the ceiling an addition fails and the sketch stays what it was; clearing another one makes room. */
static void
ceiling_leaves_sketch_whole(void **state)
{
    static struct hll hs[4000], before;
    struct hll_pool pool, plenty;
    size_t n = 0;

    (void)state;
    hll_pool_init(&pool, 40 * KIB);
    hll_pool_init(&plenty, SIZE_MAX);
    for (; n < ARRAY_LEN(hs); n++) {
        assert_int_equal(hll_add(&hs[n], &pool, mix(n)), ST_OK);
        if (hll_add(&hs[n], &pool, mix(n + 1)) != ST_OK)
            break;
    }
    assert_in_range(n, 10, ARRAY_LEN(hs) - 1);
    assert_true(hll_pool_bytes(&pool) <= 40 * KIB);
    assert_int_equal(hs[n].n, 1);
    hll_clear(&hs[0], &pool);
    assert_int_equal(hll_add(&hs[n], &pool, mix(n + 1)), ST_OK);

    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(hll_add(&before, &plenty, mix(i)), ST_OK);
    assert_int_equal(hll_union(&hs[1], &pool, &before), ST_MEMORY);
    assert_int_equal(hs[1].n, 2);
    assert_int_equal(hll_add(&hs[1], &pool, mix(1)), ST_OK);
    assert_int_equal(hs[1].n, 2);
    hll_pool_release(&pool);
    hll_pool_release(&plenty);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_one_by_one),
        cmocka_unit_test(one_client_takes_no_block),
        cmocka_unit_test(order_and_pieces_do_not_show),
        cmocka_unit_test(chosen_collisions),
        cmocka_unit_test(blocks_are_used_again),
        cmocka_unit_test(ceiling_leaves_sketch_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
