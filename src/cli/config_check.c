/*
 * `ingest config --check`: all that can be wrong with a configuration before there is a server,
 * told at once. The file line by line; each option by itself; then what they mean together; the
 * files that they name.
 */
#include "ingest/base.h"

#include <glob.h>
#include <libgen.h>

#include "ingest/pg.h"

#include "config.h"
#include "config_command.h"
#include "counting.h"

#define PROBLEMS_MAX 1000 /* that are told; counted are all */

struct checking {
    struct options o;
    bool json;
    size_t n;
    const char *comma;
};

enum st
config_check_words(const struct options *o, struct err *err)
{
    if (o->n_arguments == 1 &&
        (o->value[OPT_CHECK].text == NULL || o->value[OPT_CHECK].text[0] == '\0'))
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot run `ingest config`", "it takes no words, and \"%.80s\" is one",
             o->n_arguments > 1 ? o->arguments[1] : o->value[OPT_CHECK].text);
    err_hint(err, "ingest config [--check]; another file is ingest -c FILE config");
    return ST_USAGE;
}

/* ---- what is told ---- */

static void
json_text(const char *comma, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    printf("%s\"%s\":", comma, name);
    say_json(stdout, text, strlen(text));
}

static void
on_problem(void *ctx, const struct err *err)
{
    struct checking *c = ctx;

    if (c->n++ >= PROBLEMS_MAX)
        return;
    if (!c->json) {
        say_error(err);
        return;
    }
    fputs(c->comma, stdout);
    c->comma = ",";
    json_text("{", "what", err->what);
    json_text(",", "file", err->path);
    if (err->line_no > 0)
        printf(",\"line\":%" PRIu64, err->line_no);
    json_text(",", "cause", err->cause);
    json_text(",", "hint", err->hint);
    putchar('}');
}

/* ---- options, one by one and together ---- */

static enum st
check_min_age(const struct options *o, struct err *err)
{
    struct source_list none;
    enum st rc;

    source_list_init(&none);
    rc = inputs_min_age(o, &none, err);
    source_list_release(&none);
    return rc;
}

/* Formats, datasets, rules, days, lists; the token is not among them. */
static enum st
check_reading(const struct options *o, struct err *err)
{
    struct run_config config = { 0 };
    struct rules rules = { 0 };
    enum st rc = names_read(o, &config, &rules, err);

    if (rc == ST_OK)
        rc = rule_options_check(config.rules->pack, err);
    rules_release(&rules);
    return rc;
}

static enum st
check_counting(const struct options *o, struct err *err)
{
    struct counting counting = { .o = NULL };
    enum st rc = counting_prepare(&counting, o, err);

    return rc == ST_OK ? numbers_read(o, &counting.config, err) : rc;
}

/* Told where it was said, unless it is the fault of another file. */
static void
blame(struct checking *c, enum option_id id, size_t nth, struct err *err)
{
    if (c->o.value[id].origin == FROM_CONFIG && err->path[0] == '\0') {
        snprintf(err->path, sizeof err->path, "%.255s", c->o.config->path);
        err->line_no = config_line_of(c->o.config, id, nth);
    }
    on_problem(c, err);
}

/* An option that goes with another is right or wrong with it, not by itself. */
static bool
stands_alone(enum option_id id)
{
    switch (id) {
    case OPT_REJECTS_RAW:
    case OPT_OUTPUT:
    case OPT_TO:
    case OPT_REPLACE:
    case OPT_DRY_RUN:
    case OPT_SANDBOX:
    case OPT_CLIENTS_FILE:
    case OPT_BROWSERS_FILE:
    case OPT_ROBOTS_FILE:
    case OPT_MIRRORS_FILE:
        return false;
    default:
        return true;
    }
}

static bool
check_alone(struct checking *c, enum option_id id, size_t nth)
{
    static enum st (*const checks[])(
        const struct options *, struct err *) = { check_counting, check_reading, check_min_age,
                                                                               style_check };
    struct options one = { .config = c->o.config };
    struct err err = { 0 };

    one.value[id] = c->o.value[id];
    if (id == OPT_ROUTE)
        one.routes[one.n_routes++] = c->o.routes[nth];
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (checks[i](&one, &err) != ST_OK) {
            blame(c, id, nth, &err);
            return false;
        }
    return true;
}

static void
check_options(struct checking *c)
{
    struct err err = { 0 };
    bool good = true;

    for (int i = 0; i < OPTIONS_N; i++) {
        enum option_id id = (enum option_id)i;

        for (size_t r = 0; id == OPT_ROUTE && r < c->o.n_routes; r++)
            good = check_alone(c, id, r) && good;
        if (c->o.value[i].text != NULL && stands_alone(id))
            good = check_alone(c, id, 0) && good;
    }
    if (good && (check_counting(&c->o, &err) != ST_OK || check_reading(&c->o, &err) != ST_OK))
        on_problem(c, &err);
}

/* ---- what is named ---- */

static enum st
check_address(const struct options *o, struct err *err)
{
    enum st rc = place_check(o, err);
    const char *database = o->value[OPT_DATABASE].text;

    if (rc != ST_OK || database == NULL || place_is_local(o) || pg_conninfo_is_sound(database))
        return rc;
    err_fail(err, ST_USAGE, "cannot read the address of the database",
             "it is neither a URI nor keyword=value text as libpq reads them");
    err_hint(
        err,
        "postgresql://USER@HOST:PORT/DATABASE; in a password '@' is %%40, '/' is %%2F, ':' is %%3A");
    return ST_USAGE;
}

static enum st
check_client_key(const struct options *o, struct err *err)
{
    struct run_config config = { .sink = RUN_TO_DATABASE };
    struct place place = { .local.users_fd = -1 };
    char path[512];

    return place_is_local(o) ? ST_OK : client_key_find(o, &place, &config, path, err);
}

