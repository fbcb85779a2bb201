/*
 * The page: its template with the document in it, and the text form for who runs no script.
 */
#include "ingest/base.h"

#include "page.h"
#include "report_priv.h"

/* Text in a page (HTML Living Standard, 13.1.2: a character reference for what begins markup). */
static void
add_escaped(struct buf *out, const struct buf *text)
{
    for (size_t i = 0; i < text->n; i++) {
        switch (text->p[i]) {
        case '<':
            buf_text(out, "&lt;");
            break;
        case '>':
            buf_text(out, "&gt;");
            break;
        case '&':
            buf_text(out, "&amp;");
            break;
        default:
            buf_add(out, &text->p[i], 1);
        }
    }
    out->failed = out->failed || text->failed;
}

void
report_html(struct buf *out, const struct report *r)
{
    static const struct report_text_style style = { .columns = 100, .shown = 25, .utf8 = true };
    struct buf text = { 0 };

    report_text(&text, r, &style);
    buf_add(out, report_page_head, report_page_head_bytes);
    buf_text(out, "<noscript><pre>\n");
    add_escaped(out, &text);
    buf_text(out, "</pre></noscript>\n<script type=\"application/json\" id=\"report\">");
    report_json(out, r); /* has no '<' */
    buf_text(out, "</script>\n");
    buf_add(out, report_page_tail, report_page_tail_bytes);
    buf_release(&text);
}
