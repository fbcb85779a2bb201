/*
 * MurmurHash3 in the two forms that the field uses, and thin wrappers over libxxhash, which picks
 * its vector code by the CPU it runs on.
 */
#include "ingest/hash.h"

#include <sodium.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

static_assert(HASH_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN, "XXH3 refuses a shorter secret");

#define C1 UINT64_C(0x87c37b91114253d5)
#define C2 UINT64_C(0x4cf5ad432745937f)

static inline uint64_t
rotl64(uint64_t x, int r)
{
    return x << r | x >> (64 - r);
}

static inline uint32_t
rotl32(uint32_t x, int r)
{
    return x << r | x >> (32 - r);
}

static inline uint64_t
load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline uint64_t
fmix64(uint64_t k)
{
    k ^= k >> 33;
    k *= UINT64_C(0xff51afd7ed558ccd);
    k ^= k >> 33;
    k *= UINT64_C(0xc4ceb9fe1a85ec53);
    return k ^ k >> 33;
}

void
murmur3_init(struct murmur3 *m)
{
    *m = (struct murmur3){ 0 };
}

void
murmur3_add16(struct murmur3 *m, const uint8_t block[16])
{
    m->h1 ^= rotl64(load64(block) * C1, 31) * C2;
    m->h1 = (rotl64(m->h1, 27) + m->h2) * 5 + 0x52dce729;
    m->h2 ^= rotl64(load64(block + 8) * C2, 33) * C1;
    m->h2 = (rotl64(m->h2, 31) + m->h1) * 5 + 0x38495ab5;
    m->n_bytes += 16;
}

static void
finish(const struct murmur3 *m, const uint8_t *tail, size_t n_tail, uint64_t out[2])
{
    uint64_t h1 = m->h1, h2 = m->h2, n = m->n_bytes + n_tail;
    uint8_t last[16] = { 0 };

    assert(n_tail < 16);
    if (n_tail > 0)
        memcpy(last, tail, n_tail);
    if (n_tail > 8)
        h2 ^= rotl64(load64(last + 8) * C2, 33) * C1;
    if (n_tail > 0)
        h1 ^= rotl64(load64(last) * C1, 31) * C2;
    h1 ^= n;
    h2 ^= n;
    h1 += h2;
    h2 += h1;
    h1 = fmix64(h1);
    h2 = fmix64(h2);
    h1 += h2;
    h2 += h1;
    out[0] = h1;
    out[1] = h2;
}

void
murmur3_x64_128(const void *p, size_t n, uint64_t out[2])
{
    const uint8_t *at = p;
    struct murmur3 m;

    murmur3_init(&m);
    for (; n >= 16; n -= 16, at += 16)
        murmur3_add16(&m, at);
    finish(&m, at, n, out);
}

struct digest
murmur3_finish(const struct murmur3 *m, const void *tail, size_t n_tail)
{
    struct digest d;
    uint64_t h[2];

    finish(m, tail, n_tail, h);
    for (int i = 0; i < 16; i++)
        d.b[i] = (uint8_t)(h[i / 8] >> (56 - 8 * (i % 8)));
    return d;
}

/* ---- MurmurHash3_x86_32 ---- */

static inline uint32_t
word32(uint32_t h, uint32_t k)
{
    return h ^ rotl32(k * 0xcc9e2d51u, 15) * 0x1b873593u;
}

void
murmur3_32_add(struct murmur3_32 *m, const void *p, size_t n)
{
    const uint8_t *at = p, *end = at + n;

    for (; at < end && m->n_bytes % 4 != 0; at++) {
        m->tail |= (uint32_t)*at << 8 * (m->n_bytes % 4);
        if (++m->n_bytes % 4 == 0) {
            m->h = rotl32(word32(m->h, m->tail), 13) * 5 + 0xe6546b64u;
            m->tail = 0;
        }
    }
    for (; end - at >= 4; at += 4) {
        uint32_t k =
            (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

        m->h = rotl32(word32(m->h, k), 13) * 5 + 0xe6546b64u;
        m->n_bytes += 4;
    }
    for (; at < end; at++)
        m->tail |= (uint32_t)*at << 8 * (m->n_bytes++ % 4);
}

uint32_t
murmur3_32_finish(const struct murmur3_32 *m)
{
    uint32_t h = word32(m->h, m->tail) ^ m->n_bytes; /* a tail of 0 changes nothing */

    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return h ^ h >> 16;
}

uint32_t
murmur3_x86_32(const void *p, size_t n)
{
    struct murmur3_32 m = { 0 };

    murmur3_32_add(&m, p, n);
    return murmur3_32_finish(&m);
}

static struct digest
canonical(XXH128_hash_t h)
{
    XXH128_canonical_t c;
    struct digest d;

    XXH128_canonicalFromHash(&c, h);
    memcpy(d.b, c.digest, sizeof d.b);
    return d;
}

void
hash_secret_random(struct hash_secret *s)
{
    randombytes_buf(s->b, sizeof s->b);
}

struct digest
hash_keyed(const struct hash_secret *s, const void *p, size_t n)
{
    return canonical(XXH3_128bits_withSecret(p, n, s->b, sizeof s->b));
}

struct digest
hash_plain(const void *p, size_t n)
{
    return canonical(XXH3_128bits(p, n));
}

struct hash_stream *
hash_stream_new(const struct hash_secret *s)
{
    XXH3_state_t *state = XXH3_createState();

    if (state != NULL)
        XXH3_128bits_reset_withSecret(state, s->b, sizeof s->b);
    return (struct hash_stream *)state;
}

void
hash_stream_restart(struct hash_stream *h, const struct hash_secret *s)
{
    XXH3_128bits_reset_withSecret((XXH3_state_t *)h, s->b, sizeof s->b);
}

void
hash_stream_add(struct hash_stream *h, const void *p, size_t n)
{
    XXH3_128bits_update((XXH3_state_t *)h, p, n);
}

struct digest
hash_stream_finish(const struct hash_stream *h)
{
    return canonical(XXH3_128bits_digest((const XXH3_state_t *)h));
}

void
hash_stream_free(struct hash_stream *h)
{
    XXH3_freeState((XXH3_state_t *)h);
}
