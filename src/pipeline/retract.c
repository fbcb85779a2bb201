/*
 * `ingest retract`: a payload is read once more, as if nothing of it were known, and in one
 * transaction its hits are taken off the table again; or they come back. What is taken off must be
 * what the ledger says was added. With all other payloads of its days it is a recount (recount.c)
 * without it.
 */
#include "ingest/base.h"

#include "ingest/recount.h"
#include "ingest/retract.h"

#include "catalogs.h"
#include "commit.h"
#include "epochs.h"
#include "pipeline_priv.h"
#include "recount.h"
#include "retract.h"

static const char cannot_out[] = "cannot retract this payload";
static const char cannot_back[] = "cannot count this payload again";

/* ---- before and while the inputs are read ---- */

static enum st
check_kind(const struct run *run, const struct table *t, struct err *err)
{
    const struct dataset *d = t->dataset;

    if (d->keeps_latest || d->instead != NULL || d->after != NULL)
        return err_fail(err, ST_USAGE, cannot_out,
                        "dataset %s keeps numbers beside its rows, which cannot be taken back",
                        d->name);
    if (d->signed_sums) {
        err_fail(err, ST_USAGE, cannot_out,
                 "dataset %s counts up and down, and whose a row is cannot be told by its sums",
                 d->name);
        err_hint(err, "give all other files of its days behind it: they are counted again without "
                      "it");
        return ST_USAGE;
    }
    if (run->stream == NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, cannot_out,
             "these rules look at more than one line: what it added depends on other files");
    err_hint(err,
             "give all other files of its days behind it: they are counted again without it");
    return ST_USAGE;
}

/* EIDA's web service goes on refusing what its own table has; ours says what was sent, and may. */
static enum st
check_sent(struct run *run, const struct table *t, struct err *err)
{
    struct sent_table sent;
    enum st rc;

    if (!t->dataset->has_node || t->target.ours)
        return ST_OK;
    rc = sent_look(run->pg, t->target.schema, false, &sent, err);
    if (rc != ST_OK || !sent.there)
        return rc;
    return err_fail(err, ST_USAGE, cannot_out,
                    "EIDA's own table of payloads has it, and its web service takes each only "
                    "once");
}

enum st
retract_check(struct run *run, const struct table *t, struct err *err)
{
    const struct retracting *r = run->config->retracting;
    enum st rc;

    if (r == NULL)
        return ST_OK;
    if ((rc = retract_rights(&run->ledger, err)) != ST_OK || r->back)
        return rc;
    if ((rc = check_sent(run, t, err)) != ST_OK || run->config->sink != RUN_RETRACT)
        return rc;
    rc = check_kind(run, t, err);
    return rc == ST_OK ? sink_may_delete(run->pg, &t->target, err) : rc;
}

/* ---- in the transaction of a recount ---- */

enum st
retract_beside(struct run *run, struct err *err)
{
    const struct retracting *r = run->config->retracting;
    enum st rc = ST_OK;

    if (r == NULL)
        return ST_OK;
    for (size_t i = 0; i < r->n && rc == ST_OK; i++) {
        rc = retract_still(&run->ledger, &r->of[i], RETRACT_OUT, err);
        if (rc == ST_OK)
            rc = retract_mark(&run->ledger, &r->of[i], true, err);
    }
    return rc;
}

/* ---- what was read, and what the ledger has ---- */

static enum st
check_inputs(const struct run *run, const char *what, struct err *err)
{
    const struct recounting *r = &run->recounting;
    const struct retracting *of = run->config->retracting;

    if (run->summary->files.refused > 0) {
        err_fail(err, ST_CORRUPT, what, "%" PRIu64 " of %zu inputs %s refused",
                 run->summary->files.refused, run->n_items,
                 run->summary->files.refused == 1 ? "was" : "were");
        err_hint(err, "nothing was changed");
        return ST_CORRUPT;
    }
    for (size_t i = 0; i < of->n; i++) {
        bool read = false;

        for (size_t k = 0; k < r->n; k++)
            read = read || (digest_eq(&r->payloads[k]->key.hash, &of->of[i].hash) &&
                            strcmp(r->payloads[k]->key.dataset, of->of[i].dataset) == 0);
        if (!read)
            return err_fail(err, ST_CORRUPT, what, "the file has changed while it was read");
    }
    return ST_OK;
}

