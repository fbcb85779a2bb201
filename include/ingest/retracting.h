/*
 * Before `ingest retract` runs: which payloads are meant, in connections of their own that only read.
 */
#ifndef INGEST_RETRACTING_H
#define INGEST_RETRACTING_H

#include "ingest/retract.h"
#include "ingest/run.h"

/*
 * The payloads of inputs, by their content; of the configuration are used: conninfo, token, dataset and node (NULL: any), salvage,
 * require_integrity, memory_bytes, signals. out[i] belongs to sources[i], and is to be released in either case (the caller has made them
 * zero). ST_OK; what retract_find gives, and what reading gives, with the path; ST_USAGE: they feed several datasets; ST_STOPPED.
 */
enum st retracting_find(const struct run_config *c, const struct source *sources, size_t n, enum retract_act act, struct retractable *out,
                        struct err *err);
/* One that counts, by its hash. */
enum st retracting_find_hash(const struct run_config *c, const struct digest *hash, struct retractable *out, struct err *err);

#endif
