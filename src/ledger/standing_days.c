/*
 * Which days each source covers. There may be a million of them: they come through a cursor, some
 * thousand at once.
 */
#include "ingest/base.h"

#include "standing_priv.h"

/*
 * A day is settled some time after its end. What comes later revises it, hits that find their key
 * (`healed`: payload, day, at) and recounts (`again`) included; not what came soon after the first
 * of it, which is a day that was late as a whole, as when years of logs are counted at last. What
 * the configuration at hand does not say of a source, its last run has written down (`noted`: name,
 * settle). The view ingest.covered_days says the same in SQL; a test compares the two.
 */
#define DECLARE(healed, noted, again)                                                              \
    "DECLARE days NO SCROLL CURSOR FOR"                                                            \
    " SELECT dataset, source, day - date '1970-01-01', hours, payloads, partial, late, lines,"     \
    "        count, bytes, CASE WHEN now() AT TIME ZONE 'UTC' < ends THEN 0"                       \
    "                    WHEN last > greatest(ends, first + settle) THEN 2 ELSE 1 END,"            \
    "        floor(extract(epoch FROM now() - settle) / 3600)::bigint"                             \
    " FROM (SELECT *, day + interval '1 day' + settle AS ends"                                     \
    " FROM (SELECT p.dataset, p.source, d.day, bit_or(d.hours) AS hours, count(*) AS payloads,"    \
    "              count(*) FILTER (WHERE p.partial) AS partial,"                                  \
    "              count(*) FILTER (WHERE d.day < (greatest(p.at, h.at, r.at) - p.settle)::date)"  \
    "                AS late,"                                                                     \
    "              sum(d.lines) AS lines, sum(d.count) AS count, sum(d.bytes) AS bytes,"           \
    "              min(p.at) AS first, max(greatest(p.at, h.at, r.at)) AS last,"                   \
    "              max(p.settle) AS settle"                                                        \
    "         FROM ingest.payload_days d"                                                          \
    "         JOIN (SELECT id, dataset, source, partial, counted_at AT TIME ZONE 'UTC' AS at,"     \
    "                      coalesce(c.settle, s.settle, CASE format"                               \
    "                      WHEN 'cloudfront' THEN " SETTLE_CLOUDFRONT                              \
    "                      WHEN 's3' THEN " SETTLE_S3 " ELSE " SETTLE_ELSE " END)"                 \
    "                      * interval '1 second' AS settle"                                        \
    "                 FROM ingest.payloads LEFT JOIN unnest($1::text[], $2::bigint[])"             \
    "                   AS c(name, settle) ON c.name = source"                                     \
    "                 LEFT JOIN (" noted ") AS s(name, settle) ON s.name = source"                 \
    "              ) p ON p.id = d.payload"                                                        \
    "         LEFT JOIN (" healed ") AS h(payload, day, at)"                                       \
    "                ON h.payload = d.payload AND h.day = d.day"                                   \
    "         LEFT JOIN (" again ") AS r(payload, day, at)"                                        \
    "                ON r.payload = d.payload AND r.day = d.day"                                   \
    "        WHERE d.state IN ('counted', 'adopted') GROUP BY p.dataset, p.source, d.day) x) y"    \
    " ORDER BY source NULLS LAST, dataset, day"

#define HEALED                                                                                     \
    "SELECT payload, day, max(healed_at) AT TIME ZONE 'UTC' FROM ingest.unresolved"                \
    " WHERE healed_at IS NOT NULL GROUP BY payload, day"
#define NO_HEALED "SELECT 0::bigint, NULL::date, NULL::timestamp"
#define NOTED     "SELECT name, settle_seconds FROM ingest.sources"
#define NO_NOTED  "SELECT NULL::text, NULL::bigint"

#define AGAIN                                                                                      \
    "SELECT c.payload, g.day, max(n.recounted_at) AT TIME ZONE 'UTC' FROM ingest.recounts n"       \
    " JOIN ingest.recounted c ON c.recount = n.id JOIN ingest.payload_days g"                      \
    " ON g.payload = c.payload AND g.day >= n.since AND g.day < n.until GROUP BY c.payload, g.day"

/* An older ledger: nothing waits in it, no source is written down, or nothing was counted again. */
#define DECLARE_BOTH(healed, noted)                                                                \
    { DECLARE(healed, noted, NO_HEALED), DECLARE(healed, noted, AGAIN) }
static const char *const declare[2][2][2] = {
    { DECLARE_BOTH(NO_HEALED, NO_NOTED), DECLARE_BOTH(NO_HEALED, NOTED) },
    { DECLARE_BOTH(HEALED, NO_NOTED), DECLARE_BOTH(HEALED, NOTED) },
};

static enum st
look_for_tables(struct pg *pg, bool *heals, bool *notes, bool *again, struct err *err)
{
    static const char sql[] =
        "SELECT to_regclass('ingest.unresolved') IS NOT NULL,"
        " coalesce(has_table_privilege(to_regclass('ingest.sources'), 'SELECT'), false),"
        " coalesce(has_table_privilege(to_regclass('ingest.recounts'), 'SELECT')"
        "          AND has_table_privilege(to_regclass('ingest.recounted'), 'SELECT'), false)";
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, STANDING_WHAT, sql, 0, NULL, &r, err);

    *heals = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    *notes = rc == ST_OK && slice_is(pg_text(r, 0, 1), "t");
    *again = rc == ST_OK && slice_is(pg_text(r, 0, 2), "t");
    pg_free(r);
    return rc;
}

