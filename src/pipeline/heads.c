/*
 * How the inputs of a call begin. Two of them may be the same log at two lengths: the shorter one
 * has to be committed before the longer one is read, which then finds it. Without a database, the
 * heads of the batches before stand for the ledger.
 */
#include "ingest/base.h"

#include "heads.h"

enum st
heads_add(struct head_list *h, const struct head *head, struct err *err)
{
    if (h->n == h->cap) {
        size_t cap = h->cap * 2 + 256;
        struct head *at = realloc(h->at, cap * sizeof *at);

        if (at == NULL)
            return err_memory(err, "cannot remember payloads");
        h->at = at;
        h->cap = cap;
    }
    h->at[h->n++] = *head;
    return ST_OK;
}

void
heads_release(struct head_list *h)
{
    free(h->at);
    *h = (struct head_list){ 0 };
}

/* By head; of one head its payloads by length, and behind them the inputs that have looked for it.
 */
static int
compare(const void *a, const void *b)
{
    const struct head *x = a, *y = b;
    int order = memcmp(x->digest.b, y->digest.b, sizeof x->digest.b);

    if (order != 0 || (order = strcmp(x->key.dataset, y->key.dataset)) != 0)
        return order;
    if (x->key.scope != y->key.scope)
        return x->key.scope < y->key.scope ? -1 : 1;
    if (x->own != y->own)
        return x->own ? -1 : 1;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static bool
is_alike(const struct head *x, const struct head *y)
{
    return digest_eq(&x->digest, &y->digest) && strcmp(x->key.dataset, y->key.dataset) == 0 &&
           x->key.scope == y->key.scope;
}

void
heads_sort(struct head_list *h)
{
    if (h->n > 0)
        qsort(h->at, h->n, sizeof *h->at, compare);
}

size_t
heads_group(const struct head_list *h, size_t from)
{
    size_t end = from + 1;

    while (end < h->n && is_alike(&h->at[from], &h->at[end]))
        end++;
    return end - from;
}

enum st
heads_join(struct head_list *into, const struct head_list *from, struct err *err)
{
    for (size_t i = 0; i < from->n; i++)
        if (from->at[i].own && heads_add(into, &from->at[i], err) != ST_OK)
            return ST_MEMORY;
    heads_sort(into);
    return ST_OK;
}

const struct head *
heads_find(const struct head_list *h, const struct ledger_key *key, const struct digest *digest,
           size_t *n)
{
    struct head wanted = { .key = *key, .digest = *digest, .own = true };
    size_t low = 0, high = h->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&h->at[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *n = low < h->n && is_alike(&h->at[low], &wanted) ? heads_group(h, low) : 0;
    return h->at + low;
}
