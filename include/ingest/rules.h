/*
 * What counts: packs of methods, statuses and user agents; routes, which are URL templates that say which paths are
 * downloads of what; and the fingerprint of all that.
 */
#ifndef INGEST_RULES_H
#define INGEST_RULES_H

#include "ingest/arena.h"
#include "ingest/clock.h"
#include "ingest/err.h"
#include "ingest/hash.h"
#include "ingest/reason.h"
#include "ingest/record.h"
#include "ingest/slice.h"

enum agent_rule {
    AGENT_ANY,
    AGENT_CARGO, /* starts with "cargo" and then '/', ' ', "%2f", "%2F" or "%20"; an absent field (p NULL) counts, "-" does not */
};

struct rule_pack {
    const char     *name, *about;
    const char     *ecosystem;     /* only its routes are tried; NULL: all of the built-in ones */
    bool            any_method;    /* else GET only */
    bool            counts_304;    /* besides 200 */
    bool            counts_206;    /* when the range is known to start at 0 */
    enum agent_rule agent;
};
extern const struct rule_pack rule_packs[];
extern const size_t           n_rule_packs;

struct route; /* a compiled template */

struct rules {
    const struct rule_pack *pack;
    struct route   *routes;        /* the user's first, in order; then the pack's, then the other built-in ones */
    size_t          n_routes;
    int32_t         since, until;  /* half-open days; DAY_NONE: open */
    struct digest   id;            /* XXH3-128 of the canonical text of all of this */
    struct arena    arena;         /* holds the routes */
};

/*
 * `pack_name` NULL means "default". `templates` are --route, borrowed only during the call; their hits belong to the
 * pack's ecosystem, or to "custom" for the default pack. ST_USAGE: no such pack, or a template that is malformed or
 * ambiguous; err->cause shows the template and a caret under the byte, err->hint what to write.
 */
enum st rules_init(struct rules *rules, const char *pack_name, const char *const *templates, size_t n_templates,
                   int32_t since, int32_t until, struct err *err);
void    rules_release(struct rules *rules);

/* The text that rules->id is made of, for people too; allocated, the caller frees it. NULL without memory. */
char *rules_canonical(const struct rules *rules);

struct route_match {
    struct slice name, version; /* version.p NULL: the route has none. They point into the path that was matched */
    const char  *ecosystem;     /* run */
};

/* `path`: percent-decoded, no query, no scheme or host. First match wins. */
bool rules_match(const struct rules *rules, struct slice path, struct route_match *out);

/* Method, status, range, user agent, day against the pack, cheapest first. KEEP or the filter. */
enum reason rules_pick(const struct rules *rules, const struct record *rec);

/* Is `day` in the window of --since and --until? Part of rules_pick; alone for datasets that have no requests to pick. */
static inline bool
rules_has_day(const struct rules *rules, int32_t day)
{
    return (rules->since == DAY_NONE || day >= rules->since) && (rules->until == DAY_NONE || day < rules->until);
}

/*
 * The path as routes want it: scheme, host, query and fragment cut off, percent-decoded up to `decodes` times (a second time
 * only if a '%' is left). '+' stays '+'. A '%' without two hex digits stays as it is. Uses `scratch` (at least path.n bytes) only if
 * something has to be decoded; else the result points into `path`.
 */
struct slice path_clean(struct slice path, unsigned decodes, char *scratch);

#endif
