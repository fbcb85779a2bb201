/*
 * Which tables a report is about: those that our migrations made, wherever they are, and the one
 * that a run would find, if the role may read them.
 */
#include "ingest/base.h"

#include "report_priv.h"

/* In the order in which people look. */
static const char *const shown[] = { "stats", "job_artifact_downloads", "dataselect_stats",
                                     "emote_stats" };

/* $1 the table's name, $2 our mark, $3 the dataset's schema; what is first on the search path first. */
static const char tables_sql[] =
    "SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),"
    " format('GRANT USAGE ON SCHEMA %I TO %I; GRANT SELECT ON %I.%I TO %I;', n.nspname, current_user,"
    "        n.nspname, c.relname, current_user)"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN unnest(current_schemas(false)) WITH ORDINALITY AS path(name, at) ON path.name = n.nspname"
    " WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    " AND (starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $2) OR n.nspname = $3::text"
    "      OR path.at = (SELECT min(p.at) FROM unnest(current_schemas(false)) WITH ORDINALITY AS p(name, at)"
    "                     JOIN pg_catalog.pg_namespace y ON y.nspname = p.name"
    "                     JOIN pg_catalog.pg_class x ON x.relnamespace = y.oid AND x.relname = $1))"
    " ORDER BY path.at NULLS LAST, n.nspname";

/* One that may not be read, and the GRANT: said once, and kept for when there is no other. */
struct closed {
    char table[140], grant[256];
};

static enum st
add_table(struct report *r, struct pg *pg, const struct dataset *d, const struct pg_result *found,
          size_t row, struct closed *closed, struct err *err)
{
    struct table *t = &r->tables[r->n_tables];
    const char *schema = pg_text(found, row, 0).p;
    struct err why;
    enum st rc;

    *t = (struct table){ .first = DAY_NONE, .last = DAY_NONE };
    snprintf(t->shown, sizeof t->shown, "%.63s.%s", schema, d->table);
    if (!slice_is(pg_text(found, row, 1), "t")) {
        report_note(r, "%s is left out: this role may not read it", t->shown);
        snprintf(closed->table, sizeof closed->table, "%s", t->shown);
        snprintf(closed->grant, sizeof closed->grant, "%.250s", pg_text(found, row, 2).p);
        return ST_OK;
    }
    rc = target_find_in(pg, d, schema, &t->target, &why);
    if (rc == ST_OK) {
        r->n_tables++;
        return ST_OK;
    }
    if (rc != ST_DB || pg_sqlstate(pg)[0] != '\0') {
        *err = why;
        return rc;
    }
    report_note(r, "%s is left out: %s", t->shown, why.cause);
    return ST_OK;
}

static enum st
find_of(struct report *r, struct pg *pg, const struct dataset *d, struct closed *closed,
        struct err *err)
{
    const char *values[] = { d->table, COMMENT_OURS, d->schema };
    struct pg_result *found = NULL;
    enum st rc = pg_run(pg, REPORT_WHAT, tables_sql, ARRAY_LEN(values), values, &found, err);

    for (size_t i = 0; rc == ST_OK && i < pg_rows(found) && r->n_tables < TABLES_MAX; i++)
        rc = add_table(r, pg, d, found, i, closed, err);
    pg_free(found);
    return rc;
}

/* Of one name, or of a pattern, only tables that have names tell something. */
static bool
is_asked_for(const struct report *r, const char *dataset)
{
    if (r->q->dataset != NULL && strcmp(r->q->dataset, dataset) != 0)
        return false;
    if (r->q->name != NULL)
        return strcmp(dataset, "stats") == 0 || strcmp(dataset, "job_artifact_downloads") == 0;
    return r->pattern.p == NULL || strcmp(dataset, "emote_stats") != 0;
}

enum st
report_tables_find(struct report *r, struct pg *pg, struct err *err)
{
    struct closed closed = { .table = "" };
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < ARRAY_LEN(shown); i++)
        if (is_asked_for(r, shown[i]))
            rc = find_of(r, pg, dataset_by_name(shown[i]), &closed, err);
    if (rc != ST_OK || r->n_tables > 0)
        return rc;
    if (closed.table[0] != '\0') {
        err_fail(err, ST_DB, REPORT_WHAT, "this role may not read %s", closed.table);
        err_hint(err, "as the owner: %s", closed.grant);
    } else if (r->n_notes > 0) {
        err_fail(err, ST_DB, REPORT_WHAT, "%.200s", r->notes[0].p);
    } else if (r->q->dataset != NULL) {
        err_fail(err, ST_DB, REPORT_WHAT, "there is no table of the dataset %.60s", r->q->dataset);
        err_hint(err, "without --dataset the report is about all that there are; ingest migrate up %s",
                 dataset_by_name(r->q->dataset)->migrations);
    } else {
        err_fail(err, ST_DB, REPORT_WHAT, "there is no table of downloads in this database");
        err_hint(err, "make them and count into them: ingest migrate up, then ingest -d ... LOGS");
    }
    return err->code;
}
