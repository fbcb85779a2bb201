/*
 * Numbers in logs and options: what is one, what only looks like one, and the edges of 63 bits.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/num.h"

static void
first_that_is_no_digit(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 8; at++)
        for (int byte = 0; byte < 256; byte++)
            for (int behind = 0; behind < 256; behind += 5) {
                char text[8] = { '0', '9', '5', '0', '9', '1', '8', '9' };
                uint64_t eight, others;

                text[at] = (char)byte;
                if (at < 7)
                    text[at + 1] = (char)behind;
                memcpy(&eight, text, sizeof eight);
                others = num_no_digits(eight);
                if (byte < '0' || byte > '9')
                    assert_int_equal(__builtin_ctzll(others) / 8, at);
                else if (at == 7 || (behind >= '0' && behind <= '9'))
                    assert_true(others == 0);
            }
}

static void
counters(void **state)
{
    static const struct {
        const char *text;
        int64_t     value; /* -1: not a number */
    } cases[] = {
        { "0", 0 }, { "7", 7 }, { "00", 0 }, { "007", 7 }, { "1234567890", 1234567890 },
        { "9223372036854775807", INT64_MAX }, { "9223372036854775806", INT64_MAX - 1 },
        { "00000000000000000000000000009223372036854775807", INT64_MAX },
        { "9223372036854775808", -1 }, { "9223372036854775809", -1 }, { "9223372036854775810", -1 },
        { "18446744073709551615", -1 }, { "18446744073709551616", -1 }, { "18446744073709551617", -1 },
        { "99999999999999999999999999999999", -1 }, { "", -1 }, { "-", -1 }, { "-1", -1 }, { "+1", -1 },
        { " 1", -1 }, { "1 ", -1 }, { "1.0", -1 }, { "1e9", -1 }, { "0x10", -1 }, { "1,000", -1 }, { "/", -1 },
        { ":", -1 }, { "1:", -1 }, { "\xb1", -1 }, { "\xd9\xa1", -1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = 77;
        bool ok = num_u63(slice_of(cases[i].text), &got);

        if (ok != (cases[i].value >= 0) || got != (ok ? cases[i].value : 77))
            fail_msg("%s: %d %" PRId64, cases[i].text, ok, got);
    }
    int64_t got = 77;

    assert_false(num_u63((struct slice){ NULL, 0 }, &got));
    assert_false(num_u63((struct slice){ "1\0", 2 }, &got));
    assert_true(num_u63((struct slice){ "123", 2 }, &got));
    assert_int_equal(got, 12);
}

/* Every byte at every place of up to nine, whatever stands behind: as it is read digit by digit. */
static void
eight_digits_at_once(void **state)
{
    static const char behind[] = { '0', '9', ' ', '\0', '\xff', '/', ':' };

    (void)state;
    for (size_t n = 0; n <= 9; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256 * (int)sizeof behind; c++) {
                char text[20];
                uint32_t got = 77;
                int64_t want = 77;
                bool ok;

                memset(text, behind[c / 256], sizeof text);
                for (size_t i = 0; i < n; i++)
                    text[i] = (char)('0' + (i * 7 + (size_t)c) % 10);
                text[at] = (char)c;
                ok = n <= 8 && num_u63((struct slice){ text, n }, &want);
                assert_int_equal(num_eight(text, n, &got), ok);
                assert_int_equal(got, want);
            }
        }
    }
    uint32_t got = 77;

    assert_false(num_eight("12345678", 0, &got));
    assert_false(num_eight("12345678", SIZE_MAX, &got));
    assert_false(num_eight("12345678", SIZE_MAX - 7, &got));
    assert_int_equal(got, 77);
}

static void
sizes(void **state)
{
    static const struct {
        const char *text;
        bool        ok;
        uint64_t    value;
    } cases[] = {
        { "0", true, 0 }, { "65536", true, 65536 }, { "1k", true, 1024 }, { "1K", true, 1024 }, { "128M", true, 128u << 20 },
        { "128m", true, 128u << 20 }, { "8G", true, UINT64_C(8) << 30 }, { "3t", true, UINT64_C(3) << 40 },
        { "0T", true, 0 }, { "8388607T", true, UINT64_C(8388607) << 40 }, { "9223372036854775807", true, INT64_MAX },
        { "8388608T", false, 0 }, { "9007199254740992k", false, 0 }, { "9223372036854775808", false, 0 },
        { "", false, 0 }, { "K", false, 0 }, { "1KB", false, 0 }, { "1KK", false, 0 }, { "1P", false, 0 }, { "-1M", false, 0 },
        { "1 M", false, 0 }, { "1.5G", false, 0 }, { "1\x0b", false, 0 }, { "1+", false, 0 }, { "M1", false, 0 }, { "1\xcb", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t got = 77;
        bool ok = num_size(slice_of(cases[i].text), &got);

        if (ok != cases[i].ok || got != (ok ? cases[i].value : 77))
            fail_msg("%s: %d %zu", cases[i].text, ok, got);
    }
}

/* Every three bytes that come near digits. */
static void
statuses(void **state)
{
    static const char near[] = "09/:5 -a\xb5";
    uint16_t got;

    (void)state;
    for (unsigned v = 0; v < 1000; v++) {
        char text[16];

        snprintf(text, sizeof text, "%03u", v);
        assert_true(num_status(slice_of(text), &got));
        assert_int_equal(got, v);
    }
    for (size_t i = 0; i < (sizeof near) * (sizeof near) * (sizeof near); i++) {
        char text[3] = { near[i % sizeof near], near[i / sizeof near % sizeof near], near[i / sizeof near / sizeof near] };
        bool all = true;

        for (int k = 0; k < 3; k++)
            all = all && text[k] >= '0' && text[k] <= '9';
        assert_int_equal(num_status((struct slice){ text, 3 }, &got), all);
    }
    assert_false(num_status(SLICE("20"), &got));
    assert_false(num_status(SLICE("2000"), &got));
    assert_false(num_status(SLICE(""), &got));
}

static void
hexadecimal_digits(void **state)
{
    static const char digits[] = "0123456789abcdef", capitals[] = "0123456789ABCDEF";

    (void)state;
    for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
        const char *found = c == '\0' ? NULL : strchr(digits, c);
        long want = found != NULL ? found - digits : -1;

        if (c != '\0' && (found = strchr(capitals, c)) != NULL)
            want = found - capitals;
        assert_int_equal(num_hex_digit((char)c), want);
    }
}

static void
sums_do_not_wrap(void **state)
{
    int64_t sum = INT64_MAX - 1;

    (void)state;
    assert_true(num_add(&sum, 1));
    assert_int_equal(sum, INT64_MAX);
    assert_false(num_add(&sum, 1));
    assert_int_equal(sum, INT64_MAX);
}

static void
grouped_by_thousands(void **state)
{
    static const struct {
        uint64_t    v;
        const char *text;
    } cases[] = { { 0, "0" }, { 999, "999" }, { 1000, "1,000" }, { 12345, "12,345" }, { 100000, "100,000" }, { 1234567, "1,234,567" },
                  { UINT64_MAX, "18,446,744,073,709,551,615" } };
    char out[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(num_grouped(cases[i].v, out), cases[i].text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters),
        cmocka_unit_test(eight_digits_at_once),
        cmocka_unit_test(first_that_is_no_digit),
        cmocka_unit_test(sizes),
        cmocka_unit_test(statuses),
        cmocka_unit_test(hexadecimal_digits),
        cmocka_unit_test(sums_do_not_wrap),
        cmocka_unit_test(grouped_by_thousands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
