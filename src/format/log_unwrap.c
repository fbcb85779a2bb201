/*
 * Taking the string of a log format out of the configuration that it was copied from. Three shapes:
 *
 *     $remote_addr ... "$request" ...                  as it is
 *     log_format main escape=json '...' '...';         nginx: what the quotes hold, joined
 *     LogFormat "%h ... \"%r\" ..." combined           Apache: the first word behind the directive
 *
 * and the second without its first two words.
 */
#include "ingest/base.h"

#include "log_unwrap.h"

struct unwrapping {
    struct slice     source; /* without blanks at its end */
    size_t           at;
    struct log_text *out;
    struct err      *err;
};

/* ---- saying what is wrong ---- */

#define SHOWN_BYTES 70 /* of the source, beside the caret: a line of a terminal */

enum st
log_malformed(struct slice source, size_t at, struct err *err, const char *hint,
              const char *defect_format, ...)
{
    size_t from = at > SHOWN_BYTES / 2 ? at - SHOWN_BYTES / 2 : 0, n;
    char shown[SHOWN_BYTES], defect[90];
    va_list args;

    va_start(args, defect_format);
    vsnprintf(defect, sizeof defect, defect_format, args);
    va_end(args);
    if (source.n < SHOWN_BYTES)
        from = 0;
    n = source.n - from < SHOWN_BYTES ? source.n - from : SHOWN_BYTES;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)source.p[from + i];

        shown[i] = c < 0x20 || c > 0x7e ? '?' : (char)c;
    }
    err_fail(err, ST_USAGE, "malformed log format", "byte %zu: %s\n%.*s\n%*s^", at + 1, defect,
             (int)n, shown, (int)(at - from), "");
    err_hint(err, "%s", hint);
    return ST_USAGE;
}

static enum st
malformed(const struct unwrapping *u, size_t at, const char *defect, const char *hint)
{
    return log_malformed(u->source, at, u->err, hint, "%s", defect);
}

/* ---- small steps ---- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_blanks(struct unwrapping *u)
{
    while (u->at < u->source.n && is_blank(u->source.p[u->at]))
        u->at++;
}

/* The word at u->at, without stepping over it. */
static struct slice
word_here(const struct unwrapping *u)
{
    size_t end = u->at;

    while (end < u->source.n && !is_blank(u->source.p[end]))
        end++;
    return (struct slice){ u->source.p + u->at, end - u->at };
}

static void
skip_word(struct unwrapping *u)
{
    u->at += word_here(u).n;
    skip_blanks(u);
}

/* Where the quoted text that begins at `at` ends: its closing quote, or the end of the source. */
static size_t
quote_end(const struct unwrapping *u, size_t at)
{
    const char quote = u->source.p[at++];

    while (at < u->source.n && u->source.p[at] != quote)
        at += u->source.p[at] == '\\' && at + 1 < u->source.n ? 2 : 1;
    return at;
}

/* ---- text ---- */

/*
 * Adds the bytes up to `end`; a backslash in front of a quote, a backslash or a 't' is one of the
 * configuration's.
 */
static enum st
add_text(struct unwrapping *u, size_t end)
{
    struct log_text *out = u->out;

    for (; u->at < end; u->at++) {
        const char *p = u->source.p + u->at;
        size_t at = u->at;
        char c = *p;

        if (c == '\\' && u->at + 1 < end && strchr("\"'\\tnr", p[1]) != NULL && p[1] != '\0') {
            c = p[1] == 't' ? '\t' : p[1];
            u->at++;
        }
        if ((c == 'n' || c == 'r') && *p == '\\')
            return malformed(u, at, "a line feed in the format", "a request must be one line");
        if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
            return malformed(u, at, "a control byte in the format",
                             "write the format in one line, or in quoted pieces");
        out->at[out->n] = (uint16_t)at;
        out->p[out->n++] = c;
    }
    return ST_OK;
}

