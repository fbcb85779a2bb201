/*
 * `ingest adopt`: logs that another program has counted into the same table are claimed, so that no
 * run ever counts them again. From --until on they count as usual.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/input.h"
#include "ingest/num.h"

#include "counting.h"

static const char what[] = "cannot adopt";

/* Days that count and have no row: whoever counted them has counted nothing, or somewhere else. */
static void
on_nothing(void *ctx, const struct target *t, int32_t day, size_t n)
{
    const struct counting *c = ctx;
    char first[11], more[64] = "";

    if (c->teller.quiet)
        return;
    clock_format_day(day, first);
    if (n > 1)
        snprintf(more, sizeof more, " and of %zu more days", n - 1);
    progress_clear();
    say_note("adopted, but table %s has no row of %s%s: `ingest recount` counts what should be there",
             t->dataset->table, first, more);
}

/* Options that say where else rows should go, or which days count: of these there is one border. */
static enum st
check_options(const struct options *o, struct err *err)
{
    static const enum option_id others[] = { OPT_SINCE, OPT_REPLACE, OPT_OUTPUT, OPT_TO };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i]].origin == FROM_COMMAND_LINE) {
            err_fail(err, ST_USAGE, what, "--%s is one of counting", option_defs[others[i]].name);
            if (others[i] == OPT_SINCE)
                err_hint(err, "what others have counted ends before --until");
            return ST_USAGE;
        }
    if (o->n_arguments > 1 || o->value[OPT_FILES_FROM].text != NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, what, "no FILE is named");
    err_hint(err, "ingest adopt --until DAY FILE...: the days before DAY were counted elsewhere");
    return ST_USAGE;
}

/*
 * The day is none of the rules: what is adopted must be known under those by which the next run
 * counts.
 */
static enum st
read_rules(struct counting *c, const struct options *o, struct options *without, struct err *err)
{
    enum st rc = counting_read(c, o, err); /* which says what is wrong with the day */

    c->config.adopts = true;
    c->config.adopt_until = INT32_MAX;
    if (rc != ST_OK || o->value[OPT_UNTIL].origin != FROM_COMMAND_LINE)
        return rc;
    c->config.adopt_until = c->rules.until;
    *without = *o;
    without->value[OPT_UNTIL].text = NULL;
    return counting_read(c, without, err);
}

static enum st
configure(struct counting *c, const struct options *o, struct options *without, struct err *err)
{
    enum st rc;

    if ((rc = misplaced_check(o, BY_ADOPT, err)) != ST_OK ||
        (rc = check_options(o, err)) != ST_OK || (rc = counting_prepare(c, o, err)) != ST_OK)
        return rc;
    counting_note_sources(o);
    c->config.adopted_nothing = on_nothing;
    if ((rc = read_rules(c, o, without, err)) != ST_OK)
        return rc;
    return keep_open(&c->keep, o, &c->config, err);
}

/* 12 files adopted (3 days), 4 records of days from 2026-11-23 on counted, 1 file was known */
static void
tell(const struct counting *c)
{
    const struct summary *s = &c->summary;
    bool would = c->config.sink == RUN_DRY;
    char files[32], days[32], number[32], day[11];
    uint64_t n_days = 0, n_known = s->files.known + s->files.known_otherwise;

    for (size_t i = 0; i < s->n_tables; i++)
        n_days += s->tables[i].n_adopted;
    printf("%s file%s%s adopted (%s day%s)", num_grouped(s->files.adopted, files),
           s->files.adopted == 1 ? "" : "s", would ? " would be" : "", num_grouped(n_days, days),
           n_days == 1 ? "" : "s");
    if (c->config.adopt_until != INT32_MAX) {
        clock_format_day(c->config.adopt_until, day);
        printf(", %s record%s of days from %s on%s counted",
               num_grouped(s->records.by[KEEP], number), s->records.by[KEEP] == 1 ? "" : "s", day,
               would ? " would be" : "");
    }
    if (n_known > 0)
        printf(", %s file%s known already", num_grouped(n_known, number),
               n_known == 1 ? " was" : "s were");
    putchar('\n');
}

int
cli_adopt(const struct options *o)
{
    struct counting counting = { .place.local.users_fd = -1, .keep.fd = -1 };
    struct options without;
    struct source_list inputs;
    struct err err = { 0 };
    int status;
    enum st rc;

    signals_catch();
    source_list_init(&inputs);
    if ((rc = metrics_open(&counting.metrics, o, &err)) == ST_OK &&
        (rc = configure(&counting, o, &without, &err)) == ST_OK &&
        (rc = inputs_list(o, 1, &signals_seen, &inputs, &err)) == ST_OK &&
        (rc = counting_enter(&counting, &err)) == ST_OK &&
        (rc = fence_inputs(&counting, &inputs, &err)) == ST_OK) {
        rc = run(&counting.config, &inputs, &counting.summary, &err);
        progress_clear();
        if (rc == ST_OK && !counting.teller.quiet && !option_is_on(o, OPT_JSON))
            tell(&counting);
    }
    counting.o = o;
    status = counting_finish(&counting, rc, &err);
    source_list_release(&inputs);
    return status;
}
