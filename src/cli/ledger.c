/*
 * `ingest known` and `ingest accept`. Names go to standard output, what is wrong to standard error.
 */
#include "ingest/base.h"

#include "ingest/known.h"

#include "cli_priv.h"

struct asker {
    const struct options *o;
    uint64_t              n_not; /* not known; not among the refused ones */
};

static void
on_refused(void *ctx, const struct err *err)
{
    (void)ctx;
    say_error(err);
}

static void
on_choice(void *ctx, const char *line)
{
    (void)ctx;
    say_note("%s", line);
}

static void
on_known(void *ctx, const struct source *source, enum known_word word)
{
    struct asker *a = ctx;

    if (word == KNOWN_YES)
        return;
    a->n_not++;
    if (!option_is_on(a->o, OPT_QUIET))
        say_line(stdout, source->path);
}

static void
on_accepted(void *ctx, const struct source *source, enum known_word word)
{
    struct asker *a = ctx;
    struct err err;

    if (word == KNOWN_YES) {
        if (!option_is_on(a->o, OPT_QUIET))
            say_line(stdout, source->path);
        return;
    }
    a->n_not++;
    if (word == KNOWN_TROUBLE)
        return;
    err_fail(&err, ST_USAGE, "cannot accept this input", "it is not among those that were refused");
    err_hint(&err, "an input is refused by a run first, and is remembered once it has rested for 2 seconds");
    snprintf(err.path, sizeof err.path, "%s", source->path);
    say_error(&err);
}

typedef enum st ask(const struct run_config *, const struct source_list *, known_answer *,
                    struct err *);

static int
go(const struct options *o, ask *question, known_answer *answer, const char *command)
{
    struct asker asker = { .o = o };
    struct run_config config = { .refused = on_refused,
                                 .choice = option_is_on(o, OPT_VERBOSE) ? on_choice : NULL,
                                 .ctx = &asker,
                                 .recheck = option_is_on(o, OPT_RECHECK) };
    struct place place = { .local.users_fd = -1 };
    struct rules rules = { 0 };
    volatile sig_atomic_t no_signals = 0;
    struct source_list inputs;
    struct err err = { 0 };
    enum st rc = ST_OK;

    source_list_init(&inputs);
    if (o->n_arguments < 2 && o->value[OPT_FILES_FROM].text == NULL) {
        err_set(&err, ST_USAGE, "no FILE is named");
        err_hint(&err, "ingest %s FILE...", command);
        rc = ST_USAGE;
    }
    if (rc == ST_OK && (rc = count_reading(o, &config, &rules, &err)) == ST_OK &&
        (rc = inputs_list(o, 1, &no_signals, &inputs, &err)) == ST_OK &&
        (rc = place_open(&place, o, true, &err)) == ST_OK) {
        config.conninfo = place.conninfo;
        rc = place.use ? question(&config, &inputs, answer, &err) : place_missing(&err);
    }
    if (rc != ST_OK)
        say_error(&err);
    place_close(&place);
    source_list_release(&inputs);
    rules_release(&rules);
    if (rc != ST_OK)
        return exit_status_of(rc, 0);
    return asker.n_not > 0 ? EXIT_REFUSED : 0;
}

int
cli_known(const struct options *o)
{
    return go(o, known_ask, on_known, "known");
}

int
cli_accept(const struct options *o)
{
    return go(o, known_accept, on_accepted, "accept");
}
