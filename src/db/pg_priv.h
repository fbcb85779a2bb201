/*
 * What the files of db/ share: the connection, and how libpq's results become `struct err`.
 */
#ifndef INGEST_PG_PRIV_H
#define INGEST_PG_PRIV_H

#include "ingest/pg.h"

#include <libpq-fe.h>

struct pg {
    PGconn      *conn;          /* NULL after a pg_reconnect that failed */
    char *conninfo; /* as given; may hold a password, so it is wiped when freed; NULL: libpq's
                       defaults */
    char         dbname[64];    /* instead of the one that conninfo names; "": that one */
    enum pg_mode mode;
    bool         was_connected; /* so a server that is not there may come back */
    bool         copying;       /* between pg_copy_start and pg_copy_end or pg_copy_abort */
    char         copy_what[96]; /* the act that the COPY is part of */
    char         sqlstate[6];   /* of the last failure */
    char         where[256];
    uint64_t     n_notices;
    char         last_notice[160];
    pg_patience *patience;      /* asked while a statement is waited for; NULL: nobody is */
    void        *patience_ctx;
    int64_t      asked_us;      /* when it last was, or could be */
    bool         cancelled;     /* the last statement was, because it was at its end */
    int          ticks_cancelled;
    int64_t      lock_wait_ms;  /* 0: not said */
};

/* PQexec and PQexecParams, with patience. */
PGresult *pg_exec(struct pg *pg, const char *sql);
PGresult *pg_exec_params(struct pg *pg, const char *sql, size_t n, const char *const *values);

/* Of what patience is made. A statement begins. */
void pg_be_patient(struct pg *pg);
/*
 * Asked after each wait, of which `n_ready` is what poll(2) gave: true while there is patience, and
 * for two seconds more, in which what was cancelled may end; false: the connection is to be given up.
 */
bool pg_wait_on(struct pg *pg, int n_ready);
/* poll(2) on the connection, for a fifth of a second at most if somebody has to be asked. */
int pg_poll(struct pg *pg, short events);
/* Until PQgetResult has something to give without waiting. False: as of pg_wait_on. */
bool pg_await_result(struct pg *pg);
/* What is said of a statement that was cancelled. ST_STOPPED. */
enum st pg_stopped(struct err *err);

/*
 * The failure in `res` (or, where it is NULL or says nothing, of the connection) as an error:
 * ST_DB, ST_DB_RETRY or ST_MEMORY. `sql` (or NULL) helps to name the missing right. Remembers the
 * SQLSTATE; does not clear `res`.
 */
enum st pg_failed(struct pg *pg, const PGresult *res, const char *what, const char *sql,
                  struct err *err);

/* Sends a COPY and gives the server's first answer to it, as PQexec does; NULL: pg_copy_failed tells. */
PGresult *pg_copy_exec(struct pg *pg, const char *sql);
/* pg_failed, but ST_STOPPED for a COPY that was cancelled. */
enum st pg_copy_failed(struct pg *pg, const PGresult *res, const char *what, const char *sql,
                       struct err *err);

/* Was it memory that libpq lacked for what failed last? Then there is no use in another try. */
bool pg_lacks_memory(const struct pg *pg);

/* Closes the connection, which is then a lost one. */
void pg_give_up(struct pg *pg);

/* May the whole transaction be tried again after this SQLSTATE? */
bool pg_state_retries(const char *sqlstate);

/* Appends to `out` (a string of `cap` bytes) as much of `text` as fits whole code points; what
 * could play with a terminal becomes a blank. */
void pg_clean(char *out, size_t cap, const char *text);

/* What would give the right that `message` (a 42501) says is missing, as one line of SQL; "" rather
 * than a guess. */
void pg_grant_hint(char *out, size_t cap, const char *message, const char *sql, const char *role);

/* PQnoticeProcessor with a struct pg: counts, keeps the last, prints nothing. */
void pg_notice(void *pg, const char *message);

#endif
