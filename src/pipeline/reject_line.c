/*
 * One rejected line as a JSON object. The line is a stranger's: what is written is plain ASCII, so
 * that no terminal, editor or spreadsheet is led astray by it, and unless it is wanted raw, what
 * looks like an address in it is masked.
 */
#include "ingest/base.h"

#include "ingest/address.h"

#include "reject_line.h"

static const char MASK[] = "<client>";

static bool
is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* ---- addresses ---- */

/* The longest address as text is "::ffff:" and the like with an IPv4 behind: 45 bytes. */
#define RUN_MAX 64

/*
 * Hex digits, colons and dots without a break, as they stand and as they are meant: in a query a
 * colon is %3A. Of a run that is too long for any address only the beginning is meant.
 */
struct run_text {
    size_t n;             /* bytes as they stand */
    size_t n_colons;
    size_t n_meant;
    char   meant[RUN_MAX];
};

static size_t
colon_at(struct slice s, size_t i)
{
    if (s.p[i] == ':')
        return 1;
    return s.n - i >= 3 && memcmp(s.p + i, "%3", 2) == 0 && (s.p[i + 2] | 0x20) == 'a' ? 3 : 0;
}

static void
read_run(struct slice s, size_t i, struct run_text *run)
{
    size_t start = i;

    run->n_colons = run->n_meant = 0;
    while (i < s.n) {
        size_t step = colon_at(s, i);

        if (step == 0 && !is_hex(s.p[i]) && s.p[i] != '.')
            break;
        run->n_colons += step > 0;
        if (run->n_meant < RUN_MAX)
            run->meant[run->n_meant++] = step > 0 ? ':' : s.p[i];
        i += step > 0 ? step : 1;
    }
    run->n = i - start;
}

/* [from, to) of what is meant, without the first `heads` and the last `tails` groups of it. */
static bool
without_groups(const struct run_text *run, int heads, int tails, size_t *from, size_t *to)
{
    *from = 0;
    *to = run->n_meant;
    while (*to > 0 && run->meant[*to - 1] == '.')
        --*to; /* of a sentence */
    for (; heads > 0 && *from < *to; heads--) {
        while (*from < *to && run->meant[*from] != ':')
            ++*from;
        *from += *from < *to;
    }
    for (; tails > 0 && *to > *from; tails--) {
        while (*to > *from && run->meant[*to - 1] != ':')
            --*to;
        *to -= *to > *from;
    }
    return *from < *to;
}

/*
 * Something with a colon may stand before an IPv6 address, and a port behind it: then all of it
 * goes.
 */
static bool
holds_ipv6(const struct run_text *run)
{
    uint8_t address[16];
    size_t from, to;

    if (run->n_colons < 2)
        return false;
    if (run->n_meant == RUN_MAX)
        return true; /* no address is so long; better to mask too much */
    for (int gone = 0; gone <= 4; gone++)
        for (int heads = 0; heads <= gone; heads++)
            if (without_groups(run, heads, gone - heads, &from, &to) &&
                address_ipv6((struct slice){ run->meant + from, to - from }, address))
                return true;
    return false;
}

/* Four numbers of up to three digits between dots: their end, 0 if they do not begin at `i`. */
static size_t
ipv4_end(struct slice s, size_t i)
{
    for (int part = 0; part < 4; part++) {
        size_t first;

        if (part > 0 && (i == s.n || s.p[i++] != '.'))
            return 0;
        for (first = i; i < s.n && is_digit(s.p[i]); i++)
            if (i - first == 3)
                return 0;
        if (i == first)
            return 0;
    }
    return i;
}

static void
put_run(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n;) {
        size_t end = is_digit(s.p[i]) && (i == 0 || !is_digit(s.p[i - 1])) ? ipv4_end(s, i) : 0;

        if (end > 0)
            buf_text(out, MASK);
        else
            buf_add(out, s.p + i, 1);
        i = end > 0 ? end : i + 1;
    }
}

/* ---- the line ---- */

/* Does the client's name stand here? A short one must be a word of its own. */
static bool
client_at(struct slice s, size_t i, struct slice client)
{
    if (client.n == 0 || slice_is(client, "-") || s.n - i < client.n || s.p[i] != client.p[0] ||
        memcmp(s.p + i, client.p, client.n) != 0)
        return false;
    if (client.n >= 8)
        return true;
    return (i == 0 || !is_word(s.p[i - 1])) &&
           (i + client.n == s.n || !is_word(s.p[i + client.n]));
}

