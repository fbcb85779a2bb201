/*
 * Hits whose path no catalog knows yet: a replica lags behind, or a file is entered after its first
 * download. They are added up by input, path and day in a rollup of their own, which is absorbed,
 * dropped, spilled and undone like all others, and written in the transaction of their payloads.
 */
#include "ingest/base.h"

#include "catalogs.h"
#include "commit.h"
#include "pass.h"
#include "pipeline_priv.h"
#include "stream.h"

/* ---- the cold end of the crank ---- */

static bool
waits(enum reason why)
{
    return why == FILTER_UNKNOWN_DIST || why == FILTER_UNKNOWN_ARTIFACT;
}

/*
 * What would not count if its key were known does not wait for one: repeats within a window. Parts
 * of an object are put together by its key, so without one there is nothing to put together.
 */
static enum reason
ask_stream(struct pass *p, const struct record *rec, const struct hit *parked, enum reason why)
{
    struct picker *picker = p->picker;
    enum reason said;

    if (rec->status == 206 && picker->rules->pack->range.kind == RANGE_UNION)
        return FILTER_RANGE;
    if (picker->object_secret != NULL)
        picker->object = hash_keyed(picker->object_secret, parked->key.p, parked->key.n);
    said = stream_take(p->w, picker, rec, parked);
    return said == KEEP ? why : said;
}

static enum st
park(struct pass *p, struct hit parked, const struct record *rec, enum reason *why, struct err *err)
{
    struct pending *pending = &p->w->pending[p->w->n_pending];
    uint8_t key[8 + KEY_BYTES_MAX];

    if (p->w->run->stream != NULL && !waits(*why = ask_stream(p, rec, &parked, *why)))
        return ST_OK;
    if (rec->day < p->adopt_until) /* whoever counted it has looked it up, or has not */
        return ST_OK;
    if (parked.sums[1] > INT64_MAX - p->parked_bytes) {
        *why = REJECT_NUMBER;
        return ST_OK;
    }
    p->parked_bytes += parked.sums[1];
    parked.has_client = parked.has_client && pending->table->shape.sketch; /* else it has no key */
    memcpy(key_put_int(key, pending->item->at), parked.key.p, parked.key.n);
    parked.key = (struct slice){ (const char *)key, 8 + parked.key.n };
    return rollup_add(p->parked, &parked, err);
}

enum st
parked_take(struct pass *p, const struct record *rec, enum reason *why, struct err *err)
{
    const struct hit *parked = &p->picker->parked;

    if (!waits(*why) || p->parked == NULL || parked->key.n == 0 ||
        parked->key.n > KEY_BYTES_MAX - 8)
        return ST_OK;
    return park(p, *parked, rec, why, err);
}

/* ---- rollups ---- */

struct rollup *
parked_rollup(const struct run *run, struct rollup **slot, struct err *err)
{
    static const struct rollup_shape shape = { .n_sums = 2, .sketch = true };

    if (*slot == NULL)
        *slot = rollup_new(&shape, run_share(run), NULL, err);
    else
        rollup_reset(*slot);
    return *slot;
}

/* ---- writing ---- */

static enum st
write_row(struct run *run, struct buf *b, const struct row *row, struct err *err)
{
    const uint8_t *at = (const uint8_t *)row->key.p;
    const struct payload *payload = run->items[key_get_int(&at)].payload;
    struct parked p = { .payload = payload->id, .dataset = payload->key.dataset };
    enum st rc;

    p.path = key_get_text(&at);
    p.day = key_get_day(&at);
    p.count = row->sums[0];
    p.bytes = row->sums[1];
    for (size_t i = 0; i < run->n_tables; i++) {
        const struct table *t = &run->tables[i];

        if (strcmp(t->dataset->name, p.dataset) != 0)
            continue;
        if (t->shape.sketch)
            p.clients = row->sketch;
        if ((rc = ledger_park(&run->ledger, b, &p, err)) == ST_OK)
            run->batch.parked[i] += p.count;
        return rc;
    }
    return err_fail(err, ST_BUG, "cannot write what waits for its key", "no table is called %s",
                    p.dataset);
}

static enum st
write_rows(struct run *run, struct rows *rows, struct err *err)
{
    struct buf b = { 0 };
    struct row row;
    int64_t n = 0;
    enum st rc = ledger_park_begin(&run->ledger, &b, err);

    while (rc == ST_OK && (rc = rows_next(rows, &row, err)) == ST_OK) {
        rc = write_row(run, &b, &row, err);
        n++;
    }
    if (rc == ST_EOF)
        rc = ledger_park_end(&run->ledger, &b, n, err);
    buf_release(&b);
    return rc;
}

enum st
parked_write(struct run *run, struct err *err)
{
    struct rows *rows;
    bool none;
    enum st rc;

    memset(run->batch.parked, 0, sizeof run->batch.parked);
    rows = batch_rows(run, PARKED, &none, err);
    if (rows == NULL)
        return none ? ST_OK : err->code;
    rc = write_rows(run, rows, err);
    rows_free(rows);
    return rc;
}
