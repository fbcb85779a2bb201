/*
 * Walking along one line, and reading its fields: what every text format is made of. A cursor stands inside a block,
 * so that looking a few bytes past its end is allowed (BLOCK_SLACK); what it takes are slices of the line, in place.
 */
#ifndef INGEST_FORMAT_CURSOR_H
#define INGEST_FORMAT_CURSOR_H

#include "ingest/num.h"
#include "ingest/slice.h"
#include "scan.h"

struct cursor {
    const char *at, *end;
};

static inline struct cursor
cursor_at(struct slice line)
{
    return (struct cursor){ line.p, line.p + line.n };
}

static inline bool
cursor_done(const struct cursor *c)
{
    return c->at >= c->end;
}

/* Steps over `byte` if it is next. */
static inline bool
take_byte(struct cursor *c, char byte)
{
    if (c->at >= c->end || *c->at != byte)
        return false;
    c->at++;
    return true;
}

/* What stands before the next `byte`, which is stepped over too. False without one; then nothing is taken. */
static inline bool
take_until(struct cursor *c, char byte, struct slice *out)
{
    const char *hit = scan_byte(c->at, c->end, byte);

    if (hit == c->end)
        return false;
    *out = (struct slice){ c->at, (size_t)(hit - c->at) };
    c->at = hit + 1;
    return true;
}

/* The same up to `byte` or the end, whichever comes first; `byte` itself stays. */
static inline struct slice
take_word(struct cursor *c, char byte)
{
    const char *hit = scan_byte(c->at, c->end, byte);
    struct slice word = { c->at, (size_t)(hit - c->at) };

    c->at = hit;
    return word;
}

/*
 * A field in double quotes, which both are stepped over; a backslash keeps the byte behind it from ending the field.
 * *escaped says whether there is a backslash in it: as written it stays.
 */
static inline bool
take_quoted(struct cursor *c, struct slice *out, bool *escaped)
{
    const char *from = c->at + 1, *p = from;

    if (!take_byte(c, '"'))
        return false;
    *escaped = false;
    for (;;) {
        p = scan_either(p, c->end, '"', '\\');
        if (p >= c->end)
            return false;
        if (*p == '"')
            break;
        *escaped = true;
        p += 2;
        if (p > c->end)
            return false;
    }
    *out = (struct slice){ from, (size_t)(p - from) };
    c->at = p + 1;
    return true;
}

/* ---- fields ---- */

static inline bool
field_is_dash(struct slice s)
{
    return s.n == 1 && s.p[0] == '-';
}

/* Three digits; "-" is status 0. */
static inline bool
field_status(struct slice s, uint16_t *out)
{
    if (unlikely(field_is_dash(s))) {
        *out = 0;
        return true;
    }
    return num_status(s, out);
}

/* A byte count; "-" is 0. Up to 18 digits cannot overflow, so the check of num_u63 is for the others. */
static inline bool
field_bytes(struct slice s, int64_t *out)
{
    int64_t v = 0;

    if (unlikely(field_is_dash(s))) {
        *out = 0;
        return true;
    }
    if (unlikely(s.n == 0 || s.n > 18))
        return num_u63(s, out);
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned char)s.p[i] - '0';

        if (digit > 9)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

/* The same for a slice of a block, of which 8 bytes may be read: nearly all counts have no more. */
static inline bool
field_bytes_here(struct slice s, int64_t *out)
{
    uint32_t few;

    if (unlikely(!num_eight(s.p, s.n, &few)))
        return field_bytes(s, out);
    *out = few;
    return true;
}

#endif
