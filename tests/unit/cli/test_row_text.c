/*
 * Keys of rows as words, and back: what is printed can be said again.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "row_text.h"

static uint8_t key[KEY_BYTES_MAX];
static size_t n_key;
static int32_t day;

static enum st
read_words(const char *dataset, const char *const *words, struct err *err)
{
    char *copy[12];
    size_t n = 0;
    enum st rc;

    for (; words[n] != NULL; n++)
        copy[n] = strdup(words[n]);
    rc = row_key_read(dataset_by_name(dataset), copy, n, key, &n_key, &day, err);
    for (size_t i = 0; i < n; i++)
        free(copy[i]);
    return rc;
}

static void
good(void **state)
{
    static const struct {
        const char *dataset, *words[10], *text;
    } cases[] = {
        { "stats", { "serde", "1.0.1", "2024-01-05" }, "serde/1.0.1/2024-01-05" },
        { "stats", { "serde", "NULL", "2024-01-05" }, "serde/NULL/2024-01-05" },
        { "stats", { "=NULL", "=NULL", "2024-01-05" }, "=NULL/=NULL/2024-01-05" },
        { "stats", { "==x", "=", "2024-01-05" }, "==x//2024-01-05" },
        { "stats", { "a", "", "1970-01-01" }, "a//1970-01-01" },
        { "stats", { "a", "2024-01-04", "2024-01-05", "file" }, "a/2024-01-04/2024-01-05" },
        { "dataselect_stats", { "2024-02-29", "CH", "DAVOX", "", "HHZ", "CH" },
          "2024-02-01/CH/DAVOX//HHZ/CH" },
        { "dataselect_stats", { "2024-02", "CH", "DAVOX", "", "HHZ", "CH" },
          "2024-02-01/CH/DAVOX//HHZ/CH" },
        { "dataselect_stats", { "CH", "DAVOX", "--", "HHZ", "", "2024-12" },
          "2024-12-01/CH/DAVOX/--/HHZ/" },
        { "emote_stats", { "01234567-89ab-CDEF-0123-456789abcdef", "2024-01-05" },
          "01234567-89ab-cdef-0123-456789abcdef/2024-01-05" },
        { "job_artifact_downloads", { "9223372036854775807", "9999-12-31" },
          "9223372036854775807/9999-12-31" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text = { 0 };
        struct err err;

        assert_int_equal(read_words(cases[i].dataset, cases[i].words, &err), ST_OK);
        row_key_text(&text, dataset_by_name(cases[i].dataset),
                     (struct slice){ (const char *)key, n_key });
        assert_string_equal(buf_str(&text), cases[i].text);
        buf_release(&text);
    }
}

/* No text and an empty one are two keys, and so are NULL and a version of that name. */
static void
apart(void **state)
{
    static const char *const words[][4] = {
        { "a", "NULL", "2024-01-05" }, { "a", "=NULL", "2024-01-05" }, { "a", "", "2024-01-05" } };
    uint8_t before[KEY_BYTES_MAX];
    size_t n_before = 0;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_int_equal(read_words("stats", words[i], &err), ST_OK);
        assert_false(n_before == n_key && memcmp(before, key, n_key) == 0);
        memcpy(before, key, n_key);
        n_before = n_key;
    }
}

static void
bad(void **state)
{
    static char huge[KEY_BYTES_MAX + 10];
    const struct {
        const char *dataset, *words[8], *cause;
    } cases[] = {
        { "stats", { "a", "1" }, "name, version, dldate" },
        { "stats", { NULL }, "0 are said" },
        { "stats", { "a", "1", "2024-02-30" }, "no day" },
        { "stats", { "a", "1", "2024-01" }, "no day" },
        { "stats", { "NULL", "1", "2024-01-05" }, "never NULL" },
        { "stats", { "a\xff", "1", "2024-01-05" }, "no UTF-8" },
        { "stats", { "a", "\xed\xa0\x80", "2024-01-05" }, "no UTF-8" },
        { "stats", { huge, "1", "2024-01-05" }, "too long" },
        { "stats", { "a", huge, "2024-01-05" }, "too long" },
        { "dataselect_stats", { "2024-13", "CH", "A", "", "H", "CH" }, "nor a month" },
        { "emote_stats", { "01234567-89ab-cdef-0123-456789abcde", "2024-01-05" }, "no UUID" },
        { "emote_stats", { "01234567-89ab-cdef-0123-456789abcdeg", "2024-01-05" }, "no UUID" },
        { "emote_stats", { "0123456-789ab-cdef-0123-456789abcdef", "2024-01-05" }, "no UUID" },
        { "job_artifact_downloads", { "9223372036854775808", "2024-01-05" }, "no number" },
        { "job_artifact_downloads", { "-1", "2024-01-05" }, "no number" },
    };

    (void)state;
    memset(huge, 'a', sizeof huge - 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = { 0 };

        assert_int_equal(read_words(cases[i].dataset, cases[i].words, &err), ST_USAGE);
        assert_non_null(strstr(err.cause, cases[i].cause));
    }
}

/* Whatever fits is written within its room. */
static void
lengths(void **state)
{
    char name[KEY_BYTES_MAX + 10];
    const char *words[] = { name, "=NULL", "2024-01-05", NULL };
    bool ended = false;

    (void)state;
    for (size_t n = KEY_BYTES_MAX - 60; n < sizeof name; n++) {
        struct err err;
        enum st rc;

        memset(name, 'n', n);
        name[n - 1] = '\0';
        rc = read_words("stats", words, &err);
        assert_true(n_key <= KEY_BYTES_MAX);
        assert_false(ended && rc == ST_OK);
        ended = rc != ST_OK;
    }
    assert_true(ended);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(apart),
        cmocka_unit_test(bad),
        cmocka_unit_test(lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
