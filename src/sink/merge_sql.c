/*
 * The statements of a merge, made from a dataset's description. They rely on no unique constraint:
 * a live table may have none that fits. Only our own tables are known to hold each key once.
 */
#include "sink_priv.h"

const struct key_column *
key_nullable(const struct dataset *d)
{
    for (size_t i = 0; i < d->n_keys; i++)
        if (d->keys[i].nullable)
            return &d->keys[i];
    return NULL;
}

const struct key_column *
key_day(const struct dataset *d)
{
    for (size_t i = 0; i < d->n_keys; i++)
        if (d->keys[i].kind == COLUMN_DAY)
            return &d->keys[i];
    assert(false && "a dataset without a day");
    return &d->keys[0];
}

static void
column(struct buf *b, const char *alias, const char *name)
{
    buf_text(b, alias);
    pg_ident(NULL, b, name);
}

static void
listed(struct buf *b, const char **comma, const char *alias, const char *name)
{
    buf_text(b, *comma);
    *comma = ", ";
    column(b, alias, name);
}

void
sql_columns(struct buf *b, const struct target *t, enum columns_of which, const char *alias)
{
    const struct dataset *d = t->dataset;
    const char *comma = "";

    if (d->has_node)
        listed(b, &comma, alias, "node_id");
    for (size_t i = 0; i < d->n_keys; i++)
        listed(b, &comma, alias, d->keys[i].name);
    if (which == COLUMNS_KEYS)
        return;
    for (size_t i = 0; i < d->n_sums; i++)
        if (t->has_sum[i])
            listed(b, &comma, alias, d->sums[i]);
    if (t->has_sketch)
        listed(b, &comma, alias, d->uniques);
}

void
sql_table(struct buf *b, const struct target *t)
{
    pg_ident(NULL, b, t->schema);
    buf_text(b, ".");
    pg_ident(NULL, b, t->dataset->table);
}

void
sql_hll(struct buf *b, const struct target *t, const char *function)
{
    pg_ident(NULL, b, t->hll_schema);
    buf_printf(b, ".%s", function);
}

void
sql_same_key(struct buf *b, const struct target *t, const char *left, const char *right,
             enum pass pass)
{
    const struct dataset *d = t->dataset;
    const char *and = "";

    if (d->has_node) {
        column(b, left, "node_id");
        buf_text(b, " = ");
        column(b, right, "node_id");
        and = " AND ";
    }
    for (size_t i = 0; i < d->n_keys; i++) {
        buf_text(b, and);
        and = " AND ";
        column(b, left, d->keys[i].name);
        if (d->keys[i].nullable && pass == PASS_NULL) {
            buf_text(b, " IS NULL AND ");
            column(b, right, d->keys[i].name);
            buf_text(b, " IS NULL");
        } else {
            buf_text(b, " = ");
            column(b, right, d->keys[i].name);
        }
    }
}

/* GREATEST takes a NULL for nothing. */
static void
latest(struct buf *b, const char *name)
{
    buf_text(b, "GREATEST(");
    column(b, "t.", name);
    buf_text(b, ", ");
    column(b, "s.", name);
    buf_text(b, ")");
}

/*
 * coalesce(t.name, 0) + s.name: live tables may hold NULLs, and NULL + n is NULL. A sum stops at
 * 2^63 - 1: were it an error, one absurd byte count would keep its row, and every batch with it,
 * from ever being counted again.
 */
static void
added(struct buf *b, const struct dataset *d, const char *name)
{
    if (d->signed_sums) { /* of +-1 each: they do not come near an end */
        buf_text(b, "coalesce(");
        column(b, "t.", name);
        buf_text(b, ", 0) + ");
        column(b, "s.", name);
        return;
    }
    buf_text(b, "CASE WHEN ");
    column(b, "t.", name);
    buf_text(b, " > 9223372036854775807 - ");
    column(b, "s.", name);
    buf_text(b, " THEN 9223372036854775807 ELSE coalesce(");
    column(b, "t.", name);
    buf_text(b, ", 0) + ");
    column(b, "s.", name);
    buf_text(b, " END");
}

static void
united(struct buf *b, const struct target *t)
{
    const char *name = t->dataset->uniques;

    buf_text(b, "coalesce(");
    sql_hll(b, t, "hll_union(");
    column(b, "t.", name);
    buf_text(b, ", ");
    column(b, "s.", name);
    buf_text(b, "), ");
    column(b, "s.", name);
    buf_text(b, ")");
}

/*
 * EIDA's web service takes a row that it overwrites for a new one: it sets created_at and leaves
 * updated_at alone. Its own table is served so; in ours a row keeps its beginning.
 */
static void
set_times(struct buf *b, const struct target *t, const char *comma)
{
    if (t->replaces && !t->ours && t->has_created_at)
        buf_printf(b, "%s\"created_at\" = now()", comma);
    else if (t->has_updated_at)
        buf_printf(b, "%s\"updated_at\" = now()", comma);
}

