/*
 * Downloads that come in parts: the ranges of all 206 answers of a client, an object and a day put together, for rules with
 * `range = union`. They count once when they reach a share of the object, whose size is the largest whole answer of the run.
 * That may come last, so everything is decided at the end.
 */
#ifndef INGEST_RANGE_UNION_H
#define INGEST_RANGE_UNION_H

#include "ingest/err.h"
#include "ingest/hash.h"
#include "ingest/slice.h"

struct range_union;

#define RANGE_UNION_CEILING_MIN (1 * MIB)
#define RANGE_UNION_GAPS_MAX    1024 /* pieces with gaps between; who leaves more has not downloaded anything */

/* `share` in millionths. `ceiling_bytes` bounds what it holds (at least RANGE_UNION_CEILING_MIN is used). NULL: no memory. */
struct range_union *range_union_new(uint32_t share, size_t ceiling_bytes, struct err *err);
void                range_union_free(struct range_union *u);
void                range_union_reset(struct range_union *u); /* forgets everything */

/* The object was sent as a whole, in `bytes` bytes; 0 says nothing. ST_OK, ST_MEMORY. */
enum st range_union_whole(struct range_union *u, const struct digest *object, int64_t bytes, struct err *err);

struct range_part {
    struct digest object;
    uint64_t     client;     /* what goes into the sketch */
    bool         has_client; /* false: nothing can be put together with this part */
    int32_t      day;
    int64_t      first, end; /* bytes [first, end) of the object, 0 <= first < end */
    int64_t      bytes;      /* that were sent for it */
    struct slice key;        /* of the row; copied */
    uint32_t     input;      /* whose line it is */
};

/* ST_OK; ST_EOF: the bytes would go beyond 2^63 - 1, the part is left out; ST_MEMORY: it does not fit, and nothing may be counted. */
enum st range_union_part(struct range_union *u, const struct range_part *part, struct err *err);

enum range_fate {
    RANGE_REACHED, /* a download */
    RANGE_SHORT,
    RANGE_NO_SIZE, /* no whole answer tells how large the object is */
};

/* Parts of one input. */
struct range_input {
    const struct range_input *next;
    uint64_t n;
    uint32_t input;
};

/* All parts of one client, object and day. Lives until the next reset. */
struct range_group {
    enum range_fate fate;
    struct digest object;
    uint64_t     client;
    bool         has_client;
    int32_t      day;
    int64_t      bytes;               /* of all parts */
    struct slice key;
    const struct range_input *inputs; /* the last one first */
};

/* Gives every group, in no order. ST_OK, or the first other thing that `tell` gives. */
enum st range_union_each(const struct range_union *u, enum st (*tell)(void *ctx, const struct range_group *group, struct err *err),
                         void *ctx, struct err *err);

/* Of memory, all told. */
size_t range_union_held_bytes(const struct range_union *u);

#endif
