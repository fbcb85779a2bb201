/*
 * Runs: sorted rows in an unlinked temporary file. Nobody else can open one, and nothing of it outlives the process.
 */
#ifndef INGEST_RUN_PRIV_H
#define INGEST_RUN_PRIV_H

#include "ingest/err.h"
#include "ingest/rollup.h"
#include "ingest/row.h"

#define RUN_BLOCK_BYTES (8 * KIB) /* of each, with its header; 64 readers are half a megabyte */

struct run {
    int      fd;
    unsigned level;    /* how often its rows have been merged from disk to disk */
    uint64_t n_blocks;
    uint64_t n_bytes;
};

/* `tmpdir` NULL: $TMPDIR, else /tmp. ST_OK; ST_DISK. */
enum st run_open(struct run *run, const char *tmpdir, struct err *err);
void    run_close(struct run *run);

/* Rows must come in order. All zero but `run` and `n_sums` to begin with; finish writes what is left. ST_OK; ST_DISK. */
struct run_writer {
    struct run *run;
    size_t      n_sums;
    size_t      n; /* bytes of payload in `block` */
    uint8_t     block[RUN_BLOCK_BYTES];
};
enum st run_write(struct run_writer *w, const struct row *row, struct err *err);
enum st run_finish(struct run_writer *w, struct err *err);

/* Several may read one run. All zero but `run` and `n_sums` to begin with. */
struct run_reader {
    const struct run *run;
    size_t   n_sums;
    uint64_t block_no, offset; /* of the next block */
    size_t   at, n;            /* in the payload of this one */
    uint8_t  block[RUN_BLOCK_BYTES];
};
/* ST_OK with *row set, valid until the next call (a row without a sketch has sketch.p NULL); ST_EOF; ST_DISK: unreadable, cut or changed. */
enum st run_read(struct run_reader *r, struct row *row, struct err *err);

#endif
