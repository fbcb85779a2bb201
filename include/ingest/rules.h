/*
 * What counts, ready to be asked: a pack (rule_pack.h), the routes that go with it, which say which paths are downloads of
 * what, the window of days, and the fingerprint of all that.
 */
#ifndef INGEST_RULES_H
#define INGEST_RULES_H

#include "ingest/agents.h"
#include "ingest/arena.h"
#include "ingest/clock.h"
#include "ingest/country.h"
#include "ingest/err.h"
#include "ingest/hash.h"
#include "ingest/networks.h"
#include "ingest/reason.h"
#include "ingest/record.h"
#include "ingest/rule_pack.h"
#include "ingest/slice.h"

struct route; /* a compiled one */
struct route_index;

struct rules {
    const struct rule_pack *pack;  /* a copy of the struct; its texts are borrowed */
    struct route   *routes;        /* the user's first, in order; then the pack's own, then the built-in ones */
    size_t          n_routes;
    const struct route_index *index; /* which of them end as a path does */
    int32_t         since, until;  /* half-open days; DAY_NONE: open */
    struct slice    method;        /* the only one that counts; p NULL: any, or pack->methods says which */
    bool            asks_more;     /* the pack asks for marks, bytes or user agents as well */
    uint64_t        statuses[16];  /* bit s % 64 of [s / 64]: the pack counts status s; 206 is the range rule's */
    struct agents  *agents;        /* tells classes of user agents apart; NULL: the pack counts them all */
    struct country *countries;     /* of addresses whose log has none; NULL: nobody asks */
    const struct networks *networks; /* temporary ones, told apart by rules_extend; NULL: codes stand as they are */
    struct digest   id;            /* XXH3-128 of the canonical text of all of this */
    struct digest   kind;          /* the same without the days, with nothing mixed in: who counts other days, or reads lines in another
                                      way, counts by the same rules. Whether there are networks, and not which */
    struct arena    arena;         /* holds the routes */
};

/*
 * `pack` NULL is `default`. `templates` are --route, borrowed only during the call; their hits belong to the pack's
 * ecosystem, or to "custom" for a pack of all of them. ST_USAGE: a template that is malformed or ambiguous (err->cause
 * shows it and a caret under the byte, err->hint what to write), or a file as agents_new or country_open has it; ST_MEMORY.
 */
enum st rules_init(struct rules *rules, const struct rule_pack *pack, const char *const *templates, size_t n_templates,
                   int32_t since, int32_t until, struct err *err);
void    rules_release(struct rules *rules);

/* From now on temporary networks are told apart by this list, which is borrowed; its fingerprint goes into the rules'. NULL changes nothing. */
void rules_extend(struct rules *rules, const struct networks *networks);

/* The text that rules->id is made of, for people too; allocated, the caller frees it. NULL without memory. */
char *rules_canonical(const struct rules *rules);

#define ROUTE_ROOM 2048 /* bytes for a name that is no run of the path's own, as Maven's group:artifact; a longer one is no key */

struct route_match {
    struct slice name, version; /* version.p NULL: the route has none. They point into the path that was matched, or into the room */
    const char  *ecosystem;     /* run */
};

/* Where the last slashes of a path stand: found once for all routes that are tried. */
struct slashes {
    const char *base; /* bit i of `bits`: base[i] is one. NULL: they are not known */
    uint64_t    bits;
    bool        all;  /* `base` is where the path begins, at a '/': there are no others */
};

/* `path`: percent-decoded, no query, no scheme or host. First match wins. `room`: ROUTE_ROOM bytes that live as long as *out. */
bool rules_match(const struct rules *rules, struct slice path, char *room, struct route_match *out);
/* The same for a path whose slashes are known, from path_is_plain. */
bool rules_match_at(const struct rules *rules, struct slice path, const struct slashes *slashes, char *room,
                    struct route_match *out);

/* Method, status, range, mark, bytes, user agent, day against the pack, in this order. KEEP or the filter. */
enum reason rules_pick(const struct rules *rules, const struct record *rec);

/* The fields that the rules look at, of those that not all rules do: ASKS_... */
unsigned rules_ask(const struct rules *rules);

/*
 * What rules_pick and then rules_match say of a record, and in `why` the rule that decided, in words for people: "the pack
 * `default` counts method GET, not \"HEAD\"". Bytes of the record in it are as logged: escape before printing. Nothing else of the
 * record's way (keys, ecosystem of the table, windows) is looked at.
 */
enum reason rules_explain(const struct rules *rules, const struct record *rec, char *why, size_t cap);

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

/* What stands behind "scheme://host" (RFC 3986, 3), or all of it: what path_clean does first. Proxies log the whole URL. */
struct slice path_behind_host(struct slice path);

/*
 * Is the path what path_clean would make of it, and are all pieces of it fit to be keys? It starts with '/', and is ASCII
 * without NUL, '%', '?' and '#', at most PATH_PLAIN_MAX bytes: as nearly all paths are. No is no harm, and says nothing of
 * *slashes.
 */
#define PATH_PLAIN_MAX 512
bool path_is_plain(struct slice path, struct slashes *slashes);

#endif
