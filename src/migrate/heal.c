/*
 * Doubled rows without a version in Zeco's `stats`. A unique constraint takes NULLs for different,
 * so a log processor that relies on it has made a new total with every run. Rows alone are changed
 * here: those of one key are added up in the lowest of them, and what was there before is kept in
 * ingest.doubled.
 *
 * One transaction, under our lock on the table and one that keeps out writers who do not know it.
 */
#include "runner_priv.h"

static const char what[] = "cannot unite doubled rows";

struct patient {
    uint32_t oid;
    char     name[280];     /* quoted, with its schema */
    char     lowest[64];    /* its primary key of one column; "" without one */
    char     hll_schema[64];
    bool     has_auth, has_bytes, has_clients;
};

/* ---- which table ---- */

static enum st
find_table(struct pg *pg, struct patient *p, struct err *err)
{
    static const char sql[] =
        "WITH t AS (SELECT coalesce(to_regclass('zeco.stats'), to_regclass('stats'))::oid AS oid),"
        " has AS (SELECT a.attname FROM pg_catalog.pg_attribute a, t WHERE a.attrelid = t.oid"
        "         AND a.attnum > 0 AND NOT a.attisdropped)"
        "SELECT c.oid, format('%I.%I', n.nspname, c.relname),"
        "  coalesce((SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a"
        "            ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        "            WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1), ''),"
        "  coalesce((SELECT h.nspname FROM pg_catalog.pg_extension e"
        "            JOIN pg_catalog.pg_namespace h ON h.oid = e.extnamespace"
        "            WHERE e.extname = 'hll'), ''),"
        "  EXISTS (SELECT FROM has WHERE attname = 'auth'),"
        "  EXISTS (SELECT FROM has WHERE attname = 'bytes'),"
        "  EXISTS (SELECT FROM has WHERE attname = 'clients'),"
        "  (SELECT count(*) FROM has WHERE attname IN ('name', 'version', 'dldate', 'count')) = 4"
        " FROM t JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'p')"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";
    struct pg_result *r = NULL;
    enum st st = pg_run(pg, what, sql, 0, NULL, &r, err);

    if (st != ST_OK)
        return st;
    if (pg_rows(r) == 0 || !slice_is(pg_text(r, 0, 7), "t")) {
        st = err_fail(err, ST_DB, what, "there is no table \"stats\" of downloads by version");
        err_hint(err, "name the database of Zeco (-d), or a search path that leads to its table");
    } else {
        p->oid = (uint32_t)pg_int(r, 0, 0);
        snprintf(p->name, sizeof p->name, "%s", pg_text(r, 0, 1).p);
        snprintf(p->lowest, sizeof p->lowest, "%s", pg_text(r, 0, 2).p);
        snprintf(p->hll_schema, sizeof p->hll_schema, "%s", pg_text(r, 0, 3).p);
        p->has_auth = slice_is(pg_text(r, 0, 4), "t");
        p->has_bytes = slice_is(pg_text(r, 0, 5), "t");
        p->has_clients = slice_is(pg_text(r, 0, 6), "t");
    }
    pg_free(r);
    return st;
}

/* What counting does not need, and this does. */
static enum st
look_at_rights(struct pg *pg, const struct patient *p, struct err *err)
{
    static const char sql[] =
        "SELECT current_user, string_agg(p, ', '), quote_ident(current_user)"
        " FROM unnest(ARRAY['SELECT', 'UPDATE', 'DELETE']) p"
        " WHERE NOT has_table_privilege($1::oid, p)";
    char oid[16];
    const char *values[] = { oid };
    struct pg_result *r = NULL;
    enum st st;

    snprintf(oid, sizeof oid, "%" PRIu32, p->oid);
    st = pg_run(pg, what, sql, 1, values, &r, err);
    if (st == ST_OK && !pg_is_null(r, 0, 1)) {
        st = err_fail(err, ST_DB, what, "the role \"%.63s\" lacks %s on %.100s",
                      pg_text(r, 0, 0).p, pg_text(r, 0, 1).p, p->name);
        err_hint(err, "as the owner: GRANT %s ON %.100s TO %.63s;", pg_text(r, 0, 1).p, p->name,
                 pg_text(r, 0, 2).p);
    }
    pg_free(r);
    return st;
}

static enum st
lock(struct pg *pg, const struct patient *p, struct err *err)
{
    struct buf sql = { 0 };
    enum st st;

    /* The lock's key is a signed integer, an OID is not. */
    buf_printf(&sql, "SELECT pg_advisory_xact_lock(" PG_LOCK_TABLE ", %" PRId32 ");"
                     "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
               (int32_t)p->oid, p->name);
    st = buf_str(&sql) == NULL ? err_memory(err, what) : pg_script(pg, what, sql.p, err);
    buf_release(&sql);
    return st;
}

/* ---- the rows ---- */

/* `value`: of $1; NULL: the statement has none. */
static enum st
run_counted(struct pg *pg, struct buf *sql, const char *value, int64_t *n, struct err *err)
{
    struct pg_result *r = NULL;
    enum st st = buf_str(sql) == NULL
                     ? err_memory(err, what)
                     : pg_run(pg, what, sql->p, value != NULL, &value, &r, err);

    *n = st == ST_OK ? pg_affected(r) : 0;
    pg_free(r);
    buf_release(sql);
    return st;
}

/*
 * The rows of keys that have more than one: which key, and the how manyth of it, the lowest first,
 * as the merge takes them (src/sink/merge_sql.c).
 */
