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
ends_like(const struct route *route, struct slice path)
{
    if (route->matcher == NULL)
        return slice_ends(path, route->tail);
    for (size_t i = 0; i < route->n_tails; i++)
        if (slice_ends(path, slice_of(route->tails[i])))
            return true;
    return route->n_tails == 0;
}

const char *
route_view_try(const struct rules *rules, size_t i, struct slice path, char *room,
               struct route_match *out)
{
    struct route route = rules->routes[i];

    if (rules_takes(rules, i, path, room, out))
        return NULL;
    if (!ends_like(&route, path))
        return "the path ends otherwise";
    if (route.matcher == NULL && !slice_starts(path, route.head))
        return "the path begins otherwise";
    route.semver = false;
    if (rules->routes[i].semver && route_match(&route, path, room, out))
        return "the version is not strict SemVer 2.0.0";
    return "the parts of the path do not fit";
}
