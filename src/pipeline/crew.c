/*
 * All workers of a run: how many there are, and what they do at once, each in a thread of its own.
 * What one of them does stands in worker.c.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

/*
 * Each worker holds some MiB whatever it counts: so many that all stay under the ceiling and 64 MiB
 * more.
 */
static size_t
workers_max(const struct run *run)
{
    size_t room = 8 + run->config->memory_bytes / (4 * MIB), jobs = (size_t)run->config->jobs;

    return jobs < room ? jobs : room;
}

enum st
crew_init(struct run *run, struct err *err)
{
    size_t n;

    run->jobs = workers_max(run);
    n = run->jobs < run->n_items ? run->jobs : run->n_items;
    n = n == 0 || run->stream != NULL ? 1 : n;
    run->n_workers_max = n;
    run->workers = calloc(n, sizeof *run->workers);
    if (run->workers == NULL)
        return err_memory(err, "cannot start workers");
    for (; run->n_workers < n; run->n_workers++)
        if (worker_init(&run->workers[run->n_workers], run, err) != ST_OK)
            return err->code;
    return ST_OK;
}

void
crew_release(struct run *run)
{
    for (size_t i = 0; i < run->n_workers; i++)
        worker_release(&run->workers[i]);
    free(run->workers);
}

void
crew_reset(struct run *run)
{
    for (size_t i = 0; i < run->n_workers; i++)
        worker_reset(&run->workers[i]);
    atomic_store(&run->held_bytes, 0);
}

static void *
thread_main(void *arg)
{
    struct worker *w = arg;

    w->work(w);
    pthread_mutex_lock(&w->run->lock);
    w->run->n_running--;
    pthread_cond_signal(&w->run->done);
    pthread_mutex_unlock(&w->run->lock);
    return NULL;
}

/* Up to `n` threads, for the first workers: how many could be had. */
static size_t
start_threads(struct run *run, size_t n, void (*work)(struct worker *w))
{
    size_t started = 0;

    run->n_running = n;
    for (; started < n; started++) {
        struct worker *w = &run->workers[started];

        w->work = work;
        if (pthread_create(&w->thread, NULL, thread_main, w) != 0)
            break;
    }
    pthread_mutex_lock(&run->lock);
    run->n_running -= n - started;
    pthread_mutex_unlock(&run->lock);
    return started;
}

/* Until no thread is at it any more; `meanwhile` is called now and then, with the lock. */
static void
wait_for_threads(struct run *run, void (*meanwhile)(struct run *run))
{
    pthread_mutex_lock(&run->lock);
    while (run->n_running > 0) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200 * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&run->done, &run->lock, &until);
        meanwhile(run);
    }
    pthread_mutex_unlock(&run->lock);
}

/*
 * The first `n_threads` workers do it at once, each in a thread of its own. Of the first `n_must`
 * those that have none, or for which none can be had, do it here, one after another; whoever comes
 * behind those leaves it to the others. `meanwhile` NULL: nobody asks how far they are.
 */
static void
do_at_once(struct run *run, void (*work)(struct worker *w), size_t n_threads, size_t n_must,
           void (*meanwhile)(struct run *run))
{
    size_t started = start_threads(run, n_threads, work);

    for (size_t i = started; i < n_must; i++)
        work(&run->workers[i]);
    if (meanwhile != NULL)
        wait_for_threads(run, meanwhile);
    for (size_t i = 0; i < started; i++)
        pthread_join(run->workers[i].thread, NULL);
}

/* This thread waits and tells how far they are. One worker is enough to take all inputs. */
void
crew_count(struct run *run)
{
    do_at_once(run, worker_batch, run->n_workers, 1, run_report_progress);
}

static void
keep(struct worker *w)
{
    struct err err = { 0 };

    if (worker_keep(w, &err) != ST_OK)
        run_fail(w->run, &err);
}

/* Each has something of its own to keep, the last of them here; after a COMMIT there is little. */
enum st
crew_keep(struct run *run, struct err *err)
{
    size_t n_threads = run->config->sink == RUN_TO_DATABASE ? 0 : run->n_workers - 1;

    do_at_once(run, keep, n_threads, run->n_workers, NULL);
    if (!run->failed)
        return ST_OK;
    *err = run->failure;
    return err->code;
}
