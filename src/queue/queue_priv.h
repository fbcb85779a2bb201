/*
 * What the files of queue/ share.
 *
 *   queue.c      the connection, statements that survive a restart of the server
 *   table.c      which table it is, and whether the role may use it
 *   push.c       files in
 *   claim.c      jobs out: one worker each
 *   beat.c       the worker lives
 *   look.c       how it stands, for `ingest status`
 *   file_uri.c   names of files as text that JSON can hold
 */
#ifndef QUEUE_PRIV_H
#define QUEUE_PRIV_H

#include "ingest/buf.h"
#include "ingest/pg.h"
#include "ingest/queue.h"
#include "ingest/uuid.h"

#define QUEUE_TRIES_MAX 6 /* 0.1 s, doubling: some ten seconds */
#define QUEUE_RETRIES   5 /* of a new job */

#define QUEUE_CHANNEL   "queue_status_channel"
#define QUEUE_OID_MAX   24

/* A worker whose last beat is older than this is dead. */
#define QUEUE_DEAD_AFTER "interval '2 minutes'"

/* The clock of all times in the table, whose columns have no zone. */
#define QUEUE_NOW "(statement_timestamp() AT TIME ZONE 'UTC')"

struct queue {
    struct pg  *pg;
    char       *conninfo; /* for the beat; NULL: libpq's environment */
    char        name[QUEUE_NAME_MAX + 1];
    char        table[140];        /* "schema"."table" as SQL wants it */
    const char *worker_column;
    char        worker[UUID_TEXT]; /* this process, as long as it lives */
    bool        listening;
    bool        orphans;           /* a pop may have been done though its answer was lost */
    uint64_t    n_losses;
    const volatile sig_atomic_t *signals;
};

/*
 * One statement that may be repeated. In `sql` "%t" stands for the table, "%w" for its column of the worker, "%now" for
 * the time. `out` may be NULL.
 */
enum st queue_ask(struct queue *q, const char *what, const char *sql, size_t n, const char *const *values,
                  struct pg_result **out, struct err *err);
/* `sql` with the names filled in; to be released. */
struct buf queue_sql(const struct queue *q, const char *sql);
/* Fills in table and worker_column. ST_OK; ST_EOF: there is none; ST_DB, ST_DB_RETRY. */
enum st queue_seek_table(struct queue *q, char oid[QUEUE_OID_MAX], struct err *err);
/* The same, and checks the rights. ST_OK, ST_DB, ST_DB_RETRY. */
enum st queue_find_table(struct queue *q, enum queue_use use, struct err *err);

/*
 * "file:///logs/a%20b.gz" (RFC 8089; bytes but letters, digits and "-._~/" as %XX, RFC 3986, 2.1): ASCII, whatever the
 * name holds. `path` is absolute.
 */
bool file_uri_write(struct buf *out, const char *path);
/* False: no such URI, one of another host, an escape that is none, a NUL, a path that is not absolute or does not fit. */
bool file_uri_read(struct slice uri, char *path, size_t cap);

#endif
