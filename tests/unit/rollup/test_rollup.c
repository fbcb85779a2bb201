/*
 * Rollups against the model, whatever the ceiling, the order and the way the hits were divided.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ingest/clock.h"
#include "model.h"
#include "rollup_priv.h"

static struct err err;

static size_t
open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

/* Of no client, of few, of about as many as a set holds, or of so many that it is registers; good until the next one. */
static struct slice
some_sketch(uint64_t *seed)
{
    static const size_t sizes[] = { 0, 1, 5, 158, 163, 3000 };
    static uint8_t wire[HLL_WIRE_MAX];
    size_t n = sizes[below(seed, ARRAY_LEN(sizes))];
    struct hll h = { 0 };

    for (size_t i = 0; i < n; i++)
        hll_add(&h, chance(seed));
    return (struct slice){ (const char *)wire, hll_encode(hll_view(&h), wire) };
}

/* A few hot keys with many clients, many cold ones with one; names that share long beginnings; some without version. */
static struct hit
some_hit(uint64_t *seed, uint8_t key[KEY_BYTES_MAX], size_t n_names)
{
    static const char *const heads[] = { "", "a", "a-name-that-others-begin-with-", "\xc3\xa9" };
    char name[128], version[32];
    uint64_t cold = below(seed, 4), n = below(seed, cold ? n_names : 8);
    bool has_version = below(seed, 8) > 0;
    struct hit hit = { .day = (int32_t)(19000 + below(seed, cold ? 3 : 40)) };

    snprintf(name, sizeof name, "%s%" PRIu64, heads[n % 4], n / 4);
    snprintf(version, sizeof version, "1.%" PRIu64, below(seed, 6));
    hit.key = stats_key(key, name, has_version ? version : NULL, hit.day);
    hit.sums[0] = 1;
    hit.sums[1] = (int64_t)below(seed, 100000);
    hit.sums[2] = (int64_t)below(seed, 3);
    hit.has_client = below(seed, 10) > 0;
    hit.client = below(seed, 50) == 0 ? 0 : below(seed, 3000) * UINT64_C(0x9e3779b97f4a7c15);
    if (below(seed, 100) == 0)
        hit.sketch = some_sketch(seed);
    return hit;
}

static const struct rollup_shape *const shapes[] = { &stats_shape, &plain_shape, &lean_shape,
                                                    &latest_shape };

/* Latest ones are never added up: two of these could not be. */
static void
make_late(const struct rollup_shape *shape, struct hit *hit)
{
    if (shape->latest && hit->sums[1] > 0)
        hit->sums[1] += INT64_MAX - 100000;
}

struct plan {
    size_t   ceiling_bytes;
    uint64_t n_hits;
    size_t   n_names;
    bool     spills;
};

static const struct plan plans[] = {
    { 1 * MIB, 0, 1, false },
    { 1 * MIB, 1, 1, false },
    { 1 * MIB, 3000, 20, false },
    { 1 * MIB, 30000, 3000, true },
    { 1536 * KIB, 30000, 3000, true },
    { 4 * MIB, 30000, 3000, false },
    { 64 * MIB, 30000, 3000, false },
};

static void
model_agrees(void **state)
{
    uint8_t key[KEY_BYTES_MAX];

    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(plans); p++)
        for (size_t s = 0; s < ARRAY_LEN(shapes); s++) {
            if (shapes[s]->latest && plans[p].n_hits > 3000 && !plans[p].spills)
                continue; /* the others have shown all that a larger table could */

            uint64_t seed = p * 100 + s;
            struct rollup *r = rollup_new(shapes[s], plans[p].ceiling_bytes, NULL, &err);
            struct model m;

            assert_non_null(r);
            model_init(&m, shapes[s]);
            for (uint64_t i = 0; i < plans[p].n_hits; i++) {
                struct hit hit = some_hit(&seed, key, plans[p].n_names);

                make_late(shapes[s], &hit);
                model_add(&m, &hit);
                assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
                assert_true(rollup_held_bytes(r) <= plans[p].ceiling_bytes);
            }
            if (s == 0)
                assert_true((rollup_n_runs(r) > 0) == plans[p].spills);
            assert_true(rollup_is_empty(r) == (plans[p].n_hits == 0));
            assert_rows(&m, &r, 1, SIZE_MAX);
            assert_rows(&m, &r, 1, m.n / 2 + 1); /* left in the middle of a group, opened again */
            assert_rows(&m, &r, 1, 3);
            assert_rows(&m, &r, 1, SIZE_MAX);
            rollup_free(r);
            model_release(&m);
        }
}

