/*
 * The tables are sorted, each by a thread; then the keys are cut into parts of about a thousand,
 * never through a group, because its totals are made of all of it. Threads take the parts in order
 * and write their rows into blocks; the caller reads the blocks in order. A thread that is too far
 * ahead waits, so that there are never more than RING blocks; the caller makes parts, too, rather
 * than wait.
 */
#include "parts_priv.h"

#include <pthread.h>

#define THREADS_MAX 16
#define RING        (2 * THREADS_MAX)

/*
 * The rows of a part, one behind the other:
 *
 *   struct row_head | sums, 8 bytes each | key | sketch | up to a multiple of 8
 */
struct row_head {
    uint32_t key_n, sketch_n;
    bool has_sketch;
};

struct block {
    enum { BLOCK_FREE, BLOCK_DONE } state;
    char *bytes;
    size_t n, cap, n_rows;
    enum st rc; /* how it ended: ST_EOF is well */
    struct err err;
};

struct parts {
    const struct rollup_shape *shape;
    struct table **tables;
    size_t n_tables;
    size_t *starts; /* of part i in table t: starts[i * n_tables + t]; n + 1 of them */
    size_t n;
    size_t ahead; /* blocks that may be full at a time */
    bool only_count;

    pthread_t threads[THREADS_MAX];
    size_t n_threads;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t done, room;
    size_t next_table, next, given; /* to be taken; given: parts that the caller has read */
    bool stop;
    struct block ring[RING];

    struct block *now; /* the block of part `given`, once it is done: the caller's alone */
    size_t at;         /* his place in it */
};

/* ---- one part ---- */

static bool
block_room(struct block *b, size_t n)
{
    size_t cap = b->cap < 64 * KIB ? 64 * KIB : b->cap;
    char *bytes;

    if (b->cap - b->n >= n)
        return true;
    while (cap - b->n < n)
        cap *= 2;
    bytes = realloc(b->bytes, cap);
    if (bytes == NULL)
        return false;
    b->bytes = bytes;
    b->cap = cap;
    return true;
}

static size_t
row_bytes(const struct row_head *head, size_t n_sums)
{
    return (sizeof *head + n_sums * sizeof(int64_t) + head->key_n + head->sketch_n + 7) &
           ~(size_t)7;
}

static bool
block_put(struct block *b, const struct row *row, size_t n_sums)
{
    struct row_head head = { .key_n = (uint32_t)row->key.n,
                             .sketch_n = (uint32_t)row->sketch.n,
                             .has_sketch = row->sketch.p != NULL };
    size_t n = row_bytes(&head, n_sums);
    char *p;

    if (!block_room(b, n))
        return false;
    p = b->bytes + b->n;
    memcpy(p, &head, sizeof head);
    p += sizeof head;
    memcpy(p, row->sums, n_sums * sizeof *row->sums);
    p += n_sums * sizeof *row->sums;
    memcpy(p, row->key.p, row->key.n);
    if (head.has_sketch)
        memcpy(p + row->key.n, row->sketch.p, row->sketch.n);
    b->n += n;
    return true;
}

static void
make_part(const struct parts *p, size_t part, struct block *b)
{
    const size_t *start = p->starts + part * p->n_tables, *end = start + p->n_tables;
    struct merge *m = merge_new(p->shape, p->n_tables, 0, &b->err);
    struct row row;

    b->n = b->n_rows = 0;
    b->rc = ST_MEMORY;
    if (m == NULL)
        return;
    for (size_t t = 0; t < p->n_tables; t++)
        merge_add_table(m, p->tables[t], start[t], end[t]);
    if (p->only_count)
        merge_only_count(m);
    while ((b->rc = merge_next(m, &row, &b->err)) == ST_OK) {
        b->n_rows++;
        if (!p->only_count && !block_put(b, &row, p->shape->n_sums)) {
            b->rc = err_memory(&b->err, "cannot hold the rows");
            break;
        }
    }
    merge_free(m);
}

/* ---- where to cut ---- */

