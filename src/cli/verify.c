/*
 * `ingest verify`: what the logs say of some days beside what the table says, whoever wrote it.
 * Exit status 1 if anything differs. Nothing is written.
 */
#include "ingest/base.h"

#include "ingest/input.h"
#include "ingest/num.h"

#include "counting.h"
#include "row_text.h"

#include <math.h>

struct verifying {
    struct counting counting; /* first: a run hands its address to the callbacks */
    uint64_t        n_differing;
    struct hll      sketch;
    struct buf      line;
};

/* ---- one row that differs ---- */

static bool
estimate(struct verifying *v, const struct row *row, double *out)
{
    struct err ignored;

    hll_clear(&v->sketch);
    if (row == NULL || row->sketch.p == NULL ||
        hll_decode(&v->sketch, row->sketch, &ignored) != ST_OK)
        return false;
    *out = hll_cardinality(&v->sketch);
    return isfinite(*out);
}

static void
value_text(struct verifying *v, const struct target *t, const struct row *row)
{
    const struct dataset *d = t->dataset;
    double clients;

    for (size_t i = 0; i < d->n_sums; i++)
        if (t->has_sum[i])
            buf_printf(&v->line, " %s %" PRId64 ",", d->sums[i], row->sums[i]);
    if (estimate(v, row, &clients))
        buf_printf(&v->line, " %s %.0f,", d->uniques, clients);
    v->line.n -= v->line.n > 0 && v->line.p[v->line.n - 1] == ',';
}

static void
differing_text(struct verifying *v, const struct target *t, const struct row *ours,
               const struct row *theirs)
{
    struct buf *b = &v->line;

    buf_text(b, t->dataset->table);
    buf_text(b, " ");
    row_key_text(b, t->dataset, ours != NULL ? ours->key : theirs->key);
    buf_text(b, ":");
    if (ours != NULL) {
        buf_text(b, " the logs have");
        value_text(v, t, ours);
    } else {
        buf_text(b, " the logs have none");
    }
    if (theirs != NULL) {
        buf_text(b, "; the table has");
        value_text(v, t, theirs);
    } else {
        buf_text(b, "; the table has none");
    }
    if (ours != NULL && theirs != NULL && memcmp(ours->sums, theirs->sums, sizeof ours->sums) == 0)
        buf_text(b, " (other clients)");
}

static void
value_json(struct verifying *v, const struct target *t, const char *side, const struct row *row)
{
    const struct dataset *d = t->dataset;
    const char *comma = "";
    double clients;

    buf_printf(&v->line, ",\"%s\":%s", side, row == NULL ? "null" : "{");
    if (row == NULL)
        return;
    for (size_t i = 0; i < d->n_sums; i++) {
        if (!t->has_sum[i])
            continue;
        buf_printf(&v->line, "%s\"%s\":%" PRId64, comma, d->sums[i], row->sums[i]);
        comma = ",";
    }
    if (row->sketch.p != NULL) {
        buf_printf(&v->line, "%s\"%s\":\"\\\\x", comma, d->uniques);
        buf_hex(&v->line, row->sketch.p, row->sketch.n);
        buf_text(&v->line, "\"");
        if (estimate(v, row, &clients))
            buf_printf(&v->line, ",\"%s_estimate\":%.1f", d->uniques, clients);
    }
    buf_text(&v->line, "}");
}

static enum st
on_differs(void *ctx, const struct target *t, const struct row *ours, const struct row *theirs,
           struct err *err)
{
    struct verifying *v = ctx;
    const struct run_config *c = &v->counting.config;

    v->n_differing++;
    if (signals_seen > 0)
        return err_fail(err, ST_STOPPED, "stopped", "a signal came; not all rows were compared");
    buf_reset(&v->line);
    if (option_is_on(v->counting.o, OPT_JSON)) {
        buf_text(&v->line, "{");
        sink_key_json(&v->line, t->dataset, c->node, ours != NULL ? ours->key : theirs->key);
        value_json(v, t, "ours", ours);
        value_json(v, t, "theirs", theirs);
        buf_text(&v->line, "}");
    } else {
        differing_text(v, t, ours, theirs);
    }
    if (v->line.failed)
        return err_memory(err, "cannot tell what differs");
    progress_clear();
    say_text(stdout, v->line.p, v->line.n);
    putchar('\n');
    return ferror(stdout) ? err_fail(err, ST_DISK, "cannot write to standard output", "%s",
                                     strerror(errno))
                          : ST_OK;
}

