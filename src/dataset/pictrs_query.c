/*
 * The pairs of a query, as a form sends them: name=value between '&', a blank as '+', other bytes
 * as %XX, and all of it UTF-8, or made so.
 */
#include "pictrs.h"
#include "ingest/num.h"

bool
pictrs_pair(struct slice *rest, struct slice *name, struct slice *value)
{
    while (rest->n > 0) {
        const char *end = memchr(rest->p, '&', rest->n), *equals;
        struct slice pair = { rest->p, end == NULL ? rest->n : (size_t)(end - rest->p) };
        size_t used = pair.n + (end != NULL);

        *rest = (struct slice){ rest->p + used, rest->n - used };
        if (pair.n == 0)
            continue;
        equals = memchr(pair.p, '=', pair.n);
        *name = pair;
        *value = (struct slice){ pair.p + pair.n, 0 };
        if (equals != NULL) {
            name->n = (size_t)(equals - pair.p);
            *value = (struct slice){ equals + 1, pair.n - name->n - 1 };
        }
        return true;
    }
    return false;
}

/* ---- bytes ---- */

int
pictrs_percent(const char *p, const char *end)
{
    int high, low;

    if (end - p < 3 || *p != '%')
        return -1;
    high = num_hex_digit(p[1]);
    low = num_hex_digit(p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Does the byte come at place `i` of a character in UTF-8 that begins with `lead`? (RFC 3629, 4) */
static bool
continues(uint8_t lead, size_t i, uint8_t byte)
{
    if (i == 1 && lead == 0xe0)
        return byte >= 0xa0 && byte <= 0xbf;
    if (i == 1 && lead == 0xed)
        return byte >= 0x80 && byte <= 0x9f;
    if (i == 1 && lead == 0xf0)
        return byte >= 0x90 && byte <= 0xbf;
    if (i == 1 && lead == 0xf4)
        return byte >= 0x80 && byte <= 0x8f;
    return byte >= 0x80 && byte <= 0xbf;
}

static size_t
character_bytes(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* The length of the character at `p`, or of the bytes of a broken one that become one U+FFFD. */
static size_t
character(const char *p, const char *end, bool *good)
{
    uint8_t lead = (uint8_t)*p;
    size_t want = character_bytes(lead), n = 1;

    while (n < want && p + n < end && continues(lead, n, (uint8_t)p[n]))
        n++;
    *good = n == want;
    return n;
}

/* As the Encoding standard does: one for each longest beginning of a character that is not one. */
void
pictrs_repair(struct pictrs_text *t)
{
    struct pictrs_text whole;
    const char *p = t->p, *end = t->p + t->n;
    bool good;

    if (slice_is_text(pictrs_slice(t)))
        return;
    pictrs_clear(&whole);
    for (size_t n; p < end; p += n) {
        n = character(p, end, &good);
        if (good)
            pictrs_add(&whole, p, n);
        else
            pictrs_add(&whole, "\xef\xbf\xbd", 3);
    }
    whole.full = whole.full || t->full;
    *t = whole;
}

void
pictrs_form_decode(struct slice s, struct pictrs_text *out)
{
    const char *end = s.p + s.n;

    pictrs_clear(out);
    for (const char *p = s.p; p < end && !out->full; p++) {
        int byte = pictrs_percent(p, end);

        pictrs_put(out, byte >= 0 ? (char)byte : *p == '+' ? ' ' : *p);
        if (byte >= 0)
            p += 2;
    }
    pictrs_repair(out);
}

bool
pictrs_value(struct slice query, const char *name, struct pictrs_text *out)
{
    struct slice key, value;

    while (pictrs_pair(&query, &key, &value)) {
        pictrs_form_decode(key, out);
        if (!slice_eq(pictrs_slice(out), slice_of(name)))
            continue;
        pictrs_form_decode(value, out);
        return true;
    }
    return false;
}

/* ---- CloudFront's layer ---- */

/* What CloudFront encodes in a field of its log (its manual, "Standard log file fields"). */
static bool
is_wrapped_byte(int byte)
{
    if (byte < 0)
        return false;
    return byte <= 0x20 || byte >= 0x7f || strchr("\"#%'<>[\\]^`{|}~", byte) != NULL;
}

struct slice
pictrs_unwrap(struct slice query, char *room)
{
    const char *end;
    size_t n = 0;

    if (query.n == 0)
        return query;
    end = query.p + query.n;
    for (const char *p = query.p; p < end; p++)
        if (*p == '%' && !is_wrapped_byte(pictrs_percent(p, end)))
            return query;
    for (const char *p = query.p; p < end; p++) {
        int byte = pictrs_percent(p, end);

        room[n++] = byte >= 0 ? (char)byte : *p;
        if (byte >= 0)
            p += 2;
    }
    return (struct slice){ room, n };
}
