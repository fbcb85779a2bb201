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
 * Its clients stand in the order in which they came, some more than once, until they are put in order.
 */
struct entry {
    union {
        uint64_t  client;   /* where there is room for one */
        uint64_t *clients;  /* else a block of them, or of registers */
    };
    uint32_t rank;          /* among the keys of its group (walk.c) */
    unsigned key_n    : 11;
    unsigned size     : 3;  /* of the block (clients.c) */
    unsigned is_total : 1;  /* it came as a total: a hit on a total's key */
    unsigned in_order : 1;  /* its clients, each once */
    uint8_t  n_clients;
    uint8_t  room;          /* for so many clients; IN_REGISTERS */
    uint64_t body[];
};
#define IN_REGISTERS   0 /* no room: they are folded */
#define REGISTER_WORDS (HLL_REGISTERS / sizeof(uint64_t))
#define BLOCK_SIZES    7

static_assert(sizeof(struct entry) == 16, "entries are many");
static_assert(KEY_BYTES_MAX < 1 << 11, "the length of a key fits");

struct slot {
    uint64_t      hash;  /* of the key; in a sorted table, the part of a key that is being compared */
    struct entry *entry; /* NULL: free */
};

#define SLOTS_FIRST 64

enum share { KEEP_TO_GROW, ALL_IN_USE };

struct table {
    const struct rollup_shape *shape; /* borrowed */
    size_t          ceiling_bytes;    /* of all that it holds */
    uint64_t        seed;             /* its own: neither a log nor another table knows the order of the slots */
    struct arena    arena;            /* entries, and blocks of their clients */
    struct free_block *blocks[BLOCK_SIZES]; /* of clients, that no entry uses, by size */
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

/* Another ceiling: what it holds beyond that, it keeps, and takes no more. */
void table_set_ceiling(struct table *t, size_t ceiling_bytes);

/* What it holds from the system beyond the struct. */
size_t table_bytes(const struct table *t);

/* Under the table's own seed; changes with table_swap. */
uint64_t table_hash(const struct table *t, struct slice key);

/*
 * Functions that only ask for memory seem to have no effect, and gcc takes calls of them away
 * unless it has them inline before it looks for such calls.
 */
#define ASKING inline __attribute__((always_inline))

/* Asks memory for the slot where a key of this hash will be looked for, so that it is there when it is needed. */
static ASKING void
table_ask_slot(const struct table *t, uint64_t hash)
{
    __builtin_prefetch(&t->slots[hash & (t->n_slots - 1)], 1);
}

/* The place of such a key: the first slot, from there or from a place found before, that has this hash or is free. */
static inline size_t
table_place(const struct table *t, uint64_t hash, size_t from)
{
    size_t at = from & (t->n_slots - 1);

    while (t->slots[at].entry != NULL && t->slots[at].hash != hash)
        at = (at + 1) & (t->n_slots - 1);
    return at;
}

/* Asks for the entry that stands there: its first line, most have one. */
static ASKING void
table_ask_entry(const struct table *t, size_t place)
{
    __builtin_prefetch(t->slots[place].entry, 1); /* NULL does no harm */
}

/* The entry of `key`, made with zero sums and no clients on first sight; NULL: the ceiling is reached. `place` is its place, or
 * one that was so before others were put; the slots must not have grown since, which shows in n_slots. */
struct entry *table_put_from(struct table *t, struct slice key, uint64_t hash, size_t place);

static inline struct entry *
table_put(struct table *t, struct slice key, uint64_t hash)
{
    return table_put_from(t, key, hash, hash);
}

/* At the ceiling: gives up growing and uses the memory kept for that. False: it does so already. */
bool table_lend(struct table *t);

void table_sort(struct table *t);

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

/* The same bytes? Most keys are a few words: a call of memcmp(3) would cost more than they do. */
static inline bool
key_eq(struct slice a, struct slice b)
{
    uint64_t x, y, differ = 0;

    if (a.n != b.n || a.n < sizeof x)
        return slice_eq(a, b);
    for (size_t i = 0; i + sizeof x < a.n; i += sizeof x) {
        memcpy(&x, a.p + i, sizeof x);
        memcpy(&y, b.p + i, sizeof y);
        differ |= x ^ y;
    }
    memcpy(&x, a.p + a.n - sizeof x, sizeof x); /* again some of those before them */
    memcpy(&y, b.p + b.n - sizeof y, sizeof y);
    return (differ | (x ^ y)) == 0;
}

/* table_put_from for a key that is most likely there and in its place. */
static inline struct entry *
table_put_at(struct table *t, struct slice key, uint64_t hash, size_t place)
{
    struct entry *e = t->slots[place].entry;

    return likely(e != NULL && key_eq(entry_key(t->shape, e), key)) ? e : table_put_from(t, key, hash, place);
}

/* ---- clients.c ---- */

static inline uint64_t *
clients_of(struct entry *e)
{
    return e->room == 1 ? &e->client : e->clients;
}

/* A set is one for others once it is in order; before that clients_unite alone takes it. */
static inline struct hll_view
entry_clients(struct entry *e)
{
    if (e->room == IN_REGISTERS)
        return (struct hll_view){ .registers = (const uint8_t *)e->clients };
    return (struct hll_view){ .set = clients_of(e), .n = e->n_clients };
}

/* Asks for what a hit on an entry whose first line is there needs besides: the end of its key, and where this client goes. */
static ASKING void
entry_ask_rest(const struct rollup_shape *shape, struct entry *e, uint64_t client)
{
    const char *end = (const char *)(e->body + shape->n_sums) + e->key_n;
    const char *at = (const char *)clients_of(e);

    __builtin_prefetch(end);
    __builtin_prefetch(at + (e->room == IN_REGISTERS ? client % HLL_REGISTERS : e->n_clients * sizeof client), 1);
}

/* What clients_add does where there is no room. */
bool clients_more(struct table *t, struct entry *e, uint64_t client);

/* False: the ceiling is reached, and the client is not added. */
static inline bool
clients_add(struct table *t, struct entry *e, uint64_t client)
{
    if (e->n_clients >= e->room)
        return clients_more(t, e, client);
    clients_of(e)[e->n_clients++] = client;
    return true;
}

/* Every client of `from`, a sketch that lies elsewhere. False: the ceiling is reached; some may have been added. */
bool clients_unite(struct table *t, struct entry *e, struct hll_view from);

/* Each once, ascending: then nothing may be added to them. */
void clients_sort(struct entry *e);

static inline void
clients_put_in_order(struct entry *e)
{
    if (!e->in_order)
        clients_sort(e);
}

#endif
