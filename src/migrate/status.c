/*
 * Looking only: what is applied, and what `up` would run.
 */
#include "runner_priv.h"

static enum st
say_one(struct pg *pg, const struct migration *m, bool notebook, const struct migrate_options *o,
        struct err *err)
{
    struct note note = { .applied = false };
    enum st st = notebook ? notebook_read(pg, m, &note, err) : ST_OK;

    if (st != ST_OK)
        return st;
    if (!note.applied)
        say(o, "%s/%s  pending  checksum %s", m->set, m->file, m->checksum);
    else if (strcmp(note.checksum, m->checksum) == 0)
        say(o, "%s/%s  applied %s  checksum %s", m->set, m->file, note.applied_at, m->checksum);
    else
        say(o, "%s/%s  applied %s  checksum %s differs: here %s", m->set, m->file, note.applied_at,
            note.checksum, m->checksum);
    return ST_OK;
}

static bool
is_embedded(const char *set, const char *file)
{
    struct migration m;

    for (size_t at = 0; migration_next(set, &at, &m);)
        if (strcmp(m.file, file) == 0)
            return true;
    return false;
}

/* Applied by a newer program, or by one that was built with other files. */
static enum st
say_strangers(struct pg *pg, const struct migrate_options *o, struct err *err)
{
    struct pg_result *r = NULL;
    enum st st = pg_run(pg, "cannot read ingest.migrations",
                        "SELECT set, file FROM ingest.migrations ORDER BY 1, 2", 0, NULL, &r, err);

    for (size_t i = 0; st == ST_OK && i < pg_rows(r); i++)
        if (!is_embedded(pg_text(r, i, 0).p, pg_text(r, i, 1).p))
            say(o, "%s/%s  applied, and not known to this program: it is older than the database",
                pg_text(r, i, 0).p, pg_text(r, i, 1).p);
    pg_free(r);
    return st;
}

enum st
migrate_status(struct pg *pg, const char *const *sets, size_t n, const struct migrate_options *o,
               struct err *err)
{
    struct set_list list;
    struct migration m;
    bool notebook = false;
    enum st st = sets_resolve(sets, n, SETS_EVERY, &list, err);

    if (st == ST_OK)
        st = notebook_is_there(pg, &notebook, err);
    for (size_t i = 0; st == ST_OK && i < list.n; i++)
        for (size_t at = 0; st == ST_OK && migration_next(list.name[i], &at, &m);)
            st = say_one(pg, &m, notebook, o, err);
    return st == ST_OK && notebook ? say_strangers(pg, o, err) : st;
}

static void
print_one(struct buf *b, const struct migration *m, const struct migrate_options *o)
{
    buf_printf(b, "\n-- ---- %s/%s ----\nBEGIN;\n", m->set, m->file);
    if (script_wants_hll(m->up) && !o->no_sketches)
        buf_text(b, "CREATE EXTENSION IF NOT EXISTS hll;\n");
    script_select(b, m->up, o->no_sketches);
    buf_printf(
        b,
        "INSERT INTO ingest.migrations (set, file, checksum) VALUES ('%s', '%s', '%s');\nCOMMIT;\n",
        m->set, m->file, m->checksum);
}

enum st
migrate_print(const char *const *sets, size_t n, const struct migrate_options *o, struct err *err)
{
    static const char what[] = "cannot print the migrations";
    struct set_list list;
    struct migration m;
    struct buf b = { 0 };
    enum st st = sets_resolve(sets, n, SETS_FIRST_THREE, &list, err);

    if (st != ST_OK)
        return st;
    buf_printf(&b, "BEGIN;\n%sCOMMIT;\n", schema_notebook());
    for (size_t at = 0; migration_next("ledger", &at, &m);)
        print_one(&b, &m, o);
    for (size_t i = 0; i < list.n; i++)
        for (size_t at = 0;
             strcmp(list.name[i], "ledger") != 0 && migration_next(list.name[i], &at, &m);)
            print_one(&b, &m, o);
    if (b.failed)
        st = err_memory(err, what);
    else if (fwrite(b.p, 1, b.n, stdout) != b.n || fflush(stdout) != 0)
        st = err_fail(err, ST_DISK, what, "%s", strerror(errno));
    buf_release(&b);
    return st;
}
