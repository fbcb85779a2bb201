/*
 * Payloads that are known because others have counted them: `ingest adopt`.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

enum st
ledger_find_adopted(struct ledger *l, const int64_t *ids, size_t n, struct adopted **out,
                    size_t *n_out, struct err *err)
{
    static const char what[] = "cannot ask the ledger for what was adopted";
    static const char sql[] =
        "SELECT payload, count(*) FILTER (WHERE state = 'adopted') AS days, count(*)"
        " FROM ingest.payload_days WHERE payload = ANY ($1::bigint[])"
        " GROUP BY payload HAVING bool_or(state = 'adopted') ORDER BY payload";
    struct pg_result *r = NULL;
    struct columns c;
    enum st rc;

    *out = NULL;
    *n_out = 0;
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        if (ids[i] != 0)
            pg_array_int(&c.at[0], ids[i]);
    rc = columns_run(&c, l->pg, what, sql, &r, err);
    columns_release(&c);
    if (rc == ST_OK && (*out = calloc(pg_rows(r) + 1, sizeof **out)) == NULL)
        rc = err_memory(err, what);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        (*out)[(*n_out)++] = (struct adopted){ .payload = pg_int(r, i, 0),
                                               .days = pg_int(r, i, 1),
                                               .all = pg_int(r, i, 2) };
    pg_free(r);
    return rc;
}
