/*
 * All printing to people. Log text, file names and server messages are hostile to a terminal:
 * control bytes, C1, bidirectional overrides and bad UTF-8 are shown as \xHH.
 */
#include "ingest/base.h"

#include "cli_priv.h"

/*
 * Code points that move the cursor, hide or reorder text. Unicode 15, "Bidirectional_Control" and
 * line separators.
 */
static bool
is_harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
        return false;
    return c != 0x061c && c != 0xfeff && !(c >= 0x200b && c <= 0x200f) &&
           !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x206f) &&
           !(c >= 0xe0000 && c <= 0xe007f); /* the last: tags, which nobody sees */
}

static size_t
code_point(const char *p, size_t n, uint32_t *out)
{
    unsigned char c = (unsigned char)p[0];
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (len > n || (c != 0 && !slice_is_text((struct slice){ p, len })))
        return 0;
    *out = len == 1 ? c : c & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        *out = *out << 6 | ((unsigned char)p[i] & 0x3fu);
    return len;
}

void
say_text(FILE *to, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = code_point(text + i, n - i, &c);

        if (len > 0 && is_harmless(c)) {
            fwrite(text + i, 1, len, to);
            i += len;
            continue;
        }
        for (size_t k = 0; k < (len == 0 ? 1 : len); k++)
            fprintf(to, "\\x%02x", (unsigned char)text[i + k]);
        i += len == 0 ? 1 : len;
    }
}

/*
 * RFC 8259, 7. What would harm a terminal is escaped there too: this output is looked at as well as
 * parsed.
 */
void
say_json(FILE *to, const char *text, size_t n)
{
    fputc('"', to);
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = code_point(text + i, n - i, &c);

        if (len == 0)
            fputs("\\ufffd", to);
        else if (c == '"' || c == '\\')
            fprintf(to, "\\%c", (int)c);
        else if (is_harmless(c))
            fwrite(text + i, 1, len, to);
        else if (c < 0x10000)
            fprintf(to, "\\u%04" PRIx32, c);
        else
            fprintf(to, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10),
                    0xdc00 + ((c - 0x10000) & 0x3ff));
        i += len == 0 ? 1 : len;
    }
    fputc('"', to);
}

void
say_line(FILE *to, const char *line)
{
    say_text(to, line, strlen(line));
    fputc('\n', to);
}

/* A cause may have lines of its own: a template with a caret under the byte. */
static void
say_part(const char *label, const char *text)
{
    while (text[0] != '\0') {
        size_t n = strcspn(text, "\n");

        fprintf(stderr, "  %-6s ", label);
        say_text(stderr, text, n);
        fputc('\n', stderr);
        text += n + (text[n] == '\n');
        label = "";
    }
}

void
say_error(const struct err *err)
{
    progress_clear();
    fputs("ingest: error: ", stderr);
    if (err->path[0] != '\0') {
        say_text(stderr, err->path, strlen(err->path));
        if (err->line_no > 0)
            fprintf(stderr, ":%" PRIu64, err->line_no);
        fputs(": ", stderr);
    }
    say_line(stderr, err->what);
    if (err->offset != UINT64_MAX)
        fprintf(stderr, "  at:    byte %" PRIu64 " of the file as stored\n", err->offset);
    say_part("cause:", err->cause);
    say_part("hint:", err->hint);
}

int
exit_status_of(enum st rc, int signal_no)
{
    switch (rc) {
    case ST_OK:
    case ST_EOF:
        return 0;
    case ST_CORRUPT:
    case ST_IO:
    case ST_FORMAT:
    case ST_CHANGED:
    case ST_NO_TABLE:
        return EXIT_REFUSED;
    case ST_USAGE:
        return EXIT_USAGE;
    case ST_DB:
    case ST_DB_RETRY:
        return EXIT_DATABASE;
    case ST_STOPPED:
        return 128 + signal_no;
    case ST_MEMORY:
    case ST_DISK:
    case ST_BUG:
        break;
    }
    return EXIT_OURS;
}
