/*
 * The report for a terminal or a mail: of each table its totals (text_totals.c), a bar for each
 * stretch of time, and lists (text_lists.c); then coverage and what ran. Only as wide as it may be.
 */
#include "ingest/base.h"

#include "text_priv.h"

#define NARROWEST 40 /* columns: less than that nothing fits */

static void
put_days(const struct cells *c, struct period p)
{
    char since[11], last[11];

    clock_format_day(p.since, since);
    clock_format_day(p.until - 1, last);
    buf_printf(c->out, "%s%s%s", since, p.until - p.since > 1 ? " to " : "",
               p.until - p.since > 1 ? last : "");
}

/* ---- the course of time ---- */

/* Steps that one bar stands for. */
struct stretch {
    size_t  from, to;
    int64_t sum;     /* NO_FIGURE: none is known */
    size_t  n_known;
};

enum { BY_STEP, BY_WEEK, BY_MONTH, BY_YEAR };

/* So that a screen or two hold it. */
static int
stretch_for(const struct table *t)
{
    int32_t days = t->period.until - t->period.since;

    if (days > 1100)
        return BY_YEAR;
    return t->monthly || days <= 31 ? BY_STEP : days <= 217 ? BY_WEEK : BY_MONTH;
}

/* Of a step the month or the year that it is in: their first day. */
static int32_t
unit_of(const struct table *t, size_t step, int by)
{
    int32_t day = day_of_step(t, (int64_t)(t->n_before + step));
    int year, month, dom;

    if (by == BY_MONTH)
        return clock_month(day);
    clock_civil(day, &year, &month, &dom);
    return clock_day(year, 1, 1, &day) ? day : 0;
}

static size_t
end_of_stretch(const struct table *t, size_t from, int by)
{
    size_t n = t->n_steps;

    if (by == BY_STEP)
        return from + 1;
    if (by == BY_WEEK)
        return from + 7 < n ? from + 7 : n;
    for (size_t i = from + 1; i < n; i++)
        if (unit_of(t, i, by) != unit_of(t, from, by))
            return i;
    return n;
}

static struct stretch
stretch_of(const struct table *t, size_t from, int by)
{
    const int64_t *series = t->series[0] + t->n_before;
    struct stretch s = { .from = from, .to = end_of_stretch(t, from, by), .sum = NO_FIGURE };

    for (size_t i = from; i < s.to; i++)
        if (series[i] != NO_FIGURE) {
            s.sum = s.sum == NO_FIGURE ? series[i] : s.sum + series[i];
            s.n_known++;
        }
    return s;
}

static const char *
why_none(char state)
{
    switch (state) {
    case STATE_GAP:
        return "not covered";
    case STATE_BEFORE:
        return "before the first";
    case STATE_AFTER:
        return "nothing has come yet";
    case STATE_FUTURE:
        return "not begun";
    }
    return "not known";
}

/* "3 of 7 days", "open", "part of it is not covered"; "" for what is settled. */
static void
remark(const struct table *t, const struct stretch *s, char out[64])
{
    const char *states = t->states + t->n_before;
    size_t n = s->to - s->from;
    bool open = false, part = false;

    for (size_t i = s->from; i < s->to; i++) {
        open |= states[i] == STATE_OPEN;
        part |= states[i] == STATE_PART;
    }
    out[0] = '\0';
    if (s->sum == NO_FIGURE)
        snprintf(out, 64, "%s", why_none(states[s->to - 1]));
    else if (s->n_known < n)
        snprintf(out, 64, "%zu of %zu %s", s->n_known, n, t->monthly ? "months" : "days");
    else if (open || part)
        snprintf(out, 64, "%s", open ? "open" : "not all covered");
}

