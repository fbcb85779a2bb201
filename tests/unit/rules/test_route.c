/*
 * Templates: what they match, where they split, what is refused and where the caret points. Every
 * path that is matched here stands in memory of exactly its size, so that a read outside of it is
 * seen by the sanitizer.
 */
#include "ingest/base.h"
#include "rules_priv.h"

#include <setjmp.h>
#include <cmocka.h>

static void
compile(struct route *route, struct arena *arena, const char *text)
{
    struct err err = { 0 };

    arena_init(arena, SIZE_MAX);
    if (route_compile(route, slice_of(text), arena, &err) != ST_OK)
        fail_msg("%s: %s", text, err.cause);
    route->ecosystem = "test";
}

/* Matches a private copy of `path` and writes "name|version" ("-" no version, "" no match). */
static void
match_text(const struct route *route, const char *path, char out[256])
{
    size_t n = strlen(path);
    char *copy = malloc(n + (n == 0));
    struct route_match m;
    char room[ROUTE_ROOM];

    assert_non_null(copy);
    memcpy(copy, path, n);
    out[0] = '\0';
    if (route_match(route, (struct slice){ copy, n }, room, &m)) {
        assert_true(m.name.p >= copy && m.name.p + m.name.n <= copy + n && m.name.n > 0);
        if (m.version.p == NULL)
            snprintf(out, 256, "%.*s|-", (int)m.name.n, m.name.p);
        else
            snprintf(out, 256, "%.*s|%.*s", (int)m.name.n, m.name.p, (int)m.version.n, m.version.p);
    }
    free(copy);
}

struct match_case {
    const char *template, *path, *want;
};

static void
run(const struct match_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena arena;
        struct route route;
        char got[256];

        compile(&route, &arena, cases[i].template);
        match_text(&route, cases[i].path, got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s on %s: \"%s\", not \"%s\"", cases[i].template, cases[i].path, got,
                     cases[i].want);
        arena_release(&arena);
    }
}

static void
splits_name_and_version(void **state)
{
#define GEM "/gems/{name}-{version}.gem"
    static const struct match_case cases[] = {
        { GEM, "/gems/libv8-node-16.10.0.0-x86_64-darwin-19.gem", "libv8-node|16.10.0.0-x86_64-darwin-19" },
        { GEM, "/gems/foo-1.0.0-2.gem", "foo|1.0.0-2" },
        { GEM, "/gems/foo-2d-1.0.gem", "foo-2d|1.0" },
        { GEM, "/gems/json-1.8.3-java.gem", "json|1.8.3-java" },
        { GEM, "/gems/rails-7.gem", "rails|7" },
        { GEM, "/gems/a-1-b-2.gem", "a-1-b|2" },
        { GEM, "/gems/a-1-2.gem", "a-1|2" },
        { GEM, "/gems/a-1-2.0.gem", "a-1|2.0" },
        { GEM, "/gems/a-1-2-x.0.gem", "a-1|2-x.0" }, /* the dot is in a part without digit in front */
        { GEM, "/gems/a-b.c-1.gem", "a-b.c|1" },
        { GEM, "/gems/a-1..gem", "a|1." }, /* a dot as the very last byte */
        { GEM, "/gems/a-1-2..gem", "a-1|2." },
        { GEM, "/gems/a-3x-1.2.3.pre.gem", "a-3x|1.2.3.pre" },
        { GEM, "/gems/x--1.0.gem", "x-|1.0" },
        { GEM, "/gems/--1.0.gem", "-|1.0" },
        { GEM, "/gems/-1.0.gem", "" },
        { GEM, "/gems/-1.0-2.gem", "-1.0|2" },
        { GEM, "/gems/foo.gem", "" },
        { GEM, "/gems/foo-.gem", "" },
        { GEM, "/gems/foo-bar.gem", "" },
        { GEM, "/gems/.gem", "" },
        { GEM, "/gems/-.gem", "" },
        { GEM, "/gems/1-2.gem", "1|2" },
        { GEM, "/gems/1.0-2.gem", "1.0|2" },
        { GEM, "/gems/a-1.0.gem.gem", "a|1.0.gem" },
        { "/{name}_{version}.deb", "/lib_x_1.0.deb", "lib_x|1.0" },
        { "/{name}_{version}.deb", "/lib_.deb", "" },
        { "/{name}_{version}.deb", "/lib__.deb", "lib|_" },
        { "/{name}_{version}.deb", "/_1.deb", "" },
        { "/{name}_{version}.deb", "/__1.deb", "_|1" },
        { "/{name}@{version}", "/@scope@2", "@scope|2" },
        { "/{name}@{version}", "/a@b@", "a|b@" },
        { "/{name}--{version}", "/a---b", "a-|b" },
        { "/{name}--{version}", "/a--b--c", "a--b|c" },
        { "/{name}-v{version}.zip", "/a-vb-v1-v.zip", "a-vb|1-v" },
        { "/{version}-{name}", "/1.0-foo", "foo|1.0" },
        { "/v{version}/{name}.zip", "/v2/a.zip", "a|2" },
        { "/v{version}/{name}.zip", "/v/a.zip", "" },
    };
    (void)state;
    run(cases, ARRAY_LEN(cases));
}

