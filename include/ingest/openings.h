/*
 * Opening balances (ingest.openings): what stood in a dataset's tables on days that were adopted, beyond what the counted days of the ledger
 * explain. The audit adds them to the ledger's side, and adds both up as it is done here.
 */
#ifndef INGEST_OPENINGS_H
#define INGEST_OPENINGS_H

#include "ingest/dataset.h"
#include "ingest/err.h"
#include "ingest/pg.h"

/* May this role write them, in this ledger? ST_DB: the ledger is older, or a right is missing (hint: what to type). */
enum st openings_can_state(struct pg *pg, struct err *err);

struct opening_day {
    int32_t day;      /* of a table by month its first */
    bool    expected; /* something of it was counted, so there should be a row */
    bool    found;    /* set: there is one */
};

/*
 * Inside a transaction, under the lock of the dataset's table, once the ledger has its days: states the balance of each of these days (ascending,
 * of a node where there are nodes) anew. A dataset without sums has none, and `found` is set. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st openings_state(struct pg *pg, const struct dataset *dataset, int32_t scope, struct opening_day *days, size_t n, struct err *err);

/* The same for those of these days that have a balance, once their rows were overwritten. ST_OK also where there is no such table. */
enum st openings_restate(struct pg *pg, const struct dataset *dataset, int32_t scope, const int32_t *days, size_t n, struct err *err);

/* Inside a transaction: those from day `since` to the day before `until` go, as their rows are made anew. ST_OK also where there is no such table. */
enum st openings_strike(struct pg *pg, const char *dataset, int32_t scope, int32_t since, int32_t until, struct err *err);

#endif
