/*
 * `ingest recount`: the logs of some days are read as if nothing of them were known, and in one
 * transaction their rows take the place of those that stand there. Which payloads there are stays as
 * it is: only what they added in these days is written anew.
 */
#include "ingest/base.h"

#include "ingest/openings.h"
#include "ingest/recount.h"
#include "ingest/retract.h"
#include "ingest/token.h"

#include "catalogs.h"
#include "commit.h"
#include "epochs.h"
#include "pipeline_priv.h"
#include "recount.h"
#include "retract.h"
#include "verify.h"

static const char what[] = "cannot count days again";

/* ---- before and while the inputs are read ---- */

static enum st
check_kind(const struct run *run, const struct dataset *dataset, struct err *err)
{
    if (dataset->keeps_latest || dataset->instead != NULL || dataset->after != NULL)
        return err_fail(err, ST_USAGE, what,
                        "dataset %s keeps numbers beside its rows, which cannot be taken back",
                        dataset->name);
    return verify_check_days(run, dataset, what, err);
}

enum st
recount_check(struct run *run, const struct table *t, struct err *err)
{
    enum st rc;

    if (run->config->sink != RUN_RECOUNT)
        return ST_OK;
    if ((rc = check_kind(run, t->dataset, err)) != ST_OK ||
        (rc = recount_rights(&run->ledger, err)) != ST_OK ||
        (rc = sink_may_delete(run->pg, &t->target, err)) != ST_OK)
        return rc;
    if (t->target.ours || run->config->partial)
        return ST_OK;
    err_fail(err, ST_USAGE, what,
             "table \"%s\".\"%s\" is another system's: rows of these days that others have written "
             "would go with ours",
             t->target.schema, t->dataset->table);
    err_hint(err, "if nobody else writes to it, say --partial; `ingest verify` shows what is there");
    return ST_USAGE;
}

enum st
recount_keep(struct run *run, struct err *err)
{
    struct batch *b = &run->batch;
    struct recounting *r = &run->recounting;

    if (!run_corrects(run))
        return ST_OK;
    if (r->payloads == NULL)
        r->payloads = calloc(run->n_items + 1, sizeof *r->payloads);
    if (r->items == NULL)
        r->items = calloc(run->n_items + 1, sizeof *r->items);
    if (r->payloads == NULL || r->items == NULL)
        return err_memory(err, what);
    for (size_t i = 0; i < b->n_items; i++)
        if (b->items[i]->payload != NULL) {
            r->items[r->n] = b->items[i];
            r->payloads[r->n++] = b->items[i]->payload;
        }
    b->n_claims = 0; /* they are ours now */
    return ST_OK;
}

void
recount_release(struct run *run)
{
    struct recounting *r = &run->recounting;

    for (size_t i = 0; i < r->n; i++)
        batch_payload_free(r->payloads[i]);
    free(r->payloads);
    free(r->items);
    free(r->out);
    summary_release(&r->days);
}

/* ---- the transaction ---- */

/* All of the inputs, or the sum would be less than what it takes the place of. */
static enum st
check_inputs(const struct run *run, struct err *err)
{
    if (run->summary->files.refused == 0)
        return ST_OK;
    err_fail(err, ST_CORRUPT, what,
             "%" PRIu64 " of %zu inputs %s refused, and the others are less than what they would "
             "take the place of",
             run->summary->files.refused, run->n_items,
             run->summary->files.refused == 1 ? "was" : "were");
    err_hint(err, "nothing was written; say it again without them, or once they are whole");
    return ST_CORRUPT;
}

/* What was never counted has days beside these: to count it is not to count it again. */
static enum st
check_known(const char *node, struct payload *const *payloads, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (payloads[i]->id != 0)
            continue;
        err_fail(err, ST_CORRUPT, what, "%s was never counted, or has changed since",
                 payloads[i]->sighting.path);
        if (payloads[i]->key.scope == 0)
            err_hint(err, "count it first: ingest %s", payloads[i]->sighting.path);
        else /* counted for one node more it would be there twice */
            err_hint(err, "was it counted for %s node: say --node NAME; else count it first",
                     node == NULL ? "a" : "another");
        return ST_CORRUPT;
    }
    return ST_OK;
}

