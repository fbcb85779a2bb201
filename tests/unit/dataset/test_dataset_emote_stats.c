/*
 * Changes of emotes into days.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY 19738 /* 2024-01-16 */

static void
changes_go_both_ways(void **state)
{
    struct given given = { .is_change = true, .emote = { 1, [15] = 0xff } };
    struct given none = { .summed = true };
    struct record rec = { .day = DAY, .given = &given };
    struct rules rules;
    struct client_key key;
    struct picker picker;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(rules_init(&rules, NULL, NULL, 0, DAY, DAY + 1, &err), ST_OK);
    client_key_none(&key);
    assert_int_equal(picker_init(&picker, &dataset_emote_stats, &rules, &key, &err), ST_OK);
    for (given.change = -1; given.change <= 1; given.change += 2) {
        struct hit hit;
        const uint8_t *at;

        memset(&hit, 0xee, sizeof hit);
        assert_int_equal(dataset_emote_stats.pick(&picker, &rec, &hit), KEEP);
        assert_int_equal(hit.sums[0], given.change);
        assert_int_equal(hit.day, DAY);
        assert_false(hit.has_client);
        assert_null(hit.sketch.p);
        at = (const uint8_t *)hit.key.p;
        assert_memory_equal(key_get_uuid(&at), given.emote, 16);
        assert_int_equal(key_get_day(&at), DAY);
        assert_ptr_equal(at, hit.key.p + hit.key.n);
        assert_int_equal(dataset_emote_stats.bucket, BUCKET_DAY);
    }
    {
        struct hit hit;

        rec.day = DAY + 1;
        assert_int_equal(dataset_emote_stats.pick(&picker, &rec, &hit), FILTER_DATE_RANGE);
        rec.given = &none;
        assert_int_equal(dataset_emote_stats.pick(&picker, &rec, &hit), FILTER_OTHER_SERVICE);
        rec.given = NULL;
        assert_int_equal(dataset_emote_stats.pick(&picker, &rec, &hit), FILTER_OTHER_SERVICE);
        rec.why = REJECT_TIME;
        assert_int_equal(dataset_emote_stats.pick(&picker, &rec, &hit), REJECT_TIME);
    }
    picker_release(&picker);
    rules_release(&rules);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
