/*
 * One worker: takes inputs until the batch is closed and counts each into a rollup of its own,
 * which is given to the batch when the input has come to its good end and the ledger does not know
 * it. Nothing is locked while lines are read.
 */
#include "ingest/base.h"

#include "adopt.h"
#include "belt.h"
#include "catalogs.h"
#include "days.h"
#include "grown.h"
#include "pass.h"
#include "pipeline_priv.h"
#include "refused.h"
#include "rejects.h"
#include "shadow.h"
#include "stream.h"

enum st
worker_init(struct worker *w, struct run *run, struct err *err)
{
    *w = (struct worker){ .run = run, .spool.fd = -1 };
    w->lines = lines_new(err);
    return w->lines == NULL ? ST_MEMORY : ST_OK;
}

static void
drop_payload(struct pending *p)
{
    if (p->payload != NULL)
        batch_payload_free(p->payload);
    p->payload = NULL;
    free(p->mistaken);
    p->mistaken = NULL;
}

static void
drop_pending(struct worker *w)
{
    for (size_t i = 0; i < w->n_pending; i++)
        drop_payload(&w->pending[i]);
    w->n_pending = 0;
    w->pending_bytes = 0;
}

void
worker_reset(struct worker *w)
{
    drop_pending(w);
    spool_reset(&w->spool);
    for (size_t d = 0; d < ROLLUPS_MAX; d++)
        if (w->batch[d] != NULL)
            rollup_reset(w->batch[d]);
}

/*
 * What one of a table's two rollups may hold, the batch's or that of the batches before, beside the
 * other: what that one leaves of the shares for both, and that is one at least.
 */
static size_t
room_beside(const struct run *run, const struct rollup *other)
{
    size_t share = run_share(run), held = other == NULL ? 0 : rollup_held_bytes(other);
    size_t both = 3 * run_ceiling(run) - run_input_ceiling(run), most = both - share;

    if (run->config->sink == RUN_TO_DATABASE || run->n_items == 1)
        return run_ceiling(run);
    return held < share ? most : held < most ? both - held : share;
}

struct rollup *
worker_batch_rollup(struct worker *w, const struct table *t, struct err *err)
{
    size_t d = (size_t)(t - w->run->tables);

    if (w->batch[d] == NULL)
        w->batch[d] = rollup_new(&t->shape, room_beside(w->run, w->all[d]), NULL, err);
    return w->batch[d];
}

/* The smaller joins the larger, and the next batch begins with a rollup that fits beside both. */
static enum st
keep_rows(struct worker *w, size_t d, struct err *err)
{
    struct rollup *more = w->batch[d], *less = w->all[d];
    enum st rc = ST_OK;

    if (less != NULL && rollup_held_bytes(less) > rollup_held_bytes(more)) {
        more = w->all[d];
        less = w->batch[d];
    }
    w->batch[d] = NULL;
    w->all[d] = more;
    if (less != NULL) {
        rollup_set_ceiling(more, room_beside(w->run, less));
        rc = rollup_absorb(more, less, err);
        rollup_free(less);
    }
    rollup_set_ceiling(more, room_beside(w->run, NULL));
    return rc;
}

/* The same of what stands behind the rollups of the datasets. */
static enum st
keep_more(struct worker *w, size_t d, struct err *err)
{
    if (w->all[d] == NULL && d == PARKED)
        parked_rollup(w->run, &w->all[d], err);
    else if (d == SHADOW)
        shadow_rollup(w->run, &w->all[d], err);
    return w->all[d] == NULL ? err->code : rollup_absorb(w->all[d], w->batch[d], err);
}

enum st
worker_keep(struct worker *w, struct err *err)
{
    enum st rc = ST_OK;

    /* What is committed is in the database. */
    for (size_t d = w->run->config->sink == RUN_TO_DATABASE ? SHADOW : 0;
         d < ROLLUPS_MAX && rc == ST_OK; d++)
        if (w->batch[d] != NULL && !rollup_is_empty(w->batch[d]))
            rc = d < DATASETS_MAX ? keep_rows(w, d, err) : keep_more(w, d, err);
    return rc;
}

