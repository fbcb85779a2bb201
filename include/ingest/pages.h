/*
 * Large memory straight from the system.
 */
#ifndef INGEST_PAGES_H
#define INGEST_PAGES_H

#include "ingest/base.h"

#define PAGES_HUGE (2 * MIB)

static inline size_t
pages_round(size_t n)
{
    return (n + PAGES_HUGE - 1) & ~(PAGES_HUGE - 1);
}

enum pages_kind {
    /* Huge, where the system has them: a table that is read all over costs a page walk at almost every read otherwise, and twice as
     * much on a virtual machine. */
    PAGES_READ_ALL_OVER,
    /* All at once there: what is written once from its beginning to its end. Huge only where pages are seen to come quickly: one that
     * a hypervisor has taken back comes in 512 pieces, each slower than a small page that the system has at hand. */
    PAGES_FILLED_UP
};

/* `n` bytes of zeros, aligned to PAGES_HUGE; `n` is a multiple of it. NULL without memory. */
void *pages_alloc(size_t n, enum pages_kind kind);
void  pages_free(void *p, size_t n);

#endif
