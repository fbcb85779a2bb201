/*
 * IP addresses from text. Our own, because inet_aton takes "1.2" and octal, inet_pton differs
 * between systems, and one client must not count twice for being read in two ways.
 */
#include "ingest/address.h"

#include <arpa/inet.h>

#include "ingest/num.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define IPV4_MIN 7  /* 0.0.0.0 */
#define IPV4_MAX 15 /* 255.255.255.255 */

#if defined(__SSE2__)

/* The bytes of `s`, IPV4_MIN to IPV4_MAX of them, and zeros behind; no other byte is read. */
static inline __m128i
load_text(struct slice s)
{
    uint64_t low, high = 0;

    if (likely(s.n >= 8)) {
        memcpy(&low, s.p, 8);
        memcpy(&high, s.p + s.n - 8, 8);
        high = s.n == 8 ? 0 : high >> 8 * (16 - s.n);
    } else {
        uint32_t first, last;

        memcpy(&first, s.p, 4);
        memcpy(&last, s.p + s.n - 4, 4);
        low = first | (uint64_t)last << 8 * (s.n - 4);
    }
    return _mm_set_epi64x((int64_t)high, (int64_t)low);
}

/*
 * The number of `n` digits that ends before byte `end` of the text, or 256 and more if there is
 * none: `n` is not 1 to 3, or a 0 leads (some take that for octal). Byte i of the text has its
 * value, a dot the value 0, in values[3 + i].
 */
static inline unsigned
octet(const uint8_t values[3 + 16], unsigned end, unsigned n)
{
    static const uint16_t least[] = { 256, 0, 10, 100 }, hundreds[] = { 0, 0, 0, 100 };
    unsigned v;

    if (unlikely(n > 3))
        return 256;
    v = values[end + 2] + 10u * values[end + 1] + (unsigned)hundreds[n] * values[end];
    return likely(v >= least[n]) ? v : 256;
}

/* All dots and digits are found at once: where they stand differs from client to client, and a
 * branch for each would be mispredicted. */
bool
address_ipv4(struct slice s, uint8_t out[4])
{
    __m128i text, beyond, is_digit;
    unsigned dots, second, third, a, b, c, d, v0, v1, v2, v3;
    uint8_t values[3 + 16] = { 0 };

    if (s.n < IPV4_MIN || s.n > IPV4_MAX)
        return false;
    text = load_text(s);
    beyond = _mm_sub_epi8(text, _mm_set1_epi8('0'));
    is_digit = _mm_cmpeq_epi8(_mm_min_epu8(beyond, _mm_set1_epi8(9)), beyond);
    dots = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')));
    second = dots & (dots - 1);
    third = second & (second - 1);
    if ((dots | (unsigned)_mm_movemask_epi8(is_digit)) != (1u << s.n) - 1 || third == 0 ||
        (third & (third - 1)) != 0)
        return false;
    _mm_storeu_si128((void *)(values + 3), _mm_and_si128(beyond, is_digit));
    a = (unsigned)__builtin_ctz(dots);
    b = (unsigned)__builtin_ctz(second);
    c = (unsigned)__builtin_ctz(third);
    d = (unsigned)s.n;
    v0 = octet(values, a, a);
    v1 = octet(values, b, b - a - 1);
    v2 = octet(values, c, c - b - 1);
    v3 = octet(values, d, d - c - 1);
    if ((v0 | v1 | v2 | v3) > 255)
        return false;
    out[0] = (uint8_t)v0;
    out[1] = (uint8_t)v1;
    out[2] = (uint8_t)v2;
    out[3] = (uint8_t)v3;
    return true;
}

#else

/*
 * A decimal number of one to three digits at *at, which moves behind it; 256 or more if there is
 * none.
 */
static inline unsigned
take_decimal(const char **at, const char *end)
{
    const char *p = *at;
    unsigned v, digit;

    if (p == end || (v = (unsigned)*p - '0') > 9)
        return 256;
    if (++p < end && (digit = (unsigned)*p - '0') <= 9) {
        if (v == 0) /* a leading zero: some take it for octal */
            return 256;
        v = v * 10 + digit;
        if (++p < end && (digit = (unsigned)*p - '0') <= 9) {
            v = v * 10 + digit;
            p++;
        }
    }
    *at = p;
    return v;
}

bool
address_ipv4(struct slice s, uint8_t out[4])
{
    const char *at = s.p, *end = s.p + s.n;
    unsigned a, b, c, d;

    if (s.n < IPV4_MIN || s.n > IPV4_MAX)
        return false;
    if ((a = take_decimal(&at, end)) > 255 || at == end || *at++ != '.' ||
        (b = take_decimal(&at, end)) > 255 || at == end || *at++ != '.' ||
        (c = take_decimal(&at, end)) > 255 || at == end || *at++ != '.' ||
        (d = take_decimal(&at, end)) > 255 || at != end)
        return false;
    out[0] = (uint8_t)a;
    out[1] = (uint8_t)b;
    out[2] = (uint8_t)c;
    out[3] = (uint8_t)d;
    return true;
}

#endif

/* The value of a hex digit, and 16 added so that 0 is none. */
static const uint8_t hex_digits[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23,
    ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
    ['A'] = 26, ['B'] = 27, ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

/* One to four hex digits at *at, which moves behind them. */
static inline bool
take_group(const char **at, const char *end, unsigned *out)
{
    const char *p = *at, *most = end - p > 4 ? p + 4 : end;
    unsigned v = 0, digit;

    while (p < most && (digit = hex_digits[(unsigned char)*p]) != 0) {
        v = v << 4 | (digit & 15);
        p++;
    }
    *out = v;
    if (p == *at)
        return false;
    *at = p;
    return true;
}

#define NO_GAP 17

bool
address_ipv6(struct slice s, uint8_t out[16])
{
    const char *at = s.p, *end = s.p + s.n, *group;
    uint8_t b[16];
    size_t n = 0, gap = NO_GAP; /* `::` stands behind `gap` of the n bytes read */
    unsigned v;

    if (s.n >= 2 && at[0] == ':' && at[1] == ':') {
        gap = 0;
        at += 2;
    }
    while (at < end) {
        group = at;
        if (n == 16 || !take_group(&at, end, &v))
            return false;
        if (at < end && *at == '.') { /* the last four bytes in IPv4's writing */
            if (n > 12 || !address_ipv4((struct slice){ group, (size_t)(end - group) }, b + n))
                return false;
            n += 4;
            break;
        }
        b[n++] = (uint8_t)(v >> 8);
        b[n++] = (uint8_t)v;
        if (at == end)
            break;
        if (*at++ != ':' || at == end)
            return false;
        if (*at == ':') {
            if (gap != NO_GAP)
                return false;
            gap = n;
            at++;
        }
    }
    if (gap == NO_GAP ? n != 16 : n > 14) /* `::` is at least one group */
        return false;
    if (gap == NO_GAP)
        gap = n;
    memset(out, 0, 16);
    for (size_t i = 0; i < gap; i++)
        out[i] = b[i];
    for (size_t i = gap; i < n; i++)
        out[16 - n + i] = b[i];
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
