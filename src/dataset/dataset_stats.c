/*
 * Downloads a day: the table `stats`, a row for each name, version and day, and one with version
 * NULL for all versions of a name together. The NULL rows are made from the others at the end
 * (rollup.h, "totals"). Zeco's `stats` has a column more, who has published it: `auth`.
 */
#include "ingest/base.h"
#include "dataset_priv.h"

/* The table holds one ecosystem; the first download that is counted says which. */
static inline bool
is_our_ecosystem(struct picker *p, const char *ecosystem)
{
    if (likely(ecosystem == p->last_ecosystem))
        return true;
    if (p->ecosystem[0] == '\0')
        snprintf(p->ecosystem, sizeof p->ecosystem, "%s", ecosystem);
    if (strcmp(p->ecosystem, ecosystem) != 0)
        return false;
    p->last_ecosystem = ecosystem;
    return true;
}

/* A name and version that the log itself gives, without a path: no route is asked. */
static bool
given_match(const struct picker *p, const struct given *given, struct route_match *out)
{
    const char *ecosystem = given->ecosystem;

    if (ecosystem == NULL)
        ecosystem = p->rules->pack->ecosystem;
    *out = (struct route_match){ given->name, given->version,
                                 ecosystem != NULL ? ecosystem : "custom" };
    return true;
}

/* Name, version and, where the table has it, auth: NOT NULL there, so '' where nobody is known. */
static inline uint8_t *
put_key(const struct dataset *d, uint8_t *key, struct slice name, struct slice version,
        struct slice auth, int32_t day)
{
    uint8_t *end = key_put_text(key, name);

    end = key_put_text(end, version);
    end = key_put_day(end, day);
    if (d == &dataset_stats_auth)
        end = key_put_text(end, auth.p == NULL ? SLICE("") : auth);
    return end;
}

/* ---- Zeco: a path names a tarball by its SHA-1, and the table `dists` says what that is ---- */

/*
 * The end of a path from the directory {A} on (src/rules/route_zeco.c), which is the same on every
 * host. The file alone where that is no such path, or one of a length that none has.
 */
#define TARBALL_BYTES_MAX 512

static struct slice
tarball_of(struct slice path)
{
    const char *end = path.p + path.n, *file, *at;
    size_t n_dirs;

    if (path.n == 0)
        return path;
    at = memrchr(path.p, '/', path.n);
    file = at == NULL ? path.p : at + 1;
    n_dirs = 1;
    for (size_t i = 0; i < n_dirs && at != NULL && at > path.p; i++) {
        const char *slash = memrchr(path.p, '/', (size_t)(at - path.p));
        const char *dir = slash == NULL ? path.p : slash + 1;

        if (i == 0) /* {A}, {BC} behind it, or the key behind both */
            n_dirs = at - dir == 1 ? 1 : at - dir == 2 ? 2 : 3;
        if (i + 1 == n_dirs && at - dir == 1 && end - dir <= TARBALL_BYTES_MAX)
            return (struct slice){ dir, (size_t)(end - dir) };
        at = slash;
    }
    return (struct slice){ file, (size_t)(end - file) };
}

static size_t
stats_entry_key(const struct dataset *d, const struct catalog_entry *entry, int32_t day,
                uint8_t key[KEY_BYTES_MAX])
{
    struct slice texts[] = { entry->name, entry->version, entry->auth };

    if (key_check(d, texts) != KEEP)
        return 0;
    return (size_t)(put_key(d, key, entry->name, entry->version, entry->auth, day) - key);
}

/* Replaces what the route made of the path by what the catalog says of it. */
static enum reason
look_up(struct picker *p, const struct record *rec, struct slice path, struct route_match *match,
        struct slice *auth)
{
    struct slice tarball = tarball_of(path);
    struct catalog_entry entry;
    uint8_t *end;

    if (catalog_find(p->catalog, tarball, &entry)) {
        match->name = entry.name;
        match->version = entry.version;
        *auth = entry.auth;
        return KEEP;
    }
    p->parked = (struct hit){ .day = rec->day };
    if (tarball.n > TARBALL_BYTES_MAX || !slice_is_text(tarball))
        return FILTER_UNKNOWN_DIST; /* no catalog will ever know it */
    end = key_put_text(p->key, tarball);
    end = key_put_day(end, rec->day);
    p->parked.key = (struct slice){ (const char *)p->key, (size_t)(end - p->key) };
    p->parked.sums[0] = 1;
    p->parked.sums[1] = rec->bytes;
    picker_client(p, rec, &p->parked);
    return FILTER_UNKNOWN_DIST;
}