/* Up to `cut` bytes of `s`; what begins before `cut` is looked at as a whole. */
static void
put_masked(struct buf *out, struct slice s, size_t cut, struct slice client)
{
    struct run_text run;

    if (client.n > RUN_MAX)
        client.n = RUN_MAX; /* no address; its beginning will do, and comparing stays cheap */
    for (size_t i = 0; i < cut;) {
        if (client_at(s, i, client)) {
            buf_text(out, MASK);
            i += client.n;
        } else if (s.p[i] == '%' && colon_at(s, i) == 0 && cut - i >= 3 && is_hex(s.p[i + 1]) &&
                   is_hex(s.p[i + 2])) {
            buf_add(out, s.p + i, 3); /* these digits are none of an address */
            i += 3;
        } else if (is_hex(s.p[i]) || colon_at(s, i) > 0) {
            read_run(s, i, &run);
            if (holds_ipv6(&run))
                buf_text(out, MASK);
            else
                put_run(out, (struct slice){ s.p + i, run.n });
            i += run.n;
        } else {
            buf_add(out, s.p + i++, 1);
        }
    }
}

/* ---- as JSON ---- */

static size_t
utf8_length(const char *p, size_t n)
{
    unsigned char c = (unsigned char)p[0];
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (c < 0x80)
        return 1;
    return len <= n && slice_is_text((struct slice){ p, len }) ? len : 0;
}

static bool
is_utf8(struct slice s)
{
    size_t len = 1;

    for (size_t i = 0; i < s.n && len > 0; i += len)
        len = utf8_length(s.p + i, s.n - i);
    return len > 0;
}

static void
put_code_point(struct buf *out, const char *p, size_t len)
{
    uint32_t c = (unsigned char)p[0] & (0x7fu >> len);

    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)p[i] & 0x3fu);
    if (c >= 0x10000)
        buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                   0xdc00 + ((c - 0x10000) & 0x3ff));
    else
        buf_printf(out, "\\u%04x", c);
}

/* A JSON string in ASCII (RFC 8259, 7). `latin`: each byte is a character, U+0000 to U+00FF. */
static void
put_string(struct buf *out, struct slice s, bool latin)
{
    buf_text(out, "\"");
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t len = latin ? 1 : utf8_length(s.p + i, s.n - i);

        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c >= 0x20 && c < 0x7f)
            buf_add(out, s.p + i, 1);
        else if (latin || c < 0x80)
            buf_printf(out, "\\u%04x", c);
        else
            put_code_point(out, s.p + i, len);
        i += len;
    }
    buf_text(out, "\"");
}

/* Where to cut: not inside a character. */
static size_t
cut_of(struct slice s)
{
    size_t cut = REJECT_TEXT_MAX;

    if (s.n <= cut)
        return s.n;
    for (int i = 0; i < 3 && ((unsigned char)s.p[cut] & 0xc0) == 0x80; i++)
        cut--;
    return ((unsigned char)s.p[cut] & 0xc0) == 0x80 ? REJECT_TEXT_MAX : cut;
}

void
reject_line_put(struct buf *out, const struct reject_line *l)
{
    struct slice path = slice_of(l->path), text = l->text;
    struct buf masked = { 0 };
    size_t cut = text.p == NULL ? 0 : cut_of(text);
    bool latin;

    buf_text(out, "{\"file\":");
    put_string(out, path, !is_utf8(path));
    buf_printf(out, ",\"line\":%" PRIu64, l->line_no);
    if (l->has_offset)
        buf_printf(out, ",\"byte\":%" PRIu64, l->offset);
    buf_printf(out, ",\"reason\":\"%s\"", reason_name(l->why));
    if (text.p != NULL) {
        if (l->raw)
            buf_add(&masked, text.p, cut);
        else
            put_masked(&masked, text, cut, l->client);
        text = (struct slice){ masked.p, masked.n };
        latin = !is_utf8(text);
        buf_text(out, ",\"text\":");
        put_string(out, text, latin);
        if (latin)
            buf_text(out, ",\"encoding\":\"latin-1\"");
        out->failed = out->failed || masked.failed;
    }
    if (text.p == NULL ? l->why == REJECT_LINE_TOO_LONG : cut < l->text.n)
        buf_text(out, ",\"truncated\":true");
    buf_text(out, "}\n");
    buf_release(&masked);
}
