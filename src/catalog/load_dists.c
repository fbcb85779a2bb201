/*
 * Zeco's `dists`: the tarballs of all distributions, deleted ones too. What one is stands in its
 * meta alone: `dist` is text for people. The table has no key, so several rows may name one
 * tarball; of them one that is not deleted goes before one that is, then the one made last.
 */
#include "ingest/base.h"

#include "catalog_priv.h"

static const char what[] = "cannot read Zeco's distributions";

#define CHARS_MAX 512 /* of a text that a key is to take */

/*
 * meta may be any JSON: of what is no object, every member is NULL. What is absurdly large is left
 * where it is, and costs nothing to find out: the server need not unpack it. All else is judged
 * here, because a million rows are a million times each function of the query.
 */
static const char columns[] =
    "SELECT CASE WHEN octet_length(path) <= 4096 THEN path END, meta->>'path',"
    " CASE WHEN jsonb_typeof(meta->'name') = 'string' THEN meta->>'name' END,"
    " meta->>'version', meta->>'auth', deleted, created"
    " FROM (SELECT path, deleted, created,"
    "              CASE WHEN pg_column_size(meta) <= 262144 THEN meta END AS meta FROM ";

/* A time, or NULL; in Zeco's first version a boolean. */
static bool
is_there(struct slice deleted)
{
    return deleted.p == NULL || slice_is(deleted, "\0");
}

/* What is deleted stands below all that is not; then by when it was made: microseconds, infinite
 * ones bounded. */
static int64_t
rank_of(struct slice deleted, struct slice created)
{
    const int64_t end = (int64_t)1 << 60;
    int64_t us = created.p == NULL ? -end : pg_field_int(created);

    us = us < -end ? -end : us > end ? end : us;
    return ((int64_t)is_there(deleted) << 62) + us;
}

static bool
is_short(struct slice s)
{
    return s.n <= CHARS_MAX || slice_chars(s) <= CHARS_MAX;
}

static enum st
take(struct catalog *c, const struct slice *f, struct err *err)
{
    struct catalog_entry entry = { .name = f[2], .version = f[3], .auth = f[4] };
    const struct kept *kept;

    if (entry.name.n == 0 || !is_short(entry.name) || !is_short(entry.version) ||
        !is_short(entry.auth)) {
        c->n_skipped++;
        return ST_OK;
    }
    kept = catalog_keep(c, &entry, rank_of(f[5], f[6]), err);
    if (kept == NULL)
        return ST_MEMORY;
    return dist_names(c, f[0], f[1], kept, err);
}

enum st
load_dists(struct catalog *c, struct pg *pg, const char *schema, struct err *err)
{
    struct buf sql = { 0 };
    char found[64];
    enum st rc = load_schema(pg, schema, "dists", what, found, err);

    if (rc != ST_OK || (rc = load_rights(pg, found, "{dists}", what, err)) != ST_OK)
        return rc;
    buf_text(&sql, columns);
    pg_ident(NULL, &sql, found);
    buf_text(&sql, ".dists) d");
    rc = buf_str(&sql) == NULL ? err_memory(err, what) : load_rows(c, pg, what, sql.p, take, err);
    buf_release(&sql);
    return rc;
}
