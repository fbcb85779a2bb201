/*
 * Rows of some days go, so that they can be made anew.
 */
#include "ingest/base.h"

#include "ingest/clock.h"

#include "sink_priv.h"

static const char what[] = "cannot delete rows";

enum st
sink_may_delete(struct pg *pg, const struct target *t, struct err *err)
{
    static const char sql[] = "SELECT has_table_privilege($1::oid, 'DELETE'), current_user";
    struct pg_result *r = NULL;
    struct buf name = { 0 };
    char oid[16];
    const char *values[] = { oid };
    enum st rc;

    snprintf(oid, sizeof oid, "%" PRIu32, t->oid);
    rc = pg_run(pg, what, sql, 1, values, &r, err);
    if (rc == ST_OK && !slice_is(pg_text(r, 0, 0), "t")) {
        sql_table(&name, t);
        rc = target_unusable(t, err);
        err_cause(err, "the role %s lacks DELETE on %s", pg_text(r, 0, 1).p,
                  name.failed ? t->dataset->table : buf_str(&name));
        err_hint(err, "as the owner: GRANT DELETE ON %s TO \"%s\";",
                 name.failed ? t->dataset->table : buf_str(&name), pg_text(r, 0, 1).p);
    }
    buf_release(&name);
    pg_free(r);
    return rc;
}

static void
delete_sql(struct buf *b, const struct target *t, int32_t first, int32_t end)
{
    const struct key_column *day = key_day(t->dataset);

    buf_text(b, "WITH gone AS (DELETE FROM ");
    sql_table(b, t);
    buf_text(b, " AS t WHERE ");
    sql_of_days(b, t, first, end);
    buf_text(b, " RETURNING t.");
    pg_ident(NULL, b, day->name);
    buf_text(b, " AS day) SELECT ");
    buf_text(b, day->as_epoch ? "day::bigint / 86400" : "(day - date '1970-01-01')::bigint");
    buf_text(b, ", count(*) FROM gone GROUP BY 1 ORDER BY 1");
}

enum st
sink_delete(struct pg *pg, const struct target *t, int32_t first, int32_t end,
            bool (*take)(void *ctx, int32_t day), void *ctx, int64_t *n, struct err *err)
{
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    enum st rc;

    *n = 0;
    delete_sql(&sql, t, first, end);
    rc = buf_str(&sql) == NULL ? err_memory(err, what)
                               : pg_run(pg, what, sql.p, 0, NULL, &r, err);
    for (size_t row = 0; rc == ST_OK && row < pg_rows(r); row++) {
        *n += pg_int(r, row, 1);
        if (!take(ctx, (int32_t)pg_int(r, row, 0)))
            rc = err_memory(err, what);
    }
    pg_free(r);
    buf_release(&sql);
    return rc;
}
