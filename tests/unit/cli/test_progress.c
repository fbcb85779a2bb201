/* The line of progress: what it says of a run, and what it leaves out on narrow terminals. */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/run.h"

#include "cli_priv.h"

static const struct run_progress reading = {
    .stored_bytes = 38, .stored_total = 100, .decoded_bytes = 34600000, .lines = 1182913, .inputs_done = 3, .inputs = 10, .seconds = 5
};
static const struct run_progress writing = {
    .stored_bytes = 100, .stored_total = 100, .decoded_bytes = 12345678900, .lines = 1182913, .inputs_done = 10, .inputs = 10,
    .seconds = 60, .writing = true, .writing_seconds = 12.4, .rows_sent = 1234567
};

static void
narrower_says_less(void **state)
{
    static const struct {
        const struct run_progress *p;
        size_t      width;
        const char *line;
    } cases[] = {
        { &reading, 200, "3/10 files, 38 %, 34.6 MB, 7 MB/s, 237 k lines/s, 8 s left" },
        { &reading, 58, "3/10 files, 38 %, 34.6 MB, 7 MB/s, 237 k lines/s, 8 s left" },
        { &reading, 57, "3/10 files, 38 %, 34.6 MB, 7 MB/s, 8 s left" },
        { &reading, 42, "3/10 files, 38 %, 34.6 MB, 8 s left" },
        { &reading, 34, "38 %, 34.6 MB, 8 s left" },
        { &reading, 19, "38 %, 8 s left" },
        { &reading, 13, "38 %" },
        { &reading, 3, "38 " },
        { &writing, 200, "10/10 files, 100 %, 12.3 GB, writing for 12 s (1.2 M rows)" },
        { &writing, 50, "100 %, 12.3 GB, writing for 12 s (1.2 M rows)" },
        { &writing, 39, "100 %, writing for 12 s (1.2 M rows)" },
        { &writing, 19, "100 %" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char line[256];

        progress_line(cases[i].p, cases[i].width, line, sizeof line);
        assert_string_equal(line, cases[i].line);
    }
    for (size_t width = 0; width < 100; width++)
        for (int w = 0; w < 2; w++) {
            char line[256];

            progress_line(w == 0 ? &reading : &writing, width, line, sizeof line);
            assert_true(strlen(line) <= width);
        }
}

/* Figures that do not tell anything yet, or never will. */
static void
nothing_is_made_up(void **state)
{
    struct run_progress p = { .inputs = 1 };
    char line[256];

    (void)state;
    progress_line(&p, 200, line, sizeof line);
    assert_string_equal(line, "0/1 files, 0.0 MB, 0 MB/s, 0 lines/s");
    p = reading;
    p.stored_total = 0; /* standard input */
    progress_line(&p, 200, line, sizeof line);
    assert_string_equal(line, "3/10 files, 34.6 MB, 7 MB/s, 237 k lines/s");
    p = reading;
    p.stored_bytes = 101; /* an input was read twice */
    progress_line(&p, 200, line, sizeof line);
    assert_null(strchr(line, '%'));
    p = reading;
    p.seconds = 0.5; /* too early */
    progress_line(&p, 200, line, sizeof line);
    assert_null(strstr(line, "left"));
    p = (struct run_progress){ .stored_bytes = UINT64_MAX, .stored_total = UINT64_MAX, .decoded_bytes = UINT64_MAX, .lines = UINT64_MAX,
                               .inputs_done = SIZE_MAX, .inputs = SIZE_MAX, .seconds = 1e-9 };
    progress_line(&p, 255, line, sizeof line);
    assert_true(strlen(line) < 200);
}

static void
times_are_short(void **state)
{
    static const struct {
        double      seconds;
        const char *text;
    } cases[] = {
        { 0, "1 s" },          { 0.2, "1 s" },          { 59.4, "59 s" },          { 60, "1 min 00 s" },
        { 323, "5 min 23 s" }, { 2520, "42 min" },      { 11100, "3 h 05 min" },   { 187200, "2 d 4 h" },
        { 1e300, "11574 d 1 h" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[24];

        assert_string_equal(progress_time(cases[i].seconds, text), cases[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrower_says_less),
        cmocka_unit_test(nothing_is_made_up),
        cmocka_unit_test(times_are_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