static void
put_course(const struct cells *c, const struct table *t)
{
    int by = stretch_for(t);
    size_t label = by == BY_YEAR ? 4 : t->monthly || by == BY_MONTH ? 7 : 10, bar;
    bool with_remarks = c->style->columns >= 60;
    int64_t most = 0;
    char day[11], number[32], why[64] = "";

    for (size_t i = 0; i < t->n_steps;) {
        struct stretch s = stretch_of(t, i, by);

        most = s.sum > most ? s.sum : most;
        i = s.to;
    }
    bar = c->style->columns - 2 - label - 2 - 8 - (with_remarks ? 22 : 0);
    buf_text(c->out, "\n");
    for (size_t i = 0; i < t->n_steps;) {
        struct stretch s = stretch_of(t, i, by);

        clock_format_day(day_of_step(t, (int64_t)(t->n_before + i)), day);
        buf_printf(c->out, "  %.*s  ", (int)label, day);
        cells_bar(c, s.sum == NO_FIGURE ? 0 : s.sum, most, bar);
        cells_right(c, s.sum == NO_FIGURE ? "-" : short_number(s.sum, number), 8);
        if (with_remarks)
            remark(t, &s, why);
        buf_printf(c->out, "%s%s\n", why[0] == '\0' ? "" : "  ", why);
        i = s.to;
    }
}

/* ---- a table ---- */

/* "public.stats (crates), 2024-01-29 to 2024-03-02"; false: there is no more to say of it. */
static bool
put_heading(const struct cells *c, const struct table *t)
{
    bool has_any = t->totals[0] != 0 || t->lists[0].n > 0;
    struct buf line = { 0 };
    struct cells words = *c;

    words.out = &line;
    cells_free_text(&words, slice_of(t->shown));
    if (t->ecosystem[0] != '\0') {
        buf_text(&line, " (");
        cells_free_text(&words, slice_of(t->ecosystem));
        buf_text(&line, ")");
    }
    buf_text(&line, ", ");
    put_days(&words, t->period);
    if (!has_any) {
        buf_text(&line, ": nothing; its rows are of ");
        put_days(&words, (struct period){ t->first, t->last + 1 });
    }
    buf_text(c->out, "\n");
    text_wrapped(c, &line, 2);
    buf_release(&line);
    return has_any;
}

static void
put_table(const struct cells *c, const struct table *t)
{
    if (t->first == DAY_NONE || !put_heading(c, t))
        return;
    text_totals(c, t);
    text_happened(c, t);
    put_course(c, t);
    for (size_t i = 0; i < t->n_lists; i++)
        text_list(c, t, &t->lists[i]);
    text_boards(c, t->boards);
}

/* Those that hold nothing are named, and no more. */
static void
put_empty(const struct cells *c, const struct report *r)
{
    struct buf line = { 0 };
    struct cells words = *c;
    size_t n = 0;

    words.out = &line;
    for (size_t i = 0; i < r->n_tables; i++) {
        if (r->tables[i].first != DAY_NONE)
            continue;
        buf_text(&line, n++ == 0 ? "nothing is in " : ", ");
        cells_free_text(&words, slice_of(r->tables[i].shown));
    }
    if (n > 0) {
        buf_text(c->out, "\n");
        text_wrapped(c, &line, 2);
    }
    buf_release(&line);
}

/* ---- coverage and what ran ---- */

#define GAPS_SHOWN 5

static void
put_gap(const struct cells *words, const struct gap *gap)
{
    char hours[HOURS_TEXT];

    buf_text(words->out, "missing ");
    put_days(words, (struct period){ gap->first, gap->last + 1 });
    if (gap->hours == HOURS_ALL)
        return;
    coverage_hours(gap->hours, hours);
    buf_printf(words->out, " hours %s", hours);
}

/* The newest gaps, each on a line. */
static void
put_gaps(const struct cells *c, const struct cells *words, const struct report *r,
         const struct standing_days *d)
{
    size_t n = 0;

    for (size_t i = d->n_gaps; i > 0; i--) {
        const struct gap *gap = &d->gaps[i - 1];

        if (gap->last < r->period.since || gap->first >= r->period.until || n++ >= GAPS_SHOWN)
            continue;
        put_gap(words, gap);
        text_wrapped(c, words->out, 6);
    }
    if (n > GAPS_SHOWN)
        buf_printf(c->out, "    and %zu more\n", n - GAPS_SHOWN);
}

