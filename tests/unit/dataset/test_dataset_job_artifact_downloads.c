/*
 * Paths of builds.rs: which name an artifact, which do not, and what waits for its job.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY 19723 /* 2024-01-01 */

static const struct dataset *const d = &dataset_job_artifact_downloads;

struct fixture {
    struct rules      rules;
    struct client_key key;
    struct picker     picker;
    struct catalog   *catalog;
};

static void
add(struct catalog *c, const char *name, int64_t id)
{
    struct catalog_entry entry = { .id = id };
    struct err err = { 0 };

    assert_int_equal(catalog_add(c, slice_of(name), &entry, &err), ST_OK);
}

/* What the tables of builds.rs give: names with '-', '_', '+' that a file's name does not tell apart. */
static void
set_up(struct fixture *f)
{
    struct err err = { 0 };

    assert_int_equal(rules_init(&f->rules, NULL, NULL, 0, DAY - 10, DAY + 10, &err), ST_OK);
    client_key_none(&f->key);
    assert_int_equal(picker_init(&f->picker, d, &f->rules, &f->key, &err), ST_OK);
    f->catalog = catalog_new(CATALOG_ARTIFACTS, &err);
    assert_non_null(f->catalog);
    add(f->catalog, "serde/1.0.1/x86_64-unknown-linux-gnu/serde_1.0.1_x86_64-unknown-linux-gnu.tar.gz", 7);
    add(f->catalog, "serde/1.0.1/binaries/x86_64-unknown-linux-gnu", 7);
    add(f->catalog, "my_crate/0.1.0+5.3.0/i686/my_crate_0.1.0+5.3.0_i686.deb", INT64_MAX);
    add(f->catalog, "odd/1.0/generic/README", 9);
    f->picker.catalog = f->catalog;
}

static void
tear_down(struct fixture *f)
{
    picker_release(&f->picker);
    rules_release(&f->rules);
    catalog_free(f->catalog);
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
assert_hit(const struct hit *hit, int64_t id)
{
    const uint8_t *at = (const uint8_t *)hit->key.p;

    assert_true(key_get_int(&at) == id);
    assert_int_equal(key_get_day(&at), DAY);
    assert_ptr_equal(at, hit->key.p + hit->key.n);
    assert_int_equal(hit->day, DAY);
    assert_int_equal(hit->sums[0], 1);
    assert_int_equal(hit->sums[1], 0);
    assert_false(hit->has_client);
}

/* ---- the cases ---- */

/* A path that ends where a version would begin: not a byte behind it is looked at. */
static void
ends_before_its_version(void **state)
{
    static const char *const names[] = { "/bucket/serde_", "/serde__", "/_", "/serde_x_" };
    struct fixture f;

    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i]);
        char *exact = malloc(n);
        struct record rec = request("");
        struct hit hit = { 0 };

        assert_non_null(exact);
        memcpy(exact, names[i], n);
        rec.path = (struct slice){ exact, n };
        assert_int_not_equal(d->pick(&f.picker, &rec, &hit), KEEP);
        free(exact);
    }
    tear_down(&f);
}

static void
paths_that_name_an_artifact(void **state)
{
#define FILE7 "serde_1.0.1_x86_64-unknown-linux-gnu.tar.gz"
    static const struct {
        const char *path;
        int64_t     id;
        unsigned    decodes; /* 0: once */
    } cases[] = {
        { "/api/v1/crates/serde/1.0.1/x86_64-unknown-linux-gnu/" FILE7, 7, 0 },
        { "/crates/serde/1.0.1/x86_64-unknown-linux-gnu/" FILE7, 7, 0 },
        { "/crates/serde/1.0.1/x86_64-unknown-linux-gnu/" FILE7 "?X-Amz-Date=1&a=/b_1_c.d", 7, 0 },
        { "https://builds.rs/api/v1/crates/serde/1.0.1/x86_64-unknown-linux-gnu/" FILE7, 7, 0 },
        { "/crates/serde/1.0.1/binaries/x86_64-unknown-linux-gnu", 7, 0 },
        { "/api/v1/crates/serde/1.0.1/binaries/x86_64-unknown-linux-gnu?", 7, 0 },
        { "/" FILE7, 7, 0 },
        { "/bucket/prefix/" FILE7 "?versionId=3", 7, 0 },
        { "https://s3.example.org/bucket/" FILE7, 7, 0 },
        { "/crates/my_crate/0.1.0+5.3.0/i686/my_crate_0.1.0+5.3.0_i686.deb", INT64_MAX, 0 },
        { "/crates/my_crate/0.1.0%2B5.3.0/i686/my_crate_0.1.0%2b5.3.0_i686.deb", INT64_MAX, 0 },
        { "/crates/my_crate/0.1.0%252B5.3.0/i686/my_crate_0.1.0%252B5.3.0_i686.deb", INT64_MAX, 2 },
        { "/bucket/my%5Fcrate_0.1.0%2B5.3.0_i686.deb", INT64_MAX, 0 },
        { "/bucket/my_crate_0.1.0%252B5.3.0_i686.deb", INT64_MAX, 2 },
        { "/crates/odd/1.0/generic/README", 9, 0 }, /* what the tables name need not look like one */
        { "/bucket/README", 9, 0 },
    };
    struct fixture f;

    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record rec = request(cases[i].path);
        struct hit hit;
        enum reason why;

        memset(&hit, 0xee, sizeof hit);
        rec.path_decodes = (uint8_t)(cases[i].decodes != 0 ? cases[i].decodes : 1);
        if ((why = d->pick(&f.picker, &rec, &hit)) != KEEP)
            fail_msg("%s: %s", cases[i].path, reason_name(why));
        assert_hit(&hit, cases[i].id);
    }
    tear_down(&f);
}

