/*
 * mmap, aligned by hand: more is asked for than needed, and both ends are given back.
 */
#include "ingest/pages.h"
#include "ingest/clock.h"

#include <stdatomic.h>
#include <sys/mman.h>

/* Memory that the system has is there in 100 to 200 us, what a hypervisor brings in 800 to 9,000. */
#define QUICK_US 400 /* for PAGES_HUGE bytes */

static atomic_int supply; /* of this machine, as seen last */
enum { SUPPLY_UNKNOWN, SUPPLY_QUICK, SUPPLY_SLOW };

/* Small pages first; huge ones as long as they come quickly. */
static void
fill_up(char *p, size_t n)
{
    int seen = atomic_load_explicit(&supply, memory_order_relaxed);
    int64_t start = clock_monotonic_us();

    if (seen == SUPPLY_QUICK)
        madvise(p, n, MADV_HUGEPAGE);
    if (madvise(p, n, MADV_POPULATE_WRITE) != 0 || seen == SUPPLY_SLOW)
        return;
    seen = clock_monotonic_us() - start < (int64_t)(n / PAGES_HUGE * QUICK_US) ? SUPPLY_QUICK
                                                                               : SUPPLY_SLOW;
    atomic_store_explicit(&supply, seen, memory_order_relaxed);
}

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
    if (kind == PAGES_FILLED_UP)
        fill_up(p + before, n);
    else
        madvise(p + before, n, MADV_HUGEPAGE);
    return p + before;
}

void
pages_free(void *p, size_t n)
{
    if (p != NULL)
        munmap(p, n);
}
