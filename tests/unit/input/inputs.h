/*
 * Inputs made in memory for the tests of input/ and lines/: gzip members in every shape, files without a disk, pipes that
 * give their bytes in chosen pieces.
 */
#ifndef TEST_INPUTS_H
#define TEST_INPUTS_H

#include "ingest/base.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <cmocka.h>
#include <zlib.h>

#include "ingest/buf.h"
#include "ingest/input.h"

static const struct hash_secret secret = { .b = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6 } };

/* ---- bytes ---- */

static inline uint32_t
random_next(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Lines as in a log, with enough variety for dynamic Huffman codes. */
static inline void
add_log(struct buf *b, size_t n, uint32_t seed)
{
    size_t end = b->n + n;

    while (b->n < end) {
        uint32_t v[6];

        for (size_t i = 0; i < ARRAY_LEN(v); i++)
            v[i] = random_next(&seed);
        buf_printf(b, "192.0.2.%u - - [01/Mar/2024:00:%02u:%02u +0000] \"GET /gems/g%u-%u.gem\" 200 %u\n", v[0] % 256, v[1] % 60,
                   v[2] % 60, v[3] % 5000, v[4] % 9, v[5]);
    }
    b->n = end;
}

static inline void
add_noise(struct buf *b, size_t n, uint32_t seed)
{
    assert_true(buf_reserve(b, n));
    for (size_t i = 0; i < n; i++)
        b->p[b->n++] = (char)random_next(&seed);
}

static inline void
add_fill(struct buf *b, char c, size_t n)
{
    assert_true(buf_reserve(b, n));
    if (n > 0)
        memset(b->p + b->n, c, n);
    b->n += n;
}

static inline void
add_le(struct buf *b, uint32_t v, int n)
{
    for (int i = 0; i < n; i++, v >>= 8)
        buf_add(b, &(char){ (char)v }, 1);
}

/* ---- gzip ---- */

struct member {
    uint8_t flags, method; /* method 0 means 8 */
    struct slice extra, name, comment;
    int level, strategy, flush_every, mem_level; /* as zlib's; level 0 means 6, -9 means 0: stored blocks */
    bool bad_crc, bad_size, bad_header_crc;
};

static inline void
add_deflated(struct buf *b, struct slice text, const struct member *m)
{
    z_stream z = { 0 };
    size_t step = m->flush_every > 0 ? (size_t)m->flush_every : text.n;
    int level = m->level == 0 ? 6 : m->level == -9 ? 0 : m->level, rc = Z_OK;

    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -15, m->mem_level == 0 ? 8 : m->mem_level, m->strategy), Z_OK);
    for (size_t at = 0, n = 0; rc != Z_STREAM_END; at += n) {
        bool last = text.n - at <= step;

        n = last ? text.n - at : step;
        z.next_in = (Bytef *)(uintptr_t)(text.p + at);
        z.avail_in = (uInt)n;
        do {
            assert_true(buf_reserve(b, 64 * KIB));
            z.next_out = (Bytef *)b->p + b->n;
            z.avail_out = 64 * KIB;
            rc = deflate(&z, last ? Z_FINISH : Z_FULL_FLUSH);
            b->n += 64 * KIB - z.avail_out;
        } while (z.avail_out == 0 || (last && rc != Z_STREAM_END));
    }
    deflateEnd(&z);
}

static inline void
add_header(struct buf *b, const struct member *m)
{
    size_t start = b->n;
    uint32_t crc;

    buf_add(b, "\x1f\x8b", 2);
    add_le(b, m->method == 0 ? 8 : m->method, 1);
    add_le(b, m->flags, 1);
    buf_add(b, "\x65\x00\x12\x34\x02\x03", 6);
    if (m->flags & 4) {
        add_le(b, (uint32_t)m->extra.n, 2);
        buf_add_slice(b, m->extra);
    }
    if (m->flags & 8) {
        buf_add_slice(b, m->name);
        add_le(b, 0, 1);
    }
    if (m->flags & 16) {
        buf_add_slice(b, m->comment);
        add_le(b, 0, 1);
    }
    crc = (uint32_t)crc32(0, (const Bytef *)b->p + start, (uInt)(b->n - start));
    if (m->flags & 2)
        add_le(b, m->bad_header_crc ? ~crc : crc, 2);
}

static inline void
add_trailer(struct buf *b, struct slice text, const struct member *m)
{
    uint32_t crc = (uint32_t)crc32_z(0, (const Bytef *)text.p, text.n);

    add_le(b, crc ^ (m->bad_crc ? 0x800u : 0), 4);
    add_le(b, (uint32_t)text.n + (m->bad_size ? 1 : 0), 4);
}

static inline void
add_member(struct buf *b, struct slice text, const struct member *m)
{
    add_header(b, m);
    add_deflated(b, text, m);
    add_trailer(b, text, m);
}

/* ---- inputs ---- */

/* A file that exists only in memory, with a path like any other. */
struct file {
    int           fd;
    char          path[40];
    struct source source;
};

