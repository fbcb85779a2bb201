/*
 * Commands that have commands: `ingest node add`, `ingest token list`; and the rows that they show.
 */
#ifndef SUBCOMMAND_H
#define SUBCOMMAND_H

#include "ingest/pg.h"

#include "cli_priv.h"

/* Chooses among `all` by the second word, connects, runs, tells; gives the exit status. */
#define SUBCOMMANDS_MAX 8

struct subcommand {
    const char *name, *usage;
    size_t      words_min, words_max; /* o->arguments[2] and on */
    enum st (*run)(struct pg *pg, const struct options *o, struct err *err);
};
int subcommand_run(const struct options *o, const char *command, const struct subcommand *all, size_t n);

/* Rows as they came from the database, a column of the result each: under headings, or as JSON lines (`json`) with these names. */
#define TABLE_COLUMNS_MAX 8
struct table_column {
    const char *name;
    bool        is_number;
};
void table_print(const struct pg_result *r, const struct table_column *columns, size_t n, bool json);

#endif
