/*
 * Jobs that a worker has taken: their files in one run, as the main job would count them, and then
 * the word to the queue: done, failed, or not by us.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "ingest/input.h"

#include "work_priv.h"

#define MISSING_SECONDS 60 /* until a file that is not here is looked for again */
#define MISSING_MAX     20 /* in a row: then it is not the files that are missing */
#define QUICK_SECONDS   0.5
#define SLOW_SECONDS    4.0

/* ---- jobs that are not counted ---- */

/* Named, and in the exit status. */
static void
refuse(struct work *w, const struct queue_job *job, struct err *err)
{
    snprintf(err->path, sizeof err->path, "%.255s", job->path);
    say_error(err);
    w->counting->summary.files.refused++;
}

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
        work_tell(w, "%s: will be tried again, %d times at most", job->path, left);
    if (left != 0)
        return ST_OK;
    err_fail(&last, ST_IO, "gave this job up", "%s%sit was tried as often as jobs are",
             job->path[0] == '\0' ? job->id : "", job->path[0] == '\0' ? ": " : "");
    if (job->path[0] != '\0')
        err_hint(&last, "once it is mended: ingest enqueue FILE");
    snprintf(last.path, sizeof last.path, "%.255s", job->path);
    say_error(&last);
    return ST_OK;
}

/*
 * The storage may not be there, on this host or now, or not for this user. If that cost the job a
 * try, one such host could empty the queue; so it does not, and only a person can say that a file
 * is gone for good.
 */
static enum st
not_here(struct work *w, const struct queue_job *job, const char *cause, struct err *err)
{
    char host[65] = "";
    struct err missing;
    enum st rc = queue_give_back(w->queue, job, MISSING_SECONDS, err);

    (void)gethostname(host, sizeof host - 1);
    err_fail(&missing, ST_IO, "cannot find this file", "%s, on the host %s", cause, host);
    err_hint(&missing,
             "its job stays for a worker that can open it; if none will, in psql: "
             "DELETE FROM %s WHERE id = '%s'",
             queue_table(w->queue), job->id);
    refuse(w, job, &missing);
    if (rc != ST_OK || ++w->n_missing < MISSING_MAX)
        return rc;
    err_fail(err, ST_IO, "stopped", "%d files in a row are not on this host", MISSING_MAX);
    err_hint(err, "workers must find a file under the path under which it was put into the queue: "
                  "is the storage mounted?");
    return ST_IO;
}

static enum st
cannot_do(struct work *w, const struct queue_job *job, const char *why, struct err *err)
{
    struct err bad;

    err_fail(&bad, ST_IO, "cannot do this job", "%s%s%s", job->path[0] == '\0' ? job->id : "",
             job->path[0] == '\0' ? ": " : "", why);
    refuse(w, job, &bad);
    return fail_job(w, job, err);
}

/* ---- jobs that are ---- */

/* A job's file becomes an input of the run, or the job ends here. */
static enum st
admit(struct work *w, size_t at, struct source_list *inputs, struct err *err)
{
    const struct queue_job *job = &w->jobs[at];
    struct stat st = { .st_mode = 0 };
    size_t before = inputs->n;
    enum st rc;

    w->task[at] = TASK_ENDED;
    if (job->trouble[0] != '\0')
        return cannot_do(w, job, job->trouble, err);
    if (stat(job->path, &st) != 0 || euidaccess(job->path, R_OK) != 0)
        return not_here(w, job, strerror(errno), err);
    w->n_missing = 0;
    if (S_ISDIR(st.st_mode)) /* which would be walked */
        return cannot_do(w, job, "it is a directory", err);
    w->task[at] = TASK_OPEN;
    if ((rc = source_list_add(inputs, job->path, err)) != ST_OK)
        return rc;
    if (inputs->n != before + 1) { /* it has become a directory since we looked */
        inputs->n = before;
        return ST_OK;
    }
    inputs->at[before].walked = job->walked;
    w->job_of[before] = at;
    return ST_OK;
}

static void
on_settled(void *ctx, const struct source *source, bool refused)
{
    struct work *w = ctx;

    w->task[w->job_of[source - w->inputs]] = refused ? TASK_REFUSED : TASK_DONE;
}

static void
on_progress(void *ctx, const struct run_progress *p)
{
    const struct work *w = ctx;

    counting_tick(w->counting, p);
}

static int
on_verdict(void *ctx, enum st rc, const struct summary *s)
{
    const struct work *w = ctx;

    return counting_status(w->counting->o, rc, s);
}

/*
 * A run costs some hundredths of a second before the first line, more where it reads a catalog: of
 * small files many go into one. Of large ones others shall have some, and of rules that fold
 * repeats the rows must not depend on who was how fast: there each file stands for itself.
 */
static void
adapt(struct work *w, const struct summary *s)
{
    double seconds = s->seconds.decode + s->seconds.parse + s->seconds.rollup;

    if (rule_pack_wants_stream(w->counting->config.rules->pack))
        w->n_wanted = 1;
    else if (seconds < QUICK_SECONDS && w->n_wanted < WORK_JOBS_MAX)
        w->n_wanted *= 2;
    else if (seconds > SLOW_SECONDS && w->n_wanted > 1)
        w->n_wanted /= 2;
}

static enum st
count_files(struct work *w, struct source_list *inputs, struct err *err)
{
    struct queue_beat *beat = queue_beat_start(w->queue, QUEUE_BEAT_MS);
    struct run_config config = w->counting->config;
    struct summary s;
    enum st rc;

    config.ctx = w;
    config.settled = on_settled;
    config.verdict = on_verdict;
    config.progress = on_progress;
    w->inputs = inputs->at;
    rc = run(&config, inputs, &s, err);
    queue_beat_stop(beat);
    adapt(w, &s);
    if (!summary_join(&w->counting->summary, &s) && rc == ST_OK)
        rc = err_memory(err, "cannot list days");
    summary_release(&s);
    return rc;
}

/* ---- what the queue is told ---- */

static enum st
end_done(struct work *w, struct err *err)
{
    const struct queue_job *done[WORK_JOBS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < w->n_jobs; i++)
        if (w->task[i] == TASK_DONE)
            done[n++] = &w->jobs[i];
    return n == 0 ? ST_OK : queue_done(w->queue, done, n, err);
}

/* Also after a failure: what is counted is done, what is not goes back at once. */
static enum st
end_all(struct work *w, struct err *err)
{
    enum st rc = end_done(w, err);

    for (size_t i = 0; i < w->n_jobs && rc == ST_OK; i++) {
        if (w->task[i] == TASK_REFUSED)
            rc = fail_job(w, &w->jobs[i], err);
        else if (w->task[i] == TASK_OPEN)
            rc = queue_give_back(w->queue, &w->jobs[i], 0, err);
    }
    return rc;
}

enum st
work_jobs(struct work *w, struct err *err)
{
    struct source_list inputs;
    struct err later;
    enum st rc = ST_OK, ended;

    source_list_init(&inputs);
    for (size_t i = 0; i < w->n_jobs; i++)
        w->task[i] = TASK_OPEN;
    for (size_t i = 0; i < w->n_jobs && rc == ST_OK; i++)
        rc = admit(w, i, &inputs, err);
    if (rc == ST_OK && inputs.n > 0)
        rc = count_files(w, &inputs, err);
    source_list_release(&inputs);
    ended = end_all(w, &later);
    if (rc != ST_OK || ended == ST_OK)
        return rc;
    *err = later;
    return ended;
}