static void
repeated_name_decides(void **state)
{
#define CRATE "**/crates/{name}/{name}-{version}.crate"
    static const struct match_case cases[] = {
        { CRATE, "/crates/serde/serde-1.0.0.crate", "serde|1.0.0" },
        { CRATE, "/crates/foo-1.0/foo-1.0-2.0.crate", "foo-1.0|2.0" },
        { CRATE, "/crates/foo/foo-bar.crate", "foo|bar" },
        { CRATE, "/crates/foo/bar-1.0.crate", "" },
        { CRATE, "/crates/foo/fo-1.0.crate", "" },
        { CRATE, "/crates/foo/foo-.crate", "" },
        { CRATE, "/crates/foo/foo.crate", "" },
        { CRATE, "/crates/foo/foo1.0.crate", "" },
        { "/{name}-{version}/{name}.zip", "/a-2.0-1.0/a-2.0.zip", "a-2.0|1.0" },
        { "/{name}-{version}/{name}.zip", "/a-2.0-1.0/a.zip", "a|2.0-1.0" },
        { "/{name}-{version}/{name}.zip", "/a-2.0-1.0/b.zip", "" },
        { "/{version}-{name}/{name}", "/1-2-a-b/a-b", "a-b|1-2" },
        { "/{version}-{name}/{name}", "/1-2-a-b/2-a-b", "2-a-b|1" },
        { "/{version}-{name}/{name}", "/1-2/1-2", "" },
        { "/{name}/**/{name}-{version}", "/a-1.0/x/y/a-1.0-2.0", "a-1.0|2.0" },
        { "/{name}/**/{name}-{version}", "/a/b-1.0", "" },
        { "/{name}/x{name}/{name}y", "/a/xa/ay", "a|-" },
        { "/{name}/x{name}/{name}y", "/a/xa/by", "" },
    };
    (void)state;
    run(cases, ARRAY_LEN(cases));
}

