/*
 * The ledger's part of `ingest retract`: payloads are taken out, stay out, and come again. What is retracted keeps its row and its hash, so that
 * it is known; its days are `retracted`, and a row of ingest.retractions stands (undone_at is NULL) for it and for each beginning that went with it.
 */
#ifndef INGEST_RETRACT_H
#define INGEST_RETRACT_H

#include "ingest/ledger.h"

enum retract_act {
    RETRACT_OUT,  /* it counts, and is to go */
    RETRACT_BACK, /* it was taken out, and is to come again */
};

#define RETRACT_PATH_MAX 1100
struct retractable {
    int64_t       id;   /* of the payload that was named */
    char          dataset[32];
    int32_t       scope;
    struct digest hash;
    bool          partial;
    char          path[RETRACT_PATH_MAX]; /* where it was seen last on this host; "": nowhere */
    int64_t      *ids;  /* itself, then the beginnings that go or come with it: allocated, retractable_release frees it */
    size_t        n_ids;
    int32_t       first, last; /* days of them that count, RETRACT_OUT alone; first > last: none */
};

/*
 * Which payload has this hash (of the scope's dataset and node), and what goes or comes with it: the beginnings that nothing else stands on; of one
 * that comes back, those that went with it.
 *
 * ST_OK
 * ST_CORRUPT  it cannot be: it was never counted, was retracted before (or was not), was counted elsewhere, none of its days count, it has grown
 *             since (the longer one is named)
 * ST_USAGE    it feeds several datasets
 * ST_DB, ST_DB_RETRY, ST_MEMORY
 */
enum st retract_find(struct ledger *l, const struct ledger_scope *scope, const struct digest *hash, enum retract_act act, struct retractable *out,
                     struct err *err);
void    retractable_release(struct retractable *r);

/* Inside the transaction: locks the rows of all of them. */
enum st retract_lock(struct ledger *l, const struct retractable *r, struct err *err);
/*
 * Under the lock of the dataset's table, too: are they, and their first and last day, still what `r` says? ST_OK; ST_EOF: something has changed
 * since, so find them again; ST_CORRUPT as retract_find; ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st retract_still(struct ledger *l, const struct retractable *r, enum retract_act act, struct err *err);

/* Days that count, of all its payloads together, ascending: allocated, the caller frees it. */
struct retract_day {
    int32_t       day;
    int64_t       count, bytes;
    struct digest rules_id;
    bool          mixed; /* its payloads were counted under several rules */
};
enum st retract_days(struct ledger *l, const struct retractable *r, struct retract_day **out, size_t *n, bool *replaced, struct err *err);
/* How many other payloads count in the days from `since` to the day before `until`? At most RETRACT_SHOWN of them are told in `text`, a path each. */
#define RETRACT_SHOWN 5
enum st retract_others(struct ledger *l, const struct retractable *r, int32_t since, int32_t until, int64_t *n, struct buf *text, struct err *err);

/* They are out: their days that counted, what waits for a key, and a row each. `exact`: the others of these days are counted again. */
enum st retract_mark(struct ledger *l, const struct retractable *r, bool exact, struct err *err);
/* They are back: nothing is left of their days, which are the caller's to write anew with retract_record, under these rules. */
enum st retract_undo(struct ledger *l, const struct retractable *r, struct err *err);
enum st retract_record(struct ledger *l, struct payload *const *payloads, size_t n, const struct digest *rules_id, struct err *err);
/* Claimed payloads that stayed out count again, as their rows take the place of all others (--replace). */
enum st retract_replaced(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err);

/* Which of the payloads stay out? days[i]: since when, 0 if it does not. */
enum st retract_since(struct ledger *l, const int64_t *ids, size_t n, int32_t *days, struct err *err);
/* Has any payload gone or come since the ledger was opened? */
enum st retract_moved(struct ledger *l, bool *moved, struct err *err);

/* May this role do it, in this ledger? ST_DB: the ledger is older, or a right is missing (hint: what to type). */
enum st retract_rights(struct ledger *l, struct err *err);
/* May it know what was retracted? ST_OK also where no ledger keeps that. ST_DB: hint, the GRANT. */
enum st retract_may_know(struct ledger *l, struct err *err);

#endif
