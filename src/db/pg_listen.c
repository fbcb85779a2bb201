/*
 * Hearing of what others do (PostgreSQL manual, libpq "Asynchronous Notification"): that something
 * was said, not what: who hears of it looks at the tables.
 */
#include "pg_priv.h"

#include <poll.h>

enum st
pg_listen(struct pg *pg, const char *channel, struct err *err)
{
    char sql[96];

    snprintf(sql, sizeof sql, "LISTEN %s", channel);
    return pg_script(pg, "cannot listen for notifications", sql, err);
}

static bool
drop_notifications(struct pg *pg)
{
    bool any = false;
    PGnotify *said;

    while ((said = PQnotifies(pg->conn)) != NULL) {
        any = true;
        PQfreemem(said);
    }
    return any;
}

enum st
pg_wait(struct pg *pg, int timeout_ms, bool *heard, struct err *err)
{
    static const char what[] = "cannot wait for notifications";
    struct pollfd p = { .fd = PQsocket(pg->conn), .events = POLLIN };

    *heard = drop_notifications(pg); /* they may have come with the answer to a statement */
    if (*heard)
        return ST_OK;
    if (!pg_is_alive(pg))
        return pg_failed(pg, NULL, what, NULL, err);
    if (poll(&p, 1, timeout_ms) <= 0)
        return ST_OK;
    if (PQconsumeInput(pg->conn) == 0 || !pg_is_alive(pg))
        return pg_failed(pg, NULL, what, NULL, err);
    *heard = drop_notifications(pg);
    return ST_OK;
}
