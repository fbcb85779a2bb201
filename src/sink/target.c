/*
 * What a table is in this database: found along the search path, ours or another system's, its
 * columns and types held against what a dataset needs. Everything that can be known to fail is said
 * here, before a log is read.
 */
#include "sink_priv.h"

#define HLL_TYPMOD 12031 /* hll(11,5,-1,1), packed as the extension does */

static const char what[] = "cannot look at the database's tables";

static enum st
unusable(const struct target *t, struct err *err)
{
    return err_set(err, ST_DB, "cannot use table \"%s\".\"%s\"", t->schema, t->dataset->table);
}

/* ---- the table ---- */

static enum st
not_found(struct pg *pg, const struct dataset *d, struct err *err)
{
    static const char sql[] =
        "SELECT n.nspname"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = $1 AND c.relkind IN ('r', 'p') ORDER BY 1 LIMIT 1";
    const char *values[] = { d->table };
    struct pg_result *r = NULL;
    enum st st = pg_run(pg, what, sql, 1, values, &r, err);

    if (st != ST_OK)
        return st;
    err_set(err, ST_DB, "table \"%s\" is missing", d->table);
    if (pg_rows(r) > 0) {
        err_cause(err,
                  "there is one in the schema \"%.63s\", which is not on the search path or not "
                  "open to this role",
                  pg_text(r, 0, 0).p);
        err_hint(err,
                 "ALTER ROLE ... SET search_path, or GRANT USAGE ON SCHEMA \"%.63s\"; or make "
                 "another: ingest migrate up %s",
                 pg_text(r, 0, 0).p, d->migrations);
    } else {
        err_cause(err, "no schema of the search path has it");
        err_hint(err, "ingest migrate up %s", d->migrations);
    }
    pg_free(r);
    return err->code;
}

static enum st
find_table(struct pg *pg, const struct dataset *d, struct target *out, struct err *err)
{
    static const char sql[] =
        "SELECT c.oid, n.nspname, c.relkind IN ('r', 'p'),"
        "  starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $2),"
        "  coalesce((SELECT h.nspname FROM pg_catalog.pg_extension e"
        "            JOIN pg_catalog.pg_namespace h ON h.oid = e.extnamespace"
        "            WHERE e.extname = 'hll'), ''),"
        "  coalesce((SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a"
        "            ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        "            WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1), '')"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = coalesce(to_regclass(quote_ident($3) || '.' || quote_ident($1)),"
        "                        to_regclass(quote_ident($1)))";
    const char *values[] = { d->table, COMMENT_OURS, d->schema };
    struct pg_result *r = NULL;
    enum st st = pg_run(pg, what, sql, ARRAY_LEN(values), values, &r, err);

    if (st != ST_OK)
        return st;
    if (pg_rows(r) == 0) {
        out->missing = true;
        st = not_found(pg, d, err);
    } else {
        out->oid = (uint32_t)pg_int(r, 0, 0);
        snprintf(out->schema, sizeof out->schema, "%s", pg_text(r, 0, 1).p);
        out->ours = slice_is(pg_text(r, 0, 3), "t");
        snprintf(out->hll_schema, sizeof out->hll_schema, "%s", pg_text(r, 0, 4).p);
        snprintf(out->lowest, sizeof out->lowest, "%s", pg_text(r, 0, 5).p);
        if (!slice_is(pg_text(r, 0, 2), "t")) {
            st = unusable(out, err);
            err_cause(err, "it is no table");
        }
    }
    pg_free(r);
    return st;
}

/* ---- its columns ---- */

enum wanted { WANT_INT, WANT_TEXT, WANT_DAY, WANT_UUID, WANT_BIGINT, WANT_SKETCH, WANT_TIME };

static enum wanted
key_wants(const struct key_column *column)
{
    static const enum wanted of[] = {
        [COLUMN_TEXT] = WANT_TEXT,
        [COLUMN_DAY] = WANT_DAY,
        [COLUMN_UUID] = WANT_UUID,
        [COLUMN_INT] = WANT_BIGINT,
    };

    return column->as_epoch ? WANT_BIGINT : of[column->kind];
}

