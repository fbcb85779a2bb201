/*
 * EIDA's table `payloads`: is it there and how was it made, does it know a payload, and a row for
 * each payload of a batch.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/sent.h"

#include "ledger_priv.h"

static const char reading[] = "cannot read EIDA's table of payloads";
static const char writing[] = "cannot write into EIDA's table of payloads";

/* ---- the table ---- */

/* A missing right, if any: what is lacking, and the GRANT. */
static const char rights_sql[] =
    "WITH t AS (SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name"
    "           FROM pg_catalog.pg_class c"
    "           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "           WHERE n.nspname = $1 AND c.relname = 'payloads'),"
    " lacks(n, right_, object) AS ("
    "  SELECT 1, string_agg(p, ', '), t.name FROM t, unnest($2::text[]) p"
    "   WHERE NOT has_table_privilege(t.oid, p) GROUP BY t.name"
    "  UNION ALL SELECT 2, 'USAGE', format('SEQUENCE %I.%I', n.nspname, s.relname)"
    "   FROM t JOIN pg_catalog.pg_depend d ON d.refobjid = t.oid AND d.deptype = 'a'"
    "    AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass"
    "   JOIN pg_catalog.pg_class s ON s.oid = d.objid"
    "   JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace"
    "   WHERE CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END)"
    " SELECT format('the role %I lacks %s on %s', current_user, right_, object),"
    "        format('as the owner: GRANT %s ON %s TO %I;', right_, object, current_user)"
    " FROM lacks WHERE current_setting('transaction_read_only') = 'off' ORDER BY n LIMIT 1";

static enum st
look_at_rights(struct pg *pg, const struct sent_table *t, bool replaces, struct err *err)
{
    const char *values[] = { t->schema, replaces ? "{SELECT,INSERT,UPDATE}" : "{SELECT,INSERT}" };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, reading, rights_sql, 2, values, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0) {
        rc = err_fail(err, ST_DB, "cannot use EIDA's table of payloads", "%s", pg_text(r, 0, 0).p);
        err_hint(err, "%s", pg_text(r, 0, 1).p);
    }
    pg_free(r);
    return rc;
}

enum st
sent_look(struct pg *pg, const char *schema, bool replaces, struct sent_table *out, struct err *err)
{
    static const char sql[] =
        "SELECT coalesce(bool_or(attname = 'node_id') AND bool_or(attname = 'hash'), false),"
        " coalesce(bool_or(attname = 'version'), false),"
        " coalesce(bool_or(attname = 'generated_at'), false),"
        " coalesce(bool_or(attname = 'starts_at') AND bool_or(attname = 'ends_at'), false),"
        " coalesce(bool_or(attname = 'first_stat_at') AND bool_or(attname = 'last_stat_at'),"
        "  false),"
        " coalesce(bool_or(attname = 'coverage'), false),"
        " coalesce(bool_or(attname = 'hash' AND EXISTS (SELECT FROM pg_catalog.pg_index i"
        "   WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1"
        "   AND i.indkey[0] = a.attnum AND i.indpred IS NULL)), false)"
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        "  AND NOT a.attisdropped"
        " WHERE n.nspname = $1 AND c.relname = 'payloads' AND c.relkind IN ('r', 'p')";
    bool *const answers[] = { &out->there,      &out->has_version, &out->has_generated,
                              &out->has_starts, &out->has_stats,   &out->has_coverage,
                              &out->hash_alone };
    const char *values[] = { schema };
    struct pg_result *r = NULL;
    enum st rc;

    *out = (struct sent_table){ 0 };
    snprintf(out->schema, sizeof out->schema, "%s", schema);
    if ((rc = pg_run(pg, reading, sql, 1, values, &r, err)) != ST_OK)
        return rc;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        *answers[i] = slice_is(pg_text(r, 0, i), "t");
    pg_free(r);
    return out->there ? look_at_rights(pg, out, replaces, err) : ST_OK;
}

/* ---- is it there? ---- */

int64_t
sent_hash(const struct payload *p)
{
    uint64_t h1 = 0;

    if (p->document.has_hash)
        return p->document.hash;
    for (int i = 0; i < 8; i++)
        h1 = h1 << 8 | p->key.hash.b[i];
    return (int64_t)h1;
}

static void
put_table(struct buf *b, const struct sent_table *t)
{
    pg_ident(NULL, b, t->schema);
    buf_text(b, ".payloads");
}

