/*
 * How the queue stands, for whoever asks: files by what becomes of them, and which they are.
 * Nothing is taken, and who may not look sees nothing.
 */
#include "queue_priv.h"

static const char what[] = "cannot look into the queue";

/* Jobs of pict-rs name no file, and jobs of ours that name none are in our queue all the same. */
#define OURS                                                                                       \
    " FROM (SELECT queue, job->>'file' AS file, retry, queue_time, id, CASE"                       \
    " WHEN status = 'running' AND coalesce(heartbeat, queue_time) <= %now - " QUEUE_DEAD_AFTER     \
    "        THEN 'dead' WHEN status = 'running' THEN 'running'"                                   \
    "        WHEN queue_time > %now THEN 'resting' ELSE 'waiting' END AS state FROM %t"            \
    "  WHERE queue = '" QUEUE_NAME "' OR job->>'file' LIKE 'file:///%') j"

static const char queues_sql[] =
    "SELECT queue, count(*) FILTER (WHERE state = 'waiting'),"
    " count(*) FILTER (WHERE state = 'resting'), count(*) FILTER (WHERE state = 'running'),"
    " count(*) FILTER (WHERE state = 'dead')" OURS " GROUP BY queue ORDER BY queue";

static const char jobs_sql[] =
    "SELECT queue, left(file, 1000), state, retry FROM (SELECT *,"
    " row_number() OVER (PARTITION BY queue ORDER BY queue_time, id) AS at" OURS ") n"
    " WHERE at <= 20 ORDER BY queue, at";

/* Looking a table up in a schema that is not for this role is an error to the server. */
static const char schema_sql[] =
    "SELECT coalesce(has_schema_privilege(to_regnamespace('pictrs'), 'USAGE'), true)";

static enum st
is_so(struct pg *pg, const char *sql, size_t n, const char *const *values, bool *so,
      struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, n, values, &r, err);

    *so = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return rc;
}

/* *so: there is a table, and this role may read it. */
static enum st
may_look(struct queue *q, bool *so, struct err *err)
{
    char oid[QUEUE_OID_MAX];
    const char *values[] = { oid };
    enum st rc = is_so(q->pg, schema_sql, 0, NULL, so, err);

    if (rc != ST_OK || !*so)
        return rc;
    *so = false;
    rc = queue_seek_table(q, oid, err);
    if (rc != ST_OK)
        return rc == ST_EOF ? ST_OK : rc;
    return is_so(q->pg, "SELECT has_table_privilege($1::oid, 'SELECT')", 1, values, so, err);
}

static enum st
ask(const struct queue *q, const char *sql, struct pg_result **out, struct err *err)
{
    struct buf b = queue_sql(q, sql);
    const char *text = buf_str(&b);
    enum st rc =
        text == NULL ? err_memory(err, what) : pg_run(q->pg, what, text, 0, NULL, out, err);

    buf_release(&b);
    return rc;
}

enum st
queue_look(struct queue_standing *s, struct pg *pg, struct err *err)
{
    struct queue q = { .pg = pg };
    bool so;
    enum st rc = may_look(&q, &so, err);

    *s = (struct queue_standing){ 0 };
    if (rc != ST_OK || !so)
        return rc;
    rc = ask(&q, queues_sql, &s->queues, err);
    return rc == ST_OK ? ask(&q, jobs_sql, &s->jobs, err) : rc;
}

void
queue_standing_release(struct queue_standing *s)
{
    pg_free(s->queues);
    pg_free(s->jobs);
    *s = (struct queue_standing){ 0 };
}
