/*
 * Gaps. What lies before the first line or behind the last one is none: there a log begins, or goes
 * on tomorrow. Neither are hours that are not due: their lines may be on the way.
 */
#include "ingest/base.h"

#include "ingest/coverage.h"

struct gaps {
    struct gap *at;
    size_t      n;
};

/* It joins the gap before it if that ends the day before and lacks the same hours. */
static void
add(struct gaps *g, int32_t first, int32_t last, uint32_t hours)
{
    struct gap *before = g->n > 0 ? &g->at[g->n - 1] : NULL;

    if (hours == 0 || first > last)
        return;
    if (before != NULL && before->hours == hours && before->last + 1 == first)
        before->last = last;
    else
        g->at[g->n++] = (struct gap){ first, last, hours };
}

/* Of the same hours of these days those that are due. */
static void
add_due(struct gaps *g, int32_t first, int32_t last, uint32_t hours, int64_t due)
{
    int64_t day = due / 24; /* of this one the first due % 24 hours are */

    add(g, first, last < day ? last : (int32_t)(day - 1), hours);
    if (first <= day && day <= last)
        add(g, (int32_t)day, (int32_t)day, hours & ((UINT32_C(1) << due % 24) - 1));
}

/* Hours from the highest bit of `hours` on, and those up to its lowest one. */
static uint32_t
behind(uint32_t hours)
{
    return hours == 0 ? 0 : HOURS_ALL & ~((UINT32_C(2) << (31 - __builtin_clz(hours))) - 1);
}

static uint32_t
before(uint32_t hours)
{
    return hours == 0 ? 0 : (hours & -hours) - 1;
}

struct gap *
coverage_gaps(const struct covered_day *days, size_t n, size_t *n_gaps)
{
    /* A day brings two at most: the days before it, and hours of its own, or of the day before it
     * that is due in part: then none of its own are. */
    struct gaps g = { .at = calloc(2 * n + 1, sizeof *g.at) };

    *n_gaps = 0;
    if (g.at == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        uint32_t hours = days[i].hours & HOURS_ALL;
        uint32_t missing = hours == 0 ? 0 : HOURS_ALL & ~hours;

        if (i > 0)
            add_due(&g, days[i - 1].day + 1, days[i].day - 1, HOURS_ALL, days[i].due);
        else
            missing &= ~before(hours);
        if (i + 1 == n)
            missing &= ~behind(hours);
        add_due(&g, days[i].day, days[i].day, missing, days[i].due);
    }
    *n_gaps = g.n;
    return g.at;
}

void
coverage_hours(uint32_t hours, char out[HOURS_TEXT])
{
    size_t n = 0;

    out[0] = '\0';
    for (int from = 0, to; from < 24; from = to + 1) {
        to = from;
        if ((hours >> from & 1) == 0)
            continue;
        while (to < 23 && (hours >> (to + 1) & 1) != 0)
            to++;
        n += (size_t)snprintf(out + n, HOURS_TEXT - n, "%s%02d", n > 0 ? ", " : "", from);
        if (to > from)
            n += (size_t)snprintf(out + n, HOURS_TEXT - n, "-%02d", to);
    }
}
