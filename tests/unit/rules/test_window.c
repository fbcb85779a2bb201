/*
 * Windows against a list of everything that was asked: at their edges, out of order, and when the
 * memory is used up.
 */
#include "ingest/base.h"
#include "ingest/clock.h"
#include "ingest/window.h"

#include <setjmp.h>
#include <cmocka.h>

#define SECOND INT64_C(1000000)

static const struct window_rule thirty = { WINDOW_SECONDS, 30 }, daily = { WINDOW_DAY, 0 };
static struct err err;

static struct digest
object(uint64_t n)
{
    struct digest d = { { 0 } };

    memcpy(d.b, &n, sizeof n);
    return d;
}

static bool
ask(struct window *w, uint64_t client, uint64_t what, int64_t time_us)
{
    struct digest d = object(what);
    bool again;

    if (window_ask(w, client, &d, time_us, (int32_t)(time_us / DAY_US), &again, &err) != ST_OK)
        fail_msg("%s", err.cause);
    return again;
}

static void
seconds_at_their_edges(void **state)
{
    struct window *w = window_new(&thirty, 0, &err);
    const int64_t t = 1700000000 * SECOND;

    (void)state;
    assert_false(ask(w, 1, 1, t));
    assert_true(ask(w, 1, 1, t));
    assert_true(ask(w, 1, 1, t + 30 * SECOND));         /* 30 s are within */
    assert_true(ask(w, 1, 1, t + 60 * SECOND));         /* it slides */
    assert_false(ask(w, 1, 1, t + 90 * SECOND + 1000)); /* a millisecond more is not */
    assert_true(ask(w, 1, 1, t + 120 * SECOND + 1999)); /* what is below is not looked at */
    assert_false(ask(w, 2, 1, t + 120 * SECOND));       /* another client, another object */
    assert_false(ask(w, 1, 2, t + 120 * SECOND));
    assert_false(ask(w, 0, 0, t + 120 * SECOND));
    assert_true(ask(w, 0, 0, t + 120 * SECOND));
    assert_int_equal(window_n_late(w), 0);
    window_reset(w);
    assert_false(ask(w, 1, 1, t + 120 * SECOND));
    window_free(w);
    window_free(NULL);
}

static void
midnight(void **state)
{
    struct window *w = window_new(&thirty, 0, &err), *d = window_new(&daily, 0, &err);
    const int64_t t = 19700 * DAY_US;

    (void)state;
    assert_false(ask(w, 1, 1, t - SECOND));
    assert_true(ask(w, 1, 1, t + SECOND)); /* seconds go on over midnight */
    assert_false(ask(d, 1, 1, t - 1));
    assert_false(ask(d, 1, 1, t));
    assert_true(ask(d, 1, 1, t + DAY_US - 1));
    assert_true(ask(d, 1, 1, t - DAY_US)); /* the day before, late */
    assert_false(ask(d, 1, 1, t + DAY_US));
    assert_int_equal(window_n_late(w) + window_n_late(d), 0);
    window_free(w);
    window_free(d);
}

/* ---- against a model ---- */

static uint64_t seed = 7;

static uint64_t
chance(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

struct asking {
    uint64_t client, what;
    int64_t  ms;
};

static void
as_a_list_of_all(void **state)
{
    static const uint32_t lengths[] = { 1, 2, 30, 3600, 86400 };
    static struct asking all[3000];

    (void)state;
    for (size_t l = 0; l < ARRAY_LEN(lengths); l++) {
        struct window *w = window_new(&(struct window_rule){ WINDOW_SECONDS, lengths[l] }, 0, &err);
        int64_t ms = 1600000000000 + (int64_t)chance(100000), reach = (int64_t)lengths[l] * 1000;

        for (size_t i = 0; i < ARRAY_LEN(all); i++) {
            struct asking *a = &all[i];
            bool want = false;

            ms += (int64_t)chance(5) == 0 ? 0 : (int64_t)chance((uint64_t)reach / 2 + 2);
            *a = (struct asking){ chance(4), chance(3), ms };
            for (size_t k = 0; k < i; k++)
                want = want || (all[k].client == a->client && all[k].what == a->what && a->ms - all[k].ms <= reach);
            if (ask(w, a->client, a->what, ms * 1000 + (int64_t)chance(1000)) != want)
                fail_msg("window %u, asking %zu", lengths[l], i);
        }
        window_free(w);
    }
}

static void
days_in_any_order(void **state)
{
    static bool seen[40][50][20];
    struct window *w = window_new(&daily, 64 * MIB, &err);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t day = chance(40), client = chance(50), what = chance(20);

        assert_int_equal(ask(w, client, what, (int64_t)(day + 19000) * DAY_US + (int64_t)chance(DAY_US)),
                         seen[day][client][what]);
        seen[day][client][what] = true;
    }
    assert_int_equal(window_n_late(w), 0);
    window_free(w);
}

