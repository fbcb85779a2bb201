/*
 * Calendar arithmetic and the three spellings of time that logs use. Hand-written because strptime,
 * mktime and the rest depend on locale and time zone, and because a log's time is read once a line.
 */
#include "ingest/clock.h"

/*
 * Days from civil and back: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"; years
 * begin in March.
 */
static int32_t
days_from_civil(int y, int m, int d)
{
    int32_t era, yoe, doy, doe;

    y -= m <= 2;
    era = y / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void
clock_civil(int32_t day, int *year, int *month, int *dom)
{
    int32_t z = day + 719468, era = z / 146097, doe = z - era * 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    *dom = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

bool
clock_day(int year, int month, int day, int32_t *out)
{
    static const int8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    if (day > lengths[month - 1] + (month == 2 && leap))
        return false;
    *out = days_from_civil(year, month, day);
    return true;
}

int32_t
clock_month(int32_t day)
{
    int y, m, d;

    clock_civil(day, &y, &m, &d);
    return day - d + 1;
}

/* `n` decimal digits at p, or -1. */
static int
digits(const char *p, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        unsigned digit = (unsigned char)p[i] - '0';

        if (digit > 9)
            return -1;
        v = v * 10 + (int)digit;
    }
    return v;
}

bool
clock_parse_day(struct slice s, int32_t *out)
{
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
        return false;
    return clock_day(digits(s.p, 4), digits(s.p + 5, 2), digits(s.p + 8, 2), out);
}

bool
clock_parse_hms(struct slice s, int32_t *seconds)
{
    int h, m, sec;

    if (s.n != 8 || s.p[2] != ':' || s.p[5] != ':')
        return false;
    h = digits(s.p, 2);
    m = digits(s.p + 3, 2);
    sec = digits(s.p + 6, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 60)
        return false;
    *seconds = h * 3600 + m * 60 + (sec == 60 ? 59 : sec);
    return true;
}

/* "+HHMM" or "+HH:MM" as seconds east of UTC. The widest offset in use is +14:00. */
static bool
parse_offset(struct slice s, int32_t *seconds)
{
    int h, m;

    if (s.n == 6 && s.p[3] == ':')
        m = digits(s.p + 4, 2);
    else if (s.n == 5)
        m = digits(s.p + 3, 2);
    else
        return false;
    h = digits(s.p + 1, 2);
    if ((s.p[0] != '+' && s.p[0] != '-') || h < 0 || m < 0 || m > 59 || h * 60 + m > 14 * 60)
        return false;
    *seconds = (h * 3600 + m * 60) * (s.p[0] == '-' ? -1 : 1);
    return true;
}

static int
month_number(const char *p)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (memcmp(names + 3 * i, p, 3) == 0)
            return i + 1;
    return 0;
}

/* A moment before 1970 or behind 9999 exists in no log: an offset must not carry a time there. */
static bool
in_range(int64_t time_us)
{
    return time_us >= 0 && time_us < (INT64_C(1) + DAY_MAX) * DAY_US;
}

bool
clock_parse_clf(struct slice s, int64_t *time_us)
{
    int32_t day, seconds, offset;
    int64_t t;

    if (s.n != 26 || s.p[2] != '/' || s.p[6] != '/' || s.p[11] != ':' || s.p[20] != ' ')
        return false;
    if (!clock_day(digits(s.p + 7, 4), month_number(s.p + 3), digits(s.p, 2), &day) ||
        !clock_parse_hms((struct slice){ s.p + 12, 8 }, &seconds) ||
        !parse_offset((struct slice){ s.p + 21, 5 }, &offset))
        return false;
    t = day * DAY_US + ((int64_t)seconds - offset) * 1000000;
    if (!in_range(t))
        return false;
    *time_us = t;
    return true;
}

/* The fraction of a second at s.p[*at], 1..9 digits behind its point; *at is then behind them. */
static bool
parse_fraction(struct slice s, size_t *at, int32_t *micros)
{
    int32_t unit = 100000;
    size_t first = ++*at;

    *micros = 0;
    while (*at < s.n && (unsigned char)(s.p[*at] - '0') <= 9) {
        *micros += unit * (s.p[*at] - '0');
        unit /= 10;
        ++*at;
    }
    return *at > first && *at - first <= 9;
}

bool
clock_parse_imf(struct slice s, int64_t *time_us)
{
    static const char names[] = "Mon,Tue,Wed,Thu,Fri,Sat,Sun,";
    int32_t day, seconds;
    int weekday = 0;

    if (s.n != 29 || s.p[4] != ' ' || s.p[7] != ' ' || s.p[11] != ' ' || s.p[16] != ' ' ||
        memcmp(s.p + 25, " GMT", 4) != 0)
        return false;
    while (weekday < 7 && memcmp(names + 4 * weekday, s.p, 4) != 0)
        weekday++;
    if (weekday == 7 ||
        !clock_day(digits(s.p + 12, 4), month_number(s.p + 8), digits(s.p + 5, 2), &day) ||
        !clock_parse_hms((struct slice){ s.p + 17, 8 }, &seconds))
        return false;
    *time_us = day * DAY_US + seconds * INT64_C(1000000);
    return true;
}

bool
clock_parse_unix(struct slice s, int64_t *time_us)
{
    int64_t seconds = 0;
    int32_t micros = 0;
    size_t at = 0;

    for (; at < s.n && (unsigned char)(s.p[at] - '0') <= 9; at++) {
        seconds = seconds * 10 + (s.p[at] - '0');
        if (seconds > (INT64_C(1) + DAY_MAX) * 86400)
            return false;
    }
    if (at == 0 || (at < s.n && (s.p[at] != '.' || !parse_fraction(s, &at, &micros))) || at < s.n ||
        !in_range(seconds * 1000000 + micros))
        return false;
    *time_us = seconds * 1000000 + micros;
    return true;
}

bool
clock_parse_iso(struct slice s, int32_t *day, int64_t *time_us)
{
    int32_t date, seconds, offset = 0, micros = 0;
    size_t at = 19;
    int64_t t;

    if (s.n < 19 || (s.p[10] != 'T' && s.p[10] != ' ') ||
        !clock_parse_day((struct slice){ s.p, 10 }, &date) ||
        !clock_parse_hms((struct slice){ s.p + 11, 8 }, &seconds))
        return false;
    if (at < s.n && s.p[at] == '.' && !parse_fraction(s, &at, &micros))
        return false;
    if (at < s.n && !(s.n - at == 1 && s.p[at] == 'Z') &&
        !parse_offset((struct slice){ s.p + at, s.n - at }, &offset))
        return false;
    t = date * DAY_US + ((int64_t)seconds - offset) * 1000000 + micros;
    if (!in_range(t))
        return false;
    *day = date;
    *time_us = t;
    return true;
}

void
clock_format_day(int32_t day, char out[11])
{
    int y, m, d;

    clock_civil(day, &y, &m, &d);
    snprintf(out, 11, "%04u-%02u-%02u", (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100);
}

static int64_t
now_us(clockid_t which)
{
    struct timespec ts;

    if (clock_gettime(which, &ts) != 0)
        return 0;
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_monotonic_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

int64_t
clock_cpu_us(void)
{
    return now_us(CLOCK_PROCESS_CPUTIME_ID);
}
