/*
 * What the files of migrate/ share: the embedded SQL, and reading it line by line.
 */
#ifndef INGEST_MIGRATE_PRIV_H
#define INGEST_MIGRATE_PRIV_H

#include "ingest/buf.h"
#include "ingest/migrate.h"
#include "ingest/slice.h"

/* ---- embedded.c ---- */

struct schema_file {
    const char *path; /* below schema/: "stats/1763700100-stats.up.sql" */
    const char *text; /* ends in NUL */
};
extern const struct schema_file schema_files[]; /* sorted by path */
extern const size_t             n_schema_files;

/* ---- script.c ---- */

/* One migration: its up and its down, found by name among the embedded files. */
struct migration {
    char        set[32];
    char        file[96];   /* "1763700100-stats" */
    const char *up, *down;
    char        checksum[33];
};

/* The next migration of `set` behind *at (0 at first); false when there is none. Sorted by name. */
bool migration_next(const char *set, size_t *at, struct migration *m);
/* The file that makes the runner's notebook. */
const char *schema_notebook(void);

/* The next line without its LF; false at the end. */
bool script_line(const char **at, struct slice *line);
/* The text without the sections between "-- sketches:" and "-- end", if they are unwanted. Without
 * memory b->failed. */
void script_select(struct buf *b, const char *text, bool no_sketches);
bool script_wants_hll(const char *text);
/* "-- sketches as in: TABLE": these sections are wanted if that table of ours has sketches. */
bool script_sketches_as_in(const char *text, struct slice *table);

/* "CREATE TABLE name", "DROP VIEW name;" and their like at the start of a line. */
struct script_object {
    bool         is_table;
    struct slice name;     /* as written: may hold a schema */
    struct slice own_rows; /* the condition behind "-- own rows:"; p NULL without one */
};
bool script_object(struct slice line, struct slice verb, struct script_object *o);

#endif
