/*
 * Packs, built-in routes, and the fingerprint.
 */
#include "ingest/rules.h"

#include <setjmp.h>
#include <cmocka.h>

static void
make(struct rules *rules, const char *pack, const char *template)
{
    struct err err = { 0 };

    if (rules_init(rules, rule_pack_by_name(pack), &template, template != NULL, DAY_NONE, DAY_NONE, &err) != ST_OK)
        fail_msg("%s: %s", err.what, err.cause);
}

/* ---- what is picked ---- */

struct pick_case {
    const char *pack, *method;
    uint16_t    status;
    enum range_start range;
    const char *agent; /* NULL: no such field */
    enum reason want;
};

static void
packs_pick(void **state)
{
    static const struct pick_case cases[] = {
        { "default", "GET", 200, RANGE_UNKNOWN, "x", KEEP },
        { "default", "GET", 200, RANGE_LATER, "x", KEEP },
        { "default", "GET", 206, RANGE_ZERO, "x", KEEP },
        { "default", "GET", 206, RANGE_LATER, "x", FILTER_RANGE },
        { "default", "GET", 206, RANGE_UNKNOWN, "x", FILTER_RANGE },
        { "default", "GET", 304, RANGE_ZERO, "x", FILTER_STATUS },
        { "default", "GET", 0, RANGE_ZERO, "x", FILTER_STATUS },
        { "default", "GET", 404, RANGE_ZERO, "x", FILTER_STATUS },
        { "default", "HEAD", 200, RANGE_ZERO, "x", FILTER_METHOD },
        { "default", "get", 200, RANGE_ZERO, "x", FILTER_METHOD },
        { "default", "GETX", 200, RANGE_ZERO, "x", FILTER_METHOD },
        { "default", "", 404, RANGE_ZERO, "x", FILTER_METHOD }, /* the first test that decides */
        { "default", NULL, 200, RANGE_ZERO, "x", FILTER_METHOD },
        { "default", "GET", 200, RANGE_ZERO, NULL, KEEP },
        { "default", "GET", 200, RANGE_ZERO, "-", KEEP },
        { "crates", "GET", 200, RANGE_ZERO, "cargo/1.70", KEEP },
        { "crates", "GET", 200, RANGE_ZERO, "cargo 1.70", KEEP },
        { "crates", "GET", 200, RANGE_ZERO, "cargo%2f1", KEEP },
        { "crates", "GET", 200, RANGE_ZERO, "cargo%2F1", KEEP },
        { "crates", "GET", 200, RANGE_ZERO, "cargo%201.2", KEEP },
        { "crates", "GET", 200, RANGE_ZERO, "cargo/", KEEP },
        { "crates", "GET", 200, RANGE_ZERO, NULL, KEEP },
        { "crates", "GET", 200, RANGE_ZERO, "", FILTER_AGENT },
        { "crates", "GET", 200, RANGE_ZERO, "-", FILTER_AGENT },
        { "crates", "GET", 200, RANGE_ZERO, "cargo", FILTER_AGENT },
        { "crates", "GET", 200, RANGE_ZERO, "cargo%2", FILTER_AGENT },
        { "crates", "GET", 200, RANGE_ZERO, "cargo-binstall/1", FILTER_AGENT },
        { "crates", "GET", 200, RANGE_ZERO, "Cargo/1", FILTER_AGENT },
        { "crates", "GET", 200, RANGE_ZERO, "xcargo/1", FILTER_AGENT },
        { "crates", "GET", 206, RANGE_ZERO, "cargo/1", FILTER_STATUS },
        { "crates", "GET", 304, RANGE_ZERO, "cargo/1", FILTER_STATUS },
        { "crates", "POST", 200, RANGE_ZERO, "cargo/1", FILTER_METHOD },
        { "hex", "GET", 304, RANGE_ZERO, "x", KEEP },
        { "hex", "GET", 200, RANGE_ZERO, "x", KEEP },
        { "hex", "GET", 206, RANGE_ZERO, "x", FILTER_STATUS },
        { "hex", "HEAD", 200, RANGE_ZERO, "x", FILTER_METHOD },
        { "rubygems", "HEAD", 304, RANGE_ZERO, "x", KEEP },
        { "rubygems", NULL, 200, RANGE_ZERO, "x", KEEP },
        { "rubygems", "GET", 206, RANGE_ZERO, "x", FILTER_STATUS },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct pick_case *c = &cases[i];
        struct record rec = { .status = c->status, .range = c->range, .day = 19000 };
        struct rules rules;

        if (c->method != NULL)
            rec.method = slice_of(c->method);
        if (c->agent != NULL)
            rec.agent = slice_of(c->agent);
        make(&rules, c->pack, NULL);
        if (rules_pick(&rules, &rec) != c->want)
            fail_msg("case %zu: %s", i, reason_name(rules_pick(&rules, &rec)));
        rules_release(&rules);
    }
}

