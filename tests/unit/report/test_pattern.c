/* Globs as LIKE wants them. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "ingest/report.h"

static const struct {
    const char *worry, *glob, *like;
} cases[] = {
    { "plain", "serde", "serde" },
    { "nothing", "", "" },
    { "wild", "a*b?c", "a%b_c" },
    { "wild_for_like_alone", "100%_", "100\\%\\_" },
    { "star_taken_as_it_is", "a\\*b", "a*b" },
    { "mark_taken_as_it_is", "a\\?b", "a?b" },
    { "percent_behind_a_backslash", "\\%", "\\%" },
    { "letter_behind_a_backslash", "\\n", "n" },
    { "two_backslashes_are_one", "a\\\\b", "a\\\\b" },
    { "backslash_at_the_end_is_itself", "a\\", "a\\\\" },
    { "brackets_are_themselves", "[a-z]", "[a-z]" },
    { "quotes_are_none_of_its_business", "x'; --", "x'; --" },
    { "utf8", "\xc3\xa9*", "\xc3\xa9%" },
};

static void
globs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = { 0 };

        report_like(&out, cases[i].glob);
        print_message("%s\n", cases[i].worry);
        assert_string_equal(buf_str(&out), cases[i].like);
        buf_release(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(globs) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
