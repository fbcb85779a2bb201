/*
 * Any text, as it reaches a terminal and as JSON: nothing raw that a terminal would act on, and JSON that a reader of its
 * own gives back as the text, with U+FFFD for each byte that is no UTF-8. buf_json is held to the same, but for what a terminal acts on.
 */
#include "ingest/buf.h"

#include "cli_priv.h"
#include "fuzz_bytes.h"

/* The length of the UTF-8 character at `p` (RFC 3629, 4, its table of well-formed bytes), 0: none is there. */
static size_t
character(const uint8_t *p, size_t n, uint32_t *out)
{
    static const struct {
        uint8_t first, last, second_first, second_last;
        size_t  n;
    } forms[] = {
        { 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        size_t i = 1;

        if (p[0] < forms[f].first || p[0] > forms[f].last || forms[f].n > n)
            continue;
        if (forms[f].n > 1 && (p[1] < forms[f].second_first || p[1] > forms[f].second_last))
            continue;
        *out = forms[f].n == 1 ? p[0] : p[0] & (0xffu >> (forms[f].n + 1));
        for (; i < forms[f].n && (i == 1 || (p[i] & 0xc0) == 0x80); i++)
            *out = *out << 6 | (p[i] & 0x3f);
        if (i == forms[f].n)
            return forms[f].n;
    }
    return 0;
}

/* What a terminal obeys, or a reader is fooled by: C0, DEL, C1, bidirectional controls, line separators. */
static bool
is_raw(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void
nothing_raw(const char *p, size_t n)
{
    uint32_t c;

    for (size_t i = 0, len; i < n; i += len) {
        len = character((const uint8_t *)p + i, n - i, &c);
        MUST(len > 0 && !is_raw(c));
    }
}

static void
put_character(struct buf *b, uint32_t c)
{
    uint8_t p[4] = { (uint8_t)c };
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = n; n > 1 && i-- > 0; c >>= 6)
        p[i] = (uint8_t)(i > 0 ? 0x80 | (c & 0x3f) : (0xf00u >> n & 0xff) | c);
    buf_add(b, p, n);
}

static uint32_t
four_digits(const char *p)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, p[i] | (p[i] >= 'A' ? 0x20 : 0));

        MUST(p[i] != '\0' && at != NULL);
        v = v * 16 + (uint32_t)(at - digits);
    }
    return v;
}

/* A JSON string (RFC 8259, 7) back to its text. */
static void
read_json(const char *p, size_t n, struct buf *out)
{
    MUST(n >= 2 && p[0] == '"' && p[n - 1] == '"');
    for (size_t i = 1; i < n - 1; i++) {
        const char *shorts = "\"\\/bfnrt", *is = "\"\\/\b\f\n\r\t", *at;

        MUST((uint8_t)p[i] >= 0x20 && p[i] != '"');
        if (p[i] != '\\') {
            buf_add(out, p + i, 1);
            continue;
        }
        i++;
        MUST(i < n - 1);
        if (p[i] != 'u') {
            MUST((at = strchr(shorts, p[i])) != NULL);
            buf_add(out, is + (at - shorts), 1);
            continue;
        }
        MUST(i + 4 < n - 1);

        uint32_t c = four_digits(p + i + 1);

        i += 4;
        if (c >= 0xd800 && c < 0xdc00) {
            MUST(i + 6 < n - 1 && p[i + 1] == '\\' && p[i + 2] == 'u');
            c = 0x10000 + (c - 0xd800) * 0x400 + (four_digits(p + i + 3) - 0xdc00);
            i += 6;
        }
        put_character(out, c);
    }
}

/* The text as JSON can hold it. */
static void
repaired(const uint8_t *data, size_t size, struct buf *out)
{
    uint32_t c;

    for (size_t i = 0; i < size;) {
        size_t len = character(data + i, size - i, &c);

        if (len == 0)
            buf_text(out, "\xef\xbf\xbd");
        else
            buf_add(out, data + i, len);
        i += len == 0 ? 1 : len;
    }
}

static void
hold_json(const char *json, size_t n, const struct buf *want)
{
    struct buf back = { 0 };

    read_json(json, n, &back);
    MUST(!back.failed && slice_eq((struct slice){ back.p, back.n }, (struct slice){ want->p, want->n }));
    buf_release(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf want = { 0 }, json = { 0 };
    char *shown = NULL, *text = NULL;
    size_t n_shown, n_text;
    FILE *to = open_memstream(&text, &n_text);

    MUST(to != NULL);
    say_text(to, (const char *)data, size);
    MUST(fclose(to) == 0);
    nothing_raw(text, n_text);
    repaired(data, size, &want);
    to = open_memstream(&shown, &n_shown);
    MUST(to != NULL);
    say_json(to, (const char *)data, size);
    MUST(fclose(to) == 0);
    nothing_raw(shown, n_shown);
    hold_json(shown, n_shown, &want);
    MUST(buf_json(&json, (struct slice){ (const char *)data, size }));
    hold_json(json.p, json.n, &want);
    buf_reset(&json);
    MUST(buf_json_shown(&json, (struct slice){ (const char *)data, size }));
    nothing_raw(json.p, json.n);
    hold_json(json.p, json.n, &want);
    free(text);
    free(shown);
    buf_release(&want);
    buf_release(&json);
    return 0;
}
