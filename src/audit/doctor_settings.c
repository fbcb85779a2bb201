/*
 * Settings of the server, and what the role or the database forces on its sessions. Most of these a
 * session of ours sets for itself; then they are only named.
 */
#include "ingest/base.h"

#include "audit_priv.h"

enum bad_when { IS, IS_NOT };

static const struct setting {
    const char *name;
    enum bad_when when;
    const char *value;
    enum audit_word word;
    const char *why;
} settings[] = {
    { "fsync", IS, "off", AUDIT_FINDING,
      "a crash of the machine may lose or tear what was committed: fsync = on" },
    { "full_page_writes", IS, "off", AUDIT_FINDING,
      "a crash of the machine may leave torn pages: full_page_writes = on" },
    { "zero_damaged_pages", IS, "on", AUDIT_FINDING,
      "damaged pages become empty ones without a word" },
    { "ignore_checksum_failure", IS, "on", AUDIT_FINDING,
      "damaged pages are read as if they were sound" },
    { "default_transaction_read_only", IS, "on", AUDIT_FINDING,
      "nothing can be counted: ALTER ROLE or ALTER DATABASE ... RESET default_transaction_read_only" },
    { "session_replication_role", IS_NOT, "origin", AUDIT_FINDING,
      "foreign keys and triggers are passed over: reset it for this role" },
    { "data_checksums", IS, "off", AUDIT_NOTE,
      "a disk that changes a page is not noticed (pg_checksums)" },
    { "autovacuum", IS, "off", AUDIT_NOTE, "tables that are updated every day grow without end" },
    { "synchronous_commit", IS, "off", AUDIT_NOTE,
      "transactions of ingest wait for the disk all the same" },
    { "default_transaction_isolation", IS_NOT, "read committed", AUDIT_NOTE,
      "ingest says READ COMMITTED for its own transactions" },
    { "statement_timeout", IS_NOT, "0", AUDIT_NOTE, "ingest sets none for its own statements" },
    { "transaction_timeout", IS_NOT, "0", AUDIT_NOTE, "ingest sets none for its own transactions" },
    { "lock_timeout", IS_NOT, "0", AUDIT_NOTE, "ingest waits 60 s for a lock, and tries again" },
    { "idle_in_transaction_session_timeout", IS_NOT, "0", AUDIT_NOTE,
      "ingest sets none for its own sessions" },
    { "idle_session_timeout", IS_NOT, "0", AUDIT_NOTE,
      "sessions that wait while logs are read are ended, and made again" },
    { "temp_file_limit", IS_NOT, "-1", AUDIT_NOTE,
      "large batches may fail with 53400; --memory makes them smaller" },
    { "search_path", IS_NOT, "\"$user\", public", AUDIT_NOTE, "tables are looked for along it" },
    { "synchronous_standby_names", IS_NOT, "", AUDIT_NOTE,
      "COMMIT waits for a standby; where that is gone, for ever" },
};

/* The value that a session begins with: ours has set some of them already. */
static const char sql[] =
    "SELECT name, reset_val, CASE source WHEN 'database' THEN ' (of the database)' WHEN 'user' THEN ' (of the role)'"
    " WHEN 'database user' THEN ' (of the role in this database)' WHEN 'client' THEN ' (of the client)'"
    " WHEN 'environment variable' THEN ' (of the environment)' ELSE '' END"
    " FROM pg_catalog.pg_settings";

static void
tell_setting(struct audit *a, const struct setting *s, const struct pg_result *r, size_t row)
{
    bool is = slice_eq(pg_text(r, row, 1), slice_of(s->value));

    if (is == (s->when == IS))
        doctor_tell(a, s->word, "server", s->why, "%s is %s%s", s->name, pg_text(r, row, 1).p,
                    pg_text(r, row, 2).p);
}

static enum st
check_each(struct audit *a, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(a->pg, doctor_what, sql, 0, NULL, &r, err);

    for (size_t i = 0; rc == ST_OK && i < ARRAY_LEN(settings); i++)
        for (size_t row = 0; row < pg_rows(r); row++)
            if (slice_eq(pg_text(r, row, 0), slice_of(settings[i].name)) && !pg_is_null(r, row, 1))
                tell_setting(a, &settings[i], r, row);
    pg_free(r);
    return rc;
}

/* Ours hide in the session what the role has: its own list says it. */
static const char forced_sql[] =
    "SELECT CASE WHEN s.setrole = 0 THEN 'the database' WHEN s.setdatabase = 0 THEN 'the role' ELSE 'the role in this database' END,"
    " x.entry FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) AS x(entry)"
    " WHERE s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))"
    " AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))"
    " AND split_part(x.entry, '=', 1) <> ALL ($1::text[]) ORDER BY 1, 2";

/* Those that are none of the above: named, and left to the reader. */
static enum st
check_forced(struct audit *a, struct err *err)
{
    struct pg_array known;
    struct pg_result *r = NULL;
    const char *values[1];
    enum st rc;

    pg_array_begin(&known);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        pg_array_text(&known, slice_of(settings[i].name));
    values[0] = pg_array_end(&known);
    rc = values[0] == NULL ? err_memory(err, doctor_what)
                           : pg_run(a->pg, doctor_what, forced_sql, 1, values, &r, err);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        doctor_tell(a, AUDIT_NOTE, "server", NULL, "%s sets %s", pg_text(r, i, 0).p,
                    pg_text(r, i, 1).p);
    pg_free(r);
    pg_array_release(&known);
    return rc;
}

enum st
doctor_settings(struct audit *a, struct err *err)
{
    enum st rc = check_each(a, err);

    return rc == ST_OK ? check_forced(a, err) : rc;
}
