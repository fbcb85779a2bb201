/*
 * The throw-away database of a check. Its name says which session made it, so that the next check
 * can tell what a killed one left from what another one is working on.
 */
#include "ingest/base.h"

#include "backup_priv.h"

#define PREFIX "ingest_check_"
/* Process and start of a session: no other one of this server ever has both. */
#define SESSION "pid || '_' || (extract(epoch FROM backend_start) * 1000000)::bigint"

static const char what[] = "cannot make a throw-away database";

static enum st
drop(struct pg *pg, const char *name, const char *how, struct err *err)
{
    struct buf sql = { 0 };
    enum st rc;

    buf_text(&sql, "DROP DATABASE IF EXISTS ");
    pg_ident(pg, &sql, name);
    buf_text(&sql, how);
    rc = buf_str(&sql) == NULL
             ? err_memory(err, what)
             : pg_run(pg, "cannot drop a throw-away database", sql.p, 0, NULL, NULL, err);
    buf_release(&sql);
    return rc;
}

/*
 * Of this role's own, those whose maker has gone. Not by force: what is left of the killed one may
 * still be restoring, and is dropped by a later check then.
 */
static enum st
sweep(struct pg *pg, struct err *err)
{
    static const char sql[] =
        "SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba"
        " WHERE r.rolname = current_user AND d.datname ~ '^" PREFIX "[0-9]+_[0-9]+$'"
        " AND NOT EXISTS (SELECT FROM pg_stat_activity a"
        "                  WHERE d.datname = '" PREFIX "' || " SESSION ")";
    struct pg_result *r = NULL;
    struct err ignored;
    enum st rc = pg_run(pg, what, sql, 0, NULL, &r, err);

    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        (void)drop(pg, pg_text(r, i, 0).p, "", &ignored);
    pg_free(r);
    return rc;
}

enum st
spare_make(struct pg *pg, char name[SPARE_NAME], struct err *err)
{
    static const char mine[] = "SELECT '" PREFIX "' || " SESSION
                               " FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    struct pg_result *r = NULL;
    char sql[160];
    enum st rc;

    name[0] = '\0';
    if ((rc = sweep(pg, err)) != ST_OK || (rc = pg_run(pg, what, mine, 0, NULL, &r, err)) != ST_OK)
        return rc;
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'",
             pg_text(r, 0, 0).p);
    if ((rc = pg_run(pg, what, sql, 0, NULL, NULL, err)) == ST_OK)
        snprintf(name, SPARE_NAME, "%s", pg_text(r, 0, 0).p);
    else if (strcmp(pg_sqlstate(pg), "42501") == 0)
        err_hint(err,
                 "ALTER ROLE ... CREATEDB; or check it on this host's private server: --local");
    pg_free(r);
    return rc;
}

void
spare_drop(struct pg *pg, const char *name)
{
    struct err ignored;

    if (name[0] == '\0')
        return;
    if (!pg_is_alive(pg))
        (void)pg_reconnect(pg, &ignored);
    (void)drop(pg, name, " WITH (FORCE)", &ignored);
}
