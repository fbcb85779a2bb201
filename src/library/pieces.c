/*
 * An input that comes in pieces. Decoders and parsers ask for bytes, and the caller brings them: so
 * they have a thread of their own, which works only while the caller waits for it, inside a call.
 * The two take turns; nothing ever happens at once, and no byte of a piece is copied but to where
 * it is decoded from.
 */
#include "ingest/base.h"

#include <signal.h>

#include "library_priv.h"

#define WORTH_A_TURN (64 * KIB)

/* ---- the reader's side ---- */

/* A struct feeder's read: the next bytes of the piece, or the next turn of the caller. */
static enum st
feed_read(void *ctx, void *p, size_t cap, size_t *n, struct err *err)
{
    struct pieces *s = ctx;
    enum st rc = ST_OK;

    pthread_mutex_lock(&s->lock);
    if (s->left == 0 && !s->ended && !s->dropped) {
        s->turn = TURN_CALLER;
        pthread_cond_signal(&s->changed);
    }
    while (s->turn == TURN_CALLER)
        pthread_cond_wait(&s->changed, &s->lock);
    if (s->dropped)
        rc = err_fail(err, ST_STOPPED, "stopped", "the input was dropped");
    *n = s->left < cap ? s->left : cap;
    if (*n > 0)
        memcpy(p, s->at, *n);
    s->at += *n;
    s->left -= *n;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

static void *
read_pieces(void *arg)
{
    struct ingest *h = arg;
    struct pieces *s = &h->pieces;
    struct source source = { .path = "-", .is_stdin = true, .feed = &s->feed };
    enum st rc;

    pthread_mutex_lock(&s->lock);
    while (s->turn == TURN_CALLER)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    rc = count_input(h, &source, &s->known, &s->err);
    pthread_mutex_lock(&s->lock);
    s->rc = rc;
    s->over = true;
    s->turn = TURN_CALLER;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- the caller's side ---- */

/* The reader's turn, until it wants more or is done. */
static void
let_it_read(struct pieces *s, const void *p, size_t n)
{
    pthread_mutex_lock(&s->lock);
    if (!s->over) {
        s->at = p;
        s->left = n;
        s->turn = TURN_READER;
        pthread_cond_signal(&s->changed);
        while (s->turn == TURN_READER)
            pthread_cond_wait(&s->changed, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

/* The host's signal handlers must not run on a thread that it does not know of. */
static int
start_thread(pthread_t *thread, void *(*body)(void *), void *arg)
{
    pthread_attr_t attr;
    sigset_t all;
    int failed = pthread_attr_init(&attr);

    if (failed != 0)
        return failed;
    sigfillset(&all);
    failed = pthread_attr_setsigmask_np(&attr, &all);
    if (failed == 0)
        failed = pthread_create(thread, &attr, body, arg);
    pthread_attr_destroy(&attr);
    return failed;
}

static enum st
begin(struct ingest *h, struct err *err)
{
    struct pieces *s = &h->pieces;
    int failed;

    *s = (struct pieces){ .turn = TURN_CALLER, .feed = { .read = feed_read, .ctx = s } };
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    failed = start_thread(&s->thread, read_pieces, h);
    s->open = failed == 0;
    if (failed == 0)
        return ST_OK;
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    return err_fail(err, ST_MEMORY, "cannot start a thread", "%s", strerrordesc_np(failed));
}

static void
end(struct pieces *s)
{
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    buf_release(&s->waiting);
    s->open = false;
}

static enum st
add_piece(struct pieces *s, const void *bytes, size_t n, struct err *err)
{
    if (s->waiting.n + n < WORTH_A_TURN)
        return n == 0 || buf_add(&s->waiting, bytes, n) ? ST_OK
                                                        : err_memory(err, "cannot hold a piece");
    if (s->waiting.n > 0)
        let_it_read(s, s->waiting.p, s->waiting.n);
    buf_reset(&s->waiting);
    let_it_read(s, bytes, n);
    return ST_OK;
}

enum ingest_status
ingest_add_bytes(struct ingest *h, const void *bytes, size_t n)
{
    enum ingest_status status;
    struct err err = { 0 };
    enum st rc = ST_OK;

    if (!message_begin(h, &status))
        return status;
    if (h->read)
        return message_usage(h, READ_ALREADY);
    if (!h->pieces.open)
        rc = begin(h, &err);
    if (rc == ST_OK && !h->pieces.over)
        rc = add_piece(&h->pieces, bytes, n, &err);
    if (rc == ST_OK && h->pieces.over) {
        rc = h->pieces.rc;
        err = h->pieces.err;
    }
    return message_end(h, rc, false, &err);
}

enum ingest_status
ingest_end_input(struct ingest *h)
{
    enum ingest_status status;
    struct err err = { 0 };
    struct pieces *s;
    enum st rc = ST_OK;

    if (!message_begin(h, &status))
        return status;
    if (h->read)
        return message_usage(h, READ_ALREADY);
    s = &h->pieces;
    if (!s->open)
        rc = begin(h, &err);
    if (rc != ST_OK)
        return message_end(h, rc, false, &err);
    s->ended = true; /* nobody looks before it is the reader's turn */
    let_it_read(s, s->waiting.p, s->waiting.n);
    end(s);
    return message_end(h, s->rc, s->known, &s->err);
}

void
ingest_drop_input(struct ingest *h)
{
    struct pieces *s;

    if (h == NULL || !h->pieces.open)
        return;
    s = &h->pieces;
    s->dropped = true;
    let_it_read(s, NULL, 0);
    end(s);
    h->message[0] = '\0';
}
