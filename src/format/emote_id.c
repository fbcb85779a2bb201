/*
 * Identifiers from text. The ULID specification (version of 2019) and RFC 9562 have the bits.
 */
#include "ingest/base.h"

#include <sodium.h>

#include "emote_id.h"

/* Crockford's base32: I and L are 1, O is 0, U is none. */
static int
base32_digit(char c)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const char *at;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'I' || c == 'L')
        return 1;
    if (c == 'O')
        return 0;
    at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* 26 digits of 5 bits are 130: the first one has only three. */
static bool
from_ulid(struct slice s, uint8_t out[16])
{
    unsigned __int128 v = 0;

    if (base32_digit(s.p[0]) > 7)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int digit = base32_digit(s.p[i]);

        if (digit < 0)
            return false;
        v = v << 5 | (unsigned)digit;
    }
    for (size_t i = 16; i > 0; i--, v >>= 8)
        out[i - 1] = (uint8_t)v;
    return true;
}

static bool
from_hex(struct slice s, uint8_t *out, size_t n)
{
    size_t got;

    return sodium_hex2bin(out, n, s.p, s.n, NULL, &got, NULL) == 0 && got == n;
}

static bool
from_uuid(struct slice s, uint8_t out[16])
{
    char digits[32];
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if ((s.p[i] == '-') != is_dash)
            return false;
        if (!is_dash)
            digits[n++] = s.p[i];
    }
    return from_hex((struct slice){ digits, n }, out, 16);
}

static bool
from_object_id(struct slice s, uint8_t out[16])
{
    uint8_t b[12];
    uint64_t ms;

    if (!from_hex(s, b, sizeof b))
        return false;
    ms = ((uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3]) * 1000;
    for (size_t i = 6; i > 0; i--, ms >>= 8)
        out[i - 1] = (uint8_t)ms;
    out[6] = out[7] = 0;
    memcpy(out + 8, b + 4, 8);
    return true;
}

bool
emote_id(struct slice s, uint8_t out[16])
{
    switch (s.n) {
    case 24:
        return from_object_id(s, out);
    case 26:
        return from_ulid(s, out);
    case 32:
        return from_hex(s, out, 16);
    case 36:
        return from_uuid(s, out);
    default:
        return false;
    }
}

int64_t
emote_id_time_us(const uint8_t id[16])
{
    int64_t ms = 0;

    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | id[i];
    return ms * 1000;
}