static enum st
open_cursor(struct pg *pg, const struct standing_source *sources, size_t n, struct err *err)
{
    struct pg_array names, settle;
    const char *values[2];
    bool heals, notes, again;
    enum st rc;

    pg_array_begin(&names);
    pg_array_begin(&settle);
    for (size_t i = 0; i < n; i++) {
        if (sources[i].settle_s == 0)
            continue;
        pg_array_text(&names, slice_of(sources[i].name));
        pg_array_int(&settle, sources[i].settle_s);
    }
    values[0] = pg_array_end(&names);
    values[1] = pg_array_end(&settle);
    if (values[0] == NULL || values[1] == NULL)
        rc = err_memory(err, STANDING_WHAT);
    else if ((rc = look_for_tables(pg, &heals, &notes, &again, err)) == ST_OK &&
             (rc = pg_script(pg, STANDING_WHAT, "SET LOCAL cursor_tuple_fraction TO 1", err)) ==
                 ST_OK)
        rc = pg_run(pg, STANDING_WHAT, declare[heals][notes][again], 2, values, NULL, err);
    pg_array_release(&names);
    pg_array_release(&settle);
    return rc;
}

static bool
same(struct slice a, struct slice b)
{
    return (a.p == NULL) == (b.p == NULL) && slice_eq(a, b);
}

/* Both come in the same order, and each day has its payloads. */
static struct standing_days *
days_of(struct standing *s, struct standing_days *at, const struct pg_result *r, size_t row)
{
    const struct standing_days *end = s->days + pg_rows(s->sources);

    while (at < end && !(same(pg_text(s->sources, at->row, STANDING_DATASET), pg_text(r, row, 0)) &&
                         same(pg_text(s->sources, at->row, STANDING_SOURCE), pg_text(r, row, 1))))
        at++;
    assert(at < end);
    return at;
}

static bool
add(struct standing_days *d, const struct covered_day *day)
{
    if (d->n == d->cap) {
        size_t cap = d->cap == 0 ? 64 : d->cap * 2;
        struct covered_day *days = realloc(d->days, cap * sizeof *days);

        if (days == NULL)
            return false;
        d->days = days;
        d->cap = cap;
    }
    d->days[d->n++] = *day;
    d->count += day->count;
    return true;
}

static enum st
take(struct standing *s, struct standing_days **at, const struct pg_result *r, struct err *err)
{
    for (size_t i = 0; i < pg_rows(r); i++) {
        struct covered_day day = {
            .day = (int32_t)pg_int(r, i, 2),
            .hours = (uint32_t)pg_int(r, i, 3),
            .payloads = pg_int(r, i, 4),
            .partial = pg_int(r, i, 5),
            .late = pg_int(r, i, 6),
            .lines = pg_int(r, i, 7),
            .count = pg_int(r, i, 8),
            .bytes = pg_int(r, i, 9),
            .state = (enum day_state)pg_int(r, i, 10),
            .due = pg_int(r, i, 11),
        };

        *at = days_of(s, *at, r, i);
        if (!add(*at, &day))
            return err_memory(err, STANDING_WHAT);
    }
    return ST_OK;
}

static enum st
find_gaps(struct standing *s, struct err *err)
{
    for (size_t i = 0; i < pg_rows(s->sources); i++) {
        struct standing_days *d = &s->days[i];

        d->gaps = coverage_gaps(d->days, d->n, &d->n_gaps);
        if (d->gaps == NULL)
            return err_memory(err, STANDING_WHAT);
    }
    return ST_OK;
}

enum st
standing_read_days(struct standing *s, struct pg *pg, const struct standing_source *sources,
                   size_t n, struct err *err)
{
    struct standing_days *at;
    size_t got = 1;
    enum st rc;

    at = s->days = calloc(pg_rows(s->sources) + 1, sizeof *s->days);
    if (s->days == NULL)
        return err_memory(err, STANDING_WHAT);
    for (size_t i = 0; i < pg_rows(s->sources); i++)
        s->days[i].row = i;
    rc = open_cursor(pg, sources, n, err);
    while (rc == ST_OK && got > 0) {
        struct pg_result *r = NULL;

        rc = pg_run(pg, STANDING_WHAT, "FETCH 8192 FROM days", 0, NULL, &r, err);
        got = rc == ST_OK ? pg_rows(r) : 0;
        if (rc == ST_OK)
            rc = take(s, &at, r, err);
        pg_free(r);
    }
    return rc == ST_OK ? find_gaps(s, err) : rc;
}

void
standing_days_release(struct standing *s)
{
    for (size_t i = 0; s->days != NULL && i < pg_rows(s->sources); i++) {
        free(s->days[i].days);
        free(s->days[i].gaps);
    }
    free(s->days);
}
