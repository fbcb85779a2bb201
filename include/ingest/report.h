/*
 * What the tables hold, to look at: read in one transaction that writes nothing, then written as a document (JSON), lines (CSV), text with
 * bars, a page (HTML) or a badge (SVG). docs/REPORT.md says what each figure is.
 */
#ifndef INGEST_REPORT_H
#define INGEST_REPORT_H

#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/err.h"
#include "ingest/pg.h"
#include "ingest/standing.h"

#define REPORT_TOP_DEFAULT 100
#define REPORT_TOP_MAX     1000
#define REPORT_DAYS        365  /* of a period, unless it is said */
#define REPORT_DAYS_WIDE   3660  /* ten years: of a longer one fewer names have a series, so that it can be held and opened */
#define REPORT_DAYS_MAX    36600 /* a hundred years: a longer one is refused */

struct report_question {
    int32_t     since, until; /* days, half-open; DAY_NONE: as docs/REPORT.md has it */
    int32_t     days;         /* how long the period is at most when `since` is not said */
    size_t      top;          /* 1..REPORT_TOP_MAX: how many names get a series, their versions and their clients */
    const char *pattern;      /* names that fit it, `*`, `?` and `\`; NULL: all */
    const char *name;         /* this name alone, as it is: for a badge; NULL: all. Not with a pattern */
    const char *dataset;      /* of this one alone; NULL: all */
    const struct standing_source *sources; /* what the configuration says of when days are settled */
    size_t      n_sources;
};

struct report;

/*
 * Opens a REPEATABLE READ, READ ONLY transaction, and ends it. NULL with ST_DB (no table is there, or none may be read: err->hint; the server's
 * own words), ST_DB_RETRY, ST_USAGE (the period is too long or empty), ST_MEMORY. What may not be read besides tables becomes a note in the report.
 */
struct report *report_read(struct pg *pg, const struct report_question *q, struct err *err);
void           report_free(struct report *r); /* NULL is fine */

/* Each adds to `out`; without memory out->failed is true, and what is there is worth nothing. */
void report_json(struct buf *out, const struct report *r);
void report_csv(struct buf *out, const struct report *r);
/* `columns` of the terminal; `utf8`: bars are blocks, and names stand as they are; else all of it is ASCII. `shown`: length of lists. */
struct report_text_style {
    size_t columns, shown;
    bool   utf8;
};
void report_text(struct buf *out, const struct report *r, const struct report_text_style *style);
void report_html(struct buf *out, const struct report *r);
/* Of the question's `name`. false: no table has ever had it. */
bool report_badge(struct buf *out, const struct report *r, const char *name);

/* Are there rows in the period? Else a sentence for people is in `why`. */
bool report_is_empty(const struct report *r, char why[200]);

/*
 * A glob as LIKE wants it (with ESCAPE '\'), appended: `*` is any number of characters, `?` one, `\` takes the next one as it is (the last
 * one is itself). What LIKE would take for more than itself is escaped.
 */
void report_like(struct buf *out, const char *glob);

#endif
