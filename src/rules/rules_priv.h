/*
 * What the files of this room share: compiled templates, built-in routes, and the small tests on
 * versions and agents.
 */
#ifndef INGEST_RULES_PRIV_H
#define INGEST_RULES_PRIV_H

#include "ingest/base.h"
#include "ingest/rules.h"

#define SEGMENTS_MAX 32 /* of one template; no registry nests half as deep */

/* ---- a route, compiled (template.c makes it, route.c matches it) ---- */

enum piece { PIECE_NONE, PIECE_NAME, PIECE_VERSION };

/* Where a segment with two placeholders is cut. All cuts leave both sides at least a byte. */
enum split {
    SPLIT_NUMERIC, /* {name}-{version}: where what looks like a version begins, split_numeric() */
    SPLIT_FIRST,   /* at the first separator: names of this ecosystem hold none */
    SPLIT_LAST,    /* at the last separator */
};

/*
 * One segment: head first sep second tail. Without placeholders `head` is all of it; with one,
 * `tail` ends it and `second` is PIECE_NONE. The slices point into the template.
 */
struct segment {
    bool         any; /* {}: whatever stands there, if anything does */
    enum piece   first, second;
    enum split   split;
    struct slice head, sep, tail;
};

/* Segments that follow one another without `**` between: they are found together or not at all. */
struct group {
    uint8_t first, n;
};

/*
 * `**` cuts a template into groups. A group at an end of the template without `**` stands at that
 * end of the path: it is *anchored*, there is one place to look. Any other *floats*, and takes the
 * first place where it fits.
 *
 *   a/{name}, **, b, **, {version}.tar     anchored: "a/{name}", "{version}.tar"; floating: "b"
 */
struct route {
    struct slice    text;        /* the template; run */
    const char     *about;       /* the same, for people; run */
    const char     *ecosystem;   /* run */
    bool            semver;      /* the version must be strict SemVer 2.0.0 */
    bool            relative;    /* starts with `**` itself: the path need not start with '/' */
    bool            open_start, open_end; /* a `**` stands there */
    struct slice    head, tail;  /* every path that fits starts and ends so: the cheap test */
    struct segment *segments;
    size_t          n_segments;
    struct group   *groups;
    size_t          n_groups;
    /*
     * The order in which segments are compared: those with two placeholders last, so that a {name}
     * that stands alone decides where they are cut. For each floating group in its own places; the
     * anchored ones apart, together.
     */
    uint8_t        *order;
    uint8_t        *anchored;
    size_t          n_anchored;
};

/* `text` must live as long as the route. ST_OK, ST_USAGE, ST_MEMORY. */
enum st route_compile(struct route *route, struct slice text, struct arena *arena, struct err *err);

/* Sets *out, and nothing when false. `room` as for rules_match. Time is linear in the path for a given route. */
bool route_match(const struct route *route, struct slice path, char *room, struct route_match *out);

/* ---- routes that are built in ---- */

struct builtin_route {
    const char *ecosystem, *text;
    bool        semver;
    bool        split_first; /* else as the template's separator says */
};
extern const struct builtin_route builtin_routes[];
extern const size_t               n_builtin_routes;

/* ---- small tests ---- */

bool semver_is_strict(struct slice s);
const char *agent_class_name(enum agent_class class); /* "robot" */

#endif
