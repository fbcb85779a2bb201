/*
 * The request line as access logs quote it, `GET /a%20b?c HTTP/1.1`: cut into method and path, its escapes undone.
 */
#ifndef INGEST_FORMAT_REQUEST_H
#define INGEST_FORMAT_REQUEST_H

#include "cursor.h"
#include "ingest/arena.h"
#include "ingest/record.h"

/*
 * Undoes the backslash escapes of Apache and nginx: \xHH, \" \\ \n \r \t \b \f \v; others stay as they are. The new text is
 * of the arena. False without memory.
 */
bool request_unescape(struct arena *a, struct slice *text);

/* METHOD path PROTOCOL: without a blank all is the method; only a last word "HTTP/..." is a protocol. */
static inline void
request_split(struct slice request, struct record *rec)
{
    struct cursor c = cursor_at(request);
    const char *end = c.end, *last;

    /* As nearly all are, and what the general way below makes of them. */
    if (likely(request.n >= 13 && memcmp(c.at, "GET ", 4) == 0 &&
               memcmp(end - 9, " HTTP/", 6) == 0 && end[-3] != ' ' && end[-2] != ' ' &&
               end[-1] != ' ')) {
        rec->method = (struct slice){ c.at, 3 };
        rec->path = (struct slice){ c.at + 4, request.n - 13 };
        return;
    }
    rec->method = take_word(&c, ' ');
    rec->path = (struct slice){ c.at, 0 };
    if (!take_byte(&c, ' '))
        return;
    last = memrchr(c.at - 1, ' ', (size_t)(end - c.at) + 1); /* there is one: the method's */
    if (end - last > 5 && memcmp(last + 1, "HTTP/", 5) == 0)
        end = last < c.at ? c.at : last;
    rec->path = (struct slice){ c.at, (size_t)(end - c.at) };
}

/*
 * The Content-Range of an answer (RFC 9110, 14.4): "bytes 0-99/1000", or "bytes 0-99" and a slash with '*'. What is no such
 * thing leaves the record as it is: its range is not known.
 */
static inline void
request_content_range(struct slice s, struct record *rec)
{
    struct cursor c = cursor_at(s);
    struct slice first, last;
    int64_t from, to;

    if (!slice_starts(s, SLICE("bytes ")))
        return;
    c.at += 6;
    if (!take_until(&c, '-', &first) || !take_until(&c, '/', &last) || !num_u63(first, &from) ||
        !num_u63(last, &to) || to < from || to == INT64_MAX)
        return;
    rec->range = from == 0 ? RANGE_ZERO : RANGE_LATER;
    rec->range_first = from;
    rec->range_end = to + 1;
}

#endif
