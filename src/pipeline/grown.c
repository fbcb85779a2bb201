/*
 * A log that has grown since it was counted, or holds others that were: what cover.c finds is taken
 * out of the count, and decides with the ledger what becomes of the input. Tests 4 and 5 of
 * docs/EXACTLY-ONCE.md.
 */
#include "ingest/base.h"

#include "days.h"
#include "grown.h"
#include "heads.h"
#include "pass.h"
#include "pipeline_priv.h"
#include "rejects.h"
#include "stream.h"

#define EARLY_BYTES (4 * MIB) /* as stored: so large a file is not read twice for nothing */
#define FEW_INPUTS  64        /* of a call: each of them may ask for itself */

/* ---- before an input is read ---- */

/*
 * What is read once must be compared at once, and few inputs can be. Of many only those are of
 * which it is known already that something begins like them.
 */
static bool
wants_cover(const struct run *run, const struct item *item)
{
    if (!run_sees_ledger(run) && run->n_items == 1)
        return false;
    return item->alike || item->source->is_stdin || run->stream != NULL ||
           run->n_items <= FEW_INPUTS || item->source->file.size >= (int64_t)EARLY_BYTES;
}

enum st
grown_begin(struct worker *w, struct pending *p, const struct format *format, struct err *err)
{
    struct run *run = w->run;
    enum st rc;

    p->may_grow = !format->document && run->config->part == NULL; /* each for itself */
    if (!p->may_grow || run->config->replace || p->item->skip_bytes > 0 ||
        !wants_cover(run, p->item))
        return ST_OK;
    if ((p->cover = cover_new(run, &p->payload->key, err)) == NULL)
        return err->code;
    if (p->item->same_file &&
        (rc = cover_same_file(p->cover, &p->item->source->file, err)) != ST_OK)
        return rc;
    return lines_watch(w->lines, cover_watch, p->cover, err);
}

static int
by_place_and_length(const void *a, const void *b)
{
    const struct beginning *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->length > y->length) - (x->length < y->length);
}

/* What this run has added up, but not written: the ledger does not have it. */
static enum st
add_unwritten(const struct run *run, const struct ledger_key *key, const struct digest *heads,
              size_t n, struct beginning **out, size_t *n_out, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t n_group;
        const struct head *h = heads_find(&run->heads, key, &heads[i], &n_group);
        struct beginning *more = realloc(*out, (*n_out + n_group + 1) * sizeof *more);

        if (more == NULL)
            return err_memory(err, "cannot compare an input with others");
        *out = more;
        for (size_t k = 0; k < n_group; k++)
            more[(*n_out)++] = (struct beginning){ .at = i,
                                                   .length = h[k].length,
                                                   .lines_counted = h[k].lines_counted,
                                                   .hash = h[k].key.hash };
    }
    if (*n_out > 0)
        qsort(*out, *n_out, sizeof **out, by_place_and_length);
    return ST_OK;
}

enum st
grown_find_heads(struct run *run, const struct ledger_key *key, const struct digest *heads,
                 size_t n, struct beginning **out, size_t *n_out, struct err *err)
{
    enum st rc = ST_OK;

    *out = NULL;
    *n_out = 0;
    if (run_sees_ledger(run))
        rc = RUN_TRY_AGAIN(run, ledger_find_heads(&run->ledger, key, heads, n, out, n_out, err),
                           err);
    if (rc == ST_OK && run->heads.n > 0)
        rc = add_unwritten(run, key, heads, n, out, n_out, err);
    return rc;
}

/* ---- while it is read ---- */

/* All that was taken so far was counted before: it has told the parser its headers, and is
 * forgotten. */
static void
forget(struct pass *p)
{
    struct worker *w = p->w;
    struct payload *payload = p->payload;

    tally_become(&payload->lines, FILTER_COUNTED_BEFORE);
    tally_become(&payload->records, FILTER_COUNTED_BEFORE);
    memset(payload->sums, 0, sizeof payload->sums);
    payload->counted_first_us = INT64_MAX;
    payload->counted_last_us = INT64_MIN;
    w->pending[w->n_pending].before = false;
    rollup_reset(p->rollup);
    if (p->parked != NULL)
        rollup_reset(p->parked);
    p->parked_bytes = 0;
    if (p->shadow != NULL)
        rollup_reset(p->shadow);
    p->shadow_bytes = 0;
    days_reset(&w->days);
    p->day = NULL;
    p->day_no = DAY_NONE;
    p->rejects.open_line = p->rejects.first_line = 0;
    w->pending[w->n_pending].rejects_from = spool_end(&w->spool);
    stream_forget_parts(w->run);
}

