/*
 * Is a payload still where it was seen? The file is looked at, not opened: what the ledger has of its
 * times and place tells.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "explain_row.h"

static bool
is_same_file(const struct stat *st, const struct pg_result *r, size_t at)
{
    return pg_is_null(r, at, SIGHTING_DEVICE) ||
           ((int64_t)st->st_dev == pg_int(r, at, SIGHTING_DEVICE) &&
            (int64_t)st->st_ino == pg_int(r, at, SIGHTING_INODE));
}

static bool
has_same_times(const struct stat *st, const struct pg_result *r, size_t at)
{
    return st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec ==
               pg_int(r, at, SIGHTING_MTIME_NS) &&
           st->st_ctim.tv_sec * INT64_C(1000000000) + st->st_ctim.tv_nsec ==
               pg_int(r, at, SIGHTING_CTIME_NS);
}

bool
sighting_path(const struct pg_result *r, size_t at, char path[SIGHTING_PATH_MAX])
{
    size_t n = pg_bytea(r, at, SIGHTING_PATH, path, SIGHTING_PATH_MAX - 1);

    if (n == SIZE_MAX || memchr(path, '\0', n) != NULL)
        return false;
    path[n] = '\0';
    return true;
}

/* Times that were too young when it was seen are not in the ledger, and prove nothing. */
struct place_seen
sighting_look(const struct pg_result *r, size_t at)
{
    char path[SIGHTING_PATH_MAX];
    struct stat st;

    if (pg_is_null(r, at, SIGHTING_HERE))
        return (struct place_seen){ "unknown", "unknown", "on a host without an identity" };
    if (!slice_is(pg_text(r, at, SIGHTING_HERE), "t"))
        return (struct place_seen){ "another", "unknown", "on another host" };
    if (pg_is_null(r, at, SIGHTING_SIZE))
        return (struct place_seen){ "this", "unknown", "standard input, on this host" };
    if (!sighting_path(r, at, path))
        return (struct place_seen){ "this", "unknown", "on this host" };
    if (stat(path, &st) != 0)
        return (struct place_seen){ "this", "gone", path[0] == '/' ? "on this host, gone"
                                                    : "on this host, not found from here" };
    if (!S_ISREG(st.st_mode) || st.st_size != pg_int(r, at, SIGHTING_SIZE))
        return (struct place_seen){ "this", "changed", "on this host, changed since" };
    if (!is_same_file(&st, r, at))
        return (struct place_seen){ "this", "changed", "on this host, another file has its place" };
    if (pg_is_null(r, at, SIGHTING_MTIME_NS))
        return (struct place_seen){ "this", "same size", "on this host, of the same size" };
    if (!has_same_times(&st, r, at))
        return (struct place_seen){ "this", "changed", "on this host, written to since" };
    return (struct place_seen){ "this", "unchanged", "on this host, unchanged" };
}

size_t
sightings_of(const struct pg_result *r, size_t at, int64_t id, size_t *n)
{
    size_t rows = pg_rows(r);

    while (at < rows && pg_int(r, at, SIGHTING_PAYLOAD) < id)
        at++;
    *n = 0;
    while (at + *n < rows && pg_int(r, at + *n, SIGHTING_PAYLOAD) == id)
        ++*n;
    return at;
}
