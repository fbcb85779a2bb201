/* COPY BINARY byte for byte, as the manual draws it. That a server reads it back equal is tested in
 * tests/pg. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "sink_rows.h"

#define BYTES(b, literal)                                            \
    do {                                                             \
        assert_int_equal((b).n, sizeof(literal) - 1);                \
        assert_memory_equal((b).p, (literal), sizeof(literal) - 1);  \
    } while (0)

static const struct target full = { .dataset = &stats,
                                    .has_sum = { true, true },
                                    .has_sketch = true };

static void
header_and_trailer(void **state)
{
    struct buf b = { 0 };

    (void)state;
    copy_encode_header(&b);
    BYTES(b, "PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    buf_reset(&b);
    copy_encode_trailer(&b);
    BYTES(b, "\xff\xff");
    buf_release(&b);
}

static void
every_column(void **state)
{
    struct buf b = { 0 };
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = stats_key(key, SLICE("a"), SLICE("1.0"), 10957),
                       .sums = { 1, INT64_MAX },
                       .sketch = SLICE("\x12\x8b\x7f"
                                       "12345678") };

    (void)state;
    copy_encode_row(&b, &full, &row);
    BYTES(b, "\0\6"
             "\0\0\0\1"
             "a"
             "\0\0\0\3"
             "1.0"
             "\0\0\0\4"
             "\0\0\0\0"
             "\0\0\0\10"
             "\0\0\0\0\0\0\0\1"
             "\0\0\0\10"
             "\x7f\xff\xff\xff\xff\xff\xff\xff"
             "\0\0\0\13"
             "\x12\x8b\x7f"
             "12345678");
    buf_release(&b);
}

static void
null_empty_and_days_before_2000(void **state)
{
    struct target t = { .dataset = &stats, .has_sum = { true } };
    struct buf b = { 0 };
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = stats_key(key, SLICE(""), (struct slice){ NULL, 0 }, 10956) };

    (void)state;
    copy_encode_row(&b, &t, &row);
    BYTES(b, "\0\4"
             "\0\0\0\0"
             "\xff\xff\xff\xff"
             "\0\0\0\4"
             "\xff\xff\xff\xff"
             "\0\0\0\10"
             "\0\0\0\0\0\0\0\0");
    buf_release(&b);
}

static void
no_sketch_is_the_empty_one(void **state)
{
    struct buf b = { 0 };
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = stats_key(key, SLICE("a"), SLICE("1"), 0) };

    (void)state;
    copy_encode_row(&b, &full, &row);
    assert_memory_equal(b.p + b.n - 7, "\0\0\0\3\x11\x8b\x7f", 7);
    buf_release(&b);
}

/* Registers that are all zero: what becomes of hashes that have no value, and what payloads of others may hold. */
static void
a_sketch_of_nothing_but_registers(void **state)
{
    struct buf b = { 0 };
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = stats_key(key, SLICE("a"), SLICE("1"), 0),
                       .sketch = SLICE("\x13\x8b\x7f") };

    (void)state;
    copy_encode_row(&b, &full, &row);
    assert_false(b.failed);
    assert_memory_equal(b.p + b.n - 7, "\0\0\0\3\x13\x8b\x7f", 7);
    buf_release(&b);
}

static void
node_comes_first(void **state)
{
    static const struct dataset d = { .table = "t",
                                      .has_node = true,
                                      .keys = { { .name = "date", .kind = COLUMN_DAY } },
                                      .n_keys = 1,
                                      .sums = { "bytes" },
                                      .n_sums = 1 };
    struct target t = { .dataset = &d, .has_sum = { true }, .node_id = 258 };
    struct buf b = { 0 };
    uint8_t key[8];
    struct row row = { .key = { (const char *)key, (size_t)(key_put_day(key, 10958) - key) },
                       .sums = { 2 } };

    (void)state;
    copy_encode_row(&b, &t, &row);
    BYTES(b, "\0\3" "\0\0\0\4" "\0\0\1\2" "\0\0\0\4" "\0\0\0\1" "\0\0\0\10" "\0\0\0\0\0\0\0\2");
    buf_release(&b);
}

static void
numbers_and_days_as_seconds_are_bigints(void **state)
{
    static const struct {
        int64_t     id;
        int32_t     day;
        const char *id_bytes, *day_bytes;
    } cases[] = {
        { 1, 0, "\0\0\0\0\0\0\0\1", "\0\0\0\0\0\0\0\0" },
        { 0, 1, "\0\0\0\0\0\0\0\0", "\0\0\0\0\0\1\x51\x80" },
        { -2, -1, "\xff\xff\xff\xff\xff\xff\xff\xfe", "\xff\xff\xff\xff\xff\xfe\xae\x80" },
        { INT64_MAX, 19738, "\x7f\xff\xff\xff\xff\xff\xff\xff", "\0\0\0\0\x65\xa5\xc7\0" },
        { INT64_MIN, DAY_MAX, "\x80\0\0\0\0\0\0\0", "\0\0\0\x3a\xff\xf2\xf0\0" },
    };
    static const struct target t = { .dataset = &numbered, .has_sum = { true } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };
        uint8_t key[KEY_BYTES_MAX];
        struct row row = { .key = numbered_key(key, cases[i].id, cases[i].day), .sums = { 7 } };

        copy_encode_row(&b, &t, &row);
        assert_int_equal(b.n, 2 + 3 * 12);
        assert_memory_equal(b.p, "\0\3\0\0\0\10", 6);
        assert_memory_equal(b.p + 6, cases[i].id_bytes, 8);
        assert_memory_equal(b.p + 14, "\0\0\0\10", 4);
        assert_memory_equal(b.p + 18, cases[i].day_bytes, 8);
        buf_release(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_trailer),
        cmocka_unit_test(every_column),
        cmocka_unit_test(null_empty_and_days_before_2000),
        cmocka_unit_test(no_sketch_is_the_empty_one),
        cmocka_unit_test(a_sketch_of_nothing_but_registers),
        cmocka_unit_test(node_comes_first),
        cmocka_unit_test(numbers_and_days_as_seconds_are_bigints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
