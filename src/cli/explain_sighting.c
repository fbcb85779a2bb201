/*
 * Is a payload still where it was seen? The file is looked at, not opened: what the ledger has of its
 * times and place tells.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "explain_row.h"

#define PATH_BYTES 4097

static bool
is_as_it_was(const struct stat *st, const struct pg_result *r, size_t at)
{
    return (int64_t)st->st_dev == pg_int(r, at, SIGHTING_DEVICE) &&
           (int64_t)st->st_ino == pg_int(r, at, SIGHTING_INODE) &&
           st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec ==
               pg_int(r, at, SIGHTING_MTIME_NS) &&
           st->st_ctim.tv_sec * INT64_C(1000000000) + st->st_ctim.tv_nsec ==
               pg_int(r, at, SIGHTING_CTIME_NS);
}

struct place_seen
sighting_look(const struct pg_result *r, size_t at)
{
    struct place_seen out = { "this", "unknown", "on this host" };
    char path[PATH_BYTES];
    struct stat st;
    size_t n;

    if (pg_is_null(r, at, SIGHTING_HERE))
        return (struct place_seen){ "unknown", "unknown", "on a host without an identity" };
    if (!slice_is(pg_text(r, at, SIGHTING_HERE), "t"))
        return (struct place_seen){ "another", "unknown", "on another host" };
    if (pg_is_null(r, at, SIGHTING_SIZE)) {
        out.about = "standard input, on this host";
        return out;
    }
    n = pg_bytea(r, at, SIGHTING_PATH, path, sizeof path - 1);
    if (n == SIZE_MAX)
        return out;
    path[n] = '\0';
    if (stat(path, &st) != 0) {
        out.state = "gone";
        out.about = path[0] == '/' ? "on this host, gone" : "on this host, not found from here";
    } else if (st.st_size != pg_int(r, at, SIGHTING_SIZE)) {
        out.state = "changed";
        out.about = "on this host, changed since";
    } else if (!pg_is_null(r, at, SIGHTING_DEVICE)) {
        out.state = is_as_it_was(&st, r, at) ? "unchanged" : "changed";
        out.about = out.state[0] == 'u' ? "on this host, unchanged"
                                        : "on this host, written to or moved since";
    } else {
        out.about = "on this host, of the same size";
    }
    return out;
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
