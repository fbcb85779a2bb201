/*
 * How things stand: what the ledger holds, for `ingest status`. Read in one snapshot; nothing is written.
 */
#ifndef INGEST_STANDING_H
#define INGEST_STANDING_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

/* The rows of each question, for pg_text and pg_int. NULL: the ledger is older, and has no such table. */
struct standing {
    /* by dataset: dataset, payloads, lines, counted, first day, last day, last counted at (UTC). Days are NULL where there are none */
    struct pg_result *payloads;
    struct pg_result *refused;    /* one row: open, accepted */
    struct pg_result *unresolved; /* by dataset: dataset, waiting hits, their paths, their oldest day (NULL: none waits), healed hits */
    /* of what waits, the paths of most hits, at most STANDING_EXAMPLES a dataset: dataset, path, hits, first day, last day */
    struct pg_result *examples;
};
#define STANDING_EXAMPLES 20

/* ST_OK; ST_DB: no ledger, no right; ST_DB_RETRY. To be released in either case. */
enum st standing_read(struct standing *s, struct pg *pg, struct err *err);
void    standing_release(struct standing *s);

#endif
