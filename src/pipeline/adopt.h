/*
 * `ingest adopt`: what others have counted is claimed, and not added again. All of it does nothing in other runs.
 */
#ifndef ADOPT_H
#define ADOPT_H

#include "pipeline_priv.h"

/* Days before this one are adopted; INT32_MIN: none are. */
int32_t adopt_until(const struct run *run);
/* The days of a payload that was read. */
void    adopt_mark(const struct run *run, struct payload *payload);
/* Are all of its days adopted? */
bool    adopt_is_all(const struct payload *payload);
/* Can this ledger, and may this role? ST_DB. */
enum st adopt_check(struct run *run, struct err *err);
/* Under the lock, of an input that counts. ST_OK, ST_MEMORY. */
enum st adopt_note(struct run *run, struct pending *p, struct err *err);
/* In the transaction, under the tables' locks and behind the ledger's days. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st adopt_open(struct run *run, struct err *err);
/* The batch stands: tells of days without any row. */
void    adopt_tell(const struct run *run);

#endif
