/*
 * Numbers in text, strictly: digits only, no sign, no space, no locale, and never a silent wrap.
 */
#ifndef INGEST_NUM_H
#define INGEST_NUM_H

#include "ingest/base.h"
#include "ingest/slice.h"

/* Decimal digits only, 0..INT64_MAX (what PostgreSQL's bigint holds); false leaves *out alone. */
bool num_u63(struct slice s, int64_t *out);

/* "128M", "8G", "65536": a size with an optional k, M, G or T, powers of 1024. */
bool num_size(struct slice s, size_t *out);

/* For people: 1234567 as "1,234,567" in `out`, which is given back. */
const char *num_grouped(uint64_t v, char out[32]);

/*
 * Which of eight bytes of text, the first one lowest, are no decimal digits: the lowest bit that is set is in the first of them.
 * What is behind that one says nothing.
 */
static inline uint64_t
num_no_digits(uint64_t eight)
{
    const uint64_t values = eight - UINT64_C(0x3030303030303030);

    return (values | (values + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
}

/* Three decimal digits, 0..999: an HTTP status. */
static inline bool
num_status(struct slice s, uint16_t *out)
{
    if (s.n != 3)
        return false;
    unsigned a = (unsigned char)s.p[0] - '0', b = (unsigned char)s.p[1] - '0', c = (unsigned char)s.p[2] - '0';
    if (a > 9 || b > 9 || c > 9)
        return false;
    *out = (uint16_t)(a * 100 + b * 10 + c);
    return true;
}

/* The decimal digits p[0..n), n at most 8, where 8 bytes may be read, be they what they may. False: they are none. */
static inline bool
num_eight(const char *p, size_t n, uint32_t *out)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;

    if (n - 1 > 7)
        return false;
    memcpy(&v, p, 8);
    /* Bytes 0..9, the last digit in the highest; what was read too much is shifted out, and zeros come in front. */
    v = (v ^ UINT64_C(0x3030303030303030)) << (64 - 8 * n);
    if (((v + UINT64_C(0x7676767676767676)) | v) & UINT64_C(0x8080808080808080))
        return false;
    v = (v * (1 + (10 << 8))) >> 8 & UINT64_C(0x00ff00ff00ff00ff); /* four pairs */
    v = (v * (1 + (100 << 16))) >> 16 & UINT64_C(0x0000ffff0000ffff);
    *out = (uint32_t)((v * (1 + (UINT64_C(10000) << 32))) >> 32);
    return true;
#else
    uint32_t v = 0;

    if (n - 1 > 7)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned char)p[i] - '0';

        if (digit > 9)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
#endif
}

/* 0..15, of either case; -1: it is no hexadecimal digit. */
static inline int
num_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* *to += more, or false on overflow, leaving *to alone. */
static inline bool
num_add(int64_t *to, int64_t more)
{
    int64_t sum;

    if (__builtin_add_overflow(*to, more, &sum))
        return false;
    *to = sum;
    return true;
}

#endif
