/*
 * Days and times, in the proleptic Gregorian calendar and UTC, without time zone, locale or the machine's clock.
 * A day is an int32_t counted from 1970-01-01; a time is int64_t microseconds from the same moment.
 * Years 1970..9999: no log is older, and PostgreSQL's date holds them all.
 */
#ifndef INGEST_CLOCK_H
#define INGEST_CLOCK_H

#include "ingest/base.h"
#include "ingest/slice.h"

#define DAY_US      (INT64_C(86400) * 1000000)
#define DAY_NONE    INT32_MIN
#define DAY_MAX     2932896 /* 9999-12-31 */

/* False for a day that does not exist (31 February) or a year outside 1970..9999. */
bool clock_day(int year, int month, int day, int32_t *out);

void clock_civil(int32_t day, int *year, int *month, int *dom);

/* The first day of the month that `day` is in. */
int32_t clock_month(int32_t day);

/* "2024-02-29", exactly 10 bytes. */
bool clock_parse_day(struct slice s, int32_t *out);

/* "HH:MM:SS", exactly 8 bytes. Second 60 (a leap second) belongs to its minute: it is read as 59. 24:00 is refused. */
bool clock_parse_hms(struct slice s, int32_t *seconds);

/* "10/Oct/2000:13:55:36 -0700": the CLF time of Apache and nginx, converted to UTC. Offsets up to +-14:00. */
bool clock_parse_clf(struct slice s, int64_t *time_us);

/*
 * ISO 8601 as the log writers use it: "2024-01-16T10:00:00[.fraction][Z|+HH:MM|-HH:MM|+HHMM]", 'T' or a space; the
 * fraction has 1..9 digits, cut to microseconds. *day is the date as written, *time_us is UTC (an absent offset is UTC).
 */
bool clock_parse_iso(struct slice s, int32_t *day, int64_t *time_us);

/*
 * "Sun, 06 Nov 1994 08:49:37 GMT", exactly 29 bytes: the time of HTTP (RFC 9110, 5.6.7, IMF-fixdate). The name of the day
 * must be one, but need not be that of the date.
 */
bool clock_parse_imf(struct slice s, int64_t *time_us);

/* "1709251201" or "1709251201.25": seconds since 1970, the fraction of 1..9 digits cut to microseconds. */
bool clock_parse_unix(struct slice s, int64_t *time_us);

/* Writes "2024-02-29" and a NUL. */
void clock_format_day(int32_t day, char out[11]);

/* Microseconds of CLOCK_MONOTONIC, for durations only. */
int64_t clock_monotonic_us(void);
/* CPU time of this process and of this thread, microseconds. */
int64_t clock_cpu_us(void);

#endif
