/*
 * What an input holds by day.
 */
#ifndef DAYS_H
#define DAYS_H

#include "ingest/clock.h"
#include "ingest/ledger.h"

#define DAY_BLOCK      512
#define DAY_BLOCKS     ((DAY_MAX + DAY_BLOCK) / DAY_BLOCK)
#define DAY_BLOCKS_MAX 72 /* of one input: about a hundred years. A hostile log cannot make us hold more */

/* Days that have not been asked for are all zero. */
struct day_block {
    uint16_t           first, last; /* that have been */
    struct payload_day days[DAY_BLOCK];
};

struct days {
    struct day_block *blocks[DAY_BLOCKS];
    uint16_t          used[DAY_BLOCKS_MAX]; /* which blocks are in use, in order of first use */
    size_t            n_used;
    struct day_block *spare[DAY_BLOCKS_MAX];
    size_t            n_spare;
    bool              no_memory; /* that, and not the number of days, was why one was refused */
};

/* The entry of a day, made on first use; NULL: too many days, or no memory, which is noted. */
struct payload_day *days_at(struct days *d, int32_t day);
/* The days that hold lines, ascending; allocated, the caller frees them. NULL: no memory. */
struct payload_day *days_list(const struct days *d, size_t *n);
void                days_reset(struct days *d);
void                days_release(struct days *d);

#endif
