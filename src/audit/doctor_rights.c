/*
 * What the role may do: too little, and counting fails; too much, and a mistake costs more than it
 * must. And the migrations, which somebody else may have to apply.
 */
#include "ingest/base.h"

#include "ingest/migrate.h"

#include "audit_priv.h"

/* ---- migrations ---- */

struct sets {
    struct audit *a;
    bool has_applied[16]; /* in the order of migrate_sets() */
    bool second;          /* the first walk tells which sets are there, the second what they lack */
    size_t n_told;
};

static size_t
set_of(const char *line)
{
    const char *const *sets = migrate_sets();
    size_t n = strcspn(line, "/");

    for (size_t i = 0; sets[i] != NULL && i < 16; i++)
        if (strlen(sets[i]) == n && strncmp(sets[i], line, n) == 0)
            return i;
    return 15;
}

/* A line of migrate_status: "SET/FILE  pending ..." or "SET/FILE  applied ...". */
static void
on_migration(void *ctx, const char *line)
{
    struct sets *s = ctx;
    const char *state = strstr(line, "  ");
    size_t set = set_of(line);

    if (state == NULL)
        return;
    if (!s->second) {
        s->has_applied[set] |= strncmp(state, "  applied", 9) == 0;
        return;
    }
    if (strncmp(state, "  pending", 9) == 0 && s->has_applied[set])
        doctor_tell(s->a, AUDIT_FINDING, "migrations", "ingest migrate up", "%.*s is not applied",
                    (int)(state - line), line);
    else if (strstr(state, "not known to this program") != NULL)
        doctor_tell(s->a, AUDIT_FINDING, "migrations",
                    "use the ingest that migrated it, or a newer one",
                    "%.*s is newer than this program", (int)(state - line), line);
    else if (strstr(state, " differs: ") != NULL)
        doctor_tell(s->a, AUDIT_FINDING, "migrations", "somebody has changed a released file",
                    "%.*s was applied as another text than this program has", (int)(state - line),
                    line);
    else
        return;
    s->n_told++;
}

enum st
doctor_migrations(struct audit *a, struct err *err)
{
    struct sets s = { .a = a };
    struct migrate_options o = { .say = on_migration, .say_ctx = &s };
    enum st rc = migrate_status(a->pg, NULL, 0, &o, err);

    s.second = true;
    if (rc == ST_OK)
        rc = migrate_status(a->pg, NULL, 0, &o, err);
    if (rc == ST_OK && s.n_told == 0)
        doctor_tell(a, AUDIT_OK, "migrations", NULL, "those of the sets that are here are applied");
    return rc;
}

/* ---- too little ---- */

/* needed: without it nothing is counted. The others are for one thing each, and said when that is
 * asked for. */
static const char ledger_sql[] =
    "SELECT t, string_agg(p, ', ' ORDER BY p), bool_or(needed), current_user FROM (VALUES"
    " ('payloads', 'SELECT', true), ('payloads', 'INSERT', true), ('payloads', 'UPDATE', false),"
    " ('payload_days', 'SELECT', false), ('payload_days', 'INSERT', true), ('payload_days', 'UPDATE', false),"
    " ('sightings', 'SELECT', true), ('sightings', 'INSERT', true),"
    " ('settings', 'SELECT', true), ('settings', 'INSERT', true),"
    " ('refusals', 'SELECT', false), ('refusals', 'INSERT', false), ('refusals', 'UPDATE', false),"
    " ('unresolved', 'SELECT', false), ('unresolved', 'INSERT', false), ('unresolved', 'UPDATE', false),"
    " ('runs', 'SELECT', false), ('runs', 'INSERT', false), ('runs', 'UPDATE', false),"
    " ('annotations', 'INSERT', false), ('rules_used', 'SELECT', false),"
    " ('rules_used', 'INSERT', false), ('rules_used', 'UPDATE', false)"
    " ) AS needs(t, p, needed)"
    " WHERE NOT has_table_privilege(to_regclass('ingest.' || t)::oid, p) GROUP BY t ORDER BY t";

static enum st
check_ledger(struct audit *a, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(a->pg, doctor_what, "SELECT to_regclass('ingest.payloads') IS NOT NULL", 0,
                        NULL, &r, err);
    bool there = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    char grant[300];

    pg_free(r);
    r = NULL;
    if (rc != ST_OK || !there) {
        if (rc == ST_OK)
            doctor_tell(a, AUDIT_FINDING, "rights", "ingest migrate up",
                        "there is no ledger (schema ingest)");
        return rc;
    }
    rc = pg_run(a->pg, doctor_what, ledger_sql, 0, NULL, &r, err);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++) {
        snprintf(grant, sizeof grant, "as the owner: GRANT %s ON ingest.%s TO \"%s\";",
                 pg_text(r, i, 1).p, pg_text(r, i, 0).p, pg_text(r, i, 3).p);
        doctor_tell(a, slice_is(pg_text(r, i, 2), "t") ? AUDIT_FINDING : AUDIT_NOTE, "rights",
                    grant, "the role %.63s lacks %s on ingest.%s", pg_text(r, i, 3).p,
                    pg_text(r, i, 1).p, pg_text(r, i, 0).p);
    }
    if (rc == ST_OK && pg_rows(r) == 0)
        doctor_tell(a, AUDIT_OK, "rights", NULL, "the role may write the ledger");
    pg_free(r);
    return rc;
}