/* The first slot from `at` on where a group begins. */
static size_t
group_start(const struct table *t, size_t at)
{
    const struct rollup_shape *shape = t->shape;

    for (; shape->group != NULL && at < t->n; at++) {
        struct slice before = entry_key(shape, t->slots[at - 1].entry);
        struct slice key = entry_key(shape, t->slots[at].entry);
        size_t n = shape->group(before);

        if (key.n < n || memcmp(key.p, before.p, n) != 0)
            break;
    }
    return at;
}

/* Cuts all tables where `t`, the largest, has a new group. Returns the most entries of a part. */
static size_t
cut(struct parts *p, const struct table *t)
{
    size_t most = 0, at = 0;

    memset(p->starts, 0, p->n_tables * sizeof *p->starts);
    while (at < t->n) {
        size_t *start = p->starts + p->n * p->n_tables, *end = start + p->n_tables, sum = 0;
        struct slice key = { NULL, 0 };

        at = at + PART_ENTRIES < t->n ? group_start(t, at + PART_ENTRIES) : t->n;
        if (at < t->n) {
            key = entry_key(t->shape, t->slots[at].entry);
            if (t->shape->group != NULL)
                key.n = t->shape->group(key);
        }
        for (size_t i = 0; i < p->n_tables; i++) {
            end[i] = at < t->n ? table_lower_bound(p->tables[i], key) : p->tables[i]->n;
            sum += end[i] - start[i];
        }
        most = sum > most ? sum : most;
        p->n++;
    }
    return most;
}

/* ---- threads ---- */

