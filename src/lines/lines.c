/*
 * Blocks of whole lines, numbered. Cut when they are asked for, or ahead of that by a thread of
 * their own, so that one large input keeps two cores busy: one decodes and cuts, the other parses
 * and counts.
 *
 *      cutter ──▶ [ block | block | block ] ──▶ lines_next          a ring; the one in use keeps
 * its place
 */
#include "ingest/base.h"

#include <pthread.h>

#include "ingest/clock.h"

#include "cut_priv.h"

#define AHEAD                                                                                      \
    (BUFFERS_MAX - 1) /* blocks that are made or in use; the cutter works on one buffer more */

/* A block, or how it all ended. */
struct made {
    enum st      rc;
    struct block block;
    struct slice fresh; /* for input_identify, before anybody writes into the block */
    struct err   err;
    uint64_t     stored_bytes;
};

struct lines {
    struct cutter cutter;
    struct input *in;
    uint64_t      next_line_no;
    uint64_t      stored_bytes;
    int64_t       decode_us;
    int64_t       identify_us;

    bool            ahead;    /* a thread cuts */
    pthread_t       thread;
    pthread_mutex_t lock;     /* of what stands below */
    pthread_cond_t  changed;
    struct made     ring[AHEAD];
    size_t          first, n; /* of the ring: ring[first] is in use or the next to be given */
    bool            in_use;
    bool            stop;
};

struct lines *
lines_new(struct err *err)
{
    struct lines *l = calloc(1, sizeof *l);

    if (l == NULL) {
        err_memory(err, "cannot cut lines");
        return NULL;
    }
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    if (cutter_reserve(&l->cutter, 1, err) == ST_OK)
        return l;
    lines_free(l);
    return NULL;
}

void
lines_free(struct lines *l)
{
    if (l == NULL)
        return;
    lines_stop(l);
    cutter_release(&l->cutter);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->changed);
    free(l);
}

void
lines_start(struct lines *l, struct input *in)
{
    lines_stop(l);
    l->in = in;
    l->next_line_no = 1;
    l->stored_bytes = 0;
    l->decode_us = l->identify_us = 0;
    cutter_start(&l->cutter, in, 1);
}

enum st
lines_peek(struct lines *l, struct slice *head, struct err *err)
{
    assert(!l->ahead);
    return cutter_peek(&l->cutter, head, err);
}

enum st
lines_look(struct lines *l, struct slice *head, struct err *err)
{
    assert(!l->ahead);
    return cutter_look(&l->cutter, head, err);
}

enum st
lines_watch(struct lines *l, lines_watcher *watch, void *ctx, struct err *err)
{
    assert(!l->ahead);
    return cutter_watch(&l->cutter, watch, ctx, err);
}

void
lines_take_all(struct lines *l)
{
    input_take_all(l->in);
}

void
lines_in_pieces(struct lines *l)
{
    assert(!l->ahead);
    l->cutter.in_pieces = true;
}

static void
make(struct lines *l, struct made *made)
{
    int64_t start = clock_monotonic_us();

    made->rc = cutter_next(&l->cutter, &made->block, &made->fresh, &made->err);
    made->stored_bytes = input_position(l->in);
    l->decode_us += clock_monotonic_us() - start; /* lines_decode_us: once the thread has ended */
}

/* ---- ahead ---- */

static void *
cut_ahead(void *arg)
{
    struct lines *l = arg;
    enum st rc = ST_OK;

    while (rc == ST_OK) {
        struct made *made;

        pthread_mutex_lock(&l->lock);
        while (l->n == AHEAD && !l->stop)
            pthread_cond_wait(&l->changed, &l->lock);
        made = l->stop ? NULL : &l->ring[(l->first + l->n) % AHEAD];
        pthread_mutex_unlock(&l->lock);
        if (made == NULL)
            break;
        make(l, made); /* the place is ours until it is counted */
        rc = made->rc;
        pthread_mutex_lock(&l->lock);
        l->n++;
        pthread_cond_signal(&l->changed);
        pthread_mutex_unlock(&l->lock);
    }
    return NULL;
}

void
lines_go_ahead(struct lines *l)
{
    struct err ignored;

    if (cutter_reserve(&l->cutter, BUFFERS_MAX, &ignored) != ST_OK)
        return;
    l->cutter.n_buffers = BUFFERS_MAX;
    l->first = l->n = 0;
    l->in_use = l->stop = false;
    l->ahead = pthread_create(&l->thread, NULL, cut_ahead, l) == 0;
}

void
lines_stop(struct lines *l)
{
    if (!l->ahead)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    l->ahead = false;
}

/* The oldest block of the ring; the one before it is given back. */
static struct made *
next_made(struct lines *l)
{
    pthread_mutex_lock(&l->lock);
    if (l->in_use) {
        l->first = (l->first + 1) % AHEAD;
        l->n--;
        pthread_cond_signal(&l->changed);
    }
    while (l->n == 0)
        pthread_cond_wait(&l->changed, &l->lock);
    l->in_use = l->ring[l->first].rc == ST_OK; /* the end stays, for whoever asks again */
    pthread_mutex_unlock(&l->lock);
    return &l->ring[l->first];
}

/* ---- the caller's side ---- */

/*
 * The thread that cuts ahead has more to do than the one that counts, which needs these bytes in
 * its cache anyway: so they are hashed here.
 */
static void
identify(struct lines *l, const struct slice *fresh)
{
    int64_t start = clock_monotonic_us();

    input_identify(l->in, fresh->p, fresh->n);
    l->identify_us += clock_monotonic_us() - start;
}

enum st
lines_next(struct lines *l, struct block *block, struct err *err)
{
    struct made here, *made = &here;

    do {
        if (l->ahead)
            made = next_made(l);
        else
            make(l, made);
        l->stored_bytes = made->stored_bytes;
        if (made->rc != ST_OK) {
            if (made->rc != ST_EOF)
                *err = made->err;
            return made->rc;
        }
        identify(l, &made->fresh);
    } while (made->block.n == 0 && made->block.n_too_long == 0); /* a line that goes on */
    *block = made->block;
    l->next_line_no += block->n_too_long;
    block->first_line_no = l->next_line_no;
    return ST_OK;
}

void
lines_used(struct lines *l, uint64_t next_line_no)
{
    l->next_line_no = next_line_no;
}

uint64_t
lines_stored_bytes(const struct lines *l)
{
    return l->stored_bytes;
}

int64_t
lines_decode_us(const struct lines *l)
{
    assert(!l->ahead);
    return l->decode_us + l->identify_us;
}
