/*
 * The finished rows of several rollups: a merge of their tables and runs, which stay what they are
 * for the next time. Either the caller makes each row as he asks for it; or, where there are many
 * and all of them in tables, the keys are cut into parts, threads make the rows of whole parts
 * (parts.c), and the caller gets them in order.
 */
#include "parts_priv.h"
#include "rollup_priv.h"

struct rows {
    struct merge *merge; /* or */
    struct parts *parts;
};

/* All tables and runs from end to end. */
static struct merge *
merge_all(struct rollup *const *rollups, size_t n, size_t n_runs, struct err *err)
{
    static const struct rollup_shape no_shape = { .n_sums = 1 };
    struct merge *m = merge_new(n > 0 ? &rollups[0]->shape : &no_shape, n, n_runs, err);

    if (m == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        table_sort(&rollups[i]->table);
        merge_add_table(m, &rollups[i]->table, 0, rollups[i]->table.n);
        for (size_t j = 0; j < rollups[i]->n_runs; j++)
            merge_add_run(m, &rollups[i]->runs[j]);
    }
    return m;
}

static enum st
open_rows(struct rows *rows, struct rollup *const *rollups, size_t n, size_t jobs,
          enum parts_use use, struct err *err)
{
    size_t n_runs = 0;
    enum st rc;

    *rows = (struct rows){ 0 };
    for (size_t i = 0; i < n; i++) {
        if ((rc = rollup_ready_to_read(rollups[i], err)) != ST_OK)
            return rc;
        n_runs += rollups[i]->n_runs;
    }
    if (n_runs == 0 && jobs > 1 &&
        ((rc = parts_new(&rows->parts, rollups, n, jobs, use, err)) != ST_OK ||
         rows->parts != NULL))
        return rc;
    rows->merge = merge_all(rollups, n, n_runs, err);
    return rows->merge != NULL ? ST_OK : err->code;
}

struct rows *
rows_new(struct rollup *const *rollups, size_t n, size_t jobs, struct err *err)
{
    struct rows *rows = malloc(sizeof *rows);

    if (rows == NULL) {
        err_memory(err, "cannot read the rows");
        return NULL;
    }
    if (open_rows(rows, rollups, n, jobs, PARTS_READ, err) == ST_OK)
        return rows;
    free(rows);
    return NULL;
}

static void
close_rows(struct rows *rows)
{
    parts_free(rows->parts);
    merge_free(rows->merge);
}

enum st
rows_count(struct rollup *const *rollups, size_t n, size_t jobs, int64_t *n_rows, struct err *err)
{
    struct rows rows;
    struct row row;
    enum st rc = open_rows(&rows, rollups, n, jobs, PARTS_COUNT, err);

    *n_rows = 0;
    if (rc == ST_OK && rows.parts != NULL) {
        rc = parts_count(rows.parts, n_rows, err);
    } else if (rc == ST_OK) {
        merge_only_count(rows.merge);
        while ((rc = merge_next(rows.merge, &row, err)) == ST_OK)
            ++*n_rows;
        rc = rc == ST_EOF ? ST_OK : rc;
    }
    close_rows(&rows);
    return rc;
}

enum st
rows_next(struct rows *rows, struct row *row, struct err *err)
{
    return rows->parts != NULL ? parts_next(rows->parts, row, err)
                               : merge_next(rows->merge, row, err);
}

void
rows_free(struct rows *rows)
{
    if (rows == NULL)
        return;
    close_rows(rows);
    free(rows);
}
