/*
 * A growing byte buffer. Adding gives false without memory and leaves the content alone; once false, `failed` stays
 * true, so a writer may add many times and look once.
 */
#ifndef INGEST_BUF_H
#define INGEST_BUF_H

#include "ingest/base.h"
#include "ingest/slice.h"

struct buf {
    char  *p;
    size_t n;
    size_t cap;
    bool   failed;
};

bool buf_reserve(struct buf *b, size_t more);
bool buf_add(struct buf *b, const void *bytes, size_t n);
bool buf_add_slice(struct buf *b, struct slice s);
bool buf_text(struct buf *b, const char *text);
bool buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
bool buf_hex(struct buf *b, const void *bytes, size_t n); /* lower case */
bool buf_json(struct buf *b, struct slice s);             /* a JSON string with its quotes (RFC 8259, 7); bad UTF-8 becomes U+FFFD */
bool buf_json_shown(struct buf *b, struct slice s);       /* the same, and what would act on a terminal escaped, for what people look at, too */
bool buf_be16(struct buf *b, uint16_t v);                 /* big-endian, as COPY BINARY wants them */
bool buf_be32(struct buf *b, uint32_t v);
bool buf_be64(struct buf *b, uint64_t v);
/* The content with a NUL behind it (not counted in n); NULL if anything failed. Valid until the next add. */
const char *buf_str(struct buf *b);
void        buf_reset(struct buf *b);
void        buf_release(struct buf *b);

#endif
