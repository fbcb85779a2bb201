/*
 * Reading a catalog: one transaction of its own, which sees one state of the tables and takes no
 * lock that anybody minds; its rows come in a stream, so a million of them never stand in memory.
 */
#include "ingest/base.h"

#include "catalog_priv.h"

static const char what[] = "cannot read the catalog";

enum st
load_schema(struct pg *pg, const char *schema, const char *table, const char *doing, char out[64],
            struct err *err)
{
    /* The catalogs of the server are asked: a name in a schema without USAGE would be an error. */
    static const char sql[] =
        "SELECT n.nspname FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND (n.nspname = $1 OR n.nspname = ANY (current_schemas(false)))"
        " ORDER BY n.nspname = $1 DESC, array_position(current_schemas(false), n.nspname) LIMIT 1";
    const char *values[] = { schema, table };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, ARRAY_LEN(values), values, &r, err);

    if (rc == ST_OK && pg_rows(r) == 0) {
        rc = err_fail(err, ST_DB, doing,
                      "table \"%s\" is neither in schema %s nor along the search path", table,
                      schema);
        err_hint(err, "it is the system's own; `ingest migrate up %s` makes one for a start",
                 schema);
    } else if (rc == ST_OK) {
        snprintf(out, 64, "%s", pg_text(r, 0, 0).p);
    }
    pg_free(r);
    return rc;
}

enum st
load_rights(struct pg *pg, const char *schema, const char *tables, const char *doing,
            struct err *err)
{
    /* A right on columns is one too; whether it is on those that are asked for, the query tells. */
    static const char sql[] =
        "SELECT current_user, right_, object FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, LATERAL (VALUES"
        " (1, 'USAGE', format('SCHEMA %I', n.nspname), has_schema_privilege(n.oid, 'USAGE')),"
        " (2, 'SELECT', format('%I.%I', n.nspname, c.relname),"
        "  has_any_column_privilege(c.oid, 'SELECT'))) v(at, right_, object, has)"
        " WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND NOT has"
        " ORDER BY at, object LIMIT 1";
    const char *values[] = { schema, tables };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, ARRAY_LEN(values), values, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0) {
        const char *role = pg_text(r, 0, 0).p, *right = pg_text(r, 0, 1).p;
        const char *object = pg_text(r, 0, 2).p;

        rc = err_fail(err, ST_DB, doing, "the role %s lacks %s on %s", role, right, object);
        err_hint(err, "as the owner: GRANT %s ON %s TO \"%s\";", right, object, role);
    }
    pg_free(r);
    return rc;
}

struct loading {
    struct catalog *c;
    load_row       *take;
};

static enum st
hand_over(void *ctx, const struct slice *fields, size_t n, struct err *err)
{
    struct loading *l = ctx;

    (void)n;
    return l->take(l->c, fields, err);
}

enum st
load_rows(struct catalog *c, struct pg *pg, const char *doing, const char *select, load_row *take,
          struct err *err)
{
    struct loading l = { c, take };
    struct buf sql = { 0 };
    enum st rc;

    buf_text(&sql, "COPY (");
    buf_text(&sql, select);
    buf_text(&sql, ") TO STDOUT (FORMAT binary)");
    rc = buf_str(&sql) == NULL ? err_memory(err, doing)
                               : pg_copy_out(pg, doing, sql.p, hand_over, &l, err);
    buf_release(&sql);
    return rc;
}

/* Joins of a million rows are to stay in memory. */
static const char settings[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                               "SET LOCAL work_mem TO '64MB'";

static enum st
load(struct catalog *c, struct pg *pg, const char *schema, struct err *err)
{
    enum st rc = pg_begin(pg, err);

    if (rc != ST_OK)
        return rc;
    if ((rc = pg_script(pg, what, settings, err)) == ST_OK)
        rc = c->kind == CATALOG_DISTS ? load_dists(c, pg, schema, err)
                                      : load_artifacts(c, pg, schema, err);
    pg_rollback(pg); /* nothing was written */
    return rc;
}

enum st
catalog_load(struct catalog **out, enum catalog_kind kind, struct pg *pg, const char *schema,
             struct err *err)
{
    struct catalog *c = catalog_new(kind, err);
    enum st rc;

    *out = NULL;
    if (c == NULL)
        return ST_MEMORY;
    if ((rc = load(c, pg, schema, err)) != ST_OK) {
        catalog_free(c);
        return rc;
    }
    *out = c;
    return ST_OK;
}