/* Hits dealt to inputs, inputs absorbed by workers, rows of all workers: with spilling at every station. */
static void
absorbing_agrees(void **state)
{
    static const size_t ceilings[] = { 1 * MIB, 4 * MIB, 32 * MIB };
    uint8_t key[KEY_BYTES_MAX];

    (void)state;
    for (uint64_t round = 0; round < 12; round++) {
        const struct rollup_shape *shape = shapes[round % ARRAY_LEN(shapes)];
        uint64_t seed = round + 1000, n_inputs = 1 + below(&seed, 12);
        struct rollup *workers[3], *input;
        struct model m;

        model_init(&m, shape);
        for (size_t i = 0; i < 3; i++)
            workers[i] = rollup_new(shape, ceilings[below(&seed, 3)], NULL, &err);
        input = rollup_new(shape, ceilings[below(&seed, 3)], NULL, &err);
        for (uint64_t i = 0; i < n_inputs; i++) {
            uint64_t n_hits = below(&seed, 3) == 0 ? 12000 : below(&seed, 2000);
            bool bad = below(&seed, 6) == 0;

            for (uint64_t j = 0; j < n_hits; j++) {
                struct hit hit = some_hit(&seed, key, 4000);

                make_late(shape, &hit);
                if (!bad)
                    model_add(&m, &hit);
                assert_int_equal(rollup_add(input, &hit, &err), ST_OK);
            }
            if (bad) {
                rollup_reset(input);
            } else {
                struct rollup *into = workers[below(&seed, 3)];

                assert_int_equal(rollup_absorb(into, input, &err), ST_OK);
                assert_true(rollup_held_bytes(into) <= into->ceiling_bytes);
            }
            assert_true(rollup_is_empty(input));
            assert_int_equal(rollup_first_day(input), DAY_NONE);
        }
        assert_rows(&m, workers, 3, 1000);
        assert_rows(&m, workers, 3, SIZE_MAX);
        for (size_t i = 0; i < 3; i++)
            rollup_free(workers[i]);
        rollup_free(input);
        model_release(&m);
    }
}

/* Large keys make many runs: they are joined, stay few, and the files are closed. */
static void
many_runs_stay_few(void **state)
{
    size_t files = open_files();
    struct rollup *r = rollup_new(&lean_shape, 1 * MIB, NULL, &err);
    uint8_t key[KEY_BYTES_MAX];
    struct model m;
    uint64_t seed = 5;
    unsigned level_top = 0;

    (void)state;
    model_init(&m, &lean_shape);
    for (uint64_t i = 0; i < 60000; i++) {
        uint64_t n = below(&seed, 3000);
        struct hit hit = { .key = { (char *)key, sizeof key }, .day = 1, .sums = { 1 } };

        memset(key, 'x', sizeof key);
        memcpy(key + n % 1190, &n, sizeof n);
        model_add(&m, &hit);
        assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
        assert_true(rollup_n_runs(r) <= 64);
        if (r->n_runs > 0 && r->runs[r->n_runs - 1].level > level_top)
            level_top = r->runs[r->n_runs - 1].level;
    }
    assert_int_equal(level_top, 1); /* a level up for each sixteen, no more: a level costs a rewriting */
    assert_true(rollup_n_runs(r) > 1);
    assert_true(open_files() - files == rollup_n_runs(r));
    assert_rows(&m, &r, 1, SIZE_MAX);
    rollup_free(r);
    model_release(&m);
    assert_int_equal(open_files(), files);
}

