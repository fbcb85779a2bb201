/*
 * A report is read here, in one transaction: the server's clock, the tables, what is covered, the
 * period, then each table in its turn.
 */
#include "ingest/base.h"

#include "report_priv.h"

/* ---- memory ---- */

void *
report_alloc(struct report *r, size_t n, size_t size)
{
    size_t bytes;
    void *p = NULL;

    if (!__builtin_mul_overflow(n, size, &bytes))
        p = arena_alloc(&r->arena, bytes + 1);
    if (p == NULL)
        r->failed = true;
    else
        memset(p, 0, bytes + 1);
    return p;
}

struct slice
report_copy(struct report *r, struct slice s)
{
    struct slice out = s;

    if (s.p == NULL)
        return s;
    out.p = report_alloc(r, s.n, 1); /* ends in NUL */
    if (out.p == NULL)
        return SLICE("");
    if (s.n > 0)
        memcpy((char *)(uintptr_t)out.p, s.p, s.n);
    return out;
}

void
report_note(struct report *r, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (r->n_notes < NOTES_MAX)
        r->notes[r->n_notes++] = report_copy(r, slice_of(text));
}

/* ---- server and ledger ---- */

static enum st
read_server(struct report *r, struct pg *pg, struct err *err)
{
    static const char sql[] =
        "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), current_database(),"
        " current_setting('server_version'), (now() AT TIME ZONE 'UTC')::date::text";
    struct pg_result *found = NULL;
    enum st rc = pg_run(pg, REPORT_WHAT, sql, 0, NULL, &found, err);

    if (rc == ST_OK) {
        snprintf(r->at, sizeof r->at, "%s", pg_text(found, 0, 0).p);
        r->database = report_copy(r, pg_text(found, 0, 1));
        snprintf(r->version, sizeof r->version, "%s", pg_text(found, 0, 2).p);
        if (!clock_parse_day(pg_text(found, 0, 3), &r->today))
            rc = err_fail(err, ST_DB, REPORT_WHAT, "the server's clock says \"%.40s\"", r->at);
    }
    pg_free(found);
    return rc;
}

/* A role that may read the tables alone gets its report, and is told once what it does without. */
static enum st
may_read_ledger(struct pg *pg, bool *there, bool *may, bool *settings, struct err *err)
{
    static const char sql[] =
        "SELECT count(*) FILTER (WHERE c.relname IN ('payloads', 'payload_days')) = 2,"
        " has_schema_privilege(n.oid, 'USAGE')"
        "  AND coalesce(bool_and(has_table_privilege(c.oid, 'SELECT')) FILTER (WHERE c.relname <> 'settings'), false),"
        " has_schema_privilege(n.oid, 'USAGE')"
        "  AND coalesce(bool_or(has_table_privilege(c.oid, 'SELECT')) FILTER (WHERE c.relname = 'settings'), false)"
        " FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p')"
        "  AND c.relname IN ('payloads', 'payload_days', 'refusals', 'unresolved', 'settings')"
        " WHERE n.nspname = 'ingest' GROUP BY n.oid";
    struct pg_result *found = NULL;
    enum st rc = pg_run(pg, REPORT_WHAT, sql, 0, NULL, &found, err);
    bool any = rc == ST_OK && pg_rows(found) > 0;

    *there = any && slice_is(pg_text(found, 0, 0), "t");
    *may = *there && slice_is(pg_text(found, 0, 1), "t");
    *settings = any && slice_is(pg_text(found, 0, 2), "t");
    pg_free(found);
    return rc;
}

static enum st
read_ecosystems(struct report *r, struct pg *pg, struct err *err)
{
    struct pg_result *found = NULL;
    enum st rc = pg_run(pg, REPORT_WHAT,
                        "SELECT substr(key, 11), convert_from(value, 'SQL_ASCII') FROM ingest.settings"
                        " WHERE starts_with(key, 'ecosystem:')",
                        0, NULL, &found, err);

    for (size_t row = 0; rc == ST_OK && row < pg_rows(found); row++)
        for (size_t i = 0; i < r->n_tables; i++)
            if (slice_eq(pg_text(found, row, 0), slice_of(r->tables[i].shown)))
                snprintf(r->tables[i].ecosystem, sizeof r->tables[i].ecosystem, "%s",
                         pg_text(found, row, 1).p);
    pg_free(found);
    return rc;
}

