/*
 * Rows made by threads: the same as one by one, whatever the parts; left early, failing in the middle.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "model.h"
#include "parts_priv.h"

static struct err err;

struct crowd {
    const char *worry;
    size_t      n_rollups, n_hits, n_names, n_versions, n_days;
    bool        in_parts;
};

static const struct crowd crowds[] = {
    { "too few to share", 1, 5000, 4000, 1, 1, false },
    { "one day", 1, 40000, 9000, 3, 1, true },
    { "several days: totals need sorting", 1, 40000, 3000, 4, 5, true },
    { "several rollups that share keys", 3, 60000, 9000, 3, 2, true },
    { "large groups", 2, 60000, 40, 300, 2, true },
    { "a group too large for a part", 1, 60000, 2, 20000, 1, false },
};

static struct hit
crowd_hit(const struct crowd *c, uint64_t *seed, uint8_t key[KEY_BYTES_MAX])
{
    char name[32], version[32];
    struct hit hit = { .day = (int32_t)(19000 + below(seed, c->n_days)), .sums = { 1, 2, 3 } };
    bool has_version = below(seed, 50) > 0;

    snprintf(name, sizeof name, "n%" PRIu64, below(seed, c->n_names));
    snprintf(version, sizeof version, "1.%" PRIu64, below(seed, c->n_versions));
    hit.key = stats_key(key, name, has_version ? version : NULL, hit.day);
    hit.sums[1] = (int64_t)below(seed, 1000);
    hit.has_client = true;
    hit.client = below(seed, 500) * UINT64_C(0x9e3779b97f4a7c15);
    return hit;
}

static void
fill(const struct crowd *c, struct rollup **rollups, struct model *m)
{
    uint8_t key[KEY_BYTES_MAX];
    uint64_t seed = c->n_hits + c->n_days;

    for (size_t i = 0; i < c->n_rollups; i++)
        rollups[i] = rollup_new(m->shape, 256 * MIB, NULL, &err);
    for (size_t i = 0; i < c->n_hits; i++) {
        struct hit hit = crowd_hit(c, &seed, key);

        model_add(m, &hit);
        assert_int_equal(rollup_add(rollups[i % c->n_rollups], &hit, &err), ST_OK);
    }
    model_finish(m);
}

static void
threads_do_not_show(void **state)
{
    static const struct rollup_shape *const shapes[] = {
        &stats_shape,
#if !defined(__SANITIZE_THREAD__) /* what it looks for, it sees with one of them */
        &plain_shape, &lean_shape, &latest_shape,
#endif
    };

    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(crowds); c++)
        for (size_t s = 0; s < ARRAY_LEN(shapes); s++) {
            struct rollup *rollups[3] = { NULL };
            struct parts *parts;
            struct model m;

            if (shapes[s]->latest && crowds[c].n_rollups == 1)
                continue; /* what several are made into is what differs */
            model_init(&m, shapes[s]);
            fill(&crowds[c], rollups, &m);
            assert_int_equal(parts_new(&parts, rollups, crowds[c].n_rollups, 2, PARTS_READ, &err), ST_OK);
            if (s == 0 && (parts != NULL) != crowds[c].in_parts)
                fail_msg("%s: made %s", crowds[c].worry, parts != NULL ? "in parts" : "one by one");
            parts_free(parts);
            for (size_t jobs = 1; jobs <= 40; jobs += 13)
                assert_rows_by(&m, rollups, crowds[c].n_rollups, SIZE_MAX, jobs);
            assert_rows_by(&m, rollups, crowds[c].n_rollups, m.n / 3, 3); /* left early */
            for (size_t jobs = 1; jobs <= 3; jobs++) {
                int64_t n = 0;

                assert_int_equal(rows_count(rollups, crowds[c].n_rollups, jobs, &n, &err), ST_OK);
                assert_int_equal(n, m.n);
            }
            assert_rows_by(&m, rollups, crowds[c].n_rollups, SIZE_MAX, 2);
            for (size_t i = 0; i < crowds[c].n_rollups; i++)
                rollup_free(rollups[i]);
            model_release(&m);
        }
}

/* A total that overflows in the middle: all rows before it are given, then the failure. */
static void
a_failure_comes_in_its_place(void **state)
{
    static const struct crowd crowd = { "", 2, 60000, 9000, 3, 1, true };
    struct rollup *rollups[2];
    uint8_t key[KEY_BYTES_MAX];
    size_t n[2] = { 0, 0 };
    int64_t counted;
    struct model m;

    (void)state;
    model_init(&m, &stats_shape);
    fill(&crowd, rollups, &m);
    for (size_t i = 0; i < 2; i++) {
        struct hit hit = { .day = 19000, .sums = { INT64_MAX / 2 + 1 } };

        hit.key = stats_key(key, "n5", i == 0 ? "x" : "y", 19000);
        assert_int_equal(rollup_add(rollups[i], &hit, &err), ST_OK);
    }
    for (size_t jobs = 1; jobs <= 2; jobs++) {
        struct rows *rows = rows_new(rollups, 2, jobs, &err);
        struct row row;
        enum st rc;

        while ((rc = rows_next(rows, &row, &err)) == ST_OK)
            n[jobs - 1]++;
        assert_int_equal(rc, ST_CORRUPT);
        assert_non_null(strstr(err.cause, "2^63"));
        rows_free(rows);
    }
    assert_int_equal(rows_count(rollups, 2, 2, &counted, &err), ST_CORRUPT);
    assert_true(n[0] > 10000);
    assert_int_equal(n[0], n[1]);
    rollup_free(rollups[0]);
    rollup_free(rollups[1]);
    model_release(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_show),
        cmocka_unit_test(a_failure_comes_in_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
