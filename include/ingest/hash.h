/*
 * The hashes of the project: MurmurHash3 (Austin Appleby, public domain reference "MurmurHash3.cpp") for payloads and
 * for what the server's hll computes, XXH3 (libxxhash) for tables and block digests, SipHash (libsodium) for clients.
 */
#ifndef INGEST_HASH_H
#define INGEST_HASH_H

#include "ingest/base.h"
#include "ingest/slice.h"

/* A 128-bit value in the byte order in which it is stored and compared. */
struct digest {
    uint8_t b[16];
};

/* MurmurHash3_x64_128 of one message, seed 0: h1 and h2. h1 is what postgresql-hll's hll_hash_text() gives. */
void murmur3_x64_128(const void *p, size_t n, uint64_t out[2]);

/* MurmurHash3_x86_32, seed 0. EIDA's client hash is this, sign-extended to 64 bits. */
uint32_t murmur3_x86_32(const void *p, size_t n);

/* The same of a message that comes in pieces of any size. Zeroed memory is the empty message; finishing leaves it as it is. */
struct murmur3_32 {
    uint32_t h, n_bytes, tail; /* the last n_bytes % 4 bytes, the first one lowest */
};
void     murmur3_32_add(struct murmur3_32 *m, const void *p, size_t n);
uint32_t murmur3_32_finish(const struct murmur3_32 *m);

/* MurmurHash3_x64_128 of a message that comes in pieces of 16 bytes, with a tail of 0..15 at the end. */
struct murmur3 {
    uint64_t h1, h2, n_bytes;
};
void murmur3_init(struct murmur3 *m);
void murmur3_add16(struct murmur3 *m, const uint8_t block[16]);
/* Leaves `m` as it is: a message may be finished at several lengths. Result big-endian, h1 then h2. */
struct digest murmur3_finish(const struct murmur3 *m, const void *tail, size_t n_tail);

/* The secret that keys block digests; XXH3 wants at least 136 bytes (XXH3_SECRET_SIZE_MIN). */
#define HASH_SECRET_BYTES 192
struct hash_secret {
    uint8_t b[HASH_SECRET_BYTES];
};
void hash_secret_random(struct hash_secret *s);

/* XXH3-128 under a secret, canonical (big-endian) order. */
struct digest hash_keyed(const struct hash_secret *s, const void *p, size_t n);

/* XXH3-128 under a secret of a message that comes in pieces. */
struct hash_stream;
struct hash_stream *hash_stream_new(const struct hash_secret *s); /* NULL without memory; borrows `s` */
void                hash_stream_restart(struct hash_stream *h, const struct hash_secret *s); /* a new message */
void                hash_stream_add(struct hash_stream *h, const void *p, size_t n);
struct digest       hash_stream_finish(const struct hash_stream *h);
void                hash_stream_free(struct hash_stream *h);

/* XXH3-128 without any key, canonical order: fingerprints of rules and migrations. */
struct digest hash_plain(const void *p, size_t n);

static inline bool
digest_eq(const struct digest *a, const struct digest *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

#endif
