/*
 * Double entry: what payload_days say was added is what the tables hold, by day (or by the month
 * that a table keeps) and node, told by month. Exactly so in tables that only we write.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/num.h"

#include "audit_priv.h"

/*
 * How far a figure of the table may be from the ledger's. Sums that go up and down by one have no
 * equal in the ledger, which counts the steps: as many steps lead no further, and to a number that
 * is even when theirs is.
 */
enum scale { EXACT, AT_LEAST, AT_MOST, SIGNED };

static enum scale
scale_of(const struct book *book)
{
    if (book->dataset->signed_sums)
        return SIGNED;
    if (book->shared)
        return AT_LEAST;
    return book->cascades ? AT_MOST : EXACT;
}

/* ---- the statement ---- */

#define DAY_AT "date '1970-01-01' + %" PRId32

/*
 * Of the ledger, by node and bucket: what counts, what --replace took out of the books (`gone`: how
 * much of it stood in the rows that were overwritten is not known), whether payloads were counted
 * again (then old rows may be left of them), and whether their counts are sums of others, which the
 * ledger has not.
 */
void
balance_sql_of_ledger(struct buf *b, const struct book *book)
{
    bool has_node = book->dataset->has_node;

    buf_printf(b,
               "WITH again AS (SELECT payload, min(seen_at) AS first FROM ingest.sightings"
               " WHERE %s GROUP BY payload), ",
               has_node ? "true" : "false");
    buf_printf(b,
               "ledger AS (SELECT %s AS node, %s AS bucket,"
               " coalesce(sum(d.count) FILTER (WHERE live AND p.format <> 'eida'), 0) AS count,"
               " coalesce(sum(d.bytes) FILTER (WHERE live), 0) AS bytes,"
               " coalesce(sum(d.count) FILTER (WHERE d.state = 'replaced'), 0) AS count_gone,"
               " coalesce(sum(d.bytes) FILTER (WHERE d.state = 'replaced'), 0) AS bytes_gone,"
               " bool_or(a.first < p.counted_at) IS TRUE AS again,"
               " bool_or(p.format = 'eida') AS given"
               " FROM ingest.payload_days d JOIN ingest.payloads p ON p.id = d.payload"
               " LEFT JOIN again a ON a.payload = p.id,"
               " LATERAL (SELECT d.state IN ('counted', 'adopted')) AS s(live)"
               " WHERE d.dataset = '%s'",
               has_node ? "p.scope" : "0",
               book->dataset->bucket == BUCKET_MONTH ? "date_trunc('month', d.day)::date" : "d.day",
               book->dataset->name);
    if (book->is_part)
        buf_printf(b, " AND d.day >= " DAY_AT " AND d.day < " DAY_AT, book->since, book->until);
    buf_text(b, " GROUP BY 1, 2), ");
}

/* The day of a row as the ledger has it; of a bigint that is no day: NULL. */
static void
sql_of_bucket(struct buf *b, const struct dataset *d)
{
    const struct key_column *day = book_day(d);

    if (day->as_epoch) {
        buf_text(b, "CASE WHEN t.");
        pg_ident(NULL, b, day->name);
        buf_text(b, " BETWEEN 0 AND 253402300799 THEN date '1970-01-01' + (t.");
        pg_ident(NULL, b, day->name);
        buf_text(b, " / 86400)::integer END");
        return;
    }
    if (d->bucket == BUCKET_MONTH) {
        sql_of_month(b, "t", day->name);
        buf_text(b, "::date");
        return;
    }
    buf_text(b, "t.");
    pg_ident(NULL, b, day->name);
}

/* Rows of the book's days, so that an index can be used. */
static void
sql_of_part(struct buf *b, const struct book *book, const char *before)
{
    const struct key_column *day = book_day(book->dataset);
    int64_t unit = day->as_epoch ? DAY_US / 1000000 : 1;
    const char *epoch = day->as_epoch ? "" : "date '1970-01-01' + ";

    if (!book->is_part)
        return;
    buf_text(b, before);
    buf_text(b, "t.");
    pg_ident(NULL, b, day->name);
    buf_printf(b, " >= %s%" PRId64 " AND t.", epoch, book->since * unit);
    pg_ident(NULL, b, day->name);
    buf_printf(b, " < %s%" PRId64, epoch, book->until * unit);
}

