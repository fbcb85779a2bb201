/*
 * What is kept of a dataset: its rollups, its sums, and which ecosystem its table holds.
 */
#include "ingest/base.h"

#include "library_priv.h"

enum st
books_init(struct ingest *h, struct err *err)
{
    const char *ecosystem = h->asked.rules_named ? h->rules.pack->ecosystem : NULL;
    enum st rc = plain_rules_init(&h->plain_rules, &h->asked, err);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; datasets[i] != NULL && i < DATASETS_MAX; i++) {
        const struct dataset *d = datasets[i];
        struct book *b = &h->books[h->n_books++];

        b->dataset = d;
        b->rules = d->has_ecosystem ? &h->rules : &h->plain_rules;
        b->shape = shape_of(d);
        b->shape.sketch = b->shape.sketch && h->clients != INGEST_CLIENTS_NONE;
        if (d->has_ecosystem && ecosystem != NULL)
            snprintf(b->ecosystem, sizeof b->ecosystem, "%s", ecosystem);
    }
    return ST_OK;
}

void
books_reset(struct ingest *h)
{
    const char *ecosystem = h->asked.rules_named ? h->rules.pack->ecosystem : NULL;

    for (size_t i = 0; i < h->n_books; i++) {
        struct book *b = &h->books[i];

        if (b->all != NULL)
            rollup_reset(b->all);
        memset(b->sums, 0, sizeof b->sums);
        if (b->dataset->has_ecosystem && ecosystem == NULL)
            b->ecosystem[0] = '\0';
    }
}

void
books_release(struct ingest *h)
{
    for (size_t i = 0; i < h->n_books; i++) {
        rollup_free(h->books[i].all);
        rollup_free(h->books[i].input);
        if (h->books[i].picker_ready)
            picker_release(&h->books[i].picker);
    }
    rules_release(&h->plain_rules);
}

/*
 * Of the memory of a dataset half is for all inputs, and a third for the one that is read; the rest
 * is theirs while they meet.
 */
static enum st
empty_rollup(struct ingest *h, struct book *b, struct err *err)
{
    for (size_t i = 0; i < h->n_books; i++)
        if (&h->books[i] != b && h->books[i].input != NULL) { /* an input feeds one dataset */
            rollup_free(h->books[i].input);
            h->books[i].input = NULL;
        }
    if (b->all == NULL)
        b->all = rollup_new(&b->shape, h->memory_bytes / 2, h->tmpdir, err);
    if (b->all == NULL)
        return err->code;
    if (b->input == NULL)
        b->input = rollup_new(&b->shape, h->memory_bytes / 3, h->tmpdir, err);
    else
        rollup_reset(b->input);
    return b->input == NULL ? err->code : ST_OK;
}

enum st
book_open(struct ingest *h, const struct dataset *dataset, struct book **out, struct err *err)
{
    struct book *b = h->books;
    enum st rc;

    while (b->dataset != dataset)
        b++;
    *out = b;
    if ((rc = empty_rollup(h, b, err)) != ST_OK)
        return rc;
    if (!b->picker_ready) {
        if ((rc = picker_init(&b->picker, dataset, b->rules, &h->client_key, err)) != ST_OK)
            return rc;
        b->picker_ready = true;
        b->watches_days = b->shape.sketch && dataset->clients == CLIENT_KEYED &&
                          client_key_any_dropped(&h->client_key);
    }
    snprintf(b->picker.ecosystem, sizeof b->picker.ecosystem, "%s", b->ecosystem);
    return ST_OK;
}

bool
book_add_sums(struct book *b, const int64_t sums[SUMS_MAX])
{
    for (size_t i = 0; i < b->dataset->n_sums; i++)
        if (sums[i] > INT64_MAX - b->sums[i])
            return false;
    for (size_t i = 0; i < b->dataset->n_sums; i++)
        b->sums[i] += sums[i];
    return true;
}

enum st
book_keep(struct book *b, struct err *err)
{
    snprintf(b->ecosystem, sizeof b->ecosystem, "%s", b->picker.ecosystem);
    return rollup_absorb(b->all, b->input, err);
}
