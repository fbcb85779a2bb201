/*
 * The connection to the queue. A server that restarts is waited for; every statement of this room
 * may be repeated, so that nobody has to know whether the lost answer was a yes.
 */
#include <sodium.h>

#include "queue_priv.h"

/* ---- statements ---- */

struct buf
queue_sql(const struct queue *q, const char *sql)
{
    struct buf b = { 0 };

    for (; *sql != '\0'; sql++) {
        if (strncmp(sql, "%now", 4) == 0) {
            buf_text(&b, QUEUE_NOW);
            sql += 3;
        } else if (strncmp(sql, "%t", 2) == 0 || strncmp(sql, "%w", 2) == 0) {
            buf_text(&b, *++sql == 't' ? q->table : q->worker_column);
        } else {
            buf_add(&b, sql, 1);
        }
    }
    return b;
}

static int
signals_of(const struct queue *q)
{
    return q->signals == NULL ? 0 : (int)*q->signals;
}

/* With as much again by chance, so that all workers do not come at the same moment. */
static void
back_off(int attempt)
{
    uint32_t base = UINT32_C(100000) << attempt;

    usleep(base + randombytes_uniform(base));
}

/*
 * What is said to be queued must be so, whatever the role's settings; that somebody listens must be
 * said again.
 */
static enum st
prepare(struct queue *q, struct err *err)
{
    enum st rc =
        pg_script(q->pg, "cannot prepare the session", "SET synchronous_commit TO on", err);

    return rc == ST_OK && q->listening ? pg_listen(q->pg, QUEUE_CHANNEL, err) : rc;
}

static enum st
reconnect(struct queue *q, struct err *err)
{
    enum st rc = pg_reconnect(q->pg, err);

    if (rc == ST_OK)
        rc = prepare(q, err);
    if (rc != ST_OK)
        return rc;
    q->n_losses++;
    q->orphans = true;
    return ST_OK;
}

static enum st
ask_once(struct queue *q, const char *what, const char *sql, size_t n, const char *const *values,
         struct pg_result **out, struct err *err)
{
    enum st rc = pg_is_alive(q->pg) ? ST_OK : reconnect(q, err);

    return rc == ST_OK ? pg_run(q->pg, what, sql, n, values, out, err) : rc;
}

enum st
queue_ask(struct queue *q, const char *what, const char *sql, size_t n, const char *const *values,
          struct pg_result **out, struct err *err)
{
    struct buf b = queue_sql(q, sql);
    const char *text = buf_str(&b);
    enum st rc = text == NULL ? err_memory(err, what) : ST_DB_RETRY;

    for (int attempt = 0; rc == ST_DB_RETRY; attempt++) {
        rc = ask_once(q, what, text, n, values, out, err);
        if (rc != ST_DB_RETRY || attempt == QUEUE_TRIES_MAX)
            break;
        if (signals_of(q) >= 2)
            rc = err_fail(err, ST_STOPPED, "stopped", "a second signal came");
        else
            back_off(attempt);
    }
    buf_release(&b);
    return rc;
}

uint64_t
queue_losses(const struct queue *q)
{
    return q->n_losses;
}

const struct pg *
queue_pg(const struct queue *q)
{
    return q->pg;
}

const char *
queue_table(const struct queue *q)
{
    return q->table;
}

/* ---- opening ---- */

static bool
is_name(const char *name)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strspn(name, bytes);

    return n > 0 && n <= QUEUE_NAME_MAX && name[n] == '\0';
}

static enum st
open_once(struct queue *q, enum queue_use use, struct err *err)
{
    enum st rc;

    pg_close(q->pg);
    q->pg = pg_connect(q->conninfo, PG_READ_WRITE, err);
    if (q->pg == NULL)
        return err->code;
    rc = prepare(q, err);
    return rc == ST_OK ? queue_find_table(q, use, err) : rc;
}

static enum st
open_with(struct queue *q, const char *conninfo, const char *name, enum queue_use use,
          struct err *err)
{
    enum st rc = ST_DB_RETRY;

    if (!is_name(name)) {
        err_fail(err, ST_USAGE, "bad name of a queue", "\"%.60s\"", name);
        err_hint(err, "1 to %d letters, digits, '.', '-' and '_'", QUEUE_NAME_MAX);
        return ST_USAGE;
    }
    snprintf(q->name, sizeof q->name, "%s", name);
    uuid_random(q->worker);
    if (conninfo != NULL && (q->conninfo = strdup(conninfo)) == NULL)
        return err_memory(err, "cannot open the queue");
    for (int attempt = 0; rc == ST_DB_RETRY && attempt <= QUEUE_TRIES_MAX; attempt++) {
        if (attempt > 0 && signals_of(q) > 0)
            return err_fail(err, ST_STOPPED, "stopped", "a signal came");
        if (attempt > 0)
            back_off(attempt - 1);
        rc = open_once(q, use, err);
    }
    return rc;
}

struct queue *
queue_open(const char *conninfo, const char *name, enum queue_use use,
           const volatile sig_atomic_t *signals, struct err *err)
{
    struct queue *q = calloc(1, sizeof *q);

    if (q == NULL) {
        err_memory(err, "cannot open the queue");
        return NULL;
    }
    q->signals = signals;
    if (open_with(q, conninfo, name, use, err) == ST_OK)
        return q;
    queue_close(q);
    return NULL;
}

void
queue_close(struct queue *q)
{
    if (q == NULL)
        return;
    pg_close(q->pg);
    if (q->conninfo != NULL)
        explicit_bzero(q->conninfo, strlen(q->conninfo));
    free(q->conninfo);
    free(q);
}

/* ---- hearing of jobs ---- */

enum st
queue_wait(struct queue *q, int timeout_ms, bool *heard, struct err *err)
{
    *heard = true;
    if (!pg_is_alive(q->pg))
        return reconnect(q, err);
    if (q->listening)
        return pg_wait(q->pg, timeout_ms, heard, err);
    q->listening = true;
    return pg_listen(q->pg, QUEUE_CHANNEL, err);
}