enum st
recount_check_unsplit(struct run *run, const char *cannot, const struct recount_days *days,
                      struct payload *const *payloads, size_t n, struct err *err)
{
    struct buf text = { 0 };
    int64_t n_missing;
    enum st rc = recount_unsplit(&run->ledger, days, payloads, n, &n_missing, &text, err);

    if (rc == ST_OK && n_missing > 0) {
        rc = err_fail(err, ST_CORRUPT, cannot,
                      "%s%s %s not given: logs that begin with %s hold lines of others, too, and "
                      "which these are is seen beside %s alone",
                      buf_str(&text) == NULL ? "" : text.p,
                      n_missing > RECOUNT_SHOWN ? ", and others" : "",
                      n_missing == 1 ? "is" : "are", n_missing == 1 ? "it" : "them",
                      n_missing == 1 ? "it" : "them");
        err_hint(err, "give %s as well", n_missing == 1 ? "it" : "them");
    }
    buf_release(&text);
    return rc;
}

static enum st
check_missing(struct run *run, const struct recount_days *days, struct payload *const *payloads,
              size_t n, struct err *err)
{
    struct buf text = { 0 };
    int64_t n_missing;
    enum st rc = recount_missing(&run->ledger, days, payloads, n, &n_missing, &text, err);

    if (rc == ST_OK && n_missing > 0 && !run->config->partial) {
        rc = err_fail(err, ST_CORRUPT, what,
                      "%" PRId64 " other payload%s of these days %s not given: %s%s", n_missing,
                      n_missing == 1 ? "" : "s", n_missing == 1 ? "is" : "are",
                      buf_str(&text) == NULL ? "" : text.p,
                      n_missing > RECOUNT_SHOWN ? ", and others" : "");
        err_hint(err, "give all of them, or say --partial, and what is not given no longer counts");
    }
    buf_release(&text);
    return rc;
}

/* Days that are made anew without some payloads: these stand beside the given ones, mine[0..n). */
static enum st
add_retracted(struct run *run, struct payload **mine, size_t *n, struct err *err)
{
    const struct retracting *out = run->config->retracting;
    struct recounting *r = &run->recounting;

    if (out == NULL)
        return ST_OK;
    free(r->out);
    if ((r->out = calloc(out->of->n_ids, sizeof *r->out)) == NULL)
        return err_memory(err, what);
    for (size_t i = 0; i < out->of->n_ids; i++) {
        r->out[i].id = out->of->ids[i];
        mine[(*n)++] = &r->out[i];
    }
    return ST_OK;
}

/* What was read was read without what was out then. */
static enum st
check_moved(struct run *run, struct err *err)
{
    bool moved;
    enum st rc = retract_moved(&run->ledger, &moved, err);

    if (rc != ST_OK || !moved)
        return rc;
    err_fail(err, ST_EOF, what, "payloads were retracted meanwhile, or came again");
    err_hint(err, "nothing was changed; say it again");
    return ST_EOF;
}

static bool
touch(void *ctx, int32_t day)
{
    return summary_add_day(ctx, day);
}

static enum st
touch_new(struct run *run, const struct table *t, struct table_summary *days,
          struct payload *const *payloads, size_t n, struct err *err)
{
    const struct rules *rules = run->config->rules;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; strcmp(payloads[i]->key.dataset, t->dataset->name) == 0 &&
                           k < payloads[i]->n_days; k++) {
            const struct payload_day *d = &payloads[i]->days[k];

            if (d->count > 0 && d->day >= rules->since && d->day < rules->until &&
                !summary_add_day(days, d->day))
                return err_memory(err, what);
        }
    return ST_OK;
}

