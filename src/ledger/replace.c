/*
 * What --replace does to the books: payloads that were counted in months whose rows it overwrites
 * are marked, and leave the audit. How much of a payload stood in just these rows is not known.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

enum st
ledger_displace(struct ledger *l, const struct ledger_scope *scope, const int32_t *months, size_t n,
                struct err *err)
{
    static const char sql[] =
        "UPDATE ingest.payload_days d SET state = 'replaced'"
        " FROM (SELECT date '1970-01-01' + month AS first"
        "       FROM unnest($1::integer[]) AS m(month)) m,"
        " ingest.payloads p"
        " WHERE d.dataset = $2 AND d.day >= m.first AND d.day < m.first + interval '1 month'"
        " AND d.state IN ('counted', 'adopted') AND p.id = d.payload AND p.scope = $3::integer";
    struct columns c;
    char node[16];
    enum st rc;

    if (n == 0)
        return ST_OK;
    snprintf(node, sizeof node, "%" PRId32, scope->node);
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], months[i]);
    columns_add_value(&c, scope->dataset);
    columns_add_value(&c, node);
    rc = columns_run(&c, l->pg, "cannot mark what is replaced", sql, NULL, err);
    columns_release(&c);
    return rc;
}
