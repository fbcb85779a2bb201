/*
 * Any text in a column: exactly as wide as the column is, nothing raw that a terminal would act on; in ASCII a byte a column.
 */
#include "cells.h"
#include "fuzz_bytes.h"

static void
in_a_column(struct slice text, size_t columns, const struct report_text_style *style)
{
    struct buf out = { 0 };
    struct cells c;

    cells_open(&c, &out, style);
    cells_text(&c, text, columns);
    MUST(buf_str(&out) != NULL);
    MUST(cells_width(&c, (struct slice){ out.p, out.n }) == columns);
    MUST(style->utf8 || out.n == columns);
    for (size_t i = 0; i < out.n;) {
        uint32_t point;
        size_t n = slice_character((struct slice){ out.p + i, out.n - i }, &point);

        MUST(n > 0 && character_is_harmless(point) && (style->utf8 || point < 0x80));
        i += n;
    }
    buf_reset(&out);
    cells_free_text(&c, text);
    MUST(cells_width(&c, (struct slice){ out.p, out.n }) == cells_width(&c, text));
    cells_close(&c);
    buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct report_text_style utf8 = { .columns = 80, .utf8 = true };
    static const struct report_text_style ascii = { .columns = 80 };

    if (size == 0)
        return 0;
    in_a_column((struct slice){ (const char *)data + 1, size - 1 }, data[0] % 80, &utf8);
    in_a_column((struct slice){ (const char *)data + 1, size - 1 }, data[0] % 80, &ascii);
    return 0;
}