/* As a run looks at each table before it reads a log. */
static enum st
check_tables(struct audit *a, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && datasets[i] != NULL; i++) {
        struct target t;
        struct err why = { 0 };

        rc = target_find(a->pg, datasets[i], &t, &why);
        if (rc == ST_OK) {
            doctor_tell(a, AUDIT_OK, "rights", NULL, "the role may count into %s.%s", t.schema,
                        t.dataset->table);
        } else if (rc == ST_DB && pg_sqlstate(a->pg)[0] == '\0') {
            rc = ST_OK;
            if (!t.missing)
                doctor_tell(a, AUDIT_FINDING, "rights", why.hint[0] != '\0' ? why.hint : NULL,
                            "%s: %s", why.what, why.cause);
        } else {
            *err = why;
        }
    }
    return rc;
}

/* ---- too much ---- */

static const char much_sql[] =
    "SELECT r.what FROM (VALUES"
    " (1, (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), 'it is a superuser'),"
    " (2, pg_has_role('pg_execute_server_program', 'MEMBER'), 'it may run programs on the server'),"
    " (3, pg_has_role('pg_write_server_files', 'MEMBER'), 'it may write files of the server'),"
    " (4, (SELECT bool_or(has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE'))"
    "        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "       WHERE n.nspname = 'ingest' AND c.relkind = 'r' AND c.relname IN ('payloads', 'payload_days', 'settings')),"
    "  'it may delete from the ledger')"
    ") AS r(n, has, what) WHERE has ORDER BY n LIMIT 1";

static enum st
check_too_much(struct audit *a, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(a->pg, doctor_what, much_sql, 0, NULL, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0)
        doctor_tell(
            a, AUDIT_NOTE, "rights",
            "counting takes SELECT, INSERT and UPDATE, and TEMP: a role of its own can do less harm",
            "the role has more than counting takes: %s", pg_text(r, 0, 0).p);
    pg_free(r);
    return rc;
}

/* ---- what others may ---- */

/*
 * Tables are found along the search path, and so are functions: what a stranger defines for just the
 * types of a call is preferred to the server's own, and runs with the rights of whoever calls
 * (PostgreSQL manual, 5.9.6). Until version 14 everybody may create in `public`.
 */
static const char open_sql[] =
    "SELECT quote_ident(n.nspname) FROM unnest(current_schemas(false))"
    " WITH ORDINALITY AS s(name, at) JOIN pg_catalog.pg_namespace n ON n.nspname = s.name"
    " WHERE has_schema_privilege('public'::name, n.oid, 'CREATE') ORDER BY s.at LIMIT 1";

static enum st
check_open_schemas(struct audit *a, struct err *err)
{
    struct pg_result *r = NULL;
    char revoke[200];
    enum st rc = pg_run(a->pg, doctor_what, open_sql, 0, NULL, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0) {
        snprintf(revoke, sizeof revoke, "as the owner: REVOKE CREATE ON SCHEMA %s FROM PUBLIC;",
                 pg_text(r, 0, 0).p);
        doctor_tell(a, AUDIT_FINDING, "rights", revoke,
                    "every user of the database may create in the schema %s: functions that he makes"
                    " there may run with this role's rights",
                    pg_text(r, 0, 0).p);
    } else if (rc == ST_OK) {
        doctor_tell(a, AUDIT_OK, "rights", NULL,
                    "no schema of the search path is open to every user of the database");
    }
    pg_free(r);
    return rc;
}

/* Rights are asked for by a transaction that might write. This one does not. */
enum st
doctor_rights(struct audit *a, bool standby, struct err *err)
{
    enum st rc = pg_begin(a->pg, err);

    if (rc != ST_OK)
        return rc;
    if (!standby)
        rc = pg_script(a->pg, doctor_what, "SET TRANSACTION READ WRITE", err);
    if (rc == ST_OK)
        rc = check_ledger(a, err);
    if (rc == ST_OK && !standby)
        rc = check_tables(a, err);
    if (rc == ST_OK)
        rc = check_too_much(a, err);
    if (rc == ST_OK)
        rc = check_open_schemas(a, err);
    pg_rollback(a->pg);
    return rc;
}
