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
 *   header | sums, 8 bytes each | the bytes of the key
 *
 * Its clients stand elsewhere: those of the hits that came last among the visits, the others in `set`.
 */
struct entry {
    uint64_t *set;      /* hashes as of a view; registers where there are IN_REGISTERS of them */
    uint32_t  n_set;
    uint32_t  n_visits; /* its visits; once they are settled, its place among the keys of its group (walk.c) */
    uint16_t  key_n;
    uint16_t  is_total; /* it came as a total: a hit on a total's key */
    uint64_t  body[];
};
#define IN_REGISTERS   UINT32_MAX
#define REGISTER_WORDS (HLL_REGISTERS / sizeof(uint64_t))

struct slot {
    uint64_t      hash;  /* of the key; in a sorted table, the part of a key that is being compared */
    struct entry *entry; /* NULL: free */
};

/* A client of a hit. Hits come in no order of keys, so what a visit does to its key's sketch is done later, for all of them (visits.c). */
struct visit {
    struct entry *entry;
    uint64_t      client;
};
struct visit_block {
    struct visit_block *next;
    size_t              n, cap;
    struct visit        visits[];
};

#define SLOTS_FIRST 64

enum share { KEEP_TO_GROW, ALL_IN_USE };

struct table {
    const struct rollup_shape *shape; /* borrowed */
    size_t          ceiling_bytes;    /* of all that it holds */
    uint64_t        seed;             /* its own: neither a log nor another table knows the order of the slots */
    struct arena    arena;            /* entries */
    struct arena    visits;           /* blocks of them */
    struct visit_block *visits_first, *visits_now;
    size_t          visits_cap;       /* of all blocks; each visit will need a word of sets */
    uint64_t       *sets;             /* of the entries, one behind the other */
    size_t          sets_cap;         /* words of it */
    size_t          sets_used;        /* words that the entries' sets take, wherever they lie */
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

/* The same for the entry that stands there, which is most likely the right one. */
static inline void
table_ask_entry(const struct table *t, uint64_t hash)
{
    const struct entry *e = t->slots[hash & (t->n_slots - 1)].entry;

    __builtin_prefetch(e, 1); /* NULL does no harm */
    __builtin_prefetch((const char *)e + 64, 1);
}

/* The entry of `key`, made with zero sums and an empty sketch on first sight; NULL: the ceiling is reached. */
struct entry *table_put(struct table *t, struct slice key, uint64_t hash);

/* At the ceiling: gives up growing and uses the memory kept for that. False: it does so already. */
bool table_lend(struct table *t);

/* What it may still take. */
size_t table_room(const struct table *t);

void table_sort(struct table *t);

/* Sorted, and all visits settled: what a walk needs. ST_OK; ST_MEMORY. */
enum st table_prepare(struct table *t, struct err *err);

/* In a sorted table: the first slot whose key is not below `key` (memcmp, a key before its continuations). */
size_t table_lower_bound(const struct table *t, struct slice key);

/* Exchanges the contents of two tables of the same shape; the ceilings stay where they are. Both contents must fit. */
void table_swap(struct table *a, struct table *b);

static inline int64_t *
entry_sums(struct entry *e)
{
    return (int64_t *)e->body;
}

static inline struct slice
entry_key(const struct rollup_shape *shape, struct entry *e)
{
    return (struct slice){ (const char *)(e->body + shape->n_sums), e->key_n };
}

/* Of a settled entry. */
static inline struct hll_view
entry_clients(const struct entry *e)
{
    if (e->n_set == IN_REGISTERS)
        return (struct hll_view){ .registers = (const uint8_t *)e->set };
    return (struct hll_view){ .set = e->set, .n = e->n_set };
}

/* ---- visits.c ---- */

/* Room for one more visit; false: the ceiling is reached. */
bool visits_grow(struct table *t);

static inline bool
visits_add(struct table *t, struct entry *e, uint64_t client)
{
    struct visit_block *b = t->visits_now;

    if (unlikely(b == NULL || b->n == b->cap)) {
        if (!visits_grow(t))
            return false;
        b = t->visits_now;
    }
    b->visits[b->n++] = (struct visit){ e, client };
    e->n_visits++;
    return true;
}

/* Every client of `from`, a sketch that lies elsewhere. False: the ceiling is reached; some may have been added. */
bool visits_unite(struct table *t, struct entry *e, struct hll_view from);

/* Brings all visits to their entries' sets, which then lie in the order of the slots. The memory was kept for it: ST_MEMORY is the system's. */
enum st visits_settle(struct table *t, struct err *err);

/* The same to make room for more of them. False: that would not make enough of it. */
bool visits_fold(struct table *t);

void visits_reset(struct table *t);

#endif
