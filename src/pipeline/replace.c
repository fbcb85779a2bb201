/*
 * --replace, EIDA's PUT: the sum of all inputs of the call takes the place of what the table has
 * under the same keys. It is one batch, whole or not at all: the sum of some of the inputs would
 * take the place of more than it is. What the ledger knows is counted again, and what is
 * overwritten leaves its books.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/openings.h"
#include "ingest/retract.h"
#include "pipeline_priv.h"
#include "replace.h"

enum st
replace_init(struct run *run, struct err *err)
{
    if (!run->config->replace)
        return ST_OK;
    run->ledger.replaces = true;
    if (run->stream != NULL)
        return err_fail(err, ST_USAGE, "cannot replace rows",
                        "these rules look at more than one line, and --replace is for tables that "
                        "they do not count for");
    for (size_t i = 0; i < run->n_items; i++)
        if (run->items[i].source->is_stdin && run->n_items > 1)
            return err_fail(err, ST_USAGE, "cannot replace rows",
                            "standard input is one of several inputs, and is read on its own");
    return ST_OK;
}

enum st
replace_check_dataset(const struct run *run, const struct dataset *dataset, struct err *err)
{
    if (!run->config->replace || dataset->has_node)
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot replace rows",
             "--replace is for tables of which each row is one node's, and \"%s\" adds up what all "
             "have sent",
             dataset->table);
    return ST_USAGE;
}

enum st
replace_check(struct run *run, struct err *err)
{
    size_t n_refused = 0;

    if (!run->config->replace)
        return ST_OK;
    if (run_signals(run) > 0)
        return err_fail(err, ST_STOPPED, "stopped",
                        "a signal came; nothing was replaced");
    for (size_t i = 0; i < run->n_items; i++)
        n_refused += run->items[i].fate == FATE_REFUSED;
    if (n_refused == 0)
        return ST_OK;
    for (size_t i = 0; i < run->n_items; i++)
        if (run->items[i].refusal != NULL)
            batch_tell(run, &run->items[i]);
    err_fail(err, ST_CORRUPT, "cannot replace rows",
             "%zu of %zu inputs %s refused, and the others are not their sum", n_refused,
             run->n_items, n_refused == 1 ? "was" : "were");
    err_hint(err, "nothing was written; say it again without them, or once they are whole");
    return ST_CORRUPT;
}

/* ---- the books ---- */

static int
by_day(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The months in which something of the batch counts, each once, for the caller to free. */
static int32_t *
months_of(const struct batch *b, const struct table *t, size_t *n)
{
    size_t cap = 0;
    int32_t *months;

    *n = 0;
    for (size_t i = 0; i < b->n_claims; i++)
        cap += b->claims[i]->n_days;
    if ((months = calloc(cap + 1, sizeof *months)) == NULL)
        return NULL;
    for (size_t i = 0; i < b->n_claims; i++) {
        const struct payload *p = b->claims[i];

        for (size_t k = 0; strcmp(p->key.dataset, t->dataset->name) == 0 && k < p->n_days; k++) {
            int32_t month = clock_month(p->days[k].day);

            if (p->days[k].count > 0 && (*n == 0 || months[*n - 1] != month))
                months[(*n)++] = month;
        }
    }
    qsort(months, *n, sizeof *months, by_day);
    cap = *n;
    *n = 0;
    for (size_t i = 0; i < cap; i++)
        if (*n == 0 || months[*n - 1] != months[i])
            months[(*n)++] = months[i];
    return months;
}

/* Of each table that is replaced, with the months that the batch has. */
typedef enum st with_months(struct run *run, const struct table *t, const int32_t *months, size_t n,
                            struct err *err);

static enum st
each_table(struct run *run, with_months *take, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; i < run->n_tables && rc == ST_OK && run->config->replace; i++) {
        const struct table *t = &run->tables[i];
        int32_t *months;
        size_t n;

        if (!t->ready || !t->dataset->has_node)
            continue;
        if ((months = months_of(&run->batch, t, &n)) == NULL)
            return err_memory(err, "cannot list months");
        rc = take(run, t, months, n, err);
        free(months);
    }
    return rc;
}

static enum st
displace(struct run *run, const struct table *t, const int32_t *months, size_t n, struct err *err)
{
    struct ledger_scope scope = { .dataset = t->dataset->name, .node = t->node_id };
    enum st rc = ledger_displace(&run->ledger, &scope, months, n, err);

    if (rc == ST_OK)
        rc = retract_replaced(&run->ledger, run->batch.claims, run->batch.n_claims, err);
    return rc;
}

enum st
replace_displace(struct run *run, struct err *err)
{
    return each_table(run, displace, err);
}

static enum st
restate(struct run *run, const struct table *t, const int32_t *months, size_t n, struct err *err)
{
    return openings_restate(run->pg, t->dataset, t->node_id, months, n, err);
}

enum st
replace_restate(struct run *run, struct err *err)
{
    return each_table(run, restate, err);
}
