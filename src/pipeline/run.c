/*
 * The crank: connects, drops what the ledger knows at a glance, cuts the inputs into batches, lets
 * the crew count them and commits. Read this first, then worker.c.
 */
#include "ingest/base.h"

#include <sodium.h>

#include "ingest/clock.h"
#include "ingest/token.h"
#include "catalogs.h"
#include "commit.h"
#include "grown.h"
#include "pipeline_priv.h"
#include "recount.h"
#include "refused.h"
#include "replace.h"
#include "retract.h"
#include "shadow.h"
#include "stream.h"
#include "verify.h"

void
run_fail(struct run *run, const struct err *err)
{
    pthread_mutex_lock(&run->lock);
    if (!run->failed) {
        run->failed = true;
        run->failure = *err;
    }
    pthread_mutex_unlock(&run->lock);
}

/* ---- a server that goes away ---- */

/*
 * 0.1 s, doubling, each with up to as much again by chance, so that rivals do not meet again and
 * again.
 */
void
run_back_off(int attempt)
{
    uint32_t base = UINT32_C(100000) << attempt;

    usleep(base + randombytes_uniform(base));
}

enum st
run_reconnect(struct run *run, struct err *err)
{
    enum st rc = ST_OK;

    for (int attempt = 0; attempt < RUN_TRIES_MAX && !pg_is_alive(run->pg); attempt++) {
        if (run_signals(run) >= 2)
            return err_fail(err, ST_STOPPED, "stopped", "a second signal came");
        run_back_off(attempt);
        rc = pg_reconnect(run->pg, err);
        if (rc != ST_OK && rc != ST_DB_RETRY)
            return rc;
    }
    return pg_is_alive(run->pg) ? ST_OK : rc;
}

/* ---- beginning ---- */

static enum st
enter(const struct run_config *c, enum pg_mode mode, struct pg **pg, struct ledger *l,
      struct ledger_scope *scope, struct err *err)
{
    enum st rc;

    *pg = pg_connect(c->conninfo, mode, err);
    if (*pg == NULL)
        return err->code;
    if ((rc = ledger_open(l, *pg, mode == PG_READ_ONLY, err)) != ST_OK)
        return rc;
    *scope = (struct ledger_scope){ .dataset = c->dataset == NULL ? NULL : c->dataset->name };
    if (c->token != NULL) {
        struct token_node owner = { .id = 0 };

        rc = token_check(*pg, c->token, c->node, &owner, err);
        scope->node = owner.id;
        return rc;
    }
    rc = ledger_node(l, c->node == NULL ? "local" : c->node, &scope->node, err);
    if ((rc == ST_DB || rc == ST_USAGE) && c->node == NULL) /* no matter to who counts for none */
        rc = ST_OK;
    if (rc == ST_OK && c->node != NULL && scope->node == 0) {
        err_fail(err, ST_USAGE, "cannot count for a node", "there is no node \"%s\"", c->node);
        rc = ST_USAGE;
    }
    return rc;
}

enum st
ledger_enter(const struct run_config *c, enum pg_mode mode, struct pg **pg, struct ledger *l,
             struct ledger_scope *scope, struct err *err)
{
    enum st rc = enter(c, mode, pg, l, scope, err);

    for (int attempt = 0; attempt < RUN_TRIES_MAX && rc == ST_DB_RETRY; attempt++) {
        if (c->signals != NULL && *c->signals > 0)
            return err_fail(err, ST_STOPPED, "stopped", "a signal came");
        run_back_off(attempt);
        pg_close(*pg);
        rc = enter(c, mode, pg, l, scope, err);
    }
    return rc == ST_DB_RETRY ? ST_DB : rc;
}

/* While a statement is waited for: a second signal ends it, and with it the batch. */
static bool
on_tick(void *ctx)
{
    run_report_progress(ctx);
    return run_signals(ctx) < 2;
}

static enum st
open_database(struct run *run, struct err *err)
{
    const struct run_config *c = run->config;
    enum st rc = ST_OK;

    if (c->use_database)
        rc = ledger_enter(c, run_writes(run) ? PG_READ_WRITE : PG_READ_ONLY, &run->pg,
                          &run->ledger, &run->scope, err);
    else
        hash_secret_random(&run->ledger.secret);
    if (rc == ST_OK && run->pg != NULL)
        pg_set_patience(run->pg, on_tick, run);
    if (rc == ST_OK && run->pg != NULL && c->lock_wait_us > 0)
        rc = RUN_TRY_AGAIN(run, pg_set_lock_wait(run->pg, c->lock_wait_us, err), err);
    return rc == ST_OK && c->connected != NULL ? c->connected(c->ctx, run->pg, err) : rc;
}

