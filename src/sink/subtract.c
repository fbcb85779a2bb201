/*
 * Sums of rows taken off a table again. A row that nobody else has added to is exactly what comes,
 * and goes; of the others the sums become less, and their sketches cannot. Through the stage, as a
 * merge: the rows that are deleted leave it, and what is left in it is updated.
 */
#include "ingest/base.h"

#include "sink_priv.h"

static const char what[] = "cannot take rows back";

/* ---- statements ---- */

/* coalesce(t.count, 0) OPERATOR s.count: a live table may hold NULLs. */
static void
compare_sum(struct buf *b, const struct target *t, size_t sum, const char *operator)
{
    buf_text(b, "coalesce(t.");
    pg_ident(NULL, b, t->dataset->sums[sum]);
    buf_printf(b, ", 0) %s s.", operator);
    pg_ident(NULL, b, t->dataset->sums[sum]);
}

static void
compare_sums(struct buf *b, const struct target *t, const char *operator)
{
    for (size_t i = 0; i < t->dataset->n_sums; i++)
        if (t->has_sum[i]) {
            buf_text(b, " AND ");
            compare_sum(b, t, i, operator);
        }
}

/* AND so much is there. A sum that stopped at the end of its range has lost what came after. */
static void
holds_enough(struct buf *b, const struct target *t)
{
    compare_sums(b, t, ">=");
    for (size_t i = 0; i < t->dataset->n_sums; i++)
        if (t->has_sum[i]) {
            buf_text(b, " AND coalesce(t.");
            pg_ident(NULL, b, t->dataset->sums[i]);
            buf_text(b, ", 0) < 9223372036854775807");
        }
}

/* FROM stage AS s, and which row of the table: of doubled ones the lowest, as in a merge. */
static void
from_stage(struct buf *b, const struct target *t, const char *stage, enum pass pass,
           const char *from)
{
    buf_printf(b, " %s %s AS s", from, stage);
    if (t->ours) {
        buf_text(b, " WHERE ");
        sql_same_key(b, t, "t.", "s.", pass);
        return;
    }
    buf_text(b, " JOIN ");
    sql_one_of_each(b, t, stage, pass);
    buf_text(b, " ON ");
    sql_same_key(b, t, "one.", "s.", pass);
    buf_text(b, " WHERE t.tableoid = one.in_table AND t.ctid = one.at_place");
}

/* Rows that are all ours: they go, and leave the stage. */
static void
sql_delete_whole(struct buf *b, const struct target *t, const char *stage, enum pass pass)
{
    buf_text(b, "WITH gone AS (DELETE FROM ");
    sql_table(b, t);
    buf_text(b, " AS t");
    from_stage(b, t, stage, pass, "USING");
    compare_sums(b, t, "=");
    buf_printf(b,
               " RETURNING s.ctid AS at) DELETE FROM %s AS x USING gone WHERE x.ctid = gone.at",
               stage);
}

/* Rows that others have added to. */
static void
sql_update_part(struct buf *b, const struct target *t, const char *stage, enum pass pass)
{
    const struct dataset *d = t->dataset;
    const char *comma = "";

    buf_text(b, "UPDATE ");
    sql_table(b, t);
    buf_text(b, " AS t SET ");
    for (size_t i = 0; i < d->n_sums; i++) {
        if (!t->has_sum[i])
            continue;
        buf_text(b, comma);
        pg_ident(NULL, b, d->sums[i]);
        buf_text(b, " = ");
        compare_sum(b, t, i, "-");
        comma = ", ";
    }
    if (t->has_updated_at)
        buf_text(b, ", \"updated_at\" = now()");
    from_stage(b, t, stage, pass, "FROM");
    holds_enough(b, t);
    buf_text(b, " AND (false");
    for (size_t i = 0; i < d->n_sums; i++)
        if (t->has_sum[i]) {
            buf_text(b, " OR ");
            compare_sum(b, t, i, ">");
        }
    buf_text(b, ")");
}

/* One of the stage's rows that the table does not hold: its key as text, NULL where it is NULL. */
static void
sql_find_short(struct buf *b, const struct target *t, const char *stage, enum pass pass)
{
    const struct key_column *nullable = key_nullable(t->dataset);

    buf_text(b, "SELECT concat_ws('/'");
    for (size_t i = 0; i < t->dataset->n_keys; i++) {
        buf_text(b, ", coalesce(s.");
        pg_ident(NULL, b, t->dataset->keys[i].name);
        buf_text(b, "::text, 'NULL')");
    }
    buf_printf(b, ") FROM %s AS s WHERE NOT EXISTS (SELECT FROM ", stage);
    sql_table(b, t);
    buf_text(b, " AS t WHERE ");
    sql_same_key(b, t, "t.", "s.", pass);
    holds_enough(b, t);
    buf_text(b, ")");
    if (nullable != NULL) {
        buf_text(b, " AND s.");
        pg_ident(NULL, b, nullable->name);
        buf_text(b, pass == PASS_NULL ? " IS NULL" : " IS NOT NULL");
    }
    buf_text(b, " ORDER BY 1 LIMIT 1");
}

