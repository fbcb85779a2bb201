/*
 * SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012) of messages of 4 and 8 bytes,
 * inline: an address is hashed for nearly every line. libsodium hashes everything else, and a test holds the two equal.
 */
#ifndef INGEST_SIPHASH_H
#define INGEST_SIPHASH_H

#include "ingest/base.h"

static inline uint64_t
siphash_word(const uint8_t *p)
{
    uint64_t v = 0;

    for (size_t i = 0; i < 8; i++) /* compilers make one load of it */
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static inline uint64_t
siphash_turn(uint64_t v, int bits)
{
    return v << bits | v >> (64 - bits);
}

static inline void
siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = siphash_turn(v[1], 13) ^ v[0];
    v[3] = siphash_turn(v[3], 16) ^ v[2];
    v[0] = siphash_turn(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = siphash_turn(v[1], 17) ^ v[2];
    v[3] = siphash_turn(v[3], 21) ^ v[0];
    v[2] = siphash_turn(v[2], 32);
}

static inline void
siphash_block(uint64_t v[4], uint64_t block)
{
    v[3] ^= block;
    siphash_round(v);
    siphash_round(v);
    v[0] ^= block;
}

/* `n` is 4 or 8: of IPv4 an address, of IPv6 a network. */
static inline uint64_t
siphash_short(const uint8_t key[16], const uint8_t *message, size_t n)
{
    const uint64_t k0 = siphash_word(key), k1 = siphash_word(key + 8);
    uint64_t v[4] = {
        k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
        k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573),
    };

    if (n == 8) {
        siphash_block(v, siphash_word(message));
        siphash_block(v, UINT64_C(8) << 56);
    } else {
        uint64_t last = UINT64_C(4) << 56;

        for (size_t i = 0; i < 4; i++)
            last |= (uint64_t)message[i] << 8 * i;
        siphash_block(v, last);
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        siphash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