static void
sql_of_rows(struct buf *b, const struct book *book, const struct target *t)
{
    const struct dataset *d = t->dataset;
    const char *version = book_version(d), *bytes = book_bytes(t);

    buf_printf(b, "SELECT %s, ", d->has_node ? "t.node_id" : "0");
    sql_of_bucket(b, d);
    buf_text(b, ", sum(t.");
    pg_ident(NULL, b, book_count(d));
    buf_printf(b, ")::numeric, %s FROM ", bytes == NULL ? "0::numeric" : "sum(t.bytes)::numeric");
    sql_of_table(b, t);
    buf_text(b, " AS t");
    if (version != NULL) { /* a total holds what its versions do, and what has no version */
        buf_text(b, " WHERE t.");
        pg_ident(NULL, b, version);
        buf_text(b, " IS NULL");
    }
    sql_of_part(b, book, version != NULL ? " AND " : " WHERE ");
    buf_text(b, " GROUP BY 1, 2");
}

void
balance_sql_of_tables(struct buf *b, const struct book *book)
{
    buf_text(b, "found AS (SELECT node, bucket, sum(n) AS count, sum(b) AS bytes FROM (");
    for (size_t i = 0; i < book->n_tables; i++) {
        buf_text(b, i > 0 ? " UNION ALL " : "");
        sql_of_rows(b, book, &book->tables[i]);
    }
    if (book->n_tables == 0)
        buf_text(b, "SELECT 0, NULL::date, 0::numeric, 0::numeric WHERE false");
    buf_text(b, ") AS parts(node, bucket, n, b) GROUP BY node, bucket), ");
}

/* What stood there before, and is on the ledger's side: openings.c. */
static void
sql_of_openings(struct buf *b, const struct audit *a, const struct book *book)
{
    buf_printf(b,
               a->has_openings
                   ? "opened AS (SELECT scope AS node, day AS bucket, count, bytes"
                     " FROM ingest.openings WHERE dataset = '%s'), "
                   : "opened AS (SELECT 0 AS node, NULL::date AS bucket, 0 AS count, 0 AS bytes"
                     " WHERE '%s' = ''), ",
               book->dataset->name);
}

bool
balance_has_bytes(const struct book *book)
{
    bool all = book->n_tables > 0;

    for (size_t i = 0; i < book->n_tables; i++)
        all = all && book_bytes(&book->tables[i]) != NULL;
    return all;
}

/*
 * low and high: between them `theirs`, without the opening balance, is well; NULL is no bound. Where
 * there is such a balance, whoever else wrote the table has stopped to count these days.
 */
static void
sql_of_bounds(struct buf *b, const struct book *book)
{
    enum scale scale = scale_of(book);
    const char *high = scale == AT_LEAST ? "CASE WHEN opened THEN ours + gone END" : "ours + gone",
               *low = "ours";

    if (scale == SIGNED) {
        low = book->shared ? "CASE WHEN opened THEN -ours END" : "-ours";
        high = book->shared ? "CASE WHEN opened THEN ours END" : "ours";
    } else if (scale == AT_MOST) {
        low = "-opening";
    }
    buf_printf(
        b,
        "pairs AS (SELECT node, bucket, coalesce(l.again, false) AS again,"
        " coalesce(l.given, false) AS given, o.bucket IS NOT NULL AS opened,"
        " m.measure, m.ours, m.stands - m.opening AS theirs, m.gone, m.opening"
        " FROM ledger l FULL JOIN found f USING (node, bucket) FULL JOIN opened o USING (node, bucket),"
        " LATERAL (VALUES ('downloads', coalesce(l.count, 0), coalesce(f.count, 0),"
        " coalesce(l.count_gone, 0), coalesce(o.count, 0)::numeric)"
        " %s) AS m(measure, ours, stands, gone, opening)), "
        "judged AS (SELECT *, coalesce(theirs < %s, false) OR coalesce(theirs > CASE WHEN again"
        " OR (given AND measure <> 'bytes') THEN NULL ELSE %s END, false)",
        balance_has_bytes(book) ? ", ('bytes', coalesce(l.bytes, 0), coalesce(f.bytes, 0),"
                                  " coalesce(l.bytes_gone, 0), coalesce(o.bytes, 0)::numeric)"
                                : "",
        low, high);
    if (scale == SIGNED)
        buf_printf(b, " OR %s AND mod(ours - theirs, 2) <> 0", book->shared ? "opened" : "true");
    buf_text(b, " AS bad FROM pairs) ");
}

enum {
    ROW_MONTH,
    ROW_NODE,
    ROW_MEASURE,
    ROW_OURS,
    ROW_THEIRS,
    ROW_BAD,
    ROW_FIRST,
    ROW_LOOSE,
    ROW_LESS,
    ROW_OPENED,
    ROW_OPENING,
    ROW_BAD_OPENED
};

