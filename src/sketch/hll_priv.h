/*
 * What hll.c and hll_wire.c share: registers.
 */
#ifndef INGEST_HLL_PRIV_H
#define INGEST_HLL_PRIV_H

#include "ingest/sketch.h"

#define REGISTER_MAX ((1 << HLL_REGWIDTH) - 1)

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

/* Leaves the explicit form: u.registers can be written. */
void hll_promote(struct hll *h);

#endif
