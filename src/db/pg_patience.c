/*
 * Waiting for the answer to a statement without being deaf: while a server computes, or waits for a
 * lock of somebody else's, whoever has the patience is asked now and then whether it has come to
 * its end (libpq, "Asynchronous Command Processing" and "Canceling Queries in Progress").
 */
#include "pg_priv.h"

#include <poll.h>

#define TICK_MS 200
#define CANCEL_TICKS                                                                               \
    10 /* so long a cancelled statement may take to end; then the connection is closed, which ends \
          it, too */

void
pg_set_patience(struct pg *pg, pg_patience *patience, void *ctx)
{
    pg->patience = patience;
    pg->patience_ctx = ctx;
}

static void
cancel(struct pg *pg)
{
    PGcancel *request = PQgetCancel(pg->conn);
    char ignored[256];

    if (request != NULL)
        (void)PQcancel(request, ignored, sizeof ignored);
    PQfreeCancel(request);
}

/* Nobody waits any more: asked at each tick until the answer is no. False: not even for the end of
 * what was cancelled. */
static bool
wait_on(struct pg *pg, int *ticks_cancelled)
{
    if (*ticks_cancelled == 0 && pg->patience(pg->patience_ctx))
        return true;
    pg->cancelled = true;
    if ((*ticks_cancelled)++ == 0)
        cancel(pg);
    return *ticks_cancelled <= CANCEL_TICKS;
}

/* Until there is something that PQgetResult gives without waiting. False: the connection was given
 * up. */
static bool
await_result(struct pg *pg, int *ticks_cancelled)
{
    while (PQisBusy(pg->conn)) {
        struct pollfd p = { .fd = PQsocket(pg->conn), .events = POLLIN };

        if (poll(&p, 1, TICK_MS) == 0 && !wait_on(pg, ticks_cancelled))
            return false;
        if (PQconsumeInput(pg->conn) == 0)
            return true; /* PQgetResult says what is wrong */
        /* Of one record of TLS libpq may have read half, and poll() knows nothing of the other. */
        if (PQsslInUse(pg->conn) && PQconsumeInput(pg->conn) == 0)
            return true;
    }
    return true;
}

static PGresult *
await(struct pg *pg)
{
    PGresult *last = NULL, *next;
    int ticks_cancelled = 0;

    for (;;) {
        ExecStatusType status;

        if (!await_result(pg, &ticks_cancelled)) {
            PQclear(last);
            PQfinish(pg->conn);
            pg->conn = NULL;
            return NULL;
        }
        if ((next = PQgetResult(pg->conn)) == NULL)
            return last;
        PQclear(last);
        last = next;
        status = PQresultStatus(next);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
            !pg_is_alive(pg))
            return last;
    }
}

/* What an earlier statement left, as PQexec drops it. */
static void
drop_results(struct pg *pg)
{
    PGresult *res;

    while ((res = PQgetResult(pg->conn)) != NULL)
        PQclear(res);
}

PGresult *
pg_exec(struct pg *pg, const char *sql)
{
    pg->cancelled = false;
    if (pg->patience == NULL)
        return PQexec(pg->conn, sql);
    drop_results(pg);
    return PQsendQuery(pg->conn, sql) == 1 ? await(pg) : NULL;
}

PGresult *
pg_exec_params(struct pg *pg, const char *sql, size_t n, const char *const *values)
{
    pg->cancelled = false;
    if (pg->patience == NULL)
        return PQexecParams(pg->conn, sql, (int)n, NULL, values, NULL, NULL, 0);
    drop_results(pg);
    return PQsendQueryParams(pg->conn, sql, (int)n, NULL, values, NULL, NULL, 0) == 1 ? await(pg)
                                                                                      : NULL;
}
