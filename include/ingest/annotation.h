/*
 * What happened to numbers and is no growth (ingest.annotations), and the names of rules that were counted under (ingest.rules_used). Written by
 * the transaction that counts, under the lock of the dataset's table (sink_lock): so two runs see one after the other what stands there.
 * A ledger that has no such tables, or a role that may not write to them, goes without: counting depends on neither.
 */
#ifndef INGEST_ANNOTATION_H
#define INGEST_ANNOTATION_H

#include "ingest/ledger.h"
#include "ingest/recount.h"

/* The rules that a dataset is counted under (of a node, where it has nodes). */
struct rules_used {
    const char   *dataset;
    int32_t       scope;
    const char   *source;   /* of the payloads; NULL: none */
    struct digest rules_id; /* as it goes into payload_days */
    struct digest kind;     /* of what counts: rules.h */
    const char   *pack;     /* its name */
};

/*
 * Rows are counted under these rules, the first of them on `day`. If those of this source that were counted last were of another kind, that is
 * written down once for that day and these two kinds. A source that is new is held against whatever was last. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st annotation_of_rules(struct ledger *l, const struct rules_used *used, int32_t day, struct err *err);

/*
 * Days of these payloads, with their ids, are counted again, and have not been struck out yet: it is written down if any was counted under rules
 * of another kind. What is counted last stays as it is. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st annotation_of_recount(struct ledger *l, const struct rules_used *used, const struct recount_days *days,
                              struct payload *const *payloads, size_t n, struct err *err);

#endif
