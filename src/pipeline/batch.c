/*
 * A batch: the inputs that commit together. Hands them out to the workers, asks the ledger about
 * what they have read, and keeps the books of what was accepted, so that all of it can be undone
 * until it is committed.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

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

static void
free_claim(struct payload *p)
{
    free(p->days);
    free(p);
}

/* What is left out of a stream keeps what it knows until the end. */
static void
forget(struct run *run, bool end)
{
    struct batch *b = &run->batch;

    for (size_t i = 0; i < b->n_claims; i++)
        free_claim(b->claims[i]);
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
    seen_release(&run->batch.seen);
    seen_release(&run->seen);
}

void
batch_begin(struct run *run)
{
    struct batch *b = &run->batch;

    b->n_items = b->n_claims = b->n_reject_ranges = 0;
    b->lines = b->records = (struct tally){ 0 };
    b->decoded = b->stored = b->unterminated = 0;
    b->closed = b->again = false;
    seen_reset(&b->seen);
    for (size_t i = 0; i < run->n_tables; i++) {
        run->tables[i].first_day = INT32_MAX;
        run->tables[i].last_day = INT32_MIN;
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
    if (run->failed || run_signals(run) > 0 || is_full(run))
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

/* Under the lock. */
static enum st
mark_known(struct run *run, struct item *item, const struct known *known,
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
    rc = mark_known(run, item, known, sighting, err);
    item->whole = !known->unterminated &&
                  (sighting == NULL || done_is_whole(sighting, item->source, 0));
    pthread_mutex_unlock(&run->lock);
    return rc;
}

/* ---- accepting what workers have read ---- */

/* Under the lock: the sums of a batch must stay within 2^63 - 1 too. */
static bool
sums_fit(struct table *t, const struct payload *payload)
{
    for (size_t i = 0; i < SUMS_MAX; i++)
        if (payload->sums[i] > INT64_MAX - t->sums[i])
            return false;
    for (size_t i = 0; i < SUMS_MAX; i++)
        t->sums[i] += payload->sums[i];
    return true;
}

static enum st
refuse_sums(struct pending *p, struct err *err)
{
    err_fail(err, ST_CORRUPT, "cannot add up this input",
             "its byte counts and those before it go beyond 2^63 - 1");
    snprintf(err->path, sizeof err->path, "%s", p->item->source->path);
    p->item->refusal = malloc(sizeof *err);
    if (p->item->refusal == NULL)
        return err_memory(err, "cannot remember a refused input");
    *p->item->refusal = *err;
    p->item->fate = FATE_REFUSED;
    return ST_OK;
}

/*
 * Days that the input adds to. Of an aggregator's payload that goes into another one, all that it
 * says it covers: its statistics know their month alone.
 */
static bool
adds_to(const struct run *run, const struct pending *p, const struct payload_day *day)
{
    if (run->config->sink == RUN_TO_EIDA && strcmp(p->payload->format, "eida") == 0)
        return rules_has_day(p->table->rules, day->day);
    return day->count > 0;
}

/* Under the lock: the days that an input which counts adds to, and how far they reach. */
static enum st
note_days(struct run *run, struct pending *p, struct err *err)
{
    struct table *t = p->table;
    const struct rollup *rollup = p->rollups[t - run->tables];
    struct table_summary *days = summary_table(&run->batch.days, t->dataset->table);

    for (size_t i = 0; i < p->payload->n_days; i++)
        if (adds_to(run, p, &p->payload->days[i]) &&
            !summary_add_day(days, p->payload->days[i].day))
            return err_memory(err, "cannot list days");
    if (!rollup_is_empty(rollup)) {
        int32_t first = rollup_first_day(rollup), last = rollup_last_day(rollup);

        t->first_day = first < t->first_day ? first : t->first_day;
        t->last_day = last > t->last_day ? last : t->last_day;
    }
    return ST_OK;
}

/* Under the lock: this input counts. Its payload belongs to the batch from here on. */
static enum st
accept(struct run *run, struct pending *p, struct err *err)
{
    struct batch *b = &run->batch;

    if (b->n_claims % BATCH_INPUTS_MAX == 0) {
        struct payload **claims =
            realloc(b->claims, (b->n_claims + BATCH_INPUTS_MAX) * sizeof *claims);

        if (claims == NULL)
            return err_memory(err, "cannot hold a batch");
        b->claims = claims;
    }
    tally_join(&b->lines, &p->payload->lines);
    tally_join(&b->records, &p->payload->records);
    b->decoded += p->payload->identity.length;
    b->stored += p->stored;
    b->unterminated += p->unterminated;
    p->item->fate = FATE_COUNTED;
    if (p->table != NULL && note_days(run, p, err) != ST_OK)
        return ST_MEMORY;
    if (run->config->sink == RUN_TO_DATABASE) {
        p->item->payload = b->claims[b->n_claims++] = p->payload;
        atomic_fetch_add(&run->held_bytes, p->payload->n_days * sizeof *p->payload->days);
    } else {
        free_claim(p->payload);
    }
    p->payload = NULL;
    return ST_OK;
}

/*
 * What is too much for this batch is read again for the next one: an input with absurd byte counts
 * is no reason to refuse those beside it. Without a database, and in one stream, all inputs of the
 * run are added up, so there is no next one.
 */
static enum st
put_off(struct run *run, struct pending *p, struct err *err)
{
    if (run->config->sink != RUN_TO_DATABASE || run_is_one_batch(run))
        return refuse_sums(p, err);
    run->batch.closed = true;
    return ST_OK;
}

/* Under the lock: refused for its rejected lines. */
static enum st
refuse_mistaken(struct worker *w, struct pending *p, struct err *err)
{
    const struct sighting *seen = &p->payload->sighting;
    enum st rc;

    p->item->fate = FATE_REFUSED;
    p->item->refusal = p->mistaken;
    p->mistaken = NULL;
    rc = rejects_join(&w->run->batch, p->item, w, p->rejects_from, p->rejects_to, err);
    if (rc != ST_OK || memcmp(&seen->file, &p->item->source->file, sizeof seen->file) != 0)
        return rc; /* another file than the one that was listed: not remembered */
    return refused_note(w->run, p->item, p->item->refusal, &seen->stored, err);
}

/* Under the lock: is it known to the ledger, or a second time in this batch? */
static enum st
decide(struct worker *w, struct pending *p, const struct known *known, const struct sent *sent,
       struct err *err)
{
    struct run *run = w->run;
    bool decided;
    enum st rc;

    p->item->whole = done_is_whole(&p->payload->sighting, p->item->source, p->unterminated);
    if (known->id != 0 && !run->config->replace)
        return mark_known(run, p->item, known, &p->payload->sighting, err);
    if (seen_has(&run->seen, &p->payload->key) || seen_has(&run->batch.seen, &p->payload->key)) {
        p->item->fate = FATE_KNOWN;
        return ST_OK;
    }
    if ((rc = eida_decide(run, p, sent, &decided, err)) != ST_OK || decided)
        return rc;
    if (p->mistaken != NULL)
        return refuse_mistaken(w, p, err);
    if (p->table != NULL && !sums_fit(p->table, p->payload))
        return put_off(run, p, err);
    if ((rc = seen_add(&run->batch.seen, &p->payload->key, err)) != ST_OK ||
        (rc = eida_note(run, p, err)) != ST_OK ||
        (rc = rejects_join(&run->batch, p->item, w, p->rejects_from, p->rejects_to, err)) != ST_OK)
        return rc;
    return accept(run, p, err);
}

static enum st
ask(struct worker *w, struct err *err)
{
    const struct ledger_key *keys[PENDING_MAX];
    struct known known[PENDING_MAX] = { 0 };
    struct sent sent[PENDING_MAX];
    struct run *run = w->run;
    enum st rc = ST_OK;

    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < w->n_pending; i++)
        keys[i] = &w->pending[i].payload->key;
    if (run->pg != NULL)
        rc = RUN_TRY_AGAIN(run, ledger_find_hashes(&run->ledger, keys, w->n_pending, known, err),
                           err);
    if (rc == ST_OK)
        rc = RUN_TRY_AGAIN(run, eida_ask(w, sent, err), err);
    for (size_t i = 0; rc == ST_OK && i < w->n_pending; i++)
        rc = decide(w, &w->pending[i], &known[i], &sent[i], err);
    pthread_mutex_unlock(&run->lock);
    return rc;
}

/* The accepted inputs' hits join the worker's part of the batch; the others are dropped. */
static enum st
absorb(struct worker *w, struct pending *p, struct err *err)
{
    struct rollup *parked = p->rollups[PARKED];
    size_t d;
    enum st rc = ST_OK;

    if (p->table == NULL)
        return ST_OK;
    d = (size_t)(p->table - w->run->tables);
    if (p->item->fate == FATE_COUNTED && !rollup_is_empty(p->rollups[d])) {
        if (w->batch[d] == NULL)
            w->batch[d] = rollup_new(&p->table->shape, run_ceiling(w->run), NULL, err);
        if (w->batch[d] == NULL)
            return err->code;
        rc = rollup_absorb(w->batch[d], p->rollups[d], err);
    }
    rollup_reset(p->rollups[d]);
    if (rc != ST_OK || parked == NULL)
        return rc;
    if (p->item->fate == FATE_COUNTED && !rollup_is_empty(parked)) {
        if (w->batch[PARKED] == NULL && parked_rollup(w->run, &w->batch[PARKED], err) == NULL)
            return err->code;
        rc = rollup_absorb(w->batch[PARKED], parked, err);
    }
    rollup_reset(parked);
    return rc;
}

enum st
batch_accept(struct worker *w, struct err *err)
{
    size_t before = 0, after = 0;
    enum st rc = ST_OK;

    if (w->n_pending == 0)
        return ST_OK;
    for (size_t d = 0; d < ROLLUPS_MAX; d++)
        before += w->batch[d] == NULL ? 0 : rollup_held_bytes(w->batch[d]);
    rc = ask(w, err);
    for (size_t i = 0; rc == ST_OK && i < w->n_pending; i++)
        rc = absorb(w, &w->pending[i], err);
    for (size_t i = 0; i < w->n_pending; i++) {
        if (w->pending[i].payload != NULL)
            free_claim(w->pending[i].payload);
        w->pending[i].payload = NULL;
        free(w->pending[i].mistaken);
        w->pending[i].mistaken = NULL;
    }
    w->n_pending = 0;
    w->pending_bytes = 0;
    for (size_t d = 0; d < ROLLUPS_MAX; d++)
        after += w->batch[d] == NULL ? 0 : rollup_held_bytes(w->batch[d]);
    atomic_fetch_add(&w->run->held_bytes, after - before);
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
        item->ecosystem = 0;
    }
    for (size_t w = 0; w < run->n_workers; w++)
        worker_reset(&run->workers[w]);
    seen_reset(&b->seen);
    b->n_reject_ranges = 0;
    atomic_store(&run->held_bytes, 0);
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
    if (run->config->sink != RUN_DRY || run->pg == NULL || run->config->choice == NULL ||
        words[item->fate] == NULL)
        return;
    snprintf(line, sizeof line, "%s: %s", item->source->path, words[item->fate]);
    run->config->choice(run->config->ctx, line);
}

void
batch_tell(struct run *run, struct item *item)
{
    say_fate(run, item);
    switch ((enum fate)item->fate) {
    case FATE_COUNTED:
        run->summary->files.read++;
        break;
    case FATE_KNOWN:
        run->summary->files.known++;
        break;
    case FATE_KNOWN_OTHERWISE:
        run->summary->files.known_otherwise++;
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
    }
    forget(run, true);
    if (!ok)
        return err_memory(err, "cannot list days");
    if ((rc = rejects_settle(run, err)) != ST_OK)
        return rc;
    return run->config->sink == RUN_TO_DATABASE ? ST_OK : seen_join(&run->seen, &b->seen, err);
}