/* Inputs that have spilled, absorbed one after the other: runs move, and are joined before they are too many. */
static void
absorbed_runs_stay_few(void **state)
{
    struct rollup *into = rollup_new(&lean_shape, 1 * MIB, NULL, &err);
    struct rollup *from = rollup_new(&lean_shape, 1 * MIB, NULL, &err);
    uint8_t key[KEY_BYTES_MAX] = { 0 };
    struct model m;

    (void)state;
    model_init(&m, &lean_shape);
    for (uint64_t i = 0; i < 50; i++) {
        for (uint64_t j = 0; j < 2000; j++) {
            uint64_t n = __builtin_bswap64(j * 7 + i);
            struct hit hit = { .key = { (char *)key, 1000 }, .day = (int32_t)i, .sums = { 1 } };

            memcpy(key, &n, sizeof n);
            model_add(&m, &hit);
            assert_int_equal(rollup_add(from, &hit, &err), ST_OK);
        }
        assert_true(rollup_n_runs(from) > 1);
        assert_int_equal(rollup_absorb(into, from, &err), ST_OK);
        assert_true(rollup_n_runs(into) <= 64);
        assert_int_equal(rollup_n_runs(from), 0);
    }
    assert_int_equal(rollup_first_day(into), 0);
    assert_int_equal(rollup_last_day(into), 49);
    assert_rows(&m, &into, 1, SIZE_MAX);
    rollup_free(into);
    rollup_free(from);
    model_release(&m);
}

static struct hit
plain_hit(uint8_t key[KEY_BYTES_MAX], const char *version, int64_t bytes)
{
    return (struct hit){ .key = stats_key(key, "name", version, 3), .day = 3, .sums = { 1, bytes } };
}

static void
overflow_adds_nothing(void **state)
{
    struct rollup *r = rollup_new(&stats_shape, 1 * MIB, NULL, &err);
    uint8_t key[KEY_BYTES_MAX];
    struct hit hit = plain_hit(key, "1", INT64_MAX - 1);
    struct model m;

    (void)state;
    model_init(&m, &stats_shape);
    model_add(&m, &hit);
    assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
    hit.sums[1] = 2;
    hit.client = 99;
    hit.has_client = true;
    assert_int_equal(rollup_add(r, &hit, &err), ST_EOF);
    hit.sums[1] = 1;
    hit.has_client = false;
    model_add(&m, &hit);
    assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
    assert_rows(&m, &r, 1, SIZE_MAX);
    rollup_free(r);
    model_release(&m);
}

static enum st
read_all_rows(struct rollup *const *rollups, size_t n)
{
    struct rows *rows = rows_new(rollups, n, 2, &err);
    struct row row;
    enum st rc;

    if (rows == NULL)
        return err.code;
    while ((rc = rows_next(rows, &row, &err)) == ST_OK)
        ;
    rows_free(rows);
    return rc;
}

static void
overflow_of_totals_and_unions_fails(void **state)
{
    uint8_t key[KEY_BYTES_MAX];
    struct rollup *r[2];
    struct hit hit;

    (void)state;
    for (size_t i = 0; i < 2; i++)
        r[i] = rollup_new(&stats_shape, 1 * MIB, NULL, &err);
    hit = plain_hit(key, "1", INT64_MAX);
    assert_int_equal(rollup_add(r[0], &hit, &err), ST_OK);
    assert_int_equal(read_all_rows(r, 2), ST_EOF);
    rollup_reset(r[0]);
    rollup_reset(r[1]);

    assert_int_equal(rollup_add(r[0], &hit, &err), ST_OK); /* two versions, one total */
    hit = plain_hit(key, "2", 1);
    assert_int_equal(rollup_add(r[0], &hit, &err), ST_OK);
    assert_int_equal(read_all_rows(r, 2), ST_CORRUPT);
    rollup_reset(r[0]);
    rollup_reset(r[1]);

    hit = plain_hit(key, "1", INT64_MAX); /* one key, two rollups */
    assert_int_equal(rollup_add(r[0], &hit, &err), ST_OK);
    hit.sums[1] = 1;
    assert_int_equal(rollup_add(r[1], &hit, &err), ST_OK);
    assert_int_equal(read_all_rows(r, 2), ST_CORRUPT);
    rollup_reset(r[0]);
    rollup_reset(r[1]);

    assert_int_equal(rollup_add(r[1], &hit, &err), ST_OK);
    hit.sums[1] = INT64_MAX;
    assert_int_equal(rollup_add(r[0], &hit, &err), ST_OK);
    err = (struct err){ 0 };
    assert_int_equal(rollup_absorb(r[0], r[1], &err), ST_CORRUPT);
    assert_int_equal(err.code, ST_CORRUPT);
    rollup_free(r[0]);
    rollup_free(r[1]);
}

