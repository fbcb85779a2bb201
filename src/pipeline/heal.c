/*
 * What waits for its key, and has it by now, is counted: in a transaction of its own before any
 * batch. Each row of ingest.unresolved has one taker, however many hosts heal at once, and is
 * marked in the transaction that merges it, so it counts once wherever a run dies.
 */
#include "ingest/base.h"

#include "catalogs.h"
#include "commit.h"
#include "pipeline_priv.h"

struct healing {
    struct run *run;
    struct table *table;
    struct rollup *rollup;
    struct waiting_list *page;
    int64_t ids[PARKED_AT_ONCE];     /* of a page, those that have a key */
    uint32_t places[PARKED_AT_ONCE]; /* where in the page they stand */
    bool mine[PARKED_AT_ONCE];
    int64_t first_id;    /* the first that was healed; 0: none */
    int64_t n, bytes;    /* hits */
    struct summary days; /* its tables alone */
    struct merge_result merged;
};

/* The key under which a row counts; 0: it has none yet. */
static size_t
key_of(const struct healing *h, const struct parked *p, uint8_t key[KEY_BYTES_MAX])
{
    const struct dataset *d = h->table->dataset;
    struct catalog_entry entry;
    struct err ignored;

    if (!catalog_find(h->table->catalog, p->path, &entry))
        return 0;
    if (p->clients.p != NULL && hll_check(p->clients, &ignored) != ST_OK)
        return 0; /* not as we wrote it: it stays, and status shows it */
    return d->entry_key(d, &entry, p->day, key);
}

/* ---- one row ---- */

/* A sum stops at 2^63 - 1 here as in the table: all of them together do, so that any of them does.
 */
static enum st
add(struct healing *h, const struct parked *p, struct err *err)
{
    const struct dataset *d = h->table->dataset;
    int64_t room = INT64_MAX - h->bytes, bytes = p->bytes < room ? p->bytes : room;
    uint8_t key[KEY_BYTES_MAX];
    struct hit hit = { .key = { (const char *)key, key_of(h, p, key) }, .day = p->day };
    enum st rc;

    hit.sums[0] = p->count;
    hit.sums[1] = d->n_sums > 1 ? bytes : 0;
    hit.sketch = h->table->shape.sketch ? p->clients : (struct slice){ NULL, 0 };
    if (!summary_add_day(summary_table(&h->days, d->table), p->day))
        return err_memory(err, "cannot list days");
    if ((rc = rollup_add(h->rollup, &hit, err)) != ST_OK)
        return rc == ST_EOF ? err_fail(err, ST_DB, "cannot count what has found its key",
                                       "there are more hits than 2^63 - 1")
                            : rc;
    h->n += p->count;
    h->bytes += bytes;
    return ST_OK;
}

/* ---- pages ---- */

/* Those of the page that have a key, in ids and places. */
static size_t
resolve(struct healing *h)
{
    uint8_t key[KEY_BYTES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < h->page->n; i++)
        if (key_of(h, &h->page->at[i].parked, key) > 0) {
            h->ids[n] = h->page->at[i].id;
            h->places[n++] = (uint32_t)i;
        }
    return n;
}

static enum st
next_page(struct healing *h, int64_t *after, struct err *err)
{
    enum st rc = ledger_waiting(&h->run->ledger, h->table->dataset->name, *after, h->page, err);

    if (rc == ST_OK && h->page->n > 0)
        *after = h->page->at[h->page->n - 1].id;
    return rc;
}

/* Most runs find that nothing has changed: then no lock is taken, and nothing written. */
static enum st
find_first(struct healing *h, int64_t *before, bool *any, struct err *err)
{
    enum st rc;

    *any = false;
    *before = 0;
    for (int64_t after = 0;; *before = after) {
        if ((rc = next_page(h, &after, err)) != ST_OK || h->page->n == 0)
            return rc;
        if (resolve(h) > 0) {
            *any = true;
            return ST_OK;
        }
    }
}

static enum st
take_page(struct healing *h, struct err *err)
{
    size_t n = resolve(h);
    enum st rc = ledger_heal(&h->run->ledger, h->ids, n, h->mine, err);

    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        if (!h->mine[i])
            continue;
        if (h->first_id == 0)
            h->first_id = h->ids[i];
        rc = add(h, &h->page->at[h->places[i]].parked, err);
    }
    return rc;
}

/* ---- the transaction ---- */

static enum st
merge(struct healing *h, struct err *err)
{
    struct rows *rows = rows_new(&h->rollup, 1, h->run->jobs, err);
    enum st rc;

    if (rows == NULL)
        return err->code;
    rc = sink_merge(h->run->pg, &h->table->target, rows, rollup_first_day(h->rollup),
                    rollup_last_day(h->rollup), &h->merged, err);
    rows_free(rows);
    return rc;
}

