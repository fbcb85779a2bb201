/*
 * The extended log file format (W3C working draft WD-logfile-960323), which `cloudfront` and `w3c` share: header lines that
 * name the columns (w3c_header.c), and lines of values between tabs or blanks (w3c.c).
 */
#ifndef INGEST_FORMAT_W3C_H
#define INGEST_FORMAT_W3C_H

#include "format_priv.h"
#include "memo.h"
#include "scan.h"

/* CloudFront has 33 columns and custom logs a few more. Also what one line of the index can hold, many times over. */
#define COLUMNS_MAX 4096
#define NO_COLUMN   UINT32_MAX

enum column {
    COLUMN_DATE,
    COLUMN_TIME,
    COLUMN_SECONDS, /* since 1970, or ISO 8601, where there is no date */
    COLUMN_MILLIS,
    COLUMN_BYTES,
    COLUMN_CLIENT,
    COLUMN_FORWARDED,
    COLUMN_METHOD,
    COLUMN_PATH,
    COLUMN_QUERY,
    COLUMN_STATUS,
    COLUMN_AGENT,
    COLUMN_RANGE,
    COLUMN_RANGE_END,
    COLUMN_LENGTH,
    COLUMN_COUNTRY,
    COLUMN_MARKED, /* what options->drop_key names, be it one of the others */
    COLUMNS_N
};

struct w3c {
    uint32_t n_fields;      /* of a line; 0 before the first #Fields:, and behind one until a line shows what separates values */
    uint32_t n_named;       /* by the last #Fields: */
    uint32_t at[COLUMNS_N]; /* which of a line's marks a column begins behind, or NO_COLUMN */
    uint64_t wanted;        /* the separators that are marked (scan_marks): those around columns */
    uint8_t  path_decodes;
    bool     extras;        /* something is to be done that CloudFront's logs do not need */
    bool     blanks;        /* blanks separate values, not tabs */
    bool     by_line;       /* blanks did so once: lines are cut one at a time from there on, without an index */
    size_t   by_line_bytes; /* of the lines to come that are, for their index was made for other columns */
    struct day_memo day;
    struct hms_memo hms;

    /* The index of base[0 .. SCAN_BYTES_MAX), of which `line` lines are used up. It is used up
     * before its block is. */
    const char  *base;
    size_t       line;
    struct marks marks;
};

/* A line that starts with '#'. ST_FORMAT refuses the log. */
enum st w3c_header(struct parser *p, struct slice line, struct err *err);

/* A line of values before any #Fields: ST_FORMAT. */
enum st w3c_headless(uint64_t line_no, struct err *err);

/* The `block` of the formats that have #Fields. */
enum st w3c_block(struct parser *p, struct record *out, size_t max, size_t *n_records, struct err *err);

/* What the beginning of a log is of. */
enum w3c_kind { W3C_NONE, W3C_CLOUDFRONT, W3C_OTHER };
enum w3c_kind w3c_kind(struct slice head);

#endif
