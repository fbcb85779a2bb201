/*
 * `ingest work`: files out of the job queue, each counted by a run of its own, as the main job
 * would. That each counts once is the ledger's doing: a job whose worker died is simply done again.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "ingest/clock.h"
#include "ingest/input.h"
#include "ingest/queue.h"

#include "counting.h"

#define LOOK_EVERY_US   (INT64_C(30) * 1000000) /* for jobs whose workers died, and jobs that nobody announced */
#define WAIT_MS         1000 /* a signal that comes just before the wait is seen after it */
#define MISSING_SECONDS 60   /* until a file that is not here is looked for again */
#define MISSING_MAX     20   /* in a row: then it is not the files that are missing */

struct work {
    struct counting *counting;
    struct queue    *queue;
    bool             wait;
    bool             outage;     /* it was said that the server is gone */
    int64_t          looked_us;  /* when the jobs of dead workers were looked for; 0: not yet */
    int              n_missing;  /* in a row */
};

/* ---- what the command line says ---- */

static const char what[] = "cannot work";

static enum st
check_options(const struct options *o, struct err *err)
{
    static const struct {
        enum option_id id;
        const char    *command;
    } others[] = { { OPT_FILES_FROM, "ingest enqueue" },
                   { OPT_NULL, "ingest enqueue" },
                   { OPT_MIN_AGE, "ingest enqueue" },
                   { OPT_URL, "ingest explain" },
                   { OPT_NO_SKETCHES, "ingest migrate up" },
                   { OPT_DROP_DATA, "ingest migrate down" } };

    if (o->n_arguments > 1) {
        err_fail(err, ST_USAGE, what, "the files are those of the queue, and \"%.80s\" is named",
                 o->arguments[1]);
        err_hint(err, "ingest enqueue FILE... puts files there");
        return ST_USAGE;
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i].id].origin == FROM_COMMAND_LINE)
            return err_fail(err, ST_USAGE, what, "--%s is one of `%s`",
                            option_defs[others[i].id].name, others[i].command);
    return ST_OK;
}

/* Workers take files one by one, in no certain order, and a job that is done is gone. */
static enum st
check_config(const struct run_config *c, struct err *err)
{
    if (c->sink != RUN_TO_DATABASE)
        return err_fail(err, ST_USAGE, what,
                        "a job is done once its file is in the database: no --dry-run, no --output");
    if (c->replace)
        return err_fail(err, ST_USAGE, what,
                        "--replace sums up all files of one call, and jobs are one file each");
    return ST_OK;
}

/* ---- what is told ---- */

static void
tell(const struct work *w, const char *format, ...) PRINTF(2, 3);

static void
tell(const struct work *w, const char *format, ...)
{
    char line[300];
    va_list args;

    if (!w->counting->teller.verbose || w->counting->teller.quiet)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    progress_clear();
    fputs("ingest: ", stderr);
    say_line(stderr, line);
}

/* A job that is not counted: named, and in the exit status. */
static void
refuse(struct work *w, const struct queue_job *job, struct err *err)
{
    snprintf(err->path, sizeof err->path, "%.255s", job->path);
    say_error(err);
    w->counting->summary.files.refused++;
}

/* ---- one job ---- */

/* Whoever looks for the file's numbers shall not find that it has left without a word. */
static enum st
fail_job(struct work *w, const struct queue_job *job, struct err *err)
{
    struct err last;
    int left;
    enum st rc = queue_fail(w->queue, job, &left, err);

    if (rc != ST_OK)
        return rc;
    if (left > 0)
        tell(w, "%s: will be tried again, %d times at most", job->path, left);
    if (left != 0)
        return ST_OK;
    err_fail(&last, ST_IO, "gave this job up", "it was tried as often as jobs are");
    if (job->path[0] != '\0')
        err_hint(&last, "once it is mended: ingest enqueue FILE");
    snprintf(last.path, sizeof last.path, "%.255s", job->path);
    say_error(&last);
    return ST_OK;
}

/*
 * The storage may not be there, on this host or now. If that cost the job a try, one host without
 * the storage could empty the queue; so it does not, and only a person can say that a file is gone
 * for good.
 */
static enum st
not_here(struct work *w, const struct queue_job *job, const char *cause, struct err *err)
{
    char host[65] = "";
    struct err missing;

    (void)gethostname(host, sizeof host - 1);
    err_fail(&missing, ST_IO, "cannot find this file", "%s, on the host %s", cause, host);
    err_hint(&missing, "its job stays for a worker that finds it; if none will, in psql: "
                       "DELETE FROM %s WHERE id = '%s'", queue_table(w->queue), job->id);
    refuse(w, job, &missing);
    if (++w->n_missing < MISSING_MAX)
        return queue_give_back(w->queue, job, MISSING_SECONDS, err);
    if (queue_give_back(w->queue, job, MISSING_SECONDS, err) != ST_OK)
        return err->code;
    err_fail(err, ST_IO, "stopped", "%d files in a row are not on this host", MISSING_MAX);
    err_hint(err, "workers must find a file under the path under which it was put into the queue: "
                  "is the storage mounted?");
    return ST_IO;
}

/* Counted, now or before, or passed over on purpose: nothing is left to do. */
static bool
is_settled(const struct summary *s)
{
    return s->files.read + s->files.known + s->files.known_otherwise + s->files.skipped > 0;
}

