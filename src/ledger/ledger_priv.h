/*
 * Inside ledger/: digests as parameters and back, and many rows as parameters.
 */
#ifndef LEDGER_PRIV_H
#define LEDGER_PRIV_H

#include "ingest/ledger.h"

/* "\x" + hex + NUL, as a text parameter of type bytea. */
struct bytea_text {
    char text[2 * SETTING_MAX + 3];
};
const char *bytea_text(struct bytea_text *t, const void *bytes, size_t n);

/* The parameters of a statement: $1..$n are arrays, one a column; then single values. */
#define COLUMNS_MAX 20
struct columns {
    struct pg_array at[COLUMNS_MAX]; /* add an element to each for a row */
    const char     *values[COLUMNS_MAX];
    size_t          n, n_more;
};

void columns_begin(struct columns *c, size_t n);
void columns_add_value(struct columns *c, const char *value); /* borrowed until columns_run; NULL is NULL */
/* What pg_run gives; ST_MEMORY. */
enum st columns_run(struct columns *c, struct pg *pg, const char *what, const char *sql,
                    struct pg_result **out, struct err *err);
void    columns_release(struct columns *c);

/* Five columns from `at` on: device, inode, size and times. */
void put_file(struct columns *c, size_t at, const struct file_id *file);
/* Eight: path, size, stored, device, inode, mtime_ns, ctime_ns, machine. What proves nothing is NULL. */
void put_sighting(const struct ledger *l, struct columns *c, size_t at, const struct sighting *s);

/* The days of claimed payloads from `since` to the day before `until`. */
enum st record_days(struct ledger *l, struct payload *const *payloads, size_t n, int32_t since,
                    int32_t until, struct err *err);

/* Which secret it is, without telling it. */
#define WITNESS_BYTES 8
void    witness_of(const void *secret, size_t n, uint8_t out[WITNESS_BYTES]);
/* Is this the secret of the ledger's payloads? n 0: there is none. Sets has_witness and keeps_epochs. ST_DB: it is not. */
enum st witness_ask(struct ledger *l, const void *secret, size_t n, struct err *err);

/* Where there is no ledger, or not all of one: ST_OK; ST_DB: it has lost the table of its secret, or cannot be asked. */
enum st witness_of_less(struct ledger *l, struct err *err);

/* May this role count? ST_DB: a right is missing (err->hint: the GRANT). */
enum st ledger_rights(struct ledger *l, struct err *err);

/*
 * The same for what a command does beyond counting. `table` is the one by which a ledger that is too old is told; `needs`: "payloads UPDATE,
 * payload_days DELETE". ST_DB: the ledger is older, or a right is missing (hint: what to type).
 */
enum st rights_for(struct ledger *l, const char *what, const char *table, const char *needs,
                   struct err *err);

/* Reads payload, rules_id, dataset, whether half a line was left and whether it is partial from five columns of a row. */
void known_from_row(const struct pg_result *r, size_t row, size_t col, struct known *out);

#endif
