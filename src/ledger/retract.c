/*
 * Payloads taken out of what counts, and put back: who may do it, their days, and how it is written
 * down. Which they are: retract_find.c. Their rows in the table are the sink's.
 */
#include "ingest/base.h"

#include "retract_priv.h"

enum st
retract_ask(struct ledger *l, const char *what, const struct retractable *r, const char *sql,
            struct pg_result **out, struct err *err)
{
    struct columns c;
    enum st rc;

    columns_begin(&c, 1);
    for (size_t i = 0; i < r->n_ids; i++)
        pg_array_int(&c.at[0], r->ids[i]);
    rc = columns_run(&c, l->pg, what, sql, out, err);
    columns_release(&c);
    return rc;
}

/* ---- rights ---- */

enum st
retract_may_know(struct ledger *l, struct err *err)
{
    static const char what[] = "cannot tell what was retracted";
    static const char sql[] = "SELECT to_regclass('ingest.retractions') IS NULL, current_user";
    struct pg_result *r = NULL;
    enum st rc;

    if (l->retracts)
        return ST_OK;
    if ((rc = pg_run(l->pg, what, sql, 0, NULL, &r, err)) != ST_OK)
        return rc;
    if (slice_is(pg_text(r, 0, 0), "f")) {
        rc = err_fail(err, ST_DB, what, "the role %s lacks SELECT ON ingest.retractions",
                      pg_text(r, 0, 1).p);
        err_hint(err, "as the owner: GRANT SELECT ON ingest.retractions TO \"%s\";",
                 pg_text(r, 0, 1).p);
    }
    pg_free(r);
    return rc;
}

enum st
retract_rights(struct ledger *l, struct err *err)
{
    return rights_for(l, "cannot retract", "retractions",
                      "payloads UPDATE, payload_days UPDATE, payload_days DELETE, unresolved DELETE,"
                      " retractions SELECT, retractions INSERT, retractions UPDATE,"
                      " upper_bounds SELECT, upper_bounds INSERT",
                      err);
}

/* ---- inside the transaction ---- */

enum st
retract_lock(struct ledger *l, const struct retractable *r, struct err *err)
{
    static const char sql[] = "SELECT FROM ingest.payloads d WHERE d.id = ANY ($1::bigint[])"
                              " ORDER BY d.hash, d.dataset, d.scope FOR NO KEY UPDATE";

    return retract_ask(l, "cannot lock payloads", r, sql, NULL, err);
}

enum st
retract_days(struct ledger *l, const struct retractable *r, struct retract_day **out, size_t *n,
             bool *replaced, struct err *err)
{
    static const char sql[] =
        "SELECT d.day - date '1970-01-01',"
        " least(sum(d.count) FILTER (WHERE live), 9223372036854775807)::bigint,"
        " least(sum(d.bytes) FILTER (WHERE live), 9223372036854775807)::bigint,"
        " decode(min(encode(d.rules_id, 'hex')) FILTER (WHERE live), 'hex'),"
        " count(DISTINCT d.rules_id) FILTER (WHERE live) > 1, bool_or(d.state = 'replaced')"
        " FROM ingest.payload_days d, LATERAL (SELECT d.state = 'counted') AS s(live)"
        " WHERE" IS_OURS "AND d.count > 0 GROUP BY d.day ORDER BY d.day";
    struct pg_result *rows = NULL;
    enum st rc = retract_ask(l, CANNOT_RETRACT, r, sql, &rows, err);

    *out = NULL;
    *n = 0;
    *replaced = false;
    if (rc != ST_OK)
        return rc;
    if ((*out = calloc(pg_rows(rows) + 1, sizeof **out)) == NULL)
        rc = err_memory(err, CANNOT_RETRACT);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(rows); i++) {
        struct retract_day *d = &(*out)[(*n)++];

        d->day = (int32_t)pg_int(rows, i, 0);
        d->count = pg_int(rows, i, 1);
        d->bytes = pg_int(rows, i, 2);
        pg_bytea(rows, i, 3, d->rules_id.b, sizeof d->rules_id.b);
        d->mixed = slice_is(pg_text(rows, i, 4), "t");
        *replaced = *replaced || slice_is(pg_text(rows, i, 5), "t");
    }
    pg_free(rows);
    return rc;
}

