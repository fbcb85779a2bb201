/*
 * The scores and the lists, computed by the server: one pass over emote_stats, whose result stays
 * in a temporary table. Only the lists come here, as ids.
 */
#include "ingest/base.h"

#include "ingest/board.h"
#include "ingest/clock.h"

const char *const board_names[BOARD_LISTS] = {
    [BOARD_TOP_DAILY] = "top_daily",           [BOARD_TOP_WEEKLY] = "top_weekly",
    [BOARD_TOP_MONTHLY] = "top_monthly",       [BOARD_TOP_ALL_TIME] = "top_all_time",
    [BOARD_TRENDING_DAY] = "trending_day",     [BOARD_TRENDING_WEEK] = "trending_week",
    [BOARD_TRENDING_MONTH] = "trending_month",
};

#define BOARD "pg_temp.ingest_board"

static const char what[] = "cannot compute the leaderboards";

/* ---- the tables ---- */

/* *out: quoted, as SQL wants it; "" when there is none. */
static enum st
find(struct pg *pg, const char *schema, const char *table, char *out, size_t cap, struct err *err)
{
    static const char sql[] =
        "SELECT format('%I.%I', n.nspname, c.relname)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = coalesce(to_regclass(quote_ident($1) || '.' || quote_ident($2)),"
        "                        to_regclass(quote_ident($2)))";
    const char *values[] = { schema, table };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, ARRAY_LEN(values), values, &r, err);

    out[0] = '\0';
    if (rc == ST_OK && pg_rows(r) > 0)
        snprintf(out, cap, "%s", pg_text(r, 0, 0).p);
    pg_free(r);
    return rc;
}

static enum st
missing(const char *table, const char *cause, struct err *err)
{
    err_set(err, ST_DB, "table \"%s\" is missing", table);
    err_cause(err, "%s", cause);
    err_hint(err, "ingest migrate up seventv");
    return ST_DB;
}

struct tables {
    char stats[160], scores[160];
};

static enum st
find_tables(struct tables *t, struct pg *pg, const struct board_question *q, struct err *err)
{
    enum st rc;

    if ((rc = find(pg, q->schema, "emote_stats", t->stats, sizeof t->stats, err)) != ST_OK ||
        (rc = find(pg, q->schema, "emote_scores", t->scores, sizeof t->scores, err)) != ST_OK)
        return rc;
    if (t->stats[0] == '\0')
        return missing("emote_stats", "no schema of the search path has it", err);
    if (t->scores[0] == '\0' && q->top == 0)
        return missing("emote_scores",
                       "without it there is nothing to write into, and no -o DIR is said", err);
    return ST_OK;
}

/* ---- the figures ---- */

static enum st
find_today(struct board *b, struct pg *pg, const struct board_question *q, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc;

    if (q->until != DAY_NONE) {
        b->today = q->until - 1;
        return ST_OK;
    }
    rc = pg_run(pg, what, "SELECT (now() AT TIME ZONE 'UTC')::date::text", 0, NULL, &r, err);
    if (rc == ST_OK && !clock_parse_day(pg_text(r, 0, 0), &b->today))
        rc = err_fail(err, ST_DB, what, "the server's clock says \"%.40s\"", pg_text(r, 0, 0).p);
    pg_free(r);
    return rc;
}

/* "sum as NAME", cut as a CAST to Int32 cuts it: the low 32 bits, with their sign. */
static void
add_top(struct buf *sql, const char *name)
{
    buf_printf(sql,
               ", (mod(mod(coalesce(%s, 0) + 2147483648, 4294967296) + 4294967296, 4294967296)"
               " - 2147483648)::integer AS %s",
               name, name);
}

/*
 * Of two windows, the shorter in millionths of the longer, as Rust computes it with f64:
 * PostgreSQL's float8 is the same IEEE 754 double, so every rounding is.
 */
static void
add_trending(struct buf *sql, const char *name, const char *shorter, const char *longer,
             int more_than)
{
    buf_printf(sql,
               ", CASE WHEN %s > %d THEN least(greatest(floor(%s::float8 / %s::float8"
               " * '1e6'::float8), 0), 2147483647)::integer ELSE 0 END AS %s",
               longer, more_than, shorter, longer, name);
}

/* Innermost the pass over emote_stats. Days are ours, table names are quoted by the server. */
static bool
sums_sql(struct buf *sql, const struct board *b, const struct tables *t,
         const struct board_question *q)
{
    static const int32_t back[] = { 2, 7, 30 };
    char day[11];

    buf_text(sql, "CREATE TEMP TABLE ingest_board ON COMMIT DROP AS SELECT *");
    add_trending(sql, "trending_day", "top_daily", "top_weekly", 100);
    add_trending(sql, "trending_week", "top_weekly", "top_monthly", 200);
    add_trending(sql, "trending_month", "top_monthly", "top_all_time", 500);
    buf_text(sql, " FROM (SELECT emote_id");
    for (size_t i = 0; i <= BOARD_TOP_ALL_TIME; i++)
        add_top(sql, board_names[i]);
    buf_text(sql, " FROM (SELECT emote_id, sum(count) AS top_all_time");
    for (size_t i = 0; i < ARRAY_LEN(back); i++) {
        clock_format_day(b->today < back[i] ? 0 : b->today - back[i], day);
        buf_printf(sql, ", sum(count) FILTER (WHERE date >= '%s') AS %s", day, board_names[i]);
    }
    buf_printf(sql, " FROM %s", t->stats);
    if (q->until != DAY_NONE) {
        clock_format_day(q->until, day);
        buf_printf(sql, " WHERE date < '%s'", day);
    }
    buf_text(sql, " GROUP BY emote_id) AS sums) AS tops; ANALYZE " BOARD);
    return buf_str(sql) != NULL;
}

