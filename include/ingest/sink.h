/*
 * Where rows go: into a table of a database, merged with what stands there, or as text for a look.
 */
#ifndef INGEST_SINK_H
#define INGEST_SINK_H

#include "ingest/base.h"
#include "ingest/dataset.h"
#include "ingest/err.h"
#include "ingest/pg.h"
#include "ingest/rollup.h"

/* A table as it is in this database, which may be ours or one that another system made. */
struct target {
    const struct dataset *dataset;
    uint32_t oid;
    char     schema[64];
    bool     ours;               /* its COMMENT says that our migrations made it */
    bool     has_sum[SUMS_MAX];  /* a live table may lack "bytes" */
    bool     has_sketch;         /* the uniques column is there */
    bool     has_updated_at;     /* dataselect_stats: created_at, updated_at are kept like EIDA's */
    bool     has_created_at;
    bool     replaces;           /* rows of the same key are overwritten. The caller sets it */
    char     hll_schema[64];     /* where hll_union lives; "" without the extension */
    char     lowest[64];         /* a live table's primary key of one column: tells which of doubled rows is the lowest; "" without one */
    int32_t  node_id;            /* for datasets with a node; else 0. The caller sets it: target_find does not know nodes */
    bool     missing;            /* target_find looked, and there is none */
    uint32_t statements;         /* which of the dataset's statements are run here: a bit each, those before, after and instead, in this order */
    uint32_t narrow;             /* columns that are integer: a bit for each key, then for each sum */
};

/*
 * Finds the table, in the dataset's schema where it has one and the table is there, else along the search path, and looks at its columns
 * and types; out->dataset is the variant that fits it. ST_DB when it is missing (err->hint: the `ingest migrate up`
 * to type), lacks a column, has one of a wrong type (hll of other parameters included) or one that must be filled and that we do not know,
 * or, on a connection that may write, when the role lacks a right (err->hint: the GRANT).
 */
enum st target_find(struct pg *pg, const struct dataset *d, struct target *out, struct err *err);
/* The same, with a schema to look into first, before that of the dataset; NULL: none. */
enum st target_find_in(struct pg *pg, const struct dataset *d, const char *schema, struct target *out, struct err *err);

struct merge_result {
    int64_t sent, inserted, updated; /* sent = inserted + updated, but for a dataset that is updated `instead` */
    bool    copied; /* straight into the table, without the stage */
    int64_t doubled; /* keys with a NULL of which another system's table has several rows; the lowest was updated */
};

/*
 * Inside the caller's open transaction, after it took the advisory lock of the table: adds `rows` (of days first_day..last_day) to the
 * table. Straight COPY if the table is ours and has no row of these days (of this node); else through a stage, UPDATE then INSERT, for NULL
 * and non-NULL keys apart. Rows touched equal rows sent, or ST_BUG. ST_DB, ST_DB_RETRY, and whatever rows_next gives.
 * The dataset's statements are run around it, or instead of it; none of them when there are no rows.
 *
 * A unique violation by a writer who does not take our lock: on the stage's way UPDATE and INSERT are tried again at once. On the
 * straight way it is ST_DB_RETRY, because `rows` has been read: roll back, open the rows again, and the next call finds the
 * stranger's row and takes the stage.
 */
enum st sink_merge(struct pg *pg, const struct target *t, struct rows *rows, int32_t first_day, int32_t last_day,
                   struct merge_result *out, struct err *err);

/*
 * Inside the caller's transaction and under the table's lock: deletes the rows from day `first` to the day before `end` (of t->node_id, where
 * there are nodes). *n of them; their days go to `take`, ascending. ST_USAGE: what stands beside the rows cannot be taken back. ST_DB, ST_DB_RETRY.
 */
enum st sink_delete(struct pg *pg, const struct target *t, int32_t first, int32_t end, bool (*take)(void *ctx, int32_t day), void *ctx,
                    int64_t *n, struct err *err);
/* May this role delete? ST_DB: no (err->hint: the GRANT). */
enum st sink_may_delete(struct pg *pg, const struct target *t, struct err *err);

/*
 * The last day from `from` on of whose clients the table has a sketch, whoever wrote it; *last DAY_NONE: there is none. ST_DB, ST_DB_RETRY,
 * ST_MEMORY.
 */
enum st sink_last_day(struct pg *pg, const struct target *t, int32_t from, int32_t *last, struct err *err);

