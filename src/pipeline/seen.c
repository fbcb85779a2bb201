/*
 * A set of payloads. Their hashes are keyed, so their first bytes serve as the table's hash.
 */
#include "ingest/base.h"

#include "seen.h"

static struct ledger_key *
slot_of(const struct seen *s, const struct ledger_key *key)
{
    uint64_t h;
    size_t at;

    memcpy(&h, key->hash.b, sizeof h);
    for (at = h & (s->cap - 1); s->slots[at].dataset != NULL; at = (at + 1) & (s->cap - 1))
        if (digest_eq(&s->slots[at].hash, &key->hash) && s->slots[at].scope == key->scope &&
            strcmp(s->slots[at].dataset, key->dataset) == 0)
            break;
    return &s->slots[at];
}

static bool
grow(struct seen *s)
{
    struct seen bigger = { .n = s->n, .cap = s->cap == 0 ? 256 : s->cap * 2 };

    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return false;
    for (size_t i = 0; i < s->cap; i++)
        if (s->slots[i].dataset != NULL)
            *slot_of(&bigger, &s->slots[i]) = s->slots[i];
    free(s->slots);
    *s = bigger;
    return true;
}

enum st
seen_add(struct seen *s, const struct ledger_key *key, struct err *err)
{
    struct ledger_key *slot;

    if (s->n * 2 >= s->cap && !grow(s))
        return err_memory(err, "cannot remember payloads");
    slot = slot_of(s, key);
    if (slot->dataset == NULL)
        s->n++;
    *slot = *key;
    return ST_OK;
}

bool
seen_has(const struct seen *s, const struct ledger_key *key)
{
    return s->n > 0 && slot_of(s, key)->dataset != NULL;
}

enum st
seen_join(struct seen *into, const struct seen *from, struct err *err)
{
    for (size_t i = 0; i < from->cap; i++)
        if (from->slots[i].dataset != NULL && seen_add(into, &from->slots[i], err) == ST_MEMORY)
            return ST_MEMORY;
    return ST_OK;
}

void
seen_reset(struct seen *s)
{
    if (s->cap > 0)
        memset(s->slots, 0, s->cap * sizeof *s->slots);
    s->n = 0;
}

void
seen_release(struct seen *s)
{
    free(s->slots);
    *s = (struct seen){ 0 };
}
