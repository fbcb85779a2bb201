/*
 * Open addressing with linear steps, at most three quarters full while there is memory to grow; the
 * hash stands in the slot, so that a step touches no entry that is not the right one. A table that
 * is full to its ceiling says so and is written to disk by rollup.c.
 */
#include "table_priv.h"
#include "sort_priv.h"
#include "ingest/pages.h"

#define XXH_INLINE_ALL /* keys are short: a call would cost as much as the hash */
#include <xxhash.h>
#include <sodium.h>

#define SLOTS_KEPT                                                                                 \
    1024 /* over a reset; clearing more would cost a small input more than its lines */

static size_t
slots_bytes(const struct table *t)
{
    return t->slots == t->first ? 0 : t->n_slots * sizeof *t->slots;
}

size_t
table_bytes(const struct table *t)
{
    return slots_bytes(t) + t->arena.used_bytes;
}

/* What the slots leave to the arena. While the table may still double them, that much is kept. */
static void
share_out(struct table *t, enum share share)
{
    size_t slots = slots_bytes(t);

    if (share == KEEP_TO_GROW)
        slots += t->n_slots * 2 * sizeof *t->slots;
    t->share = share;
    t->arena.ceiling_bytes = t->ceiling_bytes > slots ? t->ceiling_bytes - slots : 0;
}

bool
table_lend(struct table *t)
{
    if (t->share == ALL_IN_USE)
        return false;
    share_out(t, ALL_IN_USE);
    return true;
}

void
table_init(struct table *t, const struct rollup_shape *shape, size_t ceiling_bytes)
{
    *t = (struct table){ .shape = shape, .ceiling_bytes = ceiling_bytes, .n_slots = SLOTS_FIRST };
    t->slots = t->first;
    randombytes_buf(&t->seed, sizeof t->seed);
    arena_init(&t->arena, ceiling_bytes);
    share_out(t, KEEP_TO_GROW);
}

/* All free. Large ones lie in huge pages: they are read all over. */
static struct slot *
slots_alloc(size_t n)
{
    size_t bytes = n * sizeof(struct slot);

    return bytes % PAGES_HUGE == 0 ? pages_alloc(bytes)
                                   : calloc(n, sizeof(struct slot));
}

static void
slots_free(struct slot *slots, size_t n)
{
    size_t bytes = n * sizeof *slots;

    if (bytes % PAGES_HUGE == 0)
        pages_free(slots, bytes);
    else
        free(slots);
}

static void
free_slots(struct table *t)
{
    if (t->slots != t->first)
        slots_free(t->slots, t->n_slots);
    t->slots = t->first;
    t->n_slots = SLOTS_FIRST;
}

void
table_set_ceiling(struct table *t, size_t ceiling_bytes)
{
    t->ceiling_bytes = ceiling_bytes;
    share_out(t, t->share);
}

void
table_release(struct table *t)
{
    free_slots(t);
    arena_release(&t->arena);
}

void
table_reset(struct table *t)
{
    if (t->n_slots > SLOTS_KEPT)
        free_slots(t);
    if (t->n > 0)
        memset(t->slots, 0, t->n_slots * sizeof *t->slots);
    t->n = 0;
    t->sorted = false;
    share_out(t, KEEP_TO_GROW);
    memset(t->blocks, 0, sizeof t->blocks);
    arena_reset(&t->arena);
}

/* Where the key is, or the free slot where it belongs; looked for from `place` on. */
static inline struct slot *
find(const struct table *t, struct slice key, uint64_t hash, size_t place)
{
    for (;; place++) {
        struct slot *slot = &t->slots[place = table_place(t, hash, place)];

        if (slot->entry == NULL || key_eq(entry_key(t->shape, slot->entry), key))
            return slot;
    }
}

static bool
grow(struct table *t)
{
    size_t n_new = t->n_slots * 2, bytes = n_new * sizeof(struct slot);
    struct slot *slots;

    if (n_new > UINT32_MAX) /* ranks have 32 bits */
        return false;
    if (table_bytes(t) > t->ceiling_bytes || bytes > t->ceiling_bytes - table_bytes(t))
        return false;
    slots = slots_alloc(n_new);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->n_slots; i++) {
        size_t j = t->slots[i].hash & (n_new - 1);

        if (t->slots[i].entry == NULL)
            continue;
        while (slots[j].entry != NULL)
            j = (j + 1) & (n_new - 1);
        slots[j] = t->slots[i];
    }
    free_slots(t);
    memset(t->first, 0, sizeof t->first);
    t->slots = slots;
    t->n_slots = n_new;
    share_out(t, KEEP_TO_GROW);
    return true;
}

static struct entry *
entry_new(struct table *t, struct slice key)
{
    size_t head = sizeof(struct entry) + t->shape->n_sums * sizeof(int64_t);
    struct entry *e;

    e = arena_alloc_lines(&t->arena, head + key.n);
    if (e == NULL)
        return NULL;
    memset(e, 0, head);
    e->key_n = (unsigned)key.n & 0x7ff;
    e->room = 1;
    memcpy((char *)e + head, key.p, key.n);
    return e;
}

uint64_t
table_hash(const struct table *t, struct slice key)
{
    return XXH3_64bits_withSeed(key.p, key.n, t->seed);
}

struct entry *
table_put_from(struct table *t, struct slice key, uint64_t hash, size_t place)
{
    struct slot *slot = find(t, key, hash, place);
    struct entry *e;

    assert(!t->sorted && key.n <= KEY_BYTES_MAX);
    if (likely(slot->entry != NULL))
        return slot->entry;
    if (t->n >= t->n_slots / 4 * 3) {
        if (grow(t))
            slot = find(t, key, hash, hash);
        else if (t->n >= t->n_slots / 8 * 7)
            return NULL;
    }
    if ((e = entry_new(t, key)) == NULL)
        return NULL;
    *slot = (struct slot){ hash, e };
    t->n++;
    return e;
}

void
table_sort(struct table *t)
{
    size_t n = 0;

    if (t->sorted)
        return;
    for (size_t i = 0; i < t->n_slots; i++)
        if (t->slots[i].entry != NULL)
            t->slots[n++] = t->slots[i];
    assert(n == t->n);
    t->sorted = true;
    sort_by_key(t->shape, t->slots, n);
}

size_t
table_lower_bound(const struct table *t, struct slice key)
{
    size_t low = 0, high = t->n;

    assert(t->sorted);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct slice other = entry_key(t->shape, t->slots[middle].entry);
        int order = memcmp(other.p, key.p, other.n < key.n ? other.n : key.n);

        if (order < 0 || (order == 0 && other.n < key.n))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void
table_swap(struct table *a, struct table *b)
{
    struct table was_a = *a;
    size_t ceiling_a = a->ceiling_bytes, ceiling_b = b->ceiling_bytes;
    const struct rollup_shape *shape_a = a->shape, *shape_b = b->shape;
    bool first_a = a->slots == a->first, first_b = b->slots == b->first;

    *a = *b;
    *b = was_a;
    if (first_b)
        a->slots = a->first;
    if (first_a)
        b->slots = b->first;
    a->shape = shape_a;
    b->shape = shape_b;
    a->ceiling_bytes = ceiling_a;
    b->ceiling_bytes = ceiling_b;
    share_out(a, KEEP_TO_GROW);
    share_out(b, KEEP_TO_GROW);
}
