/*
 * Addresses that somebody chose who knows every hash but not the key: sketches count them like any others. Without a key
 * the same ones make one sketch overflow with clients and another lose all but one (P. Reviriego, D. Ting, "Security of
 * HyperLogLog (HLL) Cardinality Estimation: Vulnerabilities and Protection", 2020).
 */
#include "dataset_priv.h"
#include "ingest/dataset.h"
#include "ingest/sketch.h"

#include <math.h>
#include <setjmp.h>
#include <cmocka.h>

#define TRIED      (1u << 19) /* addresses that he tries; more raise what the chosen ones stand for, and take longer */
#define KEYS       16
#define ERROR_OF_1 (1.04 / 45.254834) /* of a sketch of 2,048 registers, over its estimate */

struct chosen {
    uint32_t address[TRIED / 64];
    size_t n;
};

/* The hash of the n-th address. */
static uint64_t
hash_of(const struct client_key *key, uint32_t n)
{
    char text[20];
    uint64_t h = 0;

    snprintf(text, sizeof text, "%u.%u.%u.%u", 20 + (n >> 24), n >> 16 & 255, n >> 8 & 255, n & 255);
    assert_true(client_hash(key, CLIENT_KEYED, slice_of(text), 0, &h));
    return h;
}

static double
estimate(const struct client_key *key, const struct chosen *c)
{
    struct hll h;

    hll_clear(&h);
    for (size_t i = 0; i < c->n; i++)
        hll_add(&h, hash_of(key, c->address[i]));
    return hll_cardinality(&h);
}

static void
holds_under_each_key(const struct chosen *c)
{
    for (int i = 0; i < KEYS; i++) {
        struct client_key key = { .n_epochs = 1, .epochs[0].key = { (uint8_t)i, 1, 2, 3 } };
        double found = estimate(&key, c), n = (double)c->n;

        if (!(fabs(found - n) <= 3 * ERROR_OF_1 * n))
            fail_msg("key %d: %.0f for %.0f", i, found, n);
    }
}

/* For each register the address that raises it most. */
static void
chosen_to_be_many(void **state)
{
    static uint32_t best[HLL_REGISTERS], value[HLL_REGISTERS];
    static struct chosen c;
    struct client_key none;

    (void)state;
    client_key_none(&none);
    for (uint32_t i = 0; i < TRIED; i++) {
        uint64_t h = hash_of(&none, i), rest = h >> HLL_LOG2M;
        uint32_t v = rest == 0 ? 0 : (uint32_t)__builtin_ctzll(rest) + 1, r = h & (HLL_REGISTERS - 1);

        if (v > value[r]) {
            value[r] = v;
            best[r] = i;
        }
    }
    for (size_t r = 0; r < HLL_REGISTERS; r++)
        if (value[r] > 0)
            c.address[c.n++] = best[r];
    assert_int_equal(c.n, HLL_REGISTERS);
    assert_true(estimate(&none, &c) > 100.0 * (double)c.n); /* he knows what he does */
    holds_under_each_key(&c);
}

/* All in one register. */
static void
chosen_to_be_one(void **state)
{
    static struct chosen c;
    struct client_key none;

    (void)state;
    client_key_none(&none);
    for (uint32_t i = 0; i < TRIED && c.n < ARRAY_LEN(c.address); i++)
        if ((hash_of(&none, i) & (HLL_REGISTERS - 1)) == 77)
            c.address[c.n++] = i;
    assert_true(c.n > HLL_EXPLICIT_MAX + 40);
    assert_true(estimate(&none, &c) < 2);
    holds_under_each_key(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_to_be_many),
        cmocka_unit_test(chosen_to_be_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
