/*
 * What of an input was counted before, and what follows from that: cover.c, grown.c.
 */
#ifndef GROWN_H
#define GROWN_H

#include "pipeline_priv.h"

struct pass;

/* ---- cover.c ---- */

struct cover; /* one input */

struct cover *cover_new(struct run *run, const struct ledger_key *key, struct err *err); /* the key's hash is not known yet */
void     cover_free(struct cover *c);
/* Short payloads that were seen in this very file are evidence by themselves. Takes the lock. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st  cover_same_file(struct cover *c, const struct file_id *file, struct err *err);
/* A lines_watcher. Takes the lock where it asks. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st  cover_watch(void *ctx, const char *p, size_t n, struct err *err);
/* How many of the first bytes, as far as it is known: more with every block that comes. Any thread. */
uint64_t cover_so_far(const struct cover *c);
/* After the last byte. */
void     cover_end(struct cover *c, struct covered *out);

/* ---- grown.c ---- */

/* Before the first line, once its dataset is known: is it to be compared with the ledger while it is read? Takes the lock. */
enum st grown_begin(struct worker *w, struct pending *p, const struct format *format, struct err *err);
/* What begins so, in the ledger and in this run. Under the lock. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st grown_find_heads(struct run *run, const struct ledger_key *key, const struct digest *heads, size_t n, struct beginning **out,
                         size_t *n_out, struct err *err);
/* Counts the lines of a block: what pass_turn gives. */
typedef enum st pass_take(struct pass *p, const struct block *block, struct err *err);
/* Gives `take` the block, in pieces if what was counted before ends in it. */
enum st grown_take(struct pass *p, const struct block *block, pass_take *take, struct err *err);
enum st grown_end(struct pass *p, struct err *err);
/* Under the lock. *decided: it is refused, or to be read again. ST_OK; ST_DB: another run was faster; ST_MEMORY. */
enum st grown_decide(struct run *run, struct pending *p, struct alike alike, bool *decided, struct err *err);
/* Under the lock: it counts. ST_OK, ST_MEMORY. */
enum st grown_note(struct run *run, const struct pending *p, struct err *err);
/* All was read: of inputs that begin alike one counts now. run->batch.again: read again without the others. ST_OK, ST_MEMORY. */
enum st grown_settle(struct run *run, struct err *err);
void    grown_forget(struct item *item); /* that is compared anew when it is read again */
enum st grown_refuse_older(struct err *err, const char *counted, const char *longer); /* ST_CORRUPT: to be told */

#endif