/* The block in two: up to byte `cut` of the text, and from there on. */
static enum st
take_both(struct pass *p, const struct block *block, uint64_t cut, pass_take *take, struct err *err)
{
    struct block first = *block, second = *block;
    enum st rc;

    first.n = cut > block->offset ? (size_t)(cut - block->offset) : 0;
    if ((rc = take(p, &first, err)) != ST_OK)
        return rc;
    pass_close_line(p);
    forget(p);
    second.p += first.n;
    second.n -= first.n;
    second.offset += first.n;
    second.first_line_no = p->parser.line_no;
    second.n_too_long = 0;
    return take(p, &second, err);
}

enum st
grown_take(struct pass *p, const struct block *block, pass_take *take, struct err *err)
{
    const struct pending *pending = &p->w->pending[p->w->n_pending];
    uint64_t cut = pending->item->skip_bytes;

    if (pending->cover != NULL)
        cut = cover_so_far(pending->cover);
    if (cut <= p->forgotten || cut > block->offset + block->n)
        return take(p, block, err);
    p->forgotten = cut;
    if (cut > block->offset || (block->n_too_long > 0 && block->too_long_offset < cut))
        return take_both(p, block, cut, take, err);
    pass_close_line(p);
    forget(p);
    return take(p, block, err);
}

/* ---- at its end ---- */

/* In one stream what was found must be known before the first line of it is compared with others.
 */
static enum st
read_again_from(struct pass *p, const struct covered *covered, struct err *err)
{
    struct run *run = p->w->run;
    struct item *item = p->w->pending[p->w->n_pending].item;

    if ((item->covered = malloc(sizeof *covered)) == NULL)
        return err_memory(err, "cannot compare an input with the ledger");
    *item->covered = *covered;
    item->skip_bytes = covered->n;
    pthread_mutex_lock(&run->lock);
    run->batch.again = true;
    pthread_mutex_unlock(&run->lock);
    return ST_OK;
}

enum st
grown_end(struct pass *p, struct err *err)
{
    struct pending *pending = &p->w->pending[p->w->n_pending];
    struct item *item = pending->item;
    struct covered *covered = &pending->covered;

    if (pending->cover != NULL) {
        cover_end(pending->cover, covered);
        if (p->w->run->stream != NULL && !item->source->is_stdin && covered->n > 0)
            return read_again_from(p, covered, err);
    } else if (item->covered != NULL) {
        *covered = *item->covered;
        item->covered->looked = NULL; /* it is the payload's now */
        grown_forget(item);
    }
    if (covered->n > p->forgotten)
        forget(p);
    p->payload->extends = covered->extends;
    p->payload->looked = covered->looked;
    p->payload->n_looked = covered->n_looked;
    return ST_OK;
}

void
grown_forget(struct item *item)
{
    if (item->covered != NULL)
        free(item->covered->looked);
    free(item->covered);
    item->covered = NULL;
    item->skip_bytes = 0;
}

/* ---- what becomes of it ---- */

#define TRIES_MAX 100 /* each time round, another run has counted something that begins so */

static enum st
read_again(struct run *run, struct item *item, const struct alike *alike, struct err *err)
{
    if (item->source->is_stdin || item->n_tries++ == TRIES_MAX) {
        err_fail(err, ST_DB, "cannot count this log",
                 "another run has just counted one that begins like it");
        err_hint(err, "nothing of it was counted; feed it again");
        return ST_DB;
    }
    item->alike = true;
    item->same_file = alike->same_file;
    if (run_is_one_batch(run))
        run->batch.again = true;
    return ST_OK;
}

enum st
grown_refuse_older(struct err *err, const char *counted, const char *longer)
{
    err_fail(err, ST_CORRUPT, "refused to count this log",
             "older_part_of: one that begins like it and is longer %s%.120s",
             longer == NULL ? "was counted on " : "is in the same call: ",
             longer == NULL ? counted : longer);
    err_hint(err, "if it is another log that only begins alike, --distinct counts it, but for what "
                  "it begins with that was counted as an input of its own");
    return ST_CORRUPT;
}

static enum st
refuse_half(struct pending *p, struct err *err)
{
    err_fail(
        err, ST_CORRUPT, "refused to count this log",
        "it goes on in the middle of a line: what was counted of it ended without a line feed");
    err_hint(err, "`ingest recount` counts it anew; or feed what is behind that line by itself");
    return accept_refuse(p, err);
}

/* Its own head first; the others are those of its parts, and of what might have been some. */
static enum st
order_looked(struct payload *p, int64_t n_own, struct err *err)
{
    struct looked *all = malloc((p->n_looked + 1) * sizeof *all);
    size_t n = 1;

    if (all == NULL)
        return err_memory(err, "cannot describe a payload");
    all[0] = (struct looked){ p->identity.head, n_own };
    for (size_t i = 0; i < p->n_looked; i++)
        if (!digest_eq(&p->looked[i].head, &p->identity.head))
            all[n++] = p->looked[i];
    free(p->looked);
    p->looked = all;
    p->n_looked = n;
    return ST_OK;
}

