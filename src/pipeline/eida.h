/*
 * EIDA's own table of payloads: asked beside the ledger, and written with it.
 */
#ifndef EIDA_H
#define EIDA_H

#include "pipeline_priv.h"

/* What EIDA's table of payloads has of the worker's pending inputs. Under the lock. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st eida_ask(struct worker *w, struct sent out[PENDING_MAX], struct err *err);
/* *decided: it is known to EIDA, or refused; nothing else is to be done with it. ST_OK, ST_MEMORY. */
enum st eida_decide(struct run *run, struct pending *p, const struct sent *sent, bool *decided, struct err *err);
/* It counts: another document that EIDA would take for the same one does not. ST_OK, ST_MEMORY. */
enum st eida_note(struct run *run, const struct pending *p, struct err *err);
/* In the transaction. ST_EOF: another run was faster; undo and read again. */
enum st eida_write(struct run *run, struct err *err);

#endif
