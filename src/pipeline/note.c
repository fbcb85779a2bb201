/*
 * The last thing that a run does: a note in the ledger of what it did. Whatever becomes of it, the
 * run has ended as it has ended.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

static void
write_note(struct run *run, int status, const char *failure)
{
    const struct summary *s = run->summary;
    struct run_note note = {
        .source = run->config->source,
        .failure = failure,
        .status = status,
        .wall_us = (int64_t)(s->seconds.wall * 1e6),
        .read = s->files.read,
        .known = s->files.known,
        .known_otherwise = s->files.known_otherwise,
        .grown = s->files.grown,
        .partial = s->files.partial,
        .refused = s->files.refused,
        .skipped = s->files.skipped,
        .lines = s->lines.read,
        .counted = s->records.by[KEEP],
    };
    struct err ignored;

    pg_rollback(run->pg); /* of a batch that failed */
    if (note.source != NULL)
        (void)ledger_note_source(&run->ledger, note.source, run->config->settle_s,
                                 run->config->expected_s, &ignored);
    (void)ledger_note_run(&run->ledger, &note, &ignored);
}

/* A server that has gone is not waited for: nobody would thank us for that. */
void
note_run(struct run *run, enum st rc, const struct err *err)
{
    const struct run_config *c = run->config;
    struct buf failure = { 0 };
    const char *text = NULL;

    if (c->verdict == NULL || c->sink != RUN_TO_DATABASE || run->pg == NULL ||
        !pg_is_alive(run->pg))
        return;
    if (rc != ST_OK) {
        buf_printf(&failure, "%s%s%s", err->what, err->cause[0] != '\0' ? ": " : "", err->cause);
        text = buf_str(&failure);
        if (text == NULL || !slice_is_text(slice_of(text)))
            text = err->what;
    }
    write_note(run, c->verdict(c->ctx, rc, run->summary), text);
    buf_release(&failure);
}
