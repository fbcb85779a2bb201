/*
 * A failure and its story: everything cleared at the start, every text cut to its place, quoting what went before.
 * The words for every reason, too.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/err.h"
#include "ingest/reason.h"

static void
starting_clears_everything(void **state)
{
    struct err err;

    (void)state;
    memset(&err, 'x', sizeof err);
    assert_int_equal(err_set(&err, ST_IO, "cannot open '%s'", "a.gz"), ST_IO);
    assert_int_equal(err.code, ST_IO);
    assert_string_equal(err.what, "cannot open 'a.gz'");
    assert_true(err.offset == UINT64_MAX && err.line_no == 0);
    assert_true(err.path[0] == 0 && err.cause[0] == 0 && err.hint[0] == 0);
    err_cause(&err, "%d", 7);
    err_hint(&err, "try %s", "again");
    assert_string_equal(err.cause, "7");
    assert_string_equal(err.hint, "try again");
    assert_string_equal(err.what, "cannot open 'a.gz'");
    err.line_no = 5;
    assert_int_equal(err_fail(&err, ST_CORRUPT, "100% what", "because %d", 9), ST_CORRUPT);
    assert_string_equal(err.what, "100% what");
    assert_string_equal(err.cause, "because 9");
    assert_true(err.hint[0] == 0 && err.line_no == 0);
    assert_int_equal(err_memory(&err, "cannot sort"), ST_MEMORY);
    assert_int_equal(err.code, ST_MEMORY);
    assert_string_equal(err.what, "cannot sort");
}

static void
long_texts_are_cut(void **state)
{
    char text[5000];
    struct err err;

    (void)state;
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_fail(&err, ST_DB, text, "%s", text);
    err_hint(&err, "%s", text);
    assert_int_equal(strlen(err.what), sizeof err.what - 1);
    assert_int_equal(strlen(err.cause), sizeof err.cause - 1);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
    assert_true(err.path[0] == 0 && err.offset == UINT64_MAX);
}

static void
an_error_may_quote_the_one_before(void **state)
{
    struct err err;

    (void)state;
    err_fail(&err, ST_IO, "cannot read input", "disk on fire");
    err_fail(&err, ST_DB, err.what, "then: %s", err.cause);
    assert_string_equal(err.what, "cannot read input");
    assert_string_equal(err.cause, "then: disk on fire");
    err_cause(&err, "%s; %s", err.cause, err.what);
    assert_string_equal(err.cause, "then: disk on fire; cannot read input");
    err_hint(&err, "see %s", err.cause);
    err_hint(&err, "%s!", err.hint);
    assert_string_equal(err.hint, "see then: disk on fire; cannot read input!");
    err_set(&err, ST_BUG, "after '%s'", err.what);
    assert_string_equal(err.what, "after 'cannot read input'");
}

static void
every_reason_has_its_words(void **state)
{
    (void)state;
    assert_string_equal(reason_name(KEEP), "counted");
    assert_string_equal(reason_name(FILTER_BLANK), "blank");
    assert_string_equal(reason_name(REJECT_LINE_TOO_LONG), "line_too_long");
    for (unsigned i = 0; i < REASONS_N; i++) {
        enum reason why = (enum reason)i;

        assert_true(strlen(reason_name(why)) > 0 && strlen(reason_about(why)) > 0);
        assert_int_equal((why == KEEP) + reason_is_filtered(why) + reason_is_rejected(why), 1);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(reason_name(why), reason_name((enum reason)k));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting_clears_everything),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(an_error_may_quote_the_one_before),
        cmocka_unit_test(every_reason_has_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