static enum st
read_ledger(struct report *r, struct pg *pg, struct err *err)
{
    bool there, may, settings;
    enum st rc = may_read_ledger(pg, &there, &may, &settings, err);

    if (rc != ST_OK)
        return rc;
    if (!there)
        r->unknown = "this database has no ledger";
    else if (!may)
        r->unknown = "this role may not read the ledger (schema ingest)";
    else if ((rc = standing_read_here(&r->standing, pg, r->q->sources, r->q->n_sources, err)) == ST_OK)
        r->has_ledger = true;
    if (r->unknown != NULL)
        report_note(r, "which days are covered is not known: %s", r->unknown);
    return rc == ST_OK && settings ? read_ecosystems(r, pg, err) : rc;
}

static enum st
read_rules(struct report *r, struct pg *pg, struct err *err)
{
    static const char sql[] =
        "SELECT dataset, encode(rules_id, 'hex'), count(DISTINCT payload), min(day), max(day)"
        " FROM ingest.payload_days WHERE day >= $1::date AND day < $2::date"
        " AND state IN ('counted', 'adopted') AND ($3::text IS NULL OR dataset = $3)"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 10";
    char since[11], until[11];
    const char *values[] = { since, until, r->dataset };
    struct pg_result *found = NULL;
    enum st rc;

    if (!r->has_ledger)
        return ST_OK;
    clock_format_day(r->period.since, since);
    clock_format_day(r->period.until, until);
    rc = pg_run(pg, REPORT_WHAT, sql, ARRAY_LEN(values), values, &found, err);
    for (size_t row = 0; rc == ST_OK && row < pg_rows(found) && row < RULES_MAX; row++)
        r->rules[r->n_rules++] = (struct rule_use){
            .dataset = report_copy(r, pg_text(found, row, 0)),
            .rules_id = report_copy(r, pg_text(found, row, 1)),
            .payloads = pg_int(found, row, 2),
            .first = report_copy(r, pg_text(found, row, 3)),
            .last = report_copy(r, pg_text(found, row, 4)),
        };
    pg_free(found);
    return rc;
}

/* ---- the period ---- */

static enum st
bad_period(struct err *err, const char *cause)
{
    err_fail(err, ST_USAGE, "cannot use this period", "%s", cause);
    err_hint(err, "--since DAY is in it, --until DAY is the day behind it; at most %d days",
             REPORT_DAYS_MAX);
    return ST_USAGE;
}

/* A month's row stands on its first day: it goes to the last day that logs cover, or to its end. */
static int32_t
last_of(const struct report *r, const struct table *t)
{
    int32_t end, covered = DAY_NONE;

    if (!t->monthly || t->last == DAY_NONE)
        return t->last;
    end = clock_month(clock_month(t->last) + 31) - 1;
    for (size_t i = 0; r->has_ledger && i < pg_rows(r->standing.sources); i++) {
        const struct standing_days *d = &r->standing.days[i];

        if (d->n > 0 && d->days[d->n - 1].day > covered &&
            slice_eq(pg_text(r->standing.sources, i, STANDING_DATASET),
                     slice_of(t->target.dataset->name)))
            covered = d->days[d->n - 1].day;
    }
    return covered >= t->last && covered < end ? covered : end;
}

/* Names times days are what a report takes: as many as of ten years, but those that a text shows. */
static void
narrow_top(struct report *r, int32_t days)
{
    size_t most = r->q->top * REPORT_DAYS_WIDE / (size_t)days;

    if (most < 10)
        most = 10;
    if (most >= r->top)
        return;
    r->top = most;
    report_note(r, "of more than ten years the first %zu names have figures by day", most);
}

/*
 * Up to today, so that what has not come can be seen; of old logs up to the newest of them, but for a
 * badge, which says what is now. Not from before the first row on: there is nothing to see.
 */
static enum st
choose_period(struct report *r, struct err *err)
{
    const struct report_question *q = r->q;
    int32_t first = DAY_NONE, last = DAY_NONE, days;
    struct period *p = &r->period;

    for (size_t i = 0; i < r->n_tables; i++) {
        const struct table *t = &r->tables[i];

        if (t->first != DAY_NONE && (first == DAY_NONE || t->first < first))
            first = t->first;
        if (last_of(r, t) > last)
            last = last_of(r, t);
    }
    p->until = q->until;
    if (q->until == DAY_NONE)
        p->until = (q->name != NULL || last == DAY_NONE || last >= r->today - 30 ? r->today : last) + 1;
    p->since = q->since;
    if (q->since == DAY_NONE) {
        p->since = p->until - q->days;
        if (q->name == NULL && first != DAY_NONE && first > p->since && first < p->until)
            p->since = first;
        if (p->since < 0)
            p->since = 0;
    }
    days = p->until - p->since;
    if (days < 1)
        return bad_period(err, "it has no day");
    if (days > REPORT_DAYS_MAX)
        return bad_period(err, "it is too long");
    if (days > REPORT_DAYS_WIDE)
        narrow_top(r, days);
    r->previous = (struct period){ p->since < days ? 0 : p->since - days, p->since };
    return ST_OK;
}

