/*
 * Containers of every kind that this build reads, made in memory by the libraries themselves.
 */
#ifndef TEST_PACKS_H
#define TEST_PACKS_H

#include "inputs.h"
#include "input_priv.h"

#if defined(INGEST_HAVE_ZSTD)
#include <zstd.h>
#endif
#if defined(INGEST_HAVE_BZIP2)
#include <bzlib.h>
#endif
#if defined(INGEST_HAVE_XZ)
#include <lzma.h>
#endif

static inline void
pack_gzip(struct buf *b, struct slice text)
{
    add_member(b, text, &(struct member){ .mem_level = 1 });
}

#if defined(INGEST_HAVE_ZSTD)
struct frame {
    int  level, window_log; /* 0: as the library likes */
    bool no_checksum, no_size;
};

static inline void
add_frame(struct buf *b, struct slice text, const struct frame *f)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    ZSTD_inBuffer in = { text.p, text.n, 0 };
    size_t left = 1;

    assert_non_null(z);
    ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, f->level == 0 ? 3 : f->level);
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, !f->no_checksum);
    if (f->window_log > 0)
        assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, f->window_log)));
    if (!f->no_size)
        ZSTD_CCtx_setPledgedSrcSize(z, text.n);
    while (left > 0) {
        ZSTD_outBuffer out;

        assert_true(buf_reserve(b, 128 * KIB));
        out = (ZSTD_outBuffer){ b->p + b->n, 128 * KIB, 0 };
        left = ZSTD_compressStream2(z, &out, &in, ZSTD_e_end);
        assert_false(ZSTD_isError(left));
        b->n += out.pos;
    }
    ZSTD_freeCCtx(z);
}

static inline void
pack_zstd(struct buf *b, struct slice text)
{
    add_frame(b, text, &(struct frame){ 0 });
}

/* RFC 8878, 3.1.2; kind 0..15. */
static inline void
add_skippable(struct buf *b, unsigned kind, struct slice content_)
{
    add_le(b, 0x184d2a50 + kind, 4);
    add_le(b, (uint32_t)content_.n, 4);
    buf_add_slice(b, content_);
}
#endif

#if defined(INGEST_HAVE_BZIP2)
static inline void
add_bzip2(struct buf *b, struct slice text, int level)
{
    unsigned n = (unsigned)(text.n + text.n / 50 + 700);

    assert_true(buf_reserve(b, n));
    assert_int_equal(BZ2_bzBuffToBuffCompress(b->p + b->n, &n, (char *)(uintptr_t)(text.n > 0 ? text.p : ""), (unsigned)text.n, level, 0, 0),
                     BZ_OK);
    b->n += n;
}

static inline void
pack_bzip2(struct buf *b, struct slice text)
{
    add_bzip2(b, text, 1);
}
#endif

#if defined(INGEST_HAVE_XZ)
static inline void
add_xz(struct buf *b, struct slice text, uint32_t preset, lzma_check check)
{
    size_t cap = lzma_stream_buffer_bound(text.n), n = 0;

    assert_true(buf_reserve(b, cap));
    assert_int_equal(lzma_easy_buffer_encode(preset, check, NULL, (const uint8_t *)text.p, text.n, (uint8_t *)b->p + b->n, &n, cap),
                     LZMA_OK);
    b->n += n;
}

static inline void
pack_xz(struct buf *b, struct slice text)
{
    add_xz(b, text, 0, LZMA_CHECK_CRC64);
}
#endif

struct packer {
    const char *name, *part; /* what its containers are called in messages */
    void (*pack)(struct buf *b, struct slice text);
    size_t n_magic;
};

static const struct packer packers[] = {
    { "gzip", "member", pack_gzip, 2 },
#if defined(INGEST_HAVE_ZSTD)
    { "zstd", "frame", pack_zstd, 4 },
#endif
#if defined(INGEST_HAVE_BZIP2)
    { "bzip2", "stream", pack_bzip2, 4 },
#endif
#if defined(INGEST_HAVE_XZ)
    { "xz", "stream", pack_xz, 6 },
#endif
};

/* Opens with options, reads to the end, closes. */
static inline enum st
read_with(struct slice stored, const struct input_options *options, struct input_result *result, struct err *err)
{
    char *window = malloc(64 * KIB);
    struct input *in = NULL;
    struct file f;
    enum st rc;
    size_t n;

    file_init(&f, stored);
    rc = input_open(&in, &f.source, &secret, options, err);
    if (rc == ST_OK) {
        while ((rc = input_read(in, window, 64 * KIB, &n, err)) == ST_OK)
            input_identify(in, window, n);
        if (rc == ST_EOF)
            input_result(in, result);
        input_close(in);
    }
    file_release(&f);
    free(window);
    return rc == ST_EOF ? ST_OK : rc;
}

#endif
