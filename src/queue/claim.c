/*
 * Jobs out of the queue: each has one worker at a time, and leaves the queue when it is done or was
 * tried in vain often enough.
 */
#include "queue_priv.h"

/* How long a job that failed rests: whatever was wrong shall have a chance to pass. */
#define FAIL_REST_SECONDS "60"

/* ---- taking ---- */

static void
read_job(const struct pg_result *r, size_t row, struct queue_job *job)
{
    struct slice uri = pg_text(r, row, 1), walked = pg_text(r, row, 2);

    snprintf(job->id, sizeof job->id, "%s", pg_text(r, row, 0).p);
    job->path[0] = job->trouble[0] = '\0';
    job->walked = slice_eq(walked, SLICE("true"));
    job->retry = (int)pg_int(r, row, 3);
    if (uri.p == NULL)
        snprintf(job->trouble, sizeof job->trouble, "its JSON has no text \"file\"");
    else if (!file_uri_read(uri, job->path, sizeof job->path))
        snprintf(job->trouble, sizeof job->trouble,
                 "its \"file\" is no file URI with an absolute path: \"%.60s\"", uri.p);
    if (job->trouble[0] != '\0')
        job->path[0] = '\0';
}

/*
 * After a lost connection nobody knows whether the server made jobs ours in the moment before. They
 * would stay so as long as we live. *released: how many there were.
 */
static enum st
release_orphans(struct queue *q, const struct queue_job *jobs, size_t n, uint64_t *released,
                struct err *err)
{
    static const char what[] = "cannot give a job back";
    struct pg_array ours;
    const char *values[] = { q->worker, NULL };
    struct pg_result *r = NULL;
    enum st rc;

    *released = 0;
    if (!q->orphans)
        return ST_OK;
    pg_array_begin(&ours);
    for (size_t i = 0; i < n; i++)
        pg_array_text(&ours, slice_of(jobs[i].id));
    values[1] = pg_array_end(&ours);
    rc = values[1] == NULL
             ? err_memory(err, what)
             : queue_ask(q, what,
                         "UPDATE %t SET status = 'new', %w = NULL, heartbeat = NULL"
                         " WHERE %w = $1::uuid AND status = 'running' AND id <> ALL ($2::uuid[])",
                         ARRAY_LEN(values), values, &r, err);
    if (rc == ST_OK)
        *released = (uint64_t)pg_affected(r);
    pg_free(r);
    pg_array_release(&ours);
    q->orphans = rc != ST_OK;
    return rc;
}

/* The rows to take are chosen apart, once: a LIMIT inside of IN is counted anew each time it is
 * asked. */
static const char claim[] =
    "WITH due AS MATERIALIZED"
    " (SELECT id FROM %t WHERE queue = $1 AND status = 'new' AND retry >= 1 AND queue_time <= %now"
    "  ORDER BY queue_time FOR UPDATE SKIP LOCKED LIMIT $3::bigint),"
    " ours AS (UPDATE %t SET status = 'running', %w = $2::uuid, heartbeat = %now"
    "          WHERE id IN (SELECT id FROM due) RETURNING id, job, retry, queue_time)"
    " SELECT id, job->>'file', job->>'walked', retry FROM ours ORDER BY queue_time";

static enum st
claim_jobs(struct queue *q, struct queue_job *jobs, size_t cap, size_t *n, struct err *err)
{
    char limit[24];
    const char *values[] = { q->name, q->worker, limit };
    struct pg_result *r = NULL;
    enum st rc;

    *n = 0;
    snprintf(limit, sizeof limit, "%zu", cap);
    rc = queue_ask(q, "cannot take a job", claim, ARRAY_LEN(values), values, &r, err);
    for (; rc == ST_OK && *n < pg_rows(r) && *n < cap; ++*n)
        read_job(r, *n, &jobs[*n]);
    pg_free(r);
    return rc;
}

/* Where the lost answer had the last jobs, there is nothing left to take until they are given back.
 */
enum st
queue_pop(struct queue *q, struct queue_job *jobs, size_t cap, size_t *n, struct err *err)
{
    uint64_t released = 1;
    enum st rc = ST_OK;

    for (*n = 0; rc == ST_OK && *n == 0 && released > 0;)
        if ((rc = claim_jobs(q, jobs, cap, n, err)) == ST_OK)
            rc = release_orphans(q, jobs, *n, &released, err);
    return rc == ST_OK && *n == 0 ? ST_EOF : rc;
}

/* ---- giving back ---- */

enum st
queue_done(struct queue *q, const struct queue_job *const *jobs, size_t n, struct err *err)
{
    static const char what[] = "cannot take jobs that are done out of the queue";
    struct pg_array ids;
    const char *values[] = { q->worker, NULL };
    enum st rc;

    pg_array_begin(&ids);
    for (size_t i = 0; i < n; i++)
        pg_array_text(&ids, slice_of(jobs[i]->id));
    values[1] = pg_array_end(&ids);
    rc = values[1] == NULL
             ? err_memory(err, what)
             : queue_ask(q, what, "DELETE FROM %t WHERE id = ANY ($2::uuid[]) AND %w = $1::uuid",
                         ARRAY_LEN(values), values, NULL, err);
    pg_array_release(&ids);
    return rc;
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
    enum st rc = queue_ask(q, "cannot take back the jobs of dead workers",
                           "UPDATE %t SET status = 'new', %w = NULL, heartbeat = NULL WHERE id IN"
                           " (SELECT id FROM %t WHERE queue = $1 AND status = 'running'"
                           "  AND coalesce(heartbeat, queue_time) <= %now - " QUEUE_DEAD_AFTER
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
