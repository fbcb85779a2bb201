/*
 * How things stand: what the ledger holds, for `ingest status`. Read in one snapshot, by the server's clock; nothing is written.
 */
#ifndef INGEST_STANDING_H
#define INGEST_STANDING_H

#include "ingest/base.h"
#include "ingest/coverage.h"
#include "ingest/err.h"
#include "ingest/pg.h"

/* A source that the configuration names, and what it says of the source's time. */
struct standing_source {
    const char *name;
    int64_t     settle_s;   /* how long after the end of a day lines of it may still come; 0: not said, the payload's format decides */
    int64_t     expected_s; /* how long it may take until the next payload comes; 0: as long as it likes */
};

/* Payloads of one dataset and source: row `row` of standing.sources, and the days that they cover, ascending. */
struct standing_days {
    size_t              row;
    struct covered_day *days;
    size_t              n, cap;
    struct gap         *gaps;
    size_t              n_gaps;
    int64_t             count; /* records counted, of all days */
};

/* Columns of standing.sources. */
enum {
    STANDING_DATASET,
    STANDING_SOURCE,    /* NULL: files that were named one by one */
    STANDING_PAYLOADS,
    STANDING_COUNTED,   /* payloads: of which something stands in the tables, or that hold no line */
    STANDING_PARTIAL,   /* salvaged */
    STANDING_EXTENDING, /* counted from where another one ends */
    STANDING_REPLACED,  /* of which some day is replaced; retracted; adopted */
    STANDING_RETRACTED,
    STANDING_ADOPTED,
    STANDING_LINES,     /* read */
    STANDING_LAST_AT,   /* when the last one was counted, UTC */
};

/* The rows of each question, for pg_text and pg_int. NULL: the ledger is older, and has no such table, or it is not for this role. */
struct standing {
    /* by dataset: dataset, payloads, lines, counted, first day, last day, last counted at (UTC). Days are NULL where there are none */
    struct pg_result *payloads;
    struct pg_result *sources;    /* by source, those of none last, and dataset */
    struct standing_days *days;   /* of each row of `sources` */
    /* sources that are expected, in their order: name, seconds that it may take, last payload at (UTC), seconds since, late ("t", "f"); NULL: none came */
    struct pg_result *expected;
    struct pg_result *refused;    /* one row: open, accepted */
    struct pg_result *unresolved; /* by dataset: dataset, waiting hits, their paths, their oldest day (NULL: none waits), healed hits */
    /* of what waits, the paths of most hits, at most STANDING_EXAMPLES a dataset: dataset, path, hits, first day, last day */
    struct pg_result *examples;
    /* the newest run of each source, the newest first: started at (UTC), seconds, host, version, source, status, files read, known, known
     * under other rules, grown, partial, refused, skipped, lines, counted, failure. Of the last STANDING_RUNS runs */
    struct pg_result *runs;
    /* what happened to numbers and is no growth, the newest day first: day, dataset, text, made at (UTC). At most STANDING_ANNOTATIONS */
    struct pg_result *annotations;
    size_t            n_late;     /* sources that are */
};
#define STANDING_EXAMPLES 20
#define STANDING_RUNS     1000
#define STANDING_ANNOTATIONS 1000

/* ST_OK; ST_DB: no ledger, no right; ST_DB_RETRY; ST_MEMORY. To be released in either case. */
enum st standing_read(struct standing *s, struct pg *pg, const struct standing_source *sources, size_t n, struct err *err);
/* The same, inside the caller's transaction. */
enum st standing_read_here(struct standing *s, struct pg *pg, const struct standing_source *sources, size_t n, struct err *err);
void    standing_release(struct standing *s);

#endif
