/*
 * The rule packs and routes that come with the program, as data; docs/COUNTING.md says the same in
 * words. To add a registry, add its rows here.
 */
#include "ingest/base.h"
#include "rules_priv.h"

const struct rule_pack rule_packs[] = {
    { .name = "default", .about = "GET with 200, or 206 from byte 0; all built-in routes",
      .counts_206 = true },
    { .name = "crates", .about = "as crates.io counts: GET with 200, by cargo",
      .ecosystem = "crates", .agent = AGENT_CARGO },
    { .name = "hex", .about = "as hex.pm counts: GET with 200 or 304", .ecosystem = "hex",
      .counts_304 = true },
    { .name = "rubygems", .about = "as rubygems.org counts: any method with 200 or 304",
      .ecosystem = "rubygems", .any_method = true, .counts_304 = true },
};
const size_t n_rule_packs = ARRAY_LEN(rule_packs);

const struct builtin_route builtin_routes[] = {
    { .ecosystem = "crates", .text = "**/crates/{name}/{name}-{version}.crate", .semver = true },
    { .ecosystem = "crates", .text = "**/crates/{name}/{version}/download", .semver = true },
    { .ecosystem = "rubygems", .text = "/gems/{name}-{version}.gem" },
    { .ecosystem = "hex", .text = "/tarballs/{name}-{version}.tar", .split_first = true },
    { .ecosystem = "hex", .text = "/repos/{}/tarballs/{name}-{version}.tar", .split_first = true },
};
const size_t n_builtin_routes = ARRAY_LEN(builtin_routes);