static enum st
check_token(const struct options *o, struct err *err)
{
    struct run_config config = { 0 };

    return token_read(o, &config, err);
}

/* A file is made in its directory. */
static void
check_output(struct checking *c, enum option_id id)
{
    const char *path = c->o.value[id].text;
    char *copy = path == NULL || strcmp(path, "-") == 0 ? NULL : strdup(path);
    struct err err;

    if (copy != NULL && access(dirname(copy), W_OK | X_OK) != 0) {
        err_fail(&err, ST_USAGE, "cannot write there", "--%s is %.150s: %s", option_defs[id].name,
                 path, strerror(errno));
        blame(c, id, 0, &err);
    }
    free(copy);
}

static void
check_named(struct checking *c)
{
    static const struct {
        enum option_id id; /* that it is about */
        enum st (*check)(const struct options *, struct err *);
    } checks[] = { { OPT_DATABASE, check_address },
                   { OPT_CLIENT_KEY, check_client_key },
                   { OPT_TOKEN_FILE, check_token } };
    static const enum option_id outputs[] = { OPT_OUTPUT, OPT_REJECTS, OPT_DONE, OPT_METRICS };
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (checks[i].check(&c->o, &err) != ST_OK)
            blame(c, checks[i].id, 0, &err);
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++)
        check_output(c, outputs[i]);
}

/* ---- sources ---- */

static int
on_unreadable(const char *path, int error)
{
    (void)path;
    return error != ENOENT;
}

static void
source_problem(struct checking *c, const struct config_source *s, const char *path,
               const char *cause)
{
    struct err err;

    err_fail(&err, ST_USAGE, "cannot read the files of a source", "[source %s]: %.120s: %s",
             s->name, path, cause);
    snprintf(err.path, sizeof err.path, "%.255s", c->o.config->path);
    err.line_no = s->line_no;
    on_problem(c, &err);
}

/* That a pattern finds nothing is none's fault, but it may be a slip of the pen. */
static void
check_pattern(struct checking *c, const struct config_source *s, const char *pattern)
{
    glob_t found = { 0 };
    int got = 0;

    if (strpbrk(pattern, "*?[") == NULL) {
        if (access(pattern, R_OK) != 0)
            source_problem(c, s, pattern, strerror(errno));
        return;
    }
    errno = 0;
    got = glob(pattern, 0, on_unreadable, &found);
    if (got == GLOB_ABORTED)
        source_problem(c, s, pattern, strerror(errno));
    for (size_t i = 0; got == 0 && i < found.gl_pathc; i++)
        if (access(found.gl_pathv[i], R_OK) != 0 && errno != ENOENT)
            source_problem(c, s, found.gl_pathv[i], strerror(errno));
    if (got == GLOB_NOMATCH && !c->json && !option_is_on(&c->o, OPT_QUIET))
        say_note("[source %s]: no file is named so now: %s", s->name, pattern);
    globfree(&found);
}

/* Format, rules and dataset of a source together; that they are there has been looked at. */
static void
check_together(struct checking *c, const struct config_source *s)
{
    const struct {
        enum option_id id;
        const char *text;
    } said[] = { { OPT_FORMAT, s->format }, { OPT_RULES, s->rules }, { OPT_DATASET, s->dataset } };
    struct options own = c->o;
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(said); i++)
        if (said[i].text != NULL &&
            options_set(&own, said[i].id, said[i].text, FROM_CONFIG, &err) != ST_OK)
            return;
    if (s->format != NULL && own.value[OPT_LOG_FORMAT].origin == FROM_CONFIG)
        own.value[OPT_LOG_FORMAT].text = NULL;
    if (check_reading(&own, &err) == ST_OK)
        return;
    if (err.path[0] == '\0') {
        snprintf(err.path, sizeof err.path, "%.255s", c->o.config->path);
        err.line_no = s->line_no;
    }
    on_problem(c, &err);
}

static void
check_sources(struct checking *c, bool together)
{
    for (const struct config_source *s = c->o.config->sources; s != NULL; s = s->next) {
        for (size_t i = 0; i < s->n_files; i++)
            check_pattern(c, s, s->files[i]);
        if (together)
            check_together(c, s);
    }
}

/* ---- all of it ---- */

static int
conclude(const struct checking *c)
{
    const char *path = c->o.config->path;

    if (c->json)
        printf("],\"n\":%zu}\n", c->n);
    else if (c->n > PROBLEMS_MAX)
        say_note("%zu problems, of which the first %d are shown", c->n, PROBLEMS_MAX);
    if (c->n > 0)
        return EXIT_USAGE;
    if (!c->json && !option_is_on(&c->o, OPT_QUIET)) {
        say_text(stdout, path[0] != '\0' ? path : "no configuration file",
                 strlen(path[0] != '\0' ? path : "no configuration file"));
        puts(": nothing is wrong");
    }
    return 0;
}

int
cli_config_check(struct options *o)
{
    struct checking c = { .json = option_is_on(o, OPT_JSON), .comma = "" };
    struct err err;
    enum st rc;

    if (config_check_words(o, &err) != ST_OK) {
        say_error(&err);
        return EXIT_USAGE;
    }
    if (c.json)
        fputs("{\"problems\":[", stdout);
    rc = config_apply_all(o, on_problem, &c, &err);
    c.o = *o;
    if (rc != ST_OK) {
        on_problem(&c, &err);
    } else {
        bool sound = c.n == 0;

        check_options(&c);
        check_named(&c);
        check_sources(&c, sound && c.n == 0);
    }
    return conclude(&c);
}
