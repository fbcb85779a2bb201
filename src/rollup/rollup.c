/*
 * Adding up under a ceiling. When the table is full it becomes a run; runs are joined sixteen at a
 * time, and the joined ones again: every row is written to disk a few times at most, and the runs
 * that are open stay a few dozen.
 */
#include "rollup_priv.h"
#include "ingest/clock.h"

#define RUNS_JOINED 16 /* of one level, into one of the next */
#define LEVEL_MAX                                                                                  \
    3 /* 16^4 runs of a megabyte are 64 GiB; from there the largest are joined with each other */
#define RUNS_MAX    ((RUNS_JOINED - 1) * (LEVEL_MAX + 1))

#define ENTRIES_AT_ONCE 32 /* of a rollup that joins another */

/* Kept free for what spilling needs. */
#define RESERVE_BYTES (MERGE_BYTES + MERGE_TABLE_BYTES + sizeof(struct run_writer))

static_assert(ROLLUP_CEILING_MIN >= RESERVE_BYTES + 256 * KIB, "a table of some size fits");
static_assert(ROLLUP_CEILING_MIN >= RESERVE_BYTES + (RUNS_MAX + 1) * MERGE_RUN_BYTES + 64 * KIB,
              "an empty table and the readers of all runs fit");

struct rollup *
rollup_new(const struct rollup_shape *shape, size_t ceiling_bytes, const char *tmpdir,
           struct err *err)
{
    struct rollup *r = calloc(1, sizeof *r);

    assert(shape->n_sums >= 1 && shape->n_sums <= SUMS_MAX);
    assert((shape->group == NULL) == (shape->total == NULL));
    if (r == NULL) {
        err_memory(err, "cannot make a rollup");
        return NULL;
    }
    *r = (struct rollup){ .shape = *shape, .tmpdir = tmpdir };
    r->first_day = r->last_day = DAY_NONE;
    table_init(&r->table, &r->shape, 0);
    rollup_set_ceiling(r, ceiling_bytes);
    return r;
}

void
rollup_set_ceiling(struct rollup *r, size_t ceiling_bytes)
{
    if (ceiling_bytes < ROLLUP_CEILING_MIN)
        ceiling_bytes = ROLLUP_CEILING_MIN;
    r->ceiling_bytes = ceiling_bytes;
    table_set_ceiling(&r->table, ceiling_bytes - RESERVE_BYTES - sizeof *r);
}

static void
close_runs(struct rollup *r)
{
    for (size_t i = 0; i < r->n_runs; i++)
        run_close(&r->runs[i]);
    free(r->runs);
    r->runs = NULL;
    r->n_runs = r->runs_cap = 0;
}

void
rollup_free(struct rollup *r)
{
    if (r == NULL)
        return;
    close_runs(r);
    table_release(&r->table);
    free(r);
}

void
rollup_reset(struct rollup *r)
{
    close_runs(r);
    table_reset(&r->table);
    r->first_day = r->last_day = DAY_NONE;
}

size_t
rollup_held_bytes(const struct rollup *r)
{
    return sizeof *r + table_bytes(&r->table) + r->runs_cap * sizeof *r->runs;
}

size_t
rollup_n_runs(const struct rollup *r)
{
    return r->n_runs;
}

bool
rollup_is_empty(const struct rollup *r)
{
    return r->table.n == 0 && r->n_runs == 0;
}

int32_t
rollup_first_day(const struct rollup *r)
{
    return r->first_day;
}

int32_t
rollup_last_day(const struct rollup *r)
{
    return r->last_day;
}

/* ---- runs ---- */

static enum st
reserve_runs(struct rollup *r, size_t more, struct err *err)
{
    size_t cap = r->runs_cap < 8 ? 8 : r->runs_cap;
    struct run *runs;

    while (cap < r->n_runs + more)
        cap *= 2;
    if (cap == r->runs_cap)
        return ST_OK;
    runs = realloc(r->runs, cap * sizeof *runs);
    if (runs == NULL)
        return err_memory(err, "cannot hold the list of temporary files");
    r->runs = runs;
    r->runs_cap = cap;
    return ST_OK;
}

/* Joins RUNS_JOINED runs of `level` into one. */
static enum st
join_level(struct rollup *r, unsigned level, struct err *err)
{
    struct merge *m = merge_new(&r->shape, 0, RUNS_JOINED, err);
    struct run joined;
    size_t n_joined = 0, n_left = 0;
    enum st rc;

    if (m == NULL)
        return ST_MEMORY;
    for (size_t i = 0; i < r->n_runs && n_joined < RUNS_JOINED; i++)
        if (r->runs[i].level == level) {
            merge_add_run(m, &r->runs[i]);
            n_joined++;
        }
    rc = merge_to_run(m, &joined, r->tmpdir, err);
    merge_free(m);
    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < r->n_runs; i++)
        if (r->runs[i].level == level && n_joined > 0) {
            run_close(&r->runs[i]);
            n_joined--;
        } else {
            r->runs[n_left++] = r->runs[i];
        }
    joined.level = level < LEVEL_MAX ? level + 1 : LEVEL_MAX;
    r->runs[n_left++] = joined;
    r->n_runs = n_left;
    return ST_OK;
}

