/*
 * Totals are made group by group, in place: the slots of the group are sorted by their total's key,
 * so that the members of each total stand together and are united one total at a time; then every
 * slot goes back to its rank, and the members follow. A member that is a total itself has gone into
 * the totals and is not given again.
 */
#include "walk_priv.h"
#include "sort_priv.h"

void
walk_init(struct walk *w, struct table *table, struct hll_pool *pool)
{
    *w = (struct walk){ .table = table, .pool = pool };
    table_sort(table);
}

enum st
record_unite(const struct record *record, size_t n_sums, int64_t *sums, struct hll *clients,
             struct hll_pool *pool, struct err *err)
{
    for (size_t i = 0; i < n_sums; i++)
        if (__builtin_add_overflow(sums[i], record->sums[i], &sums[i]))
            return err_fail(err, ST_CORRUPT, "cannot add up the rows of a key",
                            "sum %zu goes beyond 2^63 - 1", i + 1);
    if (record->clients != NULL && hll_union(clients, pool, record->clients) != ST_OK)
        return err_memory(err, "cannot unite sketches");
    if (record->sketch.p != NULL)
        return hll_decode(clients, pool, record->sketch, err);
    return ST_OK;
}

static struct slice
key_at(const struct walk *w, size_t i)
{
    return entry_key(w->table->shape, w->table->slots[i].entry);
}

static struct record
record_at(const struct walk *w, size_t i)
{
    struct entry *e = w->table->slots[i].entry;

    return (struct record){ .key = entry_key(w->table->shape, e),
                            .sums = entry_sums(w->table->shape, e),
                            .clients = entry_clients(w->table->shape, e) };
}

static struct slice
total_at(const struct walk *w, size_t i, uint8_t out[KEY_BYTES_MAX])
{
    return (struct slice){ (const char *)out, w->table->shape->total(key_at(w, i), out) };
}

/* Entries and sketches lie all over memory: those of the members to come are asked for while this
 * one is looked at. */
static inline void
ask_ahead(const struct walk *w, size_t i)
{
    const struct table *t = w->table;

    if (i + 16 < t->n) {
        __builtin_prefetch(t->slots[i + 16].entry);
        __builtin_prefetch((char *)t->slots[i + 16].entry + 64);
    }
    if (i + 8 < t->n && t->shape->sketch)
        hll_ask_whole(entry_clients(t->shape, t->slots[i + 8].entry));
}

/* Finds the group that begins at w->at, ranks its members and puts them in the order of their
 * totals. */
static void
group_open(struct walk *w)
{
    const struct rollup_shape *shape = w->table->shape;
    struct slice first = key_at(w, w->at);

    w->n_shared = shape->group(first);
    w->group_start = w->group_end = w->at;
    for (; w->group_end < w->table->n; w->group_end++) {
        struct entry *e = w->table->slots[w->group_end].entry;
        struct slice key = key_at(w, w->group_end);

        ask_ahead(w, w->group_end);
        if (key.n < w->n_shared || memcmp(key.p, first.p, w->n_shared) != 0 ||
            shape->group(key) != w->n_shared)
            break;
        e->rank = (uint32_t)(w->group_end - w->group_start);
        e->is_total = slice_eq(total_at(w, w->group_end, w->key), key);
    }
    sort_by_total(shape, w->table->slots + w->group_start, w->group_end - w->group_start,
                  w->n_shared);
    w->part = IN_TOTALS;
}

/* Back to the order of keys: each exchange puts one slot where it stays. */
static void
group_restore(struct walk *w)
{
    struct slot *slots = w->table->slots + w->group_start;

    for (size_t i = 0; i < w->group_end - w->group_start; i++)
        while (slots[i].entry->rank != i) {
            struct slot *home = &slots[slots[i].entry->rank], was_home = *home;

            *home = slots[i];
            slots[i] = was_home;
        }
    w->part = IN_MEMBERS;
    w->at = w->group_start;
}

static enum st
total_next(struct walk *w, struct record *record, struct err *err)
{
    struct table *t = w->table;
    uint8_t other[KEY_BYTES_MAX];
    struct slice key = total_at(w, w->at, w->key);
    enum st rc;

    *record = record_at(w, w->at++);
    record->key = key;
    if (w->at == w->group_end || !slice_eq(key, total_at(w, w->at, other)))
        return ST_OK; /* of one member: nothing to add up */

    memset(w->sums, 0, sizeof w->sums);
    rc = record_unite(record, t->shape->n_sums, w->sums, &w->clients, w->pool, err);
    do {
        struct record member = record_at(w, w->at++);

        if (rc == ST_OK)
            rc = record_unite(&member, t->shape->n_sums, w->sums, &w->clients, w->pool, err);
    } while (w->at < w->group_end && slice_eq(key, total_at(w, w->at, other)));
    record->sums = w->sums;
    record->clients = t->shape->sketch ? &w->clients : NULL;
    return rc;
}

enum st
walk_next(struct walk *w, struct record *record, struct err *err)
{
    struct table *t = w->table;

    hll_clear(&w->clients, w->pool);
    for (;;) {
        if (w->part == IN_TOTALS) {
            if (w->at < w->group_end)
                return total_next(w, record, err);
            group_restore(w);
        }
        if (w->at < w->group_end || t->shape->total == NULL) {
            if (w->at == t->n)
                return ST_EOF;
            *record = record_at(w, w->at);
            if (!t->slots[w->at++].entry->is_total)
                return ST_OK;
        } else if (w->at == t->n) {
            return ST_EOF;
        } else {
            group_open(w);
        }
    }
}

void
walk_release(struct walk *w)
{
    if (w->part == IN_TOTALS)
        group_restore(w);
    hll_clear(&w->clients, w->pool);
}
