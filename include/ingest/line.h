/*
 * A block of whole lines, in place: what lines/ gives and format/ takes.
 */
#ifndef INGEST_LINE_H
#define INGEST_LINE_H

#include "ingest/base.h"

#define LINE_BYTES_MAX (MIB) /* without its line feed; a longer line is rejected without being held */

struct block {
    char    *p;             /* lifetime "line": valid until the next lines_next; may be written to */
    size_t   n;             /* bytes; ends with LF, but for an input's last line, which may lack it */
    uint64_t first_line_no; /* from 1 */
    uint64_t offset;        /* of p in the decoded text */
    uint64_t too_long_offset; /* of the first of those lines, if there are any */
    uint64_t n_too_long;    /* lines over LINE_BYTES_MAX that stood before this block and are gone; first_line_no is behind them */
};
/* At least 64 readable bytes follow p + n, so that vector code may read past the end. */
#define BLOCK_SLACK 64

#endif
