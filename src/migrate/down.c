/*
 * Taking sets down, the last first. Everything is looked at before the first object goes: what is
 * not marked as ours is left alone, what holds rows stops it all.
 */
#include "runner_priv.h"

enum step { STEP_LOOK, STEP_DROP };

struct down {
    struct pg                    *pg;
    const struct migrate_options *o;
    const struct set_list        *list;
};

/* ---- one object ---- */

static enum st
holds_rows(struct down *d, const struct script_object *obj, const struct found *f, int64_t *n,
           struct err *err)
{
    struct buf sql = { 0 };
    struct pg_result *r = NULL;
    enum st st;

    buf_printf(&sql, "SELECT count(*) FROM (SELECT FROM %s", f->sql_name);
    if (obj->own_rows.p != NULL)
        buf_printf(&sql, " WHERE NOT (%.*s)", (int)obj->own_rows.n, obj->own_rows.p);
    buf_text(&sql, " LIMIT 1000) AS counted");
    st = buf_str(&sql) == NULL ? err_memory(err, "cannot look for rows")
                               : pg_run(d->pg, "cannot look for rows", sql.p, 0, NULL, &r, err);
    *n = st == ST_OK ? pg_int(r, 0, 0) : 0;
    pg_free(r);
    buf_release(&sql);
    return st;
}

static enum st
look(struct down *d, const struct migration *m, const struct script_object *obj,
     const struct found *f, struct err *err)
{
    int64_t n;
    enum st st;

    if (d->o->drop_data || !obj->is_table)
        return ST_OK;
    st = holds_rows(d, obj, f, &n, err);
    if (st != ST_OK || n == 0)
        return st;
    err_set(err, ST_DB, "cannot take down \"%s/%s\"", m->set, m->file);
    err_cause(err, "table %.140s holds %" PRId64 " row%s%s", f->sql_name, n, n == 1 ? "" : "s",
              n == 1000 ? " or more" : "");
    err_hint(err, "--drop-data drops it with its rows");
    return ST_DB;
}

/*
 * Of ours, but in a schema that the search path does not reach: forgetting it there would be worse
 * than stopping.
 */
static enum st
not_elsewhere(struct down *d, const struct migration *m, struct slice name, struct err *err)
{
    char text[96];
    const char *values[] = { text, COMMENT_OURS };
    struct pg_result *r = NULL;
    enum st st;

    snprintf(text, sizeof text, "%.*s", (int)name.n, name.p);
    st = pg_run(d->pg, "cannot look for what is there",
                "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON "
                "n.oid = c.relnamespace"
                " WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v')"
                " AND starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $2) ORDER BY 1",
                2, values, &r, err);
    if (st == ST_OK && pg_rows(r) > 0) {
        st = err_set(err, ST_DB, "cannot take down \"%s/%s\"", m->set, m->file);
        err_cause(
            err,
            "\"%s\" of ours is in the schema \"%.63s\", which comes not first on the search path",
            text, pg_text(r, 0, 0).p);
        err_hint(err, "PGOPTIONS='-c search_path=%.63s' ingest migrate down %s", pg_text(r, 0, 0).p,
                 m->set);
    }
    pg_free(r);
    return st;
}

static enum st
drop(struct down *d, const struct script_object *obj, const struct found *f, struct err *err)
{
    struct buf sql = { 0 };
    enum st st;

    buf_printf(&sql, "DROP %s %s", obj->is_table ? "TABLE" : "VIEW", f->sql_name);
    st = buf_str(&sql) == NULL ? err_memory(err, "cannot drop what migrations made")
                               : pg_script(d->pg, "cannot drop what migrations made", sql.p, err);
    buf_release(&sql);
    if (st == ST_OK)
        say(d->o, "dropped %s %s", obj->is_table ? "table" : "view", f->sql_name);
    return st;
}

/* ---- one file ---- */

static enum st
down_line(struct down *d, const struct migration *m, enum step step, struct slice line,
          struct err *err)
{
    struct script_object obj;
    struct found f;
    enum st st;

    if (line.n == 0 || slice_starts(line, SLICE("--")))
        return ST_OK;
    if (!script_object(line, SLICE("DROP"), &obj)) {
        struct buf sql = { 0 };

        buf_add_slice(&sql, line);
        st = step == STEP_LOOK ? ST_OK
             : buf_str(&sql) == NULL ? err_memory(err, "cannot take a migration down")
                                     : pg_script(d->pg, "cannot take a migration down", sql.p, err);
        buf_release(&sql);
        return st;
    }
    st = object_find(d->pg, obj.name, LOOK_SEARCH_PATH, &f, err);
    if (st != ST_OK)
        return st;
    if (f.there && f.ours)
        return step == STEP_LOOK ? look(d, m, &obj, &f, err) : drop(d, &obj, &f, err);
    if (step == STEP_LOOK)
        return not_elsewhere(d, m, obj.name, err);
    say(d->o, f.there ? "left alone: %.*s is not ours" : "nothing to drop: %.*s is not there",
        (int)obj.name.n, obj.name.p);
    return ST_OK;
}

