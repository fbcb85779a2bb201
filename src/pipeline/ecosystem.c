/*
 * The ecosystem of a table: it holds one, that of its first download (docs/COUNTING.md). Which one
 * that is must not hang on which worker was faster.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

/* Under the lock: its place in the list, from 1; 0: none, or there is no room. */
static uint8_t
number_of(struct run *run, const char *ecosystem)
{
    size_t i;

    if (ecosystem[0] == '\0')
        return 0;
    for (i = 1; i <= run->n_ecosystems; i++)
        if (strcmp(run->ecosystems[i], ecosystem) == 0)
            break;
    if (i > run->n_ecosystems && i < ECOSYSTEMS_MAX)
        snprintf(run->ecosystems[++run->n_ecosystems], sizeof run->ecosystems[i], "%s", ecosystem);
    return i < ECOSYSTEMS_MAX ? (uint8_t)i : 0;
}

void
ecosystem_note(struct run *run, struct item *item, const char *ecosystem, const char *shadow)
{
    if (ecosystem[0] == '\0' && shadow[0] == '\0')
        return;
    pthread_mutex_lock(&run->lock);
    item->ecosystem = number_of(run, ecosystem);
    item->shadow_ecosystem = number_of(run, shadow);
    pthread_mutex_unlock(&run->lock);
}

/* Counted in this batch, itself or its double: which of the two, chance decides. */
static bool
is_new(const struct item *item)
{
    return item->fate == FATE_COUNTED || (item->fate == FATE_KNOWN && item->known_id == 0);
}

static uint8_t
of_item(const struct item *item, bool shadow)
{
    return shadow ? item->shadow_ecosystem : item->ecosystem;
}

/*
 * While an ecosystem is open, each input's first hit decides for that input alone. Here the first
 * input on the command line decides for all, so that the rows do not depend on which worker was
 * faster; if another input took another one, the batch is read again.
 */
static void
settle(struct run *run, char ecosystem[64], bool shadow)
{
    struct batch *b = &run->batch;
    const struct item *first = NULL;

    for (size_t i = 0; i < b->n_items; i++)
        if (is_new(b->items[i]) && of_item(b->items[i], shadow) != 0 &&
            (first == NULL || b->items[i]->at < first->at))
            first = b->items[i];
    if (first == NULL)
        return;
    snprintf(ecosystem, 64, "%s", run->ecosystems[of_item(first, shadow)]);
    for (size_t i = 0; i < b->n_items; i++)
        b->again = b->again || (b->items[i]->fate == FATE_COUNTED &&
                                of_item(b->items[i], shadow) != 0 &&
                                of_item(b->items[i], shadow) != of_item(first, shadow));
}

void
ecosystem_settle(struct run *run)
{
    for (size_t t = 0; t < run->n_tables; t++)
        if (run->tables[t].dataset->has_ecosystem && run->tables[t].ecosystem[0] == '\0')
            settle(run, run->tables[t].ecosystem, false);
    if (run->config->shadow != NULL && run->shadow_ecosystem[0] == '\0')
        settle(run, run->shadow_ecosystem, true);
}
