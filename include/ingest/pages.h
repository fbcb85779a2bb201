/*
 * Large memory straight from the system, in huge pages where it has them: a table that is read all over costs a page
 * walk at almost every read otherwise, and twice as much on a virtual machine.
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

/* `n` bytes of zeros, aligned to PAGES_HUGE; `n` is a multiple of it. NULL without memory. */
void *pages_alloc(size_t n);
void  pages_free(void *p, size_t n);

#endif
