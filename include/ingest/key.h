/*
 * The life of client keys: from which day on which one holds, in a key file (dataset.h) and in the ledger of each database that is fed under it
 * (ingest.key_epochs). docs/KEYS.md.
 */
#ifndef INGEST_KEY_H
#define INGEST_KEY_H

#include "ingest/dataset.h"
#include "ingest/ledger.h"

#define KEY_TABLE 140 /* schema.table, with its NUL */

/* What a database knows of one table. */
struct key_epoch {
    int32_t from_day;   /* DAY_NONE: the first, of all days before the next one */
    uint8_t id[8];
    bool    dropped;
};
struct key_epochs {
    struct key_epoch at[CLIENT_EPOCHS_MAX];
    size_t           n; /* 0: nothing was ever counted into it under a key */
};

/* ---- the ledger's part ---- */

/* ST_DB: an older ledger has no such table, or a right is missing (err->hint: what to type). */
enum st epochs_rights(struct ledger *l, struct err *err);
/* Of a table, "schema.table", by day. ST_OK, ST_DB, ST_DB_RETRY. */
enum st epochs_read(struct ledger *l, const char *at_table, struct key_epochs *out, struct err *err);
/* The same, also of a ledger without epochs, and of a table that an older program has begun: then the setting is its one epoch, `unwritten`. */
enum st epochs_find(struct ledger *l, const char *at_table, struct key_epochs *out, bool *unwritten, struct err *err);
/* Which tables there are: schema.table each, in their order, in `out`, which stays the caller's; each with its NUL. */
enum st epochs_tables(struct ledger *l, struct buf *out, size_t *n, struct err *err);
/* Inside a transaction: epochs of the file from `first` on are written down, unless they are there. */
enum st epochs_write(struct ledger *l, const char *at_table, const struct client_key *key, size_t first, struct err *err);
/* Inside a transaction: what was counted before the program knew epochs was all of it under this file. */
enum st epochs_rewrite_first(struct ledger *l, const char *at_table, const struct client_key *key, struct err *err);
/* Inside a transaction: all before this day are dropped, from now on. */
enum st epochs_drop(struct ledger *l, const char *at_table, int32_t before, struct err *err);
/* Has an epoch begun behind day `behind` (DAY_NONE: any but the first) and not behind day `last`? */
enum st epochs_begun(struct ledger *l, const char *at_table, int32_t behind, int32_t last, bool *begun, struct err *err);
/* The last day from `from` on of which hits with clients wait for their key (ingest.unresolved); *last DAY_NONE: there is none. */
enum st epochs_last_parked(struct ledger *l, const char *dataset, int32_t from, int32_t *last, struct err *err);

/* ---- a file and a table ---- */

enum key_fit {
    KEY_FITS,
    KEY_FILE_HAS_MORE, /* epochs that the database does not know: those behind the ones that it knows */
    KEY_FILE_LACKS,    /* epochs that the database knows */
    KEY_DIFFERS,       /* they are of different keys, or one begins on different days */
    KEY_FIRST_IS_LAST, /* the database knows one, the file's last: noted before there were epochs, when files had several all the same */
};
/* *at: the first epoch that is not the same on both sides. */
enum key_fit key_compare(const struct client_key *file, const struct key_epochs *database, size_t *at);

/* ---- `ingest key` ---- */

/* An epoch of the file, of the database, or of both. */
struct key_line {
    int32_t     from_day;      /* DAY_NONE: the first */
    uint8_t     id[8];
    bool        in_file, in_database;
    bool        held;          /* the file holds the key itself */
    bool        dropped;       /* so says the file, or the database */
    const char *tables;        /* of the database, with ", " between them */
};
typedef void key_told(void *ctx, const struct key_line *line);

/* pg NULL: there is no database. A file that is missing has no epoch where the database has some. ST_OK, ST_USAGE, ST_DB, ST_MEMORY. */
enum st key_list(struct pg *pg, const char *path, key_told *told, void *ctx, struct err *err);

/*
 * A new key from a day on: in the file, and for each table of the database that is fed under the file. Nothing is changed unless both can be.
 * A file that is missing is made first, unless the database knows of keys. ST_USAGE: the day is not behind all that is counted (err->hint: the first
 * that is), the file is another one, ...; ST_DB, ST_MEMORY. *n_tables that know of it.
 */
enum st key_add(struct pg *pg, const char *path, int32_t from_day, size_t *n_tables, struct err *err);

/*
 * The keys of all epochs before the one that begins on this day are destroyed: first the database notes it, so that no host uses one of them again,
 * then they leave the file. *n keys that the file held. ST_USAGE: no epoch begins on it, ...; ST_DB, ST_MEMORY.
 */
enum st key_drop(struct pg *pg, const char *path, int32_t before, size_t *n, struct err *err);

#endif
