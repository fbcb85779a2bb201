/*
 * What the paths of a table's hits are looked up in, and hits whose path no catalog knows yet.
 */
#ifndef CATALOGS_H
#define CATALOGS_H

#include "pipeline_priv.h"

struct pass;

/* ---- catalogs.c ---- */

/* Reads what the table's paths are looked up in, unless it is there or none is asked for. ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st catalogs_ready(struct run *run, struct table *t, struct err *err);
/* Would hits of this dataset be looked up? */
bool    catalogs_want(const struct run_config *c, const struct dataset *dataset);
void    catalogs_release(struct run *run);

/* ---- parked.c ---- */

/*
 * After a pick that gave *why: a hit that no catalog knows is added to what waits. *why becomes another reason where the rules do not
 * count it anyway. ST_OK, ST_MEMORY, ST_DISK, ST_CORRUPT.
 */
enum st parked_take(struct pass *p, const struct record *rec, enum reason *why, struct err *err);
/* An empty rollup for what waits, in the slot: made on first use. NULL: in err. */
struct rollup *parked_rollup(const struct run *run, struct rollup **slot, struct err *err);
/* Inside the batch's transaction, once its payloads have their ids; run->batch.parked says how many. */
enum st parked_write(struct run *run, struct err *err);

/* ---- heal.c ---- */

/* Before any batch: what waits and has a key by now is counted. ST_OK, and what committing a batch gives. */
enum st heal(struct run *run, struct err *err);

#endif
