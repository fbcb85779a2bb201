/*
 * From the path as logged to the path as routes want it.
 */
#include "ingest/base.h"
#include "ingest/num.h"
#include "rules_priv.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The first byte of s.p[at..] that ends a host (RFC 3986, 3.2), or s.n. */
static size_t
host_end(struct slice s, size_t at)
{
#if defined(__SSE2__)
    for (; at + 16 <= s.n; at += 16) {
        __m128i v = _mm_loadu_si128((const void *)(s.p + at));
        __m128i ends = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('/')),
                                                 _mm_cmpeq_epi8(v, _mm_set1_epi8('?'))),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8('#')));
        unsigned found = (unsigned)_mm_movemask_epi8(ends);

        if (found != 0)
            return at + (unsigned)__builtin_ctz(found);
    }
#endif
    while (at < s.n && s.p[at] != '/' && s.p[at] != '?' && s.p[at] != '#')
        at++;
    return at;
}

/* Where "scheme://" ends, or 0. */
static size_t
scheme_end(struct slice s)
{
    size_t at = 0;

    if (likely(s.n > 8 && memcmp(s.p, "https://", 8) == 0))
        return 8;
    while (at < s.n && ((s.p[at] >= 'a' && s.p[at] <= 'z') || (s.p[at] >= 'A' && s.p[at] <= 'Z') ||
                        (at > 0 && ((s.p[at] >= '0' && s.p[at] <= '9') ||
                                    (s.p[at] == '+' || s.p[at] == '-' || s.p[at] == '.')))))
        at++;
    return at == 0 || s.n - at < 3 || memcmp(s.p + at, "://", 3) != 0 ? 0 : at + 3;
}

struct slice
path_behind_host(struct slice s)
{
    size_t at = s.n > 0 && s.p[0] == '/' ? 0 : scheme_end(s);

    if (at > 0)
        at = host_end(s, at);
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

#define WINDOW 64 /* bytes at the end of a path, a bit each */
#define VECTOR 16

#if defined(__SSE2__)

/* The slashes of VECTOR bytes, a bit each. Lanes of *odd are set whose byte is NUL, not ASCII, or
 * one that path_clean acts on. */
static inline uint64_t
look_at_vector(const char *p, __m128i *odd)
{
    __m128i v = _mm_loadu_si128((const void *)p);
    __m128i acted_on = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('%')),
                                                 _mm_cmpeq_epi8(v, _mm_set1_epi8('?'))),
                                    _mm_cmpeq_epi8(v, _mm_set1_epi8('#')));

    /* As signed bytes, NUL and what is not ASCII are less than 1. */
    *odd = _mm_or_si128(*odd, _mm_or_si128(acted_on, _mm_cmplt_epi8(v, _mm_set1_epi8(1))));
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('/')));
}

static inline uint64_t
look_at_vectors(const char *p, size_t n, bool *odd)
{
    __m128i lanes = _mm_setzero_si128();
    uint64_t slashes = look_at_vector(p + n - VECTOR, &lanes) << (n - VECTOR);

    for (size_t i = 0; i + VECTOR < n; i += VECTOR)
        slashes |= look_at_vector(p + i, &lanes) << i;
    *odd |= _mm_movemask_epi8(lanes) != 0;
    return slashes;
}

#endif

/* The slashes of the `n` bytes at p, up to WINDOW; *odd is set if one is odd. */
static inline uint64_t
look(const char *p, size_t n, bool *odd)
{
    uint64_t slashes = 0;

#if defined(__SSE2__)
    if (likely(n >= VECTOR))
        return look_at_vectors(p, n, odd);
#endif
    for (size_t i = 0; i < n; i++) {
        *odd |= (uint8_t)(p[i] - 1) >= 0x7f || p[i] == '%' || p[i] == '?' || p[i] == '#';
        slashes |= (uint64_t)(p[i] == '/') << i;
    }
    return slashes;
}

bool
path_is_plain_anywhere(struct slice path, struct slashes *slashes)
{
    size_t n = path.n < WINDOW ? path.n : WINDOW, before = path.n - n;
    bool odd = false;

    if (path.n == 0 || path.n > PATH_PLAIN_MAX || path.p[0] != '/')
        return false;
    for (size_t i = 0; i < before; i += WINDOW) /* the last time, some of the window, too */
        look(path.p + i, WINDOW, &odd);
    *slashes = (struct slashes){ path.p + before, look(path.p + before, n, &odd), before == 0 };
    return !odd;
}

#if defined(__x86_64__)

static inline bool
runs_avx512(void)
{
    return __builtin_cpu_supports("avx512bw");
}

/* The same of 1 to WINDOW bytes: no loop, which would be mispredicted, for no two paths are as
 * long. */
__attribute__((target("avx512bw"))) static bool
is_plain_avx512(struct slice path, struct slashes *slashes)
{
    const __mmask64 ours = UINT64_MAX >> (WINDOW - path.n);
    const __m512i v = _mm512_maskz_loadu_epi8(ours, path.p);
    uint64_t odd = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('%')) |
                   _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('?')) |
                   _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('#')) |
                   (_mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(1)) & ours);

    *slashes = (struct slashes){
        path.p, _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('/')), true
    };
    return odd == 0 && (slashes->bits & 1) != 0;
}

#endif

bool
path_is_plain(struct slice path, struct slashes *slashes)
{
#if defined(__x86_64__)
    if (likely(path.n - 1 < WINDOW && runs_avx512()))
        return is_plain_avx512(path, slashes);
#endif
    return path_is_plain_anywhere(path, slashes);
}

struct slashes
slashes_of(struct slice path)
{
    size_t n = path.n < WINDOW ? path.n : WINDOW, before = path.n - n;
    bool odd = false;

    if (path.n == 0 || path.p[0] != '/')
        return (struct slashes){ .base = NULL };
    return (struct slashes){ path.p + before, look(path.p + before, n, &odd), before == 0 };
}

/* ---- all others ---- */

struct slice
path_clean(struct slice path, unsigned decodes, char *scratch)
{
    const char *cut;

    if (path.n == 0)
        return path;
    path = path_behind_host(path);
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
