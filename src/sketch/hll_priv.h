/*
 * What hll.c and hll_wire.c share: how a hash becomes a register, and the elements of an explicit set.
 */
#ifndef INGEST_HLL_PRIV_H
#define INGEST_HLL_PRIV_H

#include "ingest/sketch.h"

#define REGISTER_MAX ((1 << HLL_REGWIDTH) - 1)

/* The server's rule: the low bits choose the register; a hash whose other bits are all zero has no value. */
static inline void
fold_hash(uint8_t registers[HLL_REGISTERS], uint64_t hash)
{
    uint64_t v = hash >> HLL_LOG2M;
    size_t i = hash & (HLL_REGISTERS - 1);
    int value;

    if (v == 0)
        return;
    value = __builtin_ctzll(v) + 1;
    if (value > REGISTER_MAX)
        value = REGISTER_MAX;
    if (registers[i] < value)
        registers[i] = (uint8_t)value;
}

static inline void
fold_registers(uint8_t into[HLL_REGISTERS], const uint8_t from[HLL_REGISTERS])
{
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        into[i] = into[i] > from[i] ? into[i] : from[i];
}

static inline size_t
count_zero(const uint8_t *registers)
{
    size_t n = 0;

    for (size_t i = 0; i < HLL_REGISTERS; i++)
        n += registers[i] == 0;
    return n;
}

/* The elements of an explicit set, in no order. Returns how many; `h` must not be in registers. */
size_t hll_elements(const struct hll *h, uint64_t out[HLL_EXPLICIT_MAX]);

/* Leaves the explicit form. ST_OK (u.registers can be written), or ST_MEMORY with the sketch as before. */
enum st hll_promote(struct hll *h, struct hll_pool *pool);

#endif
