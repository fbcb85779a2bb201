/*
 * What became of figures: clients that are upper bounds, sketches of two client keys, and what
 * happened on a day. From the ledger, or, for a role that may not read it, from the views beside
 * the table (docs/SQL.md). Older ones have neither, and then nothing is said.
 */
#include "ingest/base.h"

#include "report_priv.h"

#define HAPPENED_MAX 1000

enum what { UPPER_BOUNDS, KEYS, ANNOTATIONS, WHATS };

/* Where each of them is read: in FROM and WHERE. "": nowhere. */
struct places {
    struct buf of[WHATS];
};

static const char *const tables[WHATS] = { "upper_bounds", "key_epochs", "annotations" };
static const char *const views[WHATS] = { "stats_upper_bounds", "stats_keys", "stats_annotations" };

static void
places_release(struct places *p)
{
    for (size_t i = 0; i < WHATS; i++)
        buf_release(&p->of[i]);
}

/* Of the ledger what is of this dataset, or of this table; its text is our own, and so is the dataset's. */
static void
put_ledger(struct places *p, enum what i, const struct table *t)
{
    if (i == KEYS)
        buf_printf(&p->of[i], "(SELECT from_day, lag(key_id) OVER (ORDER BY from_day) AS before, key_id"
                              " FROM ingest.key_epochs WHERE at_table = $1) AS x"
                              " WHERE key_id <> before");
    else
        buf_printf(&p->of[i], "ingest.%s AS x WHERE dataset = '%s'", tables[i],
                   t->target.dataset->name);
}

static void
put_view(struct places *p, enum what i, const struct table *t)
{
    pg_ident(NULL, &p->of[i], t->target.schema);
    buf_printf(&p->of[i], ".%s AS x WHERE true", views[i]);
}

static enum st
find_places(struct places *p, const struct table *t, struct pg *pg, struct err *err)
{
    static const char sql[] =
        "SELECT n.nspname = 'ingest', c.relname FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE (n.nspname = 'ingest' AND c.relkind = 'r' OR n.nspname = $1 AND c.relkind = 'v'"
        "        AND starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $2))"
        " AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
        " ORDER BY 1 DESC";
    const char *values[] = { t->target.schema, COMMENT_OURS };
    struct pg_result *found = NULL;
    enum st rc = pg_run(pg, REPORT_WHAT, sql, ARRAY_LEN(values), values, &found, err);

    for (size_t row = 0; rc == ST_OK && row < pg_rows(found); row++)
        for (size_t i = 0; i < WHATS; i++) {
            bool ledger = slice_is(pg_text(found, row, 0), "t");

            if (p->of[i].n > 0 ||
                !slice_eq(pg_text(found, row, 1), slice_of(ledger ? tables[i] : views[i])))
                continue;
            if (ledger)
                put_ledger(p, (enum what)i, t);
            else if (strcmp(t->target.dataset->name, "stats") == 0)
                put_view(p, (enum what)i, t);
        }
    pg_free(found);
    return rc;
}

/* ---- what they say ---- */

static void
put_days(struct buf *sql, const struct table *t)
{
    char since[11], until[11];

    clock_format_day(t->previous.since, since);
    clock_format_day(t->period.until, until);
    buf_printf(sql, " AND day >= '%s' AND day < '%s'", since, until);
}

static enum st
read_keys(struct report *r, struct table *t, const struct places *p, struct pg *pg,
          struct err *err)
{
    const char *values[] = { t->shown };
    struct pg_result *found = NULL;
    struct buf sql = { 0 };
    char since[11], until[11];
    enum st rc;

    if (p->of[KEYS].n == 0 || t->target.dataset->clients != CLIENT_KEYED)
        return ST_OK;
    buf_text(&sql, "SELECT from_day - date '1970-01-01' FROM ");
    buf_add(&sql, p->of[KEYS].p, p->of[KEYS].n);
    clock_format_day(t->previous.since, since);
    clock_format_day(t->period.until, until);
    buf_printf(&sql, " AND from_day > '%s' AND from_day < '%s' AND $1::text IS NOT NULL ORDER BY 1",
               since, until);
    rc = view_ask(pg, &sql, ARRAY_LEN(values), values, &found, err);
    if (rc == ST_OK && (t->keys = report_alloc(r, pg_rows(found), sizeof *t->keys)) != NULL)
        for (; t->n_keys < pg_rows(found); t->n_keys++)
            t->keys[t->n_keys] = (int32_t)pg_int(found, t->n_keys, 0);
    pg_free(found);
    buf_release(&sql);
    return rc;
}

