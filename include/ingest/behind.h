/*
 * What stands behind the rows of a day: which payloads of the ledger have something on it, and what else is known of these rows.
 * For `ingest explain --row`. Nothing is written; ask inside one transaction, so that all of it is of one moment.
 */
#ifndef INGEST_BEHIND_H
#define INGEST_BEHIND_H

#include "ingest/ledger.h"

/* A day, or the days of a month, of a dataset (of a node, where it has nodes). */
struct behind_days {
    const char *dataset;
    int32_t     scope;
    int32_t     since, until; /* half-open */
    const char *at_table;     /* schema.table, as the ledger's settings have it */
    const char *name;         /* the first text of the row's key; NULL: it has none */
};

/* Of `payloads`, by id: a row for each payload, state and rules. Times as YYYY-MM-DD HH:MM:SS, UTC. */
enum {
    BEHIND_ID, BEHIND_STATE, BEHIND_RULES_ID, BEHIND_LINES, BEHIND_COUNT, BEHIND_BYTES, BEHIND_FORMAT, BEHIND_SOURCE, BEHIND_COUNTED_AT,
    BEHIND_PARTIAL,
    BEHIND_EXTENDS,     /* NULL: it goes on from none */
    BEHIND_HASH,
    BEHIND_RECOUNTS,    /* of these days, which made it anew */
    BEHIND_RECOUNTED,   /* the last of them; NULL: none */
    BEHIND_RETRACTED,   /* when; NULL: it is not */
    BEHIND_PACK,        /* what its rules are called; NULL: the ledger does not know */
};

/* Of `sightings`, by payload, the latest first, BEHIND_SIGHTINGS of each at most. */
#define BEHIND_SIGHTINGS 3
enum {
    SIGHTING_PAYLOAD, SIGHTING_PATH, /* bytea */
    SIGHTING_HERE,      /* on this host: t, f; NULL: a host without an identity */
    SIGHTING_DEVICE,    /* this to ctime_ns NULL: they prove nothing */
    SIGHTING_INODE, SIGHTING_SIZE /* NULL: standard input */, SIGHTING_MTIME_NS, SIGHTING_CTIME_NS, SIGHTING_SEEN_AT,
    SIGHTING_MORE,      /* how many it has in all */
};

/* Of `epochs`, ascending: client keys that these days have sketches of. */
enum { EPOCH_FROM /* NULL: the first */, EPOCH_KEY_ID, EPOCH_DROPPED_AT /* NULL: it is not */ };

struct behind {
    struct pg_result *payloads, *sightings;
    struct pg_result *epochs;       /* NULL: the ledger is older */
    bool              upper_bound;  /* the clients of the row are one */
    bool              has_opening;  /* on adopted days something stood in the table before */
    int64_t           opening_count, opening_bytes;
};

/* ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY; to be released in either case. Whatever an older ledger, or this role, has no table for is not there. */
enum st behind_read(struct behind *b, struct ledger *l, const struct behind_days *days, struct err *err);
void    behind_release(struct behind *b);

/*
 * Which payloads have these hashes, ids[i] that of hashes[i], 0: the ledger has none; and what they go on from: `chain`, by `at`. Allocated, the caller
 * frees it. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
struct beginning_of {
    size_t  at; /* hashes[at] goes on from */
    int64_t id; /* this payload */
};
enum st behind_chains(struct ledger *l, const struct behind_days *days, const struct digest *hashes, size_t n, int64_t *ids,
                      struct beginning_of **chain, size_t *n_chain, struct err *err);

#endif
