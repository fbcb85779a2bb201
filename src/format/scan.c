/*
 * The index of separators and line feeds: 64 bytes become two words of bits, of which those that
 * are wanted become positions. Storing four positions at once, there or not, and stepping by the
 * number of bits avoids a branch that no CPU can guess (Langdale and Lemire, "Parsing Gigabytes of
 * JSON per Second", 2019, section 3.2). For the same reason each line's words begin with the line:
 * the lines of a log are alike, and so are then their first words, their second ones and so on.
 */
#include "scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

/* ---- separators ---- */

/* The bits of 64 bytes that are separators, and of those that are line feeds and nothing else. */
typedef void bits_fn(const char *p, char separator, uint64_t *separators, uint64_t *feeds);

/* Those of `separators` that are wanted where a line has had `before` before them. */
typedef uint64_t pick_fn(uint64_t wanted, uint32_t before, uint64_t separators);

/* Writes the positions of the bits of `all`, and up to 16 more words; gives how many they are. */
typedef size_t put_fn(uint32_t *out, uint32_t base, uint64_t all);

static inline uint64_t
pick_plain(uint64_t wanted, uint32_t before, uint64_t separators)
{
    uint64_t picked = 0;

    for (; separators != 0; separators &= separators - 1, before++)
        picked |= separators & -separators & -(wanted >> scan_wanted_bit(before) & 1);
    return picked;
}

static inline __attribute__((always_inline)) void
scan_words(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted, bits_fn *bits,
           pick_fn *pick, put_fn *put)
{
    uint32_t *out = m->mark + 1, seen = 0;
    struct marked_line *line = m->line;

    m->mark[0] = UINT32_MAX;
    for (size_t i = 0; i < n;) {
        uint64_t separators, feeds, feed;

        bits(p + i, separator, &separators, &feeds);
        if (unlikely(n - i < 64)) {
            separators &= within(n - i);
            feeds &= within(n - i);
        }
        if (feeds == 0) {
            uint64_t picked = pick(wanted, seen, separators);

            if (picked != 0)
                out += put(out, (uint32_t)i, picked);
            seen += (uint32_t)__builtin_popcountll(separators);
            i += 64;
            continue;
        }
        feed = feeds & -feeds;
        separators &= feed - 1;
        out += put(out, (uint32_t)i, pick(wanted, seen, separators) | feed);
        *line++ = (struct marked_line){
            .last = (uint16_t)(out - m->mark - 1),
            .n_fields = (uint16_t)(seen + (uint32_t)__builtin_popcountll(separators) + 1),
        };
        seen = 0;
        i += (size_t)__builtin_ctzll(feed) + 1;
    }
    m->n = (size_t)(out - m->mark - 1);
    m->n_lines = (size_t)(line - m->line);
    m->n_tail = seen;
}

static void
scan_plain(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted)
{
    uint32_t seen = 0;

    m->n = m->n_lines = 0;
    m->mark[0] = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n') {
            m->mark[++m->n] = (uint32_t)i;
            m->line[m->n_lines++] = (struct marked_line){ (uint16_t)m->n, (uint16_t)(seen + 1) };
            seen = 0;
        } else if (p[i] == separator) {
            if ((wanted >> scan_wanted_bit(seen) & 1) != 0)
                m->mark[++m->n] = (uint32_t)i;
            seen++;
        }
    }
    m->n_tail = seen;
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

#define TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

static bool
runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

/* put_bit for processors that count the zeros of 0 as well: what is stored then is never read. */
TARGET_AVX2 static inline void
put_bit_bmi(uint32_t *out, uint32_t base, uint64_t *all)
{
    *out = base + (uint32_t)_tzcnt_u64(*all);
    *all &= *all - 1;
}

TARGET_AVX2 static inline size_t
put_word_bmi(uint32_t *out, uint32_t base, uint64_t all)
{
    size_t n = (size_t)__builtin_popcountll(all), done = 0;

    do {
        put_bit_bmi(out + done, base, &all);
        put_bit_bmi(out + done + 1, base, &all);
        put_bit_bmi(out + done + 2, base, &all);
        put_bit_bmi(out + done + 3, base, &all);
    } while (unlikely((done += 4) < n));
    return n;
}

TARGET_AVX2 static inline uint64_t
equal_avx2(const char *p, __m256i want)
{
    __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)p), want);
    __m256i high = _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)(p + 32)), want);
    uint64_t bits = (uint32_t)_mm256_movemask_epi8(high);

    return bits << 32 | (uint32_t)_mm256_movemask_epi8(low);
}

TARGET_AVX2 static inline void
bits_avx2(const char *p, char separator, uint64_t *separators, uint64_t *feeds)
{
    *feeds = equal_avx2(p, _mm256_set1_epi8('\n'));
    *separators = equal_avx2(p, _mm256_set1_epi8(separator)) & ~*feeds;
}

/* One instruction deals the bits of what is wanted to the separators, in their order. */
TARGET_AVX2 static inline uint64_t
pick_bmi2(uint64_t wanted, uint32_t before, uint64_t separators)
{
    /* Shifted as a signed number, so that its last bit stays for all that follow. */
    return _pdep_u64((uint64_t)((int64_t)wanted >> scan_wanted_bit(before)), separators);
}

TARGET_AVX2 static void
scan_avx2(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted)
{
    scan_words(m, p, n, separator, wanted, bits_avx2, pick_bmi2, put_word_bmi);
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

        q->n += put_word_bmi(q->mark + q->n, (uint32_t)i, all & within(n - i));
    }
}

#define TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,popcnt")))

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

TARGET_AVX512 static inline void
bits_avx512(const char *p, char separator, uint64_t *separators, uint64_t *feeds)
{
    __m512i text = _mm512_loadu_si512((const void *)p);

    *feeds = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('\n'));
    *separators = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(separator)) & ~*feeds;
}

TARGET_AVX512 static void
scan_avx512(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted)
{
    scan_words(m, p, n, separator, wanted, bits_avx512, pick_bmi2, put_avx512);
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
equal_sse2(const char *p, __m128i want)
{
    uint64_t bits = 0;

    for (int i = 3; i >= 0; i--) {
        __m128i v = _mm_loadu_si128((const void *)(p + 16 * i));

        bits = bits << 16 | (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, want));
    }
    return bits;
}

static inline void
bits_sse2(const char *p, char separator, uint64_t *separators, uint64_t *feeds)
{
    *feeds = equal_sse2(p, _mm_set1_epi8('\n'));
    *separators = equal_sse2(p, _mm_set1_epi8(separator)) & ~*feeds;
}

static void
scan_sse2(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted)
{
    scan_words(m, p, n, separator, wanted, bits_sse2, pick_plain, put_word);
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
scan_marks(struct marks *m, const char *p, size_t n, char separator, uint64_t wanted)
{
    assert(n <= SCAN_BYTES_MAX);
    best()->scan(m, p, n, separator, wanted);
}

void
scan_quotes(struct quotes *q, const char *p, size_t n)
{
    assert(n <= QUOTES_BYTES_MAX);
    best()->quotes(q, p, n);
}
