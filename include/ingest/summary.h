/*
 * What a run did, from counts alone: for people on stderr, as one JSON object on stdout.
 */
#ifndef INGEST_SUMMARY_H
#define INGEST_SUMMARY_H

#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/tally.h"

#define SUMMARY_TABLES_MAX 8

struct table_summary {
    const char *table;
    int64_t     inserted, updated; /* rows */
    int64_t     doubled;           /* keys of which another system's table has several rows; added up over the batches */
    int64_t     parked, healed;    /* hits that wait for their key; that did, and are counted now */
    int32_t    *days;              /* that the run touched, ascending */
    size_t      n_days, days_cap;
    int32_t    *adopted;           /* days that are counted elsewhere, ascending */
    size_t      n_adopted, adopted_cap;
};

struct summary {
    struct {
        uint64_t read, known, known_otherwise, grown, partial, refused, skipped;
        uint64_t retracted; /* of those known: they were taken out, and stay out */
        uint64_t left; /* that a deadline has left for the next run */
        uint64_t adopted; /* of those read: they have days that were counted elsewhere */
    } files;
    struct {
        uint64_t stored, decoded, unterminated;
    } bytes;
    struct tally         lines, records;
    struct table_summary tables[SUMMARY_TABLES_MAX];
    size_t               n_tables;
    struct {
        double wall, cpu, decode, parse, rollup, load;
    } seconds;
    int64_t peak_rss_bytes;
    bool    adopts;  /* the run adopts: how many files and which days are told */
    bool    dry_run; /* rows are what would be written: inserted holds all of them */
    const char *source; /* the [source NAME] whose files these were, a plain name; borrowed; NULL: they were named one by one */
};

void summary_release(struct summary *s);

/* The entry of a table, made on first use; NULL when there are too many. */
struct table_summary *summary_table(struct summary *s, const char *table);
/* false: no memory. */
bool summary_add_day(struct table_summary *t, int32_t day);
bool summary_add_adopted(struct table_summary *t, int32_t day);

/* What a later run did goes to what earlier ones did; peak and CPU time are the process's. False: no memory. */
bool summary_join(struct summary *to, const struct summary *from);

/* source if there is one, files, bytes, lines, records, rows, days, seconds, peak_rss_bytes; one object and a line feed. */
void summary_json(const struct summary *s, struct buf *out);
/*
 * A few lines, ending with the next step where something is wrong. SUMMARY_BRIEF: that fit a screen, with five reasons of each kind;
 * SUMMARY_WHOLE: with all of them.
 */
enum summary_form { SUMMARY_BRIEF, SUMMARY_WHOLE };
void summary_text(const struct summary *s, enum summary_form form, struct buf *out);

#endif
