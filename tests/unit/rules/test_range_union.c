/*
 * Ranges put together, against a map of bytes; what is decided at the end; memory.
 */
#include "ingest/base.h"
#include "ingest/range_union.h"
#include "ingest/rule_pack.h"

#include <setjmp.h>
#include <cmocka.h>

static struct err err;

static struct digest
object(uint64_t n)
{
    struct digest d = { { 0 } };

    memcpy(d.b, &n, sizeof n);
    return d;
}

static struct range_part
part(uint64_t what, uint64_t client, int32_t day, int64_t first, int64_t end)
{
    return (struct range_part){ .object = object(what), .client = client, .has_client = true, .day = day,
                                .first = first, .end = end, .bytes = end - first, .key = SLICE("key"), .input = 3 };
}

static void
add(struct range_union *u, struct range_part p)
{
    if (range_union_part(u, &p, &err) != ST_OK)
        fail_msg("%s", err.cause);
}

static void
whole(struct range_union *u, uint64_t what, int64_t bytes)
{
    struct digest d = object(what);

    assert_int_equal(range_union_whole(u, &d, bytes, &err), ST_OK);
}

struct seen {
    struct range_group last;
    size_t n, by[3];
    int64_t bytes;
};

static enum st
see(void *ctx, const struct range_group *g, struct err *e)
{
    struct seen *s = ctx;

    (void)e;
    s->last = *g;
    s->n++;
    s->by[g->fate]++;
    s->bytes += g->bytes;
    return ST_OK;
}

static struct seen
look(const struct range_union *u)
{
    struct seen s = { 0 };

    assert_int_equal(range_union_each(u, see, &s, &err), ST_OK);
    return s;
}

static enum range_fate
fate(const struct range_union *u)
{
    struct seen s = look(u);

    assert_int_equal(s.n, 1);
    return s.last.fate;
}

static void
shares_at_their_edges(void **state)
{
    struct range_union *u = range_union_new(900000, 0, &err);

    (void)state;
    assert_int_equal(look(u).n, 0);
    add(u, part(1, 1, 1, 0, 899));
    assert_int_equal(fate(u), RANGE_NO_SIZE);
    whole(u, 1, 0); /* says nothing */
    assert_int_equal(fate(u), RANGE_NO_SIZE);
    whole(u, 2, 5);
    assert_int_equal(fate(u), RANGE_NO_SIZE);
    whole(u, 1, 1000);
    assert_int_equal(fate(u), RANGE_SHORT);
    add(u, part(1, 1, 1, 0, 900));
    assert_int_equal(fate(u), RANGE_REACHED);
    whole(u, 1, 1001); /* the largest counts */
    assert_int_equal(fate(u), RANGE_SHORT);
    whole(u, 1, 10);
    assert_int_equal(fate(u), RANGE_SHORT);
    range_union_reset(u);
    assert_int_equal(look(u).n, 0);
    add(u, part(1, 1, 1, 0, 899));
    assert_int_equal(fate(u), RANGE_NO_SIZE);
    range_union_free(u);
    range_union_free(NULL);
}

static void
the_largest_numbers(void **state)
{
    struct range_union *u = range_union_new(SHARE_WHOLE, 0, &err);
    struct range_part p = part(1, 1, 1, 0, INT64_MAX);

    (void)state;
    whole(u, 1, INT64_MAX);
    add(u, p);
    assert_int_equal(fate(u), RANGE_REACHED);
    assert_int_equal(range_union_part(u, &p, &err), ST_EOF); /* the bytes do not fit */
    p.bytes = 0;
    assert_int_equal(range_union_part(u, &p, &err), ST_OK);
    assert_int_equal(look(u).last.inputs->n, 2);
    range_union_free(u);
}

static void
clients_objects_and_days_are_apart(void **state)
{
    struct range_union *u = range_union_new(SHARE_WHOLE, 0, &err);
    struct range_part p;

    (void)state;
    whole(u, 1, 10);
    whole(u, 2, 10);
    add(u, part(1, 1, 1, 0, 5));
    add(u, part(1, 2, 1, 5, 10));
    add(u, part(1, 1, 2, 5, 10));
    add(u, part(2, 1, 1, 5, 10));
    p = part(1, 1, 1, 5, 10);
    p.has_client = false;
    add(u, p);
    add(u, p); /* nobody knows whether it is the same one */
    assert_int_equal(look(u).n, 6);
    assert_int_equal(look(u).by[RANGE_SHORT], 6);
    add(u, part(1, 1, 1, 5, 10));
    assert_int_equal(look(u).n, 6);
    assert_int_equal(look(u).by[RANGE_REACHED], 1);
    range_union_free(u);
}

