/*
 * What a table is in this database: found along the search path, ours or another system's, its
 * columns and types held against what a dataset needs. Everything that can be known to fail is said
 * here, before a log is read.
 */
#include "sink_priv.h"

#define HLL_TYPMOD 12031 /* hll(11,5,-1,1), packed as the extension does */

static const char what[] = "cannot look at the database's tables";

enum st
target_unusable(const struct target *t, struct err *err)
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

enum {
    FOUND_OID,
    FOUND_SCHEMA,
    FOUND_IS_TABLE,
    FOUND_OURS,
    FOUND_HLL,
    FOUND_LOWEST,
    FOUND_OPEN,
    FOUND_LACKS,
    FOUND_GRANT,
};

/*
 * $3 and $4 are schemas that come before the search path, looked up by hand: to_regclass fails
 * for one that is not open to the role, where what is missing is a GRANT.
 */
static const char found_sql[] =
    "SELECT c.oid, n.nspname, c.relkind IN ('r', 'p'),"
    "  starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $2),"
    "  coalesce((SELECT h.nspname FROM pg_catalog.pg_extension e"
    "            JOIN pg_catalog.pg_namespace h ON h.oid = e.extnamespace"
    "            WHERE e.extname = 'hll'), ''),"
    "  coalesce((SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a"
    "            ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
    "            WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1), ''),"
    "  has_schema_privilege(n.oid, 'USAGE'),"
    "  format('the role %I lacks USAGE on schema %I', current_user, n.nspname),"
    "  format('as the owner: GRANT USAGE ON SCHEMA %I TO %I;', n.nspname, current_user)"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = coalesce("
    "  (SELECT x.oid FROM pg_catalog.pg_class x"
    "   JOIN pg_catalog.pg_namespace y ON y.oid = x.relnamespace"
    "   WHERE y.nspname = $3::text AND x.relname = $1::text),"
    "  (SELECT x.oid FROM pg_catalog.pg_class x"
    "   JOIN pg_catalog.pg_namespace y ON y.oid = x.relnamespace"
    "   WHERE y.nspname = $4::text AND x.relname = $1::text),"
    "  to_regclass(quote_ident($1::text)))";

static enum st
describe_table(const struct pg_result *r, struct target *out, struct err *err)
{
    enum st st = ST_OK;

    out->oid = (uint32_t)pg_int(r, 0, FOUND_OID);
    snprintf(out->schema, sizeof out->schema, "%s", pg_text(r, 0, FOUND_SCHEMA).p);
    out->ours = slice_is(pg_text(r, 0, FOUND_OURS), "t");
    snprintf(out->hll_schema, sizeof out->hll_schema, "%s", pg_text(r, 0, FOUND_HLL).p);
    snprintf(out->lowest, sizeof out->lowest, "%s", pg_text(r, 0, FOUND_LOWEST).p);
    if (!slice_is(pg_text(r, 0, FOUND_IS_TABLE), "t")) {
        st = target_unusable(out, err);
        err_cause(err, "it is no table");
    } else if (!slice_is(pg_text(r, 0, FOUND_OPEN), "t")) {
        st = target_unusable(out, err);
        err_cause(err, "%s", pg_text(r, 0, FOUND_LACKS).p);
        err_hint(err, "%s", pg_text(r, 0, FOUND_GRANT).p);
    }
    return st;
}

static enum st
find_table(struct pg *pg, const struct dataset *d, const char *schema, struct target *out,
           struct err *err)
{
    const char *values[] = { d->table, COMMENT_OURS, schema, d->schema };
    struct pg_result *r = NULL;
    enum st st = pg_run(pg, what, found_sql, ARRAY_LEN(values), values, &r, err);

    if (st != ST_OK)
        return st;
    if (pg_rows(r) == 0) {
        out->missing = true;
        st = not_found(pg, d, err);
    } else {
        st = describe_table(r, out, err);
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

/* The row that tells of a column; SIZE_MAX: there is none. */
static size_t
row_of(const struct columns *c, const char *name)
{
    for (size_t row = 0; row < pg_rows(c->r); row++)
        if (slice_eq(pg_text(c->r, row, COL_NAME), slice_of(name)))
            return row;
    return SIZE_MAX;
}

/* ST_OK and *there; a column that is there must fit, one that is not must be optional. */
static enum st
column(struct columns *c, const char *name, enum wanted want, size_t chars_max, bool *there,
       struct err *err)
{
    size_t row = row_of(c, name);

    if (row == SIZE_MAX) {
        if (there != NULL)
            return ST_OK;
        target_unusable(c->t, err);
        err_cause(err, "column \"%s\" is missing", name);
        return ST_DB;
    }
    if (row < ARRAY_LEN(c->known))
        c->known[row] = true;
    if (type_fits(c, row, want, chars_max)) {
        if (there != NULL)
            *there = true;
        return ST_OK;
    }
    target_unusable(c->t, err);
    err_cause(err, "column \"%s\" is %.80s%s, not %s", name, pg_text(c->r, row, COL_SHOWN).p,
              slice_is(pg_text(c->r, row, COL_GENERATED), "f") ? "" : " (generated)",
              wants[want].called);
    if (want == WANT_TEXT && chars_max > 0)
        err_hint(err, "it must hold %zu characters", chars_max);
    return ST_DB;
}

static bool
is_narrow(const struct columns *c, const char *name)
{
    size_t row = row_of(c, name);

    return row != SIZE_MAX && slice_is(pg_text(c->r, row, COL_TYPE), "int4");
}

/* Numbers are sent as bigint: which columns may find one too large is told when it happens. */
static void
note_narrow(const struct columns *c, struct target *out)
{
    const struct dataset *d = out->dataset;

    for (size_t i = 0; i < d->n_keys; i++)
        out->narrow |= (uint32_t)is_narrow(c, d->keys[i].name) << i;
    for (size_t i = 0; i < d->n_sums; i++)
        out->narrow |= (uint32_t)is_narrow(c, d->sums[i]) << (KEY_COLS_MAX + i);
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
        target_unusable(c->t, err);
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
    if (st == ST_OK && d->has_node)
        st = column(c, "created_at", WANT_TIME, 0, &out->has_created_at, err);
    return st == ST_OK ? nothing_unknown_to_fill(c, err) : st;
}

/* A dataset that is updated elsewhere needs nothing of this table. */
static void
no_columns(struct target *out)
{
    for (size_t i = 0; i < out->dataset->n_sums; i++)
        out->has_sum[i] = true;
}

static enum st
look_at_columns(struct pg *pg, struct target *out, struct err *err)
{
    struct columns c = { .t = out };
    char oid[16];
    const char *values[] = { oid };
    enum st st;

    if (out->dataset->instead != NULL) {
        no_columns(out);
        return ST_OK;
    }
    snprintf(oid, sizeof oid, "%" PRIu32, out->oid);
    st = pg_run(pg, what, columns_sql, 1, values, &c.r, err);
    if (st == ST_OK) {
        if (out->dataset->variant != NULL &&
            row_of(&c, out->dataset->variant_column) != SIZE_MAX)
            out->dataset = out->dataset->variant;
        note_narrow(&c, out);
        st = all_columns(&c, out, err);
    }
    pg_free(c.r);
    return st;
}

/* ---- all of it ---- */

enum st
target_find_in(struct pg *pg, const struct dataset *d, const char *schema, struct target *out,
               struct err *err)
{
    enum st st;

    *out = (struct target){ .dataset = d };
    st = find_table(pg, d, schema, out, err);
    if (st == ST_OK)
        st = look_at_columns(pg, out, err);
    if (st == ST_OK)
        st = beside_look(pg, out, err);
    if (st == ST_OK)
        st = rights_look(pg, out, err);
    return st;
}

enum st
target_find(struct pg *pg, const struct dataset *d, struct target *out, struct err *err)
{
    return target_find_in(pg, d, NULL, out, err);
}
