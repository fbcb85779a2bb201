/*
 * bzip2: streams one after another, zero padding between and after them, nothing else. There is no
 * RFC; the format is what libbz2 (manual, 1.0.8) reads. Each block and each stream has a CRC-32,
 * and the library looks at all of them.
 *
 *   +-----------+-------+--------------------------------+-----+--------------------------------+
 *   | "BZh" 1-9 | block | 31 41 59 26 53 59, CRC, data   | ... | 17 72 45 38 50 90, CRC, padding|
 *   +-----------+-------+--------------------------------+-----+--------------------------------+
 *     times 100,000 bytes: the largest block
 */
#include "ingest/base.h"

#include "input_priv.h"

#define HEADER_BYTES 4

/*
 * A block's beginning or a stream's end, a few bits of which may be damaged: else what begins with
 * "BZh" is text.
 */
static bool
looks_like_block(const uint8_t *p, size_t n)
{
    static const uint8_t block[] = { 0x31, 0x41, 0x59, 0x26, 0x53, 0x59 },
                         end[] = { 0x17, 0x72, 0x45, 0x38, 0x50, 0x90 };
    int like_block = 0, like_end = 0;

    n = n < sizeof block ? n : sizeof block;
    for (size_t i = 0; i < n; i++) {
        like_block += p[i] == block[i];
        like_end += p[i] == end[i];
    }
    return like_block * 2 >= (int)n || like_end * 2 >= (int)n;
}

static bool
fits_header(const uint8_t *p, size_t n)
{
    return begins_with(p, n, "BZh", 3) && (n < HEADER_BYTES || (p[3] >= '1' && p[3] <= '9'));
}

static bool
bzip2_is(const uint8_t *p, size_t n)
{
    return fits_header(p, n) &&
           (n <= HEADER_BYTES || looks_like_block(p + HEADER_BYTES, n - HEADER_BYTES));
}

#if defined(INGEST_HAVE_BZIP2)

#include <bzlib.h>

enum where { BETWEEN, INSIDE };

struct bzip2 {
    enum where where;
    bool any; /* a stream has been read: rubbish is now rubbish behind the end */
    struct terms *terms;
    bz_stream z; /* while INSIDE */
};

static const char what[] = "cannot decode bzip2 stream";

static enum st
corrupt(const struct stored *s, const char *cause, struct err *err)
{
    return decode_corrupt(stored_offset(s), what, cause, err);
}

/* libbz2 manual, 3.3.4 and 2.3: 100 kB, and four times the block. */
static size_t
memory_of(char level)
{
    return 100 * KIB + (size_t)(level - '0') * 400 * KIB;
}

/* Padding, the next stream or the end. ST_OK: inside a stream now. */
static enum st
next_stream(struct bzip2 *z, struct stored *s, struct err *err)
{
    uint8_t head[HEADER_BYTES];
    size_t memory;
    enum st rc;

    if ((rc = decode_skip_padding(s, z->any, err)) != ST_OK ||
        (rc = decode_magic(s, head, sizeof head, fits_header, what, "stream", err)) != ST_OK)
        return rc;
    s->at -= sizeof head; /* the library wants to read it, too */
    memory = memory_of((char)head[3]);
    if (memory > z->terms->held && (rc = terms_take(z->terms, memory, &codec_bzip2, err)) != ST_OK)
        return rc;
    z->z = (bz_stream){ 0 };
    if (BZ2_bzDecompressInit(&z->z, 0, 0) != BZ_OK)
        return err_memory(err, "cannot decode bzip2");
    z->where = INSIDE;
    return ST_OK;
}

static enum st
failed(const struct stored *s, int code, struct err *err)
{
    if (code == BZ_MEM_ERROR)
        return err_memory(err, "cannot decode bzip2");
    return corrupt(s,
                   code == BZ_DATA_ERROR ? "the data is damaged, or does not match its CRC-32"
                                         : "a block does not begin as one",
                   err);
}

static enum st
bzip2_open(void **state, struct stored *s, struct terms *terms, struct err *err)
{
    struct bzip2 *z = calloc(1, sizeof *z);

    (void)s;
    if (z == NULL)
        return err_memory(err, "cannot decode bzip2");
    z->terms = terms;
    *state = z;
    return ST_OK;
}

static enum st
bzip2_read(void *state, struct stored *s, char *p, size_t cap, size_t *n, struct err *err)
{
    struct bzip2 *z = state;

    *n = 0;
    while (*n == 0) {
        unsigned room = cap < UINT32_MAX / 2 ? (unsigned)cap : UINT32_MAX / 2;
        enum st rc;
        bool ended;
        int code;

        if (z->where == BETWEEN && (rc = next_stream(z, s, err)) != ST_OK)
            return rc;
        rc = stored_fill(s, err);
        if (rc != ST_OK && rc != ST_EOF)
            return rc;
        ended = rc == ST_EOF; /* the library may still hold output */
        z->z.next_in = (char *)s->at;
        z->z.avail_in = (unsigned)(s->end - s->at);
        z->z.next_out = p;
        z->z.avail_out = room;
        code = BZ2_bzDecompress(&z->z);
        s->at = s->end - z->z.avail_in;
        *n = room - z->z.avail_out;
        if (code == BZ_STREAM_END) {
            BZ2_bzDecompressEnd(&z->z);
            z->where = BETWEEN;
            z->any = true;
        } else if (code != BZ_OK) {
            return failed(s, code, err);
        } else if (ended && *n == 0) {
            return decode_cut_short(s, what, "the input ends inside a block", err);
        }
    }
    return ST_OK;
}

static void
bzip2_close(void *state)
{
    struct bzip2 *z = state;

    if (z != NULL && z->where == INSIDE)
        BZ2_bzDecompressEnd(&z->z);
    free(z);
}

#endif

const struct codec codec_bzip2 = {
    .name = "bzip2",
    .unpack = "bzip2 -dc",
    .package = "libbz2-dev",
    .about = "bzip2",
    .is = bzip2_is,
#if defined(INGEST_HAVE_BZIP2)
    .open = bzip2_open,
    .read = bzip2_read,
    .close = bzip2_close,
#endif
};
