/*
 * The document (docs/REPORT.md). Strings come from logs and databases: what would act on a terminal
 * is escaped as it is written, what would act in a page at the end, in all of it at once.
 */
#include "ingest/base.h"

#include "report_priv.h"

/* ---- values ---- */

static void
put_text(struct buf *b, struct slice s)
{
    if (s.p == NULL)
        buf_text(b, "null");
    else
        buf_json_shown(b, s);
}

/* ,"NAME": */
static void
put_name(struct buf *b, const char *name)
{
    buf_printf(b, "%s\"%s\":", b->n > 0 && strchr("{[", b->p[b->n - 1]) == NULL ? "," : "", name);
}

static void
put_member(struct buf *b, const char *name, const char *text)
{
    put_name(b, name);
    buf_json_shown(b, slice_of(text));
}

static void
put_number(struct buf *b, const char *name, int64_t v)
{
    put_name(b, name);
    buf_printf(b, "%" PRId64, v);
}

static void
put_figure(struct buf *b, int64_t v)
{
    if (v == NO_FIGURE)
        buf_text(b, "null");
    else
        buf_printf(b, "%" PRId64, v);
}

static void
put_day(struct buf *b, const char *name, int32_t day)
{
    char text[11];

    put_name(b, name);
    if (day == DAY_NONE) {
        buf_text(b, "null");
        return;
    }
    clock_format_day(day, text);
    buf_printf(b, "\"%s\"", text);
}

static void
put_period(struct buf *b, const char *name, struct period p)
{
    put_name(b, name);
    buf_text(b, "{");
    put_day(b, "since", p.since);
    put_day(b, "until", p.until);
    buf_text(b, "}");
}

/* ---- a table ---- */

static void
put_totals(struct buf *b, const char *name, const struct table *t, bool before)
{
    static const char *const counts[] = { "networks", "stations", "countries" };

    put_name(b, name);
    buf_text(b, "{");
    for (size_t m = 0; m < t->n_measures; m++)
        put_number(b, t->measures[m], before ? t->totals_before[m] : t->totals[m]);
    if (!t->monthly)
        put_number(b, t->keeps_clients ? "names" : "emotes",
                   before ? t->lists[0].total_before : t->lists[0].total);
    for (size_t i = 0; t->monthly && i < ARRAY_LEN(counts); i++)
        put_number(b, counts[i], list_named(&t->lists[i], before));
    if (t->n_versions >= 0)
        put_number(b, "versions", before ? t->n_versions_before : t->n_versions);
    buf_text(b, "}");
}

static void
put_estimate(struct buf *b, const struct clients *c)
{
    put_name(b, "estimate");
    put_figure(b, c->known ? c->estimate : NO_FIGURE);
    put_name(b, "error");
    put_figure(b, c->known ? c->error : NO_FIGURE);
    if (clients_are(c) != NULL)
        put_member(b, "are", clients_are(c));
}

static void
put_are(struct buf *b, const struct clients *c)
{
    if (clients_are(c) == NULL)
        buf_text(b, "null");
    else
        buf_printf(b, "\"%s\"", clients_are(c));
}

/* What the months are, where one of them is no plain estimate. */
static void
put_months_are(struct buf *b, const struct table *t)
{
    bool any = false;

    for (size_t i = 0; i < t->n_months; i++)
        any = any || t->months[i].clients.upper_bound || t->months[i].clients.two_keys;
    if (!any)
        return;
    put_name(b, "months_are");
    buf_text(b, "[");
    for (size_t i = 0; i < t->n_months; i++) {
        buf_text(b, i > 0 ? "," : "");
        put_are(b, &t->months[i].clients);
    }
    buf_text(b, "]");
}

/* The same of a list's first entries. */
static void
put_list_are(struct buf *b, const struct list *l)
{
    bool any = false;

    for (size_t i = 0; i < l->n_rich; i++)
        any = any || l->entries[i].clients.upper_bound || l->entries[i].clients.two_keys;
    if (!any || !l->has_clients)
        return;
    put_name(b, "clients_are");
    buf_text(b, "[");
    for (size_t i = 0; i < l->n_rich; i++) {
        buf_text(b, i > 0 ? "," : "");
        put_are(b, &l->entries[i].clients);
    }
    buf_text(b, "]");
}

