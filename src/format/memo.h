/*
 * Neighbouring lines were written on the same day, mostly in the same second. These remember how the last date was read,
 * so that a line pays for a comparison instead of a calendar. Zeroed memory is an empty memo.
 */
#ifndef INGEST_FORMAT_MEMO_H
#define INGEST_FORMAT_MEMO_H

#include "ingest/clock.h"
#include "ingest/num.h"

/* "2024-02-29" and "13:55:36", each in a field of its own. */
struct day_memo {
    bool    known; /* or a date of NULs would be that of an empty memo */
    char    text[10];
    int32_t day;
};

static inline bool
memo_day(struct day_memo *memo, struct slice s, int32_t *out)
{
    if (likely(s.n == 10 && memo->known && memcmp(s.p, memo->text, 10) == 0)) {
        *out = memo->day;
        return true;
    }
    if (!clock_parse_day(s, out))
        return false;
    memcpy(memo->text, s.p, 10);
    memo->day = *out;
    memo->known = true;
    return true;
}

struct hms_memo {
    bool    known;
    char    text[8];
    int32_t seconds;
};

static inline bool
memo_hms(struct hms_memo *memo, struct slice s, int32_t *out)
{
    if (likely(s.n == 8 && memo->known && memcmp(s.p, memo->text, 8) == 0)) {
        *out = memo->seconds;
        return true;
    }
    if (!clock_parse_hms(s, out))
        return false;
    memcpy(memo->text, s.p, 8);
    memo->seconds = *out;
    memo->known = true;
    return true;
}

/* "2024-01-16T10:00:00.123456789Z": the date is remembered, the time of day is read each time. */
struct iso_memo {
    bool            known;
    char            date[11]; /* with the byte between the two */
    int32_t         day;
    struct hms_memo hms;
};

/* The fraction at p, its point and 1..9 digits: six where Python wrote it, nine of Fastly and Go. Eight bytes behind p can be read. */
static inline bool
memo_fraction(const char *p, size_t n, int32_t *micros)
{
    static const uint32_t units[] = { 0, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1 };
    uint32_t digits;

    if (n < 2 || n > 10 || p[0] != '.' || !num_eight(p + 1, n == 10 ? 8 : n - 1, &digits) ||
        (n == 10 && (unsigned char)(p[9] - '0') > 9))
        return false;
    *micros = (int32_t)(digits * units[n == 10 ? 8 : n - 1] / 100);
    return true;
}

/* What clock_parse_iso gives; `s` stands in a block, or has eight bytes more. */
static inline bool
memo_iso(struct iso_memo *memo, struct slice s, int32_t *day, int64_t *time_us)
{
    int32_t seconds, micros = 0;

    if (likely(memo->known && s.n >= 20 && memcmp(s.p, memo->date, 11) == 0 && s.p[s.n - 1] == 'Z' &&
               (s.n == 20 || memo_fraction(s.p + 19, s.n - 20, &micros)) &&
               memo_hms(&memo->hms, (struct slice){ s.p + 11, 8 }, &seconds))) {
        *day = memo->day;
        *time_us = *day * DAY_US + seconds * INT64_C(1000000) + micros;
        return true;
    }
    if (!clock_parse_iso(s, day, time_us))
        return false;
    memcpy(memo->date, s.p, sizeof memo->date);
    memo->day = *day;
    memo->known = true;
    return true;
}

/* "10/Oct/2000:13:55:36 -0700": the date and the offset are remembered, the time of day is read each time. */
struct clf_memo {
    bool            known;
    char            date[12], offset[6];
    int64_t         midnight_us; /* of that date at that offset, UTC */
    struct hms_memo hms;
};

/* Remembers the date and offset of `s`, if each second of that day can be told from its midnight. */
static inline void
memo_clf_learn(struct clf_memo *memo, const char s[26])
{
    char text[26];
    int64_t midnight_us;

    memcpy(text, s, sizeof text);
    memcpy(text + 12, "00:00:00", 8);
    if (!clock_parse_clf((struct slice){ text, sizeof text }, &midnight_us) ||
        midnight_us > DAY_MAX * DAY_US)
        return;
    memcpy(memo->date, s, sizeof memo->date);
    memcpy(memo->offset, s + 20, sizeof memo->offset);
    memo->midnight_us = midnight_us;
    memo->known = true;
}

static inline bool
memo_clf(struct clf_memo *memo, const char s[26], int64_t *time_us)
{
    int32_t seconds;

    if (likely(memo->known && memcmp(s, memo->date, 12) == 0 &&
            memcmp(s + 20, memo->offset, 6) == 0)) {
        if (!memo_hms(&memo->hms, (struct slice){ s + 12, 8 }, &seconds))
            return false;
        *time_us = memo->midnight_us + seconds * INT64_C(1000000);
        return true;
    }
    if (!clock_parse_clf((struct slice){ s, 26 }, time_us))
        return false;
    memo_clf_learn(memo, s);
    return true;
}

#endif
