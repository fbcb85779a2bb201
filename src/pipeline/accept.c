/*
 * Which of the inputs that a worker has read count: the ledger is asked about a handful at once.
 * Known ones are dropped, good ones join the batch.
 */
#include "ingest/base.h"

#include "adopt.h"
#include "catalogs.h"
#include "eida.h"
#include "epochs.h"
#include "grown.h"
#include "pipeline_priv.h"
#include "refused.h"
#include "rejects.h"
#include "seen.h"
#include "shadow.h"

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

enum st
accept_refuse(struct pending *p, struct err *err)
{
    snprintf(err->path, sizeof err->path, "%s", p->item->source->path);
    p->item->refusal = malloc(sizeof *err);
    if (p->item->refusal == NULL)
        return err_memory(err, "cannot remember a refused input");
    *p->item->refusal = *err;
    p->item->fate = FATE_REFUSED;
    return ST_OK;
}

static enum st
refuse_sums(struct pending *p, struct err *err)
{
    err_fail(err, ST_CORRUPT, "cannot add up this input",
             "its byte counts and those before it go beyond 2^63 - 1");
    return accept_refuse(p, err);
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
    if (p->table != NULL &&
        (note_days(run, p, err) != ST_OK || adopt_note(run, p, err) != ST_OK))
        return ST_MEMORY;
    if (run->config->part != NULL && part_tell(run, p, err) != ST_OK)
        return err->code;
    if (run_writes(run)) {
        p->item->payload = b->claims[b->n_claims++] = p->payload;
        atomic_fetch_add(&run->held_bytes, p->payload->n_days * sizeof *p->payload->days);
    } else {
        batch_payload_free(p->payload);
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

/*
 * Where a known input was seen. The bytes of one that is cut short must not stand for a payload
 * that is whole: it is read again by every run, and nobody takes it for all that there was.
 */
static const struct sighting *
sighting_of(const struct pending *p, const struct known *known)
{
    return p->payload->partial && !known->partial ? NULL : &p->payload->sighting;
}

/* Under the lock: is it known to the ledger, or a second time in this batch? */
static enum st
decide(struct worker *w, struct pending *p, const struct alike *alike, const struct sent *sent,
       struct err *err)
{
    const struct known *known = &alike->known;
    struct run *run = w->run;
    bool decided;
    enum st rc;

    p->item->partial = p->payload->partial;
    p->item->whole = !p->item->partial &&
                     done_is_whole(&p->payload->sighting, p->item->source, p->unterminated);
    if (known->id != 0 && !run->config->replace)
        return batch_mark_known(run, p->item, known, sighting_of(p, known), err);
    if (seen_has(&run->seen, &p->payload->key) || seen_has(&run->batch.seen, &p->payload->key)) {
        p->item->fate = FATE_KNOWN;
        return ST_OK;
    }
    if ((rc = eida_decide(run, p, sent, &decided, err)) != ST_OK || decided)
        return rc;
    if ((rc = grown_decide(run, p, *alike, &decided, err)) != ST_OK || decided)
        return rc;
    if (p->mistaken != NULL)
        return refuse_mistaken(w, p, err);
    if (p->table != NULL && epochs_judge(run, p->table, p->payload, err) != ST_OK)
        return accept_refuse(p, err);
    if (p->table != NULL && !sums_fit(p->table, p->payload))
        return put_off(run, p, err);
    if ((rc = seen_add(&run->batch.seen, &p->payload->key, err)) != ST_OK ||
        (rc = eida_note(run, p, err)) != ST_OK || (rc = grown_note(run, p, err)) != ST_OK ||
        (rc = rejects_join(&run->batch, p->item, w, p->rejects_from, p->rejects_to, err)) != ST_OK)
        return rc;
    return accept(run, p, err);
}

static enum st
ask(struct worker *w, struct err *err)
{
    struct payload *payloads[PENDING_MAX];
    struct alike alike[PENDING_MAX] = { 0 };
    struct sent sent[PENDING_MAX];
    struct run *run = w->run;
    enum st rc = ST_OK;

    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < w->n_pending; i++)
        payloads[i] = w->pending[i].payload;
    if (run_sees_ledger(run))
        rc = RUN_TRY_AGAIN(
            run, ledger_find_alike(&run->ledger, payloads, w->n_pending, alike, err), err);
    for (size_t i = 0; i < w->n_pending && !run_asks_ledger(run); i++)
        alike[i].has_longer = false; /* that is for what is counted for the first time */
    if (rc == ST_OK)
        rc = RUN_TRY_AGAIN(run, eida_ask(w, sent, err), err);
    for (size_t i = 0; rc == ST_OK && i < w->n_pending; i++)
        rc = decide(w, &w->pending[i], &alike[i], &sent[i], err);
    pthread_mutex_unlock(&run->lock);
    return rc;
}

/* What stands behind the rollups of the datasets. */
static enum st
absorb_more(struct worker *w, struct pending *p, size_t d, struct err *err)
{
    struct rollup *from = p->rollups[d], **into = &w->batch[d];
    enum st rc = ST_OK;

    if (from == NULL)
        return ST_OK;
    if (p->item->fate == FATE_COUNTED && !rollup_is_empty(from)) {
        if (*into == NULL && (d == PARKED ? parked_rollup(w->run, into, err)
                                          : shadow_rollup(w->run, into, err)) == NULL)
            return err->code;
        rc = rollup_absorb(*into, from, err);
    }
    rollup_reset(from);
    return rc;
}

/* The accepted inputs' hits join the worker's part of the batch; the others are dropped. */
static enum st
absorb(struct worker *w, struct pending *p, struct err *err)
{
    size_t d;
    enum st rc = ST_OK;

    if (p->table == NULL)
        return ST_OK;
    d = (size_t)(p->table - w->run->tables);
    if (p->item->fate == FATE_COUNTED && w->run->config->part == NULL &&
        !rollup_is_empty(p->rollups[d])) {
        if (worker_batch_rollup(w, p->table, err) == NULL)
            return err->code;
        rc = rollup_absorb(w->batch[d], p->rollups[d], err);
    }
    rollup_reset(p->rollups[d]);
    if (rc == ST_OK)
        rc = absorb_more(w, p, PARKED, err);
    return rc == ST_OK ? absorb_more(w, p, SHADOW, err) : rc;
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
            batch_payload_free(w->pending[i].payload);
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