static enum st
find_doubled(struct pg *pg, const struct patient *p, int64_t *n, struct err *err)
{
    const char *keys = p->has_auth ? "name, dldate, auth" : "name, dldate";
    struct buf sql = { 0 };

    buf_printf(&sql,
               "CREATE TEMPORARY TABLE ingest_doubled ON COMMIT DROP AS SELECT * FROM"
               " (SELECT tableoid AS in_table, ctid AS at_place,"
               "  dense_rank() OVER (ORDER BY %s) AS of_key,"
               "  row_number() OVER (PARTITION BY %s ORDER BY ",
               keys, keys);
    if (p->lowest[0] != '\0') {
        pg_ident(pg, &sql, p->lowest);
        buf_text(&sql, ", ");
    }
    buf_printf(&sql,
               "tableoid, ctid) AS nth, count(*) OVER (PARTITION BY %s) AS n FROM %s"
               " WHERE version IS NULL) AS x WHERE n > 1",
               keys, p->name);
    return run_counted(pg, &sql, NULL, n, err);
}

static const char of_doubled[] = " t.tableoid = d.in_table AND t.ctid = d.at_place";

static enum st
keep_originals(struct pg *pg, const struct patient *p, int64_t *n, struct err *err)
{
    struct buf sql = { 0 };

    buf_printf(&sql,
               "INSERT INTO ingest.doubled (at_table, kept, original)"
               " SELECT $1, d.nth = 1, to_jsonb(t)"
               " FROM %s AS t JOIN ingest_doubled AS d ON%s ORDER BY d.of_key, d.nth",
               p->name, of_doubled);
    return run_counted(pg, &sql, p->name, n, err);
}

/*
 * As in the merge sums stop at 2^63 - 1, and NULL is nothing: least() passes over one, and would
 * give that limit.
 */
static enum st
add_up(struct pg *pg, const struct patient *p, int64_t *n, struct err *err)
{
    struct buf sql = { 0 };

    buf_printf(&sql, "UPDATE %s AS t SET count = s.count", p->name);
    if (p->has_bytes)
        buf_text(&sql, ", bytes = s.bytes");
    if (p->has_clients)
        buf_text(&sql, ", clients = s.clients");
    buf_text(&sql, " FROM ingest_doubled AS d JOIN (SELECT d.of_key,"
                   " least(coalesce(sum(t.count), 0), 9223372036854775807)::bigint AS count");
    if (p->has_bytes)
        buf_text(&sql, ", least(coalesce(sum(t.bytes), 0), 9223372036854775807)::bigint AS bytes");
    if (p->has_clients) {
        buf_text(&sql, ", ");
        pg_ident(pg, &sql, p->hll_schema);
        buf_text(&sql, ".hll_union_agg(t.clients) AS clients");
    }
    buf_printf(&sql,
               " FROM %s AS t JOIN ingest_doubled AS d ON%s GROUP BY d.of_key) AS s"
               " ON s.of_key = d.of_key WHERE d.nth = 1 AND%s",
               p->name, of_doubled, of_doubled);
    return run_counted(pg, &sql, NULL, n, err);
}

static enum st
drop_others(struct pg *pg, const struct patient *p, int64_t *n, struct err *err)
{
    struct buf sql = { 0 };

    buf_printf(&sql, "DELETE FROM %s AS t USING ingest_doubled AS d WHERE d.nth > 1 AND%s", p->name,
               of_doubled);
    return run_counted(pg, &sql, NULL, n, err);
}

static enum st
unite(struct pg *pg, const struct patient *p, int64_t *n_keys, int64_t *n_rows, struct err *err)
{
    int64_t kept = 0, gone = 0;
    enum st st = find_doubled(pg, p, n_rows, err);

    *n_keys = 0;
    if (st != ST_OK || *n_rows == 0)
        return st;
    /* A union takes 131 kB while it is made: one key after the other, not all at once. */
    st = pg_script(pg, what, "SET LOCAL enable_hashagg = off; ANALYZE ingest_doubled", err);
    if (st == ST_OK)
        st = keep_originals(pg, p, &kept, err);
    if (st == ST_OK)
        st = add_up(pg, p, n_keys, err);
    if (st == ST_OK)
        st = drop_others(pg, p, &gone, err);
    if (st == ST_OK && (kept != *n_rows || *n_keys + gone != *n_rows))
        st = err_fail(err, ST_BUG, what,
                      "of %" PRId64 " rows %" PRId64 " were kept, %" PRId64 " changed and %" PRId64
                      " taken away",
                      *n_rows, kept, *n_keys, gone);
    return st;
}

enum st
heal_zeco(struct pg *pg, const struct migrate_options *o, struct err *err)
{
    struct patient p = { 0 };
    int64_t n_keys, n_rows;
    bool unknown;
    enum st st = pg_begin(pg, err);

    if (st != ST_OK)
        return st;
    st = find_table(pg, &p, err);
    if (st == ST_OK)
        st = look_at_rights(pg, &p, err);
    if (st == ST_OK)
        st = lock(pg, &p, err);
    if (st == ST_OK)
        st = unite(pg, &p, &n_keys, &n_rows, err);
    if (st != ST_OK) {
        pg_rollback(pg);
        return st;
    }
    st = pg_commit(pg, &unknown, err);
    if (st == ST_OK && n_rows == 0)
        say(o, "no row of %s is doubled", p.name);
    else if (st == ST_OK)
        say(o,
            "united %" PRId64 " doubled rows of %s into %" PRId64
            "; as they were they stand in ingest.doubled",
            n_rows, p.name, n_keys);
    return st;
}
