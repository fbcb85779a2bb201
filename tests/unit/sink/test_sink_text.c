/* Rows as JSON lines. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "sink_rows.h"

static char *
text_of(const struct dataset *d, const char *node, struct rows *rows, enum st want)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    struct err err = { 0 };
    int64_t n_rows = -1;

    assert_non_null(out);
    assert_int_equal(sink_text(out, d, node, rows, &n_rows, &err), want);
    if (want == ST_OK)
        assert_true(n_rows == (int64_t)rows->n);
    fclose(out);
    return text;
}

static void
rows_are_objects(void **state)
{
    uint8_t a[KEY_BYTES_MAX], b[KEY_BYTES_MAX];
    struct row list[] = {
        { .key = stats_key(a, SLICE("serde"), (struct slice){ NULL, 0 }, 19738),
          .sums = { 3, 42 },
          .sketch = SLICE("\x11\x8b\x7f") },
        { .key = stats_key(b, SLICE("a\"\n\x1b"), SLICE(""), 0), .sums = { 0, INT64_MAX } },
    };
    struct rows rows = { .row = list, .n = 2, .end = ST_EOF };
    char *text = text_of(&stats, "not shown", &rows, ST_OK);

    (void)state;
    assert_string_equal(text,
                        "{\"table\":\"stats\",\"name\":\"serde\",\"version\":null,\"dldate\":"
                        "\"2024-01-16\",\"count\":3,\"bytes\":42,\"clients\":\"\\\\x118b7f\"}\n"
                        "{\"table\":\"stats\",\"name\":\"a\\\"\\u000a\\u001b\",\"version\":\"\","
                        "\"dldate\":\"1970-01-01\",\"count\":0,\"bytes\":9223372036854775807}\n");
    free(text);
}

static void
node_comes_first_where_there_is_one(void **state)
{
    static const struct dataset d = { .table = "t",
                                      .has_node = true,
                                      .keys = { { .name = "date", .kind = COLUMN_DAY } },
                                      .n_keys = 1,
                                      .sums = { "bytes" },
                                      .n_sums = 1 };
    uint8_t key[8];
    struct row row = { .key = { (const char *)key, (size_t)(key_put_day(key, 0) - key) } };
    struct rows rows = { .row = &row, .n = 1, .end = ST_EOF };
    char *text = text_of(&d, "g\"z", &rows, ST_OK);

    (void)state;
    assert_string_equal(
        text, "{\"table\":\"t\",\"node\":\"g\\\"z\",\"date\":\"1970-01-01\",\"bytes\":0}\n");
    free(text);
    rows.at = 0;
    text = text_of(&d, NULL, &rows, ST_OK);
    assert_string_equal(
        text, "{\"table\":\"t\",\"node\":\"local\",\"date\":\"1970-01-01\",\"bytes\":0}\n");
    free(text);
}

static void
numbers_and_days_as_seconds_are_numbers(void **state)
{
    uint8_t a[KEY_BYTES_MAX], b[KEY_BYTES_MAX];
    struct row list[] = {
        { .key = numbered_key(a, INT64_MIN, 0), .sums = { 3 } },
        { .key = numbered_key(b, 17, 19738), .sums = { 4 } },
    };
    struct rows rows = { .row = list, .n = 2, .end = ST_EOF };
    char *text = text_of(&numbered, NULL, &rows, ST_OK);

    (void)state;
    assert_string_equal(
        text, "{\"table\":\"numbered\",\"id\":-9223372036854775808,\"date\":0,\"n\":3}\n"
              "{\"table\":\"numbered\",\"id\":17,\"date\":1705363200,\"n\":4}\n");
    free(text);
}

static void
failures_are_told(void **state)
{
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = stats_key(key, SLICE("a"), SLICE("1"), 0) };
    struct rows rows = { .row = &row, .n = 1, .end = ST_DISK };
    struct err err = { 0 };
    int64_t n;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    free(text_of(&stats, NULL, &rows, ST_DISK));
    assert_non_null(full);
    rows = (struct rows){ .row = &row, .n = 1, .end = ST_EOF };
    assert_int_equal(sink_text(full, &stats, NULL, &rows, &n, &err), ST_DISK);
    assert_true(err.cause[0] != '\0');
    fclose(full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_objects),
        cmocka_unit_test(node_comes_first_where_there_is_one),
        cmocka_unit_test(numbers_and_days_as_seconds_are_numbers),
        cmocka_unit_test(failures_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
