/*
 * --shadow: what a second rule pack would count of the same lines. All of it does nothing in other runs.
 */
#ifndef SHADOW_H
#define SHADOW_H

#include "pipeline_priv.h"

struct pass;

/* What a table's ecosystem, which `stored` says is in the ledger, means for the second rules. ST_USAGE: they are for another table. */
enum st shadow_ecosystem(struct run *run, const struct table *t, bool stored, struct err *err);
void    shadow_follow(struct run *run, const struct table *t); /* it is another one than the batch was read for */
/* A rollup for it, in the slot: made on first use. NULL: in err. */
struct rollup *shadow_rollup(const struct run *run, struct rollup **slot, struct err *err);
void    shadow_reader_free(struct shadow_reader *s);
/* Before the first line of an input. */
enum st shadow_begin(struct pass *p, struct pending *pending, struct err *err);
/* Records that the run's own rules are done with. ST_OK, ST_MEMORY, ST_DISK, ST_CORRUPT. */
enum st shadow_take(struct pass *p, const struct record *records, size_t n, struct err *err);
/* Behind the last line: the ecosystem of its hits; "": none. */
const char *shadow_end(const struct pass *p);
/* A hit more, in the batch of a stream. */
enum st shadow_add(struct run *run, struct slice key, int32_t day, struct err *err);
/* The rows of the batch stand, or, where nothing is written to a database, those of the run: they are added to what is compared. */
enum st shadow_counted(struct run *run, struct err *err);
/* At the end. ST_OK, what the callback gives, and as rows_next. */
enum st shadow_tell(struct run *run, struct err *err);

#endif
