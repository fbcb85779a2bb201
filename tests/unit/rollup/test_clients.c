/*
 * Clients of keys, beside sketches that take each at once: the same sets and registers whatever comes how often, and
 * blocks that one key has outgrown serve the next.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "model.h"
#include "table_priv.h"

#define KEYS 300

static uint64_t
client(uint64_t n)
{
    return n * UINT64_C(0x9e3779b97f4a7c15);
}

static struct entry *
entry_of(struct table *t, uint64_t n)
{
    struct slice key = { (const char *)&n, sizeof n };
    struct entry *e = table_put(t, key, table_hash(t, key));

    assert_non_null(e);
    return e;
}

static void
assert_same(struct entry *e, const struct hll *want)
{
    uint8_t wire[HLL_WIRE_MAX], wanted[HLL_WIRE_MAX];
    size_t n;

    clients_put_in_order(e);
    n = hll_encode(entry_clients(e), wire);
    assert_int_equal(n, hll_encode(hll_view(want), wanted));
    assert_memory_equal(wire, wanted, n);
}

/* Of each number of clients about where blocks grow and sets become registers, some of them many times. */
static void
sets_are_those_of_a_sketch(void **state)
{
    static const size_t counts[] = { 0, 1, 2, 4, 5, 8, 9, 17, 32, 33, 64, 65, 127, 128, 129, 159, 160, 161, 162, 255, 256, 700 };
    struct table t;

    (void)state;
    table_init(&t, &plain_shape, 64 * MIB);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        for (size_t repeats = 0; repeats < 4; repeats++) {
            struct entry *e = entry_of(&t, i * 4 + repeats);
            uint64_t seed = i;
            struct hll h;

            hll_clear(&h);
            for (size_t j = 0; j < counts[i]; j++)
                for (size_t k = 0; k <= repeats; k++) {
                    uint64_t c = client(k == 0 ? j : below(&seed, j + 1));

                    hll_add(&h, c);
                    assert_true(clients_add(&t, e, c));
                }
            if (counts[i] <= HLL_EXPLICIT_MAX)
                assert_true(e->room != IN_REGISTERS);
            assert_same(e, &h);
        }
    table_release(&t);
}

/* Three clients, many times: no more room than for a set that is not worth sorting. */
static void
repeats_take_no_memory(void **state)
{
    struct table t;
    struct entry *e;
    struct hll h;

    (void)state;
    table_init(&t, &plain_shape, 64 * MIB);
    e = entry_of(&t, 0);
    hll_clear(&h);
    for (size_t i = 0; i < 100000; i++) {
        hll_add(&h, client(i % 3));
        assert_true(clients_add(&t, e, client(i % 3)));
    }
    assert_true(e->room <= 32);
    assert_same(e, &h);
    table_release(&t);
}

/* Keys that grow beside each other, united with each other's sketches of every kind. */
static void
unites_as_sketches_do(void **state)
{
    static struct hll want[KEYS];
    uint64_t seed = 7;
    struct table t;

    (void)state;
    table_init(&t, &plain_shape, 64 * MIB);
    for (size_t i = 0; i < KEYS; i++)
        hll_clear(&want[i]);
    for (size_t i = 0; i < 60000; i++) {
        size_t into = below(&seed, KEYS), from = below(&seed, KEYS);
        uint64_t c = client(below(&seed, into % 5 == 0 ? 10000 : 150));

        hll_add(&want[into], c);
        assert_true(clients_add(&t, entry_of(&t, into), c));
        if (into == from || below(&seed, 300) > 0)
            continue;
        hll_unite(&want[into], hll_view(&want[from]));
        assert_true(clients_unite(&t, entry_of(&t, into), hll_view(&want[from])));
    }
    for (size_t i = 0; i < KEYS; i++)
        assert_same(entry_of(&t, i), &want[i]);
    table_release(&t);
}

/* What one thousand keys outgrew is enough for the first sizes of another thousand. */
static void
blocks_are_used_again(void **state)
{
    struct table t;
    size_t before;

    (void)state;
    table_init(&t, &plain_shape, 64 * MIB);
    for (uint64_t c = 0; c < 9; c++)
        for (uint64_t i = 0; i < 1000; i++)
            assert_true(clients_add(&t, entry_of(&t, i), client(c)));
    for (uint64_t i = 0; i < 1000; i++)
        entry_of(&t, 1000 + i);
    before = t.arena.used_bytes;
    for (uint64_t i = 0; i < 1000; i++)
        for (uint64_t c = 0; c < 2; c++)
            assert_true(clients_add(&t, entry_of(&t, 1000 + i), client(c)));
    assert_int_equal(t.arena.used_bytes, before);
    table_release(&t);
}

/* Where the ceiling lets a set no longer grow, it stays what it is. */
static void
a_full_table_says_so(void **state)
{
    struct hll want;
    struct table t;
    uint64_t n = 0;

    (void)state;
    table_init(&t, &plain_shape, 64 * KIB);
    table_lend(&t);
    hll_clear(&want);
    for (; clients_add(&t, entry_of(&t, n % 100), client(n)); n++)
        if (n % 100 == 5)
            hll_add(&want, client(n));
    assert_true(n > 400 && n < 64 * KIB / 8);
    assert_true(table_bytes(&t) <= 64 * KIB);
    assert_same(entry_of(&t, 5), &want);
    table_release(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_those_of_a_sketch), cmocka_unit_test(repeats_take_no_memory),
        cmocka_unit_test(unites_as_sketches_do),      cmocka_unit_test(blocks_are_used_again),
        cmocka_unit_test(a_full_table_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
