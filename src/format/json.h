/*
 * A strict scanner for JSON text (RFC 8259) that stands in one line. It walks forward once, checks every byte, copies
 * nothing and keeps no tree: the caller enters the objects and arrays it wants and lets the scanner step over the rest.
 * UTF-8 is not looked at. Text may be read up to 31 bytes past its end (BLOCK_SLACK).
 */
#ifndef INGEST_FORMAT_JSON_H
#define INGEST_FORMAT_JSON_H

#include "ingest/arena.h"
#include "ingest/num.h"
#include "ingest/slice.h"
#include "scan.h"

#define JSON_DEPTH_MAX 64 /* objects and arrays within one another, the outermost included */

enum json_kind {
    JSON_ABSENT, /* never read: what a zeroed value is */
    JSON_STRING,
    JSON_INTEGER, /* a number without fraction and exponent */
    JSON_REAL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_OBJECT,
    JSON_ARRAY,
};

struct json_value {
    enum json_kind kind;
    bool           escaped; /* a string with a backslash in it */
    struct slice   text;    /* as written: a string without its quotes, an object or array with its brackets */
};

struct json {
    const char *at, *end;
};

enum json_step { JSON_NEXT, JSON_END, JSON_BAD };

/* The next byte that is no blank, not stepped over; 0 at the end (no JSON text has a NUL outside of strings). */
static inline char
json_peek(struct json *j)
{
    while (j->at < j->end) {
        if (likely((unsigned char)*j->at > ' '))
            return *j->at;
        if (*j->at != ' ' && *j->at != '\t' && *j->at != '\r' && *j->at != '\n')
            return 0;
        j->at++;
    }
    return 0;
}

/* Steps over `byte` if it is the next one behind blanks. */
static inline bool
json_take(struct json *j, char byte)
{
    if (json_peek(j) != byte)
        return false;
    j->at++;
    return true;
}

/* What follows the backslash at `p`: where the escape ends, or NULL. */
const char *json_escape_end(const char *p, const char *end);

/* Reads the string whose quote is at j->at. */
static inline bool
json_string(struct json *j, struct json_value *v)
{
    const char *from = j->at + 1, *p = from;

    v->kind = JSON_STRING;
    v->escaped = false;
    for (;;) {
        p = scan_string(p, j->end);
        if (unlikely(p >= j->end))
            return false;
        if (likely(*p == '"'))
            break;
        if (*p != '\\')
            return false; /* a raw control byte */
        v->escaped = true;
        p = json_escape_end(p, j->end);
        if (p == NULL)
            return false;
    }
    v->text = (struct slice){ from, (size_t)(p - from) };
    j->at = p + 1;
    return true;
}

/* Reads any value but a string: see json_value. */
bool json_other_value(struct json *j, unsigned depth, struct json_value *v);

/*
 * What most numbers are: up to fifteen digits, and then a byte that is none of a number. False: it is something else, and
 * nothing was read.
 */
static inline bool
json_digits(struct json *j, struct json_value *v)
{
    uint64_t eight, others;
    unsigned n = 0;
    char behind;

    if (j->end - j->at < 16 || *j->at == '0')
        return false;
    memcpy(&eight, j->at, sizeof eight);
    others = num_no_digits(eight);
    if (others == 0) {
        n = 8;
        memcpy(&eight, j->at + n, sizeof eight);
        others = num_no_digits(eight);
        if (others == 0)
            return false;
    }
    n += (unsigned)__builtin_ctzll(others) / 8;
    behind = j->at[n];
    if (n == 0 || behind == '.' || (behind | 0x20) == 'e')
        return false;
    *v = (struct json_value){ .kind = JSON_INTEGER, .text = { j->at, n } };
    j->at += n;
    return true;
}

/* What most other scalars are: null, true and false. False: it is something else, and nothing was read. */
static inline bool
json_word(struct json *j, struct json_value *v)
{
    const char *p = j->at;
    enum json_kind kind;

    if (j->end - p < 5)
        return false;
    if (memcmp(p, "null", 4) == 0)
        kind = JSON_NULL;
    else if (memcmp(p, "true", 4) == 0)
        kind = JSON_TRUE;
    else if (memcmp(p, "false", 5) == 0)
        kind = JSON_FALSE;
    else
        return false;
    *v = (struct json_value){ .kind = kind, .text = { p, kind == JSON_FALSE ? 5 : 4 } };
    j->at += v->text.n;
    return true;
}

