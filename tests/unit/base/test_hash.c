/*
 * MurmurHash3 against the server's and the reference's values; the stream against the whole.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "../../vectors/csv.h"
#include "ingest/hash.h"

struct known {
    const char *text;
    uint64_t    h1, h2;
    uint32_t    x86_32;
};

static const struct known known[] = {
    { "", 0, 0, 0 },
    { "Th", UINT64_C(0xd7dd0beaee68e3b9), UINT64_C(0xa56fb69099026b97), 0x5cc3a909 },
    { "127.0.0.1", UINT64_C(0x4e9559181facb114), UINT64_C(0xc150db483d98a1c5), 0x0b1f854a },
    { "The quick brow", UINT64_C(0xdcd216a95d6e6007), UINT64_C(0x84c1eeb85c46c838), 0x7d393bd1 },
    { "The quick brown fox ", UINT64_C(0xb9dce6db3c8c3cbf), UINT64_C(0x689b6f71e0c7fa6e), 0x1e4805f2 },
    { "1497164453", UINT64_C(0x272d617561ceecef), UINT64_C(0xbac5f02d9d459adb), 0x688e5440 },
    { "\346\227\245\346\234\254\350\252\236", UINT64_C(0x12bb87b9a8fbeff4), UINT64_C(0xe40f80470a4776ee), 0xa5a47297 },
};

static void
known_values(void **state)
{
    uint64_t h[2];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        murmur3_x64_128(known[i].text, strlen(known[i].text), h);
        assert_true(h[0] == known[i].h1);
        assert_true(h[1] == known[i].h2);
        assert_int_equal(murmur3_x86_32(known[i].text, strlen(known[i].text)), known[i].x86_32);
    }
}

/* Every tail length, bytes above 0x7f in it: `make-vectors` asked the server. */
static void
server_values(void **state)
{
    uint8_t bytes[256];
    uint64_t h[2];
    struct csv csv;
    size_t n_rows = 0;

    (void)state;
    assert_true(csv_open(&csv, TESTS_DIR "/vectors/murmur3.csv"));
    for (; csv_next(&csv); n_rows++) {
        murmur3_x64_128(bytes, csv_hex(csv.fields[1], bytes, sizeof bytes), h);
        if (h[0] != strtoull(csv.fields[2], NULL, 16))
            fail_msg("%s", csv.fields[0]);
    }
    assert_true(n_rows > 50);
    csv_close(&csv);
}

static void
shared_values(void **state)
{
    uint8_t bytes[4096];
    uint64_t h[2];
    struct csv csv;
    size_t n_rows = 0;

    (void)state;
    if (!csv_open(&csv, SHARED_DIR "/vectors/murmur3.csv"))
        skip();
    for (; csv_next(&csv); n_rows++) {
        size_t n = csv_hex(csv.fields[2], bytes, sizeof bytes);

        murmur3_x64_128(bytes, n, h);
        if (n != strtoull(csv.fields[1], NULL, 10) || h[0] != strtoull(csv.fields[4], NULL, 16) ||
            h[1] != strtoull(csv.fields[5], NULL, 16) ||
            murmur3_x86_32(bytes, n) != strtoull(csv.fields[7], NULL, 16))
            fail_msg("%s", csv.fields[0]);
    }
    assert_true(n_rows > 50);
    csv_close(&csv);
}

/* In pieces of 16 and a tail, finished at every length on the way: the hash of the whole, big-endian, h1 first. */
static void
stream_equals_whole(void **state)
{
    uint8_t bytes[201];
    uint64_t h[2];
    struct murmur3 m;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 151 + 77);
    murmur3_init(&m);
    for (size_t n = 0; n <= 200; n++) {
        struct digest d = murmur3_finish(&m, bytes + n / 16 * 16, n % 16);

        murmur3_x64_128(bytes, n, h);
        for (int i = 0; i < 16; i++)
            assert_int_equal(d.b[i], (uint8_t)(h[i / 8] >> (56 - 8 * (i % 8))));
        if (n % 16 == 15)
            murmur3_add16(&m, bytes + n / 16 * 16);
    }
}

/* A read past the end would be seen by the sanitizer. */
static void
reads_no_further(void **state)
{
    uint64_t h[2];

    (void)state;
    for (size_t n = 0; n <= 200; n++) {
        uint8_t *exact = calloc(1, n + (n == 0));

        assert_non_null(exact);
        murmur3_x64_128(exact, n, h);
        murmur3_x86_32(exact, n);
        free(exact);
    }
}

static void
keyed_stream_equals_whole(void **state)
{
    static uint8_t bytes[300 * KIB];
    struct hash_secret secret, other;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    hash_secret_random(&secret);
    hash_secret_random(&other);
    for (size_t n = 0; n <= sizeof bytes; n = n * 3 + 1) {
        struct hash_stream *s = hash_stream_new(&secret);
        struct digest whole = hash_keyed(&secret, bytes, n), pieces;

        assert_non_null(s);
        for (size_t at = 0, step = 1; at < n; at += step, step = step * 2 + 1) {
            if (step > n - at)
                step = n - at;
            hash_stream_add(s, bytes + at, step);
        }
        pieces = hash_stream_finish(s);
        assert_memory_equal(&whole, &pieces, sizeof whole);
        whole = hash_keyed(&other, bytes, n);
        assert_memory_not_equal(&whole, &pieces, sizeof whole);
        hash_stream_free(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),        cmocka_unit_test(server_values),
        cmocka_unit_test(shared_values),       cmocka_unit_test(stream_equals_whole),
        cmocka_unit_test(reads_no_further),    cmocka_unit_test(keyed_stream_equals_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