static void
stars_take_any_number_of_segments(void **state)
{
    static const struct match_case cases[] = {
        { CRATE, "/a/b/crates/x/x-1.crate", "x|1" },
        { CRATE, "//crates/x/x-1.crate", "x|1" },
        { CRATE, "crates/x/x-1.crate", "x|1" },
        { CRATE, "xcrates/x/x-1.crate", "" },
        { CRATE, "/crates/crates/x/x-1.crate", "x|1" },
        { CRATE, "/crates/x/x-1.crate/", "" },
        { "/**/crates/{name}", "crates/x", "" },
        { "/**/crates/{name}", "/crates/x", "x|-" },
        { "/f/{name}/**", "/f/x", "x|-" },
        { "/f/{name}/**", "/f/x/", "x|-" },
        { "/f/{name}/**", "/f/x/y/z", "x|-" },
        { "/f/{name}/**", "/f/", "" },
        { "/f/{name}/**", "/f", "" },
        { "/f/**/{name}", "/f/x", "x|-" },
        { "/f/**/{name}", "/f/x/y", "y|-" },
        { "/f/**/{name}", "/f", "" },
        { "/f/**/f/{name}", "/f/x", "" }, /* one segment is not both ends */
        { "/f/**/f/{name}", "/f/f/x", "x|-" },
        { "**/{name}", "x", "x|-" },
        { "**/{name}", "/x", "x|-" },
        { "**/{name}", "/", "" },
        { "**/{name}", "", "" },
        { "**/{name}/**", "", "" },
        { "**/{name}/**", "/", "" },
        { "**/{name}/**", "//a/b", "a|-" }, /* the first place where it fits */
        { "**/p/{name}/**/v/{version}/**", "/p/a/p/b/v/1/v/2", "a|1" },
        { "**/p/{name}/**/v/{version}/**", "/p/p/v/v/1", "p|v" },
        { "**/p/{name}/**/v/{version}/**", "/v/1/p/a", "" },
        { "**/p/q/{name}/**", "/p/p/q/a/p/q/b", "a|-" }, /* starts again inside a false start */
        { "**/{name}/{name}-{version}/**", "/x/a/a-1/b/b-2", "a|1" },
        { "/a/**/b/**/{name}", "/a/b/b", "b|-" },
        { "/a/**/b/**/{name}", "/a/b", "" },
    };
    (void)state;
    run(cases, ARRAY_LEN(cases));
}

static void
literals_and_ignored_segments(void **state)
{
    static const struct match_case cases[] = {
        { "/repos/{}/tarballs/{name}-{version}.tar", "/repos/acme/tarballs/a-1.0.tar", "a|1.0" },
        { "/repos/{}/tarballs/{name}-{version}.tar", "/repos//tarballs/a-1.0.tar", "" },
        { "/repos/{}/tarballs/{name}-{version}.tar", "/repos/a/b/tarballs/a-1.0.tar", "" },
        { "/{name}", "/a", "a|-" },
        { "/{name}", "/", "" },
        { "/{name}", "", "" },
        { "/{name}", "a", "" },
        { "/{name}", "/a/", "" },
        { "/{name}", "//a", "" },
        { "/{name}/", "/a/", "a|-" },
        { "/{name}/", "/a", "" },
        { "/x//{name}", "/x//a", "a|-" },
        { "/x//{name}", "/x/a", "" },
        { "/x{name}x", "/xx", "" },
        { "/x{name}x", "/x", "" },
        { "/xx{name}xx", "/xxx", "" },
        { "/x{name}x", "/xxx", "x|-" },
        { "/a b/{name}", "/a b/c", "c|-" },
        { "/d\xc3\xa9p\xc3\xb4t/{name}", "/d\xc3\xa9p\xc3\xb4t/c", "c|-" },
        { "/{name}/download", "/a/Download", "" },
        { "/gems/{name}", "/GEMS/a", "" },
    };
    (void)state;
    run(cases, ARRAY_LEN(cases));
}

/* ---- what is refused ---- */

struct bad_case {
    const char *template;
    size_t      at;     /* where the caret stands, from 0 */
    const char *cause, *hint;
};

