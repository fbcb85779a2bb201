/*
 * What only xz has: dictionaries of any size, a choice of checks with none among them, blocks, filters.
 */
#include "packs.h"

#define TEXT SLICE("192.0.2.7 GET /gems/rake-13.0.6.gem 200\n192.0.2.8 GET / 404\n")

#if defined(INGEST_HAVE_XZ)

static void
every_check(void **state)
{
    static const struct input_options strict = { .require_integrity = true };
    static const struct {
        lzma_check check;
        bool       verifies;
    } checks[] = { { LZMA_CHECK_NONE, false }, { LZMA_CHECK_CRC32, true }, { LZMA_CHECK_CRC64, true }, { LZMA_CHECK_SHA256, true } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct input_result result;
        struct buf b = { 0 };
        struct err err;

        add_xz(&b, TEXT, 1, checks[i].check);
        gives(&b, TEXT, 64 * KIB);
        assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_OK);
        assert_int_equal(result.verified, checks[i].verifies);
        assert_int_equal(read_with(content(&b), &strict, &result, &err), checks[i].verifies ? ST_OK : ST_IO);
        if (!checks[i].verifies)
            assert_non_null(strstr(err.cause, "xz stream has no checksum"));
        add_xz(&b, TEXT, 1, LZMA_CHECK_CRC64);
        assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_OK);
        assert_int_equal(result.verified, checks[i].verifies); /* one without is enough */
        buf_release(&b);
    }
}

/* In the block header (3.1) of a tiny file: LZMA2's one property is its dictionary (5.3.1). The header's CRC-32 is made anew. */
static void
set_dictionary(struct buf *b, uint32_t log)
{
    uint8_t *header = (uint8_t *)b->p + 12;
    size_t n = (size_t)header[0] * 4;
    uint8_t *filter = memmem(header, n, "\x21\x01", 2);
    uint32_t crc;

    assert_non_null(filter);
    filter[2] = (uint8_t)(2 * (log - 12));
    crc = lzma_crc32(header, n, 0);
    memcpy(header + n, &crc, 4);
}

static void
dictionaries_are_bounded(void **state)
{
    (void)state;
    for (uint32_t log = 16; log <= 30; log++)
        for (size_t memory = 16; memory <= 1024; memory *= 4) {
            struct decoder_room room;
            const struct input_options options = { .room = &room };
            struct input_result result;
            struct buf b = { 0 };
            struct err err;
            enum st rc;

            add_xz(&b, TEXT, 0, LZMA_CHECK_CRC32);
            set_dictionary(&b, log);
            decoder_room_init(&room, memory * MIB);
            rc = read_with(content(&b), &options, &result, &err);
            if ((UINT64_C(1) << log) + MIB <= room.limit) {
                assert_int_equal(rc, ST_OK);
                assert_int_equal(result.identity.length, TEXT.n);
            } else if ((UINT64_C(1) << log) >= room.limit) {
                assert_int_equal(rc, ST_IO);
                assert_non_null(strstr(err.cause, "this xz file asks for "));
                assert_non_null(strstr(err.hint, "--memory "));
            }
            assert_int_equal(room.used, 0);
            decoder_room_release(&room);
            buf_release(&b);
        }
}

/* Streams one after another, each with a larger dictionary than the one before. */
static void
dictionaries_that_grow(void **state)
{
    struct decoder_room room;
    const struct input_options options = { .room = &room };
    struct input_result result;
    struct buf b = { 0 };
    struct err err;

    (void)state;
    for (uint32_t preset = 0; preset <= 6; preset += 2)
        add_xz(&b, TEXT, preset, LZMA_CHECK_CRC32);
    decoder_room_init(&room, 16 * MIB);
    assert_int_equal(read_with(content(&b), &options, &result, &err), ST_OK);
    assert_int_equal(result.identity.length, 4 * TEXT.n);
    assert_int_equal(room.used, 0);
    decoder_room_release(&room);
    buf_release(&b);
}

/* xz -T cuts a stream into blocks. */
static void
many_blocks(void **state)
{
    lzma_stream z = LZMA_STREAM_INIT;
    struct buf b = { 0 }, text = { 0 };
    lzma_ret rc = LZMA_OK;

    (void)state;
    add_log(&text, 300000, 2);
    assert_true(buf_reserve(&b, 400000));
    assert_int_equal(lzma_easy_encoder(&z, 0, LZMA_CHECK_CRC64), LZMA_OK);
    z.next_out = (uint8_t *)b.p;
    z.avail_out = 400000;
    for (size_t at = 0, n; at < text.n; at += n) {
        n = text.n - at < 10000 ? text.n - at : 10000;
        z.next_in = (uint8_t *)text.p + at;
        z.avail_in = n;
        do
            rc = lzma_code(&z, at + n == text.n ? LZMA_FINISH : LZMA_FULL_FLUSH);
        while (rc == LZMA_OK);
        assert_int_equal(rc, LZMA_STREAM_END);
    }
    b.n = 400000 - z.avail_out;
    lzma_end(&z);
    gives(&b, content(&text), 64 * KIB);
    for (size_t n = b.n - 1; n > b.n - 200; n -= 7) /* the index and the footer belong to the stream */
        refused((struct slice){ b.p, n }, "ends inside", n);
    buf_release(&b);
    buf_release(&text);
}

/* .lzma has no checksum and no magic to speak of: named, and not read. */
static void
lzma_alone(void **state)
{
    struct input_result result;
    struct buf out = { 0 };
    struct err err;

    (void)state;
    assert_int_equal(read_bytes((struct slice){ "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x18", 15 }, 64 * KIB, &out, &result, &err),
                     ST_FORMAT);
    assert_non_null(strstr(err.cause, "it is lzma"));
    buf_release(&out);
}

#else

static void
streams_are_refused(void **state)
{
    struct input_result result;
    struct err err;

    (void)state;
    assert_int_equal(read_with((struct slice){ "\xfd" "7zXZ\0rest", 10 }, NULL, &result, &err), ST_IO);
    assert_string_equal(err.cause, "this build cannot read xz");
    (void)TEXT;
}

#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(INGEST_HAVE_XZ)
        cmocka_unit_test(every_check),
        cmocka_unit_test(dictionaries_are_bounded),
        cmocka_unit_test(dictionaries_that_grow),
        cmocka_unit_test(many_blocks),
        cmocka_unit_test(lzma_alone),
#else
        cmocka_unit_test(streams_are_refused),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
