/*
 * What a run writes: the one transaction of a batch and what is said in it, or rows that go elsewhere.
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "pipeline_priv.h"

struct recount_days;

/* ---- commit.c ---- */

/* All workers' rollups at this place that hold something: a list for the caller to free; *n 0: none. NULL: in err. */
struct rollup **batch_rollups(struct run *run, size_t at, size_t *n, struct err *err);
/* The rows of them; NULL and *none: there are none. */
struct rows *batch_rows(struct run *run, size_t at, bool *none, struct err *err);
/* The first batch with hits fixes a table's ecosystem. ST_EOF: another run has just fixed another one. */
enum st claim_ecosystem(struct run *run, struct table *t, struct err *err);
/* Inside a transaction: the run's token, if it has one, is valid. ST_OK, ST_USAGE, ST_DB, ... as token_check. */
enum st commit_check_token(struct run *run, struct err *err);
/* ST_OK: committed. ST_EOF: something was lost to another run; undo and read again. */
enum st commit_batch(struct run *run, struct err *err);

/* ---- commit_text.c ---- */

/* All that the run has added up. ST_OK, ST_DISK, ST_MEMORY, ST_CORRUPT. */
enum st commit_text(struct run *run, struct err *err);

/* ---- announce.c ---- */

/* Days of a table, ascending. */
struct touched {
    const char    *schema, *table;
    const int32_t *days;
    size_t         n;
};
/*
 * {"tables":[{"schema":"public","table":"stats","days":[["2026-03-01","2026-03-03"]]}],"folded":false}: ranges with both of their ends. What would
 * not fit a notification has wider ranges, and is `folded`. Without memory b->failed.
 */
void    announce_text(struct buf *b, const struct touched *tables, size_t n);
/* Inside the transaction, of the run's tables those that `days` names. ST_OK also where it may not be said; ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st announce(struct run *run, const struct summary *days, struct err *err);

/* ---- annotate.c ---- */

/* In the transaction, under the table's lock, once its rows are merged: was it counted under other rules before? ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st annotate_batch(struct run *run, const struct table *t, struct err *err);
/* The same of days that are counted again, before they are struck out. */
enum st annotate_recount(struct run *run, const struct table *t, const struct recount_days *days, struct payload *const *payloads, size_t n,
                         struct err *err);

#endif
