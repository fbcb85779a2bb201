/*
 * The worked example of CONTRIBUTING.md, as it stands there: its format, its examples, and its test. The build takes both
 * files out of the page.
 */
#include "format_test.h"
#include "format_priv.h"

extern const struct format format_depot; /* where there is a line in formats.def, that says so */
int shown_main(void);

#include "format_depot.c"
#define main shown_main
#include "test_format_depot.c"
#undef main

static void
examples_are_what_they_say(void **state)
{
    (void)state;
    assert_true(format_depot.n_examples > 2);
    for (size_t i = 0; i < format_depot.n_examples; i++) {
        const struct format_example *e = &format_depot.examples[i];
        char *got = parse_text(&format_depot, slice_of(e->line));
        char want[64];

        snprintf(want, sizeof want, "1! %s ", reason_name(e->why));
        assert_ptr_equal(strstr(got, want), got);
        snprintf(want, sizeof want, " status=%d bytes=%" PRId64 " ", e->status, e->bytes);
        assert_true(e->why != KEEP || strstr(got, want) != NULL);
        free(got);
    }
}

static void
no_other_format_takes_it(void **state)
{
    static const char log[] = "2024-03-01T12:00:01Z 192.0.2.7 GET /a.gem 200 42 \"x\"\n"
                              "2024-03-01T12:00:02Z 192.0.2.8 GET /b.gem 200 42 \"x\"\n";
    (void)state;
    assert_int_equal(format_depot.sniff(slice_of(log)), 100);
    for (size_t i = 0; formats[i] != NULL; i++)
        assert_true(formats[i]->sniff(slice_of(log)) < SNIFF_SURE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_what_they_say),
        cmocka_unit_test(no_other_format_takes_it),
    };
    int failed = shown_main();

    return cmocka_run_group_tests(tests, NULL, NULL) + failed;
}
