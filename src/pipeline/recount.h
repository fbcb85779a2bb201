/*
 * `ingest recount`: rows of some days are made anew. All of it does nothing in other runs.
 */
#ifndef RECOUNT_H
#define RECOUNT_H

#include "pipeline_priv.h"

struct recount_days;

/* Can this table's days be counted again, by this role? ST_USAGE, ST_DB. */
enum st recount_check(struct run *run, const struct table *t, struct err *err);
/* A batch is read: its payloads stay. ST_OK, ST_MEMORY. */
enum st recount_keep(struct run *run, struct err *err);
/* What begins with a payload that is not given, and cannot be read without it: ST_CORRUPT names that one. */
enum st recount_check_unsplit(struct run *run, const char *cannot, const struct recount_days *days,
                              struct payload *const *payloads, size_t n, struct err *err);
void    recount_release(struct run *run);
/* After all inputs: the one transaction. ST_CORRUPT: inputs are refused, unknown to the ledger, or not all that is needed; ST_USAGE, ST_DB, ... */
enum st recount(struct run *run, struct err *err);

#endif
