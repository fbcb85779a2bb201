/*
 * Classes of user agents: the built-in ones, files, which pattern wins, and thousands of patterns
 * against looking at each of them.
 */
#include "ingest/base.h"
#include "agent_priv.h"
#include "ingest/rules.h"

#include <setjmp.h>
#include <cmocka.h>

static char dir[] = "/tmp/ingest-agents-XXXXXX";

/* A file that holds `text`; its name lives until the next call with the same `n`. */
static const char *
file_of(int n, const char *text, size_t size)
{
    static char names[4][64];
    FILE *f;

    snprintf(names[n], sizeof names[n], "%s/%d", dir, n);
    f = fopen(names[n], "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    return names[n];
}

static struct agents *
make(const char *const files[AGENT_CLASSES_N])
{
    struct agents *a;
    struct err err = { 0 };

    if (agents_new(&a, files, &err) != ST_OK)
        fail_msg("%s: %s", err.what, err.cause);
    return a;
}

static const char *
name_of(enum agent_class class)
{
    static const char *const names[] = { "unknown", "client", "browser", "robot", "mirror" };

    return names[class];
}

static void
check(const struct agents *a, const char *agent, enum agent_class want)
{
    struct agent_finding found;

    for (int i = 0; i < 2; i++) /* the second time from memory */
        if (agents_class(a, slice_of(agent)) != want)
            fail_msg("%s is %s, not %s", agent, name_of(agents_class(a, slice_of(agent))), name_of(want));
    agents_find(a, slice_of(agent), &found);
    assert_int_equal(found.class, want);
    assert_true((found.pattern == NULL) == (want == AGENT_UNKNOWN));
}

static void
built_in(void **state)
{
    static const struct {
        const char      *agent;
        enum agent_class class;
    } cases[] = {
        { "cargo 1.75.0 (1d8b05cdd 2023-11-20)", AGENT_CLIENT },
        { "cargo/1.2", AGENT_CLIENT },
        { "cargo%201.75.0", AGENT_CLIENT },
        { "cargot", AGENT_UNKNOWN },
        { "pip/23.0.1 {\"ci\":null,\"cpu\":\"x86_64\",\"installer\":{\"name\":\"pip\"}}", AGENT_CLIENT },
        { "npm/10.2.3 node/v20.10.0 linux x64 workspaces/false", AGENT_CLIENT },
        { "Bundler/2.4.1 rubygems/3.4.1 ruby/3.2.0", AGENT_CLIENT },
        { "Ruby, RubyGems/3.4.1 x86_64-linux Ruby/3.2.0", AGENT_CLIENT },
        { "Hex/2.0.6 (Elixir/1.15.7) (OTP/26.1)", AGENT_CLIENT },
        { "rebar3/3.22", AGENT_CLIENT },
        { "zef", AGENT_CLIENT },
        { "Debian APT-HTTP/1.3 (2.6.1)", AGENT_CLIENT },
        { "curl/7.88.1", AGENT_CLIENT },
        { "Wget/1.21.3", AGENT_CLIENT },
        { "Apache-Maven/3.9.5 (Java 17; Linux 6.1)", AGENT_CLIENT },
        { "ObsPy/1.4.0 (Linux, Python 3.11)", AGENT_CLIENT },
        { "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", AGENT_BROWSER },
        { "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", AGENT_ROBOT },
        { "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0)", AGENT_ROBOT },
        { "Mozilla/5.0 (X11; Linux) HeadlessChrome/119", AGENT_ROBOT },
        { "AhrefsBot", AGENT_ROBOT },
        { "botany/1.0", AGENT_UNKNOWN },
        { "Robotics lab", AGENT_UNKNOWN },
        { "bandersnatch/6.3.0 (cpython 3.11.2-final0, Linux x86_64)", AGENT_MIRROR },
        { "verdaccio/5.27.0", AGENT_MIRROR },
        { "Artifactory/7.71.5 77105900", AGENT_MIRROR },
        { "Nexus/3.62.0-01 (OSS; Linux; 5.10; amd64; 1.8.0_382)", AGENT_MIRROR },
        { "Debian Apt-Cacher-NG/3.7.4", AGENT_MIRROR },
        { "apt-mirror", AGENT_MIRROR },
        { "", AGENT_UNKNOWN },
        { "-", AGENT_UNKNOWN },
        { "\xff\x01\x1b[2J", AGENT_UNKNOWN },
    };
    struct agents *a = make(NULL);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check(a, cases[i].agent, cases[i].class);
    assert_int_equal(agents_class(a, (struct slice){ NULL, 0 }), AGENT_UNKNOWN);
    assert_int_equal(agents_class(a, (struct slice){ "cargo/1\0Googlebot", 17 }), AGENT_CLIENT);
    agents_free(a);
    agents_free(NULL);
}

#define TEXT(s) (s), sizeof(s) - 1

static void
files_win_and_their_order(void **state)
{
    const char *files[AGENT_CLASSES_N] = {
        [AGENT_ROBOT] = file_of(0, TEXT("# ours\n\ncurl\r\n^Foo/\nbar")),
        [AGENT_CLIENT] = file_of(1, TEXT("^curl/8")),
        [AGENT_MIRROR] = file_of(2, TEXT("foo/9\n")),
    };
    struct agents *a = make(files);
    struct agent_finding found;

    (void)state;
    check(a, "CURL/7", AGENT_ROBOT);  /* a file before what is built in; case does not matter in it */
    check(a, "curl/8", AGENT_CLIENT); /* clients before robots */
    check(a, "foo/9", AGENT_MIRROR);
    check(a, "foo/8", AGENT_ROBOT);
    check(a, "xfoo/8", AGENT_UNKNOWN);
    check(a, "the bar", AGENT_ROBOT); /* a last line without its line feed */
    check(a, "cargo/1", AGENT_CLIENT);
    agents_find(a, slice_of("foo/8"), &found);
    assert_string_equal(found.pattern, "^Foo/");
    assert_string_equal(found.file, files[AGENT_ROBOT]);
    assert_int_equal(found.line_no, 4);
    agents_find(a, slice_of("cargo/1"), &found);
    assert_null(found.file);
    agents_free(a);
}

static void
json_list(void **state)
{
    const char *files[AGENT_CLASSES_N] = {
        [AGENT_ROBOT] = file_of(0, TEXT("\xef\xbb\xbf [\n {\"pattern\": \"Foo\\\\/\", \"url\": \"x\", \"instances\": [\"Foo/1\"]},\n"
                                        " {\"instances\": [], \"pattern\": \"[zZ]ap\"} ]\n")),
        [AGENT_CLIENT] = file_of(1, TEXT(" [ ] ")),

    };
    struct err err = { 0 };
    struct agents *a = NULL;

    (void)state;

    if (agents_new(&a, files, &err) == ST_USAGE && strstr(err.cause, "this build") != NULL)
        skip();
    assert_non_null(a);
    check(a, "Foo/1", AGENT_ROBOT);
    check(a, "foo/1", AGENT_UNKNOWN); /* as written */
    check(a, "xzap", AGENT_ROBOT);
    check(a, "Zap", AGENT_ROBOT);
    check(a, "ZAP", AGENT_UNKNOWN);
    check(a, "foo/1 Foo/1", AGENT_ROBOT); /* the first place is not as written, the second is */
    agents_free(a);
}

static void
bad_files_say_where(void **state)
{
    static const struct {
        const char *text;
        uint64_t    line_no;
        const char *cause;
    } cases[] = {
        { "ok\n#\n\nbad(\n", 4, "byte 4 of \"bad(\": this \"(\" is never closed" },
        { "[{\"pattern\": \"a\"},\n {\"pattern\": \"b[\"}]", 0, "element 2 of the array: byte 2 of \"b[\"" },
        { "[{\"pattern\": 5}]", 0, "element 1 of the array has no string" },
        { "[{\"x\": 5}]", 0, "element 1 of the array has no string" },
        { "[{\"pattern\": \"a\"}\n{", 2, "no JSON: " },
        { "[{\"pattern\": \"a\\u0000b\"}]", 0, "" },
        { "[{}]\n[", 0, "" },
    };
    struct err err;
    struct agents *a;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *files[AGENT_CLASSES_N] = { [AGENT_ROBOT] = file_of(0, cases[i].text, strlen(cases[i].text)) };

        err = (struct err){ 0 };
        assert_int_equal(agents_new(&a, files, &err), ST_USAGE);
        assert_null(a);
        if (strstr(err.cause, "this build") != NULL)
            continue;
        assert_string_equal(err.path, files[AGENT_ROBOT]);
        assert_true(cases[i].line_no == 0 || err.line_no == cases[i].line_no);
        if (strncmp(err.cause, cases[i].cause, strlen(cases[i].cause)) != 0)
            fail_msg("%s: %s", cases[i].text, err.cause);
    }
    err = (struct err){ 0 };
    assert_int_equal(agents_new(&a, (const char *[AGENT_CLASSES_N]){ [AGENT_MIRROR] = "/nonexistent/x" }, &err), ST_USAGE);
    assert_string_equal(err.path, "/nonexistent/x");
    assert_string_equal(err.cause, "No such file or directory");
    assert_int_equal(agents_new(&a, (const char *[AGENT_CLASSES_N]){ [AGENT_MIRROR] = dir }, &err), ST_USAGE);
}

