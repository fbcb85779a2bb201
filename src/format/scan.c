/*
 * The index of separators and line feeds: 64 bytes become two words of bits, and the bits become
 * positions. Storing four positions at once, wanted or not, and stepping by the number of bits
 * avoids a branch that no CPU can guess (Langdale and Lemire, "Parsing Gigabytes of JSON per
 * Second", 2019, section 3.2).
 */
#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static inline void
begin(struct marks *m)
{
    m->n = 0;
    m->n_lines = 0;
    m->mark[0] = UINT32_MAX;
}

/*
 * `all` has a bit for each separator and line feed of the 64 bytes at `base`, `feeds` for the line
 * feeds alone.
 */
static inline __attribute__((always_inline)) void
add_feeds(struct marks *m, uint64_t all, uint64_t feeds)
{
    while (feeds != 0) {
        uint64_t below = (feeds & -feeds) - 1;

        m->line_end[m->n_lines++] =
            (uint32_t)(m->n + 1 + (size_t)__builtin_popcountll(all & below));
        feeds &= feeds - 1;
    }
}

/* Writes the position of the lowest bit, and takes it away. */
static inline __attribute__((always_inline)) void
put_bit(uint32_t *out, uint32_t base, uint64_t *all)
{
    /* Once `all` is 0 what is stored lies behind the last mark and is never read. */
    *out = base + (uint32_t)__builtin_ctzll(*all | UINT64_C(1) << 63);
    *all &= *all - 1;
}

/* Writes the positions of the bits of `all` and gives how many they are. */
static inline __attribute__((always_inline)) size_t
put_word(uint32_t *out, uint32_t base, uint64_t all)
{
    size_t n = (size_t)__builtin_popcountll(all);

    for (size_t done = 0; done < n; done += 4) {
        put_bit(out + done, base, &all);
        put_bit(out + done + 1, base, &all);
        put_bit(out + done + 2, base, &all);
        put_bit(out + done + 3, base, &all);
    }
    return n;
}

static inline __attribute__((always_inline)) void
add_word(struct marks *m, uint32_t base, uint64_t all, uint64_t feeds)
{
    add_feeds(m, all, feeds);
    m->n += put_word(m->mark + 1 + m->n, base, all);
}

/* The bits of a last, short word that belong to the text. */
static inline __attribute__((always_inline)) uint64_t
within(size_t left)
{
    return left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
}

static bool
runs_everywhere(void)
{
    return true;
}

static void
scan_plain(struct marks *m, const char *p, size_t n, char separator)
{
    begin(m);
    for (size_t i = 0; i < n; i++) {
        if (p[i] != separator && p[i] != '\n')
            continue;
        m->mark[++m->n] = (uint32_t)i;
        if (p[i] == '\n')
            m->line_end[m->n_lines++] = (uint32_t)m->n;
    }
}

static void
quotes_plain(struct quotes *q, const char *p, size_t n)
{
    q->n = 0;
    for (size_t i = 0; i < n; i++)
        if (quotes_marks(p[i]))
            q->mark[q->n++] = (uint32_t)i;
}

#if defined(__x86_64__)

#define TARGET_AVX2 __attribute__((target("avx2,bmi,popcnt")))

static bool
runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

TARGET_AVX2 static inline uint64_t
bits_avx2(__m256i low, __m256i high, __m256i want)
{
    uint64_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, want));
    uint64_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, want));

    return a | b << 32;
}

TARGET_AVX2 static void
scan_avx2(struct marks *m, const char *p, size_t n, char separator)
{
    const __m256i want = _mm256_set1_epi8(separator), feed = _mm256_set1_epi8('\n');

    begin(m);
    for (size_t i = 0; i < n; i += 64) {
        __m256i low = _mm256_loadu_si256((const void *)(p + i));
        __m256i high = _mm256_loadu_si256((const void *)(p + i + 32));
        uint64_t ours = within(n - i), feeds = bits_avx2(low, high, feed) & ours;

        add_word(m, (uint32_t)i, (bits_avx2(low, high, want) & ours) | feeds, feeds);
    }
}

/* Where a vector has a quote, a backslash or a control byte. */
TARGET_AVX2 static inline uint64_t
quotes_of_avx2(__m256i v)
{
    const __m256i control = _mm256_set1_epi8(0x1f);
    __m256i quote = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"'));
    __m256i backslash = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\'));
    __m256i below = _mm256_cmpeq_epi8(_mm256_max_epu8(v, control), control);

    return (uint32_t)_mm256_movemask_epi8(
        _mm256_or_si256(_mm256_or_si256(quote, backslash), below));
}

TARGET_AVX2 static void
quotes_avx2(struct quotes *q, const char *p, size_t n)
{
    q->n = 0;
    for (size_t i = 0; i < n; i += 64) {
        __m256i low = _mm256_loadu_si256((const void *)(p + i));
        __m256i high = _mm256_loadu_si256((const void *)(p + i + 32));
        uint64_t all = quotes_of_avx2(low) | quotes_of_avx2(high) << 32;

        q->n += put_word(q->mark + q->n, (uint32_t)i, all & within(n - i));
    }
}

#define TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")))

