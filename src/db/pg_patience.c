/*
 * Waiting for the answer to a statement without being deaf: while a server computes, or waits for a
 * lock of somebody else's, or takes rows, whoever has the patience is asked now and then whether it
 * has come to its end (libpq, "Asynchronous Command Processing" and "Canceling Queries in
 * Progress").
 */
#include "pg_priv.h"

#include <poll.h>

#include "ingest/clock.h"

#define TICK_MS 200
#define CANCEL_TICKS                                                                               \
    25 /* so long a cancelled statement may take to end; then the connection is closed, which ends \
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

void
pg_be_patient(struct pg *pg)
{
    pg->cancelled = false;
    pg->ticks_cancelled = 0;
    pg->asked_us = clock_monotonic_us();
}

bool
pg_wait_on(struct pg *pg, int n_ready)
{
    int64_t now = clock_monotonic_us();

    if (pg->patience == NULL || (n_ready != 0 && now - pg->asked_us < TICK_MS * 1000))
        return true;
    pg->asked_us = now;
    if (!pg->cancelled && pg->patience(pg->patience_ctx))
        return true;
    if (!pg->cancelled)
        cancel(pg);
    pg->cancelled = true;
    return ++pg->ticks_cancelled <= CANCEL_TICKS;
}

int
pg_poll(struct pg *pg, short events)
{
    struct pollfd p = { .fd = PQsocket(pg->conn), .events = events };

    return poll(&p, 1, pg->patience != NULL ? TICK_MS : -1);
}

bool
pg_await_result(struct pg *pg)
{
    while (PQisBusy(pg->conn)) {
        if (!pg_wait_on(pg, pg_poll(pg, POLLIN)))
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

    for (;;) {
        ExecStatusType status;

        if (!pg_await_result(pg)) {
            PQclear(last);
            pg_give_up(pg);
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
    pg_be_patient(pg);
    if (pg->patience == NULL)
        return PQexec(pg->conn, sql);
    drop_results(pg);
    return PQsendQuery(pg->conn, sql) == 1 ? await(pg) : NULL;
}

PGresult *
pg_exec_params(struct pg *pg, const char *sql, size_t n, const char *const *values)
{
    pg_be_patient(pg);
    if (pg->patience == NULL)
        return PQexecParams(pg->conn, sql, (int)n, NULL, values, NULL, NULL, 0);
    drop_results(pg);
    return PQsendQueryParams(pg->conn, sql, (int)n, NULL, values, NULL, NULL, 0) == 1 ? await(pg)
                                                                                      : NULL;
}
