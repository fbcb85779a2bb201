/*
 * The ledger in itself: no line or record without an outcome, days that are those of their payload,
 * hours of a day, payloads that extend shorter ones, nothing that belongs to no payload.
 */
#include "ingest/base.h"

#include "audit_priv.h"

/* An older ledger has no table of what waits. */
enum ledger_age { ANY, WITH_UNRESOLVED, WITHOUT_UNRESOLVED, WITH_RETRACTIONS };

struct book_case {
    const char *table, *what, *why, *sql;
    enum ledger_age age;
};

#define SUM_OF(why)                                                                                \
    "(SELECT coalesce(sum(w.v::numeric), 0) FROM jsonb_each_text(p." why ") AS w(k, v))"
#define LINES_WHY   SUM_OF("lines_why")
#define RECORDS_WHY SUM_OF("records_why")
#define PAYLOAD_KEY "'payload ' || p.id"
#define CHANGED     "the row was changed by hand, or only part of the ledger was restored"

/*
 * Counted again by --replace under other rules, where days that were not overwritten keep their
 * figures, or by `ingest recount`, or because it came back. {recounted} is what an older ledger does not have.
 */
#define COUNTED_AGAIN                                                                              \
    "(EXISTS (SELECT FROM ingest.sightings s WHERE s.payload = p.id AND s.seen_at < p.counted_at){recounted})"
#define RECOUNTED " OR EXISTS (SELECT FROM ingest.recounted c WHERE c.payload = p.id)"
#define RETRACTED " OR EXISTS (SELECT FROM ingest.retractions c WHERE c.payload = p.id)"
#define STAYS_OUT "EXISTS (SELECT FROM ingest.retractions c WHERE c.payload = d.payload AND c.undone_at IS NULL)"

