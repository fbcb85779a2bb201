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

/* Eight bytes of ASCII, none of them NUL: what nearly all keys are made of. */
static inline bool
slice_ascii_word(uint64_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;

    return (((v - ones) | v) & tops) == 0; /* v - ones borrows into a top bit where a byte is 0 */
}

/* Less than eight bytes, and as plain: most codes are at a look what slice_is_text asks for. No says nothing. */
static inline bool
slice_is_short_ascii(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t first, last;

    if (s.n > 7)
        return false;
    if (s.n >= sizeof first) { /* as eight, some of them twice */
        memcpy(&first, p, sizeof first);
        memcpy(&last, p + s.n - sizeof last, sizeof last);
        return slice_ascii_word((uint64_t)last << 32 | first);
    }
    return s.n == 0 || (p[0] - 1u < 0x7f && p[s.n / 2] - 1u < 0x7f && p[s.n - 1] - 1u < 0x7f);
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
