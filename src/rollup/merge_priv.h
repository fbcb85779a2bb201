/*
 * The k-way merge of sorted tables and runs: spilling, joining runs and giving rows are all this.
 */
#ifndef INGEST_MERGE_PRIV_H
#define INGEST_MERGE_PRIV_H

#include "run_priv.h"
#include "walk_priv.h"

/* Fixed memory of a merge: what it takes for a table, what it takes for a run, and what it takes at all. */
#define MERGE_TABLE_BYTES (sizeof(struct walk) + MERGE_SOURCE_BYTES)
#define MERGE_RUN_BYTES   (sizeof(struct run_reader) + SUMS_MAX * 8 + MERGE_SOURCE_BYTES)
#define MERGE_BYTES       (48 * KIB)
#define MERGE_SOURCE_BYTES 256

struct merge;

/* Room for so many sources; `shape` is borrowed, as are tables and runs. NULL: no memory, in err. */
struct merge *merge_new(const struct rollup_shape *shape, size_t n_tables, size_t n_runs, struct err *err);
void merge_add_table(struct merge *m, struct table *table, size_t start, size_t end); /* as walk_init */
void merge_add_run(struct merge *m, const struct run *run);
void merge_free(struct merge *m);

/* Rows are made as ever, but for the bytes of their sketches: who only counts them looks at none. */
void merge_only_count(struct merge *m);

/* As rows_next. */
enum st merge_next(struct merge *m, struct row *row, struct err *err);

/* All of it into a new run. On failure no file is left. */
enum st merge_to_run(struct merge *m, struct run *run, const char *tmpdir, struct err *err);

#endif
