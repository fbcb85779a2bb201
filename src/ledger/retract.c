/*
 * Payloads taken out of what counts, and put back: which of them go together, what of them counts,
 * and how that is written down. Their rows in the table are the sink's.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/retract.h"

#include "ledger_priv.h"

static const char cannot_out[] = "cannot retract this payload";
static const char cannot_back[] = "cannot count this payload again";

static const char *
what_of(enum retract_act act)
{
    return act == RETRACT_OUT ? cannot_out : cannot_back;
}

/* Of a payload p: it was retracted, and stays out. */
#define STAYS_OUT(p)                                                                              \
    "EXISTS (SELECT FROM ingest.retractions o WHERE o.payload = " p ".id AND o.undone_at IS NULL)"
#define HAS_DAY(p, state)                                                                         \
    "EXISTS (SELECT FROM ingest.payload_days s WHERE s.payload = " p ".id AND s.state = '" state  \
    "' AND s.count > 0)"

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

/* ---- which payloads ---- */

/* A path as the ledger has it; "payload ID" where it has none. */
static void
read_path(const struct pg_result *r, size_t row, size_t col, int64_t id, char out[RETRACT_PATH_MAX])
{
    size_t n = pg_is_null(r, row, col) ? SIZE_MAX
                                       : pg_bytea(r, row, col, out, RETRACT_PATH_MAX - 1);

    if (n == SIZE_MAX)
        snprintf(out, RETRACT_PATH_MAX, "payload %" PRId64, id);
    else
        out[n] = '\0';
}

static enum st
check_one(const struct pg_result *r, const struct ledger_scope *scope, enum retract_act act,
          struct err *err)
{
    if (pg_rows(r) == 0) {
        err_fail(err, ST_CORRUPT, what_of(act),
                 "the ledger has no payload of these bytes: it was never counted%s",
                 scope->dataset == NULL ? "" : " for this dataset");
        err_hint(err, act == RETRACT_BACK
                          ? "count it: ingest FILE"
                          : "has it grown since it was counted: first `ingest FILE`, for the rest");
        return ST_CORRUPT;
    }
    if (pg_rows(r) == 1)
        return ST_OK;
    err_fail(err, ST_USAGE, what_of(act), "it was counted for several datasets, as %s and %s",
             pg_text(r, 0, 1).p, pg_text(r, 1, 1).p);
    err_hint(err, "say --dataset NAME");
    return ST_USAGE;
}

/* No payload of this scope: is it another node's? Whoever counts it as was said has it twice. */
static enum st
check_nodes(struct ledger *l, const char *dataset, const char *hash, enum retract_act act,
            struct err *err)
{
    static const char sql[] = "SELECT FROM ingest.payloads WHERE hash = $1::bytea AND scope <> 0"
                              " AND ($2::text IS NULL OR dataset = $2) LIMIT 1";
    const char *values[] = { hash, dataset };
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what_of(act), sql, 2, values, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0) {
        rc = err_fail(err, ST_CORRUPT, what_of(act), "it was counted for another node");
        err_hint(err, "say --node NAME");
    }
    pg_free(r);
    return rc;
}

/* Columns: id, dataset, scope, out since, partial, path. */
static enum st
find_one(struct ledger *l, const struct ledger_scope *scope, const struct digest *hash,
         enum retract_act act, struct retractable *out, char since[11], struct err *err)
{
    static const char sql[] =
        "SELECT p.id, p.dataset, p.scope, to_char(o.retracted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),"
        " p.partial, (SELECT s.path FROM ingest.sightings s WHERE s.payload = p.id"
        "  AND s.machine = $4::bytea AND s.size IS NOT NULL ORDER BY s.seen_at DESC LIMIT 1)"
        " FROM ingest.payloads p"
        " LEFT JOIN ingest.retractions o ON o.payload = p.id AND o.undone_at IS NULL"
        " WHERE p.hash = $1::bytea AND p.dataset <> 'none' AND ($2::text IS NULL OR p.dataset = $2)"
        " AND p.scope IN (0, $3::integer) ORDER BY p.id LIMIT 2";
    struct bytea_text hash_text, machine;
    struct pg_result *r = NULL;
    char node[16];
    const char *values[] = { bytea_text(&hash_text, hash->b, sizeof hash->b), scope->dataset, node,
                             l->has_machine
                                 ? bytea_text(&machine, l->machine.b, sizeof l->machine.b)
                                 : NULL };
    enum st rc;

