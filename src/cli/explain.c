/*
 * `ingest explain`: what is understood of an input, line by line. Nothing is counted and no
 * database is near; reading and picking are those of a run, by way of look.h.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "ingest/num.h"

#include "explain_priv.h"

#define LINES_SHOWN 10

/* What is asked about one argument. */
struct question {
    char     path[4096];
    uint64_t line; /* 0: the first lines */
};

static bool
is_there(const char *path)
{
    struct stat st;

    return strcmp(path, "-") == 0 || stat(path, &st) == 0;
}

/*
 * FILE or FILE:LINE. A file that is really named so is meant if ./ stands before it, or if there is
 * none without the number.
 */
static enum st
read_question(const char *argument, struct question *q, struct err *err)
{
    const char *colon = strrchr(argument, ':');
    int64_t line = 0;

    *q = (struct question){ .line = 0 };
    if ((size_t)snprintf(q->path, sizeof q->path, "%s", argument) >= sizeof q->path)
        return err_fail(err, ST_USAGE, "cannot explain", "the name is too long");
    if (colon == NULL || colon == argument || !num_u63(slice_of(colon + 1), &line))
        return ST_OK;
    q->path[colon - argument] = '\0';
    if (is_there(argument) && (strncmp(argument, "./", 2) == 0 || !is_there(q->path))) {
        q->path[colon - argument] = ':';
        return ST_OK;
    }
    if (line == 0)
        return err_fail(err, ST_USAGE, "cannot explain line 0", "lines are counted from 1");
    q->line = (uint64_t)line;
    return ST_OK;
}

/* The records of the lines asked for. */
static enum st
show_lines(struct look *look, struct viewer *viewer, const struct printer *print, uint64_t first,
           uint64_t n_lines, uint64_t *unterminated, struct err *err)
{
    uint64_t line_no = 0, more = 0;
    size_t n = 0;
    enum st rc;

    for (;;) {
        struct look_record found;
        struct view view;

        rc = look_next(look, first, &found, err);
        if (rc != ST_OK || found.line_no != line_no) {
            if (more > 0)
                print->more(more);
            n = more = 0;
        }
        if (rc != ST_OK || found.line_no >= first + n_lines)
            break;
        line_no = found.line_no;
        if (n == print->records_max) {
            more++;
            continue;
        }
        viewer_see(viewer, &found, &view);
        print->record(&view, n++);
    }
    if (rc == ST_EOF)
        *unterminated = look_unterminated(look);
    if (rc == ST_EOF && line_no == 0 && first > 1) {
        err_fail(err, ST_FORMAT, "cannot explain this line", "the input has %" PRIu64 " lines",
                 look_lines(look));
        err->line_no = first;
        return ST_FORMAT;
    }
    return rc == ST_EOF ? ST_OK : rc;
}

/* One input. Its own trouble is told, and the others go on. */
static enum st
show_input(const struct run_config *c, const struct source *source, uint64_t line,
           struct viewer *viewer, const struct printer *print, struct err *err)
{
    struct look_choice choice = { .score = -1 };
    struct look *look = NULL;
    uint64_t unterminated = 0;
    enum st rc;

    if (source->trouble != ST_OK)
        rc = err_fail(err, source->trouble, "cannot read input", "%s", source->cause);
    else
        rc = look_open(&look, c, source, &choice, err);
    if (rc == ST_OK || choice.unknown) {
        viewer->choice = &choice;
        print->begin(source->path, &choice);
        if (rc == ST_OK && (!source->walked || choice.format == NULL))
            rc = show_lines(look, viewer, print, line > 0 ? line : 1, line > 0 ? 1 : LINES_SHOWN,
                            &unterminated, err);
        print->end(unterminated);
        viewer->choice = NULL;
    }
    if (rc == ST_FORMAT && source->walked && err->not_a_log)
        rc = ST_OK; /* a run passes it over, too */
    if (rc != ST_OK)
        snprintf(err->path, sizeof err->path, "%s", source->path);
    look_close(look);
    return rc;
}

/* Of a directory only what each of its files is taken for: the lines of all would bury that. */
static enum st
show_argument(const struct run_config *c, const char *argument, struct viewer *viewer,
              const struct printer *print, int *status, struct err *err)
{
    struct source_list inputs;
    struct question q;
    enum st rc = read_question(argument, &q, err);

    source_list_init(&inputs);
    if (rc == ST_OK)
        rc = source_list_add(&inputs, q.path, err);
    for (size_t i = 0; rc == ST_OK && i < inputs.n; i++) {
        struct err trouble = { 0 };

        rc = show_input(c, &inputs.at[i], q.line, viewer, print, &trouble);
        if (rc == ST_OK)
            continue;
        if (exit_status_of(rc, 0) != EXIT_REFUSED) {
            *err = trouble;
            break;
        }
        fflush(stdout);
        say_error(&trouble);
        *status = EXIT_REFUSED;
        rc = ST_OK;
    }
    source_list_release(&inputs);
    return rc;
}

static enum st
show_arguments(const struct options *o, const struct run_config *c, int *status, struct err *err)
{
    const struct printer *print = option_is_on(o, OPT_JSON) ? &print_json : &print_text;
    const char *key = o->value[OPT_CLIENT_KEY].text;
    struct viewer viewer;
    enum st rc = viewer_init(&viewer, c->rules, err);

    viewer.clients_as_logged = key != NULL && strcmp(key, "none") == 0;
    for (size_t i = 1; rc == ST_OK && i < o->n_arguments; i++)
        rc = show_argument(c, o->arguments[i], &viewer, print, status, err);
    viewer_release(&viewer);
    return rc;
}

static enum st
usage(struct err *err)
{
    err_fail(err, ST_USAGE, "cannot tell what to explain", "no FILE, --url, --rules or --row is said");
    err_hint(err, "ingest explain FILE (its first lines), FILE:LINE (that line), --url URL (which "
                  "route takes it), --rules NAME (what a pack counts), --row TABLE KEY... (what "
                  "stands behind a row)");
    return ST_USAGE;
}

int
cli_explain(const struct options *o)
{
    const char *url = o->value[OPT_URL].text;
    bool json = option_is_on(o, OPT_JSON);
    bool rules_said = o->value[OPT_RULES].origin == FROM_COMMAND_LINE;
    struct run_config config = { .sink = RUN_DRY };
    struct rules rules = { 0 };
    struct err err = { 0 };
    int status = 0;
    enum st rc;

    if (o->value[OPT_ROW].text != NULL)
        return explain_row(o);
    if (o->value[OPT_READ].origin == FROM_COMMAND_LINE)
        rc = err_fail(&err, ST_USAGE, "cannot explain", "--read belongs to --row");
    else if (o->n_arguments < 2 && url == NULL && !rules_said)
        rc = usage(&err);
    else if ((rc = count_reading(o, &config, &rules, &err)) != ST_OK)
        ;
    else if (o->n_arguments > 1)
        rc = show_arguments(o, &config, &status, &err);
    else
        status = url != NULL ? explain_url(&rules, url, json) : explain_rules(&rules, json);
    rules_release(&rules);
    if (rc == ST_OK)
        return status;
    fflush(stdout);
    say_error(&err);
    return exit_status_of(rc, 0);
}