static const struct {
    const char *types[3], *called;
} wants[] = {
    [WANT_INT] = { { "int4", "int8" }, "integer" },
    [WANT_TEXT] = { { "text", "varchar" }, "text" },
    [WANT_DAY] = { { "date" }, "date" },
    [WANT_UUID] = { { "uuid" }, "uuid" },
    [WANT_BIGINT] = { { "int8", "int4" }, "bigint" },
    [WANT_SKETCH] = { { "hll" }, "hll(11,5)" },
    [WANT_TIME] = { { "timestamptz", "timestamp" }, "timestamptz" },
};

enum { COL_NAME, COL_TYPE, COL_TYPMOD, COL_MUST_FILL, COL_GENERATED, COL_SHOWN };

static const char columns_sql[] =
    "SELECT a.attname, t.typname, a.atttypmod,"
    "  a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL,"
    "  a.attgenerated <> '', format_type(a.atttypid, a.atttypmod)"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
    " WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped";

struct columns {
    const struct target *t;
    struct pg_result    *r;
    bool                 known[64]; /* which rows of r were asked for; the rest we do not know */
};

static bool
type_fits(const struct columns *c, size_t row, enum wanted want, size_t chars_max)
{
    struct slice type = pg_text(c->r, row, COL_TYPE);
    int64_t typmod = pg_int(c->r, row, COL_TYPMOD);
    bool fits = false;

    for (size_t i = 0; i < 3 && wants[want].types[i] != NULL; i++)
        fits = fits || slice_eq(type, slice_of(wants[want].types[i]));
    if (want == WANT_TEXT && typmod >= 4 && (uint64_t)(typmod - 4) < chars_max)
        return false; /* the first longer key would fail its whole batch */
    if (want == WANT_SKETCH && typmod != -1 && typmod != HLL_TYPMOD)
        return false;
    return fits && slice_is(pg_text(c->r, row, COL_GENERATED), "f");
}

/* ST_OK and *there; a column that is there must fit, one that is not must be optional. */
static enum st
column(struct columns *c, const char *name, enum wanted want, size_t chars_max, bool *there,
       struct err *err)
{
    for (size_t row = 0; row < pg_rows(c->r); row++) {
        if (!slice_eq(pg_text(c->r, row, COL_NAME), slice_of(name)))
            continue;
        if (row < ARRAY_LEN(c->known))
            c->known[row] = true;
        if (type_fits(c, row, want, chars_max)) {
            if (there != NULL)
                *there = true;
            return ST_OK;
        }
        unusable(c->t, err);
        err_cause(err, "column \"%s\" is %.80s%s, not %s", name, pg_text(c->r, row, COL_SHOWN).p,
                  slice_is(pg_text(c->r, row, COL_GENERATED), "f") ? "" : " (generated)",
                  wants[want].called);
        if (want == WANT_TEXT && chars_max > 0)
            err_hint(err, "it must hold %zu characters", chars_max);
        return ST_DB;
    }
    if (there != NULL)
        return ST_OK;
    unusable(c->t, err);
    err_cause(err, "column \"%s\" is missing", name);
    return ST_DB;
}

/* Live tables may count without bytes; whatever else a dataset sums is what its table is for. */
static bool
sum_is_optional(const struct dataset *d, size_t i)
{
    return d->n_sums > 1 && strcmp(d->sums[i], "bytes") == 0;
}

static enum st
nothing_unknown_to_fill(const struct columns *c, struct err *err)
{
    for (size_t row = 0; row < pg_rows(c->r); row++) {
        if ((row < ARRAY_LEN(c->known) && c->known[row]) ||
            !slice_is(pg_text(c->r, row, COL_MUST_FILL), "t"))
            continue;
        unusable(c->t, err);
        err_cause(err, "its column \"%.63s\" must be filled, and it is not known with what",
                  pg_text(c->r, row, COL_NAME).p);
        return ST_DB;
    }
    return ST_OK;
}

