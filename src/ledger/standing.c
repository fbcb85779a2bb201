/*
 * How things stand, in one snapshot: all questions see the same payloads.
 */
#include "ingest/base.h"

#include "standing_priv.h"

static const char what[] = STANDING_WHAT;

static enum st
ask(struct pg *pg, const char *sql, struct pg_result **out, struct err *err)
{
    return pg_run(pg, what, sql, 0, NULL, out, err);
}

static const char payloads_sql[] =
    "SELECT p.dataset, p.n, p.lines, d.count, d.first, d.last,"
    "       to_char(p.last AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    "  FROM (SELECT dataset, count(*) AS n, sum(lines_read) AS lines, max(counted_at) AS last"
    "          FROM ingest.payloads GROUP BY dataset) p"
    "  LEFT JOIN (SELECT dataset, sum(count) AS count, min(day) AS first, max(day) AS last"
    "               FROM ingest.payload_days WHERE state IN ('counted', 'adopted')"
    "              GROUP BY dataset) d USING (dataset) ORDER BY p.dataset";

/* As many as there are bytes: the same bytes may lie in many places, and be refused in several
 * ways. */
static const char refused_sql[] =
    "SELECT count(*) FILTER (WHERE NOT accepted), count(*) FILTER (WHERE accepted)"
    "  FROM (SELECT bool_or(accepted_at IS NOT NULL) AS accepted FROM ingest.refusals"
    "        GROUP BY size, stored) r";

static const char unresolved_sql[] =
    "SELECT dataset, coalesce(sum(count) FILTER (WHERE healed_at IS NULL), 0),"
    "       count(DISTINCT path) FILTER (WHERE healed_at IS NULL),"
    "       min(day) FILTER (WHERE healed_at IS NULL),"
    "       coalesce(sum(count) FILTER (WHERE healed_at IS NOT NULL), 0)"
    "  FROM ingest.unresolved GROUP BY dataset ORDER BY dataset";

#define AS_TEXT_OF(x) #x
#define AS_TEXT(x)    AS_TEXT_OF(x)

static const char examples_sql[] =
    "SELECT dataset, path, count, first, last FROM (SELECT dataset, path, sum(count) AS count,"
    "       min(day) AS first, max(day) AS last,"
    "       row_number() OVER (PARTITION BY dataset ORDER BY sum(count) DESC, path) AS at"
    "       FROM ingest.unresolved WHERE healed_at IS NULL GROUP BY dataset, path) e"
    " WHERE at <= " AS_TEXT(STANDING_EXAMPLES) " ORDER BY dataset, at";

/*
 * Few payloads have days that are not simply counted, so that asking each of them for one that is
 * costs little.
 */
static const char sources_sql[] =
    "SELECT p.dataset, p.source, count(*), count(*) FILTER (WHERE o.payload IS NULL OR o.counts),"
    "       count(*) FILTER (WHERE p.partial), count(p.extends),"
    "       count(*) FILTER (WHERE o.replaced), count(*) FILTER (WHERE o.retracted),"
    "       count(*) FILTER (WHERE o.adopted), sum(p.lines_read),"
    "       to_char(max(p.counted_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    "  FROM ingest.payloads p LEFT JOIN (SELECT payload, bool_or(state = 'replaced') AS replaced,"
    "       bool_or(state = 'retracted') AS retracted, bool_or(state = 'adopted') AS adopted,"
    "       EXISTS (SELECT FROM ingest.payload_days c WHERE c.payload = d.payload"
    "               AND c.state IN ('counted', 'adopted')) AS counts"
    "       FROM ingest.payload_days d WHERE state <> 'counted' GROUP BY payload) o ON o.payload = p.id"
    " GROUP BY p.dataset, p.source ORDER BY p.source NULLS LAST, p.dataset";

static const char expected_sql[] =
    "SELECT name, expected, to_char(last AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),"
    "       extract(epoch FROM now() - last)::bigint,"
    "       coalesce(now() - last > expected * interval '1 second', true)"
    "  FROM (SELECT c.name, c.expected, c.at, max(p.counted_at) AS last"
    "          FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS c(name, expected, at)"
    "          LEFT JOIN ingest.payloads p ON p.source = c.name GROUP BY 1, 2, 3) x ORDER BY at";

static const char runs_sql[] =
    "SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),"
    "       round(extract(epoch FROM ended_at - started_at)::numeric, 3), host, version, source, status,"
    "       read, known, known_otherwise, grown, partial, refused, skipped, lines, counted, failure"
    "  FROM (SELECT DISTINCT ON (source) * FROM"
    "        (SELECT * FROM ingest.runs ORDER BY id DESC LIMIT " AS_TEXT(STANDING_RUNS) ") r"
    "        ORDER BY source, id DESC) newest ORDER BY id DESC";

static const char annotations_sql[] =
    "SELECT to_char(day, 'YYYY-MM-DD'), dataset, left(text, 1000),"
    " to_char(made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    " FROM ingest.annotations ORDER BY annotations.day DESC, id DESC"
    " LIMIT " AS_TEXT(STANDING_ANNOTATIONS);

enum st
standing_is_there(struct pg *pg, const char *table, bool *there, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, "SELECT to_regclass($1) IS NOT NULL", 1, &table, &r, err);

    *there = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return rc;
}

/* Notes of runs and on days are for whoever may read them; all else is part of the ledger. */
static enum st
may_read(struct pg *pg, const char *table, bool *may, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what,
                        "SELECT coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false)", 1,
                        &table, &r, err);

    *may = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return rc;
}

