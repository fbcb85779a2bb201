/*
 * One request or event, whoever wrote it: what format/ gives and dataset/ takes. Slices have the lifetime "line".
 */
#ifndef INGEST_RECORD_H
#define INGEST_RECORD_H

#include "ingest/base.h"
#include "ingest/clock.h"
#include "ingest/reason.h"
#include "ingest/slice.h"

enum range_start {
    RANGE_UNKNOWN, /* the format does not say, or the field is empty */
    RANGE_ZERO,    /* the answer starts at byte 0 */
    RANGE_LATER,   /* it starts behind byte 0 */
};

/* Fields that some runs ask for and most do not. */
enum {
    ASKS_AGENT = 1,
    ASKS_QUERY = 2,
    ASKS_FORWARDED = 4,
    ASKS_RANGE = 8, /* where a 206 starts */
    ASKS_PART = 16, /* and where it ends */
    ASKS_ALL = 31,
};

/* What some logs say outright, which for others is found out behind the format. Lives as long as the record's slices. */
struct given {
    /* csv, json: what was downloaded. No route is asked; the ecosystem NULL: that of the rules */
    struct slice name, version;  /* name.p NULL: not given; version.p NULL: of no version */
    const char  *ecosystem;
    /* eida: an element of a payload's statistics, summed up by who sent it; the record's `bytes` belong to it */
    bool         summed;
    int64_t      n_requests, n_ok, n_failed; /* each >= 0 */
    struct slice sketch;         /* the bytes as sent, not yet checked */
    /* seventv */
    bool         is_change;
    uint8_t      emote[16];      /* the bytes of its UUID */
    int          change;         /* +1: a channel took the emote; -1: it dropped it */
};

struct record {
    enum reason  why;          /* KEEP, or why the format will not have it; then only line_no, first and (if known) day, hour hold */
    bool         first;        /* the first record of its line; every line gives at least one record */
    uint8_t      hour;         /* 0..23 of `day` */
    uint8_t      path_decodes; /* how often the path may be percent-encoded: 1; 2 for CloudFront; 0 where the server decoded it */
    uint16_t     status;       /* HTTP status */
    enum range_start range;
    int32_t      day;          /* the day it is counted under; DAY_NONE when not known */
    uint64_t     line_no;      /* from 1 */
    int64_t      time_us;      /* UTC */
    int64_t      bytes;        /* 0..INT64_MAX */
    struct slice method, path, agent; /* the path as logged: encoded, perhaps with host and query; p NULL: the format has no such field */
    struct slice query;        /* what stands behind the path's '?', where the log has it in a field of its own; else p NULL or "-" */
    struct slice client;       /* as logged; empty or "-": none */
    struct slice forwarded;    /* X-Forwarded-For as logged: the client's own word; empty or "-": none */
    struct slice marked;       /* what the rules want besides: the field that drop_if names; of fdsnws when a trace's data begin. p NULL: none */
    int64_t      range_first, range_end; /* the bytes [first, end) of the object that a 206 delivered; end 0: not known */

    struct slice country;      /* ISO 3166-1 alpha-2 as logged; empty: not known */

    /* fdsnws only: one trace of an OK request, or one failed request */
    bool         ok;           /* false: a failed request, all codes empty but location "--" */
    struct slice network, station, location, channel;

    const struct given *given; /* NULL: nothing of that */
};

#endif
