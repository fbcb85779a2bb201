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
    const struct hll *clients; /* a sketch in memory, or NULL */
    struct slice      sketch;  /* else its bytes, or p NULL */
};

struct walk {
    struct table    *table;
    struct hll_pool *pool;               /* of the totals' sketches */
    size_t           at;                 /* the next slot */
    size_t           group_start, group_end;
    enum { IN_MEMBERS, IN_TOTALS } part; /* of the group */
    size_t           n_shared;           /* bytes of key that the group and its totals share */
    struct hll       clients;            /* of the total that was given last */
    int64_t          sums[SUMS_MAX];
    uint8_t          key[KEY_BYTES_MAX];
};

/* Sorts the table. `table` and `pool` are borrowed. */
void walk_init(struct walk *w, struct table *table, struct hll_pool *pool);

/* ST_OK with *record set, valid until the next call; ST_EOF; ST_MEMORY; ST_CORRUPT: a total's sum overflows. */
enum st walk_next(struct walk *w, struct record *record, struct err *err);

/* Leaves the table as sorted as it was, wherever the walk stands. */
void walk_release(struct walk *w);

/* Adds a row's sums and clients to *sums and *clients (NULL: none are kept). ST_OK, ST_MEMORY, ST_CORRUPT: overflow. */
enum st record_unite(const struct record *record, size_t n_sums, int64_t *sums, struct hll *clients,
                     struct hll_pool *pool, struct err *err);

#endif
