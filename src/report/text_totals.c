/*
 * What a table has together, in the text of a report, and what has become of it since the period
 * before.
 */
#include "ingest/base.h"

#include <math.h>

#include "text_priv.h"

/* ---- lines ---- */

void
text_end_line(const struct cells *c)
{
    while (c->out->n > 0 && c->out->p[c->out->n - 1] == ' ')
        c->out->n--;
    buf_text(c->out, "\n");
}

void
text_wrapped(const struct cells *c, struct buf *line, size_t indent)
{
    if (buf_str(line) == NULL)
        c->out->failed = true;
    else
        cells_wrapped(c, (struct slice){ line->p, line->n }, indent);
    buf_reset(line);
}

static void
put_total(const struct cells *c, const char *what, const char *now, const char *before,
          const char *grew)
{
    buf_text(c->out, "  ");
    cells_text(c, slice_of(what), 12);
    cells_right(c, now, 22);
    if (before != NULL && c->style->columns >= 70) {
        cells_right(c, "before", 10);
        cells_right(c, before, 16);
        cells_right(c, grew, 10);
    }
    text_end_line(c);
}

/* ---- what is compared ---- */

bool
text_has_before(const struct table *t)
{
    return t->totals_before[0] != 0;
}

struct basis
text_basis(const struct table *t)
{
    struct basis b = { 0, 0 };

    for (size_t step = 0; step < t->n_before + t->n_steps; step++)
        if (t->series[0][step] != NO_FIGURE)
            *(step < t->n_before ? &b.before : &b.now) += 1;
    return b;
}

static bool
is_even(struct basis b)
{
    return b.now == b.before || b.now == 0 || b.before == 0;
}

const char *
text_change(struct basis basis, int64_t now, int64_t before, char out[32])
{
    double was = (double)before, percent;

    out[0] = '\0';
    if (before <= 0)
        return out;
    if (!is_even(basis))
        was *= (double)basis.now / (double)basis.before;
    percent = ((double)now - was) / was * 100;
    snprintf(out, 32, percent > -10 && percent < 10 ? "%+.1f %%" : "%+.0f %%", percent);
    return out;
}

/* ---- figures ---- */

static const char *
figure(const char *measure, int64_t v, char out[32])
{
    return strcmp(measure, "bytes") == 0 ? short_bytes(v, out) : grouped(v, out);
}

static void
put_count(const struct cells *c, const struct table *t, const char *what, int64_t now,
          int64_t before)
{
    struct basis basis = text_basis(t);
    char a[32], b[32], grew[32];

    put_total(c, what, figure(what, now, a), text_has_before(t) ? figure(what, before, b) : NULL,
              is_even(basis) ? text_change(basis, now, before, grew) : "");
}

static int64_t
mean(int64_t total, size_t n)
{
    int64_t count = (int64_t)n, rest;

    if (n == 0)
        return 0;
    rest = total % count;
    return total / count + (2 * rest >= count) - (2 * rest <= -count);
}

/* Of the days, or months, that have a figure: what can be compared, however many these are. */
static void
put_mean(const struct cells *c, const struct table *t)
{
    struct basis basis = text_basis(t);
    char a[32], b[32], grew[32];

    if (basis.now == 0)
        return;
    put_total(c, t->monthly ? "a month" : "a day", grouped(mean(t->totals[0], basis.now), a),
              text_has_before(t) ? grouped(mean(t->totals_before[0], basis.before), b) : NULL,
              text_change(basis, t->totals[0], t->totals_before[0], grew));
}

static void
put_basis(const struct cells *c, const struct table *t)
{
    struct basis basis = text_basis(t);
    const char *step = t->monthly ? "month" : "day";
    struct buf line = { 0 };

    if (!text_has_before(t) || is_even(basis))
        return;
    buf_printf(&line, "%zu of %zu %ss have a figure, %zu of the %zu before: changes are by %s",
               basis.now, t->n_steps, step, basis.before, t->n_before, step);
    text_wrapped(c, &line, 4);
    buf_release(&line);
}

/* Two estimates that are no further apart than their errors say nothing of a change. */
static bool
tells_a_change(const struct clients *now, const struct clients *before)
{
    double apart = (double)now->estimate - (double)before->estimate;

    return fabs(apart) >= 2 * hypot((double)now->error, (double)before->error);
}

const char *
text_at_most(const struct cells *c, const struct clients *clients)
{
    return !clients->known || !clients->upper_bound ? "" : c->style->utf8 ? "≤ " : "<= ";
}

static void
put_clients(const struct cells *c, const struct table *t)
{
    const char *between = c->style->utf8 ? "±" : "+-";
    const struct clients *now = &t->clients, *before = &t->clients_before;
    struct basis basis = text_basis(t);
    char a[32], b[32], both[80], grew[32];

    if (!t->keeps_clients)
        return;
    if (!now->known) {
        struct buf line = { 0 };

        buf_printf(&line, "clients     not known: %s", t->why);
        text_wrapped(c, &line, 4);
        buf_release(&line);
        return;
    }
    snprintf(both, sizeof both, "%s%s", text_at_most(c, now), grouped(now->estimate, a));
    if (now->error > 0)
        snprintf(both, sizeof both, "%s%s %s %s", text_at_most(c, now), a, between,
                 grouped(now->error, b));
    put_total(c, "clients", both,
              text_has_before(t) && before->known ? grouped(before->estimate, b) : NULL,
              is_even(basis) && tells_a_change(now, before)
                  ? text_change(basis, now->estimate, before->estimate, grew)
                  : "");
    if (now->upper_bound)
        buf_text(c->out, "    clients: an upper bound, those of what was retracted are in it\n");
}

static void
put_line_at(const struct cells *c, struct buf *line, int32_t day, struct slice text)
{
    struct cells words = *c;
    char at[11];

    words.out = line;
    clock_format_day(day, at);
    buf_printf(line, "%s  ", at);
    cells_free_text(&words, text);
    text_wrapped(c, line, 14);
}

/* What happened to the numbers, a line each. */
void
text_happened(const struct cells *c, const struct table *t)
{
    struct buf line = { 0 };

    if (t->n_happened + t->n_keys > 0)
        buf_text(c->out, "\n");
    for (size_t i = 0; i < t->n_happened; i++)
        put_line_at(c, &line, t->happened[i].day, t->happened[i].text);
    for (size_t i = 0; i < t->n_keys; i++)
        put_line_at(c, &line, t->keys[i],
                    SLICE("another client key: clients of days on both sides are not added up"));
    buf_release(&line);
}

void
text_totals(const struct cells *c, const struct table *t)
{
    static const char *const counts[] = { "networks", "stations", "countries" };

    for (size_t m = 0; m < t->n_measures; m++) {
        put_count(c, t, t->measures[m], t->totals[m], t->totals_before[m]);
        if (m == 0)
            put_mean(c, t);
    }
    if (!t->monthly)
        put_count(c, t, t->keeps_clients ? "names" : "emotes", t->lists[0].total,
                  t->lists[0].total_before);
    for (size_t i = 0; t->monthly && i < ARRAY_LEN(counts); i++)
        put_count(c, t, counts[i], list_named(&t->lists[i], false), list_named(&t->lists[i], true));
    if (t->n_versions >= 0)
        put_count(c, t, "versions", t->n_versions, t->n_versions_before);
    put_clients(c, t);
    put_basis(c, t);
}
