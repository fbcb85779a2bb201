/*
 * `ingest run`: the sources that the configuration describes, one after the other in the order of
 * the file, each with its own files, format, rules, dataset and node. All that is common to them,
 * the database before all, is there once.
 */
#include "ingest/base.h"

#include <glob.h>

#include "ingest/input.h"

#include "config.h"
#include "counting.h"

#define WHAT "cannot run the sources"

/* One source, and what is to be counted for it. */
struct turn {
    const struct config_source *source;
    struct options     options; /* the program's, and what the source says */
    struct source_list inputs;
    int                status;
};

struct turns {
    struct turn *at;
    size_t       n;
};

/* ---- which sources ---- */

static bool
is_named(const struct options *o, const char *name)
{
    bool any = o->n_arguments <= 1;

    for (size_t i = 1; i < o->n_arguments && !any; i++)
        any = strcmp(o->arguments[i], name) == 0;
    return any;
}

static enum st
check_names(const struct options *o, const char *const *names, size_t n, struct err *err)
{
    for (size_t i = 1; i < o->n_arguments; i++) {
        size_t at = 0;

        while (at < n && strcmp(names[at], o->arguments[i]) != 0)
            at++;
        if (at < n)
            continue;
        config_no_such("source", o->arguments[i], names, n, err);
        snprintf(err->what, sizeof err->what, WHAT);
        return ST_USAGE;
    }
    return ST_OK;
}

static enum st
no_sources(const struct options *o, struct err *err)
{
    const char *path = o->config->path;

    if (path[0] == '\0') {
        err_fail(err, ST_USAGE, WHAT, "there is no configuration file");
        err_hint(err, "make ~/.config/ingest/ingest.ini with [source NAME] and files = "
                      "/var/log/nginx/*.gz in it");
    } else {
        err_fail(err, ST_USAGE, WHAT, "%.200s names none", path);
        err_hint(err, "write [source NAME] and files = /var/log/nginx/*.gz into it");
    }
    return ST_USAGE;
}

/* What a source says stands above [ingest] and below the command line. */
static enum st
take_source(struct turn *t, const struct options *o, const struct config_source *s, struct err *err)
{
    const struct {
        enum option_id id;
        const char    *text;
    } said[] = { { OPT_FORMAT, s->format },
                 { OPT_RULES, s->rules },
                 { OPT_DATASET, s->dataset },
                 { OPT_NODE, s->node } };
    enum st rc = ST_OK;

    *t = (struct turn){ .source = s, .options = *o };
    source_list_init(&t->inputs);
    for (size_t i = 0; i < ARRAY_LEN(said) && rc == ST_OK; i++)
        if (said[i].text != NULL)
            rc = options_set(&t->options, said[i].id, said[i].text, FROM_CONFIG, err);
    if (s->format != NULL && o->value[OPT_LOG_FORMAT].origin == FROM_CONFIG)
        t->options.value[OPT_LOG_FORMAT].text = NULL; /* that of [ingest] is another format */
    return rc;
}

static enum st
choose(struct turns *turns, const struct options *o, struct err *err)
{
    const char **names;
    size_t n = 0;
    enum st rc;

    for (const struct config_source *s = o->config->sources; s != NULL; s = s->next)
        n++;
    if (n == 0)
        return no_sources(o, err);
    names = calloc(n, sizeof *names);
    turns->at = calloc(n, sizeof *turns->at);
    if (names == NULL || turns->at == NULL) {
        free(names);
        return err_memory(err, WHAT);
    }
    n = 0;
    for (const struct config_source *s = o->config->sources; s != NULL; s = s->next)
        names[n++] = s->name;
    rc = check_names(o, names, n, err);
    for (const struct config_source *s = o->config->sources; s != NULL && rc == ST_OK; s = s->next)
        if (is_named(o, s->name))
            rc = take_source(&turns->at[turns->n++], o, s, err);
    free(names);
    return rc;
}

/* ---- their files ---- */

/* A directory that is not there holds nothing; one that cannot be read might. */
static int
on_unreadable(const char *path, int error)
{
    (void)path;
    return error != ENOENT;
}

static enum st
add_matches(struct turn *t, const glob_t *found, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; i < found->gl_pathc && rc == ST_OK; i++)
        rc = source_list_add_listed(&t->inputs, found->gl_pathv[i], err);
    return rc;
}

/* The source's other files are counted all the same. */
static void
refuse_pattern(struct turn *t, const char *pattern, int error)
{
    struct err err;

    err_fail(&err, ST_IO, "cannot look for these files", "%s", strerror(error));
    err_hint(&err, "they are those of [source %s]: may this user read the directory?",
             t->source->name);
    snprintf(err.path, sizeof err.path, "%.255s", pattern);
    say_error(&err);
    t->status = EXIT_REFUSED;
}

