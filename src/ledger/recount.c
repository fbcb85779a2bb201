/*
 * Days counted again: which payloads they are of, what of them goes, what is written anew. A payload
 * that others go on from (extends) is a beginning of theirs: its lines are in what is given.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/recount.h"

#include "ledger_priv.h"

static const char what[] = "cannot count days again";

enum st
recount_rights(struct ledger *l, struct err *err)
{
    return rights_for(l, what, "recounts",
                      "payloads UPDATE, payload_days UPDATE, payload_days DELETE, unresolved DELETE,"
                      " retractions SELECT, upper_bounds SELECT, upper_bounds DELETE,"
                      " recounts INSERT, recounts SELECT, recounted INSERT, openings SELECT,"
                      " openings DELETE",
                      err);
}

enum st
recount_claim(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err)
{
    static const char sql[] =
        "SELECT k.at, p.id FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::bigint[])"
        " AS k(scope, dataset, hash, at) JOIN ingest.payloads p USING (scope, dataset, hash)"
        " ORDER BY p.hash, p.dataset, p.scope FOR NO KEY UPDATE OF p";
    struct pg_result *r = NULL;
    struct columns c;
    enum st rc;

    columns_begin(&c, 4);
    for (size_t i = 0; i < n; i++) {
        payloads[i]->id = 0;
        pg_array_int(&c.at[0], payloads[i]->key.scope);
        pg_array_text(&c.at[1], slice_of(payloads[i]->key.dataset));
        pg_array_bytea(&c.at[2], payloads[i]->key.hash.b, 16);
        pg_array_int(&c.at[3], (int64_t)i);
    }
    rc = columns_run(&c, l->pg, what, sql, &r, err);
    for (size_t row = 0; rc == ST_OK && row < pg_rows(r); row++)
        payloads[pg_int(r, row, 0)]->id = pg_int(r, row, 1);
    pg_free(r);
    columns_release(&c);
    return rc;
}

/* $1 ids, $2 dataset, $3 scope, $4 and $5 days. */
#define GIVEN                                                                                     \
    "WITH RECURSIVE given(id) AS (SELECT unnest($1::bigint[])"                                    \
    " UNION SELECT p.extends FROM given g JOIN ingest.payloads p ON p.id = g.id"                  \
    " WHERE p.extends IS NOT NULL) "
#define OF_THESE_DAYS                                                                             \
    " d.dataset = $2 AND d.day >= date '1970-01-01' + $4::integer"                                \
    " AND d.day < date '1970-01-01' + $5::integer "
#define IS_GIVEN " EXISTS (SELECT FROM given g WHERE g.id = d.payload) "
#define IN_SCOPE                                                                                  \
    " EXISTS (SELECT FROM ingest.payloads p WHERE p.id = d.payload AND p.scope = $3::integer) "

struct ask {
    struct columns c;
    char scope[16], since[16], until[16];
};

static void
ask_begin(struct ask *a, const struct recount_days *days, struct payload *const *payloads, size_t n)
{
    snprintf(a->scope, sizeof a->scope, "%" PRId32, days->scope);
    snprintf(a->since, sizeof a->since, "%" PRId32, days->since);
    snprintf(a->until, sizeof a->until, "%" PRId32, days->until);
    columns_begin(&a->c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&a->c.at[0], payloads[i]->id);
    columns_add_value(&a->c, days->dataset);
    columns_add_value(&a->c, a->scope);
    columns_add_value(&a->c, a->since);
    columns_add_value(&a->c, a->until);
}

static enum st
ask(struct ask *a, struct ledger *l, const struct recount_days *days,
    struct payload *const *payloads, size_t n, const char *sql, struct pg_result **out,
    struct err *err)
{
    enum st rc;

    ask_begin(a, days, payloads, n);
    rc = columns_run(&a->c, l->pg, what, sql, out, err);
    columns_release(&a->c);
    return rc;
}

