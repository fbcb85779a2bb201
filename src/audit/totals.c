/*
 * Totals against their parts: the row without a version holds what the versions of its name hold on
 * that day, and what has no version; job_artifacts.downloads of an artifact all its days.
 */
#include "ingest/base.h"

#include "audit_priv.h"

/* ---- rows without a version ---- */

/* name, day and what else the key has besides the version, in the order of the key. */
static void
columns_of_group(struct buf *b, const struct dataset *d, const char *version, const char *between)
{
    const char *before = "";

    for (size_t i = 0; i < d->n_keys; i++) {
        if (strcmp(d->keys[i].name, version) == 0)
            continue;
        buf_text(b, before);
        buf_text(b, "t.");
        pg_ident(NULL, b, d->keys[i].name);
        before = between;
    }
}

/* One row a group: its totals and its versions, by count and bytes. */
static void
sql_of_groups(struct buf *b, const struct target *t, const char *version)
{
    const char *bytes = book_bytes(t) == NULL ? "0" : "t.bytes";
    struct buf is_total = { 0 };

    buf_text(&is_total, "t.");
    pg_ident(NULL, &is_total, version);
    buf_text(&is_total, " IS NULL");
    buf_text(b, "SELECT concat_ws('/', ");
    columns_of_group(b, t->dataset, version, "::text, ");
    buf_printf(b,
               "::text) AS key, count(*) FILTER (WHERE %s) AS totals,"
               " coalesce(sum(t.count) FILTER (WHERE %s), 0) AS total,"
               " coalesce(sum(%s) FILTER (WHERE %s), 0) AS total_bytes,"
               " count(*) FILTER (WHERE NOT %s) AS versions,"
               " coalesce(sum(t.count) FILTER (WHERE NOT %s), 0) AS parts,"
               " coalesce(sum(%s) FILTER (WHERE NOT %s), 0) AS parts_bytes,"
               " to_char(",
               buf_str(&is_total), buf_str(&is_total), bytes, buf_str(&is_total),
               buf_str(&is_total), buf_str(&is_total), bytes, buf_str(&is_total));
    sql_of_month(b, "t", book_day(t->dataset)->name);
    buf_text(b, ", 'YYYY-MM') AS month FROM ");
    sql_of_table(b, t);
    buf_text(b, " AS t GROUP BY ");
    columns_of_group(b, t->dataset, version, ", ");
    buf_release(&is_total);
}

static const struct {
    const char *where, *what, *why;
    bool strict; /* asked only where everything has a version; elsewhere the difference is a note */
} total_cases[] = {
    { "totals > 1", "a name has several totals of one day",
      "the unique index is missing, or was while rows were written", false },
    { "versions > 0 AND (total < parts OR total_bytes < parts_bytes)",
      "a name's total is less than its versions",
      "its row without a version was changed or deleted, or versions were added by another program",
      false },
    { "versions > 0 AND totals <= 1 AND (total > parts OR total_bytes > parts_bytes)"
      " AND total >= parts AND total_bytes >= parts_bytes",
      "a name's total is more than its versions",
      "version rows were changed or deleted, or a route of your own counts without a version",
      true },
};

/* Adding up a large table takes seconds: once, unless something is wrong. */
static enum st
any_differs(struct audit *a, const struct target *t, const char *version, bool *any,
            struct err *err)
{
    struct pg_result *r = NULL;
    struct buf b = { 0 };
    enum st rc;

    buf_text(&b, "SELECT EXISTS (SELECT FROM (");
    sql_of_groups(&b, t, version);
    buf_text(&b, ") AS g WHERE false");
    for (size_t i = 0; i < ARRAY_LEN(total_cases); i++)
        buf_printf(&b, " OR (%s)", total_cases[i].where);
    buf_text(&b, ")");
    rc = buf_str(&b) == NULL ? err_memory(err, audit_what)
                             : pg_run(a->pg, audit_what, buf_str(&b), 0, NULL, &r, err);
    *any = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    buf_release(&b);
    return rc;
}

static enum st
check_versions(struct audit *a, const struct book *book, const struct target *t,
               const char *version, struct err *err)
{
    char table[TABLE_NAME];
    struct buf b = { 0 };
    int64_t n_all = 0;
    bool any;
    enum st rc = any_differs(a, t, version, &any, err);

    name_of_table(t, table);
    for (size_t i = 0; rc == ST_OK && any && i < ARRAY_LEN(total_cases); i++) {
        bool is_note = total_cases[i].strict && !book->versioned;
        const struct question q = {
            .check = "totals",
            .table = table,
            .what = is_note ? "a name has downloads without a version" : total_cases[i].what,
            .why = is_note ? "whether they came so, or version rows are missing, cannot be told"
                           : total_cases[i].why,
            .word = is_note ? AUDIT_NOTE : AUDIT_FINDING,
        };
        int64_t n;

        buf_text(&b, "SELECT month, NULL, key, total, parts FROM (");
        sql_of_groups(&b, t, version);
        buf_printf(&b, ") AS g WHERE %s", total_cases[i].where);
        rc = audit_ask(a, &q, &b, &n, err);
        n_all += n;
    }
    if (rc == ST_OK && n_all == 0)
        audit_well(a, "totals", table, "totals are those of their versions");
    buf_release(&b);
    return rc;
}

/* ---- artifacts ---- */

static enum st
check_artifacts(struct audit *a, const struct target *t, struct err *err)
{
    char table[TABLE_NAME];
    struct buf b = { 0 };
    enum st rc;

    snprintf(table, sizeof table, "%s.job_artifacts", t->schema);
    buf_text(&b, "SELECT NULL, NULL, a.id::text, coalesce(d.n, 0), coalesce(a.downloads, 0) FROM ");
    pg_ident(NULL, &b, t->schema);
    buf_text(&b, ".job_artifacts AS a LEFT JOIN (SELECT t.artifact, sum(t.downloads) AS n FROM ");
    sql_of_table(&b, t);
    buf_text(&b, " AS t GROUP BY 1) AS d ON d.artifact = a.id"
                 " WHERE coalesce(a.downloads, 0) < least(coalesce(d.n, 0), 9223372036854775807)");
    rc = audit_ask(
        a,
        &(struct question){
            .check = "totals",
            .table = table,
            .what = "an artifact has fewer downloads than its days",
            .why = "its column downloads was changed, or days were added by another program",
            .word = AUDIT_FINDING,
        },
        &b, NULL, err);
    buf_release(&b);
    return rc;
}

enum st
totals_check(struct audit *a, const struct book *book, struct err *err)
{
    const char *version = book_version(book->dataset);
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < book->n_tables; i++) {
        const struct target *t = &book->tables[i];

        if (!t->ours)
            continue; /* how others make their totals is their affair */
        if (version != NULL)
            rc = check_versions(a, book, t, version, err);
        else if (strcmp(book->dataset->table, "job_artifact_downloads") == 0)
            rc = check_artifacts(a, t, err);
    }
    return rc;
}
