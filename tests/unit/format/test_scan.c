/* Vector code and plain code find the same, wherever a text begins and ends. */
#include "format_test.h"
#include "ingest/line.h"
#include "scan.h"

/* Text of `n` bytes in which one of `of` is a delimiter; behind it everything is one, to tempt. */
static void
fill(char *p, size_t n, uint32_t of)
{
    static const char some[] = "\t\n\"\\\t\x1f\x01[ \t";

    for (size_t i = 0; i < n; i++)
        p[i] = next_random() % of == 0 ? some[next_random() % (sizeof some - 1)] : (char)(0x20 + next_random() % 0xe0);
    for (size_t i = 0; i < BLOCK_SLACK; i++)
        p[n + i] = "\t\n\"["[i % 4];
}

static void
compare_wanted(const char *p, size_t n, uint64_t wanted)
{
    static struct marks want, got;
    const struct scan_variant *plain = scan_variants;

    while (strcmp(plain->name, "plain") != 0)
        plain++;
    plain->scan(&want, p, n, '\t', wanted);
    for (const struct scan_variant *v = scan_variants; v->name != NULL; v++) {
        if (!v->runs_here())
            continue;
        memset(&got, 0xaa, offsetof(struct marks, line));
        v->scan(&got, p, n, '\t', wanted);
        assert_int_equal(got.n, want.n);
        assert_int_equal(got.n_lines, want.n_lines);
        assert_int_equal(got.n_tail, want.n_tail);
        assert_memory_equal(got.mark, want.mark, (want.n + 1) * sizeof *want.mark);
        if (want.n_lines > 0)
            assert_memory_equal(got.line, want.line, want.n_lines * sizeof *want.line);
    }
}

static void
compare_variants(const char *p, size_t n)
{
    const uint64_t some = next_random() | (uint64_t)next_random() << 32;
    const uint64_t wanted[] = { UINT64_MAX, 0, 1, UINT64_C(1) << 63, UINT64_C(1) << 62, some };

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        compare_wanted(p, n, wanted[i]);
}

static void
compare_quotes(const char *p, size_t n)
{
    static struct quotes want, got;
    const struct scan_variant *plain = scan_variants;

    while (strcmp(plain->name, "plain") != 0)
        plain++;
    plain->quotes(&want, p, n);
    for (const struct scan_variant *v = scan_variants; v->name != NULL; v++) {
        if (!v->runs_here())
            continue;
        v->quotes(&got, p, n);
        assert_int_equal(got.n, want.n);
        if (want.n > 0)
            assert_memory_equal(got.mark, want.mark, want.n * sizeof *want.mark);
    }
}

static void
variants_agree_at_all_lengths_and_alignments(void **state)
{
    static const uint32_t densities[] = { 1, 2, 11, 100 };

    (void)state;
    for (size_t d = 0; d < ARRAY_LEN(densities); d++) {
        for (size_t n = 0; n <= 200; n++) {
            for (size_t align = 0; align < 64; align += 7) {
                char *memory = malloc(align + n + BLOCK_SLACK);

                fill(memory + align, n, densities[d]);
                compare_variants(memory + align, n);
                compare_quotes(memory + align, n);
                free(memory);
            }
        }
    }
}

static void
a_whole_index_of_nothing_but_marks(void **state)
{
    static const char bytes[] = { '\t', '\n', '"', '\\' };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        char *p = malloc(SCAN_BYTES_MAX + BLOCK_SLACK);

        memset(p, bytes[i], SCAN_BYTES_MAX + BLOCK_SLACK);
        compare_variants(p, SCAN_BYTES_MAX);
        compare_variants(p, SCAN_BYTES_MAX - 1);
        compare_quotes(p, QUOTES_BYTES_MAX);
        compare_quotes(p, QUOTES_BYTES_MAX - 1);
        free(p);
    }
}