static enum st
count_file(struct work *w, const struct queue_job *job, struct source_list *inputs,
           struct err *err)
{
    struct queue_beat *beat = queue_beat_start(w->queue, QUEUE_BEAT_MS);
    struct summary one;
    struct err later;
    enum st rc = run(&w->counting->config, inputs, &one, err), st;

    queue_beat_stop(beat);
    if (!summary_join(&w->counting->summary, &one) && rc == ST_OK)
        rc = err_memory(err, "cannot list days");
    if (one.files.refused > 0)
        st = fail_job(w, job, &later);
    else if (is_settled(&one))
        st = queue_done(w->queue, job, &later);
    else
        st = queue_give_back(w->queue, job, 0, &later);
    summary_release(&one);
    if (rc == ST_OK && st != ST_OK)
        *err = later;
    return rc == ST_OK ? st : rc;
}

static enum st
do_job(struct work *w, const struct queue_job *job, struct err *err)
{
    struct source_list inputs;
    struct err bad;
    struct stat st = { .st_mode = 0 };
    enum st rc;

    if (job->trouble[0] != '\0') {
        err_fail(&bad, ST_IO, "cannot do this job", "job %s: %s", job->id, job->trouble);
        refuse(w, job, &bad);
        return fail_job(w, job, err);
    }
    if (stat(job->path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return not_here(w, job, strerror(errno), err);
    w->n_missing = 0;
    if (S_ISDIR(st.st_mode)) {
        err_fail(&bad, ST_IO, "cannot do this job", "it is a directory by now");
        refuse(w, job, &bad);
        return fail_job(w, job, err);
    }
    source_list_init(&inputs);
    if ((rc = source_list_add(&inputs, job->path, err)) == ST_OK) {
        inputs.at[0].walked = job->walked;
        rc = count_file(w, job, &inputs, err);
    }
    source_list_release(&inputs);
    return rc;
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
        tell(w, "%" PRIu64 " jobs of workers that died are taken up again", n);
    return rc;
}

/* ST_EOF: there is nothing to do. */
static enum st
next_job(struct work *w, struct err *err)
{
    struct queue_job job;
    enum st rc = look_after_the_dead(w, err);

    if (rc == ST_OK)
        rc = queue_pop(w->queue, &job, err);
    return rc == ST_OK ? do_job(w, &job, err) : rc;
}

/*
 * Is it worth going on? A run gives up after some seconds without the server, as it should; a worker
 * has time. One that waits for jobs waits for the server, too.
 */
static bool
server_may_return(struct work *w, enum st rc, uint64_t losses_before, const struct err *err)
{
    if (rc == ST_DB && queue_losses(w->queue) > losses_before)
        return true; /* it has gone and come while the run ended, or this would be ST_DB_RETRY */
    if (rc != ST_DB_RETRY || !w->wait)
        return false;
    if (!w->outage)
        say_error(err);
    w->outage = true;
    sleep(1); /* the queue's own tries have taken ten seconds; a signal ends this one */
    return true;
}

/* Notifications may be lost on their way, and jobs that rest come due without any: so it looks now and then. */
static enum st
wait_for_jobs(struct work *w, struct err *err)
{
    int64_t until = clock_monotonic_us() + LOOK_EVERY_US;
    bool heard = false;
    enum st rc = ST_OK;

    while (rc == ST_OK && !heard && signals_seen == 0 && clock_monotonic_us() < until)
        rc = queue_wait(w->queue, WAIT_MS, &heard, err);
    return rc;
}

static enum st
take_jobs(struct work *w, struct err *err)
{
    while (signals_seen == 0) {
        uint64_t losses = queue_losses(w->queue);
        enum st rc = next_job(w, err);

        if (rc == ST_EOF && !w->wait)
            return ST_OK;
        if (rc == ST_EOF)
            rc = wait_for_jobs(w, err);
        if (rc == ST_OK)
            w->outage = false;
        else if (!server_may_return(w, rc, losses, err))
            return rc;
    }
    return err_fail(err, ST_STOPPED, "stopped", "a signal came; what was counted is committed");
}

static enum st
work_on(struct work *w, struct err *err)
{
    const struct options *o = w->counting->o;
    const char *name = o->value[OPT_QUEUE].text;
    uint64_t running, waiting;
    enum st rc;

    w->queue = queue_open(w->counting->config.conninfo, name == NULL ? QUEUE_NAME : name,
                          &signals_seen, err);
    if (w->queue == NULL)
        return err->code;
    rc = take_jobs(w, err);
    if (rc == ST_OK && (rc = queue_left(w->queue, &running, &waiting, err)) == ST_OK)
        tell(w, "nothing to do; %" PRIu64 " jobs are with other workers, %" PRIu64
                " wait for another try", running, waiting);
    queue_close(w->queue);
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
    if ((rc = check_options(o, &err)) == ST_OK &&
        (rc = counting_configure(&counting, o, &err)) == ST_OK &&
        (rc = check_config(&counting.config, &err)) == ST_OK &&
        (rc = counting_enter(&counting, &err)) == ST_OK)
        rc = work_on(&work, &err);
    return counting_finish(&counting, rc, &err);
}
