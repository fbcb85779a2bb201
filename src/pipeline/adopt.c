/*
 * `ingest adopt`: what another program has counted into the same table is claimed, day by day, and
 * not added to it again. All else is a run like any other. What stands in the table on these days
 * becomes their opening balance, in the transaction that claims them.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/openings.h"

#include "adopt.h"
#include "pipeline_priv.h"

int32_t
adopt_until(const struct run *run)
{
    return run->config->adopts ? run->config->adopt_until : INT32_MIN;
}

void
adopt_mark(const struct run *run, struct payload *payload)
{
    for (size_t i = 0; i < payload->n_days; i++)
        payload->days[i].adopted = payload->days[i].day < adopt_until(run);
}

bool
adopt_is_all(const struct payload *payload)
{
    bool any = false, all = true;

    for (size_t i = 0; i < payload->n_days; i++) {
        any = any || payload->days[i].adopted;
        all = all && payload->days[i].adopted;
    }
    return any && all;
}

enum st
adopt_check(struct run *run, struct err *err)
{
    return run->config->adopts ? openings_can_state(run->pg, err) : ST_OK;
}

/* Under the lock: an input counts, some of whose days may be adopted. */
enum st
adopt_note(struct run *run, struct pending *p, struct err *err)
{
    struct table_summary *days = NULL;

    for (size_t i = 0; i < p->payload->n_days; i++) {
        if (!p->payload->days[i].adopted)
            continue;
        if (days == NULL)
            days = summary_table(&run->batch.days, p->table->dataset->table);
        if (!summary_add_adopted(days, p->payload->days[i].day))
            return err_memory(err, "cannot list days");
        p->item->adopted = p->table->adopts = true;
    }
    return ST_OK;
}

/* ---- the opening balance ---- */

static int
by_day(const void *a, const void *b)
{
    const struct opening_day *x = a, *y = b;

    return (x->day > y->day) - (x->day < y->day);
}

/* The table's days, or months, that the batch adopts, each once, for the caller to free. */
static struct opening_day *
days_of(const struct batch *b, const struct table *t, size_t *n)
{
    struct opening_day *days;
    size_t cap = 0, kept = 0;

    for (size_t i = 0; i < b->n_claims; i++)
        cap += b->claims[i]->n_days;
    if ((days = calloc(cap + 1, sizeof *days)) == NULL)
        return NULL;
    *n = 0;
    for (size_t i = 0; i < b->n_claims; i++) {
        const struct payload *p = b->claims[i];

        for (size_t k = 0; strcmp(p->key.dataset, t->dataset->name) == 0 && k < p->n_days; k++) {
            const struct payload_day *d = &p->days[k];

            if (d->adopted)
                days[(*n)++] = (struct opening_day){
                    .day = t->dataset->bucket == BUCKET_MONTH ? clock_month(d->day) : d->day,
                    .expected = d->elsewhere > 0,
                };
        }
    }
    qsort(days, *n, sizeof *days, by_day);
    for (size_t i = 0; i < *n; i++) {
        if (kept == 0 || days[kept - 1].day != days[i].day)
            days[kept++] = days[i];
        else
            days[kept - 1].expected |= days[i].expected;
    }
    *n = kept;
    return days;
}

static enum st
open_table(struct run *run, struct table *t, struct err *err)
{
    size_t n;
    struct opening_day *days = days_of(&run->batch, t, &n);
    enum st rc;

    if (days == NULL)
        return err_memory(err, "cannot list days");
    rc = openings_state(run->pg, t->dataset, t->dataset->has_node ? t->node_id : 0, days, n, err);
    t->n_empty = 0;
    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        if (!days[i].expected || days[i].found)
            continue;
        if (t->n_empty++ == 0)
            t->empty_day = days[i].day;
    }
    free(days);
    return rc;
}

enum st
adopt_open(struct run *run, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; i < run->n_tables && rc == ST_OK; i++)
        if (run->tables[i].ready && run->tables[i].adopts)
            rc = open_table(run, &run->tables[i], err);
    return rc;
}

void
adopt_tell(const struct run *run)
{
    for (size_t i = 0; i < run->n_tables && run->config->adopted_nothing != NULL; i++) {
        const struct table *t = &run->tables[i];

        if (t->adopts && t->n_empty > 0)
            run->config->adopted_nothing(run->config->ctx, &t->target, t->empty_day, t->n_empty);
    }
}
