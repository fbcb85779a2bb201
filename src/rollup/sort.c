/*
 * Keys are compared seven bytes at a time, as numbers that stand in the slots: most comparisons
 * touch no entry. All slots are sorted by the number that begins at one depth, and those with equal
 * numbers again, seven bytes deeper. So every byte of a key is read once, however long the
 * beginnings that hostile keys share. Within a depth: quicksort, which takes equal numbers off at
 * once where they are the least (they are many), and turns into heapsort when its pivots are bad:
 * n log n always, no memory.
 */
#include "sort_priv.h"

#define PART_BYTES     7
#define INSERTION_MAX  16
#define AHEAD          12 /* slots: entries lie all over memory, and are asked for so early */
#define HAS_MORE(part) (((part) & 0xff) > PART_BYTES)

struct order {
    const struct rollup_shape *shape;
    bool                       totals;
};

/*
 * Seven bytes of `key` from `depth` as a big-endian number, zeros behind its end, and in the lowest
 * byte how many there are, 8 for "more": of two keys that differ only in zeros at the end, the
 * shorter one stays the smaller.
 */
static uint64_t
part_of(struct slice key, size_t depth)
{
    size_t left = key.n > depth ? key.n - depth : 0;
    const uint8_t *p = (const uint8_t *)key.p + depth;
    uint64_t part = 0;

    if (left > PART_BYTES) {
        memcpy(&part, p, sizeof part);
        return (__builtin_bswap64(part) & ~UINT64_C(0xff)) | (PART_BYTES + 1);
    }
    for (size_t i = 0; i < left; i++)
        part |= (uint64_t)p[i] << (56 - 8 * i);
    return part | left;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "part_of swaps");

static void
load_parts(const struct order *order, struct slot *slots, size_t n, size_t depth)
{
    uint8_t total[KEY_BYTES_MAX];

    for (size_t i = 0; i < n; i++) {
        struct slice key = entry_key(order->shape, slots[i].entry);

        if (i + AHEAD < n)
            __builtin_prefetch(slots[i + AHEAD].entry);
        if (order->totals)
            key = (struct slice){ (const char *)total, order->shape->total(key, total) };
        slots[i].hash = part_of(key, depth);
    }
}

/* ---- one depth: by slot.hash alone ---- */

/* A slot is moved in one piece: written as two and read as one right after, it would have to reach
 * the cache first (measured: two thirds of the time of a sort). */
typedef uint64_t whole __attribute__((vector_size(sizeof(struct slot)), aligned(8), may_alias));

static inline whole
taken(const struct slot *slot)
{
    return *(const whole *)slot;
}

static inline void
put(struct slot *slot, whole value)
{
    *(whole *)slot = value;
}

static inline void
exchange(struct slot *a, struct slot *b)
{
    whole was_a = taken(a);

    put(a, taken(b));
    put(b, was_a);
}

static void
insertion_sort(struct slot *slots, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        whole moving = taken(&slots[i]);
        uint64_t hash = slots[i].hash;
        size_t j = i;

        for (; j > 0 && slots[j - 1].hash > hash; j--)
            put(&slots[j], taken(&slots[j - 1]));
        put(&slots[j], moving);
    }
}

static void
sift_down(struct slot *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && heap[child + 1].hash > heap[child].hash)
            child++;
        if (heap[i].hash >= heap[child].hash)
            return;
        exchange(&heap[i], &heap[child]);
    }
}

void
sort_by_heap(struct slot *slots, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(slots, n, i);
    for (size_t end = n; end-- > 1;) {
        exchange(&slots[0], &slots[end]);
        sift_down(slots, end, 0);
    }
}

static uint64_t
middle_of(uint64_t a, uint64_t b, uint64_t c)
{
    if (a > b)
        return b > c ? b : a < c ? a : c;
    return a > c ? a : b < c ? b : c;
}

/* Those below `limit` come first; returns how many. Which ones nobody can guess, the processor
 * neither: so every step is an exchange, and the place to exchange with moves on or does not. */
static size_t
part_below(struct slot *slots, size_t n, uint64_t limit)
{
    size_t below = 0;

    for (size_t i = 0; i < n; i++) {
        bool is_below = slots[i].hash < limit;

        exchange(&slots[below], &slots[i]);
        below += is_below;
    }
    return below;
}

static void
quick_sort(struct slot *slots, size_t n, int depth_left)
{
    while (n > INSERTION_MAX) {
        uint64_t pivot = middle_of(slots[0].hash, slots[n / 2].hash, slots[n - 1].hash);
        size_t less;

        if (depth_left-- == 0) {
            sort_by_heap(slots, n);
            return;
        }
        less = part_below(slots, n, pivot);
        if (less == 0) { /* the pivot is the least, and there may be many of it */
            less = part_below(slots, n, pivot + 1); /* no part is UINT64_MAX */
            slots += less;
            n -= less;
        } else if (less < n / 2) { /* the smaller side by recursion: the stack stays log n deep */
            quick_sort(slots, less, depth_left);
            slots += less;
            n -= less;
        } else {
            quick_sort(slots + less, n - less, depth_left);
            n = less;
        }
    }
    insertion_sort(slots, n);
}

/* ---- all depths ---- */

/* Calls itself at most KEY_BYTES_MAX / 7 deep. */
static void
sort_from(const struct order *order, struct slot *slots, size_t n, size_t depth)
{
    load_parts(order, slots, n, depth);
    quick_sort(slots, n, 2 * (64 - __builtin_clzl(n | 1)));
    for (size_t i = 0, j; i < n; i = j) {
        uint64_t part = slots[i].hash;

        for (j = i + 1; j < n && slots[j].hash == part; j++)
            ;
        if (j - i > 1 && HAS_MORE(part))
            sort_from(order, slots + i, j - i, depth + PART_BYTES);
    }
}

void
sort_by_key(const struct rollup_shape *shape, struct slot *slots, size_t n)
{
    sort_from(&(struct order){ shape, false }, slots, n, 0);
}

void
sort_by_total(const struct rollup_shape *shape, struct slot *slots, size_t n, size_t n_shared)
{
    sort_from(&(struct order){ shape, true }, slots, n, n_shared);
}
