/*
 * Zeco's tarballs: looked up in a catalog by the end of their path, counted under name, version and
 * auth, and parked when nobody knows them.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY  19723 /* 2024-01-01 */
#define SHA  "0123456789abcdef0123456789abcdef01234567"
#define SHA2 "89abcdef0123456789abcdef0123456789abcdef"

struct fixture {
    struct rules      rules;
    struct client_key key;
    struct picker     picker;
    struct catalog   *catalog;
};

static void
set_up(struct fixture *f, const struct dataset *d, const char *template)
{
    struct err err = { 0 };

    assert_int_equal(rules_init(&f->rules, rule_pack_by_name("zeco"), &template, template != NULL,
                                DAY_NONE, DAY_NONE, &err),
                     ST_OK);
    client_key_none(&f->key);
    assert_int_equal(picker_init(&f->picker, d, &f->rules, &f->key, &err), ST_OK);
    f->catalog = catalog_new(CATALOG_DISTS, &err);
    assert_non_null(f->catalog);
    f->picker.catalog = f->catalog;
}

static void
tear_down(struct fixture *f)
{
    catalog_free(f->catalog);
    picker_release(&f->picker);
    rules_release(&f->rules);
}

static void
know(struct fixture *f, const char *path, const char *name, const char *version, const char *auth)
{
    struct catalog_entry entry = { .name = slice_of(name) };
    struct err err = { 0 };

    if (version != NULL)
        entry.version = slice_of(version);
    if (auth != NULL)
        entry.auth = slice_of(auth);
    assert_int_equal(catalog_add(f->catalog, slice_of(path), &entry, &err), ST_OK);
}

static struct record
request(const char *path)
{
    return (struct record){
        .path = slice_of(path), .path_decodes = 1, .method = SLICE("GET"), .status = 200,
        .day = DAY, .bytes = 42, .client = SLICE("192.0.2.7"),
    };
}

static void
assert_text(const uint8_t **at, const char *want)
{
    struct slice got = key_get_text(at);

    assert_int_equal(got.p != NULL, want != NULL);
    if (want != NULL)
        assert_true(slice_eq(got, slice_of(want)));
}

/* auth NULL: the key has none. */
static void
assert_key(struct slice key, const char *name, const char *version, const char *auth)
{
    const uint8_t *at = (const uint8_t *)key.p;

    assert_text(&at, name);
    assert_text(&at, version);
    assert_int_equal(key_get_day(&at), DAY);
    if (auth != NULL)
        assert_text(&at, auth);
    assert_ptr_equal(at, key.p + key.n);
}

static void
every_shape_of_a_path(void **state)
{
    static const char *const paths[] = {
        "/P/OL/" SHA ".tar.gz",
        "/dist/P/OL/" SHA ".tar.gz",
        "https://360.zef.pm/P/OL/" SHA ".tar.gz?x=1",
        "/P/OL/POLYGLOT_REGEXEN/" SHA ".tar.gz",
        "/cdn/of/ours/P/OL/" SHA ".tar.gz",
        "/Q/UX/" SHA ".tar.gz", /* the bytes decide, wherever they lie */
        "/A/" SHA ".tar.gz",
        "/%50/OL/" SHA ".tar.gz",
    };
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, &dataset_stats_auth, NULL);
    know(&f, "P/OL/" SHA ".tar.gz", "Polyglot::Regexen", "0.0.3", "zef:tony-o");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct record rec = request(paths[i]);

        memset(&hit, 0xee, sizeof hit);
        assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), KEEP);
        assert_key(hit.key, "Polyglot::Regexen", "0.0.3", "zef:tony-o");
        assert_int_equal(hit.day, DAY);
        assert_int_equal(hit.sums[0], 1);
        assert_int_equal(hit.sums[1], 42);
        assert_true(hit.has_client);
    }
    assert_string_equal(f.picker.ecosystem, "zeco");
    tear_down(&f);
}