/* Rows (how many there are, payload); "path, path" of them. */
static enum st
name_them(struct ledger *l, const struct recount_days *days, struct payload *const *payloads,
          size_t n, const char *sql, int64_t *n_named, struct buf *text, struct err *err)
{
    struct pg_result *r = NULL;
    char path[1100];
    struct ask a;
    enum st rc = ask(&a, l, days, payloads, n, sql, &r, err);

    *n_named = 0;
    for (size_t row = 0; rc == ST_OK && row < pg_rows(r); row++) {
        size_t n_path = pg_bytea(r, row, 1, path, sizeof path);

        *n_named = pg_int(r, row, 0);
        buf_text(text, row == 0 ? "" : ", ");
        if (pg_is_null(r, row, 1) || n_path == SIZE_MAX)
            buf_printf(text, "payload %" PRId64, pg_int(r, row, 2));
        else
            buf_add(text, path, n_path);
    }
    pg_free(r);
    return rc;
}

#define NAMED                                                                                     \
    " SELECT (SELECT count(*) FROM missing), (SELECT s.path FROM ingest.sightings s"              \
    " WHERE s.payload = m.payload ORDER BY s.seen_at DESC LIMIT 1), m.payload"                    \
    " FROM missing m ORDER BY m.payload LIMIT 5"

enum st
recount_missing(struct ledger *l, const struct recount_days *days, struct payload *const *payloads,
                size_t n, int64_t *n_missing, struct buf *text, struct err *err)
{
    static const char sql[] = GIVEN
        ", missing AS (SELECT DISTINCT d.payload FROM ingest.payload_days d WHERE" OF_THESE_DAYS
        "AND d.state IN ('counted', 'adopted') AND NOT" IS_GIVEN "AND" IN_SCOPE ")" NAMED;

    return name_them(l, days, payloads, n, sql, n_missing, text, err);
}

/*
 * A payload whose lines were all counted with its beginnings and its own is read whole in place of
 * all of them: unless another one that is given begins so, too. Of a beginning that stays out it is
 * known where it ends.
 */
enum st
recount_unsplit(struct ledger *l, const struct recount_days *days, struct payload *const *payloads,
                size_t n, int64_t *n_missing, struct buf *text, struct err *err)
{
    static const char sql[] =
        "WITH RECURSIVE begun(payload, by, behind) AS ("
        "  SELECT p.extends, p.id, p.id FROM ingest.payloads p WHERE p.id = ANY ($1::bigint[])"
        "   AND p.dataset = $2 AND p.scope = $3::integer AND ($4::integer, $5::integer) IS NOT NULL"
        "   AND p.extends <> ALL ($1::bigint[]) AND NOT (%s)"
        "  UNION SELECT p.extends, b.by, p.id FROM begun b JOIN ingest.payloads p ON p.id = b.payload"
        "   WHERE p.extends <> ALL ($1::bigint[]) AND NOT (%s)"
        "), missing AS ("
        "  SELECT b.payload FROM begun b GROUP BY b.payload HAVING count(*) > 1"
        "  UNION SELECT q.id FROM begun b JOIN ingest.payloads p ON p.id = b.behind"
        "   JOIN ingest.payloads q ON q.id = b.payload"
        "   WHERE coalesce((p.lines_why ->> 'counted_before')::bigint, 0) <> q.lines_read)" NAMED;
    const char *is_out = l->retracts ? "EXISTS (SELECT FROM ingest.retractions r"
                                       " WHERE r.payload = p.extends AND r.undone_at IS NULL)"
                                     : "false";
    char question[sizeof sql + 320];

    snprintf(question, sizeof question, sql, is_out, is_out);
    return name_them(l, days, payloads, n, question, n_missing, text, err);
}

