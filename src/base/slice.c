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

static inline uint64_t
eight_at(const unsigned char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static bool
is_utf8(const unsigned char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        if (i + 8 <= n && slice_ascii_word(eight_at(p + i))) {
            i += 8;
            continue;
        }
        if (p[i] < 0x80) {
            if (p[i] == 0)
                return false;
            i++;
            continue;
        }
        size_t len = sequence(p + i, n - i);

        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

bool
slice_is_text(struct slice s)
{
    return slice_is_short_ascii(s) || is_utf8((const unsigned char *)s.p, s.n);
}

size_t
slice_chars(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) != 0x80;
    return n;
}

size_t
slice_character(struct slice s, uint32_t *code_point)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t len = p[0] < 0x80 ? 1 : sequence(p, s.n);

    if (len > 0)
        *code_point = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        *code_point = *code_point << 6 | (p[i] & 0x3fu);
    return len;
}

bool
character_is_harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
        return false;
    return c != 0x00ad && c != 0x061c && c != 0x180e && c != 0xfeff &&
           !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
           !(c >= 0x2060 && c <= 0x206f) && !(c >= 0xfff9 && c <= 0xfffb) &&
           !(c >= 0xe0000 && c <= 0xe007f); /* the last: tags, which nobody sees */
}
