/*
 * The payloads behind the rows of a day. What later versions of the ledger have beside them is asked
 * for where it is there.
 */
#include "ingest/base.h"

#include "ingest/behind.h"

#include "ledger_priv.h"

static const char what[] = "cannot read what stands behind a row";

/* Tables of younger ledgers, and whether this role may read them. */
struct beside {
    bool recounts, retractions, upper_bounds, openings, epochs, names;
};

static enum st
look_beside(struct pg *pg, struct beside *b, struct err *err)
{
    static const char sql[] =
        "SELECT bool_and(coalesce(has_table_privilege(to_regclass('ingest.' || t)::oid, 'SELECT'), false))"
        " FROM (VALUES (1, 'recounts'), (1, 'recounted'), (2, 'retractions'), (3, 'upper_bounds'),"
        " (4, 'openings'), (5, 'key_epochs'), (6, 'rules_used')) AS x(at, t) GROUP BY at ORDER BY at";
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, 0, NULL, &r, err);

    if (rc == ST_OK)
        *b = (struct beside){ .recounts = slice_is(pg_text(r, 0, 0), "t"),
                              .retractions = slice_is(pg_text(r, 1, 0), "t"),
                              .upper_bounds = slice_is(pg_text(r, 2, 0), "t"),
                              .openings = slice_is(pg_text(r, 3, 0), "t"),
                              .epochs = slice_is(pg_text(r, 4, 0), "t"),
                              .names = slice_is(pg_text(r, 5, 0), "t") };
    pg_free(r);
    return rc;
}

/* ---- questions about the days: $1 dataset, $2 scope, $3 and $4 days ---- */

#define FIRST "date '1970-01-01' + $3::integer"
#define END   "date '1970-01-01' + $4::integer"
#define DAYS_OF(alias)                                                                            \
    " " alias ".dataset = $1 AND " alias ".scope = $2::integer AND " alias ".day >= " FIRST       \
    " AND " alias ".day < " END " "
#define UTC(time) "to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"

struct question {
    char        scope[16], since[16], until[16];
    const char *values[6];
};

static void
question_init(struct question *q, const struct behind_days *days)
{
    snprintf(q->scope, sizeof q->scope, "%" PRId32, days->scope);
    snprintf(q->since, sizeof q->since, "%" PRId32, days->since);
    snprintf(q->until, sizeof q->until, "%" PRId32, days->until);
    q->values[0] = days->dataset;
    q->values[1] = q->scope;
    q->values[2] = q->since;
    q->values[3] = q->until;
}

#define OF_THESE_DAYS                                                                             \
    "WITH these AS (SELECT d.payload, d.state, d.rules_id, sum(d.lines)::bigint AS lines,"        \
    " sum(d.count)::bigint AS count, sum(d.bytes)::bigint AS bytes"                               \
    " FROM ingest.payload_days d WHERE d.dataset = $1 AND d.day >= " FIRST " AND d.day < " END    \
    " AND EXISTS (SELECT FROM ingest.payloads p WHERE p.id = d.payload AND p.scope = $2::integer)"\
    " GROUP BY d.payload, d.state, d.rules_id) "

static enum st
ask_payloads(struct behind *b, struct pg *pg, const struct question *q, const struct beside *is,
             struct err *err)
{
    struct buf sql = { 0 };
    enum st rc;

    buf_text(&sql, OF_THESE_DAYS
             "SELECT p.id, t.state, t.rules_id, t.lines, t.count, t.bytes, p.format, p.source, "
             UTC("p.counted_at") ", p.partial, p.extends, p.hash, ");
    buf_text(&sql, is->recounts ? "coalesce(r.n, 0), " UTC("r.last") : "0, NULL");
    buf_text(&sql, is->retractions
                       ? ", (SELECT " UTC("max(x.retracted_at)") " FROM ingest.retractions x"
                         " WHERE x.payload = p.id AND x.undone_at IS NULL)"
                       : ", NULL");
    buf_text(&sql, is->names /* several sources may have used the same rules */
                       ? ", (SELECT u.pack FROM ingest.rules_used u WHERE u.dataset = $1"
                         " AND u.scope = $2::integer AND u.rules_id = t.rules_id"
                         " ORDER BY u.source <> coalesce(p.source, ''), u.first_at LIMIT 1)"
                       : ", NULL");
    buf_text(&sql, " FROM these t JOIN ingest.payloads p ON p.id = t.payload");
    if (is->recounts)
        buf_text(&sql, " LEFT JOIN (SELECT g.payload, count(*) AS n, max(r.recounted_at) AS last"
                       " FROM ingest.recounts r JOIN ingest.recounted g ON g.recount = r.id"
                       " WHERE r.dataset = $1 AND r.scope = $2::integer"
                       " AND r.since < " END " AND r.until > " FIRST
                       " GROUP BY g.payload) r ON r.payload = p.id");
    buf_text(&sql, " ORDER BY p.id, t.state, t.rules_id");
    rc = buf_str(&sql) == NULL ? err_memory(err, what)
                               : pg_run(pg, what, sql.p, 4, q->values, &b->payloads, err);
    buf_release(&sql);
    return rc;
}

#define AS_TEXT_OF(x) #x
#define AS_TEXT(x)    AS_TEXT_OF(x)

static enum st
ask_sightings(struct behind *b, struct ledger *l, struct question *q, struct err *err)
{
    static const char sql[] = OF_THESE_DAYS
        "SELECT payload, path, machine = $5::bytea, device, inode, size, mtime_ns, ctime_ns, "
        UTC("seen_at") ", n FROM (SELECT s.*,"
        " row_number() OVER (PARTITION BY payload ORDER BY seen_at DESC, path) AS at,"
        " count(*) OVER (PARTITION BY payload) AS n FROM ingest.sightings s"
        " WHERE s.payload IN (SELECT t.payload FROM these t)) s"
        " WHERE at <= " AS_TEXT(BEHIND_SIGHTINGS) " ORDER BY payload, at";
    struct bytea_text machine;

    q->values[4] = l->has_machine
                       ? bytea_text(&machine, l->machine.b, sizeof l->machine.b)
                       : NULL;
    return pg_run(l->pg, what, sql, 5, q->values, &b->sightings, err);
}

