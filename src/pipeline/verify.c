/*
 * `ingest verify`: the logs are read as if nothing of them were known, and their rows are held
 * against those of the tables, whoever wrote them. Nothing is written.
 */
#include "ingest/base.h"

#include "ingest/clock.h"

#include "commit.h"
#include "pipeline_priv.h"
#include "verify.h"

static bool
is_first_of_month(int32_t day)
{
    return clock_month(day) == day;
}

enum st
verify_check_days(const struct run *run, const struct dataset *dataset, const char *what,
                  struct err *err)
{
    const struct rules *rules = run->config->rules;

    if (dataset->bucket != BUCKET_MONTH ||
        (is_first_of_month(rules->since) && is_first_of_month(rules->until)))
        return ST_OK;
    err_fail(err, ST_USAGE, what,
             "table \"%s\" has a row a month, and of a part of a month it knows nothing",
             dataset->table);
    err_hint(err, "say --since and --until with the first days of months");
    return ST_USAGE;
}

enum st
verify_check_dataset(const struct run *run, const struct dataset *dataset, struct err *err)
{
    if (run->config->sink != RUN_VERIFY)
        return ST_OK;
    if (dataset->keeps_latest || dataset->instead != NULL)
        return err_fail(err, ST_USAGE, "cannot verify this dataset",
                        "\"%s\" keeps the last time of each, and what came later hides the logs' own",
                        dataset->name);
    return verify_check_days(run, dataset, "cannot verify these days", err);
}

static enum st
verify_table(struct run *run, size_t table, struct err *err)
{
    const struct run_config *c = run->config;
    const struct table *t = &run->tables[table];
    struct compared compared;
    bool none;
    struct rows *rows = batch_rows(run, table, &none, err);
    enum st rc;

    if (rows == NULL && !none)
        return err->code;
    rc = sink_compare(run->pg, &t->target, rows, c->rules->since, c->rules->until, c->differs,
                      c->ctx, &compared, err);
    rows_free(rows);
    if (rc == ST_DB_RETRY)
        rc = err->code = ST_DB; /* some of it has been told: not again by itself */
    if (rc == ST_OK)
        c->compared(c->ctx, &t->target, &compared);
    return rc;
}

enum st
verify(struct run *run, struct err *err)
{
    const struct run_config *c = run->config;
    struct table *asked;
    size_t n = 0;
    enum st rc = ST_OK;

    if (c->part != NULL) /* all was told while it was read */
        return ST_OK;
    if (c->dataset != NULL) /* its table may hold rows of days without any log */
        rc = table_ready(run, c->dataset, &asked, err);
    for (size_t i = 0; i < run->n_tables && rc == ST_OK; i++) {
        if (!run->tables[i].ready)
            continue;
        n++;
        rc = verify_table(run, i, err);
    }
    if (rc == ST_OK && n == 0) {
        err_fail(err, ST_USAGE, "cannot verify anything",
                 "no input tells which table it is to be compared with");
        err_hint(err, "say --dataset NAME to compare a table with no rows at all");
        return ST_USAGE;
    }
    return rc;
}
