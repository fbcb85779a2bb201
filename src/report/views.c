/*
 * What each kind of table means in SQL. Names of schemas and tables are quoted here, everything of
 * a log goes as a parameter.
 */
#include "ingest/base.h"

#include "ingest/catalog.h"

#include "report_priv.h"

static void
from_table(struct view *v, const struct table *t)
{
    buf_text(&v->from, " FROM ");
    pg_ident(NULL, &v->from, t->target.schema);
    buf_text(&v->from, ".");
    pg_ident(NULL, &v->from, t->target.dataset->table);
    buf_text(&v->from, " AS t");
}

static void
view_of_stats(struct view *v, struct table *t)
{
    t->measures[t->n_measures++] = "downloads";
    v->measures[0] = "t.count";
    if (t->has_bytes) {
        t->measures[t->n_measures++] = "bytes";
        v->measures[1] = "t.bytes";
    }
    v->where = "t.version IS NULL";
    v->day = v->column = "t.dldate";
    v->fits = "t.name LIKE $1::text";
    v->is = "t.name = $1::text";
    v->key = "t.name";
    v->version = "t.version";
    v->auth = t->target.dataset->n_keys > 3 ? "t.auth" : NULL;
    v->versions_where = "t.version IS NOT NULL";
    v->version_id = "t.name, t.version";
}

/* Crates and files where the role may read what leads there; else artifacts by their numbers. */
static enum st
view_of_artifacts(struct view *v, struct report *r, struct table *t, struct pg *pg, struct err *err)
{
    struct err why;
    enum st rc = catalog_artifact_joins(&v->from, "t.artifact", pg, t->target.schema, &why);

    t->measures[t->n_measures++] = "downloads";
    v->measures[0] = "t.downloads";
    v->where = "true";
    v->day = "(date '1970-01-01' + (t.date / 86400)::integer)";
    v->column = "t.date";
    v->as_epoch = true;
    v->key = "c.name";
    v->version = "a.name";
    v->versions_where = "true";
    v->version_id = "t.artifact";
    if (rc == ST_DB && pg_sqlstate(pg)[0] == '\0') {
        report_note(r, "artifacts of %s have no names here: %s", t->shown, why.cause);
        v->key = "('artifact ' || t.artifact)";
        v->version = NULL;
        rc = ST_OK;
    } else if (rc != ST_OK) {
        *err = why;
    }
    v->fits = v->version == NULL ? "('artifact ' || t.artifact) LIKE $1::text" : "c.name LIKE $1::text";
    v->is = v->version == NULL ? "('artifact ' || t.artifact) = $1::text" : "c.name = $1::text";
    return rc;
}

/* Names of nodes, where they can be read. */
static enum st
join_nodes(struct view *v, const struct table *t, struct pg *pg, struct err *err)
{
    static const char sql[] =
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = $1 AND c.relname = 'nodes' AND c.relkind IN ('r', 'p', 'v')"
        " AND has_table_privilege(c.oid, 'SELECT')";
    const char *values[] = { t->target.schema };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, REPORT_WHAT, sql, 1, values, &r, err);

    if (rc == ST_OK && pg_rows(r) > 0) {
        buf_text(&v->from, " LEFT JOIN (SELECT id, min(name::text) AS name FROM ");
        pg_ident(NULL, &v->from, t->target.schema);
        buf_text(&v->from, ".nodes GROUP BY id) AS n ON n.id = t.node_id");
        v->key = "coalesce(n.name, t.node_id::text, '')";
    }
    pg_free(r);
    return rc;
}

