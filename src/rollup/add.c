/*
 * Adding hits. The table of a busy day is far larger than the caches, so a hit alone would wait
 * three times: for its slot, its entry and the place of its client. Of some hits at a time, these
 * are asked for in three rounds, each of which finds what the one before it has asked for.
 */
#include "rollup_priv.h"

#define SOME 32 /* hits: a round takes longer than memory; measured flat from here to 128 */

/* A whole sketch, which comes rarely, and was checked before it became part of a hit. */
static bool
add_sketch(struct table *t, struct entry *e, struct slice wire)
{
    struct hll h;
    struct err err;
    enum st rc;

    hll_clear(&h);
    rc = hll_decode(&h, wire, &err);
    assert(rc == ST_OK);
    return rc == ST_OK && clients_unite(t, e, hll_view(&h));
}

/* ST_OK; ST_EOF: overflow; ST_MEMORY: the table is full, and sums are as before. */
static inline enum st
add_hit(struct rollup *r, const struct hit *hit, uint64_t hash, size_t place)
{
    struct entry *e = table_put_at(&r->table, hit->key, hash, place);

    if (unlikely(e == NULL))
        return ST_MEMORY;
    if (unlikely(!sums_fit(&r->shape, entry_sums(e), hit->sums)))
        return ST_EOF;
    if (r->shape.sketch && hit->has_client && unlikely(!clients_add(&r->table, e, hit->client)))
        return ST_MEMORY;
    if (r->shape.sketch && unlikely(hit->sketch.p != NULL) &&
        !add_sketch(&r->table, e, hit->sketch))
        return ST_MEMORY;
    sums_unite(&r->shape, entry_sums(e), hit->sums);
    rollup_note_days(r, hit->day, hit->day);
    return ST_OK;
}

enum st
rollup_add(struct rollup *r, const struct hit *hit, struct err *err)
{
    size_t added;

    return rollup_add_many(r, hit, 1, &added, err);
}

/* Of a full table. Places that were found before are none from now on. */
static enum st
add_with_room(struct rollup *r, const struct hit *hit, uint64_t hash, struct err *err)
{
    enum st rc;

    do
        if ((rc = rollup_make_room(r, err)) != ST_OK)
            return rc;
    while ((rc = add_hit(r, hit, hash, table_place(&r->table, hash, hash))) == ST_MEMORY);
    return rc;
}

/* At most SOME, fewer where the table grows or is written out. */
static enum st
add_some(struct rollup *r, const struct hit *hits, size_t n, size_t *added, struct err *err)
{
    struct table *t = &r->table;
    const size_t n_slots = t->n_slots;
    uint64_t hash[SOME];
    size_t place[SOME];

    for (size_t i = 0; i < n; i++) {
        hash[i] = table_hash(t, hits[i].key);
        table_ask_slot(t, hash[i]);
    }
    for (size_t i = 0; i < n; i++) {
        place[i] = table_place(t, hash[i], hash[i]);
        table_ask_entry(t, place[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (t->slots[place[i]].entry != NULL)
            entry_ask_rest(t->shape, t->slots[place[i]].entry, hits[i].client);
    for (; *added < n && t->n_slots == n_slots; ++*added) {
        const struct hit *hit = &hits[*added];
        enum st rc = add_hit(r, hit, hash[*added], place[*added]);

        if (unlikely(rc == ST_MEMORY)) {
            rc = add_with_room(r, hit, hash[*added], err);
            *added += rc == ST_OK;
            return rc;
        }
        if (unlikely(rc != ST_OK))
            return rc;
    }
    return ST_OK;
}

enum st
rollup_add_many(struct rollup *r, const struct hit *hits, size_t n, size_t *added, struct err *err)
{
    *added = 0;
    while (*added < n) {
        size_t some = n - *added < SOME ? n - *added : SOME, done = 0;
        enum st rc = add_some(r, hits + *added, some, &done, err);

        *added += done;
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}
