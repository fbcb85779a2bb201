/*
 * --help: examples first, then the options and the lists of what there is.
 */
#include "ingest/base.h"

#include "ingest/dataset.h"
#include "ingest/format.h"
#include "ingest/migrate.h"
#include "ingest/rules.h"

#include "cli_priv.h"

static void
print_options(FILE *to)
{
    fputs("\noptions\n", to);
    for (int i = 0; i < OPTIONS_N; i++) {
        const struct option_def *d = &option_defs[i];
        char left[64];

        snprintf(left, sizeof left, "%c%c%s--%s%s%s", d->letter != 0 ? '-' : ' ',
                 d->letter != 0 ? d->letter : ' ', d->letter != 0 ? ", " : "  ", d->name,
                 d->argument != NULL ? " " : "", d->argument != NULL ? d->argument : "");
        fprintf(to, "  %-25s %s\n", left, d->help);
    }
}

void
help_print(FILE *to)
{
    fputs(
        "ingest reads access logs and adds download statistics to PostgreSQL, each log exactly once.\n\n"
        "  ingest --local logs/*.gz              count into a private PostgreSQL, made on demand\n"
        "  ingest -d postgresql:///stats logs/   count all logs of a directory into a database\n"
        "  zcat x.gz | ingest -n -v -            what would be counted, and why the rest would not\n"
        "  ingest explain x.gz                   the same line by line: format, fields, rule, rows\n\n"
        "usage: ingest [OPTION]... [FILE]...     FILE \"-\" is stdin; a directory is walked\n"
        "       ingest explain FILE... | FILE:LINE | --url URL | --rules PACK\n"
        "       ingest run [NAME]...             what each [source NAME] of the configuration names\n"
        "       ingest known FILE...             is all of it counted? else exit 1 and what is not\n"
        "       ingest accept FILE...            refused inputs stay as they are: skip them\n"
        "       ingest status [-v]               what is covered, missing, late, refused, and waits\n"
        "       ingest report [-o DIR]           what was downloaded: text, a page, --json, --csv, --badge\n"
        "       ingest migrate up|down|status|print [SET]...\n"
        "       ingest enqueue FILE...           into a queue in the database; ingest work [--wait]\n"
        "                                        counts what is there, any number of them at once\n"
        "       ingest leaderboard [-o DIR]      7TV's scores and lists, if it is this host's turn\n"
        "       ingest backup DIR | --check FILE a dump of ledger and statistics; is it any good?\n"
        "       ingest psql [-- ARGUMENT...]     psql on the database; without -d the private one\n"
        "       ingest node add|list|update|remove [NAME], token add|list|revoke [NODE|ID]\n",
        to);
    print_options(to);
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
    fputs(
        "\n\nexit status\n"
        "  0    every input is in the database, counted now or before\n"
        "  1    an input was refused and is named; everything else is committed\n"
        "  2    usage, configuration, a key or token file: nothing was touched\n"
        "  3    the database: unreachable, wrong schema, missing right; a retry is safe\n"
        "  4    no memory, no disk, a bug\n"
        "  130, 143   a signal: the first finishes and commits the batch, a second rolls it back\n",
        to);
}
