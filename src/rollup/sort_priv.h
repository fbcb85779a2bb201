/*
 * Sorting the slots of a table in place, by the bytes of their keys or of their totals' keys.
 */
#ifndef INGEST_SORT_PRIV_H
#define INGEST_SORT_PRIV_H

#include "table_priv.h"

/* By memcmp, a key before its continuations. Spoils slot.hash. */
void sort_by_key(const struct rollup_shape *shape, struct slot *slots, size_t n);

/* By the key of the total that each belongs to, whose first `n_shared` bytes are known to be the same for all. */
void sort_by_total(const struct rollup_shape *shape, struct slot *slots, size_t n, size_t n_shared);

/* By slot.hash: what the others fall back on, seen here because only its own test reaches it for sure. */
void sort_by_heap(struct slot *slots, size_t n);

#endif
