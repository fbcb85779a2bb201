/*
 * The rows of a run that writes no table: counted alone, as text, or as EIDA's payload.
 */
#include "ingest/base.h"

#include "commit.h"
#include "pipeline_priv.h"

/* All the work, and nothing written. */
static enum st
drain(struct run *run, size_t table, int64_t *n, struct err *err)
{
    size_t n_rollups;
    struct rollup **rollups = batch_rollups(run, table, &n_rollups, err);
    enum st rc = rollups == NULL  ? err->code
                 : n_rollups == 0 ? ST_OK
                                  : rows_count(rollups, n_rollups, run->jobs, n, err);

    free(rollups);
    return rc;
}

static enum st
write_text(struct run *run, size_t table, int64_t *n, struct err *err)
{
    const struct run_config *c = run->config;
    bool none;
    struct rows *rows = batch_rows(run, table, &none, err);
    enum st rc;

    if (rows == NULL)
        return none ? ST_OK : err->code;
    rc = sink_text(c->out, run->tables[table].dataset, c->node == NULL ? "local" : c->node, rows, n,
                   err);
    rows_free(rows);
    return rc;
}

static void
tell_eida(const struct run *run, const char *path, const struct eida_head *head)
{
    char line[EIDA_PATH_MAX + 100];

    if (run->config->choice == NULL)
        return;
    snprintf(line, sizeof line, "%s: %" PRIu64 " statistics of %zu days", path, head->n_rows,
             head->n_days);
    run->config->choice(run->config->ctx, line);
}

/*
 * How many rows there are stands in front of them, so they are made twice. Where nothing counts
 * there is nothing to send, and no day to name a file by.
 */
static enum st
write_eida(struct run *run, size_t table, int64_t *n, struct err *err)
{
    const struct dataset *dataset = run->tables[table].dataset;
    const struct tally *lines = &run->summary->lines;
    const struct table_summary *days;
    struct eida_head head = { .n_lines = lines->read - lines->by[FILTER_COMMENT] };
    char path[EIDA_PATH_MAX];
    struct rows *rows;
    bool none;
    enum st rc = drain(run, table, n, err);

    if (rc != ST_OK || *n == 0)
        return rc;
    if ((days = summary_table(run->summary, dataset->table)) == NULL)
        return err_memory(err, "cannot write the payload");
    if ((rows = batch_rows(run, table, &none, err)) == NULL)
        return err->code;
    head.days = days->days;
    head.n_days = days->n_days;
    head.n_rows = (uint64_t)*n;
    rc = sink_eida(run->config->eida_dir, dataset, &head, rows, path, err);
    rows_free(rows);
    if (rc == ST_OK)
        tell_eida(run, path, &head);
    return rc;
}

static enum st
write_rows(struct run *run, size_t table, int64_t *n, struct err *err)
{
    switch (run->config->sink) {
    case RUN_TO_TEXT:
        return write_text(run, table, n, err);
    case RUN_TO_EIDA:
        return write_eida(run, table, n, err);
    default:
        return drain(run, table, n, err);
    }
}

enum st
commit_text(struct run *run, struct err *err)
{
    for (size_t i = 0; i < run->n_tables; i++) {
        int64_t n = 0;
        enum st rc = write_rows(run, i, &n, err);

        if (rc != ST_OK)
            return rc;
        if (n > 0)
            summary_table(run->summary, run->tables[i].dataset->table)->inserted = n;
    }
    return ST_OK;
}
