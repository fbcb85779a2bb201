/*
 * The ceiling, measured from outside: every byte that malloc gives is counted here, whatever the rollup believes.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include <malloc.h>

#include "model.h"
#include "rollup_priv.h"

static size_t now_bytes, peak_bytes;

static void
took(const volatile void *p, size_t n)
{
    (void)p;
    now_bytes += n;
    if (now_bytes > peak_bytes)
        peak_bytes = now_bytes;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 /* clang's way to say it */
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
/* sanitizer/allocator_interface.h, which gcc does not bring along */
int    __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
                                                 void (*)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *);

static void
gave(const volatile void *p)
{
    if (p != NULL)
        now_bytes -= __sanitizer_get_allocated_size(p);
}

static void
start_counting(void)
{
    __sanitizer_install_malloc_and_free_hooks(took, gave);
}
#else
/* glibc's own, by the names under which it lets a program replace them. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void  __libc_free(void *);

void *
malloc(size_t n)
{
    void *p = __libc_malloc(n);

    took(p, malloc_usable_size(p));
    return p;
}

void *
calloc(size_t n, size_t size)
{
    void *p = __libc_calloc(n, size);

    took(p, malloc_usable_size(p));
    return p;
}

void *
realloc(void *old, size_t n)
{
    now_bytes -= malloc_usable_size(old);

    void *p = __libc_realloc(old, n);

    took(p, malloc_usable_size(p));
    return p;
}

void
free(void *p)
{
    now_bytes -= malloc_usable_size(p);
    __libc_free(p);
}

static void
start_counting(void)
{
}
#endif

static struct err err;

/* Keys of every length with few and with many clients, so that slots, keys and sketches all press on the ceiling. */
static struct hit
pressing_hit(uint64_t *seed, uint8_t key[KEY_BYTES_MAX], size_t longest)
{
    static const char version[24] = "1"; /* gcc takes a shorter one for one that key_put_text reads beyond */
    uint64_t n = below(seed, 40000);
    char name[1100];
    size_t n_name = n % longest + 20;
    struct hit hit = { .day = (int32_t)(n % 40), .sums = { 1, 1 }, .has_client = true };

    memset(name, 'n', n_name);
    snprintf(name + n_name - 8, 9, "%08" PRIx64, n / 16);
    hit.key = stats_key(key, name, n % 16 ? version : NULL, hit.day);
    hit.client = below(seed, n % 100 ? 4 : 4000) * UINT64_C(0x9e3779b97f4a7c15);
    return hit;
}

static void
peak_is_under_ceiling(void **state)
{
    static const size_t ceilings[] = { 1 * MIB, 1 * MIB + 12345, 3 * MIB };
    static const size_t longest[] = { 1, 60, 90, 120, 150, 1000 };
    uint8_t key[KEY_BYTES_MAX];

    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(ceilings); c++)
        for (size_t l = 0; l < ARRAY_LEN(longest); l++) {
            size_t before = now_bytes;
            struct rollup *r = rollup_new(&stats_shape, ceilings[c], NULL, &err);
            uint64_t seed = c * 10 + l;
            struct rows *rows;
            struct row row;
            enum st rc;

            peak_bytes = now_bytes;
            for (int i = 0; i < 40000; i++) {
                struct hit hit = pressing_hit(&seed, key, longest[l]);

                assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
            }
            assert_true(peak_bytes - before > ceilings[c] / 2); /* it is used, too */
            assert_true(rollup_n_runs(r) > 0 || ceilings[c] > 2 * MIB);
            rows = rows_new(&r, 1, 2, &err);
            assert_non_null(rows);
            while ((rc = rows_next(rows, &row, &err)) == ST_OK)
                ;
            assert_int_equal(rc, ST_EOF);
            rows_free(rows);
            if (peak_bytes - before > ceilings[c])
                fail_msg("%zu bytes of %zu", peak_bytes - before, ceilings[c]);
            rollup_free(r);
            assert_int_equal(now_bytes, before);
        }
}

