/*
 * A distinct count in memory: a sorted set of hashes up to 160, registers from there. Its bytes are
 * made in hll_wire.c. The set is kept in the order in which the wire wants it, so that two sets are
 * united by merging them and written without another look.
 */
#include "hll_priv.h"

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

/* Both sets together, or nothing: false where there are more than a set may hold. */
static bool
merge_sets(struct hll *into, const uint64_t *set, size_t n)
{
    uint64_t merged[HLL_EXPLICIT_MAX];
    size_t n_merged = 0, i = 0, j = 0;

    while (i < into->n || j < n) {
        bool left = j == n || (i < into->n && (int64_t)into->u.set[i] <= (int64_t)set[j]);
        uint64_t hash = left ? into->u.set[i] : set[j];

        if (n_merged == HLL_EXPLICIT_MAX)
            return false;
        merged[n_merged++] = hash;
        i += left;
        j += j < n && set[j] == hash;
    }
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

    if (n > 12)
        shell_sort((int64_t *)hashes, n);
    insertion_sort((int64_t *)hashes, n);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || hashes[i] != hashes[i - 1])
            hashes[n_left++] = hashes[i];
    return n_left;
}
