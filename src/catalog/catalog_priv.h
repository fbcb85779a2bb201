/*
 * Inside catalog/: catalog.c holds what was found, names.c says under which names it is found, load.c walks through a
 * query, load_<kind>.c knows the tables of a system.
 */
#ifndef INGEST_CATALOG_PRIV_H
#define INGEST_CATALOG_PRIV_H

#include "ingest/arena.h"
#include "ingest/catalog.h"
#include "ingest/hash.h"

#define NAME_BYTES_MAX 2048 /* no name of an entry is longer */

/*
 * An entry as it is kept: rank first, so that of two that claim one name the better is seen at once. The greater rank is
 * the better; between equal ones what is behind it decides, so the choice does not depend on the order of rows.
 *
 *   DISTS      name, version, auth: their lengths, then their bytes
 *   ARTIFACTS  the id
 */
#define NO_TEXT UINT16_MAX /* the length of one that is not there */
struct kept {
    int64_t rank;
    union {
        int64_t id;
        struct {
            uint16_t n[3];
            char     bytes[];
        } texts;
    } u;
};

/* A name is one of a class; what is found under one of the first class goes before all others. */
enum name_class {
    NAME_PATH,      /* DISTS: dists.path, from the first directory on. ARTIFACTS: crate/version/target/file */
    NAME_META_PATH, /* DISTS: the path in its meta */
    NAME_SHA,       /* DISTS: the 40 hexadecimal digits of a file's name */
    NAME_FILE,      /* ARTIFACTS: the file's name alone */
};

struct slot {
    struct digest name; /* of a name and its class, under the catalog's secret: log content cannot choose it */
    const struct kept *entry;
};

struct catalog {
    enum catalog_kind  kind;
    struct hash_secret secret;
    struct arena       entries;
    struct slot       *slots;
    size_t             n_slots, n_used; /* n_slots: a power of two */
    size_t             n, n_skipped;
};

/* ---- catalog.c ---- */

/* Keeps an entry, which has no name yet; NULL: no memory. Texts are at most UINT16_MAX - 1 bytes each. */
const struct kept *catalog_keep(struct catalog *c, const struct catalog_entry *entry, int64_t rank, struct err *err);
/* Gives it a name, unless a better one has that. */
enum st catalog_name(struct catalog *c, enum name_class class, struct slice name, const struct kept *entry, struct err *err);
const struct kept *catalog_look(const struct catalog *c, enum name_class class, struct slice name);

/* ---- names.c ---- */

/* The names of an entry that stands at `path`; `meta_path` may be not there. */
enum st dist_names(struct catalog *c, struct slice path, struct slice meta_path, const struct kept *entry, struct err *err);
const struct kept *dist_find(const struct catalog *c, struct slice path);

enum st artifact_names(struct catalog *c, struct slice crate, struct slice version, struct slice target, struct slice file,
                       const struct kept *entry, struct err *err);
const struct kept *artifact_find(const struct catalog *c, struct slice path);

/* ---- load.c ---- */

typedef enum st load_row(struct catalog *c, const struct slice *fields, struct err *err);
/* Runs a SELECT and hands over its rows as pg_copy_out does. */
enum st load_rows(struct catalog *c, struct pg *pg, const char *doing, const char *select, load_row *take, struct err *err);
/*
 * The schema of `table`: `schema` where that has it, else the first of the search path that does. ST_DB: none has; the hint says
 * what makes one.
 */
enum st load_schema(struct pg *pg, const char *schema, const char *table, const char *what, char out[64], struct err *err);

/* May these tables (an array literal) be read? ST_DB: the sentence names the right that is missing, the hint is the GRANT. */
enum st load_rights(struct pg *pg, const char *schema, const char *tables, const char *what, struct err *err);

/* ---- load_<kind>.c: inside the transaction ---- */

enum st load_dists(struct catalog *c, struct pg *pg, const char *schema, struct err *err);
enum st load_artifacts(struct catalog *c, struct pg *pg, const char *schema, struct err *err);

#endif
