/*
 * No container: the bytes are the payload.
 */
#include "ingest/base.h"

#include "input_priv.h"

static enum st
plain_open(void **state, struct stored *s, struct terms *terms, struct err *err)
{
    (void)s;
    (void)err;
    *state = NULL;
    terms->unverified = true; /* and no container that could be asked for a checksum */
    return ST_OK;
}

static enum st
plain_read(void *state, struct stored *s, char *p, size_t cap, size_t *n, struct err *err)
{
    enum st rc = stored_fill(s, err);

    (void)state;
    *n = 0;
    if (rc != ST_OK)
        return rc;
    *n = (size_t)(s->end - s->at) < cap ? (size_t)(s->end - s->at) : cap;
    memcpy(p, s->at, *n);
    s->at += *n;
    return ST_OK;
}

static void
plain_close(void *state)
{
    (void)state;
}

const struct codec codec_plain = {
    .name = "plain",
    .open = plain_open,
    .read = plain_read,
    .close = plain_close,
    .about = "no compression",
};
