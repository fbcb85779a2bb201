/*
 * What finding payloads to retract and writing it down have in common.
 */
#ifndef RETRACT_PRIV_H
#define RETRACT_PRIV_H

#include "ingest/retract.h"

#include "ledger_priv.h"

/* What could not be done, as errors say it. */
#define CANNOT_RETRACT     "cannot retract this payload"
#define CANNOT_COUNT_AGAIN "cannot count this payload again"

/* $1: all of them. */
#define IS_OURS " d.payload = ANY ($1::bigint[]) "

/*
 * Runs a statement whose only parameter, $1, are the ids of r's payloads. `what` is what cannot be
 * done if it fails; `out` NULL: its rows are not wanted. What pg_run gives; ST_MEMORY.
 */
enum st retract_ask(struct ledger *l, const char *what, const struct retractable *r,
                    const char *sql, struct pg_result **out, struct err *err);

#endif
