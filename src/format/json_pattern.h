/*
 * Lines of a JSON log come from one program. Mostly they differ in their values alone, and whatever stands between two values, an
 * object that begins or ends included, is byte for byte what stood there in the line before: the *literals*. A pattern
 * remembers them. Of a line that fits only the ends of its values are looked for.
 *
 *     {"a":1,"b":{"c":"x"},"d":"y"}
 *     ^^^^^ 1 ^^^^^^^^^^^^ x ^^^^^^ y ^        literals and values; the last literal goes to the end of the line
 *
 * Nothing becomes less strict. A line that fits has the literals of one that was read member by member, strings without
 * quotes, backslashes and control bytes, and plain numbers where that one had strings and plain numbers; so it is JSON as that
 * one is, and its members are the same. Any other line goes the general way.
 */
#ifndef INGEST_FORMAT_JSON_PATTERN_H
#define INGEST_FORMAT_JSON_PATTERN_H

#include "json.h"
#include "scan.h"

#define PATTERN_VALUES  24
#define PATTERN_LITERAL 32 /* bytes; a line with a longer literal has no pattern */

struct pattern_value {
    uint32_t n_literal, mask; /* of the literal in front of it; a bit for each of its bytes */
    char     literal[PATTERN_LITERAL];
    uint16_t name;
    bool     is_string;
    uint32_t n_usual;         /* bytes of the string that was here in the line before */
};

/* Zeroed memory is no pattern. */
struct json_pattern {
    size_t n_values; /* 0: none is known */
    size_t first;    /* bytes in front of the first quote */
    uint32_t n_head; /* bytes of the line before in front of that quote */
    struct pattern_value values[PATTERN_VALUES + 1]; /* behind the last one, the literal that ends the line */
};

/*
 * What the member `key` of the object that is named `outer` is called, 0 where nobody asks for it. The line itself is 0, too. With
 * PATTERN_OBJECT it is one whose members are asked for; any other that has a name must be no object, or there is no pattern.
 */
#define PATTERN_OBJECT 64u
typedef unsigned pattern_namer(const void *ctx, unsigned outer, struct slice key);

/*
 * The pattern of an object that is all of `line`, and good JSON. None where a key that has a name (up to 63) comes twice, or
 * where there is something else than objects, strings without escapes, and numbers of one to seven digits.
 */
void json_pattern_learn(struct json_pattern *t, struct slice line, pattern_namer *name, const void *ctx);

/* Do the PATTERN_LITERAL bytes at `p` begin with the literal? */
static inline bool
pattern_literal_is_at(const struct pattern_value *value, const char *p)
{
#if defined(__SSE2__)
    __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)p),
                                 _mm_loadu_si128((const void *)value->literal));
    __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(p + 16)),
                                  _mm_loadu_si128((const void *)(value->literal + 16)));
    uint32_t equal = (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;

    return (~equal & value->mask) == 0;
#else
    return memcmp(p, value->literal, value->n_literal) == 0;
#endif
}

/*
 * How many bytes there are from `p`, at most `end`, to a quote, a backslash or a control byte, or to `end`. Mostly as many as in the line
 * before: then it is that number which is given, not the one that is counted, so that the processor goes on behind the text while it
 * still looks for its end.
 */
static inline size_t
pattern_run(const char *p, const char *end, uint32_t *usual)
{
    size_t n = (size_t)(scan_string(p, end) - p), guess = *usual, taken = guess;

    __asm__("" : "+r"(taken)); /* the compiler must not see that it is n */
    if (likely(guess == n))
        return taken;
    *usual = (uint32_t)n;
    return n;
}

/* How many digits stand at `p`, up to 8; 8 bytes may be read. */
static inline unsigned
pattern_digits(const char *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v, others;

    memcpy(&v, p, sizeof v);
    v ^= UINT64_C(0x3030303030303030);
    others = ((v + UINT64_C(0x7676767676767676)) | v) & UINT64_C(0x8080808080808080);
    return others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
#else
    unsigned n = 0;

    while (n < 8 && (unsigned char)(p[n] - '0') <= 9)
        n++;
    return n;
#endif
}

/*
 * Reads the object that begins at `at`, all of the rest of a line in front of `end`, into v[] by the names of its members; v[0] is for all
 * that have none. Others keep what they had. BLOCK_SLACK bytes behind `end` may be read. Gives the line behind it; NULL: it does not fit.
 */
static inline const char *
json_pattern_read(struct json_pattern *t, const char *at, const char *end, struct json_value *v)
{
    struct pattern_value *value = t->values, *last = value + t->n_values;

    for (; value < last && at < end && pattern_literal_is_at(value, at); value++) {
        struct json_value *out = &v[value->name];
        const char *from = at + value->n_literal;

        if (from >= end)
            return NULL;
        if (value->is_string) {
            size_t n = pattern_run(from + 1, end, &value->n_usual);

            at = from + 1 + n;
            if (*from != '"' || *at != '"')
                return NULL;
            *out = (struct json_value){ .kind = JSON_STRING, .text = { from + 1, n } };
            at++;
        } else {
            unsigned n = pattern_digits(from);

            if (n - 1 > 6 || *from == '0')
                return NULL;
            *out = (struct json_value){ .kind = JSON_INTEGER, .text = { from, n } };
            at = from + n;
        }
    }
    if (value < last || at >= end || !pattern_literal_is_at(last, at))
        return NULL;
    at += last->n_literal;
    return at < end && *at == '\n' ? at + 1 : NULL;
}

#endif
