/*
 * COPY ... TO STDOUT, in the binary format (PostgreSQL manual, "COPY"): a million rows cost neither
 * escaping nor a round trip for each piece, and the server works while we do.
 *
 *   "PGCOPY\n\377\r\n\0"  flags:32  extension length:32  extension     once
 *   n fields:16  { length:32 (-1: NULL)  bytes }...                    each row
 *   -1:16                                                              once
 */
#include "pg_priv.h"

static const char signature[11] = { 'P', 'G', 'C', 'O', 'P', 'Y', '\n', '\377', '\r', '\n', '\0' };
#define HEAD_BYTES (sizeof signature + 8)

/* How far the bytes in `in` have been used. Messages need not end where rows do. */
struct reader {
    struct buf   in;
    size_t       at;
    bool         headed, ended;
    pg_take_row *take;
    void        *ctx;
};

static uint32_t
be32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

int64_t
pg_field_int(struct slice field)
{
    if (field.n != 8)
        return 0;
    return (int64_t)((uint64_t)be32(field.p) << 32 | be32(field.p + 4));
}

/* ST_EOF: more bytes are needed. */
static enum st
take_head(struct reader *r, const char *what, struct err *err)
{
    const char *p = r->in.p;

    if (r->in.n < HEAD_BYTES || r->in.n - HEAD_BYTES < be32(p + HEAD_BYTES - 4))
        return ST_EOF;
    if (memcmp(p, signature, sizeof signature) != 0)
        return err_fail(err, ST_BUG, what, "the server's COPY does not begin as one");
    r->at = HEAD_BYTES + be32(p + HEAD_BYTES - 4);
    r->headed = true;
    return ST_OK;
}

/* The next row; ST_EOF: more bytes are needed, or all rows have come. */
static enum st
take_row(struct reader *r, const char *what, struct err *err)
{
    const char *p = r->in.p + r->at, *end = r->in.p + r->in.n;
    struct slice fields[PG_FIELDS_MAX];
    uint16_t n;
    enum st rc;

    if (r->ended || end - p < 2)
        return ST_EOF;
    n = (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
    p += 2;
    if (n == UINT16_MAX) {
        r->ended = true;
        return ST_EOF;
    }
    if (n > PG_FIELDS_MAX)
        return err_fail(err, ST_BUG, what, "a row of %u fields", n);
    for (size_t i = 0; i < n; i++) {
        uint32_t bytes;

        if (end - p < 4)
            return ST_EOF;
        bytes = be32(p);
        p += 4;
        fields[i] = (struct slice){ NULL, 0 };
        if (bytes == UINT32_MAX)
            continue;
        if ((size_t)(end - p) < bytes)
            return ST_EOF;
        fields[i] = (struct slice){ p, bytes };
        p += bytes;
    }
    rc = r->take(r->ctx, fields, n, err);
    r->at = (size_t)(p - r->in.p);
    return rc;
}

/* One message of the server's: as many rows as are whole by now. */
static enum st
feed(struct reader *r, const char *bytes, size_t n, const char *what, struct err *err)
{
    enum st rc = ST_OK;

    if (!buf_add(&r->in, bytes, n))
        return err_memory(err, what);
    if (!r->headed)
        rc = take_head(r, what, err);
    while (rc == ST_OK)
        rc = take_row(r, what, err);
    if (rc != ST_EOF)
        return rc;
    memmove(r->in.p, r->in.p + r->at, r->in.n - r->at);
    r->in.n -= r->at;
    r->at = 0;
    return ST_OK;
}

/* What still comes is of no use: the server is told to stop, and what is under way is thrown away.
 */
static void
give_up(struct pg *pg)
{
    PGcancel *cancel = PQgetCancel(pg->conn);
    char ignored[256], *bytes;

    if (cancel != NULL)
        PQcancel(cancel, ignored, sizeof ignored);
    PQfreeCancel(cancel);
    while (PQgetCopyData(pg->conn, &bytes, 0) > 0)
        PQfreemem(bytes);
}

static enum st
read_all(struct pg *pg, struct reader *r, const char *what, struct err *err)
{
    char *bytes;
    int n;

    while ((n = PQgetCopyData(pg->conn, &bytes, 0)) > 0) {
        enum st rc = feed(r, bytes, (size_t)n, what, err);

        PQfreemem(bytes);
        if (rc != ST_OK) {
            give_up(pg);
            return rc;
        }
    }
    return ST_OK;
}

/* Was it all? The server says so behind the last row. */
static enum st
settle(struct pg *pg, const struct reader *r, const char *what, enum st rc, struct err *err)
{
    PGresult *res;

    while ((res = PQgetResult(pg->conn)) != NULL) {
        ExecStatusType status = PQresultStatus(res);

        if (status != PGRES_COMMAND_OK && rc == ST_OK)
            rc = pg_failed(pg, res, what, NULL, err);
        PQclear(res);
        /* Any COPY that is still open, libpq tells of for ever. */
        if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH ||
            !pg_is_alive(pg))
            break;
    }
    if (rc == ST_OK && !pg_is_alive(pg))
        rc = pg_failed(pg, NULL, what, NULL, err);
    if (rc == ST_OK && !r->ended)
        rc = err_fail(err, ST_BUG, what, "the server's COPY has no end");
    return rc;
}

enum st
pg_copy_out(struct pg *pg, const char *what, const char *sql, pg_take_row *take, void *ctx,
            struct err *err)
{
    struct reader r = { .take = take, .ctx = ctx };
    PGresult *res;
    enum st rc;

    assert(!pg->copying);
    if (!pg_is_alive(pg))
        return pg_failed(pg, NULL, what, NULL, err);
    res = pg_copy_exec(pg, sql);
    if (PQresultStatus(res) != PGRES_COPY_OUT) {
        rc = res == NULL || PQresultStatus(res) == PGRES_FATAL_ERROR
                 ? pg_copy_failed(pg, res, what, sql, err)
                 : err_fail(err, ST_BUG, what, "the statement is no COPY TO STDOUT");
        PQclear(res);
        return rc;
    }
    PQclear(res);
    rc = read_all(pg, &r, what, err);
    rc = settle(pg, &r, what, rc, err);
    buf_release(&r.in);
    return rc;
}
