/*
 * `ingest recount`: the rows of some days are made anew from the logs, under the rules that hold
 * now. `--diff` shows what would change, and is `ingest verify`.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/input.h"
#include "ingest/num.h"

#include "counting.h"

static void
on_recounted(void *ctx, const struct target *t, const struct recounted *r)
{
    const struct counting *c = ctx;
    char payloads[32], before[32], after[32];

    progress_clear();
    if (option_is_on(c->o, OPT_JSON))
        printf("{\"table\":\"%s\",\"payloads\":%" PRId64 ",\"rows\":{\"before\":%" PRId64
               ",\"after\":%" PRId64 "}}\n",
               t->dataset->table, r->payloads, r->before, r->after);
    else if (!c->teller.quiet)
        printf("%s: %s rows took the place of %s, from %s payload%s\n", t->dataset->table,
               num_grouped((uint64_t)r->after, after), num_grouped((uint64_t)r->before, before),
               num_grouped((uint64_t)r->payloads, payloads), r->payloads == 1 ? "" : "s");
}

/* Options of counting that would leave something out, or belong to what is counted for the first time. */
static enum st
check_options(const struct options *o, struct err *err)
{
    static const enum option_id others[] = { OPT_DONE,    OPT_REJECTS,  OPT_REPLACE, OPT_OUTPUT,
                                             OPT_TO,      OPT_DISTINCT, OPT_MIN_AGE, OPT_DEADLINE,
                                             OPT_DRY_RUN };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i]].origin == FROM_COMMAND_LINE) {
            err_fail(err, ST_USAGE, "cannot count days again", "--%s is one of counting",
                     option_defs[others[i]].name);
            if (others[i] == OPT_DRY_RUN)
                err_hint(err, "--diff shows what would change");
            return ST_USAGE;
        }
    if (o->value[OPT_SINCE].text != NULL && o->value[OPT_UNTIL].text != NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot count days again", "which days is not said");
    err_hint(err, "ingest recount --since DAY --until DAY FILE...: the last is the day before "
                  "--until");
    return ST_USAGE;
}

/*
 * The days are none of the rules: these must have the fingerprint under which the other days of
 * the same logs were counted, or will be.
 */
static enum st
read_rules(struct counting *c, const struct options *o, struct options *without, struct err *err)
{
    int32_t since, until;
    enum st rc = counting_read(c, o, err); /* which says what is wrong with the days */

    if (rc != ST_OK)
        return rc;
    since = c->rules.since;
    until = c->rules.until;
    *without = *o;
    without->value[OPT_SINCE].text = without->value[OPT_UNTIL].text = NULL;
    if ((rc = counting_read(c, without, err)) != ST_OK)
        return rc;
    c->rules.since = since;
    c->rules.until = until;
    return ST_OK;
}

static enum st
configure(struct counting *c, const struct options *o, struct options *without, struct err *err)
{
    enum st rc;

    if ((rc = misplaced_check(o, BY_RECOUNT, err)) != ST_OK ||
        (rc = check_options(o, err)) != ST_OK || (rc = counting_prepare(c, o, err)) != ST_OK)
        return rc;
    counting_note_sources(o);
    c->config.sink = RUN_RECOUNT;
    c->config.partial = option_is_on(o, OPT_PARTIAL);
    c->config.recounted = on_recounted;
    c->config.verdict = NULL;
    c->config.deadline_us = 0;
    return read_rules(c, o, without, err);
}

int
cli_recount(const struct options *o)
{
    struct counting counting = { .place.local.users_fd = -1, .keep.fd = -1 };
    struct options without;
    struct source_list inputs;
    struct err err = { 0 };
    int status, tries = 0;
    enum st rc;

    if (option_is_on(o, OPT_DIFF))
        return cli_verify(o);
    signals_catch();
    source_list_init(&inputs);
    if ((rc = configure(&counting, o, &without, &err)) == ST_OK &&
        (rc = inputs_list(o, 1, &signals_seen, &inputs, &err)) == ST_OK &&
        (rc = counting_enter(&counting, &err)) == ST_OK &&
        (rc = fence_inputs(&counting, &inputs, &err)) == ST_OK)
        do {
            summary_release(&counting.summary);
            rc = run(&counting.config, &inputs, &counting.summary, &err);
        } while (rc == ST_EOF && tries++ < CORRECT_TRIES); /* others have corrected meanwhile */
    if (rc == ST_EOF)
        rc = err.code = ST_DB;
    counting.o = o;
    status = counting_finish(&counting, rc, &err);
    source_list_release(&inputs);
    return status;
}
