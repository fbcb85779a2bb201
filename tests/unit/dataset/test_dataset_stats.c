/*
 * Records into downloads: which count, under which key, and the totals of their rows.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY 19723 /* 2024-01-01 */

struct fixture {
    struct rules      rules;
    struct client_key key;
    struct picker     picker;
};

static void
set_up(struct fixture *f, const char *template)
{
    struct err err = { 0 };

    assert_int_equal(
        rules_init(&f->rules, NULL, &template, template != NULL, DAY - 10, DAY + 10, &err), ST_OK);
    client_key_none(&f->key);
    assert_int_equal(picker_init(&f->picker, &dataset_stats, &f->rules, &f->key, &err), ST_OK);
}

static void
tear_down(struct fixture *f)
{
    picker_release(&f->picker);
    rules_release(&f->rules);
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
assert_key(struct slice key, const char *name, const char *version, int32_t day)
{
    const uint8_t *at = (const uint8_t *)key.p;
    struct slice got = key_get_text(&at);

    assert_true(slice_eq(got, slice_of(name)));
    got = key_get_text(&at);
    assert_int_equal(got.p != NULL, version != NULL);
    if (version != NULL)
        assert_true(slice_eq(got, slice_of(version)));
    assert_int_equal(key_get_day(&at), day);
    assert_ptr_equal(at, key.p + key.n);
}

static void
a_download_becomes_a_hit(void **state)
{
    struct record rec = request("/gems/rails-7.0.1.gem?x");
    struct fixture f;
    struct hit hit;
    uint64_t h[2];

    (void)state;
    set_up(&f, NULL);
    memset(&hit, 0xee, sizeof hit);
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, "rails", "7.0.1", DAY);
    assert_int_equal(hit.day, DAY);
    assert_int_equal(hit.sums[0], 1);
    assert_int_equal(hit.sums[1], 42);
    assert_int_equal(hit.sums[2], 0);
    assert_true(hit.has_client);
    murmur3_x64_128("192.0.2.7", 9, h);
    assert_int_equal(hit.client, h[0]);
    assert_string_equal(f.picker.ecosystem, "rubygems");
    tear_down(&f);
}

static void
order_of_the_tests(void **state)
{
    static const char too_long[] = "/gems/%ff-1.0.gem";
    struct record rec = request(too_long);
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, NULL);
    rec.why = REJECT_TIME;
    rec.method = SLICE("HEAD");
    rec.status = 404;
    rec.day = DAY + 10;
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), REJECT_TIME);
    rec.why = KEEP;
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_METHOD);
    rec.method = SLICE("GET");
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_STATUS);
    rec.status = 206;
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_RANGE);
    rec.range = RANGE_ZERO;
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_DATE_RANGE);
    rec.day = DAY + 9;
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), REJECT_ENCODING);
    rec.path = SLICE("/favicon.ico");
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_NOT_A_DOWNLOAD);
    /* What does not count says nothing about the table. */
    assert_string_equal(f.picker.ecosystem, "");
    tear_down(&f);
}

static void
a_record_without_path(void **state)
{
    struct record rec = { .ok = true, .day = DAY, .network = SLICE("GE"), .client = SLICE("1") };
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, NULL);
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_NOT_A_DOWNLOAD);
    tear_down(&f);
}

static void
a_path_is_decoded(void **state)
{
    struct record rec = request("https://x/api/crates/a/1.0.0%252Bb/download");
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, NULL);
    /* Decoded once, its "%2B" is no SemVer. */
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_NOT_A_DOWNLOAD);
    rec.path_decodes = 2;
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, "a", "1.0.0+b", DAY);
    tear_down(&f);
}

