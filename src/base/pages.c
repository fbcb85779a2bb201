/*
 * mmap, aligned by hand: more is asked for than needed, and both ends are given back.
 */
#include "ingest/pages.h"
#include "ingest/clock.h"

#include <sys/mman.h>

/* Memory that the system has is there in 100 to 200 us, what a hypervisor brings in 800 to 9,000. */
#define QUICK_US 400 /* for PAGES_HUGE bytes */

static char *
pages_map(size_t n)
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
    return p + before;
}

/* What madvise(2) is asked for are wishes: where they cannot be had all is as before, only slower. */
void *
pages_alloc(size_t n)
{
    char *p = pages_map(n);

    if (p != NULL)
        madvise(p, n, MADV_HUGEPAGE);
    return p;
}

void *
pages_alloc_filled(size_t n, enum pages_supply *supply)
{
    char *p = pages_map(n);
    int64_t start = clock_monotonic_us(), limit = (int64_t)(n / PAGES_HUGE * QUICK_US);

    if (p == NULL)
        return NULL;
    if (*supply == PAGES_QUICK)
        madvise(p, n, MADV_HUGEPAGE);
    if (madvise(p, n, MADV_POPULATE_WRITE) == 0 && *supply != PAGES_SLOW)
        *supply = clock_monotonic_us() - start < limit ? PAGES_QUICK : PAGES_SLOW;
    return p;
}

void
pages_free(void *p, size_t n)
{
    if (p != NULL)
        munmap(p, n);
}