/* "2024-01-05 to 2024-01-06" */
static void
print_days(int32_t first, int32_t end, char out[32])
{
    char from[11], to[11];

    clock_format_day(first, from);
    clock_format_day(end - 1, to);
    if (first + 1 == end)
        snprintf(out, 32, "%s", from);
    else
        snprintf(out, 32, "%s to %s", from, to);
}

/* Why it cannot be subtracted, and what can be done instead. */
static enum st
differs(struct run *run, const struct table *t, const struct retractable *r, int32_t day,
        const char *why, struct err *err)
{
    bool counts = r->first <= r->last;
    int32_t first = counts ? r->first : day, end = counts ? r->last + 1 : day + 1;
    struct buf others = { 0 };
    char days[32], text[11];
    int64_t n;
    enum st rc;

    if (t->dataset->bucket == BUCKET_MONTH) {
        first = clock_month(first);
        end = clock_month(clock_month(end - 1) + 31);
    }
    rc = retract_others(&run->ledger, r, first, end, &n, &others, err);
    if (rc == ST_OK) {
        print_days(first, end, days);
        clock_format_day(day, text);
        rc = err_fail(err, ST_CORRUPT, cannot_out, "%s: %s", text, why);
        if (n == 0)
            err_hint(err, "`ingest recount` counts %s anew", days);
        else
            err_hint(err,
                     "count %s again without it, by giving the other %" PRId64 " behind it: %s%s",
                     days, n, buf_str(&others) == NULL ? "" : others.p,
                     n > RETRACT_SHOWN ? ", and others" : "");
    }
    buf_release(&others);
    return rc;
}

static const char other_sum[] =
    "what it holds is not what it added: parts of it were counted as payloads of their own, or "
    "were not read as now";

/* What is taken off is what was added, on each day: else it would be taken off somebody else's. */
static const char *
why_not(const struct retract_day *days, size_t n, const struct payload *read,
        const struct digest *rules_id, int32_t *day)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        *day = days[i].day;
        for (; k < read->n_days && read->days[k].count == 0; k++)
            ;
        if (days[i].mixed || !digest_eq(&days[i].rules_id, rules_id))
            return "it was counted under other rules than those of now";
        if (k == read->n_days || read->days[k].day != days[i].day ||
            read->days[k].count != days[i].count || read->days[k].bytes != days[i].bytes)
            return other_sum;
        k++;
    }
    for (; k < read->n_days; k++) {
        *day = read->days[k].day;
        if (read->days[k].count > 0)
            return other_sum;
    }
    return NULL;
}

static enum st
compare(struct run *run, const struct table *t, const struct retractable *r,
        const struct payload *read, int64_t *hits, struct err *err)
{
    struct retract_day *days;
    const char *why;
    bool replaced;
    int32_t day = 0;
    size_t n;
    enum st rc = retract_days(&run->ledger, r, &days, &n, &replaced, err);

    *hits = 0;
    for (size_t i = 0; i < n && rc == ST_OK; i++)
        *hits += days[i].count;
    if (rc == ST_OK && (why = why_not(days, n, read, &t->rules->id, &day)) != NULL)
        rc = differs(run, t, r, day,
                     replaced ? "some of its days were replaced, and count no more" : why, err);
    free(days);
    return rc;
}

/* ---- the transaction ---- */

static enum st
touch_days(struct run *run, const struct table *t, struct err *err)
{
    struct table_summary *days = summary_table(&run->recounting.days, t->dataset->table);
    const struct recounting *r = &run->recounting;

    if (days == NULL)
        return err_memory(err, cannot_out);
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->payloads[i]->n_days; k++)
            if (r->payloads[i]->days[k].count > 0 &&
                !summary_add_day(days, r->payloads[i]->days[k].day))
                return err_memory(err, cannot_out);
    return ST_OK;
}

