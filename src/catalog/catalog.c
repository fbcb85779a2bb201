/*
 * A catalog in memory: names to entries. A name is kept as its digest under a secret, 128 bits, so
 * a million long paths take no more room than a million short ones, and two of them are not taken
 * for one another. names.c says which names an entry has; load_<kind>.c fills in a system's tables.
 */
#include "ingest/base.h"

#include "catalog_priv.h"

#define SLOTS_FIRST 1024

struct catalog *
catalog_new(enum catalog_kind kind, struct err *err)
{
    struct catalog *c = calloc(1, sizeof *c);

    if (c != NULL) {
        c->kind = kind;
        c->n_slots = SLOTS_FIRST;
        c->slots = calloc(c->n_slots, sizeof *c->slots);
        arena_init(&c->entries, SIZE_MAX);
        hash_secret_random(&c->secret);
    }
    if (c == NULL || c->slots == NULL) {
        err_memory(err, "cannot hold a catalog");
        catalog_free(c);
        return NULL;
    }
    return c;
}

void
catalog_free(struct catalog *c)
{
    if (c == NULL)
        return;
    arena_release(&c->entries);
    free(c->slots);
    free(c);
}

size_t
catalog_n(const struct catalog *c)
{
    return c->n;
}

size_t
catalog_n_skipped(const struct catalog *c)
{
    return c->n_skipped;
}

size_t
catalog_held_bytes(const struct catalog *c)
{
    return sizeof *c + c->n_slots * sizeof *c->slots + c->entries.used_bytes;
}

/* ---- entries ---- */

static const size_t texts_at = offsetof(struct kept, u.texts.bytes);

const struct kept *
catalog_keep(struct catalog *c, const struct catalog_entry *entry, int64_t rank, struct err *err)
{
    const struct slice *texts[] = { &entry->name, &entry->version, &entry->auth };
    size_t bytes = c->kind == CATALOG_DISTS ? texts_at : sizeof(struct kept);
    struct kept *k;
    char *to;

    for (size_t i = 0; i < ARRAY_LEN(texts) && c->kind == CATALOG_DISTS; i++) {
        assert(texts[i]->n < NO_TEXT);
        bytes += texts[i]->n;
    }
    k = arena_alloc(&c->entries, bytes);
    if (k == NULL) {
        err_memory(err, "cannot hold a catalog");
        return NULL;
    }
    c->n++;
    k->rank = rank;
    if (c->kind != CATALOG_DISTS) {
        k->u.id = entry->id;
        return k;
    }
    to = k->u.texts.bytes;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        k->u.texts.n[i] = texts[i]->p == NULL ? NO_TEXT : (uint16_t)texts[i]->n;
        if (texts[i]->n > 0)
            memcpy(to, texts[i]->p, texts[i]->n);
        to += texts[i]->n;
    }
    return k;
}

static struct slice
text_of(const struct kept *k, size_t i)
{
    const char *p = k->u.texts.bytes;

    if (k->u.texts.n[i] == NO_TEXT)
        return (struct slice){ NULL, 0 };
    for (size_t before = 0; before < i; before++)
        p += k->u.texts.n[before] == NO_TEXT ? 0 : k->u.texts.n[before];
    return (struct slice){ p, k->u.texts.n[i] };
}

/* By bytes; one that is not there stands before all others. */
static int
compare(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

    if (order != 0)
        return order;
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return (a.p != NULL) - (b.p != NULL);
}

/* Of two that claim one name. Equal in all of it, it is the same to everybody which one it is. */
static bool
is_better(const struct catalog *c, const struct kept *a, const struct kept *b)
{
    int order = 0;

    if (a->rank != b->rank)
        return a->rank > b->rank;
    if (c->kind != CATALOG_DISTS)
        return a->u.id > b->u.id;
    for (size_t i = 0; i < ARRAY_LEN(a->u.texts.n) && order == 0; i++)
        order = compare(text_of(a, i), text_of(b, i));
    return order > 0;
}

/* ---- names ---- */

static struct digest
digest_of(const struct catalog *c, enum name_class class, struct slice name)
{
    struct digest d = hash_keyed(&c->secret, name.p, name.n);

    d.b[15] ^= (uint8_t) class;
    return d;
}

/* The slot that holds a name, or the free one where it belongs. */
static struct slot *
slot_of(const struct catalog *c, const struct digest *name)
{
    size_t at;

    memcpy(&at, name->b, sizeof at);
    for (at &= c->n_slots - 1; c->slots[at].entry != NULL; at = (at + 1) & (c->n_slots - 1))
        if (digest_eq(&c->slots[at].name, name))
            break;
    return &c->slots[at];
}

static enum st
grow(struct catalog *c, struct err *err)
{
    struct slot *before = c->slots;
    size_t n = c->n_slots;

    c->slots = calloc(2 * n, sizeof *c->slots);
    if (c->slots == NULL) {
        c->slots = before;
        return err_memory(err, "cannot hold a catalog");
    }
    c->n_slots = 2 * n;
    for (size_t i = 0; i < n; i++)
        if (before[i].entry != NULL)
            *slot_of(c, &before[i].name) = before[i];
    free(before);
    return ST_OK;
}

enum st
catalog_name(struct catalog *c, enum name_class class, struct slice name, const struct kept *entry,
             struct err *err)
{
    struct digest d = digest_of(c, class, name);
    struct slot *slot;

    if (c->n_used + 1 > c->n_slots / 8 * 7 && grow(c, err) != ST_OK)
        return ST_MEMORY;
    slot = slot_of(c, &d);
    if (slot->entry == NULL) {
        c->n_used++;
        *slot = (struct slot){ d, entry };
    } else if (is_better(c, entry, slot->entry)) {
        slot->entry = entry;
    }
    return ST_OK;
}

const struct kept *
catalog_look(const struct catalog *c, enum name_class class, struct slice name)
{
    struct digest d = digest_of(c, class, name);

    return slot_of(c, &d)->entry;
}

bool
catalog_find(const struct catalog *c, struct slice path, struct catalog_entry *out)
{
    const struct kept *k = c->kind == CATALOG_DISTS ? dist_find(c, path) : artifact_find(c, path);

    *out = (struct catalog_entry){ .id = 0 };
    if (k == NULL)
        return false;
    if (c->kind == CATALOG_DISTS)
        *out = (struct catalog_entry){ .name = text_of(k, 0),
                                       .version = text_of(k, 1),
                                       .auth = text_of(k, 2) };
    else
        out->id = k->u.id;
    return true;
}
