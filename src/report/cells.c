/*
 * Text in columns. The width of a character is that of wcwidth(3) in a UTF-8 locale of our own, so
 * that the program's stays as it is.
 */
#include "ingest/base.h"

#include <locale.h>
#include <wchar.h>

#include "cells.h"

void
cells_open(struct cells *c, struct buf *out, const struct report_text_style *style)
{
    *c = (struct cells){ .out = out, .style = style };
    if (style->utf8)
        c->wide = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void
cells_close(struct cells *c)
{
    if (c->wide != (locale_t)0)
        freelocale(c->wide);
}

/* ---- a stranger's text ---- */

/* One character: its bytes, and how many columns it takes; `escaped`: each byte as \xHH. */
struct shown {
    size_t bytes, columns;
    bool   escaped;
};

static struct shown
show(const struct cells *c, struct slice rest)
{
    uint32_t point;
    size_t n = slice_character(rest, &point);
    locale_t before;
    int width = 1;

    if (n == 0)
        return (struct shown){ 1, 4, true };
    if (!character_is_harmless(point) || (point >= 0x80 && !c->style->utf8))
        return (struct shown){ n, 4 * n, true };
    if (point >= 0x80 && c->wide != (locale_t)0) {
        before = uselocale(c->wide);
        width = wcwidth((wchar_t)point);
        uselocale(before);
    }
    return (struct shown){ n, width < 0 ? 1 : (size_t)width, false };
}

static void
put(const struct cells *c, struct slice s, const struct shown *as)
{
    if (!as->escaped)
        buf_add(c->out, s.p, as->bytes);
    for (size_t i = 0; as->escaped && i < as->bytes; i++)
        buf_printf(c->out, "\\x%02x", (unsigned char)s.p[i]);
}

static struct slice
behind(struct slice s, size_t n)
{
    return (struct slice){ s.p + n, s.n - n };
}

size_t
cells_width(const struct cells *c, struct slice s)
{
    size_t columns = 0;

    while (s.n > 0) {
        struct shown as = show(c, s);

        columns += as.columns;
        s = behind(s, as.bytes);
    }
    return columns;
}

void
cells_text(const struct cells *c, struct slice s, size_t columns)
{
    bool whole = cells_width(c, s) <= columns;
    size_t room = whole || columns == 0 ? columns : columns - 1, used = 0;

    while (s.n > 0) {
        struct shown as = show(c, s);

        if (used + as.columns > room)
            break;
        put(c, s, &as);
        used += as.columns;
        s = behind(s, as.bytes);
    }
    if (!whole && columns > 0) {
        buf_text(c->out, c->style->utf8 ? "…" : "~");
        used++;
    }
    cells_blank(c, columns - used);
}

void
cells_free_text(const struct cells *c, struct slice s)
{
    cells_text(c, s, cells_width(c, s));
}

/* A word that is longer than a line is left as it is: nothing of it would be gained by a cut. */
void
cells_wrapped(const struct cells *c, struct slice line, size_t indent)
{
    size_t used = indent - 2;

    cells_blank(c, used);
    while (line.n > 0) {
        const char *blank = memchr(line.p, ' ', line.n);
        struct slice word = { line.p, blank == NULL ? line.n : (size_t)(blank - line.p) };
        size_t width = cells_width(c, word);

        if (used > indent && used + 1 + width > c->style->columns) {
            buf_text(c->out, "\n");
            cells_blank(c, indent);
            used = indent;
        } else if (used > indent - 2) {
            buf_text(c->out, " ");
            used++;
        }
        buf_add_slice(c->out, word);
        used += width;
        line = behind(line, blank == NULL ? line.n : word.n + 1);
    }
    buf_text(c->out, "\n");
}

void
cells_right(const struct cells *c, const char *text, size_t columns)
{
    size_t width = cells_width(c, slice_of(text));

    cells_blank(c, width < columns ? columns - width : 0);
    buf_text(c->out, text);
}

void
cells_blank(const struct cells *c, size_t columns)
{
    buf_printf(c->out, "%*s", (int)columns, "");
}

/* ---- bars ---- */

void
cells_bar(const struct cells *c, int64_t v, int64_t most, size_t columns)
{
    static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
    size_t eighths = v <= 0 || most <= 0
                         ? 0
                         : (size_t)((double)v / (double)most * (double)columns * 8 + 0.5);
    size_t whole = eighths / 8, used;

    if (v > 0 && eighths == 0)
        eighths = 1; /* something is never nothing */
    if (!c->style->utf8)
        whole = (eighths + 4) / 8 > 0 ? (eighths + 4) / 8 : eighths > 0;
    if (whole > columns)
        whole = columns;
    for (size_t i = 0; i < whole; i++)
        buf_text(c->out, c->style->utf8 ? "█" : "#");
    used = whole;
    if (c->style->utf8 && whole < columns && eighths % 8 > 0) {
        buf_text(c->out, parts[eighths % 8]);
        used++;
    }
    cells_blank(c, columns - used);
}

/* What falls into a column of n figures in `columns`; NO_FIGURE: none of it is known. */
static int64_t
figure_of(const int64_t *series, size_t n, size_t columns, size_t at)
{
    int64_t sum = NO_FIGURE;

    for (size_t i = at * n / columns; i < (at + 1) * n / columns; i++)
        if (series[i] != NO_FIGURE)
            sum = sum == NO_FIGURE ? series[i] : sum + series[i];
    return sum;
}

void
cells_spark(const struct cells *c, const int64_t *series, size_t n, size_t columns)
{
    static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
    static const char *const marks[] = { "_", ".", ":", "-", "=", "+", "*", "#" };
    size_t cells = n < columns ? n : columns;
    int64_t most = 0;

    for (size_t i = 0; i < cells; i++) {
        int64_t v = figure_of(series, n, cells, i);

        most = v > most ? v : most;
    }
    for (size_t i = 0; i < cells; i++) {
        int64_t v = figure_of(series, n, cells, i);
        size_t level = v <= 0 || most <= 0 ? 0 : (size_t)((double)v / (double)most * 7 + 0.5);

        buf_text(c->out, v == NO_FIGURE    ? " "
                         : c->style->utf8 ? blocks[level > 7 ? 7 : level]
                                          : marks[level > 7 ? 7 : level]);
    }
    cells_blank(c, columns - cells);
}
