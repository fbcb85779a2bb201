/*
 * A borrowed run of bytes: never owns, need not end in NUL. `p == NULL` means "not there", which differs from empty.
 */
#ifndef INGEST_SLICE_H
#define INGEST_SLICE_H

#include "ingest/base.h"

struct slice {
    const char *p;
    size_t      n;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

static inline struct slice
slice_of(const char *text)
{
    return (struct slice){ text, strlen(text) };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Does `s` hold exactly this text? The literal's length is known to the compiler. */
#define slice_is(s, literal) \
    ((s).n == sizeof(literal) - 1 && memcmp((s).p, (literal), sizeof(literal) - 1) == 0)

static inline bool
slice_starts(struct slice s, struct slice head)
{
    return s.n >= head.n && (head.n == 0 || memcmp(s.p, head.p, head.n) == 0);
}

/* Cuts `head` off where *s begins with it; false: it does not. */
static inline bool
slice_cut_head(struct slice *s, struct slice head)
{
    if (!slice_starts(*s, head))
        return false;
    s->p += head.n;
    s->n -= head.n;
    return true;
}

/* What stands behind the last '/', or all of it. */
static inline struct slice
slice_last_part(struct slice path)
{
    const char *slash = path.n == 0 ? NULL : memrchr(path.p, '/', path.n);

    return slash == NULL ? path : (struct slice){ slash + 1, path.n - (size_t)(slash + 1 - path.p) };
}

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF) without NUL: what PostgreSQL's text takes. */
bool slice_is_text(struct slice s);

/* The number of code points of valid UTF-8. */
size_t slice_chars(struct slice s);

/* Bytes of the character that `s` (not empty) begins with, NUL among them, and its code point; 0: what is there is no UTF-8. */
size_t slice_character(struct slice s, uint32_t *code_point);

/*
 * May it be shown as it is? Not what moves a terminal's cursor, or hides or reorders the text around it: C0, DEL, C1, line separators,
 * what Unicode 15 calls Bidi_Control, characters without width, tags.
 */
bool character_is_harmless(uint32_t code_point);

#endif