enum st
retract_mark(struct ledger *l, const struct retractable *r, bool exact, struct err *err)
{
    static const char days[] = "UPDATE ingest.payload_days d SET state = 'retracted' WHERE" IS_OURS
                               "AND d.state = 'counted'";
    static const char waiting[] =
        "DELETE FROM ingest.unresolved d WHERE" IS_OURS "AND d.healed_at IS NULL";
    static const char note[] =
        "INSERT INTO ingest.retractions (payload, named, exact)"
        " SELECT id, $2::bigint, $3::boolean FROM unnest($1::bigint[]) AS ours(id)";
    char id[24];
    struct columns c;
    enum st rc;

    if ((rc = retract_ask(l, CANNOT_RETRACT, r, days, NULL, err)) != ST_OK ||
        (rc = retract_ask(l, CANNOT_RETRACT, r, waiting, NULL, err)) != ST_OK)
        return rc;
    snprintf(id, sizeof id, "%" PRId64, r->id);
    columns_begin(&c, 1);
    for (size_t i = 0; i < r->n_ids; i++)
        pg_array_int(&c.at[0], r->ids[i]);
    columns_add_value(&c, id);
    columns_add_value(&c, exact ? "t" : "f");
    rc = columns_run(&c, l->pg, CANNOT_RETRACT, note, NULL, err);
    columns_release(&c);
    return rc;
}

enum st
retract_undo(struct ledger *l, const struct retractable *r, struct err *err)
{
    static const char *const sql[] = {
        "DELETE FROM ingest.payload_days d WHERE" IS_OURS,
        "DELETE FROM ingest.unresolved d WHERE" IS_OURS,
        "UPDATE ingest.retractions d SET undone_at = now() WHERE" IS_OURS "AND d.undone_at IS NULL",
    };
    enum st rc = ST_OK;

    for (size_t i = 0; i < ARRAY_LEN(sql) && rc == ST_OK; i++)
        rc = retract_ask(l, CANNOT_COUNT_AGAIN, r, sql[i], NULL, err);
    return rc;
}

/* One whose days are all counted by these rules is known under them from now on. */
enum st
retract_record(struct ledger *l, struct payload *const *payloads, size_t n,
               const struct digest *rules_id, struct err *err)
{
    static const char sql[] = "UPDATE ingest.payloads d SET rules_id = $2::bytea"
                              " WHERE d.id = ANY ($1::bigint[])";
    struct bytea_text text;
    struct columns c;
    enum st rc = record_days(l, payloads, n, INT32_MIN, INT32_MAX, err);

    if (rc != ST_OK)
        return rc;
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], payloads[i]->id);
    columns_add_value(&c, bytea_text(&text, rules_id->b, sizeof rules_id->b));
    rc = columns_run(&c, l->pg, CANNOT_COUNT_AGAIN, sql, NULL, err);
    columns_release(&c);
    return rc;
}

enum st
retract_replaced(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err)
{
    static const char sql[] = "UPDATE ingest.retractions d SET undone_at = now() WHERE" IS_OURS
                              "AND d.undone_at IS NULL";
    struct columns c;
    enum st rc;

    if (!l->any_out || n == 0)
        return ST_OK;
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], payloads[i]->id);
    rc = columns_run(&c, l->pg, CANNOT_COUNT_AGAIN, sql, NULL, err);
    columns_release(&c);
    return rc;
}

/* ---- for all who read logs ---- */

enum st
retract_since(struct ledger *l, const int64_t *ids, size_t n, int32_t *days, struct err *err)
{
    static const char sql[] =
        "SELECT k.at, (o.retracted_at AT TIME ZONE 'UTC')::date - date '1970-01-01'"
        " FROM unnest($1::bigint[]) WITH ORDINALITY AS k(payload, at)"
        " JOIN ingest.retractions o ON o.payload = k.payload AND o.undone_at IS NULL";
    struct pg_result *r = NULL;
    struct columns c;
    enum st rc;

    memset(days, 0, n * sizeof *days);
    if (!l->any_out || n == 0)
        return ST_OK;
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], ids[i]);
    rc = columns_run(&c, l->pg, "cannot tell what was retracted", sql, &r, err);
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        days[pg_int(r, i, 0) - 1] = (int32_t)pg_int(r, i, 1);
    pg_free(r);
    columns_release(&c);
    return rc;
}

enum st
retract_moved(struct ledger *l, bool *moved, struct err *err)
{
    static const char sql[] = "SELECT count(*), count(undone_at) FROM ingest.retractions";
    struct pg_result *r = NULL;
    enum st rc;

    *moved = false;
    if (!l->retracts)
        return ST_OK;
    rc = pg_run(l->pg, "cannot tell what was retracted", sql, 0, NULL, &r, err);
    *moved = rc == ST_OK && (pg_int(r, 0, 0) != l->n_gone || pg_int(r, 0, 1) != l->n_come);
    pg_free(r);
    return rc;
}
