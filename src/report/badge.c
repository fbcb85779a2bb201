/*
 * A badge: one line of SVG 1.1 with no script, no font and no address in it. Widths are those of
 * Verdana at 11 pixels, rounded up, as there is nothing to measure with.
 */
#include "ingest/base.h"

#include "report_priv.h"

#define CHARACTER 7 /* pixels */
#define MARGIN    6

/* XML 1.0, 2.2: what may stand in a document, and harms nobody who looks at it. */
static void
put_xml(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.n;) {
        uint32_t c;
        size_t len = slice_character((struct slice){ s.p + i, s.n - i }, &c);

        if (len == 0 || !character_is_harmless(c) || c == 0xfffe || c == 0xffff)
            buf_text(b, "\xef\xbf\xbd");
        else if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            buf_printf(b, "&#%d;", (int)c);
        else
            buf_add(b, s.p + i, len);
        i += len == 0 ? 1 : len;
    }
}

static void
put_half(struct buf *b, size_t x, size_t width, const char *colour, const char *text)
{
    buf_printf(b, "<rect x=\"%zu\" width=\"%zu\" height=\"20\" fill=\"%s\"/>", x, width, colour);
    buf_printf(b, "<text x=\"%zu\" y=\"14\" textLength=\"%zu\">%s</text>", x + MARGIN,
               width - (size_t)2 * MARGIN, text);
}

static const struct table *
table_of(const struct report *r)
{
    for (size_t i = 0; i < r->n_tables; i++)
        if (r->tables[i].first != DAY_NONE)
            return &r->tables[i];
    return NULL;
}

bool
report_badge(struct buf *out, const struct report *r, const char *name)
{
    const struct table *t = table_of(r);
    char number[32], value[64], all[32], since[11], last[11];
    size_t left = strlen("downloads") * CHARACTER + (size_t)2 * MARGIN, right;
    int32_t days = r->period.until - r->period.since;

    if (t == NULL)
        return false;
    snprintf(value, sizeof value, "%s in %" PRId32 " day%s", short_number(t->totals[0], number),
             days, days == 1 ? "" : "s");
    right = strlen(value) * CHARACTER + (size_t)2 * MARGIN;
    clock_format_day(r->period.since, since);
    clock_format_day(r->period.until - 1, last);
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"20\" role=\"img\"><title>",
               left + right);
    put_xml(out, slice_of(name));
    buf_printf(out, ": %s downloads from %s to %s</title>", grouped(t->totals[0], all), since, last);
    buf_text(out, "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">");
    put_half(out, 0, left, "#444", "downloads");
    put_half(out, left, right, "#1f6f3f", value);
    buf_text(out, "</g></svg>\n");
    return true;
}
