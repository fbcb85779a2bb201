/*
 * Adding hits. The table of a busy day is far larger than the caches, so a hit alone would wait for
 * memory three times: for its slot, its entry and its sketch. Many at a time, each is asked for
 * while those before it are added.
 */
#include "rollup_priv.h"

#define MANY 256 /* hits whose hashes are held at once */
/* How far ahead each step runs. A few of the machine's outstanding reads; measured flat from 4
 * to 16. */
#define STEP 6

/* ST_OK; ST_EOF: overflow; ST_MEMORY: the table is full, and sums are as before. */
static inline enum st
add_hit(struct rollup *r, const struct hit *hit, uint64_t hash)
{
    struct entry *e = table_put(&r->table, hit->key, hash);
    struct err ignored;
    int64_t *sums;

    if (unlikely(e == NULL))
        return ST_MEMORY;
    sums = entry_sums(&r->shape, e);
    if (unlikely(!sums_fit(sums, hit->sums, r->shape.n_sums)))
        return ST_EOF;
    if (r->shape.sketch && hit->has_client &&
        hll_add(entry_clients(&r->shape, e), &r->table.pool, hit->client) != ST_OK)
        return ST_MEMORY;
    if (unlikely(hit->sketch.p != NULL) && r->shape.sketch &&
        hll_decode(entry_clients(&r->shape, e), &r->table.pool, hit->sketch, &ignored) != ST_OK)
        return ST_MEMORY;
    sums_add(sums, hit->sums, r->shape.n_sums);
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
    struct entry *likely_at[MANY] = { 0 }; /* what the slot holds; only to ask for its memory */
    uint64_t hash[MANY];

    for (size_t i = 0; i < n + 3 * STEP; i++) {
        if (i < n) {
            hash[i] = table_hash(&r->table, hits[i].key);
            table_ask_slot(&r->table, hash[i]);
        }
        if (i >= STEP && i - STEP < n)
            likely_at[i - STEP] = table_ask_entry(&r->table, hash[i - STEP]);
        if (i >= 2 * STEP && i - 2 * STEP < n && likely_at[i - 2 * STEP] != NULL && r->shape.sketch)
            hll_ask(entry_clients(&r->shape, likely_at[i - 2 * STEP]), hits[i - 2 * STEP].client);
        if (i < 3 * STEP || *added == n)
            continue;

        enum st rc;

        while (unlikely((rc = add_hit(r, &hits[*added], hash[*added])) == ST_MEMORY)) {
            memset(likely_at, 0, sizeof likely_at);
            if ((rc = rollup_make_room(r, err)) != ST_OK)
                return rc;
        }
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
