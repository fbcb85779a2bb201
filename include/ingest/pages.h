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

/*
 * `n` bytes of zeros, aligned to PAGES_HUGE; `n` is a multiple of it. NULL without memory. In huge pages, where the system has them: a
 * table that is read all over costs a page walk at almost every read otherwise, and twice as much on a virtual machine.
 */
void *pages_alloc(size_t n);

/*
 * The same, and all at once there: for what is written once from its beginning to its end. In huge pages only where those before came
 * quickly, which *supply remembers (at first PAGES_UNSEEN): one that a hypervisor has taken back comes in 512 pieces, each slower than a
 * small page that the system has at hand.
 */
enum pages_supply { PAGES_UNSEEN, PAGES_QUICK, PAGES_SLOW };
void *pages_alloc_filled(size_t n, enum pages_supply *supply);

void pages_free(void *p, size_t n);

#endif
