/*
 * The finished rows of several rollups: a merge of their tables and runs, which stay what they are
 * for the next time.
 */
#include "rollup_priv.h"

struct rows {
    struct merge *merge;
};

struct rows *
rows_new(struct rollup *const *rollups, size_t n, struct err *err)
{
    static const struct rollup_shape no_shape = { .n_sums = 1 };
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
    rows->merge = merge_new(n > 0 ? &rollups[0]->shape : &no_shape, n, n_runs, err);
    if (rows->merge == NULL)
        goto free_rows;
    for (size_t i = 0; i < n; i++) {
        if (merge_add_table(rows->merge, &rollups[i]->table, err) != ST_OK)
            goto free_merge;
        for (size_t j = 0; j < rollups[i]->n_runs; j++)
            merge_add_run(rows->merge, &rollups[i]->runs[j]);
    }
    return rows;

free_merge:
    merge_free(rows->merge);
free_rows:
    free(rows);
    return NULL;
}

enum st
rows_next(struct rows *rows, struct row *row, struct err *err)
{
    return merge_next(rows->merge, row, err);
}

void
rows_free(struct rows *rows)
{
    if (rows == NULL)
        return;
    merge_free(rows->merge);
    free(rows);
}
