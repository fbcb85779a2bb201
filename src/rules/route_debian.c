/*
 * Debian, Ubuntu and their kin: a binary package of a pool (Debian Policy 5.6.7 and 5.6.12 say what
 * names and versions hold; neither holds a '_'). The architecture is left out, and so is the epoch,
 * which file names never have.
 *
 *   .../pool/.../{name}_{version}_{architecture}.deb     or .udeb
 */
#include "ingest/base.h"
#include "rules_priv.h"

bool
route_debian(struct slice path, char *room, struct route_match *m)
{
    struct slice file;
    const char *first, *second;

    (void)room;
    if (!cut_last(&path, &file))
        return false;
    first = memchr(file.p, '_', file.n);
    if (first == NULL)
        return false;
    m->name = (struct slice){ file.p, (size_t)(first - file.p) };
    m->version = (struct slice){ first + 1, file.n - m->name.n - 1 };
    second = memchr(m->version.p, '_', m->version.n);
    if (second == NULL)
        return false;
    m->version.n = (size_t)(second - m->version.p);
    /* What is left is "amd64.deb": another '_', or no architecture, is another kind of file. */
    file = slice_from(file, (size_t)(second + 1 - file.p));
    if (m->name.n == 0 || m->version.n == 0 || memchr(file.p, '_', file.n) != NULL ||
        file.n <= (slice_ends(file, SLICE(".udeb")) ? sizeof ".udeb" : sizeof ".deb") - 1)
        return false;
    if (slice_starts(path, SLICE("pool/")))
        return true;
    return memmem(path.p, path.n, "/pool/", 6) != NULL;
}