/* ---- all of it ---- */

static enum st
read_table(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err)
{
    enum st rc;

    table_set_period(t, r);
    if ((rc = table_series(r, t, v, pg, err)) != ST_OK ||
        (rc = table_corrections(r, t, pg, err)) != ST_OK ||
        (rc = table_clients(r, t, v, pg, err)) != ST_OK ||
        (rc = table_lists(r, t, v, pg, err)) != ST_OK)
        return rc;
    return table_boards(r, t, pg, err);
}

static enum st
read_tables(struct report *r, struct pg *pg, struct err *err)
{
    struct view *views = calloc(r->n_tables, sizeof *views);
    enum st rc = views == NULL ? err_memory(err, REPORT_WHAT) : ST_OK;

    for (size_t i = 0; rc == ST_OK && i < r->n_tables; i++)
        if ((rc = view_make(&views[i], r, &r->tables[i], pg, err)) == ST_OK)
            rc = table_span(r, &r->tables[i], &views[i], pg, err);
    if (rc == ST_OK)
        rc = choose_period(r, err);
    for (size_t i = 0; rc == ST_OK && i < r->n_tables; i++)
        rc = read_table(r, &r->tables[i], &views[i], pg, err);
    for (size_t i = 0; views != NULL && i < r->n_tables; i++)
        view_release(&views[i]);
    free(views);
    return rc;
}

static enum st
read_all(struct report *r, struct pg *pg, struct err *err)
{
    enum st rc;

    if ((rc = read_server(r, pg, err)) != ST_OK || (rc = report_tables_find(r, pg, err)) != ST_OK ||
        (rc = read_ledger(r, pg, err)) != ST_OK || (rc = read_tables(r, pg, err)) != ST_OK)
        return rc;
    return read_rules(r, pg, err);
}

struct report *
report_read(struct pg *pg, const struct report_question *q, struct err *err)
{
    struct report *r = calloc(1, sizeof *r);
    enum st rc;

    if (r == NULL) {
        err_memory(err, REPORT_WHAT);
        return NULL;
    }
    arena_init(&r->arena, SIZE_MAX);
    r->q = q;
    r->top = q->top;
    if (q->dataset != NULL)
        r->dataset = dataset_by_name(q->dataset)->name;
    if (q->pattern != NULL) {
        r->pattern = report_copy(r, slice_of(q->pattern));
        report_like(&r->like, q->pattern);
    }
    rc = r->failed || buf_str(&r->like) == NULL ? err_memory(err, REPORT_WHAT) : pg_begin(pg, err);
    if (rc == ST_OK)
        rc = pg_script(pg, REPORT_WHAT,
                       "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL work_mem TO '64MB'",
                       err);
    if (rc == ST_OK)
        rc = read_all(r, pg, err);
    pg_rollback(pg);
    if (rc == ST_OK && r->failed)
        rc = err_memory(err, REPORT_WHAT);
    r->q = NULL;
    if (rc == ST_OK)
        return r;
    report_free(r);
    return NULL;
}

void
report_free(struct report *r)
{
    if (r == NULL)
        return;
    standing_release(&r->standing);
    buf_release(&r->like);
    arena_release(&r->arena);
    free(r);
}

bool
report_is_empty(const struct report *r, char why[200])
{
    int32_t first = DAY_NONE, last = DAY_NONE;
    char from[11], to[11];

    for (size_t i = 0; i < r->n_tables; i++) {
        const struct table *t = &r->tables[i];

        for (size_t step = t->n_before; step < t->n_before + t->n_steps; step++)
            if (t->has_rows[step])
                return false;
        if (t->first != DAY_NONE && (first == DAY_NONE || t->first < first))
            first = t->first;
        if (t->last != DAY_NONE && t->last > last)
            last = t->last;
    }
    if (first == DAY_NONE) {
        snprintf(why, 200, "%s",
                 r->pattern.p != NULL
                     ? "no name fits the pattern: `*` is any number of characters, `?` one"
                     : "nothing is counted yet: ingest -d ... LOGS counts, ingest explain LOG says what would count");
        return true;
    }
    clock_format_day(first, from);
    clock_format_day(last, to);
    snprintf(why, 200, "there is nothing in this period; the tables have rows from %s to %s", from, to);
    return true;
}
