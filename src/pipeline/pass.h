/*
 * One input on its way from lines to rollup.
 */
#ifndef PASS_H
#define PASS_H

#include "pipeline_priv.h"
#include "rejects.h"

struct pass {
    struct worker      *w;
    struct payload     *payload;
    struct rollup      *rollup;
    struct rollup      *parked;       /* what waits for a catalog; NULL: nothing may */
    int64_t             parked_bytes; /* that these hits add up to */
    struct rollup      *shadow;       /* what a second rule pack would count; NULL: there is none, or not for this table */
    int64_t             shadow_bytes; /* of these hits */
    struct picker      *picker;
    struct format_options options; /* the run's, for this table */
    struct parser       parser;
    struct payload_day *day;    /* of the record before: most lines share it */
    int32_t             day_no; /* DAY_NONE: none yet */
    enum reason         line_why;
    bool                in_line;
    bool                grown;     /* some of it may have been counted before */
    uint64_t            forgotten; /* bytes of the text that were */
    int32_t             adopt_until; /* what counts before this day was counted elsewhere */
    struct reject_watch rejects;
};

/* Reads the input to its end. ST_OK; what lines_next, parser_next and rollup_add_many give; ST_STOPPED. */
enum st pass_turn(struct pass *p, struct err *err);
/* A line is over: it has its one reason. */
void pass_close_line(struct pass *p);

#endif
