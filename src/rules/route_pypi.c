/*
 * PyPI: files of a project, by the directories of files.pythonhosted.org and of older links.
 *
 *   .../packages/{2 hex}/{2 hex}/{60 hex}/{file}
 *   .../packages/{source|py3|cp312|...}/{initial}/{project}/{file}
 *
 *   {name}-{version}[-{build}]-{python}-{abi}-{platform}.whl      PEP 427
 *   {name}-{version}.tar.gz                                       PEP 625
 *   {name}-{version}.zip .tgz .tar.bz2 .tar.xz                    source, as it was before
 *   {name}-{version}-py{x.y}[-{platform}].egg
 *
 * The name is as the file has it; `normalise` makes one of its spellings. Metadata (.whl.metadata),
 * signatures and installers are no downloads of a version.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static const char *const sources[] = { ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz" };

static bool
is_hex(struct slice s, size_t n)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && ((s.p[i] | 0x20) < 'a' || (s.p[i] | 0x20) > 'f'))
            return false;
    return s.n == n;
}

/*
 * Is `dirs`, all in front of the file, one of the two shapes? *project is the directory that says
 * its name, or empty.
 */
static bool
take_directories(struct slice dirs, struct slice *project)
{
    struct slice third, second, first, packages;

    if (!cut_last(&dirs, &third) || !cut_last(&dirs, &second) || !cut_last(&dirs, &first) ||
        !cut_last(&dirs, &packages) || !slice_is(packages, "packages"))
        return false;
    *project = (struct slice){ NULL, 0 };
    if (is_hex(third, 60))
        return is_hex(second, 2) && is_hex(first, 2);
    *project = third;
    return first.n > 0 && second.n == 1 && third.n > 0 && second.p[0] == third.p[0];
}

static bool
bind(struct slice text, size_t dash, struct route_match *m)
{
    m->name = (struct slice){ text.p, dash };
    m->version = slice_from(text, dash + 1);
    return m->name.n > 0 && m->version.n > 0;
}

/*
 * Names and versions of wheels and eggs hold no '-'. `parts_min` and `_max`: how many stand between
 * dashes.
 */
static bool
take_binary(struct slice file, size_t extension, size_t parts_min, size_t parts_max,
            struct route_match *m)
{
    const char *dashes[6];
    size_t n = 0;

    file.n -= extension;
    for (const char *at = file.p; (at = memchr(at, '-', (size_t)(file.p + file.n - at))) != NULL;
         at++) {
        if (n == ARRAY_LEN(dashes))
            return false;
        dashes[n++] = at;
    }
    if (n + 1 < parts_min || n + 1 > parts_max || n < 2)
        return false;
    file.n = (size_t)(dashes[1] - file.p);
    if (!bind(file, (size_t)(dashes[0] - file.p), m))
        return false;
    return n + 1 < 6 || is_digit(dashes[1][1]); /* a build starts with a digit */
}

static char
normal_byte(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return c == '.' || c == '_' ? '-' : c;
}

/* The bytes of `text` that spell `name` as PEP 503 compares names, 0 if it does not begin so. */
static size_t
spells(struct slice text, struct slice name)
{
    size_t i = 0;

    for (size_t k = 0; k < name.n; k++, i++) {
        if (i == text.n || normal_byte(text.p[i]) != normal_byte(name.p[k]))
            return 0;
        if (normal_byte(name.p[k]) != '-')
            continue;
        while (k + 1 < name.n && normal_byte(name.p[k + 1]) == '-')
            k++;
        /* All of the run; of the last one only what leaves the '-' that is looked for. */
        while (i + 1 < text.n && normal_byte(text.p[i + 1]) == '-' &&
               (k + 1 < name.n || text.p[i + 1] != '-'))
            i++;
    }
    return i;
}

/*
 * {name}-{version} of a source: the directory decides where it says the name; else the first '-'
 * behind which all is a version by PEP 440, which holds for names that end in a number; else the
 * last '-' before a digit, for versions older than that.
 */
static bool
take_source(struct slice text, struct slice project, struct route_match *m)
{
    size_t last = 0, n = project.n > 0 ? spells(text, project) : 0;

    if (n > 0 && n < text.n && text.p[n] == '-')
        return bind(text, n, m);
    if (text.n > ROUTE_ROOM) /* no key in any case, and the loop below is not for hostile lengths */
        return false;
    for (size_t i = 1; i + 1 < text.n; i++) {
        if (text.p[i] != '-')
            continue;
        if (pep440_is_version(slice_from(text, i + 1)))
            return bind(text, i, m);
        if (is_digit(text.p[i + 1]))
            last = i;
    }
    return last > 0 && bind(text, last, m);
}

bool
route_pypi(struct slice path, char *room, struct route_match *m)
{
    struct slice file, project;

    (void)room;
    if (!cut_last(&path, &file) || !take_directories(path, &project))
        return false;
    if (slice_ends(file, SLICE(".whl")))
        return take_binary(file, 4, 5, 6, m);
    if (slice_ends(file, SLICE(".egg")))
        return take_binary(file, 4, 3, 4, m);
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        struct slice end = slice_of(sources[i]);

        if (slice_ends(file, end))
            return take_source((struct slice){ file.p, file.n - end.n }, project, m);
    }
    return false;
}