/* A word of the configuration: in quotes, or up to a blank or ';'. */
static enum st
add_piece(struct unwrapping *u)
{
    const char first = u->source.p[u->at];
    size_t from = u->at, end = from;
    enum st rc;

    if (first == '"' || first == '\'') {
        end = quote_end(u, from);
        if (end >= u->source.n)
            return malformed(u, from, "the quote is not closed", "write the closing quote too");
        u->at++;
        rc = add_text(u, end);
        u->at++;
        return rc;
    }
    while (end < u->source.n && !is_blank(u->source.p[end]) && u->source.p[end] != ';')
        end++;
    return add_text(u, end);
}

static enum st
add_pieces(struct unwrapping *u)
{
    while (u->at < u->source.n && u->source.p[u->at] != ';') {
        enum st rc = add_piece(u);

        if (rc != ST_OK)
            return rc;
        skip_blanks(u);
    }
    if (u->at + 1 < u->source.n)
        return malformed(u, u->at + 1, "more stands behind the ';'",
                         "give one log_format at a time");
    return ST_OK;
}

/*
 * Is all the rest quoted pieces and blanks? One piece, if it is in double quotes: several of those
 * may be a format as it is.
 */
static bool
is_quoted(const struct unwrapping *u)
{
    const struct slice s = u->source;
    size_t at = u->at, n_pieces = 0, n_double = 0;

    while (at < s.n && (s.p[at] == '\'' || s.p[at] == '"')) {
        n_double += s.p[at] == '"';
        n_pieces++;
        at = quote_end(u, at);
        if (at >= s.n)
            return false;
        for (at++; at < s.n && is_blank(s.p[at]); at++)
            ;
    }
    if (at < s.n && s.p[at] == ';')
        at++;
    return at >= s.n && (n_double == 0 ? n_pieces > 0 : n_pieces == 1);
}

/* ---- the directive's own words ---- */

static enum st
take_escape(struct unwrapping *u)
{
    struct slice word = word_here(u);

    if (!slice_starts(word, SLICE("escape=")))
        return ST_OK;
    if (slice_is(word, "escape=json"))
        u->out->escape = LOG_ESCAPE_JSON;
    else if (slice_is(word, "escape=none"))
        u->out->escape = LOG_ESCAPE_NONE;
    else if (!slice_is(word, "escape=default"))
        return malformed(u, u->at + strlen("escape="), "no such escaping",
                         "nginx has escape=default, escape=json and escape=none");
    skip_word(u);
    return ST_OK;
}

static enum st
take_apache(struct unwrapping *u)
{
    enum st rc;

    skip_word(u);
    if (u->at == u->source.n)
        return ST_OK; /* empty: the compiler says so */
    if ((rc = add_piece(u)) != ST_OK)
        return rc;
    skip_blanks(u);
    if (u->at + word_here(u).n < u->source.n)
        return malformed(u, u->at, "more stands behind the format",
                         "a LogFormat is the format in quotes, and a name");
    return ST_OK;
}

enum st
log_unwrap(struct log_text *out, struct slice source, struct err *err)
{
    struct unwrapping u = { .source = source, .out = out, .err = err };
    bool directive;
    enum st rc;

    out->n = 0;
    out->escape = LOG_ESCAPE_DEFAULT;
    out->sigil = 0;
    while (u.source.n > 0 && is_blank(source.p[u.source.n - 1]))
        u.source.n--;
    skip_blanks(&u);
    if (word_here(&u).n == 9 && strncasecmp(word_here(&u).p, "LogFormat", 9) == 0) {
        out->sigil = '%';
        rc = take_apache(&u);
    } else {
        directive = slice_is(word_here(&u), "log_format");
        if (directive) {
            out->sigil = '$';
            skip_word(&u);
            skip_word(&u); /* its name */
        }
        if ((rc = take_escape(&u)) == ST_OK)
            rc = directive || is_quoted(&u) ? add_pieces(&u) : add_text(&u, u.source.n);
    }
    out->at[out->n] = (uint16_t)u.source.n;
    return rc;
}
