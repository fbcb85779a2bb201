/*
 * Figures by day or month, of the period and of the one before it, and the totals that they make.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "report_priv.h"

/* ---- steps ---- */

static int32_t
months_of(int32_t day)
{
    int year, month, dom;

    clock_civil(day, &year, &month, &dom);
    return year * 12 + month - 1;
}

static int32_t
day_of_months(int32_t months)
{
    int32_t day = 0;

    (void)clock_day(months / 12, months % 12 + 1, 1, &day);
    return day;
}

int64_t
step_of(const struct table *t, int32_t day)
{
    if (day < t->previous.since || day >= t->period.until)
        return -1;
    return t->monthly ? months_of(day) - months_of(t->previous.since) : day - t->previous.since;
}

int32_t
day_of_step(const struct table *t, int64_t step)
{
    int32_t at = (int32_t)step;

    return t->monthly ? day_of_months(months_of(t->previous.since) + at) : t->previous.since + at;
}

void
table_set_period(struct table *t, const struct report *r)
{
    int32_t since, until, n;

    t->period = r->period;
    t->previous = r->previous;
    if (t->monthly) {
        since = months_of(r->period.since);
        until = months_of(r->period.until - 1) + 1;
        n = since - (until - since) < 1970 * 12 ? since - 1970 * 12 : until - since;
        t->period = (struct period){ day_of_months(since), day_of_months(until) };
        t->previous = (struct period){ day_of_months(since - n), t->period.since };
    }
    t->n_before = (size_t)(t->period.since > t->previous.since ? step_of(t, t->period.since) : 0);
    t->n_steps = (size_t)step_of(t, t->period.until - 1) + 1 - t->n_before;
}

/* ---- what there is ---- */

/* Of few names the smallest day is not looked for along the index of the days, which is all of the table. */
enum st
table_span(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err)
{
    bool few = r->pattern.p != NULL || r->q->name != NULL;
    struct pg_result *found = NULL;
    const char *values[1];
    struct buf sql = { 0 };
    enum st rc;

    buf_printf(&sql, "SELECT min(d), max(d) FROM (SELECT %s AS d", v->day);
    view_rows(v, r, &sql, NULL, (struct period){ 0, DAY_MAX });
    buf_printf(&sql, "%s) AS x", few ? " OFFSET 0" : "");
    rc = view_ask(pg, &sql, view_values(r, values), values, &found, err);
    if (rc == ST_OK && !pg_is_null(found, 0, 0) &&
        (!clock_parse_day(pg_text(found, 0, 0), &t->first) ||
         !clock_parse_day(pg_text(found, 0, 1), &t->last)))
        rc = err_fail(err, ST_DB, REPORT_WHAT, "%s has a day that is none", t->shown);
    pg_free(found);
    buf_release(&sql);
    return rc;
}

/* ---- the series ---- */

static void
add(int64_t *to, int64_t more)
{
    if (!num_add(to, more))
        *to = more < 0 ? -INT64_MAX : INT64_MAX;
}

static void
take_series(struct table *t, const struct pg_result *found)
{
    for (size_t row = 0; row < pg_rows(found); row++) {
        int64_t step = step_of(t, (int32_t)pg_int(found, row, 0));

        if (step < 0)
            continue;
        t->has_rows[step] = true;
        for (size_t m = 0; m < t->n_measures; m++) {
            int64_t v = pg_int(found, row, 1 + m);

            add(&t->series[m][step], v);
            add((size_t)step < t->n_before ? &t->totals_before[m] : &t->totals[m], v);
        }
    }
}

static enum st
read_series(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err)
{
    struct pg_result *found = NULL;
    const char *values[1];
    struct buf sql = { 0 };
    enum st rc;

    buf_printf(&sql, "SELECT %s - date '1970-01-01'", v->day);
    for (size_t m = 0; m < t->n_measures; m++) {
        buf_text(&sql, ", ");
        view_sum(&sql, v->measures[m]);
    }
    view_rows(v, r, &sql, NULL, (struct period){ t->previous.since, t->period.until });
    buf_text(&sql, " GROUP BY 1");
    rc = view_ask(pg, &sql, view_values(r, values), values, &found, err);
    if (rc == ST_OK)
        take_series(t, found);
    pg_free(found);
    buf_release(&sql);
    return rc;
}

/* How many different ones there are, in each period. */
static enum st
count_versions(struct report *r, struct table *t, const struct view *v, struct pg *pg,
               struct err *err)
{
    struct pg_result *found = NULL;
    const char *values[1];
    struct buf sql = { 0 };
    enum st rc;

    if (v->version == NULL)
        return ST_OK;
    buf_text(&sql, "SELECT count(*) FILTER (WHERE now), count(*) FILTER (WHERE prior)"
                   " FROM (SELECT bool_or(");
    view_since(v, &sql, t->period.since);
    buf_text(&sql, ") AS now, bool_or(NOT ");
    view_since(v, &sql, t->period.since);
    buf_text(&sql, ") AS prior");
    view_rows(v, r, &sql, v->versions_where,
              (struct period){ t->previous.since, t->period.until });
    buf_printf(&sql, " GROUP BY %s) AS x", v->version_id);
    rc = view_ask(pg, &sql, view_values(r, values), values, &found, err);
    if (rc == ST_OK) {
        t->n_versions = pg_int(found, 0, 0);
        t->n_versions_before = pg_int(found, 0, 1);
    }
    pg_free(found);
    buf_release(&sql);
    return rc;
}

enum st
table_series(struct report *r, struct table *t, const struct view *v, struct pg *pg,
             struct err *err)
{
    size_t n = t->n_before + t->n_steps;
    enum st rc;

    t->has_rows = report_alloc(r, n, sizeof *t->has_rows);
    for (size_t m = 0; m < t->n_measures; m++)
        t->series[m] = report_alloc(r, n, sizeof *t->series[m]);
    if (r->failed)
        return err_memory(err, REPORT_WHAT);
    if ((rc = read_series(r, t, v, pg, err)) != ST_OK ||
        (rc = table_states(r, t, err)) != ST_OK)
        return rc;
    for (size_t step = 0; step < n; step++)
        for (size_t m = 0; m < t->n_measures; m++)
            if (!state_has_figure(t->states[step], t->has_rows[step]))
                t->series[m][step] = NO_FIGURE;
    return count_versions(r, t, v, pg, err);
}
