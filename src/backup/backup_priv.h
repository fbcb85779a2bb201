/*
 * Inside backup/:
 *
 *   tables.c    which tables, and what else of their schemas pg_dump must leave out
 *   manifest.c  rows and digests: from a database, to text, from text
 *   program.c   pg_dump and pg_restore
 *   dump.c      writing one; old.c: removing older ones, and what killed ones left
 *   check.c     restoring one; spare.c: the throw-away database for it
 */
#ifndef BACKUP_PRIV_H
#define BACKUP_PRIV_H

#include "ingest/backup.h"
#include "ingest/buf.h"

#define DUMP_SUFFIX     ".dump"
#define MANIFEST_SUFFIX ".manifest"
#define STEM_BYTES      sizeof "ingest-2026-11-21T234500Z"

/* ---- manifest.c ---- */

struct manifest_table {
    char   *schema, *name; /* the heap's */
    int64_t rows;
    char    sums[2][48];   /* of the rows' hashes, two kinds of them: the same whatever their order */
};

struct manifest {
    char    made_at[32];   /* "2026-11-21T234500Z", as in the name */
    char    server[32];
    char    database[64];
    int64_t dump_bytes;
    char    dump_sha256[65];
    struct manifest_table *tables;
    size_t  n_tables, cap;
};

enum st manifest_add(struct manifest *m, struct slice schema, struct slice name, struct err *err);
/* Rows and sums of one table as the transaction sees it; *there false: it is not there. */
enum st manifest_measure(struct manifest_table *t, struct pg *pg, bool *there, struct err *err);
/* Pins what the text of a row depends on, until the transaction ends. */
enum st manifest_pin(struct pg *pg, struct err *err);
bool    manifest_text(const struct manifest *m, struct buf *out);
/* ST_IO, ST_CORRUPT with the line, ST_MEMORY. `m` is to be released in either case. */
enum st manifest_read(struct manifest *m, const char *path, struct err *err);
void    manifest_release(struct manifest *m);

/* ---- tables.c ---- */

/* Arguments for pg_dump, the heap's, NULL at the end. */
struct arguments {
    char **text;
    size_t n, cap;
    bool   failed;
};
void arguments_add(struct arguments *a, const char *format, ...) PRINTF(2, 3);
void arguments_release(struct arguments *a);

/* Fills in the tables of `m` and adds what selects them to `a`. */
enum st tables_find(const struct backup_job *job, struct pg *pg, struct manifest *m, struct arguments *a, struct err *err);

/* ---- program.c ---- */

struct program {
    const struct backup_job *job;
    const char        *name;    /* "pg_dump" */
    char *const       *argv;    /* argv[0] is set here */
    char *const       *env;
    int                in_fd, out_fd; /* -1: /dev/null */
    char               words[200];    /* what it said of its trouble */
};
/* *status: its exit status, 128 + n for a signal. ST_DB: it cannot be started; ST_STOPPED. */
enum st program_run(struct program *p, int *status, struct err *err);

/* ---- old.c ---- */

/* Removes from `dir` what killed backups left there, unless one of them is still at work. */
void old_sweep(const char *dir);

/* Removes from `dir` what is older than the `keep` newest backups of `database`. What cannot be read is left. */
enum st old_remove(const char *dir, const char *database, size_t keep, size_t *n_removed, struct err *err);

/* ---- spare.c ---- */

#define SPARE_NAME 64
/*
 * Makes a throw-away database, named for the session of `pg`, whose leftovers may go once that session has ended; drops such leftovers of
 * others first. `name` is "" after a failure.
 */
enum st spare_make(struct pg *pg, char name[SPARE_NAME], struct err *err);
void    spare_drop(struct pg *pg, const char *name);

/* ---- dump.c ---- */

/* SHA-256 of what is behind `fd`, from its beginning, in hex; and how much that is. */
enum st file_sha256(int fd, const char *path, char out[65], int64_t *n, struct err *err);

#endif
