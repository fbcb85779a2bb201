/*
 * The steps of a merge, each in a file of its own: what a table is (target.c) and what may be done
 * to it (rights.c), where rows wait (stage.c), how they are sent (send.c), which SQL unites them
 * (merge_sql.c), and what a dataset wants done besides (beside.c). sink_pg.c walks through them.
 */
#ifndef INGEST_SINK_PRIV_H
#define INGEST_SINK_PRIV_H

#include "ingest/sink.h"

/* What the alias of a column list is put before: "t." or "". */
enum columns_of { COLUMNS_KEYS, COLUMNS_ALL };

/* "node_id", "name", ...: the columns in the order in which copy_encode_row writes them. */
void sql_columns(struct buf *b, const struct target *t, enum columns_of which, const char *alias);
/* "schema"."table" */
void sql_table(struct buf *b, const struct target *t);
/* schema.hll_union and the like */
void sql_hll(struct buf *b, const struct target *t, const char *function);

/* NULL versions and the others go apart, so that each statement can use an index. */
enum pass { PASS_ALL, PASS_NULL, PASS_NOT_NULL };
/* left.key = right.key for every key of this pass; the nullable one is NULL on both sides, or on neither. */
void sql_same_key(struct buf *b, const struct target *t, const char *left, const char *right,
                  enum pass pass);
/* Of the table's rows that share a key of the stage, the lowest: "(SELECT DISTINCT ON (keys) keys, which row ... ORDER BY keys, lowest) AS one". */
void sql_one_of_each(struct buf *b, const struct target *t, const char *stage, enum pass pass);
void sql_update(struct buf *b, const struct target *t, const char *stage, enum pass pass);
void sql_insert(struct buf *b, const struct target *t, const char *stage, enum pass pass);
/* Of how many of the stage's keys with a NULL does the table have several rows? One row, one number. */
void sql_doubled(struct buf *b, const struct target *t, const char *stage);
/* Does the table hold rows of days $1..$2, as the table has days (of node $3)? One row, one boolean. */
void sql_any_row(struct buf *b, const struct target *t);

/* t.day from `first` to the day before `end`, and t.node_id where there are nodes. */
void sql_of_days(struct buf *b, const struct target *t, int32_t first, int32_t end);

/* The key column that may be NULL, or NULL when there is none. A dataset has at most one. */
const struct key_column *key_nullable(const struct dataset *d);
const struct key_column *key_day(const struct dataset *d);

/*
 * The stage: here a temporary table that the transaction drops. A database that is sharded wants a
 * permanent one beside its table; then these three change, and nothing else.
 */
struct stage {
    char name[64]; /* as SQL wants it */
};
enum st stage_open(struct pg *pg, const struct target *t, struct stage *s, struct err *err);
enum st stage_filled(struct pg *pg, const struct target *t, const struct stage *s,
                     struct err *err); /* statistics for the planner */
enum st stage_close(struct pg *pg, const struct stage *s, struct err *err);

/* For statements that join the stage with the table, until the transaction ends. */
enum st sink_guide_planner(struct pg *pg, struct err *err);

/* ---- what is done beside the merge ---- */

#define STATEMENTS_MAX 32

enum beside { BESIDE_BEFORE, BESIDE_AFTER, BESIDE_INSTEAD };

/* Sets t->statements: those whose conditions hold. ST_OK, ST_DB. */
enum st beside_look(struct pg *pg, struct target *t, struct err *err);
/* Runs those of one kind; *touched grows by the rows that they say they touched. ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st beside_run(struct pg *pg, const struct target *t, const struct stage *s, enum beside kind,
                   int64_t *touched, struct err *err);

/* Does this connection's role have the rights that a merge needs? ST_DB: no, and err names the first. */
enum st rights_look(struct pg *pg, const struct target *t, struct err *err);

/* "cannot use table ...": ST_DB, for the caller to say why. */
enum st target_unusable(const struct target *t, struct err *err);

/* COPY all of `rows` into `into` (SQL for a table with the columns of t). The server must take as
 * many as were sent. */
enum st send_rows(struct pg *pg, const struct target *t, const char *into, struct rows *rows,
                  int64_t *sent, struct err *err);

#endif