static enum st
heal_all(struct healing *h, int64_t after, struct err *err)
{
    enum st rc;

    if ((rc = claim_ecosystem(h->run, h->table, err)) != ST_OK ||
        (rc = sink_lock(h->run->pg, &h->table->target, err)) != ST_OK)
        return rc;
    while ((rc = next_page(h, &after, err)) == ST_OK && h->page->n > 0)
        if ((rc = take_page(h, err)) != ST_OK)
            return rc;
    return rc == ST_OK && h->first_id != 0 ? merge(h, err) : rc;
}

/* What an attempt before this one has added up was rolled back. */
static void
forget(struct healing *h)
{
    h->first_id = h->n = h->bytes = 0;
    h->merged = (struct merge_result){ 0 };
    summary_release(&h->days);
    rollup_reset(h->rollup);
}

static enum st
transact(struct healing *h, bool *unknown, struct err *err)
{
    int64_t before;
    bool any;
    enum st rc;

    *unknown = false;
    forget(h);
    if ((rc = find_first(h, &before, &any, err)) != ST_OK || !any)
        return rc;
    if ((rc = pg_begin(h->run->pg, err)) != ST_OK)
        return rc;
    if ((rc = heal_all(h, before, err)) == ST_OK && run_signals(h->run) >= 2)
        rc = err_fail(err, ST_STOPPED, "stopped", "a second signal came before this was committed");
    if (rc == ST_OK && h->first_id != 0)
        rc = announce(h->run, &h->days, err);
    if (rc == ST_OK && h->first_id != 0)
        return pg_commit(h->run->pg, unknown, err);
    pg_rollback(h->run->pg); /* also where others were faster, and nothing was left to heal */
    return rc;
}

/*
 * Tried again as a batch is. Of a COMMIT without an answer the first row tells whether it was; if
 * another run has healed that one since, this run only says too much about its own part.
 */
static enum st
heal_with_patience(struct healing *h, struct err *err)
{
    struct run *run = h->run;
    bool unknown, committed = false;
    enum st rc = ST_OK;

    for (int attempt = 0; attempt < RUN_TRIES_MAX; attempt++) {
        struct err lost;

        rc = transact(h, &unknown, err);
        if (rc == ST_OK || (rc != ST_DB_RETRY && !unknown))
            return rc;
        run_back_off(attempt);
        if (run_reconnect(run, &lost) != ST_OK) {
            *err = lost;
            return lost.code == ST_DB_RETRY ? ST_DB : lost.code;
        }
        if (!unknown)
            continue;
        rc = RUN_TRY_AGAIN(run, ledger_has_healed(&run->ledger, h->first_id, &committed, err), err);
        if (rc != ST_OK || committed)
            return rc;
        rc = ST_DB_RETRY;
    }
    return rc == ST_DB_RETRY ? ST_DB : rc;
}

static enum st
tell(struct healing *h, struct err *err)
{
    const char *table = h->table->dataset->table;
    struct table_summary *to = summary_table(h->run->summary, table);
    struct table_summary *days = summary_table(&h->days, table);

    to->healed += h->n;
    to->inserted += h->merged.inserted;
    to->updated += h->merged.updated;
    to->doubled += h->merged.doubled;
    for (size_t i = 0; i < days->n_days; i++)
        if (!summary_add_day(to, days->days[i]))
            return err_memory(err, "cannot list days");
    return ST_OK;
}

static enum st
heal_table(struct run *run, struct table *t, struct err *err)
{
    struct healing *h = calloc(1, sizeof *h);
    enum st rc = ST_MEMORY;

    if (h != NULL) {
        *h = (struct healing){ .run = run, .table = t };
        h->page = calloc(1, sizeof *h->page);
        h->rollup = rollup_new(&t->shape, run->config->memory_bytes / 2, NULL, err);
    }
    if (h == NULL || h->page == NULL || h->rollup == NULL) {
        err_memory(err, "cannot count what has found its key");
        goto release;
    }
    rc = heal_with_patience(h, err);
    if (rc == ST_OK && h->first_id != 0)
        rc = tell(h, err);
release:
    if (h != NULL) {
        summary_release(&h->days);
        rollup_free(h->rollup);
        if (h->page != NULL)
            ledger_waiting_release(h->page);
        free(h->page);
    }
    free(h);
    return rc;
}

/* What a payload added is taken out whole, with what of it has a key by now. */
static bool
heals(const struct run_config *c)
{
    return c->sink == RUN_TO_DATABASE || (c->sink == RUN_RETRACT && !c->retracting->show);
}

enum st
heal(struct run *run, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; i < run->n_tables && rc == ST_OK && run->may_park &&
                       heals(run->config);
         i++) {
        struct table *t = &run->tables[i];
        bool any = false;

        if (!catalogs_want(run->config, t->dataset))
            continue;
        rc = RUN_TRY_AGAIN(run, ledger_is_waiting(&run->ledger, t->dataset->name, &any, err), err);
        if (rc == ST_OK && any && (rc = table_ready(run, t->dataset, &t, err)) == ST_OK)
            rc = heal_table(run, t, err);
        if (rc == ST_DB_RETRY)
            rc = ST_DB;
    }
    return rc;
}
