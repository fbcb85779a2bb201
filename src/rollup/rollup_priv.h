/*
 * A rollup from the inside: for rows.c, and for tests that damage runs.
 */
#ifndef INGEST_ROLLUP_PRIV_H
#define INGEST_ROLLUP_PRIV_H

#include "merge_priv.h"

struct rollup {
    struct rollup_shape shape;
    size_t              ceiling_bytes;
    const char         *tmpdir;
    struct table        table;
    struct run         *runs;
    size_t              n_runs, runs_cap;
    int32_t             first_day, last_day;
};

/* Makes room for reading its runs beside the table, by writing the table out too if need be. */
enum st rollup_ready_to_read(struct rollup *r, struct err *err);

#endif
