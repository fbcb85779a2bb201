/*
 * A sorted table read from end to end, with the totals that its shape asks for.
 */
#ifndef INGEST_WALK_PRIV_H
#define INGEST_WALK_PRIV_H

#include "table_priv.h"

/* A row on its way through a merge; everything is borrowed until the source moves on. */
struct record {
    struct slice      key;
    const int64_t    *sums;
    bool              has_clients;
    struct hll_view   clients; /* a sketch in memory */
    struct slice      sketch;  /* else its bytes, or p NULL */
};

struct walk {
    struct table    *table;              /* sorted; others may walk other parts of it at the same time */
    size_t           end;                /* the part's end; parts do not cut groups */
    size_t           at;                 /* the next slot */
    size_t           group_start, group_end;
    enum { IN_MEMBERS, IN_TOTALS } part; /* of the group */
    size_t           n_shared;           /* bytes of key that the group and its totals share */
    bool             one_total;          /* of all members: they stand in the order of their totals as they are */
    struct slice     total;              /* its key, or that of the first member */
    struct hll       clients;            /* of the total that was given last */
    int64_t          sums[SUMS_MAX];
    uint8_t          key[KEY_BYTES_MAX];
};

/* Slots start .. end - 1 of a sorted table; borrowed. */
void walk_init(struct walk *w, struct table *table, size_t start, size_t end);

/* ST_OK with *record set, valid until the next call; ST_EOF; ST_CORRUPT: a total's sum overflows. */
enum st walk_next(struct walk *w, struct record *record, struct err *err);

/* Leaves the table as sorted as it was, wherever the walk stands. */
void walk_release(struct walk *w);

/* Adds a row's sums and clients to *sums and *clients, which begin as zero and empty. ST_OK; ST_CORRUPT: overflow, or a sketch that is damaged. */
enum st record_unite(const struct rollup_shape *shape, const struct record *record, int64_t *sums, struct hll *clients, struct err *err);

/* Of each sum the greater stands. */
static inline void
sums_latest(int64_t *sums, const int64_t *more, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sums[i] = sums[i] > more[i] ? sums[i] : more[i];
}

#endif
