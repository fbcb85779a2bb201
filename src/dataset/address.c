/*
 * IP addresses from text. Our own, because inet_aton takes "1.2" and octal, inet_pton differs
 * between systems, and one client must not count twice for being read in two ways.
 */
#include "ingest/base.h"
#include "dataset_priv.h"

bool
address_ipv4(struct slice s, uint8_t out[4])
{
    uint8_t b[4];
    size_t at = 0;

    for (int part = 0; part < 4; part++) {
        size_t first;
        unsigned v = 0;

        if (part > 0 && (at == s.n || s.p[at++] != '.'))
            return false;
        for (first = at; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && at - first < 3; at++)
            v = v * 10 + (unsigned)(s.p[at] - '0');
        if (at == first || v > 255 || (s.p[first] == '0' && at - first > 1))
            return false;
        b[part] = (uint8_t)v;
    }
    if (at != s.n)
        return false;
    memcpy(out, b, sizeof b);
    return true;
}

/* One to four hex digits at *at, which moves behind them. */
static bool
take_group(struct slice s, size_t *at, unsigned *out)
{
    size_t first = *at;
    unsigned v = 0;

    for (; *at < s.n && *at - first < 4; ++*at) {
        char c = s.p[*at];

        if (c >= '0' && c <= '9')
            v = v << 4 | (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        else
            break;
    }
    *out = v;
    return *at > first;
}

#define NO_GAP 17

bool
address_ipv6(struct slice s, uint8_t out[16])
{
    uint8_t b[16] = { 0 };
    size_t at = 0, n = 0, gap = NO_GAP; /* `::` stands behind `gap` of the n bytes read */
    unsigned v;

    if (s.n >= 2 && s.p[0] == ':' && s.p[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < s.n) {
        size_t group = at;

        if (n == 16 || !take_group(s, &at, &v))
            return false;
        if (at < s.n && s.p[at] == '.') { /* the last four bytes in IPv4's writing */
            if (n > 12 || !address_ipv4((struct slice){ s.p + group, s.n - group }, b + n))
                return false;
            n += 4;
            break;
        }
        b[n++] = (uint8_t)(v >> 8);
        b[n++] = (uint8_t)v;
        if (at == s.n)
            break;
        if (s.p[at++] != ':' || at == s.n)
            return false;
        if (s.p[at] == ':') {
            if (gap != NO_GAP)
                return false;
            gap = n;
            at++;
        }
    }
    if (gap == NO_GAP ? n != 16 : n > 14) /* `::` is at least one group */
        return false;
    memset(out, 0, 16);
    if (gap == NO_GAP)
        gap = n;
    memcpy(out, b, gap);
    memcpy(out + 16 - (n - gap), b + gap, n - gap);
    return true;
}
