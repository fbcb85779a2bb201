/*
 * What can be told of the inputs before they are opened: which could not even be listed, which the
 * ledger knows by their inode and times, and which digests of stored bytes are worth a comparison.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"
#include "refused.h"
#include "retract.h"

void
glance_troubled(struct run *run)
{
    for (size_t i = 0; i < run->n_items; i++) {
        struct item *item = &run->items[i];
        struct err err;

        if (item->fate == FATE_SKIPPED) {
            batch_tell(run, item);
            atomic_fetch_add(&run->progress_done, 1);
        }
        if (item->source->trouble == ST_OK)
            continue;
        item->fate = FATE_REFUSED;
        run_passes_over(run, item);
        err_fail(&err, item->source->trouble, "cannot read input", "%s", item->source->cause);
        snprintf(err.path, sizeof err.path, "%s", item->source->path);
        run->summary->files.refused++;
        if (run->config->refused != NULL)
            run->config->refused(run->config->ctx, &err);
        if (run->config->settled != NULL)
            run->config->settled(run->config->ctx, item->source, true);
    }
}

/* One question; on the heap, as stacks may be small. */
struct question {
    const struct file_id *files[BATCH_INPUTS_MAX];
    struct item          *items[BATCH_INPUTS_MAX];
    struct known          known[BATCH_INPUTS_MAX];
};

enum st
glance_files(struct run *run, struct err *err)
{
    struct question *q;
    enum st rc = ST_OK;
    size_t n = 0;

    if (!run_asks_ledger(run) || run->config->recheck || run->config->replace)
        return ST_OK;
    if ((q = malloc(sizeof *q)) == NULL)
        return err_memory(err, "cannot ask the ledger for files");
    for (size_t i = 0; rc == ST_OK && i <= run->n_items; i++) {
        if (n == BATCH_INPUTS_MAX || (i == run->n_items && n > 0)) {
            rc = RUN_TRY_AGAIN(
                run, ledger_find_files(&run->ledger, &run->scope, q->files, n, q->known, err),
                err);
            for (size_t k = 0; rc == ST_OK && k < n; k++)
                if (q->known[k].id != 0 && known_stands(run, &q->known[k]))
                    rc = batch_known(run, q->items[k], &q->known[k], NULL, err);
            if (rc == ST_OK)
                rc = left_out_mark(run, q->items, n, err);
            n = 0;
        }
        if (i < run->n_items && run->items[i].fate == FATE_TODO &&
            !run->items[i].source->is_stdin) {
            q->files[n] = &run->items[i].source->file;
            q->items[n++] = &run->items[i];
        }
    }
    free(q);
    for (size_t i = 0; i < run->n_items; i++)
        if (run->items[i].fate == FATE_KNOWN || run->items[i].fate == FATE_KNOWN_OTHERWISE) {
            batch_tell(run, &run->items[i]);
            run_passes_over(run, &run->items[i]);
        }
    return rc;
}

enum st
glance_sizes(struct run *run, struct err *err)
{
    int64_t *sizes;
    size_t n = 0;
    enum st rc;

    free(run->stored);
    run->stored = NULL;
    run->n_stored = 0;
    if (!run_asks_ledger(run))
        return ST_OK;
    if ((sizes = calloc(run->n_todo + 1, sizeof *sizes)) == NULL)
        return err_memory(err, "cannot ask the ledger for files");
    for (size_t i = 0; i < run->n_todo; i++)
        if (!run->todo[i]->source->is_stdin)
            sizes[n++] = run->todo[i]->source->file.size;
    rc = RUN_TRY_AGAIN(
        run,
        ledger_find_sizes(&run->ledger, &run->scope, sizes, n, &run->stored, &run->n_stored, err),
        err);
    if (rc == ST_OK)
        rc = refused_find_sizes(run, sizes, n, err);
    free(sizes);
    return rc;
}