/* With an empty table: until no level has RUNS_JOINED runs. */
static enum st
join_runs(struct rollup *r, struct err *err)
{
    for (unsigned level = 0; level <= LEVEL_MAX;) {
        size_t n = 0;
        enum st rc;

        for (size_t i = 0; i < r->n_runs; i++)
            n += r->runs[i].level == level;
        if (n < RUNS_JOINED)
            level++;
        else if ((rc = join_level(r, level, err)) != ST_OK)
            return rc;
    }
    return ST_OK;
}

/* The table becomes a run. */
static enum st
spill(struct rollup *r, struct err *err)
{
    struct merge *m;
    enum st rc;

    if (r->table.n > 0) {
        if ((rc = reserve_runs(r, 1, err)) != ST_OK)
            return rc;
        table_sort(&r->table);
        if ((m = merge_new(&r->shape, 1, 0, err)) == NULL)
            return ST_MEMORY;
        merge_add_table(m, &r->table, 0, r->table.n);
        rc = merge_to_run(m, &r->runs[r->n_runs], r->tmpdir, err);
        merge_free(m);
        if (rc != ST_OK)
            return rc;
        r->n_runs++;
        table_reset(&r->table);
    }
    return join_runs(r, err);
}

enum st
rollup_ready_to_read(struct rollup *r, struct err *err)
{
    size_t need = r->n_runs * MERGE_RUN_BYTES + RESERVE_BYTES;

    if (r->n_runs == 0 || rollup_held_bytes(r) + need <= r->ceiling_bytes)
        return ST_OK;
    return spill(r, err);
}

/* ---- joining two rollups ---- */

enum st
rollup_make_room(struct rollup *r, struct err *err)
{
    if (table_lend(&r->table))
        return ST_OK;
    if (r->table.n == 0)
        return err_memory(err, "cannot add to a rollup");
    return spill(r, err);
}

/* ST_OK; ST_EOF: overflow; ST_MEMORY: the table is full. Clients that were added in part do no harm:
 * all of them come again. */
static enum st
add_entry(struct rollup *r, struct entry *from, uint64_t hash)
{
    struct entry *e = table_put(&r->table, entry_key(&r->shape, from), hash);
    int64_t *sums, *more = entry_sums(from);

    if (e == NULL)
        return ST_MEMORY;
    sums = entry_sums(e);
    if (!sums_fit(&r->shape, sums, more))
        return ST_EOF;
    if (!clients_unite(&r->table, e, entry_clients(from)))
        return ST_MEMORY;
    sums_unite(&r->shape, sums, more);
    return ST_OK;
}

/* Memory is asked for what all of them need before the first is added (add.c). */
static enum st
add_entries(struct rollup *into, struct entry *const *from, size_t n, struct err *err)
{
    struct table *t = &into->table;
    uint64_t hash[ENTRIES_AT_ONCE];

    for (size_t i = 0; i < n; i++) {
        hash[i] = table_hash(t, entry_key(&into->shape, from[i]));
        table_ask_slot(t, hash[i]);
    }
    for (size_t i = 0; i < n; i++)
        table_ask_entry(t, table_place(t, hash[i], hash[i]));
    for (size_t i = 0; i < n; i++) {
        enum st rc;

        while ((rc = add_entry(into, from[i], hash[i])) == ST_MEMORY)
            if ((rc = rollup_make_room(into, err)) != ST_OK)
                return rc;
        if (rc == ST_EOF)
            return err_fail(err, ST_CORRUPT, "cannot add up the rows of a key",
                            "a sum goes beyond 2^63 - 1");
    }
    return ST_OK;
}

static enum st
absorb_table(struct rollup *into, struct table *from, struct err *err)
{
    struct entry *some[ENTRIES_AT_ONCE];
    enum st rc = ST_OK;
    size_t n = 0;

    for (size_t i = 0; i < from->n_slots && rc == ST_OK; i++) {
        if (from->slots[i].entry != NULL)
            some[n++] = from->slots[i].entry;
        if (n == ENTRIES_AT_ONCE) {
            rc = add_entries(into, some, n, err);
            n = 0;
        }
    }
    return rc == ST_OK ? add_entries(into, some, n, err) : rc;
}

static enum st
absorb_runs(struct rollup *into, struct rollup *from, struct err *err)
{
    enum st rc;

    if (from->n_runs == 0)
        return ST_OK;
    if ((rc = reserve_runs(into, from->n_runs, err)) != ST_OK)
        return rc;
    memcpy(into->runs + into->n_runs, from->runs, from->n_runs * sizeof *from->runs);
    into->n_runs += from->n_runs;
    from->n_runs = 0;
    return into->n_runs > RUNS_MAX ? spill(into, err) : ST_OK;
}

enum st
rollup_absorb(struct rollup *into, struct rollup *from, struct err *err)
{
    enum st rc;

    assert(into != from && !from->table.sorted);
    assert(into->shape.n_sums == from->shape.n_sums && into->shape.sketch == from->shape.sketch &&
           into->shape.latest == from->shape.latest);
    if (from->table.n > into->table.n && table_bytes(&from->table) <= into->table.ceiling_bytes)
        table_swap(&into->table,
                   &from->table); /* the smaller goes into the larger, often an empty one */
    rc = absorb_table(into, &from->table, err);
    if (rc == ST_OK)
        rc = absorb_runs(into, from, err);
    if (rc == ST_OK)
        rollup_note_days(into, from->first_day, from->last_day);
    rollup_reset(from);
    return rc;
}
