/*
 * What an input holds, by day. Blocks of days are made on first use; a bounded number of them,
 * because the dates in a log are not ours to choose.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

struct payload_day *
days_at(struct days *d, int32_t day)
{
    size_t at = (size_t)day / DAY_BLOCK;
    struct payload_day *block;

    assert(day >= 0 && day <= DAY_MAX);
    if (d->blocks[at] != NULL)
        return &d->blocks[at][day % DAY_BLOCK];
    if (d->n_used == DAY_BLOCKS_MAX)
        return NULL;
    block = d->n_spare > 0 ? d->spare[--d->n_spare] : malloc(DAY_BLOCK * sizeof *block);
    if (block == NULL) {
        d->no_memory = true;
        return NULL;
    }
    memset(block, 0, DAY_BLOCK * sizeof *block);
    d->blocks[at] = block;
    d->used[d->n_used++] = (uint16_t)at;
    return &block[day % DAY_BLOCK];
}

static int
by_number(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

struct payload_day *
days_list(const struct days *d, size_t *n)
{
    uint16_t used[DAY_BLOCKS_MAX];
    struct payload_day *list;
    size_t count = 0;

    memcpy(used, d->used, d->n_used * sizeof *used);
    qsort(used, d->n_used, sizeof *used, by_number);
    for (size_t i = 0; i < d->n_used; i++)
        for (size_t k = 0; k < DAY_BLOCK; k++)
            count += d->blocks[used[i]][k].lines > 0;
    list = malloc((count + 1) * sizeof *list);
    if (list == NULL)
        return NULL;
    *n = 0;
    for (size_t i = 0; i < d->n_used; i++)
        for (size_t k = 0; k < DAY_BLOCK; k++)
            if (d->blocks[used[i]][k].lines > 0) {
                list[*n] = d->blocks[used[i]][k];
                list[(*n)++].day = (int32_t)(used[i] * DAY_BLOCK + k);
            }
    return list;
}

void
days_reset(struct days *d)
{
    for (size_t i = 0; i < d->n_used; i++) {
        d->spare[d->n_spare++] = d->blocks[d->used[i]];
        d->blocks[d->used[i]] = NULL;
    }
    d->n_used = 0;
    d->no_memory = false;
}

void
days_release(struct days *d)
{
    days_reset(d);
    while (d->n_spare > 0)
        free(d->spare[--d->n_spare]);
}
