/*
 * The audit as a whole: one snapshot, what must be readable, and the checks one after the other.
 */
#include "ingest/base.h"

#include "audit_priv.h"

const char audit_what[] = "cannot audit this database";

/* ---- telling ---- */

void
audit_tell(struct audit *a, const struct audit_line *line, uint64_t n)
{
    if (line->word == AUDIT_FINDING)
        a->n_findings += n;
    a->say(a->ctx, line);
}

void
audit_well(struct audit *a, const char *check, const char *table, const char *what)
{
    audit_tell(
        a, &(struct audit_line){ .word = AUDIT_OK, .check = check, .table = table, .what = what },
        0);
}

static const char *
text_or_null(const struct pg_result *r, size_t row, size_t col)
{
    return pg_is_null(r, row, col) ? NULL : pg_text(r, row, col).p;
}

enum { ASKED_MONTH, ASKED_NODE, ASKED_KEY, ASKED_OURS, ASKED_THEIRS, ASKED_N };

static void
tell_rows(struct audit *a, const struct question *q, const struct pg_result *r, int64_t n)
{
    for (size_t i = 0; i < pg_rows(r); i++) {
        bool is_last = i + 1 == pg_rows(r);
        int64_t more = is_last ? n - (int64_t)pg_rows(r) : 0;

        audit_tell(a,
                   &(struct audit_line){
                       .word = q->word,
                       .check = q->check,
                       .table = q->table,
                       .what = q->what,
                       .why = q->why,
                       .month = text_or_null(r, i, ASKED_MONTH),
                       .node = text_or_null(r, i, ASKED_NODE),
                       .key = text_or_null(r, i, ASKED_KEY),
                       .ours = text_or_null(r, i, ASKED_OURS),
                       .theirs = text_or_null(r, i, ASKED_THEIRS),
                       .more = more,
                   },
                   1 + (uint64_t)more);
    }
}

enum st
audit_ask(struct audit *a, const struct question *q, struct buf *sql, int64_t *n, struct err *err)
{
    struct pg_result *r = NULL;
    struct buf whole = { 0 };
    int64_t found = 0;
    enum st rc;

    buf_text(&whole, "SELECT asked.*, count(*) OVER () FROM (");
    if (!sql->failed)
        buf_add(&whole, sql->p, sql->n);
    buf_printf(&whole, ") AS asked(month, node, key, ours, theirs) LIMIT %d", AUDIT_SHOWN);
    if (sql->failed || buf_str(&whole) == NULL)
        rc = err_memory(err, audit_what);
    else
        rc = pg_run(a->pg, audit_what, buf_str(&whole), 0, NULL, &r, err);
    if (rc == ST_OK) {
        found = pg_rows(r) > 0 ? pg_int(r, 0, ASKED_N) : 0;
        tell_rows(a, q, r, found);
    }
    if (n != NULL)
        *n = found;
    pg_free(r);
    buf_release(&whole);
    buf_reset(sql);
    return rc;
}

/* ---- what must be readable ---- */

/* What is missing, once: tables of the ledger that an older one has not are not asked for. */
static const char ledger_sql[] =
    "SELECT to_regclass('ingest.payloads') IS NULL,"
    " to_regclass('ingest.unresolved') IS NOT NULL,"
    " (SELECT format('GRANT SELECT ON %s TO %I;', string_agg(n::text, ', ' ORDER BY n::text),"
    "                current_user)"
    "    FROM (SELECT to_regclass('ingest.' || t) AS n FROM unnest(ARRAY['payloads',"
    "          'payload_days', 'sightings', 'settings', 'unresolved', 'recounted', 'openings',"
    "          'retractions', 'upper_bounds']) AS t)"
    "    AS tables"
    "   WHERE n IS NOT NULL AND NOT has_table_privilege(n::oid, 'SELECT') HAVING count(*) > 0),"
    " current_user, to_regclass('ingest.recounted') IS NOT NULL,"
    " to_regclass('ingest.openings') IS NOT NULL, to_regclass('ingest.retractions') IS NOT NULL";

static enum st
look_for_ledger(struct audit *a, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(a->pg, audit_what, ledger_sql, 0, NULL, &r, err);

    if (rc != ST_OK)
        return rc;
    a->has_unresolved = slice_is(pg_text(r, 0, 1), "t");
    a->has_recounts = slice_is(pg_text(r, 0, 4), "t");
    a->has_openings = slice_is(pg_text(r, 0, 5), "t");
    a->has_retractions = slice_is(pg_text(r, 0, 6), "t");
    if (slice_is(pg_text(r, 0, 0), "t")) {
        rc = err_fail(err, ST_DB, audit_what, "it has no ledger (schema ingest)");
        err_hint(err, "make it once: ingest migrate up -d ...");
    } else if (!pg_is_null(r, 0, 2)) {
        rc = err_fail(err, ST_DB, audit_what, "the role %.63s may not read all of the ledger",
                      pg_text(r, 0, 3).p);
        err_hint(err, "as the owner: %s", pg_text(r, 0, 2).p);
    }
    pg_free(r);
    return rc;
}

/* ---- all of it ---- */

static enum st
check_dataset(struct audit *a, const struct dataset *d, struct err *err)
{
    struct book *book = calloc(1, sizeof *book);
    enum st rc;

    if (book == NULL)
        return err_memory(err, audit_what);
    rc = book_find(a, d, book, err);
    if (rc == ST_OK && (book->n_tables > 0 || book->is_fed))
        rc = balance_check(a, book, err);
    if (rc == ST_OK && book->n_tables > 0 && (rc = totals_check(a, book, err)) == ST_OK &&
        (rc = values_check(a, book, err)) == ST_OK)
        rc = sketches_check(a, book, err);
    if (rc == ST_OK)
        rc = books_check_scopes(a, book, err);
    free(book);
    return rc;
}

static enum st
check_all(struct audit *a, struct err *err)
{
    enum st rc = look_for_ledger(a, err);

    if (rc == ST_OK)
        rc = books_check(a, err);
    for (size_t i = 0; rc == ST_OK && datasets[i] != NULL; i++)
        rc = check_dataset(a, datasets[i], err);
    if (rc == ST_OK)
        rc = sketches_check_waiting(a, err);
    return rc;
}

/* A policy that hides rows from this role must be an error: what it hides would be missing. */
static const char snapshot[] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
                               "SET LOCAL row_security TO off; SET LOCAL work_mem TO '64MB'";

enum st
audit_run(struct pg *pg, audit_say *say, void *ctx, uint64_t *n_findings, struct err *err)
{
    struct audit a = { .pg = pg, .say = say, .ctx = ctx };
    enum st rc = pg_begin(pg, err);

    *n_findings = 0;
    if (rc != ST_OK)
        return rc;
    rc = pg_script(pg, audit_what, snapshot, err);
    if (rc == ST_OK)
        rc = check_all(&a, err);
    pg_rollback(pg);
    *n_findings = a.n_findings;
    return rc;
}