static void
sql_of_months(struct buf *b, const struct book *book)
{
    buf_text(b, "SELECT to_char(month, 'YYYY-MM'), ");
    if (!book->dataset->has_node)
        buf_text(b, "NULL");
    else if (book->nodes[0] == '\0')
        buf_text(b, "node::text");
    else
        buf_printf(b, "coalesce((SELECT n.name::text FROM %s AS n WHERE n.id = node), node::text)",
                   book->nodes);
    buf_text(b, ", measure, sum(ours + opening), sum(theirs + opening), count(*) FILTER (WHERE bad),"
                " min(bucket) FILTER (WHERE bad), bool_or(again OR given OR gone > 0),"
                " count(*) FILTER (WHERE NOT bad AND theirs < ours),"
                " count(*) FILTER (WHERE opened),"
                " greatest(least(sum(opening), 9223372036854775807), -9223372036854775807),"
                " bool_or(bad AND opened)"
                " FROM judged, LATERAL (SELECT ");
    sql_of_month(b, "judged", "bucket");
    buf_text(b, ") AS of(month) GROUP BY month, node, measure ORDER BY month, node, measure DESC");
}

/* ---- telling ---- */

static const char *
unit_of(const struct book *book, const struct pg_result *r, size_t row)
{
    if (slice_is(pg_text(r, row, ROW_MEASURE), "bytes"))
        return "bytes do not balance";
    if (book->dataset->signed_sums)
        return "changes do not balance";
    return book->dataset->has_node ? "requests do not balance" : "downloads do not balance";
}

static const char *
explain(const struct book *book, bool opened)
{
    if (book->n_tables == 0)
        return "no table holds what the ledger says was counted: it was dropped or renamed, or its schema "
               "is not on the search path";
    if (opened)
        return "rows of days that were adopted have changed since, or whoever counted them before has not "
               "stopped";
    if (book->shared)
        return "a table that others write, too, may hold more than the ledger, not less: rows were deleted "
               "or changed";
    if (book->dataset->signed_sums)
        return "so many changes of one each do not give this sum: rows were deleted or changed, or another "
               "program writes into the table";
    if (book->cascades)
        return "more than was counted: another program writes into the table, or rows of the ledger are "
               "missing";
    return "rows were deleted or changed, another program writes into the table, or one of the two was "
           "restored without the other";
}

static void
tell_month(struct audit *a, const struct book *book, const struct pg_result *r, size_t row)
{
    char table[TABLE_NAME], key[64];
    int64_t n = pg_int(r, row, ROW_BAD);
    const char *first = pg_is_null(r, row, ROW_FIRST) ? "no day" : pg_text(r, row, ROW_FIRST).p;
    bool by_day = book->dataset->bucket == BUCKET_DAY;

    if (book->n_tables > 0)
        name_of_table(&book->tables[0], table);
    else
        snprintf(table, sizeof table, "%s", book->dataset->table);
    snprintf(key, sizeof key, n > 1 ? "%.20s and %" PRId64 " more" : "%.20s", first, n - 1);
    audit_tell(a,
               &(struct audit_line){
                   .word = AUDIT_FINDING,
                   .check = "balance",
                   .table = table,
                   .month = pg_is_null(r, row, ROW_MONTH) ? NULL : pg_text(r, row, ROW_MONTH).p,
                   .node = pg_is_null(r, row, ROW_NODE) ? NULL : pg_text(r, row, ROW_NODE).p,
                   .key = by_day ? key : NULL,
                   .ours = pg_text(r, row, ROW_OURS).p,
                   .theirs = pg_text(r, row, ROW_THEIRS).p,
                   .what = unit_of(book, r, row),
                   .why = explain(book, slice_is(pg_text(r, row, ROW_BAD_OPENED), "t")),
               },
               1);
}

static void
note(struct audit *a, const char *table, const char *what)
{
    audit_tell(a,
               &(struct audit_line){
                   .word = AUDIT_NOTE, .check = "balance", .table = table, .what = what },
               0);
}

