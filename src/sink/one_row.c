/*
 * The row of one key as it stands in a table, whoever wrote it.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/uuid.h"

#include "sink_priv.h"

static const char what[] = "cannot read a row of the table";

/* The key's columns as parameters: what is not NULL, in the order of the columns. */
struct asked {
    char        fixed[KEY_COLS_MAX][40];
    const char *values[KEY_COLS_MAX];
    size_t      n;
};

static void
value_of(struct asked *a, const struct key_column *column, const uint8_t **at)
{
    char *text = a->fixed[a->n];
    int32_t day;

    a->values[a->n] = text;
    switch (column->kind) {
    case COLUMN_TEXT:
        a->values[a->n] = key_get_text(at).p;
        break;
    case COLUMN_DAY:
        day = key_get_day(at);
        if (column->as_epoch)
            snprintf(text, sizeof a->fixed[0], "%" PRId64, day_epoch(day));
        else
            clock_format_day(day, text);
        break;
    case COLUMN_UUID:
        uuid_format(key_get_uuid(at), text);
        break;
    case COLUMN_INT:
        snprintf(text, sizeof a->fixed[0], "%" PRId64, key_get_int(at));
        break;
    }
}

/* No cast on the table's side, so that its indexes serve. */
static void
where_key(struct buf *b, const struct target *t, struct slice key, struct asked *a)
{
    const uint8_t *at = (const uint8_t *)key.p;
    const struct dataset *d = t->dataset;

    for (size_t i = 0; i < d->n_keys; i++) {
        buf_text(b, i == 0 ? "t." : " AND t.");
        pg_ident(NULL, b, d->keys[i].name);
        value_of(a, &d->keys[i], &at);
        if (a->values[a->n] == NULL)
            buf_text(b, " IS NULL");
        else
            buf_printf(b, " = $%zu", ++a->n);
    }
    if (d->has_node)
        buf_printf(b, " AND t.node_id = %" PRId32, t->node_id);
}

static void
select_row(struct buf *b, const struct target *t, struct slice key, struct asked *a)
{
    const struct dataset *d = t->dataset;

    buf_text(b, "SELECT ");
    for (size_t i = 0; i < d->n_sums; i++) {
        buf_text(b, i == 0 ? "" : ", ");
        if (t->has_sum[i]) {
            buf_text(b, "t.");
            pg_ident(NULL, b, d->sums[i]);
            buf_text(b, "::bigint");
        } else {
            buf_text(b, "NULL::bigint");
        }
    }
    if (t->has_sketch) {
        buf_text(b, ", ");
        sql_hll(b, t, "hll_send(t.");
        pg_ident(NULL, b, d->uniques);
        buf_text(b, ")");
    }
    buf_text(b, " FROM ");
    sql_table(b, t);
    buf_text(b, " AS t WHERE ");
    where_key(b, t, key, a);
}

static enum st
take_row(const struct target *t, struct slice key, const struct pg_result *r, size_t i,
         sink_row *take, void *ctx, struct err *err)
{
    const struct dataset *d = t->dataset;
    struct row row = { .key = key };
    char sketch[HLL_WIRE_MAX];
    size_t n;

    for (size_t k = 0; k < d->n_sums; k++)
        row.sums[k] = pg_int(r, i, k);
    if (t->has_sketch && !pg_is_null(r, i, d->n_sums) &&
        (n = pg_bytea(r, i, d->n_sums, sketch, sizeof sketch)) != SIZE_MAX)
        row.sketch = (struct slice){ sketch, n };
    return take(ctx, &row, err);
}

enum st
sink_find_row(struct pg *pg, const struct target *t, struct slice key, sink_row *take, void *ctx,
              struct err *err)
{
    struct asked asked = { .n = 0 };
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    enum st rc;

    select_row(&sql, t, key, &asked);
    rc = buf_str(&sql) == NULL ? err_memory(err, what)
                               : pg_run(pg, what, sql.p, asked.n, asked.values, &r, err);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        rc = take_row(t, key, r, i, take, ctx, err);
    pg_free(r);
    buf_release(&sql);
    return rc;
}
