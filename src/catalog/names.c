/*
 * Under which names an entry is found, and which names a path of a log may stand for. A path is
 * tried under its fullest name first, and what a longer name finds goes before what a shorter one
 * does.
 */
#include "ingest/base.h"

#include "catalog_priv.h"

/* Without "scheme://host" and the slashes in front. */
static struct slice
without_host(struct slice s)
{
    const char *colon = s.n == 0 ? NULL : memchr(s.p, ':', s.n), *slash;

    if (colon != NULL &&
        slice_starts((struct slice){ colon, s.n - (size_t)(colon - s.p) }, SLICE("://"))) {
        s.n -= (size_t)(colon + 3 - s.p);
        s.p = colon + 3;
        slash = s.n == 0 ? NULL : memchr(s.p, '/', s.n);
        s.n = slash == NULL ? 0 : s.n - (size_t)(slash - s.p);
        s.p = slash == NULL ? s.p : slash;
    }
    while (slice_cut_head(&s, SLICE("/")))
        continue;
    return s;
}

/* The last `n` parts of a path; all of it where it has no more. */
static struct slice
last_parts(struct slice s, size_t n)
{
    size_t at = s.n;

    while (at > 0 && (s.p[at - 1] != '/' || --n > 0))
        at--;
    return (struct slice){ s.p + at, s.n - at };
}

/* ---- DISTS ---- */

#define SHA_DIGITS 40

/* The file's name is the SHA-1 of the tarball; p NULL: it is not. */
static struct slice
sha_of(struct slice path)
{
    struct slice file = slice_last_part(path), none = { NULL, 0 };

    if (file.n < SHA_DIGITS)
        return none;
    for (size_t i = 0; i < SHA_DIGITS; i++)
        if ((file.p[i] < '0' || file.p[i] > '9') && (file.p[i] < 'a' || file.p[i] > 'f'))
            return none;
    if (file.n > SHA_DIGITS && file.p[SHA_DIGITS] != '.')
        return none;
    return (struct slice){ file.p, SHA_DIGITS };
}

static struct slice
dist_path(struct slice path)
{
    path = without_host(path);
    slice_cut_head(&path, SLICE("dist/"));
    return path;
}

enum st
dist_names(struct catalog *c, struct slice path, struct slice meta_path, const struct kept *entry,
           struct err *err)
{
    struct slice sha;
    enum st rc = ST_OK;

    path = dist_path(path);
    meta_path = dist_path(meta_path);
    sha = sha_of(path);
    if (sha.p == NULL)
        sha = sha_of(meta_path);
    if (path.n > 0)
        rc = catalog_name(c, NAME_PATH, path, entry, err);
    if (rc == ST_OK && meta_path.n > 0 && !slice_eq(path, meta_path))
        rc = catalog_name(c, NAME_META_PATH, meta_path, entry, err);
    if (rc == ST_OK && sha.p != NULL)
        rc = catalog_name(c, NAME_SHA, sha, entry, err);
    return rc;
}

/* A CDN puts directories of its own in front: {A}/{BC}/{key}/{file}, {A}/{BC}/{file} and {A}/{file}
 * are tried too. */
#define PARTS_MAX 4

static const struct kept *
find_by_path(const struct catalog *c, enum name_class class, struct slice path)
{
    const struct kept *k = catalog_look(c, class, path);
    size_t n = path.n;

    for (size_t parts = PARTS_MAX; parts > 1 && k == NULL; parts--) {
        struct slice end = last_parts(path, parts);

        if (end.n < n)
            k = catalog_look(c, class, end);
        n = end.n;
    }
    return k;
}

const struct kept *
dist_find(const struct catalog *c, struct slice path)
{
    const struct kept *k;
    struct slice sha;

    path = dist_path(path);
    if (path.n == 0)
        return NULL;
    if ((k = find_by_path(c, NAME_PATH, path)) != NULL ||
        (k = find_by_path(c, NAME_META_PATH, path)) != NULL)
        return k;
    sha = sha_of(path);
    return sha.p == NULL ? NULL : catalog_look(c, NAME_SHA, sha);
}

/* ---- ARTIFACTS ---- */

#define TARBALL ".tar.gz"

/* a/b/c/d at `room`; p NULL: longer than any name may be. */
static struct slice
joined(const struct slice *parts, size_t n, char room[NAME_BYTES_MAX])
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        if (parts[i].n + 1 > NAME_BYTES_MAX - at)
            return (struct slice){ NULL, 0 };
        if (i > 0)
            room[at++] = '/';
        if (parts[i].n > 0)
            memcpy(room + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    return (struct slice){ room, at };
}

static bool
is_tarball(struct slice file)
{
    size_t n = sizeof TARBALL - 1;

    return file.n > n && memcmp(file.p + file.n - n, TARBALL, n) == 0;
}

enum st
artifact_names(struct catalog *c, struct slice crate, struct slice version, struct slice target,
               struct slice file, const struct kept *entry, struct err *err)
{
    struct slice named[] = { crate, version, target, file };
    struct slice binaries[] = { crate, version, SLICE("binaries"), target };
    char room[NAME_BYTES_MAX];
    struct slice path = joined(named, ARRAY_LEN(named), room);
    enum st rc = ST_OK;

    if (path.p != NULL)
        rc = catalog_name(c, NAME_PATH, path, entry, err);
    if (rc == ST_OK && is_tarball(file) &&
        (path = joined(binaries, ARRAY_LEN(binaries), room)).p != NULL)
        rc = catalog_name(c, NAME_PATH, path, entry, err);
    if (rc == ST_OK && file.n > 0 && file.n <= NAME_BYTES_MAX)
        rc = catalog_name(c, NAME_FILE, file, entry, err);
    return rc;
}

/*
 * What stands behind "crates/" names all four; a store knows the file alone. A path of the first
 * kind is not looked up as one of the second: the file of another crate may bear its name.
 */
const struct kept *
artifact_find(const struct catalog *c, struct slice path)
{
    const struct kept *k;

    path = without_host(path);
    slice_cut_head(&path, SLICE("api/v1/"));
    if (slice_cut_head(&path, SLICE("crates/")))
        return catalog_look(c, NAME_PATH, path);
    k = catalog_look(c, NAME_PATH, path);
    return k != NULL || path.n == 0 ? k : catalog_look(c, NAME_FILE, slice_last_part(path));
}

/* ---- by hand ---- */

static size_t
n_parts(struct slice path)
{
    size_t n = 1;

    for (size_t i = 0; i < path.n; i++)
        n += path.p[i] == '/';
    return n;
}

enum st
catalog_add(struct catalog *c, struct slice key, const struct catalog_entry *entry, struct err *err)
{
    /* What came before is the better one. */
    const struct kept *k = catalog_keep(c, entry, INT64_MAX - (int64_t)c->n, err);
    enum st rc;

    if (k == NULL)
        return ST_MEMORY;
    if (c->kind == CATALOG_DISTS)
        return dist_names(c, key, (struct slice){ NULL, 0 }, k, err);
    rc = catalog_name(c, NAME_PATH, key, k, err);
    if (rc == ST_OK && (n_parts(key) == 1 || n_parts(key) == 4))
        rc = catalog_name(c, NAME_FILE, slice_last_part(key), k, err);
    return rc;
}