static void
set_list(struct buf *b, const struct target *t)
{
    const struct dataset *d = t->dataset;
    const char *comma = "";

    for (size_t i = 0; i < d->n_sums; i++) {
        if (!t->has_sum[i])
            continue;
        listed(b, &comma, "", d->sums[i]);
        buf_text(b, " = ");
        if (t->replaces)
            column(b, "s.", d->sums[i]);
        else if (d->keeps_latest)
            latest(b, d->sums[i]);
        else
            added(b, d, d->sums[i]);
    }
    if (t->has_sketch) {
        listed(b, &comma, "", d->uniques);
        buf_text(b, " = ");
        if (t->replaces)
            column(b, "s.", d->uniques);
        else
            united(b, t);
    }
    set_times(b, t, comma);
}

void
sql_one_of_each(struct buf *b, const struct target *t, const char *stage, enum pass pass)
{
    buf_text(b, "(SELECT DISTINCT ON (");
    sql_columns(b, t, COLUMNS_KEYS, "x.");
    buf_text(b, ") ");
    sql_columns(b, t, COLUMNS_KEYS, "x.");
    buf_text(b, ", x.tableoid AS in_table, x.ctid AS at_place FROM ");
    sql_table(b, t);
    buf_printf(b, " AS x JOIN %s AS s ON ", stage);
    sql_same_key(b, t, "x.", "s.", pass);
    buf_text(b, " ORDER BY ");
    sql_columns(b, t, COLUMNS_KEYS, "x.");
    if (t->lowest[0] != '\0') {
        buf_text(b, ", ");
        column(b, "x.", t->lowest);
    }
    buf_text(b, ", x.tableoid, x.ctid) AS one");
}

void
sql_update(struct buf *b, const struct target *t, const char *stage, enum pass pass)
{
    buf_text(b, "UPDATE ");
    sql_table(b, t);
    buf_text(b, " AS t SET ");
    set_list(b, t);
    buf_printf(b, " FROM %s AS s", stage);
    if (!t->ours) {
        buf_text(b, " JOIN ");
        sql_one_of_each(b, t, stage, pass);
        buf_text(b, " ON ");
        sql_same_key(b, t, "one.", "s.", pass);
        buf_text(b, " WHERE t.tableoid = one.in_table AND t.ctid = one.at_place");
        return;
    }
    buf_text(b, " WHERE ");
    sql_same_key(b, t, "t.", "s.", pass);
}

void
sql_insert(struct buf *b, const struct target *t, const char *stage, enum pass pass)
{
    const struct key_column *nullable = key_nullable(t->dataset);

    buf_text(b, "INSERT INTO ");
    sql_table(b, t);
    buf_text(b, " (");
    sql_columns(b, t, COLUMNS_ALL, "");
    buf_text(b, ") SELECT ");
    sql_columns(b, t, COLUMNS_ALL, "s.");
    buf_printf(b, " FROM %s AS s WHERE NOT EXISTS (SELECT FROM ", stage);
    sql_table(b, t);
    buf_text(b, " AS t WHERE ");
    sql_same_key(b, t, "t.", "s.", pass);
    buf_text(b, ")");
    if (nullable != NULL) {
        buf_text(b, " AND ");
        column(b, "s.", nullable->name);
        buf_text(b, pass == PASS_NULL ? " IS NULL" : " IS NOT NULL");
    }
    /*
     * Sorted: two writers then meet on the same row first and wait, instead of waiting for each
     * other.
     */
    buf_text(b, " ORDER BY ");
    sql_columns(b, t, COLUMNS_KEYS, "s.");
}

void
sql_doubled(struct buf *b, const struct target *t, const char *stage)
{
    buf_text(b, "SELECT count(*) FROM (SELECT FROM ");
    sql_table(b, t);
    buf_printf(b, " AS x JOIN %s AS s ON ", stage);
    sql_same_key(b, t, "x.", "s.", PASS_NULL);
    buf_text(b, " GROUP BY ");
    sql_columns(b, t, COLUMNS_KEYS, "x.");
    buf_text(b, " HAVING count(*) > 1) AS several");
}

void
sql_any_row(struct buf *b, const struct target *t)
{
    buf_text(b, "SELECT EXISTS (SELECT FROM ");
    sql_table(b, t);
    buf_text(b, " AS t WHERE ");
    column(b, "t.", key_day(t->dataset)->name);
    buf_text(b, key_day(t->dataset)->as_epoch ? " BETWEEN $1::bigint AND $2::bigint"
                                              : " BETWEEN $1::date AND $2::date");
    if (t->dataset->has_node)
        buf_text(b, " AND t.node_id = $3::integer");
    buf_text(b, ")");
}

static void
day_sql(struct buf *b, const struct key_column *column, int32_t day)
{
    char text[11];

    clock_format_day(day, text);
    if (column->as_epoch)
        buf_printf(b, "%" PRId64, day_epoch(day));
    else
        buf_printf(b, "date '%s'", day > DAY_MAX ? "infinity" : text); /* behind the last day */
}

void
sql_of_days(struct buf *b, const struct target *t, int32_t first, int32_t end)
{
    const struct key_column *day = key_day(t->dataset);

    column(b, "t.", day->name);
    buf_text(b, " >= ");
    day_sql(b, day, first);
    buf_text(b, " AND ");
    column(b, "t.", day->name);
    buf_text(b, " < ");
    day_sql(b, day, end);
    if (t->dataset->has_node)
        buf_printf(b, " AND t.node_id = %" PRId32, t->node_id);
}
