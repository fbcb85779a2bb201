/*
 * What one place of a pattern stands for: a byte, a class [...] or an escape such as \d, read from
 * the pattern's text into a struct symbol. agent_pattern.c says how places follow one another.
 */
#include "ingest/base.h"
#include "agent_priv.h"

bool
pattern_wrong(const struct pattern_source *in, size_t at, const char *why)
{
    err_fail(in->err, ST_USAGE, "cannot read the pattern of a user agent",
             "byte %zu of \"%.100s\": %s", at + 1, in->text.p, why);
    return false;
}

/* Letters stand in the second word: capitals from bit 1 on, small ones 32 behind them. */
void
symbol_fold(struct symbol *s)
{
    const uint64_t letters = UINT64_C(0x7fffffe);
    uint64_t both = (s->bytes[1] & letters) | (s->bytes[1] >> 32 & letters);

    s->bytes[1] |= both | both << 32;
}

int
symbol_only(const struct symbol *s)
{
    int found = -1;

    if (s->start || s->end)
        return -1;
    for (int i = 0; i < 256; i++)
        if (symbol_has(s, (unsigned char)i)) {
            int c = (unsigned char)lower((char)i);

            if (found >= 0 && found != c)
                return -1;
            found = c;
        }
    return found;
}

bool
symbol_add_named(struct symbol *s, char letter)
{
    struct symbol set = { 0 };

    for (int i = 0; i < 256; i++) {
        bool digit = i >= '0' && i <= '9', blank = i == ' ' || (i >= '\t' && i <= '\r');
        bool word = digit || i == '_' || (lower((char)i) >= 'a' && lower((char)i) <= 'z');

        switch (lower(letter)) {
        case 'd':
            word = digit;
            break;
        case 's':
            word = blank;
            break;
        case 'w':
            break;
        default:
            return false;
        }
        if (word == (letter == lower(letter)))
            symbol_add(&set, (unsigned char)i);
    }
    for (size_t i = 0; i < ARRAY_LEN(set.bytes); i++)
        s->bytes[i] |= set.bytes[i];
    return true;
}

bool
symbol_read_escape(struct pattern_source *in, struct symbol *s, int *byte)
{
    static const char letters[] = "tnrfv", bytes[] = "\t\n\r\f\v";
    size_t from = in->at;
    const char *found;
    char e;

    if (++in->at >= in->text.n)
        return pattern_wrong(in, from, "a backslash with nothing behind it");
    e = in->text.p[in->at++];
    *byte = -1;
    if (symbol_add_named(s, e))
        return true;
    if ((found = memchr(letters, e, sizeof letters - 1)) != NULL)
        e = bytes[found - letters];
    else if ((lower(e) >= 'a' && lower(e) <= 'z') || (e >= '0' && e <= '9'))
        return pattern_wrong(
            in, from,
            "this escape is not known; \\d \\w \\s \\D \\W \\S \\t are, and \\ before a sign");
    *byte = (unsigned char)e;
    symbol_add(s, (unsigned char)e);
    return true;
}

/* One end of a range, or one member, of a class. *byte -1: a set. */
static bool
read_member(struct pattern_source *in, struct symbol *s, int *byte)
{
    unsigned char b = (unsigned char)in->text.p[in->at];

    if (b == '\\')
        return symbol_read_escape(in, s, byte);
    if (b >= 0x80)
        return pattern_wrong(in, in->at, "only ASCII may stand in [...]");
    if (b == '[' && in->at + 1 < in->text.n && in->text.p[in->at + 1] == ':')
        return pattern_wrong(in, in->at, "[:names:] are not known");
    in->at++;
    *byte = b;
    symbol_add(s, b);
    return true;
}

bool
symbol_read_class(struct pattern_source *in, struct symbol *s)
{
    size_t from = in->at++;
    struct slice t = in->text;
    bool inverted = in->at < t.n && t.p[in->at] == '^', empty = true;

    in->at += inverted;
    for (; in->at < t.n && (empty || t.p[in->at] != ']'); empty = false) {
        size_t member = in->at;
        int low, high;

        if (!read_member(in, s, &low))
            return false;
        if (in->at + 1 >= t.n || t.p[in->at] != '-' || t.p[in->at + 1] == ']')
            continue;
        in->at++;
        if (!read_member(in, s, &high))
            return false;
        if (low < 0 || high < low)
            return pattern_wrong(in, member, "this range goes backwards or has no end");
        for (int i = low; i <= high; i++)
            symbol_add(s, (unsigned char)i);
    }
    if (in->at >= t.n)
        return pattern_wrong(in, from, "this \"[\" is never closed");
    in->at++;
    if (in->fold)
        symbol_fold(s);
    for (size_t i = 0; inverted && i < ARRAY_LEN(s->bytes); i++)
        s->bytes[i] = ~s->bytes[i];
    return true;
}
