/*
 * Opening balances: what others had counted into a table before its days were adopted. It is what
 * the audit finds there, less what the audit's ledger explains; so both sides balance from then on.
 */
#include "ingest/base.h"

#include "ingest/openings.h"

#include "audit_priv.h"

static const char what[] = "cannot adopt days";

enum st
openings_can_state(struct pg *pg, struct err *err)
{
    static const char sql[] =
        "SELECT o IS NULL, (SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS need(p)"
        "  WHERE o IS NOT NULL AND NOT has_table_privilege(o, p) LIMIT 1), current_user"
        " FROM (SELECT to_regclass('ingest.openings')::oid AS o) x";
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, 0, NULL, &r, err);

    if (rc != ST_OK)
        return rc;
    if (slice_is(pg_text(r, 0, 0), "t")) {
        rc = err_fail(err, ST_DB, what, "the ledger is older and has no table ingest.openings");
        err_hint(err, "ingest migrate up ledger");
    } else if (!pg_is_null(r, 0, 1)) {
        rc = err_fail(err, ST_DB, what, "the role %s lacks %s ON ingest.openings",
                      pg_text(r, 0, 2).p, pg_text(r, 0, 1).p);
        err_hint(err, "as the owner: GRANT SELECT, INSERT, UPDATE ON ingest.openings TO \"%s\";",
                 pg_text(r, 0, 2).p);
    }
    pg_free(r);
    return rc;
}

/* ---- the balance ---- */

/* A sum of the tables is a number without end; what does not fit stops at the end of a bigint. */
#define BALANCE_OF(column)                                                                         \
    "greatest(least(coalesce(f." column ", 0) - coalesce(l." column ", 0), 9223372036854775807),"  \
    " -9223372036854775807)::bigint"

enum which { ALL_DAYS, STATED_DAYS };

#define IS_STATED                                                                                  \
    " WHERE EXISTS (SELECT FROM ingest.openings o WHERE o.dataset = '%s'"                          \
    " AND o.scope = $2::integer AND o.day = w.day)"

/* $1 days since 1970, $2 the scope. */
static void
put_statement(struct buf *b, const struct book *book, enum which which)
{
    balance_sql_of_ledger(b, book);
    balance_sql_of_tables(b, book);
    buf_printf(
        b,
        "stated AS (INSERT INTO ingest.openings (dataset, scope, day, count, bytes)"
        " SELECT '%s', $2::integer, w.day, " BALANCE_OF("count") ", %s"
        " FROM (SELECT date '1970-01-01' + d AS day FROM unnest($1::integer[]) AS of(d)) w"
        " LEFT JOIN ledger l ON l.bucket = w.day AND l.node = $2::integer"
        " LEFT JOIN found f ON f.bucket = w.day AND f.node = $2::integer",
        book->dataset->name, balance_has_bytes(book) ? BALANCE_OF("bytes") : "0");
    if (which == STATED_DAYS)
        buf_printf(b, IS_STATED, book->dataset->name);
    buf_text(
        b,
        " ON CONFLICT (dataset, scope, day) DO UPDATE SET count = excluded.count,"
        " bytes = excluded.bytes, adopted_at = excluded.adopted_at RETURNING day)"
        " SELECT EXISTS (SELECT FROM found f WHERE f.bucket = s.day AND f.node = $2::integer)"
        " FROM stated s ORDER BY s.day");
}

static enum st
state(struct audit *a, const struct book *book, int32_t scope, enum which which,
      struct opening_day *days, size_t n, struct err *err)
{
    struct pg_result *r = NULL;
    struct pg_array array;
    struct buf sql = { 0 };
    char node[16];
    const char *values[] = { NULL, node };
    enum st rc;