static void
window_is_half_open(void **state)
{
    static const struct {
        int32_t since, until, day;
        enum reason want;
    } cases[] = {
        { DAY_NONE, DAY_NONE, 0, KEEP },    { DAY_NONE, DAY_NONE, DAY_MAX, KEEP },
        { 100, DAY_NONE, 99, FILTER_DATE_RANGE }, { 100, DAY_NONE, 100, KEEP },
        { DAY_NONE, 100, 99, KEEP },        { DAY_NONE, 100, 100, FILTER_DATE_RANGE },
        { 100, 101, 100, KEEP },            { 100, 100, 100, FILTER_DATE_RANGE },
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record rec = { .method = SLICE("GET"), .status = 200, .day = cases[i].day };
        struct rules rules;

        assert_int_equal(rules_init(&rules, NULL, NULL, 0, cases[i].since, cases[i].until, &err),
                         ST_OK);
        assert_int_equal(rules_pick(&rules, &rec), cases[i].want);
        rules_release(&rules);
    }
}

/* ---- what is matched ---- */

struct match_case {
    const char *pack, *template, *path, *want; /* "ecosystem name version" */
};

static void
routes_match(void **state)
{
    static const struct match_case cases[] = {
        { NULL, NULL, "/crates/serde/serde-1.0.0.crate", "crates serde 1.0.0" },
        { NULL, NULL, "/api/v1/crates/serde/1.0.0-rc.1+x/download", "crates serde 1.0.0-rc.1+x" },
        { NULL, NULL, "/crates/serde/serde-1.0.crate", "" },
        { NULL, NULL, "/crates/serde/01.0.0/download", "" },
        { NULL, NULL, "/crates/a-b/a-b-1.0.0-c-d.crate", "crates a-b 1.0.0-c-d" },
        { NULL, NULL, "/gems/rails-7.0.1.gem", "rubygems rails 7.0.1" },
        { NULL, NULL, "/x/gems/rails-7.0.1.gem", "" },
        { NULL, NULL, "/tarballs/ecto-3.0.0-rc.0.tar", "hex ecto 3.0.0-rc.0" },
        { NULL, NULL, "/tarballs/a-b-1.0.tar", "hex a b-1.0" }, /* hex cuts at the first dash */
        { NULL, NULL, "/tarballs/-1.0.tar", "" },
        { NULL, NULL, "/repos/acme/tarballs/ecto-3.0.tar", "hex ecto 3.0" },
        { NULL, NULL, "/repos/acme/x/tarballs/ecto-3.0.tar", "" },
        { NULL, NULL, "/", "" },
        { NULL, NULL, "", "" },
        { "default", "/gems/{name}.gem", "/gems/rails-7.0.1.gem", "custom rails-7.0.1 -" }, /* the user's first */
        { "default", "/x/{name}", "/gems/rails-7.0.1.gem", "rubygems rails 7.0.1" },
        { "default", "/x/{name}", "/x/y", "custom y -" },
        { "crates", NULL, "/gems/rails-7.0.1.gem", "" },
        { "crates", NULL, "/crates/a/1.0.0/download", "crates a 1.0.0" },
        { "crates", "/x/{name}", "/x/y", "crates y -" },
        { "hex", NULL, "/tarballs/ecto-3.0.tar", "hex ecto 3.0" },
        { "hex", NULL, "/gems/rails-7.0.1.gem", "" },
        { "rubygems", NULL, "/gems/rails-7.0.1.gem", "rubygems rails 7.0.1" },
        { "rubygems", NULL, "/tarballs/ecto-3.0.tar", "" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct match_case *c = &cases[i];
        struct rules rules;
        struct route_match m;
        char room[ROUTE_ROOM], got[256] = "";

        make(&rules, c->pack, c->template);
        if (rules_match(&rules, slice_of(c->path), room, &m))
            snprintf(got, sizeof got, "%s %.*s %.*s", m.ecosystem, (int)m.name.n, m.name.p,
                     m.version.p == NULL ? 1 : (int)m.version.n,
                     m.version.p == NULL ? "-" : m.version.p);
        if (strcmp(got, c->want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", c->path, got, c->want);
        rules_release(&rules);
    }
}

static void
user_routes_keep_their_order(void **state)
{
    const char *templates[] = { "/{name}/a", "/b/{name}", "/{}/{name}" };
    struct rules rules;
    struct route_match m;
    char room[ROUTE_ROOM];
    struct err err;

    (void)state;
    assert_int_equal(rules_init(&rules, NULL, templates, 3, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_true(rules_match(&rules, SLICE("/b/a"), room, &m));
    assert_true(slice_is(m.name, "b"));
    assert_true(rules_match(&rules, SLICE("/b/c"), room, &m));
    assert_true(slice_is(m.name, "c"));
    assert_true(rules_match(&rules, SLICE("/d/e"), room, &m));
    assert_true(slice_is(m.name, "e"));
    rules_release(&rules);
}

static void
templates_are_copied(void **state)
{
    char text[] = "/x/{name}";
    const char *template = text;
    struct rules rules;
    struct route_match m;
    char room[ROUTE_ROOM];

    (void)state;
    make(&rules, NULL, template);
    memset(text, 'z', sizeof text - 1);
    assert_true(rules_match(&rules, SLICE("/x/y"), room, &m));
    rules_release(&rules);
}

/* ---- failures ---- */

static void
packs_have_names(void **state)
{
    (void)state;
    assert_ptr_equal(rule_pack_by_name(NULL), &rule_packs[0]);
    for (size_t i = 0; i < n_rule_packs; i++)
        assert_ptr_equal(rule_pack_by_name(rule_packs[i].name), &rule_packs[i]);
    assert_null(rule_pack_by_name("npm"));
    assert_null(rule_pack_by_name(""));
    rules_release(NULL);
}

static void
malformed_template_releases_all(void **state)
{
    const char *templates[] = { "/a/{name}", "/b/{nam}" };
    struct rules rules;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(rules_init(&rules, NULL, templates, 2, DAY_NONE, DAY_NONE, &err), ST_USAGE);
    assert_string_equal(err.what, "malformed route");
    assert_string_equal(err.cause, "byte 4: no such placeholder\n/b/{nam}\n   ^");
    rules_release(&rules);
}

/* ---- the fingerprint ---- */

static void
canonical_text_is_fixed(void **state)
{
    /* Ledgers of years keep the digest of this text. If this test fails, the id of rules that did
     * not change has. */
    static const char want[] =
        "ingest-rules 2\n"
        "version 1\n"
        "methods \"GET\"\n"
        "statuses 200\n"
        "range from_zero\n"
        "drop_if -\n"
        "min_bytes 0\n"
        "agent_prefixes any\n"
        "agents any\n"
        "window none\n"
        "client peer\n"
        "trusted_proxies -\n"
        "country log\n"
        "since 2024-01-01\n"
        "until -\n"
        "normalise no\n"
        "route custom split=last version=any /deb/{name}_{version}.deb\n"
        "route crates split=numeric version=semver **/crates/{name}/{name}-{version}.crate\n"
        "route crates split=- version=semver **/crates/{name}/{version}/download\n"
        "route rubygems split=numeric version=any /gems/{name}-{version}.gem\n"
        "route hex split=first version=any /tarballs/{name}-{version}.tar\n"
        "route hex split=first version=any /repos/{}/tarballs/{name}-{version}.tar\n"
        "route npm npm: **/[@scope/]{name}/-/{name}-{version}.tgz\n"
        "route pypi pypi: **/packages/**/{name}-{version}[-...].(whl|tar.gz|zip|egg|...)\n"
        "route cran split=last version=any **/src/contrib/{name}_{version}.tar.gz\n"
        "route cran split=last version=any **/src/contrib/Archive/{name}/{name}_{version}.tar.gz\n"
        "route cran split=last version=any **/src/contrib/{}/Recommended/{name}_{version}.tar.gz\n"
        "route cran split=last version=any **/bin/windows/contrib/{}/{name}_{version}.zip\n"
        "route cran split=last version=any **/bin/macosx/contrib/{}/{name}_{version}.tgz\n"
        "route cran split=last version=any **/bin/macosx/{}/contrib/{}/{name}_{version}.tgz\n"
        "route debian debian: **/pool/**/{name}_{version}_{architecture}.(deb|udeb)\n"
        "route maven maven: [root]/{group}/**/{artifact}/{version}/{artifact}-{version}.(jar|war|ear|aar)\n";
    const char *template = "/deb/{name}_{version}.deb";
    struct digest id = hash_plain(want, sizeof want - 1);
    struct rules rules;
    struct err err;
    char *got;

    (void)state;
    assert_int_equal(rules_init(&rules, NULL, &template, 1, 19723, DAY_NONE, &err), ST_OK);
    got = rules_canonical(&rules);
    assert_string_equal(got, want);
    assert_true(digest_eq(&rules.id, &id));
    free(got);
    rules_release(&rules);
}

/* Rules that few packs have stand on lines of their own, too. */
static void
a_rule_that_is_said_is_a_line(void **state)
{
    struct rule_pack pack = rule_packs[0];
    struct rules rules;
    struct err err;
    char *got;

    (void)state;
    pack.media_filters = 1u << MEDIA_BLUR | 1u << MEDIA_CROP;
    assert_int_equal(rules_init(&rules, &pack, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    got = rules_canonical(&rules);
    assert_non_null(strstr(got, "\nmedia_filters blur crop\n"));
    free(got);
    rules_release(&rules);
}

static void
id_changes_with_every_rule(void **state)
{
    const char *one[] = { "/a/{name}", "/b/{name}" }, *two[] = { "/b/{name}", "/a/{name}" };
    struct rules all[11];
    struct err err;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < n_rule_packs; i++)
        assert_int_equal(
            rules_init(&all[n++], &rule_packs[i], NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_int_equal(rules_init(&all[n++], NULL, one, 2, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_int_equal(rules_init(&all[n++], NULL, two, 2, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_int_equal(rules_init(&all[n++], NULL, one, 1, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_int_equal(rules_init(&all[n++], NULL, NULL, 0, 1, DAY_NONE, &err), ST_OK);
    assert_int_equal(rules_init(&all[n++], NULL, NULL, 0, DAY_NONE, 1, &err), ST_OK);
    assert_int_equal(rules_init(&all[n++], &rule_packs[0], NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_int_equal(n, ARRAY_LEN(all));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(digest_eq(&all[i].id, &all[k].id), i == 10 && k == 0);
    /* Of the same kind are those that only count other days: 0, 8, 9 and 10. */
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(digest_eq(&all[i].kind, &all[k].kind), i >= 8 && (k == 0 || k >= 8));
    assert_true(digest_eq(&all[0].kind, &all[0].id));
    for (size_t i = 0; i < n; i++)
        rules_release(&all[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_pick),
        cmocka_unit_test(window_is_half_open),
        cmocka_unit_test(routes_match),
        cmocka_unit_test(user_routes_keep_their_order),
        cmocka_unit_test(templates_are_copied),
        cmocka_unit_test(packs_have_names),
        cmocka_unit_test(malformed_template_releases_all),
        cmocka_unit_test(canonical_text_is_fixed),
        cmocka_unit_test(a_rule_that_is_said_is_a_line),
        cmocka_unit_test(id_changes_with_every_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