/* A row for each hash that is there: which one, whether it is the node's own, and whose it is. */
static void
put_question(struct buf *b, const struct sent_table *t)
{
    buf_text(b, "SELECT asked.at, bool_or(p.node_id = $1::integer)");
    buf_text(b, t->hash_alone ? ", min(n.name)" : ", NULL");
    buf_text(b, " FROM unnest($2::bigint[]) WITH ORDINALITY AS asked(hash, at) JOIN ");
    put_table(b, t);
    buf_text(b, " p ON p.hash = asked.hash");
    if (t->hash_alone)
        buf_text(b, " LEFT JOIN nodes n ON n.id = p.node_id");
    else /* others' are no matter, and our index begins with the node */
        buf_text(b, " AND p.node_id = $1::integer");
    buf_text(b, " GROUP BY asked.at");
}

enum st
sent_ask(struct pg *pg, const struct sent_table *t, int32_t node, const int64_t *hashes, size_t n,
         struct sent *out, struct err *err)
{
    struct pg_array asked;
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    char id[16];
    const char *values[2] = { id };
    enum st rc;

    for (size_t i = 0; i < n; i++)
        out[i] = (struct sent){ .word = SENT_NEW };
    snprintf(id, sizeof id, "%" PRId32, node);
    pg_array_begin(&asked);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&asked, hashes[i]);
    values[1] = pg_array_end(&asked);
    put_question(&sql, t);
    rc = values[1] == NULL || buf_str(&sql) == NULL
             ? err_memory(err, reading)
             : pg_run(pg, reading, sql.p, 2, values, &r, err);
    for (size_t row = 0; rc == ST_OK && row < pg_rows(r); row++) {
        struct sent *s = &out[pg_int(r, row, 0) - 1];
        bool own = slice_is(pg_text(r, row, 1), "t");

        s->word = own ? SENT_BEFORE : t->hash_alone ? SENT_BY_OTHER : SENT_NEW;
        if (!own && !pg_is_null(r, row, 2))
            snprintf(s->node, sizeof s->node, "%s", pg_text(r, row, 2).p);
    }
    pg_free(r);
    pg_array_release(&asked);
    buf_release(&sql);
    return rc;
}

/* ---- writing ---- */

/* What is sent of each payload: $1 to $6, as `new`. */
enum { PUT_HASH, PUT_VERSION, PUT_GENERATED, PUT_FIRST, PUT_LAST, PUT_DAYS, PUTS_N };
#define NEW                                                                                        \
    " FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])" \
    " AS new(hash, version, generated, first, last, days)"
#define TIME(column) "timestamptz 'epoch' + new." column " * interval '1 microsecond'"

/* {2024-01-01,2024-01-02} */
static void
put_days(struct pg_array *a, const struct payload *p)
{
    struct buf b = { 0 };

    buf_text(&b, "{");
    for (size_t i = 0; i < p->n_days; i++) {
        const struct payload_day *d = &p->days[i];
        char day[11];

        if (d->adopted || (p->document.is_payload ? !d->listed : d->count == 0))
            continue;
        clock_format_day(d->day, day);
        buf_printf(&b, "%s%s", b.n > 1 ? "," : "", day);
    }
    buf_text(&b, "}");
    if (b.failed)
        a->text.failed = true;
    else
        pg_array_text(a, (struct slice){ b.p, b.n });
    buf_release(&b);
}

static void
put_time(struct pg_array *a, bool known, int64_t us)
{
    if (known)
        pg_array_int(a, us);
    else
        pg_array_null(a);
}

/*
 * From the first to the last event that counts; a document knows no more of that than its days.
 * False: there is none.
 */
static bool
bounds(const struct payload *p, int64_t *first_us, int64_t *last_us)
{
    *first_us = p->counted_first_us;
    *last_us = p->counted_last_us;
    if (!p->document.is_payload)
        return *first_us <= *last_us;
    *first_us = INT64_MAX;
    for (size_t i = 0; i < p->n_days; i++) {
        int64_t start_us = p->days[i].day * DAY_US;

        if (!p->days[i].listed)
            continue;
        *first_us = start_us < *first_us ? start_us : *first_us;
        *last_us = start_us + DAY_US - 1;
    }
    return *first_us != INT64_MAX;
}

static void
put_payload(struct columns *c, const struct payload *p)
{
    const struct document *d = &p->document;
    int64_t first_us, last_us;
    bool timed = bounds(p, &first_us, &last_us);

    pg_array_int(&c->at[PUT_HASH], sent_hash(p));
    if (d->version[0] != '\0')
        pg_array_text(&c->at[PUT_VERSION], slice_of(d->version));
    else if (d->is_payload)
        pg_array_null(&c->at[PUT_VERSION]);
    else
        pg_array_text(&c->at[PUT_VERSION], SLICE("ingest " INGEST_VERSION));
    put_time(&c->at[PUT_GENERATED], d->is_generated, d->generated_us);
    put_time(&c->at[PUT_FIRST], timed, first_us);
    put_time(&c->at[PUT_LAST], timed, last_us);
    put_days(&c->at[PUT_DAYS], p);
}

