/*
 * Inside `ingest status`.
 *
 *   status.c        the command: the database, the configuration's sources, the exit status
 *   status_text.c   for people: what fits a screen, or with -v all of it
 *   status_days.c   of that, the days that are covered, and the gaps
 *   status_json.c   as one JSON object, always all of it
 *   audit.c, doctor.c   --audit and --doctor
 */
#ifndef STATUS_PRIV_H
#define STATUS_PRIV_H

#include "ingest/queue.h"
#include "ingest/standing.h"

#include "cli_priv.h"
#include "config.h"

struct status {
    const struct config  *config; /* whose sources are looked for */
    struct standing       standing;
    struct queue_standing queue;
    const char           *only_queue; /* NULL: all of them */
    bool                  all;        /* -v: leave nothing out */
};

void status_text(const struct status *s);
void status_coverage(const struct status *s);
void status_json(const struct status *s);

/* Of row `row` of queue.queues: is it to be shown? */
static inline bool
status_shows_queue(const struct status *s, size_t row)
{
    return s->only_queue == NULL || slice_eq(pg_text(s->queue.queues, row, 0), slice_of(s->only_queue));
}

/* What the configuration says of its sources: an array for the caller to free; NULL: no memory. `ingest report` asks for it, too. */
struct standing_source *status_sources(const struct config *config, size_t *n);

/* A source of the configuration that has no payload yet. */
bool status_is_unseen(const struct status *s, const char *source);

#endif
