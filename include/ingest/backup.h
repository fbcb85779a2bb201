/*
 * Backups: a dump of statistics and ledger by pg_dump, and beside it a manifest that says of each table how many rows it had and a digest of
 * them, both of one snapshot; and the test that a dump can be restored and holds what its manifest says.
 *
 *     DIR/ingest-2026-11-21T234500Z.dump        pg_dump's custom format, for pg_restore
 *     DIR/ingest-2026-11-21T234500Z.manifest    lines of fields between tabs (src/backup/manifest.c has them)
 */
#ifndef INGEST_BACKUP_H
#define INGEST_BACKUP_H

#include <signal.h>

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

/* A table that is dumped if it is there, besides the schema `ingest`, what carries our mark, and what these refer to by foreign keys. */
struct backup_table {
    const char *schema; /* looked for there first; NULL: along the search path alone */
    const char *name;
};

struct backup_job {
    const char *bin;    /* where pg_dump and pg_restore are */
    const struct backup_table *tables;
    size_t      n_tables;
    const volatile sig_atomic_t *signals; /* counts them; the first ends the work */
};

struct backup_made {
    char   path[4200];  /* of the dump */
    size_t n_tables, n_removed;
    int64_t n_rows;
};

/*
 * Writes a backup of the database into `dir`, which is made (0700) if it is missing; files of mode 0600, on disk for good, the dump in its place
 * last. Then, if `keep` is not 0, all but the `keep` newest backups of this database in `dir` are removed. `pg` is read only, in no transaction.
 * ST_DB: also what pg_dump says; ST_DB_RETRY; ST_DISK: nothing is in `dir` that was not before; ST_MEMORY; ST_STOPPED.
 */
enum st backup_write(const struct backup_job *job, struct pg *pg, const char *dir, size_t keep, struct backup_made *made, struct err *err);

/* What became of a table: before as the manifest says, after as restored (rows -1: it is not there). */
typedef void backup_found(void *ctx, const char *schema, const char *table, int64_t before, int64_t after, bool same);

struct backup_checked {
    size_t  n_tables, n_different;
    int64_t n_rows;
    char    words[200]; /* what pg_restore complained about; "": nothing */
};

/*
 * Restores `path` into a database of its own on the server of `pg`, compares, and drops it. ST_OK: it could be compared (`n_different`!); ST_IO:
 * the file or its manifest cannot be read; ST_CORRUPT: it is not the file that was written; ST_DB: the database cannot be made; ST_STOPPED.
 * What is restored runs as the role of `pg`: a dump may hold any SQL, so only one's own are to be checked.
 */
enum st backup_check(const struct backup_job *job, struct pg *pg, const char *path, backup_found *found, void *ctx,
                     struct backup_checked *checked, struct err *err);

#endif
