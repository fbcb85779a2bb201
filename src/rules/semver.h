/*
 * Versions by Semantic Versioning 2.0.0: the usual ones at a look, all others byte by byte.
 */
#ifndef INGEST_RULES_SEMVER_H
#define INGEST_RULES_SEMVER_H

#include "ingest/base.h"
#include "ingest/slice.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

bool semver_is_strict(struct slice s); /* SemVer 2.0.0, without a leading v */

#if defined(__SSE2__)

/* Which of 16 bytes are at least `from` and at most `from` + `more`, a bit each. */
static inline unsigned
bytes_in(__m128i bytes, char from, char more)
{
    __m128i beyond = _mm_sub_epi8(bytes, _mm_set1_epi8(from));

    return (unsigned)_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_min_epu8(beyond, _mm_set1_epi8(more)), beyond));
}

static inline unsigned
bytes_of(__m128i bytes, char which)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(which)));
}

#endif

/*
 * Is it a version of at most 16 bytes, without a build? All of `s` at once, a bit for each byte. All bytes from `from` to
 * its end can be read. False says nothing (of "1.0.0-01a", for one): ask semver_is_strict.
 */
static inline bool
semver_is_usual(struct slice s, const char *from)
{
#if defined(__SSE2__)
    __m128i bytes;
    unsigned before, all, digits, letters, zeros, dots, dashes, dash, core, rest, two, starts;

    if (s.n < 5 || s.n > 16 || s.p + s.n - from < 16)
        return false;
    bytes = _mm_loadu_si128((const void *)(s.p + s.n - 16));
    before = 16 - (unsigned)s.n;
    all = (1u << s.n) - 1;
    digits = bytes_in(bytes, '0', 9) >> before;
    dots = bytes_of(bytes, '.') >> before;
    dashes = bytes_of(bytes, '-') >> before;
    dash = dashes & (0 - dashes); /* the first one begins the prerelease */
    core = (dash - 1) & all;
    rest = all & ~core & ~dash;
    two = dots & core & ((dots & core) - 1); /* without the first dot */
    starts = 1 | dots << 1 | dash << 1;      /* of numbers and IDs; behind the end if one is empty there */
    letters = bytes_in(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25) >> before;
    zeros = bytes_of(bytes, '0') >> before; /* none of which may begin more digits */
    /* One branch: whether there is a prerelease differs from line to line. */
    return two != 0 && ((two & (two - 1)) | (core & ~(digits | dots)) |
                        (rest & ~(digits | letters | dots | dashes)) |
                        (starts & (dots | dash | ~all)) | (zeros & starts & digits >> 1)) == 0;
#else
    (void)s;
    (void)from;
    return false;
#endif
}

#endif
