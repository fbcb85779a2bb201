/*
 * What the files of this room share: compiled templates, built-in routes, and the small tests on
 * versions and agents.
 */
#ifndef INGEST_RULES_PRIV_H
#define INGEST_RULES_PRIV_H

#include "ingest/base.h"
#include "ingest/rules.h"
#include "semver.h"

#define SEGMENTS_MAX 32 /* of one template; no registry nests half as deep */

/* ---- pieces of text ---- */

static inline bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
slice_ends(struct slice s, struct slice tail)
{
    return s.n >= tail.n && (tail.n == 0 || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

/* memcmp(3) is a call, and most of what is compared here has less than 16 bytes. */
static inline bool
same_bytes(const char *a, const char *b, size_t n)
{
    uint64_t x, y, x_end, y_end; /* the first and the last bytes, which may overlap */
    uint32_t u, v, u_end, v_end;

    if (n > 2 * sizeof x)
        return memcmp(a, b, n) == 0;
    if (n >= sizeof x) {
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        memcpy(&x_end, a + n - sizeof x, sizeof x);
        memcpy(&y_end, b + n - sizeof y, sizeof y);
        return ((x ^ y) | (x_end ^ y_end)) == 0;
    }
    if (n >= sizeof u) {
        memcpy(&u, a, sizeof u);
        memcpy(&v, b, sizeof v);
        memcpy(&u_end, a + n - sizeof u, sizeof u);
        memcpy(&v_end, b + n - sizeof v, sizeof v);
        return ((u ^ v) | (u_end ^ v_end)) == 0;
    }
    return n == 0 || (a[0] == b[0] && a[n - 1] == b[n - 1] && a[n / 2] == b[n / 2]);
}

/* Without its first `n` bytes, which it has. */
static inline struct slice
slice_from(struct slice s, size_t n)
{
    return (struct slice){ s.p + n, s.n - n };
}

/* Cuts the last segment off a path, and the '/' before it. False: nothing is left. */
static inline bool
cut_last(struct slice *path, struct slice *out)
{
    const char *slash;

    if (path->n == 0)
        return false;
    slash = memrchr(path->p, '/', path->n);
    *out = slash == NULL ? *path : slice_from(*path, (size_t)(slash + 1 - path->p));
    path->n = slash == NULL ? 0 : (size_t)(slash - path->p);
    return true;
}

/* ---- a route, compiled (template.c makes it, route.c matches it) ---- */

enum piece { PIECE_NONE, PIECE_NAME, PIECE_VERSION };

/* Where a segment with two placeholders is cut. All cuts leave both sides at least a byte. */
enum split {
    SPLIT_NUMERIC, /* {name}-{version}: where what looks like a version begins, split_numeric() */
    SPLIT_FIRST,   /* at the first separator: names of this ecosystem hold none */
    SPLIT_LAST,    /* at the last separator */
};

/* The segments that are told at a look, from the others. */
enum fit {
    FIT_LITERAL,
    FIT_NAME, /* a placeholder that is all of it, as {name} is */
    FIT_VERSION,
    FIT_TWO, /* two placeholders */
    FIT_ELSE,
};

/*
 * One segment: head first sep second tail. Without placeholders `head` is all of it; with one,
 * `tail` ends it and `second` is PIECE_NONE. The slices point into the template.
 */
struct segment {
    enum fit fit;
    bool any; /* {}: whatever stands there, if anything does */
    enum piece first, second;
    enum split split;
    struct slice head, sep, tail;
    uint64_t word, mask; /* a literal of 1 to 8 bytes, and which bytes of a word those are; mask 0: it is longer */
};

/* Does the segment take `s`? Its placeholders are put into *m; a name that is there must be met. */
bool segment_fits(const struct segment *seg, struct slice s, struct route_match *m);

/* Segments that follow one another without `**` between: they are found together or not at all. */
struct group {
    uint8_t first, n;
};

/* Finds name and version by rules of its own. Sets *m, name not empty, perhaps by way of `room`; or
 * leaves rubbish there. */
typedef bool route_matcher(struct slice path, char *room, struct route_match *m);
/* One of the spellings of a name, in `room`, if it fits. */
typedef struct slice route_normaliser(struct slice name, char *room);

/*
 * `**` cuts a template into groups. A group at an end of the template without `**` stands at that
 * end of the path: it is *anchored*, there is one place to look. Any other *floats*, and takes the
 * first place where it fits.
 *
 *   a/{name}, **, b, **, {version}.tar     anchored: "a/{name}", "{version}.tar"; floating: "b"
 */
struct route {
    struct slice text;        /* the template; run */
    const char *about;        /* the same, for people; run */
    const char *ecosystem;    /* run */
    route_matcher *matcher;   /* NULL: it is a template, and what follows is its compiled form */
    const char *const *tails; /* of a matcher: one of these ends every path that fits */
    size_t n_tails;
    route_normaliser *normaliser; /* NULL: names are as written */
    bool semver;                  /* the version must be strict SemVer 2.0.0 */
    bool relative;                /* starts with `**` itself: the path need not start with '/' */
    bool open_start, open_end;    /* a `**` stands there */
    bool from_end; /* no `**` but perhaps one in front: segments can be cut off the end of a path */
    struct slice head, tail; /* every path that fits starts and ends so: the cheap test */
    struct segment *segments;
    size_t n_segments;
    struct group *groups;
    size_t n_groups;
    /*
     * The order in which segments are compared: those with two placeholders last, so that a {name}
     * that stands alone decides where they are cut. For each floating group in its own places; the
     * anchored ones apart, together.
     */
    uint8_t *order;
    uint8_t *anchored;
    size_t n_anchored;
};

/* `text` must live as long as the route. ST_OK, ST_USAGE, ST_MEMORY. */
enum st route_compile(struct route *route, struct slice text, struct arena *arena, struct err *err);

/* Sets *out, and nothing when false. `room` as for rules_match. Time is linear in the path for a
 * given route. */
bool route_match(const struct route *route, struct slice path, char *room, struct route_match *out);
/* The same for whatever route_end.h leaves. */
bool route_match_other(const struct route *route, struct slice path, char *room,
                       struct route_match *out);

struct slashes slashes_of(struct slice path);

/* path_is_plain without the code for machines that have AVX-512. */
bool path_is_plain_anywhere(struct slice path, struct slashes *slashes);

/* Does route `i` take the path, by itself? What rules_match asks of the routes that the end of the
 * path leaves. */
bool rules_takes(const struct rules *rules, size_t i, struct slice path, char *room,
                 struct route_match *out);

/* rules->index, once the routes are there. ST_OK, ST_MEMORY. */
enum st route_index_make(struct rules *rules, struct err *err);

/* ---- routes that are built in ---- */

struct builtin_route {
    const char *ecosystem,
        *text; /* a template, or what a matcher's paths look like, for people and the fingerprint */
    bool semver;
    bool split_first;  /* else as the template's separator says */
    bool by_name_only; /* only for a pack of this ecosystem, not for one of all */
    route_matcher *matcher;
    route_normaliser *normaliser;
    const char *tails[8]; /* of a matcher */
};
extern const struct builtin_route builtin_routes[];
extern const size_t n_builtin_routes;

route_matcher route_npm, route_pypi, route_debian, route_maven, route_zeco;
route_normaliser normalise_crate, normalise_pypi;

/* ---- small tests ---- */

bool pick_asks_more(const struct rules *rules); /* what rules->asks_more says */

bool pep440_is_version(struct slice s); /* in any of the spellings that PEP 440 lets pass */

#endif
