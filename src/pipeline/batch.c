/*
 * A batch: the inputs that commit together. Hands them out to the workers and keeps the books of
 * what was accepted (accept.c), so that all of it can be undone until it is committed.
 */
#include "ingest/base.h"

#include "heads.h"
#include "pipeline_priv.h"
#include "recount.h"
#include "refused.h"
#include "rejects.h"
#include "retract.h"
#include "seen.h"

enum st
batch_init(struct run *run, struct err *err)
{
    run->todo_max = BATCH_INPUTS_MAX;
    if (run_is_one_batch(run) && run->n_items > run->todo_max)
        run->todo_max = run->n_items;
    run->todo = calloc(run->todo_max, sizeof *run->todo);
    run->batch.items = calloc(run->todo_max, sizeof *run->batch.items);
    if (run->todo == NULL || run->batch.items == NULL)
        return err_memory(err, "cannot hold a batch");
    return ST_OK;
}

void
batch_payload_free(struct payload *p)
{
    free(p->days);
    free(p->looked);
    free(p);
}

/* What is left out of a stream keeps what it knows until the end. */
static void
forget(struct run *run, bool end)
{
    struct batch *b = &run->batch;

    for (size_t i = 0; i < b->n_claims; i++)
        batch_payload_free(b->claims[i]);
    b->n_claims = 0;
    for (size_t i = 0; i < b->n_items; i++) {
        if (b->items[i]->left_out && !end)
            continue;
        free(b->items[i]->sighting);
        b->items[i]->sighting = NULL;
        b->items[i]->payload = NULL;
    }
    summary_release(&b->days);
}

void
batch_release(struct run *run)
{
    forget(run, true);
    free(run->batch.claims);
    free(run->batch.items);
    free(run->batch.reject_ranges);
    free(run->todo);
    heads_release(&run->batch.heads);
    heads_release(&run->heads);
    seen_release(&run->batch.seen);
    seen_release(&run->seen);
}

void
batch_begin(struct run *run)
{
    struct batch *b = &run->batch;

    b->n_items = b->n_claims = b->n_reject_ranges = b->heads.n = 0;
    b->lines = b->records = (struct tally){ 0 };
    b->decoded = b->stored = b->unterminated = 0;
    b->closed = b->again = false;
    seen_reset(&b->seen);
    for (size_t i = 0; i < run->n_tables; i++) {
        run->tables[i].first_day = INT32_MAX;
        run->tables[i].last_day = INT32_MIN;
        run->tables[i].adopts = false;
        run->tables[i].n_empty = 0;
        if (run->config->sink == RUN_TO_DATABASE) /* else they go on adding up */
            memset(run->tables[i].sums, 0, sizeof run->tables[i].sums);
    }
}

/* Half of --memory, 4,096 inputs or 1 GiB decoded. */
static bool
is_full(const struct run *run)
{
    if (run->batch.n_items == run->todo_max)
        return true;
    return !run_is_one_batch(run) && run->config->sink == RUN_TO_DATABASE &&
           (run->batch.decoded >= BATCH_BYTES_MAX ||
            atomic_load(&run->held_bytes) >= run->config->memory_bytes / 10 * 3);
}

struct item *
batch_take(struct run *run)
{
    struct batch *b = &run->batch;
    struct item *item = NULL;

    pthread_mutex_lock(&run->lock);
    if (run->failed || run_signals(run) > 0 || is_full(run) ||
        (!run_is_one_batch(run) && run_is_late(run)))
        b->closed = true;
    while (!b->closed && run->next_todo < run->n_todo) {
        item = run->todo[run->next_todo++];
        b->items[b->n_items++] = item;
        if (!item->left_out)
            break;
        item = NULL; /* it has been read; it is here to be told and written down with the others */
    }
    pthread_mutex_unlock(&run->lock);
    return item;
}

enum st
batch_refuse(struct run *run, struct item *item, struct err *err)
{
    struct err *copy = malloc(sizeof *copy);

    if (copy == NULL)
        return err_memory(err, "cannot remember a refused input");
    *copy = *err;
    pthread_mutex_lock(&run->lock);
    item->fate = FATE_REFUSED;
    item->refusal = copy;
    pthread_mutex_unlock(&run->lock);
    return ST_OK;
}

void
batch_skip(struct run *run, struct item *item)
{
    pthread_mutex_lock(&run->lock);
    item->fate = FATE_SKIPPED;
    pthread_mutex_unlock(&run->lock);
}

enum st
batch_mark_known(struct run *run, struct item *item, const struct known *known,
                 const struct sighting *sighting, struct err *err)
{
    const struct digest *rules_id = &run->config->rules->id;

    for (size_t i = 0; i < run->n_tables; i++)
        if (strcmp(run->tables[i].dataset->name, known->dataset) == 0)
            rules_id = &run->tables[i].rules->id;
    item->fate = digest_eq(rules_id, &known->rules_id) ? FATE_KNOWN : FATE_KNOWN_OTHERWISE;
    item->known_id = known->id;
    if (sighting == NULL || !sighting->is_file)
        return ST_OK;
    item->sighting = malloc(sizeof *item->sighting);
    if (item->sighting == NULL)
        return err_memory(err, "cannot remember a sighting");
    *item->sighting = *sighting;
    return ST_OK;
}

