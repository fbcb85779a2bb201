/*
 * `ingest verify`: rows are compared with those of the tables.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "pipeline_priv.h"

/* Are rules->since and rules->until whole buckets of its table? ST_OK; ST_USAGE: "`what`: ..." */
enum st verify_check_days(const struct run *run, const struct dataset *dataset, const char *what, struct err *err);
/* Can its rows be compared, and are the days whole buckets? ST_OK also where nothing is verified; ST_USAGE. */
enum st verify_check_dataset(const struct run *run, const struct dataset *dataset, struct err *err);
/* After all inputs: every table that they feed. ST_OK; ST_USAGE: they feed none; ST_DB, ST_MEMORY, ST_DISK, ST_CORRUPT. */
enum st verify(struct run *run, struct err *err);

#endif