enum st
recount_strike(struct ledger *l, const struct recount_days *days, struct payload *const *payloads,
               size_t n, struct err *err)
{
    static const char *const sql[] = {
        GIVEN "DELETE FROM ingest.payload_days d WHERE" OF_THESE_DAYS "AND" IS_GIVEN
              "AND" IN_SCOPE,
        GIVEN "DELETE FROM ingest.unresolved d WHERE" OF_THESE_DAYS "AND" IS_GIVEN "AND" IN_SCOPE,
        GIVEN "UPDATE ingest.payload_days d SET state = 'replaced' WHERE" OF_THESE_DAYS
              "AND d.state IN ('counted', 'adopted') AND NOT" IS_GIVEN "AND" IN_SCOPE,
    };
    /* A beginning that stays out keeps its days. */
    static const char counting[] = GIVEN
        "DELETE FROM ingest.payload_days d WHERE" OF_THESE_DAYS "AND" IS_GIVEN "AND" IN_SCOPE
        "AND NOT EXISTS (SELECT FROM ingest.retractions r WHERE r.payload = d.payload"
        " AND r.undone_at IS NULL)";
    /* The sketches are made anew, too. */
    static const char bounds[] =
        "DELETE FROM ingest.upper_bounds d WHERE" OF_THESE_DAYS "AND d.scope = $3::integer"
        " AND $1::bigint[] IS NOT NULL";
    enum st rc = ST_OK;
    struct ask a;

    for (size_t i = 0; i < ARRAY_LEN(sql) && rc == ST_OK; i++)
        rc = ask(&a, l, days, payloads, n, i == 0 && l->retracts ? counting : sql[i], NULL, err);
    if (rc == ST_OK && l->retracts)
        rc = ask(&a, l, days, payloads, n, bounds, NULL, err);
    return rc;
}

static enum st
note(struct ledger *l, const struct recount_days *days, struct payload *const *payloads, size_t n,
     const struct recount_note *note, struct err *err)
{
    static const char sql[] = GIVEN
        ", made AS (INSERT INTO ingest.recounts (scope, dataset, since, until, rules_id, partial, rows_before,"
        " rows_after) VALUES ($3::integer, $2, date '1970-01-01' + $4::integer, date '1970-01-01' + $5::integer,"
        " $6::bytea, $7::boolean, $8::bigint, $9::bigint) RETURNING id)"
        " INSERT INTO ingest.recounted (recount, payload) SELECT made.id, g.id FROM made, given g";
    char before[24], after[24];
    struct bytea_text rules_id;
    struct ask a;
    enum st rc;

    snprintf(before, sizeof before, "%" PRId64, note->rows_before);
    snprintf(after, sizeof after, "%" PRId64, note->rows_after);
    ask_begin(&a, days, payloads, n);
    columns_add_value(&a.c, bytea_text(&rules_id, note->rules_id.b, sizeof note->rules_id.b));
    columns_add_value(&a.c, note->partial ? "t" : "f");
    columns_add_value(&a.c, before);
    columns_add_value(&a.c, after);
    rc = columns_run(&a.c, l->pg, what, sql, NULL, err);
    columns_release(&a.c);
    return rc;
}

/* One whose days are all counted by these rules is known under them from now on. */
static enum st
know(struct ledger *l, struct payload *const *payloads, size_t n, const struct digest *rules_id,
     struct err *err)
{
    static const char sql[] = GIVEN
        "UPDATE ingest.payloads p SET rules_id = $2::bytea FROM given g WHERE p.id = g.id"
        " AND p.rules_id <> $2::bytea AND NOT EXISTS (SELECT FROM ingest.payload_days d"
        " WHERE d.payload = p.id AND d.rules_id <> $2::bytea)";
    struct bytea_text text;
    struct columns c;
    enum st rc;

    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], payloads[i]->id);
    columns_add_value(&c, bytea_text(&text, rules_id->b, sizeof rules_id->b));
    rc = columns_run(&c, l->pg, what, sql, NULL, err);
    columns_release(&c);
    return rc;
}

enum st
recount_record(struct ledger *l, const struct recount_days *days, struct payload *const *payloads,
               size_t n, const struct recount_note *of, struct err *err)
{
    enum st rc = record_days(l, payloads, n, days->since, days->until, err);

    if (rc == ST_OK)
        rc = note(l, days, payloads, n, of, err);
    return rc == ST_OK ? know(l, payloads, n, &of->rules_id, err) : rc;
}
