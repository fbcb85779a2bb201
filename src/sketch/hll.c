/*
 * A distinct count in memory: a sorted set of hashes up to 160, registers from there. Its bytes are
 * made in hll_wire.c. The set is kept in the order in which the wire wants it, so that two sets are
 * united by merging them and written without another look.
 */
#include "hll_priv.h"

#define FEW       12 /* sorted as they are */
#define DEALT_MAX 256

void
hll_clear(struct hll *h)
{
    h->n = 0;
}

struct hll_view
hll_view(const struct hll *h)
{
    if (h->n == HLL_IN_REGISTERS)
        return (struct hll_view){ .registers = h->u.registers };
    return (struct hll_view){ .set = h->u.set, .n = h->n };
}

static void
fold_set(uint8_t registers[HLL_REGISTERS], const uint64_t *set, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hll_fold(registers, set[i]);
}

void
hll_promote(struct hll *h)
{
    uint64_t set[HLL_EXPLICIT_MAX];
    size_t n = h->n;

    if (n == HLL_IN_REGISTERS)
        return;
    memcpy(set, h->u.set, n * sizeof *set);
    memset(h->u.registers, 0, HLL_REGISTERS);
    fold_set(h->u.registers, set, n);
    h->n = HLL_IN_REGISTERS;
}

/* The first place whose hash is not below `hash`. */
static size_t
place_of(const struct hll *h, uint64_t hash)
{
    size_t low = 0, high = h->n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if ((int64_t)h->u.set[middle] < (int64_t)hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void
hll_add(struct hll *h, uint64_t hash)
{
    size_t at;

    if (h->n == HLL_IN_REGISTERS) {
        hll_fold(h->u.registers, hash);
        return;
    }
    at = place_of(h, hash);
    if (at < h->n && h->u.set[at] == hash)
        return;
    if (h->n == HLL_EXPLICIT_MAX) {
        hll_promote(h);
        hll_fold(h->u.registers, hash);
        return;
    }
    memmove(&h->u.set[at + 1], &h->u.set[at], (h->n - at) * sizeof *h->u.set);
    h->u.set[at] = hash;
    h->n++;
}

/*
 * Both sets together, or nothing: false where there are more than a set may hold. Which of two
 * hashes is the smaller nobody can guess, the processor neither: so each step takes it without a
 * branch.
 */
static bool
merge_sets(struct hll *into, const uint64_t *set, size_t n)
{
    uint64_t merged[2 * HLL_EXPLICIT_MAX];
    size_t n_merged = 0, i = 0, j = 0;

    if (n > HLL_EXPLICIT_MAX)
        return false;
    while (i < into->n && j < n) {
        uint64_t a = into->u.set[i], b = set[j];

        merged[n_merged++] = (int64_t)a < (int64_t)b ? a : b;
        i += (int64_t)a <= (int64_t)b;
        j += (int64_t)b <= (int64_t)a;
    }
    memcpy(merged + n_merged, into->u.set + i, (into->n - i) * sizeof *merged);
    n_merged += into->n - i;
    memcpy(merged + n_merged, set + j, (n - j) * sizeof *merged);
    n_merged += n - j;
    if (n_merged > HLL_EXPLICIT_MAX)
        return false;
    memcpy(into->u.set, merged, n_merged * sizeof *merged);
    into->n = (uint16_t)n_merged;
    return true;
}

void
hll_unite(struct hll *into, struct hll_view from)
{
    if (from.registers != NULL) {
        hll_promote(into);
        fold_registers(into->u.registers, from.registers);
        return;
    }
    if (from.n == 0)
        return;
    if (into->n == 0 && from.n <= HLL_EXPLICIT_MAX) {
        memcpy(into->u.set, from.set, from.n * sizeof *from.set);
        into->n = (uint16_t)from.n;
        return;
    }
    if (into->n != HLL_IN_REGISTERS && merge_sets(into, from.set, from.n))
        return;
    hll_promote(into);
    fold_set(into->u.registers, from.set, from.n);
}

static void
insertion_sort(int64_t *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        int64_t v = a[i];
        size_t j = i;

        for (; j > 0 && a[j - 1] > v; j--)
            a[j] = a[j - 1];
        a[j] = v;
    }
}

/* Where a hash belongs among 2^bits, by its highest bits; the sign bit is turned, as the order is
 * that of signed numbers. */
static inline size_t
bucket_of(uint64_t hash, unsigned bits)
{
    return (hash ^ UINT64_C(1) << 63) >> (64 - bits);
}

/*
 * Hashes are spread evenly, so that dealing them to about as many buckets as there are leaves
 * nearly nothing to sort. Chosen ones may all meet in a bucket: then it is the insertion sort that
 * sorts, and no more than DEALT_MAX of them.
 */
static void
deal(uint64_t *a, size_t n)
{
    uint64_t from[DEALT_MAX];
    uint16_t end[DEALT_MAX] = { 0 };
    unsigned bits = 63u - (unsigned)__builtin_clzl(n);
    size_t at = 0;

    memcpy(from, a, n * sizeof *a);
    for (size_t i = 0; i < n; i++)
        end[bucket_of(from[i], bits)]++;
    for (size_t i = 0; i < (size_t)1 << bits; i++) {
        at += end[i];
        end[i] = (uint16_t)at;
    }
    for (size_t i = n; i-- > 0;)
        a[--end[bucket_of(from[i], bits)]] = from[i];
}

/* Shellsort with Ciura's gaps: no memory, and no order of arrival that makes it slow. */
static void
shell_sort(int64_t *a, size_t n)
{
    static const size_t gaps[] = { 701, 301, 132, 57, 23, 10, 4 };

    for (size_t g = 0; g < ARRAY_LEN(gaps); g++)
        for (size_t i = gaps[g]; i < n; i++) {
            int64_t v = a[i];
            size_t j = i;

            for (; j >= gaps[g] && a[j - gaps[g]] > v; j -= gaps[g])
                a[j] = a[j - gaps[g]];
            a[j] = v;
        }
}

size_t
hll_sort(uint64_t *hashes, size_t n)
{
    size_t n_left = 0;

    if (n > DEALT_MAX)
        shell_sort((int64_t *)hashes, n);
    else if (n > FEW)
        deal(hashes, n);
    insertion_sort((int64_t *)hashes, n);
    for (size_t i = 0; i < n; i++) {
        hashes[n_left] = hashes[i];
        n_left += i + 1 == n || hashes[i] != hashes[i + 1];
    }
    return n_left;
}
