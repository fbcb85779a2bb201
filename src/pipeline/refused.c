/*
 * What the ledger remembers of refused inputs, for a run: those are named again without being read,
 * or skipped where somebody has accepted them; and what this run refuses is remembered. A memory
 * that cannot be written is no reason to fail: the next run finds the same damage.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"
#include "refused.h"

/*
 * How inputs are read: what was refused in one way is a new question in another. Whether a cut is
 * damage is one, too.
 */
enum st
refused_init(struct run *run, struct err *err)
{
    const struct run_config *c = run->config;
    const char *decoding =
        c->salvage && !c->require_integrity ? INGEST_VERSION "\nsalvage" : INGEST_VERSION;
    struct buf text = { 0 };

    buf_printf(&text, "%s\n%s\n%s\n%d\n", decoding, c->format == NULL ? "" : c->format->name,
               c->dataset == NULL ? "" : c->dataset->name, c->max_reject_percent);
    buf_hex(&text, c->rules->id.b, sizeof c->rules->id.b);
    if (!text.failed)
        run->reading.parsing = hash_plain(text.p, text.n);
    run->reading.decoding = hash_plain(decoding, strlen(decoding));
    buf_release(&text);
    return text.failed ? err_memory(err, "cannot start") : ST_OK;
}

/* ---- what was refused before ---- */

/* An input that is as it was then. `before` is borrowed until it is told. */
static enum st
refuse_again(struct run *run, struct item *item, const struct refused *before, struct err *err)
{
    item->before = before;
    if (before->accepted || (before->err.not_a_log && item->source->walked)) {
        item->skipped = before->accepted ? "refused before, and accepted" : "of no known format";
        batch_skip(run, item);
        return ST_OK;
    }
    *err = before->err;
    snprintf(err->path, sizeof err->path, "%s", item->source->path);
    return batch_refuse(run, item, err);
}

void
refused_tell(const struct refused *before, struct err *err)
{
    err_hint(err,
             "unchanged since it was refused on %s: mend or replace it, close it with `ingest accept`,"
             " or have it read again with --recheck",
             before->day);
}

/* By their times, for many inputs at once. Those that are found are told. */
static enum st
ask_files(struct run *run, struct item **items, const struct file_id **files, size_t n,
          struct err *err)
{
    struct refused *found = NULL;
    size_t n_found = 0;
    enum st rc;

    rc = RUN_TRY_AGAIN(
        run,
        ledger_refused_files(&run->ledger, &run->reading, files, n, &found, &n_found, err), err);
    for (size_t i = 0; rc == ST_OK && i < n_found; i++) {
        struct item *item = items[found[i].at];

        if (run->config->recheck && !found[i].accepted)
            continue;
        rc = refuse_again(run, item, &found[i], err);
        if (rc == ST_OK)
            batch_tell(run, item);
        run_passes_over(run, item);
    }
    free(found);
    return rc;
}

enum st
refused_find_files(struct run *run, struct err *err)
{
    struct {
        const struct file_id *files[BATCH_INPUTS_MAX];
        struct item          *items[BATCH_INPUTS_MAX];
    } *q;
    enum st rc = ST_OK;
    size_t n = 0;

    if (!run_asks_ledger(run) || !run->ledger.remembers)
        return ST_OK;
    if ((q = malloc(sizeof *q)) == NULL) /* stacks may be small */
        return err_memory(err, "cannot ask the ledger for files");
    for (size_t i = 0; rc == ST_OK && i < run->n_items; i++) {
        struct item *item = &run->items[i];

        if (item->fate == FATE_TODO && !item->source->is_stdin) {
            q->files[n] = &item->source->file;
            q->items[n++] = item;
        }
        if (n == BATCH_INPUTS_MAX || (i + 1 == run->n_items && n > 0)) {
            rc = ask_files(run, q->items, q->files, n, err);
            n = 0;
        }
    }
    free(q);
    return rc;
}

enum st
refused_find_sizes(struct run *run, const int64_t *sizes, size_t n, struct err *err)
{
    free(run->refused);
    run->refused = NULL;
    run->n_refused = 0;
    if (run->pg == NULL)
        return ST_OK;
    return RUN_TRY_AGAIN(run,
                         ledger_refused_sizes(&run->ledger, &run->reading, sizes, n, &run->refused,
                                              &run->n_refused, err),
                         err);
}

/* Where candidates of this size begin. */
static size_t
first_of_size(const struct run *run, int64_t size)
{
    size_t low = 0, high = run->n_refused;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (run->refused[middle].size < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool
refused_has_size(const struct run *run, int64_t size)
{
    size_t at = first_of_size(run, size);

    return at < run->n_refused && run->refused[at].size == size;
}

enum st
refused_by_bytes(struct run *run, struct item *item, const struct digest *stored, struct err *err)
{
    int64_t size = item->source->file.size;
    enum st rc;

    for (size_t i = first_of_size(run, size); i < run->n_refused && run->refused[i].size == size;
         i++) {
        const struct refused *r = &run->refused[i];

        if (!digest_eq(&r->stored, stored) || (run->config->recheck && !r->accepted))
            continue;
        rc = refuse_again(run, item, r, err);
        return rc == ST_OK ? refused_note(run, item, &r->err, stored, err) : rc;
    }
    return ST_EOF;
}

/* ---- what is refused now ---- */

enum st
refused_note(struct run *run, struct item *item, const struct err *why, const struct digest *stored,
             struct err *err)
{
    struct sighting s = { .path = item->source->path, .is_file = true, .file = item->source->file };
    struct err ignored;

    if (run->config->sink != RUN_TO_DATABASE || !run->ledger.remembers || item->source->is_stdin ||
        (why->code != ST_CORRUPT && why->code != ST_FORMAT))
        return ST_OK;
    /* One that was written to a moment ago may be half a file still: the next run will see. */
    if (input_is_young(&s.file))
        return ST_OK;
    if (stored != NULL)
        s.stored = *stored;
    else if (input_digest_stored(item->source, &run->ledger.secret, &s.stored, &ignored) != ST_OK)
        return ST_OK; /* gone, or no longer the file that was refused */
    item->sighting = malloc(sizeof s);
    if (item->sighting == NULL)
        return err_memory(err, "cannot remember a refused input");
    *item->sighting = s;
    return ST_OK;
}

void
refused_remember(struct run *run)
{
    const struct batch *b = &run->batch;
    struct refusal *refusals = calloc(b->n_items + 1, sizeof *refusals);
    struct err ignored;
    size_t n = 0;

    for (size_t i = 0; refusals != NULL && i < b->n_items; i++) {
        const struct item *item = b->items[i];

        if (item->sighting != NULL && (item->fate == FATE_REFUSED || item->fate == FATE_SKIPPED))
            refusals[n++] = (struct refusal){
                item->sighting, item->before != NULL ? &item->before->err : item->refusal
            };
    }
    if (n > 0)
        (void)RUN_TRY_AGAIN(
            run, ledger_refuse(&run->ledger, &run->reading, refusals, n, &ignored), &ignored);
    free(refusals);
}