static void
note_size(struct run *run, const struct source *s)
{
    uint64_t size = s->is_stdin ? UINT64_MAX : (uint64_t)s->file.size;

    run->stored_total += s->is_stdin ? 0 : size;
    run->largest = size > run->largest ? size : run->largest;
}

static enum st
make_items(struct run *run, struct source_list *inputs, struct err *err)
{
    run->items = calloc(inputs->n + 1, sizeof *run->items);
    if (run->items == NULL)
        return err_memory(err, "cannot hold the list of inputs");
    run->n_items = inputs->n;
    for (size_t i = 0; i < inputs->n; i++) {
        run->items[i] = (struct item){ .source = &inputs->at[i], .at = (uint32_t)i };
        if (inputs->at[i].too_young) {
            run->items[i].fate = FATE_SKIPPED;
            run->items[i].skipped = "younger than --min-age";
            continue;
        }
        note_size(run, &inputs->at[i]);
    }
    for (size_t i = 0; i < inputs->n; i++)
        if (inputs->at[i].is_stdin)
            run->stored_total = 0;
    return ST_OK;
}

/* ---- batches ---- */

static int
by_size(const void *a, const void *b)
{
    const struct item *const *x = a, *const *y = b;
    int64_t m = (*x)->source->file.size, n = (*y)->source->file.size;

    return m != n ? (m < n) - (m > n) : ((*x)->at > (*y)->at) - ((*x)->at < (*y)->at);
}

/* Every table that has an ecosystem knows it. */
static bool
ecosystems_are_known(const struct run *run)
{
    for (size_t i = 0; i < run->n_tables; i++)
        if (run->tables[i].dataset->has_ecosystem && run->tables[i].ecosystem[0] == '\0')
            return false;
    return run->config->shadow == NULL || run->shadow_ecosystem[0] != '\0';
}

/*
 * The inputs that the next batch may take: the next ones on the command line, standard input alone.
 * The largest are taken first, so that no worker is left with a large one at the end; but while an
 * ecosystem is open the order of the command line decides it, so it must be kept.
 */
static bool
next_window(struct run *run)
{
    uint32_t first = UINT32_MAX; /* who comes behind none that is left */
    size_t n_left = 0;

    for (size_t i = 0; i < run->n_items; i++)
        if (run->items[i].fate == FATE_TODO && run->items[i].later < first)
            first = run->items[i].later;

    run->n_todo = run->next_todo = 0;
    for (size_t i = 0; i < run->n_items && run->n_todo < run->todo_max; i++) {
        struct item *item = &run->items[i];

        if (item->fate != FATE_TODO ? !item->left_out : item->later > first)
            continue;
        if (item->source->is_stdin && run->n_todo > 0)
            break;
        n_left += item->fate == FATE_TODO;
        run->todo[run->n_todo++] = item;
        if (item->source->is_stdin)
            break;
    }
    if (run->stream != NULL)
        qsort(run->todo, run->n_todo, sizeof *run->todo, stream_by_time);
    else if (ecosystems_are_known(run))
        qsort(run->todo, run->n_todo, sizeof *run->todo, by_size);
    return n_left > 0;
}

void
run_passes_over(struct run *run, const struct item *item)
{
    uint64_t size = item->source->is_stdin ? 0 : (uint64_t)item->source->file.size;

    run->stored_total -= size <= run->stored_total ? size : run->stored_total;
    atomic_fetch_add(&run->progress_done, 1);
}

void
run_report_progress(struct run *run)
{
    struct run_progress p = {
        .stored_bytes = atomic_load(&run->progress_stored),
        .stored_total = run->stored_total,
        .decoded_bytes = atomic_load(&run->progress_decoded),
        .lines = atomic_load(&run->progress_lines),
        .inputs_done = atomic_load(&run->progress_done),
        .inputs = run->n_items,
        .seconds = (double)(clock_monotonic_us() - run->started_us) / 1e6,
        .writing = run->writing_us != 0,
        .rows_sent = run->rows_sent != NULL ? *run->rows_sent : 0,
    };

    if (p.writing)
        p.writing_seconds = (double)(clock_monotonic_us() - run->writing_us) / 1e6;
    if (run->config->progress != NULL)
        run->config->progress(run->config->ctx, &p);
}