/* A table that is nearly full, and a dozen runs to be read beside it. */
static void
reading_is_under_ceiling(void **state)
{
    uint8_t key[KEY_BYTES_MAX];
    size_t before = now_bytes;
    struct rollup *r = rollup_new(&stats_shape, 1 * MIB, NULL, &err);
    uint64_t seed = 8;
    struct rows *rows;
    struct row row;
    enum st rc;

    (void)state;
    peak_bytes = now_bytes;
    while (rollup_n_runs(r) < 12 || rollup_held_bytes(r) < 900 * KIB) {
        struct hit hit = pressing_hit(&seed, key, 1000);

        assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
    }
    rows = rows_new(&r, 1, 2, &err);
    assert_non_null(rows);
    while ((rc = rows_next(rows, &row, &err)) == ST_OK)
        ;
    assert_int_equal(rc, ST_EOF);
    rows_free(rows);
    assert_true(peak_bytes - before <= 1 * MIB);
    rollup_free(r);
    assert_int_equal(now_bytes, before);
}

/* Two rollups are never above both ceilings while one takes in the other, and reset gives the memory back. */
static void
absorbing_is_under_ceilings(void **state)
{
    uint8_t key[KEY_BYTES_MAX];
    size_t before = now_bytes;
    struct rollup *into = rollup_new(&stats_shape, 1 * MIB, NULL, &err);
    struct rollup *from = rollup_new(&stats_shape, 2 * MIB, NULL, &err);
    uint64_t seed = 1;

    (void)state;
    peak_bytes = now_bytes;
    for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 1000 * i; j++) {
            struct hit hit = pressing_hit(&seed, key, 60);

            assert_int_equal(rollup_add(from, &hit, &err), ST_OK);
        }
        assert_int_equal(rollup_absorb(into, from, &err), ST_OK);
        assert_true(rollup_held_bytes(into) <= 1 * MIB);
        assert_true(rollup_held_bytes(from) <= 48 * KIB);
    }
    assert_true(peak_bytes - before <= 3 * MIB);
    rollup_free(into);
    rollup_free(from);
    assert_int_equal(now_bytes, before);
}

static void
add_hits(struct rollup *r, uint64_t *seed, int n)
{
    uint8_t key[KEY_BYTES_MAX];

    for (int i = 0; i < n; i++) {
        struct hit hit = pressing_hit(seed, key, 60);

        assert_int_equal(rollup_add(r, &hit, &err), ST_OK);
    }
}

/* Lowered, raised: what is held beyond it goes to disk with the next hits, and the rows stay what they are. */
static void
another_ceiling(void **state)
{
    struct rollup *r = rollup_new(&stats_shape, 8 * MIB, NULL, &err);
    struct rollup *all = rollup_new(&stats_shape, 64 * MIB, NULL, &err);
    uint64_t seed = 3, same = 3;
    int64_t n, want;

    (void)state;
    add_hits(r, &seed, 20000);
    assert_int_equal(rollup_n_runs(r), 0);
    assert_true(rollup_held_bytes(r) > 1 * MIB);
    rollup_set_ceiling(r, 1 * MIB);
    add_hits(r, &seed, 20000);
    assert_true(rollup_n_runs(r) > 0);
    assert_true(rollup_held_bytes(r) <= 1 * MIB);
    n = (int64_t)rollup_n_runs(r);
    rollup_set_ceiling(r, 16 * MIB);
    add_hits(r, &seed, 20000);
    assert_int_equal(rollup_n_runs(r), n);
    assert_true(rollup_held_bytes(r) > 1 * MIB);
    add_hits(all, &same, 60000);
    assert_int_equal(rollup_n_runs(all), 0);
    assert_int_equal(rows_count(&r, 1, 1, &n, &err), ST_OK);
    assert_int_equal(rows_count(&all, 1, 1, &want, &err), ST_OK);
    assert_int_equal(n, want);
    rollup_free(r);
    rollup_free(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peak_is_under_ceiling),
        cmocka_unit_test(reading_is_under_ceiling),
        cmocka_unit_test(absorbing_is_under_ceilings),
        cmocka_unit_test(another_ceiling),
    };

    start_counting();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
