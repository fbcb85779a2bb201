/*
 * What a role must be allowed to do with the ledger: asked before a log is read, so that a missing
 * right is one sentence and no work is lost.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

enum st
rights_for(struct ledger *l, const char *what, const char *table, const char *needs,
           struct err *err)
{
    static const char sql[] =
        "SELECT to_regclass('ingest.' || $1) IS NULL, current_user, lacks.p, lacks.t"
        " FROM (SELECT) one LEFT JOIN ("
        "  SELECT string_agg(split_part(need, ' ', 2), ', ' ORDER BY at), split_part(need, ' ', 1)"
        "   FROM unnest(string_to_array($2, ', ')) WITH ORDINALITY AS needs(need, at)"
        "   WHERE NOT has_table_privilege(to_regclass('ingest.' || split_part(need, ' ', 1))::oid,"
        "                                 split_part(need, ' ', 2))"
        "   GROUP BY 2 ORDER BY min(at) LIMIT 1) AS lacks(p, t) ON true";
    const char *values[] = { table, needs };
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what, sql, 2, values, &r, err);

    if (rc != ST_OK)
        return rc;
    if (slice_is(pg_text(r, 0, 0), "t")) {
        rc = err_fail(err, ST_DB, what, "the ledger is older and has no table ingest.%s", table);
        err_hint(err, "ingest migrate up ledger");
    } else if (!pg_is_null(r, 0, 2)) {
        const char *role = pg_text(r, 0, 1).p, *right = pg_text(r, 0, 2).p;

        table = pg_text(r, 0, 3).p;
        rc = err_fail(err, ST_DB, what, "the role %s lacks %s on ingest.%s", role, right, table);
        err_hint(err, "as the owner: GRANT %s ON ingest.%s TO \"%s\";", right, table, role);
    }
    pg_free(r);
    return rc;
}

/*
 * Remembering refusals is left out: where that is not allowed, they are not remembered. What waits
 * for a catalog is asked for when there is one (unresolved.c).
 */
enum st
ledger_rights(struct ledger *l, struct err *err)
{
    return rights_for(l, "cannot use the ledger", "payloads",
                      "payloads SELECT, payloads INSERT, payload_days INSERT, sightings SELECT,"
                      " sightings INSERT, settings SELECT, settings INSERT",
                      err);
}
