/*
 * The registries' own paths: which file is a download of what. Every path stands in memory of exactly its size, so that
 * a read outside of it is seen.
 */
#include "ingest/base.h"
#include "rules_priv.h"

#include <setjmp.h>
#include <cmocka.h>

struct match_case {
    const char *path, *want; /* "name version", "" for no download; "-" for no version */
};

static void
show(const struct rules *rules, const char *path, char out[512])
{
    size_t n = strlen(path);
    char *copy = malloc(n + (n == 0)), *room = malloc(ROUTE_ROOM);
    struct route_match m;

    assert_true(copy != NULL && room != NULL);
    memcpy(copy, path, n);
    out[0] = '\0';
    if (rules_match(rules, (struct slice){ copy, n }, room, &m)) {
        assert_true(m.name.n > 0 && (m.version.p == NULL || m.version.n > 0));
        if (m.version.p == NULL)
            snprintf(out, 512, "%.*s -", (int)m.name.n, m.name.p);
        else
            snprintf(out, 512, "%.*s %.*s", (int)m.name.n, m.name.p, (int)m.version.n, m.version.p);
    }
    free(copy);
    free(room);
}

static void
run(const char *ecosystem, bool normalise, const struct match_case *cases, size_t n)
{
    struct rule_pack pack = *rule_pack_by_name(NULL);
    struct rules rules;
    struct err err;
    char got[512];

    pack.ecosystem = ecosystem;
    pack.normalise = normalise;
    assert_int_equal(rules_init(&rules, &pack, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    for (size_t i = 0; i < n; i++) {
        show(&rules, cases[i].path, got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].path, got, cases[i].want);
    }
    rules_release(&rules);
}

static void
npm(void **state)
{
    static const struct match_case cases[] = {
        { "/lodash/-/lodash-4.17.21.tgz", "lodash 4.17.21" },
        { "/@babel/core/-/core-7.0.0-rc.1.tgz", "@babel/core 7.0.0-rc.1" },
        { "/npm/mirror/@babel/core/-/core-7.0.0.tgz", "@babel/core 7.0.0" },
        { "/@babel/core/-/@babel/core-7.0.0.tgz", "@babel/core 7.0.0" },
        { "lodash/-/lodash-1.0.0.tgz", "lodash 1.0.0" },
        { "@a/b/-/b-1.0.0.tgz", "@a/b 1.0.0" },
        { "/a-1.0.0/-/a-1.0.0-2.0.0.tgz", "a-1.0.0 2.0.0" },
        { "/lodash.merge/-/lodash.merge-4.6.2.tgz", "lodash.merge 4.6.2" },
        { "/x/-/x-1.0.0+build.tgz", "x 1.0.0+build" },
        { "/@/b/-/b-1.0.0.tgz", "b 1.0.0" }, /* no scope */
        { "/@a/b/-/@c/b-1.0.0.tgz", "" },
        { "/b/-/@a/b-1.0.0.tgz", "" },
        { "/core/-/other-1.0.0.tgz", "" },
        { "/core/-/core1.0.0.tgz", "" },
        { "/core/-/core-1.0.tgz", "" }, /* not strict SemVer */
        { "/core/-/core-.tgz", "" },
        { "/core/-/core.tgz", "" },
        { "/core/x/core-1.0.0.tgz", "" },
        { "/-/core-1.0.0.tgz", "" },
        { "//-/-1.0.0.tgz", "" },
        { "/core/-/core-1.0.0.tgz/", "" },
        { "/core", "" },
        { "/@babel%2fcore/-/core-7.0.0.tgz", "" }, /* decoded before it comes here */
        { "tgz", "" },
        { ".tgz", "" },
    };
    (void)state;
    run("npm", false, cases, ARRAY_LEN(cases));
    run("npm", true, cases, ARRAY_LEN(cases));
}

#define HASH "/packages/ab/12/0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab/"

static void
pypi(void **state)
{
    static const struct match_case cases[] = {
        { HASH "requests-2.31.0-py3-none-any.whl", "requests 2.31.0" },
        { HASH "numpy-1.26.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "numpy 1.26.0" },
        { HASH "foo-1.0-2b-py3-none-any.whl", "foo 1.0" }, /* a build */
        { HASH "foo-1.0-b2-py3-none-any.whl", "" },        /* no build */
        { HASH "foo_bar-1.0+local.1-py2.py3-none-any.whl", "foo_bar 1.0+local.1" },
        { HASH "foo-1.0-py3-none.whl", "" },
        { HASH "foo-1-2-3-4-5-6-7.whl", "" },
        { HASH "-1.0-py3-none-any.whl", "" },
        { HASH "foo--py3-none-any.whl", "" },
        { HASH "foo-1.0-py3-none-any.whl.metadata", "" },
        { HASH "requests-2.31.0.tar.gz", "requests 2.31.0" },
        { HASH "zope.interface-3.0-dev.tar.gz", "zope.interface 3.0-dev" },
        { HASH "python-3-lib-1.0.zip", "python-3-lib 1.0" },
        { HASH "foo-1.0-1.tar.gz", "foo 1.0-1" },
        { HASH "foo-2-1.0.tar.gz", "foo-2 1.0" },
        { HASH "foo-1.0rc1.post2.dev3.tar.bz2", "foo 1.0rc1.post2.dev3" },
        { HASH "foo-v1!2.0.tgz", "foo v1!2.0" },
        { HASH "foo-1.0-final-x.tar.gz", "foo 1.0-final-x" }, /* no PEP 440 at all */
        { HASH "foo-bar.tar.gz", "" },
        { HASH "foo.tar.gz", "" },
        { HASH "foo-.tar.gz", "" },
        { HASH "-1.0.tar.gz", "" },
        { HASH "foo-1.0.tar.gz.asc", "" },
        { HASH "foo-1.0-py2.7.egg", "foo 1.0" },
        { HASH "foo-1.0-py2.7-linux-x86_64.egg", "" },
        { HASH "foo-1.0-py2.7-win32.egg", "foo 1.0" },
        { HASH "foo-1.0.egg", "" },
        { "/packages/source/r/requests/requests-2.31.0.tar.gz", "requests 2.31.0" },
        { "/packages/source/F/Foo.Bar/foo_bar-1.0.tar.gz", "foo_bar 1.0" },
        { "/packages/source/p/python-3-1.0/python-3-1.0-2.0.tar.gz", "python-3-1.0 2.0" },
        { "/packages/py3/f/foo/foo-1.0-py3-none-any.whl", "foo 1.0" },
        { "/mirror/pypi/packages/cp312/f/foo/foo-1.0-cp312-cp312-win32.whl", "foo 1.0" },
        { "packages/source/f/foo/foo-1.0.tar.gz", "foo 1.0" },
        { "/packages/source/g/foo/foo-1.0.tar.gz", "" }, /* not its initial */
        { "/packages/foo-1.0.tar.gz", "" },
        { "/packages/f/foo/foo-1.0.tar.gz", "" },
        { "/packages/ab/123/0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab/foo-1.0.tar.gz", "" },
        { "/simple/foo/", "" },
    };
    static const struct match_case normal[] = {
        { HASH "Foo__.-Bar-1.0.tar.gz", "foo-bar 1.0" },
        { HASH "zope.interface-3.0.tar.gz", "zope-interface 3.0" },
        { HASH "foo_bar-1.0-py3-none-any.whl", "foo-bar 1.0" },
        { "/packages/source/F/Foo.Bar/foo_bar-1.0.tar.gz", "foo-bar 1.0" },
    };
    (void)state;
    run("pypi", false, cases, ARRAY_LEN(cases));
    run("pypi", true, normal, ARRAY_LEN(normal));
}

static void
cran(void **state)
{
    static const struct match_case cases[] = {
        { "/src/contrib/ggplot2_3.4.4.tar.gz", "ggplot2 3.4.4" },
        { "/CRAN/src/contrib/Archive/data.table/data.table_1.14-2.tar.gz", "data.table 1.14-2" },
        { "/src/contrib/4.3.1/Recommended/Matrix_1.6-1.tar.gz", "Matrix 1.6-1" },
        { "/bin/windows/contrib/4.3/dplyr_1.1.3.zip", "dplyr 1.1.3" },
        { "/bin/macosx/contrib/4.1/dplyr_1.1.3.tgz", "dplyr 1.1.3" },
        { "/bin/macosx/big-sur-arm64/contrib/4.3/dplyr_1.1.3.tgz", "dplyr 1.1.3" },
        { "/cran/__linux__/jammy/latest/src/contrib/sf_1.0-14.tar.gz", "sf 1.0-14" },
        { "/src/contrib/Archive/a/b_1.0.tar.gz", "" },
        { "/src/contrib/PACKAGES.gz", "" },
        { "/src/contrib/a_.tar.gz", "" },
        { "/src/contrib/_1.tar.gz", "" },
        { "/src/base/R-4/R-4.3.1.tar.gz", "" },
    };
    (void)state;
    run("cran", false, cases, ARRAY_LEN(cases));
}

static void
debian(void **state)
{
    static const struct match_case cases[] = {
        { "/debian/pool/main/f/foo/foo_1.2-3_amd64.deb", "foo 1.2-3" },
        { "/pool/updates/main/libf/libfoo/libfoo1_1.0+dfsg-1+deb12u1_all.deb", "libfoo1 1.0+dfsg-1+deb12u1" },
        { "/ubuntu/pool/universe/g/gcc-13/g++-13_13.2.0-4ubuntu3_arm64.deb", "g++-13 13.2.0-4ubuntu3" },
        { "/debian/pool/main/p/partman/partman_1_i386.udeb", "partman 1" },
        { "pool/main/f/foo/foo_1_all.deb", "foo 1" },
        { "/debian/pool/main/f/foo/foo_1~rc1_amd64.deb", "foo 1~rc1" },
        { "/debian/pool/main/f/foo/foo_1.2-3.dsc", "" },
        { "/debian/pool/main/f/foo/foo_1.2.orig.tar.xz", "" },
        { "/debian/pool/main/f/foo/foo_1.2-3.deb", "" },
        { "/debian/pool/main/f/foo/foo_1_2_amd64.deb", "" },
        { "/debian/pool/main/f/foo/foo_1_.deb", "" },
        { "/debian/pool/main/f/foo/foo__amd64.deb", "" },
        { "/debian/pool/main/f/foo/_1_amd64.deb", "" },
        { "/debian/dists/foo_1_amd64.deb", "" },
        { "/debian/mypool/foo_1_amd64.deb", "" },
        { "foo_1_amd64.deb", "" },
        { "/pool/.deb", "" },
    };
    (void)state;
    run("debian", false, cases, ARRAY_LEN(cases));
}

static void
maven(void **state)
{
    static const struct match_case cases[] = {
        { "/maven2/org/apache/commons/commons-lang3/3.12.0/commons-lang3-3.12.0.jar", "org.apache.commons:commons-lang3 3.12.0" },
        { "/maven2/junit/junit/4.13/junit-4.13.jar", "junit:junit 4.13" },
        { "/repository/central/junit/junit/4.13/junit-4.13.jar", "junit:junit 4.13" },
        { "/artifactory/libs-release/com/a/b/1/b-1.war", "com.a:b 1" },
        { "/com/android/x/1.0/x-1.0.aar", "com.android:x 1.0" },
        { "com/android/x/1.0/x-1.0.ear", "com.android:x 1.0" },
        { "/maven2/a/b-2/1.0-beta-1/b-2-1.0-beta-1.jar", "a:b-2 1.0-beta-1" },
        { "/a/b/1.0-SNAPSHOT/b-1.0-SNAPSHOT.jar", "a:b 1.0-SNAPSHOT" },
        { "/a/b/1.0-SNAPSHOT/b-1.0-20240131.120000-7.jar", "a:b 1.0-SNAPSHOT" },
        { "/a/b/1.0-SNAPSHOT/b-1.0-20240131.120000-7-sources.jar", "" },
        { "/a/b/1.0-SNAPSHOT/b-1.0-.jar", "" },
        { "/a/b/-SNAPSHOT/b-.jar", "" },
        { "/a/b/1.0/b-1.0-sources.jar", "" },
        { "/a/b/1.0/b-1.0.pom", "" },
        { "/a/b/1.0/b-1.0.jar.sha1", "" },
        { "/a/b/1.0/b-1.1.jar", "" },
        { "/a/b/1.0/c-1.0.jar", "" },
        { "/b/1.0/b-1.0.jar", "" }, /* no group */
        { "/maven2/b/1.0/b-1.0.jar", "maven2:b 1.0" }, /* as if it were one: no root without a group */
        { "/a//b/1.0/b-1.0.jar", "" },
        { "//a/b/1.0/b-1.0.jar", "" },
        { "/a/b//b-.jar", "" },
        { "/a//1.0/-1.0.jar", "" },
        { ".jar", "" },
    };
    (void)state;
    run("maven", false, cases, ARRAY_LEN(cases));
}

#define SHA "0123456789abcdef0123456789abcdef01234567"

static void
zeco(void **state)
{
    static const struct match_case cases[] = {
        { "/A/_B/" SHA ".tar.gz", SHA " -" },
        { "/dist/A/_B/" SHA ".tar.gz", SHA " -" },
        { "/P/OL/POLYGLOT_REGEXEN/" SHA ".tar.gz", SHA " -" },
        { "/A/" SHA ".tar.gz", SHA " -" },
        { "P/OL/" SHA ".tar.gz", SHA " -" },
        { "/P/OL/POXYGLOT/" SHA ".tar.gz", "" },
        { "/Q/OL/POLYGLOT/" SHA ".tar.gz", "" },
        { "/OL/POLYGLOT/" SHA ".tar.gz", "" },
        { "/p/ol/" SHA ".tar.gz", "" },
        { "/AB/" SHA ".tar.gz", "" },
        { "/X/A/AB/" SHA ".tar.gz", SHA " -" },
        { "/" SHA ".tar.gz", "" },
        { "/A/_B/0123456789ABCDEF0123456789abcdef01234567.tar.gz", "" },
        { "/A/_B/" SHA "0.tar.gz", "" },
        { "/A/_B/index.json", "" },
    };
    (void)state;
    run("zeco", false, cases, ARRAY_LEN(cases));
}

static void
crates_normalised(void **state)
{
    static const struct match_case cases[] = {
        { "/crates/Serde-JSON/Serde-JSON-1.0.0.crate", "serde_json 1.0.0" },
        { "/crates/serde_json/1.0.0/download", "serde_json 1.0.0" },
    };
    static const struct match_case plain[] = { { "/crates/Serde-JSON/1.0.0/download", "Serde-JSON 1.0.0" } };

    (void)state;
    run("crates", true, cases, ARRAY_LEN(cases));
    run("crates", false, plain, ARRAY_LEN(plain));
}

/* Of all examples of all registries, each is taken by one route alone: so their order does not matter. */
static void
no_two_routes_take_one_path(void **state)
{
    static const char *const paths[] = {
        "/crates/a/a-1.0.0.crate", "/api/v1/crates/a/1.0.0/download", "/gems/a-1.0.gem", "/tarballs/a-1.0.tar",
        "/repos/x/tarballs/a-1.0.tar", "/a/-/a-1.0.0.tgz", "/@s/a/-/a-1.0.0.tgz", HASH "a-1.0.tar.gz",
        HASH "a-1.0.zip", HASH "a-1.0.tgz", "/packages/source/a/a/a-1.0.tar.gz", "/src/contrib/a_1.0.tar.gz",
        "/src/contrib/Archive/a/a_1.0.tar.gz", "/src/contrib/4.3.1/Recommended/a_1.0.tar.gz",
        "/bin/windows/contrib/4.3/a_1.zip", "/bin/macosx/contrib/4.3/a_1.tgz",
        "/bin/macosx/x/contrib/4.3/a_1.tgz", "/pool/main/a/a/a_1_all.deb", "/maven2/a/b/1/b-1.jar",
    };
    struct rules rules;
    struct err err;
    char room[ROUTE_ROOM];

    (void)state;
    assert_int_equal(rules_init(&rules, NULL, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
        struct route_match m, chosen;
        size_t n = 0;

        for (size_t i = 0; i < rules.n_routes; i++)
            n += route_match(&rules.routes[i], slice_of(paths[p]), room, &m);
        if (n != 1)
            fail_msg("%s: %zu routes", paths[p], n);
        assert_true(rules_match(&rules, slice_of(paths[p]), room, &chosen));
    }
    rules_release(&rules);
}

static bool
same_match(const struct route_match *a, const struct route_match *b)
{
    return slice_eq(a->name, b->name) && (a->version.p == NULL) == (b->version.p == NULL) && slice_eq(a->version, b->version);
}

/*
 * The index leaves nothing out: on any path, rules_match finds what trying all routes in order finds. And a route that is
 * matched from the end of a path takes what it takes segment by segment.
 */
static void
index_is_only_a_shortcut(void **state)
{
    static const char *const pieces[] = {
        "/", "a", "crates", "gems", "-", "1.0.0", ".gem", ".crate", "/download", ".tgz", "@s", "_", ".tar", ".gz", ".zip",
        "/x", "tarballs", ".jar", "src/contrib", ".whl", "pool", ".deb", "b", "",
    };
    const char *templates[70];
    char texts[70][32], room[ROUTE_ROOM];
    struct rules rules;
    struct err err;
    uint32_t seed = 11;
    size_t n_found = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        snprintf(texts[i], sizeof texts[i], i % 7 == 0 ? "/t%zu/{name}" : i % 7 == 1 ? "/x/{name}/%zu" : "/x/{name}.%zu", i);
        templates[i] = texts[i];
    }
    assert_int_equal(rules_init(&rules, NULL, templates, ARRAY_LEN(templates), DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_true(rules.n_routes > 64);
    for (int round = 0; round < 200000; round++) {
        char path[256] = "";
        size_t n = 0, first = 0, n_pieces;
        struct route_match want, got;

        seed = seed * 1664525 + 1013904223;
        n_pieces = (seed >> 16) % 10;
        for (size_t i = 0; i < n_pieces; i++) {
            seed = seed * 1664525 + 1013904223;
            n += (size_t)snprintf(path + n, sizeof path - n, "%s", pieces[(seed >> 16) % ARRAY_LEN(pieces)]);
        }
        if (round % 8 == 0)
            n = (size_t)snprintf(path, sizeof path, "/x/a.%d", round % 80);
        for (; first < rules.n_routes; first++) {
            bool found = route_match(&rules.routes[first], slice_of(path), room, &want);

            assert_int_equal(found, route_match_other(&rules.routes[first], slice_of(path), room, &got));
            assert_true(!found || rules.routes[first].matcher != NULL || same_match(&want, &got));
            if (found)
                break;
        }
        if (rules_match(&rules, slice_of(path), room, &got) != (first < rules.n_routes))
            fail_msg("%s", path);
        if (first == rules.n_routes)
            continue;
        n_found++;
        assert_true(got.ecosystem == rules.routes[first].ecosystem && slice_eq(got.name, want.name));
    }
    assert_true(n_found > 1000);
    rules_release(&rules);
}

/* A line may be a mebibyte, and anything. */
static void
hostile_paths_take_linear_time(void **state)
{
    static const char *const units[] = { "/", "-", "-1", "-1.1", "_", "a-1+a-", "/packages/a/a/a", "/@a/-", "/pool/", "1!1.", "//a/1/" };
    static const char *const tails[] = {
        ".tgz", ".whl", ".tar.gz", ".zip", ".egg", ".deb", ".jar", "/-/a-1.0.0.tgz", "/packages/ab/12/x.tar.gz",
        HASH "a.tar.gz", "/packages/source/a/a/", "/a/1/a-1.jar", "_1_all.deb", ".crate", "/download",
    };
    size_t n = 1 << 20;
    char *path = malloc(n), *room = malloc(ROUTE_ROOM);
    struct rules rules;
    struct route_match m;
    struct err err;
    int64_t begin = clock_cpu_us();

    (void)state;
    assert_true(path != NULL && room != NULL);
    assert_int_equal(rules_init(&rules, NULL, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    for (size_t u = 0; u < ARRAY_LEN(units); u++) {
        size_t len = strlen(units[u]);

        for (size_t i = 0; i < n; i++)
            path[i] = units[u][i % len];
        for (size_t t = 0; t < ARRAY_LEN(tails); t++) {
            memcpy(path + n - strlen(tails[t]), tails[t], strlen(tails[t]));
            rules_match(&rules, (struct slice){ path, n }, room, &m);
        }
    }
    assert_true(clock_cpu_us() - begin < 20 * 1000000);
    rules_release(&rules);
    free(path);
    free(room);
}

static void
pep440(void **state)
{
    static const char *const good[] = {
        "1", "1.0", "2024.1.1", "1!2.0", "v1.0", "V1", "1.0a1", "1.0.alpha-1", "1.0rc", "1.0-preview_2", "1.0.post1", "1.0-1",
        "1.0rev", "1.0-r4", "1.0.dev3", "1.0dev", "1.0a1.post2.dev3+local.7", "1.0+ubuntu-1", "1.0C3", "1.0+abc",
    };
    static const char *const bad[] = {
        "", "v", "a", ".1", "1.", "1..0", "1.0-", "1.0x", "1.0a1b2", "1.0.dev1.post1", "1!", "!1", "1.0+", "1.0+a..b", "1.0+a.",
        "1.0+.a", "1.0 ", "1.0-final", "1-1-1", "1.0+a+b", "1.0post1x",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!pep440_is_version(slice_of(good[i])))
            fail_msg("%s was refused", good[i]);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (pep440_is_version(slice_of(bad[i])))
            fail_msg("%s was taken", bad[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npm),
        cmocka_unit_test(pypi),
        cmocka_unit_test(cran),
        cmocka_unit_test(debian),
        cmocka_unit_test(maven),
        cmocka_unit_test(zeco),
        cmocka_unit_test(crates_normalised),
        cmocka_unit_test(no_two_routes_take_one_path),
        cmocka_unit_test(index_is_only_a_shortcut),
        cmocka_unit_test(hostile_paths_take_linear_time),
        cmocka_unit_test(pep440),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
