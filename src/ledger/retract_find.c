/*
 * Which payloads go together when one is taken out or put back, which days of them count, and why
 * it may not be. Nothing is changed here.
 */
#include "ingest/base.h"

#include "retract_priv.h"

static const char *
what_of(enum retract_act act)
{
    return act == RETRACT_OUT ? CANNOT_RETRACT : CANNOT_COUNT_AGAIN;
}

/* Of a payload p: it was retracted, and stays out. */
#define STAYS_OUT(p)                                                                              \
    "EXISTS (SELECT FROM ingest.retractions o WHERE o.payload = " p ".id AND o.undone_at IS NULL)"
#define HAS_DAY(p, state)                                                                         \
    "EXISTS (SELECT FROM ingest.payload_days s WHERE s.payload = " p ".id AND s.state = '" state  \
    "' AND s.count > 0)"

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
    if ((rc = pg_run(l->pg, CANNOT_RETRACT, sql, 1, values, &rows, err)) != ST_OK)
        return rc;
    if (pg_rows(rows) > 0) {
        read_path(rows, 0, 1, pg_int(rows, 0, 0), path);
        rc = err_fail(err, ST_CORRUPT, CANNOT_RETRACT, "it has grown since: %s goes on from it",
                      path);
        err_hint(err, "retract that one, which takes this beginning with it");
    }
    pg_free(rows);
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
    enum st rc = retract_ask(l, CANNOT_RETRACT, out, sql, &r, err);

    if (rc != ST_OK)
        return rc;
    out->first = pg_is_null(r, 0, 0) ? INT32_MAX : (int32_t)pg_int(r, 0, 0);
    out->last = pg_is_null(r, 0, 1) ? INT32_MIN : (int32_t)pg_int(r, 0, 1);
    if (slice_is(pg_text(r, 0, 2), "t")) {
        rc = err_fail(err, ST_CORRUPT, CANNOT_RETRACT,
                      "it was adopted: another program has counted it, and its rows are not ours");
        err_hint(err, "`ingest recount` counts its days from all of their logs");
    } else if (out->first > out->last && !pg_is_null(r, 0, 3)) {
        rc = err_fail(err, ST_CORRUPT, CANNOT_RETRACT,
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
    if ((rc = pg_run(l->pg, CANNOT_COUNT_AGAIN, sql, 1, values, &r, err)) != ST_OK)
        return rc;
    rc = err_fail(err, ST_CORRUPT, CANNOT_COUNT_AGAIN,
                  "it was not retracted, or came again already");
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
        err_fail(err, ST_CORRUPT, CANNOT_RETRACT, "it was retracted on %s already", since);
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

/* ---- found again, inside the transaction ---- */

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
    rc = columns_run(&c, l->pg, CANNOT_RETRACT, sql, &rows, err);
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
