/*
 * Totals are made group by group, in place: the slots of the group are sorted by their total's key,
 * so that the members of each total stand together and are united one total at a time; then every
 * slot goes back to its rank, and the members follow. A member that is a total itself has gone into
 * the totals and is not given again.
 */
#include "walk_priv.h"
#include "sort_priv.h"

#define AHEAD 16

void
walk_init(struct walk *w, struct table *table, size_t start, size_t end)
{
    assert(table->sorted && end <= table->n);
    *w = (struct walk){
        .table = table, .at = start, .end = end, .group_start = start, .group_end = start
    };
}

enum st
record_unite(const struct rollup_shape *shape, const struct record *record, int64_t *sums,
             struct hll *clients, struct err *err)
{
    if (unlikely(shape->latest))
        sums_latest(sums, record->sums, shape->n_sums);
    else
        for (size_t i = 0; i < shape->n_sums; i++)
            if (__builtin_add_overflow(sums[i], record->sums[i], &sums[i]))
                return err_fail(err, ST_CORRUPT, "cannot add up the rows of a key",
                                "sum %zu goes beyond 2^63 - 1", i + 1);
    if (record->has_clients)
        hll_unite(clients, record->clients);
    return record->sketch.p != NULL ? hll_decode(clients, record->sketch, err) : ST_OK;
}

static struct slice
key_at(const struct walk *w, size_t i)
{
    return entry_key(w->table->shape, w->table->slots[i].entry);
}

/* Field by field into its place: a copy of what has just been written would wait for it. */
static inline void
record_at(const struct walk *w, size_t i, struct record *record)
{
    struct entry *e = w->table->slots[i].entry;

    record->key = entry_key(w->table->shape, e);
    record->sums = entry_sums(e);
    record->has_clients = w->table->shape->sketch;
    record->clients = entry_clients(e);
    record->sketch = (struct slice){ NULL, 0 };
}

static struct slice
total_at(const struct walk *w, size_t i, uint8_t out[KEY_BYTES_MAX])
{
    return (struct slice){ (const char *)out, w->table->shape->total(key_at(w, i), out) };
}

/* What lies in other lines than the first of an entry: its clients, and the end of its key. Where
 * that is in the first line, strlen(3) looks at the second all the same. */
static ASKING void
ask_rest(struct entry *e)
{
    __builtin_prefetch((const char *)e + 64);
    __builtin_prefetch(clients_of(e));
    __builtin_prefetch(clients_of(e) + e->n_clients);
}

/* Entries lie all over memory, and blocks of clients, too: those of the members to come are asked
 * for while this one is looked at. */
static ASKING void
ask_ahead(const struct walk *w, size_t i)
{
    const struct slot *slots = w->table->slots;

    if (i + 2 * AHEAD < w->end)
        __builtin_prefetch(slots[i + 2 * AHEAD].entry);
    if (i + AHEAD < w->end)
        ask_rest(slots[i + AHEAD].entry);
}

static bool
in_group(const struct walk *w, struct slice first, size_t i)
{
    struct slice key = key_at(w, i);

    return key.n >= w->n_shared && memcmp(key.p, first.p, w->n_shared) == 0;
}

/* Ranks the members and puts them in the order of their totals. */
static void
group_sort(struct walk *w)
{
    struct slot *slots = w->table->slots + w->group_start;
    size_t n = w->group_end - w->group_start;

    for (size_t i = 0; i < n; i++)
        slots[i].entry->rank = (uint32_t)i;
    sort_by_total(w->table->shape, slots, n, w->n_shared);
}

/* Finds the group that begins at w->at. Mostly its members have one total and stand in its order: a
 * log of one day has one for each name. */
static void
group_open(struct walk *w)
{
    const struct rollup_shape *shape = w->table->shape;
    struct slice first = key_at(w, w->at);
    uint8_t other[KEY_BYTES_MAX];

    w->n_shared = shape->group(first);
    w->group_start = w->group_end = w->at;
    w->one_total = true;
    w->total = total_at(w, w->at, w->key);
    for (; w->group_end < w->end && in_group(w, first, w->group_end); w->group_end++) {
        struct entry *e = w->table->slots[w->group_end].entry;
        struct slice its = total_at(w, w->group_end, other);

        ask_ahead(w, w->group_end);
        clients_put_in_order(e);
        w->one_total = w->one_total && key_eq(its, w->total);
        e->is_total = key_eq(its, key_at(w, w->group_end));
    }
    if (!w->one_total)
        group_sort(w);
    w->part = IN_TOTALS;
}

/* Back to the order of keys: each exchange puts one slot where it stays. */
static void
group_restore(struct walk *w)
{
    struct slot *slots = w->table->slots + w->group_start;
    size_t n = w->one_total ? 0 : w->group_end - w->group_start;

    for (size_t i = 0; i < n; i++)
        while (slots[i].entry->rank != i) {
            struct slot *home = &slots[slots[i].entry->rank], was_home = *home;

            *home = slots[i];
            slots[i] = was_home;
        }
    w->part = IN_MEMBERS;
    w->at = w->group_start;
}

/* Does the member at w->at belong to the total of this key, too? */
static bool
has_total(const struct walk *w, struct slice total)
{
    uint8_t other[KEY_BYTES_MAX];

    return w->at < w->group_end && (w->one_total || slice_eq(total, total_at(w, w->at, other)));
}

static enum st
total_next(struct walk *w, struct record *record, struct err *err)
{
    const struct rollup_shape *shape = w->table->shape;
    struct slice key = w->total;
    struct record member;
    enum st rc;

    if (!w->one_total)
        key = total_at(w, w->at, w->key);
    record_at(w, w->at++, record);
    record->key = key;
    if (!has_total(w, key))
        return ST_OK; /* of one member: nothing to add up */

    hll_clear(&w->clients);
    memset(w->sums, 0, sizeof w->sums);
    rc = record_unite(shape, record, w->sums, &w->clients, err);
    do {
        record_at(w, w->at++, &member);
        if (rc == ST_OK)
            rc = record_unite(shape, &member, w->sums, &w->clients, err);
    } while (has_total(w, key));
    record->sums = w->sums;
    record->clients = hll_view(&w->clients);
    return rc;
}

enum st
walk_next(struct walk *w, struct record *record, struct err *err)
{
    struct table *t = w->table;

    for (;;) {
        if (w->part == IN_TOTALS) {
            if (w->at < w->group_end)
                return total_next(w, record, err);
            group_restore(w);
        }
        if (w->at < w->group_end || t->shape->total == NULL) {
            if (w->at == w->end)
                return ST_EOF;
            if (t->shape->total == NULL) {
                ask_ahead(w, w->at);
                clients_put_in_order(t->slots[w->at].entry);
            }
            record_at(w, w->at, record);
            if (!t->slots[w->at++].entry->is_total)
                return ST_OK;
        } else if (w->at == w->end) {
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
}
