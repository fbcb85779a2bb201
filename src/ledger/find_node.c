/*
 * Who submits: EIDA's table of nodes, along the search path.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

static const char what[] = "cannot look for the node";

/*
 * Is it there, may it be read, who may not; else the schema of the search path that has it and is
 * not open to the role, in which no name is found.
 */
static const char look_sql[] =
    "SELECT to_regclass('nodes') IS NOT NULL,"
    " coalesce(has_table_privilege(to_regclass('nodes'), 'SELECT'), false),"
    " quote_ident(current_user),"
    " (SELECT min(quote_ident(n.nspname)) FROM pg_catalog.pg_class c"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.relname = 'nodes' AND c.relkind IN ('r', 'p')"
    "  AND NOT has_schema_privilege(n.oid, 'USAGE') AND n.nspname = ANY (string_to_array("
    "   translate(replace(current_setting('search_path'), '$user', current_user), '\" ', ''),"
    "   ',')))";

enum { LOOK_THERE, LOOK_READABLE, LOOK_ROLE, LOOK_CLOSED };

/* ST_OK and *there, or the right that is missing. */
static enum st
look(struct ledger *l, bool *there, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what, look_sql, 0, NULL, &r, err);

    if (rc != ST_OK)
        return rc;
    *there = slice_is(pg_text(r, 0, LOOK_THERE), "t");
    if (*there && !slice_is(pg_text(r, 0, LOOK_READABLE), "t")) {
        rc = err_fail(err, ST_DB, what, "the role %s lacks SELECT on nodes",
                      pg_text(r, 0, LOOK_ROLE).p);
        err_hint(err, "as the owner: GRANT SELECT ON nodes TO %s;", pg_text(r, 0, LOOK_ROLE).p);
    } else if (!*there && !pg_is_null(r, 0, LOOK_CLOSED)) {
        rc = err_fail(err, ST_DB, what, "the role %s lacks USAGE on schema %s",
                      pg_text(r, 0, LOOK_ROLE).p, pg_text(r, 0, LOOK_CLOSED).p);
        err_hint(err, "as the owner: GRANT USAGE ON SCHEMA %s TO %s;", pg_text(r, 0, LOOK_CLOSED).p,
                 pg_text(r, 0, LOOK_ROLE).p);
    }
    pg_free(r);
    return rc;
}

enum st
ledger_node(struct ledger *l, const char *name, int32_t *id, struct err *err)
{
    struct pg_result *r = NULL;
    bool there = false;
    enum st rc;

    *id = 0;
    if ((rc = look(l, &there, err)) != ST_OK || !there)
        return rc;
    rc = pg_run(l->pg, "cannot read the nodes",
                "SELECT id FROM nodes WHERE name = $1 LIMIT 2", 1, &name, &r, err);
    if (rc == ST_OK && pg_rows(r) > 1) { /* EIDA's own table lets them */
        rc = err_fail(err, ST_USAGE, "cannot count for a node",
                      "more than one node has the name \"%.100s\"", name);
        err_hint(err, "this table lets them: give the others names of their own, by their id");
    } else if (rc == ST_OK && pg_rows(r) > 0) {
        *id = (int32_t)pg_int(r, 0, 0);
    }
    pg_free(r);
    return rc;
}