enum st
batch_known(struct run *run, struct item *item, const struct known *known,
            const struct sighting *sighting, struct err *err)
{
    enum st rc;

    pthread_mutex_lock(&run->lock);
    rc = batch_mark_known(run, item, known, sighting, err);
    item->whole = !known->unterminated && !known->partial &&
                  (sighting == NULL || done_is_whole(sighting, item->source, 0));
    pthread_mutex_unlock(&run->lock);
    return rc;
}

/* ---- the end of a batch ---- */

void
batch_undo(struct run *run)
{
    struct batch *b = &run->batch;

    forget(run, false);
    for (size_t i = 0; i < b->n_items; i++) {
        struct item *item = b->items[i];

        if (item->left_out)
            continue;
        free(item->refusal);
        item->refusal = NULL;
        item->before = NULL;
        item->fate = FATE_TODO;
        item->ecosystem = item->shadow_ecosystem = 0;
        item->adopted = false;
    }
    crew_reset(run);
    seen_reset(&b->seen);
    b->n_reject_ranges = 0;
}

/*
 * What is left out has a reason; a dry run against a database says of each other input what a real
 * one would find.
 */
static void
say_fate(const struct run *run, const struct item *item)
{
    static const char *const words[] = {
        [FATE_COUNTED] = "new",
        [FATE_KNOWN] = "known",
        [FATE_KNOWN_OTHERWISE] = "known, under other rules",
        [FATE_SKIPPED] = NULL,
    };
    char line[600];

    if (item->fate == FATE_SKIPPED && item->skipped != NULL && run->config->choice != NULL) {
        snprintf(line, sizeof line, "%s: skipped, %s", item->source->path, item->skipped);
        run->config->choice(run->config->ctx, line);
    }
    if (item->fate == FATE_COUNTED && item->partial && run->config->choice != NULL) {
        snprintf(line, sizeof line, "%s: cut short, its whole lines count", item->source->path);
        run->config->choice(run->config->ctx, line);
    }
    if ((run->config->sink != RUN_DRY && !run->config->adopts) || run->pg == NULL ||
        run->config->choice == NULL || words[item->fate] == NULL)
        return;
    snprintf(line, sizeof line, "%s: %s%s", item->source->path,
             item->fate == FATE_COUNTED && item->grown ? "grown" : words[item->fate],
             item->fate == FATE_COUNTED && item->adopted ? ", adopted" : "");
    run->config->choice(run->config->ctx, line);
}

void
batch_tell(struct run *run, struct item *item)
{
    say_fate(run, item);
    switch ((enum fate)item->fate) {
    case FATE_COUNTED:
        run->summary->files.read++;
        run->summary->files.partial += item->partial;
        run->summary->files.grown += item->grown;
        run->summary->files.adopted += item->adopted;
        break;
    case FATE_KNOWN:
        run->summary->files.known++;
        run->summary->files.retracted += item->out_since != 0;
        break;
    case FATE_KNOWN_OTHERWISE:
        run->summary->files.known_otherwise++;
        run->summary->files.retracted += item->out_since != 0;
        break;
    case FATE_REFUSED:
        run->summary->files.refused++;
        if (item->before != NULL)
            refused_tell(item->before, item->refusal);
        if (run->config->refused != NULL)
            run->config->refused(run->config->ctx, item->refusal);
        free(item->refusal);
        item->refusal = NULL;
        item->before = NULL;
        break;
    case FATE_SKIPPED:
        run->summary->files.skipped++;
        break;
    case FATE_TODO:
        return;
    }
    if (run->config->settled != NULL)
        run->config->settled(run->config->ctx, item->source, item->fate == FATE_REFUSED);
}

static int
by_place(const void *a, const void *b)
{
    const struct item *const *x = a, *const *y = b;

    return ((*x)->at > (*y)->at) - ((*x)->at < (*y)->at);
}

enum st
batch_settle(struct run *run, struct err *err)
{
    struct batch *b = &run->batch;
    struct summary *s = run->summary;
    bool ok = true;
    enum st rc;

    qsort(b->items, b->n_items, sizeof *b->items, by_place); /* told as they were named */
    if ((rc = recount_keep(run, err)) != ST_OK ||
        (rc = left_out_mark(run, b->items, b->n_items, err)) != ST_OK)
        return rc;
    for (size_t i = 0; i < b->n_items; i++)
        batch_tell(run, b->items[i]);
    tally_join(&s->lines, &b->lines);
    tally_join(&s->records, &b->records);
    s->bytes.decoded += b->decoded;
    s->bytes.stored += b->stored;
    s->bytes.unterminated += b->unterminated;
    for (size_t t = 0; t < b->days.n_tables; t++) {
        struct table_summary *to = summary_table(s, b->days.tables[t].table);

        for (size_t i = 0; i < b->days.tables[t].n_days; i++)
            ok = ok && summary_add_day(to, b->days.tables[t].days[i]);
        for (size_t i = 0; i < b->days.tables[t].n_adopted; i++)
            ok = ok && summary_add_adopted(to, b->days.tables[t].adopted[i]);
    }
    forget(run, true);
    if (!ok)
        return err_memory(err, "cannot list days");
    if ((rc = rejects_settle(run, err)) != ST_OK)
        return rc;
    if (run->config->sink == RUN_TO_DATABASE)
        return ST_OK;
    rc = heads_join(&run->heads, &b->heads, err);
    return rc == ST_OK ? seen_join(&run->seen, &b->seen, err) : rc;
}