static enum st
take_out(struct run *run, struct table *t, struct retracted *out, struct err *err)
{
    const struct retractable *of = run->config->retracting->of;
    struct subtracted n = { 0 };
    struct rows *rows;
    bool none;
    enum st rc;

    if ((rc = retract_still(&run->ledger, of, RETRACT_OUT, err)) != ST_OK ||
        (rc = compare(run, t, of, run->recounting.payloads[0], &out->hits, err)) != ST_OK)
        return rc;
    rows = batch_rows(run, (size_t)(t - run->tables), &none, err);
    if (rows == NULL && !none)
        return err->code;
    if (rows != NULL)
        rc = sink_subtract(run->pg, &t->target, rows, &n, err);
    rows_free(rows);
    out->payloads = (int64_t)of->n_ids;
    out->changed = n.changed;
    out->gone = n.gone;
    return rc == ST_OK ? retract_mark(&run->ledger, of, false, err) : rc;
}

static bool
is_of(const struct retractable *r, int64_t id)
{
    for (size_t i = 0; i < r->n_ids; i++)
        if (r->ids[i] == id)
            return true;
    return false;
}

/* Each input is one of those that were asked for, and all it holds counts. */
static enum st
check_ours(const struct run *run, struct err *err)
{
    const struct retracting *of = run->config->retracting;
    const struct recounting *r = &run->recounting;

    for (size_t i = 0; i < r->n; i++) {
        bool ours = false;

        for (size_t k = 0; k < of->n; k++)
            ours = ours || is_of(&of->of[k], r->payloads[i]->id);
        if (!ours)
            return err_fail(err, ST_CORRUPT, cannot_back, "%s has changed while it was read",
                            r->payloads[i]->sighting.path);
    }
    return ST_OK;
}

static enum st
bring_back(struct run *run, struct table *t, struct retracted *out, struct err *err)
{
    const struct retracting *of = run->config->retracting;
    const struct recounting *r = &run->recounting;
    const struct recount_days days = { .dataset = t->dataset->name, .scope = of->of[0].scope };
    struct merge_result merged = { 0 };
    struct rows *rows;
    bool none;
    enum st rc;

    if ((rc = recount_claim(&run->ledger, r->payloads, r->n, err)) != ST_OK ||
        (rc = check_ours(run, err)) != ST_OK)
        return rc;
    for (size_t i = 0; i < of->n && rc == ST_OK; i++)
        rc = retract_still(&run->ledger, &of->of[i], RETRACT_BACK, err);
    for (size_t i = 0; i < of->n && rc == ST_OK; i++)
        rc = retract_undo(&run->ledger, &of->of[i], err);
    if (rc != ST_OK ||
        (rc = recount_check_unsplit(run, cannot_back, &days, r->payloads, r->n, err)) != ST_OK)
        return rc;
    out->payloads = (int64_t)of->n;
    rows = batch_rows(run, (size_t)(t - run->tables), &none, err);
    if (rows == NULL && !none)
        return err->code;
    if (rows != NULL)
        rc = sink_merge(run->pg, &t->target, rows, DAY_NONE, DAY_NONE, &merged, err);
    rows_free(rows);
    out->changed = merged.updated;
    out->gone = merged.inserted;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->payloads[i]->n_days; k++)
            out->hits += r->payloads[i]->days[k].count;
    return rc == ST_OK ? retract_record(&run->ledger, r->payloads, r->n, &t->rules->id, err) : rc;
}

static enum st
lock(struct run *run, struct table *t, struct err *err)
{
    const struct retracting *of = run->config->retracting;
    enum st rc = commit_check_token(run, err);

    for (size_t i = 0; i < of->n && rc == ST_OK; i++)
        rc = retract_lock(&run->ledger, &of->of[i], err);
    if (rc == ST_OK && of->back)
        rc = claim_ecosystem(run, t, err);
    if (rc == ST_OK)
        rc = sink_lock(run->pg, &t->target, err);
    return rc == ST_OK && of->back ? epochs_hold(run, t, DAY_MAX, err) : rc;
}

static enum st
transact(struct run *run, struct table *t, struct retracted *out, bool *unknown, struct err *err)
{
    const struct retracting *of = run->config->retracting;
    enum st rc;

    *unknown = false;
    *out = (struct retracted){ 0 };
    summary_release(&run->recounting.days);
    if ((rc = pg_begin(run->pg, err)) != ST_OK)
        return rc;
    if ((rc = lock(run, t, err)) != ST_OK ||
        (rc = of->back ? bring_back(run, t, out, err) : take_out(run, t, out, err)) != ST_OK ||
        (of->back && (rc = parked_write(run, err)) != ST_OK) ||
        (rc = touch_days(run, t, err)) != ST_OK ||
        (rc = announce(run, &run->recounting.days, err)) != ST_OK)
        goto rollback;
    if (run_signals(run) >= 2) {
        rc = err_fail(err, ST_STOPPED, "stopped", "a second signal came; nothing was changed");
        goto rollback;
    }
    return pg_commit(run->pg, unknown, err);
rollback:
    pg_rollback(run->pg);
    return rc;
}