static bool
runs_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") &&
           runs_avx2();
}

static const uint8_t places[64] __attribute__((aligned(64))) = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
};

/*
 * One instruction brings the positions of a word's bits together, as bytes; sixteen at a time
 * become marks.
 */
TARGET_AVX512 static inline size_t
put_avx512(uint32_t *out, uint32_t base, uint64_t all)
{
    __m512i place = _mm512_load_si512((const void *)places);
    __m512i packed = _mm512_maskz_compress_epi8(all, place), from = _mm512_set1_epi32((int)base);
    size_t n = (size_t)__builtin_popcountll(all);

    _mm512_storeu_si512(
        out, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    for (size_t done = 16; unlikely(done < n); done += 16) {
        packed = _mm512_shuffle_i32x4(packed, packed, 0x39); /* the next 16 bytes come first */
        _mm512_storeu_si512(out + done,
            _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    }
    return n;
}

TARGET_AVX512 static void
scan_avx512(struct marks *m, const char *p, size_t n, char separator)
{
    const __m512i want = _mm512_set1_epi8(separator), feed = _mm512_set1_epi8('\n');

    begin(m);
    for (size_t i = 0; i < n; i += 64) {
        __m512i text = _mm512_loadu_si512((const void *)(p + i));
        uint64_t ours = within(n - i), feeds = _mm512_cmpeq_epi8_mask(text, feed) & ours;
        uint64_t all = (_mm512_cmpeq_epi8_mask(text, want) & ours) | feeds;

        add_feeds(m, all, feeds);
        m->n += put_avx512(m->mark + 1 + m->n, (uint32_t)i, all);
    }
}

TARGET_AVX512 static void
quotes_avx512(struct quotes *q, const char *p, size_t n)
{
    const __m512i quote = _mm512_set1_epi8('"'), backslash = _mm512_set1_epi8('\\');
    const __m512i control = _mm512_set1_epi8(0x1f);

    q->n = 0;
    for (size_t i = 0; i < n; i += 64) {
        __m512i text = _mm512_loadu_si512((const void *)(p + i));
        uint64_t all = _mm512_cmpeq_epi8_mask(text, quote) |
                       _mm512_cmpeq_epi8_mask(text, backslash) |
                       _mm512_cmple_epu8_mask(text, control);

        q->n += put_avx512(q->mark + q->n, (uint32_t)i, all & within(n - i));
    }
}

static inline uint64_t
bits_sse2(const char *p, __m128i want)
{
    uint64_t bits = 0;

    for (int i = 3; i >= 0; i--) {
        __m128i v = _mm_loadu_si128((const void *)(p + 16 * i));

        bits = bits << 16 | (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, want));
    }
    return bits;
}

static void
scan_sse2(struct marks *m, const char *p, size_t n, char separator)
{
    const __m128i want = _mm_set1_epi8(separator), feed = _mm_set1_epi8('\n');

    begin(m);
    for (size_t i = 0; i < n; i += 64) {
        uint64_t ours = within(n - i), feeds = bits_sse2(p + i, feed) & ours;

        add_word(m, (uint32_t)i, (bits_sse2(p + i, want) & ours) | feeds, feeds);
    }
}

/* The quotes, backslashes and control bytes of 64 bytes. */
static inline uint64_t
quotes_of_sse2(const char *p)
{
    const __m128i control = _mm_set1_epi8(0x1f);
    uint64_t bits = 0;

    for (int i = 3; i >= 0; i--) {
        __m128i v = _mm_loadu_si128((const void *)(p + 16 * i));
        __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
        __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
        __m128i below = _mm_cmpeq_epi8(_mm_max_epu8(v, control), control);
        __m128i all = _mm_or_si128(_mm_or_si128(quote, backslash), below);

        bits = bits << 16 | (uint16_t)_mm_movemask_epi8(all);
    }
    return bits;
}

static void
quotes_sse2(struct quotes *q, const char *p, size_t n)
{
    q->n = 0;
    for (size_t i = 0; i < n; i += 64)
        q->n += put_word(q->mark + q->n, (uint32_t)i, quotes_of_sse2(p + i) & within(n - i));
}

#endif

const struct scan_variant scan_variants[] = {
#if defined(__x86_64__)
    { "avx512", runs_avx512, scan_avx512, quotes_avx512 },
    { "avx2", runs_avx2, scan_avx2, quotes_avx2 },
    { "sse2", runs_everywhere, scan_sse2, quotes_sse2 },
#endif
    { "plain", runs_everywhere, scan_plain, quotes_plain },
    { NULL, NULL, NULL, NULL },
};

/* Asking anew each time costs two loads per 4 KiB, and needs no state that threads would share. */
static const struct scan_variant *
best(void)
{
    const struct scan_variant *v = scan_variants;

    while (!v->runs_here())
        v++;
    return v;
}

void
scan_marks(struct marks *m, const char *p, size_t n, char separator)
{
    assert(n <= SCAN_BYTES_MAX);
    best()->scan(m, p, n, separator);
}

void
scan_quotes(struct quotes *q, const char *p, size_t n)
{
    assert(n <= QUOTES_BYTES_MAX);
    best()->quotes(q, p, n);
}
