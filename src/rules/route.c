/*
 * Does a path fit a route, and what are its name and version? All routes and all paths; the usual
 * ones are matched by route_end.h.
 *
 * Nothing is tried twice. Anchored groups have one place; a floating group takes the first one
 * where it fits, which is right without going back because template.c refuses a {name} that would
 * tie a floating group to another.
 */
#include "ingest/base.h"
#include "rules_priv.h"

/* ---- segments of a path ---- */

/* What is left of a path, to be cut at each '/'. An empty segment is one, too. */
struct span {
    const char *p, *end;
    bool more; /* false: not even an empty segment is left */
};

static bool
span_of(const struct route *route, struct slice path, struct span *out)
{
    bool absolute = path.n > 0 && path.p[0] == '/';

    if (!absolute && !route->relative)
        return false;
    *out = (struct span){ path.p + absolute, path.p + path.n, path.n > 0 };
    return true;
}

static bool
take_front(struct span *s, struct slice *out)
{
    const char *slash;

    if (!s->more)
        return false;
    slash = memchr(s->p, '/', (size_t)(s->end - s->p));
    s->more = slash != NULL;
    *out = (struct slice){ s->p, (size_t)((slash != NULL ? slash : s->end) - s->p) };
    if (slash != NULL)
        s->p = slash + 1;
    return true;
}

static bool
take_back(struct span *s, struct slice *out)
{
    const char *slash;

    if (!s->more)
        return false;
    slash = memrchr(s->p, '/', (size_t)(s->end - s->p));
    s->more = slash != NULL;
    *out = (struct slice){ slash != NULL ? slash + 1 : s->p, 0 };
    out->n = (size_t)(s->end - out->p);
    if (slash != NULL)
        s->end = slash;
    return true;
}

/* ---- one segment ---- */

/*
 * The '-' where {name}-{version} is cut: the first that is followed by a digit and whose part, up
 * to the next '-', holds a dot; else the last before a digit. So the platform behind a gem's
 * version ("-x86_64-darwin-19") stays with the version, and a digit in a name ("foo-2d") stays with
 * the name. 0: there is none.
 */
static size_t
split_numeric(struct slice s)
{
    size_t last = 0;
    bool numeric = false; /* `last` stands before the part we are in */

    for (size_t i = 1; i + 1 < s.n; i++) {
        if (s.p[i] == '-') {
            numeric = is_digit(s.p[i + 1]);
            if (numeric)
                last = i;
        } else if (s.p[i] == '.' && numeric) {
            return last;
        }
    }
    /* The last byte had no turn: if it is a dot that decides, the '-' of its part is `last`. */
    return last;
}

static size_t
split_first(struct slice s, struct slice sep)
{
    const char *at = memmem(s.p, s.n, sep.p, sep.n);

    return at == NULL ? 0 : (size_t)(at - s.p);
}

static size_t
split_last(struct slice s, struct slice sep)
{
    for (size_t at = s.n - sep.n; at > 0; at--)
        if (at + sep.n < s.n && memcmp(s.p + at, sep.p, sep.n) == 0)
            return at;
    return 0;
}

/* Where the separator of two placeholders stands in `s`, 0 if nowhere. A known {name} decides. */
static size_t
split_at(const struct segment *seg, struct slice s, struct slice name)
{
    size_t at;

    if (s.n < seg->sep.n + 2)
        return 0;
    if (name.p != NULL) {
        if (name.n > s.n - seg->sep.n - 1)
            return 0;
        at = seg->first == PIECE_NAME ? name.n : s.n - name.n - seg->sep.n;
    } else if (seg->split == SPLIT_NUMERIC) {
        at = split_numeric(s);
    } else if (seg->split == SPLIT_FIRST) {
        at = split_first(s, seg->sep);
    } else {
        at = split_last(s, seg->sep);
    }
    if (at == 0 || at + seg->sep.n >= s.n || memcmp(s.p + at, seg->sep.p, seg->sep.n) != 0)
        return 0;
    return at;
}

