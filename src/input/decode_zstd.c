/*
 * Zstandard (RFC 8878): frames one after another, skippable frames among them, zero padding between
 * and after, nothing else. Frame headers are read here, because they say before any decoding how
 * large a window the frame wants and whether it ends in a checksum; the rest is libzstd's.
 *
 *   +-------------+------------+--------+------------+--------------+--------+-----------+
 *   | 28 b5 2f fd | descriptor | window | dictionary | content size | blocks | [XXH64/2] |
 *   |             |     1      |  0..1  |    0..4    |     0..8     |        |   0 or 4  |
 *   +-------------+------------+--------+------------+--------------+--------+-----------+
 */
#include "ingest/base.h"

#include "input_priv.h"

#define MAGIC_BYTES    4
#define HEADER_MAX     18          /* bytes, magic included */
#define BESIDES_WINDOW (512 * KIB) /* tables, a block as stored, a block on its way out */
#define LEAST          MIB         /* one decoder for all small frames */

/*
 * The first bytes of a frame's magic number, or of one of the sixteen of skippable frames (3.1.2).
 */
static bool
fits_magic(const uint8_t *p, size_t n)
{
    return begins_with(p, n, "\x28\xb5\x2f\xfd", 4) ||
           ((p[0] & 0xf0) == 0x50 && begins_with(p + 1, n - 1, "\x2a\x4d\x18", 3));
}

/* A single byte might be one of sixteen letters. */
static bool
zstd_is(const uint8_t *p, size_t n)
{
    return fits_magic(p, n) && (n > 1 || p[0] == 0x28);
}

#if defined(INGEST_HAVE_ZSTD)

#include <zstd.h>
#include <zstd_errors.h>

enum where { BETWEEN, INSIDE };

struct header {
    uint64_t window;
    uint32_t dictionary; /* 0: none */
    bool checksum;
};

struct zstd {
    enum where where;
    bool any;                 /* a frame has been read: rubbish is now rubbish behind the end */
    uint8_t head[HEADER_MAX]; /* of the frame, as far as it has been read */
    size_t n_head;
    struct terms *terms;
    ZSTD_DCtx *z; /* with room for frames of up to terms->held */
};

static const char what[] = "cannot decode zstd frame";

static enum st
corrupt(const struct stored *s, const char *cause, struct err *err)
{
    return decode_corrupt(stored_offset(s), what, cause, err);
}

/* The next `n` bytes of a header. */
static enum st
take(struct zstd *z, struct stored *s, size_t n, struct err *err)
{
    enum st rc = stored_take(s, z->head + z->n_head, n, err);

    if (rc == ST_EOF)
        return decode_cut_short(s, what, "the input ends inside a frame's header", err);
    z->n_head += n;
    return rc;
}

