/*
 * The ecosystem of a table: it holds one, that of its first download (docs/COUNTING.md). Which one
 * that is must not hang on which worker was faster.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

void
ecosystem_note(struct run *run, struct item *item, const char *ecosystem)
{
    size_t i;

    if (ecosystem[0] == '\0')
        return;
    pthread_mutex_lock(&run->lock);
    for (i = 1; i <= run->n_ecosystems; i++)
        if (strcmp(run->ecosystems[i], ecosystem) == 0)
            break;
    if (i > run->n_ecosystems && i < ECOSYSTEMS_MAX)
        snprintf(run->ecosystems[++run->n_ecosystems], sizeof run->ecosystems[i], "%s", ecosystem);
    item->ecosystem = i < ECOSYSTEMS_MAX ? (uint8_t)i : 0;
    pthread_mutex_unlock(&run->lock);
}

/* Counted in this batch, itself or its double: which of the two, chance decides. */
static bool
is_new(const struct item *item)
{
    return item->fate == FATE_COUNTED || (item->fate == FATE_KNOWN && item->known_id == 0);
}

/*
 * While a table's ecosystem is open, each input's first hit decides for that input alone. Here the
 * first input on the command line decides for the table, so that the rows do not depend on which
 * worker was faster; if another input took another one, the batch is read again.
 */
void
ecosystem_settle(struct run *run)
{
    struct batch *b = &run->batch;

    for (size_t t = 0; t < run->n_tables; t++) {
        struct table *table = &run->tables[t];
        const struct item *first = NULL;

        if (!table->dataset->has_ecosystem || table->ecosystem[0] != '\0')
            continue;
        for (size_t i = 0; i < b->n_items; i++)
            if (is_new(b->items[i]) && b->items[i]->ecosystem != 0 &&
                (first == NULL || b->items[i]->at < first->at))
                first = b->items[i];
        if (first == NULL)
            continue;
        snprintf(table->ecosystem, sizeof table->ecosystem, "%s",
                 run->ecosystems[first->ecosystem]);
        for (size_t i = 0; i < b->n_items; i++)
            b->again =
                b->again || (b->items[i]->fate == FATE_COUNTED && b->items[i]->ecosystem != 0 &&
                             b->items[i]->ecosystem != first->ecosystem);
    }
}
