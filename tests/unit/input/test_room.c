/*
 * The memory of all decoders together: how much there is, who waits for it, and that nothing is lost of it.
 */
#include "packs.h"

#include <stdatomic.h>

static void
how_much_there_is(void **state)
{
    static const struct {
        size_t memory_mib, least_mib, most_mib;
    } cases[] = {
        { 16, 12, 12 }, { 32, 12, 12 }, { 64, 19, 20 }, { 256, 76, 77 }, { 512, 103, 104 }, { 1024, 154, 155 }, { 8192, 871, 872 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct decoder_room room;

        decoder_room_init(&room, cases[i].memory_mib * MIB);
        assert_in_range(room.limit, cases[i].least_mib * MIB, cases[i].most_mib * MIB);
        decoder_room_release(&room);
    }
}

static void
nobody_has_more_than_all(void **state)
{
    struct decoder_room room;
    struct terms t = { .room = &room }, alone = { 0 };
    struct err err;

    (void)state;
    decoder_room_init(&room, 64 * MIB);
    assert_int_equal(terms_take(&t, room.limit, &codec_zstd, &err), ST_OK);
    assert_int_equal(room.used, room.limit);
    assert_int_equal(terms_take(&t, 5, &codec_zstd, &err), ST_OK); /* instead, not besides */
    assert_int_equal(room.used, 5);
    assert_int_equal(terms_take(&t, room.limit + 1, &codec_zstd, &err), ST_IO);
    assert_int_equal(room.used, 0);
    assert_int_equal(terms_take(&t, SIZE_MAX, &codec_zstd, &err), ST_IO);
    terms_give(&t);
    terms_give(&t);
    decoder_room_release(&room);
    assert_int_equal(terms_take(&alone, DECODER_BYTES, &codec_xz, &err), ST_OK);
    assert_int_equal(terms_take(&alone, DECODER_BYTES + 1, &codec_xz, &err), ST_IO);
    assert_string_equal(err.hint, "");
}

static struct decoder_room shared;
static _Atomic size_t      in_use, most;

static void *
takes_and_gives(void *arg)
{
    struct terms t = { .room = &shared };
    uint32_t seed = (uint32_t)(uintptr_t)arg;
    struct err err;

    for (int i = 0; i < 2000; i++) {
        size_t n = 1 + random_next(&seed) % shared.limit, now;

        atomic_fetch_sub(&in_use, t.held); /* terms_take gives first */
        if (terms_take(&t, n, &codec_zstd, &err) != ST_OK)
            abort();
        now = atomic_fetch_add(&in_use, n) + n;
        if (now > shared.limit)
            abort();
        for (size_t before = most; before < now && !atomic_compare_exchange_weak(&most, &before, now);)
            ;
        if (i % 5 == 0) {
            atomic_fetch_sub(&in_use, t.held);
            terms_give(&t);
        }
    }
    atomic_fetch_sub(&in_use, t.held);
    terms_give(&t);
    return NULL;
}

/* Whoever waits holds nothing, so that all come to an end. */
static void
many_at_once(void **state)
{
    pthread_t threads[8];

    (void)state;
    decoder_room_init(&shared, 64 * MIB);
    alarm(60);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, takes_and_gives, (void *)(uintptr_t)(i + 1)), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    alarm(0);
    assert_int_equal(shared.used, 0);
    assert_true(most > shared.limit / 2);
    decoder_room_release(&shared);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_much_there_is),
        cmocka_unit_test(nobody_has_more_than_all),
        cmocka_unit_test(many_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
