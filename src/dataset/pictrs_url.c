/*
 * URLs of images elsewhere, written as pict-rs keeps them: by the URL standard
 * (url.spec.whatwg.org), 4.4 "URL parsing" and 4.5 "URL serializing", for the two schemes that it
 * can fetch, and without a base. 3.5 has the hosts.
 *
 *   HTTPS://User@Example.COM:443\a/./b/../c d?q#f   ->   https://User@example.com/a/c%20d?q#f
 */
#include <arpa/inet.h>

#include "pictrs.h"
#include "ingest/num.h"

#ifdef INGEST_HAVE_IDN2
#include <idn2.h>
#endif

/*
 * What each part encodes (1.3), besides controls, blanks and what is not ASCII. In a path '^'
 * stands as it is: so it did when the library was made that pict-rs is built with.
 */
#define IN_FRAGMENT "\"<>`"
#define IN_QUERY    "\"<>#'"
#define IN_PATH     "\"<>`#?{}"
#define IN_USERINFO IN_PATH "/:;=@[\\]^|"

static void
put_encoded(struct pictrs_text *out, struct slice s, const char *also)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c <= 0x20 || c >= 0x7f || strchr(also, c) != NULL)
            pictrs_add(out, (const char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
        else
            pictrs_put(out, (char)c);
    }
}

static struct slice
from(struct slice s, size_t n)
{
    return (struct slice){ s.p + n, s.n - n };
}

/* The bytes before the first of `stops`, or all. */
static struct slice
before(struct slice s, const char *stops)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\0' && strchr(stops, s.p[i]) != NULL)
            return (struct slice){ s.p, i };
    return s;
}

/* ---- hosts ---- */

/*
 * A number of an IPv4 address (3.5, "IPv4 number parser"): decimal, 0octal, 0xhex. Too large ones
 * are UINT64_MAX.
 */
static bool
ipv4_number(struct slice s, uint64_t *out)
{
    int base = 10;

    *out = 0;
    if (s.n == 0)
        return false;
    if (s.n >= 2 && s.p[0] == '0') {
        base = (s.p[1] | 0x20) == 'x' ? 16 : 8;
        s = from(s, base == 16 ? 2 : 1);
    }
    for (size_t i = 0; i < s.n; i++) {
        int digit = num_hex_digit(s.p[i]);

        if (digit < 0 || digit >= base)
            return false;
        *out = *out > UINT32_MAX ? UINT64_MAX : *out * (uint64_t)base + (uint64_t)digit;
    }
    return true;
}

static struct slice
last_label(struct slice host)
{
    const char *dot = memrchr(host.p, '.', host.n);

    return dot == NULL ? host : from(host, (size_t)(dot + 1 - host.p));
}

/* Then it is an IPv4 address, or no host. */
static bool
ends_in_number(struct slice host)
{
    struct slice last;
    uint64_t number;
    size_t digits = 0;

    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--;
    last = last_label(host);
    while (digits < last.n && last.p[digits] >= '0' && last.p[digits] <= '9')
        digits++;
    return last.n > 0 && (digits == last.n || ipv4_number(last, &number));
}

/* One to four numbers; the last one fills what is left: "127.1" is 127.0.0.1. */
static bool
put_ipv4(struct slice host, struct pictrs_text *out)
{
    uint64_t address = 0, number;
    char text[16];

    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--;
    for (int i = 0;; i++) {
        struct slice part = before(host, ".");
        bool is_last = part.n == host.n;

        if (i == 4 || !ipv4_number(part, &number) ||
            number >= (is_last ? UINT64_C(1) << 8 * (4 - i) : 256))
            return false;
        address |= is_last ? number : number << 8 * (3 - i);
        if (is_last)
            break;
        host = from(host, part.n + 1);
    }
    snprintf(text, sizeof text, "%u.%u.%u.%u", (unsigned)(address >> 24),
             (unsigned)(address >> 16 & 255), (unsigned)(address >> 8 & 255),
             (unsigned)(address & 255));
    pictrs_put_text(out, text);
    return true;
}

