/*
 * The heartbeat: a thread that says every half minute that this worker lives, so that nobody takes
 * its job for lost while it counts a large file. It has a connection of its own, made when the
 * first beat is due: most files are counted before.
 */
#include <pthread.h>

#include "queue_priv.h"

struct queue_beat {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending;
    struct queue q; /* a copy: names, and the connection of this thread */
    int every_ms;
    uint64_t n_beats;
};

/* True when it is time for a beat, false when it is time to end. */
static bool
sleep_until_due(struct queue_beat *b)
{
    struct timespec until;
    int rc = 0;
    bool due;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += b->every_ms / 1000;
    until.tv_nsec += (long)(b->every_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&b->lock);
    while (!b->ending && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&b->changed, &b->lock, &until);
    due = !b->ending;
    pthread_mutex_unlock(&b->lock);
    return due;
}

static void
beat(struct queue_beat *b)
{
    static const char what[] = "cannot say that this worker lives";
    const char *values[] = { b->q.worker };
    struct buf sql = queue_sql(
        &b->q, "UPDATE %t SET heartbeat = %now WHERE %w = $1::uuid AND status = 'running'");
    struct err ignored;
    enum st rc = ST_OK;

    if (b->q.pg == NULL)
        b->q.pg = pg_connect(b->q.conninfo, PG_READ_WRITE, &ignored);
    else if (!pg_is_alive(b->q.pg))
        rc = pg_reconnect(b->q.pg, &ignored);
    if (b->q.pg != NULL && rc == ST_OK && buf_str(&sql) != NULL &&
        pg_run(b->q.pg, what, sql.p, ARRAY_LEN(values), values, NULL, &ignored) == ST_OK)
        b->n_beats++;
    buf_release(&sql);
}

static void *
beat_main(void *arg)
{
    struct queue_beat *b = arg;

    while (sleep_until_due(b))
        beat(b);
    pg_close(b->q.pg);
    return NULL;
}

struct queue_beat *
queue_beat_start(const struct queue *q, int every_ms)
{
    struct queue_beat *b = calloc(1, sizeof *b);
    pthread_condattr_t attr;

    if (b == NULL)
        return NULL;
    b->q = *q;
    b->q.pg = NULL;
    b->every_ms = every_ms;
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&b->thread, NULL, beat_main, b) == 0)
        return b;
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->changed);
    free(b);
    return NULL;
}

uint64_t
queue_beat_stop(struct queue_beat *b)
{
    uint64_t n;

    if (b == NULL)
        return 0;
    pthread_mutex_lock(&b->lock);
    b->ending = true;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    n = b->n_beats;
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->changed);
    free(b);
    return n;
}
