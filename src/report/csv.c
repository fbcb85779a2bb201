/*
 * Every figure on a line of its own (RFC 4180, but for lines that end in LF): table, of what, which
 * one, its detail, day, measure, value, state. A spreadsheet takes what begins with = + - @ for a
 * formula, and names come from strangers: such a text gets an apostrophe before it. Where decimals
 * have a comma, spreadsheets may split at semicolons, and see no quotes before them: none is left.
 */
#include "ingest/base.h"

#include "report_priv.h"

/* ---- a line ---- */

/* Also as full-width letters, which some take for the same: U+FF0B, U+FF0D, U+FF1D, U+FF20. */
static bool
begins_a_formula(struct slice s)
{
    static const char *const wide[] = { "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\x9d", "\xef\xbc\xa0" };

    for (size_t i = 0; i < ARRAY_LEN(wide); i++)
        if (s.n >= 3 && memcmp(s.p, wide[i], 3) == 0)
            return true;
    return s.n > 0 && s.p[0] != '\0' && strchr("=+-@\t\r", s.p[0]) != NULL;
}

static void
put_text(struct buf *b, struct slice s)
{
    buf_text(b, begins_a_formula(s) ? "\"'" : "\"");
    for (size_t i = 0; i < s.n;) {
        uint32_t c;
        size_t len = slice_character((struct slice){ s.p + i, s.n - i }, &c);

        if (len == 0 || !character_is_harmless(c) || c == ';')
            for (size_t k = 0; k < (len == 0 ? 1 : len); k++)
                buf_printf(b, "\\x%02x", (unsigned char)s.p[i + k]);
        else if (c == '"')
            buf_text(b, "\"\"");
        else
            buf_add(b, s.p + i, len);
        i += len == 0 ? 1 : len;
    }
    buf_text(b, "\"");
}

struct line {
    const struct table *t;
    const char *of;
    struct slice which, detail;
    int32_t day; /* DAY_NONE: of all of the period */
    char state;  /* '\0': none */
    const char *are; /* what a number of clients is, in place of it; NULL */
};

static void
put_line(struct buf *b, const struct line *l, const char *measure, int64_t v)
{
    char day[11] = "";

    put_text(b, slice_of(l->t->shown));
    buf_printf(b, ",%s,", l->of);
    if (l->which.p != NULL)
        put_text(b, l->which);
    buf_text(b, ",");
    if (l->detail.p != NULL)
        put_text(b, l->detail);
    if (l->day != DAY_NONE)
        clock_format_day(l->day, day);
    buf_printf(b, ",%s,%s,", day, measure);
    if (v != NO_FIGURE)
        buf_printf(b, "%" PRId64, v);
    buf_printf(b, ",%s\n",
               l->are != NULL ? l->are : l->state == '\0' ? "" : state_word(l->state));
}

/* ---- a table ---- */

static void
put_clients(struct buf *b, const struct line *of, const struct clients *c)
{
    struct line l = *of;

    l.are = c->two_keys || c->upper_bound ? clients_are(c) : NULL;
    if (c->two_keys)
        put_line(b, &l, "clients", NO_FIGURE);
    if (!c->known)
        return;
    put_line(b, &l, "clients", c->estimate);
    put_line(b, of, "clients_error", c->error);
}

static void
put_happened(struct buf *b, const struct table *t)
{
    struct line l = { .t = t, .of = "annotation" };

    for (size_t i = 0; i < t->n_happened; i++) {
        l.which = t->happened[i].text;
        l.day = t->happened[i].day;
        put_line(b, &l, "", NO_FIGURE);
    }
    l.which = slice_of("another client key");
    for (size_t i = 0; i < t->n_keys; i++) {
        l.day = t->keys[i];
        put_line(b, &l, "", NO_FIGURE);
    }
}

static void
put_totals(struct buf *b, const struct table *t)
{
    struct line l = { .t = t, .of = "total", .day = DAY_NONE };

    for (int before = 0; before < 2; before++) {
        for (size_t m = 0; m < t->n_measures; m++)
            put_line(b, &l, t->measures[m], before ? t->totals_before[m] : t->totals[m]);
        put_clients(b, &l, before ? &t->clients_before : &t->clients);
        l.of = "before";
    }
    for (size_t i = 0; i < t->n_months; i++) {
        l = (struct line){ .t = t, .of = "month", .day = t->months[i].month };
        put_clients(b, &l, &t->months[i].clients);
    }
}

static void
put_series(struct buf *b, const struct line *of, const int64_t *series, const char *measure)
{
    const struct table *t = of->t;
    struct line l = *of;

    for (size_t i = 0; i < t->n_steps; i++) {
        l.day = day_of_step(t, (int64_t)(t->n_before + i));
        l.state = t->states[t->n_before + i];
        put_line(b, &l, measure, series[i]);
    }
}

static void
put_entry(struct buf *b, const struct table *t, const struct list *list, const struct entry *e)
{
    struct line l = { .t = t, .of = list->of, .which = e->keys[0], .detail = e->keys[1],
                      .day = DAY_NONE };

    for (size_t m = 0; m < t->n_measures; m++)
        put_line(b, &l, t->measures[m], e->sums[m]);
    put_line(b, &l, "before", e->before);
    put_clients(b, &l, &e->clients);
    if (e->series != NULL)
        put_series(b, &l, e->series, t->measures[0]);
    for (size_t i = 0; i < e->n_versions; i++) {
        l = (struct line){ .t = t, .of = "version", .which = e->keys[0],
                           .detail = e->versions[i].version, .day = DAY_NONE };
        for (size_t m = 0; m < t->n_measures; m++)
            put_line(b, &l, t->measures[m], e->versions[i].sums[m]);
    }
}

static void
put_boards(struct buf *b, const struct table *t)
{
    struct line l = { .t = t, .of = "board", .day = DAY_NONE };

    for (size_t list = 0; t->boards != NULL && list < BOARD_LISTS; list++)
        for (size_t i = 0; i < t->boards->n[list]; i++) {
            l.which = slice_of(t->boards->lists[list][i].id);
            put_line(b, &l, board_names[list], t->boards->lists[list][i].score);
        }
}

void
report_csv(struct buf *out, const struct report *r)
{
    buf_text(out, "table,of,which,detail,day,measure,value,state\n");
    for (size_t i = 0; i < r->n_tables; i++) {
        const struct table *t = &r->tables[i];
        struct line l = { .t = t, .of = "all", .day = DAY_NONE };

        put_totals(out, t);
        put_happened(out, t);
        for (size_t m = 0; m < t->n_measures; m++)
            put_series(out, &l, t->series[m] + t->n_before, t->measures[m]);
        for (size_t k = 0; k < t->n_lists; k++)
            for (size_t e = 0; e < t->lists[k].n; e++)
                put_entry(out, t, &t->lists[k], &t->lists[k].entries[e]);
        put_boards(out, t);
    }
}
