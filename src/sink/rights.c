/*
 * May this role do what a merge does? Asked before a log is read, so that a missing right costs no
 * work; the first that is missing is named, with the GRANT that gives it.
 */
#include "sink_priv.h"

static const char what[] = "cannot look at the database's tables";

/*
 * One row for each missing right: what is lacking, and the GRANT. None on a connection that only
 * reads. $2: rows of the table itself are written.
 */
static const char own_sql[] =
    "WITH t AS (SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name"
    "           FROM pg_catalog.pg_class c"
    "           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid),"
    " lacks(n, right_, object) AS ("
    "  SELECT 1, string_agg(p, ', '), t.name FROM t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p"
    "   WHERE $2::boolean AND NOT has_table_privilege(t.oid, p) GROUP BY t.name"
    "  UNION ALL SELECT 2, 'USAGE', format('SEQUENCE %I.%I', n.nspname, s.relname)"
    "   FROM t JOIN pg_catalog.pg_depend d ON d.refobjid = t.oid AND d.deptype = 'a'"
    "    AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass"
    "   JOIN pg_catalog.pg_class s ON s.oid = d.objid"
    "   JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace"
    "   WHERE CASE WHEN $2::boolean AND s.relkind = 'S'"
    "         THEN NOT has_sequence_privilege(s.oid, 'USAGE') END"
    "  UNION ALL SELECT 3, 'TEMP', format('DATABASE %I', current_database())"
    "   WHERE NOT has_database_privilege(current_database(), 'TEMP')"
    "  UNION ALL SELECT 4, 'USAGE', format('SCHEMA %I', n.nspname) FROM pg_catalog.pg_extension e"
    "   JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
    "   WHERE e.extname = 'hll' AND NOT has_schema_privilege(n.oid, 'USAGE'))"
    " SELECT format('the role %I lacks %s on %s', current_user, right_, object),"
    "        format('as the owner: GRANT %s ON %s TO %I;', right_, object, current_user)"
    " FROM lacks WHERE current_setting('transaction_read_only') = 'off' ORDER BY n LIMIT 1";

static enum st
own_rights(struct pg *pg, const struct target *t, struct err *err)
{
    char oid[16];
    const char *values[] = { oid, t->dataset->instead == NULL ? "t" : "f" };
    struct pg_result *r = NULL;
    enum st st;

    snprintf(oid, sizeof oid, "%" PRIu32, t->oid);
    st = pg_run(pg, what, own_sql, ARRAY_LEN(values), values, &r, err);
    if (st == ST_OK && pg_rows(r) > 0) {
        st = target_unusable(t, err);
        err_cause(err, "%s", pg_text(r, 0, 0).p);
        err_hint(err, "%s", pg_text(r, 0, 1).p);
    }
    pg_free(r);
    return st;
}

/* ---- the tables beside it ---- */

enum { BESIDE_LACKS, BESIDE_CAUSE, BESIDE_HINT };

/* One row if there is such a table, with such a column where one is named. */
static const char beside_sql[] =
    "SELECT CASE WHEN $3::text IS NULL THEN NOT has_table_privilege(c.oid, $4::text)"
    "       ELSE NOT has_column_privilege(c.oid, $3::text, $4::text) END"
    "       AND current_setting('transaction_read_only') = 'off',"
    "  format('the role %I lacks %s on %I.%I', current_user, g.what, n.nspname, c.relname),"
    "  format('as the owner: GRANT %s ON %I.%I TO %I;', g.what, n.nspname, c.relname,"
    "         current_user)"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
    "  LATERAL (SELECT $4::text || coalesce(' (' || quote_ident($3::text) || ')', '') AS what) g"
    " WHERE n.nspname = $1::text AND c.relname = $2::text AND ($3::text IS NULL OR EXISTS (SELECT"
    "  FROM pg_catalog.pg_attribute a"
    "  WHERE a.attrelid = c.oid AND a.attname = $3::text AND NOT a.attisdropped))";

static enum st
nothing_there(const struct target *t, const struct table_right *right, struct err *err)
{
    target_unusable(t, err);
    if (right->column == NULL)
        err_cause(err, "table \"%s\" is missing beside it", right->table);
    else
        err_cause(err, "column \"%s\" of table \"%s\" is missing beside it", right->column,
                  right->table);
    return ST_DB;
}

static enum st
beside_right(struct pg *pg, const struct target *t, const struct table_right *right,
             struct err *err)
{
    const char *values[] = { t->schema, right->table, right->column, right->right };
    struct pg_result *r = NULL;
    enum st st = pg_run(pg, what, beside_sql, ARRAY_LEN(values), values, &r, err);

    if (st == ST_OK && pg_rows(r) == 0 && !right->if_there) {
        st = nothing_there(t, right, err);
    } else if (st == ST_OK && pg_rows(r) > 0 && slice_is(pg_text(r, 0, BESIDE_LACKS), "t")) {
        st = target_unusable(t, err);
        err_cause(err, "%s", pg_text(r, 0, BESIDE_CAUSE).p);
        err_hint(err, "%s", pg_text(r, 0, BESIDE_HINT).p);
    }
    pg_free(r);
    return st;
}

enum st
rights_look(struct pg *pg, const struct target *t, struct err *err)
{
    const struct table_right *right = t->dataset->rights;
    enum st st = own_rights(pg, t, err);

    for (; st == ST_OK && right != NULL && right->table != NULL; right++)
        st = beside_right(pg, t, right, err);
    return st;
}