static enum st
replace_rows(struct run *run, struct table *t, struct recounted *out, struct err *err)
{
    const struct rules *rules = run->config->rules;
    struct table_summary *days = summary_table(&run->recounting.days, t->dataset->table);
    struct merge_result merged = { 0 };
    struct rows *rows;
    bool none;
    enum st rc;

    if (days == NULL)
        return err_memory(err, what);
    rc = sink_delete(run->pg, &t->target, rules->since, rules->until, touch, days, &out->before,
                     err);
    if (rc != ST_OK)
        return rc;
    if ((rows = batch_rows(run, (size_t)(t - run->tables), &none, err)) == NULL)
        return none ? ST_OK : err->code;
    rc = sink_merge(run->pg, &t->target, rows, rules->since, rules->until - 1, &merged, err);
    rows_free(rows);
    out->after = merged.sent;
    return rc;
}

/* In the order of all, by hash. */
static size_t
of_table(const struct run *run, const struct table *t, struct payload **out)
{
    const struct recounting *r = &run->recounting;
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->payloads[i]->key.dataset, t->dataset->name) == 0)
            out[n++] = r->payloads[i];
    return n;
}

static enum st
recount_table(struct run *run, struct table *t, struct payload **mine, struct recounted *out,
              struct err *err)
{
    const struct rules *rules = run->config->rules;
    struct recount_days days = { t->dataset->name, t->dataset->has_node ? t->node_id : 0,
                                 rules->since, rules->until };
    size_t n = of_table(run, t, mine), n_all = n;
    enum st rc;

    out->payloads = (int64_t)n;
    if ((rc = add_retracted(run, mine, &n_all, err)) != ST_OK ||
        (rc = recount_check_unsplit(run, what, &days, mine, n, err)) != ST_OK ||
        (rc = check_missing(run, &days, mine, n_all, err)) != ST_OK ||
        (rc = retract_beside(run, err)) != ST_OK ||
        (rc = annotate_recount(run, t, &days, mine, n, err)) != ST_OK ||
        (rc = recount_strike(&run->ledger, &days, mine, n, err)) != ST_OK ||
        (rc = openings_strike(run->pg, days.dataset, days.scope, days.since, days.until, err)) !=
            ST_OK ||
        (rc = replace_rows(run, t, out, err)) != ST_OK)
        return rc;
    if ((rc = touch_new(run, t, summary_table(&run->recounting.days, t->dataset->table), mine, n,
                        err)) != ST_OK)
        return rc;
    return recount_record(&run->ledger, &days, mine, n,
                          &(struct recount_note){ .rules_id = t->rules->id,
                                                  .partial = run->config->partial,
                                                  .rows_before = out->before,
                                                  .rows_after = out->after },
                          err);
}

static int
by_hash(const void *a, const void *b)
{
    const struct payload *const *x = a, *const *y = b;

    return memcmp((*x)->key.hash.b, (*y)->key.hash.b, sizeof (*x)->key.hash.b);
}

static int
by_oid(const void *a, const void *b)
{
    const struct table *const *x = a, *const *y = b;

    return ((*x)->target.oid > (*y)->target.oid) - ((*x)->target.oid < (*y)->target.oid);
}

static enum st
lock_retracted(struct run *run, struct err *err)
{
    const struct retracting *out = run->config->retracting;

    return out == NULL ? ST_OK : retract_lock(&run->ledger, out->of, err);
}

/* Payloads, then tables: the order in which a batch takes them, so that nobody waits in a circle. */
static enum st
transact(struct run *run, struct table **order, size_t n_tables, struct payload **mine,
         struct recounted *out, struct err *err)
{
    struct recounting *r = &run->recounting;
    bool unknown;
    enum st rc;

