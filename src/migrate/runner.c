/*
 * What up, down and status share: which sets there are, the notebook ingest.migrations, and whose
 * an object is.
 */
#include "runner_priv.h"

/* "ing" and a 1, read as a number; merges lock another class. */
#define MIGRATE_LOCK "1768843009, 1"

static const char what[] = "cannot read ingest.migrations";

/* In the order in which they are made; the first three are what `up` alone means. */
static const char *const all_sets[] = { "ledger",   "stats",  "eida",    "zeco",
                                        "buildsrs", "pictrs", "seventv", NULL };
enum { N_FIRST = 3 };

const char *const *
migrate_sets(void)
{
    return all_sets;
}

static bool
is_named(const char *name, const char *const *sets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(sets[i], name) == 0 || strcmp(sets[i], "ALL") == 0)
            return true;
    return false;
}

static enum st
unknown_set(const char *name, struct err *err)
{
    size_t n = 0;

    err_fail(err, ST_USAGE, "cannot find the migrations", "\"%.40s\" is no set", name);
    err_hint(err, "the sets are ");
    for (size_t i = 0; all_sets[i] != NULL; i++) {
        n = strlen(err->hint);
        snprintf(err->hint + n, sizeof err->hint - n, "%s%s", i == 0 ? "" : ", ", all_sets[i]);
    }
    return ST_USAGE;
}

enum st
sets_resolve(const char *const *sets, size_t n, enum sets_default absent, struct set_list *out,
             struct err *err)
{
    *out = (struct set_list){ .n = 0 };
    for (size_t i = 0; i < n; i++) {
        size_t known = 0;

        while (all_sets[known] != NULL && strcmp(all_sets[known], sets[i]) != 0)
            known++;
        if (all_sets[known] == NULL && strcmp(sets[i], "ALL") != 0)
            return unknown_set(sets[i], err);
    }
    for (size_t i = 0; all_sets[i] != NULL; i++)
        if (n == 0 ? (absent == SETS_EVERY || i < N_FIRST) : is_named(all_sets[i], sets, n))
            out->name[out->n++] = all_sets[i];
    return ST_OK;
}

void
say(const struct migrate_options *o, const char *format, ...)
{
    char line[400];
    va_list args;

    if (o->say == NULL)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    o->say(o->say_ctx, line);
}

/*
 * The default search path begins with "$user": for a role that is called ingest the ledger's schema
 * would be the current one, and tables of the other sets would be made inside it.
 */
static enum st
step_out_of_ledger(struct pg *pg, struct err *err)
{
    return pg_run(pg, "cannot choose the current schema",
                  "SELECT set_config('search_path', (SELECT string_agg(quote_ident(s), ', ')"
                  " FROM unnest(current_schemas(false)) AS s WHERE s <> 'ingest'), true)"
                  " WHERE 'ingest' = ANY (current_schemas(false))",
                  0, NULL, NULL, err);
}

enum st
runner_lock(struct pg *pg, struct err *err)
{
    enum st st = pg_run(pg, "cannot wait for another migrator",
                        "SELECT pg_advisory_xact_lock(" MIGRATE_LOCK ")", 0, NULL, NULL, err);

    return st == ST_OK ? step_out_of_ledger(pg, err) : st;
}

enum st
object_find(struct pg *pg, struct slice name, enum where_to_look where, struct found *f,
            struct err *err)
{
    /*
     * to_regclass takes a name as SQL would; ours are plain lower case, so only the schema has to
     * be put before it.
     */
    static const char sql[] =
        "SELECT format('%I.%I', n.nspname, c.relname), starts_with(coalesce(obj_description(c.oid, "
        "'pg_class'), ''), $2)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = to_regclass(CASE WHEN $3 = 'current' AND strpos($1, '.') = 0"
        "                           THEN quote_ident(current_schema()) || '.' || $1 ELSE $1 END)";
    char text[96];
    const char *values[] = { text, COMMENT_OURS,
                             where == LOOK_CURRENT_SCHEMA ? "current" : "path" };
    struct pg_result *r = NULL;
    enum st st;

    *f = (struct found){ .there = false };
    snprintf(text, sizeof text, "%.*s", (int)name.n, name.p);
    st = pg_run(pg, "cannot look for what is there", sql, ARRAY_LEN(values), values, &r, err);
    if (st == ST_OK && pg_rows(r) > 0) {
        f->there = true;
        f->ours = slice_is(pg_text(r, 0, 1), "t");
        snprintf(f->sql_name, sizeof f->sql_name, "%s", pg_text(r, 0, 0).p);
    }
    pg_free(r);
    return st;
}

enum st
notebook_is_there(struct pg *pg, bool *there, struct err *err)
{
    struct found f;
    enum st st = object_find(pg, SLICE("ingest.migrations"), LOOK_SEARCH_PATH, &f, err);

    if (st != ST_OK)
        return st;
    *there = f.there;
    if (!f.there || f.ours)
        return ST_OK;
    err_fail(err, ST_DB, "cannot keep account of migrations",
             "the table ingest.migrations is there and is not ours");
    return ST_DB;
}

enum st
notebook_read(struct pg *pg, const struct migration *m, struct note *note, struct err *err)
{
    const char *values[] = { m->set, m->file };
    struct pg_result *r = NULL;
    enum st st =
        pg_run(pg, what,
               "SELECT checksum, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
               " FROM ingest.migrations WHERE set = $1 AND file = $2",
               2, values, &r, err);

    *note = (struct note){ .applied = false };
    if (st == ST_OK && pg_rows(r) > 0) {
        note->applied = true;
        snprintf(note->checksum, sizeof note->checksum, "%s", pg_text(r, 0, 0).p);
        snprintf(note->applied_at, sizeof note->applied_at, "%s", pg_text(r, 0, 1).p);
    }
    pg_free(r);
    return st;
}
