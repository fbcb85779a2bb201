/*
 * What the tests of the library share: logs in memory and on disk, and all rows of a handle as one text.
 */
#ifndef TESTS_LIBRARY_H
#define TESTS_LIBRARY_H

#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>
#include <zlib.h>

#include "ingest.h"
#include "ingest/buf.h"

/* A download of a crate, as nginx logs it; ends in LF. */
static inline void
add_line(struct buf *b, const char *client, int day, const char *name, const char *bytes)
{
    buf_printf(b, "%s - - [%02d/Jan/2024:10:00:00 +0000] \"GET /crates/%s/%s-1.0.0.crate HTTP/1.1\" 200 %s \"-\" \"cargo 1.75.0\"\n",
               client, day, name, name, bytes);
}

static inline struct buf
some_log(int n)
{
    struct buf b = { 0 };

    for (int i = 0; i < n; i++) {
        char client[20], name[20];

        snprintf(client, sizeof client, "192.0.2.%d", i % 250 + 1);
        snprintf(name, sizeof name, "crate%d", i % 37);
        add_line(&b, client, 1 + i % 28, name, "100");
    }
    return b;
}

static inline struct buf
gzipped(const struct buf *text)
{
    z_stream z = { 0 };
    struct buf b = { 0 };

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_true(buf_reserve(&b, deflateBound(&z, text->n)));
    z.next_in = (Bytef *)text->p;
    z.avail_in = (uInt)text->n;
    z.next_out = (Bytef *)b.p;
    z.avail_out = (uInt)b.cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    b.n = z.total_out;
    deflateEnd(&z);
    return b;
}

/* Gone when the test ends, but for its name; `path` has room for it. */
static inline const char *
write_file(char path[64], const void *bytes, size_t n)
{
    int fd;

    snprintf(path, 64, "/tmp/ingest-library-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    return path;
}

static inline struct ingest *
opened(const struct ingest_options *options)
{
    struct ingest *h;

    assert_int_equal(ingest_open(&h, options), INGEST_OK);
    assert_string_equal(ingest_error(h), "");
    return h;
}

static inline struct ingest_options
no_options(void)
{
    return (struct ingest_options){ .size = sizeof(struct ingest_options) };
}

static inline int
row_to_text(void *ctx, const struct ingest_row *row)
{
    struct buf *b = ctx;

    buf_text(b, row->table);
    for (size_t i = 0; i < row->n_columns; i++) {
        const struct ingest_column *c = &row->columns[i];

        buf_printf(b, " %s=", c->name);
        if (c->text == NULL)
            buf_text(b, "null");
        else if (c->kind == INGEST_SKETCH)
            buf_hex(b, c->text, c->size);
        else
            buf_add(b, c->text, c->size);
    }
    buf_text(b, "\n");
    return 0;
}

/* The caller releases it. */
static inline struct buf
rows_of(struct ingest *h)
{
    struct buf b = { 0 };

    assert_int_equal(ingest_rows(h, row_to_text, &b), INGEST_OK);
    assert_non_null(buf_str(&b));
    return b;
}

static inline void
assert_same_text(struct buf *a, struct buf *b)
{
    assert_string_equal(buf_str(a), buf_str(b));
}

static inline const struct ingest_reason *
reason_of(struct ingest *h, const char *name)
{
    const struct ingest_totals *t = ingest_totals(h);

    for (size_t i = 0; i < t->n_reasons; i++)
        if (strcmp(t->reasons[i].name, name) == 0)
            return &t->reasons[i];
    fail_msg("no reason %s", name);
    return NULL;
}

#endif
