/*
 * What an input holds, by day. Blocks of days are made on first use; a bounded number of them,
 * because the dates in a log are not ours to choose.
 */
#include "ingest/base.h"

#include "days.h"

static struct day_block *
block_at(struct days *d, size_t at)
{
    struct day_block *block = d->blocks[at];

    if (block != NULL || d->n_used == DAY_BLOCKS_MAX)
        return block;
    block = d->n_spare > 0 ? d->spare[--d->n_spare] : calloc(1, sizeof *block);
    if (block == NULL) {
        d->no_memory = true;
        return NULL;
    }
    block->first = DAY_BLOCK;
    block->last = 0;
    d->blocks[at] = block;
    d->used[d->n_used++] = (uint16_t)at;
    return block;
}

struct payload_day *
days_at(struct days *d, int32_t day)
{
    uint16_t at = (uint16_t)(day % DAY_BLOCK);
    struct day_block *block;

    assert(day >= 0 && day <= DAY_MAX);
    block = block_at(d, (size_t)day / DAY_BLOCK);
    if (block == NULL)
        return NULL;
    block->first = at < block->first ? at : block->first;
    block->last = at > block->last ? at : block->last;
    return &block->days[at];
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
        for (size_t k = d->blocks[used[i]]->first; k <= d->blocks[used[i]]->last; k++)
            count += d->blocks[used[i]]->days[k].lines > 0;
    list = malloc((count + 1) * sizeof *list);
    if (list == NULL)
        return NULL;
    *n = 0;
    for (size_t i = 0; i < d->n_used; i++) {
        const struct day_block *block = d->blocks[used[i]];

        for (size_t k = block->first; k <= block->last; k++)
            if (block->days[k].lines > 0) {
                list[*n] = block->days[k];
                list[(*n)++].day = (int32_t)(used[i] * DAY_BLOCK + k);
            }
    }
    return list;
}

void
days_reset(struct days *d)
{
    for (size_t i = 0; i < d->n_used; i++) {
        struct day_block *block = d->blocks[d->used[i]];

        memset(block->days + block->first, 0,
               (size_t)(block->last - block->first + 1) * sizeof *block->days);
        d->spare[d->n_spare++] = block;
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
