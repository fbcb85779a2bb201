/*
 * A trace of an fdsnws log: one object in the array of a line, read into its members. The traces of
 * a request differ in a letter of the channel and in their bytes, seldom in more. So a trace is
 * compared with one before it, of this line or another, and what differs is read: the same bytes at
 * the same place are read in the same way.
 *
 *     {"net": "GE", "cha": "HHZ", "status": "OK", "bytes": 2048}      the model, [from, end)
 *     {"net": "GE", "cha": "HHN", "status": "OK", "bytes": 512}
 *     =====================>>>>>  ==========================>>>       = compared, > read
 *
 * What a trace means, and which record it becomes, is left to format_fdsnws.c.
 */
#ifndef INGEST_FORMAT_TRACE_H
#define INGEST_FORMAT_TRACE_H

#include "shape.h"

/*
 * The members that matter: M(enum, key). A key that comes twice: the last one holds. What differs
 * most from trace to trace comes first: see value_at.
 */
#define TRACE_MEMBERS(M)               \
    M(TRACE_CHA, "cha")                \
    M(TRACE_BYTES, "bytes")            \
    M(TRACE_STATUS, "status")          \
    M(TRACE_START, "start")            \
    M(TRACE_END, "end")                \
    M(TRACE_STA, "sta")                \
    M(TRACE_LOC, "loc")                \
    M(TRACE_NET, "net")

#define TRACE_NAME(upper, key) upper,
enum trace_member { TRACE_OTHER, TRACE_MEMBERS(TRACE_NAME) TRACE_MEMBERS_N };
#undef TRACE_NAME

struct trace_model {
    const char       *from, *end; /* `end` NULL: there is none */
    struct json_value t[TRACE_MEMBERS_N];
};

/* Zeroed memory is a reader that has read none. */
struct trace_reader {
    struct shape       shape;
    struct trace_model model;
    struct json_value  alike[TRACE_MEMBERS_N]; /* of a trace that was like the model */
};

/* No trace is compared with one that was read before: its text may be gone. */
static inline void
trace_forget(struct trace_reader *r)
{
    r->model.end = NULL;
}

/*
 * Reads the object at j->at, which stands in the trace array of the line; j is behind it then.
 * Gives its members by their names, JSON_ABSENT those that it does not have; they hold until the
 * next call, and point into the text. NULL: no JSON.
 */
const struct json_value *trace_read(struct trace_reader *r, struct json *j);

#endif