/*
 * Inside the caller's transaction and under the table's lock: takes the sums of `rows` off the table. A row of which nothing is left goes. Of
 * those that stay, where the table has a sketch, ingest.upper_bounds gets dataset, node, day and name (the first column of text in the
 * key): what was added to a sketch cannot be taken out of it.
 *
 * ST_OK
 * ST_CORRUPT  the table has less than that under some key, or a sum that stopped at 2^63 - 1: err->cause names the row. Nothing of it may stay
 * ST_DB, ST_DB_RETRY, ST_MEMORY, and what rows_next gives
 */
struct subtracted {
    int64_t sent, changed, gone; /* rows; sent = changed + gone */
};
enum st sink_subtract(struct pg *pg, const struct target *t, struct rows *rows, struct subtracted *out, struct err *err);

/* Takes the advisory lock that serializes merges into this table, by OID, until the transaction ends. */
enum st sink_lock(struct pg *pg, const struct target *t, struct err *err);

/*
 * One JSON object a line, "table" first, then the key columns ("node" first where the dataset has one), the sums, "clients" as "\\x..." text:
 * {"table":"stats","name":"serde","version":null,"dldate":"2024-01-16","count":3,"bytes":42,"clients":"\\x118b7f"}
 */
enum st sink_text(FILE *out, const struct dataset *d, const char *node, struct rows *rows, int64_t *n_rows, struct err *err);

/* The beginning of such an object, the table and its keys, for whoever goes on: "table":"stats","name":"serde","version":null */
void sink_key_json(struct buf *b, const struct dataset *d, const char *node, struct slice key);

/*
 * The rows of the table from day `first` to the day before `end`, of t->node_id where it has nodes, beside `rows` of the same days (NULL: there
 * are none). Sketches are the same if they stand for the same clients, however they are stored. In one statement: nothing is written,
 * and what is compared is one state of the table. A row of `ours` or `theirs` lives until `differs` returns; one of the two may be NULL. A key that
 * the table has twice is its own alone the second time. What `differs` gives but ST_OK ends it. ST_DB, ST_DB_RETRY, ST_MEMORY, and what rows_next gives.
 */
typedef enum st sink_differs(void *ctx, const struct target *t, const struct row *ours, const struct row *theirs, struct err *err);
struct compared {
    int64_t same, differ, ours_alone, theirs_alone; /* rows */
};
enum st sink_compare(struct pg *pg, const struct target *t, struct rows *rows, int32_t first, int32_t end, sink_differs *differs, void *ctx,
                     struct compared *out, struct err *err);

/* The same, and each row is told: also those that are the same on both sides. */
enum st sink_beside(struct pg *pg, const struct target *t, struct rows *rows, int32_t first, int32_t end, sink_differs *each, void *ctx,
                    struct err *err);

/*
 * The row of `key` (hit.h) as the table has it, of t->node_id where it has nodes: none, one, or several where a live table has it twice. It
 * lives until `take` returns; what that gives but ST_OK ends it. ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
typedef enum st sink_row(void *ctx, const struct row *row, struct err *err);
enum st sink_find_row(struct pg *pg, const struct target *t, struct slice key, sink_row *take, void *ctx, struct err *err);

/*
 * The document that EIDA's aggregator would send: DIR/<first day>_<last day>.json.gz, written under a hidden name beside it and put in its
 * place (one of that name is replaced) once all of it is on disk; `path` gets its name. For dataselect_stats; sketches are as in the server.
 */
struct eida_head {
    const int32_t *days; /* covered, ascending; one at least */
    size_t         n_days;
    uint64_t       n_lines; /* "events": every line of every log, whatever became of it; of a payload its statistics */
    uint64_t       n_rows;  /* that `rows` will give; one at least */
};
#define EIDA_PATH_MAX 4000
/* ST_OK; ST_DISK, ST_MEMORY, and whatever rows_next gives: then nothing is there that was not there before. */
enum st sink_eida(const char *dir, const struct dataset *d, const struct eida_head *head, struct rows *rows, char path[EIDA_PATH_MAX],
                  struct err *err);

/* Rows in COPY BINARY (PostgreSQL manual, "COPY", Binary Format): the header, each row, the trailer. */
void copy_encode_header(struct buf *b);
void copy_encode_row(struct buf *b, const struct target *t, const struct row *row);
void copy_encode_trailer(struct buf *b);

#endif
