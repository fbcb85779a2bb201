/*
 * PostgreSQL: connect, run, copy, and its errors in our words. The only room that sees libpq. Used by one thread at a time.
 */
#ifndef INGEST_PG_H
#define INGEST_PG_H

#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/err.h"
#include "ingest/slice.h"

#define COMMENT_OURS "made by ingest" /* the COMMENT of what our migrations made begins so: nothing else is altered or dropped */

/* The class of the advisory lock on a table, whose OID is the second key: "ing" and a 5, read as a number. Who merges or heals takes it. */
#define PG_LOCK_TABLE "1768843013"

/* The class of the locks on beginnings of payloads, of which the second key is the first byte of the head: "ing" and a 4. */
#define PG_LOCK_HEAD "1768843012"

struct pg;
struct pg_result; /* rows of one statement */

/*
 * Connects and pins what a role, a database or the environment could have set otherwise: client_encoding UTF8 (PGCLIENTENCODING
 * ignored), application_name 'ingest', DateStyle ISO, bytea_output hex, TimeZone UTC, standard_conforming_strings, connect_timeout 10 and
 * keepalives unless the conninfo says otherwise, target_session_attrs=read-write unless read_only. `conninfo` is a URI or key=value text, NULL:
 * libpq's own PG* variables decide. A server that is not UTF8 or older than 13: ST_DB. A conninfo that cannot be read: ST_USAGE.
 * A server that is starting or full: ST_DB_RETRY; one that is not there: ST_DB (pg_reconnect, which had it before: ST_DB_RETRY). Passwords never reach err, nor pieces of a malformed URI.
 */
enum pg_mode { PG_READ_WRITE, PG_READ_ONLY /* default_transaction_read_only on */ };
struct pg *pg_connect(const char *conninfo, enum pg_mode mode, struct err *err); /* NULL: in err */
/* Can it be read without a doubt? libpq's messages print parts of others, and a piece of a password may stand where a name should. */
bool       pg_conninfo_is_sound(const char *conninfo);
/* Is a password in it, of a role or of a certificate's key? What libpq cannot understand has one if it speaks of one. */
bool       pg_conninfo_has_password(const char *conninfo);
/*
 * For a command line, which everybody sees: *rest is the conninfo without passwords, *password the role's, NULL if there was none; both are
 * the caller's to free. A certificate's is left out. false: it cannot be understood, or there is no memory; both are NULL.
 */
bool       pg_conninfo_split(const char *conninfo, char **rest, char **password);
/* Another connection to the same server, as the same user, to its database `dbname` (at most 63 bytes). */
struct pg *pg_connect_beside(const struct pg *pg, const char *dbname, enum pg_mode mode, struct err *err);
void       pg_close(struct pg *pg);
bool       pg_is_alive(const struct pg *pg);           /* false once the connection is lost */
const char *pg_where(const struct pg *pg);             /* "host=... port=... dbname=... user=...", for people; never a password */
int        pg_backend_pid(const struct pg *pg);
/* What lies between. Plain TCP: whoever is on the way reads all of it, tokens too. */
enum pg_channel { PG_SOCKET, PG_ENCRYPTED, PG_PLAIN_LOOPBACK, PG_PLAIN };
enum pg_channel pg_channel(const struct pg *pg);
/*
 * The environment of this process for a program that is to reach the same server: what libpq reads there ("PGHOST=...") as this connection
 * has it, a password among it, so that none stands on a command line; nothing of ours (INGEST_...). Ends in NULL; NULL without memory.
 */
char     **pg_environment(const struct pg *pg);
void       pg_environment_free(char **env);
/* Closes and connects again as before. */
enum st    pg_reconnect(struct pg *pg, struct err *err);
/* Names of the files that a reconnect may read (passwords, services, certificates, tickets), one call each; some are not there. */
typedef void pg_take_file(void *ctx, const char *path);
void       pg_files(const struct pg *pg, pg_take_file *take, void *ctx);

/*
 * One statement, parameters as text ($1..$n; NULL is SQL NULL). `what` says the act for err->what ("cannot read the ledger").
 * ST_OK; ST_DB or ST_DB_RETRY (40001 40P01 55P03 57P01-57P03 08xxx 53xxx 25P03 and lost connections) with the server's message,
 * SQLSTATE and, if there is one, detail in err->cause, control bytes and all cleaned. `out` may be NULL.
 */
enum st pg_run(struct pg *pg, const char *what, const char *sql, size_t n, const char *const *values,
               struct pg_result **out, struct err *err);
/* Several statements without parameters, as psql would send a file (simple protocol). */
enum st pg_script(struct pg *pg, const char *what, const char *sql, struct err *err);

