/*
 * Clients: what is one client, what is two, and the values that databases already hold.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"
#include "siphash.h"

#include <sodium.h>
#include <setjmp.h>
#include <cmocka.h>

/* The key of the SipHash paper's test vectors: 00 01 .. 0f. */
static struct client_key
paper_key(void)
{
    struct client_key key = { .n_epochs = 1 };

    for (size_t i = 0; i < 16; i++)
        key.epochs[0].key[i] = (uint8_t)i;
    return key;
}

static uint64_t
hash_of(const struct client_key *key, enum client_hash how, const char *text, int32_t day)
{
    uint64_t h = 0;

    assert_true(client_hash(key, how, slice_of(text), day, &h));
    return h;
}

static uint64_t
sip(const uint8_t *key, const void *message, size_t n)
{
    uint8_t b[8];
    uint64_t v = 0;

    crypto_shorthash(b, message, n, key);
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)b[i] << 8 * i;
    return v;
}

static void
no_client(void **state)
{
    struct client_key keyed = paper_key(), none;
    uint64_t h = 42;

    (void)state;
    client_key_none(&none);
    for (int how = CLIENT_KEYED; how <= CLIENT_EIDA; how++) {
        assert_false(client_hash(&keyed, (enum client_hash)how, (struct slice){ NULL, 0 }, 0, &h));
        assert_false(client_hash(&keyed, (enum client_hash)how, SLICE(""), 0, &h));
        assert_false(client_hash(&keyed, (enum client_hash)how, SLICE("-"), 0, &h));
        assert_false(client_hash(&none, (enum client_hash)how, SLICE("-"), 0, &h));
        assert_true(client_hash(&keyed, (enum client_hash)how, SLICE("--"), 0, &h));
    }
}

static void
keyed_messages(void **state)
{
    /* J.-P. Aumasson, D. J. Bernstein, "SipHash", 2012: the reference's vectors of 4 and 8 bytes,
     * this key, messages 00 01 02 .. */
    static const struct {
        const char *text;
        uint64_t    want;
    } vectors[] = {
        { "0.1.2.3", UINT64_C(0xcf2794e0277187b7) },
        { "::ffff:0.1.2.3", UINT64_C(0xcf2794e0277187b7) },
        { "::ffff:1:203", UINT64_C(0xcf2794e0277187b7) },
        { "0:0:0:0:0:FFFF:0001:0203", UINT64_C(0xcf2794e0277187b7) },
        { "1:203:405:607::", UINT64_C(0x93f5f5799a932462) },
        { "1:203:405:607:8:9:a:b", UINT64_C(0x93f5f5799a932462) },
    };
    struct client_key key = paper_key();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
        if (hash_of(&key, CLIENT_KEYED, vectors[i].text, 0) != vectors[i].want)
            fail_msg("%s: %016" PRIx64, vectors[i].text,
                     hash_of(&key, CLIENT_KEYED, vectors[i].text, 0));
}

/* The one that is inlined, and libsodium's. */
static void
short_hash_is_siphash(void **state)
{
    uint8_t key[16], message[8];

    (void)state;
    for (int round = 0; round < 20000; round++) {
        randombytes_buf(key, sizeof key);
        randombytes_buf(message, sizeof message);
        if (round < 2)
            memset(key, round == 0 ? 0 : 0xff, sizeof key);
        if (round % 100 == 0)
            memset(message, round % 200 == 0 ? 0 : 0xff, sizeof message);
        for (size_t n = 4; n <= 8; n += 4)
            assert_true(siphash_short(key, message, n) == sip(key, message, n));
    }
}

static void
what_is_no_address_is_text(void **state)
{
    static const char *const texts[] = {
        "abc", "abcdefg", "example.org", "01.2.3.4", "1.2.3", "1.2.3.4:80", "[::1]", "fe80::1%eth0", "x", "--", "1.2.3.4 ", "\xff\xfe",
    };
    struct client_key key = paper_key();
    char message[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        size_t n = strlen(texts[i]);

        message[0] = (char)0xff;
        memcpy(message + 1, texts[i], n);
        assert_int_equal(hash_of(&key, CLIENT_KEYED, texts[i], 0),
                         sip(key.epochs[0].key, message, n + 1));
    }
}

static void
long_text(void **state)
{
    static const size_t sizes[] = { 1022, 1023, 1024, 1025, MIB };
    struct client_key key = paper_key();
    char *message = malloc(MIB + 1);

    (void)state;
    assert_non_null(message);
    memset(message, 'a', MIB + 1);
    message[0] = (char)0xff;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *text = malloc(sizes[i]);
        uint64_t h;

        assert_non_null(text);
        memset(text, 'a', sizes[i]);
        assert_true(client_hash(&key, CLIENT_KEYED, (struct slice){ text, sizes[i] }, 0, &h));
        assert_int_equal(h, sip(key.epochs[0].key, message, sizes[i] + 1));
        free(text);
    }
    free(message);
}

static void
eida_values(void **state)
{
    struct client_key key = paper_key();

    (void)state;
    assert_int_equal((int64_t)hash_of(&key, CLIENT_EIDA, "1497164453", 0), 1754158144);
    assert_int_equal((int64_t)hash_of(&key, CLIENT_EIDA, "589198147", 0), -1132361014);
    assert_int_equal((int64_t)hash_of(&key, CLIENT_EIDA, "2320080092", 0), 475805006);
    assert_int_equal((int64_t)hash_of(&key, CLIENT_EIDA, "foo", 0), -156908512);
}

static void
none_is_the_servers_hash_of_the_text(void **state)
{
    struct client_key key;
    uint64_t h[2];

    (void)state;
    client_key_none(&key);
    murmur3_x64_128("::ffff:1.2.3.4", 14, h);
    assert_int_equal(hash_of(&key, CLIENT_KEYED, "::ffff:1.2.3.4", 0), h[0]);
    assert_int_not_equal(hash_of(&key, CLIENT_KEYED, "1.2.3.4", 0), h[0]);
    assert_memory_equal(key.epochs[0].id, "nokey\0\0\0", 8);
    assert_true(key.none);
}

static void
day_chooses_the_key(void **state)
{
    struct client_key key = paper_key();
    uint64_t first, second, third;

    (void)state;
    key.n_epochs = 3;
    key.epochs[0].from_day = 100;
    key.epochs[1].from_day = 200;
    key.epochs[1].key[0] = 0xaa;
    key.epochs[2].from_day = 300;
    key.epochs[2].key[0] = 0xbb;
    first = hash_of(&key, CLIENT_KEYED, "1.2.3.4", 100);
    second = hash_of(&key, CLIENT_KEYED, "1.2.3.4", 200);
    third = hash_of(&key, CLIENT_KEYED, "1.2.3.4", 300);
    assert_true(first != second && second != third && first != third);
    /* The first holds for earlier days too. */
    assert_int_equal(hash_of(&key, CLIENT_KEYED, "1.2.3.4", 0), first);
    assert_int_equal(hash_of(&key, CLIENT_KEYED, "1.2.3.4", 199), first);
    assert_int_equal(hash_of(&key, CLIENT_KEYED, "1.2.3.4", 299), second);
    assert_int_equal(hash_of(&key, CLIENT_KEYED, "1.2.3.4", DAY_MAX), third);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_client),
        cmocka_unit_test(keyed_messages),
        cmocka_unit_test(short_hash_is_siphash),
        cmocka_unit_test(what_is_no_address_is_text),
        cmocka_unit_test(long_text),
        cmocka_unit_test(eida_values),
        cmocka_unit_test(none_is_the_servers_hash_of_the_text),
        cmocka_unit_test(day_chooses_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
