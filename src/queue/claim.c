/*
 * Jobs out of the queue: one worker has a job at a time, and a job leaves the queue when it is done
 * or was tried in vain often enough.
 */
#include "queue_priv.h"

/* How long a job that failed rests: whatever was wrong shall have a chance to pass. */
#define FAIL_REST_SECONDS "60"

/* A worker whose last beat is older than this is dead. */
#define DEAD_AFTER "interval '2 minutes'"

/* ---- taking ---- */

static void
read_job(const struct pg_result *r, struct queue_job *job)
{
    struct slice uri = pg_text(r, 0, 1);

    *job = (struct queue_job){ .retry = (int)pg_int(r, 0, 3) };
    snprintf(job->id, sizeof job->id, "%s", pg_text(r, 0, 0).p);
    job->walked = !pg_is_null(r, 0, 2) && slice_is(pg_text(r, 0, 2), "true");
    if (uri.p == NULL)
        snprintf(job->trouble, sizeof job->trouble, "its JSON has no text \"file\"");
    else if (!file_uri_read(uri, job->path, sizeof job->path))
        snprintf(job->trouble, sizeof job->trouble,
                 "its \"file\" is no file URI with an absolute path: \"%.60s\"", uri.p);
    if (job->trouble[0] != '\0')
        job->path[0] = '\0';
}

/*
 * After a lost connection nobody knows whether the server made a job ours in the moment before. It
 * would stay so as long as we live.
 */
static enum st
release_orphans(struct queue *q, const char *but, struct err *err)
{
    const char *values[] = { q->worker, but };
    enum st rc;

    if (!q->orphans)
        return ST_OK;
    rc = queue_ask(q, "cannot give a job back",
                   "UPDATE %t SET status = 'new', %w = NULL, heartbeat = NULL"
                   " WHERE %w = $1::uuid AND status = 'running' AND id IS DISTINCT FROM $2::uuid",
                   ARRAY_LEN(values), values, NULL, err);
    q->orphans = rc != ST_OK;
    return rc;
}

enum st
queue_pop(struct queue *q, struct queue_job *job, struct err *err)
{
    const char *values[] = { q->name, q->worker };
    struct pg_result *r = NULL;
    enum st rc = queue_ask(
        q, "cannot take a job",
        "UPDATE %t SET status = 'running', %w = $2::uuid, heartbeat = %now"
        " WHERE id = (SELECT id FROM %t WHERE queue = $1 AND status = 'new' AND retry >= 1"
        "             AND queue_time <= %now ORDER BY queue_time FOR UPDATE SKIP LOCKED LIMIT 1)"
        " RETURNING id, job->>'file', job->>'walked', retry",
        ARRAY_LEN(values), values, &r, err);

    if (rc == ST_OK && pg_rows(r) == 0)
        rc = ST_EOF;
    if (rc == ST_OK)
        read_job(r, job);
    pg_free(r);
    if ((rc == ST_OK || rc == ST_EOF) &&
        release_orphans(q, rc == ST_OK ? job->id : NULL, err) != ST_OK)
        rc = err->code;
    return rc;
}

/* ---- giving back ---- */

enum st
queue_done(struct queue *q, const struct queue_job *job, struct err *err)
{
    const char *values[] = { job->id, q->worker };

    return queue_ask(q, "cannot take a job that is done out of the queue",
                     "DELETE FROM %t WHERE id = $1::uuid AND %w = $2::uuid", ARRAY_LEN(values),
                     values, NULL, err);
}

enum st
queue_fail(struct queue *q, const struct queue_job *job, int *left, struct err *err)
{
    const char *values[] = { job->id, q->worker };
    struct pg_result *r = NULL;
    enum st rc = queue_ask(
        q, "cannot note that a job has failed",
        "WITH last AS (DELETE FROM %t WHERE id = $1::uuid AND %w = $2::uuid AND retry <= 1"
        "              RETURNING 0 AS retry),"
        " again AS (UPDATE %t SET status = 'new', %w = NULL, heartbeat = NULL, retry = retry - 1,"
        "           queue_time = %now + interval '" FAIL_REST_SECONDS " seconds'"
        "           WHERE id = $1::uuid AND %w = $2::uuid AND retry > 1 RETURNING retry)"
        " SELECT retry FROM last UNION ALL SELECT retry FROM again",
        ARRAY_LEN(values), values, &r, err);

    *left = rc == ST_OK && pg_rows(r) > 0 ? (int)pg_int(r, 0, 0) : -1;
    pg_free(r);
    return rc;
}

enum st
queue_give_back(struct queue *q, const struct queue_job *job, int seconds, struct err *err)
{
    char rest[16];
    const char *values[] = { job->id, q->worker, rest };

    snprintf(rest, sizeof rest, "%d", seconds);
    return queue_ask(q, "cannot give a job back",
                     "UPDATE %t SET status = 'new', %w = NULL, heartbeat = NULL,"
                     " queue_time = CASE WHEN $3::integer = 0 THEN queue_time"
                     "              ELSE %now + $3::integer * interval '1 second' END"
                     " WHERE id = $1::uuid AND %w = $2::uuid",
                     ARRAY_LEN(values), values, NULL, err);
}

/* ---- the jobs of others ---- */

enum st
queue_requeue(struct queue *q, uint64_t *n, struct err *err)
{
    const char *values[] = { q->name };
    struct pg_result *r = NULL;
    enum st rc = queue_ask(
        q, "cannot take back the jobs of dead workers",
        "UPDATE %t SET status = 'new', %w = NULL, heartbeat = NULL WHERE id IN"
        " (SELECT id FROM %t WHERE queue = $1 AND status = 'running'"
        "  AND coalesce(heartbeat, queue_time) <= %now - " DEAD_AFTER
        "  FOR UPDATE SKIP LOCKED)",
        ARRAY_LEN(values), values, &r, err);

    *n = rc == ST_OK ? (uint64_t)pg_affected(r) : 0;
    pg_free(r);
    return rc;
}

enum st
queue_left(struct queue *q, uint64_t *running, uint64_t *waiting, struct err *err)
{
    const char *values[] = { q->name };
    struct pg_result *r = NULL;
    enum st rc = queue_ask(q, "cannot look into the queue",
                           "SELECT count(*) FILTER (WHERE status = 'running'),"
                           " count(*) FILTER (WHERE status = 'new') FROM %t WHERE queue = $1",
                           ARRAY_LEN(values), values, &r, err);

    *running = rc == ST_OK ? (uint64_t)pg_int(r, 0, 0) : 0;
    *waiting = rc == ST_OK ? (uint64_t)pg_int(r, 0, 1) : 0;
    pg_free(r);
    return rc;
}
