/*
 * Inside pipeline/: one rejected line as a line of JSON.
 */
#ifndef REJECT_LINE_H
#define REJECT_LINE_H

#include "ingest/buf.h"
#include "ingest/reason.h"
#include "ingest/slice.h"

#define REJECT_TEXT_MAX ((size_t)8 * 1024)

struct reject_line {
    const char  *path;
    uint64_t     line_no;
    uint64_t     offset;     /* of the line in the decoded text */
    bool         has_offset;
    enum reason  why;
    struct slice text;       /* without LF; p NULL: gone (too long), or there are no lines (a document) */
    struct slice client;     /* as the record has it; empty where it has none */
    bool         raw;        /* nothing is masked */
};

/*
 * {"file":"a.log","line":7,"byte":512,"reason":"time","text":"..."} and a LF. ASCII only. Of a text over REJECT_TEXT_MAX bytes
 * the beginning, and "truncated":true. A text that is not UTF-8 as a whole is given byte by byte, U+0000 to U+00FF, and
 * "encoding":"latin-1" says so. What reads as an IPv4 or IPv6 address, and the client, becomes "<client>". No memory: out->failed.
 */
void reject_line_put(struct buf *out, const struct reject_line *l);

#endif