static void
on_compared(void *ctx, const struct target *t, const struct compared *n)
{
    struct verifying *v = ctx;
    char same[32], differ[32], ours[32], theirs[32];

    progress_clear();
    if (option_is_on(v->counting.o, OPT_JSON)) {
        printf("{\"table\":\"%s\",\"rows\":{\"same\":%" PRId64 ",\"differ\":%" PRId64
               ",\"ours_alone\":%" PRId64 ",\"theirs_alone\":%" PRId64 "}}\n",
               t->dataset->table, n->same, n->differ, n->ours_alone, n->theirs_alone);
        return;
    }
    if (v->counting.teller.quiet)
        return;
    printf("%s: %s rows are the same", t->dataset->table, num_grouped((uint64_t)n->same, same));
    if (n->differ + n->ours_alone + n->theirs_alone > 0)
        printf(", %s differ, %s are of the logs alone, %s of the table alone",
               num_grouped((uint64_t)n->differ, differ),
               num_grouped((uint64_t)n->ours_alone, ours),
               num_grouped((uint64_t)n->theirs_alone, theirs));
    putchar('\n');
}

/* ---- the command ---- */

/* Options of counting that have nothing to say where nothing is counted. */
static enum st
check_options(const struct options *o, struct err *err)
{
    static const enum option_id others[] = { OPT_DONE, OPT_REJECTS, OPT_REPLACE, OPT_OUTPUT,
                                             OPT_TO };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i]].origin == FROM_COMMAND_LINE)
            return err_fail(err, ST_USAGE, "cannot verify",
                            "--%s is one of counting, and nothing is counted",
                            option_defs[others[i]].name);
    if (o->value[OPT_SINCE].text != NULL && o->value[OPT_UNTIL].text != NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot verify", "which days are to be compared is not said");
    err_hint(err, "ingest verify --since DAY --until DAY FILE...: the last is the day before "
                  "--until");
    return ST_USAGE;
}

static enum st
configure(struct verifying *v, const struct options *o, struct err *err)
{
    struct run_config *c = &v->counting.config;
    enum st rc;

    if ((rc = misplaced_check(o, BY_VERIFY, err)) != ST_OK ||
        (rc = check_options(o, err)) != ST_OK ||
        (rc = counting_prepare(&v->counting, o, err)) != ST_OK)
        return rc;
    counting_note_sources(o);
    c->sink = RUN_VERIFY; /* --dry-run writes no less */
    c->differs = on_differs;
    c->compared = on_compared;
    c->verdict = NULL;
    c->deadline_us = 0; /* of some of the logs nothing can be said */
    return counting_read(&v->counting, o, err);
}

int
cli_verify(const struct options *o)
{
    struct verifying *v = calloc(1, sizeof *v);
    struct source_list inputs;
    struct err err = { 0 };
    int status = 0;
    enum st rc;

    if (v == NULL) {
        err_memory(&err, "cannot verify");
        say_error(&err);
        return EXIT_OURS;
    }
    v->counting.keep.fd = v->counting.place.local.users_fd = -1;
    signals_catch();
    source_list_init(&inputs);
    if ((rc = configure(v, o, &err)) == ST_OK &&
        (rc = inputs_list(o, 1, &signals_seen, &inputs, &err)) == ST_OK &&
        (rc = counting_enter(&v->counting, &err)) == ST_OK &&
        (rc = fence_inputs(&v->counting, &inputs, &err)) == ST_OK)
        rc = run(&v->counting.config, &inputs, &v->counting.summary, &err);
    status = counting_finish(&v->counting, rc, &err);
    source_list_release(&inputs);
    if (status == 0 && v->n_differing > 0)
        status = EXIT_REFUSED;
    buf_release(&v->line);
    free(v);
    return status;
}
