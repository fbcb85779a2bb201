/*
 * EIDA's own table of payloads, beside its statistics: what was sent, by which node, of which days. EIDA's web service refuses a payload
 * whose hash stands there; so one that was sent to it is not counted here, and one that was counted here is refused there.
 *
 *   live (the web service's migrations)   UNIQUE (hash)            first_stat_at, last_stat_at
 *   ours                                  UNIQUE (node_id, hash)   starts_at, ends_at
 */
#ifndef INGEST_SENT_H
#define INGEST_SENT_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/ledger.h"
#include "ingest/pg.h"

struct sent_table {
    bool there;
    char schema[64];
    bool hash_alone; /* a hash belongs to one node, whichever sent it first */
    bool has_version, has_generated, has_starts, has_stats, has_coverage; /* columns; has_stats: first_stat_at and last_stat_at */
};

/*
 * Looks for `payloads` in the schema of the statistics; out->there false: it has none with node_id and hash. ST_DB when the role lacks a
 * right that a run needs which may write (err->hint: the GRANT); ST_DB_RETRY.
 */
enum st sent_look(struct pg *pg, const char *schema, bool replaces, struct sent_table *out, struct err *err);

/* What a payload is called there: of a payload of EIDA's aggregator the hash that the web service makes, else the first 64 bits of ours. */
int64_t sent_hash(const struct payload *p);

enum sent_word { SENT_NEW, SENT_BEFORE, SENT_BY_OTHER };
struct sent {
    enum sent_word word;
    char           node[64]; /* of SENT_BY_OTHER: whose it is, cut */
};
/* Are these payloads of the node there? SENT_BY_OTHER only where a hash belongs to one node. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st sent_ask(struct pg *pg, const struct sent_table *t, int32_t node, const int64_t *hashes, size_t n, struct sent *out, struct err *err);

/*
 * Inside the batch's transaction: writes the payloads down. Their days are those that a payload of EIDA's aggregator names, and
 * begin and end those of these days; else the days of which something counts, and the first and last event that does. `again`: one of this node that is there is made to say the same.
 * *lost: another run has just written one of them; nothing of this transaction may stay.
 */
enum st sent_write(struct pg *pg, const struct sent_table *t, int32_t node, struct payload *const *payloads, size_t n, bool again,
                   bool *lost, struct err *err);

#endif