void
worker_release(struct worker *w)
{
    drop_pending(w);
    for (size_t d = 0; d < ROLLUPS_MAX; d++) {
        rollup_free(w->batch[d]);
        rollup_free(w->all[d]);
        for (size_t i = 0; i < PENDING_MAX; i++)
            rollup_free(w->pending[i].rollups[d]);
    }
    for (size_t d = 0; d < DATASETS_MAX; d++) {
        if (w->picker_ready[d])
            picker_release(&w->pickers[d]);
    }
    shadow_reader_free(w->shadow);
    days_release(&w->days);
    spool_release(&w->spool);
    lines_free(w->lines);
}

/* ---- what is it ---- */

static void
say_choice(struct run *run, const struct item *item, const struct choice *choice)
{
    char line[600];

    if (run->config->choice == NULL || choice->head.n == 0 || item->n_tries > 0) /* it was said */
        return;
    if (choice->score < 0)
        snprintf(line, sizeof line, "%s: format %s, as told, for %s", item->source->path,
                 choice->format->name, choice->dataset->name);
    else
        snprintf(line, sizeof line, "%s: format %s (%d %% sure), for %s", item->source->path,
                 choice->format->name, choice->score, choice->dataset->name);
    pthread_mutex_lock(&run->lock);
    run->config->choice(run->config->ctx, line);
    pthread_mutex_unlock(&run->lock);
}

/* ---- one input ---- */

static struct rollup *
fresh_rollup(struct worker *w, struct rollup **slot, const struct table *t, struct err *err)
{
    if (*slot == NULL)
        *slot = rollup_new(&t->shape, run_input_ceiling(w->run), NULL, err);
    return *slot;
}

static enum st
fresh_picker(struct worker *w, struct table *t, struct picker **out, struct err *err)
{
    size_t d = (size_t)(t - w->run->tables);
    enum st rc;

    *out = &w->pickers[d];
    if (!w->picker_ready[d]) {
        rc = picker_init(*out, t->dataset, t->rules, &w->run->clients, err);
        if (rc != ST_OK)
            return rc;
        w->picker_ready[d] = true;
    }
    (*out)->catalog = t->catalog;
    (*out)->object_secret = stream_secret(w->run, t->rules);
    picker_set_ecosystem(*out, t->ecosystem);
    return ST_OK;
}

static void
describe(struct payload *payload, const struct item *item, const struct input_result *r)
{
    payload->identity = r->identity;
    payload->key.hash = r->identity.hash;
    payload->verified = r->verified;
    payload->partial = r->partial;
    payload->sighting = (struct sighting){
        .path = item->source->path,
        .is_file = !item->source->is_stdin,
        .young = r->young,
        .file = r->file,
        .stored = r->stored,
    };
}

/* A large input while cores are idle: one thread decodes, this one counts. */
static bool
deserves_a_thread(const struct worker *w, const struct item *item)
{
    return w->run->n_workers < w->run->jobs &&
           (item->source->is_stdin || item->source->file.size >= (int64_t)MIB);
}

/* Too many lines were rejected: whether that matters is seen when the ledger has been asked. */
static enum st
keep_mistaken(struct pending *p, const struct err *mistaken, struct err *err)
{
    p->mistaken = malloc(sizeof *p->mistaken);
    if (p->mistaken == NULL)
        return err_memory(err, "cannot remember a refused input");
    *p->mistaken = *mistaken;
    snprintf(p->mistaken->path, sizeof p->mistaken->path, "%s", p->item->source->path);
    return ST_OK;
}

/* What the run says about reading, and what nobody asks of the logs of this table. */
static struct format_options
options_for(const struct run_config *c, const struct dataset *dataset)
{
    struct format_options options = { 0 };
    unsigned asked = dataset->asks | rules_ask(c->rules);

    if (c->format_options != NULL)
        options = *c->format_options;
    if (c->shadow != NULL)
        asked |= rules_ask(c->shadow);
    options.unasked = ASKS_ALL & ~asked;
    return options;
}