static uint64_t
little_endian(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

/* Behind the magic: RFC 8878, 3.1.1.1. */
static enum st
read_header(struct zstd *z, struct stored *s, struct header *h, struct err *err)
{
    static const uint8_t dictionary_bytes[] = { 0, 1, 2, 4 }, size_bytes[] = { 0, 2, 4, 8 };
    size_t n_window, n_dictionary, n_size;
    uint8_t descriptor;
    const uint8_t *p;
    enum st rc;

    if ((rc = take(z, s, 1, err)) != ST_OK)
        return rc;
    descriptor = z->head[4];
    if (descriptor & 0x08)
        return corrupt(s, "a reserved bit is set in a frame's header", err);
    n_window = descriptor & 0x20 ? 0 : 1;
    n_dictionary = dictionary_bytes[descriptor & 3];
    n_size = size_bytes[descriptor >> 6];
    if (n_window == 0 && n_size == 0)
        n_size = 1;
    if ((rc = take(z, s, n_window + n_dictionary + n_size, err)) != ST_OK)
        return rc;
    p = z->head + 5;
    if (n_window == 1) {
        uint64_t base = UINT64_C(1) << (10 + (*p >> 3));

        h->window = base + base / 8 * (*p & 7);
        p++;
    } else {
        h->window = little_endian(p + n_dictionary, n_size) + (n_size == 2 ? 256 : 0);
    }
    h->dictionary = (uint32_t)little_endian(p, n_dictionary);
    h->checksum = descriptor & 0x04;
    return ST_OK;
}

/* A decoder with room for such a window: the one that is there, or a larger one instead of it. */
static enum st
make_ready(struct zstd *z, uint64_t window, struct err *err)
{
    uint64_t need = window > UINT64_MAX / 2 ? window : window + BESIDES_WINDOW;
    int log = 10;
    enum st rc;

    need = need > LEAST ? need : LEAST;
    if (z->z != NULL && need <= z->terms->held)
        return ST_OK;
    ZSTD_freeDCtx(z->z);
    z->z = NULL;
    if ((rc = terms_take(z->terms, need, &codec_zstd, err)) != ST_OK)
        return rc;
    z->z = ZSTD_createDCtx();
    if (z->z == NULL)
        return err_memory(err, "cannot decode zstd");
    while (log < 31 && UINT64_C(1) << log < need)
        log++;
    if (ZSTD_isError(ZSTD_DCtx_setParameter(z->z, ZSTD_d_windowLogMax, log)))
        return err_fail(err, ST_BUG, "cannot decode zstd", "the library takes no window of 2^%d",
                        log);
    return ST_OK;
}

static enum st
begin_frame(struct zstd *z, struct stored *s, struct err *err)
{
    struct header h = { 0 };
    enum st rc;

    if ((rc = read_header(z, s, &h, err)) != ST_OK)
        return rc;
    if (h.dictionary != 0) {
        err_fail(err, ST_FORMAT, what, "it needs dictionary %" PRIu32 ", which is not in the file",
                 h.dictionary);
        err_hint(err, "unpack it on the way: zstd -dc -D DICTIONARY FILE | ingest -");
        return ST_FORMAT;
    }
    if (!h.checksum && (rc = terms_unverified(z->terms, "a zstd frame", err)) != ST_OK)
        return rc;
    if ((rc = make_ready(z, h.window, err)) != ST_OK)
        return rc;
    s->at -= z->n_head; /* the library wants to read it, too */
    z->where = INSIDE;
    return ST_OK;
}

/* Its content is between those who agreed on it. */
static enum st
skip_frame(struct zstd *z, struct stored *s, struct err *err)
{
    enum st rc = take(z, s, 4, err);

    if (rc != ST_OK)
        return rc;
    z->any = true;
    rc = stored_take(s, NULL, little_endian(z->head + 4, 4), err);
    return rc == ST_EOF ? decode_cut_short(s, what, "the input ends inside a skippable frame", err)
                        : rc;
}

/* Padding, the next frame or the end. ST_OK: inside a frame now. */
static enum st
next_frame(struct zstd *z, struct stored *s, struct err *err)
{
    enum st rc;

    for (;;) {
        if ((rc = decode_skip_padding(s, z->any, err)) != ST_OK ||
            (rc = decode_magic(s, z->head, MAGIC_BYTES, fits_magic, what, "frame", err)) != ST_OK)
            return rc;
        z->n_head = MAGIC_BYTES;
        if (z->head[0] == 0x28)
            return begin_frame(z, s, err);
        if ((rc = skip_frame(z, s, err)) != ST_OK)
            return rc;
    }
}

static enum st
failed(const struct stored *s, size_t code, struct err *err)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation:
        return err_memory(err, "cannot decode zstd");
    case ZSTD_error_checksum_wrong:
        return corrupt(s, "the data does not match its checksum", err);
    default:
        return corrupt(s, ZSTD_getErrorName(code), err);
    }
}

static enum st
zstd_open(void **state, struct stored *s, struct terms *terms, struct err *err)
{
    struct zstd *z = calloc(1, sizeof *z);

    (void)s;
    if (z == NULL)
        return err_memory(err, "cannot decode zstd");
    z->terms = terms;
    *state = z;
    return ST_OK;
}

static enum st
zstd_read(void *state, struct stored *s, char *p, size_t cap, size_t *n, struct err *err)
{
    struct zstd *z = state;
    ZSTD_outBuffer out = { p, cap, 0 };

    *n = 0;
    while (out.pos == 0) {
        ZSTD_inBuffer in;
        size_t code;
        enum st rc;
        bool ended;

        if (z->where == BETWEEN && (rc = next_frame(z, s, err)) != ST_OK)
            return rc;
        rc = stored_fill(s, err);
        if (rc != ST_OK && rc != ST_EOF)
            return rc;
        ended = rc == ST_EOF; /* the library may still hold output */
        in = (ZSTD_inBuffer){ s->at, (size_t)(s->end - s->at), 0 };
        code = ZSTD_decompressStream(z->z, &out, &in);
        s->at += in.pos;
        if (ZSTD_isError(code))
            return failed(s, code, err);
        if (code == 0) {
            z->where = BETWEEN;
            z->any = true;
        } else if (ended && out.pos == 0) {
            return decode_cut_short(s, what, "the input ends inside a block", err);
        }
    }
    *n = out.pos;
    return ST_OK;
}

static void
zstd_close(void *state)
{
    struct zstd *z = state;

    if (z == NULL)
        return;
    ZSTD_freeDCtx(z->z);
    free(z);
}

#endif

const struct codec codec_zstd = {
    .name = "zstd",
    .unpack = "zstd -dc --long=31",
    .package = "libzstd-dev",
    .about = "Zstandard (RFC 8878)",
    .is = zstd_is,
#if defined(INGEST_HAVE_ZSTD)
    .open = zstd_open,
    .read = zstd_read,
    .close = zstd_close,
#endif
};
