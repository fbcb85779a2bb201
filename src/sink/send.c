/*
 * A stream of rows into a COPY, in pieces of about 64 KiB.
 */
#include "sink_priv.h"

#define PIECE_BYTES (64 * KIB)

static const char what[] = "cannot send rows";

static enum st
flush(struct pg *pg, struct buf *b, size_t at_least, struct err *err)
{
    enum st st = ST_OK;

    if (b->failed)
        return err_memory(err, what);
    if (b->n > 0 && b->n >= at_least) {
        st = pg_copy_put(pg, b->p, b->n, err);
        buf_reset(b);
    }
    return st;
}

static enum st
send_all(struct pg *pg, const struct target *t, struct rows *rows, struct buf *b, int64_t *sent,
         struct err *err)
{
    struct row row;
    enum st st;

    copy_encode_header(b);
    while ((st = rows_next(rows, &row, err)) == ST_OK) {
        copy_encode_row(b, t, &row);
        st = flush(pg, b, PIECE_BYTES, err);
        if (st != ST_OK)
            return st;
        ++*sent;
    }
    if (st != ST_EOF)
        return st;
    copy_encode_trailer(b);
    return flush(pg, b, 1, err);
}

enum st
send_rows(struct pg *pg, const struct target *t, const char *into, struct rows *rows, int64_t *sent,
          struct err *err)
{
    struct buf b = { 0 };
    int64_t taken = 0;
    enum st st;

    *sent = 0;
    buf_printf(&b, "COPY %s (", into);
    sql_columns(&b, t, COLUMNS_ALL, "");
    buf_text(&b, ") FROM STDIN (FORMAT binary)");
    st = buf_str(&b) == NULL ? err_memory(err, what) : pg_copy_start(pg, what, b.p, err);
    if (st != ST_OK)
        goto release;
    buf_reset(&b);
    st = send_all(pg, t, rows, &b, sent, err);
    if (st != ST_OK) {
        pg_copy_abort(pg, "the sender failed");
        goto release;
    }
    st = pg_copy_end(pg, &taken, err);
    if (st == ST_OK && taken != *sent)
        st = err_fail(err, ST_BUG, what, "%" PRId64 " were sent, the server took %" PRId64, *sent,
                      taken);
release:
    buf_release(&b);
    return st;
}