/* Reads all of an input that has lines. */
static enum st
count_lines(struct worker *w, struct pending *p, const struct format *format, struct err *err)
{
    struct pass pass = { .w = w, .payload = p->payload, .day_no = DAY_NONE };
    bool skips = p->item->skip_bytes > 0;
    struct err mistaken;
    size_t d = (size_t)(p->table - w->run->tables), n_days;
    enum st rc;

    pass.rollup = fresh_rollup(w, &p->rollups[d], p->table, err);
    if (pass.rollup == NULL)
        return err->code;
    rollup_reset(pass.rollup);
    if (p->rollups[PARKED] != NULL)
        rollup_reset(p->rollups[PARKED]);
    if (p->table->catalog != NULL && run_writes(w->run) &&
        (pass.parked = parked_rollup(w->run, &p->rollups[PARKED], err)) == NULL)
        return err->code;
    pass.options = options_for(w->run->config, p->table->dataset);
    if ((rc = fresh_picker(w, p->table, &pass.picker, err)) != ST_OK ||
        (rc = shadow_begin(&pass, p, err)) != ST_OK ||
        (rc = parser_init(&pass.parser, format, &pass.options, err)) != ST_OK)
        return rc;
    days_reset(&w->days);
    pass.grown = p->cover != NULL || skips;
    p->is_compared = pass.grown;
    p->before = skips;
    pass.rejects.path = p->item->source->path;
    pass.adopt_until = adopt_until(w->run);
    p->rejects_from = p->rejects_to = spool_end(&w->spool);
    if (deserves_a_thread(w, p->item))
        lines_go_ahead(w->lines);
    rc = pass_turn(&pass, err);
    p->rejects_to = spool_end(&w->spool);
    lines_stop(w->lines);
    w->us.decode += lines_decode_us(w->lines);
    if (rc == ST_OK) {
        assert(tally_balances(&p->payload->lines) && tally_balances(&p->payload->records));
        p->payload->days = days_list(&w->days, &n_days);
        p->payload->n_days = n_days;
        if (p->payload->days == NULL)
            rc = err_memory(err, "cannot list days");
        else
            adopt_mark(w->run, p->payload);
        p->bytes = rollup_held_bytes(pass.rollup) + n_days * sizeof *p->payload->days +
                   (pass.parked == NULL ? 0 : rollup_held_bytes(pass.parked));
        p->payload->document = pass.parser.document;
        if (pass.shadow != NULL)
            p->bytes += rollup_held_bytes(pass.shadow);
        ecosystem_note(w->run, p->item, pass.picker->ecosystem, shadow_end(&pass));
        if (rc == ST_OK && rejects_judge(&pass, &mistaken) != ST_OK)
            rc = keep_mistaken(p, &mistaken, err);
    } else if (err->line_no == 0) {
        err->line_no = pass.parser.line_no;
    }
    parser_release(&pass.parser);
    return rc;
}

static enum st
count_input(struct worker *w, struct input *in, struct pending *p, struct err *err)
{
    const struct run_config *c = w->run->config;
    const struct dataset *dataset;
    const struct format *format;
    struct input_result result;
    struct choice choice;
    enum st rc;

    lines_start(w->lines, in);
    if ((rc = input_choose(c, w->lines, &choice, err)) != ST_OK)
        return rc;
    say_choice(w->run, p->item, &choice);
    dataset = choice.dataset;
    format = choice.format;
    p->payload = calloc(1, sizeof *p->payload);
    if (p->payload == NULL)
        return err_memory(err, "cannot describe a payload");
    p->table = NULL;
    p->payload->first_us = INT64_MAX;
    p->payload->last_us = INT64_MIN;
    p->payload->counted_first_us = INT64_MAX;
    p->payload->counted_last_us = INT64_MIN;
    p->payload->source = c->source;
    p->payload->format = format == NULL ? "none" : format->name;
    p->payload->key.dataset = dataset == NULL ? "none" : dataset->name;
    p->payload->rules_id = c->rules->id;
    if (dataset != NULL && format != NULL) {
        if ((rc = table_ready(w->run, dataset, &p->table, err)) != ST_OK)
            return rc;
        p->payload->key.scope = dataset->has_node ? p->table->node_id : 0;
        p->payload->rules_id = p->table->rules->id;
        if ((rc = grown_begin(w, p, format, err)) == ST_OK)
            rc = count_lines(w, p, format, err);
        cover_free(p->cover);
        p->cover = NULL;
    } else {
        struct block block;

        rc = lines_next(w->lines, &block,
                        err); /* to the end: the checksums of an empty container too */
        rc = rc == ST_EOF ? ST_OK : rc;
    }
    if (rc != ST_OK)
        return rc;
    input_result(in, &result);
    describe(p->payload, p->item, &result);
    p->stored = result.stored_bytes;
    p->unterminated = result.unterminated_bytes;
    return ST_OK;
}

