/*
 * Payloads that were retracted stay out until `ingest retract --undo` says otherwise. Who counts
 * finds them known, and says so; who verifies or recounts finds nothing but them in the ledger, so
 * that they, and what begins with them, count as they do in the table.
 */
#include "ingest/base.h"

#include "ingest/retract.h"

#include "pipeline_priv.h"
#include "retract.h"

enum st
left_out_init(struct run *run, struct err *err)
{
    const struct retracting *r = run->config->retracting;
    struct ledger *l = &run->ledger;

    if (run->pg == NULL || run_asks_ledger(run) || run->config->part != NULL)
        return ST_OK; /* what an input has of a row it has though it stays out */
    l->view = run->config->sink == RUN_RETRACT ? LEDGER_ALL : LEDGER_OUT;
    if (r != NULL) {
        size_t n = 0;

        for (size_t i = 0; i < r->n; i++)
            n += r->of[i].n_ids;
        if ((run->apart = calloc(n + 1, sizeof *run->apart)) == NULL)
            return err_memory(err, "cannot list payloads");
        for (size_t i = 0; i < r->n; i++)
            for (size_t k = 0; k < r->of[i].n_ids; k++)
                run->apart[l->n_apart++] = r->of[i].ids[k];
        l->apart = run->apart;
    }
    return RUN_TRY_AGAIN(run, retract_may_know(l, err), err);
}

static bool
is_known(const struct item *item)
{
    return (item->fate == FATE_KNOWN || item->fate == FATE_KNOWN_OTHERWISE) && item->known_id != 0;
}

static void
say(const struct run *run, const struct item *item)
{
    char line[600], day[11];

    if (run->config->choice == NULL || item->out_since == 0)
        return;
    clock_format_day(item->out_since, day);
    snprintf(line, sizeof line, "%s: was retracted on %s, and stays out", item->source->path, day);
    run->config->choice(run->config->ctx, line);
}

enum st
left_out_mark(struct run *run, struct item *const *items, size_t n, struct err *err)
{
    static const char what[] = "cannot tell what was retracted";
    int64_t *ids;
    int32_t *days;
    size_t n_known = 0;
    enum st rc = ST_OK;

    if (!run->ledger.any_out)
        return ST_OK;
    ids = calloc(n + 1, sizeof *ids);
    days = calloc(n + 1, sizeof *days);
    for (size_t i = 0; i < n && ids != NULL; i++)
        if (is_known(items[i]))
            ids[n_known++] = items[i]->known_id;
    rc = ids == NULL || days == NULL
             ? err_memory(err, what)
             : RUN_TRY_AGAIN(run, retract_since(&run->ledger, ids, n_known, days, err), err);
    n_known = 0;
    for (size_t i = 0; i < n && rc == ST_OK; i++)
        if (is_known(items[i])) {
            items[i]->out_since = days[n_known++];
            say(run, items[i]);
        }
    free(ids);
    free(days);
    return rc;
}
