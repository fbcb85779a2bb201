/* Key maps: what a section [format NAME] may say, and what it is told when it says something else. */
#include "format_test.h"
#include "json_keys.h"

struct section {
    struct json_key_text pairs[24];
    size_t n;
};

/* "key = value" lines; line numbers from 1. */
static void
section_of(struct section *s, const char *text)
{
    s->n = 0;
    while (*text != '\0') {
        const char *feed = strchr(text, '\n'), *equals = strstr(text, " = ");

        assert_non_null(feed);
        assert_true(equals != NULL && equals < feed);
        s->pairs[s->n] = (struct json_key_text){
            { text, (size_t)(equals - text) }, { equals + 3, (size_t)(feed - equals - 3) }, s->n + 1
        };
        s->n++;
        text = feed + 1;
    }
}

static void
sections_compile(void **state)
{
    static const struct {
        const char *text, *format;
        size_t n;
    } cases[] = {
        { "time = .ts\npath = .url\n", "json", 2 },
        { "time = ts\nrequest = line\nkind = csv\n", "csv", 2 },
        { "kind = tsv\ntime = .a.b.c.d.e.f.g.h\nname = .\"package.name\"\nversion = .\"a\\\"b\"\n", "tsv", 3 },
        { "time = .t\ntime_format = unix_ms\npath = .p\nmethod = .m\nstatus = .s\nbytes = .b\nclient = .c\nforwarded = .f\n"
          "agent = .a\ncountry = .cc\ncontent_range = .r\nname = .n\nversion = .v\nmark = .x\nrequest = .q\n", "json", 14 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json_keys *keys = NULL;
        struct section s;
        struct arena arena;
        struct err err = { 0 };

        arena_init(&arena, SIZE_MAX);
        section_of(&s, cases[i].text);
        if (json_keys_compile(&keys, s.pairs, s.n, &arena, &err) != ST_OK)
            fail_msg("%s: %s: %s", cases[i].text, err.what, err.cause);
        assert_string_equal(json_keys_format(keys), cases[i].format);
        assert_int_equal(keys->n, cases[i].n);
        arena_release(&arena);
    }
}

static void
names_of_paths(void **state)
{
    static const struct {
        const char *path, *names[9];
    } cases[] = {
        { ".a", { "a" } },
        { "a", { "a" } },
        { ".resp.status", { "resp", "status" } },
        { ".request_User-Agent", { "request_User-Agent" } },
        { ".\"a.b\".c", { "a.b", "c" } },
        { "\"\"", { "" } },
        { ".\"q\\\"\\\\\"", { "q\"\\" } },
        { ".timestamp(ms)", { "timestamp(ms)" } },
        { ".sch\xc3\xb6n. x ", { "sch\xc3\xb6n", " x " } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct key_def def;
        struct arena arena;
        size_t at, n = 0;

        arena_init(&arena, SIZE_MAX);
        assert_null(json_keys_path(&def, slice_of(cases[i].path), &arena, &at));
        for (; cases[i].names[n] != NULL; n++)
            assert_true(slice_eq(def.names[n], slice_of(cases[i].names[n])));
        assert_int_equal(def.n_names, n);
        arena_release(&arena);
    }
}

static void
mistakes_are_pointed_at(void **state)
{
    static const struct {
        const char *text;
        uint64_t line_no;
        const char *cause, *hint;
    } cases[] = {
        { "path = .url\n", 0, "the time", "time = .ts" },
        { "time = .ts\nstatus = .s\n", 0, "downloaded", "path" },
        { "time = .ts\npath = .url\nstats = .s\n", 3, "no such key", "\"status\"" },
        { "time = .ts\nklingon = .url\n", 2, "no such key", "content_range" },
        { "time = .ts\n = .url\n", 2, "no such key", "time_format" },
        { "time = .ts\ntime = .ts\npath = .url\n", 2, "twice", "" },
        { "kind = json\nkind = json\ntime = .ts\n", 2, "twice", "" },
        { "kind = xml\ntime = .ts\n", 1, "\"xml\"", "tsv" },
        { "time_format = rfc\ntime = .ts\n", 1, "\"rfc\"", "iso8601" },
        { "time = \npath = .url\n", 1, "a name is missing at byte 1", ".resp.status" },
        { "time = .\npath = .url\n", 1, "a name is missing at byte 2", "" },
        { "time = .a..b\n", 1, "a name is missing at byte 4", "" },
        { "time = .a.\n", 1, "a name is missing at byte 4", "" },
        { "time = .\"a\n", 1, "not closed", "" },
        { "time = .\"a\\\n", 1, "not closed", "" },
        { "time = .\"a\"b\n", 1, "a dot must stand", "" },
        { "time = .a\"b\"\n", 1, "a dot must stand", "" },
        { "time = .1.2.3.4.5.6.7.8.9\n", 1, "more than 8", "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json_keys *keys = NULL;
        struct section s;
        struct arena arena;
        struct err err = { 0 };

        arena_init(&arena, SIZE_MAX);
        section_of(&s, cases[i].text);
        assert_int_equal(json_keys_compile(&keys, s.pairs, s.n, &arena, &err), ST_USAGE);
        if (err.line_no != cases[i].line_no || strstr(err.cause, cases[i].cause) == NULL ||
            strstr(err.hint, cases[i].hint) == NULL)
            fail_msg("%s: line %" PRIu64 ": %s (%s)", cases[i].text, err.line_no, err.cause, err.hint);
        arena_release(&arena);
    }
}

/* drop_if's key: the map's own `mark`, a path, or a key as it is; it takes no other field's place. */
static void
the_mark_is_where_the_rules_say(void **state)
{
    struct section s;
    struct arena arena;
    struct err err;
    const struct json_keys *keys = NULL;
    struct json_keys with;
    static const struct {
        const char *drop_key, *names[4];
    } cases[] = {
        { "mark", { "x", "y" } }, { ".a.b", { "a", "b" } }, { "a.b", { "a.b" } }, { ".", { "." } }, { "status", { "status" } },
    };

    (void)state;
    arena_init(&arena, SIZE_MAX);
    section_of(&s, "time = .ts\npath = .url\nmark = .x.y\n");
    assert_int_equal(json_keys_compile(&keys, s.pairs, s.n, &arena, &err), ST_OK);
    json_keys_with_mark(&with, keys, NULL);
    assert_int_equal(with.n, 2);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n = 0;

        json_keys_with_mark(&with, keys, cases[i].drop_key);
        assert_int_equal(with.n, 3);
        assert_int_equal(with.defs[2].field, KEY_MARK);
        for (; cases[i].names[n] != NULL; n++)
            assert_true(slice_eq(with.defs[2].names[n], slice_of(cases[i].names[n])));
        assert_int_equal(with.defs[2].n_names, n);
    }
    arena_release(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_compile),
        cmocka_unit_test(names_of_paths),
        cmocka_unit_test(mistakes_are_pointed_at),
        cmocka_unit_test(the_mark_is_where_the_rules_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