static struct rollup *
spilled(void)
{
    struct rollup *r = rollup_new(&stats_shape, 1 * MIB, NULL, &err);
    uint8_t key[KEY_BYTES_MAX];
    uint64_t seed = 77;

    while (rollup_n_runs(r) < 3) {
        struct hit hit = some_hit(&seed, key, 5000);

        assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
    }
    return r;
}

/* Wherever a bit of a run flips, reading says so: in headers, sums, keys and sketches alike. */
static void
flipped_bit_is_seen(void **state)
{
    struct rollup *r = spilled();
    uint64_t seed = 4;

    (void)state;
    assert_int_equal(read_all_rows(&r, 1), ST_EOF);
    for (int round = 0; round < 30; round++) {
        const struct run *run = &r->runs[below(&seed, r->n_runs)];
        off_t at = round < 16 ? round : (off_t)below(&seed, run->n_bytes);
        uint8_t byte, flipped;

        assert_int_equal(pread(run->fd, &byte, 1, at), 1);
        flipped = byte ^ (uint8_t)(1u << below(&seed, 8));
        assert_int_equal(pwrite(run->fd, &flipped, 1, at), 1);
        if (read_all_rows(&r, 1) != ST_DISK)
            fail_msg("byte %lld changed unseen", (long long)at);
        assert_int_equal(err.code, ST_DISK);
        assert_int_equal(pwrite(run->fd, &byte, 1, at), 1);
    }
    assert_int_equal(read_all_rows(&r, 1), ST_EOF);
    rollup_free(r);
}

static void
cut_run_is_seen(void **state)
{
    struct rollup *r = spilled();

    (void)state;
    assert_int_equal(ftruncate(r->runs[0].fd, (off_t)r->runs[0].n_bytes - 1), 0);
    assert_int_equal(read_all_rows(&r, 1), ST_DISK);
    assert_int_equal(ftruncate(r->runs[0].fd, 0), 0);
    assert_int_equal(read_all_rows(&r, 1), ST_DISK);
    rollup_free(r);
}

static void
no_place_for_runs(void **state)
{
    static const char *const dirs[] = { "/nowhere/at/all", "/proc", "/dev/null" };
    uint8_t key[KEY_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        struct rollup *r = rollup_new(&stats_shape, 1 * MIB, dirs[i], &err);
        uint64_t seed = 1;
        enum st rc = ST_OK;
        struct hit hit;

        err = (struct err){ 0 };
        for (int n = 0; n < 100000 && rc == ST_OK; n++) {
            hit = some_hit(&seed, key, 50000);
            rc = rollup_add(r, &hit, &err);
        }
        assert_int_equal(rc, ST_DISK);
        assert_int_equal(err.code, ST_DISK);
        assert_non_null(strstr(err.cause, dirs[i]));
        rollup_reset(r);
        assert_true(rollup_is_empty(r));
        assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
        rollup_free(r);
    }
}

/* A disk that fills up: the write fails, nothing stays open. */
static void
disk_is_full(void **state)
{
    struct run run = { .fd = open("/dev/full", O_RDWR | O_CLOEXEC) };
    struct run_writer w = { .run = &run, .n_sums = 1 };
    struct row row = { .key = SLICE("key") };

    (void)state;
    assert_true(run.fd >= 0);
    assert_int_equal(run_write(&w, &row, &err), ST_OK);
    assert_int_equal(run_finish(&w, &err), ST_DISK);
    assert_non_null(strstr(err.cause, strerror(ENOSPC)));
    run_close(&run);
}