/*
 * Reads the next value, whatever it is; what is in an object or array is checked and stepped over. `depth` is how many
 * of them the value stands in. False: no JSON.
 */
static inline __attribute__((always_inline)) bool
json_value(struct json *j, unsigned depth, struct json_value *v)
{
    struct json apart; /* only its address is given away, so that *j can stay in registers */
    bool is_json;

    if (likely(j->at < j->end && *j->at == '"') || json_peek(j) == '"')
        return json_string(j, v);
    if (json_digits(j, v) || json_word(j, v))
        return true;
    apart = *j;
    is_json = json_other_value(&apart, depth, v);
    *j = apart;
    return is_json;
}

/*
 * The next member of the object whose '{' was stepped over; the first time *inside must be false. JSON_NEXT: *key is
 * read and so is the colon, a value must be read next. JSON_END: the '}' was stepped over.
 */
static inline enum json_step
json_member(struct json *j, bool *inside, struct json_value *key)
{
    char c = json_peek(j);

    if (c == '}') {
        j->at++;
        return JSON_END;
    }
    if (*inside) {
        if (c != ',')
            return JSON_BAD;
        j->at++;
        c = json_peek(j);
    }
    *inside = true;
    return c == '"' && json_string(j, key) && json_take(j, ':') ? JSON_NEXT : JSON_BAD;
}

/* The same for the array whose '[' was stepped over. */
static inline enum json_step
json_element(struct json *j, bool *inside)
{
    char c = json_peek(j);

    if (c == ']') {
        j->at++;
        return JSON_END;
    }
    if (*inside) {
        if (c != ',')
            return JSON_BAD;
        j->at++;
        c = json_peek(j);
        if (c == ']')
            return JSON_BAD;
    }
    *inside = true;
    return JSON_NEXT;
}

/*
 * Undoes the escapes of a string's text. `out` has text.n bytes; gives how many were written. A surrogate without its
 * partner is written in the three bytes that it would have in UTF-8, which no UTF-8 check passes, and sets *lone.
 */
size_t json_unescape(struct slice text, char *out, bool *lone);

/* The text of a string, its escapes undone in `buf` if it has any; false if it is no string or too long for that. */
bool json_short_text(const struct json_value *v, char *buf, size_t cap, struct slice *out);

/* Is it this string? `literal` has at most 20 bytes. */
bool json_is(const struct json_value *v, const char *literal);

/* The text of a string; escapes are undone in memory of the arena. False without memory. */
static inline bool
json_text(struct arena *arena, const struct json_value *v, bool *lone, struct slice *out)
{
    char *buf;

    *lone = false;
    *out = v->text;
    if (likely(!v->escaped))
        return true;
    buf = arena_alloc(arena, v->text.n);
    if (buf == NULL)
        return false;
    *out = (struct slice){ buf, json_unescape(v->text, buf, lone) };
    return true;
}

#define JSON_KEY_BYTES 120 /* the longest key that any format wants, each of its bytes written \u00XX, and some */

/* A key as it is meant. One with escapes that is too long for `buf` is none that is wanted. */
static inline struct slice
json_key_text(const struct json_value *key, char buf[JSON_KEY_BYTES])
{
    struct slice text = { "", 0 };

    if (likely(!key->escaped))
        return key->text;
    json_short_text(key, buf, JSON_KEY_BYTES, &text);
    return text;
}

/* An integer literal 0..2^63-1; -0 is 0. False leaves *out alone. */
bool json_u63(const struct json_value *v, int64_t *out);

/* The number v as Python's str() prints it: integers in plain decimal, reals by repr(). `buf` is for the reals. */
#define JSON_PYTHON_BYTES 32
struct slice json_python_number(const struct json_value *v, char buf[JSON_PYTHON_BYTES]);

#endif
