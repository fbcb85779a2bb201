/*
 * `ingest work`: files out of the job queue, counted as the main job would. That each counts once
 * is the ledger's doing: a job whose worker died is simply done again.
 */
#include "ingest/base.h"

#include "ingest/clock.h"

#include "work_priv.h"

/* For jobs whose workers died, and jobs that nobody announced. */
#define LOOK_EVERY_US (INT64_C(30) * 1000000)
#define OUTAGES_MAX   5    /* in a row: then it is not the server that fails the run */
#define WAIT_MS       1000 /* a signal that comes just before the wait is seen after it */

/* ---- what the command line says ---- */

static const char what[] = "cannot work";

static enum st
check_words(const struct options *o, struct err *err)
{
    if (o->n_arguments == 1)
        return ST_OK;
    err_fail(err, ST_USAGE, what, "the files are those of the queue, and \"%.80s\" is named",
             o->arguments[1]);
    err_hint(err, "ingest enqueue FILE... puts files there");
    return ST_USAGE;
}

/* Workers take files one by one, in no certain order, and a job that is done is gone. */
static enum st
check_config(const struct run_config *c, struct err *err)
{
    if (c->sink != RUN_TO_DATABASE)
        return err_fail(err, ST_USAGE, what,
                        "a job is done once its file is in the database: no --dry-run, --output");
    if (c->replace)
        return err_fail(err, ST_USAGE, what,
                        "--replace sums up all files of one call, and jobs are one file each");
    return ST_OK;
}

void
work_tell(const struct work *w, const char *format, ...)
{
    char line[300];
    va_list args;

    if (!w->counting->teller.verbose || w->counting->teller.quiet)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    say_note("%s", line);
}

static bool
is_late(const struct work *w)
{
    int64_t deadline_us = w->counting->config.deadline_us;

    return deadline_us != 0 && clock_monotonic_us() >= deadline_us;
}

/* ---- job after job ---- */

static enum st
look_after_the_dead(struct work *w, struct err *err)
{
    int64_t now = clock_monotonic_us();
    uint64_t n;
    enum st rc;

    if (w->looked_us != 0 && now - w->looked_us < LOOK_EVERY_US)
        return ST_OK;
    w->looked_us = now;
    rc = queue_requeue(w->queue, &n, err);
    if (rc == ST_OK && n > 0)
        work_tell(w, "%" PRIu64 " jobs of workers that died are taken up again", n);
    return rc;
}

/* ST_EOF: there is nothing to do. */
static enum st
next_jobs(struct work *w, struct err *err)
{
    enum st rc = look_after_the_dead(w, err);

    if (rc == ST_OK)
        rc = queue_pop(w->queue, w->jobs, w->n_wanted, &w->n_jobs, err);
    return rc == ST_OK ? work_jobs(w, err) : rc;
}

/*
 * Is it worth going on? A run gives up after some seconds without the server, as it should; a
 * worker has time. One that waits for jobs waits for the server, too.
 */
static bool
server_may_return(struct work *w, enum st rc, uint64_t losses_before, const struct err *err)
{
    w->n_outages++;
    if (rc == ST_DB && queue_losses(w->queue) > losses_before)
        return w->n_outages < OUTAGES_MAX; /* it has gone and come while the run ended */
    if (rc != ST_DB_RETRY || !w->wait)
        return false;
    if (w->n_outages == 1)
        say_error(err);
    sleep(1); /* the queue's own tries have taken ten seconds; a signal ends this one */
    return true;
}

/* Notifications may be lost, and jobs that rest come due without one: so it looks now and then. */
static enum st
wait_for_jobs(struct work *w, struct err *err)
{
    int64_t until = clock_monotonic_us() + LOOK_EVERY_US;
    bool heard = false;
    enum st rc = ST_OK;

    while (rc == ST_OK && !heard && signals_seen == 0 && !is_late(w) &&
           clock_monotonic_us() < until) {
        counting_tick(w->counting, NULL);
        rc = queue_wait(w->queue, WAIT_MS, &heard, err);
    }
    return rc;
}

/* There may be no more to do: then it is as if it had not come. */
static enum st
stop_late(struct work *w, struct err *err)
{
    uint64_t running, waiting;
    enum st rc = queue_left(w->queue, &running, &waiting, err);

    if (rc != ST_OK || waiting == 0)
        return rc;
    w->counting->summary.files.left = waiting;
    return err_fail(err, ST_LATER, "stopped at the deadline",
                    "%" PRIu64 " files wait in the queue; what was counted is committed", waiting);
}

static enum st
take_jobs(struct work *w, struct err *err)
{
    while (signals_seen == 0 && !is_late(w)) {
        uint64_t losses = queue_losses(w->queue);
        enum st rc = next_jobs(w, err);

        if (rc == ST_EOF && !w->wait)
            return ST_OK;
        if (rc == ST_EOF)
            rc = wait_for_jobs(w, err);
        if (rc == ST_OK)
            w->n_outages = 0;
        else if (!server_may_return(w, rc, losses, err))
            return rc == ST_LATER ? stop_late(w, err) : rc;
    }
    counting_tick(w->counting, NULL);
    if (signals_seen == 0)
        return stop_late(w, err);
    return err_fail(err, ST_STOPPED, "stopped", "a signal came; what was counted is committed");
}

static enum st
work_on(struct work *w, struct err *err)
{
    const struct options *o = w->counting->o;
    const char *name = o->value[OPT_QUEUE].text;
    uint64_t running, waiting;
    enum st rc;

    w->n_wanted = 1;
    w->jobs = calloc(WORK_JOBS_MAX, sizeof *w->jobs);
    if (w->jobs == NULL)
        return err_memory(err, what);
    w->queue = queue_open(w->counting->config.conninfo, name == NULL ? QUEUE_NAME : name,
                          QUEUE_TO_TAKE, &signals_seen, err);
    if (w->queue == NULL)
        return err->code;
    if ((rc = fence_enter(w->counting, queue_pg(w->queue), err)) != ST_OK)
        return rc;
    rc = take_jobs(w, err);
    if (rc == ST_OK && (rc = queue_left(w->queue, &running, &waiting, err)) == ST_OK)
        work_tell(w,
                  "nothing to do; %" PRIu64 " jobs are with other workers, %" PRIu64
                  " wait for another try",
                  running, waiting);
    return rc;
}

int
cli_work(const struct options *o)
{
    struct counting counting = { .place.local.users_fd = -1, .keep.fd = -1 };
    struct work work = { .counting = &counting, .wait = option_is_on(o, OPT_WAIT) };
    struct err err = { 0 };
    enum st rc;

    signals_catch();
    if ((rc = check_words(o, &err)) == ST_OK && (rc = misplaced_check(o, BY_WORK, &err)) == ST_OK &&
        (rc = metrics_open(&counting.metrics, o, &err)) == ST_OK &&
        (rc = counting_configure(&counting, o, &err)) == ST_OK &&
        (rc = check_config(&counting.config, &err)) == ST_OK &&
        (rc = counting_enter(&counting, &err)) == ST_OK &&
        (rc = fence_all_files(&counting, &err)) == ST_OK)
        rc = work_on(&work, &err);
    queue_close(work.queue);
    free(work.jobs);
    return counting_finish(&counting, rc, &err);
}
