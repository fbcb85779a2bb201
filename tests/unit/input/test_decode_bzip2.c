/*
 * What only bzip2 has: nine levels that say how much memory a stream takes, checksums of blocks and of the whole.
 */
#include "packs.h"

#if defined(INGEST_HAVE_BZIP2)

static void
every_level(void **state)
{
    struct buf text = { 0 };

    (void)state;
    add_log(&text, 1100000, 8);
    for (int level = 1; level <= 9; level += 4) {
        struct buf b = { 0 };

        add_bzip2(&b, content(&text), level);
        gives(&b, content(&text), 64 * KIB);
        gives(&b, content(&text), 1 * MIB);
        buf_release(&b);
    }
    buf_release(&text);
}

/* As pbzip2 writes it: a stream for each 900 kB, of levels that differ. */
static void
levels_in_one_file(void **state)
{
    struct decoder_room room;
    const struct input_options options = { .room = &room };
    struct buf b = { 0 }, text = { 0 };
    struct input_result result;
    struct err err;

    (void)state;
    for (int level = 1; level <= 9; level++) {
        size_t at = text.n;

        add_log(&text, 30000, (uint32_t)level);
        add_bzip2(&b, (struct slice){ text.p + at, text.n - at }, level);
    }
    gives(&b, content(&text), 64 * KIB);
    decoder_room_init(&room, 16 * MIB);
    assert_int_equal(read_with(content(&b), &options, &result, &err), ST_OK);
    assert_true(result.verified);
    assert_int_equal(room.used, 0);
    decoder_room_release(&room);
    buf_release(&b);
    buf_release(&text);
}

static void
checksums(void **state)
{
    struct buf b = { 0 };

    (void)state;
    add_bzip2(&b, SLICE("a line\n"), 9);
    b.p[10] ^= 1; /* of the block */
    refused(content(&b), "does not match its CRC-32", 4);
    b.p[10] ^= 1;
    b.p[b.n - 2] ^= 1; /* of the stream */
    refused(content(&b), "does not match its CRC-32", 4);
    buf_reset(&b);
    add_bzip2(&b, SLICE(""), 9);
    assert_int_equal(b.n, 14);
    gives(&b, SLICE(""), 64 * KIB);
    b.p[13] ^= 1;
    refused(content(&b), "does not match its CRC-32", 4);
    buf_release(&b);
}

#else

static void
streams_are_refused(void **state)
{
    struct input_result result;
    struct err err;

    (void)state;
    assert_int_equal(read_with((struct slice){ "BZh91AY&SY", 10 }, NULL, &result, &err), ST_IO);
    assert_string_equal(err.cause, "this build cannot read bzip2");
}

#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(INGEST_HAVE_BZIP2)
        cmocka_unit_test(every_level),
        cmocka_unit_test(levels_in_one_file),
        cmocka_unit_test(checksums),
#else
        cmocka_unit_test(streams_are_refused),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
