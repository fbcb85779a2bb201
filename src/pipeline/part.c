/*
 * How much of one row each input has: `ingest explain --row`. The rows of an input are made before
 * it would join the batch, looked through for the key, and go no further.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

/* Rows come sorted, so the first behind the key ends it. */
static enum st
find_row(struct rows *rows, struct slice key, struct row *row, bool *found, struct err *err)
{
    enum st rc;

    *found = false;
    while ((rc = rows_next(rows, row, err)) == ST_OK) {
        int order = memcmp(row->key.p, key.p, row->key.n < key.n ? row->key.n : key.n);

        *found = order == 0 && row->key.n == key.n;
        if (*found || order > 0)
            return ST_OK;
    }
    return rc == ST_EOF ? ST_OK : rc;
}

enum st
part_tell(struct run *run, struct pending *p, struct err *err)
{
    const struct run_config *c = run->config;
    struct part part = { .at = p->item->at, .payload = p->payload };
    struct rollup *rollup = p->table == NULL ? NULL : p->rollups[p->table - run->tables];
    struct rows *rows;
    struct row row;
    bool found;
    enum st rc;

    if (rollup == NULL || rollup_is_empty(rollup))
        return c->part(c->ctx, &part, err);
    if ((rows = rows_new(&rollup, 1, 1, err)) == NULL)
        return err->code;
    rc = find_row(rows, c->part_key, &row, &found, err);
    part.row = found ? &row : NULL;
    if (rc == ST_OK)
        rc = c->part(c->ctx, &part, err);
    rows_free(rows);
    return rc;
}
