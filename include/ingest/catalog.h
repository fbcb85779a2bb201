/*
 * What a path stands for where the path alone does not tell: read from the tables of the system that made it, once a run, and asked
 * for each hit. Immutable and shared between threads once it is loaded.
 */
#ifndef INGEST_CATALOG_H
#define INGEST_CATALOG_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"
#include "ingest/slice.h"

enum catalog_kind {
    CATALOG_NONE,
    CATALOG_DISTS,     /* Zeco: the path of a tarball, or its sha -> name, version, auth */
    CATALOG_ARTIFACTS, /* builds.rs: "crate/version/target/file", or the file name -> id of the artifact */
};
#define CATALOG_KINDS (CATALOG_ARTIFACTS + 1)

struct catalog;

struct catalog_entry {
    struct slice name, version, auth; /* CATALOG_DISTS; version.p and auth.p NULL: the row has none. Live as long as the catalog */
    int64_t      id;                  /* CATALOG_ARTIFACTS */
};

/*
 * Reads the tables, in `schema` where it has them, else along the search path. In one REPEATABLE READ, READ ONLY transaction of its own:
 * none may be open. Where several rows claim one name the choice is the same every time (docs/COUNTING.md).
 * ST_OK; ST_DB: a table or column is missing (err->hint), or no right; ST_DB_RETRY; ST_MEMORY.
 */
enum st catalog_load(struct catalog **out, enum catalog_kind kind, struct pg *pg, const char *schema, struct err *err);
void    catalog_free(struct catalog *c);
size_t  catalog_n(const struct catalog *c);          /* entries */
size_t  catalog_n_skipped(const struct catalog *c);  /* rows that name nothing, or what no key can hold */
size_t  catalog_held_bytes(const struct catalog *c);

/* `path` is clean (path_clean): no scheme, host or query. */
bool catalog_find(const struct catalog *c, struct slice path, struct catalog_entry *out);

/*
 * CATALOG_ARTIFACTS for SQL: adds the joins that lead from `artifact`, a column of the statement, to its row of job_artifacts (`a`) and on to its crate (`c`),
 * in `schema`. ST_DB, with no SQLSTATE: there is no such way, or the role may not go it.
 */
struct buf;
enum st catalog_artifact_joins(struct buf *sql, const char *artifact, struct pg *pg, const char *schema, struct err *err);

/* For tests and loaders: a catalog that is filled by hand. What is added first wins; texts are copied. ST_OK, ST_MEMORY. */
struct catalog *catalog_new(enum catalog_kind kind, struct err *err);
enum st catalog_add(struct catalog *c, struct slice key, const struct catalog_entry *entry, struct err *err);

#endif