static inline void
file_init(struct file *f, struct slice bytes)
{
    f->fd = memfd_create("input", MFD_CLOEXEC);
    assert_true(f->fd >= 0);
    for (size_t at = 0; at < bytes.n;) {
        ssize_t n = write(f->fd, bytes.p + at, bytes.n - at);

        assert_true(n > 0);
        at += (size_t)n;
    }
    snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
    f->source = (struct source){ .path = f->path };
}

static inline void
file_release(struct file *f)
{
    close(f->fd);
}

/* Standard input that gives `piece` bytes a read, whatever the reader asks for. */
struct feed {
    struct slice bytes;
    size_t       piece;
    int          saved, ends[2];
    pthread_t    writer;
};

static inline void *
feed_run(void *arg)
{
    struct feed *f = arg;

    for (size_t at = 0, n = 0; at < f->bytes.n; at += n) {
        n = f->bytes.n - at < f->piece ? f->bytes.n - at : f->piece;
        if (send(f->ends[1], f->bytes.p + at, n, MSG_NOSIGNAL) != (ssize_t)n)
            break;
    }
    close(f->ends[1]);
    return NULL;
}

static inline void
feed_init(struct feed *f, struct slice bytes, size_t piece)
{
    *f = (struct feed){ .bytes = bytes, .piece = piece, .saved = dup(STDIN_FILENO) };
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, f->ends), 0);
    assert_int_equal(dup2(f->ends[0], STDIN_FILENO), STDIN_FILENO);
    close(f->ends[0]);
    assert_int_equal(pthread_create(&f->writer, NULL, feed_run, f), 0);
}

static inline void
feed_release(struct feed *f)
{
    dup2(f->saved, STDIN_FILENO);
    close(f->saved);
    pthread_join(f->writer, NULL);
}

static const struct source standard_input = { .path = "-", .is_stdin = true };

/* Opens, reads to the end, closes. ST_OK with everything in *out and *result, or what went wrong. */
static inline enum st
read_all(const struct source *source, size_t cap, struct buf *out, struct input_result *result, struct err *err)
{
    struct input *in = NULL;
    enum st rc = input_open(&in, source, &secret, NULL, err);
    size_t n;

    buf_reset(out);
    if (rc != ST_OK)
        return rc;
    do {
        assert_true(buf_reserve(out, cap));
        rc = input_read(in, out->p + out->n, cap, &n, err);
        if (rc == ST_OK) {
            assert_true(n >= 1 && n <= cap);
            input_identify(in, out->p + out->n, n);
            out->n += n;
        }
    } while (rc == ST_OK);
    if (rc == ST_EOF) {
        assert_int_equal(input_read(in, out->p, cap, &n, err), ST_EOF); /* and stays there */
        input_result(in, result);
        assert_int_equal(result->stored_bytes, input_position(in));
        rc = ST_OK;
    }
    input_close(in);
    return rc;
}

/* The payload that was read is this text. */
static inline void
is_payload(const struct input *in, struct slice text)
{
    struct prefix *slow = prefix_new(&secret);
    struct input_result result;
    struct digest hash;

    assert_non_null(slow);
    prefix_add(slow, text.p, text.n);
    hash = prefix_hash(slow);
    input_result(in, &result);
    assert_int_equal(result.identity.length, text.n);
    assert_memory_equal(result.identity.hash.b, hash.b, sizeof hash.b);
    prefix_free(slow);
}

static inline enum st
read_bytes(struct slice stored, size_t cap, struct buf *out, struct input_result *result, struct err *err)
{
    struct file f;
    enum st rc;

    file_init(&f, stored);
    rc = read_all(&f.source, cap, out, result, err);
    file_release(&f);
    return rc;
}

static inline struct slice
content(const struct buf *b)
{
    return (struct slice){ b->p, b->n };
}

/* The stored bytes must decode to exactly this text. */
static inline void
gives(const struct buf *stored, struct slice text, size_t cap)
{
    struct input_result result;
    struct buf out = { 0 };
    struct err err = { 0 };

    if (read_bytes(content(stored), cap, &out, &result, &err) != ST_OK)
        fail_msg("%s: %s at %" PRIu64 " of %zu", err.what, err.cause, err.offset, stored->n);
    assert_int_equal(out.n, text.n);
    if (!slice_eq(content(&out), text))
        fail_msg("other bytes came out");
    assert_int_equal(result.identity.length, text.n);
    assert_int_equal(result.stored_bytes, stored->n);
    buf_release(&out);
}

/* The stored bytes must be refused as damaged, at an offset that lies in the file. */
static inline void
refused(struct slice stored, const char *cause, uint64_t offset_min)
{
    struct input_result result;
    struct buf out = { 0 };
    struct err err = { 0 };
    enum st rc = read_bytes(stored, 64 * KIB, &out, &result, &err);

    if (rc != ST_CORRUPT)
        fail_msg("%s: taken (%d) with %zu bytes out of %zu", cause, rc, out.n, stored.n);
    if (strstr(err.cause, cause) == NULL)
        fail_msg("'%s' instead of '%s'", err.cause, cause);
    if (err.offset < offset_min || err.offset > stored.n)
        fail_msg("%s: offset %" PRIu64 " of %zu", err.cause, err.offset, stored.n);
    buf_release(&out);
}

#endif
