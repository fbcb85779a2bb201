/*
 * The rule packs and routes that come with the program, as data; docs/RULES.md says the same in
 * words. To add a registry, add its rows here. A change in what a pack counts raises its version.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static const char *const only_get[] = { "GET" };
static const uint16_t    ok[] = { 200 }, ok_or_not_modified[] = { 200, 304 };

/* As crates.io's own counter has it: "cargo", and then a separator that some edges log encoded. */
static const char *const cargo[] = { "cargo/", "cargo ", "cargo%2f", "cargo%2F", "cargo%20" };

#define LIST(of, array) .of = (array), .n_##of = ARRAY_LEN(array)
#define EVERY_AGENT { .classes = AGENT_CLASSES_ALL }

const struct rule_pack rule_packs[] = {
    { .name = "default", .version = 1,
      .about = "GET with 200, or 206 from byte 0; all built-in routes but zeco's",
      LIST(methods, only_get), LIST(statuses, ok), .range.kind = RANGE_FROM_ZERO,
      .agent = EVERY_AGENT },
    { .name = "crates", .version = 1, .about = "as crates.io counts: GET with 200, by cargo",
      .ecosystem = "crates",
      LIST(methods, only_get), LIST(statuses, ok),
      .agent = { LIST(prefixes, cargo), .classes = AGENT_CLASSES_ALL } },
    { .name = "hex", .version = 1, .about = "as hex.pm counts: GET with 200 or 304",
      .ecosystem = "hex",
      LIST(methods, only_get), LIST(statuses, ok_or_not_modified), .agent = EVERY_AGENT },
    { .name = "rubygems", .version = 1,
      .about = "as rubygems.org counts: any method with 200 or 304",
      .ecosystem = "rubygems", LIST(statuses, ok_or_not_modified), .agent = EVERY_AGENT },
    { .name = "zeco", .version = 1,
      .about = "as default, for Raku's tarballs, looked up by their path in dists",
      .ecosystem = "zeco",
      LIST(methods, only_get), LIST(statuses, ok), .range.kind = RANGE_FROM_ZERO,
      .agent = EVERY_AGENT },
};
const size_t n_rule_packs = ARRAY_LEN(rule_packs);

const struct rule_pack *
rule_pack_by_name(const char *name)
{
    if (name == NULL)
        return &rule_packs[0];
    for (size_t i = 0; i < n_rule_packs; i++)
        if (strcmp(rule_packs[i].name, name) == 0)
            return &rule_packs[i];
    return NULL;
}

/*
 * In the order in which they are tried. No two fit one path: they end, or stand, in different places.
 */
const struct builtin_route builtin_routes[] = {
    { .ecosystem = "crates", .text = "**/crates/{name}/{name}-{version}.crate", .semver = true,
      .normaliser = normalise_crate },
    { .ecosystem = "crates", .text = "**/crates/{name}/{version}/download", .semver = true,
      .normaliser = normalise_crate },
    { .ecosystem = "rubygems", .text = "/gems/{name}-{version}.gem" },
    { .ecosystem = "hex", .text = "/tarballs/{name}-{version}.tar", .split_first = true },
    { .ecosystem = "hex", .text = "/repos/{}/tarballs/{name}-{version}.tar", .split_first = true },
    { .ecosystem = "npm", .text = "npm: **/[@scope/]{name}/-/{name}-{version}.tgz",
      .matcher = route_npm, .tails = { ".tgz" } },
    { .ecosystem = "pypi",
      .text = "pypi: **/packages/**/{name}-{version}[-...].(whl|tar.gz|zip|egg|...)",
      .matcher = route_pypi, .normaliser = normalise_pypi,
      .tails = { ".whl", ".tar.gz", ".zip", ".egg", ".tgz", ".tar.bz2", ".tar.xz" } },
    { .ecosystem = "cran", .text = "**/src/contrib/{name}_{version}.tar.gz" },
    { .ecosystem = "cran", .text = "**/src/contrib/Archive/{name}/{name}_{version}.tar.gz" },
    { .ecosystem = "cran", .text = "**/src/contrib/{}/Recommended/{name}_{version}.tar.gz" },
    { .ecosystem = "cran", .text = "**/bin/windows/contrib/{}/{name}_{version}.zip" },
    { .ecosystem = "cran", .text = "**/bin/macosx/contrib/{}/{name}_{version}.tgz" },
    { .ecosystem = "cran", .text = "**/bin/macosx/{}/contrib/{}/{name}_{version}.tgz" },
    { .ecosystem = "debian",
      .text = "debian: **/pool/**/{name}_{version}_{architecture}.(deb|udeb)",
      .matcher = route_debian, .tails = { ".deb", ".udeb" } },
    { .ecosystem = "maven",
      .text = "maven: [root]/{group}/**/{artifact}/{version}/{artifact}-{version}.(jar|war|ear|aar)",
      .matcher = route_maven, .tails = { ".jar", ".war", ".ear", ".aar" } },
    { .ecosystem = "zeco", .text = "zeco: **/{A}/[{BC}/[{ABC...}/]]{sha}.tar.gz",
      .by_name_only = true, .matcher = route_zeco, .tails = { ".tar.gz" } },
};
const size_t n_builtin_routes = ARRAY_LEN(builtin_routes);
