/*
 * A heap of sources by the key at which each stands. The sources of the smallest key are taken off,
 * their rows united into one (which is the row itself where there is only one), and moved on at the
 * next call: until then keys and sketches are given where they lie.
 */
#include "merge_priv.h"

struct source {
    struct walk       *walk; /* or */
    struct run_reader *reader;
    struct row         read;
    struct record      now;
};

struct merge {
    const struct rollup_shape *shape;
    struct walk       *walks;
    struct run_reader *readers;
    struct source     *sources;
    struct source    **heap;  /* [0, n_heap): by key, the smallest first */
    struct source    **taken; /* [0, n_taken): of the row given last */
    size_t             n_walks, n_readers, n_sources, n_heap, n_taken;
    bool               only_count;
    struct hll         clients;
    uint8_t            wire[HLL_WIRE_MAX];
};

struct merge *
merge_new(const struct rollup_shape *shape, size_t n_tables, size_t n_runs, struct err *err)
{
    struct merge *m = calloc(1, sizeof *m);
    size_t n = n_tables + n_runs;

    if (m == NULL)
        goto no_memory;
    m->shape = shape;
    m->walks = calloc(n_tables + 1, sizeof *m->walks);
    m->readers = calloc(n_runs + 1, sizeof *m->readers);
    m->sources = calloc(n + 1, sizeof *m->sources);
    m->heap = calloc(n + 1, sizeof *m->heap);
    m->taken = calloc(n + 1, sizeof *m->taken);
    if (m->walks != NULL && m->readers != NULL && m->sources != NULL && m->heap != NULL &&
        m->taken != NULL)
        return m;
no_memory:
    merge_free(m);
    err_memory(err, "cannot merge the rows");
    return NULL;
}

void
merge_free(struct merge *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n_walks; i++)
        walk_release(&m->walks[i]);
    free(m->walks);
    free(m->readers);
    free(m->sources);
    free(m->heap);
    free(m->taken);
    free(m);
}

/* A new source is one that has to move on. */
static struct source *
source_add(struct merge *m)
{
    struct source *s = &m->sources[m->n_sources++];

    m->taken[m->n_taken++] = s;
    return s;
}

void
merge_add_table(struct merge *m, struct table *table, size_t start, size_t end)
{
    struct source *s = source_add(m);

    s->walk = &m->walks[m->n_walks++];
    walk_init(s->walk, table, start, end);
}

void
merge_add_run(struct merge *m, const struct run *run)
{
    struct source *s = source_add(m);

    s->reader = &m->readers[m->n_readers++];
    *s->reader = (struct run_reader){ .run = run, .n_sums = m->shape->n_sums };
}

static enum st
source_next(struct source *s, struct err *err)
{
    enum st rc;

    if (s->walk != NULL)
        return walk_next(s->walk, &s->now, err);
    if ((rc = run_read(s->reader, &s->read, err)) == ST_OK)
        s->now =
            (struct record){ .key = s->read.key, .sums = s->read.sums, .sketch = s->read.sketch };
    return rc;
}

/* ---- the heap ---- */

static int
compare(const struct source *a, const struct source *b)
{
    struct slice x = a->now.key, y = b->now.key;
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

static void
heap_push(struct merge *m, struct source *s)
{
    size_t i = m->n_heap++;

    for (; i > 0 && compare(s, m->heap[(i - 1) / 2]) < 0; i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = s;
}

static struct source *
heap_pop(struct merge *m)
{
    struct source *top = m->heap[0], *moving = m->heap[--m->n_heap];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < m->n_heap; i = child) {
        if (child + 1 < m->n_heap && compare(m->heap[child + 1], m->heap[child]) < 0)
            child++;
        if (compare(moving, m->heap[child]) <= 0)
            break;
        m->heap[i] = m->heap[child];
    }
    m->heap[i] = moving;
    return top;
}

/* ---- rows ---- */

static enum st
move_on(struct merge *m, struct err *err)
{
    for (; m->n_taken > 0; m->n_taken--) {
        struct source *s = m->taken[m->n_taken - 1];
        enum st rc = source_next(s, err);

        if (rc == ST_OK)
            heap_push(m, s);
        else if (rc != ST_EOF)
            return rc;
    }
    return ST_OK;
}

static enum st
unite_taken(struct merge *m, struct row *row, struct err *err)
{
    enum st rc = ST_OK;

    hll_clear(&m->clients);
    memset(row->sums, 0, sizeof row->sums);
    for (size_t i = 0; i < m->n_taken && rc == ST_OK; i++)
        rc = record_unite(m->shape, &m->taken[i]->now, row->sums, &m->clients, err);
    return rc;
}

void
merge_only_count(struct merge *m)
{
    m->only_count = true;
}

static struct slice
encoded(struct merge *m, struct hll_view clients)
{
    if (m->only_count)
        return (struct slice){ NULL, 0 };
    return (struct slice){ (const char *)m->wire, hll_encode(clients, m->wire) };
}

/* One by one, sums as they were written: a wider load would wait for the stores (measured: half the
 * time of a row). */
static void
give(struct merge *m, const struct record *record, struct row *row)
{
    row->key = record->key;
    for (size_t i = 0; i < m->shape->n_sums; i++)
        row->sums[i] = record->sums[i];
    for (size_t i = m->shape->n_sums; i < SUMS_MAX; i++)
        row->sums[i] = 0;
    row->sketch = record->has_clients ? encoded(m, record->clients) : record->sketch;
}

enum st
merge_next(struct merge *m, struct row *row, struct err *err)
{
    enum st rc;

    if (m->n_sources == 1) { /* nothing to merge it with */
        if ((rc = source_next(m->sources, err)) == ST_OK)
            give(m, &m->sources->now, row);
        return rc;
    }
    if ((rc = move_on(m, err)) != ST_OK)
        return rc;
    if (m->n_heap == 0)
        return ST_EOF;
    do
        m->taken[m->n_taken++] = heap_pop(m);
    while (m->n_heap > 0 && compare(m->heap[0], m->taken[0]) == 0);

    if (m->n_taken == 1) {
        give(m, &m->taken[0]->now, row);
        return ST_OK;
    }
    *row = (struct row){ .key = m->taken[0]->now.key };
    if ((rc = unite_taken(m, row, err)) != ST_OK)
        return rc;
    if (m->shape->sketch)
        row->sketch = encoded(m, hll_view(&m->clients));
    return ST_OK;
}

enum st
merge_to_run(struct merge *m, struct run *run, const char *tmpdir, struct err *err)
{
    struct run_writer *w = calloc(1, sizeof *w);
    struct row row;
    enum st rc;

    if (w == NULL)
        return err_memory(err, "cannot write a temporary file");
    if ((rc = run_open(run, tmpdir, err)) != ST_OK)
        goto free_writer;
    *w = (struct run_writer){ .run = run, .n_sums = m->shape->n_sums };
    while ((rc = merge_next(m, &row, err)) == ST_OK)
        if ((rc = run_write(w, &row, err)) != ST_OK)
            break;
    if (rc == ST_EOF)
        rc = run_finish(w, err);
    if (rc != ST_OK)
        run_close(run);
free_writer:
    free(w);
    return rc;
}
