/*
 * The one transaction of a batch (docs/EXACTLY-ONCE.md): claim, lock, merge, write down, COMMIT;
 * tried again when the server says that this may help, and never believed before COMMIT has
 * answered. Without a database: commit_text.c.
 */
#include "ingest/base.h"

#include "ingest/token.h"
#include "adopt.h"
#include "catalogs.h"
#include "commit.h"
#include "eida.h"
#include "epochs.h"
#include "pipeline_priv.h"
#include "replace.h"
#include "shadow.h"

/* ---- the rows of one table ---- */

/* All workers' rollups of a table that hold something. */
static size_t
rollups_of(const struct run *run, size_t table, struct rollup **out)
{
    size_t n = 0;

    for (size_t w = 0; w < run->n_workers; w++) {
        const struct worker *worker = &run->workers[w];
        struct rollup *r =
            run->config->sink == RUN_TO_DATABASE ? worker->batch[table] : worker->all[table];

        if (r != NULL && !rollup_is_empty(r))
            out[n++] = r;
    }
    return n;
}

struct rollup **
batch_rollups(struct run *run, size_t table, size_t *n, struct err *err)
{
    struct rollup **rollups = calloc(run->n_workers, sizeof *rollups);

    if (rollups == NULL)
        err_memory(err, "cannot collect rows");
    else
        *n = rollups_of(run, table, rollups);
    return rollups;
}

struct rows *
batch_rows(struct run *run, size_t table, bool *none, struct err *err)
{
    struct rows *rows = NULL;
    size_t n;
    struct rollup **rollups = batch_rollups(run, table, &n, err);

    *none = rollups != NULL && n == 0;
    if (rollups != NULL && n > 0)
        rows = rows_new(rollups, n, run->jobs, err);
    free(rollups);
    return rows;
}

/* ---- the transaction ---- */

/* It was valid when the run began, and must be now. */
enum st
commit_check_token(struct run *run, struct err *err)
{
    const struct run_config *c = run->config;
    struct token_node owner;
    enum st rc;

    if (c->token == NULL)
        return ST_OK;
    rc = token_check(run->pg, c->token, c->node, &owner, err);
    if (rc == ST_OK && owner.id != run->scope.node)
        rc = err_fail(err, ST_DB, "cannot count with this token",
                      "it was given to another node while the logs were read");
    return rc;
}

struct merged {
    int64_t inserted, updated, doubled;
};

static int
by_hash(const void *a, const void *b)
{
    const struct payload *const *x = a, *const *y = b;

    return memcmp((*x)->key.hash.b, (*y)->key.hash.b, sizeof (*x)->key.hash.b);
}

/* ST_EOF when another run has committed one of ours first. */
static enum st
claim(struct run *run, struct err *err)
{
    struct batch *b = &run->batch;
    bool lost = false;
    enum st rc = ledger_claim(&run->ledger, b->claims, b->n_claims, err);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < b->n_claims; i++)
        lost = lost || b->claims[i]->id == 0;
    return lost ? ST_EOF : ST_OK;
}

/*
 * (c): what has been committed since the inputs were compared with the ledger may be a beginning of
 * one of them.
 */
static enum st
look_again(struct run *run, struct err *err)
{
    struct batch *b = &run->batch;
    bool moved = false;
    enum st rc = ST_OK;

    if (!run->config->replace)
        rc = ledger_look_again(&run->ledger, b->claims, b->n_claims, &moved, err);
    if (rc != ST_OK || !moved)
        return rc;
    if (!b->items[0]->source->is_stdin)
        return ST_EOF;
    err_fail(err, ST_DB, "cannot count standard input",
             "another run has just counted a log that begins like it");
    err_hint(err, "nothing was counted; feed it again");
    return ST_DB;
}

