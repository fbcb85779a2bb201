/*
 * Sorting keys in place: against memcmp, on what is awkward for it.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/clock.h"
#include "model.h"
#include "sort_priv.h"

#define N 5000

static struct entry *
put(struct table *t, struct slice key)
{
    return table_put(t, key, table_hash(t, key));
}

static struct slice
awkward_key(size_t pattern, size_t i, uint64_t *seed, uint8_t key[KEY_BYTES_MAX])
{
    size_t n = 12;
    uint64_t number = __builtin_bswap64(i);

    memset(key, 0, KEY_BYTES_MAX);
    switch (pattern) {
    case 0: /* ascending */
        memcpy(key, &number, sizeof number);
        break;
    case 1: /* descending, behind a long head */
        number = __builtin_bswap64(N - i);
        n = 700;
        memcpy(key + 690, &number, sizeof number);
        break;
    case 2: /* nothing but zeros, told apart by length alone */
        n = i % KEY_BYTES_MAX + 1;
        key[0] = (uint8_t)(i / KEY_BYTES_MAX);
        break;
    case 3: /* up, then down */
        number = __builtin_bswap64(i < N / 2 ? 2 * i : 2 * (N - i) - 1);
        memcpy(key, &number, sizeof number);
        break;
    case 4: /* two values in most places */
        n = 40;
        for (size_t j = 0; j < 32; j++)
            key[j] = (uint8_t)below(seed, 2) * 255;
        memcpy(key + 32, &number, sizeof number);
        break;
    default: /* random, of random length */
        n = 8 + below(seed, 30);
        for (size_t j = 0; j + 8 < n; j++)
            key[j] = (uint8_t)below(seed, 256);
        memcpy(key + n - 8, &number, sizeof number);
    }
    return (struct slice){ (const char *)key, n };
}

static int
order_of(struct slice x, struct slice y)
{
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

static void
agrees_with_memcmp(void **state)
{
    uint8_t key[KEY_BYTES_MAX];

    (void)state;
    for (size_t pattern = 0; pattern < 6; pattern++)
        for (size_t n = 0; n <= N; n = n * 3 + 1) {
            uint64_t seed = pattern;
            struct table t;

            table_init(&t, &lean_shape, SIZE_MAX);
            for (size_t i = 0; i < n; i++)
                assert_non_null(put(&t, awkward_key(pattern, i, &seed, key)));
            assert_int_equal(t.n, n);
            table_sort(&t);
            for (size_t i = 1; i < n; i++)
                if (order_of(entry_key(&lean_shape, t.slots[i - 1].entry),
                             entry_key(&lean_shape, t.slots[i].entry)) >= 0)
                    fail_msg("pattern %zu: key %zu of %zu is out of order", pattern, i, n);
            table_release(&t);
        }
}

static void
heap_sorts(void **state)
{
    struct slot slots[300];
    uint64_t seed = 11;

    (void)state;
    for (size_t n = 0; n <= ARRAY_LEN(slots); n++) {
        uint64_t sum = 0;

        for (size_t i = 0; i < n; i++) {
            slots[i].hash = below(&seed, n % 3 == 0 ? 5 : UINT64_MAX);
            sum += slots[i].hash;
        }
        sort_by_heap(slots, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(i == 0 || slots[i - 1].hash <= slots[i].hash);
            sum -= slots[i].hash;
        }
        assert_true(sum == 0);
    }
}

/* Sorted, nearly equal, and interleaved so that the middle of three is a bad pivot: nothing is quadratic. */
static void
many_bad_pivots(void **state)
{
    enum { MANY = 200000, HALF = MANY / 2 };
    uint8_t key[KEY_BYTES_MAX];
    int64_t start = clock_cpu_us();

    (void)state;
    for (int equal = 0; equal < 2; equal++) {
        struct table t;

        table_init(&t, &lean_shape, SIZE_MAX);
        for (size_t i = 0; i < MANY; i++) {
            uint64_t number = __builtin_bswap64(i);

            memset(key, 'x', 24);
            memcpy(key + (equal ? 16 : 0), &number, sizeof number);
            assert_non_null(put(&t, (struct slice){ (char *)key, 24 }));
        }
        table_sort(&t);
        for (size_t i = 1; i < HALF; i += 2) {
            struct slot was = t.slots[i];

            t.slots[i] = t.slots[HALF + i - 1];
            t.slots[HALF + i - 1] = was;
        }
        for (int again = 0; again < 2; again++) { /* the second time they are in order already */
            sort_by_key(&lean_shape, t.slots, t.n);
            for (size_t i = 1; i < MANY; i++)
                assert_true(order_of(entry_key(&lean_shape, t.slots[i - 1].entry),
                                     entry_key(&lean_shape, t.slots[i].entry)) < 0);
        }
        table_release(&t);
    }
    assert_true(clock_cpu_us() - start < 20 * 1000000); /* quadratic would be hours */
}

/* By the day, which is what the totals of one name differ in. */
static void
totals_stand_together(void **state)
{
    uint8_t key[KEY_BYTES_MAX], total[2][KEY_BYTES_MAX];
    struct slice last = { (char *)total[0], 0 };
    uint64_t seed = 3;
    struct table t;

    (void)state;
    table_init(&t, &stats_shape, SIZE_MAX);
    for (size_t i = 0; i < 3000; i++) {
        char version[32];

        snprintf(version, sizeof version, "%" PRIu64, below(&seed, 100));
        assert_non_null(put(&t, stats_key(key, "name", version, (int32_t)below(&seed, 50) - 25)));
    }
    table_sort(&t);
    sort_by_total(&stats_shape, t.slots, t.n, 6);
    for (size_t i = 0; i < t.n; i++) {
        uint8_t *out = total[i % 2];
        struct slice now = { (char *)out, stats_total(entry_key(&stats_shape, t.slots[i].entry), out) };

        assert_true(i == 0 || order_of(last, now) <= 0);
        last = now;
    }
    table_release(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_memcmp),
        cmocka_unit_test(heap_sorts),
        cmocka_unit_test(many_bad_pivots),
        cmocka_unit_test(totals_stand_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