static void
paths_that_name_none(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "*",
        "/favicon.ico",
        "/api/v1/crates",
        "/api/v1/crates/serde",
        "/api/v1/crates/serde/1.0.1",
        "/api/v1/crates/serde/1.0.1/x86_64",
        "/crates/serde/1.0.1/x86_64/", /* an empty part */
        "/crates//1.0.1/x86_64/a",
        "/crates/serde/1.0.1//a",
        "/crates/serde/1.0.1/x86_64/a/b",
        "/static/app_v2.js",
        "/a_b_c",
        "/_1_2.x", /* no crate */
        "/a_1.x",  /* no target */
        "/a_b_c.x",
        "/a_1_2",
        "/serde_1.0.1_x86_64.tar.gz/",
    };
    struct fixture f;

    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct record rec = request(paths[i]);
        struct hit hit;
        enum reason why = d->pick(&f.picker, &rec, &hit);

        if (why != FILTER_NOT_A_DOWNLOAD)
            fail_msg("%s: %s", paths[i], reason_name(why));
    }
    tear_down(&f);
}

static void
what_is_not_known_yet_is_parked(void **state)
{
    static const struct {
        const char *path, *parked;
        unsigned    decodes;
    } cases[] = {
        { "/api/v1/crates/New/1.0/t/f", "crates/New/1.0/t/f", 1 },
        { "/crates/New/1.0/t/f?x", "crates/New/1.0/t/f", 1 },
        { "https://h/api/v1/crates/New/1.0/binaries/t", "crates/New/1.0/binaries/t", 1 },
        { "/crates/Serde/1.0.1/x86_64-unknown-linux-gnu/" FILE7, /* case matters */
          "crates/Serde/1.0.1/x86_64-unknown-linux-gnu/" FILE7, 1 },
        /* A file of another crate's job: the API's path is looked up as a whole. */
        { "/crates/other/1.0.1/x86_64-unknown-linux-gnu/" FILE7,
          "crates/other/1.0.1/x86_64-unknown-linux-gnu/" FILE7, 1 },
        { "/b/my_crate_0.1.0%2B5_i686.deb", "my_crate_0.1.0+5_i686.deb", 1 },
        { "/b/my_crate_0.1.0%252B5_i686.deb", "my_crate_0.1.0%2B5_i686.deb", 1 },
        { "/b/my_crate_0.1.0%252B5_i686.deb", "my_crate_0.1.0+5_i686.deb", 2 },
        { "/b/a_x_1.0_t.metadata.json", "a_x_1.0_t.metadata.json", 1 },
        { "/b/\xc3\xa9_1_t.x", "\xc3\xa9_1_t.x", 1 },
    };
    struct fixture f;

    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record rec = request(cases[i].path);
        const struct hit *parked = &f.picker.parked;
        const uint8_t *at;
        struct slice path;
        struct hit hit;

        rec.path_decodes = (uint8_t)cases[i].decodes;
        assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_UNKNOWN_ARTIFACT);
        at = (const uint8_t *)parked->key.p;
        assert_non_null(at);
        path = key_get_text(&at);
        if (!slice_eq(path, slice_of(cases[i].parked)))
            fail_msg("%s: parked as %.*s", cases[i].path, (int)path.n, path.p);
        assert_int_equal(key_get_day(&at), DAY);
        assert_ptr_equal(at, parked->key.p + parked->key.n);
        assert_int_equal(parked->day, DAY);
        assert_int_equal(parked->sums[0], 1);
        assert_int_equal(parked->sums[1], 42);
        assert_false(parked->has_client);
    }
    tear_down(&f);
}

