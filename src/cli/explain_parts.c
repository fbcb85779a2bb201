/*
 * How much of the row each of the given files has, and what all of them make of it together: a
 * payload that another one goes on from is in that one's file, and counts once.
 */
#include "ingest/base.h"

#include <math.h>

#include "ingest/num.h"

#include "explain_row.h"

static const char what[] = "cannot keep what the files have";

void
measure(struct answer *a, struct measures *out, const struct row *row)
{
    struct err ignored;

    *out = (struct measures){ .has_clients = false };
    memcpy(out->sums, row->sums, sizeof out->sums);
    hll_clear(a->sketch);
    if (row->sketch.p == NULL || hll_decode(a->sketch, row->sketch, &ignored) != ST_OK)
        return;
    out->clients = hll_cardinality(a->sketch);
    out->has_clients = isfinite(out->clients);
}

enum st
parts_take(void *ctx, const struct part *part, struct err *err)
{
    struct answer *a = ctx;
    struct file_part *g = &a->given[part->at];

    (void)err;
    g->told = true;
    g->hash = part->payload->identity.hash;
    g->day_count = 0;
    for (size_t i = 0; i < part->payload->n_days; i++) {
        const struct payload_day *d = &part->payload->days[i];

        if (d->day >= a->days.since && d->day < a->days.until)
            num_add(&g->day_count, d->count);
    }
    g->has_row = part->row != NULL;
    g->part = (struct measures){ .has_clients = false };
    if (g->has_row)
        measure(a, &g->part, part->row);
    return ST_OK;
}

/* ---- which of them count ---- */

/* By id, of which there may be several: a month may hold days of several states. */
static bool
counts_on_day(const struct answer *a, int64_t id)
{
    const struct pg_result *r = a->behind.payloads;
    size_t low = 0, high = pg_rows(r);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pg_int(r, middle, BEHIND_ID) < id)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < pg_rows(r) && pg_int(r, i, BEHIND_ID) == id; i++)
        if (slice_is(pg_text(r, i, BEHIND_STATE), "counted") ||
            slice_is(pg_text(r, i, BEHIND_STATE), "adopted"))
            return true;
    return false;
}

static int
by_id(const void *a, const void *b)
{
    const struct beginning_of *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* What counts on this day, of itself or of what it goes on from, unless another file goes on from it. */
static void
find_adding(struct answer *a, struct beginning_of *chain, size_t n)
{
    for (size_t i = 0; i < a->n_given; i++)
        a->given[i].adds = a->given[i].id != 0 && counts_on_day(a, a->given[i].id);
    for (size_t k = 0; k < n; k++)
        if (counts_on_day(a, chain[k].id))
            a->given[chain[k].at].adds = true;
    if (n == 0)
        return;
    qsort(chain, n, sizeof *chain, by_id);
    for (size_t i = 0; i < a->n_given; i++)
        if (bsearch(&(struct beginning_of){ 0, a->given[i].id }, chain, n, sizeof *chain, by_id))
            a->given[i].adds = false;
}

static void
add_part(struct answer *a, const struct measures *part)
{
    for (size_t i = 0; i < a->target.dataset->n_sums; i++)
        if (!num_add(&a->parts.sums[i], part->sums[i]))
            a->parts.sums[i] = INT64_MAX;
}

/* Of the files that could be read. */
static enum st
ask_chains(struct answer *a, struct digest *hashes, int64_t *ids, struct err *err)
{
    struct beginning_of *chain = NULL;
    size_t n_chain = 0;
    enum st rc;

    for (size_t i = 0; i < a->n_given; i++)
        hashes[i] = a->given[i].hash;
    rc = behind_chains(&a->ledger, &a->days, hashes, a->n_given, ids, &chain, &n_chain, err);
    for (size_t i = 0; rc == ST_OK && i < a->n_given; i++)
        a->given[i].id = a->given[i].told ? ids[i] : 0;
    if (rc == ST_OK)
        find_adding(a, chain, n_chain);
    free(chain);
    return rc;
}

enum st
parts_settle(struct answer *a, struct err *err)
{
    struct digest *hashes;
    int64_t *ids;
    enum st rc;

    if (a->n_given == 0)
        return ST_OK;
    hashes = calloc(a->n_given, sizeof *hashes);
    ids = calloc(a->n_given, sizeof *ids);
    rc = hashes == NULL || ids == NULL ? err_memory(err, what) : ask_chains(a, hashes, ids, err);
    for (size_t i = 0; rc == ST_OK && i < a->n_given; i++)
        if (a->given[i].adds && a->given[i].has_row)
            add_part(a, &a->given[i].part);
    free(hashes);
    free(ids);
    return rc;
}
