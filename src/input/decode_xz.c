/*
 * xz (The .xz File Format, 1.1.0): streams one after another, zero padding between and after them,
 * nothing else. liblzma reads all of it; here are its memory, which a block's header asks for, and
 * the integrity check, which a stream may do without.
 *
 *   +-------------------+-------+----------------------------+-------+----------------+
 *   | fd 37 7a 58 5a 00 | flags | blocks: header, data,      | index | footer: "YZ"   |
 *   |                   | CRC   |         CRC-64 or another  |       |                |
 *   +-------------------+-------+----------------------------+-------+----------------+
 */
#include "ingest/base.h"

#include "input_priv.h"

#define MAGIC_BYTES 6

static bool
xz_is(const uint8_t *p, size_t n)
{
    return begins_with(p, n,
                       "\xfd"
                       "7zXZ\0",
                       MAGIC_BYTES);
}

#if defined(INGEST_HAVE_XZ)

#include <lzma.h>

enum where { BETWEEN, INSIDE };

struct xz {
    enum where where;
    bool any;        /* a stream has been read: rubbish is now rubbish behind the end */
    bool has_memory; /* this stream has */
    struct terms *terms;
    lzma_stream z;
};

static const char what[] = "cannot decode xz stream";

static enum st
corrupt(const struct stored *s, const char *cause, struct err *err)
{
    return decode_corrupt(stored_offset(s), what, cause, err);
}

/* Padding, the next stream or the end. ST_OK: inside a stream now. */
static enum st
next_stream(struct xz *z, struct stored *s, struct err *err)
{
    uint8_t head[MAGIC_BYTES];
    enum st rc;

    if ((rc = decode_skip_padding(s, z->any, err)) != ST_OK ||
        (rc = decode_magic(s, head, sizeof head, xz_is, what, "stream", err)) != ST_OK)
        return rc;
    s->at -= sizeof head; /* the library wants to read it, too */
    /* No memory for any block: the library then stops at the first and says how much it wants. */
    if (lzma_stream_decoder(&z->z, 1, LZMA_TELL_NO_CHECK | LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
        return err_memory(err, "cannot decode xz");
    z->has_memory = false;
    z->where = INSIDE;
    return ST_OK;
}

/*
 * A block wants memory. The blocks of a stream are alike in all that a tool writes; one that wants
 * more than the first would have to wait while it holds some, so such a file is refused.
 */
static enum st
find_memory(struct xz *z, const struct stored *s, struct err *err)
{
    uint64_t need = lzma_memusage(&z->z);
    enum st rc;

    if (z->has_memory && need > z->terms->held) {
        err_fail(err, ST_FORMAT, what, "a block wants more memory than the first of its stream");
        err->offset = stored_offset(s);
        return ST_FORMAT;
    }
    if (need > z->terms->held && (rc = terms_take(z->terms, need, &codec_xz, err)) != ST_OK)
        return rc;
    z->has_memory = true;
    if (lzma_memlimit_set(&z->z, need) != LZMA_OK)
        return err_memory(err, "cannot decode xz");
    return ST_OK;
}

static enum st
failed(const struct stored *s, lzma_ret code, struct err *err)
{
    switch (code) {
    case LZMA_MEM_ERROR:
        return err_memory(err, "cannot decode xz");
    case LZMA_OPTIONS_ERROR:
        err_fail(err, ST_FORMAT, what, "it is packed in a way that liblzma does not know");
        err->offset = stored_offset(s);
        return ST_FORMAT;
    default:
        return corrupt(s, "the data is damaged, or does not match its checksum", err);
    }
}

static enum st
xz_open(void **state, struct stored *s, struct terms *terms, struct err *err)
{
    struct xz *z = calloc(1, sizeof *z);

    (void)s;
    if (z == NULL)
        return err_memory(err, "cannot decode xz");
    z->z = (lzma_stream)LZMA_STREAM_INIT;
    z->terms = terms;
    *state = z;
    return ST_OK;
}

static enum st
xz_read(void *state, struct stored *s, char *p, size_t cap, size_t *n, struct err *err)
{
    struct xz *z = state;

    *n = 0;
    while (*n == 0) {
        lzma_ret code;
        enum st rc;
        bool ended;

        if (z->where == BETWEEN && (rc = next_stream(z, s, err)) != ST_OK)
            return rc;
        rc = stored_fill(s, err);
        if (rc != ST_OK && rc != ST_EOF)
            return rc;
        ended = rc == ST_EOF; /* the library may still hold output */
        z->z.next_in = s->at;
        z->z.avail_in = (size_t)(s->end - s->at);
        z->z.next_out = (uint8_t *)p;
        z->z.avail_out = cap;
        code = lzma_code(&z->z, LZMA_RUN);
        s->at = s->end - z->z.avail_in;
        *n = cap - z->z.avail_out;
        switch (code) {
        case LZMA_OK:
        case LZMA_BUF_ERROR: /* a second call without progress */
            if (ended && *n == 0)
                return decode_cut_short(s, what, "the input ends inside a stream", err);
            break;
        case LZMA_STREAM_END:
            lzma_end(&z->z); /* the next may have to wait for memory, and must hold none then */
            z->where = BETWEEN;
            z->any = true;
            break;
        case LZMA_NO_CHECK:
        case LZMA_UNSUPPORTED_CHECK:
            if ((rc = terms_unverified(z->terms, "an xz stream", err)) != ST_OK)
                return rc;
            break;
        case LZMA_MEMLIMIT_ERROR:
            if ((rc = find_memory(z, s, err)) != ST_OK)
                return rc;
            break;
        default:
            return failed(s, code, err);
        }
    }
    return ST_OK;
}

static void
xz_close(void *state)
{
    struct xz *z = state;

    if (z == NULL)
        return;
    lzma_end(&z->z);
    free(z);
}

#endif

const struct codec codec_xz = {
    .name = "xz",
    .unpack = "xz -dc",
    .package = "liblzma-dev",
    .about = "xz (The .xz File Format 1.1.0)",
    .is = xz_is,
#if defined(INGEST_HAVE_XZ)
    .open = xz_open,
    .read = xz_read,
    .close = xz_close,
#endif
};