struct field {
    const char *column, *value;
};

/* The columns that the table has, besides node_id and hash. A log's statistics are made now. */
static size_t
fields_of(const struct sent_table *t, struct field out[8])
{
    const struct {
        bool         there;
        struct field field;
    } all[] = {
        { t->has_version, { "version", "new.version" } },
        { t->has_generated, { "generated_at", "coalesce(" TIME("generated") ", now())" } },
        { t->has_starts, { "starts_at", TIME("first") } },
        { t->has_starts, { "ends_at", TIME("last") } },
        { t->has_stats, { "first_stat_at", TIME("first") } },
        { t->has_stats, { "last_stat_at", TIME("last") } },
        { t->has_coverage, { "coverage", "new.days::date[]" } },
    };
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].there)
            out[n++] = all[i].field;
    return n;
}

/* $7 is the node. Gives the hashes that went in. */
static void
put_insert(struct buf *b, const struct sent_table *t)
{
    struct field fields[8];
    size_t n = fields_of(t, fields);

    buf_text(b, "INSERT INTO ");
    put_table(b, t);
    buf_text(b, " (node_id, hash");
    for (size_t i = 0; i < n; i++)
        buf_printf(b, ", %s", fields[i].column);
    buf_text(b, ") SELECT $7::integer, new.hash");
    for (size_t i = 0; i < n; i++)
        buf_printf(b, ", %s", fields[i].value);
    buf_text(b, NEW " WHERE NOT EXISTS (SELECT FROM ");
    put_table(b, t);
    buf_text(b, " p WHERE p.node_id = $7::integer AND p.hash = new.hash)"
                " ORDER BY new.hash ON CONFLICT DO NOTHING RETURNING hash");
}

/* Gives the hashes that were there before: it does not see what goes in beside it. */
static void
put_update(struct buf *b, const struct sent_table *t)
{
    struct field fields[8];
    size_t n = fields_of(t, fields);

    buf_text(b, "UPDATE ");
    put_table(b, t);
    buf_text(b, " p SET hash = new.hash");
    for (size_t i = 0; i < n; i++)
        buf_printf(b, ", %s = %s", fields[i].column, fields[i].value);
    buf_text(b, NEW " WHERE p.node_id = $7::integer AND p.hash = new.hash RETURNING p.hash");
}

/* The payloads that have been put into `c`: all of them must be there now, and be the node's. */
static enum st
send_columns(struct pg *pg, const struct sent_table *t, const char *node, struct columns *c,
             int64_t n, bool again, bool *lost, struct err *err)
{
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    enum st rc;

    columns_add_value(c, node);
    buf_text(&sql, "WITH made AS (");
    put_insert(&sql, t);
    if (again) {
        buf_text(&sql, "), changed AS (");
        put_update(&sql, t);
    }
    buf_printf(&sql, ") SELECT count(DISTINCT hash) FROM (SELECT hash FROM made%s) AS all_of_them",
               again ? " UNION ALL SELECT hash FROM changed" : "");
    rc = buf_str(&sql) == NULL ? err_memory(err, writing)
                               : columns_run(c, pg, writing, sql.p, &r, err);
    *lost = *lost || (rc == ST_OK && pg_int(r, 0, 0) < n);
    pg_free(r);
    buf_release(&sql);
    columns_release(c);
    return rc;
}

/* Payloads go in so many days at a time: hostile logs have thousands of days each. */
#define DAYS_AT_ONCE 65536

enum st
sent_write(struct pg *pg, const struct sent_table *t, int32_t node, struct payload *const *payloads,
           size_t n, bool again, bool *lost, struct err *err)
{
    struct columns c;
    size_t days = 0;
    int64_t waiting = 0;
    char id[16];
    enum st rc = ST_OK;

    *lost = false;
    snprintf(id, sizeof id, "%" PRId32, node);
    for (size_t i = 0; i < n && rc == ST_OK; i++) {
        if (waiting++ == 0)
            columns_begin(&c, PUTS_N);
        put_payload(&c, payloads[i]);
        days += payloads[i]->n_days;
        if (i + 1 < n && days < DAYS_AT_ONCE)
            continue;
        rc = send_columns(pg, t, id, &c, waiting, again, lost, err);
        days = 0;
        waiting = 0;
    }
    return rc;
}
