/*
 * gzip (RFC 1952): members one after another, zero padding between and after them, nothing else. We
 * read header and trailer ourselves and let ISA-L or zlib inflate the raw deflate data (RFC 1951)
 * between them, because gzread hides truncation, padding and rubbish behind the end.
 *
 *   +--------+-----------------------------+--------------+----------------+
 *   | 1f 8b  | CM FLG MTIME XFL OS [extra] | deflate data | CRC-32 | ISIZE |
 *   +--------+-----------------------------+--------------+----------------+
 *
 * A file of nothing but a header of 10 bytes is taken as empty: log shippers (Fastly's) write it
 * for a period without a request, and it cannot hold one.
 */
#include "ingest/base.h"

#include <zlib.h>

#include "inflate_priv.h"
#include "input_priv.h"

enum {
    FLG_TEXT = 1,
    FLG_HCRC = 2,
    FLG_EXTRA = 4,
    FLG_NAME = 8,
    FLG_COMMENT = 16,
    FLG_RESERVED = 0xe0
};

#define HEADER_BYTES 10 /* of a header without optional parts */

enum where { BETWEEN, INSIDE };

struct gzip {
    enum where where;
    bool any;       /* a member has been read: rubbish is now rubbish behind the end */
    uint32_t n_out; /* of this member, modulo 2^32 */
    uint32_t header_crc;
    struct terms *terms;
    struct inflater inflater;
};

static const char what[] = "cannot decode gzip member";

static enum st
corrupt(struct stored *s, struct err *err, const char *cause)
{
    return decode_corrupt(stored_offset(s), what, cause, err);
}

static enum st
cut_short(struct stored *s, struct err *err, const char *cause)
{
    return decode_cut_short(s, what, cause, err);
}

/*
 * At least one byte of header or trailer. ST_EOF becomes the error that the input ends inside it.
 */
static enum st
need(struct stored *s, const char *cut, struct err *err)
{
    enum st rc = stored_fill(s, err);

    return rc == ST_EOF ? cut_short(s, err, cut) : rc;
}

static void
skip_bytes(struct gzip *g, struct stored *s, size_t n)
{
    g->header_crc = (uint32_t)crc32(g->header_crc, s->at, (uInt)n);
    s->at += n;
}

static enum st
take(struct gzip *g, struct stored *s, uint8_t *out, const char *cut, struct err *err)
{
    enum st rc = need(s, cut, err);

    if (rc != ST_OK)
        return rc;
    *out = *s->at;
    skip_bytes(g, s, 1);
    return ST_OK;
}

static enum st
take_le(struct gzip *g, struct stored *s, int n, uint32_t *out, const char *cut, struct err *err)
{
    uint32_t v = 0;
    uint8_t c;
    enum st rc;

    for (int i = 0; i < n; i++) {
        if ((rc = take(g, s, &c, cut, err)) != ST_OK)
            return rc;
        v |= (uint32_t)c << (8 * i);
    }
    *out = v;
    return ST_OK;
}

/* FEXTRA: what it holds is between those who agreed on it. */
static enum st
skip_extra(struct gzip *g, struct stored *s, size_t n, const char *cut, struct err *err)
{
    enum st rc;

    while (n > 0) {
        if ((rc = need(s, cut, err)) != ST_OK)
            return rc;
        size_t part = (size_t)(s->end - s->at) < n ? (size_t)(s->end - s->at) : n;

        skip_bytes(g, s, part);
        n -= part;
    }
    return ST_OK;
}

/*
 * FNAME and FCOMMENT: bytes up to a NUL, of no interest to us (a name in a log must not choose a
 * path).
 */
static enum st
skip_text(struct gzip *g, struct stored *s, const char *cut, struct err *err)
{
    const uint8_t *nul;
    enum st rc;

    do {
        if ((rc = need(s, cut, err)) != ST_OK)
            return rc;
        nul = memchr(s->at, 0, (size_t)(s->end - s->at));
        skip_bytes(g, s, (size_t)((nul != NULL ? nul + 1 : s->end) - s->at));
    } while (nul == NULL);
    return ST_OK;
}

/* Behind the magic: RFC 1952, 2.3. */
static enum st
read_header(struct gzip *g, struct stored *s, struct err *err)
{
    static const char cut[] = "the input ends inside a member's header";
    static const uint8_t magic[2] = { 0x1f, 0x8b };
    uint32_t method, flags, skip, n, crc;
    enum st rc;

    g->header_crc = (uint32_t)crc32(crc32(0, NULL, 0), magic, 2);
    if ((rc = take_le(g, s, 1, &method, cut, err)) != ST_OK ||
        (rc = take_le(g, s, 1, &flags, cut, err)) != ST_OK)
        return rc;
    if (method != 8)
        return corrupt(s, err, "the compression method is not deflate");
    if (flags & FLG_RESERVED)
        return corrupt(s, err, "reserved flags are set in a member's header");
    if ((rc = take_le(g, s, 4, &skip, cut, err)) != ST_OK ||
        (rc = take_le(g, s, 2, &skip, cut, err)) != ST_OK)
        return rc;
    if (flags & FLG_EXTRA) {
        if ((rc = take_le(g, s, 2, &n, cut, err)) != ST_OK)
            return rc;
        if ((rc = skip_extra(g, s, n, cut, err)) != ST_OK)
            return rc;
    }
    if ((flags & FLG_NAME) && (rc = skip_text(g, s, cut, err)) != ST_OK)
        return rc;
    if ((flags & FLG_COMMENT) && (rc = skip_text(g, s, cut, err)) != ST_OK)
        return rc;
    crc = g->header_crc & 0xffff;
    if (flags & FLG_HCRC) {
        if ((rc = take_le(g, s, 2, &n, cut, err)) != ST_OK)
            return rc;
        if (n != crc)
            return corrupt(s, err, "a member's header does not match its checksum");
    }
    return ST_OK;
}

