/*
 * Routes one by one: what is told to people is what rules_match does, which looks at the end of a path first.
 */
#include "ingest/base.h"
#include "ingest/route_look.h"

#include <setjmp.h>
#include <cmocka.h>

static const char *const paths[] = {
    "/crates/serde/serde-1.0.200.crate",
    "/api/v1/crates/serde/1.0.200/download",
    "/crates/serde/1.0/download",
    "/gems/nokogiri-1.16.0-x86_64-linux.gem",
    "/tarballs/phoenix-1.7.10.tar",
    "/repos/acme/tarballs/phoenix-1.7.10.tar",
    "/@babel/core/-/core-7.0.0.tgz",
    "/packages/source/n/numpy/numpy-1.26.3.tar.gz",
    "/src/contrib/ggplot2_3.4.4.tar.gz",
    "/src/contrib/Archive/Rcpp/Rcpp_1.0.10.tar.gz",
    "/bin/windows/contrib/4.3/Rcpp_1.0.10.zip",
    "/debian/pool/main/b/bash/bash_5.2.15-2+b2_amd64.deb",
    "/maven2/org/apache/commons/commons-lang3/3.14.0/commons-lang3-3.14.0.jar",
    "/files/tool/2.1/linux/tool.tar.xz",
    "/index.html", "/", "", "x", "/a", ".gem", "/gems/.gem", "/gems/a-1.gem/", "\xff\xfe", "/gems/\xff-1.0.gem",
};

/* Every path against the routes of every pack, with one of our own in front: the first that takes it is the match. */
static void
first_that_takes_is_the_match(void **state)
{
    static const char *const own[] = { "/files/{name}/{version}/**" };

    for (size_t k = 0; k < n_rule_packs; k++) {
        struct rule_pack pack = rule_packs[k];

        for (int normalise = 0; normalise < 2; normalise++) {
            struct rules rules;
            struct err err;

            pack.normalise = normalise == 1;
            assert_int_equal(rules_init(&rules, &pack, own, 1, DAY_NONE, DAY_NONE, &err), ST_OK);
            for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
                struct slice path = slice_of(paths[i]);
                struct route_match a = { 0 }, b = { 0 };
                char room_a[ROUTE_ROOM], room_b[ROUTE_ROOM];
                struct route_view view;
                bool found = false;

                for (size_t r = 0; !found && route_view_at(&rules, r, &view); r++) {
                    const char *why = route_view_try(&rules, r, path, room_a, &a);

                    assert_true(why == NULL || why[0] != '\0');
                    found = why == NULL;
                }
                assert_int_equal(found, rules_match(&rules, path, room_b, &b));
                if (!found)
                    continue;
                assert_true(slice_eq(a.name, b.name));
                assert_true((a.version.p == NULL) == (b.version.p == NULL) && slice_eq(a.version, b.version));
                assert_string_equal(a.ecosystem, b.ecosystem);
                assert_string_equal(a.ecosystem, view.ecosystem);
            }
            rules_release(&rules);
        }
    }
    (void)state;
}

static void
why_not(void **state)
{
    static const struct {
        const char *path, *why;
    } cases[] = {
        { "/gems/a-1.0.gem", NULL },
        { "/gems/a-1.0.gem.sig", "the path ends otherwise" },
        { "/quick/a-1.0.gem", "the path begins otherwise" },
        { "/gems/a.gem", "the parts of the path do not fit" },
    };
    struct route_match match;
    struct route_view view;
    struct rules rules;
    char room[ROUTE_ROOM];
    struct err err;

    assert_int_equal(rules_init(&rules, rule_pack_by_name("rubygems"), NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_true(route_view_at(&rules, 0, &view));
    assert_true(slice_is(view.text, "/gems/{name}-{version}.gem"));
    assert_false(route_view_at(&rules, 1, &view));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *why = route_view_try(&rules, 0, slice_of(cases[i].path), room, &match);

        assert_true((why == NULL) == (cases[i].why == NULL));
        if (why != NULL)
            assert_string_equal(why, cases[i].why);
    }
    rules_release(&rules);

    assert_int_equal(rules_init(&rules, rule_pack_by_name("crates"), NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_string_equal(route_view_try(&rules, 0, SLICE("/crates/a/a-1.0.crate"), room, &match),
                        "the version is not strict SemVer 2.0.0");
    rules_release(&rules);
    (void)state;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_that_takes_is_the_match),
        cmocka_unit_test(why_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
