/*
 * A distinct count in memory: a set of hashes up to 160, registers from there. Its bytes are made
 * in hll_wire.c.
 *
 * Most keys of a log have one client, so one hash costs no block at all. A hot key is asked for a
 * hash that it already holds nearly every time: sets of 2..8 are one cache line, read from end to
 * end, and larger ones are hash tables at most three quarters full, so that an answer is one or two
 * reads (scanning 160 hashes would be twenty cache lines). The hash is its own position: chosen
 * hashes can make a table slow, but never slower than reading its 160 elements.
 */
#include "hll_priv.h"

#define SCAN_MAX 8   /* larger sets are hash tables */
#define CAP_MAX  256 /* of a set, and the block that registers take */

static_assert(CAP_MAX * sizeof(uint64_t) == HLL_REGISTERS,
              "a full set and its registers share a block");
static_assert(CAP_MAX * 3 / 4 > HLL_EXPLICIT_MAX, "the largest table must not need to grow");
static_assert(2 << (HLL_BLOCK_SIZES - 1) == CAP_MAX, "block sizes run from 2 to CAP_MAX hashes");

/* ---- the pool ---- */

void
hll_pool_init(struct hll_pool *pool, size_t ceiling_bytes)
{
    *pool = (struct hll_pool){ 0 };
    arena_init(&pool->arena, ceiling_bytes);
}

void
hll_pool_reset(struct hll_pool *pool)
{
    arena_reset(&pool->arena);
    memset(pool->free_blocks, 0, sizeof pool->free_blocks);
}

void
hll_pool_release(struct hll_pool *pool)
{
    arena_release(&pool->arena);
    memset(pool->free_blocks, 0, sizeof pool->free_blocks);
}

size_t
hll_pool_bytes(const struct hll_pool *pool)
{
    return pool->arena.used_bytes;
}

static void **
free_list(struct hll_pool *pool, size_t cap)
{
    return &pool->free_blocks[__builtin_ctzl(cap) - 1];
}

static uint64_t *
block_take(struct hll_pool *pool, size_t cap)
{
    void **list = free_list(pool, cap), *block = *list;

    if (block == NULL)
        return arena_alloc(&pool->arena, cap * sizeof(uint64_t));
    memcpy(list, block, sizeof *list);
    return block;
}

static void
block_give(struct hll_pool *pool, void *block, size_t cap)
{
    void **list = free_list(pool, cap);

    memcpy(block, list, sizeof *list);
    *list = block;
}

/* ---- an explicit set ---- */

size_t
hll_elements(const struct hll *h, uint64_t out[HLL_EXPLICIT_MAX])
{
    size_t n = 0;

    assert(h->n <= HLL_EXPLICIT_MAX);
    if (h->cap == 0) {
        if (h->n == 1)
            out[n++] = h->u.one;
    } else if (h->cap <= SCAN_MAX) {
        memcpy(out, h->u.many, h->n * sizeof *out);
        n = h->n;
    } else {
        if (h->has_zero)
            out[n++] = 0;
        for (size_t i = 0; i < h->cap; i++)
            if (h->u.many[i] != 0)
                out[n++] = h->u.many[i];
    }
    assert(n == h->n);
    return n;
}

/* Where `hash` (not 0) is in a table, or the free place where it belongs. */
static inline uint64_t *
table_place(uint64_t *table, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);

    while (table[i] != 0 && table[i] != hash)
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static bool
contains(const struct hll *h, uint64_t hash)
{
    if (h->cap == 0)
        return h->n == 1 && h->u.one == hash;
    if (h->cap > SCAN_MAX)
        return hash == 0 ? h->has_zero : *table_place(h->u.many, h->cap, hash) == hash;
    for (size_t i = 0; i < h->n; i++)
        if (h->u.many[i] == hash)
            return true;
    return false;
}

/* `hash` is new, and there is room. */
static void
insert(struct hll *h, uint64_t hash)
{
    if (h->cap == 0)
        h->u.one = hash;
    else if (h->cap <= SCAN_MAX)
        h->u.many[h->n] = hash;
    else if (hash == 0)
        h->has_zero = 1;
    else
        *table_place(h->u.many, h->cap, hash) = hash;
    h->n++;
}

