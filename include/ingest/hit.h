/*
 * What to count and where: what dataset/ gives and rollup/ takes. And the bytes of a key.
 *
 * A key is one run of bytes whose memcmp order is the order of the rows. Column after column, as the dataset declares
 * them (the node is not among them):
 *
 *   text   00                    NULL, before every text
 *          01 bytes... 00        the bytes hold no NUL, so "a" sorts before "ab"
 *   day    4 bytes big-endian of (day + 2^31)
 *   uuid   its 16 bytes
 *   int    8 bytes big-endian of (n + 2^63)
 */
#ifndef INGEST_HIT_H
#define INGEST_HIT_H

#include "ingest/base.h"
#include "ingest/slice.h"

#define SUMS_MAX      4
#define KEY_COLS_MAX  8
#define KEY_BYTES_MAX 1200 /* an encoded key; PostgreSQL's btree takes 2704 bytes a row */

struct hit {
    struct slice key;            /* encoded; lives until the next pick */
    int32_t      day;            /* the bucket: a day, or the first of a month */
    int64_t      sums[SUMS_MAX]; /* as the dataset declares them, each >= 0 unless it says `signed_sums` */
    uint64_t     client;         /* the hash that goes into the sketch */
    bool         has_client;
    struct slice sketch;         /* besides, a whole sketch that hll_decode takes; p NULL: none. Lives until the next pick */
};

/* memcpy(3) is a call, and most texts of keys have 4 to 16 bytes, nobody can guess how many. */
static inline void
key_copy(uint8_t *out, const char *p, size_t n)
{
    uint32_t word[4]; /* first, last and two between; they may overlap */

    if (n > sizeof word) {
        memcpy(out, p, n);
    } else if (n >= sizeof *word) {
        size_t second = (n & 24) / 2, third = n - sizeof *word - second, last = n - sizeof *word;

        memcpy(&word[0], p, sizeof *word);
        memcpy(&word[1], p + second, sizeof *word);
        memcpy(&word[2], p + third, sizeof *word);
        memcpy(&word[3], p + last, sizeof *word);
        memcpy(out, &word[0], sizeof *word);
        memcpy(out + second, &word[1], sizeof *word);
        memcpy(out + third, &word[2], sizeof *word);
        memcpy(out + last, &word[3], sizeof *word);
    } else if (n > 0) {
        out[0] = (uint8_t)p[0];
        out[n / 2] = (uint8_t)p[n / 2];
        out[n - 1] = (uint8_t)p[n - 1];
    }
}

/* Appends a text column, or NULL where s.p is NULL, at `out`; returns the byte behind it. The caller has checked length and NUL. */
static inline uint8_t *
key_put_text(uint8_t *out, struct slice s)
{
    if (s.p == NULL) {
        *out++ = 0;
        return out;
    }
    *out++ = 1;
    key_copy(out, s.p, s.n);
    out += s.n;
    *out++ = 0;
    return out;
}

static inline uint8_t *
key_put_day(uint8_t *out, int32_t day)
{
    uint32_t v = (uint32_t)day ^ UINT32_C(0x80000000);

    *out++ = (uint8_t)(v >> 24);
    *out++ = (uint8_t)(v >> 16);
    *out++ = (uint8_t)(v >> 8);
    *out++ = (uint8_t)v;
    return out;
}

static inline uint8_t *
key_put_uuid(uint8_t *out, const uint8_t uuid[16])
{
    memcpy(out, uuid, 16);
    return out + 16;
}

static inline uint8_t *
key_put_int(uint8_t *out, int64_t n)
{
    uint64_t v = (uint64_t)n ^ UINT64_C(0x8000000000000000);

    for (int shift = 56; shift >= 0; shift -= 8)
        *out++ = (uint8_t)(v >> shift);
    return out;
}

/* Reads a column at *at and moves behind it. Keys are our own: a malformed one is a bug. NULL gives p == NULL. */
static inline struct slice
key_get_text(const uint8_t **at)
{
    struct slice s = { NULL, 0 };

    if (*(*at)++ == 1) {
        s.p = (const char *)*at;
        s.n = strlen(s.p);
        *at += s.n + 1;
    }
    return s;
}

static inline int32_t
key_get_day(const uint8_t **at)
{
    const uint8_t *p = *at;
    uint32_t v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];

    *at += 4;
    return (int32_t)(v ^ UINT32_C(0x80000000));
}

static inline int64_t
key_get_int(const uint8_t **at)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | *(*at)++;
    return (int64_t)(v ^ UINT64_C(0x8000000000000000));
}

static inline const uint8_t *
key_get_uuid(const uint8_t **at)
{
    const uint8_t *uuid = *at;

    *at += 16;
    return uuid;
}

#endif