/* COMMIT was sent and no answer came: the first payload tells. */
static enum st
ask_ledger(struct run *run, bool *done, struct err *err)
{
    const struct retracting *of = run->config->retracting;
    int32_t since = 0;
    enum st rc;

    run->ledger.any_out = true; /* since it was opened */
    rc = RUN_TRY_AGAIN(run, retract_since(&run->ledger, &of->of[0].id, 1, &since, err), err);
    *done = rc == ST_OK && (since == 0) == of->back;
    return rc;
}

static enum st
with_patience(struct run *run, struct table *t, struct retracted *out, struct err *err)
{
    enum st rc = ST_DB_RETRY;

    for (int attempt = 0; attempt < RUN_TRIES_MAX && rc == ST_DB_RETRY; attempt++) {
        bool unknown, done = false;
        struct err lost;

        rc = transact(run, t, out, &unknown, err);
        if (rc != ST_DB_RETRY && !unknown)
            break;
        run_back_off(attempt);
        if (run_reconnect(run, &lost) != ST_OK) {
            *err = lost;
            return lost.code == ST_DB_RETRY ? ST_DB : lost.code;
        }
        if (unknown && ((rc = ask_ledger(run, &done, err)) != ST_OK || done))
            return rc;
        rc = ST_DB_RETRY;
    }
    return rc == ST_DB_RETRY ? (err->code = ST_DB) : rc;
}

/* ---- nothing is written ---- */

static enum st
show(struct run *run, struct table *t, struct err *err)
{
    const struct run_config *c = run->config;
    const struct recounting *r = &run->recounting;
    int32_t first = INT32_MAX, end = INT32_MIN;
    struct rows *rows;
    int64_t hits;
    bool none;
    enum st rc = ST_OK;

    if (!c->retracting->back &&
        (rc = compare(run, t, c->retracting->of, r->payloads[0], &hits, err)) != ST_OK)
        return rc;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->payloads[i]->n_days; k++) {
            int32_t day = r->payloads[i]->days[k].day;

            day = t->dataset->bucket == BUCKET_MONTH ? clock_month(day) : day;
            first = day < first ? day : first;
            end = day >= end ? day + 1 : end;
        }
    rows = batch_rows(run, (size_t)(t - run->tables), &none, err);
    if (rows == NULL)
        return none ? ST_OK : err->code;
    rc = sink_beside(run->pg, &t->target, rows, first, end, c->differs, c->ctx, err);
    rows_free(rows);
    return rc == ST_DB_RETRY ? (err->code = ST_DB) : rc; /* some of it has been told */
}

static int
by_hash(const void *a, const void *b)
{
    const struct payload *const *x = a, *const *y = b;

    return memcmp((*x)->key.hash.b, (*y)->key.hash.b, sizeof (*x)->key.hash.b);
}

enum st
retract(struct run *run, struct err *err)
{
    const struct run_config *c = run->config;
    struct recounting *r = &run->recounting;
    struct retracted done = { 0 };
    struct table *t;
    enum st rc = check_inputs(run, c->retracting->back ? cannot_back : cannot_out, err);

    if (rc != ST_OK || (rc = table_ready(run, c->dataset, &t, err)) != ST_OK)
        return rc;
    for (size_t i = 0; i < r->n; i++)
        r->items[i]->payload = r->payloads[i]; /* for what waits */
    qsort(r->payloads, r->n, sizeof *r->payloads, by_hash);
    rc = c->retracting->show ? show(run, t, err) : with_patience(run, t, &done, err);
    for (size_t i = 0; i < r->n; i++)
        r->items[i]->payload = NULL;
    if (rc == ST_OK && c->retracted != NULL && !c->retracting->show)
        c->retracted(c->ctx, &t->target, &done);
    return rc;
}
