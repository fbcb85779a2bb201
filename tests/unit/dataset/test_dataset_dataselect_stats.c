/*
 * Traces and failed requests into months.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"
#include "mmdb.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY 19739 /* 2024-01-17 */
#define MONTH 19723

struct fixture {
    struct rules      rules;
    struct client_key key;
    struct picker     picker;
};

static void
set_up(struct fixture *f, int32_t since, int32_t until)
{
    struct err err = { 0 };

    assert_int_equal(rules_init(&f->rules, NULL, NULL, 0, since, until, &err), ST_OK);
    client_key_throwaway(&f->key);
    assert_int_equal(picker_init(&f->picker, &dataset_dataselect_stats, &f->rules, &f->key, &err),
                     ST_OK);
}

static void
tear_down(struct fixture *f)
{
    picker_release(&f->picker);
    rules_release(&f->rules);
}

static struct record
trace(void)
{
    return (struct record){ .ok = true, .day = DAY, .bytes = 42, .client = SLICE("1497164453"),
                            .network = SLICE("GE"), .station = SLICE("EIL"), .location = SLICE(""),
                            .channel = SLICE("BHZ"), .country = SLICE("DE") };
}

static void
assert_key(struct slice key, int32_t month, const char *const codes[5])
{
    const uint8_t *at = (const uint8_t *)key.p;

    assert_int_equal(key_get_day(&at), month);
    for (int i = 0; i < 5; i++) {
        struct slice got = key_get_text(&at);

        assert_non_null(got.p);
        assert_true(slice_eq(got, slice_of(codes[i])));
    }
    assert_ptr_equal(at, key.p + key.n);
}

static void
an_ok_trace(void **state)
{
    static const char *const codes[] = { "GE", "EIL", "", "BHZ", "DE" };
    struct record rec = trace();
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, DAY_NONE, DAY_NONE);
    memset(&hit, 0xee, sizeof hit);
    assert_int_equal(dataset_dataselect_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, MONTH, codes);
    assert_int_equal(hit.day, MONTH);
    assert_int_equal(hit.sums[0], 42);
    assert_int_equal(hit.sums[1], 1);
    assert_int_equal(hit.sums[2], 1);
    assert_int_equal(hit.sums[3], 0);
    assert_true(hit.has_client);
    assert_int_equal((int64_t)hit.client, 1754158144); /* EIDA's hash, whatever the client key */
    tear_down(&f);
}

static void
a_failed_request(void **state)
{
    static const char *const codes[] = { "", "", "--", "", "" };
    struct record rec = { .day = DAY, .bytes = 42, .location = SLICE("--"), .client = SLICE("-") };
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, DAY_NONE, DAY_NONE);
    assert_int_equal(dataset_dataselect_stats.pick(&f.picker, &rec, &hit), KEEP);
    assert_key(hit.key, MONTH, codes); /* empty, not NULL, though the slices were */
    assert_int_equal(hit.sums[0], 0);
    assert_int_equal(hit.sums[1], 1);
    assert_int_equal(hit.sums[2], 0);
    assert_int_equal(hit.sums[3], 1);
    assert_false(hit.has_client);
    tear_down(&f);
}

static void
codes_that_do_not_fit(void **state)
{
    static const struct {
        size_t      column;
        const char *text;
        enum reason want;
    } cases[] = {
        { 0, "Z32015", KEEP },  { 0, "Z320150", REJECT_KEY_TOO_LONG },
        { 1, "ABCDE", KEEP },   { 1, "ABCDEF", REJECT_KEY_TOO_LONG },
        { 2, "00", KEEP },      { 2, "000", REJECT_KEY_TOO_LONG },
        { 3, "BHZ", KEEP },     { 3, "BHZZ", REJECT_KEY_TOO_LONG },
        { 4, "DEU", REJECT_KEY_TOO_LONG },
        { 1, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", KEEP },
        { 0, "\xff", REJECT_ENCODING }, { 3, "\xc3", REJECT_ENCODING }, { 4, "\xff\xff\xff", REJECT_ENCODING },
    };
    struct fixture f;

    (void)state;
    set_up(&f, DAY_NONE, DAY_NONE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record rec = trace();
        struct slice *columns[] = { &rec.network, &rec.station, &rec.location, &rec.channel,
                                    &rec.country };
        struct hit hit;

        *columns[cases[i].column] = slice_of(cases[i].text);
        if (dataset_dataselect_stats.pick(&f.picker, &rec, &hit) != cases[i].want)
            fail_msg("case %zu", i);
    }
    {
        struct record rec = trace();
        struct hit hit;

        rec.station = SLICE("A\0B");
        assert_int_equal(dataset_dataselect_stats.pick(&f.picker, &rec, &hit), REJECT_ENCODING);
    }
    tear_down(&f);
}

static void
days_and_months(void **state)
{
    static const struct {
        int32_t     day, month;
        enum reason want;
    } cases[] = {
        { 19753, 19723, KEEP },             /* 2024-01-31 */
        { 19754, 19754, KEEP },             /* 2024-02-01 */
        { 19782, 19754, KEEP },             /* 2024-02-29 */
        { 19754, 19754, KEEP }, { 19753, 19723, KEEP },
        { 19783, 0, FILTER_DATE_RANGE }, { 19738, 0, FILTER_DATE_RANGE }, { 19739, 19723, KEEP },
    };
    struct fixture f;

    (void)state;
    set_up(&f, 19739, 19783);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record rec = trace();
        struct hit hit;

        rec.day = cases[i].day;
        assert_int_equal(dataset_dataselect_stats.pick(&f.picker, &rec, &hit), cases[i].want);
        if (cases[i].want == KEEP)
            assert_int_equal(hit.day, cases[i].month);
    }
    tear_down(&f);
}