static void
put_source(const struct cells *c, const struct cells *words, const struct report *r, size_t row)
{
    const struct standing_days *d = &r->standing.days[row];
    struct slice source = pg_text(r->standing.sources, row, STANDING_SOURCE);
    size_t n = (size_t)(r->period.until - r->period.since), covered = 0;
    char *states = malloc(n);

    if (states == NULL) {
        c->out->failed = true;
        return;
    }
    states_of_source(r, d, r->period, states);
    for (size_t i = 0; i < n; i++)
        covered += state_has_figure(states[i], false);
    free(states);
    cells_free_text(words, pg_text(r->standing.sources, row, STANDING_DATASET));
    if (source.p != NULL) {
        buf_text(words->out, ", source ");
        cells_free_text(words, source);
    }
    buf_printf(words->out, ": %zu of %zu days", covered, n);
    text_wrapped(c, words->out, 4);
    put_gaps(c, words, r, d);
}

static void
put_run(const struct cells *c, const struct pg_result *runs, size_t i)
{
    buf_text(c->out, pg_text(runs, i, 0).p);
    if (!pg_is_null(runs, i, 2)) {
        buf_text(c->out, " on ");
        cells_free_text(c, pg_text(runs, i, 2));
    }
    if (!pg_is_null(runs, i, 4)) {
        buf_text(c->out, ", source ");
        cells_free_text(c, pg_text(runs, i, 4));
    }
    buf_printf(c->out, ": exit status %s; files %s read, %s known, %s refused",
               pg_text(runs, i, 5).p, pg_text(runs, i, 6).p, pg_text(runs, i, 7).p,
               pg_text(runs, i, 11).p);
    if (!pg_is_null(runs, i, 15)) {
        buf_text(c->out, "; ");
        cells_free_text(c, pg_text(runs, i, 15));
    }
}

static void
put_end(const struct cells *c, const struct report *r)
{
    const struct pg_result *refused = r->standing.refused, *runs = r->standing.runs;
    struct buf line = { 0 };
    struct cells words = *c;

    words.out = &line;
    if (r->has_ledger && pg_rows(r->standing.sources) > 0) {
        buf_text(c->out, "\ncoverage\n");
        for (size_t i = 0; i < pg_rows(r->standing.sources); i++)
            if (source_is_asked_for(r, i))
                put_source(c, &words, r, i);
        if (refused != NULL && pg_int(refused, 0, 0) > 0)
            buf_printf(c->out, "  refused inputs: %s; `ingest status` has more\n", pg_text(refused, 0, 0).p);
    }
    for (size_t i = 0; runs != NULL && i < pg_rows(runs); i++) {
        buf_text(c->out, i == 0 ? "\nlast run\n" : "");
        put_run(&words, runs, i);
        text_wrapped(c, &line, 4);
    }
    for (size_t i = 0; i < r->n_notes; i++) {
        buf_text(c->out, i == 0 ? "\nnote\n" : "");
        cells_free_text(&words, r->notes[i]);
        text_wrapped(c, &line, 4);
    }
    buf_release(&line);
}

void
report_text(struct buf *out, const struct report *r, const struct report_text_style *style)
{
    struct report_text_style fits = *style;
    struct buf line = { 0 };
    struct cells c, words;
    char why[200];

    if (fits.columns < NARROWEST)
        fits.columns = NARROWEST;
    cells_open(&c, out, &fits);
    words = c;
    words.out = &line;
    buf_text(&line, "downloads in ");
    cells_free_text(&words, r->database);
    if (r->pattern.p != NULL) {
        buf_text(&line, ", names like ");
        cells_free_text(&words, r->pattern);
    }
    buf_text(&line, ", ");
    put_days(&words, r->period);
    buf_printf(&line, ", read %s UTC", r->at);
    text_wrapped(&c, &line, 2);
    if (report_is_empty(r, why)) {
        buf_printf(&line, "%s", why);
        buf_text(out, "\n");
        text_wrapped(&c, &line, 2);
    } else {
        for (size_t i = 0; i < r->n_tables; i++)
            put_table(&c, &r->tables[i]);
    }
    put_empty(&c, r);
    put_end(&c, r);
    buf_release(&line);
    cells_close(&c);
}