static enum st
all_columns(struct columns *c, struct target *out, struct err *err)
{
    const struct dataset *d = out->dataset;
    enum st st = d->has_node ? column(c, "node_id", WANT_INT, 0, NULL, err) : ST_OK;

    for (size_t i = 0; i < d->n_keys && st == ST_OK; i++)
        st = column(c, d->keys[i].name, key_wants(&d->keys[i]), d->keys[i].chars_max, NULL, err);
    for (size_t i = 0; i < d->n_sums && st == ST_OK; i++) {
        st = column(c, d->sums[i], WANT_BIGINT, 0, sum_is_optional(d, i) ? &out->has_sum[i] : NULL,
                    err);
        if (!sum_is_optional(d, i))
            out->has_sum[i] = true;
    }
    if (st == ST_OK && d->uniques != NULL)
        st = column(c, d->uniques, WANT_SKETCH, 0, &out->has_sketch, err);
    if (st == ST_OK && d->has_node)
        st = column(c, "updated_at", WANT_TIME, 0, &out->has_updated_at, err);
    return st == ST_OK ? nothing_unknown_to_fill(c, err) : st;
}

static enum st
look_at_columns(struct pg *pg, struct target *out, struct err *err)
{
    struct columns c = { .t = out };
    char oid[16];
    const char *values[] = { oid };
    enum st st;

    snprintf(oid, sizeof oid, "%" PRIu32, out->oid);
    st = pg_run(pg, what, columns_sql, 1, values, &c.r, err);
    if (st == ST_OK)
        st = all_columns(&c, out, err);
    pg_free(c.r);
    return st;
}

/* ---- the rights ---- */

/*
 * One row for each missing right: what is lacking, and the GRANT. None on a connection that only
 * reads.
 */
static const char rights_sql[] =
    "WITH t AS (SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name"
    "           FROM pg_catalog.pg_class c"
    "           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid),"
    " lacks(n, right_, object) AS ("
    "  SELECT 1, string_agg(p, ', '), t.name FROM t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p"
    "   WHERE NOT has_table_privilege(t.oid, p) GROUP BY t.name"
    "  UNION ALL SELECT 2, 'USAGE', format('SEQUENCE %I.%I', n.nspname, s.relname)"
    "   FROM t JOIN pg_catalog.pg_depend d ON d.refobjid = t.oid AND d.deptype = 'a'"
    "    AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass"
    "   JOIN pg_catalog.pg_class s ON s.oid = d.objid"
    "   JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace"
    "   WHERE CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END"
    "  UNION ALL SELECT 3, 'TEMP', format('DATABASE %I', current_database())"
    "   WHERE NOT has_database_privilege(current_database(), 'TEMP')"
    "  UNION ALL SELECT 4, 'USAGE', format('SCHEMA %I', n.nspname) FROM pg_catalog.pg_extension e"
    "   JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
    "   WHERE e.extname = 'hll' AND NOT has_schema_privilege(n.oid, 'USAGE'))"
    " SELECT format('the role %I lacks %s on %s', current_user, right_, object),"
    "        format('as the owner: GRANT %s ON %s TO %I;', right_, object, current_user)"
    " FROM lacks WHERE current_setting('transaction_read_only') = 'off' ORDER BY n LIMIT 1";

static enum st
look_at_rights(struct pg *pg, const struct target *t, struct err *err)
{
    char oid[16];
    const char *values[] = { oid };
    struct pg_result *r = NULL;
    enum st st;

    snprintf(oid, sizeof oid, "%" PRIu32, t->oid);
    st = pg_run(pg, what, rights_sql, 1, values, &r, err);
    if (st == ST_OK && pg_rows(r) > 0) {
        st = unusable(t, err);
        err_cause(err, "%s", pg_text(r, 0, 0).p);
        err_hint(err, "%s", pg_text(r, 0, 1).p);
    }
    pg_free(r);
    return st;
}

enum st
target_find(struct pg *pg, const struct dataset *d, struct target *out, struct err *err)
{
    enum st st;

    *out = (struct target){ .dataset = d };
    st = find_table(pg, d, out, err);
    if (st == ST_OK)
        st = look_at_columns(pg, out, err);
    if (st == ST_OK)
        st = look_at_rights(pg, out, err);
    return st;
}