static enum st
ask_upper_bound(struct behind *b, struct pg *pg, struct question *q, const char *name,
                struct err *err)
{
    static const char sql[] = "SELECT FROM ingest.upper_bounds u WHERE" DAYS_OF("u")
                              "AND u.name IN ('', $5) LIMIT 1";
    struct pg_result *r = NULL;
    enum st rc;

    q->values[4] = name == NULL ? "" : name;
    rc = pg_run(pg, what, sql, 5, q->values, &r, err);
    b->upper_bound = rc == ST_OK && pg_rows(r) > 0;
    pg_free(r);
    return rc;
}

static enum st
ask_opening(struct behind *b, struct pg *pg, const struct question *q, struct err *err)
{
    static const char sql[] = "SELECT count(*), sum(o.count)::bigint, sum(o.bytes)::bigint"
                              " FROM ingest.openings o WHERE" DAYS_OF("o");
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, 4, q->values, &r, err);

    if (rc == ST_OK && pg_int(r, 0, 0) > 0) {
        b->has_opening = true;
        b->opening_count = pg_int(r, 0, 1);
        b->opening_bytes = pg_int(r, 0, 2);
    }
    pg_free(r);
    return rc;
}

static enum st
ask_epochs(struct behind *b, struct pg *pg, const struct question *q, const char *at_table,
           struct err *err)
{
    static const char sql[] =
        "SELECT nullif(from_day, '-infinity'), key_id, " UTC("dropped_at")
        " FROM (SELECT *, lead(from_day, 1, 'infinity') OVER (ORDER BY from_day) AS until"
        " FROM ingest.key_epochs WHERE at_table = $1) e"
        " WHERE from_day < date '1970-01-01' + $3::integer AND until > date '1970-01-01' + $2::integer"
        " ORDER BY from_day";
    const char *values[] = { at_table, q->since, q->until };

    return pg_run(pg, what, sql, 3, values, &b->epochs, err);
}

enum st
behind_read(struct behind *b, struct ledger *l, const struct behind_days *days, struct err *err)
{
    struct beside is = { 0 };
    struct question q;
    enum st rc;

    *b = (struct behind){ 0 };
    question_init(&q, days);
    if ((rc = look_beside(l->pg, &is, err)) == ST_OK &&
        (rc = ask_payloads(b, l->pg, &q, &is, err)) == ST_OK)
        rc = ask_sightings(b, l, &q, err);
    if (rc == ST_OK && is.upper_bounds)
        rc = ask_upper_bound(b, l->pg, &q, days->name, err);
    if (rc == ST_OK && is.openings)
        rc = ask_opening(b, l->pg, &q, err);
    if (rc == ST_OK && is.epochs)
        rc = ask_epochs(b, l->pg, &q, days->at_table, err);
    return rc;
}

void
behind_release(struct behind *b)
{
    pg_free(b->payloads);
    pg_free(b->sightings);
    pg_free(b->epochs);
    *b = (struct behind){ 0 };
}

/* ---- what files are ---- */

static enum st
take_chains(const struct pg_result *r, int64_t *ids, struct beginning_of **chain, size_t *n_chain,
            struct err *err)
{
    if ((*chain = calloc(pg_rows(r) + 1, sizeof **chain)) == NULL)
        return err_memory(err, what);
    for (size_t row = 0; row < pg_rows(r); row++) {
        size_t at = (size_t)pg_int(r, row, 0);
        int64_t payload = pg_int(r, row, 1), id = pg_int(r, row, 2);

        if (id == payload)
            ids[at] = payload;
        else
            (*chain)[(*n_chain)++] = (struct beginning_of){ at, id };
    }
    return ST_OK;
}

enum st
behind_chains(struct ledger *l, const struct behind_days *days, const struct digest *hashes,
              size_t n, int64_t *ids, struct beginning_of **chain, size_t *n_chain,
              struct err *err)
{
    static const char sql[] =
        "WITH RECURSIVE chain(at, payload, id) AS (SELECT k.at, p.id, p.id"
        " FROM unnest($1::bytea[], $2::bigint[]) AS k(hash, at) JOIN ingest.payloads p"
        " ON p.hash = k.hash AND p.dataset = $3 AND p.scope = $4::integer"
        " UNION SELECT c.at, c.payload, p.extends FROM chain c JOIN ingest.payloads p ON p.id = c.id"
        " WHERE p.extends IS NOT NULL) SELECT at, payload, id FROM chain ORDER BY at, id";
    struct pg_result *r = NULL;
    struct columns c;
    char scope[16];
    enum st rc;

    *chain = NULL;
    *n_chain = 0;
    snprintf(scope, sizeof scope, "%" PRId32, days->scope);
    columns_begin(&c, 2);
    for (size_t i = 0; i < n; i++) {
        ids[i] = 0;
        pg_array_bytea(&c.at[0], hashes[i].b, sizeof hashes[i].b);
        pg_array_int(&c.at[1], (int64_t)i);
    }
    columns_add_value(&c, days->dataset);
    columns_add_value(&c, scope);
    rc = columns_run(&c, l->pg, what, sql, &r, err);
    if (rc == ST_OK)
        rc = take_chains(r, ids, chain, n_chain, err);
    pg_free(r);
    columns_release(&c);
    return rc;
}
