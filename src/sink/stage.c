/*
 * Where rows wait before they are merged: a temporary table with the columns that we send. Numbers
 * are bigint here whatever they are in the table, so a row is always sent in the same way; a table
 * with narrower ones complains when its own limit is reached.
 */
#include "sink_priv.h"

static bool
is_bigint(const struct key_column *column)
{
    return column->kind == COLUMN_INT || column->as_epoch;
}

static void
stage_bigint(struct buf *b, const struct dataset *d, const char *name)
{
    if (d->instead != NULL)
        buf_text(b, "NULL");
    else
        pg_ident(NULL, b, name);
    buf_text(b, "::bigint AS ");
    pg_ident(NULL, b, name);
}

/* Of the table's own types, where rows go into the table; else of those of their kinds. */
static void
stage_key(struct buf *b, const struct dataset *d, const struct key_column *column)
{
    static const char *const types[] = {
        [COLUMN_TEXT] = "text", [COLUMN_DAY] = "date", [COLUMN_UUID] = "uuid"
    };

    if (is_bigint(column)) {
        stage_bigint(b, d, column->name);
    } else if (d->instead != NULL) {
        buf_printf(b, "NULL::%s AS ", types[column->kind]);
        pg_ident(NULL, b, column->name);
    } else {
        pg_ident(NULL, b, column->name);
    }
}

static void
stage_columns(struct buf *b, const struct target *t)
{
    const struct dataset *d = t->dataset;

    if (d->has_node)
        buf_printf(b, "%s::integer AS node_id, ", d->instead != NULL ? "NULL" : "node_id");
    for (size_t i = 0; i < d->n_keys; i++) {
        buf_text(b, i == 0 ? "" : ", ");
        stage_key(b, d, &d->keys[i]);
    }
    for (size_t i = 0; i < d->n_sums; i++) {
        if (!t->has_sum[i])
            continue;
        buf_text(b, ", ");
        stage_bigint(b, d, d->sums[i]);
    }
    if (t->has_sketch) {
        buf_text(b, ", ");
        pg_ident(NULL, b, d->uniques);
    }
}

enum st
stage_open(struct pg *pg, const struct target *t, struct stage *s, struct err *err)
{
    static const char what[] = "cannot make the stage";
    struct buf sql = { 0 };
    enum st st;

    snprintf(s->name, sizeof s->name, "pg_temp.ingest_stage_%" PRIu32, t->oid);
    buf_printf(&sql, "CREATE TEMPORARY TABLE ingest_stage_%" PRIu32 " ON COMMIT DROP AS SELECT ",
               t->oid);
    stage_columns(&sql, t);
    if (t->dataset->instead == NULL) {
        buf_text(&sql, " FROM ");
        sql_table(&sql, t);
    }
    buf_text(&sql, " WITH NO DATA");
    st = buf_str(&sql) == NULL ? err_memory(err, what) : pg_script(pg, what, sql.p, err);
    buf_release(&sql);
    return st;
}

enum st
stage_filled(struct pg *pg, const struct target *t, const struct stage *s, struct err *err)
{
    static const char what[] = "cannot look at the stage";
    struct buf sql = { 0 };
    enum st st;

    /* Nothing else tells the planner whether it has ten rows or a million. */
    buf_printf(&sql, "ANALYZE %s (", s->name);
    sql_columns(&sql, t, COLUMNS_KEYS, "");
    buf_text(&sql, ")");
    st = buf_str(&sql) == NULL ? err_memory(err, what) : pg_script(pg, what, sql.p, err);
    buf_release(&sql);
    return st;
}

enum st
stage_close(struct pg *pg, const struct stage *s, struct err *err)
{
    static const char what[] = "cannot drop the stage";
    struct buf sql = { 0 };
    enum st st;

    buf_printf(&sql, "DROP TABLE %s", s->name);
    st = buf_str(&sql) == NULL ? err_memory(err, what) : pg_script(pg, what, sql.p, err);
    buf_release(&sql);
    return st;
}
