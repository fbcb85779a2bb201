/*
 * A change of rules makes numbers jump, and is no growth: the ledger says so at the day from which
 * on it shows. Each step is one statement, so that a batch pays one question for it.
 */
#include "ingest/base.h"

#include "ingest/annotation.h"

#include "ledger_priv.h"

static const char what[] = "cannot note the rules in the ledger";

/* The name of a pack comes from a configuration, whose bytes need not be UTF-8. */
static const char *
name_of(const struct rules_used *used)
{
    return slice_is_text(slice_of(used->pack)) ? used->pack : "?";
}

static const char *
source_of(const struct rules_used *used)
{
    return used->source == NULL ? "" : used->source;
}

enum st
annotation_of_rules(struct ledger *l, const struct rules_used *used, int32_t day, struct err *err)
{
    static const char sql[] =
        "WITH last AS (SELECT source, rules_id, kind, pack FROM ingest.rules_used"
        " WHERE dataset = $1::text AND scope = $2::integer AND current_since IS NOT NULL"
        " ORDER BY source = $3::text DESC, current_since DESC LIMIT 1),"
        " retired AS (UPDATE ingest.rules_used u SET current_since = NULL FROM last"
        " WHERE u.dataset = $1::text AND u.scope = $2::integer AND u.source = $3::text"
        " AND u.rules_id = last.rules_id AND last.source = $3::text AND last.rules_id <> $4::bytea),"
        " noted AS (INSERT INTO ingest.annotations (dataset, scope, day, text, rules_before, rules_after)"
        " SELECT $1::text, $2::integer, date '1970-01-01' + $7::integer,"
        " CASE WHEN pack = $6::text THEN format('rules of \"%s\" changed', pack)"
        " ELSE format('rules changed from \"%s\" to \"%s\"', pack, $6::text) END, kind, $5::bytea"
        " FROM last WHERE kind <> $5::bytea ON CONFLICT DO NOTHING)"
        " INSERT INTO ingest.rules_used (dataset, scope, source, rules_id, kind, pack, current_since)"
        " VALUES ($1::text, $2::integer, $3::text, $4::bytea, $5::bytea, $6::text, now())"
        " ON CONFLICT (dataset, scope, source, rules_id) DO UPDATE SET current_since = now()"
        " WHERE rules_used.current_since IS NULL";
    struct bytea_text id, kind;
    char scope[16], first[16];
    const char *values[] = { used->dataset,
                             scope,
                             source_of(used),
                             bytea_text(&id, used->rules_id.b, sizeof used->rules_id.b),
                             bytea_text(&kind, used->kind.b, sizeof used->kind.b),
                             name_of(used),
                             first };

    if (!l->annotates)
        return ST_OK;
    snprintf(scope, sizeof scope, "%" PRId32, used->scope);
    snprintf(first, sizeof first, "%" PRId32, day);
    return pg_run(l->pg, what, sql, ARRAY_LEN(values), values, NULL, err);
}

/* Days whose rules no name is known of were counted by an older program: their fingerprints tell. */
enum st
annotation_of_recount(struct ledger *l, const struct rules_used *used,
                      const struct recount_days *days, struct payload *const *payloads, size_t n,
                      struct err *err)
{
    static const char sql[] =
        "WITH used AS (INSERT INTO ingest.rules_used (dataset, scope, source, rules_id, kind, pack)"
        " VALUES ($2::text, $3::integer, $9::text, $6::bytea, $7::bytea, $8::text)"
        " ON CONFLICT DO NOTHING)"
        " INSERT INTO ingest.annotations (dataset, scope, day, text)"
        " SELECT $2::text, $3::integer, first, CASE WHEN first = last"
        " THEN format('day %s counted again under \"%s\"', to_char(first, 'YYYY-MM-DD'), $8::text)"
        " ELSE format('days %s to %s counted again under \"%s\"', to_char(first, 'YYYY-MM-DD'),"
        " to_char(last, 'YYYY-MM-DD'), $8::text) END"
        " FROM (SELECT date '1970-01-01' + $4::integer AS first,"
        " date '1970-01-01' + $5::integer - 1 AS last) d"
        " WHERE EXISTS (SELECT FROM ingest.payload_days p"
        " WHERE p.payload = ANY ($1::bigint[]) AND p.day BETWEEN d.first AND d.last AND p.count > 0"
        " AND p.rules_id <> $6::bytea AND NOT EXISTS (SELECT FROM ingest.rules_used r"
        " WHERE r.dataset = $2::text AND r.scope = $3::integer AND r.rules_id = p.rules_id"
        " AND r.kind = $7::bytea))";
    char scope[16], since[16], until[16];
    struct bytea_text id, kind;
    struct columns c;
    enum st rc;

    if (!l->annotates || n == 0)
        return ST_OK;
    snprintf(scope, sizeof scope, "%" PRId32, days->scope);
    snprintf(since, sizeof since, "%" PRId32, days->since);
    snprintf(until, sizeof until, "%" PRId32, days->until);
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], payloads[i]->id);
    columns_add_value(&c, used->dataset);
    columns_add_value(&c, scope);
    columns_add_value(&c, since);
    columns_add_value(&c, until);
    columns_add_value(&c, bytea_text(&id, used->rules_id.b, sizeof used->rules_id.b));
    columns_add_value(&c, bytea_text(&kind, used->kind.b, sizeof used->kind.b));
    columns_add_value(&c, name_of(used));
    columns_add_value(&c, source_of(used));
    rc = columns_run(&c, l->pg, what, sql, NULL, err);
    columns_release(&c);
    return rc;
}