/* What was parked is asked for again under the name it was parked under. */
static void
a_parked_name_finds_its_artifact(void **state)
{
    struct record rec = request("/api/v1/crates/New/1.0%2B1/t/New_1.0%2B1_t.deb");
    struct catalog_entry entry = { .id = 3 };
    uint8_t key[KEY_BYTES_MAX];
    const uint8_t *at;
    struct fixture f;
    struct hit hit;
    size_t n;

    (void)state;
    set_up(&f);
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_UNKNOWN_ARTIFACT);
    add(f.catalog, "New/1.0+1/t/New_1.0+1_t.deb", 12);
    at = (const uint8_t *)f.picker.parked.key.p;
    assert_true(catalog_find(f.catalog, key_get_text(&at), &entry));
    assert_int_equal(entry.id, 12);
    n = d->entry_key(d, &entry, DAY, key);
    hit = (struct hit){ .key = { (char *)key, n }, .day = DAY, .sums = { 1 } };
    assert_hit(&hit, 12);
    tear_down(&f);
}

/* Without a database nobody knows the number of an artifact, and there is nowhere to wait. */
static void
without_a_catalog_nothing_counts(void **state)
{
    struct record rec = request("/" FILE7);
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f);
    f.picker.catalog = NULL;
    f.picker.parked.key.n = 1;
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_UNKNOWN_ARTIFACT);
    assert_int_equal(f.picker.parked.key.n, 0);
    rec.path = SLICE("/favicon.ico");
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_NOT_A_DOWNLOAD);
    tear_down(&f);
}

static void
order_of_the_tests(void **state)
{
    struct record rec = request("/" FILE7);
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f);
    rec.why = REJECT_TIME;
    rec.method = SLICE("HEAD");
    rec.status = 302; /* the backend sends on to the store, which logs the 200 */
    rec.day = DAY + 10;
    assert_int_equal(d->pick(&f.picker, &rec, &hit), REJECT_TIME);
    rec.why = KEEP;
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_METHOD);
    rec.method = SLICE("GET");
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_STATUS);
    rec.status = 206;
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_RANGE);
    rec.range = RANGE_ZERO;
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_DATE_RANGE);
    rec.day = DAY;
    assert_int_equal(d->pick(&f.picker, &rec, &hit), KEEP);
    rec.path = SLICE("/crates/a/1/t/%ff");
    assert_int_equal(d->pick(&f.picker, &rec, &hit), REJECT_ENCODING);
    rec.path = SLICE("/crates/a/1/t/%00");
    assert_int_equal(d->pick(&f.picker, &rec, &hit), REJECT_ENCODING);
    rec.path.p = NULL;
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_NOT_A_DOWNLOAD);
    tear_down(&f);
}

static void
long_paths_are_none(void **state)
{
    static char path[200000] = "/crates/a/1/t/";
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f);
    for (size_t n = 1000; n < sizeof path - 20; n = n < 1040 ? n + 1 : n * 3) {
        struct record rec;

        memset(path + 14, 'x', n);
        path[14 + n] = '\0';
        rec = request(path);
        assert_int_equal(d->pick(&f.picker, &rec, &hit),
                         n + 13 <= 1024 ? FILTER_UNKNOWN_ARTIFACT : FILTER_NOT_A_DOWNLOAD);
        assert_true(f.picker.parked.key.n <= KEY_BYTES_MAX);
    }
    memset(path, '_', sizeof path - 1); /* and take no time */
    path[0] = '/';
    struct record rec = request(path);
    assert_int_equal(d->pick(&f.picker, &rec, &hit), FILTER_NOT_A_DOWNLOAD);
    tear_down(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_name_an_artifact),
        cmocka_unit_test(paths_that_name_none),
        cmocka_unit_test(ends_before_its_version),
        cmocka_unit_test(what_is_not_known_yet_is_parked),
        cmocka_unit_test(a_parked_name_finds_its_artifact),
        cmocka_unit_test(without_a_catalog_nothing_counts),
        cmocka_unit_test(order_of_the_tests),
        cmocka_unit_test(long_paths_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