    snprintf(node, sizeof node, "%" PRId32, scope->node);
    if ((rc = pg_run(l->pg, what_of(act), sql, 4, values, &r, err)) != ST_OK)
        return rc;
    if (pg_rows(r) == 0)
        rc = check_nodes(l, scope->dataset, values[0], act, err);
    if (rc == ST_OK && (rc = check_one(r, scope, act, err)) == ST_OK) {
        out->id = pg_int(r, 0, 0);
        snprintf(out->dataset, sizeof out->dataset, "%s", pg_text(r, 0, 1).p);
        out->scope = (int32_t)pg_int(r, 0, 2);
        snprintf(since, 11, "%s", pg_is_null(r, 0, 3) ? "" : pg_text(r, 0, 3).p);
        out->partial = slice_is(pg_text(r, 0, 4), "t");
        if (!pg_is_null(r, 0, 5))
            read_path(r, 0, 5, out->id, out->path);
    }
    pg_free(r);
    return rc;
}

/* What goes with it: the beginnings of it, as far as nothing else that counts stands on them. */
static const char chain_sql[] =
    "WITH RECURSIVE chain(id, at) AS (SELECT $1::bigint, 0 UNION ALL"
    "  SELECT e.id, c.at + 1 FROM chain c JOIN ingest.payloads p ON p.id = c.id"
    "    JOIN ingest.payloads e ON e.id = p.extends AND e.length < p.length"
    "   WHERE NOT " STAYS_OUT("e") " AND NOT EXISTS (SELECT FROM ingest.payload_days s"
    "         WHERE s.payload = e.id AND s.state = 'adopted')"
    "     AND NOT EXISTS (SELECT FROM ingest.payloads q WHERE q.extends = e.id AND q.id <> c.id"
    "                     AND NOT " STAYS_OUT("q") "))"
    " SELECT id FROM chain ORDER BY at";

/* What comes with it: what went with it, and has not come since. */
static const char back_sql[] =
    "SELECT payload FROM ingest.retractions WHERE named = $1::bigint AND undone_at IS NULL"
    " UNION ALL SELECT $1::bigint WHERE NOT EXISTS (SELECT FROM ingest.retractions"
    "   WHERE named = $1::bigint AND payload = $1::bigint AND undone_at IS NULL)";

static enum st
find_chain(struct ledger *l, enum retract_act act, struct retractable *out, struct err *err)
{
    struct pg_result *r = NULL;
    char id[24];
    const char *values[] = { id };
    enum st rc;

    snprintf(id, sizeof id, "%" PRId64, out->id);
    rc = pg_run(l->pg, what_of(act), act == RETRACT_OUT ? chain_sql : back_sql, 1, values, &r, err);
    if (rc != ST_OK)
        return rc;
    if ((out->ids = calloc(pg_rows(r), sizeof *out->ids)) == NULL)
        rc = err_memory(err, what_of(act));
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        out->ids[out->n_ids++] = pg_int(r, i, 0);
    pg_free(r);
    return rc;
}

/* A log that went on: what stands behind this payload would be left without its beginning. */
static enum st
check_longer(struct ledger *l, const struct retractable *r, struct err *err)
{
    static const char sql[] =
        "WITH RECURSIVE longer(id, length) AS (SELECT q.id, q.length FROM ingest.payloads q"
        "  WHERE q.extends = $1::bigint UNION SELECT q.id, q.length FROM longer b"
        "  JOIN ingest.payloads q ON q.extends = b.id)"
        " SELECT q.id, (SELECT s.path FROM ingest.sightings s WHERE s.payload = q.id"
        "               ORDER BY s.seen_at DESC LIMIT 1)"
        " FROM longer q WHERE NOT " STAYS_OUT("q") " AND " HAS_DAY("q", "counted")
        " ORDER BY q.length DESC LIMIT 1";
    char id[24], path[RETRACT_PATH_MAX];
    const char *values[] = { id };
    struct pg_result *rows = NULL;
    enum st rc;

    snprintf(id, sizeof id, "%" PRId64, r->id);
    if ((rc = pg_run(l->pg, cannot_out, sql, 1, values, &rows, err)) != ST_OK)
        return rc;
    if (pg_rows(rows) > 0) {
        read_path(rows, 0, 1, pg_int(rows, 0, 0), path);
        rc = err_fail(err, ST_CORRUPT, cannot_out, "it has grown since: %s goes on from it", path);
        err_hint(err, "retract that one, which takes this beginning with it");
    }
    pg_free(rows);
    return rc;
}

