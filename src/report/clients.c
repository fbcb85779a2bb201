/*
 * How many clients: sketches are united by the server, by month and by name, and the months by us.
 * A statement that fails on a sketch costs the figures of clients, not the report.
 */
#include "ingest/base.h"

#include <math.h>

#include "report_priv.h"

/* 1.04 / sqrt(2^11): Flajolet and others, "HyperLogLog" (2007), theorem 1. */
#define STANDARD_ERROR 0.022981

/* `why` says why not. Rows of which no client is known, as some logs name none, are not rows of nobody. */
static struct clients
clients_of_rows(const struct hll *h, const char **why)
{
    double estimate = hll_cardinality(h);
    struct clients out = { 0 };

    if (isnan(estimate) || estimate >= 9e18)
        *why = "a sketch is saturated";
    else if (estimate == 0)
        *why = *why == NULL ? "no client is known of the rows" : *why;
    else
        out.known = true;
    if (!out.known)
        return out;
    out.estimate = llround(estimate);
    out.error = h->n == HLL_IN_REGISTERS ? llround(estimate * STANDARD_ERROR) : 0;
    return out;
}

/* The server's text of a sketch; false: `why` says what is wrong with it. */
static bool
read_sketch(const struct pg_result *found, size_t row, size_t col, struct hll *out, const char **why)
{
    uint8_t wire[HLL_WIRE_MAX];
    struct err err;
    size_t n;

    hll_clear(out);
    if (pg_is_null(found, row, col)) {
        *why = "rows have no sketch";
        return false;
    }
    n = pg_bytea(found, row, col, wire, sizeof wire);
    if (n != SIZE_MAX && hll_decode(out, (struct slice){ (const char *)wire, n }, &err) == ST_OK)
        return true;
    *why = "a sketch is damaged";
    return false;
}

/* ST_OK and *out NULL: the server cannot unite them, and the transaction goes on. */
static enum st
ask(struct report *r, struct table *t, struct pg *pg, const char *sql, size_t n,
    const char *const *values, struct pg_result **out, struct err *err)
{
    struct err why;
    enum st rc;

    *out = NULL;
    if ((rc = pg_script(pg, REPORT_WHAT, "SAVEPOINT sketches", err)) != ST_OK)
        return rc;
    rc = pg_run(pg, REPORT_WHAT, sql, n, values, out, &why);
    if (rc == ST_OK)
        return pg_script(pg, REPORT_WHAT, "RELEASE SAVEPOINT sketches", err);
    if (rc != ST_DB || !pg_is_alive(pg)) {
        *err = why;
        return rc;
    }
    if (t->why == NULL)
        report_note(r, "clients of %s are not known: %s", t->shown, why.cause);
    t->why = "the server cannot unite the sketches";
    return pg_script(pg, REPORT_WHAT, "ROLLBACK TO SAVEPOINT sketches", err);
}

/* ---- of the period ---- */

static void
months_sql(struct buf *sql, const struct report *r, const struct table *t, const struct view *v)
{
    buf_printf(sql, "SELECT date_trunc('month', %s)::date - date '1970-01-01' AS month, NOT ", v->day);
    view_since(v, sql, t->period.since);
    buf_text(sql, ", ");
    pg_ident(NULL, sql, t->target.hll_schema);
    buf_printf(sql, ".hll_union_agg(%s)", v->sketch);
    view_rows(v, r, sql, NULL, (struct period){ t->previous.since, t->period.until });
    buf_text(sql, " GROUP BY 1, 2 ORDER BY 1");
}

/* Where there is no row there is no client. */
static struct clients
clients_together(const struct hll *h, bool known, bool any, const char **why)
{
    if (!any)
        return (struct clients){ .known = true };
    return known ? clients_of_rows(h, why) : (struct clients){ 0 };
}

static void
take_months(struct table *t, const struct pg_result *found)
{
    struct hll all[2], month;
    bool known[2] = { true, true }, any[2] = { false, false };

    hll_clear(&all[0]);
    hll_clear(&all[1]);
    for (size_t row = 0; row < pg_rows(found); row++) {
        bool before = slice_is(pg_text(found, row, 1), "t");
        struct month_clients m = { .month = (int32_t)pg_int(found, row, 0) };

        any[before] = true;
        if (!read_sketch(found, row, 2, &month, &t->why)) {
            known[before] = false;
        } else {
            m.clients = clients_of_rows(&month, &t->why);
            hll_unite(&all[before], hll_view(&month));
        }
        if (!before)
            t->months[t->n_months++] = m;
    }
    t->clients = clients_together(&all[false], known[false], any[false], &t->why);
    t->clients_before = clients_together(&all[true], known[true], any[true], &t->why);
}

enum st
table_clients(struct report *r, struct table *t, const struct view *v, struct pg *pg,
              struct err *err)
{
    struct pg_result *found = NULL;
    const char *values[1];
    struct buf sql = { 0 };
    enum st rc;

    if (!t->keeps_clients)
        return ST_OK;
    if (v->sketch == NULL) {
        t->why = "the table keeps no sketches of clients";
        return ST_OK;
    }
    months_sql(&sql, r, t, v);
    rc = buf_str(&sql) == NULL
             ? err_memory(err, REPORT_WHAT)
             : ask(r, t, pg, sql.p, view_values(r, values), values, &found, err);
    if (found != NULL) {
        t->months = report_alloc(r, pg_rows(found), sizeof *t->months);
        if (t->months != NULL)
            take_months(t, found);
        clients_correct(t);
    }
    pg_free(found);
    buf_release(&sql);
    return rc == ST_OK && r->failed ? err_memory(err, REPORT_WHAT) : rc;
}

/* ---- of the first of a list ---- */

enum st
clients_of_entries(struct report *r, struct table *t, struct list *list, struct pg *pg,
                   const char *sql, size_t n, const char *const *values, struct err *err)
{
    struct pg_result *found = NULL;
    enum st rc = ask(r, t, pg, sql, n, values, &found, err);

    for (size_t row = 0; found != NULL && row < pg_rows(found); row++) {
        int64_t at = pg_int(found, row, 0);
        struct hll sketch;

        if (at < 1 || (size_t)at > list->n_rich)
            continue;
        if (read_sketch(found, row, 1, &sketch, &t->why))
            list->entries[at - 1].clients = clients_of_rows(&sketch, &t->why);
    }
    pg_free(found);
    return rc;
}
