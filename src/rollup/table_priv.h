/*
 * The hash table of a rollup: entries by key, all memory under one ceiling. Once sorted it is an array of entries in
 * the order of their keys, and takes no more.
 */
#ifndef INGEST_TABLE_PRIV_H
#define INGEST_TABLE_PRIV_H

#include "ingest/rollup.h"

/*
 * A key and what it sums up to, in one piece of the arena:
 *
 *   header | struct hll, if the shape keeps sketches | sums, 8 bytes each | the bytes of the key
 */
struct entry {
    uint32_t rank;     /* its place in sort order, while totals are made (walk.c) */
    uint16_t key_n;
    uint16_t is_total; /* it came as a total: a hit on a total's key */
    uint64_t body[];
};

struct slot {
    uint64_t      hash;  /* of the key; in a sorted table, the part of a key that is being compared */
    struct entry *entry; /* NULL: free */
};

#define SLOTS_FIRST 64

enum share { KEEP_TO_GROW, ALL_TO_ARENA };

struct table {
    const struct rollup_shape *shape; /* borrowed */
    size_t          ceiling_bytes;    /* of slots and pool together */
    uint64_t        seed;             /* its own: neither a log nor another table knows the order of the slots */
    struct hll_pool pool;             /* entries and sketches */
    struct slot    *slots;            /* `first`, or from malloc */
    size_t          n_slots;          /* a power of two */
    size_t          n;
    enum share      share;            /* of the ceiling */
    bool            sorted;           /* slots[0..n) are the entries by key; only for walking and reset */
    struct slot     first[SLOTS_FIRST];
};

void table_init(struct table *t, const struct rollup_shape *shape, size_t ceiling_bytes);
void table_release(struct table *t);
void table_reset(struct table *t);

/* What it holds from the system beyond the struct. */
size_t table_bytes(const struct table *t);

/* Under the table's own seed; changes with table_swap. */
uint64_t table_hash(const struct table *t, struct slice key);

/* Asks memory for the slot where a key of this hash will be looked for, so that it is there when it is needed. */
static inline void
table_ask_slot(const struct table *t, uint64_t hash)
{
    __builtin_prefetch(&t->slots[hash & (t->n_slots - 1)], 1);
}

/* The same for the entry that stands there, which is most likely the right one. NULL: none. */
static inline struct entry *
table_ask_entry(const struct table *t, uint64_t hash)
{
    struct entry *e = t->slots[hash & (t->n_slots - 1)].entry;

    if (e != NULL) {
        __builtin_prefetch(e, 1);
        __builtin_prefetch((char *)e + 64, 1);
    }
    return e;
}

/* The entry of `key`, made with zero sums and an empty sketch on first sight; NULL: the ceiling is reached. */
struct entry *table_put(struct table *t, struct slice key, uint64_t hash);

/* At the ceiling: gives up growing and lends the arena the memory kept for that. False: it has it already. */
bool table_lend(struct table *t);

void table_sort(struct table *t);

/* Exchanges the contents of two tables of the same shape; the ceilings stay where they are. Both contents must fit. */
void table_swap(struct table *a, struct table *b);

static inline struct hll *
entry_clients(const struct rollup_shape *shape, struct entry *e)
{
    return shape->sketch ? (struct hll *)e->body : NULL;
}

static inline int64_t *
entry_sums(const struct rollup_shape *shape, struct entry *e)
{
    return (int64_t *)e->body + (shape->sketch ? sizeof(struct hll) / sizeof(uint64_t) : 0);
}

static inline struct slice
entry_key(const struct rollup_shape *shape, struct entry *e)
{
    return (struct slice){ (const char *)(entry_sums(shape, e) + shape->n_sums), e->key_n };
}

#endif
