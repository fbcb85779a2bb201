/*
 * builds.rs: the table `job_artifact_downloads`, a row for each artifact and day. A path names an
 * artifact, and the catalog knows its number:
 *
 *   [/api/v1]/crates/CRATE/VERSION/TARGET/FILE      the API
 *   [/api/v1]/crates/CRATE/VERSION/binaries/TARGET  its tarball
 *   .../CRATE_VERSION_TARGET.EXT                    a store, which knows files alone
 *
 * Names may hold '-' and '_', versions '-' and '+', targets '_': so a file is never taken apart, it
 * is looked up as a whole.
 */
#include "ingest/base.h"
#include "dataset_priv.h"

#define NAME_BYTES_MAX 1024 /* of what is looked up; a crate, version, target and file have less */

/* ---- what a path names ---- */

/* Exactly four, none of them empty. */
static bool
has_four_parts(struct slice s)
{
    size_t n_parts = 1;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '/')
            continue;
        if (i == 0 || s.p[i - 1] == '/')
            return false;
        n_parts++;
    }
    return n_parts == 4 && s.p[s.n - 1] != '/';
}

/* From `at` on, the place of a byte; s.n: it does not come. */
static size_t
find(struct slice s, size_t at, char byte)
{
    while (at < s.n && s.p[at] != byte)
        at++;
    return at;
}

/*
 * CRATE_VERSION_TARGET.EXT, as far as that can be seen: a version begins with a digit. This tells
 * what waits for its job from what never was an artifact.
 */
static bool
looks_like_a_file(struct slice s)
{
    size_t version = find(s, 1, '_'), target;

    while (version + 1 < s.n && (s.p[version + 1] < '0' || s.p[version + 1] > '9'))
        version = find(s, version + 1, '_');
    if (version + 1 >= s.n)
        return false;
    target = find(s, version + 1, '_');
    return find(s, target, '.') < s.n;
}

/* What the catalog is asked for, the same for every host and version of the API. */
static struct slice
name_of(struct slice path, bool *is_api)
{
    struct slice crates, rest;

    while (path.n > 0 && path.p[0] == '/')
        path = (struct slice){ path.p + 1, path.n - 1 };
    slice_cut_head(&path, SLICE("api/v1/"));
    crates = rest = path;
    *is_api = slice_cut_head(&rest, SLICE("crates/")) && has_four_parts(rest);
    return *is_api ? crates : slice_last_part(path);
}

/* ---- picking ---- */

static size_t
artifact_key(const struct dataset *d, const struct catalog_entry *entry, int32_t day,
             uint8_t key[KEY_BYTES_MAX])
{
    (void)d;
    return (size_t)(key_put_day(key_put_int(key, entry->id), day) - key);
}

/* No row of it is there, or none is known: it waits where there are jobs to wait for. */
static enum reason
unknown(struct picker *p, const struct record *rec, struct slice name, bool may_be_one)
{
    uint8_t *end;

    p->parked = (struct hit){ .day = rec->day };
    if (!may_be_one)
        return FILTER_NOT_A_DOWNLOAD;
    if (p->catalog == NULL)
        return FILTER_UNKNOWN_ARTIFACT;
    end = key_put_day(key_put_text(p->key, name), rec->day);
    p->parked.key = (struct slice){ (const char *)p->key, (size_t)(end - p->key) };
    p->parked.sums[0] = 1;
    p->parked.sums[1] = rec->bytes;
    return FILTER_UNKNOWN_ARTIFACT;
}

static enum reason
job_artifact_downloads_pick(struct picker *p, const struct record *rec, struct hit *hit)
{
    struct catalog_entry entry;
    struct slashes slashes;
    struct slice path, name;
    enum reason why = rec->why;
    bool plain, is_api;

    if (why != KEEP)
        return why;
    if (rec->path.p == NULL) /* the format has no paths */
        return FILTER_NOT_A_DOWNLOAD;
    if ((why = rules_pick(p->rules, rec)) != KEEP)
        return why;
    plain = path_is_plain(rec->path, &slashes);
    path = plain ? rec->path : path_clean(rec->path, rec->path_decodes, p->scratch);
    name = name_of(path, &is_api);
    if (name.n == 0 || name.n > NAME_BYTES_MAX)
        return FILTER_NOT_A_DOWNLOAD;
    if (!plain && !slice_is_text(name))
        return REJECT_ENCODING;
    if (p->catalog == NULL || !catalog_find(p->catalog, name, &entry))
        return unknown(p, rec, name, is_api || looks_like_a_file(name));
    *hit = (struct hit){
        .key = { (const char *)p->key, artifact_key(p->dataset, &entry, rec->day, p->key) },
        .day = rec->day,
        .sums = { 1 },
    };
    return KEEP;
}

/* ---- the tables ---- */

/*
 * The total of an artifact grows with its days. Kept within bigint, as the sums of days are; NULL is
 * nothing.
 */
static const char *const total_of_artifacts[] = {
    "UPDATE {schema}.job_artifacts AS a SET downloads ="
    " LEAST(coalesce(a.downloads, 0) + s.n, 9223372036854775807)::bigint"
    " FROM (SELECT artifact, sum(downloads) AS n FROM {stage} GROUP BY artifact) AS s"
    " WHERE a.id = s.artifact",
    NULL,
};

static const struct table_right rights[] = {
    { .table = "job_artifacts", .right = "SELECT" }, /* the catalog reads it, too */
    { .table = "job_artifacts", .right = "UPDATE", .column = "downloads" },
    { 0 },
};

const struct dataset dataset_job_artifact_downloads = {
    .name = "job_artifact_downloads",
    .table = "job_artifact_downloads",
    .about = "builds.rs: downloads by artifact and day",
    .migrations = "buildsrs",
    .schema = "buildsrs",
    .of_requests = true,
    .bucket = BUCKET_DAY,
    .keys = {
        { .name = "artifact", .kind = COLUMN_INT },
        { .name = "date", .kind = COLUMN_DAY, .as_epoch = true },
    },
    .n_keys = 2,
    .sums = { "downloads" },
    .n_sums = 1,
    .catalog = CATALOG_ARTIFACTS,
    .after = total_of_artifacts,
    .rights = rights,
    .pick = job_artifact_downloads_pick,
    .entry_key = artifact_key,
};