static void
only_the_beginning_is_looked_at(void **state)
{
    struct agents *a = make((const char *[AGENT_CLASSES_N]){ [AGENT_ROBOT] = file_of(0, TEXT("zzz$\n")) });
    char *text = malloc(1 << 20);

    (void)state;
    assert_non_null(text);
    memset(text, 'z', 1 << 20);
    assert_int_equal(agents_class(a, (struct slice){ text, AGENT_BYTES_MAX }), AGENT_ROBOT);
    assert_int_equal(agents_class(a, (struct slice){ text, AGENT_BYTES_MAX + 1 }), AGENT_UNKNOWN);
    assert_int_equal(agents_class(a, (struct slice){ text, 1 << 20 }), AGENT_UNKNOWN);
    agents_free(a);
    free(text);
}

static void
id_tells_lists_apart(void **state)
{
    struct agents *a = make(NULL), *b = make(NULL);
    struct agents *c = make((const char *[AGENT_CLASSES_N]){ [AGENT_ROBOT] = file_of(0, TEXT("x\n")) });
    struct agents *d = make((const char *[AGENT_CLASSES_N]){ [AGENT_CLIENT] = file_of(0, TEXT("x\n")) });
    struct agents *e = make((const char *[AGENT_CLASSES_N]){ [AGENT_ROBOT] = file_of(1, TEXT("# y\nx")) });
    struct digest ids[] = { agents_id(a), agents_id(b), agents_id(c), agents_id(d), agents_id(e) };

    (void)state;
    assert_true(digest_eq(&ids[0], &ids[1]));
    assert_false(digest_eq(&ids[0], &ids[2]));
    assert_false(digest_eq(&ids[2], &ids[3]));
    assert_true(digest_eq(&ids[2], &ids[4])); /* comments and names of files change nothing */
    agents_free(a);
    agents_free(b);
    agents_free(c);
    agents_free(d);
    agents_free(e);
}