/* Absent where nothing happened. */
static void
put_happened(struct buf *b, const struct table *t)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        char day[11];

        clock_format_day(t->keys[i], day);
        if (i == 0)
            put_name(b, "keys");
        buf_printf(b, "%s\"%s\"%s", i == 0 ? "[" : ",", day, i + 1 == t->n_keys ? "]" : "");
    }
    for (size_t i = 0; i < t->n_happened; i++) {
        if (i == 0)
            put_name(b, "annotations");
        buf_text(b, i == 0 ? "[{" : ",{");
        put_day(b, "day", t->happened[i].day);
        put_name(b, "text");
        put_text(b, t->happened[i].text);
        buf_text(b, i + 1 == t->n_happened ? "}]" : "}");
    }
}

static void
put_clients(struct buf *b, const struct table *t)
{
    char month[11];

    put_name(b, "clients");
    buf_text(b, "{");
    put_estimate(b, &t->clients);
    put_name(b, "before");
    buf_text(b, "{");
    put_estimate(b, &t->clients_before);
    buf_text(b, "}");
    put_name(b, "months");
    buf_text(b, "[");
    for (size_t i = 0; i < t->n_months; i++) {
        const struct clients *c = &t->months[i].clients;

        clock_format_day(t->months[i].month, month);
        buf_printf(b, "%s[\"%.7s\",", i > 0 ? "," : "", month);
        put_figure(b, c->known ? c->estimate : NO_FIGURE);
        buf_text(b, ",");
        put_figure(b, c->known ? c->error : NO_FIGURE);
        buf_text(b, "]");
    }
    buf_text(b, "]");
    put_months_are(b, t);
    if (t->why != NULL)
        put_member(b, "why", t->why);
    buf_text(b, "}");
}

static void
put_figures(struct buf *b, const char *name, const int64_t *figures, size_t n)
{
    put_name(b, name);
    buf_text(b, "[");
    for (size_t i = 0; i < n; i++) {
        buf_text(b, i > 0 ? "," : "");
        put_figure(b, figures[i]);
    }
    buf_text(b, "]");
}

static void
put_series(struct buf *b, const struct table *t)
{
    put_name(b, "series");
    buf_printf(b, "{\"state\":\"%.*s\"", (int)t->n_steps, t->states + t->n_before);
    for (size_t m = 0; m < t->n_measures; m++)
        put_figures(b, t->measures[m], t->series[m] + t->n_before, t->n_steps);
    put_figures(b, "before", t->series[0], t->n_before);
    buf_text(b, "}");
}

/* ---- lists: columns ---- */

static void
put_spark(struct buf *b, const struct entry *e, size_t n)
{
    buf_text(b, "\"");
    for (size_t i = 0; i < n; i++) {
        buf_text(b, i > 0 ? "," : "");
        if (e->series[i] != NO_FIGURE)
            buf_printf(b, "%" PRId64, e->series[i]);
    }
    buf_text(b, "\"");
}

static void
put_versions(struct buf *b, const struct table *t, const struct entry *e)
{
    const struct version *v = e->versions;

    buf_text(b, "{\"version\":[");
    for (size_t i = 0; i < e->n_versions; i++) {
        buf_text(b, i > 0 ? "," : "");
        put_text(b, v[i].version);
    }
    buf_text(b, "]");
    for (size_t m = 0; m < (t->has_bytes ? 2 : 1); m++) {
        put_name(b, m == 0 ? "downloads" : "bytes");
        for (size_t i = 0; i < e->n_versions; i++)
            buf_printf(b, "%c%" PRId64, i > 0 ? ',' : '[', v[i].sums[m]);
        buf_text(b, e->n_versions == 0 ? "[]" : "]");
    }
    if (e->n_versions > 0 && v[0].auth.p != NULL) {
        put_name(b, "auth");
        for (size_t i = 0; i < e->n_versions; i++) {
            buf_text(b, i > 0 ? "," : "[");
            put_text(b, v[i].auth);
        }
        buf_text(b, "]");
    }
    if (e->n_more > 0)
        buf_printf(b, ",\"others\":{\"n\":%" PRId64 ",\"downloads\":%" PRId64 "}", e->n_more, e->more);
    buf_text(b, "}");
}

