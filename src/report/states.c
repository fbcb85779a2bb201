/*
 * What is covered: of each day or month a letter that says whether it has a figure, and if not, why
 * (docs/REPORT.md has them). From what the ledger says of sources and their gaps, as in `ingest
 * status`.
 */
#include "ingest/base.h"

#include "report_priv.h"

const char *
state_word(char state)
{
    switch (state) {
    case STATE_SETTLED:
        return "settled";
    case STATE_OPEN:
        return "open";
    case STATE_REVISED:
        return "revised";
    case STATE_PART:
        return "part";
    case STATE_GAP:
        return "gap";
    case STATE_BEFORE:
        return "before";
    case STATE_AFTER:
        return "after";
    case STATE_FUTURE:
        return "future";
    }
    return "unknown";
}

bool
source_is_asked_for(const struct report *r, size_t row)
{
    return r->dataset == NULL ||
           slice_eq(pg_text(r->standing.sources, row, STANDING_DATASET), slice_of(r->dataset));
}

/* ---- days ---- */

enum { COVERED = 1, OPEN = 2, REVISED = 4, GAP = 8 };

/* What sources say of the days, together. */
struct covering {
    struct period days;
    uint8_t *flags;         /* of each of the days */
    bool     any;           /* some source covers some day */
    int32_t  first, last;
};

static void
add_source(struct covering *c, const struct standing_days *d)
{
    for (size_t i = 0; i < d->n; i++) {
        int32_t day = d->days[i].day;

        if (day < c->days.since || day >= c->days.until)
            continue;
        c->flags[day - c->days.since] |=
            (uint8_t)(COVERED | (d->days[i].state == DAY_OPEN ? OPEN : 0) |
                      (d->days[i].state == DAY_REVISED ? REVISED : 0));
    }
    for (size_t i = 0; i < d->n_gaps; i++) {
        int32_t from = d->gaps[i].first < c->days.since ? c->days.since : d->gaps[i].first;

        for (int32_t day = from; day <= d->gaps[i].last && day < c->days.until; day++)
            c->flags[day - c->days.since] |= GAP;
    }
    if (d->n == 0)
        return;
    if (!c->any || d->days[0].day < c->first)
        c->first = d->days[0].day;
    if (!c->any || d->days[d->n - 1].day > c->last)
        c->last = d->days[d->n - 1].day;
    c->any = true;
}

static char
letter(const struct report *r, const struct covering *c, int32_t day)
{
    uint8_t flags = c->flags[day - c->days.since];

    if ((flags & COVERED) != 0)
        return (flags & OPEN) != 0      ? STATE_OPEN
               : (flags & GAP) != 0     ? STATE_PART
               : (flags & REVISED) != 0 ? STATE_REVISED
                                        : STATE_SETTLED;
    if (day > r->today)
        return STATE_FUTURE;
    if (!c->any)
        return STATE_UNKNOWN;
    if (day < c->first)
        return STATE_BEFORE;
    return day > c->last || (flags & GAP) == 0 ? STATE_AFTER : STATE_GAP;
}

/* `out` holds the flags first: both are a byte a day. */
static void
letters(const struct report *r, struct covering *c, char *out)
{
    for (int32_t day = c->days.since; day < c->days.until; day++)
        out[day - c->days.since] = letter(r, c, day);
}

void
states_of_source(const struct report *r, const struct standing_days *d, struct period days,
                 char *out)
{
    struct covering c = { .days = days, .flags = (uint8_t *)out };

    memset(out, 0, (size_t)(days.until - days.since));
    add_source(&c, d);
    letters(r, &c, out);
}

void
states_of_dataset(const struct report *r, const char *dataset, struct period days, char *out)
{
    struct covering c = { .days = days, .flags = (uint8_t *)out };

    memset(out, 0, (size_t)(days.until - days.since));
    for (size_t i = 0; r->unknown == NULL && i < pg_rows(r->standing.sources); i++)
        if (slice_eq(pg_text(r->standing.sources, i, STANDING_DATASET), slice_of(dataset)))
            add_source(&c, &r->standing.days[i]);
    letters(r, &c, out);
}

/* ---- months ---- */

/* Of the letters of all its days. */
static char
letter_of_month(const char *days, size_t n)
{
    size_t count[256] = { 0 };
    size_t covered, missing;

    for (size_t i = 0; i < n; i++)
        count[(unsigned char)days[i]]++;
    covered = count[STATE_SETTLED] + count[STATE_OPEN] + count[STATE_REVISED] + count[STATE_PART];
    missing = count[STATE_GAP] + count[STATE_BEFORE] + count[STATE_AFTER] + count[STATE_PART];
    if (covered > 0)
        return count[STATE_OPEN] + count[STATE_FUTURE] > 0 ? STATE_OPEN
               : missing > 0                               ? STATE_PART
               : count[STATE_REVISED] > 0                  ? STATE_REVISED
                                                           : STATE_SETTLED;
    if (count[STATE_FUTURE] == n)
        return STATE_FUTURE;
    if (count[STATE_UNKNOWN] > 0)
        return STATE_UNKNOWN;
    if (count[STATE_GAP] > 0)
        return STATE_GAP;
    return count[STATE_AFTER] > 0 ? STATE_AFTER : STATE_BEFORE;
}

/* The figure of a day that the ledger does not have is shown, as one that is not accounted for. */
enum st
table_states(struct report *r, struct table *t, struct err *err)
{
    struct period days = { t->previous.since, t->period.until };
    size_t n = t->n_before + t->n_steps;
    char *of_days = report_alloc(r, (size_t)(days.until - days.since), 1);

    t->states = t->monthly ? report_alloc(r, n, 1) : of_days;
    if (of_days == NULL || t->states == NULL)
        return err_memory(err, REPORT_WHAT);
    states_of_dataset(r, t->target.dataset->name, days, of_days);
    for (size_t step = 0; step < n; step++) {
        if (t->monthly) {
            int32_t from = day_of_step(t, (int64_t)step);
            int32_t to = step + 1 < n ? day_of_step(t, (int64_t)step + 1) : days.until;

            t->states[step] = letter_of_month(of_days + (from - days.since), (size_t)(to - from));
        }
        if (t->has_rows[step] && !state_has_figure(t->states[step], false))
            t->states[step] = STATE_UNKNOWN;
    }
    return ST_OK;
}