/* One batch from reading to COMMIT. ST_EOF: it has to be read again. */
static enum st
do_batch(struct run *run, struct err *err)
{
    enum st rc;

    run->stored_before = atomic_load(&run->progress_stored);
    run->done_before = atomic_load(&run->progress_done);
    batch_begin(run);
    stream_begin(run);
    if ((rc = glance_sizes(run, err)) != ST_OK)
        return rc;
    crew_count(run);
    if (run->failed) {
        *err = run->failure;
        return err->code;
    }
    if (run_signals(run) >= 2)
        return err_fail(err, ST_STOPPED, "stopped", "a second signal came");
    ecosystem_settle(run);
    if ((rc = grown_settle(run, err)) != ST_OK)
        return rc;
    if (run->batch.again || stream_leave_out(run))
        return ST_EOF;
    if ((rc = replace_check(run, err)) != ST_OK)
        return rc;
    if ((rc = stream_settle(run, err)) != ST_OK)
        return rc;
    if (run->config->sink != RUN_TO_DATABASE)
        return ST_OK;
    run->writing_us = clock_monotonic_us();
    rc = commit_batch(run, err);
    run->load_us += clock_monotonic_us() - run->writing_us;
    run->writing_us = 0;
    for (size_t i = 0; rc == ST_EOF && i < run->batch.n_items; i++)
        grown_forget(run->batch.items[i]);
    if (rc == ST_EOF && run->batch.items[0]->source->is_stdin) {
        batch_undo(run); /* another run has just committed the same: known, and it cannot be read
                            again anyway */
        run->batch.lines = run->batch.records = (struct tally){ 0 };
        run->batch.decoded = run->batch.stored = 0;
        run->batch.items[0]->fate = FATE_KNOWN;
        return ST_OK;
    }
    return rc;
}

/* Each time round, another run has committed something of ours: that must come to an end. */
#define AGAIN_MAX 100

/* What was not begun; what refuses anew would have been read, and is left as well. */
static void
count_left(struct run *run)
{
    for (size_t i = 0; i < run->n_items; i++)
        run->summary->files.left += run->items[i].fate == FATE_TODO;
}

static enum st
stop_early(struct run *run, struct err *err)
{
    if (run->config->sink == RUN_VERIFY || run_corrects(run))
        return err_fail(err, ST_STOPPED, "stopped", "a signal came; nothing was changed");
    count_left(run);
    if (run->summary->files.left == 0)
        return err_fail(err, ST_STOPPED, "stopped", "a signal came; what was counted is committed");
    err_fail(err, ST_STOPPED, "stopped",
             "a signal came; %" PRIu64 " of %zu files are left; what was counted is committed",
             run->summary->files.left, run->n_items);
    err_hint(err, "run it again: it goes on with them");
    return ST_STOPPED;
}

static enum st
stop_late(struct run *run, struct err *err)
{
    count_left(run);
    err_fail(err, ST_LATER, "stopped at the deadline",
             "%" PRIu64 " of %zu files are left; what was counted is committed",
             run->summary->files.left, run->n_items);
    err_hint(err, "the next run goes on with them");
    return ST_LATER;
}

static enum st
do_batches(struct run *run, struct err *err)
{
    bool begun = false;
    int again = 0;
    enum st rc;

    while (run_signals(run) == 0 && next_window(run)) {
        /* One batch for all is not begun late; once it is begun, it is finished. */
        if (run_is_late(run) && !(begun && run_is_one_batch(run)))
            return stop_late(run, err);
        begun = true;
        rc = do_batch(run, err);
        if (rc != ST_OK) {
            batch_undo(run);
            atomic_store(&run->progress_stored, run->stored_before);
            atomic_store(&run->progress_done, run->done_before);
        }
        if (rc == ST_EOF && ++again < AGAIN_MAX)
            continue;
        if (rc == ST_EOF)
            return err_fail(err, ST_DB, "cannot commit a batch", "other runs were faster %d times",
                            AGAIN_MAX);
        again = 0;
        if (rc == ST_OK && run->config->sink == RUN_TO_DATABASE)
            refused_remember(run);
        if (rc != ST_OK || (rc = batch_settle(run, err)) != ST_OK)
            return rc;
        if (run->config->sink == RUN_TO_DATABASE)
            rc = shadow_counted(run, err);
        if (rc != ST_OK || (rc = crew_keep(run, err)) != ST_OK)
            return rc;
        crew_reset(run);
    }
    return run_signals(run) > 0 ? stop_early(run, err) : ST_OK;
}