    summary_release(&r->days);
    if ((rc = pg_begin(run->pg, err)) != ST_OK)
        return rc;
    if ((rc = commit_check_token(run, err)) != ST_OK ||
        (rc = recount_claim(&run->ledger, r->payloads, r->n, err)) != ST_OK ||
        (rc = lock_retracted(run, err)) != ST_OK ||
        (rc = check_known(run->config->node, r->payloads, r->n, err)) != ST_OK)
        goto rollback;
    for (size_t i = 0; i < n_tables && rc == ST_OK; i++)
        rc = claim_ecosystem(run, order[i], err);
    for (size_t i = 0; i < n_tables && rc == ST_OK; i++)
        rc = sink_lock(run->pg, &order[i]->target, err);
    if (rc == ST_OK)
        rc = check_moved(run, err);
    for (size_t i = 0; i < n_tables && rc == ST_OK; i++)
        rc = epochs_hold(run, order[i], run->config->rules->until - 1, err);
    for (size_t i = 0; i < n_tables && rc == ST_OK; i++)
        rc = recount_table(run, order[i], mine, &out[i], err);
    if (rc != ST_OK || (rc = parked_write(run, err)) != ST_OK ||
        (rc = announce(run, &r->days, err)) != ST_OK)
        goto rollback;
    if (run_signals(run) >= 2) {
        rc = err_fail(err, ST_STOPPED, "stopped", "a second signal came; nothing was changed");
        goto rollback;
    }
    rc = pg_commit(run->pg, &unknown, err);
    r->unknown = r->unknown || unknown;
    return unknown ? ST_DB_RETRY : rc; /* what was counted again is the same when it is done again */
rollback:
    pg_rollback(run->pg);
    return rc;
}

/* What was taken out is out after a COMMIT without an answer: then it is not to be done again. */
static bool
was_retracted(struct run *run)
{
    const struct retracting *out = run->config->retracting;
    struct err ignored;
    int32_t since = 0;

    if (out == NULL || !run->recounting.unknown)
        return false;
    run->ledger.any_out = true;
    return retract_since(&run->ledger, &out->of->id, 1, &since, &ignored) == ST_OK && since != 0;
}

static enum st
with_patience(struct run *run, struct table **order, size_t n_tables, struct payload **mine,
              struct recounted *out, struct err *err)
{
    enum st rc = ST_DB_RETRY;

    for (int attempt = 0; attempt < RUN_TRIES_MAX && rc == ST_DB_RETRY; attempt++) {
        struct err lost;

        memset(out, 0, n_tables * sizeof *out);
        rc = transact(run, order, n_tables, mine, out, err);
        if (rc != ST_DB_RETRY)
            break;
        run_back_off(attempt);
        if (run_reconnect(run, &lost) != ST_OK) {
            *err = lost;
            rc = lost.code;
        } else if (was_retracted(run)) {
            return ST_OK;
        }
    }
    return rc == ST_DB_RETRY ? (err->code = ST_DB) : rc;
}

enum st
recount(struct run *run, struct err *err)
{
    const struct run_config *c = run->config;
    struct recounting *r = &run->recounting;
    struct table *order[DATASETS_MAX], *asked;
    struct recounted done[DATASETS_MAX];
    struct payload **mine = NULL;
    size_t n = 0;
    enum st rc = check_inputs(run, err);

    if (rc == ST_OK && run->config->dataset != NULL)
        rc = table_ready(run, run->config->dataset, &asked, err);
    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < run->n_tables; i++)
        if (run->tables[i].ready)
            order[n++] = &run->tables[i];
    qsort(order, n, sizeof *order, by_oid);
    for (size_t i = 0; i < r->n; i++)
        r->items[i]->payload = r->payloads[i]; /* for what waits */
    if (r->n > 0)
        qsort(r->payloads, r->n, sizeof *r->payloads, by_hash);
    if ((mine = calloc(r->n + 1 + (c->retracting == NULL ? 0 : c->retracting->of->n_ids),
                       sizeof *mine)) == NULL)
        return err_memory(err, what);
    if (n == 0)
        rc = err_fail(err, ST_USAGE, what, "no input tells of which table");
    else
        rc = with_patience(run, order, n, mine, done, err);
    free(mine);
    for (size_t i = 0; i < r->n; i++)
        r->items[i]->payload = NULL;
    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        summary_table(run->summary, order[i]->dataset->table)->inserted = done[i].after;
        if (run->config->recounted != NULL)
            run->config->recounted(run->config->ctx, &order[i]->target, &done[i]);
    }
    return rc;
}
