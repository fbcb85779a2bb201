/*
 * Growing bytes, and the few encodings that several rooms write: hex, JSON strings, network byte
 * order.
 */
#include "ingest/buf.h"

#include <endian.h>

bool
buf_reserve(struct buf *b, size_t more)
{
    size_t need, cap;
    char *p;

    if (b->failed)
        return false;
    if (__builtin_add_overflow(b->n, more, &need)) {
        b->failed = true;
        return false;
    }
    if (need <= b->cap)
        return true;
    cap = b->cap < 256 ? 256 : b->cap;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    p = realloc(b->p, cap);
    if (p == NULL) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

bool
buf_add(struct buf *b, const void *bytes, size_t n)
{
    if (!buf_reserve(b, n))
        return false;
    if (n > 0)
        memcpy(b->p + b->n, bytes, n);
    b->n += n;
    return true;
}

bool
buf_add_slice(struct buf *b, struct slice s)
{
    return buf_add(b, s.p, s.n);
}

bool
buf_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

bool
buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !buf_reserve(b, (size_t)n + 1)) {
        b->failed = true;
        return false;
    }
    va_start(args, format);
    vsnprintf(b->p + b->n, (size_t)n + 1, format, args);
    va_end(args);
    b->n += (size_t)n;
    return true;
}

bool
buf_hex(struct buf *b, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;

    if (!buf_reserve(b, n > SIZE_MAX / 2 ? SIZE_MAX : 2 * n))
        return false;
    for (size_t i = 0; i < n; i++) {
        b->p[b->n++] = digits[p[i] >> 4];
        b->p[b->n++] = digits[p[i] & 15];
    }
    return true;
}

bool
buf_json(struct buf *b, struct slice s)
{
    buf_text(b, "\"");
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t len = 1;

        if (c == '"' || c == '\\') {
            buf_printf(b, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_printf(b, "\\u%04x", c);
        } else if (c < 0x80) {
            buf_add(b, &s.p[i], 1);
        } else {
            for (len = 2; len <= 4 && i + len <= s.n; len++)
                if (slice_is_text((struct slice){ s.p + i, len }))
                    break;
            if (len > 4 || i + len > s.n) {
                buf_text(b, "\xef\xbf\xbd");
                len = 1;
            } else {
                buf_add(b, &s.p[i], len);
            }
        }
        i += len;
    }
    return buf_text(b, "\"");
}

bool
buf_json_shown(struct buf *b, struct slice s)
{
    buf_text(b, "\"");
    for (size_t i = 0; i < s.n;) {
        struct slice rest = { s.p + i, s.n - i };
        uint32_t c;
        size_t len = slice_character(rest, &c);

        if (len == 0)
            buf_text(b, "\xef\xbf\xbd");
        else if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", (int)c);
        else if (character_is_harmless(c))
            buf_add(b, rest.p, len);
        else if (c < 0x10000)
            buf_printf(b, "\\u%04" PRIx32, c);
        else
            buf_printf(b, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10),
                       0xdc00 + ((c - 0x10000) & 0x3ff));
        i += len == 0 ? 1 : len;
    }
    return buf_text(b, "\"");
}

bool
buf_be16(struct buf *b, uint16_t v)
{
    v = htobe16(v);
    return buf_add(b, &v, sizeof v);
}

bool
buf_be32(struct buf *b, uint32_t v)
{
    v = htobe32(v);
    return buf_add(b, &v, sizeof v);
}

bool
buf_be64(struct buf *b, uint64_t v)
{
    v = htobe64(v);
    return buf_add(b, &v, sizeof v);
}

const char *
buf_str(struct buf *b)
{
    if (!buf_reserve(b, 1))
        return NULL;
    b->p[b->n] = '\0';
    return b->p;
}

void
buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

void
buf_release(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ 0 };
}