    snprintf(node, sizeof node, "%" PRId32, scope);
    pg_array_begin(&array);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&array, days[i].day);
    values[0] = pg_array_end(&array);
    put_statement(&sql, book, which);
    if (values[0] == NULL || buf_str(&sql) == NULL)
        rc = err_memory(err, what);
    else
        rc = pg_run(a->pg, what, sql.p, ARRAY_LEN(values), values, &r, err);
    assert(rc != ST_OK || which == STATED_DAYS || pg_rows(r) == n);
    for (size_t i = 0; rc == ST_OK && which == ALL_DAYS && i < n; i++)
        days[i].found = slice_is(pg_text(r, i, 0), "t");
    pg_free(r);
    buf_release(&sql);
    pg_array_release(&array);
    return rc;
}

/* The day behind the last bucket, or a later one: what is stated are the buckets alone. */
static int32_t
end_of(const struct dataset *dataset, int32_t last)
{
    return last + (dataset->bucket == BUCKET_MONTH ? 31 : 1);
}

static enum st
state_days(struct pg *pg, const struct dataset *dataset, int32_t scope, enum which which,
           struct opening_day *days, size_t n, struct err *err)
{
    struct audit a = { .pg = pg };
    struct book *book;
    enum st rc;

    for (size_t i = 0; i < n; i++)
        days[i].found = true;
    if (n == 0 || dataset->keeps_latest)
        return ST_OK;
    if ((book = calloc(1, sizeof *book)) == NULL)
        return err_memory(err, what);
    rc = book_find(&a, dataset_by_name(dataset->name), book, err);
    if (rc == ST_OK) {
        book->is_part = true;
        book->since = days[0].day;
        book->until = end_of(dataset, days[n - 1].day);
        rc = state(&a, book, scope, which, days, n, err);
    }
    free(book);
    return rc;
}

enum st
openings_state(struct pg *pg, const struct dataset *dataset, int32_t scope,
               struct opening_day *days, size_t n, struct err *err)
{
    return state_days(pg, dataset, scope, ALL_DAYS, days, n, err);
}

/* An older ledger has none, and a role that never adopts may have no rights to it. */
static enum st
look_for_table(struct pg *pg, bool *there, bool *writable, struct err *err)
{
    static const char sql[] =
        "SELECT o IS NOT NULL, coalesce(has_table_privilege(o, 'SELECT')"
        " AND has_table_privilege(o, 'INSERT') AND has_table_privilege(o, 'UPDATE'), false)"
        " FROM (SELECT to_regclass('ingest.openings')::oid AS o) x";
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, 0, NULL, &r, err);

    *there = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    *writable = rc == ST_OK && slice_is(pg_text(r, 0, 1), "t");
    pg_free(r);
    return rc;
}

enum st
openings_restate(struct pg *pg, const struct dataset *dataset, int32_t scope, const int32_t *days,
                 size_t n, struct err *err)
{
    struct opening_day *all;
    bool there, writable;
    enum st rc = look_for_table(pg, &there, &writable, err);

    if (!writable)
        return rc;
    if ((all = calloc(n + 1, sizeof *all)) == NULL)
        return err_memory(err, what);
    for (size_t i = 0; i < n; i++)
        all[i].day = days[i];
    rc = state_days(pg, dataset, scope, STATED_DAYS, all, n, err);
    free(all);
    return rc;
}

enum st
openings_strike(struct pg *pg, const char *dataset, int32_t scope, int32_t since, int32_t until,
                struct err *err)
{
    static const char sql[] =
        "DELETE FROM ingest.openings WHERE dataset = $1 AND scope = $2::integer"
        " AND day >= date '1970-01-01' + $3::integer AND day < date '1970-01-01' + $4::integer";
    char text[3][16];
    const char *values[] = { dataset, text[0], text[1], text[2] };
    bool there, writable;
    enum st rc = look_for_table(pg, &there, &writable, err);

    if (!there)
        return rc;
    snprintf(text[0], sizeof text[0], "%" PRId32, scope);
    snprintf(text[1], sizeof text[1], "%" PRId32, since);
    snprintf(text[2], sizeof text[2], "%" PRId32, until);
    return pg_run(pg, what, sql, ARRAY_LEN(values), values, NULL, err);
}
