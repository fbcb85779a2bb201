/*
 * Finding delimiters. Two kinds: an index of every separator and line feed of a run of lines, made in one pass by
 * vector code that is chosen at run time; and small inline searches for the next byte, which are worth a vector or two
 * because a field is rarely longer. All of them may read up to 63 bytes past the end they are given (BLOCK_SLACK).
 */
#ifndef INGEST_FORMAT_SCAN_H
#define INGEST_FORMAT_SCAN_H

#include "ingest/base.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* ---- the index of a run of lines ---- */

#define SCAN_BYTES_MAX (16 * KIB) /* of one index: the text and its marks stay in the first-level cache */
static_assert(SCAN_BYTES_MAX < UINT16_MAX, "marks and fields are counted in 16 bits");

/*
 * Where a text has line feeds, and the separators that are wanted, ascending. mark[0] is the byte before the text (so -1,
 * wrapped). A field whose two ends are marked begins at mark[i] + 1 and ends at mark[i + 1].
 *
 *     text   a \t b \t c \n d \n        mark    -1  3  5  7        wanted 2: of each line the second separator
 *            0  1 2  3 4  5 6  7        line         {2, 3} {3, 1}
 */
struct marks {
    size_t   n;       /* marks after mark[0] */
    size_t   n_lines; /* line feeds among them */
    uint32_t n_tail;  /* separators behind the last line feed */
    struct marked_line {
        uint16_t last;     /* the mark of its line feed */
        uint16_t n_fields; /* one more than it has separators, wanted or not */
    } line[SCAN_BYTES_MAX + 2];
    uint32_t mark[1 + SCAN_BYTES_MAX + 64]; /* vector code stores past the last one */
};

/* A line's separator that has `before` others before it in that line is wanted if this bit of `wanted` is set. */
static inline uint32_t
scan_wanted_bit(uint32_t before)
{
    return before < 63 ? before : 63; /* the last bit is for all the rest */
}

/* Indexes p[0..n), n at most SCAN_BYTES_MAX, with the best code that this machine runs. */
void scan_marks(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted);

/* ---- the index of lines with fields in quotes ---- */

#define QUOTES_BYTES_MAX (4 * KIB)

/*
 * What an index of quotes marks: a quote, a backslash, or a control byte (below 0x20, line feeds among them). Vector code
 * says the same in its own words, which a test holds to these.
 */
static inline bool
quotes_marks(char c)
{
    return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

/* Where these bytes of a text stand, ascending. */
struct quotes {
    size_t   n;
    uint32_t mark[QUOTES_BYTES_MAX + 64]; /* vector code stores past the last one */
};

/* Indexes p[0..n), n at most QUOTES_BYTES_MAX. */
void scan_quotes(struct quotes *q, const char *p, size_t n);

/* What both choose from, best first; a test holds them all equal. */
struct scan_variant {
    const char *name;
    bool (*runs_here)(void);
    void (*scan)(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted);
    void (*quotes)(struct quotes *q, const char *p, size_t n);
};
extern const struct scan_variant scan_variants[]; /* `name` NULL at the end */

/* ---- the next byte ---- */

/* The first `byte` in p .. end, or end. */
static inline const char *
scan_byte_plain(const char *p, const char *end, char byte)
{
    while (p < end && *p != byte)
        p++;
    return p;
}

/* The first `a` or `b` in p .. end, or end. */
static inline const char *
scan_either_plain(const char *p, const char *end, char a, char b)
{
    while (p < end && *p != a && *p != b)
        p++;
    return p;
}

/* The first byte that may not stand in a JSON string as it is (the same that quotes_marks has), or end. */
static inline const char *
scan_string_plain(const char *p, const char *end)
{
    while (p < end && !quotes_marks(*p))
        p++;
    return p;
}

#if defined(__SSE2__)

/* Where the first set bit of a vector's mask points, if that is before the end. */
static inline const char *
scan_hit(const char *p, const char *end, unsigned mask)
{
    p += __builtin_ctz(mask);
    return p < end ? p : end;
}

static inline const char *
scan_byte(const char *p, const char *end, char byte)
{
    const __m128i want = _mm_set1_epi8(byte);

    for (; p < end; p += 16) {
        __m128i v = _mm_loadu_si128((const void *)p);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, want));

        if (mask != 0)
            return scan_hit(p, end, mask);
    }
    return end;
}

static inline const char *
scan_either(const char *p, const char *end, char a, char b)
{
    const __m128i want_a = _mm_set1_epi8(a), want_b = _mm_set1_epi8(b);

    for (; p < end; p += 16) {
        __m128i v = _mm_loadu_si128((const void *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, want_a), _mm_cmpeq_epi8(v, want_b));
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);

        if (mask != 0)
            return scan_hit(p, end, mask);
    }
    return end;
}

static inline const char *
scan_string(const char *p, const char *end)
{
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);

    for (; p < end; p += 16) {
        __m128i v = _mm_loadu_si128((const void *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
        unsigned mask;

        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v)); /* v <= 0x1f */
        mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask != 0)
            return scan_hit(p, end, mask);
    }
    return end;
}

#else

#define scan_byte   scan_byte_plain
#define scan_either scan_either_plain
#define scan_string scan_string_plain

#endif
#endif