static enum st
read_annotations(struct report *r, struct table *t, const struct places *p, struct pg *pg,
                 struct err *err)
{
    struct pg_result *found = NULL;
    struct buf sql = { 0 };
    enum st rc;

    if (p->of[ANNOTATIONS].n == 0)
        return ST_OK;
    buf_text(&sql, "SELECT day - date '1970-01-01', text FROM ");
    buf_add(&sql, p->of[ANNOTATIONS].p, p->of[ANNOTATIONS].n);
    put_days(&sql, t);
    buf_printf(&sql, " GROUP BY day, text ORDER BY day DESC, min(made_at) DESC, text LIMIT %d",
               HAPPENED_MAX);
    rc = view_ask(pg, &sql, 0, NULL, &found, err);
    if (rc == ST_OK && (t->happened = report_alloc(r, pg_rows(found), sizeof *t->happened)) != NULL)
        for (size_t i = pg_rows(found); i-- > 0;) /* the newest, in the order of time */
            t->happened[t->n_happened++] = (struct happened){
                .day = (int32_t)pg_int(found, i, 0), .text = report_copy(r, pg_text(found, i, 1)) };
    pg_free(found);
    buf_release(&sql);
    return rc;
}

/* Of names that are asked for, if they are those of the table's rows. */
static enum st
read_upper_bounds(struct report *r, struct table *t, const struct places *p, struct pg *pg,
                  struct err *err)
{
    bool names = strcmp(t->target.dataset->name, "stats") == 0;
    struct pg_result *found = NULL;
    const char *values[1];
    struct buf sql = { 0 };
    char since[11];
    size_t n = names ? view_values(r, values) : 0;
    enum st rc;

    if (p->of[UPPER_BOUNDS].n == 0)
        return ST_OK;
    clock_format_day(t->period.since, since);
    buf_printf(&sql, "SELECT DISTINCT date_trunc('month', day::timestamp)::date - date '1970-01-01', day < '%s' FROM ",
               since);
    buf_add(&sql, p->of[UPPER_BOUNDS].p, p->of[UPPER_BOUNDS].n);
    put_days(&sql, t);
    if (n > 0)
        buf_printf(&sql, " AND (name = '' OR name %s $1::text)", r->q->name != NULL ? "=" : "LIKE");
    rc = view_ask(pg, &sql, n, values, &found, err);
    if (rc == ST_OK && (t->bounds = report_alloc(r, pg_rows(found), sizeof *t->bounds)) != NULL)
        for (; t->n_bounds < pg_rows(found); t->n_bounds++)
            t->bounds[t->n_bounds] =
                (struct bound){ .month = (int32_t)pg_int(found, t->n_bounds, 0),
                                .before = slice_is(pg_text(found, t->n_bounds, 1), "t") };
    pg_free(found);
    buf_release(&sql);
    return rc;
}

enum st
table_corrections(struct report *r, struct table *t, struct pg *pg, struct err *err)
{
    struct places p = { 0 };
    enum st rc = find_places(&p, t, pg, err);

    if (rc == ST_OK)
        rc = read_annotations(r, t, &p, pg, err);
    if (rc == ST_OK && t->keeps_clients)
        rc = read_keys(r, t, &p, pg, err);
    if (rc == ST_OK && t->keeps_clients)
        rc = read_upper_bounds(r, t, &p, pg, err);
    if (rc == ST_OK && t->n_bounds > 0) {
        t->bounds_from = report_alloc(r, p.of[UPPER_BOUNDS].n + 1, 1);
        if (t->bounds_from != NULL)
            memcpy(t->bounds_from, p.of[UPPER_BOUNDS].p, p.of[UPPER_BOUNDS].n);
    }
    places_release(&p);
    return rc == ST_OK && r->failed ? err_memory(err, REPORT_WHAT) : rc;
}

/* ---- whom it is about ---- */

static bool
is_two_keys(const struct table *t, int32_t first, int32_t last)
{
    for (size_t i = 0; i < t->n_keys; i++)
        if (first < t->keys[i] && t->keys[i] <= last)
            return true;
    return false;
}

static bool
is_bound(const struct table *t, bool before, int32_t month)
{
    for (size_t i = 0; i < t->n_bounds; i++)
        if (t->bounds[i].before == before && (month == DAY_NONE || t->bounds[i].month == month))
            return true;
    return false;
}