static void
put_columns(struct buf *b, const struct table *t, const struct list *l)
{
    for (size_t k = 0; k < l->n_keys; k++) {
        put_name(b, l->keys[k]);
        buf_text(b, "[");
        for (size_t i = 0; i < l->n; i++) {
            buf_text(b, i > 0 ? "," : "");
            put_text(b, l->entries[i].keys[k]);
        }
        buf_text(b, "]");
    }
    for (size_t m = 0; m <= t->n_measures; m++) {
        put_name(b, m < t->n_measures ? t->measures[m] : "before");
        buf_text(b, "[");
        for (size_t i = 0; i < l->n; i++)
            buf_printf(b, "%s%" PRId64, i > 0 ? "," : "",
                       m < t->n_measures ? l->entries[i].sums[m] : l->entries[i].before);
        buf_text(b, "]");
    }
}

static void
put_rich(struct buf *b, const struct table *t, const struct list *l)
{
    static const char *const names[] = { "series", "clients", "versions" };
    const bool has[] = { l->has_series, l->has_clients, l->has_versions };

    for (size_t column = 0; column < ARRAY_LEN(names); column++) {
        if (!has[column])
            continue;
        put_name(b, names[column]);
        buf_text(b, "[");
        for (size_t i = 0; i < l->n_rich; i++) {
            const struct entry *e = &l->entries[i];

            buf_text(b, i > 0 ? "," : "");
            if (column == 0)
                put_spark(b, e, t->n_steps);
            else if (column == 2)
                put_versions(b, t, e);
            else if (e->clients.known)
                buf_printf(b, "[%" PRId64 ",%" PRId64 "]", e->clients.estimate, e->clients.error);
            else
                buf_text(b, "null");
        }
        buf_text(b, "]");
    }
}

static void
put_list(struct buf *b, const struct table *t, const struct list *l)
{
    buf_printf(b, "{\"of\":\"%s\",\"keys\":[\"%s\"", l->of, l->keys[0]);
    if (l->n_keys > 1)
        buf_printf(b, ",\"%s\"", l->keys[1]);
    buf_text(b, "]");
    put_columns(b, t, l);
    put_rich(b, t, l);
    put_list_are(b, l);
    put_number(b, "total", l->total);
    if ((size_t)l->total > l->n) {
        put_name(b, "others");
        buf_text(b, "{");
        for (size_t m = 0; m < t->n_measures; m++)
            put_number(b, t->measures[m], l->others[m]);
        buf_text(b, "}");
    }
    buf_text(b, "}");
}

static void
put_boards(struct buf *b, const struct boards *boards)
{
    put_name(b, "boards");
    buf_printf(b, "{\"updated_at\":\"%s\",\"lists\":{", boards->updated_at);
    for (size_t list = 0; list < BOARD_LISTS; list++) {
        put_name(b, board_names[list]);
        buf_text(b, "[");
        for (size_t i = 0; i < boards->n[list]; i++)
            buf_printf(b, "%s[\"%s\",%" PRId32 "]", i > 0 ? "," : "", boards->lists[list][i].id,
                       boards->lists[list][i].score);
        buf_text(b, "]");
    }
    buf_text(b, "}}");
}

static void
put_table(struct buf *b, const struct table *t)
{
    buf_text(b, "{");
    put_member(b, "table", t->shown);
    put_member(b, "dataset", t->target.dataset->name);
    if (t->ecosystem[0] != '\0')
        put_member(b, "ecosystem", t->ecosystem);
    put_member(b, "step", t->monthly ? "month" : "day");
    put_day(b, "first_day", t->first);
    put_day(b, "last_day", t->last);
    put_period(b, "period", t->period);
    put_period(b, "previous", t->previous);
    put_name(b, "measures");
    for (size_t m = 0; m < t->n_measures; m++)
        buf_printf(b, "%c\"%s\"", m > 0 ? ',' : '[', t->measures[m]);
    buf_text(b, "]");
    put_totals(b, "totals", t, false);
    put_totals(b, "before", t, true);
    if (t->keeps_clients)
        put_clients(b, t);
    put_happened(b, t);
    put_series(b, t);
    put_name(b, "lists");
    buf_text(b, "[");
    for (size_t i = 0; i < t->n_lists; i++) {
        buf_text(b, i > 0 ? "," : "");
        put_list(b, t, &t->lists[i]);
    }
    buf_text(b, "]");
    if (t->boards != NULL)
        put_boards(b, t->boards);
    buf_text(b, "}");
}