static size_t
room(const struct hll *h)
{
    return h->cap == 0 ? 1 : h->cap <= SCAN_MAX ? h->cap : h->cap * 3u / 4;
}

/* Moves the elements to a block of `cap` hashes; one may be made whose set is still empty. */
static enum st
move_to(struct hll *h, struct hll_pool *pool, size_t cap)
{
    uint64_t elements[HLL_EXPLICIT_MAX];
    size_t n = hll_elements(h, elements);
    uint64_t *block = block_take(pool, cap);

    if (block == NULL)
        return ST_MEMORY;
    hll_clear(h, pool);
    if (cap > SCAN_MAX)
        memset(block, 0, cap * sizeof *block);
    h->u.many = block;
    h->cap = (uint16_t)cap;
    for (size_t i = 0; i < n; i++)
        insert(h, elements[i]);
    return ST_OK;
}

/* ---- a sketch ---- */

void
hll_clear(struct hll *h, struct hll_pool *pool)
{
    if (h->cap > 0)
        block_give(pool, h->u.many, h->cap);
    *h = (struct hll){ 0 };
}

enum st
hll_promote(struct hll *h, struct hll_pool *pool)
{
    uint64_t elements[HLL_EXPLICIT_MAX];
    size_t n = hll_elements(h, elements);

    if (h->cap !=
        CAP_MAX) { /* a full set has the block already: adding a hash to it needs no memory */
        uint64_t *block = block_take(pool, CAP_MAX);

        if (block == NULL)
            return ST_MEMORY;
        hll_clear(h, pool);
        h->u.many = block;
        h->cap = CAP_MAX;
    }
    h->n = HLL_IN_REGISTERS;
    h->has_zero = 0;
    h->u.registers = memset(h->u.many, 0, HLL_REGISTERS);
    for (size_t i = 0; i < n; i++)
        fold_hash(h->u.registers, elements[i]);
    return ST_OK;
}

void
hll_ask(const struct hll *h, uint64_t hash)
{
    if (h->n == HLL_IN_REGISTERS)
        __builtin_prefetch(&h->u.registers[hash & (HLL_REGISTERS - 1)], 1);
    else if (h->cap > SCAN_MAX)
        __builtin_prefetch(&h->u.many[hash & (h->cap - 1u)], 1);
    else if (h->cap > 0)
        __builtin_prefetch(h->u.many, 1);
}

void
hll_ask_whole(const struct hll *h)
{
    const char *block = (const char *)h->u.many;
    size_t bytes = h->cap * sizeof(uint64_t);

    for (size_t i = 0; i < bytes && i < 256;
         i += 64) /* the hardware follows a longer one by itself */
        __builtin_prefetch(block + i);
}

enum st
hll_add(struct hll *h, struct hll_pool *pool, uint64_t hash)
{
    enum st rc;

    if (h->n == HLL_IN_REGISTERS) {
        fold_hash(h->u.registers, hash);
        return ST_OK;
    }
    if (contains(
            h,
            hash)) /* before the limit: a full set that is asked for its own element stays a set */
        return ST_OK;
    if (h->n == HLL_EXPLICIT_MAX) {
        if ((rc = hll_promote(h, pool)) == ST_OK)
            fold_hash(h->u.registers, hash);
        return rc;
    }
    if (h->n == room(h) && (rc = move_to(h, pool, h->cap == 0 ? 2 : h->cap * 2u)) != ST_OK)
        return rc;
    insert(h, hash);
    return ST_OK;
}

enum st
hll_union(struct hll *into, struct hll_pool *pool, const struct hll *from)
{
    uint64_t elements[HLL_EXPLICIT_MAX];
    enum st rc = ST_OK;

    if (into == from)
        return ST_OK;
    if (from->n == HLL_IN_REGISTERS) {
        if (into->n != HLL_IN_REGISTERS && (rc = hll_promote(into, pool)) != ST_OK)
            return rc;
        fold_registers(into->u.registers, from->u.registers);
        return ST_OK;
    }
    if (from->n == 1 && from->cap == 0)
        return hll_add(into, pool, from->u.one);

    size_t n = hll_elements(from, elements);

    for (size_t i = 0; i < n && rc == ST_OK; i++)
        rc = hll_add(into, pool, elements[i]);
    return rc;
}
