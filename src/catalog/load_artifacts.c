/*
 * builds.rs's artifacts, by the crate, version and target they were built for. Two shapes of its
 * schema: a job has a target and a version of a crate, or it has a task that has both, and targets
 * are called triples. Which columns lead there is read from the foreign keys. Several jobs may have
 * made a file of one name: one that succeeded goes first, then the one that ended last, then the
 * greatest id.
 */
#include "ingest/base.h"

#include "catalog_priv.h"

static const char what[] = "cannot read the artifacts of builds.rs";

/* How one comes from a table to the version of a crate and to the target. */
struct way {
    char version[64], target[64]; /* columns; "": there is none */
    char targets[64];             /* the table that `target` refers to */
    char task[64];                /* column of jobs, for the longer way */
};

static void
take_text(char out[64], const struct pg_result *r, size_t col)
{
    struct slice s = pg_text(r, 0, col);

    snprintf(out, 64, "%s", s.p == NULL ? "" : s.p);
}

/* The columns of `table` that refer to others, by the table they refer to. */
static enum st
find_way(struct pg *pg, const char *schema, const char *table, struct way *way, struct err *err)
{
    static const char sql[] =
        "SELECT min(a.attname::text) FILTER (WHERE r.relname = 'crate_versions'),"
        " min(a.attname::text) FILTER (WHERE r.relname IN ('targets', 'triples')),"
        " min(r.relname::text) FILTER (WHERE r.relname IN ('targets', 'triples')),"
        " min(a.attname::text) FILTER (WHERE r.relname = 'tasks')"
        " FROM pg_catalog.pg_constraint k"
        " JOIN pg_catalog.pg_class t ON t.oid = k.conrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
        " JOIN pg_catalog.pg_class r ON r.oid = k.confrelid"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " WHERE k.contype = 'f' AND cardinality(k.conkey) = 1"
        " AND n.nspname = $1 AND t.relname = $2";
    const char *values[] = { schema, table };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, what, sql, ARRAY_LEN(values), values, &r, err);

    *way = (struct way){ .version = "" };
    if (rc == ST_OK && pg_rows(r) == 1) {
        take_text(way->version, r, 0);
        take_text(way->target, r, 1);
        take_text(way->targets, r, 2);
        take_text(way->task, r, 3);
    }
    pg_free(r);
    return rc;
}

static bool
is_whole(const struct way *way)
{
    return way->version[0] != '\0' && way->target[0] != '\0';
}

/* ---- the query ---- */

static void
join(struct buf *b, const char *schema, const char *table, const char *alias, const char *from,
     const char *column)
{
    buf_text(b, " JOIN ");
    pg_ident(NULL, b, schema);
    buf_text(b, ".");
    pg_ident(NULL, b, table);
    buf_printf(b, " %s ON %s.id = %s.", alias, alias, from);
    pg_ident(NULL, b, column);
}

/* ", x.name"; NULL where it is longer than any key or path: that need not come here. */
static void
name_of(struct buf *b, const char *column)
{
    buf_printf(b, ", CASE WHEN octet_length(%s) <= 4096 THEN %s END", column, column);
}

/* From a job on to the version and its crate. */
static void
join_crates(struct buf *b, const char *schema, const struct way *job, const struct way *end)
{
    join(b, schema, "jobs", "j", "a", "job");
    if (job != end)
        join(b, schema, "tasks", "k", "j", job->task);
    join(b, schema, "crate_versions", "v", job == end ? "j" : "k", end->version);
    join(b, schema, "crates", "c", "v", "crate");
}

static void
query(struct buf *b, const char *schema, const struct way *job, const struct way *end)
{
    buf_text(b, "SELECT a.id::bigint");
    name_of(b, "c.name");
    name_of(b, "v.version");
    name_of(b, "t.name");
    name_of(b, "a.name");
    buf_text(b, ", j.success, j.ended::bigint FROM ");
    pg_ident(NULL, b, schema);
    buf_text(b, ".job_artifacts a");
    join_crates(b, schema, job, end);
    join(b, schema, end->targets, "t", job == end ? "j" : "k", end->target);
}

/* Success above all, then when it ended: seconds since 1970, NULL below all. The id decides between
 * equal ones. */
static int64_t
rank_of(bool success, bool has_ended, int64_t ended)
{
    const int64_t latest = ((int64_t)1 << 61) - 1;

    ended = ended < 0 ? 0 : ended > latest ? latest : ended;
    return ((int64_t)success << 62) + (has_ended ? ended + 1 : 0);
}

static enum st
take(struct catalog *c, const struct slice *f, struct err *err)
{
    struct catalog_entry entry = { .id = pg_field_int(f[0]) };
    struct slice texts[4];
    const struct kept *kept;
    int64_t rank;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        size_t chars_max = i < 3 ? 512 : 1024;

        texts[i] = f[1 + i];
        if (texts[i].n == 0 || (texts[i].n > chars_max && slice_chars(texts[i]) > chars_max)) {
            c->n_skipped++;
            return ST_OK;
        }
    }
    rank = rank_of(slice_is(f[5], "\1"), f[6].p != NULL, pg_field_int(f[6]));
    kept = catalog_keep(c, &entry, rank, err);
    if (kept == NULL)
        return ST_MEMORY;
    return artifact_names(c, texts[0], texts[1], texts[2], texts[3], kept, err);
}

/* The way from jobs to crates, `end` one of the two; ST_DB: there is none, or it may not be read. */
static enum st
look_for_way(struct pg *pg, const char *schema, struct way *job, struct way *task,
             const struct way **end, struct err *err)
{
    char tables[160];
    enum st rc = find_way(pg, schema, "jobs", job, err);

    *end = job;
    if (rc == ST_OK && !is_whole(job) && job->task[0] != '\0') {
        *end = task;
        rc = find_way(pg, schema, "tasks", task, err);
    }
    if (rc != ST_OK)
        return rc;
    if (!is_whole(*end)) {
        err_fail(err, ST_DB, what,
                 "no foreign keys lead from its jobs to crate_versions and to targets or triples");
        err_hint(err, "the tables in schema %s are not those of builds.rs as they are known",
                 schema);
        return ST_DB;
    }
    snprintf(tables, sizeof tables, "{job_artifacts,jobs,crate_versions,crates,%s%s}",
             *end == task ? "tasks," : "", (*end)->targets);
    return load_rights(pg, schema, tables, what, err);
}

enum st
load_artifacts(struct catalog *c, struct pg *pg, const char *schema, struct err *err)
{
    struct buf sql = { 0 };
    struct way job, task = { .version = "" };
    const struct way *end;
    char found[64];
    enum st rc = load_schema(pg, schema, "job_artifacts", what, found, err);

    if (rc != ST_OK || (rc = look_for_way(pg, found, &job, &task, &end, err)) != ST_OK)
        return rc;
    query(&sql, found, &job, end);
    rc = buf_str(&sql) == NULL ? err_memory(err, what) : load_rows(c, pg, what, sql.p, take, err);
    buf_release(&sql);
    return rc;
}

enum st
catalog_artifact_joins(struct buf *sql, const char *artifact, struct pg *pg, const char *schema,
                       struct err *err)
{
    struct way job, task = { .version = "" };
    const struct way *end;
    enum st rc = look_for_way(pg, schema, &job, &task, &end, err);

    if (rc != ST_OK)
        return rc;
    buf_text(sql, " JOIN ");
    pg_ident(NULL, sql, schema);
    buf_printf(sql, ".job_artifacts a ON a.id = %s", artifact);
    join_crates(sql, schema, &job, end);
    return ST_OK;
}