/* Where the first longest run of zero pieces begins, two at least, and its length; 8: none. */
static int
longest_zeros(const uint16_t piece[8], int *n)
{
    int best = 8;

    *n = 1;
    for (int i = 0; i < 8; i++) {
        int end = i;

        while (end < 8 && piece[end] == 0)
            end++;
        if (end - i > *n) {
            best = i;
            *n = end - i;
        }
        i = end > i ? end - 1 : i;
    }
    return best;
}

/* Between the brackets. inet_ntop would write some with the dots of IPv4, which is not asked for.
 */
static bool
put_ipv6(struct slice host, struct pictrs_text *out)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    uint16_t piece[8];
    int zeros, n;

    if (host.n >= sizeof text || memchr(host.p, '\0', host.n) != NULL)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (inet_pton(AF_INET6, text, &address) != 1)
        return false;
    for (int i = 0; i < 8; i++)
        piece[i] = (uint16_t)(address.s6_addr[2 * i] << 8 | address.s6_addr[2 * i + 1]);
    zeros = longest_zeros(piece, &n);
    pictrs_put(out, '[');
    for (int i = 0; i < 8; i++) {
        if (i == zeros) {
            pictrs_put_text(out, i == 0 ? "::" : ":");
            i += n - 1;
            continue;
        }
        snprintf(text, sizeof text, "%x%s", piece[i], i < 7 ? ":" : "");
        pictrs_put_text(out, text);
    }
    pictrs_put(out, ']');
    return true;
}

static bool
is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* "bücher.example" -> "xn--bcher-kva.example" (UTS 46, not transitional). */
static bool
to_ascii(struct pictrs_text *domain)
{
#ifdef INGEST_HAVE_IDN2
    char *ascii = NULL;
    int rc;

    if (domain->n == sizeof domain->p || memchr(domain->p, '\0', domain->n) != NULL)
        return false;
    domain->p[domain->n] = '\0';
    rc = idn2_to_ascii_8z(domain->p, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (rc != IDN2_OK)
        return false;
    pictrs_clear(domain);
    pictrs_put_text(domain, ascii);
    idn2_free(ascii);
    return !domain->full;
#else
    (void)domain;
    return false;
#endif
}

static bool
has_forbidden(struct slice domain)
{
    for (size_t i = 0; i < domain.n; i++) {
        unsigned char c = (unsigned char)domain.p[i];

        if (c <= 0x20 || c >= 0x7f || strchr("#/:<>?@[\\]^|%", c) != NULL)
            return true;
    }
    return false;
}

static bool
put_domain(struct slice host, struct pictrs_text *out)
{
    struct pictrs_text domain;

    pictrs_clear(&domain);
    for (const char *p = host.p, *end = host.p + host.n; p < end; p++) {
        int byte = pictrs_percent(p, end);

        pictrs_put(&domain, byte >= 0 ? (char)byte : *p);
        p += byte >= 0 ? 2 : 0;
    }
    pictrs_repair(&domain);
    if (domain.full || (!is_ascii(pictrs_slice(&domain)) && !to_ascii(&domain)))
        return false;
    for (size_t i = 0; i < domain.n; i++)
        if (domain.p[i] >= 'A' && domain.p[i] <= 'Z')
            domain.p[i] = (char)(domain.p[i] | 0x20);
    if (domain.n == 0 || has_forbidden(pictrs_slice(&domain)))
        return false;
    if (ends_in_number(pictrs_slice(&domain)))
        return put_ipv4(pictrs_slice(&domain), out);
    pictrs_add(out, domain.p, domain.n);
    return true;
}

/* ---- the other parts ---- */

static bool
put_port(struct slice s, unsigned usual, struct pictrs_text *out)
{
    unsigned port = 0;
    char text[8];

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || (port = port * 10 + (unsigned)(s.p[i] - '0')) > 65535)
            return false;
    }
    if (s.n == 0 || port == usual)
        return true;
    snprintf(text, sizeof text, ":%u", port);
    pictrs_put_text(out, text);
    return true;
}

/* USER:PASSWORD@, each of them only if it is not empty. */
static void
put_userinfo(struct slice s, struct pictrs_text *out)
{
    struct slice user = before(s, ":");
    struct slice password = user.n < s.n ? from(s, user.n + 1) : (struct slice){ s.p, 0 };

    put_encoded(out, user, IN_USERINFO);
    if (password.n > 0) {
        pictrs_put(out, ':');
        put_encoded(out, password, IN_USERINFO);
    }
    if (user.n > 0 || password.n > 0)
        pictrs_put(out, '@');
}