static void
logs_that_overlap(void **state)
{
    struct window *w = window_new(&thirty, 0, &err);
    const int64_t t = 1700000000 * SECOND;

    (void)state;
    for (int i = 0; i < 30; i++) /* a log of fifty minutes */
        assert_false(ask(w, (uint64_t)i, 1, t + i * 100 * SECOND));
    for (int i = 0; i < 30; i++) { /* another one of the same time */
        assert_true(ask(w, (uint64_t)i, 1, t + (i * 100 + 20) * SECOND));
        assert_true(ask(w, (uint64_t)i, 1, t + (i * 100 - 29) * SECOND)); /* before one that counted */
    }
    assert_int_equal(window_n_late(w), 0);
    assert_false(ask(w, 0, 1, t + 4096 * 30 * SECOND)); /* has the place of the first span */
    assert_false(ask(w, 77, 1, t)); /* far too late: taken for the first, and told */
    assert_int_equal(window_n_late(w), 1);
    assert_true(ask(w, 77, 1, t));
    assert_int_equal(window_n_late(w), 1);
    window_free(w);
}

static void
a_clock_gone_wrong_spoils_nothing(void **state)
{
    struct window *w = window_new(&thirty, 0, &err);
    const int64_t t = 1700000000 * SECOND;

    (void)state;
    assert_false(ask(w, 1, 1, t));
    for (int i = 0; i < 5; i++)
        assert_false(ask(w, 9, 1, (int64_t)(DAY_MAX - i) * DAY_US));
    assert_false(ask(w, 9, 1, 0));
    assert_true(ask(w, 1, 1, t + 10 * SECOND));
    assert_int_equal(window_n_late(w), 0);
    window_free(w);
}

/* ---- memory ---- */

static void
old_days_make_room(void **state)
{
    struct window *w = window_new(&daily, WINDOW_CEILING_MIN, &err);
    uint64_t n = 0;

    (void)state;
    for (int64_t day = 0; day < 30; day++)
        for (uint64_t i = 0; i < 10000; i++, n++) {
            assert_false(ask(w, i, 1, (19000 + day) * DAY_US));
            assert_true(window_held_bytes(w) <= WINDOW_CEILING_MIN);
        }
    for (uint64_t i = 0; i < 10000; i++)
        assert_true(ask(w, i, 1, (19000 + 29) * DAY_US));
    assert_int_equal(window_n_late(w), 0);
    assert_false(ask(w, 5, 1, 19000 * DAY_US));
    assert_int_equal(window_n_late(w), 1);
    window_free(w);
}

static void
one_day_too_large_is_an_error(void **state)
{
    struct window *w = window_new(&daily, WINDOW_CEILING_MIN, &err);
    struct digest d = object(1);
    enum st rc = ST_OK;
    uint64_t n = 0;
    bool again;

    (void)state;
    assert_false(ask(w, 1, 1, 18000 * DAY_US));
    for (; rc == ST_OK && n < 1000000; n++)
        rc = window_ask(w, n, &d, 19000 * DAY_US, 19000, &again, &err);
    assert_int_equal(rc, ST_MEMORY);
    assert_true(n > 14000); /* 73 bytes each at worst, for a table that doubles */
    assert_true(window_held_bytes(w) <= WINDOW_CEILING_MIN);
    assert_string_equal(err.cause, "of 2022-01-08 alone it takes more than 1 MiB");
    window_free(w);
    w = window_new(&thirty, WINDOW_CEILING_MIN, &err);
    for (rc = ST_OK; rc == ST_OK && n < 2000000; n++)
        rc = window_ask(w, n, &d, 19000 * DAY_US, 19000, &again, &err);
    assert_int_equal(rc, ST_MEMORY);
    assert_string_equal(err.cause, "of 30 seconds it takes more than 1 MiB");
    window_free(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_at_their_edges),
        cmocka_unit_test(midnight),
        cmocka_unit_test(as_a_list_of_all),
        cmocka_unit_test(days_in_any_order),
        cmocka_unit_test(logs_that_overlap),
        cmocka_unit_test(a_clock_gone_wrong_spoils_nothing),
        cmocka_unit_test(old_days_make_room),
        cmocka_unit_test(one_day_too_large_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
