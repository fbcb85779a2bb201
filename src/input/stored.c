/*
 * The bytes of a file as they are stored: read in large pieces, hashed on the way for the ledger's sightings. First
 * station of the flow; the codecs take from here.
 */
#include "ingest/base.h"

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

enum st
stored_fill(struct stored *s, struct err *err)
{
    uint8_t *start = s->buf + STORED_UNREAD;
    size_t want = STORED_BUF;
    ssize_t got;

    if (s->at < s->end)
        return ST_OK;
    if (s->limit - s->n_read < want)
        want = (size_t)(s->limit - s->n_read);
    if (s->eof || want == 0)
        return ST_EOF;
    memmove(s->buf, s->end - STORED_UNREAD, STORED_UNREAD);
    do
        got = read(s->fd, start, want);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        err_fail(err, ST_IO, "cannot read input", "%s", strerror(errno));
        err->offset = s->n_read;
        return ST_IO;
    }
    s->at = start;
    s->end = start + got;
    s->n_read += (uint64_t)got;
    if (got == 0) {
        s->eof = true;
        return ST_EOF;
    }
    if (s->hash != NULL)
        hash_stream_add(s->hash, start, (size_t)got);
    return ST_OK;
}
