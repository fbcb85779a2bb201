/*
 * Dates and times in every spelling, against a second reader that has a table of all days (made by counting from 1970-01-01)
 * and looks at one byte after the other as a pattern says.
 */
#include "ingest/clock.h"

#include "fuzz_bytes.h"

#define N_DAYS (DAY_MAX + 1)

static struct {
    int16_t year;
    int8_t  month, dom;
} days[N_DAYS];
static int32_t years[8031]; /* the first day of each */

static void
count_days(void)
{
    static const int8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int32_t n = 0;

    for (int y = 1970; y <= 9999; y++) {
        years[y - 1970] = n;
        for (int m = 0; m < 12; m++) {
            int leap = m == 1 && (y % 400 == 0 || (y % 4 == 0 && y % 100 != 0));

            for (int d = 1; d <= lengths[m] + leap; d++, n++) {
                days[n].year = (int16_t)y;
                days[n].month = (int8_t)(m + 1);
                days[n].dom = (int8_t)d;
            }
        }
    }
    MUST(n == N_DAYS);
}

/* DAY_NONE: there is none. */
static int32_t
find_day(int64_t y, int64_t m, int64_t d)
{
    if (y < 1970 || y > 9999)
        return DAY_NONE;
    for (int32_t n = years[y - 1970]; n < N_DAYS && days[n].year == y; n++)
        if (days[n].month == m && days[n].dom == d)
            return n;
    return DAY_NONE;
}

/*
 * Does `s` begin with `pattern`? Y, O, D, h, m, s, H, I stand for a digit (O: of the month), N for three letters of a
 * month, W for three of a day; every other byte for itself. Moves behind it.
 */
struct time {
    int64_t of[128];
};

static int
one_of(const char *names, const char *p)
{
    for (int i = 0; names[3 * i] != '\0'; i++)
        if (memcmp(names + 3 * i, p, 3) == 0)
            return i + 1;
    return 0;
}

static bool
fits(struct slice *s, const char *pattern, struct time *t)
{
    for (; *pattern != '\0'; pattern++) {
        bool name = *pattern == 'N' || *pattern == 'W';
        size_t n = name ? 3 : 1;

        if (s->n < n)
            return false;
        if (name) {
            t->of['O'] = *pattern == 'N' ? one_of("JanFebMarAprMayJunJulAugSepOctNovDec", s->p) : t->of['O'];
            if (*pattern == 'N' ? t->of['O'] == 0 : one_of("MonTueWedThuFriSatSun", s->p) == 0)
                return false;
        } else if (strchr("YODhmsHI", *pattern) != NULL) {
            if (s->p[0] < '0' || s->p[0] > '9')
                return false;
            t->of[(int)*pattern] = t->of[(int)*pattern] * 10 + s->p[0] - '0';
        } else if (s->p[0] != *pattern) {
            return false;
        }
        s->p += n;
        s->n -= n;
    }
    return true;
}

/* Seconds of the day; -1: no such time. */
static int64_t
seconds(const struct time *t)
{
    if (t->of['h'] > 23 || t->of['m'] > 59 || t->of['s'] > 60)
        return -1;
    return t->of['h'] * 3600 + t->of['m'] * 60 + (t->of['s'] == 60 ? 59 : t->of['s']);
}

/* ".25" behind a second, moved over. */
static bool
fraction(struct slice *s, int64_t *us)
{
    int64_t unit = 1000000;
    size_t n = 1;

    *us = 0;
    if (s->n == 0 || s->p[0] != '.')
        return true;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        if (unit > 1)
            *us += (s->p[n] - '0') * (unit /= 10);
    s->p += n;
    s->n -= n;
    return n > 1 && n <= 10;
}

/* Is it a moment that can be kept? */
static bool
within(int64_t us)
{
    return us >= 0 && us < (int64_t)N_DAYS * DAY_US;
}

static void
hold_day(struct slice text)
{
    struct slice s = text;
    struct time t = { { 0 } };
    int32_t day = DAY_NONE, want = fits(&s, "YYYY-OO-DD", &t) && s.n == 0 ? find_day(t.of['Y'], t.of['O'], t.of['D']) : DAY_NONE;

    MUST(clock_parse_day(text, &day) == (want != DAY_NONE));
    if (want != DAY_NONE) {
        char back[11];

        clock_format_day(day, back);
        MUST(day == want && memcmp(back, text.p, 10) == 0 && back[10] == '\0');
        MUST(days[clock_month(day)].dom == 1 && days[clock_month(day)].month == t.of['O']);
    }
}

static void
hold_hms(struct slice text)
{
    struct slice s = text;
    struct time t = { { 0 } };
    int64_t want = fits(&s, "hh:mm:ss", &t) && s.n == 0 ? seconds(&t) : -1;
    int32_t got = -1;

    MUST(clock_parse_hms(text, &got) == (want >= 0));
    MUST(want < 0 || got == want);
}

