/*
 * npm: a tarball of the registry, by itself or behind a mirror's prefix. The scope belongs to the
 * name; clients write its slash as %2f, which is decoded before a path comes here.
 *
 *   .../{name}/-/{name}-{version}.tgz
 *   .../@{scope}/{name}/-/{name}-{version}.tgz
 *   .../@{scope}/{name}/-/@{scope}/{name}-{version}.tgz        (Verdaccio, GitHub)
 *
 * The version is strict SemVer 2.0.0, which the registry asks for (docs.npmjs.com, package.json).
 */
#include "ingest/base.h"
#include "rules_priv.h"

bool
route_npm(struct slice path, char *room, struct route_match *m)
{
    struct slice file, dash, name, scope, again = { NULL, 0 };

    (void)room;
    if (!cut_last(&path, &file) || !cut_last(&path, &dash))
        return false;
    if (dash.n > 1 && dash.p[0] == '@') {
        again = dash;
        if (!cut_last(&path, &dash))
            return false;
    }
    if (!slice_is(dash, "-") || !cut_last(&path, &name) || name.n == 0)
        return false;
    if (file.n < name.n + sizeof "-.tgz" || memcmp(file.p, name.p, name.n) != 0 ||
        file.p[name.n] != '-')
        return false;
    m->version = (struct slice){ file.p + name.n + 1, file.n - name.n - sizeof "-.tgz" + 1 };
    m->name = name;
    if (cut_last(&path, &scope) && scope.n > 1 && scope.p[0] == '@')
        m->name = (struct slice){ scope.p, scope.n + 1 + name.n };
    else
        scope.n = 0;
    return (again.n == 0 || (scope.n > 0 && slice_eq(again, scope))) &&
           semver_is_strict(m->version);
}
