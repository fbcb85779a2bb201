/*
 * What may become text in the database: UTF-8 without NUL.
 */
#include "ingest/slice.h"

/*
 * Bytes of the sequence at p (RFC 3629, 4), 0 when it is none. The second byte's range depends on
 * the first.
 */
static size_t
sequence(const unsigned char *p, size_t n)
{
    unsigned c = p[0], low = 0x80, high = 0xbf;
    size_t len;

    if (c >= 0xc2 && c <= 0xdf)
        len = 2;
    else if (c >= 0xe0 && c <= 0xef)
        len = 3;
    else if (c >= 0xf0 && c <= 0xf4)
        len = 4;
    else
        return 0;
    if (n < len)
        return 0;
    if (c == 0xe0)
        low = 0xa0;
    else if (c == 0xed)
        high = 0x9f;
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* Eight bytes of ASCII, none of them NUL: what nearly all keys are made of. */
static inline bool
is_plain_ascii(const unsigned char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return (((v - ones) | v) & tops) == 0; /* v - ones borrows into a top bit where a byte is 0 */
}

bool
slice_is_text(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;

    while (i < s.n) {
        if (i + 8 <= s.n && is_plain_ascii(p + i)) {
            i += 8;
            continue;
        }
        if (p[i] < 0x80) {
            if (p[i] == 0)
                return false;
            i++;
            continue;
        }
        size_t len = sequence(p + i, s.n - i);

        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t
slice_chars(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) != 0x80;
    return n;
}