/* "+HHMM" or "+HH:MM" in microseconds. */
static bool
offset(struct slice *s, const char *pattern, int64_t *us)
{
    struct time t = { { 0 } };
    int64_t sign = s->n > 0 && s->p[0] == '-' ? -1 : 1;

    if (s->n == 0 || (s->p[0] != '+' && s->p[0] != '-'))
        return false;
    s->p++;
    s->n--;
    *us = 0;
    if (!fits(s, pattern, &t) || t.of['I'] > 59 || t.of['H'] * 60 + t.of['I'] > 14 * 60)
        return false;
    *us = sign * (t.of['H'] * 3600 + t.of['I'] * 60) * 1000000;
    return true;
}

static void
hold_clf(struct slice text)
{
    struct slice s = text;
    struct time t = { { 0 } };
    int64_t got = -1, want = -1, off;

    if (fits(&s, "DD/N/YYYY:hh:mm:ss ", &t) && offset(&s, "HHII", &off) && s.n == 0 && seconds(&t) >= 0 &&
        find_day(t.of['Y'], t.of['O'], t.of['D']) != DAY_NONE)
        want = find_day(t.of['Y'], t.of['O'], t.of['D']) * DAY_US + seconds(&t) * 1000000 - off;
    MUST(clock_parse_clf(text, &got) == within(want));
    MUST(!within(want) || got == want);
}

static void
hold_imf(struct slice text)
{
    struct slice s = text;
    struct time t = { { 0 } };
    int64_t got = -1, want = -1;

    if (fits(&s, "W, DD N YYYY hh:mm:ss GMT", &t) && s.n == 0 && seconds(&t) >= 0 &&
        find_day(t.of['Y'], t.of['O'], t.of['D']) != DAY_NONE)
        want = find_day(t.of['Y'], t.of['O'], t.of['D']) * DAY_US + seconds(&t) * 1000000;
    MUST(clock_parse_imf(text, &got) == (want >= 0));
    MUST(want < 0 || got == want);
}

static void
hold_iso(struct slice text)
{
    struct slice s = text;
    struct time t = { { 0 } };
    int64_t got = -1, want = -1, us = 0, off = 0;
    int32_t day = DAY_NONE, written = DAY_NONE;
    bool ok = fits(&s, "YYYY-OO-DD", &t) && s.n > 0 && (s.p[0] == 'T' || s.p[0] == ' ');

    if (ok) {
        written = find_day(t.of['Y'], t.of['O'], t.of['D']);
        s.p++;
        s.n--;
        ok = written != DAY_NONE && fits(&s, "hh:mm:ss", &t) && seconds(&t) >= 0 && fraction(&s, &us);
    }
    if (ok && s.n > 0)
        ok = s.n == 1 ? s.p[0] == 'Z' : offset(&s, s.n == 6 ? "HH:II" : "HHII", &off) && s.n == 0;
    if (ok)
        want = written * DAY_US + seconds(&t) * 1000000 + us - off;
    MUST(clock_parse_iso(text, &day, &got) == within(want));
    MUST(!within(want) || (got == want && day == written));
}

static void
hold_unix(struct slice text)
{
    struct slice s = text;
    int64_t got = -1, want = 0, us = 0;
    bool ok = s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';

    for (; s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9'; s.p++, s.n--)
        want = want > INT64_C(300000000000) ? want : want * 10 + s.p[0] - '0';
    ok = ok && fraction(&s, &us) && s.n == 0 && within(want * 1000000);
    MUST(clock_parse_unix(text, &got) == ok);
    MUST(!ok || got == want * 1000000 + us);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char zeros[] = "\0";
    struct bytes b = { data, size };
    int year = (int)take_number(&b, 2), month = (int8_t)take_byte(&b), dom = (int8_t)take_byte(&b), y, m, d;
    int32_t day = DAY_NONE, want;

    if (days[0].dom == 0)
        count_days();
    want = find_day(year, month, dom);
    MUST(clock_day(year, month, dom, &day) == (want != DAY_NONE) && (want == DAY_NONE || day == want));
    day = (int32_t)((unsigned)year * 47 % N_DAYS);
    clock_civil(day, &y, &m, &d);
    MUST(y == days[day].year && m == days[day].month && d == days[day].dom);
    b = (struct bytes){ data, size };
    do { /* a text a line */
        const char *feed = b.n == 0 ? NULL : memchr(b.p, '\n', b.n);
        struct slice line = take_slice(&b, feed == NULL ? b.n : (size_t)(feed - (const char *)b.p));

        line.p = line.n == 0 ? zeros : line.p;
        take_byte(&b);
        hold_day(line);
        hold_hms(line);
        hold_clf(line);
        hold_imf(line);
        hold_iso(line);
        hold_unix(line);
    } while (b.n > 0);
    return 0;
}
