/*
 * Payloads that are taken out: `ingest retract`, and what stays out in the runs behind it.
 */
#ifndef RETRACT_H
#define RETRACT_H

#include "pipeline_priv.h"

/* ---- retract.c; all of it does nothing in other runs ---- */

/* Can this table's rows be taken back, by this role? ST_USAGE, ST_DB. */
enum st retract_check(struct run *run, const struct table *t, struct err *err);
/* Inside the transaction of a recount without some payloads, before days are struck: they are out. ST_OK; ST_CORRUPT, ST_DB, ... */
enum st retract_beside(struct run *run, struct err *err);
/* After all inputs: the one transaction. ST_CORRUPT: it cannot be; ST_USAGE, ST_DB, ... */
enum st retract(struct run *run, struct err *err);

/* ---- left_out.c ---- */

/* Once the ledger is open: whom it shows in this run. ST_OK; ST_DB: the role may not know what was retracted; ST_DB_RETRY, ST_MEMORY. */
enum st left_out_init(struct run *run, struct err *err);
/* Of items that the ledger knows: since when do they stay out? Told with -v, and counted. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st left_out_mark(struct run *run, struct item *const *items, size_t n, struct err *err);

#endif
