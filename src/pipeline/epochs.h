/*
 * Under which keys the clients of a table are hashed: epochs.c; and still are, while inputs are counted: keyed.c.
 */
#ifndef EPOCHS_H
#define EPOCHS_H

#include "pipeline_priv.h"

/* ---- epochs.c ---- */

/* The run's client keys are read, and are those that the table is fed under. ST_USAGE, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st epochs_check(struct run *run, struct table *t, struct err *err);
/* Are clients counted into the table from this day on? *last: up to which day; DAY_NONE: they are not. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st epochs_free_from(struct ledger *l, const struct target *t, int32_t from, int32_t *last, struct err *err);

/* ---- keyed.c ---- */

/* Can this input be counted? ST_OK; ST_FORMAT: the key of one of its days is destroyed. */
enum st epochs_judge(const struct run *run, const struct table *t, const struct payload *payload, struct err *err);
/*
 * In the transaction, under the table's lock: up to day `last` they still are. ST_DB: a key has begun meanwhile that the run does not know.
 * _batch: up to the last day of the batch.
 */
enum st epochs_hold(struct run *run, const struct table *t, int32_t last, struct err *err);
enum st epochs_hold_batch(struct run *run, const struct table *t, struct err *err);

#endif
