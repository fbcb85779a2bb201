/*
 * From the path as logged to the path as routes want it.
 */
#include "ingest/base.h"
#include "ingest/num.h"
#include "ingest/rules.h"

/* What stands behind "scheme://host" (RFC 3986, 3), or all of it. Proxies log the whole URL. */
static struct slice
without_host(struct slice s)
{
    size_t at = 0;

    while (at < s.n && ((s.p[at] >= 'a' && s.p[at] <= 'z') || (s.p[at] >= 'A' && s.p[at] <= 'Z') ||
                        (at > 0 && ((s.p[at] >= '0' && s.p[at] <= '9') ||
                                    (s.p[at] == '+' || s.p[at] == '-' || s.p[at] == '.')))))
        at++;
    if (at == 0 || s.n - at < 3 || memcmp(s.p + at, "://", 3) != 0)
        return s;
    at += 3;
    while (at < s.n && s.p[at] != '/' && s.p[at] != '?' && s.p[at] != '#')
        at++;
    return (struct slice){ s.p + at, s.n - at };
}

/* Undoes %XX once; `out` may be where `s` stands, for it never grows. */
static size_t
percent_decode(struct slice s, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && s.n - i > 2) {
            int high = num_hex_digit(s.p[i + 1]), low = num_hex_digit(s.p[i + 2]);

            if (high >= 0 && low >= 0) {
                out[n++] = (char)(high << 4 | low);
                i += 2;
                continue;
            }
        }
        out[n++] = s.p[i];
    }
    return n;
}

/* ---- paths that need nothing done ---- */

#define LANES 16
typedef uint8_t lanes __attribute__((vector_size(LANES)));
#define ALL(byte)                                                                                  \
    ((lanes){ byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte,  \
              byte, byte })

/* All ones in the lanes whose byte is NUL, not ASCII, or one that path_clean acts on. */
static inline lanes
odd_bytes(const char *p)
{
    lanes v;

    memcpy(&v, p, sizeof v);
    return (lanes)(v == ALL('%')) | (lanes)(v == ALL('?')) | (lanes)(v == ALL('#')) |
           (lanes)(v - ALL(1) >= ALL(0x7f));
}

static bool
has_odd_byte(struct slice s)
{
    lanes odd;
    uint64_t half[2];

    if (s.n < LANES) {
        for (size_t i = 0; i < s.n; i++)
            if ((uint8_t)(s.p[i] - 1) >= 0x7f || s.p[i] == '%' || s.p[i] == '?' || s.p[i] == '#')
                return true;
        return false;
    }
    odd = odd_bytes(s.p + s.n - LANES); /* the last ones; those before them in whole steps */
    for (size_t i = 0; i + LANES < s.n; i += LANES)
        odd |= odd_bytes(s.p + i);
    memcpy(half, &odd, sizeof half);
    return (half[0] | half[1]) != 0;
}

bool
path_is_plain(struct slice path)
{
    return path.n > 0 && path.n <= PATH_PLAIN_MAX && path.p[0] == '/' && !has_odd_byte(path);
}

/* ---- all others ---- */

struct slice
path_clean(struct slice path, unsigned decodes, char *scratch)
{
    const char *cut;

    if (path.n == 0)
        return path;
    if (path.p[0] != '/')
        path = without_host(path);
    /* Before decoding: an encoded '?' belongs to the path. */
    if ((cut = memchr(path.p, '?', path.n)) != NULL)
        path.n = (size_t)(cut - path.p);
    if ((cut = memchr(path.p, '#', path.n)) != NULL)
        path.n = (size_t)(cut - path.p);
    for (; decodes > 0 && memchr(path.p, '%', path.n) != NULL; decodes--) {
        path.n = percent_decode(path, scratch);
        path.p = scratch;
    }
    return path;
}
