/*
 * What up and down share: the notebook, the lock, which sets are meant.
 */
#ifndef INGEST_RUNNER_PRIV_H
#define INGEST_RUNNER_PRIV_H

#include "migrate_priv.h"

enum { SETS_MAX = 16 };

struct set_list {
    const char *name[SETS_MAX];
    size_t      n;
};

enum sets_default { SETS_FIRST_THREE, SETS_EVERY };

/* The sets that are meant, each once, in the order in which they are made. ST_USAGE for a name that
 * is none. */
enum st sets_resolve(const char *const *sets, size_t n, enum sets_default absent,
                     struct set_list *out, struct err *err);

void say(const struct migrate_options *o, const char *format, ...) PRINTF(2, 3);

/* Begins each of our transactions: waits for other migrators until it ends; the current schema is
 * not the ledger's. */
enum st runner_lock(struct pg *pg, struct err *err);
/* Is ingest.migrations there? ST_DB if there is one that is not ours. */
enum st notebook_is_there(struct pg *pg, bool *there, struct err *err);

struct note {
    bool applied;
    char checksum[40], applied_at[40];
};
enum st notebook_read(struct pg *pg, const struct migration *m, struct note *note, struct err *err);

/* What stands at `name`: its own schema's, or (up) the current schema's, or (down) the first along
 * the search path. */
enum where_to_look { LOOK_CURRENT_SCHEMA, LOOK_SEARCH_PATH };
struct found {
    bool there, ours;
    char sql_name[140]; /* quoted, with its schema */
};
enum st object_find(struct pg *pg, struct slice name, enum where_to_look where, struct found *f,
                    struct err *err);

/* ---- heal.c ---- */

/*
 * Unites the doubled rows without version of Zeco's `stats`: in the schema zeco, else along the search path. ST_DB: there
 * is none, or a right is missing (err->hint: the GRANT).
 */
enum st heal_zeco(struct pg *pg, const struct migrate_options *o, struct err *err);

#endif
