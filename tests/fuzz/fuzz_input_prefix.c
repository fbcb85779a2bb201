/*
 * The hash of a beginning, asked for at any length while the text comes in pieces of any size, against the identity that a
 * file of just those bytes has. Another byte, or one more, is another hash.
 */
#include "ingest/input.h"

#include "fuzz_bytes.h"

#define TEXT_MAX (3 * IDENTITY_BLOCK + 1000)

static char text[TEXT_MAX];

/* As a payload of its own. */
static struct digest
whole(size_t n, const struct hash_secret *secret)
{
    static char room[4 * IDENTITY_BLOCK];
    char path[64];
    int fd = memory_file(text, n, path);
    const struct source source = { .path = path };
    struct input_result result;
    struct input *in;
    struct err err = { 0 };
    size_t got;
    enum st rc;

    MUST(input_open(&in, &source, secret, NULL, &err) == ST_OK);
    input_take_all(in);
    while ((rc = input_read(in, room, sizeof room, &got, &err)) == ST_OK)
        input_identify(in, room, got);
    MUST(rc == ST_EOF);
    input_result(in, &result);
    MUST(result.identity.length == n);
    input_close(in);
    close(fd);
    return result.identity.hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    struct hash_secret secret;
    struct prefix *p;
    size_t at = 0;
    struct digest before = { { 0 } };

    for (size_t i = 0; i < sizeof secret.b; i++)
        secret.b[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < TEXT_MAX; i++)
        text[i] = (char)('a' + (i * 2654435761u >> 13) % 26);
    MUST((p = prefix_new(&secret)) != NULL);
    for (unsigned steps = 0; b.n > 0 && steps < 24; steps++) {
        uint8_t what = take_byte(&b);
        size_t n = take_number(&b, 1 + what % 2) << what / 2 % 4;
        struct digest hash, want;

        if (what & 64) /* up to where a block ends, or next to it */
            n = IDENTITY_BLOCK - at % IDENTITY_BLOCK - 1 + what / 2 % 3;
        n = n < TEXT_MAX - at ? n : TEXT_MAX - at;
        prefix_add(p, text + at, n);
        at += n;
        if (what & 128 || at == 0)
            continue;
        hash = prefix_hash(p);
        want = whole(at, &secret);
        MUST(digest_eq(&hash, &want));
        MUST(n == 0 || !digest_eq(&hash, &before));
        before = hash;
    }
    prefix_free(p);
    return 0;
}
