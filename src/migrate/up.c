/*
 * Bringing sets up: one transaction a file, under the migrators' lock, looked up again once the
 * lock is held.
 */
#include "runner_priv.h"

/* ---- the notebook ---- */

static enum st
notebook_make(struct pg *pg, const struct migrate_options *o, struct err *err)
{
    bool there = false, unknown;
    enum st st = notebook_is_there(pg, &there, err);

    /* So far without the lock: what is there already needs no right to make it. */
    if (st != ST_OK || there)
        return st;
    st = pg_begin(pg, err);
    if (st != ST_OK)
        return st;
    st = runner_lock(pg, err);
    if (st == ST_OK)
        st = notebook_is_there(pg, &there, err);
    if (st == ST_OK && !there) {
        st = pg_script(pg, "cannot make the schema ingest", schema_notebook(), err);
        if (st == ST_OK)
            say(o, "made ingest.migrations");
    }
    if (st == ST_OK)
        return pg_commit(pg, &unknown, err);
    pg_rollback(pg);
    return st;
}

/* ---- hll ---- */

static enum st
hll_missing(struct pg *pg, bool package, struct err *err)
{
    struct pg_result *r = NULL;
    struct err ignored;
    int64_t major = 0;

    if (pg_run(pg, "", "SELECT current_setting('server_version_num')::integer / 10000", 0, NULL, &r,
               &ignored) == ST_OK)
        major = pg_int(r, 0, 0);
    pg_free(r);
    err_set(err, ST_DB, "cannot make columns for unique clients");
    if (package) {
        err_cause(err, "the extension hll is not installed here, and this role may not do it");
        err_hint(err, "a DBA runs: CREATE EXTENSION hll; (or leave sketches out: --no-sketches)");
    } else {
        err_cause(err, "the server does not have the extension hll");
        err_hint(err,
                 "on the server: apt-get install postgresql-%d-hll (or leave sketches out: %s)",
                 (int)major, "--no-sketches");
    }
    return ST_DB;
}

/*
 * Inside the file's transaction: the extension is there, and its type can be named without its
 * schema.
 */
static enum st
hll_ready(struct pg *pg, struct err *err)
{
    static const char what[] = "cannot look for the extension hll";
    static const char reach[] =
        "SELECT set_config('search_path',"
        "  concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(n.nspname)), "
        "true)"
        " FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'hll' AND current_schema() IS NOT NULL";
    static const char state[] =
        "SELECT installed_version IS NOT NULL FROM pg_catalog.pg_available_extensions"
        " WHERE name = 'hll'"
        " UNION SELECT true FROM pg_catalog.pg_extension WHERE extname = 'hll' ORDER BY 1 DESC";
    struct pg_result *r = NULL;
    bool installed, package;
    enum st st = pg_run(pg, what, state, 0, NULL, &r, err);

    if (st != ST_OK)
        return st;
    package = pg_rows(r) > 0;
    installed = package && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    if (!package)
        return hll_missing(pg, false, err);
    if (!installed) {
        st = pg_script(pg, what, "SAVEPOINT hll; CREATE EXTENSION IF NOT EXISTS hll", err);
        if (st == ST_DB && strcmp(pg_sqlstate(pg), "42501") == 0) {
            pg_script(pg, what, "ROLLBACK TO SAVEPOINT hll", err);
            return hll_missing(pg, true, err);
        }
        if (st != ST_OK)
            return st;
    }
    return pg_run(pg, what, reach, 0, NULL, NULL, err);
}

/* ---- one file ---- */

/* A server's own "already exists" would come half-way and would not say whose it is. */
static enum st
nothing_in_the_way(struct pg *pg, const struct migration *m, struct err *err)
{
    const char *at = m->up;
    struct slice line;

    while (script_line(&at, &line)) {
        struct script_object o;
        struct found f;
        enum st st;

        if (!script_object(line, SLICE("CREATE"), &o))
            continue;
        st = object_find(pg, o.name, LOOK_CURRENT_SCHEMA, &f, err);
        if (st != ST_OK)
            return st;
        if (!f.there)
            continue;
        err_set(err, ST_DB, "cannot apply migration \"%s/%s\"", m->set, m->file);
        err_cause(err, "%s \"%.*s\" exists and is %s", o.is_table ? "table" : "view", (int)o.name.n,
                  o.name.p, f.ours ? "of ours, but not recorded in ingest.migrations" : "not ours");
        if (!f.ours)
            err_hint(err, "the tables of another system are served as they are: all they need is: "
                          "ingest migrate up ledger");
        return ST_DB;
    }
    return ST_OK;
}