/* Of a month: what was there before the ledger, by the word of whoever adopted it. */
static void
tell_opening(struct audit *a, const struct book *book, const struct pg_result *r, size_t row,
             int64_t more)
{
    char table[TABLE_NAME], what[128], number[32];
    int64_t days = pg_int(r, row, ROW_OPENED), n = pg_int(r, row, ROW_OPENING);

    snprintf(what, sizeof what, "opening balance of %s%s from before",
             n < 0 ? "-" : "", num_grouped(n < 0 ? 0 - (uint64_t)n : (uint64_t)n, number));
    if (book->dataset->bucket == BUCKET_DAY)
        snprintf(what + strlen(what), sizeof what - strlen(what), ", of %" PRId64 " day%s", days,
                 days == 1 ? "" : "s");
    audit_tell(a,
               &(struct audit_line){
                   .word = AUDIT_NOTE,
                   .check = "balance",
                   .table = name_of_table(&book->tables[0], table),
                   .month = pg_is_null(r, row, ROW_MONTH) ? NULL : pg_text(r, row, ROW_MONTH).p,
                   .node = pg_is_null(r, row, ROW_NODE) ? NULL : pg_text(r, row, ROW_NODE).p,
                   .what = what,
                   .more = more,
               },
               0);
}

static bool
is_opened(const struct pg_result *r, size_t row)
{
    return pg_int(r, row, ROW_OPENED) > 0 && !slice_is(pg_text(r, row, ROW_MEASURE), "bytes");
}

static void
tell_openings(struct audit *a, const struct book *book, const struct pg_result *r)
{
    int64_t n = 0, told = 0;

    for (size_t i = 0; i < pg_rows(r); i++)
        n += is_opened(r, i);
    for (size_t i = 0; i < pg_rows(r) && told < AUDIT_SHOWN; i++)
        if (is_opened(r, i)) {
            told++;
            tell_opening(a, book, r, i, told == AUDIT_SHOWN ? n - told : 0);
        }
}

/* What the comparison could not say, so that nobody takes it for more than it is. */
static void
tell_limits(struct audit *a, const struct book *book, const struct pg_result *r)
{
    char table[TABLE_NAME];
    int64_t n_loose = 0, n_less = 0;

    for (size_t i = 0; i < book->n_tables; i++)
        if (!book->tables[i].ours)
            note(a, name_of_table(&book->tables[i], table),
                 "others write it, too: it is to hold at least what the ledger says");
    for (size_t i = 0; i < pg_rows(r); i++) {
        n_loose += slice_is(pg_text(r, i, ROW_LOOSE), "t");
        n_less += pg_int(r, i, ROW_LESS);
    }
    tell_openings(a, book, r);
    name_of_table(&book->tables[0], table);
    if (n_loose > 0 && !book->shared)
        note(a, table,
             "of months with --replace, or with sums that others made, only bounds are known");
    if (n_less > 0 && scale_of(book) == AT_MOST)
        note(a, table, "it holds less than the ledger: rows went with those that they refer to");
}

static void
tell(struct audit *a, const struct book *book, const struct pg_result *r)
{
    char table[TABLE_NAME], what[128];
    size_t n_bad = 0;

    for (size_t i = 0; i < pg_rows(r); i++)
        if (pg_int(r, i, ROW_BAD) > 0) {
            tell_month(a, book, r, i);
            n_bad++;
        }
    if (book->n_tables == 0)
        return;
    tell_limits(a, book, r);
    if (n_bad == 0 && pg_rows(r) > 0) {
        size_t n_measures = balance_has_bytes(book) ? 2 : 1;

        snprintf(what, sizeof what, "balances, %zu month%s%s%s", pg_rows(r) / n_measures,
                 pg_rows(r) / n_measures == 1 ? "" : "s",
                 book->dataset->has_node ? " of a node" : "",
                 n_measures == 2 ? ", with its bytes" : "");
        audit_well(a, "balance", name_of_table(&book->tables[0], table), what);
    }
}

enum st
balance_check(struct audit *a, const struct book *book, struct err *err)
{
    struct pg_result *r = NULL;
    struct buf b = { 0 };
    char table[TABLE_NAME];
    enum st rc;

    if (book->dataset->keeps_latest) { /* nothing that could be added up */
        for (size_t i = 0; book->is_fed && i < book->n_tables; i++)
            note(a, name_of_table(&book->tables[i], table),
                 "it has the latest times alone, of which there is no sum");
        return ST_OK;
    }
    balance_sql_of_ledger(&b, book);
    balance_sql_of_tables(&b, book);
    sql_of_openings(&b, a, book);
    sql_of_bounds(&b, book);
    sql_of_months(&b, book);
    rc = buf_str(&b) == NULL ? err_memory(err, audit_what)
                             : pg_run(a->pg, audit_what, buf_str(&b), 0, NULL, &r, err);
    if (rc == ST_OK)
        tell(a, book, r);
    pg_free(r);
    buf_release(&b);
    return rc;
}
