/*
 * The list of formats as a whole: each is documented, fuzzed and has examples, and no line that one of them shows as an
 * example is taken for two. A new format is not done before this passes.
 */
#include "format_test.h"

#define DOCS TESTS_DIR "/../docs/formats/"

static bool exists(const char *format, ...) PRINTF(1, 2);

static bool
exists(const char *format, ...)
{
    char path[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    return access(path, R_OK) == 0;
}

static char *
read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    struct buf b = { 0 };
    char block[4096];
    size_t n;

    if (file == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        buf_add(&b, block, n);
    fclose(file);
    buf_str(&b);
    return b.p;
}

/* The page that the row of a format links to, which is its own, or one that it shares: | [`common`](combined.md) | about | */
static bool
page_of(const char *index, const struct format *f, char page[64])
{
    char head[128];
    const char *row, *about, *end;

    snprintf(head, sizeof head, "\n| [`%s`](", f->name);
    row = strstr(index, head);
    if (row == NULL)
        return false;
    row += strlen(head);
    end = strstr(row, ") | ");
    about = end == NULL ? NULL : end + 4;
    if (about == NULL || strncmp(about, f->about, strlen(f->about)) != 0 || strncmp(about + strlen(f->about), " |", 2) != 0)
        return false;
    snprintf(page, 64, "%.*s", (int)(end - row), row);
    return true;
}

static void
every_format_has_a_page_and_its_row_in_the_index(void **state)
{
    char *index = read_text(DOCS "README.md");
    int missing = 0;

    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        char page[64], path[1024], name[64];
        char *text;

        if (!page_of(index, formats[i], page)) {
            print_error("docs/formats/README.md lacks: | [`%s`](%s.md) | %s |\n", formats[i]->name, formats[i]->name,
                formats[i]->about);
            missing++;
            continue;
        }
        snprintf(path, sizeof path, DOCS "%s", page);
        if (!exists("%s", path)) {
            print_error("docs/formats/%s, of format %s, is not there\n", page, formats[i]->name);
            missing++;
            continue;
        }
        text = read_text(path);
        snprintf(name, sizeof name, "`%s`", formats[i]->name);
        if (strstr(text, name) == NULL) {
            print_error("docs/formats/%s does not name %s\n", page, name);
            missing++;
        }
        free(text);
    }
    free(index);
    assert_int_equal(missing, 0);
}

static void
the_index_lists_no_format_that_is_not_there(void **state)
{
    char *index = read_text(DOCS "README.md");

    (void)state;
    for (const char *row = index; (row = strstr(row, "\n| [`")) != NULL;) {
        char name[64];

        row += strlen("\n| [`");
        snprintf(name, sizeof name, "%.*s", (int)strcspn(row, "`"), row);
        if (format_by_name(name) == NULL)
            fail_msg("docs/formats/README.md lists %s", name);
    }
    free(index);
}

static void
every_format_is_fuzzed(void **state)
{
    int missing = 0;

    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (exists(TESTS_DIR "/fuzz/fuzz_format_%s.c", formats[i]->name) &&
            exists(TESTS_DIR "/fuzz/seeds/format_%s", formats[i]->name))
            continue;
        print_error("tests/fuzz has no fuzz_format_%s.c, or no seeds for it\n", formats[i]->name);
        missing++;
    }
    assert_int_equal(missing, 0);
}

/* One that is counted, one that is not: what a line of it may look like, and what it may not. */
static void
every_format_has_examples_of_both_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        size_t kept = 0, others = 0;

        for (size_t k = 0; k < formats[i]->n_examples; k++) {
            kept += formats[i]->examples[k].why == KEEP;
            others += formats[i]->examples[k].why != KEEP;
        }
        if (kept == 0 || others == 0)
            fail_msg("%s has %zu examples that count and %zu that do not", formats[i]->name, kept, others);
    }
}

/* Scores of all formats for an example, for a message. */
static void
show_scores(struct slice head)
{
    for (size_t i = 0; formats[i] != NULL; i++) {
        int score = formats[i]->sniff(head);

        if (score > 0)
            print_error("    %s %d\n", formats[i]->name, score);
    }
}

/* What is counted is of its format and of no other; what is not may be another's, but of one alone. */
static void
no_example_is_taken_for_two(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; formats[i] != NULL; i++) {
        for (size_t k = 0; k < formats[i]->n_examples; k++) {
            const struct format_example *e = &formats[i]->examples[k];
            const struct format *best = NULL;
            struct slice head;
            struct buf b = { 0 };
            int high = 0, n_best = 0;

            buf_text(&b, e->line);
            buf_text(&b, "\n"); /* a head ends behind a line */
            head = (struct slice){ b.p, b.n };
            for (size_t f = 0; formats[f] != NULL; f++) {
                int score = formats[f]->sniff(head);

                assert_true(score >= 0 && score <= 100);
                n_best = score > high ? 1 : n_best + (score == high && score > 0);
                best = score > high ? formats[f] : best;
                high = score > high ? score : high;
            }
            if ((high >= SNIFF_SURE && n_best > 1) ||
                (e->why == KEEP && best != formats[i] && strcmp(formats[i]->name, "custom") != 0)) {
                print_error("an example of %s is taken for %s: %s\n", formats[i]->name, best == NULL ? "none" : best->name, e->line);
                show_scores(head);
                wrong++;
            }
            buf_release(&b);
        }
    }
    assert_int_equal(wrong, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_has_a_page_and_its_row_in_the_index),
        cmocka_unit_test(the_index_lists_no_format_that_is_not_there),
        cmocka_unit_test(every_format_is_fuzzed),
        cmocka_unit_test(every_format_has_examples_of_both_kinds),
        cmocka_unit_test(no_example_is_taken_for_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
