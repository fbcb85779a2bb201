/*
 * What only zstd has: frame headers of every shape, skippable frames, frames without a checksum, windows of any size,
 * dictionaries.
 */
#include "packs.h"

#define TEXT SLICE("192.0.2.7 GET /gems/rake-13.0.6.gem 200\n192.0.2.8 GET / 404\n")

#if defined(INGEST_HAVE_ZSTD)

static void
frames_of_every_shape(void **state)
{
    static const size_t lengths[] = { 0, 1, 255, 256, 257, 65535, 65791, 65792, 300000 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        for (int level = -5; level <= 19; level += 8)
            for (int flags = 0; flags < 8; flags++) {
                struct frame f = { .level = level, .no_checksum = flags & 1, .no_size = flags & 2, .window_log = flags & 4 ? 12 : 0 };
                struct buf text = { 0 }, b = { 0 };

                if (lengths[i] > 66000 && level == 19)
                    continue;
                add_log(&text, lengths[i], 6);
                add_frame(&b, content(&text), &f);
                gives(&b, content(&text), 64 * KIB);
                buf_release(&text);
                buf_release(&b);
            }
}

static void
skippable_frames(void **state)
{
    struct buf b = { 0 }, large = { 0 }, twice = { 0 };
    size_t end;

    (void)state;
    buf_add_slice(&twice, TEXT);
    buf_add_slice(&twice, TEXT);
    add_noise(&large, 300000, 3);
    for (unsigned kind = 0; kind < 16; kind++) {
        buf_reset(&b);
        add_skippable(&b, kind, SLICE(""));
        gives(&b, SLICE(""), 64 * KIB); /* nothing but one */
        add_frame(&b, TEXT, &(struct frame){ 0 });
        gives(&b, TEXT, 64 * KIB); /* first, as pzstd writes it */
        add_skippable(&b, kind, content(&large));
        add_frame(&b, TEXT, &(struct frame){ 0 });
        add_fill(&b, 0, 7);
        add_skippable(&b, kind, SLICE("last"));
        gives(&b, content(&twice), 64 * KIB);
    }
    end = b.n;
    for (size_t n = 1; n < 12; n++)
        refused((struct slice){ b.p, end - n }, "ends inside", end - n);
    buf_release(&b);
    buf_release(&large);
    buf_release(&twice);
}

/* One without its end, which claims 4 GiB. */
static void
skippable_frame_without_end(void **state)
{
    struct buf b = { 0 };

    (void)state;
    add_le(&b, 0x184d2a53, 4);
    add_le(&b, 0xffffffff, 4);
    add_fill(&b, 1, 400000);
    refused(content(&b), "ends inside a skippable frame", b.n);
    buf_release(&b);
}

static void
headers_that_are_not(void **state)
{
    struct input_result result;
    struct buf b = { 0 };
    struct err err;

    (void)state;
    add_frame(&b, TEXT, &(struct frame){ 0 });
    b.p[4] |= 0x08;
    refused(content(&b), "reserved bit", 5);
    b.p[4] = (char)(b.p[4] & ~0x08);
    b.p[b.n - 1] ^= 1;
    refused(content(&b), "does not match its checksum", 0);
    b.p[b.n - 1] ^= 1;
    b.p[4] |= 1; /* the byte behind the descriptor is now a dictionary's number */
    assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_FORMAT);
    assert_non_null(strstr(err.cause, "dictionary"));
    assert_non_null(strstr(err.hint, "zstd -dc -D"));
    buf_release(&b);
}

/* A flipped bit in a frame without a checksum may give another text: such a file says of itself that nobody can tell. */
static void
without_a_checksum(void **state)
{
    static const struct input_options strict = { .require_integrity = true };
    struct input_result result;
    struct buf b = { 0 };
    struct err err;

    (void)state;
    add_frame(&b, TEXT, &(struct frame){ 0 });
    assert_int_equal(read_with(content(&b), &strict, &result, &err), ST_OK);
    assert_true(result.verified);
    add_frame(&b, TEXT, &(struct frame){ .no_checksum = true });
    add_frame(&b, TEXT, &(struct frame){ 0 });
    assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_OK);
    assert_false(result.verified); /* one is enough */
    assert_int_equal(read_with(content(&b), &strict, &result, &err), ST_IO);
    assert_non_null(strstr(err.cause, "zstd frame has no checksum"));
    buf_release(&b);
}

/* A frame header alone, that asks for a window of 2^log bytes and an eighth of it. */
static struct buf
wide(int log, int eighths, bool checksum)
{
    struct buf b = { 0 };

    buf_add(&b, "\x28\xb5\x2f\xfd", 4);
    add_le(&b, checksum ? 0x04 : 0, 1);
    add_le(&b, (uint32_t)((log - 10) << 3 | eighths), 1);
    add_le(&b, 1 | 0 << 1 | 3 << 3, 3); /* one raw block, the last, of 3 bytes: RFC 8878, 3.1.1.2 */
    buf_text(&b, "ab\n");
    return b;
}

