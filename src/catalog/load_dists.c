/*
 * Zeco's `dists`: the tarballs of all distributions, deleted ones too. What one is stands in its
 * meta alone: `dist` is text for people. The table has no key, so several rows may name one
 * tarball; of them one that is not deleted goes before one that is, then the one made last.
 */
#include "ingest/base.h"

#include "catalog_priv.h"

static const char what[] = "cannot read Zeco's distributions";

/* One more than a key takes, so that longer ones are seen to be too long and none fills the memory.
 */
#define TEXT_MAX  "513"
#define CHARS_MAX 512
#define PATH_MAX_ "1024"

/*
 * meta may be any JSON: of what is no object, every member is NULL. `deleted` is a time, and was a
 * boolean in Zeco's first version.
 */
static const char columns[] =
    "SELECT left(path, " PATH_MAX_ "), left(meta->>'path', " PATH_MAX_ "),"
    " CASE WHEN jsonb_typeof(meta->'name') = 'string' THEN left(meta->>'name', " TEXT_MAX ") END,"
    " left(meta->>'version', " TEXT_MAX "), left(meta->>'auth', " TEXT_MAX "),"
    " coalesce(deleted::text, 'f') IN ('f', 'false'),"
    " CASE WHEN isfinite(created) THEN (date_part('epoch', created) * 1e6)::bigint END"
    " FROM ";

/* What is deleted stands below all that is not; then by the microsecond it was made, the years BC
 * as one. */
static int64_t
rank_of(bool is_there, int64_t created_us)
{
    return ((int64_t)is_there << 62) + (created_us > 0 ? created_us : 0);
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
    bool is_there = slice_is(f[5], "\1");
    const struct kept *kept;

    if (entry.name.n == 0 || !is_short(entry.name) || !is_short(entry.version) ||
        !is_short(entry.auth)) {
        c->n_skipped++;
        return ST_OK;
    }
    kept = catalog_keep(c, &entry, rank_of(is_there, pg_field_int(f[6])), err);
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
    buf_text(&sql, ".dists");
    rc = buf_str(&sql) == NULL ? err_memory(err, what) : load_rows(c, pg, what, sql.p, take, err);
    buf_release(&sql);
    return rc;
}