/* In the C locale, which is ours, glob() sorts by bytes. */
static enum st
find_files(struct turn *t, const char *pattern, const struct teller *teller, struct err *err)
{
    glob_t found = { 0 };
    int got, error;
    enum st rc = ST_OK;

    if (strpbrk(pattern, "*?[") == NULL) /* a name: that it is missing will be said */
        return source_list_add_listed(&t->inputs, pattern, err);
    errno = 0;
    got = glob(pattern, 0, on_unreadable, &found);
    error = errno;
    if (got == 0)
        rc = add_matches(t, &found, err);
    else if (got == GLOB_NOSPACE)
        rc = err_memory(err, "cannot hold the list of inputs");
    else if (got == GLOB_ABORTED)
        refuse_pattern(t, pattern, error);
    else if (teller->verbose && !teller->quiet)
        say_note("[source %s]: no file is named so: %s", t->source->name, pattern);
    globfree(&found);
    return rc;
}

static enum st
list_files(struct turns *turns, const struct counting *c, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; i < turns->n && rc == ST_OK; i++) {
        struct turn *t = &turns->at[i];

        rc = inputs_min_age(c->o, &t->inputs, err);
        for (size_t f = 0; f < t->source->n_files && rc == ST_OK; f++)
            rc = find_files(t, t->source->files[f], &c->teller, err);
    }
    return rc;
}

/* ---- one after the other ---- */

/* Rows in a file are those of one run: of two, the same key may stand there twice. */
static enum st
check_output(const struct run_config *c, const struct turns *turns, struct err *err)
{
    if (turns->n < 2 || (c->sink != RUN_TO_TEXT && c->sink != RUN_TO_EIDA))
        return ST_OK;
    err_fail(err, ST_USAGE, WHAT, "rows of several sources do not go into one file");
    err_hint(err, "name one: ingest run %s -o FILE", turns->at[0].source->name);
    return ST_USAGE;
}

static enum st
prepare(struct counting *c, struct turns *turns, const struct options *o, struct err *err)
{
    enum st rc;

    if ((rc = misplaced_check(o, BY_RUN, err)) != ST_OK ||
        (rc = metrics_open(&c->metrics, o, err)) != ST_OK || (rc = choose(turns, o, err)) != ST_OK ||
        (rc = counting_prepare(c, o, err)) != ST_OK ||
        (rc = check_output(&c->config, turns, err)) != ST_OK ||
        (rc = list_files(turns, c, err)) != ST_OK ||
        (rc = keep_open(&c->keep, o, &c->config, err)) != ST_OK)
        return rc;
    rc = counting_enter(c, err);
    for (size_t i = 0; i < turns->n && rc == ST_OK; i++)
        rc = fence_inputs(c, &turns->at[i].inputs, err);
    return rc;
}

/* A failure of one source is told with its name, and is no reason not to count the next. */
static enum st
take_turn(struct counting *c, struct turn *t, struct err *err)
{
    char what[sizeof err->what];
    int status;
    enum st rc;

    c->config.source = t->source->name;
    c->config.settle_s = (int64_t)t->source->settle_seconds;
    c->config.expected_s = (int64_t)t->source->expected_seconds;
    if ((rc = counting_read(c, &t->options, err)) == ST_OK &&
        (rc = to_eida_inputs(&c->config, &t->inputs, err)) == ST_OK)
        rc = run(&c->config, &t->inputs, &c->summary, err);
    c->summary.source = t->source->name;
    if (rc != ST_OK && rc != ST_STOPPED) {
        snprintf(what, sizeof what, "%s", err->what);
        snprintf(err->what, sizeof err->what, "[source %s]: %.80s", t->source->name, what);
    }
    status = counting_tell(c, rc, err);
    t->status = status_worse(status, t->status);
    metrics_run(&c->metrics, &c->summary, t->status);
    return rc;
}

static int
take_turns(struct counting *c, struct turns *turns)
{
    enum st worst = ST_OK, rc = ST_OK;
    struct err err = { 0 };
    int status = 0;

    for (size_t i = 0; i < turns->n && rc != ST_STOPPED; i++) {
        rc = take_turn(c, &turns->at[i], &err);
        worst = rc != ST_OK ? rc : worst;
        status = status_worse(turns->at[i].status, status);
    }
    rc = counting_close(c, worst, &err);
    if (rc == worst)
        return status;
    say_error(&err);
    return exit_status_of(rc, 0);
}

int
cli_run(const struct options *o)
{
    struct counting counting = { .o = o, .place.local.users_fd = -1, .keep.fd = -1 };
    struct turns turns = { 0 };
    struct err err = { 0 };
    int status;
    enum st rc;

    signals_catch();
    rc = prepare(&counting, &turns, o, &err);
    if (rc == ST_OK) {
        status = take_turns(&counting, &turns);
    } else {
        rc = counting_close(&counting, rc, &err);
        status = counting_tell(&counting, rc, &err);
        metrics_run(&counting.metrics, &counting.summary, status);
    }
    status = counting_measure(&counting, status);
    counting_release(&counting);
    for (size_t i = 0; i < turns.n; i++)
        source_list_release(&turns.at[i].inputs);
    free(turns.at);
    return status;
}
