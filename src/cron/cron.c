/*
 * The timetable: one row a job, changed by single statements, each of which asks and writes at
 * once. Two hosts that claim together wait for each other's row, and the second one finds it held.
 */
#include "ingest/base.h"

#include "cron_priv.h"

#define HOLD     "interval '1 minute'"
#define RENEW_MS 30000

static const char what_claim[] = "cannot claim the job in cron_jobs";

/* ---- statements with the table's name ---- */

enum { PARAMS_MAX = 2 };

static enum st
run(const struct cron *c, struct pg *pg, const char *what, const char *format, size_t n,
    struct pg_result **out, struct err *err)
{
    struct buf sql = { 0 };
    const char *at = strchr(format, '@');
    char job[16];
    const char *values[PARAMS_MAX] = { job, c->owner };
    enum st rc;

    snprintf(job, sizeof job, "%d", c->job);
    buf_add(&sql, format, (size_t)(at - format));
    buf_text(&sql, c->table);
    buf_text(&sql, at + 1);
    rc = buf_str(&sql) == NULL ? err_memory(err, what)
                               : pg_run(pg, what, sql.p, n, values, out, err);
    buf_release(&sql);
    return rc;
}

/* An application's own table of that name, which nobody can hold a job in, is none. */
static enum st
find_table(struct cron *c, struct pg *pg, const char *schema, struct err *err)
{
    static const char sql[] =
        "SELECT format('%I.%I', n.nspname, c.relname)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = coalesce(to_regclass(quote_ident($1) || '.cron_jobs'),"
        "                        to_regclass('cron_jobs'))"
        " AND EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid"
        "              AND a.attname IN ('held_until', 'currently_running_by'))";
    const char *values[] = { schema };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, "cannot look for cron_jobs", sql, 1, values, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0)
        snprintf(c->table, sizeof c->table, "%s", pg_text(r, 0, 0).p);
    pg_free(r);
    return rc;
}

/* ---- claim ---- */

/* Asked after the claim found nothing, so the answer may be younger than the question. */
static enum st
say_why(struct cron *c, struct pg *pg, enum cron_turn *turn, struct err *err)
{
    static const char sql[] = "SELECT enabled, coalesce(held_until >= now(), false),"
                              " to_char(next_run AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),"
                              " to_char(held_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
                              " FROM @ WHERE id = $1";
    struct pg_result *r = NULL;
    enum st rc = run(c, pg, what_claim, sql, 1, &r, err);

    if (rc == ST_OK && pg_rows(r) == 0) {
        rc = err_fail(err, ST_DB, what_claim, "%s has no job %d", c->table, c->job);
        err_hint(err, "`ingest migrate print seventv` shows the row to INSERT");
    } else if (rc == ST_OK && !slice_is(pg_text(r, 0, 0), "t")) {
        *turn = CRON_DISABLED;
        snprintf(c->why, sizeof c->why, "it is not enabled in cron_jobs");
    } else if (rc == ST_OK && slice_is(pg_text(r, 0, 1), "t")) {
        *turn = CRON_HELD;
        snprintf(c->why, sizeof c->why, "another one is at it (held until %s UTC)",
                 pg_text(r, 0, 3).p);
    } else if (rc == ST_OK) {
        *turn = CRON_NOT_DUE;
        snprintf(c->why, sizeof c->why, "it is not due before %s UTC",
                 pg_is_null(r, 0, 2) ? "infinity" : pg_text(r, 0, 2).p);
    }
    pg_free(r);
    return rc;
}

enum st
cron_claim(struct cron *c, struct pg *pg, const char *conninfo, const char *schema,
           enum cron_job job, enum cron_turn *turn, struct err *err)
{
    static const char sql[] =
        "UPDATE @ SET held_until = now() + " HOLD ", currently_running_by = $2::uuid,"
        " updated_at = now(), search_updated_at = NULL"
        " WHERE id = $1 AND enabled AND next_run < now()"
        " AND coalesce(held_until, '-infinity') < now()";
    struct pg_result *r = NULL;
    bool ours;
    enum st rc;

    *c = (struct cron){ .job = (int)job, .renew_ms = c->renew_ms > 0 ? c->renew_ms : RENEW_MS };
    *turn = CRON_NO_TABLE;
    if ((rc = find_table(c, pg, schema, err)) != ST_OK || c->table[0] == '\0')
        return rc;
    uuid_random(c->owner); /* who holds a job is told by nothing but this */
    if ((rc = run(c, pg, what_claim, sql, 2, &r, err)) != ST_OK)
        return rc;
    ours = pg_affected(r) == 1;
    pg_free(r);
    if (!ours) {
        c->owner[0] = '\0';
        return say_why(c, pg, turn, err);
    }
    *turn = CRON_OURS;
    c->renewal = renewal_start(c, conninfo);
    return ST_OK;
}

/* ---- while it runs ---- */

enum st
cron_renew(const struct cron *c, struct pg *pg, bool *ours, struct err *err)
{
    static const char sql[] =
        "UPDATE @ SET held_until = clock_timestamp() + " HOLD ", updated_at = clock_timestamp(),"
        " search_updated_at = NULL"
        " WHERE id = $1 AND enabled AND currently_running_by = $2::uuid";
    struct pg_result *r = NULL;
    enum st rc = run(c, pg, "cannot go on holding the job", sql, 2, &r, err);

    if (rc == ST_OK)
        *ours = pg_affected(r) == 1;
    pg_free(r);
    return rc;
}

enum st
cron_fence(struct cron *c, struct pg *pg, struct err *err)
{
    static const char what[] = "cannot finish the job";
    struct pg_result *r = NULL;
    enum st rc;

    if (c->owner[0] == '\0')
        return ST_OK;
    rc = run(c, pg, what,
             "SELECT FROM @ WHERE id = $1 AND currently_running_by = $2::uuid FOR UPDATE", 2, &r,
             err);
    if (rc == ST_OK && pg_rows(r) != 1)
        rc = err_fail(err, ST_DB, what,
                      "it was not renewed for a minute, and another one has taken it over");
    pg_free(r);
    return rc;
}

enum st
cron_end(struct cron *c, struct pg *pg, enum cron_outcome outcome, struct err *err)
{
    static const char done[] =
        "UPDATE @ SET currently_running_by = NULL, last_run = now(), held_until = now(),"
        " next_run = now() + interval_count *"
        " CASE lower(interval_unit) WHEN 'hours' THEN interval '1 hour' ELSE interval '1 day' END,"
        " updated_at = now(), search_updated_at = NULL"
        " WHERE id = $1 AND currently_running_by = $2::uuid";
    static const char failed[] =
        "UPDATE @ SET currently_running_by = NULL, held_until = now(),"
        " next_run = now() + interval '1 minute', updated_at = now(), search_updated_at = NULL"
        " WHERE id = $1 AND currently_running_by = $2::uuid";
    enum st rc = ST_OK;

    renewal_stop(c->renewal);
    c->renewal = NULL;
    if (c->owner[0] == '\0')
        return ST_OK;
    if (!pg_is_alive(pg))
        rc = pg_reconnect(pg, err);
    if (rc == ST_OK)
        rc = run(c, pg, "cannot write into cron_jobs what became of the job",
                 outcome == CRON_DONE ? done : failed, 2, NULL, err);
    c->owner[0] = '\0';
    return rc;
}
