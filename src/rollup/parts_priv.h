/*
 * Rows made by several threads: the keys cut into parts, each part's rows made at one go, given in order.
 */
#ifndef INGEST_PARTS_PRIV_H
#define INGEST_PARTS_PRIV_H

#include "rollup_priv.h"

#define PART_ENTRIES     1024
#define PART_ENTRIES_MAX 4096 /* a name with more keys than this would make a part too large to hold */
#define PARTS_WORTH      8    /* fewer parts are made sooner than threads */

struct parts;

enum parts_use { PARTS_READ, PARTS_COUNT };

/* Of the tables alone: the rollups must have no runs. ST_OK, with *out NULL where threads are not worth it, a part would be too
 * large, or the ceilings leave no room for rows made ahead; ST_MEMORY. */
enum st parts_new(struct parts **out, struct rollup *const *rollups, size_t n, size_t jobs, enum parts_use use, struct err *err);
enum st parts_next(struct parts *p, struct row *row, struct err *err);  /* as rows_next; PARTS_READ */
enum st parts_count(struct parts *p, int64_t *n, struct err *err);      /* as rows_count; PARTS_COUNT */
void    parts_free(struct parts *p);

#endif