/* What a row is called, for whoever wants to know whose clients are an upper bound. */
static const struct key_column *
key_name(const struct dataset *d)
{
    for (size_t i = 0; i < d->n_keys; i++)
        if (d->keys[i].kind == COLUMN_TEXT)
            return &d->keys[i];
    return &d->keys[0];
}

static void
sql_bounds(struct buf *b, const struct target *t, const char *stage)
{
    const struct key_column *day = key_day(t->dataset);

    buf_printf(b,
               "INSERT INTO ingest.upper_bounds (dataset, scope, day, name)"
               " SELECT DISTINCT '%s', %" PRId32 ", ",
               t->dataset->name, t->node_id);
    if (day->as_epoch)
        buf_text(b, "date '1970-01-01' + (s.");
    else
        buf_text(b, "(s.");
    pg_ident(NULL, b, day->name);
    buf_text(b, day->as_epoch ? " / 86400)::integer, coalesce(s." : "), coalesce(s.");
    pg_ident(NULL, b, key_name(t->dataset)->name);
    buf_printf(b, "::text, '') FROM %s AS s ON CONFLICT DO NOTHING", stage);
}

/* ---- steps ---- */

static enum st
run_counted(struct pg *pg, struct buf *sql, int64_t *n, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc =
        buf_str(sql) == NULL ? err_memory(err, what) : pg_run(pg, what, sql->p, 0, NULL, &r, err);

    if (rc == ST_OK)
        *n += pg_affected(r);
    pg_free(r);
    buf_reset(sql);
    return rc;
}

struct passes {
    enum pass at[2];
    size_t n;
};

static struct passes
passes_of(const struct target *t)
{
    return key_nullable(t->dataset) != NULL ? (struct passes){ { PASS_NOT_NULL, PASS_NULL }, 2 }
                                            : (struct passes){ { PASS_ALL }, 1 };
}

static enum st
tell_short(struct pg *pg, const struct target *t, const struct stage *s, struct err *err)
{
    struct passes passes = passes_of(t);
    struct buf sql = { 0 };
    enum st rc = ST_OK;
    char key[100] = "";

    for (size_t i = 0; i < passes.n && rc == ST_OK && key[0] == '\0'; i++) {
        struct pg_result *r = NULL;

        buf_reset(&sql);
        sql_find_short(&sql, t, s->name, passes.at[i]);
        rc = buf_str(&sql) == NULL ? err_memory(err, what)
                                   : pg_run(pg, what, sql.p, 0, NULL, &r, err);
        if (rc == ST_OK && pg_rows(r) > 0)
            snprintf(key, sizeof key, "%s", pg_text(r, 0, 0).p);
        pg_free(r);
    }
    buf_release(&sql);
    if (rc != ST_OK)
        return rc;
    err_fail(err, ST_CORRUPT, what, "table \"%s\" has less than was counted%s%s",
             t->dataset->table, key[0] == '\0' ? ", in rows that share a key" : ", as in ", key);
    err_hint(err, "it was changed by others: `ingest status --audit` shows where, `ingest recount` "
                  "puts it right");
    return ST_CORRUPT;
}

static enum st
take_off(struct pg *pg, const struct target *t, const struct stage *s, struct subtracted *out,
         struct err *err)
{
    struct passes passes = passes_of(t);
    struct buf sql = { 0 };
    enum st rc = pg_script(pg, what, "SAVEPOINT ingest_subtract", err);

    for (size_t i = 0; i < passes.n && rc == ST_OK; i++) {
        sql_delete_whole(&sql, t, s->name, passes.at[i]);
        if ((rc = run_counted(pg, &sql, &out->gone, err)) != ST_OK)
            break;
        sql_update_part(&sql, t, s->name, passes.at[i]);
        rc = run_counted(pg, &sql, &out->changed, err);
    }
    buf_release(&sql);
    if (rc != ST_OK || out->gone + out->changed == out->sent)
        return rc;
    rc = pg_script(pg, what, "ROLLBACK TO SAVEPOINT ingest_subtract", err);
    return rc == ST_OK ? tell_short(pg, t, s, err) : rc;
}

/* What is left in the stage are the rows that stay. */
static enum st
note_bounds(struct pg *pg, const struct target *t, const struct stage *s, struct err *err)
{
    struct buf sql = { 0 };
    int64_t n = 0;
    enum st rc;

    if (!t->has_sketch)
        return ST_OK;
    sql_bounds(&sql, t, s->name);
    rc = run_counted(pg, &sql, &n, err);
    buf_release(&sql);
    return rc;
}

enum st
sink_subtract(struct pg *pg, const struct target *t, struct rows *rows, struct subtracted *out,
              struct err *err)
{
    struct stage stage;
    enum st rc = sink_guide_planner(pg, err);

    *out = (struct subtracted){ 0 };
    if (rc == ST_OK)
        rc = stage_open(pg, t, &stage, err);
    if (rc == ST_OK)
        rc = send_rows(pg, t, stage.name, rows, &out->sent, err);
    if (rc == ST_OK && out->sent > 0 && (rc = stage_filled(pg, t, &stage, err)) == ST_OK &&
        (rc = take_off(pg, t, &stage, out, err)) == ST_OK)
        rc = note_bounds(pg, t, &stage, err);
    return rc == ST_OK ? stage_close(pg, &stage, err) : rc;
}