static void
malformed_templates_point_at_the_byte(void **state)
{
    static const struct bad_case cases[] = {
        { "", 0, "empty", "{name}" },
        { "gems/{name}", 0, "starts with", "**/" },
        { "{name}", 0, "starts with", "**/" },
        { "*/{name}", 0, "starts with", "**/" },
        { "/gems/{name", 6, "not closed", "{name}" },
        { "/gems/{name/{version}", 6, "not closed", "{name}" },
        { "/gems/{", 6, "not closed", "{name}" },
        { "/gems/name}", 10, "not opened", "{name}" },
        { "/gems/{nam}", 6, "no such placeholder", "{version}" },
        { "/gems/{Name}", 6, "no such placeholder", "{version}" },
        { "/gems/{ name}", 6, "no such placeholder", "{version}" },
        { "/gems/{na{name}", 6, "no such placeholder", "{version}" },
        { "/gems/{version}.gem", 19, "no {name}", "{name}" },
        { "/", 1, "no {name}", "{name}" },
        { "**", 2, "no {name}", "{name}" },
        { "/{name}{version}.gem", 7, "part", "-" },
        { "/{version}{name}", 10, "part", "-" },
        { "/{name}-{name}", 8, "twice in one segment", "/" },
        { "/{name}-{version}-{version}", 18, "{version} comes twice", "{}" },
        { "/{version}/{name}/{version}", 18, "{version} comes twice", "{}" },
        { "/{version}-{name}-{name}", 18, "twice in one segment", "/" },
        { "/{name}/a**", 9, "inside a segment", "between slashes" },
        { "/{name}/**a", 8, "inside a segment", "between slashes" },
        { "/{name}/***", 8, "inside a segment", "between slashes" },
        { "**a/{name}", 0, "inside a segment", "between slashes" },
        { "/*/{name}", 1, "no placeholder", "{}" },
        { "/**/**/{name}", 4, "twice in a row", "one **" },
        { "**/**/{name}", 3, "twice in a row", "one **" },
        { "/{name}/**/**", 11, "twice in a row", "one **" },
        { "/{name}?x=1", 7, "query", "leave it out" },
        { "/{name}#x", 7, "fragment", "leave it out" },
        { "/a\n{name}", 2, "control byte", "decoded" },
        { "/a\x7f{name}", 2, "control byte", "decoded" },
        { "/\x1b[31m/{name}", 1, "control byte", "decoded" },
        { "/a\xff/{name}", 2, "UTF-8", "UTF-8" },
        { "/\xc3\xa9\xc3/{name}", 3, "UTF-8", "UTF-8" },
        { "/a{}/{name}", 2, "beside", "whole" },
        { "/{}{name}", 1, "beside", "whole" },
        { "/{name}{}", 7, "beside", "whole" },
        { "**/{name}/**/{name}-{version}", 29, "both sides", "{}" },
        { "/{name}/**/{name}/**", 20, "both sides", "{}" },
        { "/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/{name}", 65, "too many", "**" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct bad_case *c = &cases[i];
        struct err err = { 0 };
        struct arena arena;
        struct route route;
        char where[32];
        const char *caret;

        arena_init(&arena, SIZE_MAX);
        if (route_compile(&route, slice_of(c->template), &arena, &err) != ST_USAGE)
            fail_msg("%s was taken", c->template);
        assert_string_equal(err.what, "malformed route");
        snprintf(where, sizeof where, "byte %zu: ", c->at + 1);
        if (strncmp(err.cause, where, strlen(where)) != 0)
            fail_msg("%s: %s", c->template, err.cause);
        if (strstr(err.cause, c->cause) == NULL || strstr(err.hint, c->hint) == NULL)
            fail_msg("%s: %s / %s", c->template, err.cause, err.hint);
        caret = strrchr(err.cause, '\n');
        assert_non_null(caret);
        for (const char *p = err.cause; *p != '\0'; p++)
            assert_true((unsigned char)*p >= 0x20 || *p == '\n'); /* no escapes */
        if (slice_is_text(slice_of(c->template)))
            assert_int_equal(strlen(caret + 1), c->at + 1);
        assert_int_equal(caret[strlen(caret) - 1], '^');
        arena_release(&arena);
    }
}

static void
caret_counts_letters_not_bytes(void **state)
{
    struct err err = { 0 };
    struct arena arena;
    struct route route;

    (void)state;
    arena_init(&arena, SIZE_MAX);
    assert_int_equal(route_compile(&route, SLICE("/\xc3\xa9/{x}"), &arena, &err), ST_USAGE);
    assert_string_equal(err.cause, "byte 5: no such placeholder\n/\xc3\xa9/{x}\n   ^");
    arena_release(&arena);
}

static void
long_template_is_not_drawn(void **state)
{
    static char text[3000];
    struct err err = { 0 };
    struct arena arena;
    struct route route;

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[0] = '/';
    for (size_t n = 90; n < sizeof text; n += 7) {
        arena_init(&arena, SIZE_MAX);
        assert_int_equal(route_compile(&route, (struct slice){ text, n }, &arena, &err), ST_USAGE);
        if (n < 100)
            assert_int_equal(err.cause[strlen(err.cause) - 1], '^');
        else if (n > 150)
            assert_null(strchr(err.cause, '\n'));
        arena_release(&arena);
    }
}

static void
segments_at_the_limit(void **state)
{
    char text[3 * SEGMENTS_MAX + 16] = "", path[3 * SEGMENTS_MAX + 16] = "", got[256];
    struct arena arena;
    struct route route;
    size_t n = 0;

    (void)state;
    for (int i = 1; i < SEGMENTS_MAX; i++, n += 2)
        memcpy(text + n, "/x", 2);
    memcpy(path, text, n);
    memcpy(text + n, "/{name}", 7);
    memcpy(path + n, "/y", 2);
    compile(&route, &arena, text);
    match_text(&route, path, got);
    assert_string_equal(got, "y|-");
    match_text(&route, path + 2, got);
    assert_string_equal(got, "");
    arena_release(&arena);
}

/* ---- hostile paths ---- */

static char *
repeat(const char *unit, size_t n)
{
    char *p = malloc(n);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = unit[i % strlen(unit)];
    return p;
}

static void
a_megabyte_takes_no_time(void **state)
{
    static const char *const templates[] = {
        "**/{name}-{version}.x", "**/a/a/a/{name}/**/b/{version}", "**/a/**/a/**/a/**/{name}/**/b",
        "**/{name}/a/{name}/b/**", "/a/**/{name}-{version}", "**/{name}_{version}/**", "**/a/{name}--{version}/**",
        "**/{name}-{version}/**", "**/{name}/{name}-{version}/**", "/{}/**/z/**/{name}.1",
    };
    static const char *const units[] = {
        "/a/a/a", "/", "-1.-1.", "/-1.-1.", "%25%25", "/%25%25", "-", "_", "/a-1.0",
    };
    struct arena arena;
    struct route route;
    struct route_match m;
    char room[ROUTE_ROOM];
    int64_t begin = clock_cpu_us();

    (void)state;
    for (size_t t = 0; t < ARRAY_LEN(templates); t++) {
        compile(&route, &arena, templates[t]);
        for (size_t u = 0; u < ARRAY_LEN(units); u++) {
            char *path = repeat(units[u], MIB);

            route_match(&route, (struct slice){ path, MIB }, room, &m);
            free(path);
        }
        arena_release(&arena);
    }
    /* 90 MiB of paths: well under a second, sanitized a few; quadratic would be hours. */
    assert_true(clock_cpu_us() - begin < 20 * 1000000);
}

/* ---- against a matcher that is slow and obvious ---- */

struct oracle {
    char segs[24][24];
    int  n;
};

static void
cut(struct oracle *o, const char *text)
{
    o->n = 0;
    for (text += text[0] == '/';;) {
        size_t n = strcspn(text, "/");

        snprintf(o->segs[o->n++], 24, "%.*s", (int)n, text);
        if (text[n] == '\0')
            return;
        text += n + 1;
    }
}

/* Templates of the oracle: a segment is a literal, {}, ** or [head]{name}[tail]. Lazy, with going
 * back. */
static bool
oracle_match(const struct oracle *t, int ti, const struct oracle *p, int pi, char name[24])
{
    const char *seg = t->segs[ti], *brace;
    char saved[24];

    if (ti == t->n)
        return pi == p->n;
    if (strcmp(seg, "**") == 0) {
        for (int k = pi; k <= p->n; k++) {
            memcpy(saved, name, 24);
            if (oracle_match(t, ti + 1, p, k, name))
                return true;
            memcpy(name, saved, 24);
        }
        return false;
    }
    if (pi == p->n)
        return false;
    if ((brace = strstr(seg, "{name}")) != NULL) {
        size_t head = (size_t)(brace - seg), tail = strlen(brace + 6), n = strlen(p->segs[pi]);
        char found[24];

        if (n <= head + tail || strncmp(seg, p->segs[pi], head) != 0 ||
            strcmp(brace + 6, p->segs[pi] + n - tail) != 0)
            return false;
        snprintf(found, sizeof found, "%.*s", (int)(n - head - tail), p->segs[pi] + head);
        if (name[0] != '\0' && strcmp(name, found) != 0)
            return false;
        memcpy(name, found, 24);
    } else if (strcmp(seg, "{}") == 0 ? p->segs[pi][0] == '\0' : strcmp(seg, p->segs[pi]) != 0) {
        return false;
    }
    return oracle_match(t, ti + 1, p, pi + 1, name);
}

static void
agrees_with_a_slow_matcher(void **state)
{
    static const char *const templates[] = {
        "/{name}", "**/{name}", "/{name}/**", "**/{name}/**", "/a/**/{name}/b", "**/a/{name}/**/b", "**/a/**/b/{name}",
        "**/a/{}/**/b/**/{name}", "/{name}/**/{name}", "**/a/{name}/{name}/**", "/a{name}/**/{name}b", "**/{name}/a/b/**/a",
        "/**/a/a/b/**/{name}", "/{}/**/a/{}/**/{name}/",
    };
    uint32_t seed = 12345;

    (void)state;
    for (size_t t = 0; t < ARRAY_LEN(templates); t++) {
        struct arena arena;
        struct route route;
        struct oracle template, path;
        int n_matches = 0;

        compile(&route, &arena, templates[t]);
        cut(&template, templates[t]);
        for (int round = 0; round < 20000; round++) {
            char text[20], name[24] = "", got[256], want[32] = "";
            size_t n = 0;

            text[n++] = '/';
            for (size_t len = (seed >> 8) % 14; n <= len;) {
                seed = seed * 1664525 + 1013904223;
                text[n++] = "aa/ab/b"[(seed >> 16) % 7];
            }
            text[n] = '\0';
            seed = seed * 1664525 + 1013904223;
            cut(&path, text);
            match_text(&route, text, got);
            if (oracle_match(&template, 0, &path, 0, name))
                snprintf(want, sizeof want, "%s|-", name);
            n_matches += want[0] != '\0';
            if (strcmp(got, want) != 0)
                fail_msg("%s on %s: \"%s\", not \"%s\"", templates[t], text, got, want);
        }
        if (n_matches < 10)
            fail_msg("%s: only %d matches: the test is blind", templates[t], n_matches);
        arena_release(&arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_name_and_version),
        cmocka_unit_test(repeated_name_decides),
        cmocka_unit_test(stars_take_any_number_of_segments),
        cmocka_unit_test(literals_and_ignored_segments),
        cmocka_unit_test(malformed_templates_point_at_the_byte),
        cmocka_unit_test(caret_counts_letters_not_bytes),
        cmocka_unit_test(long_template_is_not_drawn),
        cmocka_unit_test(segments_at_the_limit),
        cmocka_unit_test(a_megabyte_takes_no_time),
        cmocka_unit_test(agrees_with_a_slow_matcher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
