/*
 * SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012) of
 * messages of 4 and 8 bytes, inline: an address is hashed for nearly every line. libsodium hashes
 * everything else, and a test holds the two equal.
 */
#ifndef INGEST_SIPHASH_H
#define INGEST_SIPHASH_H

#include "ingest/base.h"

static inline uint64_t
siphash_word(const uint8_t *p)
{
    /* Little-endian; compilers make one load of it. */
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

static inline uint64_t
siphash_turn(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

struct siphash {
    uint64_t a, b, c, d;
};

static inline struct siphash
siphash_round(struct siphash v)
{
    v.a += v.b;
    v.c += v.d;
    v.b = siphash_turn(v.b, 13) ^ v.a;
    v.d = siphash_turn(v.d, 16) ^ v.c;
    v.a = siphash_turn(v.a, 32);
    v.c += v.b;
    v.a += v.d;
    v.b = siphash_turn(v.b, 17) ^ v.c;
    v.d = siphash_turn(v.d, 21) ^ v.a;
    v.c = siphash_turn(v.c, 32);
    return v;
}

static inline struct siphash
siphash_block(struct siphash v, uint64_t block)
{
    v.d ^= block;
    v = siphash_round(siphash_round(v));
    v.a ^= block;
    return v;
}

/* `n` is 4 or 8: of IPv4 an address, of IPv6 a network. */
static inline uint64_t
siphash_short(const uint8_t key[16], const uint8_t *message, size_t n)
{
    const uint64_t k0 = siphash_word(key), k1 = siphash_word(key + 8);
    uint64_t last = (uint64_t)n << 56;
    struct siphash v = {
        k0 ^ UINT64_C(0x736f6d6570736575),
        k1 ^ UINT64_C(0x646f72616e646f6d),
        k0 ^ UINT64_C(0x6c7967656e657261),
        k1 ^ UINT64_C(0x7465646279746573),
    };

    if (n == 8)
        v = siphash_block(v, siphash_word(message));
    else
        last |= (uint64_t)message[0] | (uint64_t)message[1] << 8 | (uint64_t)message[2] << 16 |
                (uint64_t)message[3] << 24;
    v = siphash_block(v, last);
    v.c ^= 0xff;
    v = siphash_round(siphash_round(siphash_round(siphash_round(v))));
    return v.a ^ v.b ^ v.c ^ v.d;
}

#endif
