/*
 * How a line of a log is quoted in a message, which is remembered with the input: its beginning,
 * and nothing in it that is about a client. What is taken for a log may be something else (a
 * directory with a configuration, a key), so what may be a secret is left out, too.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "shown.h"

/* ---- addresses ---- */

#define MASK   "<client>"
#define HIDDEN "<hidden>" /* as long */

/* ':' or, as in a query, "%3a": its length, 0 if there is none. */
static size_t
colon_at(struct slice s, size_t i)
{
    if (s.p[i] == ':')
        return 1;
    return s.n - i >= 3 && strncasecmp(s.p + i, "%3a", 3) == 0 ? 3 : 0;
}

/* Four numbers of up to three digits between dots: their length, 0 if they do not begin at `i`. */
static size_t
ipv4_at(struct slice s, size_t i)
{
    size_t at = i;

    for (int part = 0; part < 4; part++) {
        size_t n = 0;

        if (part > 0 && (at == s.n || s.p[at++] != '.'))
            return 0;
        for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++)
            n++;
        if (n == 0 || n > 3)
            return 0;
    }
    return at - i;
}

/*
 * The length of what could be an address at `i`, 0 if it is none; of IPv6 whatever has "::" or more
 * colons than a time. Too much rather than too little: what is shown is remembered with the input.
 */
static size_t
address_at(struct slice s, size_t i)
{
    size_t at = i, n_colons = 0, step, before = 0;
    bool twice = false;

    for (; at < s.n; at += step) {
        size_t colon = colon_at(s, at);

        if (colon == 0 && s.p[at] != '.' && num_hex_digit(s.p[at]) < 0)
            break;
        step = colon > 0 ? colon : 1;
        n_colons += colon > 0;
        twice |= colon > 0 && before > 0;
        before = colon;
    }
    return twice || n_colons > 4 ? at - i : ipv4_at(s, i);
}

/* ---- secrets ---- */

#define SECRET_BYTES 20 /* tokens have 22 letters and digits, keys 32 hexadecimal ones */

static bool
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Digits, small and capital letters, two of these kinds at least, in a word so long that it could be
 * a token or a key. One token in fifty has no digit.
 */
static size_t
token_at(struct slice s, size_t i)
{
    bool digits = false, small = false, capital = false;
    size_t at = i;

    if (i > 0 && is_alnum(s.p[i - 1]))
        return 0;
    for (; at < s.n && is_alnum(s.p[at]); at++) {
        digits |= s.p[at] <= '9';
        small |= s.p[at] >= 'a';
        capital |= s.p[at] >= 'A' && s.p[at] <= 'Z';
    }
    return at - i >= SECRET_BYTES && digits + small + capital > 1 ? at - i : 0;
}

static bool
is_behind(struct slice s, size_t i, const char *word)
{
    size_t n = strlen(word);

    return i >= n && strncasecmp(s.p + i - n, word, n) == 0;
}

/* What stands behind "password=", and between "://" and the '@' of a URI. */
static size_t
password_at(struct slice s, size_t i)
{
    size_t at = i, end = 0;

    if (is_behind(s, i, "password=")) {
        while (at < s.n && s.p[at] != ' ' && s.p[at] != '&')
            at++;
        return at - i;
    }
    if (is_behind(s, i, "://"))
        for (; at < s.n && at - i < 256 && s.p[at] != ' '; at++)
            if (s.p[at] == '@')
                end = at;
    return end > i ? end - i : 0;
}

/* ---- a line ---- */

/* What is not shown from `i` on, and what is shown instead; 0: nothing of it. */
static size_t
hidden_at(struct slice line, size_t i, const char **instead)
{
    size_t n = address_at(line, i);

    *instead = n > 0 ? MASK : HIDDEN;
    if (n == 0)
        n = token_at(line, i);
    return n > 0 ? n : password_at(line, i);
}

void
show_line(struct slice line, char out[SHOWN_TEXT])
{
    size_t n = 0, skip;

    for (size_t i = 0; i < line.n; i += skip) {
        unsigned char c = (unsigned char)line.p[i];
        bool plain = c >= 0x20 && c < 0x7f && c != '\\';
        const char *instead;
        size_t hidden = hidden_at(line, i, &instead);

        if (n + (hidden > 0 ? sizeof MASK - 1 : plain ? 1 : 4) > SHOWN_BYTES) {
            memcpy(out + n, "...", 4);
            return;
        }
        skip = hidden > 0 ? hidden : 1;
        if (hidden > 0)
            memcpy(out + n, instead, sizeof MASK);
        else
            snprintf(out + n, SHOWN_TEXT - n, plain ? "%c" : "\\x%02x", c);
        n += strlen(out + n);
    }
    out[n] = '\0';
}
