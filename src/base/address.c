/*
 * IP addresses from text. Our own, because inet_aton takes "1.2" and octal, inet_pton differs
 * between systems, and one client must not count twice for being read in two ways.
 */
#include "ingest/address.h"

#include <arpa/inet.h>

#include "ingest/num.h"

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

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool
address_any(struct slice s, uint8_t out[16])
{
    if (!address_ipv4(s, out + 12))
        return address_ipv6(s, out);
    memcpy(out, mapped, sizeof mapped);
    return true;
}

/* ---- networks ---- */

static bool
is_ipv4(const struct cidr *net)
{
    return net->bits >= 96 && memcmp(net->address, mapped, sizeof mapped) == 0;
}

bool
cidr_parse(struct slice s, struct cidr *out)
{
    const char *slash = memchr(s.p, '/', s.n);
    struct slice host = { s.p, slash == NULL ? s.n : (size_t)(slash - s.p) };
    struct cidr net = { .bits = 128 };
    int64_t bits;
    bool v4 = memchr(host.p, ':', host.n) == NULL;

    if (!address_any(host, net.address))
        return false;
    if (slash != NULL) {
        struct slice digits = { slash + 1, s.n - host.n - 1 };

        if (digits.n > 3 || !num_u63(digits, &bits) || bits > (v4 ? 32 : 128))
            return false;
        net.bits = (uint8_t)(bits + (v4 ? 96 : 0));
    }
    for (unsigned bit = net.bits; bit < 128; bit++)
        if (net.address[bit / 8] >> (7 - bit % 8) & 1)
            return false;
    *out = net;
    return true;
}

bool
cidr_has(const struct cidr *net, const uint8_t address[16])
{
    size_t bytes = net->bits / 8;
    unsigned rest = net->bits % 8;

    if (memcmp(net->address, address, bytes) != 0)
        return false;
    return rest == 0 || (net->address[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

void
cidr_format(const struct cidr *net, char out[CIDR_TEXT])
{
    bool v4 = is_ipv4(net);
    size_t n;

    static_assert(CIDR_TEXT >= INET6_ADDRSTRLEN + 4, "an address, a slash, and the NUL");
    inet_ntop(v4 ? AF_INET : AF_INET6, net->address + (v4 ? 12 : 0), out, CIDR_TEXT - 4);
    n = strlen(out);
    snprintf(out + n, CIDR_TEXT - n, "/%d", net->bits - (v4 ? 96 : 0));
}
