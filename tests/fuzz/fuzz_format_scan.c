/*
 * Every way that this machine has to find delimiters, against the plain one: the index of a run of lines at each level of
 * vector code, and the searches for the next byte. Other bytes stand behind the end, as in a block.
 */
#include "ingest/line.h"

#include "fuzz_bytes.h"
#include "scan.h"

static void
hold_marks_equal(const char *p, size_t n, char separator, uint64_t wanted)
{
    static struct marks want, got;
    const struct scan_variant *plain = scan_variants;

    while (plain[1].name != NULL)
        plain++;
    plain->scan(&want, p, n, separator, wanted);
    for (const struct scan_variant *v = scan_variants; v < plain; v++) {
        if (!v->runs_here())
            continue;
        v->scan(&got, p, n, separator, wanted);
        MUST(got.n == want.n && got.n_lines == want.n_lines && got.n_tail == want.n_tail);
        MUST(memcmp(got.mark, want.mark, (1 + want.n) * sizeof *want.mark) == 0);
        MUST(memcmp(got.line, want.line, want.n_lines * sizeof *want.line) == 0);
    }
}

static void
hold_quotes_equal(const char *p, size_t n)
{
    static struct quotes want, got;
    const struct scan_variant *plain = scan_variants;

    while (plain[1].name != NULL)
        plain++;
    plain->quotes(&want, p, n);
    for (const struct scan_variant *v = scan_variants; v < plain; v++) {
        if (!v->runs_here())
            continue;
        v->quotes(&got, p, n);
        MUST(got.n == want.n && memcmp(got.mark, want.mark, want.n * sizeof *want.mark) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    char separator = (char)take_byte(&b), second = (char)take_byte(&b), *text;
    uint8_t behind = take_byte(&b);
    uint64_t wanted = take_number(&b, sizeof wanted);
    size_t n = b.n < SCAN_BYTES_MAX ? b.n : SCAN_BYTES_MAX;

    if ((text = malloc(n + BLOCK_SLACK)) == NULL)
        abort();
    if (n > 0)
        memcpy(text, b.p, n);
    memset(text + n, behind, BLOCK_SLACK);
    hold_marks_equal(text, n, separator, wanted);
    hold_quotes_equal(text, n < QUOTES_BYTES_MAX ? n : QUOTES_BYTES_MAX);
    for (const char *p = text; p < text + n; p += 1 + n / 64) { /* about 64 places to start from */
        MUST(scan_byte(p, text + n, separator) == scan_byte_plain(p, text + n, separator));
        MUST(scan_either(p, text + n, separator, second) == scan_either_plain(p, text + n, separator, second));
        MUST(scan_string(p, text + n) == scan_string_plain(p, text + n));
    }
    free(text);
    return 0;
}
