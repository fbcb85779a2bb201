/*
 * schema/<set>/<posix-timestamp>-<name>.(up|down).sql, embedded in the binary, applied in order, once each, each in a
 * transaction of its own and recorded in ingest.migrations. A failed one leaves nothing and is tried again.
 */
#ifndef INGEST_MIGRATE_H
#define INGEST_MIGRATE_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

struct migrate_options {
    bool no_sketches;  /* leave out hll columns: lines between "-- sketches:" and "-- end" of a file */
    bool drop_data;    /* `down` may drop tables that hold rows */
    bool heal;         /* `up` of the set zeco alone: makes nothing but the ledger, and unites doubled rows of Zeco's `stats` */
    void (*say)(void *ctx, const char *line); /* one line a step; may be NULL */
    void *say_ctx;
};

/* The names of all sets, in the order in which they are made; NULL at the end. */
const char *const *migrate_sets(void);

/* `sets` may hold "ALL" in each of these. A set that is not known: ST_USAGE, and the names that are. */

/* Brings the sets up. `sets` empty: ledger, stats, eida. One migrator at a time (advisory lock). The `ledger` set is always brought up first.
 * ST_DB: an object of a name that a file would make is there already (err->hint: whose it may be), hll is missing (err->hint: the line
 * that a DBA runs), or the server's own words; what was applied before stays, the failed file leaves nothing. */
enum st migrate_up(struct pg *pg, const char *const *sets, size_t n, const struct migrate_options *o, struct err *err);
/* Takes the sets down, the last first; `ledger` only when no other set is up. Drops only marked objects, refuses while they hold rows:
 * all of that is looked at before the first is dropped. `sets` empty: ledger, stats, eida. */
enum st migrate_down(struct pg *pg, const char *const *sets, size_t n, const struct migrate_options *o, struct err *err);
/* One line a migration through say: set, file, applied or pending, when, checksum (differing: what was applied is not what this program holds). `sets` empty: all. */
enum st migrate_status(struct pg *pg, const char *const *sets, size_t n, const struct migrate_options *o, struct err *err);
/* The SQL that `up` would run, to stdout; needs no database. */
enum st migrate_print(const char *const *sets, size_t n, const struct migrate_options *o, struct err *err);

#endif