static enum st
view_of_requests(struct view *v, struct table *t, struct pg *pg, struct err *err)
{
    static const char *const names[] = { "requests", "successful", "failed", "bytes" };
    static const char *const sums[] = { "t.nb_reqs", "t.nb_successful_reqs", "t.nb_failed_reqs",
                                        "t.bytes" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (i == 3 && !t->has_bytes)
            break;
        v->measures[i] = sums[i];
        t->measures[t->n_measures++] = names[i];
    }
    t->monthly = true;
    v->where = "true";
    v->day = v->column = "t.date";
    v->fits = "(t.network LIKE $1::text OR t.network || '.' || t.station LIKE $1::text)";
    v->key = "coalesce(t.node_id::text, '')";
    return join_nodes(v, t, pg, err);
}

static void
view_of_emotes(struct view *v, struct table *t)
{
    t->measures[t->n_measures++] = "channels";
    v->measures[0] = "t.count";
    v->where = "true";
    v->day = v->column = "t.date";
    v->key = "t.emote_id";
    v->key_type = "uuid";
}

enum st
view_make(struct view *v, struct report *r, struct table *t, struct pg *pg, struct err *err)
{
    const char *name = t->target.dataset->name;
    enum st rc = ST_OK;

    *v = (struct view){ .key_type = "text" };
    for (size_t i = 0; i < t->target.dataset->n_sums; i++)
        if (strcmp(t->target.dataset->sums[i], "bytes") == 0)
            t->has_bytes = t->target.has_sum[i];
    from_table(v, t);
    if (strcmp(name, "stats") == 0)
        view_of_stats(v, t);
    else if (strcmp(name, "job_artifact_downloads") == 0)
        rc = view_of_artifacts(v, r, t, pg, err);
    else if (strcmp(name, "dataselect_stats") == 0)
        rc = view_of_requests(v, t, pg, err);
    else
        view_of_emotes(v, t);
    t->keeps_clients = strcmp(name, "emote_stats") != 0;
    t->n_versions = t->n_versions_before = v->version == NULL ? -1 : 0;
    if (t->target.has_sketch)
        v->sketch = "t.clients";
    return rc == ST_OK && buf_str(&v->from) == NULL ? err_memory(err, REPORT_WHAT) : rc;
}

void
view_release(struct view *v)
{
    buf_release(&v->from);
}

/* ---- statements ---- */

static void
put_bound(const struct view *v, struct buf *sql, const char *compare, int32_t day)
{
    char text[11];

    buf_printf(sql, "%s %s ", v->column, compare);
    clock_format_day(day, text);
    if (v->as_epoch)
        buf_printf(sql, "%" PRId64, day_epoch(day));
    else
        buf_printf(sql, "'%s'", text);
}

void
view_since(const struct view *v, struct buf *sql, int32_t day)
{
    put_bound(v, sql, ">=", day);
}

void
view_rows(const struct view *v, const struct report *r, struct buf *sql, const char *where,
          struct period days)
{
    buf_text(sql, v->from.p);
    buf_printf(sql, " WHERE %s AND ", where == NULL ? v->where : where);
    put_bound(v, sql, ">=", days.since);
    buf_text(sql, " AND ");
    put_bound(v, sql, "<", days.until);
    if (r->q->name != NULL || r->pattern.p != NULL)
        buf_printf(sql, " AND %s", r->q->name != NULL ? v->is : v->fits);
}

void
view_sum(struct buf *sql, const char *what)
{
    buf_printf(sql,
               "greatest(least(coalesce(sum(%s), 0), 9223372036854775807), -9223372036854775807)"
               "::bigint",
               what);
}

size_t
view_values(const struct report *r, const char **values)
{
    values[0] = r->q->name != NULL ? r->q->name : r->pattern.p != NULL ? r->like.p : NULL;
    return values[0] != NULL;
}

enum st
view_ask(struct pg *pg, struct buf *sql, size_t n, const char *const *values,
         struct pg_result **out, struct err *err)
{
    enum st rc = buf_str(sql) == NULL ? err_memory(err, REPORT_WHAT)
                                      : pg_run(pg, REPORT_WHAT, sql->p, n, values, out, err);

    buf_reset(sql);
    return rc;
}
