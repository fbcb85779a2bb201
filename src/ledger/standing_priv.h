/*
 * Inside `ingest status`.
 *
 *   standing.c       the questions, in one snapshot
 *   standing_days.c  which days each source covers
 *   coverage.c       which are missing between them
 */
#ifndef STANDING_PRIV_H
#define STANDING_PRIV_H

#include "ingest/standing.h"

#define STANDING_WHAT "cannot read the ledger"

/*
 * Seconds after the end of a day, unless the source says. CloudFront may deliver a day late (Developer Guide, standard logs), and
 * two hours are for fetching; S3 promises nothing (User Guide, server access logs: best effort), so three days; a server's own log
 * comes when it is rotated.
 */
#define SETTLE_CLOUDFRONT "93600"
#define SETTLE_S3         "259200"
#define SETTLE_ELSE       "7200"

/* Is there such a table? An older ledger may not have it. */
enum st standing_is_there(struct pg *pg, const char *table, bool *there, struct err *err);

/* s->days, once s->sources is there. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st standing_read_days(struct standing *s, struct pg *pg, const struct standing_source *sources, size_t n, struct err *err);
void    standing_days_release(struct standing *s);

#endif