static void *
sort_next_tables(void *ctx)
{
    struct parts *p = ctx;

    pthread_mutex_lock(&p->lock);
    while (p->next_table < p->n_tables) {
        struct table *t = p->tables[p->next_table++];

        pthread_mutex_unlock(&p->lock);
        table_sort(t);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* The next part, if there is one and a block for it is free. Called with the lock, which is let go
 * meanwhile. */
static bool
make_next(struct parts *p)
{
    size_t part = p->next;
    struct block *b = &p->ring[part % p->ahead];

    if (part == p->n || part >= p->given + p->ahead)
        return false;
    p->next++;
    pthread_mutex_unlock(&p->lock);
    make_part(p, part, b);
    pthread_mutex_lock(&p->lock);
    b->state = BLOCK_DONE;
    pthread_cond_signal(&p->done);
    return true;
}

static void *
make_parts(void *ctx)
{
    struct parts *p = ctx;

    pthread_mutex_lock(&p->lock);
    while (!p->stop && p->next < p->n)
        if (!make_next(p))
            pthread_cond_wait(&p->room, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* As many of `n` as the system gives: what they do not do, the caller does. */
static void
start_threads(struct parts *p, void *(*what)(void *), size_t n)
{
    while (p->n_threads < n && p->n_threads < THREADS_MAX &&
           pthread_create(&p->threads[p->n_threads], NULL, what, p) == 0)
        p->n_threads++;
}

static void
join_threads(struct parts *p)
{
    while (p->n_threads > 0)
        pthread_join(p->threads[--p->n_threads], NULL);
}

/* ---- from outside ---- */

static struct table *
largest(const struct parts *p)
{
    struct table *t = p->tables[0];

    for (size_t i = 1; i < p->n_tables; i++)
        if (p->tables[i]->n > t->n)
            t = p->tables[i];
    return t;
}

static void
sort_tables(struct parts *p, size_t jobs)
{
    size_t n_busy = jobs < p->n_tables ? jobs : p->n_tables;

    start_threads(p, sort_next_tables, n_busy - 1);
    sort_next_tables(p);
    join_threads(p);
}

/*
 * Is there room for the blocks under the ceilings? The rows of a part take what its entries take,
 * twice that with their totals, and again twice while a block grows.
 */
static bool
blocks_fit(const struct parts *p, struct rollup *const *rollups, size_t entries_most)
{
    size_t held = 0, ceilings = 0, n = 0, entries_bytes = 0;

    for (size_t i = 0; i < p->n_tables; i++) {
        held += rollup_held_bytes(rollups[i]);
        ceilings += rollups[i]->ceiling_bytes;
        entries_bytes += p->tables[i]->arena.used_bytes;
        n += p->tables[i]->n;
    }
    assert(n > 0); /* few entries have no parts */
    return held + 4 * p->ahead * entries_most * (entries_bytes / n + 1) <= ceilings;
}

enum st
parts_new(struct parts **out, struct rollup *const *rollups, size_t n, size_t jobs,
          enum parts_use use, struct err *err)
{
    struct parts *p;
    size_t n_most = 0, entries_most;
    enum st rc = ST_MEMORY;

    *out = NULL;
    for (size_t i = 0; i < n; i++)
        if (rollups[i]->table.n > n_most)
            n_most = rollups[i]->table.n;
    if (n_most < PARTS_WORTH * PART_ENTRIES)
        return ST_OK;
    if ((p = calloc(1, sizeof *p)) == NULL)
        return err_memory(err, "cannot read the rows");
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->done, NULL);
    pthread_cond_init(&p->room, NULL);
    p->shape = &rollups[0]->shape;
    p->n_tables = n;
    p->only_count = use == PARTS_COUNT;
    p->tables = calloc(n, sizeof(struct table *));
    p->starts = calloc((n_most / PART_ENTRIES + 2) * n, sizeof *p->starts);
    p->ahead = jobs < THREADS_MAX ? 2 * jobs : RING;
    if (p->tables == NULL || p->starts == NULL) {
        err_memory(err, "cannot read the rows");
        goto free_parts;
    }
    for (size_t i = 0; i < n; i++)
        p->tables[i] = &rollups[i]->table;
    sort_tables(p, jobs);
    rc = ST_OK;
    entries_most = cut(p, largest(p));
    if (entries_most > PART_ENTRIES_MAX ||
        (!p->only_count && !blocks_fit(p, rollups, entries_most)))
        goto free_parts;
    start_threads(p, make_parts, jobs - 1);
    *out = p;
    return ST_OK;

free_parts:
    parts_free(p);
    return rc;
}

/* Rather than wait for the next block, the caller makes one. */
static void
wait_for_block(struct parts *p)
{
    struct block *b = &p->ring[p->given % p->ahead];

    pthread_mutex_lock(&p->lock);
    while (b->state != BLOCK_DONE)
        if (!make_next(p))
            pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
    p->now = b;
    p->at = 0;
}

static void
give_back(struct parts *p)
{
    pthread_mutex_lock(&p->lock);
    p->now->state = BLOCK_FREE;
    p->given++;
    pthread_cond_broadcast(&p->room);
    pthread_mutex_unlock(&p->lock);
    p->now = NULL;
}

static void
read_row(struct parts *p, struct row *row)
{
    const size_t sums_bytes = p->shape->n_sums * sizeof(int64_t);
    const char *from = p->now->bytes + p->at;
    struct row_head head;

    memcpy(&head, from, sizeof head);
    p->at += row_bytes(&head, p->shape->n_sums);
    from += sizeof head;
    *row = (struct row){ .key = { from + sums_bytes, head.key_n } };
    memcpy(row->sums, from, sums_bytes);
    if (head.has_sketch)
        row->sketch = (struct slice){ row->key.p + head.key_n, head.sketch_n };
}

enum st
parts_next(struct parts *p, struct row *row, struct err *err)
{
    for (;;) {
        if (p->now == NULL && p->given == p->n)
            return ST_EOF;
        if (p->now == NULL)
            wait_for_block(p);
        if (p->at < p->now->n) {
            read_row(p, row);
            return ST_OK;
        }
        if (p->now->rc != ST_EOF) {
            *err = p->now->err;
            return p->now->rc;
        }
        give_back(p);
    }
}

enum st
parts_count(struct parts *p, int64_t *n, struct err *err)
{
    while (p->given < p->n) {
        wait_for_block(p);
        if (p->now->rc != ST_EOF) {
            *err = p->now->err;
            return p->now->rc;
        }
        *n += (int64_t)p->now->n_rows;
        give_back(p);
    }
    return ST_OK;
}

void
parts_free(struct parts *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->room);
    pthread_mutex_unlock(&p->lock);
    join_threads(p);
    for (size_t i = 0; i < RING; i++)
        free(p->ring[i].bytes);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->room);
    free(p->tables);
    free(p->starts);
    free(p);
}
