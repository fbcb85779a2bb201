/*
 * A rule pack: what counts, as data. The packs that come with the program are a table (rules/packs.c), a user's own is
 * read from [rules NAME] of the configuration; docs/RULES.md says the same in words, with the INI key of each field.
 *
 * A pack borrows all its texts and arrays; they live for the run.
 */
#ifndef INGEST_RULE_PACK_H
#define INGEST_RULE_PACK_H

#include "ingest/address.h"
#include "ingest/base.h"
#include "ingest/err.h"

/* ---- partial answers: what is done with a 206 ---- */

enum range_kind {
    RANGE_NEVER,     /* none counts: FILTER_STATUS */
    RANGE_FROM_ZERO, /* counts when it is known to start at byte 0, else FILTER_RANGE */
    RANGE_UNION,     /* counts once its parts together, of one client, object and day, reach `share` of the object */
};
#define SHARE_WHOLE 1000000

struct range_rule {
    enum range_kind kind;
    uint32_t        share; /* RANGE_UNION: millionths of the object, 1..SHARE_WHOLE */
};

/* ---- user agents ---- */

enum agent_class { AGENT_UNKNOWN, AGENT_CLIENT, AGENT_BROWSER, AGENT_ROBOT, AGENT_MIRROR, AGENT_CLASSES_N };
#define AGENT_CLASS_BIT(class) (1u << (class))
#define AGENT_CLASSES_ALL      ((1u << AGENT_CLASSES_N) - 1)
const char *agent_class_name(enum agent_class class); /* "robot" */

struct agent_rule {
    const char *const *prefixes; /* an agent that is there starts with one of these; a line without the field (p NULL) counts */
    size_t      n_prefixes;      /* 0: nobody asks */
    unsigned    classes;         /* which count, by AGENT_CLASS_BIT; AGENT_CLASSES_ALL: nobody asks */
    const char *files[AGENT_CLASSES_N]; /* patterns of each class, besides the built-in ones; NULL: none */
};

/* ---- repeats ---- */

enum window_kind { WINDOW_NONE, WINDOW_SECONDS, WINDOW_DAY };

struct window_rule {
    enum window_kind kind;
    uint32_t         seconds; /* WINDOW_SECONDS: 1..86400 */
};

/* ---- who the client is ---- */

enum client_from {
    CLIENT_FROM_PEER, /* the address that the format has; behind a trusted proxy, X-Forwarded-For's last address that is not one */
    CLIENT_FROM_NONE, /* clients are not counted */
};

struct client_rule {
    enum client_from   from;
    const struct cidr *trusted_proxies; /* their X-Forwarded-For is believed */
    size_t             n_trusted_proxies;
};

/* ---- pict-rs ---- */

/* Operations on images; a server takes those that its `media.filters` lists, and passes over the others. */
enum media_filter { MEDIA_BLUR, MEDIA_CROP, MEDIA_IDENTITY, MEDIA_RESIZE, MEDIA_THUMBNAIL, MEDIA_FILTERS_N };
#define MEDIA_FILTERS_ALL ((1u << MEDIA_FILTERS_N) - 1)
const char *media_filter_name(enum media_filter filter); /* "blur" */

/* ---- the pack ---- */

struct rule_pack {
    const char *name, *about;
    unsigned    version;            /* from 1; its author raises it when the pack counts otherwise than before */
    const char *ecosystem;          /* what its downloads are of; only its routes are tried; NULL: all of the built-in ones */
    const char *const *routes;      /* templates, tried before the built-in routes */
    size_t      n_routes;
    bool        normalise;          /* names as their registry compares them, where it has a rule */

    const char *const *methods;     /* exact; 0 of them: any */
    size_t      n_methods;
    const uint16_t *statuses;       /* 0..999, ascending; never 206, which is the range rule's */
    size_t      n_statuses;
    struct range_rule  range;
    const char *drop_key, *drop_value; /* a line whose field of that name has that value is dropped; value NULL: any but "" and "-" */
    int64_t     min_bytes;          /* less is filtered; 0: nobody asks */
    struct agent_rule  agent;
    struct window_rule window;
    struct client_rule client;
    const char *country_file;       /* MaxMind DB for addresses without a country; NULL: none */
    unsigned    media_filters;      /* that pict-rs takes, by 1u << MEDIA_...; 0: all */
};

extern const struct rule_pack rule_packs[]; /* those that come with the program; the first is `default` */
extern const size_t           n_rule_packs;

/* NULL: no such pack comes with the program. `name` NULL: `default`. */
const struct rule_pack *rule_pack_by_name(const char *name);

/* Inputs that these rules fold must come in one stream, in time order. */
static inline bool
rule_pack_wants_stream(const struct rule_pack *pack)
{
    return pack->window.kind != WINDOW_NONE || pack->range.kind == RANGE_UNION;
}

#endif
