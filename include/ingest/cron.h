/*
 * Whose turn it is: a timetable in the database (`cron_jobs`, as 7TV keeps it), so that many hosts may start the same job from cron and one
 * of them does it. All times are the server's.
 *
 *     claim    one UPDATE: enabled, next_run over, held_until over -> held for a minute under a fresh id
 *     renew    every 30 s, from a thread with a connection of its own: held for a minute more
 *     end      done: next_run is an interval from now; failed: a minute from now. Nobody holds it
 *
 * Who dies holds it for a minute at most, and the next one who asks takes it over. Who was so slow that another took over learns it from
 * cron_fence, before he commits.
 */
#ifndef INGEST_CRON_H
#define INGEST_CRON_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"
#include "ingest/uuid.h"

enum cron_job { CRON_EMOTE_SCORES = 0, CRON_SUBSCRIPTIONS = 1 };

enum cron_turn {
    CRON_OURS,     /* do it, then cron_end */
    CRON_NO_TABLE, /* there is no timetable: just do it; cron_fence and cron_end do nothing */
    CRON_NOT_DUE,  /* leave it: `why` says until when */
    CRON_HELD,     /* leave it: another one is at it */
    CRON_DISABLED, /* leave it */
};

struct cron {
    int  job;
    char table[160];          /* quoted as SQL wants it; "": there is none */
    char owner[UUID_TEXT];    /* our id; "" while nothing is held */
    char why[128];            /* why it is not our turn, for people */
    int  renew_ms;            /* how often it is renewed; 0 before cron_claim: every 30 s */
    struct cron_renewal *renewal;
};

/*
 * `c` is zeroed. Looks for the table in `schema`, then along the search path, and claims the job. `conninfo` (it may be NULL, as in pg_connect) is the
 * renewer's and must live until cron_end. No transaction may be open. ST_DB: there is no such job, or a right is missing; ST_DB_RETRY; ST_MEMORY.
 */
enum st cron_claim(struct cron *c, struct pg *pg, const char *conninfo, const char *schema, enum cron_job job,
                   enum cron_turn *turn, struct err *err);

/* In the job's transaction, last before its commit: ST_DB if it is not ours any more; else it stays ours until that commit. */
enum st cron_fence(struct cron *c, struct pg *pg, struct err *err);

/* Stops renewing and writes what became of it; outside a transaction. Not ours any more: nothing is written, ST_OK. */
enum cron_outcome { CRON_DONE, CRON_FAILED };
enum st cron_end(struct cron *c, struct pg *pg, enum cron_outcome outcome, struct err *err);

#endif