static enum st
forget(struct down *d, const struct migration *m, struct err *err)
{
    const char *values[] = { m->set, m->file };

    return pg_run(d->pg, "cannot record a migration",
                  "DELETE FROM ingest.migrations WHERE set = $1 AND file = $2", 2, values, NULL,
                  err);
}

static enum st
down_file(struct down *d, const struct migration *m, enum step step, struct err *err)
{
    const char *at = m->down;
    struct slice line;
    struct note note;
    bool unknown;
    enum st st = pg_begin(d->pg, err);

    if (st != ST_OK)
        return st;
    st = runner_lock(d->pg, err);
    if (st == ST_OK)
        st = notebook_read(d->pg, m, &note, err);
    if (st != ST_OK || !note.applied)
        goto rollback;
    while (st == ST_OK && script_line(&at, &line))
        st = down_line(d, m, step, line, err);
    if (st != ST_OK || step == STEP_LOOK)
        goto rollback;
    st = forget(d, m, err);
    if (st != ST_OK)
        goto rollback;
    st = pg_commit(d->pg, &unknown, err);
    if (st == ST_OK)
        say(d->o, "took down %s/%s", m->set, m->file);
    return st;

rollback:
    pg_rollback(d->pg);
    return st;
}

/* ---- the sets ---- */

static enum st
all_files(struct down *d, enum step step, struct err *err)
{
    for (size_t i = d->list->n; i-- > 0;) {
        struct migration m[64];
        size_t n = 0, at = 0;

        while (n < ARRAY_LEN(m) && migration_next(d->list->name[i], &at, &m[n]))
            n++;
        while (n-- > 0) {
            enum st st = down_file(d, &m[n], step, err);

            if (st != ST_OK)
                return st;
        }
    }
    return ST_OK;
}

/*
 * The ledger goes last: what another set's tables hold could no longer be told apart from what is
 * new.
 */
static enum st
ledger_may_go(struct down *d, struct err *err)
{
    struct pg_result *r = NULL;
    enum st st = pg_run(d->pg, "cannot read ingest.migrations",
                        "SELECT DISTINCT set FROM ingest.migrations ORDER BY 1", 0, NULL, &r, err);

    for (size_t i = 0; st == ST_OK && i < pg_rows(r); i++) {
        const char *set = pg_text(r, i, 0).p;
        bool goes = false;

        for (size_t k = 0; k < d->list->n; k++)
            goes = goes || strcmp(d->list->name[k], set) == 0;
        if (goes)
            continue;
        st = err_fail(err, ST_DB, "cannot take down the ledger", "the set \"%.40s\" is still up",
                      set);
        err_hint(err, "ingest migrate down %.40s ledger", set);
    }
    pg_free(r);
    return st;
}

/*
 * The notebook, once nothing stands in it; the schema, if we made it and nobody put anything else
 * there.
 */
static enum st
notebook_drop(struct down *d, struct err *err)
{
    static const char what[] = "cannot drop the schema ingest";
    static const char ours_and_empty[] =
        "SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'ingest'"
        " AND starts_with(coalesce(obj_description(n.oid, 'pg_namespace'), ''), $1)"
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend p WHERE p.refclassid = "
        "'pg_namespace'::regclass AND p.refobjid = n.oid)";
    const char *values[] = { COMMENT_OURS };
    struct pg_result *r = NULL;
    bool unknown;
    enum st st = pg_begin(d->pg, err);

    if (st != ST_OK)
        return st;
    st = runner_lock(d->pg, err);
    if (st == ST_OK)
        st = pg_run(d->pg, what, "SELECT FROM ingest.migrations LIMIT 1", 0, NULL, &r, err);
    if (st != ST_OK || pg_rows(r) > 0)
        goto rollback;
    pg_free(r);
    r = NULL;
    st = pg_script(d->pg, what, "DROP TABLE ingest.migrations", err);
    if (st == ST_OK)
        st = pg_run(d->pg, what, ours_and_empty, 1, values, &r, err);
    if (st == ST_OK && pg_rows(r) > 0)
        st = pg_script(d->pg, what, "DROP SCHEMA ingest", err);
    if (st != ST_OK)
        goto rollback;
    pg_free(r);
    return pg_commit(d->pg, &unknown, err);

rollback:
    pg_free(r);
    pg_rollback(d->pg);
    return st;
}

enum st
migrate_down(struct pg *pg, const char *const *sets, size_t n, const struct migrate_options *o,
             struct err *err)
{
    struct set_list list;
    struct down d = { .pg = pg, .o = o, .list = &list };
    bool there = false, ledger;
    enum st st = sets_resolve(sets, n, SETS_FIRST_THREE, &list, err);

    if (st == ST_OK)
        st = notebook_is_there(pg, &there, err);
    if (st != ST_OK)
        return st;
    if (!there) {
        say(o, "nothing is up");
        return ST_OK;
    }
    ledger = list.n > 0 && strcmp(list.name[0], "ledger") == 0;
    if (ledger)
        st = ledger_may_go(&d, err);
    if (st == ST_OK)
        st = all_files(&d, STEP_LOOK, err);
    if (st == ST_OK)
        st = all_files(&d, STEP_DROP, err);
    return st == ST_OK && ledger ? notebook_drop(&d, err) : st;
}
