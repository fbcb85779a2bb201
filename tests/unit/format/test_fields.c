/* Numbers as times: what a log writer may have made of a moment. */
#include "format_test.h"
#include "fields.h"

#define NO INT64_MIN

static void
numbers_are_times(void **state)
{
    static const struct {
        const char *text;
        enum key_how how;
        int64_t want;
    } cases[] = {
        { "0", TIME_AUTO, 0 },
        { "0.0", TIME_AUTO, 0 },
        { "0e400", TIME_AUTO, 0 },
        { "000000", TIME_AUTO, 0 },
        { "1", TIME_AUTO, 1000000 },
        { "1646861401.5241024", TIME_AUTO, 1646861401524102 },
        { "1646861401", TIME_AUTO, 1646861401000000 },
        { "1646861401.1", TIME_AUTO, 1646861401100000 },
        { "1646861401.9999999", TIME_AUTO, 1646861401999999 }, /* cut, not rounded: the day stays */
        { "0.000001", TIME_AUTO, 1 },
        { "0.0000001", TIME_AUTO, 0 },
        { "00001646861401.5", TIME_AUTO, 1646861401500000 },
        { "1.6468614015241024e9", TIME_AUTO, 1646861401524102 },
        { "1.6468614015241024E+09", TIME_AUTO, 1646861401524102 },
        { "16468614015241024e-7", TIME_AUTO, 1646861401524102 },
        { "0.0000000016468614015e18", TIME_AUTO, 1646861401500000 },
        { "1646861401524", TIME_AUTO, 1646861401524000 },
        { "1646861401524.25", TIME_AUTO, 1646861401524250 },
        { "1646861401524102", TIME_AUTO, 1646861401524102 },
        { "1646861401524102400", TIME_AUTO, 1646861401524102 },
        { "99999999999", TIME_AUTO, 99999999999000000 },
        { "100000000000", TIME_AUTO, 100000000000000 }, /* twelve digits: milliseconds of 1973 */
        { "100000000000", TIME_UNIX, 100000000000000000 },
        { "5", TIME_UNIX_MS, 5000 },
        { "1646861401524", TIME_UNIX_MS, 1646861401524000 },
        { "1646861401.524", TIME_UNIX_MS, 1646861401 * INT64_C(1000) + 524 },
        { "253402300799.999999", TIME_UNIX, 253402300799999999 },
        { "253402300800", TIME_UNIX, NO }, /* the year 10000 */
        { "9999999999999999999", TIME_AUTO, 9999999999999999 },
        { "99999999999999999999999999999999", TIME_AUTO, NO },
        { "1e400", TIME_AUTO, NO },
        { "1e99999999999999999999", TIME_AUTO, NO },
        { "1e-400", TIME_AUTO, 0 },
        { "", TIME_AUTO, NO },
        { ".5", TIME_AUTO, NO },
        { "5.", TIME_AUTO, NO },
        { "-1", TIME_AUTO, NO },
        { "+1", TIME_AUTO, NO },
        { " 1", TIME_AUTO, NO },
        { "1 ", TIME_AUTO, NO },
        { "1e", TIME_AUTO, NO },
        { "1e+", TIME_AUTO, NO },
        { "1e+-1", TIME_AUTO, NO },
        { "1.5.5", TIME_AUTO, NO },
        { "0x10", TIME_AUTO, NO },
        { "nan", TIME_AUTO, NO },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = NO;
        bool good = fields_time_number(slice_of(cases[i].text), cases[i].how, &got);

        if (good != (cases[i].want != NO) || (good && got != cases[i].want))
            fail_msg("%s: %d, %" PRId64, cases[i].text, good, got);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