enum st
claim_ecosystem(struct run *run, struct table *t, struct err *err)
{
    uint8_t value[SETTING_MAX] = { 0 };
    size_t n = strlen(t->ecosystem);
    char key[200];
    enum st rc;

    if (!t->dataset->has_ecosystem || n == 0)
        return ST_OK;
    snprintf(key, sizeof key, "ecosystem:%s.%s", t->target.schema, t->dataset->table);
    memcpy(value, t->ecosystem, n);
    rc = ledger_setting_claim(&run->ledger, key, value, &n, err);
    if (rc != ST_OK || (n == strlen(t->ecosystem) && memcmp(value, t->ecosystem, n) == 0))
        return rc;
    if (t->fixed || run->batch.items[0]->source->is_stdin) {
        err_fail(err, ST_DB, "cannot count into this table",
                 "another run has just begun it with downloads of %.*s", (int)n,
                 (const char *)value);
        err_hint(err, "nothing was counted; feed it again");
        return ST_DB;
    }
    snprintf(t->ecosystem, sizeof t->ecosystem, "%.*s", (int)n, (const char *)value);
    shadow_follow(run, t);
    return ST_EOF;
}

static int
by_oid(const void *a, const void *b)
{
    const struct table *const *x = a, *const *y = b;

    return ((*x)->target.oid > (*y)->target.oid) - ((*x)->target.oid < (*y)->target.oid);
}

static enum st
merge_table(struct run *run, struct table *t, struct merged *merged, struct err *err)
{
    struct merge_result result = { 0 };
    struct rows *rows;
    bool none;
    enum st rc;

    rows = batch_rows(run, (size_t)(t - run->tables), &none, err);
    if (rows == NULL)
        return none ? ST_OK : err->code;
    run->rows_sent = &result.sent;
    rc = sink_merge(run->pg, &t->target, rows, t->first_day, t->last_day, &result, err);
    run->rows_sent = NULL;
    rows_free(rows);
    merged->inserted = result.inserted;
    merged->updated = result.updated;
    merged->doubled = result.doubled;
    return rc;
}

/*
 * (d) and (e): locks in the order of OIDs, so that two runs never wait for each other in a circle.
 */
static enum st
merge_tables(struct run *run, struct merged *merged, struct err *err)
{
    struct table *order[DATASETS_MAX];
    size_t n = 0;
    enum st rc = ST_OK;

    for (size_t i = 0; i < run->n_tables; i++)
        if (run->tables[i].ready && (run->tables[i].first_day <= run->tables[i].last_day ||
                                     run->tables[i].adopts))
            order[n++] = &run->tables[i];
    qsort(order, n, sizeof *order, by_oid);
    for (size_t i = 0; i < n && rc == ST_OK; i++)
        rc = claim_ecosystem(run, order[i], err);
    for (size_t i = 0; i < n && rc == ST_OK; i++)
        rc = sink_lock(run->pg, &order[i]->target, err);
    for (size_t i = 0; i < n && rc == ST_OK; i++)
        rc = epochs_hold_batch(run, order[i], err);
    for (size_t i = 0; i < n && rc == ST_OK; i++)
        if ((rc = merge_table(run, order[i], &merged[order[i] - run->tables], err)) == ST_OK)
            rc = annotate_batch(run, order[i], err);
    return rc;
}

static bool
is_seen(const struct item *item)
{
    return item->sighting != NULL &&
           (item->fate == FATE_KNOWN || item->fate == FATE_KNOWN_OTHERWISE);
}

/* New sightings of known payloads. */
static enum st
see(struct run *run, struct err *err)
{
    const struct batch *b = &run->batch;
    const struct sighting **sightings = calloc(b->n_items + 1, sizeof *sightings);
    int64_t *ids = calloc(b->n_items + 1, sizeof *ids);
    enum st rc = ST_MEMORY;
    size_t n = 0;

    if (sightings == NULL || ids == NULL) {
        err_memory(err, "cannot write sightings");
        goto release;
    }
    for (size_t i = 0; i < b->n_items; i++)
        if (is_seen(b->items[i])) {
            sightings[n] = b->items[i]->sighting;
            ids[n++] = b->items[i]->known_id;
        }
    rc = ledger_see(&run->ledger, ids, sightings, n, err);
release:
    free(sightings);
    free(ids);
    return rc;
}