/* The first and the last day with a row, of the steps from `from` on. */
static bool
days_of_rows(const struct table *t, const bool *rows, const int64_t *series, size_t from, size_t to,
             struct period *out)
{
    bool any = false;

    for (size_t step = from; step < to; step++) {
        if (rows != NULL ? !rows[step]
                         : series[step - from] == NO_FIGURE || series[step - from] == 0)
            continue;
        out->until = day_of_step(t, (int64_t)step);
        if (!any)
            out->since = out->until;
        any = true;
    }
    return any;
}

static void
no_sum(struct table *t, struct clients *c)
{
    *c = (struct clients){ .two_keys = true };
    if (t->why == NULL)
        t->why = "days under two client keys cannot be added up";
}

void
clients_correct(struct table *t)
{
    size_t end = t->n_before + t->n_steps;
    struct period of;

    t->clients.upper_bound = is_bound(t, false, DAY_NONE);
    t->clients_before.upper_bound = is_bound(t, true, DAY_NONE);
    for (size_t i = 0; i < t->n_months; i++)
        t->months[i].clients.upper_bound = is_bound(t, false, t->months[i].month);
    if (t->n_keys == 0 || t->monthly)
        return;
    if (days_of_rows(t, t->has_rows, NULL, 0, t->n_before, &of) &&
        is_two_keys(t, of.since, of.until))
        t->clients_before = (struct clients){ .two_keys = true };
    if (days_of_rows(t, t->has_rows, NULL, t->n_before, end, &of) &&
        is_two_keys(t, of.since, of.until))
        no_sum(t, &t->clients);
    for (size_t i = 0; i < t->n_months; i++) {
        int32_t first = t->months[i].month, next = clock_month(first + 31);
        size_t from = (size_t)step_of(t, first < t->period.since ? t->period.since : first);
        size_t to = next >= t->period.until ? end : (size_t)step_of(t, next);

        if (days_of_rows(t, t->has_rows, NULL, from, to, &of) &&
            is_two_keys(t, of.since, of.until))
            no_sum(t, &t->months[i].clients);
    }
}

/* Names that have one in the period. */
static enum st
mark_bounds(const struct table *t, struct list *list, struct pg *pg, struct err *err)
{
    struct pg_result *found = NULL;
    struct pg_array names;
    struct buf sql = { 0 };
    const char *values[1];
    char since[11];
    enum st rc;

    pg_array_begin(&names);
    for (size_t i = 0; i < list->n_rich; i++)
        pg_array_text(&names, list->entries[i].keys[0]);
    values[0] = pg_array_end(&names);
    buf_text(&sql, "SELECT k.at FROM unnest($1::text[]) WITH ORDINALITY AS k(of, at)"
                   " WHERE EXISTS (SELECT FROM ");
    buf_text(&sql, t->bounds_from);
    put_days(&sql, t);
    clock_format_day(t->period.since, since);
    buf_printf(&sql, " AND day >= '%s' AND name IN ('', k.of))", since);
    rc = values[0] == NULL ? err_memory(err, REPORT_WHAT)
                           : view_ask(pg, &sql, 1, values, &found, err);
    for (size_t row = 0; rc == ST_OK && row < pg_rows(found); row++)
        list->entries[pg_int(found, row, 0) - 1].clients.upper_bound = true;
    pg_free(found);
    buf_release(&sql);
    pg_array_release(&names);
    return rc;
}

/* What is not ranked by the names that are marked may have any of them in it. */
enum st
entries_correct(const struct table *t, struct list *list, struct pg *pg, struct err *err)
{
    bool named = strcmp(list->of, "name") == 0 || strcmp(list->of, "network") == 0;
    struct period of = { 0 };

    for (size_t i = 0; i < list->n_rich; i++) {
        struct entry *e = &list->entries[i];

        if (!named)
            e->clients.upper_bound = is_bound(t, false, DAY_NONE);
        if (t->n_keys > 0 && e->series != NULL &&
            days_of_rows(t, NULL, e->series, t->n_before, t->n_before + t->n_steps, &of) &&
            is_two_keys(t, of.since, of.until))
            e->clients = (struct clients){ .two_keys = true };
    }
    return named && t->bounds_from != NULL ? mark_bounds(t, list, pg, err) : ST_OK;
}

const char *
clients_are(const struct clients *c)
{
    if (c->two_keys)
        return "two keys";
    if (!c->known)
        return NULL;
    return c->upper_bound ? "upper bound" : "estimate";
}
