/*
 * The thread that keeps a job held. It has a connection of its own, opened when it is first needed:
 * most jobs are done before. What it cannot do it leaves: the job is then taken over by another
 * host at worst, and cron_fence finds that out.
 */
#include "ingest/base.h"

#include <pthread.h>
#include <signal.h>

#include "cron_priv.h"

struct cron_renewal {
    struct cron cron; /* a copy: the owner's may move */
    const char *conninfo;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stop;
};

/* True: it was told to stop. */
static bool
wait_a_turn(struct cron_renewal *r)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += r->cron.renew_ms / 1000;
    until.tv_nsec += (long)(r->cron.renew_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&r->lock);
    while (!r->stop && pthread_cond_timedwait(&r->stopped, &r->lock, &until) == 0)
        continue;
    stop = r->stop;
    pthread_mutex_unlock(&r->lock);
    return stop;
}

static void *
keep_held(void *ctx)
{
    struct cron_renewal *r = ctx;
    struct pg *pg = NULL;
    bool ours = true;

    while (ours && !wait_a_turn(r)) {
        struct err ignored;

        if (pg != NULL && !pg_is_alive(pg)) {
            pg_close(pg);
            pg = NULL;
        }
        if (pg == NULL)
            pg = pg_connect(r->conninfo, PG_READ_WRITE, &ignored);
        if (pg != NULL)
            (void)cron_renew(&r->cron, pg, &ours, &ignored);
    }
    pg_close(pg);
    return NULL;
}

/* Signals are for the thread that works. */
static int
start_thread(struct cron_renewal *r)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&r->thread, NULL, keep_held, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

struct cron_renewal *
renewal_start(const struct cron *c, const char *conninfo)
{
    struct cron_renewal *r = calloc(1, sizeof *r);
    pthread_condattr_t monotonic;

    if (r == NULL)
        return NULL;
    r->cron = *c;
    r->conninfo = conninfo;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start_thread(r) == 0)
        return r;
    pthread_cond_destroy(&r->stopped);
    pthread_mutex_destroy(&r->lock);
    free(r);
    return NULL;
}

void
renewal_stop(struct cron_renewal *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->stopped);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->stopped);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