static enum st
transact(struct run *run, struct merged *merged, bool *unknown, struct err *err)
{
    struct batch *b = &run->batch;
    enum st rc;

    *unknown = false;
    memset(merged, 0, DATASETS_MAX * sizeof *merged);
    if ((rc = pg_begin(run->pg, err)) != ST_OK)
        return rc;
    if ((rc = commit_check_token(run, err)) != ST_OK || (rc = claim(run, err)) != ST_OK ||
        (rc = look_again(run, err)) != ST_OK || (rc = eida_write(run, err)) != ST_OK ||
        (rc = merge_tables(run, merged, err)) != ST_OK ||
        (rc = parked_write(run, err)) != ST_OK || (rc = replace_displace(run, err)) != ST_OK ||
        (rc = ledger_record(&run->ledger, b->claims, b->n_claims, err)) != ST_OK ||
        (rc = adopt_open(run, err)) != ST_OK || (rc = replace_restate(run, err)) != ST_OK ||
        (rc = see(run, err)) != ST_OK || (rc = announce(run, &b->days, err)) != ST_OK)
        goto rollback;
    if (run_signals(run) >= 2) {
        rc = err_fail(err, ST_STOPPED, "stopped",
                      "a second signal came before the batch was committed");
        goto rollback;
    }
    return pg_commit(run->pg, unknown, err);
rollback:
    pg_rollback(run->pg);
    return rc;
}

/* ---- trying again ---- */

/*
 * COMMIT was sent and no answer came. The ledger knows: the batch is there as a whole, or not at
 * all.
 */
static enum st
ask_ledger(struct run *run, bool *committed, struct err *err)
{
    const struct ledger_key *key;
    struct known known;
    enum st rc = run_reconnect(run, err);

    *committed = false;
    if (rc != ST_OK || run->batch.n_claims == 0 || run->config->replace)
        return rc; /* what is replaced is the same when it is replaced again */
    key = &run->batch.claims[0]->key;
    rc = RUN_TRY_AGAIN(run, ledger_find_hashes(&run->ledger, &key, 1, &known, err), err);
    *committed = rc == ST_OK && known.id != 0 && known.id == run->batch.claims[0]->id;
    return rc;
}

enum st
commit_batch(struct run *run, struct err *err)
{
    struct batch *b = &run->batch;
    struct merged merged[DATASETS_MAX];
    bool unknown, committed = false, anything = b->n_claims > 0;
    enum st rc = ST_OK;

    for (size_t i = 0; i < b->n_items; i++)
        anything = anything || is_seen(b->items[i]);
    if (!anything)
        return ST_OK;
    if (b->n_claims > 0)
        qsort(b->claims, b->n_claims, sizeof *b->claims, by_hash);
    for (int attempt = 0; attempt < RUN_TRIES_MAX; attempt++) {
        rc = transact(run, merged, &unknown, err);
        if (rc == ST_OK || (rc != ST_DB_RETRY && !unknown))
            break;
        if (unknown) {
            if ((rc = ask_ledger(run, &committed, err)) != ST_OK || committed)
                break;
            rc = ST_DB_RETRY;
        }
        run_back_off(attempt);
        struct err lost;

        if (run_reconnect(run, &lost) != ST_OK) {
            *err = lost;
            rc = lost.code;
            break;
        }
    }
    if (rc != ST_OK)
        return rc == ST_DB_RETRY ? ST_DB : rc;
    for (size_t i = 0; i < run->n_tables; i++) {
        struct table_summary *t;

        if (run->batch.parked[i] > 0)
            summary_table(run->summary, run->tables[i].dataset->table)->parked += b->parked[i];
        run->tables[i].fixed |= run->tables[i].adopts;
        if (run->tables[i].first_day > run->tables[i].last_day)
            continue;
        t = summary_table(run->summary, run->tables[i].dataset->table);
        t->inserted += merged[i].inserted;
        t->updated += merged[i].updated;
        t->doubled += merged[i].doubled;
        run->tables[i].fixed = true;
    }
    adopt_tell(run);
    return ST_OK;
}
