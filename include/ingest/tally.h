/*
 * Lines or records by what became of them. read = counted + filtered + rejected, always.
 */
#ifndef INGEST_TALLY_H
#define INGEST_TALLY_H

#include "ingest/base.h"
#include "ingest/reason.h"

struct tally {
    uint64_t read;
    uint64_t by[REASONS_N]; /* by[KEEP] is counted */
};

static inline void
tally_add(struct tally *t, enum reason why)
{
    t->read++;
    t->by[why]++;
}

static inline void
tally_join(struct tally *into, const struct tally *from)
{
    into->read += from->read;
    for (int i = 0; i < REASONS_N; i++)
        into->by[i] += from->by[i];
}

/* All that was read has one outcome. */
static inline void
tally_become(struct tally *t, enum reason why)
{
    memset(t->by, 0, sizeof t->by);
    t->by[why] = t->read;
}

/* Counted, here or elsewhere. */
static inline uint64_t
tally_hits(const struct tally *t)
{
    return t->by[KEEP] + t->by[FILTER_ADOPTED];
}

static inline uint64_t
tally_rejected(const struct tally *t)
{
    uint64_t n = 0;

    for (int i = REJECTED_FIRST; i < REASONS_N; i++)
        n += t->by[i];
    return n;
}

static inline bool
tally_balances(const struct tally *t)
{
    uint64_t n = 0;

    for (int i = 0; i < REASONS_N; i++)
        n += t->by[i];
    return n == t->read;
}

#endif
