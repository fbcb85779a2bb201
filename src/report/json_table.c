/*
 * A table of the report as JSON: its totals, its clients, what happened, its series, and its lists,
 * which are columns.
 */
#include "ingest/base.h"

#include "json_priv.h"

static void
put_figure(struct buf *b, int64_t v)
{
    if (v == NO_FIGURE)
        buf_text(b, "null");
    else
        buf_printf(b, "%" PRId64, v);
}

static void
put_totals(struct buf *b, const char *name, const struct table *t, bool before)
{
    static const char *const counts[] = { "networks", "stations", "countries" };

    json_put_name(b, name);
    buf_text(b, "{");
    for (size_t m = 0; m < t->n_measures; m++)
        json_put_number(b, t->measures[m], before ? t->totals_before[m] : t->totals[m]);
    if (!t->monthly)
        json_put_number(b, t->keeps_clients ? "names" : "emotes",
                        before ? t->lists[0].total_before : t->lists[0].total);
    for (size_t i = 0; t->monthly && i < ARRAY_LEN(counts); i++)
        json_put_number(b, counts[i], list_named(&t->lists[i], before));
    if (t->n_versions >= 0)
        json_put_number(b, "versions", before ? t->n_versions_before : t->n_versions);
    buf_text(b, "}");
}

static void
put_estimate(struct buf *b, const struct clients *c)
{
    json_put_name(b, "estimate");
    put_figure(b, c->known ? c->estimate : NO_FIGURE);
    json_put_name(b, "error");
    put_figure(b, c->known ? c->error : NO_FIGURE);
    if (clients_are(c) != NULL)
        json_put_member(b, "are", clients_are(c));
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
    json_put_name(b, "months_are");
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
    json_put_name(b, "clients_are");
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
            json_put_name(b, "keys");
        buf_printf(b, "%s\"%s\"%s", i == 0 ? "[" : ",", day, i + 1 == t->n_keys ? "]" : "");
    }
    for (size_t i = 0; i < t->n_happened; i++) {
        if (i == 0)
            json_put_name(b, "annotations");
        buf_text(b, i == 0 ? "[{" : ",{");
        json_put_day(b, "day", t->happened[i].day);
        json_put_name(b, "text");
        json_put_text(b, t->happened[i].text);
        buf_text(b, i + 1 == t->n_happened ? "}]" : "}");
    }
}

static void
put_clients(struct buf *b, const struct table *t)
{
    char month[11];

    json_put_name(b, "clients");
    buf_text(b, "{");
    put_estimate(b, &t->clients);
    json_put_name(b, "before");
    buf_text(b, "{");
    put_estimate(b, &t->clients_before);
    buf_text(b, "}");
    json_put_name(b, "months");
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
        json_put_member(b, "why", t->why);
    buf_text(b, "}");
}

static void
put_figures(struct buf *b, const char *name, const int64_t *figures, size_t n)
{
    json_put_name(b, name);
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
    json_put_name(b, "series");
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
        json_put_text(b, v[i].version);
    }
    buf_text(b, "]");
    for (size_t m = 0; m < (t->has_bytes ? 2 : 1); m++) {
        json_put_name(b, m == 0 ? "downloads" : "bytes");
        for (size_t i = 0; i < e->n_versions; i++)
            buf_printf(b, "%c%" PRId64, i > 0 ? ',' : '[', v[i].sums[m]);
        buf_text(b, e->n_versions == 0 ? "[]" : "]");
    }
    if (e->n_versions > 0 && v[0].auth.p != NULL) {
        json_put_name(b, "auth");
        for (size_t i = 0; i < e->n_versions; i++) {
            buf_text(b, i > 0 ? "," : "[");
            json_put_text(b, v[i].auth);
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
        json_put_name(b, l->keys[k]);
        buf_text(b, "[");
        for (size_t i = 0; i < l->n; i++) {
            buf_text(b, i > 0 ? "," : "");
            json_put_text(b, l->entries[i].keys[k]);
        }
        buf_text(b, "]");
    }
    for (size_t m = 0; m <= t->n_measures; m++) {
        json_put_name(b, m < t->n_measures ? t->measures[m] : "before");
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
        json_put_name(b, names[column]);
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
    json_put_number(b, "total", l->total);
    if ((size_t)l->total > l->n) {
        json_put_name(b, "others");
        buf_text(b, "{");
        for (size_t m = 0; m < t->n_measures; m++)
            json_put_number(b, t->measures[m], l->others[m]);
        buf_text(b, "}");
    }
    buf_text(b, "}");
}

static void
put_boards(struct buf *b, const struct boards *boards)
{
    json_put_name(b, "boards");
    buf_printf(b, "{\"updated_at\":\"%s\",\"lists\":{", boards->updated_at);
    for (size_t list = 0; list < BOARD_LISTS; list++) {
        json_put_name(b, board_names[list]);
        buf_text(b, "[");
        for (size_t i = 0; i < boards->n[list]; i++)
            buf_printf(b, "%s[\"%s\",%" PRId32 "]", i > 0 ? "," : "", boards->lists[list][i].id,
                       boards->lists[list][i].score);
        buf_text(b, "]");
    }
    buf_text(b, "}}");
}

void
json_put_table(struct buf *b, const struct table *t)
{
    buf_text(b, "{");
    json_put_member(b, "table", t->shown);
    json_put_member(b, "dataset", t->target.dataset->name);
    if (t->ecosystem[0] != '\0')
        json_put_member(b, "ecosystem", t->ecosystem);
    json_put_member(b, "step", t->monthly ? "month" : "day");
    json_put_day(b, "first_day", t->first);
    json_put_day(b, "last_day", t->last);
    json_put_period(b, "period", t->period);
    json_put_period(b, "previous", t->previous);
    json_put_name(b, "measures");
    for (size_t m = 0; m < t->n_measures; m++)
        buf_printf(b, "%c\"%s\"", m > 0 ? ',' : '[', t->measures[m]);
    buf_text(b, "]");
    put_totals(b, "totals", t, false);
    put_totals(b, "before", t, true);
    if (t->keeps_clients)
        put_clients(b, t);
    put_happened(b, t);
    put_series(b, t);
    json_put_name(b, "lists");
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