static enum st
compute(struct board *b, struct pg *pg, const struct tables *t, const struct board_question *q,
        struct err *err)
{
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    enum st rc;

    rc = sums_sql(&sql, b, t, q) ? pg_script(pg, what, sql.p, err) : err_memory(err, what);
    if (rc == ST_OK)
        rc = pg_run(pg, what, "SELECT count(*) FROM " BOARD, 0, NULL, &r, err);
    if (rc == ST_OK)
        b->n_emotes = pg_int(r, 0, 0);
    pg_free(r);
    buf_release(&sql);
    return rc;
}

/* The lock keeps two boards from updating the same rows in different orders; readers pass. */
static enum st
write_scores(struct pg *pg, const char *scores, struct err *err)
{
    struct buf sql = { 0 };
    enum st rc;

    buf_printf(&sql, "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE; UPDATE %s AS s SET ", scores,
               scores);
    for (size_t i = 0; i < BOARD_LISTS; i++)
        buf_printf(&sql, "%s = b.%s, ", board_names[i], board_names[i]);
    buf_text(&sql, "updated_at = now() FROM " BOARD " AS b WHERE b.emote_id = s.emote_id; ");
    buf_printf(&sql, "INSERT INTO %s (emote_id", scores);
    for (size_t i = 0; i < BOARD_LISTS; i++)
        buf_printf(&sql, ", %s", board_names[i]);
    buf_text(&sql, ", updated_at) SELECT b.emote_id");
    for (size_t i = 0; i < BOARD_LISTS; i++)
        buf_printf(&sql, ", b.%s", board_names[i]);
    buf_printf(&sql,
               ", now() FROM " BOARD " AS b WHERE NOT EXISTS"
               " (SELECT FROM %s AS s WHERE s.emote_id = b.emote_id) ORDER BY b.emote_id",
               scores);
    rc = buf_str(&sql) == NULL ? err_memory(err, what)
                               : pg_script(pg, "cannot write emote_scores", sql.p, err);
    buf_release(&sql);
    return rc;
}

/* ---- the lists ---- */

static enum st
read_list(struct board *b, struct pg *pg, enum board_list list, size_t top, struct err *err)
{
    const char *name = board_names[list];
    bool positive = list >= BOARD_TRENDING_DAY;
    struct pg_result *r = NULL;
    char sql[256];
    enum st rc;

    snprintf(sql, sizeof sql,
             "SELECT uuid_send(emote_id) FROM " BOARD "%s%s%s"
             " ORDER BY %s DESC, emote_id DESC LIMIT %zu",
             positive ? " WHERE " : "", positive ? name : "", positive ? " > 0" : "", name, top);
    if ((rc = pg_run(pg, what, sql, 0, NULL, &r, err)) != ST_OK)
        return rc;
    b->n_ids[list] = pg_rows(r);
    b->ids[list] = calloc(pg_rows(r) + 1, sizeof *b->ids[list]);
    if (b->ids[list] == NULL)
        rc = err_memory(err, what);
    for (size_t i = 0; rc == ST_OK && i < b->n_ids[list]; i++)
        if (pg_bytea(r, i, 0, b->ids[list][i], 16) != 16)
            rc = err_fail(err, ST_DB, what, "the server sent no UUID");
    pg_free(r);
    return rc;
}

enum st
board_compute(struct board *b, struct pg *pg, const struct board_question *q, struct err *err)
{
    struct tables tables;
    enum st rc;

    *b = (struct board){ .today = DAY_NONE };
    if ((rc = find_tables(&tables, pg, q, err)) != ST_OK ||
        (rc = find_today(b, pg, q, err)) != ST_OK ||
        (rc = compute(b, pg, &tables, q, err)) != ST_OK)
        return rc;
    if (tables.scores[0] != '\0') {
        if ((rc = write_scores(pg, tables.scores, err)) != ST_OK)
            return rc;
        b->has_scores = true;
    }
    for (int i = 0; q->top > 0 && i < BOARD_LISTS; i++)
        if ((rc = read_list(b, pg, (enum board_list)i, q->top, err)) != ST_OK)
            return rc;
    return ST_OK;
}

void
board_release(struct board *b)
{
    for (size_t i = 0; i < BOARD_LISTS; i++) {
        free(b->ids[i]);
        b->ids[i] = NULL;
        b->n_ids[i] = 0;
    }
}
