/*
 * Rows on their way into a statement: an array parameter for each column, which the statement
 * unfolds with unnest. One round trip, and one statement, for any number of rows.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

void
columns_begin(struct columns *c, size_t n)
{
    assert(n <= COLUMNS_MAX);
    *c = (struct columns){ .n = n };
    for (size_t i = 0; i < n; i++)
        pg_array_begin(&c->at[i]);
}

void
columns_add_value(struct columns *c, const char *value)
{
    assert(c->n + c->n_more < COLUMNS_MAX);
    c->values[c->n + c->n_more++] = value;
}

enum st
columns_run(struct columns *c, struct pg *pg, const char *what, const char *sql,
            struct pg_result **out, struct err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        c->values[i] = pg_array_end(&c->at[i]);
        if (c->values[i] == NULL)
            return err_memory(err, what);
    }
    return pg_run(pg, what, sql, c->n + c->n_more, c->values, out, err);
}

void
columns_release(struct columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        pg_array_release(&c->at[i]);
}
