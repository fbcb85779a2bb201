/*
 * Which tables a backup holds. pg_dump is given whole schemas, so that functions, types and the
 * schema itself come along, less every relation in them that is not ours to keep: the application's
 * tables are neither read nor locked.
 */
#include "ingest/base.h"

#include <stdarg.h>

#include "backup_priv.h"

static const char what[] = "cannot find the tables to back up";

/*
 * kept: the tables of schema ingest, those that carry our mark, those that are wanted by name; what
 * they refer to, again and again; their partitions. $1, $2: wanted schemas and names; $3: our mark.
 */
#define KEPT                                                                                       \
    "WITH RECURSIVE wanted(schema, name) AS (SELECT * FROM unnest($1::text[], $2::text[])),"       \
    " kept(oid) AS ("                                                                              \
    "  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"                 \
    "   WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND (n.nspname = 'ingest'"       \
    "    OR starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $3))"                    \
    "  UNION SELECT coalesce((SELECT c.oid FROM pg_class c JOIN pg_namespace n"                    \
    "     ON n.oid = c.relnamespace WHERE n.nspname = schema AND c.relname = name"                 \
    "     AND c.relkind IN ('r', 'p')),"                                                           \
    "    (SELECT c.oid FROM pg_class c WHERE c.oid = to_regclass(quote_ident(name))"               \
    "     AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't')) FROM wanted"                   \
    "  UNION SELECT next.oid FROM kept JOIN LATERAL ("                                             \
    "    SELECT confrelid FROM pg_constraint WHERE conrelid = kept.oid AND contype = 'f'"          \
    "    UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = kept.oid"                    \
    "    UNION ALL SELECT inhparent FROM pg_inherits WHERE inhrelid = kept.oid"                    \
    "   ) AS next(oid) ON true)"

/* Partitions are counted in the table that they are parts of. */
static const char tables_sql[] =
    KEPT " SELECT n.nspname, c.relname FROM kept JOIN pg_class c USING (oid)"
         " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT c.relispartition ORDER BY 1, 2";

static const char schemas_sql[] =
    KEPT " SELECT DISTINCT replace(n.nspname, '\"', '\"\"') FROM kept JOIN pg_class c USING (oid)"
         " JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1";

/* Sequences stay with the tables that own or use them, views if they are ours. */
static const char others_sql[] = KEPT
    " SELECT replace(n.nspname, '\"', '\"\"'), replace(c.relname, '\"', '\"\"') FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"
    " AND c.relnamespace IN (SELECT relnamespace FROM kept JOIN pg_class USING (oid))"
    " AND c.oid NOT IN (SELECT oid FROM kept WHERE oid IS NOT NULL)"
    " AND NOT (c.relkind IN ('v', 'm')"
    "          AND starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $3))"
    " AND NOT (c.relkind = 'S' AND (EXISTS (SELECT FROM pg_depend d JOIN kept k"
    "           ON k.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass"
    "            AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass)"
    "          OR EXISTS (SELECT FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid"
    "           JOIN kept k ON k.oid = a.adrelid WHERE d.classid = 'pg_attrdef'::regclass"
    "            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)))"
    " ORDER BY 1, 2";

/* ---- arguments ---- */

void
arguments_add(struct arguments *a, const char *format, ...)
{
    va_list list;

    if (a->n + 1 >= a->cap) {
        size_t cap = a->cap == 0 ? 64 : a->cap * 2;
        char **more = reallocarray(a->text, cap, sizeof *more);

        if (more == NULL) {
            a->failed = true;
            return;
        }
        a->text = more;
        a->cap = cap;
    }
    va_start(list, format);
    if (vasprintf(&a->text[a->n], format, list) < 0) {
        a->text[a->n] = NULL;
        a->failed = true;
    } else {
        a->text[++a->n] = NULL;
    }
    va_end(list);
}

void
arguments_release(struct arguments *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->text[i]);
    free(a->text);
    *a = (struct arguments){ 0 };
}

/* ---- questions ---- */

struct question {
    struct pg_array schemas, names;
    const char *values[3];
};

static enum st
question_make(struct question *q, const struct backup_job *job, struct err *err)
{
    pg_array_begin(&q->schemas);
    pg_array_begin(&q->names);
    for (size_t i = 0; i < job->n_tables; i++) {
        if (job->tables[i].schema == NULL)
            pg_array_null(&q->schemas);
        else
            pg_array_text(&q->schemas, slice_of(job->tables[i].schema));
        pg_array_text(&q->names, slice_of(job->tables[i].name));
    }
    q->values[0] = pg_array_end(&q->schemas);
    q->values[1] = pg_array_end(&q->names);
    q->values[2] = COMMENT_OURS;
    return q->values[0] != NULL && q->values[1] != NULL ? ST_OK : err_memory(err, what);
}

static enum st
ask(struct question *q, struct pg *pg, const char *sql, struct pg_result **r, struct err *err)
{
    *r = NULL;
    return pg_run(pg, what, sql, ARRAY_LEN(q->values), q->values, r, err);
}

static enum st
list_tables(struct question *q, struct pg *pg, struct manifest *m, struct err *err)
{
    struct pg_result *r;
    enum st rc = ask(q, pg, tables_sql, &r, err);

    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        rc = manifest_add(m, pg_text(r, i, 0), pg_text(r, i, 1), err);
    pg_free(r);
    if (rc == ST_OK && m->n_tables == 0) {
        rc = err_fail(err, ST_DB, "cannot back up this database", "it has no table of ours");
        err_hint(err, "ingest migrate up makes them; is it the database that is meant?");
    }
    return rc;
}

enum st
tables_find(const struct backup_job *job, struct pg *pg, struct manifest *m, struct arguments *a,
            struct err *err)
{
    struct question q;
    struct pg_result *r;
    enum st rc = question_make(&q, job, err);

    if (rc == ST_OK)
        rc = list_tables(&q, pg, m, err);
    if (rc == ST_OK && (rc = ask(&q, pg, schemas_sql, &r, err)) == ST_OK) {
        for (size_t i = 0; i < pg_rows(r); i++)
            arguments_add(a, "--schema=\"%s\"", pg_text(r, i, 0).p);
        pg_free(r);
    }
    if (rc == ST_OK && (rc = ask(&q, pg, others_sql, &r, err)) == ST_OK) {
        for (size_t i = 0; i < pg_rows(r); i++)
            arguments_add(a, "--exclude-table=\"%s\".\"%s\"", pg_text(r, i, 0).p,
                          pg_text(r, i, 1).p);
        pg_free(r);
    }
    pg_array_release(&q.schemas);
    pg_array_release(&q.names);
    return rc == ST_OK && a->failed ? err_memory(err, what) : rc;
}
