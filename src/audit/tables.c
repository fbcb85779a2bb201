/*
 * Which tables hold what the ledger calls a dataset. The ledger names the dataset and not the
 * table, so all that may have been fed count: those that our migrations made, wherever they are,
 * those whose ecosystem or key the settings remember, and the one that a run would find now.
 */
#include "ingest/base.h"

#include "audit_priv.h"

/* ---- columns ---- */

const char *
book_count(const struct dataset *d)
{
    return strcmp(d->sums[0], "bytes") == 0 ? d->sums[1] : d->sums[0];
}

const char *
book_bytes(const struct target *t)
{
    for (size_t i = 0; i < t->dataset->n_sums; i++)
        if (strcmp(t->dataset->sums[i], "bytes") == 0 && t->has_sum[i])
            return "bytes";
    return NULL;
}

const struct key_column *
book_day(const struct dataset *d)
{
    for (size_t i = 0; i < d->n_keys; i++)
        if (d->keys[i].kind == COLUMN_DAY)
            return &d->keys[i];
    return NULL;
}

const char *
book_version(const struct dataset *d)
{
    for (size_t i = 0; d->total != NULL && i < d->n_keys; i++)
        if (d->keys[i].nullable)
            return d->keys[i].name;
    return NULL;
}

void
sql_of_table(struct buf *b, const struct target *t)
{
    pg_ident(NULL, b, t->schema);
    buf_text(b, ".");
    pg_ident(NULL, b, t->dataset->table);
}

const char *
name_of_table(const struct target *t, char out[TABLE_NAME])
{
    snprintf(out, TABLE_NAME, "%s.%s", t->schema, t->dataset->table);
    return out;
}

void
sql_of_month(struct buf *b, const char *table, const char *column)
{
    struct buf day = { 0 };

    buf_printf(&day, "%s.", table);
    pg_ident(NULL, &day, column);
    if (buf_str(&day) != NULL)
        buf_printf(b,
                   "CASE WHEN %s BETWEEN date '0001-01-01' AND date '9999-12-31'"
                   " THEN date_trunc('month', %s) END",
                   day.p, day.p);
    b->failed = b->failed || day.failed;
    buf_release(&day);
}

void
sql_of_key(struct buf *b, const struct target *t)
{
    const struct dataset *d = t->dataset;

    buf_text(b, "concat_ws('/'");
    if (d->has_node)
        buf_text(b, ", t.node_id::text");
    for (size_t i = 0; i < d->n_keys; i++) {
        buf_text(b, ", coalesce(t.");
        pg_ident(NULL, b, d->keys[i].name);
        buf_text(b, "::text, 'NULL')");
    }
    buf_text(b, ")");
}

/* ---- the tables ---- */

/* $1 the table's name, $2 our mark, $3 the dataset's schema. */
static const char tables_sql[] =
    "SELECT n.nspname,"
    " CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE')"
    "      THEN format('GRANT USAGE ON SCHEMA %I TO %I;', n.nspname, current_user)"
    "      WHEN NOT has_table_privilege(c.oid, 'SELECT')"
    "      THEN format('GRANT SELECT ON %I.%I TO %I;', n.nspname, c.relname, current_user) END,"
    " EXISTS (SELECT FROM pg_catalog.pg_constraint f"
    "          WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confdeltype = 'c'),"
    " EXISTS (SELECT FROM ingest.settings s WHERE s.key IN"
    "         ('ecosystem:' || n.nspname || '.' || c.relname, 'key_id:' || n.nspname || '.' || c.relname)),"
    " current_user"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    " AND (starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $2) OR n.nspname = $3::text"
    "      OR c.oid = (SELECT x.oid FROM unnest(current_schemas(false)) WITH ORDINALITY AS path(name, at)"
    "                  JOIN pg_catalog.pg_namespace y ON y.nspname = path.name"
    "                  JOIN pg_catalog.pg_class x ON x.relnamespace = y.oid AND x.relname = $1"
    "                  ORDER BY path.at LIMIT 1)"
    "      OR EXISTS (SELECT FROM ingest.settings s WHERE s.key IN"
    "         ('ecosystem:' || n.nspname || '.' || c.relname, 'key_id:' || n.nspname || '.' || c.relname)))"
    " ORDER BY 1";

