/*
 * The ledger's part of `ingest recount`: days of payloads are struck out and written anew. All of it inside one transaction, under the lock
 * of the dataset's table (sink_lock): whoever counts into it has committed before, or waits.
 */
#ifndef INGEST_RECOUNT_H
#define INGEST_RECOUNT_H

#include "ingest/ledger.h"

/* Days `since` to the day before `until`, of a dataset (of a node, where it has nodes). */
struct recount_days {
    const char *dataset;
    int32_t     scope;
    int32_t     since, until;
};

/* May this role do it, in this ledger? ST_DB: the ledger is older, or a right is missing (hint: what to type). */
enum st recount_rights(struct ledger *l, struct err *err);

/* Locks the rows of these payloads, which the caller has sorted by key.hash, and sets their ids; 0: the ledger does not have it. */
enum st recount_claim(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err);

/*
 * Payloads with something in these days that are neither given nor the beginning of one that is: *n of them, at most RECOUNT_SHOWN told in `text`,
 * a path each. What was retracted or replaced in these days does not matter.
 */
#define RECOUNT_SHOWN 5
enum st recount_missing(struct ledger *l, const struct recount_days *days, struct payload *const *payloads, size_t n, int64_t *n_missing,
                        struct buf *text, struct err *err);

/*
 * Some of the given hold lines that were counted with others than what they begin with: which, is seen while they are read, but only beside that
 * beginning. Those beginnings that are not given, told as above.
 */
enum st recount_unsplit(struct ledger *l, const struct recount_days *days, struct payload *const *payloads, size_t n, int64_t *n_missing,
                        struct buf *text, struct err *err);

/*
 * Strikes the days out: of the given payloads and their beginnings they go, with what waits for a key in them; of others, which `partial` allows,
 * they are marked `replaced`.
 */
enum st recount_strike(struct ledger *l, const struct recount_days *days, struct payload *const *payloads, size_t n, struct err *err);

/* Writes the days down, of the payloads' lists those that are meant, and that it was done. */
struct recount_note {
    struct digest rules_id;
    bool          partial;
    int64_t       rows_before, rows_after;
};
enum st recount_record(struct ledger *l, const struct recount_days *days, struct payload *const *payloads, size_t n,
                       const struct recount_note *note, struct err *err);

#endif