static enum st
read_expected(struct standing *s, struct pg *pg, const struct standing_source *sources, size_t n,
              struct err *err)
{
    struct pg_array names, seconds;
    const char *values[2];
    enum st rc;

    pg_array_begin(&names);
    pg_array_begin(&seconds);
    for (size_t i = 0; i < n; i++) {
        if (sources[i].expected_s == 0)
            continue;
        pg_array_text(&names, slice_of(sources[i].name));
        pg_array_int(&seconds, sources[i].expected_s);
    }
    values[0] = pg_array_end(&names);
    values[1] = pg_array_end(&seconds);
    rc = values[0] == NULL || values[1] == NULL
             ? err_memory(err, what)
             : pg_run(pg, what, expected_sql, 2, values, &s->expected, err);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(s->expected); i++)
        s->n_late += slice_is(pg_text(s->expected, i, 4), "t");
    pg_array_release(&names);
    pg_array_release(&seconds);
    return rc;
}

static enum st
read_payloads(struct standing *s, struct pg *pg, const struct standing_source *sources, size_t n,
              struct err *err)
{
    enum st rc;

    if ((rc = ask(pg, payloads_sql, &s->payloads, err)) != ST_OK ||
        (rc = ask(pg, sources_sql, &s->sources, err)) != ST_OK ||
        (rc = standing_read_days(s, pg, sources, n, err)) != ST_OK)
        return rc;
    return read_expected(s, pg, sources, n, err);
}

enum st
standing_read_here(struct standing *s, struct pg *pg, const struct standing_source *sources,
                   size_t n, struct err *err)
{
    bool there;
    enum st rc;

    *s = (struct standing){ 0 };
    rc = standing_is_there(pg, "ingest.payloads", &there, err);

    if (rc == ST_OK && !there) {
        err_fail(err, ST_DB, what, "this database has none (schema ingest)");
        err_hint(err, "make it once: ingest migrate up -d ...");
        return ST_DB;
    }
    if (rc != ST_OK || (rc = read_payloads(s, pg, sources, n, err)) != ST_OK ||
        (rc = standing_is_there(pg, "ingest.refusals", &there, err)) != ST_OK)
        return rc;
    if (there && (rc = ask(pg, refused_sql, &s->refused, err)) != ST_OK)
        return rc;
    if ((rc = standing_is_there(pg, "ingest.unresolved", &there, err)) != ST_OK)
        return rc;
    if (there && ((rc = ask(pg, unresolved_sql, &s->unresolved, err)) != ST_OK ||
                  (rc = ask(pg, examples_sql, &s->examples, err)) != ST_OK))
        return rc;
    if ((rc = may_read(pg, "ingest.annotations", &there, err)) != ST_OK ||
        (there && (rc = ask(pg, annotations_sql, &s->annotations, err)) != ST_OK) ||
        (rc = may_read(pg, "ingest.runs", &there, err)) != ST_OK || !there)
        return rc;
    return ask(pg, runs_sql, &s->runs, err);
}

enum st
standing_read(struct standing *s, struct pg *pg, const struct standing_source *sources, size_t n,
              struct err *err)
{
    enum st rc = pg_begin(pg, err);

    *s = (struct standing){ 0 };
    if (rc != ST_OK)
        return rc;
    rc = pg_script(pg, what, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", err);
    if (rc == ST_OK)
        rc = standing_read_here(s, pg, sources, n, err);
    pg_rollback(pg);
    return rc;
}

void
standing_release(struct standing *s)
{
    standing_days_release(s);
    pg_free(s->payloads);
    pg_free(s->sources);
    pg_free(s->expected);
    pg_free(s->refused);
    pg_free(s->unresolved);
    pg_free(s->examples);
    pg_free(s->runs);
    pg_free(s->annotations);
    *s = (struct standing){ 0 };
}