/* ---- many patterns ---- */

static uint32_t seed = 1;

static unsigned
chance(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

/* Words of a small alphabet, so that many are parts of others. */
static size_t
word(char *out, size_t max)
{
    size_t n = 1 + chance((unsigned)max);

    for (size_t i = 0; i < n; i++)
        out[i] = "abAB-"[chance(5)];
    out[n] = '\0';
    return n;
}

static void
thousands_as_one_by_one(void **state)
{
    struct pattern_list list = { 0 };
    struct arena arena;
    struct trie trie;
    struct err err;
    char text[40];

    (void)state;
    arena_init(&arena, SIZE_MAX);
    list.arena = &arena;
    for (int i = 0; i < 3000; i++) {
        char pattern[60] = "";
        size_t n = word(pattern, 12);

        if (chance(8) == 0)
            snprintf(pattern + n, sizeof pattern - n, "(b|$)");
        assert_int_equal(pattern_add(&list, slice_of(pattern), AGENT_ROBOT, chance(2) == 0, NULL, 0, &err), ST_OK);
    }
    assert_int_equal(trie_init(&trie, &list, &arena, &err), ST_OK);
    for (int round = 0; round < 300; round++) {
        bool found[3000] = { false };
        size_t n = word(text, 30);
        uint32_t at = 0;

        for (size_t i = 0; i < n; i++) {
            at = trie_step(&trie, at, lower(text[i]));
            for (uint32_t k = trie.nodes[at].reported; k != 0; k = trie.nodes[trie.nodes[k].fail].reported)
                for (uint32_t e = 0; e < trie.nodes[k].n_ends; e++)
                    found[trie.ends[trie.nodes[k].first_end + e]] = true;
        }
        for (size_t i = 0; i < list.n; i++) {
            char factor[60];

            snprintf(factor, sizeof factor, "%.*s", (int)list.at[i].factors[0].n, list.at[i].factors[0].p);
            if (found[i] != (strcasestr(text, factor) != NULL))
                fail_msg("%s in %s", factor, text);
        }
    }
    free(list.at);
    arena_release(&arena);
}

static void
the_first_that_fits_decides(void **state)
{
    char lists[2][20000] = { "", "" };
    const char *files[AGENT_CLASSES_N] = { NULL };
    struct agents *a;

    (void)state;
    for (int l = 0; l < 2; l++)
        for (int i = 0; i < 800; i++) {
            size_t n = strlen(lists[l]);
            char w[20];

            word(w, 10);
            snprintf(lists[l] + n, sizeof lists[l] - n, "%s%s\n", chance(5) == 0 ? "^" : "", w);
        }
    files[AGENT_ROBOT] = file_of(0, lists[0], strlen(lists[0]));
    files[AGENT_BROWSER] = file_of(1, lists[1], strlen(lists[1]));
    a = make(files);
    for (int round = 0; round < 2000; round++) {
        struct agent_finding found;
        const char *want = NULL;
        char text[40], copy[20000];

        word(text, 14);
        for (int l = 0; l < 2 && want == NULL; l++) {
            char *rest = copy, *line;

            memcpy(copy, lists[l], sizeof copy);
            while (want == NULL && (line = strsep(&rest, "\n")) != NULL && *line != '\0') {
                if (*line == '^' ? strncasecmp(text, line + 1, strlen(line + 1)) == 0
                                 : strcasestr(text, line) != NULL)
                    want = lists[l] + (line - copy);
            }
        }
        if (strcmp(text, "-") == 0)
            want = NULL;
        agents_find(a, slice_of(text), &found);
        if ((want == NULL) != (found.pattern == NULL) ||
            (want != NULL && strncmp(want, found.pattern, strlen(found.pattern)) != 0))
            fail_msg("%s: %s, not %.20s", text, found.pattern, want);
        assert_int_equal(agents_class(a, slice_of(text)), found.class);
    }
    agents_free(a);
}

/* ---- as rules ask ---- */

static enum reason
pick(const struct rules *rules, struct slice agent)
{
    struct record rec = { .method = SLICE("GET"), .status = 200, .day = 1, .agent = agent, .path = SLICE("/x") };

    return rules_pick(rules, &rec);
}

static void
rules_count_the_classes_they_name(void **state)
{
    struct rule_pack pack = *rule_pack_by_name(NULL);
    struct rules all, some, other;
    struct record rec = { .method = SLICE("GET"), .status = 200, .day = 1, .agent = SLICE("Foo/1 \x1b"), .path = SLICE("/x") };
    struct err err = { 0 };
    char why[200], *text;

    (void)state;
    assert_int_equal(rules_init(&all, &pack, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_null(all.agents);
    pack.agent.classes = AGENT_CLASS_BIT(AGENT_CLIENT) | AGENT_CLASS_BIT(AGENT_BROWSER);
    assert_int_equal(rules_init(&some, &pack, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_int_equal(pick(&some, SLICE("cargo/1")), KEEP);
    assert_int_equal(pick(&some, SLICE("Mozilla/5.0 (X11)")), KEEP);
    assert_int_equal(pick(&some, SLICE("Googlebot/2")), FILTER_AGENT);
    assert_int_equal(pick(&some, SLICE("-")), FILTER_AGENT);
    assert_int_equal(pick(&some, (struct slice){ NULL, 0 }), FILTER_AGENT);
    assert_int_equal(pick(&all, SLICE("Googlebot/2")), KEEP);
    pack.agent.files[AGENT_ROBOT] = file_of(0, TEXT("^foo/\n"));
    assert_int_equal(rules_init(&other, &pack, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
    assert_false(digest_eq(&all.id, &some.id) || digest_eq(&some.id, &other.id));
    text = rules_canonical(&other);
    assert_non_null(strstr(text, "\nagents client browser by "));
    free(text);
    assert_int_equal(rules_explain(&other, &rec, why, sizeof why), FILTER_AGENT);
    assert_non_null(strstr(why, "which is robot: pattern ^foo/ of "));
    assert_int_equal(rules_explain(&other, &rec, why, 30), FILTER_AGENT);
    rules_release(&all);
    rules_release(&some);
    rules_release(&other);
    file_of(0, TEXT("("));
    assert_int_equal(rules_init(&other, &pack, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_USAGE);
}

/* Each of them is small as text, and as long as may be as a list of places. */
static void
room_of_all(void **state)
{
    struct pattern_list list = { 0 };
    struct arena arena;
    struct err err = { 0 };
    enum st rc = ST_OK;

    (void)state;
    arena_init(&arena, SIZE_MAX);
    list.arena = &arena;
    while (rc == ST_OK && list.n < 20000)
        rc = pattern_add(&list, SLICE("(x[a-z]{9}){25}"), AGENT_ROBOT, true, "file", 1, &err);
    assert_int_equal(rc, ST_USAGE);
    assert_non_null(strstr(err.cause, "64 MiB"));
    assert_in_range(arena.used_bytes, 64 * MIB, 70 * MIB);
    assert_in_range(list.n, 3000, 20000);
    arena_release(&arena);
    free(list.at);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in),
        cmocka_unit_test(files_win_and_their_order),
        cmocka_unit_test(json_list),
        cmocka_unit_test(bad_files_say_where),
        cmocka_unit_test(only_the_beginning_is_looked_at),
        cmocka_unit_test(id_tells_lists_apart),
        cmocka_unit_test(thousands_as_one_by_one),
        cmocka_unit_test(the_first_that_fits_decides),
        cmocka_unit_test(rules_count_the_classes_they_name),
        cmocka_unit_test(room_of_all),
    };
    char name[80];
    int rc;

    if (mkdtemp(dir) == NULL)
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s/%d", dir, i);
        unlink(name);
    }
    rmdir(dir);
    return rc;
}
