/*
 * Routes one by one, for people: rules_match asks the same ones in the same order.
 */
#include "ingest/base.h"

#include "ingest/route_look.h"
#include "rules_priv.h"

bool
route_view_at(const struct rules *rules, size_t i, struct route_view *out)
{
    if (i >= rules->n_routes)
        return false;
    *out = (struct route_view){ slice_of(rules->routes[i].about), rules->routes[i].ecosystem };
    return true;
}

static bool
ends_with(struct slice s, struct slice tail)
{
    return s.n >= tail.n && (tail.n == 0 || memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0);
}

const char *
route_view_try(const struct rules *rules, size_t i, struct slice path, char *room,
               struct route_match *out)
{
    struct route route = rules->routes[i];

    if (route_match(&route, path, room, out))
        return NULL;
    if (!ends_with(path, route.tail))
        return "the path ends otherwise";
    if (!slice_starts(path, route.head))
        return "the path begins otherwise";
    route.semver = false;
    if (rules->routes[i].semver && route_match(&route, path, room, out))
        return "the version is not strict SemVer 2.0.0";
    return "the parts of the path do not fit";
}
