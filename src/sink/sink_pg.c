/*
 * Rows into a table, inside the caller's transaction: straight where nothing can be in the way,
 * else through the stage. Counts are added and sketches united by the server, row for row, in two
 * statements a pass.
 */
#include "sink_priv.h"

/* Of UPDATE and INSERT, against writers who do not take that lock. */
#define TRIES 3

static const char what[] = "cannot merge rows";

enum st
sink_lock(struct pg *pg, const struct target *t, struct err *err)
{
    char oid[16];
    const char *values[] = { oid };

    /* The lock's key is a signed integer, an OID is not. */
    snprintf(oid, sizeof oid, "%" PRId32, (int32_t)t->oid);
    return pg_run(pg, "cannot lock the table against other merges",
                  "SELECT pg_advisory_xact_lock(" PG_LOCK_TABLE ", $1::integer)", 1, values, NULL,
                  err);
}

/* ---- straight ---- */

static void
print_day(const struct target *t, int32_t day, char out[24])
{
    if (key_day(t->dataset)->as_epoch)
        snprintf(out, 24, "%" PRId64, day_epoch(day));
    else
        clock_format_day(day, out);
}

static enum st
is_free(struct pg *pg, const struct target *t, int32_t first_day, int32_t last_day,
        bool *free_range, struct err *err)
{
    char first[24], last[24], node[16];
    const char *values[] = { first, last, node };
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    enum st st;

    print_day(t, first_day, first);
    print_day(t, last_day, last);
    snprintf(node, sizeof node, "%" PRId32, t->node_id);
    sql_any_row(&sql, t);
    st = buf_str(&sql) == NULL
             ? err_memory(err, what)
             : pg_run(pg, what, sql.p, t->dataset->has_node ? 3 : 2, values, &r, err);
    if (st == ST_OK)
        *free_range = slice_is(pg_text(r, 0, 0), "f");
    pg_free(r);
    buf_release(&sql);
    return st;
}

static enum st
merge_straight(struct pg *pg, const struct target *t, struct rows *rows, struct merge_result *out,
               struct err *err)
{
    struct buf table = { 0 };
    enum st st;

    sql_table(&table, t);
    st = buf_str(&table) == NULL ? err_memory(err, what)
                                 : send_rows(pg, t, table.p, rows, &out->sent, err);
    buf_release(&table);
    /* A stranger's row came between our look and our rows: see sink.h. */
    if (st == ST_DB && strcmp(pg_sqlstate(pg), "23505") == 0)
        st = err->code = ST_DB_RETRY;
    out->inserted = out->sent;
    out->copied = true;
    return st;
}

/* ---- through the stage ---- */

static enum st
run_counted(struct pg *pg, struct buf *sql, int64_t *n, struct err *err)
{
    struct pg_result *r = NULL;
    enum st st =
        buf_str(sql) == NULL ? err_memory(err, what) : pg_run(pg, what, sql->p, 0, NULL, &r, err);

    if (st == ST_OK)
        *n += pg_affected(r);
    pg_free(r);
    buf_reset(sql);
    return st;
}

static enum st
update_and_insert(struct pg *pg, const struct target *t, const struct stage *s,
                  struct merge_result *out, struct err *err)
{
    static const enum pass both[] = { PASS_NOT_NULL, PASS_NULL }, once[] = { PASS_ALL };
    bool nullable = key_nullable(t->dataset) != NULL;
    const enum pass *passes = nullable ? both : once;
    struct buf sql = { 0 };
    enum st st = ST_OK;

    out->updated = out->inserted = 0;
    for (size_t i = 0; i < (nullable ? 2 : 1) && st == ST_OK; i++) {
        sql_update(&sql, t, s->name, passes[i]);
        st = run_counted(pg, &sql, &out->updated, err);
        if (st != ST_OK)
            break;
        sql_insert(&sql, t, s->name, passes[i]);
        st = run_counted(pg, &sql, &out->inserted, err);
    }
    buf_release(&sql);
    return st;
}

/*
 * A writer without our lock may insert a key between our UPDATE, which did not see it, and our
 * INSERT, which then violates a unique index or leaves the row out. Done again, UPDATE sees it.
 */
static enum st
merge_stage(struct pg *pg, const struct target *t, const struct stage *s, struct merge_result *out,
            struct err *err)
{
    for (int i = 0; i < TRIES; i++) {
        enum st st = pg_script(pg, what, "SAVEPOINT ingest_merge", err);
        bool taken;

        if (st != ST_OK)
            return st;
        st = update_and_insert(pg, t, s, out, err);
        taken = st == ST_DB && strcmp(pg_sqlstate(pg), "23505") == 0;
        if (st != ST_OK && !taken)
            return st;
        if (st == ST_OK && out->updated + out->inserted == out->sent)
            return pg_script(pg, what, "RELEASE SAVEPOINT ingest_merge", err);
        if (i + 1 == TRIES && taken)
            return st;
        st = pg_script(pg, what, "ROLLBACK TO SAVEPOINT ingest_merge", err);
        if (st != ST_OK)
            return st;
    }
    return err_fail(err, ST_BUG, what,
                    "%" PRId64 " rows were sent, %" PRId64 " updated and %" PRId64 " inserted",
                    out->sent, out->updated, out->inserted);
}

