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
      .about = "as default, for Raku's tarballs; their name is the SHA-1 in the path",
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

const struct builtin_route builtin_routes[] = {
    { .ecosystem = "crates", .text = "**/crates/{name}/{name}-{version}.crate", .semver = true },
    { .ecosystem = "crates", .text = "**/crates/{name}/{version}/download", .semver = true },
    { .ecosystem = "rubygems", .text = "/gems/{name}-{version}.gem" },
    { .ecosystem = "hex", .text = "/tarballs/{name}-{version}.tar", .split_first = true },
    { .ecosystem = "hex", .text = "/repos/{}/tarballs/{name}-{version}.tar", .split_first = true },
};
const size_t n_builtin_routes = ARRAY_LEN(builtin_routes);
