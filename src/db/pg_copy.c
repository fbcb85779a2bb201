/*
 * COPY ... FROM STDIN. The server says what it thinks of the rows only at the end, and libpq keeps
 * a queue of results: all of them are read, and only "COPY n" counts as success. Where somebody has
 * patience, libpq is kept from waiting (PQsetnonblocking), so that it can be asked.
 */
#include "pg_priv.h"

#include <poll.h>

enum st
pg_copy_failed(struct pg *pg, const PGresult *res, const char *what, const char *sql,
               struct err *err)
{
    return pg->cancelled ? pg_stopped(err) : pg_failed(pg, res, what, sql, err);
}

static PGresult *
next_result(struct pg *pg)
{
    if (pg->patience != NULL && pg->conn != NULL && !pg_await_result(pg))
        pg_give_up(pg);
    return PQgetResult(pg->conn);
}

/* Reads results until there are none; the first error is kept for the caller, who clears it. */
static PGresult *
drain(struct pg *pg)
{
    PGresult *first = NULL, *res;

    while ((res = next_result(pg)) != NULL) {
        ExecStatusType status = PQresultStatus(res);

        if (first == NULL && status == PGRES_FATAL_ERROR)
            first = res;
        else
            PQclear(res);
        /*
         * Still in COPY: the end never reached the server. Ask again and libpq gives the same
         * answer for ever.
         */
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
            !pg_is_alive(pg))
            break;
    }
    return first;
}

/*
 * PQexec, but for what libpq does when it has no memory for the server's "go on with COPY": it takes
 * the message for one of which more is to come (getCopyStart in fe-protocol3.c), and PQexec waits for
 * that for ever. So it is asked twice before the server is; where it has no memory then either, the
 * connection is given up, as it would hang on every further call. NULL: as of PQexec.
 */
PGresult *
pg_copy_exec(struct pg *pg, const char *sql)
{
    PGresult *last = NULL, *res;

    pg_be_patient(pg);
    PQclear(drain(pg));
    if (PQsendQuery(pg->conn, sql) == 0)
        return NULL;
    while (PQisBusy(pg->conn) && PQisBusy(pg->conn)) {
        if ((res = PQmakeEmptyPGresult(pg->conn, PGRES_FATAL_ERROR)) == NULL) {
            pg_give_up(pg);
            return NULL;
        }
        PQclear(res);
        if (!pg_wait_on(pg, pg_poll(pg, POLLIN))) {
            pg_give_up(pg);
            return NULL;
        }
        if (PQconsumeInput(pg->conn) == 0)
            break; /* PQgetResult says why */
    }
    while ((res = PQgetResult(pg->conn)) != NULL) {
        ExecStatusType status = PQresultStatus(res);

        PQclear(last);
        last = res;
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
            !pg_is_alive(pg))
            break;
    }
    return last;
}

enum st
pg_copy_start(struct pg *pg, const char *what, const char *sql, struct err *err)
{
    PGresult *res;
    enum st st = ST_OK;

    assert(!pg->copying);
    snprintf(pg->copy_what, sizeof pg->copy_what, "%s", what);
    if (!pg_is_alive(pg))
        return pg_failed(pg, NULL, what, NULL, err);
    res = pg_copy_exec(pg, sql);
    if (PQresultStatus(res) == PGRES_COPY_IN)
        pg->copying = pg->patience == NULL || PQsetnonblocking(pg->conn, 1) == 0;
    if (pg->copying)
        st = ST_OK;
    else if (res == NULL || PQresultStatus(res) == PGRES_FATAL_ERROR)
        st = pg_copy_failed(pg, res, what, sql, err);
    else
        st = err_fail(err, ST_BUG, what, "the statement is no COPY FROM STDIN");
    PQclear(res);
    return st;
}

/* False: the server does not want it, or is not to be waited for. */
static bool
push(struct pg *pg)
{
    int left = 0;

    if (pg->patience == NULL)
        return true; /* libpq has sent it */
    while (!pg->cancelled && pg_wait_on(pg, 1) && (left = PQflush(pg->conn)) == 1) {
        (void)pg_wait_on(pg, pg_poll(pg, POLLIN | POLLOUT));
        if (PQconsumeInput(pg->conn) == 0)
            return false; /* the server reads no more, and has said why */
    }
    return left == 0 && !pg->cancelled;
}

/* The COPY is over, in one way or the other: what there is to read, which may be an error. */
static PGresult *
finish(struct pg *pg)
{
    PGresult *first = drain(pg);

    pg->copying = false;
    if (pg->patience != NULL && pg_is_alive(pg) && PQsetnonblocking(pg->conn, 0) != 0)
        pg_give_up(pg);
    return first;
}

static enum st
lose(struct pg *pg, struct err *err)
{
    PGresult *res;
    enum st st;

    if (pg_is_alive(pg))
        PQputCopyEnd(pg->conn, "cannot send");
    res = finish(pg);
    st = pg_copy_failed(pg, res, pg->copy_what, NULL, err);
    PQclear(res);
    return st;
}

enum st
pg_copy_put(struct pg *pg, const void *bytes, size_t n, struct err *err)
{
    const char *p = bytes;

    assert(pg->copying);
    while (n > 0) {
        int piece = n > 1 << 20 ? 1 << 20 : (int)n;

        if (PQputCopyData(pg->conn, p, piece) != 1 || !push(pg))
            return lose(pg, err);
        p += piece;
        n -= (size_t)piece;
    }
    return ST_OK;
}

enum st
pg_copy_end(struct pg *pg, int64_t *rows, struct err *err)
{
    PGresult *answer, *later;
    enum st st = ST_OK;

    assert(pg->copying);
    answer = PQputCopyEnd(pg->conn, NULL) == 1 && push(pg) ? next_result(pg) : NULL;
    if (PQresultStatus(answer) == PGRES_COMMAND_OK)
        *rows = pg_affected((const struct pg_result *)answer);
    else if (answer != NULL)
        st = pg_copy_failed(pg, answer, pg->copy_what, NULL, err);
    later = finish(pg);
    if (st == ST_OK && (answer == NULL || later != NULL || !pg_is_alive(pg) ||
                        PQtransactionStatus(pg->conn) == PQTRANS_INERROR))
        st = pg_copy_failed(pg, later, pg->copy_what, NULL, err);
    PQclear(answer);
    PQclear(later);
    return st;
}

void
pg_copy_abort(struct pg *pg, const char *why)
{
    PGresult *res;

    if (!pg->copying)
        return;
    if (!pg_is_alive(pg)) {
        pg->copying = false;
        return;
    }
    res = PQputCopyEnd(pg->conn, why) == 1 ? finish(pg) : NULL;
    pg->copying = false;
    if (PQresultErrorField(res, PG_DIAG_SQLSTATE) == NULL)
        pg_give_up(pg); /* the server has not said that it is over */
    PQclear(res);
}
