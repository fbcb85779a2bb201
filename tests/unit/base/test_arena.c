/*
 * Memory given back at once: pointers that stay, an alignment, and a ceiling that is kept and used.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/arena.h"

/* Under the address sanitizer: let a request for too much give NULL, as the system does. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void
pieces_stay_and_do_not_overlap(void **state)
{
    enum { N = 20000 };
    static struct {
        unsigned char *p;
        size_t         n;
    } piece[N];
    struct arena a;
    uint32_t seed = 7;

    (void)state;
    arena_init(&a, SIZE_MAX);
    assert_int_equal(a.used_bytes, 0);
    for (size_t i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        piece[i].n = i % 4000 == 3999 ? 3 * MIB : (seed >> 20) % 300;
        piece[i].p = arena_alloc(&a, piece[i].n);
        assert_non_null(piece[i].p);
        assert_int_equal((uintptr_t)piece[i].p % 8, 0);
        memset(piece[i].p, (int)(i % 251), piece[i].n);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < piece[i].n; k++)
            if (piece[i].p[k] != i % 251)
                fail_msg("piece %zu was written over", i);
    arena_release(&a);
    assert_int_equal(a.used_bytes, 0);
}

static void
nothing_is_something(void **state)
{
    struct arena a;
    char *empty;

    (void)state;
    arena_init(&a, SIZE_MAX);
    empty = arena_alloc(&a, 0);
    assert_non_null(empty);
    assert_non_null(arena_alloc(&a, 1));
    arena_release(&a);
    arena_release(&a);
    arena_reset(&a);
}

/* However small the pieces, at least 9 tenths of the ceiling can be had, and never more than it. */
static void
ceiling_is_kept_and_used(void **state)
{
    static const size_t ceilings[] = { 16 * KIB, 40 * KIB, 100 * KIB, MIB, 3 * MIB, 10 * MIB + 5 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ceilings); i++) {
        struct arena a;
        size_t got = 0;

        arena_init(&a, ceilings[i]);
        while (arena_alloc(&a, 100) != NULL) {
            got += 100;
            assert_true(a.used_bytes <= ceilings[i]);
        }
        assert_true(got > ceilings[i] / 10 * 9);
        assert_null(arena_alloc(&a, 1000));
        arena_release(&a);
        assert_int_equal(a.used_bytes, 0);
        assert_non_null(arena_alloc(&a, 100));
        arena_release(&a);
    }
}

static void
absurd_sizes_are_refused(void **state)
{
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 7, SIZE_MAX - 100, SIZE_MAX / 2 + 1, SIZE_MAX / 2, SIZE_MAX / 4 };
    struct arena a;

    (void)state;
    arena_init(&a, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        assert_null(arena_alloc(&a, sizes[i]));
    assert_int_equal(a.used_bytes, 0);
    assert_non_null(arena_alloc(&a, 10));
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_release(&a);
    arena_init(&a, 0);
    assert_null(arena_alloc(&a, 1));
    assert_null(arena_copy(&a, SLICE("x")).p);
    arena_release(&a);
}

static void
one_large_piece_fits_under_the_ceiling(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 5 * MIB);
    assert_non_null(arena_alloc(&a, 5 * MIB - 64));
    assert_null(arena_alloc(&a, 64));
    assert_true(a.used_bytes <= 5 * MIB);
    arena_release(&a);
}

static void
reset_keeps_the_first_chunk(void **state)
{
    struct arena a;
    size_t first;
    char *p;

    (void)state;
    arena_init(&a, SIZE_MAX);
    p = arena_alloc(&a, 10);
    first = a.used_bytes;
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, 1000));
    assert_true(a.used_bytes > first);
    arena_reset(&a);
    assert_int_equal(a.used_bytes, first);
    assert_ptr_equal(arena_alloc(&a, 10), p);
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, 1000));
    arena_release(&a);
}

static void
copies(void **state)
{
    struct arena a;
    struct slice s;

    (void)state;
    arena_init(&a, SIZE_MAX);
    s = arena_copy(&a, (struct slice){ "a\0b", 3 });
    assert_memory_equal(s.p, "a\0b", 4); /* a NUL stands behind it */
    assert_int_equal(s.n, 3);
    s = arena_copy(&a, (struct slice){ NULL, 0 });
    assert_non_null(s.p);
    assert_int_equal(s.n, 0);
    arena_release(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_stay_and_do_not_overlap),
        cmocka_unit_test(nothing_is_something),
        cmocka_unit_test(ceiling_is_kept_and_used),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(one_large_piece_fits_under_the_ceiling),
        cmocka_unit_test(reset_keeps_the_first_chunk),
        cmocka_unit_test(copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