static void
inputs_are_listed_last_first(void **state)
{
    struct range_union *u = range_union_new(SHARE_WHOLE, 0, &err);
    const struct range_input *i;
    struct range_part p = part(1, 1, 1, 0, 5);

    (void)state;
    p.input = 7;
    add(u, p);
    add(u, p);
    p.input = 9;
    add(u, p);
    i = look(u).last.inputs;
    assert_true(i->input == 9 && i->n == 1 && i->next->input == 7 && i->next->n == 2 && i->next->next == NULL);
    assert_int_equal(look(u).last.bytes, 15);
    assert_true(slice_is(look(u).last.key, "key"));
    range_union_free(u);
}

/* ---- against a map ---- */

static uint32_t seed = 5;

static int
chance(int n)
{
    seed = seed * 1664525 + 1013904223;
    return (int)(seed >> 8) % n;
}

static void
as_a_map_of_bytes(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint32_t share = (uint32_t)(1 + chance(SHARE_WHOLE));
        struct range_union *u = range_union_new(share, 4 * MIB, &err);
        char map[200] = { 0 };
        int size = 1 + chance(200), longest = 1 + chance(40);

        whole(u, 1, size);
        for (int i = 0; i < 60; i++) {
            int first = chance(200), end = first + 1 + chance(longest), covered = 0;

            end = end > 200 ? 200 : end;
            memset(map + first, 1, (size_t)(end - first));
            add(u, part(1, 1, 1, first, end));
            for (int k = 0; k < 200; k++)
                covered += map[k];
            assert_int_equal(fate(u), (int64_t)covered * SHARE_WHOLE >= (int64_t)size * share ? RANGE_REACHED : RANGE_SHORT);
        }
        range_union_free(u);
    }
}

static void
many_gaps_never_count(void **state)
{
    struct range_union *u = range_union_new(500000, 0, &err);

    (void)state;
    whole(u, 1, 2 * RANGE_UNION_GAPS_MAX);
    for (int64_t i = 0; i < RANGE_UNION_GAPS_MAX; i++)
        add(u, part(1, 1, 1, 2 * i, 2 * i + 1));
    assert_int_equal(fate(u), RANGE_REACHED); /* half of it is there, in as many pieces as may be */
    add(u, part(1, 1, 1, 5, 6)); /* closes a gap: fewer pieces */
    assert_int_equal(fate(u), RANGE_REACHED);
    add(u, part(1, 1, 1, 10000, 10001));
    assert_int_equal(fate(u), RANGE_REACHED);
    add(u, part(1, 1, 1, 20000, 20001)); /* one too many */
    assert_int_equal(fate(u), RANGE_SHORT);
    add(u, part(1, 1, 1, 0, 40000));
    assert_int_equal(fate(u), RANGE_SHORT);
    assert_int_equal(look(u).last.inputs->n, RANGE_UNION_GAPS_MAX + 4);
    range_union_free(u);
}

static void
memory_is_bounded(void **state)
{
    struct range_union *u = range_union_new(500000, 2 * MIB, &err);
    struct digest d;
    enum st rc = ST_OK;
    uint64_t n = 0;

    (void)state;
    for (; rc == ST_OK && n < 100000; n++) {
        struct range_part p = part(n, n, 1, 0, 5);

        rc = range_union_part(u, &p, &err);
        assert_true(range_union_held_bytes(u) <= 2 * MIB);
    }
    assert_int_equal(rc, ST_MEMORY);
    assert_true(n > 4000);
    assert_string_equal(err.cause, "the parts of this run take more than 2 MiB");
    range_union_reset(u);
    for (rc = ST_OK; rc == ST_OK && n < 1000000; n++) {
        d = object(n);
        rc = range_union_whole(u, &d, 1, &err);
        assert_true(range_union_held_bytes(u) <= 2 * MIB);
    }
    assert_int_equal(rc, ST_MEMORY);
    range_union_reset(u);
    add(u, part(1, 1, 1, 0, 5));
    range_union_free(u);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_at_their_edges),
        cmocka_unit_test(the_largest_numbers),
        cmocka_unit_test(clients_objects_and_days_are_apart),
        cmocka_unit_test(inputs_are_listed_last_first),
        cmocka_unit_test(as_a_map_of_bytes),
        cmocka_unit_test(many_gaps_never_count),
        cmocka_unit_test(memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
