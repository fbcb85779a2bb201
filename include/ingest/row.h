/*
 * One row of a rollup, finished: what rollup/ gives and sink/ takes.
 */
#ifndef INGEST_ROW_H
#define INGEST_ROW_H

#include "ingest/base.h"
#include "ingest/hit.h"
#include "ingest/slice.h"

struct row {
    struct slice key;            /* encoded as in hit.h; valid until the next rows_next, like the sketch */
    int64_t      sums[SUMS_MAX];
    struct slice sketch;         /* postgresql-hll's bytes, canonical; p NULL where the rollup keeps none */
};

#endif