static void
the_chosen_one_is_the_plain_one(void **state)
{
    static struct marks got;
    static const char text[BLOCK_SLACK + 8] = "a\tbb\nc\n";

    (void)state;
    scan_marks(&got, text, 7, '\t', UINT64_MAX);
    assert_int_equal(got.n, 3);
    assert_int_equal(got.n_lines, 2);
    assert_int_equal(got.n_tail, 0);
    assert_int_equal(got.mark[0], UINT32_MAX);
    assert_int_equal(got.mark[1], 1);
    assert_int_equal(got.mark[2], 4);
    assert_int_equal(got.mark[3], 6);
    assert_int_equal(got.line[0].last, 2);
    assert_int_equal(got.line[0].n_fields, 2);
    assert_int_equal(got.line[1].last, 3);
    assert_int_equal(got.line[1].n_fields, 1);
}

static void
only_wanted_separators_are_marked(void **state)
{
    static struct marks got;
    static const char text[BLOCK_SLACK + 16] = "a\tb\tc\nd\n\t\te";

    (void)state;
    for (const struct scan_variant *v = scan_variants; v->name != NULL; v++) {
        if (!v->runs_here())
            continue;
        v->scan(&got, text, 11, '\t', 2); /* of each line the second */
        assert_int_equal(got.n, 4);
        assert_int_equal(got.n_lines, 2);
        assert_int_equal(got.n_tail, 2);
        assert_int_equal(got.mark[1], 3);
        assert_int_equal(got.mark[2], 5);
        assert_int_equal(got.mark[3], 7);
        assert_int_equal(got.mark[4], 9);
        assert_int_equal(got.line[0].last, 2);
        assert_int_equal(got.line[0].n_fields, 3);
        assert_int_equal(got.line[1].last, 3);
        assert_int_equal(got.line[1].n_fields, 1);
    }
}

/* From the 64th of a line on, all are wanted or none. */
static void
the_last_bit_wanted_stands_for_all_that_follow(void **state)
{
    static struct marks got;
    static char text[200 + BLOCK_SLACK];

    (void)state;
    memset(text, '\t', sizeof text);
    text[199] = '\n';
    for (const struct scan_variant *v = scan_variants; v->name != NULL; v++) {
        if (!v->runs_here())
            continue;
        v->scan(&got, text, 200, '\t', UINT64_C(1) << 63);
        assert_int_equal(got.n, 199 - 63 + 1);
        assert_int_equal(got.mark[1], 63);
        assert_int_equal(got.line[0].n_fields, 200);
        v->scan(&got, text, 200, '\t', UINT64_C(1) << 62);
        assert_int_equal(got.n, 2);
        assert_int_equal(got.mark[1], 62);
        assert_int_equal(got.mark[2], 199);
    }
}

static void
next_byte_is_found_as_plain_code_finds_it(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 70; n++) {
        for (int round = 0; round < 200; round++) {
            char *p = malloc(n + BLOCK_SLACK);
            const char *end = p + n;

            fill(p, n, 1 + next_random() % 60);
            for (const char *at = p; at <= end; at += 5) {
                assert_ptr_equal(scan_byte(at, end, '['), scan_byte_plain(at, end, '['));
                assert_ptr_equal(scan_either(at, end, '"', '\\'), scan_either_plain(at, end, '"', '\\'));
                assert_ptr_equal(scan_string(at, end), scan_string_plain(at, end));
            }
            free(p);
        }
    }
}

static void
string_ends_at_exactly_the_bytes_it_must(void **state)
{
    char p[16 + BLOCK_SLACK];

    (void)state;
    for (int c = 0; c < 256; c++) {
        memset(p, 'x', sizeof p);
        p[9] = (char)c;
        assert_int_equal(scan_string(p, p + 16) - p, c < 0x20 || c == '"' || c == '\\' ? 9 : 16);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_agree_at_all_lengths_and_alignments),
        cmocka_unit_test(a_whole_index_of_nothing_but_marks),
        cmocka_unit_test(the_chosen_one_is_the_plain_one),
        cmocka_unit_test(only_wanted_separators_are_marked),
        cmocka_unit_test(the_last_bit_wanted_stands_for_all_that_follow),
        cmocka_unit_test(next_byte_is_found_as_plain_code_finds_it),
        cmocka_unit_test(string_ends_at_exactly_the_bytes_it_must),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
