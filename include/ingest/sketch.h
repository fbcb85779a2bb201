/*
 * HyperLogLog sketches as postgresql-hll keeps them in a column hll(11,5): log2m 11, regwidth 5, expthresh -1, sparseon 1.
 * Knows nothing of logs or SQL. What is written equals the server's bytes for the same hashes, in any order of adding
 * and uniting (aggregateknowledge "HLL storage specification" 1.0.0, and the server's behaviour, in short:
 * explicit up to 160 hashes, then registers, sent sparse below 640 non-zero registers and full from there).
 */
#ifndef INGEST_SKETCH_H
#define INGEST_SKETCH_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/slice.h"

#define HLL_LOG2M        11
#define HLL_REGISTERS    (1 << HLL_LOG2M)
#define HLL_REGWIDTH     5
#define HLL_EXPLICIT_MAX 160
#define HLL_WIRE_MAX     1283

/*
 * A sketch to add to: two kilobytes that own nothing. Empty when n is 0. Those who keep many keep their hashes elsewhere,
 * and look at them through a view.
 */
struct hll {
    uint16_t n; /* explicit hashes held; HLL_IN_REGISTERS once there were more than fit */
    union {
        uint64_t set[HLL_EXPLICIT_MAX];    /* ascending as signed numbers, each once */
        uint8_t  registers[HLL_REGISTERS]; /* one register each */
    } u;
};
#define HLL_IN_REGISTERS UINT16_MAX

/* A sketch that lies elsewhere: registers, or else `n` hashes, ascending as signed numbers, each once, of any number. */
struct hll_view {
    const uint8_t  *registers; /* HLL_REGISTERS of them; NULL: a set */
    const uint64_t *set;
    size_t          n;
};

void hll_clear(struct hll *h);

/* Hashing is the caller's affair. */
void hll_add(struct hll *h, uint64_t hash);
void hll_unite(struct hll *into, struct hll_view from);
struct hll_view hll_view(const struct hll *h); /* while *h stays as it is */

/* Sorts hashes and drops repeats; returns how many are left: a set for a view. Never slower than n^1.5. */
size_t hll_sort(uint64_t *hashes, size_t n);

/* Adds a hash to registers that lie elsewhere. The server's rule: the low bits choose the register; a hash whose other
 * bits are all zero has no value. */
static inline void
hll_fold(uint8_t registers[HLL_REGISTERS], uint64_t hash)
{
    uint64_t rest = hash >> HLL_LOG2M;
    size_t i = hash & (HLL_REGISTERS - 1);
    int value;

    if (unlikely(rest == 0))
        return;
    value = __builtin_ctzll(rest) + 1;
    if (unlikely(value >= 1 << HLL_REGWIDTH))
        value = (1 << HLL_REGWIDTH) - 1;
    if (registers[i] < value)
        registers[i] = (uint8_t)value;
}

/* The canonical bytes, 3..HLL_WIRE_MAX of them. Returns how many. */
size_t hll_encode(struct hll_view view, uint8_t out[HLL_WIRE_MAX]);

/*
 * Looks at every byte of the sketch in `wire` (version, parameters, type, length, order, repeats, padding). Takes every
 * canonical value and what python-hll writes (FULL from 513 registers); refuses what the server reads but no program
 * writes: SPARSE out of order or with zeros, EXPLICIT with none or over 160, UNDEFINED. ST_OK; ST_CORRUPT with the
 * defect in err->cause.
 */
enum st hll_check(struct slice wire, struct err *err);

/* The same, and unites it into `into`, which is untouched if it is refused. */
enum st hll_decode(struct hll *into, struct slice wire, struct err *err);

/* hll_cardinality() of the server: the same double; NaN when saturated. */
double hll_cardinality(const struct hll *h);

#endif
