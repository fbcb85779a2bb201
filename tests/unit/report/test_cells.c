/* Text in columns: escaped, cut, filled; bars and courses. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "cells.h"

static const struct report_text_style utf8 = { .columns = 40, .shown = 10, .utf8 = true };
static const struct report_text_style ascii = { .columns = 40, .shown = 10 };

struct page {
    struct buf out;
    struct cells c;
};

static void
open_page(struct page *p, const struct report_text_style *style)
{
    *p = (struct page){ .c = { 0 } };
    cells_open(&p->c, &p->out, style);
}

static void
close_page(struct page *p, const char *worry, const char *expected)
{
    print_message("%s\n", worry);
    assert_string_equal(buf_str(&p->out), expected);
    cells_close(&p->c);
    buf_release(&p->out);
}

static const struct {
    const char *worry, *text;
    size_t n; /* 0: as long as it is */
    size_t columns;
    const char *utf8, *ascii;
} texts[] = {
    { "filled", "ab", 0, 4, "ab  ", "ab  " },
    { "exact", "abcd", 0, 4, "abcd", "abcd" },
    { "cut", "abcde", 0, 4, "abc…", "abc~" },
    { "no_room", "abc", 0, 0, "", "" },
    { "one_column", "abc", 0, 1, "…", "~" },
    { "empty", "", 0, 2, "  ", "  " },
    { "escape_byte", "a\x1b[m", 0, 8, "a\\x1b[m ", "a\\x1b[m " },
    { "escape_is_not_cut_in_two", "ab\x1b", 0, 5, "ab…  ", "ab~  " },
    { "nul", "a\0b", 3, 6, "a\\x00b", "a\\x00b" },
    { "no_utf8", "a\xff", 0, 6, "a\\xff ", "a\\xff " },
    { "letters_of_two_bytes", "\xc3\xa9t", 0, 4, "\xc3\xa9t  ", "~   " },
    { "wide_letters", "\xe6\x97\xa5\xe6\x9c\xac", 0, 6, "\xe6\x97\xa5\xe6\x9c\xac  ", NULL },
    { "wide_letter_is_not_cut_in_two", "\xe6\x97\xa5\xe6\x9c\xac", 0, 3, "\xe6\x97\xa5…", NULL },
    { "bidi", "a\xe2\x80\xae", 0, 16, "a\\xe2\\x80\\xae   ", "a\\xe2\\x80\\xae   " },
};

static void
text_in_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct slice s = { texts[i].text, texts[i].n > 0 ? texts[i].n : strlen(texts[i].text) };
        struct page p;

        open_page(&p, &utf8);
        cells_text(&p.c, s, texts[i].columns);
        close_page(&p, texts[i].worry, texts[i].utf8);
        if (texts[i].ascii == NULL)
            continue;
        open_page(&p, &ascii);
        cells_text(&p.c, s, texts[i].columns);
        close_page(&p, texts[i].worry, texts[i].ascii);
    }
}

static const struct {
    const char *worry;
    int64_t v, most;
    const char *utf8, *ascii;
} bars[] = {
    { "all", 10, 10, "████", "####" },
    { "none", 0, 10, "    ", "    " },
    { "half", 5, 10, "██  ", "##  " },
    { "eighths", 3, 32, "▍   ", "#   " },
    { "something_is_never_nothing", 1, INT64_MAX, "▏   ", "#   " },
    { "nothing_at_all", 0, 0, "    ", "    " },
    { "negative", -5, 10, "    ", "    " },
    { "more_than_the_most", 20, 10, "████", "####" },
    { "largest", INT64_MAX, INT64_MAX, "████", "####" },
};

static void
bars_of_figures(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bars); i++) {
        struct page p;

        open_page(&p, &utf8);
        cells_bar(&p.c, bars[i].v, bars[i].most, 4);
        close_page(&p, bars[i].worry, bars[i].utf8);
        open_page(&p, &ascii);
        cells_bar(&p.c, bars[i].v, bars[i].most, 4);
        close_page(&p, bars[i].worry, bars[i].ascii);
    }
}

static void
courses(void **state)
{
    static const int64_t series[] = { 0, 7, NO_FIGURE, 14, NO_FIGURE, NO_FIGURE, 3, -3 };
    struct page p;

    (void)state;
    open_page(&p, &utf8);
    cells_spark(&p.c, series, 8, 8);
    close_page(&p, "a_gap_is_blank_and_nothing_is_not", "▁▅ █  ▃▁");
    open_page(&p, &ascii);
    cells_spark(&p.c, series, 8, 8);
    close_page(&p, "ascii", "_= #  :_");
    open_page(&p, &utf8);
    cells_spark(&p.c, series, 8, 4);
    close_page(&p, "several_in_a_column", "▅█ ▁");
    open_page(&p, &utf8);
    cells_spark(&p.c, series, 2, 4);
    close_page(&p, "fewer_than_columns", "▁█  ");
    open_page(&p, &utf8);
    cells_spark(&p.c, series, 0, 2);
    close_page(&p, "none", "  ");
}

static void
wrapped(void **state)
{
    struct report_text_style narrow = { .columns = 12, .utf8 = true };
    struct page p;

    (void)state;
    open_page(&p, &narrow);
    cells_wrapped(&p.c, SLICE("one two three averyveryverylongword x"), 4);
    close_page(&p, "words", "  one two\n    three\n    averyveryverylongword\n    x\n");
    open_page(&p, &narrow);
    cells_wrapped(&p.c, SLICE(""), 4);
    close_page(&p, "no_word", "  \n");
}

static const struct {
    int64_t v;
    const char *shown, *bytes, *grouped;
} numbers[] = {
    { 0, "0", "0 B", "0" },
    { 999, "999", "999 B", "999" },
    { 1000, "1.0k", "1000 B", "1,000" },
    { 1023, "1.0k", "1023 B", "1,023" },
    { 1024, "1.0k", "1.0 KiB", "1,024" },
    { 99949, "99.9k", "97.6 KiB", "99,949" },
    { 99950, "100k", "97.6 KiB", "99,950" },
    { 999499, "999k", "976 KiB", "999,499" },
    { 999500, "1.0M", "976 KiB", "999,500" },
    { -1234567, "-1.2M", "-1.2 MiB", "-1,234,567" },
    { INT64_MAX, "9.2E", "8.0 EiB", "9,223,372,036,854,775,807" },
    { -INT64_MAX, "-9.2E", "-8.0 EiB", "-9,223,372,036,854,775,807" },
};

static void
numbers_for_people(void **state)
{
    char out[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_string_equal(short_number(numbers[i].v, out), numbers[i].shown);
        assert_string_equal(short_bytes(numbers[i].v, out), numbers[i].bytes);
        assert_string_equal(grouped(numbers[i].v, out), numbers[i].grouped);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_in_columns), cmocka_unit_test(bars_of_figures),
        cmocka_unit_test(courses),         cmocka_unit_test(wrapped),
        cmocka_unit_test(numbers_for_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