static enum st
not_readable(const struct pg_result *r, size_t row, const char *table, struct err *err)
{
    err_fail(err, ST_DB, audit_what, "the role %.63s may not read %.63s.%.63s",
             pg_text(r, row, 4).p, pg_text(r, row, 0).p, table);
    err_hint(err, "as the owner: %s", pg_text(r, row, 1).p);
    return ST_DB;
}

/*
 * A table of that name that no run could feed (other columns) holds nothing of ours, unless the
 * settings say that it was fed.
 */
static enum st
add_table(struct audit *a, struct book *book, const struct pg_result *r, size_t row,
          struct err *err)
{
    struct target *t = &book->tables[book->n_tables];
    bool was_fed = slice_is(pg_text(r, row, 3), "t");
    struct err why;
    enum st rc;

    if (book->n_tables == BOOK_TABLES_MAX)
        return err_fail(err, ST_DB, audit_what, "over %d tables are called %s", BOOK_TABLES_MAX,
                        book->dataset->table);
    rc = target_find_in(a->pg, book->dataset, pg_text(r, row, 0).p, t, &why);
    if (rc != ST_OK && (rc != ST_DB || pg_sqlstate(a->pg)[0] != '\0' || was_fed || t->ours)) {
        *err = why;
        return rc;
    }
    if (rc != ST_OK)
        return ST_OK;
    if (!pg_is_null(r, row, 1))
        return not_readable(r, row, book->dataset->table, err);
    book->shared |= !t->ours;
    book->cascades |= slice_is(pg_text(r, row, 2), "t");
    book->n_tables++;
    return ST_OK;
}

static enum st
find_tables(struct audit *a, struct book *book, struct err *err)
{
    const char *values[] = { book->dataset->table, COMMENT_OURS, book->dataset->schema };
    struct pg_result *r = NULL;
    enum st rc = pg_run(a->pg, audit_what, tables_sql, ARRAY_LEN(values), values, &r, err);

    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        rc = add_table(a, book, r, i, err);
    pg_free(r);
    return rc;
}

/* ---- what the ledger says of the dataset ---- */

/*
 * Payloads of EIDA's bring sums of their own making. Names without a version come from the user's
 * own routes, which no ecosystem of the built-in ones has, and from formats that have names.
 */
static const char fed_sql[] =
    "SELECT count(*) > 0, coalesce(bool_or(format = 'eida'), false),"
    " coalesce(bool_and(format NOT IN ('json', 'csv', 'tsv')), false)"
    "  AND NOT EXISTS (SELECT FROM ingest.settings WHERE starts_with(key, 'ecosystem:')"
    "   AND convert_from(value, 'SQL_ASCII') NOT IN ('crates', 'rubygems', 'hex', 'npm', 'pypi', 'cran', 'debian', 'maven'))"
    " FROM ingest.payloads WHERE dataset = $1";

static enum st
ask_ledger(struct audit *a, struct book *book, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(a->pg, audit_what, fed_sql, 1, &book->dataset->name, &r, err);

    if (rc == ST_OK) {
        book->is_fed = slice_is(pg_text(r, 0, 0), "t");
        book->given = slice_is(pg_text(r, 0, 1), "t");
        book->versioned = slice_is(pg_text(r, 0, 2), "t");
    }
    pg_free(r);
    return rc;
}

static enum st
find_nodes(struct audit *a, struct book *book, struct err *err)
{
    static const char sql[] =
        "SELECT n.t::regclass::text FROM (SELECT to_regclass(quote_ident($1) || '.nodes')::oid) AS n(t)"
        " WHERE CASE WHEN n.t IS NOT NULL THEN has_column_privilege(n.t, 'id', 'SELECT')"
        "                                  AND has_column_privilege(n.t, 'name', 'SELECT') END";
    const char *schema = book->tables[0].schema;
    struct pg_result *r = NULL;
    enum st rc;

    if (!book->dataset->has_node || book->n_tables == 0)
        return ST_OK;
    rc = pg_run(a->pg, audit_what, sql, 1, &schema, &r, err);
    if (rc == ST_OK && pg_rows(r) > 0)
        snprintf(book->nodes, sizeof book->nodes, "%s", pg_text(r, 0, 0).p);
    pg_free(r);
    return rc;
}

enum st
book_find(struct audit *a, const struct dataset *d, struct book *book, struct err *err)
{
    enum st rc;

    *book = (struct book){ .dataset = d };
    if ((rc = find_tables(a, book, err)) != ST_OK || (rc = ask_ledger(a, book, err)) != ST_OK)
        return rc;
    return find_nodes(a, book, err);
}
