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
        if (table_prepare(&rollups[i]->table, err) != ST_OK) {
            merge_free(m);
            return NULL;
        }
        merge_add_table(m, &rollups[i]->table, 0, rollups[i]->table.n);
        for (size_t j = 0; j < rollups[i]->n_runs; j++)
            merge_add_run(m, &rollups[i]->runs[j]);
    }
    return m;
}

struct rows *
rows_new(struct rollup *const *rollups, size_t n, size_t jobs, struct err *err)
{
    struct rows *rows = calloc(1, sizeof *rows);
    size_t n_runs = 0;

    if (rows == NULL) {
        err_memory(err, "cannot read the rows");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (rollup_ready_to_read(rollups[i], err) != ST_OK)
            goto free_rows;
        n_runs += rollups[i]->n_runs;
    }
    if (n_runs == 0 && jobs > 1) {
        if (parts_new(&rows->parts, rollups, n, jobs, err) != ST_OK)
            goto free_rows;
        if (rows->parts != NULL)
            return rows;
    }
    rows->merge = merge_all(rollups, n, n_runs, err);
    if (rows->merge != NULL)
        return rows;
free_rows:
    free(rows);
    return NULL;
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
    parts_free(rows->parts);
    merge_free(rows->merge);
    free(rows);
}