/* Does the input end here, behind the plainest header of its first member? */
static bool
is_header_alone(const struct gzip *g, struct stored *s)
{
    struct err ignored;

    return !g->any && stored_offset(s) == HEADER_BYTES && stored_fill(s, &ignored) == ST_EOF;
}

/* Padding, the next member or the end. ST_OK: inside a member now. */
static enum st
next_member(struct gzip *g, struct stored *s, struct err *err)
{
    uint8_t c;
    enum st rc;

    if ((rc = decode_skip_padding(s, g->any, err)) != ST_OK)
        return rc;
    if (*s->at != 0x1f)
        return corrupt(s, err, "there is rubbish behind the end of the last member");
    s->at++;
    if ((rc = take(g, s, &c, "the input ends inside a member's header", err)) != ST_OK)
        return rc;
    if (c != 0x8b) {
        s->at--;
        return corrupt(s, err, "there is rubbish behind the end of the last member");
    }
    if ((rc = read_header(g, s, err)) != ST_OK)
        return rc;
    if (is_header_alone(g, s)) {
        rc = terms_unverified(g->terms, "a gzip header alone", err);
        return rc == ST_OK ? ST_EOF : rc;
    }
    inflater_reset(&g->inflater);
    g->n_out = 0;
    g->where = INSIDE;
    return ST_OK;
}

static enum st
read_trailer(struct gzip *g, struct stored *s, struct err *err)
{
    static const char cut[] = "the input ends inside a member's checksum";
    uint32_t crc, size;
    enum st rc;

    if ((rc = take_le(g, s, 4, &crc, cut, err)) != ST_OK)
        return rc;
    if (crc != inflater_crc(&g->inflater)) /* before what may be cut off: damage is no cut */
        return corrupt(s, err, "the data does not match its CRC-32");
    if ((rc = take_le(g, s, 4, &size, cut, err)) != ST_OK)
        return rc;
    if (size != g->n_out)
        return corrupt(s, err, "the data does not match its length");
    g->any = true;
    g->where = BETWEEN;
    return ST_OK;
}

static enum st
gzip_open(void **state, struct stored *s, struct terms *terms, struct err *err)
{
    struct gzip *g = calloc(1, sizeof *g);

    (void)s;
    if (g == NULL || !inflater_init(&g->inflater)) {
        free(g);
        return err_memory(err, "cannot decode gzip");
    }
    g->terms = terms;
    *state = g;
    return ST_OK;
}

static enum st
gzip_read(void *state, struct stored *s, char *p, size_t cap, size_t *n, struct err *err)
{
    struct gzip *g = state;
    enum st rc;

    *n = 0;
    while (*n == 0) {
        const uint8_t *before;
        enum inflated how;
        bool ended;

        if (g->where == BETWEEN && (rc = next_member(g, s, err)) != ST_OK)
            return rc;
        rc = stored_fill(s, err);
        if (rc != ST_OK && rc != ST_EOF)
            return rc;
        ended = rc == ST_EOF; /* the inflater may still hold output, and even the trailer */
        before = s->at;
        how = inflater_run(&g->inflater, &s->at, s->end, (uint8_t *)p, cap, n);
        g->n_out += (uint32_t)*n;
        if (how == INFLATED_NO_MEMORY)
            return err_memory(err, "cannot decode gzip");
        if (how == INFLATED_BAD)
            return corrupt(s, err, "the deflate data is damaged");
        if (how == INFLATED_END && (rc = read_trailer(g, s, err)) != ST_OK)
            return rc;
        if (how == INFLATED_MORE && *n == 0 && ended)
            return cut_short(s, err, "the input ends inside a block");
        if (how == INFLATED_MORE && *n == 0 && s->at == before)
            return corrupt(s, err, "the deflate data makes no progress");
    }
    return ST_OK;
}

static void
gzip_close(void *state)
{
    struct gzip *g = state;

    if (g == NULL)
        return;
    inflater_release(&g->inflater);
    free(g);
}

static bool
gzip_is(const uint8_t *p, size_t n)
{
    return begins_with(p, n, "\x1f\x8b", 2);
}

const struct codec codec_gzip = {
    .name = "gzip",
    .unpack = "gzip -dc",
    .about = "gzip (RFC 1952)",
    .is = gzip_is,
    .open = gzip_open,
    .read = gzip_read,
    .close = gzip_close,
};
