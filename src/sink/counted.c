/*
 * Up to which day a table's sketches reach: a client key may begin behind it.
 */
#include "ingest/base.h"

#include "sink_priv.h"

enum st
sink_last_day(struct pg *pg, const struct target *t, int32_t from, int32_t *last, struct err *err)
{
    static const char what[] = "cannot look for the last day that was counted";
    const struct key_column *day = key_day(t->dataset);
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    enum st rc;

    *last = DAY_NONE;
    buf_text(&sql, "SELECT max(t.");
    pg_ident(NULL, &sql, day->name);
    buf_text(&sql, day->as_epoch ? ")::bigint / 86400 FROM " : ") - date '1970-01-01' FROM ");
    sql_table(&sql, t);
    buf_text(&sql, " AS t WHERE ");
    sql_of_days(&sql, t, from, DAY_MAX + 1);
    buf_text(&sql, " AND t.");
    pg_ident(NULL, &sql, t->dataset->uniques);
    buf_text(&sql, " IS NOT NULL");
    rc = buf_str(&sql) == NULL ? err_memory(err, what) : pg_run(pg, what, sql.p, 0, NULL, &r, err);
    if (rc == ST_OK && !pg_is_null(r, 0, 0))
        *last = (int32_t)pg_int(r, 0, 0);
    pg_free(r);
    buf_release(&sql);
    return rc;
}