/* A placeholder takes `s`: at least one byte, and for a {name} that is known, just that. */
static bool
bind(enum piece piece, struct slice s, struct route_match *m)
{
    if (s.n == 0)
        return false;
    if (piece == PIECE_VERSION) {
        m->version = s;
        return true;
    }
    if (m->name.p != NULL)
        return slice_eq(m->name, s);
    m->name = s;
    return true;
}

bool
segment_fits(const struct segment *seg, struct slice s, struct route_match *m)
{
    size_t at;

    if (seg->any)
        return s.n > 0;
    if (seg->first == PIECE_NONE)
        return slice_eq(s, seg->head);
    if (s.n < seg->head.n + seg->tail.n || !slice_starts(s, seg->head) || !slice_ends(s, seg->tail))
        return false;
    s.p += seg->head.n;
    s.n -= seg->head.n + seg->tail.n;
    if (seg->second == PIECE_NONE)
        return bind(seg->first, s, m);
    at = split_at(seg, s, m->name);
    return at > 0 && bind(seg->first, (struct slice){ s.p, at }, m) &&
           bind(seg->second, (struct slice){ s.p + at + seg->sep.n, s.n - at - seg->sep.n }, m);
}

/* ---- the whole ---- */

/* The first place in *left where the group fits; *left and *m are moved on only if there is one. */
static bool
place_floating(const struct route *route, const struct group *g, struct span *left,
               struct route_match *m)
{
    struct slice texts[SEGMENTS_MAX], skipped;
    struct span start = *left;

    do {
        struct span rest = start;
        struct route_match trial = *m;
        size_t i;

        for (i = g->first; i < (size_t)g->first + g->n; i++)
            if (!take_front(&rest, &texts[i]))
                return false;
        for (i = g->first; i < (size_t)g->first + g->n; i++)
            if (!segment_fits(&route->segments[route->order[i]], texts[route->order[i]], &trial))
                break;
        if (i == (size_t)g->first + g->n) {
            *left = rest;
            *m = trial;
            return true;
        }
    } while (take_front(&start, &skipped));
    return false;
}

/* Cuts the anchored groups' segments off the path. Groups *from .. *to - 1 are left to float. */
static bool
take_anchored(const struct route *route, struct span *left, struct slice *texts, size_t *from,
              size_t *to)
{
    *from = 0;
    *to = route->n_groups;
    if (!route->open_end) {
        const struct group *g = &route->groups[--*to];

        for (size_t i = (size_t)g->first + g->n; i > g->first; i--)
            if (!take_back(left, &texts[i - 1]))
                return false;
        if (*to == 0 && !route->open_start)
            return !left->more;
    }
    if (!route->open_start) {
        const struct group *g = &route->groups[(*from)++];

        for (size_t i = 0; i < g->n; i++)
            if (!take_front(left, &texts[i]))
                return false;
    }
    return true;
}

static bool
match_groups(const struct route *route, struct slice path, struct route_match *out)
{
    struct slice texts[SEGMENTS_MAX];
    struct route_match m = { .ecosystem = route->ecosystem };
    struct span left;
    size_t from, to;

    if (!slice_ends(path, route->tail) || !slice_starts(path, route->head) ||
        !span_of(route, path, &left) || !take_anchored(route, &left, texts, &from, &to))
        return false;
    for (size_t i = 0; i < route->n_anchored; i++) {
        size_t k = route->anchored[i];

        if (!segment_fits(&route->segments[k], texts[k], &m))
            return false;
    }
    for (; from < to; from++)
        if (!place_floating(route, &route->groups[from], &left, &m))
            return false;
    if (route->semver && !semver_is_strict(m.version))
        return false;
    *out = m;
    return true;
}

/* Matchers rely on it: they do not look at the end themselves. */
static bool
has_tail(const struct route *route, struct slice path)
{
    for (size_t i = 0; i < route->n_tails; i++)
        if (slice_ends(path, slice_of(route->tails[i])))
            return true;
    return false;
}

bool
route_match_other(const struct route *route, struct slice path, char *room, struct route_match *out)
{
    struct route_match m;

    if (route->matcher == NULL)
        return match_groups(route, path, out);
    m.ecosystem = route->ecosystem;
    if (!has_tail(route, path) || !route->matcher(path, room, &m))
        return false;
    *out = m;
    return true;
}
