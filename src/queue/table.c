/*
 * Which table is the queue, and may this role do with it what it wants? All of it is said before
 * the first job is touched.
 */
#include "queue_priv.h"

static const char what[] = "cannot use the queue";

/* `queue` is a common word: a table of that name which lacks a column is somebody else's. */
static const char find_sql[] =
    "SELECT format('%I.%I', n.nspname, c.relname), w.attname = 'worker', c.oid"
    " FROM unnest(ARRAY['pictrs.queue', 'queue', 'pictrs.job_queue', 'job_queue'])"
    "      WITH ORDINALITY AS named(name, at)"
    " JOIN pg_catalog.pg_class c ON c.oid = to_regclass(named.name) AND c.relkind IN ('r', 'p')"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_attribute w ON w.attrelid = c.oid AND NOT w.attisdropped"
    "      AND w.attname IN ('worker', 'worker_id') AND w.atttypid = 'uuid'::regtype"
    " WHERE 8 = (SELECT count(*) FROM pg_catalog.pg_attribute a"
    "            WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ('id', 'queue',"
    "             'job', 'status', 'queue_time', 'heartbeat', 'unique_key', 'retry'))"
    " ORDER BY named.at LIMIT 1";

static const char rights_sql[] =
    "SELECT string_agg(p, ', '), current_user"
    " FROM unnest(CASE WHEN $2::boolean THEN ARRAY['SELECT', 'UPDATE', 'DELETE']"
    "             ELSE ARRAY['INSERT'] END) AS p"
    " WHERE NOT has_table_privilege($1::oid, p) HAVING count(*) > 0";

static enum st
check_rights(struct queue *q, const char *oid, enum queue_use use, struct err *err)
{
    const char *values[] = { oid, use == QUEUE_TO_TAKE ? "t" : "f" };
    struct pg_result *r = NULL;
    enum st rc = pg_run(q->pg, what, rights_sql, ARRAY_LEN(values), values, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0) {
        const char *right = pg_text(r, 0, 0).p, *role = pg_text(r, 0, 1).p;

        rc = err_fail(err, ST_DB, what, "the role %s lacks %s on %s", role, right, q->table);
        err_hint(err, "as the owner: GRANT %s ON %s TO \"%s\";", right, q->table, role);
    }
    pg_free(r);
    return rc;
}

enum st
queue_seek_table(struct queue *q, char oid[QUEUE_OID_MAX], struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(q->pg, what, find_sql, 0, NULL, &r, err);

    if (rc == ST_OK && pg_rows(r) == 0)
        rc = ST_EOF;
    if (rc == ST_OK) {
        snprintf(q->table, sizeof q->table, "%s", pg_text(r, 0, 0).p);
        q->worker_column = slice_is(pg_text(r, 0, 1), "t") ? "worker" : "worker_id";
        snprintf(oid, QUEUE_OID_MAX, "%s", pg_text(r, 0, 2).p);
    }
    pg_free(r);
    return rc;
}

enum st
queue_find_table(struct queue *q, enum queue_use use, struct err *err)
{
    char oid[QUEUE_OID_MAX];
    enum st rc = queue_seek_table(q, oid, err);

    if (rc == ST_OK)
        return check_rights(q, oid, use, err);
    if (rc != ST_EOF)
        return rc;
    err_fail(err, ST_DB, what,
             "there is no table \"queue\" of the set \"pictrs\" in this database");
    err_hint(err, "ingest migrate up pictrs");
    return ST_DB;
}