/* $1: all of them. */
#define IS_OURS " d.payload = ANY ($1::bigint[]) "

static enum st
ask(struct ledger *l, const char *what, const struct retractable *r, const char *sql,
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

/* Of what counts first and last day; else why nothing does. */
static enum st
check_days(struct ledger *l, struct retractable *out, struct err *err)
{
    static const char sql[] =
        "SELECT min(d.day) FILTER (WHERE d.state = 'counted' AND d.count > 0) - date '1970-01-01',"
        " max(d.day) FILTER (WHERE d.state = 'counted' AND d.count > 0) - date '1970-01-01',"
        " bool_or(d.state = 'adopted'),"
        " to_char(min(d.day) FILTER (WHERE d.state = 'replaced'), 'YYYY-MM-DD')"
        " FROM ingest.payload_days d WHERE" IS_OURS;
    struct pg_result *r = NULL;
    enum st rc = ask(l, cannot_out, out, sql, &r, err);

    if (rc != ST_OK)
        return rc;
    out->first = pg_is_null(r, 0, 0) ? INT32_MAX : (int32_t)pg_int(r, 0, 0);
    out->last = pg_is_null(r, 0, 1) ? INT32_MIN : (int32_t)pg_int(r, 0, 1);
    if (slice_is(pg_text(r, 0, 2), "t")) {
        rc = err_fail(err, ST_CORRUPT, cannot_out,
                      "it was adopted: another program has counted it, and its rows are not ours");
        err_hint(err, "`ingest recount` counts its days from all of their logs");
    } else if (out->first > out->last && !pg_is_null(r, 0, 3)) {
        rc = err_fail(err, ST_CORRUPT, cannot_out,
                      "nothing of it counts: its days from %s on were replaced",
                      pg_text(r, 0, 3).p);
    }
    pg_free(r);
    return rc;
}

/* It counts; but what was retracted before the log grew on comes again as a file of its own. */
static enum st
refuse_back(struct ledger *l, const struct retractable *of, struct err *err)
{
    static const char sql[] =
        "WITH RECURSIVE chain(id) AS (SELECT $1::bigint UNION"
        "  SELECT p.extends FROM chain c JOIN ingest.payloads p ON p.id = c.id"
        "   WHERE p.extends IS NOT NULL)"
        " SELECT max(p.length) FROM chain c JOIN ingest.payloads p ON p.id = c.id"
        " WHERE " STAYS_OUT("p");
    char id[24];
    const char *values[] = { id };
    struct pg_result *r = NULL;
    enum st rc;

    snprintf(id, sizeof id, "%" PRId64, of->id);
    if ((rc = pg_run(l->pg, cannot_back, sql, 1, values, &r, err)) != ST_OK)
        return rc;
    rc = err_fail(err, ST_CORRUPT, cannot_back, "it was not retracted, or came again already");
    if (!pg_is_null(r, 0, 0))
        err_hint(err, "its first %" PRId64 " bytes were: put these alone (unpacked, head -c) into "
                      "a file, and name that", pg_int(r, 0, 0));
    pg_free(r);
    return rc;
}

enum st
retract_find(struct ledger *l, const struct ledger_scope *scope, const struct digest *hash,
             enum retract_act act, struct retractable *out, struct err *err)
{
    char since[11] = "";
    enum st rc;

    *out = (struct retractable){ .hash = *hash, .first = INT32_MAX, .last = INT32_MIN };
    if ((rc = find_one(l, scope, hash, act, out, since, err)) != ST_OK)
        return rc;
    if (act == RETRACT_OUT && since[0] != '\0') {
        err_fail(err, ST_CORRUPT, cannot_out, "it was retracted on %s already", since);
        err_hint(err, "ingest retract --undo FILE counts it again");
        return ST_CORRUPT;
    }
    if (act == RETRACT_BACK && since[0] == '\0')
        return refuse_back(l, out, err);
    if ((rc = find_chain(l, act, out, err)) != ST_OK || act == RETRACT_BACK)
        return rc;
    rc = check_longer(l, out, err);
    return rc == ST_OK ? check_days(l, out, err) : rc;
}

void
retractable_release(struct retractable *r)
{
    free(r->ids);
    r->ids = NULL;
    r->n_ids = 0;
}

/* ---- inside the transaction ---- */

static int
by_id(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static bool
same_payloads(const struct retractable *a, const struct retractable *b)
{
    if (a->n_ids != b->n_ids)
        return false;
    qsort(a->ids, a->n_ids, sizeof *a->ids, by_id);
    qsort(b->ids, b->n_ids, sizeof *b->ids, by_id);
    return memcmp(a->ids, b->ids, a->n_ids * sizeof *a->ids) == 0;
}

enum st
retract_lock(struct ledger *l, const struct retractable *r, struct err *err)
{
    static const char sql[] = "SELECT FROM ingest.payloads d WHERE d.id = ANY ($1::bigint[])"
                              " ORDER BY d.hash, d.dataset, d.scope FOR NO KEY UPDATE";

    return ask(l, "cannot lock payloads", r, sql, NULL, err);
}

enum st
retract_still(struct ledger *l, const struct retractable *r, enum retract_act act, struct err *err)
{
    struct ledger_scope scope = { .dataset = r->dataset, .node = r->scope };
    struct retractable now;
    enum st rc = retract_find(l, &scope, &r->hash, act, &now, err);

    if (rc == ST_OK && (now.id != r->id || !same_payloads(&now, r) || now.first != r->first ||
                        now.last != r->last)) {
        rc = err_fail(err, ST_EOF, what_of(act), "the ledger has changed meanwhile");
        err_hint(err, "nothing was changed; say it again");
    }
    retractable_release(&now);
    return rc;
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
    enum st rc = ask(l, cannot_out, r, sql, &rows, err);

    *out = NULL;
    *n = 0;
    *replaced = false;
    if (rc != ST_OK)
        return rc;
    if ((*out = calloc(pg_rows(rows) + 1, sizeof **out)) == NULL)
        rc = err_memory(err, cannot_out);
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
retract_others(struct ledger *l, const struct retractable *r, int32_t since, int32_t until,
               int64_t *n, struct buf *text, struct err *err)
{
    static const char sql[] =
        "WITH others AS (SELECT DISTINCT d.payload AS id FROM ingest.payload_days d"
        "  JOIN ingest.payloads p ON p.id = d.payload WHERE NOT" IS_OURS
        " AND d.dataset = $2 AND p.scope = $3::integer AND d.state IN ('counted', 'adopted')"
        " AND d.day >= date '1970-01-01' + $4::integer AND d.day < date '1970-01-01' + $5::integer)"
        " SELECT (SELECT count(*) FROM others), o.id, (SELECT s.path FROM ingest.sightings s"
        "  WHERE s.payload = o.id ORDER BY s.seen_at DESC LIMIT 1)"
        " FROM others o ORDER BY o.id LIMIT 5";
    char path[RETRACT_PATH_MAX], scope[16], first[16], end[16];
    struct pg_result *rows = NULL;
    struct columns c;
    enum st rc;

    snprintf(scope, sizeof scope, "%" PRId32, r->scope);
    snprintf(first, sizeof first, "%" PRId32, since);
    snprintf(end, sizeof end, "%" PRId32, until);
    columns_begin(&c, 1);
    for (size_t i = 0; i < r->n_ids; i++)
        pg_array_int(&c.at[0], r->ids[i]);
    columns_add_value(&c, r->dataset);
    columns_add_value(&c, scope);
    columns_add_value(&c, first);
    columns_add_value(&c, end);
    rc = columns_run(&c, l->pg, cannot_out, sql, &rows, err);
    *n = 0;
    for (size_t i = 0; rc == ST_OK && i < pg_rows(rows); i++) {
        *n = pg_int(rows, i, 0);
        read_path(rows, i, 2, pg_int(rows, i, 1), path);
        buf_text(text, i == 0 ? "" : ", ");
        buf_text(text, path);
    }
    pg_free(rows);
    columns_release(&c);
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

    if ((rc = ask(l, cannot_out, r, days, NULL, err)) != ST_OK ||
        (rc = ask(l, cannot_out, r, waiting, NULL, err)) != ST_OK)
        return rc;
    snprintf(id, sizeof id, "%" PRId64, r->id);
    columns_begin(&c, 1);
    for (size_t i = 0; i < r->n_ids; i++)
        pg_array_int(&c.at[0], r->ids[i]);
    columns_add_value(&c, id);
    columns_add_value(&c, exact ? "t" : "f");
    rc = columns_run(&c, l->pg, cannot_out, note, NULL, err);
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
        rc = ask(l, cannot_back, r, sql[i], NULL, err);
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
    rc = columns_run(&c, l->pg, cannot_back, sql, NULL, err);
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
    rc = columns_run(&c, l->pg, cannot_back, sql, NULL, err);
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
