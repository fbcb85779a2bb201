/*
 * Text in columns, for a terminal or a mail: hostile names, characters that are two columns wide, bars.
 */
#ifndef REPORT_CELLS_H
#define REPORT_CELLS_H

#include "ingest/report.h"

#include "report_priv.h"

struct cells {
    struct buf *out;
    const struct report_text_style *style;
    locale_t    wide; /* for wcwidth(3); 0: every character is one column */
};

void   cells_open(struct cells *c, struct buf *out, const struct report_text_style *style);
void   cells_close(struct cells *c);

/* How many columns a stranger's text takes once it is escaped. */
size_t cells_width(const struct cells *c, struct slice s);
/* Escaped, filled up to `columns` with blanks; what is longer is cut, with a mark. */
void   cells_text(const struct cells *c, struct slice s, size_t columns);
/* Escaped, as long as it is. */
void   cells_free_text(const struct cells *c, struct slice s);
/* Words that are escaped already, over as many lines as they take, each behind `indent` blanks; the first line begins two further left. */
void   cells_wrapped(const struct cells *c, struct slice line, size_t indent);
/* Right-aligned. */
void   cells_right(const struct cells *c, const char *text, size_t columns);
void   cells_blank(const struct cells *c, size_t columns);

/* A bar of v/most of `columns`, and blanks. Nothing for what is negative. */
void   cells_bar(const struct cells *c, int64_t v, int64_t most, size_t columns);
/* A character for each of `columns`: figures are added up; null where none is known. */
void   cells_spark(const struct cells *c, const int64_t *series, size_t n, size_t columns);

#endif
