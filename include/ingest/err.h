/*
 * A failure and its story. What can fail returns `enum st` and takes `struct err *err` last; success leaves `err` alone.
 * A bad *line* is not a failure: see reason.h.
 */
#ifndef INGEST_ERR_H
#define INGEST_ERR_H

#include "ingest/base.h"

enum st {
    ST_OK,
    ST_EOF,        /* clean end, nothing more */
    /* this input is undone, the others go on: exit 1 */
    ST_CORRUPT,    /* bad data, or the input ends too early */
    ST_IO,         /* an input cannot be opened or read */
    ST_FORMAT,     /* of no known format, or of one that we refuse */
    ST_CHANGED,    /* changed while it was read */
    ST_NO_TABLE,   /* it feeds a dataset that nobody asked for, and whose table is not there */
    /* exit 2 */
    ST_USAGE,      /* options, configuration, key files: nothing was touched */
    /* exit 3 */
    ST_DB,         /* the database: unreachable, wrong schema, missing right, a statement that failed */
    ST_DB_RETRY,   /* the same, but trying the whole transaction again may help (deadlock, lost connection, ...) */
    /* exit 4 */
    ST_MEMORY,     /* no memory, or a ceiling was reached */
    ST_DISK,       /* our own temporary or output file */
    ST_BUG,
    /* exit 130, 143 */
    ST_STOPPED,    /* a signal asked for it */
    /* exit 5 */
    ST_LATER,      /* the deadline came, and there is more to do */
};

struct err {
    enum st  code;
    char     what[160];   /* what could not be done: "cannot decode gzip member" */
    char     path[256];   /* which input; "-" is standard input; "" when none */
    uint64_t line_no;     /* from 1; 0 when not known */
    uint64_t offset;      /* bytes into the file as stored; UINT64_MAX when not known */
    char     cause[256];  /* why, in the words of the layer below */
    char     hint[256];   /* what to try next; "" rather than a guess */
    bool     cut_short;   /* with ST_CORRUPT: what there is of the input is good, but it ends too early */
    bool     not_a_log;   /* with ST_FORMAT: no format takes it, it may be anything; a walk leaves such files alone */
};

/* Start a failure: sets code and `what`, clears everything else, returns `code` so that it can be returned at once. */
enum st err_set(struct err *err, enum st code, const char *what_format, ...) PRINTF(3, 4);

/* Add to a failure that err_set has started. */
void err_cause(struct err *err, const char *format, ...) PRINTF(2, 3);
void err_hint(struct err *err, const char *format, ...) PRINTF(2, 3);

/* The usual case in one call: what, and the cause in a format of its own. Returns `code`. */
enum st err_fail(struct err *err, enum st code, const char *what, const char *cause_format, ...)
    PRINTF(4, 5);

/* No memory for `what` ("cannot hold the list of inputs"). Returns ST_MEMORY. */
enum st err_memory(struct err *err, const char *what);

#endif
