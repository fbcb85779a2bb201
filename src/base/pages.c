/*
 * mmap, aligned by hand: more is asked for than needed, and both ends are given back.
 */
#include "ingest/pages.h"

#include <sys/mman.h>

void *
pages_alloc(size_t n, enum pages_kind kind)
{
    size_t room = n + PAGES_HUGE, before;
    char *p;

    assert(n % PAGES_HUGE == 0);
    if (n == 0 || room < n)
        return NULL;
    p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    before = (PAGES_HUGE - (uintptr_t)p % PAGES_HUGE) % PAGES_HUGE;
    if (before > 0)
        munmap(p, before);
    munmap(p + before + n, PAGES_HUGE - before);
    /* Wishes: where they cannot be had all is as before, only slower. */
    madvise(p + before, n, kind == PAGES_FILLED_UP ? MADV_POPULATE_WRITE : MADV_HUGEPAGE);
    return p + before;
}

void
pages_free(void *p, size_t n)
{
    if (p != NULL)
        munmap(p, n);
}
