/*
 * `ingest help TOPIC`: everything that is called so. `status` is a command and a reason, `json` a
 * format, an option and a reason.
 */
#include "ingest/base.h"

#include "ingest/dataset.h"
#include "ingest/format.h"
#include "ingest/migrate.h"
#include "ingest/near.h"
#include "ingest/reason.h"
#include "ingest/rules.h"

#include "cli_priv.h"
#include "guide.h"

#define TOPICS_MAX 512

/* ---- one of each kind ---- */

static void
print_option(const struct option_def *d, FILE *to)
{
    fprintf(to, "option --%s%s%s", d->name, d->argument != NULL ? " " : "",
            d->argument != NULL ? d->argument : "");
    if (d->letter != 0)
        fprintf(to, ", -%c", d->letter);
    fprintf(to, "\n  %s\n", d->help);
}

static void
print_word(void *ctx, const char *word)
{
    fprintf(ctx, " %s", word);
}

static bool
help_option(const char *topic, FILE *to)
{
    int id = option_find(topic, strlen(topic));

    if (id < 0)
        return false;
    print_option(&option_defs[id], to);
    if (id == OPT_FORMAT || id == OPT_DATASET || id == OPT_RULES) {
        fputs("  one of:", to);
        guide_values(id, print_word, to);
        fputc('\n', to);
    }
    return true;
}

static bool
help_command(const char *topic, FILE *to)
{
    const struct guide *g = guide_by_name(topic);
    const char *rest = g != NULL ? g->options : "";
    char word[GUIDE_WORD_MAX];

    if (g == NULL)
        return false;
    fputs("command ", to);
    guide_print_usage(g, to);
    fprintf(to, "\n  %s\n", g->about);
    while (guide_next_word(&rest, word)) {
        const struct option_def *d = &option_defs[option_find(word, strlen(word))];
        char left[64];

        snprintf(left, sizeof left, "--%s%s%s", d->name, d->argument != NULL ? " " : "",
                 d->argument != NULL ? d->argument : "");
        fprintf(to, "  %-22s %s\n", left, d->help);
    }
    fprintf(to, "  docs/%s tells more\n", g->page);
    return true;
}

static bool
help_format(const char *topic, FILE *to)
{
    const struct format *f = format_by_name(topic);

    if (f == NULL)
        return false;
    fprintf(to, "format %s\n  %s\n  feeds the dataset %s\n", f->name, f->about, f->dataset);
    if (f->n_examples > 0) {
        const char *line = f->examples[0].line, *last = strrchr(line, '\n');
        size_t n;

        line = last != NULL ? last + 1 : line;
        n = strlen(line);
        fputs("  for example: ", to);
        say_text(to, line, n < 160 ? n : 160);
        fputs(n < 160 ? "\n" : " ...\n", to);
    }
    fputs("  docs/formats/ has a page of each\n", to);
    return true;
}

static bool
help_dataset(const char *topic, FILE *to)
{
    bool found = false;

    for (size_t i = 0; datasets[i] != NULL; i++)
        if (strcmp(datasets[i]->name, topic) == 0) {
            fprintf(to, "dataset %s\n  %s\n", topic, datasets[i]->about);
            found = true;
        }
    return found;
}

static bool
help_pack(const char *topic, FILE *to)
{
    bool found = false;

    for (size_t i = 0; i < n_rule_packs; i++)
        if (strcmp(rule_packs[i].name, topic) == 0) {
            fprintf(to, "rules %s\n  %s\n  `ingest explain --rules %s` prints all of them\n", topic,
                    rule_packs[i].about, topic);
            found = true;
        }
    return found;
}

static bool
help_reason(const char *topic, FILE *to)
{
    bool found = false;

    for (int r = KEEP + 1; r < REASONS_N; r++)
        if (strcmp(reason_name((enum reason)r), topic) == 0) {
            fprintf(to,
                    "reason %s, why a line or record is %s\n  %s\n"
                    "  `ingest explain FILE` shows which lines that are, docs/COUNTING.md the rule\n",
                    topic, reason_is_rejected((enum reason)r) ? "rejected" : "filtered",
                    reason_about((enum reason)r));
            found = true;
        }
    return found;
}

/* ---- a list of each kind ---- */

static void
print_pair(FILE *to, const char *name, const char *about)
{
    fprintf(to, "  %-25s %s\n", name, about);
}

static bool
help_list(const char *topic, FILE *to)
{
    if (strcmp(topic, "commands") == 0)
        help_commands(to);
    else if (strcmp(topic, "options") == 0)
        help_options(to);
    else if (strcmp(topic, "formats") == 0)
        for (size_t i = 0; formats[i] != NULL; i++)
            print_pair(to, formats[i]->name, formats[i]->about);
    else if (strcmp(topic, "datasets") == 0)
        for (size_t i = 0; datasets[i] != NULL; i++)
            print_pair(to, datasets[i]->name, datasets[i]->about);
    else if (strcmp(topic, "packs") == 0)
        for (size_t i = 0; i < n_rule_packs; i++)
            print_pair(to, rule_packs[i].name, rule_packs[i].about);
    else if (strcmp(topic, "reasons") == 0)
        for (int r = KEEP + 1; r < REASONS_N; r++)
            print_pair(to, reason_name((enum reason)r), reason_about((enum reason)r));
    else if (strcmp(topic, "exit") == 0)
        help_exit_status(to);
    else
        return false;
    return true;
}

static const char *const lists[] = { "commands", "options", "formats", "datasets",
                                     "packs",    "reasons", "exit" };

static enum st
no_topic(const char *topic, struct err *err)
{
    const char *words[TOPICS_MAX], *near;
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        words[n++] = lists[i];
    for (size_t i = 0; i < n_guides; i++)
        if (guides[i].command != NULL)
            words[n++] = guides[i].command;
    for (int i = 0; i < OPTIONS_N; i++)
        words[n++] = option_defs[i].name;
    for (int r = KEEP + 1; r < REASONS_N; r++)
        words[n++] = reason_name((enum reason)r);
    for (size_t i = 0; formats[i] != NULL && n < TOPICS_MAX; i++)
        words[n++] = formats[i]->name;
    for (size_t i = 0; datasets[i] != NULL && n < TOPICS_MAX; i++)
        words[n++] = datasets[i]->name;
    near = near_best(slice_of(topic), words, n);
    err_fail(err, ST_USAGE, "cannot help", "there is nothing called \"%.80s\"", topic);
    if (near != NULL)
        err_hint(err, "did you mean `ingest help %s`?", near);
    else
        err_hint(err, "a command, option, format, dataset, rule pack or reason; or: commands, "
                      "options, formats, datasets, packs, reasons, exit");
    return ST_USAGE;
}

enum st
topic_print(const char *topic, FILE *to, struct err *err)
{
    static bool (*const kinds[])(const char *, FILE *) = {
        help_list, help_command, help_option, help_format, help_dataset, help_pack, help_reason,
    };
    const char *word = topic + strspn(topic, "-");
    size_t found = 0;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        found += kinds[i](word, to);
    return found > 0 ? ST_OK : no_topic(topic, err);
}