static bool
put_authority(struct slice s, unsigned usual_port, struct pictrs_text *out)
{
    const char *at = s.n > 0 ? memrchr(s.p, '@', s.n) : NULL;
    struct slice host;

    if (at != NULL) {
        put_userinfo((struct slice){ s.p, (size_t)(at - s.p) }, out);
        s = from(s, (size_t)(at + 1 - s.p));
    }
    host = before(s, ":");
    if (s.n > 0 && s.p[0] == '[') {
        host = before(s, "]");
        if (host.n == s.n || !put_ipv6(from(host, 1), out))
            return false;
        host.n++;
    } else if (!put_domain(host, out)) {
        return false;
    }
    s = from(s, host.n);
    return s.n == 0 || (s.p[0] == ':' && put_port(from(s, 1), usual_port, out));
}

/* How many dots a segment stands for that is "." or "..", each perhaps as %2e; else 0. */
static int
dots(struct slice segment)
{
    int n = 0;

    while (segment.n > 0) {
        bool encoded = segment.n >= 3 && segment.p[0] == '%' && segment.p[1] == '2' &&
                       (segment.p[2] | 0x20) == 'e';

        if ((!encoded && segment.p[0] != '.') || ++n > 2)
            return 0;
        segment = from(segment, encoded ? 3 : 1);
    }
    return n;
}

/* `s` is empty or begins with a slash of either kind. */
static void
put_path(struct slice s, struct pictrs_text *out)
{
    size_t start = out->n;
    struct slice segment;

    do {
        int n;

        s = s.n > 0 ? from(s, 1) : s;
        segment = before(s, "/\\");
        n = dots(segment);
        if (n == 2)
            while (out->n > start && out->p[--out->n] != '/')
                continue;
        if (n == 0 || segment.n == s.n)
            pictrs_put(out, '/');
        if (n == 0)
            put_encoded(out, segment, IN_PATH);
        s = from(s, segment.n);
    } while (s.n > 0);
}

/* ---- all of it ---- */

/* Without controls and blanks at its ends, and without tabs and line ends anywhere. */
static void
strip(struct slice in, struct pictrs_text *out)
{
    pictrs_clear(out);
    while (in.n > 0 && (unsigned char)in.p[0] <= 0x20)
        in = from(in, 1);
    while (in.n > 0 && (unsigned char)in.p[in.n - 1] <= 0x20)
        in.n--;
    for (size_t i = 0; i < in.n; i++)
        if (in.p[i] != '\t' && in.p[i] != '\n' && in.p[i] != '\r')
            pictrs_put(out, in.p[i]);
}

bool
pictrs_url(struct slice in, struct pictrs_text *out)
{
    struct pictrs_text stripped;
    struct slice s, part;
    bool secure;

    pictrs_clear(out);
    strip(in, &stripped);
    if ((out->full = stripped.full))
        return true;
    s = pictrs_slice(&stripped);
    part = before(s, ":");
    secure = part.n == 5;
    if (part.n == s.n || (part.n != 4 && part.n != 5) || strncasecmp(part.p, "https", part.n) != 0)
        return false;
    pictrs_put_text(out, secure ? "https://" : "http://");
    s = from(s, part.n + 1);
    while (s.n > 0 && (s.p[0] == '/' || s.p[0] == '\\'))
        s = from(s, 1);
    part = before(s, "/\\?#");
    if (!put_authority(part, secure ? 443 : 80, out))
        return false;
    s = from(s, part.n);
    part = before(s, "?#");
    put_path(part, out);
    s = from(s, part.n);
    part = before(s, "#");
    if (part.n > 0) {
        pictrs_put(out, '?');
        put_encoded(out, from(part, 1), IN_QUERY);
    }
    s = from(s, part.n);
    if (s.n > 0) {
        pictrs_put(out, '#');
        put_encoded(out, from(s, 1), IN_FRAGMENT);
    }
    return true;
}
