/*
 * The hot path of this room: a route of the usual shape, and a path whose last slashes are known. No `**` in the route, or one
 * in front; the segments are cut off the end of the path, and the rest of it is never looked at. What comes out is what
 * route_match_other makes of them.
 */
#ifndef INGEST_ROUTE_END_H
#define INGEST_ROUTE_END_H

#include "rules_priv.h"
#include "semver.h"

enum match {
    MATCH_NO,
    MATCH_YES,
    MATCH_ELSEWHERE /* the segments reach beyond the slashes that are known */
};

/* Does the text at `p`, as long as the literal, equal it? `end` is that of the path. */
static inline bool
is_literal(const struct segment *seg, const char *p, const char *end)
{
    uint64_t text;

    if (unlikely(seg->mask == 0 || end - p < (ptrdiff_t)sizeof text))
        return same_bytes(p, seg->head.p, seg->head.n);
    memcpy(&text, p, sizeof text);
    return ((text ^ seg->word) & seg->mask) == 0;
}

/* Are the name.n bytes at `p` the name? Both stand in the path, whose end is `end`. */
static inline bool
is_name(const char *p, struct slice name, const char *end)
{
#if defined(__SSE2__)
    if (likely(name.n <= 16 && end - p >= 16 && end - name.p >= 16)) { /* no branch on how long it is */
        __m128i a = _mm_loadu_si128((const void *)p), b = _mm_loadu_si128((const void *)name.p);
        unsigned others = ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));

        return (others & ((1u << name.n) - 1)) == 0;
    }
#endif
    (void)end;
    return same_bytes(p, name.p, name.n);
}

/* {name}-{version} and the like, where the name is known and decides where to cut. */
static inline bool
fits_behind_name(const struct segment *seg, struct slice s, struct slice name, const char *end,
                 struct slice *version)
{
    size_t before = seg->head.n + name.n + seg->sep.n;

    if (s.n <= before + seg->tail.n)
        return false;
    *version = (struct slice){ s.p + before, s.n - before - seg->tail.n };
    return same_bytes(s.p, seg->head.p, seg->head.n) &&
           is_name(s.p + seg->head.n, name, end) &&
           same_bytes(version->p - seg->sep.n, seg->sep.p, seg->sep.n) &&
           same_bytes(version->p + version->n, seg->tail.p, seg->tail.n);
}

/* Any other segment than a literal or a placeholder that is all of it. */
static inline bool
fits(const struct segment *seg, struct slice s, struct slice *name, struct slice *version)
{
    struct route_match m = { .name = *name, .version = *version };

    if (!segment_fits(seg, s, &m))
        return false;
    *name = m.name;
    *version = m.version;
    return true;
}

/* The route is `from_end`, and slashes->base is known. Sets *out on MATCH_YES only. */
static inline __attribute__((always_inline)) enum match
match_from_end(const struct route *route, struct slice path, const struct slashes *slashes,
               struct route_match *out)
{
    const char *const path_end = path.p + path.n, *end = path_end;
    const struct segment *seg = route->segments + route->n_segments, *two = NULL;
    struct slice name = { NULL, 0 }, version = { NULL, 0 }, two_text = { NULL, 0 };
    uint64_t left = slashes->bits;

    while (seg-- > route->segments) {
        unsigned at;
        struct slice text;

        if (left == 0)
            return slashes->all ? MATCH_NO : MATCH_ELSEWHERE;
        at = 63 ^ (unsigned)__builtin_clzll(left);
        left ^= UINT64_C(1) << at;
        text.p = slashes->base + at + 1;
        text.n = (size_t)(end - text.p);
        end = text.p - 1;
        if (seg->fit == FIT_LITERAL) {
            if (text.n != seg->head.n || !is_literal(seg, text.p, path_end))
                return MATCH_NO;
        } else if (seg->fit == FIT_TWO) { /* {version} comes once: at most one segment has two */
            two = seg;
            two_text = text;
        } else if (text.n > 0 && seg->fit == FIT_VERSION) {
            version = text;
        } else if (text.n > 0 && seg->fit == FIT_NAME && name.p == NULL) {
            name = text;
        } else if (!fits(seg, text, &name, &version)) {
            return MATCH_NO;
        }
    }
    if (!route->open_start && (left != 0 || !slashes->all))
        return MATCH_NO;
    if (two != NULL && !(two->first == PIECE_NAME && name.p != NULL
                             ? fits_behind_name(two, two_text, name, path_end, &version)
                             : fits(two, two_text, &name, &version)))
        return MATCH_NO;
    if (route->semver && !semver_is_usual(version, path.p) && !semver_is_strict(version))
        return MATCH_NO;
    *out = (struct route_match){ name, version, route->ecosystem };
    return MATCH_YES;
}

#endif
