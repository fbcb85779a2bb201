/*
 * --metrics FILE: what runs did, as node_exporter's textfile collector reads it. The file is its own memory: counters go on from
 * what stands in it, for every source, until somebody removes it.
 *
 *   metrics.c       which numbers a run gives, when the file is read and written
 *   metrics_text.c  the text: Prometheus' exposition format 0.0.4, to be read again
 */
#ifndef METRICS_H
#define METRICS_H

#include "ingest/buf.h"
#include "ingest/err.h"
#include "ingest/temporary.h"

struct options;
struct summary;

enum metric_family {
    METRIC_BUILD,
    METRIC_LAST_RUN,
    METRIC_LAST_SUCCESS,
    METRIC_LAST_STATUS,
    METRIC_LAST_SECONDS,
    METRIC_LAST_LEFT,
    METRIC_LAST_MEMORY,
    METRIC_RUNS,
    METRIC_FILES,
    METRIC_BYTES,
    METRIC_LINES,
    METRIC_REJECTED,
    METRIC_RECORDS,
    METRIC_ROWS,
    METRIC_SECONDS,
    METRICS_N
};

#define METRIC_SERIES_MAX 8192
#define METRIC_LABELS_MAX 512
#define METRIC_FILE_MAX   (2u << 20)

struct metric_series {
    enum metric_family family;
    char              *labels; /* as they stand between the braces */
    double             value;
};

struct metrics {
    const char *path; /* NULL: not asked for */
    char        temporary[TEMPORARY_NAME]; /* beside it; "": none */
    int         fd;   /* of that; only with a temporary */
    struct metric_series *series;
    size_t      n, cap;
    bool        failed; /* there was no memory */
};

/* ---- metrics.c ---- */

/* Before anything else is done. ST_OK; ST_USAGE: there cannot be such a file, or one stands there that is none of ours. */
enum st metrics_open(struct metrics *m, const struct options *o, struct err *err);
/* One run, of one source or of none, and its exit status. */
void metrics_run(struct metrics *m, const struct summary *s, int status);
/* Puts the file in its place. ST_OK, ST_DISK. */
enum st metrics_close(struct metrics *m, struct err *err);
void metrics_release(struct metrics *m); /* leaves the file as it was, unless it was closed */

/* ---- metrics_text.c ---- */

/* name="value" and a comma before it where there are others, escaped. */
void metrics_label(struct buf *labels, const char *name, const char *value);
/* A gauge is set, a counter grows. `labels` NULL: none. */
void metrics_put(struct metrics *m, enum metric_family family, struct buf *labels, double value);
/* What a file says that was written so; of others, and of what is damaged, what can be understood. */
void metrics_read(struct metrics *m, char *text);
/* All families, with help and type, those without a series left out. */
void metrics_write(const struct metrics *m, struct buf *out);

#endif
