#include "ingest/base.h"

#include "ingest/address.h"

#include "reject_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_harmless(const struct buf *b)
{
    for (size_t i = 0; i + 1 < b->n; i++)
        if ((unsigned char)b->p[i] < 0x20 || (unsigned char)b->p[i] > 0x7e)
            return false;
    return b->n > 0 && b->p[b->n - 1] == '\n';
}

/* A word between blanks that is an address must not have come through. */
static bool
shows_an_address(const struct buf *b)
{
    const char *at = strstr(b->p, "\"text\":\""), *end = b->p + b->n;
    uint8_t address[16];

    for (at = at == NULL ? end : at + 8; at < end; at++) {
        size_t n = strcspn(at, " \"\\,");

        if (address_any((struct slice){ at, n }, address))
            return true;
        at += n;
    }
    return false;
}

/* A line and, on the next one, the name of its client: ASCII, the same again, and no address in it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *lf = size == 0 ? NULL : memchr(data, '\n', size);
    size_t n = lf == NULL ? size : (size_t)(lf - (const char *)data);
    struct reject_line l = {
        .path = "x",
        .line_no = 1,
        .why = REJECT_FIELDS,
        .text = { size == 0 ? "" : (const char *)data, n },
        .client = lf == NULL ? SLICE("") : (struct slice){ lf + 1, size - n - 1 },
    };
    struct buf a = { 0 }, b = { 0 };

    reject_line_put(&a, &l);
    reject_line_put(&b, &l);
    if (a.failed || b.failed || a.n != b.n || memcmp(a.p, b.p, a.n) != 0 || !is_harmless(&a) ||
        buf_str(&a) == NULL || shows_an_address(&a))
        abort();
    if (a.n > 200 + 6 * 2 * REJECT_TEXT_MAX) /* "::" is the shortest that is masked, by eight bytes */
        abort();
    buf_reset(&a);
    l.raw = true;
    reject_line_put(&a, &l);
    if (!is_harmless(&a) || a.n > 200 + 6 * REJECT_TEXT_MAX)
        abort();
    buf_release(&a);
    buf_release(&b);
    return 0;
}