static void
windows_are_bounded(void **state)
{
    (void)state;
    for (int log = 10; log <= 41; log++)
        for (size_t memory = 16; memory <= 4096; memory *= 4) {
            struct decoder_room room;
            const struct input_options options = { .room = &room };
            struct buf b = wide(log, log == 41 ? 7 : 0, false);
            struct input_result result;
            struct err err;
            enum st rc;

            decoder_room_init(&room, memory * MIB);
            rc = read_with(content(&b), &options, &result, &err);
            if (log < 31 && (UINT64_C(1) << log) + MIB <= room.limit) {
                assert_int_equal(rc, ST_OK);
                assert_int_equal(result.identity.length, 3);
            } else if ((UINT64_C(1) << log) >= room.limit) {
                assert_int_equal(rc, ST_IO);
                assert_non_null(strstr(err.cause, "decoders have"));
                assert_non_null(strstr(err.hint, "--memory "));
            }
            assert_int_equal(room.used, 0);
            decoder_room_release(&room);
            buf_release(&b);
        }
}

/* What the hint says would do, does. */
static void
the_hint_is_right(void **state)
{
    (void)state;
    for (int log = 24; log <= 30; log++) {
        struct buf b = wide(log, 3, false);
        struct decoder_room room;
        const struct input_options options = { .room = &room };
        struct input_result result;
        unsigned memory = 0;
        struct err err;

        decoder_room_init(&room, 16 * MIB);
        assert_int_equal(read_with(content(&b), &options, &result, &err), ST_IO);
        decoder_room_release(&room);
        assert_int_equal(sscanf(err.hint, "--memory %uM would do", &memory), 1);
        decoder_room_init(&room, (memory - 4) * MIB);
        assert_int_equal(read_with(content(&b), &options, &result, &err), ST_IO);
        decoder_room_release(&room);
        decoder_room_init(&room, memory * MIB);
        assert_int_equal(read_with(content(&b), &options, &result, &err), ST_OK);
        decoder_room_release(&room);
        buf_release(&b);
    }
}

/* Wider and wider windows in one file: the decoder is made anew, and nothing is held twice. */
static void
windows_that_grow(void **state)
{
    struct decoder_room room;
    const struct input_options options = { .room = &room };
    struct input_result result;
    struct buf b = { 0 };
    struct err err;

    (void)state;
    decoder_room_init(&room, 64 * MIB);
    for (int log = 10; log <= 23; log++) {
        struct buf one = wide(log, 0, false);

        buf_add_slice(&b, content(&one));
        buf_release(&one);
    }
    assert_int_equal(read_with(content(&b), &options, &result, &err), ST_OK);
    assert_int_equal(result.identity.length, 14 * 3);
    assert_int_equal(room.used, 0);
    decoder_room_release(&room);
    buf_release(&b);
}

/* A single-segment frame's window is its content: one that claims 2^60 bytes is refused before any memory is taken. */
static void
content_beyond_all_memory(void **state)
{
    struct input_result result;
    struct buf b = { 0 };
    struct err err;

    (void)state;
    buf_add(&b, "\x28\xb5\x2f\xfd\xe0", 5);
    add_le(&b, 0, 4);
    add_le(&b, 0x10000000, 4);
    buf_add(&b, "\x19\0\0ab\n", 6);
    assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_IO);
    assert_non_null(strstr(err.cause, "decoders have"));
    add_fill(&b, '\xff', 8);
    memset(b.p + 5, 0xff, 8);
    assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_IO);
    buf_release(&b);
}

#else

static void
frames_are_refused(void **state)
{
    struct input_result result;
    struct err err;

    (void)state;
    assert_int_equal(read_with((struct slice){ "\x28\xb5\x2f\xfd rest", 9 }, NULL, &result, &err), ST_IO);
    assert_string_equal(err.cause, "this build cannot read zstd");
    (void)TEXT;
}

#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(INGEST_HAVE_ZSTD)
        cmocka_unit_test(frames_of_every_shape),
        cmocka_unit_test(skippable_frames),
        cmocka_unit_test(skippable_frame_without_end),
        cmocka_unit_test(headers_that_are_not),
        cmocka_unit_test(without_a_checksum),
        cmocka_unit_test(windows_are_bounded),
        cmocka_unit_test(the_hint_is_right),
        cmocka_unit_test(windows_that_grow),
        cmocka_unit_test(content_beyond_all_memory),
#else
        cmocka_unit_test(frames_are_refused),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