static enum st
record(struct pg *pg, const struct migration *m, struct err *err)
{
    const char *values[] = { m->set, m->file, m->checksum };

    return pg_run(pg, "cannot record a migration",
                  "INSERT INTO ingest.migrations (set, file, checksum) VALUES ($1, $2, $3)", 3,
                  values, NULL, err);
}

/*
 * A file that goes on with a table of an earlier one has sketches if the table has: whatever is
 * asked for now, it may have been made without.
 */
static enum st
leaves_sketches_out(struct pg *pg, const struct migration *m, const struct migrate_options *o,
                    bool *out, struct err *err)
{
    static const char sql[] =
        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a"
        "  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
        "  WHERE a.attrelid = c.oid AND t.typname = 'hll' AND NOT a.attisdropped)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = $1 AND n.nspname = ANY (current_schemas(false))"
        "  AND starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $2)"
        " ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1";
    char table[64];
    const char *values[] = { table, COMMENT_OURS };
    struct pg_result *r = NULL;
    struct slice name;
    enum st st;

    *out = o->no_sketches;
    if (!script_sketches_as_in(m->up, &name))
        return ST_OK;
    snprintf(table, sizeof table, "%.*s", (int)name.n, name.p);
    st = pg_run(pg, "cannot look for sketches", sql, ARRAY_LEN(values), values, &r, err);
    if (st == ST_OK && pg_rows(r) > 0)
        *out = slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return st;
}

static enum st
apply(struct pg *pg, const struct migration *m, const struct migrate_options *o, struct err *err)
{
    char what[sizeof err->what];
    struct buf sql = { 0 };
    bool no_sketches = false;
    enum st st = nothing_in_the_way(pg, m, err);

    if (st == ST_OK)
        st = leaves_sketches_out(pg, m, o, &no_sketches, err);
    if (st == ST_OK && script_wants_hll(m->up) && !no_sketches)
        st = hll_ready(pg, err);
    if (st != ST_OK)
        return st;
    snprintf(what, sizeof what, "cannot apply migration \"%s/%s\"", m->set, m->file);
    script_select(&sql, m->up, no_sketches);
    st = buf_str(&sql) == NULL ? err_memory(err, what) : pg_script(pg, what, sql.p, err);
    buf_release(&sql);
    return st == ST_OK ? record(pg, m, err) : st;
}

static enum st
bring_up(struct pg *pg, const struct migration *m, const struct migrate_options *o, struct err *err)
{
    struct note note;
    bool unknown;
    enum st st = pg_begin(pg, err);

    if (st != ST_OK)
        return st;
    st = runner_lock(pg, err);
    if (st == ST_OK)
        st = notebook_read(pg, m, &note, err);
    if (st != ST_OK)
        goto rollback;
    if (note.applied) {
        if (strcmp(note.checksum, m->checksum) != 0)
            say(o, "warning: %s/%s was applied with other contents (checksum %s, here %s)", m->set,
                m->file, note.checksum, m->checksum);
        pg_rollback(pg);
        return ST_OK;
    }
    st = apply(pg, m, o, err);
    if (st != ST_OK)
        goto rollback;
    st = pg_commit(pg, &unknown, err);
    if (st == ST_OK)
        say(o, "applied %s/%s", m->set, m->file);
    return st;

rollback:
    pg_rollback(pg);
    return st;
}

enum st
migrate_up(struct pg *pg, const char *const *sets, size_t n, const struct migrate_options *o,
           struct err *err)
{
    struct set_list list;
    struct migration m;
    enum st st = sets_resolve(sets, n, SETS_FIRST_THREE, &list, err);

    if (st == ST_OK && o->heal && (list.n != 1 || strcmp(list.name[0], "zeco") != 0)) {
        st = err_fail(err, ST_USAGE, "cannot unite doubled rows",
                      "only those of Zeco's table are known");
        err_hint(err, "ingest migrate up zeco --heal");
    }
    if (st == ST_OK)
        st = notebook_make(pg, o, err);
    for (size_t at = 0; st == ST_OK && migration_next("ledger", &at, &m);)
        st = bring_up(pg, &m, o, err);
    if (st == ST_OK && o->heal)
        return heal_zeco(pg, o, err);
    for (size_t i = 0; i < list.n; i++) {
        if (strcmp(list.name[i], "ledger") == 0)
            continue;
        for (size_t at = 0; st == ST_OK && migration_next(list.name[i], &at, &m);)
            st = bring_up(pg, &m, o, err);
    }
    return st;
}