static void
what_is_no_download(void **state)
{
    static const char *const paths[] = {
        "/", "/index.json", "/meta.json", "/?bin=true", "/auth-prefix", "/P/OL/POLYGLOT_REGEXEN/index.json", "/upload",
        ("/P/OL/" SHA ".tar.gz.asc"), ("/p/ol/" SHA ".tar.gz"), ("/P/OL/" SHA), "/dist/", "",
    };
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, &dataset_stats_auth, NULL);
    know(&f, "P/OL/" SHA ".tar.gz", "P", "1", "a");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct record rec = request(paths[i]);

        f.picker.parked.key.n = 0;
        if (dataset_stats_auth.pick(&f.picker, &rec, &hit) != FILTER_NOT_A_DOWNLOAD)
            fail_msg("%s", paths[i]);
        assert_int_equal(f.picker.parked.key.n, 0);
    }
    for (int status = 301; status <= 304; status++) { /* what the ecosystem's own host answers */
        struct record rec = request("/dist/P/OL/" SHA ".tar.gz");

        rec.status = (uint16_t)status;
        assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), FILTER_STATUS);
    }
    tear_down(&f);
}

static void
a_table_without_auth(void **state)
{
    struct record rec = request("/P/OL/" SHA ".tar.gz");
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, &dataset_stats, NULL);
    know(&f, "P/OL/" SHA ".tar.gz", "P", "1", "zef:a");
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, "P", "1", NULL);
    f.picker.catalog = NULL; /* nobody to ask: the sha stands for it */
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, SHA, NULL, NULL);
    tear_down(&f);
}

static void
meta_that_lacks_something(void **state)
{
    struct record rec = request("/P/OL/" SHA ".tar.gz"), other = request("/P/OL/" SHA2 ".tar.gz");
    char name[514], version[513], auth[513];
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, &dataset_stats_auth, NULL);
    know(&f, "P/OL/" SHA ".tar.gz", "P", NULL, NULL);
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, "P", NULL, "");
    memset(name, 'n', sizeof name - 1);
    memset(version, 'v', sizeof version - 1);
    memset(auth, 'a', sizeof auth - 1);
    name[513] = version[512] = auth[512] = '\0';
    know(&f, "P/OL/" SHA2 ".tar.gz", name, "1", "zef:a");
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &other, &hit), REJECT_KEY_TOO_LONG);
    tear_down(&f);

    set_up(&f, &dataset_stats_auth, NULL);
    name[512] = '\0';
    know(&f, "P/OL/" SHA ".tar.gz", name, version, "zef:a");
    know(&f, "P/OL/" SHA2 ".tar.gz", name, version, auth); /* each fits, all together do not */
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), KEEP);
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &other, &hit), REJECT_KEY_TOO_LONG);
    tear_down(&f);
}

static void
assert_parked(const struct fixture *f, const char *path)
{
    const uint8_t *at = (const uint8_t *)f->picker.parked.key.p;

    assert_text(&at, path);
    assert_int_equal(key_get_day(&at), DAY);
    assert_ptr_equal(at, f->picker.parked.key.p + f->picker.parked.key.n);
    assert_int_equal(f->picker.parked.day, DAY);
    assert_int_equal(f->picker.parked.sums[0], 1);
    assert_int_equal(f->picker.parked.sums[1], 42);
    assert_true(f->picker.parked.has_client);
}

static void
an_unknown_tarball_is_parked(void **state)
{
    static const struct {
        const char *path, *parked;
    } cases[] = {
        { "/dist/P/OL/" SHA ".tar.gz", "P/OL/" SHA ".tar.gz" },
        { "http://x/cdn/P/OL/" SHA ".tar.gz?y", "P/OL/" SHA ".tar.gz" },
        { "/A/" SHA ".tar.gz", "A/" SHA ".tar.gz" },
        { "/P/OL/POLYGLOT/" SHA ".tar.gz", "P/OL/POLYGLOT/" SHA ".tar.gz" },
        { "/x/Q/P/OL/" SHA ".tar.gz", "P/OL/" SHA ".tar.gz" },
    };
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, &dataset_stats_auth, NULL);
    know(&f, "P/OL/" SHA2 ".tar.gz", "P", "1", "zef:a");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record rec = request(cases[i].path);
        struct catalog_entry found;
        uint8_t key[KEY_BYTES_MAX];

        assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), FILTER_UNKNOWN_DIST);
        assert_parked(&f, cases[i].parked);
        assert_string_equal(f.picker.ecosystem, ""); /* it has not counted yet */
        /* Later it is known: the same key as if it always had been. */
        know(&f, cases[i].parked, "Late", "2", "zef:b");
        assert_true(catalog_find(f.catalog, slice_of(cases[i].parked), &found));
        assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), KEEP);
        assert_int_equal(dataset_stats_auth.entry_key(&dataset_stats_auth, &found, DAY, key),
                         hit.key.n);
        assert_memory_equal(key, hit.key.p, hit.key.n);
        tear_down(&f);
        set_up(&f, &dataset_stats_auth, NULL);
    }
    tear_down(&f);
}

