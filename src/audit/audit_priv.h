/*
 * The parts of an audit, each in a file of its own: which tables hold what was counted (tables.c), the
 * ledger against them (balance.c), totals against their parts (totals.c), values that cannot be
 * (values.c), sketches (sketches.c), the ledger in itself (books.c). audit.c walks through them. openings.c states what stood there before.
 */
#ifndef INGEST_AUDIT_PRIV_H
#define INGEST_AUDIT_PRIV_H

#include "ingest/audit.h"
#include "ingest/buf.h"
#include "ingest/dataset.h"
#include "ingest/sink.h"

extern const char audit_what[], doctor_what[]; /* for err->what */

struct audit {
    struct pg *pg;
    audit_say *say;
    void      *ctx;
    uint64_t   n_findings;
    bool       has_unresolved, has_recounts, has_openings, has_retractions; /* an older ledger has no such tables */
};

/* ---- what is looked at ---- */

#define BOOK_TABLES_MAX 16

/* What the ledger calls a dataset, and where its rows are. */
struct book {
    const struct dataset *dataset;
    struct target tables[BOOK_TABLES_MAX];
    size_t        n_tables;
    bool          is_fed;    /* the ledger has payloads of it */
    bool          shared;    /* one of the tables is not ours alone */
    bool          cascades;  /* its rows go with those of another table */
    bool          given;     /* some payloads hold sums and sketches that others made */
    bool          versioned; /* all that was counted into it had a version */
    bool          is_part;   /* only days `since` to the day before `until` are asked about */
    int32_t       since, until;
    char          nodes[140]; /* as SQL wants it: where the names of nodes are; "" where they cannot be read */
};

enum st book_find(struct audit *a, const struct dataset *d, struct book *book, struct err *err);

/* The column that counts, that of bytes (NULL: none is kept), that of the day. */
const char *book_count(const struct dataset *d);
const char *book_bytes(const struct target *t);
const struct key_column *book_day(const struct dataset *d);
/* The column whose NULL makes a row a total; NULL: the dataset has no totals. */
const char *book_version(const struct dataset *d);

/* "schema"."table"; and for people schema.table, in `out`. */
void sql_of_table(struct buf *b, const struct target *t);
#define TABLE_NAME 140
const char *name_of_table(const struct target *t, char out[TABLE_NAME]);
/* name/version/2024-01-05: the key of a row, as one text. */
void sql_of_key(struct buf *b, const struct target *t);

/*
 * The month of the day in TABLE.COLUMN, as a timestamp, which has not all days that a date has: NULL beyond the years of four
 * digits and for infinity, so that the audit finds such rows instead of failing with them.
 */
void sql_of_month(struct buf *b, const char *table, const char *column);

/* ---- asking ---- */

#define AUDIT_SHOWN 10 /* rows of one kind that are told one by one */

struct question {
    const char *check, *table, *what, *why;
    enum audit_word word;
};

/*
 * A statement whose rows are what is not as it should be: month, node, key, ours, theirs, each may be NULL, all as text.
 * None: nothing is said. *n (may be NULL) is how many there are. `sql` is used up. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st audit_ask(struct audit *a, const struct question *q, struct buf *sql, int64_t *n,
                  struct err *err);
void audit_tell(struct audit *a, const struct audit_line *line, uint64_t n);
/* "looked at, and as it should be" */
void audit_well(struct audit *a, const char *check, const char *table, const char *what);

enum st balance_check(struct audit *a, const struct book *book, struct err *err);
/*
 * Statements in a WITH, each with a comma behind it: `ledger` (node, bucket, count, bytes, ...) and `found` (node, bucket, count, bytes), of the
 * book's days where it is a part.
 */
void balance_sql_of_ledger(struct buf *b, const struct book *book);
void balance_sql_of_tables(struct buf *b, const struct book *book);
/* Is every table's column of bytes there? */
bool balance_has_bytes(const struct book *book);
enum st totals_check(struct audit *a, const struct book *book, struct err *err);
enum st values_check(struct audit *a, const struct book *book, struct err *err);
enum st sketches_check(struct audit *a, const struct book *book, struct err *err);
/* Those of ingest.unresolved. */
enum st sketches_check_waiting(struct audit *a, struct err *err);
enum st books_check(struct audit *a, struct err *err);
/* Are the payloads of this dataset of nodes that are there? */
enum st books_check_scopes(struct audit *a, const struct book *book, struct err *err);

/* ---- the doctor: doctor_server.c walks through them, doctor_host.c stands alone ---- */

enum st doctor_settings(struct audit *a, struct err *err);
enum st doctor_hll(struct audit *a, struct err *err);
enum st doctor_migrations(struct audit *a, struct err *err);
/* `standby`: nobody can write, so nobody is asked whether he may. */
enum st doctor_rights(struct audit *a, bool standby, struct err *err);
void    doctor_tell(struct audit *a, enum audit_word word, const char *check, const char *why,
                    const char *what, ...) PRINTF(5, 6);

#endif
