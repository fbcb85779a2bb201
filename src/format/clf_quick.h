/*
 * The lines of `combined` as nearly all of them are, read from an index of their quotes instead of by one search for each
 * field. What a line means is said in clf.h, and this gives the same.
 */
#ifndef INGEST_FORMAT_CLF_QUICK_H
#define INGEST_FORMAT_CLF_QUICK_H

#include "clf.h"
#include "quote_index.h"

/* The state of `combined`. */
struct clf_quick {
    struct clf_memo memo;

    /* The time of the line before, which is mostly this one's too. */
    char    time[CLF_TIME_BYTES];
    uint8_t hour;
    int32_t day; /* DAY_NONE as long as there is none: see `timed` */
    int64_t time_us;
    bool    timed;

    struct quote_index index;
};

size_t clf_quick(struct parser *p, struct record *out, size_t max);

#endif
