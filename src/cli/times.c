/*
 * Options that say how long: the deadline of a run, and the patience with locks of others.
 */
#include "ingest/base.h"

#include <time.h>

#include "ingest/clock.h"

#include "cli_priv.h"
#include "config.h"

static bool
read_hh_mm(const char *text, int *minute)
{
    char hms[16];
    int32_t seconds;

    if (strlen(text) != 5 || text[2] != ':')
        return false;
    snprintf(hms, sizeof hms, "%s:00", text);
    if (!clock_parse_hms(slice_of(hms), &seconds))
        return false;
    *minute = seconds / 60;
    return true;
}

/* What a clock on the wall shows, in minutes; -1: nobody knows. */
static int
minute_of(time_t when)
{
    struct tm tm;

    return localtime_r(&when, &tm) == NULL ? -1 : tm.tm_hour * 60 + tm.tm_min;
}

/* As if clocks were never put forward or back; where they are, the difference is put right. */
bool
until_time_of_day(const char *text, time_t now, int64_t *seconds)
{
    int wanted, minute = minute_of(now), difference;
    struct tm tm;

    if (!read_hh_mm(text, &wanted) || minute < 0 || localtime_r(&now, &tm) == NULL)
        return false;
    *seconds = (int64_t)((wanted - minute + 1440) % 1440) * 60 - tm.tm_sec;
    if (*seconds <= 0) /* now is the next day's, too */
        *seconds += 86400;
    minute = minute_of(now + *seconds);
    difference = (wanted - minute + 2160) % 1440 - 720;
    if (minute_of(now + *seconds + difference * 60) == wanted &&
        *seconds + (int64_t)difference * 60 > 0)
        *seconds += (int64_t)difference * 60;
    return true;
}

enum st
deadline_read(const struct options *o, int64_t *deadline_us, struct err *err)
{
    const char *text = o->value[OPT_DEADLINE].text;
    uint64_t lasts;
    int64_t seconds;

    *deadline_us = 0;
    if (text == NULL)
        return ST_OK;
    if (config_duration(text, &lasts))
        seconds = (int64_t)lasts;
    else if (!until_time_of_day(text, time(NULL), &seconds))
        return options_bad_value(
            o, OPT_DEADLINE,
            "how long, as 30s, 45m or 2h, or when by the clock of this host, as 06:00", err);
    *deadline_us = clock_monotonic_us() + seconds * 1000000;
    return ST_OK;
}

enum st
lock_wait_read(const struct options *o, int64_t *wait_us, struct err *err)
{
    const char *text = o->value[OPT_LOCK_WAIT].text;
    uint64_t seconds = 0;

    *wait_us = 0;
    if (text == NULL)
        return ST_OK;
    if (strcmp(text, "0") != 0 && !config_duration(text, &seconds))
        return options_bad_value(o, OPT_LOCK_WAIT, "a time is written 0, 30s, 5m or 1h", err);
    *wait_us = seconds == 0 ? 1 : (int64_t)seconds * 1000000;
    return ST_OK;
}