static const struct book_case cases[] = {
    { "ingest.payloads", "lines without an outcome", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY ", p.lines_read::text, (p.lines_counted + w.n)::text"
      " FROM ingest.payloads p, LATERAL " LINES_WHY " AS w(n)"
      " WHERE p.lines_read <> p.lines_counted + w.n ORDER BY p.id",
      ANY },
    { "ingest.payloads", "records without an outcome", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY ", p.records_read::text, (p.records_counted + w.n)::text"
      " FROM ingest.payloads p, LATERAL " RECORDS_WHY " AS w(n)"
      " WHERE p.records_read <> p.records_counted + w.n ORDER BY p.id",
      ANY },
    { "ingest.payloads", "a negative number", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY ", NULL, NULL FROM ingest.payloads p"
      " WHERE least(p.length, p.lines_read, p.lines_counted, p.records_read, p.records_counted) < 0"
      " OR EXISTS (SELECT FROM jsonb_each_text(p.lines_why || p.records_why) AS w(k, v) WHERE w.v::numeric < 0)"
      " ORDER BY p.id",
      ANY },
    { "ingest.payloads", "a payload ends before it begins", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY
      ", p.first_event::text, p.last_event::text FROM ingest.payloads p"
      " WHERE p.first_event > p.last_event ORDER BY p.id",
      ANY },
    { "ingest.payloads", "a payload extends one that is not a shorter one of its kind", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY ", p.length::text, q.length::text FROM ingest.payloads p"
      " LEFT JOIN ingest.payloads q ON q.id = p.extends WHERE p.extends IS NOT NULL AND (q.id IS NULL OR q.id = p.id"
      " OR q.length >= p.length OR q.dataset <> p.dataset OR q.scope <> p.scope) ORDER BY p.id",
      ANY },
    { "ingest.payload_days", "the days of a payload have not counted what it has", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY
      ", (p.records_counted + coalesce(h.n, 0))::text, coalesce(d.n, 0)::text"
      " FROM ingest.payloads p"
      " LEFT JOIN (SELECT payload, sum(count) AS n FROM ingest.payload_days GROUP BY 1) d ON d.payload = p.id"
      " LEFT JOIN (SELECT payload, sum(count) AS n FROM ingest.unresolved WHERE healed_at IS NOT NULL GROUP BY 1) h"
      "   ON h.payload = p.id"
      " WHERE p.records_counted + coalesce(h.n, 0) <> coalesce(d.n, 0) AND NOT " COUNTED_AGAIN
      " ORDER BY p.id",
      WITH_UNRESOLVED },
    { "ingest.payload_days", "the days of a payload have not counted what it has", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY ", p.records_counted::text, coalesce(d.n, 0)::text"
      " FROM ingest.payloads p"
      " LEFT JOIN (SELECT payload, sum(count) AS n FROM ingest.payload_days GROUP BY 1) d ON d.payload = p.id"
      " WHERE p.records_counted <> coalesce(d.n, 0) AND NOT " COUNTED_AGAIN " ORDER BY p.id",
      WITHOUT_UNRESOLVED },
    { "ingest.payload_days", "the days of a payload have more lines than it has", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY ", p.lines_read::text, d.n::text FROM ingest.payloads p"
      " JOIN (SELECT payload, sum(lines) AS n FROM ingest.payload_days GROUP BY 1) d ON d.payload = p.id"
      " WHERE d.n > p.lines_read AND NOT " COUNTED_AGAIN " ORDER BY p.id",
      ANY },
    { "ingest.payload_days", "a negative number", CHANGED,
      "SELECT to_char(d.day, 'YYYY-MM'), NULL, 'payload ' || d.payload || ', ' || d.day, NULL, NULL"
      " FROM ingest.payload_days d WHERE least(d.lines, d.count, d.bytes) < 0 ORDER BY d.payload, d.day",
      ANY },
    { "ingest.payload_days", "a number at the end of its range",
      "a sum stops at 2^63-1: how much more was counted is not known",
      "SELECT to_char(d.day, 'YYYY-MM'), NULL, 'payload ' || d.payload || ', ' || d.day, NULL, NULL"
      " FROM ingest.payload_days d WHERE greatest(d.lines, d.count, d.bytes) = 9223372036854775807"
      " ORDER BY d.payload, d.day",
      ANY },
    { "ingest.payload_days", "a payload that was retracted counts", CHANGED,
      "SELECT to_char(d.day, 'YYYY-MM'), NULL, 'payload ' || d.payload || ', ' || d.day, NULL, NULL"
      " FROM ingest.payload_days d WHERE d.state = 'counted' AND d.count > 0 AND " STAYS_OUT
      " ORDER BY d.payload, d.day",
      WITH_RETRACTIONS },
    { "ingest.payload_days", "a day is retracted, and nothing says that its payload is", CHANGED,
      "SELECT to_char(d.day, 'YYYY-MM'), NULL, 'payload ' || d.payload || ', ' || d.day, NULL, NULL"
      " FROM ingest.payload_days d WHERE d.state = 'retracted' AND NOT " STAYS_OUT
      " ORDER BY d.payload, d.day",
      WITH_RETRACTIONS },
    { "ingest.payload_days", "hours that no day has", CHANGED,
      "SELECT to_char(d.day, 'YYYY-MM'), NULL, 'payload ' || d.payload || ', ' || d.day, NULL, d.hours::text"
      " FROM ingest.payload_days d WHERE d.hours < 0 OR d.hours >= 1 << 24 OR d.lines > 0 AND d.hours = 0"
      " ORDER BY d.payload, d.day",
      ANY },
    { "ingest.payload_days", "days of a payload that is not there or is of another dataset",
      "a payload was deleted past the foreign key, or only part of the ledger was restored",
      "SELECT to_char(d.day, 'YYYY-MM'), NULL, 'payload ' || d.payload || ', ' || d.day, NULL, NULL"
      " FROM ingest.payload_days d LEFT JOIN ingest.payloads p ON p.id = d.payload"
      " WHERE p.dataset IS DISTINCT FROM d.dataset ORDER BY d.payload, d.day",
      ANY },
    { "ingest.sightings", "a sighting of a payload that is not there",
      "a payload was deleted past the foreign key, or only part of the ledger was restored",
      "SELECT NULL, NULL, 'payload ' || s.payload, NULL, NULL FROM ingest.sightings s"
      " WHERE NOT EXISTS (SELECT FROM ingest.payloads p WHERE p.id = s.payload) ORDER BY s.payload",
      ANY },
    { "ingest.sightings", "a payload that was seen nowhere",
      "its sightings were deleted: the same file is decoded once more to be known",
      "SELECT NULL, NULL, " PAYLOAD_KEY ", NULL, NULL FROM ingest.payloads p"
      " WHERE NOT EXISTS (SELECT FROM ingest.sightings s WHERE s.payload = p.id) ORDER BY p.id",
      ANY },
    { "ingest.unresolved",
      "hits wait for a key of a payload that is not there or is of another dataset",
      "a payload was deleted past the foreign key, or only part of the ledger was restored",
      "SELECT to_char(u.day, 'YYYY-MM'), NULL, 'payload ' || u.payload || ', ' || u.path, NULL, NULL"
      " FROM ingest.unresolved u LEFT JOIN ingest.payloads p ON p.id = u.payload"
      " WHERE p.dataset IS DISTINCT FROM u.dataset ORDER BY u.id",
      WITH_UNRESOLVED },
    { "ingest.unresolved", "more hits wait for their key than were unknown", CHANGED,
      "SELECT NULL, NULL, " PAYLOAD_KEY ", w.n::text, u.n::text"
      " FROM (SELECT payload, sum(count) AS n FROM ingest.unresolved GROUP BY 1) u"
      " JOIN ingest.payloads p ON p.id = u.payload,"
      " LATERAL (SELECT coalesce((p.records_why->>'unknown_dist')::numeric, 0)"
      "               + coalesce((p.records_why->>'unknown_artifact')::numeric, 0)) AS w(n)"
      " WHERE u.n > w.n AND NOT " COUNTED_AGAIN " ORDER BY p.id",
      WITH_UNRESOLVED },
};