/* ---- coverage, runs, rules ---- */

enum kind { TEXT, NUMBER, SKIP };

struct column {
    const char *name;
    enum kind   kind;
};

static void
put_row(struct buf *b, const struct pg_result *r, size_t row, const struct column *columns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct slice text = pg_text(r, row, i);

        if (columns[i].kind == SKIP)
            continue;
        put_name(b, columns[i].name);
        if (columns[i].kind == NUMBER && text.p != NULL)
            buf_add_slice(b, text);
        else
            put_text(b, text);
    }
}

static void
put_gaps(struct buf *b, const struct standing_days *d, struct period period)
{
    bool any = false;

    put_name(b, "gaps");
    buf_text(b, "[");
    for (size_t i = 0; i < d->n_gaps; i++) {
        const struct gap *gap = &d->gaps[i];
        const char *comma = "";

        if (gap->last < period.since || gap->first >= period.until)
            continue;
        buf_text(b, any ? ",{" : "{");
        any = true;
        put_day(b, "first_day", gap->first);
        put_day(b, "last_day", gap->last);
        put_name(b, "hours");
        buf_text(b, "[");
        for (int hour = 0; hour < 24; hour++)
            if ((gap->hours >> hour & 1) != 0) {
                buf_printf(b, "%s%d", comma, hour);
                comma = ",";
            }
        buf_text(b, "]}");
    }
    buf_text(b, "]");
}

static void
put_source(struct buf *b, const struct report *r, size_t row)
{
    static const struct column columns[] = {
        { "dataset", TEXT }, { "source", TEXT }, { "payloads", NUMBER }, { "", SKIP },
        { "partial", NUMBER }, { "", SKIP },     { "", SKIP },           { "", SKIP },
        { "", SKIP },        { "", SKIP },       { "last_counted_at", TEXT },
    };
    const struct standing_days *d = &r->standing.days[row];
    size_t n = (size_t)(r->period.until - r->period.since);

    buf_text(b, "{");
    put_row(b, r->standing.sources, row, columns, ARRAY_LEN(columns));
    put_day(b, "first_day", d->n > 0 ? d->days[0].day : DAY_NONE);
    put_day(b, "last_day", d->n > 0 ? d->days[d->n - 1].day : DAY_NONE);
    put_name(b, "states");
    buf_text(b, "\"");
    if (buf_reserve(b, n)) {
        states_of_source(r, d, r->period, b->p + b->n);
        b->n += n;
    }
    buf_text(b, "\"");
    put_gaps(b, d, r->period);
    buf_text(b, "}");
}

static void
put_waiting(struct buf *b, const struct pg_result *waits)
{
    bool any = false;

    for (size_t i = 0; waits != NULL && i < pg_rows(waits); i++) {
        if (pg_int(waits, i, 1) == 0)
            continue;
        if (!any)
            buf_text(b, ",\"waiting\":{");
        buf_text(b, any ? "," : "");
        any = true;
        put_text(b, pg_text(waits, i, 0));
        buf_printf(b, ":%" PRId64, pg_int(waits, i, 1));
    }
    buf_text(b, any ? "}" : "");
}

static void
put_coverage(struct buf *b, const struct report *r)
{
    const struct standing *s = &r->standing;

    put_name(b, "coverage");
    buf_text(b, "{");
    if (!r->has_ledger) {
        put_member(b, "unknown", r->unknown);
        buf_text(b, "}");
        return;
    }
    buf_text(b, "\"sources\":[");
    for (size_t i = 0; i < pg_rows(s->sources) && !b->failed; i++) {
        if (!source_is_asked_for(r, i))
            continue;
        buf_text(b, b->p[b->n - 1] == '}' ? "," : "");
        put_source(b, r, i);
    }
    buf_text(b, "]");
    if (s->refused != NULL)
        buf_printf(b, ",\"refused\":{\"open\":%" PRId64 ",\"accepted\":%" PRId64 "}",
                   pg_int(s->refused, 0, 0), pg_int(s->refused, 0, 1));
    put_waiting(b, s->unresolved);
    buf_text(b, "}");
}

