/*
 * All printing to people. Log text, file names and server messages are hostile to a terminal:
 * control bytes, C1, bidirectional overrides and bad UTF-8 are shown as \xHH.
 */
#include "ingest/base.h"

#include "cli_priv.h"

void
say_text(FILE *to, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = slice_character((struct slice){ text + i, n - i }, &c);

        if (len > 0 && character_is_harmless(c)) {
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
        size_t len = slice_character((struct slice){ text + i, n - i }, &c);

        if (len == 0)
            fputs("\\ufffd", to);
        else if (c == '"' || c == '\\')
            fprintf(to, "\\%c", (int)c);
        else if (character_is_harmless(c))
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
    case ST_LATER:
        return EXIT_LATER;
    case ST_MEMORY:
    case ST_DISK:
    case ST_BUG:
        break;
    }
    return EXIT_OURS;
}

int
status_worse(int a, int b)
{
    int rank_a = a == EXIT_LATER ? 0 : a, rank_b = b == EXIT_LATER ? 0 : b;

    if (rank_a == rank_b)
        return a > b ? a : b;
    return rank_a > rank_b ? a : b;
}
