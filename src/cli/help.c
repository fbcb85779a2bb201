/*
 * --help: examples first, then the commands, the options and the lists of what there is.
 */
#include "ingest/base.h"

#include "ingest/dataset.h"
#include "ingest/format.h"
#include "ingest/migrate.h"
#include "ingest/rules.h"

#include "cli_priv.h"
#include "guide.h"

void
help_commands(FILE *to)
{
    for (size_t i = 0; i < n_guides; i++) {
        char left[64];

        snprintf(left, sizeof left, "%s%s%s", guides[i].command != NULL ? guides[i].command : "",
                 guides[i].command != NULL ? " " : "", guides[i].usage);
        fprintf(to, "  ingest %-37s %s\n", left, guides[i].about);
    }
}

void
help_options(FILE *to)
{
    for (int i = 0; i < OPTIONS_N; i++) {
        const struct option_def *d = &option_defs[i];
        char left[64];

        snprintf(left, sizeof left, "%c%c%s--%s%s%s", d->letter != 0 ? '-' : ' ',
                 d->letter != 0 ? d->letter : ' ', d->letter != 0 ? ", " : "  ", d->name,
                 d->argument != NULL ? " " : "", d->argument != NULL ? d->argument : "");
        fprintf(to, "  %-25s %s\n", left, d->help);
    }
}

const struct exit_about exit_abouts[] = {
    { "0", "every input is in the database, counted now or before" },
    { "1", "an input was refused and is named; everything else is committed" },
    { "2", "usage, configuration, a key or token file: nothing was touched" },
    { "3", "the database: unreachable, wrong schema, missing right; a retry is safe" },
    { "4", "no memory, no disk, a bug" },
    { "5", "--deadline came with files left; what is done is committed" },
    { "130, 143", "a signal: the first finishes and commits the batch, a second rolls it back" },
    { 0 },
};

void
help_exit_status(FILE *to)
{
    for (const struct exit_about *e = exit_abouts; e->status != NULL; e++)
        fprintf(to, "  %-10s %s\n", e->status, e->about);
}

void
help_print(FILE *to)
{
    fputs(
        "ingest reads access logs and adds download statistics to PostgreSQL, each log exactly once.\n\n"
        "  ingest --local logs/*.gz              count into a private PostgreSQL, made on demand\n"
        "  ingest -d postgresql:///stats logs/   count all logs of a directory into a database\n"
        "  zcat x.gz | ingest -n -v -            what would be counted, and why the rest would not\n\n"
        "commands\n",
        to);
    help_commands(to);
    fputs("\noptions\n", to);
    help_options(to);
    fputs("\nformats\n", to);
    for (size_t i = 0; formats[i] != NULL; i++)
        fprintf(to, "  %-25s %s\n", formats[i]->name, formats[i]->about);
    fputs("\ndatasets\n", to);
    for (size_t i = 0; datasets[i] != NULL; i++)
        fprintf(to, "  %-25s %s\n", datasets[i]->name, datasets[i]->about);
    fputs("\nrules\n", to);
    for (size_t i = 0; i < n_rule_packs; i++)
        fprintf(to, "  %-25s %s\n", rule_packs[i].name, rule_packs[i].about);
    fputs("\nsets of migrations\n  ", to);
    for (size_t i = 0; migrate_sets()[i] != NULL; i++)
        fprintf(to, "%s%s", i > 0 ? ", " : "", migrate_sets()[i]);
    fputs("; without SET ledger, stats and eida", to);
    fputs("\n\nexit status\n", to);
    help_exit_status(to);
    fputs("\n`ingest help TOPIC` tells of one command, option, format, dataset, rule pack or reason\n", to);
}
