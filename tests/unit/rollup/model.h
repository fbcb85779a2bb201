/*
 * A rollup, written for reading: every hit is a row and, where there are totals, another; they are sorted and united.
 */
#ifndef INGEST_TESTS_MODEL_H
#define INGEST_TESTS_MODEL_H

#include "ingest/rollup.h"

/* ---- keys like those of stats: name, version or NULL, day ---- */

static inline size_t
stats_group(struct slice key)
{
    const uint8_t *at = (const uint8_t *)key.p;

    key_get_text(&at);
    return (size_t)(at - (const uint8_t *)key.p);
}

static inline size_t
stats_total(struct slice key, uint8_t out[KEY_BYTES_MAX])
{
    const uint8_t *at = (const uint8_t *)key.p;
    struct slice name = key_get_text(&at);
    uint8_t *end;

    key_get_text(&at);
    end = key_put_text(out, name);
    end = key_put_text(end, (struct slice){ NULL, 0 });
    end = key_put_day(end, key_get_day(&at));
    return (size_t)(end - out);
}

static inline struct slice
stats_key(uint8_t out[KEY_BYTES_MAX], const char *name, const char *version, int32_t day)
{
    uint8_t *end = key_put_text(out, slice_of(name));

    end = key_put_text(end, version != NULL ? slice_of(version) : (struct slice){ NULL, 0 });
    end = key_put_day(end, day);
    return (struct slice){ (const char *)out, (size_t)(end - out) };
}

static const struct rollup_shape stats_shape = {
    .n_sums = 2, .sketch = true, .group = stats_group, .total = stats_total,
};
static const struct rollup_shape plain_shape = { .n_sums = 3, .sketch = true };
static const struct rollup_shape lean_shape = { .n_sums = 1 };
static const struct rollup_shape latest_shape = {
    .n_sums = 3, .sketch = true, .latest = true, .group = stats_group, .total = stats_total,
};

/* ---- chance ---- */

static inline uint64_t
chance(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline uint64_t
below(uint64_t *state, uint64_t n)
{
    return chance(state) % n;
}

/* ---- the model ---- */

struct model_row {
    size_t     n;
    uint8_t   *key;
    int64_t    sums[SUMS_MAX];
    struct hll clients;
};

struct model {
    const struct rollup_shape *shape;
    struct model_row **rows;
    size_t             n, cap;
};

static inline void
model_init(struct model *m, const struct rollup_shape *shape)
{
    *m = (struct model){ .shape = shape };
}

static inline void
model_release(struct model *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->rows[i]->key);
        free(m->rows[i]);
    }
    free(m->rows);
}

static inline void
model_add_to(struct model *m, struct slice key, const struct hit *hit)
{
    struct model_row *row = calloc(1, sizeof *row);

    row->n = key.n;
    row->key = malloc(key.n + 1);
    memcpy(row->key, key.p, key.n);
    memcpy(row->sums, hit->sums, m->shape->n_sums * sizeof *row->sums);
    if (m->shape->sketch && hit->has_client)
        hll_add(&row->clients, hit->client);
    if (m->shape->sketch && hit->sketch.p != NULL)
        assert_int_equal(hll_decode(&row->clients, hit->sketch, &(struct err){ 0 }), ST_OK);
    if (m->n == m->cap) {
        m->cap = m->cap * 2 + 64;
        m->rows = realloc(m->rows, m->cap * sizeof(struct model_row *));
    }
    m->rows[m->n++] = row;
}

static inline int
model_order(const void *a, const void *b)
{
    const struct model_row *x = *(struct model_row *const *)a, *y = *(struct model_row *const *)b;
    int order = memcmp(x->key, y->key, x->n < y->n ? x->n : y->n);

    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* Sorts, and unites what is equal. */
static inline void
model_finish(struct model *m)
{
    size_t n = 0;

    if (m->n > 0)
        qsort(m->rows, m->n, sizeof(struct model_row *), model_order);
    for (size_t i = 0; i < m->n; i++) {
        struct model_row *row = m->rows[i], *last = n > 0 ? m->rows[n - 1] : NULL;

        if (last == NULL || model_order(&last, &row) != 0) {
            m->rows[n++] = row;
            continue;
        }
        for (size_t j = 0; j < SUMS_MAX; j++)
            if (!m->shape->latest)
                last->sums[j] += row->sums[j];
            else if (last->sums[j] < row->sums[j])
                last->sums[j] = row->sums[j];
        hll_unite(&last->clients, hll_view(&row->clients));
        free(row->key);
        free(row);
    }
    m->n = n;
}

static inline void
model_add(struct model *m, const struct hit *hit)
{
    uint8_t total[KEY_BYTES_MAX];
    struct slice key = { (const char *)total, 0 };

    model_add_to(m, hit->key, hit);
    if (m->shape->total == NULL)
        return;
    key.n = m->shape->total(hit->key, total);
    if (!slice_eq(key, hit->key))
        model_add_to(m, key, hit);
}

static inline void
assert_row(const struct model *m, size_t i, const struct row *row)
{
    uint8_t wire[HLL_WIRE_MAX];
    struct slice sketch = { NULL, 0 };

    assert_true(i < m->n);
    if (m->shape->sketch)
        sketch = (struct slice){ (char *)wire, hll_encode(hll_view(&m->rows[i]->clients), wire) };
    if (!slice_eq(row->key, (struct slice){ (char *)m->rows[i]->key, m->rows[i]->n }))
        fail_msg("row %zu of %zu has another key", i, m->n);
    for (size_t j = 0; j < m->shape->n_sums; j++)
        assert_int_equal(row->sums[j], m->rows[i]->sums[j]);
    assert_true((row->sketch.p == NULL) == !m->shape->sketch);
    if (!slice_eq(row->sketch, sketch))
        fail_msg("row %zu of %zu has another sketch", i, m->n);
}

static inline void
assert_rows_by(struct model *m, struct rollup *const *rollups, size_t n, size_t max, size_t jobs)
{
    struct err err = { 0 };
    struct rows *rows = rows_new(rollups, n, jobs, &err);
    struct row row;
    size_t i = 0;
    enum st rc = ST_OK;

    model_finish(m);
    assert_non_null(rows);
    while (i < max && (rc = rows_next(rows, &row, &err)) == ST_OK)
        assert_row(m, i++, &row);
    if (rc != ST_OK && rc != ST_EOF)
        fail_msg("%s: %s", err.what, err.cause);
    if (max > m->n)
        assert_int_equal(i, m->n);
    rows_free(rows);
}

/* Reads up to `max` rows, all of them when there are fewer, and compares: made one by one, and by threads. */
static inline void
assert_rows(struct model *m, struct rollup *const *rollups, size_t n, size_t max)
{
    assert_rows_by(m, rollups, n, max, 1);
    assert_rows_by(m, rollups, n, max, 3);
}

#endif
