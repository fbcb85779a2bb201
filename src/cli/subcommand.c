/*
 * Commands that have commands: `ingest node add`, `ingest token list`. Each wants the database and
 * so many words.
 */
#include "ingest/base.h"

#include "subcommand.h"

static enum st
refuse(const struct options *o, const char *command, const struct subcommand *all, size_t n,
       struct err *err)
{
    const char *names[SUBCOMMANDS_MAX];

    assert(n <= ARRAY_LEN(names));
    for (size_t i = 0; i < n; i++)
        names[i] = all[i].name;
    err_set(err, ST_USAGE, "cannot run `ingest %s`", command);
    return word_refused(o->n_arguments > 1 ? o->arguments[1] : NULL, names, n, err);
}

static enum st
choose(const struct options *o, const char *command, const struct subcommand *all, size_t n,
       const struct subcommand **out, struct err *err)
{
    size_t n_words = o->n_arguments - (o->n_arguments > 1 ? 2 : 1);
    const struct subcommand *s = NULL;

    for (size_t i = 0; i < n && o->n_arguments > 1; i++)
        if (strcmp(o->arguments[1], all[i].name) == 0)
            s = &all[i];
    if (s == NULL)
        return refuse(o, command, all, n, err);
    *out = s;
    if (n_words >= s->words_min && n_words <= s->words_max)
        return ST_OK;
    err_set(err, ST_USAGE, "cannot run `ingest %s %s`", command, s->name);
    err_cause(err, n_words < s->words_min ? "a word is missing" : "there are words too many");
    err_hint(err, "ingest %s %s %s", command, s->name, s->usage);
    return ST_USAGE;
}

static enum st
open_place(const struct options *o, struct place *place, struct pg **pg, struct err *err)
{
    enum st rc = place_open(place, o, true, err);

    if (rc == ST_OK && !place->use)
        rc = place_missing(err);
    if (rc != ST_OK)
        return rc;
    *pg = pg_connect(place->conninfo, PG_READ_WRITE, err);
    return *pg == NULL ? err->code : ST_OK;
}

int
subcommand_run(const struct options *o, const char *command, const struct subcommand *all,
               size_t n)
{
    struct place place = { .local.users_fd = -1 };
    const struct subcommand *s = NULL;
    struct pg *pg = NULL;
    struct err err = { 0 };
    enum st rc;

    if ((rc = choose(o, command, all, n, &s, &err)) == ST_OK &&
        (rc = open_place(o, &place, &pg, &err)) == ST_OK)
        rc = s->run(pg, o, &err);
    pg_close(pg);
    place_close(&place);
    if (rc == ST_OK)
        return 0;
    say_error(&err);
    return exit_status_of(rc, 0);
}