/* What an aggregator has summed up is added as it is; a sketch must be one of ours. */
static void
sums_of_an_aggregator(void **state)
{
    static const char one[] = "\x12\x8b\x7f\x00\x00\x00\x00\x68\x8e\x54\x40";
    static const struct {
        const char *name;
        struct slice sketch;
        enum reason want;
    } cases[] = {
        { "one_client", { one, 11 }, KEEP },
        { "empty", SLICE("\x11\x8b\x7f"), KEEP },
        { "cut", { one, 10 }, REJECT_SKETCH },
        { "no_client", { one, 3 }, REJECT_SKETCH },
        { "header_alone", { one, 2 }, REJECT_SKETCH },
        { "nothing", SLICE(""), REJECT_SKETCH },
        { "other_registers", SLICE("\x11\x8e\x7f"), REJECT_SKETCH },
        { "undefined", SLICE("\x10\x8b\x7f"), REJECT_SKETCH },
        { "sparse_with_a_zero", SLICE("\x13\x8b\x7f\x00\x20"), REJECT_SKETCH },
        { "sparse", SLICE("\x13\x8b\x7f\x00\x21"), KEEP },
    };
    struct fixture f;

    (void)state;
    set_up(&f, DAY_NONE, DAY_NONE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct given given = { .summed = true, .n_requests = 9, .n_ok = 5, .n_failed = 3,
                               .sketch = cases[i].sketch };
        struct record rec = trace();
        struct hit hit;

        rec.given = &given;
        if (dataset_dataselect_stats.pick(&f.picker, &rec, &hit) != cases[i].want)
            fail_msg("%s", cases[i].name);
        if (cases[i].want != KEEP)
            continue;
        assert_int_equal(hit.sums[0], 42);
        assert_int_equal(hit.sums[1], 9);
        assert_int_equal(hit.sums[2], 5);
        assert_int_equal(hit.sums[3], 3);
        assert_false(hit.has_client);
        assert_ptr_equal(hit.sketch.p, cases[i].sketch.p);
    }
    tear_down(&f);
}

static void
what_is_not_ours(void **state)
{
    struct record web = { .path = SLICE("/a"), .method = SLICE("GET"), .status = 200, .day = DAY },
                  other = { .why = FILTER_OTHER_SERVICE, .day = DAY_NONE };
    struct fixture f;
    struct hit hit;

    (void)state;
    set_up(&f, DAY_NONE, DAY_NONE);
    assert_int_equal(dataset_dataselect_stats.pick(&f.picker, &web, &hit), FILTER_OTHER_SERVICE);
    assert_int_equal(dataset_dataselect_stats.pick(&f.picker, &other, &hit), FILTER_OTHER_SERVICE);
    tear_down(&f);
}

/* What the log says stands; a file is asked about addresses alone. */
static void
countries_of_addresses(void **state)
{
    static const struct {
        struct slice client, logged;
        const char  *want;
    } cases[] = {
        { SLICE("192.0.2.9"), { NULL, 0 }, "CH" },
        { SLICE("192.0.2.9"), SLICE(""), "CH" },
        { SLICE("192.0.2.9"), SLICE("DE"), "DE" },
        { SLICE("::ffff:192.0.2.9"), { NULL, 0 }, "CH" },
        { SLICE("192.0.3.9"), { NULL, 0 }, "" },
        { SLICE("1497164453"), { NULL, 0 }, "" },
        { SLICE("-"), { NULL, 0 }, "" },
        { SLICE(""), { NULL, 0 }, "" },
    };
    char path[] = "/tmp/ingest-country-XXXXXX";
    struct mmdb_tree *tree = malloc(sizeof *tree);
    int fd = mkstemp(path);
    struct fixture f;
    struct err err;
    enum st rc;

    (void)state;
    assert_true(fd >= 0 && tree != NULL);
    close(fd);
    mmdb_start(tree);
    mmdb_put(tree, "192.0.2.0/24", "country.iso_code", "CH");
    assert_true(mmdb_write(tree, path));
    free(tree);
    set_up(&f, DAY_NONE, DAY_NONE);
    rc = country_open(&f.rules.countries, path, &err);
    unlink(path);
    for (size_t i = 0; rc == ST_OK && i < ARRAY_LEN(cases); i++) {
        struct record rec = trace();
        struct hit hit;

        rec.client = cases[i].client;
        rec.country = cases[i].logged;
        assert_int_equal(dataset_dataselect_stats.pick(&f.picker, &rec, &hit), KEEP);
        assert_key(hit.key, MONTH, (const char *const[]){ "GE", "EIL", "", "BHZ", cases[i].want });
    }
    tear_down(&f);
    if (rc != ST_OK) /* a build without libmaxminddb */
        skip();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ok_trace),
        cmocka_unit_test(a_failed_request),
        cmocka_unit_test(codes_that_do_not_fit),
        cmocka_unit_test(days_and_months),
        cmocka_unit_test(sums_of_an_aggregator),
        cmocka_unit_test(what_is_not_ours),
        cmocka_unit_test(countries_of_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