/*
 * The joins hash and sort one batch's keys: with the default of 4 MB that goes through files. Never
 * lowers what is set. And where the table's statistics do not know the batch's day yet, nothing
 * seems to fit, and a merge join by the day alone looks cheap: it would compare each row with all
 * of its day, which took 218 s for 25,000 rows onto 55,000.
 */
enum st
sink_guide_planner(struct pg *pg, struct err *err)
{
    return pg_run(pg, what,
                  "SELECT set_config('enable_mergejoin', 'off', true),"
                  " CASE WHEN (SELECT setting::bigint < 65536 FROM pg_catalog.pg_settings"
                  "            WHERE name = 'work_mem')"
                  " THEN set_config('work_mem', '64MB', true) END",
                  0, NULL, NULL, err);
}

/*
 * No unique constraint holds NULLs apart, so whoever wrote this table before may have made such
 * keys twice.
 */
static enum st
count_doubled(struct pg *pg, const struct target *t, const struct stage *s,
              struct merge_result *out, struct err *err)
{
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    enum st st;

    if (t->ours || key_nullable(t->dataset) == NULL)
        return ST_OK;
    sql_doubled(&sql, t, s->name);
    st = buf_str(&sql) == NULL ? err_memory(err, what) : pg_run(pg, what, sql.p, 0, NULL, &r, err);
    if (st == ST_OK)
        out->doubled = pg_int(r, 0, 0);
    pg_free(r);
    buf_release(&sql);
    return st;
}

/* All that is done with rows in the stage: the merge, and what the dataset wants besides. */
static enum st
merge_filled(struct pg *pg, const struct target *t, const struct stage *s, struct merge_result *out,
             struct err *err)
{
    int64_t uncounted = 0;
    enum st st = stage_filled(pg, t, s, err);

    if (st == ST_OK)
        st = beside_run(pg, t, s, BESIDE_BEFORE, &uncounted, err);
    if (st == ST_OK)
        st = t->dataset->instead != NULL
                 ? beside_run(pg, t, s, BESIDE_INSTEAD, &out->updated, err)
                 : merge_stage(pg, t, s, out, err);
    if (st == ST_OK && t->dataset->instead == NULL)
        st = count_doubled(pg, t, s, out, err);
    if (st == ST_OK)
        st = beside_run(pg, t, s, BESIDE_AFTER, &uncounted, err);
    return st;
}

/* "numeric_value_out_of_range": of what we send, it is for columns that are narrower than ours. */
static void
explain_range(struct pg *pg, const struct target *t, struct err *err)
{
    const struct dataset *d = t->dataset;

    if (strcmp(pg_sqlstate(pg), "22003") != 0)
        return;
    for (size_t i = 0; i < KEY_COLS_MAX + SUMS_MAX; i++)
        if ((t->narrow >> i & 1) != 0) {
            const char *name = i < KEY_COLS_MAX ? d->keys[i].name : d->sums[i - KEY_COLS_MAX];

            err_hint(err, "as the owner: ALTER TABLE %.40s.%.40s ALTER %.40s TYPE bigint;",
                     t->schema, d->table, name);
            return;
        }
}

static enum st
merge_through_stage(struct pg *pg, const struct target *t, struct rows *rows,
                    struct merge_result *out, struct err *err)
{
    struct stage stage;
    enum st st = sink_guide_planner(pg, err);

    if (st == ST_OK)
        st = stage_open(pg, t, &stage, err);
    if (st == ST_OK)
        st = send_rows(pg, t, stage.name, rows, &out->sent, err);
    if (st == ST_OK && out->sent > 0)
        st = merge_filled(pg, t, &stage, out, err);
    if (st == ST_DB)
        explain_range(pg, t, err);
    return st == ST_OK ? stage_close(pg, &stage, err) : st;
}

enum st
sink_merge(struct pg *pg, const struct target *t, struct rows *rows, int32_t first_day,
           int32_t last_day, struct merge_result *out, struct err *err)
{
    bool free_range = false;
    enum st st = ST_OK;

    *out = (struct merge_result){ 0 };
    if (t->ours && t->statements == 0 && first_day != DAY_NONE)
        st = is_free(pg, t, first_day, last_day, &free_range, err);
    if (st != ST_OK)
        return st;
    return free_range ? merge_straight(pg, t, rows, out, err)
                      : merge_through_stage(pg, t, rows, out, err);
}
