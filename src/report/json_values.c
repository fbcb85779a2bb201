/*
 * Members and values of a report's document.
 */
#include "ingest/base.h"

#include "json_priv.h"

void
json_put_text(struct buf *b, struct slice s)
{
    if (s.p == NULL)
        buf_text(b, "null");
    else
        buf_json_shown(b, s);
}

void
json_put_name(struct buf *b, const char *name)
{
    buf_printf(b, "%s\"%s\":", b->n > 0 && strchr("{[", b->p[b->n - 1]) == NULL ? "," : "", name);
}

void
json_put_member(struct buf *b, const char *name, const char *text)
{
    json_put_name(b, name);
    buf_json_shown(b, slice_of(text));
}

void
json_put_number(struct buf *b, const char *name, int64_t v)
{
    json_put_name(b, name);
    buf_printf(b, "%" PRId64, v);
}

void
json_put_day(struct buf *b, const char *name, int32_t day)
{
    char text[11];

    json_put_name(b, name);
    if (day == DAY_NONE) {
        buf_text(b, "null");
        return;
    }
    clock_format_day(day, text);
    buf_printf(b, "\"%s\"", text);
}

void
json_put_period(struct buf *b, const char *name, struct period p)
{
    json_put_name(b, name);
    buf_text(b, "{");
    json_put_day(b, "since", p.since);
    json_put_day(b, "until", p.until);
    buf_text(b, "}");
}