static void
finish_summary(struct run *run)
{
    struct summary *s = run->summary;

    for (size_t i = 0; i < run->n_workers; i++) {
        s->seconds.decode += (double)run->workers[i].us.decode / 1e6;
        s->seconds.parse += (double)run->workers[i].us.parse / 1e6;
        s->seconds.rollup += (double)run->workers[i].us.rollup / 1e6;
    }
    s->seconds.load = (double)run->load_us / 1e6;
    s->seconds.wall = (double)(clock_monotonic_us() - run->started_us) / 1e6;
    s->seconds.cpu = (double)clock_cpu_us() / 1e6;
    s->dry_run = !run_writes(run);
    s->peak_rss_bytes = peak_bytes();
}

static void
run_release(struct run *run)
{
    crew_release(run);
    batch_release(run);
    for (size_t i = 0; i < run->n_items; i++) {
        free(run->items[i].refusal);
        free(run->items[i].sighting);
        grown_forget(&run->items[i]);
    }
    free(run->items);
    free(run->stored);
    free(run->refused);
    stream_release(run);
    recount_release(run);
    free(run->apart);
    tables_release(run);
    catalogs_release(run);
    pg_close(run->pg);
    sodium_memzero(&run->clients, sizeof run->clients);
    pthread_mutex_destroy(&run->lock);
    pthread_cond_destroy(&run->done);
    decoder_room_release(&run->room);
    free(run);
}

/* Also of a run that a deadline ends: which then is still what it has to say. */
static enum st
tell_shadow(struct run *run, enum st ended, struct err *err)
{
    struct err failure;
    enum st rc = ST_OK;

    if (run->config->sink != RUN_TO_DATABASE)
        rc = shadow_counted(run, &failure);
    if (rc == ST_OK && (rc = shadow_tell(run, &failure)) == ST_OK)
        return ended;
    *err = failure;
    return rc;
}

enum st
run(const struct run_config *config, struct source_list *inputs, struct summary *summary,
    struct err *err)
{
    struct run *run = calloc(1, sizeof *run);
    enum st rc;

    *summary = (struct summary){ .source = config->source, .adopts = config->adopts };
    if (run == NULL)
        return err_memory(err, "cannot start");
    run->config = config;
    run->summary = summary;
    run->started_us = clock_monotonic_us();
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->done, NULL);
    decoder_room_init(&run->room, config->memory_bytes);
    run->input_options = (struct input_options){ .room = &run->room,
                                                 .salvage = config->salvage,
                                                 .require_integrity = config->require_integrity };
    if ((rc = refused_init(run, err)) == ST_OK && (rc = tables_init(run, err)) == ST_OK &&
        (rc = open_database(run, err)) == ST_OK && (rc = left_out_init(run, err)) == ST_OK &&
        (rc = make_items(run, inputs, err)) == ST_OK && (rc = stream_init(run, err)) == ST_OK &&
        (rc = replace_init(run, err)) == ST_OK &&
        (rc = batch_init(run, err)) == ST_OK &&
        (rc = crew_init(run, err)) == ST_OK) {
        glance_troubled(run);
        if ((rc = heal(run, err)) == ST_OK && (rc = glance_files(run, err)) == ST_OK)
            rc = refused_find_files(run, err);
        if (rc == ST_OK)
            rc = stream_order(run, err);
        if (rc == ST_OK)
            rc = do_batches(run, err);
        if (rc == ST_OK && config->sink == RUN_VERIFY)
            rc = verify(run, err);
        else if (rc == ST_OK && config->sink == RUN_RECOUNT)
            rc = recount(run, err);
        else if (rc == ST_OK && config->sink == RUN_RETRACT)
            rc = retract(run, err);
        else if (rc == ST_OK && config->sink != RUN_TO_DATABASE)
            rc = commit_text(run, err);
        if (rc == ST_OK || rc == ST_LATER)
            rc = tell_shadow(run, rc, err);
    }
    if (config->done != NULL) {
        struct err last;
        enum st listed = done_list(run, config->done, &last); /* also of a run that failed later */

        if (rc == ST_OK && listed != ST_OK) {
            *err = last;
            rc = listed;
        }
    }
    if (rc != ST_OK)
        holder_tell(run, err);
    finish_summary(run);
    note_run(run, rc, err);
    run_release(run);
    return rc;
}
