/*
 * Inside cron/: cron.c asks the timetable, renew.c keeps a job held.
 */
#ifndef CRON_PRIV_H
#define CRON_PRIV_H

#include "ingest/cron.h"

/* Moves held_until on; *ours: false when another one holds it now. */
enum st cron_renew(const struct cron *c, struct pg *pg, bool *ours, struct err *err);

/* Starts and stops the thread that calls cron_renew. Without a thread the job is held for its first minute. */
struct cron_renewal *renewal_start(const struct cron *c, const char *conninfo);
void                 renewal_stop(struct cron_renewal *r);

#endif