/* A key of a megabyte is none of a distribution; the file in it may be one. */
static void
a_long_path_is_parked_by_its_file(void **state)
{
    char *text = malloc(LINE_BYTES_MAX);
    size_t n = (size_t)snprintf(text, LINE_BYTES_MAX, "/A/AA/");
    struct fixture f;
    struct hit hit;

    (void)state;
    assert_non_null(text);
    set_up(&f, &dataset_stats_auth, NULL);
    memset(text + n, 'A', LINE_BYTES_MAX - n - 64);
    snprintf(text + LINE_BYTES_MAX - 64, 64, "/" SHA ".tar.gz");
    {
        struct record rec = request(text);

        assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), FILTER_UNKNOWN_DIST);
        assert_parked(&f, SHA ".tar.gz");
        know(&f, "A/AA/" SHA ".tar.gz", "AAA", "1", "zef:a");
        assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), KEEP);
        assert_key(hit.key, "AAA", "1", "zef:a");
    }
    free(text);
    tear_down(&f);
}

/* Of a template of one's own: any path may be a download, and not any can be kept. */
static void
what_cannot_be_kept_is_not_parked(void **state)
{
    struct record bad = request("/files/%ff"), nul = request("/files/a%00b"), good = request("/files/a");
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, &dataset_stats_auth, "/files/{name}");
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &bad, &hit), FILTER_UNKNOWN_DIST);
    assert_int_equal(f.picker.parked.key.n, 0);
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &nul, &hit), FILTER_UNKNOWN_DIST);
    assert_int_equal(f.picker.parked.key.n, 0);
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &good, &hit), FILTER_UNKNOWN_DIST);
    assert_parked(&f, "a");
    tear_down(&f);
}

static void
totals_are_one_for_each_auth(void **state)
{
    struct record rec = request("/P/OL/" SHA ".tar.gz"), other = request("/P/OL/" SHA2 ".tar.gz");
    uint8_t total[KEY_BYTES_MAX], again[KEY_BYTES_MAX];
    struct fixture f;
    struct hit hit;
    size_t n;

    (void)state;
    set_up(&f, &dataset_stats_auth, NULL);
    know(&f, "P/OL/" SHA ".tar.gz", "P", "1", "zef:a");
    know(&f, "P/OL/" SHA2 ".tar.gz", "P", NULL, "zef:b");
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &rec, &hit), KEEP);
    n = dataset_stats_auth.total(hit.key, total);
    assert_key((struct slice){ (const char *)total, n }, "P", NULL, "zef:a");
    assert_true(memcmp(total, hit.key.p, n) < 0);
    assert_int_equal(dataset_stats_auth.group(hit.key), 3);
    assert_int_equal(dataset_stats_auth.total((struct slice){ (const char *)total, n }, again), n);
    assert_memory_equal(again, total, n);
    assert_int_equal(dataset_stats_auth.pick(&f.picker, &other, &hit), KEEP);
    n = dataset_stats_auth.total(hit.key, total);
    assert_int_equal(n, hit.key.n); /* without a version it is its own */
    assert_memory_equal(total, hit.key.p, n);
    tear_down(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_of_a_path),
        cmocka_unit_test(what_is_no_download),
        cmocka_unit_test(a_table_without_auth),
        cmocka_unit_test(meta_that_lacks_something),
        cmocka_unit_test(an_unknown_tarball_is_parked),
        cmocka_unit_test(a_long_path_is_parked_by_its_file),
        cmocka_unit_test(what_cannot_be_kept_is_not_parked),
        cmocka_unit_test(totals_are_one_for_each_auth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
