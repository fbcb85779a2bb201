/*
 * What the role that counts must be allowed to do with the ledger: asked before a log is read, so
 * that a missing right is one sentence and no work is lost.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

/*
 * Remembering refusals is left out: where that is not allowed, they are not remembered. What waits
 * for a catalog is asked for when there is one (unresolved.c).
 */
static const char sql[] =
    "SELECT current_user, string_agg(p, ', ' ORDER BY n), t FROM (VALUES"
    " (1, 'payloads', 'SELECT'), (2, 'payloads', 'INSERT'),"
    " (3, 'payload_days', 'INSERT'), (4, 'sightings', 'SELECT'), (5, 'sightings', 'INSERT'),"
    " (6, 'settings', 'SELECT'), (7, 'settings', 'INSERT')) AS needs(n, t, p)"
    " WHERE NOT has_table_privilege(to_regclass('ingest.' || t)::oid, p)"
    " GROUP BY t ORDER BY min(n) LIMIT 1";

enum st
ledger_rights(struct ledger *l, struct err *err)
{
    static const char what[] = "cannot use the ledger";
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what, sql, 0, NULL, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0) {
        const char *role = pg_text(r, 0, 0).p, *right = pg_text(r, 0, 1).p;
        const char *table = pg_text(r, 0, 2).p;

        rc = err_fail(err, ST_DB, what, "the role %s lacks %s on ingest.%s", role, right, table);
        err_hint(err, "as the owner: GRANT %s ON ingest.%s TO \"%s\";", right, table, role);
    }
    pg_free(r);
    return rc;
}
