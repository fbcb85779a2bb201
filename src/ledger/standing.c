/*
 * How things stand, in one snapshot: all questions see the same payloads.
 */
#include "ingest/base.h"

#include "ingest/standing.h"

#include "ledger_priv.h"

static const char what[] = "cannot read the ledger";

static enum st
ask(struct pg *pg, const char *sql, struct pg_result **out, struct err *err)
{
    return pg_run(pg, what, sql, 0, NULL, out, err);
}

static const char payloads_sql[] =
    "SELECT p.dataset, count(*), sum(p.lines_read), d.count, d.first, d.last,"
    "       to_char(max(p.counted_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    "  FROM ingest.payloads p LEFT JOIN (SELECT dataset, sum(count) AS count, min(day) AS first,"
    "       max(day) AS last FROM ingest.payload_days WHERE state IN ('counted', 'adopted')"
    "       GROUP BY dataset) d USING (dataset)"
    " GROUP BY p.dataset, d.count, d.first, d.last ORDER BY p.dataset";

/* As many as there are bytes: the same bytes may lie in many places, and be refused in several
 * ways. */
static const char refused_sql[] =
    "SELECT count(*) FILTER (WHERE NOT accepted), count(*) FILTER (WHERE accepted)"
    "  FROM (SELECT bool_or(accepted_at IS NOT NULL) AS accepted FROM ingest.refusals"
    "        GROUP BY size, stored) r";

static const char unresolved_sql[] =
    "SELECT dataset, coalesce(sum(count) FILTER (WHERE healed_at IS NULL), 0),"
    "       count(DISTINCT path) FILTER (WHERE healed_at IS NULL),"
    "       min(day) FILTER (WHERE healed_at IS NULL),"
    "       coalesce(sum(count) FILTER (WHERE healed_at IS NOT NULL), 0)"
    "  FROM ingest.unresolved GROUP BY dataset ORDER BY dataset";

#define AS_TEXT_OF(x) #x
#define AS_TEXT(x)    AS_TEXT_OF(x)

static const char examples_sql[] =
    "SELECT dataset, path, count, first, last FROM (SELECT dataset, path, sum(count) AS count,"
    "       min(day) AS first, max(day) AS last,"
    "       row_number() OVER (PARTITION BY dataset ORDER BY sum(count) DESC, path) AS at"
    "       FROM ingest.unresolved WHERE healed_at IS NULL GROUP BY dataset, path) e"
    " WHERE at <= " AS_TEXT(STANDING_EXAMPLES) " ORDER BY dataset, at";

static enum st
is_there(struct pg *pg, const char *table, bool *there, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, "SELECT to_regclass($1) IS NOT NULL", 1, &table, &r, err);

    *there = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return rc;
}

static enum st
read_all(struct standing *s, struct pg *pg, struct err *err)
{
    bool there;
    enum st rc = is_there(pg, "ingest.payloads", &there, err);

    if (rc == ST_OK && !there) {
        err_fail(err, ST_DB, what, "this database has none (schema ingest)");
        err_hint(err, "make it once: ingest migrate up -d ...");
        return ST_DB;
    }
    if (rc != ST_OK || (rc = ask(pg, payloads_sql, &s->payloads, err)) != ST_OK ||
        (rc = is_there(pg, "ingest.refusals", &there, err)) != ST_OK)
        return rc;
    if (there && (rc = ask(pg, refused_sql, &s->refused, err)) != ST_OK)
        return rc;
    if ((rc = is_there(pg, "ingest.unresolved", &there, err)) != ST_OK || !there)
        return rc;
    if ((rc = ask(pg, unresolved_sql, &s->unresolved, err)) != ST_OK)
        return rc;
    return ask(pg, examples_sql, &s->examples, err);
}

enum st
standing_read(struct standing *s, struct pg *pg, struct err *err)
{
    enum st rc = pg_begin(pg, err);

    *s = (struct standing){ 0 };
    if (rc != ST_OK)
        return rc;
    rc = pg_script(pg, what, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", err);
    if (rc == ST_OK)
        rc = read_all(s, pg, err);
    pg_rollback(pg);
    return rc;
}

void
standing_release(struct standing *s)
{
    pg_free(s->payloads);
    pg_free(s->refused);
    pg_free(s->unresolved);
    pg_free(s->examples);
    *s = (struct standing){ 0 };
}