static void
runs_are_private(void **state)
{
    struct stat st;
    struct run run;

    (void)state;
    assert_int_equal(run_open(&run, NULL, &err), ST_OK);
    assert_int_equal(fstat(run.fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(fcntl(run.fd, F_GETFD) & FD_CLOEXEC);
    run_close(&run);
}

static void
reset_forgets(void **state)
{
    struct rollup *r = rollup_new(&stats_shape, 1 * MIB, NULL, &err);
    uint8_t key[KEY_BYTES_MAX];
    size_t held = 0;

    (void)state;
    for (int round = 0; round < 40; round++) {
        uint64_t seed = 9;
        struct model m;

        model_init(&m, &stats_shape);
        assert_true(rollup_is_empty(r));
        assert_int_equal(rollup_first_day(r), DAY_NONE);
        for (int i = 0; i < (round % 4 == 3 ? 12000 : round); i++) {
            struct hit hit = some_hit(&seed, key, 4000);

            model_add(&m, &hit);
            assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
        }
        assert_rows(&m, &r, 1, SIZE_MAX);
        rollup_reset(r);
        assert_true(rollup_held_bytes(r) <= 48 * KIB);
        if (round == 8)
            held = rollup_held_bytes(r);
        model_release(&m);
    }
    assert_true(rollup_held_bytes(r) == held);
    rollup_free(r);
}

static void
days_are_kept(void **state)
{
    struct rollup *a = rollup_new(&lean_shape, 1 * MIB, NULL, &err);
    struct rollup *b = rollup_new(&lean_shape, 1 * MIB, NULL, &err);
    struct hit hit = { .key = SLICE("k"), .sums = { 1 } };

    (void)state;
    assert_int_equal(rollup_absorb(a, b, &err), ST_OK);
    assert_int_equal(rollup_first_day(a), DAY_NONE);
    hit.day = 0;
    assert_int_equal(rollup_add(b, &hit, &err), ST_OK);
    assert_int_equal(rollup_absorb(a, b, &err), ST_OK);
    assert_int_equal(rollup_first_day(a), 0);
    assert_int_equal(rollup_last_day(a), 0);
    hit.day = -5;
    assert_int_equal(rollup_add(b, &hit, &err), ST_OK);
    hit.day = 7;
    assert_int_equal(rollup_add(b, &hit, &err), ST_OK);
    assert_int_equal(rollup_absorb(a, b, &err), ST_OK);
    assert_int_equal(rollup_first_day(a), -5);
    assert_int_equal(rollup_last_day(a), 7);
    assert_int_equal(rollup_last_day(b), DAY_NONE);
    rollup_free(a);
    rollup_free(b);
}

static void
nothing_gives_no_rows(void **state)
{
    struct rollup *r = rollup_new(&stats_shape, 0, NULL, &err);

    (void)state;
    assert_int_equal(read_all_rows(&r, 1), ST_EOF);
    assert_int_equal(read_all_rows(&r, 0), ST_EOF);
    rollup_free(r);
    rollup_free(NULL);
    rows_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_agrees),
        cmocka_unit_test(absorbing_agrees),
        cmocka_unit_test(many_runs_stay_few),
        cmocka_unit_test(absorbed_runs_stay_few),
        cmocka_unit_test(overflow_adds_nothing),
        cmocka_unit_test(overflow_of_totals_and_unions_fails),
        cmocka_unit_test(flipped_bit_is_seen),
        cmocka_unit_test(cut_run_is_seen),
        cmocka_unit_test(no_place_for_runs),
        cmocka_unit_test(disk_is_full),
        cmocka_unit_test(runs_are_private),
        cmocka_unit_test(reset_forgets),
        cmocka_unit_test(days_are_kept),
        cmocka_unit_test(nothing_gives_no_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
