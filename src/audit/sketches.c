/*
 * Sketches: every byte looked at by our own validator, as they stream by, and estimates held
 * against the requests that they are of. A server would read beyond a malformed one, or crash.
 */
#include "ingest/base.h"

#include "ingest/sketch.h"

#include "audit_priv.h"

#include <math.h>

/* Five standard errors of 2^11 registers: 1.04 / sqrt(2048) is 2.3 %. */
#define ESTIMATE_SLACK (1 + 5 * 0.023)

enum defect { MALFORMED, SATURATED, TOO_MANY, DEFECTS };

static const struct {
    const char *what, *why;
} defects[DEFECTS] = {
    [MALFORMED] = { "a sketch is not well-formed",
                    "it was written past the type's own checks; the server may read beyond its end" },
    [SATURATED] = { "a sketch is saturated: its estimate is no number",
                    "no log has so many clients: they were crafted, or the sketch was written by hand" },
    [TOO_MANY] = { "a sketch stands for more clients than there are requests",
                   "client addresses were crafted (--client-key none), or the row was changed by hand" },
};

struct look {
    struct audit *a;
    const char *table;
    bool bounded;       /* estimates are of requests that we counted */
    struct hll sketch;  /* of the row */
    int64_t n[DEFECTS]; /* how many rows */
    int64_t n_sketches;
};

/* ---- one row: the key as text, requests, the sketch ---- */

static enum defect
judge(struct look *l, int64_t count, struct slice wire, char detail[300])
{
    struct err why;
    double estimate;

    hll_clear(&l->sketch);
    if (hll_decode(&l->sketch, wire, &why) != ST_OK) {
        snprintf(detail, 300, "%s", why.cause);
        return MALFORMED;
    }
    estimate = hll_cardinality(&l->sketch);
    if (isnan(estimate))
        return SATURATED;
    snprintf(detail, 300, "%.0f", estimate);
    if (!l->bounded)
        return DEFECTS;
    if (l->sketch.n != HLL_IN_REGISTERS)
        return estimate > (double)count ? TOO_MANY : DEFECTS; /* as many as there are: exact */
    return estimate > (double)count * ESTIMATE_SLACK ? TOO_MANY : DEFECTS;
}

static enum st
take(void *ctx, const struct slice *fields, size_t n, struct err *err)
{
    struct look *l = ctx;
    int64_t count = pg_field_int(fields[1]);
    char detail[300] = "", key[600], ours[32];
    enum defect defect;

    (void)n;
    (void)err;
    if (fields[2].p == NULL) /* a live table may have none */
        return ST_OK;
    l->n_sketches++;
    defect = judge(l, count, fields[2], detail);
    if (defect == DEFECTS || l->n[defect]++ >= AUDIT_SHOWN)
        return ST_OK;
    snprintf(key, sizeof key, "%.*s", (int)(fields[0].n < 590 ? fields[0].n : 590), fields[0].p);
    snprintf(ours, sizeof ours, "%" PRId64, count);
    audit_tell(l->a,
               &(struct audit_line){
                   .word = AUDIT_FINDING,
                   .check = "sketches",
                   .table = l->table,
                   .key = key,
                   .ours = defect == TOO_MANY ? ours : NULL,
                   .theirs = defect == TOO_MANY ? detail : NULL,
                   .what = defects[defect].what,
                   .why = defect == MALFORMED ? detail : defects[defect].why,
               },
               1);
    return ST_OK;
}

/* ---- a table ---- */

static void
tell_rest(struct look *l)
{
    char what[64];
    int64_t n_all = 0;

    for (size_t d = 0; d < DEFECTS; d++) {
        n_all += l->n[d];
        if (l->n[d] > AUDIT_SHOWN)
            audit_tell(l->a,
                       &(struct audit_line){
                           .word = AUDIT_FINDING,
                           .check = "sketches",
                           .table = l->table,
                           .what = defects[d].what,
                           .why = defects[d].why,
                           .more = l->n[d] - AUDIT_SHOWN - 1,
                       },
                       (uint64_t)(l->n[d] - AUDIT_SHOWN));
    }
    if (n_all > 0 || l->n_sketches == 0)
        return;
    snprintf(what, sizeof what, "%" PRId64 " sketches are well-formed", l->n_sketches);
    audit_well(l->a, "sketches", l->table, what);
}

static enum st
look_at(struct look *l, struct buf *sql, struct err *err)
{
    enum st rc = buf_str(sql) == NULL
                     ? err_memory(err, audit_what)
                     : pg_copy_out(l->a->pg, audit_what, buf_str(sql), take, l, err);

    if (rc == ST_OK)
        tell_rest(l);
    buf_release(sql);
    return rc;
}

/*
 * How many requests there are, of which there may be as many clients. Where a payload was subtracted
 * its clients are still in the sketch: there the number is no bound.
 */
static void
sql_of_requests(struct buf *b, const struct audit *a, const struct target *t)
{
    const struct key_column *day = book_day(t->dataset);
    size_t name = 0;

    while (name + 1 < t->dataset->n_keys && t->dataset->keys[name].kind != COLUMN_TEXT)
        name++;
    if (a->has_retractions) {
        buf_printf(b,
                   "CASE WHEN EXISTS (SELECT FROM ingest.upper_bounds u WHERE u.dataset = '%s'"
                   " AND u.scope = %s AND t.",
                   t->dataset->name, t->dataset->has_node ? "t.node_id" : "0");
        pg_ident(NULL, b, day->name);
        buf_text(b, day->as_epoch ? " = (u.day - date '1970-01-01')::bigint * 86400" : " = u.day");
        buf_text(b, " AND u.name IN ('', t.");
        pg_ident(NULL, b, t->dataset->keys[name].name);
        buf_text(b, "::text)) THEN 9223372036854775807 ELSE ");
    }
    buf_text(b, "t.");
    pg_ident(NULL, b, book_count(t->dataset));
    buf_text(b, a->has_retractions ? "::bigint END" : "::bigint");
}

enum st
sketches_check(struct audit *a, const struct book *book, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < book->n_tables; i++) {
        const struct target *t = &book->tables[i];
        struct look l = { .a = a, .bounded = t->ours && !book->given };
        char table[TABLE_NAME];
        struct buf b = { 0 };

        if (!t->has_sketch)
            continue;
        l.table = name_of_table(t, table);
        buf_text(&b, "COPY (SELECT ");
        sql_of_key(&b, t);
        buf_text(&b, ", ");
        sql_of_requests(&b, a, t);
        buf_text(&b, ", t.");
        pg_ident(NULL, &b, t->dataset->uniques);
        buf_text(&b, " FROM ");
        sql_of_table(&b, t);
        buf_text(&b, " AS t) TO STDOUT (FORMAT binary)");
        rc = look_at(&l, &b, err);
    }
    return rc;
}

enum st
sketches_check_waiting(struct audit *a, struct err *err)
{
    struct look l = { .a = a, .table = "ingest.unresolved", .bounded = true };
    struct buf b = { 0 };

    if (!a->has_unresolved)
        return ST_OK;
    buf_text(&b, "COPY (SELECT concat_ws('/', payload, path, day), count, clients"
                 " FROM ingest.unresolved) TO STDOUT (FORMAT binary)");
    return look_at(&l, &b, err);
}
