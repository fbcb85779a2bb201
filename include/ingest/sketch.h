/*
 * HyperLogLog sketches as postgresql-hll keeps them in a column hll(11,5): log2m 11, regwidth 5, expthresh -1, sparseon 1.
 * Knows nothing of logs or SQL. What is written equals the server's bytes for the same hashes, in any order of adding
 * and uniting (aggregateknowledge "HLL storage specification" 1.0.0, and the server's behaviour, in short:
 * explicit up to 160 hashes, then registers, sent sparse below 640 non-zero registers and full from there).
 */
#ifndef INGEST_SKETCH_H
#define INGEST_SKETCH_H

#include "ingest/arena.h"
#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/slice.h"

#define HLL_LOG2M        11
#define HLL_REGISTERS    (1 << HLL_LOG2M)
#define HLL_REGWIDTH     5
#define HLL_EXPLICIT_MAX 160
#define HLL_WIRE_MAX     1283

/*
 * The memory of many sketches: blocks of 2, 4, ... 256 hashes, reused by size, under one ceiling. Registers take a block
 * of 256 hashes too. Others may take from the arena what lives as long as the sketches.
 */
#define HLL_BLOCK_SIZES 8
struct hll_pool {
    struct arena arena;
    void        *free_blocks[HLL_BLOCK_SIZES]; /* a list through the blocks themselves */
};

void   hll_pool_init(struct hll_pool *pool, size_t ceiling_bytes);
void   hll_pool_reset(struct hll_pool *pool);   /* every sketch of the pool is gone */
void   hll_pool_release(struct hll_pool *pool);
size_t hll_pool_bytes(const struct hll_pool *pool); /* taken from the system */

/*
 * One sketch; all zero is the empty one. A single client lives in the struct itself, more in a block of the pool.
 * Moves by plain assignment (the old copy must not be used again).
 */
struct hll {
    uint16_t n;        /* explicit elements held; HLL_IN_REGISTERS once promoted */
    uint16_t cap;      /* hashes that `many` has room for; 0: `one` is in use */
    uint32_t has_zero; /* 1: hash 0 is an element, where `many` is a hash table and cannot hold it */
    union {
        uint64_t  one;
        uint64_t *many;      /* up to 8 in order of arrival, from 16 an open-addressed table; 0 is a free place */
        uint8_t  *registers; /* HLL_REGISTERS bytes, one register each */
    } u;
};
#define HLL_IN_REGISTERS UINT16_MAX

/* ST_OK, or ST_MEMORY at the pool's ceiling (the sketch is as before). Hashing is the caller's affair. */
enum st hll_add(struct hll *h, struct hll_pool *pool, uint64_t hash);

/* Asks memory for what hll_add will look at, so that it is there by then. */
void hll_ask(const struct hll *h, uint64_t hash);
/* The same for hll_union and hll_encode, which look at all of it. */
void hll_ask_whole(const struct hll *h);

/* Add all of `from` (of any pool) to `into`, whose blocks come from `pool`. ST_OK, or ST_MEMORY (`into` still valid, as
 * before or partly united). */
enum st hll_union(struct hll *into, struct hll_pool *pool, const struct hll *from);

/* Gives the blocks back to the pool; the sketch is empty again. */
void hll_clear(struct hll *h, struct hll_pool *pool);

/* The canonical bytes, 3..HLL_WIRE_MAX of them. Returns how many. */
size_t hll_encode(const struct hll *h, uint8_t out[HLL_WIRE_MAX]);

/*
 * Unite the sketch in `wire` into `into`, after checking every byte of it (version, parameters, type, length, order,
 * repeats, padding). Reads every canonical value and what python-hll writes (FULL from 513 registers); refuses what the
 * server reads but no program writes: SPARSE out of order or with zeros, EXPLICIT with none or over 160, UNDEFINED.
 * ST_OK; ST_CORRUPT with the defect in err->cause, `into` untouched; ST_MEMORY, as hll_union.
 */
enum st hll_decode(struct hll *into, struct hll_pool *pool, struct slice wire, struct err *err);

/* hll_cardinality() of the server: the same double; NaN when saturated. */
double hll_cardinality(const struct hll *h);

#endif
