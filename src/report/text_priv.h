/*
 * The parts of a report's text.
 */
#ifndef REPORT_TEXT_PRIV_H
#define REPORT_TEXT_PRIV_H

#include "cells.h"

/*
 * Of how many steps there are figures, in this period and in the one before. Sums of unlike many say
 * nothing of a change: then it is that of their means.
 */
struct basis {
    size_t now, before;
};
struct basis text_basis(const struct table *t);
/* "+12 %"; "" where there is nothing to compare with. */
const char  *text_change(struct basis basis, int64_t now, int64_t before, char out[32]);
/* Where the period before has nothing, nothing is compared with it. */
bool         text_has_before(const struct table *t);

/* Before an estimate: "" or a sign that it is an upper bound. */
const char *text_at_most(const struct cells *c, const struct clients *clients);

void text_totals(const struct cells *c, const struct table *t);
void text_happened(const struct cells *c, const struct table *t);

/* The first entries of a list, and how many more there are; of an empty one nothing. */
void text_list(const struct cells *c, const struct table *t, const struct list *l);
/* The three boards that people look at; --json has all. NULL: there are none. */
void text_boards(const struct cells *c, const struct boards *b);

/* A line's end, without the blanks that columns end in. */
void text_end_line(const struct cells *c);
/* A line that was built elsewhere, in words; it is empty then. */
void text_wrapped(const struct cells *c, struct buf *line, size_t indent);

#endif