/* The head counted as often when the input was compared as now? */
static bool
has_moved(const struct run *run, const struct pending *p, int64_t n)
{
    for (size_t i = 0; i < p->payload->n_looked && run->config->sink == RUN_TO_DATABASE; i++)
        if (digest_eq(&p->payload->looked[i].head, &p->payload->identity.head))
            return p->payload->looked[i].n != n;
    return false;
}

/* What this run has added up and not written stands beside what the ledger says. */
static void
look_here(const struct run *run, const struct pending *p, struct alike *alike)
{
    size_t n;
    const struct head *h =
        heads_find(&run->heads, &p->payload->key, &p->payload->identity.head, &n);

    for (size_t i = 0; i < n; i++) {
        alike->n_shorter += h[i].length < p->payload->identity.length;
        if (h[i].length > p->payload->identity.length && !alike->has_longer) {
            alike->has_longer = true;
            snprintf(alike->counted, sizeof alike->counted, "just now");
        }
    }
}

enum st
grown_decide(struct run *run, struct pending *p, struct alike alike, bool *decided, struct err *err)
{
    const struct covered *covered = &p->covered;

    *decided = false;
    if (!p->may_grow || run->config->replace)
        return ST_OK;
    *decided = true;
    look_here(run, p, &alike);
    if ((alike.n_shorter > 0 && !p->is_compared) || (alike.same_file && !p->item->same_file) ||
        has_moved(run, p, alike.n))
        return read_again(run, p->item, &alike, err);
    if (!run->config->distinct && !covered->all && (alike.has_longer || covered->is_older)) {
        grown_refuse_older(err, alike.has_longer ? alike.counted : covered->counted, NULL);
        return accept_refuse(p, err);
    }
    if (covered->half)
        return refuse_half(p, err);
    *decided = false;
    p->item->grown = covered->n > 0;
    return order_looked(p->payload, alike.n, err);
}

/* ---- inputs of one batch that begin alike ---- */

enum st
grown_note(struct run *run, const struct pending *p, struct err *err)
{
    const struct payload *payload = p->payload;
    struct head head = { .key = payload->key,
                         .digest = payload->identity.head,
                         .length = payload->identity.length,
                         .lines_counted = tally_hits(&payload->lines),
                         .at = p->item->at,
                         .own = true };
    enum st rc = ST_OK;

    if (!p->may_grow)
        return ST_OK;
    if (head.length >= HEAD_BYTES || head.lines_counted > 0)
        rc = heads_add(&run->batch.heads, &head, err);
    for (size_t i = 1; rc == ST_OK && i < payload->n_looked; i++) {
        head.digest = payload->looked[i].head;
        head.own = false;
        rc = heads_add(&run->batch.heads, &head, err);
    }
    return rc;
}

/* The group's inputs by their place in the list, each once. */
static size_t
inputs_of(const struct head *group, size_t n, uint32_t *at)
{
    size_t n_at = 0, k;

    for (size_t i = 0; i < n; i++) {
        for (k = 0; k < n_at && at[k] != group[i].at; k++)
            ;
        if (k == n_at)
            at[n_at++] = group[i].at;
    }
    return n_at;
}

/*
 * The shortest is counted first, the others wait until it is committed. Where all inputs are one
 * batch, there is no such first: the longest counts, and the others are its older parts.
 */
static bool
part_ways(struct run *run, const uint32_t *at, size_t n)
{
    bool parted = false;

    for (size_t i = 0; i < n; i++) {
        struct item *item = &run->items[at[i]];

        if (run_is_one_batch(run) && i + 1 < n && !run->config->distinct) {
            item->longer = run->items[at[n - 1]].source->path;
            parted = true;
        } else if (!run_is_one_batch(run) && item->later < i) {
            item->later = (uint32_t)i;
            parted = true;
        }
    }
    return parted;
}

enum st
grown_settle(struct run *run, struct err *err)
{
    struct head_list *h = &run->batch.heads;
    uint32_t *at = NULL;
    size_t n;

    heads_sort(h);
    for (size_t i = 0; i < h->n; i += n) {
        n = heads_group(h, i);
        if (n == 1 || !h->at[i].own)
            continue;
        if (at == NULL && (at = malloc(h->n * sizeof *at)) == NULL)
            return err_memory(err, "cannot compare inputs with each other");
        run->batch.again = part_ways(run, at, inputs_of(&h->at[i], n, at)) || run->batch.again;
    }
    free(at);
    return ST_OK;
}
