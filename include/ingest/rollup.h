/*
 * The in-memory sum of hits by key, and the rows it becomes. Knows keys only as bytes (hit.h).
 *
 * A worker adds the hits of one input to a rollup of its own; if the input is good, that rollup is absorbed into the
 * worker's rollup for the batch, else reset. At the end of a batch `rows` reads all workers' rollups in one sorted
 * stream, equal keys united. Over its ceiling a rollup writes itself, sorted, to an unlinked temporary file (a "run")
 * and goes on empty; runs are sources of the same merge, so the rows are the same whatever the ceiling.
 */
#ifndef INGEST_ROLLUP_H
#define INGEST_ROLLUP_H

#include "ingest/arena.h"
#include "ingest/err.h"
#include "ingest/hit.h"
#include "ingest/row.h"
#include "ingest/sketch.h"

struct rollup_shape {
    size_t n_sums;      /* 1..SUMS_MAX */
    bool   sketch;      /* keep a sketch of the clients */
    bool   latest;      /* a key keeps the greatest of each sum, all of them >= 0, instead of their total: nothing overflows */
    /*
     * Total rows that are made from the others at the end (stats: the NULL version). `group` gives the length of the
     * head of a key that its total shares with it: keys of one group stand together in sort order, and no
     * head begins with another head. `total` writes the
     * key of the total row that `key` belongs to and returns its length; a key that is itself a total gives itself.
     * Within a group, every total sorts before every other key. Both NULL: no totals.
     */
    size_t (*group)(struct slice key);
    size_t (*total)(struct slice key, uint8_t out[KEY_BYTES_MAX]);
};

struct rollup; /* not shared between threads */

/* `ceiling_bytes` bounds everything it holds, spill buffers included (at least ROLLUP_CEILING_MIN is used). `tmpdir` (borrowed,
 * NULL: $TMPDIR, else /tmp) is where runs go. */
#define ROLLUP_CEILING_MIN (1 * MIB)
struct rollup *rollup_new(const struct rollup_shape *shape, size_t ceiling_bytes, const char *tmpdir, struct err *err);
void rollup_free(struct rollup *r);

/*
 * ST_OK       added
 * ST_EOF      adding would overflow a sum beyond INT64_MAX: nothing was added
 * ST_CORRUPT  it had to write a run, and a total in it overflows
 * ST_MEMORY, ST_DISK, ST_CORRUPT   failed; the rollup is good for reset and free only
 */
enum st rollup_add(struct rollup *r, const struct hit *hit, struct err *err);

/* The same for many hits, in order, and faster: memory is asked for ahead. *added: how many were; the result is that of hits[*added]. */
enum st rollup_add_many(struct rollup *r, const struct hit *hits, size_t n, size_t *added, struct err *err);

/* Everything of `from` (same shape) goes into `into`; `from` is reset. On failure `into` is good for reset and free only. ST_CORRUPT: a sum overflows. */
enum st rollup_absorb(struct rollup *into, struct rollup *from, struct err *err);

/* Another ceiling from now on. What is held beyond it is written out when more is added. */
void rollup_set_ceiling(struct rollup *r, size_t ceiling_bytes);

/* Forget everything; keep what memory a small rollup needs. */
void rollup_reset(struct rollup *r);

size_t  rollup_held_bytes(const struct rollup *r); /* now, without runs */
size_t  rollup_n_runs(const struct rollup *r);
bool    rollup_is_empty(const struct rollup *r);
/* First and last bucket of all hits; DAY_NONE when empty. */
int32_t rollup_first_day(const struct rollup *r);
int32_t rollup_last_day(const struct rollup *r);

/*
 * All rows of several rollups (same shape) in one stream, sorted by key (memcmp), each key once, totals made. While
 * `rows` is open the rollups belong to it: nothing may be added. It may be opened again after rows_free, as often as a
 * transaction has to be tried again, and gives the same rows. Adding again needs rollup_reset first.
 * Up to `jobs` threads make them ahead of the caller where that is worth it; the rows are the same.
 */
struct rows;
struct rows *rows_new(struct rollup *const *rollups, size_t n, size_t jobs, struct err *err); /* NULL: failure, in err */
/* ST_OK with *row set, valid until the next call; ST_EOF; ST_MEMORY, ST_DISK; ST_CORRUPT: a sum overflows. */
enum st rows_next(struct rows *rows, struct row *row, struct err *err);
void    rows_free(struct rows *rows);

/* The same to the last row, for nobody: *n_rows is how many there are. ST_OK, or as rows_new and rows_next. */
enum st rows_count(struct rollup *const *rollups, size_t n, size_t jobs, int64_t *n_rows, struct err *err);

#endif
