/*
 * Which days and hours logs cover, and which are missing between them. Days are counted as in clock.h, hours are bits: bit 0 is
 * 00:00-00:59 UTC.
 */
#ifndef INGEST_COVERAGE_H
#define INGEST_COVERAGE_H

#include "ingest/base.h"

#define HOURS_ALL 0xffffffu

enum day_state {
    DAY_OPEN,    /* lines of it may still come */
    DAY_SETTLED,
    DAY_REVISED, /* it was settled, and then a payload, or hits that found their key, added to it */
};

struct covered_day {
    int32_t  day;
    uint32_t hours;    /* 0: of these lines nobody knows the hour, and the day is taken as covered */
    int64_t  due;      /* of the hours since 1970 those before this one are over for so long that no line of them may still come */
    enum day_state state;
    int64_t  payloads, partial, late; /* `late` ones came, or found a key, after the day was settled */
    int64_t  lines, count, bytes;     /* read; records counted, and what they add up to */
};

/* Days that follow one another and lack the same hours; all of them: the whole days are missing. */
struct gap {
    int32_t  first, last; /* days */
    uint32_t hours;       /* that are missing on each of them */
};

/*
 * The gaps between the first and the last covered hour of days that are ascending, each once; in their order. What a day says is due
 * holds for it and for the days missing before it. Allocated, the caller frees it. NULL: no memory.
 */
struct gap *coverage_gaps(const struct covered_day *days, size_t n, size_t *n_gaps);

/* "00-03, 07, 22-23" */
#define HOURS_TEXT 64 /* eight pairs of hours are 54 bytes, the longest */
void coverage_hours(uint32_t hours, char out[HOURS_TEXT]);

#endif
