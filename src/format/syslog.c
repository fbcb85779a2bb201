/*
 * Heads of syslog, each read as strictly as it can be told from a line that has none: what a
 * stranger wrote must not be taken for one. docs/COUNTING.md, "Syslog heads", has the rules.
 */
#include "ingest/base.h"

#include "cursor.h"
#include "syslog.h"

#define ISO_BYTES_MIN 19 /* 2024-03-01T00:00:01 */
#define BSD_BYTES     15 /* Mar  1 00:00:01 */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 1..`most` digits. */
static inline bool
take_digits(struct cursor *c, int most)
{
    const char *from = c->at;

    while (c->at < c->end && c->at - from < most && is_digit(*c->at))
        c->at++;
    return c->at > from;
}

/* <0> .. <999>; nothing is taken without one */
static inline bool
take_priority(struct cursor *c)
{
    const char *from = c->at;

    if (take_byte(c, '<') && take_digits(c, 3) && take_byte(c, '>'))
        return true;
    c->at = from;
    return false;
}

/*
 * Does `s` look like `shape`, where '0' is a digit, '_' a digit or a blank, 'A' a letter, and all
 * else itself?
 */
static bool
is_shaped(const char *s, const char *shape)
{
    for (; *shape != '\0'; s++, shape++) {
        bool fits = *shape == '0' ? is_digit(*s)
                  : *shape == '_' ? is_digit(*s) || *s == ' '
                  : *shape == 'A' ? (*s | 0x20) >= 'a' && (*s | 0x20) <= 'z'
                                  : *s == *shape;

        if (!fits)
            return false;
    }
    return true;
}

/* 2024-03-01T00:00:01...; the stops tell it, and there is one for every line. */
static inline bool
is_iso(const char *s)
{
    return is_digit(s[0]) && s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':' &&
           s[16] == ':';
}

/* A time, and the blank behind it. */
static inline bool
take_time(struct cursor *c)
{
    struct slice word;

    if (c->end - c->at <= ISO_BYTES_MIN)
        return false;
    if (likely(is_iso(c->at))) {
        c->at += ISO_BYTES_MIN;
        return take_until(c, ' ', &word);
    }
    if (!is_shaped(c->at, "AAA _0 00:00:00 "))
        return false;
    c->at += BSD_BYTES + 1;
    return true;
}

static bool
is_tag(struct slice word)
{
    return word.n > 1 && word.p[word.n - 1] == ':';
}

/* host tag:, or tag: alone */
static inline bool
take_host_and_tag(struct cursor *c)
{
    struct slice word;

    return take_until(c, ' ', &word) &&
           (is_tag(word) || (take_until(c, ' ', &word) && is_tag(word)));
}

/* RFC 5424, 6.3: "-", or elements [id name="value" ...]; in a value a backslash escapes. */
static bool
take_structured_data(struct cursor *c)
{
    bool escaped;
    struct slice value;

    if (take_byte(c, '-'))
        return true;
    if (cursor_done(c) || *c->at != '[')
        return false;
    while (take_byte(c, '[')) {
        while (!take_byte(c, ']')) {
            if (cursor_done(c))
                return false;
            if (*c->at != '"')
                c->at++;
            else if (!take_quoted(c, &value, &escaped))
                return false;
        }
    }
    return true;
}

/* VERSION time host app process message-id data, behind <PRI> */
static bool
take_rfc5424(struct cursor *c)
{
    struct cursor at = *c;
    struct slice word;

    if (at.end - at.at < 3 || (at.at[1] != ' ' && at.at[2] != ' ') || !take_digits(&at, 2) ||
        !take_byte(&at, ' '))
        return false;
    for (int i = 0; i < 5; i++)
        if (!take_until(&at, ' ', &word) || word.n == 0)
            return false;
    if (!take_structured_data(&at) || !take_byte(&at, ' '))
        return false;
    if (at.end - at.at >= 3 && memcmp(at.at, "\xef\xbb\xbf", 3) == 0)
        at.at += 3;
    *c = at;
    return true;
}

/* A length, if <PRI> follows. */
static void
skip_length(struct cursor *c)
{
    struct cursor at = *c;

    if (*at.at != '0' && take_digits(&at, 7) && take_byte(&at, ' ') && !cursor_done(&at) &&
        *at.at == '<')
        *c = at;
}

/*
 * <134>2024-01-16T00:00:00Z host tag[1]: as Fastly writes it, with a priority of three digits. Where
 * the message begins, or NULL: it may still be a head.
 */
static inline const char *
classic_end(const char *p, const char *end)
{
    const char *host, *tag;

    if (end - p < 5 + ISO_BYTES_MIN + 2 || p[0] != '<' || p[4] != '>' || !is_digit(p[1]) ||
        !is_digit(p[2]) || !is_digit(p[3]) || !is_iso(p + 5) || p[5 + ISO_BYTES_MIN] != 'Z' ||
        p[5 + ISO_BYTES_MIN + 1] != ' ')
        return NULL;
    host = scan_byte(p + 5 + ISO_BYTES_MIN + 2, end, ' ');
    tag = scan_byte(host + 1, end, ' ');
    if (host[-1] == ':' || tag >= end || tag[-1] != ':' || tag - host < 3)
        return NULL;
    return tag + 1;
}

bool
syslog_is_classic(const char *p, const char *end)
{
    return classic_end(p, end) == end;
}

struct slice
syslog_message(struct slice line, bool bare)
{
    struct cursor c = cursor_at(line);
    const char *message;

    if (cursor_done(&c))
        return line;
    if (likely((message = classic_end(c.at, c.end)) != NULL))
        return (struct slice){ message, (size_t)(c.end - message) };
    if (unlikely(*c.at != '<'))
        skip_length(&c);
    if (likely(take_priority(&c))) {
        if (take_rfc5424(&c))
            return (struct slice){ c.at, (size_t)(c.end - c.at) };
    } else if (!bare || c.at != line.p) {
        return line;
    }
    if (!take_time(&c) || !take_host_and_tag(&c))
        return line;
    return (struct slice){ c.at, (size_t)(c.end - c.at) };
}

struct slice
syslog_line(struct parser *p, struct slice line)
{
    /* Who describes a line of his own describes all of it, but nobody begins it with <PRI>. */
    struct slice message = syslog_message(line, p->options->log_format == NULL);

    if (p->heads == HEADS_LOOK) {
        if (message.p != line.p)
            p->heads = HEADS_THERE;
        else if (p->line_no >= SYSLOG_LOOK_LINES)
            p->heads = HEADS_NONE;
    }
    return message;
}
