/*
 * --to eida: where the payload goes, what feeds it, and what must not.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "ingest/clock.h"
#include "ingest/input.h"

#include "counting.h"

/* A payload of EIDA has a name of its own: -o says where. */
enum st
to_eida_read(const struct options *o, struct run_config *c, struct err *err)
{
    const char *dir = o->value[OPT_OUTPUT].text;
    struct stat st;

    if (strcmp(o->value[OPT_TO].text, "eida") != 0)
        return options_bad_value(o, OPT_TO, "eida is all there is", err);
    if (option_is_on(o, OPT_REPLACE)) {
        err_fail(err, ST_USAGE, "cannot do both",
                 "--replace overwrites rows of a database, and --to eida writes a file for a "
                 "service which has them");
        err_hint(err, "leave --replace out; whether the service adds (POST) or overwrites (PUT) "
                      "is for `curl -X` to say");
        return ST_USAGE;
    }
    c->sink = RUN_TO_EIDA;
    c->eida_dir = dir;
    if (dir != NULL && strcmp(dir, "-") != 0 && stat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
        access(dir, W_OK | X_OK) == 0)
        return ST_OK;
    if (dir == NULL || strcmp(dir, "-") == 0)
        err_fail(err, ST_USAGE, "cannot write the payload", "nothing says where");
    else
        err_fail(err, ST_USAGE, "cannot write the payload",
                 "\"%.160s\" is no directory to write to", dir);
    err_hint(err, "say --to eida -o DIR; the file's name is made of its first and last day");
    return ST_USAGE;
}

/* All inputs are to feed the table whose statistics these are. */
enum st
to_eida_dataset(struct run_config *c, struct err *err)
{
    const struct dataset *dataset = dataset_by_name("dataselect_stats");

    if (c->sink != RUN_TO_EIDA)
        return ST_OK;
    if (c->dataset != NULL && c->dataset != dataset)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--to eida sends dataselect_stats, and dataset %s is said",
                        c->dataset->name);
    c->dataset = dataset;
    return ST_OK;
}

/* YYYY-MM-DD_YYYY-MM-DD.json.gz */
static bool
is_name_of_payload(const char *name)
{
    int32_t day;

    return strlen(name) == 29 && clock_parse_day((struct slice){ name, 10 }, &day) &&
           name[10] == '_' && clock_parse_day((struct slice){ name + 11, 10 }, &day) &&
           strcmp(name + 21, ".json.gz") == 0;
}

static bool
is_in(const char *path, const struct stat *dir)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat st;

    snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    return stat(parent, &st) == 0 && st.st_dev == dir->st_dev && st.st_ino == dir->st_ino;
}

/* Logs beside payloads: what runs before have written would be added to what it was made of. */
enum st
to_eida_inputs(const struct run_config *c, const struct source_list *inputs, struct err *err)
{
    struct stat dir;

    if (c->sink != RUN_TO_EIDA || stat(c->eida_dir, &dir) != 0)
        return ST_OK;
    for (size_t i = 0; i < inputs->n; i++) {
        const char *path = inputs->at[i].path, *slash = strrchr(path, '/');

        if (!is_name_of_payload(slash == NULL ? path : slash + 1) || !is_in(path, &dir))
            continue;
        err_fail(err, ST_USAGE, "cannot write the payload",
                 "what is to be read is a payload in the same directory");
        err_hint(err, "say -o with another directory, or leave this file out");
        snprintf(err->path, sizeof err->path, "%s", path);
        return ST_USAGE;
    }
    return ST_OK;
}
