/*
 * Adding hits. The table of a busy day is far larger than the caches, so a hit alone would wait for
 * memory twice: for its slot and its entry. Many at a time, each is asked for while those before it
 * are added. Its client is only written down (visits.c).
 */
#include "rollup_priv.h"

#define MANY 256 /* hits whose hashes are held at once */
/* How far ahead each step runs. A few of the machine's outstanding reads; measured flat from 4
 * to 16. */
#define STEP 6

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
    return rc == ST_OK && visits_unite(t, e, hll_view(&h));
}

/* ST_OK; ST_EOF: overflow; ST_MEMORY: the table is full, and sums are as before. */
static inline enum st
add_hit(struct rollup *r, const struct hit *hit, uint64_t hash)
{
    struct entry *e = table_put(&r->table, hit->key, hash);
    int64_t *sums;

    if (unlikely(e == NULL))
        return ST_MEMORY;
    sums = entry_sums(e);
    if (unlikely(!sums_fit(&r->shape, sums, hit->sums)))
        return ST_EOF;
    if (r->shape.sketch && hit->has_client && unlikely(!visits_add(&r->table, e, hit->client)))
        return ST_MEMORY;
    if (r->shape.sketch && unlikely(hit->sketch.p != NULL) &&
        !add_sketch(&r->table, e, hit->sketch))
        return ST_MEMORY;
    sums_unite(&r->shape, sums, hit->sums);
    rollup_note_days(r, hit->day, hit->day);
    return ST_OK;
}

enum st
rollup_add(struct rollup *r, const struct hit *hit, struct err *err)
{
    size_t added;

    return rollup_add_many(r, hit, 1, &added, err);
}

static enum st
add_some(struct rollup *r, const struct hit *hits, size_t n, size_t *added, struct err *err)
{
    uint64_t hash[MANY];

    for (size_t i = 0; i < n + 2 * STEP; i++) {
        if (i < n) {
            hash[i] = table_hash(&r->table, hits[i].key);
            table_ask_slot(&r->table, hash[i]);
        }
        if (i >= STEP && i - STEP < n)
            table_ask_entry(&r->table, hash[i - STEP]);
        if (i < 2 * STEP || *added == n)
            continue;

        enum st rc;

        while (unlikely((rc = add_hit(r, &hits[*added], hash[*added])) == ST_MEMORY))
            if ((rc = rollup_make_room(r, err)) != ST_OK)
                return rc;
        if (rc != ST_OK)
            return rc;
        ++*added;
    }
    return ST_OK;
}

enum st
rollup_add_many(struct rollup *r, const struct hit *hits, size_t n, size_t *added, struct err *err)
{
    *added = 0;
    while (*added < n) {
        size_t some = n - *added < MANY ? n - *added : MANY, done = 0;
        enum st rc = add_some(r, hits + *added, some, &done, err);

        *added += done;
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}