/* The name may stand in the scratch memory that the client's message is made in. */
static void
a_decoded_name_and_a_keyed_client(void **state)
{
    struct record rec = request("/gems/r%61ils-7.0.1.gem");
    struct fixture f;
    struct hit hit;
    uint64_t want;

    (void)state;
    set_up(&f, NULL);
    client_key_throwaway(&f.key);
    rec.client = SLICE("proxy.example.org");
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, "rails", "7.0.1", DAY);
    assert_true(client_hash(&f.key, CLIENT_KEYED, rec.client, DAY, &want));
    assert_int_equal(hit.client, want);
    tear_down(&f);
}

static void
a_route_without_version(void **state)
{
    struct record rec = request("/x/y");
    struct fixture f;
    struct hit hit;
    uint8_t total[KEY_BYTES_MAX];

    (void)state;
    set_up(&f, "/x/{name}");
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, "y", NULL, DAY);
    assert_int_equal(dataset_stats.total(hit.key, total), hit.key.n); /* it is its own total */
    assert_memory_equal(total, hit.key.p, hit.key.n);
    tear_down(&f);
}

static void
another_ecosystem(void **state)
{
    struct record gem = request("/gems/rails-7.0.1.gem"), tar = request("/tarballs/ecto-1.0.tar"),
                  bad = request("/tarballs/%ff-1.0.tar");
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, NULL);
    assert_int_equal(dataset_stats.pick(&f.picker, &bad, &hit), REJECT_ENCODING);
    assert_int_equal(dataset_stats.pick(&f.picker, &gem, &hit), KEEP);
    assert_int_equal(dataset_stats.pick(&f.picker, &tar, &hit), FILTER_OTHER_ECOSYSTEM);
    assert_int_equal(dataset_stats.pick(&f.picker, &bad, &hit), REJECT_ENCODING);
    assert_int_equal(dataset_stats.pick(&f.picker, &gem, &hit), KEEP);
    assert_string_equal(f.picker.ecosystem, "rubygems");
    tear_down(&f);

    set_up(&f, NULL);
    /* What the table holds already. */
    snprintf(f.picker.ecosystem, sizeof f.picker.ecosystem, "hex");
    assert_int_equal(dataset_stats.pick(&f.picker, &gem, &hit), FILTER_OTHER_ECOSYSTEM);
    assert_int_equal(dataset_stats.pick(&f.picker, &tar, &hit), KEEP);
    tear_down(&f);
}

static void
the_longest_key(void **state)
{
    char path[2048];
    struct record rec;
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, NULL);
    snprintf(path, sizeof path, "/gems/%0512d-%0510d.0.gem", 0, 1);
    path[6] = 'a';
    rec = request(path);
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_int_equal(hit.key.n, 512 + 2 + 512 + 2 + 4);
    snprintf(path, sizeof path, "/gems/%0513d-%0510d.0.gem", 0, 1);
    path[6] = 'a';
    rec = request(path);
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), REJECT_KEY_TOO_LONG);
    tear_down(&f);
}

/* ---- clients, remembered ---- */

static void
the_remembered_client_is_the_right_one(void **state)
{
    static const char *const clients[] = {
        "1.2.3.4", "1.2.3.4", "1.2.3.5", "1.2.3", "", "1.2.3.4", "-", "1.2.3.4", "::ffff:1.2.3.4", "::1", "::1", "x",
        "a-text-that-is-longer-than-the-sixty-four-bytes-which-the-picker-remembers-1",
        "a-text-that-is-longer-than-the-sixty-four-bytes-which-the-picker-remembers-2", "x", "y",
        "sixty-four-bytes-sixty-four-bytes-sixty-four-bytes-sixty-four-b1", "sixty-four-bytes-sixty-four-bytes-sixty-four-bytes-sixty-four-b2",
    };
    struct fixture f;

    (void)state;
    set_up(&f, NULL);
    client_key_throwaway(&f.key);
    f.key.n_epochs = 2;
    f.key.epochs[1].from_day = DAY + 1;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
            for (int32_t day = DAY; day < DAY + 3; day++) {
                struct record rec = request("/gems/rails-7.0.1.gem");
                struct hit hit;
                uint64_t want = 0;

                rec.client = slice_of(clients[i]);
                rec.day = day;
                assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
                assert_int_equal(hit.has_client,
                                 client_hash(&f.key, CLIENT_KEYED, rec.client, day, &want));
                assert_int_equal(hit.client, want);
            }
        }
    }
    tear_down(&f);
}