size_t       pg_rows(const struct pg_result *r);
bool         pg_is_null(const struct pg_result *r, size_t row, size_t col);
struct slice pg_text(const struct pg_result *r, size_t row, size_t col);  /* NULL: p NULL. Ends in NUL. Lives as long as r */
int64_t      pg_int(const struct pg_result *r, size_t row, size_t col);   /* bigint and smaller; NULL or no number: 0 */
/* Decodes "\x..." into out; returns the bytes, SIZE_MAX if it is not bytea of at most cap bytes. */
size_t       pg_bytea(const struct pg_result *r, size_t row, size_t col, void *out, size_t cap);
int64_t      pg_affected(const struct pg_result *r);                      /* rows of INSERT, UPDATE, DELETE, COPY */
void         pg_free(struct pg_result *r);
/* SQLSTATE of the last failure, "" if none: for the few callers that must know (23505, 42P01, ...). */
const char  *pg_sqlstate(const struct pg *pg);
/* Notices and warnings are never printed: how many there were, and (last may be NULL) the last one, cleaned. */
uint64_t     pg_notices(const struct pg *pg, const char **last);

/*
 * Whoever waits for a statement is asked five times a second whether to go on; false: the statement is cancelled, and ends with ST_STOPPED
 * (or as it would have, if it was faster). A server that does not answer to that loses its connection. Asked as often while rows are
 * copied to the server; not while connecting, for COMMIT and ROLLBACK, and while rows come from the server. NULL, as at first: nobody is asked.
 */
typedef bool pg_patience(void *ctx);
void pg_set_patience(struct pg *pg, pg_patience *patience, void *ctx);
/*
 * How long a lock is waited for, inside transactions and outside: when that is over, the statement ends with ST_DB and SQLSTATE 55P03, and
 * not with ST_DB_RETRY as it does after the 60 s of pg_begin where nothing is said. Less than a millisecond is one. Kept over
 * pg_reconnect. ST_OK; ST_DB, ST_DB_RETRY.
 */
enum st pg_set_lock_wait(struct pg *pg, int64_t wait_us, struct err *err);

/* BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE, and SET LOCAL of what the merge relies on (synchronous_commit on, lock_timeout,
 * statement_timeout 0, idle_in_transaction_session_timeout 0, search_path untouched, jit off). READ ONLY on a PG_READ_ONLY connection. */
enum st pg_begin(struct pg *pg, struct err *err);
/* ST_OK only if the server's tag says COMMIT. *unknown: the connection broke before the answer came, so nobody knows. */
enum st pg_commit(struct pg *pg, bool *unknown, struct err *err);
void    pg_rollback(struct pg *pg); /* takes no err: the first failure is the one to tell */

/* COPY ... FROM STDIN (FORMAT binary): start with the statement, put bytes, end. *rows is what the server took. */
enum st pg_copy_start(struct pg *pg, const char *what, const char *sql, struct err *err);
enum st pg_copy_put(struct pg *pg, const void *bytes, size_t n, struct err *err);
enum st pg_copy_end(struct pg *pg, int64_t *rows, struct err *err);
void    pg_copy_abort(struct pg *pg, const char *why); /* the transaction is failed afterwards */

/* LISTEN to a channel, whose name is plain lower case; ends with the session, so it is to be said again after pg_reconnect. ST_OK, ST_DB, ST_DB_RETRY. */
enum st pg_listen(struct pg *pg, const char *channel, struct err *err);
/*
 * Waits until something was said on a channel, or for timeout_ms, or until a signal; what was said before counts, and all
 * of it is dropped. ST_OK with *heard; ST_DB_RETRY: the connection is lost.
 */
enum st pg_wait(struct pg *pg, int timeout_ms, bool *heard, struct err *err);

/*
 * COPY ... TO STDOUT (FORMAT binary): each row goes to `take`, while the server makes the next ones. A field's bytes are those of
 * the binary format (bigint: 8, big-endian; boolean: 1; text: itself, with no NUL behind it), p NULL: NULL; they live until `take`
 * returns. What `take` gives other than ST_OK ends it and is handed on. ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
#define PG_FIELDS_MAX 16
typedef enum st pg_take_row(void *ctx, const struct slice *fields, size_t n, struct err *err);
enum st pg_copy_out(struct pg *pg, const char *what, const char *sql, pg_take_row *take, void *ctx, struct err *err);
/* A bigint field; NULL: 0. */
int64_t pg_field_int(struct slice field);

/* "name" quoted as an identifier, appended to b. */
void pg_ident(struct pg *pg, struct buf *b, const char *name);

/* One-dimensional array literals for $n parameters: '{...}' built by adding elements. begin ... end, release; begin again only after release. */
struct pg_array {
    struct buf text;
};
void        pg_array_begin(struct pg_array *a);
void        pg_array_int(struct pg_array *a, int64_t v);
void        pg_array_bytea(struct pg_array *a, const void *p, size_t n);
void        pg_array_text(struct pg_array *a, struct slice s);
void        pg_array_null(struct pg_array *a);
const char *pg_array_end(struct pg_array *a); /* NULL without memory; lives until release */
void        pg_array_release(struct pg_array *a);

#endif