static enum reason
stats_pick(struct picker *p, const struct record *rec, struct hit *hit)
{
    struct route_match match;
    struct slice path = { NULL, 0 }, auth = { NULL, 0 };
    char room[ROUTE_ROOM];
    enum reason why = rec->why;
    bool is_given = rec->given != NULL && rec->given->name.p != NULL;
    struct slashes slashes = { .base = NULL };
    bool plain = false;
    uint8_t *end;

    if (why != KEEP)
        return why;
    if (rec->path.p == NULL && !is_given) /* the format has no paths: nothing of it is a download */
        return FILTER_NOT_A_DOWNLOAD;
    if ((why = rules_pick(p->rules, rec)) != KEEP)
        return why;
    if (!is_given) {
        path = path_behind_host(rec->path);
        plain = path_is_plain(path, &slashes);
        if (unlikely(!plain))
            path = path_clean(path, rec->path_decodes, p->scratch);
    }
    if (is_given ? !given_match(p, rec->given, &match)
        : likely(plain) ? !rules_match_at(p->rules, path, &slashes, room, &match)
                        : !rules_match(p->rules, path, room, &match))
        return FILTER_NOT_A_DOWNLOAD;
    if (unlikely(p->catalog != NULL) && !is_given) {
        if ((why = look_up(p, rec, path, &match, &auth)) != KEEP)
            return why;
        plain = false;
    }
    if (unlikely(!plain)) {
        struct slice texts[] = { match.name, match.version, auth };

        if ((why = key_check(p->dataset, texts)) != KEEP)
            return why;
    }
    if (!is_our_ecosystem(p, match.ecosystem))
        return FILTER_OTHER_ECOSYSTEM;

    end = put_key(p->dataset, p->key, match.name, match.version, auth, rec->day);
    *hit = (struct hit){
        .key = { (const char *)p->key, (size_t)(end - p->key) },
        .day = rec->day,
        .sums = { 1, rec->bytes },
    };
    if (unlikely(p->object_secret != NULL)) /* a file, which is less than a version may have */
        p->object = path.p != NULL ? hash_keyed(p->object_secret, path.p, path.n)
                                   : hash_keyed(p->object_secret, p->key, hit->key.n - 4);
    picker_client(p, rec, hit); /* last: it may use the scratch that the name stands in */
    return KEEP;
}

/* A key and its total share the name. */
static size_t
stats_group(struct slice key)
{
    const uint8_t *at = (const uint8_t *)key.p;

    key_get_text(&at);
    return (size_t)(at - (const uint8_t *)key.p);
}

static size_t
stats_total(struct slice key, uint8_t out[KEY_BYTES_MAX])
{
    const uint8_t *at = (const uint8_t *)key.p;
    struct slice name = key_get_text(&at);
    uint8_t *end = key_put_text(out, name);

    key_get_text(&at);
    end = key_put_text(end, (struct slice){ NULL, 0 });
    end = key_put_day(end, key_get_day(&at));
    return (size_t)(end - out);
}

/* One for each who has published under the name. */
static size_t
stats_auth_total(struct slice key, uint8_t out[KEY_BYTES_MAX])
{
    const uint8_t *at = (const uint8_t *)key.p;
    uint8_t *end = out + stats_total(key, out);

    key_get_text(&at);
    key_get_text(&at);
    key_get_day(&at);
    end = key_put_text(end, key_get_text(&at));
    return (size_t)(end - out);
}

const struct dataset dataset_stats = {
    .name = "stats",
    .table = "stats",
    .about = "downloads by name, version and day",
    .migrations = "stats",
    .has_ecosystem = true,
    .bucket = BUCKET_DAY,
    .clients = CLIENT_KEYED,
    .keys = {
        { .name = "name", .kind = COLUMN_TEXT, .chars_max = 512 },
        { .name = "version", .kind = COLUMN_TEXT, .nullable = true, .chars_max = 512 },
        { .name = "dldate", .kind = COLUMN_DAY },
    },
    .n_keys = 3,
    .sums = { "count", "bytes" },
    .n_sums = 2,
    .uniques = "clients",
    .variant_column = "auth",
    .variant = &dataset_stats_auth,
    .catalog = CATALOG_DISTS, /* under Zeco's rules */
    .group = stats_group,
    .total = stats_total,
    .pick = stats_pick,
    .entry_key = stats_entry_key,
};

const struct dataset dataset_stats_auth = {
    .name = "stats",
    .table = "stats",
    .about = "downloads by name, version, day and who has published it",
    .migrations = "zeco",
    .has_ecosystem = true,
    .bucket = BUCKET_DAY,
    .clients = CLIENT_KEYED,
    .keys = {
        { .name = "name", .kind = COLUMN_TEXT, .chars_max = 512 },
        { .name = "version", .kind = COLUMN_TEXT, .nullable = true, .chars_max = 512 },
        { .name = "dldate", .kind = COLUMN_DAY },
        { .name = "auth", .kind = COLUMN_TEXT, .chars_max = 512 },
    },
    .n_keys = 4,
    .sums = { "count", "bytes" },
    .n_sums = 2,
    .uniques = "clients",
    .catalog = CATALOG_DISTS,
    .group = stats_group,
    .total = stats_auth_total,
    .pick = stats_pick,
    .entry_key = stats_entry_key,
};
