/*
 * Maven: the main artifact of a version (Maven repository layout; sources, documentation, .pom and
 * checksums are not what was asked for, they come along). The name is group:artifact, as build
 * files write it.
 *
 *   {root}/{group}/{group}/{artifact}/{version}/{artifact}-{version}.jar     or .war .ear .aar
 *   {root}/.../{base}-SNAPSHOT/{artifact}-{base}-20240131.120000-7.jar
 *
 * A path does not say where the repository begins. These are known as roots: /maven2 (Central),
 * /repository/{} (Nexus), /artifactory/{} (Artifactory), else the host itself.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static struct slice
without_root(struct slice group)
{
    static const char *const roots[] = { "repository/", "artifactory/" };
    const char *slash;

    if (group.n > 0 && group.p[0] == '/')
        group = slice_from(group, 1);
    if (slice_starts(group, SLICE("maven2/")))
        return slice_from(group, sizeof "maven2/" - 1);
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        size_t n = strlen(roots[i]);

        if (!slice_starts(group, (struct slice){ roots[i], n }))
            continue;
        slash = memchr(group.p + n, '/', group.n - n);
        return slash == NULL || slash == group.p + n
                   ? group
                   : slice_from(group, (size_t)(slash + 1 - group.p));
    }
    return group;
}

/* "1.0-SNAPSHOT" is a directory; its files have the time instead, "1.0-20240131.120000-7". */
static bool
is_snapshot(struct slice version, struct slice written)
{
    static const struct slice word = { "SNAPSHOT", 8 };
    size_t base = version.n - word.n;

    if (version.n <= word.n || memcmp(version.p + base, word.p, word.n) != 0 || written.n <= base ||
        memcmp(written.p, version.p, base) != 0)
        return false;
    for (size_t i = base; i < written.n; i++)
        if (!is_digit(written.p[i]) && written.p[i] != '.' && written.p[i] != '-')
            return false;
    return true;
}

/*
 * "group.group:artifact" in the room; with too long a group, all of the path, which is too long for
 * a key as well.
 */
static struct slice
full_name(struct slice group, struct slice artifact, char *room)
{
    size_t n = group.n + 1 + artifact.n;

    if (n > ROUTE_ROOM)
        return (struct slice){ group.p, n };
    for (size_t i = 0; i < group.n; i++)
        room[i] = group.p[i] == '/' ? '.' : group.p[i];
    room[group.n] = ':';
    memcpy(room + group.n + 1, artifact.p, artifact.n);
    return (struct slice){ room, n };
}

bool
route_maven(struct slice path, char *room, struct route_match *m)
{
    struct slice file, written, artifact;

    if (!cut_last(&path, &file) || !cut_last(&path, &m->version) || !cut_last(&path, &artifact))
        return false;
    if (m->version.n == 0 || artifact.n == 0 || file.n < artifact.n + sizeof "-.jar" ||
        memcmp(file.p, artifact.p, artifact.n) != 0 || file.p[artifact.n] != '-')
        return false;
    written = slice_from(file, artifact.n + 1);
    written.n -= sizeof ".jar" - 1;
    if (!slice_eq(written, m->version) && !is_snapshot(m->version, written))
        return false;
    path = without_root(path);
    if (path.n == 0 || path.p[0] == '/' || path.p[path.n - 1] == '/' ||
        memmem(path.p, path.n, "//", 2) != NULL)
        return false;
    m->name = full_name(path, artifact, room);
    return true;
}
