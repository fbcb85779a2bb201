/*
 * `ingest help man PAGE`: pages of the manual in the language of man(7), from the tables that the
 * program reads and a few paragraphs.
 */
#include "ingest/base.h"

#include "ingest/dataset.h"
#include "ingest/format.h"
#include "ingest/reason.h"
#include "ingest/rules.h"

#include "cli_priv.h"
#include "config.h"
#include "guide.h"

#define WORD_MAX 24

/*
 * Text of any kind: a backslash, a hyphen, and a point or apostrophe that would begin a line. Words
 * without end, as examples have them, may be broken anywhere.
 */
static void
put(FILE *to, const char *text, size_t n)
{
    size_t word = 0;

    for (size_t i = 0; i < n; i++) {
        bool begins = i == 0 || text[i - 1] == '\n';

        word = (unsigned char)text[i] <= ' ' ? 0 : word + 1;
        if (word > 0 && word % WORD_MAX == 0)
            fputs("\\:", to);
        if (begins && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", to);
        if (text[i] == '\\')
            fputs("\\e", to);
        else if (text[i] == '-')
            fputs("\\-", to);
        else if ((unsigned char)text[i] < 0x20 && text[i] != '\n')
            fputc(' ', to); /* examples have tabs */
        else
            fputc(text[i], to);
    }
}

static void
put_text(FILE *to, const char *text)
{
    put(to, text, strlen(text));
}

static void
title(FILE *to, const char *name, int section, const char *about)
{
    fprintf(to, ".TH %s %d \"\" \"ingest " INGEST_VERSION "\" \"ingest\"\n.nh\n.ad l\n.SH NAME\n", name,
            section);
    put_text(to, name);
    fputs(" \\- ", to);
    put_text(to, about);
    fputc('\n', to);
}

static void
heading(FILE *to, const char *text)
{
    fprintf(to, ".SH \"%s\"\n", text);
}

/* A word in bold and what it is. */
static void
item(FILE *to, const char *word, const char *argument, const char *about)
{
    fputs(".TP\n\\fB", to);
    put_text(to, word);
    fputs("\\fR", to);
    if (argument != NULL) {
        fputs(" \\fI", to);
        put_text(to, argument);
        fputs("\\fR", to);
    }
    fputc('\n', to);
    put_text(to, about);
    fputc('\n', to);
}

static void
paragraph(FILE *to, const char *text)
{
    fputs(".PP\n", to);
    put_text(to, text);
    fputc('\n', to);
}

static void
example(FILE *to, const char *text)
{
    fputs(".PP\n.RS 4\n.nf\n", to);
    put_text(to, text);
    fputs("\n.fi\n.RE\n", to);
}

/* ---- ingest(1) ---- */

static void
commands(FILE *to)
{
    for (size_t i = 0; i < n_guides; i++) {
        char word[80] = "ingest";

        if (guides[i].command != NULL)
            snprintf(word, sizeof word, "ingest %s", guides[i].command);
        item(to, word, guides[i].usage, guides[i].about);
    }
}

static void
page_ingest(FILE *to)
{
    title(to, "ingest", 1, "counts access logs into PostgreSQL, each exactly once");
    heading(to, "SYNOPSIS");
    fputs("\\fBingest\\fR [\\fIOPTION\\fR]... [\\fIFILE\\fR]...\n", to);
    heading(to, "DESCRIPTION");
    put_text(to, "Reads access logs of web servers, CDNs and data services, compressed or not, and adds "
                 "download statistics per day or month to tables in PostgreSQL. What a log holds is "
                 "counted once, whatever its name, its compression, the number of runs and hosts, and "
                 "wherever a run was killed.\n");
    paragraph(to, "Without a command the files are counted. A directory is walked with all below it; "
                  "\"-\" is standard input. Standard output is data, standard error is for people; without a "
                  "terminal a run that succeeds says nothing.");
    heading(to, "COMMANDS");
    commands(to);
    heading(to, "OPTIONS");
    for (int i = 0; i < OPTIONS_N; i++) {
        const struct option_def *d = &option_defs[i];
        char word[80];

        snprintf(word, sizeof word, "--%s", d->name);
        if (d->letter != 0)
            snprintf(word, sizeof word, "-%c, --%s", d->letter, d->name);
        item(to, word, d->argument, d->help);
    }
    heading(to, "EXIT STATUS");
    for (const struct exit_about *e = exit_abouts; e->status != NULL; e++)
        item(to, e->status, NULL, e->about);
    heading(to, "ENVIRONMENT");
    item(to, "INGEST_DATABASE", NULL, "the database, where no --database names one");
    item(to, "INGEST_TOKEN_FILE, INGEST_TOKEN", NULL, "who submits, where no --token-file says so");
    item(to, "PGHOST, PGDATABASE, PGSERVICE, ...", NULL, "as libpq takes them");
    item(to, "TMPDIR", NULL, "where rows go that exceed --memory");
    item(to, "CREDENTIALS_DIRECTORY", NULL, "systemd's credentials: client.key, token");
    heading(to, "FILES");
    item(to, "~/.config/ingest/ingest.ini, /etc/ingest/ingest.ini", NULL, "the configuration; the first that is there");
    item(to, "~/.config/ingest/client.key", NULL, "the key that hides clients in sketches");
    heading(to, "EXAMPLES");
    example(to, "ingest --local logs/*.gz\ningest -d postgresql:///stats /var/log/nginx/\n"
                "zcat x.gz | ingest -n -v -\ningest explain x.gz:17\ningest run && ingest status");
    heading(to, "SEE ALSO");
    fputs("\\fBingest.ini\\fR(5), \\fBingest\\-formats\\fR(5), \\fBpsql\\fR(1)\n", to);
}

/* ---- ingest.ini(5) ---- */

static void
page_ini(FILE *to)
{
    title(to, "ingest.ini", 5, "the configuration of ingest");
    heading(to, "DESCRIPTION");
    put_text(to, "Lines of KEY = VALUE in sections. A line that begins with # or ; is a comment. A line that "
                 "begins with a blank goes on with the value before it. What is not known is an error, with "
                 "what may have been meant. The command line wins over the environment, and that over this file. "
                 "A file that holds a password must have mode 0600.\n");
    heading(to, "[ingest]");
    put_text(to, "Any long option of ingest(1), without its first dashes; dashes within may be underscores. "
                 "Options without an argument take yes or no.\n");
    example(to, "[ingest]\ndatabase = postgresql:///stats\njobs = 2\nsandbox = yes");
    heading(to, "[source NAME]");
    put_text(to, "Logs that `ingest run` counts.\n");
    for (const struct key_about *k = source_keys_about; k->key != NULL; k++)
        item(to, k->key, NULL, k->about);
    example(to, "[source edge]\nfiles = /var/log/nginx/access.log-*.gz\nsettle = 2h\nexpected = 26h");
    heading(to, "[rules NAME]");
    put_text(to, "A rule pack of one's own.\n");
    for (const struct key_about *k = rule_keys_about; k->key != NULL; k++)
        item(to, k->key, NULL, k->about);
    heading(to, "[format NAME]");
    put_text(to, "A format of one's own: log_format, with the string by which the server writes its log; or kind "
                 "(json, csv, tsv) and where the fields stand.\n");
    for (const struct key_about *k = format_keys_about; k->key != NULL; k++)
        item(to, k->key, NULL, k->about);
    example(to, "[format app]\nkind = json\ntime = .ts\npath = .req.url\nstatus = .status\nclient = .ip");
    heading(to, "SEE ALSO");
    fputs("\\fBingest\\fR(1), \\fBingest\\-formats\\fR(5)\n", to);
}

/* ---- ingest-formats(5) ---- */

static void
page_formats(FILE *to)
{
    title(to, "ingest-formats", 5, "the logs that ingest reads");
    heading(to, "DESCRIPTION");
    put_text(to, "A log is recognised by its beginning, or read as --format says, or by the server's own format "
                 "string (--log-format). Containers are gzip, zstd, bzip2, xz and none, whatever the name of "
                 "the file. A head of syslog before each line is cut off.\n");
    heading(to, "FORMATS");
    for (size_t i = 0; formats[i] != NULL; i++) {
        const struct format *f = formats[i];
        char about[256];

        snprintf(about, sizeof about, "%s; feeds %s", f->about, f->dataset);
        item(to, f->name, NULL, about);
        for (size_t e = 0; e < f->n_examples; e++)
            if (f->examples[e].why == KEEP) {
                const char *last = strrchr(f->examples[e].line, '\n');
                const char *line = last != NULL ? last + 1 : f->examples[e].line;

                fputs(".br\nfor example: ", to);
                put(to, line, strnlen(line, 300));
                fputs(strlen(line) > 300 ? " ...\n" : "\n", to);
                break;
            }
    }
    heading(to, "DATASETS");
    for (size_t i = 0; datasets[i] != NULL; i++)
        item(to, datasets[i]->name, NULL, datasets[i]->about);
    heading(to, "RULE PACKS");
    for (size_t i = 0; i < n_rule_packs; i++)
        item(to, rule_packs[i].name, NULL, rule_packs[i].about);
    heading(to, "WHY A LINE DOES NOT COUNT");
    put_text(to, "Each line and each record of a line has one outcome: counted, filtered or rejected.\n");
    for (int r = KEEP + 1; r < REASONS_N; r++) {
        char about[160];

        snprintf(about, sizeof about, "%s: %s", reason_is_rejected((enum reason)r) ? "rejected" : "filtered",
                 reason_about((enum reason)r));
        item(to, reason_name((enum reason)r), NULL, about);
    }
    heading(to, "SEE ALSO");
    fputs("\\fBingest\\fR(1), \\fBingest.ini\\fR(5)\n", to);
}

enum st
manual_print(const char *page, FILE *to, struct err *err)
{
    static const struct {
        const char *name;
        void (*print)(FILE *to);
    } pages[] = { { "ingest", page_ingest },
                  { "ingest.ini", page_ini },
                  { "ingest-formats", page_formats } };

    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        if (strcmp(pages[i].name, page) == 0) {
            pages[i].print(to);
            return ST_OK;
        }
    err_fail(err, ST_USAGE, "cannot print this page", "there is none called \"%.80s\"", page);
    err_hint(err, "ingest, ingest.ini or ingest-formats; ingest help man ingest.ini | man -l -");
    return ST_USAGE;
}
