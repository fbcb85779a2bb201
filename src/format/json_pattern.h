/*
 * Lines of a JSON log come from one program. Mostly they differ in their values alone, and whatever stands between two values, an
 * object that begins or ends included, is byte for byte what stood there in the line before: the *literals*. A pattern
 * remembers them. With an index of quotes (quote_index.h) the place of each value is then known without looking for it,
 * so that the values of a line are read beside one another and not one after the other.
 *
 *     {"a":1,"b":{"c":"x"},"d":"y"}
 *     ^^^^^ 1 ^^^^^^^^^^^^ x ^^^^^^ y ^        literals and values; the last literal is the tail
 *
 * Nothing becomes less strict. A line that fits has the literals of one that was read member by member, strings without
 * quotes, backslashes and control bytes, and plain numbers where that one had strings and plain numbers; so it is JSON as that
 * one is, and its members are the same. Any other line goes the general way.
 */
#ifndef INGEST_FORMAT_JSON_PATTERN_H
#define INGEST_FORMAT_JSON_PATTERN_H

#include "json.h"
#include "quote_index.h"

#define PATTERN_VALUES  24
#define PATTERN_LITERAL 32 /* bytes; a line with a longer literal has no pattern */

struct pattern_value {
    uint32_t n_literal, mask; /* of the literal in front of it; a bit for each of its bytes */
    char     literal[PATTERN_LITERAL];
    uint16_t name;
    uint16_t mark;            /* of the line's marks: the quote that opens a string; of a number the first one behind it */
    uint16_t behind;          /* bytes from the end of a number to that mark */
    bool     is_string;
};

/* Zeroed memory is no pattern. */
struct json_pattern {
    size_t   n_values; /* 0: none is known */
    size_t   n_marks;  /* of a line, its line feed included */
    size_t   first;    /* bytes in front of its first mark */
    size_t   n_tail;
    char     tail[PATTERN_LITERAL];
    struct pattern_value values[PATTERN_VALUES];
};

/* What the member `key` of the object that is named `outer` is called, 0 where nobody asks for it. The line itself is 0, too. */
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
 * Reads the object whose marks begin at q->at, t->n_marks of which are at hand, into v[] by the names of its members; v[0] is
 * for all that have none. Others keep what they had. The object begins at *begin and ends in front of the line feed at *feed. False: it
 * does not fit.
 */
static inline bool
json_pattern_read(const struct json_pattern *t, const struct quote_index *q, struct json_value *v, const char **begin,
                  const char **feed)
{
    const uint32_t *mark = q->quotes.mark + q->at;
    const char *at = q->text + mark[0] - t->first;

    if (mark[0] < t->first)
        return false;
    *begin = at;
    *feed = q->text + mark[t->n_marks - 1];
    for (const struct pattern_value *value = t->values; value < t->values + t->n_values; value++) {
        struct json_value *out = &v[value->name];
        const char *from = at + value->n_literal, *to = q->text + mark[value->mark];

        if (!pattern_literal_is_at(value, at))
            return false;
        if (value->is_string) {
            if (to != from || *to != '"')
                return false;
            to = q->text + mark[value->mark + 1];
            if (*to != '"')
                return false;
            *out = (struct json_value){ .kind = JSON_STRING, .text = { from + 1, (size_t)(to - from) - 1 } };
            at = to + 1;
        } else {
            uint32_t few;

            at = to - value->behind;
            if (at <= from || at - from > 7 || *from == '0' || !num_eight(from, (size_t)(at - from), &few))
                return false;
            *out = (struct json_value){ .kind = JSON_INTEGER, .text = { from, (size_t)(at - from) } };
        }
    }
    return *feed - at == (ptrdiff_t)t->n_tail && **feed == '\n' && memcmp(at, t->tail, t->n_tail) == 0;
}

#endif
