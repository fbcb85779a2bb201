/*
 * A rollup from the inside: for rows.c, and for tests that damage runs.
 */
#ifndef INGEST_ROLLUP_PRIV_H
#define INGEST_ROLLUP_PRIV_H

#include "ingest/clock.h"
#include "merge_priv.h"

struct rollup {
    struct rollup_shape shape;
    size_t              ceiling_bytes;
    const char         *tmpdir;
    struct table        table;
    struct run         *runs;
    size_t              n_runs, runs_cap;
    int32_t             first_day, last_day;
};

/* Can sums_unite be done? */
static inline bool
sums_fit(const struct rollup_shape *shape, const int64_t *sums, const int64_t *more)
{
    int64_t sum;

    for (size_t i = 0; i < shape->n_sums; i++)
        if (unlikely(__builtin_add_overflow(sums[i], more[i], &sum)))
            return shape->latest;
    return true;
}

static inline void
sums_unite(const struct rollup_shape *shape, int64_t *sums, const int64_t *more)
{
    if (unlikely(shape->latest)) {
        sums_latest(sums, more, shape->n_sums);
        return;
    }
    for (size_t i = 0; i < shape->n_sums; i++)
        sums[i] += more[i];
}

static inline void
rollup_note_days(struct rollup *r, int32_t first, int32_t last)
{
    if (likely(first >= r->first_day && last <= r->last_day)) /* DAY_NONE is below every day */
        return;
    if (first == DAY_NONE)
        return;
    if (r->first_day == DAY_NONE || first < r->first_day)
        r->first_day = first;
    if (r->last_day == DAY_NONE || last > r->last_day)
        r->last_day = last;
}

/* After an ST_MEMORY of the table: whatever failed may be tried again until ST_MEMORY comes from here. All entries may be gone. */
enum st rollup_make_room(struct rollup *r, struct err *err);

/* Makes room for reading its runs beside the table, by writing the table out too if need be. */
enum st rollup_ready_to_read(struct rollup *r, struct err *err);

#endif
