/*
 * Raku's ecosystem server (Zeco): tarballs are named by the SHA-1 of their bytes, in directories
 * made of the first letters of the distribution's key (upper case, `::` as `_`). A path alone does
 * not tell name and version: the sha is what stands for them until it is looked up in `dists`.
 *
 *   .../{A}/{BC}/{sha}.tar.gz             a key of three letters or more
 *   .../{A}/{sha}.tar.gz                  a shorter one
 *   .../{A}/{BC}/{ABC...}/{sha}.tar.gz    as the older CDN has it, with the key
 */
#include "ingest/base.h"
#include "rules_priv.h"

#define SHA_DIGITS 40

static bool
is_key(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && s.p[i] != '_' && (s.p[i] < 'A' || s.p[i] > 'Z'))
            return false;
    return s.n > 0;
}

static bool
is_sha(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && (s.p[i] < 'a' || s.p[i] > 'f'))
            return false;
    return s.n == SHA_DIGITS;
}

bool
route_zeco(struct slice path, char *room, struct route_match *m)
{
    struct slice file, dir, up, top;

    (void)room;
    if (!cut_last(&path, &file) || file.n != SHA_DIGITS + sizeof ".tar.gz" - 1 ||
        !cut_last(&path, &dir) || !is_key(dir))
        return false;
    m->name = (struct slice){ file.p, SHA_DIGITS };
    m->version = (struct slice){ NULL, 0 };
    if (!is_sha(m->name))
        return false;
    if (dir.n == 1)
        return true;
    if (!cut_last(&path, &up) || !is_key(up))
        return false;
    if (dir.n == 2 && up.n == 1)
        return true;
    return dir.n >= 3 && up.n == 2 && memcmp(dir.p + 1, up.p, 2) == 0 && cut_last(&path, &top) &&
           top.n == 1 && top.p[0] == dir.p[0];
}