static void
put_runs(struct buf *b, const struct pg_result *runs)
{
    static const struct column columns[] = {
        { "started_at", TEXT }, { "seconds", NUMBER },  { "host", TEXT },
        { "version", TEXT },    { "source", TEXT },     { "status", NUMBER },
        { "read", NUMBER },     { "known", NUMBER },    { "known_otherwise", NUMBER },
        { "grown", NUMBER },    { "partial", NUMBER },  { "refused", NUMBER },
        { "skipped", NUMBER },  { "lines", NUMBER },    { "counted", NUMBER },
        { "failure", TEXT },
    };

    put_name(b, "runs");
    buf_text(b, "[");
    for (size_t i = 0; i < pg_rows(runs); i++) {
        buf_text(b, i > 0 ? ",{" : "{");
        put_row(b, runs, i, columns, ARRAY_LEN(columns));
        buf_text(b, "}");
    }
    buf_text(b, "]");
}

static void
put_rules(struct buf *b, const struct report *r)
{
    put_name(b, "rules");
    buf_text(b, "[");
    for (size_t i = 0; i < r->n_rules; i++) {
        const struct rule_use *u = &r->rules[i];

        buf_text(b, i > 0 ? ",{" : "{");
        put_member(b, "dataset", u->dataset.p);
        put_member(b, "rules_id", u->rules_id.p);
        put_number(b, "payloads", u->payloads);
        put_member(b, "first_day", u->first.p);
        put_member(b, "last_day", u->last.p);
        buf_text(b, "}");
    }
    buf_text(b, "]");
}

static void
put_made(struct buf *b, const struct report *r)
{
    put_name(b, "made");
    buf_text(b, "{");
    put_member(b, "at", r->at);
    put_member(b, "by", "ingest " INGEST_VERSION);
    put_name(b, "database");
    put_text(b, r->database);
    put_member(b, "server", r->version);
    put_name(b, "name");
    put_text(b, r->pattern);
    put_number(b, "top", (int64_t)r->top);
    buf_text(b, "}");
}

/* Angle brackets and ampersands stand in strings alone: no page, and no reader of one, takes them for its own. */
static void
add_for_pages(struct buf *out, const struct buf *plain)
{
    size_t from = 0;

    for (size_t i = 0; i < plain->n; i++) {
        char c = plain->p[i];

        if (c != '<' && c != '>' && c != '&')
            continue;
        buf_add(out, plain->p + from, i - from);
        buf_printf(out, "\\u%04x", (unsigned)c);
        from = i + 1;
    }
    buf_add(out, plain->p + from, plain->n - from);
    out->failed = out->failed || plain->failed;
}

void
report_json(struct buf *out, const struct report *r)
{
    struct buf b = { 0 };

    buf_text(&b, "{\"report\":1");
    put_made(&b, r);
    put_period(&b, "period", r->period);
    put_period(&b, "previous", r->previous);
    put_name(&b, "tables");
    buf_text(&b, "[");
    for (size_t i = 0; i < r->n_tables; i++) {
        buf_text(&b, i > 0 ? "," : "");
        put_table(&b, &r->tables[i]);
    }
    buf_text(&b, "]");
    put_coverage(&b, r);
    if (r->standing.runs != NULL)
        put_runs(&b, r->standing.runs);
    if (r->has_ledger)
        put_rules(&b, r);
    put_name(&b, "notes");
    buf_text(&b, "[");
    for (size_t i = 0; i < r->n_notes; i++) {
        buf_text(&b, i > 0 ? "," : "");
        put_text(&b, r->notes[i]);
    }
    buf_text(&b, "]}\n");
    if (b.p != NULL)
        add_for_pages(out, &b);
    else
        out->failed = true;
    buf_release(&b);
}
