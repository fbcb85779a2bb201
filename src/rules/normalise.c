/*
 * Names as their registry compares them: two spellings of one package are one row. Only where the
 * pack asks for it, because a table that has the names as written would get a second row for some.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* crates.io: no two crates differ in case, or in '-' and '_' alone. */
struct slice
normalise_crate(struct slice name, char *room)
{
    if (name.n > ROUTE_ROOM)
        return name;
    for (size_t i = 0; i < name.n; i++)
        room[i] = name.p[i] == '-' ? '_' : lower(name.p[i]);
    return (struct slice){ room, name.n };
}

/* PEP 503: lower case, and runs of '-', '_' and '.' are one '-'. */
struct slice
normalise_pypi(struct slice name, char *room)
{
    size_t n = 0;

    if (name.n > ROUTE_ROOM)
        return name;
    for (size_t i = 0; i < name.n; i++) {
        bool dash = name.p[i] == '-' || name.p[i] == '_' || name.p[i] == '.';

        if (!dash)
            room[n++] = lower(name.p[i]);
        else if (n == 0 || room[n - 1] != '-')
            room[n++] = '-';
    }
    return (struct slice){ room, n };
}
