/*
 * The document (docs/REPORT.md), all but its tables, which json_table.c writes. Strings come from
 * logs and databases: what would act on a terminal is escaped as it is written, what would act in a
 * page at the end, in all of it at once.
 */
#include "ingest/base.h"

#include "json_priv.h"

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
        json_put_name(b, columns[i].name);
        if (columns[i].kind == NUMBER && text.p != NULL)
            buf_add_slice(b, text);
        else
            json_put_text(b, text);
    }
}

static void
put_gaps(struct buf *b, const struct standing_days *d, struct period period)
{
    bool any = false;

    json_put_name(b, "gaps");
    buf_text(b, "[");
    for (size_t i = 0; i < d->n_gaps; i++) {
        const struct gap *gap = &d->gaps[i];
        const char *comma = "";

        if (gap->last < period.since || gap->first >= period.until)
            continue;
        buf_text(b, any ? ",{" : "{");
        any = true;
        json_put_day(b, "first_day", gap->first);
        json_put_day(b, "last_day", gap->last);
        json_put_name(b, "hours");
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
    json_put_day(b, "first_day", d->n > 0 ? d->days[0].day : DAY_NONE);
    json_put_day(b, "last_day", d->n > 0 ? d->days[d->n - 1].day : DAY_NONE);
    json_put_name(b, "states");
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
        json_put_text(b, pg_text(waits, i, 0));
        buf_printf(b, ":%" PRId64, pg_int(waits, i, 1));
    }
    buf_text(b, any ? "}" : "");
}

static void
put_coverage(struct buf *b, const struct report *r)
{
    const struct standing *s = &r->standing;

    json_put_name(b, "coverage");
    buf_text(b, "{");
    if (!r->has_ledger) {
        json_put_member(b, "unknown", r->unknown);
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

    json_put_name(b, "runs");
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
    json_put_name(b, "rules");
    buf_text(b, "[");
    for (size_t i = 0; i < r->n_rules; i++) {
        const struct rule_use *u = &r->rules[i];

        buf_text(b, i > 0 ? ",{" : "{");
        json_put_member(b, "dataset", u->dataset.p);
        json_put_member(b, "rules_id", u->rules_id.p);
        json_put_number(b, "payloads", u->payloads);
        json_put_member(b, "first_day", u->first.p);
        json_put_member(b, "last_day", u->last.p);
        buf_text(b, "}");
    }
    buf_text(b, "]");
}

static void
put_made(struct buf *b, const struct report *r)
{
    json_put_name(b, "made");
    buf_text(b, "{");
    json_put_member(b, "at", r->at);
    json_put_member(b, "by", "ingest " INGEST_VERSION);
    json_put_name(b, "database");
    json_put_text(b, r->database);
    json_put_member(b, "server", r->version);
    json_put_name(b, "name");
    json_put_text(b, r->pattern);
    json_put_number(b, "top", (int64_t)r->top);
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
    json_put_period(&b, "period", r->period);
    json_put_period(&b, "previous", r->previous);
    json_put_name(&b, "tables");
    buf_text(&b, "[");
    for (size_t i = 0; i < r->n_tables; i++) {
        buf_text(&b, i > 0 ? "," : "");
        json_put_table(&b, &r->tables[i]);
    }
    buf_text(&b, "]");
    put_coverage(&b, r);
    if (r->standing.runs != NULL)
        put_runs(&b, r->standing.runs);
    if (r->has_ledger)
        put_rules(&b, r);
    json_put_name(&b, "notes");
    buf_text(&b, "[");
    for (size_t i = 0; i < r->n_notes; i++) {
        buf_text(&b, i > 0 ? "," : "");
        json_put_text(&b, r->notes[i]);
    }
    buf_text(&b, "]}\n");
    if (b.p != NULL)
        add_for_pages(out, &b);
    else
        out->failed = true;
    buf_release(&b);
}
