/*
 * The bytes of a file as they are stored: read in large pieces, hashed on the way for the ledger's
 * sightings. First station of the flow; the codecs take from here.
 */
#include "ingest/base.h"

#include <poll.h>

#include "input_priv.h"

enum st
stored_init(struct stored *s, int fd, uint64_t limit, struct hash_stream *hash, struct err *err)
{
    *s = (struct stored){ .fd = fd, .limit = limit, .hash = hash };
    s->buf = malloc(STORED_UNREAD + STORED_BUF);
    if (s->buf == NULL)
        return err_memory(err, "cannot read input");
    memset(s->buf, 0, STORED_UNREAD);
    s->at = s->end = s->buf + STORED_UNREAD;
    return ST_OK;
}

void
stored_release(struct stored *s)
{
    free(s->buf);
    s->buf = NULL;
}

uint64_t
stored_offset(const struct stored *s)
{
    return s->n_read - (uint64_t)(s->end - s->at);
}

static enum st
read_feed(struct stored *s, uint8_t *p, size_t want, size_t *n, struct err *err)
{
    enum st rc = s->feed->read(s->feed->ctx, p, want, n, err);

    if (rc != ST_OK)
        return rc;
    s->n_read += *n;
    s->eof = *n == 0;
    return s->eof ? ST_EOF : ST_OK;
}

/*
 * Reads up to `want` bytes to `p`. A standard input that another program made non-blocking is
 * waited for.
 */
static enum st
read_some(struct stored *s, uint8_t *p, size_t want, size_t *n, struct err *err)
{
    ssize_t got;

    if (s->feed != NULL)
        return read_feed(s, p, want, n, err);
    while ((got = read(s->fd, p, want)) < 0) {
        if (errno == EAGAIN && poll(&(struct pollfd){ .fd = s->fd, .events = POLLIN }, 1, -1) >= 0)
            continue;
        if (errno == EINTR)
            continue;
        err_fail(err, ST_IO, "cannot read input", "%s", strerror(errno));
        err->offset = s->n_read;
        return ST_IO;
    }
    s->n_read += (uint64_t)got;
    *n = (size_t)got;
    if (got == 0) {
        s->eof = true;
        return ST_EOF;
    }
    if (s->hash != NULL)
        hash_stream_add(s->hash, p, *n);
    return ST_OK;
}

enum st
stored_fill(struct stored *s, struct err *err)
{
    uint64_t left = s->limit - s->n_read;
    size_t n;
    enum st rc;

    if (likely(s->at < s->end))
        return ST_OK;
    if (s->eof || left == 0)
        return ST_EOF;
    memmove(s->buf, s->end - STORED_UNREAD, STORED_UNREAD);
    s->at = s->end = s->buf + STORED_UNREAD;
    rc = read_some(s, s->end, left < STORED_BUF ? (size_t)left : STORED_BUF, &n, err);
    if (rc == ST_OK)
        s->end += n;
    return rc;
}

enum st
stored_peek(struct stored *s, size_t want, struct err *err)
{
    enum st rc = stored_fill(s, err);

    assert(s->n_read == (uint64_t)(s->end - s->at) && want <= STORED_BUF);
    while (rc == ST_OK && s->n_read < want && s->n_read < s->limit) {
        uint64_t left = s->limit - s->n_read, room = STORED_BUF - s->n_read;
        size_t n;

        rc = read_some(s, s->end, (size_t)(left < room ? left : room), &n, err);
        if (rc == ST_OK)
            s->end += n;
    }
    return rc == ST_EOF && s->at < s->end ? ST_OK : rc;
}

enum st
stored_take(struct stored *s, void *p, uint64_t n, struct err *err)
{
    uint8_t *out = p;
    enum st rc;

    while (n > 0) {
        size_t part;

        if ((rc = stored_fill(s, err)) != ST_OK)
            return rc;
        part = (size_t)(s->end - s->at) < n ? (size_t)(s->end - s->at) : (size_t)n;
        if (out != NULL) {
            memcpy(out, s->at, part);
            out += part;
        }
        s->at += part;
        n -= part;
    }
    return ST_OK;
}
