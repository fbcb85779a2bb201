/* The list of reasons: each has a name of its own, and docs/COUNTING.md says when it is given. */
#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/reason.h"

#include <setjmp.h>
#include <cmocka.h>

static void
every_reason_is_told_apart(void **state)
{
    (void)state;
    for (enum reason why = KEEP; why < REASONS_N; why++) {
        assert_true(reason_name(why)[0] != '\0' && reason_about(why)[0] != '\0');
        assert_int_equal(why != KEEP, reason_is_filtered(why) + reason_is_rejected(why));
        for (enum reason other = KEEP; other < why; other++)
            assert_string_not_equal(reason_name(why), reason_name(other));
    }
}

static void
every_reason_is_explained(void **state)
{
    FILE *page = fopen(TESTS_DIR "/../docs/COUNTING.md", "re");
    struct buf text = { 0 };
    char block[4096], word[64];
    int missing = 0;
    size_t n;

    (void)state;
    assert_non_null(page);
    while ((n = fread(block, 1, sizeof block, page)) > 0)
        buf_add(&text, block, n);
    fclose(page);
    for (enum reason why = KEEP + 1; why < REASONS_N; why++) {
        snprintf(word, sizeof word, "`%s`", reason_name(why));
        if (strstr(buf_str(&text), word) != NULL)
            continue;
        print_error("docs/COUNTING.md does not say when a record is %s\n", word);
        missing++;
    }
    buf_release(&text);
    assert_int_equal(missing, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_is_told_apart),
        cmocka_unit_test(every_reason_is_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