/*
 * Test 2 of docs/EXACTLY-ONCE.md. ST_OK: known or refused before, the item is done. ST_EOF:
 * neither.
 */
static enum st
known_by_bytes(struct worker *w, struct item *item, struct err *err)
{
    struct run *run = w->run;
    size_t low = 0, high = run->n_stored;
    struct digest stored;
    enum st rc;

    if (item->source->is_stdin)
        return ST_EOF;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (run->stored[middle].size < item->source->file.size)
            low = middle + 1;
        else
            high = middle;
    }
    if ((low == run->n_stored || run->stored[low].size != item->source->file.size) &&
        !refused_has_size(run, item->source->file.size))
        return ST_EOF;
    if ((rc = input_digest_stored(item->source, &run->ledger.secret, &stored, err)) != ST_OK)
        return rc;
    for (; low < run->n_stored && run->stored[low].size == item->source->file.size; low++)
        if (!run->config->replace && digest_eq(&run->stored[low].stored, &stored) &&
            known_stands(run, &run->stored[low].known)) {
            struct sighting s = {
                .path = item->source->path,
                .is_file = true,
                .young = input_is_young(&item->source->file),
                .file = item->source->file,
                .stored = stored,
            };

            return batch_known(run, item, &run->stored[low].known, &s, err);
        }
    return refused_by_bytes(run, item, &stored, err);
}

/* Counts one input into a pending place, or refuses it. A failure is one of the run. */
static enum st
take(struct worker *w, struct item *item, struct err *err)
{
    struct pending *p = &w->pending[w->n_pending];
    struct input *in = NULL;
    enum st rc;

    rc = item->longer != NULL ? grown_refuse_older(err, NULL, item->longer)
                              : known_by_bytes(w, item, err);
    if (rc == ST_EOF) {
        p->item = item;
        p->bytes = 0;
        p->may_grow = p->is_compared = p->before = false;
        p->cover = NULL;
        p->covered = (struct covered){ 0 };
        rc = input_open(&in, item->source, &w->run->ledger.secret, &w->run->input_options, err);
        if (rc == ST_OK)
            rc = count_input(w, in, p, err);
        input_close(in);
        if (rc == ST_OK) {
            w->pending_bytes += p->bytes;
            w->n_pending++;
        } else {
            drop_payload(p);
        }
    }
    if (err_is_of_input(rc) || rc == ST_MEMORY || rc == ST_STOPPED)
        snprintf(err->path, sizeof err->path, "%s",
                 item->source->path); /* other failures are none of the input's */
    if (!err_is_of_input(rc))
        return rc;
    if (err->not_a_log && rc == ST_FORMAT && item->source->walked) { /* nobody named it */
        item->skipped = "of no known format";
        batch_skip(w->run, item);
        return ST_OK;
    }
    if ((rc = batch_refuse(w->run, item, err)) != ST_OK)
        return rc;
    return refused_note(w->run, item, item->refusal, NULL, err);
}

/* Whatever became of it, and however much of it was read for that: progress is over all of it. */
static void
tell_done(struct worker *w, const struct item *item)
{
    struct run *run = w->run;

    if (!item->source->is_stdin)
        atomic_fetch_add(&run->progress_stored, (uint64_t)item->source->file.size - w->item_stored);
    w->item_stored = 0;
    atomic_fetch_add(&run->progress_done, 1);
}

void
worker_batch(struct worker *w)
{
    size_t enough = run_input_ceiling(w->run) / (run_has_small_inputs(w->run) ? 1 : 3);
    struct err err = { 0 };
    struct item *item;
    enum st rc = ST_OK;

    while (rc == ST_OK && (item = batch_take(w->run)) != NULL) {
        rc = take(w, item, &err);
        if (rc == ST_OK && (w->n_pending == PENDING_MAX || w->pending_bytes > enough))
            rc = batch_accept(w, &err);
        tell_done(w, item);
    }
    if (rc == ST_OK)
        rc = batch_accept(w, &err);
    if (rc != ST_OK)
        run_fail(w->run, &err);
}