static enum st
ask(struct audit *a, const struct book_case *c, int64_t *n_all, struct err *err)
{
    struct buf b = { 0 };
    int64_t n = 0;
    enum st rc;

    if (c->age == WITH_RETRACTIONS ? !a->has_retractions
                                   : c->age != ANY && (c->age == WITH_UNRESOLVED) != a->has_unresolved)
        return ST_OK;
    for (const char *at = c->sql, *mark; *at != '\0'; at = mark) {
        mark = strstr(at, "{recounted}");
        if (mark == NULL) {
            buf_text(&b, at);
            break;
        }
        buf_add(&b, at, (size_t)(mark - at));
        buf_text(&b, a->has_recounts ? RECOUNTED : "");
        buf_text(&b, a->has_retractions ? RETRACTED : "");
        mark += strlen("{recounted}");
    }
    rc = audit_ask(a, &(struct question){ "ledger", c->table, c->what, c->why, AUDIT_FINDING }, &b,
                   &n, err);
    *n_all += n;
    buf_release(&b);
    return rc;
}

enum st
books_check(struct audit *a, struct err *err)
{
    int64_t n_all = 0;
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < ARRAY_LEN(cases); i++)
        rc = ask(a, &cases[i], &n_all, err);
    if (rc == ST_OK && n_all == 0)
        audit_well(a, "ledger", "ingest", "every line and record has its outcome");
    return rc;
}

enum st
books_check_scopes(struct audit *a, const struct book *book, struct err *err)
{
    struct buf b = { 0 };
    enum st rc;

    if (book->dataset->has_node && book->nodes[0] == '\0')
        return ST_OK; /* who the nodes are cannot be read */
    buf_printf(&b,
               "SELECT NULL, NULL, 'payload ' || p.id, NULL, p.scope::text FROM ingest.payloads p"
               " WHERE p.dataset = '%s' AND ",
               book->dataset->name);
    if (book->dataset->has_node)
        buf_printf(&b, "NOT EXISTS (SELECT FROM %s AS n WHERE n.id = p.scope)", book->nodes);
    else
        buf_text(&b, "p.scope <> 0");
    rc = audit_ask(
        a,
        &(struct question){ "ledger", "ingest.payloads", "a payload of a node that is not there",
                            "the node was deleted, or only part of the database was restored",
                            AUDIT_FINDING },
        &b, NULL, err);
    buf_release(&b);
    return rc;
}