static void
a_megabyte_of_client(void **state)
{
    struct record rec = request("/gems/rails-7.0.1.gem");
    char *text = malloc(LINE_BYTES_MAX);
    struct fixture f;
    struct hit hit;
    uint64_t want;

    (void)state;
    assert_non_null(text);
    memset(text, 'c', LINE_BYTES_MAX);
    set_up(&f, NULL);
    client_key_throwaway(&f.key);
    rec.client = (struct slice){ text, LINE_BYTES_MAX };
    assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_true(client_hash(&f.key, CLIENT_KEYED, rec.client, DAY, &want));
    assert_int_equal(hit.client, want);
    free(text);
    tear_down(&f);
}

static void
a_megabyte_of_path(void **state)
{
    static const char *const units[] = {
        "/a/a/a", "%25%25", "-1.-1.", "/crates/", "/x-1.0", "%2f",
    };
    char *text = malloc(LINE_BYTES_MAX);
    struct fixture f;
    struct hit hit;

    (void)state;
    assert_non_null(text);
    set_up(&f, "**/{name}-{version}/x/**");
    for (size_t u = 0; u < ARRAY_LEN(units); u++) {
        struct record rec = request("/");

        for (size_t i = 0; i < LINE_BYTES_MAX; i++)
            text[i] = units[u][i % strlen(units[u])];
        rec.path = (struct slice){ text, LINE_BYTES_MAX };
        rec.path_decodes = 2;
        assert_int_equal(dataset_stats.pick(&f.picker, &rec, &hit), FILTER_NOT_A_DOWNLOAD);
    }
    free(text);
    tear_down(&f);
}

/* ---- totals ---- */

static void
totals_share_the_name_and_sort_first(void **state)
{
    static const struct {
        const char *name, *version;
        int32_t     day;
    } keys[] = {
        { "a", "1", DAY }, { "a", "", 0 }, { "", "1", DAY }, { "a", NULL, DAY }, { "ab", "2.0", DAY_MAX },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        uint8_t key[KEY_BYTES_MAX], total[KEY_BYTES_MAX];
        uint8_t *end = key_put_text(key, slice_of(keys[i].name));
        size_t n, group = (size_t)(end - key);
        struct slice s;

        end = key_put_text(end, keys[i].version != NULL ? slice_of(keys[i].version)
                                                        : (struct slice){ NULL, 0 });
        end = key_put_day(end, keys[i].day);
        s = (struct slice){ (const char *)key, (size_t)(end - key) };
        n = dataset_stats.total(s, total);
        assert_key((struct slice){ (const char *)total, n }, keys[i].name, NULL, keys[i].day);
        assert_int_equal(dataset_stats.group(s), group);
        assert_int_equal(dataset_stats.group((struct slice){ (const char *)total, n }), group);
        assert_memory_equal(key, total, group);
        if (keys[i].version != NULL)
            assert_true(memcmp(total, key, group + 1) < 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_download_becomes_a_hit),
        cmocka_unit_test(order_of_the_tests),
        cmocka_unit_test(a_record_without_path),
        cmocka_unit_test(a_path_is_decoded),
        cmocka_unit_test(a_decoded_name_and_a_keyed_client),
        cmocka_unit_test(a_route_without_version),
        cmocka_unit_test(another_ecosystem),
        cmocka_unit_test(the_longest_key),
        cmocka_unit_test(the_remembered_client_is_the_right_one),
        cmocka_unit_test(a_megabyte_of_client),
        cmocka_unit_test(a_megabyte_of_path),
        cmocka_unit_test(totals_share_the_name_and_sort_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
